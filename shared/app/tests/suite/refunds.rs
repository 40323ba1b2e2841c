//! Money and goods of an order that go back, whatever the provider does meanwhile (ORD-5, -6).

use app::order;
use callers::OwnerOrService;
use edge::{Method, Request, Service};
use pollster::block_on;
use serde_json::{Value, json};
use world::{ALWAYS, Answer, Call, Fault, World, hours};

fn desk() -> Service {
    let scopes = ["orders:write", "money:write"].map(str::to_owned).to_vec();
    Service { subject: "desk".to_owned(), scopes }
}

fn request(what: &str, body: &Value, key: &str) -> Request {
    Request::new(Method::Post, &format!("/api/v1/orders/x/{what}"))
        .with_header("content-type", "application/json")
        .with_header("idempotency-key", key)
        .with_body(body.to_string())
}

fn refunds(world: &World, order_id: &str, body: &Value, key: &str) -> Answer {
    let request = request("refunds", body, key);
    Answer::of::<api::refund_order>(block_on(order::refund(
        &world.ports(),
        &desk(),
        &order_id.parse().unwrap(),
        &request.json().unwrap(),
        &request.keyed_change().unwrap(),
    )))
}

fn to_status(world: &World, order_id: &str, status: &str) {
    let request = request("status", &json!({ "status": status }), status);
    let moved = Answer::of::<api::set_order_status>(block_on(order::set_status(
        &world.ports(),
        &desk(),
        &order_id.parse().unwrap(),
        &request.json().unwrap(),
        &request.keyed_change().unwrap(),
    )));
    moved.expect(200);
}

/// A paid order that has arrived.
fn delivered(world: &World, card: &str) -> String {
    let order_id = world.shopper().buys(card);
    world.works();
    for status in ["processing", "shipped", "delivered"] {
        to_status(world, &order_id, status);
    }
    order_id
}

fn everything() -> Value {
    json!({ "everything": true, "reason": "returned" })
}

fn stands(world: &World) -> Vec<String> {
    world.rows("select o.status, p.state, p.refunded_minor = p.captured_minor, p.refunding_minor from orders as o join payment as p on p.order_id = o.order_id")
}

#[test]
fn a_refund_while_the_provider_is_away_for_a_day_is_made_once_it_is_back() {
    let world = World::new();
    let order_id = delivered(&world, "pm_card_visa");
    world.fault(&[Call::Refund, Call::Refunds], Fault::Status(503), ALWAYS);
    let asked = refunds(&world, &order_id, &everything(), "one").expect(200);
    // Nothing has gone back yet, and the order says so.
    assert_eq!(asked["status"], "delivered");
    assert_eq!(refunds(&world, &order_id, &everything(), "one").expect(200), asked);
    world.lives(hours(24));
    assert_eq!(
        world.rows("select o.status, p.state, p.refunded_minor, p.refunding_minor > 0 from orders as o join payment as p on p.order_id = o.order_id"),
        ["delivered|captured|0|1"]
    );
    assert!(
        world.alerts().iter().any(|it| it.contains("compensation_failing")),
        "{:?}",
        world.alerts()
    );
    // Nobody can have it twice meanwhile, and nothing is left to ask for.
    refunds(&world, &order_id, &everything(), "two").expect_problem(409, "already_settled");
    world.heals();
    world.lives(hours(2));
    assert_eq!(stands(&world), ["refunded|refunded|1|0"]);
    assert_eq!(world.rows("select count(*) from compensation"), ["1"]);
    world.is_consistent();
}

#[test]
fn a_refund_whose_answer_is_lost_is_looked_for_and_not_made_again() {
    for fault in [Fault::Lost, Fault::Timeout] {
        let world = World::new();
        let order_id = delivered(&world, "pm_card_visa");
        world.fault(&[Call::Refund], fault, 1);
        let half =
            json!({ "amount": { "amount_minor": 100, "currency": "USD" }, "reason": "goodwill" });
        refunds(&world, &order_id, &half, "one").expect(200);
        world.lives(hours(1));
        assert_eq!(
            world.rows("select state, refunded_minor, refunding_minor from payment"),
            ["partially_refunded|100|0"]
        );
        world.is_consistent();
    }
}

#[test]
fn what_the_provider_refuses_for_good_is_seen_and_is_not_called_done() {
    let world = World::new();
    let order_id = delivered(&world, "pm_card_visa");
    world.fault(&[Call::Refund], Fault::Status(400), 1);
    refunds(&world, &order_id, &everything(), "one").expect(200);
    world.works();
    assert_eq!(stands(&world).first().map(|row| row.starts_with("delivered|captured")), Some(true));
    assert_eq!(world.rows("select state from compensation"), ["dead"]);
    assert!(
        world.alerts().iter().any(|it| it.contains("compensation_dead")),
        "{:?}",
        world.alerts()
    );
    world.is_consistent();
}

