//! How a cart becomes one paid order, or none: the saga of a confirm.
//!
//! One row per confirm holds a [`SagaState`]. The row is written before each outside call, so
//! whatever happens to the process, the row says what may be true outside, and any worker can go on
//! from it. Exactly one place drives it; the HTTP confirm and the recovery worker both call that.
//!
//! ```text
//!              ActionRequired            OrderCreated{capture}             Captured, CaptureGivenUp
//!  Authorizing ─────────────▶ AwaitingAction      Authorizing ──▶ Capturing ─────────────────▶ Completed
//!      ▲  ◀───── Authorized ──────┘                    │              ▲◀───── CaptureRequested ────┤
//!      │                                               └── OrderCreated, no capture ──────────────▲
//!      │
//!      ├── PaymentDeclined ──▶ Declined       (also from AwaitingAction)
//!      ├── NothingHeld ──────▶ Failed         (also from AwaitingAction)
//!      │                                      AwaitingAction ── Superseded ──▶ Superseded
//!      └── OrderRefused, GivenUp ──▶ Voiding ── Voided, NothingHeld, VoidGivenUp ──▶ Failed
//! ```
//!
//! Going forward and going back never mix: from `Capturing` on an order exists and the saga only
//! goes forward; from `Voiding` on there will be no order and it only goes back. The step between
//! them is one SQL statement that creates the order and moves the saga, guarded by the saga still
//! being in `Authorizing`; so of a confirm and a recovery that run at once, one creates the order
//! and the other finds it done.

use thiserror::Error;

named_enum! {
    /// Where a saga is, and what may be true outside at that moment.
    pub enum SagaState("a saga state") {
        /// Stock is reserved and the payment is written down; the provider is being asked to hold
        /// the money.
        ///
        /// Outside: nothing yet, or a hold, or a refusal, or a wish that the buyer prove who they
        /// are. After a crash, ask the provider by the payment's idempotency key and feed the
        /// answer in. No order exists.
        Authorizing = "authorizing",
        /// The provider wants the buyer to prove who they are before it holds the money.
        ///
        /// Outside: an intent without a hold; or, once the buyer has answered, a hold that nobody
        /// has told us of. Stock stays reserved until its time. No order exists.
        AwaitingAction = "awaiting_action",
        /// The order exists, its cart is completed, and the money is to be taken.
        ///
        /// Outside: a hold, or the money already taken. After a crash, ask for the capture again
        /// with the same idempotency key. The order stands whatever the answer.
        Capturing = "capturing",
        /// There will be no order, and the money must not stay held: a void is owed, and is a
        /// compensation row.
        ///
        /// Outside: a hold, or nothing, or a hold already given back. Reservations have been
        /// released.
        Voiding = "voiding",
        /// End: one order. It is paid, or its money is held, or a compensation owns the capture
        /// that is missing.
        Completed = "completed",
        /// End: no order; the provider refused. Nothing is held. The reservation stays until its
        /// time, for a retry.
        Declined = "declined",
        /// End: no order; the buyer began another attempt, or none, while this one waited for them.
        /// What it asked of the provider is cancelled by a compensation row: an approval that comes
        /// late takes nothing. Its holds are the next attempt's.
        Superseded = "superseded",
        /// End: no order. Nothing is held outside; or the void is dead, has raised its alert, and
        /// an operator owns it.
        Failed = "failed",
    }
}

/// What happened, or was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SagaEvent {
    /// The provider holds the money (or there was none to hold: a total of zero, cash on delivery).
    Authorized,
    /// The provider wants the buyer to prove who they are.
    ActionRequired,
    /// The provider refuses the payment, for good.
    PaymentDeclined,
    /// The order has been created, in one statement with this move.
    OrderCreated {
        /// Whether the money is to be taken now.
        capture: bool,
    },
    /// The statement that creates the order refused: its cart has changed, its stock has lapsed.
    OrderRefused,
    /// We stop waiting: the buyer has not answered in time, or what the provider did cannot be
    /// learned in time.
    GivenUp,
    /// The provider is known to hold nothing: it was never reached, or says so when asked by our
    /// key.
    NothingHeld,
    /// The buyer has changed their mind: another card, another cart, or nothing at all.
    Superseded,
    /// The money that stayed held with the order is asked for.
    CaptureRequested,
    /// The provider has taken the money for us.
    Captured,
    /// The capture has failed too often for the saga to wait for it; a compensation owns it now.
    CaptureGivenUp,
    /// The provider has given the hold back.
    Voided,
    /// The void has failed its last try: a dead letter and an alert.
    VoidGivenUp,
}

