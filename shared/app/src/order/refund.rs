//! `POST /api/v1/orders/:order_id/refunds`: money of an order goes back (ORD-6); and `/preview`, what
//! would.

use super::{
    returns::{ReturnLine, step},
    seen::{By, Seen, SeenPayment},
    ship::LinePart,
};
use crate::{
    KeyedChange, compensation,
    events::{Event, RefundCompleted, RefundCreated},
    shop::Shop,
};
use callers::Service;
use domain::{
    compensation::{CompensationKind, CompensationStatus},
    ids::{AccountId, CompensationId, OrderId, OrderNumber, RefundId, ReturnId},
    money::Money,
    order::OrderStatus,
    payment::PaymentState,
    refund::{
        Asked, Back, Costs, Line, Part, RefundError, RefundReason, Tender, to_tenders, units_back,
    },
    returns::ReturnStatus,
    stored_value::EntryKind,
};
use json::{Value, json};
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::sql;
use terms::{Code, Done, Problem, Rendered};

/// What goes back: pieces of lines, the shipping and the fees; or an amount of whatever is left; or
/// all that is left.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RefundOrder {
    /// Of which lines, for how many pieces of each.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    lines: Option<Vec<LinePart>>,
    /// What is left of the shipping.
    #[serde(default)]
    shipping: bool,
    /// What is left of the fees.
    #[serde(default)]
    fees: bool,
    /// So much, of goods, shipping and fees by what is left of each; with nothing else.
    amount: Option<Money>,
    /// All that is left; with nothing else.
    #[serde(default)]
    everything: bool,
    /// What is back by this return, as far as money for it has not gone back already; beside nothing but
    /// the shipping and the fees.
    return_id: Option<ReturnId>,
    /// Why.
    reason: RefundReason,
    /// More of why, in one line, kept in the open: no personal data.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    note: Option<String>,
}

/// What goes back of what, and to whom.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RefundParts {
    /// All of it.
    pub(super) amount: Money,
    /// The tax in that.
    tax: Money,
    /// Of which lines.
    lines: Vec<RefundedLine>,
    /// Of the shipping.
    shipping: Money,
    /// Of the fees.
    fees: Money,
    /// Of all of it, by the way it was paid but for what accounts paid.
    pub(super) to_payment: Money,
    /// What of all of it was not taken yet, and is not asked for any more.
    pub(super) waived: Money,
    /// And to accounts of stored value.
    to_accounts: Vec<ToAccount>,
}

impl RefundParts {
    /// The same of a payment that is not made yet: so much of it is not asked for any more.
    pub(super) fn not_taken_yet(self) -> Self {
        let nothing = Money::new(0, self.to_payment.currency());
        Self { waived: self.to_payment, to_payment: nothing, ..self }
    }
}

/// What goes back of a line.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RefundedLine {
    /// The line.
    line_no: i64,
    /// For how many pieces; 0 where it is a share of an amount.
    quantity: i64,
    /// How much.
    amount: Money,
    /// The tax in that.
    tax: Money,
}

/// What goes back to an account.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ToAccount {
    /// The account.
    account_id: AccountId,
    /// Minor units, or points.
    units: i64,
    /// What those have paid.
    amount: Money,
}

/// A refund of an order.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Refund {
    /// The refund.
    pub refund_id: RefundId,
    /// Why.
    pub reason: RefundReason,
    /// More of why.
    pub note: Option<String>,
    /// The return that it is for.
    pub return_id: Option<ReturnId>,
    /// Which pieces it cancelled.
    pub cancelled: Vec<LinePart>,
    /// How far what the payment provider owes of it has come; `done` where it owes nothing.
    pub state: CompensationStatus,
    /// When it was asked for.
    pub at_ms: i64,
    /// What of what, and to whom.
    #[cfg_attr(feature = "schema", schemars(flatten))]
    pub parts: RefundParts,
}

/// Money that goes back.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RefundMade {
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
    pub foreseen: ForeseenRefund,
}

