//! What the schema promises of itself: it can be run again, it is small, and every statement fits
//! it.

use ports::Dialect;
use rusqlite::Connection;
use store::sql;

use crate::{
    database::{BASELINE, DEMO},
    suite::support::shop,
};

/// Every connection of every request parses this much.
const SCHEMA_TEXT_BYTES_MAX: i64 = 20_000;
/// What is to come, as drafts in SQL.
const PLANNED: &str = include_str!("../../../../docs/schema.md");

#[test]
fn the_schema_text_is_within_its_budget() {
    let shop = shop();
    let bytes = || shop.one("select sum(length(sql)) from sqlite_schema").as_i64().unwrap();
    let today = bytes();
    let drafts: Vec<&str> =
        PLANNED.split("```sql\n").skip(1).filter_map(|block| block.split("```").next()).collect();
    assert!(!drafts.is_empty(), "docs/schema.md has no drafts");
    for draft in drafts {
        shop.0
            .execute_batch(draft)
            .unwrap_or_else(|error| panic!("docs/schema.md: {error}\n{draft}"));
    }
    let planned = bytes();
    println!(
        "schema text: {today} bytes of {SCHEMA_TEXT_BYTES_MAX}, {planned} with what docs/schema.md has drafts of"
    );
    assert!(planned <= SCHEMA_TEXT_BYTES_MAX, "{today} today, {planned} planned");
}

#[test]
fn baseline_and_demo_change_nothing_when_run_again() {
    let shop = shop();
    let before = shop.everything();
    shop.0.execute_batch(BASELINE).unwrap();
    shop.0.execute_batch(DEMO).unwrap();
    assert_eq!(shop.everything(), before);
    shop.stock_adds_up();
}

#[test]
fn the_baseline_leaves_a_file_in_wal() {
    let folder = std::env::temp_dir().join(format!("edgetill-schema-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = Connection::open(folder.join("wal.db")).unwrap();
    file.execute_batch(BASELINE).unwrap();
    let mode: String = file.query_row("pragma journal_mode", [], |row| row.get(0)).unwrap();
    drop(file);
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn every_command_and_statement_prepares() {
    let shop = shop();
    for command in sql::COMMANDS {
        let texts = command.texts(Dialect::Sqlite);
        shop.0
            .execute_batch(texts[0])
            .unwrap_or_else(|error| panic!("{}: {error}\n{}", command.name, texts[0]));
    }
    // Preparing the insert compiles every trigger of the view, so each body is checked against the
    // schema.
    for command in sql::COMMANDS {
        let texts = command.texts(Dialect::Sqlite);
        shop.0
            .prepare(texts[1])
            .unwrap_or_else(|error| panic!("{}: {error}\n{}", command.name, texts[1]));
    }
    for statement in sql::STATEMENTS {
        let text = statement.texts(Dialect::Sqlite)[0];
        shop.0.prepare(text).unwrap_or_else(|error| panic!("{}: {error}\n{text}", statement.name));
    }
}

#[test]
fn no_two_unique_indexes_share_a_column_list() {
    let shop = shop();
    let repeated = shop.one(
        "select count(*) from (select tbl, cols from (select m.tbl_name as tbl, group_concat(i.name) as cols, m.name
           from sqlite_schema as m join pragma_index_list(m.tbl_name) as l on l.name = m.name and l.\"unique\" = 1
           join pragma_index_info(m.name) as i where m.type = 'index' group by m.name) group by tbl, cols having count(*) > 1)",
    );
    assert_eq!(repeated, serde_json::json!(0));
}
