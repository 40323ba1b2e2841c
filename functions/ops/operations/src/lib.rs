//! `/api/v1/operations…`: what was given up is looked at, tried again, or settled; and the alerts.

use app::operations;
use edge::{Call, Problem, Reply};

spin_shell::http!(
    api::COMPENSATIONS { list_compensations: compensations },
    api::COMPENSATION { view_compensation: compensation },
    api::RETRY_COMPENSATION { retry_compensation },
    api::RESOLVE_COMPENSATION { resolve_compensation },
    api::EVENTS { list_events: events },
    api::EVENT { view_event: event },
    api::RETRY_EVENT { retry_event },
    api::RESOLVE_EVENT { resolve_event },
    api::ALERTS { list_alerts: alerts },
);

async fn compensations(call: Call<'_, api::list_compensations>) -> Result<Reply, Problem> {
    operations::compensations(call.ports, &call.query)
}

async fn compensation(call: Call<'_, api::view_compensation>) -> Result<Reply, Problem> {
    operations::compensation(call.ports, &call.path.compensation_id)
}

async fn retry_compensation(call: Call<'_, api::retry_compensation>) -> Result<Reply, Problem> {
    operations::retry_compensation(call.ports, &call.caller, &call.path.compensation_id, &call.body, &call.change)
}

async fn resolve_compensation(call: Call<'_, api::resolve_compensation>) -> Result<Reply, Problem> {
    operations::resolve_compensation(call.ports, &call.caller, &call.path.compensation_id, &call.body, &call.change)
}

async fn events(call: Call<'_, api::list_events>) -> Result<Reply, Problem> {
    operations::events(call.ports, &call.query)
}

async fn event(call: Call<'_, api::view_event>) -> Result<Reply, Problem> {
    operations::event(call.ports, &call.path.event_id)
}

async fn retry_event(call: Call<'_, api::retry_event>) -> Result<Reply, Problem> {
    operations::retry_event(call.ports, &call.caller, &call.path.event_id, &call.body, &call.change)
}

async fn resolve_event(call: Call<'_, api::resolve_event>) -> Result<Reply, Problem> {
    operations::resolve_event(call.ports, &call.caller, &call.path.event_id, &call.body, &call.change)
}

async fn alerts(call: Call<'_, api::list_alerts>) -> Result<Reply, Problem> {
    operations::alerts(call.ports, call.query)
}
