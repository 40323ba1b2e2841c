//! Tax: which rate a thing is taxed at, and whether its price already holds the tax.

use crate::ids::TaxClass;
use crate::money::{Money, MoneyError, Rounding, fraction, scaled};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

const RATE_DECIMALS_MAX: u32 = 6;

/// A rate of tax as a fraction: `0.1` is ten percent. From 0 to 1, with at most six decimals; zero
/// is a rate ("zero-rated"), a missing rule is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaxRate(Decimal);

/// A rate that is not a fraction from 0 to 1 with at most six decimals.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "a tax rate must be a fraction from 0 to 1 with at most six decimals, such as 0.1 for ten \
     percent"
)]
pub struct TaxRateError;

impl TaxRate {
    /// The fraction.
    #[must_use]
    pub const fn as_decimal(self) -> Decimal {
        self.0
    }
}

impl TryFrom<Decimal> for TaxRate {
    type Error = TaxRateError;

    fn try_from(rate: Decimal) -> Result<Self, Self::Error> {
        // One way to write each rate: 0.10 and 0.1 must not make two quotes of one.
        let rate = rate.normalize();
        if rate < Decimal::ZERO || rate > Decimal::ONE || rate.scale() > RATE_DECIMALS_MAX {
            return Err(TaxRateError);
        }
        Ok(Self(rate))
    }
}

impl TryFrom<String> for TaxRate {
    type Error = TaxRateError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<TaxRate> for String {
    fn from(rate: TaxRate) -> Self {
        rate.0.to_string()
    }
}

impl FromStr for TaxRate {
    type Err = TaxRateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Decimal::from_str_exact(text).map_err(|_| TaxRateError)?.try_into()
    }
}

impl fmt::Display for TaxRate {
    /// As a percentage: `10%`, `8.875%`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.checked_mul(Decimal::ONE_HUNDRED) {
            Some(percent) => write!(f, "{}%", percent.normalize()),
            None => write!(f, "{}", self.0),
        }
    }
}

/// How one tax class is taxed at one destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaxRule {
    /// The class this is about.
    pub tax_class: TaxClass,
    /// The rate.
    pub rate: TaxRate,
    /// Whether prices of this class already hold the tax.
    pub inclusive: bool,
    /// Where the half of a minor unit goes.
    pub rounding: Rounding,
}

/// The tax on an amount, rounded once.
///
/// An exclusive rate is charged on top of the amount; an inclusive one is the part of the amount
/// that is tax.
///
/// # Errors
/// If the result does not fit.
pub fn tax_on(
    amount: Money,
    rate: TaxRate,
    inclusive: bool,
    rounding: Rounding,
) -> Result<Money, MoneyError> {
    let (part, one) = fraction(rate.0);
    let whole = if inclusive { one + part } else { one };
    let tax = scaled(amount.amount_minor(), part, whole, rounding)?;
    Ok(Money::new(tax, amount.currency()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tax(amount_minor: i64, rate: &str, inclusive: bool) -> Result<i64, MoneyError> {
        rounded(amount_minor, rate, inclusive, Rounding::HalfAway)
    }

    fn rounded(
        amount_minor: i64,
        rate: &str,
        inclusive: bool,
        rounding: Rounding,
    ) -> Result<i64, MoneyError> {
        let amount = Money::new(amount_minor, "USD".parse().unwrap());
        tax_on(amount, rate.parse().unwrap(), inclusive, rounding).map(Money::amount_minor)
    }

    #[test]
    fn an_exclusive_rate_is_charged_on_top_and_an_inclusive_one_is_a_part() {
        assert_eq!(tax(1_000, "0.1", false), Ok(100));
        assert_eq!(tax(1_100, "0.1", true), Ok(100));
        assert_eq!(tax(1_190, "0.19", true), Ok(190));
        assert_eq!(tax(1_999, "0.08875", false), Ok(177));
        assert_eq!(tax(1_000, "0", false), Ok(0));
    }

    #[test]
    fn a_half_goes_away_from_zero_unless_the_rule_says_to_the_even_neighbour() {
        // 7.25 % of 2.00 is 14.5 cents.
        for (amount, rate, inclusive, away, even) in [
            (200, "0.0725", false, 15, 14),
            (5, "0.1", false, 1, 0),
            (15, "0.1", false, 2, 2),
            (25, "0.1", false, 3, 2),
            (3, "0.2", true, 1, 0),
        ] {
            assert_eq!(tax(amount, rate, inclusive), Ok(away), "{rate} of {amount}");
            assert_eq!(
                rounded(amount, rate, inclusive, Rounding::HalfEven),
                Ok(even),
                "{rate} of {amount}"
            );
        }
    }

    #[test]
    fn a_rate_is_a_fraction_with_one_way_to_be_written() {
        assert_eq!("0.10".parse::<TaxRate>(), "0.1".parse());
        assert_eq!(serde_json::to_string(&"0.10".parse::<TaxRate>().unwrap()).unwrap(), "\"0.1\"");
        assert_eq!("0.08875".parse::<TaxRate>().unwrap().to_string(), "8.875%");
        assert_eq!("1".parse::<TaxRate>().unwrap().to_string(), "100%");
        for text in ["-0.1", "1.1", "10", "0.1234567", "ten", ""] {
            assert_eq!(text.parse::<TaxRate>(), Err(TaxRateError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn tax_is_from_nothing_to_the_whole_amount(amount in 0..=i64::MAX, millionths in 0_i64..=1_000_000, inclusive: bool, even: bool) {
            let rate = TaxRate::try_from(Decimal::new(millionths, 6)).unwrap();
            let amount = Money::new(amount, "USD".parse().unwrap());
            let tax = tax_on(amount, rate, inclusive, if even { Rounding::HalfEven } else { Rounding::HalfAway }).unwrap();
            prop_assert!(!tax.is_negative() && tax.amount_minor() <= amount.amount_minor());
        }

        #[test]
        fn taking_an_inclusive_tax_out_and_charging_it_on_the_rest_agree(
            amount in 0_i64..=1_000_000_000_000,
            millionths in 0_i64..=1_000_000,
        ) {
            let rate = TaxRate::try_from(Decimal::new(millionths, 6)).unwrap();
            let amount = Money::new(amount, "USD".parse().unwrap());
            let inside = tax_on(amount, rate, true, Rounding::HalfAway).unwrap();
            let on_top = tax_on(amount.checked_sub(inside).unwrap(), rate, false, Rounding::HalfAway).unwrap();
            prop_assert!((inside.amount_minor() - on_top.amount_minor()).abs() <= 1);
        }
    }
}
