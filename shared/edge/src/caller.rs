//! Who is asking. A credential is either absent, or valid, or refused: a bad one never counts as nobody.

use crate::{Code, Problem, Request, service_token};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ports::{Ports, Random};
use sha2::{Digest as _, Sha256};
use std::fmt;

const GUEST_PREFIX: &str = "gst_";
const GUEST_SECRET_BYTES: usize = 32;
const SERVICE_SECRET_BYTES_MIN: usize = 32;

/// Who is asking, by the credential they showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// No credential at all.
    Nobody,
    /// A shopper without an account, known by a secret of 256 random bits.
    Guest(GuestToken),
    /// A colleague's program or a worker's schedule.
    Service(Service),
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
#[derive(Clone, PartialEq, Eq)]
pub struct GuestToken(String);

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
        let mut owner = "guest:".to_owned();
        for byte in Sha256::digest(self.0.as_bytes()) {
            owner.push_str(&format!("{byte:02x}"));
        }
        owner
    }
}

/// The caller of `request`, by `Authorization: Bearer`.
///
/// # Errors
/// `credential_invalid` for anything in that header that does not verify.
pub fn caller(ports: &Ports<'_>, request: &Request) -> Result<Caller, Problem> {
    let value = match request.single("authorization") {
        Ok(None) => return Ok(Caller::Nobody),
        Ok(Some(value)) => value,
        Err(_) => return Err(invalid("more than one Authorization header")),
    };
    match value.trim().split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => of_token(ports, token.trim()),
        _ => Err(invalid("the scheme must be Bearer")),
    }
}

/// The caller who holds `token`.
pub(crate) fn of_token(ports: &Ports<'_>, token: &str) -> Result<Caller, Problem> {
    if token.starts_with(GUEST_PREFIX) {
        return GuestToken::parse(token).map(Caller::Guest).ok_or_else(|| invalid("the guest token is malformed"));
    }
    // A component that serves no service tokens is not given their key, and so can accept none.
    let Ok(secret) = ports.config.get("service_token_secret") else {
        return Err(invalid("this endpoint takes no token of this kind"));
    };
    if secret.len() < SERVICE_SECRET_BYTES_MIN {
        return Err(Problem::new(Code::ConfigurationInvalid).because("service_token_secret is shorter than 32 bytes"));
    }
    service_token::verify(secret.as_bytes(), token, ports.clock.wall_ms())
        .map(Caller::Service)
        .map_err(|refusal| invalid(&refusal.to_string()))
}

fn invalid(detail: &str) -> Problem {
    Problem::new(Code::CredentialInvalid).detail(detail)
}

impl Caller {
    /// The owner's key in rows, for callers who can own something.
    #[must_use]
    pub fn owner(&self) -> Option<String> {
        match self {
            Self::Guest(token) => Some(token.owner()),
            Self::Nobody | Self::Service(_) => None,
        }
    }

    /// The owner's key in rows.
    ///
    /// # Errors
    /// `credential_missing` for nobody, `scope_missing` for a service: it owns nothing.
    pub fn require_owner(&self) -> Result<String, Problem> {
        match self {
            Self::Guest(token) => Ok(token.owner()),
            Self::Nobody => Err(Problem::new(Code::CredentialMissing)),
            Self::Service(_) => Err(Problem::new(Code::ScopeMissing).detail("a shopper's token is needed here")),
        }
    }

    /// Whether this is a service with `scope`.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        match self {
            Self::Service(service) => service.scopes.iter().any(|held| held == scope),
            Self::Nobody | Self::Guest(_) => false,
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
            Self::Service(_) | Self::Guest(_) => {
                Err(Problem::new(Code::ScopeMissing).detail(format!("the scope {scope} is needed")).with("scope", scope))
            }
        }
    }
}
