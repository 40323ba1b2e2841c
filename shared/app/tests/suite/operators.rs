//! A way back for operators: what was given up is tried again and done, or settled by hand.

use app::operations;
use edge::{Method, Request, Service};
use serde_json::{Value, json};
use world::{ALWAYS, Answer, Call, Fault, World, hours, minutes};

fn act(world: &World, path: &str, body: &Value, key: &str) -> Answer {
    let request = Request::new(Method::Post, &format!("/api/v1/operations/{path}"))
        .with_header("content-type", "application/json")
        .with_header("idempotency-key", key)
        .with_body(body.to_string());
    let service =
        Service { subject: "desk".to_owned(), scopes: vec!["operations:write".to_owned()] };
    let (ports, change) = (world.ports(), request.keyed_change().unwrap());
    let parts: Vec<&str> = path.split('/').collect();
    let reason = || request.json().unwrap();
    match parts[..] {
        ["compensations", id, "retry"] => {
            Answer::of::<api::retry_compensation>(operations::retry_compensation(
                &ports,
                &service,
                &id.parse().unwrap(),
                &reason(),
                &change,
            ))
        }
        ["compensations", id, _] => {
            Answer::of::<api::resolve_compensation>(operations::resolve_compensation(
                &ports,
                &service,
                &id.parse().unwrap(),
                &request.json().unwrap(),
                &change,
            ))
        }
        ["events", id, "retry"] => Answer::of::<api::retry_event>(operations::retry_event(
            &ports,
            &service,
            &id.parse().unwrap(),
            &reason(),
            &change,
        )),
        ["events", id, _] => Answer::of::<api::resolve_event>(operations::resolve_event(
            &ports,
            &service,
            &id.parse().unwrap(),
            &reason(),
            &change,
        )),
        _ => panic!("{path}"),
    }
}

/// A refund and a capture that were given up, and an event.
fn given_up() -> World {
    let world = World::new();
    let ann = world.shopper();
    let refunded = ann.buys("pm_card_visa");
    let (bob, session) = world.at_checkout("pm_card_visa");
    world.relays().unwrap();
    world.fault(&[Call::Capture, Call::Refund, Call::Refunds], Fault::Status(503), ALWAYS);
    world.fault(&[Call::Event], Fault::Status(500), ALWAYS);
    ann.cancel(&refunded).expect(200);
    bob.confirm(&session).expect(201);
    world.lives(hours(74));
    assert_eq!(
        world.rows("select kind, state from compensation order by kind"),
        ["capture_payment|dead", "refund_payment|dead"]
    );
    world.heals();
    world
}

#[test]
fn what_was_given_up_is_tried_again_and_done() {
    let world = given_up();
    for id in world.rows("select compensation_id from compensation") {
        act(
            &world,
            &format!("compensations/{id}/retry"),
            &json!({ "reason": "the provider is back" }),
            &id,
        )
        .expect(200);
        act(&world, &format!("compensations/{id}/retry"), &json!({ "reason": "me too" }), "late")
            .expect_problem(409, "being_tried");
    }
    for id in world.rows("select event_id from outbox where state = 'dead'") {
        act(
            &world,
            &format!("events/{id}/retry"),
            &json!({ "reason": "the receiver is back" }),
            &id,
        )
        .expect(200);
    }
    assert!(!world.alerts().iter().any(|alert| alert.contains("_dead:")), "{:?}", world.alerts());
    world.lives(minutes(10));
    assert_eq!(
        world.rows("select kind, state, retries from compensation order by kind"),
        ["capture_payment|done|1", "refund_payment|done|1"]
    );
    assert_eq!(world.rows("select state from payment order by state"), ["captured", "refunded"]);
    assert_eq!(world.rows("select count(*) from outbox where state <> 'published'"), ["0"]);
    let id = world.rows("select compensation_id from compensation").remove(0);
    act(&world, &format!("compensations/{id}/retry"), &json!({ "reason": "once more" }), "over")
        .expect_problem(409, "already_settled");
    world.is_consistent();
}

#[test]
fn what_was_given_up_is_settled_by_hand_and_nobody_tries_it_again() {
    let world = given_up();
    for id in world.rows("select compensation_id from compensation where kind = 'refund_payment'") {
        let by_hand = json!({ "reason": "refunded at the desk", "outcome": "done_by_hand" });
        let path = format!("compensations/{id}/resolve");
        let settled = act(&world, &path, &by_hand, "one").expect(200);
        assert_eq!(settled["payment_state"], "refunded");
        assert_eq!(
            act(&world, &path, &by_hand, "one").expect(200),
            settled,
            "the same key, the same answer"
        );
        act(&world, &path, &by_hand, "two").expect_problem(409, "already_settled");
    }
    for id in world.rows("select compensation_id from compensation where kind = 'capture_payment'")
    {
        let written_off = json!({ "reason": "the card is closed", "outcome": "written_off" });
        act(&world, &format!("compensations/{id}/resolve"), &written_off, "three").expect(200);
    }
    let refunds = world.count(Call::Refund);
    for id in world.rows("select event_id from outbox where state = 'dead'") {
        act(
            &world,
            &format!("events/{id}/resolve"),
            &json!({ "reason": "nobody wants it any more" }),
            &id,
        )
        .expect(200);
    }
    world.lives(hours(2));
    assert_eq!(world.count(Call::Refund), refunds);
    assert_eq!(world.rows("select distinct state from compensation"), ["resolved"]);
    assert_eq!(
        world.rows("select state from payment order by state"),
        ["capture_failed", "refunded"]
    );
    assert_eq!(world.rows("select count(*) from outbox where state = 'dead'"), ["0"]);
    world.is_consistent();
}
