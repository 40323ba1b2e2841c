//! Stored value: points, store credit and gift cards. Each is an account whose balance is the sum of
//! its entries, and is never below what is held of it.

use crate::{
    ids::{AccountId, CustomerId},
    money::{Currency, Money},
    text::{TextError, TextProblem},
};
use serde::{Deserialize, Deserializer, de};
use std::fmt;
use thiserror::Error;

/// The most an account may have, in minor units or points, and the most one entry may move: any
/// number of them that a checkout could draw on fits an `i64`.
pub const BALANCE_MAX: i64 = 100_000_000_000;

named_enum! {
    /// What an account holds.
    pub enum AccountKind("a kind of account") {
        /// Loyalty points, which have no currency.
        Points = "points",
        /// Store credit.
        Credit = "credit",
        /// What a gift card is worth.
        GiftCard = "gift_card",
    }
}

named_enum! {
    /// What an entry of an account is.
    pub enum EntryKind("a kind of entry") {
        /// The account was opened, or the gift card issued, with this.
        Opened = "opened",
        /// More was put in.
        ToppedUp = "topped_up",
        /// A correction, of either sign.
        Corrected = "corrected",
        /// The gift card was made a customer's; nothing moved.
        Assigned = "assigned",
        /// An order was paid with it.
        Spent = "spent",
        /// That order was cancelled.
        Returned = "returned",
        /// A part of what it paid for that order came back.
        Refunded = "refunded",
        /// An order earned it: a reward.
        Earned = "earned",
        /// That order was cancelled, so it is taken back, as far as it is still there.
        TakenBack = "taken_back",
    }
}

named_enum! {
    /// Where a draw of a checkout is.
    pub enum DrawState("a state of a draw") {
        /// Kept for a confirm that is under way.
        Held = "held",
        /// An order has it.
        Spent = "spent",
        /// It is back in the account.
        Returned = "returned",
    }
}

/// Why an entry cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EntryError {
    /// The amount is none that such an entry may have.
    #[error("must be {least} to {BALANCE_MAX}{}", but_zero(.least))]
    Amount {
        /// The least it may be.
        least: i64,
    },
}

const fn but_zero(least: &i64) -> &'static str {
    if *least < 0 { " and not 0" } else { "" }
}

/// Why an account cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AccountError {
    /// Money without a currency.
    #[error("must be there: only points have none")]
    CurrencyMissing,
    /// Points with one.
    #[error("must be left out: points have no currency")]
    CurrencyOfPoints,
}

impl AccountKind {
    /// Holds a currency against the kind.
    ///
    /// # Errors
    /// [`AccountError`].
    pub fn check(self, currency: Option<&Currency>) -> Result<(), AccountError> {
        match (self, currency) {
            (Self::Points, Some(_)) => Err(AccountError::CurrencyOfPoints),
            (Self::Credit | Self::GiftCard, None) => Err(AccountError::CurrencyMissing),
            (Self::Points, None) | (Self::Credit | Self::GiftCard, Some(_)) => Ok(()),
        }
    }

    /// The least that such an account is opened with: a gift card is worth something.
    #[must_use]
    pub const fn opened_with_least(self) -> i64 {
        match self {
            Self::Points | Self::Credit => 0,
            Self::GiftCard => 1,
        }
    }
}

impl EntryKind {
    /// Holds an amount against what such an entry of an account of this kind may move. Whether the
    /// balance allows it is for the statement that moves it.
    ///
    /// # Errors
    /// [`EntryError`].
    pub fn check(self, of: AccountKind, amount_minor: i64) -> Result<(), EntryError> {
        let least = match self {
            Self::Opened => of.opened_with_least(),
            Self::ToppedUp => 1,
            Self::Corrected => -BALANCE_MAX,
            Self::Assigned => 0,
            Self::Spent | Self::TakenBack => -BALANCE_MAX,
            Self::Returned | Self::Refunded | Self::Earned => 1,
        };
        let fits = match self {
            Self::Assigned => amount_minor == 0,
            Self::Corrected => amount_minor != 0 && (least..=BALANCE_MAX).contains(&amount_minor),
            Self::Spent | Self::TakenBack => (least..0).contains(&amount_minor),
            Self::Opened | Self::ToppedUp | Self::Returned | Self::Refunded | Self::Earned => {
                (least..=BALANCE_MAX).contains(&amount_minor)
            }
        };
        if fits { Ok(()) } else { Err(EntryError::Amount { least }) }
    }
}

