//! The life of a payment: what we know of money at a provider.
//!
//! The state is what the provider has **told** us, or what we have written down before asking. Where an answer was
//! lost, the state stays, and the provider is asked again by the payment's idempotency key.

use thiserror::Error;

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
    /// What can be learned about a payment, or decided.
    pub enum PaymentEvent("a payment event") {
        /// The provider wants the buyer to prove who they are.
        ActionRequired = "action_required",
        /// The provider holds the money.
        Authorized = "authorized",
        /// The provider refuses.
        Declined = "declined",
        /// We are about to ask for the money.
        CaptureRequested = "capture_requested",
        /// The provider has taken it for us.
        Captured = "captured",
        /// The provider will not take it now.
        CaptureFailed = "capture_failed",
        /// The provider holds nothing any more, or never did.
        Voided = "voided",
        /// Some of it has gone back, and some not.
        PartiallyRefunded = "partially_refunded",
        /// All of it has gone back.
        Refunded = "refunded",
    }
}

/// An event that cannot happen to a payment in this state.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{event} cannot happen to a payment that is {state}")]
pub struct IllegalPaymentEvent {
    /// The state it is in.
    pub state: PaymentState,
    /// What was said to have happened.
    pub event: PaymentEvent,
}

impl IllegalPaymentEvent {
    /// The stable name of this refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "illegal_payment_transition"
    }
}

impl PaymentState {
    /// Whether the provider may hold or have the buyer's money.
    #[must_use]
    pub const fn may_hold_money(self) -> bool {
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

/// What a payment becomes when an event happens to it.
///
/// An event that only repeats what is known leaves the state as it is, because providers tell things twice.
///
/// # Errors
/// If the event cannot happen in this state; the state stays.
pub fn next(state: PaymentState, event: PaymentEvent) -> Result<PaymentState, IllegalPaymentEvent> {
    use PaymentEvent as E;
    use PaymentState as S;
    let illegal = Err(IllegalPaymentEvent { state, event });
    match state {
        S::Pending => match event {
            E::ActionRequired => Ok(S::RequiresAction),
            E::Authorized => Ok(S::Authorized),
            E::Declined => Ok(S::Failed),
            E::Voided => Ok(S::Voided),
            E::CaptureRequested | E::Captured | E::CaptureFailed | E::PartiallyRefunded | E::Refunded => illegal,
        },
        S::RequiresAction => match event {
            E::ActionRequired => Ok(S::RequiresAction),
            E::Authorized => Ok(S::Authorized),
            E::Declined => Ok(S::Failed),
            E::Voided => Ok(S::Voided),
            E::CaptureRequested | E::Captured | E::CaptureFailed | E::PartiallyRefunded | E::Refunded => illegal,
        },
        S::Authorized => match event {
            E::Authorized => Ok(S::Authorized),
            E::CaptureRequested => Ok(S::CapturePending),
            // Somebody took it at the provider's own desk, or its notice overtook ours.
            E::Captured => Ok(S::Captured),
            E::Voided => Ok(S::Voided),
            E::ActionRequired | E::Declined | E::CaptureFailed | E::PartiallyRefunded | E::Refunded => illegal,
        },
        S::CapturePending => match event {
            E::CaptureRequested => Ok(S::CapturePending),
            E::Captured => Ok(S::Captured),
            E::CaptureFailed => Ok(S::CaptureFailed),
            // The hold lapsed before it was taken.
            E::Voided => Ok(S::Voided),
            E::ActionRequired | E::Authorized | E::Declined | E::PartiallyRefunded | E::Refunded => illegal,
        },
        S::CaptureFailed => match event {
            E::CaptureRequested => Ok(S::CapturePending),
            // The answer to an earlier request came late.
            E::Captured => Ok(S::Captured),
            E::CaptureFailed => Ok(S::CaptureFailed),
            E::Voided => Ok(S::Voided),
            E::ActionRequired | E::Authorized | E::Declined | E::PartiallyRefunded | E::Refunded => illegal,
        },
        S::Captured => match event {
            E::Captured => Ok(S::Captured),
            E::PartiallyRefunded => Ok(S::PartiallyRefunded),
            E::Refunded => Ok(S::Refunded),
            E::ActionRequired | E::Authorized | E::Declined | E::CaptureRequested | E::CaptureFailed | E::Voided => illegal,
        },
        S::PartiallyRefunded => match event {
            E::PartiallyRefunded => Ok(S::PartiallyRefunded),
            E::Refunded => Ok(S::Refunded),
            E::ActionRequired | E::Authorized | E::Declined | E::CaptureRequested | E::Captured | E::CaptureFailed | E::Voided => illegal,
        },
        S::Voided => only_again(state, event, E::Voided),
        S::Failed => only_again(state, event, E::Declined),
        S::Refunded => only_again(state, event, E::Refunded),
    }
}

/// An end: the only thing that can still happen is to be told of it again.
fn only_again(state: PaymentState, event: PaymentEvent, again: PaymentEvent) -> Result<PaymentState, IllegalPaymentEvent> {
    if event == again { Ok(state) } else { Err(IllegalPaymentEvent { state, event }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every state, and every event that can happen there.
    const GOLDEN: &str = "\
pending
  ActionRequired: requires_action
  Authorized: authorized
  Declined: failed
  Voided: voided
requires_action
  ActionRequired: requires_action
  Authorized: authorized
  Declined: failed
  Voided: voided
authorized
  Authorized: authorized
  CaptureRequested: capture_pending
  Captured: captured
  Voided: voided
capture_pending
  CaptureRequested: capture_pending
  Captured: captured
  CaptureFailed: capture_failed
  Voided: voided
capture_failed
  CaptureRequested: capture_pending
  Captured: captured
  CaptureFailed: capture_failed
  Voided: voided
captured
  Captured: captured
  PartiallyRefunded: partially_refunded
  Refunded: refunded
voided
  Voided: voided
failed
  Declined: failed
partially_refunded
  PartiallyRefunded: partially_refunded
  Refunded: refunded
refunded
  Refunded: refunded
";

    #[test]
    fn the_table_of_states_and_events_is_this_one() {
        let table = crate::text::table(PaymentState::ALL, PaymentEvent::ALL, |state, event| next(state, event).ok());
        assert_eq!(table, GOLDEN);
    }

    #[test]
    fn hearing_the_same_thing_twice_changes_nothing() {
        for &state in PaymentState::ALL {
            for &event in PaymentEvent::ALL {
                if let Ok(after) = next(state, event) {
                    assert_eq!(next(after, event), Ok(after), "{state} {event}");
                }
            }
        }
    }

    #[test]
    fn a_payment_that_gave_everything_back_never_holds_money_again() {
        for &state in PaymentState::ALL.iter().filter(|state| !state.may_hold_money()) {
            for &event in PaymentEvent::ALL {
                assert!(next(state, event).is_ok_and(|after| after == state) || next(state, event).is_err());
            }
        }
    }

    #[test]
    fn an_illegal_event_says_what_and_where() {
        let refusal = next(PaymentState::Voided, PaymentEvent::Captured).unwrap_err();
        assert_eq!(refusal.to_string(), "captured cannot happen to a payment that is voided");
    }
}
