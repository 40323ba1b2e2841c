//! Orders that are paid elsewhere, by a bank transfer for instance: they wait for their money (ORD-9),
//! go on when somebody says that it is there, and end when it does not come.

use crate::cash::{Offer, collecting, minor, order_of, with_one};
use e2e::{Call, Guest, Shop, eventually, together, unique};
use serde_json::{Value, json};

const WAITS_MS: i64 = 30 * 60_000;

/// An order of one of something, at so many cents, that waits for its money: who ordered, the order,
/// what it costs, and the SKU, of which there were nine.
fn waiting(shop: &Shop, price: i64) -> (Guest<'_>, String, Value, String) {
    let (guest, basket, sku) = with_one(shop, price);
    let (order_id, placed) = order_of(basket.paying_with("external").begin().confirm());
    assert_eq!(placed["payment_status"], "pending");
    (guest, order_id, placed["total"].clone(), sku)
}

fn to_status(shop: &Shop, order_id: &str, status: &str) -> Call {
    let call = shop.call("PUT", &format!("/api/v1/orders/{order_id}/status"));
    let call = call.bearer(&shop.token("orders:write")).keyed(&unique("desk-"));
    call.json(&json!({ "status": status }))
}

/// A payment service tells of an order.
fn tells(shop: &Shop, what: &str, data: &Value) -> String {
    let id = unique("paid-");
    let event = json!({
        "specversion": "1.0", "id": id, "source": "https://bank.example", "type": format!("payments.payment.{what}"), "data": data,
    });
    let call = shop.call("POST", "/api/v1/events").bearer(&shop.token("events:publish"));
    let call = call.header("content-type", "application/cloudevents+json");
    call.body(event.to_string()).send().expect(202);
    id
}

/// What has become of an event, once it was worked.
#[track_caller]
fn worked(shop: &Shop, id: &str) -> Value {
    eventually("an event is worked", || {
        shop.run("inbox-work");
        let row = shop.rows("inbox", "event_id", id)[0].clone();
        (row["state"] != "pending").then_some(row)
    })
}

fn status(guest: &Guest<'_>, order_id: &str) -> Value {
    guest.order(order_id).expect(200)["status"].clone()
}

fn refunding(shop: &Shop, order_id: &str) -> Call {
    let call = shop.call("POST", &format!("/api/v1/orders/{order_id}/refunds"));
    let call = call.bearer(&shop.token("money:write")).keyed(&unique("back-"));
    call.json(&json!({ "everything": true, "reason": "cancelled" }))
}

