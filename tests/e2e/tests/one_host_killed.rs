//! Two hosts of one shop, of which one is killed while it is at work. `cargo till test` runs this
//! last on them: there is one host afterwards.

#![cfg(test)]

use e2e::{Hosts, Settings, together, unique};
use std::{
    io::{self, Write as _},
    process::Command,
    thread,
    time::Duration,
};

/// Longer than any lease, so that what the dead host had begun is anybody's.
const LEASES_ARE_OVER_MS: i64 = 120_000;

/// Ends a host at once. A Spin serves in a child of its own, which would live on.
fn kill(process: u32) {
    let parent = process.to_string();
    let found = Command::new("pgrep").args(["-P", &parent]).output().expect("pgrep can be run");
    let children = String::from_utf8(found.stdout).expect("numbers");
    let killed = Command::new("kill")
        .args(["-KILL", &parent])
        .args(children.split_whitespace())
        .status()
        .expect("kill can be run");
    assert!(killed.success());
}

#[test]
fn what_a_killed_host_had_begun_is_ended_by_the_other() {
    let hosts = Hosts::alone();
    let [first, second] = hosts.urls();
    let sku = hosts.shop.sku().stock(1_000).create();
    let shopper = hosts.shop.guest();
    let keys: Vec<String> = (0..60).map(|_| unique("add-")).collect();
    // Four of them are at the provider when it happens.
    let buyers = hosts.buyers(8, &sku, "pm_sim_slow_2000");
    let questions = hosts.questions(first);
    let process = Settings::get().second.as_ref().expect("there are two hosts").process;

    let confirming = |number: usize| {
        buyers[number].1.confirming().header("idempotency-key", &format!("confirm-{number}-{sku}"))
    };
    let adding = |number: usize| shopper.adding(&sku, 1).header("idempotency-key", &keys[number]);
    let last_answer = thread::scope(|scope| {
        let killing = scope.spawn(|| {
            thread::sleep(Duration::from_millis(700));
            kill(process);
            hosts.all_answer(&questions)
        });
        together(buyers.len() + keys.len(), |number| match number.checked_sub(buyers.len()) {
            None => drop(hosts.by_turns(number, confirming(number)).try_once()),
            // One after the other, over a second and a half; a client that hears nothing asks the
            // other host.
            Some(number) => {
                thread::sleep(Duration::from_millis(25 * u64::try_from(number).unwrap()));
                let heard = hosts
                    .by_turns(number, adding(number))
                    .try_once()
                    .is_some_and(|reply| reply.status == 200);
                if !heard {
                    e2e::eventually("an add through the host that is left", || {
                        let reply = adding(number).at(first).send_patiently();
                        (reply.status != 409).then_some(reply)
                    })
                    .expect(200);
                }
            }
        });
        killing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    assert!(
        hosts.by_turns(1, shopper.call("GET", "/api/v1/cart")).try_once().is_none(),
        "{second} is still there"
    );
    assert_eq!(shopper.quantity_of(&sku), 60, "each add counts once");

    hosts.shop.advance_ms(LEASES_ARE_OVER_MS);
    hosts.shop.run_workers_until_quiet();
    let orders = buyers.iter().filter(|(guest, _)| guest.has_one_paid_order_or_nothing()).count();
    assert!(orders >= buyers.len() / 2, "the living host took its buyers' orders: {orders}");
    assert_eq!(hosts.shop.stock_of(&sku).1, 0, "something is still held");
    let (last, sold) = (last_answer.as_millis(), buyers.len());
    writeln!(
        io::stdout(),
        "one host killed: {orders} of {sold} became orders; the other host's \
        functions answered within {last} ms"
    )
    .expect("standard output can be written");
}
