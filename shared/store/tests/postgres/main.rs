//! The suite over PostgreSQL, and what only PostgreSQL has: functions to install, locks to wait
//! for.
//!
//! The server is a throw-away cluster of the installed binaries. Without them this binary says so,
//! loudly, and runs nothing; `EDGETILL_POSTGRES=required` makes that a failure.

// Said for clippy, so that the helpers count as tests too and may unwrap.
#![cfg(test)]

mod busy;
mod database;
mod plans;
mod schema;
#[path = "../suite/mod.rs"]
mod suite;
