//! What one of a SKU costs besides its plain price: from a quantity on, for a time, for a group of
//! customers (PRICE-5); and what currencies are worth in others (PRICE-8).

use e2e::{Guest, Reply, Shop, unique};
use serde_json::{Value, json};

const CATALOG: &str = "/api/v1/catalog";
const SHIPPED: &str = "country=VN&shipping_method=standard";

fn putting(shop: &Shop, sku: &str, currency: &str, prices: &Value) -> Reply {
    let path = format!("{CATALOG}/special-prices/{sku}/{currency}");
    shop.admin("PUT", &path).json(&json!({ "prices": prices })).send()
}

fn put(shop: &Shop, sku: &str, prices: &Value) -> Value {
    putting(shop, sku, "USD", prices).expect(200)
}

fn delete(shop: &Shop, sku: &str) -> Reply {
    shop.admin("DELETE", &format!("{CATALOG}/special-prices/{sku}/USD")).send()
}

fn shown(shop: &Shop, sku: &str) -> Value {
    shop.admin("GET", &format!("{CATALOG}/skus/{sku}")).send().expect(200)
}

fn minor(amount: &Value) -> i64 {
    amount["amount_minor"].as_i64().unwrap_or_else(|| panic!("no amount: {amount}"))
}

/// What one of the only line costs, as the cart and the totals say alike.
fn unit_price(guest: &Guest<'_>) -> i64 {
    let (cart, totals) = (guest.cart(), guest.totals(SHIPPED).expect(200));
    let (in_cart, in_totals) = (&cart["lines"][0], &totals["lines"][0]);
    assert_eq!(in_cart["unit_price"], in_totals["unit_price"], "{cart} {totals}");
    let quantity = in_totals["quantity"].as_i64().expect("a quantity");
    assert_eq!(minor(&in_totals["subtotal"]), quantity * minor(&in_totals["unit_price"]));
    minor(&in_totals["unit_price"])
}

fn set(guest: &Guest<'_>, sku: &str, quantity: i64) {
    guest.setting(sku, quantity).send().expect(200);
}

#[test]
fn who_buys_many_pays_less_for_each_and_is_charged_what_the_totals_said() {
    let shop = Shop::open();
    // Too few in one warehouse: the line is shared by two, and is ten all the same.
    let sku = shop.sku().price("USD", 1_000).weight_g(100).stock(6).and_in("wh-newark", 40);
    let sku = sku.create();
    put(
        &shop,
        &sku,
        &json!([{ "min_quantity": 10, "amount_minor": 900 }, { "min_quantity": 20, "amount_minor": 850 }]),
    );
    let catalog = shown(&shop, &sku);
    assert_eq!(catalog["prices"]["USD"], 1_000, "{catalog}");
    let running = json!([
        { "min_quantity": 10, "amount_minor": 900, "valid_until_ms": null },
        { "min_quantity": 20, "amount_minor": 850, "valid_until_ms": null },
    ]);
    assert_eq!(catalog["special_prices"], json!({ "USD": running }));
    assert_eq!(catalog["reduced"], json!({}), "the plain price has not come down");

    let guest = shop.guest();
    let added = guest.add(&sku, 9).expect(200);
    assert_eq!(minor(&added["unit_price"]), 1_000, "{added}");
    assert_eq!(unit_price(&guest), 1_000);
    let added = guest.add(&sku, 1).expect(200);
    assert_eq!(minor(&added["unit_price"]), 900, "{added}");
    for (quantity, price) in [(10, 900), (19, 900), (20, 850), (9, 1_000), (10, 900)] {
        set(&guest, &sku, quantity);
        assert_eq!(unit_price(&guest), price, "of {quantity}");
    }
    let session = guest.check_out();
    let order = session.confirm().expect(201);
    assert_eq!(minor(&order["total"]), session.total_minor());
    let order = guest.order(order["order_id"].as_str().expect("an id")).expect(200);
    assert_eq!(minor(&order["subtotal"]), 9_000, "{order}");
    assert!(guest.has_one_paid_order_or_nothing());
}

