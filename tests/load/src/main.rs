//! Closed-loop load against a running shop: so many connections, each sending its next request when the last is answered.
//!
//! ```text
//! cargo run --profile host --package load -- --url http://127.0.0.1:3000 --connections 1 16 128 --seconds 5
//! ```
//!
//! Every connection is a buyer of its own with a cart of its own, kept alive as a browser keeps it. What a scenario
//! needs beforehand (a cart, a session) is made outside the measured time. A reply of another status than the one
//! expected is an error and is counted, never averaged away.

mod buyer;
mod scenario;

use anyhow::Result;
use clap::Parser;
use hdrhistogram::Histogram;
use scenario::Scenario;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Load against a running shop with the demo catalog.
#[derive(Parser)]
struct Arguments {
    /// The shop.
    #[arg(long, default_value = "http://127.0.0.1:3000")]
    url: String,
    /// Connections, one row of the table each.
    #[arg(long, num_args = 1.., default_values_t = [1, 16])]
    connections: Vec<usize>,
    /// How long each row takes.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Scenarios by name; all when none is given.
    #[arg(long, num_args = 1..)]
    scenario: Vec<Scenario>,
}

/// What one connection saw.
struct Seen {
    micros: Histogram<u64>,
    errors: u64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(&arguments))
}

async fn run(arguments: &Arguments) -> Result<()> {
    let scenarios = if arguments.scenario.is_empty() { Scenario::ALL.to_vec() } else { arguments.scenario.clone() };
    println!("| scenario | connections | requests/s | p50 ms | p95 ms | p99 ms | max ms | errors |");
    println!("|---|---|---|---|---|---|---|---|");
    for scenario in scenarios {
        for &connections in &arguments.connections {
            row(arguments, scenario, connections).await?;
        }
    }
    Ok(())
}

/// One row: all connections prepare, then all run for the same time.
async fn row(arguments: &Arguments, scenario: Scenario, connections: usize) -> Result<()> {
    let mut prepared = Vec::with_capacity(connections);
    for number in 0..connections {
        prepared.push(scenario.prepare(&arguments.url, number).await?);
    }
    let begun = Instant::now();
    let until = begun + Duration::from_secs(arguments.seconds);
    let mut tasks = JoinSet::new();
    for mut driver in prepared {
        tasks.spawn(async move {
            let mut seen = Seen { micros: Histogram::new(3)?, errors: 0 };
            while Instant::now() < until {
                // Only the measured request counts; a scenario may need others around it.
                let (took, expected) = driver.next().await?;
                seen.micros.record(u64::try_from(took.as_micros())?)?;
                seen.errors += u64::from(!expected);
            }
            anyhow::Ok(seen)
        });
    }
    let mut all = Seen { micros: Histogram::new(3)?, errors: 0 };
    while let Some(seen) = tasks.join_next().await {
        let seen = seen??;
        all.micros.add(&seen.micros)?;
        all.errors += seen.errors;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let ms = |quantile: f64| all.micros.value_at_quantile(quantile) as f64 / 1_000.0;
    println!(
        "| {} | {connections} | {:.0} | {:.2} | {:.2} | {:.2} | {:.1} | {} |",
        scenario.name(),
        all.micros.len() as f64 / seconds,
        ms(0.50),
        ms(0.95),
        ms(0.99),
        all.micros.max() as f64 / 1_000.0,
        all.errors
    );
    Ok(())
}
