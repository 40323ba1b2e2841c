//! The chaos proof; `cargo till prove --only chaos` starts a shop for it. For
//! `EDGETILL_CHAOS_SECONDS` sixteen buyers do what buyers do, while the payment provider fails at
//! random, is away for hours of the shop's clock or under another key, database connections break,
//! and guests and workers die. `EDGETILL_CRASH_SEED` repeats the weather and each buyer's plans,
//! not the order in which they meet.
//!
//! Then it is quiet: nothing fails, the clock goes on, the workers run until nothing is unfinished.
//! And then the audit has to find nothing; the provider's ledger and our rows say the same of every
//! payment, to the minor unit; nothing is owed; the stock is exact; every order and cancel that
//! somebody was told of is there, and every key that was answered 201 answers the same bytes again.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a proof says by a panic that something does not hold"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crash::{Seed, WORKERS, caught, control, in_parallel, run_workers, size, workers_in_the_storm};
use e2e::{Call, Guest, Reply, Settings, Shop, unique};
use serde_json::{Value, json};

const BUYERS: usize = 16;
const STOCK: i64 = 100_000;
/// Of a hundred calls to the provider so many go wrong, each kind as often as the others.
const PERCENT: u8 = 30;
/// Longer than the shop waits for the provider (`payment_timeout_ms` of this proof's shop).
const LATE_MS: u64 = 1_300;
/// How far behind the provider's search is, by its own clock.
const SEARCH_LAG_MS: i64 = 60_000;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Longer than a breaker stays open, and than the latest answer is late.
const CALM: Duration = Duration::from_secs(5);
/// How often the workers may run after that, a quarter of an hour of the shop's clock apart: three
/// days.
const STEPS_MAX: usize = 288;
/// Whose guests die and lose their database.
const STRUCK: [&str; 10] = [
    "cart-current",
    "cart-items",
    "checkout-sessions",
    "checkout-confirm",
    "checkout-confirm",
    "order-cancel",
    "workers-saga-recovery",
    "workers-compensation-retry",
    "workers-outbox-relay",
    "workers-reservation-cleanup",
];

/// Something that happened, by name, and how often.
type Counts = Mutex<BTreeMap<&'static str, u64>>;

/// What one buyer did, and was told.
struct Bought {
    token: String,
    cart_id: String,
    /// The confirm that was answered 201, and the body of that.
    told: Vec<(Call, Value)>,
    /// Whether a cancel was answered 200.
    cancelled: bool,
}

/// What all threads share.
struct Storm<'s> {
    shop: &'s Shop,
    skus: Vec<String>,
    counts: Counts,
    bought: Mutex<Vec<Bought>>,
    wrong: Mutex<Vec<String>>,
    over: AtomicBool,
}

impl Storm<'_> {
    fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Acquire)
    }

    fn count(&self, what: &'static str) {
        *lock(&self.counts).entry(what).or_default() += 1;
    }

    fn counted(&self, what: &str) -> u64 {
        lock(&self.counts).get(what).copied().unwrap_or_default()
    }

    /// Silence and a full database are what a storm sounds like; a reply that is in no document, or
    /// a promise broken, is wrong.
    fn ended(&self, result: Result<(), String>) {
        if let Err(why) = result
            && !why.contains("no reply")
        {
            lock(&self.wrong).push(why);
        }
    }
}

fn lock<T>(list: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

fn main() -> ExitCode {
    let begun = Instant::now();
    let seconds = size("EDGETILL_CHAOS_SECONDS");
    let seed = Seed::of_environment();
    println!("seed of the chaos: EDGETILL_CRASH_SEED={}", seed.number());
    std::panic::set_hook(Box::new(|_| {}));
    let shop = Shop::alone();
    let proved = caught(|| {
        prove(&shop, Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX)), seed)
    });
    // What the audit has to say of the shop is said by then.
    std::mem::forget(shop);
    match proved {
        Ok(told) => {
            println!(
                "\nChaos proof, events to {:?}: {told}; {} s",
                Settings::get().sink,
                begun.elapsed().as_secs()
            );
            ExitCode::SUCCESS
        }
        Err(wrong) => {
            println!("\nFAILED chaos proof, EDGETILL_CRASH_SEED={}: {wrong}", seed.number());
            ExitCode::FAILURE
        }
    }
}

