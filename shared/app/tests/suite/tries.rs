//! What is a try and what is none, when somebody is told, and when a thing is given up (CHK-8).

use world::{ALWAYS, Call, Fault, PROVIDER, World, hours, minutes};

const PAID: [&str; 2] = ["authorized 1509", "captured 1509"];

/// What every capture, void, refund and event has come to: nothing waits, nothing is dead.
fn all_is_done(world: &World) {
    assert_eq!(
        world.rows("select state, count(*) from compensation where state <> 'done' group by 1"),
        Vec::<String>::new()
    );
    assert_eq!(
        world.rows("select state, count(*) from outbox where state <> 'published' group by 1"),
        Vec::<String>::new()
    );
    assert_eq!(
        world.rows("select state from saga where state not in ('completed', 'declined', 'failed')"),
        Vec::<String>::new()
    );
}

#[test]
fn twelve_looks_at_a_buyer_in_three_d_secure_are_no_tries_of_the_capture() {
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_card_authenticationRequired");
    ann.confirm(&session).expect(402);
    for _ in 0..12 {
        world.passes(11);
        ann.confirm(&session).expect(402);
    }
    ann.authenticates(true);
    world.fault(&[Call::Capture], Fault::Status(503), 1);
    world.passes(11);
    let order = ann.confirm(&session).expect(201);
    assert_eq!(world.ledger(), ["authorized 1509"]);
    assert_eq!(world.rows("select state, capture_attempts from saga"), ["capturing|1"]);
    world.lives(minutes(2));
    assert_eq!(world.ledger(), PAID);
    assert_eq!(
        ann.order(order["order_id"].as_str().unwrap()).expect(200)["payment"]["state"],
        "captured"
    );
    assert_eq!(world.alerts(), Vec::<String>::new());
    world.is_consistent();
}

#[test]
fn a_provider_and_a_sink_away_for_a_day_lose_no_capture_void_refund_or_event() {
    let world = World::new();
    // A refund to come, a capture to come, a void to come.
    let (ann, bob) = (world.shopper(), world.shopper());
    let refunded = ann.buys("pm_card_visa");
    world.set("payment_capture_at_order", "false");
    let voided = bob.buys("pm_card_mastercard");
    world.set("payment_capture_at_order", "true");
    let (cat, session) = world.at_checkout("pm_card_visa");
    world.fault(&[Call::Capture], Fault::NotSent, 1);
    cat.confirm(&session).expect(201);
    world.fault(PROVIDER, Fault::NotSent, ALWAYS);
    world.fault(&[Call::Event], Fault::Status(503), ALWAYS);
    ann.cancel(&refunded).expect(200);
    bob.cancel(&voided).expect(200);
    world.lives(hours(24));
    let waiting = world.rows("select kind, state from compensation order by kind");
    assert_eq!(waiting, ["refund_payment|pending", "void_payment|pending"]);
    assert_eq!(world.rows("select state from saga where state = 'capturing'"), ["capturing"]);
    assert_eq!(world.rows("select count(*) from outbox where state <> 'pending'"), ["0"]);
    world.heals();
    world.lives(hours(2));
    all_is_done(&world);
    assert_eq!(world.ledger().len(), 7, "{:?}", world.ledger());
    assert_eq!(
        world.rows("select state from payment order by state"),
        ["captured", "refunded", "voided"]
    );
    assert_eq!(world.arrived().len(), world.events().len());
}

// PAY-3: money that nobody asks for is asked for before its provider lets it go.
#[test]
fn a_hold_that_would_lapse_is_captured_in_time_and_somebody_is_told() {
    let world = World::new();
    world.set("payment_capture_at_order", "false");
    let (ann, bob) = (world.shopper(), world.shopper());
    let kept = ann.buys("pm_card_visa");
    let cancelled = bob.buys("pm_card_mastercard");
    bob.cancel(&cancelled).expect(200);
    world.lives(hours(6 * 24 - 1));
    assert_eq!(world.rows("select state from payment order by state"), ["authorized", "voided"]);
    assert_eq!(world.alerts(), Vec::<String>::new());
    // The provider is away just then.
    world.fault(&[Call::Capture], Fault::Status(503), 2);
    world.lives(hours(2));
    assert_eq!(ann.order(&kept).expect(200)["payment"]["state"], "captured");
    assert_eq!(world.alerts().len(), 1, "{:?}", world.alerts());
    assert!(world.alerts()[0].contains("authorization_lapsing:"), "{:?}", world.alerts());
    let asked: Vec<String> =
        world.events().into_iter().filter(|event| event.contains("capture")).collect();
    assert_eq!(asked.len(), 2, "{asked:?}");
    world.is_consistent();
}

