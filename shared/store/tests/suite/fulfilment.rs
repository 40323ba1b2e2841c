//! What leaves and what arrives, and the moves of an order that a person says (ORD-3, -15).

use super::{
    shopper::{Line, Shopper, shopper, with},
    support::{Database, shop},
};
use serde_json::{Value, json};
use store::{Refusal, sql};

const CUPS_AND_TEA: &[Line] = &[("TILL-0001", "wh-hanoi", 2), ("TILL-0002", "wh-hanoi", 1)];

/// A paid order of two cups and one tea, in the warehouse.
fn in_the_warehouse() -> (Database, Shopper) {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.pays(&shop, CUPS_AND_TEA);
    shop.does(&sql::ORDER_MOVE, &ann.moves(1, "confirmed", "processing"));
    (shop, ann)
}

fn counters(shop: &Database) -> Vec<String> {
    shop.rows("select line_no, quantity, shipped_quantity, delivered_quantity from order_line order by line_no")
}

#[test]
fn what_leaves_and_arrives_is_counted_by_its_lines() {
    let (shop, ann) = in_the_warehouse();
    assert_eq!(counters(&shop), ["1|2|0|0", "2|1|0|0"]);
    let first =
        with(ann.ships(2, "one", &[(1, 1), (2, 1)]), json!({"to_status": "partially_shipped"}));
    let receipt = shop.does(&sql::ORDER_SHIP, &first);
    assert_eq!((&receipt["version"], &receipt["status"]), (&json!(3), &json!("shipped")));
    assert_eq!(counters(&shop), ["1|2|1|0", "2|1|1|0"]);
    let arrives = with(
        ann.receives(3, &["one"], &[(1, 1), (2, 1)]),
        json!({"to_status": "partially_shipped", "completed": null}),
    );
    shop.does(&sql::ORDER_DELIVER, &arrives);
    assert_eq!(counters(&shop), ["1|2|1|1", "2|1|1|1"]);
    shop.does(&sql::ORDER_SHIP, &ann.ships(4, "two", &[(1, 1)]));
    let arrived = shop.one("select delivered_at_ms from shipment where shipment_id = 'one'");
    shop.advance(1_000);
    // What has arrived keeps its time, whoever names it again.
    shop.does(&sql::ORDER_DELIVER, &ann.receives(5, &["one", "two"], &[(1, 1)]));
    assert_eq!(shop.one("select delivered_at_ms from shipment where shipment_id = 'one'"), arrived);
    assert_eq!(counters(&shop), ["1|2|2|2", "2|1|1|1"]);
    assert_eq!(
        shop.rows("select status, version from orders where completed_at_ms > 0"),
        ["delivered|6"]
    );
    assert_eq!(
        shop.rows(
            "select from_status, to_status, actor from order_history where seq > 1 order by seq"
        ),
        [
            "confirmed|processing|service:desk",
            "processing|partially_shipped|service:desk",
            "partially_shipped|partially_shipped|service:desk",
            "partially_shipped|shipped|service:desk",
            "shipped|delivered|service:desk"
        ]
    );
    let order = shop
        .list(
            &sql::ORDER_VIEW,
            &json!({"order_id": "order-ann", "order_number": null, "owner": null}),
        )
        .remove(0);
    assert_eq!(order["shipments"][1]["lines"], json!([{"line_no": 1, "quantity": 1}]));
    assert_eq!(
        (&order["shipments"][0]["carrier"], &order["shipments"][0]["tracking_url"]),
        (&json!("DHL"), &Value::Null)
    );
    shop.stock_adds_up();
}

#[test]
fn no_more_leaves_than_was_ordered_and_no_more_arrives_than_has_left() {
    let (shop, ann) = in_the_warehouse();
    shop.refuses(&sql::ORDER_SHIP, &ann.ships(2, "one", &[(1, 3)]), Refusal::PiecesExceeded);
    shop.does(&sql::ORDER_SHIP, &ann.ships(2, "one", &[(1, 2)]));
    shop.refuses(
        &sql::ORDER_DELIVER,
        &ann.receives(3, &["one"], &[(1, 3)]),
        Refusal::PiecesExceeded,
    );
    assert_eq!(counters(&shop), ["1|2|2|0", "2|1|0|0"]);
}

#[test]
fn goods_leave_as_the_order_was_read_and_for_the_money_that_was_seen() {
    let (shop, ann) = in_the_warehouse();
    let all = ann.ships(2, "one", &[(1, 2), (2, 1)]);
    shop.refuses(
        &sql::ORDER_SHIP,
        &with(all.clone(), json!({"order_version": 1})),
        Refusal::OrderChanged,
    );
    shop.refuses(
        &sql::ORDER_SHIP,
        &with(all.clone(), json!({"legal_from": ["confirmed"]})),
        Refusal::OrderChanged,
    );
    shop.refuses(
        &sql::ORDER_SHIP,
        &with(all.clone(), json!({"if_versions": [1]})),
        Refusal::VersionConflict,
    );
    shop.refuses(
        &sql::ORDER_SHIP,
        &with(all.clone(), json!({"payment_state": "authorized"})),
        Refusal::OrderChanged,
    );
    shop.refuses(
        &sql::ORDER_DELIVER,
        &with(ann.receives(2, &["one"], &[]), json!({"if_versions": [1]})),
        Refusal::VersionConflict,
    );
    shop.refuses(&sql::ORDER_DELIVER, &ann.receives(2, &["one"], &[]), Refusal::OrderChanged);
    shop.does(&sql::ORDER_SHIP, &all);
}

#[test]
fn money_that_is_held_is_asked_for_with_the_first_goods_that_leave() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.orders_for_later(&shop, CUPS_AND_TEA);
    shop.does(&sql::ORDER_MOVE, &ann.moves(1, "confirmed", "processing"));
    let held = json!({"payment_state": "authorized", "capture": true});
    let all = with(ann.ships(2, "one", &[(1, 2), (2, 1)]), held);
    shop.exec("update saga set state = 'capturing'");
    shop.refuses(&sql::ORDER_SHIP, &all, Refusal::OrderChanged);
    shop.exec("update saga set state = 'completed'");
    shop.does(&sql::ORDER_SHIP, &all);
    assert_eq!(
        shop.rows(
            "select g.state, p.state from payment as p join saga as g on g.saga_id = p.saga_id"
        ),
        ["capturing|capture_pending"]
    );
}

#[test]
fn an_order_is_put_on_hold_while_nobody_takes_its_money() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.orders(&shop, CUPS_AND_TEA);
    let hold = with(ann.moves(1, "confirmed", "on_hold"), json!({"idle_payment": true}));
    shop.refuses(&sql::ORDER_MOVE, &hold, Refusal::OrderBusy);
    shop.does(&sql::PAYMENT_CAPTURE, &ann.capture());
    shop.does(&sql::ORDER_MOVE, &hold);
    // A person's hold is that person's: nobody denies it for them.
    shop.advance(1_000);
    assert_eq!(shop.list(&sql::REVIEW_DUE, &json!({"review_ms": 0})), Vec::<Value>::new());
    shop.does(&sql::ORDER_MOVE, &ann.moves(2, "on_hold", "confirmed"));
    assert_eq!(shop.rows("select status, version from orders"), ["confirmed|3"]);
    assert_eq!(shop.rows("select state from payment"), ["captured"]);
}
