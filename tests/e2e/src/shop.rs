//! The shop, its staff, and a look behind the counter.

use crate::{
    Call, Claims, Guest, Host, Reply, Settings, Sink, SkuBuilder, eventually, never_given, unique,
};
use serde_json::{Value, json};
use std::{
    io::{self, Write as _},
    sync::{RwLock, RwLockReadGuard, RwLockWriteGuard},
    thread,
    time::{Duration, Instant},
};

/// Tests share one shop. Those that move its clock or break its surroundings have it to themselves.
static SHOP: RwLock<()> = RwLock::new(());

#[derive(Debug)]
enum Share {
    Open { _with_others: RwLockReadGuard<'static, ()> },
    Alone { _without_others: RwLockWriteGuard<'static, ()> },
}

/// A shop for the length of a test.
#[derive(Debug)]
pub struct Shop {
    share: Share,
}

/// Whether the host has till's instruments. On Spin, says by `name` what is skipped.
#[must_use]
pub fn needs_till(name: &str) -> bool {
    let till = Settings::get().host == Host::Till;
    if !till {
        // Not `println!`, which the test harness swallows when a test passes.
        writeln!(io::stdout(), "skipped on spin: {name}").expect("standard output can be written");
    }
    till
}

/// Whether the shop sends its events to this sink. With another, says by `name` what is skipped.
#[must_use]
pub fn needs_sink(sink: Sink, name: &str) -> bool {
    let there = Settings::get().sink == sink;
    if !there {
        writeln!(io::stdout(), "skipped with this sink: {name}")
            .expect("standard output can be written");
    }
    there
}

impl Shop {
    /// The shop, with other tests in it.
    #[must_use]
    pub fn open() -> Self {
        // The settings come first: their absence must not poison the lock into a second message.
        Settings::get();
        Self {
            share: Share::Open {
                _with_others: SHOP.read().unwrap_or_else(|poison| poison.into_inner()),
            },
        }
    }

    /// The shop, with nobody else in it: for tests that move the clock or break what others rely
    /// on.
    #[must_use]
    pub fn alone() -> Self {
        Settings::get();
        Self {
            share: Share::Alone {
                _without_others: SHOP.write().unwrap_or_else(|poison| poison.into_inner()),
            },
        }
    }

    /// A call without any credential.
    pub fn call(&self, method: &str, path: &str) -> Call {
        Call::new(method, path)
    }

    /// A call to the outside world: the payment provider, the sink of events, the customers'
    /// identity provider.
    pub fn simulator(&self, method: &str, path: &str) -> Call {
        Call::new(method, path).at(&Settings::get().simulator_url)
    }

    /// The buyer pays with this card in the provider's own element (PAY-7). Their browser knows what
    /// a 402 told it, and nothing else.
    ///
    /// # Panics
    /// When that was no client secret.
    pub fn pays_in_the_element(&self, told: &Value, card: &str) -> Reply {
        let secret = told["client_secret"].as_str().unwrap_or_else(|| panic!("{told}"));
        let (payment, _) = secret.split_once("_secret_").unwrap_or_else(|| panic!("{told}"));
        self.simulator("POST", &format!("/v1/payment_intents/{payment}/confirm"))
            .header("authorization", "Bearer pk_test_browser")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("payment_method={card}&client_secret={secret}"))
            .send()
    }

    /// A service token with these scopes.
    #[must_use]
    pub fn token(&self, scope: &str) -> String {
        Claims::with_scope(scope).signed(&Settings::get().service_token_secret)
    }

    /// A guest's token that nobody was ever given, and that we might have issued.
    #[must_use]
    pub fn stranger() -> String {
        never_given("gst_", &Settings::get().session_token_secret)
    }

    /// A share's token that nobody was ever given, and that we might have issued.
    #[must_use]
    pub fn unknown_share() -> String {
        never_given("shr_", &Settings::get().session_token_secret)
    }

    /// A call by a colleague who may do everything in the catalog.
    pub fn admin(&self, method: &str, path: &str) -> Call {
        self.call(method, path).bearer(&self.token("catalog:read catalog:write"))
    }

    /// Goods of the test's own.
    pub fn sku(&self) -> SkuBuilder<'_> {
        SkuBuilder::new(self)
    }

