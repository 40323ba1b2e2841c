//! `/api/v1/operations…`: what was given up is looked at, tried again, or settled; and the alerts.

use app::{Change, operations};
use edge::{Problem, Reply, Request, Route};
use ports::Ports;

spin_shell::http!(
    Route::at(api::COMPENSATIONS.path).get(compensations),
    Route::at(api::COMPENSATION.path).get(compensation),
    Route::at(api::RETRY_COMPENSATION.path).post(retry_compensation),
    Route::at(api::RESOLVE_COMPENSATION.path).post(resolve_compensation),
    Route::at(api::EVENTS.path).get(events),
    Route::at(api::EVENT.path).get(event),
    Route::at(api::RETRY_EVENT.path).post(retry_event),
    Route::at(api::RESOLVE_EVENT.path).post(resolve_event),
    Route::at(api::ALERTS.path).get(alerts),
);

async fn compensations(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    edge::caller(ports, request)?.require_scope("operations:read")?;
    operations::compensations(ports, &request.query()?)
}

async fn compensation(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    edge::caller(ports, request)?.require_scope("operations:read")?;
    operations::compensation(ports, request.param("compensation_id"))
}

async fn retry_compensation(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let caller = edge::caller(ports, request)?;
    let service = caller.require_scope("operations:write")?;
    operations::retry_compensation(ports, service, request.param("compensation_id"), &request.json()?, &Change::keyed(request)?)
}

async fn resolve_compensation(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let caller = edge::caller(ports, request)?;
    let service = caller.require_scope("operations:write")?;
    operations::resolve_compensation(ports, service, request.param("compensation_id"), &request.json()?, &Change::keyed(request)?)
}

async fn events(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    edge::caller(ports, request)?.require_scope("operations:read")?;
    operations::events(ports, &request.query()?)
}

async fn event(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    edge::caller(ports, request)?.require_scope("operations:read")?;
    operations::event(ports, request.param("event_id"))
}

async fn retry_event(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let caller = edge::caller(ports, request)?;
    let service = caller.require_scope("operations:write")?;
    operations::retry_event(ports, service, request.param("event_id"), &request.json()?, &Change::keyed(request)?)
}

async fn resolve_event(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let caller = edge::caller(ports, request)?;
    let service = caller.require_scope("operations:write")?;
    operations::resolve_event(ports, service, request.param("event_id"), &request.json()?, &Change::keyed(request)?)
}

async fn alerts(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    edge::caller(ports, request)?.require_scope("operations:read")?;
    operations::alerts(ports, request.query()?)
}
