//! `/api/v1/receivers…`: who is sent events beside the sink, their secrets, and what they were sent.

use app::receivers;
use edge::{Answered, Call};

spin_shell::http!(
    api::RECEIVERS { list_receivers: list },
    api::RECEIVER { view_receiver: view, put_receiver: put, delete_receiver: delete },
    api::TEST_RECEIVER { test_receiver: test },
    api::RECEIVER_SECRETS { rotate_receiver_secret: rotate },
    api::DELIVERIES { list_deliveries: deliveries },
    api::RETRY_DELIVERIES { retry_deliveries: retry },
    api::RESOLVE_DELIVERIES { resolve_deliveries: resolve },
);

async fn list(call: Call<'_, api::list_receivers>) -> Answered<api::list_receivers> {
    receivers::list(call.ports, &call.query)
}

async fn view(call: Call<'_, api::view_receiver>) -> Answered<api::view_receiver> {
    receivers::view(call.ports, &call.path.receiver_id)
}

async fn put(call: Call<'_, api::put_receiver>) -> Answered<api::put_receiver> {
    receivers::put(call.ports, &call.caller, &call.path.receiver_id, &call.body)
}

async fn delete(call: Call<'_, api::delete_receiver>) -> Answered<api::delete_receiver> {
    receivers::delete(call.ports, &call.caller, &call.path.receiver_id, &call.change)
}

async fn test(call: Call<'_, api::test_receiver>) -> Answered<api::test_receiver> {
    receivers::test(call.ports, &call.path.receiver_id).await
}

async fn rotate(
    call: Call<'_, api::rotate_receiver_secret>,
) -> Answered<api::rotate_receiver_secret> {
    receivers::rotate(call.ports, &call.caller, &call.path.receiver_id, &call.body)
}

async fn deliveries(call: Call<'_, api::list_deliveries>) -> Answered<api::list_deliveries> {
    receivers::deliveries(call.ports, &call.path.receiver_id, &call.query)
}

async fn retry(call: Call<'_, api::retry_deliveries>) -> Answered<api::retry_deliveries> {
    receivers::retry(call.ports, &call.caller, &call.path.receiver_id, &call.body, &call.change)
}

async fn resolve(call: Call<'_, api::resolve_deliveries>) -> Answered<api::resolve_deliveries> {
    receivers::resolve(call.ports, &call.caller, &call.path.receiver_id, &call.body, &call.change)
}
