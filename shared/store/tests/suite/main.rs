//! Every command and statement over the SQLite that Spin embeds (3.49.1, rusqlite 0.34): its whole effect,
//! each refusal its header names, and what is left behind by none of them. `coverage` sees that none is left out.

// Said for clippy, so that the helpers count as tests too and may unwrap.
#![cfg(test)]

mod cart;
mod catalog;
mod checkout;
mod compensation;
mod concurrency;
mod coverage;
mod idempotency;
mod operations;
mod order;
mod outbox;
mod plans;
mod saga;
mod schema;
mod shopper;
mod stock;
#[path = "../support/mod.rs"]
mod support;
