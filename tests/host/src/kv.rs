//! `fermyon:spin/key-value`, as Spin's SQLite backend behaves: one connection per process behind a mutex, one table,
//! the label as a column, one commit per changed value.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use rusqlite::{Connection, OptionalExtension, params};
use wasmtime::component::Resource;

use crate::bindings::key_value::{Error, Host, HostStore};
use crate::guest::{Guest, HANDLES_MAX};
use crate::instruments::Kind;

const TABLE: &str = "create table if not exists spin_key_value (
    store text not null,
    key   text not null,
    value blob not null,
    primary key (store, key)
)";

/// The application's key-value files.
pub struct Stores(BTreeMap<String, Arc<StoreFile>>);

/// One file, opened at its first use.
struct StoreFile {
    path: PathBuf,
    connection: Mutex<Option<Connection>>,
}

/// One guest's `open`.
#[derive(Clone)]
pub struct OpenStore {
    label: String,
    file: Arc<StoreFile>,
}

impl Stores {
    /// Knows the files by label.
    pub fn new(files: BTreeMap<String, PathBuf>) -> Self {
        let file = |path| Arc::new(StoreFile { path, connection: Mutex::new(None) });
        Self(files.into_iter().map(|(label, path)| (label, file(path))).collect())
    }
}

/// Sets a key-value file up from outside, before any host has it open: WAL, which no guest can ask for, triples
/// the writes per second.
pub fn switch_to_wal(path: &Path) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let connection = Connection::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    connection.execute_batch(&format!("pragma journal_mode = wal; {TABLE};"))?;
    Ok(())
}

impl OpenStore {
    /// Works on the shared connection. Blocks the thread, as Spin does: the mutex is held for one statement.
    fn with<T>(&self, work: impl FnOnce(&Connection, &str) -> rusqlite::Result<T>) -> Result<T, Error> {
        let result = tokio::task::block_in_place(|| {
            let mut slot = self.file.connection.lock().unwrap_or_else(PoisonError::into_inner);
            let connection = match slot.take() {
                Some(connection) => connection,
                None => {
                    let connection = Connection::open(&self.file.path)?;
                    connection.execute(TABLE, [])?;
                    connection
                }
            };
            work(slot.insert(connection), &self.label)
        });
        result.map_err(|error| Error::Other(error.to_string()))
    }

    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        self.with(|connection, store| {
            let mut get = connection.prepare_cached("select value from spin_key_value where store = ?1 and key = ?2")?;
            get.query_row([store, key], |row| row.get(0)).optional()
        })
    }

    fn set(&self, key: &str, value: &[u8]) -> Result<(), Error> {
        self.with(|connection, store| {
            let mut set = connection.prepare_cached(
                "insert into spin_key_value (store, key, value) values (?1, ?2, ?3)
                 on conflict (store, key) do update set value = ?3",
            )?;
            set.execute(params![store, key, value]).map(drop)
        })
    }

    fn delete(&self, key: &str) -> Result<(), Error> {
        self.with(|connection, store| {
            let mut delete = connection.prepare_cached("delete from spin_key_value where store = ?1 and key = ?2")?;
            delete.execute([store, key]).map(drop)
        })
    }

    fn keys(&self) -> Result<Vec<String>, Error> {
        self.with(|connection, store| {
            let mut keys = connection.prepare_cached("select key from spin_key_value where store = ?1")?;
            keys.query_map([store], |row| row.get(0))?.collect()
        })
    }
}

impl Guest {
    /// One key-value operation on an open handle.
    async fn kv<T>(
        &mut self,
        kind: Kind,
        handle: &Resource<OpenStore>,
        key: &str,
        work: impl FnOnce(&OpenStore) -> Result<T, Error>,
    ) -> wasmtime::Result<Result<T, Error>> {
        let store = self.table.get(handle)?.clone();
        let label = format!("{}: {key}", store.label);
        self.instruments.clone().call(kind, label, async { work(&store) }).await
    }
}

impl Host for Guest {}

impl HostStore for Guest {
    async fn open(&mut self, label: String) -> wasmtime::Result<Result<Resource<OpenStore>, Error>> {
        if !self.component.key_value_stores.contains(&label) {
            return Ok(Err(Error::AccessDenied));
        }
        let Some(file) = self.app.stores.0.get(&label) else {
            return Ok(Err(Error::NoSuchStore));
        };
        if self.stores_open >= HANDLES_MAX {
            return Ok(Err(Error::StoreTableFull));
        }
        self.stores_open += 1;
        Ok(Ok(self.table.push(OpenStore { label, file: file.clone() })?))
    }

    async fn get(&mut self, handle: Resource<OpenStore>, key: String) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        self.kv(Kind::KvGet, &handle, &key, |store| store.get(&key)).await
    }

    async fn set(&mut self, handle: Resource<OpenStore>, key: String, value: Vec<u8>) -> wasmtime::Result<Result<(), Error>> {
        self.kv(Kind::KvSet, &handle, &key, |store| store.set(&key, &value)).await
    }

    async fn delete(&mut self, handle: Resource<OpenStore>, key: String) -> wasmtime::Result<Result<(), Error>> {
        self.kv(Kind::KvDelete, &handle, &key, |store| store.delete(&key)).await
    }

    async fn exists(&mut self, handle: Resource<OpenStore>, key: String) -> wasmtime::Result<Result<bool, Error>> {
        self.kv(Kind::KvGet, &handle, &key, |store| store.get(&key).map(|value| value.is_some())).await
    }

    async fn get_keys(&mut self, handle: Resource<OpenStore>) -> wasmtime::Result<Result<Vec<String>, Error>> {
        self.kv(Kind::KvKeys, &handle, "*", OpenStore::keys).await
    }

    async fn drop(&mut self, handle: Resource<OpenStore>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        self.stores_open -= 1;
        Ok(())
    }
}
