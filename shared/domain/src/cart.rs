//! The life of a cart.

use thiserror::Error;

named_enum! {
    /// Where a cart is in its life.
    pub enum CartStatus("a cart status") {
        /// Being filled.
        Active = "active",
        /// A checkout session is open on it. It may still be changed until a confirm runs.
        Checkout = "checkout",
        /// It has become an order.
        Completed = "completed",
        /// It has been taken into another cart.
        Merged = "merged",
        /// Nobody has touched it for too long.
        Abandoned = "abandoned",
    }
}

/// A move that a cart cannot make.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a cart that is {from} cannot become {to}{}", crate::text::alternatives(.from.legal_next()))]
pub struct IllegalCartMove {
    /// Where it is.
    pub from: CartStatus,
    /// Where it was to go.
    pub to: CartStatus,
}

impl IllegalCartMove {
    /// The stable name of this refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "illegal_cart_transition"
    }
}

impl CartStatus {
    /// Where a cart can go from here.
    #[must_use]
    pub const fn legal_next(self) -> &'static [Self] {
        match self {
            Self::Active => &[Self::Checkout, Self::Merged, Self::Abandoned],
            Self::Checkout => &[Self::Active, Self::Completed, Self::Merged, Self::Abandoned],
            // Whoever comes back gets its lines in another cart.
            Self::Abandoned => &[Self::Merged],
            Self::Completed | Self::Merged => &[],
        }
    }

    /// Whether its lines may be changed (a running confirm locks it besides).
    #[must_use]
    pub const fn accepts_changes(self) -> bool {
        match self {
            Self::Active | Self::Checkout => true,
            Self::Completed | Self::Merged | Self::Abandoned => false,
        }
    }
}

/// Moves a cart.
///
/// # Errors
/// If it cannot go there from here.
pub fn transition(from: CartStatus, to: CartStatus) -> Result<CartStatus, IllegalCartMove> {
    if from.legal_next().contains(&to) { Ok(to) } else { Err(IllegalCartMove { from, to }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every status by every status; `x` is a legal move.
    const GOLDEN: &str = "\
from      | active checkout completed merged abandoned
active    | .      x        .         x      x
checkout  | x      .        x         x      x
completed | .      .        .         .      .
merged    | .      .        .         .      .
abandoned | .      .        .         x      .
";

    #[test]
    fn the_table_of_moves_is_this_one() {
        assert_eq!(crate::text::matrix(CartStatus::ALL, |from, to| transition(from, to).is_ok()), GOLDEN);
    }

    #[test]
    fn an_illegal_move_names_the_legal_ones() {
        let message = |from, to| transition(from, to).unwrap_err().to_string();
        assert_eq!(
            message(CartStatus::Active, CartStatus::Completed),
            "a cart that is active cannot become completed; it can become checkout, merged, abandoned"
        );
        assert_eq!(message(CartStatus::Merged, CartStatus::Active), "a cart that is merged cannot become active: it has come to its end");
    }

    #[test]
    fn a_cart_that_has_come_to_its_end_accepts_no_changes() {
        for &status in CartStatus::ALL {
            assert!(!status.legal_next().is_empty() || !status.accepts_changes(), "{status}");
        }
    }
}
