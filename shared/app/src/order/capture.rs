//! `POST /api/v1/orders/:order_id/capture`: the money of an order that is held for it, when the shop
//! wants it later than the order (PAY-3).

use super::seen::{By, Seen};
use crate::{
    KeyedChange,
    events::{CaptureRequested, Event},
    saga::{Saga, try_capture},
    shop::Shop,
};
use callers::Service;
use config::{CAPTURE_LATEST_MS, SAGA_LEASE_MS};
use domain::{
    ids::{OrderId, OrderNumber, PaymentId, SagaId},
    money::Money,
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
    let by = By { actor: &actor, reason: "capture asked for" };
    let order = Seen::read(&shop, None, order_id)?;
    let Some(held) = order.payment.as_ref().filter(|payment| payment.asks_somebody()) else {
        return Err(Problem::new(Code::PaymentNotCapturable));
    };
    let amount = order.money(held.amount_minor);
    if body.amount.is_some_and(|expected| expected != amount) {
        return Err(Problem::invalid_field("/amount", format!("must be what is held: {amount}")));
    }
    let allows = OrderStatus::takes_money;
    let input = input(&shop, order_id, &held.payment_id, amount);
    let applied = order.apply(&shop, change, &sql::ORDER_CAPTURE, (allows, by), input)?;
    let is_asked = applied.refusal().is_none();
    let asked = applied.done(|refusal| {
        if refusal == Refusal::OrderChanged && !allows(order.status) {
            return Problem::new(Code::PaymentNotCapturable);
        }
        order.refused(allows, refusal)
    })?;
    if is_asked {
        take_now(&shop, &held.saga_id).await;
    }
    Ok(asked)
}

fn input(shop: &Shop<'_>, order_id: &OrderId, payment_id: &PaymentId, amount: Money) -> Value {
    let requested = Event::of(shop, &CaptureRequested { order_id, payment_id, amount });
    let reply = Foreseen { amount, payment_status: PaymentState::CapturePending };
    json!({ "reply": reply, "events": [requested] })
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
    authorized_at_ms: i64,
}

/// Asks for the money of the order that has waited longest for somebody to do so, if its provider
/// would let it go before long: an alert says so. Whether there was one.
///
/// # Errors
/// What the database refuses.
pub(crate) fn capture_due(shop: &Shop<'_>) -> Result<bool, Problem> {
    let latest = json!({ "life_ms": shop.setting(&CAPTURE_LATEST_MS)? });
    let Some(due) = shop.read::<Due>(&sql::CAPTURE_DUE, &latest)? else { return Ok(false) };
    let Due { order_id, authorized_at_ms } = due;
    let order = Seen::read(shop, None, &order_id)?;
    let Some(held) = &order.payment else { return Ok(false) };
    let (payment_id, amount) = (&held.payment_id, order.money(held.amount_minor));
    let by = By { actor: "saga-recovery", reason: "the authorization would lapse" };
    let input = input(shop, &order_id, payment_id, amount);
    let input = order.fenced(OrderStatus::takes_money, by, input);
    match shop.apply::<Value>(&sql::ORDER_CAPTURE, &input)? {
        Ok(_) => {
            let detail = format!(
                "{amount} for order {order_id} was held since {authorized_at_ms} and is captured before the provider lets it go"
            );
            shop.alert(&format!("authorization_lapsing:{payment_id}"), &detail);
            Ok(true)
        }
        // Somebody has asked for it, or cancelled the order, since it was read.
        Err(Refusal::OrderChanged | Refusal::PaymentNotCapturable) => Ok(false),
        Err(refusal) => Err(Problem::internal(format!("capture refused: {refusal:?}"))),
    }
}
