//! `/api/v1/orders/:order_id/refunds`: money of an order that goes back, and what would.

use app::order;
use edge::{Answered, Call};

spin_shell::http!(
    api::ORDER_REFUNDS { refund_order: refund },
    api::ORDER_REFUND_PREVIEW { preview_refund: preview },
);

async fn refund(call: Call<'_, api::refund_order>) -> Answered<api::refund_order> {
    order::refund(call.ports, &call.caller, &call.path.order_id, &call.body, &call.change).await
}

async fn preview(call: Call<'_, api::preview_refund>) -> Answered<api::preview_refund> {
    order::preview_refund(call.ports, &call.path.order_id, &call.body)
}
