//! What clients keep with a cart, its lines and the order it becomes, and the shop never reads
//! (CART-22).

use e2e::{Call, CustomerClaims, Guest, Session, Shop, SigningKey, unique};
use serde_json::{Map, Value, json};

fn keeping(guest: &Guest<'_>, body: &Value) -> Call {
    guest.call("PUT", "/api/v1/cart/attributes").json(body)
}

fn rows(guest: &Guest<'_>) -> (Vec<Value>, Vec<Value>) {
    let rows = |table| guest.shop.rows(table, "cart_id", &guest.cart_id);
    (rows("cart"), rows("cart_line"))
}

fn pairs(count: usize) -> Value {
    let pairs: Map<String, Value> =
        (0..count).map(|number| (format!("key-{number}"), json!("value"))).collect();
    Value::Object(pairs)
}

/// Of the order of this cart, as it went into the outbox.
fn created(guest: &Guest<'_>, order_id: &str) -> Value {
    let rows = guest.shop.rows("outbox", "aggregate", &format!("order/{order_id}"));
    let row = rows.iter().find(|row| row["type"] == "orders.order.created").expect("the event");
    row["data"].as_str().map_or_else(
        || row["data"].clone(),
        |text| serde_json::from_str(text).expect("data is JSON"),
    )
}

#[test]
fn what_a_client_keeps_is_in_the_cart_frozen_on_the_order_and_in_its_event() {
    let shop = Shop::open();
    let guest = shop.guest();
    let (cup, pot) = (shop.sku().create(), shop.sku().create());
    guest.add(&cup, 1).expect(200);
    guest.add(&pot, 1).expect(200);
    assert_eq!(guest.cart()["attributes"], json!({}));
    let version = guest.cart()["version"].as_i64().unwrap();
    let gift = json!({ "gift_message": "Chúc mừng\nsinh nhật", "k".repeat(40): "v".repeat(500) });
    let engraved = json!({ "engraving": "An" });
    let body = json!({ "attributes": gift, "client_reference": "basket-4711", "lines": { &cup: engraved } });
    let key = unique("attributes-");
    let set = keeping(&guest, &body).header("idempotency-key", &key).send();
    assert_eq!(set.expect(200), json!({ "cart_id": guest.cart_id, "version": version + 1 }));
    let again = keeping(&guest, &body).header("idempotency-key", &key).send();
    assert_eq!((again.status, again.body), (200, set.body.clone()));
    let cart = guest.cart();
    assert_eq!((&cart["attributes"], &cart["client_reference"]), (&gift, &json!("basket-4711")));
    let line = |cart: &Value, sku: &str| {
        let lines = cart["lines"].as_array().unwrap();
        lines.iter().find(|line| line["sku"] == sku).unwrap()["attributes"].clone()
    };
    assert_eq!((line(&cart, &cup), line(&cart, &pot)), (engraved.clone(), json!({})));
    // Who holds a share looks at the cart, and not at this.
    let share = guest.share();
    let shared = share.call("GET", "/api/v1/cart").send().expect(200);
    assert!(shared.get("attributes").is_none() && shared.get("client_reference").is_none());
    assert!(shared["lines"][0].get("attributes").is_none());

    // A stale version changes nothing; lines that are not named stay as they are.
    let stale = keeping(&guest, &json!({ "attributes": {} }))
        .header("if-match", &format!("\"{version}\""))
        .send();
    assert_eq!(stale.problem(412, "version_conflict")["current"]["attributes"], gift);
    let fewer = json!({ "attributes": { "channel": "phone" }, "client_reference": "basket-4712" });
    keeping(&guest, &fewer).send().expect(200);
    let cart = guest.cart();
    assert_eq!(cart["attributes"], json!({ "channel": "phone" }));
    assert_eq!(line(&cart, &cup), engraved);

    let placed = guest.check_out().confirm().expect(201);
    let order_id = placed["order_id"].as_str().unwrap();
    let order = guest.order(order_id).expect(200);
    assert_eq!(
        (&order["attributes"], &order["client_reference"]),
        (&json!({ "channel": "phone" }), &json!("basket-4712"))
    );
    assert_eq!((line(&order, &cup), line(&order, &pot)), (engraved, json!({})));
    let event = created(&guest, order_id);
    assert_eq!(
        (&event["attributes"], &event["client_reference"]),
        (&order["attributes"], &order["client_reference"])
    );
    // Once: the order has it, and the cart it was no longer.
    let (carts, lines) = rows(&guest);
    assert!(carts[0]["client_reference"].is_null());
    for row in carts.iter().chain(&lines) {
        let kept = &row["attributes"];
        assert!(*kept == json!({}) || *kept == json!("{}"), "{row}");
    }
}

#[test]
fn an_order_without_any_has_none_and_its_event_no_reference() {
    let shop = Shop::open();
    let guest = shop.guest();
    let placed = guest.buy(&shop.sku().create(), 1);
    let order_id = placed["order_id"].as_str().unwrap();
    let order = guest.order(order_id).expect(200);
    assert_eq!((&order["attributes"], &order["client_reference"]), (&json!({}), &Value::Null));
    let event = created(&guest, order_id);
    assert_eq!(event["attributes"], json!({}));
    assert!(event.get("client_reference").is_none(), "{event}");
}

