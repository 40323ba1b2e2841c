//! `compensation-retry`: what is owed to the provider, until it is done or dead (CHK-8).

use super::{Report, Turn, lease::leased, one_by_one};
use crate::compensation::{Tried, run_next};
use config::COMPENSATION_RETRY;
use domain::compensation::CompensationStatus;
use ports::Ports;
use terms::Problem;

/// One run.
///
/// # Errors
/// What the database refuses, and a configuration with which nothing can be tried; a provider's
/// failure is a row, not an error.
pub async fn compensation_retry(ports: &Ports<'_>) -> Result<Report, Problem> {
    leased(ports, COMPENSATION_RETRY, async |shop| {
        one_by_one(shop, async || {
            Ok(run_next(shop, None).await?.map(|tried| match tried {
                Tried::Settled(CompensationStatus::Done) => Turn::Done,
                Tried::Settled(CompensationStatus::Pending) => Turn::Retried,
                Tried::Settled(CompensationStatus::Dead | CompensationStatus::Resolved) => {
                    Turn::Dead
                }
                Tried::Untried => Turn::Untried,
                Tried::Overtaken => Turn::Overtaken,
            }))
        })
        .await
    })
    .await
}
