//! `POST /api/v1/orders/:order_id/returns`: goods that somebody wants to send back (ORD-5); and
//! `/returns/:return_id/{approve,refuse,withdraw,receive}`, what becomes of that.

use super::{
    cancel::reason,
    seen::{By, Seen, actor_of},
};
use crate::{
    KeyedChange,
    events::{
        Event, ReturnApproved, ReturnReceived, ReturnRefused, ReturnRequested, ReturnWithdrawn,
        ReturnedLine,
    },
    shop::Shop,
};
use callers::{OwnerOrService, Service};
use config::{RETURN_WINDOW_MS, RETURNS_ENABLED};
use domain::{
    ids::{OrderId, OrderNumber, ReturnId},
    order::OrderStatus,
    returns::{ReturnReason, ReturnStatus},
};
use json::json;
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::sql;
use terms::{Code, Done, Problem, Rendered};

/// What is to be sent back.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestReturn {
    /// Of which lines.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    lines: Vec<AskedBack>,
    /// More of why, in one line, kept in the open: no personal data.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    note: Option<String>,
}

/// What of a line is to be sent back.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AskedBack {
    /// The line of the order.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    line_no: i64,
    /// How many.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 10_000)))]
    quantity: i64,
    /// Why.
    reason: ReturnReason,
}

/// What is back.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReceiveReturn {
    /// Of which lines; left out, all that was to come back, and all of it fit to be sold.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    lines: Option<Vec<CameBack>>,
    /// In one line, kept in the open: no personal data.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    reason: Option<String>,
}

/// What of a line is back.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CameBack {
    /// The line of the order.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    line_no: i64,
    /// How many.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 10_000)))]
    quantity: i64,
    /// How many of those are fit to be sold again: they are stock of the warehouse they came from.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 10_000)))]
    restocked_quantity: i64,
}

/// Why.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DecideReturn {
    /// In one line, kept in the open: no personal data.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    reason: Option<String>,
}

/// What was asked for, and what came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReturnParts {
    /// Of which lines.
    pub(super) lines: Vec<ReturnLine>,
    /// More of why.
    note: Option<String>,
    /// Who asked: its owner, or a program.
    asked_by: String,
}

/// What of a line comes back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReturnLine {
    /// The line of the order.
    pub(super) line_no: i64,
    /// How many were to come back.
    quantity: i64,
    /// Why.
    reason: ReturnReason,
    /// How many have.
    pub(super) received_quantity: i64,
    /// How many of those are stock again.
    restocked_quantity: i64,
}

/// A return of an order.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Return {
    /// The return.
    pub return_id: ReturnId,
    /// How far it has come.
    pub status: ReturnStatus,
    /// When it was asked for.
    pub created_at_ms: i64,
    /// When it came to where it is.
    pub updated_at_ms: i64,
    /// What was asked for, and what came of it.
    #[cfg_attr(feature = "schema", schemars(flatten))]
    pub parts: ReturnParts,
}

/// A return that has come to where it is.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReturnMoved {
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
    pub foreseen: ForeseenReturn,
}

/// What is known of a return before it is written down.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ForeseenReturn {
    /// The return.
    return_id: ReturnId,
    /// How far it has come.
    return_status: ReturnStatus,
    /// Of which lines, and what is back.
    lines: Vec<ReturnLine>,
}

/// A return as whoever changes its order has read it.
#[derive(Deserialize)]
pub(super) struct SeenReturn {
    pub(super) return_id: ReturnId,
    pub(super) status: ReturnStatus,
    pub(super) lines: Vec<ReturnLine>,
    note: Option<String>,
    asked_by: String,
}

