//! The workers, as their schedules would run them.

use crate::World;
use app::workers::{self, Report};
use edge::Problem;
use pollster::block_on;
use ports::{Redis, RedisError};

/// How often workers run in [`World::lives`], in seconds.
const TICK_S: i64 = 60;
/// And when so much time is to pass that nobody wants to wait for it.
const LONG_TICK_S: i64 = 300;
const LONG_S: i64 = 6 * 3_600;

struct NoRedis;

impl Redis for NoRedis {
    fn execute(&self, address: &str, _: &str, _: &[&[u8]]) -> Result<Vec<Vec<u8>>, RedisError> {
        Err(RedisError::NotSent(format!("nobody has a Redis at {address}")))
    }
}

impl World {
    /// `saga-recovery`, once.
    ///
    /// # Errors
    /// What the worker says; likewise below.
    pub fn recovers(&self) -> Result<Report, Problem> {
        block_on(workers::saga_recovery(&self.ports()))
    }

    /// `compensation-retry`, once.
    ///
    /// # Errors
    /// As [`World::recovers`].
    pub fn compensates(&self) -> Result<Report, Problem> {
        block_on(workers::compensation_retry(&self.ports()))
    }

    /// `outbox-relay`, once.
    ///
    /// # Errors
    /// As [`World::recovers`].
    pub fn relays(&self) -> Result<Report, Problem> {
        block_on(workers::outbox_relay(&self.ports(), &NoRedis))
    }

    /// `reservation-cleanup`, once.
    ///
    /// # Errors
    /// As [`World::recovers`].
    pub fn cleans(&self) -> Result<Report, Problem> {
        block_on(workers::reservation_cleanup(&self.ports()))
    }

    /// `cart-cleanup`, once.
    ///
    /// # Errors
    /// As [`World::recovers`].
    pub fn sweeps(&self) -> Result<Report, Problem> {
        block_on(workers::cart_cleanup(&self.ports()))
    }

    /// `record-cleanup`, once.
    ///
    /// # Errors
    /// As [`World::recovers`].
    pub fn prunes(&self) -> Result<Report, Problem> {
        block_on(workers::record_cleanup(&self.ports()))
    }

    /// `data-key-rewrap`, once.
    ///
    /// # Errors
    /// As [`World::recovers`].
    pub fn rewraps(&self) -> Result<Report, Problem> {
        block_on(workers::data_key_rewrap(&self.ports()))
    }

    /// Every worker, once; what one of them says is a line in the log.
    pub fn works(&self) {
        for result in [
            self.sweeps(),
            self.cleans(),
            self.recovers(),
            self.compensates(),
            self.relays(),
            self.prunes(),
            self.rewraps(),
        ] {
            if let Err(problem) = result {
                eprintln!("a worker: {problem}");
            }
        }
    }

    /// Lets so many seconds pass in which every worker runs once a minute; where it is more than
    /// six hours, every five minutes.
    pub fn lives(&self, seconds: i64) {
        let until_ms = self.now_ms() + seconds * 1_000;
        let tick_s = if seconds > LONG_S { LONG_TICK_S } else { TICK_S };
        while self.now_ms() < until_ms {
            self.passes(tick_s.min((until_ms - self.now_ms()).div_euclid(1_000).max(1)));
            self.works();
        }
    }

    /// What the audit finds in all rows, as alert ids of those that stand for the first time.
    ///
    /// # Panics
    /// When the audit itself fails.
    #[must_use]
    pub fn audits(&self) -> Vec<String> {
        let before = self.alerts();
        // Movements are added up a minute later, rows in batches.
        for _ in 0..3 {
            self.passes(61);
            block_on(workers::consistency_audit(&self.ports()))
                .unwrap_or_else(|problem| panic!("the audit: {problem}"));
        }
        self.alerts().into_iter().filter(|alert| !before.contains(alert)).collect()
    }

    /// That the audit finds nothing.
    ///
    /// # Panics
    /// With what it finds.
    #[track_caller]
    pub fn is_consistent(&self) {
        assert_eq!(self.audits(), Vec::<String>::new());
    }
}
