//! `/api/v1/catalog/skus`: list the catalog, import into it.

use app::catalog;
use edge::{Problem, Reply, Request, Route};
use ports::Ports;

spin_shell::http!(Route::at(api::SKUS.path).get(list).post(import));

async fn list(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    edge::caller(ports, request)?.require_scope("catalog:read")?;
    catalog::list(ports, &request.query()?)
}

async fn import(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    edge::caller(ports, request)?.require_scope("catalog:write")?;
    catalog::import(ports, &request.json()?)
}
