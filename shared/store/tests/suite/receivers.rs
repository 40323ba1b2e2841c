//! Receivers of events beside the sink: what each is given, in order per aggregate, and nobody held
//! up by another (EVT-7).

use serde_json::{Value, json};
use store::{Refusal, sql};

use super::{
    idempotency::replays,
    shopper::{LEASE_MS, event, shopper, with},
    support::{Database, shop},
};

const LIMIT: i64 = 3;
const DELIVERIES: &str = "select outbox_id, receiver_id, state, attempts, case when lease_token is null then 0 else 1 end, last_error from delivery order by 2, 1";
const ALERTS: &str = "select alert_id, detail from alert order by 1";
const HISTORY: &str = "select subject, seq, kind, actor, reason from history where subject like 'receiver/%' order by 1, 2";

/// A receiver to be, of the events of these types.
fn receiver(id: &str, types: &[&str]) -> Value {
    json!({"subject": format!("receiver/{id}"), "actor": "service:desk", "receiver_id": id, "url": format!("https://{id}.example/hook"),
        "types": types, "active": true, "secrets": format!("v2.key-{id}.sealed"),
        "data_key": {"data_key_id": format!("key-{id}"), "wrapped_by": "w", "wrapped_key": "k"}, "receiver_limit": LIMIT})
}

/// A receiver of everything, for whom the oldest event was given up.
pub fn has_given_up(shop: &Database, id: &str) {
    put(shop, id, &[]);
    fans(shop, 99, true);
    let oldest = lease(shop, id, "r", 1);
    settle(shop, id, "r", json!({"dead": [{"outbox_id": oldest[0], "error": "410"}]}));
}

fn put(shop: &Database, id: &str, types: &[&str]) -> Value {
    shop.does(&sql::RECEIVER_PUT, &receiver(id, types))
}

/// Events e1, e2, … of these aggregates and types.
fn happens(shop: &Database, events: &[(&str, &str)]) {
    let events: Vec<Value> = events
        .iter()
        .enumerate()
        .map(|(at, (aggregate, kind))| event(&format!("e{}", at + 1), aggregate, kind))
        .collect();
    shop.does(&sql::CART_CREATE, &with(shopper("ann").cart_create(), json!({"events": events})));
}

fn due(shop: &Database, limit: i64) -> Value {
    shop.list(&sql::RELAY_DUE, &json!({"limit": limit})).remove(0)
}

/// Gives the oldest events to who wants them.
fn fans(shop: &Database, limit: i64, has_sink: bool) {
    let events = due(shop, limit)["events"].clone();
    shop.does(&sql::DELIVERY_FAN, &json!({"events": events, "has_sink": has_sink}));
}

/// The events that a relay takes for a receiver.
fn lease(shop: &Database, id: &str, token: &str, limit: i64) -> Vec<i64> {
    let input =
        json!({"receiver_id": id, "lease_token": token, "lease_ms": LEASE_MS, "limit": limit});
    let taken = shop.list(&sql::DELIVERY_LEASE, &input);
    taken.iter().map(|event| event["outbox_id"].as_i64().unwrap()).collect()
}

fn settle(shop: &Database, id: &str, token: &str, over: Value) {
    let input = json!({"receiver_id": id, "lease_token": token, "published": [], "retried": [], "dead": [], "untried": []});
    shop.does(&sql::DELIVERY_SETTLE, &with(input, over));
}

fn act(id: &str, to_state: &str, event_id: Option<&str>) -> Value {
    json!({"receiver_id": id, "event_id": event_id, "to_state": to_state, "actor": "service:desk", "reason": "it is up again", "limit": 2,
        "idempotency_key": null, "events": []})
}

/// A receiver `a` of everything, whose events 1 to 4 are given up but for the last.
fn given_up() -> Database {
    let shop = shop();
    put(&shop, "a", &[]);
    happens(&shop, &[("x", "t"), ("y", "t"), ("z", "t"), ("z", "t")]);
    fans(&shop, 9, true);
    assert_eq!(lease(&shop, "a", "r1", 9), [1, 2, 3, 4]);
    let dead: Vec<Value> =
        [1, 2, 3].map(|id| json!({"outbox_id": id, "error": format!("410 of {id}")})).to_vec();
    settle(&shop, "a", "r1", json!({"dead": dead, "untried": [4]}));
    shop
}

