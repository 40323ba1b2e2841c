//! What is owed to a provider until it is done or dead (CHK-8).

use serde_json::{Value, json};
use store::{Refusal, sql};

use super::{
    shopper::{LEASE_MS, event, shopper, with},
    support::{Database, shop},
};

/// A shop where each of `names` has cancelled a paid order, a second apart.
fn cancelled(names: &[&str]) -> Database {
    let shop = shop();
    for name in names {
        shopper(name).pays(&shop, &[("TILL-0001", "wh-hanoi", 1)]);
        shop.does(&sql::ORDER_CANCEL, &shopper(name).cancel());
        shop.advance(1_000);
    }
    shop
}

fn lease(shop: &Database, token: &str, limit: i64, id: Value) -> Vec<Value> {
    shop.list(
        &sql::COMPENSATION_LEASE,
        &json!({"lease_token": token, "lease_ms": LEASE_MS, "limit": limit, "compensation_id": id}),
    )
}

fn settle(state: &str) -> Value {
    json!({"compensation_id": "compensation-ann", "lease_token": "w1", "state": state, "tried": true, "retry_in_ms": 0, "error": null,
        "payment_state": null, "reference": null, "captured_minor": null, "refunded_minor": 0, "payment_refunded_minor": 0, "refund_reference": null, "saga_state": null,
        "next": null, "alert": null, "events": []})
}

const COMPENSATION: &str = "select state, attempts, lease_until_ms, last_error from compensation";

#[test]
fn due_compensations_are_taken_oldest_first_and_by_one_worker() {
    let shop = cancelled(&["bob", "ann", "cat"]);
    let mut taken: Vec<_> = lease(&shop, "w1", 2, Value::Null)
        .iter()
        .map(|taken| taken["compensation_id"].to_string())
        .collect();
    taken.sort();
    assert_eq!(taken, [r#""compensation-ann""#, r#""compensation-bob""#]);
    assert_eq!(lease(&shop, "w2", 9, Value::Null).len(), 1);
    assert!(lease(&shop, "w3", 9, Value::Null).is_empty());
    shop.advance(LEASE_MS);
    assert_eq!(lease(&shop, "w4", 9, Value::Null)[0]["attempts"], 0, "to take one is no try");
}

#[test]
fn a_lease_brings_all_that_the_provider_is_asked_with() {
    let shop = cancelled(&["ann", "bob"]);
    shop.exec(
        "update compensation set retries = 2, refund_reference = 're-1', failing_since_ms = 7 where compensation_id = 'compensation-ann'",
    );
    let taken = lease(&shop, "w1", 9, json!("compensation-ann"));
    let at = |column: &str| {
        shop.one(&format!(
            "select {column} from compensation where compensation_id = 'compensation-ann'"
        ))
    };
    let began = shop.one("select created_at_ms from saga where saga_id = 'saga-ann'");
    let order_number = shop.one("select order_number from orders");
    assert_eq!(
        taken,
        [
            json!({"compensation_id": "compensation-ann", "kind": "refund_payment", "payment_id": "payment-ann", "saga_id": "saga-ann", "amount_minor": 3000,
        "attempts": 0, "retries": 2, "failing_since_ms": 7, "refund_reference": "re-1", "created_at_ms": at("created_at_ms"), "now_ms": taken[0]["now_ms"],
        "saga_created_at_ms": began, "order": {"status": "cancelled", "order_number": order_number, "cart_id": "cart-ann", "left_minor": 3000}, "reason": "why", "plan": shopper("ann").plan(&[("TILL-0001", "wh-hanoi", 1)]),
        "payment": {"payment_id": "payment-ann", "provider": "stripe", "reference": "pi-ann", "method": "pm_card", "state": "captured", "currency": "USD", "amount_minor": 3000, "captured_minor": 3000, "refunded_minor": 0}})
        ]
    );
    assert!(lease(&shop, "w2", 9, json!("compensation-ann")).is_empty());
}

#[test]
fn a_done_compensation_moves_the_payment() {
    let shop = cancelled(&["ann"]);
    lease(&shop, "w1", 1, Value::Null);
    let done = with(
        settle("done"),
        json!({"payment_state": "refunded", "refunded_minor": 3000, "events": [event("e1", "order-ann", "compensation.done")]}),
    );
    assert_eq!(
        shop.does(&sql::COMPENSATION_SETTLE, &done),
        json!({"state": "done", "attempts": 1, "version": null})
    );
    assert_eq!(
        shop.rows(
            "select state, reference, captured_minor, refunded_minor, refunding_minor from payment"
        ),
        ["refunded|pi-ann|3000|3000|0"]
    );
    assert_eq!(shop.rows(COMPENSATION), ["done|1|0|-"]);
    assert!(shop.events().last().unwrap().starts_with("compensation.done|order-ann"));
    shop.refuses(&sql::COMPENSATION_SETTLE, &done, Refusal::CompensationMovedOn);
    shop.advance(LEASE_MS);
    assert!(lease(&shop, "w2", 1, Value::Null).is_empty());
}

#[test]
fn what_a_void_ends_in_its_saga_ends_in() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.confirms(&shop, &[("TILL-0001", "wh-hanoi", 1)]);
    shop.does(
        &sql::SAGA_SETTLE,
        &with(ann.settle("voiding"), json!({"free_cart": true, "release_stock": true, "compensation": ann.compensation("void")})),
    );
    let state =
        || shop.rows("select saga.state, payment.state from saga join payment using (saga_id)");
    lease(&shop, "w1", 1, Value::Null);
    shop.does(&sql::COMPENSATION_SETTLE, &with(settle("pending"), json!({"saga_state": null})));
    assert_eq!(state(), ["voiding|pending"]);
    shop.does(
        &sql::COMPENSATION_SETTLE,
        &with(settle("done"), json!({"saga_state": "failed", "payment_state": "voided"})),
    );
    assert_eq!(state(), ["failed|voided"]);
    // A refund's saga has its order and is left as it is.
    let shop = cancelled(&["ann"]);
    lease(&shop, "w1", 1, Value::Null);
    shop.does(
        &sql::COMPENSATION_SETTLE,
        &with(settle("done"), json!({"saga_state": "failed", "payment_state": "refunded"})),
    );
    assert_eq!(shop.rows("select state from saga"), ["completed"]);
}

#[test]
fn a_failed_attempt_waits_and_is_tried_again() {
    let shop = cancelled(&["ann"]);
    lease(&shop, "w1", 1, Value::Null);
    shop.does(
        &sql::COMPENSATION_SETTLE,
        &with(settle("pending"), json!({"retry_in_ms": 30_000, "error": "no answer"})),
    );
    assert_eq!(shop.rows(COMPENSATION), ["pending|1|0|no answer"]);
    assert!(lease(&shop, "w2", 1, Value::Null).is_empty());
    assert!(lease(&shop, "w2", 1, json!("compensation-ann")).is_empty());
    shop.advance(30_000);
    let taken = lease(&shop, "w2", 1, Value::Null).remove(0);
    assert_eq!(taken["attempts"], 1);
    // Since when it fails is said once, however often it fails; and what is given back untried has
    // not failed.
    let failing_since = taken["failing_since_ms"].as_i64().unwrap();
    assert!(failing_since < taken["now_ms"].as_i64().unwrap());
    shop.does(
        &sql::COMPENSATION_SETTLE,
        &with(
            settle("pending"),
            json!({"lease_token": "w2", "error": "no answer", "alert": "told"}),
        ),
    );
    lease(&shop, "w3", 1, Value::Null);
    shop.does(
        &sql::COMPENSATION_SETTLE,
        &with(
            settle("pending"),
            json!({"lease_token": "w3", "tried": false, "refund_reference": "re-1"}),
        ),
    );
    assert_eq!(
        shop.rows(
            "select attempts, failing_since_ms, last_error, refund_reference from compensation"
        ),
        [format!("2|{failing_since}|no answer|re-1")]
    );
    assert_eq!(
        shop.rows("select alert_id, detail from alert"),
        ["compensation_failing:compensation-ann|told"]
    );
}

#[test]
fn a_void_that_came_too_late_leaves_a_refund_in_its_place() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.orders(&shop, &[("TILL-0001", "wh-hanoi", 1)]);
    shop.exec("update saga set lease_until_ms = 0");
    shop.does(
        &sql::ORDER_CANCEL,
        &with(ann.cancel(), json!({"payment_state": "capture_pending", "compensation": ann.compensation("void_payment")})),
    );
    lease(&shop, "w1", 1, Value::Null);
    let next = json!({"compensation_id": "compensation-2", "kind": "refund_payment", "amount_minor": 2999});
    shop.does(
        &sql::COMPENSATION_SETTLE,
        &with(
            settle("done"),
            json!({"payment_state": "captured", "captured_minor": 2999, "next": next}),
        ),
    );
    assert_eq!(
        shop.rows("select compensation_id, kind, payment_id, saga_id, amount_minor, state, reason, attempts, failing_since_ms from compensation order by 1"),
        ["compensation-2|refund_payment|payment-ann|saga-ann|2999|pending|why|0|-", "compensation-ann|void_payment|payment-ann|saga-ann|3000|done|why|1|-"]
    );
    assert_eq!(
        shop.rows("select state, captured_minor, refunded_minor from payment"),
        ["captured|2999|0"]
    );
    assert_eq!(lease(&shop, "w2", 9, Value::Null)[0]["compensation_id"], "compensation-2");
}

