//! Where an order is (ORD-3), what of it has left and what has arrived (ORD-15).

use e2e::{Call, Guest, Shop, address, eventually, together, unique};
use serde_json::{Value, json};

const NOTHING: &str = "01900000-0000-7000-8000-000000000000";

fn desk(shop: &Shop, method: &str, order_id: &str, what: &str, body: &Value) -> Call {
    desk_with(shop, "orders:write", method, order_id, what).json(body).keyed(&unique("desk-"))
}

fn desk_with(shop: &Shop, scopes: &str, method: &str, order_id: &str, what: &str) -> Call {
    shop.call(method, &format!("/api/v1/orders/{order_id}/{what}")).bearer(&shop.token(scopes))
}

fn to_status(shop: &Shop, order_id: &str, status: &str) -> Call {
    desk(shop, "PUT", order_id, "status", &json!({ "status": status }))
}

fn shipping(shop: &Shop, order_id: &str, body: &Value) -> Call {
    desk(shop, "POST", order_id, "shipments", body)
}

/// An order of three of one and one of another, paid, and who bought it.
fn bought(shop: &Shop) -> (Guest<'_>, String) {
    let (cups, tea) = (shop.sku().stock(9).create(), shop.sku().stock(9).create());
    let guest = shop.guest();
    guest.add(&cups, 3).expect(200);
    guest.add(&tea, 1).expect(200);
    let order = guest.check_out().confirm().expect(201);
    (guest, order["order_id"].as_str().unwrap().to_owned())
}

/// … in the warehouse.
fn in_the_warehouse(shop: &Shop) -> (Guest<'_>, String) {
    let (guest, order_id) = bought(shop);
    to_status(shop, &order_id, "processing").send().expect(200);
    (guest, order_id)
}

fn path_of(order: &Value) -> Vec<String> {
    let steps = order["status_history"].as_array().unwrap().iter();
    steps.map(|step| step["to_status"].as_str().unwrap().to_owned()).collect()
}

fn line_of(order: &Value, quantity: i64) -> i64 {
    let lines = order["lines"].as_array().unwrap();
    let line = lines.iter().find(|line| line["quantity"] == quantity).unwrap();
    line["line_no"].as_i64().unwrap()
}