fn prove(shop: &Shop, for_so_long: Duration, mut seed: Seed) -> String {
    let storm = Storm {
        shop,
        skus: (0..4).map(|_| shop.sku().stock(STOCK).create()).collect(),
        counts: Mutex::default(),
        bought: Mutex::default(),
        wrong: Mutex::default(),
        over: AtomicBool::new(false),
    };
    thread::scope(|scope| {
        let storm = &storm;
        for buyer in 0..BUYERS {
            let mut plans = seed.apart(buyer);
            scope.spawn(move || {
                while storm.goes_on() {
                    storm.ended(caught(|| buy(storm, &mut plans)));
                }
            });
        }
        // Two of each worker at once, whatever the lease in the key-value store says.
        for _ in 0..2 {
            scope.spawn(move || {
                while storm.goes_on() {
                    storm.ended(caught(|| workers_in_the_storm(&WORKERS)));
                    thread::sleep(Duration::from_millis(150));
                }
            });
        }
        let until = Instant::now() + for_so_long;
        let weather = caught(|| {
            while Instant::now() < until {
                weather(storm, &mut seed);
            }
        });
        storm.over.store(true, Ordering::Release);
        storm.ended(weather);
    });
    let wrong = std::mem::take(&mut *lock(&storm.wrong));
    assert!(
        wrong.is_empty(),
        "{} times something was wrong during the storm; the first: {}",
        wrong.len(),
        wrong[0]
    );
    let struck = struck();
    drop(control("DELETE", "/faults", None));
    quiet(&storm);
    judge(&storm, struck)
}

/// How often the control port's faults have struck.
fn struck() -> u64 {
    let told = control("GET", "/faults", None).unwrap_or_default();
    told["faults"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|fault| fault["struck"].as_u64())
        .sum()
}

fn set(shop: &Shop, standing: &Value) {
    shop.simulator("PUT", "/provider").json(standing).send_until(204);
}

fn failing_at_random(storm: &Storm<'_>, seed: &mut Seed) {
    let chaos = json!({ "percent": PERCENT, "seed": seed.below(usize::MAX), "ms": LATE_MS });
    set(storm.shop, &json!({ "chaos": chaos, "search_lag_ms": SEARCH_LAG_MS }));
}

fn advance(shop: &Shop, advance_ms: i64) {
    let advance = json!({ "advance_ms": advance_ms });
    for clock in [shop.simulator("POST", "/clock"), shop.call("POST", "/test/clock")] {
        clock.json(&advance).send_until(200);
    }
}

fn sleep_ms(ms: usize) {
    thread::sleep(Duration::from_millis(u64::try_from(ms).unwrap_or_default()));
}

/// One turn of it: something breaks, or hours pass, and then a few seconds in which what is left to
/// do can be done.
fn weather(storm: &Storm<'_>, seed: &mut Seed) {
    let shop = storm.shop;
    failing_at_random(storm, seed);
    match seed.below(8) {
        0 => {
            storm.count("outages");
            let away = if seed.below(3) == 0 {
                json!({ "ms": LATE_MS })
            } else {
                json!({ "status": 502 + seed.below(3) })
            };
            set(shop, &json!({ "away": away }));
            // Some buyers are on their way to it.
            sleep_ms(500 + seed.below(1_000));
            let hours = 1 + i64::try_from(seed.below(24)).unwrap_or_default();
            *lock(&storm.counts).entry("hours away").or_default() += hours.unsigned_abs();
            for _ in 0..4 {
                advance(shop, hours * HOUR_MS / 4);
                sleep_ms(400);
            }
            failing_at_random(storm, seed);
            // It is back for longer than the longest wait between two tries.
            for _ in 0..4 {
                advance(shop, 20 * MINUTE_MS);
                sleep_ms(1_500);
            }
        }
        1 => {
            storm.count("rotated keys");
            set(shop, &json!({ "api_key": "sk_test_another" }));
            sleep_ms(1_000 + seed.below(1_500));
            advance(shop, HOUR_MS);
            sleep_ms(500);
        }
        2 | 3 => {
            for _ in 0..=seed.below(3) {
                fault(seed, |seed| {
                    json!({
                        "kind": "statement", "call": 1 + seed.below(6),
                        "fault": { "fail": "connection_lost" },
                    })
                });
            }
        }
        4 | 5 => {
            for _ in 0..=seed.below(3) {
                fault(seed, |seed| {
                    let fault = ["stop_before", "stop_after", "lose_answer"][seed.below(3)];
                    json!({ "call": 1 + seed.below(14), "fault": fault })
                });
            }
        }
        _ => {
            storm.count("clock moved by minutes");
            advance(shop, MINUTE_MS * i64::try_from(1 + seed.below(20)).unwrap_or_default());
        }
    }
    sleep_ms(500 + seed.below(1_500));
    settle_refunds(shop, seed);
    // The key is right again, if it was wrong; what the next turn begins with stays a while.
    failing_at_random(storm, seed);
    sleep_ms(1_000 + seed.below(1_500));
}

