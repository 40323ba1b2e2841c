//! Session tokens: the short-lived HS256 JSON Web Tokens that `POST /api/v1/session` gives a
//! customer for the one of their identity provider (SEC-1), so that no other function needs that
//! provider's keys.

use crate::{
    Customer,
    jwt::{IssueError, Ours, Refusal, Untrusted},
};
use config::Keys;

const SESSION: Ours = Ours { audience: "edgetill-session" };

/// Verifies `token` against each of `keys` at `now_ms`.
///
/// # Errors
/// The reason, see [`Refusal`].
pub fn verify(keys: &Keys, token: &Untrusted<'_>, now_ms: i64) -> Result<Customer, Refusal> {
    match SESSION.verify(keys, token, now_ms)?.sub {
        Some(id) if !id.is_empty() => Ok(Customer { id }),
        Some(_) | None => Err(Refusal::Missing("sub")),
    }
}

/// Issues a token to a customer whose own has been verified, signed with the first of `keys`.
///
/// # Errors
/// When the claims cannot be written.
pub fn sign(
    keys: &Keys,
    customer: &Customer,
    issued_at_ms: i64,
    expires_at_ms: i64,
) -> Result<String, IssueError> {
    SESSION.sign(keys, &customer.id, None, (issued_at_ms, expires_at_ms))
}
