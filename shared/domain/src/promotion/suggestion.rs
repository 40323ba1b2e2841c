//! Which promotions an order nearly has (PROMO-12): said by the rules themselves.

use super::basket::Missing;
use super::eligibility::{Order, RefusalReason};
use super::evaluation::consider_all;
use super::{Promotion, PromotionFacts, PromotionName};
use crate::ids::PromotionId;
use serde::{Deserialize, Serialize};

/// A promotion that something more in the cart would bring, or bring more of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Suggestion {
    /// The promotion.
    pub promotion_id: PromotionId,
    /// Which of its rules says so.
    pub version: i64,
    /// What it is called where a buyer reads it.
    pub name: PromotionName,
    /// What would have to be added.
    pub missing: Missing,
}

/// Every promotion that only more goods are missing for: first those that more money would bring,
/// then those that more units would, each in the order in which they run. One that asks for
/// a code is told only to who gave it.
pub(crate) fn suggest(facts: &PromotionFacts, order: &Order<'_>) -> Vec<Suggestion> {
    let considered = consider_all(facts, order);
    let refused = considered.refused.into_iter().filter_map(|(promotion, refusal)| {
        let is_minimum = refusal.reason == RefusalReason::MinimumNotReached;
        Some((promotion, refusal.missing.filter(|_| is_minimum)?))
    });
    let more = considered
        .candidates
        .iter()
        .filter_map(|candidate| Some((candidate.promotion, candidate.missing(order.items)?)));
    let suggestion = |(promotion, missing): (&Promotion, Missing)| Suggestion {
        promotion_id: promotion.promotion_id.clone(),
        version: promotion.version,
        name: promotion.rule.terms().name.clone(),
        missing,
    };
    refused.chain(more).map(suggestion).collect()
}
