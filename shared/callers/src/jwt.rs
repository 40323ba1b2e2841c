//! JSON Web Tokens (RFC 7519) as every kind of token here is checked, by the rules of RFC 8725.
//!
//! The algorithm comes with the key, never from the token: a token whose header names another one is refused, `none`
//! among them. Which key, the caller decides. A header that marks an extension as critical is refused, since none is known.

use jwt_compact::{
    Algorithm, AlgorithmExt as _, Claims, Header, UntrustedToken,
    alg::{Hs256, Hs256Key},
};
use serde::{Deserialize, Serialize, de::IgnoredAny};

/// Who issues our own tokens.
const ISSUER: &str = "edgetill";

/// How far the clocks of issuer and service may differ.
const LEEWAY_S: i64 = 60;

/// Why a token was refused. Says nothing about the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a JSON Web Token, or not with the claims one needs.
    #[error("the token is malformed")]
    Malformed,
    /// Another algorithm than the key's, or not signed with the key.
    #[error("the token's signature is not valid")]
    Signature,
    /// From another issuer or for another audience.
    #[error("the token is not for this service")]
    NotForUs,
    /// Past its `exp`, before its `nbf` or `iat`, or without an `exp`.
    #[error("the token has expired or is not valid yet")]
    Expired,
}

/// Why a token could not be issued: its claims could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the token cannot be issued: {0}")]
pub struct IssueError(String);

/// The header's members that the library leaves to us.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Extensions {
    #[serde(default, skip_serializing)]
    crit: Option<IgnoredAny>,
}

/// A token that has been read and not verified.
#[derive(Debug)]
pub struct Untrusted<'t>(UntrustedToken<'t, Extensions>);

/// Whom a token must be from and for, and when.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'e> {
    /// The issuer.
    pub issuer: &'e str,
    /// One of the audiences.
    pub audience: &'e str,
    /// Now.
    pub now_ms: i64,
}

/// What a verified token says.
#[derive(Clone, Debug, Deserialize)]
pub struct Verified {
    iss: Option<String>,
    aud: Option<Audience>,
    /// Whom it is about.
    pub sub: Option<String>,
    /// What they may do.
    pub scope: Option<String>,
}

// By RFC 7519 a string or an array of them.
#[derive(Clone, Debug, Deserialize)]
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

impl<'t> Untrusted<'t> {
    /// Reads a token.
    ///
    /// # Errors
    /// `Malformed`, for a critical extension too (RFC 7515 §4.1.11).
    pub fn read(token: &'t str) -> Result<Self, Refusal> {
        let token = UntrustedToken::<Extensions>::try_from(token).map_err(|_| Refusal::Malformed)?;
        if token.header().other_fields.crit.is_some() { Err(Refusal::Malformed) } else { Ok(Self(token)) }
    }

    /// Which key it says it was signed with.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.0.header().key_id.as_deref()
    }

    /// Which algorithm it says it was signed by: good for choosing among keys, never for choosing how one is used.
    #[must_use]
    pub fn algorithm(&self) -> &str {
        self.0.algorithm()
    }

    /// Verifies it by `algorithm` and the key that belongs to it.
    ///
    /// # Errors
    /// The reason, see [`Refusal`].
    pub fn verify<A: Algorithm>(&self, algorithm: &A, key: &A::VerifyingKey, expected: Expected<'_>) -> Result<Verified, Refusal> {
        let token = algorithm.validator::<Verified>(key).validate(&self.0).map_err(|_| Refusal::Signature)?;
        let claims = token.claims();
        let now_s = expected.now_ms.div_euclid(1_000);
        let begun = |at: i64| at.saturating_sub(LEEWAY_S) <= now_s;
        let live = claims.expiration.is_some_and(|at| now_s < at.timestamp().saturating_add(LEEWAY_S))
            && claims.not_before.is_none_or(|at| begun(at.timestamp()))
            && claims.issued_at.is_none_or(|at| begun(at.timestamp()));
        if !live {
            return Err(Refusal::Expired);
        }
        let said = &claims.custom;
        let for_us =
            said.iss.as_deref() == Some(expected.issuer) && said.aud.as_ref().is_some_and(|audience| audience.includes(expected.audience));
        if for_us { Ok(said.clone()) } else { Err(Refusal::NotForUs) }
    }
}

/// Tokens of one kind that this service issues itself and verifies again: HS256, and an audience per kind, so that none is
/// taken for another even if two keys were the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ours {
    pub(crate) audience: &'static str,
}

#[derive(Serialize)]
struct Issued<'a> {
    iss: &'static str,
    aud: &'static str,
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    iat: i64,
    exp: i64,
}

impl Ours {
    /// Verifies one against `secret`. The signature is compared in constant time by the library.
    pub(crate) fn verify(self, secret: &[u8], token: &Untrusted<'_>, now_ms: i64) -> Result<Verified, Refusal> {
        token.verify(&Hs256, &Hs256Key::new(secret), Expected { issuer: ISSUER, audience: self.audience, now_ms })
    }

    /// Issues one about `sub` that lives for the time `from_ms..to_ms`.
    pub(crate) fn sign(self, secret: &[u8], sub: &str, scope: Option<&str>, (from_ms, to_ms): (i64, i64)) -> Result<String, IssueError> {
        let (iat, exp) = (from_ms.div_euclid(1_000), to_ms.div_euclid(1_000));
        let claims = Claims::new(Issued { iss: ISSUER, aud: self.audience, sub, scope, iat, exp });
        let header = Header::empty().with_token_type("JWT");
        Hs256.token(&header, &claims, &Hs256Key::new(secret)).map_err(|error| IssueError(error.to_string()))
    }
}
