//! An outcome that is not known is asked for before it is judged (PAY-8).

use serde_json::json;
use world::{ALWAYS, Call, Fault, PROVIDER, World, hours, minutes};

const PAID: [&str; 2] = ["authorized 1509", "captured 1509"];
const GIVEN_BACK: [&str; 3] = ["authorized 1509", "captured 1509", "refunded 1509"];

fn payment(world: &World) -> Vec<String> {
    world.rows("select state, captured_minor, refunded_minor from payment order by payment_id")
}

#[test]
fn a_capture_whose_answer_was_lost_is_found_and_not_asked_for_again() {
    for fault in [Fault::Lost, Fault::TooLate] {
        let world = World::new();
        let (ann, session) = world.at_checkout("pm_card_visa");
        world.fault(&[Call::Capture], fault, 1);
        ann.confirm(&session).expect(201);
        assert_eq!(payment(&world), ["capture_pending|0|0"]);
        world.lives(minutes(2));
        assert_eq!(payment(&world), ["captured|1509|0"]);
        assert_eq!(world.count(Call::Capture), 1, "it was looked at first");
        assert_eq!(world.ledger(), PAID);
        assert_eq!(
            world.events().iter().filter(|kind| *kind == "orders.payment.captured").count(),
            1
        );
        world.is_consistent();
    }
}

#[test]
fn a_capture_is_not_given_up_while_the_provider_says_that_it_was_made() {
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_card_visa");
    // Taken at the provider's own desk while we were not heard: the refusal is judged by how the
    // payment stands.
    world.meanwhile(Call::Capture, |world| {
        let reference = world.rows("select reference from payment").remove(0);
        let refused = json!({ "error": { "type": "invalid_request_error", "code": "charge_expired_for_capture", "message": "too late" } });
        world.fault(&[Call::Capture], Fault::Answer(400, refused), 1);
        world.captures_at_the_desk(&reference);
    });
    ann.confirm(&session).expect(201);
    assert_eq!(payment(&world), ["captured|1509|0"]);
    world.is_consistent();
}

#[test]
fn a_capture_that_is_refused_is_given_up_as_a_dead_compensation_with_one_alert() {
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_card_visa");
    let declined = json!({ "error": { "type": "card_error", "code": "card_declined", "message": "The issuer refuses the capture." } });
    world.fault(&[Call::Capture], Fault::Answer(402, declined), 1);
    let order = ann.confirm(&session).expect(201);
    assert_eq!(payment(&world), ["capture_failed|0|0"]);
    assert_eq!(
        world.rows("select kind, state, attempts, last_error from compensation"),
        ["capture_payment|dead|1|card_declined"]
    );
    assert_eq!(world.alerts().len(), 1);
    assert!(world.events().contains(&"compensation.dead".to_owned()));
    world.is_consistent();
    // An operator has it tried again, and the issuer has changed its mind.
    world.exec("update compensation set state = 'pending', attempts = 0, retries = 1, next_attempt_at_ms = 0");
    world.exec("update payment set state = 'capture_pending'");
    world.compensates().unwrap();
    assert_eq!(world.ledger(), PAID);
    assert_eq!(payment(&world), ["captured|1509|0"]);
    assert_eq!(world.rows("select state from compensation"), ["done"]);
    assert!(world.events().contains(&"orders.payment.captured".to_owned()));
    assert_eq!(
        ann.order(order["order_id"].as_str().unwrap()).expect(200)["payment"]["state"],
        "captured"
    );
    world.is_consistent();
}

#[test]
fn a_void_that_finds_the_money_taken_becomes_a_refund() {
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_card_visa");
    // The capture happens, and nobody hears of it before the buyer cancels.
    world.fault(&[Call::Capture], Fault::Lost, 1);
    let order = ann.confirm(&session).expect(201);
    let order_id = order["order_id"].as_str().unwrap().to_owned();
    let cancelled = ann.cancel(&order_id).expect(200);
    assert_eq!(cancelled["compensation"], "void_payment");
    assert_eq!(
        world.rows("select kind, state, amount_minor from compensation order by kind"),
        ["refund_payment|pending|1509", "void_payment|done|0"]
    );
    world.is_consistent();
    world.lives(minutes(2));
    assert_eq!(payment(&world), ["refunded|1509|1509"]);
    assert_eq!(world.ledger(), GIVEN_BACK);
    world.is_consistent();
}

