//! Who is asking. A credential is either absent, or valid, or refused: a bad one never counts as
//! nobody.

use crate::{
    GuestToken, ShareToken,
    jwt::{Refusal, Untrusted},
    service_token, session_token,
};
use config::{Keys, SERVICE_TOKEN_SECRET, SESSION_TOKEN_SECRET, Setting};
use ports::Ports;
use terms::{Code, Problem, fingerprint, member::Scope};

const CUSTOMER_PREFIX: &str = "customer:";
const SERVICE_PREFIX: &str = "service:";

/// Who is asking, by the credential they showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// No credential at all.
    Nobody,
    /// A shopper without an account, known by a secret of 256 random bits.
    Guest(GuestToken),
    /// A shopper with an account, by the token of a session.
    Customer(Customer),
    /// Somebody whom a cart's owner gave a link to: may look at that cart, and nothing else.
    Share(ShareToken),
    /// A colleague's program or a worker's schedule.
    Service(Service),
}

/// Who looks at a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// Its owner, by their key in rows.
    Owner(String),
    /// Who holds a share of it, by the hash of their token.
    Share(String),
}

/// A customer, by a verified session token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// What their identity provider calls them.
    pub id: String,
}

impl Customer {
    /// The owner's key in rows: `customer:` and the id. A guest's begins with `guest:` and a
    /// service's with `service:`, so no customer can be named like one of them.
    #[must_use]
    pub fn owner(&self) -> String {
        format!("{CUSTOMER_PREFIX}{}", self.id)
    }

    /// Whether `owner`, a key in rows, is a customer's.
    #[must_use]
    pub fn owns(owner: &str) -> bool {
        Self::id_in(owner).is_some()
    }

    /// What `owner`, a key in rows, says of a customer's id; none where it is nobody's.
    #[must_use]
    pub fn id_in(owner: &str) -> Option<&str> {
        owner.strip_prefix(CUSTOMER_PREFIX)
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

impl Service {
    /// Who acts, as history and the keys of its requests know it.
    #[must_use]
    pub fn actor(&self) -> String {
        format!("{SERVICE_PREFIX}{}", self.subject)
    }

    /// The owner's key in rows of what it orders under this idempotency key: one owner per key, so
    /// that a repeated request meets what the first has left.
    #[must_use]
    pub fn owner_under(&self, key: &str) -> String {
        format!("{SERVICE_PREFIX}{}", fingerprint(&[&self.subject, key]))
    }

    /// Whether `owner`, a key in rows, is of what a service orders.
    #[must_use]
    pub fn owns(owner: &str) -> bool {
        owner.starts_with(SERVICE_PREFIX)
    }

    /// Whether it may do what `scope` is for.
    #[must_use]
    pub fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|held| held == scope)
    }
}

/// Whoever owns carts, sessions and orders, by their key in rows. Only a credential makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner(String);

impl std::ops::Deref for Owner {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<Owner> for String {
    fn from(owner: Owner) -> Self {
        owner.0
    }
}

/// An owner, who is asked about what is theirs, or a service, which is asked about anybody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnerOrService {
    /// A shopper.
    Owner(Owner),
    /// A service with the scope that was asked for.
    Service(Service),
}

impl OwnerOrService {
    /// Whose things alone may be seen; none for a service.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        match self {
            Self::Owner(owner) => Some(owner),
            Self::Service(_) => None,
        }
    }
}

/// Whose tokens an endpoint takes. Only their keys are read, and so only they need be given to its
/// component (SEC-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Those of shoppers: customers, guests, who holds a share.
    Shoppers,
    /// Those of services.
    Services,
    /// Both.
    Both,
}

/// The caller who holds `token`. Shoppers and services have keys of their own, and each key is
/// tried for its own kind only.
///
/// # Errors
/// `credential_invalid` for anything that does not verify; `configuration_invalid`.
pub fn of_token(ports: &Ports<'_>, takes: Takes, token: &str) -> Result<Caller, Problem> {
    let is_secret = GuestToken::is_like(token) || ShareToken::is_like(token);
    let shoppers = match takes {
        Takes::Shoppers | Takes::Both => Some(keys(&SESSION_TOKEN_SECRET, ports)?),
        Takes::Services => None,
    };
    let shoppers = match (shoppers, is_secret) {
        (Some(keys), true) => return of_secret(&keys, token),
        (None, true) => return Err(invalid("a service's token is needed here")),
        (shoppers, false) => shoppers,
    };
    let token = Untrusted::read(token).map_err(refused)?;
    let now_ms = ports.clock.wall_ms();
    if let Some(keys) = shoppers {
        match session_token::verify(&keys, &token, now_ms) {
            Ok(customer) => return Ok(Caller::Customer(customer)),
            // Not a session's: perhaps a service's.
            Err(Refusal::Signature | Refusal::NotForUs("aud")) if takes == Takes::Both => {}
            Err(refusal) => return Err(refused(refusal)),
        }
    }
    service_token::verify(&keys(&SERVICE_TOKEN_SECRET, ports)?, &token, now_ms)
        .map(Caller::Service)
        .map_err(refused)
}

