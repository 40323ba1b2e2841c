//! The cart: what is in it stays in it, whoever else is at it.

use e2e::{Shop, together, unique};
use serde_json::{Value, json};

// TestFullCartFlow_AddUpdateCheckoutComplete begins here; `confirm` has the rest. CART-3
#[test]
fn a_cart_is_filled_changed_and_emptied() {
    let shop = Shop::open();
    let (cup, bowl) =
        (shop.sku().price("USD", 1_000).create(), shop.sku().price("USD", 250).create());

    let opened = shop
        .call("POST", "/api/v1/cart")
        .json(&json!({ "currency": "USD", "country": "VN" }))
        .send();
    let body = opened.expect(201);
    assert_eq!(opened.header("location"), Some("/api/v1/cart"));
    assert_eq!(opened.etag_version(), body["cart"]["version"].as_i64().unwrap());
    assert!(body["guest_token"].as_str().unwrap().starts_with("gst_"));
    assert_eq!(body["guest_token"].as_str().unwrap().len(), 4 + 64);

    let guest = shop.guest();
    let first = guest.add(&cup, 2);
    let receipt = first.expect(200);
    assert_eq!(receipt["sku"], cup.as_str());
    assert_eq!(receipt["quantity"], 2);
    assert_eq!(receipt["unit_price"], json!({ "amount_minor": 1_000, "currency": "USD" }));
    assert_eq!(first.etag_version(), receipt["version"].as_i64().unwrap());
    let line_id = receipt["line_id"].as_str().unwrap().to_owned();

    assert_eq!(guest.add(&bowl, 1).expect(200)["version"], 3);
    assert_eq!(guest.add(&cup, 3).expect(200)["quantity"], 5);
    let changed = guest
        .call("PUT", &format!("/api/v1/cart/items/{line_id}"))
        .json(&json!({ "quantity": 4 }))
        .send();
    assert_eq!(changed.expect(200)["quantity"], 4);

    let cart = guest.cart();
    assert_eq!(cart["cart_id"], guest.cart_id.as_str());
    assert_eq!(cart["status"], "active");
    assert_eq!(cart["subtotal"], json!({ "amount_minor": 4 * 1_000 + 250, "currency": "USD" }));
    assert_eq!(cart["lines"].as_array().unwrap().len(), 2);
    assert_eq!(cart["lines"][0]["line_total"]["amount_minor"], 4_000);
    assert_eq!(cart["lines"][0]["stock"], "available");
    assert_eq!(cart["warnings"], json!([]));
    assert!(cart["expires_at_ms"].as_i64() > cart["updated_at_ms"].as_i64());

    guest.removing(&bowl).send().expect(200);
    guest.removing(&bowl).send().problem(404, "line_not_found");
    guest.setting(&bowl, 2).send().problem(404, "line_not_found");
    let cleared = guest.call("DELETE", "/api/v1/cart").send().expect(200);
    assert_eq!(cleared["lines"], 0);
    let cart = guest.cart();
    assert_eq!(cart["lines"], json!([]));
    assert_eq!(cart["version"], cleared["version"]);
    assert_eq!(cart["version"], 7, "one change, one version");
}

// TestCartAdd_ConcurrentUpdates_OptimisticLock, TestAddToCart_Concurrency. CART-1
#[test]
fn twenty_parallel_adds_of_one_end_at_twenty() {
    parallel_adds_lose_nothing(20);
}

// CART-1
#[test]
fn two_hundred_parallel_adds_of_one_end_at_two_hundred() {
    parallel_adds_lose_nothing(200);
}

