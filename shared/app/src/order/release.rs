//! `POST /api/v1/orders/:order_id/release`: an order that waited for a person goes on (CHK-16).

use super::{
    cancel::reason,
    capture::take_now,
    view::{Which, read},
};
use crate::{
    KeyedChange,
    change::Apply as _,
    events::{CaptureRequested, Event, OrderStatusChanged},
    fraud::Hold,
    problem::{illegal, refused_at},
    shop::Shop,
};
use callers::Service;
use domain::{
    ids::{CartId, OrderId, OrderNumber, PaymentId, SagaId},
    money::{Currency, Money},
    order::OrderStatus,
    payment::PaymentState,
};
use json::json;
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::{Refusal, sql};
use terms::{Done, Problem, Rendered};

/// Why.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReleaseOrder {
    /// In one line, kept in the open: no personal data.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    reason: Option<String>,
}

/// An order that goes on.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderReleased {
    /// The order.
    pub order_id: OrderId,
    /// The number people use for it.
    pub order_number: OrderNumber,
    /// Its version now.
    pub version: i64,
    /// When.
    pub released_at_ms: i64,
    /// What was known of it before.
    #[cfg_attr(feature = "schema", schemars(flatten))]
    pub foreseen: Foreseen,
}

/// What is known of an order that goes on before it does.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Foreseen {
    /// `confirmed`.
    status: OrderStatus,
    /// `capture_pending` where its money is taken now, as it would have been with the order. The
    /// order says what has become of it.
    payment_status: Option<PaymentState>,
}

/// What a decision is made of, and fenced by.
#[derive(Deserialize)]
struct Seen {
    order_id: OrderId,
    order_number: OrderNumber,
    cart_id: CartId,
    status: OrderStatus,
    version: i64,
    currency: Currency,
    hold: Option<Hold>,
    payment: Option<SeenPayment>,
}

#[derive(Deserialize)]
struct SeenPayment {
    payment_id: PaymentId,
    saga_id: SagaId,
    state: PaymentState,
    amount_minor: i64,
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
) -> Result<Done<Rendered<OrderReleased>>, Problem> {
    let shop = Shop::new(ports);
    let actor = service.actor();
    let order: Seen = read(&shop, None, Which::Id(order_id))?;
    let captures = order.hold.as_ref().is_some_and(|hold| hold.captures);
    let is_held = |payment: &&SeenPayment| captures && payment.state == PaymentState::Authorized;
    let taken = order.payment.as_ref().filter(is_held);
    let why = reason(body.reason.as_deref(), "released")?;
    let input = input(&shop, &order, taken, (&actor, why));
    let applied = change.apply(&shop, &actor, &sql::ORDER_RELEASE, input)?;
    let is_released = applied.refusal().is_none();
    let released = applied.done(|refusal| {
        if refusal == Refusal::OrderChanged && order.status != OrderStatus::OnHold {
            return illegal(order.status);
        }
        refused_at(refusal, order.version)
    })?;
    if let Some(payment) = taken.filter(|_| is_released) {
        take_now(&shop, &payment.saga_id).await;
    }
    Ok(released)
}

fn input(
    shop: &Shop<'_>,
    order: &Seen,
    taken: Option<&SeenPayment>,
    (actor, reason): (&str, &str),
) -> json::Value {
    let Seen { order_id, order_number, cart_id, status: from_status, .. } = order;
    let (status, from_status) = (OrderStatus::Confirmed, *from_status);
    let changed =
        OrderStatusChanged { order_id, order_number, cart_id, actor, status, from_status };
    let mut events = vec![Event::of(shop, &changed)];
    if let Some(SeenPayment { payment_id, amount_minor, .. }) = taken {
        let amount = Money::new(*amount_minor, order.currency);
        events.push(Event::of(shop, &CaptureRequested { order_id, payment_id, amount }));
    }
    let payment_status = match taken {
        Some(_) => Some(PaymentState::CapturePending),
        None => order.payment.as_ref().map(|payment| payment.state),
    };
    json!({
        "order_id": order_id, "order_version": order.version, "actor": actor, "reason": reason,
        "capture": taken.map(|_| true), "reply": Foreseen { status, payment_status }, "events": events,
    })
}
