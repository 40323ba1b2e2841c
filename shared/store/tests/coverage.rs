//! Ratchets over the suite itself: no statement without a test, no documented refusal without a
//! test, no dialect with inputs or refusals of its own.

// Said for clippy, so that the helpers count as tests too and may unwrap.
#![cfg(test)]

use std::{fs, path::Path, sync::LazyLock};

use store::sql;

const TEXTS: &str = concat!(
    include_str!("suite/audit.rs"),
    include_str!("suite/cart.rs"),
    include_str!("suite/catalog.rs"),
    include_str!("suite/checkout.rs"),
    include_str!("suite/compensation.rs"),
    include_str!("suite/concurrency.rs"),
    include_str!("suite/customer.rs"),
    include_str!("suite/fraud.rs"),
    include_str!("suite/fulfilment.rs"),
    include_str!("suite/idempotency.rs"),
    include_str!("suite/inbox.rs"),
    include_str!("suite/migration.rs"),
    include_str!("suite/operations.rs"),
    include_str!("suite/operators.rs"),
    include_str!("suite/order.rs"),
    include_str!("suite/outbox.rs"),
    include_str!("suite/person.rs"),
    include_str!("suite/promotions.rs"),
    include_str!("suite/receivers.rs"),
    include_str!("suite/refunds.rs"),
    include_str!("suite/retention.rs"),
    include_str!("suite/returns.rs"),
    include_str!("suite/rewards.rs"),
    include_str!("suite/saga.rs"),
    include_str!("suite/share.rs"),
    include_str!("suite/shopper.rs"),
    include_str!("suite/stock.rs"),
    include_str!("suite/stored_value.rs"),
    include_str!("suite/tables.rs"),
    include_str!("suite/webhook.rs"),
);

/// The suites as one line, so that where a line is broken plays no part.
static SOURCES: LazyLock<String> =
    LazyLock::new(|| TEXTS.split_whitespace().collect::<Vec<_>>().join(" ").replace("( ", "("));

#[test]
fn every_command_and_statement_is_exercised() {
    let names = sql::COMMANDS
        .iter()
        .map(|command| command.name)
        .chain(sql::STATEMENTS.iter().map(|statement| statement.name));
    let missing: Vec<_> = names
        .filter(|name| !SOURCES.contains(&format!("&sql::{},", name.to_uppercase())))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The file of a command: the one for both dialects, or the one for this.
fn source(command: &str, dialect: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
    let files = [format!("commands/{command}.sql"), format!("{dialect}/commands/{command}.sql")];
    files
        .iter()
        .find_map(|file| fs::read_to_string(root.join(file)).ok())
        .unwrap_or_else(|| panic!("no file of {command}"))
}

/// `cart_not_found` → `CartNotFound`.
fn variant(code: &str) -> String {
    code.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

#[test]
fn every_refusal_a_header_names_is_tested() {
    let calls: Vec<&str> =
        SOURCES.split("refuses(&").skip(1).map(|call| call.split(';').next().unwrap()).collect();
    let mut untested = Vec::new();
    for command in sql::COMMANDS {
        let text = source(command.name, "sqlite");
        let codes =
            text.lines().find_map(|line| line.strip_prefix("-- refuses: ")).unwrap_or_default();
        for code in codes.split(", ").filter(|code| !code.is_empty()) {
            let tested = calls.iter().any(|call| {
                call.contains(&format!("sql::{},", command.name.to_uppercase()))
                    && call.contains(&format!("Refusal::{}", variant(code)))
            });
            // `replays` asserts this one for each command it is given.
            let replayed = code == "idempotency_key_seen"
                && SOURCES
                    .contains(&format!("replays(&shop, &sql::{},", command.name.to_uppercase()));
            if !tested && !replayed {
                untested.push(format!("{}: {code}", command.name));
            }
        }
    }
    assert!(untested.is_empty(), "{untested:#?}");
}

#[test]
fn every_guard_of_a_command_is_in_its_header() {
    let mut unnamed = Vec::new();
    for command in sql::COMMANDS {
        let here = command.texts(ports::Dialect::Sqlite)[0].to_owned();
        let there = source(command.name, "postgres");
        let header =
            there.lines().find(|line| line.starts_with("-- refuses: ")).unwrap_or_default();
        for guard in
            here.split("raise(abort, '").skip(1).chain(there.split("raise exception '").skip(1))
        {
            let code = guard.split('\'').next().unwrap();
            if !header.contains(code) {
                unnamed.push(format!("{}: {code}", command.name));
            }
        }
    }
    assert!(unnamed.is_empty(), "{unnamed:#?}");
}

#[test]
fn both_dialects_promise_the_same() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
    let promises = |dialect: &str, folder: &str| -> Vec<String> {
        let mut files: Vec<_> = fs::read_dir(root.join(dialect).join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        files
            .iter()
            .map(|file| {
                let text = fs::read_to_string(file).unwrap();
                let said: Vec<&str> = text
                    .lines()
                    .filter(|line| line.starts_with("-- in: ") || line.starts_with("-- refuses: "))
                    .collect();
                format!("{}: {}", file.file_stem().unwrap().to_str().unwrap(), said.join(" "))
            })
            .collect()
    };
    for folder in ["commands", "statements"] {
        assert_eq!(promises("sqlite", folder), promises("postgres", folder));
    }
}

#[test]
fn both_schemas_have_the_same_tables_columns_and_names() {
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    // Every word that is declared: tables with their columns in order, then the names of
    // constraints and indexes.
    let declared = |dialect: &str| -> (Vec<String>, Vec<String>) {
        let text = fs::read_to_string(migrations.join(dialect).join("baseline.sql")).unwrap();
        let text: String =
            text.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join(" ");
        let (mut tables, mut names) = (Vec::new(), Vec::new());
        for statement in text.split("; ").map(str::trim) {
            let named = |before: &str| {
                statement
                    .split(before)
                    .skip(1)
                    .map(|rest| rest.split(' ').next().unwrap().to_owned())
                    .collect::<Vec<_>>()
            };
            names.extend(named("constraint ").into_iter().chain(named("index if not exists ")));
            let Some((table, body)) = statement
                .strip_prefix("create table if not exists ")
                .and_then(|rest| rest.split_once(" ("))
            else {
                continue;
            };
            let mut depth = 0;
            let columns = body.split(|c: char| {
                depth += i32::from(c == '(') - i32::from(c == ')');
                c == ',' && depth == 0
            });
            let columns = columns
                .map(|column| column.trim().split(' ').next().unwrap())
                .filter(|word| !["primary", "constraint"].contains(word));
            tables.push(format!("{table}: {}", columns.collect::<Vec<_>>().join(" ")));
        }
        names.sort();
        (tables, names)
    };
    let ((here, mut named_here), (there, mut named_there)) =
        (declared("sqlite"), declared("postgres"));
    assert_eq!(here, there);
    // SQLite marks what a command gives back, and knows a repeated key by its column.
    named_here.retain(|name| name != "reservation_releasing");
    named_there.retain(|name| name != "idempotency_key_is_used_once");
    assert_eq!(named_here, named_there);
}
