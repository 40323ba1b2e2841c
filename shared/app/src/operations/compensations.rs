//! `/api/v1/operations/compensations…`: voids, refunds and captures that are owed to the provider.

use super::{Act, Open, Reason, actor, already, being_tried, limit, page};
use crate::{
    KeyedChange,
    change::Apply as _,
    events::{CompensationResolved, Event},
    problem::refused,
    saga::step,
    shop::Shop,
};
use domain::{
    compensation::{CompensationKind, CompensationStatus, Held, Outcome, done_by_hand, tried_anew},
    ids::{CompensationId, OrderId},
    money::Money,
    order::OrderStatus,
    payment::PaymentState,
    saga::{SagaEvent, SagaState},
};
use edge::{Code, Problem, Reply, Service};
use json::{Value, json};
use ports::Ports;
use serde::Deserialize;
use store::{Refusal, sql};

/// What to list.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListCompensations {
    /// Those in this state; `dead` when left out.
    state: Option<Open>,
    /// Of this kind only.
    kind: Option<CompensationKind>,
    /// Where the page before ended (`next_cursor`).
    cursor: Option<CompensationId>,
    /// Compensations a page has, 1 to 200.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 200)))]
    limit: Option<i64>,
}

/// What an operator says who settles one.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ResolveCompensation {
    /// In one line, kept in the open: no personal data.
    #[cfg_attr(feature = "schema", schemars(with = "String", length(min = 1, max = 200)))]
    reason: Reason,
    /// What has become of the money.
    outcome: Outcome,
}

/// What a decision is made of, and fenced by.
#[derive(Debug, Deserialize)]
struct Seen {
    kind: CompensationKind,
    state: CompensationStatus,
    attempts: i64,
    retries: i64,
    amount: Money,
    payment_id: String,
    payment: SeenPayment,
    order: Option<SeenOrder>,
}

#[derive(Debug, Deserialize)]
struct SeenPayment {
    state: PaymentState,
    captured: Money,
    refunded: Money,
}

#[derive(Debug, Deserialize)]
struct SeenOrder {
    order_id: OrderId,
    status: OrderStatus,
}

/// What is owed in one state, oldest first.
///
/// # Errors
/// `invalid_field` for a limit out of range.
pub fn compensations(ports: &Ports<'_>, query: &ListCompensations) -> Result<Reply, Problem> {
    let limit = limit(query.limit)?;
    let input = json!({
        "state": query.state.unwrap_or_default(), "kind": query.kind, "cursor": query.cursor, "limit": limit.saturating_add(1),
    });
    let rows = Shop::new(ports).list(&sql::COMPENSATION_LIST, &input)?;
    Ok(page("compensations", rows, limit, |row| row.get("compensation_id").cloned()))
}

/// One, whole.
///
/// # Errors
/// `compensation_not_found`.
pub fn compensation(ports: &Ports<'_>, compensation_id: &str) -> Result<Reply, Problem> {
    read::<Value>(&Shop::new(ports), compensation_id).map(|row| Reply::json(200, &row))
}

/// Has one tried again: a dead one as if it were new, one that waits now. The worker takes it.
///
/// # Errors
/// `compensation_not_found`; `already_settled` when there is nothing left to try for; `being_tried`.
pub fn retry_compensation(
    ports: &Ports<'_>,
    service: &Service,
    compensation_id: &str,
    body: &Act,
    change: &KeyedChange,
) -> Result<Reply, Problem> {
    let shop = Shop::new(ports);
    let seen: Seen = read(&shop, compensation_id)?;
    let actor = actor(service);
    // A cancelled order's money is not taken.
    let stands = seen.order.as_ref().is_some_and(|order| order.status != OrderStatus::Cancelled);
    let anew = tried_anew(seen.kind, seen.payment.state).filter(|_| stands || seen.kind != CompensationKind::CapturePayment);
    let input = json!({
        "compensation_id": compensation_id, "legal_from": legal(anew.is_some()), "state": seen.state, "attempts": seen.attempts, "retries": seen.retries,
        "payment_state": seen.payment.state, "to_payment_state": anew, "actor": actor, "reason": body.reason.0,
    });
    change.apply(&shop, &actor, &sql::COMPENSATION_RETRY, input)?.reply(200, |refusal| {
        if refusal == Refusal::CompensationReplaced {
            already("something else is owed for this payment, and is tried")
        } else if refusal != Refusal::CompensationMovedOn {
            refused(refusal)
        } else if seen.is_over() {
            already("it is done, or was settled")
        } else if anew.is_none() {
            already("the payment has nothing left to do it to")
        } else {
            being_tried()
        }
    })
}

