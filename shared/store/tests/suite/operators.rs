//! What an operator does with what was given up: tries it again, or settles it with a reason. Each
//! is history.

use serde_json::{Value, json};
use store::{Command, Refusal, StoreError, sql};

use super::{
    shopper::{LEASE_MS, event, shopper, with},
    support::{Database, SharedShop, shop},
};

/// A shop where each of `names` has cancelled a paid order, and its refund is dead.
fn given_up(names: &[&str]) -> Database {
    let shop = shop();
    for name in names {
        cancels(&shop, name);
        dies(&shop, name);
    }
    shop
}

fn cancels(shop: &Database, name: &str) {
    let buyer = shopper(name);
    buyer.pays(shop, &[("TILL-0001", "wh-hanoi", 1)]);
    shop.does(
        &sql::ORDER_CANCEL,
        &with(buyer.cancel(), json!({"compensation": buyer.compensation("refund_payment")})),
    );
}

fn lease(shop: &Database, token: &str, id: &str) -> Vec<Value> {
    shop.list(
        &sql::COMPENSATION_LEASE,
        &json!({"lease_token": token, "lease_ms": LEASE_MS, "limit": 9, "compensation_id": id}),
    )
}

fn settle(id: &str, token: &str, state: &str) -> Value {
    json!({"compensation_id": id, "lease_token": token, "state": state, "tried": true, "retry_in_ms": 60_000, "error": "no answer", "payment_state": null,
        "reference": null, "captured_minor": null, "refunded_minor": 0, "payment_refunded_minor": 0, "refund_reference": null, "saga_state": null, "next": null, "alert": null, "events": []})
}

fn dies(shop: &Database, name: &str) {
    let id = format!("compensation-{name}");
    assert_eq!(lease(shop, "w1", &id).len(), 1);
    shop.does(
        &sql::COMPENSATION_SETTLE,
        &with(settle(&id, "w1", "dead"), json!({"alert": "refund it"})),
    );
    // A time that a test can name.
    shop.exec(&format!(
        "update compensation set failing_since_ms = 7 where compensation_id = '{id}'"
    ));
}

/// As it stands: what an operator's decision is fenced by.
fn seen(shop: &Database, id: &str) -> Value {
    let row = shop.list(&sql::COMPENSATION_VIEW, &json!({"compensation_id": id})).remove(0);
    json!({"compensation_id": id, "state": row["state"], "attempts": row["attempts"], "retries": row["retries"],
        "payment_state": row["payment"]["state"], "payment_refunded_minor": row["payment"]["refunded"]["amount_minor"],
        "legal_from": ["pending", "dead"], "actor": "service:desk", "reason": "the bank is back"})
}

fn retry(shop: &Database, id: &str) -> Value {
    with(seen(shop, id), json!({"to_payment_state": null}))
}

/// Settled without a word of the money.
fn resolve(shop: &Database, id: &str) -> Value {
    with(
        seen(shop, id),
        json!({"to_payment_state": null, "captured_minor": 0, "refunded_minor": 0, "saga_state": "failed", "outcome": "written_off", "events": []}),
    )
}

const ANN: &str = "compensation-ann";
const COMPENSATION: &str = "select state, attempts, retries, failing_since_ms, lease_token, lease_until_ms from compensation order by compensation_id";
const HISTORY: &str = "select subject, seq, kind, actor, reason from history order by subject, seq";
const ALERTS: &str = "select alert_id from alert order by alert_id";

