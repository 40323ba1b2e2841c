//! The one place that drives a saga (CHK-6). The HTTP confirm and the recovery worker both call
//! [`drive`].
//!
//! Every outside call stands between two rows: the one that says it will be made, under which key,
//! and the one that says what came of it. Whoever finds the first without the second asks the
//! provider again by that key. A driver holds the saga's lease; each write names the lease's token,
//! so that a driver that was overtaken changes nothing more.

use crate::{
    capture::{Taken, stands, take},
    compensation,
    events::{
        AccountDrawn, CaptureRequested, CartConverted, CompensationDead, Event, OrderCreated,
        OrderLine, PaymentCaptured, StockCommitted,
    },
    fraud::{self, Found},
    members::{ClientSecret, DeclineCode, NextActionUrl, ReservedUntil},
    order::{LineDetail, OrderDetail},
    payer::{Payer, forget, told_of},
    payment::{NO_PROVIDER, PaymentRow, provider},
    shop::Shop,
    tries::{Failure, KEY_LIFE_MS, key_refused, misconfigured, policy},
};
use config::{
    ACTION_POLL_LIMIT_MS, ACTION_POLL_MS, PAYMENT_API_KEY, PAYMENT_CAPTURE,
    PAYMENT_CAPTURE_ATTEMPTS, PENDING_ORDER_MS, SAGA_RETRY_MS, UNPAID_ORDER_MS,
};
use domain::{
    compensation::CompensationKind,
    fraud::Decision,
    ids::{
        AccountId, CartId, CompensationId, CustomerId, OrderId, OrderNumber, PaymentId,
        PromotionId, ReservationId, SagaId, SessionId, Sku, WarehouseId,
    },
    money::{Currency, Money},
    order::OrderStatus,
    payment::{OfflineMethod, PaymentState},
    promotion,
    retry::AfterFailure,
    saga::{SagaEvent, SagaState, next},
    stored_value::{AccountKind, EntryKind},
    totals::Warning,
};
use json::{Value, json};
use providers::{
    Authorization, AuthorizeRequest, Card, PaymentProvider as _, PaymentState as ProviderState,
    ProviderError, Stripe,
};
use serde::{Deserialize, Serialize};
use store::{Refusal, sql};
use terms::{Code, Problem, Rendered};

/// What a confirm decided before it called anyone, kept with the saga: recovery works from this
/// alone. No personal data.
#[derive(Debug, Serialize)]
pub(crate) struct Plan {
    pub(crate) order_id: OrderId,
    pub(crate) payment_id: PaymentId,
    pub(crate) provider: String,
    pub(crate) payment_method: String,
    /// What the buyer agreed to, as a hash: a confirm that asks for the same is of this attempt.
    pub(crate) agreement: String,
    /// Where the buyer comes back to from their bank: a look-up must send it again.
    pub(crate) return_url: Option<String>,
    /// Who they are at the provider, likewise.
    pub(crate) payer: Option<Payer>,
    pub(crate) currency: Currency,
    pub(crate) subtotal_minor: i64,
    pub(crate) discount_minor: i64,
    pub(crate) shipping_minor: i64,
    pub(crate) tax_minor: i64,
    pub(crate) total_minor: i64,
    /// What is drawn on accounts of it.
    pub(crate) draws: Vec<PlannedDraw>,
    /// What the provider is asked for: the rest.
    pub(crate) payable_minor: i64,
    /// Whether it stays held until somebody asks for it, whatever the shop does otherwise.
    pub(crate) capture_later: bool,
    /// What the shop's rules of fraud have found in its buyer.
    pub(crate) fraud: Found,
    /// What is told of promotions and accounts once there is an order.
    pub(crate) events: Vec<Event>,
    /// What the buyer is told with the order.
    pub(crate) warnings: Rendered<Vec<Warning>>,
    /// How the totals were made, the shipping chosen and where it was rated for; frozen onto the
    /// order.
    pub(crate) detail: OrderDetail,
    pub(crate) lines: Vec<PlanLine>,
}

/// One order line to be: one SKU from one warehouse, so that a line and its reservation are one to
/// one.
#[derive(Debug, Serialize)]
pub(crate) struct PlanLine {
    pub(crate) line_no: i64,
    pub(crate) sku: Sku,
    pub(crate) product_id: String,
    pub(crate) name: String,
    pub(crate) quantity: i64,
    pub(crate) unit_price_minor: i64,
    pub(crate) subtotal_minor: i64,
    pub(crate) discount_minor: i64,
    pub(crate) tax_minor: i64,
    pub(crate) total_minor: i64,
    pub(crate) detail: LineDetail,
    pub(crate) warehouse_id: WarehouseId,
    pub(crate) reservation_id: ReservationId,
}

