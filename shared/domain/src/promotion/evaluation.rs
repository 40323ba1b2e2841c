//! Which promotions run on an order together, and what they take off it.

use super::basket::Item;
use super::eligibility::{Candidate, Order, Refusal, RefusalReason, RefusedCode, consider, usable};
use super::{Code, Promotion, PromotionFacts, Stacking, Stage};
use crate::exchange::ExchangeRate;
use crate::ids::PromotionId;
use crate::money::{Money, MoneyError};
use crate::sorted::sorted_by;
use std::cmp::Reverse;

/// How many promotions are run at most to find the set that takes most off: all sets there are, for
/// any order that a shop's rules make on purpose.
const TRIES_MAX: usize = 2_048;

/// What promotions make of an order.
pub(crate) struct Outcome<'a> {
    /// The order's items, with what is left of each.
    pub(crate) items: Vec<Item<'a>>,
    /// The promotions that took something off, in the order in which they did.
    pub(crate) applied: Vec<Applied<'a>>,
    /// The codes that did nothing.
    pub(crate) refused: Vec<RefusedCode>,
}

/// A promotion that took something off.
pub(crate) struct Applied<'a> {
    pub(crate) promotion: &'a Promotion,
    /// The code by which it did.
    pub(crate) code: Option<&'a Code>,
    /// The rate at which its amounts were exchanged.
    pub(crate) rate: Option<&'a ExchangeRate>,
    /// What it took off each item.
    pub(crate) off: Vec<Money>,
    /// All of that; above zero.
    pub(crate) amount: Money,
}

/// What the promotions make of the order.
///
/// # Errors
/// If an amount does not fit.
pub(crate) fn evaluate<'a>(
    facts: &'a PromotionFacts,
    order: &Order<'a>,
) -> Result<Outcome<'a>, MoneyError> {
    let considered = consider_all(facts, order);
    let run = best_run(&considered.candidates, order)?;
    let mut refused = Vec::new();
    for code in facts.codes.as_slice() {
        refused.extend(refuse(code, facts, &considered, &run, order)?);
    }
    let applied = run.applied.into_iter().map(|(candidate, off, amount)| Applied {
        promotion: candidate.promotion,
        code: candidate.code,
        rate: candidate.rate,
        off,
        amount,
    });
    Ok(Outcome { applied: applied.collect(), items: run.items, refused })
}

/// A code that did nothing, with why.
fn refuse(
    code: &Code,
    facts: &PromotionFacts,
    considered: &Considered<'_>,
    run: &Run<'_, '_>,
    order: &Order<'_>,
) -> Result<Option<RefusedCode>, MoneyError> {
    let (promotion_id, refusal) = match known(code, facts) {
        Err((promotion_id, reason)) => (promotion_id, Some(reason.into())),
        Ok(promotion_id) => {
            let mut refused = considered.refused.iter();
            let refusal = match refused.find(|(it, _)| it.promotion_id == *promotion_id) {
                Some((_, refusal)) => Some(refusal.clone()),
                None => why_not(code, promotion_id, considered, run, order)?,
            };
            (Some(promotion_id), refusal)
        }
    };
    Ok(refusal.map(|Refusal { reason, missing, excluded_by }| RefusedCode {
        code: code.clone(),
        reason,
        promotion_id: promotion_id.cloned(),
        missing,
        excluded_by,
    }))
}

/// The promotion of a code, if this buyer may use it.
fn known<'a>(
    code: &Code,
    facts: &'a PromotionFacts,
) -> Result<&'a PromotionId, (Option<&'a PromotionId>, RefusalReason)> {
    let known = facts.known_codes.iter().find(|known| known.code == *code);
    let is_there = |id: &&PromotionId| facts.promotions.iter().any(|it| it.promotion_id == **id);
    let Some((known, id)) = known.map(|it| (it, &it.promotion_id)).filter(|(_, id)| is_there(id))
    else {
        return Err((None, RefusalReason::Unknown));
    };
    usable(known, &facts.buyer).map(|()| id).map_err(|reason| (Some(id), reason))
}

