//! Where goods come from: chosen when the checkout begins, by the buyer's wish or the shop's policy,
//! and kept while it can serve (CHK-1).

use e2e::{Call, Guest, Shop, unique};
use serde_json::{Value, json};

const HEADER: &str = "x-warehouse-id";
const QUERY: &str = "country=VN&shipping_method=standard";

/// The parts of `origins`, as the session shows them: ordered by SKU and warehouse.
fn origins(session: &Value) -> Vec<(String, String, i64)> {
    let part = |part: &Value| {
        let text = |member: &str| part[member].as_str().unwrap().to_owned();
        (text("sku"), text("warehouse_id"), part["quantity"].as_i64().unwrap())
    };
    session["origins"].as_array().unwrap_or_else(|| panic!("{session}")).iter().map(part).collect()
}

/// What an order's lines say of it.
fn sent_from(shop: &Shop, order: &Value) -> Vec<(String, String, i64)> {
    let rows = shop.rows("order_line", "order_id", order["order_id"].as_str().unwrap());
    origins(&json!({ "origins": rows }))
}

fn part(sku: &str, warehouse: &str, quantity: i64) -> (String, String, i64) {
    (sku.to_owned(), warehouse.to_owned(), quantity)
}

fn asking(call: Call, warehouse: &str) -> Call {
    call.header(HEADER, warehouse)
}

fn previewing(guest: &Guest<'_>) -> Call {
    guest.call("GET", &format!("/api/v1/cart/totals?{QUERY}"))
}

#[test]
fn what_a_warehouse_that_is_asked_for_can_serve_comes_from_there() {
    let shop = Shop::open();
    let sku = shop.sku().and_in("wh-newark", 5).create();
    let guest = shop.guest();
    guest.add(&sku, 3).expect(200);
    let session = guest.basket().begin_from("wh-newark");
    let newark = [part(&sku, "wh-newark", 3)];
    assert_eq!(origins(&session.view), newark);
    assert_eq!(origins(&session.show().expect(200)), newark);
    let order = session.confirm().expect(201);
    assert_eq!(sent_from(&shop, &order), newark);

    // Two are left there: the rest comes from elsewhere, in a parcel of its own.
    let guest = shop.guest();
    guest.add(&sku, 3).expect(200);
    let plain = previewing(&guest).send().expect(200);
    let asked = asking(previewing(&guest), "wh-newark").send().expect(200);
    let shipping = |totals: &Value| totals["shipping"]["amount_minor"].as_i64().unwrap();
    assert_eq!((shipping(&plain), shipping(&asked)), (500, 1_000));
    let ways = asking(guest.call("GET", "/api/v1/cart/shipping-methods?country=VN"), "wh-newark");
    let ways = ways.send().expect(200);
    let standard =
        ways["methods"].as_array().unwrap().iter().find(|way| way["method_id"] == "standard");
    assert_eq!(standard.unwrap()["amount"]["amount_minor"], 1_000, "{ways}");
    asking(guest.call("GET", "/api/v1/cart/suggestions"), "wh-newark").send().expect(200);
    let validating =
        guest.call("POST", "/api/v1/cart/validate").json(&json!({ "shipping_method": "standard" }));
    assert_eq!(asking(validating, "wh-newark").send().expect(200)["valid"], true);

    let session = guest.basket().begin_from("wh-newark");
    let split = [part(&sku, "wh-hanoi", 1), part(&sku, "wh-newark", 2)];
    assert_eq!(origins(&session.view), split);
    assert_eq!(session.view["quote_hash"], asked["quote_hash"], "preview and begin agree");
    // The confirm is for that very quote.
    let named = json!({ "quote_hash": asked["quote_hash"] });
    let order = session.confirming_with(&named).send().expect(201);
    assert_eq!(order["total"], asked["total"]);
    assert_eq!(sent_from(&shop, &order), split);

    // Without a wish it is the policy's.
    let guest = shop.guest();
    guest.add(&sku, 3).expect(200);
    let session = guest.check_out();
    assert_eq!(session.view["quote_hash"], plain["quote_hash"]);
    let order = session.confirm().expect(201);
    assert_eq!(sent_from(&shop, &order), [part(&sku, "wh-hanoi", 3)]);
}