#[test]
fn a_dead_compensation_is_tried_again_as_if_it_were_new() {
    let shop = given_up(&["ann", "bob"]);
    shop.exec("update compensation set failing_since_ms = 7");
    // It was told of before it died, too.
    shop.exec("insert into alert (alert_id, detail, at_ms) values ('compensation_failing:compensation-ann', 'ten tries', 1), ('capture_failing:saga-ann', 'ten tries', 1)");
    let before = shop.rows("select * from payment order by 1");
    let receipt = shop.does(&sql::COMPENSATION_RETRY, &retry(&shop, ANN));
    assert_eq!(
        (&receipt["state"], &receipt["attempts"], &receipt["retries"]),
        (&json!("pending"), &json!(0), &json!(1)),
        "{receipt}"
    );
    assert_eq!(shop.rows(COMPENSATION), ["pending|0|1|-|-|0", "dead|1|0|7|w1|0"]);
    assert_eq!(shop.rows(ALERTS), ["compensation_dead:compensation-bob"]);
    assert_eq!(
        shop.rows(HISTORY),
        ["compensation/compensation-ann|1|retried|service:desk|the bank is back"]
    );
    let data: Value =
        serde_json::from_str(shop.one("select data from history").as_str().unwrap()).unwrap();
    assert_eq!(
        data,
        json!({"state": "dead", "attempts": 1, "failing_since_ms": 7, "last_error": "no answer"})
    );
    let paid =
        "select state, reference, captured_minor, refunded_minor from payment order by payment_id";
    assert_eq!(shop.rows(paid), ["captured|pi-ann|3000|0", "captured|pi-bob|3000|0"]);
    assert_eq!(shop.rows("select * from payment order by 1").len(), before.len());
    // It is due at once, and what dies again is told again.
    dies(&shop, "ann");
    assert_eq!(
        shop.rows(ALERTS),
        ["compensation_dead:compensation-ann", "compensation_dead:compensation-bob"]
    );
    shop.does(&sql::COMPENSATION_RETRY, &retry(&shop, ANN));
    assert_eq!(shop.rows(COMPENSATION)[0], "pending|0|2|-|-|0");
    assert_eq!(
        shop.rows(HISTORY)[1],
        "compensation/compensation-ann|2|retried|service:desk|the bank is back"
    );
}

#[test]
fn what_waits_for_its_time_is_tried_now() {
    let shop = shop();
    cancels(&shop, "ann");
    lease(&shop, "w1", ANN);
    shop.does(&sql::COMPENSATION_SETTLE, &settle(ANN, "w1", "pending"));
    shop.exec("update compensation set failing_since_ms = 7");
    assert!(lease(&shop, "w2", ANN).is_empty());
    let before = shop.one("select attempts from compensation");
    shop.does(&sql::COMPENSATION_RETRY, &retry(&shop, ANN));
    assert_eq!(
        shop.rows("select state, attempts, retries, failing_since_ms from compensation"),
        [format!("pending|{before}|0|7")]
    );
    // Due already: there is nothing to bring forward.
    shop.refuses(&sql::COMPENSATION_RETRY, &retry(&shop, ANN), Refusal::CompensationMovedOn);
    assert_eq!(lease(&shop, "w2", ANN).len(), 1);
}

#[test]
fn an_operator_changes_nothing_that_is_not_as_it_was_read() {
    let shop = given_up(&["ann"]);
    let (again, done) = (retry(&shop, ANN), resolve(&shop, ANN));
    for over in [
        json!({"legal_from": []}),
        json!({"compensation_id": "compensation-nobody"}),
        json!({"state": "pending"}),
        json!({"attempts": 9}),
        json!({"retries": 9}),
        json!({"payment_state": "voided"}),
    ] {
        shop.refuses(
            &sql::COMPENSATION_RETRY,
            &with(again.clone(), over.clone()),
            Refusal::CompensationMovedOn,
        );
        shop.refuses(
            &sql::COMPENSATION_RESOLVE,
            &with(done.clone(), over),
            Refusal::CompensationMovedOn,
        );
    }
    let over = json!({"payment_refunded_minor": 1});
    shop.refuses(
        &sql::COMPENSATION_RESOLVE,
        &with(done.clone(), over),
        Refusal::CompensationMovedOn,
    );
    // A worker has it.
    shop.does(&sql::COMPENSATION_RETRY, &again);
    lease(&shop, "w2", ANN);
    shop.refuses(&sql::COMPENSATION_RETRY, &retry(&shop, ANN), Refusal::CompensationMovedOn);
    shop.refuses(&sql::COMPENSATION_RESOLVE, &resolve(&shop, ANN), Refusal::CompensationMovedOn);
    // It is over.
    shop.does(
        &sql::COMPENSATION_SETTLE,
        &with(
            settle(ANN, "w2", "done"),
            json!({"payment_state": "refunded", "refunded_minor": 3000}),
        ),
    );
    shop.refuses(
        &sql::COMPENSATION_RETRY,
        &with(retry(&shop, ANN), json!({"legal_from": ["pending", "dead"]})),
        Refusal::CompensationMovedOn,
    );
    shop.refuses(&sql::COMPENSATION_RESOLVE, &resolve(&shop, ANN), Refusal::CompensationMovedOn);
}

