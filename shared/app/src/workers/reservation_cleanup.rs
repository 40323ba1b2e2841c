//! `reservation-cleanup`: expired reservations go back to stock (STOCK-4).

use super::{Report, lease::leased};
use config::{RESERVATION_CLEANUP, WORKER_BATCH};
use json::json;
use ports::Ports;
use serde::Deserialize;
use store::sql;
use terms::Problem;

#[derive(Deserialize)]
struct Released {
    done: u64,
}

/// One run.
///
/// # Errors
/// What the database refuses.
pub async fn reservation_cleanup(ports: &Ports<'_>) -> Result<Report, Problem> {
    leased(ports, RESERVATION_CLEANUP, async |shop| {
        let input = json!({ "limit": shop.setting(&WORKER_BATCH)? });
        let released: Released =
            shop.apply(&sql::RESERVATION_EXPIRE, &input)?.map_err(crate::problem::refused)?;
        Ok(Report { taken: released.done, done: released.done, ..Report::default() })
    })
    .await
}
