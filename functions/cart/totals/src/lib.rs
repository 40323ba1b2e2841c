//! `/api/v1/cart/totals`: what the caller's cart would cost at a destination.

use app::cart;
use edge::{Problem, Reply, Request, Route};
use ports::Ports;

spin_shell::http!(Route::at(api::CART_TOTALS.path).get(totals));

async fn totals(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let viewer = edge::caller(ports, request)?.require_viewer()?;
    cart::totals(ports, &viewer, &request.query()?)
}