/// An account that a buyer may draw on, as it is now (PROMO-13).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Drawable {
    /// The account.
    pub account_id: AccountId,
    /// What it holds.
    pub kind: AccountKind,
    /// Its currency; none for points.
    pub currency: Option<Currency>,
    /// Whose it is; none for a gift card that is nobody's yet.
    pub customer_id: Option<CustomerId>,
    /// What a gift card's code is found by.
    pub code_hash: Option<String>,
    /// What is not held, in minor units or points.
    pub available: i64,
    /// What one point pays of the order, in minor units of its currency; none if the shop takes no
    /// points in it.
    pub point_value_minor: Option<i64>,
}

/// Why an account cannot pay that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DrawError {
    /// It has another currency than the order.
    #[error("must be an account in {0}")]
    Currency(Currency),
    /// Points pay nothing in this currency.
    #[error("must not be points: they are not taken in {0}")]
    PointsNotTaken(Currency),
    /// No whole number of points pays it.
    #[error("must be a multiple of {0}, which is what one point pays")]
    PartOfAPoint(i64),
    /// There is less.
    #[error("the account has {available}, and {units} are needed")]
    TooLow {
        /// What there is, in minor units or points.
        available: i64,
        /// What would be needed.
        units: i64,
    },
}

impl Drawable {
    /// What leaves the account to pay `amount`, which is above zero: minor units, or points.
    ///
    /// # Errors
    /// [`DrawError`].
    pub fn draw(&self, amount: Money) -> Result<i64, DrawError> {
        let units = match self.kind {
            AccountKind::Credit | AccountKind::GiftCard => {
                if self.currency != Some(amount.currency()) {
                    return Err(DrawError::Currency(amount.currency()));
                }
                amount.amount_minor()
            }
            AccountKind::Points => {
                let value = self
                    .point_value_minor
                    .filter(|value| *value > 0)
                    .ok_or(DrawError::PointsNotTaken(amount.currency()))?;
                if amount.amount_minor().rem_euclid(value) != 0 {
                    return Err(DrawError::PartOfAPoint(value));
                }
                amount.amount_minor().div_euclid(value)
            }
        };
        if units > self.available {
            return Err(DrawError::TooLow { available: self.available, units });
        }
        Ok(units)
    }
}

const CODE_DIGITS: usize = 26;
const CODE_LENGTH_MAX: usize = 80;
/// Crockford's base 32: no letter looks like a digit, and none makes a word.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Letters and digits that stand together.
const GROUP: usize = 4;

/// The code of a gift card: 128 random bits. Whoever has it has the card, so it is shown once and
/// kept hashed.
#[derive(Clone, PartialEq, Eq)]
pub struct GiftCode(u128);

impl GiftCode {
    /// The code of these bits.
    #[must_use]
    pub const fn of(bits: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bits))
    }

    /// As people write it: 26 letters and digits, in groups of four.
    #[must_use]
    pub fn reveal(&self) -> String {
        let mut digits = Vec::with_capacity(CODE_DIGITS);
        let mut rest = self.0;
        for _ in 0..CODE_DIGITS {
            let digit = usize::try_from(rest % 32).ok().and_then(|at| ALPHABET.get(at));
            digits.push(digit.map_or('0', |digit| char::from(*digit)));
            rest /= 32;
        }
        digits.reverse();
        let groups: Vec<String> =
            digits.chunks(GROUP).map(|group| group.iter().collect()).collect();
        groups.join("-")
    }
}

impl fmt::Debug for GiftCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GiftCode(redacted)")
    }
}

