//! The life of a reservation: a promise of stock, with an end.

use thiserror::Error;

named_enum! {
    /// Where a reservation is in its life.
    pub enum ReservationState("a reservation state") {
        /// Holds stock until its time.
        Active = "active",
        /// Holds stock without end: the order it is for is paid, or will be.
        Committed = "committed",
        /// Given back.
        Released = "released",
        /// Its time came, and it was given back.
        Expired = "expired",
    }
}

/// A move that a reservation cannot make.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a reservation that is {from} cannot become {to}{}", crate::text::alternatives(.from.legal_next()))]
pub struct IllegalReservationMove {
    /// Where it is.
    pub from: ReservationState,
    /// Where it was to go.
    pub to: ReservationState,
}

impl IllegalReservationMove {
    /// The stable name of this refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "illegal_reservation_transition"
    }
}

impl ReservationState {
    /// Where a reservation can go from here.
    #[must_use]
    pub const fn legal_next(self) -> &'static [Self] {
        match self {
            Self::Active => &[Self::Committed, Self::Released, Self::Expired],
            // It has no time any more, so it cannot expire; a cancelled order gives it back.
            Self::Committed => &[Self::Released],
            Self::Released | Self::Expired => &[],
        }
    }

    /// Whether it counts towards what its warehouse has reserved.
    #[must_use]
    pub const fn holds_stock(self) -> bool {
        match self {
            Self::Active | Self::Committed => true,
            Self::Released | Self::Expired => false,
        }
    }
}

/// Moves a reservation.
///
/// # Errors
/// If it cannot go there from here.
pub fn transition(from: ReservationState, to: ReservationState) -> Result<ReservationState, IllegalReservationMove> {
    if from.legal_next().contains(&to) { Ok(to) } else { Err(IllegalReservationMove { from, to }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every state by every state; `x` is a legal move.
    const GOLDEN: &str = "\
from      | active committed released expired
active    | .      x         x        x
committed | .      .         x        .
released  | .      .         .        .
expired   | .      .         .        .
";

    #[test]
    fn the_table_of_moves_is_this_one() {
        assert_eq!(crate::text::matrix(ReservationState::ALL, |from, to| transition(from, to).is_ok()), GOLDEN);
    }

    #[test]
    fn stock_is_held_exactly_until_the_end() {
        for &state in ReservationState::ALL {
            assert_eq!(state.holds_stock(), !state.legal_next().is_empty(), "{state}");
        }
    }
}
