//! The ports over Spin's interfaces. A fresh instance serves each request, so what is opened here
//! is opened at its first use and closed with the request. But for a connection to PostgreSQL,
//! which is dear: it goes back to the host's pool before every call to anything else that may take
//! long (HTTP, Redis, key-values) and before the reply, and the next statement opens one anew.

use crate::{http::Outgoing, postgres_error};
use config::DATABASE_URL;
use ports::{Clock, Config, ConfigError, Dialect, Kv, KvError, Ports, Random, Sql, SqlError};
use spin_sdk::{
    key_value::Store,
    pg4,
    sqlite3::{Connection, Value},
    variables,
};
use std::{
    cell::{Cell, OnceCell, RefCell},
    fmt::Debug,
    rc::Rc,
};
use wasi::{
    clocks::{monotonic_clock, wall_clock},
    random::random,
};

/// The label of the SQLite database, as the manifest has it.
const DATABASE: &str = "default";

/// How long to wait, one after the other, before a PostgreSQL that takes no more connections is
/// asked again: 2 s in all, and half as much again at most. Requests of the same function give
/// theirs back sooner, and those that idle in the pools of other functions are ended by the server
/// (`idle_session_timeout`). Refused for longer, the client is told to come again.
const ASK_AGAIN_AFTER_MS: [u64; 6] = [25, 75, 150, 350, 600, 800];
/// A connection that has waited for its guest for so long goes through the pool before it is used
/// again: the server may have ended it, which the pool notices, and a statement on it could not
/// tell whether it had run.
const UNUSED_MS_MAX: u64 = 500;
const NANOSECONDS_PER_MS: u64 = 1_000_000;

/// Everything the host offers one request.
pub(crate) struct Host {
    database: Rc<Database>,
    outgoing: Outgoing,
    key_value: KeyValue,
}

impl Default for Host {
    fn default() -> Self {
        let database = Rc::new(Database { url: OnceCell::new(), opened: RefCell::new(None) });
        let key_value = KeyValue { database: database.clone(), opened: OnceCell::new() };
        Self { outgoing: Outgoing::beside(database.clone()), database, key_value }
    }
}

impl Host {
    pub(crate) fn ports(&self) -> Ports<'_> {
        Ports {
            sql: &*self.database,
            kv: &self.key_value,
            http: &self.outgoing,
            clock: &WallClock,
            random: &HostRandom,
            config: &Variables,
        }
    }
}

/// The one database of a request.
struct Database {
    url: OnceCell<Result<String, SqlError>>,
    opened: RefCell<Option<Opened>>,
}

enum Opened {
    Sqlite(Connection),
    /// With when it was last used, by the monotonic clock.
    Postgres(pg4::Connection, Cell<u64>),
}

impl Opened {
    /// Whether it may have been ended while its guest was busy with other things.
    fn is_stale(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(_, used) => {
                monotonic_clock::now().saturating_sub(used.get())
                    > UNUSED_MS_MAX.saturating_mul(NANOSECONDS_PER_MS)
            }
        }
    }
}

impl Database {
    /// PostgreSQL's connection string; not bound or empty, the database is SQLite. One that should
    /// be there and cannot be read is an error: a shop must not write to another database because
    /// its secrets are out of reach.
    fn url(&self) -> &Result<String, SqlError> {
        self.url.get_or_init(|| {
            let bound = DATABASE_URL.bound(&Variables);
            // There is a server, and it cannot be known where.
            bound.map(Option::unwrap_or_default).map_err(|unusable| {
                postgres_error::coded(postgres_error::UNREACHABLE, unusable.to_string())
            })
        })
    }

    /// Uses the open connection, or opens one.
    fn with<T>(&self, work: impl FnOnce(&Opened) -> Result<T, SqlError>) -> Result<T, SqlError> {
        let mut opened = self.opened.borrow_mut();
        if opened.as_ref().is_some_and(Opened::is_stale) {
            *opened = None;
        }
        let open = match &mut *opened {
            Some(open) => open,
            none => none.insert(self.open()?),
        };
        let done = work(open);
        if let Opened::Postgres(_, used) = open {
            used.set(monotonic_clock::now());
        }
        done
    }

