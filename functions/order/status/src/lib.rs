//! `/api/v1/orders/:order_id/{status,shipments}`: where an order is, what of it has left, and what has
//! arrived.

use app::order;
use edge::{Answered, Call};

spin_shell::http!(
    api::ORDER_STATUS { set_order_status: set_status },
    api::ORDER_SHIPMENTS { ship_order: ship },
    api::ORDER_SHIPMENT_DELIVER { deliver_shipment: deliver },
);

async fn set_status(call: Call<'_, api::set_order_status>) -> Answered<api::set_order_status> {
    order::set_status(call.ports, &call.caller, &call.path.order_id, &call.body, &call.change).await
}

async fn ship(call: Call<'_, api::ship_order>) -> Answered<api::ship_order> {
    order::ship(call.ports, &call.caller, &call.path.order_id, &call.body, &call.change).await
}

async fn deliver(call: Call<'_, api::deliver_shipment>) -> Answered<api::deliver_shipment> {
    let shipment = (&call.path.order_id, &call.path.shipment_id);
    order::deliver(call.ports, &call.caller, shipment, &call.body, &call.change)
}
