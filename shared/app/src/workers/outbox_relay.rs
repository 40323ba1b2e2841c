//! `outbox-relay`: events to the sink and to each receiver, in order per aggregate, at least once
//! (EVT-1, EVT-7).
//!
//! Each of them is served on its own: with its own rows, its own breaker and its own lease, all at
//! once. One that is slow or dead delays nobody: it holds nothing that another needs, and while a run
//! waits for it, the next run serves the others.

use super::{
    Deadline, Report,
    lease::{Lease, ran},
};
use crate::{receivers::Due, shop::Shop, tries::misconfigured};
use config::{
    EVENT_SINK_SECRET, EVENT_SINK_STREAM, EVENT_SINK_STREAM_LIMIT, EVENT_SINK_URL, EVENT_SOURCE,
    EVENT_TIMEOUT_MS, GIVE_UP_MS, OUTBOX_ATTEMPTS, OUTBOX_BATCH, OUTBOX_RELAY, Unusable,
    WORKER_LEASE_MS,
};
use domain::{
    ids::ReceiverId,
    retry::{AfterFailure, DELIVERY, RetryPolicy, WAIT_LONGEST_MS},
};
use futures_util::stream::{self, FuturesUnordered, StreamExt as _};
use json::{Value, json};
use ports::{Ports, Redis};
use providers::{Breaker, EventSink, OutboxEvent, SinkError, SinkSettings};
use serde::Deserialize;
use std::{collections::BTreeMap, future::Future, pin::Pin};
use store::{Command, Statement, sql};
use terms::Problem;

/// Events that are given to their receivers by one statement.
const FAN_BATCH: usize = 500;
/// How often, in one run.
const FAN_ROUNDS: usize = 20;
/// Aggregates whose events are on their way to one receiver at once.
const AT_ONCE: usize = 8;

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
    /// Whether its breaker let nothing through.
    is_blocked: bool,
}

impl Batch {
    fn join(&mut self, other: Self) {
        self.published.extend(other.published);
        self.retried.extend(other.retried);
        self.dead.extend(other.dead);
        self.untried.extend(other.untried);
        self.is_blocked |= other.is_blocked;
    }
}

/// What waits to be sent, and who has not been given it yet.
#[derive(Deserialize)]
struct Found {
    events: Vec<i64>,
    receivers: Vec<Due>,
}

/// Where events go, and where it is written down what became of them.
struct Line<'a> {
    /// What its lease and its breaker are called.
    name: String,
    settings: SinkSettings,
    lease: &'a Statement,
    settle: &'a Command,
    /// Of a receiver that is a row.
    receiver_id: Option<&'a ReceiverId>,
}

