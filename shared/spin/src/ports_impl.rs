//! The ports over Spin's interfaces. A fresh instance serves each request, so what is opened here is opened
//! at its first use and closed with the request.

use crate::{http::Outgoing, postgres_error};
use ports::{Clock, Config, ConfigError, Dialect, Kv, KvError, Ports, Random, Sql, SqlError};
use spin_sdk::{
    key_value::Store,
    pg4,
    sqlite3::{Connection, Value},
    variables,
};
use std::{cell::OnceCell, fmt::Debug};
use wasi::{clocks::wall_clock, random::random};

/// The label of the shop's SQLite database.
pub(crate) const DEFAULT_DATABASE: &str = "default";
/// The variable with PostgreSQL's connection string; not bound or empty, the database is SQLite.
const DATABASE_URL: &str = "database_url";

/// Everything the host offers one request.
pub(crate) struct Host {
    database: Database,
    key_value: KeyValue,
}

impl Default for Host {
    fn default() -> Self {
        Self::on(DEFAULT_DATABASE)
    }
}

impl Host {
    /// With the SQLite database labelled `label` in the manifest, unless PostgreSQL is configured.
    pub(crate) fn on(label: &'static str) -> Self {
        let database = Database { label, url: OnceCell::new(), opened: OnceCell::new() };
        Self { database, key_value: KeyValue::default() }
    }

    pub(crate) fn ports(&self) -> Ports<'_> {
        Ports { sql: &self.database, kv: &self.key_value, http: &Outgoing, clock: &WallClock, random: &HostRandom, config: &Variables }
    }
}

/// The one database of a request.
struct Database {
    label: &'static str,
    url: OnceCell<Result<String, SqlError>>,
    opened: OnceCell<Opened>,
}

enum Opened {
    Sqlite(Connection),
    Postgres(pg4::Connection),
}

impl Database {
    /// PostgreSQL's connection string; empty for SQLite. One that should be there and cannot be read is an error:
    /// a shop must not write to another database because its secrets are out of reach.
    fn url(&self) -> &Result<String, SqlError> {
        self.url.get_or_init(|| match variables::get(DATABASE_URL) {
            Ok(url) => Ok(url),
            Err(variables::Error::Undefined(_)) => Ok(String::new()),
            Err(error) => Err(other(&format!("{error:?}"))),
        })
    }

    fn opened(&self) -> Result<&Opened, SqlError> {
        if let Some(open) = self.opened.get() {
            return Ok(open);
        }
        let url = self.url().as_ref().map_err(Clone::clone)?;
        let opened = if url.is_empty() {
            Connection::open(self.label).map(Opened::Sqlite).map_err(|error| sqlite_failed(&error))?
        } else {
            pg4::Connection::open(url).map(Opened::Postgres).map_err(postgres_error::failed)?
        };
        Ok(self.opened.get_or_init(|| opened))
    }
}

impl Sql for Database {
    fn dialect(&self) -> Dialect {
        match self.url() {
            Ok(url) if url.is_empty() => Dialect::Sqlite,
            Ok(_) | Err(_) => Dialect::Postgres,
        }
    }

    fn query(&self, sql: &str, doc: &str) -> Result<Vec<String>, SqlError> {
        match self.opened()? {
            Opened::Sqlite(connection) => connection
                .execute(sql, &[Value::Text(doc.to_owned())])
                .map_err(|error| sqlite_failed(&error))?
                .rows
                .into_iter()
                .map(|row| match row.values.into_iter().next() {
                    Some(Value::Text(text)) => Ok(text),
                    // The other JSON-like values are what an expression without json() gives.
                    Some(Value::Integer(number)) => Ok(number.to_string()),
                    Some(Value::Null) => Ok("null".to_owned()),
                    Some(Value::Real(_) | Value::Blob(_)) | None => Err(no_text()),
                })
                .collect(),
            Opened::Postgres(connection) => connection
                .query(sql, &[pg4::ParameterValue::Str(doc.to_owned())])
                .map_err(postgres_error::failed)?
                .rows
                .into_iter()
                .filter_map(|row| match row.into_iter().next() {
                    Some(pg4::DbValue::Str(text)) => Some(Ok(text)),
                    Some(pg4::DbValue::DbNull) => None,
                    // Statements cast to text: every other type would only be code that is never run.
                    Some(_) | None => Some(Err(no_text())),
                })
                .collect(),
        }
    }

