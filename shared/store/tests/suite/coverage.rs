//! Ratchets over the suite itself: no statement without a test, no documented refusal without a test.

use std::{fs, path::Path};

use store::sql;

const SOURCES: &str = concat!(
    include_str!("cart.rs"),
    include_str!("catalog.rs"),
    include_str!("checkout.rs"),
    include_str!("compensation.rs"),
    include_str!("concurrency.rs"),
    include_str!("idempotency.rs"),
    include_str!("operations.rs"),
    include_str!("order.rs"),
    include_str!("outbox.rs"),
    include_str!("saga.rs"),
    include_str!("shopper.rs"),
    include_str!("stock.rs"),
);

#[test]
fn every_command_and_statement_is_exercised() {
    let names = sql::COMMANDS.iter().map(|command| command.name).chain(sql::STATEMENTS.iter().map(|statement| statement.name));
    let missing: Vec<_> = names.filter(|name| !SOURCES.contains(&format!("&sql::{},", name.to_uppercase()))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// `cart_not_found` → `CartNotFound`.
fn variant(code: &str) -> String {
    code.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

#[test]
fn every_refusal_a_header_names_is_tested() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/sqlite/commands");
    let calls: Vec<&str> = SOURCES.split("refuses(&").skip(1).map(|call| call.split(';').next().unwrap()).collect();
    let mut untested = Vec::new();
    for command in sql::COMMANDS {
        let text = fs::read_to_string(folder.join(format!("{}.sql", command.name))).unwrap();
        let codes = text.lines().find_map(|line| line.strip_prefix("-- refuses: ")).unwrap_or_default();
        for code in codes.split(", ").filter(|code| !code.is_empty()) {
            let tested = calls.iter().any(|call| {
                call.contains(&format!("sql::{},", command.name.to_uppercase())) && call.contains(&format!("Refusal::{}", variant(code)))
            });
            // `replays` asserts this one for each command it is given.
            let replayed =
                code == "idempotency_key_seen" && SOURCES.contains(&format!("replays(&shop, &sql::{},", command.name.to_uppercase()));
            if !tested && !replayed {
                untested.push(format!("{}: {code}", command.name));
            }
        }
    }
    assert!(untested.is_empty(), "{untested:#?}");
}

#[test]
fn every_guard_of_a_command_is_in_its_header() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/sqlite/commands");
    let mut unnamed = Vec::new();
    for command in sql::COMMANDS {
        let text = fs::read_to_string(folder.join(format!("{}.sql", command.name))).unwrap();
        let header = text.lines().find(|line| line.starts_with("-- refuses: ")).unwrap_or_default();
        for guard in command.texts(ports::Dialect::Sqlite)[0].split("raise(abort, '").skip(1) {
            let code = guard.split('\'').next().unwrap();
            if !header.contains(code) {
                unnamed.push(format!("{}: {code}", command.name));
            }
        }
    }
    assert!(unnamed.is_empty(), "{unnamed:#?}");
}
