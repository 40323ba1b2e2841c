//! A circuit breaker whose state is one small KV record (PAY-2).
//!
//! closed: calls pass; failures within a window are counted. open: nothing is sent until the
//! cool-down ends. half-open: one caller probes, the others stay out until it answers or its time
//! is up.
//!
//! Reading the state is one KV get before the call. A healthy call writes nothing; a failure writes
//! the count, the first success afterwards removes the record.
//!
//! There are no atomics, so counting is lossy: of two failures at the same moment one may be lost,
//! and two callers may probe at once. Both only shift when the circuit opens or closes by a call or
//! two. The breaker saves waiting; it decides nothing about money. For the same reason a KV store
//! that cannot be read or written counts as a closed circuit: the payment does not fail because the
//! gate did.

use config::{BREAKER_FAILURES, BREAKER_OPEN_MS, BREAKER_WINDOW_MS, Unusable};
use ports::{Clock, Kv, Ports};
use serde::{Deserialize, Serialize};

/// How much longer than its call a probe keeps others waiting.
const PROBE_SPARE_MS: i64 = 5_000;

/// When a circuit opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// This many failures open the circuit...
    pub failures_max: u32,
    /// ...if they fall within this time of the first.
    pub window_ms: i64,
    /// How long nothing is sent once it is open.
    pub cool_down_ms: i64,
    /// How long others wait for the answer of a probe; above the call's own timeout.
    pub probe_ms: i64,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self { failures_max: 5, window_ms: 30_000, cool_down_ms: 10_000, probe_ms: 15_000 }
    }
}

/// The state a circuit is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls pass.
    Closed,
    /// Nothing is sent before this time.
    Open {
        /// Epoch milliseconds.
        until_ms: i64,
    },
    /// The next call is a probe, or one is under way.
    HalfOpen,
}

/// The record as stored; absent means closed without failures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    failures: u32,
    first_failure_ms: i64,
    /// Zero while closed.
    open_until_ms: i64,
    /// Zero unless a probe is under way.
    probe_until_ms: i64,
}

/// The circuit breaker of one outside party.
#[derive(Clone, Copy)]
pub struct Breaker<'a> {
    name: &'a str,
    policy: BreakerPolicy,
    kv: &'a dyn Kv,
    clock: &'a dyn Clock,
}

/// Permission for one call; hand it back with the call's result.
#[derive(Debug)]
#[must_use = "report how the call ended, or the circuit never opens or closes"]
pub struct Pass {
    seen: Option<Record>,
}

/// The circuit is open: do not call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// How long it stays so.
    pub retry_after_ms: u64,
}

impl<'a> Breaker<'a> {
    /// A breaker for the party called `name`, with its record under the KV key `breaker/<name>`.
    #[must_use]
    pub fn new(name: &'a str, policy: BreakerPolicy, kv: &'a dyn Kv, clock: &'a dyn Clock) -> Self {
        Self { name, policy, kv, clock }
    }

    /// The shop's breaker before `name`, each call to which may take `timeout_ms`.
    ///
    /// # Errors
    /// When one of its variables cannot be used.
    pub fn configured(name: &'a str, ports: &Ports<'a>, timeout_ms: u64) -> Result<Self, Unusable> {
        let policy = BreakerPolicy {
            failures_max: BREAKER_FAILURES.read(ports.config)?,
            window_ms: BREAKER_WINDOW_MS.read(ports.config)?,
            cool_down_ms: BREAKER_OPEN_MS.read(ports.config)?,
            probe_ms: i64::try_from(timeout_ms).unwrap_or(i64::MAX).saturating_add(PROBE_SPARE_MS),
        };
        Ok(Self::new(name, policy, ports.kv, ports.clock))
    }

