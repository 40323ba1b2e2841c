//! `/api/v1/cart/shares`: links by which others may look at the caller's cart.

use app::cart;
use edge::{Answered, Call};

spin_shell::http!(api::CART_SHARES { list_shares: list, share_cart: share });

async fn list(call: Call<'_, api::list_shares>) -> Answered<api::list_shares> {
    cart::list_shares(call.ports, &call.caller)
}

async fn share(call: Call<'_, api::share_cart>) -> Answered<api::share_cart> {
    cart::share(call.ports, &call.caller, &call.body)
}
