//! Stock: counters, movements, reservations (STOCK).

use serde_json::{Value, json};
use store::{Refusal, sql};

use super::{
    shopper::{TEN_MINUTES_MS, shopper, with},
    support::shop,
};

fn moved(kind: &str, quantity: i64) -> Value {
    json!({"sku": "TILL-0100", "warehouse_id": "wh-hanoi", "kind": kind, "quantity": quantity, "actor": "admin"})
}

const LEVEL: &str =
    "select on_hand, reserved from stock where sku = 'TILL-0100' and warehouse_id = 'wh-hanoi'";

#[test]
fn stock_is_received_and_adjusted_by_movements() {
    let shop = shop();
    assert_eq!(
        shop.does(&sql::STOCK_MOVE, &moved("receive", 5)),
        json!({"sku": "TILL-0100", "warehouse_id": "wh-hanoi", "on_hand": 15, "reserved": 0})
    );
    assert_eq!(shop.does(&sql::STOCK_MOVE, &moved("adjust", -12))["on_hand"], 3);
    let movements = "select kind, on_hand_delta, reserved_delta, reference from stock_movement where sku = 'TILL-0100' and warehouse_id = 'wh-hanoi' order by movement_id";
    assert_eq!(
        shop.rows(movements),
        ["receive|10|0|demo", "receive|5|0|admin", "adjust|-12|0|admin"]
    );
    shop.stock_adds_up();
}

#[test]
fn a_sku_new_to_a_warehouse_gets_its_row() {
    let shop = shop();
    shop.exec("insert into warehouse values ('wh-new', 'New', 'FR', 3)");
    let input = with(moved("receive", 4), json!({"warehouse_id": "wh-new"}));
    assert_eq!(shop.does(&sql::STOCK_MOVE, &input)["on_hand"], 4);
    shop.refuses(
        &sql::STOCK_MOVE,
        &with(input, json!({"sku": "TILL-0099", "quantity": -1})),
        Refusal::StockWouldBeNegative,
    );
    shop.stock_adds_up();
}

#[test]
fn stock_is_moved_for_what_is_known_and_never_below_what_is_reserved() {
    let shop = shop();
    shopper("ann").confirms(&shop, &[("TILL-0100", "wh-hanoi", 4)]);
    shop.refuses(
        &sql::STOCK_MOVE,
        &with(moved("receive", 1), json!({"sku": "nothing"})),
        Refusal::SkuUnknown,
    );
    shop.refuses(
        &sql::STOCK_MOVE,
        &with(moved("receive", 1), json!({"warehouse_id": "nowhere"})),
        Refusal::WarehouseUnknown,
    );
    shop.refuses(&sql::STOCK_MOVE, &moved("adjust", -7), Refusal::StockWouldBeNegative);
    shop.does(&sql::STOCK_MOVE, &moved("adjust", -6));
    assert_eq!(shop.rows(LEVEL), ["4|4"]);
    shop.stock_adds_up();
}

#[test]
fn a_skus_stock_is_shown_per_warehouse() {
    let shop = shop();
    shopper("ann").confirms(&shop, &[("TILL-0100", "wh-hanoi", 4)]);
    assert_eq!(
        shop.list(&sql::STOCK_VIEW, &json!({"sku": "TILL-0100"})),
        [
            json!({"warehouse_id": "wh-hanoi", "on_hand": 10, "reserved": 4, "available": 6}),
            json!({"warehouse_id": "wh-newark", "on_hand": 0, "reserved": 0, "available": 0}),
        ]
    );
    assert!(shop.list(&sql::STOCK_VIEW, &json!({"sku": "nothing"})).is_empty());
}

#[test]
fn the_schema_itself_refuses_what_no_command_should_ask() {
    let shop = shop();
    for (change, constraint) in [
        ("update stock set reserved = on_hand + 1", "reserved_is_within_on_hand"),
        ("update stock set reserved = -1", "reserved_is_within_on_hand"),
        (
            "insert into reservation values ('r', 's', null, 'k', 'w', 0, 'active', 1, 1)",
            "reservation_is_positive",
        ),
        (
            "insert into reservation values ('r', 's', null, 'k', 'w', 1, 'committed', 1, 1)",
            "committed_never_expires",
        ),
        (
            "insert into payment values ('p', 's', null, 'stripe', null, 'pm', 'captured', 'USD', 10, 11, 0, 0, 0, 1, null, null)",
            "captured_is_within_amount",
        ),
        (
            "insert into payment values ('p', 's', null, 'stripe', null, 'pm', 'captured', 'USD', 10, 5, 6, 0, 0, 1, null, null)",
            "refunded_is_within_captured",
        ),
        (
            "insert into orders values ('o', 'n', 'c', 's', 'w', 'pending', 1, 'USD', 1, 0, 0, 0, 1, '{}', '', '', '', 1, 1, null, null, null)",
            "unpaid_orders_expire",
        ),
        ("update shipping_rate set amount_minor = -1", "shipping_is_not_negative"),
        (
            "insert into fee values ('USD', 'f', 'handling', 'n', -1, null, null, '', '', 'standard', 1)",
            "fee_is_not_negative",
        ),
    ] {
        let error = shop.try_exec(change).unwrap_err();
        let named = error
            .constraint
            .or_else(|| Some(error.text.strip_prefix("CHECK constraint failed: ")?.to_owned()));
        assert_eq!(named.as_deref(), Some(constraint), "{change}: {}", error.text);
    }
}

#[test]
fn expired_reservations_return_to_stock_oldest_first() {
    let shop = shop();
    for name in ["ann", "bob", "cat"] {
        shopper(name).confirms(&shop, &[("TILL-0100", "wh-hanoi", 2)]);
        shop.advance(1_000);
    }
    assert_eq!(shop.does(&sql::RESERVATION_EXPIRE, &json!({"limit": 10})), json!({"done": 0}));
    shop.advance(TEN_MINUTES_MS);
    assert_eq!(shop.does(&sql::RESERVATION_EXPIRE, &json!({"limit": 2})), json!({"done": 2}));
    assert_eq!(
        shop.rows("select session_id, status from reservation order by 1"),
        ["session-ann|released", "session-bob|released", "session-cat|active"]
    );
    assert_eq!(shop.rows(LEVEL), ["10|2"]);
    assert_eq!(shop.does(&sql::RESERVATION_EXPIRE, &json!({"limit": 2})), json!({"done": 1}));
    assert_eq!(shop.does(&sql::RESERVATION_EXPIRE, &json!({"limit": 2})), json!({"done": 0}));
    assert_eq!(
        shop.rows("select kind, reserved_delta, reference from stock_movement where kind = 'release' order by movement_id"),
        ["release|-2|hold-ann-1", "release|-2|hold-bob-1", "release|-2|hold-cat-1"]
    );
    assert_eq!(shop.one("select value from counter where name = 'reservations_expired_total'"), 3);
    assert_eq!(
        shop.rows("select worker, report from worker_run"),
        [r#"reservation-cleanup|{"done":0}"#]
    );
    shop.stock_adds_up();
}

#[test]
fn what_is_sold_never_expires() {
    let shop = shop();
    shopper("ann").orders(&shop, &[("TILL-0100", "wh-hanoi", 2)]);
    shop.advance(100 * TEN_MINUTES_MS);
    assert_eq!(shop.does(&sql::RESERVATION_EXPIRE, &json!({"limit": 10})), json!({"done": 0}));
    assert_eq!(shop.rows(LEVEL), ["8|0"]);
}
