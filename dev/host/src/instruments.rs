//! The one place every host call passes: counted here, and the seam at which a fault is put in.
//!
//! A host call is a SQL statement, a key-value operation, an outbound request, a Redis command or
//! the setting of the response. [`Instruments::call`] wraps the effect, so a fault
//! ([`crate::faults`]) acts before it (stop, fail, delay) and after it (stop, lose the answer)
//! without the callers' doing. A run without a plan pays one look at an empty list.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::Serialize;

pub use crate::calls::{Call, Kind};
use crate::faults::{Armed, Failing, Failure, Fault};

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

/// What a fault does to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Struck {
    /// Nothing.
    No,
    /// This.
    By(Fault),
    /// This, and the caller has seen to the failure or the loss itself.
    Arranged(Fault),
}

/// The instruments of one run of one guest.
#[derive(Clone, Debug, Default)]
pub struct Instruments {
    seen: Arc<Mutex<Seen>>,
    armed: Vec<Armed>,
}

#[derive(Debug, Default)]
struct Seen {
    calls: Vec<Call>,
    misplanned: Option<String>,
    reply_lost: bool,
}

impl Instruments {
    /// Puts plans in force, before the run begins.
    pub fn arm(&mut self, plans: impl IntoIterator<Item = Armed>) {
        self.armed.extend(plans);
    }

    /// What the plans do to the call that comes next. Asked once per call.
    pub fn strike(&self, kind: Kind, label: &str) -> Struck {
        if self.armed.is_empty() {
            return Struck::No;
        }
        let seen = self.seen();
        self.armed
            .iter()
            .find_map(|armed| armed.strike(&seen.calls, kind, label))
            .map_or(Struck::No, Struck::By)
    }

    /// Makes one host call: runs `effect` and remembers it. An error from here is a trap of the
    /// guest.
    pub async fn call<T: Failing>(
        &self,
        kind: Kind,
        label: String,
        effect: impl Future<Output = T>,
    ) -> wasmtime::Result<T> {
        let struck = self.strike(kind, &label);
        self.call_struck(struck, kind, label, effect).await
    }

    /// The same, by a caller that has asked [`Instruments::strike`] itself.
    pub async fn call_struck<T: Failing>(
        &self,
        struck: Struck,
        kind: Kind,
        label: String,
        effect: impl Future<Output = T>,
    ) -> wasmtime::Result<T> {
        let begun = Instant::now();
        let (fault, answer) = match struck {
            Struck::No => (None, Ok(effect.await)),
            Struck::Arranged(fault @ (Fault::Fail(_) | Fault::LoseAnswer)) => {
                (Some(fault), Ok(effect.await))
            }
            Struck::By(fault) | Struck::Arranged(fault) => {
                (Some(fault), self.spoilt(fault, kind, &label, effect).await)
            }
        };
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.seen().calls.push(Call { kind, label, micros, fault });
        answer
    }

    async fn spoilt<T: Failing>(
        &self,
        fault: Fault,
        kind: Kind,
        label: &str,
        effect: impl Future<Output = T>,
    ) -> wasmtime::Result<T> {
        let stopped =
            |when: &str| Err(wasmtime::Error::msg(format!("stopped {when} a host call: {label}")));
        match fault {
            Fault::StopBefore => stopped("before"),
            Fault::StopAfter => {
                effect.await;
                stopped("after")
            }
            Fault::LoseAnswer if kind == Kind::ResponseSet => {
                self.seen().reply_lost = true;
                Ok(effect.await)
            }
            Fault::LoseAnswer => {
                effect.await;
                T::failing(Failure::ConnectionLost).ok_or_else(|| self.misplanned(fault, label))
            }
            Fault::Fail(failure) => {
                T::failing(failure).ok_or_else(|| self.misplanned(fault, label))
            }
            Fault::DelayMs(ms) => {
                tokio::time::sleep(std::time::Duration::from_millis(ms)).await;
                Ok(effect.await)
            }
            Fault::KillHostBefore => kill_host("before", label),
            Fault::KillHostAfter => {
                effect.await;
                kill_host("after", label)
            }
        }
    }

    /// Ends the run over a fault that this call does not know.
    pub fn misplanned(&self, fault: Fault, label: &str) -> wasmtime::Error {
        let why = format!("till: this call knows no such fault: {fault:?} at {label}");
        self.seen().misplanned = Some(why.clone());
        wasmtime::Error::msg(why)
    }

    /// Why a plan could not be carried out, if one could not.
    pub fn why_misplanned(&self) -> Option<String> {
        self.seen().misplanned.clone()
    }

    /// Whether anything was done to a call.
    pub fn was_struck(&self) -> bool {
        self.seen().calls.iter().any(|call| call.fault.is_some())
    }

    /// Whether the client is to hear nothing.
    pub fn reply_is_lost(&self) -> bool {
        self.seen().reply_lost
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<Call> {
        self.seen().calls.clone()
    }

    /// The calls so far, by sort.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for call in &self.seen().calls {
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

/// Ends the process as a kill would: nothing is unwound, flushed or closed.
fn kill_host(when: &str, label: &str) -> ! {
    eprintln!("till: killed {when} a host call, as planned: {label}");
    std::process::abort()
}

impl std::fmt::Display for Counts {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { statements, setup, kv, outbound } = self;
        write!(out, "statements={statements} setup={setup} kv={kv} outbound={outbound}")
    }
}

/// The first 60 characters of a statement, on one line. The rest of it, which may be long, is not
/// looked at.
pub fn shorten(sql: &str) -> String {
    let spaced = sql.split_whitespace().flat_map(|word| std::iter::once(' ').chain(word.chars()));
    spaced.skip(1).take(60).collect()
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
