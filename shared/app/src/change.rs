//! A change as a client wants it, applied: under its idempotency key, against the versions it
//! names.

use crate::shop::Shop;
use config::IDEMPOTENCY_MS;
use json::{Value, json};
use serde::{Deserialize, de::DeserializeOwned};
use store::{Command, Refusal, sql};
use terms::{Change, Code, Done, Problem, Rendered};

/// What the database keeps of a change so that a replay gets the same bytes.
#[derive(Deserialize)]
struct Kept {
    request_hash: String,
    receipt: Option<Value>,
}

/// What a change is for.
pub(crate) trait Apply {
    /// Fires `command` for `owner`, or answers with the stored receipt of the first time. The
    /// receipt is the reply's body, written by us in both cases: the same bytes, however a database
    /// spells its JSON.
    fn apply(
        &self,
        shop: &Shop<'_>,
        owner: &str,
        command: &Command,
        input: Value,
    ) -> Result<Applied, Problem>;
}

impl Apply for Change {
    fn apply(
        &self,
        shop: &Shop<'_>,
        owner: &str,
        command: &Command,
        mut input: Value,
    ) -> Result<Applied, Problem> {
        let key = self.kept_key(owner);
        if let Some(input) = input.as_object_mut() {
            json::member(input, "if_versions", &self.versions());
            json::member(input, "idempotency_key", &key);
            json::member(input, "request_hash", &key.is_some().then(|| self.fingerprint()));
            json::member(
                input,
                "idempotency_ttl_ms",
                &key.is_some().then(|| shop.setting(&IDEMPOTENCY_MS)).transpose()?,
            );
        }
        match shop.apply(command, &input)? {
            Ok(receipt) => Ok(Applied { receipt: Ok(receipt), is_replay: false }),
            Err(Refusal::IdempotencyKeySeen) => {
                replay(self, shop, key.as_deref().unwrap_or_default())
            }
            Err(refusal) => Ok(Applied { receipt: Err(refusal), is_replay: false }),
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
    let receipt =
        kept.receipt.ok_or_else(|| Problem::internal("an idempotency record without a receipt"))?;
    Ok(Applied { receipt: Ok(receipt), is_replay: true })
}

/// What came of a change: the receipt, or the refusal.
pub(crate) struct Applied {
    receipt: Result<Value, Refusal>,
    is_replay: bool,
}

impl Applied {
    /// What was done: the receipt, which is a `T`. A refusal is what `refuse` makes of it.
    pub(crate) fn done<T>(
        self,
        refuse: impl FnOnce(Refusal) -> Problem,
    ) -> Result<Done<Rendered<T>>, Problem> {
        let receipt = Rendered::new(self.receipt.map_err(refuse)?);
        // The version, where the receipt has one, is what it is known again by.
        let version = receipt.number("version");
        let done = Done::new(receipt).replay(self.is_replay);
        Ok(match version {
            Some(version) => done.version(version),
            None => done,
        })
    }

    /// The receipt, for a use case that makes its answer of it, and whether it is of an earlier
    /// request under the same key. A refusal is what `refuse` makes of it.
    pub(crate) fn receipt<R: DeserializeOwned>(
        self,
        refuse: impl FnOnce(Refusal) -> Problem,
    ) -> Result<(R, bool), Problem> {
        let receipt = R::deserialize(self.receipt.map_err(refuse)?)
            .map_err(|error| Problem::internal(format!("a receipt: {error}")))?;
        Ok((receipt, self.is_replay))
    }

    /// The refusal, if there is one.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.receipt.as_ref().err().copied()
    }
}

/// Applies what the buyer wants instead of what is being paid: an attempt that waits for them ends
/// in the same statement. One whose provider is being asked does not: until that is known the cart
/// stays locked.
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
