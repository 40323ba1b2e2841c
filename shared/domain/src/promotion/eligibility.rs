//! Whether a promotion runs on an order, and the name of why not.

use super::basket::{Basket, Item, Missing, in_currency, lesser};
use super::{
    Amount, Audience, Buyer, Code, Conditions, KnownCode, Promotion, PromotionFacts, Stacking,
    Target, Terms,
};
use crate::exchange::ExchangeRate;
use crate::ids::PromotionId;
use crate::money::{Currency, Money, MoneyError, allocate_over};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

named_enum! {
    /// Why a code did nothing.
    pub enum RefusalReason("a reason of a refused code") {
        /// The shop has no such code.
        Unknown = "unknown",
        /// It has not begun.
        NotStarted = "not_started",
        /// It has ended.
        Expired = "expired",
        /// It is for orders in another currency.
        WrongCurrency = "wrong_currency",
        /// It is for somebody else.
        NotForThisCustomer = "not_for_this_customer",
        /// It is for a first order.
        FirstOrderOnly = "first_order_only",
        /// It is for goods that are not in the order, or asks for some.
        NotForTheseGoods = "not_for_these_goods",
        /// It has been used as often as it may.
        UsedUp = "used_up",
        /// This person has used it as often as they may.
        UsedUpForPerson = "used_up_for_person",
        /// It has taken off all that it may.
        BudgetSpent = "budget_spent",
        /// The goods cost too little; `missing` says how much more would do.
        MinimumNotReached = "minimum_not_reached",
        /// There are too few units, or parts; `missing` says which would do.
        QuantityNotReached = "quantity_not_reached",
        /// It is for shipping, and no method has been chosen.
        ShippingNotChosen = "shipping_not_chosen",
        /// It may not be together with what is better for the buyer; `excluded_by` names that, if it
        /// is one.
        Excluded = "excluded",
        /// There is nothing, or nothing more, that it takes off.
        NoEffect = "no_effect",
    }
}

/// A code that did nothing, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RefusedCode {
    /// The code.
    pub code: Code,
    /// Why.
    pub reason: RefusalReason,
    /// The promotion it is of; absent for a code that is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion_id: Option<PromotionId>,
    /// What would have to be added to the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
    /// The promotion that runs instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded_by: Option<PromotionId>,
}

/// Why something does not run, with what there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) reason: RefusalReason,
    pub(super) missing: Option<Missing>,
    pub(super) excluded_by: Option<PromotionId>,
}

impl From<RefusalReason> for Refusal {
    fn from(reason: RefusalReason) -> Self {
        Self { reason, missing: None, excluded_by: None }
    }
}

impl Refusal {
    pub(super) fn lacking(reason: RefusalReason, missing: Missing) -> Self {
        Self { missing: Some(missing), ..reason.into() }
    }

    pub(super) fn excluded(by: Option<&PromotionId>) -> Self {
        Self { excluded_by: by.cloned(), ..RefusalReason::Excluded.into() }
    }
}

/// An order, as far as it decides which promotions run on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order<'a> {
    pub(crate) currency: Currency,
    /// The goods before any discount.
    pub(crate) subtotal: Money,
    /// Its lines, in the order of their ids, and after them the shipping, if a method is chosen.
    pub(crate) items: &'a [Item<'a>],
}

/// A promotion that may run on an order.
pub(super) struct Candidate<'a> {
    pub(super) promotion: &'a Promotion,
    /// The code it runs by.
    pub(super) code: Option<&'a Code>,
    /// What its currency is worth in the order's, where that is another.
    pub(super) rate: Option<&'a ExchangeRate>,
    currency: Currency,
    /// Which items it is for.
    is_for: Vec<bool>,
    /// The most it takes off an item.
    per_item: Option<Money>,
    /// The most it takes off in all.
    in_all: Option<Money>,
}

/// The promotion, ready to run on the order; or why it does not. That its minimum is not reached is
/// said only where nothing else is in its way but, perhaps, that no shipping is chosen.
pub(super) fn consider<'a>(
    promotion: &'a Promotion,
    code: Option<&'a Code>,
    order: &Order<'_>,
    facts: &'a PromotionFacts,
) -> Result<Candidate<'a>, Refusal> {
    let terms = promotion.rule.terms();
    let conditions = &terms.conditions;
    in_time(conditions, facts.now_ms)?;
    let rate = rate_for(terms, order.currency, &facts.rates)?;
    for_buyer(conditions, &facts.buyer)?;
    let is_for: Vec<bool> = order.items.iter().map(|item| item.is_in(&terms.target)).collect();
    let is_there = is_for.contains(&true);
    let needs = conditions.needs.as_ref();
    if (terms.target != Target::Shipping && !is_there)
        || needs.is_some_and(|needs| !order.items.iter().any(|item| item.is_of(needs)))
    {
        return Err(RefusalReason::NotForTheseGoods.into());
    }
    let budget_left = within_limits(promotion)?;
    let in_currency = |amount| in_currency(amount, order.currency, rate);
    if let Some(minimum) = conditions.minimum_subtotal_minor.map(in_currency) {
        let missing = minimum.amount_minor().saturating_sub(order.subtotal.amount_minor());
        if missing > 0 {
            let missing = Missing::Amount(Money::new(missing, order.currency));
            return Err(Refusal::lacking(RefusalReason::MinimumNotReached, missing));
        }
    }
    if !is_there {
        return Err(RefusalReason::ShippingNotChosen.into());
    }
    Ok(Candidate {
        promotion,
        code,
        rate,
        currency: order.currency,
        is_for,
        per_item: terms.caps.per_line_minor.map(in_currency),
        in_all: terms.caps.per_order_minor.into_iter().chain(budget_left).min().map(in_currency),
    })
}

