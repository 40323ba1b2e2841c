//! `/api/v1/operations…`: what was given up is looked at, tried again, or settled; and the alerts.

use app::operations;
use edge::{Answered, Call};

spin_shell::http!(
    api::COMPENSATIONS { list_compensations: compensations },
    api::COMPENSATION { view_compensation: compensation },
    api::RETRY_COMPENSATION { retry_compensation },
    api::RESOLVE_COMPENSATION { resolve_compensation },
    api::EVENTS { list_events: events },
    api::EVENT { view_event: event },
    api::RETRY_EVENT { retry_event },
    api::RESOLVE_EVENT { resolve_event },
    api::INBOX { list_inbox: inbox },
    api::RETRY_TOLD { retry_told_event },
    api::RESOLVE_TOLD { resolve_told_event },
    api::ALERTS { list_alerts: alerts },
);

async fn compensations(
    call: Call<'_, api::list_compensations>,
) -> Answered<api::list_compensations> {
    operations::compensations(call.ports, &call.query)
}

async fn compensation(call: Call<'_, api::view_compensation>) -> Answered<api::view_compensation> {
    operations::compensation(call.ports, &call.path.compensation_id)
}

async fn retry_compensation(
    call: Call<'_, api::retry_compensation>,
) -> Answered<api::retry_compensation> {
    operations::retry_compensation(
        call.ports,
        &call.caller,
        &call.path.compensation_id,
        &call.body,
        &call.change,
    )
}

async fn resolve_compensation(
    call: Call<'_, api::resolve_compensation>,
) -> Answered<api::resolve_compensation> {
    operations::resolve_compensation(
        call.ports,
        &call.caller,
        &call.path.compensation_id,
        &call.body,
        &call.change,
    )
}

async fn events(call: Call<'_, api::list_events>) -> Answered<api::list_events> {
    operations::events(call.ports, &call.query)
}

async fn event(call: Call<'_, api::view_event>) -> Answered<api::view_event> {
    operations::event(call.ports, &call.path.event_id)
}

async fn retry_event(call: Call<'_, api::retry_event>) -> Answered<api::retry_event> {
    operations::retry_event(call.ports, &call.caller, &call.path.event_id, &call.body, &call.change)
}

async fn resolve_event(call: Call<'_, api::resolve_event>) -> Answered<api::resolve_event> {
    operations::resolve_event(
        call.ports,
        &call.caller,
        &call.path.event_id,
        &call.body,
        &call.change,
    )
}

async fn alerts(call: Call<'_, api::list_alerts>) -> Answered<api::list_alerts> {
    operations::alerts(call.ports, call.query)
}

async fn inbox(call: Call<'_, api::list_inbox>) -> Answered<api::list_inbox> {
    operations::inbox(call.ports, call.query)
}

async fn retry_told_event(
    call: Call<'_, api::retry_told_event>,
) -> Answered<api::retry_told_event> {
    operations::retry_told(call.ports, &call.caller, &call.body, &call.change)
}

async fn resolve_told_event(
    call: Call<'_, api::resolve_told_event>,
) -> Answered<api::resolve_told_event> {
    operations::resolve_told(call.ports, &call.caller, &call.body, &call.change)
}