#[test]
fn a_buyer_may_cancel_while_the_capture_waits_for_its_next_try() {
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_card_visa");
    world.fault(&[Call::Capture], Fault::NotSent, ALWAYS);
    let order = ann.confirm(&session).expect(201);
    world.lives(hours(1));
    ann.cancel(order["order_id"].as_str().unwrap()).expect(200);
    assert_eq!(payment(&world), ["voided|0|0"]);
    world.heals();
    world.lives(hours(2));
    assert_eq!(world.ledger(), ["authorized 1509", "voided 1509"]);
    world.is_consistent();
}

#[test]
fn a_refund_that_was_accepted_waits_until_it_has_succeeded() {
    let world = World::new();
    let ann = world.shopper();
    let order = ann.buys("pm_card_visa");
    world.fault(&[Call::Refund], refund_is("pending"), 1);
    world.fault(&[Call::RefundState], refund_is("pending"), 3);
    ann.cancel(&order).expect(200);
    assert_eq!(
        world.rows("select state, attempts, refund_reference from compensation"),
        ["pending|0|re_1"]
    );
    assert_eq!(payment(&world), ["captured|1509|0"]);
    world.lives(minutes(2));
    assert_eq!(
        world.rows("select state, attempts, failing_since_ms from compensation"),
        ["pending|0|-"],
        "waiting is no try"
    );
    world.fault(&[Call::RefundState], refund_is("succeeded"), 1);
    world.lives(hours(1));
    assert_eq!(payment(&world), ["refunded|1509|1509"]);
    assert_eq!(world.count(Call::Refund), 1);
    assert_eq!(world.alerts(), Vec::<String>::new());
    assert!(world.events().contains(&"compensation.completed".to_owned()));
}

#[test]
fn a_refund_that_was_accepted_and_then_fails_is_dead_with_its_alert() {
    let world = World::new();
    let ann = world.shopper();
    let order = ann.buys("pm_card_visa");
    world.fault(&[Call::Refund], refund_is("pending"), 1);
    world.fault(&[Call::RefundState], refund_is("failed"), 1);
    ann.cancel(&order).expect(200);
    world.lives(minutes(5));
    assert_eq!(
        world.rows("select state, last_error from compensation"),
        ["dead|the refund failed: expired_or_canceled_card"]
    );
    assert_eq!(payment(&world), ["captured|1509|0"], "nobody was given anything");
    assert_eq!(world.alerts().len(), 1);
    assert!(world.events().contains(&"compensation.dead".to_owned()));
    world.is_consistent();
    // An operator has it asked for anew, under a key of its own.
    world.exec("update compensation set state = 'pending', attempts = 0, retries = 1, failing_since_ms = null, next_attempt_at_ms = 0");
    world.compensates().unwrap();
    assert_eq!(world.ledger(), GIVEN_BACK);
    assert_eq!(payment(&world), ["refunded|1509|1509"]);
    let keys: Vec<String> = world
        .sent()
        .iter()
        .filter(|sent| sent.call == Call::Refund)
        .filter_map(|sent| sent.key().map(str::to_owned))
        .collect();
    assert!(keys[0].ends_with("/refund") && keys[1].ends_with("/refund/1"), "{keys:?}");
}

#[test]
fn a_refund_whose_answer_was_lost_is_found_by_our_name_for_it() {
    let world = World::new();
    let ann = world.shopper();
    let order = ann.buys("pm_card_visa");
    world.fault(&[Call::Refund], Fault::Lost, 1);
    ann.cancel(&order).expect(200);
    world.lives(minutes(2));
    assert_eq!((world.count(Call::Refund), world.count(Call::Refunds)), (1, 1));
    assert_eq!(payment(&world), ["refunded|1509|1509"]);
    assert_eq!(world.ledger(), GIVEN_BACK);
    world.is_consistent();
}

