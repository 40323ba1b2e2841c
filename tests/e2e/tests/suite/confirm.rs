//! Confirm: one cart, one order, charged once, whatever happens on the way.

use e2e::{Reply, Shop, eventually, together, unique};
use serde_json::{Value, json};
use std::{thread, time::Duration};

/// A provider's outage leaves the saga to recovery, which waits for its lease to end.
const LEASE_MS: i64 = 10 * 60_000;
/// After twice as long a provider may have forgotten our keys.
const HOURS_MS: i64 = 12 * 3_600_000;

// TestFullCartFlow_AddUpdateCheckoutComplete, TestCreateOrder_CompleteFlow. CHK-6, CHK-14, CHK-15,
// STOCK-5, STOCK-11
#[test]
fn a_guest_buys_and_everything_agrees() {
    let shop = Shop::open();
    let sku = shop.sku().stock(10).create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    guest.setting(&sku, 3).send().expect(200);
    let session = guest.check_out();
    let confirmed = session.confirm();
    let order = confirmed.expect(201);
    assert_eq!(order["status"], "confirmed");
    assert_eq!(order["cart_id"], guest.cart_id.as_str());
    assert_eq!(order["total"], json!({ "amount_minor": 3 * 1_999 + 500, "currency": "USD" }));
    let order_id = order["order_id"].as_str().unwrap();

    // The stock is sold, and nothing of it is held.
    assert_eq!(shop.stock_of(&sku), (7, 0));
    let line = &shop.rows("order_line", "order_id", order_id)[0];
    let reservation =
        &shop.rows("reservation", "reservation_id", line["reservation_id"].as_str().unwrap())[0];
    assert_eq!(reservation["status"], "committed");
    assert_eq!(reservation["expires_at_ms"], Value::Null);
    assert_eq!(reservation["quantity"], 3);
    assert_eq!(reservation["warehouse_id"], "wh-hanoi");
    let kinds: Vec<Value> =
        shop.rows("stock_movement", "sku", &sku).iter().map(|row| row["kind"].clone()).collect();
    assert_eq!(kinds, ["receive", "reserve", "commit"]);

    // The money is held once, for the total.
    let provider = guest.provider_payments();
    assert_eq!((provider.times_authorized, provider.held()), (1, 3 * 1_999 + 500));

    // The cart is done, the session is done, and the guest begins anew.
    let row = &shop.rows("cart", "cart_id", &guest.cart_id)[0];
    assert_eq!(row["status"], "completed");
    assert_eq!(session.show().expect(200)["status"], "completed");
    guest.call("GET", "/api/v1/cart").send().problem(404, "cart_not_found");
    let next = guest.call("POST", "/api/v1/cart").json(&json!({})).send().expect(201);
    assert_ne!(next["cart"]["cart_id"], guest.cart_id.as_str());

    // What is to be told lies in the outbox, written with the order.
    let told = |aggregate: &str| -> Vec<String> {
        shop.rows("outbox", "aggregate", aggregate)
            .iter()
            .map(|row| row["type"].as_str().unwrap().to_owned())
            .collect()
    };
    let of_order = told(&format!("order/{order_id}"));
    assert!(of_order.iter().any(|kind| kind.contains("orders.order.created")), "{of_order:?}");
    let of_cart = told(&format!("cart/{}", guest.cart_id));
    assert!(of_cart.iter().any(|kind| kind.contains("cart.converted")), "{of_cart:?}");
}

// CHK-4
#[test]
fn the_same_key_gets_the_same_bytes() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let session = guest.check_out();
    let key = unique("confirm-");
    let first = session.confirm_as(&key);
    first.expect(201);
    for spelled in [key.clone(), format!("\"{key}\"")] {
        let again = session.confirm_as(&spelled);
        assert_eq!((again.status, &again.body), (201, &first.body));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
    }
    let other_body = json!({ "accept_total": { "amount_minor": 1, "currency": "USD" } });
    session
        .confirming_with(&other_body)
        .header("idempotency-key", &key)
        .send()
        .problem(422, "idempotency_key_reused");
    assert!(guest.has_one_paid_order_or_nothing());
}

