//! Workers: run by a schedule, by a colleague, or by a scheduler that can only GET.

use e2e::{Claims, Settings, Shop, eventually, together};
use serde_json::json;

fn workers() -> Vec<&'static str> {
    config::WORKERS.iter().map(|worker| worker.name).collect()
}

// WRK-1
#[test]
fn each_worker_is_run_by_post_and_by_get() {
    let shop = Shop::open();
    for worker in workers() {
        let path = format!("/internal/workers/{worker}");
        let job = shop.token(&format!("workers:{worker}"));
        let runs = [
            shop.call("POST", &path).bearer(&shop.token("workers:run")),
            shop.call("POST", &path).bearer(&job),
            shop.call("GET", &path).bearer(&job),
            shop.call("GET", &format!("{path}?token={job}")),
        ];
        for run in runs {
            let reply = run.send();
            let report = reply.expect(200);
            assert_eq!(report["worker"], worker);
            // WRK-3: a run says what it did, and a run is bounded.
            let count = |member: &str| {
                report[member].as_i64().unwrap_or_else(|| panic!("no {member}: {report}"))
            };
            // The audit takes its batch of each of sixteen walks, and record-cleanup of six tables.
            let most = match worker {
                "consistency-audit" => 16 * 500,
                "record-cleanup" => 6 * 50,
                // It goes on, a batch at a time, as long as it has time (EVT-5).
                "outbox-relay" => i64::MAX,
                _ => 200,
            };
            assert!(count("taken") <= most && count("done") <= count("taken"), "{report}");
            assert_eq!(reply.header("cache-control"), Some("no-store"));
        }
    }
}

// EVT-5: on either database, with either key-value store.
#[test]
fn what_nothing_needs_any_more_goes_and_the_order_stays() {
    let shop = Shop::alone();
    let sku = shop.sku().stock(5).create();
    let guest = shop.guest();
    guest.adding(&sku, 1).keyed("an-add").send().expect(200);
    // Begun twice: the first session is replaced.
    drop(guest.check_out());
    let session = guest.check_out();
    let order = session.confirm().expect(201);
    let order_id = order["order_id"].as_str().unwrap();
    let subject = format!("order/{order_id}");
    eventually("its events are published", || {
        // What other tests have left to send comes first.
        while shop.run("outbox-relay")["done"].as_i64() > Some(0) {}
        shop.rows("outbox", "aggregate", &subject)
            .iter()
            .all(|event| event["state"] == "published")
            .then_some(())
    });
    let sessions = || shop.rows("checkout_session", "cart_id", &guest.cart_id).len();
    let keys = || {
        shop.rows(
            "confirm_key",
            "saga_id",
            shop.rows("saga", "cart_id", &guest.cart_id)[0]["saga_id"].as_str().unwrap(),
        )
        .len()
    };
    shop.run("record-cleanup");
    assert_eq!((sessions(), keys()), (2, 1), "all of it is young");
    assert!(!shop.rows("outbox", "aggregate", &subject).is_empty());

    shop.advance_ms(31 * 86_400_000);
    // Other tests have left much, and each run takes a batch.
    while shop.run("record-cleanup")["done"] != 0 {}
    assert_eq!((sessions(), keys()), (1, 0), "the order's own session stays");
    assert!(shop.rows("outbox", "aggregate", &subject).is_empty());
    guest.call("GET", &format!("/api/v1/orders/{order_id}")).send().expect(200);
    assert_eq!(shop.stock_of(&sku), (4, 0));
    assert!(shop.counter("records_pruned_total") > 0);
}

// WRK-1: each token for its own job.
#[test]
fn nobody_else_runs_a_worker() {
    let shop = Shop::open();
    let guest = shop.guest();
    let secret = &Settings::get().service_token_secret;
    let workers = workers();
    for (number, worker) in workers.iter().enumerate() {
        let path = format!("/internal/workers/{worker}");
        let other_job = shop.token(&format!("workers:{}", workers[(number + 1) % workers.len()]));
        shop.call("POST", &path).send().problem(401, "credential_missing");
        shop.call("GET", &path).send().problem(401, "credential_missing");
        shop.call("POST", &path).bearer(&other_job).send().problem(403, "scope_missing");
        shop.call("GET", &format!("{path}?token={other_job}")).send().problem(403, "scope_missing");
        guest.call("POST", &path).send().problem(401, "credential_invalid");
        let expired = Claims::with_scope("workers:run").expired().signed(secret);
        shop.call("GET", &format!("{path}?token={expired}"))
            .send()
            .problem(401, "credential_invalid");
        shop.call("GET", &format!("{path}?token=")).send().problem(401, "credential_invalid");
        // A token in the query of a POST would end in logs for no reason.
        shop.call("POST", &format!("{path}?token={}", shop.token("workers:run")))
            .send()
            .problem(400, "unknown_field");
        shop.call("DELETE", &path)
            .bearer(&shop.token("workers:run"))
            .send()
            .problem(405, "method_not_allowed");
    }
}

