//! `/api/v1/orders/export`: orders as files; and `/statistics`: what they came to.

use app::order;
use edge::{Answered, Call};

spin_shell::http!(
    api::ORDER_EXPORT { export_orders: export },
    api::ORDER_STATISTICS { view_order_statistics: statistics },
);

async fn export(call: Call<'_, api::export_orders>) -> Answered<api::export_orders> {
    order::export(call.ports, &call.query)
}

async fn statistics(
    call: Call<'_, api::view_order_statistics>,
) -> Answered<api::view_order_statistics> {
    order::statistics(call.ports, &call.query)
}
