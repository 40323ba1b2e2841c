//! What is owed to the provider: taken as rows, tried, and written down as done, waiting, to be
//! tried again, or dead (CHK-8).
//!
//! An outcome that is not known is asked for before anything is sent again (PAY-8): a payment by
//! its state, a refund by the name we gave it. What finds itself too late leads to what is owed
//! instead: a void that finds the money taken becomes a refund.

use crate::{
    capture::{Taken, take},
    events::{
        CompensationCompleted, CompensationDead, Event, OrderStatusChanged, PaymentCaptured,
        RefundCompleted,
    },
    order::{REFUND, ends_when_refunded},
    payer::Payer,
    payment::{PaymentRow, provider},
    saga::step,
    shop::Shop,
    tries::{Failure, KEY_LIFE_MS, key_refused, misconfigured, policy},
};
use config::{
    COMPENSATION_ATTEMPTS, COMPENSATION_VOID_ATTEMPTS, COMPENSATION_WAIT_MS, PAYMENT_API_KEY,
    WORKER_LEASE_MS,
};
use domain::{
    compensation::{CompensationKind, CompensationStatus},
    ids::{CartId, CompensationId, OrderId, OrderNumber, PaymentId, RefundId, SagaId},
    money::Money,
    order::OrderStatus,
    payment::PaymentState,
    retry::{AfterFailure, RetryPolicy, WAIT_LONGEST_MS},
    saga::{SagaEvent, SagaState},
};
use json::{Value, json};
use providers::{
    Authorization, Payment, PaymentProvider as _, PaymentState as ProviderState, ProviderError,
    Refund, Stripe, Void,
};
use serde::Deserialize;
use store::{Refusal, sql};
use terms::Problem;

/// Who the history of an order names for what is done here.
const WORKER: &str = "compensation-retry";

/// A leased compensation.
#[derive(Debug, Deserialize)]
struct Owed {
    compensation_id: CompensationId,
    kind: CompensationKind,
    payment_id: PaymentId,
    saga_id: SagaId,
    amount_minor: i64,
    /// Tries that were made.
    attempts: u32,
    /// How often an operator had it tried anew.
    retries: u32,
    failing_since_ms: Option<i64>,
    /// The provider's name for a refund that it has accepted.
    refund_reference: Option<String>,
    created_at_ms: i64,
    saga_created_at_ms: i64,
    now_ms: i64,
    reason: String,
    /// The order, if it came to one.
    order: Option<OfOrder>,
    payment: PaymentRow,
    plan: PlannedOrder,
}

/// The order whose money it is.
#[derive(Debug, Deserialize)]
struct OfOrder {
    status: OrderStatus,
    order_number: OrderNumber,
    cart_id: CartId,
    /// What of its total nobody has asked back.
    left_minor: i64,
}

/// The order that was planned.
#[derive(Debug, Deserialize)]
struct PlannedOrder {
    order_id: OrderId,
    return_url: Option<String>,
    #[serde(default)]
    payer: Option<Payer>,
}

/// What one try came to.
enum Attempt {
    /// Done, and what is known of the payment now.
    Done(Known),
    /// The money was taken meanwhile, so much of it: that must go back.
    Taken(i64),
    /// A refund was accepted and is not finished; the provider's name for it.
    Accepted(String),
    /// It is another's to try.
    NotMade,
    /// No answer to rely on.
    Failed(ProviderError),
    /// Never: a person must look.
    Hopeless(String),
}

/// What became of the payment.
#[derive(Default)]
struct Known {
    state: Option<PaymentState>,
    reference: Option<String>,
    captured_minor: Option<i64>,
    refunded_minor: i64,
    /// Where its order has come to with it.
    order_status: Option<OrderStatus>,
    /// What is told of it besides.
    told: Vec<Event>,
}

impl Known {
    fn is(state: PaymentState) -> Self {
        Self { state: Some(state), ..Self::default() }
    }
}

/// What became of the row that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tried {
    /// Done, waiting or to be tried again, or dead.
    Settled(CompensationStatus),
    /// Given back untried: the provider is not to be called now.
    Untried,
    /// Another worker has taken it over meanwhile: its business.
    Overtaken,
}

