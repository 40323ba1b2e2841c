//! `/api/v1/cart/items`: add to the caller's cart.

use app::cart;
use edge::{Call, Problem, Reply};

spin_shell::http!(api::CART_ITEMS { add_to_cart: add });

async fn add(call: Call<'_, api::add_to_cart>) -> Result<Reply, Problem> {
    cart::add_line(call.ports, &call.caller, &call.body, &call.change)
}
