//! `spin:postgres`, as Spin's factor behaves: one pool per component and address, 64 connections
//! each, waited for without limit. A connection goes back when the guest drops its handle, as the
//! guest left it; the one that was given back longest ago is lent first, cleaned by a round trip,
//! which ends no transaction (so one that a trapped guest left open is the next borrower's) and
//! finds out whether the server has ended the session: then the next one is taken, or a new one
//! made. No pool closes an idle connection, and where the server takes no more, an `open` fails at
//! once. `[outbound_pg] max_connections`, as after Spin 4.0.2, bounds what the guests of all
//! components hold, waited for without limit, and not what idles. Every statement is prepared anew;
//! errors carry SQLSTATE and constraint; a `timestamptz` cannot be read. And as Spin 4.0: an error
//! that comes with the rows, not before, is flattened to a text; only that a query without rows
//! traps, where Spin never returns (spinframework/spin#3671).
//!
//! Not as Spin: no TLS (a connection string that requires it is refused), and `numeric`, ranges and
//! `interval` are refused by name instead of carried.

#![expect(
    clippy::result_large_err,
    reason = "the interface's error carries all that PostgreSQL says"
)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod};
use futures_util::TryStreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::config::Host as ServerHost;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, private::BytesMut, to_sql_checked};
use tokio_postgres::{Config, NoTls, Row};
use wasmtime::component::Resource;

use crate::allowed_hosts::AllowedHosts;
use crate::bindings::postgres::{
    Column, DbDataType, DbError, DbValue, Error, Host, HostConnection, ParameterValue, QueryError,
    RowSet,
};
use crate::faults::{Failing, Failure, Fault};
use crate::guest::Guest;
use crate::instruments::{Kind, Struck, shorten};

/// Connections a pool holds, as in Spin.
const POOL_SIZE: usize = 64;
/// Connections a run may have open, as in Spin.
const CONNECTIONS_MAX: usize = 1024;
/// Most bytes one result may have, as in Spin 4.
const RESULT_BYTES_MAX: usize = 128 << 20;

/// One component's pools by connection string.
#[derive(Default)]
pub struct Pools(Mutex<BTreeMap<String, Pool>>);

/// One guest's `open`: a connection lent by a pool, and the leave to hold one, where that is
/// needed.
#[derive(Clone)]
pub struct OpenDatabase(
    Arc<Object>,
    #[expect(dead_code, reason = "held, and given back with the connection")]
    Option<Arc<OwnedSemaphorePermit>>,
);

/// How many connections guests may hold at a time, all components together.
#[derive(Clone, Default)]
pub struct Bound(Option<Arc<Semaphore>>);

/// How many connections there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Connections {
    /// Open to the server.
    pub open: usize,
    /// Of these, held by guests.
    pub in_use: usize,
}

type Parameter = Box<dyn ToSql + Send + Sync>;

impl Pools {
    fn of(&self, address: &str) -> Result<Pool> {
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.get(address) {
            return Ok(pool.clone());
        }
        let config: Config = address.parse().context("parsing Postgres connection string")?;
        let manager = Manager::from_config(
            config,
            NoTls,
            ManagerConfig { recycling_method: RecyclingMethod::Clean },
        );
        let pool = Pool::builder(manager)
            .max_size(POOL_SIZE)
            .build()
            .context("building Postgres connection pool")?;
        pools.insert(address.to_owned(), pool.clone());
        Ok(pool)
    }

    async fn borrow(&self, address: &str) -> Result<Object> {
        Ok(self.of(address)?.get().await?)
    }

    /// The component's connections now.
    pub fn connections(&self) -> Connections {
        let pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pools.values().map(Pool::status).fold(Connections::default(), |sum, pool| Connections {
            open: sum.open + pool.size,
            in_use: sum.in_use + pool.size.saturating_sub(pool.available),
        })
    }
}

impl Bound {
    /// So many; without a number as many as the pools have.
    pub fn of(max: Option<usize>) -> Self {
        Self(max.map(|max| Arc::new(Semaphore::new(max))))
    }

    async fn leave(&self) -> Result<Option<Arc<OwnedSemaphorePermit>>, Error> {
        let Some(semaphore) = &self.0 else { return Ok(None) };
        let refused = |_| Error::ConnectionFailed("too many connections".to_owned());
        semaphore
            .clone()
            .acquire_owned()
            .await
            .map(|permit| Some(Arc::new(permit)))
            .map_err(refused)
    }
}