    /// Asks whether a call may go out.
    ///
    /// # Errors
    /// [`Blocked`] while the circuit is open, or half-open with someone else's probe under way.
    pub fn admit(&self) -> Result<Pass, Blocked> {
        let now_ms = self.clock.wall_ms();
        let Some(record) = self.read() else {
            return Ok(Pass { seen: None });
        };
        let blocked_until_ms = record.open_until_ms.max(record.probe_until_ms);
        if blocked_until_ms > now_ms {
            let left_ms = blocked_until_ms.saturating_sub(now_ms);
            return Err(Blocked { retry_after_ms: u64::try_from(left_ms).unwrap_or(1) });
        }
        if record.open_until_ms > 0 {
            self.write(&Record {
                probe_until_ms: now_ms.saturating_add(self.policy.probe_ms),
                ..record
            });
        }
        Ok(Pass { seen: Some(record) })
    }

    /// The party answered. Closes the circuit; writes only if something was on record.
    pub fn succeeded(&self, pass: Pass) {
        if pass.seen.is_some() {
            // A record that cannot be removed only costs a probe later.
            self.kv.delete(&self.key()).unwrap_or_default();
        }
    }

    /// The party did not answer, or answered that it is broken.
    pub fn failed(&self, pass: Pass) {
        let now_ms = self.clock.wall_ms();
        // Read anew: others may have counted while this call was under way.
        let before = self.read().or(pass.seen).unwrap_or_default();
        let probing = before.open_until_ms > 0;
        let window_over = now_ms.saturating_sub(before.first_failure_ms) > self.policy.window_ms;
        let (failures, first_failure_ms) = if window_over && !probing {
            (1, now_ms)
        } else {
            (before.failures.saturating_add(1), before.first_failure_ms)
        };
        let opens = probing || failures >= self.policy.failures_max;
        self.write(&Record {
            failures,
            first_failure_ms,
            open_until_ms: if opens { now_ms.saturating_add(self.policy.cool_down_ms) } else { 0 },
            probe_until_ms: 0,
        });
    }

