//! Spin's Redis backend: one connection per process, made at the first `open` and again when it
//! breaks; the label is ignored, so every store of that server and database is the same one, and
//! all its keys are everybody's.

use anyhow::{Context, Result};
use redis::aio::ConnectionManager;
use redis::{AsyncCommands, Client, RedisError};
use tokio::sync::OnceCell;

use crate::bindings::key_value::Error;

/// One Redis, connected to at its first use.
pub struct SharedRedis {
    client: Client,
    connection: OnceCell<ConnectionManager>,
}

impl SharedRedis {
    /// A server that need not be there yet; only its URL is looked at.
    pub fn new(url: &str) -> Result<Self> {
        // Without the URL: it may hold a password.
        Ok(Self {
            client: Client::open(url).context("Invalid Redis URL")?,
            connection: OnceCell::new(),
        })
    }

    /// What a guest's `open` does: connects if nobody has, and asks for a sign of life, whose
    /// absence is no error.
    pub async fn open(&self) -> Result<ConnectionManager, Error> {
        let connect = || async { self.client.get_connection_manager().await };
        let mut connection = self.connection.get_or_try_init(connect).await.map_err(other)?.clone();
        if let Err(error) = connection.ping::<()>().await {
            eprintln!("till: the key-value store's Redis does not answer: {error}");
        }
        Ok(connection)
    }
}

/// The value under `key`.
pub async fn get(mut redis: ConnectionManager, key: &str) -> Result<Option<Vec<u8>>, Error> {
    redis.get(key).await.map_err(other)
}

/// Writes `value` under `key`.
pub async fn set(mut redis: ConnectionManager, key: &str, value: &[u8]) -> Result<(), Error> {
    redis.set(key, value).await.map_err(other)
}

/// Removes `key`, which may be missing.
pub async fn delete(mut redis: ConnectionManager, key: &str) -> Result<(), Error> {
    redis.del(key).await.map_err(other)
}

/// Every key of the database, whoever wrote it.
pub async fn keys(mut redis: ConnectionManager) -> Result<Vec<String>, Error> {
    redis.keys("*").await.map_err(other)
}

fn other(error: RedisError) -> Error {
    Error::Other(error.to_string())
}
