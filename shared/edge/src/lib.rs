//! HTTP in: what stands between a request's bytes and a use case, and between its outcome and the reply.
//!
//! Everything a client can get wrong is found here, once: path and method ([`Route`]), and what an [`Operation`] of the table asks for:
//! caller ([`access`]), query, body, preconditions and idempotency key. Its handler gets a [`Call`], in which all of it is found by
//! type. Every refusal is a [`Problem`] (RFC 9457), made into a [`Reply`] at one place, [`serve`], which also logs what a client must
//! not see. No SDK is known here: `shared/spin` feeds it in a component, the native tests feed it directly.

pub mod access;
mod body;
mod caller;
mod change;
mod hex;
mod idempotency;
pub mod jwt;
mod operation;
mod precondition;
mod problem;
mod reply;
mod request;
mod route;
mod secret;
pub mod service_token;
pub mod session_token;
#[cfg(test)]
mod tests;

pub use access::{Access, IdentityToken};
pub use body::BodyBudget;
pub use caller::{Caller, Customer, Owner, OwnerOrService, Service, Viewer, caller};
pub use change::{Change, KeyedChange, fingerprint};
pub use hex::hex;
pub use operation::{
    Answer, Body, Call, Conditions, Credential, Endpoint, Json, JsonOrDefault, Keyed, MustBeKeyed, NoBody, NoQuery, Operation, Parameters,
    Path, Presence, Query, Row, Tick, Unconditional, Versioned, has_parameters, serves_all,
};
pub use precondition::Precondition;
pub use problem::Problem;
pub use problems::Code;
pub use reply::Reply;
pub use request::{Method, Request};
pub use route::{Handler, HandlerFuture, Route, log, refuse, serve};
pub use secret::{GuestToken, ShareToken};
