//! `cart-cleanup`: carts whose time is over are given up, and those that nobody came back to are
//! forgotten (CART-10); checkouts whose time is over end, and their carts are active again (CHK-17).
//!
//! Nothing waits for it: a cart is gone by the clock at every read and change. It tells who
//! listens, in time, and frees the rows.

use super::{Report, lease::leased};
use config::{CART_CLEANUP, CART_RECOVERY_MS, WORKER_BATCH};
use json::json;
use ports::Ports;
use serde::Deserialize;
use store::sql;
use terms::Problem;

#[derive(Deserialize)]
struct Ended {
    abandoned: u64,
    /// Checkouts.
    ended: u64,
    forgotten: u64,
}

/// One run.
///
/// # Errors
/// What the database refuses.
pub async fn cart_cleanup(ports: &Ports<'_>) -> Result<Report, Problem> {
    leased(ports, CART_CLEANUP, async |shop| {
        let input = json!({ "limit": shop.setting(&WORKER_BATCH)?, "recovery_ms": shop.setting(&CART_RECOVERY_MS)? });
        let ended: Ended = shop.apply(&sql::CART_EXPIRE, &input)?.map_err(crate::problem::refused)?;
        let done = ended.abandoned.saturating_add(ended.ended).saturating_add(ended.forgotten);
        Ok(Report { taken: done, done, ..Report::default() })
    })
    .await
}
