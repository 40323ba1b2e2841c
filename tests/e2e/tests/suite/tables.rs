//! The tables an operator fills before anything is sold (CAT-2), and who changed them (SEC-4).

use e2e::{Reply, Shop, unique};
use serde_json::{Value, json};

const CATALOG: &str = "/api/v1/catalog";

fn put(shop: &Shop, path: &str, body: &Value) -> Value {
    shop.admin("PUT", &format!("{CATALOG}/{path}")).json(body).send().expect(200)
}

fn putting(shop: &Shop, path: &str, body: &Value) -> Reply {
    shop.admin("PUT", &format!("{CATALOG}/{path}")).json(body).send()
}

fn delete(shop: &Shop, path: &str) -> Reply {
    shop.admin("DELETE", &format!("{CATALOG}/{path}")).send()
}

fn history(shop: &Shop, subject: &str, query: &str) -> Value {
    shop.admin("GET", &format!("{CATALOG}/history/{subject}{query}")).send().expect(200)
}

/// Every entry of a table, page by page.
fn listed(shop: &Shop, table: &str) -> Vec<Value> {
    let (mut entries, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("{CATALOG}/{table}?limit=3{cursor}");
        let page = shop.admin("GET", &path).send().expect(200);
        let here = page["entries"].as_array().expect("entries");
        assert!(here.len() <= 3, "{page}");
        entries.extend(here.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return entries,
        }
    }
}

fn basel() -> Value {
    json!({ "name": "Basel", "country": "CH", "priority": 3 })
}

// CAT-2: nothing that a shop needs is filled by SQL.
#[test]
fn a_shop_that_is_filled_over_http_sells() {
    let shop = Shop::open();
    let (warehouse, method) = (unique("wh-"), unique("by-bicycle-"));
    let currency = json!({ "minor_digits": 2, "minimum_minor": 50, "ceiling_minor": 500_000 });
    put(&shop, "currencies/CHF", &currency);
    put(&shop, &format!("warehouses/{warehouse}"), &basel());
    put(&shop, "zones/CH", &json!({ "zone": "ch" }));
    put(&shop, "zones/CH/regions/GE", &json!({ "zone": "ch-ge" }));
    let standard = json!({ "rate": "0.081", "inclusive": true, "rounding": "half_away" });
    for class in ["standard", "shipping"] {
        let shown = put(&shop, &format!("taxes/ch/{class}"), &standard);
        assert_eq!(
            shown,
            json!({ "zone": "ch", "tax_class": class, "rate": "0.081", "inclusive": true, "rounding": "half_away" })
        );
    }
    let offered = json!({ "name": "By bicycle", "active": true });
    put(&shop, &format!("shipping-methods/{method}"), &offered);
    let rates = json!({ "rates": [
        { "min_weight_g": 5_000, "amount_minor": 1_800 },
        { "amount_minor": 900 },
        { "warehouse_id": warehouse, "amount_minor": 700 },
    ] });
    let shown = put(&shop, &format!("shipping-rates/ch/CHF/{method}"), &rates);
    let amounts: Vec<_> =
        shown["rates"].as_array().unwrap().iter().map(|rate| &rate["amount_minor"]).collect();
    assert_eq!(amounts, [900, 1_800, 700], "by their keys: {shown}");

    let sku = shop.sku().stock(0).price("CHF", 2_000).and_in(&warehouse, 5).create();
    let guest = shop.guest_in("CH", "CHF");
    guest.add(&sku, 2).expect(200);
    let totals = guest.totals(&format!("country=CH&shipping_method={method}")).expect(200);
    let minor = |member: &str| totals[member]["amount_minor"].as_i64().unwrap();
    // 8.1 % are in both: 40.00 and 7.00.
    assert_eq!((minor("subtotal"), minor("shipping"), minor("tax")), (4_000, 700, 352), "{totals}");
    assert_eq!(minor("total"), 4_700);
    let order =
        guest.basket().to("CH", Some("ZH")).shipping_by(&method).begin().confirm().expect(201);
    assert_eq!(order["total"], json!({ "amount_minor": 4_700, "currency": "CHF" }));

    // What is in use stays.
    let says = |reply: Reply, what: &str| {
        let problem = reply.problem(409, "in_use");
        assert!(problem["detail"].as_str().unwrap().contains(what), "{problem}");
    };
    says(delete(&shop, &format!("warehouses/{warehouse}")), "stock");
    says(delete(&shop, &format!("shipping-methods/{method}")), "shipping rates");
    says(delete(&shop, "currencies/CHF"), "prices");
    let other_digits = json!({ "minor_digits": 3, "minimum_minor": 50, "ceiling_minor": 500_000 });
    says(putting(&shop, "currencies/CHF", &other_digits), "prices");

    let zones = history(&shop, "zone/CH", "");
    assert_eq!(
        zones["history"][0]["after"],
        json!({ "country": "CH", "region": null, "zone": "ch" })
    );
    let of_rates = history(&shop, &format!("shipping-rates/ch,CHF,{method}"), "");
    assert_eq!(
        (&of_rates["history"][0]["before"], &of_rates["history"][0]["after"]),
        (&Value::Null, &shown)
    );

    // Each is in its list, once.
    let count = |table: &str, is: &dyn Fn(&Value) -> bool| {
        listed(&shop, table).iter().filter(|entry| is(entry)).count()
    };
    assert_eq!(count("warehouses", &|it| it["warehouse_id"] == warehouse.as_str()), 1);
    assert_eq!(count("currencies", &|it| it["currency"] == "CHF"), 1);
    assert_eq!(count("zones", &|it| it["country"] == "CH" && it["region"].is_null()), 1);
    assert_eq!(count("zones", &|it| it["region"] == "GE"), 1);
    assert_eq!(count("taxes", &|it| it["zone"] == "ch"), 2);
    assert_eq!(count("shipping-methods", &|it| it["method_id"] == method.as_str()), 1);
    assert_eq!(count("shipping-rates", &|it| it["method_id"] == method.as_str()), 1);
    let narrowed = format!("{CATALOG}/shipping-rates?zone=ch&currency=CHF&limit=500");
    let narrowed = shop.admin("GET", &narrowed).send().expect(200);
    assert!(narrowed["entries"].as_array().unwrap().iter().all(|it| it["currency"] == "CHF"));

    // Without rates the method is not offered, and may go.
    delete(&shop, &format!("shipping-rates/ch/CHF/{method}")).expect(200);
    let guest = shop.guest_in("CH", "CHF");
    guest.add(&sku, 1).expect(200);
    let refused = guest.totals(&format!("country=CH&shipping_method={method}"));
    refused.problem(422, "shipping_method_unavailable");
    let gone = delete(&shop, &format!("shipping-methods/{method}")).expect(200);
    assert_eq!(gone, json!({ "subject": format!("shipping-method/{method}") }));
}

