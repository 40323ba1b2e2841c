//! Spin's SQLite backend: one connection per process behind a mutex, one table, the label as a
//! column, one commit per changed value.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};

use crate::bindings::key_value::Error;

const TABLE: &str = "create table if not exists spin_key_value (
    store text not null,
    key   text not null,
    value blob not null,
    primary key (store, key)
)";

/// One file, opened at its first use.
pub struct StoreFile {
    path: PathBuf,
    connection: Mutex<Option<Connection>>,
}

impl StoreFile {
    /// A file that need not be there yet.
    pub fn new(path: PathBuf) -> Self {
        Self { path, connection: Mutex::new(None) }
    }

    /// Works on the shared connection. Blocks the thread, as Spin does: the mutex is held for one
    /// statement.
    fn with<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        let result = tokio::task::block_in_place(|| {
            let mut slot = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
            let connection = match slot.take() {
                Some(connection) => connection,
                None => {
                    let connection = Connection::open(&self.path)?;
                    connection.execute(TABLE, [])?;
                    connection
                }
            };
            work(slot.insert(connection))
        });
        result.map_err(|error| Error::Other(error.to_string()))
    }

    /// The value under `key` of the store labelled `store`.
    pub fn get(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>, Error> {
        self.with(|connection| {
            let mut get = connection
                .prepare_cached("select value from spin_key_value where store = ?1 and key = ?2")?;
            get.query_row([store, key], |row| row.get(0)).optional()
        })
    }

    /// Writes `value` under `key`.
    pub fn set(&self, store: &str, key: &str, value: &[u8]) -> Result<(), Error> {
        self.with(|connection| {
            let mut set = connection.prepare_cached(
                "insert into spin_key_value (store, key, value) values (?1, ?2, ?3)
                 on conflict (store, key) do update set value = ?3",
            )?;
            set.execute(params![store, key, value]).map(drop)
        })
    }

    /// Removes `key`, which may be missing.
    pub fn delete(&self, store: &str, key: &str) -> Result<(), Error> {
        self.with(|connection| {
            let mut delete = connection
                .prepare_cached("delete from spin_key_value where store = ?1 and key = ?2")?;
            delete.execute([store, key]).map(drop)
        })
    }

    /// Every key of the store.
    pub fn keys(&self, store: &str) -> Result<Vec<String>, Error> {
        self.with(|connection| {
            let mut keys =
                connection.prepare_cached("select key from spin_key_value where store = ?1")?;
            keys.query_map([store], |row| row.get(0))?.collect()
        })
    }
}
