//! `saga-recovery`: sagas whose driver has gone, driven on by the same code (CHK-7).

use super::{Report, lease::leased};
use crate::{
    saga::{Outcome, Saga, drive},
    settings::{SAGA_LEASE_MS, WORKER_BATCH},
};
use edge::Problem;
use ports::Ports;
use serde_json::json;
use store::sql;

/// One run. A saga that fails here stays leased until its lease ends, and is taken again.
///
/// # Errors
/// What the database refuses when the batch is taken.
pub async fn saga_recovery(ports: &Ports<'_>) -> Result<Report, Problem> {
    leased(ports, "saga-recovery", async |shop| {
        let input = json!({
            "lease_token": shop.id(), "lease_ms": shop.setting(&SAGA_LEASE_MS)?, "limit": shop.setting(&WORKER_BATCH)?,
        });
        let mut report = Report::default();
        for saga in shop.list::<Saga>(&sql::SAGA_LEASE, &input)? {
            report.taken = report.taken.saturating_add(1);
            let saga_id = saga.saga_id.clone();
            match drive(shop, saga).await {
                Ok(Outcome::Ordered(_) | Outcome::Refused(_)) => report.done = report.done.saturating_add(1),
                Ok(Outcome::Pending(_)) => report.retried = report.retried.saturating_add(1),
                Err(problem) => {
                    report.retried = report.retried.saturating_add(1);
                    edge::log("error", "a saga could not be driven", &[("saga_id", &saga_id), ("code", problem.code().slug())]);
                }
            }
        }
        Ok(report)
    })
    .await
}
