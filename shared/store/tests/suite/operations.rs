//! What keeps the shop running: the clock, the counters, the workers' last runs.

use serde_json::{Value, json};
use store::sql;

use super::support::shop;

#[test]
fn the_ledger_tells_the_version_of_the_schema() {
    let shop = shop();
    assert_eq!(
        shop.list(&sql::SCHEMA_LEDGER, &json!({})),
        [json!({"version": sql::SCHEMA_VERSION})]
    );
}

#[test]
fn what_leaves_no_row_is_counted() {
    let shop = shop();
    let count = |name: &str| shop.list(&sql::COUNTER_ADD, &json!({"name": name})).remove(0);
    assert_eq!(
        (count("a"), count("a"), count("b")),
        (json!({"value": 1}), json!({"value": 2}), json!({"value": 1}))
    );
}

#[test]
fn an_alert_is_raised_once_per_cause_and_stays_as_it_was() {
    let shop = shop();
    let raise = |id: &str, detail: &str| {
        shop.list(&sql::ALERT_RAISE, &json!({"alert_id": id, "detail": detail}))
    };
    assert_eq!(
        raise("amount_negative:cart-1", "first"),
        [json!({"alert_id": "amount_negative:cart-1"})]
    );
    raise("amount_negative:cart-1", "again");
    raise("amount_negative:cart-2", "another");
    assert_eq!(
        shop.rows("select alert_id, detail from alert order by 1"),
        ["amount_negative:cart-1|first", "amount_negative:cart-2|another"]
    );
}

#[test]
fn an_alert_about_a_variable_is_raised_once_a_day() {
    let shop = shop();
    // 2030-01-02T12:00:00Z.
    shop.now_is(1_893_585_600_000);
    let raise = |detail: &str| {
        shop.list(&sql::ALERT_TODAY, &json!({"alert_id": "configuration:a", "detail": detail}))
    };
    assert_eq!(raise("refused"), [json!({"alert_id": "configuration:a:2030-01-02"})]);
    assert_eq!(raise("again"), [json!(null); 0]);
    shop.advance(86_400_000);
    assert_eq!(raise("still").len(), 1);
    let alerts = shop.rows("select alert_id, detail from alert order by alert_id");
    assert_eq!(alerts, ["configuration:a:2030-01-02|refused", "configuration:a:2030-01-03|still"]);
}

#[test]
fn a_workers_last_success_is_one_row() {
    let shop = shop();
    // A report is handed over as a text, as the workers do.
    let ran = |report: Value| {
        shop.list(
            &sql::WORKER_RAN,
            &json!({"worker": "outbox-relay", "report": report.to_string()}),
        )
        .remove(0)
    };
    let first = ran(json!({"done": 1}));
    shop.advance(60_000);
    let second = ran(json!({"done": 2}));
    assert!(second["at_ms"].as_i64().unwrap() - first["at_ms"].as_i64().unwrap() >= 60_000);
    assert_eq!(shop.rows("select worker, report from worker_run"), [r#"outbox-relay|{"done":2}"#]);
    assert_eq!(
        shop.list(&sql::WORKER_REPORT, &json!({"worker": "outbox-relay"})),
        [json!({"done": 2})]
    );
    assert_eq!(shop.list(&sql::WORKER_REPORT, &json!({"worker": "another"})), [json!(null); 0]);
}