/// The promotions of an order: those that may run on it, in the order in which they would, and why
/// the others do not.
pub(super) struct Considered<'a> {
    pub(super) candidates: Vec<Candidate<'a>>,
    pub(super) refused: Vec<(&'a Promotion, Refusal)>,
}

/// Considers every promotion that asks for no code, and those of the codes given.
pub(super) fn consider_all<'a>(facts: &'a PromotionFacts, order: &Order<'a>) -> Considered<'a> {
    let mut considered = Considered { candidates: Vec::new(), refused: Vec::new() };
    let of_code = |code| Some((code, known(code, facts).ok()?));
    let given: Vec<_> = facts.codes.as_slice().iter().filter_map(of_code).collect();
    for promotion in sorted_by(&facts.promotions, |a, b| turn(a).cmp(&turn(b))) {
        let mut given = given.iter();
        let code = given.find(|(_, id)| **id == promotion.promotion_id).map(|(code, _)| *code);
        if code.is_none() && promotion.rule.terms().conditions.code {
            continue;
        }
        match consider(promotion, code, order, facts) {
            Ok(candidate) => considered.candidates.push(candidate),
            Err(refusal) => considered.refused.push((promotion, refusal)),
        }
    }
    considered
}

/// When its turn is: the first runs first.
fn turn(promotion: &Promotion) -> (Reverse<i32>, Stage, &PromotionId) {
    let terms = promotion.rule.terms();
    (Reverse(terms.priority), terms.kind.strategy().stage(), &promotion.promotion_id)
}

/// What a set of promotions makes of an order.
struct Run<'a, 'c> {
    items: Vec<Item<'a>>,
    applied: Vec<(&'c Candidate<'a>, Vec<Money>, Money)>,
    /// All that came off.
    amount: Money,
}

/// Of the sets of candidates that may be together, the one that takes most off; of equals the first.
fn best_run<'a, 'c>(
    candidates: &'c [Candidate<'a>],
    order: &Order<'a>,
) -> Result<Run<'a, 'c>, MoneyError> {
    let mut sets = Sets::of(candidates);
    if sets.count().saturating_mul(candidates.len()) > TRIES_MAX {
        sets.keep_the_strongest(candidates, order)?;
    }
    let mut best = run(candidates, &sets, 0, order)?;
    for set in 1..sets.count() {
        let other = run(candidates, &sets, set, order)?;
        if other.amount.amount_minor() > best.amount.amount_minor() {
            best = other;
        }
    }
    Ok(best)
}

/// Runs one set of the candidates on the order, one after another.
fn run<'a, 'c>(
    candidates: &'c [Candidate<'a>],
    sets: &Sets,
    set: usize,
    order: &Order<'a>,
) -> Result<Run<'a, 'c>, MoneyError> {
    let nothing = Money::zero(order.currency);
    let mut run = Run { items: order.items.to_vec(), applied: Vec::new(), amount: nothing };
    for (candidate, place) in candidates.iter().zip(&sets.places) {
        if !sets.has(set, *place) {
            continue;
        }
        let off = candidate.discount(&run.items)?;
        let amount = Money::sum(order.currency, off.iter().copied())?;
        if amount.is_zero() {
            continue;
        }
        for (item, off) in run.items.iter_mut().zip(&off) {
            item.left = item.left.checked_sub(*off)?;
        }
        run.amount = run.amount.checked_add(amount)?;
        run.applied.push((candidate, off, amount));
    }
    Ok(run)
}

/// The sets of candidates that may be together, numbered.
///
/// A set has one member of each group, or none of it: the number is read with a digit for each
/// group. After those come the sets of one that stands alone.
struct Sets {
    /// Of each candidate.
    places: Vec<Place>,
    combinations: usize,
    alone: usize,
}

/// In which sets a candidate is.
#[derive(Clone, Copy)]
enum Place {
    /// In every one but those of one that stands alone.
    Always,
    /// In none.
    Never,
    /// In those of which the digit is this one.
    Digit { weight: usize, base: usize, digit: usize },
    /// In one, by itself.
    Alone { number: usize },
}

