//! `till`: a small host for Spin components, for development and for tests.
//!
//! It reads the same `spin.toml`, runs the same unmodified components and keeps Spin's quirks,
//! because what passes here has to pass there. What it adds is sight: every host call of a guest
//! goes through [`instruments`], so it can be counted, logged, delayed, failed or stopped
//! ([`faults`], [`control`]). It is not a product runtime; production is Spin.
//!
//! The rooms: [`manifest`] and [`runtime_config`] read files; [`variables`] and [`allowed_hosts`]
//! settle what a component may know and reach; [`app`] puts the pieces together; [`engine`]
//! compiles; [`guest`] is the state of one run, with [`sqlite`], [`postgres`], [`kv`],
//! [`redis_out`] and [`http_out`] as what it may call; [`http_in`] and [`cron`] are what calls it;
//! [`serve`] and [`sql`] are what the program can be told to do.

pub mod allowed_hosts;
pub mod app;
pub mod bindings;
pub mod calls;
pub mod control;
pub mod cron;
pub mod engine;
pub mod faults;
pub mod guest;
pub mod http_in;
pub mod http_out;
pub mod instruments;
pub mod kv;
pub mod logs;
pub mod manifest;
pub mod postgres;
pub mod redis_out;
pub mod router;
pub mod runtime_config;
pub mod serve;
pub mod sql;
pub mod sqlite;
pub mod template;
pub mod variables;