/// Asks to send goods back that have arrived.
///
/// # Errors
/// `order_not_found`; `returns_disabled`; `return_too_late`; `illegal_transition` of an order of
/// which nothing has arrived; `invalid_field` of a line that there is not, or of more than has
/// arrived and does not come back already.
pub fn request_return(
    ports: &Ports<'_>,
    caller: &OwnerOrService,
    order_id: &OrderId,
    body: &RequestReturn,
    change: &KeyedChange,
) -> Result<Done<Rendered<ReturnMoved>>, Problem> {
    let shop = Shop::new(ports);
    let actor = actor_of(caller);
    let told = reason(body.note.as_deref(), "return asked for").map_err(|it| it.field("/note"))?;
    let by = By { actor: &actor, reason: told };
    let order = Seen::read(&shop, caller.owner(), order_id)?;
    let judged = if shop.setting(&RETURNS_ENABLED)? {
        asked_back(&order, &body.lines)
    } else {
        Err(Problem::new(Code::ReturnsDisabled))
    };
    let lines = match judged {
        Ok(lines) => lines,
        Err(problem) => return order.only_replayed(&shop, change, &sql::ORDER_RETURN, by, problem),
    };
    let made = Made {
        return_id: shop.new_id()?,
        status: ReturnStatus::Requested,
        parts: ReturnParts { lines, note: body.note.clone(), asked_by: actor.clone() },
        // Who writes to the shop is not too late for it.
        window_ms: caller.owner().map(|_| shop.setting(&RETURN_WINDOW_MS)).transpose()?,
    };
    made.write(&shop, &order, by, change)
}

/// The shop takes it back.
///
/// # Errors
/// `order_not_found`, `return_not_found`; `return_step_illegal` with where it can go.
pub fn approve_return(
    ports: &Ports<'_>,
    service: &Service,
    (order_id, return_id): (&OrderId, &ReturnId),
    body: &DecideReturn,
    change: &KeyedChange,
) -> Result<Done<Rendered<ReturnMoved>>, Problem> {
    let to = (ReturnStatus::Approved, "return approved");
    decide(ports, (None, &service.actor()), (order_id, return_id), (to, body), change)
}

/// The shop does not take it back.
///
/// # Errors
/// As [`approve_return`].
pub fn refuse_return(
    ports: &Ports<'_>,
    service: &Service,
    (order_id, return_id): (&OrderId, &ReturnId),
    body: &DecideReturn,
    change: &KeyedChange,
) -> Result<Done<Rendered<ReturnMoved>>, Problem> {
    let to = (ReturnStatus::Refused, "return refused");
    decide(ports, (None, &service.actor()), (order_id, return_id), (to, body), change)
}

/// Whoever asked keeps it after all.
///
/// # Errors
/// As [`approve_return`].
pub fn withdraw_return(
    ports: &Ports<'_>,
    caller: &OwnerOrService,
    (order_id, return_id): (&OrderId, &ReturnId),
    body: &DecideReturn,
    change: &KeyedChange,
) -> Result<Done<Rendered<ReturnMoved>>, Problem> {
    let to = (ReturnStatus::Withdrawn, "return withdrawn");
    decide(ports, (caller.owner(), &actor_of(caller)), (order_id, return_id), (to, body), change)
}

/// It is back: its lines count it, and what is fit to be sold is stock again. No money goes back by
/// this: a refund names the return.
///
/// # Errors
/// As [`approve_return`]; `invalid_field` of a line that was not to come back, or of more than was.
pub fn receive_return(
    ports: &Ports<'_>,
    service: &Service,
    (order_id, return_id): (&OrderId, &ReturnId),
    body: &ReceiveReturn,
    change: &KeyedChange,
) -> Result<Done<Rendered<ReturnMoved>>, Problem> {
    let shop = Shop::new(ports);
    let actor = service.actor();
    let by = By { actor: &actor, reason: reason(body.reason.as_deref(), "return received")? };
    let order = Seen::read(&shop, None, order_id)?;
    let seen = found(&order, return_id)?;
    let to = ReturnStatus::Received;
    let judged = step(seen, to).and_then(|()| came_back(&seen.lines, body.lines.as_deref()));
    let lines = match judged {
        Ok(lines) => lines,
        Err(problem) => return order.only_replayed(&shop, change, &sql::ORDER_RETURN, by, problem),
    };
    let parts = ReturnParts { lines, ..seen.parts() };
    Made { return_id: return_id.clone(), status: to, parts, window_ms: None }
        .write(&shop, &order, by, change)
}