#[test]
fn of_a_payment_one_thing_is_tried_at_a_time() {
    let shop = given_up(&["ann", "bob"]);
    shop.exec("update compensation set payment_id = 'payment-ann', saga_id = 'saga-ann', state = 'pending' where compensation_id = 'compensation-bob'");
    shop.exec(
        "update compensation set kind = 'void_payment' where compensation_id = 'compensation-bob'",
    );
    shop.refuses(&sql::COMPENSATION_RETRY, &retry(&shop, ANN), Refusal::CompensationReplaced);
    // Two parts of it may go back at once.
    shop.exec("update compensation set kind = 'refund_payment' where compensation_id = 'compensation-bob'");
    shop.does(&sql::COMPENSATION_RETRY, &retry(&shop, ANN));
}

#[test]
fn a_capture_that_is_tried_again_is_asked_for_again() {
    let shop = given_up(&["ann"]);
    shop.exec(
        "update payment set state = 'capture_failed', captured_minor = 0, refunding_minor = 0",
    );
    shop.exec("update compensation set kind = 'capture_payment'");
    shop.does(
        &sql::COMPENSATION_RETRY,
        &with(retry(&shop, ANN), json!({"to_payment_state": "capture_pending"})),
    );
    assert_eq!(shop.rows("select state, captured_minor from payment"), ["capture_pending|0"]);
}

#[test]
fn a_worker_that_was_late_settles_nothing_that_an_operator_has_touched() {
    let shop = shop();
    cancels(&shop, "ann");
    cancels(&shop, "bob");
    lease(&shop, "w1", ANN);
    lease(&shop, "w1", "compensation-bob");
    // The worker hangs beyond its lease, and the rows wait for their time again.
    shop.advance(LEASE_MS);
    shop.exec("update compensation set next_attempt_at_ms = next_attempt_at_ms + 600000");
    shop.does(&sql::COMPENSATION_RETRY, &retry(&shop, ANN));
    shop.does(&sql::COMPENSATION_RESOLVE, &resolve(&shop, "compensation-bob"));
    for id in [ANN, "compensation-bob"] {
        shop.refuses(
            &sql::COMPENSATION_SETTLE,
            &settle(id, "w1", "done"),
            Refusal::CompensationMovedOn,
        );
    }
}

#[test]
fn what_was_done_by_hand_moves_the_payment() {
    let shop = given_up(&["ann"]);
    let by_hand = json!({"to_payment_state": "refunded", "refunded_minor": 3000, "outcome": "done_by_hand",
        "events": [event("e1", "payment/payment-ann", "compensation.resolved")]});
    let receipt = shop.does(&sql::COMPENSATION_RESOLVE, &with(resolve(&shop, ANN), by_hand));
    assert_eq!(
        receipt,
        json!({"compensation_id": ANN, "state": "resolved", "outcome": "done_by_hand", "payment_state": "refunded"})
    );
    assert_eq!(
        shop.rows("select state, captured_minor, refunded_minor from payment"),
        ["refunded|3000|3000"]
    );
    assert_eq!(shop.rows(COMPENSATION), ["resolved|1|0|7|-|0"]);
    assert_eq!(shop.rows(ALERTS), [""; 0]);
    assert_eq!(
        shop.rows(HISTORY),
        ["compensation/compensation-ann|1|resolved|service:desk|the bank is back"]
    );
    assert_eq!(shop.one("select data ->> 'outcome' from history"), json!("done_by_hand"));
    assert!(
        shop.events().last().unwrap().starts_with("compensation.resolved|payment/payment-ann|")
    );
    shop.advance(LEASE_MS);
    assert!(lease(&shop, "w2", ANN).is_empty());
}

