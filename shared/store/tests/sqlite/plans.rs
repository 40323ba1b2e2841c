//! Query plans (ORD-13): how every statement finds its rows, kept as a file and held to a rule.
//!
//! `UPDATE_PLANS=1 cargo test -p store` writes the file anew; the difference is for review.

use std::{fmt::Write as _, fs, path::Path};

use ports::Dialect;
use rusqlite::{StatementStatus, config::DbConfig};
use serde_json::{Value, json};
use store::sql;

use crate::suite::{
    shopper::{keyed, shopper, with},
    support::{Database, shop},
};

/// The plan of `text` and of every trigger it fires.
fn plan(shop: &Database, text: &str) -> Vec<String> {
    let mut statement = shop.0.prepare(&format!("explain query plan {text}")).unwrap();
    statement.query_map(["{}"], |row| row.get(3)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn plans() -> String {
    let shop = shop();
    shop.0.set_db_config(DbConfig::SQLITE_DBCONFIG_TRIGGER_EQP, true).unwrap();
    let mut out = String::new();
    for command in sql::COMMANDS {
        let texts = command.texts(Dialect::Sqlite);
        shop.0.execute_batch(texts[0]).unwrap();
        section(&mut out, command.name, &plan(&shop, texts[1]));
        shop.0.execute_batch(&format!("drop trigger temp.{}", command.name)).unwrap();
    }
    for statement in sql::STATEMENTS {
        section(&mut out, statement.name, &plan(&shop, statement.texts(Dialect::Sqlite)[0]));
    }
    for walk in audit::WALKS {
        section(
            &mut out,
            &format!("audit {}", walk.name),
            &plan(&shop, &audit::turn(walk, 5, Dialect::Sqlite)),
        );
    }
    section(&mut out, "audit fold", &plan(&shop, &audit::fold(Dialect::Sqlite)));
    out
}

fn section(out: &mut String, name: &str, plan: &[String]) {
    writeln!(out, "## {name}").unwrap();
    for line in plan {
        writeln!(out, "{line}").unwrap();
    }
}

#[test]
fn the_plans_are_as_the_file_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sqlite/plans.txt");
    let plans = plans();
    if std::env::var_os("UPDATE_PLANS").is_some() {
        fs::write(&path, &plans).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), plans, "see the head of plans.rs");
}

/// What a command makes of its own lines, or its receipt, before it applies them, and the latest
/// hundred that a rule of fraud counts, or so many that an operator acts on; in a trigger the plan does
/// not say so.
const OF_THE_COMMAND: &[&str] =
    &["back", "bought", "demand", "given_up", "item", "latest", "made", "sold", "wanted"];
/// Tables that grow with the shop and not with its trade.
const SMALL: &[&str] = &[
    "clock",
    "command",
    "currency",
    "exchange_rate",
    "fee",
    "migration",
    // Of events.
    "receiver",
    "reward_rule",
    // Of fraud.
    "rule",
    "shipping_method",
    "shipping_rate",
    "tax",
    "warehouse",
    "zone",
    "zones",
];
/// Tables that an operator's rare change walks, to know that nothing in them refers to an entry.
const WALKED_BY: &[(&str, &str)] = &[
    ("currency_delete", "price"),
    ("currency_delete", "special_price"),
    ("currency_put", "price"),
    ("currency_put", "special_price"),
    ("warehouse_delete", "stock"),
];

/// Whether `source` may be walked from end to end, whatever the load: the request's own JSON, what
/// is bounded already (its own steps are in the plan, and judged), small tables, what is walked by the
/// statement `name` alone, and the indexes of what still waits.
fn may_be_scanned(name: &str, line: &str, bounded: &[&str]) -> bool {
    let what = line.trim_start_matches("SCAN ");
    let source = what.split(' ').next().unwrap();
    let named = [OF_THE_COMMAND, SMALL, bounded].concat().contains(&source);
    let waits = [" INDEX outbox_pending", " INDEX outbox_to_fan", " INDEX compensation_due"]
        .iter()
        .any(|index| what.ends_with(index));
    let walked = WALKED_BY.contains(&(name, source));
    named || walked || waits || what.contains("VIRTUAL TABLE") || what == "CONSTANT ROW"
}

