//! Promotions: rules by which an order costs less, and what they make of one order.
//!
//! A [`Rule`] is what the shop wrote, a [`Promotion`] one version of it with what has been used so
//! far, and [`PromotionFacts`] all that an order's promotions depend on. They are a step of
//! [`crate::totals::compute`], after the shipping has been rated and before anything is taxed; there
//! is no other way to a discount. The rules of that step, all of them:
//!
//! 1. **Who runs.** A promotion runs if its [`Conditions`] hold, its [`Limits`] leave room, and the
//!    order has something it is for. A minimum is held against the goods before any discount, so
//!    that no promotion takes away what another one asks for. One that asks for a code runs by a
//!    code that was given.
//! 2. **One after another**, each on what those before it left: the higher priority first; at the
//!    same priority first what sets prices ([`Stage::Price`]), then percentages, then amounts; then
//!    in the order of their ids. So of 100.00, with 20 % off and 15.00 off, 65.00 is left: 20.00 and
//!    15.00, each as its name says, whichever code was typed first.
//! 3. **Which together** ([`Stacking`]). Of a group an order has one at most, and one that stands
//!    alone is its only one. Of all the sets that these allow, the one that takes most off runs; of
//!    equals, the one without a promotion that stands alone, then the one whose ids come first. What
//!    is compared is what comes off the prices as they are shown.
//! 4. **How much.** What is for several lines is one amount, rounded once, and divided among them by
//!    what is left of each. It is cut to what is left of a line, to its [`Caps`], and to what is
//!    left of its budget: a discount that is too large is a smaller one, never an error, and nothing
//!    is below zero.
//! 5. **What is used.** A promotion that took nothing off is not used: it is not in the totals and
//!    counts for no limit. A code that did nothing is answered with why.
//!
//! A kind of promotion is one file and one row: [`kind`].

mod basket;
mod code;
mod eligibility;
mod evaluation;
pub mod kind;
mod suggestion;

pub use basket::Missing;
pub use code::{Code, Codes, CodesError, KnownCode};
pub use eligibility::{RefusalReason, RefusedCode};
pub use kind::{Kind, Stage};
pub use suggestion::Suggestion;

pub(crate) use basket::{Item, Thing};
pub(crate) use eligibility::Order;
pub(crate) use evaluation::{Applied, evaluate};
pub(crate) use suggestion::suggest;

use crate::exchange::ExchangeRate;
use crate::ids::{Category, CustomerId, PromotionGroup, PromotionId, Segment, Sku};
use crate::money::{Currency, Money, MoneyError, Rounding, scaled};
use crate::sorted::sorted_by;
use crate::text::{self, TextProblem};
use crate::totals::LineInput;
use serde::{Deserialize, Deserializer, Serialize};
use std::num::NonZeroU32;
use thiserror::Error;

const NAME_LENGTH_MAX: usize = 100;

fn name_rule(text: &str) -> Result<(), TextProblem> {
    text::check(text, NAME_LENGTH_MAX, "one line of text", |c| !c.is_control())
}

text_type!(
    /// What a promotion is called where a buyer reads it, `Autumn sale`.
    PromotionName, "a promotion's name", name_rule
);

/// An amount that a rule names, in minor units of its currency: from 1 to a hundred million
/// million, so that no price of a whole line is more than an amount can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Amount(i64);

impl Amount {
    /// The most a rule may name.
    pub const MAX: i64 = 100_000_000_000_000;

    /// The amount in minor units.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for Amount {
    type Error = BoundsError;

    fn try_from(given: i64) -> Result<Self, Self::Error> {
        within("an amount", given, Self::MAX).map(Self)
    }
}

impl From<Amount> for i64 {
    fn from(amount: Amount) -> Self {
        amount.0
    }
}

/// A part of something in hundredths of a percent: from 1 to 10,000, which is all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct BasisPoints(i64);

impl BasisPoints {
    /// All of it.
    pub const WHOLE: i64 = 10_000;

    /// That part of an amount, rounded half away from zero.
    ///
    /// # Errors
    /// If the result does not fit.
    pub fn of(self, amount: Money) -> Result<Money, MoneyError> {
        let whole = i128::from(Self::WHOLE);
        let part = scaled(amount.amount_minor(), self.0.into(), whole, Rounding::HalfAway)?;
        Ok(Money::new(part, amount.currency()))
    }
}

impl TryFrom<i64> for BasisPoints {
    type Error = BoundsError;

    fn try_from(given: i64) -> Result<Self, Self::Error> {
        within("a part in basis points", given, Self::WHOLE).map(Self)
    }
}

