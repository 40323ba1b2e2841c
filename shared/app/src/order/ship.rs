//! `POST /api/v1/orders/:order_id/shipments`: what of an order has left (ORD-15); and
//! `/shipments/:shipment_id/deliver`, that it has arrived.

use super::{
    cancel::reason,
    capture::take_now,
    seen::{By, PartOfLine, Seen, SeenPayment, SeenShipment},
    status::{Foreseen, OrderMoved, capture_asked},
};
use crate::{
    KeyedChange,
    events::{Event, OrderCompleted, OrderShipped, ShippedLine},
    problem::illegal,
    shop::Shop,
};
use callers::Service;
use config::CASH_COLLECT_MS;
use domain::{
    ids::{OrderId, OrderNumber, ShipmentId},
    order::{OrderStatus, Pieces, of_pieces},
    payment::{OfflineMethod, PaymentState},
    shipment::{Carrier, TrackingNumber, TrackingUrl},
};
use json::{Value, json};
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::sql;
use terms::{Code, Done, Problem, Rendered};

/// What has left, and how it is found again.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ShipOrder {
    /// What of which lines; left out, all that has not left yet.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    pub(super) lines: Option<Vec<LinePart>>,
    /// Who carries it.
    pub(super) carrier: Option<Carrier>,
    /// The carrier's number for it.
    pub(super) tracking_number: Option<TrackingNumber>,
    /// Where its way can be followed.
    pub(super) tracking_url: Option<TrackingUrl>,
    /// In one line, kept in the open: no personal data.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    pub(super) reason: Option<String>,
}

/// So many pieces of a line.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LinePart {
    /// The line of the order.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub(super) line_no: i64,
    /// How many.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 10_000)))]
    pub(super) quantity: i64,
}

/// Why.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DeliverShipment {
    /// In one line, kept in the open: no personal data.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    reason: Option<String>,
}

/// What has left.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Shipped {
    /// The order.
    pub order_id: OrderId,
    /// The number people use for it.
    pub order_number: OrderNumber,
    /// Its version now.
    pub version: i64,
    /// When.
    pub updated_at_ms: i64,
    /// What was known of it before.
    #[cfg_attr(feature = "schema", schemars(flatten))]
    pub foreseen: ForeseenShipment,
}

/// What is known of a shipment before it is written down.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ForeseenShipment {
    /// The shipment.
    shipment_id: ShipmentId,
    /// What has left with it.
    lines: Vec<LinePart>,
    /// What has become of the order.
    #[serde(flatten)]
    pub(super) foreseen: Foreseen,
}

/// Whether something of it can leave.
fn ships(status: OrderStatus) -> bool {
    status == OrderStatus::PartiallyShipped
        || status.legal_next().contains(&OrderStatus::PartiallyShipped)
}

/// Whether something of it can arrive.
pub(super) fn arrives(status: OrderStatus) -> bool {
    status == OrderStatus::PartiallyShipped || status.legal_next().contains(&OrderStatus::Delivered)
}

/// Writes down what has left. Money that is held for the order is asked for with the first that
/// leaves: all of it, at once, and by `saga-recovery` until it is taken or given up.
///
/// # Errors
/// `order_not_found`; `illegal_transition` of an order that no warehouse works on, or of which
/// nothing is left; `invalid_field` of a line that there is not, or of more than is left;
/// `order_unpaid` of one whose money is neither held nor taken.
pub async fn ship(
    ports: &Ports<'_>,
    service: &Service,
    order_id: &OrderId,
    body: &ShipOrder,
    change: &KeyedChange,
) -> Result<Done<Rendered<Shipped>>, Problem> {
    let shop = Shop::new(ports);
    let actor = service.actor();
    let by = By { actor: &actor, reason: reason(body.reason.as_deref(), "shipped")? };
    let order = Seen::read(&shop, None, order_id)?;
    send_off(&shop, (&order, body), by, change, |it| json::value(&it)).await
}

