//! How often a thing that failed is tried again, and how long is waited in between.

use serde::{Deserialize, Serialize};

/// A retry policy. The values here are defaults: a shop sets its own by variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// How many tries there are in all; after the last one the thing is dead.
    pub attempts_max: u32,
    /// The wait after the first failure.
    pub wait_first_ms: i64,
    /// The longest wait.
    pub wait_max_ms: i64,
    /// How the wait grows.
    pub growth: Growth,
}

/// How the wait grows from one failure to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// That was the last try: a dead letter and an alert.
    Dead,
}

impl RetryPolicy {
    /// What follows when the `attempt`-th try (the first is 1) has failed.
    #[must_use]
    pub fn after_failure(&self, attempt: u32) -> AfterFailure {
        if attempt >= self.attempts_max { AfterFailure::Dead } else { AfterFailure::RetryAfterMs(self.wait_ms(attempt)) }
    }

    /// How long is waited after the `attempt`-th try (the first is 1) has failed.
    #[must_use]
    pub fn wait_ms(&self, attempt: u32) -> i64 {
        let factor = match self.growth {
            Growth::Linear => i64::from(attempt),
            Growth::Doubling => 2_i64.saturating_pow(attempt.saturating_sub(1)),
        };
        self.wait_first_ms.saturating_mul(factor).clamp(0, self.wait_max_ms.max(0))
    }
}

/// Delivery of an event to its sink: ten tries, one second at first, twofold each time, at most five minutes.
pub const DELIVERY: RetryPolicy = RetryPolicy { attempts_max: 10, wait_first_ms: 1_000, wait_max_ms: 300_000, growth: Growth::Doubling };

/// How long is waited after the `attempt`-th delivery (the first is 1) has failed, by default.
#[must_use]
pub fn delivery_backoff_ms(attempt: u32) -> i64 {
    DELIVERY.wait_ms(attempt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_waits_twice_as_long_each_time_and_dies_after_the_tenth() {
        let waits: Vec<i64> = (1..=10).map(delivery_backoff_ms).collect();
        assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000]);
        assert_eq!(DELIVERY.after_failure(9), AfterFailure::RetryAfterMs(256_000));
        assert_eq!(DELIVERY.after_failure(10), AfterFailure::Dead);
    }

    #[test]
    fn no_number_of_attempts_overflows() {
        for growth in [Growth::Linear, Growth::Doubling] {
            let policy = RetryPolicy { growth, wait_first_ms: i64::MAX, ..DELIVERY };
            for attempt in [0, 1, 63, 64, u32::MAX] {
                assert!((0..=300_000).contains(&policy.wait_ms(attempt)));
            }
        }
    }
}
