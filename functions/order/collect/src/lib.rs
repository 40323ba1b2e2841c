//! `/api/v1/orders/:order_id/collect`: the money that was paid at the door.

use app::order;
use edge::{Answered, Call};

spin_shell::http!(api::ORDER_COLLECT { collect_order: collect });

async fn collect(call: Call<'_, api::collect_order>) -> Answered<api::collect_order> {
    order::collect(call.ports, &call.caller, &call.path.order_id, &call.body, &call.change)
}