/// One run, over HTTP or to `redis`. Without a sink and without receivers events wait: nothing is
/// called published that nobody has received.
///
/// # Errors
/// What the database refuses, and a configuration with which nothing can be sent; a failure of the
/// sink or of a receiver is a row, not an error.
pub async fn outbox_relay(ports: &Ports<'_>, redis: &dyn Redis) -> Result<Report, Problem> {
    let shop = &Shop::new(ports);
    let sink = sink(shop)?;
    let deadline = &Deadline::from_now(shop)?;
    let receivers = fan(shop, sink.is_some(), deadline)?;
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut told = Ok(());
    // Before an event is taken: what is wrong with all of them is no event's fault.
    if let Some(settings) = sink {
        match settings.check() {
            Ok(()) => lines.push(Line {
                name: "event_sink".to_owned(),
                settings,
                lease: &sql::OUTBOX_LEASE,
                settle: &sql::OUTBOX_SETTLE,
                receiver_id: None,
            }),
            Err(name) => {
                let wrong = Unusable::Wrong { name, right: "is malformed".to_owned() };
                told = Err(misconfigured(shop, name, wrong.into()));
            }
        }
    }
    for receiver in receivers.iter().filter(|receiver| receiver.waits) {
        match receiver.settings(shop) {
            Ok(settings) => lines.push(Line {
                name: format!("receiver/{}", receiver.receiver_id),
                settings,
                lease: &sql::DELIVERY_LEASE,
                settle: &sql::DELIVERY_SETTLE,
                receiver_id: Some(&receiver.receiver_id),
            }),
            Err(problem) => told = Err(misconfigured(shop, "receiver secrets", problem)),
        }
    }
    let mut report = Report::default();
    let mut is_served = lines.is_empty();
    let mut turns: FuturesUnordered<Turn<'_>> = FuturesUnordered::new();
    for line in &lines {
        // The sink's is the relay's own.
        let name = match line.receiver_id {
            Some(_) => format!("{}/{}", OUTBOX_RELAY.name, line.name),
            None => OUTBOX_RELAY.name.to_owned(),
        };
        if let Some(lease) = Lease::take(shop, &name)? {
            is_served = true;
            turns.push(Box::pin(async move {
                let served = serve(shop, redis, line, deadline).await;
                lease.give_back();
                served
            }));
        }
    }
    // All of them, whatever becomes of one.
    while let Some(served) = turns.next().await {
        match served {
            Ok(served) => {
                report.taken = report.taken.saturating_add(served.taken);
                report.done = report.done.saturating_add(served.done);
                report.retried = report.retried.saturating_add(served.retried);
                report.dead = report.dead.saturating_add(served.dead);
            }
            Err(problem) => told = Err(problem),
        }
    }
    told?;
    if is_served {
        ran(shop, OUTBOX_RELAY, report)
    } else {
        Ok(Report { worker: OUTBOX_RELAY.name, skipped: true, ..report })
    }
}

/// One receiver's part in a run.
type Turn<'a> = Pin<Box<dyn Future<Output = Result<Report, Problem>> + 'a>>;

/// The sink that the variables name.
fn sink(shop: &Shop<'_>) -> Result<Option<SinkSettings>, Problem> {
    let url = shop.setting(&EVENT_SINK_URL)?;
    if url.is_empty() {
        return Ok(None);
    }
    Ok(Some(SinkSettings {
        url,
        stream: shop.setting(&EVENT_SINK_STREAM)?,
        stream_limit: shop.setting(&EVENT_SINK_STREAM_LIMIT)?,
        secrets: shop.setting(&EVENT_SINK_SECRET)?,
        source: shop.setting(&EVENT_SOURCE)?,
        timeout_ms: shop.setting(&EVENT_TIMEOUT_MS)?,
    }))
}

/// Gives the events that are new to each receiver that wants them; the receivers. While there is
/// neither a sink nor a receiver, events wait for the first.
fn fan(shop: &Shop<'_>, has_sink: bool, deadline: &Deadline<'_>) -> Result<Vec<Due>, Problem> {
    let due = || -> Result<Found, Problem> {
        let found = shop.read(&sql::RELAY_DUE, &json!({ "limit": FAN_BATCH }))?;
        found.ok_or_else(|| Problem::internal("no answer about events"))
    };
    let mut found = due()?;
    for _ in 0..FAN_ROUNDS {
        let given = found.events.len();
        let nobody = !has_sink && found.receivers.is_empty();
        if given == 0 || nobody || deadline.has_passed() {
            break;
        }
        let input = json!({ "events": found.events, "has_sink": has_sink });
        shop.apply::<Value>(&sql::DELIVERY_FAN, &input)?.map_err(crate::problem::refused)?;
        if given < FAN_BATCH {
            // Whoever was given something may not have waited before.
            for receiver in &mut found.receivers {
                receiver.waits = true;
            }
            break;
        }
        found = due()?;
    }
    Ok(found.receivers)
}

