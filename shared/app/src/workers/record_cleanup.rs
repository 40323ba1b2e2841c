//! `record-cleanup`: what nothing needs any more goes, so that no table grows but those of what
//! happened (EVT-5).
//!
//! Idempotency records past their time; published and resolved events, webhooks, and the keys of confirms once
//! they are as old as `record_retention_seconds`. Checkout sessions without an order, with the
//! contact in them, once nobody can come back to their cart (`cart_recovery_seconds`), if that is
//! sooner; and data keys that no contact is sealed with.
//! Movements, history, payments and orders stay.

use super::{Report, lease::leased};
use crate::checkout::gate_of;
use config::{CART_RECOVERY_MS, RECORD_CLEANUP, RECORD_RETENTION_MS, WORKER_BATCH};
use json::json;
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::sql;
use terms::Problem;

/// What may go, of each table the oldest.
#[derive(Deserialize)]
struct Settled {
    records: Vec<String>,
    events: Vec<i64>,
    confirms: Vec<Confirm>,
    sessions: Vec<String>,
    /// Whose data keys no checkout has used for so long. One that a contact needs stays, and is
    /// looked at again as long after.
    data_keys: Vec<String>,
    webhooks: Vec<Webhook>,
}

#[derive(Serialize, Deserialize)]
struct Webhook {
    source: String,
    event_id: String,
}

#[derive(Serialize, Deserialize)]
struct Confirm {
    owner: String,
    key: String,
    /// Whether the owner has no younger one.
    is_last: bool,
}

#[derive(Deserialize)]
struct Pruned {
    pruned: u64,
}

/// One run.
///
/// # Errors
/// What the database refuses.
pub async fn record_cleanup(ports: &Ports<'_>) -> Result<Report, Problem> {
    leased(ports, RECORD_CLEANUP, async |shop| {
        let retention_ms = shop.setting(&RECORD_RETENTION_MS)?;
        // A contact is kept for who may come back to their cart, and no longer.
        let contact_ms = retention_ms.min(shop.setting(&CART_RECOVERY_MS)?);
        let within = json!({ "limit": shop.setting(&WORKER_BATCH)?, "retention_ms": retention_ms, "contact_ms": contact_ms });
        let Some(settled) = shop.read::<Settled>(&sql::RECORD_SETTLED, &within)? else { return Ok(Report::default()) };
        let Settled { records, events, confirms, sessions, data_keys, webhooks } = &settled;
        let taken =
            [records.len(), events.len(), confirms.len(), sessions.len(), data_keys.len(), webhooks.len()].into_iter().map(|rows| u64::try_from(rows).unwrap_or(u64::MAX));
        let taken = taken.fold(0, u64::saturating_add);
        if taken == 0 {
            return Ok(Report::default());
        }
        // First the key-values, whose owners are known by these rows alone: a run that ends here
        // finds them again.
        for owner in confirms.iter().filter(|confirm| confirm.is_last).map(|confirm| &confirm.owner) {
            if let Err(error) = ports.kv.delete(&gate_of(owner)) {
                terms::log("warning", "the record of an old confirm could not be deleted", &[("error", &error.to_string())]);
            }
        }
        let input =
            json!({ "records": records, "events": events, "confirms": confirms, "sessions": sessions, "data_keys": data_keys, "webhooks": webhooks, "retention_ms": retention_ms });
        let Pruned { pruned } = shop.apply(&sql::RECORD_PRUNE, &input)?.map_err(crate::problem::refused)?;
        Ok(Report { taken, done: pruned, ..Report::default() })
    })
    .await
}