/// Sends off what is `asked`, and answers with what `reply` makes of it.
pub(super) async fn send_off<T>(
    shop: &Shop<'_>,
    (order, asked): (&Seen, &ShipOrder),
    by: By<'_>,
    change: &KeyedChange,
    reply: impl FnOnce(ForeseenShipment) -> Value,
) -> Result<Done<Rendered<T>>, Problem> {
    let shipment_id: ShipmentId = shop.new_id()?;
    let judged = match leaving(order, asked.lines.as_deref()) {
        _ if !ships(order.status) => Err(illegal(order.status)),
        Ok(_) if !is_paid(order) => Err(Problem::new(Code::OrderUnpaid)),
        judged => judged,
    };
    let lines = match judged {
        Ok(lines) => lines,
        Err(problem) => return order.only_replayed(shop, change, &sql::ORDER_SHIP, by, problem),
    };
    let status = after(order, &lines, |pieces, quantity| {
        pieces.shipped = pieces.shipped.saturating_add(quantity);
    });
    let held = |payment: &&SeenPayment| payment.state == PaymentState::Authorized;
    let taken = order.payment.as_ref().filter(held);
    let payment_status = match taken {
        Some(_) => Some(PaymentState::CapturePending),
        None => order.payment_status(),
    };
    let ShipOrder { carrier, tracking_number, tracking_url, .. } = asked;
    let shipped = OrderShipped {
        order_id: &order.order_id,
        order_number: &order.order_number,
        shipment_id: &shipment_id,
        actor: by.actor,
        lines: lines.iter().filter_map(|line| named(order, *line)).collect(),
        carrier: carrier.clone(),
        tracking_number: tracking_number.clone(),
        tracking_url: tracking_url.clone(),
    };
    let mut events = vec![Event::of(shop, &shipped)];
    if status != order.status {
        events.push(Event::of(shop, &order.changed(by.actor, status)));
    }
    events.extend(taken.map(|payment| capture_asked(shop, order, payment)));
    let input = json!({
        "to_status": status, "payment_state": order.payment_status(), "capture": taken.map(|_| true),
        "shipment": {
            "shipment_id": shipment_id, "lines": lines, "carrier": carrier, "tracking_number": tracking_number, "tracking_url": tracking_url,
        },
        "reply": reply(ForeseenShipment { shipment_id, lines, foreseen: Foreseen { status, payment_status } }), "events": events,
    });
    let applied = order.apply(shop, change, &sql::ORDER_SHIP, (ships, by), input)?;
    let has_left = applied.refusal().is_none();
    let left = applied.done(|refusal| order.refused(ships, refusal))?;
    if let Some(payment) = taken.filter(|_| has_left) {
        take_now(shop, &payment.saga_id).await;
    }
    Ok(left)
}

/// Whether its money is held, taken, on its way, or paid at the door.
pub(super) fn is_paid(order: &Seen) -> bool {
    order.payment.as_ref().is_none_or(|payment| match payment.state {
        PaymentState::Authorized
        | PaymentState::CapturePending
        | PaymentState::Captured
        | PaymentState::PartiallyRefunded => true,
        PaymentState::Pending => payment.offline() == Some(OfflineMethod::CashOnDelivery),
        PaymentState::RequiresAction
        | PaymentState::CaptureFailed
        | PaymentState::Voided
        | PaymentState::Failed
        | PaymentState::Refunded => false,
    })
}

/// What leaves: what was asked for, each line once and no more than is left of it; or all of it.
fn leaving(order: &Seen, asked: Option<&[LinePart]>) -> Result<Vec<LinePart>, Problem> {
    let Some(asked) = asked else {
        let left = order
            .lines
            .iter()
            .map(|line| LinePart { line_no: line.line_no, quantity: line.pieces().to_ship() });
        return Ok(left.filter(|line| line.quantity > 0).collect());
    };
    let named: Vec<(i64, i64)> = asked.iter().map(|part| (part.line_no, part.quantity)).collect();
    order.holds(&named, |line| line.pieces().to_ship())?;
    Ok(asked.to_vec())
}

pub(super) fn named(order: &Seen, part: LinePart) -> Option<ShippedLine> {
    let line = order.line(part.line_no)?;
    Some(ShippedLine { line_no: part.line_no, sku: line.sku.clone(), quantity: part.quantity })
}

/// Where the order is after its lines have counted these.
pub(super) fn after(order: &Seen, parts: &[LinePart], count: fn(&mut Pieces, i64)) -> OrderStatus {
    of_pieces(order.lines.iter().map(|line| {
        let mut pieces = line.pieces();
        for part in parts.iter().filter(|part| part.line_no == line.line_no) {
            count(&mut pieces, part.quantity);
        }
        pieces
    }))
}

