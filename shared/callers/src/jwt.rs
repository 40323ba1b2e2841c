//! JSON Web Tokens (RFC 7519) as every kind of token here is checked, by the rules of RFC 8725.
//!
//! The algorithm comes with the key, never from the token: a token whose header names another one
//! is refused, `none` among them. Which key, the caller decides. A header that marks an extension
//! as critical is refused, since none is known.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use config::Keys;
use json::Value;
use jwt_compact::{
    Algorithm, AlgorithmExt as _, AlgorithmSignature as _, Claims, Header, ParseError,
    UntrustedToken, ValidationError,
    alg::{Hs256, Hs256Key},
};
use serde::{Deserialize, Serialize, de::IgnoredAny};

/// Who issues our own tokens.
const ISSUER: &str = "edgetill";

/// How far the clocks of issuer and service may differ.
const LEEWAY_S: i64 = 60;

/// Why a token was refused. Says nothing about the key; of a claim only once the signature is known
/// to be good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a JSON Web Token.
    #[error("the token is malformed")]
    Malformed,
    /// A member of the header that is malformed, or asks for what is not known here.
    #[error("the token's header is not understood: {0}")]
    Header(&'static str),
    /// Another algorithm than the key's, or not signed with the key.
    #[error("the token's signature is not valid")]
    Signature,
    /// A claim that is missing.
    #[error("the token lacks the claim {0}")]
    Missing(&'static str),
    /// A claim of another type than RFC 7519 gives it, or one that is there twice.
    #[error("the token's claim {0} is malformed")]
    Claim(&'static str),
    /// From another issuer or for another audience.
    #[error("the token is not for this service by its claim {0}")]
    NotForUs(&'static str),
    /// Past its `exp`, before its `nbf` or `iat`.
    #[error("the token has expired or is not valid yet by its claim {0}")]
    Expired(&'static str),
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
pub struct Untrusted<'t> {
    token: UntrustedToken<'t, Extensions>,
    text: &'t str,
}

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
    aud: Option<OneOrMany>,
    /// Whom it is about.
    pub sub: Option<String>,
    scope: Option<OneOrMany>,
}

impl Verified {
    /// What they may do, a word each: `scope` is a text of them (RFC 8693 §4.2), and a list as many
    /// issuers write it.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scope.iter().flat_map(OneOrMany::texts).flat_map(str::split_ascii_whitespace)
    }
}

/// A string or an array of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn texts(&self) -> impl Iterator<Item = &str> {
        let texts = match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many.as_slice(),
        };
        texts.iter().map(String::as_str)
    }
}

/// Whether a claim is of its type.
type Fits = fn(&Value) -> bool;

/// The claims that are read, and of which type each must be.
const CLAIMS: [(&str, Fits); 7] = [
    ("exp", Value::is_number),
    ("nbf", Value::is_number),
    ("iat", Value::is_number),
    ("iss", is_text_or_null),
    ("aud", is_text_or_texts),
    ("sub", is_text_or_null),
    ("scope", is_text_or_texts),
];

fn is_text_or_null(value: &Value) -> bool {
    value.is_string() || value.is_null()
}

fn is_text_or_texts(value: &Value) -> bool {
    is_text_or_null(value) || value.as_array().is_some_and(|all| all.iter().all(Value::is_string))
}

impl<'t> Untrusted<'t> {
    /// Reads a token.
    ///
    /// # Errors
    /// `Malformed`; `Header`, for a critical extension too (RFC 7515 §4.1.11).
    pub fn read(text: &'t str) -> Result<Self, Refusal> {
        let token = UntrustedToken::<Extensions>::try_from(text)
            .map_err(|error| malformed(text, &error))?;
        if token.header().other_fields.crit.is_some() {
            Err(Refusal::Header("crit"))
        } else {
            Ok(Self { token, text })
        }
    }

