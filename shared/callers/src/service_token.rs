//! Service tokens: HS256 JSON Web Tokens for administration, workers and colleagues' programs.

use crate::{
    Service,
    jwt::{IssueError, Ours, Refusal, Untrusted},
};
use config::Keys;

const SERVICE: Ours = Ours { audience: "edgetill-service" };

/// Verifies `token` against each of `keys` at `now_ms`. Whose it is must be said: that goes into
/// what is kept of what they did (SEC-4).
///
/// # Errors
/// The reason, see [`Refusal`].
pub fn verify(keys: &Keys, token: &Untrusted<'_>, now_ms: i64) -> Result<Service, Refusal> {
    let verified = SERVICE.verify(keys, token, now_ms)?;
    let scopes = verified.scopes().map(str::to_owned).collect();
    match verified.sub {
        Some(subject) if !subject.is_empty() => Ok(Service { subject, scopes }),
        Some(_) | None => Err(Refusal::Missing("sub")),
    }
}

/// Issues a token, signed with the first of `keys`: for the tools and the tests. Functions only
/// verify.
///
/// # Errors
/// When the claims cannot be written.
pub fn sign(
    keys: &Keys,
    service: &Service,
    issued_at_ms: i64,
    expires_at_ms: i64,
) -> Result<String, IssueError> {
    SERVICE.sign(
        keys,
        &service.subject,
        Some(&service.scopes.join(" ")),
        (issued_at_ms, expires_at_ms),
    )
}