fn fault(seed: &mut Seed, plan: impl Fn(&mut Seed) -> Value) {
    let component = STRUCK[seed.below(STRUCK.len())];
    let times = 1 + seed.below(6);
    drop(control(
        "POST",
        "/faults",
        Some(&json!({ "component": component, "times": times, "plan": plan(seed) })),
    ));
}

/// Half of the refunds that are pending come to their end, most of them to a good one.
fn settle_refunds(shop: &Shop, seed: &mut Seed) {
    let pending = shop.simulator("GET", "/refunds").send_until(200);
    for refund in pending["pending"].as_array().into_iter().flatten() {
        if seed.below(2) == 0 {
            let status =
                ["succeeded", "succeeded", "succeeded", "succeeded", "failed"][seed.below(5)];
            let settle = json!({ "status": status, "refund": refund["id"] });
            // Its guest may die, or somebody else have been sooner.
            drop(shop.simulator("POST", "/refunds").json(&settle).send_broken());
        }
    }
}

/// From an empty cart to an order, or to any of the other ends that buyers come to.
fn buy(storm: &Storm<'_>, seed: &mut Seed) {
    let Some(guest) = storm.shop.try_guest() else { return };
    storm.count("carts");
    for _ in 0..=seed.below(2) {
        let (sku, quantity) = (
            &storm.skus[seed.below(storm.skus.len())],
            1 + i64::try_from(seed.below(3)).unwrap_or_default(),
        );
        answered(&guest.adding(sku, quantity).header("idempotency-key", &unique("add-")));
    }
    let mut one = Bought {
        token: guest.token.clone(),
        cart_id: guest.cart_id.clone(),
        told: Vec::new(),
        cancelled: false,
    };
    let card = [
        "pm_card_visa",
        "pm_card_mastercard",
        "pm_card_authenticationRequired",
        "pm_card_chargeDeclined",
    ][[0, 0, 0, 1, 2, 2, 2, 3][seed.below(8)]];
    if let Some(session_id) = begin(&guest, card) {
        pay(storm, seed, &guest, &session_id, &mut one);
        // Some come back: to the same key, which gets the same order, or to cancel.
        let order_id =
            one.told.first().and_then(|(_, order)| order["order_id"].as_str()).map(str::to_owned);
        if let Some(order_id) = order_id.filter(|_| seed.below(3) == 0) {
            storm.count("cancels asked for");
            let cancel = guest
                .call("POST", &format!("/api/v1/orders/{order_id}/cancel"))
                .json(&json!({ "reason": "changed my mind" }));
            let cancel = cancel.header("idempotency-key", &unique("cancel-"));
            one.cancelled = answered(&cancel).is_some_and(|reply| reply.status == 200);
            storm.count(if one.cancelled { "cancels told" } else { "cancels not told" });
        }
    }
    lock(&storm.bought).push(one);
}

/// The session, if there is one in the end.
fn begin(guest: &Guest<'_>, card: &str) -> Option<String> {
    let body = guest.basket().paying_with(card).body;
    let call = guest
        .call("POST", "/api/v1/checkout")
        .json(&body)
        .header("idempotency-key", &unique("begin-"));
    let reply = answered(&call).filter(|reply| reply.status == 201)?;
    reply.json()["session_id"].as_str().map(str::to_owned)
}

