//! SQLite behind the port: a shop in memory for each test, or in a file for those that race.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use ports::{Dialect, Sql, SqlError};
use rusqlite::{Connection, types::Value};

/// The baseline that ships.
pub const BASELINE: &str = include_str!("../../migrations/sqlite/baseline.sql");
/// The demo shop.
pub const DEMO: &str = include_str!("../../migrations/sqlite/demo.sql");
/// Every column: table, name, type, and whether a row needs it said.
pub const COLUMNS: &str =
    "select m.name, c.name, c.type, case when c.\"notnull\" and c.dflt_value is null then 'required' else 'optional' end
    from sqlite_schema as m join pragma_table_info(m.name) as c where m.type = 'table' order by 1, 2";
/// Every index and view, by name.
pub const NAMED: &str = "select name, sql from sqlite_schema where type in ('index', 'view') and sql is not null order by 1";
/// The names of all tables.
pub const TABLES: &str = "select name from sqlite_schema where type = 'table' order by name";
/// The clock without its offset.
pub const CLOCK_MS: &str = "cast(unixepoch('subsec') * 1000 as integer)";

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
    set_up(Connection::open_in_memory().unwrap())
}

fn set_up(connection: Connection) -> Database {
    connection.execute_batch(BASELINE).unwrap();
    connection.execute_batch(DEMO).unwrap();
    Database(connection)
}

impl Database {
    pub fn try_exec(&self, sql: &str) -> Result<(), SqlError> {
        self.run(sql)
    }

    /// The rows of any query, as texts.
    pub fn cells(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        let mut statement = self.0.prepare(sql).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            let cells = (0..columns).map(|column| {
                Ok(match row.get(column)? {
                    Value::Null => None,
                    Value::Integer(number) => Some(number.to_string()),
                    Value::Text(text) => Some(text),
                    odd @ (Value::Real(_) | Value::Blob(_)) => Some(format!("{odd:?}")),
                })
            });
            cells.collect::<rusqlite::Result<Vec<_>>>()
        });
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }
}

/// The demo shop in a file, for several connections; removed with the value.
pub struct SharedShop(PathBuf);

impl SharedShop {
    pub fn new() -> Self {
        let shared = Self::empty();
        set_up(shared.open().0);
        shared
    }

    /// Without any schema.
    pub fn empty() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("edgetill-store-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// A connection of one's own. What is tested is not durability, so nothing waits for the disk.
    pub fn open(&self) -> Database {
        let connection = Connection::open(self.0.join("shop.db")).unwrap();
        connection.busy_timeout(Duration::from_secs(60)).unwrap();
        connection.execute_batch("pragma synchronous = off").unwrap();
        Database(connection)
    }
}

impl Drop for SharedShop {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{}: {error}", self.0.display());
        }
    }
}
