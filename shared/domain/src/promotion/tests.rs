//! What promotions promise: first by example, through the one way to a total, and then for any
//! order at all.

use super::kind::BundlePart;
use super::*;
use crate::shipping::{Origins, ShippingRate};
use crate::stock::StockVerdict;
use crate::tax::TaxRule;
use crate::totals::{
    AdjustmentKind, Choices, Quote, Totals, TotalsInput, compute, list_shipping_methods,
    suggestions,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn read<T: serde::de::DeserializeOwned>(json: Value) -> T {
    serde_json::from_value(json).unwrap()
}

/// A promotion of dollars; `more` are members of its terms.
pub(crate) fn promotion(id: &str, kind: Value, target: Value, more: Value) -> Promotion {
    let mut terms =
        json!({ "name": id.replace('-', " "), "kind": kind, "target": target, "currency": "USD" });
    for (member, value) in more.as_object().unwrap() {
        terms[member] = value.clone();
    }
    read(json!({ "promotion_id": id, "version": 1, "rule": terms }))
}

/// So much off a SKU.
pub(crate) fn off_sku(sku: &str, amount_minor: i64) -> Promotion {
    let target = json!({ "selected": { "skus": [sku] } });
    promotion(&format!("off-{sku}-{amount_minor}"), amount(amount_minor), target, json!({}))
}

/// So much off the shipping.
pub(crate) fn off_shipping(amount_minor: i64) -> Promotion {
    promotion("off-shipping", amount(amount_minor), json!("shipping"), json!({}))
}

/// These and no more: no codes, a guest, at the beginning of time.
pub(crate) fn promotions(promotions: Vec<Promotion>) -> PromotionFacts {
    PromotionFacts { promotions, ..PromotionFacts::default() }
}

/// What a kind takes off each of these lines (`a`, `b`, …: how many, at what price).
pub(super) fn offs(kind: &Value, lines: &[(i64, i64)]) -> Vec<i64> {
    offs_of(kind, &json!("goods"), lines)
}

/// The same, where it is for some of them.
pub(super) fn offs_of(kind: &Value, target: &Value, lines: &[(i64, i64)]) -> Vec<i64> {
    let order = Order::of(lines).with(promotion("p", kind.clone(), target.clone(), json!({})));
    order.totals().lines.iter().map(|line| line.discount.amount_minor()).collect()
}

/// What a kind takes off the shipping by this method, at this price.
pub(super) fn offs_of_shipping(kind: &Value, method: &str, price: i64) -> i64 {
    let mut order = Order::of(&[(1, 100)]).shipped(method, price);
    order.facts.promotions = vec![promotion("p", kind.clone(), json!("shipping"), json!({}))];
    order.totals().shipping_method.unwrap().discount.amount_minor()
}

/// What is wrong with a rule.
pub(super) fn rule_error(kind: &Value, target: &Value) -> String {
    let terms = json!({ "name": "x", "kind": kind, "target": target, "currency": "USD" });
    Rule::try_from(read::<Terms>(terms)).unwrap_err().to_string()
}

fn percent(points: i64) -> Value {
    json!({ "percent": { "basis_points": points } })
}

fn amount(amount_minor: i64) -> Value {
    json!({ "fixed_amount": { "amount_minor": amount_minor } })
}

fn free_shipping() -> Value {
    json!({ "free_shipping": {} })
}

/// An order as a test states it.
#[derive(Debug, Clone)]
struct Order {
    currency: Currency,
    lines: Vec<LineInput>,
    tax_rules: Vec<TaxRule>,
    method: Option<ShippingRate>,
    facts: PromotionFacts,
}

impl Order {
    /// Lines `a`, `b`, … in dollars, untaxed, not shipped.
    fn of(lines: &[(i64, i64)]) -> Self {
        let line = |(sku, (quantity, price)): (char, &(i64, i64))| LineInput {
            line_id: parsed(&sku.to_string()),
            sku: parsed(&sku.to_string()),
            name: String::new(),
            quantity: (*quantity).try_into().unwrap(),
            unit_price_minor: Some(*price),
            added_price_minor: *price,
            category: Some(parsed(if sku < 'c' { "Tea & Coffee" } else { "Books" })),
            tax_class: parsed("standard"),
            weight_g: 0,
            stock: StockVerdict::Available,
            reduced: None,
        };
        let untaxed = |class: &str| {
            read(
                json!({ "tax_class": class, "rate": "0", "inclusive": false, "rounding": "half_away" }),
            )
        };
        Self {
            currency: parsed("USD"),
            lines: ('a'..='z').zip(lines).map(line).collect(),
            tax_rules: ["standard", "shipping"].map(untaxed).to_vec(),
            method: None,
            facts: PromotionFacts::default(),
        }
    }

    fn with(mut self, promotion: Promotion) -> Self {
        self.facts.promotions.push(promotion);
        self
    }

    fn shipped(mut self, method: &str, price: i64) -> Self {
        self.method = Some(read(json!({
            "method_id": method, "name": method, "warehouse_id": null, "min_weight_g": 0,
            "min_subtotal_minor": 0, "amount_minor": price,
        })));
        self
    }

    /// Gives these codes, each of the promotion that has its name in lower case.
    fn coded(mut self, codes: &[&str]) -> Self {
        for code in codes {
            let id = code.to_lowercase();
            let is_there = |promotion: &Promotion| promotion.promotion_id.as_str() == id;
            if self.facts.promotions.iter().any(is_there) {
                self.facts.known_codes.push(read(json!({ "code": code, "promotion_id": id })));
            }
        }
        self.facts.codes = read(json!(codes));
        self
    }

    fn told<R>(&self, ask: impl Fn(&TotalsInput<'_>) -> R) -> R {
        ask(&TotalsInput {
            currency: self.currency,
            lines: &self.lines,
            origins: &Origins::Unknown,
            tax_rules: &self.tax_rules,
            choices: Choices {
                shipping_method: self.method.as_ref().map(|rate| &rate.method_id),
                gift_wrap: None,
                offline: None,
            },
            shipping_rates: self.method.as_slice(),
            promotions: &self.facts,
            fees: &[],
        })
    }

    fn totals(&self) -> Totals {
        self.told(compute).unwrap()
    }

    fn total(&self) -> i64 {
        self.totals().total.amount_minor()
    }

    /// What ran, and what it took off.
    fn used(&self) -> Vec<(String, i64)> {
        let totals = self.totals();
        let used = totals.promotions.iter();
        used.map(|used| (used.promotion_id.to_string(), used.amount.amount_minor())).collect()
    }

    /// Why the codes did nothing.
    fn refused(&self) -> Vec<RefusedCode> {
        self.totals().refused_codes
    }

    fn reason(&self) -> RefusalReason {
        self.refused().first().expect("a code that did nothing").reason
    }

    fn suggested(&self) -> Vec<(String, Missing)> {
        let found = self.told(suggestions).unwrap();
        found.into_iter().map(|one| (one.promotion_id.to_string(), one.missing)).collect()
    }
}

fn dollars(amount_minor: i64) -> Money {
    Money::new(amount_minor, parsed("USD"))
}

fn used(pairs: &[(&str, i64)]) -> Vec<(String, i64)> {
    pairs.iter().map(|(id, amount)| ((*id).to_owned(), *amount)).collect()
}

/// 100.00, and 15.00 and 20 % off it by codes.
fn fifteen_and_twenty_percent() -> Order {
    let by_code = json!({ "conditions": { "code": true } });
    Order::of(&[(1, 10_000)])
        .with(promotion("fifteen", amount(1_500), json!("goods"), by_code.clone()))
        .with(promotion("twenty", percent(2_000), json!("goods"), by_code))
}

#[test]
fn of_fixed_and_percent_together_each_takes_off_what_its_name_says() {
    for codes in [["FIFTEEN", "TWENTY"], ["TWENTY", "FIFTEEN"]] {
        let totals = fifteen_and_twenty_percent().coded(&codes).totals();
        assert_eq!(totals.total, dollars(6_500));
        let steps: Vec<_> = totals
            .adjustments
            .iter()
            .filter(|step| step.kind != AdjustmentKind::Tax)
            .map(|step| (step.label.as_str(), step.amount, step.promotion.as_ref()))
            .map(|(label, amount, by)| (label, amount, by.map(|by| by.code.clone().unwrap())))
            .collect();
        assert_eq!(
            steps,
            [
                ("goods", dollars(10_000), None),
                ("twenty", dollars(-2_000), Some(parsed("TWENTY"))),
                ("fifteen", dollars(-1_500), Some(parsed("FIFTEEN"))),
            ]
        );
    }
}

#[test]
fn a_higher_priority_runs_first() {
    let mut order = fifteen_and_twenty_percent().coded(&["FIFTEEN", "TWENTY"]);
    let first = json!({ "priority": 1, "conditions": { "code": true } });
    order.facts.promotions[0] = promotion("fifteen", amount(1_500), json!("goods"), first);
    assert_eq!(order.used(), used(&[("fifteen", 1_500), ("twenty", 1_700)]));
}

#[test]
fn prices_come_before_percentages_and_those_before_amounts() {
    let order = Order::of(&[(2, 1_000)])
        .with(promotion("a", amount(100), json!("goods"), json!({})))
        .with(promotion("b", percent(1_000), json!("goods"), json!({})))
        .with(promotion(
            "c",
            json!({ "fixed_price": { "unit_price_minor": 900 } }),
            json!("goods"),
            json!({}),
        ));
    assert_eq!(order.used(), used(&[("c", 200), ("b", 180), ("a", 100)]));
}

fn one_of(group: &str) -> Value {
    json!({ "stacking": { "one_of": group } })
}

#[test]
fn of_a_group_the_one_that_takes_most_off_runs_and_of_equals_the_first_by_id() {
    let order = Order::of(&[(1, 1_000)])
        .with(promotion("c", percent(3_000), json!("goods"), one_of("sale")))
        .with(promotion("b", amount(300), json!("goods"), one_of("sale")))
        .with(promotion("a", percent(1_000), json!("goods"), one_of("sale")));
    assert_eq!(order.used(), used(&[("b", 300)]));
    let order = order.coded(&["A", "B", "C"]);
    let excluded: Vec<_> = order
        .refused()
        .into_iter()
        .map(|it| (it.code.to_string(), it.reason, it.excluded_by.unwrap().to_string()))
        .collect();
    let by_b = |code: &str| (code.to_owned(), RefusalReason::Excluded, "b".to_owned());
    assert_eq!(excluded, [by_b("A"), by_b("C")]);
}

#[test]
fn groups_are_weighed_together_and_not_one_by_one() {
    // By itself `a` takes more off than `b`; with `x`, which is for the same line, `b` does.
    let of_a = json!({ "selected": { "skus": ["a"] } });
    let of_b = json!({ "selected": { "skus": ["b"] } });
    let order = Order::of(&[(1, 1_000), (1, 1_000)])
        .with(promotion("a", amount(900), of_a.clone(), one_of("first")))
        .with(promotion("b", amount(800), of_b, one_of("first")))
        .with(promotion("x", amount(1_000), of_a, one_of("second")));
    assert_eq!(order.used(), used(&[("b", 800), ("x", 1_000)]));
}

#[test]
fn of_a_group_none_runs_where_a_rounding_would_make_it_cost_the_buyer_something() {
    // With one unit off `a`, the three units off all goods are divided otherwise, and `b` gets none.
    let first = json!({ "priority": 2, "stacking": { "one_of": "sale" } });
    let free = json!({ "selected": { "skus": ["a", "c"] } });
    let order = Order::of(&[(1, 2), (1, 1), (1, 3)])
        .with(promotion("one", amount(1), json!({ "selected": { "skus": ["a"] } }), first))
        .with(promotion("three", amount(3), json!("goods"), json!({ "priority": 1 })))
        .with(promotion("free", percent(10_000), free, json!({})));
    assert_eq!(order.used(), used(&[("three", 3), ("free", 3)]));
    assert_eq!(order.total(), 0);
}

#[test]
fn with_more_sets_than_can_be_tried_the_strongest_of_each_group_runs() {
    let mut order = Order::of(&[(1, 100_000)]);
    for group in 0..12 {
        for member in 0..3 {
            let id = format!("p-{group}-{member}");
            let off = amount(100 + group + member);
            order = order.with(promotion(&id, off, json!("goods"), one_of(&format!("g-{group}"))));
        }
    }
    let expected: i64 = (0..12).map(|group| 102 + group).sum();
    assert_eq!(order.total(), 100_000 - expected);
    assert_eq!(order.used().len(), 12);
}

#[test]
fn one_that_stands_alone_runs_alone_or_not_at_all() {
    let alone = |off| promotion("z", amount(off), json!("goods"), json!({ "stacking": "alone" }));
    let order = |off| {
        Order::of(&[(1, 1_000)])
            .shipped("post", 500)
            .with(promotion("a", amount(200), json!("goods"), json!({})))
            .with(promotion("free", free_shipping(), json!("shipping"), json!({})))
            .with(alone(off))
            .coded(&["Z"])
    };
    assert_eq!(order(701).used(), used(&[("z", 701)]));
    assert_eq!(order(700).used(), used(&[("a", 200), ("free", 500)]), "of equals those together");
    let refused = order(700).refused();
    assert_eq!((refused[0].reason, &refused[0].excluded_by), (RefusalReason::Excluded, &None));
}

#[test]
fn caps_and_budgets_cut_what_comes_off_and_the_parts_still_sum() {
    let capped = |more: Value| {
        let order = Order::of(&[(1, 1_000), (1, 1_000), (1, 1_001)]);
        let totals = order.with(promotion("p", percent(5_000), json!("goods"), more)).totals();
        let off = totals.lines.iter().map(|line| line.discount.amount_minor());
        (off.collect::<Vec<_>>(), totals.discount.amount_minor())
    };
    assert_eq!(capped(json!({})), (vec![500, 500, 501], 1_501));
    assert_eq!(capped(json!({ "caps": { "per_line_minor": 300 } })), (vec![300, 300, 300], 900));
    assert_eq!(capped(json!({ "caps": { "per_order_minor": 100 } })), (vec![33, 33, 34], 100));
    assert_eq!(
        capped(json!({ "limits": { "budget_minor": 1_000 } })),
        (vec![333, 333, 334], 1_000)
    );
}

#[test]
fn the_order_that_a_budget_runs_out_with_gets_what_is_left() {
    let limits = json!({ "limits": { "budget_minor": 1_000 }, "conditions": { "code": true } });
    let mut order = Order::of(&[(1, 1_000)])
        .with(promotion("p", amount(300), json!("goods"), limits))
        .coded(&["P"]);
    order.facts.promotions[0].used.spent_minor = 900;
    assert_eq!(order.used(), used(&[("p", 100)]));
    order.facts.promotions[0].used.spent_minor = 1_000;
    assert_eq!(order.reason(), RefusalReason::BudgetSpent);
}

#[test]
fn what_takes_nothing_off_is_not_used() {
    let order = Order::of(&[(1, 4)])
        .with(promotion("p", percent(1_000), json!("goods"), json!({})))
        .coded(&["P"]);
    assert_eq!(order.used(), []);
    assert_eq!(order.reason(), RefusalReason::NoEffect);
    let order = Order::of(&[(1, 400)])
        .with(promotion("first", percent(10_000), json!("goods"), json!({ "priority": 1 })))
        .with(promotion("then", percent(1_000), json!("goods"), json!({})))
        .coded(&["THEN"]);
    assert_eq!(order.used(), used(&[("first", 400)]));
    assert_eq!(order.reason(), RefusalReason::NoEffect);
}

#[test]
fn a_code_that_does_nothing_is_told_why() {
    /// An order of 10.00 by a customer, with one promotion by a code, and what is changed of it.
    fn reason(terms: Value, change: impl Fn(&mut Order)) -> RefusalReason {
        let mut conditions = json!({ "code": true });
        for (name, value) in terms["conditions"].as_object().into_iter().flatten() {
            conditions[name] = value.clone();
        }
        let target = terms.get("target").cloned().unwrap_or(json!("goods"));
        let mut more = terms;
        more["conditions"] = conditions;
        let kind = more.get("kind").cloned().unwrap_or(amount(100));
        let mut order =
            Order::of(&[(1, 1_000)]).with(promotion("p", kind, target, more)).coded(&["P"]);
        order.facts.now_ms = 1_000;
        order.facts.buyer.customer_id = Some(parsed("jane"));
        assert_eq!(order.refused(), [], "it runs until it is changed");
        change(&mut order);
        assert_eq!(order.used(), []);
        order.reason()
    }
    let dates = json!({ "conditions": { "starts_at_ms": 1_000, "ends_at_ms": 2_000 } });
    let jane = json!({ "conditions": { "audience": { "customers": ["jane"] } } });
    let limits = json!({ "limits": { "uses": 3, "uses_per_person": 2 } });
    let tea = json!({ "target": { "selected": { "categories": ["Tea & Coffee"] } } });
    let needs = json!({ "conditions": { "needs": { "skus": ["a"] } } });
    let minimum = json!({ "conditions": { "minimum_subtotal_minor": 1_000 } });

    assert_eq!(reason(json!({}), |order| order.facts.known_codes.clear()), RefusalReason::Unknown);
    assert_eq!(reason(json!({}), |order| order.facts.promotions.clear()), RefusalReason::Unknown);
    assert_eq!(reason(dates.clone(), |order| order.facts.now_ms = 999), RefusalReason::NotStarted);
    assert_eq!(reason(dates, |order| order.facts.now_ms = 2_000), RefusalReason::Expired);
    assert_eq!(
        reason(json!({}), |order| order.currency = parsed("EUR")),
        RefusalReason::WrongCurrency
    );
    let guest = |order: &mut Order| order.facts.buyer = Buyer::default();
    assert_eq!(reason(jane.clone(), guest), RefusalReason::NotForThisCustomer);
    assert_eq!(
        reason(jane, |order| order.facts.buyer.customer_id = Some(parsed("joe"))),
        RefusalReason::NotForThisCustomer
    );
    assert_eq!(
        reason(json!({}), |order| order.facts.known_codes[0].customer_id = Some(parsed("joe"))),
        RefusalReason::NotForThisCustomer
    );
    let other = |order: &mut Order| order.lines[0].category = Some(parsed("Books"));
    assert_eq!(reason(tea, other), RefusalReason::NotForTheseGoods);
    let b = |order: &mut Order| order.lines[0].sku = parsed("b");
    assert_eq!(reason(needs, b), RefusalReason::NotForTheseGoods);
    let of_all = |order: &mut Order| order.facts.promotions[0].used.uses = 3;
    assert_eq!(reason(limits.clone(), of_all), RefusalReason::UsedUp);
    let of_person = |order: &mut Order| order.facts.promotions[0].used.uses_by_person = 2;
    assert_eq!(reason(limits, of_person), RefusalReason::UsedUpForPerson);
    let of_code = |order: &mut Order| {
        order.facts.known_codes[0].uses = NonZeroU32::new(1);
        order.facts.known_codes[0].used = 1;
    };
    assert_eq!(reason(json!({}), of_code), RefusalReason::UsedUp);
    let cheaper = |order: &mut Order| order.lines[0].unit_price_minor = Some(999);
    assert_eq!(reason(minimum, cheaper), RefusalReason::MinimumNotReached);
}

#[test]
fn a_first_order_and_a_segment_are_facts_of_the_buyer_and_a_guest_may_have_a_first_order() {
    let order = |conditions: Value| {
        let conditions = json!({ "conditions": conditions });
        Order::of(&[(1, 1_000)])
            .with(promotion("p", amount(100), json!("goods"), conditions))
            .coded(&["P"])
    };
    let mut first = order(json!({ "first_order": true }));
    assert_eq!(first.reason(), RefusalReason::FirstOrderOnly);
    first.facts.buyer.first_order = true;
    assert_eq!(first.used(), used(&[("p", 100)]));
    let mut students = order(json!({ "audience": { "segments": ["students", "teachers"] } }));
    assert_eq!(students.reason(), RefusalReason::NotForThisCustomer);
    students.facts.buyer.segments = vec![parsed("vip"), parsed("students")];
    assert_eq!(students.used(), used(&[("p", 100)]));
}

#[test]
fn a_refusal_says_what_is_missing() {
    let missing = |order: &Order| {
        let refused = order.refused();
        (refused[0].reason, refused[0].missing.clone().unwrap())
    };
    let minimum = json!({ "conditions": { "minimum_subtotal_minor": 1_500 } });
    let order = Order::of(&[(1, 1_000)])
        .with(promotion("p", free_shipping(), json!("shipping"), minimum))
        .coded(&["P"]);
    assert_eq!(missing(&order), (RefusalReason::MinimumNotReached, Missing::Amount(dollars(500))));
    let two_and_one = json!({ "buy_x_get_y": { "buy": 2, "get": 1, "basis_points": 10_000 } });
    let order = Order::of(&[(1, 1_000)])
        .with(promotion("p", two_and_one, json!("goods"), json!({})))
        .coded(&["P"]);
    assert_eq!(missing(&order), (RefusalReason::QuantityNotReached, Missing::Units(2)));
    let order = Order::of(&[(1, 1_000)])
        .with(promotion("p", free_shipping(), json!("shipping"), json!({})))
        .coded(&["P"]);
    assert_eq!(order.reason(), RefusalReason::ShippingNotChosen);
}

#[test]
fn a_promotion_that_asks_for_a_code_runs_by_one_that_may_be_used_and_by_one_only() {
    let mut order = Order::of(&[(1, 1_000)]).with(promotion(
        "p",
        amount(100),
        json!("goods"),
        json!({ "conditions": { "code": true } }),
    ));
    assert_eq!(order.used(), [], "no code was given");
    for code in ["A", "B", "C"] {
        order.facts.known_codes.push(read(json!({ "code": code, "promotion_id": "p" })));
    }
    order.facts.known_codes[0].customer_id = Some(parsed("joe"));
    order.facts.codes = read(json!(["c", "b", "a"]));
    assert_eq!(order.used(), used(&[("p", 100)]));
    assert_eq!(order.totals().promotions[0].code, Some(parsed("B")));
    let refused: Vec<_> =
        order.refused().into_iter().map(|it| (it.code.to_string(), it.reason)).collect();
    assert_eq!(
        refused,
        [
            ("A".to_owned(), RefusalReason::NotForThisCustomer),
            ("C".to_owned(), RefusalReason::Excluded)
        ]
    );
}

#[test]
fn an_amount_of_another_currency_is_exchanged_once_at_the_rate_that_is_kept() {
    let more = json!({ "currency": "EUR", "exchanged": true });
    let mut order = Order::of(&[(1, 33_500)])
        .with(promotion("p", amount(10_000), json!("goods"), more))
        .coded(&["P"]);
    order.currency = parsed("GBP");
    assert_eq!(order.reason(), RefusalReason::WrongCurrency, "no rate, no exchange");
    order.facts.rates = vec![read(json!({
        "from": "EUR", "to": "GBP", "factor": "0.8425", "quoted_at_ms": 7,
    }))];
    let totals = order.totals();
    assert_eq!(totals.total, Money::new(25_075, parsed("GBP")));
    let kept = serde_json::to_value(&totals.promotions).unwrap();
    assert_eq!(
        kept,
        json!([{
            "promotion_id": "p", "version": 1, "name": "p", "code": "P",
            "amount": { "amount_minor": 8_425, "currency": "GBP" },
            "exchanged": {
                "amount": { "amount_minor": 10_000, "currency": "EUR" },
                "rate": { "from": "EUR", "to": "GBP", "factor": "0.8425", "quoted_at_ms": 7 },
            },
        }])
    );
}

#[test]
fn the_methods_are_listed_with_what_promotions_take_off_them() {
    let post_only = json!({ "free_shipping": { "methods": ["post"] } });
    let order = Order::of(&[(1, 1_000)]).shipped("post", 500).with(promotion(
        "p",
        post_only,
        json!("shipping"),
        json!({}),
    ));
    let listed = order.told(list_shipping_methods).unwrap();
    assert_eq!((listed[0].amount, listed[0].discount), (dollars(500), Some(dollars(500))));
    assert_eq!(order.totals().shipping, Some(dollars(500)));
    assert_eq!(order.total(), 1_000);
    let express = order.shipped("express", 900);
    assert_eq!(express.told(list_shipping_methods).unwrap()[0].discount, None);
}

#[test]
fn what_is_used_is_part_of_the_quote_with_its_version() {
    let mut order = fifteen_and_twenty_percent().coded(&["TWENTY"]);
    let before = Quote::of(&order.totals()).to_string();
    assert!(before.ends_with("\npromotion twenty - 1 - 2000 - -"), "{before}");
    order.facts.promotions[1].version = 2;
    assert_ne!(Quote::of(&order.totals()).to_string(), before);
}

#[test]
fn a_cart_is_told_what_it_nearly_has() {
    let minimum = json!({ "conditions": { "minimum_subtotal_minor": 1_500 } });
    let hidden = json!({ "conditions": { "minimum_subtotal_minor": 1_500, "code": true } });
    let tiers = json!({ "tiered": { "percents": [
        { "from_quantity": 2, "basis_points": 500 }, { "from_quantity": 5, "basis_points": 1_000 },
    ] } });
    let tea_set = json!({ "bundle": {
        "parts": [{ "sku": "a", "quantity": 1 }, { "sku": "b", "quantity": 2 }], "price_minor": 900,
    } });
    let of_books = json!({ "selected": { "categories": ["Books"] } });
    let order = Order::of(&[(2, 500)])
        .with(promotion("free", free_shipping(), json!("shipping"), minimum.clone()))
        .with(promotion("hidden", amount(100), json!("goods"), hidden))
        .with(promotion("books", amount(100), of_books, minimum))
        .with(promotion("set", tea_set, json!("goods"), json!({})))
        .with(promotion("tiers", tiers, json!("goods"), json!({})));
    let b = BundlePart { sku: parsed("b"), quantity: 2.try_into().unwrap() };
    let expected = [
        ("free".to_owned(), Missing::Amount(dollars(500))),
        ("set".to_owned(), Missing::Parts(vec![b])),
        ("tiers".to_owned(), Missing::Units(3)),
    ];
    assert_eq!(order.suggested(), expected);
    let told: Vec<String> =
        order.coded(&["HIDDEN"]).suggested().into_iter().map(|(id, _)| id).collect();
    assert_eq!(told, ["free", "hidden", "set", "tiers"]);
}

#[test]
fn a_rule_is_read_strictly_and_written_as_it_was_read() {
    let rule = json!({
        "name": "Autumn", "kind": { "percent": { "basis_points": 1_000 } },
        "target": { "selected": { "skus": ["a", "b"] } },
        "currency": "USD",
        "conditions": {
            "minimum_subtotal_minor": 500, "audience": { "segments": ["vip"] }, "code": true,
        },
        "priority": 3, "stacking": { "one_of": "sale" },
        "caps": { "per_order_minor": 100 }, "limits": { "uses": 1 },
    });
    assert_eq!(serde_json::to_value(read::<Rule>(rule.clone())).unwrap(), rule);
    // What is as it would be anyway may be said, and is not written down.
    let mut spelled_out = rule.clone();
    spelled_out["exchanged"] = json!(false);
    spelled_out["conditions"]["first_order"] = json!(false);
    assert_eq!(serde_json::to_value(read::<Rule>(spelled_out)).unwrap(), rule);
    let least =
        json!({ "name": "Sale", "kind": { "percent": { "basis_points": 1 } }, "target": "goods" });
    assert_eq!(serde_json::to_value(read::<Rule>(least.clone())).unwrap(), least);
    let refused = |member: &str, value: Value| {
        let mut wrong = rule.clone();
        wrong[member] = value;
        serde_json::from_value::<Rule>(wrong).unwrap_err().to_string()
    };
    for (member, value, right) in [
        ("colour", json!("red"), "unknown field `colour`"),
        ("name", json!(" "), "a promotion's name must not be empty"),
        ("currency", Value::Null, "currency must be named where the rule names an amount"),
        ("kind", json!({ "percent": { "basis_points": 10_001 } }), "from 1 to 10000"),
        ("kind", json!({ "percent": { "basis_points": 0 } }), "from 1 to 10000"),
        ("kind", json!({ "fixed_amount": { "amount_minor": 0 } }), "an amount must be from 1"),
        ("target", json!({ "selected": { "skus": [] } }), "from 1 to 500 different ones"),
        ("conditions", json!({ "starts_at_ms": 5, "ends_at_ms": 5 }), "end after they start"),
        ("limits", json!({ "uses": 0 }), "nonzero"),
    ] {
        let refusal = refused(member, value);
        assert!(refusal.contains(right), "{refusal}");
    }
}

#[test]
fn totals_without_promotions_are_written_as_they_always_were() {
    let json = serde_json::to_value(Order::of(&[(1, 100)]).totals()).unwrap();
    assert_eq!((json.get("promotions"), json.get("refused_codes")), (None, None));
    assert_eq!(json["adjustments"][0].get("promotion"), None);
}

/// What a currency's prices look like.
const CURRENCIES: [(&str, i64); 4] =
    [("USD", 10_000), ("EUR", 10_000), ("GBP", 10_000), ("VND", 3_000_000)];

const SKUS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

fn one<T: Clone + std::fmt::Debug + 'static>(of: &'static [T]) -> impl Strategy<Value = T> {
    prop::sample::select(of)
}

fn selections() -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::collection::vec(one(&SKUS), 1..4).prop_map(|skus| json!({ "skus": skus })),
        one(&["Tea & Coffee", "Books"]).prop_map(|category| json!({ "categories": [category] })),
    ]
}