#[test]
fn a_price_runs_from_its_beginning_to_its_end() {
    let shop = Shop::alone();
    let sku = shop.sku().price("USD", 1_000).weight_g(100).create();
    let (guest, hour) = (shop.guest(), 3_600_000);
    guest.add(&sku, 1).expect(200);
    let session = guest.check_out();
    let begins = shop.now_ms() + hour / 4;
    put(
        &shop,
        &sku,
        &json!([{ "valid_from_ms": begins, "valid_until_ms": begins + hour, "amount_minor": 700 }]),
    );
    assert_eq!(unit_price(&guest), 1_000);
    assert_eq!(shown(&shop, &sku)["special_prices"], json!({}));
    shop.advance_ms(hour / 4);
    assert_eq!(unit_price(&guest), 700);
    let running =
        json!([{ "min_quantity": 1, "amount_minor": 700, "valid_until_ms": begins + hour }]);
    assert_eq!(shown(&shop, &sku)["special_prices"], json!({ "USD": running }));
    // CHK-13: what moved by so much is told before it is charged, downwards too.
    let agreed = session.total_minor();
    let problem = session.confirm().problem(409, "price_changed");
    assert_eq!(minor(&problem["current_total"]), agreed - 300);
    let accepts = json!({ "accept_total": problem["current_total"] });
    let order = session.confirming_with(&accepts).send().expect(201);
    assert_eq!(minor(&order["total"]), agreed - 300);

    let late = shop.guest();
    late.add(&sku, 1).expect(200);
    assert_eq!(unit_price(&late), 700);
    shop.advance_ms(hour - 60_000);
    let session = late.check_out();
    let agreed = session.total_minor();
    shop.advance_ms(60_000);
    assert_eq!(unit_price(&late), 1_000);
    let problem = session.confirm().problem(409, "price_changed");
    assert_eq!(minor(&problem["agreed_total"]), agreed);
    assert_eq!(minor(&problem["current_total"]), agreed + 300);
    assert_eq!(late.payment_rows(), [Value::Null; 0], "nobody was charged");
    let accepts = json!({ "accept_total": problem["current_total"] });
    let order = session.confirming_with(&accepts).send().expect(201);
    assert_eq!(minor(&order["total"]), agreed + 300);
}

#[test]
fn a_groups_price_is_for_its_customers_alone() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 1_000).weight_g(100).create();
    put(
        &shop,
        &sku,
        &json!([
            { "customer_group": "wholesale", "amount_minor": 800 },
            { "customer_group": "wholesale", "min_quantity": 10, "amount_minor": 750 },
            { "customer_group": "staff", "amount_minor": 500 },
            { "min_quantity": 5, "amount_minor": 780 },
        ]),
    );
    let of_everyone = json!([{ "min_quantity": 5, "amount_minor": 780, "valid_until_ms": null }]);
    assert_eq!(shown(&shop, &sku)["special_prices"], json!({ "USD": of_everyone }));
    let customers = shop.token("customers:read customers:write");
    let group = |customer_id: &str, group: Value| {
        let facts = json!({ "customer_group": group, "segments": [] });
        let path = format!("/api/v1/customers/{customer_id}");
        shop.call("PUT", &path).bearer(&customers).json(&facts).send().expect(200);
    };
    let (ann, bob) = (unique("customer-"), unique("customer-"));
    group(&ann, json!("wholesale"));
    let (wholesaler, other, guest) =
        (shop.customer_called(&ann, "USD"), shop.customer_called(&bob, "USD"), shop.guest());
    for (buyer, one, five, ten) in
        [(&wholesaler, 800, 780, 750), (&other, 1_000, 780, 780), (&guest, 1_000, 780, 780)]
    {
        assert_eq!(minor(&buyer.add(&sku, 1).expect(200)["unit_price"]), one);
        assert_eq!(unit_price(buyer), one);
        for (quantity, price) in [(5, five), (10, ten), (1, one)] {
            set(buyer, &sku, quantity);
            assert_eq!(unit_price(buyer), price, "of {quantity}");
        }
    }
    // Who looks at a shared cart sees what its owner pays.
    let path = format!("/api/v1/cart/totals?{SHIPPED}");
    let shared = wholesaler.share().call("GET", &path).send().expect(200);
    assert_eq!(minor(&shared["lines"][0]["unit_price"]), 800, "{shared}");

    // Who leaves the group under their checkout is asked.
    let session = wholesaler.check_out();
    let agreed = session.total_minor();
    group(&ann, Value::Null);
    let problem = session.confirm().problem(409, "price_changed");
    assert_eq!(minor(&problem["current_total"]), agreed + 200);
    group(&ann, json!("wholesale"));
    let order = session.confirm().expect(201);
    assert_eq!(minor(&order["total"]), agreed);
    assert!(wholesaler.has_one_paid_order_or_nothing());
}

