//! `/api/v1/cart/items/:line_id`: one line of the caller's cart.

use app::cart;
use edge::{Call, Problem, Reply};

spin_shell::http!(api::CART_ITEM { set_quantity, remove_line: remove });

async fn set_quantity(call: Call<'_, api::set_quantity>) -> Result<Reply, Problem> {
    cart::set_quantity(call.ports, &call.caller, &call.path.line_id, &call.body, &call.change)
}

async fn remove(call: Call<'_, api::remove_line>) -> Result<Reply, Problem> {
    cart::remove_line(call.ports, &call.caller, &call.path.line_id, &call.change)
}
