//! An amount off: `15.00 off`.

use super::{Stage, Strategy};
use crate::money::{Money, MoneyError};
use crate::promotion::basket::Basket;
use crate::promotion::{Amount, RuleError, Target};
use serde::{Deserialize, Serialize};

/// An amount off all it is for together, divided by what is left of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FixedAmount {
    /// The amount.
    pub amount_minor: Amount,
}

impl Strategy for FixedAmount {
    fn stage(&self) -> Stage {
        Stage::Amount
    }

    fn has_amounts(&self) -> bool {
        true
    }

    fn check(&self, _target: &Target) -> Result<(), RuleError> {
        Ok(())
    }

    fn discount(&self, basket: &Basket<'_>) -> Result<Vec<Money>, MoneyError> {
        basket.spread(basket.amount(self.amount_minor))
    }
}

#[cfg(test)]
mod tests {
    use crate::promotion::tests::{offs, offs_of_shipping};
    use serde_json::json;

    #[test]
    fn an_amount_is_divided_by_what_is_left_and_cut_to_it() {
        let off = |amount: i64, lines: &[(i64, i64)]| {
            offs(&json!({ "fixed_amount": { "amount_minor": amount } }), lines)
        };
        assert_eq!(off(1_500, &[(1, 10_000)]), [1_500]);
        assert_eq!(off(100, &[(1, 100), (1, 100), (1, 100)]), [34, 33, 33]);
        assert_eq!(off(1_000, &[(1, 300), (2, 100)]), [300, 200]);
    }

    #[test]
    fn it_is_for_shipping_too() {
        let rule = json!({ "fixed_amount": { "amount_minor": 200 } });
        assert_eq!(offs_of_shipping(&rule, "post", 500), 200);
        assert_eq!(offs_of_shipping(&rule, "post", 150), 150);
    }
}
