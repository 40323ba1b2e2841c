//! `PUT /api/v1/orders/:order_id/status`: where a person says that an order is (ORD-3); and
//! `/release`, an order that waited for a person goes on (CHK-16).

use super::{
    cancel::{self, end, reason, waits},
    capture::take_now,
    seen::{By, Seen, SeenPayment, SeenShipment},
    ship::{ForeseenShipment, ShipOrder, arrive, send_off},
};
use crate::{
    KeyedChange,
    events::{CaptureRequested, Event},
    shop::Shop,
};
use callers::Service;
use config::{PENDING_ORDER_MS, UNPAID_ORDER_MS};
use domain::{
    ids::{OrderId, OrderNumber},
    order::OrderStatus,
    payment::{OfflineMethod, PaymentState},
};
use json::json;
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::sql;
use terms::{Done, Problem, Rendered};

/// Where the order is now.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SetStatus {
    /// `on_hold`, `confirmed` (it waits for no person any longer), `processing`, `shipped` (all that is left leaves
    /// now), `delivered` (all that is on its way has arrived) or `cancelled`. An order comes to the
    /// others by itself.
    status: OrderStatus,
    /// In one line, kept in the open: no personal data.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    reason: Option<String>,
}

/// Why.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReleaseOrder {
    /// In one line, kept in the open: no personal data.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    reason: Option<String>,
}

/// An order that has come to another state.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderMoved {
    /// The order.
    pub order_id: OrderId,
    /// The number people use for it.
    pub order_number: OrderNumber,
    /// Its version now.
    pub version: i64,
    /// When.
    pub updated_at_ms: i64,
    /// The same, of one that was cancelled.
    #[cfg_attr(feature = "schema", schemars(skip_serializing_if = "Option::is_none"))]
    pub cancelled_at_ms: Option<i64>,
    /// What was known of it before.
    #[cfg_attr(feature = "schema", schemars(flatten))]
    pub foreseen: Foreseen,
}

/// What is known of a move before it is made.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Foreseen {
    /// Where it is now.
    pub(super) status: OrderStatus,
    /// `capture_pending` where its money is taken now. The order says what has become of it.
    pub(super) payment_status: Option<PaymentState>,
}

/// Moves an order to where a person says it is. A move that is more than a word is made as its own
/// endpoint makes it.
///
/// # Errors
/// `order_not_found`; `invalid_field` of a state that an order comes to by itself;
/// `illegal_transition` with the legal moves; and those of the endpoint that the move is of.
pub async fn set_status(
    ports: &Ports<'_>,
    service: &Service,
    order_id: &OrderId,
    body: &SetStatus,
    change: &KeyedChange,
) -> Result<Done<Rendered<OrderMoved>>, Problem> {
    let actor = service.actor();
    let shop = Shop::new(ports);
    let by = |default: &'static str| {
        let reason = reason(body.reason.as_deref(), default)?;
        Ok::<_, Problem>(By { actor: &actor, reason })
    };
    let to = body.status;
    let order = || Seen::read(&shop, None, order_id);
    match to {
        OrderStatus::OnHold => {
            go(&shop, &order()?, (is_held_from, to), by("put on hold")?, change).await
        }
        OrderStatus::Confirmed => {
            let order = order()?;
            go(&shop, &order, (waits, released_to(&order)), by("released")?, change).await
        }
        OrderStatus::Processing => {
            go(&shop, &order()?, (is_worked_on_from, to), by("in the warehouse")?, change).await
        }
        OrderStatus::Shipped => {
            let (order, by) = (order()?, by("shipped")?);
            let brief = |it: ForeseenShipment| json::value(&it.foreseen);
            send_off(&shop, (&order, &ShipOrder::default()), by, change, brief).await
        }
        OrderStatus::Delivered => {
            let order = order()?;
            let all: Vec<&SeenShipment> = order.shipments.iter().collect();
            arrive(&shop, (&order, is_delivered_from), &all, by("delivered")?, change)
        }
        OrderStatus::Cancelled => {
            let (order, by) = (order()?, by("cancelled on request")?);
            let brief = |it: cancel::Foreseen| {
                let (status, payment_status) = (it.status, it.payment_status);
                json::value(&Foreseen { status, payment_status })
            };
            end(&shop, &order, (OrderStatus::may_cancel, by), change, brief).await
        }
        OrderStatus::Draft
        | OrderStatus::Pending
        | OrderStatus::PartiallyShipped
        | OrderStatus::Refunded
        | OrderStatus::Failed => Err(Problem::invalid_field(
            "/status",
            "must be one of on_hold, confirmed, processing, shipped, delivered and cancelled: an order comes to the others by its payments, shipments and refunds",
        )),
    }
}

