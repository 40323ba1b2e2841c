//! The tables an operator fills (CAT-2): each command's whole effect, what it refuses, and its
//! history (SEC-4).

use serde_json::{Value, json};
use store::{Command, Refusal, StoreError, sql};

use super::{
    shopper::{shopper, with},
    support::{Database, SharedShop, shop},
};

fn of(subject: &str, rest: Value) -> Value {
    with(json!({"subject": subject, "actor": "service:desk"}), rest)
}

fn warehouse(name: &str) -> Value {
    of(
        "warehouse/wh-basel",
        json!({"warehouse_id": "wh-basel", "name": name, "country": "CH", "priority": 3}),
    )
}

fn zone(region: &str, zone: &str) -> Value {
    of(
        &format!("zone/CH{}{region}", if region.is_empty() { "" } else { "/" }),
        json!({"country": "CH", "region": region, "zone": zone}),
    )
}

fn tax(rate: &str, inclusive: bool) -> Value {
    of(
        "tax/ch/standard",
        json!({"zone": "ch", "tax_class": "standard", "rate": rate, "inclusive": inclusive, "rounding": "half_even"}),
    )
}

fn method(name: &str, active: bool) -> Value {
    of("shipping-method/bicycle", json!({"method_id": "bicycle", "name": name, "active": active}))
}

fn currency(minor_digits: i64, ceiling_minor: i64) -> Value {
    of(
        "currency/CHF",
        json!({"currency": "CHF", "minor_digits": minor_digits, "minimum_minor": 50, "ceiling_minor": ceiling_minor}),
    )
}

fn rate(warehouse_id: Option<&str>, min_weight_g: i64, amount_minor: i64) -> Value {
    json!({"warehouse_id": warehouse_id, "min_weight_g": min_weight_g, "min_subtotal_minor": 0, "amount_minor": amount_minor})
}

fn rates(rates: &[Value]) -> Value {
    of(
        "shipping-rates/ch/USD/standard",
        json!({"zone": "ch", "currency": "USD", "method_id": "standard", "rates": rates}),
    )
}

fn special_price(group: Option<&str>, min_quantity: i64, amount_minor: i64) -> Value {
    json!({"customer_group": group, "min_quantity": min_quantity, "valid_from_ms": 0, "valid_until_ms": null, "amount_minor": amount_minor})
}

fn special_prices(prices: &[Value]) -> Value {
    of(
        "special-prices/TILL-0001/USD",
        json!({"sku": "TILL-0001", "currency": "USD", "prices": prices}),
    )
}

fn exchange_rate(factor: &str) -> Value {
    of(
        "exchange-rate/EUR/GBP/1000",
        json!({"from": "EUR", "to": "GBP", "quoted_at_ms": "1000", "factor": factor}),
    )
}

fn fee(kind: &str, amount_minor: i64, free_from_minor: Option<i64>) -> Value {
    of(
        "fee/USD/red",
        json!({"currency": "USD", "fee_id": "red", "kind": kind, "name": "Red paper", "amount_minor": amount_minor,
            "free_from_minor": free_from_minor, "up_to_minor": null, "zone": "", "customer_group": "", "tax_class": "standard", "active": true}),
    )
}

/// Who did what to a subject, from what to what.
fn history(shop: &Database, subject: &str) -> Vec<(String, Value, Value)> {
    let rows =
        shop.list(&sql::HISTORY_LIST, &json!({"subject": subject, "above": 0, "limit": 100}));
    let numbers: Vec<_> = rows.iter().map(|row| row["seq"].as_u64().unwrap()).collect();
    assert!(numbers.iter().zip(1..).all(|(seq, number)| *seq == number), "{numbers:?}");
    rows.into_iter()
        .map(|row| {
            assert_eq!(row["actor"], "service:desk");
            assert!(row["at_ms"].is_i64());
            (row["kind"].as_str().unwrap().to_owned(), row["before"].clone(), row["after"].clone())
        })
        .collect()
}