fn parallel_adds_lose_nothing(adds: usize) {
    let shop = Shop::open();
    let sku = shop.sku().stock(1_000).create();
    let guest = shop.guest();
    let mut versions: Vec<i64> = together(adds, |_| guest.add(&sku, 1))
        .iter()
        .map(|reply| reply.expect(200)["version"].as_i64().unwrap())
        .collect();
    let adds = i64::try_from(adds).unwrap();
    assert_eq!(guest.quantity_of(&sku), adds);
    versions.sort_unstable();
    assert_eq!(versions, (2..adds + 2).collect::<Vec<_>>(), "each add has a version of its own");
    assert_eq!(guest.cart()["version"], adds + 1);
}

// Parallel adds of different goods lose lines elsewhere. CART-1
#[test]
fn parallel_adds_of_many_goods_lose_no_line() {
    let shop = Shop::open();
    let skus: Vec<String> = (0..5).map(|_| shop.sku().create()).collect();
    let guest = shop.guest();
    together(40, |number| guest.add(&skus[number % skus.len()], 1).expect(200));
    for sku in &skus {
        assert_eq!(guest.quantity_of(sku), 8);
    }
}

// CART-1
#[test]
fn a_stale_version_gets_412_with_the_current_cart_and_is_counted() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let before = shop.counter("cart_optimistic_lock_failures_total");

    let stale = [
        guest.adding(&sku, 1).header("if-match", "\"1\""),
        guest.setting(&sku, 7).header("if-match", "\"1\""),
        guest.removing(&sku).header("if-match", "\"1\""),
        guest.call("DELETE", "/api/v1/cart").header("if-match", "\"1\", \"9\""),
    ];
    for call in stale {
        let refused = call.send();
        let problem = refused.problem(412, "version_conflict");
        assert_eq!(problem["current"]["version"], 2);
        assert_eq!(problem["current"]["lines"][0]["quantity"], 1);
        assert_eq!(refused.etag_version(), 2);
    }
    assert!(shop.counter("cart_optimistic_lock_failures_total") >= before + 4);

    guest.adding(&sku, 1).header("if-match", "\"2\"").send().expect(200);
    guest.setting(&sku, 7).header("if-match", "*").send().expect(200);
    guest.setting(&sku, 8).header("if-match", "W/\"4\"").send().problem(412, "version_conflict");
    assert_eq!(guest.quantity_of(&sku), 7);
}

// TestCartUpdate_ConcurrentQuantityChanges. CART-1
#[test]
fn of_parallel_replacements_that_saw_one_version_one_wins() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let replies = together(20, |number| {
        guest.setting(&sku, 10 + i64::try_from(number).unwrap()).header("if-match", "\"2\"").send()
    });
    let (won, lost): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.is_success());
    assert_eq!(won.len(), 1, "{replies:?}");
    lost.iter().for_each(|reply| drop(reply.problem(412, "version_conflict")));
    assert_eq!(json!(guest.quantity_of(&sku)), won[0].json()["quantity"]);
    assert_eq!(guest.cart()["version"], 3);
}