#[test]
fn an_origin_is_kept_while_it_can_serve() {
    let shop = Shop::open();
    // There was nothing in Hanoi when it began, and there is when it ends.
    let sku = shop.sku().stock(0).and_in("wh-newark", 2).create();
    let guest = shop.guest();
    guest.add(&sku, 2).expect(200);
    let session = guest.check_out();
    let newark = [part(&sku, "wh-newark", 2)];
    assert_eq!(origins(&session.view), newark);
    shop.receive(&sku, "wh-hanoi", 10);
    // What its own attempt holds is its own: here all there is.
    let declined = json!({ "payment_method": "pm_card_chargeDeclined" });
    session.confirming_with(&declined).send().problem(402, "payment_declined");
    assert_eq!(origins(&session.show().expect(200)), newark);
    let order = session.confirm().expect(201);
    assert_eq!(sent_from(&shop, &order), newark);
    assert_eq!(shop.stock_of(&sku), (10, 0));
    assert_eq!(order["total"], session.view["totals"]["total"]);
}

#[test]
fn goods_that_are_gone_from_their_origin_come_from_elsewhere_for_the_same_money() {
    let shop = Shop::open();
    let sku = shop.sku().stock(10).and_in("wh-newark", 2).create();
    let guest = shop.guest();
    guest.add(&sku, 2).expect(200);
    let session = guest.basket().begin_from("wh-newark");
    let other = shop.guest();
    other.add(&sku, 1).expect(200);
    other.basket().begin_from("wh-newark").confirm().expect(201);
    // Nothing of the wish is left: the policy takes one parcel where the wish would take two.
    let order = session.confirm().expect(201);
    assert_eq!(sent_from(&shop, &order), [part(&sku, "wh-hanoi", 2)]);
    assert_eq!(order["total"], session.view["totals"]["total"]);
}