/// Every host of the connection string must be allowed as `postgres://host:port`.
fn check_allowed(hosts: &AllowedHosts, address: &str) -> Result<(), Error> {
    let config: Config = address
        .parse()
        .map_err(|error: tokio_postgres::Error| Error::ConnectionFailed(error.to_string()))?;
    let ports = config.get_ports();
    for (position, host) in config.get_hosts().iter().enumerate() {
        let host = match host {
            ServerHost::Tcp(host) => host,
            ServerHost::Unix(_) => {
                return Err(Error::ConnectionFailed(
                    "Unix sockets are not supported on WebAssembly".to_owned(),
                ));
            }
        };
        let port = ports.get(position).or(if ports.len() == 1 { ports.first() } else { None });
        let url = match port {
            Some(port) => format!("postgres://{host}:{port}"),
            None => format!("postgres://{host}"),
        };
        if !url.parse().is_ok_and(|uri| hosts.allow(&uri)) {
            return Err(Error::ConnectionFailed(format!("address {url} is not permitted")));
        }
    }
    Ok(())
}

impl OpenDatabase {
    async fn execute(&self, statement: &str, parameters: &[Parameter]) -> Result<u64, Error> {
        // The text and not a statement of a cache: two round trips, as in Spin.
        self.0.execute(statement, &borrowed(parameters)).await.map_err(failed)
    }

    async fn query(&self, statement: &str, parameters: &[Parameter]) -> Result<RowSet, Error> {
        let found = self.0.query_raw(statement, borrowed(parameters)).await.map_err(failed)?;
        let found: Vec<Row> = found.try_collect().await.map_err(flattened)?;
        let text =
            |error: anyhow::Error| Error::QueryFailed(QueryError::Text(format!("{error:?}")));
        // Columns are told by the first row, so a result without rows has none.
        let columns = found.first().map(columns).unwrap_or_default();
        let rows: Vec<Vec<DbValue>> =
            found.iter().map(values).collect::<Result<_>>().map_err(text)?;
        let bytes: usize = rows.iter().flatten().map(size).sum();
        if bytes > RESULT_BYTES_MAX {
            return Err(text(anyhow::anyhow!(
                "query result exceeds limit of {RESULT_BYTES_MAX} bytes"
            )));
        }
        Ok(RowSet { columns, rows })
    }
}

impl OpenDatabase {
    /// Has the server end this connection, so that every statement after it finds it closed, and
    /// the pool too.
    async fn end(&self) {
        let ended = self.0.batch_execute("select pg_terminate_backend(pg_backend_pid())").await;
        drop(ended);
        while !self.0.is_closed() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }

    /// A statement, on a connection that breaks behind it where a fault says so.
    async fn breaking<T>(&self, struck: Struck, statement: impl Future<Output = T>) -> T {
        let answer = statement.await;
        if struck == Struck::By(Fault::LoseAnswer) {
            self.end().await;
        }
        answer
    }
}

fn borrowed(parameters: &[Parameter]) -> Vec<&(dyn ToSql + Sync)> {
    let mut borrowed = Vec::with_capacity(parameters.len());
    for parameter in parameters {
        let parameter: &(dyn ToSql + Sync) = parameter.as_ref();
        borrowed.push(parameter);
    }
    borrowed
}

fn failed(error: tokio_postgres::Error) -> Error {
    let as_text = format!("{error:?}");
    let Some(said) = error.as_db_error() else {
        return Error::QueryFailed(QueryError::Text(as_text));
    };
    let more = [
        ("column", said.column().map(str::to_owned)),
        ("constraint", said.constraint().map(str::to_owned)),
        ("routine", said.routine().map(str::to_owned)),
        ("hint", said.hint().map(str::to_owned)),
        ("table", said.table().map(str::to_owned)),
        ("datatype", said.datatype().map(str::to_owned)),
        ("schema", said.schema().map(str::to_owned)),
        ("file", said.file().map(str::to_owned)),
        ("line", said.line().map(|line| line.to_string())),
        ("where_", said.where_().map(str::to_owned)),
    ];
    Error::QueryFailed(QueryError::DbError(DbError {
        as_text,
        severity: said.severity().to_owned(),
        code: said.code().code().to_owned(),
        message: said.message().to_owned(),
        detail: said.detail().map(str::to_owned),
        extras: more
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect(),
    }))
}

