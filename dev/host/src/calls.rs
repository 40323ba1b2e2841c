//! One host call, as it is named, counted and listed.

use serde::{Deserialize, Serialize};

use crate::faults::Fault;

/// What kind of host call it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A SQL statement that reads or writes.
    Statement,
    /// A PRAGMA or a temporary object: SQL that prepares a connection.
    Setup,
    /// Key-value get or exists.
    KvGet,
    /// Key-value set.
    KvSet,
    /// Key-value delete.
    KvDelete,
    /// Key-value get-keys.
    KvKeys,
    /// An HTTP request to elsewhere, another component included, or a command to a Redis.
    Outbound,
    /// The response's head handed to the host.
    ResponseSet,
}

impl Kind {
    /// Tells setup from statement by the first words.
    pub fn of_sql(sql: &str) -> Self {
        let mut words = sql.split_whitespace().map(str::to_ascii_lowercase);
        let head = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match (head.0.as_str(), head.1.as_str()) {
            ("pragma", _) | ("create", "temp" | "temporary") => Self::Setup,
            _ => Self::Statement,
        }
    }
}

/// One host call, made or stopped.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// Its kind.
    pub kind: Kind,
    /// SQL: `database: statement`; key-value: `store: key`; outbound: method and URL without query,
    /// or `redis` and the command.
    pub label: String,
    /// How long it took.
    pub micros: u64,
    /// What was done to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}
