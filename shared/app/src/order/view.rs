//! `GET /api/v1/orders/:order_id`, `/api/v1/orders/:order_id/status-history` and `/api/v1/orders/number/:order_number`.

use super::not_found;
use crate::{contact, shop::Shop};
use domain::{
    money::{Currency, Money},
    order::OrderStatus,
    payment::PaymentState,
};
use edge::{OwnerOrService, Problem, Reply};
use json::{Value, json};
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::sql;

/// An order's row with all that hangs on it.
#[derive(Debug, Deserialize)]
pub(super) struct OrderRow {
    pub(super) order_id: String,
    pub(super) order_number: String,
    pub(super) cart_id: String,
    session_id: String,
    pub(super) status: OrderStatus,
    pub(super) version: i64,
    currency: Currency,
    subtotal_minor: i64,
    discount_minor: i64,
    shipping_minor: i64,
    tax_minor: i64,
    total_minor: i64,
    detail: Value,
    contact: String,
    created_at_ms: i64,
    updated_at_ms: i64,
    expires_at_ms: Option<i64>,
    cancelled_at_ms: Option<i64>,
    completed_at_ms: Option<i64>,
    lines: Vec<LineRow>,
    history: Value,
    pub(super) payment: Option<OrderPayment>,
}

#[derive(Debug, Deserialize)]
struct LineRow {
    line_no: i64,
    sku: String,
    product_id: String,
    name: String,
    quantity: i64,
    unit_price_minor: i64,
    subtotal_minor: i64,
    discount_minor: i64,
    tax_minor: i64,
    total_minor: i64,
    detail: Value,
    warehouse_id: String,
    reservation_id: String,
}

/// The payment of an order.
#[derive(Debug, Deserialize)]
pub(super) struct OrderPayment {
    pub(super) payment_id: String,
    pub(super) saga_id: String,
    pub(super) state: PaymentState,
    provider: String,
    method: String,
    amount_minor: i64,
    pub(super) captured_minor: i64,
    pub(super) refunded_minor: i64,
}

/// An order by its id.
///
/// # Errors
/// `order_not_found`, for somebody else's too.
pub fn by_id(ports: &Ports<'_>, caller: &OwnerOrService, order_id: &str) -> Result<Reply, Problem> {
    view(ports, caller, json!({ "order_id": order_id }))
}

/// An order by its number (ORD-2).
///
/// # Errors
/// As [`by_id`].
pub fn by_number(ports: &Ports<'_>, caller: &OwnerOrService, order_number: &str) -> Result<Reply, Problem> {
    view(ports, caller, json!({ "order_number": order_number }))
}

fn view(ports: &Ports<'_>, caller: &OwnerOrService, which: Value) -> Result<Reply, Problem> {
    let shop = Shop::new(ports);
    let order = read(&shop, caller.owner(), which)?;
    let version = order.version;
    Ok(Reply::json(200, &render(&shop, order)?).etag_of_body(version))
}

/// Where an order is, and every state it has been in: appended, and never changed.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StatusHistory {
    /// The order.
    #[cfg_attr(feature = "schema", schemars(with = "domain::ids::OrderId"))]
    order_id: String,
    /// The number people use.
    #[cfg_attr(feature = "schema", schemars(with = "domain::ids::OrderNumber"))]
    order_number: String,
    /// Where it is now.
    status: OrderStatus,
    /// Its version.
    version: i64,
    /// Oldest first.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<crate::wire::StatusChange>"))]
    status_history: Value,
}

/// The states that an order has been in, with who and why (ORD-7).
///
/// # Errors
/// As [`by_id`].
pub fn status_history(ports: &Ports<'_>, caller: &OwnerOrService, order_id: &str) -> Result<Reply, Problem> {
    let order = read(&Shop::new(ports), caller.owner(), json!({ "order_id": order_id }))?;
    let OrderRow { order_id, order_number, status, version, history, .. } = order;
    let shown = StatusHistory { order_id, order_number, status, version, status_history: history };
    Ok(Reply::json(200, &shown).etag_of_body(version))
}

/// One order, of `owner` or of anybody.
pub(super) fn read(shop: &Shop<'_>, owner: Option<&str>, mut which: Value) -> Result<OrderRow, Problem> {
    if let Some(which) = which.as_object_mut() {
        which.insert("owner".to_owned(), json!(owner));
    }
    shop.read(&sql::ORDER_VIEW, &which)?.ok_or_else(|| not_found(shop))
}

fn render(shop: &Shop<'_>, order: OrderRow) -> Result<Value, Problem> {
    let money = |minor| Money::new(minor, order.currency);
    let contact = contact::open(shop, &order.cart_id, &order.contact)?;
    let lines: Vec<Value> = order
        .lines
        .iter()
        .map(|line| {
            json!({
                "line_no": line.line_no, "sku": line.sku, "product_id": line.product_id, "name": line.name, "quantity": line.quantity,
                "unit_price": money(line.unit_price_minor), "subtotal": money(line.subtotal_minor), "discount": money(line.discount_minor),
                "tax": money(line.tax_minor), "total": money(line.total_minor), "tax_rate": line.detail.get("tax_rate"),
                "tax_inclusive": line.detail.get("tax_inclusive"), "warehouse_id": line.warehouse_id, "reservation_id": line.reservation_id,
            })
        })
        .collect();
    let payment = order.payment.as_ref().map(|payment| {
        json!({
            "payment_id": payment.payment_id, "provider": payment.provider, "method": payment.method, "state": payment.state,
            "amount": money(payment.amount_minor), "captured": money(payment.captured_minor), "refunded": money(payment.refunded_minor),
        })
    });
    Ok(json!({
        "order_id": order.order_id, "order_number": order.order_number, "cart_id": order.cart_id, "session_id": order.session_id,
        "status": order.status, "version": order.version, "currency": order.currency,
        "subtotal": money(order.subtotal_minor), "discount": money(order.discount_minor), "shipping": money(order.shipping_minor),
        "shipping_tax": order.detail.get("shipping_tax"), "tax": money(order.tax_minor), "total": money(order.total_minor),
        "adjustments": order.detail.get("adjustments"), "shipping_method": order.detail.get("shipping"), "destination": order.detail.get("destination"),
        "payment_method": order.detail.get("payment_method"), "payment_status": order.payment.as_ref().map(|payment| payment.state), "payment": payment,
        "email": contact.email, "shipping_address": contact.shipping_address, "billing_address": contact.billing_address, "notes": contact.notes,
        "lines": lines, "status_history": order.history,
        "created_at_ms": order.created_at_ms, "updated_at_ms": order.updated_at_ms, "expires_at_ms": order.expires_at_ms,
        "cancelled_at_ms": order.cancelled_at_ms, "completed_at_ms": order.completed_at_ms,
    }))
}
