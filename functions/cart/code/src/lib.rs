//! `/api/v1/cart/codes/:code`: a code is taken off the caller's cart.

use app::cart;
use edge::{Answered, Call};

spin_shell::http!(api::CART_CODE { take_code: take });

async fn take(call: Call<'_, api::take_code>) -> Answered<api::take_code> {
    cart::take_code(call.ports, &call.caller, &call.path.code, &call.change)
}
