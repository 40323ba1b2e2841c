//! Service tokens: HS256 JSON Web Tokens for administration, workers and colleagues' programs.

use crate::Service;
use jwt_compact::{
    AlgorithmExt as _, Claims, Header, UntrustedToken,
    alg::{Hs256, Hs256Key},
};
use serde::{Deserialize, Serialize};

const ISSUER: &str = "edgetill";
const AUDIENCE: &str = "edgetill-service";
/// How far the clocks of issuer and service may differ.
const LEEWAY_S: i64 = 60;

/// Why a token was refused. Says nothing about the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a JSON Web Token.
    #[error("the token is malformed")]
    Malformed,
    /// Not HS256, or not signed with the key.
    #[error("the token's signature is not valid")]
    Signature,
    /// From another issuer or for another audience.
    #[error("the token is not for this service")]
    NotForUs,
    /// Past its `exp`, or before its `nbf`, or without an `exp`.
    #[error("the token has expired or is not valid yet")]
    Expired,
}

/// Why a token could not be issued: its claims could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the token cannot be issued: {0}")]
pub struct IssueError(String);

#[derive(Deserialize)]
struct Verified {
    iss: Option<String>,
    aud: Option<Audience>,
    sub: Option<String>,
    scope: Option<String>,
}

// By RFC 7519 a string or an array of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn includes(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Many(many) => many.iter().any(|one| one == name),
        }
    }
}

#[derive(Serialize)]
struct Issued<'a> {
    iss: &'static str,
    aud: &'static str,
    sub: &'a str,
    scope: String,
    iat: i64,
    exp: i64,
}

/// Verifies `token` against `secret` at `now_ms`. The signature is compared in constant time by the library,
/// which also refuses every algorithm but HS256.
///
/// # Errors
/// The reason, see [`Refusal`].
pub fn verify(secret: &[u8], token: &str, now_ms: i64) -> Result<Service, Refusal> {
    let untrusted = UntrustedToken::new(token).map_err(|_| Refusal::Malformed)?;
    let verified = Hs256.validator::<Verified>(&Hs256Key::new(secret)).validate(&untrusted).map_err(|_| Refusal::Signature)?;
    let claims = verified.claims();
    let now_s = now_ms.div_euclid(1_000);
    let live = claims.expiration.is_some_and(|at| now_s < at.timestamp().saturating_add(LEEWAY_S))
        && claims.not_before.is_none_or(|at| at.timestamp().saturating_sub(LEEWAY_S) <= now_s);
    if !live {
        return Err(Refusal::Expired);
    }
    let custom = &claims.custom;
    let for_us = custom.iss.as_deref() == Some(ISSUER) && custom.aud.as_ref().is_some_and(|audience| audience.includes(AUDIENCE));
    if !for_us {
        return Err(Refusal::NotForUs);
    }
    Ok(Service {
        subject: custom.sub.clone().unwrap_or_default(),
        scopes: custom.scope.iter().flat_map(|text| text.split_ascii_whitespace()).map(str::to_owned).collect(),
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
