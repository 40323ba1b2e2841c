//! `/api/v1/orders/:order_id/status-history`: every state an order has been in.

use app::order;
use edge::{Answered, Call};

spin_shell::http!(api::ORDER_STATUS_HISTORY { view_order_status_history: view });

async fn view(
    call: Call<'_, api::view_order_status_history>,
) -> Answered<api::view_order_status_history> {
    order::status_history(call.ports, &call.caller, &call.path.order_id)
}
