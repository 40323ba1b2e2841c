//! `/api/v1/cart/items`: add to the caller's cart.

use app::{Change, cart};
use edge::{Problem, Reply, Request, Route};
use ports::Ports;

spin_shell::http!(Route::at(api::CART_ITEMS.path).post(add));

async fn add(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let owner = edge::caller(ports, request)?.require_owner()?;
    cart::add_line(ports, &owner, &request.json()?, &Change::of(request)?)
}
