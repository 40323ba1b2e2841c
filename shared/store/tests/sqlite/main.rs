//! The suite over the SQLite that Spin embeds (3.49.1, rusqlite 0.34), and what only SQLite has: a
//! budget for the schema's text, plans that can be read, WAL.

// Said for clippy, so that the helpers count as tests too and may unwrap.
#![cfg(test)]

mod busy;
mod database;
mod plans;
mod schema;
#[path = "../suite/mod.rs"]
mod suite;
