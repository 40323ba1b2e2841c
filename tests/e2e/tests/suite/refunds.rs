//! Money of an order that goes back (ORD-6), by running shares (ORD-17), to whoever paid.

use e2e::{Call, Guest, Shop, eventually, together, unique};
use serde_json::{Value, json};

const NOTHING: &str = "01900000-0000-7000-8000-000000000000";

fn refunds(shop: &Shop, order_id: &str, body: &Value) -> Call {
    refunds_with(shop, "money:write", order_id, body).keyed(&unique("refund-"))
}

fn refunds_with(shop: &Shop, scopes: &str, order_id: &str, body: &Value) -> Call {
    shop.call("POST", &format!("/api/v1/orders/{order_id}/refunds"))
        .bearer(&shop.token(scopes))
        .json(body)
}

fn preview(shop: &Shop, order_id: &str, body: &Value) -> Call {
    shop.call("POST", &format!("/api/v1/orders/{order_id}/refunds/preview"))
        .bearer(&shop.token("money:write"))
        .json(body)
}

fn to_status(shop: &Shop, order_id: &str, status: &str) {
    let call = shop
        .call("PUT", &format!("/api/v1/orders/{order_id}/status"))
        .bearer(&shop.token("orders:write"));
    call.json(&json!({ "status": status })).keyed(&unique("to-")).send().expect(200);
}

fn minor(amount: &Value) -> i64 {
    amount["amount_minor"].as_i64().unwrap_or_else(|| panic!("no amount: {amount}"))
}

fn pieces(line_no: i64, quantity: i64) -> Value {
    json!({ "lines": [{ "line_no": line_no, "quantity": quantity }], "reason": "damaged" })
}

/// Three of one thing, paid by this card, and who bought them.
fn bought_with<'s>(shop: &'s Shop, card: &str) -> (Guest<'s>, String) {
    let sku = shop.sku().price("USD", 1_667).stock(9).create();
    let guest = shop.guest();
    let order = guest.buy_with(&sku, 3, card);
    (guest, order["order_id"].as_str().unwrap().to_owned())
}

fn bought(shop: &Shop) -> (Guest<'_>, String) {
    bought_with(shop, "pm_card_visa")
}

#[test]
fn pieces_of_a_line_go_back_by_running_shares_until_nothing_is_left() {
    let shop = Shop::open();
    let (guest, order_id) = bought(&shop);
    let order = guest.order(&order_id).expect(200);
    let (line, total) = (minor(&order["lines"][0]["total"]), minor(&order["total"]));
    let shown = preview(&shop, &order_id, &pieces(1, 1)).send().expect(200);
    let asking = refunds(
        &shop,
        &order_id,
        &json!({
            "lines": [{ "line_no": 1, "quantity": 1 }], "reason": "damaged", "note": "the handle was broken",
        }),
    );
    let first = asking.clone().send().expect(200);
    for part in ["amount", "tax", "lines", "shipping", "fees", "to_payment", "to_accounts"] {
        assert_eq!(first[part], shown[part], "{part}");
    }
    assert_eq!(asking.send().expect(200), first);
    let shares: Vec<i64> = [first]
        .into_iter()
        .chain((0..2).map(|_| refunds(&shop, &order_id, &pieces(1, 1)).send().expect(200)))
        .map(|it| minor(&it["amount"]))
        .collect();
    assert_eq!(shares.iter().sum::<i64>(), line, "{shares:?}");
    assert!(shares.iter().all(|share| (share - line / 3).abs() <= 1), "{shares:?}");
    let told = refunds(&shop, &order_id, &pieces(1, 1)).send().problem(400, "invalid_field");
    assert_eq!(told["field"], "/lines/0/quantity");
    let order = guest.order_once_paid_back(&order_id);
    assert_eq!(order["payment_status"], "partially_refunded");
    assert_eq!(minor(&order["payment"]["refunded"]), line);
    assert_eq!(
        (&order["lines"][0]["refunded_quantity"], minor(&order["lines"][0]["refunded"])),
        (&json!(3), line)
    );
    assert_eq!(order["refunds"][0]["note"], "the handle was broken");
    assert_eq!(order["refunds"][1]["note"], Value::Null);
    assert_eq!(order["status_history"][1]["reason"], "the handle was broken");
    // The rest is the shipping; then it is over.
    let rest = refunds(&shop, &order_id, &json!({ "shipping": true, "reason": "goodwill" }))
        .send()
        .expect(200);
    assert_eq!(minor(&rest["amount"]), total - line);
    let order = guest.order_once_paid_back(&order_id);
    assert_eq!(
        (&order["payment_status"], minor(&order["payment"]["refunded"])),
        (&json!("refunded"), total)
    );
    for over in [
        json!({ "everything": true, "reason": "other" }),
        json!({ "shipping": true, "reason": "other" }),
    ] {
        refunds(&shop, &order_id, &over).send().problem(409, "already_settled");
    }
    assert_eq!(guest.provider_payments().refunded, total);
}

