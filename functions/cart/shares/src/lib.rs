//! `/api/v1/cart/shares`: links by which others may look at the caller's cart.

use app::cart;
use edge::{Problem, Reply, Request, Route};
use ports::Ports;

spin_shell::http!(Route::at(api::CART_SHARES.path).get(list).post(share));

async fn list(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    cart::list_shares(ports, &edge::caller(ports, request)?.require_owner()?)
}

async fn share(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let owner = edge::caller(ports, request)?.require_owner()?;
    cart::share(ports, &owner, &request.json_or_default()?)
}
