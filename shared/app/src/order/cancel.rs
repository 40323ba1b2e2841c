//! `POST /api/v1/orders/:order_id/cancel`: the whole order, its stock and its money back (ORD-4); and
//! `/deny`, the same of an order that a person has looked at (CHK-16).

use super::seen::{By, Seen, SeenPayment, actor_of};
use crate::{
    KeyedChange, compensation,
    events::{self, Event},
    shop::Shop,
};
use callers::{OwnerOrService, Service};
use config::FRAUD_REVIEW_MS;
use domain::{
    compensation::CompensationKind,
    ids::{CompensationId, OrderId, OrderNumber},
    order::OrderStatus,
    payment::PaymentState,
    stored_value::EntryKind,
};
use json::{Value, json};
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::{Refusal, sql};
use terms::{Code, Done, Problem, Rendered};

/// Why.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CancelOrder {
    /// In one line, kept in the open: no personal data.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    reason: Option<String>,
}

/// A cancelled order.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderCancelled {
    /// The order.
    pub order_id: OrderId,
    /// The number people use for it.
    pub order_number: OrderNumber,
    /// Its version now.
    pub version: i64,
    /// When.
    pub cancelled_at_ms: i64,
    /// The same.
    pub updated_at_ms: i64,
    /// What was known of it before.
    #[cfg_attr(feature = "schema", schemars(flatten))]
    pub foreseen: Foreseen,
}

/// What is known of a cancelled order before it is one.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Foreseen {
    /// `cancelled`.
    pub(super) status: OrderStatus,
    /// `restocked`: with the same statement.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["restocked"])))]
    stock: &'static str,
    /// The payment's state as it was found; null without a payment.
    pub(super) payment_status: Option<PaymentState>,
    /// What follows for the payment.
    #[cfg_attr(feature = "schema", schemars(schema_with = "compensation_or_none"))]
    compensation: &'static str,
}

#[cfg(feature = "schema")]
fn compensation_or_none(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let names: Vec<&str> = CompensationKind::NAMES.iter().copied().chain(["none"]).collect();
    schemars::json_schema!({ "type": "string", "enum": names })
}

/// Cancels an order that has not been shipped. The stock is back with the same statement; what is
/// owed to the provider is a row with it, tried at once and retried by its worker.
///
/// # Errors
/// `order_not_found`, `illegal_transition` with the legal moves, `payment_collected` of one that was
/// paid at the door, `order_busy` while its payment is in motion.
pub async fn cancel(
    ports: &Ports<'_>,
    caller: &OwnerOrService,
    order_id: &OrderId,
    body: &CancelOrder,
    change: &KeyedChange,
) -> Result<Done<Rendered<OrderCancelled>>, Problem> {
    let actor = actor_of(caller);
    let reason = reason(body.reason.as_deref(), "cancelled on request")?;
    let shop = Shop::new(ports);
    let order = Seen::read(&shop, caller.owner(), order_id)?;
    let by = By { actor: &actor, reason };
    end(&shop, &order, (OrderStatus::may_cancel, by), change, |it| json::value(&it)).await
}

/// Denies an order that waits for a person (CHK-16): it is cancelled, with all that follows.
///
/// # Errors
/// `order_not_found`, `illegal_transition` of one that waits for nobody, `order_busy`.
pub async fn deny(
    ports: &Ports<'_>,
    service: &Service,
    order_id: &OrderId,
    body: &CancelOrder,
    change: &KeyedChange,
) -> Result<Done<Rendered<OrderCancelled>>, Problem> {
    let actor = service.actor();
    let reason = reason(body.reason.as_deref(), "denied")?;
    let shop = Shop::new(ports);
    let order = Seen::read(&shop, None, order_id)?;
    let by = By { actor: &actor, reason };
    end(&shop, &order, (waits, by), change, |it| json::value(&it)).await
}

/// Whether it waits for a person.
pub(super) fn waits(status: OrderStatus) -> bool {
    status == OrderStatus::OnHold
}

