//! Who may call an operation, as types. Each yields the caller that the handler gets, so a handler
//! that wants an owner can only be one of an operation that lets nobody else in.

use crate::{Caller, Code, Method, Problem, Request, Service, caller};
use callers::{IdentityToken, OwnerOrService, Takes, of_token};
use config::WORKER_GET_ENABLED;
use ports::Ports;
use serde::Deserialize;
use std::marker::PhantomData;

pub use callers::{Owner, Viewer};

/// Who may call an operation, for whoever reads the table: tests and the API document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody. No credential is read.
    Open,
    /// The payment provider, which signs the body: the handler sees whether it does.
    Signed,
    /// Anybody; a credential that is shown must be a shopper's.
    Newcomer,
    /// A customer, by a token of their identity provider.
    Customer,
    /// The owner of what is asked for: everybody else gets 404 (CART-2).
    Owner,
    /// The owner of the cart, or who holds a share of it: everybody else gets 404 (CART-14).
    Viewer,
    /// The owner, or a service with this scope.
    OwnerOr(&'static str),
    /// A service with this scope.
    Scope(&'static str),
    /// A service with `workers:run`, or with a scope for this one worker.
    Worker(&'static str),
}

/// A rule about callers.
pub trait Admit {
    /// Whom it lets in, as the handler gets to know them.
    type Caller;
    /// The rule, as data.
    const ACCESS: Access;

    /// The caller of `request`, when they are one of these.
    ///
    /// # Errors
    /// `credential_missing`, `credential_invalid`, `scope_missing`.
    fn admit(ports: &Ports<'_>, request: &Request) -> Result<Self::Caller, Problem>;
}

/// A name that a rule is about: a scope, a worker.
pub trait Named {
    /// The name.
    const NAME: &'static str;
}

/// [`Access::Open`].
#[derive(Debug)]
pub enum Open {}

impl Access {
    /// Whose tokens are taken, and so whose keys its component is given; none where no key of ours
    /// is needed.
    #[must_use]
    pub const fn takes(self) -> Option<Takes> {
        match self {
            Self::Open | Self::Signed | Self::Customer => None,
            Self::Newcomer | Self::Owner | Self::Viewer => Some(Takes::Shoppers),
            Self::OwnerOr(_) => Some(Takes::Both),
            Self::Scope(_) | Self::Worker(_) => Some(Takes::Services),
        }
    }
}

impl Admit for Open {
    type Caller = ();
    const ACCESS: Access = Access::Open;

    fn admit(_: &Ports<'_>, _: &Request) -> Result<(), Problem> {
        Ok(())
    }
}

/// [`Access::Signed`].
#[derive(Debug)]
pub enum Signed {}

impl Admit for Signed {
    type Caller = ();
    const ACCESS: Access = Access::Signed;

    fn admit(_: &Ports<'_>, _: &Request) -> Result<(), Problem> {
        Ok(())
    }
}

/// [`Access::Newcomer`]: whoever opens a cart.
#[derive(Debug)]
pub enum Newcomer {}

impl Admit for Newcomer {
    type Caller = Option<Owner>;
    const ACCESS: Access = Access::Newcomer;

    fn admit(ports: &Ports<'_>, request: &Request) -> Result<Option<Owner>, Problem> {
        caller::caller(ports, Takes::Shoppers, request)?.owner_or_new()
    }
}

/// [`Access::Customer`].
#[derive(Debug)]
pub enum Customer {}

impl Admit for Customer {
    type Caller = IdentityToken;
    const ACCESS: Access = Access::Customer;

    fn admit(_: &Ports<'_>, request: &Request) -> Result<IdentityToken, Problem> {
        match caller::bearer(request)? {
            Some(token) => Ok(IdentityToken::from(token.to_owned())),
            None => Err(Problem::new(Code::CredentialMissing)),
        }
    }
}

impl Admit for Owner {
    type Caller = Self;
    const ACCESS: Access = Access::Owner;

    fn admit(ports: &Ports<'_>, request: &Request) -> Result<Self, Problem> {
        caller::caller(ports, Takes::Shoppers, request)?.require_owner()
    }
}

impl Admit for Viewer {
    type Caller = Self;
    const ACCESS: Access = Access::Viewer;

    fn admit(ports: &Ports<'_>, request: &Request) -> Result<Self, Problem> {
        caller::caller(ports, Takes::Shoppers, request)?.require_viewer()
    }
}

/// [`Access::OwnerOr`] a service with the scope `S`.
#[derive(Debug)]
pub struct OwnerOr<S>(PhantomData<S>);

impl<S: Named> Admit for OwnerOr<S> {
    type Caller = OwnerOrService;
    const ACCESS: Access = Access::OwnerOr(S::NAME);

    fn admit(ports: &Ports<'_>, request: &Request) -> Result<Self::Caller, Problem> {
        caller::caller(ports, Takes::Both, request)?.require_owner_or_scope(S::NAME)
    }
}

/// [`Access::Scope`] `S`.
#[derive(Debug)]
pub struct Scope<S>(PhantomData<S>);

impl<S: Named> Admit for Scope<S> {
    type Caller = Service;
    const ACCESS: Access = Access::Scope(S::NAME);

    fn admit(ports: &Ports<'_>, request: &Request) -> Result<Service, Problem> {
        caller::caller(ports, Takes::Services, request)?.require_scope(S::NAME)
    }
}

/// [`Access::Scope`] `S`, of what Dapr brings: it says its token in `dapr-api-token` ("Authenticate
/// requests from Dapr using token authentication").
#[derive(Debug)]
pub struct ByDapr<S>(PhantomData<S>);

impl<S: Named> Admit for ByDapr<S> {
    type Caller = Service;
    const ACCESS: Access = Access::Scope(S::NAME);

    fn admit(ports: &Ports<'_>, request: &Request) -> Result<Service, Problem> {
        let caller = match (caller::bearer(request)?, request.header("dapr-api-token")) {
            (None, Some(token)) => of_token(ports, Takes::Services, token.trim())?,
            (Some(_), _) | (None, None) => caller::caller(ports, Takes::Services, request)?,
        };
        caller.require_scope(S::NAME)
    }
}

/// [`Access::Worker`] `W`. On GET, where that is allowed at all, the token may stand in `?token=`,
/// because some schedulers send no headers.
#[derive(Debug)]
pub struct Worker<W>(PhantomData<W>);

impl<W: Named> Admit for Worker<W> {
    type Caller = ();
    const ACCESS: Access = Access::Worker(W::NAME);

    fn admit(ports: &Ports<'_>, request: &Request) -> Result<(), Problem> {
        // A GET that changes something, with its credential where logs keep it: only for schedulers
        // that know nothing else.
        let reads = matches!(request.method(), Method::Get | Method::Head);
        if reads && !WORKER_GET_ENABLED.read(ports.config)? {
            return Err(Problem::new(Code::MethodNotAllowed)
                .detail("GET runs a worker only where worker_get_enabled is true"));
        }
        scheduler(ports, request)?.require_run_of(W::NAME)
    }
}

/// The only query that a run of a worker takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByToken {
    token: Option<String>,
}

fn scheduler(ports: &Ports<'_>, request: &Request) -> Result<Caller, Problem> {
    let in_query = match request.method() {
        Method::Get | Method::Head => request.query::<ByToken>()?.token,
        Method::Post
        | Method::Put
        | Method::Patch
        | Method::Delete
        | Method::Options
        | Method::Other => None,
    };
    match in_query {
        Some(token) => of_token(ports, Takes::Services, &token),
        None => caller::caller(ports, Takes::Services, request),
    }
}