/// An entry comes, changes, stays as it is, and goes; its history says so.
fn lives(shop: &Database, put: &Command, delete: &Command, first: &Value, second: &Value) {
    let subject = first["subject"].as_str().unwrap();
    let (one, two) = (shop.does(put, first), shop.does(put, second));
    assert_ne!(one, two);
    assert_eq!(shop.does(put, second), two);
    assert_eq!(shop.does(delete, second), json!({"subject": subject}));
    assert_eq!(
        history(shop, subject),
        [
            ("put".to_owned(), Value::Null, one.clone()),
            ("put".to_owned(), one.clone(), two.clone()),
            ("deleted".to_owned(), two, Value::Null),
        ]
    );
    // What comes again goes on where it ended.
    shop.does(put, first);
    assert_eq!(history(shop, subject)[3], ("put".to_owned(), Value::Null, one));
}

#[test]
fn an_entry_comes_changes_and_goes_and_its_history_says_so() {
    let shop = shop();
    lives(
        &shop,
        &sql::WAREHOUSE_PUT,
        &sql::WAREHOUSE_DELETE,
        &warehouse("Basel"),
        &warehouse("Basel II"),
    );
    lives(&shop, &sql::ZONE_PUT, &sql::ZONE_DELETE, &zone("", "ch"), &zone("", "eu"));
    lives(&shop, &sql::ZONE_PUT, &sql::ZONE_DELETE, &zone("ZH", "ch-zh"), &zone("ZH", "ch"));
    lives(&shop, &sql::TAX_PUT, &sql::TAX_DELETE, &tax("0.081", true), &tax("0.081", false));
    lives(
        &shop,
        &sql::METHOD_PUT,
        &sql::METHOD_DELETE,
        &method("Bicycle", true),
        &method("Bicycle", false),
    );
    lives(
        &shop,
        &sql::CURRENCY_PUT,
        &sql::CURRENCY_DELETE,
        &currency(2, 500_000),
        &currency(3, 500_000),
    );
    lives(
        &shop,
        &sql::RATES_PUT,
        &sql::RATES_DELETE,
        &rates(&[rate(None, 0, 900)]),
        &rates(&[
            rate(None, 0, 900),
            rate(Some("wh-hanoi"), 0, 1_900),
            rate(Some("wh-hanoi"), 5_000, 0),
        ]),
    );
    lives(
        &shop,
        &sql::SPECIAL_PRICES_PUT,
        &sql::SPECIAL_PRICES_DELETE,
        &special_prices(&[special_price(None, 10, 900)]),
        &special_prices(&[special_price(None, 10, 900), special_price(Some("wholesale"), 1, 800)]),
    );
    lives(
        &shop,
        &sql::EXCHANGE_RATE_PUT,
        &sql::EXCHANGE_RATE_DELETE,
        &exchange_rate("0.8425"),
        &exchange_rate("0.85"),
    );
    lives(
        &shop,
        &sql::FEE_PUT,
        &sql::FEE_DELETE,
        &fee("gift_wrap", 350, None),
        &fee("handling", 350, Some(5_000)),
    );
}

