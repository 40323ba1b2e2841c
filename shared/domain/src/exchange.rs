//! Exchange: what an amount of one currency is in another, at a named rate (PRICE-8).

use crate::money::{Currency, Money, MoneyError, Rounding, fraction, scaled};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use thiserror::Error;

const FACTOR_DECIMALS_MAX: u32 = 12;
const FACTOR_MAX: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

/// How many minor units of one currency a minor unit of another is: above zero and at most a
/// billion, with at most twelve decimals.
///
/// Minor units on both sides, so that a currency without decimals needs no second rule: at 28,000
/// VND for 1.00 EUR it is 280.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Factor(Decimal);

/// A factor outside its bounds.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a rate must be above 0 and at most a billion, with at most twelve decimals")]
pub struct FactorError;

impl TryFrom<Decimal> for Factor {
    type Error = FactorError;

    fn try_from(factor: Decimal) -> Result<Self, Self::Error> {
        let factor = factor.normalize();
        if factor <= Decimal::ZERO || factor > FACTOR_MAX || factor.scale() > FACTOR_DECIMALS_MAX {
            return Err(FactorError);
        }
        Ok(Self(factor))
    }
}

impl TryFrom<String> for Factor {
    type Error = FactorError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Decimal::from_str_exact(&text).map_err(|_| FactorError)?.try_into()
    }
}

impl From<Factor> for String {
    fn from(factor: Factor) -> Self {
        factor.0.to_string()
    }
}

/// What one currency was worth in another at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExchangeRate {
    /// The currency that is exchanged.
    pub from: Currency,
    /// The currency it becomes.
    pub to: Currency,
    /// How many minor units of `to` one of `from` is.
    pub factor: Factor,
    /// When that was said.
    pub quoted_at_ms: i64,
}

impl ExchangeRate {
    /// An amount of `from` in `to`, rounded half away from zero.
    ///
    /// # Errors
    /// If the amount is in another currency, or the result does not fit.
    pub fn convert(&self, amount: Money) -> Result<Money, MoneyError> {
        let (times, by) = fraction(self.factor.0);
        exchanged(amount, self.from, self.to, (times, by))
    }

    /// An amount of `to` in `from`, rounded half away from zero.
    ///
    /// # Errors
    /// As [`Self::convert`].
    pub fn convert_back(&self, amount: Money) -> Result<Money, MoneyError> {
        let (by, times) = fraction(self.factor.0);
        exchanged(amount, self.to, self.from, (times, by))
    }
}

fn exchanged(
    amount: Money,
    from: Currency,
    to: Currency,
    (times, by): (i128, i128),
) -> Result<Money, MoneyError> {
    // Nothing of the currency expected: what is added to it must be of the same.
    let amount = Money::zero(from).checked_add(amount)?;
    Ok(Money::new(scaled(amount.amount_minor(), times, by, Rounding::HalfAway)?, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(from: &str, to: &str, factor: &str) -> ExchangeRate {
        ExchangeRate {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
            factor: serde_json::from_value(factor.into()).unwrap(),
            quoted_at_ms: 0,
        }
    }

    fn money(amount_minor: i64, currency: &str) -> Money {
        Money::new(amount_minor, currency.parse().unwrap())
    }

    #[test]
    fn an_amount_is_exchanged_at_the_rate_and_rounded_once() {
        let pounds = rate("EUR", "GBP", "0.8425");
        assert_eq!(pounds.convert(money(10_000, "EUR")), Ok(money(8_425, "GBP")));
        assert_eq!(pounds.convert(money(2, "EUR")), Ok(money(2, "GBP")));
        assert_eq!(pounds.convert_back(money(8_425, "GBP")), Ok(money(10_000, "EUR")));
        let dong = rate("EUR", "VND", "280");
        assert_eq!(dong.convert(money(100, "EUR")), Ok(money(28_000, "VND")));
        assert_eq!(dong.convert_back(money(140, "VND")), Ok(money(1, "EUR")), "half a cent");
    }

    #[test]
    fn what_is_not_of_its_currencies_or_does_not_fit_is_an_error() {
        let dong = rate("EUR", "VND", "280");
        assert!(matches!(dong.convert(money(1, "USD")), Err(MoneyError::CurrencyMismatch { .. })));
        assert_eq!(dong.convert(money(i64::MAX, "EUR")), Err(MoneyError::Overflow));
        for factor in ["0", "-1", "1000000000.1", "0.0000000000001"] {
            assert!(serde_json::from_value::<Factor>(factor.into()).is_err(), "{factor}");
        }
    }
}