#[test]
fn a_capture_by_hand_is_captured() {
    let shop = given_up(&["ann"]);
    shop.exec(
        "update payment set state = 'capture_failed', captured_minor = 0, refunding_minor = 0",
    );
    shop.exec("update compensation set kind = 'capture_payment'");
    let by_hand =
        json!({"to_payment_state": "captured", "captured_minor": 3000, "outcome": "done_by_hand"});
    shop.does(&sql::COMPENSATION_RESOLVE, &with(resolve(&shop, ANN), by_hand));
    assert_eq!(
        shop.rows("select state, captured_minor, refunded_minor from payment"),
        ["captured|3000|0"]
    );
}

#[test]
fn what_is_written_off_leaves_the_payment_and_ends_the_saga() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.confirms(&shop, &[("TILL-0001", "wh-hanoi", 1)]);
    let back = json!({"payment_state": "authorized", "reference": "pi-ann", "free_cart": true, "release_stock": true,
        "compensation": ann.compensation("void_payment")});
    shop.does(&sql::SAGA_SETTLE, &with(ann.settle("voiding"), back));
    let state = "select saga.state, payment.state, captured_minor, refunded_minor from saga join payment using (saga_id)";
    assert_eq!(shop.rows(state), ["voiding|authorized|0|0"]);
    shop.does(&sql::COMPENSATION_RESOLVE, &resolve(&shop, ANN));
    assert_eq!(shop.rows(state), ["failed|authorized|0|0"]);
}

#[test]
fn what_is_owed_is_listed_by_state_and_kind_oldest_first() {
    let shop = given_up(&["bob", "ann", "cat"]);
    cancels(&shop, "dan");
    shop.exec(
        "update compensation set kind = 'void_payment' where compensation_id = 'compensation-bob'",
    );
    let list = |state: &str, kind: Value, cursor: Value, limit: i64| -> Vec<String> {
        let input = json!({"state": state, "kind": kind, "cursor": cursor, "limit": limit});
        shop.list(&sql::COMPENSATION_LIST, &input)
            .iter()
            .map(|row| row["compensation_id"].as_str().unwrap().replace("compensation-", ""))
            .collect()
    };
    assert_eq!(list("dead", json!(null), json!(null), 9), ["ann", "bob", "cat"]);
    assert_eq!(list("dead", json!(null), json!("compensation-ann"), 1), ["bob"]);
    assert_eq!(list("dead", json!("void_payment"), json!(null), 9), ["bob"]);
    assert_eq!(list("pending", json!(null), json!(null), 9), ["dan"]);
    assert_eq!(list("resolved", json!(null), json!(null), 9), [""; 0]);
    let row = shop
        .list(
            &sql::COMPENSATION_LIST,
            &json!({"state": "dead", "kind": null, "cursor": null, "limit": 1}),
        )
        .remove(0);
    let (created, next) = (row["created_at_ms"].clone(), row["next_attempt_at_ms"].clone());
    assert_eq!(
        row,
        json!({"compensation_id": ANN, "kind": "refund_payment", "state": "dead", "reason": "why", "payment_id": "payment-ann", "order_id": "order-ann",
            "amount": {"amount_minor": 3000, "currency": "USD"}, "attempts": 1, "retries": 0, "failing_since_ms": 7, "next_attempt_at_ms": next,
            "last_error": "no answer", "created_at_ms": created})
    );
}

