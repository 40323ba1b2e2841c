//! Who sends the load: tokens as their issuers sign them.

use anyhow::{Context, Result};
use clap::Args;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// Keys that the simulator publishes as the identity provider's.
const EC_KEY: &[u8] = include_bytes!("../../e2e/keys/test-only-ec-1.pem");
const ED_KEY: &[u8] = include_bytes!("../../e2e/keys/test-only-ed25519-1.pem");
const RSA_KEY: &[u8] = include_bytes!("../../e2e/keys/test-only-rsa-1.pem");

/// The secrets of the shop that is measured.
#[derive(Args, Debug)]
pub struct Credentials {
    /// Signs service tokens.
    #[arg(long, env = "EDGETILL_SERVICE_TOKEN_SECRET", hide_env_values = true)]
    service_token_secret: Option<String>,
    /// Signs customers' HS256 tokens.
    #[arg(long, env = "EDGETILL_CUSTOMER_JWT_SECRET", hide_env_values = true)]
    customer_jwt_secret: Option<String>,
}

impl Credentials {
    /// A service with this scope.
    pub fn service(&self, scope: &str) -> Result<String> {
        let secret = self
            .service_token_secret
            .as_ref()
            .context("EDGETILL_SERVICE_TOKEN_SECRET is needed to fill the shop")?;
        let claims = json!({
            "iss": "edgetill", "aud": "edgetill-service", "sub": "load", "scope": scope,
        });
        sign(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(secret.as_bytes()))
    }

    /// A customer's token from the identity provider, signed by `algorithm`.
    pub fn customer(&self, id: &str, algorithm: Algorithm) -> Result<String> {
        let claims =
            json!({ "iss": "https://identity.example/", "aud": "edgetill-storefront", "sub": id });
        let mut header = Header::new(algorithm);
        let (kid, key) = if algorithm == Algorithm::RS256 {
            (Some("rsa-1"), EncodingKey::from_rsa_pem(RSA_KEY)?)
        } else if algorithm == Algorithm::ES256 {
            (Some("ec-1"), EncodingKey::from_ec_pem(EC_KEY)?)
        } else if algorithm == Algorithm::EdDSA {
            (Some("ed25519-1"), EncodingKey::from_ed_pem(ED_KEY)?)
        } else {
            let secret = self
                .customer_jwt_secret
                .as_ref()
                .context("EDGETILL_CUSTOMER_JWT_SECRET is needed for customers")?;
            (None, EncodingKey::from_secret(secret.as_bytes()))
        };
        header.kid = kid.map(str::to_owned);
        sign(&header, claims, &key)
    }
}

/// For an hour.
fn sign(header: &Header, mut claims: Value, key: &EncodingKey) -> Result<String> {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let members = claims.as_object_mut().context("claims are an object")?;
    members.insert("iat".to_owned(), json!(now_s));
    members.insert("exp".to_owned(), json!(now_s + 3_600));
    Ok(jsonwebtoken::encode(header, &claims, key)?)
}
