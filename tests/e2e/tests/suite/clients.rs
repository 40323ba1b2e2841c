//! What clients that nobody here wrote send, and what they are told: preconditions, pointers,
//! codings, places in a list, addresses.

use e2e::{Call, Guest, Shop, address, unique};
use serde_json::{Value, json};

fn with_goods(shop: &Shop) -> (Guest<'_>, String) {
    let (guest, sku) = (shop.guest(), shop.sku().create());
    guest.add(&sku, 1).expect(200);
    (guest, sku)
}

// W16, C4: a weak tag matches nothing where comparison is strong, nor does one that was never
// handed out; and what has a tag honours it on every method.
#[test]
fn a_tag_that_does_not_fit_stops_a_change_and_a_look() {
    let shop = Shop::open();
    let (guest, sku) = with_goods(&shop);
    let placed = shop.guest();
    let order = placed.buy(&sku, 1);
    let order_path = format!("/api/v1/orders/{}", order["order_id"].as_str().unwrap());
    let body = guest.basket().body;
    let begin = || guest.call("POST", "/api/v1/checkout").json(&body);
    let cancel = || placed.call("POST", &format!("{order_path}/cancel")).keyed(&unique("cancel-"));
    let shares = || guest.call("POST", "/api/v1/cart/shares");
    let changes: [&dyn Fn() -> Call; 5] =
        [&|| guest.adding(&sku, 1), &|| guest.setting(&sku, 2), &|| begin(), &|| cancel(), &|| {
            shares()
        }];
    for change in changes {
        for tag in ["W/\"2\"", "\"999\"", "\"2-deadbeef\"", "\"abc\""] {
            change().header("if-match", tag).send().problem(412, "version_conflict");
        }
    }
    assert_eq!(guest.quantity_of(&sku), 1);
    assert_eq!(placed.order_rows()[0]["status"], "confirmed");
    for path in ["/api/v1/cart", "/api/v1/cart/totals"] {
        let shown = guest.call("GET", path).send();
        let tag = shown.header("etag").unwrap();
        guest.call("GET", path).header("if-match", tag).send().expect(200);
        guest
            .call("GET", path)
            .header("if-match", &format!("W/{tag}"))
            .send()
            .problem(412, "version_conflict");
        assert_eq!(guest.call("GET", path).header("if-none-match", tag).send().status, 304);
    }
    let shown = placed.call("GET", &order_path).send();
    let tag = shown.header("etag").unwrap().to_owned();
    begin().header("if-match", "\"2\"").send().expect(201);
    cancel().header("if-match", &tag).send().expect(200);
    placed
        .call("GET", &order_path)
        .header("if-match", &tag)
        .send()
        .problem(412, "version_conflict");
    // What a cancelled order is sent under its key again is answered as before, whatever has become
    // of its version.
    let key = unique("cancel-");
    let again = shop.guest();
    let other = again.buy(&sku, 1);
    let path = format!("/api/v1/orders/{}/cancel", other["order_id"].as_str().unwrap());
    for _ in 0..2 {
        again.call("POST", &path).keyed(&key).header("if-match", "\"1\"").send().expect(200);
    }
}

// W13, W14: what a reply shows is in its tag.
#[test]
fn a_tag_changes_with_what_is_shown() {
    let shop = Shop::open();
    let guest = shop.guest();
    let sku = shop.sku();
    let code = sku.create();
    guest.add(&code, 1).expect(200);
    let tag =
        |path: &str| guest.call("GET", path).send().header("etag").map(str::to_owned).unwrap();
    let before = (tag("/api/v1/cart"), tag("/api/v1/cart/totals"));
    sku.price("USD", 2_345).put();
    let after = (tag("/api/v1/cart"), tag("/api/v1/cart/totals"));
    assert!(before.0 != after.0 && before.1 != after.1, "{before:?} {after:?}");
}

