//! The shop's promises, over HTTP. Run with `cargo till test`, or against a real Spin with `cargo
//! till test --spin PATH`.
//!
//! One module per noun; a test's name is the sentence it proves, and its comment names the
//! requirement and, where the seeds have one, the test it is the counterpart of. Tests share one
//! shop and run side by side, each with guests and goods of its own; those that move the clock have
//! the shop to themselves ([`e2e::Shop::alone`]). After each, the consistency audit must find
//! nothing.

#![cfg(test)]

mod attempts;
mod attributes;
mod authorization;
mod browser;
mod budgets;
mod cancel_lines;
mod cart;
mod cash;
mod catalog;
mod checkout;
mod clients;
mod confirm;
mod currency;
mod customers;
mod elsewhere;
mod events;
mod expiry;
mod fees;
mod files;
mod finding;
mod fraud;
mod fulfilment;
mod health;
mod inbox;
mod merge;
mod migration;
mod openapi;
mod operations;
mod orders;
mod origins;
mod payment_sessions;
mod payments;
mod prices;
mod privacy;
mod promotions;
mod quotes;
mod races;
mod receivers;
mod refunds;
mod returns;
mod rewards;
mod saved_methods;
mod security;
mod session;
mod share;
mod stock;
mod stops;
mod stored_value;
mod strictness;
mod tables;
mod tenders;
mod totals;
mod validate;
mod webhooks;
mod workers;
