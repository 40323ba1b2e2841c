//! Rules of fraud (CHK-16): what is denied, what waits for a person, and what becomes of it whatever
//! happens meanwhile.

use app::{fraud, order};
use edge::{Method, Request, Service};
use pollster::block_on;
use serde_json::{Value, json};
use world::{ALWAYS, Answer, Call, Fault, World, hours, minutes};

/// What the shop's rule watches; each adds `score`.
fn rule(world: &World, rule_id: &str, facts: &Value, score: i64) -> Answer {
    let mut body = json!({ "name": "A rule", "score": score, "active": true });
    body.as_object_mut().unwrap().extend(facts.as_object().unwrap().clone());
    Answer::of::<api::put_fraud_rule>(fraud::put(
        &world.ports(),
        &desk(),
        &rule_id.parse().unwrap(),
        &serde_json::from_value(body).unwrap(),
    ))
}

fn desk() -> Service {
    Service { subject: "desk".to_owned(), scopes: vec!["orders:write".to_owned()] }
}

/// Says that an order was paid at the door.
fn collects(world: &World, placed: &Value) -> Answer {
    let request = Request::new(Method::Post, "/api/v1/orders/x/collect")
        .with_header("content-type", "application/json")
        .with_header("idempotency-key", &format!("collect-{}", world.now_ms()))
        .with_body(json!({ "amount": placed["total"] }).to_string());
    Answer::of::<api::collect_order>(order::collect(
        &world.ports(),
        &desk(),
        &placed["order_id"].as_str().unwrap().parse().unwrap(),
        &request.json().unwrap(),
        &request.keyed_change().unwrap(),
    ))
}

/// What a person makes of an order that waits: `release` or `deny`.
fn decides(world: &World, order_id: &str, what: &str, key: &str) -> Answer {
    let request = Request::new(Method::Post, &format!("/api/v1/orders/{order_id}/{what}"))
        .with_header("content-type", "application/json")
        .with_header("idempotency-key", key)
        .with_body("{}");
    let (ports, change) = (world.ports(), request.keyed_change().unwrap());
    let order_id = order_id.parse().unwrap();
    if what == "release" {
        let body = request.json().unwrap();
        Answer::of::<api::release_order>(block_on(order::release(
            &ports,
            &desk(),
            &order_id,
            &body,
            &change,
        )))
    } else {
        let body = request.json().unwrap();
        Answer::of::<api::deny_order>(block_on(order::deny(
            &ports,
            &desk(),
            &order_id,
            &body,
            &change,
        )))
    }
}

/// An order that waits for a person.
fn waits(world: &World) -> String {
    rule(world, "every", &json!({ "signal": "amount" }), 60).expect(200);
    let (ann, session) = world.at_checkout("pm_card_visa");
    let placed = ann.confirm(&session).expect(201);
    assert_eq!(placed["status"], "on_hold");
    // Whoever asks again hears the same.
    assert_eq!(ann.confirm(&session).expect(201)["status"], "on_hold");
    placed["order_id"].as_str().unwrap().to_owned()
}

fn stands(world: &World) -> Vec<String> {
    world.rows("select o.status, p.state from orders as o join payment as p on p.order_id = o.order_id order by o.order_id")
}

#[test]
fn too_much_is_denied_before_anybody_is_asked() {
    let world = World::new();
    rule(&world, "guest", &json!({ "signal": "new_account", "within_seconds": 60 }), 40)
        .expect(200);
    rule(
        &world,
        "dear",
        &json!({ "signal": "amount", "currency": "USD", "above_minor": 1508 }),
        60,
    )
    .expect(200);
    let (ann, session) = world.at_checkout("pm_card_visa");
    let told = ann.confirm(&session).expect_problem(422, "order_denied");
    assert!(!told.to_string().contains("dear"), "a buyer is not told what gave them away");
    assert_eq!(world.ledger(), Vec::<String>::new());
    assert_eq!(world.rows("select status from checkout_session"), ["abandoned"]);
    // The cart is theirs: a dearer one is no better, a cheaper one goes.
    ann.confirm(&session).expect_problem(409, "session_expired");
    rule(
        &world,
        "dear",
        &json!({ "signal": "amount", "currency": "USD", "above_minor": 1509 }),
        60,
    )
    .expect(200);
    let session = ann.begins("pm_card_visa");
    ann.confirm(&session).expect(201);
    world.is_consistent();
}

#[test]
fn another_try_that_is_denied_leaves_the_one_that_waits_for_its_buyer() {
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_card_authenticationRequired");
    ann.confirm(&session).expect_problem(402, "payment_action_required");
    rule(&world, "every", &json!({ "signal": "amount" }), 100).expect(200);
    let other = json!({ "payment_method": "pm_card_visa" });
    ann.confirm_with(&session, &other, Some("other")).expect_problem(422, "order_denied");
    assert_eq!(world.rows("select state from saga"), ["awaiting_action"]);
    ann.authenticates(true);
    ann.confirm(&session).expect(201);
    world.is_consistent();
}

