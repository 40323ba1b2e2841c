//! `fermyon:spin/key-value`, over the two of Spin's backends that need no cloud: a SQLite file and
//! Redis.

mod file;
mod shared_redis;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use redis::aio::ConnectionManager;
use wasmtime::component::Resource;

use crate::bindings::key_value::{Error, Host, HostStore};
use crate::faults::{Failing, Failure};
use crate::guest::{Guest, HANDLES_MAX};
use crate::instruments::Kind;
use crate::runtime_config::KeyValueStore;
use file::StoreFile;
use shared_redis::SharedRedis;

/// The application's key-value stores.
pub struct Stores(BTreeMap<String, Backend>);

#[derive(Clone)]
enum Backend {
    File(Arc<StoreFile>),
    Redis(Arc<SharedRedis>),
}

/// One guest's `open`.
#[derive(Clone)]
pub struct OpenStore {
    label: String,
    backend: OpenBackend,
}

#[derive(Clone)]
enum OpenBackend {
    File(Arc<StoreFile>),
    Redis(ConnectionManager),
}

impl Stores {
    /// Knows the stores by label.
    pub fn new(stores: BTreeMap<String, KeyValueStore>) -> Result<Self> {
        let backend = |label: String, store| {
            let backend = match store {
                KeyValueStore::File(path) => Backend::File(Arc::new(StoreFile::new(path))),
                KeyValueStore::Redis(url) => Backend::Redis(Arc::new(
                    SharedRedis::new(&url).with_context(|| format!("key-value store {label:?}"))?,
                )),
            };
            Ok((label, backend))
        };
        Ok(Self(
            stores
                .into_iter()
                .map(|(label, store)| backend(label, store))
                .collect::<Result<_>>()?,
        ))
    }
}

impl Backend {
    async fn open(&self) -> Result<OpenBackend, Error> {
        Ok(match self {
            Self::File(file) => OpenBackend::File(file.clone()),
            Self::Redis(redis) => OpenBackend::Redis(redis.open().await?),
        })
    }
}

impl OpenStore {
    async fn get(self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        match self.backend {
            OpenBackend::File(file) => file.get(&self.label, key),
            OpenBackend::Redis(redis) => shared_redis::get(redis, key).await,
        }
    }

    async fn set(self, key: &str, value: &[u8]) -> Result<(), Error> {
        match self.backend {
            OpenBackend::File(file) => file.set(&self.label, key, value),
            OpenBackend::Redis(redis) => shared_redis::set(redis, key, value).await,
        }
    }

    async fn delete(self, key: &str) -> Result<(), Error> {
        match self.backend {
            OpenBackend::File(file) => file.delete(&self.label, key),
            OpenBackend::Redis(redis) => shared_redis::delete(redis, key).await,
        }
    }

    async fn keys(self) -> Result<Vec<String>, Error> {
        match self.backend {
            OpenBackend::File(file) => file.keys(&self.label),
            OpenBackend::Redis(redis) => shared_redis::keys(redis).await,
        }
    }
}

impl<T> Failing for Result<T, Error> {
    fn failing(failure: Failure) -> Option<Self> {
        let text = match failure {
            Failure::Busy => "database is locked",
            Failure::ConnectionLost => "broken pipe",
            Failure::ConnectionRefused | Failure::Timeout => return None,
        };
        Some(Err(Error::Other(text.to_owned())))
    }
}

impl Guest {
    /// One key-value operation on an open handle.
    async fn kv<T, F>(
        &mut self,
        kind: Kind,
        handle: &Resource<OpenStore>,
        key: &str,
        work: impl FnOnce(OpenStore) -> F,
    ) -> wasmtime::Result<Result<T, Error>>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let store = self.table.get(handle)?.clone();
        let label = format!("{}: {key}", store.label);
        self.instruments.clone().call(kind, label, work(store)).await
    }
}

impl Host for Guest {}

impl HostStore for Guest {
    async fn open(
        &mut self,
        label: String,
    ) -> wasmtime::Result<Result<Resource<OpenStore>, Error>> {
        if !self.component.key_value_stores.contains(&label) {
            return Ok(Err(Error::AccessDenied));
        }
        let Some(store) = self.app.stores.0.get(&label).cloned() else {
            return Ok(Err(Error::NoSuchStore));
        };
        if self.stores_open >= HANDLES_MAX {
            return Ok(Err(Error::StoreTableFull));
        }
        let backend = match store.open().await {
            Ok(backend) => backend,
            Err(error) => return Ok(Err(error)),
        };
        self.stores_open += 1;
        Ok(Ok(self.table.push(OpenStore { label, backend })?))
    }

    async fn get(
        &mut self,
        handle: Resource<OpenStore>,
        key: String,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        self.kv(Kind::KvGet, &handle, &key, |store| store.get(&key)).await
    }

    async fn set(
        &mut self,
        handle: Resource<OpenStore>,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        self.kv(Kind::KvSet, &handle, &key, |store| store.set(&key, &value)).await
    }

    async fn delete(
        &mut self,
        handle: Resource<OpenStore>,
        key: String,
    ) -> wasmtime::Result<Result<(), Error>> {
        self.kv(Kind::KvDelete, &handle, &key, |store| store.delete(&key)).await
    }

    async fn exists(
        &mut self,
        handle: Resource<OpenStore>,
        key: String,
    ) -> wasmtime::Result<Result<bool, Error>> {
        let exists = async |store: OpenStore| Ok(store.get(&key).await?.is_some());
        self.kv(Kind::KvGet, &handle, &key, exists).await
    }

    async fn get_keys(
        &mut self,
        handle: Resource<OpenStore>,
    ) -> wasmtime::Result<Result<Vec<String>, Error>> {
        self.kv(Kind::KvKeys, &handle, "*", OpenStore::keys).await
    }

    async fn drop(&mut self, handle: Resource<OpenStore>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        self.stores_open -= 1;
        Ok(())
    }
}