/// What is known of a refund before it is made.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ForeseenRefund {
    /// The refund.
    refund_id: RefundId,
    /// Where the order is now; the payment provider may have to answer first.
    status: OrderStatus,
    /// What of what, and to whom.
    #[serde(flatten)]
    parts: RefundParts,
}

/// What went back of an order before.
#[derive(Deserialize)]
pub(super) struct SeenRefund {
    shipping: Money,
    fees: Money,
    to_accounts: Vec<ToAccount>,
}

/// Gives money back. To accounts it is back at once; the payment provider is asked at once, and by
/// `compensation-retry` until it is done. What was paid at the door is handed back by whoever calls.
///
/// # Errors
/// `order_not_found`; `invalid_field` of what is not there, or not left; `payment_not_refundable` of
/// an order whose money was not taken, or that is cancelled; `already_settled` where nothing is left.
pub async fn refund(
    ports: &Ports<'_>,
    service: &Service,
    order_id: &OrderId,
    body: &RefundOrder,
    change: &KeyedChange,
) -> Result<Done<Rendered<RefundMade>>, Problem> {
    let shop = Shop::new(ports);
    let actor = service.actor();
    let by = By { actor: &actor, reason: told(body)? };
    let order = Seen::read(&shop, None, order_id)?;
    let parts = match judged(&order, body) {
        Ok(parts) => parts,
        Err(problem) => return order.only_replayed(&shop, change, &sql::ORDER_REFUND, by, problem),
    };
    let refund_id: RefundId = shop.new_id()?;
    let to_payment = parts.to_payment.amount_minor();
    let left_minor = costs(&order).left_minor().saturating_sub(parts.amount.amount_minor());
    let kept = Kept {
        reason: body.reason,
        note: body.note.as_deref(),
        return_id: body.return_id.as_ref(),
        cancelled: &[],
        parts: &parts,
    };
    let Giving { mut events, input, asks_somebody } = giving(&shop, &order, by, &refund_id, &kept);
    let is_over = left_minor == 0 && order.money_is_back_after(to_payment, !asks_somebody);
    let status = if is_over && ends(order.status) { OrderStatus::Refunded } else { order.status };
    if status != order.status {
        events.push(Event::of(&shop, &order.changed(&actor, status)));
    }
    let returned = body
        .return_id
        .as_ref()
        .map(|return_id| json!({ "return_id": return_id, "status": ReturnStatus::Refunded }));
    let foreseen = ForeseenRefund { refund_id: refund_id.clone(), status, parts };
    let more = json!({
        "to_status": status, "returned": returned, "over": (status != order.status).then_some(true),
        "reply": foreseen, "events": events,
    });
    let input = with(input, more);
    let applied = order.apply(&shop, change, &sql::ORDER_REFUND, (gives_back, by), input)?;
    let is_made = applied.refusal().is_none();
    let made = applied.done(|refusal| order.refused(gives_back, refusal))?;
    if asks_somebody && is_made {
        send_now(&shop, &refund_id).await?;
    }
    Ok(made)
}

/// A refund as it is kept.
#[derive(Serialize)]
pub(super) struct Kept<'a> {
    pub(super) reason: RefundReason,
    pub(super) note: Option<&'a str>,
    pub(super) return_id: Option<&'a ReturnId>,
    pub(super) cancelled: &'a [LinePart],
    #[serde(flatten)]
    pub(super) parts: &'a RefundParts,
}

/// What the statement is told of money that goes back.
pub(super) struct Giving {
    /// Its input, but for what becomes of the order.
    pub(super) input: Value,
    /// What is told of the money.
    pub(super) events: Vec<Event>,
    /// Whether a provider owes some of it.
    pub(super) asks_somebody: bool,
}

