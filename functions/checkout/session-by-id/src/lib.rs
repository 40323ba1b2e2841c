//! `/api/v1/checkout/:session_id`: a checkout session of the caller's.

use app::checkout;
use edge::{Problem, Reply, Request, Route};
use ports::Ports;

spin_shell::http!(Route::at(api::CHECKOUT_SESSION.path).get(view).delete(abandon));

async fn view(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    let owner = edge::caller(ports, request)?.require_owner()?;
    checkout::view(ports, &owner, request.param("session_id"))
}

async fn abandon(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    let owner = edge::caller(ports, request)?.require_owner()?;
    checkout::abandon(ports, &owner, request.param("session_id"))
}
