//! Payments: every hold becomes an order's money or is given back, and whoever cannot give back
//! says so.

use e2e::Shop;
use serde_json::{Value, json};

/// The longest wait between two tries of a compensation.
const WAIT_LIMIT_MS: i64 = 5 * 60_000;

/// Whether this shop takes the money with the order, by what it does.
fn captures_at_order(shop: &Shop) -> bool {
    let guest = shop.guest();
    let _order = guest.buy(&shop.sku().create(), 1);
    guest.provider_payments().captured > 0
}

// PAY-3, CHK-6
#[test]
fn the_provider_and_the_shop_tell_the_same_story_of_a_payment() {
    let shop = Shop::open();
    let guest = shop.guest();
    let order = guest.buy(&shop.sku().create(), 1);
    let view = guest.order(order["order_id"].as_str().unwrap()).expect(200);
    let provider = guest.provider_payments();
    assert_eq!(view["payment"]["amount"]["amount_minor"], provider.authorized);
    assert_eq!(view["payment"]["captured"]["amount_minor"], provider.captured);
    assert_eq!(view["payment"]["refunded"]["amount_minor"], 0);
    let expected = if provider.captured > 0 { "captured" } else { "authorized" };
    assert_eq!(view["payment_status"], expected);
    assert_eq!(view["payment"]["method"], "pm_card_visa");
}

// CHK-8: what cannot be given back at once is given back later.
#[test]
fn money_that_could_not_be_given_back_at_first_is_given_back_by_the_worker() {
    let shop = Shop::alone();
    let operation = if captures_at_order(&shop) { "refund" } else { "void" };
    let guest = shop.guest();
    let order = guest.buy_with(&shop.sku().create(), 1, &format!("pm_sim_{operation}_fails_2"));
    let order_id = order["order_id"].as_str().unwrap();
    assert_eq!(guest.cancelling(order_id).send().expect(200)["status"], "cancelled");
    assert_eq!(guest.compensation_rows()[0]["state"], "pending");
    assert!(guest.provider_payments().held() > 0);
    for _ in 0..3 {
        shop.advance_ms(WAIT_LIMIT_MS);
        shop.run_workers_until_quiet();
    }
    let owed = guest.compensation_rows();
    assert_eq!(
        (owed.len(), &owed[0]["state"], &owed[0]["attempts"]),
        (1, &json!("done"), &json!(3)),
        "{owed:?}"
    );
    assert_eq!(guest.provider_payments().held(), 0);
    let payment = guest.order(order_id).expect(200);
    assert!(
        ["voided", "refunded"].contains(&payment["payment_status"].as_str().unwrap()),
        "{payment}"
    );
    shop.until_the_provider_is_used_again();
}