/// Takes the due compensation that has waited longest, or the one named, and tries it once. `None`
/// when none is due.
///
/// # Errors
/// Our configuration is wrong: the row is given back as it was, and no other should be taken.
pub(crate) async fn run_next(
    shop: &Shop<'_>,
    only: Option<&CompensationId>,
) -> Result<Option<Tried>, Problem> {
    run(shop, only, async |provider, owed| match owed.kind {
        CompensationKind::VoidPayment | CompensationKind::CancelIntent => {
            void(provider, owed).await
        }
        CompensationKind::RefundPayment => {
            refund(provider, owed).await.map(|attempt| with_what_follows(shop, owed, attempt))
        }
        CompensationKind::CapturePayment => capture(provider, owed).await,
    })
    .await
}

/// Tries at once what has just been written down. It is a row: if this fails, the worker goes on,
/// and a line in the log says so.
pub(crate) async fn run_now(shop: &Shop<'_>, compensation_id: &CompensationId) {
    waits_if_failed(run_next(shop, Some(compensation_id)).await, compensation_id);
}

/// As [`run_now`], of a void or a cancel: a confirm takes and gives back no money, and does not
/// carry what does.
pub(crate) async fn void_now(shop: &Shop<'_>, compensation_id: &CompensationId) {
    let tried = run(shop, Some(compensation_id), async |provider, owed| match owed.kind {
        CompensationKind::VoidPayment | CompensationKind::CancelIntent => {
            void(provider, owed).await
        }
        CompensationKind::RefundPayment | CompensationKind::CapturePayment => Ok(Attempt::NotMade),
    })
    .await;
    waits_if_failed(tried, compensation_id);
}

fn waits_if_failed(tried: Result<Option<Tried>, Problem>, compensation_id: &CompensationId) {
    if let Err(problem) = tried {
        terms::log(
            "warning",
            "a compensation waits for its worker",
            &[("compensation_id", compensation_id.as_str()), ("code", problem.code().slug())],
        );
    }
}