    /// Which key it says it was signed with.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.token.header().key_id.as_deref()
    }

    /// Which algorithm it says it was signed by: good for choosing among keys, never for choosing
    /// how one is used.
    #[must_use]
    pub fn algorithm(&self) -> &str {
        self.token.algorithm()
    }

    /// Verifies it by `algorithm` and the key that belongs to it.
    ///
    /// # Errors
    /// The reason, see [`Refusal`].
    pub fn verify<A: Algorithm>(
        &self,
        algorithm: &A,
        key: &A::VerifyingKey,
        expected: Expected<'_>,
    ) -> Result<Verified, Refusal> {
        let token = algorithm
            .validator::<Verified>(key)
            .validate(&self.token)
            .map_err(|error| self.refusal(algorithm, key, &error))?;
        let claims = token.claims();
        let now_s = expected.now_ms.div_euclid(1_000);
        let begun = |at: i64| at.saturating_sub(LEEWAY_S) <= now_s;
        let Some(expires) = claims.expiration else { return Err(Refusal::Missing("exp")) };
        if now_s >= expires.timestamp().saturating_add(LEEWAY_S) {
            return Err(Refusal::Expired("exp"));
        }
        for (name, at) in [("nbf", claims.not_before), ("iat", claims.issued_at)] {
            if at.is_some_and(|at| !begun(at.timestamp())) {
                return Err(Refusal::Expired(name));
            }
        }
        let said = &claims.custom;
        match (&said.iss, &said.aud) {
            (None, _) => Err(Refusal::Missing("iss")),
            (_, None) => Err(Refusal::Missing("aud")),
            (Some(issuer), _) if issuer != expected.issuer => Err(Refusal::NotForUs("iss")),
            (_, Some(audience)) if audience.texts().all(|name| name != expected.audience) => {
                Err(Refusal::NotForUs("aud"))
            }
            (Some(_), Some(_)) => Ok(said.clone()),
        }
    }

    /// Why it did not verify. The library reads the claims before it looks at the signature; who
    /// learns of a claim must have signed it.
    fn refusal<A: Algorithm>(
        &self,
        algorithm: &A,
        key: &A::VerifyingKey,
        error: &ValidationError,
    ) -> Refusal {
        if !matches!(error, ValidationError::MalformedClaims(_)) || !self.is_signed(algorithm, key)
        {
            return Refusal::Signature;
        }
        let text = part(self.text, 1);
        // What is there twice is told by its name's being there twice: what it says is not read.
        let is_repeated = |name: &str| {
            text.windows(name.len().saturating_add(2))
                .filter(|at| *at == format!("\"{name}\"").as_bytes())
                .count()
                > 1
        };
        let claims: Value = json::read(&text).unwrap_or_default();
        let is_wrong = |name: &str, fits: Fits| {
            claims.get(name).is_some_and(|value| !fits(value)) || is_repeated(name)
        };
        let wrong = CLAIMS.iter().find(|(name, fits)| claims.is_object() && is_wrong(name, *fits));
        // Otherwise no object, or a time that no calendar holds.
        wrong.map_or(Refusal::Malformed, |(name, _)| Refusal::Claim(name))
    }

    fn is_signed<A: Algorithm>(&self, algorithm: &A, key: &A::VerifyingKey) -> bool {
        let bytes = self.token.signature_bytes();
        let signed = self.text.rsplit_once('.').map_or("", |(signed, _)| signed);
        algorithm.name() == self.token.algorithm()
            && A::Signature::LENGTH.is_none_or(|length| length.get() == bytes.len())
            && A::Signature::try_from_slice(bytes).is_ok_and(|signature| {
                algorithm.verify_signature(&signature, key, signed.as_bytes())
            })
    }
}

fn malformed(text: &str, error: &ParseError) -> Refusal {
    if let ParseError::UnsupportedContentType(_) = error {
        return Refusal::Header("cty");
    }
    // A certificate's hash is the one member that the library reads more of than that it is a text.
    if let ParseError::MalformedHeader(_) = error
        && part(text, 0).windows(4).any(|begin| begin == b"\"x5t")
    {
        return Refusal::Header("x5t");
    }
    Refusal::Malformed
}

/// One of the parts between the dots.
fn part(text: &str, number: usize) -> Vec<u8> {
    text.split('.')
        .nth(number)
        .and_then(|part| URL_SAFE_NO_PAD.decode(part).ok())
        .unwrap_or_default()
}

/// The first answer that is not about the signature, of keys that are tried one after the other: an
/// old one verifies as well as the newest (SEC-5).
///
/// # Errors
/// The reason; `Signature` when none of them has signed.
pub fn by_any<'k>(
    keys: impl Iterator<Item = &'k str>,
    verify: impl Fn(&'k [u8]) -> Result<Verified, Refusal>,
) -> Result<Verified, Refusal> {
    keys.map(|key| verify(key.as_bytes()))
        .find(|verified| !matches!(verified, Err(Refusal::Signature)))
        .unwrap_or(Err(Refusal::Signature))
}

/// Tokens of one kind that this service issues itself and verifies again: HS256, and an audience
/// per kind, so that none is taken for another even if two keys were the same.
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
    /// Verifies one against each of `keys`. The signature is compared in constant time by the
    /// library.
    pub(crate) fn verify(
        self,
        keys: &Keys,
        token: &Untrusted<'_>,
        now_ms: i64,
    ) -> Result<Verified, Refusal> {
        let expected = Expected { issuer: ISSUER, audience: self.audience, now_ms };
        by_any(keys.all(), |key| token.verify(&Hs256, &Hs256Key::new(key), expected))
    }

    /// Issues one about `sub`, signed with the first of `keys`, that lives for the time
    /// `from_ms..to_ms`.
    pub(crate) fn sign(
        self,
        keys: &Keys,
        sub: &str,
        scope: Option<&str>,
        (from_ms, to_ms): (i64, i64),
    ) -> Result<String, IssueError> {
        let (iat, exp) = (from_ms.div_euclid(1_000), to_ms.div_euclid(1_000));
        let claims = Claims::new(Issued { iss: ISSUER, aud: self.audience, sub, scope, iat, exp });
        let header = Header::empty().with_token_type("JWT");
        Hs256
            .token(&header, &claims, &Hs256Key::new(keys.first()))
            .map_err(|error| IssueError(error.to_string()))
    }
}
