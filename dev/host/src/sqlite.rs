//! `spin:sqlite`, as Spin's in-process backend behaves: each guest `open` is a connection of its
//! own, opened at its first statement; foreign keys on and a busy timeout of 5 s because SQLite is
//! built and opened so; one statement per call, the rest of the text ignored; no file may be
//! attached; errors are text.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::{Value as SqlValue, ValueRef};
use wasmtime::component::Resource;

use crate::bindings::sqlite::{Error, Host, HostConnection, QueryResult, RowResult, Value};
use crate::faults::{Failing, Failure};
use crate::guest::{Guest, HANDLES_MAX};
use crate::instruments::{Kind, shorten};

/// Most bytes one result may have, as in Spin 4.
const RESULT_BYTES_MAX: usize = 128 << 20;

/// The application's database files by label.
#[derive(Debug)]
pub struct Databases(BTreeMap<String, PathBuf>);

/// One guest's `open`.
#[derive(Clone)]
pub struct OpenConnection {
    label: String,
    path: PathBuf,
    connection: Arc<Mutex<Option<Connection>>>,
}

impl Databases {
    /// Knows the files, and makes the folders they will stand in.
    pub fn new(files: BTreeMap<String, PathBuf>) -> Result<Self> {
        for path in files.values() {
            let folder = path.parent().unwrap_or(Path::new(""));
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
        Ok(Self(files))
    }

    fn connection(&self, label: &str) -> Option<OpenConnection> {
        let path = self.0.get(label)?.clone();
        Some(OpenConnection { label: label.to_owned(), path, connection: Arc::default() })
    }

    /// Runs a `--sqlite` argument: `@file[:label]` in full, a plain statement's first statement
    /// only.
    pub fn run_at_start(&self, argument: &str) -> Result<()> {
        let Some(file) = argument.strip_prefix('@') else {
            let database = self.connection("default").context("there is no default database")?;
            return match database.execute_blocking(argument, Vec::new()) {
                Ok(_) => Ok(()),
                Err(error) => Err(anyhow::anyhow!("--sqlite {:?}: {error}", shorten(argument))),
            };
        };
        let (file, label) = match file.trim().split_once(':') {
            Some((file, label)) => (file.trim(), label.trim()),
            None => (file.trim(), "default"),
        };
        ensure!(
            !file.is_empty() && !label.is_empty(),
            "--sqlite @{file}:{label} needs a file, and a label if it has a colon"
        );
        let database =
            self.connection(label).with_context(|| format!("there is no database {label:?}"))?;
        let sql = std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
        let ran = database
            .with(|connection| connection.execute_batch(&sql))
            .with_context(|| format!("cannot open {label:?}"))?;
        ran.with_context(|| format!("in {file}, against database {label:?}"))
    }
}

impl OpenConnection {
    fn with<T>(&self, work: impl FnOnce(&Connection) -> T) -> rusqlite::Result<T> {
        let mut slot = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = match slot.take() {
            Some(connection) => connection,
            None => {
                let connection = Connection::open(&self.path)?;
                connection.authorizer(Some(deny_attached_files));
                connection
            }
        };
        Ok(work(slot.insert(connection)))
    }

    fn execute_blocking(&self, sql: &str, parameters: Vec<Value>) -> rusqlite::Result<QueryResult> {
        self.with(|connection| query(connection, sql, parameters))?
    }

    /// Runs work on a thread that may block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let this = self.clone();
        let joined = tokio::task::spawn_blocking(move || work(&this)).await;
        joined
            .map_err(|error| Error::Io(error.to_string()))?
            .map_err(|error| Error::Io(error.to_string()))
    }
}