impl From<BasisPoints> for i64 {
    fn from(points: BasisPoints) -> Self {
        points.0
    }
}

/// A number outside its bounds.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what} must be from {min} to {max}, this is {given}")]
pub struct BoundsError {
    /// What was being read, in words.
    pub what: &'static str,
    /// What was given.
    pub given: i64,
    /// The least that would be right.
    pub min: i64,
    /// The most that would be right.
    pub max: i64,
}

fn within(what: &'static str, given: i64, max: i64) -> Result<i64, BoundsError> {
    if (1..=max).contains(&given) {
        Ok(given)
    } else {
        Err(BoundsError { what, given, min: 1, max })
    }
}

/// One or more different ones, at most [`Several::MAX`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<T>", into = "Vec<T>")]
#[serde(bound(serialize = "T: Clone + Serialize", deserialize = "T: Ord + Deserialize<'de>"))]
pub struct Several<T>(Vec<T>);

/// A list of none, or of too many.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a list must name from 1 to {max} different ones, this has {given}")]
pub struct SeveralError {
    /// How many different ones there were.
    pub given: usize,
    /// The most that would be right.
    pub max: usize,
}

impl<T: Ord> Several<T> {
    /// The most there may be: a rule is read with every price.
    pub const MAX: usize = 500;

    /// Whether this is one of them.
    #[must_use]
    pub fn contains(&self, one: &T) -> bool {
        self.0.binary_search(one).is_ok()
    }
}

impl<T: Ord> TryFrom<Vec<T>> for Several<T> {
    type Error = SeveralError;

    fn try_from(list: Vec<T>) -> Result<Self, Self::Error> {
        let mut list = sorted_by(list, Ord::cmp);
        list.dedup();
        if (1..=Self::MAX).contains(&list.len()) {
            Ok(Self(list))
        } else {
            Err(SeveralError { given: list.len(), max: Self::MAX })
        }
    }
}

impl<T> From<Several<T>> for Vec<T> {
    fn from(several: Several<T>) -> Self {
        several.0
    }
}

/// Some of what is sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// These SKUs.
    Skus(Several<Sku>),
    /// What is in these categories.
    Categories(Several<Category>),
}

impl Selection {
    pub(crate) fn has(&self, line: &LineInput) -> bool {
        match self {
            Self::Skus(skus) => skus.contains(&line.sku),
            Self::Categories(categories) => {
                line.category.as_ref().is_some_and(|category| categories.contains(category))
            }
        }
    }
}

/// What a promotion takes off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// All goods of the order.
    Goods,
    /// Some of them.
    Selected(Selection),
    /// The shipping.
    Shipping,
}

/// Whom a promotion is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Everyone, guests too.
    #[default]
    Everyone,
    /// These customers.
    Customers(Several<CustomerId>),
    /// Who is in one of these segments or groups.
    Segments(Several<Segment>),
}

/// What must hold for a promotion to run, all of it (PROMO-3).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Conditions {
    /// The goods of the order cost at least this before any discount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_subtotal_minor: Option<Amount>,
    /// One of these is bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<Selection>,
    /// It runs from this moment on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_at_ms: Option<i64>,
    /// It has ended at this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at_ms: Option<i64>,
    /// Whom it is for.
    #[serde(default, skip_serializing_if = "is_default")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = "everyone")))]
    pub audience: Audience,
    /// Whether it is for a buyer's first order only.
    #[serde(default, skip_serializing_if = "is_default")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = false)))]
    pub first_order: bool,
    /// Whether a code of it must be given.
    #[serde(default, skip_serializing_if = "is_default")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = false)))]
    pub code: bool,
}

/// What a promotion may be together with (PROMO-2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Stacking {
    /// With any that allows it.
    #[default]
    Freely,
    /// With any but those of the same group.
    OneOf(PromotionGroup),
    /// With no other.
    Alone,
}

/// The most that a promotion takes off one order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// Off each line, or the shipping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_line_minor: Option<Amount>,
    /// In all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_order_minor: Option<Amount>,
}

/// How often a promotion may be used, and how much it may cost the shop (PROMO-4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// In so many orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uses: Option<NonZeroU32>,
    /// In so many orders of one person (PROMO-14).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uses_per_person: Option<NonZeroU32>,
    /// All that it takes off together. The order that it runs out with gets what is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_minor: Option<Amount>,
}

