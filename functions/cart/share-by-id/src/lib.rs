//! `/api/v1/cart/shares/:share_id`: end a share of the caller's cart.

use app::cart;
use edge::{Answered, Call};

spin_shell::http!(api::CART_SHARE { revoke_share: revoke });

async fn revoke(call: Call<'_, api::revoke_share>) -> Answered<api::revoke_share> {
    cart::revoke_share(call.ports, &call.caller, &call.path.share_id, &call.change)
}
