//! `/api/v1/events`: what other programs tell; and the same by Dapr, `/dapr/subscribe` and
//! `/events/:topic`.

use app::inbox;
use edge::{Answered, Call};

spin_shell::http!(
    api::TOLD_EVENTS { publish_event: publish },
    api::DAPR_SUBSCRIPTIONS { list_subscriptions: subscriptions },
    api::DAPR_EVENTS { receive_dapr_event: receive },
);

async fn publish(call: Call<'_, api::publish_event>) -> Answered<api::publish_event> {
    inbox::take_in(call.ports, &call.caller, &call.body)
}

async fn subscriptions(
    call: Call<'_, api::list_subscriptions>,
) -> Answered<api::list_subscriptions> {
    inbox::subscriptions(call.ports)
}

async fn receive(call: Call<'_, api::receive_dapr_event>) -> Answered<api::receive_dapr_event> {
    inbox::take_in_from_dapr(call.ports, &call.caller, &call.path.topic, call.body)
}
