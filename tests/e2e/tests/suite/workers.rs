//! Workers: run by a schedule, by a colleague, or by a scheduler that can only GET.

use e2e::{Claims, Settings, Shop, together};
use serde_json::json;

const WORKERS: [&str; 4] = ["outbox-relay", "reservation-cleanup", "saga-recovery", "compensation-retry"];

// WRK-1
#[test]
fn each_worker_is_run_by_post_and_by_get() {
    let shop = Shop::open();
    for worker in WORKERS {
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
            let count = |member: &str| report[member].as_i64().unwrap_or_else(|| panic!("no {member}: {report}"));
            assert!(count("taken") <= 200 && count("done") <= count("taken"), "{report}");
            assert_eq!(reply.header("cache-control"), Some("no-store"));
        }
    }
}

// WRK-1: each token for its own job.
#[test]
fn nobody_else_runs_a_worker() {
    let shop = Shop::open();
    let guest = shop.guest();
    let secret = &Settings::get().service_token_secret;
    for (number, worker) in WORKERS.iter().enumerate() {
        let path = format!("/internal/workers/{worker}");
        let other_job = shop.token(&format!("workers:{}", WORKERS[(number + 1) % WORKERS.len()]));
        shop.call("POST", &path).send().problem(401, "credential_missing");
        shop.call("GET", &path).send().problem(401, "credential_missing");
        shop.call("POST", &path).bearer(&other_job).send().problem(403, "scope_missing");
        shop.call("GET", &format!("{path}?token={other_job}")).send().problem(403, "scope_missing");
        guest.call("POST", &path).send().problem(403, "scope_missing");
        let expired = Claims::with_scope("workers:run").expired().signed(secret);
        shop.call("GET", &format!("{path}?token={expired}")).send().problem(401, "credential_invalid");
        shop.call("GET", &format!("{path}?token=")).send().problem(401, "credential_invalid");
        // A token in the query of a POST would end in logs for no reason.
        shop.call("POST", &format!("{path}?token={}", shop.token("workers:run"))).send().problem(400, "unknown_field");
        shop.call("DELETE", &path).bearer(&shop.token("workers:run")).send().problem(405, "method_not_allowed");
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
    together(12, |number| {
        let path = format!("/internal/workers/{}", WORKERS[number % WORKERS.len()]);
        shop.call("POST", &path).bearer(&shop.token("workers:run")).send().expect(200);
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
    together(6, |_| shop.call("POST", "/internal/workers/reservation-cleanup").bearer(&shop.token("workers:run")).send().expect(200));
    shop.run_workers_until_quiet();
    assert_eq!(shop.stock_of(&sku), (10, 0));
    let released = shop.rows("stock_movement", "sku", &sku).iter().filter(|row| row["kind"] == "release").count();
    assert_eq!(released, 3);
}

// WRK-3
#[test]
fn a_relay_takes_no_more_than_its_batch() {
    let shop = Shop::alone();
    let sku = shop.sku().create();
    let guests: Vec<_> = (0..40).map(|_| shop.guest()).collect();
    guests.iter().for_each(|guest| drop(guest.add(&sku, 1).expect(200)));
    for _ in 0..3 {
        let report = shop.run("outbox-relay");
        assert!((0..=50).contains(&report["taken"].as_i64().unwrap()), "{report}");
    }
}

// WRK-6 begins with a row.
#[test]
fn a_worker_leaves_a_row_of_its_last_success() {
    let shop = Shop::open();
    for worker in WORKERS {
        let before_ms = shop.now_ms();
        shop.run(worker);
        let rows = shop.rows("worker_run", "worker", worker);
        assert_eq!(rows.len(), 1, "{worker}");
        assert!(rows[0]["last_success_at_ms"].as_i64().unwrap() >= before_ms, "{worker}: {rows:?}");
        assert_ne!(rows[0]["report"], json!(""));
    }
}