#[test]
fn the_lowest_that_applies_is_charged_and_only_where_there_is_a_plain_price() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 1_000).without_price("EUR").weight_g(100);
    sku.create();
    let code = sku.sku.clone();
    put(
        &shop,
        &code,
        &json!([{ "amount_minor": 1_200 }, { "min_quantity": 2, "amount_minor": 990 }]),
    );
    let guest = shop.guest();
    guest.add(&code, 1).expect(200);
    assert_eq!(unit_price(&guest), 1_000, "a higher one is none");
    set(&guest, &code, 2);
    assert_eq!(unit_price(&guest), 990);
    // The plain price falls below it.
    sku.clone().price("USD", 950).put();
    assert_eq!(unit_price(&guest), 950);
    putting(&shop, &code, "EUR", &json!([{ "amount_minor": 900 }])).expect(200);
    shop.guest_in("DE", "EUR").add(&code, 1).problem(422, "sku_not_sold_in_currency");
    assert_eq!(shown(&shop, &code)["special_prices"].as_object().map(|of| of.len()), Some(2));

    // Gone, they leave the plain price, and a session that was begun with one is asked.
    sku.clone().price("USD", 1_000).put();
    let session = guest.check_out();
    let agreed = session.total_minor();
    delete(&shop, &code).expect(200);
    assert_eq!(unit_price(&guest), 1_000);
    let problem = session.confirm().problem(409, "price_changed");
    assert_eq!(minor(&problem["current_total"]), agreed + 20);
}

// PRICE-4, SEC-4
#[test]
fn special_prices_are_listed_with_who_made_them_and_what_they_were() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let prices = json!([
        { "customer_group": "staff", "min_quantity": 3, "amount_minor": 700 },
        { "valid_until_ms": 4_000_000_000_000_i64, "amount_minor": 900 },
    ]);
    let first = put(&shop, &sku, &prices);
    let whole = |group: Value, min_quantity: i64, until: Value, amount_minor: i64| json!({ "customer_group": group, "min_quantity": min_quantity, "valid_from_ms": 0, "valid_until_ms": until, "amount_minor": amount_minor });
    assert_eq!(
        first,
        json!({ "sku": sku, "currency": "USD", "prices": [
            whole(Value::Null, 1, json!(4_000_000_000_000_i64), 900),
            whole(json!("staff"), 3, Value::Null, 700),
        ] })
    );
    assert_eq!(put(&shop, &sku, &prices), first, "the same again is no change");
    let second = put(&shop, &sku, &json!([{ "amount_minor": 950 }]));
    let list = |query: &str| {
        let path = format!("{CATALOG}/special-prices?sku={sku}{query}");
        shop.admin("GET", &path).send().expect(200)
    };
    assert_eq!(list("")["entries"], json!([second]));
    assert_eq!(list("&currency=EUR")["entries"], json!([]));
    putting(&shop, &sku, "EUR", &json!([{ "amount_minor": 1 }])).expect(200);
    let page = list("&limit=1");
    assert_eq!(page["entries"][0]["currency"], "EUR", "{page}");
    let next = page["next_cursor"].as_str().expect("a cursor");
    assert_eq!(next, format!("{sku}/EUR"));
    assert_eq!(list(&format!("&limit=1&cursor={sku}%2FEUR"))["entries"], json!([second]));
    assert_eq!(
        delete(&shop, &sku).expect(200),
        json!({ "subject": format!("special-prices/{sku}/USD") })
    );
    delete(&shop, &sku).problem(404, "entry_not_found");
    let history = format!("{CATALOG}/history/special-prices/{sku},USD");
    let history = shop.admin("GET", &history).send().expect(200);
    let changes: Vec<_> = history["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["kind"].clone(), it["before"].clone(), it["after"].clone()))
        .collect();
    assert_eq!(
        changes,
        [
            (json!("put"), Value::Null, first.clone()),
            (json!("put"), first, second.clone()),
            (json!("deleted"), second, Value::Null),
        ]
    );
}