/// A use of a promotion that a confirm claims; its order has it, or it is given back.
#[derive(Debug, Serialize)]
pub(crate) struct PlannedUse {
    pub(crate) promotion_id: PromotionId,
    /// Of the rule, as it was read.
    pub(crate) version: i64,
    pub(crate) code: Option<promotion::Code>,
    /// What it takes off, in the order's currency.
    pub(crate) amount_minor: i64,
    /// The same in the rule's, for its budget.
    pub(crate) spent_minor: i64,
}

/// What is drawn on an account: held from the claim on, spent with the order, or given back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PlannedDraw {
    pub(crate) account_id: AccountId,
    pub(crate) kind: AccountKind,
    pub(crate) customer_id: Option<CustomerId>,
    /// What leaves the account, in minor units or points.
    pub(crate) units: i64,
    /// What that pays.
    pub(crate) amount_minor: i64,
}

impl PlannedDraw {
    /// That an order has it.
    pub(crate) fn spent(&self, shop: &Shop<'_>, order_id: &OrderId) -> Event {
        let Self { account_id, kind, customer_id, units, amount_minor: _ } = self;
        let (kind, customer_id, entry) = (*kind, customer_id.clone(), EntryKind::Spent);
        let amount_minor = units.saturating_neg();
        Event::of(
            shop,
            &AccountDrawn { account_id, order_id, kind, entry, amount_minor, customer_id },
        )
    }
}

/// What a driver reads of the plan; the rest is for the statement that makes the order.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Planned {
    pub(crate) order_id: OrderId,
    pub(crate) payment_id: PaymentId,
    pub(crate) currency: Currency,
    pub(crate) total_minor: i64,
    pub(crate) agreement: String,
    pub(crate) return_url: Option<String>,
    #[serde(default)]
    pub(crate) payer: Option<Payer>,
    #[serde(default)]
    pub(crate) capture_later: bool,
    /// What the shop's rules have found in its buyer; nothing where it has none.
    #[serde(default)]
    pub(crate) fraud: Found,
    /// As they were made with the plan.
    pub(crate) events: Vec<Value>,
    pub(crate) warnings: Rendered<Vec<Warning>>,
    pub(crate) lines: Vec<OrderLine>,
}

/// A saga's row with its payment.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Saga {
    pub(crate) saga_id: SagaId,
    pub(crate) session_id: SessionId,
    pub(crate) cart_id: CartId,
    pub(crate) owner: String,
    pub(crate) state: SagaState,
    pub(crate) plan: Planned,
    /// How often it was taken up again.
    pub(crate) attempts: u32,
    /// Tries of its capture that failed.
    pub(crate) capture_attempts: u32,
    /// Since when they fail.
    pub(crate) failing_since_ms: Option<i64>,
    pub(crate) created_at_ms: i64,
    pub(crate) lease_token: String,
    pub(crate) lease_until_ms: i64,
    pub(crate) now_ms: i64,
    pub(crate) reserved_until_ms: Option<i64>,
    pub(crate) payment: PaymentRow,
    /// By what the provider knows its card again, once a rule of fraud has asked for it.
    #[serde(skip)]
    pub(crate) card: Option<String>,
}

/// What the order's creation assigned.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OrderReceipt {
    /// What it was then.
    pub(crate) status: OrderStatus,
    pub(crate) order_id: OrderId,
    pub(crate) order_number: OrderNumber,
    pub(crate) created_at_ms: i64,
}

/// Why a saga goes back whose order the shop does not want.
const ORDER_DENIED: &str = "order_denied";

/// What a buyer is told beside the reason when a confirm has ended without an order.
const NO_ORDER: &str = "no order was made and nothing is charged; confirm again";

/// Where one drive left a saga.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// There is an order.
    Ordered(OrderReceipt),
    /// There is none, for good; what the buyer is told.
    Refused(Problem),
    /// Not known yet, or waiting for the buyer; recovery goes on.
    Pending(Problem),
    /// The provider cannot be asked, because our configuration is wrong: what the buyer is told. A
    /// worker stops.
    Misconfigured(Problem),
}

/// How a saga that has no order is written on.
#[derive(Default)]
struct Settlement {
    reason: &'static str,
    payment_state: Option<PaymentState>,
    reference: Option<String>,
    retry_in_ms: i64,
    free_cart: bool,
    release_stock: bool,
    /// What is owed to the provider, and its id.
    owes: Option<(CompensationKind, CompensationId)>,
}