/// Ends an order that `may_end` lets end, and answers with what `reply` makes of it.
pub(super) async fn end<T>(
    shop: &Shop<'_>,
    order: &Seen,
    (may_end, by): (fn(OrderStatus) -> bool, By<'_>),
    change: &KeyedChange,
    reply: impl FnOnce(Foreseen) -> Value,
) -> Result<Done<Rendered<T>>, Problem> {
    // Nobody can be asked to give it back: whoever has it hands it back first, by a refund.
    let is_with_the_shop = |paid: &SeenPayment| !paid.asks_somebody() && paid.left_minor() > 0;
    if may_end(order.status) && order.payment.as_ref().is_some_and(is_with_the_shop) {
        return Err(Problem::new(Code::PaymentCollected));
    }
    let compensation_id: CompensationId = shop.new_id()?;
    let input = input(shop, order, by.actor, &compensation_id, reply);
    let applied = order.apply(shop, change, &sql::ORDER_CANCEL, (may_end, by), input)?;
    let done = applied.refusal().is_none();
    let cancelled = applied.done(|refusal| order.refused(may_end, refusal))?;
    if done {
        // The answer is final already; a provider that fails now is the worker's business.
        compensation::run_now(shop, &compensation_id).await;
    }
    Ok(cancelled)
}

/// Denies the order that nobody has looked at for longest, if it has waited too long: an alert says
/// so. Whether there was one.
///
/// # Errors
/// What the database refuses.
pub(crate) fn review_due(shop: &Shop<'_>) -> Result<bool, Problem> {
    let latest = json!({ "review_ms": shop.setting(&FRAUD_REVIEW_MS)? });
    let Some(Due { order_id }) = shop.read(&sql::REVIEW_DUE, &latest)? else { return Ok(false) };
    let order = Seen::read(shop, None, &order_id)?;
    let by = By { actor: "saga-recovery", reason: "nobody has reviewed it in time" };
    let input = by_worker(shop, &order, (waits, by))?;
    match shop.apply::<Value>(&sql::ORDER_CANCEL, &input)? {
        Ok(_) => {
            let detail = format!("order {order_id} waited for a review, and is denied now");
            shop.alert(&format!("review_unanswered:{order_id}"), &detail);
            Ok(true)
        }
        // Somebody has decided since it was read.
        Err(Refusal::OrderChanged | Refusal::OrderBusy) => Ok(false),
        Err(refusal) => Err(Problem::internal(format!("denial refused: {refusal:?}"))),
    }
}

/// The input of the command by which a worker ends an order. What is owed with it another tries.
pub(super) fn by_worker(
    shop: &Shop<'_>,
    order: &Seen,
    (may_end, by): (fn(OrderStatus) -> bool, By<'_>),
) -> Result<Value, Problem> {
    let input = input(shop, order, by.actor, &shop.new_id()?, |_| Value::Null);
    Ok(order.fenced(may_end, by, input))
}

#[derive(Deserialize)]
struct Due {
    order_id: OrderId,
}

fn input(
    shop: &Shop<'_>,
    order: &Seen,
    actor: &str,
    compensation_id: &CompensationId,
    reply: impl FnOnce(Foreseen) -> Value,
) -> Value {
    let owed = order.payment.as_ref().and_then(|payment| {
        let (kind, amount_minor) = match payment.state {
            PaymentState::Authorized
            | PaymentState::CapturePending
            | PaymentState::CaptureFailed => (CompensationKind::VoidPayment, 0),
            // Nothing was paid, or all of it is on its way back: nothing more is owed.
            PaymentState::Captured | PaymentState::PartiallyRefunded
                if payment.left_minor() == 0 =>
            {
                return None;
            }
            PaymentState::Captured | PaymentState::PartiallyRefunded => {
                (CompensationKind::RefundPayment, payment.left_minor())
            }
            PaymentState::Pending
            | PaymentState::RequiresAction
            | PaymentState::Voided
            | PaymentState::Failed
            | PaymentState::Refunded => {
                return None;
            }
        };
        Some((payment, kind, amount_minor))
    });
    let Seen { order_id, order_number, cart_id, status: from_status, .. } = order;
    let (status, from_status) = (OrderStatus::Cancelled, *from_status);
    let changed = order.changed(actor, status);
    let payment_status = order.payment_status();
    let compensation = owed.map(|(_, kind, _)| kind);
    let cancelled = events::OrderCancelled {
        order_id,
        order_number,
        cart_id,
        actor,
        status,
        from_status,
        payment_status,
        compensation,
    };
    let mut events = vec![Event::of(shop, &changed), Event::of(shop, &cancelled)];
    events.extend(
        order
            .draws
            .iter()
            .filter_map(|draw| draw.comes_back(shop, order_id, EntryKind::Returned, draw.left())),
    );
    json!({
        "payment_state": payment_status,
        "compensation": owed.map(|(payment, kind, amount_minor)| json!({
            "compensation_id": compensation_id, "kind": kind, "payment_id": payment.payment_id, "saga_id": payment.saga_id,
            "amount_minor": amount_minor, "reason": "order_cancelled",
        })),
        "reply": reply(Foreseen { status, stock: "restocked", payment_status, compensation: compensation.map_or("none", CompensationKind::as_str) }),
        "events": events,
    })
}

/// The reason is kept in the open, in the history, so it is short and of one line.
pub(super) fn reason<'a>(given: Option<&'a str>, default: &'a str) -> Result<&'a str, Problem> {
    let reason = given.unwrap_or(default);
    let fits = !reason.trim().is_empty()
        && reason.chars().count() <= 200
        && !reason.chars().any(char::is_control);
    if fits {
        Ok(reason)
    } else {
        Err(Problem::new(Code::InvalidField)
            .field("/reason")
            .detail("must be one line of 1 to 200 characters"))
    }
}