// C5, W11: the very member, the line's place and the SKU.
#[test]
fn what_is_wrong_is_pointed_at() {
    let shop = Shop::open();
    let (guest, sku) = with_goods(&shop);
    let spoiled = |of: &str, member: &str, value: Value| {
        let mut spoiled = address("VN", None);
        spoiled[member] = value;
        guest.basket().with(of, spoiled).try_begin()
    };
    for (member, value) in [
        ("name", json!("")),
        ("name", json!(7)),
        ("line1", json!("a\u{7}b")),
        ("city", json!("x".repeat(201))),
        ("region", json!("ha noi")),
        ("postal_code", json!("x".repeat(21))),
        ("country", json!("Vietnam")),
        ("phone", json!("x".repeat(33))),
    ] {
        for of in ["shipping_address", "billing_address"] {
            let problem = spoiled(of, member, value.clone()).problem(400, "invalid_field");
            assert_eq!(problem["field"], format!("/{of}/{member}"), "{problem}");
        }
    }
    assert_eq!(
        spoiled("shipping_address", "country", json!("ZZ")).problem(422, "country_unsupported")["field"],
        "/shipping_address/country"
    );
    assert_eq!(guest.totals("country=ZZ").problem(422, "country_unsupported")["field"], "country");
    assert_eq!(guest.totals("region=ca").problem(400, "invalid_field")["field"], "region");

    let unknown = unique("NONE-");
    let order = json!({
        "currency": "USD",
        "lines": [{ "sku": sku, "quantity": 1 }, { "sku": unknown, "quantity": 1 }],
        "email": "desk@customer.example",
        "shipping_address": address("VN", None), "shipping_method": "standard",
        "payment_method": "pm_card_visa",
        "expected_total": { "amount_minor": 1, "currency": "USD" },
    });
    let service = shop.token("orders:write");
    let refused = shop
        .call("POST", "/api/v1/orders")
        .bearer(&service)
        .keyed(&unique("direct-"))
        .json(&order)
        .send();
    let problem = refused.problem(422, "sku_unknown");
    assert_eq!(
        (&problem["field"], &problem["sku"]),
        (&json!("/lines/1/sku"), &json!(unknown)),
        "{problem}"
    );
}

// W10
#[test]
fn a_line_that_has_lost_its_price_is_named() {
    let shop = Shop::open();
    let guest = shop.guest();
    let sku = shop.sku();
    let code = sku.create();
    guest.add(&code, 1).expect(200);
    sku.without_price("USD").put();
    for refused in [guest.totals("country=VN"), guest.basket().try_begin()] {
        let problem = refused.problem(422, "price_missing");
        assert_eq!(
            (&problem["sku"], &problem["line_id"]),
            (&json!(code), &json!(code)),
            "{problem}"
        );
    }
}

// W12
#[test]
fn a_bound_of_money_is_told_as_people_read_it_and_as_members() {
    let shop = Shop::open();
    let guest = shop.guest();
    guest.add(&shop.sku().price("USD", 500_001).create(), 1).expect(200);
    let problem = guest.basket().try_begin().problem(422, "amount_above_ceiling");
    assert_eq!(
        problem["detail"],
        "5000.01 USD is above the ceiling of 5000.00 USD for one payment"
    );
    assert_eq!(problem["total"], json!({ "amount_minor": 500_001, "currency": "USD" }));
    assert_eq!(problem["maximum_total"], json!({ "amount_minor": 500_000, "currency": "USD" }));
    let operator = shop.token("config:read");
    let config = shop.call("GET", "/api/v1/config").bearer(&operator).send().expect(200);
    let usd = config["currencies"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["currency"] == "USD")
        .unwrap();
    assert_eq!(usd["ceiling_minor"], 500_000);
}

// W15: what is no place in a list is not its beginning.
#[test]
fn a_cursor_that_no_page_gave_is_refused() {
    let shop = Shop::open();
    let guest = shop.guest();
    assert_eq!(
        guest.call("GET", "/api/v1/orders?cursor=xyz").send().problem(400, "invalid_field")["field"],
        "cursor"
    );
    let operator = shop.token("operations:read");
    for list in ["compensations", "events", "alerts"] {
        let path = format!("/api/v1/operations/{list}?cursor=xyz");
        assert_eq!(
            shop.call("GET", &path).bearer(&operator).send().problem(400, "invalid_field")["field"],
            "cursor"
        );
    }
}

// W17: of characters that nobody sees no name can be made, and none makes a name read otherwise.
#[test]
fn a_name_can_be_read() {
    let shop = Shop::open();
    let (guest, _) = with_goods(&shop);
    let named = |name: &str| {
        let mut named = address("VN", None);
        named["name"] = json!(name);
        guest.basket().with("shipping_address", named).try_begin()
    };
    for name in ["\u{200b}", "Mai \u{202e}iahK", "\u{2066}Mai", "\u{feff}"] {
        assert_eq!(
            named(name).problem(400, "invalid_field")["field"],
            "/shipping_address/name",
            "{name:?}"
        );
    }
    for name in ["Nguyễn Thị Minh Khai", "می\u{200c}خواهم", "山田 太郎"] {
        named(name).expect(201);
    }
}

