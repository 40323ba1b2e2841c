//! `data-key-rewrap`: the keys of owners are wrapped by the first of `pii_key`, so that an old one
//! may be taken out of the list (SEC-5).
//!
//! No contact is touched: what changes is one short text an owner. A key that is wrapped by none
//! of the list is told by an alert, since nothing opens it until its own is put back.

use super::{Deadline, Report, lease::leased};
use crate::{contact, shop::Shop};
use config::{DATA_KEY_REWRAP, WORKER_BATCH};
use json::json;
use ports::Ports;
use seal::{Keyring, WrappedKey};
use serde::{Deserialize, Serialize};
use store::sql;
use terms::Problem;

/// What an old key has wrapped, and how much none has.
#[derive(Deserialize)]
struct Old {
    keys: Vec<OwnersKey>,
    lost: u64,
}

#[derive(Deserialize)]
struct OwnersKey {
    owner: String,
    #[serde(flatten)]
    wrapped: WrappedKey,
}

/// A key wrapped anew, with what it must still be wrapped by to be replaced.
#[derive(Serialize)]
struct Rewrapped {
    owner: String,
    was_wrapped_by: String,
    #[serde(flatten)]
    wrapped: WrappedKey,
}

#[derive(Deserialize)]
struct Kept {
    rewrapped: u64,
}

/// Names of keys between two that are in the list: whoever has one is not.
#[derive(Serialize)]
struct Gap<'a> {
    low: &'a str,
    high: &'a str,
}

/// Sorts after every name of a key.
const LAST: &str = "~";

/// One run.
///
/// # Errors
/// What the database refuses; `configuration_invalid` for a list that will not do.
pub async fn data_key_rewrap(ports: &Ports<'_>) -> Result<Report, Problem> {
    leased(ports, DATA_KEY_REWRAP, async |shop| {
        let keys = contact::keyring(shop)?;
        let deadline = Deadline::from_now(shop)?;
        let mut report = Report::default();
        loop {
            let old = old(shop, &keys)?;
            report.dead = old.lost;
            let taken = u64::try_from(old.keys.len()).unwrap_or(u64::MAX);
            let done = rewrap(shop, &keys, old.keys)?;
            report.taken = report.taken.saturating_add(taken);
            report.done = report.done.saturating_add(done);
            if done == 0 || deadline.has_passed() {
                break;
            }
        }
        if report.dead > 0 {
            shop.alert(
                "data_key_unknown",
                "data keys are wrapped by a key that is not in pii_key: put it back, behind the others",
            );
        }
        Ok(report)
    })
    .await
}

fn old(shop: &Shop<'_>, keys: &Keyring) -> Result<Old, Problem> {
    let mut names: Vec<&str> = keys.names().collect();
    let others = names.get(1..).unwrap_or_default().to_vec();
    names.sort_unstable();
    let lows = std::iter::once("").chain(names.iter().copied());
    let highs = names.iter().copied().chain(std::iter::once(LAST));
    let gaps: Vec<Gap<'_>> = lows.zip(highs).map(|(low, high)| Gap { low, high }).collect();
    let input = json!({ "others": others, "gaps": gaps, "limit": shop.setting(&WORKER_BATCH)? });
    let old = shop.read(&sql::DATA_KEY_OLD, &input)?;
    Ok(old.unwrap_or(Old { keys: Vec::new(), lost: 0 }))
}

/// Wraps what can be; what does not open is told, and left as it is.
fn rewrap(shop: &Shop<'_>, keys: &Keyring, old: Vec<OwnersKey>) -> Result<u64, Problem> {
    let mut anew = Vec::new();
    for OwnersKey { owner, wrapped } in old {
        match keys.rewrap(&wrapped, contact::random(shop)) {
            Ok(made) => {
                anew.push(Rewrapped { owner, was_wrapped_by: wrapped.wrapped_by, wrapped: made })
            }
            Err(error) => {
                let alert_id = format!("data_key_damaged:{}", wrapped.data_key_id);
                shop.alert(&alert_id, &error.to_string());
            }
        }
    }
    if anew.is_empty() {
        return Ok(0);
    }
    let kept: Kept = shop
        .apply(&sql::DATA_KEY_REWRAP, &json!({ "keys": anew }))?
        .map_err(crate::problem::refused)?;
    Ok(kept.rewrapped)
}
