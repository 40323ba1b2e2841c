//! The workers' turn: until nothing that was begun is unfinished.

use std::{
    thread,
    time::{Duration, SystemTime},
};

use e2e::{Call, Claims, Settings, Shop};
use serde_json::{Value, json};

/// Longer than a driver's lease, a worker's, and the first waits.
const STEP_MS: i64 = 130_000;
/// Longer than `give_up_seconds`, which these shops set to an hour, and the last wait; and than it
/// takes when each step is one probe of a breaker that opens again.
const STEPS_MAX: usize = 150;
/// In the order in which one leaves work to the next.
pub const WORKERS: [&str; 4] =
    ["saga-recovery", "compensation-retry", "reservation-cleanup", "outbox-relay"];
/// What is not there when all is done.
const UNFINISHED: [(&str, &str, &str); 10] = [
    ("inbox", "state", "pending"),
    ("orders", "status", "pending"),
    ("saga", "state", "authorizing"),
    ("saga", "state", "awaiting_action"),
    ("saga", "state", "capturing"),
    ("saga", "state", "voiding"),
    ("compensation", "state", "pending"),
    ("reservation", "status", "active"),
    ("outbox", "state", "pending"),
    ("delivery", "state", "pending"),
];

/// A run of a worker. The lease that a dead run may have left in the key-value store cannot be
/// read: it is a gate for speed, and no worker may rely on it.
pub(crate) fn worker(name: &str) -> Call {
    let token = Claims::with_scope("workers:run").signed(&Settings::get().service_token_secret);
    Call::new("POST", &format!("/internal/workers/{name}")).bearer(&token)
}

/// The plan of faults that hides a lease.
pub(crate) fn without_lease() -> Value {
    json!({ "kind": "kv_get", "label": ": lease/", "fault": { "fail": "busy" } })
}

/// Each of these workers once, or as often as it finds something to do.
///
/// # Panics
/// When one gives no report.
pub fn run_workers(workers: &[&str], until_quiet: bool) {
    for name in workers {
        for _ in 0..40 {
            let report =
                worker(name).header("till-fault", &without_lease().to_string()).send().expect(200);
            assert_ne!(report["skipped"], true, "{report}");
            if !until_quiet || report["taken"] == 0 {
                break;
            }
        }
    }
}

/// Each of these workers once, whatever comes of it: their guests die, and so does what they ask.
pub fn workers_in_the_storm(workers: &[&str]) {
    for name in workers {
        drop(worker(name).header("till-fault", &without_lease().to_string()).send_broken());
    }
}

/// One step: the clock past every lease, and each of these workers.
pub(crate) fn settle(shop: &Shop, workers: &[&str]) {
    shop.advance_ms(STEP_MS);
    run_workers(workers, false);
}

/// Steps until nothing is unfinished.
///
/// # Panics
/// When something still is after nearly two hours of the shop's time.
pub fn settle_until_quiet(shop: &Shop) {
    let unfinished = || -> Vec<Value> {
        UNFINISHED
            .iter()
            .flat_map(|(table, column, value)| shop.rows(table, column, value))
            .collect()
    };
    for _ in 0..STEPS_MAX {
        shop.advance_ms(STEP_MS);
        until_breakers_let_through(shop);
        // What was told leaves work to all of them.
        run_workers(&["inbox-work", "unpaid-orders"], true);
        run_workers(&WORKERS, true);
        // What the provider has accepted it comes to the end of.
        shop.simulator("POST", "/refunds")
            .json(&json!({ "status": "succeeded" }))
            .send()
            .expect(200);
        if unfinished().is_empty() {
            return close_breakers(shop);
        }
    }
    panic!(
        "the workers do not finish: {:#?}",
        unfinished().into_iter().take(3).collect::<Vec<_>>()
    );
}

/// How long the longest of the breakers keeps calls back, by the wall's clock; `None` when none has
/// opened since its last good call.
fn breakers_keep_back(shop: &Shop) -> Option<Duration> {
    let entries =
        shop.call("GET", "/test/key-values?prefix=breaker/").send().expect(200)["entries"].clone();
    let now_ms = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("a clock after 1970")
        .as_millis();
    let records = entries.as_array().into_iter().flatten().filter_map(|entry| {
        let record: Value = serde_json::from_str(entry["value"].as_str()?).ok()?;
        let (open, probe) = (record["open_until_ms"].as_u64()?, record["probe_until_ms"].as_u64()?);
        (open > 0).then(|| u128::from(open.max(probe)).saturating_sub(now_ms))
    });
    records.max().map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or_default()))
}

/// The time in which no call goes out. The shop's clock is moved by hours, and a breaker's is the
/// wall's: no buyer and no worker comes back so soon by the one and so late by the other.
pub(crate) fn until_breakers_let_through(shop: &Shop) {
    if let Some(left) = breakers_keep_back(shop) {
        thread::sleep(left);
    }
}

/// Whoever comes next is not to meet what was broken before: somebody buys, and their events are
/// told, until no breaker remembers anything.
pub(crate) fn close_breakers(shop: &Shop) {
    for _ in 0..20 {
        let Some(left) = breakers_keep_back(shop) else { return };
        thread::sleep(left);
        let probe = shop.guest();
        probe.add(&shop.sku().create(), 1).expect(200);
        drop(probe.check_out().confirm());
        run_workers(&["outbox-relay"], true);
    }
    panic!("a breaker does not close");
}

/// Does `work` to each item on several threads, and gives the results in the items' order.
///
/// # Panics
/// When `work` does; [`crate::caught`] keeps it from that.
pub fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    const THREADS: usize = 6;
    let size = items.len().div_ceil(THREADS).max(1);
    thread::scope(|scope| {
        let threads: Vec<_> = items
            .chunks(size)
            .map(|some| scope.spawn(|| some.iter().map(&work).collect::<Vec<_>>()))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("points catch their panics"))
            .collect()
    })
}
