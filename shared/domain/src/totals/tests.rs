//! What the engine promises, first by example and then for any order at all.

use super::*;
use crate::money::{CurrencyRules, Rounding};
use crate::payment::OfflineMethod;
use crate::promotion::tests::{off_shipping, off_sku, promotions};
use crate::promotion::{Amount, Promotion};
use crate::stock::Allocation;
use proptest::prelude::*;
use serde_json::json;

fn usd() -> Currency {
    "USD".parse().unwrap()
}

fn money(amount_minor: i64) -> Money {
    Money::new(amount_minor, usd())
}

fn line(id: &str, quantity: i64, price: i64) -> LineInput {
    LineInput {
        line_id: id.parse().unwrap(),
        sku: id.parse().unwrap(),
        name: format!("Thing {id}"),
        quantity: quantity.try_into().unwrap(),
        unit_price_minor: Some(price),
        added_price_minor: price,
        category: None,
        tax_class: "standard".parse().unwrap(),
        weight_g: 100,
        stock: StockVerdict::Available,
        reduced: None,
    }
}

fn rule(class: &str, rate: &str, inclusive: bool) -> TaxRule {
    TaxRule {
        tax_class: class.parse().unwrap(),
        rate: rate.parse().unwrap(),
        inclusive,
        rounding: Rounding::HalfAway,
    }
}

fn rate(method: &str, from: Option<&str>, amount_minor: i64) -> ShippingRate {
    ShippingRate {
        method_id: method.parse().unwrap(),
        name: "Post".to_owned(),
        warehouse_id: from.map(|id| id.parse().unwrap()),
        min_weight_g: 0,
        min_subtotal_minor: 0,
        amount_minor,
    }
}

/// An order as a test states it; [`Order::input`] is what the engine sees.
#[derive(Debug, Clone)]
struct Order {
    currency: Currency,
    lines: Vec<LineInput>,
    origins: Origins,
    tax_rules: Vec<TaxRule>,
    shipping_method: Option<ShippingMethodId>,
    shipping_rates: Vec<ShippingRate>,
    promotions: PromotionFacts,
    gift_wrap: Option<FeeId>,
    offline: Option<OfflineMethod>,
    fees: Vec<Fee>,
}

impl Order {
    /// Ten percent on everything, on top; no shipping chosen.
    fn of(lines: Vec<LineInput>) -> Self {
        Self {
            currency: usd(),
            lines,
            origins: Origins::Unknown,
            tax_rules: vec![rule("standard", "0.1", false), rule("shipping", "0.1", false)],
            shipping_method: None,
            shipping_rates: vec![rate("post", None, 500)],
            promotions: PromotionFacts::default(),
            gift_wrap: None,
            offline: None,
            fees: vec![],
        }
    }

    fn taxed(self, tax_rules: Vec<TaxRule>) -> Self {
        Self { tax_rules, ..self }
    }

    fn shipped(self) -> Self {
        Self { shipping_method: Some("post".parse().unwrap()), ..self }
    }

    fn discounted(self, by: Vec<Promotion>) -> Self {
        Self { promotions: promotions(by), ..self }
    }

    fn input(&self) -> TotalsInput<'_> {
        TotalsInput {
            currency: self.currency,
            lines: &self.lines,
            origins: &self.origins,
            tax_rules: &self.tax_rules,
            choices: Choices {
                shipping_method: self.shipping_method.as_ref(),
                gift_wrap: self.gift_wrap.as_ref(),
                offline: self.offline,
            },
            shipping_rates: &self.shipping_rates,
            promotions: &self.promotions,
            fees: &self.fees,
        }
    }

    fn totals(&self) -> Totals {
        compute(&self.input()).unwrap()
    }

    fn refusal(&self) -> TotalsError {
        compute(&self.input()).unwrap_err()
    }
}

fn explained(totals: &Totals) -> Vec<(&'static str, &str, i64, Option<&str>)> {
    let row = |a: &'_ Adjustment| (a.kind.as_str(), a.amount.amount_minor());
    totals
        .adjustments
        .iter()
        .map(|a| (row(a).0, a.label.as_str(), row(a).1, a.target.as_deref()))
        .collect()
}

