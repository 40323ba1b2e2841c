//! `fermyon:spin/redis`, as Spin has it: a connection of its own per `open`, opened at once,
//! checked against `allowed_outbound_hosts` first; no time limit on a command; an answer is a flat
//! list, whatever its shape was.

use http::Uri;
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, ErrorKind, FromRedisValue, RedisError, RedisResult as Answer, Value};
use wasmtime::component::Resource;

use crate::bindings::redis::{Error, Host, HostConnection, RedisParameter, RedisResult};
use crate::faults::{Failing, Failure};
use crate::guest::Guest;
use crate::instruments::Kind;

/// Most connections a run may have open, as in Spin.
const CONNECTIONS_MAX: usize = 1_024;
/// Most bytes one answer may have, as in Spin 4.
const RESULT_BYTES_MAX: usize = 128 << 20;

/// One guest's `open`.
#[derive(Clone)]
pub struct OpenRedis(MultiplexedConnection);

/// What a command answered, nested lists in one.
struct Flat(Vec<RedisResult>);

impl FromRedisValue for Flat {
    fn from_redis_value(value: &Value) -> Answer<Self> {
        let mut flat = Vec::new();
        flatten(value, &mut flat)?;
        Ok(Self(flat))
    }
}

fn flatten(value: &Value, flat: &mut Vec<RedisResult>) -> Answer<()> {
    let unsupported = |what: &str| -> Answer<()> {
        Err(RedisError::from((
            ErrorKind::TypeError,
            "Could not convert Redis response",
            format!("Redis {what} is not supported"),
        )))
    };
    let one = match value {
        Value::Array(items) | Value::Set(items) => {
            return items.iter().try_for_each(|item| flatten(item, flat));
        }
        Value::Nil => RedisResult::Nil,
        Value::Int(number) => RedisResult::Int64(*number),
        Value::Boolean(yes) => RedisResult::Int64(i64::from(*yes)),
        Value::BulkString(bytes) => RedisResult::Binary(bytes.clone()),
        Value::Double(number) => RedisResult::Binary(number.to_string().into_bytes()),
        Value::BigNumber(number) => RedisResult::Binary(number.to_string().into_bytes()),
        Value::SimpleString(text) => RedisResult::Status(text.clone()),
        Value::Okay => RedisResult::Status("OK".to_owned()),
        Value::ServerError(error) => {
            return Err(RedisError::from((
                ErrorKind::ResponseError,
                "Server error",
                format!("{error:?}"),
            )));
        }
        Value::Map(_) => return unsupported("Map type"),
        Value::Attribute { .. } => return unsupported("Attribute type"),
        Value::VerbatimString { .. } => return unsupported("string with format attribute"),
        Value::Push { .. } => return unsupported("Pub/Sub types"),
    };
    flat.push(one);
    Ok(())
}

fn bytes_of(result: &RedisResult) -> usize {
    size_of::<RedisResult>()
        + match result {
            RedisResult::Nil | RedisResult::Int64(_) => 0,
            RedisResult::Binary(bytes) => bytes.len(),
            RedisResult::Status(text) => text.len(),
        }
}

fn within_limit<T>(value: T, bytes: usize) -> Result<T, Error> {
    if bytes > RESULT_BYTES_MAX {
        Err(Error::Other(format!("query result exceeds limit of {RESULT_BYTES_MAX} bytes")))
    } else {
        Ok(value)
    }
}

fn other(error: RedisError) -> Error {
    Error::Other(error.to_string())
}

/// Its `open` is no host call, and a command has no time limit: a connection can only break.
impl<T> Failing for Result<T, Error> {
    fn failing(failure: Failure) -> Option<Self> {
        match failure {
            Failure::ConnectionLost => Some(Err(Error::Other("broken pipe".to_owned()))),
            Failure::Busy | Failure::ConnectionRefused | Failure::Timeout => None,
        }
    }
}

impl Guest {
    /// One command on an open connection.
    async fn redis<T, F>(
        &mut self,
        handle: &Resource<OpenRedis>,
        command: &str,
        work: impl FnOnce(MultiplexedConnection) -> F,
    ) -> wasmtime::Result<Result<T, Error>>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let OpenRedis(connection) = self.table.get(handle)?.clone();
        self.instruments
            .clone()
            .call(Kind::Outbound, format!("redis {command}"), work(connection))
            .await
    }

    fn may_reach_redis(&self, address: &str) -> bool {
        let absolute =
            if address.contains("://") { address.to_owned() } else { format!("redis://{address}") };
        let allowed =
            absolute.parse::<Uri>().is_ok_and(|uri| self.component.allowed_hosts.allow(&uri));
        if !allowed {
            // Without the address: it may hold a password.
            eprintln!("till: {} may not connect to this Redis", self.component.id);
        }
        allowed
    }
}

