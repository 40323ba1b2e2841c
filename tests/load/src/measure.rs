//! Measuring one row: prepare, warm up, run, add up.

use crate::Target;
use crate::connection::Connection;
use crate::row::{Calls, Pace, Row, RowSpec, Tally};
use crate::scenario::{Scenario, Subject};
use anyhow::{Context, Result};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

/// Connections that prepare at the same time.
const HANDS: usize = 16;
/// Connections an open loop has: a request that finds none free waits, and its time goes on
/// counting.
const OPEN_LOOP_CONNECTIONS: usize = 64;
/// Subjects made for each second of a scenario that uses them up; when none is left, the row ends
/// early.
const USED_UP_PER_SECOND: f64 = 150.0;
/// How long a shopper waits before another try after a connection broke.
const AFTER_A_BREAK: Duration = Duration::from_millis(20);

/// Measures one row.
pub async fn row(target: &Target, spec: RowSpec) -> Result<Row> {
    let connections = match spec.pace {
        Pace::Connections(connections) => connections,
        Pace::PerSecond(_) => OPEN_LOOP_CONNECTIONS,
    };
    let mut subjects =
        prepare(target, spec, connections).await.with_context(|| spec.scenario.key())?;
    let calls =
        count(target, spec.scenario, subjects.pop().context("nothing was prepared")?).await?;
    let shoppers = shoppers(target, spec.scenario, connections, subjects).await?;
    let begun = Instant::now() + Duration::from_millis(1);
    let mut tasks = JoinSet::new();
    let arrivals = Arc::new(AtomicU32::new(0));
    for shopper in shoppers {
        match spec.pace {
            Pace::Connections(_) => tasks.spawn(shopper.back_to_back(begun + target.lasting)),
            Pace::PerSecond(rate) => {
                tasks.spawn(shopper.on_arrival(begun, target.lasting, rate, Arc::clone(&arrivals)))
            }
        };
    }
    let mut all = Tally::new()?;
    while let Some(seen) = tasks.join_next().await {
        all.merge(seen??)?;
    }
    Ok(all.finish(spec, begun.elapsed(), calls))
}

/// One subject for each connection, or as many as may be used up; and one more, to count.
async fn prepare(target: &Target, spec: RowSpec, connections: usize) -> Result<Vec<Subject>> {
    let wanted = match (spec.scenario.uses_up(), spec.pace) {
        (false, _) => connections,
        (true, Pace::Connections(_)) => {
            connections + (target.lasting.as_secs_f64() * USED_UP_PER_SECOND) as usize
        }
        (true, Pace::PerSecond(rate)) => (target.lasting.as_secs_f64() * rate).ceil() as usize,
    } + 1;
    let mut hands = JoinSet::new();
    for hand in 0..HANDS.min(wanted) {
        let (target, scenario) = (target.clone(), spec.scenario);
        let share = (hand..wanted).step_by(HANDS).count();
        hands.spawn(async move {
            let mut connection = Connection::open(&target.url).await?;
            let mut made = Vec::with_capacity(share);
            for _ in 0..share {
                made.push(scenario.prepare(&target, &mut connection).await?);
            }
            anyhow::Ok(made)
        });
    }
    let mut made = Vec::with_capacity(wanted);
    while let Some(some) = hands.join_next().await {
        made.extend(some??);
    }
    Ok(made)
}

/// What one request costs in host calls; only till says so.
async fn count(target: &Target, scenario: Scenario, subject: Subject) -> Result<Option<Calls>> {
    let mut connection = Connection::open(&target.url).await?;
    let mut request = scenario.request(&subject, 0);
    request.counted = true;
    let answer = connection.send(&request).await?;
    answer.calls.as_deref().map(Calls::parse).transpose()
}

/// Connected shoppers who have each been served once, so that no row pays for what only the first
/// one meets.
async fn shoppers(
    target: &Target,
    scenario: Scenario,
    connections: usize,
    mut subjects: Vec<Subject>,
) -> Result<Vec<Shopper>> {
    let shared = Arc::new(Mutex::new(if scenario.uses_up() {
        std::mem::take(&mut subjects)
    } else {
        Vec::new()
    }));
    let mut arriving = JoinSet::new();
    for _ in 0..connections {
        let (url, own, shared) = (target.url.clone(), subjects.pop(), Arc::clone(&shared));
        arriving.spawn(async move {
            let connection = Connection::open(&url).await?;
            let mut shopper = Shopper { url, connection, scenario, own, shared, turn: 0 };
            if !scenario.uses_up() {
                shopper.shop().await;
            }
            anyhow::Ok(shopper)
        });
        // A listener's queue has an end.
        if arriving.len() >= HANDS {
            sleep(Duration::from_millis(1)).await;
        }
    }
    let mut arrived = Vec::with_capacity(connections);
    while let Some(shopper) = arriving.join_next().await {
        arrived.push(shopper??);
    }
    Ok(arrived)
}

/// One connection and whom it asks for.
struct Shopper {
    url: String,
    connection: Connection,
    scenario: Scenario,
    /// Served again and again; or there are
    own: Option<Subject>,
    /// those that serve once.
    shared: Arc<Mutex<Vec<Subject>>>,
    turn: usize,
}

impl Shopper {
    /// One request: when it was sent and what was wrong with the answer; `None` when nothing is
    /// left to ask for.
    async fn shop(&mut self) -> Option<(Instant, Option<String>)> {
        self.turn += 1;
        let request = match &self.own {
            Some(own) => self.scenario.request(own, self.turn),
            None => {
                let next = self.shared.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
                self.scenario.request(&next, self.turn)
            }
        };
        let sent = Instant::now();
        let complaint = match self.connection.send(&request).await {
            Ok(answer) => self.scenario.complaint(&answer),
            Err(error) => {
                sleep(AFTER_A_BREAK).await;
                if let Ok(connection) = Connection::open(&self.url).await {
                    self.connection = connection;
                }
                Some(format!("no answer: {error}"))
            }
        };
        Some((sent, complaint))
    }

    /// Closed loop.
    async fn back_to_back(mut self, until: Instant) -> Result<Tally> {
        let mut tally = Tally::new()?;
        while Instant::now() < until {
            let Some((sent, complaint)) = self.shop().await else { break };
            tally.add(sent.elapsed(), complaint)?;
        }
        Ok(tally)
    }

    /// Open loop: whoever is free takes the next arrival, whose time counts from when it was due.
    async fn on_arrival(
        mut self,
        begun: Instant,
        lasting: Duration,
        rate: f64,
        arrivals: Arc<AtomicU32>,
    ) -> Result<Tally> {
        let mut tally = Tally::new()?;
        loop {
            let after =
                Duration::from_secs_f64(f64::from(arrivals.fetch_add(1, Ordering::Relaxed)) / rate);
            if after >= lasting {
                return Ok(tally);
            }
            let due = begun + after;
            sleep_until(due).await;
            let Some((_, complaint)) = self.shop().await else { return Ok(tally) };
            tally.add(due.elapsed(), complaint)?;
        }
    }
}
