//! Who is asking. A credential is either absent, or valid, or refused: a bad one never counts as nobody.

use crate::{
    Code, Problem, Request, hex,
    jwt::{Refusal, Untrusted},
    service_token, session_token,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ports::{Ports, Random};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::fmt;

const GUEST_PREFIX: &str = "gst_";
const CUSTOMER_PREFIX: &str = "customer:";
const GUEST_SECRET_BYTES: usize = 32;
const SECRET_BYTES_MIN: usize = 32;

/// Who is asking, by the credential they showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// No credential at all.
    Nobody,
    /// A shopper without an account, known by a secret of 256 random bits.
    Guest(GuestToken),
    /// A shopper with an account, by the token of a session.
    Customer(Customer),
    /// A colleague's program or a worker's schedule.
    Service(Service),
}

/// A customer, by a verified session token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// What their identity provider calls them.
    pub id: String,
}

impl Customer {
    /// The owner's key in rows: `customer:` and the id. A guest's begins with `guest:` and a service's with `service:`, so
    /// no customer can be named like one of them.
    #[must_use]
    pub fn owner(&self) -> String {
        format!("{CUSTOMER_PREFIX}{}", self.id)
    }

    /// Whether `owner`, a key in rows, is a customer's.
    #[must_use]
    pub fn owns(owner: &str) -> bool {
        owner.starts_with(CUSTOMER_PREFIX)
    }
}

/// A verified service token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Whom it was issued to.
    pub subject: String,
    /// What it may do.
    pub scopes: Vec<String>,
}

/// A guest's secret. The service keeps its hash only.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct GuestToken(String);

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

impl fmt::Debug for GuestToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GuestToken(redacted)")
    }
}

impl GuestToken {
    /// A new guest.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        let mut secret = [0; GUEST_SECRET_BYTES];
        random.fill(&mut secret);
        Self(format!("{GUEST_PREFIX}{}", URL_SAFE_NO_PAD.encode(secret)))
    }

    fn parse(text: &str) -> Option<Self> {
        let secret = URL_SAFE_NO_PAD.decode(text.strip_prefix(GUEST_PREFIX)?).ok()?;
        (secret.len() == GUEST_SECRET_BYTES).then(|| Self(text.to_owned()))
    }

    /// The token itself, for the one reply that hands it out.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The owner's key in rows: `guest:` and the SHA-256 of the token. Looking a hash up needs no
    /// constant-time comparison: timing tells at most about the hash, which does not lead back to a token.
    #[must_use]
    pub fn owner(&self) -> String {
        format!("guest:{}", hex(&Sha256::digest(self.0.as_bytes())))
    }
}

/// The caller of `request`, by `Authorization: Bearer`.
///
/// # Errors
/// `credential_invalid` for anything in that header that does not verify.
pub fn caller(ports: &Ports<'_>, request: &Request) -> Result<Caller, Problem> {
    match bearer(request)? {
        Some(token) => of_token(ports, token),
        None => Ok(Caller::Nobody),
    }
}

/// The token of `Authorization: Bearer`, whatever it is.
///
/// # Errors
/// `credential_invalid` for two of that header, or another scheme.
pub fn bearer(request: &Request) -> Result<Option<&str>, Problem> {
    let value = match request.single("authorization") {
        Ok(None) => return Ok(None),
        Ok(Some(value)) => value,
        Err(_) => return Err(invalid("more than one Authorization header")),
    };
    match value.trim().split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Err(invalid("the scheme must be Bearer")),
    }
}

/// The caller who holds `token`. Sessions and services have keys of their own, and each key is tried for its own kind only.
pub(crate) fn of_token(ports: &Ports<'_>, token: &str) -> Result<Caller, Problem> {
    if token.starts_with(GUEST_PREFIX) {
        return GuestToken::parse(token).map(Caller::Guest).ok_or_else(|| invalid("the guest token is malformed"));
    }
    let token = Untrusted::read(token).map_err(refused)?;
    let now_ms = ports.clock.wall_ms();
    let session = secret(ports, "session_token_secret")?.map(|secret| session_token::verify(secret.as_bytes(), &token, now_ms));
    match session {
        Some(Ok(customer)) => return Ok(Caller::Customer(customer)),
        Some(Err(refusal @ (Refusal::Malformed | Refusal::Expired))) => return Err(refused(refusal)),
        // Not a session's: perhaps a service's.
        Some(Err(Refusal::Signature | Refusal::NotForUs)) | None => {}
    }
    match secret(ports, "service_token_secret")? {
        Some(secret) => service_token::verify(secret.as_bytes(), &token, now_ms).map(Caller::Service).map_err(refused),
        None => Err(invalid("this endpoint takes no token of this kind")),
    }
}

// A component that serves no tokens of a kind is not given their key, and so can accept none.
fn secret(ports: &Ports<'_>, name: &str) -> Result<Option<String>, Problem> {
    match ports.config.get(name) {
        Ok(secret) if secret.len() < SECRET_BYTES_MIN => {
            Err(Problem::new(Code::ConfigurationInvalid).because(format!("{name} is shorter than {SECRET_BYTES_MIN} bytes")))
        }
        Ok(secret) => Ok(Some(secret)),
        Err(_) => Ok(None),
    }
}

fn refused(refusal: Refusal) -> Problem {
    invalid(&refusal.to_string())
}

fn invalid(detail: &str) -> Problem {
    Problem::new(Code::CredentialInvalid).detail(detail)
}

impl Caller {
    /// The owner's key in rows, for callers who can own something.
    #[must_use]
    pub fn owner(&self) -> Option<String> {
        self.require_owner().ok()
    }

    /// The owner's key in rows.
    ///
    /// # Errors
    /// `credential_missing` for nobody, `scope_missing` for a service: it owns nothing.
    pub fn require_owner(&self) -> Result<String, Problem> {
        match self {
            Self::Guest(token) => Ok(token.owner()),
            Self::Customer(customer) => Ok(customer.owner()),
            Self::Nobody => Err(Problem::new(Code::CredentialMissing)),
            Self::Service(_) => Err(Problem::new(Code::ScopeMissing).detail("a shopper's token is needed here")),
        }
    }

    /// Whether this is a service with `scope`.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        match self {
            Self::Service(service) => service.scopes.iter().any(|held| held == scope),
            Self::Nobody | Self::Guest(_) | Self::Customer(_) => false,
        }
    }

    /// The service, when it has `scope`.
    ///
    /// # Errors
    /// `credential_missing` for nobody, `scope_missing` for everybody else.
    pub fn require_scope(&self, scope: &str) -> Result<&Service, Problem> {
        match self {
            Self::Service(service) if self.has_scope(scope) => Ok(service),
            Self::Nobody => Err(Problem::new(Code::CredentialMissing)),
            Self::Service(_) | Self::Guest(_) | Self::Customer(_) => {
                Err(Problem::new(Code::ScopeMissing).detail(format!("the scope {scope} is needed")).with("scope", scope))
            }
        }
    }
}