/// Confirms, and does what the answers ask for, or something else.
fn pay(storm: &Storm<'_>, seed: &mut Seed, guest: &Guest<'_>, session_id: &str, one: &mut Bought) {
    let confirm = |body: &Value| {
        let call = guest.call("POST", &format!("/api/v1/checkout/{session_id}/confirm")).json(body);
        call.header("idempotency-key", &unique("key-"))
    };
    let mut call = confirm(&json!({}));
    let mut asked: Vec<String> = Vec::new();
    for _ in 0..8 {
        let Some(reply) = answered(&call) else {
            storm.count("buyers gone without an answer");
            return;
        };
        let said: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        match (reply.status, said["code"].as_str().unwrap_or_default()) {
            (201, _) => {
                storm.count("orders told");
                one.told.push((call, said));
                // A bank that says yes to a payment that another took the place of.
                if let Some(old) = asked.first().filter(|_| asked.len() > 1 && seed.below(2) == 0) {
                    authenticate(storm, old, true);
                }
                return;
            }
            (402, "payment_declined") => {
                storm.count("declined");
                if seed.below(4) == 0 {
                    return;
                }
                call = confirm(&json!({ "payment_method": "pm_card_visa" }));
            }
            (402, "payment_action_required") => {
                let intent = said["client_secret"]
                    .as_str()
                    .and_then(|secret| secret.split("_secret_").next())
                    .map(str::to_owned);
                asked.extend(intent.clone().filter(|intent| !asked.contains(intent)));
                match seed.below(10) {
                    0..4 => authenticate(storm, &intent.unwrap_or_default(), true),
                    4 => authenticate(storm, &intent.unwrap_or_default(), false),
                    5 | 6 => {
                        storm.count("minds changed");
                        call = confirm(&json!({ "payment_method": "pm_card_visa" }));
                        if seed.below(2) == 0 {
                            authenticate(storm, &intent.unwrap_or_default(), true);
                        }
                    }
                    7 => {
                        storm.count("passed the bank and never returned");
                        return authenticate(storm, &intent.unwrap_or_default(), true);
                    }
                    8 => {
                        storm.count("abandoned at the bank");
                        return;
                    }
                    _ => call = confirm(&json!({})),
                }
            }
            (409 | 429 | 500..=599, _) if seed.below(6) > 0 => {
                // Most have patience, and the same key; some press the button of another tab.
                sleep_ms(300 + seed.below(900));
                if seed.below(8) == 0 {
                    call = confirm(&json!({}));
                }
            }
            _ => return,
        }
    }
}

fn authenticate(storm: &Storm<'_>, intent: &str, succeeds: bool) {
    storm.count(if succeeds { "banks said yes" } else { "banks said no" });
    let act = json!({ "payment_intent": intent, "succeeds": succeeds });
    // A payment may have ended meanwhile.
    drop(storm.shop.simulator("POST", "/authenticate").json(&act).send_broken());
}

/// The answer to a call that is sent again under its key while none comes, or none but that
/// something of ours broke.
fn answered(call: &Call) -> Option<Reply> {
    for _ in 0..3 {
        match call.send_broken() {
            Some(reply) if reply.status != 500 => return Some(reply),
            Some(_) | None => sleep_ms(200),
        }
    }
    None
}

/// What is not there when all is done.
const UNFINISHED: [(&str, &str, &[&str]); 4] = [
    ("saga", "state", &["authorizing", "awaiting_action", "capturing", "voiding"]),
    ("compensation", "state", &["pending", "dead"]),
    ("reservation", "status", &["active"]),
    ("outbox", "state", &["pending", "dead"]),
];

