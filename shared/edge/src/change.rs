//! How a client wants a change applied: against which version, and under which idempotency key.

use crate::{Code, Precondition, Problem, Request, hex};
use json::Value;
use sha2::{Digest as _, Sha256};

/// `If-Match` and `Idempotency-Key` of one request, and what the request was.
#[derive(Clone, Debug, Default)]
pub struct Change {
    if_match: Option<Precondition>,
    key: Option<String>,
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
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl std::ops::Deref for KeyedChange {
    type Target = Change;

    fn deref(&self) -> &Change {
        &self.change
    }
}

impl Change {
    /// Reads both headers. The fingerprint is over method, path and body: the same key with another of these
    /// is a mistake of the client's.
    ///
    /// # Errors
    /// A malformed header.
    pub fn of(request: &Request) -> Result<Self, Problem> {
        Ok(Self { if_match: request.if_match()?, ..Self::unversioned(request)? })
    }

    /// As [`Change::of`], whatever `If-Match` says.
    ///
    /// # Errors
    /// A malformed key.
    pub fn unversioned(request: &Request) -> Result<Self, Problem> {
        let body = String::from_utf8_lossy(request.body());
        let fingerprint = fingerprint(&[request.method().name(), request.path(), &canonical(&body)]);
        Ok(Self { if_match: None, key: request.idempotency_key()?, fingerprint })
    }

    /// As [`Change::unversioned`], where the key must be there.
    ///
    /// # Errors
    /// `idempotency_key_required`; a malformed key.
    pub fn keyed(request: &Request) -> Result<KeyedChange, Problem> {
        let change = Self::unversioned(request)?;
        let key = change.key.clone().ok_or_else(|| {
            let why = "send the header Idempotency-Key: without one a request that is sent twice would be done twice";
            Problem::new(Code::IdempotencyKeyRequired).field("idempotency-key").detail(why)
        })?;
        Ok(KeyedChange { change, key })
    }

    /// The versions that will do; none when any will.
    #[must_use]
    pub fn versions(&self) -> Option<&[i64]> {
        match &self.if_match {
            Some(Precondition::Versions(versions)) => Some(versions),
            Some(Precondition::Any) | None => None,
        }
    }

    /// What the key is kept as: a client may put anything into it, a name or an e-mail too (SEC-3).
    #[must_use]
    pub fn kept_key(&self, owner: &str) -> Option<String> {
        self.key.as_deref().map(|key| fingerprint(&[owner, key]))
    }

    /// The fingerprint of method, path and body.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

/// SHA-256 in hexadecimal of `parts`, each ended by a byte that none of them holds.
#[must_use]
pub fn fingerprint(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0xff]);
    }
    hex(&hash.finalize())
}

/// JSON without its white space and in one order of keys, so that a client that formats anew still replays.
fn canonical(body: &str) -> String {
    json::read::<Value>(body.as_bytes()).map_or_else(|_| body.to_owned(), |value| json::text(&value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Method;

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
