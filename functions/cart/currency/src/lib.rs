//! `/api/v1/cart/currency`: another currency for the caller's cart.

use app::cart;
use edge::{Answered, Call};

spin_shell::http!(api::CART_CURRENCY { set_currency: set });

async fn set(call: Call<'_, api::set_currency>) -> Answered<api::set_currency> {
    cart::set_currency(call.ports, &call.caller, &call.body, &call.change)
}
