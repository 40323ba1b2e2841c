//! Stock: never more sold than there is, never more held than is sold.

use e2e::{Shop, together, unique};
use serde_json::{Value, json};

// TestCheckAndReserve_AtomicOperation. STOCK-1
#[test]
fn fifty_carts_race_for_ten_units_and_ten_get_them() {
    race(50, 10);
}

#[test]
fn fifty_carts_race_for_the_last_unit_and_one_gets_it() {
    race(50, 1);
}

fn race(carts: usize, units: usize) {
    let shop = Shop::open();
    let sku = shop.sku().stock(units.try_into().unwrap()).create();
    let buyers: Vec<_> = (0..carts)
        .map(|_| {
            let guest = shop.guest();
            guest.add(&sku, 1).expect(200);
            let session = guest.check_out();
            (guest, session)
        })
        .collect();
    let replies = together(carts, |number| buyers[number].1.confirm());
    let mut orders = 0;
    for ((guest, _), reply) in buyers.iter().zip(&replies) {
        match reply.status {
            201 => {
                orders += 1;
                assert!(guest.has_one_paid_order_or_nothing());
            }
            422 => {
                let problem = reply.problem(422, "insufficient_stock");
                assert_eq!(problem["lines"][0]["sku"], sku.as_str(), "{problem}");
                assert_eq!(
                    guest.provider_payments().times_authorized,
                    0,
                    "nobody is charged without an order"
                );
                assert_eq!(guest.order_rows(), [Value::Null; 0]);
            }
            _ => panic!("{reply:?}"),
        }
    }
    assert_eq!(orders, units);
    assert_eq!(shop.stock_of(&sku), (0, 0));
}

// STOCK-2
#[test]
fn many_skus_are_reserved_all_or_nothing() {
    let shop = Shop::open();
    let (plenty, scarce, gone) =
        (shop.sku().create(), shop.sku().stock(1).create(), shop.sku().stock(1).create());
    let guest = shop.guest();
    for (sku, quantity) in [(&plenty, 5), (&scarce, 2), (&gone, 1)] {
        guest.add(sku, quantity).expect(200);
    }
    let session = guest.basket().try_begin();
    let refused = if session.is_success() { guest.check_out().confirm() } else { session };
    let problem = refused.problem(422, "insufficient_stock");
    let short: Vec<&Value> = problem["lines"].as_array().unwrap().iter().collect();
    assert_eq!(short.len(), 1, "{problem}");
    assert_eq!(short[0]["sku"], scarce.as_str());
    assert_eq!(short[0]["requested"], 2);
    assert_eq!(short[0]["available"], 1);
    for (sku, on_hand) in [(&plenty, 100), (&scarce, 1), (&gone, 1)] {
        assert_eq!(shop.stock_of(sku), (on_hand, 0), "nothing is held");
    }
    assert_eq!(guest.payment_rows(), [Value::Null; 0]);
}

// STOCK-2: two carts that want the same goods in opposite order do not block each other for ever.
#[test]
fn carts_with_the_same_goods_in_any_order_all_get_an_answer() {
    let shop = Shop::open();
    let skus = [
        shop.sku().stock(10).create(),
        shop.sku().stock(10).create(),
        shop.sku().stock(10).create(),
    ];
    let sessions: Vec<_> = (0..20)
        .map(|number| {
            let guest = shop.guest();
            for step in 0..3 {
                guest.add(&skus[(number + step * (1 + number % 2)) % 3], 1).expect(200);
            }
            guest.check_out()
        })
        .collect();
    let replies = together(20, |number| sessions[number].confirm());
    let orders = replies.iter().filter(|reply| reply.status == 201).count();
    let short = replies.iter().filter(|reply| reply.status == 422).count();
    assert_eq!(
        (orders, short),
        (10, 10),
        "{:?}",
        replies.iter().map(|reply| reply.status).collect::<Vec<_>>()
    );
    skus.iter().for_each(|sku| assert_eq!(shop.stock_of(sku), (0, 0)));
}

// STOCK-3: fifteen minutes, by the database's clock; a worker gives it back.
#[test]
fn a_reservation_of_nobodys_order_goes_back_after_fifteen_minutes() {
    let shop = Shop::alone();
    let sku = shop.sku().stock(3).create();
    let guest = shop.guest();
    guest.add(&sku, 2).expect(200);
    let session = guest.check_out_with("pm_card_chargeDeclined");
    let declined = session.confirm().problem(402, "payment_declined");
    let held = session.show().expect(200);
    assert_eq!(held["reservations"][0]["is_expired"], false, "{held}");
    assert_eq!(held["reservations"][0]["expires_at_ms"], declined["reserved_until_ms"]);
    assert_eq!(shop.stock_of(&sku), (3, 2));
    shop.run_workers_until_quiet();
    assert_eq!(shop.stock_of(&sku), (3, 2), "not before its time");

    shop.advance_ms(15 * 60_000 + 1_000);
    let held = session.show().expect(200);
    let late = held["reservations"].as_array().unwrap();
    assert!(late.first().is_none_or(|reservation| reservation["is_expired"] == true), "{held}");
    shop.run("reservation-cleanup");
    assert_eq!(shop.stock_of(&sku), (3, 0));
    let kinds: Vec<Value> =
        shop.rows("stock_movement", "sku", &sku).iter().map(|row| row["kind"].clone()).collect();
    assert_eq!(kinds, ["receive", "reserve", "release"]);
    shop.run("reservation-cleanup");
    assert_eq!(shop.stock_of(&sku), (3, 0), "once is enough");
    guest.check_out().confirm().expect(201);
}