async fn run(
    shop: &Shop<'_>,
    only: Option<&CompensationId>,
    try_once: impl AsyncFnOnce(&Stripe<'_>, &Owed) -> Result<Attempt, ProviderError>,
) -> Result<Option<Tried>, Problem> {
    // Before a row is taken: with a configuration like that none can be tried.
    let provider =
        provider(shop).map_err(|problem| misconfigured(shop, PAYMENT_API_KEY.name, problem))?;
    let token = shop.id();
    let lease = json!({ "lease_token": token, "lease_ms": shop.setting(&WORKER_LEASE_MS)?, "limit": 1, "compensation_id": only });
    let Some(owed) = shop.read::<Owed>(&sql::COMPENSATION_LEASE, &lease)? else {
        return Ok(None);
    };
    let tried = try_once(&provider, &owed).await;
    settle(shop, &owed, &token, tried.unwrap_or_else(Attempt::Failed)).map(Some)
}

/// Gives a hold back. Without a reference the provider is asked by the authorization's key what it
/// did, if anything.
async fn void(provider: &Stripe<'_>, owed: &Owed) -> Result<Attempt, ProviderError> {
    let reference = match &owed.payment.reference {
        Some(reference) => reference.clone(),
        None => match authorized(provider, owed).await? {
            Found::Held(reference) => reference,
            Found::Refused(reference) => {
                return Ok(Attempt::Done(Known { reference, ..Known::is(PaymentState::Failed) }));
            }
            Found::Nothing => return Ok(Attempt::Done(Known::is(PaymentState::Voided))),
        },
    };
    match provider
        .void(
            &reference,
            &format!("{}/void/{}/{}", owed.compensation_id, owed.retries, owed.attempts),
        )
        .await?
    {
        Void::Voided { .. } => Ok(Attempt::Done(Known {
            reference: Some(reference),
            ..Known::is(PaymentState::Voided)
        })),
        Void::Captured { .. } => {
            Ok(Attempt::Taken(provider.retrieve(&reference).await?.amount_captured_minor))
        }
    }
}

/// What an authorization came to that nobody has heard of.
enum Found {
    Held(String),
    Refused(Option<String>),
    Nothing,
}

/// Asks what became of the authorization: by its key, and once the provider may have forgotten
/// that, by our name for it. The same request would then be a second hold.
async fn authorized(provider: &Stripe<'_>, owed: &Owed) -> Result<Found, ProviderError> {
    let request = owed.payment.authorization(
        &owed.saga_id,
        &owed.plan.order_id,
        owed.plan.return_url.as_deref(),
        owed.plan.payer.as_ref(),
    );
    if owed.now_ms.saturating_sub(owed.saga_created_at_ms) > KEY_LIFE_MS {
        return Ok(match provider.find(&request).await {
            Ok(Some(Payment { reference, state: ProviderState::Failed, .. })) => {
                Found::Refused(Some(reference))
            }
            Ok(Some(payment)) => Found::Held(payment.reference),
            Ok(None) => Found::Nothing,
            Err(ProviderError::Mismatch { reference, .. }) => Found::Held(reference),
            Err(error) => return Err(error),
        });
    }
    match provider.look_up(&request).await {
        Ok(
            Authorization::Authorized { reference }
            | Authorization::ActionRequired { reference, .. },
        ) => Ok(Found::Held(reference)),
        Ok(Authorization::Declined { reference, .. }) => Ok(Found::Refused(reference)),
        Err(ProviderError::Mismatch { reference, .. }) => Ok(Found::Held(reference)),
        // Under its key a request that is refused is one that never went through.
        Err(ProviderError::Rejected { .. }) => Ok(Found::Nothing),
        Err(error) => Err(error),
    }
}

/// Gives money back that was taken. One that was accepted is asked for by its name, and before it
/// is asked for again it is looked for.
async fn refund(provider: &Stripe<'_>, owed: &Owed) -> Result<Attempt, ProviderError> {
    let Some(reference) = &owed.payment.reference else {
        return Ok(Attempt::Hopeless("a refund without a payment reference".to_owned()));
    };
    if let Some(accepted) = &owed.refund_reference {
        return Ok(refunded(owed, provider.refund_state(accepted).await?));
    }
    let asked_before = owed.attempts > 0
        || owed.retries > 0
        || owed.now_ms.saturating_sub(owed.created_at_ms) > KEY_LIFE_MS;
    if asked_before {
        match provider.find_refund(reference, owed.compensation_id.as_str()).await? {
            // An operator has it asked for anew.
            Some(Refund::Failed { .. }) if owed.retries > 0 => {}
            Some(found) => return Ok(refunded(owed, found)),
            None => {}
        }
    }
    // A key is one request at the provider, and its failure too: what an operator has tried anew is
    // another.
    let key = match owed.retries {
        0 => format!("{}/refund", owed.compensation_id),
        retries => format!("{}/refund/{retries}", owed.compensation_id),
    };
    let currency = owed.payment.currency.as_str();
    Ok(refunded(
        owed,
        provider
            .refund(reference, owed.amount_minor, currency, owed.compensation_id.as_str(), &key)
            .await?,
    ))
}

/// And what follows of a refund that is done: it is told, and with the last of its money the order is
/// over. A confirm gives no money back, and does not carry this.
fn with_what_follows(shop: &Shop<'_>, owed: &Owed, attempt: Attempt) -> Attempt {
    let Attempt::Done(mut known) = attempt else { return attempt };
    let PlannedOrder { order_id, .. } = &owed.plan;
    let named = RefundId::try_from(owed.compensation_id.as_str()).ok();
    if let Some(refund_id) = named.filter(|_| owed.reason == REFUND) {
        let amount = Money::new(owed.amount_minor, owed.payment.currency);
        let done = RefundCompleted { order_id, refund_id: &refund_id, amount };
        known.told.push(Event::of(shop, &done));
    }
    let over = owed.order.as_ref().filter(|order| {
        known.state == Some(PaymentState::Refunded)
            && order.left_minor == 0
            && ends_when_refunded(order.status)
    });
    if let Some(OfOrder { status: from_status, order_number, cart_id, .. }) = over {
        let (from_status, status, actor) = (*from_status, OrderStatus::Refunded, WORKER);
        let changed =
            OrderStatusChanged { order_id, order_number, cart_id, actor, status, from_status };
        known.told.push(Event::of(shop, &changed));
        known.order_status = Some(status);
    }
    Attempt::Done(known)
}

/// What the provider says of a refund.
fn refunded(owed: &Owed, refund: Refund) -> Attempt {
    match refund {
        Refund::Succeeded { .. } | Refund::AlreadyRefunded { .. } => {
            let all = owed.payment.refunded_minor.saturating_add(owed.amount_minor)
                >= owed.payment.captured_minor;
            let state = if all { PaymentState::Refunded } else { PaymentState::PartiallyRefunded };
            Attempt::Done(Known { refunded_minor: owed.amount_minor, ..Known::is(state) })
        }
        Refund::Pending { refund_reference, .. } => Attempt::Accepted(refund_reference),
        Refund::Failed { code, .. } => Attempt::Hopeless(format!("the refund failed: {code}")),
        Refund::Refused { code, .. } => Attempt::Hopeless(code),
    }
}

/// Takes the money of an order that stands, whose saga has given it up and an operator has not.
async fn capture(provider: &Stripe<'_>, owed: &Owed) -> Result<Attempt, ProviderError> {
    let Some(reference) = &owed.payment.reference else {
        return Ok(Attempt::Hopeless("a capture without a payment reference".to_owned()));
    };
    if owed.order.as_ref().is_some_and(|order| order.status == OrderStatus::Cancelled) {
        return Ok(Attempt::Hopeless("the order has been cancelled".to_owned()));
    }
    let key = owed
        .payment
        .capture_key(&format!("{}/{}/{}", owed.compensation_id, owed.retries, owed.attempts));
    Ok(match take(provider, &owed.payment, reference, &key, true).await? {
        Taken::Captured(amount_minor) => Attempt::Done(Known {
            captured_minor: Some(amount_minor),
            ..Known::is(PaymentState::Captured)
        }),
        Taken::Refused(code) => Attempt::Hopeless(code),
    })
}

/// What is written down of a try.
struct Settlement {
    state: CompensationStatus,
    tried: bool,
    retry_in_ms: i64,
    error: Option<String>,
    alert: bool,
    known: Known,
    refund_reference: Option<String>,
    /// The refund that takes its place.
    next: Option<(CompensationId, i64)>,
}

impl Settlement {
    fn of(state: CompensationStatus) -> Self {
        Self {
            state,
            tried: true,
            retry_in_ms: 0,
            error: None,
            alert: false,
            known: Known::default(),
            refund_reference: None,
            next: None,
        }
    }

    /// Given back as it was.
    fn untried(owed: &Owed, retry_in_ms: i64) -> Self {
        Self {
            tried: false,
            retry_in_ms,
            refund_reference: owed.refund_reference.clone(),
            ..Self::of(CompensationStatus::Pending)
        }
    }

    fn dead(error: String) -> Self {
        Self { error: Some(error), alert: true, ..Self::of(CompensationStatus::Dead) }
    }

    fn failed(owed: &Owed, policy: RetryPolicy, asked_ms: i64, error: String) -> Self {
        let attempt = owed.attempts.saturating_add(1);
        let failing_ms = owed.now_ms.saturating_sub(owed.failing_since_ms.unwrap_or(owed.now_ms));
        match policy.after_failure(attempt, failing_ms) {
            AfterFailure::RetryAfterMs(wait_ms) => Self {
                retry_in_ms: wait_ms.max(asked_ms),
                error: Some(error),
                alert: policy.alerts(attempt),
                refund_reference: owed.refund_reference.clone(),
                ..Self::of(CompensationStatus::Pending)
            },
            AfterFailure::Dead => {
                Self { refund_reference: owed.refund_reference.clone(), ..Self::dead(error) }
            }
        }
    }
}

/// Writes the try down, unless another worker has taken the row over.
fn settle(shop: &Shop<'_>, owed: &Owed, token: &str, attempt: Attempt) -> Result<Tried, Problem> {
    let settlement = match attempt {
        Attempt::Done(known) => Settlement { known, ..Settlement::of(CompensationStatus::Done) },
        Attempt::Taken(captured_minor) => {
            let back = captured_minor.saturating_sub(owed.payment.refunded_minor);
            let known =
                Known { captured_minor: Some(captured_minor), ..Known::is(PaymentState::Captured) };
            Settlement {
                known,
                next: Some((shop.new_id()?, back)),
                ..Settlement::of(CompensationStatus::Done)
            }
        }
        Attempt::Accepted(refund_reference) => {
            // Waiting is no try. A young refund is asked for soon, an old one seldom.
            let age_ms = owed.now_ms.saturating_sub(owed.created_at_ms);
            let retry_in_ms = age_ms
                .checked_div(4)
                .unwrap_or_default()
                .clamp(shop.setting(&COMPENSATION_WAIT_MS)?, WAIT_LONGEST_MS);
            Settlement {
                tried: false,
                retry_in_ms,
                refund_reference: Some(refund_reference),
                ..Settlement::of(CompensationStatus::Pending)
            }
        }
        Attempt::NotMade => {
            write(shop, owed, token, Settlement::untried(owed, 0))?;
            return Ok(Tried::Untried);
        }
        Attempt::Hopeless(error) => Settlement::dead(error),
        Attempt::Failed(error) => match Failure::of(&error) {
            Failure::Try { wait_ms } => {
                Settlement::failed(owed, owed.policy(shop)?, wait_ms, error.to_string())
            }
            Failure::Untried { wait_ms } => {
                write(shop, owed, token, Settlement::untried(owed, wait_ms))?;
                return Ok(Tried::Untried);
            }
            Failure::Misconfigured => {
                write(shop, owed, token, Settlement::untried(owed, 0))?;
                return Err(key_refused(shop, &error.to_string()));
            }
        },
    };
    write(shop, owed, token, settlement)
}

fn write(
    shop: &Shop<'_>,
    owed: &Owed,
    token: &str,
    settlement: Settlement,
) -> Result<Tried, Problem> {
    let Settlement { state, tried, retry_in_ms, error, alert, known, refund_reference, next } =
        settlement;
    let Owed {
        compensation_id, payment_id, kind, reason, plan: PlannedOrder { order_id, .. }, ..
    } = owed;
    let kind = *kind;
    let mut events = Vec::new();
    match state {
        // What takes its place will say when it is done.
        CompensationStatus::Done if next.is_none() => {
            events.push(Event::of(
                shop,
                &CompensationCompleted { compensation_id, payment_id, order_id, reason, kind },
            ));
        }
        CompensationStatus::Dead => {
            events.push(Event::of(
                shop,
                &CompensationDead { compensation_id, payment_id, order_id, reason, kind },
            ));
        }
        CompensationStatus::Done | CompensationStatus::Pending | CompensationStatus::Resolved => {}
    }
    if let (CompensationKind::CapturePayment, Some(captured_minor)) = (kind, known.captured_minor) {
        let amount = Money::new(captured_minor, owed.payment.currency);
        events.push(Event::of(shop, &PaymentCaptured { order_id, payment_id, amount }));
    }
    events.extend(known.told);
    // What a saga waits for that goes back; of any other this is no business.
    let saga_state = match state {
        CompensationStatus::Pending => None,
        CompensationStatus::Done => Some(step(SagaState::Voiding, SagaEvent::Voided)?),
        CompensationStatus::Dead | CompensationStatus::Resolved => {
            Some(step(SagaState::Voiding, SagaEvent::VoidGivenUp)?)
        }
    };
    let input = json!({
        "compensation_id": owed.compensation_id, "lease_token": token, "state": state, "tried": tried, "retry_in_ms": retry_in_ms, "error": error,
        "payment_state": known.state, "reference": known.reference, "captured_minor": known.captured_minor,
        "refunded_minor": known.refunded_minor, "payment_refunded_minor": owed.payment.refunded_minor,
        "order_id": order_id, "order_status": known.order_status, "refund_reference": refund_reference, "saga_state": saga_state,
        "next": next.map(|(compensation_id, amount_minor)| json!({
            "compensation_id": compensation_id, "kind": CompensationKind::RefundPayment, "amount_minor": amount_minor,
        })),
        "alert": error.as_ref().filter(|_| alert), "events": events,
    });
    match shop.apply::<Value>(&sql::COMPENSATION_SETTLE, &input)? {
        Ok(_) => Ok(Tried::Settled(state)),
        Err(Refusal::CompensationMovedOn) => Ok(Tried::Overtaken),
        Err(refusal) => Err(Problem::internal(format!("compensation refused: {refusal:?}"))),
    }
}

impl Owed {
    fn policy(&self, shop: &Shop<'_>) -> Result<RetryPolicy, Problem> {
        let alert_after = match self.kind {
            CompensationKind::VoidPayment | CompensationKind::CancelIntent => {
                COMPENSATION_VOID_ATTEMPTS
            }
            CompensationKind::RefundPayment | CompensationKind::CapturePayment => {
                COMPENSATION_ATTEMPTS
            }
        };
        policy(shop, &alert_after)
    }
}
