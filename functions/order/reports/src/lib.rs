//! `/api/v1/orders/export`: orders as files.

use app::order;
use edge::{Answered, Call};

spin_shell::http!(api::ORDER_EXPORT { export_orders: export });

async fn export(call: Call<'_, api::export_orders>) -> Answered<api::export_orders> {
    order::export(call.ports, &call.query)
}