// STOCK-5: a line is allocated to a warehouse before it is reserved.
#[test]
fn every_line_of_an_order_names_the_warehouse_it_comes_from() {
    let shop = Shop::open();
    let hanoi = shop.sku().create();
    let newark = shop.sku().stock(0).and_in("wh-newark", 5).create();
    let guest = shop.guest();
    guest.add(&hanoi, 1).expect(200);
    guest.add(&newark, 2).expect(200);
    let order = guest.check_out().confirm().expect(201);
    let lines = shop.rows("order_line", "order_id", order["order_id"].as_str().unwrap());
    let from =
        |sku: &str| lines.iter().find(|line| line["sku"] == sku).unwrap()["warehouse_id"].clone();
    assert_eq!(from(&hanoi), "wh-hanoi");
    assert_eq!(from(&newark), "wh-newark");
    assert_eq!(shop.stock_of(&newark), (3, 0));
}

// STOCK-6: a binding check fails closed.
#[test]
fn goods_nobody_has_ever_counted_are_not_sold() {
    let shop = Shop::open();
    let sku = shop.sku().stock(0).create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let begun = guest.basket().try_begin();
    let refused = if begun.is_success() { guest.check_out().confirm() } else { begun };
    refused.problem(422, "insufficient_stock");
    assert_eq!(guest.payment_rows(), [Value::Null; 0]);
}

// STOCK-10
#[test]
fn every_movement_is_a_row_and_the_counters_are_their_sum() {
    let shop = Shop::open();
    let sku = shop.sku().stock(10).create();
    assert_eq!(shop.move_stock(&sku, "wh-hanoi", "adjust", -3).expect(200)["on_hand"], 7);
    assert_eq!(shop.move_stock(&sku, "wh-newark", "receive", 4).expect(200)["on_hand"], 4);
    let guest = shop.guest();
    let order = guest.buy(&sku, 2);
    guest.cancelling(order["order_id"].as_str().unwrap()).send().expect(200);
    let rows = shop.rows("stock_movement", "sku", &sku);
    let kinds: Vec<&str> = rows.iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["receive", "adjust", "receive", "reserve", "commit", "restock"]);
    let sum = |column: &str| rows.iter().map(|row| row[column].as_i64().unwrap()).sum::<i64>();
    assert_eq!((sum("on_hand_delta"), sum("reserved_delta")), shop.stock_of(&sku));
    assert_eq!(shop.stock_of(&sku), (11, 0));

    let shown = shop.admin("GET", &format!("/api/v1/catalog/skus/{sku}/stock")).send().expect(200);
    assert!(shown.to_string().contains("wh-newark"), "{shown}");
}

// Reserved is never negative, and never beyond what there is.
#[test]
fn stock_that_is_held_cannot_be_adjusted_away() {
    let shop = Shop::open();
    let sku = shop.sku().stock(5).create();
    let guest = shop.guest();
    guest.add(&sku, 4).expect(200);
    guest.check_out_with("pm_card_chargeDeclined").confirm().problem(402, "payment_declined");
    assert_eq!(shop.stock_of(&sku), (5, 4));
    let refused = shop.move_stock(&sku, "wh-hanoi", "adjust", -2);
    assert!([409, 422].contains(&refused.status), "{refused:?}");
    shop.move_stock(&sku, "wh-hanoi", "adjust", -1).expect(200);
    assert_eq!(shop.stock_of(&sku), (4, 4));
}

// STOCK-10, under concurrency.
#[test]
fn parallel_movements_all_count() {
    let shop = Shop::open();
    let sku = shop.sku().stock(0).create();
    together(20, |number| {
        shop.move_stock(&sku, "wh-hanoi", "receive", 1 + i64::try_from(number % 2).unwrap())
            .expect(200)
    });
    assert_eq!(shop.stock_of(&sku), (30, 0));
    let body = json!({ "warehouse_id": "wh-nowhere", "kind": "receive", "quantity": 1 });
    let refused = shop
        .admin("POST", &format!("/api/v1/catalog/skus/{sku}/stock"))
        .keyed(&unique("stock-"))
        .json(&body)
        .send();
    assert!([404, 422].contains(&refused.status), "{refused:?}");
}
