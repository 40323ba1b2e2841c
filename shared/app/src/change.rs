//! A change as a client wants it, applied: under its idempotency key, against the versions it names.

use crate::shop::Shop;
use config::IDEMPOTENCY_MS;
use edge::{Change, Code, Problem, Reply};
use json::{Value, json};
use serde::Deserialize;
use store::{Command, Refusal, sql};

/// What the database keeps of a change so that a replay gets the same bytes.
#[derive(Deserialize)]
struct Kept {
    request_hash: String,
    receipt: Option<Value>,
}

/// What a change is for.
pub(crate) trait Apply {
    /// Fires `command` for `owner`, or answers with the stored receipt of the first time. The receipt is the
    /// reply's body, written by us in both cases: the same bytes, however a database spells its JSON.
    fn apply(&self, shop: &Shop<'_>, owner: &str, command: &Command, input: Value) -> Result<Applied, Problem>;
}

impl Apply for Change {
    fn apply(&self, shop: &Shop<'_>, owner: &str, command: &Command, mut input: Value) -> Result<Applied, Problem> {
        let key = self.kept_key(owner);
        if let Some(input) = input.as_object_mut() {
            json::member(input, "if_versions", &self.versions());
            json::member(input, "idempotency_key", &key);
            json::member(input, "request_hash", &key.is_some().then(|| self.fingerprint()));
            json::member(input, "idempotency_ttl_ms", &key.is_some().then(|| shop.setting(&IDEMPOTENCY_MS)).transpose()?);
        }
        match shop.apply(command, &input)? {
            Ok(receipt) => Ok(Applied { receipt: Ok(receipt), replayed: false }),
            Err(Refusal::IdempotencyKeySeen) => replay(self, shop, key.as_deref().unwrap_or_default()),
            Err(refusal) => Ok(Applied { receipt: Err(refusal), replayed: false }),
        }
    }
}

fn replay(change: &Change, shop: &Shop<'_>, key: &str) -> Result<Applied, Problem> {
    let kept: Kept = shop
        .read(&sql::RECEIPT, &json!({ "idempotency_key": key }))?
        .ok_or_else(|| Problem::new(Code::IdempotencyInProgress).retry_after(1))?;
    if kept.request_hash != change.fingerprint() {
        return Err(Problem::new(Code::IdempotencyKeyReused));
    }
    let receipt = kept.receipt.ok_or_else(|| Problem::internal("an idempotency record without a receipt"))?;
    Ok(Applied { receipt: Ok(receipt), replayed: true })
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
