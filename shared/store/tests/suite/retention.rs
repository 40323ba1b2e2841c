//! What nothing needs any more goes, and what happened stays (EVT-5).

use serde_json::{Value, json};
use store::sql;

use super::{
    shopper::{keyed, shopper, with},
    support::{Database, shop},
};

const OF_ANN: &[(&str, &str, i64)] = &[("TILL-0001", "wh-hanoi", 2)];
const RETENTION_MS: i64 = 30 * 86_400_000;
/// What no run may touch.
const HAPPENED: [&str; 7] =
    ["orders", "order_line", "order_history", "payment", "saga", "stock_movement", "reservation"];

fn settled(shop: &Database, limit: i64) -> Value {
    shop.list(
        &sql::RECORD_SETTLED,
        &json!({"limit": limit, "retention_ms": RETENTION_MS, "contact_ms": RETENTION_MS}),
    )
    .remove(0)
}

fn prune(shop: &Database, found: &Value) -> Value {
    shop.does(&sql::RECORD_PRUNE, &with(found.clone(), json!({"retention_ms": RETENTION_MS})))
}

fn counts(shop: &Database, tables: &[&str]) -> Vec<Value> {
    tables.iter().map(|table| shop.one(&format!("select count(*) from {table}"))).collect()
}

#[test]
fn what_is_settled_and_old_goes_and_what_happened_stays() {
    let (shop, ann, bob) = (shop(), shopper("ann"), shopper("bob"));
    ann.pays(&shop, OF_ANN);
    let version = bob.fills_a_cart(&shop, OF_ANN);
    shop.does(&sql::CART_CLEAR, &with(bob.clear(), keyed("cleared")));
    shop.does(&sql::CHECKOUT_BEGIN, &bob.checkout(version + 1));
    shop.exec("update checkout_session set status = 'replaced' where owner = 'bob'");
    shop.exec("update outbox set state = 'published'");
    shop.exec("insert into inbox (source, event_id, type, reference, known, received_at_ms) select 'stripe', 'evt', 'refund.updated', null, 0, created_at_ms from orders");
    let nothing = json!({"records": [], "events": [], "confirms": [], "sessions": [], "data_keys": [], "webhooks": []});
    assert_eq!(settled(&shop, 9), nothing, "all of it is young");

    shop.advance(RETENTION_MS + 86_400_000);
    let happened = counts(&shop, &HAPPENED);
    let published = shop.one("select count(*) from outbox").as_i64().unwrap();
    assert!(published > 0);
    let found = settled(&shop, 99);
    assert_eq!(found["records"], json!(["cleared"]));
    assert_eq!(found["confirms"], json!([{"owner": "ann", "key": "key-ann", "is_last": true}]));
    assert_eq!(found["sessions"], json!(["session-bob"]), "the session of an order stays");
    assert_eq!(found["data_keys"], json!(["ann", "bob"]));
    assert_eq!(found["webhooks"], json!([{"source": "stripe", "event_id": "evt"}]));
    assert_eq!(prune(&shop, &found), json!({"pruned": published + 5}));
    assert_eq!(
        counts(&shop, &["outbox", "idempotency", "confirm_key", "inbox"]),
        [json!(0), json!(0), json!(0), json!(0)]
    );
    assert_eq!(
        shop.rows("select session_id, status from checkout_session"),
        ["session-ann|completed"]
    );
    assert_eq!(counts(&shop, &HAPPENED), happened);
    assert_eq!(prune(&shop, &found), json!({"pruned": 0}), "once");
    assert_eq!(
        shop.one("select value from counter where name = 'records_pruned_total'"),
        json!(published + 5)
    );
    assert_eq!(settled(&shop, 9), nothing);
}

