//! A cart in another currency: every line priced anew, all or none (CART-21).

use e2e::{Call, Guest, Shop, eventually, together, unique};
use serde_json::{Value, json};

fn changing(guest: &Guest<'_>, currency: &str) -> Call {
    guest.call("PUT", "/api/v1/cart/currency").json(&json!({ "currency": currency }))
}

fn prices(cart: &Value) -> Vec<(&Value, &Value)> {
    let lines = cart["lines"].as_array().unwrap();
    lines.iter().map(|line| (&line["unit_price"], &line["added_price"])).collect()
}

fn money(amount_minor: i64, currency: &str) -> Value {
    json!({ "amount_minor": amount_minor, "currency": currency })
}

fn rows(guest: &Guest<'_>) -> (Vec<Value>, Vec<Value>) {
    let rows = |table| guest.shop.rows(table, "cart_id", &guest.cart_id);
    (rows("cart"), rows("cart_line"))
}

fn events(guest: &Guest<'_>) -> Vec<Value> {
    let rows = guest.shop.rows("outbox", "aggregate", &format!("cart/{}", guest.cart_id));
    rows.into_iter().filter(|row| row["type"] == "cart.currency_changed").collect()
}

#[test]
fn every_line_is_priced_anew_and_paid_in_the_new_currency() {
    let shop = Shop::open();
    let guest = shop.guest();
    let tea = shop.sku().price("USD", 1_000).price("EUR", 900);
    let (tea, pot) = (tea.create(), shop.sku().price("USD", 3_000).price("EUR", 2_800).create());
    guest.add(&tea, 2).expect(200);
    guest.add(&pot, 1).expect(200);
    let version = guest.cart()["version"].as_i64().unwrap();
    let changed = changing(&guest, "EUR").send();
    assert_eq!(
        changed.expect(200),
        json!({ "cart_id": guest.cart_id, "currency": "EUR", "version": version + 1 })
    );
    assert_eq!(changed.etag_version(), version + 1);
    let cart = guest.cart();
    assert_eq!(
        prices(&cart),
        [(&money(900, "EUR"), &money(900, "EUR")), (&money(2_800, "EUR"), &money(2_800, "EUR")),]
    );
    assert_eq!((&cart["subtotal"], &cart["currency"]), (&money(4_600, "EUR"), &json!("EUR")));
    assert!(cart["lines"].as_array().unwrap().iter().all(|line| line["price_changed"] == false));
    let told = events(&guest);
    assert_eq!(told.len(), 1);
    let data: Value = serde_json::from_str(told[0]["data"].as_str().unwrap_or_default())
        .unwrap_or_else(|_| told[0]["data"].clone());
    assert_eq!(
        (&data["from_currency"], &data["currency"], &data["version"]),
        (&json!("USD"), &json!("EUR"), &json!(version + 1))
    );
    let placed = guest.check_out().confirm().expect(201);
    assert_eq!(placed["total"]["currency"], "EUR");
}

#[test]
fn what_is_not_sold_in_it_is_listed_line_by_line_and_nothing_is_changed() {
    let shop = Shop::open();
    let guest = shop.guest();
    let sold = shop.sku().create();
    let unsold =
        [shop.sku().without_price("EUR").create(), shop.sku().without_price("EUR").create()];
    for sku in unsold.iter().chain([&sold]) {
        guest.add(sku, 1).expect(200);
    }
    let before = rows(&guest);
    let problem = changing(&guest, "EUR").send().problem(422, "sku_not_sold_in_currency");
    assert_eq!(problem["field"], "/currency");
    let mut listed: Vec<&str> = problem["not_sold"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            assert_eq!(line["line_id"], line["sku"]);
            line["sku"].as_str().unwrap()
        })
        .collect();
    let mut expected: Vec<&str> = unsold.iter().map(String::as_str).collect();
    listed.sort_unstable();
    expected.sort_unstable();
    assert_eq!(listed, expected);
    changing(&guest, "CHF").send().problem(422, "currency_unsupported");
    for (body, code, field) in [
        (json!({ "currency": "euro" }), "invalid_field", "/currency"),
        (json!({ "currency": 978 }), "invalid_field", "/currency"),
        (json!({}), "invalid_field", "/currency"),
        (json!({ "currency": "EUR", "rate": 2 }), "unknown_field", "/rate"),
    ] {
        let call = guest.call("PUT", "/api/v1/cart/currency").json(&body);
        assert_eq!(call.send().problem(400, code)["field"], field);
    }
    assert_eq!((rows(&guest), events(&guest)), (before, Vec::new()));
    for sku in &unsold {
        guest.removing(sku).send().expect(200);
    }
    changing(&guest, "EUR").send().expect(200);
}

