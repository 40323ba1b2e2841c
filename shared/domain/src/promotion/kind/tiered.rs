//! The more units, the cheaper each: `from 10 on 10 % off, from 100 on 4.40 each`.

use super::{Stage, Strategy, goods_only};
use crate::money::{Money, MoneyError};
use crate::promotion::basket::{Basket, Missing, units};
use crate::promotion::{Amount, BasisPoints, RuleError, Target};
use crate::quantity::Quantity;
use serde::{Deserialize, Serialize};

const TIERS_MAX: usize = 20;

/// What each unit costs, or what part comes off, by how many units of what it is for are bought
/// together. Every tier is better for the buyer than the one before it, or the rule is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Tiered {
    /// Each unit costs at most so much.
    Prices(Vec<PriceTier>),
    /// Such a part comes off.
    Percents(Vec<PercentTier>),
}

/// From so many units on, what each costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PriceTier {
    /// So many units.
    pub from_quantity: Quantity,
    /// What one costs.
    pub unit_price_minor: Amount,
}

/// From so many units on, what part comes off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PercentTier {
    /// So many units.
    pub from_quantity: Quantity,
    /// The part, in hundredths of a percent.
    pub basis_points: BasisPoints,
}

impl Tiered {
    /// From where each tier is, and how good it is: the higher the better for the buyer.
    fn steps(&self) -> Vec<(i64, i64)> {
        match self {
            Self::Prices(tiers) => tiers
                .iter()
                .map(|tier| (tier.from_quantity.get(), -tier.unit_price_minor.get()))
                .collect(),
            Self::Percents(tiers) => tiers
                .iter()
                .map(|tier| (tier.from_quantity.get(), tier.basis_points.into()))
                .collect(),
        }
    }
}

impl Strategy for Tiered {
    fn stage(&self) -> Stage {
        Stage::Price
    }

    fn has_amounts(&self) -> bool {
        matches!(self, Self::Prices(_))
    }

    fn check(&self, target: &Target) -> Result<(), RuleError> {
        goods_only(target)?;
        let steps = self.steps();
        if !(1..=TIERS_MAX).contains(&steps.len()) {
            return Err(RuleError { field: "kind", right: "have from 1 to 20 tiers" });
        }
        // Who buys more must not pay more for each.
        let gets_better =
            |(before, after): (&(i64, i64), &(i64, i64))| before.0 < after.0 && before.1 < after.1;
        if steps.iter().zip(steps.iter().skip(1)).all(gets_better) {
            Ok(())
        } else {
            Err(RuleError {
                field: "kind",
                right: "have tiers of which each is for more units, and better, than the one before",
            })
        }
    }

    fn discount(&self, basket: &Basket<'_>) -> Result<Vec<Money>, MoneyError> {
        let there = units(basket.items);
        match self {
            Self::Prices(tiers) => {
                match tiers.iter().rfind(|tier| tier.from_quantity.get() <= there) {
                    Some(tier) => Ok(basket.down_to(tier.unit_price_minor)),
                    None => basket.spread(basket.nothing()),
                }
            }
            Self::Percents(tiers) => {
                match tiers.iter().rfind(|tier| tier.from_quantity.get() <= there) {
                    Some(tier) => basket.spread(tier.basis_points.of(basket.left()?)?),
                    None => basket.spread(basket.nothing()),
                }
            }
        }
    }

    fn missing(&self, basket: &Basket<'_>) -> Option<Missing> {
        let there = units(basket.items);
        let next = self.steps().into_iter().find(|(from, _)| *from > there);
        next.map(|(from, _)| Missing::Units(from - there))
    }
}

#[cfg(test)]
mod tests {
    use crate::promotion::tests::{offs, rule_error};
    use serde_json::{Value, json};

    fn prices(tiers: &[(i64, i64)]) -> Value {
        let tier = |&(from, price): &(i64, i64)| json!({ "from_quantity": from, "unit_price_minor": price });
        json!({ "tiered": { "prices": tiers.iter().map(tier).collect::<Vec<_>>() } })
    }

    fn percents(tiers: &[(i64, i64)]) -> Value {
        let tier =
            |&(from, points): &(i64, i64)| json!({ "from_quantity": from, "basis_points": points });
        json!({ "tiered": { "percents": tiers.iter().map(tier).collect::<Vec<_>>() } })
    }

    #[test]
    fn units_are_counted_together_and_each_costs_what_the_last_tier_reached_says() {
        let rule = prices(&[(10, 3_500), (100, 3_000)]);
        assert_eq!(offs(&rule, &[(9, 3_999)]), [0]);
        assert_eq!(offs(&rule, &[(10, 3_999)]), [4_990]);
        assert_eq!(offs(&rule, &[(99, 3_999)]), [99 * 499]);
        assert_eq!(offs(&rule, &[(60, 3_999), (40, 2_000)]), [60 * 999, 0]);
        let rule = percents(&[(2, 1_000), (3, 2_000)]);
        assert_eq!(offs(&rule, &[(1, 1_000)]), [0]);
        assert_eq!(offs(&rule, &[(1, 1_000), (1, 500)]), [100, 50]);
        assert_eq!(offs(&rule, &[(1, 1_000), (2, 500)]), [200, 200]);
    }

    #[test]
    fn a_tier_that_is_dearer_than_the_one_before_is_refused_when_it_is_made() {
        let right =
            "kind must have tiers of which each is for more units, and better, than the one before";
        for rule in [
            prices(&[(1, 3_999), (100, 44_000)]),
            prices(&[(1, 3_999), (100, 3_999)]),
            prices(&[(100, 3_999), (100, 2_000)]),
            prices(&[(100, 2_000), (1, 3_999)]),
            percents(&[(1, 1_000), (2, 500)]),
        ] {
            assert_eq!(rule_error(&rule, &json!("goods")), right, "{rule}");
        }
        assert_eq!(rule_error(&prices(&[]), &json!("goods")), "kind must have from 1 to 20 tiers");
    }
}
