//! Every command and statement, on whichever database the binary has: its whole effect, each
//! refusal its header names, and what is left behind by none of them. `coverage` sees that none is
//! left out.

mod audit;
mod cart;
mod catalog;
mod checkout;
mod compensation;
mod concurrency;
mod customer;
mod fraud;
mod fulfilment;
mod idempotency;
mod inbox;
mod migration;
mod operations;
mod operators;
mod order;
mod outbox;
mod person;
mod promotions;
pub mod receivers;
mod refunds;
mod retention;
mod returns;
mod rewards;
mod saga;
mod share;
pub mod shopper;
mod stock;
mod stored_value;
pub mod support;
mod tables;
mod webhook;
