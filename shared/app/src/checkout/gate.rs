//! The fast gate before a confirm: one key-value record per owner, with the reply of their last one.
//!
//! It answers a replay without touching the database, and it says nothing else. In particular it does not say that a confirm is
//! running: that record could only be taken back behind the response, so a buyer with the answer in hand who asked again at once was
//! told to wait. SQL knows from the commit on, in the one read that a confirm makes anyway. A record that is missing, old
//! or unreadable only means that SQL is asked.

use crate::shop::Shop;
use edge::{Code, Problem, Reply, fingerprint};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    key: String,
    request_hash: String,
    /// When it was replied.
    at_ms: i64,
    /// The reply's body.
    body: String,
    /// Its `Location`.
    location: String,
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
}

impl<'a> Gate<'a> {
    pub(super) fn new(shop: &'a Shop<'a>, owner: &str, request_hash: &str, idempotency_ms: i64) -> Self {
        Self { shop, name: gate_of(owner), request_hash: request_hash.to_owned(), idempotency_ms }
    }

    /// What was replied to `key`, if that is known here.
    pub(super) fn ask(&self, key: &str) -> Option<Result<Reply, Problem>> {
        let bytes = match self.shop.ports.kv.get(&self.name) {
            Ok(bytes) => bytes?,
            Err(error) => {
                edge::log("warning", "the confirm gate could not be read", &[("error", &error.to_string())]);
                return None;
            }
        };
        let Record { key: known, request_hash, at_ms, body, location } = json::read(&bytes).ok()?;
        let age_ms = self.shop.ports.clock.wall_ms().saturating_sub(at_ms);
        if known != key || age_ms >= self.idempotency_ms {
            return None;
        }
        if request_hash != self.request_hash {
            return Some(Err(Problem::new(Code::IdempotencyKeyReused)));
        }
        Some(Ok(Reply::stored(201, body).location(location).replayed()))
    }

    /// The final reply, to be kept once it has been sent. A store that cannot be written costs speed, not correctness.
    pub(super) fn keep(&self, key: &str, reply: Reply) -> Reply {
        let record = Record {
            key: key.to_owned(),
            request_hash: self.request_hash.clone(),
            at_ms: self.shop.ports.clock.wall_ms(),
            body: String::from_utf8_lossy(&reply.body).into_owned(),
            location: reply.get("location").unwrap_or_default().to_owned(),
        };
        match serde_json::to_vec(&record) {
            Ok(record) => reply.kv_after(self.name.clone(), record),
            // Texts and a number always become JSON; if they did not, SQL would be asked.
            Err(_) => reply,
        }
    }
}