// TestCartAccess_SessionSecurity, TestCartAccess_UnauthorizedAccess. CART-2
#[test]
fn a_stranger_finds_no_cart_session_or_order_and_no_row_is_written() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let owner = shop.guest();
    let order = owner.buy(&sku, 1);
    let buyer = shop.guest();
    buyer.add(&sku, 1).expect(200);
    let session = buyer.check_out();

    // Ours, and nobody's.
    let stranger = Shop::stranger();
    let cart_calls = [
        shop.call("GET", "/api/v1/cart"),
        shop.call("DELETE", "/api/v1/cart"),
        shop.call("POST", "/api/v1/cart/items").json(&json!({ "sku": sku, "quantity": 1 })),
        shop.call("PUT", &format!("/api/v1/cart/items/{sku}")).json(&json!({ "quantity": 2 })),
        shop.call("DELETE", &format!("/api/v1/cart/items/{sku}")),
        shop.call("GET", "/api/v1/cart/totals?country=VN"),
        shop.call("GET", "/api/v1/cart/shipping-methods?country=VN"),
        shop.call("POST", "/api/v1/checkout").json(&buyer.basket().body),
    ];
    for call in cart_calls {
        call.bearer(&stranger).send().problem(404, "cart_not_found");
    }

    // Another shopper, who has a cart of their own: what exists and what does not look the same.
    let other = shop.guest();
    let invented = "0193d5a0-0000-7000-8000-000000000000";
    let order_id = order["order_id"].as_str().unwrap();
    let number = order["order_number"].as_str().unwrap();
    let oracles = [
        (
            "GET",
            format!("/api/v1/checkout/{}", session.session_id),
            format!("/api/v1/checkout/{invented}"),
            "session_not_found",
        ),
        (
            "POST",
            format!("/api/v1/checkout/{}/confirm", session.session_id),
            format!("/api/v1/checkout/{invented}/confirm"),
            "session_not_found",
        ),
        (
            "GET",
            format!("/api/v1/orders/{order_id}"),
            format!("/api/v1/orders/{invented}"),
            "order_not_found",
        ),
        (
            "GET",
            format!("/api/v1/orders/number/{number}"),
            "/api/v1/orders/number/ORD-20200101-000001".to_owned(),
            "order_not_found",
        ),
        (
            "POST",
            format!("/api/v1/orders/{order_id}/cancel"),
            format!("/api/v1/orders/{invented}/cancel"),
            "order_not_found",
        ),
    ];
    for (method, existing, missing, code) in oracles {
        let ask = |path: &str, token: Option<&str>| {
            let call = shop.call(method, path);
            let call = if method == "POST" {
                call.keyed(&unique("oracle-")).json(&json!({}))
            } else {
                call
            };
            token.map_or_else(|| call.clone(), |token| call.clone().bearer(token)).send()
        };
        let theirs = ask(&existing, Some(&other.token));
        theirs.problem(404, code);
        assert_eq!(theirs.body, ask(&missing, Some(&other.token)).body, "{existing}");
        assert_eq!(ask(&existing, None).body, ask(&missing, None).body, "{existing}");
        assert!([401, 404].contains(&ask(&existing, None).status), "{existing}");
    }
    // Strangers would choose how often such a row is written, and everybody would wait for it.
    for name in
        ["cart_not_found_total", "checkout_session_not_found_total", "order_not_found_total"]
    {
        assert_eq!(shop.counter(name), 0, "{name}");
    }
    assert_eq!(other.call("GET", "/api/v1/orders").send().expect(200)["orders"], json!([]));
    assert_eq!(owner.order(order_id).expect(200)["status"], "confirmed");
    assert_eq!(session.confirm().status, 201);
}

// CART-2
#[test]
fn nobody_is_asked_for_a_credential_and_a_bad_one_is_not_nobody() {
    let shop = Shop::open();
    let nobody = shop.call("GET", "/api/v1/cart").send();
    nobody.problem(401, "credential_missing");
    assert!(
        nobody.header("www-authenticate").is_some_and(|challenge| challenge.starts_with("Bearer"))
    );
    for token in ["gst_short", "not-a-token", "gst_", "a.b.c"] {
        let refused = shop.call("GET", "/api/v1/cart").bearer(token).send();
        refused.problem(401, "credential_invalid");
        assert!(refused.header("www-authenticate").is_some(), "{refused:?}");
    }
    shop.call("GET", "/api/v1/cart")
        .header("authorization", "Basic Zm9vOmJhcg==")
        .send()
        .problem(401, "credential_invalid");
    // A bad credential must not open a new cart as if nobody had come.
    shop.call("POST", "/api/v1/cart")
        .bearer("gst_short")
        .json(&json!({}))
        .send()
        .problem(401, "credential_invalid");
}

