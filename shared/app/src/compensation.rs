//! What is owed to the provider: taken as rows, tried, and written down as done, to be tried again, or dead (CHK-8).

use crate::{
    event::Event,
    payment::{PaymentRow, provider},
    settings::{COMPENSATION_ATTEMPTS, COMPENSATION_VOID_ATTEMPTS, COMPENSATION_WAIT_LIMIT_MS, COMPENSATION_WAIT_MS, WORKER_LEASE_MS},
    shop::Shop,
};
use domain::{
    compensation::{CompensationKind, CompensationStatus},
    payment::PaymentState,
    retry::{AfterFailure, Growth, RetryPolicy},
    saga::SagaState,
};
use edge::Problem;
use json::{Value, json};
use providers::{Authorization, PaymentProvider as _, ProviderError, Refund, Void};
use serde::Deserialize;
use store::{Refusal, sql};

/// A leased compensation.
#[derive(Debug, Deserialize)]
struct Owed {
    compensation_id: String,
    kind: CompensationKind,
    payment_id: String,
    saga_id: String,
    amount_minor: i64,
    attempts: u32,
    reason: String,
    payment: PaymentRow,
    plan: PlannedOrder,
}

/// The order that was planned.
#[derive(Debug, Deserialize)]
struct PlannedOrder {
    order_id: String,
    return_url: Option<String>,
}

/// What one try came to.
enum Attempt {
    /// Done; the payment's state, its reference, and what was refunded.
    Done { state: PaymentState, reference: Option<String>, refunded_minor: i64 },
    /// Not now.
    Failed(String),
    /// Never: a person must look.
    Hopeless(String),
}

/// What became of the row that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tried {
    /// Done, to be tried again, or dead.
    Settled(CompensationStatus),
    /// Another worker has taken it over meanwhile: its business.
    Overtaken,
}

/// Takes the due compensation that has waited longest, or the one named, and tries it once. `None` when none is due.
pub(crate) async fn run_next(shop: &Shop<'_>, only: Option<&str>) -> Result<Option<Tried>, Problem> {
    let token = shop.id();
    let lease = json!({ "lease_token": token, "lease_ms": shop.setting(&WORKER_LEASE_MS)?, "limit": 1, "compensation_id": only });
    let Some(owed) = shop.read::<Owed>(&sql::COMPENSATION_LEASE, &lease)? else {
        return Ok(None);
    };
    let attempt = match owed.kind {
        CompensationKind::VoidPayment | CompensationKind::CancelIntent => void(shop, &owed).await?,
        CompensationKind::RefundPayment => refund(shop, &owed).await?,
        CompensationKind::CapturePayment => Attempt::Hopeless("a capture is the saga's, never a compensation".to_owned()),
    };
    settle(shop, &owed, &token, attempt).map(Some)
}

/// Gives a hold back. Without a reference the provider is asked by the authorization's key what it did, if anything.
async fn void(shop: &Shop<'_>, owed: &Owed) -> Result<Attempt, Problem> {
    let provider = provider(shop)?;
    let reference = match &owed.payment.reference {
        Some(reference) => reference.clone(),
        None => {
            match provider.look_up(&owed.payment.authorization(&owed.saga_id, &owed.plan.order_id, owed.plan.return_url.as_deref())).await {
                Ok(Authorization::Authorized { reference } | Authorization::ActionRequired { reference, .. }) => reference,
                Ok(Authorization::Declined { reference, .. }) => {
                    return Ok(Attempt::Done { state: PaymentState::Failed, reference, refunded_minor: 0 });
                }
                Err(ProviderError::Mismatch { reference, .. }) => reference,
                Err(error) => return Ok(failed(&error)),
            }
        }
    };
    Ok(match provider.void(&reference, &format!("{}/void/{}", owed.compensation_id, owed.attempts)).await {
        Ok(Void::Voided { .. }) => Attempt::Done { state: PaymentState::Voided, reference: Some(reference), refunded_minor: 0 },
        Ok(Void::Captured { .. }) => Attempt::Hopeless("the payment was captured; refund it by hand".to_owned()),
        Err(error) => failed(&error),
    })
}

