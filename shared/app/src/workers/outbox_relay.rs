//! `outbox-relay`: events to the sink, in order per aggregate, at least once (EVT-1).

use super::{Deadline, Report, lease::leased};
use crate::{
    breaker::breaker,
    settings::{
        EVENT_SINK_SECRET, EVENT_SINK_STREAM, EVENT_SINK_STREAM_LIMIT, EVENT_SINK_URL, EVENT_SOURCE, EVENT_TIMEOUT_MS, OUTBOX_ATTEMPTS,
        OUTBOX_BATCH, WORKER_LEASE_MS,
    },
    shop::Shop,
};
use domain::retry::{AfterFailure, DELIVERY, RetryPolicy};
use edge::Problem;
use json::{Value, json};
use ports::{Ports, Redis};
use providers::{EventSink, OutboxEvent, SinkError, SinkSettings};
use serde::Deserialize;
use std::collections::BTreeSet;
use store::sql;

#[derive(Deserialize)]
struct Row {
    outbox_id: i64,
    event_id: String,
    aggregate: String,
    r#type: String,
    data: Value,
    attempts: u32,
    created_at_ms: i64,
}

/// What became of a batch.
#[derive(Default)]
struct Batch {
    published: Vec<i64>,
    retried: Vec<Value>,
    dead: Vec<Value>,
    untried: Vec<i64>,
}

/// One run, over HTTP or to `redis`. Without a sink events wait: nothing is called published that nobody has received.
///
/// # Errors
/// What the database refuses; a sink's failure is a row, not an error.
pub async fn outbox_relay(ports: &Ports<'_>, redis: &dyn Redis) -> Result<Report, Problem> {
    leased(ports, "outbox-relay", async |shop| {
        let url = shop.setting(&EVENT_SINK_URL)?;
        if url.is_empty() {
            return Ok(Report::default());
        }
        let settings = SinkSettings {
            url,
            stream: shop.setting(&EVENT_SINK_STREAM)?,
            stream_limit: shop.setting(&EVENT_SINK_STREAM_LIMIT)?,
            secret: shop.setting(&EVENT_SINK_SECRET)?,
            source: shop.setting(&EVENT_SOURCE)?,
            timeout_ms: shop.setting(&EVENT_TIMEOUT_MS)?,
        };
        let token = shop.id();
        let lease = json!({ "lease_token": token, "lease_ms": shop.setting(&WORKER_LEASE_MS)?, "limit": shop.setting(&OUTBOX_BATCH)? });
        let mut rows: Vec<Row> = shop.list(&sql::OUTBOX_LEASE, &lease)?;
        if rows.is_empty() {
            return Ok(Report::default());
        }
        // RETURNING promises no order.
        rows.sort_by_key(|row| row.outbox_id);
        let breaker = breaker(shop, "event_sink", settings.timeout_ms)?;
        let sink = EventSink::new(settings, ports.http, redis, ports.clock, breaker);
        let batch = deliver(shop, &sink, &rows).await?;
        let report = Report {
            taken: count(&rows),
            done: count(&batch.published),
            retried: count(&batch.retried).saturating_add(count(&batch.untried)),
            dead: count(&batch.dead),
            ..Report::default()
        };
        let input = json!({
            "lease_token": token, "published": batch.published, "retried": batch.retried, "dead": batch.dead, "untried": batch.untried,
        });
        shop.apply::<Value>(&sql::OUTBOX_SETTLE, &input)?.map_err(crate::problem::refused)?;
        Ok(report)
    })
    .await
}

/// Sends the rows in order. After a failure the aggregate's later rows go back untried; an open breaker ends the run.
async fn deliver(shop: &Shop<'_>, sink: &EventSink<'_>, rows: &[Row]) -> Result<Batch, Problem> {
    let policy = RetryPolicy { attempts_max: shop.setting(&OUTBOX_ATTEMPTS)?, ..DELIVERY };
    let mut batch = Batch::default();
    let mut held: BTreeSet<&str> = BTreeSet::new();
    let mut closed = true;
    // What is not sent in time goes back untried.
    let deadline = Deadline::from_now(shop)?;
    for row in rows {
        if deadline.has_passed() || !closed || held.contains(row.aggregate.as_str()) {
            batch.untried.push(row.outbox_id);
            continue;
        }
        let event = OutboxEvent {
            event_id: row.event_id.clone(),
            event_type: row.r#type.clone(),
            subject: row.aggregate.clone(),
            occurred_at_ms: row.created_at_ms,
            sequence: row.outbox_id,
            data: row.data.clone(),
        };
        match sink.deliver(&event).await {
            Ok(()) => batch.published.push(row.outbox_id),
            // Nothing was sent, so it is no try of this event's.
            Err(SinkError::CircuitOpen { .. }) => {
                closed = false;
                batch.untried.push(row.outbox_id);
            }
            Err(error) => match policy.after_failure(row.attempts.saturating_add(1)) {
                AfterFailure::RetryAfterMs(wait_ms) if error.is_retryable() => {
                    held.insert(&row.aggregate);
                    let retry_in_ms =
                        error.retry_after_ms().and_then(|ms| i64::try_from(ms).ok()).map_or(wait_ms, |asked| asked.max(wait_ms));
                    batch.retried.push(json!({ "outbox_id": row.outbox_id, "retry_in_ms": retry_in_ms }));
                }
                AfterFailure::RetryAfterMs(_) | AfterFailure::Dead => {
                    batch.dead.push(json!({ "outbox_id": row.outbox_id, "error": error.to_string() }));
                }
            },
        }
    }
    Ok(batch)
}

fn count<T>(rows: &[T]) -> u64 {
    u64::try_from(rows.len()).unwrap_or(u64::MAX)
}
