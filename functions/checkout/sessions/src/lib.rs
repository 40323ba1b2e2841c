//! `/api/v1/checkout`: begin a checkout of the caller's cart.

use app::{Change, checkout};
use edge::{Problem, Reply, Request, Route};
use ports::Ports;

spin_shell::http!(Route::at(api::CHECKOUT.path).post(begin));

async fn begin(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let owner = edge::caller(ports, request)?.require_owner()?;
    checkout::begin(ports, &owner, request.json()?, &Change::of(request)?)
}