// CHK-2, CHK-18
#[test]
fn goods_that_come_from_elsewhere_for_more_are_asked_about() {
    let shop = Shop::open();
    let scarce = shop.sku().stock(1).and_in("wh-newark", 5).create();
    let plenty = shop.sku().create();
    let guest = shop.guest();
    guest.add(&scarce, 1).expect(200);
    guest.add(&plenty, 1).expect(200);
    let session = guest.check_out();
    let mut together = [part(&scarce, "wh-hanoi", 1), part(&plenty, "wh-hanoi", 1)];
    together.sort();
    assert_eq!(origins(&session.view), together);
    let other = shop.guest().buy(&scarce, 1);
    assert_eq!(sent_from(&shop, &other), [part(&scarce, "wh-hanoi", 1)]);

    let problem = session.confirm().problem(409, "price_changed");
    let parts: Vec<&str> = problem["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["part"].as_str().unwrap())
        .collect();
    assert!(parts.contains(&"shipping"), "{problem}");
    assert_eq!(guest.payment_rows(), [Value::Null; 0], "nobody was charged");
    let named = json!({ "quote_hash": problem["quote_hash"] });
    let order = session.confirming_with(&named).send().expect(201);
    assert_eq!(order["total"], problem["current_total"]);
    let mut apart = [part(&scarce, "wh-newark", 1), part(&plenty, "wh-hanoi", 1)];
    apart.sort();
    assert_eq!(sent_from(&shop, &order), apart);
}

// CHK-2: another cart is another allocation.
#[test]
fn a_cart_that_was_changed_is_allocated_anew() {
    let shop = Shop::open();
    let sku = shop.sku().and_in("wh-newark", 5).create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let session = guest.basket().begin_from("wh-newark");
    guest.add(&sku, 1).expect(200);
    let problem = session.confirm().problem(409, "session_stale");
    let named = json!({ "quote_hash": problem["quote_hash"] });
    let order = session.confirming_with(&named).send().expect(201);
    assert_eq!(sent_from(&shop, &order), [part(&sku, "wh-hanoi", 2)]);
}

#[test]
fn a_warehouse_that_the_shop_does_not_have_is_refused_by_name_and_one_without_the_goods_is_no_matter()
 {
    let shop = Shop::open();
    let sku = shop.sku().and_in("wh-newark", 5).create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let calls = || {
        [
            previewing(&guest),
            guest.call("GET", "/api/v1/cart/shipping-methods?country=VN"),
            guest.call("GET", "/api/v1/cart/suggestions?country=VN"),
            guest.call("POST", "/api/v1/cart/validate").json(&json!({})),
            guest.basket().beginning(),
        ]
    };
    let before = guest.cart();
    for call in calls() {
        let unknown = asking(call.clone(), "wh-nowhere").send().problem(422, "warehouse_unknown");
        assert_eq!(unknown["field"], HEADER);
        // Of which one is meant nobody guesses.
        let twice = asking(asking(call, "wh-newark"), "wh-hanoi").send();
        assert_eq!(twice.problem(400, "invalid_field")["field"], HEADER);
    }
    assert_eq!(guest.cart(), before);
    assert_eq!(shop.rows("checkout_session", "cart_id", &guest.cart_id), [Value::Null; 0]);

    let empty = unique("wh-");
    shop.admin("PUT", &format!("/api/v1/catalog/warehouses/{empty}"))
        .json(&json!({ "name": "Empty", "country": "VN", "priority": 99 }))
        .send()
        .expect(200);
    for call in calls() {
        assert!(asking(call, &empty).send().is_success());
    }
    let session = guest.basket().begin_from(&empty);
    assert_eq!(origins(&session.view), [part(&sku, "wh-hanoi", 1)]);
    // What only confirms has no wish: the header is not read there.
    let order = session.confirming().header(HEADER, "wh nowhere").send().expect(201);
    assert_eq!(sent_from(&shop, &order), [part(&sku, "wh-hanoi", 1)]);
}

// STOCK-6: a wish makes nothing scarce, and nothing out of nothing.
#[test]
fn what_is_short_is_told_of_all_warehouses() {
    let shop = Shop::open();
    let sku = shop.sku().stock(2).and_in("wh-newark", 1).create();
    let guest = shop.guest();
    guest.add(&sku, 4).expect(200);
    let totals = asking(previewing(&guest), "wh-newark").send().expect(200);
    assert_eq!(
        (&totals["lines"][0]["stock"], &totals["lines"][0]["available"]),
        (&json!("short"), &json!(3))
    );
    let refused =
        asking(guest.basket().beginning(), "wh-newark").send().problem(422, "insufficient_stock");
    assert_eq!(refused["lines"][0]["available"], 3, "{refused}");
}

// CHK-4
#[test]
fn the_same_key_with_another_warehouse_is_another_request() {
    let shop = Shop::open();
    let sku = shop.sku().and_in("wh-newark", 5).create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let key = unique("begin-");
    let beginning = || guest.basket().beginning().keyed(&key);
    let first = asking(beginning(), "wh-newark").send().expect(201);
    let again = asking(beginning(), "wh-newark").send();
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.expect(201), first);
    asking(beginning(), "wh-hanoi").send().problem(422, "idempotency_key_reused");
    beginning().send().problem(422, "idempotency_key_reused");
    assert_eq!(shop.rows("checkout_session", "cart_id", &guest.cart_id).len(), 1);
}

// CART-14: who looks by a share is told the same.
#[test]
fn who_holds_a_share_may_ask_too() {
    let shop = Shop::open();
    let sku = shop.sku().stock(1).and_in("wh-newark", 1).create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let shared = guest.call("POST", "/api/v1/cart/shares").json(&json!({})).send().expect(201);
    let looking = shop
        .call("GET", &format!("/api/v1/cart/totals?{QUERY}"))
        .bearer(shared["share_token"].as_str().unwrap_or_else(|| panic!("{shared}")));
    let seen = asking(looking.clone(), "wh-newark").send().expect(200);
    assert_eq!(seen["total"], asking(previewing(&guest), "wh-newark").send().expect(200)["total"]);
    asking(looking, "wh-nowhere").send().problem(422, "warehouse_unknown");
}
