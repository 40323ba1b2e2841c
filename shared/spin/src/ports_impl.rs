//! The ports over Spin's interfaces. A fresh instance serves each request, so what is opened here is opened
//! at its first use and closed with the request.

use crate::http::Outgoing;
use ports::{Clock, Config, ConfigError, Dialect, Kv, KvError, Ports, Random, Sql, SqlError};
use spin_sdk::{
    key_value::Store,
    sqlite3::{Connection, Value},
    variables,
};
use std::{cell::OnceCell, fmt::Debug};
use wasi::{clocks::wall_clock, random::random};

/// Everything the host offers one request.
/// The label of the shop's database.
pub(crate) const DEFAULT_DATABASE: &str = "default";

pub(crate) struct Host {
    sqlite: Sqlite,
    key_value: KeyValue,
}

impl Default for Host {
    fn default() -> Self {
        Self::on(DEFAULT_DATABASE)
    }
}

impl Host {
    /// With the database labelled `database` in the manifest.
    pub(crate) fn on(database: &'static str) -> Self {
        let sqlite = Sqlite { label: database, opened: OnceCell::new() };
        Self { sqlite, key_value: KeyValue::default() }
    }

    pub(crate) fn ports(&self) -> Ports<'_> {
        Ports { sql: &self.sqlite, kv: &self.key_value, http: &Outgoing, clock: &WallClock, random: &HostRandom, config: &Variables }
    }
}

struct Sqlite {
    label: &'static str,
    opened: OnceCell<Connection>,
}

impl Sqlite {
    fn execute(&self, sql: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, SqlError> {
        let connection = match self.opened.get() {
            Some(open) => open,
            None => {
                let opened = Connection::open(self.label).map_err(|error| failed(&error))?;
                self.opened.get_or_init(|| opened)
            }
        };
        let result = connection.execute(sql, parameters).map_err(|error| failed(&error))?;
        Ok(result.rows.into_iter().map(|row| row.values).collect())
    }
}

impl Sql for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn query(&self, sql: &str, doc: &str) -> Result<Vec<String>, SqlError> {
        self.execute(sql, &[Value::Text(doc.to_owned())])?
            .into_iter()
            .map(|row| match row.into_iter().next() {
                Some(Value::Text(text)) => Ok(text),
                // The other JSON-like values are what an expression without json() gives.
                Some(Value::Integer(number)) => Ok(number.to_string()),
                Some(Value::Real(number)) => Ok(number.to_string()),
                Some(Value::Null) => Ok("null".to_owned()),
                Some(Value::Blob(_)) => Err(other("the first column is a blob, not JSON text")),
                None => Err(other("the row has no column")),
            })
            .collect()
    }

    fn run(&self, sql: &str) -> Result<(), SqlError> {
        self.execute(sql, &[]).map(drop)
    }
}

fn failed(error: &spin_sdk::sqlite3::Error) -> SqlError {
    match error {
        spin_sdk::sqlite3::Error::Io(text) => other(text),
        spin_sdk::sqlite3::Error::NoSuchDatabase
        | spin_sdk::sqlite3::Error::AccessDenied
        | spin_sdk::sqlite3::Error::InvalidConnection
        | spin_sdk::sqlite3::Error::DatabaseFull => other(&format!("{error:?}")),
    }
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
