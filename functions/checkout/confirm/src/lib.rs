//! `/api/v1/checkout/:session_id/confirm`: from a session to one paid order.

use app::{Change, checkout};
use edge::{Problem, Reply, Request, Route};
use ports::Ports;

spin_shell::http!(Route::at(api::CHECKOUT_CONFIRM.path).post(confirm));

async fn confirm(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let owner = edge::caller(ports, request)?.require_owner()?;
    checkout::confirm(ports, &owner, request.param("session_id"), &request.json_or_default()?, &Change::of(request)?).await
}
