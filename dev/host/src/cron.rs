//! The cron trigger: six fields, UTC, a fresh guest per tick, overlap allowed, nothing replayed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use chrono::Utc;
use croner::Cron;
use wasmtime::Store;

use crate::app::{App, Component};
use crate::bindings::cron::Metadata;
use crate::guest::Guest;
use crate::logs::RunLine;
use crate::manifest::CronTrigger;

/// One `[[trigger.cron]]`, ready to tick.
pub struct Schedule {
    component: Arc<Component>,
    expression: String,
    cron: Cron,
}

impl Schedule {
    /// Reads the expression; five or seven fields are refused, as the plugin refuses them.
    pub fn new(app: &App, trigger: &CronTrigger) -> Result<Self> {
        let component =
            app.components.get(&trigger.component).context("no such component")?.clone();
        let cron = parse(&trigger.cron_expression)
            .with_context(|| format!("component {}", trigger.component))?;
        Ok(Self { component, expression: trigger.cron_expression.clone(), cron })
    }

    /// Ticks for ever. A tick does not wait for the one before it, and ticks missed are not made up
    /// for.
    pub async fn run(self, app: Arc<App>) {
        let this = Arc::new(self);
        loop {
            let now = Utc::now();
            let next = match this.cron.find_next_occurrence(&now, false) {
                Ok(next) => next,
                Err(error) => {
                    eprintln!("till: cron {:?} has no next time: {error}", this.expression);
                    return;
                }
            };
            tokio::time::sleep((next - now).to_std().unwrap_or(Duration::ZERO)).await;
            let (app, schedule) = (app.clone(), this.clone());
            tokio::spawn(async move {
                if let Err(error) = run(&app, &schedule.component, &schedule.expression).await {
                    eprintln!("till: cron: {}: {error:#}", schedule.component.id);
                }
            });
        }
    }
}

/// One tick of a component: a fresh guest, and what came of it.
pub async fn run(app: &Arc<App>, component: &Arc<Component>, expression: &str) -> Result<()> {
    let begun = Instant::now();
    let handler = component.cron.as_ref().context("no cron handler")?;
    let mut store = Store::new(handler.engine(), Guest::new(app, component, false));
    let instruments = store.data().instruments.clone();
    let timestamp = u64::try_from(Utc::now().timestamp()).unwrap_or(0);
    let outcome = async {
        let guest = handler.instantiate_async(&mut store).await?;
        guest.call_handle_cron_event(&mut store, Metadata { timestamp }).await
    }
    .await;
    drop(store);
    let outcome = match outcome {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(anyhow::anyhow!("the tick failed: {error}")),
        Err(trap) => Err(anyhow::anyhow!("the tick trapped: {trap:?}")),
    };
    app.ended(None, || RunLine {
        at_ms: Utc::now().timestamp_millis(),
        component: &component.id,
        trigger: "cron",
        method: "",
        path: expression,
        micros: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
        outcome: outcome.as_ref().map_or_else(|error| format!("{error:#}"), |()| "ok".to_owned()),
        counts: instruments.counts(),
        calls: instruments.calls(),
    });
    outcome
}

/// A six-field expression: second, minute, hour, day of month, month, day of week.
pub fn parse(expression: &str) -> Result<Cron> {
    let parsed = Cron::new(expression).with_seconds_required().parse();
    parsed.with_context(|| format!("cron expression {expression:?} (six fields, seconds first)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_six_fields() {
        parse("*/2 * * * * *").unwrap();
        parse("0 0 3 * * MON").unwrap();
        parse("* * * * *").unwrap_err();
        parse("0 0 3 * * * 2026").unwrap_err();
    }
}