fn tiers(kind: &str, value: &str, steps: &[(i64, i64)]) -> Value {
    let tiers = steps.iter().map(|(from, step)| json!({ "from_quantity": from, value: step }));
    json!({ "tiered": { kind: tiers.collect::<Vec<_>>() } })
}

/// Any kind with something that it can be for.
fn kinds(price: i64) -> impl Strategy<Value = (Value, Value)> {
    let goods = || {
        prop_oneof![
            Just(json!("goods")),
            selections().prop_map(|selection| json!({ "selected": selection })),
        ]
    };
    let any = || prop_oneof![3 => goods(), 1 => Just(json!("shipping"))];
    let parts = prop::collection::btree_map(one(&SKUS), 1..=3_i64, 1..4);
    prop_oneof![
        ((1..=10_000_i64).prop_map(percent), any()),
        ((1..=price * 2).prop_map(amount), any()),
        (1..=price, any()).prop_map(|(price, target)| {
            (json!({ "fixed_price": { "unit_price_minor": price } }), target)
        }),
        (1..=3_i64, 1..=3_i64, 1..=10_000_i64, prop::option::of(selections()), goods()).prop_map(
            |(buy, get, points, bought, target)| {
                let mut rule = json!({ "buy": buy, "get": get, "basis_points": points });
                if let Some(bought) = bought {
                    rule["bought"] = bought;
                }
                (json!({ "buy_x_get_y": rule }), target)
            }
        ),
        prop::option::of(one(&["post", "express"])).prop_map(|method| {
            let rule = method.map_or(json!({}), |method| json!({ "methods": [method] }));
            (json!({ "free_shipping": rule }), json!("shipping"))
        }),
        (2..=price, 1..=5_i64, goods()).prop_map(|(price, from, target)| {
            let steps = [(from, price), (from * 2, price / 2)];
            (tiers("prices", "unit_price_minor", &steps), target)
        }),
        (1..=5_000_i64, 1..=5_i64, goods()).prop_map(|(points, from, target)| {
            let steps = [(from, points), (from + 1, points * 2)];
            (tiers("percents", "basis_points", &steps), target)
        }),
        (parts, 1..=price * 3).prop_map(|(parts, price)| {
            let part = |(sku, quantity)| json!({ "sku": sku, "quantity": quantity });
            let parts: Vec<Value> = parts.into_iter().map(part).collect();
            (json!({ "bundle": { "parts": parts, "price_minor": price } }), json!("goods"))
        }),
    ]
}

