//! What a use case may ask of the world: SQL, key-value, HTTP out, time, randomness, configuration.
//!
//! The traits know no SDK. `shared/spin` implements them over spin-sdk for the components; the
//! native suites implement them over rusqlite and fakes. Everything but [`Http`] is synchronous,
//! because on Spin every such host call is.

use std::{future::Future, pin::Pin};

/// All ports of one request. A fresh instance serves each request, so nothing here outlives it.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// The database.
    pub sql: &'a dyn Sql,
    /// The key-value store: a fast gate, never the judge.
    pub kv: &'a dyn Kv,
    /// HTTP out.
    pub http: &'a dyn Http,
    /// Wall clock of the host. Business time is the database's `now_ms()`.
    pub clock: &'a dyn Clock,
    /// Randomness and ids.
    pub random: &'a dyn Random,
    /// Application variables.
    pub config: &'a dyn Config,
}

/// Which dialect a database speaks; it chooses the text of a command, never its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite as Spin embeds it.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// How much durability a write needs. Only SQLite tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Carts: a power cut may take the last moments, never consistency (`synchronous = NORMAL`).
    Relaxed,
    /// Money: on disk before the answer (`synchronous = FULL`).
    Full,
}

/// The database: at most one connection at a time, opened at its first use, given back before
/// whatever may take long, and opened anew by the next statement. So nothing of a session may be
/// relied on from one statement to the next.
///
/// Every statement takes exactly one parameter, a JSON text, and answers one column of JSON texts:
/// the same shape in both dialects, so that rows are decoded by serde in one place.
pub trait Sql {
    /// The dialect of the connected database.
    fn dialect(&self) -> Dialect;
    /// Runs one statement with the JSON text `doc` as `?1` / `$1`; returns the first column of each
    /// row.
    ///
    /// On PostgreSQL a null is no row, and `sql` must answer at least one row, if only a null: from
    /// a query without any, Spin 4.0.0 to 4.0.2 never returns (spinframework/spin#3671).
    ///
    /// # Errors
    /// The database's own text, unclassified: `store` knows what it means.
    fn query(&self, sql: &str, doc: &str) -> Result<Vec<String>, SqlError>;
    /// Runs one statement without parameters or rows: `PRAGMA`, `CREATE TEMP TRIGGER`.
    ///
    /// # Errors
    /// As [`Sql::query`].
    fn run(&self, sql: &str) -> Result<(), SqlError>;
    /// Gives a connection back that others may be waiting for. [`Http`], [`Redis`] and [`Kv`] do so
    /// themselves before every call.
    fn give_back(&self) {}
}

/// A failed statement. `code` is the SQLSTATE where the database gives one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct SqlError {
    /// SQLSTATE on PostgreSQL; empty on SQLite, which has only texts.
    pub code: String,
    /// The name of the violated constraint where the database reports it apart.
    pub constraint: Option<String>,
    /// The database's message. For logs and classification, never for a client.
    pub text: String,
}

/// The key-value store `default`: plain get, set, delete; no atomics are safe on all backends.
pub trait Kv {
    /// The value under `key`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError>;
    /// Writes `value` under `key`.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn set(&self, key: &str, value: &[u8]) -> Result<(), KvError>;
    /// Removes `key`; a missing key is no error.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn delete(&self, key: &str) -> Result<(), KvError>;
}

/// A failed key-value call, with the store's text for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("key-value store: {0}")]
pub struct KvError(pub String);

/// A request to another service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// Upper-case method.
    pub method: &'static str,
    /// Absolute URL; its host must be among the component's `allowed_outbound_hosts`.
    pub url: String,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body; empty for none.
    pub body: Vec<u8>,
    /// Limit for connecting, for the first byte, and between bytes, each.
    pub timeout_ms: u64,
}

/// Another service's answer, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    /// Status code.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// A call that gave no answer, split by what matters for money: did anything leave the building?
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// Nothing was sent (refused, no such host, not allowed): safe to try again.
    #[error("not sent: {0}")]
    NotSent(String),
    /// It may have been processed; no answer within the limit.
    #[error("timed out: {0}")]
    Timeout(String),
    /// It may have been processed; the connection broke before a whole answer.
    #[error("answer lost: {0}")]
    Lost(String),
}

/// The boxed future of [`Http::send`], so that the port stays a `dyn` trait.
pub type HttpFuture<'a> = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + 'a>>;

/// HTTP out.
pub trait Http {
    /// Sends `request` once: no retry, no redirect.
    fn send<'a>(&'a self, request: HttpRequest) -> HttpFuture<'a>;
}

/// A Redis to send commands to. It is no part of [`Ports`], because few components have it: they
/// name it where they call a use case that needs it, and all others stay without.
pub trait Redis {
    /// Runs one command on the server at `address` (`redis://host:port/database`), which must be
    /// among the component's `allowed_outbound_hosts`. Commands to one address share a connection.
    /// There is no time limit: the host has none. The answer is a flat list, nested lists in one; a
    /// number is its digits, nothing is empty.
    ///
    /// # Errors
    /// [`RedisError`]; the next call connects anew.
    fn execute(
        &self,
        address: &str,
        command: &str,
        arguments: &[&[u8]],
    ) -> Result<Vec<Vec<u8>>, RedisError>;
}

/// A command that was not answered with a result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedisError {
    /// No connection, so nothing was sent (no such server, not allowed, a wrong password).
    #[error("no connection: {0}")]
    NotSent(String),
    /// The server refused, or the connection broke and it may have been done: the host tells these
    /// apart by text only.
    #[error("command failed: {0}")]
    Failed(String),
}

/// The host's wall clock, for token expiry and signatures. Rows are dated by `now_ms()` in SQL.
pub trait Clock {
    /// Milliseconds since the epoch.
    fn wall_ms(&self) -> i64;
}

/// Whether what a record says to last until `until_ms` still lasts. None lasts longer than
/// `longest_ms` from now, so one that claims more was written by a clock that is wrong, or by
/// somebody who should not, and is as good as none.
#[must_use]
pub fn lasts(until_ms: i64, now_ms: i64, longest_ms: i64) -> bool {
    until_ms > now_ms && until_ms.saturating_sub(now_ms) <= longest_ms
}

/// Randomness.
pub trait Random {
    /// Fills `bytes` from a cryptographic source.
    fn fill(&self, bytes: &mut [u8]);
    /// A fresh UUIDv7 in its usual text form: for ids, never for secrets.
    fn id(&self) -> String;
}

/// Application variables. The one default of each stands in `spin.toml` (CFG-1).
pub trait Config {
    /// The value of variable `name`.
    ///
    /// # Errors
    /// When the variable is not bound to this component or its provider fails.
    fn get(&self, name: &str) -> Result<String, ConfigError>;
}

/// A variable that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It is not bound to this component, which has to do without it.
    #[error("variable {name}: not bound")]
    Undefined {
        /// The variable's name.
        name: String,
    },
    /// Whoever keeps it does not tell it now: it is not known whether there is one, nor which.
    #[error("variable {name}: {reason}")]
    Provider {
        /// The variable's name.
        name: String,
        /// Why, for the log.
        reason: String,
    },
}