#[test]
fn of_what_fails_again_and_again_somebody_is_told_once() {
    let world = World::new();
    // The breaker would keep most tries from being made.
    world.set("breaker_failures", "1000");
    let (ann, bob) = (world.shopper(), world.shopper());
    let refunded = ann.buys("pm_card_visa");
    world.set("payment_capture_at_order", "false");
    let voided = bob.buys("pm_card_visa");
    world.set("payment_capture_at_order", "true");
    world.fault(PROVIDER, Fault::Status(503), ALWAYS);
    bob.cancel(&voided).expect(200);
    world.lives(minutes(5));
    assert_eq!(world.alerts(), Vec::<String>::new());
    world.lives(minutes(5));
    assert_eq!(world.alerts().len(), 1, "a void after five tries: {:?}", world.alerts());
    ann.cancel(&refunded).expect(200);
    world.lives(minutes(20));
    assert_eq!(world.alerts().len(), 1);
    world.lives(minutes(12));
    assert_eq!(world.alerts().len(), 2, "a refund after ten tries: {:?}", world.alerts());
    world.lives(hours(24));
    assert_eq!(world.alerts().len(), 2);
    assert!(world.alerts().iter().all(|alert| alert.starts_with("compensation_failing:")));
    // Once an hour, not more often.
    let tries = world.rows("select attempts from compensation order by attempts desc");
    assert!(tries.iter().all(|tries| tries.parse::<u32>().unwrap() < 50), "{tries:?}");
}

#[test]
fn what_has_failed_for_three_days_is_dead_and_told() {
    let world = World::new();
    let ann = world.shopper();
    let refunded = ann.buys("pm_card_visa");
    let (bob, session) = world.at_checkout("pm_card_visa");
    world.relays().unwrap();
    world.fault(PROVIDER, Fault::Status(503), ALWAYS);
    ann.cancel(&refunded).expect(200);
    world.heals();
    world.fault(&[Call::Capture, Call::Refund, Call::Refunds], Fault::Status(503), ALWAYS);
    bob.confirm(&session).expect(201);
    world.fault(&[Call::Event], Fault::Status(500), ALWAYS);
    world.lives(hours(71));
    assert_eq!(world.rows("select state from compensation"), ["pending"]);
    assert_eq!(world.rows("select count(*) from outbox where state = 'dead'"), ["0"]);
    world.lives(hours(3));
    let dead = world.rows("select kind, state from compensation order by kind");
    assert_eq!(dead, ["capture_payment|dead", "refund_payment|dead"]);
    assert_ne!(world.rows("select count(*) from outbox where state = 'dead'"), ["0"]);
    let told =
        |prefix: &str| world.alerts().iter().filter(|alert| alert.starts_with(prefix)).count();
    assert_eq!(told("compensation_dead:"), 2, "{:?}", world.alerts());
    assert!(told("outbox_dead:") > 0);
    assert_eq!(
        world.rows("select state from payment order by state"),
        ["capture_failed", "captured"]
    );
    world.heals();
    // Those behind the dead ones go out; what is dead waits for an operator.
    world.lives(hours(2));
    world.is_consistent();
}

/// The workers were away, and not the provider: what was hardly tried has not had its time,
/// whatever the clock says.
#[test]
fn what_was_tried_once_before_a_long_weekend_is_not_dead_at_the_second_try() {
    let world = World::new();
    let ann = world.shopper();
    let refunded = ann.buys("pm_card_visa");
    let (bob, session) = world.at_checkout("pm_card_visa");
    world.relays().unwrap();
    world.fault(&[Call::Capture, Call::Refund, Call::Refunds], Fault::Status(503), ALWAYS);
    world.fault(&[Call::Event], Fault::Status(500), ALWAYS);
    ann.cancel(&refunded).expect(200);
    bob.confirm(&session).expect(201);
    world.relays().unwrap();
    world.passes(hours(96));
    world.lives(minutes(2));
    assert_eq!(world.rows("select kind, state from compensation"), ["refund_payment|pending"]);
    assert_eq!(world.rows("select state from saga where state = 'capturing'"), ["capturing"]);
    assert_eq!(world.rows("select count(*) from outbox where state = 'dead'"), ["0"]);
    world.heals();
    world.lives(hours(2));
    all_is_done(&world);
}