/// Drives `saga`, whose lease the caller holds, as far as it goes now.
pub(crate) async fn drive(shop: &Shop<'_>, saga: Saga) -> Result<Outcome, Problem> {
    match saga.state {
        SagaState::Authorizing => authorize(shop, saga).await,
        SagaState::AwaitingAction => await_action(shop, saga).await,
        SagaState::Capturing => {
            let receipt = order_receipt(shop, &saga)?;
            Ok(match try_capture(shop, saga).await {
                Some(problem) if problem.code() == Code::ConfigurationInvalid => {
                    Outcome::Misconfigured(problem)
                }
                Some(problem) => Outcome::Pending(problem),
                None => Outcome::Ordered(receipt),
            })
        }
        SagaState::Completed => Ok(Outcome::Ordered(order_receipt(shop, &saga)?)),
        SagaState::Superseded => Ok(Outcome::Refused(Problem::new(Code::PaymentSuperseded))),
        SagaState::Voiding | SagaState::Declined | SagaState::Failed => Ok(Outcome::Refused(
            Problem::new(Code::ReservationExpired)
                .detail("this confirm has ended without an order"),
        )),
    }
}

async fn authorize(shop: &Shop<'_>, saga: Saga) -> Result<Outcome, Problem> {
    if saga.asks_nobody() {
        return create_order(shop, saga, None).await;
    }
    let request = saga.payment.authorization(
        &saga.saga_id,
        &saga.plan.order_id,
        saga.plan.return_url.as_deref(),
        saga.plan.payer.as_ref(),
    );
    let provider = match provider(shop) {
        Ok(provider) => provider,
        Err(problem) => return unconfigured(shop, saga, problem).await,
    };
    if saga.now_ms.saturating_sub(saga.created_at_ms) > KEY_LIFE_MS {
        return find(shop, saga, &provider, &request).await;
    }
    let answer = if saga.attempts == 0 {
        provider.authorize(&request).await
    } else {
        provider.look_up(&request).await
    };
    match answer {
        Ok(Authorization::Authorized { reference }) => {
            authorized(shop, saga, &provider, reference).await
        }
        Ok(Authorization::ActionRequired { reference, client_secret, next_action_url }) => {
            let settlement = Settlement {
                reason: "action_required",
                payment_state: Some(PaymentState::RequiresAction),
                reference: Some(reference),
                retry_in_ms: action_wait_ms(shop, &saga)?,
                ..Settlement::default()
            };
            let saga = settle(shop, &saga, SagaEvent::ActionRequired, settlement)?;
            Ok(Outcome::Pending(action_required(&saga, client_secret, next_action_url)))
        }
        Ok(Authorization::Declined { reference, decline_code, .. }) => {
            declined(shop, &saga, reference, &decline_code, true)
        }
        // Under its key a request that was refused is one that never went through.
        Err(error @ ProviderError::Rejected { .. }) if saga.payment.reference.is_none() => {
            if let Some(payer) = saga.plan.payer.as_ref().filter(|_| error.is_of_no_customer()) {
                forget(shop, &saga.owner, Some(&payer.customer))?;
            }
            nothing_held(shop, &saga, "provider_refused")?;
            Ok(Outcome::Refused(told_of(&error)))
        }
        Err(error) => unanswered(shop, saga, error).await,
    }
}

/// The provider may have forgotten the key, and the same request would be a second hold: it is
/// asked what it knows by our reference. Nothing means that nothing is held.
async fn find(
    shop: &Shop<'_>,
    saga: Saga,
    provider: &Stripe<'_>,
    request: &AuthorizeRequest,
) -> Result<Outcome, Problem> {
    match provider.find(request).await {
        Ok(Some(payment)) => match payment.state {
            ProviderState::Failed => {
                declined(shop, &saga, Some(payment.reference), "not_authorized", true)
            }
            ProviderState::Voided => {
                declined(shop, &saga, Some(payment.reference), "not_authorized", false)
            }
            ProviderState::Authorized | ProviderState::Captured => {
                authorized(shop, saga, provider, payment.reference).await
            }
            ProviderState::RequiresAction | ProviderState::Processing => {
                go_back(shop, saga, Some(payment.reference), SagaEvent::GivenUp, "provider_silent")
                    .await
            }
        },
        Ok(None) => {
            nothing_held(shop, &saga, "nothing_found")?;
            Ok(Outcome::Refused(Problem::new(Code::ReservationExpired).detail(NO_ORDER)))
        }
        Err(error) => unanswered(shop, saga, error).await,
    }
}

