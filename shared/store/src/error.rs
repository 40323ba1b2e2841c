//! What a failed statement means: a refusal, or a database that could not do it.

use crate::Refusal;
use ports::SqlError;

/// Why a store call gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A guard or constraint said no; nothing has changed.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// A lock was not to be had in time, or two transactions were in each other's way; nothing has
    /// changed, try again.
    #[error("database busy in {name}")]
    Busy {
        /// The statement.
        name: &'static str,
    },
    /// The database is not to be reached, or went away under the statement: whether it was applied
    /// is not known.
    #[error("database unavailable in {name}: {text}")]
    Unavailable {
        /// The statement.
        name: &'static str,
        /// The host's words, for the log.
        text: String,
    },
    /// The database lacks a table or column this code needs: it must be migrated.
    #[error("schema outdated in {name}: {text}")]
    SchemaOutdated {
        /// The statement.
        name: &'static str,
        /// The database's words, for the log.
        text: String,
    },
    /// The database failed, or answered what cannot be understood.
    #[error("database failed in {name}: {text}")]
    Failed {
        /// The statement.
        name: &'static str,
        /// The database's words, for the log.
        text: String,
    },
}

impl StoreError {
    pub(crate) fn undecodable(name: &'static str, text: &str) -> Self {
        Self::Failed { name, text: text.to_owned() }
    }
}

/// Reads a database error: PostgreSQL's by its SQLSTATE, SQLite's, which has none, by its text.
pub(crate) fn classify(name: &'static str, error: &SqlError) -> StoreError {
    let text = error.text.trim();
    let constraint = error.constraint.as_deref().unwrap_or_default();
    let refused = |refusal: Option<Refusal>| {
        refusal
            .map_or_else(|| StoreError::Failed { name, text: text.to_owned() }, StoreError::Refused)
    };
    match error.code.as_str() {
        "" if text.contains("database is locked") || text.contains("database table is locked") => {
            StoreError::Busy { name }
        }
        "" if SQLITE_OUTDATED.iter().any(|sign| text.contains(sign)) => {
            StoreError::SchemaOutdated { name, text: text.to_owned() }
        }
        "" => refused(match text.split_once("UNIQUE constraint failed: ") {
            Some((_, columns)) => Refusal::of_columns(columns),
            None => Refusal::named(last_word(text)),
        }),
        // A command's `raise exception 'code'`; then the constraints, unique and check.
        "P0001" => refused(Refusal::named(last_word(text))),
        "23505" => refused(Refusal::of_index(constraint)),
        "23514" => refused(Refusal::named(constraint)),
        // Serialization, deadlock, lock_timeout, statement_timeout, no connection left.
        "40001" | "40P01" | "55P03" | "57014" | "53300" => StoreError::Busy { name },
        // No connection or a broken one; shut down, crashed, starting, dropped; idle too long; a
        // standby, which only reads.
        "08001" | "08006" | "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "25P03" | "25006" => {
            StoreError::Unavailable { name, text: text.to_owned() }
        }
        // No such table, column, function.
        "42P01" | "42703" | "42883" => StoreError::SchemaOutdated { name, text: text.to_owned() },
        _ => refused(None),
    }
}

/// How SQLite says that a table or column is missing.
const SQLITE_OUTDATED: [&str; 3] = ["no such table", "no such column", "has no column named"];

/// The code or name in what SQLite says: `code`, `CHECK constraint failed: name`.
fn last_word(text: &str) -> &str {
    text.rsplit([' ', ':']).next().unwrap_or(text)
}
