//! A buyer whose confirm has just ended waits before the next one (CHK-5), and no longer than that.

use serde_json::json;
use world::{Call, Fault, Shopper, World};

fn world() -> World {
    let world = World::new();
    world.set("confirm_cool_down_seconds", "30");
    world
}

/// With another pair of cups, and a session on them.
fn again(buyer: &Shopper<'_>) -> String {
    buyer.opens(&json!({})).expect(201);
    buyer.add("TILL-0001", 1).expect(200);
    buyer.begins("pm_card_visa")
}

fn confirms(buyer: &Shopper<'_>, session: &str, key: &str) -> world::Answer {
    buyer.confirm_with(session, &json!({}), Some(key))
}

#[test]
fn who_has_just_bought_waits_for_half_a_minute() {
    let world = world();
    let (ann, session) = world.at_checkout("pm_card_visa");
    let order = confirms(&ann, &session, "one").expect(201);
    let next = again(&ann);
    for (passes, left) in [(0, 30), (12, 18), (17, 1)] {
        world.passes(passes);
        let refused = confirms(&ann, &next, "two");
        assert_eq!(refused.retry_after, Some(left));
        refused.expect_problem(429, "too_many_requests");
        // Whose answer was lost has it at once; and nobody else waits.
        assert_eq!(confirms(&ann, &session, "one").expect(201), order);
        world.loses_key_values(true);
        assert_eq!(confirms(&ann, &session, "one").expect(201), order);
        world.loses_key_values(false);
    }
    let (bob, others) = world.at_checkout("pm_card_visa");
    bob.confirm(&others).expect(201);
    assert_eq!(world.rows("select count(*) from saga"), ["2"], "who waits holds nothing");
    world.passes(1);
    confirms(&ann, &next, "two").expect(201);
    world.is_consistent();
}

#[test]
fn who_could_not_be_served_waits_or_sends_the_same_again() {
    let world = world();
    let (ann, session) = world.at_checkout("pm_card_visa");
    world.fault(&[Call::Authorize], Fault::NotSent, 2);
    confirms(&ann, &session, "one").expect_problem(503, "provider_unavailable");
    let refused = confirms(&ann, &session, "two");
    assert_eq!(refused.retry_after, Some(30));
    refused.expect_problem(429, "too_many_requests");
    confirms(&ann, &session, "one").expect_problem(503, "provider_unavailable");
    confirms(&ann, &session, "one").expect(201);
    world.is_consistent();
}

#[test]
fn a_refusal_of_the_buyers_own_makes_nobody_wait() {
    let world = world();
    let (ann, session) = world.at_checkout("pm_card_chargeDeclined");
    confirms(&ann, &session, "one").expect_problem(402, "payment_declined");
    let card = |card: &str| json!({ "payment_method": card });
    ann.confirm_with(&session, &card("pm_card_chargeDeclined"), Some("two"))
        .expect_problem(402, "payment_declined");
    // A total that moved.
    let named = json!({ "accept_total": { "amount_minor": 1, "currency": "USD" } });
    ann.confirm_with(&session, &named, Some("three")).expect_problem(409, "price_changed");
    ann.confirm_with(&session, &card("pm_card_visa"), Some("four")).expect(201);
    // Who was away until their time was over.
    let (bob, session) = world.at_checkout("pm_card_authenticationRequired");
    confirms(&bob, &session, "one").expect_problem(402, "payment_action_required");
    world.passes(16 * 60);
    world.works();
    let session = bob.begins("pm_card_visa");
    confirms(&bob, &session, "two").expect(201);
    world.is_consistent();
}
