//! `/api/v1/cart/items/:line_id`: one line of the caller's cart.

use app::{Change, cart};
use edge::{Problem, Reply, Request, Route};
use ports::Ports;

spin_shell::http!(Route::at(api::CART_ITEM.path).put(set_quantity).delete(remove));

async fn set_quantity(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let owner = edge::caller(ports, request)?.require_owner()?;
    cart::set_quantity(ports, &owner, request.param("line_id"), &request.json()?, &Change::of(request)?)
}

async fn remove(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let owner = edge::caller(ports, request)?.require_owner()?;
    cart::remove_line(ports, &owner, request.param("line_id"), &Change::of(request)?)
}