#[test]
fn an_authorization_a_day_old_is_looked_for_and_never_made_anew() {
    // Made, and nobody heard: it is found, and given back.
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_card_visa");
    world.fault(&[Call::Authorize], Fault::Lost, 1);
    world.fault(PROVIDER, Fault::NotSent, ALWAYS);
    assert_eq!(ann.confirm(&session).status, 503);
    world.passes(hours(25));
    world.heals();
    world.lives(minutes(3));
    assert_eq!(world.ledger(), ["authorized 1509", "voided 1509"]);
    assert_eq!(world.count(Call::Authorize), 1);
    assert_eq!(world.rows("select state from saga"), ["failed"]);
    world.is_consistent();
    // Never arrived: there is nothing, and nothing is made.
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_card_visa");
    world.fault(&[Call::Authorize], Fault::Timeout, 1);
    assert_eq!(ann.confirm(&session).status, 504);
    world.passes(hours(25));
    world.lives(minutes(3));
    assert_eq!(world.ledger(), Vec::<String>::new());
    assert_eq!((world.count(Call::Authorize), world.count(Call::Search)), (1, 1));
    assert_eq!(
        world.rows("select g.state, p.state from saga as g join payment as p using (saga_id)"),
        ["failed|failed"]
    );
    world.is_consistent();
}

#[test]
fn a_void_a_day_old_looks_for_its_authorization_and_makes_none() {
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_card_visa");
    world.fault(&[Call::Authorize], Fault::Timeout, 1);
    assert_eq!(ann.confirm(&session).status, 504);
    // The stock has lapsed, so the saga goes back; the void meets a provider that is away for a
    // day.
    world.fault(PROVIDER, Fault::NotSent, ALWAYS);
    world.passes(minutes(20));
    world.recovers().unwrap();
    assert_eq!(world.rows("select kind, state from compensation"), ["void_payment|pending"]);
    world.passes(hours(24));
    world.heals();
    world.lives(minutes(3));
    assert_eq!(world.ledger(), Vec::<String>::new());
    assert_eq!(world.rows("select state from compensation"), ["done"]);
    assert_eq!(payment(&world), ["voided|0|0"]);
    world.is_consistent();
}

// A search that is refused says nothing of what was held a day ago.
#[test]
fn a_refused_search_after_a_day_leaves_no_hold_behind() {
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_card_visa");
    world.fault(&[Call::Authorize], Fault::Lost, 1);
    ann.confirm(&session).expect_problem(503, "provider_unavailable");
    assert_eq!(world.ledger(), ["authorized 1509"]);
    world.passes(hours(21));
    let refused = json!({ "error": { "type": "invalid_request_error", "code": "search_not_available", "message": "No." } });
    world.fault(&[Call::Search], Fault::Answer(400, refused), ALWAYS);
    world.lives(minutes(5));
    assert_eq!(world.rows("select state from saga"), ["voiding"]);
    assert_eq!(world.rows("select kind, state from compensation"), ["void_payment|pending"]);
    world.heals();
    world.lives(hours(1));
    assert_eq!(world.ledger(), ["authorized 1509", "voided 1509"]);
    assert_eq!(world.rows("select state from saga"), ["failed"]);
    world.is_consistent();
}

#[test]
fn a_buyer_is_told_that_there_is_no_order_though_the_void_cannot_be_written_down() {
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_sim_wrong_amount");
    world.meanwhile(Call::Void, |world| world.loses_database(0));
    ann.confirm(&session).expect_problem(503, "provider_unavailable");
    world.heals();
    world.lives(minutes(5));
    assert_eq!(world.rows("select state from compensation"), ["done"]);
    world.is_consistent();
}

fn refund_is(status: &str) -> Fault {
    Fault::Answer(
        200,
        json!({ "id": "re_1", "object": "refund", "amount": 1509, "currency": "usd", "status": status, "metadata": {},
        "failure_reason": (status == "failed").then_some("expired_or_canceled_card") }),
    )
}
