//! Load on a running shop with the demo catalog: one row per ROW given, as a table or as a line of
//! JSON each.
//!
//! ```text
//! cargo run --profile host --package load -- --url http://127.0.0.1:3000 --seconds 5 add@16 add@200/s
//! ```
//!
//! `add@16` is a closed loop: sixteen connections, each sending its next request when the last is
//! answered. It finds how much can be done. `add@200/s` is an open loop: a request begins every 5
//! ms whatever became of those before, and its time counts from when it should have begun, so that
//! a stall is felt by everybody who came during it. It finds how long shoppers wait.
//!
//! Every connection is a shopper of its own with a cart of its own, kept alive as a browser keeps
//! it. What a request needs beforehand (a cart, a session) is made outside the measured time. A
//! reply of another status than the one expected is an error and is counted, never averaged away.

#![expect(
    clippy::as_conversions,
    clippy::float_arithmetic,
    reason = "times and rates are measured here, and never money"
)]

mod connection;
mod credentials;
mod measure;
mod row;
mod scenario;

use anyhow::Result;
use clap::Parser;
use credentials::Credentials;
use row::{Pace, RowSpec};
use scenario::{SKUS, Scenario};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// Load against a running shop with the demo catalog.
#[derive(Debug, Parser)]
struct Arguments {
    /// The shop.
    #[arg(long, default_value = "http://127.0.0.1:3000")]
    url: String,
    /// How long each row takes.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// One line of JSON per row instead of a table.
    #[arg(long)]
    json: bool,
    /// Fill the warehouse first, so that no row ends for want of goods.
    #[arg(long)]
    restock: bool,
    /// Add so many goods to the catalog first that nobody buys.
    #[arg(long, value_name = "SKUS")]
    grow: Option<usize>,
    #[command(flatten)]
    credentials: Credentials,
    /// Scenario and pace: `add@16` for connections, `add@200/s` for a rate. Without any: every
    /// scenario at 1 and 16.
    #[arg(value_name = "ROW")]
    rows: Vec<RowSpec>,
}

/// Where and for how long a row is measured.
#[derive(Clone, Debug)]
struct Target {
    url: String,
    credentials: Arc<Credentials>,
    lasting: Duration,
    /// That the shop has many promotions, once a row needs it.
    promoted: Arc<OnceCell<()>>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(arguments))
}

async fn run(arguments: Arguments) -> Result<()> {
    let rows = if arguments.rows.is_empty() { every_scenario() } else { arguments.rows };
    let lasting = Duration::from_secs_f64(arguments.seconds);
    let credentials = Arc::new(arguments.credentials);
    let target = Target { url: arguments.url, credentials, lasting, promoted: Arc::default() };
    if let Some(skus) = arguments.grow {
        scenario::grow(&target, skus).await?;
    }
    if arguments.restock {
        restock(&target).await?;
    }
    if !arguments.json {
        println!("{}", row::HEAD);
    }
    for spec in rows {
        let row = measure::row(&target, spec).await?;
        println!("{}", if arguments.json { serde_json::to_string(&row)? } else { row.to_string() });
    }
    Ok(())
}

fn every_scenario() -> Vec<RowSpec> {
    let at = |scenario: &Scenario| {
        [1, 16].map(|connections| RowSpec {
            scenario: *scenario,
            pace: Pace::Connections(connections),
        })
    };
    Scenario::ALL.iter().filter(|scenario| scenario.is_of_the_shop()).flat_map(at).collect()
}

/// Goods enough for any number of confirms.
async fn restock(target: &Target) -> Result<()> {
    let mut connection = connection::Connection::open(&target.url).await?;
    let token = target.credentials.service("catalog:write")?;
    for number in 0..SKUS {
        let delivery = scenario::delivery(number, &token);
        let answer = connection.send(&delivery).await?;
        anyhow::ensure!(answer.status == 200, "a delivery was refused: {}", answer.complaint());
    }
    Ok(())
}
