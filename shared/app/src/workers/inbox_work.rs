//! `inbox-work`: does what other programs' events mean (EVT-3).
//!
//! Each is worked under keys of its own and settled after it. So of two runs one does it, and one that
//! is stopped anywhere is gone on with: the key answers as the first time, and the row is settled then.

use super::{Deadline, Report, lease::leased};
use crate::{
    inbox::{Fact, Unworked, work},
    problem::refused,
    shop::Shop,
};
use callers::Service;
use config::{GIVE_UP_MS, INBOX_WORK, WORKER_BATCH};
use domain::retry::{AfterFailure, DELIVERY, RetryPolicy};
use json::{Value, json};
use ports::Ports;
use serde::Deserialize;
use store::sql;
use terms::Problem;

#[derive(Deserialize)]
struct Row {
    source: String,
    event_id: String,
    /// The service that told it.
    actor: String,
    /// What of it was read: null of what could not be, and an operator has tried anew all the same.
    data: Value,
    attempts: u32,
    failing_since_ms: Option<i64>,
    now_ms: i64,
}

/// One run.
///
/// # Errors
/// What the database refuses; what an event cannot be worked for is a row, not an error.
pub async fn inbox_work(ports: &Ports<'_>) -> Result<Report, Problem> {
    leased(ports, INBOX_WORK, async |shop| {
        let deadline = Deadline::from_now(shop)?;
        let policy = RetryPolicy { give_up_ms: shop.setting(&GIVE_UP_MS)?, ..DELIVERY };
        let input = json!({ "limit": shop.setting(&WORKER_BATCH)? });
        let mut report = Report::default();
        // One after the other, the longest due first: what was told of one order comes in its order.
        for row in shop.list::<Row>(&sql::INBOX_DUE, &input)? {
            if deadline.has_passed() {
                break;
            }
            report.taken = report.taken.saturating_add(1);
            let count = match turn(shop, &policy, row).await? {
                Outcome::Done => &mut report.done,
                Outcome::Waits => &mut report.retried,
                Outcome::Dead => &mut report.dead,
            };
            *count = count.saturating_add(1);
        }
        Ok(report)
    })
    .await
}

#[derive(Clone, Copy)]
enum Outcome {
    Done,
    Waits,
    Dead,
}

async fn turn(shop: &Shop<'_>, policy: &RetryPolicy, row: Row) -> Result<Outcome, Problem> {
    let Row { source, event_id, actor, data, attempts, failing_since_ms, now_ms } = row;
    let service = Service { subject: actor, scopes: Vec::new() };
    let attempt = attempts.saturating_add(1);
    let failing_ms = now_ms.saturating_sub(failing_since_ms.unwrap_or(now_ms));
    // One that cannot be read is in nobody's way.
    let worked = match Fact::deserialize(data) {
        Ok(fact) => work(shop, &service, (&source, &event_id), fact).await,
        Err(_) => Err(Unworked::Ever(Problem::invalid_field(
            "/data",
            "must be what could be read when it came: have it sent again under another id",
        ))),
    };
    let (outcome, retry_in_ms, why) = match worked {
        Ok(()) => (Outcome::Done, 0, None),
        Err(Unworked::Ever(problem)) => (Outcome::Dead, 0, Some(problem)),
        Err(Unworked::Yet(problem)) => match policy.after_failure(attempt, failing_ms) {
            AfterFailure::RetryAfterMs(wait_ms) => (Outcome::Waits, wait_ms, Some(problem)),
            AfterFailure::Dead => (Outcome::Dead, 0, Some(problem)),
        },
    };
    let (state, alert) = match outcome {
        Outcome::Done => ("done", None),
        Outcome::Waits => ("pending", policy.alerts(attempt).then_some("failing")),
        Outcome::Dead => ("dead", Some("dead")),
    };
    let input = json!({
        "source": source, "event_id": event_id, "attempts": attempts, "state": state, "retry_in_ms": retry_in_ms, "alert": alert,
        "error": why.as_ref().map(Problem::to_string),
    });
    shop.apply::<Value>(&sql::INBOX_SETTLE, &input)?.map_err(refused)?;
    Ok(outcome)
}
