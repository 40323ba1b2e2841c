//! What PostgreSQL said, out of what the host makes of it.
//!
//! A refused statement has SQLSTATE and constraint apart, except from Spin 4.0.0 to 4.0.2: there an
//! error that comes when the statement runs, so every guard's and every constraint's, is the
//! `Debug` text of one that had them.

use ports::SqlError;
use spin_sdk::pg4::{PgError, QueryError};

/// SQLSTATEs of what the host has only words for: no connection, one that broke, and a server that
/// takes no more.
pub(crate) const UNREACHABLE: &str = "08001";
const BROKEN: &str = "08006";
pub(crate) const TOO_MANY: &str = "53300";

pub(crate) fn failed(error: PgError) -> SqlError {
    match error {
        PgError::QueryFailed(QueryError::DbError(error)) => SqlError {
            code: error.code,
            constraint: error
                .extras
                .into_iter()
                .find(|(name, _)| name == "constraint")
                .map(|(_, value)| value),
            text: error.message,
        },
        PgError::QueryFailed(QueryError::Text(text)) => flattened(text),
        PgError::ConnectionFailed(text) => {
            let full =
                text.contains("too many c") || text.contains("connection slots are reserved");
            coded(if full { TOO_MANY } else { UNREACHABLE }, text)
        }
        PgError::BadParameter(text)
        | PgError::ValueConversionFailed(text)
        | PgError::Other(text) => coded("", text),
    }
}

/// Quotes within what PostgreSQL said are escaped, so a name before a bare quote is the error's
/// own.
fn flattened(text: String) -> SqlError {
    let value = |name: &str| {
        text.split_once(name)
            .and_then(|(_, rest)| rest.split_once('"'))
            .map(|(value, _)| value.to_owned())
    };
    match value(", code: \"") {
        Some(code) => SqlError {
            code,
            constraint: value("(\"constraint\", \""),
            // Up to its first quote; the names of guards have none.
            text: value(", message: \"").unwrap_or_default(),
        },
        None if text.contains("kind: Closed") || text.contains("kind: Io") => coded(BROKEN, text),
        None => coded("", text),
    }
}

pub(crate) fn coded(code: &str, text: String) -> SqlError {
    SqlError { code: code.to_owned(), constraint: None, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> (String, Option<String>, String) {
        let error = failed(PgError::QueryFailed(QueryError::Text(text.to_owned())));
        (error.code, error.constraint, error.text)
    }

    #[test]
    fn a_flattened_error_still_tells_code_constraint_and_guard() {
        let checked = r#"Error::QueryFailed(QueryError::DbError(DbError { as-text: "Error { kind: Db, cause: Some(DbError { severity: \"ERROR\", code: SqlState(E23514), message: \"new row for relation \\\"t\\\" violates check constraint \\\"a_is_short\\\"\", constraint: Some(\"a_is_short\") }) }", severity: "ERROR", code: "23514", message: "new row for relation \"t\" violates check constraint \"a_is_short\"", detail: Some("Failing row contains (, code: \"1\")."), extras: [("constraint", "a_is_short"), ("routine", "ExecConstraints")] }))

Stack backtrace:
   0: <unknown>"#;
        let (code, constraint, _) = told(checked);
        assert_eq!((code.as_str(), constraint.as_deref()), ("23514", Some("a_is_short")));
        let raised = r#"Error::QueryFailed(QueryError::DbError(DbError { as-text: "Error { kind: Db, cause: Some(DbError { message: \"cart_locked\" }) }", severity: "ERROR", code: "P0001", message: "cart_locked", detail: None, extras: [("where_", "PL/pgSQL function x")] }))"#;
        assert_eq!(told(raised), ("P0001".to_owned(), None, "cart_locked".to_owned()));
    }

    #[test]
    fn a_connection_that_broke_is_told_from_a_value_that_cannot_be_read() {
        assert_eq!(told("Error { kind: Closed, cause: None }").0, BROKEN);
        assert_eq!(told("error deserializing column 0").0, "");
        assert_eq!(
            failed(PgError::ConnectionFailed(
                "db error: FATAL: sorry, too many clients already".to_owned()
            ))
            .code,
            TOO_MANY
        );
        assert_eq!(
            failed(PgError::ConnectionFailed(
                "error connecting to server: Connection refused".to_owned()
            ))
            .code,
            UNREACHABLE
        );
    }
}
