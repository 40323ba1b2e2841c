//! Service tokens: HS256 JSON Web Tokens for administration, workers and colleagues' programs.

use crate::{
    Service,
    jwt::{IssueError, Ours, Refusal, Untrusted},
};

const SERVICE: Ours = Ours { audience: "edgetill-service" };

/// Verifies `token` against `secret` at `now_ms`.
///
/// # Errors
/// The reason, see [`Refusal`].
pub fn verify(secret: &[u8], token: &Untrusted<'_>, now_ms: i64) -> Result<Service, Refusal> {
    let verified = SERVICE.verify(secret, token, now_ms)?;
    Ok(Service {
        subject: verified.sub.unwrap_or_default(),
        scopes: verified.scope.iter().flat_map(|text| text.split_ascii_whitespace()).map(str::to_owned).collect(),
    })
}

/// Issues a token: for the tools and the tests. Functions only verify.
///
/// # Errors
/// When the claims cannot be written.
pub fn sign(secret: &[u8], service: &Service, issued_at_ms: i64, expires_at_ms: i64) -> Result<String, IssueError> {
    SERVICE.sign(secret, &service.subject, Some(&service.scopes.join(" ")), (issued_at_ms, expires_at_ms))
}
