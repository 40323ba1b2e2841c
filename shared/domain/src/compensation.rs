//! Compensations: what is owed to a provider after something went wrong, kept as rows and retried until done or dead.

use crate::retry::{GIVE_UP_MS, Growth, RetryPolicy};

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
        /// It was refused for good, or has failed for days. An alert has been raised, once, and an operator must look.
        Dead = "dead",
    }
}

impl CompensationKind {
    /// After how many failed tries somebody is told, by default. Of a void sooner: an authorization lapses by itself.
    #[must_use]
    pub const fn alert_after(self) -> u32 {
        match self {
            Self::VoidPayment | Self::CancelIntent => 5,
            Self::RefundPayment | Self::CapturePayment => 10,
        }
    }

    /// The whole policy, by default.
    #[must_use]
    pub const fn policy(self) -> RetryPolicy {
        RetryPolicy {
            alert_after: self.alert_after(),
            give_up_ms: GIVE_UP_MS,
            wait_first_ms: 30_000,
            wait_max_ms: 300_000,
            growth: Growth::Linear,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_by_thirty_seconds_up_to_five_minutes_and_then_doubles_up_to_an_hour() {
        let policy = CompensationKind::RefundPayment.policy();
        let waits: Vec<i64> = [1, 2, 3, 9, 10, 11, 12, 13, 14, 15, 1_000].map(|attempt| policy.wait_ms(attempt) / 1_000).to_vec();
        assert_eq!(waits, [30, 60, 90, 270, 300, 600, 1_200, 2_400, 3_600, 3_600, 3_600]);
    }

    #[test]
    fn of_a_void_somebody_is_told_after_five_tries_and_of_the_others_after_ten() {
        for &kind in CompensationKind::ALL {
            let told = if matches!(kind, CompensationKind::VoidPayment | CompensationKind::CancelIntent) { 5 } else { 10 };
            assert!(!kind.policy().alerts(told - 1) && kind.policy().alerts(told), "{kind}");
        }
    }
}
