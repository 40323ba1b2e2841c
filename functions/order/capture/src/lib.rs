//! `/api/v1/orders/:order_id/capture`: the money of an order that is held for it.

use app::order;
use edge::{Answered, Call};

spin_shell::http!(api::ORDER_CAPTURE { capture_order: capture });

async fn capture(call: Call<'_, api::capture_order>) -> Answered<api::capture_order> {
    order::capture(call.ports, &call.caller, &call.path.order_id, &call.body, &call.change).await
}
