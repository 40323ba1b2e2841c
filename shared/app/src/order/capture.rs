//! `POST /api/v1/orders/:order_id/capture`: the money of an order that is held for it, when the shop
//! wants it later than the order (PAY-3).

use super::view::{Which, read};
use crate::{
    KeyedChange,
    change::Apply as _,
    events::{CaptureRequested, Event},
    payment::NO_PROVIDER,
    problem::refused_at,
    saga::{Saga, try_capture},
    shop::Shop,
};
use callers::Service;
use config::{CAPTURE_LATEST_MS, SAGA_LEASE_MS};
use domain::{
    ids::{OrderId, OrderNumber, PaymentId, SagaId},
    money::{Currency, Money},
    order::OrderStatus,
    payment::PaymentState,
};
use json::{Value, json};
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::{Refusal, sql};
use terms::{Code, Done, Problem, Rendered};

/// What is to be captured.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CaptureOrder {
    /// What the caller expects to be held: exactly that is taken, or nothing. Left out, it is taken
    /// whatever it is.
    amount: Option<Money>,
}

/// Money that was asked for.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CaptureAsked {
    /// The order.
    pub order_id: OrderId,
    /// The number people use for it.
    pub order_number: OrderNumber,
    /// Its version now.
    pub version: i64,
    /// When it was asked for.
    pub requested_at_ms: i64,
    /// What was known of it before.
    #[cfg_attr(feature = "schema", schemars(flatten))]
    pub foreseen: Foreseen,
}

/// What is known of a capture before it is asked for.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Foreseen {
    /// What is asked for: all that is held.
    amount: Money,
    /// `capture_pending`. The order says what has become of it.
    payment_status: PaymentState,
}

/// What a decision is made of, and fenced by.
#[derive(Deserialize)]
struct Seen {
    status: OrderStatus,
    version: i64,
    currency: Currency,
    payment: Option<Held>,
}

#[derive(Deserialize)]
struct Held {
    payment_id: PaymentId,
    saga_id: SagaId,
    provider: String,
    amount_minor: i64,
}

/// Takes the money of an order whose payment is authorized. It is tried at once, and by
/// `saga-recovery` until it is taken or given up.
///
/// # Errors
/// `order_not_found`; `invalid_field` for another amount; `payment_not_capturable` of an order that
/// is cancelled, or waits for a review, or whose money is not held: it was taken already, or nobody outside was asked.
pub async fn capture(
    ports: &Ports<'_>,
    service: &Service,
    order_id: &OrderId,
    body: &CaptureOrder,
    change: &KeyedChange,
) -> Result<Done<Rendered<CaptureAsked>>, Problem> {
    let shop = Shop::new(ports);
    let actor = service.actor();
    let order: Seen = read(&shop, None, Which::Id(order_id))?;
    let asks_somebody = |held: &Held| held.provider != NO_PROVIDER;
    let Some(held) = order.payment.filter(asks_somebody) else {
        return Err(Problem::new(Code::PaymentNotCapturable));
    };
    let amount = Money::new(held.amount_minor, order.currency);
    if body.amount.is_some_and(|expected| expected != amount) {
        return Err(Problem::invalid_field("/amount", format!("must be what is held: {amount}")));
    }
    let (seen, held_as) = ((order_id, order.version), (&held.payment_id, amount));
    let input = input(&shop, seen, held_as, (&actor, "capture asked for"));
    let applied = change.apply(&shop, &actor, &sql::ORDER_CAPTURE, input)?;
    let is_asked = applied.refusal().is_none();
    let asked = applied.done(|refusal| {
        if refusal == Refusal::OrderChanged && !order.status.takes_money() {
            return Problem::new(Code::PaymentNotCapturable);
        }
        refused_at(refusal, order.version)
    })?;
    if is_asked {
        take_now(&shop, &held.saga_id).await;
    }
    Ok(asked)
}

fn input(
    shop: &Shop<'_>,
    (order_id, order_version): (&OrderId, i64),
    (payment_id, amount): (&PaymentId, Money),
    (actor, reason): (&str, &str),
) -> Value {
    let requested = Event::of(shop, &CaptureRequested { order_id, payment_id, amount });
    json!({
        "order_id": order_id, "order_version": order_version, "actor": actor, "reason": reason,
        "reply": Foreseen { amount, payment_status: PaymentState::CapturePending }, "events": [requested],
    })
}

/// The answer is final already: what fails now is recovery's business, and a line in the log.
pub(super) async fn take_now(shop: &Shop<'_>, saga_id: &SagaId) {
    let lease = || {
        let lease_ms = shop.setting(&SAGA_LEASE_MS)?;
        let input = json!({ "saga_id": saga_id, "lease_token": shop.id(), "lease_ms": lease_ms });
        shop.read::<Saga>(&sql::SAGA_RESUME, &input)
    };
    match lease() {
        Ok(Some(saga)) => drop(try_capture(shop, saga).await),
        // Recovery was faster.
        Ok(None) => {}
        Err(problem) => terms::log(
            "warning",
            "a capture waits for recovery",
            &[("saga_id", saga_id.as_str()), ("code", problem.code().slug())],
        ),
    }
}

#[derive(Deserialize)]
struct Due {
    order_id: OrderId,
    version: i64,
    payment_id: PaymentId,
    authorized_at_ms: i64,
    amount_minor: i64,
    currency: Currency,
}

/// Asks for the money of the order that has waited longest for somebody to do so, if its provider
/// would let it go before long: an alert says so. Whether there was one.
///
/// # Errors
/// What the database refuses.
pub(crate) fn capture_due(shop: &Shop<'_>) -> Result<bool, Problem> {
    let latest = json!({ "life_ms": shop.setting(&CAPTURE_LATEST_MS)? });
    let Some(due) = shop.read::<Due>(&sql::CAPTURE_DUE, &latest)? else { return Ok(false) };
    let Due { order_id, version, payment_id, authorized_at_ms, amount_minor, currency } = due;
    let amount = Money::new(amount_minor, currency);
    let detail = format!(
        "{amount} for order {order_id} was held since {authorized_at_ms} and is captured before the provider lets it go"
    );
    let why = ("saga-recovery", "the authorization would lapse");
    let input = input(shop, (&order_id, version), (&payment_id, amount), why);
    match shop.apply::<Value>(&sql::ORDER_CAPTURE, &input)? {
        Ok(_) => {
            shop.alert(&format!("authorization_lapsing:{payment_id}"), &detail);
            Ok(true)
        }
        // Somebody has asked for it, or cancelled the order, since it was read.
        Err(Refusal::OrderChanged | Refusal::PaymentNotCapturable) => Ok(false),
        Err(refusal) => Err(Problem::internal(format!("capture refused: {refusal:?}"))),
    }
}