/// Nothing fails any more. The clock goes on and the workers run until nothing is unfinished; what
/// nobody but an operator can have tried again, an operator has: a refund that the provider took
/// and could not make, and what has had its time.
fn quiet(storm: &Storm<'_>) {
    let shop = storm.shop;
    set(shop, &json!({}));
    thread::sleep(CALM);
    let unfinished = || -> Vec<Value> {
        let rows = UNFINISHED.iter().flat_map(|(table, column, values)| {
            values.iter().flat_map(|value| shop.rows(table, column, value))
        });
        rows.collect()
    };
    for _ in 0..STEPS_MAX {
        advance(shop, 15 * MINUTE_MS);
        shop.simulator("POST", "/refunds")
            .json(&json!({ "status": "succeeded" }))
            .send()
            .expect(200);
        run_workers(&WORKERS, true);
        let left = unfinished();
        if left.is_empty() {
            return;
        }
        for row in left.iter().filter(|row| row["state"] == "dead") {
            assert!(
                row["kind"] == "refund_payment" || has_had_its_time(shop, row),
                "given up, though it can still be asked for: {row:#}"
            );
            storm.count("what an operator had tried again");
            let path = match row["compensation_id"].as_str() {
                Some(id) => format!("/api/v1/operations/compensations/{id}/retry"),
                None => format!("/api/v1/operations/events/{}/retry", text(row, "event_id")),
            };
            let retry = shop
                .call("POST", &path)
                .bearer(&shop.token("operations:write"))
                .header("idempotency-key", &unique("retry-"));
            retry
                .json(&json!({ "reason": "the bank has another account by now" }))
                .send()
                .expect(200);
        }
    }
    let left = unfinished();
    panic!(
        "the workers do not finish {} rows: {:#?}",
        left.len(),
        left.into_iter().take(3).collect::<Vec<_>>()
    );
}

/// Whether it was tried ten times, over three days (`give_up_seconds` as by default): then it is a
/// dead letter, whatever it is.
fn has_had_its_time(shop: &Shop, row: &Value) -> bool {
    number(row, "attempts") >= 10 && shop.now_ms() - number(row, "failing_since_ms") >= 72 * HOUR_MS
}

/// All rows of a table.
fn every_row(shop: &Shop, table: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    loop {
        let page = shop
            .call("GET", &format!("/test/rows?table={table}&from={}", rows.len()))
            .send()
            .expect(200);
        let page = page["rows"].as_array().cloned().unwrap_or_default();
        if page.is_empty() {
            return rows;
        }
        rows.extend(page);
    }
}

fn number(row: &Value, column: &str) -> i64 {
    row[column].as_i64().unwrap_or_else(|| panic!("no {column}: {row}"))
}

fn text<'r>(row: &'r Value, column: &str) -> &'r str {
    row[column].as_str().unwrap_or_default()
}

/// Holds what is there against what was told, and both against the provider's own books.
fn judge(storm: &Storm<'_>, struck: u64) -> String {
    let shop = storm.shop;
    let violations = shop.violations();
    assert!(
        violations.is_empty(),
        "the audit found {} violations: {violations:#?}",
        violations.len()
    );
    let (sagas, payments, orders) =
        (every_row(shop, "saga"), every_row(shop, "payment"), every_row(shop, "orders"));
    let money = judge_money(shop, &payments);
    judge_stock(storm, &orders);
    judge_told(storm, &orders);

    let of = |state: &str| sagas.iter().filter(|saga| saga["state"] == state).count();
    let calls: usize = every_row_of_the_provider(shop);
    let stands = orders.iter().filter(|order| order["status"] == "confirmed").count();
    let told: usize = lock(&storm.bought).iter().map(|one| one.told.len()).sum();
    let weather: Vec<String> =
        lock(&storm.counts).iter().map(|(what, times)| format!("{what} {times}")).collect();
    format!(
        "{} carts, {told} orders told and there, {} orders of which {stands} stand; {} sagas: {} \
         completed, {} declined, {} superseded, {} failed; {} payments equal in both books: \
         {money}; provider called under {calls} keys, {} outages of {} h in all, {} rotated keys, \
         {struck} guests and connections struck\n  {}",
        storm.counted("carts"),
        orders.len(),
        sagas.len(),
        of("completed"),
        of("declined"),
        of("superseded"),
        of("failed"),
        payments.len(),
        storm.counted("outages"),
        storm.counted("hours away"),
        storm.counted("rotated keys"),
        weather.join(", ")
    )
}

fn every_row_of_the_provider(shop: &Shop) -> usize {
    let (mut since, mut calls) = (0, 0);
    loop {
        let page = shop.simulator("GET", &format!("/requests?since={since}")).send().expect(200);
        let page = page["requests"].as_array().cloned().unwrap_or_default();
        let Some(last) = page.last() else { return calls };
        since = number(last, "position");
        calls += page.len();
    }
}

