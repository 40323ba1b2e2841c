//! `/api/v1/orders/:order_id`: one order.

use app::order;
use edge::{Call, Problem, Reply};

spin_shell::http!(api::ORDER { view_order: view });

async fn view(call: Call<'_, api::view_order>) -> Result<Reply, Problem> {
    order::by_id(call.ports, &call.caller, &call.path.order_id)
}
