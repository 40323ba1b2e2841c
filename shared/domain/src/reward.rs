//! Rewards: what a customer is given because of an order, and when (PROMO-10, PROMO-11).
//!
//! A [`Rule`] is what the shop wrote. A worker looks at each order once for each rule, as long after
//! it was made as the rule says, and asks [`Rule::gives`] with what is known of it then. So an order
//! that was cancelled meanwhile gives nothing, and what is given is by the rule as it is at that
//! moment.

use crate::{
    ids::{CustomerId, PromotionId},
    money::Currency,
    promotion::{Amount, BoundsError},
    stored_value::BALANCE_MAX,
    text::{self, TextProblem},
};
use serde::{Deserialize, Serialize};

const NAME_LENGTH_MAX: usize = 100;
const DAY_MS: i64 = 86_400_000;

/// How long a rule waits at least: an attempt that is being paid may still become an order with a
/// smaller id than this one's.
pub const WAIT_LEAST_MS: i64 = 600_000;

/// How far back every order is: a time before the first.
const EVER_MS: i64 = 9_007_199_254_740_991;

fn name_rule(text: &str) -> Result<(), TextProblem> {
    text::check(text, NAME_LENGTH_MAX, "one line of text", |c| !c.is_control())
}

text_type!(
    /// What a reward or a badge is called where a customer reads it, `Tenth order`.
    RewardName, "a reward's name", name_rule
);

/// Declares a number with bounds: its one way in, and its way out.
macro_rules! bounded {
    ($($(#[$doc:meta])+ $name:ident($what:literal, $least:literal to $most:expr);)+) => {$(
        $(#[$doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "i64", into = "i64")]
        pub struct $name(i64);

        impl $name {
            /// The least it may be.
            pub const MIN: i64 = $least;
            /// The most it may be.
            pub const MAX: i64 = $most;

            /// The number.
            #[must_use]
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl TryFrom<i64> for $name {
            type Error = BoundsError;

            fn try_from(given: i64) -> Result<Self, Self::Error> {
                if (Self::MIN..=Self::MAX).contains(&given) {
                    Ok(Self(given))
                } else {
                    Err(BoundsError { what: $what, given, min: Self::MIN, max: Self::MAX })
                }
            }
        }

        impl From<$name> for i64 {
            fn from(number: $name) -> Self {
                number.0
            }
        }
    )+};
}

bounded! {
    /// Points that an order gives: 1 to 1,000,000.
    Points("a number of points", 1 to 1_000_000);
    /// Days from an order to what it gives: 0 to 90.
    AfterDays("a number of days to wait", 0 to 90);
    /// Orders that a milestone asks for: 1 to 1,000.
    Orders("a number of orders", 1 to 1_000);
    /// Days that a streak may take: 1 to 366.
    WithinDays("a number of days", 1 to 366);
}

impl Default for AfterDays {
    /// Two weeks: as long as most send something back.
    fn default() -> Self {
        Self(14)
    }
}

/// What must happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// A customer orders.
    EachOrder,
    /// A customer has so many orders that stand.
    Orders(Milestone),
    /// A new person orders with a customer's share code.
    Friend(Friend),
}

/// So many orders of one customer that stand: in all, or a streak of them within some days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Milestone {
    /// How many.
    pub count: Orders,
    /// Within so many days up to the last of them, and given once in so many; without it in all, and
    /// given once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_days: Option<WithinDays>,
}

impl Milestone {
    /// How far before an order those count that are counted with it.
    #[must_use]
    pub fn window_ms(&self) -> i64 {
        self.within_days.map_or(EVER_MS, |days| days.get().saturating_mul(DAY_MS))
    }
}

/// An order of a new person, by a share code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Friend {
    /// The promotion that the code is of.
    pub promotion_id: PromotionId,
}

/// What the customer is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Gives {
    /// So many points.
    FixedPoints(FixedPoints),
    /// One point for each so much that the order's goods cost after discount.
    PointsPerAmount(PointsPerAmount),
    /// A code of a promotion, for this customer and one order.
    Code(CodeOf),
    /// A badge.
    Badge(Badge),
}

/// So many points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FixedPoints {
    /// How many.
    pub points: Points,
}

/// A point for each so much. An order in another currency gives none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PointsPerAmount {
    /// How much, in minor units. What is left over of it gives nothing.
    pub per_amount_minor: Amount,
    /// In which currency.
    pub currency: Currency,
}

