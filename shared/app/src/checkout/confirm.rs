//! `POST /api/v1/checkout/:session_id/confirm`: from an agreed session to one paid order, or none
//! (CHK-4 … CHK-10).
//!
//! KV gate → one read → decide → the claim (one statement) → the saga. Every way a second request
//! can meet the first ends in one of: the same reply, 409 while it runs, 409 because the cart has
//! its order or because another attempt took this one's place. Attempts are the buyer's to replace:
//! what asks for the same joins the attempt that is there, what asks for anything else supersedes
//! it while it waits for the buyer.

use super::{
    begin::{PaymentMethod, SessionStatus},
    gate::Gate,
    not_found,
    plan::{Chosen, plan, uses},
    tenders::{DrawAsked, asked_for, names_a_code, tenders},
};
use crate::{
    Change, compensation,
    fraud::{self, Found},
    guesses::Tried,
    members::{
        AgreedTotal, CurrentQuote, CurrentTotal, CurrentTotals, Differences, Ordered, OrderedNumber,
    },
    order::RatedFor,
    payer::{Payer, introduce},
    pricing::{Binding, Priced, PricingFacts, quote_hash, stale},
    problem::refused,
    saga::{OrderReceipt, Outcome, Saga, drive},
    shop::Shop,
};
use callers::Customer;
use config::{
    CONFIRM_COOL_DOWN_MS, IDEMPOTENCY_MS, PRICE_REFUSE_ANY_INCREASE, PRICE_TOLERANCE_BASIS_POINTS,
    RESERVATION_MS, SAGA_LEASE_MS,
};
use domain::{
    fraud::Decision as Fraud,
    ids::{
        CartId, CompensationId, Country, FeeId, OrderId, OrderNumber, PromotionId, SagaId,
        SessionId, ShippingMethodId,
    },
    money::Money,
    order::OrderStatus,
    payment::{OfflineMethod, PaymentState},
    saga::SagaState,
    stock::Allocation,
    stored_value::Drawable,
    totals::{Choices, Quote, Warning, total_moved},
};
use json::{Value, json};
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::{Refusal, sql};
use terms::{Code, Done, Problem, Rendered, fingerprint};

/// How often a claim that lost a race is decided anew before the client is asked to come again.
const CLAIM_ROUNDS: u32 = 4;

/// What a confirm may say.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// The quote the buyer agrees to, by its name: the session's, or the one that a difference came
    /// with. Nothing but that very money is charged for it (CHK-18).
    quote_hash: Option<String>,
    /// The total the buyer agrees to, when it is no longer the one they were shown (CHK-2).
    accept_total: Option<Money>,
    /// Another payment method than the session's: a retry after a decline, with the stock still
    /// held (CHK-9). With none here and none there the buyer is asked by the provider's own element:
    /// the answer is 402 with its `client_secret`, and all is held for them meanwhile (PAY-7).
    payment_method: Option<PaymentMethod>,
    /// Where the buyer is sent back to when their bank has asked them (https, or http to this
    /// machine). Without it a client that knows the `client_secret` asks them itself.
    return_url: Option<ReturnUrl>,
    /// Whether the provider saves the payment method for the buyer's next orders, once it has paid:
    /// for customers who are signed in. Where no provider is asked nothing is saved.
    #[serde(default)]
    save_payment_method: bool,
    /// What accounts of stored value pay of it; the payment method pays the rest.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(max = 5)))]
    stored_value: Vec<DrawAsked>,
    /// Whether the money stays held until it is asked for: a service's to say, of an order that it
    /// creates.
    #[serde(skip)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    capture_later: bool,
}

impl Confirm {
    /// What a service confirms an order with that it creates.
    pub(crate) fn of_service(capture_later: bool) -> Self {
        Self { capture_later, ..Self::default() }
    }
}

/// Where a buyer comes back to. It is kept and sent to the provider, so nothing of theirs belongs
/// into it.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct ReturnUrl(String);

/// Characters a return URL may have.
const RETURN_URL_MAX: usize = 2_048;

