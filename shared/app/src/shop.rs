//! The ports of one request, with what every use case does with them.

use crate::problem::database;
use config::Setting;
use domain::money::Currency;
use json::{Value, json};
use ports::{Dialect, Durability, Ports};
use serde::{Serialize, de::DeserializeOwned};
use store::{Command, Refusal, Statement, Store, StoreError, sql};
use terms::Problem;

/// One request's access to the world.
pub(crate) struct Shop<'a> {
    pub(crate) ports: &'a Ports<'a>,
    store: Store<'a>,
}

impl<'a> Shop<'a> {
    /// For money: every write is on disk before the answer.
    pub(crate) fn new(ports: &'a Ports<'a>) -> Self {
        Self { ports, store: Store::new(ports.sql) }
    }

    /// For carts: a write may be a moment late to the disk.
    pub(crate) fn relaxed(ports: &'a Ports<'a>) -> Result<Self, Problem> {
        let shop = Self::new(ports);
        shop.store.durability(Durability::Relaxed).map_err(database)?;
        Ok(shop)
    }

    /// Whether anything can be sold in this currency.
    pub(crate) fn sells_in(&self, currency: &Currency) -> Result<bool, Problem> {
        Ok(self.read::<Value>(&sql::CURRENCY_KNOWN, &json!({ "currency": currency }))?.is_some())
    }

    /// The one document of a query.
    pub(crate) fn read<R: DeserializeOwned>(
        &self,
        statement: &Statement,
        input: &impl Serialize,
    ) -> Result<Option<R>, Problem> {
        self.store.read(statement, input).map_err(database)
    }

    /// All documents of a query.
    pub(crate) fn list<R: DeserializeOwned>(
        &self,
        statement: &Statement,
        input: &impl Serialize,
    ) -> Result<Vec<R>, Problem> {
        self.store.list(statement, input).map_err(database)
    }

    /// All documents of a statement that is not the store's.
    pub(crate) fn ask<R: DeserializeOwned>(
        &self,
        name: &'static str,
        text: impl FnOnce(Dialect) -> String,
        input: &impl Serialize,
    ) -> Result<Vec<R>, Problem> {
        self.store.ask(name, text, input).map_err(database)
    }

    /// Fires a command. A refusal is the caller's to decide on; everything else is a problem
    /// already.
    pub(crate) fn apply<R: DeserializeOwned>(
        &self,
        command: &Command,
        input: &impl Serialize,
    ) -> Result<Result<R, Refusal>, Problem> {
        match self.store.apply(command, input) {
            Ok(receipt) => Ok(Ok(receipt)),
            Err(StoreError::Refused(refusal)) => Ok(Err(refusal)),
            Err(
                error @ (StoreError::Busy { .. }
                | StoreError::Unavailable { .. }
                | StoreError::SchemaOutdated { .. }
                | StoreError::Failed { .. }),
            ) => Err(database(error)),
        }
    }

    /// Counts what leaves no other row. A counter that cannot be written is logged, and nothing
    /// else.
    pub(crate) fn count(&self, name: &str) {
        let counted = self
            .store
            .read::<json::Value>(&store::sql::COUNTER_ADD, &json::json!({ "name": name }));
        if let Err(error) = counted {
            terms::log(
                "warning",
                "a counter could not be written",
                &[("counter", name), ("error", &error.to_string())],
            );
        }
    }

    /// Tells the operators, once per cause. An alert that cannot be written is logged, and nothing
    /// else.
    pub(crate) fn alert(&self, alert_id: &str, detail: &str) {
        let raised = self.store.read::<json::Value>(
            &store::sql::ALERT_RAISE,
            &json::json!({ "alert_id": alert_id, "detail": detail }),
        );
        if let Err(error) = raised {
            terms::log(
                "error",
                "an alert could not be written",
                &[("alert_id", alert_id), ("detail", detail), ("error", &error.to_string())],
            );
        }
    }

    /// A variable, parsed.
    pub(crate) fn setting<T>(&self, setting: &Setting<T>) -> Result<T, Problem> {
        Ok(setting.read(self.ports.config)?)
    }

    /// A fresh name that is no thing's (UUIDv7): a lease's, an event's.
    pub(crate) fn id(&self) -> String {
        self.ports.random.id()
    }

    /// The id of a new thing (UUIDv7).
    pub(crate) fn new_id<I: TryFrom<String>>(&self) -> Result<I, Problem> {
        I::try_from(self.id()).map_err(|_| Problem::internal("a fresh id is none"))
    }
}
