//! `/api/v1/cart`: open the caller's cart, look at it, clear it.

use app::cart;
use edge::{Answered, Call};

spin_shell::http!(api::CART { view_cart: view, open_cart: open, clear_cart: clear });

async fn view(call: Call<'_, api::view_cart>) -> Answered<api::view_cart> {
    cart::view(call.ports, &call.caller)
}

async fn open(call: Call<'_, api::open_cart>) -> Answered<api::open_cart> {
    cart::create(call.ports, call.caller.map(Into::into), &call.body)
}

async fn clear(call: Call<'_, api::clear_cart>) -> Answered<api::clear_cart> {
    cart::clear(call.ports, &call.caller, &call.change)
}