impl TryFrom<String> for ReturnUrl {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_plain = text.len() <= RETURN_URL_MAX
            && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let authority =
            |rest: &str| rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned();
        let leads_somewhere = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => {
                let authority = authority(rest);
                !authority.is_empty() && !authority.starts_with(':') && !authority.contains('@')
            }
            (None, Some(rest)) => {
                let authority = authority(rest);
                let host = authority
                    .rsplit_once(':')
                    .filter(|_| !authority.ends_with(']'))
                    .map_or(authority.as_str(), |(host, _)| host);
                ["localhost", "127.0.0.1", "[::1]"].contains(&host)
            }
            (None, None) => false,
        };
        if is_plain && leads_somewhere {
            Ok(Self(text))
        } else {
            Err(
                "must be an absolute https URL of at most 2048 plain characters; http to this machine alone",
            )
        }
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for ReturnUrl {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ReturnUrl".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "maxLength": RETURN_URL_MAX, "pattern": "^https?://[!-~]+$",
            "description": "Where the buyer is sent back to: an absolute https URL; http to this machine alone. Nothing personal belongs into it.",
        })
    }
}

/// There is an order.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderPlaced {
    /// The cart it was.
    cart_id: CartId,
    /// When it was made.
    created_at_ms: i64,
    /// The order.
    order_id: OrderId,
    /// The number people use for it.
    order_number: OrderNumber,
    /// `authorized`; `captured` where nothing was left to be paid, `pending` where it is paid on delivery.
    /// The order says what has become of it.
    payment_status: PaymentState,
    /// `confirmed`; `on_hold` where a person of the shop looks at it first.
    status: OrderStatus,
    /// What was agreed to.
    total: Money,
    /// What the buyer should know, as it was when they confirmed.
    warnings: Rendered<Vec<Warning>>,
}

/// One confirm, as it was asked for.
struct Asked<'a> {
    owner: &'a str,
    /// Who it is, of a customer.
    customer_id: Option<&'a str>,
    session_id: &'a SessionId,
    body: &'a Confirm,
    /// The client's key as it is kept, or the one that is made of what was asked.
    key: String,
    /// What must be the same under the same key.
    request_hash: String,
    /// The accounts that are named, as they are read by.
    accounts: Vec<Value>,
    /// What is to be drawn on them, and whether the method is saved, for the agreement.
    draws: String,
}

#[derive(Deserialize)]
struct Facts {
    session: Session,
    pricing: PricingFacts,
    /// The attempt of this very key.
    same_key: Option<Known>,
    /// A saga of this owner that is still on its way to an order.
    live: Option<Saga>,
    /// Whether the shop has rules of fraud.
    has_fraud_rules: bool,
    /// The provider's name for this owner, if they have saved a card.
    payer: Option<String>,
    /// When the last confirm of this owner became an order or failed; 0 for never.
    ended_at_ms: i64,
    /// The accounts that are named and may be drawn on.
    accounts: Vec<Drawable>,
    /// The order this cart has become.
    order: Option<Converted>,
}

/// A key that was here before.
#[derive(Deserialize)]
struct Known {
    request_hash: String,
    saga: Saga,
}

#[derive(Deserialize)]
struct Session {
    cart_id: CartId,
    status: SessionStatus,
    cart_version: i64,
    country: Country,
    region: String,
    shipping_method: ShippingMethodId,
    payment_method: String,
    totals: Shown,
    created_at_ms: i64,
    expires_at_ms: i64,
    now_ms: i64,
}

/// What the buyer was shown and agrees to, as far as it is compared.
#[derive(Deserialize)]
struct Shown {
    total: Money,
    quote: Quote,
    promotions: Vec<PromotionId>,
    gift_wrap: Option<FeeId>,
    /// Where it was to come from; nothing in a row from before that was kept.
    #[serde(default)]
    origins: Vec<Allocation>,
}

#[derive(Deserialize)]
struct Converted {
    order_id: OrderId,
    order_number: OrderNumber,
}

