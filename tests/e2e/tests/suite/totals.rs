//! Totals: every part named, none silently zero, all of it adding up.

use e2e::{Guest, Shop, together};
use serde_json::{Value, json};

fn minor(money: &Value) -> i64 {
    money["amount_minor"].as_i64().unwrap_or_else(|| panic!("no money: {money}"))
}

/// What must hold of any totals with a shipping method: they are made of what they say they are
/// made of.
fn assert_adds_up(totals: &Value) {
    let lines = totals["lines"].as_array().unwrap();
    let sum = |member: &str| lines.iter().map(|line| minor(&line[member])).sum::<i64>();
    for line in lines {
        let paid = minor(&line["tax_base"]) + minor(&line["tax"]);
        assert_eq!(paid, minor(&line["total"]), "{line}");
        assert_eq!(
            minor(&line["unit_price"]) * line["quantity"].as_i64().unwrap(),
            minor(&line["subtotal"]),
            "{line}"
        );
        let base = if line["tax_inclusive"] == true {
            minor(&line["total"])
        } else {
            minor(&line["tax_base"])
        };
        assert_eq!(base, minor(&line["subtotal"]) - minor(&line["discount"]), "{line}");
    }
    assert_eq!(sum("subtotal"), minor(&totals["subtotal"]));
    assert_eq!(sum("tax") + minor(&totals["shipping_tax"]), minor(&totals["tax"]));
    let shipping = minor(&totals["shipping_method"]["total"]);
    assert_eq!(sum("total") + shipping, minor(&totals["total"]), "{totals}");
    let steps = totals["adjustments"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|step| step["kind"] != "tax_included");
    assert_eq!(
        steps.map(|step| minor(&step["amount"])).sum::<i64>(),
        minor(&totals["total"]),
        "{totals}"
    );
}

fn quoted(guest: &Guest<'_>, query: &str) -> Value {
    let totals = guest.totals(query).expect(200);
    assert_adds_up(&totals);
    totals
}

// TestCartTotals_WithRealPricingService. PRICE-1, PRICE-7 in part, SHIP-1
#[test]
fn each_destination_is_taxed_and_shipped_by_its_own_rows() {
    let shop = Shop::open();
    let standard = shop.sku().price("USD", 1_000).create();
    let reduced = shop.sku().price("USD", 1_000).tax_class("reduced").create();
    let guest = shop.guest();
    guest.add(&standard, 2).expect(200);
    guest.add(&reduced, 1).expect(200);
    // destination, shipping, tax on the goods, tax on the shipping, total
    let expected = [
        ("country=VN&shipping_method=standard", 500, 182 + 48, 45, 3_500),
        ("country=VN&shipping_method=express", 1_500, 182 + 48, 136, 4_500),
        ("country=US&shipping_method=standard", 500, 0, 0, 3_500),
        ("country=US&region=CA&shipping_method=standard", 500, 145, 0, 3_645),
        ("country=US&region=NY&shipping_method=standard", 500, 178, 44, 3_722),
        ("country=US&region=WA&shipping_method=standard", 500, 0, 0, 3_500),
        ("country=GB&shipping_method=standard", 500, 333 + 48, 83, 3_500),
        ("country=DE&shipping_method=standard", 500, 319 + 65, 80, 3_500),
        ("country=FR&shipping_method=standard", 500, 333 + 52, 83, 3_500),
    ];
    for (query, shipping, goods_tax, shipping_tax, total) in expected {
        let totals = quoted(&guest, query);
        assert_eq!(minor(&totals["shipping"]), shipping, "{query}");
        assert_eq!(minor(&totals["shipping_tax"]), shipping_tax, "{query}");
        assert_eq!(minor(&totals["tax"]), goods_tax + shipping_tax, "{query}");
        assert_eq!(minor(&totals["total"]), total, "{query}");
        assert_eq!(totals["currency"], "USD");
    }
    let line = |totals: &Value, sku: &str| {
        totals["lines"].as_array().unwrap().iter().find(|line| line["sku"] == sku).unwrap().clone()
    };
    let totals = quoted(&guest, "country=US&region=CA&shipping_method=standard");
    assert_eq!(line(&totals, &standard)["tax_inclusive"], false);
    assert_eq!(line(&totals, &standard)["tax_rate"], "0.0725");
    assert_eq!(line(&totals, &reduced)["tax"]["amount_minor"], 0);
    assert_eq!(
        line(&quoted(&guest, "country=VN&shipping_method=standard"), &standard)["tax_inclusive"],
        true
    );
}

