//! So many for less, with so many bought: `buy 2, get 1 free`.

use super::{Stage, Strategy, goods_only};
use crate::money::{Money, MoneyError, allocate_over};
use crate::promotion::basket::{Basket, Item, Missing, units};
use crate::promotion::{BasisPoints, RuleError, Selection, Target};
use crate::quantity::Quantity;
use crate::sorted::sorted_by;
use serde::{Deserialize, Serialize};

/// With every `buy` units bought, `get` units of what it is for cost less: the cheapest of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BuyXGetY {
    /// So many are bought at their price.
    pub buy: Quantity,
    /// Of these; of what it is for, if absent. What is bought is never what is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bought: Option<Selection>,
    /// So many more cost less.
    pub get: Quantity,
    /// By this part, in hundredths of a percent.
    pub basis_points: BasisPoints,
}

impl BuyXGetY {
    fn is_bought(&self, item: &Item<'_>) -> bool {
        self.bought.as_ref().is_some_and(|bought| item.is_of(bought))
    }

    /// How many units there are to be bought, to be given, and how many are given.
    fn counts(&self, basket: &Basket<'_>) -> Counts {
        let (buy, get) = (self.buy.get(), self.get.get());
        if self.bought.is_none() {
            let there = units(basket.items);
            let (sets, rest) = (there / (buy + get), there % (buy + get));
            // Of the last, unfinished set those past the bought ones are given already.
            let given = sets.saturating_mul(get).saturating_add((rest - buy).max(0));
            return Counts { bought: there, given };
        }
        let bought = units(basket.order.iter().filter(|item| self.is_bought(item)));
        Counts { bought, given: (bought / buy).saturating_mul(get) }
    }
}

struct Counts {
    bought: i64,
    given: i64,
}

impl Strategy for BuyXGetY {
    fn stage(&self) -> Stage {
        Stage::Price
    }

    fn has_amounts(&self) -> bool {
        false
    }

    fn check(&self, target: &Target) -> Result<(), RuleError> {
        goods_only(target)
    }

    fn discount(&self, basket: &Basket<'_>) -> Result<Vec<Money>, MoneyError> {
        let mut given = self.counts(basket).given;
        let mut worth = vec![basket.nothing(); basket.items.len()];
        let to_give =
            basket.items.iter().zip(worth.iter_mut()).filter(|(item, _)| !self.is_bought(item));
        let cheapest_first = sorted_by(to_give, |(a, _), (b, _)| {
            a.unit_price.amount_minor().cmp(&b.unit_price.amount_minor())
        });
        for (item, worth) in cheapest_first {
            let taken = given.min(item.quantity);
            given -= taken;
            *worth = item.worth_of(taken)?;
        }
        let off = self.basis_points.of(Money::sum(basket.currency, worth.iter().copied())?)?;
        allocate_over(off, &worth)
    }

    fn missing(&self, basket: &Basket<'_>) -> Option<Missing> {
        let Counts { bought, given } = self.counts(basket);
        let buy = self.buy.get();
        let quantity = match self.bought {
            // One more than is bought is given.
            None if given == 0 => buy + 1 - bought,
            None => 0,
            Some(_) if given == 0 => buy - bought,
            Some(_) => {
                let there = units(basket.items.iter().filter(|item| !self.is_bought(item)));
                given - there
            }
        };
        (quantity > 0).then_some(Missing::Units(quantity))
    }
}

#[cfg(test)]
mod tests {
    use crate::promotion::tests::{offs, offs_of, rule_error};
    use serde_json::json;

    #[test]
    fn of_what_is_bought_the_cheapest_are_given() {
        let rule = |buy: i64, get: i64, points: i64| json!({ "buy_x_get_y": { "buy": buy, "get": get, "basis_points": points } });
        let free = rule(2, 1, 10_000);
        assert_eq!(offs(&free, &[(2, 900)]), [0], "two are only bought");
        assert_eq!(offs(&free, &[(3, 900)]), [900]);
        assert_eq!(offs(&free, &[(5, 900)]), [900]);
        assert_eq!(offs(&free, &[(6, 900)]), [1_800]);
        assert_eq!(offs(&free, &[(2, 900), (1, 500), (3, 700)]), [0, 500, 700]);
        assert_eq!(offs(&rule(2, 2, 10_000), &[(3, 100)]), [100], "of a set begun, too");
        assert_eq!(offs(&rule(1, 1, 5_000), &[(2, 999)]), [500], "half a cent away from zero");
    }

    #[test]
    fn what_is_bought_may_be_something_else_and_is_never_given() {
        let rule = json!({ "buy_x_get_y": {
            "buy": 2, "bought": { "skus": ["a"] }, "get": 1, "basis_points": 10_000,
        } });
        assert_eq!(offs(&rule, &[(4, 100), (1, 900)]), [0, 900], "two are earned, one is there");
        assert_eq!(offs(&rule, &[(3, 100), (2, 900)]), [0, 900], "one is earned, two are there");
        assert_eq!(offs(&rule, &[(1, 100), (2, 900)]), [0, 0]);
        let of_b = json!({ "selected": { "skus": ["b"] } });
        assert_eq!(offs_of(&rule, &of_b, &[(2, 500), (1, 900), (1, 100)]), [0, 900, 0]);
    }

    #[test]
    fn it_is_for_goods() {
        let rule = json!({ "buy_x_get_y": { "buy": 1, "get": 1, "basis_points": 10_000 } });
        assert_eq!(rule_error(&rule, &json!("shipping")), "target must be goods for this kind");
    }
}
