//! The fast gate before a confirm: one key-value record per owner (DESIGN §1.5).
//!
//! It answers a replay without touching the database and turns a duplicate away while the first is running. It
//! is never the judge: a missing, old or unreadable record only means that SQL is asked. Only the winner of the
//! SQL claim writes it, at most twice, the second time after the response has been set.

use crate::shop::{Shop, fingerprint};
use edge::{Code, Problem, Reply};
use serde::{Deserialize, Serialize};

/// How long "running" is believed; after that SQL decides.
const RUNNING_BELIEVED_MS: i64 = 5_000;

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    key: String,
    request_hash: String,
    state: State,
    at_ms: i64,
    /// The reply's body once it is final.
    body: Option<String>,
    /// Its `Location`.
    location: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Running,
    Done,
    /// Nothing to say: the confirm ended without a final outcome.
    Free,
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
        let name = format!("confirm/{}", fingerprint(&[owner]));
        Self { shop, name, request_hash: request_hash.to_owned(), idempotency_ms }
    }

    /// What the record says of `key`, if it says anything.
    pub(super) fn ask(&self, key: &str) -> Option<Result<Reply, Problem>> {
        let bytes = match self.shop.ports.kv.get(&self.name) {
            Ok(bytes) => bytes?,
            Err(error) => {
                edge::log("warning", "the confirm gate could not be read", &[("error", &error.to_string())]);
                return None;
            }
        };
        let record: Record = json::read(&bytes).ok()?;
        if record.key != key {
            return None;
        }
        let age_ms = self.shop.ports.clock.wall_ms().saturating_sub(record.at_ms);
        match record.state {
            State::Running if (0..RUNNING_BELIEVED_MS).contains(&age_ms) => {
                Some(Err(Problem::new(Code::IdempotencyInProgress).retry_after(1)))
            }
            State::Done if age_ms >= self.idempotency_ms => None,
            State::Done if record.request_hash != self.request_hash => Some(Err(Problem::new(Code::IdempotencyKeyReused))),
            State::Done => {
                record.body.zip(record.location).map(|(body, location)| Ok(Reply::stored(201, body).location(location).replayed()))
            }
            State::Running | State::Free => None,
        }
    }

    /// The claim is won: turn duplicates away. A store that cannot be written costs speed, not correctness.
    pub(super) fn running(&self, key: &str) {
        if let Err(error) = self.shop.ports.kv.set(&self.name, &self.record(key, State::Running, None, None)) {
            edge::log("warning", "the confirm gate could not be written", &[("error", &error.to_string())]);
        }
    }

    /// The final reply, to be kept once it has been sent.
    pub(super) fn done(&self, key: &str, reply: Reply) -> Reply {
        let body = String::from_utf8_lossy(&reply.body).into_owned();
        let location = reply.get("location").map(str::to_owned);
        let record = self.record(key, State::Done, Some(body), location);
        reply.kv_after(self.name.clone(), record)
    }

    /// No final outcome: the key is free for the retry (CHK-4).
    pub(super) fn free(&self, key: &str, reply: Reply) -> Reply {
        reply.kv_after(self.name.clone(), self.record(key, State::Free, None, None))
    }

    fn record(&self, key: &str, state: State, body: Option<String>, location: Option<String>) -> Vec<u8> {
        let record = Record {
            key: key.to_owned(),
            request_hash: self.request_hash.clone(),
            state,
            at_ms: self.shop.ports.clock.wall_ms(),
            body,
            location,
        };
        serde_json::to_vec(&record).unwrap_or_default()
    }
}
