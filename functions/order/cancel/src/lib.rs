//! `/api/v1/orders/:order_id/cancel`: cancel a whole order; and `cancel-items`, pieces of it.

use app::order;
use edge::{Answered, Call};

spin_shell::http!(
    api::ORDER_CANCEL { cancel_order: cancel },
    api::ORDER_CANCEL_ITEMS { cancel_order_items: cancel_lines }
);

async fn cancel(call: Call<'_, api::cancel_order>) -> Answered<api::cancel_order> {
    order::cancel(call.ports, &call.caller, &call.path.order_id, &call.body, &call.change).await
}

async fn cancel_lines(
    call: Call<'_, api::cancel_order_items>,
) -> Answered<api::cancel_order_items> {
    let (order_id, change) = (&call.path.order_id, &call.change);
    order::cancel_lines(call.ports, &call.caller, order_id, &call.body, change).await
}
