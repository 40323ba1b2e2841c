//! `/api/v1/cart/totals`: what the caller's cart would cost at a destination.

use app::cart;
use edge::{Answered, Call};

spin_shell::http!(api::CART_TOTALS { preview_totals: totals });

async fn totals(call: Call<'_, api::preview_totals>) -> Answered<api::preview_totals> {
    cart::totals(call.ports, &call.caller, call.header.as_ref(), &call.query)
}