#[test]
fn what_is_owed_is_seen_whole() {
    let shop = given_up(&["ann"]);
    shop.exec("update compensation set refund_reference = 're-ann'");
    shop.does(&sql::COMPENSATION_RETRY, &retry(&shop, ANN));
    let view = || shop.list(&sql::COMPENSATION_VIEW, &json!({"compensation_id": ANN})).remove(0);
    let row = view();
    let number = shop.one("select order_number from orders");
    let usd = |minor: i64| json!({"amount_minor": minor, "currency": "USD"});
    assert_eq!(
        row["order"],
        json!({"order_id": "order-ann", "order_number": number, "status": "cancelled"})
    );
    assert_eq!(
        row["payment"],
        json!({"provider": "stripe", "reference": "pi-ann", "state": "captured", "amount": usd(3000), "captured": usd(3000), "refunded": usd(0)})
    );
    assert_eq!(
        (&row["refund_reference"], &row["saga_id"], &row["leased"]),
        (&json!("re-ann"), &json!("saga-ann"), &json!(false))
    );
    let (at_ms, said) = (
        row["history"][0]["at_ms"].clone(),
        json!({"state": "dead", "attempts": 1, "failing_since_ms": 7, "last_error": "no answer"}),
    );
    assert_eq!(
        row["history"],
        json!([{"seq": 1, "kind": "retried", "actor": "service:desk", "reason": "the bank is back", "at_ms": at_ms, "data": said}])
    );
    lease(&shop, "w2", ANN);
    assert_eq!(view()["leased"], json!(true));
    assert!(
        shop.list(&sql::COMPENSATION_VIEW, &json!({"compensation_id": "compensation-nobody"}))
            .is_empty()
    );
    // A void of a confirm that made no order has none.
    let bob = shopper("bob");
    bob.confirms(&shop, &[("TILL-0001", "wh-hanoi", 1)]);
    let back = json!({"free_cart": true, "release_stock": true, "compensation": bob.compensation("void_payment")});
    shop.does(&sql::SAGA_SETTLE, &with(bob.settle("voiding"), back));
    let row = shop
        .list(&sql::COMPENSATION_VIEW, &json!({"compensation_id": "compensation-bob"}))
        .remove(0);
    assert_eq!(
        (&row["order"], &row["order_id"], &row["history"]),
        (&Value::Null, &Value::Null, &json!([]))
    );
}

/// Events 1… of these aggregates, in this order; those named are dead.
fn outbox(aggregates: &[&str], dead: &[i64]) -> Database {
    let shop = shop();
    let events: Vec<_> = aggregates
        .iter()
        .enumerate()
        .map(|(at, aggregate)| event(&format!("e{}", at + 1), aggregate, "t"))
        .collect();
    shop.does(&sql::CART_CREATE, &with(shopper("ann").cart_create(), json!({"events": events})));
    if !dead.is_empty() {
        sends(&shop, "r1", dead.len());
        let dead: Vec<Value> =
            dead.iter().map(|id| json!({"outbox_id": id, "error": "410"})).collect();
        settles(&shop, "r1", json!({"dead": dead}));
        shop.exec("update outbox set failing_since_ms = 7 where state = 'dead'");
    }
    shop
}

fn sends(shop: &Database, token: &str, limit: usize) -> Vec<i64> {
    let taken = shop.list(
        &sql::OUTBOX_LEASE,
        &json!({"lease_token": token, "lease_ms": LEASE_MS, "limit": limit}),
    );
    taken.iter().map(|event| event["outbox_id"].as_i64().unwrap()).collect()
}

fn settles(shop: &Database, token: &str, over: Value) {
    shop.does(&sql::OUTBOX_SETTLE, &with(json!({"lease_token": token, "published": [], "retried": [], "dead": [], "untried": []}), over));
}

fn of_event(shop: &Database, id: &str) -> Value {
    let row = shop.list(&sql::OUTBOX_VIEW, &json!({"event_id": id})).remove(0);
    json!({"event_id": id, "state": row["state"], "attempts": row["attempts"], "legal_from": ["pending", "dead"], "actor": "service:desk", "reason": "it is up again"})
}

const OUTBOX: &str = "select outbox_id, state, attempts, failing_since_ms, lease_token, lease_until_ms from outbox order by 1";