/// Writes down that a shipment has arrived.
///
/// # Errors
/// `order_not_found`, `shipment_not_found`; `already_settled` of one that has arrived;
/// `illegal_transition`.
pub fn deliver(
    ports: &Ports<'_>,
    service: &Service,
    (order_id, shipment_id): (&OrderId, &ShipmentId),
    body: &DeliverShipment,
    change: &KeyedChange,
) -> Result<Done<Rendered<OrderMoved>>, Problem> {
    let shop = Shop::new(ports);
    let actor = service.actor();
    let by = By { actor: &actor, reason: reason(body.reason.as_deref(), "delivered")? };
    let order = Seen::read(&shop, None, order_id)?;
    let Some(shipment) = order.shipments.iter().find(|it| it.shipment_id == *shipment_id) else {
        return Err(Problem::new(Code::ShipmentNotFound));
    };
    arrive(&shop, (&order, arrives), &[shipment], by, change)
}

/// Writes down that of `shipments` those have arrived that had not.
pub(super) fn arrive(
    shop: &Shop<'_>,
    (order, allows): (&Seen, fn(OrderStatus) -> bool),
    shipments: &[&SeenShipment],
    by: By<'_>,
    change: &KeyedChange,
) -> Result<Done<Rendered<OrderMoved>>, Problem> {
    let arriving: Vec<&SeenShipment> =
        shipments.iter().copied().filter(|it| it.delivered_at_ms.is_none()).collect();
    let problem = match arriving.first() {
        _ if !allows(order.status) => Some(illegal(order.status)),
        None => Some(Problem::new(Code::AlreadySettled)),
        Some(_) => None,
    };
    if let Some(problem) = problem {
        return order.only_replayed(shop, change, &sql::ORDER_DELIVER, by, problem);
    }
    let parts = arriving_of(order, &arriving);
    let status = after(order, &parts, |pieces, quantity| {
        pieces.delivered = pieces.delivered.saturating_add(quantity)
    });
    let completed = status == OrderStatus::Delivered;
    let mut events = Vec::new();
    if status != order.status {
        events.push(Event::of(shop, &order.changed(by.actor, status)));
    }
    if completed {
        let (order_id, order_number, cart_id) =
            (&order.order_id, &order.order_number, &order.cart_id);
        let total = order.money(order.total_minor);
        events.push(Event::of(shop, &OrderCompleted { order_id, order_number, cart_id, total }));
    }
    let ids: Vec<&ShipmentId> = arriving.iter().map(|it| &it.shipment_id).collect();
    let payment_status = order.payment_status();
    let input = json!({
        "to_status": status, "shipment_ids": ids, "lines": parts, "completed": completed.then_some(true),
        "due_in_ms": taken_as_paid_in_ms(shop, order, status)?, "reply": Foreseen { status, payment_status }, "events": events,
    });
    let applied = order.apply(shop, change, &sql::ORDER_DELIVER, (allows, by), input)?;
    applied.done(|refusal| order.refused(allows, refusal))
}

/// After how long an order that comes to `status` is taken to be paid at the door (CHK-11), if it is to
/// be: all of it has arrived, and whoever brought it has the money.
pub(super) fn taken_as_paid_in_ms(
    shop: &Shop<'_>,
    order: &Seen,
    status: OrderStatus,
) -> Result<Option<i64>, Problem> {
    let is_at_the_door = order.awaits() == Some(OfflineMethod::CashOnDelivery);
    if status != OrderStatus::Delivered || !is_at_the_door {
        return Ok(None);
    }
    Ok(Some(shop.setting(&CASH_COLLECT_MS)?).filter(|after_ms| *after_ms > 0))
}

/// What of each line arrives with these.
fn arriving_of(order: &Seen, shipments: &[&SeenShipment]) -> Vec<LinePart> {
    let of_line = |line_no: i64| {
        let parts =
            shipments.iter().flat_map(|it| &it.lines).filter(|part| part.line_no == line_no);
        parts.fold(0_i64, |sum, PartOfLine { quantity, .. }| sum.saturating_add(*quantity))
    };
    let lines = order
        .lines
        .iter()
        .map(|line| LinePart { line_no: line.line_no, quantity: of_line(line.line_no) });
    lines.filter(|part| part.quantity > 0).collect()
}