/// What one round of deciding came to.
enum Decision {
    /// Drive this saga, whose lease is ours; and the one whose place it took is to be cancelled, by
    /// this compensation.
    Drive(Box<Saga>, Option<CompensationId>),
    /// Drive this saga of another confirm, whose driver has gone, and see what is left to be done
    /// then.
    Finish(Box<Saga>),
    /// This saga has its order already.
    Replay(Box<Saga>),
    /// The provider is to know this customer first.
    Introduce,
    /// Somebody moved first: read again.
    Again,
}

/// Confirms a session of the caller's.
///
/// # Errors
/// Every refusal of a total, `session_not_found`, `session_expired`, `session_stale`,
/// `price_changed`, `cart_completed`, `idempotency_in_progress`, `idempotency_key_reused`,
/// `insufficient_stock`, `payment_declined`, `payment_action_required`, `payment_superseded`,
/// `provider_unavailable`, `provider_timeout`, `payment_method_invalid`, `invalid_field`,
/// `reservation_expired`, `account_not_found`, `gift_card_not_found`, `balance_too_low`,
/// `stored_value_above_total`, `too_many_requests`, `order_denied`.
pub async fn confirm(
    ports: &Ports<'_>,
    owner: &str,
    session_id: &SessionId,
    body: &Confirm,
    change: &Change,
) -> Result<Done<Rendered<OrderPlaced>>, Problem> {
    confirmed(ports, owner, session_id, (body, change), introduce).await
}

/// As [`confirm`], of an order that a service creates: it saves no card, and carries nothing of
/// what does.
pub(crate) async fn confirm_of_service(
    ports: &Ports<'_>,
    owner: &str,
    session_id: &SessionId,
    body: &Confirm,
    change: &Change,
) -> Result<Done<Rendered<OrderPlaced>>, Problem> {
    let nobody = async |_: &Shop<'_>, _: &str| Err(Problem::internal("a service has saved a card"));
    confirmed(ports, owner, session_id, (body, change), nobody).await
}

