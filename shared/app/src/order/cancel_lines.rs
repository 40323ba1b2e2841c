//! `POST /api/v1/orders/:order_id/cancel-items`: pieces of an order that have not left (ORD-4).
//!
//! What was paid for them goes back as with a refund. Of money that is only held, or that is to be
//! paid at the door, so much is not asked for any more.

use super::{
    cancel::reason,
    refund::{Giving, Kept, NOTHING, RefundParts, costs, giving, parts_of, send_now, taken, with},
    seen::{By, Seen, SeenLine, actor_of},
    ship::{LinePart, after, named, taken_as_paid_in_ms},
};
use crate::{
    KeyedChange,
    events::{Event, OrderCompleted, OrderLinesCancelled, OrderStatusChanged},
    problem::illegal,
    shop::Shop,
};
use callers::OwnerOrService;
use config::PARTIAL_CANCELLATION_ENABLED;
use domain::{
    ids::{OrderId, OrderNumber, RefundId},
    money::Money,
    order::OrderStatus,
    payment::PaymentState,
    refund::{RefundReason, Tender},
};
use json::json;
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::sql;
use terms::{Code, Done, Problem, Rendered};

/// Which pieces, and why.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CancelLines {
    /// What of which lines.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    lines: Vec<LinePart>,
    /// In one line, kept in the open: no personal data.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    reason: Option<String>,
}

/// An order of which pieces are cancelled.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LinesCancelled {
    /// The order.
    pub order_id: OrderId,
    /// The number people use for it.
    pub order_number: OrderNumber,
    /// Its version now.
    pub version: i64,
    /// When.
    pub updated_at_ms: i64,
    /// What was known of it before.
    #[cfg_attr(feature = "schema", schemars(flatten))]
    pub foreseen: ForeseenCancel,
}

/// What is known of cancelled pieces before they are.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ForeseenCancel {
    /// The refund that has them; of nothing, where they were free.
    refund_id: RefundId,
    /// Where the order is now.
    status: OrderStatus,
    /// What is cancelled. It is stock again.
    cancelled: Vec<LinePart>,
    /// What goes back of what, and to whom.
    #[serde(flatten)]
    parts: RefundParts,
}

/// What is judged to be cancelled.
struct Judged {
    parts: RefundParts,
    status: OrderStatus,
}

/// Cancels pieces that have not left. They are stock again with the same statement, and what was paid
/// for them goes back; shipping and fees stay.
///
/// # Errors
/// `order_not_found`; `partial_cancellation_disabled`; `illegal_transition` of an order of which
/// nothing is to leave; `invalid_field` of pieces that are not there, or all there are;
/// `payment_collected`; `payment_not_refundable` of an order whose money is neither held nor taken;
/// `order_busy` while it is being taken.
pub async fn cancel_lines(
    ports: &Ports<'_>,
    caller: &OwnerOrService,
    order_id: &OrderId,
    body: &CancelLines,
    change: &KeyedChange,
) -> Result<Done<Rendered<LinesCancelled>>, Problem> {
    let actor = actor_of(caller);
    let by = By { actor: &actor, reason: reason(body.reason.as_deref(), "pieces cancelled")? };
    let shop = Shop::new(ports);
    let order = Seen::read(&shop, caller.owner(), order_id)?;
    let judged = if shop.setting(&PARTIAL_CANCELLATION_ENABLED)? {
        judged(&order, &body.lines)
    } else {
        Err(Problem::new(Code::PartialCancellationDisabled))
    };
    let Judged { parts, status } = match judged {
        Ok(judged) => judged,
        Err(problem) => return order.only_replayed(&shop, change, &sql::ORDER_REFUND, by, problem),
    };
    let refund_id: RefundId = shop.new_id()?;
    let kept = Kept {
        reason: RefundReason::Cancelled,
        note: body.reason.as_deref(),
        return_id: None,
        cancelled: &body.lines,
        parts: &parts,
    };
    let Giving { mut events, input, asks_somebody } = giving(&shop, &order, by, &refund_id, &kept);
    events.push(told(&shop, &order, &body.lines, &actor, parts.amount));
    let completed = status == OrderStatus::Delivered;
    events.extend(moves(&shop, &order, &actor, status));
    let waived = parts.waived.amount_minor();
    let foreseen = ForeseenCancel {
        refund_id: refund_id.clone(),
        status,
        cancelled: body.lines.clone(),
        parts,
    };
    let more = json!({
        "to_status": status, "cancelled": body.lines, "completed": completed.then_some(true),
        "due_in_ms": taken_as_paid_in_ms(&shop, &order, status)?, "waived": (waived > 0).then(|| json!({ "amount_minor": waived })), "reply": foreseen, "events": events,
    });
    let may = OrderStatus::may_cancel_lines;
    let applied = order.apply(&shop, change, &sql::ORDER_REFUND, (may, by), with(input, more))?;
    let is_made = applied.refusal().is_none();
    let made = applied.done(|refusal| order.refused(may, refusal))?;
    if asks_somebody && is_made {
        send_now(&shop, &refund_id).await?;
    }
    Ok(made)
}