#[test]
fn a_special_price_that_is_none_is_refused_with_its_field_and_changes_nothing() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let kept = put(&shop, &sku, &json!([{ "amount_minor": 950 }]));
    let long = "x".repeat(300);
    for (price, field) in [
        (json!({ "amount_minor": 0 }), "/prices/1/amount_minor"),
        (json!({ "amount_minor": -1 }), "/prices/1/amount_minor"),
        (json!({ "amount_minor": 100_000_000_001_i64 }), "/prices/1/amount_minor"),
        (json!({ "amount_minor": 9.5 }), "/prices/1/amount_minor"),
        (json!({ "amount_minor": 9, "min_quantity": 0 }), "/prices/1/min_quantity"),
        (json!({ "amount_minor": 9, "min_quantity": 10_001 }), "/prices/1/min_quantity"),
        (json!({ "amount_minor": 9, "valid_from_ms": -1 }), "/prices/1/valid_from_ms"),
        (json!({ "amount_minor": 9, "valid_until_ms": 0 }), "/prices/1/valid_until_ms"),
        (
            json!({ "amount_minor": 9, "valid_from_ms": 5, "valid_until_ms": 5 }),
            "/prices/1/valid_until_ms",
        ),
        (json!({ "amount_minor": 9, "customer_group": "" }), "/prices/1/customer_group"),
        (json!({ "amount_minor": 9, "customer_group": "whole sale" }), "/prices/1/customer_group"),
        (json!({ "amount_minor": 9, "customer_group": long }), "/prices/1/customer_group"),
        (json!({ "amount_minor": 940 }), "/prices/1"),
    ] {
        let reply = putting(&shop, &sku, "USD", &json!([{ "amount_minor": 950 }, price]));
        let problem = reply.problem(400, "invalid_field");
        assert_eq!(problem["field"], field, "{price}: {problem}");
    }
    for prices in [json!([]), json!(vec![json!({ "amount_minor": 9 }); 101])] {
        let problem = putting(&shop, &sku, "USD", &prices).problem(400, "invalid_field");
        assert_eq!(problem["field"], "/prices", "{problem}");
    }
    let good = json!([{ "amount_minor": 9 }]);
    putting(&shop, &sku, "QZY", &good).problem(422, "currency_unsupported");
    putting(&shop, &unique("nothing-"), "USD", &good).problem(404, "sku_not_found");
    let listed = format!("{CATALOG}/special-prices?sku={sku}");
    let listed = shop.admin("GET", &listed).send().expect(200);
    assert_eq!(listed["entries"], json!([kept]), "nothing was changed");
}

fn rate(shop: &Shop, path: &str, factor: &Value) -> Reply {
    let path = format!("{CATALOG}/exchange-rates/{path}");
    shop.admin("PUT", &path).json(&json!({ "factor": factor })).send()
}

// PRICE-8; woocommerce-payments#4298 of the seeds' scenarios: 100.00 EUR off 335.00 GBP at 0.8425.
#[test]
fn a_code_in_another_currency_is_exchanged_once_at_the_latest_rate_and_says_which() {
    let shop = Shop::alone();
    let token = shop.token("promotions:read promotions:write");
    let (promotion_id, code) = (unique("promotion-"), unique("E2E-").to_uppercase());
    let path = format!("/api/v1/promotions/{promotion_id}");
    let rule = json!({ "name": "A hundred euros", "kind": { "fixed_amount": { "amount_minor": 10_000 } }, "target": "goods",
        "currency": "EUR", "exchanged": true, "conditions": { "code": true } });
    let put = json!({ "rule": rule, "active": true });
    shop.call("PUT", &path).bearer(&token).json(&put).send().expect(200);
    let active = json!({ "active": true });
    let code_path = format!("{path}/codes/{code}");
    shop.call("PUT", &code_path).bearer(&token).json(&active).send().expect(200);

    let sku = shop.sku().price("GBP", 33_500).weight_g(100).create();
    let guest = shop.guest_in("GB", "GBP");
    guest.add(&sku, 1).expect(200);
    let giving = || guest.call("POST", "/api/v1/cart/codes").json(&json!({ "code": code })).send();
    // The shop may have a rate from another test, and it is not ours.
    let now = shop.now_ms();
    for entry in listed(&shop, "from=EUR&to=GBP") {
        let at = &entry["quoted_at_ms"];
        shop.admin("DELETE", &format!("{CATALOG}/exchange-rates/EUR/GBP/{at}")).send().expect(200);
    }
    let refused = giving().problem(422, "code_refused");
    assert_eq!(refused["refused_code"]["reason"], "wrong_currency", "{refused}");

    rate(&shop, &format!("EUR/GBP/{}", now - 2_000), &json!("0.9")).expect(200);
    rate(&shop, &format!("EUR/GBP/{}", now - 1_000), &json!("0.84250")).expect(200);
    rate(&shop, &format!("EUR/GBP/{}", now + 1_800_000), &json!("0.5")).expect(200);
    giving().expect(200);
    let query = "country=GB&shipping_method=standard";
    let totals = guest.totals(query).expect(200);
    let used = &totals["promotions"][0];
    assert_eq!(minor(&used["amount"]), 8_425, "{totals}");
    assert_eq!(
        used["exchanged"],
        json!({
            "amount": { "amount_minor": 10_000, "currency": "EUR" },
            "rate": { "from": "EUR", "to": "GBP", "factor": "0.8425", "quoted_at_ms": now - 1_000 },
        })
    );
    assert_eq!(minor(&totals["total"]), 25_075 + minor(&totals["shipping"]), "{totals}");
    let session = guest.basket().to("GB", None).begin();
    let order = session.confirm().expect(201);
    assert_eq!(minor(&order["total"]), minor(&totals["total"]));
    let kept = guest.order(order["order_id"].as_str().unwrap()).expect(200);
    assert_eq!(kept["promotions"], totals["promotions"], "the rate stays on the order");
    let figures = shop.call("GET", &path).bearer(&token).send().expect(200);
    assert_eq!(figures["promotion"]["spent_minor"], 10_000, "in the rule's currency: {figures}");

    // The later rate counts from its own time on.
    let late = shop.guest_in("GB", "GBP");
    late.add(&sku, 1).expect(200);
    late.call("POST", "/api/v1/cart/codes").json(&json!({ "code": code })).send().expect(200);
    shop.advance_ms(1_800_000);
    late.add(&sku, 1).expect(200);
    let totals = late.totals(query).expect(200);
    assert_eq!(minor(&totals["promotions"][0]["amount"]), 5_000, "{totals}");
    for at in [now - 2_000, now - 1_000, now + 1_800_000] {
        let gone = shop.admin("DELETE", &format!("{CATALOG}/exchange-rates/EUR/GBP/{at}")).send();
        assert_eq!(gone.expect(200)["subject"], format!("exchange-rate/EUR/GBP/{at}"));
    }
    let totals = late.totals(query).expect(200);
    assert_eq!(totals["refused_codes"][0]["reason"], "wrong_currency", "{totals}");
}