#[test]
fn no_statement_walks_a_table_that_grows() {
    let plans = plans();
    let (mut name, mut bounded, mut wrong) = ("", Vec::new(), Vec::new());
    // The audit reads its own few rows from end to end, under many names:
    // `the_audit_reads_a_bounded_piece_of_a_large_shop` holds that.
    let (commands_and_statements, _) = plans.split_once("## audit carts\n").unwrap();
    for line in commands_and_statements.lines() {
        if let Some(section) = line.strip_prefix("## ") {
            (name, bounded) = (section, Vec::new());
        } else if let Some(source) =
            line.strip_prefix("CO-ROUTINE ").or(line.strip_prefix("MATERIALIZE "))
        {
            bounded.push(source);
        } else if (line.starts_with("SCAN ") && !may_be_scanned(name, line, &bounded))
            || line.contains("AUTOMATIC")
        {
            wrong.push(format!("{name}: {line}"));
        } else if line.contains("USE TEMP B-TREE") && name.ends_with("_lease") {
            wrong.push(format!("{name}: sorts what waits instead of reading it in order"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// How many steps of SQLite's machine `text` takes for this input.
fn steps(shop: &Database, text: &str, input: &Value) -> i32 {
    let mut statement = shop.0.prepare(text).unwrap();
    let mut rows = statement.query([input.to_string()]).unwrap();
    while rows.next().unwrap().is_some() {}
    drop(rows);
    statement.get_status(StatementStatus::VmStep)
}

#[test]
fn what_is_settled_costs_a_page_or_a_claim_nothing() {
    let shop = shop();
    shopper("ann").pays(&shop, &[("TILL-0001", "wh-hanoi", 1)]);
    shopper("bob").confirms(&shop, &[("TILL-0001", "wh-hanoi", 1)]);
    shopper("cat").goes_to_checkout(&shop, &[("TILL-0001", "wh-hanoi", 1)]);
    let facts =
        |key: Value| json!({"owner": "ann", "session_id": "session-ann", "idempotency_key": key});
    let page =
        |asked: Value| with(json!({"from": "", "below": "~", "looked_at": 5, "limit": 5}), asked);
    let claim = json!({"lease_token": "w", "lease_ms": 0, "limit": 5, "compensation_id": null});
    let cases = [
        (&sql::ORDER_LIST, page(json!({"by_owner": "ann"}))),
        (&sql::ORDER_LIST, page(json!({"all": true}))),
        (&sql::ORDER_LIST, page(json!({"all": true, "payment": "failed"}))),
        (&sql::ORDER_LIST, page(json!({"by_status": "confirmed"}))),
        (&sql::ORDER_FIND, page(json!({"by_number": "ORD-1"}))),
        (&sql::ORDER_FIND, page(json!({"by_sku": "TILL-0001"}))),
        (&sql::ORDER_FIND, page(json!({"by_emails": ["email-bob"]}))),
        (&sql::ORDER_LATEST, json!({"owner": "ann"})),
        (&sql::CONFIRM_FACTS, facts(json!("key-ann"))),
        (&sql::CONFIRM_FACTS, facts(json!("no key"))),
        (&sql::CART_VIEW, json!({"owner": "cat"})),
        (&sql::OUTBOX_LEASE, claim.clone()),
        (&sql::SAGA_LEASE, claim.clone()),
        (&sql::COMPENSATION_LEASE, claim),
    ];
    let count = || {
        cases
            .each_ref()
            .map(|(statement, input)| steps(&shop, statement.texts(Dialect::Sqlite)[0], input))
    };
    let before = count();
    // Two thousand of everything that is over, most of it the shoppers' own.
    for (table, key, state) in [
        ("orders", "order_id", ""),
        ("saga", "saga_id", "declined"),
        ("confirm_key", "idempotency_key", ""),
        ("outbox", "outbox_id", "published"),
        ("reservation", "reservation_id", "released"),
        ("cart", "cart_id", "completed"),
        ("checkout_session", "session_id", "replaced"),
    ] {
        copies(&shop, table, key, state);
    }
    let after = count();
    for (((statement, input), before), after) in cases.iter().zip(before).zip(after) {
        assert!(
            after < 2 * before + 500,
            "{} {input}: {before} steps, then {after}",
            statement.name
        );
    }
}

#[test]
fn the_audit_reads_a_bounded_piece_of_a_large_shop() {
    let shop = shop();
    let line = [("TILL-0001", "wh-hanoi", 1)];
    for name in ["ann", "eve"] {
        shopper(name).pays(&shop, &line);
        shop.does(&sql::ORDER_CANCEL, &with(shopper(name).cancel(), keyed(name)));
        shop.exec("update compensation set state = 'done'");
    }
    shopper("bob").confirms(&shop, &line);
    shopper("cat").goes_to_checkout(&shop, &line);
    for (table, key, state) in [
        ("orders", "order_id", ""),
        ("order_line", "order_id", ""),
        ("order_history", "order_id", ""),
        ("saga", "saga_id", "completed"),
        ("payment", "payment_id", ""),
        ("compensation", "compensation_id", "done"),
        ("outbox", "outbox_id", "published"),
        ("reservation", "reservation_id", "released"),
        ("cart", "cart_id", "completed"),
        ("cart_line", "cart_id", ""),
        ("checkout_session", "session_id", "completed"),
        ("stock_movement", "movement_id", ""),
        ("idempotency", "idempotency_key", ""),
    ] {
        copies(&shop, table, key, state);
    }
    let everything = json!({ "limit": 1_000_000, "settle_ms": 0 });
    steps(&shop, &audit::fold_begin(Dialect::Sqlite), &everything);
    steps(&shop, &audit::fold(Dialect::Sqlite), &everything);
    let input = json!({ "after": "", "overdue_ms": 0, "event_age_ms": 0 });
    for walk in audit::WALKS {
        let taken = steps(&shop, &audit::turn(walk, 5, Dialect::Sqlite), &input);
        assert!(taken < 8_000, "{}: {taken} steps", walk.name);
    }
}

/// Two thousand more rows like `table`'s, under new keys, in `state`.
fn copies(shop: &Database, table: &str, key: &str, state: &str) {
    let columns = shop.rows(&format!("select name from pragma_table_info('{table}')"));
    let values: Vec<String> = columns
        .iter()
        .map(|column| match column.as_str() {
            column if column == key && ["outbox_id", "movement_id"].contains(&column) => {
                "1000 + n".to_owned()
            }
            column if column == key => format!("'copy-' || printf('%04d', n) || {column}"),
            "order_number" | "cart_id" | "session_id" | "idempotency_key" | "saga_id"
            | "reference" => format!("n || {column}"),
            "state" => format!("'{state}'"),
            "status" if !state.is_empty() => format!("'{state}'"),
            column => column.to_owned(),
        })
        .collect();
    shop.0
        .execute_batch(&format!(
            "with recursive of (n) as (select 1 union all select n + 1 from of where n < 2000)
        insert into {table} ({}) select {} from of cross join (select * from {table} limit 1) where true on conflict do nothing",
            columns.join(", "),
            values.join(", ")
        ))
        .unwrap();
    let rows = shop.one(&format!("select count(*) from {table}")).as_i64().unwrap();
    assert!(rows >= 2000, "{table} has {rows} rows");
}