#[test]
fn an_order_waits_for_its_money_and_goes_on_with_it() {
    let shop = Shop::open();
    let _offer = Offer::elsewhere(&shop, 0, 100_000);
    let (guest, basket, sku) = with_one(&shop, 10_000);
    let offered = guest.totals("country=DE&shipping_method=standard").expect(200);
    assert_eq!(offered["external"]["amount"]["amount_minor"], 0);
    assert!(offered["cash_on_delivery"].is_null());
    let (order_id, placed) = order_of(basket.paying_with("external").begin().confirm());
    assert_eq!(placed["total"], offered["total"]);
    let order = guest.order(&order_id).expect(200);
    assert_eq!(
        (&order["status"], &order["payment_method"], &order["payment_status"]),
        (&json!("pending"), &json!("external"), &json!("pending"))
    );
    let at = |name: &str| order[name].as_i64().unwrap();
    assert_eq!(at("expires_at_ms") - at("created_at_ms"), WAITS_MS);
    assert_eq!((guest.provider_payments().times_authorized, shop.stock_of(&sku)), (0, (8, 0)));
    // Nothing of it leaves before, and nobody says that it is confirmed but who has the money.
    for status in ["processing", "shipped", "confirmed"] {
        to_status(&shop, &order_id, status).send().problem(409, "illegal_transition");
    }
    let less = json!({ "amount_minor": minor(&placed["total"]) - 1, "currency": "USD" });
    let refused = collecting(&shop, &order_id, &less).send().problem(400, "invalid_field");
    assert_eq!(refused["field"], "/amount");
    let collected = collecting(&shop, &order_id, &placed["total"]).send().expect(200);
    assert_eq!(
        (&collected["status"], &collected["payment_status"]),
        (&json!("confirmed"), &json!("captured"))
    );
    collecting(&shop, &order_id, &placed["total"]).send().problem(409, "payment_not_due");
    let order = guest.order(&order_id).expect(200);
    assert_eq!((&order["status"], &order["expires_at_ms"]), (&json!("confirmed"), &Value::Null));
    assert_eq!(order["status_history"][1]["reason"], "paid");
    let told = shop.rows("outbox", "aggregate", &format!("order/{order_id}"));
    let of = |name: &str| told.iter().filter(|it| it["type"] == name).count();
    assert_eq!((of("orders.payment.captured"), of("orders.order.status_changed")), (1, 1));
    to_status(&shop, &order_id, "processing").send().expect(200);

    // The shop has the money: it hands it back, and then nothing is in the way of a cancel.
    guest.cancelling(&order_id).send().problem(409, "payment_collected");
    refunding(&shop, &order_id).send().expect(200);
    guest.cancelling(&order_id).send().expect(200);
    let order = guest.order(&order_id).expect(200);
    assert_eq!(
        (&order["status"], &order["payment_status"], shop.stock_of(&sku)),
        (&json!("cancelled"), &json!("refunded"), (9, 0))
    );
}

// EVT-3
#[test]
fn a_payment_service_tells_that_it_is_paid_or_never_will_be() {
    let shop = Shop::open();
    let _offer = Offer::elsewhere(&shop, 150, 100_000);
    let (guest, order_id, total, _) = waiting(&shop, 10_000);
    let less = json!({ "amount_minor": minor(&total) - 1, "currency": "USD" });
    let wrong = tells(&shop, "confirmed", &json!({ "order_id": order_id, "amount": less }));
    let row = worked(&shop, &wrong);
    assert_eq!(row["state"], "dead", "{row}");
    assert!(row["last_error"].as_str().unwrap().contains("/data/amount"), "{row}");
    assert_eq!(status(&guest, &order_id), "pending");
    // Told twice under its own id and once under another: it is one payment.
    let paid = json!({ "order_id": order_id, "amount": total });
    for _ in 0..2 {
        assert_eq!(worked(&shop, &tells(&shop, "confirmed", &paid))["state"], "done");
    }
    let order = guest.order(&order_id).expect(200);
    assert_eq!((&order["status"], &order["version"]), (&json!("confirmed"), &json!(2)));
    // That it failed is not believed of money that is there.
    let failed = tells(&shop, "failed", &json!({ "order_id": order_id }));
    assert_eq!(worked(&shop, &failed)["state"], "done");
    assert_eq!(status(&guest, &order_id), "confirmed");

    let (guest, order_id, total, sku) = waiting(&shop, 5_000);
    for _ in 0..2 {
        let failed = tells(&shop, "failed", &json!({ "order_id": order_id }));
        assert_eq!(worked(&shop, &failed)["state"], "done");
    }
    assert_eq!((status(&guest, &order_id), shop.stock_of(&sku)), (json!("cancelled"), (9, 0)));
    // Money for an order that is over is somebody's to give back: a person hears of it.
    let late = tells(&shop, "confirmed", &json!({ "order_id": order_id, "amount": total }));
    let row = worked(&shop, &late);
    assert_eq!(row["state"], "dead", "{row}");
    assert!(row["last_error"].as_str().unwrap().contains("payment_not_due"), "{row}");
    assert_eq!(guest.order(&order_id).expect(200)["payment_status"], "voided");
}

