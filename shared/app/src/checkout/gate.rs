//! The fast gate before a confirm: one key-value record per owner, with what came of their last
//! one.
//!
//! It answers a replay without touching the database, and it says nothing else. In particular it
//! does not say that a confirm is running: that record could only be taken back behind the
//! response, so a buyer with the answer in hand who asked again at once was told to wait. SQL knows
//! from the commit on, in the one read that a confirm makes anyway. A record that is missing, old
//! or unreadable only means that SQL is asked. So does one that somebody else has written: it
//! carries a mark that only we can make, for this owner's key alone (SEC-5).

use super::confirm::OrderPlaced;
use crate::shop::Shop;
use callers::mark;
use config::{Keys, SESSION_TOKEN_SECRET};
use serde::{Deserialize, Serialize};
use terms::{Code, Problem, Rendered, fingerprint};

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    key: String,
    request_hash: String,
    /// When it came.
    at_ms: i64,
    placed: Rendered<OrderPlaced>,
}

/// The key of an owner's record.
pub(crate) fn gate_of(owner: &str) -> String {
    format!("confirm/{}", fingerprint(&[owner]))
}

/// The record of one owner and one confirm.
pub(super) struct Gate<'a> {
    shop: &'a Shop<'a>,
    name: String,
    request_hash: String,
    idempotency_ms: i64,
    marks: Keys,
}

impl<'a> Gate<'a> {
    pub(super) fn new(
        shop: &'a Shop<'a>,
        owner: &str,
        request_hash: &str,
        idempotency_ms: i64,
    ) -> Result<Self, Problem> {
        let marks = shop.setting(&SESSION_TOKEN_SECRET)?;
        Ok(Self {
            shop,
            name: gate_of(owner),
            request_hash: request_hash.to_owned(),
            idempotency_ms,
            marks,
        })
    }

    /// What came of `key`, if that is known here.
    pub(super) fn ask(&self, key: &str) -> Option<Result<Rendered<OrderPlaced>, Problem>> {
        let bytes = match self.shop.ports.kv.get(&self.name) {
            Ok(bytes) => bytes?,
            Err(error) => {
                terms::log(
                    "warning",
                    "the confirm gate could not be read",
                    &[("error", &error.to_string())],
                );
                return None;
            }
        };
        let Some(text) = mark::genuine(&self.marks, &self.name, &bytes) else {
            terms::log(
                "warning",
                "a confirm's kept reply is not ours, and is passed over",
                &[("key", &self.name)],
            );
            return None;
        };
        let Record { key: known, request_hash, at_ms, placed } = json::read(text).ok()?;
        let age_ms = self.shop.ports.clock.wall_ms().saturating_sub(at_ms);
        if known != key || age_ms >= self.idempotency_ms {
            return None;
        }
        if request_hash != self.request_hash {
            return Some(Err(Problem::new(Code::IdempotencyKeyReused)));
        }
        Some(Ok(placed))
    }

    /// What came of `key` in the end, as it is to be kept once it has been told, and under which name.
    /// A record that cannot be written costs speed, not correctness.
    pub(super) fn kept(
        &self,
        key: &str,
        placed: &Rendered<OrderPlaced>,
    ) -> Option<(String, Vec<u8>)> {
        let (key, request_hash) = (key.to_owned(), self.request_hash.clone());
        let at_ms = self.shop.ports.clock.wall_ms();
        let record = Record { key, request_hash, at_ms, placed: placed.clone() };
        // Texts and numbers always become JSON; if they did not, SQL would be asked.
        let record = serde_json::to_vec(&record).ok()?;
        Some((self.name.clone(), mark::marked(&self.marks, &self.name, &record)))
    }
}
