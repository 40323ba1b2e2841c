//! The shipping for nothing.

use super::{Stage, Strategy};
use crate::ids::ShippingMethodId;
use crate::money::{Money, MoneyError};
use crate::promotion::basket::{Basket, Item, Thing};
use crate::promotion::{RuleError, Several, Target};
use serde::{Deserialize, Serialize};

/// All that is left of the shipping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FreeShipping {
    /// By these methods; by any, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub methods: Option<Several<ShippingMethodId>>,
}

impl FreeShipping {
    fn is_for(&self, item: &Item<'_>) -> bool {
        match item.thing {
            Thing::Line(_) => false,
            Thing::Shipping(method_id) => {
                self.methods.as_ref().is_none_or(|methods| methods.contains(method_id))
            }
        }
    }
}

impl Strategy for FreeShipping {
    fn stage(&self) -> Stage {
        Stage::Amount
    }

    fn has_amounts(&self) -> bool {
        false
    }

    fn check(&self, target: &Target) -> Result<(), RuleError> {
        match target {
            Target::Shipping => Ok(()),
            Target::Goods | Target::Selected(_) => {
                Err(RuleError { field: "target", right: "be shipping for this kind" })
            }
        }
    }

    fn discount(&self, basket: &Basket<'_>) -> Result<Vec<Money>, MoneyError> {
        let off = |item: &Item<'_>| if self.is_for(item) { item.left } else { basket.nothing() };
        Ok(basket.items.iter().map(off).collect())
    }
}

#[cfg(test)]
mod tests {
    use crate::promotion::tests::{offs_of_shipping, rule_error};
    use serde_json::json;

    #[test]
    fn shipping_is_for_nothing_by_the_methods_named() {
        assert_eq!(offs_of_shipping(&json!({ "free_shipping": {} }), "express", 500), 500);
        let post = json!({ "free_shipping": { "methods": ["post"] } });
        assert_eq!(offs_of_shipping(&post, "post", 500), 500);
        assert_eq!(offs_of_shipping(&post, "express", 500), 0);
    }

    #[test]
    fn it_is_for_nothing_but_shipping() {
        assert_eq!(
            rule_error(&json!({ "free_shipping": {} }), &json!("goods")),
            "target must be shipping for this kind"
        );
    }
}
