//! `/api/v1/cart/validate`: all that stands between the caller's cart and its order.

use app::cart;
use edge::{Answered, Call};

spin_shell::http!(api::CART_VALIDATE { validate_cart: validate });

async fn validate(call: Call<'_, api::validate_cart>) -> Answered<api::validate_cart> {
    cart::validate(call.ports, &call.caller, call.header.as_ref(), &call.body)
}
