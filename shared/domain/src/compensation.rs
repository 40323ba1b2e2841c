//! Compensations: what is owed to a provider after something went wrong, kept as rows and retried until done or dead.

use crate::retry::{Growth, RetryPolicy};

named_enum! {
    /// What is owed.
    pub enum CompensationKind("a compensation") {
        /// Give back money that is held, for an order that never came or is cancelled.
        VoidPayment = "void_payment",
        /// See that a payment which no order will come of, refused or given up by the buyer, takes no money any more.
        CancelIntent = "cancel_intent",
        /// Give back money that was taken.
        RefundPayment = "refund_payment",
        /// Take money that is held, for an order that stands.
        CapturePayment = "capture_payment",
    }
}

named_enum! {
    /// How far a compensation has come.
    pub enum CompensationStatus("a compensation status") {
        /// It is owed, and is tried when its time comes.
        Pending = "pending",
        /// It has been done.
        Done = "done",
        /// Every try failed. An alert has been raised, once, and an operator must look.
        Dead = "dead",
    }
}

impl CompensationKind {
    /// How many tries there are in all, by default. A void has fewer: an authorization lapses by itself.
    #[must_use]
    pub const fn max_attempts(self) -> u32 {
        match self {
            Self::VoidPayment | Self::CancelIntent => 5,
            Self::RefundPayment | Self::CapturePayment => 10,
        }
    }

    /// The whole policy, by default.
    #[must_use]
    pub const fn policy(self) -> RetryPolicy {
        RetryPolicy { attempts_max: self.max_attempts(), wait_first_ms: 30_000, wait_max_ms: 300_000, growth: Growth::Linear }
    }
}

/// How long is waited after the `attempt`-th try (the first is 1) has failed, by default: 30 s, 60 s, 90 s, up to
/// five minutes.
#[must_use]
pub fn backoff_ms(attempt: u32) -> i64 {
    CompensationKind::RefundPayment.policy().wait_ms(attempt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retry::AfterFailure;

    #[test]
    fn the_wait_grows_by_thirty_seconds_up_to_five_minutes() {
        let waits: Vec<i64> = [1, 2, 3, 9, 10, 11, 1_000].map(backoff_ms).to_vec();
        assert_eq!(waits, [30_000, 60_000, 90_000, 270_000, 300_000, 300_000, 300_000]);
    }

    #[test]
    fn a_void_dies_after_five_tries_and_the_others_after_ten() {
        for &kind in CompensationKind::ALL {
            let last = if matches!(kind, CompensationKind::VoidPayment | CompensationKind::CancelIntent) { 5 } else { 10 };
            assert!(matches!(kind.policy().after_failure(last - 1), AfterFailure::RetryAfterMs(_)), "{kind}");
            assert_eq!(kind.policy().after_failure(last), AfterFailure::Dead, "{kind}");
        }
    }
}
