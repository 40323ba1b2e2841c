//! Session tokens: the short-lived HS256 JSON Web Tokens that `POST /api/v1/session` gives a customer for the one of their
//! identity provider (SEC-1), so that no other function needs that provider's keys.

use crate::{
    Customer,
    jwt::{Expected, IssueError, Refusal, Untrusted},
};
use jwt_compact::{
    AlgorithmExt as _, Claims, Header,
    alg::{Hs256, Hs256Key},
};
use serde::Serialize;

const ISSUER: &str = "edgetill";
const AUDIENCE: &str = "edgetill-session";

#[derive(Serialize)]
struct Issued<'a> {
    iss: &'static str,
    aud: &'static str,
    sub: &'a str,
    iat: i64,
    exp: i64,
}

/// Verifies `token` against `secret` at `now_ms`.
///
/// # Errors
/// The reason, see [`Refusal`].
pub fn verify(secret: &[u8], token: &Untrusted<'_>, now_ms: i64) -> Result<Customer, Refusal> {
    let verified = token.verify(&Hs256, &Hs256Key::new(secret), Expected { issuer: ISSUER, audience: AUDIENCE, now_ms })?;
    match verified.sub {
        Some(id) if !id.is_empty() => Ok(Customer { id }),
        Some(_) | None => Err(Refusal::Malformed),
    }
}

/// Issues a token to a customer whose own has been verified.
///
/// # Errors
/// When the claims cannot be written.
pub fn sign(secret: &[u8], customer: &Customer, issued_at_ms: i64, expires_at_ms: i64) -> Result<String, IssueError> {
    let issued =
        Issued { iss: ISSUER, aud: AUDIENCE, sub: &customer.id, iat: issued_at_ms.div_euclid(1_000), exp: expires_at_ms.div_euclid(1_000) };
    let header = Header::empty().with_token_type("JWT");
    Hs256.token(&header, &Claims::new(issued), &Hs256Key::new(secret)).map_err(|error| IssueError(error.to_string()))
}
