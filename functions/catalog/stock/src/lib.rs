//! `/api/v1/catalog/skus/:sku/stock`: what there is of a SKU, and its changes.

use app::{Change, catalog};
use edge::{Problem, Reply, Request, Route};
use ports::Ports;

spin_shell::http!(Route::at(api::STOCK.path).get(view).post(change));

async fn view(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    edge::caller(ports, request)?.require_scope("catalog:read")?;
    catalog::stock(ports, request.param("sku"))
}

async fn change(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let caller = edge::caller(ports, request)?;
    let service = caller.require_scope("catalog:write")?;
    catalog::move_stock(ports, service, request.param("sku"), &request.json()?, &Change::keyed(request)?)
}