#[test]
fn all_of_an_order_that_arrived_goes_back_and_it_is_over() {
    let shop = Shop::open();
    let (guest, order_id) = bought(&shop);
    for status in ["processing", "shipped", "delivered"] {
        to_status(&shop, &order_id, status);
    }
    let amount =
        json!({ "amount": { "amount_minor": 500, "currency": "USD" }, "reason": "goodwill" });
    let some = refunds(&shop, &order_id, &amount).send().expect(200);
    assert_eq!((minor(&some["amount"]), &some["lines"][0]["quantity"]), (500, &json!(0)));
    assert!(minor(&some["shipping"]) > 0, "an amount draws on all that is left: {some}");
    let all = refunds(&shop, &order_id, &json!({ "everything": true, "reason": "returned" }))
        .send()
        .expect(200);
    assert_eq!(all["lines"][0]["quantity"], 3);
    let order = eventually("it is over", || {
        let order = guest.order(&order_id).expect(200);
        (order["status"] == "refunded").then_some(order)
    });
    assert_eq!(order["payment_status"], "refunded");
    assert_eq!(minor(&some["amount"]) + minor(&all["amount"]), minor(&order["total"]));
    let history = order["status_history"].as_array().unwrap();
    assert_eq!(history.last().unwrap()["to_status"], "refunded");
    let of =
        |id: &str| order["refunds"].as_array().unwrap().iter().any(|it| it["refund_id"] == *id);
    assert!(of(all["refund_id"].as_str().unwrap()));
    refunds(&shop, &order_id, &amount).send().problem(409, "payment_not_refundable");
    let events =
        shop.told_until(&format!("order/{order_id}"), |it| it["data"]["status"] == "refunded");
    let count = |kind: &str| events.iter().filter(|it| it["type"] == kind).count();
    assert_eq!((count("orders.refund.created"), count("orders.refund.completed")), (2, 2));
}

#[test]
fn what_cannot_go_back_changes_nothing_and_says_why() {
    let shop = Shop::open();
    let (guest, order_id) = bought(&shop);
    let total = minor(&guest.order(&order_id).expect(200)["total"]);
    let amount = |amount_minor: i64, currency: &str| json!({ "amount": { "amount_minor": amount_minor, "currency": currency }, "reason": "other" });
    let with = |member: &str, value: Value| {
        let mut body = pieces(1, 1);
        body[member] = value;
        body
    };
    let cases = [
        (json!({ "reason": "other" }), "invalid_field", "/lines"),
        (json!({ "lines": [], "reason": "other" }), "invalid_field", "/lines"),
        (json!({ "fees": true, "reason": "other" }), "already_settled", ""),
        (amount(0, "USD"), "invalid_field", "/amount/amount_minor"),
        (amount(-5, "USD"), "invalid_field", "/amount/amount_minor"),
        (amount(total + 1, "USD"), "invalid_field", "/amount/amount_minor"),
        (amount(5, "EUR"), "invalid_field", "/amount/currency"),
        (
            with("amount", json!({ "amount_minor": 5, "currency": "USD" })),
            "invalid_field",
            "/amount",
        ),
        (with("everything", json!(true)), "invalid_field", "/everything"),
        (with("note", json!("")), "invalid_field", "/note"),
        (with("reason", json!("because")), "invalid_field", "/reason"),
        (with("why", json!("x")), "unknown_field", "/why"),
        (pieces(2, 1), "invalid_field", "/lines/0/line_no"),
        (pieces(1, 4), "invalid_field", "/lines/0/quantity"),
        (
            json!({ "lines": [{ "line_no": 1, "quantity": 1 }, { "line_no": 1, "quantity": 1 }], "reason": "other" }),
            "invalid_field",
            "/lines/1/line_no",
        ),
    ];
    for (body, code, field) in cases {
        let status = if code == "already_settled" { 409 } else { 400 };
        for call in [refunds(&shop, &order_id, &body), preview(&shop, &order_id, &body)] {
            let told = call.send().problem(status, code);
            assert!(field.is_empty() || told["field"] == field, "{body}: {told}");
        }
    }
    let order = guest.order(&order_id).expect(200);
    assert_eq!((&order["version"], &order["refunds"]), (&json!(1), &json!([])));
    refunds(&shop, NOTHING, &pieces(1, 1)).send().problem(404, "order_not_found");
    refunds_with(&shop, "orders:write", &order_id, &pieces(1, 1))
        .keyed(&unique("r-"))
        .send()
        .problem(403, "scope_missing");
    refunds_with(&shop, "money:write", &order_id, &pieces(1, 1))
        .send()
        .problem(400, "idempotency_key_required");
    let stale = refunds(&shop, &order_id, &pieces(1, 1)).header("if-match", "\"7\"");
    stale.send().problem(412, "version_conflict");
    guest.cancelling(&order_id).send().expect(200);
    refunds(&shop, &order_id, &pieces(1, 1)).send().problem(409, "payment_not_refundable");
}

