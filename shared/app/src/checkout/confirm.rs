//! `POST /api/v1/checkout/:session_id/confirm`: from an agreed session to one paid order, or none (CHK-4 … CHK-10).
//!
//! KV gate → one read → decide → the claim (one statement) → the saga. Every way a second request can meet the
//! first ends in one of: the same reply, 409 while it runs, 409 because the cart has its order.

use super::{begin::PaymentToken, gate::Gate, not_found, plan::plan};
use crate::{
    Change,
    pricing::{Binding, Priced, PricingFacts},
    problem::{payable, refused},
    saga::{OrderReceipt, Outcome, Saga, drive},
    settings::{IDEMPOTENCY_MS, PRICE_REFUSE_ANY_INCREASE, PRICE_TOLERANCE_BASIS_POINTS, RESERVATION_MS, SAGA_LEASE_MS},
    shop::{Shop, fingerprint},
};
use domain::{
    ids::ShippingMethodId,
    money::Money,
    totals::{check_payable, total_moved},
};
use edge::{Code, Problem, Reply};
use json::json;
use ports::Ports;
use serde::Deserialize;
use store::{Refusal, sql};

/// How often a claim that lost a race is decided anew before the client is asked to come again.
const CLAIM_ROUNDS: u32 = 3;

/// What a confirm may say.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// The total the buyer agrees to, when it is no longer the one they were shown (CHK-2).
    accept_total: Option<Money>,
    /// Another payment method than the session's: a retry after a decline, with the stock still held (CHK-9).
    payment_method: Option<PaymentToken>,
}

#[derive(Deserialize)]
struct Facts {
    session: Session,
    pricing: PricingFacts,
    /// The saga of this very key, if it has not ended without an order.
    same_key: Option<Saga>,
    /// A saga of this owner that is still on its way to an order.
    live: Option<Saga>,
    /// The order this cart has become.
    order: Option<Converted>,
}

#[derive(Deserialize)]
struct Session {
    session_id: String,
    cart_id: String,
    status: String,
    cart_version: i64,
    country: String,
    region: String,
    shipping_method: ShippingMethodId,
    payment_method: String,
    totals: Agreed,
    expires_at_ms: i64,
}

/// What the buyer was shown.
#[derive(Deserialize)]
struct Agreed {
    total: Money,
    quote_hash: String,
}

#[derive(Deserialize)]
struct Converted {
    order_id: String,
    order_number: String,
}

/// What one round of deciding came to.
enum Decision {
    /// Drive this saga, whose lease is ours.
    Drive(Box<Saga>),
    /// This saga has its order already.
    Replay(Box<Saga>),
    /// Somebody moved first: read again.
    Again,
}

/// Confirms a session of the caller's.
///
/// # Errors
/// Every refusal of a total, `session_not_found`, `session_expired`, `session_stale`, `price_changed`, `cart_completed`,
/// `idempotency_in_progress`, `idempotency_key_reused`, `insufficient_stock`, `payment_declined`, `payment_action_required`,
/// `provider_unavailable`, `provider_timeout`, `reservation_expired`.
pub async fn confirm(ports: &Ports<'_>, owner: &str, session_id: &str, body: &Confirm, change: &Change) -> Result<Reply, Problem> {
    let shop = Shop::new(ports);
    let gate = Gate::new(&shop, owner, change.fingerprint(), shop.setting(&IDEMPOTENCY_MS)?);
    if let Some(answer) = change.kept_key(owner).and_then(|key| gate.ask(&key)) {
        return answer;
    }
    for _ in 0..CLAIM_ROUNDS {
        let saga = match decide(&shop, owner, session_id, body, change)? {
            Decision::Again => continue,
            // The winner writes the gate; whoever comes after only reads it.
            Decision::Replay(saga) => return replay(&shop, &saga),
            Decision::Drive(saga) => *saga,
        };
        let key = saga.idempotency_key.clone();
        let total = Money::new(saga.plan.total_minor, saga.plan.currency);
        let cart_id = saga.cart_id.clone();
        return match drive(&shop, saga).await? {
            Outcome::Ordered(receipt) => Ok(gate.keep(&key, render(&receipt, &cart_id, total))),
            Outcome::Refused(problem) | Outcome::Pending(problem) => Err(problem),
        };
    }
    Err(in_progress())
}

/// One round: read all there is to know, decide, and claim.
fn decide(shop: &Shop<'_>, owner: &str, session_id: &str, body: &Confirm, change: &Change) -> Result<Decision, Problem> {
    let kept_key = change.kept_key(owner);
    let input = json!({ "owner": owner, "session_id": session_id, "idempotency_key": kept_key });
    let facts: Facts = shop.read(&sql::CONFIRM_FACTS, &input)?.ok_or_else(|| not_found(shop))?;
    let key = kept_key.unwrap_or_else(|| derived_key(owner, &facts.session, body));

    if let Some(saga) = facts.same_key.filter(|saga| saga.idempotency_key == key) {
        if saga.request_hash != change.fingerprint() {
            return Err(Problem::new(Code::IdempotencyKeyReused));
        }
        return if saga.state.has_order() { Ok(Decision::Replay(Box::new(saga))) } else { resume(shop, &saga) };
    }
    if let Some(order) = facts.order {
        return Err(Problem::new(Code::CartCompleted).with("order_id", order.order_id).with("order_number", order.order_number));
    }
    if let Some(saga) = facts.live {
        // The same checkout under a new key goes on where the first try stopped; another cart waits its turn.
        return if saga.session_id == session_id { resume(shop, &saga) } else { Err(in_progress()) };
    }
    let now_ms = facts.pricing.cart.now_ms;
    if facts.session.status != "open" || facts.session.expires_at_ms <= now_ms {
        return Err(Problem::new(Code::SessionExpired).detail("begin the checkout again"));
    }
    claim(shop, owner, &facts.session, &facts.pricing, body, &key, change)
}

