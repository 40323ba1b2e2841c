//! Who a customer is, by the token of their identity provider (SEC-1): HS256 by a shared secret,
//! RS256, ES256 and EdDSA on Ed25519 by the provider's published keys.
//!
//! Only `account-session` is built with this crate: verifying RSA or a curve costs a millisecond
//! and much code, so it is done once per session, and every other function takes the session token
//! that comes of it.
//!
//! The rules are those of RFC 8725. A key has one algorithm and the token cannot choose another
//! ([`callers::jwt`]): the shared secret is for HS256 and nothing else, and a published key is for
//! what its type says. Issuer, audience and expiry are required. What verifies must still name a
//! customer by an id that may stand in rows.

mod key;
mod key_set;

use callers::{
    IdentityToken,
    jwt::{Expected, Refusal, Untrusted, Verified},
};
use config::{CUSTOMER_AUDIENCE, CUSTOMER_ISSUER, CUSTOMER_JWKS_URL, CUSTOMER_JWT_SECRET};
use domain::ids::CustomerId;
use ports::Ports;
use terms::{Code, Problem};

/// What the header of a token signed with the shared secret says.
const SHARED_SECRET_ALGORITHM: &str = "HS256";

/// The customer whom `token` names.
///
/// # Errors
/// `credential_invalid`; `identity_unavailable` while the provider's keys cannot be had;
/// `configuration_invalid` while the shop knows no provider.
pub async fn customer(ports: &Ports<'_>, token: &IdentityToken) -> Result<CustomerId, Problem> {
    let token = Untrusted::read(token.reveal()).map_err(refused)?;
    let verified = verify(ports, &token).await?;
    let subject = verified.sub.ok_or_else(|| invalid("the token names nobody"))?;
    CustomerId::try_from(subject).map_err(|error| invalid(&error.to_string()))
}

async fn verify(ports: &Ports<'_>, token: &Untrusted<'_>) -> Result<Verified, Problem> {
    let (issuer, audience) =
        (CUSTOMER_ISSUER.read(ports.config)?, CUSTOMER_AUDIENCE.read(ports.config)?);
    let (secrets, key_set_url) =
        (CUSTOMER_JWT_SECRET.read(ports.config)?, CUSTOMER_JWKS_URL.read(ports.config)?);
    if issuer.is_empty() || audience.is_empty() || (secrets.is_none() && key_set_url.is_empty()) {
        return Err(Problem::new(Code::ConfigurationInvalid)
            .detail("the shop knows no identity provider")
            .because(
                "customer_issuer, customer_audience and one of customer_jwt_secret and \
                 customer_jwks_url are needed",
            ));
    }
    let expected = Expected { issuer: &issuer, audience: &audience, now_ms: ports.clock.wall_ms() };
    let by_secret = token.algorithm() == SHARED_SECRET_ALGORITHM;
    match (by_secret, secrets, key_set_url.as_str()) {
        (true, None, _) | (false, _, "") => Err(refused(Refusal::Signature)),
        (true, Some(secrets), _) => {
            key::verify_by_secret(&secrets, token, expected).map_err(refused)
        }
        (false, _, url) => key_set::find(ports, url, token.key_id())
            .await?
            .verify(token, expected)
            .map_err(refused),
    }
}

fn refused(refusal: Refusal) -> Problem {
    invalid(&refusal.to_string())
}

fn invalid(detail: &str) -> Problem {
    Problem::new(Code::CredentialInvalid).detail(detail)
}

#[cfg(test)]
mod tests;
