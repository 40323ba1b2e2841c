//! `/api/v1/orders`: list the caller's orders; create one as a service.

use app::{Change, order};
use edge::{Problem, Reply, Request, Route};
use ports::Ports;

spin_shell::http!(Route::at(api::ORDERS.path).get(list).post(create));

async fn list(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    order::list(ports, &edge::caller(ports, request)?, &request.query()?)
}

async fn create(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let caller = edge::caller(ports, request)?;
    let service = caller.require_scope("orders:write")?;
    order::create(ports, service, request.json()?, &Change::keyed(request)?).await
}
