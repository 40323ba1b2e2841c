//! What a promotion sees of an order.

use super::kind::BundlePart;
use super::{Amount, Selection, Target};
use crate::exchange::ExchangeRate;
use crate::ids::{ShippingMethodId, Sku};
use crate::money::{Currency, Money, MoneyError, allocate, allocate_over};
use crate::totals::LineInput;
use serde::{Deserialize, Serialize};

/// Something that costs money and may cost less.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item<'a> {
    pub(crate) thing: Thing<'a>,
    /// How many; of the shipping, one.
    pub(crate) quantity: i64,
    /// What one costs before any discount.
    pub(crate) unit_price: Money,
    /// What is left of all of them together; never below zero.
    pub(crate) left: Money,
}

/// What an item is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Thing<'a> {
    Line(&'a LineInput),
    Shipping(&'a ShippingMethodId),
}

impl<'a> Item<'a> {
    const fn line(&self) -> Option<&'a LineInput> {
        match self.thing {
            Thing::Line(line) => Some(line),
            Thing::Shipping(_) => None,
        }
    }

    pub(super) fn sku(&self) -> Option<&'a Sku> {
        self.line().map(|line| &line.sku)
    }

    pub(super) fn is_of(&self, selection: &Selection) -> bool {
        self.line().is_some_and(|line| selection.has(line))
    }

    pub(super) fn is_in(&self, target: &Target) -> bool {
        match target {
            Target::Goods => self.line().is_some(),
            Target::Selected(selection) => self.is_of(selection),
            Target::Shipping => self.line().is_none(),
        }
    }

    /// What so many of its units are worth of what is left.
    pub(super) fn worth_of(&self, units: i64) -> Result<Money, MoneyError> {
        let weight = |units| u64::try_from(units).map_err(|_| MoneyError::Overflow);
        let parts = allocate(self.left, &[weight(units)?, weight(self.quantity - units)?])?;
        parts.first().copied().ok_or(MoneyError::NoShares)
    }
}

/// How many units they are together.
pub(super) fn units<'a>(items: impl IntoIterator<Item = &'a Item<'a>>) -> i64 {
    items.into_iter().fold(0, |sum, item| sum.saturating_add(item.quantity))
}

/// What a promotion is for, and how it counts.
pub(super) struct Basket<'a> {
    /// What it is for, in the order of the lines' ids.
    pub(super) items: &'a [Item<'a>],
    /// All there is.
    pub(super) order: &'a [Item<'a>],
    /// The order's currency.
    pub(super) currency: Currency,
    /// What the rule's currency is worth in it, where that is another.
    pub(super) rate: Option<&'a ExchangeRate>,
}

impl Basket<'_> {
    pub(super) const fn nothing(&self) -> Money {
        Money::zero(self.currency)
    }

    /// An amount of the rule in the order's currency.
    pub(super) fn amount(&self, amount: Amount) -> Money {
        in_currency(amount, self.currency, self.rate)
    }

    /// What is left of all items together.
    pub(super) fn left(&self) -> Result<Money, MoneyError> {
        Money::sum(self.currency, self.items.iter().map(|item| item.left))
    }

    /// An amount divided among the items by what is left of each; nothing, where nothing is left.
    pub(super) fn spread(&self, off: Money) -> Result<Vec<Money>, MoneyError> {
        let left: Vec<Money> = self.items.iter().map(|item| item.left).collect();
        let is_left = left.iter().any(|left| left.is_positive());
        allocate_over(if is_left { off } else { self.nothing() }, &left)
    }

    /// What takes each unit down to a price.
    pub(super) fn down_to(&self, unit_price: Amount) -> Vec<Money> {
        let unit_price = self.amount(unit_price).amount_minor();
        let off = |item: &Item<'_>| {
            let price = unit_price.saturating_mul(item.quantity);
            Money::new(item.left.amount_minor().saturating_sub(price).max(0), self.currency)
        };
        self.items.iter().map(off).collect()
    }
}

/// An amount of a rule in the order's currency, within the bounds of such an amount: above zero in
/// the one, above zero in the other, or a price too small for a currency would be none.
pub(super) fn in_currency(
    amount: Amount,
    currency: Currency,
    rate: Option<&ExchangeRate>,
) -> Money {
    let Some(rate) = rate else {
        return Money::new(amount.get(), currency);
    };
    let exchanged = rate.convert(Money::new(amount.get(), rate.from)).map(Money::amount_minor);
    Money::new(exchanged.unwrap_or(Amount::MAX).clamp(1, Amount::MAX), currency)
}

/// The lesser of two amounts of one currency.
pub(super) const fn lesser(a: Money, b: Money) -> Money {
    if a.amount_minor() <= b.amount_minor() { a } else { b }
}

/// What an order lacks for a promotion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Goods for so much more.
    Amount(Money),
    /// So many more units of what it counts.
    Units(i64),
    /// So many of these.
    Parts(Vec<BundlePart>),
}
