//! Money: an integer of minor units and its currency, always together.
//!
//! There is no `+` on [`Money`]: every sum can fail (overflow, two currencies), and a failure is an
//! error, never a wrapped or a clamped amount. No float touches money. Rates are decimals, and a
//! decimal becomes an amount in exactly one place, `scaled`.

use crate::quantity::Quantity;
use crate::sorted::sorted_by;
use crate::text::{TextError, TextProblem};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A currency in the shape of ISO 4217. Whether the shop deals in it is a row, [`CurrencyRules`],
/// not a type.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// Its three letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Three ASCII letters are always UTF-8, so the default is never seen.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Currency {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(letters) if letters.iter().all(u8::is_ascii_uppercase) => Ok(Self(letters)),
            Ok(_) | Err(_) => Err(TextError {
                what: "a currency",
                problem: TextProblem::Shape {
                    expected: "three upper-case letters as in ISO 4217, such as USD",
                },
            }),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl TryFrom<&str> for Currency {
    type Error = TextError;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        text.parse()
    }
}

// A large cart's totals have a thousand amounts: none of them makes a text of its currency first.
impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the shop has decided about a currency; one row each, so adding a currency is adding a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurrencyRules {
    /// The currency these are about.
    pub currency: Currency,
    /// How many decimals people write: 2 for USD, 0 for VND. Amounts are stored in the smallest of
    /// them.
    pub minor_digits: u8,
    /// The least a payment may be (providers refuse less).
    pub minimum_minor: i64,
    /// The most a payment may be.
    pub ceiling_minor: i64,
}

/// An amount of one currency, in minor units. It may be negative: a discount, a refund, a
/// difference.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Money {
    amount_minor: i64,
    currency: Currency,
}

/// Why an amount could not be computed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// The result does not fit.
    #[error("the amount is too large to be an amount of money")]
    Overflow,
    /// Two currencies met.
    #[error(
        "an amount in {right} cannot be combined with one in {left}: convert it first, at a named rate"
    )]
    CurrencyMismatch {
        /// The currency that was expected.
        left: Currency,
        /// The one that came.
        right: Currency,
    },
    /// There was nobody to give it to.
    #[error("an amount can be divided only among shares of which at least one is above zero")]
    NoShares,
}

impl Money {
    /// So many minor units of a currency.
    #[must_use]
    pub const fn new(amount_minor: i64, currency: Currency) -> Self {
        Self { amount_minor, currency }
    }

    /// Nothing, in a currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// The amount in minor units.
    #[must_use]
    pub const fn amount_minor(self) -> i64 {
        self.amount_minor
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether it is less than nothing.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.amount_minor < 0
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.amount_minor == 0
    }

    /// Whether it is more than nothing.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.amount_minor > 0
    }

    /// This and another amount.
    ///
    /// # Errors
    /// If the currencies differ or the sum does not fit.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.amount_minor
            .checked_add(other.amount_minor)
            .map(|n| Self::new(n, self.currency))
            .ok_or(MoneyError::Overflow)
    }

    /// This amount less another.
    ///
    /// # Errors
    /// If the currencies differ or the difference does not fit.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.amount_minor
            .checked_sub(other.amount_minor)
            .map(|n| Self::new(n, self.currency))
            .ok_or(MoneyError::Overflow)
    }

    /// The same amount with the other sign.
    ///
    /// # Errors
    /// If it does not fit.
    pub fn checked_neg(self) -> Result<Self, MoneyError> {
        Self::zero(self.currency).checked_sub(self)
    }

    /// The price of so many, each at this price.
    ///
    /// # Errors
    /// If the product does not fit.
    pub fn mul_quantity(self, quantity: Quantity) -> Result<Self, MoneyError> {
        self.amount_minor
            .checked_mul(quantity.get())
            .map(|n| Self::new(n, self.currency))
            .ok_or(MoneyError::Overflow)
    }

    /// All of them together; nothing, if there are none.
    ///
    /// # Errors
    /// If one is in another currency or the sum does not fit.
    pub fn sum(
        currency: Currency,
        amounts: impl IntoIterator<Item = Self>,
    ) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::checked_add)
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            return Ok(());
        }
        Err(MoneyError::CurrencyMismatch { left: self.currency, right: other.currency })
    }
}