#[test]
fn a_data_key_goes_when_no_contact_is_sealed_with_it() {
    let (shop, ann, bob) = (shop(), shopper("ann"), shopper("bob"));
    ann.pays(&shop, OF_ANN);
    let version = bob.fills_a_cart(&shop, OF_ANN);
    shop.does(&sql::CHECKOUT_BEGIN, &bob.checkout(version));
    shop.exec("update checkout_session set status = 'expired' where owner = 'bob'");
    shop.exec("update outbox set state = 'dead'");
    shop.advance(RETENTION_MS + 86_400_000);
    let but_sessions = with(settled(&shop, 99), json!({"sessions": []}));
    prune(&shop, &but_sessions);
    assert_eq!(shop.rows("select owner from data_key order by 1"), ["ann", "bob"], "needed then");
    prune(&shop, &settled(&shop, 99));
    assert_eq!(settled(&shop, 99)["data_keys"], json!([]), "and not asked again so soon");

    shop.advance(RETENTION_MS + 1_000);
    shop.exec("update data_key set used_at_ms = used_at_ms - 1 where owner = 'ann'");
    let found = settled(&shop, 99);
    assert_eq!(found["data_keys"], json!(["ann", "bob"]));
    // Who comes to the checkout again meanwhile keeps theirs.
    shop.exec("update data_key set used_at_ms = used_at_ms + 86400000 where owner = 'bob'");
    assert_eq!(prune(&shop, &found), json!({"pruned": 0}));
    shop.exec("update data_key set used_at_ms = used_at_ms - 86400000 where owner = 'bob'");
    assert_eq!(prune(&shop, &found), json!({"pruned": 1}));
    assert_eq!(shop.rows("select owner from data_key"), ["ann"]);
}

#[test]
fn what_is_not_settled_stays_however_old_it_is() {
    let (shop, ann, bob) = (shop(), shopper("ann"), shopper("bob"));
    // One is being paid, one holds stock after a decline, and neither's events were ever taken.
    ann.confirms(&shop, OF_ANN);
    bob.confirms(&shop, OF_ANN);
    shop.does(&sql::SAGA_SETTLE, &with(bob.settle("declined"), json!({"free_cart": true})));
    shop.exec("update checkout_session set status = 'expired'");
    shop.exec("update outbox set state = 'dead'");
    shop.advance(2 * RETENTION_MS);
    let found = settled(&shop, 99);
    assert_eq!((&found["events"], &found["sessions"]), (&json!([]), &json!([])));
    // Once nothing is held for it, it may go; a dead event once somebody has settled it.
    shop.exec("update reservation set status = 'released'");
    shop.exec("update outbox set state = 'resolved'");
    let found = settled(&shop, 99);
    assert_eq!(found["sessions"], json!(["session-bob"]));
    assert_eq!(
        found["events"].as_array().unwrap().len(),
        shop.rows("select outbox_id from outbox").len()
    );
}

#[test]
fn a_key_that_was_taken_anew_meanwhile_stays() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.pays(&shop, OF_ANN);
    shop.exec("insert into confirm_key (owner, idempotency_key, saga_id, request_hash, created_at_ms) select owner, 'younger', saga_id, request_hash, created_at_ms from confirm_key");
    shop.advance(RETENTION_MS + 1_000);
    shop.exec(&format!("update confirm_key set created_at_ms = created_at_ms + {RETENTION_MS} where idempotency_key = 'younger'"));
    let found = settled(&shop, 1);
    assert_eq!(found["confirms"], json!([{"owner": "ann", "key": "key-ann", "is_last": false}]));
    shop.exec(&format!("update confirm_key set created_at_ms = created_at_ms + {RETENTION_MS} where idempotency_key = 'key-ann'"));
    let only_confirms = with(found, json!({"events": []}));
    assert_eq!(prune(&shop, &only_confirms), json!({"pruned": 0}));
    assert_eq!(shop.one("select count(*) from confirm_key"), json!(2));
}

#[test]
fn the_oldest_go_first() {
    let shop = shop();
    for (at, key) in ["c", "a", "b"].into_iter().enumerate() {
        shop.exec(&format!("insert into idempotency (idempotency_key, request_hash, expires_at_ms) values ('{key}', 'h', {at})"));
    }
    let found = settled(&shop, 2);
    assert_eq!(found["records"], json!(["c", "a"]));
    assert_eq!(prune(&shop, &found), json!({"pruned": 2}));
    assert_eq!(settled(&shop, 2)["records"], json!(["b"]));
}