#[test]
fn a_key_wrong_for_an_hour_kills_nothing_and_is_told_once() {
    let world = World::new();
    let (ann, bob) = (world.shopper(), world.shopper());
    let refunded = ann.buys("pm_card_visa");
    let (cat, session) = world.at_checkout("pm_card_visa");
    world.fault(&[Call::Capture], Fault::key_refused(), 1);
    cat.confirm(&session).expect(201);
    bob.add("TILL-0002", 1).expect(200);
    let waiting = bob.begins("pm_card_authenticationRequired");
    bob.confirm(&waiting).expect(402);
    world.fault(PROVIDER, Fault::key_refused(), ALWAYS);
    ann.cancel(&refunded).expect(200);
    let problem = world.compensates().unwrap_err();
    assert_eq!(problem.code().slug(), "configuration_invalid");
    world.passes(11);
    assert_eq!(world.recovers().unwrap_err().code().slug(), "configuration_invalid");
    world.lives(hours(1));
    assert_eq!(world.rows("select attempts, state, failing_since_ms from compensation where kind = 'refund_payment'"), ["0|pending|-"]);
    assert_eq!(world.rows("select capture_attempts from saga where state = 'capturing'"), ["0"]);
    assert_eq!(world.alerts(), ["configuration:payment_api_key:2027-01-15"]);
    world.heals();
    world.lives(minutes(10));
    all_is_done(&world);
    assert_eq!(
        world.rows("select state from payment order by state"),
        ["captured", "refunded", "voided"]
    );
    world.is_consistent();
}

#[test]
fn a_confirm_with_a_refused_key_holds_nothing_and_tells_once() {
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_card_visa");
    world.fault(PROVIDER, Fault::key_refused(), ALWAYS);
    for _ in 0..2 {
        let answer = ann.confirm(&session);
        assert!(answer.retry_after.is_some());
        answer.expect_problem(503, "provider_unavailable");
    }
    assert_eq!(
        world.rows("select status from reservation where status = 'active'"),
        Vec::<String>::new()
    );
    assert_eq!(world.rows("select count(*) from compensation"), ["0"]);
    assert_eq!(world.alerts(), ["configuration:payment_api_key:2027-01-15"]);
    world.heals();
    ann.confirm(&session).expect(201);
    assert_eq!(world.ledger(), PAID);
    world.is_consistent();
}

#[test]
fn a_key_that_is_no_key_stops_the_workers_before_they_take_anything() {
    let world = World::new();
    let ann = world.shopper();
    let order = ann.buys("pm_card_visa");
    world.set("payment_api_key", "");
    ann.cancel(&order).expect(200);
    for run in [world.compensates(), world.recovers()] {
        assert_eq!(run.unwrap_err().code().slug(), "configuration_invalid");
    }
    assert_eq!(world.rows("select lease_until_ms, attempts from compensation"), ["0|0"]);
    assert_eq!(world.alerts(), ["configuration:payment_api_key:2027-01-15"]);
    let (bob, session) = world.at_checkout("pm_card_visa");
    bob.confirm(&session).expect_problem(503, "provider_unavailable");
    world.set("payment_api_key", "sk_test_1");
    world.lives(minutes(1));
    bob.confirm(&session).expect(201);
    all_is_done_but_events(&world);
}

fn all_is_done_but_events(world: &World) {
    world.relays().unwrap();
    all_is_done(world);
    world.is_consistent();
}

#[test]
fn a_malformed_sink_secret_kills_no_event() {
    let world = World::new();
    world.shopper().buys("pm_card_visa");
    for secret in ["whsec_short", "not a secret at all"] {
        world.set("event_sink_secret", secret);
        assert_eq!(world.relays().unwrap_err().code().slug(), "configuration_invalid");
    }
    world.lives(hours(1));
    assert_eq!(
        world.rows("select distinct state, attempts, lease_until_ms from outbox"),
        ["pending|0|0"]
    );
    assert_eq!(world.alerts(), ["configuration:event_sink_secret:2027-01-15"]);
    world.set("event_sink_secret", world::SINK_SECRET);
    world.relays().unwrap();
    all_is_done(&world);
}

#[test]
fn an_open_breaker_is_no_try() {
    let world = World::new();
    world.set("breaker_failures", "1");
    world.set("breaker_open_seconds", "3600");
    let ann = world.shopper();
    let order = ann.buys("pm_card_visa");
    world.fault(PROVIDER, Fault::NotSent, 1);
    ann.cancel(&order).expect(200);
    assert_eq!(world.rows("select attempts from compensation"), ["1"]);
    world.lives(minutes(50));
    assert_eq!(world.rows("select attempts, state from compensation"), ["1|pending"]);
    world.lives(minutes(20));
    assert_eq!(world.rows("select state from compensation"), ["done"]);
    world.is_consistent();
}

#[test]
fn a_database_lost_in_the_middle_of_a_try_is_no_try() {
    let world = World::new();
    let ann = world.shopper();
    let order = ann.buys("pm_card_visa");
    world.fault(&[Call::Refund], Fault::NotSent, 1);
    ann.cancel(&order).expect(200);
    world.passes(minutes(1));
    world.meanwhile(Call::Refund, |world| world.loses_database(0));
    assert_eq!(world.compensates().unwrap_err().code().slug(), "database_unavailable");
    world.heals();
    assert_eq!(world.rows("select attempts, state from compensation"), ["1|pending"]);
    world.lives(minutes(5));
    assert_eq!(world.ledger(), ["authorized 1509", "captured 1509", "refunded 1509"]);
    world.is_consistent();
}