/// What the server says of it, or the driver of a connection that is closed.
fn told_of(failure: Failure) -> Option<Error> {
    let (code, message) = match failure {
        Failure::Busy => ("55P03", "canceling statement due to lock timeout"),
        Failure::Timeout => ("57014", "canceling statement due to statement timeout"),
        Failure::ConnectionLost => {
            return Some(Error::QueryFailed(QueryError::Text(
                "Error { kind: Closed, cause: None }".to_owned(),
            )));
        }
        Failure::ConnectionRefused => return None,
    };
    let (severity, message) = ("ERROR".to_owned(), message.to_owned());
    let as_text = format!(
        "Error {{ kind: Db, cause: Some(DbError {{ severity: {severity:?}, code: \
         SqlState(E{code}), message: {message:?} }}) }}"
    );
    let told = DbError {
        as_text,
        severity,
        code: code.to_owned(),
        message,
        detail: None,
        extras: Vec::new(),
    };
    Some(Error::QueryFailed(QueryError::DbError(told)))
}

impl Failing for Result<u64, Error> {
    fn failing(failure: Failure) -> Option<Self> {
        told_of(failure).map(Err)
    }
}

impl Failing for Result<RowSet, Error> {
    fn failing(failure: Failure) -> Option<Self> {
        let told = told_of(failure)?;
        Some(Err(match failure {
            // Found before the statement is sent, so it keeps its form.
            Failure::ConnectionLost => told,
            Failure::Busy | Failure::Timeout | Failure::ConnectionRefused => {
                Error::QueryFailed(QueryError::Text(format!("{told:?}")))
            }
        }))
    }
}

/// How an error looks that comes once the statement runs.
fn flattened(error: tokio_postgres::Error) -> Error {
    Error::QueryFailed(QueryError::Text(format!("{:?}", failed(error))))
}

fn columns(row: &Row) -> Vec<Column> {
    let column = |column: &tokio_postgres::Column| Column {
        name: column.name().to_owned(),
        data_type: data_type(column.type_()),
    };
    row.columns().iter().map(column).collect()
}

fn data_type(sql: &Type) -> DbDataType {
    match *sql {
        Type::BOOL => DbDataType::Boolean,
        Type::BYTEA => DbDataType::Binary,
        Type::FLOAT4 => DbDataType::Floating32,
        Type::FLOAT8 => DbDataType::Floating64,
        Type::INT2 => DbDataType::Int16,
        Type::INT4 => DbDataType::Int32,
        Type::INT8 => DbDataType::Int64,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR => DbDataType::Str,
        Type::TIMESTAMP | Type::TIMESTAMPTZ => DbDataType::Datetime,
        Type::DATE => DbDataType::Date,
        Type::TIME => DbDataType::Time,
        Type::UUID => DbDataType::Uuid,
        Type::JSONB => DbDataType::Jsonb,
        Type::INT4_ARRAY => DbDataType::ArrayInt32,
        Type::INT8_ARRAY => DbDataType::ArrayInt64,
        Type::TEXT_ARRAY | Type::VARCHAR_ARRAY | Type::BPCHAR_ARRAY => DbDataType::ArrayStr,
        _ => DbDataType::Other(sql.name().to_owned()),
    }
}

fn values(row: &Row) -> Result<Vec<DbValue>> {
    (0..row.len()).map(|column| value(row, column)).collect()
}

fn value(row: &Row, column: usize) -> Result<DbValue> {
    let kind = row.columns().get(column).context("a row has fewer columns than it says")?.type_();
    match *kind {
        Type::BOOL => read(row, column, |value| Ok(DbValue::Boolean(value))),
        Type::BYTEA => read(row, column, |value| Ok(DbValue::Binary(value))),
        Type::FLOAT4 => read(row, column, |value| Ok(DbValue::Floating32(value))),
        Type::FLOAT8 => read(row, column, |value| Ok(DbValue::Floating64(value))),
        Type::INT2 => read(row, column, |value| Ok(DbValue::Int16(value))),
        Type::INT4 => read(row, column, |value| Ok(DbValue::Int32(value))),
        Type::INT8 => read(row, column, |value| Ok(DbValue::Int64(value))),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR => {
            read(row, column, |value| Ok(DbValue::Str(value)))
        }
        // Spin reads both as a time without a zone, which the driver refuses for the one with a
        // zone.
        Type::TIMESTAMP | Type::TIMESTAMPTZ => read(row, column, |value: NaiveDateTime| {
            let (date, time) = (date(value.date())?, time(value.time())?);
            Ok(DbValue::Datetime((date.0, date.1, date.2, time.0, time.1, time.2, time.3)))
        }),
        Type::DATE => read(row, column, |value| Ok(DbValue::Date(date(value)?))),
        Type::TIME => read(row, column, |value| Ok(DbValue::Time(time(value)?))),
        Type::UUID => read(row, column, |value: uuid::Uuid| Ok(DbValue::Uuid(value.to_string()))),
        Type::JSONB => read(row, column, |value: serde_json::Value| {
            Ok(DbValue::Jsonb(serde_json::to_vec(&value)?))
        }),
        Type::INT4_ARRAY => read(row, column, |value| Ok(DbValue::ArrayInt32(value))),
        Type::INT8_ARRAY => read(row, column, |value| Ok(DbValue::ArrayInt64(value))),
        Type::TEXT_ARRAY | Type::VARCHAR_ARRAY | Type::BPCHAR_ARRAY => {
            read(row, column, |value| Ok(DbValue::ArrayStr(value)))
        }
        Type::NUMERIC
        | Type::INTERVAL
        | Type::NUMERIC_ARRAY
        | Type::INT4_RANGE
        | Type::INT8_RANGE
        | Type::NUM_RANGE => {
            bail!("till does not read {kind}; Spin does")
        }
        _ => read(row, column, |Unknown(bytes)| Ok(DbValue::Unsupported(bytes))),
    }
}