#[test]
fn what_is_too_much_or_no_attribute_is_refused_by_its_field_and_changes_nothing() {
    let shop = Shop::open();
    let guest = shop.guest();
    let sku = shop.sku().create();
    guest.add(&sku, 1).expect(200);
    let kept = json!({ "attributes": pairs(20), "client_reference": "r".repeat(100) });
    keeping(&guest, &kept).send().expect(200);
    let before = rows(&guest);
    let of = |pairs: Value| json!({ "attributes": pairs });
    let cases = [
        (of(pairs(21)), "/attributes"),
        (of(json!(["a", "list"])), "/attributes"),
        (of(json!({ "two words": "value" })), "/attributes/two words"),
        (of(json!({ "k".repeat(41): "value" })), &format!("/attributes/{}", "k".repeat(41))),
        (of(json!({ "key": "v".repeat(501) })), "/attributes/key"),
        (of(json!({ "key": "" })), "/attributes/key"),
        (of(json!({ "key": 7 })), "/attributes/key"),
        (of(json!({ "key": null })), "/attributes/key"),
        (of(json!({ "key": { "nested": "value" } })), "/attributes/key"),
        (of(json!({ "key": "zero\u{0}" })), "/attributes/key"),
        (json!({ "attributes": {}, "client_reference": "r".repeat(101) }), "/client_reference"),
        (json!({ "attributes": {}, "client_reference": "two\nlines" }), "/client_reference"),
        (json!({ "attributes": {}, "lines": { &sku: pairs(21) } }), &format!("/lines/{sku}")),
        (json!({}), "/attributes"),
    ];
    for (body, field) in cases {
        let problem = keeping(&guest, &body).send().problem(400, "invalid_field");
        assert_eq!(problem["field"], *field, "{body}: {problem}");
    }
    let unknown = json!({ "attributes": {}, "note": "no such member" });
    assert_eq!(keeping(&guest, &unknown).send().problem(400, "unknown_field")["field"], "/note");
    let missing = json!({ "attributes": {}, "lines": { "E2E-NOT-IN-IT": {} } });
    let missing = keeping(&guest, &missing).send().problem(404, "line_not_found");
    assert_eq!(missing["field"], "/lines/E2E-NOT-IN-IT");
    assert_eq!(rows(&guest), before);
}

#[test]
fn the_attributes_of_all_lines_together_are_bounded() {
    let shop = Shop::open();
    let guest = shop.guest();
    let full: Map<String, Value> =
        (0..20).map(|number| (format!("key-{number}"), json!("v".repeat(500)))).collect();
    let skus: Vec<String> = (0..10).map(|_| shop.sku().create()).collect();
    for sku in &skus {
        guest.add(sku, 1).expect(200);
    }
    let mut refused = None;
    for sku in &skus {
        let reply = keeping(&guest, &json!({ "attributes": {}, "lines": { sku: full } })).send();
        if reply.status != 200 {
            refused = Some(reply);
            break;
        }
    }
    let problem = refused.expect("ten full lines are too much").problem(422, "too_many_attributes");
    assert_eq!((&problem["field"], &problem["maximum"]), (&json!("/lines"), &json!(100_000)));
}

#[test]
fn a_guests_attributes_come_with_the_cart_and_go_with_the_person() {
    let shop = Shop::open();
    let id = unique("customer-");
    let guest = shop.guest();
    let sku = shop.sku().create();
    guest.add(&sku, 1).expect(200);
    let written = json!({ "gift_message": "for Minh" });
    let body = json!({ "attributes": written, "client_reference": "basket-9", "lines": { &sku: written } });
    keeping(&guest, &body).send().expect(200);
    let opened = shop
        .call("POST", "/api/v1/session")
        .bearer(&CustomerClaims::of(&id).signed(SigningKey::Ec1))
        .json(&json!({ "guest_token": guest.token }))
        .send()
        .expect(200);
    let mut customer = guest.clone();
    customer.token = opened["session_token"].as_str().unwrap().to_owned();
    let cart = customer.cart();
    customer.cart_id = cart["cart_id"].as_str().unwrap().to_owned();
    assert_eq!(
        (&cart["attributes"], &cart["client_reference"], &cart["lines"][0]["attributes"]),
        (&written, &json!("basket-9"), &written)
    );
    let session: Session<'_> = customer.check_out();
    let placed = session.confirm().expect(201);
    let order_id = placed["order_id"].as_str().unwrap().to_owned();
    let second = customer.call("POST", "/api/v1/cart").json(&json!({})).send().expect(201);
    customer.cart_id = second["cart"]["cart_id"].as_str().unwrap().to_owned();
    customer.add(&sku, 1).expect(200);
    keeping(&customer, &body).send().expect(200);

    let token = shop.token("customers:read customers:write orders:read");
    let path = format!("/api/v1/customers/customer:{id}");
    let export = || {
        shop.call("GET", &format!("{path}/export")).bearer(&token).send().expect(200).to_string()
    };
    assert!(export().contains("for Minh"));
    shop.call("POST", &format!("{path}/erase"))
        .bearer(&token)
        .keyed(&unique("erase-"))
        .json(&json!({ "reason": "request 4711" }))
        .send()
        .expect(200);
    assert!(!export().contains("for Minh") && !export().contains("basket-9"));
    let order = shop.call("GET", &format!("/api/v1/orders/{order_id}")).bearer(&token).send();
    let order = order.expect(200);
    assert_eq!(
        (&order["attributes"], &order["client_reference"], &order["lines"][0]["attributes"]),
        (&json!({}), &Value::Null, &json!({}))
    );
    for cart_id in [&guest.cart_id, &customer.cart_id] {
        for table in ["cart", "cart_line", "orders"] {
            let kept = json!(shop.rows(table, "cart_id", cart_id)).to_string();
            assert!(!kept.contains("for Minh") && !kept.contains("basket-9"), "{table}: {kept}");
        }
    }
}
