//! `/api/v1/orders/number/:order_number`: one order, by the number people use.

use app::order;
use edge::{Problem, Reply, Request, Route};
use ports::Ports;

spin_shell::http!(Route::at(api::ORDER_BY_NUMBER.path).get(view));

async fn view(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    order::by_number(ports, &edge::caller(ports, request)?, request.param("order_number"))
}