/// Money that goes back: to accounts with the statement, to the provider by what is owed with it,
/// and at the door by whoever stands there.
pub(super) fn giving(
    shop: &Shop<'_>,
    order: &Seen,
    by: By<'_>,
    refund_id: &RefundId,
    kept: &Kept<'_>,
) -> Giving {
    let (order_id, parts, actor) = (&order.order_id, kept.parts, by.actor);
    let amount = parts.amount;
    let to_payment = parts.to_payment.amount_minor();
    let paid = order.payment.as_ref().filter(|_| to_payment > 0);
    let owed = paid.filter(|payment| payment.asks_somebody());
    let by_hand = paid.filter(|payment| !payment.asks_somebody());
    let (order_number, reason) = (&order.order_number, kept.reason);
    let goes_back = amount.is_positive() && !parts.waived.is_positive();
    let mut events = Vec::new();
    if goes_back {
        let created = RefundCreated { order_id, order_number, refund_id, actor, amount, reason };
        events.push(Event::of(shop, &created));
    }
    for back in &parts.to_accounts {
        let draw = order.draws.iter().find(|draw| draw.account_id == back.account_id);
        events.extend(
            draw.and_then(|draw| draw.comes_back(shop, order_id, EntryKind::Refunded, back.units)),
        );
    }
    if goes_back && owed.is_none() {
        events.push(Event::of(shop, &RefundCompleted { order_id, refund_id, amount }));
    }
    let lines: Vec<_> = parts.lines.iter().map(|line| json!({ "line_no": line.line_no, "quantity": line.quantity, "amount_minor": line.amount.amount_minor() })).collect();
    let draws: Vec<_> = parts
        .to_accounts
        .iter()
        .map(|back| json!({ "account_id": back.account_id, "units": back.units }))
        .collect();
    let input = json!({
        "payment_state": order.payment_status(), "lines": lines, "draws": (!draws.is_empty()).then_some(draws),
        "refund": { "refund_id": refund_id, "amount_minor": amount.amount_minor(), "detail": kept },
        "owed": owed.map(|payment| json!({
            "compensation_id": refund_id, "kind": CompensationKind::RefundPayment, "payment_id": payment.payment_id, "saga_id": payment.saga_id,
            "amount_minor": to_payment, "reason": REFUND,
        })),
        "by_hand": by_hand.map(|payment| json!({ "amount_minor": to_payment, "state": after_hand(payment, to_payment) })),
    });
    Giving { input, events, asks_somebody: owed.is_some() }
}

/// `input` with `more`.
pub(super) fn with(mut input: Value, more: Value) -> Value {
    if let (Value::Object(input), Value::Object(more)) = (&mut input, more) {
        input.extend(more);
    }
    input
}

/// Asks the provider at once for what it owes of a refund. The answer to the caller is final
/// already: a provider that fails now is the worker's business.
pub(super) async fn send_now(shop: &Shop<'_>, refund_id: &RefundId) -> Result<(), Problem> {
    let compensation_id = CompensationId::try_from(refund_id.as_str())
        .map_err(|_| Problem::internal("a refund id is no compensation id"))?;
    compensation::run_now(shop, &compensation_id).await;
    Ok(())
}

/// What of a payment's compensation says that it is of a refund.
pub(crate) const REFUND: &str = "refund";

/// What would go back, and to whom. Nothing is changed.
///
/// # Errors
/// As [`refund`].
pub fn preview_refund(
    ports: &Ports<'_>,
    order_id: &OrderId,
    body: &RefundOrder,
) -> Result<Done<RefundParts>, Problem> {
    told(body)?;
    let order = Seen::read(&Shop::new(ports), None, order_id)?;
    judged(&order, body).map(Done::new)
}

/// What the history has for a reason.
fn told(body: &RefundOrder) -> Result<&str, Problem> {
    let reason = super::cancel::reason(body.note.as_deref(), body.reason.as_str());
    reason.map_err(|problem| problem.field("/note"))
}

/// Whether money of an order in this state can go back: of one that goes on.
fn gives_back(status: OrderStatus) -> bool {
    status.takes_money()
}

/// Whether an order in this state ends when all its money has gone back.
pub(crate) fn ends(status: OrderStatus) -> bool {
    gives_back(status) && status.legal_next().contains(&OrderStatus::Refunded)
}

fn judged(order: &Seen, body: &RefundOrder) -> Result<RefundParts, Problem> {
    if !gives_back(order.status) || !order.payment.as_ref().is_none_or(is_taken) {
        return Err(Problem::new(Code::PaymentNotRefundable));
    }
    let asked = asked(order, body)?;
    let refund = costs(order).refund(&asked).map_err(|error| refused(&error))?;
    parts_of(order, &refund, order.payment.as_ref().map_or(NOTHING, taken))
}