    /// A new guest with an empty cart, in Vietnam, paying in US dollars.
    #[must_use]
    pub fn guest(&self) -> Guest<'_> {
        self.guest_in("VN", "USD")
    }

    /// A new guest with an empty cart.
    #[must_use]
    pub fn guest_in(&self, country: &str, currency: &str) -> Guest<'_> {
        let opened = self
            .call("POST", "/api/v1/cart")
            .json(&json!({ "currency": currency, "country": country }))
            .send()
            .expect(201);
        let text = |value: &Value| {
            value
                .as_str()
                .unwrap_or_else(|| panic!("no text where one is due: {opened}"))
                .to_owned()
        };
        Guest::new(self, text(&opened["guest_token"]), text(&opened["cart"]["cart_id"]))
    }

    /// A new guest as [`Self::guest`], if the shop is well enough to let one in.
    #[must_use]
    pub fn try_guest(&self) -> Option<Guest<'_>> {
        let opened = self
            .call("POST", "/api/v1/cart")
            .json(&json!({ "currency": "USD", "country": "VN" }))
            .send_broken()?;
        let opened = (opened.status == 201).then(|| opened.json())?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some(Guest::new(self, text(&opened["guest_token"])?, text(&opened["cart"]["cart_id"])?))
    }

    /// Goods come in.
    pub fn receive(&self, sku: &str, warehouse: &str, quantity: i64) {
        self.move_stock(sku, warehouse, "receive", quantity).expect(200);
    }

    /// Moves stock by the administration, under a key of its own.
    pub fn move_stock(&self, sku: &str, warehouse: &str, kind: &str, quantity: i64) -> Reply {
        self.admin("POST", &format!("/api/v1/catalog/skus/{sku}/stock"))
            .keyed(&unique("stock-"))
            .json(&json!({ "warehouse_id": warehouse, "kind": kind, "quantity": quantity }))
            .send()
    }

    /// On hand and reserved, over all warehouses.
    #[must_use]
    pub fn stock_of(&self, sku: &str) -> (i64, i64) {
        let rows = self.rows("stock", "sku", sku);
        let sum = |column: &str| rows.iter().filter_map(|row| row[column].as_i64()).sum();
        (sum("on_hand"), sum("reserved"))
    }

    /// A run of a worker that does not see the key-value lease of one that is at work, so that SQL
    /// alone stands between the two. On Spin, which cannot break a look at the lease, it is a run
    /// like any other.
    pub fn worker_without_lease(&self, worker: &str) -> Call {
        let unseen = json!({ "kind": "kv_get", "label": ": lease/", "fault": { "fail": "busy" } });
        let call = self
            .call("POST", &format!("/internal/workers/{worker}"))
            .bearer(&self.token("workers:run"));
        call.header("till-fault", &unseen.to_string())
    }

    /// Runs a worker once, after whatever run of it a schedule may have begun.
    #[track_caller]
    pub fn run(&self, worker: &str) -> Value {
        let path = format!("/internal/workers/{worker}");
        eventually(worker, || {
            let report =
                self.call("POST", &path).bearer(&self.token("workers:run")).send().expect(200);
            (report["skipped"] != true).then_some(report)
        })
    }

    /// Runs the workers of what was told, unpaid orders, stock and money until none has anything left to do that is due now.
    pub fn run_workers_until_quiet(&self) {
        for _ in 0..20 {
            let busy = [
                "inbox-work",
                "unpaid-orders",
                "saga-recovery",
                "compensation-retry",
                "reservation-cleanup",
            ]
            .map(|worker| self.run(worker)["taken"].as_i64().unwrap_or_default())
            .iter()
            .any(|taken| *taken > 0);
            if !busy {
                return;
            }
        }
    }

    /// Rows of a table as they lie in the database.
    #[track_caller]
    #[must_use]
    pub fn rows(&self, table: &str, column: &str, value: &str) -> Vec<Value> {
        let reply = self
            .call("GET", &format!("/test/rows?table={table}&column={column}&value={value}"))
            .send()
            .expect(200);
        reply["rows"].as_array().cloned().unwrap_or_else(|| panic!("no rows: {reply}"))
    }

    /// What a counter stands at.
    #[must_use]
    pub fn counter(&self, name: &str) -> i64 {
        self.rows("counter", "name", name)
            .first()
            .and_then(|row| row["value"].as_i64())
            .unwrap_or_default()
    }

    /// The database's clock.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.call("GET", "/test/clock").send().expect(200)["now_ms"].as_i64().expect("a time")
    }

    /// Moves the database's clock forward, and the payment provider's with it.
    ///
    /// # Panics
    /// When other tests are in the shop.
    pub fn advance_ms(&self, advance_ms: i64) {
        assert!(matches!(self.share, Share::Alone { .. }), "only Shop::alone() may move the clock");
        let advance = json!({ "advance_ms": advance_ms });
        self.simulator("POST", "/clock").json(&advance).send().expect(200);
        self.call("POST", "/test/clock").json(&advance).send().expect(200);
    }

    /// Lets three days and more pass, a few hours at a time, until `work` finds something given up:
    /// after as many tries as it takes, which are none while a circuit breaker is open, and that
    /// closes after seconds of the wall clock.
    ///
    /// # Panics
    /// When nobody gives up within four minutes.
    pub fn until_it_is_dead<T>(&self, mut work: impl FnMut() -> Option<T>) -> T {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(240) {
            self.advance_ms(8 * 3_600_000);
            if let Some(dead) = work() {
                return dead;
            }
            thread::sleep(Duration::from_millis(400));
        }
        panic!("nobody gives up");
    }

    /// What is wrong in the database: nothing, at any time.
    #[must_use]
    pub fn violations(&self) -> Vec<Value> {
        let audit = self.call("GET", "/test/audit").send().expect(200);
        audit["violations"]
            .as_array()
            .cloned()
            .unwrap_or_else(|| panic!("no list of violations: {audit}"))
    }
}

impl Drop for Shop {
    /// The audit of the consistency runs after every test, and every event that has arrived is held
    /// against the document. Sagas, compensations and reservations may have been left to the
    /// workers, and the clock moved since: they get their turn before anybody is blamed.
    fn drop(&mut self) {
        if thread::panicking() {
            return;
        }
        if !self.violations().is_empty() {
            self.run_workers_until_quiet();
            let violations = self.violations();
            assert!(violations.is_empty(), "the audit found {violations:#?}");
        }
        self.holds_its_events();
    }
}
