//! What a database says when it fails. A refusal is believed only where a guard or a constraint
//! speaks, and the answer is the same for a bare code and one with the database's words around it.
//! An error that Spin 4.0 has flattened to a text says what the whole one said.
#![no_main]
#![expect(clippy::panic, reason = "a target says by a panic that something does not hold")]

#[path = "../../../shared/spin/src/postgres_error.rs"]
mod postgres_error;

use arbitrary::Arbitrary;
use fuzz::World;
use ports::{Dialect, SqlError};
use serde_json::{Value, json};
use spin_sdk::pg4::{PgError, QueryError};
use store::{Refusal, Store, StoreError, sql};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    code: Code<'a>,
    constraint: Option<&'a str>,
    text: &'a str,
    detail: Option<&'a str>,
}

#[derive(Arbitrary, Debug)]
enum Code<'a> {
    Sqlite,
    Raised,
    Unique,
    Check,
    Other(&'a str),
}

impl Code<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Sqlite => "",
            Self::Raised => "P0001",
            Self::Unique => "23505",
            Self::Check => "23514",
            Self::Other(text) => text,
        }
    }
}

/// Spin's own record, whose `Debug` it sends.
#[derive(Debug)]
#[expect(dead_code, reason = "only printed")]
struct DbError<'a> {
    as_text: String,
    severity: &'a str,
    code: &'a str,
    message: &'a str,
    detail: Option<&'a str>,
    extras: Vec<(&'a str, &'a str)>,
}

libfuzzer_sys::fuzz_target!(|input: Input<'_>| {
    let code = input.code.text();
    let told = classified(code, input.constraint, input.text);
    assert_eq!(
        told,
        classified(code, input.constraint, &format!(" {}\n", input.text)),
        "white space means something"
    );
    if let Some(refusal) = told {
        assert!(
            matches!(code, "" | "P0001" | "23505" | "23514"),
            "{code:?} is no refusal: {refusal:?}"
        );
    }
    if let (Code::Sqlite, Some(refusal)) = (&input.code, told) {
        let name = input.text.trim();
        if !name.contains("UNIQUE") {
            assert_eq!(
                classified("", None, &format!("CHECK constraint failed: {name}")),
                Some(refusal)
            );
            assert_eq!(classified("P0001", None, name), Some(refusal), "the dialects differ");
        }
    }

    let whole = SqlError {
        code: code.to_owned(),
        constraint: input.constraint.map(str::to_owned),
        text: input.text.to_owned(),
    };
    assert_eq!(flattened(&input, code), whole, "{}", spin_text(&input, code));
    // What is no such text is passed on as it is.
    let error =
        postgres_error::failed(PgError::QueryFailed(QueryError::Text(input.text.to_owned())));
    assert!(error.text == input.text || input.text.contains(", code: \""), "{error:?}");
});

fn spin_text(input: &Input<'_>, code: &str) -> String {
    let as_text = format!(
        "Error {{ kind: Db, cause: Some(DbError {{ code: SqlState({code}), message: {:?} }}) }}",
        input.text
    );
    let mut extras: Vec<(&str, &str)> =
        input.constraint.iter().map(|name| ("constraint", *name)).collect();
    extras.push(("routine", "ExecConstraints"));
    let error = DbError {
        as_text,
        severity: "ERROR",
        code,
        message: input.text,
        detail: input.detail,
        extras,
    };
    format!(
        "Error::QueryFailed(QueryError::DbError({error:?}))\n\nStack backtrace:\n   0: <unknown>"
    )
    .replacen("as_text", "as-text", 1)
}

/// The flattened text read back. Names with characters that `Debug` escapes are none of
/// PostgreSQL's codes and none of our names.
fn flattened(input: &Input<'_>, code: &str) -> SqlError {
    let plain = |text: &str| format!("{text:?}") == format!("\"{text}\"");
    let mut error =
        postgres_error::failed(PgError::QueryFailed(QueryError::Text(spin_text(input, code))));
    if !plain(code) || code.contains('"') {
        error.code = code.to_owned();
    }
    if !input.constraint.is_none_or(plain) {
        error.constraint = input.constraint.map(str::to_owned);
    }
    if !plain(input.text) {
        error.text = input.text.to_owned();
    }
    error
}

fn classified(code: &str, constraint: Option<&str>, text: &str) -> Option<Refusal> {
    let error = SqlError {
        code: code.to_owned(),
        constraint: constraint.map(str::to_owned),
        text: text.to_owned(),
    };
    let dialect = if code.is_empty() { Dialect::Sqlite } else { Dialect::Postgres };
    let world = World { dialect, rows: Err(error), ..World::default() };
    match Store::new(&world).read::<Value>(&sql::RECEIPT, &json!({})) {
        Err(StoreError::Refused(refusal)) => Some(refusal),
        Err(_) => None,
        Ok(_) => panic!("an error became an answer"),
    }
}