/// The buyer was asked to prove who they are: has the provider's answer changed?
async fn await_action(shop: &Shop<'_>, saga: Saga) -> Result<Outcome, Problem> {
    let Some(reference) = saga.payment.reference.clone() else {
        return Err(Problem::internal(format!(
            "saga {} awaits an action without a reference",
            saga.saga_id
        )));
    };
    let provider = match provider(shop) {
        Ok(provider) => provider,
        Err(problem) => return unconfigured(shop, saga, problem).await,
    };
    match provider.retrieve(&reference).await {
        Ok(payment) => match payment.state {
            ProviderState::Authorized | ProviderState::Captured => {
                let state = step(saga.state, SagaEvent::Authorized)?;
                authorized(shop, Saga { state, ..saga }, &provider, reference).await
            }
            ProviderState::RequiresAction | ProviderState::Processing if saga.lapsed() => {
                go_back(shop, saga, Some(reference), SagaEvent::GivenUp, "action_not_taken").await
            }
            ProviderState::RequiresAction | ProviderState::Processing => {
                let retry_in_ms = action_wait_ms(shop, &saga)?;
                write(
                    shop,
                    &saga,
                    saga.state,
                    Settlement { reason: "action_required", retry_in_ms, ..Settlement::default() },
                )?;
                Ok(Outcome::Pending(action_required(
                    &saga,
                    payment.client_secret,
                    payment.next_action_url,
                )))
            }
            ProviderState::Failed => {
                declined(shop, &saga, Some(reference), "authentication_failed", true)
            }
            ProviderState::Voided => {
                declined(shop, &saga, Some(reference), "authentication_failed", false)
            }
        },
        Err(error) => unanswered(shop, saga, error).await,
    }
}

/// The money is held. Where a rule looks at cards, this one is looked at before there is an order
/// (CHK-16).
async fn authorized(
    shop: &Shop<'_>,
    mut saga: Saga,
    provider: &Stripe<'_>,
    reference: String,
) -> Result<Outcome, Problem> {
    let mut ends_by = None;
    if saga.plan.fraud.asks_card {
        match provider.card(&reference).await {
            Ok(None) => {}
            Ok(Some(card)) => {
                if look_at(shop, &mut saga, card)? == Decision::Deny {
                    ends_by = Some((SagaEvent::OrderRefused, ORDER_DENIED));
                }
            }
            Err(_) if saga.lapsed() => ends_by = Some((SagaEvent::GivenUp, "provider_silent")),
            Err(error) => {
                wait(shop, &saga, "card_unknown")?;
                return Ok(Outcome::Pending(told_of(&error)));
            }
        }
    }
    match ends_by {
        None => create_order(shop, saga, Some(reference)).await,
        Some((event, reason)) => go_back(shop, saga, Some(reference), event, reason).await,
    }
}

/// What the card that pays adds to what was found in its buyer; a denial is written down.
fn look_at(shop: &Shop<'_>, saga: &mut Saga, card: Card) -> Result<Decision, Problem> {
    let total = Money::new(saga.plan.total_minor, saga.plan.currency);
    let found = fraud::find(shop, &saga.session_id, total, Some(&card))?;
    saga.plan.fraud.join(found);
    saga.card = Some(card.fingerprint);
    let decision = saga.plan.fraud.decide(shop)?;
    if decision == Decision::Deny {
        let of = (saga.owner.as_str(), &saga.session_id);
        fraud::deny(shop, of, total, &saga.plan.fraud, None)?;
    }
    Ok(decision)
}

/// The money is held, or there is none to hold: the one statement that makes the order, then the
/// capture if it is asked for. One that a person is to look at is not captured before they did.
async fn create_order(
    shop: &Shop<'_>,
    mut saga: Saga,
    reference: Option<String>,
) -> Result<Outcome, Problem> {
    let captures =
        shop.setting(&PAYMENT_CAPTURE)? && !saga.plan.capture_later && !saga.asks_nobody();
    let fraud = &saga.plan.fraud;
    // What would be denied by now was let go when it was asked: a person decides.
    let waits = fraud.decide(shop)? != Decision::Allow;
    let (status, reason) = match (waits, saga.payment.offline()) {
        (true, _) => (OrderStatus::OnHold, "waits for a review"),
        (false, Some(OfflineMethod::External)) => (OrderStatus::Pending, "waits for its payment"),
        (false, Some(OfflineMethod::CashOnDelivery) | None) => (OrderStatus::Confirmed, "checkout"),
    };
    let waits_ms = (status == OrderStatus::Pending).then(|| shop.setting(&PENDING_ORDER_MS));
    let due_in_ms = waits_ms.transpose()?;
    let hold =
        waits.then(|| json!({ "score": fraud.score, "rules": fraud.rules, "captures": captures }));
    let capture_now = captures && !waits;
    let to_state = step(saga.state, SagaEvent::OrderCreated { capture: capture_now })?;
    let plan = &saga.plan;
    let total = Money::new(plan.total_minor, plan.currency);
    let (order_id, cart_id, owner, lines) =
        (&plan.order_id, &saga.cart_id, saga.owner.as_str(), &plan.lines);
    let created = OrderCreated { order_id, cart_id, owner, status, total, lines: lines.clone() };
    let mut events = vec![
        Event::of(shop, &created),
        Event::of(shop, &StockCommitted { order_id, cart_id, lines: lines.clone() }),
        Event::of(shop, &CartConverted { cart_id, owner, order_id, total }),
    ];
    if capture_now {
        events.push(Event::of(
            shop,
            &CaptureRequested {
                order_id,
                payment_id: &plan.payment_id,
                amount: saga.payment.amount(),
            },
        ));
    }
    let events: Vec<Value> =
        events.iter().map(|event| json!(event)).chain(plan.events.iter().cloned()).collect();
    // What the provider is not asked for accounts pay.
    let draws = Some(true).filter(|_| saga.payment.amount() != total);
    let input = json!({
        "saga_id": saga.saga_id, "lease_token": saga.lease_token, "to_state": to_state, "reference": reference, "capture": capture_now,
        "status": status, "reason": reason, "hold": hold, "card": saga.card,
        "draws": draws, "due_in_ms": due_in_ms, "events": events,
    });
    match shop.apply::<OrderReceipt>(&sql::ORDER_CREATE, &input)? {
        Ok(receipt) => {
            if capture_now {
                saga.payment.reference = reference;
                saga.state = to_state;
                // The order stands, and that is what the buyer is told.
                drop(try_capture(shop, saga).await);
            }
            Ok(Outcome::Ordered(receipt))
        }
        Err(Refusal::SagaMovedOn) => Ok(Outcome::Pending(overtaken())),
        Err(refusal) => order_refused(shop, saga, reference, refusal).await,
    }
}

