//! A database of its own for each test: the baseline and the demo shop in memory, through the same port.

use ports::{Dialect, Sql, SqlError};
use rusqlite::Connection;
use serde_json::{Value, json};
use store::{Command, Refusal, Statement, Store, StoreError};

/// The baseline that ships.
pub const BASELINE: &str = include_str!("../../migrations/sqlite/baseline.sql");
/// The demo shop.
pub const DEMO: &str = include_str!("../../migrations/sqlite/demo.sql");

/// rusqlite behind the port, as Spin's host puts it: first column of each row, errors as text.
pub struct Database(pub Connection);

impl Sql for Database {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn query(&self, sql: &str, doc: &str) -> Result<Vec<String>, SqlError> {
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut statement = self.0.prepare(sql)?;
            statement.query_map([doc], |row| row.get(0))?.collect()
        };
        read().map_err(text)
    }

    fn run(&self, sql: &str) -> Result<(), SqlError> {
        self.0.execute_batch(sql).map_err(text)
    }
}

fn text(error: rusqlite::Error) -> SqlError {
    SqlError { code: String::new(), constraint: None, text: error.to_string() }
}

/// The demo shop in memory.
pub fn shop() -> Database {
    let database = Database(Connection::open_in_memory().unwrap());
    database.0.execute_batch(BASELINE).unwrap();
    database.0.execute_batch(DEMO).unwrap();
    database
}

impl Database {
    pub fn apply(&self, command: &Command, input: &Value) -> Result<Value, StoreError> {
        Store::new(self).apply(command, input)
    }

    pub fn list(&self, statement: &Statement, input: &Value) -> Vec<Value> {
        Store::new(self).list(statement, input).unwrap()
    }

    /// `command` applies; its receipt.
    pub fn does(&self, command: &Command, input: &Value) -> Value {
        self.apply(command, input).unwrap_or_else(|error| panic!("{}: {error}", command.name))
    }

    /// Time passes.
    pub fn advance(&self, ms: i64) {
        self.0.execute("update clock set offset_ms = offset_ms + ?1", [ms]).unwrap();
    }

    /// It is this instant, and time goes on from it.
    pub fn now_is(&self, at_ms: i64) {
        self.0.execute("update clock set offset_ms = ?1 - cast(unixepoch('subsec') * 1000 as integer)", [at_ms]).unwrap();
    }

    /// Each row's columns, joined by `|`; null is `-`.
    pub fn rows(&self, sql: &str) -> Vec<String> {
        let mut statement = self.0.prepare(sql).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            let cells = (0..columns).map(|column| {
                Ok(match row.get(column)? {
                    rusqlite::types::Value::Integer(number) => number.to_string(),
                    rusqlite::types::Value::Text(text) => text,
                    rusqlite::types::Value::Null => "-".to_owned(),
                    odd @ (rusqlite::types::Value::Real(_) | rusqlite::types::Value::Blob(_)) => format!("{odd:?}"),
                })
            });
            Ok(cells.collect::<rusqlite::Result<Vec<String>>>()?.join("|"))
        });
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// The events waiting to go out: type, aggregate, data.
    pub fn events(&self) -> Vec<String> {
        self.rows("select type, aggregate, data from outbox where state = 'pending' order by outbox_id")
    }

    /// Every row of every table: equal before and after means nothing was left behind.
    pub fn everything(&self) -> String {
        let tables: Vec<String> = self
            .0
            .prepare("select name from sqlite_schema where type = 'table' order by name")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let mut out = String::new();
        for table in tables {
            let mut statement = self.0.prepare(&format!("select * from \"{table}\" order by 1, 2")).unwrap();
            let columns = statement.column_count();
            let mut rows = statement.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                out.push_str(&table);
                for column in 0..columns {
                    let value: rusqlite::types::Value = row.get(column).unwrap();
                    out.push_str(&format!("|{value:?}"));
                }
                out.push('\n');
            }
        }
        out
    }

    /// `command` is refused as `refusal`, and nothing is left behind.
    pub fn refuses(&self, command: &Command, input: &Value, refusal: Refusal) {
        let before = self.everything();
        assert_eq!(self.apply(command, input), Err(StoreError::Refused(refusal)), "{}", command.name);
        assert_eq!(self.everything(), before, "{} left something behind", command.name);
    }

    /// The first column of the first row.
    pub fn one(&self, sql: &str) -> Value {
        let value: rusqlite::types::Value = self.0.query_row(sql, [], |row| row.get(0)).unwrap();
        match value {
            rusqlite::types::Value::Integer(number) => json!(number),
            rusqlite::types::Value::Text(text) => json!(text),
            rusqlite::types::Value::Null | rusqlite::types::Value::Real(_) | rusqlite::types::Value::Blob(_) => Value::Null,
        }
    }

    /// STOCK-10: counters are the sum of their movements, and reserved the sum of live reservations.
    pub fn stock_adds_up(&self) {
        let wrong = self.one(
            "select count(*) from stock as k where on_hand <> (select sum(on_hand_delta) from stock_movement as m where m.sku = k.sku and m.warehouse_id = k.warehouse_id)
              or reserved <> (select sum(reserved_delta) from stock_movement as m where m.sku = k.sku and m.warehouse_id = k.warehouse_id)
              or reserved <> coalesce((select sum(quantity) from reservation as r where r.sku = k.sku and r.warehouse_id = k.warehouse_id and r.status = 'active'), 0)",
        );
        assert_eq!(wrong, json!(0));
    }
}
