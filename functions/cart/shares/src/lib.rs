//! `/api/v1/cart/shares`: links by which others may look at the caller's cart.

use app::cart;
use edge::{Call, Problem, Reply};

spin_shell::http!(api::CART_SHARES { list_shares: list, share_cart: share });

async fn list(call: Call<'_, api::list_shares>) -> Result<Reply, Problem> {
    cart::list_shares(call.ports, &call.caller)
}

async fn share(call: Call<'_, api::share_cart>) -> Result<Reply, Problem> {
    cart::share(call.ports, &call.caller, &call.body)
}
