//! The ports that are no calls: databases, time, chance, variables.

use crate::World;
use ports::{Clock, Config, ConfigError, Dialect, Ports, Random, Sql, SqlError};
use rusqlite::{Connection, functions::FunctionFlags, types::Value};
use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

/// SQLite in memory, whose clock is the world's.
pub(crate) struct Database {
    connection: Connection,
    /// How many statements it still answers; none is all.
    pub(crate) answers: Cell<Option<u32>>,
}

impl Database {
    pub(crate) fn new(now_ms: &Arc<AtomicI64>) -> Self {
        let connection = Connection::open_in_memory().expect("SQLite opens in memory");
        let now_ms = Arc::clone(now_ms);
        // The shop's statements ask SQLite for the time, so SQLite is told what time it is. Half a
        // millisecond more, because they cut off what is behind the millisecond.
        let now_s = move |_: &rusqlite::functions::Context<'_>| {
            Ok((now_ms.load(Ordering::Relaxed) as f64 + 0.5) / 1_000.0)
        };
        connection
            .create_scalar_function("unixepoch", -1, FunctionFlags::SQLITE_UTF8, now_s)
            .expect("SQLite takes a function");
        Self { connection, answers: Cell::new(None) }
    }

    pub(crate) fn script(&self, sql: &str) {
        self.connection.execute_batch(sql).unwrap_or_else(|error| panic!("{error} in {sql}"));
    }

    pub(crate) fn rows(&self, sql: &str) -> Vec<String> {
        let mut statement = match self.connection.prepare(sql) {
            Ok(statement) => statement,
            // The simulator makes its tables at its first call.
            Err(error) if error.to_string().contains("no such table") => return Vec::new(),
            Err(error) => panic!("{error} in {sql}"),
        };
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            let cells = (0..columns).map(|column| {
                Ok(match row.get(column)? {
                    Value::Null => "-".to_owned(),
                    Value::Integer(number) => number.to_string(),
                    Value::Text(text) => text,
                    odd @ (Value::Real(_) | Value::Blob(_)) => format!("{odd:?}"),
                })
            });
            Ok(cells.collect::<rusqlite::Result<Vec<_>>>()?.join("|"))
        });
        rows.and_then(Iterator::collect).unwrap_or_else(|error| panic!("{error} in {sql}"))
    }

    fn answers(&self) -> Result<(), SqlError> {
        match self.answers.get() {
            None => Ok(()),
            // As a PostgreSQL that is away says it; SQLite has no such thing.
            Some(0) => Err(SqlError {
                code: "08006".to_owned(),
                constraint: None,
                text: "connection closed".to_owned(),
            }),
            Some(left) => {
                self.answers.set(Some(left - 1));
                Ok(())
            }
        }
    }
}

fn text(error: impl ToString) -> SqlError {
    SqlError { code: String::new(), constraint: None, text: error.to_string() }
}

impl Sql for Database {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn query(&self, sql: &str, doc: &str) -> Result<Vec<String>, SqlError> {
        self.answers()?;
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut statement = self.connection.prepare_cached(sql)?;
            statement.query_map([doc], |row| row.get(0))?.collect()
        };
        read().map_err(text)
    }

    fn run(&self, sql: &str) -> Result<(), SqlError> {
        self.answers()?;
        self.connection.execute_batch(sql).map_err(text)
    }
}

impl Clock for World {
    fn wall_ms(&self) -> i64 {
        self.now_ms()
    }
}

impl Random for World {
    fn fill(&self, bytes: &mut [u8]) {
        for piece in bytes.chunks_mut(8) {
            let drawn = self.draw().wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
            piece.copy_from_slice(&drawn[..piece.len()]);
        }
    }

    fn id(&self) -> String {
        let now = format!("{:012x}", self.now_ms());
        format!("{}-{}-7000-8000-{:012x}", &now[..8], &now[8..], self.draw())
    }
}

impl Config for World {
    fn get(&self, name: &str) -> Result<String, ConfigError> {
        let missing = || ConfigError::Undefined { name: name.to_owned() };
        self.variables.borrow().get(name).cloned().ok_or_else(missing)
    }
}

impl World {
    fn draw(&self) -> u64 {
        self.drawn.set(self.drawn.get() + 1);
        self.drawn.get()
    }

    /// The simulator's own world: its database, and the right sink secret whatever the shop's is.
    pub(crate) fn simulators_ports(&self) -> Ports<'_> {
        Ports {
            sql: &self.simulator,
            kv: self,
            http: self,
            clock: self,
            random: self,
            config: &SimulatorsConfig,
        }
    }
}

struct SimulatorsConfig;

impl Config for SimulatorsConfig {
    fn get(&self, name: &str) -> Result<String, ConfigError> {
        match name {
            "event_sink_secret" => Ok(crate::SINK_SECRET.to_owned()),
            _ => Err(ConfigError::Undefined { name: name.to_owned() }),
        }
    }
}
