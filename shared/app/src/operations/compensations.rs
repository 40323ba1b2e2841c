//! `/api/v1/operations/compensations…`: voids, refunds and captures that are owed to the provider.

use super::{Act, HistoryEntry, Open, Reason, already, being_tried, page};
use crate::{
    KeyedChange,
    change::Apply as _,
    cursor::Cursor,
    events::{self, Event},
    problem::refused,
    saga::step,
    shop::Shop,
};
use callers::Service;
use domain::{
    compensation::{CompensationKind, CompensationStatus, Held, Outcome, done_by_hand, tried_anew},
    ids::{CompensationId, OrderId, OrderNumber, PaymentId, SagaId},
    money::Money,
    order::OrderStatus,
    payment::PaymentState,
    saga::{SagaEvent, SagaState},
};
use json::json;
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::{Refusal, sql};
use terms::{Code, Done, Problem, Rendered};

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
    #[cfg_attr(feature = "schema", schemars(with = "Option<CompensationId>"))]
    cursor: Option<Cursor>,
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

/// A page of what is owed to the payment provider, oldest first.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CompensationPage {
    /// What is owed.
    compensations: Vec<Rendered<Compensation>>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<CompensationId>,
}

/// Something owed to the payment provider.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Compensation {
    /// The compensation.
    pub compensation_id: CompensationId,
    /// What is owed.
    pub kind: CompensationKind,
    /// How far it has come.
    pub state: CompensationStatus,
    /// What it came of.
    pub reason: String,
    /// The payment it is owed for.
    pub payment_id: PaymentId,
    /// The order; null where none was made.
    pub order_id: Option<OrderId>,
    /// How much. The void of an order's payment says 0: it is of all that is held.
    pub amount: Money,
    /// Tries since it was made, or since an operator had it begin anew.
    pub attempts: i64,
    /// How often an operator had it begin anew.
    pub retries: i64,
    /// When the first of those tries failed.
    pub failing_since_ms: Option<i64>,
    /// When it is tried next, while it is `pending`.
    pub next_attempt_at_ms: i64,
    /// What the last try came to.
    pub last_error: Option<String>,
    /// When it was made.
    pub created_at_ms: i64,
}

/// Something owed to the payment provider, whole.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CompensationView {
    /// As in a list.
    #[cfg_attr(feature = "schema", schemars(flatten))]
    pub compensation: Compensation,
    /// The confirm that the payment was made for.
    pub saga_id: SagaId,
    /// The provider's name for the refund, once there is one.
    pub refund_reference: Option<String>,
    /// Whether a worker has it at this moment.
    pub leased: bool,
    /// The payment.
    pub payment: OwedPayment,
    /// The order; null where none was made.
    pub order: Option<OwedOrder>,
    /// What operators did to it, oldest first.
    pub history: Vec<HistoryEntry>,
}

/// The payment that something is owed for.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OwedPayment {
    /// Who takes it.
    pub provider: String,
    /// The provider's name for it, to look for at its desk.
    pub reference: Option<String>,
    /// Where it is in its life.
    pub state: PaymentState,
    /// What was agreed to.
    pub amount: Money,
    /// What was taken of it.
    pub captured: Money,
    /// What was given back.
    pub refunded: Money,
}

/// The order that something is owed for.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OwedOrder {
    /// The order.
    pub order_id: OrderId,
    /// The number people use for it.
    pub order_number: OrderNumber,
    /// Where it is in its life.
    pub status: OrderStatus,
}

/// A compensation that is tried again.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CompensationRetried {
    /// The compensation.
    pub compensation_id: CompensationId,
    /// `pending`.
    pub state: CompensationStatus,
    /// Its tries: 0 for one that was given up.
    pub attempts: i64,
    /// How often an operator had it begin anew.
    pub retries: i64,
    /// When it is due: now.
    pub next_attempt_at_ms: i64,
}

