//! HTTP in: what stands between a request's bytes and a use case, and between its outcome and the reply.
//!
//! Everything a client can get wrong is found here, once: path and method ([`Route`]), body and query
//! ([`Request`]), preconditions, idempotency keys, credentials ([`caller`]). Every refusal is a [`Problem`]
//! (RFC 9457), made into a [`Reply`] at one place, [`serve`], which also logs what a client must not see.
//! No SDK is known here: `shared/spin` feeds it in a component, the native tests feed it directly.
//!
//! ```
//! use edge::{Problem, Reply, Request, Route};
//! use ports::Ports;
//!
//! async fn get(_ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
//!     request.no_query()?;
//!     Ok(Reply::json(200, request.param("sku")).etag(3))
//! }
//! let routes = [Route::at("/api/v1/catalog/skus/:sku").get(get)];
//! assert_eq!(routes.len(), 1);
//! ```

mod body;
mod caller;
mod hex;
mod idempotency;
pub mod jwt;
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

pub use body::BodyBudget;
pub use caller::{Caller, Customer, Service, Viewer, bearer, caller};
pub use hex::hex;
pub use precondition::Precondition;
pub use problem::Problem;
pub use problems::Code;
pub use reply::Reply;
pub use request::{Method, Request};
pub use route::{Handler, HandlerFuture, Route, log, refuse, serve};
pub use secret::{GuestToken, ShareToken};