#[test]
fn of_many_who_refund_the_last_of_an_order_no_more_goes_back_than_was_paid() {
    let shop = Shop::alone();
    let (guest, order_id) = bought(&shop);
    let total = minor(&guest.order(&order_id).expect(200)["total"]);
    let made: i64 = together(8, |number| {
        let reply = match number % 3 {
            0 => refunds(&shop, &order_id, &json!({ "everything": true, "reason": "other" }))
                .send_patiently(),
            1 => refunds(&shop, &order_id, &pieces(1, 2)).send_patiently(),
            _ => guest.cancelling(&order_id).send_patiently(),
        };
        if reply.status == 200 { 1 } else { 0 }
    })
    .into_iter()
    .sum();
    assert!(made >= 1);
    // Of two refunds that are answered at once, the worker judges one anew when its lease is over.
    shop.advance_ms(600_000);
    shop.run_workers_until_quiet();
    let order = eventually("its money is back", || {
        let order = guest.order(&order_id).expect(200);
        let back = order["payment"]["refunded"].clone();
        let cancelled = order["status"] == "cancelled";
        let asked: i64 =
            order["refunds"].as_array().unwrap().iter().map(|it| minor(&it["amount"])).sum();
        (minor(&back) == if cancelled { total } else { asked }).then_some(order)
    });
    assert_eq!(guest.provider_payments().refunded, minor(&order["payment"]["refunded"]));
    assert!(minor(&order["payment"]["refunded"]) <= total, "{order}");
}

#[test]
fn a_cancel_gives_back_what_is_left_after_a_refund() {
    let shop = Shop::open();
    let (guest, order_id) = bought(&shop);
    let total = minor(&guest.order(&order_id).expect(200)["total"]);
    refunds(&shop, &order_id, &pieces(1, 1)).send().expect(200);
    guest.cancelling(&order_id).send_patiently().expect(200);
    eventually("all of it is back", || {
        let order = guest.order(&order_id).expect(200);
        (order["payment_status"] == "refunded" && minor(&order["payment"]["refunded"]) == total)
            .then_some(())
    });
    assert_eq!(guest.provider_payments().refunded, total);
}

#[test]
fn money_that_is_held_is_no_refund_and_one_that_pends_is_seen_to_pend() {
    let shop = Shop::alone();
    let (guest, order_id) = bought_with(&shop, "pm_sim_refund_pending");
    let asked = refunds(&shop, &order_id, &pieces(1, 1)).send().expect(200);
    let order = guest.order(&order_id).expect(200);
    assert_eq!(
        (&order["refunds"][0]["state"], &order["payment_status"]),
        (&json!("pending"), &json!("captured"))
    );
    // Another one does not wait for it.
    let second = refunds(&shop, &order_id, &pieces(1, 1)).send().expect(200);
    shop.simulator("POST", "/refunds").json(&json!({ "status": "succeeded" })).send().expect(200);
    let order = eventually("both are done", || {
        shop.advance_ms(600_000);
        shop.run("compensation-retry");
        let order = guest.order(&order_id).expect(200);
        order["refunds"].as_array().unwrap().iter().all(|it| it["state"] == "done").then_some(order)
    });
    assert_eq!(
        minor(&order["payment"]["refunded"]),
        minor(&asked["amount"]) + minor(&second["amount"])
    );
    let (_, order_id) = bought_with(&shop, "pm_sim_capture_fails_always");
    let told = refunds(&shop, &order_id, &pieces(1, 1)).send();
    told.problem(409, "payment_not_refundable");
}
