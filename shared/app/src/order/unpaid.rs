//! Orders that nobody has paid: each is given its time, and comes to its end when that is over. What the
//! provider holds all the same goes back: whether it does, the compensation finds out.

use super::{
    cancel::by_worker,
    collect::Due,
    seen::{By, Seen},
};
use crate::shop::Shop;
use domain::{ids::OrderId, order::OrderStatus, payment::PaymentState};
use json::Value;
use store::{Refusal, sql};
use terms::Problem;

/// Who ends them, in their history.
const ACTOR: &str = "unpaid-orders";

/// Ends what an order that was due at `version` waits for: one that waits for its money, or whose money
/// could not be taken, is cancelled (ORD-9); one that has arrived and was to be paid at the door is taken
/// to be paid (CHK-11). Whether that was done: whoever has moved the order since was faster.
///
/// # Errors
/// `order_not_found`, and what the database refuses.
pub(crate) fn end_unpaid(
    shop: &Shop<'_>,
    order_id: &OrderId,
    version: i64,
) -> Result<bool, Problem> {
    let order = Seen::read(shop, None, order_id)?;
    if order.version != version {
        return Ok(false);
    }
    let is_given_up = order.payment_status() == Some(PaymentState::CaptureFailed);
    let is_whole = matches!(order.status, OrderStatus::Confirmed | OrderStatus::Processing);
    let ended = if order.status == OrderStatus::Pending {
        Some("not paid in time")
    } else {
        (is_given_up && is_whole).then_some("its money could not be taken")
    };
    let (command, input) = match (ended, Due::of(&order)) {
        (Some(reason), _) => {
            let by = By { actor: ACTOR, reason };
            (&sql::ORDER_CANCEL, by_worker(shop, &order, (OrderStatus::may_cancel, by))?)
        }
        (None, Some(due)) if order.status == OrderStatus::Delivered => {
            let by = By { actor: ACTOR, reason: "taken to be paid on delivery" };
            let input = order.fenced(due.allows(), by, due.input(shop, &order, ACTOR));
            (&sql::ORDER_COLLECT, input)
        }
        // An operator has the money asked for again.
        (None, Some(_) | None) => return Ok(false),
    };
    match shop.apply::<Value>(command, &input)? {
        Ok(_) => Ok(true),
        Err(Refusal::OrderChanged | Refusal::OrderBusy | Refusal::PaymentNotDue) => Ok(false),
        Err(refusal) => Err(Problem::internal(format!("end of an unpaid order: {refusal:?}"))),
    }
}