// ORD-9
#[test]
fn an_order_that_nobody_pays_ends_in_its_time_and_gives_back_once() {
    let shop = Shop::alone();
    let _offer = Offer::elsewhere(&shop, 0, 100_000);
    let (guest, order_id, total, sku) = waiting(&shop, 10_000);
    let (_, paid_id, paid, _) = waiting(&shop, 7_000);
    collecting(&shop, &paid_id, &paid).send().expect(200);
    let (held, held_id, to_pay, _) = waiting(&shop, 6_000);
    to_status(&shop, &held_id, "on_hold").send().expect(200);
    assert!(held.order(&held_id).expect(200)["expires_at_ms"].is_null(), "a person has it");

    shop.advance_ms(WAITS_MS - 30_000);
    shop.run("unpaid-orders");
    assert_eq!(status(&guest, &order_id), "pending");
    shop.advance_ms(31_000);
    together(3, |_| shop.worker_without_lease("unpaid-orders").send().expect(200));
    shop.run("unpaid-orders");
    let order = guest.order(&order_id).expect(200);
    assert_eq!(
        (&order["status"], &order["payment_status"], &order["expires_at_ms"]),
        (&json!("cancelled"), &json!("voided"), &Value::Null)
    );
    let last = order["status_history"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["actor"], &last["reason"]),
        (&json!("unpaid-orders"), &json!("not paid in time"))
    );
    assert_eq!(shop.stock_of(&sku), (9, 0));
    collecting(&shop, &order_id, &total).send().problem(409, "payment_not_due");
    assert_eq!(shop.rows("orders", "order_id", &paid_id)[0]["status"], "confirmed");
    // One that waits for a person is not paid and does not end; then its time begins anew.
    assert_eq!(status(&held, &held_id), "on_hold");
    collecting(&shop, &held_id, &to_pay).send().problem(409, "payment_not_due");
    let told = tells(&shop, "confirmed", &json!({ "order_id": held_id }));
    shop.run("inbox-work");
    assert_eq!(shop.rows("inbox", "event_id", &told)[0]["state"], "pending", "it comes too early");
    to_status(&shop, &held_id, "confirmed").send().expect(200);
    let order = held.order(&held_id).expect(200);
    assert_eq!(order["status"], "pending");
    let left_ms = order["expires_at_ms"].as_i64().unwrap() - shop.now_ms();
    assert!((WAITS_MS - 60_000..=WAITS_MS).contains(&left_ms), "{left_ms}");
    shop.advance_ms(10 * 60_000);
    assert_eq!(worked(&shop, &told)["state"], "done");
    assert_eq!(status(&held, &held_id), "confirmed");
}

#[test]
fn of_the_money_and_the_end_of_the_time_one_comes_first() {
    let shop = Shop::alone();
    let _offer = Offer::elsewhere(&shop, 0, 100_000);
    for _ in 0..4 {
        let (guest, order_id, total, sku) = waiting(&shop, 1_000);
        shop.advance_ms(WAITS_MS + 1_000);
        let answers = together(6, |index| match index % 2 {
            0 => shop.worker_without_lease("unpaid-orders").send().status,
            _ => collecting(&shop, &order_id, &total).send().status,
        });
        assert!(answers.iter().all(|status| [200, 409].contains(status)), "{answers:?}");
        let order = guest.order(&order_id).expect(200);
        let paid = answers.iter().skip(1).step_by(2).filter(|status| **status == 200).count();
        let ended = (&order["status"], &order["payment_status"], shop.stock_of(&sku), paid);
        let (yes, no) =
            ((json!("confirmed"), json!("captured")), (json!("cancelled"), json!("voided")));
        assert!(
            ended == (&yes.0, &yes.1, (8, 0), 1) || ended == (&no.0, &no.1, (9, 0), 0),
            "{ended:?}"
        );
        assert_eq!(order["version"], 2);
    }
}

