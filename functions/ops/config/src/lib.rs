//! `/api/v1/config`: the variables in force, secrets masked.

use app::ops;
use edge::{Problem, Reply, Request, Route};
use ports::Ports;

spin_shell::http!(Route::at(api::CONFIG.path).get(show));

async fn show(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    edge::caller(ports, request)?.require_scope("config:read")?;
    Ok(ops::config(ports))
}
