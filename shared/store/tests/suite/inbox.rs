//! What other programs tell (EVT-3).

use super::{
    shopper::{Line, shopper, with},
    support::{Database, shop},
};
use serde_json::{Value, json};
use store::{Refusal, sql};

const A_CUP: &[Line] = &[("TILL-0001", "wh-hanoi", 2)];
const HOUR_MS: i64 = 3_600_000;

fn told(event_id: &str, over: Value) -> Value {
    let of = json!({"source": "event:/erp", "event_id": event_id, "type": "customer.created", "reference": "ann", "actor": "erp",
        "data": {"fact": "customer", "customer_id": "ann"}, "error": null});
    with(of, over)
}

fn accept(shop: &Database, event_id: &str, over: Value) {
    let told = told(event_id, over);
    assert_eq!(shop.does(&sql::INBOX_ACCEPT, &told)["event_id"], event_id);
    shop.refuses(&sql::INBOX_ACCEPT, &told, Refusal::EventSeen);
}

fn due(shop: &Database) -> Vec<Value> {
    let rows = shop.list(&sql::INBOX_DUE, &json!({"limit": 10}));
    rows.iter().map(|row| row["event_id"].clone()).collect()
}

fn settle(shop: &Database, event_id: &str, over: Value) {
    let of = json!({"source": "event:/erp", "event_id": event_id, "attempts": 0, "state": "done", "retry_in_ms": 0, "error": null, "alert": null});
    shop.does(&sql::INBOX_SETTLE, &with(of, over));
}

fn states(shop: &Database) -> Vec<String> {
    shop.rows("select event_id, state, attempts from inbox order by event_id")
}

#[test]
fn what_is_told_is_kept_once_and_worked_until_it_is_done_or_dead() {
    let shop = shop();
    accept(&shop, "a", json!({}));
    accept(&shop, "b", json!({}));
    accept(&shop, "wrong", json!({"error": "invalid_field", "data": null, "reference": null}));
    assert_eq!(due(&shop), ["a", "b"]);
    let row = &shop.list(&sql::INBOX_DUE, &json!({"limit": 1}))[0];
    assert_eq!((&row["actor"], &row["data"]["customer_id"]), (&json!("erp"), &json!("ann")));
    assert_eq!((&row["attempts"], &row["failing_since_ms"]), (&json!(0), &Value::Null));

    settle(&shop, "a", json!({}));
    settle(
        &shop,
        "b",
        json!({"state": "pending", "retry_in_ms": HOUR_MS, "error": "order_not_found", "alert": "failing"}),
    );
    assert_eq!(due(&shop), [Value::Null; 0]);
    assert_eq!(states(&shop), ["a|done|1", "b|pending|1", "wrong|dead|0"]);
    // Whoever read it before somebody else had tried it settles nothing.
    settle(&shop, "b", json!({"state": "dead", "error": "late", "alert": "dead"}));
    assert_eq!(states(&shop), ["a|done|1", "b|pending|1", "wrong|dead|0"]);
    settle(
        &shop,
        "b",
        json!({"state": "dead", "attempts": 1, "error": "order_not_found", "alert": "dead"}),
    );
    assert_eq!(
        shop.rows("select alert_id, detail from alert order by alert_id"),
        [
            "inbox_dead:event:/erp b|order_not_found",
            "inbox_dead:event:/erp wrong|invalid_field",
            "inbox_failing:event:/erp b|order_not_found"
        ]
    );
    let listed = |state: &str, above: Value| {
        let from = json!({"state": state, "at_ms": 0, "source": "", "event_id": "", "limit": 10});
        shop.list(&sql::INBOX_LIST, &with(from, above))
    };
    let dead = listed("dead", json!({}));
    assert_eq!(dead.len(), 2);
    let first = &dead[0];
    assert_eq!((&first["source"], &first["state"]), (&json!("/erp"), &json!("dead")));
    let above = json!({"at_ms": first["next_attempt_at_ms"], "source": "event:/erp", "event_id": first["event_id"]});
    assert_eq!(listed("dead", above), [dead[1].clone()]);
    assert_eq!(listed("done", json!({})), [Value::Null; 0]);
}