/// A code of a promotion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CodeOf {
    /// The promotion.
    pub promotion_id: PromotionId,
}

/// A badge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Badge {
    /// What it is called.
    pub name: RewardName,
}

/// A rule of rewards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What it is called where a customer reads it.
    pub name: RewardName,
    /// What must happen.
    pub when: When,
    /// What the customer is given.
    pub gives: Gives,
    /// How many days after the order, for it may still be sent back or cancelled.
    #[serde(default)]
    pub after_days: AfterDays,
}

/// What is known of an order when a rule looks at it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OrderFacts {
    /// The customer whose it is; none for a guest.
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
    /// Whether it has not been cancelled.
    pub stands: bool,
    /// Its currency.
    pub currency: Currency,
    /// What its goods cost after discount, in minor units.
    pub goods_minor: i64,
    /// How many orders of this customer stand that the rule counts, this one among them, as far as
    /// it counts.
    pub orders: i64,
    /// Whether the rule has given for one of those already.
    pub had: bool,
    /// Whose share code of the rule's promotion it was made with, where who ordered is somebody else
    /// and new.
    #[serde(default)]
    pub sharer: Option<CustomerId>,
}

/// What an order gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given<'a> {
    /// So many points.
    Points(i64),
    /// A code of this promotion.
    Code(&'a PromotionId),
    /// This badge.
    Badge(&'a RewardName),
}

impl Rule {
    /// How long after an order it looks at it.
    #[must_use]
    pub fn wait_ms(&self) -> i64 {
        self.after_days.get().saturating_mul(DAY_MS).max(WAIT_LEAST_MS)
    }

    /// The orders that it counts.
    #[must_use]
    pub const fn milestone(&self) -> Option<&Milestone> {
        match &self.when {
            When::Orders(milestone) => Some(milestone),
            When::EachOrder | When::Friend(_) => None,
        }
    }

    /// The promotion whose share codes it is about.
    #[must_use]
    pub const fn shared(&self) -> Option<&PromotionId> {
        match &self.when {
            When::Friend(friend) => Some(&friend.promotion_id),
            When::EachOrder | When::Orders(_) => None,
        }
    }

    /// The promotion that it gives codes of.
    #[must_use]
    pub const fn code_of(&self) -> Option<&PromotionId> {
        match &self.gives {
            Gives::Code(code) => Some(&code.promotion_id),
            Gives::FixedPoints(_) | Gives::PointsPerAmount(_) | Gives::Badge(_) => None,
        }
    }

    /// The currency that it names.
    #[must_use]
    pub const fn currency(&self) -> Option<&Currency> {
        match &self.gives {
            Gives::PointsPerAmount(points) => Some(&points.currency),
            Gives::FixedPoints(_) | Gives::Code(_) | Gives::Badge(_) => None,
        }
    }

    /// To whom an order gives what; none if it gives nothing.
    #[must_use]
    pub fn gives<'a>(&'a self, order: &'a OrderFacts) -> Option<(&'a CustomerId, Given<'a>)> {
        if !order.stands {
            return None;
        }
        let customer_id = match &self.when {
            When::EachOrder => order.customer_id.as_ref(),
            When::Orders(milestone) => order
                .customer_id
                .as_ref()
                .filter(|_| order.orders >= milestone.count.get() && !order.had),
            When::Friend(_) => order.sharer.as_ref(),
        }?;
        let given = match &self.gives {
            Gives::FixedPoints(fixed) => Given::Points(fixed.points.get()),
            Gives::PointsPerAmount(per) if per.currency == order.currency => {
                let points = order.goods_minor.checked_div(per.per_amount_minor.get())?;
                Given::Points(points.min(BALANCE_MAX))
            }
            Gives::PointsPerAmount(_) => return None,
            Gives::Code(code) => Given::Code(&code.promotion_id),
            Gives::Badge(badge) => Given::Badge(&badge.name),
        };
        let is_nothing = matches!(given, Given::Points(points) if points < 1);
        (!is_nothing).then_some((customer_id, given))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn rule(when: Value, gives: Value) -> Rule {
        serde_json::from_value(json!({ "name": "A reward", "when": when, "gives": gives })).unwrap()
    }

    fn order(over: Value) -> OrderFacts {
        let mut facts = json!({ "customer_id": "ann", "stands": true, "currency": "USD", "goods_minor": 1_999, "orders": 3, "had": false, "sharer": null });
        facts.as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
        serde_json::from_value(facts).unwrap()
    }

    fn given(rule: &Rule, over: Value) -> Option<String> {
        let order = order(over);
        rule.gives(&order).map(|(who, what)| match what {
            Given::Points(points) => format!("{who}: {points}"),
            Given::Code(promotion) => format!("{who}: code of {promotion}"),
            Given::Badge(badge) => format!("{who}: {badge}"),
        })
    }

    #[test]
    fn a_rule_out_of_bounds_is_none() {
        let points = json!({ "fixed_points": { "points": 5 } });
        let wrong = [
            json!({ "name": "", "when": "each_order", "gives": points }),
            json!({ "name": "A", "when": "each_day", "gives": points }),
            json!({ "name": "A", "when": "each_order", "gives": { "fixed_points": { "points": 0 } } }),
            json!({ "name": "A", "when": "each_order", "gives": { "fixed_points": { "points": 1_000_001 } } }),
            json!({ "name": "A", "when": { "orders": { "count": 0 } }, "gives": points }),
            json!({ "name": "A", "when": { "orders": { "count": 1, "within_days": 367 } }, "gives": points }),
            json!({ "name": "A", "when": "each_order", "gives": points, "after_days": 91 }),
            json!({ "name": "A", "when": "each_order", "gives": points, "after_days": -1 }),
            json!({ "name": "A", "when": "each_order", "gives": points, "more": 1 }),
        ];
        for rule in wrong {
            assert!(serde_json::from_value::<Rule>(rule.clone()).is_err(), "{rule}");
        }
        let whole = json!({ "name": "A", "when": { "orders": { "count": 3, "within_days": 30 } }, "gives": points, "after_days": 0 });
        let read: Rule = serde_json::from_value(whole.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), whole);
    }

    #[test]
    fn it_waits_as_long_as_it_says() {
        let mut waits = rule(json!("each_order"), json!({ "badge": { "name": "B" } }));
        assert_eq!(waits.wait_ms(), 14 * DAY_MS);
        waits.after_days = AfterDays(0);
        assert_eq!(waits.wait_ms(), WAIT_LEAST_MS);
    }

    #[test]
    fn each_order_of_a_customer_gives() {
        let fixed = rule(json!("each_order"), json!({ "fixed_points": { "points": 5 } }));
        assert_eq!(given(&fixed, json!({})).as_deref(), Some("ann: 5"));
        for nobody in [json!({ "customer_id": null }), json!({ "stands": false })] {
            assert_eq!(given(&fixed, nobody), None);
        }
    }

    #[test]
    fn points_are_of_whole_amounts_in_the_rules_currency() {
        let per = json!({ "points_per_amount": { "per_amount_minor": 100, "currency": "USD" } });
        let per = rule(json!("each_order"), per);
        assert_eq!(given(&per, json!({})).as_deref(), Some("ann: 19"));
        assert_eq!(given(&per, json!({ "goods_minor": 100 })).as_deref(), Some("ann: 1"));
        for nothing in [
            json!({ "goods_minor": 99 }),
            json!({ "goods_minor": 0 }),
            json!({ "currency": "EUR" }),
        ] {
            assert_eq!(given(&per, nothing), None);
        }
    }

    #[test]
    fn a_milestone_gives_at_its_count_and_once() {
        let third =
            rule(json!({ "orders": { "count": 3 } }), json!({ "badge": { "name": "Regular" } }));
        assert_eq!(given(&third, json!({ "orders": 2 })), None);
        assert_eq!(given(&third, json!({})).as_deref(), Some("ann: Regular"));
        assert_eq!(given(&third, json!({ "had": true })), None);
        assert_eq!(given(&third, json!({ "customer_id": null })), None);
    }

    #[test]
    fn a_friends_order_gives_to_the_sharer() {
        let friend = rule(
            json!({ "friend": { "promotion_id": "refer" } }),
            json!({ "code": { "promotion_id": "thanks" } }),
        );
        assert_eq!(given(&friend, json!({})), None);
        let by_bob = json!({ "customer_id": null, "sharer": "bob" });
        assert_eq!(given(&friend, by_bob).as_deref(), Some("bob: code of thanks"));
    }
}
