//! Who asks: owners of carts and orders, viewers of carts, services; and the credentials they are
//! known by.
//!
//! How a credential arrives is not known here. `shared/edge` takes it from a request and asks
//! [`of_token`].

mod caller;
pub mod jwt;
pub mod mark;
mod secret;
pub mod service_token;
pub mod session_token;

pub use caller::{
    Caller, Customer, Owner, OwnerOrService, Service, Takes, Viewer, invalid, of_token,
};
pub use secret::{GuestToken, IdentityToken, ShareToken, ShownToken};