/// Whether it goes without saying: a rule is read with every price, and what it leaves to its default
/// is not written down.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A rule as it is written down; [`Rule`] is one that holds together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// What it is called where a buyer reads it.
    pub name: PromotionName,
    /// What it does.
    pub kind: Kind,
    /// What it takes that off.
    pub target: Target,
    /// The currency of every amount in it, and of the orders it is for; without one it names no
    /// amount and is for orders in any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Whether it is for orders in other currencies too, its amounts at the shop's rate.
    #[serde(default, skip_serializing_if = "is_default")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = false)))]
    pub exchanged: bool,
    /// What must hold for it to run.
    #[serde(default, skip_serializing_if = "is_default")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = {})))]
    pub conditions: Conditions,
    /// The higher runs first.
    #[serde(default, skip_serializing_if = "is_default")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 0)))]
    pub priority: i32,
    /// What it may be together with.
    #[serde(default, skip_serializing_if = "is_default")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = "freely")))]
    pub stacking: Stacking,
    /// The most that it takes off one order.
    #[serde(default, skip_serializing_if = "is_default")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = {})))]
    pub caps: Caps,
    /// How often it may be used.
    #[serde(default, skip_serializing_if = "is_default")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = {})))]
    pub limits: Limits,
}

/// Terms that hold together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "Terms", into = "Terms")]
pub struct Rule(Terms);

/// Terms that do not hold together: which member is wrong, and what would be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{field} must {right}")]
pub struct RuleError {
    /// The member.
    pub field: &'static str,
    /// What would be right.
    pub right: &'static str,
}

impl Rule {
    /// What was written.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.0
    }
}

impl TryFrom<Terms> for Rule {
    type Error = RuleError;

    fn try_from(terms: Terms) -> Result<Self, Self::Error> {
        let strategy = terms.kind.strategy();
        strategy.check(&terms.target)?;
        let Conditions { minimum_subtotal_minor, starts_at_ms, ends_at_ms, .. } = terms.conditions;
        let names_an_amount = strategy.has_amounts()
            || minimum_subtotal_minor.is_some()
            || terms.caps != Caps::default()
            || terms.limits.budget_minor.is_some();
        if names_an_amount && terms.currency.is_none() {
            return Err(RuleError {
                field: "currency",
                right: "be named where the rule names an amount",
            });
        }
        if starts_at_ms.zip(ends_at_ms).is_some_and(|(starts, ends)| ends <= starts) {
            return Err(RuleError { field: "conditions", right: "end after they start" });
        }
        Ok(Self(terms))
    }
}

impl From<Rule> for Terms {
    fn from(rule: Rule) -> Self {
        rule.0
    }
}

/// One version of a rule that the shop has, and what has been used of the promotion so far, under
/// whatever version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promotion {
    /// The promotion.
    pub promotion_id: PromotionId,
    /// Which of its rules this is; an order keeps it.
    pub version: i64,
    /// The rule.
    pub rule: Rule,
    /// What has been used; of a rule without limits it need not be said.
    #[serde(default, deserialize_with = "or_nothing")]
    pub used: Used,
}

fn or_nothing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Used, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Promotion {
    /// What is left of its budget, if it has one, in the rule's currency.
    pub(crate) fn budget_left_minor(&self) -> Option<i64> {
        let budget = self.rule.terms().limits.budget_minor?;
        Some(budget.get().saturating_sub(self.used.spent_minor))
    }
}

/// What has been used of a promotion.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Used {
    /// In so many orders.
    pub uses: i64,
    /// In so many orders of this buyer, as far as it is known who they are.
    pub uses_by_person: i64,
    /// All that it took off together, in the rule's currency.
    pub spent_minor: i64,
}

/// What is known of who buys. A guest is nobody's customer, in no segment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Buyer {
    /// The customer, if they are one.
    pub customer_id: Option<CustomerId>,
    /// The segments and groups they are in.
    #[serde(default)]
    pub segments: Vec<Segment>,
    /// Whether they have ordered nothing yet, as far as it is known who they are.
    pub first_order: bool,
}

/// All that the promotions of an order depend on, beside the order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromotionFacts {
    /// The time it is.
    pub now_ms: i64,
    /// What the shop has, each promotion once: those that run without a code, and those of the codes
    /// given, also where they have ended or have not begun.
    pub promotions: Vec<Promotion>,
    /// What the buyer typed.
    pub codes: Codes,
    /// Those of them that the shop has given out.
    pub known_codes: Vec<KnownCode>,
    /// Who buys.
    pub buyer: Buyer,
    /// What the order's currency is worth in others.
    #[serde(default)]
    pub rates: Vec<ExchangeRate>,
}

#[cfg(test)]
pub(crate) mod tests;
