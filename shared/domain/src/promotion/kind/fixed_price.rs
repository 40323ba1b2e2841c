//! A price for each unit: `every mug 5.00`.

use super::{Stage, Strategy};
use crate::money::{Money, MoneyError};
use crate::promotion::basket::Basket;
use crate::promotion::{Amount, RuleError, Target};
use serde::{Deserialize, Serialize};

/// Each unit, or the shipping, costs at most this. What is cheaper already stays so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FixedPrice {
    /// What one costs.
    pub unit_price_minor: Amount,
}

impl Strategy for FixedPrice {
    fn stage(&self) -> Stage {
        Stage::Price
    }

    fn has_amounts(&self) -> bool {
        true
    }

    fn check(&self, _target: &Target) -> Result<(), RuleError> {
        Ok(())
    }

    fn discount(&self, basket: &Basket<'_>) -> Result<Vec<Money>, MoneyError> {
        Ok(basket.down_to(self.unit_price_minor))
    }
}

#[cfg(test)]
mod tests {
    use crate::promotion::tests::{offs, offs_of_shipping};
    use serde_json::json;

    #[test]
    fn what_is_dearer_comes_down_to_the_price_and_what_is_cheaper_stays() {
        let at = |price: i64, lines: &[(i64, i64)]| {
            offs(&json!({ "fixed_price": { "unit_price_minor": price } }), lines)
        };
        assert_eq!(at(500, &[(3, 799), (1, 500), (2, 450)]), [897, 0, 0]);
        assert_eq!(at(1, &[(10_000, 2)]), [10_000]);
        assert_eq!(at(100_000_000_000_000, &[(10_000, 1)]), [0]);
    }

    #[test]
    fn it_is_for_shipping_too() {
        let rule = json!({ "fixed_price": { "unit_price_minor": 199 } });
        assert_eq!(offs_of_shipping(&rule, "post", 500), 301);
    }
}
