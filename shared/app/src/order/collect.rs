//! `POST /api/v1/orders/:order_id/collect`: the money that was paid at the door (CHK-11), or elsewhere.

use super::seen::{By, Seen, SeenPayment};
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
    payment::{OfflineMethod, PaymentState},
};
use json::{Value, json};
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::{Refusal, sql};
use terms::{Code, Done, Problem, Rendered};

/// What was paid at the door, or elsewhere.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CollectCash {
    /// What was taken: exactly what the payment of the order is of.
    amount: Money,
}

/// A payment that was made at the door, or elsewhere.
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

/// What is known of such a payment before it is made.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Foreseen {
    /// What was taken.
    amount: Money,
    /// `captured`.
    payment_status: PaymentState,
    /// Where the order is now: `confirmed`, if it waited for the money.
    status: OrderStatus,
}

/// Says that the money for an order that is paid on delivery or elsewhere is there. It is said once, of
/// all of it: whoever brings less brings it to the shop first. An order that waited for it goes on.
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
    let Some(due) = Due::of(&order) else {
        let (by, problem) = (By { actor: &actor, reason: "" }, Problem::new(Code::PaymentNotDue));
        return order.only_replayed(&shop, change, &sql::ORDER_COLLECT, by, problem);
    };
    due.is_exactly("/amount", body.amount)?;
    let by = By { actor: &actor, reason: due.reason() };
    pay(&shop, &order, &due, by, change)
}

/// Writes down that what is due is paid.
pub(super) fn pay(
    shop: &Shop<'_>,
    order: &Seen,
    due: &Due<'_>,
    by: By<'_>,
    change: &KeyedChange,
) -> Result<Done<Rendered<CashCollected>>, Problem> {
    let (allows, input) = (due.allows(), due.input(shop, order, by.actor));
    order.apply(shop, change, &sql::ORDER_COLLECT, (allows, by), input)?.done(|refusal| {
        if refusal == Refusal::OrderChanged && !allows(order.status) {
            return Problem::new(Code::PaymentNotDue);
        }
        order.refused(allows, refusal)
    })
}

/// What is to be paid for an order yet, where no provider is asked.
pub(super) struct Due<'a> {
    method: OfflineMethod,
    payment: &'a SeenPayment,
    amount: Money,
}

impl<'a> Due<'a> {
    /// That of an order, if there is any.
    pub(super) fn of(order: &'a Seen) -> Option<Self> {
        let payment = order.payment.as_ref()?;
        let (method, amount) = (payment.awaited()?, order.money(payment.amount_minor));
        Some(Self { method, payment, amount })
    }

    /// That somebody who names an amount, `at` a place of what they say, means all of it.
    ///
    /// # Errors
    /// `invalid_field`.
    pub(super) fn is_exactly(&self, at: &str, amount: Money) -> Result<(), Problem> {
        if amount == self.amount {
            return Ok(());
        }
        Err(Problem::invalid_field(at, format!("must be what is due: {}", self.amount)))
    }

    /// What the history of the order says of it.
    pub(super) const fn reason(&self) -> &'static str {
        match self.method {
            OfflineMethod::CashOnDelivery => "paid on delivery",
            OfflineMethod::External => "paid",
        }
    }

    /// Where an order is that it may be paid of: one that waits for a person is not paid before.
    pub(super) fn allows(&self) -> fn(OrderStatus) -> bool {
        match self.method {
            OfflineMethod::CashOnDelivery => OrderStatus::takes_money,
            OfflineMethod::External => |status| status == OrderStatus::Pending,
        }
    }

    /// The input of the command that pays it.
    pub(super) fn input(&self, shop: &Shop<'_>, order: &Seen, actor: &str) -> Value {
        let goes_on = order.status == OrderStatus::Pending;
        let to_status = goes_on.then_some(OrderStatus::Confirmed);
        let (order_id, payment_id, amount) =
            (&order.order_id, &self.payment.payment_id, self.amount);
        let captured = Event::of(shop, &PaymentCaptured { order_id, payment_id, amount });
        let moved = to_status.map(|status| Event::of(shop, &order.changed(actor, status)));
        let events: Vec<Event> = [captured].into_iter().chain(moved).collect();
        let (payment_status, status) = (PaymentState::Captured, to_status.unwrap_or(order.status));
        let reply = Foreseen { amount, payment_status, status };
        json!({ "to_status": to_status, "reply": reply, "events": events })
    }
}