    /// The state, for a health report: one KV get.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        match self.read() {
            None => BreakerState::Closed,
            Some(record) if record.open_until_ms == 0 => BreakerState::Closed,
            Some(record) if record.open_until_ms > self.clock.wall_ms() => {
                BreakerState::Open { until_ms: record.open_until_ms }
            }
            Some(_) => BreakerState::HalfOpen,
        }
    }

    fn key(&self) -> String {
        format!("breaker/{}", self.name)
    }

    /// A record that cannot be read counts as none (see the module's header), and so does one that
    /// claims a time no breaker writes: it would keep everybody out for as long as it likes.
    fn read(&self) -> Option<Record> {
        let bytes = self.kv.get(&self.key()).ok().flatten()?;
        let record: Record = json::read(&bytes).ok()?;
        let now_ms = self.clock.wall_ms();
        let may_be = |until_ms: i64, longest_ms| {
            until_ms <= now_ms || ports::lasts(until_ms, now_ms, longest_ms)
        };
        let believed = record.first_failure_ms <= now_ms
            && may_be(record.open_until_ms, self.policy.cool_down_ms)
            && may_be(record.probe_until_ms, self.policy.probe_ms);
        believed.then_some(record)
    }

    /// A record that cannot be written is lost (see the module's header).
    fn write(&self, record: &Record) {
        if let Ok(bytes) = serde_json::to_vec(record) {
            self.kv.set(&self.key(), &bytes).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeClock, FakeKv};

    const POLICY: BreakerPolicy =
        BreakerPolicy { failures_max: 3, window_ms: 1_000, cool_down_ms: 500, probe_ms: 200 };

    fn fail(breaker: &Breaker<'_>) {
        breaker.failed(breaker.admit().unwrap());
    }

    #[test]
    fn a_healthy_call_reads_once_and_writes_nothing() {
        let (kv, clock) = (FakeKv::default(), FakeClock::at(10_000));
        let breaker = Breaker::new("payment", POLICY, &kv, &clock);
        breaker.succeeded(breaker.admit().unwrap());
        assert_eq!(kv.calls(), ["get breaker/payment"]);
    }

    #[test]
    fn failures_within_the_window_open_it_and_a_good_probe_closes_it() {
        let (kv, clock) = (FakeKv::default(), FakeClock::at(10_000));
        let breaker = Breaker::new("payment", POLICY, &kv, &clock);
        fail(&breaker);
        fail(&breaker);
        assert_eq!(breaker.state(), BreakerState::Closed);
        fail(&breaker);
        assert_eq!(breaker.state(), BreakerState::Open { until_ms: 10_500 });
        assert_eq!(breaker.admit().unwrap_err(), Blocked { retry_after_ms: 500 });

        clock.advance(500);
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        let probe = breaker.admit().unwrap();
        assert_eq!(
            breaker.admit().unwrap_err(),
            Blocked { retry_after_ms: 200 },
            "one probe at a time"
        );
        breaker.succeeded(probe);
        assert_eq!(breaker.state(), BreakerState::Closed);
        assert!(kv.is_empty());
    }

    #[test]
    fn a_failed_probe_opens_it_again_at_once() {
        let (kv, clock) = (FakeKv::default(), FakeClock::at(10_000));
        let breaker = Breaker::new("payment", POLICY, &kv, &clock);
        (0..3).for_each(|_| fail(&breaker));
        clock.advance(500);
        fail(&breaker);
        assert_eq!(breaker.state(), BreakerState::Open { until_ms: 11_000 });
    }

    #[test]
    fn a_probe_that_never_came_back_does_not_block_for_ever() {
        let (kv, clock) = (FakeKv::default(), FakeClock::at(10_000));
        let breaker = Breaker::new("payment", POLICY, &kv, &clock);
        (0..3).for_each(|_| fail(&breaker));
        clock.advance(500);
        drop(breaker.admit().unwrap());
        clock.advance(200);
        assert!(breaker.admit().is_ok());
    }

    #[test]
    fn failures_far_apart_or_followed_by_a_success_do_not_open_it() {
        let (kv, clock) = (FakeKv::default(), FakeClock::at(10_000));
        let breaker = Breaker::new("payment", POLICY, &kv, &clock);
        fail(&breaker);
        fail(&breaker);
        clock.advance(1_001);
        fail(&breaker);
        assert_eq!(breaker.state(), BreakerState::Closed);
        fail(&breaker);
        breaker.succeeded(breaker.admit().unwrap());
        fail(&breaker);
        fail(&breaker);
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn a_record_that_claims_a_time_no_breaker_writes_counts_as_none() {
        let (kv, clock) = (FakeKv::default(), FakeClock::at(10_000));
        let breaker = Breaker::new("payment", POLICY, &kv, &clock);
        let record = |first: i64, open: i64, probe: i64| {
            let text = format!(
                r#"{{"failures":3,"first_failure_ms":{first},"open_until_ms":{open},"probe_until_ms":{probe}}}"#
            );
            kv.put("breaker/payment", text.as_bytes());
            breaker.admit().is_ok()
        };
        assert!(
            !record(9_999, 10_500, 0) && !record(9_999, 9_000, 10_200),
            "as long as the policy has it"
        );
        assert!(record(9_999, 10_501, 0), "open for longer than ever");
        assert!(record(9_999, i64::MAX, 0) && record(9_999, 9_000, i64::MAX));
        assert!(record(9_999, 9_000, 10_201), "a probe that takes longer than ever");
        assert!(record(10_001, 10_500, 0), "a failure that is to come");
    }

    #[test]
    fn a_broken_store_or_record_counts_as_closed() {
        let (kv, clock) = (FakeKv::default(), FakeClock::at(10_000));
        let breaker = Breaker::new("payment", POLICY, &kv, &clock);
        kv.put("breaker/payment", b"not json");
        assert!(breaker.admit().is_ok());
        kv.break_down();
        (0..9).for_each(|_| fail(&breaker));
        assert!(breaker.admit().is_ok());
    }
}
