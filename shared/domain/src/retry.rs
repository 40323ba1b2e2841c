//! How often a thing that failed is tried again, how long is waited in between, when somebody is
//! told, and when it is given up.
//!
//! Nothing is given up by number: a provider that is away for a day has done nothing wrong. Tries
//! grow apart, an alert is raised once after so many, and only a time of days ends them (CHK-8).

/// The longest wait there is: however long something has failed, it is tried once an hour.
pub const WAIT_LONGEST_MS: i64 = 3_600_000;

/// Nothing is dead that was tried fewer times, however long ago the first of them failed: those who
/// try may have been away themselves, and come each time when the other side is away too. Three
/// days of tries that nobody misses are many times more.
pub const TRIES_AT_LEAST: u32 = 10;

/// A retry policy. The values here are defaults: a shop sets its own by variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// After how many failed tries an alert is raised.
    pub alert_after: u32,
    /// How long it is tried, counted from the first try that failed; then it is dead.
    pub give_up_ms: i64,
    /// The wait after the first failure.
    pub wait_first_ms: i64,
    /// The wait that the growth leads to. From there it doubles, up to [`WAIT_LONGEST_MS`].
    pub wait_max_ms: i64,
    /// How the wait grows.
    pub growth: Growth,
}

/// How the wait grows from one failure to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// By the first wait each time: 30 s, 60 s, 90 s.
    Linear,
    /// Twofold each time: 1 s, 2 s, 4 s.
    Doubling,
}

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// Try again after so long.
    RetryAfterMs(i64),
    /// It has had its time: a dead letter and an alert.
    Dead,
}

impl RetryPolicy {
    /// What follows when the `attempt`-th try (the first is 1) has failed, `failing_ms` after the
    /// first one that did. It is dead by time, and never by number alone; nor by time alone, when
    /// it was hardly tried ([`TRIES_AT_LEAST`]).
    #[must_use]
    pub fn after_failure(&self, attempt: u32, failing_ms: i64) -> AfterFailure {
        if failing_ms >= self.give_up_ms && attempt >= TRIES_AT_LEAST {
            AfterFailure::Dead
        } else {
            AfterFailure::RetryAfterMs(self.wait_ms(attempt))
        }
    }

    /// Whether somebody must have been told once the `attempt`-th try has failed. An alert is
    /// raised once, so saying so again does no harm.
    #[must_use]
    pub fn alerts(&self, attempt: u32) -> bool {
        attempt >= self.alert_after
    }

    /// How long is waited after the `attempt`-th try (the first is 1) has failed.
    #[must_use]
    pub fn wait_ms(&self, attempt: u32) -> i64 {
        let limit = self.wait_max_ms.max(0);
        let longest = limit.max(WAIT_LONGEST_MS);
        let wait = self.grown_ms(attempt);
        if wait < limit {
            return wait.max(0);
        }
        // How many tries ago the growth had come to its end.
        let beyond = (1..=attempt)
            .rev()
            .take_while(|earlier| self.grown_ms(*earlier) >= limit)
            .take(32)
            .count();
        let doublings = u32::try_from(beyond.saturating_sub(1)).unwrap_or(u32::MAX);
        limit.saturating_mul(2_i64.saturating_pow(doublings)).min(longest)
    }

    fn grown_ms(&self, attempt: u32) -> i64 {
        let factor = match self.growth {
            Growth::Linear => i64::from(attempt),
            Growth::Doubling => 2_i64.saturating_pow(attempt.saturating_sub(1)),
        };
        self.wait_first_ms.saturating_mul(factor)
    }
}

/// How long something is tried by default: three days.
const GIVE_UP_MS: i64 = 259_200_000;

/// Delivery of an event to its sink: one second at first, twofold each time up to five minutes,
/// then up to an hour; an alert after ten tries.
pub const DELIVERY: RetryPolicy = RetryPolicy {
    alert_after: 10,
    give_up_ms: GIVE_UP_MS,
    wait_first_ms: 1_000,
    wait_max_ms: 300_000,
    growth: Growth::Doubling,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_waits_twice_as_long_each_time_up_to_an_hour() {
        let waits: Vec<i64> = (1..=16).map(|attempt| DELIVERY.wait_ms(attempt) / 1_000).collect();
        assert_eq!(
            waits,
            [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 600, 1_200, 2_400, 3_600, 3_600, 3_600]
        );
    }

    #[test]
    fn a_linear_wait_grows_by_the_first_one_up_to_its_limit_and_then_doubles_up_to_an_hour() {
        let policy = RetryPolicy { wait_first_ms: 30_000, growth: Growth::Linear, ..DELIVERY };
        let waits: Vec<i64> = [1, 2, 3, 9, 10, 11, 12, 13, 14, 15, 1_000]
            .map(|attempt| policy.wait_ms(attempt) / 1_000)
            .to_vec();
        assert_eq!(waits, [30, 60, 90, 270, 300, 600, 1_200, 2_400, 3_600, 3_600, 3_600]);
    }

    #[test]
    fn time_gives_up_and_number_does_not() {
        assert_eq!(
            DELIVERY.after_failure(1_000_000, GIVE_UP_MS - 1),
            AfterFailure::RetryAfterMs(WAIT_LONGEST_MS)
        );
        assert_eq!(DELIVERY.after_failure(TRIES_AT_LEAST, GIVE_UP_MS), AfterFailure::Dead);
        assert!(!DELIVERY.alerts(9));
        assert!(DELIVERY.alerts(10) && DELIVERY.alerts(11));
    }

    #[test]
    fn three_days_of_tries_are_many_more_than_the_least() {
        for policy in
            [DELIVERY, RetryPolicy { wait_first_ms: 30_000, growth: Growth::Linear, ..DELIVERY }]
        {
            let tries = (1..).scan(0, |failing_ms, attempt| {
                *failing_ms += policy.wait_ms(attempt);
                (*failing_ms < GIVE_UP_MS).then_some(attempt)
            });
            assert!(tries.last() > Some(6 * TRIES_AT_LEAST), "{policy:?}");
        }
    }

    #[test]
    fn what_was_hardly_tried_is_not_dead_however_long_ago_that_was() {
        for attempt in 1..TRIES_AT_LEAST {
            assert_eq!(
                DELIVERY.after_failure(attempt, i64::MAX),
                AfterFailure::RetryAfterMs(DELIVERY.wait_ms(attempt))
            );
        }
    }

    #[test]
    fn no_number_of_attempts_overflows() {
        for growth in [Growth::Linear, Growth::Doubling] {
            for wait_first_ms in [0, 1, i64::MAX] {
                let policy = RetryPolicy { growth, wait_first_ms, ..DELIVERY };
                for attempt in [0, 1, 63, 64, u32::MAX] {
                    assert!(
                        (0..=WAIT_LONGEST_MS).contains(&policy.wait_ms(attempt)),
                        "{policy:?} {attempt}"
                    );
                }
            }
        }
    }
}
