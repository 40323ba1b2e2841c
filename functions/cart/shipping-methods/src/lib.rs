//! `/api/v1/cart/shipping-methods`: how the caller's cart could be sent, and for how much.

use app::cart;
use edge::{Answered, Call};

spin_shell::http!(api::CART_SHIPPING_METHODS { list_shipping_methods: list });

async fn list(call: Call<'_, api::list_shipping_methods>) -> Answered<api::list_shipping_methods> {
    cart::shipping_methods(call.ports, &call.caller, call.header.as_ref(), &call.query)
}