/// The statement that makes the order said no; why is told by its own name, to the buyer and in the
/// log.
async fn order_refused(
    shop: &Shop<'_>,
    saga: Saga,
    reference: Option<String>,
    refusal: Refusal,
) -> Result<Outcome, Problem> {
    terms::log(
        "warning",
        "an order was refused",
        &[("saga_id", saga.saga_id.as_str()), ("refusal", &format!("{refusal:?}"))],
    );
    // The hold is another payment's, and so not ours to give back: this one holds nothing.
    if refusal == Refusal::PaymentReferenceTaken {
        let detail = format!(
            "the provider answered with {}, which is another payment's",
            reference.unwrap_or_default()
        );
        shop.alert(&format!("payment_reference_taken:{}", saga.saga_id), &detail);
        nothing_held(shop, &saga, "payment_reference_taken")?;
        return Ok(Outcome::Refused(
            Problem::new(Code::PaymentReferenceTaken).retry_after(1).detail(NO_ORDER),
        ));
    }
    let reason = if refusal == Refusal::ReservationExpired {
        "reservation_expired"
    } else if refusal == Refusal::CartConverted {
        "cart_converted"
    } else {
        // No refusal of that statement: whatever it was, there is no order.
        "order_refused"
    };
    go_back(shop, saga, reference, SagaEvent::OrderRefused, reason).await
}

/// There will be no order, and nobody holds money for it: stock and cart are free, and nothing is
/// owed.
fn nothing_held(shop: &Shop<'_>, saga: &Saga, reason: &'static str) -> Result<(), Problem> {
    let settlement = Settlement {
        reason,
        payment_state: Some(PaymentState::Failed),
        free_cart: true,
        release_stock: true,
        ..Settlement::default()
    };
    settle(shop, saga, SagaEvent::NothingHeld, settlement).map(drop)
}

/// The order stands, and that is what the buyer is told: a capture that fails here is recovery's
/// affair, and a line in the log.
pub(crate) async fn try_capture(shop: &Shop<'_>, saga: Saga) -> Option<Problem> {
    let saga_id = saga.saga_id.clone();
    let problem = capture(shop, saga).await.err()?;
    terms::log(
        "error",
        "a capture waits for recovery",
        &[
            ("saga_id", saga_id.as_str()),
            ("code", problem.code().slug()),
            ("error", &problem.to_string()),
        ],
    );
    Some(problem)
}

