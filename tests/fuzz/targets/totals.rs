//! What an order costs, over any cart, rules, rates and promotions. Nothing overflows; what has a
//! total has one that its parts sum to, for every line and for the shipping; the order of what goes
//! in means nothing; and the listed methods are the ones that can be chosen.
#![no_main]
#![expect(clippy::expect_used, reason = "a target says by a panic that something does not hold")]

use arbitrary::Arbitrary;
use domain::{
    ids::{LineId, ShippingMethodId, Sku, TaxClass, WarehouseId},
    money::{Currency, CurrencyRules, Money, Rounding, allocate},
    promotion::{Promotion, PromotionFacts},
    quantity::Quantity,
    shipping::{Origins, ShippingRate},
    stock::{Allocation, StockVerdict},
    tax::{TaxRate, TaxRule},
    totals::{
        Choices, Fee, FeeKind, LineInput, Payable, Quote, Totals, TotalsInput, check_payable,
        compute, list_shipping_methods, suggestions, total_moved,
    },
};
use serde_json::{Value, json};

#[derive(Arbitrary, Debug)]
struct Input {
    lines: Vec<Line>,
    origins: Origin,
    rules: Vec<(u8, u32, bool)>,
    method: Option<u8>,
    rates: Vec<Rate>,
    fees: Vec<Amount>,
    offers: Vec<Offer>,
    codes: Vec<u8>,
    weights: Vec<u64>,
    whole: i64,
    tolerance: (i64, i64, u32, bool),
    bounds: (i64, i64),
}

#[derive(Arbitrary, Clone, Debug)]
struct Line {
    id: u8,
    sku: u8,
    quantity: u16,
    price: Option<Amount>,
    class: u8,
    weight_g: Amount,
}

/// Mostly what a shop has, and sometimes anything.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Amount {
    Small(u16),
    Large(u32),
    Any(i64),
}

impl Amount {
    fn get(self) -> i64 {
        match self {
            Self::Small(amount) => amount.into(),
            Self::Large(amount) => amount.into(),
            Self::Any(amount) => amount,
        }
    }
}

#[derive(Arbitrary, Debug)]
struct Offer {
    kind: u8,
    target: u8,
    numbers: (u16, u16),
    amount: Amount,
    stacking: u8,
    priority: i32,
    cap: Option<Amount>,
    minimum: Option<Amount>,
    code: bool,
}

#[derive(Arbitrary, Debug)]
enum Origin {
    Unknown,
    One,
    Exactly { split: u16 },
    Any(Vec<(u8, u8, i64)>),
}

#[derive(Arbitrary, Debug)]
struct Rate {
    method: u8,
    warehouse: Option<u8>,
    min_weight_g: Amount,
    min_subtotal: Amount,
    amount: Amount,
}

fn named<T: std::str::FromStr<Err: std::fmt::Debug>>(prefix: &str, number: u8) -> T {
    format!("{prefix}{}", number % 4).parse().expect("an id")
}

fn class(number: u8) -> TaxClass {
    if number % 4 == 3 { TaxClass::shipping() } else { named("t", number) }
}

libfuzzer_sys::fuzz_target!(|input: Input| {
    let dollars: Currency = "USD".parse().expect("a currency");
    shares(Money::new(input.whole, dollars), &input.weights);
    tolerance(input.tolerance, dollars);

    let lines: Vec<LineInput> = input
        .lines
        .iter()
        .enumerate()
        .map(|(number, line)| of_cart(number, line, &input.lines))
        .collect();
    let origins = origins(&input, &lines);
    let rules: Vec<TaxRule> = input.rules.iter().map(rule).collect();
    let rates: Vec<ShippingRate> = input.rates.iter().map(rate).collect();
    let facts = facts(&input);
    let fees: Vec<Fee> =
        input.fees.iter().enumerate().map(|(number, amount)| fee(number, *amount)).collect();
    let method: Option<ShippingMethodId> = input.method.map(|number| named("m", number));
    let asked = TotalsInput {
        currency: dollars,
        lines: &lines,
        origins: &origins,
        tax_rules: &rules,
        choices: Choices { shipping_method: method.as_ref(), gift_wrap: None, offline: None },
        shipping_rates: &rates,
        promotions: &facts,
        fees: &fees,
    };
    let totals = compute(&asked);
    let (mut turned_lines, mut turned_rules, mut turned_rates) =
        (lines.clone(), rules.clone(), rates.clone());
    turned_lines.reverse();
    turned_rules.reverse();
    turned_rates.reverse();
    let mut turned_facts = facts.clone();
    turned_facts.promotions.reverse();
    turned_facts.known_codes.reverse();
    let turned = compute(&TotalsInput {
        lines: &turned_lines,
        tax_rules: &turned_rules,
        shipping_rates: &turned_rates,
        promotions: &turned_facts,
        ..asked.clone()
    });
    let Ok(totals) = totals else {
        assert!(turned.is_err(), "there is a total of the same in another order");
        return;
    };
    let turned = turned.expect("a total of the same in another order");
    assert_eq!(
        (&totals.total, Quote::of(&totals), &totals.refused_codes),
        (&turned.total, Quote::of(&turned), &turned.refused_codes)
    );
    suggestions(&asked).expect("what is priced has suggestions, or none");
    adds_up(&totals, &lines);
    if let Some(chosen) = &totals.shipping_method {
        let listed = list_shipping_methods(&asked).expect("the methods");
        let found = listed
            .iter()
            .find(|quote| quote.method_id == chosen.method_id)
            .expect("the chosen one");
        assert_eq!(Some(found.amount), totals.shipping);
        assert!(found.discount.map_or(chosen.discount.is_zero(), |off| off == chosen.discount));
    }
    let (minimum_minor, ceiling_minor) = input.bounds;
    let bounds = CurrencyRules { currency: dollars, minor_digits: 2, minimum_minor, ceiling_minor };
    match check_payable(&totals, &bounds) {
        Ok(Payable::Charge(amount)) => {
            assert!(
                amount == totals.total
                    && amount.is_positive()
                    && (minimum_minor..=ceiling_minor).contains(&amount.amount_minor())
            );
        }
        Ok(Payable::Nothing) => assert!(totals.total.is_zero() && totals.discount.is_positive()),
        Err(_) => {}
    }
});