#[test]
fn an_entry_is_what_it_was_put_as() {
    let shop = shop();
    let basel =
        json!({"warehouse_id": "wh-basel", "name": "Basel", "country": "CH", "priority": 3});
    assert_eq!(shop.does(&sql::WAREHOUSE_PUT, &warehouse("Basel")), basel);
    let at = |id: &str| shop.list(&sql::WAREHOUSE_VIEW, &json!({"warehouse_id": id}));
    assert_eq!((at("wh-basel"), at("wh-nowhere")), (vec![basel], vec![]));
    assert_eq!(
        shop.does(&sql::ZONE_PUT, &zone("", "ch")),
        json!({"country": "CH", "region": null, "zone": "ch"})
    );
    assert_eq!(
        shop.does(&sql::ZONE_PUT, &zone("ZH", "ch-zh")),
        json!({"country": "CH", "region": "ZH", "zone": "ch-zh"})
    );
    assert_eq!(
        shop.does(&sql::TAX_PUT, &tax("0.081", true)),
        json!({"zone": "ch", "tax_class": "standard", "rate": "0.081", "inclusive": true, "rounding": "half_even"})
    );
    assert_eq!(
        shop.does(&sql::METHOD_PUT, &method("Bicycle", false)),
        json!({"method_id": "bicycle", "name": "Bicycle", "active": false})
    );
    assert_eq!(
        shop.does(&sql::CURRENCY_PUT, &currency(2, 500_000)),
        json!({"currency": "CHF", "minor_digits": 2, "minimum_minor": 50, "ceiling_minor": 500_000, "point_value_minor": null})
    );
    let two = [rate(None, 0, 900), rate(Some("wh-hanoi"), 5_000, 0)];
    assert_eq!(
        shop.does(&sql::RATES_PUT, &rates(&two)),
        json!({"zone": "ch", "currency": "USD", "method_id": "standard", "rates": two})
    );
    assert_eq!(
        shop.rows("select * from shipping_rate where zone = 'ch' order by warehouse_id"),
        ["ch|USD|standard||0|0|900", "ch|USD|standard|wh-hanoi|5000|0|0"]
    );
    let two = [special_price(None, 10, 900), special_price(Some("wholesale"), 1, 800)];
    assert_eq!(
        shop.does(&sql::SPECIAL_PRICES_PUT, &special_prices(&two)),
        json!({"sku": "TILL-0001", "currency": "USD", "prices": two})
    );
    assert_eq!(
        shop.rows("select * from special_price order by customer_group"),
        ["TILL-0001|USD||10|0|-|900", "TILL-0001|USD|wholesale|1|0|-|800"]
    );
    assert_eq!(
        shop.rows("select rate, inclusive, rounding from tax where zone = 'ch'"),
        ["0.081|1|half_even"]
    );
}

