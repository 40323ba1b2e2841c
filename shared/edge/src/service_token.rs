//! Service tokens: HS256 JSON Web Tokens for administration, workers and colleagues' programs.

use crate::{
    Service,
    jwt::{Expected, IssueError, Refusal, Untrusted},
};
use jwt_compact::{
    AlgorithmExt as _, Claims, Header,
    alg::{Hs256, Hs256Key},
};
use serde::Serialize;

const ISSUER: &str = "edgetill";
const AUDIENCE: &str = "edgetill-service";

#[derive(Serialize)]
struct Issued<'a> {
    iss: &'static str,
    aud: &'static str,
    sub: &'a str,
    scope: String,
    iat: i64,
    exp: i64,
}

/// Verifies `token` against `secret` at `now_ms`. The signature is compared in constant time by the library.
///
/// # Errors
/// The reason, see [`Refusal`].
pub fn verify(secret: &[u8], token: &Untrusted<'_>, now_ms: i64) -> Result<Service, Refusal> {
    let verified = token.verify(&Hs256, &Hs256Key::new(secret), Expected { issuer: ISSUER, audience: AUDIENCE, now_ms })?;
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
    let issued = Issued {
        iss: ISSUER,
        aud: AUDIENCE,
        sub: &service.subject,
        scope: service.scopes.join(" "),
        iat: issued_at_ms.div_euclid(1_000),
        exp: expires_at_ms.div_euclid(1_000),
    };
    let header = Header::empty().with_token_type("JWT");
    Hs256.token(&header, &Claims::new(issued), &Hs256Key::new(secret)).map_err(|error| IssueError(error.to_string()))
}
