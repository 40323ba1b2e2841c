//! Compensations: what is owed to a provider after something went wrong, kept as rows and retried
//! until done or dead; and what an operator may make of one.

use crate::payment::{PaymentEvent, PaymentState, next};

named_enum! {
    /// What is owed.
    pub enum CompensationKind("a compensation") {
        /// Give back money that is held, for an order that never came or is cancelled.
        VoidPayment = "void_payment",
        /// See that a payment which no order will come of, refused or given up by the buyer, takes
        /// no money any more.
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
        /// It was refused for good, or has failed for days. An alert has been raised, once, and an
        /// operator must look.
        Dead = "dead",
        /// An operator has settled it, with a reason; nobody tries it any more.
        Resolved = "resolved",
    }
}

named_enum! {
    /// What an operator who settles a compensation says of the money.
    pub enum Outcome("an outcome") {
        /// It was done at the provider's own desk.
        DoneByHand = "done_by_hand",
        /// It was not done, and will not be.
        WrittenOff = "written_off",
    }
}

/// What a payment has, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// What we know of it.
    pub state: PaymentState,
    /// What was taken.
    pub captured_minor: i64,
    /// What has gone back.
    pub refunded_minor: i64,
}

/// What a payment becomes when this much was voided, refunded or captured by hand. `None` when what
/// we know of the payment says that it cannot have been: nothing is refunded that was not taken,
/// and nothing is taken from what was given back.
#[must_use]
pub fn done_by_hand(kind: CompensationKind, amount_minor: i64, payment: Held) -> Option<Held> {
    match kind {
        // Nothing was ever held.
        CompensationKind::VoidPayment | CompensationKind::CancelIntent
            if payment.state == PaymentState::Failed =>
        {
            Some(payment)
        }
        CompensationKind::VoidPayment | CompensationKind::CancelIntent => {
            Some(Held { state: next(payment.state, PaymentEvent::Voided)?, ..payment })
        }
        CompensationKind::RefundPayment => {
            let refunded_minor = payment.refunded_minor.checked_add(amount_minor)?;
            let event = match payment.captured_minor.checked_sub(refunded_minor)? {
                0 => PaymentEvent::Refunded,
                1.. => PaymentEvent::PartiallyRefunded,
                _ => return None,
            };
            Some(Held { state: next(payment.state, event)?, refunded_minor, ..payment })
        }
        CompensationKind::CapturePayment => match payment.captured_minor {
            0 => Some(Held {
                state: next(payment.state, PaymentEvent::Captured)?,
                captured_minor: amount_minor,
                ..payment
            }),
            _ => None,
        },
    }
}

/// What a payment is when its compensation is to be tried anew; `None` when there is nothing left
/// to try for.
#[must_use]
pub fn tried_anew(kind: CompensationKind, state: PaymentState) -> Option<PaymentState> {
    match kind {
        CompensationKind::VoidPayment | CompensationKind::RefundPayment => {
            state.may_hold_money().then_some(state)
        }
        // An intent can still be confirmed after a decline, and holds nothing until then.
        CompensationKind::CancelIntent => Some(state),
        CompensationKind::CapturePayment => next(state, PaymentEvent::CaptureRequested),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(state: PaymentState, captured_minor: i64, refunded_minor: i64) -> Held {
        Held { state, captured_minor, refunded_minor }
    }

    #[test]
    fn what_was_done_by_hand_is_what_the_payment_allows() {
        use CompensationKind as K;
        use PaymentState as S;
        let cases = [
            (K::VoidPayment, held(S::Authorized, 0, 0), Some(held(S::Voided, 0, 0))),
            (K::VoidPayment, held(S::Pending, 0, 0), Some(held(S::Voided, 0, 0))),
            (K::VoidPayment, held(S::Failed, 0, 0), Some(held(S::Failed, 0, 0))),
            (K::VoidPayment, held(S::Captured, 90, 0), None),
            (K::CancelIntent, held(S::RequiresAction, 0, 0), Some(held(S::Voided, 0, 0))),
            (K::CancelIntent, held(S::Failed, 0, 0), Some(held(S::Failed, 0, 0))),
            (K::RefundPayment, held(S::Captured, 90, 0), Some(held(S::Refunded, 90, 90))),
            (
                K::RefundPayment,
                held(S::Captured, 100, 0),
                Some(held(S::PartiallyRefunded, 100, 90)),
            ),
            (
                K::RefundPayment,
                held(S::PartiallyRefunded, 100, 10),
                Some(held(S::Refunded, 100, 100)),
            ),
            (K::RefundPayment, held(S::PartiallyRefunded, 100, 11), None),
            (K::RefundPayment, held(S::Authorized, 0, 0), None),
            (K::RefundPayment, held(S::Refunded, 90, 90), None),
            (K::CapturePayment, held(S::CaptureFailed, 0, 0), Some(held(S::Captured, 90, 0))),
            (K::CapturePayment, held(S::CapturePending, 0, 0), Some(held(S::Captured, 90, 0))),
            (K::CapturePayment, held(S::Captured, 90, 0), None),
            (K::CapturePayment, held(S::Voided, 0, 0), None),
        ];
        for (kind, payment, expected) in cases {
            assert_eq!(done_by_hand(kind, 90, payment), expected, "{kind} {payment:?}");
        }
        assert_eq!(
            done_by_hand(K::RefundPayment, i64::MAX, held(S::PartiallyRefunded, 100, 1)),
            None
        );
    }

    #[test]
    fn nothing_is_tried_anew_that_has_nothing_left_to_do() {
        use CompensationKind as K;
        use PaymentState as S;
        assert_eq!(tried_anew(K::CapturePayment, S::CaptureFailed), Some(S::CapturePending));
        assert_eq!(tried_anew(K::CapturePayment, S::Voided), None);
        assert_eq!(tried_anew(K::CapturePayment, S::Captured), None);
        assert_eq!(tried_anew(K::RefundPayment, S::Captured), Some(S::Captured));
        assert_eq!(tried_anew(K::RefundPayment, S::Refunded), None);
        assert_eq!(tried_anew(K::VoidPayment, S::Authorized), Some(S::Authorized));
        assert_eq!(tried_anew(K::VoidPayment, S::Voided), None);
        assert_eq!(tried_anew(K::CancelIntent, S::Failed), Some(S::Failed));
    }
}