fn judged(order: &Seen, lines: &[LinePart]) -> Result<Judged, Problem> {
    if !order.status.may_cancel_lines() {
        return Err(illegal(order.status));
    }
    let asked: Vec<(i64, i64)> = lines.iter().map(|part| (part.line_no, part.quantity)).collect();
    order.holds(&asked, |line| line.pieces().to_ship())?;
    let of = |line: &SeenLine| {
        let named = asked.iter().find(|(line_no, _)| *line_no == line.line_no);
        named.map_or(0, |(_, quantity)| *quantity)
    };
    if order
        .lines
        .iter()
        .all(|line| line.pieces().to_ship() == of(line) && line.pieces().shipped == 0)
    {
        return Err(must_leave("something"));
    }
    let refund = costs(order).cancelled(&asked);
    let (paid, is_held) = payable(order)?;
    let mut parts = parts_of(order, &refund, paid)?;
    if is_held {
        if parts.to_payment.is_positive() && parts.to_payment.amount_minor() == paid.paid_minor {
            return Err(must_leave("something to be paid"));
        }
        parts = parts.not_taken_yet();
    }
    let status = if order.status.follows_from_pieces() {
        after(order, lines, |pieces, quantity| {
            pieces.cancelled = pieces.cancelled.saturating_add(quantity);
        })
    } else {
        order.status
    };
    Ok(Judged { parts, status })
}

fn must_leave(what: &str) -> Problem {
    Problem::invalid_field("/lines", format!("must leave {what}: cancel the order instead"))
}

/// What the payment can give back, and whether it is only held, or to be made at the door or elsewhere.
fn payable(order: &Seen) -> Result<(Tender, bool), Problem> {
    let Some(payment) = &order.payment else { return Ok((NOTHING, false)) };
    let held = Tender { paid_minor: payment.amount_minor, returned_minor: 0 };
    match payment.state {
        PaymentState::Authorized => Ok((held, true)),
        PaymentState::Pending if payment.offline().is_some() => Ok((held, true)),
        PaymentState::Captured | PaymentState::PartiallyRefunded | PaymentState::Refunded => {
            if payment.asks_somebody() || payment.captured_minor == 0 {
                Ok((taken(payment), false))
            } else {
                Err(Problem::new(Code::PaymentCollected))
            }
        }
        PaymentState::CapturePending => Err(Problem::new(Code::OrderBusy).retry_after(1)),
        PaymentState::Pending
        | PaymentState::RequiresAction
        | PaymentState::CaptureFailed
        | PaymentState::Voided
        | PaymentState::Failed => Err(Problem::new(Code::PaymentNotRefundable)),
    }
}

fn told(shop: &Shop<'_>, order: &Seen, lines: &[LinePart], actor: &str, amount: Money) -> Event {
    let (order_id, order_number) = (&order.order_id, &order.order_number);
    let lines = lines.iter().filter_map(|part| named(order, *part)).collect();
    Event::of(shop, &OrderLinesCancelled { order_id, order_number, actor, lines, amount })
}

/// Where that leads an order: what has arrived whole has left whole before.
fn moves(shop: &Shop<'_>, order: &Seen, actor: &str, status: OrderStatus) -> Vec<Event> {
    let Seen { order_id, order_number, cart_id, .. } = order;
    if status == order.status {
        return Vec::new();
    }
    if status != OrderStatus::Delivered {
        return vec![Event::of(shop, &order.changed(actor, status))];
    }
    let from_status = OrderStatus::Shipped;
    let arrived =
        OrderStatusChanged { order_id, order_number, cart_id, actor, status, from_status };
    let total = order.money(order.total_minor);
    vec![
        Event::of(shop, &order.changed(actor, from_status)),
        Event::of(shop, &arrived),
        Event::of(shop, &OrderCompleted { order_id, order_number, cart_id, total }),
    ]
}
