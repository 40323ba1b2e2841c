//! The use cases, one file each: read, decide in pure Rust, apply with one guarded statement.
//!
//! A use case takes the ports and a typed input and answers what it has done ([`Done`]), or a
//! [`Problem`](terms::Problem). It knows no HTTP, no SDK and no SQL text. The types it answers with
//! are those that are written, and those of the API document. What it must not do is decide twice:
//! a total comes from `pricing`, an order from `saga`, a release from `store`, and from nowhere
//! else.

pub mod cart;
pub mod catalog;
pub mod checkout;
pub mod customers;
pub mod events;
pub mod fraud;
pub mod inbox;
pub mod members;
pub mod operations;
pub mod ops;
pub mod order;
pub mod payment_methods;
pub mod promotions;
pub mod receivers;
pub mod rewards;
pub mod session;
pub mod stored_value;
pub mod workers;

mod capture;
mod change;
mod compensation;
mod contact;
mod cursor;
mod guesses;
mod page;
mod payer;
mod payment;
mod pricing;
mod problem;
mod saga;
mod shop;
mod tries;

pub use terms::{Change, Done, KeyedChange, Rendered};
