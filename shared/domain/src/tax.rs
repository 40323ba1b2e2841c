//! Tax: which rate a thing is taxed at, and whether its price already holds the tax.

use crate::ids::TaxClass;
use crate::money::{Money, MoneyError, divide_half_even};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

const RATE_DECIMALS_MAX: usize = 6;
/// The rate of 1, in millionths.
const WHOLE: u32 = 1_000_000;

/// A rate of tax as a fraction: `0.1` is ten percent. From 0 to 1, with at most six decimals; zero is a rate
/// ("zero-rated"), a missing rule is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaxRate(u32);

/// A rate that is not a fraction from 0 to 1 with at most six decimals.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a tax rate must be a fraction from 0 to 1 with at most six decimals, such as 0.1 for ten percent")]
pub struct TaxRateError;

impl TaxRateError {
    /// The stable name of this refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "invalid_field"
    }
}

impl TaxRate {
    /// The rate of so many millionths: 100,000 is ten percent.
    ///
    /// # Errors
    /// Above 1,000,000.
    pub const fn from_millionths(millionths: u32) -> Result<Self, TaxRateError> {
        if millionths <= WHOLE { Ok(Self(millionths)) } else { Err(TaxRateError) }
    }
}

impl FromStr for TaxRate {
    type Err = TaxRateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // One way to write each rate: 0.10 and 0.1 must not make two quotes of one.
        let significant = decimals.trim_end_matches('0');
        if !digits(whole) || !digits(decimals) || significant.len() > RATE_DECIMALS_MAX {
            return Err(TaxRateError);
        }
        format!("{whole}{significant:0<RATE_DECIMALS_MAX$}").parse().map_err(|_| TaxRateError).and_then(Self::from_millionths)
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
        decimal(rate.0, RATE_DECIMALS_MAX)
    }
}

impl fmt::Display for TaxRate {
    /// As a percentage: `10%`, `8.875%`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", decimal(self.0, RATE_DECIMALS_MAX - 2))
    }
}

/// `number` with its last `decimals` digits behind the point, as short as it can be written.
fn decimal(number: u32, decimals: usize) -> String {
    let digits = format!("{number:0>width$}", width = decimals + 1);
    let (whole, rest) = digits.split_at(digits.len() - decimals);
    match rest.trim_end_matches('0') {
        "" => whole.to_owned(),
        rest => format!("{whole}.{rest}"),
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
}

/// The tax on an amount, rounded once.
///
/// An exclusive rate is charged on top of the amount; an inclusive one is the part of the amount that is tax.
///
/// # Errors
/// If the result does not fit.
pub fn tax_on(amount: Money, rate: TaxRate, inclusive: bool) -> Result<Money, MoneyError> {
    let part = i128::from(rate.0);
    // Of a price that holds the tax, the tax is rate / (1 + rate). An i64 times a u32 always fits.
    let whole = if inclusive { i128::from(WHOLE) + part } else { i128::from(WHOLE) };
    let tax = divide_half_even(i128::from(amount.amount_minor()) * part, whole)?;
    Ok(Money::new(tax, amount.currency()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tax(amount_minor: i64, rate: &str, inclusive: bool) -> Result<i64, MoneyError> {
        let amount = Money::new(amount_minor, "USD".parse().unwrap());
        tax_on(amount, rate.parse().unwrap(), inclusive).map(Money::amount_minor)
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
    fn a_half_is_rounded_to_the_even_neighbour() {
        assert_eq!(tax(5, "0.1", false), Ok(0));
        assert_eq!(tax(15, "0.1", false), Ok(2));
        assert_eq!(tax(25, "0.1", false), Ok(2));
    }

    #[test]
    fn a_rate_is_a_fraction_with_one_way_to_be_written() {
        assert_eq!("0.10".parse::<TaxRate>(), "0.1".parse());
        assert_eq!(serde_json::to_string(&"0.10".parse::<TaxRate>().unwrap()).unwrap(), "\"0.1\"");
        assert_eq!("0.1000000".parse::<TaxRate>(), "0.1".parse());
        assert_eq!("0.08875".parse::<TaxRate>().unwrap().to_string(), "8.875%");
        assert_eq!("0.000001".parse::<TaxRate>().unwrap().to_string(), "0.0001%");
        assert_eq!("0".parse::<TaxRate>().unwrap().to_string(), "0%");
        assert_eq!("1".parse::<TaxRate>().unwrap().to_string(), "100%");
        for text in ["-0.1", "+0.1", "1.1", "1.000001", "10", "0.1234567", "4294967296", "1.", ".1", "1e0", "ten", ""] {
            assert_eq!(text.parse::<TaxRate>(), Err(TaxRateError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_rate_is_read_as_it_is_written(millionths in 0_u32..=1_000_000) {
            let rate = TaxRate::from_millionths(millionths).unwrap();
            prop_assert_eq!(String::from(rate).parse(), Ok(rate));
        }

        #[test]
        fn tax_is_from_nothing_to_the_whole_amount(amount in 0..=i64::MAX, millionths in 0_u32..=1_000_000, inclusive: bool) {
            let rate = TaxRate::from_millionths(millionths).unwrap();
            let amount = Money::new(amount, "USD".parse().unwrap());
            let tax = tax_on(amount, rate, inclusive).unwrap();
            prop_assert!(!tax.is_negative() && tax.amount_minor() <= amount.amount_minor());
        }

        #[test]
        fn taking_an_inclusive_tax_out_and_charging_it_on_the_rest_agree(
            amount in 0_i64..=1_000_000_000_000,
            millionths in 0_u32..=1_000_000,
        ) {
            let rate = TaxRate::from_millionths(millionths).unwrap();
            let amount = Money::new(amount, "USD".parse().unwrap());
            let inside = tax_on(amount, rate, true).unwrap();
            let on_top = tax_on(amount.checked_sub(inside).unwrap(), rate, false).unwrap();
            prop_assert!((inside.amount_minor() - on_top.amount_minor()).abs() <= 1);
        }
    }
}