// CHK-4: without a key, one is derived from what is bought.
#[test]
fn a_confirm_without_a_key_is_recognised_when_it_comes_again() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let session = guest.check_out();
    let first = session.confirm();
    first.expect(201);
    let again = session.confirming().send();
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(guest.order_rows().len(), 1);
    assert_eq!(guest.provider_payments().times_authorized, 1);
}

// ORD-10: another key does not make another order of the same cart.
#[test]
fn a_confirmed_cart_is_not_sold_again_under_another_key() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let session = guest.check_out();
    let order = session.confirm_as(&unique("a")).expect(201);
    let second = session.confirm_as(&unique("b"));
    // Either the order there is, or that there is one.
    assert!(
        (second.is_success() && second.json()["order_id"] == order["order_id"])
            || second.status == 409,
        "{second:?}"
    );
    assert!(guest.has_one_paid_order_or_nothing());
}

// CHK-4: a running one gets 409 and is told when to come again.
#[test]
fn a_confirm_that_is_running_is_not_run_beside() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let session = guest.check_out_with("pm_sim_slow_1500");
    let (key, other_key) = (unique("confirm-"), unique("confirm-"));
    let replies = together(3, |number| {
        // The first is at the provider when the others come.
        thread::sleep(Duration::from_millis(if number == 0 { 0 } else { 700 }));
        session.confirm_as(if number == 2 { &other_key } else { &key })
    });
    replies[0].expect(201);
    for reply in &replies[1..] {
        reply.problem(409, "idempotency_in_progress");
        assert!((1..=60).contains(&reply.retry_after_s()), "{reply:?}");
    }
    assert_eq!(session.confirm_as(&key).body, replies[0].body);
    assert!(guest.has_one_paid_order_or_nothing());
}

// Kill the client after it pays; the order still appears, and the retry gets its reply.
#[test]
fn a_buyer_who_goes_away_while_paying_gets_the_order_all_the_same() {
    let shop = Shop::open();
    let sku = shop.sku().stock(5).create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let session = guest.check_out_with("pm_sim_slow_1500");
    let key = unique("confirm-");
    session.confirming().header("idempotency-key", &key).send_and_leave(Duration::from_millis(600));
    eventually("the order of a buyer who has gone", || {
        (guest.order_rows().len() == 1).then_some(())
    });
    let reply = session.confirm_as(&key);
    assert_eq!(reply.expect(201)["order_id"], guest.order_rows()[0]["order_id"]);
    assert_eq!(shop.stock_of(&sku), (4, 0));
    assert!(guest.has_one_paid_order_or_nothing());
}

fn assert_one_order_of_all(replies: &[Reply]) -> Value {
    let (done, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.is_success());
    assert!(!done.is_empty(), "{replies:?}");
    for reply in &done {
        assert_eq!(reply.json()["order_id"], done[0].json()["order_id"]);
    }
    for reply in refused {
        assert_eq!(reply.status, 409, "{reply:?}");
        reply.problem(409, reply.json()["code"].as_str().unwrap());
    }
    done[0].json()
}

// CHK-4
#[test]
fn fifty_parallel_confirms_under_one_key_make_one_order_with_one_reply() {
    let shop = Shop::open();
    let sku = shop.sku().stock(100).create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let session = guest.check_out();
    let key = unique("confirm-");
    let replies = together(50, |_| session.confirm_as(&key));
    assert_one_order_of_all(&replies);
    let done: Vec<_> = replies.iter().filter(|reply| reply.is_success()).collect();
    assert!(done.iter().all(|reply| reply.body == done[0].body), "{done:?}");
    for reply in replies.iter().filter(|reply| !reply.is_success()) {
        assert!(reply.retry_after_s() > 0);
    }
    assert_eq!(session.confirm_as(&key).body, done[0].body);
    assert_eq!(shop.stock_of(&sku), (99, 0));
    assert_eq!(guest.provider_payments().times_authorized, 1);
    assert!(guest.has_one_paid_order_or_nothing());
}

