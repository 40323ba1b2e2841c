//! `/api/v1/cart/codes`: promotions' codes for the caller's cart.

use app::cart;
use edge::{Answered, Call};

spin_shell::http!(api::CART_CODES { give_code: give });

async fn give(call: Call<'_, api::give_code>) -> Answered<api::give_code> {
    cart::give_code(call.ports, &call.caller, &call.body, &call.change)
}
