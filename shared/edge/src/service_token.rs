//! Service tokens: HS256 JSON Web Tokens for administration, workers and colleagues' programs.

use crate::Service;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use hmac::{Hmac, Mac as _, digest::InvalidLength};
use json::{Value, json};
use serde::{Deserialize, de::DeserializeOwned};
use sha2::Sha256;

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

/// Why a token could not be issued: the key cannot be one.
#[derive(Debug, thiserror::Error)]
#[error("the token cannot be issued: {0}")]
pub struct IssueError(String);

#[derive(Deserialize)]
struct Header {
    alg: String,
    /// Extensions that must be understood; we know none.
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    /// By RFC 7519 a string or an array of them.
    aud: Option<Value>,
    sub: Option<String>,
    scope: Option<String>,
    exp: Option<i64>,
    nbf: Option<i64>,
}

fn is_for(audience: &Value, name: &str) -> bool {
    audience == name || audience.as_array().is_some_and(|many| many.iter().any(|one| one == name))
}

/// Verifies `token` against `secret` at `now_ms`. Nothing of it is believed before its signature holds, which is
/// compared in constant time, and the header chooses nothing: whatever does not say HS256 is refused.
///
/// By hand, over the `hmac` crate: the general libraries read every header and algorithm there is, which is 30 kB in
/// each component. The tests hold it against one of them, both ways.
///
/// # Errors
/// The reason, see [`Refusal`].
pub fn verify(secret: &[u8], token: &str, now_ms: i64) -> Result<Service, Refusal> {
    let (signed, signature) = token.rsplit_once('.').ok_or(Refusal::Malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(Refusal::Malformed)?;
    let header: Header = part(header)?;
    if header.alg != "HS256" || header.crit.is_some() {
        return Err(Refusal::Signature);
    }
    let signature = BASE64URL.decode(signature).map_err(|_| Refusal::Malformed)?;
    let verified = mac(secret, signed).map_err(|_| Refusal::Signature)?.verify_slice(&signature);
    verified.map_err(|_| Refusal::Signature)?;

    let claims: Claims = part(claims)?;
    let now_s = now_ms.div_euclid(1_000);
    let live = claims.exp.is_some_and(|at| now_s < at.saturating_add(LEEWAY_S))
        && claims.nbf.is_none_or(|at| at.saturating_sub(LEEWAY_S) <= now_s);
    if !live {
        return Err(Refusal::Expired);
    }
    let for_us = claims.iss.as_deref() == Some(ISSUER) && claims.aud.is_some_and(|audience| is_for(&audience, AUDIENCE));
    if !for_us {
        return Err(Refusal::NotForUs);
    }
    Ok(Service {
        subject: claims.sub.unwrap_or_default(),
        scopes: claims.scope.unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect(),
    })
}

/// Issues a token: for the tools and the tests. Functions only verify.
///
/// # Errors
/// When the key cannot be one.
pub fn sign(secret: &[u8], service: &Service, issued_at_ms: i64, expires_at_ms: i64) -> Result<String, IssueError> {
    let claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": service.subject, "scope": service.scopes.join(" "),
        "iat": issued_at_ms.div_euclid(1_000), "exp": expires_at_ms.div_euclid(1_000),
    });
    let encoded = |part: &Value| BASE64URL.encode(json::text(part));
    let signed = format!("{}.{}", encoded(&json!({ "alg": "HS256", "typ": "JWT" })), encoded(&claims));
    let signature = mac(secret, &signed).map_err(|error| IssueError(error.to_string()))?.finalize();
    Ok(format!("{signed}.{}", BASE64URL.encode(signature.into_bytes())))
}

fn mac(secret: &[u8], signed: &str) -> Result<Hmac<Sha256>, InvalidLength> {
    Hmac::new_from_slice(secret).map(|mac| mac.chain_update(signed))
}

fn part<T: DeserializeOwned>(part: &str) -> Result<T, Refusal> {
    let text = BASE64URL.decode(part).map_err(|_| Refusal::Malformed)?;
    json::read(&text).map_err(|_| Refusal::Malformed)
}