#[test]
fn tables_are_listed_above_a_cursor() {
    let shop = shop();
    shop.does(&sql::WAREHOUSE_PUT, &warehouse("Basel"));
    let page = |statement, rest: Value, member: &str| -> Vec<String> {
        let input = with(json!({"cursor": "", "limit": 3, "zone": null, "currency": null}), rest);
        let rows = shop.list(statement, &input);
        rows.iter().map(|row| row[member].to_string().replace('"', "")).collect()
    };
    let from = |cursor: &str| json!({ "cursor": cursor });
    assert_eq!(
        page(&sql::WAREHOUSE_LIST, from(""), "warehouse_id"),
        ["wh-basel", "wh-hanoi", "wh-newark"]
    );
    assert_eq!(page(&sql::WAREHOUSE_LIST, from("wh-hanoi"), "warehouse_id"), ["wh-newark"]);
    assert_eq!(page(&sql::ZONE_LIST, from("GB/"), "region"), ["null", "CA", "NY"]);
    assert_eq!(page(&sql::ZONE_LIST, from("US/CA"), "zone"), ["us-ny", "vn"]);
    assert_eq!(
        page(&sql::TAX_LIST, from("us-ny/shipping"), "tax_class"),
        ["standard", "reduced", "shipping"]
    );
    assert_eq!(page(&sql::TAX_LIST, json!({"zone": "us-ca"}), "rate"), ["0", "0", "0.0725"]);
    assert_eq!(page(&sql::METHOD_LIST, from(""), "method_id"), ["express", "standard"]);
    assert_eq!(page(&sql::CURRENCY_PAGE, from("EUR"), "currency"), ["GBP", "USD", "VND"]);
    assert_eq!(
        page(&sql::RATES_LIST, json!({"cursor": "vn/GBP/standard", "zone": "vn"}), "currency"),
        ["USD", "USD", "VND"]
    );
    assert_eq!(page(&sql::RATES_LIST, json!({"currency": "GBP"}), "zone"), ["de", "de", "fr"]);
    let us = json!({"zone": "us", "currency": "USD", "cursor": "us/USD/express", "limit": 9});
    assert_eq!(
        shop.list(&sql::RATES_LIST, &us),
        [json!({"zone": "us", "currency": "USD", "method_id": "standard", "rates": [
            {"warehouse_id": null, "min_weight_g": 0, "min_subtotal_minor": 0, "amount_minor": 500},
            {"warehouse_id": null, "min_weight_g": 0, "min_subtotal_minor": 10_000, "amount_minor": 0},
            {"warehouse_id": null, "min_weight_g": 5_000, "min_subtotal_minor": 0, "amount_minor": 1_200},
            {"warehouse_id": null, "min_weight_g": 5_000, "min_subtotal_minor": 10_000, "amount_minor": 0},
        ]})]
    );
    shop.does(&sql::SPECIAL_PRICES_PUT, &special_prices(&[special_price(None, 10, 900)]));
    for (sku, currency) in [("TILL-0002", "EUR"), ("TILL-0001", "EUR")] {
        let more = json!({"sku": sku, "currency": currency});
        shop.does(
            &sql::SPECIAL_PRICES_PUT,
            &with(special_prices(&[special_price(None, 1, 1)]), more),
        );
    }
    let special = |asked: Value| page(&sql::SPECIAL_PRICES_LIST, asked, "currency");
    assert_eq!(special(from("")), ["EUR", "USD", "EUR"]);
    assert_eq!(special(from("TILL-0001/EUR")), ["USD", "EUR"]);
    assert_eq!(special(json!({"sku": "TILL-0001"})), ["EUR", "USD"]);
    assert_eq!(special(json!({"currency": "EUR", "sku": "TILL-0002"})), ["EUR"]);
    for (from, to, at) in
        [("USD", "GBP", 7), ("EUR", "GBP", 8), ("EUR", "GBP", 7), ("EUR", "USD", 9)]
    {
        let more = json!({"from": from, "to": to, "quoted_at_ms": at.to_string(), "factor": at.to_string()});
        shop.does(&sql::EXCHANGE_RATE_PUT, &with(exchange_rate("2"), more));
    }
    let at = |asked: Value| page(&sql::EXCHANGE_RATE_LIST, asked, "factor");
    assert_eq!(at(from("")), ["7", "8", "9"]);
    assert_eq!(at(from("EUR/GBP/7")), ["8", "9", "7"]);
    assert_eq!(at(json!({"from": "USD"})), ["7"]);
    assert_eq!(at(json!({"to": "USD"})), ["9"]);
    for (currency, id) in [("USD", "red"), ("EUR", "red"), ("EUR", "blue")] {
        let named = json!({"currency": currency, "fee_id": id, "name": format!("{currency} {id}")});
        shop.does(&sql::FEE_PUT, &with(fee("gift_wrap", 1, None), named));
    }
    let fees = |asked: Value| page(&sql::FEE_LIST, asked, "name");
    assert_eq!(fees(from("")), ["EUR blue", "EUR red", "USD red"]);
    assert_eq!(fees(from("EUR/red")), ["USD red"]);
    assert_eq!(fees(json!({"currency": "USD"})), ["USD red"]);
    let above = |above: i64| {
        shop.list(
            &sql::HISTORY_LIST,
            &json!({"subject": "warehouse/wh-basel", "above": above, "limit": 9}),
        )
        .len()
    };
    assert_eq!((above(0), above(1)), (1, 0));
}

#[test]
fn what_is_not_there_is_not_deleted() {
    let shop = shop();
    shop.refuses(&sql::WAREHOUSE_DELETE, &warehouse(""), Refusal::EntryUnknown);
    shop.refuses(&sql::ZONE_DELETE, &zone("", ""), Refusal::EntryUnknown);
    shop.refuses(&sql::TAX_DELETE, &tax("0", true), Refusal::EntryUnknown);
    shop.refuses(&sql::METHOD_DELETE, &method("", true), Refusal::EntryUnknown);
    shop.refuses(&sql::CURRENCY_DELETE, &currency(2, 1), Refusal::EntryUnknown);
    shop.refuses(&sql::RATES_DELETE, &rates(&[]), Refusal::EntryUnknown);
    shop.refuses(&sql::SPECIAL_PRICES_DELETE, &special_prices(&[]), Refusal::EntryUnknown);
    shop.refuses(&sql::EXCHANGE_RATE_DELETE, &exchange_rate("1"), Refusal::EntryUnknown);
    shop.refuses(&sql::FEE_DELETE, &fee("handling", 1, None), Refusal::EntryUnknown);
}

