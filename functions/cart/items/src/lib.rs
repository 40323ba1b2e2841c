//! `/api/v1/cart/items`: add to the caller's cart.

use app::cart;
use edge::{Answered, Call};

spin_shell::http!(api::CART_ITEMS { add_to_cart: add });

async fn add(call: Call<'_, api::add_to_cart>) -> Answered<api::add_to_cart> {
    cart::add_line(call.ports, &call.caller, &call.body, &call.change)
}
