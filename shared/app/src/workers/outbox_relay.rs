//! `outbox-relay`: events to the sink, in order per aggregate, at least once (EVT-1).

use super::{Deadline, Report, lease::leased};
use crate::{shop::Shop, tries::misconfigured};
use config::{
    EVENT_SINK_SECRET, EVENT_SINK_STREAM, EVENT_SINK_STREAM_LIMIT, EVENT_SINK_URL, EVENT_SOURCE,
    EVENT_TIMEOUT_MS, GIVE_UP_MS, OUTBOX_ATTEMPTS, OUTBOX_BATCH, OUTBOX_RELAY, Unusable,
    WORKER_LEASE_MS,
};
use domain::retry::{AfterFailure, DELIVERY, RetryPolicy, WAIT_LONGEST_MS};
use json::{Value, json};
use ports::{Ports, Redis};
use providers::{Breaker, EventSink, OutboxEvent, SinkError, SinkSettings};
use serde::Deserialize;
use std::collections::BTreeSet;
use store::sql;
use terms::Problem;

#[derive(Deserialize)]
struct Row {
    outbox_id: i64,
    event_id: String,
    aggregate: String,
    #[serde(rename = "type")]
    event_type: String,
    data: Value,
    attempts: u32,
    failing_since_ms: Option<i64>,
    created_at_ms: i64,
    now_ms: i64,
}

impl Row {
    /// How long it has been failing.
    fn failing_ms(&self) -> i64 {
        self.now_ms.saturating_sub(self.failing_since_ms.unwrap_or(self.now_ms))
    }
}

/// What became of a batch.
#[derive(Default)]
struct Batch {
    published: Vec<i64>,
    retried: Vec<Value>,
    dead: Vec<Value>,
    untried: Vec<i64>,
}

/// One run, over HTTP or to `redis`. Without a sink events wait: nothing is called published that
/// nobody has received.
///
/// # Errors
/// What the database refuses, and a configuration with which nothing can be sent; a sink's failure
/// is a row, not an error.
pub async fn outbox_relay(ports: &Ports<'_>, redis: &dyn Redis) -> Result<Report, Problem> {
    leased(ports, OUTBOX_RELAY, async |shop| {
        let url = shop.setting(&EVENT_SINK_URL)?;
        if url.is_empty() {
            return Ok(Report::default());
        }
        let settings = SinkSettings {
            url,
            stream: shop.setting(&EVENT_SINK_STREAM)?,
            stream_limit: shop.setting(&EVENT_SINK_STREAM_LIMIT)?,
            secrets: shop.setting(&EVENT_SINK_SECRET)?,
            source: shop.setting(&EVENT_SOURCE)?,
            timeout_ms: shop.setting(&EVENT_TIMEOUT_MS)?,
        };
        // Before an event is taken: what is wrong with all of them is no event's fault.
        settings.check().map_err(|name| misconfigured(shop, name, Unusable::Wrong { name, right: "is malformed".to_owned() }.into()))?;
        let token = shop.id();
        let lease = json!({ "lease_token": token, "lease_ms": shop.setting(&WORKER_LEASE_MS)?, "limit": shop.setting(&OUTBOX_BATCH)? });
        let mut rows: Vec<Row> = shop.list(&sql::OUTBOX_LEASE, &lease)?;
        if rows.is_empty() {
            return Ok(Report::default());
        }
        // RETURNING promises no order.
        rows.sort_by_key(|row| row.outbox_id);
        let breaker = Breaker::configured("event_sink", shop.ports, settings.timeout_ms)?;
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

/// Sends the rows in order. After a failure the aggregate's later rows go back untried; an open
/// breaker ends the run.
async fn deliver(shop: &Shop<'_>, sink: &EventSink<'_>, rows: &[Row]) -> Result<Batch, Problem> {
    let policy = RetryPolicy {
        alert_after: shop.setting(&OUTBOX_ATTEMPTS)?,
        give_up_ms: shop.setting(&GIVE_UP_MS)?,
        ..DELIVERY
    };
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
            event_type: row.event_type.clone(),
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
            Err(error) => {
                let attempt = row.attempts.saturating_add(1);
                match policy.after_failure(attempt, row.failing_ms()) {
                    AfterFailure::RetryAfterMs(wait_ms) if error.is_retryable() => {
                        held.insert(&row.aggregate);
                        let asked_ms = error
                            .retry_after_ms()
                            .and_then(|ms| i64::try_from(ms).ok())
                            .unwrap_or_default();
                        let retry_in_ms = wait_ms.max(asked_ms.min(WAIT_LONGEST_MS));
                        let alert = policy.alerts(attempt).then(|| error.to_string());
                        batch.retried.push(json!({ "outbox_id": row.outbox_id, "retry_in_ms": retry_in_ms, "alert": alert }));
                    }
                    // It has had its time, or is no event at all: the configuration has been looked
                    // at before.
                    AfterFailure::RetryAfterMs(_) | AfterFailure::Dead => {
                        batch.dead.push(
                            json!({ "outbox_id": row.outbox_id, "error": error.to_string() }),
                        );
                    }
                }
            }
        }
    }
    Ok(batch)
}

fn count<T>(rows: &[T]) -> u64 {
    u64::try_from(rows.len()).unwrap_or(u64::MAX)
}