// PRICE-2: a hundred lines at 0.01.
#[test]
fn a_hundred_lines_of_one_cent_sum_to_the_total() {
    let shop = Shop::open();
    let goods: Vec<_> = (0..100).map(|_| shop.sku().price("USD", 1).weight_g(1)).collect();
    let lines: Vec<Value> = goods.iter().map(|sku| sku.import_line()).collect();
    assert!(
        shop.admin("POST", "/api/v1/catalog/skus")
            .json(&json!({ "skus": lines }))
            .send()
            .is_success()
    );
    let guest = shop.guest();
    for sku in &goods {
        guest.add(&sku.sku, 1).expect(200);
    }
    let totals = quoted(&guest, "country=US&region=CA&shipping_method=standard");
    assert_eq!(minor(&totals["subtotal"]), 100);
    // 7.25 % of one dollar, once, and not a hundred times 7.25 % of one cent.
    assert_eq!(minor(&totals["tax"]), 7);
    assert_eq!(minor(&totals["total"]), 607);
    assert_eq!(minor(&quoted(&guest, "country=VN&shipping_method=standard")["total"]), 600);
}

// PRICE-1: a currency without minor units.
#[test]
fn dong_have_no_cents() {
    let shop = Shop::open();
    let sku = shop.sku().price("VND", 250_001).create();
    let guest = shop.guest_in("VN", "VND");
    guest.add(&sku, 3).expect(200);
    let totals = quoted(&guest, "country=VN&shipping_method=standard");
    assert_eq!(totals["subtotal"], json!({ "amount_minor": 750_003, "currency": "VND" }));
    assert_eq!(minor(&totals["shipping"]), 125_000);
    assert_eq!(minor(&totals["total"]), 875_003);
}

// SHIP-1
#[test]
fn the_methods_listed_are_the_methods_quoted() {
    let shop = Shop::open();
    let (light, heavy) = (shop.sku().weight_g(400).create(), shop.sku().weight_g(5_000).create());
    let guest = shop.guest();
    let methods = |query: &str| -> Vec<(String, i64)> {
        let listed =
            guest.call("GET", &format!("/api/v1/cart/shipping-methods?{query}")).send().expect(200);
        let methods = listed["methods"].as_array().unwrap().clone();
        methods
            .iter()
            .map(|method| {
                (method["method_id"].as_str().unwrap().to_owned(), minor(&method["amount"]))
            })
            .collect()
    };
    let amount = |listed: &[(String, i64)], id: &str| {
        listed.iter().find(|(known, _)| known == id).unwrap().1
    };

    guest.add(&light, 1).expect(200);
    assert_eq!(
        (amount(&methods("country=VN"), "standard"), amount(&methods("country=VN"), "express")),
        (500, 1_500)
    );
    guest.add(&heavy, 1).expect(200);
    assert_eq!(
        (amount(&methods("country=VN"), "standard"), amount(&methods("country=VN"), "express")),
        (1_200, 3_000)
    );
    guest.setting(&light, 5).send().expect(200);
    assert_eq!(amount(&methods("country=VN"), "standard"), 0, "free from a hundred dollars on");
    for (method, amount) in methods("country=DE") {
        let totals = quoted(&guest, &format!("country=DE&shipping_method={method}"));
        assert_eq!(minor(&totals["shipping"]), amount, "{method}");
    }
}

// CART-6: a preview without a method says that shipping is not known, and not that it is nothing.
#[test]
fn shipping_is_absent_until_a_method_is_chosen() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let totals = guest.totals("country=VN").expect(200);
    assert!(totals.get("shipping").is_none_or(Value::is_null), "{totals}");
    assert_eq!(minor(&totals["total"]), 1_999);
}