fn counters(order: &Value) -> Vec<(i64, i64, i64)> {
    let counted = |line: &Value, name: &str| line[name].as_i64().unwrap();
    let of = |line: &Value| {
        (
            counted(line, "quantity"),
            counted(line, "shipped_quantity"),
            counted(line, "delivered_quantity"),
        )
    };
    let mut lines: Vec<_> = order["lines"].as_array().unwrap().iter().map(of).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn an_order_leaves_in_parts_and_is_complete_with_the_last_that_arrives() {
    let shop = Shop::open();
    let (guest, order_id) = in_the_warehouse(&shop);
    let order = guest.order(&order_id).expect(200);
    assert_eq!((&order["status"], &order["shipments"]), (&json!("processing"), &json!([])));
    let cups = line_of(&order, 3);
    let first = json!({
        "lines": [{ "line_no": cups, "quantity": 2 }], "carrier": "DHL", "tracking_number": "JD 1",
        "tracking_url": "https://track.example/JD1", "reason": "the rest comes on Monday",
    });
    let sending = shipping(&shop, &order_id, &first);
    let sent = sending.clone().send().expect(200);
    assert_eq!(sent["status"], "partially_shipped");
    assert_eq!(sent["lines"], first["lines"]);
    // Of what is to leave yet nobody can say that it arrived.
    let told = to_status(&shop, &order_id, "delivered").send().problem(409, "illegal_transition");
    assert_eq!(told["legal"], json!(["shipped"]));
    // It is sent once, whatever has become of the order since.
    let rest = shipping(&shop, &order_id, &json!({})).send().expect(200);
    assert_eq!(rest["status"], "shipped");
    assert_eq!(sending.send().expect(200), sent);
    let order = guest.order(&order_id).expect(200);
    assert_eq!(counters(&order), [(1, 1, 0), (3, 3, 0)]);
    assert_eq!(order["shipments"].as_array().unwrap().len(), 2);
    let shown = &order["shipments"][0];
    for member in ["lines", "carrier", "tracking_number", "tracking_url"] {
        assert_eq!(shown[member], first[member], "{member}");
    }
    assert_eq!(
        (&shown["shipment_id"], &shown["delivered_at_ms"]),
        (&sent["shipment_id"], &Value::Null)
    );

    let arrived = |of: &Value| {
        let path = format!("shipments/{}/deliver", of["shipment_id"].as_str().unwrap());
        desk(&shop, "POST", &order_id, &path, &json!({}))
    };
    assert_eq!(arrived(&sent).send().expect(200)["status"], "shipped");
    arrived(&sent).send().problem(409, "already_settled");
    assert_eq!(guest.order(&order_id).expect(200)["completed_at_ms"], Value::Null);
    let last = arrived(&rest);
    let complete = last.clone().send().expect(200);
    assert_eq!(complete["status"], "delivered");
    assert_eq!(last.send().expect(200), complete);
    let order = guest.order(&order_id).expect(200);
    assert_eq!(counters(&order), [(1, 1, 1), (3, 3, 3)]);
    assert!(
        order["completed_at_ms"].is_i64() && order["shipments"][1]["delivered_at_ms"].is_i64(),
        "{order}"
    );
    assert_eq!(
        path_of(&order),
        ["confirmed", "processing", "partially_shipped", "shipped", "shipped", "delivered"]
    );
    // What has left is not cancelled, and what has arrived leads nowhere by a word.
    let told = guest.cancelling(&order_id).send().problem(409, "illegal_transition");
    assert_eq!(told["legal"], json!(["refunded"]));
    shipping(&shop, &order_id, &json!({})).send().problem(409, "illegal_transition");
}

#[test]
fn what_left_and_what_arrived_is_told() {
    let shop = Shop::open();
    let (_, order_id) = in_the_warehouse(&shop);
    shipping(&shop, &order_id, &json!({ "carrier": "DHL" })).send().expect(200);
    to_status(&shop, &order_id, "delivered").send().expect(200);
    let events =
        shop.told_until(&format!("order/{order_id}"), |it| it["type"] == "orders.order.completed");
    let of = |kind: &str| {
        events.iter().find(|it| it["type"] == kind).unwrap_or_else(|| panic!("no {kind}"))["data"]
            .clone()
    };
    let left = of("orders.order.shipped");
    assert_eq!((&left["carrier"], left["lines"].as_array().unwrap().len()), (&json!("DHL"), 2));
    assert!(of("orders.order.completed")["total"]["amount_minor"].as_i64().unwrap() > 0);
    shop.holds_its_events();
}

#[test]
fn a_person_says_where_an_order_is_and_no_move_is_made_that_is_not_legal() {
    let shop = Shop::open();
    let (guest, order_id) = bought(&shop);
    let told = to_status(&shop, &order_id, "shipped").send().problem(409, "illegal_transition");
    assert_eq!(
        (&told["order_status"], &told["legal"]),
        (&json!("confirmed"), &json!(["on_hold", "processing", "cancelled"]))
    );
    for wrong in ["delivered", "confirmed"] {
        to_status(&shop, &order_id, wrong).send().problem(409, "illegal_transition");
    }
    for by_itself in ["draft", "pending", "partially_shipped", "refunded", "failed", "lost", ""] {
        let told = to_status(&shop, &order_id, by_itself).send().problem(400, "invalid_field");
        assert_eq!(told["field"], "/status", "{by_itself}");
    }
    assert_eq!(guest.order(&order_id).expect(200)["version"], 1);

    // It waits for a person, however long that takes, and goes on from there.
    let reason = json!({ "status": "on_hold", "reason": "the address is no house" });
    desk(&shop, "PUT", &order_id, "status", &reason).send().expect(200);
    let held = guest.order(&order_id).expect(200);
    assert_eq!((&held["status"], &held["payment_status"]), (&json!("on_hold"), &json!("captured")));
    assert_eq!(held["status_history"][1]["reason"], "the address is no house");
    to_status(&shop, &order_id, "processing").send().problem(409, "illegal_transition");
    let moving = to_status(&shop, &order_id, "confirmed");
    let moved = moving.clone().send().expect(200);
    assert_eq!((&moved["status"], &moved["version"]), (&json!("confirmed"), &json!(3)));
    assert_eq!(moving.send().expect(200), moved);
    let stale = to_status(&shop, &order_id, "processing").header("if-match", "\"2\"");
    stale.send().problem(412, "version_conflict");
    for status in ["processing", "shipped", "delivered"] {
        assert_eq!(to_status(&shop, &order_id, status).send().expect(200)["status"], status);
    }
    let order = guest.order(&order_id).expect(200);
    assert_eq!(
        path_of(&order),
        ["confirmed", "on_hold", "confirmed", "processing", "shipped", "delivered"]
    );
    assert_eq!(counters(&order), [(1, 1, 1), (3, 3, 3)]);
}

#[test]
fn a_word_cancels_an_order_as_its_own_endpoint_does() {
    let shop = Shop::open();
    let (guest, order_id) = in_the_warehouse(&shop);
    let cancelled = to_status(&shop, &order_id, "cancelled").send().expect(200);
    assert_eq!(
        (&cancelled["status"], &cancelled["payment_status"]),
        (&json!("cancelled"), &json!("captured"))
    );
    eventually("its money is back", || {
        (guest.order(&order_id).expect(200)["payment_status"] == "refunded").then_some(())
    });
    to_status(&shop, &order_id, "processing").send().problem(409, "illegal_transition");
}

#[test]
fn nothing_leaves_that_is_not_there() {
    let shop = Shop::open();
    let (guest, order_id) = in_the_warehouse(&shop);
    let cups = line_of(&guest.order(&order_id).expect(200), 3);
    let cases = [
        (json!([]), "/lines"),
        (json!([{ "line_no": 7, "quantity": 1 }]), "/lines/0/line_no"),
        (json!([{ "line_no": cups, "quantity": 4 }]), "/lines/0/quantity"),
        (json!([{ "line_no": cups, "quantity": 0 }]), "/lines/0/quantity"),
        (json!([{ "line_no": cups, "quantity": -1 }]), "/lines/0/quantity"),
        (
            json!([{ "line_no": cups, "quantity": 1 }, { "line_no": cups, "quantity": 1 }]),
            "/lines/1/line_no",
        ),
    ];
    for (lines, field) in cases {
        let told = shipping(&shop, &order_id, &json!({ "lines": lines }))
            .send()
            .problem(400, "invalid_field");
        assert_eq!(told["field"], field, "{lines}");
    }
    for (member, wrong) in [
        ("carrier", json!("")),
        ("carrier", json!("x".repeat(61))),
        ("tracking_number", json!("a\nb")),
        ("tracking_url", json!("javascript:alert(1)")),
        ("tracking_url", json!("http://track.example")),
        ("reason", json!("")),
        ("weight", json!(1)),
    ] {
        let told = shipping(&shop, &order_id, &json!({ member: wrong })).send();
        let told =
            told.problem(400, if member == "weight" { "unknown_field" } else { "invalid_field" });
        assert_eq!(told["field"], format!("/{member}"));
    }
    assert_eq!(guest.order(&order_id).expect(200)["version"], 2);
    let path = format!("shipments/{NOTHING}/deliver");
    desk(&shop, "POST", &order_id, &path, &json!({})).send().problem(404, "shipment_not_found");
    desk(&shop, "POST", NOTHING, "shipments", &json!({})).send().problem(404, "order_not_found");
    to_status(&shop, NOTHING, "processing").send().problem(404, "order_not_found");
    desk_with(&shop, "orders:read money:write", "POST", &order_id, "shipments")
        .keyed(&unique("s-"))
        .send()
        .problem(403, "scope_missing");
    desk_with(&shop, "orders:write", "POST", &order_id, "shipments")
        .send()
        .problem(400, "idempotency_key_required");
    // A buyer moves nothing.
    let theirs = guest.call("PUT", &format!("/api/v1/orders/{order_id}/status"));
    let theirs = theirs.json(&json!({ "status": "delivered" })).keyed(&unique("mine-")).send();
    assert!([401, 403].contains(&theirs.status), "{theirs:?}");
}

#[test]
fn of_many_who_send_off_the_last_piece_one_does() {
    let shop = Shop::open();
    let sku = shop.sku().stock(3).create();
    let guest = shop.guest();
    let order_id = guest.buy(&sku, 1)["order_id"].as_str().unwrap().to_owned();
    to_status(&shop, &order_id, "processing").send().expect(200);
    let sent = together(8, |number| {
        let reply = match number % 2 {
            0 => shipping(&shop, &order_id, &json!({})).send_patiently(),
            _ => guest.cancelling(&order_id).send_patiently(),
        };
        usize::from(reply.status == 200)
    });
    assert_eq!(sent.into_iter().sum::<usize>(), 1);
    let order = guest.order(&order_id).expect(200);
    let left = order["shipments"].as_array().unwrap().len();
    assert_eq!(left, usize::from(order["status"] == "shipped"), "{order}");
    assert_eq!(order["version"], 3);
}

#[test]
fn goods_leave_for_money_that_is_taken_with_them() {
    let shop = Shop::open();
    let sku = shop.sku().stock(3).create();
    let guest = shop.guest();
    // A colleague's order whose money is held until somebody asks for it.
    let order = json!({
        "currency": "USD", "lines": [{ "sku": sku, "quantity": 2 }], "email": "ann@example.com", "shipping_address": address("VN", None),
        "shipping_method": "standard", "payment_method": "pm_card_visa", "capture_later": true,
    });
    let making = |order: &Value| {
        shop.call("POST", "/api/v1/orders")
            .bearer(&shop.token("orders:write"))
            .json(order)
            .keyed(&unique("order-"))
    };
    let total =
        making(&(with(&order, "expected_total", json!({ "amount_minor": 1, "currency": "USD" }))))
            .send()
            .problem(409, "total_mismatch");
    let placed =
        making(&with(&order, "expected_total", total["current_total"].clone())).send().expect(201);
    let order_id = placed["order_id"].as_str().unwrap();
    assert_eq!(placed["payment_status"], "authorized");
    to_status(&shop, order_id, "processing").send().expect(200);
    let one = json!({ "lines": [{ "line_no": 1, "quantity": 1 }] });
    let sent = shipping(&shop, order_id, &one).send().expect(200);
    assert_eq!(
        (&sent["status"], &sent["payment_status"]),
        (&json!("partially_shipped"), &json!("capture_pending"))
    );
    let seen = || {
        shop.call("GET", &format!("/api/v1/orders/{order_id}"))
            .bearer(&shop.token("orders:read"))
            .send()
            .expect(200)
    };
    let paid =
        eventually("its money is taken", || (seen()["payment_status"] == "captured").then(seen));
    assert_eq!(paid["payment"]["captured"], paid["total"]);
    drop(guest);
}

fn with(body: &Value, member: &str, value: Value) -> Value {
    let mut body = body.clone();
    body[member] = value;
    body
}