/// An event that cannot happen to a saga in this state.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{event:?} cannot happen to a saga that is {state}")]
pub struct IllegalEvent {
    /// The state it is in.
    pub state: SagaState,
    /// What was said to have happened.
    pub event: SagaEvent,
}

impl SagaEvent {
    /// Every event there is.
    pub const ALL: &'static [Self] = &[
        Self::Authorized,
        Self::ActionRequired,
        Self::PaymentDeclined,
        Self::OrderCreated { capture: true },
        Self::OrderCreated { capture: false },
        Self::OrderRefused,
        Self::GivenUp,
        Self::NothingHeld,
        Self::Superseded,
        Self::CaptureRequested,
        Self::Captured,
        Self::CaptureGivenUp,
        Self::Voided,
        Self::VoidGivenUp,
    ];
}

/// What a saga becomes when an event happens to it.
///
/// # Errors
/// If the event cannot happen in this state; the state stays.
pub fn next(state: SagaState, event: SagaEvent) -> Result<SagaState, IllegalEvent> {
    use SagaEvent as E;
    use SagaState as S;
    let illegal = Err(IllegalEvent { state, event });
    match state {
        S::Authorizing => match event {
            // The payment's own row says that it is held; the saga waits for its order.
            E::Authorized => Ok(S::Authorizing),
            E::ActionRequired => Ok(S::AwaitingAction),
            E::PaymentDeclined => Ok(S::Declined),
            E::OrderCreated { capture: true } => Ok(S::Capturing),
            E::OrderCreated { capture: false } => Ok(S::Completed),
            E::OrderRefused | E::GivenUp => Ok(S::Voiding),
            E::NothingHeld => Ok(S::Failed),
            // Who is asked at this moment may be saying yes: wait for the answer.
            E::Superseded
            | E::CaptureRequested
            | E::Captured
            | E::CaptureGivenUp
            | E::Voided
            | E::VoidGivenUp => illegal,
        },
        S::AwaitingAction => match event {
            E::Authorized => Ok(S::Authorizing),
            E::ActionRequired => Ok(S::AwaitingAction),
            E::PaymentDeclined => Ok(S::Declined),
            // The buyer may be answering at this moment, so a hold may come to be: it must be
            // voided, not forgotten.
            E::GivenUp => Ok(S::Voiding),
            E::NothingHeld => Ok(S::Failed),
            E::Superseded => Ok(S::Superseded),
            E::OrderCreated { .. }
            | E::OrderRefused
            | E::CaptureRequested
            | E::Captured
            | E::CaptureGivenUp
            | E::Voided
            | E::VoidGivenUp => illegal,
        },
        S::Capturing => match event {
            // Given up or not, the order stands: what is missing is the payment's affair.
            E::Captured | E::CaptureGivenUp => Ok(S::Completed),
            E::Authorized
            | E::ActionRequired
            | E::PaymentDeclined
            | E::OrderCreated { .. }
            | E::OrderRefused
            | E::GivenUp
            | E::NothingHeld
            | E::Superseded
            | E::CaptureRequested
            | E::Voided
            | E::VoidGivenUp => illegal,
        },
        S::Voiding => match event {
            E::Voided | E::NothingHeld | E::VoidGivenUp => Ok(S::Failed),
            E::Authorized
            | E::ActionRequired
            | E::PaymentDeclined
            | E::OrderCreated { .. }
            | E::OrderRefused
            | E::GivenUp
            | E::Superseded
            | E::CaptureRequested
            | E::Captured
            | E::CaptureGivenUp => illegal,
        },
        // An end, unless the money of its order is still held.
        S::Completed => match event {
            E::CaptureRequested => Ok(S::Capturing),
            E::Authorized
            | E::ActionRequired
            | E::PaymentDeclined
            | E::OrderCreated { .. }
            | E::OrderRefused
            | E::GivenUp
            | E::NothingHeld
            | E::Superseded
            | E::Captured
            | E::CaptureGivenUp
            | E::Voided
            | E::VoidGivenUp => illegal,
        },
        // Ends: nothing happens to them any more.
        S::Declined | S::Superseded | S::Failed => illegal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Every state, and every event that can happen there.
    const GOLDEN: &str = "\
authorizing
  Authorized: authorizing
  ActionRequired: awaiting_action
  PaymentDeclined: declined
  OrderCreated { capture: true }: capturing
  OrderCreated { capture: false }: completed
  OrderRefused: voiding
  GivenUp: voiding
  NothingHeld: failed
awaiting_action
  Authorized: authorizing
  ActionRequired: awaiting_action
  PaymentDeclined: declined
  GivenUp: voiding
  NothingHeld: failed
  Superseded: superseded
capturing
  Captured: completed
  CaptureGivenUp: completed
voiding
  NothingHeld: failed
  Voided: failed
  VoidGivenUp: failed
completed
  CaptureRequested: capturing
declined
superseded
failed
";

    #[test]
    fn the_table_of_states_and_events_is_this_one() {
        assert_eq!(
            crate::text::table(SagaState::ALL, SagaEvent::ALL, |state, event| next(state, event)
                .ok()),
            GOLDEN
        );
    }

    /// Whether something is still owed: to the buyer, to a warehouse or to the provider. An owner
    /// has at most one such.
    fn is_live(state: SagaState) -> bool {
        use SagaState as S;
        match state {
            S::Authorizing | S::AwaitingAction | S::Capturing | S::Voiding => true,
            S::Completed | S::Declined | S::Superseded | S::Failed => false,
        }
    }

    /// Whether the order exists.
    fn has_order(state: SagaState) -> bool {
        matches!(state, SagaState::Capturing | SagaState::Completed)
    }

    fn reachable_from(start: SagaState) -> BTreeSet<SagaState> {
        let mut reached = BTreeSet::from([start]);
        let mut to_visit = vec![start];
        while let Some(state) = to_visit.pop() {
            for after in SagaEvent::ALL.iter().filter_map(|&event| next(state, event).ok()) {
                if reached.insert(after) {
                    to_visit.push(after);
                }
            }
        }
        reached
    }

    #[test]
    fn every_state_can_be_reached_and_every_live_one_can_end() {
        assert_eq!(reachable_from(SagaState::Authorizing).len(), SagaState::ALL.len());
        for &state in SagaState::ALL {
            assert!(reachable_from(state).iter().any(|&after| !is_live(after)), "{state}");
        }
    }

    #[test]
    fn exactly_the_live_states_can_move_and_money_that_stayed_held() {
        for &state in SagaState::ALL.iter().filter(|state| **state != SagaState::Completed) {
            assert_eq!(
                is_live(state),
                SagaEvent::ALL.iter().any(|&event| next(state, event).is_ok()),
                "{state}"
            );
        }
    }

    #[test]
    fn once_there_is_an_order_there_is_no_way_back_and_once_going_back_there_is_no_order() {
        assert!(reachable_from(SagaState::Capturing).iter().all(|&state| has_order(state)));
        assert!(reachable_from(SagaState::Voiding).iter().all(|&state| !has_order(state)));
    }

    #[test]
    fn an_order_is_created_only_by_the_event_that_says_so() {
        for &state in SagaState::ALL.iter().filter(|state| !has_order(**state)) {
            for &event in SagaEvent::ALL {
                if next(state, event).is_ok_and(has_order) {
                    assert!(matches!(event, SagaEvent::OrderCreated { .. }), "{state} {event:?}");
                }
            }
        }
    }
}
