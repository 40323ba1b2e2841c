//! The SQL of the hooks, written once for both databases in the words of [`audit::in_dialect`].
//! Each answers one column of JSON texts.

use ports::Dialect;

/// The database's clock, and how far tests have moved it.
pub const CLOCK: &str = "
select cast({object}('now_ms', {now} + offset_ms, 'offset_ms', offset_ms) as text)
from clock where {doc} is not null";

/// Moves the database's clock forward.
pub const ADVANCE_CLOCK: &str = "
update clock set offset_ms = offset_ms + cast({doc} ->> 'advance_ms' as bigint)
returning cast({object}('now_ms', {now} + offset_ms, 'offset_ms', offset_ms) as text)";

/// The schema before this one: without a version, for nothing has been released, and without its
/// newest part.
pub const VERSION_BEFORE: i64 = 0;

/// Takes away what is newer than [`VERSION_BEFORE`], the same on both databases.
pub const BACK_TO_VERSION_BEFORE: [&str; 2] =
    ["drop table if exists cart_share", "delete from migration"];

/// How many connections idle inside a transaction. SQLite's end with their guest, so there are none
/// to find.
#[must_use]
pub fn idle_transactions(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "select json_object('idle_in_transaction', 0) where {doc} is not null",
        Dialect::Postgres => {
            "select cast({object}('idle_in_transaction', count(*)) as text) from pg_stat_activity
             where datname = current_database() and state like 'idle in transaction%' and {doc} is not null"
        }
    }
}

/// Every table there is, whoever made it.
#[must_use]
pub fn tables(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "select json_quote(name) from sqlite_schema where type = 'table' and {doc} is not null order by name",
        Dialect::Postgres => {
            "select cast(to_jsonb(table_name) as text) from information_schema.tables
             where table_schema not in ('information_schema', 'pg_catalog') and table_type = 'BASE TABLE' and {doc} is not null order by table_name"
        }
    }
}

/// The columns of a table.
#[must_use]
pub fn columns(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "select json_quote(name) from pragma_table_info({doc} ->> 'table') order by cid",
        Dialect::Postgres => {
            "select cast(to_jsonb(column_name) as text) from information_schema.columns
             where table_schema = current_schema() and table_name = {doc} ->> 'table' order by ordinal_position"
        }
    }
}

/// The most rows one look shows.
pub const ROWS_MAX: usize = 5_000;

/// A statement that reads whole rows of `table` behind the first `from`, those whose `column` reads
/// `value` if a column is given. The names come from [`tables`] and [`columns`], never from a
/// client. JSON is shown as the text it is on SQLite.
#[must_use]
pub fn rows_of(dialect: Dialect, table: &str, columns: &[String], column: Option<&str>) -> String {
    let row = match dialect {
        Dialect::Sqlite => {
            let members: Vec<String> = columns.iter().map(|name| format!("'{name}', \"{name}\"")).collect();
            format!("json_object({})", members.join(", "))
        }
        Dialect::Postgres => "(select jsonb_object_agg(key, case when jsonb_typeof(value) in ('object', 'array') then to_jsonb(cast(value as text)) else value end) \
             from jsonb_each(to_jsonb(shown)))"
            .to_owned(),
    };
    let filter = column.map_or_else(
        || "{doc} is not null".to_owned(),
        |name| format!("cast(\"{name}\" as text) = {{doc}} ->> 'value'"),
    );
    // The columns of every key stand first; without an order PostgreSQL shows rows as they were
    // last written.
    let key: Vec<String> = columns.iter().take(2).map(|name| format!("\"{name}\"")).collect();
    let key = key.join(", ");
    format!(
        "select cast({row} as text) from \"{table}\" as shown where {filter} order by {key} limit {ROWS_MAX} offset cast({{doc}} ->> 'from' as bigint)"
    )
}

/// How long a saga, a compensation or a reservation may be left lying before that is a violation.
/// Workers run every few seconds; the suite moves the clock by minutes, and gives them a turn
/// before it looks.
pub const OVERDUE_MS: i64 = 900_000;

#[cfg(test)]
mod tests {
    use super::*;
    use audit::in_dialect;
    use rusqlite::Connection;

    fn shop() -> Connection {
        let database = Connection::open_in_memory().unwrap();
        database
            .execute_batch(include_str!("../../../shared/store/migrations/sqlite/baseline.sql"))
            .unwrap();
        database
            .execute_batch(include_str!("../../../shared/store/migrations/sqlite/demo.sql"))
            .unwrap();
        database
    }

    // As Spin binds it: exactly one parameter, which a statement must have.
    fn documents(database: &Connection, statement: &str, input: &str) -> Vec<String> {
        let mut statement = database.prepare(&in_dialect(statement, Dialect::Sqlite)).unwrap();
        statement.query_map([input], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn every_table_can_be_looked_at() {
        let database = shop();
        let tables = documents(&database, tables(Dialect::Sqlite), "{}");
        assert!(tables.len() > 20, "{tables:?}");
        for table in tables {
            let table = table.trim_matches('"');
            let names: Vec<String> = documents(
                &database,
                columns(Dialect::Sqlite),
                &format!(r#"{{"table":"{table}"}}"#),
            )
            .iter()
            .map(|name| name.trim_matches('"').to_owned())
            .collect();
            assert!(!names.is_empty(), "{table}");
            documents(&database, &rows_of(Dialect::Sqlite, table, &names, None), r#"{"from":0}"#);
            documents(
                &database,
                &rows_of(Dialect::Sqlite, table, &names, names.first().map(String::as_str)),
                r#"{"from":0,"value":"1"}"#,
            );
        }
        let columns = ["sku", "on_hand"].map(str::to_owned);
        let rows = documents(
            &database,
            &rows_of(Dialect::Sqlite, "stock", &columns, Some("on_hand")),
            r#"{"from":0,"value":"10"}"#,
        );
        assert_eq!(rows, [r#"{"sku":"TILL-0100","on_hand":10}"#]);
    }

    /// What is dropped is all that migrating brings back.
    #[test]
    fn the_schema_goes_back_by_one_version() {
        let database = shop();
        let schema = || -> Vec<String> {
            let mut statement = database
                .prepare("select name from sqlite_schema where name not like 'sqlite_%' order by 1")
                .unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
        };
        let newest = schema();
        BACK_TO_VERSION_BEFORE
            .iter()
            .for_each(|statement| database.execute_batch(statement).unwrap());
        assert_ne!(schema(), newest);
        database
            .execute_batch(include_str!("../../../shared/store/migrations/sqlite/baseline.sql"))
            .unwrap();
        assert_eq!(schema(), newest);
    }

    #[test]
    fn the_clock_moves_forward() {
        let database = shop();
        assert!(
            documents(&database, ADVANCE_CLOCK, r#"{"advance_ms":60000}"#)[0]
                .contains(r#""offset_ms":60000"#)
        );
        assert!(documents(&database, CLOCK, "{}")[0].contains(r#""offset_ms":60000"#));
    }
}