/// Any rule of a currency, by a code or not.
fn rules(currency: &'static str, price: i64) -> impl Strategy<Value = Value> {
    let amounts = || prop::option::weighted(0.2, 1..=price * 2);
    let stacking = prop_oneof![
        4 => Just(json!("freely")),
        4 => one(&["sale", "club"]).prop_map(|group| json!({ "one_of": group })),
        1 => Just(json!("alone")),
    ];
    (
        kinds(price),
        stacking,
        -1..=1_i32,
        any::<bool>(),
        [amounts(), amounts(), amounts(), amounts()],
    )
        .prop_map(move |((kind, target), stacking, priority, code, amounts)| {
            let [minimum, per_line, per_order, budget] = amounts;
            let exchanged = currency != "EUR";
            json!({
                "name": "x", "kind": kind, "target": target, "stacking": stacking,
                "priority": priority, "exchanged": exchanged,
                "currency": if exchanged && code { "EUR" } else { currency },
                "conditions": { "code": code, "minimum_subtotal_minor": minimum },
                "caps": { "per_line_minor": per_line, "per_order_minor": per_order },
                "limits": { "budget_minor": budget },
            })
        })
}

/// Any order: up to six lines in one of four currencies, in any tax regime, shipped or not, with up
/// to eight promotions, of which any may ask for a code; five codes are given, and are of any of
/// them, or of none.
fn orders() -> impl Strategy<Value = Order> {
    one(&CURRENCIES).prop_flat_map(|(currency, price)| {
        let lines = prop::collection::vec((1..=9_i64, 1..=price), 1..=6);
        let tax = [(0..=300_000_u32, any::<bool>()), (0..=300_000_u32, any::<bool>())];
        let shipping = prop::option::of((one(&["post", "express"]), 0..=price));
        let rules = prop::collection::vec(rules(currency, price), 0..=8);
        (lines, tax, shipping, rules, prop::collection::vec(0..10_usize, 5), 0..=price).prop_map(
            move |(lines, tax, shipping, rules, codes, spent)| {
                let mut order = Order::of(&lines);
                order.currency = parsed(currency);
                for (rule, (millionths, inclusive)) in order.tax_rules.iter_mut().zip(tax) {
                    rule.rate = parsed(&format!("0.{millionths:06}"));
                    rule.inclusive = inclusive;
                }
                if let Some((method, price)) = shipping {
                    order = order.shipped(method, price);
                }
                for (number, rule) in rules.into_iter().enumerate() {
                    order = order.with(read(json!({
                        "promotion_id": format!("c{number}"), "version": 1, "rule": rule,
                        "used": { "uses": 0, "uses_by_person": 0, "spent_minor": spent },
                    })));
                }
                let factor = if currency == "VND" { "280" } else { "0.8425" };
                order.facts.rates = vec![read(json!({
                    "from": "EUR", "to": currency, "factor": factor, "quoted_at_ms": 0,
                }))];
                let codes: Vec<String> = codes.iter().map(|number| format!("C{number}")).collect();
                order.coded(&codes.iter().map(String::as_str).collect::<Vec<_>>())
            },
        )
    })
}