#[test]
fn what_something_refers_to_stays() {
    let shop = shop();
    let hanoi = of("warehouse/wh-hanoi", json!({"warehouse_id": "wh-hanoi"}));
    shop.refuses(&sql::WAREHOUSE_DELETE, &hanoi, Refusal::UsedByStock);
    shop.does(&sql::WAREHOUSE_PUT, &warehouse("Basel"));
    shop.does(&sql::RATES_PUT, &rates(&[rate(Some("wh-basel"), 0, 1)]));
    shop.refuses(&sql::WAREHOUSE_DELETE, &warehouse(""), Refusal::UsedByRates);
    shop.does(&sql::METHOD_PUT, &method("Bicycle", true));
    let by_bicycle = json!({"method_id": "bicycle", "currency": "CHF"});
    shop.does(&sql::CURRENCY_PUT, &currency(2, 500_000));
    shop.does(&sql::RATES_PUT, &with(rates(&[rate(None, 0, 1)]), by_bicycle.clone()));
    shop.refuses(&sql::METHOD_DELETE, &method("", true), Refusal::UsedByRates);
    shop.refuses(&sql::CURRENCY_DELETE, &currency(2, 1), Refusal::UsedByRates);
    shop.does(&sql::RATES_DELETE, &with(rates(&[]), by_bicycle));
    shop.does(&sql::METHOD_DELETE, &method("", true));

    let cup = json!({"sku": "A-1", "product_id": "p1", "name": "Cup", "category": "tableware", "tax_class": "standard", "weight_g": 300, "active": true});
    let sold_for = |prices: Value| json!({"actor": "service:desk", "skus": [with(cup.clone(), json!({ "prices": prices }))]});
    shop.does(&sql::SKU_PUT, &sold_for(json!({"CHF": 500})));
    shop.refuses(&sql::CURRENCY_DELETE, &currency(2, 1), Refusal::UsedByPrices);
    // What every price means.
    shop.refuses(&sql::CURRENCY_PUT, &currency(3, 500_000), Refusal::UsedByPrices);
    shop.does(&sql::CURRENCY_PUT, &currency(2, 600_000));
    shop.does(&sql::SKU_PUT, &sold_for(json!({})));
    let special = with(special_prices(&[special_price(None, 10, 400)]), json!({"currency": "CHF"}));
    shop.does(&sql::SPECIAL_PRICES_PUT, &special);
    shop.refuses(&sql::CURRENCY_DELETE, &currency(2, 1), Refusal::UsedByPrices);
    shop.refuses(&sql::CURRENCY_PUT, &currency(3, 500_000), Refusal::UsedByPrices);
    shop.does(&sql::SPECIAL_PRICES_DELETE, &special);
    let in_francs = with(fee("handling", 1, None), json!({"currency": "CHF"}));
    shop.does(&sql::FEE_PUT, &in_francs);
    shop.refuses(&sql::CURRENCY_DELETE, &currency(2, 1), Refusal::UsedByFees);
    shop.does(&sql::FEE_DELETE, &in_francs);
    let ann = shopper("ann");
    shop.does(&sql::CART_CREATE, &with(ann.cart_create(), json!({"currency": "CHF"})));
    shop.refuses(&sql::CURRENCY_DELETE, &currency(2, 1), Refusal::UsedByCarts);
    shop.exec("update cart set status = 'abandoned'");
    shop.does(&sql::CURRENCY_PUT, &currency(3, 600_000));
    shop.does(&sql::CURRENCY_DELETE, &currency(2, 1));
}