#[test]
fn an_order_that_waits_is_paid_when_it_is_released_and_not_before() {
    let world = World::new();
    let order = waits(&world);
    world.lives(hours(1));
    assert_eq!(
        (stands(&world), world.ledger()),
        (vec!["on_hold|authorized".to_owned()], vec!["authorized 1509".to_owned()])
    );
    let released = decides(&world, &order, "release", "one").expect(200);
    assert_eq!(released["payment_status"], "capture_pending");
    assert_eq!(decides(&world, &order, "release", "one").expect(200), released);
    assert_eq!(stands(&world), ["confirmed|captured"]);
    decides(&world, &order, "release", "two").expect_problem(409, "illegal_transition");
    decides(&world, &order, "deny", "three").expect_problem(409, "illegal_transition");
    world.is_consistent();
}

#[test]
fn what_was_let_go_and_would_be_denied_by_now_waits_for_a_person() {
    let world = World::new();
    rule(&world, "every", &json!({ "signal": "amount" }), 30).expect(200);
    let (ann, session) = world.at_checkout("pm_card_visa");
    world.meanwhile(Call::Authorize, |world| {
        world.set("fraud_review_score", "10");
        world.set("fraud_deny_score", "20");
    });
    assert_eq!(ann.confirm(&session).expect(201)["status"], "on_hold");
    world.is_consistent();
}

#[test]
fn a_release_while_the_provider_is_away_is_paid_when_it_is_back() {
    let world = World::new();
    let order = waits(&world);
    world.fault(&[Call::Capture], Fault::NotSent, ALWAYS);
    decides(&world, &order, "release", "one").expect(200);
    assert_eq!(stands(&world), ["confirmed|capture_pending"]);
    world.heals();
    world.lives(minutes(5));
    assert_eq!(stands(&world), ["confirmed|captured"]);
    world.is_consistent();
}

#[test]
fn a_shop_that_takes_its_money_later_takes_none_at_a_release() {
    let world = World::new();
    world.set("payment_capture_at_order", "false");
    let order = waits(&world);
    let released = decides(&world, &order, "release", "one").expect(200);
    assert_eq!(released["payment_status"], "authorized");
    assert_eq!(stands(&world), ["confirmed|authorized"]);
    world.is_consistent();
}

#[test]
fn an_order_that_is_denied_gives_all_back_even_if_the_provider_is_away() {
    let world = World::new();
    let order = waits(&world);
    world.fault(&[Call::Void], Fault::NotSent, ALWAYS);
    let denied = decides(&world, &order, "deny", "one").expect(200);
    assert_eq!(
        (&denied["status"], &denied["compensation"]),
        (&json!("cancelled"), &json!("void_payment"))
    );
    assert_eq!(decides(&world, &order, "deny", "one").expect(200), denied);
    world.lives(hours(1));
    world.heals();
    world.lives(hours(2));
    assert_eq!(stands(&world), ["cancelled|voided"]);
    assert_eq!(world.ledger(), ["authorized 1509", "voided 1509"]);
    world.is_consistent();
}

#[test]
fn an_order_that_nobody_reviews_is_denied_after_three_days_with_an_alert() {
    let world = World::new();
    let order = waits(&world);
    world.lives(hours(71));
    assert_eq!(stands(&world), ["on_hold|authorized"]);
    assert_eq!(world.alerts(), Vec::<String>::new());
    world.lives(hours(2));
    assert_eq!(stands(&world), ["cancelled|voided"]);
    assert_eq!(world.alerts(), [format!("review_unanswered:{order}")]);
    decides(&world, &order, "release", "late").expect_problem(409, "illegal_transition");
    world.is_consistent();
}

#[test]
fn what_is_to_be_paid_at_the_door_is_reviewed_before_anybody_goes_there() {
    let world = World::new();
    world.exec("insert into fee (currency, fee_id, kind, name, amount_minor, tax_class, active) values ('USD', 'door', 'cash_on_delivery', 'Door', 0, 'standard', 1)");
    rule(&world, "every", &json!({ "signal": "amount" }), 60).expect(200);
    let (ann, session) = world.at_checkout("cash_on_delivery");
    let placed = ann.confirm(&session).expect(201);
    assert_eq!(stands(&world), ["on_hold|pending"]);
    collects(&world, &placed).expect_problem(409, "payment_not_due");
    world.passes(1);
    let order = placed["order_id"].as_str().unwrap();
    let released = decides(&world, order, "release", "one").expect(200);
    assert_eq!(released["payment_status"], "pending");
    collects(&world, &placed).expect(200);
    assert_eq!(stands(&world), ["confirmed|captured"]);
    world.is_consistent();
}

#[test]
fn a_buyer_may_cancel_what_waits() {
    let world = World::new();
    rule(&world, "every", &json!({ "signal": "amount" }), 60).expect(200);
    let (ann, session) = world.at_checkout("pm_card_visa");
    let order = ann.confirm(&session).expect(201)["order_id"].as_str().unwrap().to_owned();
    // Why it waits is the shop's.
    assert_eq!(ann.order(&order).expect(200)["hold"], Value::Null);
    ann.cancel(&order).expect(200);
    assert_eq!(stands(&world), ["cancelled|voided"]);
    world.is_consistent();
}