/// A compensation that is settled.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CompensationResolved {
    /// The compensation.
    pub compensation_id: CompensationId,
    /// `resolved`.
    pub state: CompensationStatus,
    /// What was said of the money.
    pub outcome: Outcome,
    /// Where the payment is now.
    pub payment_state: PaymentState,
}

/// What a decision is made of, and fenced by.
#[derive(Debug, Deserialize)]
struct Seen {
    compensation_id: CompensationId,
    kind: CompensationKind,
    state: CompensationStatus,
    attempts: i64,
    retries: i64,
    amount: Money,
    payment_id: PaymentId,
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
pub fn compensations(
    ports: &Ports<'_>,
    query: &ListCompensations,
) -> Result<Done<CompensationPage>, Problem> {
    let (compensations, last) = page(
        ports,
        &sql::COMPENSATION_LIST,
        query.limit,
        |limit| json!({ "state": query.state.unwrap_or_default(), "kind": query.kind, "cursor": query.cursor, "limit": limit }),
    )?;
    let next_cursor = last.map(|last| last.id("compensation_id")).transpose()?;
    Ok(Done::new(CompensationPage { compensations, next_cursor }))
}

/// One, whole.
///
/// # Errors
/// `compensation_not_found`.
pub fn compensation(
    ports: &Ports<'_>,
    compensation_id: &CompensationId,
) -> Result<Done<Rendered<CompensationView>>, Problem> {
    read(&Shop::new(ports), compensation_id).map(Done::new)
}

/// Has one tried again: a dead one as if it were new, one that waits now. The worker takes it.
///
/// # Errors
/// `compensation_not_found`; `already_settled` when there is nothing left to try for;
/// `being_tried`.
pub fn retry_compensation(
    ports: &Ports<'_>,
    service: &Service,
    compensation_id: &CompensationId,
    body: &Act,
    change: &KeyedChange,
) -> Result<Done<Rendered<CompensationRetried>>, Problem> {
    let shop = Shop::new(ports);
    let seen: Seen = read(&shop, compensation_id)?;
    let actor = service.actor();
    // A cancelled order's money is not taken.
    let stands = seen.order.as_ref().is_some_and(|order| order.status != OrderStatus::Cancelled);
    let anew = tried_anew(seen.kind, seen.payment.state)
        .filter(|_| stands || seen.kind != CompensationKind::CapturePayment);
    let input = json!({
        "compensation_id": compensation_id, "legal_from": legal(anew.is_some()), "state": seen.state, "attempts": seen.attempts, "retries": seen.retries,
        "payment_state": seen.payment.state, "to_payment_state": anew, "actor": actor, "reason": body.reason.0,
    });
    change.apply(&shop, &actor, &sql::COMPENSATION_RETRY, input)?.done(|refusal| {
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
    compensation_id: &CompensationId,
    body: &ResolveCompensation,
    change: &KeyedChange,
) -> Result<Done<Rendered<CompensationResolved>>, Problem> {
    let shop = Shop::new(ports);
    let seen: Seen = read(&shop, compensation_id)?;
    let actor = service.actor();
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
    let resolved = events::CompensationResolved {
        compensation_id: &seen.compensation_id,
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
    change.apply(&shop, &actor, &sql::COMPENSATION_RESOLVE, input)?.done(|refusal| {
        if refusal != Refusal::CompensationMovedOn {
            refused(refusal)
        } else if seen.is_over() {
            already("it is done, or was settled")
        } else if after.is_none() {
            Problem::new(Code::OutcomeImpossible)
                .field("/outcome")
                .detail(format!("the payment is {}", before.state))
        } else {
            being_tried()
        }
    })
}

fn read<R: serde::de::DeserializeOwned>(
    shop: &Shop<'_>,
    compensation_id: &CompensationId,
) -> Result<R, Problem> {
    let found =
        shop.read(&sql::COMPENSATION_VIEW, &json!({ "compensation_id": compensation_id }))?;
    found.ok_or_else(|| Problem::new(Code::CompensationNotFound))
}

/// The states an action is legal from: judged behind the key, so that a replay is answered whatever
/// has become of the row.
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
