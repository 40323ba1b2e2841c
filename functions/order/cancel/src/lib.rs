//! `/api/v1/orders/:order_id/cancel`: cancel a whole order.

use app::order;
use edge::{Answered, Call};

spin_shell::http!(api::ORDER_CANCEL { cancel_order: cancel });

async fn cancel(call: Call<'_, api::cancel_order>) -> Answered<api::cancel_order> {
    order::cancel(call.ports, &call.caller, &call.path.order_id, &call.body, &call.change).await
}