// CHK-8: told once after so many tries, tried on for three days, then a dead letter, told once.
// WRK-4
#[test]
fn what_can_never_be_given_back_is_told_and_after_three_days_a_dead_letter() {
    let shop = Shop::alone();
    let (operation, tries) = if captures_at_order(&shop) { ("refund", 10) } else { ("void", 5) };
    let guest = shop.guest();
    let order = guest.buy_with(&shop.sku().create(), 1, &format!("pm_sim_{operation}_fails"));
    guest.cancelling(order["order_id"].as_str().unwrap()).send().expect(200);
    let id = guest.compensation_rows()[0]["compensation_id"].as_str().unwrap().to_owned();
    let row = || guest.compensation_rows()[0].clone();
    let attempts = || row()["attempts"].as_i64().unwrap();
    let told =
        |what: &str| shop.rows("alert", "alert_id", &format!("compensation_{what}:{id}")).len();
    let mut waits = vec![row()["next_attempt_at_ms"].as_i64().unwrap() - shop.now_ms()];
    while attempts() < tries {
        let before = attempts();
        assert_eq!((told("failing"), told("dead")), (0, 0));
        // Not before its time.
        shop.run("compensation-retry");
        assert_eq!(attempts(), before);
        shop.advance_ms(WAIT_LIMIT_MS + 1_000);
        shop.run("compensation-retry");
        if attempts() == before {
            // An open circuit breaker is no try; it closes after ten seconds of the wall clock.
            shop.until_the_provider_is_used_again();
            shop.advance_ms(WAIT_LIMIT_MS + 1_000);
            shop.run("compensation-retry");
        }
        assert_eq!(attempts(), before + 1);
        waits.push(row()["next_attempt_at_ms"].as_i64().unwrap() - shop.now_ms());
    }
    assert_eq!((row()["state"].as_str(), told("failing"), told("dead")), (Some("pending"), 1, 0));
    // 30 s, 60 s, 90 s … and five minutes.
    for (number, wait) in waits.iter().enumerate() {
        let expected = (30_000 * (i64::try_from(number).unwrap() + 1)).min(WAIT_LIMIT_MS);
        assert!((expected - 10_000..=expected).contains(wait), "try {number}: {wait} ms");
    }
    // After three days it is dead, but not before it was tried ten times.
    while row()["state"] == "pending" {
        let before = attempts();
        shop.until_the_provider_is_used_again();
        shop.advance_ms(3 * 24 * 60 * 60_000);
        shop.run("compensation-retry");
        assert_eq!(attempts(), before + 1);
    }
    let dead = row();
    assert_eq!(
        (&dead["state"], &dead["attempts"]),
        (&json!("dead"), &json!((tries + 1).max(10))),
        "{dead}"
    );
    assert!(dead["last_error"].as_str().is_some_and(|error| !error.is_empty()));
    for _ in 0..2 {
        shop.advance_ms(WAIT_LIMIT_MS + 1_000);
        shop.run("compensation-retry");
    }
    assert_eq!(attempts(), tries + 1, "the dead are left alone");
    assert_eq!((told("failing"), told("dead")), (1, 1));
    assert!(guest.provider_payments().held() > 0, "and nobody pretends otherwise");
    shop.until_the_provider_is_used_again();
}

// CHK-8: the void of a payment that is not the one asked for: told after five tries, and never
// forgotten.
#[test]
fn a_void_is_told_after_five_tries_and_goes_through_in_the_end() {
    let shop = Shop::alone();
    let sku = shop.sku().stock(5).create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let fault = json!({
        "match": { "operation": "cancel", "payment_method": "pm_sim_wrong_amount" },
        "fault": "status", "code": 503, "times": 100,
    });
    let set = shop.simulator("POST", "/faults").json(&fault).send();
    set.expect(201);
    let refused = guest.check_out_with("pm_sim_wrong_amount").confirm();
    assert!([409, 503].contains(&refused.status), "{refused:?}");
    let owed = || {
        guest.compensation_rows().into_iter().find(|owed| owed["kind"] == "void_payment").unwrap()
    };
    for _ in 0..30 {
        if owed()["attempts"].as_i64() >= Some(5) {
            break;
        }
        shop.until_the_provider_is_used_again();
        shop.advance_ms(WAIT_LIMIT_MS + 1_000);
        shop.run_workers_until_quiet();
    }
    assert_eq!(owed()["state"], "pending", "{}", owed());
    let id = format!("compensation_failing:{}", owed()["compensation_id"].as_str().unwrap());
    assert_eq!(shop.rows("alert", "alert_id", &id).len(), 1);
    assert_eq!(shop.stock_of(&sku), (5, 0), "the stock does not wait for the money");
    assert_eq!(guest.order_rows(), [Value::Null; 0]);
    assert_eq!(shop.simulator("DELETE", set.header("location").unwrap()).send().status, 204);
    shop.until_the_provider_is_used_again();
    shop.advance_ms(60 * 60_000);
    shop.run_workers_until_quiet();
    assert_eq!(owed()["state"], "done", "{}", owed());
    assert_eq!(guest.provider_payments().held(), 0);
}

// One capture, however often it is asked for. PAY-3
#[test]
fn a_capture_that_fails_is_repeated_and_taken_once() {
    let shop = Shop::alone();
    if !captures_at_order(&shop) {
        return;
    }
    for fault in ["pm_sim_capture_fails_2", "pm_sim_capture_lost_answer_2"] {
        let guest = shop.guest();
        let order = guest.buy_with(&shop.sku().create(), 1, fault);
        let total = order["total"]["amount_minor"].as_i64().unwrap();
        for _ in 0..4 {
            shop.advance_ms(10 * 60_000);
            shop.run_workers_until_quiet();
        }
        assert_eq!(guest.provider_payments().captured, total, "{fault}");
        let view = guest.order(order["order_id"].as_str().unwrap()).expect(200);
        assert_eq!(view["payment_status"], "captured", "{fault}");
        assert_eq!(view["payment"]["captured"]["amount_minor"], total);
    }
    shop.until_the_provider_is_used_again();
}

