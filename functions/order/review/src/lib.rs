//! `/api/v1/orders/:order_id/{release,deny}`: what a person makes of an order that waits for them.

use app::order;
use edge::{Answered, Call};

spin_shell::http!(
    api::ORDER_RELEASE { release_order: release },
    api::ORDER_DENY { deny_order: deny },
);

async fn release(call: Call<'_, api::release_order>) -> Answered<api::release_order> {
    order::release(call.ports, &call.caller, &call.path.order_id, &call.body, &call.change).await
}

async fn deny(call: Call<'_, api::deny_order>) -> Answered<api::deny_order> {
    order::deny(call.ports, &call.caller, &call.path.order_id, &call.body, &call.change).await
}
