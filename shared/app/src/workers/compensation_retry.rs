//! `compensation-retry`: what is owed to the provider, until it is done or dead (CHK-8); and the customers of
//! the provider's who were erased here, until it has deleted them (SEC-6).

use super::{Report, Turn, lease::leased, one_by_one};
use crate::{
    compensation::{Tried, run_next},
    payer::delete_next,
};
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
            let tried = match run_next(shop, None).await? {
                Some(tried) => Some(tried),
                None => delete_next(shop).await?,
            };
            Ok(tried.map(|tried| match tried {
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
