//! `/api/v1/orders/:order_id/status-history`: every state an order has been in.

use app::order;
use edge::{Call, Problem, Reply};

spin_shell::http!(api::ORDER_STATUS_HISTORY { view_order_status_history: view });

async fn view(call: Call<'_, api::view_order_status_history>) -> Result<Reply, Problem> {
    order::status_history(call.ports, &call.caller, &call.path.order_id)
}
