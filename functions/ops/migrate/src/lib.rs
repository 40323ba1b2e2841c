//! `/internal/migrate`: the schema of the database, looked at and brought up to date.

use app::ops;
use edge::{Problem, Reply, Request, Route};
use ports::Ports;

spin_shell::http!(Route::at(api::MIGRATE.path).get(show).post(migrate));

async fn show(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    edge::caller(ports, request)?.require_scope("schema:migrate")?;
    ops::schema(ports)
}

async fn migrate(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    edge::caller(ports, request)?.require_scope("schema:migrate")?;
    ops::migrate(ports)
}