#[test]
fn goods_are_back_without_money_and_money_goes_back_without_goods() {
    let world = World::new();
    let order_id = delivered(&world, "pm_card_visa");
    let id = order_id.parse().unwrap();
    let lines = json!({ "lines": [{ "line_no": 1, "quantity": 1, "reason": "damaged" }] });
    let asking = request("returns", &lines, "ask");
    let asked = Answer::of::<api::request_return>(order::request_return(
        &world.ports(),
        &OwnerOrService::Service(desk()),
        &id,
        &asking.json().unwrap(),
        &asking.keyed_change().unwrap(),
    ))
    .expect(200);
    // All money goes back first: the order is over, and its goods still come.
    refunds(&world, &order_id, &everything(), "one").expect(200);
    world.works();
    assert_eq!(stands(&world), ["refunded|refunded|1|0"]);
    let receiving = request("receive", &json!({}), "receive");
    let return_id = asked["return_id"].as_str().unwrap().parse().unwrap();
    let received = Answer::of::<api::receive_return>(order::receive_return(
        &world.ports(),
        &desk(),
        (&id, &return_id),
        &receiving.json().unwrap(),
        &receiving.keyed_change().unwrap(),
    ));
    assert_eq!(received.expect(200)["return_status"], "received");
    let of_it = json!({ "return_id": return_id, "reason": "returned" });
    refunds(&world, &order_id, &of_it, "two").expect_problem(409, "payment_not_refundable");
    world.is_consistent();
}

fn cancels_lines(world: &World, order_id: &str, quantity: i64, key: &str) -> Answer {
    let lines = json!({ "lines": [{ "line_no": 1, "quantity": quantity }] });
    let request = request("cancel-items", &lines, key);
    Answer::of::<api::cancel_order_items>(block_on(order::cancel_lines(
        &world.ports(),
        &OwnerOrService::Service(desk()),
        &order_id.parse().unwrap(),
        &request.json().unwrap(),
        &request.keyed_change().unwrap(),
    )))
}

/// An order of three pieces.
fn of_three(world: &World, card: &str) -> String {
    let ann = world.shopper();
    ann.add("TILL-0001", 3).expect(200);
    let session = ann.begins(card);
    let order = ann.confirm(&session).expect(201);
    order["order_id"].as_str().unwrap().to_owned()
}

#[test]
fn pieces_are_cancelled_while_the_provider_is_away() {
    let world = World::new();
    let order_id = of_three(&world, "pm_card_visa");
    world.fault(&[Call::Refund, Call::Refunds], Fault::Status(503), ALWAYS);
    let first = cancels_lines(&world, &order_id, 1, "one").expect(200);
    let second = cancels_lines(&world, &order_id, 1, "two").expect(200);
    assert_eq!(cancels_lines(&world, &order_id, 1, "one").expect(200), first);
    let minor = |it: &Value| it["amount"]["amount_minor"].as_i64().unwrap();
    world.lives(hours(24));
    let going = minor(&first) + minor(&second);
    let stands = "select state, refunded_minor, refunding_minor from payment";
    assert_eq!(world.rows(stands), [format!("captured|0|{going}")]);
    // The last piece goes with the whole order, under its first answer's key or another.
    cancels_lines(&world, &order_id, 1, "three").expect_problem(400, "invalid_field");
    world.heals();
    world.lives(hours(2));
    assert_eq!(world.rows(stands), [format!("partially_refunded|{going}|0")]);
    world.is_consistent();
}

#[test]
fn money_that_is_held_is_taken_for_what_is_left() {
    let world = World::new();
    world.set("payment_capture_at_order", "false");
    let order_id = of_three(&world, "pm_card_visa");
    let gone = cancels_lines(&world, &order_id, 2, "one").expect(200);
    let waived = gone["waived"]["amount_minor"].as_i64().unwrap();
    assert_eq!(
        world.rows("select o.total_minor - p.amount_minor, p.waived_minor, p.state from orders as o join payment as p on p.order_id = o.order_id"),
        [format!("{waived}|{waived}|authorized")]
    );
    for status in ["processing", "shipped"] {
        to_status(&world, &order_id, status);
    }
    world.works();
    assert_eq!(
        world.rows("select o.status, p.state, o.total_minor - p.captured_minor from orders as o join payment as p on p.order_id = o.order_id"),
        [format!("shipped|captured|{waived}")]
    );
    // All that was taken goes back, and the order is over.
    refunds(&world, &order_id, &everything(), "two").expect(200);
    world.works();
    assert_eq!(stands(&world), ["refunded|refunded|1|0"]);
    world.is_consistent();
}

#[test]
fn pieces_are_cancelled_only_where_the_shop_does_that() {
    let world = World::new();
    let order_id = of_three(&world, "pm_card_visa");
    let first = cancels_lines(&world, &order_id, 1, "one").expect(200);
    world.set("partial_cancellation_enabled", "false");
    let refused = cancels_lines(&world, &order_id, 1, "two");
    refused.expect_problem(409, "partial_cancellation_disabled");
    // What was done is answered as it was.
    assert_eq!(cancels_lines(&world, &order_id, 1, "one").expect(200), first);
    world.set("partial_cancellation_enabled", "true");
    cancels_lines(&world, &order_id, 1, "two").expect(200);
    world.is_consistent();
}