async fn confirmed(
    ports: &Ports<'_>,
    owner: &str,
    session_id: &SessionId,
    (body, change): (&Confirm, &Change),
    introduce: impl AsyncFn(&Shop<'_>, &str) -> Result<(), Problem>,
) -> Result<Done<Rendered<OrderPlaced>>, Problem> {
    let shop = Shop::new(ports);
    let gate = Gate::new(&shop, owner, change.fingerprint(), shop.setting(&IDEMPOTENCY_MS)?)?;
    let kept_key = change.kept_key(owner);
    if let Some(answer) = kept_key.as_deref().and_then(|key| gate.ask(key)) {
        return answer.and_then(answered).map(|done| done.replay(true));
    }
    let customer_id = Customer::id_in(owner);
    if body.save_payment_method && customer_id.is_none() {
        let right = "must be left to a customer who is signed in";
        return Err(Problem::invalid_field("/save_payment_method", right));
    }
    let (accounts, mut draws) = asked_for(&body.stored_value)?;
    if body.save_payment_method {
        draws.push_str("saved");
    }
    let (key, request_hash) = match kept_key {
        Some(key) => (key, change.fingerprint().to_owned()),
        None => {
            let key = derived_key(owner, session_id, body, &draws);
            (key.clone(), key)
        }
    };
    let asked = Asked { owner, customer_id, session_id, body, key, request_hash, accounts, draws };
    let mut tried = match names_a_code(&body.stored_value) {
        true => Some(Tried::begin(&shop, owner)?),
        false => None,
    };
    for _ in 0..CLAIM_ROUNDS {
        let decided = decide(&shop, &asked);
        let is_wrong =
            decided.as_ref().is_err_and(|problem| problem.code() == Code::GiftCardNotFound);
        if let Some(tried) = tried.take_if(|_| !is_wrong) {
            tried.was_right(&shop)?;
        }
        let (saga, cancel_id) = match decided? {
            Decision::Again => continue,
            Decision::Introduce => {
                introduce(&shop, customer_id.unwrap_or_default()).await?;
                continue;
            }
            // The winner writes the gate; whoever comes after only reads it.
            Decision::Replay(saga) => return replay(&shop, &saga),
            Decision::Finish(saga) => match drive(&shop, *saga).await? {
                Outcome::Pending(problem) if problem.code() != Code::PaymentActionRequired => {
                    return Err(problem);
                }
                Outcome::Misconfigured(problem) => return Err(problem),
                Outcome::Ordered(_) | Outcome::Refused(_) | Outcome::Pending(_) => continue,
            },
            Decision::Drive(saga, cancel_id) => (*saga, cancel_id),
        };
        if let Some(cancel_id) = cancel_id {
            compensation::void_now(&shop, &cancel_id).await;
        }
        let placing = Placing::of(&saga);
        return match drive(&shop, saga).await? {
            Outcome::Ordered(receipt) => {
                let placed = placing.placed(receipt);
                let kept = gate.kept(&asked.key, &placed);
                let done = answered(placed)?;
                Ok(match kept {
                    Some((name, record)) => done.kv_after(name, record),
                    None => done,
                })
            }
            Outcome::Refused(problem)
            | Outcome::Pending(problem)
            | Outcome::Misconfigured(problem) => Err(problem),
        };
    }
    Err(in_progress(1))
}

/// One round: read all there is to know, decide, and claim.
fn decide(shop: &Shop<'_>, asked: &Asked<'_>) -> Result<Decision, Problem> {
    let input = json!({ "owner": asked.owner, "session_id": asked.session_id, "idempotency_key": asked.key, "stored_value": asked.accounts, "customer_id": asked.customer_id });
    let mut facts: Facts = shop.read(&sql::CONFIRM_FACTS, &input)?.ok_or_else(not_found)?;
    let origins = std::mem::take(&mut facts.session.totals.origins);
    let pricing = facts.pricing.keeping(shop, origins)?;
    // Who sends a request again does not begin another.
    let cool_down_ms =
        if facts.same_key.is_some() { 0 } else { shop.setting(&CONFIRM_COOL_DOWN_MS)? };

    if let Some(Known { request_hash, saga }) = facts.same_key {
        let same_request = request_hash == asked.request_hash;
        match saga.state {
            // Ended without an order: the key is free again (CHK-4).
            SagaState::Voiding | SagaState::Declined | SagaState::Failed => {}
            _ if !same_request => return Err(Problem::new(Code::IdempotencyKeyReused)),
            SagaState::Capturing | SagaState::Completed => {
                return Ok(Decision::Replay(Box::new(saga)));
            }
            SagaState::Authorizing | SagaState::AwaitingAction => return resume(shop, &saga, true),
            // An old tab that asks on never takes the place of what took its own.
            SagaState::Superseded if facts.live.is_some() || facts.order.is_some() => {
                return Err(superseded(facts.order));
            }
            SagaState::Superseded => {}
        }
    }
    if let Some(order) = facts.order {
        return Err(Problem::new(Code::CartCompleted)
            .with(Ordered, &order.order_id)
            .with(OrderedNumber, &order.order_number));
    }
    let agreement = agreement(asked, &facts.session);
    let supersedes = match facts.live {
        None => None,
        Some(saga) if saga.session_id == *asked.session_id && saga.plan.agreement == agreement => {
            return join(shop, asked, &saga);
        }
        // It waits for the buyer, and the buyer wants something else now.
        Some(saga) if saga.state == SagaState::AwaitingAction => Some(saga.saga_id),
        // The provider is being asked, and may say yes at this moment: what came of it is known
        // first.
        Some(saga) => return resume(shop, &saga, false),
    };
    if facts.session.status != SessionStatus::Open
        || facts.session.expires_at_ms <= facts.session.now_ms
    {
        return Err(Problem::new(Code::SessionExpired).detail("begin the checkout again"));
    }
    let ended_ms = facts.session.now_ms.saturating_sub(facts.ended_at_ms).max(0);
    let cools_ms = cool_down_ms.saturating_sub(ended_ms);
    if cools_ms > 0 {
        return Err(Problem::new(Code::TooManyRequests)
            .detail("another confirm of this buyer has just ended")
            .retry_after(seconds(cools_ms)));
    }
    let read = (&facts.session, &pricing, facts.accounts.as_slice());
    let (has_fraud_rules, payer) = (facts.has_fraud_rules, facts.payer);
    let attempt =
        Attempt { agreement: &agreement, supersedes, cool_down_ms, has_fraud_rules, payer };
    claim(shop, asked, read, attempt)
}

/// What a claim is of.
struct Attempt<'a> {
    agreement: &'a str,
    supersedes: Option<SagaId>,
    /// How long ago the owner's last confirm must have ended.
    cool_down_ms: i64,
    /// Whether the shop has rules of fraud.
    has_fraud_rules: bool,
    /// Who the buyer is at the provider.
    payer: Option<String>,
}