#[test]
fn rates_name_only_what_is_there() {
    let shop = shop();
    let one = rates(&[rate(None, 0, 1)]);
    let with_method = with(one.clone(), json!({"method_id": "bicycle"}));
    shop.refuses(&sql::RATES_PUT, &with_method, Refusal::EntryUnknown);
    let in_francs = with(one, json!({"currency": "CHF"}));
    shop.refuses(&sql::RATES_PUT, &in_francs, Refusal::CurrencyUnsupported);
    let of_nowhere = rates(&[rate(None, 0, 1), rate(Some("wh-nowhere"), 0, 1)]);
    shop.refuses(&sql::RATES_PUT, &of_nowhere, Refusal::WarehouseUnknown);
}

#[test]
fn special_prices_are_of_what_is_there_and_above_zero() {
    let shop = shop();
    let one = special_prices(&[special_price(None, 10, 900)]);
    let in_francs = with(one.clone(), json!({"currency": "CHF"}));
    shop.refuses(&sql::SPECIAL_PRICES_PUT, &in_francs, Refusal::CurrencyUnsupported);
    let of_nothing = with(one, json!({"sku": "A-1"}));
    shop.refuses(&sql::SPECIAL_PRICES_PUT, &of_nothing, Refusal::SkuUnknown);
    shop.refuses(&sql::SPECIAL_PRICES_DELETE, &of_nothing, Refusal::SkuUnknown);
    let for_nothing = special_prices(&[special_price(None, 10, 0)]);
    shop.refuses(&sql::SPECIAL_PRICES_PUT, &for_nothing, Refusal::PriceNotPositive);
    assert!(shop.rows("select * from special_price").is_empty());
}

// PRICE-13
#[test]
fn the_live_fees_of_a_carts_currency_are_among_what_it_is_priced_with() {
    let (shop, ann) = (shop(), shopper("ann"));
    shop.does(&sql::CART_CREATE, &ann.cart_create());
    let fees = || {
        let asked = json!({"owner": "ann", "country": null, "region": "", "try_code": null});
        shop.list(&sql::PRICING_FACTS, &asked).remove(0)["fees"].clone()
    };
    assert_eq!(fees(), json!([]));
    shop.does(&sql::FEE_PUT, &fee("gift_wrap", 350, Some(9_000)));
    shop.does(&sql::FEE_PUT, &with(fee("handling", 1, None), json!({"currency": "EUR"})));
    let ended = json!({"fee_id": "blue", "active": false});
    shop.does(&sql::FEE_PUT, &with(fee("gift_wrap", 350, None), ended));
    assert_eq!(
        fees(),
        json!([{"fee_id": "red", "kind": "gift_wrap", "name": "Red paper", "amount_minor": 350, "free_from_minor": 9_000, "up_to_minor": null, "tax_class": "standard"}])
    );
    // What is for a group is for its customers alone.
    let of_dealers = json!({"fee_id": "pallet", "customer_group": "dealers"});
    shop.does(&sql::FEE_PUT, &with(fee("handling", 9, None), of_dealers));
    let count = |owner: &str, customer_id: &str| {
        shop.exec(&format!("update cart set owner = '{owner}'"));
        shop.list(&sql::CUSTOMER_ADD, &json!({"customer_id": customer_id}));
        let asked = json!({"owner": owner, "country": null, "region": "", "try_code": null});
        shop.list(&sql::PRICING_FACTS, &asked).remove(0)["fees"].as_array().unwrap().len()
    };
    assert_eq!((count("customer:bob", "bob"), count("guest:ann", "ann")), (1, 1));
    shop.exec("update customer set customer_group = 'dealers'");
    assert_eq!((count("customer:bob", "bob"), count("guest:ann", "ann")), (2, 1));
    let francs = with(fee("handling", 1, None), json!({"currency": "CHF"}));
    shop.refuses(&sql::FEE_PUT, &francs, Refusal::CurrencyUnsupported);
}