/// Gives money back that was taken.
async fn refund(shop: &Shop<'_>, owed: &Owed) -> Result<Attempt, Problem> {
    let Some(reference) = &owed.payment.reference else {
        return Ok(Attempt::Hopeless("a refund without a payment reference".to_owned()));
    };
    let currency = owed.payment.currency.as_str();
    let key = format!("{}/refund", owed.compensation_id);
    Ok(match provider(shop)?.refund(reference, owed.amount_minor, currency, &owed.compensation_id, &key).await {
        Ok(Refund::Succeeded { .. } | Refund::Pending { .. } | Refund::AlreadyRefunded { .. }) => {
            Attempt::Done { state: PaymentState::Refunded, reference: None, refunded_minor: owed.amount_minor }
        }
        Ok(Refund::Failed { code, .. } | Refund::Refused { code, .. }) => Attempt::Hopeless(code),
        Err(error) => failed(&error),
    })
}

fn failed(error: &ProviderError) -> Attempt {
    match error {
        ProviderError::Unauthorized { .. } | ProviderError::Rejected { .. } | ProviderError::Mismatch { .. } => {
            Attempt::Hopeless(error.to_string())
        }
        ProviderError::NotSent { .. } | ProviderError::Unknown { .. } | ProviderError::CircuitOpen { .. } => {
            Attempt::Failed(error.to_string())
        }
    }
}

/// Writes the try down, unless another worker has taken the row over.
fn settle(shop: &Shop<'_>, owed: &Owed, token: &str, attempt: Attempt) -> Result<Tried, Problem> {
    let (status, retry_in_ms, error) = match &attempt {
        Attempt::Done { .. } => (CompensationStatus::Done, 0, None),
        Attempt::Hopeless(error) => (CompensationStatus::Dead, 0, Some(error)),
        Attempt::Failed(error) => match policy(shop, owed.kind)?.after_failure(owed.attempts) {
            AfterFailure::RetryAfterMs(wait_ms) => (CompensationStatus::Pending, wait_ms, Some(error)),
            AfterFailure::Dead => (CompensationStatus::Dead, 0, Some(error)),
        },
    };
    let (payment_state, reference, refunded_minor) = match &attempt {
        Attempt::Done { state, reference, refunded_minor } => (Some(*state), reference.clone(), *refunded_minor),
        Attempt::Failed(_) | Attempt::Hopeless(_) => (None, None, 0),
    };
    let event = |r#type| {
        let data = json!({ "compensation_id": owed.compensation_id, "kind": owed.kind, "payment_id": owed.payment_id, "order_id": owed.plan.order_id, "reason": owed.reason });
        Event::new(shop, r#type, "payment", &owed.payment_id, data)
    };
    let (events, alert) = match status {
        CompensationStatus::Done => (vec![event("compensation.completed")], None),
        CompensationStatus::Pending => (Vec::new(), None),
        CompensationStatus::Dead => (vec![event("compensation.dead")], error.cloned()),
    };
    let saga_state = (status != CompensationStatus::Pending).then_some(SagaState::Failed);
    let input = json!({
        "compensation_id": owed.compensation_id, "lease_token": token, "state": status, "retry_in_ms": retry_in_ms, "error": error,
        "payment_state": payment_state, "reference": reference, "refunded_minor": refunded_minor, "saga_state": saga_state,
        "alert": alert, "events": events,
    });
    match shop.apply::<Value>(&sql::COMPENSATION_SETTLE, &input)? {
        Ok(_) => Ok(Tried::Settled(status)),
        Err(Refusal::CompensationMovedOn) => Ok(Tried::Overtaken),
        Err(refusal) => Err(Problem::internal(format!("compensation refused: {refusal:?}"))),
    }
}

fn policy(shop: &Shop<'_>, kind: CompensationKind) -> Result<RetryPolicy, Problem> {
    let attempts = match kind {
        CompensationKind::VoidPayment | CompensationKind::CancelIntent => COMPENSATION_VOID_ATTEMPTS,
        CompensationKind::RefundPayment | CompensationKind::CapturePayment => COMPENSATION_ATTEMPTS,
    };
    Ok(RetryPolicy {
        attempts_max: shop.setting(&attempts)?,
        wait_first_ms: shop.setting(&COMPENSATION_WAIT_MS)?,
        wait_max_ms: shop.setting(&COMPENSATION_WAIT_LIMIT_MS)?,
        growth: Growth::Linear,
    })
}