#[test]
fn a_whole_order_explains_itself() {
    let order = Order::of(vec![line("b", 1, 1_000), line("a", 2, 1_999)])
        .shipped()
        .discounted(vec![off_shipping(100), off_sku("a", 398)]);
    let totals = order.totals();

    assert_eq!(totals.subtotal, money(4_998));
    assert_eq!(totals.discount, money(498));
    assert_eq!(totals.shipping, Some(money(500)));
    assert_eq!(
        totals.shipping_tax,
        Some(money(40)),
        "tax on shipping is on what is left after discount"
    );
    assert_eq!(totals.tax, money(500));
    assert_eq!(totals.total, money(5_500));
    assert_eq!(
        explained(&totals),
        [
            ("goods", "goods", 4_998, None),
            ("discount", "off a 398", -398, Some("a")),
            ("shipping", "Post", 500, None),
            ("discount", "off shipping", -100, Some("shipping")),
            ("tax", "tax 10%", 460, None),
            ("tax", "tax 10%", 40, Some("shipping")),
        ]
    );
    let lines: Vec<_> =
        totals.lines.iter().map(|l| (l.line_id.as_str(), l.tax_base, l.tax, l.total)).collect();
    assert_eq!(
        lines,
        [
            ("a", money(3_600), money(360), money(3_960)),
            ("b", money(1_000), money(100), money(1_100))
        ]
    );
}

#[test]
fn a_tax_that_prices_hold_is_shown_and_not_added() {
    let order = Order::of(vec![line("a", 1, 1_190)])
        .shipped()
        .taxed(vec![rule("standard", "0.19", true), rule("shipping", "0.19", true)]);
    let totals = order.totals();
    assert_eq!(totals.total, money(1_690));
    assert_eq!(totals.tax, money(190 + 80));
    assert_eq!(totals.lines[0].tax_base, money(1_000));
    assert_eq!(explained(&totals)[2], ("tax_included", "tax 19%, included", 190, None));
}

#[test]
fn a_hundred_lines_of_one_cent_carry_the_tax_of_one_dollar() {
    let lines = (0..100).map(|n| line(&format!("line-{n:03}"), 1, 1)).collect();
    let totals = Order::of(lines).totals();
    assert_eq!(totals.subtotal, money(100));
    assert_eq!(totals.tax, money(10), "each line alone would have been rounded to no tax at all");
    assert_eq!(totals.total, money(110));
    assert_eq!(Money::sum(usd(), totals.lines.iter().map(|l| l.total)), Ok(totals.total));
}

#[test]
fn a_currency_without_decimals_is_only_a_currency() {
    let vnd: Currency = "VND".parse().unwrap();
    let mut order =
        Order::of(vec![line("a", 3, 33_333)]).taxed(vec![rule("standard", "0.08", false)]);
    order.currency = vnd;
    let totals = order.totals();
    // 99,999 at 8 % is 7,999.92.
    assert_eq!(totals.tax, Money::new(8_000, vnd));
    assert_eq!(totals.total, Money::new(107_999, vnd));
}

