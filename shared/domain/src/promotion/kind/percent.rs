//! A part off: `20 % off`.

use super::{Stage, Strategy};
use crate::money::{Money, MoneyError};
use crate::promotion::basket::Basket;
use crate::promotion::{BasisPoints, RuleError, Target};
use serde::{Deserialize, Serialize};

/// A part off all it is for together, rounded once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Percent {
    /// The part, in hundredths of a percent.
    pub basis_points: BasisPoints,
}

impl Strategy for Percent {
    fn stage(&self) -> Stage {
        Stage::Percent
    }

    fn has_amounts(&self) -> bool {
        false
    }

    fn check(&self, _target: &Target) -> Result<(), RuleError> {
        Ok(())
    }

    fn discount(&self, basket: &Basket<'_>) -> Result<Vec<Money>, MoneyError> {
        basket.spread(self.basis_points.of(basket.left()?)?)
    }
}

#[cfg(test)]
mod tests {
    use crate::promotion::tests::{offs, offs_of_shipping};
    use serde_json::json;

    #[test]
    fn a_part_is_rounded_once_and_divided_by_largest_remainder() {
        let part = |points: i64, lines: &[(i64, i64)]| {
            offs(&json!({ "percent": { "basis_points": points } }), lines)
        };
        assert_eq!(part(2_000, &[(1, 10_000)]), [2_000]);
        assert_eq!(part(1_000, &[(1, 333), (1, 333), (1, 334)]), [33, 33, 34]);
        assert_eq!(part(1_250, &[(1, 4)]), [1], "half of a cent goes away from zero");
        assert_eq!(part(1_000, &[(1, 4)]), [0]);
        assert_eq!(part(10_000, &[(3, 33), (1, 1)]), [99, 1]);
    }

    #[test]
    fn it_is_for_shipping_too() {
        let rule = json!({ "percent": { "basis_points": 5_000 } });
        assert_eq!(offs_of_shipping(&rule, "post", 501), 251);
    }
}
