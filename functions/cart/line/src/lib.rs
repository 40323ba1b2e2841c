//! `/api/v1/cart/items/:line_id`: one line of the caller's cart.

use app::cart;
use edge::{Answered, Call};

spin_shell::http!(api::CART_ITEM { set_quantity, remove_line: remove });

async fn set_quantity(call: Call<'_, api::set_quantity>) -> Answered<api::set_quantity> {
    cart::set_quantity(call.ports, &call.caller, call.path.line_id, &call.body, &call.change)
}

async fn remove(call: Call<'_, api::remove_line>) -> Answered<api::remove_line> {
    cart::remove_line(call.ports, &call.caller, call.path.line_id, &call.change)
}
