//! `compensation-retry`: what is owed to the provider, until it is done or dead (CHK-8).

use super::{Report, lease::leased};
use crate::{compensation::run_due, settings::WORKER_BATCH};
use edge::Problem;
use ports::Ports;

/// One run.
///
/// # Errors
/// What the database refuses; a provider's failure is a row, not an error.
pub async fn compensation_retry(ports: &Ports<'_>) -> Result<Report, Problem> {
    leased(ports, "compensation-retry", async |shop| {
        let tally = run_due(shop, shop.setting(&WORKER_BATCH)?, None).await?;
        Ok(Report { taken: tally.taken, done: tally.done, retried: tally.retried, dead: tally.dead, ..Report::default() })
    })
    .await
}