/// What a letter or a digit stands for. Who read a 1 as an l is understood.
fn digit(character: char) -> Option<u128> {
    let character = match character.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let at = ALPHABET.iter().position(|digit| char::from(*digit) == character)?;
    u128::try_from(at).ok()
}

impl TryFrom<&str> for GiftCode {
    type Error = TextError;

    fn try_from(text: &str) -> Result<Self, TextError> {
        // The text is never repeated: it may be somebody's code but for a letter.
        let wrong = || TextError {
            what: "a gift card's code",
            problem: TextProblem::Shape {
                expected: "26 letters and digits, however they are grouped",
            },
        };
        if text.len() > CODE_LENGTH_MAX {
            return Err(wrong());
        }
        let (mut code, mut digits) = (0_u128, 0_usize);
        for character in text.chars().filter(|character| !matches!(character, ' ' | '-')) {
            let value = digit(character).ok_or_else(wrong)?;
            // Two bits of the first digit are beyond 128.
            code =
                code.checked_mul(32).and_then(|code| code.checked_add(value)).ok_or_else(wrong)?;
            digits = digits.saturating_add(1);
        }
        if digits == CODE_DIGITS { Ok(Self(code)) } else { Err(wrong()) }
    }
}

impl<'de> Deserialize<'de> for GiftCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(String::deserialize(deserializer)?.as_str()).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn money_has_a_currency_and_points_have_none() {
        let usd: Currency = "USD".parse().unwrap();
        for kind in AccountKind::ALL {
            let (with, without) = (kind.check(Some(&usd)), kind.check(None));
            assert_eq!(with.is_ok(), *kind != AccountKind::Points, "{kind}");
            assert_eq!(without.is_ok(), *kind == AccountKind::Points, "{kind}");
        }
    }

    fn drawable(kind: AccountKind, available: i64, point_value_minor: Option<i64>) -> Drawable {
        Drawable {
            account_id: "account".parse().unwrap(),
            kind,
            currency: (kind != AccountKind::Points).then(|| "USD".parse().unwrap()),
            customer_id: None,
            code_hash: None,
            available,
            point_value_minor,
        }
    }

    #[test]
    fn an_account_pays_in_its_currency_and_points_by_what_one_pays() {
        let dollars = |minor| Money::new(minor, "USD".parse().unwrap());
        let euros = Money::new(100, "EUR".parse().unwrap());
        let credit = drawable(AccountKind::Credit, 500, None);
        assert_eq!(credit.draw(dollars(500)).unwrap(), 500);
        let too_low = DrawError::TooLow { available: 500, units: 501 };
        assert_eq!(credit.draw(dollars(501)).unwrap_err(), too_low);
        assert_eq!(credit.draw(euros).unwrap_err(), DrawError::Currency(euros.currency()));
        let points = drawable(AccountKind::Points, 20, Some(5));
        assert_eq!(points.draw(dollars(100)).unwrap(), 20);
        assert_eq!(points.draw(dollars(99)).unwrap_err(), DrawError::PartOfAPoint(5));
        let too_low = DrawError::TooLow { available: 20, units: 21 };
        assert_eq!(points.draw(dollars(105)).unwrap_err(), too_low);
        for value in [None, Some(0)] {
            let none = drawable(AccountKind::Points, 20, value);
            let error = none.draw(dollars(100)).unwrap_err();
            assert_eq!(error, DrawError::PointsNotTaken(dollars(0).currency()));
        }
    }

    proptest! {
        // What leaves an account is worth just what it pays, and is never more than there is.
        #[test]
        fn a_draw_takes_what_it_pays(
            available in 0..BALANCE_MAX, amount in 1..BALANCE_MAX, value in 1..1_000_i64
        ) {
            let amount = Money::new(amount, "USD".parse().unwrap());
            for account in [
                drawable(AccountKind::GiftCard, available, None),
                drawable(AccountKind::Points, available, Some(value)),
            ] {
                let one = account.point_value_minor.unwrap_or(1);
                match account.draw(amount) {
                    Ok(units) => {
                        prop_assert!((1..=available).contains(&units));
                        prop_assert_eq!(units * one, amount.amount_minor());
                    }
                    Err(DrawError::TooLow { units, .. }) => prop_assert!(units > available),
                    Err(DrawError::PartOfAPoint(_)) => {
                        prop_assert!(amount.amount_minor() % one != 0)
                    }
                    Err(error) => prop_assert!(false, "{error}"),
                }
            }
        }
    }

    #[test]
    fn an_entry_moves_what_its_kind_may() {
        use AccountKind::{Credit, GiftCard};
        use EntryKind::{Assigned, Corrected, Opened, ToppedUp};
        let cases = [
            (Opened, Credit, 0, true),
            (Opened, GiftCard, 0, false),
            (Opened, GiftCard, 1, true),
            (Opened, Credit, -1, false),
            (ToppedUp, Credit, 0, false),
            (ToppedUp, Credit, 1, true),
            (ToppedUp, Credit, BALANCE_MAX, true),
            (ToppedUp, Credit, BALANCE_MAX + 1, false),
            (Corrected, Credit, 0, false),
            (Corrected, Credit, -BALANCE_MAX, true),
            (Corrected, Credit, -BALANCE_MAX - 1, false),
            (Corrected, Credit, BALANCE_MAX + 1, false),
            (Corrected, Credit, i64::MIN, false),
            (Assigned, GiftCard, 0, true),
            (Assigned, GiftCard, 1, false),
        ];
        for (entry, of, amount, fits) in cases {
            assert_eq!(entry.check(of, amount).is_ok(), fits, "{entry} {of} {amount}");
        }
        let said = |entry: EntryKind| entry.check(GiftCard, i64::MAX).unwrap_err().to_string();
        assert_eq!(said(ToppedUp), "must be 1 to 100000000000");
        assert_eq!(said(Corrected), "must be -100000000000 to 100000000000 and not 0");
    }

    #[test]
    fn a_code_is_read_as_people_write_it() {
        let code = GiftCode::of([0x80, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0x10]);
        let written = code.reveal();
        assert_eq!(written, "4004-1061-050R-3GG2-8A1C-60T3-GG");
        for text in [
            written.clone(),
            written.to_lowercase(),
            written.replace('-', ""),
            written.replace('-', " "),
            format!(" {written} "),
            written.replace('0', "o").replace('1', "l"),
        ] {
            assert_eq!(GiftCode::try_from(text.as_str()).as_ref(), Ok(&code), "{text}");
        }
        assert_eq!(format!("{code:?}"), "GiftCode(redacted)");
    }

    #[test]
    fn what_is_no_code_is_refused_unrepeated() {
        let long = format!("0{}", "-".repeat(80));
        for text in [
            "",
            "0000",
            "0000-0000-0000-0000-0000-0000-0",
            "0000-0000-0000-0000-0000-0000-000",
            "U000-0000-0000-0000-0000-0000-00",
            "8000-0000-0000-0000-0000-0000-00",
            "0000_0000-0000-0000-0000-0000-00",
            "é000-0000-0000-0000-0000-0000-00",
            &long,
        ] {
            let refusal = GiftCode::try_from(text).unwrap_err().to_string();
            assert!(text.is_empty() || !refusal.contains(text), "{refusal}");
        }
        let most = GiftCode::of([0xff; 16]);
        assert_eq!(GiftCode::try_from(most.reveal().as_str()), Ok(most));
    }

    proptest! {
        #[test]
        fn a_code_is_its_bits_and_no_other(bits: [u8; 16], other: [u8; 16]) {
            let written = GiftCode::of(bits).reveal();
            prop_assert_eq!(written.len(), 32);
            prop_assert_eq!(GiftCode::try_from(written.as_str()), Ok(GiftCode::of(bits)));
            prop_assert_eq!(bits == other, written == GiftCode::of(other).reveal());
        }
    }
}