#[test]
fn a_dead_event_goes_out_again_before_those_that_still_wait() {
    let shop = outbox(&["a", "a", "a", "b"], &[1]);
    shop.exec(
        "insert into alert (alert_id, detail, at_ms) values ('outbox_failing:e1', 'ten tries', 1)",
    );
    assert_eq!(sends(&shop, "r2", 1), [2], "what is dead holds nobody up");
    settles(&shop, "r2", json!({"published": [2]}));
    let receipt = shop.does(&sql::OUTBOX_RETRY, &of_event(&shop, "e1"));
    assert_eq!(
        (&receipt["event_id"], &receipt["state"], &receipt["attempts"]),
        (&json!("e1"), &json!("pending"), &json!(0)),
        "{receipt}"
    );
    assert_eq!(shop.rows(OUTBOX)[0], "1|pending|0|-|-|0");
    assert_eq!(shop.rows(ALERTS), [""; 0]);
    assert_eq!(shop.rows(HISTORY), ["event/e1|1|retried|service:desk|it is up again"]);
    let data: Value =
        serde_json::from_str(shop.one("select data from history").as_str().unwrap()).unwrap();
    assert_eq!(
        data,
        json!({"state": "dead", "attempts": 1, "failing_since_ms": 7, "last_error": "410"})
    );
    // 2 was earlier; 3 waits for it.
    assert_eq!(sends(&shop, "r3", 1), [1]);
    assert_eq!(sends(&shop, "r4", 9), [4]);
    settles(&shop, "r3", json!({"dead": [{"outbox_id": 1, "error": "411"}]}));
    assert_eq!(
        shop.rows("select alert_id, detail from alert"),
        ["outbox_dead:e1|411"],
        "what dies again is told again"
    );
    assert_eq!(sends(&shop, "r5", 9), [3]);
}

#[test]
fn an_event_that_waits_for_its_time_is_sent_now() {
    let shop = outbox(&["a"], &[]);
    sends(&shop, "r1", 1);
    settles(&shop, "r1", json!({"retried": [{"outbox_id": 1, "retry_in_ms": 60_000}]}));
    shop.exec("update outbox set failing_since_ms = 7");
    assert!(sends(&shop, "r2", 1).is_empty());
    shop.does(&sql::OUTBOX_RETRY, &of_event(&shop, "e1"));
    assert_eq!(shop.rows("select state, attempts, failing_since_ms from outbox"), ["pending|1|7"]);
    shop.refuses(&sql::OUTBOX_RETRY, &of_event(&shop, "e1"), Refusal::EventMovedOn);
    assert_eq!(sends(&shop, "r2", 1), [1]);
}

#[test]
fn an_event_that_is_given_up_for_good_goes_nowhere_and_holds_nobody_up() {
    let shop = outbox(&["a", "a", "b"], &[1]);
    let receipt = shop.does(&sql::OUTBOX_RESOLVE, &of_event(&shop, "e1"));
    assert_eq!(receipt, json!({"event_id": "e1", "state": "resolved"}));
    assert_eq!(shop.rows(OUTBOX)[0], "1|resolved|1|7|-|0");
    assert_eq!(shop.rows(ALERTS), [""; 0]);
    assert_eq!(shop.rows(HISTORY), ["event/e1|1|resolved|service:desk|it is up again"]);
    // One that waits, too: its successor is free.
    let waits = outbox(&["a", "a"], &[]);
    waits.does(&sql::OUTBOX_RESOLVE, &of_event(&waits, "e1"));
    assert_eq!(sends(&waits, "r2", 9), [2]);
    assert_eq!(sends(&shop, "r2", 9), [2, 3]);
}

#[test]
fn an_operator_changes_no_event_that_is_not_as_it_was_read() {
    let shop = outbox(&["a", "b"], &[1]);
    for over in [
        json!({"legal_from": []}),
        json!({"event_id": "e9"}),
        json!({"state": "pending"}),
        json!({"attempts": 9}),
    ] {
        let input = with(of_event(&shop, "e1"), over);
        shop.refuses(&sql::OUTBOX_RETRY, &input, Refusal::EventMovedOn);
        shop.refuses(&sql::OUTBOX_RESOLVE, &input, Refusal::EventMovedOn);
    }
    // A relay has it; then it is out.
    sends(&shop, "r2", 9);
    shop.refuses(&sql::OUTBOX_RETRY, &of_event(&shop, "e2"), Refusal::EventMovedOn);
    shop.refuses(&sql::OUTBOX_RESOLVE, &of_event(&shop, "e2"), Refusal::EventMovedOn);
    settles(&shop, "r2", json!({"published": [2]}));
    shop.refuses(&sql::OUTBOX_RETRY, &of_event(&shop, "e2"), Refusal::EventMovedOn);
    shop.refuses(&sql::OUTBOX_RESOLVE, &of_event(&shop, "e2"), Refusal::EventMovedOn);
}