impl CurrencyRules {
    /// An amount of this currency as people read it, with all its decimals and a point: `19.99
    /// USD`, `250000 VND`. For texts about money; how a locale writes it is the storefront's
    /// business.
    #[must_use]
    pub fn written(&self, money: Money) -> String {
        let digits = usize::from(self.minor_digits);
        let sign = if money.is_negative() { "-" } else { "" };
        let minor = format!(
            "{:0>width$}",
            money.amount_minor.unsigned_abs(),
            width = digits.saturating_add(1)
        );
        let (whole, decimals) = minor.split_at(minor.len().saturating_sub(digits));
        let point = if decimals.is_empty() { "" } else { "." };
        format!("{sign}{whole}{point}{decimals} {}", self.currency)
    }
}

impl fmt::Display for Money {
    /// Minor units and currency, `1999 USD`: for logs and messages to developers. People's notation
    /// needs the currency's rules and a locale, and belongs to the storefront.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount_minor, self.currency)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

named_enum! {
    /// Where a half goes.
    pub enum Rounding("a rounding") {
        /// Away from zero, as most tax authorities ask: 14.5 is 15.
        HalfAway = "half_away",
        /// To the even neighbour: 14.5 is 14, and 15.5 is 16.
        HalfEven = "half_even",
    }
}

/// `amount_minor × times ÷ by`, rounded once and exact before that: the ONE place where money is
/// rounded.
///
/// # Errors
/// If the result does not fit, or there is nothing to divide by.
pub(crate) fn scaled(
    amount_minor: i64,
    times: i128,
    by: i128,
    rounding: Rounding,
) -> Result<i64, MoneyError> {
    // A product that does not fit is of a result that does not either: nobody divides by more than
    // a million million.
    let product = i128::from(amount_minor).checked_mul(times).ok_or(MoneyError::Overflow)?;
    let whole = product.checked_div(by).ok_or(MoneyError::Overflow)?;
    let rest = product - whole * by;
    let is_away = match (2 * rest.abs()).cmp(&by.abs()) {
        Ordering::Less => false,
        Ordering::Equal => rounding == Rounding::HalfAway || whole % 2 != 0,
        Ordering::Greater => true,
    };
    let rounded = if is_away { whole + product.signum() * by.signum() } else { whole };
    i64::try_from(rounded).map_err(|_| MoneyError::Overflow)
}

/// A decimal as `mantissa ÷ power of ten`.
pub(crate) fn fraction(decimal: Decimal) -> (i128, i128) {
    (decimal.mantissa(), 10_i128.pow(decimal.scale()))
}

/// Divides an amount in proportion to `weights`, so that the parts sum to exactly the whole.
///
/// Each part is first rounded towards zero; the minor units left over go, one each, to the parts
/// that lost most by it (largest remainder), and between equals to the earlier one. A weight of
/// zero never receives anything, and nothing divides into nothings whatever the weights.
///
/// # Errors
/// [`MoneyError::NoShares`] if there is something to divide and every weight is zero.
pub fn allocate(total: Money, weights: &[u64]) -> Result<Vec<Money>, MoneyError> {
    if total.is_zero() {
        return Ok(vec![total; weights.len()]);
    }
    let whole: u128 = weights.iter().copied().map(u128::from).sum();
    if whole == 0 {
        return Err(MoneyError::NoShares);
    }
    // A u64 times a u64 always fits a u128, so nothing below can overflow.
    let magnitude = u128::from(total.amount_minor.unsigned_abs());
    let mut parts: Vec<u128> =
        weights.iter().map(|&weight| magnitude * u128::from(weight) / whole).collect();
    let left_over = magnitude - parts.iter().sum::<u128>();

    let losses = weights
        .iter()
        .zip(parts.iter_mut())
        .map(|(&weight, part)| (magnitude * u128::from(weight) % whole, part));
    let by_loss = sorted_by(losses, |(one, _), (other, _)| other.cmp(one));
    // What is left over is the sum of the losses, so it is less than the number of parts that lost
    // anything.
    let receivers = usize::try_from(left_over).map_err(|_| MoneyError::Overflow)?;
    for (_, part) in by_loss.into_iter().take(receivers) {
        *part += 1;
    }

    let sign = total.amount_minor.signum();
    parts
        .into_iter()
        .map(|part| {
            let part = i128::try_from(part).map_err(|_| MoneyError::Overflow)? * i128::from(sign);
            i64::try_from(part)
                .map(|n| Money::new(n, total.currency))
                .map_err(|_| MoneyError::Overflow)
        })
        .collect()
}

/// Divides an amount in proportion to amounts, none of which is negative, as [`allocate`] does.
///
/// # Errors
/// As [`allocate`], and if an amount is negative.
pub fn allocate_over(total: Money, amounts: &[Money]) -> Result<Vec<Money>, MoneyError> {
    let weights = amounts
        .iter()
        .map(|amount| u64::try_from(amount.amount_minor).map_err(|_| MoneyError::Overflow))
        .collect::<Result<Vec<u64>, _>>()?;
    allocate(total, &weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn usd(amount_minor: i64) -> Money {
        Money::new(amount_minor, "USD".parse().unwrap())
    }

    fn divide(total: i64, weights: &[u64]) -> Vec<i64> {
        allocate(usd(total), weights).unwrap().into_iter().map(Money::amount_minor).collect()
    }

    fn rounded(text: &str, rounding: Rounding) -> Result<i64, MoneyError> {
        let (times, by) = fraction(text.parse().unwrap());
        scaled(1, times, by, rounding)
    }

    #[test]
    fn an_amount_is_written_as_people_read_it() {
        let written = |currency: &str, minor_digits: u8, amount_minor: i64| {
            let currency = currency.parse().unwrap();
            CurrencyRules { currency, minor_digits, minimum_minor: 0, ceiling_minor: 0 }
                .written(Money::new(amount_minor, currency))
        };
        let cases = [
            (2, 1_999, "19.99 USD"),
            (2, 5, "0.05 USD"),
            (2, 0, "0.00 USD"),
            (2, -7, "-0.07 USD"),
            (0, 250_000, "250000 USD"),
            (3, 1_234, "1.234 USD"),
            (0, 0, "0 USD"),
            (2, i64::MIN, "-92233720368547758.08 USD"),
        ];
        for (digits, amount, expected) in cases {
            assert_eq!(written("USD", digits, amount), expected);
        }
    }

    proptest! {
        /// A decimal library is the judge, where it is exact: of products.
        #[test]
        fn a_product_is_rounded_as_a_decimal_is(
            amount in -1_000_000_000_000_000..=1_000_000_000_000_000_i64,
            millionths in 0..=10_000_000_i64,
            even: bool,
        ) {
            let factor = Decimal::new(millionths, 6);
            let (rounding, strategy) = if even {
                (Rounding::HalfEven, rust_decimal::RoundingStrategy::MidpointNearestEven)
            } else {
                (Rounding::HalfAway, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
            };
            let exact = Decimal::from(amount) * factor;
            let expected = i64::try_from(exact.round_dp_with_strategy(0, strategy)).unwrap();
            let (times, by) = fraction(factor);
            prop_assert_eq!(scaled(amount, times, by, rounding), Ok(expected));
        }

        /// What comes out is never further than a half from the exact quotient.
        #[test]
        fn a_quotient_is_rounded_to_the_nearest(
            amount: i64, times in 1..=1_000_000_i128, by in 1..=1_000_000_000_000_i128, even: bool,
        ) {
            let rounding = if even { Rounding::HalfEven } else { Rounding::HalfAway };
            if let Ok(result) = scaled(amount, times, by, rounding) {
                let off = i128::from(amount) * times - i128::from(result) * by;
                prop_assert!(2 * off.abs() <= by);
                prop_assert!(!even || 2 * off.abs() < by || result % 2 == 0);
            }
        }
    }

    #[test]
    fn a_currency_is_three_upper_case_letters() {
        assert_eq!("VND".parse::<Currency>().unwrap().as_str(), "VND");
        for text in ["", "US", "usd", "USDT", "U5D", "ÄÄ"] {
            assert!(text.parse::<Currency>().is_err(), "{text}");
        }
    }

    #[test]
    fn money_is_written_as_minor_units_and_currency_and_nothing_else() {
        let json = r#"{"amount_minor":1999,"currency":"USD"}"#;
        assert_eq!(serde_json::to_string(&usd(1_999)).unwrap(), json);
        assert_eq!(serde_json::from_str::<Money>(json).unwrap(), usd(1_999));
        for json in [
            r#"{"amount_minor":19.99,"currency":"USD"}"#,
            r#"{"amount_minor":1999}"#,
            r#"{"amount_minor":1999,"currency":"usd"}"#,
            r#"{"amount_minor":1999,"currency":"USD","scale":2}"#,
        ] {
            assert!(serde_json::from_str::<Money>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_sum_that_does_not_fit_is_an_error() {
        let many = Quantity::try_from(2).unwrap();
        assert_eq!(usd(i64::MAX).checked_add(usd(1)), Err(MoneyError::Overflow));
        assert_eq!(usd(i64::MIN).checked_sub(usd(1)), Err(MoneyError::Overflow));
        assert_eq!(usd(i64::MIN).checked_neg(), Err(MoneyError::Overflow));
        assert_eq!(usd(i64::MAX).mul_quantity(many), Err(MoneyError::Overflow));
        assert_eq!(
            Money::sum(usd(0).currency(), [usd(i64::MAX), usd(1)]),
            Err(MoneyError::Overflow)
        );
    }

    #[test]
    fn two_currencies_never_meet() {
        let dong = Money::new(1, "VND".parse().unwrap());
        let mismatch =
            MoneyError::CurrencyMismatch { left: usd(0).currency(), right: dong.currency() };
        assert_eq!(usd(1).checked_add(dong), Err(mismatch.clone()));
        assert_eq!(usd(1).checked_sub(dong), Err(mismatch.clone()));
        assert_eq!(Money::sum(usd(0).currency(), [dong]), Err(mismatch));
    }

    #[test]
    fn a_half_goes_where_the_rounding_says() {
        let halves = [
            ("0.5", 1, 0),
            ("1.5", 2, 2),
            ("2.5", 3, 2),
            ("-0.5", -1, 0),
            ("-1.5", -2, -2),
            ("-2.5", -3, -2),
        ];
        let no_halves = [
            ("2.500000000001", 3, 3),
            ("2.499999999999", 2, 2),
            ("-2.499999999999", -2, -2),
            ("0.4999", 0, 0),
        ];
        for (text, away, even) in halves.into_iter().chain(no_halves) {
            assert_eq!(rounded(text, Rounding::HalfAway), Ok(away), "{text}");
            assert_eq!(rounded(text, Rounding::HalfEven), Ok(even), "{text}");
        }
        for rounding in Rounding::ALL {
            assert_eq!(rounded("9223372036854775807.4", *rounding), Ok(i64::MAX));
            assert_eq!(rounded("9223372036854775807.5", *rounding), Err(MoneyError::Overflow));
        }
    }

    #[test]
    fn what_is_left_over_goes_to_the_largest_remainder_and_between_equals_to_the_first() {
        assert_eq!(divide(100, &[1, 1, 1]), [34, 33, 33]);
        assert_eq!(divide(10, &[1, 5, 4]), [1, 5, 4]);
        assert_eq!(divide(5, &[3, 3, 3, 3]), [2, 1, 1, 1]);
        assert_eq!(divide(1, &[1, 2, 2]), [0, 1, 0]);
        assert_eq!(divide(-100, &[1, 1, 1]), [-34, -33, -33]);
    }

    #[test]
    fn a_weight_of_zero_receives_nothing() {
        assert_eq!(divide(1, &[0, 1, 0]), [0, 1, 0]);
        assert_eq!(allocate(usd(1), &[0, 0]), Err(MoneyError::NoShares));
        assert_eq!(allocate(usd(1), &[]), Err(MoneyError::NoShares));
        assert_eq!(divide(0, &[0, 0]), [0, 0]);
    }

    #[test]
    fn the_extremes_divide_too() {
        assert_eq!(divide(i64::MIN, &[u64::MAX]), [i64::MIN]);
        assert_eq!(divide(i64::MAX, &[u64::MAX, u64::MAX]), [i64::MAX / 2 + 1, i64::MAX / 2]);
    }

    proptest! {
        #[test]
        fn the_parts_always_sum_to_the_whole(total: i64, weights in prop::collection::vec(any::<u64>(), 1..50)) {
            prop_assume!(weights.iter().any(|&weight| weight > 0));
            let parts = allocate(usd(total), &weights).unwrap();
            prop_assert_eq!(Money::sum(usd(0).currency(), parts.iter().copied()), Ok(usd(total)));
        }

        #[test]
        fn no_part_is_a_whole_unit_away_from_its_share(total: i32, weights in prop::collection::vec(0_u64..1_000, 1..50)) {
            let whole: u64 = weights.iter().sum();
            prop_assume!(whole > 0);
            for (part, &weight) in allocate(usd(i64::from(total)), &weights).unwrap().iter().zip(&weights) {
                let share = i128::from(total) * i128::from(weight);
                let distance = (i128::from(part.amount_minor()) * i128::from(whole) - share).abs();
                prop_assert!(distance < i128::from(whole));
                prop_assert!(weight > 0 || part.is_zero());
                prop_assert!(part.amount_minor().signum() != -i64::from(total.signum()) || part.is_zero());
            }
        }

        #[test]
        fn adding_and_taking_away_are_opposites(a: i32, b: i32) {
            let (a, b) = (usd(i64::from(a)), usd(i64::from(b)));
            prop_assert_eq!(a.checked_add(b).and_then(|sum| sum.checked_sub(b)), Ok(a));
            prop_assert_eq!(a.checked_add(b), b.checked_add(a));
        }
    }
}
