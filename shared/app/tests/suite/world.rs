//! That the world the other tests trust is one: a purchase, each fault, the clock.

use world::{Call, Fault, World, hours};

#[test]
fn a_purchase_is_an_order_paid_once_and_told() {
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_card_visa");
    let order = ann.confirm(&session).expect(201);
    assert_eq!(world.ledger(), ["authorized 1509", "captured 1509"]);
    assert_eq!(
        ann.order(order["order_id"].as_str().unwrap()).expect(200)["payment"]["state"],
        "captured"
    );
    assert_eq!(ann.confirm(&session).expect(201), order);
    world.relays().unwrap();
    assert_eq!(world.arrived().len(), world.events().len());
    assert_eq!(world.calls(), [Call::Authorize, Call::Capture]);
    world.is_consistent();
}

#[test]
fn each_fault_does_what_it_says() {
    let check = |fault: Fault, status: u16, ledger: &[&str]| {
        let world = World::new();
        let (ann, session) = world.at_checkout("pm_card_visa");
        world.fault(&[Call::Authorize], fault.clone(), 1);
        assert_eq!(ann.confirm(&session).status, status, "{fault:?}");
        assert_eq!(world.ledger(), ledger, "{fault:?}");
        world.lives(hours(1));
        world.is_consistent();
    };
    check(Fault::NotSent, 503, &[]);
    check(Fault::Timeout, 504, &[]);
    check(Fault::Lost, 503, &["authorized 1509"]);
    check(Fault::TooLate, 504, &["authorized 1509"]);
    check(Fault::Status(503), 503, &[]);
}

#[test]
fn the_clock_of_the_shop_and_of_its_database_is_one() {
    let world = World::new();
    let created_at = || world.rows("select max(created_at_ms) from cart");
    world.shopper();
    assert_eq!(created_at(), [world.now_ms().to_string()]);
    world.passes(hours(24));
    world.shopper();
    assert_eq!(created_at(), [world.now_ms().to_string()]);
}

#[test]
fn what_happens_meanwhile_happens_before_the_call_arrives() {
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_card_visa");
    world.meanwhile(Call::Authorize, |world| assert!(world.ledger().is_empty()));
    ann.confirm(&session).expect(201);
}

#[test]
fn a_lost_database_is_said_and_comes_back() {
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_card_visa");
    world.loses_database(0);
    assert_eq!(ann.confirm(&session).status, 503);
    world.heals();
    ann.confirm(&session).expect(201);
}