#[test]
fn the_same_currency_is_no_change_and_a_replay_is_the_first_reply() {
    let shop = Shop::open();
    let guest = shop.guest();
    guest.add(&shop.sku().create(), 1).expect(200);
    let before = rows(&guest);
    let version = guest.cart()["version"].as_i64().unwrap();
    assert_eq!(changing(&guest, "USD").send().expect(200)["version"], version);
    assert_eq!((rows(&guest), events(&guest)), (before, Vec::new()));

    let key = unique("currency-");
    let stale = changing(&guest, "EUR").header("if-match", &format!("\"{}\"", version + 7));
    let current = stale.send().problem(412, "version_conflict");
    assert_eq!(current["current"]["currency"], "USD");
    let ask = || {
        changing(&guest, "EUR")
            .header("if-match", &format!("\"{version}\""))
            .header("idempotency-key", &key)
            .send()
    };
    let first = ask();
    assert_eq!(first.expect(200)["version"], version + 1);
    let again = ask();
    assert_eq!((again.expect(200), again.body), (first.expect(200), first.body));
    assert_eq!(events(&guest).len(), 1);
    let other = changing(&guest, "GBP").header("idempotency-key", &key).send();
    other.problem(422, "idempotency_key_reused");
}

#[test]
fn adds_that_race_a_change_of_currency_are_priced_in_the_currency_of_the_cart() {
    let shop = Shop::open();
    let guest = shop.guest();
    let skus: Vec<String> =
        (0..12).map(|_| shop.sku().price("USD", 1_000).price("EUR", 900).create()).collect();
    // What is sold in one of them alone is never in a cart of the other.
    let only_usd = shop.sku().without_price("EUR").create();
    guest.add(&skus[0], 1).expect(200);
    let replies = together(16, |place| match place {
        0 | 5 | 10 => changing(&guest, "EUR").send_patiently(),
        3 | 8 => changing(&guest, "USD").send_patiently(),
        7 => guest.adding(&only_usd, 1).send_patiently(),
        _ => guest.adding(&skus[place % skus.len()], 1).send_patiently(),
    });
    for reply in &replies {
        // Who meets change after change is told to come again.
        assert!([200, 409, 422].contains(&reply.status), "{reply:?}");
    }
    let cart = guest.cart();
    let currency = cart["currency"].as_str().unwrap();
    let price = if currency == "EUR" { 900 } else { 1_000 };
    for line in cart["lines"].as_array().unwrap() {
        if line["sku"] == only_usd.as_str() {
            assert_eq!(currency, "USD");
            continue;
        }
        assert_eq!(line["added_price"], money(price, currency), "{cart}");
    }
}

#[test]
fn a_change_of_currency_ends_a_payment_that_waits_and_makes_the_session_stale() {
    let shop = Shop::open();
    let guest = shop.guest();
    let sku = shop.sku().price("USD", 1_000).price("EUR", 900).create();
    guest.add(&sku, 1).expect(200);
    let session = guest.check_out_with("pm_card_authenticationRequired");
    session.confirm_as("first").problem(402, "payment_action_required");
    // The same again ends nothing: it is as locked as it was.
    changing(&guest, "USD").send().problem(409, "cart_locked");
    changing(&guest, "EUR").send().expect(200);
    let stale = session.confirm_as("second").problem(409, "session_stale");
    assert_eq!(stale["current_total"]["currency"], "EUR");
    guest.check_out().confirm().expect(201);
    shop.run_workers_until_quiet();
    eventually("the first payment is taken back", || {
        (guest.payment_rows()[0]["state"] == "voided").then_some(())
    });

    let paying = shop.guest();
    paying.add(&sku, 1).expect(200);
    let session = paying.check_out_with("pm_sim_slow_4000");
    session.confirming().send_and_leave(std::time::Duration::from_millis(200));
    let held = || !shop.rows("cart", "cart_id", &paying.cart_id)[0]["saga_id"].is_null();
    eventually("the confirm holds the cart", || held().then_some(()));
    changing(&paying, "EUR").send().problem(409, "cart_locked");
    eventually("the order", || (paying.order_rows().len() == 1).then_some(()));
    assert_eq!(paying.order_rows()[0]["currency"], "USD");
}
