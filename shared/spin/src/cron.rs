//! The cron trigger's entry point (plugin 0.3.0): what a schedule runs.

use crate::ports_impl::Host;
use ports::Ports;
use serde::Serialize;
use std::fmt::Display;

/// Runs `tick` once. The plugin drops what this returns, so the outcome is a log line first of all.
pub fn run_tick<F, R, E>(name: &str, tick: F) -> Result<(), String>
where
    F: AsyncFn(&Ports<'_>) -> Result<R, E>,
    R: Serialize,
    E: Display,
{
    let host = Host::default();
    match spin_executor::run(async { tick(&host.ports()).await }) {
        Ok(report) => {
            let report = serde_json::to_value(&report).unwrap_or_default();
            // A run that found nothing to do has a row (WRK-6) and needs no line: the relay runs
            // every second.
            if report.get("taken").and_then(serde_json::Value::as_u64) == Some(0) {
                return Ok(());
            }
            let report = report.to_string();
            edge::log("info", "worker ran", &[("worker", name), ("report", &report)]);
            Ok(())
        }
        Err(problem) => {
            let text = problem.to_string();
            edge::log("error", "worker failed", &[("worker", name), ("reason", &text)]);
            Err(text)
        }
    }
}