/// Serves one receiver, or the sink, until nothing waits for it or the run has had its time.
async fn serve(
    shop: &Shop<'_>,
    redis: &dyn Redis,
    line: &Line<'_>,
    deadline: &Deadline<'_>,
) -> Result<Report, Problem> {
    let limit: i64 = shop.setting(&OUTBOX_BATCH)?;
    let lease_ms = shop.setting(&WORKER_LEASE_MS)?;
    let policy = RetryPolicy {
        alert_after: shop.setting(&OUTBOX_ATTEMPTS)?,
        give_up_ms: shop.setting(&GIVE_UP_MS)?,
        ..DELIVERY
    };
    let breaker = Breaker::configured(&line.name, shop.ports, line.settings.timeout_ms)?;
    let ports = shop.ports;
    let sink = EventSink::new(line.settings.clone(), ports.http, redis, ports.clock, breaker);
    let mut report = Report::default();
    loop {
        let token = shop.id();
        let lease = json!({
            "receiver_id": line.receiver_id, "lease_token": token, "lease_ms": lease_ms, "limit": limit,
        });
        let mut rows: Vec<Row> = shop.list(line.lease, &lease)?;
        // RETURNING promises no order.
        rows.sort_by_key(|row| row.outbox_id);
        let taken = count(&rows);
        if taken == 0 {
            return Ok(report);
        }
        let batch = deliver(&sink, &policy, &rows, deadline).await;
        report.taken = report.taken.saturating_add(taken);
        report.done = report.done.saturating_add(count(&batch.published));
        let retried = count(&batch.retried).saturating_add(count(&batch.untried));
        report.retried = report.retried.saturating_add(retried);
        report.dead = report.dead.saturating_add(count(&batch.dead));
        let input = json!({
            "receiver_id": line.receiver_id, "lease_token": token, "published": batch.published, "retried": batch.retried, "dead": batch.dead,
            "untried": batch.untried,
        });
        shop.apply::<Value>(line.settle, &input)?.map_err(crate::problem::refused)?;
        let was_all = i64::try_from(taken).is_ok_and(|taken| taken < limit);
        if was_all || batch.is_blocked || deadline.has_passed() {
            return Ok(report);
        }
    }
}

/// Sends the rows: those of one aggregate in order, some aggregates at once.
async fn deliver(
    sink: &EventSink<'_>,
    policy: &RetryPolicy,
    rows: &[Row],
    deadline: &Deadline<'_>,
) -> Batch {
    let mut aggregates: BTreeMap<&str, (i64, Vec<&Row>)> = BTreeMap::new();
    for row in rows {
        let of_it = aggregates.entry(&row.aggregate).or_insert((row.outbox_id, Vec::new()));
        of_it.1.push(row);
    }
    let mut in_order: Vec<(i64, Vec<&Row>)> = aggregates.into_values().collect();
    // Who waits longest goes first.
    in_order.sort_by_key(|(oldest, _)| *oldest);
    let turns = in_order.into_iter().map(|(_, rows)| one_by_one(sink, policy, rows, deadline));
    let mut all = stream::iter(turns).buffer_unordered(AT_ONCE);
    let mut batch = Batch::default();
    while let Some(part) = all.next().await {
        batch.join(part);
    }
    batch
}

/// Sends the rows of an aggregate in order. After a failure the later ones go back untried, as all
/// do that are not sent in time.
async fn one_by_one(
    sink: &EventSink<'_>,
    policy: &RetryPolicy,
    rows: Vec<&Row>,
    deadline: &Deadline<'_>,
) -> Batch {
    let mut batch = Batch::default();
    let mut is_held = false;
    for row in rows {
        if is_held || deadline.has_passed() {
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
                (is_held, batch.is_blocked) = (true, true);
                batch.untried.push(row.outbox_id);
            }
            Err(error) => {
                let attempt = row.attempts.saturating_add(1);
                match policy.after_failure(attempt, row.failing_ms()) {
                    AfterFailure::RetryAfterMs(wait_ms) if error.is_retryable() => {
                        is_held = true;
                        let asked_ms = error
                            .retry_after_ms()
                            .and_then(|ms| i64::try_from(ms).ok())
                            .unwrap_or_default();
                        let retry_in_ms = wait_ms.max(asked_ms.min(WAIT_LONGEST_MS));
                        let alert = policy.alerts(attempt).then(|| error.to_string());
                        batch.retried.push(json!({
                            "outbox_id": row.outbox_id, "retry_in_ms": retry_in_ms, "error": error.to_string(), "alert": alert,
                        }));
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
    batch
}

fn count<T>(rows: &[T]) -> u64 {
    u64::try_from(rows.len()).unwrap_or(u64::MAX)
}