// CART-3
#[test]
fn parallel_first_requests_of_one_guest_end_in_one_cart() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    let _order = guest.buy(&sku, 1);
    let replies = together(10, |_| {
        guest.call("POST", "/api/v1/cart").json(&json!({ "currency": "EUR" })).send()
    });
    let carts: Vec<Value> = replies
        .iter()
        .map(|reply| {
            assert!([200, 201].contains(&reply.status), "{reply:?}");
            assert!(reply.json().get("guest_token").is_none(), "a guest keeps the token they have");
            reply.json()["cart"]["cart_id"].clone()
        })
        .collect();
    assert!(carts.iter().all(|cart| *cart == carts[0]), "{carts:?}");
    assert_ne!(carts[0], guest.cart_id.as_str());
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1);
}

// TestCartStock_WithRealWarehouse. CART-3
#[test]
fn short_stock_warns_and_never_blocks() {
    let shop = Shop::open();
    let sku = shop.sku().stock(2).create();
    let guest = shop.guest();
    assert_eq!(guest.add(&sku, 2).expect(200)["warnings"], json!([]));
    let receipt = guest.add(&sku, 3).expect(200);
    assert_eq!(receipt["warnings"][0]["code"], "insufficient_stock", "{receipt}");
    let cart = guest.cart();
    assert_eq!(cart["lines"][0]["stock"], "short");
    assert_eq!(cart["lines"][0]["available"], 2);
    assert_eq!(cart["warnings"][0]["code"], "insufficient_stock");
    assert_eq!(shop.stock_of(&sku), (2, 0), "a cart reserves nothing");
    guest.setting(&sku, 1).send().expect(200);
    assert_eq!(guest.cart()["warnings"], json!([]));
}

// TestCartAdd_TransactionRollback. CART-3
#[test]
fn a_refused_change_leaves_nothing_behind() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let left = || {
        let events = shop.rows("outbox", "aggregate", &format!("cart/{}", guest.cart_id)).len();
        (guest.cart(), events, shop.rows("cart_line", "cart_id", &guest.cart_id))
    };
    let before = left();
    assert!(before.1 >= 2, "a cart's events are about `cart/<id>`");
    guest
        .adding(&sku, 1)
        .header("if-match", "\"1\"")
        .header("idempotency-key", &unique("k"))
        .send()
        .problem(412, "version_conflict");
    guest.add(&sku, 10_000).problem(422, "quantity_out_of_range");
    guest.add("NO-SUCH-THING", 1).problem(422, "sku_unknown");
    guest.removing("NO-SUCH-THING").send().problem(404, "line_not_found");
    assert_eq!(left(), before);
}

// CART-13
#[test]
fn limits_have_clear_errors() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    for quantity in [0, -1, 10_001, i64::MAX] {
        let refused = guest.add(&sku, quantity);
        assert!([400, 422].contains(&refused.status), "{refused:?}");
        let problem = refused.json();
        assert!(
            ["invalid_field", "quantity_out_of_range"].contains(&problem["code"].as_str().unwrap()),
            "{problem}"
        );
        assert_eq!(problem["field"], "/quantity", "{problem}");
    }
    for quantity in ["1.5", "\"2\"", "1e400", "99999999999999999999", "null", "true"] {
        let body = format!("{{\"sku\":\"{sku}\",\"quantity\":{quantity}}}");
        let refused = guest
            .call("POST", "/api/v1/cart/items")
            .header("content-type", "application/json")
            .body(body)
            .send();
        assert_eq!(refused.status, 400, "{quantity}: {refused:?}");
    }
    guest.add(&sku, 10_000).expect(200);
    let refused = guest.add(&sku, 1).problem(422, "quantity_out_of_range");
    assert_eq!((&refused["minimum"], &refused["maximum"]), (&json!(1), &json!(10_000)));
    let refused = guest.setting(&sku, 10_001).send();
    assert!([400, 422].contains(&refused.status), "{refused:?}");
    assert_eq!(guest.quantity_of(&sku), 10_000);

    guest.add("NO-SUCH-THING", 1).problem(422, "sku_unknown");
    guest.add(&shop.sku().inactive().create(), 1).problem(422, "sku_unknown");
    guest
        .add(&shop.sku().without_price("USD").create(), 1)
        .problem(422, "sku_not_sold_in_currency");
    guest.add("not a sku!", 1).problem(400, "invalid_field");
}

