//! `/api/v1/session`: from a customer's token of their identity provider to the session token of the shop.

use app::session;
use edge::{Problem, Reply, Request, Route};
use ports::Ports;

spin_shell::http!(Route::at(api::SESSION.path).post(open));

async fn open(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let customer = identity::customer(ports, request).await?;
    session::open(ports, &customer, &request.json_or_default()?)
}
