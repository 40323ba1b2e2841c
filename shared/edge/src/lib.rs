//! HTTP in: what stands between a request's bytes and a use case, and between its outcome and the
//! reply.
//!
//! Everything a client can get wrong is found here, once: path and method ([`Route`]), and what an
//! [`Operation`] of the table asks for: caller ([`access`]), query, body, preconditions and
//! idempotency key. Its handler gets a [`Call`], in which all of it is found by type, and gives
//! back what the table says it answers, of which [`Outcome`] makes the [`Reply`]. Every refusal is
//! a [`Problem`], made into a reply (RFC 9457) at one place, [`serve`], which also logs what a
//! client must not see. No SDK is known here: `shared/spin` feeds it in a component, the native
//! tests feed it directly.

pub mod access;
mod body;
mod caller;
mod change;
mod cors;
mod idempotency;
mod operation;
mod outcome;
mod precondition;
mod problem;
mod reply;
mod request;
mod route;
#[cfg(test)]
mod tests;

pub use access::Access;
pub use body::BodyBudget;
pub use caller::caller;
pub use callers::{
    Caller, Customer, GuestToken, IdentityToken, Owner, OwnerOrService, Service, ShareToken,
    ShownToken, Takes, Viewer, jwt, mark, service_token, session_token,
};
pub use operation::{
    Answer, Answered, Body, BroughtEvent, BulkJson, Call, CloudEventBody, Conditions, Credential,
    Endpoint, Header, Json, JsonOrDefault, Keyed, MustBeKeyed, MustBeKeyedVersioned, NoBody,
    NoHeader, NoParameters, NoQuery, Operation, Parameters, Path, Presence, Query, Row, Rows,
    StripeSigned, Tick, Unconditional, Versioned, has_parameters, serves_all,
};
pub use outcome::{File, Media, Outcome};
pub use reply::Reply;
pub use request::{Method, Request};
pub use route::{Handler, HandlerFuture, Route, body_limit, refuse, refuse_unread, serve};
pub use terms::{
    CloudEvent, Code, Done, Form, Precondition, Problem, Sheet, SheetPage, Signed, log,
};
