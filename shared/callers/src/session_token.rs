//! Session tokens: the short-lived HS256 JSON Web Tokens that `POST /api/v1/session` gives a customer for the one of their
//! identity provider (SEC-1), so that no other function needs that provider's keys.

use crate::{
    Customer,
    jwt::{IssueError, Ours, Refusal, Untrusted},
};

const SESSION: Ours = Ours { audience: "edgetill-session" };

/// Verifies `token` against `secret` at `now_ms`.
///
/// # Errors
/// The reason, see [`Refusal`].
pub fn verify(secret: &[u8], token: &Untrusted<'_>, now_ms: i64) -> Result<Customer, Refusal> {
    match SESSION.verify(secret, token, now_ms)?.sub {
        Some(id) if !id.is_empty() => Ok(Customer { id }),
        Some(_) | None => Err(Refusal::Malformed),
    }
}

/// Issues a token to a customer whose own has been verified.
///
/// # Errors
/// When the claims cannot be written.
pub fn sign(secret: &[u8], customer: &Customer, issued_at_ms: i64, expires_at_ms: i64) -> Result<String, IssueError> {
    SESSION.sign(secret, &customer.id, None, (issued_at_ms, expires_at_ms))
}