    fn open(&self) -> Result<Opened, SqlError> {
        let url = self.url().as_ref().map_err(Clone::clone)?;
        if url.is_empty() {
            return Connection::open(DATABASE)
                .map(Opened::Sqlite)
                .map_err(|error| sqlite_failed(&error));
        }
        let mut waits = ASK_AGAIN_AFTER_MS.into_iter();
        loop {
            let refused = match pg4::Connection::open(url).map_err(postgres_error::failed) {
                Ok(connection) => {
                    return Ok(Opened::Postgres(connection, Cell::new(monotonic_clock::now())));
                }
                Err(refused) => refused,
            };
            match waits.next() {
                Some(wait_ms) if refused.code == postgres_error::TOO_MANY => sleep(wait_ms),
                Some(_) | None => return Err(refused),
            }
        }
    }
}

/// Half of it to one and a half: a crowd that was refused in one moment does not come back in one.
fn sleep(about_ms: u64) {
    let about = about_ms.saturating_mul(NANOSECONDS_PER_MS);
    let drawn = random::get_random_u64().checked_rem(about).unwrap_or_default();
    monotonic_clock::subscribe_duration((about / 2).saturating_add(drawn)).block();
}

impl Sql for Database {
    fn dialect(&self) -> Dialect {
        match self.url() {
            Ok(url) if url.is_empty() => Dialect::Sqlite,
            Ok(_) | Err(_) => Dialect::Postgres,
        }
    }

    fn query(&self, sql: &str, doc: &str) -> Result<Vec<String>, SqlError> {
        self.with(|opened| match opened {
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
            Opened::Postgres(connection, _) => connection
                .query(sql, &[pg4::ParameterValue::Str(doc.to_owned())])
                .map_err(postgres_error::failed)?
                .rows
                .into_iter()
                .filter_map(|row| match row.into_iter().next() {
                    Some(pg4::DbValue::Str(text)) => Some(Ok(text)),
                    Some(pg4::DbValue::DbNull) => None,
                    // Statements cast to text: every other type would only be code that is never
                    // run.
                    Some(_) | None => Some(Err(no_text())),
                })
                .collect(),
        })
    }

    fn run(&self, sql: &str) -> Result<(), SqlError> {
        self.with(|opened| match opened {
            Opened::Sqlite(connection) => {
                connection.execute(sql, &[]).map(drop).map_err(|error| sqlite_failed(&error))
            }
            Opened::Postgres(connection, _) => {
                connection.execute(sql, &[]).map(drop).map_err(postgres_error::failed)
            }
        })
    }

    fn give_back(&self) {
        // Dropping the handle is what gives it back. A file's connection is nobody else's, and
        // opening it reads the whole schema.
        self.opened
            .replace_with(|opened| opened.take().filter(|open| matches!(open, Opened::Sqlite(_))));
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

struct KeyValue {
    database: Rc<Database>,
    opened: OnceCell<Store>,
}

impl KeyValue {
    /// The store, about to be used: it may be a Redis, to which Spin sets no limit, or a file that
    /// others write to.
    fn store(&self) -> Result<&Store, KvError> {
        self.database.give_back();
        match self.opened.get() {
            Some(open) => Ok(open),
            None => {
                let opened = Store::open_default().map_err(kv_failed)?;
                Ok(self.opened.get_or_init(|| opened))
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

/// Every entry of the key-value store, for the hooks of the end-to-end suite: the shop itself never
/// lists keys.
///
/// # Errors
/// When the store cannot be read.
pub fn key_values(prefix: &str) -> Result<Vec<(String, Vec<u8>)>, KvError> {
    let store = Store::open_default().map_err(kv_failed)?;
    let mut entries = Vec::new();
    for key in
        store.get_keys().map_err(kv_failed)?.into_iter().filter(|key| key.starts_with(prefix))
    {
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
        variables::get(name).map_err(|error| match error {
            variables::Error::Undefined(_) => ConfigError::Undefined { name: name.to_owned() },
            error @ (variables::Error::InvalidName(_)
            | variables::Error::Provider(_)
            | variables::Error::Other(_)) => {
                ConfigError::Provider { name: name.to_owned(), reason: format!("{error:?}") }
            }
        })
    }
}