/// The exchange rates that `query` asks for.
fn listed(shop: &Shop, query: &str) -> Vec<Value> {
    let path = format!("{CATALOG}/exchange-rates?limit=500&{query}");
    let page = shop.admin("GET", &path).send().expect(200);
    page["entries"].as_array().expect("entries").clone()
}

#[test]
fn an_exchange_rate_is_kept_with_who_said_it_or_refused_with_its_field() {
    let shop = Shop::open();
    // Long ago: no total of another test is made with it.
    let at = shop.now_ms() % 1_000_000 + 1;
    let path = format!("VND/GBP/{at}");
    let kept = rate(&shop, &path, &json!("0.0030")).expect(200);
    assert_eq!(kept, json!({ "from": "VND", "to": "GBP", "quoted_at_ms": at, "factor": "0.003" }));
    for factor in [
        json!("0"),
        json!("-1"),
        json!("1000000001"),
        json!("0.0000000000001"),
        json!("x"),
        json!(0.5),
    ] {
        let problem = rate(&shop, &path, &factor).problem(400, "invalid_field");
        assert_eq!(problem["field"], "/factor", "{factor}: {problem}");
    }
    let one = json!("1");
    for (path, field) in [
        ("EUR/EUR/1", "to"),
        ("EUR/GBP/01", "quoted_at_ms"),
        ("EUR/GBP/-1", "quoted_at_ms"),
        ("EUR/GBP/1.5", "quoted_at_ms"),
        ("EUR/GBP/1000000000000000", "quoted_at_ms"),
        ("EURO/GBP/1", "from"),
    ] {
        let problem = rate(&shop, path, &one).problem(400, "invalid_field");
        assert_eq!(problem["field"], field, "{path}: {problem}");
    }
    for path in ["QZY/GBP/1", "EUR/QZY/1"] {
        rate(&shop, path, &one).problem(422, "currency_unsupported");
    }
    assert!(listed(&shop, "from=VND&to=GBP").contains(&kept));
    assert!(listed(&shop, "from=GBP&to=VND").is_empty());
    let delete = || shop.admin("DELETE", &format!("{CATALOG}/exchange-rates/{path}")).send();
    delete().expect(200);
    delete().problem(404, "entry_not_found");
    let history = format!("{CATALOG}/history/exchange-rate/{}", path.replace('/', ","));
    let history = shop.admin("GET", &history).send().expect(200)["history"].clone();
    assert_eq!((&history[0]["kind"], &history[0]["after"]), (&json!("put"), &kept));
    assert_eq!((&history[1]["kind"], &history[1]["before"]), (&json!("deleted"), &kept));
}
