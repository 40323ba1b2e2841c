//! Secrets that are a credential by themselves: 256 random bits behind a prefix that says what they
//! are for (SEC-1). They are shown once; rows hold their SHA-256.
//!
//! Behind the random bits stands a check that only we can make: their MAC under a key of
//! `session_token_secret`. One that somebody made up is refused without a look at the database, and
//! nobody owns anything by a token that was never issued (SEC-5).

use crate::mark;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use config::Keys;
use ports::Random;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::fmt;
use terms::hex;

const GUEST_PREFIX: &str = "guest:";
const SECRET_BYTES: usize = 32;
/// Enough that nobody guesses one: 128 bits.
const CHECK_BYTES: usize = 16;

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
            /// A new one, with a check by the first of `keys`.
            #[must_use]
            pub fn generate(keys: &Keys, random: &dyn Random) -> Self {
                Self(generated(keys, $prefix, random))
            }

            /// Whether `text` says that it is one.
            pub(crate) fn is_like(text: &str) -> bool {
                text.starts_with($prefix)
            }

            /// The one that `text` is, if one of `keys` has made it.
            #[must_use]
            pub fn parse(keys: &Keys, text: &str) -> Option<Self> {
                is_ours(keys, $prefix, text).then(|| Self(text.to_owned()))
            }

            /// The token itself, for the one reply that hands it out.
            #[must_use]
            pub fn reveal(&self) -> &str {
                &self.0
            }

            /// Its SHA-256 in hexadecimal. Looking a hash up needs no constant-time comparison:
            /// timing tells at most about the hash, which does not lead back to a token.
            #[must_use]
            pub fn hash(&self) -> String {
                hex(&Sha256::digest(self.0.as_bytes()))
            }
        }
    };
}

secret! {
    /// A guest's secret.
    GuestToken "gst_"
}

secret! {
    /// The secret of a share: whoever holds it may look at one cart.
    ShareToken "shr_"
}

fn generated(keys: &Keys, prefix: &'static str, random: &dyn Random) -> String {
    let mut token = vec![0; SECRET_BYTES];
    random.fill(&mut token);
    let check = mark::of(keys, prefix, &token);
    token.extend(check.iter().take(CHECK_BYTES));
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(token))
}

fn is_ours(keys: &Keys, prefix: &'static str, text: &str) -> bool {
    let token = text
        .strip_prefix(prefix)
        .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
        .unwrap_or_default();
    match token.split_first_chunk::<SECRET_BYTES>() {
        Some((secret, check)) => {
            check.len() == CHECK_BYTES && mark::is_ours(keys, prefix, secret, check)
        }
        None => false,
    }
}

impl GuestToken {
    /// The owner's key in rows: `guest:` and the hash.
    #[must_use]
    pub fn owner(&self) -> String {
        format!("{GUEST_PREFIX}{}", self.hash())
    }

    /// Whether `owner`, a key in rows, is a guest's.
    #[must_use]
    pub fn owns(owner: &str) -> bool {
        owner.starts_with(GUEST_PREFIX)
    }
}

/// What somebody says is a guest's token, in a body: it is none until it is [`GuestToken::parse`]d.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct ShownToken(String);

impl ShownToken {
    /// What was shown.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ShownToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShownToken(redacted)")
    }
}

/// A token that says it is of the customers' identity provider. Nobody is known by it until the
/// crate `identity` has verified it: that needs the provider's keys, and code that only one
/// component carries.
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