fn decide(
    ports: &Ports<'_>,
    (owner, actor): (Option<&str>, &str),
    (order_id, return_id): (&OrderId, &ReturnId),
    ((to, default), body): ((ReturnStatus, &str), &DecideReturn),
    change: &KeyedChange,
) -> Result<Done<Rendered<ReturnMoved>>, Problem> {
    let shop = Shop::new(ports);
    let by = By { actor, reason: reason(body.reason.as_deref(), default)? };
    let order = Seen::read(&shop, owner, order_id)?;
    let seen = found(&order, return_id)?;
    if let Err(problem) = step(seen, to) {
        return order.only_replayed(&shop, change, &sql::ORDER_RETURN, by, problem);
    }
    let made =
        Made { return_id: return_id.clone(), status: to, parts: seen.parts(), window_ms: None };
    made.write(&shop, &order, by, change)
}

impl SeenReturn {
    pub(super) fn parts(&self) -> ReturnParts {
        let Self { lines, note, asked_by, .. } = self;
        ReturnParts { lines: lines.clone(), note: note.clone(), asked_by: asked_by.clone() }
    }
}

fn found<'a>(order: &'a Seen, return_id: &ReturnId) -> Result<&'a SeenReturn, Problem> {
    let it = order.returns.iter().find(|it| it.return_id == *return_id);
    it.ok_or_else(|| Problem::new(Code::ReturnNotFound))
}

/// Whether it can go there.
///
/// # Errors
/// `return_step_illegal`.
pub(super) fn step(seen: &SeenReturn, to: ReturnStatus) -> Result<(), Problem> {
    let legal = seen.status.legal_next();
    if legal.contains(&to) {
        return Ok(());
    }
    let names: Vec<&str> = legal.iter().map(|status| status.as_str()).collect();
    let where_to = if names.is_empty() { "nowhere".to_owned() } else { names.join(", ") };
    let detail = format!("the return is {}, and can go to: {where_to}", seen.status);
    Err(Problem::new(Code::ReturnStepIllegal).detail(detail))
}

/// Whether something of an order in this state has arrived, or may still come back.
fn is_there(status: OrderStatus) -> bool {
    status.follows_from_pieces() || status == OrderStatus::Refunded
}

/// What is to come back: of each line once, and no more than has arrived, is not back, and is not
/// promised to another return.
fn asked_back(order: &Seen, asked: &[AskedBack]) -> Result<Vec<ReturnLine>, Problem> {
    if !is_there(order.status) {
        return Err(crate::problem::illegal(order.status));
    }
    let named: Vec<(i64, i64)> = asked.iter().map(|part| (part.line_no, part.quantity)).collect();
    order.holds(&named, |line| {
        let open = order.returns.iter().filter(|it| it.status.keeps_its_pieces());
        let promised = open.flat_map(|it| &it.lines).filter(|it| it.line_no == line.line_no);
        let promised = promised.fold(0_i64, |sum, it| sum.saturating_add(it.quantity));
        line.to_come_back().saturating_sub(promised)
    })?;
    let line = |part: &AskedBack| ReturnLine {
        line_no: part.line_no,
        quantity: part.quantity,
        reason: part.reason,
        received_quantity: 0,
        restocked_quantity: 0,
    };
    Ok(asked.iter().map(line).collect())
}