// TestCartTotals_FailsOnShippingError, TestCartFailover_PricingServiceDown. CART-6
#[test]
fn a_part_that_fails_fails_the_totals_by_name() {
    let shop = Shop::open();
    let priced = shop.sku();
    priced.create();
    let untaxed = shop.sku().tax_class("unheard-of").create();
    let guest = shop.guest();
    guest.add(&priced.sku, 1).expect(200);

    guest.totals("country=JP").problem(422, "country_unsupported");
    guest.totals("country=VN&shipping_method=balloon").problem(422, "shipping_method_unavailable");
    guest.totals("country=Vietnam").problem(400, "invalid_field");
    guest
        .call("GET", "/api/v1/cart/shipping-methods?country=JP")
        .send()
        .problem(422, "country_unsupported");

    guest.add(&untaxed, 1).expect(200);
    let refused = guest.totals("country=VN&shipping_method=standard");
    assert!(refused.status >= 400 && refused.json()["code"] == "tax_missing", "{refused:?}");
    guest.removing(&untaxed).send().expect(200);

    let dropped = priced.clone().without_price("USD");
    dropped.put();
    let problem = guest.totals("country=VN&shipping_method=standard").problem(422, "price_missing");
    assert!(problem.to_string().contains(&priced.sku), "the line is named: {problem}");
    let refused = guest.basket().try_begin();
    refused.problem(422, "price_missing");
    priced.put();
    guest.totals("country=VN&shipping_method=standard").expect(200);
    // No longer sold at all.
    priced.clone().inactive().put();
    let refused = guest.totals("country=VN&shipping_method=standard");
    assert_eq!(refused.status, 422, "{refused:?}");
}

// TestPriceUpdate_CacheConsistency. CAT-1, CART-6
#[test]
fn a_price_change_is_seen_by_the_very_next_read() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 1_000);
    sku.create();
    let guest = shop.guest();
    guest.add(&sku.sku, 1).expect(200);
    for price in [1_100, 900, 1_000] {
        sku.clone().price("USD", price).put();
        let replies = together(4, |number| {
            if number % 2 == 0 {
                guest.cart()
            } else {
                quoted(&guest, "country=VN&shipping_method=standard")
            }
        });
        for line in replies.iter().map(|reply| &reply["lines"][0]) {
            assert_eq!(minor(&line["unit_price"]), price);
            assert_eq!(minor(&line["added_price"]), 1_000);
            assert_eq!(line["price_changed"], price != 1_000);
        }
    }
}

// CART-6, STOCK-6: only a preview may go on without stock, and it says so.
#[test]
fn totals_flag_every_short_line() {
    let shop = Shop::open();
    let (plenty, few, none) =
        (shop.sku().create(), shop.sku().stock(2).create(), shop.sku().stock(0).create());
    let guest = shop.guest();
    for sku in [&plenty, &few, &none] {
        guest.add(sku, 3).expect(200);
    }
    let totals = quoted(&guest, "country=VN&shipping_method=standard");
    let stock: Vec<(String, Value)> = totals["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["sku"].as_str().unwrap().to_owned(), line["stock"].clone()))
        .collect();
    let of = |sku: &str| stock.iter().find(|(known, _)| known == sku).unwrap().1.clone();
    assert_eq!(of(&plenty), "available");
    assert_eq!(of(&few), "short");
    assert!(of(&none) == "short" || of(&none) == "unknown", "{totals}");
    assert_eq!(totals["warnings"].as_array().unwrap().len(), 2, "{totals}");
}

// PRICE-2: half of a cent of tax is a cent.
#[test]
fn half_of_a_cent_of_tax_is_rounded_away_from_zero() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 200).create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    assert_eq!(
        minor(&quoted(&guest, "country=US&region=CA&shipping_method=standard")["tax"]),
        15,
        "7.25 % of 2.00 is 14.5 cents"
    );
}

// SHIP-1: a split order is rated per origin; the lines are allocated to warehouses before shipping
// is.
#[test]
fn goods_from_two_warehouses_are_shipped_twice() {
    let shop = Shop::open();
    let hanoi = shop.sku().create();
    let newark = shop.sku().stock(0).and_in("wh-newark", 100).create();
    let guest = shop.guest();
    guest.add(&hanoi, 1).expect(200);
    assert_eq!(minor(&quoted(&guest, "country=VN&shipping_method=standard")["shipping"]), 500);
    guest.add(&newark, 1).expect(200);
    assert_eq!(minor(&quoted(&guest, "country=VN&shipping_method=standard")["shipping"]), 1_000);
}

// A total can be recognised again.
#[test]
fn the_same_quote_has_the_same_hash_and_another_another() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let hash = |query: &str| quoted(&guest, query)["quote_hash"].as_str().unwrap().to_owned();
    let first = hash("country=VN&shipping_method=standard");
    assert_eq!(hash("country=VN&shipping_method=standard"), first);
    assert_ne!(hash("country=VN&shipping_method=express"), first);
    assert_ne!(hash("country=DE&shipping_method=standard"), first);
}
