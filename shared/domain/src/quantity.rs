//! How many of a thing: at least one, never more than a line may hold.

use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// How many of one SKU a line holds: 1 to [`Quantity::HARD_MAX`]. A shop may configure a lower
/// limit; none may configure a higher one, so no arithmetic on quantities can surprise the money
/// that follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Quantity(i64);

/// A quantity outside its limits.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a quantity must be from 1 to {max}, this is {given}")]
pub struct QuantityError {
    /// What was asked for.
    pub given: i64,
    /// The most that would be right.
    pub max: i64,
}

impl Quantity {
    /// No line holds more than this, whatever is configured.
    pub const HARD_MAX: i64 = 10_000;

    /// One.
    pub const ONE: Self = Self(1);

    /// A quantity within the configured limit (and within the hard one).
    ///
    /// # Errors
    /// If `given` is below 1 or above the lower of the two limits.
    pub const fn within(given: i64, configured_max: i64) -> Result<Self, QuantityError> {
        let max = if configured_max < Self::HARD_MAX { configured_max } else { Self::HARD_MAX };
        if given >= 1 && given <= max { Ok(Self(given)) } else { Err(QuantityError { given, max }) }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// This many and `more`, within the configured limit.
    ///
    /// # Errors
    /// If together they are more than a line may hold.
    pub const fn plus(self, more: Self, configured_max: i64) -> Result<Self, QuantityError> {
        // Two numbers of at most 10,000 each: the sum cannot overflow.
        Self::within(self.0 + more.0, configured_max)
    }
}

impl TryFrom<i64> for Quantity {
    type Error = QuantityError;

    fn try_from(given: i64) -> Result<Self, Self::Error> {
        Self::within(given, Self::HARD_MAX)
    }
}

impl From<Quantity> for i64 {
    fn from(quantity: Quantity) -> Self {
        quantity.0
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_from_one_to_the_lower_of_the_two_limits() {
        assert_eq!(Quantity::try_from(1).map(Quantity::get), Ok(1));
        assert_eq!(Quantity::try_from(10_000).map(Quantity::get), Ok(10_000));
        assert_eq!(Quantity::within(100, 99), Err(QuantityError { given: 100, max: 99 }));
        for given in [i64::MIN, -1, 0, 10_001, i64::MAX] {
            assert_eq!(
                Quantity::within(given, i64::MAX),
                Err(QuantityError { given, max: 10_000 })
            );
        }
    }

    #[test]
    fn adding_respects_the_limit_too() {
        let half = Quantity::try_from(5_000).unwrap();
        assert_eq!(half.plus(half, 10_000).map(Quantity::get), Ok(10_000));
        assert_eq!(half.plus(half, 9_999), Err(QuantityError { given: 10_000, max: 9_999 }));
    }

    #[test]
    fn json_is_held_to_the_same_rule() {
        assert!(serde_json::from_str::<Quantity>("3").is_ok());
        for json in ["0", "-1", "10001", "1.5", "\"3\""] {
            assert!(serde_json::from_str::<Quantity>(json).is_err(), "{json}");
        }
    }
}
