//! How a client wants a change applied: against which version, and under which idempotency key.

use crate::shop::{Shop, fingerprint};
use config::IDEMPOTENCY_MS;
use edge::{Code, Precondition, Problem, Reply, Request};
use json::{Value, json};
use serde::Deserialize;
use store::{Command, Refusal, sql};

/// `If-Match` and `Idempotency-Key` of one request.
#[derive(Clone, Debug, Default)]
pub struct Change {
    if_match: Option<Precondition>,
    idempotency_key: Option<String>,
    fingerprint: String,
}

/// A change by which money or stock moves: it has an `Idempotency-Key`, so that a program whose reply was lost can ask again.
#[derive(Clone, Debug)]
pub struct KeyedChange {
    change: Change,
    key: String,
}

impl KeyedChange {
    /// The client's key.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }
}

impl std::ops::Deref for KeyedChange {
    type Target = Change;

    fn deref(&self) -> &Change {
        &self.change
    }
}

/// What the database keeps of a change so that a replay gets the same bytes.
#[derive(Deserialize)]
struct Kept {
    request_hash: String,
    receipt: Option<Value>,
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

    /// As [`Change::of`], where the key must be there.
    ///
    /// # Errors
    /// `idempotency_key_required`; a malformed header.
    pub fn keyed(request: &Request) -> Result<KeyedChange, Problem> {
        let change = Self::of(request)?;
        let key = change.idempotency_key.clone().ok_or_else(|| {
            let why = "send the header Idempotency-Key: without one a request that is sent twice would be done twice";
            Problem::new(Code::IdempotencyKeyRequired).field("idempotency-key").detail(why)
        })?;
        Ok(KeyedChange { change, key })
    }

    /// What the key is kept as: a client may put anything into it, a name or an e-mail too (SEC-3).
    pub(crate) fn kept_key(&self, owner: &str) -> Option<String> {
        self.idempotency_key.as_deref().map(|key| fingerprint(&[owner, key]))
    }

    /// The fingerprint of method, path and body.
    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Fires `command` for `owner`, or answers with the stored receipt of the first time. The receipt is the
    /// reply's body, written by us in both cases: the same bytes, however a database spells its JSON (DESIGN §1.4).
    pub(crate) fn apply(&self, shop: &Shop<'_>, owner: &str, command: &Command, mut input: Value) -> Result<Applied, Problem> {
        let key = self.kept_key(owner);
        let versions = match &self.if_match {
            Some(Precondition::Versions(versions)) => Some(versions.clone()),
            Some(Precondition::Any) | None => None,
        };
        if let Some(input) = input.as_object_mut() {
            json::member(input, "if_versions", &versions);
            json::member(input, "idempotency_key", &key);
            json::member(input, "request_hash", &key.is_some().then_some(&self.fingerprint));
            json::member(input, "idempotency_ttl_ms", &key.is_some().then(|| shop.setting(&IDEMPOTENCY_MS)).transpose()?);
        }
        match shop.apply(command, &input)? {
            Ok(receipt) => Ok(Applied { receipt: Ok(receipt), replayed: false }),
            Err(Refusal::IdempotencyKeySeen) => self.replay(shop, key.as_deref().unwrap_or_default()),
            Err(refusal) => Ok(Applied { receipt: Err(refusal), replayed: false }),
        }
    }

    fn replay(&self, shop: &Shop<'_>, key: &str) -> Result<Applied, Problem> {
        let kept: Kept = shop
            .read(&sql::RECEIPT, &json!({ "idempotency_key": key }))?
            .ok_or_else(|| Problem::new(Code::IdempotencyInProgress).retry_after(1))?;
        if kept.request_hash != self.fingerprint {
            return Err(Problem::new(Code::IdempotencyKeyReused));
        }
        let receipt = kept.receipt.ok_or_else(|| Problem::internal("an idempotency record without a receipt"))?;
        Ok(Applied { receipt: Ok(receipt), replayed: true })
    }
}

/// What came of a change: the receipt, or the refusal.
pub(crate) struct Applied {
    receipt: Result<Value, Refusal>,
    replayed: bool,
}

impl Applied {
    /// The reply: the receipt as the body. A refusal is what `refuse` makes of it.
    pub(crate) fn reply(self, status: u16, refuse: impl FnOnce(Refusal) -> Problem) -> Result<Reply, Problem> {
        let receipt = self.receipt.map_err(refuse)?;
        let reply = Reply::json(status, &receipt);
        // The version, where the receipt has one, is the entity tag.
        let version = receipt.get("version").and_then(Value::as_i64);
        let reply = match version {
            Some(version) => reply.etag(version),
            None => reply,
        };
        Ok(if self.replayed { reply.replayed() } else { reply })
    }

    /// A text that the command assigned.
    pub(crate) fn text(&self, member: &str) -> Option<String> {
        self.receipt.as_ref().ok()?.get(member)?.as_str().map(str::to_owned)
    }

    /// The refusal, if there is one.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.receipt.as_ref().err().copied()
    }
}

/// Applies what the buyer wants instead of what is being paid: an attempt that waits for them ends in the same statement. One whose
/// provider is being asked does not: until that is known the cart stays locked.
pub(crate) fn apply_over_attempt(
    shop: &Shop<'_>,
    owner: &str,
    change: &Change,
    command: &Command,
    mut input: Value,
) -> Result<Applied, Problem> {
    let applied = change.apply(shop, owner, command, input.clone())?;
    // Rarely there is one, and its statements are text that every change would travel with.
    if applied.refusal() != Some(Refusal::CartLocked) {
        return Ok(applied);
    }
    if let Some(input) = input.as_object_mut() {
        json::member(input, "cancel_id", &shop.id());
    }
    change.apply(shop, owner, command, input)
}

/// JSON without its white space and in one order of keys, so that a client that formats anew still replays.
fn canonical(body: &str) -> String {
    json::read::<Value>(body.as_bytes()).map_or_else(|_| body.to_owned(), |value| json::text(&value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use edge::Method;

    // SEC-2, CHK-4
    #[test]
    fn a_change_of_money_or_stock_needs_a_key_and_says_so() {
        let request = || Request::new(Method::Post, "/api/v1/orders").with_body("{}");
        let refused = Change::keyed(&request()).unwrap_err();
        assert_eq!((refused.code(), refused.code().status()), (Code::IdempotencyKeyRequired, 400));
        let malformed = Change::keyed(&request().with_header("Idempotency-Key", "a b")).unwrap_err();
        assert_eq!(malformed.code(), Code::InvalidIdempotencyKey);
        let keyed = Change::keyed(&request().with_header("Idempotency-Key", "\"a\"")).unwrap();
        assert_eq!((keyed.key(), keyed.kept_key("o")), ("a", Some(fingerprint(&["o", "a"]))));
    }
}
