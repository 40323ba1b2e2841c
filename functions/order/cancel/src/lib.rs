//! `/api/v1/orders/:order_id/cancel`: cancel a whole order.

use app::{Change, order};
use edge::{Problem, Reply, Request, Route};
use ports::Ports;

spin_shell::http!(Route::at(api::ORDER_CANCEL.path).post(cancel));

async fn cancel(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let caller = edge::caller(ports, request)?;
    order::cancel(ports, &caller, request.param("order_id"), &request.json_or_default()?, &Change::keyed(request)?).await
}