/// Whole seconds that are not over before these milliseconds are.
fn seconds(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0).div_ceil(1_000)
}

/// Another key for the same: it is written down first, so that it is answered like the first one
/// whatever comes of that.
fn join(shop: &Shop<'_>, asked: &Asked<'_>, saga: &Saga) -> Result<Decision, Problem> {
    let input = json!({
        "owner": asked.owner, "saga_id": saga.saga_id, "idempotency_key": asked.key, "request_hash": asked.request_hash,
    });
    match shop.apply::<Value>(&sql::CONFIRM_JOIN, &input)? {
        Ok(_) => resume(shop, saga, true),
        Err(Refusal::SagaMovedOn | Refusal::IdempotencyKeySeen) => Ok(Decision::Again),
        Err(refusal) => Err(refused(refusal)),
    }
}

/// Takes over a saga whose driver has gone, or waits for the one that has it; `ours` if its answer
/// is this confirm's.
fn resume(shop: &Shop<'_>, saga: &Saga, ours: bool) -> Result<Decision, Problem> {
    let leased_ms = saga.lease_until_ms.saturating_sub(saga.now_ms);
    if leased_ms > 0 {
        // While the buyer is waited for, a lease is one question of another tab's; else it is all
        // of a driver's time.
        let waits = saga.state == SagaState::AwaitingAction;
        return Err(in_progress(if waits { 1 } else { seconds(leased_ms) }));
    }
    let input = json!({ "saga_id": saga.saga_id, "lease_token": shop.id(), "lease_ms": shop.setting(&SAGA_LEASE_MS)? });
    Ok(match shop.read(&sql::SAGA_RESUME, &input)? {
        Some(saga) if ours => Decision::Drive(Box::new(saga), None),
        Some(saga) => Decision::Finish(Box::new(saga)),
        None => Decision::Again,
    })
}

