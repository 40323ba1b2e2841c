//! One row of the results.

use crate::scenario::Scenario;
use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// The head of the table.
pub const HEAD: &str = "| scenario | pace | requests/s | p50 ms | p95 ms | p99 ms | max ms | errors |\n|---|---|---|---|---|---|---|---|";

/// How requests begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Closed loop: so many connections, back to back.
    Connections(usize),
    /// Open loop: so many a second.
    PerSecond(f64),
}

/// What is measured and how fast it is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowSpec {
    pub scenario: Scenario,
    pub pace: Pace,
}

impl std::str::FromStr for RowSpec {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (key, pace) =
            text.split_once('@').with_context(|| format!("{text:?} is not SCENARIO@PACE"))?;
        let scenario =
            Scenario::of(key).with_context(|| format!("there is no scenario {key:?}"))?;
        let pace = match pace.strip_suffix("/s") {
            Some(rate) => Pace::PerSecond(rate.parse()?),
            None => Pace::Connections(pace.parse()?),
        };
        Ok(Self { scenario, pace })
    }
}

/// What was seen of one connection, or of all.
pub struct Tally {
    micros: Histogram<u64>,
    errors: BTreeMap<String, u64>,
}

impl Tally {
    pub fn new() -> Result<Self> {
        Ok(Self { micros: Histogram::new(3)?, errors: BTreeMap::new() })
    }

    /// One request: how long it took and what was wrong with it.
    pub fn add(&mut self, took: Duration, complaint: Option<String>) -> Result<()> {
        self.micros.record(u64::try_from(took.as_micros())?)?;
        if let Some(complaint) = complaint {
            *self.errors.entry(complaint).or_default() += 1;
        }
        Ok(())
    }

    pub fn merge(&mut self, other: Self) -> Result<()> {
        self.micros.add(&other.micros)?;
        for (complaint, times) in other.errors {
            *self.errors.entry(complaint).or_default() += times;
        }
        Ok(())
    }

    pub fn finish(self, spec: RowSpec, lasted: Duration, calls: Option<Calls>) -> Row {
        let ms = |micros: u64| micros as f64 / 1_000.0;
        let (connections, rate) = match spec.pace {
            Pace::Connections(connections) => (Some(connections), None),
            Pace::PerSecond(rate) => (None, Some(rate)),
        };
        Row {
            scenario: spec.scenario.key(),
            name: spec.scenario.name(),
            connections,
            rate,
            seconds: lasted.as_secs_f64(),
            requests: self.micros.len(),
            per_second: self.micros.len() as f64 / lasted.as_secs_f64(),
            p50_ms: ms(self.micros.value_at_quantile(0.50)),
            p95_ms: ms(self.micros.value_at_quantile(0.95)),
            p99_ms: ms(self.micros.value_at_quantile(0.99)),
            max_ms: ms(self.micros.max()),
            errors: self.errors.values().sum(),
            complaints: self.errors,
            calls,
        }
    }
}

/// The host calls of one request, by till's count.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Calls {
    statements: u32,
    setup: u32,
    kv: u32,
    outbound: u32,
}

impl Calls {
    /// `statements=2 setup=2 kv=0 outbound=0`
    pub fn parse(text: &str) -> Result<Self> {
        let mut calls = Self::default();
        for part in text.split(' ') {
            let (name, count) =
                part.split_once('=').with_context(|| format!("not a count: {part:?}"))?;
            let field = match name {
                "statements" => &mut calls.statements,
                "setup" => &mut calls.setup,
                "kv" => &mut calls.kv,
                "outbound" => &mut calls.outbound,
                _ => continue,
            };
            *field = count.parse()?;
        }
        Ok(calls)
    }
}

/// A measured row. `cargo till bench` reads these lines.
#[derive(Debug, Serialize)]
pub struct Row {
    scenario: &'static str,
    name: &'static str,
    /// Of a closed loop.
    connections: Option<usize>,
    /// Of an open loop.
    rate: Option<f64>,
    seconds: f64,
    requests: u64,
    per_second: f64,
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
    max_ms: f64,
    errors: u64,
    /// How often each unexpected answer came.
    complaints: BTreeMap<String, u64>,
    /// On till.
    calls: Option<Calls>,
}

impl std::fmt::Display for Row {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pace = match (self.connections, self.rate) {
            (Some(connections), _) => connections.to_string(),
            (None, Some(rate)) => format!("{rate}/s"),
            (None, None) => String::new(),
        };
        let Self { name, per_second, p50_ms, p95_ms, p99_ms, max_ms, errors, .. } = self;
        write!(
            out,
            "| {name} | {pace} | {per_second:.0} | {p50_ms:.2} | {p95_ms:.2} | {p99_ms:.2} | \
             {max_ms:.1} | {errors}"
        )?;
        for (complaint, times) in self.complaints.iter().take(3) {
            write!(out, " ({times} × {complaint})")?;
        }
        out.write_str(" |")
    }
}
