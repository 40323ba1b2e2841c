//! Several connections to one file, as several instances of a component are.

use std::{
    path::PathBuf,
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rusqlite::Connection;
use serde_json::json;
use store::{Command, Refusal, StoreError, sql};

use crate::{
    shopper::{LEASE_MS, event, keyed, shopper, with},
    support::{BASELINE, DEMO, Database},
};

const THREADS: usize = 8;

/// The demo shop in a file; removed with the value.
struct ShopFile(PathBuf);

impl ShopFile {
    fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("edgetill-store-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = Self(folder);
        let shop = file.open();
        shop.0.execute_batch(BASELINE).unwrap();
        shop.0.execute_batch(DEMO).unwrap();
        file
    }

    /// A connection of one's own. What is tested is not durability, so nothing waits for the disk.
    fn open(&self) -> Database {
        let connection = Connection::open(self.0.join("shop.db")).unwrap();
        connection.busy_timeout(Duration::from_secs(60)).unwrap();
        connection.execute_batch("pragma synchronous = off").unwrap();
        Database(connection)
    }

    /// `work` in each thread, on its own connection, all at once.
    fn at_once<R: Send>(&self, work: impl Fn(&Database, usize) -> R + Sync) -> Vec<R> {
        let start = Barrier::new(THREADS);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let (start, work) = (&start, &work);
                    scope.spawn(move || {
                        let shop = self.open();
                        start.wait();
                        work(&shop, thread)
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }
}

impl Drop for ShopFile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{}: {error}", self.0.display());
        }
    }
}

/// Whether it applied; any refusal but `expected`, and any other error, is a failure.
fn applied(shop: &Database, command: &Command, input: &serde_json::Value, expected: Refusal) -> bool {
    match shop.apply(command, input) {
        Ok(_) => true,
        Err(StoreError::Refused(refusal)) if refusal == expected => false,
        Err(error) => panic!("{}: {error}", command.name),
    }
}

#[test]
fn twenty_parallel_adds_end_at_twenty() {
    let file = ShopFile::new();
    let ann = shopper("ann");
    ann.fills_a_cart(&file.open(), &[]);
    let left = AtomicUsize::new(20);
    file.at_once(|shop, _| {
        while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            shop.does(&sql::CART_ADD_LINE, &with(ann.add("TILL-0001", 1), json!({"events": [event("e", "cart-ann", "cart.item_added")]})));
        }
    });
    let shop = file.open();
    assert_eq!(shop.rows("select quantity, version from cart_line join cart using (cart_id)"), ["20|21"]);
    // Each event says the quantity it made, in the order they were made.
    let quantities: Vec<String> = (1..=20).map(|quantity| quantity.to_string()).collect();
    assert_eq!(shop.rows("select data ->> 'quantity' from outbox order by outbox_id"), quantities);
}

#[test]
fn the_last_ten_units_make_ten_orders_with_ten_numbers() {
    let file = ShopFile::new();
    let last = &[("TILL-0100", "wh-hanoi", 1)][..];
    let orders: usize = file
        .at_once(|shop, thread| {
            (0..5)
                .filter(|round| {
                    let buyer = shopper(&format!("buyer-{thread}-{round}"));
                    let version = buyer.goes_to_checkout(shop, last);
                    let won = applied(shop, &sql::CONFIRM_BEGIN, &buyer.confirm(version, last), Refusal::InsufficientStock);
                    if won {
                        shop.does(&sql::ORDER_CREATE, &buyer.order_create());
                        shop.does(&sql::PAYMENT_CAPTURE, &buyer.capture());
                    }
                    won
                })
                .count()
        })
        .into_iter()
        .sum();
    let shop = file.open();
    assert_eq!(orders, 10);
    assert_eq!(shop.rows("select count(*), count(distinct order_number) from orders"), ["10|10"]);
    assert_eq!(shop.rows("select on_hand, reserved from stock where sku = 'TILL-0100' and warehouse_id = 'wh-hanoi'"), ["0|0"]);
    assert_eq!(shop.one("select count(*) from saga where state <> 'completed'"), 0);
    shop.stock_adds_up();
}

#[test]
fn one_key_applies_once_however_many_send_it() {
    let file = ShopFile::new();
    let ann = shopper("ann");
    ann.fills_a_cart(&file.open(), &[]);
    let input = with(ann.add("TILL-0001", 1), keyed("k"));
    let times = file.at_once(|shop, _| applied(shop, &sql::CART_ADD_LINE, &input, Refusal::IdempotencyKeySeen));
    assert_eq!(times.iter().filter(|applied| **applied).count(), 1);
    assert_eq!(file.open().rows("select quantity, version from cart_line join cart using (cart_id)"), ["1|2"]);
}