/// Whether a code may be used by this buyer.
pub(super) fn usable(code: &KnownCode, buyer: &Buyer) -> Result<(), RefusalReason> {
    if code.customer_id.is_some() && code.customer_id != buyer.customer_id {
        return Err(RefusalReason::NotForThisCustomer);
    }
    not_above(code.uses, code.used, RefusalReason::UsedUp)
}

fn in_time(conditions: &Conditions, now_ms: i64) -> Result<(), RefusalReason> {
    if conditions.starts_at_ms.is_some_and(|starts| now_ms < starts) {
        return Err(RefusalReason::NotStarted);
    }
    if conditions.ends_at_ms.is_some_and(|ends| now_ms >= ends) {
        return Err(RefusalReason::Expired);
    }
    Ok(())
}

/// What the rule's currency is worth in the order's; nothing to say where they are the same, or the
/// rule has none.
fn rate_for<'a>(
    terms: &Terms,
    currency: Currency,
    rates: &'a [ExchangeRate],
) -> Result<Option<&'a ExchangeRate>, RefusalReason> {
    let Some(named) = terms.currency.filter(|named| *named != currency) else {
        return Ok(None);
    };
    let rate = rates.iter().find(|rate| rate.from == named && rate.to == currency);
    match rate.filter(|_| terms.exchanged) {
        Some(rate) => Ok(Some(rate)),
        None => Err(RefusalReason::WrongCurrency),
    }
}

fn for_buyer(conditions: &Conditions, buyer: &Buyer) -> Result<(), RefusalReason> {
    let is_for = match &conditions.audience {
        Audience::Everyone => true,
        Audience::Customers(customers) => {
            buyer.customer_id.as_ref().is_some_and(|id| customers.contains(id))
        }
        Audience::Segments(segments) => buyer.segments.iter().any(|one| segments.contains(one)),
    };
    if !is_for {
        return Err(RefusalReason::NotForThisCustomer);
    }
    if conditions.first_order && !buyer.first_order {
        return Err(RefusalReason::FirstOrderOnly);
    }
    Ok(())
}

/// What is left of its budget, if it has one.
fn within_limits(promotion: &Promotion) -> Result<Option<Amount>, RefusalReason> {
    let (limits, used) = (promotion.rule.terms().limits, promotion.used);
    not_above(limits.uses, used.uses, RefusalReason::UsedUp)?;
    not_above(limits.uses_per_person, used.uses_by_person, RefusalReason::UsedUpForPerson)?;
    // An amount is above zero.
    promotion
        .budget_left_minor()
        .map(Amount::try_from)
        .transpose()
        .map_err(|_| RefusalReason::BudgetSpent)
}

fn not_above(
    limit: Option<NonZeroU32>,
    used: i64,
    otherwise: RefusalReason,
) -> Result<(), RefusalReason> {
    if limit.is_some_and(|limit| used >= i64::from(limit.get())) { Err(otherwise) } else { Ok(()) }
}

impl Candidate<'_> {
    pub(super) const fn terms(&self) -> &Terms {
        self.promotion.rule.terms()
    }

    /// Whether the two may not be together.
    pub(super) fn excludes(&self, other: &Self) -> bool {
        match (&self.terms().stacking, &other.terms().stacking) {
            (Stacking::Alone, _) | (_, Stacking::Alone) => true,
            (Stacking::OneOf(one), Stacking::OneOf(another)) => one == another,
            (Stacking::Freely, _) | (_, Stacking::Freely) => false,
        }
    }

    /// What it takes off each item of the order, as they are now.
    pub(super) fn discount(&self, items: &[Item<'_>]) -> Result<Vec<Money>, MoneyError> {
        let mine = self.mine(items);
        let mut off = self.terms().kind.strategy().discount(&self.basket(&mine, items))?;
        for (item, off) in mine.iter().zip(&mut off) {
            let most = self.per_item.map_or(item.left, |most| lesser(item.left, most));
            *off = lesser(*off, most);
        }
        let sum = Money::sum(self.currency, off.iter().copied())?;
        if let Some(most) = self.in_all.filter(|most| most.amount_minor() < sum.amount_minor()) {
            off = allocate_over(most, &off)?;
        }
        let mut off = off.into_iter();
        let each = self.is_for.iter().map(|is_for| if *is_for { off.next() } else { None });
        Ok(each.map(|off| off.unwrap_or(Money::zero(self.currency))).collect())
    }

    /// What the order would have to have for it to take something off, or more.
    pub(super) fn missing(&self, items: &[Item<'_>]) -> Option<Missing> {
        self.terms().kind.strategy().missing(&self.basket(&self.mine(items), items))
    }

    fn mine<'i>(&self, items: &[Item<'i>]) -> Vec<Item<'i>> {
        let each = items.iter().zip(&self.is_for).filter(|(_, is_for)| **is_for);
        each.map(|(item, _)| *item).collect()
    }

    fn basket<'i>(&'i self, mine: &'i [Item<'i>], items: &'i [Item<'i>]) -> Basket<'i> {
        Basket { items: mine, order: items, currency: self.currency, rate: self.rate }
    }
}
