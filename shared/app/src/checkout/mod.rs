//! Checkout: begin a session, look at it, confirm it.

mod begin;
mod confirm;
mod gate;
mod plan;
mod view;

pub use begin::{BeginCheckout, PaymentToken, begin};
pub use confirm::{Confirm, confirm};
pub use view::view;