/// Prices it now, compares with what was agreed, and claims cart, stock and key in one statement;
/// the attempt that is superseded ends in the same one.
fn claim(
    shop: &Shop<'_>,
    asked: &Asked<'_>,
    (session, pricing, accounts): (&Session, &PricingFacts, &[Drawable]),
    Attempt { agreement, supersedes, cool_down_ms, has_fraud_rules, payer }: Attempt<'_>,
) -> Result<Decision, Problem> {
    let payment_method = payment_method(session, asked.body);
    let offline: Option<OfflineMethod> = payment_method.parse().ok();
    let choices = Choices {
        shipping_method: Some(&session.shipping_method),
        gift_wrap: session.totals.gift_wrap.as_ref(),
        offline,
    };
    let priced = pricing.price(shop, choices, Binding::Binding)?;
    agreed(shop, session, pricing, &priced, asked.body)?;
    pricing.payable(shop, &priced.totals)?;
    let tenders =
        tenders(priced.totals.total, pricing.rules()?, &asked.body.stored_value, accounts)?;
    let total = priced.totals.total;
    let fraud = match has_fraud_rules {
        true => fraud::find(shop, asked.session_id, total, None)?,
        false => Found::default(),
    };
    if fraud.decide(shop)? == Fraud::Deny {
        let of = (asked.owner, asked.session_id);
        // An attempt that waits for them was let go: it keeps what it holds, and the session with it.
        let closes = supersedes.is_none().then_some(true);
        return match fraud::deny(shop, of, total, &fraud, closes)? {
            true => Err(Problem::new(Code::OrderDenied)),
            false => Ok(Decision::Again),
        };
    }
    let saves = asked.body.save_payment_method;
    let is_card = offline.is_none() && !tenders.payable.is_zero();
    if saves && is_card && payer.is_none() {
        return Ok(Decision::Introduce);
    }
    let payer = payer.map(|customer| Payer { customer, saves });
    let destination = RatedFor {
        country: session.country.clone(),
        region: session.region.clone(),
        shipping_method: session.shipping_method.clone(),
    };
    let return_url = asked.body.return_url.as_ref().map(|url| url.0.as_str());
    let age_ms = session.now_ms.saturating_sub(session.created_at_ms);
    let warnings = Rendered::of(&stale(shop, age_ms)?.into_iter().collect());
    let destination = &destination;
    let capture_later = asked.body.capture_later;
    let chosen = Chosen {
        payment_method,
        agreement,
        return_url,
        payer,
        capture_later,
        fraud,
        destination,
        warnings,
    };
    let plan = plan(shop, pricing, &priced, tenders, chosen)?;
    let cancel_id: Option<CompensationId> =
        supersedes.is_some().then(|| shop.new_id()).transpose()?;
    let input = json!({
        "saga_id": shop.id(), "session_id": asked.session_id, "cart_id": session.cart_id, "owner": asked.owner,
        "cart_version": pricing.cart.version, "idempotency_key": asked.key, "request_hash": asked.request_hash,
        "lease_token": shop.id(), "lease_ms": shop.setting(&SAGA_LEASE_MS)?, "reservation_ttl_ms": shop.setting(&RESERVATION_MS)?,
        "cool_down_ms": cool_down_ms, "supersedes": supersedes, "cancel_id": cancel_id, "uses": Some(uses(pricing, &priced.totals)).filter(|uses| !uses.is_empty()),
        "draws": Some(&plan.draws).filter(|draws| !draws.is_empty()), "plan": plan,
    });
    match shop.apply::<Saga>(&sql::CONFIRM_BEGIN, &input)? {
        Ok(saga) => Ok(Decision::Drive(Box::new(saga), cancel_id)),
        // Somebody moved between the read and the claim: what they did decides the next round.
        Err(
            Refusal::ConfirmInProgress
            | Refusal::IdempotencyKeySeen
            | Refusal::CartConverted
            | Refusal::CartChanged
            | Refusal::SessionClosed
            | Refusal::PricesMoved
            | Refusal::PromotionsMoved
            | Refusal::PromotionUsedUp
            | Refusal::BalanceTooLow
            | Refusal::CoolingDown
            | Refusal::InsufficientStock,
        ) => Ok(Decision::Again),
        Err(refusal) => Err(refused(refusal)),
    }
}

/// Whether the buyer has agreed to what it costs now: they name its quote (CHK-18) or its total; or
/// they name neither, and were shown a total from which it has not moved too far (CHK-2).
fn agreed(
    shop: &Shop<'_>,
    session: &Session,
    pricing: &PricingFacts,
    priced: &Priced,
    body: &Confirm,
) -> Result<(), Problem> {
    let (shown, now) = (session.totals.total, priced.totals.total);
    let is_named = body.quote_hash.is_some() || body.accept_total.is_some();
    let is_stale = pricing.cart.version != session.cart_version;
    let has_moved = || {
        let tolerance = shop.setting(&PRICE_TOLERANCE_BASIS_POINTS)?;
        let any_increase = shop.setting(&PRICE_REFUSE_ANY_INCREASE)?;
        Ok::<_, Problem>(total_moved(shown, now, tolerance, any_increase))
    };
    if !is_named && !is_stale && !has_moved()? {
        return Ok(());
    }
    let quote = Quote::of(&priced.totals);
    let hash = quote_hash(&quote);
    if is_named
        && body.quote_hash.as_ref().is_none_or(|named| *named == hash)
        && body.accept_total.is_none_or(|named| named == now)
    {
        return Ok(());
    }
    let differs = |code| {
        let detail = "show the buyer what has changed, and confirm again with this quote_hash";
        Err(Problem::new(code)
            .detail(detail)
            .with(AgreedTotal, &shown)
            .with(CurrentTotal, &now)
            .with(CurrentQuote, &hash)
            .with(Differences, session.totals.quote.differences(&quote).as_slice())
            .with(CurrentTotals, &priced.totals))
    };
    if is_stale {
        return differs(Code::SessionStale);
    }
    let has_ended = |shown: &PromotionId| {
        !priced.totals.promotions.iter().any(|used| used.promotion_id == *shown)
    };
    if session.totals.promotions.iter().any(has_ended) {
        differs(Code::PromotionExpired)
    } else {
        differs(Code::PriceChanged)
    }
}

