//! What tests ask of a database, in words that mean the same on both. `crate::database` is the
//! binary's own.

use serde_json::{Value, json};
use store::{Command, Refusal, Statement, Store, StoreError};

use crate::database::{CLOCK_MS, TABLES};
pub use crate::database::{Database, SharedShop, shop};

const THREADS: usize = 8;

impl Database {
    pub fn apply(&self, command: &Command, input: &Value) -> Result<Value, StoreError> {
        Store::new(self).apply(command, input)
    }

    pub fn list(&self, statement: &Statement, input: &Value) -> Vec<Value> {
        Store::new(self).list(statement, input).unwrap()
    }

    /// `command` applies; its receipt.
    pub fn does(&self, command: &Command, input: &Value) -> Value {
        self.apply(command, input).unwrap_or_else(|error| panic!("{}: {error}", command.name))
    }

    /// `command` is refused as `refusal`, and nothing is left behind.
    pub fn refuses(&self, command: &Command, input: &Value, refusal: Refusal) {
        let before = self.everything();
        assert_eq!(
            self.apply(command, input),
            Err(StoreError::Refused(refusal)),
            "{}",
            command.name
        );
        assert_eq!(self.everything(), before, "{} left something behind", command.name);
    }

    /// Changes rows behind the store's back.
    pub fn exec(&self, sql: &str) {
        self.try_exec(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Time passes.
    pub fn advance(&self, ms: i64) {
        self.exec(&format!("update clock set offset_ms = offset_ms + {ms}"));
    }

    /// It is this instant, and time goes on from it.
    pub fn now_is(&self, at_ms: i64) {
        self.exec(&format!("update clock set offset_ms = {at_ms} - {CLOCK_MS}"));
    }

    /// Each row's columns, joined by `|`; null is `-`, and an object has its keys in order.
    pub fn rows(&self, sql: &str) -> Vec<String> {
        self.cells(sql)
            .into_iter()
            .map(|row| row.into_iter().map(said).collect::<Vec<_>>().join("|"))
            .collect()
    }

    /// The first column of the first row.
    pub fn one(&self, sql: &str) -> Value {
        match self.cells(sql).remove(0).remove(0) {
            None => Value::Null,
            Some(cell) => cell.parse::<i64>().map_or_else(|_| json!(cell), |number| json!(number)),
        }
    }

    /// The events waiting to go out: type, aggregate, data.
    pub fn events(&self) -> Vec<String> {
        self.rows(
            "select type, aggregate, data from outbox where state = 'pending' order by outbox_id",
        )
    }

    /// Every row of every table: equal before and after means nothing was left behind.
    pub fn everything(&self) -> String {
        let tables = self.rows(TABLES);
        let rows = tables.iter().flat_map(|table| {
            self.rows(&format!("select * from \"{table}\" order by 1, 2"))
                .into_iter()
                .map(move |row| format!("{table}|{row}"))
        });
        rows.collect::<Vec<_>>().join("\n")
    }

    /// STOCK-10: counters are the sum of their movements, and reserved the sum of live
    /// reservations.
    pub fn stock_adds_up(&self) {
        let wrong = self.one(
            "select count(*) from stock as k where on_hand <> (select sum(on_hand_delta) from stock_movement as m where m.sku = k.sku and m.warehouse_id = k.warehouse_id)
              or reserved <> (select sum(reserved_delta) from stock_movement as m where m.sku = k.sku and m.warehouse_id = k.warehouse_id)
              or reserved <> coalesce((select sum(quantity) from reservation as r where r.sku = k.sku and r.warehouse_id = k.warehouse_id and r.status = 'active'), 0)",
        );
        assert_eq!(wrong, json!(0));
    }
}

/// What totals are made of, without the moment it was read at.
pub fn timeless(mut pricing: Value) -> Value {
    assert!(pricing["promotions"]["now_ms"].take().is_i64(), "{pricing}");
    pricing
}

fn said(cell: Option<String>) -> String {
    match cell {
        None => "-".to_owned(),
        Some(text) if text.starts_with('{') => {
            serde_json::from_str::<Value>(&text).map_or(text, |object| object.to_string())
        }
        Some(text) => text,
    }
}

impl SharedShop {
    /// `work` in each of eight threads, on its own connection, all at once.
    pub fn at_once<R: Send>(&self, work: impl Fn(&Database, usize) -> R + Sync) -> Vec<R> {
        let start = std::sync::Barrier::new(THREADS);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let (start, work) = (&start, &work);
                    scope.spawn(move || {
                        let shop = self.open();
                        start.wait();
                        work(&shop, thread)
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }
}
