//! `saga-recovery`: sagas whose driver has gone, driven on by the same code (CHK-7); and money that
//! is held until somebody asks for it, asked for before its provider lets it go; and orders that
//! nobody has reviewed, denied.

use super::{Report, Turn, lease::leased, one_by_one};
use crate::{
    order::{capture_due, review_due},
    payment::provider,
    saga::{Outcome, Saga, drive},
    tries::misconfigured,
};
use config::{PAYMENT_API_KEY, SAGA_LEASE_MS, SAGA_RECOVERY, WORKER_BATCH};
use json::json;
use ports::Ports;
use store::sql;
use terms::{Code, Problem};

/// One run. A saga that fails here stays leased until its lease ends, and is taken again.
///
/// # Errors
/// What the database refuses when a saga is taken, and a configuration with which none can be
/// driven.
pub async fn saga_recovery(ports: &Ports<'_>) -> Result<Report, Problem> {
    leased(ports, SAGA_RECOVERY, async |shop| {
        let lease_ms = shop.setting(&SAGA_LEASE_MS)?;
        // Before a saga is taken: with a configuration like that none can be driven.
        provider(shop).map_err(|problem| misconfigured(shop, PAYMENT_API_KEY.name, problem))?;
        // What is captured is a saga again, and taken with the others; what a denied order is owed is a
        // compensation.
        for due in [capture_due, review_due] {
            for _ in 0..shop.setting(&WORKER_BATCH)? {
                if !due(shop)? {
                    break;
                }
            }
        }
        one_by_one(shop, async || {
            let input = json!({ "lease_token": shop.id(), "lease_ms": lease_ms, "limit": 1 });
            let Some(saga) = shop.read::<Saga>(&sql::SAGA_LEASE, &input)? else {
                return Ok(None);
            };
            let saga_id = saga.saga_id.clone();
            Ok(Some(match drive(shop, saga).await {
                Ok(Outcome::Ordered(_) | Outcome::Refused(_)) => Turn::Done,
                Ok(Outcome::Pending(_)) => Turn::Retried,
                // It has been given back, and the next would meet the same.
                Ok(Outcome::Misconfigured(_)) => {
                    let told = Problem::new(Code::ConfigurationInvalid);
                    return Err(told.detail(
                        "the payment provider cannot be asked; nothing is lost, see the alert",
                    ));
                }
                Err(problem) => {
                    terms::log(
                        "error",
                        "a saga could not be driven",
                        &[("saga_id", saga_id.as_str()), ("code", problem.code().slug())],
                    );
                    Turn::Retried
                }
            }))
        })
        .await
    })
    .await
}
