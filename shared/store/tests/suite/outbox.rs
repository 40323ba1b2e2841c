//! Events out: in order per aggregate, at least once, never by two relays at one time (EVT-1,
//! EVT-5).

use serde_json::{Value, json};
use store::sql;

use super::{
    shopper::{LEASE_MS, event, shopper, with},
    support::{Database, shop},
};

/// Events 1… of these aggregates, in this order.
fn outbox(aggregates: &[&str]) -> Database {
    let shop = shop();
    let events: Vec<_> = aggregates
        .iter()
        .enumerate()
        .map(|(at, aggregate)| event(&format!("e{}", at + 1), aggregate, "t"))
        .collect();
    shop.does(&sql::CART_CREATE, &with(shopper("ann").cart_create(), json!({"events": events})));
    shop
}

/// The ids this relay takes, in the order they are answered in.
fn lease(shop: &Database, token: &str, limit: i64) -> Vec<i64> {
    let taken = shop.list(
        &sql::OUTBOX_LEASE,
        &json!({"lease_token": token, "lease_ms": LEASE_MS, "limit": limit}),
    );
    taken.iter().map(|event| event["outbox_id"].as_i64().unwrap()).collect()
}

/// Settles, and counts what still waits.
fn settle(shop: &Database, token: &str, over: Value) -> i64 {
    let input = with(
        json!({"lease_token": token, "published": [], "retried": [], "dead": [], "untried": []}),
        over,
    );
    shop.does(&sql::OUTBOX_SETTLE, &input);
    shop.one("select count(*) from outbox where state = 'pending'").as_i64().unwrap()
}

const OUTBOX: &str = "select outbox_id, state, attempts, lease_until_ms > 0 from outbox order by 1";

#[test]
fn events_are_taken_oldest_first_and_by_one_relay() {
    let shop = outbox(&["a", "b", "a", "c"]);
    assert_eq!(lease(&shop, "r1", 3), [1, 2, 3]);
    assert_eq!(lease(&shop, "r2", 9), [4]);
    assert!(lease(&shop, "r3", 9).is_empty());
    let taken = outbox(&["a"])
        .list(&sql::OUTBOX_LEASE, &json!({"lease_token": "r", "lease_ms": 1, "limit": 1}))
        .remove(0);
    assert_eq!(taken["data"], json!({"said": "t"}));
    assert_eq!(
        (&taken["event_id"], &taken["aggregate"], &taken["type"], &taken["attempts"]),
        (&json!("e1"), &json!("a"), &json!("t"), &json!(0))
    );
}

#[test]
fn an_event_never_overtakes_an_earlier_one_of_its_aggregate() {
    let shop = outbox(&["a", "a", "b", "a"]);
    assert_eq!(lease(&shop, "r1", 1), [1]);
    assert_eq!(lease(&shop, "r2", 9), [3], "2 and 4 wait for 1, which is being sent");
    assert_eq!(
        settle(&shop, "r1", json!({"retried": [{"outbox_id": 1, "retry_in_ms": 60_000}]})),
        4
    );
    assert!(lease(&shop, "r3", 9).is_empty(), "2 and 4 wait for 1, which waits for its retry");
    shop.advance(60_000);
    assert_eq!(lease(&shop, "r4", 9), [1, 2, 3, 4]);
}

#[test]
fn a_batch_is_settled_row_by_row() {
    let shop = outbox(&["a", "b", "c", "d", "e"]);
    assert_eq!(lease(&shop, "r1", 9), [1, 2, 3, 4, 5]);
    let left = settle(
        &shop,
        "r1",
        json!({"published": [1], "retried": [{"outbox_id": 2, "retry_in_ms": 1_000}, {"outbox_id": 3, "retry_in_ms": 9_000}],
        "dead": [{"outbox_id": 4, "error": "410"}], "untried": [5]}),
    );
    assert_eq!(left, 3);
    assert_eq!(
        shop.rows(OUTBOX),
        ["1|published|1|0", "2|pending|1|0", "3|pending|1|0", "4|dead|1|0", "5|pending|0|0"]
    );
    assert_eq!(shop.rows("select alert_id, detail from alert"), ["outbox_dead:e4|410"]);
    assert_eq!(lease(&shop, "r2", 9), [5]);
    shop.advance(1_000);
    assert_eq!(lease(&shop, "r3", 9), [2]);
}

#[test]
fn an_event_that_fails_again_and_again_is_told_once_and_says_since_when() {
    let shop = outbox(&["a", "b"]);
    let fails = |token: &str, alert: Value| {
        lease(&shop, token, 9);
        settle(
            &shop,
            token,
            json!({"retried": [{"outbox_id": 1, "retry_in_ms": 0, "alert": alert}], "untried": [2]}),
        );
        shop.advance(1_000);
        shop.one("select failing_since_ms from outbox where outbox_id = 1")
    };
    let since = fails("r1", json!(null));
    assert!(shop.rows("select alert_id from alert").is_empty());
    assert_eq!(fails("r2", json!("503")), since);
    assert_eq!(fails("r3", json!("500")), since);
    assert_eq!(shop.rows("select alert_id, detail from alert"), ["outbox_failing:e1|503"]);
    assert_eq!(
        shop.rows("select attempts, failing_since_ms from outbox where outbox_id = 2"),
        ["0|-"]
    );
    let taken = shop
        .list(&sql::OUTBOX_LEASE, &json!({"lease_token": "r", "lease_ms": 1, "limit": 1}))
        .remove(0);
    assert_eq!(taken["failing_since_ms"], since);
    assert!(taken["now_ms"].as_i64().unwrap() >= since.as_i64().unwrap() + 3_000);
}

#[test]
fn a_dead_event_lets_the_next_of_its_aggregate_go() {
    let shop = outbox(&["a", "a"]);
    lease(&shop, "r1", 1);
    settle(&shop, "r1", json!({"dead": [{"outbox_id": 1, "error": "410"}]}));
    assert_eq!(lease(&shop, "r2", 9), [2]);
}

#[test]
fn a_stuck_claim_is_taken_over_and_the_late_relay_changes_nothing() {
    let shop = outbox(&["a", "b", "c", "d"]);
    lease(&shop, "r1", 9);
    shop.advance(LEASE_MS);
    assert_eq!(lease(&shop, "r2", 9), [1, 2, 3, 4]);
    let before = shop.everything();
    settle(
        &shop,
        "r1",
        json!({"published": [1], "retried": [{"outbox_id": 2, "retry_in_ms": 1}], "dead": [{"outbox_id": 3, "error": "410"}], "untried": [4]}),
    );
    assert_eq!(shop.everything(), before);
    assert_eq!(settle(&shop, "r2", json!({"published": [1, 2, 3, 4]})), 0);
    // Settled is settled, by the same relay too.
    let before = shop.everything();
    settle(&shop, "r2", json!({"dead": [{"outbox_id": 1, "error": "410"}]}));
    assert_eq!(shop.everything(), before);
}