// WRK-2
#[test]
fn runs_at_the_same_time_do_no_harm() {
    let shop = Shop::open();
    let sku = shop.sku().stock(10).create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    guest.check_out_with("pm_card_chargeDeclined").confirm().problem(402, "payment_declined");
    let order = shop.guest().buy(&sku, 1);
    assert!(order["order_id"].is_string());
    let workers = workers();
    together(12, |number| {
        shop.worker_without_lease(workers[number % workers.len()]).send().expect(200);
    });
    assert_eq!(shop.stock_of(&sku), (9, 1), "what is not due is left alone");
}

// WRK-2: even when both have the same work before them.
#[test]
fn parallel_cleanups_release_an_expired_reservation_once() {
    let shop = Shop::alone();
    let sku = shop.sku().stock(10).create();
    for _ in 0..3 {
        let guest = shop.guest();
        guest.add(&sku, 2).expect(200);
        guest.check_out_with("pm_card_chargeDeclined").confirm().problem(402, "payment_declined");
    }
    assert_eq!(shop.stock_of(&sku), (10, 6));
    shop.advance_ms(16 * 60_000);
    together(6, |_| shop.worker_without_lease("reservation-cleanup").send().expect(200));
    shop.run_workers_until_quiet();
    assert_eq!(shop.stock_of(&sku), (10, 0));
    let released = shop
        .rows("stock_movement", "sku", &sku)
        .iter()
        .filter(|row| row["kind"] == "release")
        .count();
    assert_eq!(released, 3);
}

// WRK-6 begins with a row.
#[test]
fn a_worker_leaves_a_row_of_its_last_success() {
    let shop = Shop::open();
    for worker in workers() {
        let before_ms = shop.now_ms();
        shop.run(worker);
        let rows = shop.rows("worker_run", "worker", worker);
        assert_eq!(rows.len(), 1, "{worker}");
        assert!(rows[0]["last_success_at_ms"].as_i64().unwrap() >= before_ms, "{worker}: {rows:?}");
        assert_ne!(rows[0]["report"], json!(""));
    }
}

/// What the audit has raised, by rule. The suite moves the clock for hours and relays events only
/// where that is the matter, so events are late.
fn alerts_of_the_audit(shop: &Shop) -> Vec<String> {
    let rows = shop.call("GET", "/test/rows?table=alert").send().expect(200);
    let ids = rows["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["alert_id"].as_str().unwrap().to_owned());
    ids.filter(|id| id.starts_with("audit:") && !id.starts_with("audit:waiting_event_is_not_late:"))
        .collect()
}

// WRK-5: run after run it goes on where it was, through every table and round again.
#[test]
fn the_audit_goes_through_all_there_is_and_finds_nothing() {
    let shop = Shop::alone();
    let _order = shop.guest().buy(&shop.sku().create(), 1);
    shop.run_workers_until_quiet();
    let before = alerts_of_the_audit(&shop);
    let mut ends = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let report = shop.run("consistency-audit");
        let audit = &report["audit"];
        assert_eq!(audit["stock_waits"], false, "{report}");
        let looked = audit["looked"].as_object().unwrap();
        assert_eq!(looked.len(), 25, "{report}");
        ends.extend(
            looked.keys().filter(|walk| audit["next"].get(walk.as_str()).is_none()).cloned(),
        );
        if ends.len() == looked.len() {
            assert_eq!(alerts_of_the_audit(&shop), before);
            return;
        }
    }
    panic!("only these came to their ends: {ends:?}");
}

// WRK-5, OPS-5: a violation is an alert and a count, once; here that nobody has given back what has
// expired.
#[test]
fn what_the_audit_finds_is_an_alert_once() {
    let shop = Shop::alone();
    shop.run_workers_until_quiet();
    let guest = shop.guest();
    guest.add(&shop.sku().create(), 1).expect(200);
    let session = guest.check_out_with("pm_card_chargeDeclined");
    session.confirm().problem(402, "payment_declined");
    // As long as it was held, and then audit_overdue_seconds.
    shop.advance_ms(2 * 900_000 + 1_000);
    let before = shop.counter("audit_violations_total");
    let found = shop.run("consistency-audit");
    let raised = found["audit"]["raised"].as_i64().unwrap();
    assert!(raised > 0, "{found}");
    assert_eq!(shop.counter("audit_violations_total"), before + raised);
    let reservation = shop.rows("reservation", "session_id", &session.session_id).remove(0);
    let id = format!(
        "audit:expired_reservation_is_given_back:{}",
        reservation["reservation_id"].as_str().unwrap()
    );
    let alert = shop.rows("alert", "alert_id", &id);
    assert!(alert[0]["detail"].as_str().unwrap().contains("late_ms"), "{alert:?}");
    let again = shop.run("consistency-audit");
    assert_eq!(again["audit"]["raised"], 0, "{again}");
    assert!(again["audit"]["found"].as_i64() > Some(0), "{again}");
    assert_eq!(shop.counter("audit_violations_total"), before + raised);
    shop.run_workers_until_quiet();
    assert_eq!(shop.run("consistency-audit")["audit"]["raised"], 0);
    assert_eq!(shop.rows("alert", "alert_id", &id), alert, "it stands until somebody has looked");
}
