//! Service tokens, minted as a colleague's program would: with a JWT library of its own.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use sha2::Sha256;
use std::time::{SystemTime, UNIX_EPOCH};

/// The claims of a service token; public so that a test can spoil one.
#[derive(Clone, Debug, Serialize)]
pub struct Claims {
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// Whom it was issued to.
    pub sub: String,
    /// What it may do, by spaces.
    pub scope: String,
    /// When it ends, in seconds.
    pub exp: u64,
}

impl Claims {
    /// Good claims for five minutes.
    #[must_use]
    pub fn with_scope(scope: &str) -> Self {
        Self {
            iss: "edgetill".to_owned(),
            aud: "edgetill-service".to_owned(),
            sub: "e2e-suite".to_owned(),
            scope: scope.to_owned(),
            exp: seconds_now() + 300,
        }
    }

    /// Expired an hour ago.
    #[must_use]
    pub fn expired(mut self) -> Self {
        self.exp = seconds_now() - 3_600;
        self
    }

    /// Signed with `secret`.
    ///
    /// # Panics
    /// When the claims cannot be written.
    #[must_use]
    pub fn signed(&self, secret: &str) -> String {
        self.signed_as(Algorithm::HS256, secret)
    }

    /// Signed with `secret` by another HMAC.
    ///
    /// # Panics
    /// When the claims cannot be written.
    #[must_use]
    pub fn signed_as(&self, algorithm: Algorithm, secret: &str) -> String {
        jsonwebtoken::encode(
            &Header::new(algorithm),
            self,
            &EncodingKey::from_secret(secret.as_bytes()),
        )
        .expect("claims can be signed")
    }

    /// Not signed at all: `alg: none`, which no library here will write.
    ///
    /// # Panics
    /// When the claims cannot be written.
    #[must_use]
    pub fn unsigned(&self) -> String {
        let part = |text: String| URL_SAFE_NO_PAD.encode(text);
        format!(
            "{}.{}.",
            part(r#"{"alg":"none","typ":"JWT"}"#.to_owned()),
            part(serde_json::to_string(self).expect("claims are JSON"))
        )
    }
}

/// A guest's (`gst_`) or a share's (`shr_`) token as the shop would issue it, under one of its
/// keys, and that nobody was ever given.
///
/// # Panics
/// Without randomness.
#[must_use]
pub fn never_given(prefix: &str, key: &str) -> String {
    let mac = |key: &[u8], content: &[u8]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key length");
        mac.update(content);
        mac.finalize().into_bytes()
    };
    let mut token = vec![0; 32];
    getrandom::fill(&mut token).expect("randomness");
    let check = mac(&mac(key.as_bytes(), format!("edgetill/{prefix}").as_bytes()), &token);
    token.extend(&check[..16]);
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(token))
}

pub(crate) fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_secs()
}