impl Host for Guest {}

impl HostConnection for Guest {
    async fn open(
        &mut self,
        address: String,
    ) -> wasmtime::Result<Result<Resource<OpenRedis>, Error>> {
        if !self.may_reach_redis(&address) {
            return Ok(Err(Error::InvalidAddress));
        }
        let Ok(client) = redis::Client::open(address) else {
            return Ok(Err(Error::InvalidAddress));
        };
        let connection = match client.get_multiplexed_async_connection().await {
            Ok(connection) => connection,
            Err(error) => return Ok(Err(other(error))),
        };
        if self.redis_open >= CONNECTIONS_MAX {
            return Ok(Err(Error::TooManyConnections));
        }
        self.redis_open += 1;
        Ok(Ok(self.table.push(OpenRedis(connection))?))
    }

    async fn publish(
        &mut self,
        handle: Resource<OpenRedis>,
        channel: String,
        payload: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        self.redis(&handle, "PUBLISH", async |mut redis| {
            redis.publish(channel, payload).await.map_err(other)
        })
        .await
    }

    async fn get(
        &mut self,
        handle: Resource<OpenRedis>,
        key: String,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        let get = async |mut redis: MultiplexedConnection| {
            let value: Option<Vec<u8>> = redis.get(key).await.map_err(other)?;
            let bytes = size_of_val(&value) + value.as_ref().map_or(0, Vec::len);
            within_limit(value, bytes)
        };
        self.redis(&handle, "GET", get).await
    }

    async fn set(
        &mut self,
        handle: Resource<OpenRedis>,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        self.redis(&handle, "SET", async |mut redis| redis.set(key, value).await.map_err(other))
            .await
    }

    async fn incr(
        &mut self,
        handle: Resource<OpenRedis>,
        key: String,
    ) -> wasmtime::Result<Result<i64, Error>> {
        self.redis(&handle, "INCRBY", async |mut redis| redis.incr(key, 1).await.map_err(other))
            .await
    }

    async fn del(
        &mut self,
        handle: Resource<OpenRedis>,
        keys: Vec<String>,
    ) -> wasmtime::Result<Result<u32, Error>> {
        self.redis(&handle, "DEL", async |mut redis| redis.del(keys).await.map_err(other)).await
    }

    async fn sadd(
        &mut self,
        handle: Resource<OpenRedis>,
        key: String,
        values: Vec<String>,
    ) -> wasmtime::Result<Result<u32, Error>> {
        let failed = |error: RedisError| {
            if error.kind() == ErrorKind::TypeError { Error::TypeError } else { other(error) }
        };
        self.redis(&handle, "SADD", async |mut redis| redis.sadd(key, values).await.map_err(failed))
            .await
    }

    async fn smembers(
        &mut self,
        handle: Resource<OpenRedis>,
        key: String,
    ) -> wasmtime::Result<Result<Vec<String>, Error>> {
        self.redis(&handle, "SMEMBERS", async |mut redis| redis.smembers(key).await.map_err(other))
            .await
    }

    async fn srem(
        &mut self,
        handle: Resource<OpenRedis>,
        key: String,
        values: Vec<String>,
    ) -> wasmtime::Result<Result<u32, Error>> {
        self.redis(&handle, "SREM", async |mut redis| redis.srem(key, values).await.map_err(other))
            .await
    }

    async fn execute(
        &mut self,
        handle: Resource<OpenRedis>,
        command: String,
        arguments: Vec<RedisParameter>,
    ) -> wasmtime::Result<Result<Vec<RedisResult>, Error>> {
        let mut with_arguments = redis::cmd(&command);
        for argument in arguments {
            match argument {
                RedisParameter::Int64(number) => with_arguments.arg(number),
                RedisParameter::Binary(bytes) => with_arguments.arg(bytes),
            };
        }
        let execute = async |mut redis: MultiplexedConnection| {
            let Flat(results) = with_arguments.query_async(&mut redis).await.map_err(other)?;
            let bytes = size_of_val(&results) + results.iter().map(bytes_of).sum::<usize>();
            within_limit(results, bytes)
        };
        self.redis(&handle, &command, execute).await
    }

    async fn drop(&mut self, handle: Resource<OpenRedis>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        self.redis_open -= 1;
        Ok(())
    }
}
