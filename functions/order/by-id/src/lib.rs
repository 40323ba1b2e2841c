//! `/api/v1/orders/:order_id`: one order.

use app::order;
use edge::{Problem, Reply, Request, Route};
use ports::Ports;

spin_shell::http!(Route::at(api::ORDER.path).get(view));

async fn view(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    order::by_id(ports, &edge::caller(ports, request)?, request.param("order_id"))
}