/// An order and the same one with everything in it in another order.
fn shuffled_orders() -> impl Strategy<Value = (Order, Order)> {
    orders().prop_flat_map(|order| {
        let facts = order.facts.clone();
        let codes: Vec<Code> = facts.codes.into();
        let parts = (
            Just(order.lines.clone()).prop_shuffle(),
            Just(facts.promotions).prop_shuffle(),
            Just(facts.known_codes).prop_shuffle(),
            Just(codes).prop_shuffle(),
        );
        (Just(order), parts).prop_map(|(order, (lines, promotions, known_codes, codes))| {
            let codes = codes.try_into().unwrap();
            let facts = PromotionFacts { promotions, known_codes, codes, ..order.facts.clone() };
            let shuffled = Order { lines, facts, ..order.clone() };
            (order, shuffled)
        })
    })
}

fn sum(amounts: impl Iterator<Item = Money>) -> i64 {
    amounts.map(Money::amount_minor).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn all_parts_sum_and_nothing_is_below_zero(order in orders()) {
        let totals = order.totals();
        let off = |step: &&crate::totals::Adjustment| step.kind == AdjustmentKind::Discount;
        for line in &totals.lines {
            let of_line = totals.adjustments.iter().filter(off).filter(|step| step.target.as_deref() == Some(line.line_id.as_str()));
            prop_assert_eq!(-sum(of_line.map(|step| step.amount)), line.discount.amount_minor());
            prop_assert!((0..=line.subtotal.amount_minor()).contains(&line.discount.amount_minor()));
            prop_assert!(!line.tax_base.is_negative() && !line.tax.is_negative() && !line.total.is_negative());
        }
        if let Some(shipping) = &totals.shipping_method {
            let price = totals.shipping.unwrap().amount_minor();
            prop_assert!((0..=price).contains(&shipping.discount.amount_minor()));
            prop_assert!(!shipping.tax_base.is_negative() && !shipping.total.is_negative());
        }
        for used in &totals.promotions {
            prop_assert!(used.amount.is_positive());
            let by_it = totals.adjustments.iter().filter(|step| {
                step.promotion.as_ref().is_some_and(|by| by.promotion_id == used.promotion_id)
            });
            prop_assert_eq!(-sum(by_it.map(|step| step.amount)), used.amount.amount_minor());
        }
        prop_assert_eq!(sum(totals.promotions.iter().map(|used| used.amount)), totals.discount.amount_minor());
        let steps = totals.adjustments.iter().filter(|step| step.kind.adds_to_total());
        prop_assert_eq!(sum(steps.map(|step| step.amount)), totals.total.amount_minor());
    }

    #[test]
    fn the_order_of_lines_promotions_and_codes_does_not_matter((order, shuffled) in shuffled_orders()) {
        prop_assert_eq!(order.totals(), shuffled.totals());
        prop_assert_eq!(order.suggested(), shuffled.suggested());
    }

    #[test]
    fn caps_budgets_and_groups_hold(order in orders()) {
        let totals = order.totals();
        let mut groups = Vec::new();
        for used in &totals.promotions {
            let is_it = |promotion: &&Promotion| promotion.promotion_id == used.promotion_id;
            let promotion = order.facts.promotions.iter().find(is_it).unwrap();
            let terms = promotion.rule.terms();
            let here = |amount: Amount| {
                let named = Money::new(amount.get(), terms.currency.unwrap());
                if named.currency() == order.currency { amount.get() } else { order.facts.rates[0].convert(named).unwrap().amount_minor().max(1) }
            };
            let off = |cap: Option<Amount>| cap.map_or(i64::MAX, here);
            prop_assert!(used.amount.amount_minor() <= off(terms.caps.per_order_minor));
            let left = terms.limits.budget_minor.map(|budget| Amount::try_from(budget.get() - promotion.used.spent_minor).unwrap());
            prop_assert!(used.amount.amount_minor() <= off(left));
            let spent = used.exchanged.as_ref().map_or(used.amount, |exchanged| exchanged.amount);
            prop_assert!(left.is_none_or(|left| spent.amount_minor() <= left.get()));
            for step in &totals.adjustments {
                let by_it = step.promotion.as_ref().is_some_and(|by| by.promotion_id == used.promotion_id);
                prop_assert!(!by_it || -step.amount.amount_minor() <= off(terms.caps.per_line_minor));
            }
            match &terms.stacking {
                Stacking::Freely => {}
                Stacking::OneOf(group) => groups.push(group),
                Stacking::Alone => prop_assert_eq!(totals.promotions.len(), 1),
            }
        }
        let all = groups.len();
        groups.sort();
        groups.dedup();
        prop_assert_eq!(groups.len(), all);
    }

    #[test]
    fn one_more_promotion_in_a_group_never_takes_less_off(order in orders()) {
        let with = order.totals();
        for (number, one) in order.facts.promotions.iter().enumerate() {
            if one.rule.terms().stacking == Stacking::Freely {
                continue;
            }
            let mut without = order.clone();
            without.facts.promotions.remove(number);
            let without = without.totals();
            prop_assert!(with.discount.amount_minor() >= without.discount.amount_minor());
            if order.tax_rules.iter().all(|rule| rule.inclusive) {
                prop_assert!(with.total.amount_minor() <= without.total.amount_minor());
            }
        }
    }

    #[test]
    fn every_code_did_something_or_is_told_why_it_did_not(order in orders()) {
        let totals = order.totals();
        for code in order.facts.codes.as_slice() {
            let ran = totals.promotions.iter().filter(|used| used.code.as_ref() == Some(code)).count();
            let told = totals.refused_codes.iter().filter(|refused| refused.code == *code).count();
            prop_assert_eq!(ran + told, 1);
        }
    }

    #[test]
    fn a_listed_method_costs_what_it_costs_when_it_is_chosen(order in orders()) {
        let listed = order.told(list_shipping_methods).unwrap();
        let totals = order.totals();
        for (quote, chosen) in listed.iter().zip(&totals.shipping_method) {
            prop_assert_eq!(Some(quote.amount), totals.shipping);
            prop_assert_eq!(quote.discount.unwrap_or(Money::zero(order.currency)), chosen.discount);
        }
    }

    #[test]
    fn what_is_stored_is_read_back(order in orders()) {
        let totals = order.totals();
        let stored = serde_json::to_string(&totals).unwrap();
        prop_assert_eq!(serde_json::from_str::<Totals>(&stored).unwrap(), totals);
        for promotion in &order.facts.promotions {
            let stored = serde_json::to_string(promotion).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Promotion>(&stored).unwrap(), promotion);
        }
    }

    #[test]
    fn no_amount_makes_the_engine_stop(order in orders(), price in 1..=Amount::MAX, quantity in 1..=10_000_i64) {
        let mut order = order;
        for line in &mut order.lines {
            line.unit_price_minor = Some(price);
            line.quantity = quantity.try_into().unwrap();
        }
        if let Ok(totals) = order.told(compute) {
            prop_assert!(!totals.total.is_negative());
        }
    }
}
