//! Writes that come late: what a request decided from is no longer so when its statement arrives.
//! The statement is held back by till's instruments until somebody else has been there, so each of
//! these meets its guard every time and not once in a thousand.

use super::{buyer, cart::logging_in, order_id};
use e2e::{Call, Guest, Reply, Shop, eventually, needs_till, together, unique};
use serde_json::json;
use std::{thread, time::Duration};

/// What a guest asks.
type Asking = fn(&Guest<'_>) -> Call;

/// How long a statement is held: whoever comes meanwhile has to be done by then, on a machine that
/// has other things to do as well.
const HELD: Duration = Duration::from_millis(1_500);
/// When they come: what is held has been decided by then.
const DECIDED: Duration = Duration::from_millis(300);
/// Longer than a saga and a compensation are leased.
const LEASE_MS: i64 = 61_000;

/// Sends `call`, whose `statement` is held until `others` have been there; the reply to it.
fn overtaken(call: Call, statement: &str, others: impl FnOnce()) -> Reply {
    let held = json!({
        "kind": "statement", "label": statement, "fault": { "delay_ms": HELD.as_millis() },
    });
    let call = call.header("till-fault", &held.to_string());
    thread::scope(|scope| {
        let late = scope.spawn(|| call.send());
        thread::sleep(DECIDED);
        others();
        assert!(!late.is_finished(), "{statement} was not held, or not for long enough");
        late.join().expect("the late one has an answer")
    })
}

fn run_recovery(shop: &Shop, worker: &str) {
    shop.advance_ms(LEASE_MS);
    shop.run(worker);
}

/// A confirm that has its cart and is at a slow provider, whose buyer has gone; `session` pays with
/// `pm_sim_slow_…`.
fn leave_paying(guest: &Guest<'_>, confirming: Call) {
    confirming.send_and_leave(Duration::from_millis(200));
    let held = || !guest.shop.rows("cart", "cart_id", &guest.cart_id)[0]["saga_id"].is_null();
    eventually("the confirm holds the cart", || held().then_some(()));
}

// CHK-2, CHK-6: what lies between a confirm's look at everything and its claim is met by the claim,
// and nobody is charged.
#[test]
fn a_claim_meets_what_has_changed_since_it_was_decided() {
    if !needs_till("a_claim_meets_what_has_changed_since_it_was_decided") {
        return;
    }
    type Others = fn(&Guest<'_>, &str);
    let shop = Shop::alone();
    let refuses = |code: &str, others: Others| {
        let sku = shop.sku().create();
        let (guest, session) = buyer(&shop, &sku, 1, "pm_card_visa");
        overtaken(session.confirming(), "confirm_begin", || others(&guest, &sku))
            .problem(409, code);
        assert_eq!(
            (guest.payment_rows().len(), shop.stock_of(&sku)),
            (0, (100, 0)),
            "{code}: nothing was tried and nothing is held"
        );
    };
    let changes: [(&str, Others); 4] = [
        ("session_stale", |guest, sku| drop(guest.add(sku, 1).expect(200))),
        ("session_stale", |guest, sku| drop(guest.setting(sku, 2).send().expect(200))),
        ("session_expired", |guest, _| drop(guest.check_out())),
        ("price_changed", |guest, sku| {
            let mut dearer = guest.shop.sku().price("USD", 2_999);
            sku.clone_into(&mut dearer.sku);
            dearer.put();
        }),
    ];
    together(changes.len(), |number| refuses(changes[number].0, changes[number].1));
    refuses("session_expired", |guest, _| guest.shop.advance_ms(30 * 60_000 + 1));
}

// ORD-10: the other tab has paid, or is paying, since this one looked.
#[test]
fn a_claim_meets_the_claim_of_another_tab() {
    if !needs_till("a_claim_meets_the_claim_of_another_tab") {
        return;
    }
    let shop = Shop::open();
    for (pays, code) in
        [("pm_card_visa", "cart_completed"), ("pm_sim_slow_4000", "idempotency_in_progress")]
    {
        let sku = shop.sku().stock(10).create();
        let (guest, session) = buyer(&shop, &sku, 1, pays);
        let other = session.confirming().header("idempotency-key", &unique("confirm-"));
        let late = overtaken(
            session.confirming().header("idempotency-key", &unique("confirm-")),
            "confirm_begin",
            || {
                if code == "cart_completed" {
                    drop(other.send().expect(201))
                } else {
                    leave_paying(&guest, other)
                }
            },
        );
        late.problem(409, code);
        eventually("the order", || (guest.order_rows().len() == 1).then_some(()));
        assert!(guest.has_one_paid_order_or_nothing());
        assert_eq!((guest.provider_payments().times_authorized, shop.stock_of(&sku)), (1, (9, 0)));
    }
}

// CHK-1, CART-5: a checkout is begun, or a login merges the cart, when it has been claimed or
// changed in between.
#[test]
fn a_checkout_and_a_merge_meet_what_has_become_of_the_cart() {
    if !needs_till("a_checkout_and_a_merge_meet_what_has_become_of_the_cart") {
        return;
    }
    let shop = Shop::open();
    let sku = shop.sku().create();
    let id = unique("customer-");
    let begin =
        |guest: &Guest<'_>| guest.call("POST", "/api/v1/checkout").json(&guest.basket().body);

    let begun_or_merged: [(Asking, &str); 2] = [
        (begin, "checkout_begin"),
        (|guest| logging_in(guest.shop, &unique("customer-"), guest), "cart_merge"),
    ];
    for (call, statement) in begun_or_merged {
        let (guest, session) = buyer(&shop, &sku, 1, "pm_sim_slow_4000");
        overtaken(call(&guest), statement, || leave_paying(&guest, session.confirming()))
            .problem(409, "cart_locked");
        eventually("the order", || (guest.order_rows().len() == 1).then_some(()));
        assert!(guest.has_one_paid_order_or_nothing());
    }

    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    overtaken(begin(&guest), "checkout_begin", || drop(guest.add(&sku, 1).expect(200)))
        .problem(409, "session_stale");
    let opened = overtaken(logging_in(&shop, &id, &guest), "cart_merge", || {
        drop(guest.add(&sku, 1).expect(200))
    })
    .expect(200);
    assert_eq!(opened["cart"]["lines"][0]["quantity"], 3, "the add is in the merged cart");
}

// STOCK-3: the hold is over, and another buyer's is on the shelf, when the order of the first is
// made.
#[test]
fn an_order_meets_that_its_hold_is_over() {
    if !needs_till("an_order_meets_that_its_hold_is_over") {
        return;
    }
    let shop = Shop::alone();
    let sku = shop.sku().stock(2).create();
    let (guest, other) = (shop.guest(), shop.guest());
    guest.add(&sku, 1).expect(200);
    other.add(&sku, 1).expect(200);
    let session = guest.check_out();
    let late = overtaken(session.confirming(), "order_create", || {
        shop.advance_ms(15 * 60_000 + 1);
        shop.run("reservation-cleanup");
        other.check_out_with("pm_card_chargeDeclined").confirm().problem(402, "payment_declined");
    });
    late.problem(409, "reservation_expired");
    assert!(!guest.has_one_paid_order_or_nothing());
    assert_eq!(shop.stock_of(&sku), (2, 1), "what the other holds");
}

// WRK-2: a driver that was overtaken changes nothing more, wherever it stood.
#[test]
fn a_driver_that_was_overtaken_changes_nothing_more() {
    if !needs_till("a_driver_that_was_overtaken_changes_nothing_more") {
        return;
    }
    let shop = Shop::alone();
    let sku = shop.sku().create();

    // Recovery makes the order that this one was about to make.
    let (guest, session) = buyer(&shop, &sku, 1, "pm_card_visa");
    overtaken(session.confirming(), "order_create", || run_recovery(&shop, "saga-recovery"))
        .problem(409, "idempotency_in_progress");
    assert!(guest.has_one_paid_order_or_nothing());
    assert_eq!(guest.provider_payments().times_authorized, 1);

    // The buyer has acted and got the order from another tab, and this one is about to say that
    // they have not.
    let (guest, session) = buyer(&shop, &sku, 1, "pm_card_authenticationRequired");
    session.confirm_as("once").problem(402, "payment_action_required");
    let payment = guest.payment_rows()[0]["reference"].clone();
    let late =
        overtaken(session.confirming().header("idempotency-key", "once"), "saga_settle", || {
            shop.simulator("POST", "/authenticate")
                .json(&json!({ "payment_intent": payment, "succeeds": true }))
                .send()
                .expect(200);
            shop.advance_ms(LEASE_MS);
            session.confirm_as("once").expect(201);
        });
    late.problem(409, "idempotency_in_progress");
    assert!(guest.has_one_paid_order_or_nothing());
    assert_eq!(shop.rows("saga", "cart_id", &guest.cart_id)[0]["state"], "completed");
}

// PAY-3: the capture was repeated, and its order cancelled and refunded, before its first answer is
// written down.
#[test]
fn a_capture_that_was_overtaken_takes_nothing_back() {
    if !needs_till("a_capture_that_was_overtaken_takes_nothing_back") {
        return;
    }
    let shop = Shop::alone();
    let sku = shop.sku().create();
    let (guest, session) = buyer(&shop, &sku, 1, "pm_card_visa");
    let late = overtaken(session.confirming(), "payment_capture", || {
        run_recovery(&shop, "saga-recovery");
        guest.cancelling(order_id(&guest.order_rows()[0])).send().expect(200);
    });
    late.expect(201);
    assert_eq!(guest.payment_rows()[0]["state"], "refunded");
    assert_eq!(guest.provider_payments().held(), 0);
}

// ORD-4: the money was taken after the cancel had looked, so a void would give nothing back.
#[test]
fn a_cancel_meets_that_the_money_was_taken() {
    if !needs_till("a_cancel_meets_that_the_money_was_taken") {
        return;
    }
    let shop = Shop::alone();
    let sku = shop.sku().create();
    let guest = shop.guest();
    let order = guest.buy_with(&sku, 1, "pm_sim_capture_fails_1");
    assert_eq!(guest.payment_rows()[0]["state"], "capture_pending");
    let late = overtaken(guest.cancelling(order_id(&order)), "order_cancel", || {
        run_recovery(&shop, "saga-recovery")
    });
    late.problem(409, "order_busy");
    guest.cancelling(order_id(&order)).send().expect(200);
    shop.run_workers_until_quiet();
    assert_eq!(guest.provider_payments().held(), 0);
}

// CHK-8: the worker has given the money back, and said so, before the cancel's own try is written
// down.
#[test]
fn a_compensation_that_was_overtaken_is_done_and_told_once() {
    if !needs_till("a_compensation_that_was_overtaken_is_done_and_told_once") {
        return;
    }
    let shop = Shop::alone();
    let sku = shop.sku().create();
    // A refund, and the void of what could not be captured.
    for pays in ["pm_card_visa", "pm_sim_capture_declined"] {
        let guest = shop.guest();
        let order = guest.buy_with(&sku, 1, pays);
        overtaken(guest.cancelling(order_id(&order)), "compensation_settle", || {
            run_recovery(&shop, "compensation-retry")
        })
        .expect(200);
        assert_eq!(guest.provider_payments().held(), 0, "{pays}");
        let payment = guest.payment_rows()[0]["payment_id"].as_str().unwrap().to_owned();
        let told = shop.rows("outbox", "aggregate", &format!("payment/{payment}"));
        let done = told.iter().filter(|event| {
            event["type"].as_str().is_some_and(|kind| kind.contains("compensation.completed"))
        });
        assert_eq!(done.count(), 1, "{pays}: {told:?}");
    }
}
