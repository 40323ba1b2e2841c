//! `saga-recovery`: sagas whose driver has gone, driven on by the same code (CHK-7).

use super::{Report, Turn, lease::leased, one_by_one};
use crate::{
    saga::{Outcome, Saga, drive},
    settings::SAGA_LEASE_MS,
};
use edge::Problem;
use json::json;
use ports::Ports;
use store::sql;

/// One run. A saga that fails here stays leased until its lease ends, and is taken again.
///
/// # Errors
/// What the database refuses when a saga is taken.
pub async fn saga_recovery(ports: &Ports<'_>) -> Result<Report, Problem> {
    leased(ports, "saga-recovery", async |shop| {
        let lease_ms = shop.setting(&SAGA_LEASE_MS)?;
        one_by_one(shop, async || {
            let input = json!({ "lease_token": shop.id(), "lease_ms": lease_ms, "limit": 1 });
            let Some(saga) = shop.read::<Saga>(&sql::SAGA_LEASE, &input)? else {
                return Ok(None);
            };
            let saga_id = saga.saga_id.clone();
            Ok(Some(match drive(shop, saga).await {
                Ok(Outcome::Ordered(_) | Outcome::Refused(_)) => Turn::Done,
                Ok(Outcome::Pending(_)) => Turn::Retried,
                Err(problem) => {
                    edge::log("error", "a saga could not be driven", &[("saga_id", &saga_id), ("code", problem.code().slug())]);
                    Turn::Retried
                }
            }))
        })
        .await
    })
    .await
}
