//! `/api/v1/cart/suggestions`: which promotions the cart nearly has.

use app::cart;
use edge::{Answered, Call};

spin_shell::http!(api::CART_SUGGESTIONS { list_suggestions: list });

async fn list(call: Call<'_, api::list_suggestions>) -> Answered<api::list_suggestions> {
    cart::suggestions(call.ports, &call.caller, call.header.as_ref(), &call.query)
}