/// Lets an order go that a person has looked at. Its money is taken now, if it would have been with
/// the order; that is tried at once, and by `saga-recovery` until it is taken or given up.
///
/// # Errors
/// `order_not_found`; `illegal_transition` of one that waits for nobody, with the legal moves.
pub async fn release(
    ports: &Ports<'_>,
    service: &Service,
    order_id: &OrderId,
    body: &ReleaseOrder,
    change: &KeyedChange,
) -> Result<Done<Rendered<OrderMoved>>, Problem> {
    let shop = Shop::new(ports);
    let actor = service.actor();
    let by = By { actor: &actor, reason: reason(body.reason.as_deref(), "released")? };
    let order = Seen::read(&shop, None, order_id)?;
    go(&shop, &order, (waits, released_to(&order)), by, change).await
}

/// Where an order goes that waits for a person no longer: to where its payment stands.
fn released_to(order: &Seen) -> OrderStatus {
    match order.awaits() {
        Some(OfflineMethod::External) => OrderStatus::Pending,
        Some(OfflineMethod::CashOnDelivery) | None => OrderStatus::Confirmed,
    }
}

/// After how long an order ends unpaid that comes to `status` (ORD-9), if it does.
fn ends_in_ms(shop: &Shop<'_>, order: &Seen, status: OrderStatus) -> Result<Option<i64>, Problem> {
    let is_given_up = order.payment_status() == Some(PaymentState::CaptureFailed);
    Ok(match status {
        OrderStatus::Pending => Some(shop.setting(&PENDING_ORDER_MS)?),
        OrderStatus::Confirmed | OrderStatus::Processing if is_given_up => {
            Some(shop.setting(&UNPAID_ORDER_MS)?)
        }
        OrderStatus::Confirmed
        | OrderStatus::Processing
        | OrderStatus::Draft
        | OrderStatus::OnHold
        | OrderStatus::PartiallyShipped
        | OrderStatus::Shipped
        | OrderStatus::Delivered
        | OrderStatus::Cancelled
        | OrderStatus::Refunded
        | OrderStatus::Failed => None,
    })
}

pub(super) fn is_held_from(status: OrderStatus) -> bool {
    status.legal_next().contains(&OrderStatus::OnHold)
}

/// All of it has left: of what is to leave yet nobody can say that it arrived.
fn is_delivered_from(status: OrderStatus) -> bool {
    status.legal_next().contains(&OrderStatus::Delivered)
}

pub(super) fn is_worked_on_from(status: OrderStatus) -> bool {
    status.legal_next().contains(&OrderStatus::Processing)
}

pub(super) async fn go(
    shop: &Shop<'_>,
    order: &Seen,
    (allows, status): (fn(OrderStatus) -> bool, OrderStatus),
    by: By<'_>,
    change: &KeyedChange,
) -> Result<Done<Rendered<OrderMoved>>, Problem> {
    // What the rules of fraud have stopped is paid when it goes on, if it would have been with it.
    let captures = waits(order.status) && order.hold.as_ref().is_some_and(|hold| hold.captures);
    let is_held = |payment: &&SeenPayment| captures && payment.state == PaymentState::Authorized;
    let taken = order.payment.as_ref().filter(is_held);
    let mut events = vec![Event::of(shop, &order.changed(by.actor, status))];
    let payment_status = match taken {
        Some(payment) => {
            events.push(capture_asked(shop, order, payment));
            Some(PaymentState::CapturePending)
        }
        None => order.payment_status(),
    };
    let input = json!({
        "to_status": status, "due_in_ms": ends_in_ms(shop, order, status)?, "capture": taken.map(|_| true), "idle_payment": (status == OrderStatus::OnHold).then_some(true),
        "reply": Foreseen { status, payment_status }, "events": events,
    });
    let applied = order.apply(shop, change, &sql::ORDER_MOVE, (allows, by), input)?;
    let is_moved = applied.refusal().is_none();
    let moved = applied.done(|refusal| order.refused(allows, refusal))?;
    if let Some(payment) = taken.filter(|_| is_moved) {
        take_now(shop, &payment.saga_id).await;
    }
    Ok(moved)
}

/// That the money of an order is being asked for.
pub(super) fn capture_asked(shop: &Shop<'_>, order: &Seen, payment: &SeenPayment) -> Event {
    let (order_id, payment_id) = (&order.order_id, &payment.payment_id);
    let amount = order.money(payment.amount_minor);
    Event::of(shop, &CaptureRequested { order_id, payment_id, amount })
}