// ORD-9: what could not be taken was held in vain; an operator who looks after it is not overtaken.
#[test]
fn an_order_whose_money_cannot_be_taken_ends_after_a_day() {
    let shop = Shop::alone();
    let (guest, sku) = (shop.guest(), shop.sku().stock(9).create());
    let order = guest.buy_with(&sku, 1, "pm_sim_capture_declined");
    if order["payment_status"] == "authorized" {
        return;
    }
    let order_id = order["order_id"].as_str().unwrap();
    let row = || shop.rows("orders", "order_id", order_id)[0].clone();
    let gives_up = || {
        for _ in 0..15 {
            shop.advance_ms(10 * 60_000);
            shop.run_workers_until_quiet();
        }
        assert_eq!(guest.order(order_id).expect(200)["payment_status"], "capture_failed");
    };
    gives_up();
    let due = row()["due_at_ms"].as_i64().unwrap();
    assert!(due > shop.now_ms() + 20 * 3_600_000, "{due}");
    let owed = guest.compensation_rows()[0]["compensation_id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/operations/compensations/{owed}/retry");
    let retrying = shop.call("POST", &path).bearer(&shop.token("operations:write"));
    retrying
        .json(&json!({ "reason": "the bank says so" }))
        .keyed(&unique("again-"))
        .send()
        .expect(200);
    assert!(row()["due_at_ms"].is_null(), "somebody looks after it");
    gives_up();
    to_status(&shop, order_id, "on_hold").send().expect(200);
    assert!(row()["due_at_ms"].is_null());
    to_status(&shop, order_id, "confirmed").send().expect(200);
    to_status(&shop, order_id, "processing").send().expect(200);

    shop.advance_ms(23 * 3_600_000);
    shop.run("unpaid-orders");
    assert_eq!(row()["status"], "processing");
    shop.advance_ms(3_600_000 + 1_000);
    shop.run("unpaid-orders");
    let order = guest.order(order_id).expect(200);
    assert_eq!(order["status"], "cancelled");
    let last = order["status_history"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["reason"], "its money could not be taken");
    shop.run_workers_until_quiet();
    assert_eq!((guest.provider_payments().held(), shop.stock_of(&sku)), (0, (9, 0)));
    shop.until_the_provider_is_used_again();
}

#[test]
fn it_is_offered_where_its_fee_is_and_not_by_another() {
    let shop = Shop::open();
    let offer = Offer::elsewhere(&shop, 150, 5_000);
    let (guest, basket, _) = with_one(&shop, 5_001);
    assert!(guest.totals("country=DE&shipping_method=standard").expect(200)["external"].is_null());
    let elsewhere = basket.paying_with("external");
    elsewhere.clone().try_begin().problem(422, "external_payment_unavailable");
    let checked = guest
        .call("POST", "/api/v1/cart/validate")
        .json(&json!({ "country": "DE", "shipping_method": "standard", "payment_method": "external" }))
        .send()
        .expect(200);
    let found = checked["problems"].as_array().unwrap().iter();
    let found: Vec<&Value> =
        found.filter(|it| it["code"] == "external_payment_unavailable").collect();
    assert_eq!(found.len(), 1, "{checked}");
    assert_eq!(found[0]["pointer"], "/payment_method");
    let (guest, basket, _) = with_one(&shop, 5_000);
    let plain = guest.totals("country=DE&shipping_method=standard").expect(200);
    let so =
        guest.totals("country=DE&shipping_method=standard&payment_method=external").expect(200);
    assert_eq!(minor(&so["total"]), minor(&plain["total"]) + 150);
    assert_eq!(so["fees"][0]["kind"], "external");
    let session = basket.paying_with("external").begin();
    offer.ends();
    session.confirm().problem(422, "external_payment_unavailable");
    let left_out = json!({
        "kind": "handling", "name": "x", "amount_minor": 1, "up_to_minor": 5, "tax_class": "standard", "active": true,
    });
    let path = format!("/api/v1/catalog/fees/USD/{}", unique("wrong-"));
    let wrong = shop.admin("PUT", &path).json(&left_out).send().problem(400, "invalid_field");
    assert_eq!(wrong["field"], "/up_to_minor");
}