/// Settles one: nobody tries it any more.
///
/// # Errors
/// `compensation_not_found`; `outcome_impossible`; `already_settled`; `being_tried`.
pub fn resolve_compensation(
    ports: &Ports<'_>,
    service: &Service,
    compensation_id: &str,
    body: &ResolveCompensation,
    change: &KeyedChange,
) -> Result<Reply, Problem> {
    let shop = Shop::new(ports);
    let seen: Seen = read(&shop, compensation_id)?;
    let actor = actor(service);
    let before = seen.held();
    let after = match body.outcome {
        Outcome::DoneByHand => done_by_hand(seen.kind, seen.amount_minor(), before),
        Outcome::WrittenOff => Some(before),
    };
    let event = match body.outcome {
        Outcome::DoneByHand => SagaEvent::Voided,
        Outcome::WrittenOff => SagaEvent::VoidGivenUp,
    };
    let held = after.unwrap_or(before);
    let resolved = CompensationResolved {
        compensation_id,
        payment_id: &seen.payment_id,
        kind: seen.kind,
        outcome: body.outcome,
        payment_state: held.state,
        order_id: seen.order.as_ref().map(|order| order.order_id.clone()),
    };
    let input = json!({
        "compensation_id": compensation_id, "legal_from": legal(after.is_some()), "state": seen.state, "attempts": seen.attempts, "retries": seen.retries,
        "payment_state": before.state, "payment_refunded_minor": before.refunded_minor, "to_payment_state": held.state,
        "captured_minor": held.captured_minor.saturating_sub(before.captured_minor),
        "refunded_minor": held.refunded_minor.saturating_sub(before.refunded_minor),
        "saga_state": step(SagaState::Voiding, event)?, "outcome": body.outcome, "actor": actor, "reason": body.reason.0,
        "events": [Event::of(&shop, &resolved)],
    });
    change.apply(&shop, &actor, &sql::COMPENSATION_RESOLVE, input)?.reply(200, |refusal| {
        if refusal != Refusal::CompensationMovedOn {
            refused(refusal)
        } else if seen.is_over() {
            already("it is done, or was settled")
        } else if after.is_none() {
            Problem::new(Code::OutcomeImpossible).field("/outcome").detail(format!("the payment is {}", before.state))
        } else {
            being_tried()
        }
    })
}

fn read<R: serde::de::DeserializeOwned>(shop: &Shop<'_>, compensation_id: &str) -> Result<R, Problem> {
    let found = shop.read(&sql::COMPENSATION_VIEW, &json!({ "compensation_id": compensation_id }))?;
    found.ok_or_else(|| Problem::new(Code::CompensationNotFound))
}

/// The states an action is legal from: judged behind the key, so that a replay is answered whatever has become of the row.
fn legal(allowed: bool) -> &'static [CompensationStatus] {
    if allowed { &[CompensationStatus::Pending, CompensationStatus::Dead] } else { &[] }
}

impl Seen {
    fn is_over(&self) -> bool {
        match self.state {
            CompensationStatus::Done | CompensationStatus::Resolved => true,
            CompensationStatus::Pending | CompensationStatus::Dead => false,
        }
    }

    fn amount_minor(&self) -> i64 {
        self.amount.amount_minor()
    }

    fn held(&self) -> Held {
        Held {
            state: self.payment.state,
            captured_minor: self.payment.captured.amount_minor(),
            refunded_minor: self.payment.refunded.amount_minor(),
        }
    }
}