#[test]
fn receivers_are_put_listed_and_deleted_with_their_history() {
    let shop = shop();
    let made = put(&shop, "a", &["orders.*", "cart.converted"]);
    let shown = json!({"receiver_id": "a", "url": "https://a.example/hook", "types": ["orders.*", "cart.converted"], "active": true});
    assert_eq!(made, json!({"receiver": shown, "made": true}));
    put(&shop, "b", &[]);
    // Another time it keeps its secret.
    let over = json!({"url": "https://c.example", "active": false, "types": [], "secrets": "v2.other.sealed",
        "data_key": {"data_key_id": "other", "wrapped_by": "w", "wrapped_key": "k"}});
    let changed = shop.does(&sql::RECEIVER_PUT, &with(receiver("a", &[]), over));
    let paused =
        json!({"receiver_id": "a", "url": "https://c.example", "types": [], "active": false});
    assert_eq!(changed, json!({"receiver": paused, "made": false}));
    assert_eq!(
        shop.list(&sql::RECEIVER_LIST, &json!({"cursor": "", "limit": 9})),
        [
            paused.clone(),
            json!({"receiver_id": "b", "url": "https://b.example/hook", "types": [], "active": true})
        ]
    );
    assert_eq!(shop.list(&sql::RECEIVER_LIST, &json!({"cursor": "a", "limit": 9})).len(), 1);
    assert_eq!(
        shop.list(&sql::RECEIVER_VIEW, &json!({"receiver_id": "a"})),
        [json!({"receiver": paused, "secrets": "v2.key-a.sealed", "pending": 0, "dead": 0,
            "data_key": {"data_key_id": "key-a", "wrapped_by": "w", "wrapped_key": "k"}})]
    );
    let gone = json!({"subject": "receiver/a", "actor": "service:desk", "receiver_id": "a", "idempotency_key": null, "events": []});
    assert_eq!(shop.does(&sql::RECEIVER_DELETE, &gone), json!({"subject": "receiver/a"}));
    shop.refuses(&sql::RECEIVER_DELETE, &gone, Refusal::EntryUnknown);
    assert_eq!(shop.rows("select owner from data_key"), ["receiver/b"], "its key is gone");
    assert_eq!(
        shop.rows(HISTORY),
        [
            "receiver/a|1|put|service:desk|-",
            "receiver/a|2|put|service:desk|-",
            "receiver/a|3|deleted|service:desk|-",
            "receiver/b|1|put|service:desk|-"
        ]
    );
    assert!(shop.list(&sql::RECEIVER_VIEW, &json!({"receiver_id": "a"})).is_empty());
    let of_b = with(gone, json!({"subject": "receiver/b", "receiver_id": "b"}));
    replays(&shop, &sql::RECEIVER_DELETE, &of_b);
}

#[test]
fn a_shop_has_so_many_receivers_and_no_more() {
    let shop = shop();
    for id in ["a", "b", "c"] {
        put(&shop, id, &[]);
    }
    shop.refuses(&sql::RECEIVER_PUT, &receiver("d", &[]), Refusal::TooManyReceivers);
    let other = with(receiver("c", &["cart.*"]), json!({"secrets": "v2.other.sealed"}));
    let changed = shop.does(&sql::RECEIVER_PUT, &other);
    assert_eq!(changed["made"], json!(false), "one that is there is changed");
}

