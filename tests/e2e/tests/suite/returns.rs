//! Goods that come back (ORD-5): asked for in time, decided, received, on the shelf again, and paid
//! back by a refund that names them.

use e2e::{Call, Guest, Shop, eventually, needs_till, together, unique};
use serde_json::{Value, json};

const NOTHING: &str = "01900000-0000-7000-8000-000000000000";

fn desk(shop: &Shop, scopes: &str, method: &str, order_id: &str, what: &str, body: &Value) -> Call {
    shop.call(method, &format!("/api/v1/orders/{order_id}/{what}"))
        .bearer(&shop.token(scopes))
        .json(body)
        .keyed(&unique("desk-"))
}

fn by_desk(shop: &Shop, order_id: &str, what: &str, body: &Value) -> Call {
    desk(shop, "orders:write", "POST", order_id, what, body)
}

fn asking(guest: &Guest<'_>, order_id: &str, lines: &Value) -> Call {
    guest
        .call("POST", &format!("/api/v1/orders/{order_id}/returns"))
        .json(&json!({ "lines": lines }))
        .keyed(&unique("return-"))
}

fn some(line_no: i64, quantity: i64) -> Value {
    json!([{ "line_no": line_no, "quantity": quantity, "reason": "damaged" }])
}

/// Three of one thing that have arrived, who bought them, and what it is.
fn delivered(shop: &Shop) -> (Guest<'_>, String, String) {
    let sku = shop.sku().price("USD", 1_667).stock(9).create();
    let guest = shop.guest();
    let order_id = guest.buy(&sku, 3)["order_id"].as_str().unwrap().to_owned();
    for status in ["processing", "shipped", "delivered"] {
        desk(shop, "orders:write", "PUT", &order_id, "status", &json!({ "status": status }))
            .send()
            .expect(200);
    }
    (guest, order_id, sku)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn minor(amount: &Value) -> i64 {
    amount["amount_minor"].as_i64().unwrap_or_else(|| panic!("no amount: {amount}"))
}

#[test]
fn goods_come_back_are_on_the_shelf_again_and_are_paid_back_once() {
    let shop = Shop::open();
    let (guest, order_id, sku) = delivered(&shop);
    assert_eq!(shop.stock_of(&sku), (6, 0));
    let call = asking(&guest, &order_id, &some(1, 2));
    let asked = call.clone().send().expect(200);
    assert_eq!(asked["return_status"], "requested");
    assert_eq!(call.send().expect(200), asked);
    let return_id = text(&asked["return_id"]);
    let step = |what: &str, body: Value| {
        by_desk(&shop, &order_id, &format!("returns/{return_id}/{what}"), &body)
    };
    let refund = |body: &Value| desk(&shop, "money:write", "POST", &order_id, "refunds", body);
    let of_it = json!({ "return_id": return_id, "reason": "returned" });
    refund(&of_it).send().problem(409, "return_step_illegal");
    assert_eq!(step("approve", json!({})).send().expect(200)["return_status"], "approved");
    step("refuse", json!({})).send().problem(409, "return_step_illegal");
    // One of the two is broken.
    let back = json!({ "lines": [{ "line_no": 1, "quantity": 2, "restocked_quantity": 1 }], "reason": "one lid is broken" });
    let receiving = step("receive", back);
    let received = receiving.clone().send().expect(200);
    assert_eq!(
        (&received["return_status"], &received["lines"][0]["restocked_quantity"]),
        (&json!("received"), &json!(1))
    );
    assert_eq!(receiving.send().expect(200), received);
    assert_eq!(shop.stock_of(&sku), (7, 0));
    let order = guest.order(&order_id).expect(200);
    let line = &order["lines"][0];
    assert_eq!((&line["returned_quantity"], &line["refunded_quantity"]), (&json!(2), &json!(0)));
    assert_eq!(order["returns"][0]["status"], "received");
    // One of them was paid back before: it is not paid twice.
    let one = json!({ "lines": [{ "line_no": 1, "quantity": 2 }], "reason": "goodwill" });
    refund(&one).send().expect(200);
    let paid = refund(&of_it).send().expect(200);
    assert_eq!(paid["lines"][0]["quantity"], 1);
    refund(&of_it).send().problem(409, "return_step_illegal");
    let order = eventually("it is paid back", || {
        let order = guest.order(&order_id).expect(200);
        order["refunds"].as_array().unwrap().iter().all(|it| it["state"] == "done").then_some(order)
    });
    assert_eq!(
        (&order["returns"][0]["status"], &order["refunds"][1]["return_id"]),
        (&json!("refunded"), &json!(return_id))
    );
    assert_eq!(minor(&order["payment"]["refunded"]), minor(&order["lines"][0]["total"]));
    // All three are paid back, and the one that the buyer still has can come back for nothing.
    let told = asking(&guest, &order_id, &some(1, 2)).send().problem(400, "invalid_field");
    assert_eq!(told["field"], "/lines/0/quantity");
    asking(&guest, &order_id, &some(1, 1)).send().expect(200);
    let events =
        shop.told_until(&format!("order/{order_id}"), |it| it["type"] == "orders.return.received");
    for kind in ["requested", "approved", "received"] {
        let kind = format!("orders.return.{kind}");
        let event =
            events.iter().find(|it| it["type"] == *kind).unwrap_or_else(|| panic!("no {kind}"));
        assert_eq!(
            (&event["data"]["return_id"], &event["data"]["lines"][0]["quantity"]),
            (&json!(return_id), &json!(2))
        );
    }
}

#[test]
fn a_return_is_refused_or_withdrawn_and_its_pieces_may_be_asked_for_again() {
    let shop = Shop::open();
    let (guest, order_id, sku) = delivered(&shop);
    let all = some(1, 3);
    let refused = text(&asking(&guest, &order_id, &all).send().expect(200)["return_id"]);
    // They are promised to it.
    asking(&guest, &order_id, &some(1, 1)).send().problem(400, "invalid_field");
    let what = format!("returns/{refused}/refuse");
    let told = json!({ "reason": "it was worn" });
    assert_eq!(
        by_desk(&shop, &order_id, &what, &told).send().expect(200)["return_status"],
        "refused"
    );
    let withdrawn = text(&asking(&guest, &order_id, &all).send().expect(200)["return_id"]);
    let path = format!("/api/v1/orders/{order_id}/returns/{withdrawn}/withdraw");
    // Not by somebody else.
    let stranger = shop.guest();
    stranger.call("POST", &path).keyed(&unique("w-")).send().problem(404, "order_not_found");
    assert_eq!(
        guest.call("POST", &path).keyed(&unique("w-")).send().expect(200)["return_status"],
        "withdrawn"
    );
    for step in ["approve", "receive"] {
        let what = format!("returns/{withdrawn}/{step}");
        by_desk(&shop, &order_id, &what, &json!({})).send().problem(409, "return_step_illegal");
    }
    // What was sent without waiting for an answer is received all the same.
    let sent = text(&asking(&guest, &order_id, &all).send().expect(200)["return_id"]);
    let what = format!("returns/{sent}/receive");
    by_desk(&shop, &order_id, &what, &json!({})).send().expect(200);
    assert_eq!(shop.stock_of(&sku), (9, 0));
    let order = guest.order(&order_id).expect(200);
    let statuses: Vec<&str> = order["returns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["refused", "withdrawn", "received"]);
}

#[test]
fn what_cannot_come_back_changes_nothing_and_says_why() {
    let shop = Shop::open();
    let sku = shop.sku().stock(9).create();
    let guest = shop.guest();
    let early = text(&guest.buy(&sku, 1)["order_id"]);
    asking(&guest, &early, &some(1, 1)).send().problem(409, "illegal_transition");
    let (guest, order_id, _) = delivered(&shop);
    let cases = [
        (json!([]), "/lines"),
        (some(2, 1), "/lines/0/line_no"),
        (some(1, 4), "/lines/0/quantity"),
        (some(1, 0), "/lines/0/quantity"),
        (json!([{ "line_no": 1, "quantity": 1, "reason": "why not" }]), "/lines/0/reason"),
        (json!([some(1, 1)[0], some(1, 1)[0]]), "/lines/1/line_no"),
    ];
    for (lines, field) in cases {
        let told = asking(&guest, &order_id, &lines).send().problem(400, "invalid_field");
        assert_eq!(told["field"], field, "{lines}");
    }
    let return_id = text(&asking(&guest, &order_id, &some(1, 2)).send().expect(200)["return_id"]);
    let receive = format!("returns/{return_id}/receive");
    for (line, field) in [
        (json!({ "line_no": 2, "quantity": 1, "restocked_quantity": 1 }), "/lines/0/line_no"),
        (json!({ "line_no": 1, "quantity": 3, "restocked_quantity": 1 }), "/lines/0/quantity"),
        (
            json!({ "line_no": 1, "quantity": 1, "restocked_quantity": 2 }),
            "/lines/0/restocked_quantity",
        ),
    ] {
        let told = by_desk(&shop, &order_id, &receive, &json!({ "lines": [line] }))
            .send()
            .problem(400, "invalid_field");
        assert_eq!(told["field"], field);
    }
    by_desk(&shop, &order_id, &format!("returns/{NOTHING}/approve"), &json!({}))
        .send()
        .problem(404, "return_not_found");
    let theirs = guest
        .call("POST", &format!("/api/v1/orders/{order_id}/{receive}"))
        .keyed(&unique("r-"))
        .send();
    assert!([401, 403].contains(&theirs.status), "{theirs:?}");
    let unkeyed = guest
        .call("POST", &format!("/api/v1/orders/{order_id}/returns"))
        .json(&json!({ "lines": some(1, 1) }));
    unkeyed.send().problem(400, "idempotency_key_required");
    let order = guest.order(&order_id).expect(200);
    assert_eq!(order["version"], 5);
    let wrong = json!({ "return_id": NOTHING, "reason": "returned" });
    let told = desk(&shop, "money:write", "POST", &order_id, "refunds", &wrong)
        .send()
        .problem(400, "invalid_field");
    assert_eq!(told["field"], "/return_id");
}

#[test]
fn a_buyer_has_thirty_days_and_a_colleague_has_more() {
    if !needs_till("a_buyer_has_thirty_days_and_a_colleague_has_more") {
        return;
    }
    let shop = Shop::alone();
    let (guest, order_id, _) = delivered(&shop);
    shop.advance_ms(29 * 86_400_000);
    asking(&guest, &order_id, &some(1, 1)).send().expect(200);
    shop.advance_ms(2 * 86_400_000);
    asking(&guest, &order_id, &some(1, 1)).send().problem(409, "return_too_late");
    by_desk(&shop, &order_id, "returns", &json!({ "lines": some(1, 1) })).send().expect(200);
}

#[test]
fn of_many_who_ask_for_the_last_piece_one_is_heard_and_it_is_received_once() {
    let shop = Shop::open();
    let (guest, order_id, sku) = delivered(&shop);
    let asked = together(6, |_| {
        let reply = asking(&guest, &order_id, &some(1, 3)).send_patiently();
        (reply.status == 200).then(|| text(&reply.json()["return_id"]))
    });
    let asked: Vec<String> = asked.into_iter().flatten().collect();
    assert_eq!(asked.len(), 1, "{asked:?}");
    let what = format!("returns/{}/receive", asked[0]);
    let received = together(6, |_| {
        usize::from(by_desk(&shop, &order_id, &what, &json!({})).send_patiently().status == 200)
    });
    assert_eq!(received.into_iter().sum::<usize>(), 1);
    assert_eq!(shop.stock_of(&sku), (9, 0));
}
