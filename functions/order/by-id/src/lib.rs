//! `/api/v1/orders/:order_id`: one order.

use app::order;
use edge::{Answered, Call};

spin_shell::http!(api::ORDER { view_order: view });

async fn view(call: Call<'_, api::view_order>) -> Answered<api::view_order> {
    order::by_id(call.ports, &call.caller, &call.path.order_id)
}