// ORD-10
#[test]
fn fifty_parallel_confirms_under_fifty_keys_make_one_order() {
    let shop = Shop::open();
    let sku = shop.sku().stock(100).create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let session = guest.check_out();
    let replies = together(50, |_| session.confirm_as(&unique("confirm-")));
    assert_one_order_of_all(&replies);
    assert_eq!(shop.stock_of(&sku), (99, 0));
    assert_eq!(guest.provider_payments().times_authorized, 1);
    assert!(guest.has_one_paid_order_or_nothing());
}

// CHK-13 and seed 000's P0-6: what is agreed to is what is charged.
#[test]
fn a_total_that_rose_needs_the_buyers_word() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 10_000).weight_g(100);
    sku.create();
    let guest = shop.guest();
    guest.add(&sku.sku, 1).expect(200);
    let session = guest.check_out();
    assert_eq!(session.total_minor(), 10_000);
    sku.clone().price("USD", 12_000).put();
    let key = unique("confirm-");
    let problem = session.confirm_as(&key).problem(409, "price_changed");
    assert_eq!(problem["agreed_total"]["amount_minor"], 10_000);
    assert_eq!(problem["current_total"]["amount_minor"], 12_000);
    assert_eq!(guest.payment_rows(), [Value::Null; 0], "nobody was charged");
    let wrong = json!({ "accept_total": { "amount_minor": 11_000, "currency": "USD" } });
    session.confirming_with(&wrong).send().problem(409, "price_changed");
    let accepted = json!({ "accept_total": problem["current_total"] });
    // CHK-4: a difference to acknowledge leaves the key free.
    let order =
        session.confirming_with(&accepted).header("idempotency-key", &key).send().expect(201);
    assert_eq!(order["total"]["amount_minor"], 12_000);
    assert!(guest.has_one_paid_order_or_nothing());
}

// CHK-2, SHIP-1: one parcel has become two, and the shipping is in what the buyer agreed to. Within
// five percent, and asked all the same.
#[test]
fn a_second_parcel_is_not_charged_unasked() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 4_800).weight_g(100).stock(2).create();
    let guest = shop.guest();
    guest.add(&sku, 2).expect(200);
    let session = guest.check_out();
    assert_eq!(session.total_minor(), 10_100);
    shop.move_stock(&sku, "wh-hanoi", "adjust", -1).expect(200);
    shop.receive(&sku, "wh-newark", 1);
    let problem = session.confirm().problem(409, "price_changed");
    assert_eq!(
        (&problem["agreed_total"]["amount_minor"], &problem["current_total"]["amount_minor"]),
        (&json!(10_100), &json!(10_600))
    );
    assert_eq!(problem["totals"]["shipping"]["amount_minor"], 1_000);
    assert_eq!(guest.payment_rows(), [Value::Null; 0], "nobody was charged");
    let accepted = json!({ "accept_total": problem["current_total"] });
    assert_eq!(
        session.confirming_with(&accepted).send().expect(201)["total"]["amount_minor"],
        10_600
    );
    assert!(guest.has_one_paid_order_or_nothing());
}

// CHK-4, CHK-6
#[test]
fn a_total_that_fell_a_little_is_charged_as_it_is_now() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 20_000);
    sku.create();
    let guest = shop.guest();
    guest.add(&sku.sku, 1).expect(200);
    let session = guest.check_out();
    sku.clone().price("USD", 19_900).put();
    assert_eq!(session.confirm().expect(201)["total"]["amount_minor"], 19_900);
    assert!(guest.has_one_paid_order_or_nothing());
}

// TestCartConsistency: a declined card costs nobody anything. CHK-4: a decline leaves the key free.
#[test]
fn a_declined_card_can_be_replaced() {
    let shop = Shop::open();
    let sku = shop.sku().stock(5).create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let key = unique("confirm-");
    let before_ms = shop.now_ms();
    let declined = guest
        .check_out_with("pm_card_chargeDeclinedInsufficientFunds")
        .confirm_as(&key)
        .problem(402, "payment_declined");
    assert_eq!(declined["decline_code"], "insufficient_funds");
    let until = declined["reserved_until_ms"].as_i64().unwrap();
    assert!(until > before_ms && until <= shop.now_ms() + 15 * 60_000, "{declined}");
    assert_eq!(guest.order_rows(), [Value::Null; 0]);
    assert_eq!(guest.provider_payments().held(), 0);
    guest.check_out().confirm_as(&key).expect(201);
    assert_eq!(shop.stock_of(&sku), (4, 0), "what the declined card had reserved is not lost");
    assert!(guest.has_one_paid_order_or_nothing());
}