#[test]
fn a_relay_that_was_late_settles_no_event_that_an_operator_has_touched() {
    let shop = outbox(&["a", "b"], &[]);
    sends(&shop, "r1", 9);
    shop.advance(LEASE_MS);
    shop.exec("update outbox set next_attempt_at_ms = next_attempt_at_ms + 600000");
    shop.does(&sql::OUTBOX_RETRY, &of_event(&shop, "e1"));
    shop.does(&sql::OUTBOX_RESOLVE, &of_event(&shop, "e2"));
    let before = shop.everything();
    settles(&shop, "r1", json!({"published": [1], "dead": [{"outbox_id": 2, "error": "410"}]}));
    assert_eq!(shop.everything(), before);
}

#[test]
fn events_are_listed_by_state_and_seen_whole() {
    let shop = outbox(&["a", "b", "c", "d", "e"], &[1, 2, 3]);
    shop.does(&sql::OUTBOX_RESOLVE, &of_event(&shop, "e2"));
    sends(&shop, "r2", 1);
    settles(&shop, "r2", json!({"published": [4]}));
    let list = |state: &str, cursor: Value, limit: i64| -> Vec<String> {
        let rows = shop
            .list(&sql::OUTBOX_LIST, &json!({"state": state, "cursor": cursor, "limit": limit}));
        rows.iter().map(|row| row["event_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(list("dead", json!(null), 9), ["e1", "e3"]);
    assert_eq!(list("dead", json!(null), 1), ["e1"]);
    assert_eq!(list("dead", json!(1), 9), ["e3"]);
    assert_eq!(list("resolved", json!(null), 9), ["e2"]);
    assert_eq!(list("pending", json!(null), 9), ["e5"]);
    let row = shop
        .list(&sql::OUTBOX_LIST, &json!({"state": "dead", "cursor": null, "limit": 1}))
        .remove(0);
    let (created, next) = (row["created_at_ms"].clone(), row["next_attempt_at_ms"].clone());
    let shown = json!({"event_id": "e1", "sequence": 1, "type": "t", "subject": "a", "state": "dead", "attempts": 1, "failing_since_ms": 7,
        "next_attempt_at_ms": next, "created_at_ms": created, "last_error": "410"});
    assert_eq!(row, shown);
    let whole = shop.list(&sql::OUTBOX_VIEW, &json!({"event_id": "e1"})).remove(0);
    let data = json!({"said": "t"});
    let more = json!({"data": data, "leased": false, "deliveries": [], "history": []});
    assert_eq!(whole, with(shown, more));
    let resolved = shop.list(&sql::OUTBOX_VIEW, &json!({"event_id": "e2"})).remove(0);
    assert_eq!(
        (&resolved["state"], &resolved["history"][0]["kind"]),
        (&json!("resolved"), &json!("resolved"))
    );
    assert!(shop.list(&sql::OUTBOX_VIEW, &json!({"event_id": "e9"})).is_empty());
}

#[test]
fn alerts_are_listed_oldest_first() {
    let shop = shop();
    shop.exec(
        "insert into alert (alert_id, detail, at_ms) values ('b', 'second', 5), ('c', 'third', 5), ('a', 'last', 9), ('d', 'first', 1)",
    );
    let list = |at_ms: i64, id: &str, limit: i64| -> Vec<String> {
        let rows =
            shop.list(&sql::ALERT_LIST, &json!({"at_ms": at_ms, "alert_id": id, "limit": limit}));
        rows.iter().map(|row| row["alert_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(list(0, "", 9), ["d", "b", "c", "a"]);
    assert_eq!(list(5, "b", 9), ["c", "a"]);
    assert_eq!(list(0, "", 2), ["d", "b"]);
    let row =
        shop.list(&sql::ALERT_LIST, &json!({"at_ms": 0, "alert_id": "", "limit": 1})).remove(0);
    assert_eq!(row, json!({"alert_id": "d", "detail": "first", "at_ms": 1}));
}

#[test]
fn history_is_never_changed_and_never_taken_away() {
    for dialect in [ports::Dialect::Sqlite, ports::Dialect::Postgres] {
        let commands = sql::COMMANDS.iter().flat_map(|command| command.texts(dialect));
        let statements = sql::STATEMENTS.iter().flat_map(|statement| statement.texts(dialect));
        for text in commands.chain(statements).chain([sql::FUNCTIONS]) {
            for change in [
                "update history ",
                "delete from history",
                "update order_history ",
                "delete from order_history",
                "update ledger ",
                "delete from ledger",
                "truncate",
            ] {
                assert!(!text.contains(change), "{change}: {text}");
            }
        }
    }
}

/// Whether it applied; any refusal but `expected` is a failure.
fn applied(shop: &Database, command: &Command, input: &Value, expected: Refusal) -> usize {
    match shop.apply(command, input) {
        Ok(_) => 1,
        Err(StoreError::Refused(refusal)) if refusal == expected => 0,
        Err(error) => panic!("{}: {error}", command.name),
    }
}

#[test]
fn of_operators_who_act_at_once_one_wins() {
    let shared = SharedShop::new();
    let shop = shared.open();
    cancels(&shop, "ann");
    dies(&shop, "ann");
    let (again, done) = (retry(&shop, ANN), resolve(&shop, ANN));
    let acts = |shop: &Database, thread: usize| match thread % 2 {
        0 => applied(shop, &sql::COMPENSATION_RETRY, &again, Refusal::CompensationMovedOn),
        _ => applied(shop, &sql::COMPENSATION_RESOLVE, &done, Refusal::CompensationMovedOn),
    };
    assert_eq!(shared.at_once(acts).iter().sum::<usize>(), 1);
    assert_eq!(shop.one("select count(*) from history"), json!(1));
    let events: Vec<Value> = vec![event("e1", "a", "t")];
    shop.does(&sql::CART_CREATE, &with(shopper("bob").cart_create(), json!({"events": events})));
    shop.exec("update outbox set state = 'dead' where event_id = 'e1'");
    let input = of_event(&shop, "e1");
    let acts = |shop: &Database, thread: usize| {
        let command =
            if thread.is_multiple_of(2) { &sql::OUTBOX_RETRY } else { &sql::OUTBOX_RESOLVE };
        applied(shop, command, &input, Refusal::EventMovedOn)
    };
    assert_eq!(shared.at_once(acts).iter().sum::<usize>(), 1);
}

#[test]
fn of_an_operator_and_a_worker_that_settles_one_wins() {
    let shared = SharedShop::new();
    let shop = shared.open();
    for round in 0..4 {
        let name = format!("buyer-{round}");
        let id = format!("compensation-{name}");
        cancels(&shop, &name);
        lease(&shop, "w1", &id);
        // The worker is late, and still about to write.
        shop.advance(LEASE_MS);
        let (by_worker, by_hand) = (
            with(
                settle(&id, "w1", "done"),
                json!({"payment_state": "refunded", "refunded_minor": 3000}),
            ),
            with(
                resolve(&shop, &id),
                json!({"to_payment_state": "refunded", "refunded_minor": 3000, "outcome": "done_by_hand"}),
            ),
        );
        let acts = |shop: &Database, thread: usize| match thread % 2 {
            0 => applied(shop, &sql::COMPENSATION_SETTLE, &by_worker, Refusal::CompensationMovedOn),
            _ => applied(shop, &sql::COMPENSATION_RESOLVE, &by_hand, Refusal::CompensationMovedOn),
        };
        assert_eq!(shared.at_once(acts).iter().sum::<usize>(), 1);
        assert_eq!(
            shop.rows(&format!(
                "select state, refunded_minor from payment where payment_id = 'payment-{name}'"
            )),
            ["refunded|3000"]
        );
    }
}
