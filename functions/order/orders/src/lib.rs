//! `/api/v1/orders`: list the caller's orders; create one as a service.

use app::order;
use edge::{Answered, Call};

spin_shell::http!(api::ORDERS { list_orders: list, create_order: create });

async fn list(call: Call<'_, api::list_orders>) -> Answered<api::list_orders> {
    order::list(call.ports, &call.caller, &call.query)
}

async fn create(call: Call<'_, api::create_order>) -> Answered<api::create_order> {
    order::create(call.ports, &call.caller, call.body, &call.change).await
}