// Demand is covered by the buyer's own hold.
#[test]
fn the_last_unit_is_still_there_after_a_decline() {
    let shop = Shop::open();
    let sku = shop.sku().stock(1).create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let declined = guest.check_out_with("pm_card_chargeDeclined").confirm();
    declined.problem(402, "payment_declined");
    assert_eq!(shop.stock_of(&sku), (1, 1));
    let rival = shop.guest();
    rival.add(&sku, 1).expect(200);
    rival.basket().try_begin().problem(422, "insufficient_stock");
    guest.check_out().confirm().expect(201);
    assert_eq!(shop.stock_of(&sku), (0, 0));
}

// PAY-3: requires_action, and then authorized.
#[test]
fn a_card_that_needs_an_action_pays_once_the_buyer_has_acted() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let session = guest.check_out_with("pm_card_authenticationRequired");
    let key = unique("confirm-");
    let asked = session.confirm_as(&key).problem(402, "payment_action_required");
    assert!(asked["next_action_url"].is_string() || asked["client_secret"].is_string(), "{asked}");
    assert!(!guest.has_one_paid_order_or_nothing());
    let payment = guest.payment_rows()[0]["reference"].clone();
    let acted = shop
        .simulator("POST", "/authenticate")
        .json(&json!({ "payment_intent": payment, "succeeds": true }))
        .send();
    assert!(acted.is_success(), "{acted:?}");
    let order = session.confirm_as(&key).expect(201);
    assert_eq!(order["total"]["amount_minor"], 1_999 + 500);
    assert!(guest.has_one_paid_order_or_nothing());
}

// PAY-3, STOCK-3: the stock waits for the buyer as long as a reservation lives, and no longer.
#[test]
fn a_card_whose_owner_never_acts_holds_nothing_in_the_end() {
    let shop = Shop::alone();
    let sku = shop.sku().stock(3).create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    guest
        .check_out_with("pm_card_authenticationRequired")
        .confirm()
        .problem(402, "payment_action_required");
    assert_eq!(shop.stock_of(&sku), (3, 1));
    for _ in 0..3 {
        shop.advance_ms(LEASE_MS);
        shop.run_workers_until_quiet();
    }
    assert!(!guest.has_one_paid_order_or_nothing());
    assert_eq!(shop.stock_of(&sku), (3, 0));
    guest.check_out().confirm().expect(201);
    assert!(guest.has_one_paid_order_or_nothing());
}

#[test]
fn a_payment_method_that_does_not_exist_is_refused_and_nothing_is_held() {
    let shop = Shop::open();
    let sku = shop.sku().stock(3).create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let begun = guest.basket().paying_with("pm_card_of_nobody").try_begin();
    if begun.is_success() {
        let refused = guest.check_out_with("pm_card_of_nobody").confirm();
        assert!([402, 422].contains(&refused.status), "{refused:?}");
        refused.problem(refused.status, refused.json()["code"].as_str().unwrap());
    }
    assert!(!guest.has_one_paid_order_or_nothing());
    guest.check_out().confirm().expect(201);
}

