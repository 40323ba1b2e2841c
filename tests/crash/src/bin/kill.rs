//! The kill proof; `cargo till prove --only kill` prepares a shop for it. The host is killed under
//! load and started again, `EDGETILL_KILLS` times. It is a process that is killed and not a machine
//! that loses its power: what was committed is in the operating system's hands, whatever the
//! database's `synchronous` says.
//!
//! After every start the audit has to find nothing. In the end, when the workers are quiet: every
//! order that a client was told of is there, as it was told; no cart has two; each is charged once
//! or given back; nothing is held without an order; the stock is exact.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a proof says by a panic that something does not hold"
)]

use std::{
    process::{Child, Command, ExitCode, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crash::{
    Seed, WORKERS, Weather, caught, events_are_in_order, in_parallel, run_workers,
    settle_until_quiet, size, workers_in_the_storm,
};
use e2e::{Call, Guest, Reply, Shop, unique};
use serde_json::Value;

const BUYERS: usize = 8;
const STOCK: i64 = 50_000;

/// What one buyer did, and was told.
struct Bought {
    token: String,
    cart_id: String,
    sku: String,
    quantity: i64,
    /// The body of the 201.
    order: Option<Value>,
    /// Whether the cancel was answered.
    cancelled: bool,
}

/// A host that is killed when it is dropped.
struct Host(Child);

impl Host {
    /// Starts it and waits until the shop is ready.
    fn start() -> Self {
        let arguments = std::env::var("EDGETILL_SERVE")
            .expect("EDGETILL_SERVE is not set; run `cargo till test`, which sets it");
        let arguments: Vec<String> = serde_json::from_str(&arguments).expect("a list of words");
        let (program, arguments) = arguments.split_first().expect("a program");
        let host = Command::new(program)
            .args(arguments)
            .stdout(Stdio::null())
            .spawn()
            .expect("the host can be started");
        let host = Self(host);
        let begun = Instant::now();
        while Call::new("GET", "/health/ready")
            .send_broken()
            .is_none_or(|reply| reply.status != 200)
        {
            assert!(begun.elapsed() < Duration::from_secs(120), "the shop does not become ready");
            thread::sleep(Duration::from_millis(10));
        }
        host
    }
}

impl Drop for Host {
    /// SIGKILL, and no sooner gone than the process is.
    fn drop(&mut self) {
        self.0.kill().expect("it can be killed");
        self.0.wait().expect("it ends");
    }
}

fn main() -> ExitCode {
    let begun = Instant::now();
    let kills = size("EDGETILL_KILLS");
    let mut seed = Seed::of_environment();
    println!("seed of the moments: EDGETILL_CRASH_SEED={}", seed.number());
    std::panic::set_hook(Box::new(|_| {}));
    match caught(|| prove(kills, &mut seed)) {
        Ok(told) => {
            println!("\nKill proof: {told}; {} s", begun.elapsed().as_secs());
            ExitCode::SUCCESS
        }
        Err(wrong) => {
            println!("\nFAILED kill proof: {wrong}");
            ExitCode::FAILURE
        }
    }
}

fn prove(kills: usize, seed: &mut Seed) -> String {
    let mut host = Host::start();
    let shop = Shop::alone();
    let skus: Vec<String> = (0..4).map(|_| shop.sku().stock(STOCK).create()).collect();
    let mut bought: Vec<Bought> = Vec::new();
    let (mut unanswered, mut retried) = (0, 0);
    for kill in 1..=kills {
        // Now and then the provider refuses our key for as long as the host lives, and longer.
        let refused = kill % 3 == 2;
        if refused {
            Weather::KeyRefused.begins(&shop);
        }
        let (some, lost) = under_load(
            &shop,
            &skus,
            host,
            refused,
            Duration::from_millis(300 + u64::try_from(seed.below(900)).unwrap_or_default()),
        );
        bought.extend(some);
        unanswered += lost.len();
        host = Host::start();
        if refused {
            Weather::KeyRefused.ends(&shop);
        }
        let violations = shop.violations();
        assert!(violations.is_empty(), "after kill {kill} the audit found {violations:#?}");
        // Half of those who heard nothing ask again with the same key; the others leave it to the
        // workers.
        for (position, (mut one, call)) in lost.into_iter().enumerate() {
            if position % 2 == 0 {
                retried += 1;
                one.order = call
                    .send_broken()
                    .filter(|reply| reply.status == 201)
                    .map(|reply| reply.json());
            }
            bought.push(one);
        }
        if kill % 3 == 0 {
            shop.advance_ms(61_000);
        }
    }
    settle_until_quiet(&shop);
    let violations = shop.violations();
    assert!(violations.is_empty(), "in the end the audit found {violations:#?}");
    let told = judge(&shop, &skus, &bought);
    std::mem::forget(shop);
    drop(host);
    format!(
        "{kills} kills; {unanswered} confirms and cancels without an answer, {retried} asked \
         again; {told}"
    )
}

/// Buyers and workers, until the host is killed under them. What they did and were told; and the
/// confirms that were not answered.
fn under_load(
    shop: &Shop,
    skus: &[String],
    host: Host,
    refused: bool,
    for_so_long: Duration,
) -> (Vec<Bought>, Vec<(Bought, Call)>) {
    let (done, lost, over, wrong) = (
        Mutex::new(Vec::new()),
        Mutex::new(Vec::new()),
        AtomicBool::new(false),
        Mutex::new(Vec::new()),
    );
    let going_on = || !over.load(Ordering::Acquire);
    let ended = |result: Result<(), String>| {
        // Silence is what a kill sounds like; everything else is wrong.
        if let Err(why) = result
            && !why.contains("no reply")
        {
            put(&wrong, why);
        }
    };
    thread::scope(|scope| {
        for buyer in 0..BUYERS {
            let (done, lost, ended, going_on) = (&done, &lost, &ended, &going_on);
            scope.spawn(move || {
                let mut round = 0;
                while going_on() {
                    round += 1;
                    let sku = &skus[(buyer + round) % skus.len()];
                    let quantity = 1 + i64::try_from(round % 3).unwrap_or_default();
                    ended(caught(|| buy(shop, sku, quantity, round % 4 == 0, done, lost)));
                }
            });
        }
        let (ended, going_on) = (&ended, &going_on);
        scope.spawn(move || {
            while going_on() {
                // Who meets a key that is refused reports no success.
                ended(caught(|| {
                    if refused {
                        workers_in_the_storm(&WORKERS)
                    } else {
                        run_workers(&WORKERS, false)
                    }
                }));
                thread::sleep(Duration::from_millis(100));
            }
        });
        thread::sleep(for_so_long);
        drop(host);
        over.store(true, Ordering::Release);
    });
    let wrong = wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(
        wrong.is_empty(),
        "{} buyers met something else than silence: {}",
        wrong.len(),
        wrong[0]
    );
    (
        done.into_inner().unwrap_or_else(PoisonError::into_inner),
        lost.into_inner().unwrap_or_else(PoisonError::into_inner),
    )
}

/// From an empty cart to an order, and sometimes back.
fn buy(
    shop: &Shop,
    sku: &str,
    quantity: i64,
    cancels: bool,
    done: &Mutex<Vec<Bought>>,
    lost: &Mutex<Vec<(Bought, Call)>>,
) {
    let guest = shop.guest();
    let one = |order: Option<Value>, cancelled| Bought {
        token: guest.token.clone(),
        cart_id: guest.cart_id.clone(),
        sku: sku.to_owned(),
        quantity,
        order,
        cancelled,
    };
    guest.add(sku, quantity).expect(200);
    let confirm = guest.check_out().confirming().header("idempotency-key", &unique("key-"));
    let order = match confirm.send_broken() {
        Some(reply) if reply.status == 201 => reply.json(),
        Some(reply) if is_of_the_kill(&reply) => return put(lost, (one(None, false), confirm)),
        Some(reply) => panic!("a confirm under load: {reply:?}"),
        None => return put(lost, (one(None, false), confirm)),
    };
    let cancelled = cancels
        && guest
            .cancelling(order["order_id"].as_str().unwrap_or_default())
            .send_broken()
            .is_some_and(|reply| reply.status == 200);
    put(done, one(Some(order), cancelled));
}

/// The host dies between the shop and its provider too.
fn is_of_the_kill(reply: &Reply) -> bool {
    matches!(reply.status, 500 | 503)
}

fn put<T>(list: &Mutex<Vec<T>>, one: T) {
    list.lock().unwrap_or_else(PoisonError::into_inner).push(one);
}

/// Holds what is there against what was told.
fn judge(shop: &Shop, skus: &[String], bought: &[Bought]) -> String {
    let judged = in_parallel(bought, |one| {
        caught(|| judge_one(shop, one)).map_err(|wrong| format!("cart {}: {wrong}", one.cart_id))
    });
    let wrong: Vec<&String> = judged.iter().filter_map(|one| one.as_ref().err()).collect();
    assert!(
        wrong.is_empty(),
        "{} of {} carts are not right; the first: {}",
        wrong.len(),
        bought.len(),
        wrong[0]
    );
    for sku in skus {
        let sold: i64 = bought
            .iter()
            .zip(&judged)
            .filter(|(one, sold)| one.sku == *sku && **sold == Ok(Some(true)))
            .map(|(one, _)| one.quantity)
            .sum();
        assert_eq!(
            shop.stock_of(sku),
            (STOCK - sold, 0),
            "the stock of {sku}, of which {sold} were sold"
        );
    }
    let told: Vec<&Bought> = bought.iter().filter(|one| one.order.is_some()).collect();
    for one in told.iter().rev().take(40) {
        let order_id =
            one.order.as_ref().and_then(|order| order["order_id"].as_str()).unwrap_or_default();
        events_are_in_order(shop, &format!("order/{order_id}"));
    }
    let count = |what: Option<bool>| judged.iter().filter(|one| **one == Ok(what)).count();
    format!(
        "{} carts: {} orders were told of and are there, {} stand, {} are cancelled, {} carts have \
         none and nothing is held",
        bought.len(),
        told.len(),
        count(Some(true)),
        count(Some(false)),
        count(None)
    )
}

/// Whether the cart has an order that stands (`Some(true)`), one that was cancelled, or none.
fn judge_one(shop: &Shop, one: &Bought) -> Option<bool> {
    let guest = Guest { shop, token: one.token.clone(), cart_id: one.cart_id.clone() };
    let (orders, money) = (guest.order_rows(), guest.provider_payments());
    let Some(order) = orders.first() else {
        assert!(
            one.order.is_none(),
            "an order that the buyer was told of is lost: {:?}",
            one.order
        );
        assert_eq!(money.held(), 0, "no order, and yet {money:?}");
        return None;
    };
    assert_eq!(orders.len(), 1, "a cart has several orders: {orders:?}");
    if let Some(told) = &one.order {
        assert_eq!(
            (&told["order_id"], &told["order_number"]),
            (&order["order_id"], &order["order_number"]),
            "another order than was told"
        );
        assert_eq!(
            told["total"]["amount_minor"], order["total_minor"],
            "another total than was told"
        );
    }
    let lines = shop.rows("order_line", "order_id", order["order_id"].as_str().unwrap_or_default());
    assert_eq!(
        lines.iter().filter_map(|line| line["quantity"].as_i64()).sum::<i64>(),
        one.quantity,
        "half an order: {lines:?}"
    );
    let stands = order["status"] == "confirmed";
    assert!(!(one.cancelled && stands), "a cancel that was answered is lost");
    let owed = if stands { order["total_minor"].as_i64().unwrap_or_default() } else { 0 };
    assert_eq!(money.held(), owed, "{} and {money:?}", order["status"]);
    Some(stands)
}