#[test]
fn a_secret_is_changed_by_who_has_read_it() {
    let shop = shop();
    put(&shop, "a", &[]);
    let rotate = json!({"subject": "receiver/a", "actor": "service:desk", "receiver_id": "a", "was": "v2.key-a.sealed", "secrets": "v2.key-a.two",
        "old_until_ms": 7});
    shop.does(&sql::RECEIVER_ROTATE, &rotate);
    shop.refuses(&sql::RECEIVER_ROTATE, &rotate, Refusal::ReceiverMovedOn);
    assert_eq!(shop.rows("select secrets from receiver"), ["v2.key-a.two"]);
    assert_eq!(
        shop.rows("select kind, data from history where seq = 2"),
        [r#"rotated|{"old_secrets_until_ms":7}"#]
    );
}

#[test]
fn each_receiver_is_given_what_its_filter_lets_through_once() {
    let shop = shop();
    put(&shop, "all", &[]);
    put(&shop, "some", &["orders.*", "cart.converted"]);
    shop.does(&sql::RECEIVER_PUT, &with(receiver("paused", &[]), json!({"active": false})));
    happens(
        &shop,
        &[
            ("a", "cart.created"),
            ("a", "cart.converted"),
            ("b", "orders.order.created"),
            ("b", "orderss.x"),
            ("b", "orders"),
        ],
    );
    assert_eq!(due(&shop, 2)["events"], json!([1, 2]));
    assert_eq!(due(&shop, 9)["receivers"].as_array().unwrap().len(), 2, "none that is paused");
    fans(&shop, 2, true);
    fans(&shop, 9, true);
    let given = shop.rows("select receiver_id, outbox_id from delivery order by 1, 2");
    assert_eq!(given, ["all|1", "all|2", "all|3", "all|4", "all|5", "some|2", "some|3"]);
    let found = due(&shop, 9);
    assert_eq!((&found["events"], &found["receivers"][0]["waits"]), (&json!([]), &json!(true)));
    // What two runs have found is given once.
    let before = shop.everything();
    shop.does(&sql::DELIVERY_FAN, &json!({"events": [1, 2, 3], "has_sink": false}));
    assert_eq!(shop.everything(), before);
    assert_eq!(
        shop.rows("select distinct state from outbox"),
        ["pending"],
        "they wait for the sink"
    );
}

#[test]
fn without_a_sink_an_event_is_for_its_receivers_alone() {
    let shop = shop();
    happens(&shop, &[("a", "cart.created"), ("b", "cart.created")]);
    shop.exec("update outbox set state = 'published' where outbox_id = 2");
    fans(&shop, 9, false);
    assert_eq!(
        shop.rows("select state, fanned from outbox order by outbox_id"),
        ["fanned|1", "published|1"]
    );
}

#[test]
fn a_delivery_never_overtakes_an_earlier_one_of_its_aggregate_to_the_same_receiver() {
    let shop = shop();
    put(&shop, "a", &[]);
    put(&shop, "b", &[]);
    happens(&shop, &[("x", "t"), ("x", "t"), ("y", "t"), ("x", "t")]);
    fans(&shop, 9, true);
    assert_eq!(lease(&shop, "a", "r1", 1), [1]);
    assert_eq!(lease(&shop, "a", "r2", 9), [3], "2 and 4 wait for 1, which is being sent");
    settle(
        &shop,
        "a",
        "r1",
        json!({"retried": [{"outbox_id": 1, "retry_in_ms": 60_000, "error": "503"}]}),
    );
    assert!(lease(&shop, "a", "r3", 9).is_empty(), "2 and 4 wait for 1, which waits for its retry");
    assert_eq!(lease(&shop, "b", "r4", 9), [1, 2, 3, 4], "another receiver waits for nobody");
    settle(&shop, "b", "r4", json!({"published": [1, 2, 3, 4]}));
    shop.advance(60_000);
    // The claim of r2 is over by now, too.
    assert_eq!(lease(&shop, "a", "r5", 9), [1, 2, 3, 4]);
    let taken = shop.list(
        &sql::DELIVERY_LEASE,
        &json!({"receiver_id": "a", "lease_token": "r6", "lease_ms": 1, "limit": 1}),
    );
    assert!(taken.is_empty(), "claimed");
}

#[test]
fn a_batch_of_a_receiver_is_settled_row_by_row_by_who_has_it() {
    let shop = shop();
    put(&shop, "a", &[]);
    put(&shop, "b", &[]);
    happens(&shop, &[("v", "t"), ("w", "t"), ("x", "t"), ("y", "t"), ("z", "t")]);
    fans(&shop, 9, true);
    lease(&shop, "a", "r1", 9);
    let over = json!({"published": [1], "retried": [{"outbox_id": 2, "retry_in_ms": 1_000, "error": "503", "alert": null}, {"outbox_id": 3, "retry_in_ms": 9_000, "error": "500", "alert": "500"}],
        "dead": [{"outbox_id": 4, "error": "410"}], "untried": [5]});
    let before = shop.everything();
    settle(&shop, "a", "another", over.clone());
    settle(&shop, "b", "r1", over.clone());
    assert_eq!(shop.everything(), before, "neither has it");
    settle(&shop, "a", "r1", over.clone());
    assert_eq!(
        shop.rows(&DELIVERIES.replace("order by", "where receiver_id = 'a' order by")),
        [
            "1|a|published|1|0|-",
            "2|a|pending|1|0|503",
            "3|a|pending|1|0|500",
            "4|a|dead|1|0|410",
            "5|a|pending|0|0|-"
        ]
    );
    assert_eq!(shop.rows(ALERTS), ["receiver_dead:a|410", "receiver_failing:a|500"]);
    let before = shop.everything();
    settle(&shop, "a", "r1", over);
    assert_eq!(shop.everything(), before, "settled is settled");
    // Again dead, again failing: both are told once.
    shop.advance(9_000);
    assert_eq!(lease(&shop, "a", "r2", 9), [2, 3, 5]);
    settle(
        &shop,
        "a",
        "r2",
        json!({"retried": [{"outbox_id": 2, "retry_in_ms": 1, "error": "x", "alert": "x"}], "dead": [{"outbox_id": 3, "error": "x"}]}),
    );
    assert_eq!(shop.rows(ALERTS), ["receiver_dead:a|410", "receiver_failing:a|500"]);
    let listed = |state: &str, cursor: Value| -> Vec<Value> {
        shop.list(
            &sql::DELIVERY_LIST,
            &json!({"receiver_id": "a", "state": state, "cursor": cursor, "limit": 9}),
        )
    };
    let ids = |rows: Vec<Value>| -> Vec<i64> {
        rows.iter().map(|row| row["sequence"].as_i64().unwrap()).collect()
    };
    assert_eq!(ids(listed("dead", json!(null))), [4, 3], "newest first");
    assert_eq!(ids(listed("dead", json!(4))), [3]);
    let one = listed("published", json!(null)).remove(0);
    assert_eq!(
        (&one["event_id"], &one["type"], &one["subject"], &one["attempts"], &one["last_error"]),
        (&json!("e1"), &json!("t"), &json!("v"), &json!(1), &json!(null))
    );
    let whole = shop.list(&sql::OUTBOX_VIEW, &json!({"event_id": "e4"})).remove(0);
    assert_eq!(whole["deliveries"][0]["state"], "dead");
    assert_eq!(whole["deliveries"][1]["receiver_id"], "b");
}

#[test]
fn a_stuck_claim_of_a_receiver_is_taken_over_and_the_late_relay_changes_nothing() {
    let shop = shop();
    put(&shop, "a", &[]);
    happens(&shop, &[("x", "t"), ("x", "t")]);
    fans(&shop, 9, true);
    assert_eq!(lease(&shop, "a", "r1", 9), [1, 2]);
    shop.advance(LEASE_MS);
    assert_eq!(lease(&shop, "a", "r2", 9), [1, 2]);
    let before = shop.everything();
    settle(&shop, "a", "r1", json!({"published": [1], "dead": [{"outbox_id": 2, "error": "410"}]}));
    assert_eq!(shop.everything(), before);
    settle(&shop, "a", "r2", json!({"published": [1, 2]}));
    assert_eq!(shop.rows("select distinct state from delivery"), ["published"]);
}

#[test]
fn an_operator_has_all_that_was_given_up_sent_again() {
    let shop = given_up();
    assert_eq!(
        shop.does(&sql::DELIVERY_ACT, &act("a", "pending", None)),
        json!({"receiver_id": "a", "deliveries": 2, "more": true})
    );
    assert_eq!(
        shop.rows("select state, attempts, case when failing_since_ms > 0 then 1 else 0 end from delivery order by outbox_id"),
        ["pending|0|0", "pending|0|0", "dead|1|1", "pending|0|0"]
    );
    assert_eq!(shop.rows(ALERTS), ["receiver_dead:a|410 of 1"], "one is dead still");
    assert_eq!(lease(&shop, "a", "r2", 9), [1, 2, 4]);
    replays(&shop, &sql::DELIVERY_ACT, &act("a", "pending", None));
    assert_eq!(shop.rows(ALERTS), [""; 0]);
    let none = json!({"receiver_id": "a", "deliveries": 0, "more": false});
    assert_eq!(shop.does(&sql::DELIVERY_ACT, &act("a", "pending", None)), none);
    assert_eq!(
        shop.rows(
            "select kind, actor, reason from history where subject = 'receiver/a' and seq = 2"
        ),
        ["retried|service:desk|it is up again"]
    );
}

#[test]
fn an_operator_gives_deliveries_up_for_good_or_retries_one() {
    let shop = given_up();
    shop.does(&sql::DELIVERY_ACT, &act("a", "resolved", Some("e2")));
    shop.does(&sql::DELIVERY_ACT, &act("a", "pending", Some("e1")));
    let states = || shop.rows("select state from delivery order by outbox_id");
    assert_eq!(states(), ["pending", "resolved", "dead", "pending"]);
    // What is out, being sent, settled, or was never tried, is not for an operator.
    assert_eq!(lease(&shop, "a", "r2", 1), [1]);
    for event_id in ["e1", "e2", "e4", "e9"] {
        shop.refuses(
            &sql::DELIVERY_ACT,
            &act("a", "pending", Some(event_id)),
            Refusal::EventMovedOn,
        );
    }
    shop.refuses(&sql::DELIVERY_ACT, &act("b", "pending", None), Refusal::EntryUnknown);
    // One that waits for its time goes now, and keeps its tries.
    settle(
        &shop,
        "a",
        "r2",
        json!({"retried": [{"outbox_id": 1, "retry_in_ms": 60_000, "error": "503"}]}),
    );
    assert_eq!(lease(&shop, "a", "r3", 1), [4]);
    shop.does(&sql::DELIVERY_ACT, &act("a", "pending", Some("e1")));
    assert_eq!(shop.rows("select attempts from delivery where outbox_id = 1"), ["1"]);
    assert_eq!(lease(&shop, "a", "r4", 9), [1]);
    shop.does(&sql::DELIVERY_ACT, &act("a", "resolved", None));
    assert_eq!(states()[2], "resolved");
}

#[test]
fn what_waits_for_a_receiver_goes_with_it() {
    let shop = given_up();
    put(&shop, "b", &[]);
    let gone = json!({"subject": "receiver/a", "actor": "service:desk", "receiver_id": "a", "idempotency_key": null, "events": []});
    lease(&shop, "a", "r2", 9);
    shop.does(&sql::RECEIVER_DELETE, &gone);
    assert_eq!(shop.rows("select count(*) from delivery"), ["0"]);
    assert_eq!(shop.rows(ALERTS), [""; 0]);
    settle(&shop, "a", "r2", json!({"dead": [{"outbox_id": 4, "error": "410"}]}));
    assert_eq!(shop.rows(ALERTS), [""; 0], "a relay that was late tells nothing of it");
}

#[test]
fn an_event_is_kept_until_it_is_settled_for_every_receiver() {
    const RETENTION_MS: i64 = 30 * 86_400_000;
    let shop = given_up();
    shop.exec("update outbox set state = 'published'");
    shop.advance(RETENTION_MS + 1);
    let found = || {
        let input = json!({"limit": 9, "retention_ms": RETENTION_MS, "contact_ms": RETENTION_MS});
        shop.list(&sql::RECORD_SETTLED, &input).remove(0)
    };
    assert_eq!(found()["events"], json!([]), "each waits for somebody");
    shop.does(&sql::DELIVERY_ACT, &act("a", "resolved", None));
    let settled = found();
    assert_eq!(settled["events"], json!([1, 2]));
    assert_eq!(settled["data_keys"], json!(["receiver/a"]));
    let pruned =
        shop.does(&sql::RECORD_PRUNE, &with(settled, json!({"retention_ms": RETENTION_MS})));
    assert_eq!(pruned["pruned"], json!(2));
    assert_eq!(shop.rows("select outbox_id from delivery order by 1"), ["3", "4"]);
    assert_eq!(
        shop.rows("select owner from data_key"),
        ["receiver/a"],
        "its secret is sealed with it"
    );
}