fn read<'a, T: FromSql<'a>>(
    row: &'a Row,
    column: usize,
    value: impl FnOnce(T) -> Result<DbValue>,
) -> Result<DbValue> {
    row.try_get::<_, Option<T>>(column)?.map_or(Ok(DbValue::DbNull), value)
}

fn date(date: NaiveDate) -> Result<(i32, u8, u8)> {
    Ok((date.year(), date.month().try_into()?, date.day().try_into()?))
}

fn time(time: NaiveTime) -> Result<(u8, u8, u8, u32)> {
    Ok((
        time.hour().try_into()?,
        time.minute().try_into()?,
        time.second().try_into()?,
        time.nanosecond(),
    ))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "every other kind has one size")]
fn size(value: &DbValue) -> usize {
    match value {
        DbValue::Str(text) | DbValue::Uuid(text) | DbValue::Decimal(text) => text.len(),
        DbValue::Binary(bytes) | DbValue::Jsonb(bytes) | DbValue::Unsupported(bytes) => bytes.len(),
        DbValue::ArrayStr(texts) => texts.iter().flatten().map(String::len).sum(),
        DbValue::ArrayInt32(numbers) => 4 * numbers.len(),
        DbValue::ArrayInt64(numbers) => 8 * numbers.len(),
        _ => 8,
    }
}

/// A value of a type Spin has no case for: its bytes.
struct Unknown(Vec<u8>);