// PRICE-8
#[test]
fn the_latest_rate_to_a_carts_currency_is_among_what_its_promotions_depend_on() {
    let (shop, ann) = (shop(), shopper("ann"));
    shop.does(&sql::CART_CREATE, &with(ann.cart_create(), json!({"currency": "GBP"})));
    let rates = || {
        let asked = json!({"owner": "ann", "country": null, "region": "", "try_code": null});
        shop.list(&sql::PRICING_FACTS, &asked).remove(0)["promotions"]["rates"].clone()
    };
    assert_eq!(rates(), json!([]));
    let rate = |from: &str, to: &str, at: i64, factor: &str| {
        let rate = json!({"from": from, "to": to, "quoted_at_ms": at.to_string()});
        shop.does(&sql::EXCHANGE_RATE_PUT, &with(exchange_rate(factor), rate));
    };
    rate("EUR", "GBP", 1_000, "0.8");
    rate("EUR", "GBP", 2_000, "0.8425");
    rate("EUR", "GBP", 9_000_000_000_000, "0.9");
    rate("GBP", "EUR", 1_000, "1.25");
    rate("USD", "GBP", 1_000, "0.75");
    assert_eq!(
        rates(),
        json!([
            {"from": "EUR", "to": "GBP", "quoted_at_ms": 2_000, "factor": "0.8425"},
            {"from": "USD", "to": "GBP", "quoted_at_ms": 1_000, "factor": "0.75"},
        ])
    );
    for unknown in ["from", "to"] {
        let francs = with(exchange_rate("1"), json!({unknown: "CHF"}));
        shop.refuses(&sql::EXCHANGE_RATE_PUT, &francs, Refusal::CurrencyUnsupported);
    }
}

/// Whether it was taken; the database may have been too busy.
fn taken(shop: &Database, command: &Command, input: &Value) -> bool {
    match shop.apply(command, input) {
        Ok(_) => true,
        Err(StoreError::Busy { .. }) => false,
        Err(error) => panic!("{}: {error}", command.name),
    }
}

#[test]
fn of_many_who_put_one_new_entry_at_once_each_is_in_its_history() {
    let shared = SharedShop::new();
    let shop = shared.open();
    for _ in 0..4 {
        let put = |shop: &Database, thread: usize| {
            taken(shop, &sql::WAREHOUSE_PUT, &warehouse(&format!("Basel {thread}")))
        };
        let puts = shared.at_once(put).into_iter().filter(|taken| *taken).count();
        let history = history(&shop, "warehouse/wh-basel");
        assert!(puts > 0);
        assert_eq!(history.len(), puts);
        // Each found what the one before had made.
        assert!(history.windows(2).all(|pair| pair[0].2 == pair[1].1), "{history:#?}");
        shop.exec("delete from history");
        shop.exec("delete from warehouse where warehouse_id = 'wh-basel'");
    }
}

#[test]
fn of_goods_that_arrive_and_a_warehouse_that_goes_one_is_first() {
    let shared = SharedShop::new();
    let shop = shared.open();
    for round in 0..4 {
        shop.does(&sql::WAREHOUSE_PUT, &warehouse("Basel"));
        let arrive = json!({"sku": "TILL-0001", "warehouse_id": "wh-basel", "kind": "receive", "quantity": 1, "actor": "desk", "events": []});
        shared.at_once(|shop, thread| {
            let (command, input) = match thread % 2 {
                0 => (&sql::STOCK_MOVE, arrive.clone()),
                _ => (&sql::WAREHOUSE_DELETE, warehouse("")),
            };
            match shop.apply(command, &input) {
                Ok(_) | Err(StoreError::Busy { .. }) => {}
                Err(StoreError::Refused(
                    Refusal::WarehouseUnknown | Refusal::EntryUnknown | Refusal::UsedByStock,
                )) => {}
                Err(error) => panic!("{}: {error}", command.name),
            }
        });
        assert_eq!(
            shop.one("select count(*) from stock as k where not exists (select 1 from warehouse as w where w.warehouse_id = k.warehouse_id)"),
            json!(0),
            "round {round}"
        );
        shop.exec("delete from stock where warehouse_id = 'wh-basel'");
        shop.exec("delete from stock_movement where warehouse_id = 'wh-basel'");
    }
}
