//! Races: what two and more requests at once must not bring about. `docs/races.md` maps each row of
//! the threads and attacks we know to the test that meets it, here or beside its noun.
//!
//! `EDGETILL_RACE_PERCENT` scales how many run at once: 100 is what the requirements say.

mod attempts;
mod cart;
mod late;
mod order;
mod stock;

use e2e::{Guest, Session, Shop};
use serde_json::Value;
use std::{env, thread};

/// So many at once, as this run has it: never fewer than two.
fn at_once(count: usize) -> usize {
    let percent =
        env::var("EDGETILL_RACE_PERCENT").ok().and_then(|text| text.parse::<usize>().ok());
    let percent =
        percent.expect("EDGETILL_RACE_PERCENT is not a number; `cargo till test` sets it");
    (count * percent / 100).max(2)
}

fn order_id(order: &Value) -> &str {
    order["order_id"].as_str().unwrap()
}

/// A buyer with `quantity` of `sku` in the cart and a session open on it, who is about to pay in
/// this way.
fn buyer<'s>(shop: &'s Shop, sku: &str, quantity: i64, pays: &str) -> (Guest<'s>, Session<'s>) {
    let guest = shop.guest();
    guest.add(sku, quantity).expect(200);
    let session = guest.check_out_with(pays);
    (guest, session)
}

/// So many of them.
fn buyers<'s>(
    shop: &'s Shop,
    count: usize,
    sku: &str,
    quantity: i64,
) -> Vec<(Guest<'s>, Session<'s>)> {
    let ready = |_| buyer(shop, sku, quantity, "pm_card_visa");
    // A few at a time: this is no part of the race.
    thread::scope(|scope| {
        let shares: Vec<_> = (0..8)
            .map(|share| {
                scope.spawn(move || (share..count).step_by(8).map(ready).collect::<Vec<_>>())
            })
            .collect();
        shares.into_iter().flat_map(|share| share.join().expect("a buyer is ready")).collect()
    })
}
