//! Pieces of an order that are cancelled before they leave (ORD-4).

use e2e::{Call, Guest, Shop, address, eventually, together, unique};
use serde_json::{Value, json};

const NOTHING: &str = "01900000-0000-7000-8000-000000000000";

fn path(order_id: &str) -> String {
    format!("/api/v1/orders/{order_id}/cancel-items")
}

fn pieces(parts: &[(i64, i64)]) -> Value {
    let part =
        |(line_no, quantity): &(i64, i64)| json!({ "line_no": line_no, "quantity": quantity });
    json!({ "lines": parts.iter().map(part).collect::<Vec<_>>() })
}

fn cancelling(guest: &Guest<'_>, order_id: &str, body: &Value) -> Call {
    guest.call("POST", &path(order_id)).json(body).keyed(&unique("cancel-"))
}

fn desk(shop: &Shop, method: &str, order_id: &str, what: &str, body: &Value) -> Call {
    shop.call(method, &format!("/api/v1/orders/{order_id}/{what}"))
        .bearer(&shop.token("orders:write money:write"))
        .json(body)
        .keyed(&unique("desk-"))
}

fn minor(amount: &Value) -> i64 {
    amount["amount_minor"].as_i64().unwrap_or_else(|| panic!("no amount: {amount}"))
}

/// Three cups and a tea, paid, who bought them, and the cups.
fn bought(shop: &Shop) -> (Guest<'_>, String, String) {
    let cups = shop.sku().price("USD", 1_667).stock(9).create();
    let tea = shop.sku().stock(9).create();
    let guest = shop.guest();
    guest.add(&cups, 3).expect(200);
    guest.add(&tea, 1).expect(200);
    let order = guest.check_out().confirm().expect(201);
    (guest, order["order_id"].as_str().unwrap().to_owned(), cups)
}

fn line_of(order: &Value, quantity: i64) -> &Value {
    let lines = order["lines"].as_array().unwrap();
    lines.iter().find(|line| line["quantity"] == quantity).unwrap()
}

fn number(line: &Value) -> i64 {
    line["line_no"].as_i64().unwrap()
}

#[test]
fn pieces_are_stock_again_and_what_was_paid_for_them_goes_back() {
    let shop = Shop::open();
    let (guest, order_id, cups) = bought(&shop);
    let order = guest.order(&order_id).expect(200);
    let (line, tea) = (line_of(&order, 3), number(line_of(&order, 1)));
    let cup = number(line);
    let mut body = pieces(&[(cup, 1)]);
    body["reason"] = json!("two are enough");
    let asking = cancelling(&guest, &order_id, &body);
    let first = asking.clone().send().expect(200);
    assert_eq!(asking.send().expect(200), first);
    assert_eq!((&first["status"], &first["version"]), (&json!("confirmed"), &json!(2)));
    assert_eq!(first["cancelled"], body["lines"]);
    let share = minor(&first["amount"]);
    assert!((share * 3 - minor(&line["total"])).abs() <= 2, "{first}");
    assert_eq!((minor(&first["to_payment"]), minor(&first["waived"])), (share, 0));
    assert_eq!(shop.stock_of(&cups), (7, 0));
    let seen = guest.order_once_paid_back(&order_id);
    assert_eq!(
        (&line_of(&seen, 3)["cancelled_quantity"], &line_of(&seen, 3)["refunded_quantity"]),
        (&json!(1), &json!(1))
    );
    let refund = &seen["refunds"][0];
    assert_eq!(
        (&refund["reason"], &refund["note"], &refund["cancelled"]),
        (&json!("cancelled"), &body["reason"], &body["lines"])
    );
    assert_eq!(seen["status_history"][1]["reason"], "two are enough");
    assert_eq!(seen["payment_status"], "partially_refunded");
    assert_eq!(guest.provider_payments().refunded, share);

    // All that is left is cancelled as a whole.
    let all = cancelling(&guest, &order_id, &pieces(&[(cup, 2), (tea, 1)])).send();
    let told = all.problem(400, "invalid_field");
    assert_eq!(told["field"], "/lines");
    // What is packed is what is left.
    desk(&shop, "PUT", &order_id, "status", &json!({ "status": "processing" })).send().expect(200);
    let sent = desk(&shop, "POST", &order_id, "shipments", &json!({})).send().expect(200);
    assert_eq!(sent["status"], "shipped");
    let left: i64 =
        sent["lines"].as_array().unwrap().iter().map(|it| it["quantity"].as_i64().unwrap()).sum();
    assert_eq!(left, 3);
    let late = cancelling(&guest, &order_id, &pieces(&[(cup, 1)])).send();
    late.problem(409, "illegal_transition");
    let events =
        shop.told_until(&format!("order/{order_id}"), |it| it["type"] == "orders.order.shipped");
    let told = events.iter().find(|it| it["type"] == "orders.order.lines_cancelled").unwrap();
    assert_eq!(
        (&told["data"]["lines"][0]["sku"], minor(&told["data"]["amount"])),
        (&json!(cups), share)
    );
}

