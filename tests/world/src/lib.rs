//! A whole shop in one process, for tests of use cases: milliseconds instead of a running host.
//!
//! The database is SQLite in memory with the schema and the demo goods; provider and sink are the
//! simulator, called through the shop's own client, so what money did is in a ledger of its own;
//! the clock stands until it is moved, for the shop, its database and the simulator alike. Between
//! the shop and the world stand scripted [`Fault`]s. So a test is a story:
//!
//! ```no_run
//! use world::{ALWAYS, Call, Fault, World, hours};
//! let world = World::new();
//! let ann = world.shopper();
//! ann.add("TILL-0001", 1).expect(200);
//! let session = ann.begins("pm_card_visa");
//! world.fault(&[Call::Capture], Fault::Status(503), 1); // the next capture is answered 503, and nothing is done
//! ann.confirm(&session).expect(201);
//! world.lives(hours(1)); // an hour in which every worker runs once a minute
//! assert_eq!(world.ledger(), ["authorized 1509", "captured 1509"]);
//! world.is_consistent(); // the audit finds nothing
//! ```
//!
//! - Time: [`World::passes`] moves the clock, [`World::lives`] lets the workers run meanwhile.
//! - The world outside: [`World::fault`] by [`Call`], [`World::heals`] takes all faults back;
//!   [`World::calls`] is what was sent; [`World::meanwhile`] does something while a call is under
//!   way. [`World::simulator`] speaks with the simulator itself.
//! - Inside: [`World::set`] a variable, [`World::loses_database`], [`World::loses_key_values`],
//!   [`World::rows`] of any query.
//! - A use case that has no helper here is called as a function over [`World::ports`], and its
//!   result is told by [`Answer::of`].

#![expect(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "all of it is helpers of tests, and a helper that cannot help fails its test"
)]

mod answer;
mod calls;
mod shopper;
mod sides;
mod workers;

pub use answer::Answer;
pub use calls::{ALWAYS, Call, Fault, PROVIDER, Sent};
pub use pollster::block_on;
pub use shopper::Shopper;

use calls::Rule;
use ports::{Kv, KvError, Ports};
use sides::Database;
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

/// When every world begins.
pub const BEGINNING_MS: i64 = 1_800_000_000_000;
/// A sink secret that will do.
pub const SINK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

type Happening = Box<dyn FnOnce(&World)>;

/// A shop and all that is around it.
pub struct World {
    now_ms: Arc<AtomicI64>,
    shop: Database,
    simulator: Database,
    variables: RefCell<BTreeMap<String, String>>,
    key_values: RefCell<BTreeMap<String, Vec<u8>>>,
    key_values_lost: Cell<bool>,
    drawn: Cell<u64>,
    rules: RefCell<Vec<Rule>>,
    sent: RefCell<Vec<Sent>>,
    happenings: RefCell<Vec<(Call, Happening)>>,
}

/// Seconds of so many minutes.
#[must_use]
pub const fn minutes(minutes: i64) -> i64 {
    minutes * 60
}