// SEC-4
#[test]
fn a_change_says_who_made_it_and_what_was_before() {
    let shop = Shop::open();
    let warehouse = unique("wh-");
    let (path, subject) = (format!("warehouses/{warehouse}"), format!("warehouse/{warehouse}"));
    let at = format!("{CATALOG}/{path}");
    assert_eq!(history(&shop, &subject, ""), json!({ "history": [], "next_cursor": null }));
    shop.admin("GET", &at).send().problem(404, "entry_not_found");
    let first = put(&shop, &path, &basel());
    assert_eq!(shop.admin("GET", &at).send().expect(200), first);
    // Twice the same is one change.
    put(&shop, &path, &basel());
    let second = put(&shop, &path, &json!({ "name": "Bern", "country": "CH", "priority": 0 }));
    let deleting = shop.admin("DELETE", &at).keyed(&unique("delete-"));
    let gone = deleting.clone().send();
    let again = deleting.send();
    assert_eq!((gone.expect(200), again.body), (json!({ "subject": subject }), gone.body));
    delete(&shop, &path).problem(404, "entry_not_found");

    let seen = history(&shop, &subject, "");
    let changes: Vec<_> = seen["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (it["seq"].as_i64().unwrap(), it["kind"].as_str().unwrap(), &it["before"], &it["after"])
        })
        .collect();
    assert_eq!(
        changes,
        [
            (1, "put", &Value::Null, &first),
            (2, "put", &first, &second),
            (3, "deleted", &second, &Value::Null)
        ]
    );
    for change in seen["history"].as_array().unwrap() {
        assert!(change["actor"].as_str().unwrap().starts_with("service:"), "{change}");
        assert!((change["at_ms"].as_i64().unwrap() - shop.now_ms()).abs() < 60_000, "{change}");
    }
    let page = history(&shop, &subject, "?limit=2");
    assert_eq!((page["history"].as_array().unwrap().len(), &page["next_cursor"]), (2, &json!(2)));
    let rest = history(&shop, &subject, "?limit=2&cursor=2");
    assert_eq!((&rest["history"][0]["seq"], &rest["next_cursor"]), (&json!(3), &Value::Null));
}

