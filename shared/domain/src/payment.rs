//! The life of a payment: what we know of money at a provider.
//!
//! The state is what the provider has **told** us, or what we have written down before asking.
//! Where an answer was lost, the state stays, and the provider is asked again by the payment's
//! idempotency key. What an operator may make of one is decided here, by `next`; what a provider
//! says is written down as it was said.

named_enum! {
    /// What we know of a payment.
    pub enum PaymentState("a payment state") {
        /// Written down; the provider may or may not have been asked.
        Pending = "pending",
        /// The buyer must prove who they are; nothing is held yet.
        RequiresAction = "requires_action",
        /// The money is held.
        Authorized = "authorized",
        /// The money is held, and has been asked for.
        CapturePending = "capture_pending",
        /// It was asked for and not given; it is still held, or has lapsed.
        CaptureFailed = "capture_failed",
        /// The money is ours.
        Captured = "captured",
        /// The hold was given back, or never came to be; nothing was taken.
        Voided = "voided",
        /// Refused; nothing was held or taken.
        Failed = "failed",
        /// A part of what was taken has gone back.
        PartiallyRefunded = "partially_refunded",
        /// All that was taken has gone back.
        Refunded = "refunded",
    }
}

named_enum! {
    /// How an order is paid where no provider is asked: somebody tells the shop that the money is there.
    pub enum OfflineMethod("an offline payment method") {
        /// At the door, when the goods arrive (CHK-11).
        CashOnDelivery = "cash_on_delivery",
        /// Elsewhere and before the goods leave, by a bank transfer for instance: the order waits for it.
        External = "external",
    }
}

/// What an operator does with a payment, or says was done at the provider's own desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PaymentEvent {
    /// We are about to ask for the money.
    CaptureRequested,
    /// The provider has taken it for us.
    Captured,
    /// The provider holds nothing any more, or never did.
    Voided,
    /// Some of it has gone back, and some not.
    PartiallyRefunded,
    /// All of it has gone back.
    Refunded,
}

impl PaymentState {
    /// Whether the provider may hold or have the buyer's money.
    #[must_use]
    pub(crate) const fn may_hold_money(self) -> bool {
        match self {
            Self::Pending
            | Self::RequiresAction
            | Self::Authorized
            | Self::CapturePending
            | Self::CaptureFailed
            | Self::Captured
            | Self::PartiallyRefunded => true,
            Self::Voided | Self::Failed | Self::Refunded => false,
        }
    }
}

/// What a payment becomes when this happens to it; `None` if it cannot happen in this state. What
/// only repeats what is known leaves the state as it is.
pub(crate) fn next(state: PaymentState, event: PaymentEvent) -> Option<PaymentState> {
    use PaymentEvent as E;
    use PaymentState as S;
    match state {
        S::Pending | S::RequiresAction | S::Voided => match event {
            E::Voided => Some(S::Voided),
            E::CaptureRequested | E::Captured | E::PartiallyRefunded | E::Refunded => None,
        },
        S::Authorized | S::CapturePending | S::CaptureFailed => match event {
            E::CaptureRequested => Some(S::CapturePending),
            E::Captured => Some(S::Captured),
            // The hold was given back, or lapsed before it was taken.
            E::Voided => Some(S::Voided),
            E::PartiallyRefunded | E::Refunded => None,
        },
        S::Captured => match event {
            E::Captured => Some(S::Captured),
            E::PartiallyRefunded => Some(S::PartiallyRefunded),
            E::Refunded => Some(S::Refunded),
            E::CaptureRequested | E::Voided => None,
        },
        S::PartiallyRefunded => match event {
            E::PartiallyRefunded => Some(S::PartiallyRefunded),
            E::Refunded => Some(S::Refunded),
            E::CaptureRequested | E::Captured | E::Voided => None,
        },
        S::Failed => None,
        S::Refunded => match event {
            E::Refunded => Some(S::Refunded),
            E::CaptureRequested | E::Captured | E::Voided | E::PartiallyRefunded => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: &[PaymentEvent] = &[
        PaymentEvent::CaptureRequested,
        PaymentEvent::Captured,
        PaymentEvent::Voided,
        PaymentEvent::PartiallyRefunded,
        PaymentEvent::Refunded,
    ];

    /// Every state, and every event that can happen there.
    const GOLDEN: &str = "\
pending
  Voided: voided
requires_action
  Voided: voided
authorized
  CaptureRequested: capture_pending
  Captured: captured
  Voided: voided
capture_pending
  CaptureRequested: capture_pending
  Captured: captured
  Voided: voided
capture_failed
  CaptureRequested: capture_pending
  Captured: captured
  Voided: voided
captured
  Captured: captured
  PartiallyRefunded: partially_refunded
  Refunded: refunded
voided
  Voided: voided
failed
partially_refunded
  PartiallyRefunded: partially_refunded
  Refunded: refunded
refunded
  Refunded: refunded
";

    #[test]
    fn the_table_of_states_and_events_is_this_one() {
        assert_eq!(crate::text::table(PaymentState::ALL, EVENTS, next), GOLDEN);
    }

    #[test]
    fn hearing_the_same_thing_twice_changes_nothing() {
        for &state in PaymentState::ALL {
            for &event in EVENTS {
                if let Some(after) = next(state, event) {
                    assert_eq!(next(after, event), Some(after), "{state} {event:?}");
                }
            }
        }
    }

    #[test]
    fn a_payment_that_gave_everything_back_never_holds_money_again() {
        for &state in PaymentState::ALL.iter().filter(|state| !state.may_hold_money()) {
            for &event in EVENTS {
                assert!(next(state, event).is_none_or(|after| after == state));
            }
        }
    }
}
