//! The one place every host call passes: counted here, and the seam at which a fault can be put in.
//!
//! A host call is a SQL statement, a key-value operation, an outbound request, a Redis command or the setting of the response.
//! [`Instruments::call`] wraps the effect, so whoever adds faults can act before it (stop, fail, delay) and after it
//! (stop, lose the answer) without touching the callers. A [`Stop`] is the first of them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde::Serialize;

/// What kind of host call it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A SQL statement that reads or writes.
    Statement,
    /// A PRAGMA or a temporary object: SQL that prepares a connection.
    Setup,
    /// Key-value get or exists.
    KvGet,
    /// Key-value set.
    KvSet,
    /// Key-value delete.
    KvDelete,
    /// Key-value get-keys.
    KvKeys,
    /// An HTTP request to elsewhere, another component included, or a command to a Redis.
    Outbound,
    /// The response's head handed to the host.
    ResponseSet,
}

impl Kind {
    /// Tells setup from statement by the first words.
    pub fn of_sql(sql: &str) -> Self {
        let mut words = sql.split_whitespace().map(str::to_ascii_lowercase);
        let head = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match (head.0.as_str(), head.1.as_str()) {
            ("pragma", _) | ("create", "temp" | "temporary") => Self::Setup,
            _ => Self::Statement,
        }
    }
}

/// One host call that has returned.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// Its kind.
    pub kind: Kind,
    /// SQL: `database: statement`; key-value: `store: key`; outbound: method and URL without query, or `redis` and the command.
    pub label: String,
    /// How long it took.
    pub micros: u64,
}

/// How many calls of each sort, as the `till-host-calls` header says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// SQL statements.
    pub statements: usize,
    /// SQL setup statements.
    pub setup: usize,
    /// Key-value operations.
    pub kv: usize,
    /// Outbound requests.
    pub outbound: usize,
}

/// Where a guest is to die: at its host call of this number, counted from 1, before or after the effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The effect does not come about.
    Before(usize),
    /// The effect comes about, and the guest does not learn of it.
    After(usize),
}

impl std::str::FromStr for Stop {
    type Err = anyhow::Error;

    /// `before 3`, `after 3`.
    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text.split_once(' ') {
            Some(("before", number)) => Ok(Self::Before(number.parse()?)),
            Some(("after", number)) => Ok(Self::After(number.parse()?)),
            Some(_) | None => anyhow::bail!("{text:?} is neither `before N` nor `after N`"),
        }
    }
}

/// The instruments of one run of one guest.
#[derive(Clone, Debug, Default)]
pub struct Instruments {
    calls: Arc<Mutex<Vec<Call>>>,
    /// Where the guest is to die, if anywhere.
    pub stop: Option<Stop>,
}

impl Instruments {
    /// Makes one host call: runs `effect` and remembers it. An error from here is a trap of the guest.
    pub async fn call<T>(&self, kind: Kind, label: String, effect: impl Future<Output = T>) -> wasmtime::Result<T> {
        let number = self.calls.lock().unwrap_or_else(PoisonError::into_inner).len() + 1;
        if self.stop == Some(Stop::Before(number)) {
            return Err(wasmtime::Error::msg(format!("stopped before call {number}: {label}")));
        }
        let begun = Instant::now();
        let answer = effect.await;
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let stopped = (self.stop == Some(Stop::After(number))).then(|| format!("stopped after call {number}: {label}"));
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(Call { kind, label, micros });
        stopped.map_or(Ok(answer), |told| Err(wasmtime::Error::msg(told)))
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The calls so far, by sort.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for call in self.calls.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            match call.kind {
                Kind::Statement => counts.statements += 1,
                Kind::Setup => counts.setup += 1,
                Kind::KvGet | Kind::KvSet | Kind::KvDelete | Kind::KvKeys => counts.kv += 1,
                Kind::Outbound => counts.outbound += 1,
                Kind::ResponseSet => {}
            }
        }
        counts
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { statements, setup, kv, outbound } = self;
        write!(out, "statements={statements} setup={setup} kv={kv} outbound={outbound}")
    }
}

/// The first 60 characters of a statement, on one line.
pub fn shorten(sql: &str) -> String {
    let words: Vec<&str> = sql.split_whitespace().collect();
    words.join(" ").chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pragma_and_temporary_objects_are_setup() {
        assert_eq!(Kind::of_sql("PRAGMA synchronous = normal"), Kind::Setup);
        assert_eq!(Kind::of_sql("create temp trigger x"), Kind::Setup);
        assert_eq!(Kind::of_sql("create\n temporary view x"), Kind::Setup);
        assert_eq!(Kind::of_sql("insert into command values (?)"), Kind::Statement);
        assert_eq!(Kind::of_sql("create table x (y)"), Kind::Statement);
    }

    #[test]
    fn a_label_is_one_short_line() {
        assert_eq!(shorten("select\n  1"), "select 1");
        assert_eq!(shorten(&"é".repeat(100)).chars().count(), 60);
    }
}
