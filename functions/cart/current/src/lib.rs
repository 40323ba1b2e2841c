//! `/api/v1/cart`: open the caller's cart, look at it, clear it.

use app::{Change, cart};
use edge::{Problem, Reply, Request, Route};
use ports::Ports;

spin_shell::http!(Route::at(api::CART.path).get(view).post(create).delete(clear));

async fn create(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let owner = edge::caller(ports, request)?.owner_or_new()?;
    cart::create(ports, owner, &request.json_or_default()?)
}

async fn view(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    let viewer = edge::caller(ports, request)?.require_viewer()?;
    Ok(cart::view(ports, &viewer)?.unless_seen(request))
}

async fn clear(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let owner = edge::caller(ports, request)?.require_owner()?;
    cart::clear(ports, &owner, &Change::of(request)?)
}
