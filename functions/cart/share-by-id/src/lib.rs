//! `/api/v1/cart/shares/:share_id`: end a share of the caller's cart.

use app::{Change, cart};
use edge::{Problem, Reply, Request, Route};
use ports::Ports;

spin_shell::http!(Route::at(api::CART_SHARE.path).delete(revoke));

async fn revoke(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let owner = edge::caller(ports, request)?.require_owner()?;
    cart::revoke_share(ports, &owner, request.param("share_id"), &Change::of(request)?)
}