#[test]
fn a_card_is_looked_at_when_a_rule_asks_and_denied_with_its_hold_given_back() {
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_card_de");
    ann.confirm(&session).expect(201);
    assert_eq!(world.count(Call::Retrieve), 0, "nobody has asked for it");
    rule(&world, "abroad", &json!({ "signal": "card_country" }), 100).expect(200);
    let (bob, session) = world.at_checkout("pm_card_de");
    bob.confirm(&session).expect_problem(422, "order_denied");
    assert_eq!(
        world.ledger(),
        ["authorized 1509", "captured 1509", "authorized 1509", "voided 1509"]
    );
    assert_eq!(
        world.rows("select state, reason from saga where state <> 'completed'"),
        ["failed|order_denied"]
    );
    assert_eq!(
        world.rows(
            "select json_extract(data, '$.found.rules') from history where subject = 'fraud'"
        ),
        [r#"["abroad"]"#]
    );
    // The session stays: another card may be better.
    rule(&world, "abroad", &json!({ "signal": "card_country" }), -10).expect(200);
    bob.confirm_with(&session, &json!({ "payment_method": "pm_card_fr" }), Some("another"))
        .expect(201);
    assert_eq!(world.rows("select count(*) from payment where card > ''"), ["1"]);
    world.is_consistent();
}

#[test]
fn a_card_that_has_bought_often_is_known_again_whoever_brings_it() {
    let world = World::new();
    let often = json!({ "signal": "orders_of_card", "at_least": 2, "within_seconds": 3600 });
    rule(&world, "often", &often, 50).expect(200);
    let buys = |card: &str| {
        let (buyer, session) = world.at_checkout(card);
        buyer.confirm(&session).expect(201)["status"].as_str().unwrap().to_owned()
    };
    assert_eq!([buys("pm_card_visa"), buys("pm_card_visa")], ["confirmed", "confirmed"]);
    assert_eq!([buys("pm_card_visa"), buys("pm_card_amex")], ["on_hold", "confirmed"]);
    world.lives(hours(1));
    assert_eq!(buys("pm_card_visa"), "confirmed");
    world.is_consistent();
}

#[test]
fn while_a_card_cannot_be_looked_at_the_money_waits_and_nothing_is_lost() {
    let world = World::new();
    rule(&world, "abroad", &json!({ "signal": "card_country" }), 60).expect(200);
    let (ann, session) = world.at_checkout("pm_card_de");
    world.fault(&[Call::Retrieve], Fault::Status(503), 3);
    ann.confirm(&session).expect_problem(503, "provider_unavailable");
    assert_eq!(world.ledger(), ["authorized 1509"]);
    world.lives(minutes(3));
    assert_eq!(stands(&world), ["on_hold|authorized"]);
    world.is_consistent();
    // And for longer than stock is held: it goes back.
    let (bob, session) = world.at_checkout("pm_card_de");
    world.fault(&[Call::Retrieve], Fault::Status(503), ALWAYS);
    bob.confirm(&session).expect_problem(503, "provider_unavailable");
    world.lives(minutes(20));
    world.heals();
    world.lives(minutes(20));
    assert_eq!(
        world.rows("select state from saga order by created_at_ms"),
        ["completed", "failed"]
    );
    assert_eq!(world.ledger().last().unwrap(), "voided 1509");
    world.is_consistent();
}

#[test]
fn what_a_rule_says_must_fit_its_signal() {
    let world = World::new();
    let wrong = |facts: Value, pointer: &str| {
        let told = rule(&world, "wrong", &facts, 10).expect_problem(400, "invalid_field");
        assert_eq!(told["field"], pointer, "{told}");
    };
    wrong(json!({ "signal": "amount", "at_least": 2 }), "/at_least");
    wrong(json!({ "signal": "amount", "within_seconds": 2 }), "/within_seconds");
    wrong(json!({ "signal": "orders_of_buyer", "within_seconds": 2 }), "/at_least");
    wrong(json!({ "signal": "orders_of_buyer", "at_least": 2 }), "/within_seconds");
    wrong(
        json!({ "signal": "orders_of_buyer", "at_least": 101, "within_seconds": 2 }),
        "/at_least",
    );
    wrong(json!({ "signal": "new_account", "within_seconds": 0 }), "/within_seconds");
    wrong(json!({ "signal": "amount", "currency": "USD" }), "/above_minor");
    wrong(json!({ "signal": "amount", "above_minor": 1 }), "/currency");
    wrong(json!({ "signal": "amount", "currency": "USD", "above_minor": -1 }), "/above_minor");
    rule(&world, "wrong", &json!({ "signal": "amount" }), 1_001)
        .expect_problem(400, "invalid_field");
    rule(&world, "wrong", &json!({ "signal": "amount", "currency": "XAF", "above_minor": 1 }), 1)
        .expect_problem(422, "currency_unsupported");
    assert_eq!(world.rows("select count(*) from fraud_rule"), ["0"]);
}