/// Two lines of one SKU weigh the same, and no thing weighs less than nothing.
fn of_cart(number: usize, line: &Line, all: &[Line]) -> LineInput {
    let weight_g = all
        .iter()
        .find(|other| other.sku % 4 == line.sku % 4)
        .map_or(0, |first| first.weight_g.get().max(0));
    LineInput {
        line_id: format!("l{}", if line.id == 0 { 0 } else { number })
            .parse::<LineId>()
            .expect("an id"),
        sku: named("s", line.sku),
        name: String::new(),
        quantity: Quantity::try_from(i64::from(line.quantity) % 10_000 + 1).expect("a quantity"),
        unit_price_minor: line.price.map(Amount::get),
        added_price_minor: 1,
        category: None,
        tax_class: class(line.class),
        weight_g,
        stock: StockVerdict::Available,
        reduced: None,
    }
}

fn origins(input: &Input, lines: &[LineInput]) -> Origins {
    let allocation = |sku: &Sku, warehouse: u8, quantity: i64| Allocation {
        sku: sku.clone(),
        warehouse_id: named("w", warehouse),
        quantity,
    };
    match &input.origins {
        Origin::Unknown => Origins::Unknown,
        Origin::One => Origins::One(named::<WarehouseId>("w", 0)),
        Origin::Exactly { split } => {
            let parts = lines.iter().flat_map(|line| {
                let first = line.quantity.get().min(i64::from(*split));
                [(0, first), (1, line.quantity.get() - first)]
                    .map(|(warehouse, quantity)| allocation(&line.sku, warehouse, quantity))
            });
            Origins::Allocated(parts.filter(|part| part.quantity > 0).collect())
        }
        Origin::Any(parts) => Origins::Allocated(
            parts
                .iter()
                .map(|(sku, from, quantity)| allocation(&named("s", *sku), *from, *quantity))
                .collect(),
        ),
    }
}

fn rule((number, millionths, inclusive): &(u8, u32, bool)) -> TaxRule {
    let rate: TaxRate = format!("0.{:06}", millionths % 1_000_000).parse().expect("a rate");
    let rounding = if millionths % 2 == 0 { Rounding::HalfAway } else { Rounding::HalfEven };
    TaxRule { tax_class: class(*number), rate, inclusive: *inclusive, rounding }
}

fn rate(rate: &Rate) -> ShippingRate {
    ShippingRate {
        method_id: named("m", rate.method),
        name: String::new(),
        warehouse_id: rate.warehouse.map(|number| named("w", number)),
        min_weight_g: rate.min_weight_g.get(),
        min_subtotal_minor: rate.min_subtotal.get(),
        amount_minor: rate.amount.get(),
    }
}

/// Those of the promotions that can be read, each once, and a code for every second.
fn facts(input: &Input) -> PromotionFacts {
    let offers = input.offers.iter().take(12).enumerate();
    let promotions: Vec<Promotion> = offers
        .filter_map(|(number, offer)| serde_json::from_value(promotion(number, offer)).ok())
        .collect();
    let known = promotions.iter().step_by(2).map(|promotion| {
        json!({ "code": promotion.promotion_id, "promotion_id": promotion.promotion_id })
    });
    let known: Vec<Value> = known.collect();
    let codes: Vec<String> =
        input.codes.iter().take(5).map(|number| format!("P{}", number % 13)).collect();
    PromotionFacts {
        promotions,
        codes: serde_json::from_value(json!(codes)).expect("at most five codes"),
        known_codes: serde_json::from_value(json!(known)).expect("codes"),
        ..PromotionFacts::default()
    }
}

