//! `POST /api/v1/orders/:order_id/collect`: the money that was paid at the door (CHK-11).

use super::view::{Which, read};
use crate::{
    KeyedChange,
    change::Apply as _,
    events::{Event, PaymentCaptured},
    payment::CASH_ON_DELIVERY,
    problem::refused_at,
    shop::Shop,
};
use callers::Service;
use domain::{
    ids::{OrderId, OrderNumber, PaymentId},
    money::{Currency, Money},
    order::OrderStatus,
    payment::PaymentState,
};
use json::json;
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::{Refusal, sql};
use terms::{Code, Done, Problem, Rendered};

/// What was paid at the door.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CollectCash {
    /// What was taken: exactly what the payment of the order is of.
    amount: Money,
}

/// A payment that was made at the door.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CashCollected {
    /// The order.
    pub order_id: OrderId,
    /// The number people use for it.
    pub order_number: OrderNumber,
    /// Its version now.
    pub version: i64,
    /// When it was said.
    pub collected_at_ms: i64,
    /// What was known of it before.
    #[cfg_attr(feature = "schema", schemars(flatten))]
    pub foreseen: Foreseen,
}

/// What is known of a payment at the door before it is made.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Foreseen {
    /// What was taken.
    amount: Money,
    /// `captured`.
    payment_status: PaymentState,
}

/// What a decision is made of, and fenced by.
#[derive(Deserialize)]
struct Seen {
    status: OrderStatus,
    version: i64,
    currency: Currency,
    payment: Option<Due>,
}

#[derive(Deserialize)]
struct Due {
    payment_id: PaymentId,
    method: String,
    amount_minor: i64,
}

/// What the history of an order says of it.
const REASON: &str = "paid on delivery";

/// Says that the money for an order that is paid on delivery is there. It is said once, of all of it:
/// whoever brings less brings it to the shop first.
///
/// # Errors
/// `order_not_found`; `invalid_field` for another amount; `payment_not_due` of an order that is paid
/// otherwise, that was paid already, that is cancelled, or that waits for a review.
pub fn collect(
    ports: &Ports<'_>,
    service: &Service,
    order_id: &OrderId,
    body: &CollectCash,
    change: &KeyedChange,
) -> Result<Done<Rendered<CashCollected>>, Problem> {
    let shop = Shop::new(ports);
    let actor = service.actor();
    let order: Seen = read(&shop, None, Which::Id(order_id))?;
    let is_at_the_door = |due: &Due| due.method == CASH_ON_DELIVERY;
    let Some(due) = order.payment.filter(is_at_the_door) else {
        return Err(Problem::new(Code::PaymentNotDue));
    };
    let amount = Money::new(due.amount_minor, order.currency);
    if body.amount != amount {
        return Err(Problem::invalid_field("/amount", format!("must be what is due: {amount}")));
    }
    let payment_id = &due.payment_id;
    let captured = Event::of(&shop, &PaymentCaptured { order_id, payment_id, amount });
    let input = json!({
        "order_id": order_id, "order_version": order.version, "actor": actor, "reason": REASON,
        "reply": Foreseen { amount, payment_status: PaymentState::Captured }, "events": [captured],
    });
    let applied = change.apply(&shop, &actor, &sql::ORDER_COLLECT, input)?;
    applied.done(|refusal| {
        if refusal == Refusal::OrderChanged && !order.status.takes_money() {
            return Problem::new(Code::PaymentNotDue);
        }
        refused_at(refusal, order.version)
    })
}