/// The key of a confirm that brings none (CHK-4): asked again it is the same. Cart, version and shown
/// quote are the session's and stay.
fn derived_key(owner: &str, session_id: &SessionId, body: &Confirm, draws: &str) -> String {
    let method = body.payment_method.as_ref().map_or("", PaymentMethod::as_str);
    fingerprint(&[
        owner,
        session_id.as_str(),
        method,
        body.quote_hash.as_deref().unwrap_or_default(),
        &body.accept_total.map(money_text).unwrap_or_default(),
        draws,
    ])
}

/// What the buyer agrees to, however they say it: what asks for the same is the same attempt.
fn agreement(asked: &Asked<'_>, session: &Session) -> String {
    let total = asked.body.accept_total.unwrap_or(session.totals.total);
    let version = session.cart_version.to_string();
    let method = payment_method(session, asked.body);
    let shown = quote_hash(&session.totals.quote);
    fingerprint(&[
        asked.session_id.as_str(),
        session.cart_id.as_str(),
        &version,
        method,
        asked.body.quote_hash.as_deref().unwrap_or(&shown),
        &money_text(total),
        &asked.draws,
    ])
}

fn money_text(money: Money) -> String {
    format!("{}{}", money.amount_minor(), money.currency())
}

/// The method this confirm pays with.
fn payment_method<'a>(session: &'a Session, body: &'a Confirm) -> &'a str {
    body.payment_method.as_ref().map_or(session.payment_method.as_str(), PaymentMethod::as_str)
}

/// What is known of an order before there is one.
struct Placing {
    cart_id: CartId,
    total: Money,
    payment_status: PaymentState,
    warnings: Rendered<Vec<Warning>>,
}

impl Placing {
    fn of(saga: &Saga) -> Self {
        Self {
            cart_id: saga.cart_id.clone(),
            total: Money::new(saga.plan.total_minor, saga.plan.currency),
            payment_status: saga.payment_status(),
            warnings: saga.plan.warnings.clone(),
        }
    }

    /// From what the order's creation assigned and nothing that can change later: the first answer
    /// and every replay are the same.
    fn placed(self, receipt: OrderReceipt) -> Rendered<OrderPlaced> {
        let Self { cart_id, total, payment_status, warnings } = self;
        let OrderReceipt { status, order_id, order_number, created_at_ms } = receipt;
        Rendered::of(&OrderPlaced {
            cart_id,
            created_at_ms,
            order_id,
            order_number,
            payment_status,
            status,
            total,
            warnings,
        })
    }
}

/// As it is answered.
fn answered(placed: Rendered<OrderPlaced>) -> Result<Done<Rendered<OrderPlaced>>, Problem> {
    let order_id: OrderId = placed.id("order_id")?;
    Ok(Done::new(placed).location(format!("/api/v1/orders/{order_id}")))
}

fn replay(shop: &Shop<'_>, saga: &Saga) -> Result<Done<Rendered<OrderPlaced>>, Problem> {
    let receipt: OrderReceipt = shop
        .read(&sql::ORDER_RECEIPT, &json!({ "order_id": saga.plan.order_id }))?
        .ok_or_else(|| Problem::internal(format!("saga {} has no order", saga.saga_id)))?;
    Ok(answered(Placing::of(saga).placed(receipt))?.replay(true))
}

fn in_progress(seconds: u64) -> Problem {
    Problem::new(Code::IdempotencyInProgress).retry_after(seconds)
}

/// Another attempt has taken this one's place; the order, if it has become one.
fn superseded(order: Option<Converted>) -> Problem {
    let problem = Problem::new(Code::PaymentSuperseded);
    match order {
        Some(order) => {
            problem.with(Ordered, &order.order_id).with(OrderedNumber, &order.order_number)
        }
        None => problem.detail("another payment of this checkout is under way"),
    }
}