/// A guest or a share, by a token that we have issued: of any other it is not asked whether the
/// database knows it.
fn of_secret(keys: &Keys, token: &str) -> Result<Caller, Problem> {
    let guest = || GuestToken::parse(keys, token).map(Caller::Guest);
    let share = || ShareToken::parse(keys, token).map(Caller::Share);
    guest().or_else(share).ok_or_else(|| {
        terms::log("warning", "a guest's or a share's token that we have not issued", &[]);
        invalid("the token was not issued here")
    })
}

/// That they are not there, or will not do, is not told to whoever asks: nobody knows yet who it
/// is.
fn keys(of: &Setting<Keys>, ports: &Ports<'_>) -> Result<Keys, Problem> {
    of.read(ports.config).map_err(|unusable| Problem::misconfigured(&unusable))
}

fn refused(refusal: Refusal) -> Problem {
    invalid(&refusal.to_string())
}

/// A credential that does not do, and what is wrong with it.
pub fn invalid(detail: &str) -> Problem {
    Problem::new(Code::CredentialInvalid).detail(detail)
}

impl Caller {
    /// The owner.
    ///
    /// # Errors
    /// `credential_missing` for nobody, `scope_missing` for a service or a share: they own nothing.
    /// A share is refused unseen, so that nobody learns by it whether its token is good for
    /// anything.
    pub fn require_owner(&self) -> Result<Owner, Problem> {
        match self {
            Self::Guest(token) => Ok(Owner(token.owner())),
            Self::Customer(customer) => Ok(Owner(customer.owner())),
            Self::Nobody => Err(Problem::new(Code::CredentialMissing)),
            Self::Share(_) => {
                Err(Problem::new(Code::ScopeMissing).detail("a share is for looking at its cart"))
            }
            Self::Service(_) => {
                Err(Problem::new(Code::ScopeMissing).detail("a shopper's token is needed here"))
            }
        }
    }

    /// The owner, or none for somebody who may become one: whoever opens a cart.
    ///
    /// # Errors
    /// `scope_missing` for a share.
    pub fn owner_or_new(&self) -> Result<Option<Owner>, Problem> {
        match self {
            Self::Nobody | Self::Service(_) => Ok(None),
            Self::Guest(_) | Self::Customer(_) | Self::Share(_) => self.require_owner().map(Some),
        }
    }

    /// Who looks at a cart.
    ///
    /// # Errors
    /// As [`Caller::require_owner`], but for a share.
    pub fn require_viewer(&self) -> Result<Viewer, Problem> {
        match self {
            Self::Share(token) => Ok(Viewer::Share(token.hash())),
            Self::Nobody | Self::Guest(_) | Self::Customer(_) | Self::Service(_) => {
                self.require_owner().map(|owner| Viewer::Owner(owner.into()))
            }
        }
    }

    /// The service, when it has `scope`; else the owner.
    ///
    /// # Errors
    /// As [`Caller::require_owner`]; of a service as [`Caller::require_scope`].
    pub fn require_owner_or_scope(self, scope: &str) -> Result<OwnerOrService, Problem> {
        match self {
            Self::Service(_) => self.require_scope(scope).map(OwnerOrService::Service),
            Self::Nobody | Self::Guest(_) | Self::Customer(_) | Self::Share(_) => {
                self.require_owner().map(OwnerOrService::Owner)
            }
        }
    }

    /// The service, when it has `scope`.
    ///
    /// # Errors
    /// `credential_missing` for nobody, `scope_missing` for everybody else.
    pub fn require_scope(self, scope: &str) -> Result<Service, Problem> {
        match self {
            Self::Service(service) if service.has(scope) => Ok(service),
            Self::Nobody => Err(Problem::new(Code::CredentialMissing)),
            Self::Service(_) | Self::Guest(_) | Self::Customer(_) | Self::Share(_) => {
                Err(Problem::new(Code::ScopeMissing)
                    .detail(format!("the scope {scope} is needed"))
                    .with(Scope, scope))
            }
        }
    }

    /// A service that may run the worker `name` (WRK-1).
    ///
    /// # Errors
    /// As [`Caller::require_scope`].
    pub fn require_run_of(self, name: &str) -> Result<(), Problem> {
        if let Self::Service(service) = &self
            && service.has("workers:run")
        {
            return Ok(());
        }
        self.require_scope(&format!("workers:{name}")).map(drop)
    }
}