#[test]
fn lines_of_different_rates_are_rounded_apart() {
    let mut food = line("b", 1, 15);
    food.tax_class = "food".parse().unwrap();
    let rules = vec![rule("standard", "0.1", false), rule("food", "0.05", false)];
    let totals = Order::of(vec![line("a", 1, 15), food]).taxed(rules).totals();
    assert_eq!(totals.lines.iter().map(|l| l.tax.amount_minor()).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(explained(&totals)[1..], [("tax", "tax 5%", 1, None), ("tax", "tax 10%", 2, None)]);
}

#[test]
fn a_half_of_a_cent_of_tax_goes_away_from_zero_unless_the_rule_says_even() {
    let taxed = |rounding| {
        let rules = [("standard", "0.0725"), ("shipping", "0.0725")]
            .map(|(class, rate)| TaxRule { rounding, ..rule(class, rate, false) });
        let mut order = Order::of(vec![line("a", 1, 200)]).shipped().taxed(rules.to_vec());
        order.shipping_rates = vec![rate("post", None, 200)];
        let totals = order.totals();
        (totals.lines[0].tax, totals.shipping_tax, totals.total)
    };
    assert_eq!(taxed(Rounding::HalfAway), (money(15), Some(money(15)), money(430)));
    assert_eq!(taxed(Rounding::HalfEven), (money(14), Some(money(14)), money(428)));
}

#[test]
fn lines_whose_rules_round_otherwise_are_rounded_apart() {
    let mut food = line("b", 1, 200);
    food.tax_class = "food".parse().unwrap();
    let even = TaxRule { rounding: Rounding::HalfEven, ..rule("food", "0.0725", false) };
    let totals = Order::of(vec![line("a", 1, 200), food])
        .taxed(vec![rule("standard", "0.0725", false), even])
        .totals();
    assert_eq!(
        totals.lines.iter().map(|line| line.tax).collect::<Vec<_>>(),
        [money(15), money(14)]
    );
}

#[test]
fn choosing_another_method_never_moves_the_tax_of_a_line() {
    let order = Order::of(vec![line("a", 1, 5), line("b", 1, 14)]);
    let with = |amount| {
        Order { shipping_rates: vec![rate("post", None, amount)], ..order.clone().shipped() }
            .totals()
    };
    let taxes = |totals: &Totals| totals.lines.iter().map(|l| l.tax).collect::<Vec<_>>();
    for amount in 0..20 {
        assert_eq!(taxes(&with(amount)), taxes(&order.totals()));
    }
}

#[test]
fn a_split_order_pays_for_each_parcel_and_says_so() {
    let from = |warehouse: &str, quantity| Allocation {
        sku: "a".parse().unwrap(),
        warehouse_id: warehouse.parse().unwrap(),
        quantity,
    };
    let mut order = Order::of(vec![line("a", 3, 1_000)]).shipped();
    order.origins = Origins::Allocated(vec![from("hanoi", 1), from("newark", 2)]);
    order.shipping_rates.push(rate("post", Some("hanoi"), 300));
    let totals = order.totals();
    assert_eq!(totals.shipping, Some(money(800)));
    assert_eq!(explained(&totals)[1], ("shipping", "Post", 300, Some("hanoi")));
    assert_eq!(explained(&totals)[2], ("shipping", "Post", 500, Some("newark")));
}

#[test]
fn shipping_not_chosen_is_absent_not_nothing() {
    let json = serde_json::to_value(Order::of(vec![line("a", 1, 1_000)]).totals()).unwrap();
    assert_eq!(json.get("shipping"), None);
    assert_eq!(json.get("shipping_tax"), None);
}

#[test]
fn a_missing_part_is_an_error_that_names_it() {
    let good = Order::of(vec![line("a", 1, 1_000)]).shipped();
    let mut unpriced = good.clone();
    unpriced.lines[0].unit_price_minor = None;
    assert_eq!(unpriced.refusal().to_string(), "a has no price in USD; every line needs one");

    let mut free = good.clone();
    free.lines[0].unit_price_minor = Some(0);
    assert!(matches!(free.refusal(), TotalsError::PriceNotPositive { .. }));

    let untaxed = good.clone().taxed(vec![rule("shipping", "0", false)]);
    assert_eq!(
        untaxed.refusal().to_string(),
        "there is no tax rule for class standard at this destination; a rate of zero must be \
         stated too"
    );
    let shipping_untaxed = good.clone().taxed(vec![rule("standard", "0", false)]);
    assert!(matches!(shipping_untaxed.refusal(), TotalsError::TaxMissing { .. }));

    let two_rules =
        good.clone().taxed(vec![rule("standard", "0", false), rule("standard", "0.1", false)]);
    assert!(matches!(two_rules.refusal(), TotalsError::TaxAmbiguous { .. }));

    let unrated = Order { shipping_rates: vec![], ..good.clone() };
    assert_eq!(
        unrated.refusal().to_string(),
        "shipping method post does not serve this order; none does"
    );
    let unallocated = Order { origins: Origins::Allocated(vec![]), ..good.clone() };
    assert!(matches!(
        unallocated.refusal(),
        TotalsError::Shipping(ShippingError::NotAllocated { .. })
    ));

    let twice = Order::of(vec![line("a", 1, 1), line("a", 1, 1)]);
    assert!(matches!(twice.refusal(), TotalsError::LineRepeated { .. }));

    let huge = Order::of(vec![line("a", 2, i64::MAX)]);
    assert!(matches!(huge.refusal(), TotalsError::Money(MoneyError::Overflow)));
    let huge_together = Order::of(vec![line("a", 1, i64::MAX), line("b", 1, i64::MAX)]);
    assert!(matches!(huge_together.refusal(), TotalsError::Money(MoneyError::Overflow)));
    let huge_with_tax = Order::of(vec![line("a", 1, i64::MAX)]);
    assert!(matches!(huge_with_tax.refusal(), TotalsError::Money(MoneyError::Overflow)));
}

#[test]
fn a_discount_never_exceeds_what_it_comes_off() {
    let order = Order::of(vec![line("a", 1, 1_000)]);
    let too_much = vec![off_sku("a", 600), off_sku("a", 401), off_shipping(501), off_sku("b", 1)];
    let free = order.shipped().discounted(too_much).totals();
    assert_eq!((free.total, free.tax), (money(0), money(0)));
    let taken: Vec<Money> = free.promotions.iter().map(|used| used.amount).collect();
    assert_eq!(taken, [money(401), money(599), money(500)]);
}

fn fee(id: &str, class: &str, amount_minor: i64) -> Fee {
    Fee {
        fee_id: id.parse().unwrap(),
        kind: FeeKind::Handling,
        name: format!("Fee {id}"),
        amount_minor,
        free_from_minor: None,
        up_to_minor: None,
        tax_class: class.parse().unwrap(),
    }
}

#[test]
fn a_fee_has_its_own_tax_and_no_discount_touches_it() {
    let mut order = Order::of(vec![line("a", 1, 1_000)]).shipped().taxed(vec![
        rule("standard", "0.1", false),
        rule("shipping", "0", false),
        rule("service", "0.25", true),
    ]);
    order.fees = vec![fee("wrap", "service", 500), fee("box", "standard", 205)];
    let totals = order.clone().discounted(vec![off_sku("a", 1_000), off_shipping(500)]).totals();
    let fees: Vec<_> = totals.fees.iter().map(|f| (f.amount, f.tax_base, f.tax, f.total)).collect();
    assert_eq!(
        fees,
        [
            (money(205), money(205), money(21), money(226)),
            (money(500), money(400), money(100), money(500))
        ]
    );
    assert_eq!((totals.total, totals.tax), (money(726), money(121)));
    assert_eq!(
        explained(&totals),
        [
            ("goods", "goods", 1_000, None),
            ("discount", "off a 1000", -1_000, Some("a")),
            ("fee", "Fee box", 205, Some("box")),
            ("fee", "Fee wrap", 500, Some("wrap")),
            ("shipping", "Post", 500, None),
            ("discount", "off shipping", -500, Some("shipping")),
            ("tax", "tax 10%", 0, None),
            ("tax", "tax 10%", 21, Some("box")),
            ("tax_included", "tax 25%, included", 100, Some("wrap")),
            ("tax", "tax 0%", 0, Some("shipping")),
        ]
    );
    assert!(Quote::of(&totals).to_string().contains("\nfee box - - - - 21 226\n"));

    order.fees.push(fee("box", "standard", 1));
    assert!(matches!(order.refusal(), TotalsError::FeeRepeated { .. }));
    order.fees = vec![fee("box", "standard", -1)];
    assert!(matches!(order.refusal(), TotalsError::FeeNegative { .. }));
    order.fees = vec![fee("box", "other", 1)];
    assert!(matches!(order.refusal(), TotalsError::TaxMissing { .. }));
}

#[test]
fn an_order_has_the_fees_that_it_asks_for_and_not_those_it_is_worth_too_much_for() {
    let wrap = |id: &str, free_from_minor| Fee {
        kind: FeeKind::GiftWrap,
        free_from_minor,
        ..fee(id, "standard", 300)
    };
    let small =
        |free_from| Fee { free_from_minor: Some(free_from), ..fee("small", "standard", 99) };
    let mut order = Order::of(vec![line("a", 1, 1_000)]).discounted(vec![off_sku("a", 400)]);
    let mut fees = |fees: Vec<Fee>, wrapped: Option<&str>| {
        order.fees = fees;
        order.gift_wrap = wrapped.map(|id| id.parse().unwrap());
        let totals = compute(&order.input())?;
        Ok(totals.fees.iter().map(|f| (f.fee_id.to_string(), f.amount.amount_minor())).collect())
    };
    let had = |had: &[(&str, i64)]| {
        Ok(had.iter().map(|(id, n)| ((*id).to_owned(), *n)).collect::<Vec<_>>())
    };
    let both = || vec![wrap("red", None), wrap("blue", Some(1_000))];
    assert_eq!(fees(both(), None), had(&[]));
    assert_eq!(fees(both(), Some("red")), had(&[("red", 300)]));
    assert_eq!(fees(both(), Some("blue")), had(&[("blue", 0)]), "somebody has to wrap it");
    // The goods are worth 1,000 before the discount.
    assert_eq!(fees(vec![small(1_000)], None), had(&[]));
    assert_eq!(fees(vec![small(1_001)], None), had(&[("small", 99)]));
    let green = || Some("green");
    let none_of_it = |refused: Result<Vec<_>, _>| match refused {
        Err(TotalsError::GiftWrapUnavailable { fee_id }) => fee_id.as_str() == "green",
        other => panic!("{other:?}"),
    };
    assert!(none_of_it(fees(both(), green())));
    assert!(none_of_it(fees(vec![fee("green", "standard", 5)], green())), "it is no wrap");

    let empty = Order { fees: vec![fee("box", "standard", 100)], ..Order::of(vec![]) };
    assert_eq!(empty.totals().total, money(0));
}

#[test]
fn the_methods_listed_are_those_that_can_be_chosen_at_that_price() {
    let mut order = Order::of(vec![line("a", 1, 1_000)]);
    order.shipping_rates.push(rate("express", None, 900));
    for quote in list_shipping_methods(&order.input()).unwrap() {
        let chosen = Order { shipping_method: Some(quote.method_id.clone()), ..order.clone() };
        assert_eq!(chosen.totals().shipping, Some(quote.amount));
    }
}

#[test]
fn the_reply_is_what_the_interface_says_and_can_be_read_back() {
    let mut order = Order::of(vec![line("a", 2, 1_999)]);
    order.lines[0].added_price_minor = 1_899;
    order.lines[0].stock = StockVerdict::Short { available: 1 };
    let totals = order.totals();
    let json = serde_json::to_value(&totals).unwrap();
    let usd =
        |amount_minor: i64| serde_json::json!({"amount_minor": amount_minor, "currency": "USD"});
    assert_eq!(
        json,
        serde_json::json!({
            "currency": "USD",
            "lines": [{
                "line_id": "a", "sku": "a", "name": "Thing a", "quantity": 2,
                "unit_price": usd(1_999), "added_price": usd(1_899), "price_changed": true,
                "subtotal": usd(3_998), "discount": usd(0),
                "tax": usd(400), "tax_rate": "0.1", "tax_base": usd(3_998), "tax_inclusive": false,
                "total": usd(4_398), "stock": "short", "available": 1,
            }],
            "subtotal": usd(3_998), "discount": usd(0), "tax": usd(400), "total": usd(4_398),
            "adjustments": [
                {"kind": "goods", "label": "goods", "amount": usd(3_998)},
                {"kind": "tax", "label": "tax 10%", "amount": usd(400)},
            ],
        })
    );
    assert_eq!(serde_json::from_value::<Totals>(json).unwrap(), totals);
}

#[test]
fn a_preview_warns_of_what_does_not_stop_it() {
    let mut order = Order::of(vec![line("a", 2, 1_999), line("b", 1, 1), line("c", 1, 1)]);
    order.lines[0].added_price_minor = 1_899;
    order.lines[0].stock = StockVerdict::Short { available: 1 };
    order.lines[1].stock = StockVerdict::Unknown;
    let found = warnings(&order.totals());
    let texts: Vec<(&str, &str)> =
        found.iter().map(|w| (w.code.as_str(), w.detail.as_str())).collect();
    assert_eq!(
        texts,
        [
            ("price_changed", "a cost 1899 USD when it was added and costs 1999 USD now"),
            ("insufficient_stock", "a is short: 2 in the cart, 1 available"),
            ("stock_unknown", "whether b is in stock is not known just now"),
        ]
    );
}

#[test]
fn a_fingerprint_changes_with_the_money_and_with_nothing_else() {
    let order = Order::of(vec![line("a", 2, 1_999)]).shipped();
    let print = |order: &Order| Quote::of(&order.totals()).to_string();
    assert_eq!(
        print(&order),
        "quote-2 USD 4948\nline a 2 - 1999 0 400 4398\nshipping post - - - 0 50 550"
    );

    let mut same_money = order.clone();
    same_money.lines[0].name = "Renamed".to_owned();
    same_money.lines[0].added_price_minor = 1;
    same_money.lines[0].stock = StockVerdict::Unknown;
    assert_eq!(print(&same_money), print(&order));

    // The same total made another way is another quote.
    let discounted = Order { shipping_rates: vec![rate("post", None, 600)], ..order.clone() };
    assert_ne!(print(&discounted.discounted(vec![off_shipping(100)])), print(&order));
    let mut dearer = order.clone();
    dearer.lines[0].unit_price_minor = Some(2_000);
    assert_ne!(print(&dearer), print(&order));
}

#[test]
fn what_moved_between_two_quotes_is_told_part_by_part() {
    let order = Order::of(vec![line("a", 2, 1_999), line("b", 1, 500)]).shipped();
    let shown = Quote::of(&order.totals());
    assert_eq!(shown.differences(&shown), []);

    let mut moved = order.clone();
    moved.lines[0].unit_price_minor = Some(2_000);
    moved.lines[1] = line("c", 1, 500);
    let moved = moved.discounted(vec![off_shipping(100)]);
    let told = shown.differences(&Quote::of(&moved.totals()));
    let parts: Vec<_> = told
        .iter()
        .map(|it| (it.part, it.id.as_str(), it.before.is_some(), it.after.is_some()))
        .collect();
    assert_eq!(
        parts,
        [
            (QuotePart::Line, "a", true, true),
            (QuotePart::Line, "b", true, false),
            (QuotePart::Shipping, "post", true, true),
            (QuotePart::Line, "c", false, true),
            (QuotePart::Promotion, "off-shipping", false, true),
        ]
    );
    let a = &told[0];
    let price = |figures: Option<Figures>| figures.unwrap().unit_price_minor.unwrap();
    assert_eq!((price(a.before), price(a.after)), (1_999, 2_000));
    assert_eq!(
        json!(told[2]),
        json!({
            "part": "shipping", "id": "post",
            "before": { "discount_minor": 0, "tax_minor": 50, "total_minor": 550 },
            "after": { "discount_minor": 100, "tax_minor": 40, "total_minor": 440 },
        })
    );
}

#[test]
fn a_text_that_is_no_quote_is_none() {
    let text = Quote::of(&Order::of(vec![line("a", 2, 1_999)]).totals()).to_string();
    assert!(Quote::try_from(text.clone()).is_ok());
    for broken in [
        String::new(),
        text.replace("quote-2", "quote-1"),
        text.replace("USD", "dollars"),
        text.replace("line", "thing"),
        text.replace(" -", " none"),
        format!("{text}\nfee box -"),
    ] {
        assert!(Quote::try_from(broken.clone()).is_err(), "{broken}");
    }
}

// CHK-11
#[test]
fn an_order_that_is_paid_offline_has_the_first_fee_that_serves_it() {
    for (kind, method) in [
        (FeeKind::CashOnDelivery, OfflineMethod::CashOnDelivery),
        (FeeKind::External, OfflineMethod::External),
    ] {
        has_the_first_that_serves_it(kind, method);
    }
    let mut order = Order::of(vec![line("a", 1, 1_000)]);
    order.fees = vec![Fee { kind: FeeKind::CashOnDelivery, ..fee("door", "standard", 300) }];
    order.offline = Some(OfflineMethod::External);
    let refusal = TotalsError::OfflineUnavailable { method: OfflineMethod::External };
    assert_eq!(order.refusal(), refusal, "the fee for the one way is none for the other");
}

fn has_the_first_that_serves_it(kind: FeeKind, method: OfflineMethod) {
    let unavailable = TotalsError::OfflineUnavailable { method };
    let at_the_door = |id: &str, amount_minor, up_to_minor| Fee {
        kind,
        up_to_minor,
        ..fee(id, "standard", amount_minor)
    };
    let mut order = Order::of(vec![line("a", 1, 1_000)]);
    order.fees = vec![at_the_door("far", 300, None), at_the_door("door", 200, Some(1_000))];
    let ids = |order: &Order| -> Vec<String> {
        order.totals().fees.iter().map(|fee| fee.fee_id.to_string()).collect()
    };
    assert_eq!(ids(&order), [""; 0], "it is paid otherwise");
    order.offline = Some(method);
    assert_eq!((ids(&order), order.totals().total), (vec!["door".to_owned()], money(1_320)));
    order.lines[0].quantity = 2.try_into().unwrap();
    assert_eq!(ids(&order), ["far"], "the goods are worth more than the first is for");
    order.fees.remove(0);
    assert_eq!(order.refusal(), unavailable);
    order.fees.clear();
    assert_eq!(order.refusal(), unavailable);
    order.fees.push(Fee { free_from_minor: Some(500), ..at_the_door("free", 200, None) });
    assert_eq!(order.totals().fees[0].total, money(0), "and somebody has to take the money");
}

fn rules() -> CurrencyRules {
    CurrencyRules { currency: usd(), minor_digits: 2, minimum_minor: 50, ceiling_minor: 500_000 }
}

fn payable_of(price: i64) -> Result<Payable, PayableError> {
    let order = Order::of(vec![line("a", 1, price)]).taxed(vec![rule("standard", "0", false)]);
    check_payable(&order.totals(), &rules())
}

#[test]
fn a_payment_is_within_its_bounds_and_the_bounds_are_within() {
    assert_eq!(payable_of(50), Ok(Payable::Charge(money(50))));
    assert_eq!(payable_of(500_000), Ok(Payable::Charge(money(500_000))));
    assert_eq!(
        payable_of(49),
        Err(PayableError::BelowMinimum { total: money(49), minimum: money(50), rules: rules() })
    );
    assert_eq!(
        payable_of(500_001).unwrap_err().to_string(),
        "5000.01 USD is above the ceiling of 5000.00 USD for one payment"
    );
}

#[test]
fn each_way_a_total_cannot_be_paid_has_its_own_name() {
    let totals = Order::of(vec![line("a", 1, 1_000)]).totals();
    let refusal = |totals: &Totals| check_payable(totals, &rules()).unwrap_err();
    assert_eq!(refusal(&Order::of(vec![]).totals()), PayableError::EmptyCart);
    assert_eq!(
        refusal(&Totals { total: money(-1), ..totals.clone() }),
        PayableError::Negative { total: money(-1), rules: rules() }
    );
    let mut unpriced = totals.clone();
    unpriced.lines[0].unit_price = money(0);
    unpriced.total = money(0);
    assert_eq!(refusal(&unpriced), PayableError::ZeroFromUnpriced);
    let dong = CurrencyRules { currency: "VND".parse().unwrap(), ..rules() };
    assert!(matches!(check_payable(&totals, &dong), Err(PayableError::CurrencyUnsupported { .. })));
}

#[test]
fn a_total_of_zero_by_discount_is_legitimate_and_charges_nothing() {
    let free = Order::of(vec![line("a", 1, 1_000)]).discounted(vec![off_sku("a", 1_000)]).totals();
    assert_eq!(check_payable(&free, &rules()), Ok(Payable::Nothing));
}

#[test]
fn a_total_has_moved_beyond_the_tolerance_or_by_any_increase_if_so_set() {
    let moved = |agreed, current, any_increase| {
        total_moved(money(agreed), money(current), 500, any_increase)
    };
    assert!(!moved(10_000, 10_000, true));
    assert!(!moved(10_000, 10_500, false), "exactly five percent is within");
    assert!(moved(10_000, 10_501, false));
    assert!(!moved(10_000, 9_500, true));
    assert!(moved(10_000, 9_499, true), "down counts too");
    assert!(moved(10_000, 10_001, true));
    assert!(moved(0, 1, false));
    assert!(moved(i64::MIN, i64::MAX, false));
    assert!(total_moved(money(1), Money::new(1, "VND".parse().unwrap()), 10_000, false));
}

/// Any order: up to thirty lines over three classes, with discounts, with or without shipping, in
/// any tax regime.
fn orders() -> impl Strategy<Value = Order> {
    let one_line = (1..=20_i64, 1..=100_000_i64, 0..3_usize, 0..=100_i64);
    let one_rule = (0..=1_000_000_u32, any::<bool>(), prop::sample::select(Rounding::ALL));
    let lines = prop::collection::vec(one_line, 1..30);
    let fees = prop::collection::vec((0..=5_000_i64, 0..3_usize), 0..3);
    let shipping = (0..=5_000_i64, 0..=100_i64, any::<bool>());
    (lines, prop::collection::vec(one_rule, 4), fees, shipping).prop_map(
        |(lines, tax, fees, (shipping, shipping_discount, is_shipped))| {
            let classes = ["standard", "reduced", "food", "shipping"];
            let of_rule =
                |(class, (millionths, inclusive, rounding)): (&&str, &(u32, bool, Rounding))| {
                    TaxRule {
                        tax_class: class.parse().unwrap(),
                        rate: format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000)
                            .parse()
                            .unwrap(),
                        inclusive: *inclusive,
                        rounding: *rounding,
                    }
                };
            let tax_rules = classes.iter().zip(&tax).map(of_rule).collect();
            let mut order = Order::of(vec![]).taxed(tax_rules);
            let mut by = Vec::new();
            for (n, (quantity, price, class, percent)) in lines.into_iter().enumerate() {
                let id = format!("line-{n}");
                if let Ok(off) = Amount::try_from(price * quantity * percent / 100) {
                    by.push(off_sku(&id, off.get()));
                }
                order.lines.push(LineInput {
                    tax_class: classes[class].parse().unwrap(),
                    ..line(&id, quantity, price)
                });
            }
            for (n, (amount, class)) in fees.into_iter().enumerate() {
                order.fees.push(fee(&format!("fee-{n}"), classes[class], amount));
            }
            order.shipping_rates = vec![rate("post", None, shipping)];
            if is_shipped {
                if let Ok(off) = Amount::try_from(shipping * shipping_discount / 100) {
                    by.push(off_shipping(off.get()));
                }
                order = order.shipped();
            }
            order.discounted(by)
        },
    )
}