/// One statement; every row is fetched before the call returns, also those of RETURNING.
fn query(
    connection: &Connection,
    sql: &str,
    parameters: Vec<Value>,
) -> rusqlite::Result<QueryResult> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let width = columns.len();
    let mut found =
        statement.query(rusqlite::params_from_iter(parameters.into_iter().map(SqlValue::from)))?;
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while let Some(row) = found.next()? {
        let mut values = Vec::with_capacity(width);
        for column in 0..width {
            let value = row.get_ref(column)?;
            bytes += match value {
                ValueRef::Text(text) | ValueRef::Blob(text) => text.len(),
                ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => 8,
            };
            values.push(from_sql(value)?);
        }
        if bytes > RESULT_BYTES_MAX {
            let why = format!("query result exceeds limit of {RESULT_BYTES_MAX} bytes");
            return Err(rusqlite::Error::ToSqlConversionFailure(why.into()));
        }
        rows.push(RowResult { values });
    }
    Ok(QueryResult { columns, rows })
}

fn from_sql(value: ValueRef<'_>) -> rusqlite::Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Integer(integer),
        ValueRef::Real(real) => Value::Real(real),
        ValueRef::Text(text) => Value::Text(std::str::from_utf8(text)?.to_owned()),
        ValueRef::Blob(blob) => Value::Blob(blob.to_vec()),
    })
}

impl From<Value> for SqlValue {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Integer(integer) => Self::Integer(integer),
            Value::Real(real) => Self::Real(real),
            Value::Text(text) => Self::Text(text),
            Value::Blob(blob) => Self::Blob(blob),
        }
    }
}

/// Spin 4 denies attaching files; temporary and in-memory databases stay allowed.
fn deny_attached_files(context: AuthContext<'_>) -> Authorization {
    let is_file = |filename: &str| !matches!(filename, "" | ":memory:");
    if matches!(context.action, AuthAction::Attach { filename } if is_file(filename)) {
        Authorization::Deny
    } else {
        Authorization::Allow
    }
}

/// A file has no connection to lose; what it says when it is out of reach leaves as open whether
/// the effect came about.
impl Failing for Result<QueryResult, Error> {
    fn failing(failure: Failure) -> Option<Self> {
        let text = match failure {
            Failure::Busy => "database is locked",
            Failure::ConnectionLost => "disk I/O error",
            Failure::ConnectionRefused | Failure::Timeout => return None,
        };
        Some(Err(Error::Io(text.to_owned())))
    }
}

impl Host for Guest {}

impl HostConnection for Guest {
    async fn open(
        &mut self,
        label: String,
    ) -> wasmtime::Result<Result<Resource<OpenConnection>, Error>> {
        if !self.component.sqlite_databases.contains(&label) {
            return Ok(Err(Error::AccessDenied));
        }
        let Some(connection) = self.app.databases.connection(&label) else {
            return Ok(Err(Error::NoSuchDatabase));
        };
        if self.connections_open >= HANDLES_MAX {
            return Ok(Err(Error::Io("too many connections opened".to_owned())));
        }
        self.connections_open += 1;
        Ok(Ok(self.table.push(connection)?))
    }

    async fn execute(
        &mut self,
        handle: Resource<OpenConnection>,
        sql: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<QueryResult, Error>> {
        let connection = self.table.get(&handle)?.clone();
        let instruments = self.instruments.clone();
        let label = format!("{}: {}", connection.label, shorten(&sql));
        let kind = Kind::of_sql(&sql);
        let effect =
            connection.blocking(move |connection| connection.execute_blocking(&sql, parameters));
        instruments.call(kind, label, effect).await
    }

    async fn last_insert_rowid(
        &mut self,
        handle: Resource<OpenConnection>,
    ) -> wasmtime::Result<i64> {
        let connection = self.table.get(&handle)?.clone();
        let answer =
            connection.blocking(|connection| connection.with(Connection::last_insert_rowid)).await;
        answer.map_err(|error| wasmtime::format_err!("{error}"))
    }

    async fn changes(&mut self, handle: Resource<OpenConnection>) -> wasmtime::Result<u64> {
        let connection = self.table.get(&handle)?.clone();
        let answer = connection.blocking(|connection| connection.with(Connection::changes)).await;
        answer.map_err(|error| wasmtime::format_err!("{error}"))
    }

    async fn drop(&mut self, handle: Resource<OpenConnection>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        self.connections_open -= 1;
        Ok(())
    }
}