/// Who has paid nothing.
pub(super) const NOTHING: Tender = Tender { paid_minor: 0, returned_minor: 0 };

/// What was taken of a payment.
pub(super) const fn taken(payment: &SeenPayment) -> Tender {
    Tender { paid_minor: payment.captured_minor, returned_minor: payment.returned_minor() }
}

/// What goes back, divided among those who paid: `paid` the payment's part of it.
pub(super) fn parts_of(
    order: &Seen,
    refund: &domain::refund::Refund,
    paid: Tender,
) -> Result<RefundParts, Problem> {
    let amount = order.money(refund.amount_minor);
    let drawn = order.draws.iter().map(|draw| Tender {
        paid_minor: draw.amount_minor,
        returned_minor: order.returned_to(&draw.account_id),
    });
    let tenders: Vec<Tender> = [paid].into_iter().chain(drawn).collect();
    let mut shares = to_tenders(amount, &tenders).map_err(|error| refused(&error))?.into_iter();
    let to_payment = shares.next().unwrap_or_else(|| order.money(0));
    let to_accounts = order.draws.iter().zip(shares).filter(|(_, share)| share.is_positive()).map(
        |(draw, share)| {
            let returned_minor = order.returned_to(&draw.account_id);
            let units =
                units_back(draw.units, draw.amount_minor, returned_minor, share.amount_minor());
            ToAccount { account_id: draw.account_id.clone(), units, amount: share }
        },
    );
    let line = |line: &domain::refund::LineBack| RefundedLine {
        line_no: line.line_no,
        quantity: line.quantity,
        amount: order.money(line.back.amount_minor),
        tax: order.money(line.back.tax_minor),
    };
    let whole = |back: Back| order.money(back.amount_minor);
    Ok(RefundParts {
        amount,
        tax: order.money(refund.tax_minor),
        lines: refund.lines.iter().map(line).collect(),
        shipping: whole(refund.shipping),
        fees: whole(refund.fees),
        to_payment,
        waived: order.money(0),
        to_accounts: to_accounts.collect(),
    })
}

/// Whether what it is of was taken, or there is nothing to take.
fn is_taken(payment: &SeenPayment) -> bool {
    match payment.state {
        PaymentState::Captured | PaymentState::PartiallyRefunded | PaymentState::Refunded => true,
        PaymentState::Pending
        | PaymentState::RequiresAction
        | PaymentState::Authorized
        | PaymentState::CapturePending
        | PaymentState::CaptureFailed
        | PaymentState::Voided
        | PaymentState::Failed => false,
    }
}

fn asked(order: &Seen, body: &RefundOrder) -> Result<Asked, Problem> {
    let parts = body.lines.is_some() || body.shipping || body.fees;
    if body.lines.as_ref().is_some_and(Vec::is_empty) {
        return Err(Problem::invalid_field("/lines", "must name at least one line"));
    }
    if let Some(return_id) = &body.return_id {
        return of_return(order, body, return_id);
    }
    match (parts, body.amount, body.everything) {
        (true, None, false) => {
            let lines = body.lines.iter().flatten().map(|part| (part.line_no, part.quantity));
            Ok(Asked::Parts { lines: lines.collect(), shipping: body.shipping, fees: body.fees })
        }
        (false, Some(amount), false) if amount.currency() == order.currency => {
            Ok(Asked::Amount(amount.amount_minor()))
        }
        (false, Some(_), false) => {
            Err(Problem::invalid_field("/amount/currency", format!("must be {}", order.currency)))
        }
        (false, None, true) => Ok(Asked::Everything),
        (false, None, false) => Err(Problem::invalid_field(
            "/lines",
            "must be given, or shipping, fees, amount or everything",
        )),
        (true, Some(_), _) | (false, Some(_), true) => {
            Err(Problem::invalid_field("/amount", "must be given with nothing else"))
        }
        (true, None, true) => {
            Err(Problem::invalid_field("/everything", "must be given with nothing else"))
        }
    }
}