/// Takes over a saga whose driver has gone, or waits for the one that has it.
fn resume(shop: &Shop<'_>, saga: &Saga) -> Result<Decision, Problem> {
    if saga.lease_until_ms > saga.now_ms {
        return Err(in_progress());
    }
    let input = json!({ "saga_id": saga.saga_id, "lease_token": shop.id(), "lease_ms": shop.setting(&SAGA_LEASE_MS)? });
    match shop.read(&sql::SAGA_RESUME, &input)? {
        Some(saga) => Ok(Decision::Drive(Box::new(saga))),
        None => Ok(Decision::Again),
    }
}

/// Prices it now, compares with what was agreed, and claims cart, stock and key in one statement.
fn claim(
    shop: &Shop<'_>,
    owner: &str,
    session: &Session,
    pricing: &PricingFacts,
    body: &Confirm,
    key: &str,
    change: &Change,
) -> Result<Decision, Problem> {
    let priced = pricing.price(Some(&session.shipping_method), Binding::Binding)?;
    agreed(shop, session, pricing, &priced, body)?;
    check_payable(&priced.totals, pricing.rules()?).map_err(|error| payable(&error))?;
    let destination = json!({ "country": session.country, "region": session.region, "shipping_method": session.shipping_method });
    let plan = plan(shop, pricing, &priced, payment_method(session, body), &destination)?;
    let input = json!({
        "saga_id": shop.id(), "session_id": session.session_id, "cart_id": session.cart_id, "owner": owner,
        "cart_version": pricing.cart.version, "idempotency_key": key, "request_hash": change.fingerprint(),
        "lease_token": shop.id(), "lease_ms": shop.setting(&SAGA_LEASE_MS)?, "reservation_ttl_ms": shop.setting(&RESERVATION_MS)?,
        "plan": plan,
    });
    match shop.apply::<Saga>(&sql::CONFIRM_BEGIN, &input)? {
        Ok(saga) => Ok(Decision::Drive(Box::new(saga))),
        // Somebody moved between the read and the claim: what they did decides the next round.
        Err(
            Refusal::ConfirmInProgress
            | Refusal::IdempotencyKeySeen
            | Refusal::CartConverted
            | Refusal::CartChanged
            | Refusal::SessionClosed
            | Refusal::PricesMoved
            | Refusal::InsufficientStock,
        ) => Ok(Decision::Again),
        Err(refusal) => Err(refused(refusal)),
    }
}

/// Whether the buyer has agreed to the total as it is now (CHK-2): they were shown it, or name it.
fn agreed(shop: &Shop<'_>, session: &Session, pricing: &PricingFacts, priced: &Priced, body: &Confirm) -> Result<(), Problem> {
    let (shown, now) = (session.totals.total, priced.totals.total);
    if body.accept_total == Some(now) {
        return Ok(());
    }
    let differs = |code| {
        let problem = Problem::new(code).detail("show the buyer the current total and confirm again with accept_total");
        Err(problem.with("agreed_total", shown).with("current_total", now).with("totals", &priced.totals))
    };
    if pricing.cart.version != session.cart_version {
        return differs(Code::SessionStale);
    }
    let moved = total_moved(shown, now, shop.setting(&PRICE_TOLERANCE_BASIS_POINTS)?, shop.setting(&PRICE_REFUSE_ANY_INCREASE)?);
    if moved || body.accept_total.is_some() { differs(Code::PriceChanged) } else { Ok(()) }
}

/// The key of a confirm that brings none (CHK-4): the same agreement is the same key, a changed one is another.
fn derived_key(owner: &str, session: &Session, body: &Confirm) -> String {
    let accepted = body.accept_total.map(|total| format!("{}{}", total.amount_minor(), total.currency())).unwrap_or_default();
    let version = session.cart_version.to_string();
    let quote = &session.totals.quote_hash;
    fingerprint(&[owner, &session.cart_id, &session.session_id, &version, payment_method(session, body), &accepted, quote])
}

/// The method this confirm pays with.
fn payment_method<'a>(session: &'a Session, body: &'a Confirm) -> &'a str {
    body.payment_method.as_ref().map_or(session.payment_method.as_str(), PaymentToken::as_str)
}

/// The reply, from what the order's creation assigned and nothing that can change later: the first answer and
/// every replay are the same bytes.
fn render(receipt: &OrderReceipt, cart_id: &str, total: Money) -> Reply {
    let body = json!({
        "order_id": receipt.order_id, "order_number": receipt.order_number, "status": "confirmed", "payment_status": "authorized",
        "total": total, "cart_id": cart_id, "created_at_ms": receipt.created_at_ms,
    });
    Reply::json(201, &body).location(format!("/api/v1/orders/{}", receipt.order_id))
}

fn replay(shop: &Shop<'_>, saga: &Saga) -> Result<Reply, Problem> {
    let receipt: OrderReceipt = shop
        .read(&sql::ORDER_VIEW, &json!({ "order_id": saga.plan.order_id }))?
        .ok_or_else(|| Problem::internal(format!("saga {} has no order", saga.saga_id)))?;
    Ok(render(&receipt, &saga.cart_id, Money::new(saga.plan.total_minor, saga.plan.currency)).replayed())
}

fn in_progress() -> Problem {
    Problem::new(Code::IdempotencyInProgress).retry_after(1)
}