#[test]
fn one_version_is_replaced_once() {
    let file = ShopFile::new();
    let ann = shopper("ann");
    let version = ann.fills_a_cart(&file.open(), &[("TILL-0001", "", 1)]);
    let times = file.at_once(|shop, thread| {
        let set = with(ann.set("TILL-0001", 10 + i64::try_from(thread).unwrap()), json!({"if_versions": [version]}));
        applied(shop, &sql::CART_SET_QUANTITY, &set, Refusal::VersionConflict)
    });
    assert_eq!(times.iter().filter(|applied| **applied).count(), 1);
}

#[test]
fn one_of_many_confirms_of_a_cart_wins() {
    let file = ShopFile::new();
    let ann = shopper("ann");
    let lines = &[("TILL-0001", "wh-hanoi", 2)][..];
    let version = ann.goes_to_checkout(&file.open(), lines);
    let times = file.at_once(|shop, thread| {
        let confirm =
            with(ann.confirm(version, lines), json!({"saga_id": format!("saga-{thread}"), "idempotency_key": format!("key-{thread}")}));
        applied(shop, &sql::CONFIRM_BEGIN, &confirm, Refusal::ConfirmInProgress)
    });
    assert_eq!(times.iter().filter(|applied| **applied).count(), 1);
    let shop = file.open();
    assert_eq!(shop.rows("select quantity from reservation"), ["2"]);
    shop.stock_adds_up();
}

#[test]
fn an_order_is_cancelled_once() {
    let file = ShopFile::new();
    let ann = shopper("ann");
    ann.pays(&file.open(), &[("TILL-0100", "wh-hanoi", 4)]);
    let times = file.at_once(|shop, _| applied(shop, &sql::ORDER_CANCEL, &ann.cancel(), Refusal::OrderChanged));
    assert_eq!(times.iter().filter(|applied| **applied).count(), 1);
    let shop = file.open();
    assert_eq!(shop.rows("select on_hand from stock where sku = 'TILL-0100' and warehouse_id = 'wh-hanoi'"), ["10"]);
    assert_eq!(shop.one("select count(*) from compensation"), 1);
    shop.stock_adds_up();
}

#[test]
fn no_two_workers_take_the_same_row() {
    let file = ShopFile::new();
    let shop = file.open();
    for number in 0..40 {
        let buyer = shopper(&format!("buyer-{number}"));
        buyer.confirms(&shop, &[("TILL-0001", "wh-hanoi", 1)]);
        shop.does(
            &sql::SAGA_SETTLE,
            &with(
                buyer.settle("authorizing"),
                json!({"compensation": buyer.compensation("void"),
            "events": [event(&format!("e{number}"), &format!("order-{number}"), "t")]}),
            ),
        );
    }
    for (statement, id) in [(&sql::OUTBOX_LEASE, "outbox_id"), (&sql::SAGA_LEASE, "saga_id"), (&sql::COMPENSATION_LEASE, "compensation_id")]
    {
        let mut taken: Vec<String> = file
            .at_once(|shop, thread| {
                let lease = json!({"lease_token": format!("w{thread}"), "lease_ms": LEASE_MS, "limit": 3, "compensation_id": null});
                let mut mine = Vec::new();
                loop {
                    let batch = shop.list(statement, &lease);
                    if batch.is_empty() {
                        return mine;
                    }
                    mine.extend(batch.iter().map(|row| row[id].to_string()));
                }
            })
            .concat();
        assert_eq!(taken.len(), 40, "{}", statement.name);
        taken.sort();
        taken.dedup();
        assert_eq!(taken.len(), 40, "{}", statement.name);
    }
}

#[test]
fn workers_that_expire_together_give_each_reservation_back_once() {
    let file = ShopFile::new();
    let shop = file.open();
    for number in 0..20 {
        shopper(&format!("buyer-{number}")).confirms(&shop, &[("TILL-0001", "wh-hanoi", 3)]);
    }
    shop.advance(600_000);
    let done: i64 = file
        .at_once(|shop, _| (0..4).map(|_| shop.does(&sql::RESERVATION_EXPIRE, &json!({"limit": 2}))["done"].as_i64().unwrap()).sum::<i64>())
        .into_iter()
        .sum();
    assert_eq!(done, 20);
    assert_eq!(shop.rows("select sum(reserved) from stock"), ["0"]);
    shop.stock_adds_up();
}

#[test]
fn a_writer_that_cannot_wait_is_told_the_database_is_busy() {
    let file = ShopFile::new();
    let (holder, shop) = (file.open(), file.open());
    shop.0.busy_timeout(Duration::ZERO).unwrap();
    holder.0.execute_batch("begin immediate").unwrap();
    assert_eq!(shop.apply(&sql::CART_CREATE, &shopper("ann").cart_create()), Err(StoreError::Busy { name: "cart_create" }));
    holder.0.execute_batch("rollback").unwrap();
    shop.does(&sql::CART_CREATE, &shopper("ann").cart_create());
}