/// What is back by a return, and not paid back yet.
fn of_return(order: &Seen, body: &RefundOrder, return_id: &ReturnId) -> Result<Asked, Problem> {
    if body.lines.is_some() || body.amount.is_some() || body.everything {
        let right = "must be given with nothing but shipping and fees";
        return Err(Problem::invalid_field("/return_id", right));
    }
    let Some(seen) = order.returns.iter().find(|it| it.return_id == *return_id) else {
        return Err(Problem::invalid_field("/return_id", "must be a return of the order"));
    };
    step(seen, ReturnStatus::Refunded)?;
    let unpaid = |back: &ReturnLine| {
        let line = order.line(back.line_no)?;
        let left = line.quantity.saturating_sub(line.refunded_quantity);
        let quantity = back.received_quantity.min(left);
        (quantity > 0).then_some((back.line_no, quantity))
    };
    let lines = seen.lines.iter().filter_map(unpaid).collect();
    Ok(Asked::Parts { lines, shipping: body.shipping, fees: body.fees })
}

/// What the order has cost, by its parts.
pub(super) fn costs(order: &Seen) -> Costs {
    let line = |line: &super::seen::SeenLine| Line {
        line_no: line.line_no,
        quantity: line.quantity,
        refunded_quantity: line.refunded_quantity,
        part: Part {
            total_minor: line.total_minor,
            tax_minor: line.tax_minor,
            refunded_minor: line.refunded_minor,
        },
    };
    let whole = |charged: &mut dyn Iterator<Item = &super::seen::Charged>, refunded_minor: i64| {
        let (mut total_minor, mut tax_minor) = (0_i64, 0_i64);
        for it in charged {
            total_minor = total_minor.saturating_add(it.total.amount_minor());
            tax_minor = tax_minor
                .saturating_add(it.total.amount_minor().saturating_sub(it.tax_base.amount_minor()));
        }
        Part { total_minor, tax_minor, refunded_minor }
    };
    let sum = |of: fn(&SeenRefund) -> Money| {
        order.refunds.iter().fold(0_i64, |sum, it| sum.saturating_add(of(it).amount_minor()))
    };
    Costs {
        currency: order.currency,
        lines: order.lines.iter().map(line).collect(),
        shipping: whole(&mut order.detail.shipping.iter(), sum(|it| it.shipping)),
        fees: whole(&mut order.detail.fees.iter().flatten(), sum(|it| it.fees)),
    }
}

impl Seen {
    /// What of what an account has paid went back before.
    fn returned_to(&self, account_id: &AccountId) -> i64 {
        let to_accounts = self.refunds.iter().flat_map(|refund| &refund.to_accounts);
        let to_it = to_accounts.filter(|back| back.account_id == *account_id);
        to_it.fold(0_i64, |sum, back| sum.saturating_add(back.amount.amount_minor()))
    }

    /// Whether nothing of its money is on its way any more once this is made.
    fn money_is_back_after(&self, to_payment: i64, is_at_once: bool) -> bool {
        is_at_once
            && self.payment.as_ref().is_none_or(|payment| {
                payment.is_settled() && payment.left_minor().saturating_sub(to_payment) == 0
            })
    }
}

/// What a payment is once so much of it was handed back.
fn after_hand(payment: &SeenPayment, back_minor: i64) -> PaymentState {
    if payment.left_minor() == back_minor {
        PaymentState::Refunded
    } else {
        PaymentState::PartiallyRefunded
    }
}

fn refused(error: &RefundError) -> Problem {
    let at = |field: String| Problem::invalid_field(&field, error.to_string());
    match error {
        RefundError::NoSuchLine { index } | RefundError::LineTwice { index } => {
            at(format!("/lines/{index}/line_no"))
        }
        RefundError::Quantity { index, .. } => at(format!("/lines/{index}/quantity")),
        RefundError::Amount { .. } => at("/amount/amount_minor".to_owned()),
        RefundError::Nothing => Problem::new(Code::AlreadySettled),
        RefundError::Money(error) => Problem::internal(format!("refund: {error}")),
    }
}