#[test]
fn a_dead_compensation_raises_one_alert() {
    let shop = cancelled(&["ann"]);
    lease(&shop, "w1", 1, Value::Null);
    shop.does(
        &sql::COMPENSATION_SETTLE,
        &with(settle("dead"), json!({"error": "gone", "alert": "refund by hand"})),
    );
    assert_eq!(
        shop.rows("select alert_id, detail from alert"),
        ["compensation_dead:compensation-ann|refund by hand"]
    );
    shop.exec("update compensation set state = 'pending'");
    shop.does(&sql::COMPENSATION_SETTLE, &with(settle("dead"), json!({"alert": "again"})));
    assert_eq!(shop.rows("select detail from alert"), ["refund by hand"]);
    assert_eq!(shop.rows("select state, refunded_minor from payment"), ["captured|0"]);
}

#[test]
fn a_worker_that_lost_its_lease_settles_nothing() {
    let shop = cancelled(&["ann"]);
    shop.refuses(&sql::COMPENSATION_SETTLE, &settle("done"), Refusal::CompensationMovedOn);
    lease(&shop, "w1", 1, Value::Null);
    shop.advance(LEASE_MS);
    lease(&shop, "w2", 1, Value::Null);
    shop.refuses(&sql::COMPENSATION_SETTLE, &settle("done"), Refusal::CompensationMovedOn);
}

#[test]
fn no_more_is_refunded_than_was_captured() {
    let shop = cancelled(&["ann", "bob"]);
    lease(&shop, "w1", 9, Value::Null);
    let before = shop.everything();
    shop.refuses(
        &sql::COMPENSATION_SETTLE,
        &with(settle("done"), json!({"refunded_minor": 3001})),
        Refusal::RefundExceeded,
    );
    assert_eq!(shop.everything(), before);
    shop.refuses(
        &sql::COMPENSATION_SETTLE,
        &with(settle("done"), json!({"reference": "pi-bob"})),
        Refusal::PaymentReferenceTaken,
    );
}
