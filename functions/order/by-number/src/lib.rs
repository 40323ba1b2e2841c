//! `/api/v1/orders/number/:order_number`: one order, by the number people use.

use app::order;
use edge::{Answered, Call};

spin_shell::http!(api::ORDER_BY_NUMBER { view_order_by_number: view });

async fn view(call: Call<'_, api::view_order_by_number>) -> Answered<api::view_order_by_number> {
    order::by_number(call.ports, &call.caller, &call.path.order_number)
}
