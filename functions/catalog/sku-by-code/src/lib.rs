//! `/api/v1/catalog/skus/:sku`: one SKU with its prices.

use app::catalog;
use edge::{Problem, Reply, Request, Route};
use ports::Ports;

spin_shell::http!(Route::at(api::SKU.path).get(view).put(put));

async fn view(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    edge::caller(ports, request)?.require_scope("catalog:read")?;
    catalog::sku(ports, request.param("sku"))
}

async fn put(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    edge::caller(ports, request)?.require_scope("catalog:write")?;
    catalog::put_sku(ports, request.param("sku"), request.json()?)
}
