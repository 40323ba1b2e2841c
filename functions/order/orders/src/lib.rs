//! `/api/v1/orders`: list the caller's orders; create one as a service.

use app::order;
use edge::{Call, Problem, Reply};

spin_shell::http!(api::ORDERS { list_orders: list, create_order: create });

async fn list(call: Call<'_, api::list_orders>) -> Result<Reply, Problem> {
    order::list(call.ports, &call.caller, &call.query)
}

async fn create(call: Call<'_, api::create_order>) -> Result<Reply, Problem> {
    order::create(call.ports, &call.caller, call.body, &call.change).await
}