// CART-13
#[test]
fn no_price_and_quantity_can_overflow_a_sum() {
    let shop = Shop::open();
    let dear = shop.sku().price("USD", i64::MAX / 2);
    let put =
        shop.admin("PUT", &format!("/api/v1/catalog/skus/{}", dear.sku)).json(&dear.body()).send();
    if put.is_success() {
        let guest = shop.guest();
        guest.add(&dear.sku, 10_000).expect(200);
        for reply in [
            guest.call("GET", "/api/v1/cart").send(),
            guest.totals("country=VN&shipping_method=standard"),
        ] {
            assert!(
                (400..500).contains(&reply.status),
                "a sum that does not fit is a problem with a name: {reply:?}"
            );
        }
        guest.removing(&dear.sku).send().expect(200);
    } else {
        assert!((400..500).contains(&put.status), "{put:?}");
    }
}

// CART-4, TestCartLoad_WithLargeNumberOfItems (`budgets` counts the statements). CART-13
#[test]
fn a_cart_takes_a_thousand_lines_and_not_one_more() {
    let shop = Shop::open();
    let goods: Vec<_> = (0..1_001).map(|_| shop.sku()).collect();
    for batch in goods.chunks(250) {
        let lines: Vec<Value> = batch.iter().map(|sku| sku.import_line()).collect();
        let imported =
            shop.admin("POST", "/api/v1/catalog/skus").json(&json!({ "skus": lines })).send();
        assert!(imported.is_success(), "{imported:?}");
    }
    let guest = shop.guest();
    together(8, |worker| {
        for sku in goods[..1_000].iter().skip(worker).step_by(8) {
            guest.add(&sku.sku, 1).expect(200);
        }
    });
    guest.add(&goods[1_000].sku, 1).problem(422, "too_many_lines");
    guest.add(&goods[0].sku, 1).expect(200);
    let cart = guest.cart();
    assert_eq!(cart["lines"].as_array().unwrap().len(), 1_000);
    assert_eq!(cart["subtotal"]["amount_minor"], 1_001 * 1_999);
    let totals = guest.totals("country=VN&shipping_method=standard").expect(200);
    assert_eq!(totals["lines"].as_array().unwrap().len(), 1_000);
}

// CHK-4 for carts.
#[test]
fn one_key_adds_once_and_answers_the_same_bytes() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    let key = unique("add-");
    let first = guest.adding(&sku, 2).header("idempotency-key", &key).send();
    first.expect(200);
    assert_eq!(first.header("idempotency-replayed"), None);
    // Quoted is bare, whatever happened to the cart since.
    guest.add(&sku, 1).expect(200);
    for spelled in [format!("\"{key}\""), key.clone()] {
        let again = guest.adding(&sku, 2).header("idempotency-key", &spelled).send();
        assert_eq!((again.status, &again.body), (200, &first.body));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(again.header("etag"), first.header("etag"));
    }
    assert_eq!(guest.quantity_of(&sku), 3);

    guest
        .adding(&sku, 3)
        .header("idempotency-key", &key)
        .send()
        .problem(422, "idempotency_key_reused");
    guest
        .setting(&sku, 2)
        .header("idempotency-key", &key)
        .send()
        .problem(422, "idempotency_key_reused");
    // Another's key is another key.
    let other = shop.guest();
    other.adding(&sku, 2).header("idempotency-key", &key).send().expect(200);
    assert_eq!(other.quantity_of(&sku), 2);

    for malformed in ["", "\"open", "two words", &"k".repeat(256)] {
        guest
            .adding(&sku, 1)
            .header("idempotency-key", malformed)
            .send()
            .problem(400, "invalid_idempotency_key");
    }
}

