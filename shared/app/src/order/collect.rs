//! `POST /api/v1/orders/:order_id/collect`: the money that was paid at the door (CHK-11).

use super::seen::{By, Seen};
use crate::{
    KeyedChange,
    events::{Event, PaymentCaptured},
    shop::Shop,
};
use callers::Service;
use domain::{
    ids::{OrderId, OrderNumber},
    money::Money,
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
    let order = Seen::read(&shop, None, order_id)?;
    let Some(due) = order.payment.as_ref().filter(|payment| payment.is_at_the_door()) else {
        return Err(Problem::new(Code::PaymentNotDue));
    };
    let amount = order.money(due.amount_minor);
    if body.amount != amount {
        return Err(Problem::invalid_field("/amount", format!("must be what is due: {amount}")));
    }
    let payment_id = &due.payment_id;
    let captured = Event::of(&shop, &PaymentCaptured { order_id, payment_id, amount });
    let reply = Foreseen { amount, payment_status: PaymentState::Captured };
    let input = json!({ "reply": reply, "events": [captured] });
    let (allows, by) = (OrderStatus::takes_money, By { actor: &actor, reason: REASON });
    order.apply(&shop, change, &sql::ORDER_COLLECT, (allows, by), input)?.done(|refusal| {
        if refusal == Refusal::OrderChanged && !allows(order.status) {
            return Problem::new(Code::PaymentNotDue);
        }
        order.refused(allows, refusal)
    })
}