#[test]
fn what_will_not_do_is_refused_by_its_field() {
    let shop = Shop::open();
    let id = unique("nothing-");
    let over = |body: &Value, member: &str, value: Value| {
        let mut body = body.clone();
        body[member] = value;
        body
    };
    let warehouse = format!("warehouses/{id}");
    let method = format!("shipping-methods/{id}");
    let tax = format!("taxes/{id}/standard");
    let rates = format!("shipping-rates/{id}/USD/standard");
    let taxed = json!({ "rate": "0.1", "inclusive": true, "rounding": "half_away" });
    let currency = json!({ "minor_digits": 2, "minimum_minor": 50, "ceiling_minor": 500 });
    let one = |rate: Value| json!({ "rates": [{ "amount_minor": 1 }, rate] });
    let cases = [
        (&warehouse, over(&basel(), "name", json!(" ")), "/name"),
        (&warehouse, over(&basel(), "name", json!("x".repeat(201))), "/name"),
        (&warehouse, over(&basel(), "country", json!("ch")), "/country"),
        (&warehouse, over(&basel(), "priority", json!(-1)), "/priority"),
        (&method, json!({ "name": "two\nlines", "active": true }), "/name"),
        (&method, json!({ "name": "Bicycle", "active": 1 }), "/active"),
        (&tax, over(&taxed, "rate", json!("1.01")), "/rate"),
        (&tax, over(&taxed, "rate", json!("ten")), "/rate"),
        (&tax, over(&taxed, "rate", json!(0.1)), "/rate"),
        (&tax, over(&taxed, "rounding", json!("up")), "/rounding"),
        (&rates, json!({ "rates": [] }), "/rates"),
        (&rates, json!({ "rates": vec![json!({ "amount_minor": 1 }); 501] }), "/rates"),
        (&rates, one(json!({ "amount_minor": 2 })), "/rates/1"),
        (&rates, one(json!({ "min_weight_g": 1, "amount_minor": -2 })), "/rates/1/amount_minor"),
        (&rates, one(json!({ "min_weight_g": -1, "amount_minor": 2 })), "/rates/1/min_weight_g"),
        (&"currencies/QZY".to_owned(), over(&currency, "minor_digits", json!(5)), "/minor_digits"),
        (
            &"currencies/QZY".to_owned(),
            over(&currency, "minimum_minor", json!(0)),
            "/minimum_minor",
        ),
        (
            &"currencies/QZY".to_owned(),
            over(&currency, "ceiling_minor", json!(49)),
            "/ceiling_minor",
        ),
        (&"currencies/franc".to_owned(), currency.clone(), "currency"),
        (&"zones/ch".to_owned(), json!({ "zone": "ch" }), "country"),
        (&"zones/CH/regions/ge".to_owned(), json!({ "zone": "ch" }), "region"),
        (&"zones/CH".to_owned(), json!({ "zone": "a zone" }), "/zone"),
    ];
    for (path, body, field) in cases {
        let problem = putting(&shop, path, &body).problem(400, "invalid_field");
        assert_eq!(problem["field"], field, "{path}: {problem}");
    }
    let good = json!({ "rates": [{ "amount_minor": 1 }] });
    let nowhere = one(json!({ "warehouse_id": id, "amount_minor": 1 }));
    putting(&shop, &rates, &nowhere).problem(422, "warehouse_unknown");
    putting(&shop, &format!("shipping-rates/{id}/QZY/standard"), &good)
        .problem(422, "currency_unsupported");
    putting(&shop, &format!("shipping-rates/{id}/USD/{id}"), &good).problem(404, "entry_not_found");
    for path in [&warehouse, &method, &tax, &rates] {
        delete(&shop, path).problem(404, "entry_not_found");
    }
    for subject in ["order/1", "compensation/1", "zone/U%20S"] {
        let path = format!("{CATALOG}/history/{subject}");
        shop.admin("GET", &path).send().problem(404, "entry_not_found");
    }
    shop.admin("GET", &format!("{CATALOG}/taxes?limit=501")).send().problem(400, "invalid_field");
}