// W18: a body that is packed is refused by what it is packed with.
#[test]
fn a_coded_body_is_refused_by_its_coding() {
    let shop = Shop::open();
    let (guest, sku) = with_goods(&shop);
    let call = |coding: &str| guest.adding(&sku, 1).header("content-encoding", coding).send();
    for coding in ["gzip", "br", "zstd"] {
        let problem = call(coding).problem(415, "unsupported_media_type");
        assert_eq!(problem["field"], "content-encoding", "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(coding), "{problem}");
    }
    call("identity").expect(200);
    assert_eq!(guest.quantity_of(&sku), 2);
}

// W20: what a country needs: a postal code where mail does, a region where the tax is a region's.
#[test]
fn an_address_has_what_its_country_needs() {
    let shop = Shop::open();
    let (guest, _) = with_goods(&shop);
    let to = |country: &str, region: Option<&str>, postal_code: Option<&str>| {
        let mut there = address(country, region);
        there["postal_code"] = json!(postal_code);
        guest.basket().with("shipping_address", there).try_begin()
    };
    for (country, region, code, field) in [
        ("US", None, Some("94607"), "region"),
        ("US", Some(""), Some("94607"), "region"),
        ("US", Some("CA"), None, "postal_code"),
        ("DE", None, Some(""), "postal_code"),
    ] {
        let problem = to(country, region, code).problem(400, "invalid_field");
        assert_eq!(problem["field"], format!("/shipping_address/{field}"), "{problem}");
    }
    to("US", Some("CA"), Some("94607")).expect(201);
    to("US", Some("TX"), Some("73301")).expect(201);
    to("DE", None, Some("10115")).expect(201);
    to("VN", None, None).expect(201);
    let mut billed = address("GB", None);
    billed["postal_code"] = Value::Null;
    let problem =
        guest.basket().with("billing_address", billed).try_begin().problem(400, "invalid_field");
    assert_eq!(problem["field"], "/billing_address/postal_code", "{problem}");
}

// Who has the address and nothing else is shown where to go on.
#[test]
fn the_root_says_what_answers_here() {
    let shop = Shop::open();
    let index = shop.call("GET", "/").send().expect(200);
    assert_eq!(index["name"], "edgetill");
    for place in ["openapi", "docs", "health"] {
        let path = index[place].as_str().unwrap();
        assert_eq!(shop.call("GET", path).send().status, 200, "{path}");
    }
}

// PRICE-1, SHIP-1: a cart that could come to nothing is not opened.
#[test]
fn a_cart_for_a_country_that_is_not_served_is_not_opened() {
    let shop = Shop::open();
    let open = |body: Value| shop.call("POST", "/api/v1/cart").json(&body).send();
    assert_eq!(
        open(json!({ "country": "JP" })).problem(422, "country_unsupported")["field"],
        "/country"
    );
    assert_eq!(
        open(json!({ "currency": "JPY" })).problem(422, "currency_unsupported")["field"],
        "/currency"
    );
    open(json!({ "country": "DE", "currency": "EUR" })).expect(201);
}

// SEC-7: what a browser asks before a page of another origin may call, and what it lets that page
// see.
#[test]
fn a_page_of_a_named_origin_may_call_and_read() {
    let shop = Shop::open();
    let guest = shop.guest();
    let storefront = "http://storefront.example";
    let preflight = |path: &str, method: &str, origin: &str| {
        let asked = shop
            .call("OPTIONS", path)
            .header("origin", origin)
            .header("access-control-request-method", method);
        asked
            .header("access-control-request-headers", "authorization,content-type,idempotency-key")
            .send()
    };
    for (path, method) in [
        ("/api/v1/cart", "POST"),
        ("/api/v1/cart/items", "POST"),
        ("/api/v1/cart/items/A-1", "PUT"),
        ("/api/v1/cart/totals", "GET"),
        ("/api/v1/checkout", "POST"),
        ("/api/v1/checkout/x/confirm", "POST"),
        ("/api/v1/orders/x", "GET"),
        ("/api/v1/orders/x/cancel", "POST"),
        ("/api/v1/session", "POST"),
    ] {
        let told = preflight(path, method, storefront);
        assert_eq!(
            (told.status, told.header("access-control-allow-origin")),
            (204, Some(storefront)),
            "{path}: {told:?}"
        );
        assert!(
            told.header("access-control-allow-methods")
                .unwrap()
                .split(", ")
                .any(|allowed| allowed == method),
            "{path}: {told:?}"
        );
        assert!(
            told.header("access-control-allow-headers").unwrap().contains("idempotency-key"),
            "{path}: {told:?}"
        );
        assert_eq!(told.header("access-control-max-age"), Some("600"), "{path}");
        assert_eq!(
            preflight(path, method, "http://elsewhere.example")
                .header("access-control-allow-origin"),
            None,
            "{path}"
        );
    }
    let shown = guest.call("GET", "/api/v1/cart").header("origin", storefront).send();
    assert_eq!(
        (shown.status, shown.header("access-control-allow-origin"), shown.header("vary")),
        (200, Some(storefront), Some("origin"))
    );
    assert!(shown.header("access-control-expose-headers").unwrap().contains("etag"));
    // A page has to read what was wrong, too.
    let refused =
        shop.call("GET", "/api/v1/cart").bearer("nonsense").header("origin", storefront).send();
    assert_eq!(
        (refused.status, refused.header("access-control-allow-origin")),
        (401, Some(storefront))
    );
    // What only programs of the shop call is open to no page.
    let admin =
        shop.admin("GET", "/api/v1/catalog/skus?limit=1").header("origin", storefront).send();
    assert_eq!((admin.status, admin.header("access-control-allow-origin")), (200, None));
}