/// Seconds of so many hours.
#[must_use]
pub const fn hours(hours: i64) -> i64 {
    hours * 3_600
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// A demo shop at [`BEGINNING_MS`], with the defaults of `spin.toml`, but that nobody waits before
    /// they buy again; the simulator as provider and sink.
    #[must_use]
    pub fn new() -> Self {
        let now_ms = Arc::new(AtomicI64::new(BEGINNING_MS));
        let shop = Database::new(&now_ms);
        for script in [
            include_str!("../../../shared/store/migrations/sqlite/baseline.sql"),
            include_str!("../../../shared/store/migrations/sqlite/demo.sql"),
        ] {
            shop.script(script);
        }
        Self {
            simulator: Database::new(&now_ms),
            now_ms,
            shop,
            variables: RefCell::new(variables()),
            key_values: RefCell::default(),
            key_values_lost: Cell::new(false),
            drawn: Cell::new(0),
            rules: RefCell::default(),
            sent: RefCell::default(),
            happenings: RefCell::default(),
        }
    }

    /// What a use case is given.
    #[must_use]
    pub fn ports(&self) -> Ports<'_> {
        Ports { sql: &self.shop, kv: self, http: self, clock: self, random: self, config: self }
    }

    /// What time it is.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    /// Moves the clock on.
    pub fn passes(&self, seconds: i64) {
        self.passes_ms(seconds * 1_000);
    }

    fn passes_ms(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// Sets a variable.
    pub fn set(&self, variable: &str, value: &str) {
        self.variables.borrow_mut().insert(variable.to_owned(), value.to_owned());
    }

    /// A variable that is not bound any more.
    pub fn unset(&self, variable: &str) {
        self.variables.borrow_mut().remove(variable);
    }

    /// Whether the key-value store fails from now on.
    pub fn loses_key_values(&self, lost: bool) {
        self.key_values_lost.set(lost);
    }

    /// A key-value as it stands.
    #[must_use]
    pub fn key_value(&self, key: &str) -> Vec<u8> {
        self.key_values.borrow().get(key).cloned().unwrap_or_default()
    }

    /// Writes a key-value as somebody would who can reach the store and has no key of ours.
    pub fn set_key_value(&self, key: &str, value: Vec<u8>) {
        self.key_values.borrow_mut().insert(key.to_owned(), value);
    }

    /// The keys of the key-values that begin so.
    #[must_use]
    pub fn keys_of_key_values(&self, prefix: &str) -> Vec<String> {
        self.key_values.borrow().keys().filter(|key| key.starts_with(prefix)).cloned().collect()
    }

    /// The shop's database answers `statements` more and then none, until [`World::heals`].
    pub fn loses_database(&self, statements: u32) {
        self.shop.answers.set(Some(statements));
    }

    /// The rows of any query on the shop's database, each as its cells with `|` between; a null is
    /// `-`.
    #[must_use]
    pub fn rows(&self, sql: &str) -> Vec<String> {
        self.shop.rows(sql)
    }

    /// Runs any statements on the shop's database.
    pub fn exec(&self, sql: &str) {
        self.shop.script(sql);
    }

    /// The ids of all alerts.
    #[must_use]
    pub fn alerts(&self) -> Vec<String> {
        self.rows("select alert_id from alert order by at_ms, alert_id")
    }

    /// The types of all events, as they were written.
    #[must_use]
    pub fn events(&self) -> Vec<String> {
        self.rows("select type from outbox order by outbox_id")
    }

    /// What money did at the provider, as `kind amount`.
    #[must_use]
    pub fn ledger(&self) -> Vec<String> {
        self.simulator.rows("select kind || ' ' || amount_minor from ledger order by entry")
    }

    /// Events that the sink has received, by type.
    #[must_use]
    pub fn arrived(&self) -> Vec<String> {
        self.simulator.rows("select type from arrival order by position")
    }
}

impl Kv for World {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        self.kept()?;
        Ok(self.key_values.borrow().get(key).cloned())
    }

    fn set(&self, key: &str, value: &[u8]) -> Result<(), KvError> {
        self.kept()?;
        self.key_values.borrow_mut().insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    fn delete(&self, key: &str) -> Result<(), KvError> {
        self.kept()?;
        self.key_values.borrow_mut().remove(key);
        Ok(())
    }
}

impl World {
    fn kept(&self) -> Result<(), KvError> {
        if self.key_values_lost.get() { Err(KvError("no connection".to_owned())) } else { Ok(()) }
    }
}

/// The defaults of `spin.toml`, and what a shop must be told.
fn variables() -> BTreeMap<String, String> {
    let manifest: toml::Table =
        include_str!("../../../spin.toml").parse().expect("spin.toml is TOML");
    let declared = manifest
        .get("variables")
        .and_then(toml::Value::as_table)
        .expect("spin.toml declares variables");
    let default = |(name, variable): (&String, &toml::Value)| {
        Some((name.clone(), variable.get("default")?.as_str()?.to_owned()))
    };
    let mut variables: BTreeMap<String, String> = declared.iter().filter_map(default).collect();
    for (name, value) in [
        ("payment_base_url", "https://provider"),
        ("payment_api_key", "sk_test_1"),
        ("confirm_cool_down_seconds", "0"),
        ("event_sink_url", "https://sink/sink"),
        ("event_sink_secret", SINK_SECRET),
        ("pii_key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
        ("service_token_secret", "a-service-token-secret-of-32-bytes-or-more"),
        ("session_token_secret", "a-session-token-secret-of-32-bytes-or-more"),
    ] {
        variables.insert(name.to_owned(), value.to_owned());
    }
    variables
}

/// A happening is taken out before it runs: it may call the shop itself.
fn take(happenings: &RefCell<Vec<(Call, Happening)>>, call: Call) -> Option<Happening> {
    let mut happenings = happenings.borrow_mut();
    let at = happenings.iter().position(|(known, _)| *known == call)?;
    Some(happenings.remove(at).1)
}