// PAY-3: the order stands, somebody is told once, and what is still held can be let go.
#[test]
fn a_capture_that_is_refused_leaves_the_order_and_one_alert() {
    let shop = Shop::alone();
    if !captures_at_order(&shop) {
        return;
    }
    let guest = shop.guest();
    let order = guest.buy_with(&shop.sku().create(), 1, "pm_sim_capture_declined");
    let order_id = order["order_id"].as_str().unwrap();
    for _ in 0..15 {
        shop.advance_ms(10 * 60_000);
        shop.run_workers_until_quiet();
    }
    let view = guest.order(order_id).expect(200);
    assert_eq!(
        (&view["status"], &view["payment_status"]),
        (&json!("confirmed"), &json!("capture_failed")),
        "{view}"
    );
    let owed = guest.compensation_rows();
    assert_eq!(
        (owed.len(), &owed[0]["kind"], &owed[0]["state"]),
        (1, &json!("capture_payment"), &json!("dead")),
        "{owed:?}"
    );
    let id = owed[0]["compensation_id"].as_str().unwrap();
    assert_eq!(shop.rows("alert", "alert_id", &format!("compensation_dead:{id}")).len(), 1);
    guest.cancelling(order_id).send().expect(200);
    shop.run_workers_until_quiet();
    assert_eq!(guest.provider_payments().held(), 0);
    shop.until_the_provider_is_used_again();
}

// Money goes back once, whoever asks and however often.
#[test]
fn a_lost_answer_to_a_refund_does_not_refund_twice() {
    let shop = Shop::alone();
    let operation = if captures_at_order(&shop) { "refund" } else { "void" };
    let guest = shop.guest();
    let order = guest.buy_with(&shop.sku().create(), 1, &format!("pm_sim_{operation}_lost_answer"));
    let total = order["total"]["amount_minor"].as_i64().unwrap();
    guest.cancelling(order["order_id"].as_str().unwrap()).send().expect(200);
    for _ in 0..3 {
        shop.advance_ms(WAIT_LIMIT_MS);
        shop.run_workers_until_quiet();
    }
    let provider = guest.provider_payments();
    assert_eq!(provider.voided + provider.refunded, total);
    assert_eq!(provider.held(), 0);
    assert_eq!(guest.compensation_rows()[0]["state"], "done");
    shop.until_the_provider_is_used_again();
}

// PAY-2: closed, open, half-open, closed.
#[test]
fn a_provider_that_keeps_failing_is_left_alone_for_a_while() {
    let shop = Shop::alone();
    let sku = shop.sku().create();
    shop.until_the_provider_is_used_again();
    let failing: Vec<_> = (0..8)
        .map(|_| {
            let guest = shop.guest();
            guest.add(&sku, 1).expect(200);
            let session = guest.check_out_with("pm_sim_status_503");
            (guest, session)
        })
        .collect();
    // One after another: failures at the very same moment may count as one, for the count has no
    // atomics.
    for (_, session) in &failing {
        session.confirm().problem(503, "provider_unavailable");
    }
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let refused = guest.check_out().confirm();
    refused.problem(503, "provider_unavailable");
    assert!((1..=60).contains(&refused.retry_after_s()), "{refused:?}");
    assert_eq!(guest.provider_payments().times_authorized, 0, "nothing was sent");
    shop.until_the_provider_is_used_again();
    // Nothing was sent for this guest, so nothing is in doubt and the card works now.
    guest.check_out().confirm().expect(201);
    for _ in 0..30 {
        let resting =
            |saga: &Value| !["authorizing", "voiding"].contains(&saga["state"].as_str().unwrap());
        if failing
            .iter()
            .all(|(guest, _)| shop.rows("saga", "cart_id", &guest.cart_id).iter().all(resting))
        {
            break;
        }
        shop.advance_ms(10 * 60_000);
        shop.run_workers_until_quiet();
    }
    for (guest, _) in &failing {
        assert!(!guest.has_one_paid_order_or_nothing());
    }
    shop.until_the_provider_is_used_again();
}
