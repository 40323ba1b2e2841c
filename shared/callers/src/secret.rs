//! Secrets that are a credential by themselves: 256 random bits behind a prefix that says what they are for (SEC-1). They are
//! shown once; rows hold their SHA-256.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ports::Random;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::fmt;
use terms::hex;

const SECRET_BYTES: usize = 32;

/// Declares a kind of secret by its prefix.
macro_rules! secret {
    ($(#[$attribute:meta])+ $name:ident $prefix:literal) => {
        $(#[$attribute])+
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }

        impl $name {
            /// A new one.
            #[must_use]
            pub fn generate(random: &dyn Random) -> Self {
                let mut secret = [0; SECRET_BYTES];
                random.fill(&mut secret);
                Self(format!("{}{}", $prefix, URL_SAFE_NO_PAD.encode(secret)))
            }

            /// Whether `text` says that it is one.
            pub(crate) fn is_like(text: &str) -> bool {
                text.starts_with($prefix)
            }

            pub(crate) fn parse(text: &str) -> Option<Self> {
                let secret = URL_SAFE_NO_PAD.decode(text.strip_prefix($prefix)?).ok()?;
                (secret.len() == SECRET_BYTES).then(|| Self(text.to_owned()))
            }

            /// The token itself, for the one reply that hands it out.
            #[must_use]
            pub fn reveal(&self) -> &str {
                &self.0
            }

            /// Its SHA-256 in hexadecimal. Looking a hash up needs no constant-time comparison: timing tells at most about
            /// the hash, which does not lead back to a token.
            #[must_use]
            pub fn hash(&self) -> String {
                hex(&Sha256::digest(self.0.as_bytes()))
            }
        }
    };
}

secret! {
    /// A guest's secret.
    #[derive(Deserialize)]
    #[serde(try_from = "String")]
    GuestToken "gst_"
}

secret! {
    /// The secret of a share: whoever holds it may look at one cart.
    ShareToken "shr_"
}

impl GuestToken {
    /// The owner's key in rows: `guest:` and the hash.
    #[must_use]
    pub fn owner(&self) -> String {
        format!("guest:{}", self.hash())
    }
}

/// A text that is no guest's token. Which one is not repeated.
#[derive(Debug, thiserror::Error)]
#[error("must be a guest's token")]
pub struct NoGuestToken;

impl TryFrom<String> for GuestToken {
    type Error = NoGuestToken;

    fn try_from(text: String) -> Result<Self, NoGuestToken> {
        Self::parse(&text).ok_or(NoGuestToken)
    }
}

/// A token that says it is of the customers' identity provider. Nobody is known by it until the crate `identity` has verified it:
/// that needs the provider's keys, and code that only one component carries.
#[derive(Clone)]
pub struct IdentityToken(String);

impl IdentityToken {
    /// The token, to be verified.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for IdentityToken {
    fn from(token: String) -> Self {
        Self(token)
    }
}

impl fmt::Debug for IdentityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityToken(redacted)")
    }
}