/// Takes the money of an order that stands. Whatever the provider says, the order stays (PAY-3).
///
/// # Errors
/// It was not taken, or nobody knows: it is written down, and will be tried again.
async fn capture(shop: &Shop<'_>, saga: Saga) -> Result<(), Problem> {
    let payment = &saga.payment;
    let Some(reference) = &payment.reference else {
        return Err(Problem::internal(format!(
            "saga {} captures without a reference",
            saga.saga_id
        )));
    };
    let wait_ms = shop.setting(&SAGA_RETRY_MS)?;
    let provider = match provider(shop) {
        Ok(provider) => provider,
        Err(problem) => {
            write_capture(shop, &saga, &Captured::waits(wait_ms))?;
            return Err(misconfigured(shop, PAYMENT_API_KEY.name, problem));
        }
    };
    let key = payment.capture_key(&saga.capture_attempts.to_string());
    let error = match take(
        &provider,
        payment,
        reference,
        &key,
        saga.attempts > 0 || saga.capture_attempts > 0,
    )
    .await
    {
        Ok(Taken::Captured(amount_minor)) => {
            return write_capture(shop, &saga, &Captured::taken(amount_minor));
        }
        Ok(Taken::Refused(code)) => return write_capture(shop, &saga, &Captured::given_up(code)),
        Err(error) => error,
    };
    match Failure::of(&error) {
        Failure::Misconfigured => {
            write_capture(shop, &saga, &Captured::waits(wait_ms))?;
            Err(key_refused(shop, &error.to_string()))
        }
        Failure::Untried { wait_ms: closed_ms } => {
            write_capture(shop, &saga, &Captured::waits(wait_ms.max(closed_ms)))?;
            Err(told_of(&error))
        }
        Failure::Try { wait_ms: asked_ms } => {
            let policy = policy(shop, &PAYMENT_CAPTURE_ATTEMPTS)?;
            let attempt = saga.capture_attempts.saturating_add(1);
            let failing_ms =
                saga.now_ms.saturating_sub(saga.failing_since_ms.unwrap_or(saga.now_ms));
            let written = match policy.after_failure(attempt, failing_ms) {
                AfterFailure::RetryAfterMs(grown_ms) => Captured {
                    tried: true,
                    alert: policy.alerts(attempt).then(|| error.to_string()),
                    ..Captured::waits(grown_ms.max(asked_ms))
                },
                // The last word is the provider's, if it has one.
                AfterFailure::Dead => match stands(&provider, reference).await {
                    Ok(Some(Taken::Captured(amount_minor))) => Captured::taken(amount_minor),
                    Ok(Some(Taken::Refused(_)) | None) | Err(_) => {
                        Captured::given_up(error.to_string())
                    }
                },
            };
            write_capture(shop, &saga, &written)?;
            Err(told_of(&error))
        }
    }
}

/// What is written down of a capture.
struct Captured {
    event: Option<SagaEvent>,
    captured_minor: i64,
    tried: bool,
    retry_in_ms: i64,
    alert: Option<String>,
    given_up: Option<String>,
}

impl Captured {
    /// Nothing new; it is looked at again.
    fn waits(retry_in_ms: i64) -> Self {
        Self {
            event: None,
            captured_minor: 0,
            tried: false,
            retry_in_ms,
            alert: None,
            given_up: None,
        }
    }

    fn taken(captured_minor: i64) -> Self {
        Self { event: Some(SagaEvent::Captured), captured_minor, tried: true, ..Self::waits(0) }
    }

    /// A compensation owns it now, and somebody is told.
    fn given_up(error: String) -> Self {
        Self {
            event: Some(SagaEvent::CaptureGivenUp),
            tried: true,
            given_up: Some(error),
            ..Self::waits(0)
        }
    }
}

fn write_capture(shop: &Shop<'_>, saga: &Saga, captured: &Captured) -> Result<(), Problem> {
    let plan = &saga.plan;
    let (to_state, payment_state) = match captured.event {
        Some(event @ SagaEvent::Captured) => {
            (step(SagaState::Capturing, event)?, PaymentState::Captured)
        }
        Some(event) => (step(SagaState::Capturing, event)?, PaymentState::CaptureFailed),
        None => (SagaState::Capturing, PaymentState::CapturePending),
    };
    let compensation_id: CompensationId = shop.new_id()?;
    let mut events = Vec::new();
    if payment_state == PaymentState::Captured {
        let amount = Money::new(captured.captured_minor, plan.currency);
        events.push(Event::of(
            shop,
            &PaymentCaptured { order_id: &plan.order_id, payment_id: &plan.payment_id, amount },
        ));
    }
    if captured.given_up.is_some() {
        events.push(Event::of(
            shop,
            &CompensationDead {
                compensation_id: &compensation_id,
                payment_id: &plan.payment_id,
                order_id: &plan.order_id,
                reason: "capture_given_up",
                kind: CompensationKind::CapturePayment,
            },
        ));
    }
    let input = json!({
        "saga_id": saga.saga_id, "lease_token": saga.lease_token, "to_state": to_state, "payment_state": payment_state,
        "captured_minor": captured.captured_minor, "tried": captured.tried, "retry_in_ms": captured.retry_in_ms, "alert": captured.alert, "unpaid_in_ms": shop.setting(&UNPAID_ORDER_MS)?,
        "compensation": captured.given_up.as_ref().map(|error| json!({ "compensation_id": compensation_id, "error": error })),
        "events": events,
    });
    match shop.apply::<Value>(&sql::PAYMENT_CAPTURE, &input)? {
        Ok(_) | Err(Refusal::SagaMovedOn) => Ok(()),
        Err(refusal) => Err(Problem::internal(format!("capture refused: {refusal:?}"))),
    }
}