impl Sets {
    fn of(candidates: &[Candidate<'_>]) -> Self {
        let mut places = vec![Place::Always; candidates.len()];
        let (mut combinations, mut alone) = (1_usize, 0);
        let choosy = candidates.iter().zip(&mut places).filter_map(|(candidate, place)| {
            let group = match &candidate.terms().stacking {
                Stacking::Freely => return None,
                Stacking::OneOf(group) => Some(group),
                Stacking::Alone => None,
            };
            Some((group, &candidate.promotion.promotion_id, place))
        });
        let mut by_group = sorted_by(choosy, |a, b| (a.0, a.1).cmp(&(b.0, b.1)));
        for group in by_group.chunk_by_mut(|a, b| a.0 == b.0) {
            let base = group.len().saturating_add(1);
            let is_group = group.first().is_some_and(|(group, ..)| group.is_some());
            for (digit, (.., place)) in group.iter_mut().enumerate() {
                **place = if is_group {
                    Place::Digit { weight: combinations, base, digit }
                } else {
                    alone = digit.saturating_add(1);
                    Place::Alone { number: digit }
                };
            }
            if is_group {
                combinations = combinations.saturating_mul(base);
            }
        }
        Self { places, combinations, alone }
    }

    const fn count(&self) -> usize {
        self.combinations.saturating_add(self.alone)
    }

    fn has(&self, set: usize, place: Place) -> bool {
        match (place, set.checked_sub(self.combinations)) {
            (Place::Always, None) => true,
            (Place::Digit { weight, base, digit }, None) => set / weight % base == digit,
            (Place::Alone { number }, Some(alone)) => number == alone,
            (Place::Never | Place::Alone { .. }, None)
            | (Place::Always | Place::Never | Place::Digit { .. }, Some(_)) => false,
        }
    }

    /// Where there are too many sets to try: of each group only the one that takes most off where no
    /// other runs.
    fn keep_the_strongest(
        &mut self,
        candidates: &[Candidate<'_>],
        order: &Order<'_>,
    ) -> Result<(), MoneyError> {
        let mut strengths = Vec::new();
        for candidate in candidates {
            let off = alone(candidate, order)?.amount_minor();
            let strength = (off, Reverse(&candidate.promotion.promotion_id));
            strengths.push((&candidate.terms().stacking, strength));
        }
        for ((group, strength), place) in strengths.iter().zip(&mut self.places) {
            if matches!(place, Place::Digit { .. }) {
                let is_beaten = strengths.iter().any(|(of, other)| of == group && other > strength);
                *place = if is_beaten { Place::Never } else { Place::Always };
            }
        }
        self.combinations = 1;
        Ok(())
    }
}

/// What a candidate takes off where no other runs.
fn alone(candidate: &Candidate<'_>, order: &Order<'_>) -> Result<Money, MoneyError> {
    Money::sum(order.currency, candidate.discount(order.items)?)
}

/// Why a code of a candidate did nothing, if it did nothing.
fn why_not(
    code: &Code,
    promotion_id: &PromotionId,
    considered: &Considered<'_>,
    run: &Run<'_, '_>,
    order: &Order<'_>,
) -> Result<Option<Refusal>, MoneyError> {
    let is_of = |candidate: &&Candidate<'_>| candidate.promotion.promotion_id == *promotion_id;
    let Some(candidate) = considered.candidates.iter().find(is_of) else {
        return Ok(Some(RefusalReason::NoEffect.into()));
    };
    if run.applied.iter().any(|(applied, ..)| is_of(applied)) {
        // By another of its codes, perhaps.
        let is_by_this = candidate.code == Some(code);
        return Ok((!is_by_this).then(|| Refusal::excluded(Some(promotion_id))));
    }
    if alone(candidate, order)?.is_zero() {
        let lacking = |missing| Refusal::lacking(RefusalReason::QuantityNotReached, missing);
        let missing = candidate.missing(order.items).map(lacking);
        return Ok(Some(missing.unwrap_or(RefusalReason::NoEffect.into())));
    }
    let mut instead = run.applied.iter().filter(|(applied, ..)| candidate.excludes(applied));
    Ok(Some(match (instead.next(), instead.next()) {
        (None, _) => RefusalReason::NoEffect.into(),
        (Some((one, ..)), None) => Refusal::excluded(Some(&one.promotion.promotion_id)),
        (Some(_), Some(_)) => Refusal::excluded(None),
    }))
}