fn promotion(number: usize, offer: &Offer) -> Value {
    let (one, two) = offer.numbers;
    let (price, skus) = (offer.amount.get(), json!({ "skus": [format!("s{}", one % 4)] }));
    let kind = match offer.kind % 8 {
        0 => json!({ "percent": { "basis_points": one } }),
        1 => json!({ "fixed_amount": { "amount_minor": price } }),
        2 => json!({ "fixed_price": { "unit_price_minor": price } }),
        3 => json!({ "buy_x_get_y": { "buy": one, "get": two, "basis_points": 10_000 } }),
        4 => {
            json!({ "buy_x_get_y": { "buy": one, "bought": skus, "get": two, "basis_points": 1 } })
        }
        5 => json!({ "free_shipping": {} }),
        6 => {
            json!({ "tiered": { "prices": [{ "from_quantity": one, "unit_price_minor": price }] } })
        }
        _ => json!({ "bundle": { "price_minor": price, "parts": [
            { "sku": "s0", "quantity": one }, { "sku": "s1", "quantity": two },
        ] } }),
    };
    let target = match offer.target % 3 {
        0 => json!("goods"),
        1 => json!({ "selected": skus }),
        _ => json!("shipping"),
    };
    let stacking = match offer.stacking % 4 {
        0 => json!("alone"),
        1 => json!({ "one_of": "first" }),
        2 => json!({ "one_of": "second" }),
        _ => json!("freely"),
    };
    json!({ "promotion_id": format!("p{number}"), "version": 1, "rule": {
        "name": "off", "kind": kind, "target": target, "currency": "USD", "stacking": stacking,
        "priority": offer.priority, "caps": { "per_order_minor": offer.cap.map(Amount::get) },
        "conditions": {
            "code": offer.code, "minimum_subtotal_minor": offer.minimum.map(Amount::get),
        },
    } })
}

fn fee(number: usize, amount: Amount) -> Fee {
    Fee {
        fee_id: format!("f{number}").parse().expect("an id"),
        kind: FeeKind::Handling,
        name: String::new(),
        amount_minor: amount.get(),
        free_from_minor: None,
        up_to_minor: None,
        tax_class: class(0),
    }
}

fn adds_up(totals: &Totals, lines: &[LineInput]) {
    let sum = |amounts: &mut dyn Iterator<Item = Money>| {
        amounts.map(|amount| i128::from(amount.amount_minor())).sum::<i128>()
    };
    let of = |amount: Money| i128::from(amount.amount_minor());
    let shipping = totals.shipping_method.as_ref();
    assert_eq!(totals.lines.len(), lines.len());
    for line in &totals.lines {
        let price = of(line.unit_price) * i128::from(line.quantity.get());
        assert_eq!(of(line.subtotal), price);
        assert_eq!(of(line.tax_base) + of(line.tax), of(line.total));
        let paid = price - of(line.discount) + if line.tax_inclusive { 0 } else { of(line.tax) };
        assert_eq!(of(line.total), paid);
        assert!(
            !line.total.is_negative()
                && !line.tax.is_negative()
                && !line.discount.is_negative()
                && !line.tax_base.is_negative()
        );
    }
    assert_eq!(sum(&mut totals.lines.iter().map(|line| line.subtotal)), of(totals.subtotal));
    assert_eq!(
        sum(&mut totals
            .lines
            .iter()
            .map(|line| line.total)
            .chain(totals.fees.iter().map(|fee| fee.total))
            .chain(shipping.map(|it| it.total))),
        of(totals.total)
    );
    assert_eq!(
        sum(&mut totals
            .lines
            .iter()
            .map(|line| line.tax)
            .chain(totals.fees.iter().map(|fee| fee.tax))
            .chain(totals.shipping_tax)),
        of(totals.tax)
    );
    assert_eq!(
        sum(&mut totals
            .lines
            .iter()
            .map(|line| line.discount)
            .chain(shipping.map(|it| it.discount))),
        of(totals.discount)
    );
    let steps = totals.adjustments.iter().filter(|step| step.kind.adds_to_total());
    assert_eq!(
        sum(&mut steps.map(|step| step.amount)),
        of(totals.total),
        "the steps do not lead to the total"
    );
}

fn shares(whole: Money, weights: &[u64]) {
    let Ok(parts) = allocate(whole, weights) else {
        assert!(weights.iter().all(|weight| *weight == 0));
        return;
    };
    assert_eq!(parts.len(), weights.len());
    let sum: i128 = parts.iter().map(|part| i128::from(part.amount_minor())).sum();
    assert!(sum == i128::from(whole.amount_minor()) || weights.is_empty() && whole.is_zero());
    for (part, weight) in parts.iter().zip(weights) {
        assert!(*weight > 0 || part.is_zero());
        assert!(part.is_zero() || part.is_negative() == whole.is_negative());
    }
}

fn tolerance((agreed, current, points, any): (i64, i64, u32, bool), dollars: Currency) {
    let (agreed, current) = (Money::new(agreed, dollars), Money::new(current, dollars));
    assert!(!total_moved(agreed, agreed, points, any));
    assert!(
        !total_moved(agreed, current, points, false) || total_moved(agreed, current, points, true)
    );
    assert!(
        points == 0
            || !total_moved(agreed, current, points, any)
            || total_moved(agreed, current, points - 1, any)
    );
}