/// Each payment by our row and by the provider's ledger.
fn judge_money(shop: &Shop, payments: &[Value]) -> String {
    let wrong: Vec<String> = in_parallel(payments, |payment| {
        caught(|| {
            let books = shop.provider_payment(text(payment, "saga_id"));
            let (captured, refunded) =
                (number(payment, "captured_minor"), number(payment, "refunded_minor"));
            assert_eq!(
                (books.captured, books.refunded),
                (captured, refunded),
                "(captured, refunded) of {payment} and {books:?}"
            );
            let held = match text(payment, "state") {
                "authorized" | "capture_pending" | "capture_failed" => {
                    number(payment, "amount_minor")
                }
                "captured" | "partially_refunded" | "refunded" | "voided" | "failed" => 0,
                state => panic!("a payment that is {state} for good: {payment}, {books:?}"),
            };
            assert_eq!(
                books.authorized - books.voided - books.captured,
                held,
                "held, of {payment} and {books:?}"
            );
        })
    })
    .into_iter()
    .filter_map(Result::err)
    .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} payments are not the same in both books; the first: {}",
        wrong.len(),
        payments.len(),
        wrong[0]
    );
    // And nothing is in the provider's books that is in none of ours.
    let sum = |column: &str| payments.iter().map(|payment| number(payment, column)).sum::<i64>();
    let totals = shop.simulator("GET", "/ledger").send().expect(200)["totals"].clone();
    let of = |kind: &str| {
        totals
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|total| total[kind].as_i64())
            .sum::<i64>()
    };
    let (captured, refunded) = (sum("captured_minor"), sum("refunded_minor"));
    assert_eq!(
        (of("captured"), of("refunded")),
        (captured, refunded),
        "(captured, refunded) in all: {totals}"
    );
    format!("captured {captured}, refunded {refunded}, held and let go {}", of("voided"))
}

/// What is on hand is what was there and was not sold.
fn judge_stock(storm: &Storm<'_>, orders: &[Value]) {
    let stands: BTreeSet<&str> = orders
        .iter()
        .filter(|order| order["status"] == "confirmed")
        .map(|order| text(order, "order_id"))
        .collect();
    let lines = every_row(storm.shop, "order_line");
    for sku in &storm.skus {
        let of_sku = lines
            .iter()
            .filter(|line| text(line, "sku") == sku && stands.contains(text(line, "order_id")));
        let sold: i64 = of_sku.map(|line| number(line, "quantity")).sum();
        assert_eq!(
            storm.shop.stock_of(sku),
            (STOCK - sold, 0),
            "(on hand, reserved) of {sku}, of which {sold} were sold"
        );
    }
}

/// Every order and cancel that was told is there; no cart has two; every key that was answered 201
/// is answered so again.
fn judge_told(storm: &Storm<'_>, orders: &[Value]) {
    let mut by_cart: BTreeMap<&str, &Value> = BTreeMap::new();
    for order in orders {
        let before = by_cart.insert(text(order, "cart_id"), order);
        assert!(before.is_none(), "a cart has two orders: {order} and {before:?}");
    }
    let bought = std::mem::take(&mut *lock(&storm.bought));
    let wrong: Vec<String> = in_parallel(&bought, |one| {
        caught(|| {
            let order = by_cart.get(one.cart_id.as_str());
            for (call, told) in &one.told {
                let order =
                    order.unwrap_or_else(|| panic!("an order that was told is lost: {told}"));
                assert_eq!(
                    (&told["order_id"], &told["order_number"]),
                    (&order["order_id"], &order["order_number"]),
                    "another than was told"
                );
                assert_eq!(
                    told["total"]["amount_minor"], order["total_minor"],
                    "another total than was told"
                );
                let again = call.clone().send();
                assert_eq!(
                    (again.status, again.json()),
                    (201, told.clone()),
                    "a key that was answered 201 is not answered so again"
                );
            }
            if one.cancelled {
                assert!(
                    order.is_some_and(|order| order["status"] == "cancelled"),
                    "a cancel that was told is lost: {order:?}"
                );
            }
        })
        .map_err(|wrong| {
            format!(
                "cart {}, token {}…: {wrong}",
                one.cart_id,
                one.token.get(..8).unwrap_or_default()
            )
        })
    })
    .into_iter()
    .filter_map(Result::err)
    .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} buyers were told what is not so; the first: {}",
        wrong.len(),
        bought.len(),
        wrong[0]
    );
    *lock(&storm.bought) = bought;
}
