//! `unpaid-orders`: orders that nobody has paid in time are cancelled (ORD-9), and what was to be paid
//! at the door is taken to be paid a while after it has arrived (CHK-11).
//!
//! Each is moved by the statement that everybody else moves it by, fenced by what was read: of a payment
//! and this worker one comes first, and the other is refused.

use super::{Deadline, Report, lease::leased};
use crate::{order::end_unpaid, shop::Shop};
use config::{UNPAID_ORDERS, WORKER_BATCH};
use domain::ids::OrderId;
use json::json;
use ports::Ports;
use serde::Deserialize;
use store::sql;
use terms::Problem;

#[derive(Deserialize)]
struct Due {
    order_id: OrderId,
    version: i64,
}

/// One run.
///
/// # Errors
/// What the database refuses when it is asked what is due. What one order cannot be ended for is an
/// alert, and in no other's way.
pub async fn unpaid_orders(ports: &Ports<'_>) -> Result<Report, Problem> {
    leased(ports, UNPAID_ORDERS, async |shop| {
        let deadline = Deadline::from_now(shop)?;
        let input = json!({ "limit": shop.setting(&WORKER_BATCH)? });
        let mut report = Report::default();
        for Due { order_id, version } in shop.list::<Due>(&sql::ORDER_DUE, &input)? {
            if deadline.has_passed() {
                break;
            }
            report.taken = report.taken.saturating_add(1);
            let count = match is_ended(shop, &order_id, version) {
                true => &mut report.done,
                false => &mut report.retried,
            };
            *count = count.saturating_add(1);
        }
        Ok(report)
    })
    .await
}

fn is_ended(shop: &Shop<'_>, order_id: &OrderId, version: i64) -> bool {
    match end_unpaid(shop, order_id, version) {
        Ok(is_ended) => is_ended,
        Err(problem) => {
            let detail = format!("order {order_id} is due and cannot be ended: {problem}");
            shop.alert(&format!("unpaid_order_stuck:{order_id}"), &detail);
            false
        }
    }
}