proptest! {
    #[test]
    fn the_lines_and_the_shipping_always_sum_to_the_total(order in orders()) {
        let totals = order.totals();
        let sum = |of: fn(&LineTotals) -> Money| Money::sum(usd(), totals.lines.iter().map(of)).unwrap();
        let shipping = totals.shipping_method.as_ref().map_or(money(0), |shipping| shipping.total);
        let shipping_discount = totals.shipping_method.as_ref().map_or(money(0), |shipping| shipping.discount);
        let fees = |of: fn(&FeeTotals) -> Money| Money::sum(usd(), totals.fees.iter().map(of)).unwrap();
        let sum_of_all = sum(|l| l.total).checked_add(shipping).and_then(|sum| sum.checked_add(fees(|f| f.total)));
        prop_assert_eq!(sum_of_all, Ok(totals.total));
        let taxes = sum(|l| l.tax).checked_add(fees(|f| f.tax)).unwrap();
        prop_assert_eq!(taxes.checked_add(totals.shipping_tax.unwrap_or(money(0))), Ok(totals.tax));
        prop_assert_eq!(sum(|l| l.discount).checked_add(shipping_discount), Ok(totals.discount));
        prop_assert_eq!(sum(|l| l.subtotal), totals.subtotal);
    }

    #[test]
    fn base_and_tax_make_every_total_and_none_is_negative(order in orders()) {
        let totals = order.totals();
        let fees = totals.fees.iter().map(|f| (f.tax_base, f.tax, f.total));
        let shipping = totals.shipping_method.iter().zip(totals.shipping_tax).map(|(s, tax)| (s.tax_base, tax, s.total));
        for (base, tax, total) in totals.lines.iter().map(|l| (l.tax_base, l.tax, l.total)).chain(fees).chain(shipping) {
            prop_assert_eq!(base.checked_add(tax), Ok(total));
            prop_assert!(!base.is_negative() && !tax.is_negative());
        }
    }

    #[test]
    fn the_adjustments_sum_to_the_total(order in orders()) {
        let totals = order.totals();
        let steps = totals.adjustments.iter().filter(|a| a.kind.adds_to_total()).map(|a| a.amount);
        prop_assert_eq!(Money::sum(usd(), steps), Ok(totals.total));
        let taxes = [AdjustmentKind::Tax, AdjustmentKind::TaxIncluded];
        let taxes = totals.adjustments.iter().filter(|a| taxes.contains(&a.kind)).map(|a| a.amount);
        prop_assert_eq!(Money::sum(usd(), taxes), Ok(totals.tax));
    }

    #[test]
    fn the_order_of_the_lines_does_not_matter(
        (order, shuffled) in orders().prop_flat_map(|order| {
            let lines = order.lines.clone();
            (Just(order), Just(lines).prop_shuffle())
        })
    ) {
        let other = Order { lines: shuffled, ..order.clone() };
        prop_assert_eq!(order.totals(), other.totals());
    }

    #[test]
    fn a_confirm_computes_what_the_preview_showed(order in orders()) {
        let preview = order.totals();
        let stored = serde_json::to_string(&preview).unwrap();
        let confirm = order.clone().totals();
        let quote = Quote::of(&preview);
        prop_assert_eq!(&quote, &Quote::of(&confirm));
        prop_assert_eq!(quote.differences(&quote), []);
        prop_assert_eq!(Quote::try_from(quote.to_string()), Ok(quote));
        prop_assert_eq!(serde_json::from_str::<Totals>(&stored).unwrap(), confirm);
    }

    #[test]
    fn the_tax_of_a_group_is_rounded_once(prices in prop::collection::vec(1..=1_000_i64, 1..50)) {
        let lines: Vec<_> = prices.iter().enumerate().map(|(n, price)| line(&format!("l{n}"), 1, *price)).collect();
        let whole = Order::of(vec![line("all", 1, prices.iter().sum())]);
        prop_assert_eq!(Order::of(lines).totals().tax, whole.totals().tax);
    }

    #[test]
    fn no_input_makes_the_engine_stop(price: i64, quantity in 1..=10_000_i64, weight_g: i64, shipping: i64, off in 1..=Amount::MAX) {
        let mut order = Order::of(vec![line("a", quantity, price), line("b", quantity, price)])
            .shipped()
            .discounted(vec![off_sku("a", off), off_shipping(off)]);
        order.lines[0].weight_g = weight_g;
        order.shipping_rates = vec![rate("post", None, shipping)];
        if let Ok(totals) = compute(&order.input()) {
            prop_assert!(!totals.total.is_negative());
        }
    }
}