impl<'a> FromSql<'a> for Unknown {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw.to_owned()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// NULL for a parameter of any type.
#[derive(Debug)]
struct Null;

impl ToSql for Null {
    fn to_sql(
        &self,
        _: &Type,
        _: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        Ok(IsNull::Yes)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn parameters(values: Vec<ParameterValue>) -> Result<Vec<Parameter>> {
    values.into_iter().map(parameter).collect()
}

fn parameter(value: ParameterValue) -> Result<Parameter> {
    let day = |(year, month, day): (i32, u8, u8)| {
        NaiveDate::from_ymd_opt(year, month.into(), day.into())
            .with_context(|| format!("invalid date {year}-{month}-{day}"))
    };
    let moment = |(hour, minute, second, nano): (u8, u8, u8, u32)| {
        let time = NaiveTime::from_hms_nano_opt(hour.into(), minute.into(), second.into(), nano);
        time.with_context(|| format!("invalid time {hour}:{minute}:{second}:{nano}"))
    };
    Ok(match value {
        ParameterValue::Boolean(value) => Box::new(value),
        ParameterValue::Int8(value) => Box::new(value),
        ParameterValue::Int16(value) => Box::new(value),
        ParameterValue::Int32(value) => Box::new(value),
        ParameterValue::Int64(value) => Box::new(value),
        ParameterValue::Floating32(value) => Box::new(value),
        ParameterValue::Floating64(value) => Box::new(value),
        ParameterValue::Str(value) => Box::new(value),
        ParameterValue::Binary(value) => Box::new(value),
        ParameterValue::Date(value) => Box::new(day(value)?),
        ParameterValue::Time(value) => Box::new(moment(value)?),
        ParameterValue::Datetime((year, month, date, hour, minute, second, nano)) => Box::new(
            NaiveDateTime::new(day((year, month, date))?, moment((hour, minute, second, nano))?),
        ),
        ParameterValue::Timestamp(seconds) => Box::new(
            chrono::DateTime::from_timestamp(seconds, 0)
                .with_context(|| format!("invalid epoch timestamp {seconds}"))?,
        ),
        ParameterValue::Uuid(text) => {
            Box::new(uuid::Uuid::parse_str(&text).with_context(|| format!("invalid UUID {text}"))?)
        }
        ParameterValue::Jsonb(bytes) => {
            Box::new(serde_json::from_slice::<serde_json::Value>(&bytes).context("invalid JSON")?)
        }
        ParameterValue::ArrayInt32(values) => Box::new(values),
        ParameterValue::ArrayInt64(values) => Box::new(values),
        ParameterValue::ArrayStr(values) => Box::new(values),
        ParameterValue::DbNull => Box::new(Null),
        ParameterValue::Decimal(_)
        | ParameterValue::ArrayDecimal(_)
        | ParameterValue::RangeInt32(_)
        | ParameterValue::RangeInt64(_)
        | ParameterValue::RangeDecimal(_)
        | ParameterValue::Interval(_) => {
            bail!("till does not pass decimals, ranges and intervals; Spin does")
        }
    })
}

impl Host for Guest {}

impl HostConnection for Guest {
    async fn open(
        &mut self,
        address: String,
    ) -> wasmtime::Result<Result<Resource<OpenDatabase>, Error>> {
        if let Err(error) = check_allowed(&self.component.allowed_hosts, &address) {
            return Ok(Err(error));
        }
        if self.databases_open >= CONNECTIONS_MAX {
            return Ok(Err(Error::ConnectionFailed("too many connections".to_owned())));
        }
        let component = self.component.clone();
        let leave = match self.app.postgres.leave().await {
            Ok(leave) => leave,
            Err(error) => return Ok(Err(error)),
        };
        let connection = match component.postgres.borrow(&address).await {
            Ok(connection) => OpenDatabase(Arc::new(connection), leave),
            Err(error) => return Ok(Err(Error::ConnectionFailed(format!("{error:?}")))),
        };
        self.databases_open += 1;
        Ok(Ok(self.table.push(connection)?))
    }

    async fn query(
        &mut self,
        handle: Resource<OpenDatabase>,
        statement: String,
        values: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<RowSet, Error>> {
        let connection = self.table.get(&handle)?.clone();
        let parameters = match parameters(values) {
            Ok(parameters) => parameters,
            Err(error) => return Ok(Err(Error::BadParameter(format!("{error:?}")))),
        };
        let label = format!("postgres: {}", shorten(&statement));
        let (instruments, kind) = (self.instruments.clone(), Kind::of_sql(&statement));
        let struck = instruments.strike(kind, &label);
        if struck == Struck::By(Fault::Fail(Failure::ConnectionLost)) {
            connection.end().await;
        }
        let effect = connection.breaking(struck, connection.query(&statement, &parameters));
        let answer = instruments.call_struck(struck, kind, label, effect).await?;
        if answer.as_ref().is_ok_and(|found| found.rows.is_empty()) {
            return Err(wasmtime::Error::msg(format!(
                "a query without rows, from which Spin 4.0 never returns: {statement}"
            )));
        }
        Ok(answer)
    }

    async fn execute(
        &mut self,
        handle: Resource<OpenDatabase>,
        statement: String,
        values: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        let connection = self.table.get(&handle)?.clone();
        let parameters = match parameters(values) {
            Ok(parameters) => parameters,
            Err(error) => return Ok(Err(Error::ValueConversionFailed(format!("{error:?}")))),
        };
        let label = format!("postgres: {}", shorten(&statement));
        let (instruments, kind) = (self.instruments.clone(), Kind::of_sql(&statement));
        let struck = instruments.strike(kind, &label);
        if struck == Struck::By(Fault::Fail(Failure::ConnectionLost)) {
            connection.end().await;
        }
        let effect = connection.breaking(struck, connection.execute(&statement, &parameters));
        instruments.call_struck(struck, kind, label, effect).await
    }

    async fn drop(&mut self, handle: Resource<OpenDatabase>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        self.databases_open -= 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_of_a_connection_string_has_to_be_allowed() {
        let hosts = AllowedHosts::parse(&[
            "postgres://db.example:5433".to_owned(),
            "postgres://other".to_owned(),
        ])
        .unwrap();
        for good in [
            "postgres://u:p@db.example:5433/shop",
            "host=other",
            "host=db.example,db.example port=5433",
        ] {
            check_allowed(&hosts, good).unwrap();
        }
        for bad in [
            "postgres://u@db.example/shop",
            "host=other port=5433",
            "host=other,elsewhere",
            "host=/tmp",
            "no string",
        ] {
            check_allowed(&hosts, bad).unwrap_err();
        }
    }
}