// CHK-4 for carts.
#[test]
fn every_change_of_a_cart_can_be_replayed() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 5).expect(200);
    let changes =
        [guest.setting(&sku, 3), guest.removing(&sku), guest.call("DELETE", "/api/v1/cart")];
    for change in changes {
        let call = change.header("idempotency-key", &unique("k"));
        let first = call.clone().send();
        first.expect(200);
        let version = guest.cart()["version"].clone();
        let again = call.send();
        assert_eq!((again.status, &again.body), (200, &first.body));
        assert_eq!(guest.cart()["version"], version);
    }
}

// CHK-4 for carts.
#[test]
fn parallel_adds_under_one_key_add_once() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    let key = unique("add-");
    let replies = together(20, |_| guest.adding(&sku, 1).header("idempotency-key", &key).send());
    let (done, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.is_success());
    assert!(!done.is_empty());
    assert!(done.iter().all(|reply| reply.body == done[0].body), "{done:?}");
    refused.iter().for_each(|reply| drop(reply.problem(409, "idempotency_in_progress")));
    assert_eq!(guest.quantity_of(&sku), 1);
}

// CHK-4: "only final outcomes are stored".
#[test]
fn a_refusal_leaves_the_key_free() {
    let shop = Shop::open();
    let sku = shop.sku();
    let guest = shop.guest();
    let add = guest.adding(&sku.sku, 1).header("idempotency-key", &unique("k"));
    add.clone().send().problem(422, "sku_unknown");
    sku.create();
    assert_eq!(add.send().expect(200)["quantity"], 1);
}

// Versions are entity tags.
#[test]
fn a_cart_that_was_seen_is_not_sent_again() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    let seen = guest.call("GET", "/api/v1/cart").send();
    let tag = seen.header("etag").unwrap().to_owned();
    let unchanged = guest.call("GET", "/api/v1/cart").header("if-none-match", &tag).send();
    assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
    assert_eq!(unchanged.header("etag"), Some(tag.as_str()));
    guest.add(&sku, 1).expect(200);
    guest.call("GET", "/api/v1/cart").header("if-none-match", &tag).send().expect(200);
}

// PRICE-3: a price is no part of a cart's version, and a client that revalidates must see the new
// one.
#[test]
fn a_cart_whose_price_has_changed_is_sent_again() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 1_000);
    sku.create();
    let guest = shop.guest();
    guest.add(&sku.sku, 1).expect(200);
    let tag = guest.call("GET", "/api/v1/cart").send().header("etag").unwrap().to_owned();
    let unchanged = guest.call("GET", "/api/v1/cart").header("if-none-match", &tag).send();
    assert_eq!(unchanged.status, 304);
    sku.clone().price("USD", 4_242).put();
    let seen = guest.call("GET", "/api/v1/cart").header("if-none-match", &tag).send().expect(200);
    assert_eq!(seen["lines"][0]["unit_price"]["amount_minor"], 4_242);
}

// PRICE-1
#[test]
fn a_cart_in_a_currency_we_do_not_know_is_refused() {
    let shop = Shop::open();
    for currency in ["USD", "VND", "EUR", "GBP"] {
        assert_eq!(shop.guest_in("VN", currency).cart()["currency"], currency);
    }
    let open = |body: Value| shop.call("POST", "/api/v1/cart").json(&body).send();
    open(json!({ "currency": "JPY" })).problem(422, "currency_unsupported");
    for malformed in ["usd", "DOLLAR", "", "U$D"] {
        open(json!({ "currency": malformed })).problem(400, "invalid_field");
    }
    open(json!({ "country": "Vietnam" })).problem(400, "invalid_field");
    // CFG-1: the defaults of the shop.
    assert_eq!(open(json!({})).expect(201)["cart"]["country"], "VN");
}