/// Whatever a provider does, the buyer is told clearly, and in the end there is one paid order or
/// nothing.
fn survives(payment_method: &str, statuses: &[u16]) {
    let shop = Shop::alone();
    let sku = shop.sku().stock(5).create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let key = unique("confirm-");
    let session = guest.check_out_with(payment_method);
    let reply = session.confirm_as(&key);
    assert!(statuses.contains(&reply.status), "{payment_method}: {reply:?}");
    if !reply.is_success() {
        let code = reply.json()["code"].as_str().unwrap().to_owned();
        reply.problem(reply.status, &code);
        assert!(["provider_unavailable", "provider_timeout"].contains(&code.as_str()), "{reply:?}");
        assert!((1..=600).contains(&reply.retry_after_s()), "{reply:?}");
    }
    // Whether there will be an order is decided while the stock is held: after that the cart and
    // the stock are free, whatever is still owed to the provider.
    let decided = |saga: &Value| {
        !["authorizing", "awaiting_action"].contains(&saga["state"].as_str().unwrap())
    };
    let resting = |saga: &Value| {
        decided(saga) && !["capturing", "voiding"].contains(&saga["state"].as_str().unwrap())
    };
    let sagas = || shop.rows("saga", "cart_id", &guest.cart_id);
    for _ in 0..4 {
        if !sagas().iter().all(decided) {
            shop.advance_ms(LEASE_MS);
            shop.run_workers_until_quiet();
        }
    }
    assert!(sagas().iter().all(decided), "{:?}", sagas());
    assert!(guest.provider_payments().times_authorized <= 1, "{payment_method}");
    let ordered = !guest.order_rows().is_empty();
    if !ordered {
        assert_eq!(shop.stock_of(&sku), (5, 0), "{payment_method}");
        let row = &shop.rows("cart", "cart_id", &guest.cart_id)[0];
        assert_eq!(row["saga_id"], Value::Null, "the cart is the buyer's again");
        // The circuit breaker closes after seconds of the wall clock.
        eventually("the buyer pays another way", || {
            guest.check_out().confirm().is_success().then_some(())
        });
    }
    // The provider is asked for as long as it takes, at last by our own reference: until nothing is
    // owed to it.
    for _ in 0..80 {
        if sagas().iter().all(resting) {
            break;
        }
        shop.advance_ms(HOURS_MS);
        shop.run_workers_until_quiet();
        thread::sleep(Duration::from_millis(400));
    }
    assert!(sagas().iter().all(resting), "{:?}", sagas());
    assert!(guest.has_one_paid_order_or_nothing(), "{payment_method}");
    if ordered {
        assert_eq!(shop.stock_of(&sku), (4, 0));
        // The buyer who comes back with the key gets the order and no second one.
        let again = session.confirm_as(&key);
        assert!(again.is_success() || again.status == 409, "{again:?}");
        assert_eq!(guest.order_rows().len(), 1);
    }
}

// CHK-13
#[test]
fn a_provider_that_is_down_for_a_moment_costs_nobody_anything() {
    survives("pm_sim_status_503_1", &[503]);
}

// CHK-13
#[test]
fn a_provider_that_stays_down_leaves_no_order_and_nothing_held() {
    survives("pm_sim_status_503", &[503]);
}

// CHK-13
#[test]
fn a_provider_that_is_too_slow_gets_504_and_is_asked_again() {
    survives("pm_sim_slow_15000", &[201, 504]);
}

// Paid, and no answer. CHK-13
#[test]
fn an_answer_that_is_lost_after_the_card_was_charged_ends_in_one_order_or_nothing() {
    survives("pm_sim_lost_answer", &[201, 503]);
}

// PAY-1: compare what was held with what was asked for.
#[test]
fn a_provider_that_holds_another_amount_gets_it_back() {
    survives("pm_sim_wrong_amount", &[503]);
}

// The retry returns the order. CHK-13
#[test]
fn the_buyers_own_retry_completes_what_an_outage_left() {
    let shop = Shop::alone();
    let sku = shop.sku().stock(5).create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let session = guest.check_out_with("pm_sim_lost_answer");
    let key = unique("confirm-");
    let first = session.confirm_as(&key);
    if !first.is_success() {
        first.problem(503, "provider_unavailable");
        shop.advance_ms(LEASE_MS);
        let again = session.confirm_as(&key);
        assert!([201, 409, 503].contains(&again.status), "{again:?}");
        shop.run_workers_until_quiet();
    }
    guest.has_one_paid_order_or_nothing();
    assert!(guest.provider_payments().times_authorized <= 1);
}
