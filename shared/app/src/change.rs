//! How a client wants a change applied: against which version, and under which idempotency key.

use crate::{
    settings::IDEMPOTENCY_MS,
    shop::{Shop, fingerprint},
};
use edge::{Code, Precondition, Problem, Reply, Request};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use store::{Command, Refusal, sql};

/// `If-Match` and `Idempotency-Key` of one request.
#[derive(Clone, Debug, Default)]
pub struct Change {
    if_match: Option<Precondition>,
    idempotency_key: Option<String>,
    fingerprint: String,
}

/// What the database keeps of a change so that a replay gets the same bytes.
#[derive(Deserialize)]
struct Kept {
    request_hash: String,
    receipt: Option<Box<RawValue>>,
}

/// The input of a command with the fields every replayable change has.
#[derive(Serialize)]
struct Input<'a, T: Serialize> {
    #[serde(flatten)]
    input: &'a T,
    if_versions: Option<Vec<i64>>,
    idempotency_key: Option<&'a str>,
    request_hash: Option<&'a str>,
    idempotency_ttl_ms: Option<i64>,
}

impl Change {
    /// Reads both headers. The fingerprint is over method, path and body: the same key with another of these
    /// is a mistake of the client's.
    ///
    /// # Errors
    /// A malformed header.
    pub fn of(request: &Request) -> Result<Self, Problem> {
        let body = String::from_utf8_lossy(request.body());
        Ok(Self {
            if_match: request.if_match()?,
            idempotency_key: request.idempotency_key()?,
            fingerprint: fingerprint(&[request.method().name(), request.path(), &canonical(&body)]),
        })
    }

    /// The client's key, if it sent one.
    pub(crate) fn key(&self) -> Option<&str> {
        self.idempotency_key.as_deref()
    }

    /// The fingerprint of method, path and body.
    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Fires `command` for `owner`, or answers with the stored receipt of the first time. The receipt is the
    /// reply's body, in both cases the same bytes (DESIGN §1.4).
    pub(crate) fn apply(&self, shop: &Shop<'_>, owner: &str, command: &Command, input: &impl Serialize) -> Result<Applied, Problem> {
        let key = self.idempotency_key.as_deref().map(|key| fingerprint(&[owner, key]));
        let versions = match &self.if_match {
            Some(Precondition::Versions(versions)) => Some(versions.clone()),
            Some(Precondition::Any) | None => None,
        };
        let input = Input {
            input,
            if_versions: versions,
            idempotency_key: key.as_deref(),
            request_hash: key.is_some().then_some(self.fingerprint.as_str()),
            idempotency_ttl_ms: key.is_some().then(|| shop.setting(&IDEMPOTENCY_MS)).transpose()?,
        };
        match shop.apply::<Box<RawValue>>(command, &input)? {
            Ok(receipt) => Ok(Applied { receipt: Ok(receipt), replayed: false }),
            Err(Refusal::IdempotencyKeySeen) => self.replay(shop, key.as_deref().unwrap_or_default()),
            Err(refusal) => Ok(Applied { receipt: Err(refusal), replayed: false }),
        }
    }

    fn replay(&self, shop: &Shop<'_>, key: &str) -> Result<Applied, Problem> {
        let kept: Kept = shop
            .read(&sql::RECEIPT, &serde_json::json!({ "idempotency_key": key }))?
            .ok_or_else(|| Problem::new(Code::IdempotencyInProgress).retry_after(1))?;
        if kept.request_hash != self.fingerprint {
            return Err(Problem::new(Code::IdempotencyKeyReused));
        }
        let receipt = kept.receipt.ok_or_else(|| Problem::internal("an idempotency record without a receipt"))?;
        Ok(Applied { receipt: Ok(receipt), replayed: true })
    }
}

/// What came of a change: the receipt's bytes, or the refusal.
pub(crate) struct Applied {
    receipt: Result<Box<RawValue>, Refusal>,
    replayed: bool,
}

impl Applied {
    /// The reply: the receipt as the body. A refusal is what `refuse` makes of it.
    pub(crate) fn reply(self, status: u16, refuse: impl FnOnce(Refusal) -> Problem) -> Result<Reply, Problem> {
        let receipt = self.receipt.map_err(refuse)?;
        let reply = Reply::stored(status, receipt.get().as_bytes());
        // The version, where the receipt has one, is the entity tag.
        let version = serde_json::from_str::<Value>(receipt.get()).ok().and_then(|value| value.get("version")?.as_i64());
        let reply = match version {
            Some(version) => reply.etag(version),
            None => reply,
        };
        Ok(if self.replayed { reply.replayed() } else { reply })
    }

    /// The refusal, if there is one.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.receipt.as_ref().err().copied()
    }
}

/// JSON without its white space and in one order of keys, so that a client that formats anew still replays.
fn canonical(body: &str) -> String {
    serde_json::from_str::<Value>(body).map_or_else(|_| body.to_owned(), |value| value.to_string())
}