    fn run(&self, sql: &str) -> Result<(), SqlError> {
        match self.opened()? {
            Opened::Sqlite(connection) => connection.execute(sql, &[]).map(drop).map_err(|error| sqlite_failed(&error)),
            Opened::Postgres(connection) => connection.execute(sql, &[]).map(drop).map_err(postgres_error::failed),
        }
    }
}

fn sqlite_failed(error: &spin_sdk::sqlite3::Error) -> SqlError {
    match error {
        spin_sdk::sqlite3::Error::Io(text) => other(text),
        spin_sdk::sqlite3::Error::NoSuchDatabase
        | spin_sdk::sqlite3::Error::AccessDenied
        | spin_sdk::sqlite3::Error::InvalidConnection
        | spin_sdk::sqlite3::Error::DatabaseFull => other(&format!("{error:?}")),
    }
}

fn no_text() -> SqlError {
    other("the first column is no JSON text")
}

fn other(text: &str) -> SqlError {
    SqlError { code: String::new(), constraint: None, text: text.to_owned() }
}

#[derive(Default)]
struct KeyValue(OnceCell<Store>);

impl KeyValue {
    fn store(&self) -> Result<&Store, KvError> {
        match self.0.get() {
            Some(open) => Ok(open),
            None => {
                let opened = Store::open_default().map_err(kv_failed)?;
                Ok(self.0.get_or_init(|| opened))
            }
        }
    }
}

impl Kv for KeyValue {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        self.store()?.get(key).map_err(kv_failed)
    }

    fn set(&self, key: &str, value: &[u8]) -> Result<(), KvError> {
        self.store()?.set(key, value).map_err(kv_failed)
    }

    fn delete(&self, key: &str) -> Result<(), KvError> {
        self.store()?.delete(key).map_err(kv_failed)
    }
}

/// Every entry of the key-value store, for the hooks of the end-to-end suite: the shop itself never lists keys (DESIGN §1.5).
///
/// # Errors
/// When the store cannot be read.
pub fn key_values() -> Result<Vec<(String, Vec<u8>)>, KvError> {
    let store = Store::open_default().map_err(kv_failed)?;
    let mut entries = Vec::new();
    for key in store.get_keys().map_err(kv_failed)? {
        // A key deleted meanwhile has no value.
        if let Some(value) = store.get(&key).map_err(kv_failed)? {
            entries.push((key, value));
        }
    }
    Ok(entries)
}

fn kv_failed(error: impl Debug) -> KvError {
    KvError(format!("{error:?}"))
}

struct WallClock;

impl Clock for WallClock {
    fn wall_ms(&self) -> i64 {
        i64::try_from(wall_ms()).unwrap_or(i64::MAX)
    }
}

fn wall_ms() -> u64 {
    let now = wall_clock::now();
    now.seconds.saturating_mul(1_000).saturating_add(u64::from(now.nanoseconds / 1_000_000))
}

struct HostRandom;

impl Random for HostRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let drawn = random::get_random_bytes(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        for (byte, random) in bytes.iter_mut().zip(drawn) {
            *byte = random;
        }
    }

    fn id(&self) -> String {
        let mut entropy = [0; 10];
        self.fill(&mut entropy);
        uuid::Builder::from_unix_timestamp_millis(wall_ms(), &entropy).into_uuid().to_string()
    }
}

struct Variables;

impl Config for Variables {
    fn get(&self, name: &str) -> Result<String, ConfigError> {
        variables::get(name).map_err(|error| ConfigError { name: name.to_owned(), reason: format!("{error:?}") })
    }
}
