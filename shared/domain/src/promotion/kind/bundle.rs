//! Several things together at one price: `teapot and two cups 39.00`.

use super::{Stage, Strategy};
use crate::ids::Sku;
use crate::money::{Money, MoneyError, allocate_over};
use crate::promotion::basket::{Basket, Item, Missing, units};
use crate::promotion::{Amount, RuleError, Target};
use crate::quantity::Quantity;
use serde::{Deserialize, Serialize};

const PARTS_MAX: usize = 20;

/// As often as all parts are there, they cost at most this together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// What it is made of, each SKU once.
    pub parts: Vec<BundlePart>,
    /// What they cost together.
    pub price_minor: Amount,
}

/// So many of a SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BundlePart {
    /// The SKU.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
}

impl BundlePart {
    fn is_in(&self, item: &Item<'_>) -> bool {
        item.sku() == Some(&self.sku)
    }

    fn units(&self, basket: &Basket<'_>) -> i64 {
        units(basket.items.iter().filter(|item| self.is_in(item)))
    }
}

impl Bundle {
    /// How often all parts are there.
    fn sets(&self, basket: &Basket<'_>) -> i64 {
        let of_part = |part: &BundlePart| part.units(basket) / part.quantity.get();
        self.parts.iter().map(of_part).min().unwrap_or_default()
    }
}

impl Strategy for Bundle {
    fn stage(&self) -> Stage {
        Stage::Price
    }

    fn has_amounts(&self) -> bool {
        true
    }

    fn check(&self, target: &Target) -> Result<(), RuleError> {
        if *target != Target::Goods {
            return Err(RuleError { field: "target", right: "be goods: a bundle names its own" });
        }
        let is_repeated =
            |part: &BundlePart| self.parts.iter().filter(|it| it.sku == part.sku).count() > 1;
        if !(1..=PARTS_MAX).contains(&self.parts.len()) || self.parts.iter().any(is_repeated) {
            return Err(RuleError {
                field: "kind",
                right: "have from 1 to 20 parts, each SKU once",
            });
        }
        Ok(())
    }

    fn discount(&self, basket: &Basket<'_>) -> Result<Vec<Money>, MoneyError> {
        let sets = self.sets(basket);
        let mut worth = vec![basket.nothing(); basket.items.len()];
        for part in &self.parts {
            let mut needed = sets.saturating_mul(part.quantity.get());
            for (item, worth) in basket.items.iter().zip(worth.iter_mut()) {
                if part.is_in(item) {
                    let taken = needed.min(item.quantity);
                    needed -= taken;
                    *worth = item.worth_of(taken)?;
                }
            }
        }
        let price = basket.amount(self.price_minor).amount_minor().saturating_mul(sets);
        let all = Money::sum(basket.currency, worth.iter().copied())?;
        let off = all.amount_minor().saturating_sub(price).max(0);
        allocate_over(Money::new(off, basket.currency), &worth)
    }

    fn missing(&self, basket: &Basket<'_>) -> Option<Missing> {
        if self.sets(basket) > 0 {
            return None;
        }
        let of_part = |part: &BundlePart| {
            let missing = part.quantity.get() - part.units(basket);
            // At most what the part asks for, so it is a quantity if there is any.
            let quantity = Quantity::try_from(missing).ok()?;
            Some(BundlePart { sku: part.sku.clone(), quantity })
        };
        let missing: Vec<BundlePart> = self.parts.iter().filter_map(of_part).collect();
        // Whoever has none of it is not on the way to it.
        let begun = self.parts.iter().any(|part| part.units(basket) > 0);
        begun.then_some(Missing::Parts(missing))
    }
}

#[cfg(test)]
mod tests {
    use crate::promotion::tests::{offs, rule_error};
    use serde_json::{Value, json};

    /// One `a` and two `b` for 39.00.
    fn tea_set() -> Value {
        let parts = [json!({ "sku": "a", "quantity": 1 }), json!({ "sku": "b", "quantity": 2 })];
        json!({ "bundle": { "parts": parts, "price_minor": 3_900 } })
    }

    #[test]
    fn as_often_as_all_parts_are_there_they_cost_the_price() {
        let off = |lines: &[(i64, i64)]| offs(&tea_set(), lines);
        // 30.00 + 2 × 10.00 is 50.00, 11.00 come off: three fifths of it off the pot.
        assert_eq!(off(&[(1, 3_000), (2, 1_000)]), [660, 440]);
        assert_eq!(off(&[(2, 3_000), (5, 1_000)]), [1_320, 880]);
        assert_eq!(off(&[(1, 3_000), (1, 1_000)]), [0, 0]);
        assert_eq!(off(&[(1, 3_000), (2, 1_000), (1, 500)]), [660, 440, 0]);
    }

    #[test]
    fn a_bundle_never_costs_more_than_its_parts() {
        assert_eq!(offs(&tea_set(), &[(1, 1_000), (2, 1_000)]), [0, 0]);
    }

    #[test]
    fn it_names_each_of_its_parts_once() {
        let twice = [json!({ "sku": "a", "quantity": 1 }), json!({ "sku": "a", "quantity": 2 })];
        for parts in [json!(twice), json!([])] {
            assert_eq!(
                rule_error(
                    &json!({ "bundle": { "parts": parts, "price_minor": 1 } }),
                    &json!("goods")
                ),
                "kind must have from 1 to 20 parts, each SKU once"
            );
        }
        assert_eq!(
            rule_error(&tea_set(), &json!({ "selected": { "skus": ["a"] } })),
            "target must be goods: a bundle names its own"
        );
    }
}