/// The provider refuses: nothing is held, and the stock stays for the buyer's next try until its
/// time (CHK-9). What it made of the payment, if that is `open` there yet, could still be
/// confirmed: it is cancelled.
fn declined(
    shop: &Shop<'_>,
    saga: &Saga,
    reference: Option<String>,
    decline_code: &str,
    open: bool,
) -> Result<Outcome, Problem> {
    let owes = if open && reference.is_some() {
        Some((CompensationKind::CancelIntent, shop.new_id()?))
    } else {
        None
    };
    let payment_state = Some(PaymentState::Failed);
    let settlement = Settlement {
        reason: "declined",
        payment_state,
        reference,
        free_cart: true,
        owes,
        ..Settlement::default()
    };
    let settled = settle(shop, saga, SagaEvent::PaymentDeclined, settlement)?;
    let problem = Problem::new(Code::PaymentDeclined)
        .with(DeclineCode, decline_code)
        .with(ReservedUntil, &settled.reserved_until_ms);
    Ok(Outcome::Refused(problem))
}

/// No answer to rely on. What never left the building on the first try is over; anything else is
/// asked again by key.
async fn unanswered(shop: &Shop<'_>, saga: Saga, error: ProviderError) -> Result<Outcome, Problem> {
    let told = told_of(&error);
    if let ProviderError::Mismatch { reference, .. } = &error {
        return go_back(shop, saga, Some(reference.clone()), SagaEvent::GivenUp, "amount_mismatch")
            .await;
    }
    if matches!(Failure::of(&error), Failure::Misconfigured) {
        return unconfigured(shop, saga, key_refused(shop, &error.to_string())).await;
    }
    if saga.is_first() && !error.may_have_happened() {
        nothing_held(shop, &saga, "provider_not_reached")?;
        return Ok(Outcome::Refused(told));
    }
    if saga.lapsed() {
        let reference = saga.payment.reference.clone();
        return go_back(shop, saga, reference, SagaEvent::GivenUp, "provider_silent").await;
    }
    wait(shop, &saga, "provider_silent")?;
    Ok(Outcome::Pending(told))
}

/// The provider cannot be asked, because of our configuration: a confirm that has just begun holds
/// nothing, and an older one waits. The buyer is told to come again; that somebody must mend it is
/// an alert.
async fn unconfigured(shop: &Shop<'_>, saga: Saga, problem: Problem) -> Result<Outcome, Problem> {
    let problem = misconfigured(shop, PAYMENT_API_KEY.name, problem);
    let told = Problem::new(Code::ProviderUnavailable).retry_after(30).because(problem.to_string());
    if saga.is_first() {
        nothing_held(shop, &saga, "provider_misconfigured")?;
        return Ok(Outcome::Refused(told));
    }
    if saga.lapsed() {
        let reference = saga.payment.reference.clone();
        return go_back(shop, saga, reference, SagaEvent::GivenUp, "provider_misconfigured").await;
    }
    wait(shop, &saga, "provider_misconfigured")?;
    Ok(Outcome::Misconfigured(told))
}

/// There will be no order: stock and cart are free at once, and the hold is owed back as a
/// compensation (CHK-7).
async fn go_back(
    shop: &Shop<'_>,
    saga: Saga,
    reference: Option<String>,
    event: SagaEvent,
    reason: &'static str,
) -> Result<Outcome, Problem> {
    if saga.asks_nobody() {
        nothing_held(shop, &saga, reason)?;
        return Ok(Outcome::Refused(told_of_no_order(reason)));
    }
    let state = reference.is_some().then_some(PaymentState::Authorized);
    let void: CompensationId = shop.new_id()?;
    let settlement = Settlement {
        reason,
        payment_state: state,
        reference,
        free_cart: true,
        release_stock: true,
        owes: Some((CompensationKind::VoidPayment, void.clone())),
        ..Settlement::default()
    };
    settle(shop, &saga, event, settlement)?;
    compensation::void_now(shop, &void).await;
    Ok(Outcome::Refused(told_of_no_order(reason)))
}

/// What a buyer is told when a confirm has gone back.
fn told_of_no_order(reason: &'static str) -> Problem {
    match reason {
        "amount_mismatch" => {
            let problem = Problem::new(Code::ProviderUnavailable).retry_after(1).detail(NO_ORDER);
            problem.because("the provider held another amount than it was asked for")
        }
        ORDER_DENIED => Problem::new(Code::OrderDenied),
        "cart_converted" => Problem::new(Code::CartCompleted)
            .detail("the cart has its order already, and nothing is charged for this confirm"),
        _ => Problem::new(Code::ReservationExpired).detail(NO_ORDER),
    }
}

