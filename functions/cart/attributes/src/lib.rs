//! `/api/v1/cart/attributes`: what a client keeps with the caller's cart and its lines.

use app::cart;
use edge::{Answered, Call};

spin_shell::http!(api::CART_ATTRIBUTES { set_attributes: set });

async fn set(call: Call<'_, api::set_attributes>) -> Answered<api::set_attributes> {
    cart::set_attributes(call.ports, &call.caller, &call.body, &call.change)
}