#[test]
fn the_rest_of_an_order_that_left_in_parts_is_not_waited_for() {
    let shop = Shop::open();
    let (guest, order_id, cups) = bought(&shop);
    let order = guest.order(&order_id).expect(200);
    let (cup, tea) = (number(line_of(&order, 3)), number(line_of(&order, 1)));
    desk(&shop, "PUT", &order_id, "status", &json!({ "status": "processing" })).send().expect(200);
    let sent = desk(&shop, "POST", &order_id, "shipments", &pieces(&[(tea, 1), (cup, 1)])).send();
    let sent = sent.expect(200);
    let shipment = sent["shipment_id"].as_str().unwrap();
    let cancel = |quantity| cancelling(&guest, &order_id, &pieces(&[(cup, quantity)])).send();
    assert_eq!(cancel(3).problem(400, "invalid_field")["field"], "/lines/0/quantity");
    assert_eq!(cancel(1).expect(200)["status"], "partially_shipped");
    let arrived = format!("shipments/{shipment}/deliver");
    desk(&shop, "POST", &order_id, &arrived, &json!({})).send().expect(200);
    assert_eq!(cancel(1).expect(200)["status"], "delivered");
    let order = guest.order_once_paid_back(&order_id);
    let path: Vec<&str> = order["status_history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["to_status"].as_str().unwrap())
        .collect();
    assert_eq!(path.as_slice()[path.len() - 3..], ["partially_shipped", "shipped", "delivered"]);
    assert!(order["completed_at_ms"].is_i64(), "{order}");
    assert_eq!(shop.stock_of(&cups), (8, 0));
    assert_eq!(guest.provider_payments().refunded, minor(&order["payment"]["refunded"]));
}

#[test]
fn of_many_who_cancel_the_same_pieces_each_piece_goes_back_once() {
    let shop = Shop::alone();
    let (guest, order_id, cups) = bought(&shop);
    let order = guest.order(&order_id).expect(200);
    let (line, cup) = (minor(&line_of(&order, 3)["total"]), number(line_of(&order, 3)));
    let made = together(6, |_| {
        let asking = cancelling(&guest, &order_id, &pieces(&[(cup, 1)]));
        // Somebody else was faster: what is left then is judged anew.
        let reply = eventually("it is decided", || {
            let reply = asking.send_patiently();
            (reply.status != 409 || reply.json()["code"] != "order_busy").then_some(reply)
        });
        if reply.status == 200 { minor(&reply.json()["amount"]) } else { 0 }
    });
    assert_eq!(made.iter().filter(|amount| **amount > 0).count(), 3, "{made:?}");
    assert_eq!(made.iter().sum::<i64>(), line, "shares end at the whole");
    // Of two refunds that are answered at once, the worker judges one anew when its lease is over.
    shop.advance_ms(600_000);
    shop.run_workers_until_quiet();
    let order = guest.order_once_paid_back(&order_id);
    assert_eq!(shop.stock_of(&cups), (9, 0));
    assert_eq!(guest.provider_payments().refunded, line);
    // The rest is cancelled, and all of it is back once.
    guest.cancelling(&order_id).send_patiently().expect(200);
    eventually("all of it is back", || {
        let seen = guest.order(&order_id).expect(200);
        (minor(&seen["payment"]["refunded"]) == minor(&order["total"])).then_some(())
    });
    assert_eq!(shop.stock_of(&cups), (9, 0));
}

#[test]
fn of_money_that_is_held_so_much_less_is_taken() {
    let shop = Shop::open();
    let sku = shop.sku().stock(3).create();
    // A colleague's order whose money is held until somebody asks for it.
    let mut order = json!({
        "currency": "USD", "lines": [{ "sku": sku, "quantity": 3 }], "email": "ann@example.com", "shipping_address": address("VN", None),
        "shipping_method": "standard", "payment_method": "pm_card_visa", "capture_later": true,
        "expected_total": { "amount_minor": 1, "currency": "USD" },
    });
    let making = |order: &Value| {
        shop.call("POST", "/api/v1/orders")
            .bearer(&shop.token("orders:write"))
            .json(order)
            .keyed(&unique("order-"))
            .send()
    };
    order["expected_total"] =
        making(&order).problem(409, "total_mismatch")["current_total"].clone();
    let placed = making(&order).expect(201);
    let order_id = placed["order_id"].as_str().unwrap();
    let seen = || {
        shop.call("GET", &format!("/api/v1/orders/{order_id}"))
            .bearer(&shop.token("orders:read"))
            .send()
            .expect(200)
    };
    let total = minor(&seen()["total"]);
    let gone = desk(&shop, "POST", order_id, "cancel-items", &pieces(&[(1, 1)])).send().expect(200);
    let waived = minor(&gone["waived"]);
    assert_eq!((minor(&gone["amount"]), minor(&gone["to_payment"])), (waived, 0));
    assert!(waived > 0, "{gone}");
    assert_eq!(minor(&seen()["payment"]["amount"]), total - waived);
    assert_eq!(shop.stock_of(&sku), (1, 0));
    let amount = json!({ "amount": { "amount_minor": total, "currency": "USD" } });
    let told = desk(&shop, "POST", order_id, "capture", &amount).send();
    told.problem(400, "invalid_field");
    desk(&shop, "POST", order_id, "capture", &json!({})).send().expect(200);
    let paid = eventually("it is taken", || {
        let order = seen();
        (order["payment_status"] == "captured").then_some(order)
    });
    assert_eq!(minor(&paid["payment"]["captured"]), total - waived);
    // What is left of it goes back with a cancel, and not a cent more.
    desk(&shop, "POST", order_id, "cancel", &json!({})).send().expect(200);
    eventually("it is back", || {
        (minor(&seen()["payment"]["refunded"]) == total - waived).then_some(())
    });
    assert_eq!(shop.stock_of(&sku), (3, 0));
}

#[test]
fn what_cannot_be_cancelled_changes_nothing_and_says_why() {
    let shop = Shop::open();
    let (guest, order_id, _) = bought(&shop);
    let order = guest.order(&order_id).expect(200);
    let cup = number(line_of(&order, 3));
    for (body, code, field) in [
        (json!({}), "invalid_field", "/lines"),
        (json!({ "lines": [] }), "invalid_field", "/lines"),
        (pieces(&[(9, 1)]), "invalid_field", "/lines/0/line_no"),
        (pieces(&[(cup, 0)]), "invalid_field", "/lines/0/quantity"),
        (pieces(&[(cup, -1)]), "invalid_field", "/lines/0/quantity"),
        (pieces(&[(cup, 4)]), "invalid_field", "/lines/0/quantity"),
        (pieces(&[(cup, 1), (cup, 1)]), "invalid_field", "/lines/1/line_no"),
        (
            json!({ "lines": [{ "line_no": cup, "quantity": 1, "why": 1 }] }),
            "unknown_field",
            "/lines/0/why",
        ),
        (
            json!({ "lines": [{ "line_no": cup, "quantity": 1 }], "reason": "" }),
            "invalid_field",
            "/reason",
        ),
    ] {
        let told = cancelling(&guest, &order_id, &body).send().problem(400, code);
        assert_eq!(told["field"], field, "{body}: {told}");
    }
    let one = pieces(&[(cup, 1)]);
    cancelling(&guest, NOTHING, &one).send().problem(404, "order_not_found");
    cancelling(&shop.guest(), &order_id, &one).send().problem(404, "order_not_found");
    guest.call("POST", &path(&order_id)).json(&one).send().problem(400, "idempotency_key_required");
    let stale = cancelling(&guest, &order_id, &one).header("if-match", "\"7\"");
    stale.send().problem(412, "version_conflict");
    let reader = shop.call("POST", &path(&order_id)).bearer(&shop.token("orders:read"));
    reader.json(&one).keyed(&unique("c-")).send().problem(403, "scope_missing");
    let seen = guest.order(&order_id).expect(200);
    assert_eq!((&seen["version"], &seen["refunds"]), (&json!(1), &json!([])));
    guest.cancelling(&order_id).send_patiently().expect(200);
    cancelling(&guest, &order_id, &one).send().problem(409, "illegal_transition");
}