/// What is back of what was to come back.
fn came_back(asked: &[ReturnLine], told: Option<&[CameBack]>) -> Result<Vec<ReturnLine>, Problem> {
    let Some(told) = told else {
        let whole = |line: &ReturnLine| ReturnLine {
            received_quantity: line.quantity,
            restocked_quantity: line.quantity,
            ..line.clone()
        };
        return Ok(asked.iter().map(whole).collect());
    };
    if told.is_empty() {
        return Err(Problem::invalid_field("/lines", "must name at least one line"));
    }
    let mut lines = asked.to_vec();
    for (index, part) in told.iter().enumerate() {
        let wrong = |member: &str, right: String| {
            Err(Problem::invalid_field(format!("/lines/{index}/{member}"), right))
        };
        let Some(line) = lines.iter_mut().find(|line| line.line_no == part.line_no) else {
            return wrong("line_no", "must be a line of the return".to_owned());
        };
        if told.iter().take(index).any(|before| before.line_no == part.line_no) {
            return wrong("line_no", "must be named once".to_owned());
        }
        if !(0..=line.quantity).contains(&part.quantity) {
            return wrong(
                "quantity",
                format!("must be from 0 to {}, which were to come back", line.quantity),
            );
        }
        if !(0..=part.quantity).contains(&part.restocked_quantity) {
            return wrong(
                "restocked_quantity",
                format!("must be from 0 to {}, which are back", part.quantity),
            );
        }
        line.received_quantity = part.quantity;
        line.restocked_quantity = part.restocked_quantity;
    }
    Ok(lines)
}

/// A return as it is to be written down.
struct Made {
    return_id: ReturnId,
    status: ReturnStatus,
    parts: ReturnParts,
    window_ms: Option<i64>,
}

impl Made {
    fn write(
        self,
        shop: &Shop<'_>,
        order: &Seen,
        by: By<'_>,
        change: &KeyedChange,
    ) -> Result<Done<Rendered<ReturnMoved>>, Problem> {
        let Self { return_id, status, parts, window_ms } = self;
        let back = (status == ReturnStatus::Received).then(|| {
            let back = |line: &ReturnLine| json!({ "line_no": line.line_no, "quantity": line.received_quantity, "restocked_quantity": line.restocked_quantity });
            parts.lines.iter().map(back).collect::<Vec<_>>()
        });
        let event = told(shop, order, by.actor, (&return_id, status), &parts.lines);
        let lines = parts.lines.clone();
        let input = json!({
            "window_ms": window_ms, "lines": back, "entry": { "return_id": return_id, "status": status, "detail": parts },
            "reply": ForeseenReturn { return_id, return_status: status, lines }, "events": [event],
        });
        let applied = order.apply(shop, change, &sql::ORDER_RETURN, (is_there, by), input)?;
        applied.done(|refusal| order.refused(is_there, refusal))
    }
}

/// What is told of a return that has come there.
fn told(
    shop: &Shop<'_>,
    order: &Seen,
    actor: &str,
    (return_id, status): (&ReturnId, ReturnStatus),
    lines: &[ReturnLine],
) -> Option<Event> {
    let named = |quantity: fn(&ReturnLine) -> i64| -> Vec<ReturnedLine> {
        let named = lines.iter().filter_map(|it| {
            let line = order.line(it.line_no)?;
            let (line_no, sku, reason) = (it.line_no, line.sku.clone(), it.reason);
            Some(ReturnedLine { line_no, sku, quantity: quantity(it), reason })
        });
        named.collect()
    };
    let (order_id, order_number) = (&order.order_id, &order.order_number);
    let asked = || named(|it| it.quantity);
    Some(match status {
        ReturnStatus::Requested => Event::of(
            shop,
            &ReturnRequested { order_id, order_number, return_id, actor, lines: asked() },
        ),
        ReturnStatus::Approved => Event::of(
            shop,
            &ReturnApproved { order_id, order_number, return_id, actor, lines: asked() },
        ),
        ReturnStatus::Refused => Event::of(
            shop,
            &ReturnRefused { order_id, order_number, return_id, actor, lines: asked() },
        ),
        ReturnStatus::Withdrawn => Event::of(
            shop,
            &ReturnWithdrawn { order_id, order_number, return_id, actor, lines: asked() },
        ),
        ReturnStatus::Received => Event::of(
            shop,
            &ReturnReceived {
                order_id,
                order_number,
                return_id,
                actor,
                lines: named(|it| it.received_quantity),
            },
        ),
        // A refund tells of itself.
        ReturnStatus::Refunded => return None,
    })
}