#[test]
fn an_operator_has_it_tried_anew_or_gives_it_up() {
    let shop = shop();
    accept(&shop, "a", json!({"error": "invalid_field"}));
    let seen = shop.list(&sql::INBOX_VIEW, &json!({"source": "event:/erp", "event_id": "a"}));
    assert_eq!(seen, [json!({"state": "dead", "attempts": 0, "known": true})]);
    let act = |over: Value| {
        let of = json!({"source": "event:/erp", "event_id": "a", "legal_from": ["pending", "dead"], "attempts": 0, "to_state": "pending", "kind": "retried",
            "actor": "service:ops", "reason": "looked at"});
        with(of, over)
    };
    let done = shop.does(&sql::INBOX_ACT, &act(json!({})));
    assert_eq!(done, json!({"source": "/erp", "event_id": "a", "state": "pending", "attempts": 0}));
    assert_eq!(shop.one("select count(*) from alert"), json!(0));
    assert_eq!(due(&shop), ["a"]);
    shop.refuses(&sql::INBOX_ACT, &act(json!({"attempts": 3})), Refusal::EventMovedOn);
    shop.does(&sql::INBOX_ACT, &act(json!({"to_state": "resolved", "kind": "resolved"})));
    assert_eq!(due(&shop), [Value::Null; 0]);
    shop.refuses(&sql::INBOX_ACT, &act(json!({})), Refusal::EventMovedOn);
    assert_eq!(
        shop.rows("select subject, seq, kind, actor, reason from history order by seq"),
        [
            "inbox/event:/erp a|1|retried|service:ops|looked at",
            "inbox/event:/erp a|2|resolved|service:ops|looked at"
        ]
    );
}

#[test]
fn a_payment_that_others_tell_of_is_looked_at() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.orders(&shop, A_CUP);
    let order_id = ann.own("order");
    let owed = "insert into compensation (compensation_id, kind, payment_id, saga_id, amount_minor, state, reason, attempts, next_attempt_at_ms, lease_until_ms, created_at_ms)";
    shop.exec(&format!(
        "{owed} select 'c-1', 'refund_payment', payment_id, saga_id, 1, 'pending', 'x', 1, updated_at_ms + {HOUR_MS}, 0, updated_at_ms from payment"
    ));
    shop.does(&sql::PAYMENT_LOOK, &json!({"order_id": order_id}));
    let soon = HOUR_MS / 2;
    assert_eq!(
        shop.one(&format!(
            "select count(*) from compensation where next_attempt_at_ms < created_at_ms + {soon}"
        )),
        json!(1)
    );
    shop.refuses(&sql::PAYMENT_LOOK, &json!({"order_id": "order-nobody"}), Refusal::OrderUnknown);
}

#[test]
fn a_customer_who_is_told_of_keeps_what_was_put_here() {
    let shop = shop();
    let tell = |at: i64, segments: Value| {
        let told = json!({"subject": "customer/ann", "actor": "service:crm", "customer_id": "ann", "customer_group": "", "segments": segments, "created_at_ms": at});
        let customer = shop.does(&sql::CUSTOMER_TOLD, &told);
        (customer["created_at_ms"].clone(), customer["segments"].clone())
    };
    assert_eq!(tell(2_000, json!([])), (json!(2_000), json!([])));
    assert_eq!(tell(1_000, json!(["a"])), (json!(1_000), json!(["a"])));
    assert_eq!(tell(3_000, json!(["b"])), (json!(1_000), json!(["a"])));
    assert_eq!(shop.one("select count(*) from history where subject = 'customer/ann'"), json!(2));
    // Nobody is from the future.
    let told = json!({"subject": "customer/bob", "actor": "x", "customer_id": "bob", "customer_group": "", "segments": [], "created_at_ms": i64::MAX});
    let bob = shop.does(&sql::CUSTOMER_TOLD, &told);
    assert_eq!(bob["created_at_ms"], bob["updated_at_ms"]);
}

#[test]
fn a_price_that_is_told_changes_a_sku_as_it_was_read() {
    let shop = shop();
    let seen = |at_ms: i64| {
        let input = json!({"sku": "TILL-0001", "reference": "TILL-0001 USD", "at_ms": at_ms});
        shop.list(&sql::SKU_SEEN, &input)[0].clone()
    };
    let before = seen(1);
    assert_eq!(before["is_overtaken"], false);
    let mut facts = before["facts"].clone();
    facts["prices"]["USD"] = json!(777);
    let put = json!({"skus": [facts], "actor": "service:erp", "seen_seq": before["seq"]});
    shop.does(&sql::SKU_PUT, &put);
    assert_eq!(seen(1)["facts"]["prices"]["USD"], 777);
    // Somebody has changed it since it was read: it is read anew.
    shop.refuses(&sql::SKU_PUT, &put, Refusal::SkuChanged);
    let price = json!({"type": "pricing.price.updated", "reference": "TILL-0001 USD", "data": {"fact": "price", "at_ms": 5}});
    accept(&shop, "p", price);
    assert_eq!((&seen(4)["is_overtaken"], &seen(5)["is_overtaken"]), (&json!(true), &json!(false)));
    settle(&shop, "p", json!({"state": "dead", "error": "x"}));
    assert_eq!(seen(4)["is_overtaken"], false);
}