/// When the provider is asked again whether the buyer has acted, who may never come back to say so:
/// often at first, and at the end of what is held at the latest.
fn action_wait_ms(shop: &Shop<'_>, saga: &Saga) -> Result<i64, Problem> {
    let tries = i64::from(saga.attempts).saturating_add(1);
    let wait_ms = shop
        .setting(&ACTION_POLL_MS)?
        .saturating_mul(tries)
        .min(shop.setting(&ACTION_POLL_LIMIT_MS)?);
    let held_ms = saga.reserved_until_ms.map_or(0, |until| until.saturating_sub(saga.now_ms));
    Ok(wait_ms.min(held_ms).max(0))
}

/// Nothing new: give the lease back and look again later.
fn wait(shop: &Shop<'_>, saga: &Saga, reason: &'static str) -> Result<Saga, Problem> {
    let retry_in_ms = shop.setting(&SAGA_RETRY_MS)?;
    write(shop, saga, saga.state, Settlement { reason, retry_in_ms, ..Settlement::default() })
}

fn settle(
    shop: &Shop<'_>,
    saga: &Saga,
    event: SagaEvent,
    settlement: Settlement,
) -> Result<Saga, Problem> {
    write(shop, saga, step(saga.state, event)?, settlement)
}

/// One step of the machine; an illegal one is our own mistake.
pub(crate) fn step(state: SagaState, event: SagaEvent) -> Result<SagaState, Problem> {
    next(state, event).map_err(|error| Problem::internal(error.to_string()))
}

fn write(
    shop: &Shop<'_>,
    saga: &Saga,
    to_state: SagaState,
    settlement: Settlement,
) -> Result<Saga, Problem> {
    let owed = settlement.owes.map(|(kind, compensation_id)| {
        json!({
            "compensation_id": compensation_id, "kind": kind, "payment_id": saga.payment.payment_id,
            "amount_minor": saga.payment.amount_minor, "reason": settlement.reason,
        })
    });
    let input = json!({
        "saga_id": saga.saga_id, "lease_token": saga.lease_token, "from_states": [SagaState::Authorizing, SagaState::AwaitingAction], "to_state": to_state,
        "reason": settlement.reason, "retry_in_ms": settlement.retry_in_ms, "leased_at_ms": saga.now_ms, "payment_state": settlement.payment_state,
        "reference": settlement.reference, "free_cart": settlement.free_cart, "release_stock": settlement.release_stock,
        "compensation": owed, "events": [],
    });
    match shop.apply(&sql::SAGA_SETTLE, &input)? {
        Ok(saga) => Ok(saga),
        Err(Refusal::SagaMovedOn) => Err(overtaken()),
        Err(refusal) => Err(Problem::internal(format!("saga refused: {refusal:?}"))),
    }
}

fn order_receipt(shop: &Shop<'_>, saga: &Saga) -> Result<OrderReceipt, Problem> {
    shop.read(&sql::ORDER_RECEIPT, &json!({ "order_id": saga.plan.order_id }))?
        .ok_or_else(|| Problem::internal(format!("saga {} has no order", saga.saga_id)))
}

impl Saga {
    /// Whether no provider is asked, because nothing is left to be paid or it is paid at the door: then
    /// there is no money to be held, taken or given back.
    pub(crate) fn asks_nobody(&self) -> bool {
        self.payment.provider == NO_PROVIDER
    }

    /// What its payment is when there is an order.
    pub(crate) fn payment_status(&self) -> PaymentState {
        if !self.asks_nobody() {
            PaymentState::Authorized
        } else if self.payment.amount_minor == 0 {
            PaymentState::Captured
        } else {
            PaymentState::Pending
        }
    }

    /// Whether nobody can have asked the provider yet.
    fn is_first(&self) -> bool {
        self.attempts == 0 && self.state == SagaState::Authorizing
    }

    /// Whether its stock is no longer held: the time for going forward is over.
    fn lapsed(&self) -> bool {
        self.reserved_until_ms.is_none_or(|until| until <= self.now_ms)
    }
}

/// Another driver has the saga; the buyer asks again.
fn overtaken() -> Problem {
    Problem::new(Code::IdempotencyInProgress).retry_after(1)
}

fn action_required(
    saga: &Saga,
    client_secret: Option<String>,
    next_action_url: Option<String>,
) -> Problem {
    Problem::new(Code::PaymentActionRequired)
        .detail("let the buyer act, then confirm again with the same key")
        .with(ReservedUntil, &saga.reserved_until_ms)
        .with(ClientSecret, &client_secret)
        .with(NextActionUrl, &next_action_url)
}
