//! `/api/v1/cart/shipping-methods`: how the caller's cart could be sent, and for how much.

use app::cart;
use edge::{Problem, Reply, Request, Route};
use ports::Ports;

spin_shell::http!(Route::at(api::CART_SHIPPING_METHODS.path).get(list));

async fn list(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let viewer = edge::caller(ports, request)?.require_viewer()?;
    cart::shipping_methods(ports, &viewer, &request.query()?)
}
