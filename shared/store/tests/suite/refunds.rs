//! Money of an order that goes back (ORD-6, ORD-17): counted by lines, payment and accounts at once.

use super::{
    shopper::{Line, Shopper, event_with, shopper, with},
    support::{Database, shop},
};
use serde_json::{Value, json};
use store::{Refusal, sql};

const CUPS_AND_TEA: &[Line] = &[("TILL-0001", "wh-hanoi", 2), ("TILL-0002", "wh-hanoi", 1)];

/// A paid order, shipped as a whole.
fn shipped() -> (Database, Shopper) {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.pays(&shop, CUPS_AND_TEA);
    shop.does(&sql::ORDER_MOVE, &ann.moves(1, "confirmed", "processing"));
    shop.does(&sql::ORDER_SHIP, &ann.ships(2, "one", &[(1, 2), (2, 1)]));
    (shop, ann)
}

/// One piece of the first line, for so much, by the provider.
fn refund(ann: &Shopper, order_version: i64, id: &str, amount_minor: i64) -> Value {
    with(
        ann.changes(order_version, &["confirmed", "shipped"]),
        json!({"to_status": "shipped", "payment_state": "captured", "lines": [{"line_no": 1, "quantity": 1, "amount_minor": amount_minor}],
            "refund": {"refund_id": id, "amount_minor": amount_minor, "detail": {"reason": "damaged", "note": null}},
            "owed": {"compensation_id": id, "kind": "refund_payment", "payment_id": ann.own("payment"), "saga_id": ann.own("saga"),
                "amount_minor": amount_minor, "reason": "refund"},
            "draws": null, "by_hand": null, "cancelled": null, "waived": null, "completed": null, "reply": {"refund_id": id}, "events": []}),
    )
}

fn settle(shop: &Database, id: &str, amount_minor: i64, seen_minor: i64, over: Value) -> Value {
    let lease = json!({"lease_token": "w", "lease_ms": 1_000, "limit": 1, "compensation_id": id});
    assert_eq!(shop.list(&sql::COMPENSATION_LEASE, &lease).len(), 1);
    with(
        json!({"compensation_id": id, "lease_token": "w", "state": "done", "tried": true, "retry_in_ms": 0, "error": null, "payment_state": "partially_refunded",
            "reference": null, "captured_minor": null, "refunded_minor": amount_minor, "payment_refunded_minor": seen_minor, "refund_reference": null,
            "saga_state": null, "next": null, "order_id": "order-ann", "order_status": null, "alert": null, "events": []}),
        over,
    )
}

fn money(shop: &Database) -> Vec<String> {
    shop.rows("select state, captured_minor, refunded_minor, refunding_minor from payment")
}

#[test]
fn money_goes_back_in_parts_and_is_counted_while_it_is_on_its_way() {
    let (shop, ann) = shipped();
    let receipt = shop.does(&sql::ORDER_REFUND, &refund(&ann, 3, "one", 600));
    assert_eq!((&receipt["version"], &receipt["refund_id"]), (&json!(4), &json!("one")));
    assert_eq!(money(&shop), ["captured|3000|0|600"]);
    assert_eq!(
        shop.rows(
            "select line_no, refunded_quantity, refunded_minor from order_line order by line_no"
        ),
        ["1|1|600", "2|0|0"]
    );
    let order = shop
        .list(
            &sql::ORDER_VIEW,
            &json!({"order_id": "order-ann", "order_number": null, "owner": null}),
        )
        .remove(0);
    assert_eq!(
        (&order["refunds"][0]["state"], &order["refunds"][0]["reason"]),
        (&json!("pending"), &json!("damaged"))
    );
    shop.does(&sql::ORDER_REFUND, &refund(&ann, 4, "two", 600));
    let first = settle(&shop, "one", 600, 0, json!({}));
    let second = settle(&shop, "two", 600, 0, json!({}));
    shop.does(&sql::COMPENSATION_SETTLE, &first);
    // Whoever judged by what is no more is another try.
    shop.refuses(&sql::COMPENSATION_SETTLE, &second, Refusal::CompensationMovedOn);
    shop.does(&sql::COMPENSATION_SETTLE, &with(second, json!({"payment_refunded_minor": 600})));
    assert_eq!(money(&shop), ["partially_refunded|3000|1200|0"]);
    let order = shop
        .list(
            &sql::ORDER_VIEW,
            &json!({"order_id": "order-ann", "order_number": null, "owner": null}),
        )
        .remove(0);
    assert_eq!(order["refunds"][1]["state"], "done");
    shop.stock_adds_up();
}

#[test]
fn no_more_goes_back_than_was_taken_or_than_a_line_has_cost() {
    let (shop, ann) = shipped();
    let total = shop.one("select total_minor from order_line where line_no = 1").as_i64().unwrap();
    shop.refuses(&sql::ORDER_REFUND, &refund(&ann, 3, "one", total + 1), Refusal::RefundExceeded);
    shop.exec("update payment set refunded_minor = 2900, state = 'partially_refunded'");
    let seen = json!({"payment_state": "partially_refunded"});
    shop.refuses(
        &sql::ORDER_REFUND,
        &with(refund(&ann, 3, "one", 101), seen.clone()),
        Refusal::RefundExceeded,
    );
    shop.does(&sql::ORDER_REFUND, &with(refund(&ann, 3, "one", 100), seen));
    assert_eq!(money(&shop), ["partially_refunded|3000|2900|100"]);
}

#[test]
fn money_goes_back_as_the_order_was_read() {
    let (shop, ann) = shipped();
    let one = refund(&ann, 3, "one", 600);
    shop.refuses(
        &sql::ORDER_REFUND,
        &with(one.clone(), json!({"order_version": 2})),
        Refusal::OrderChanged,
    );
    shop.refuses(
        &sql::ORDER_REFUND,
        &with(one.clone(), json!({"legal_from": ["delivered"]})),
        Refusal::OrderChanged,
    );
    shop.refuses(
        &sql::ORDER_REFUND,
        &with(one.clone(), json!({"payment_state": "authorized"})),
        Refusal::OrderChanged,
    );
    shop.refuses(
        &sql::ORDER_REFUND,
        &with(one, json!({"if_versions": [2]})),
        Refusal::VersionConflict,
    );
}

#[test]
fn with_the_last_of_its_money_an_order_is_over() {
    let (shop, ann) = shipped();
    shop.does(&sql::ORDER_REFUND, &refund(&ann, 3, "one", 600));
    let changed = event_with("e9", "order-ann", "orders.order.status_changed", &["version"]);
    let over = json!({"payment_state": "refunded", "refunded_minor": 600, "order_status": "refunded", "events": [changed]});
    let receipt = shop.does(&sql::COMPENSATION_SETTLE, &settle(&shop, "one", 600, 0, over));
    assert_eq!(receipt["version"], 5);
    assert_eq!(
        shop.rows("select from_status, to_status, actor from order_history where seq = 5"),
        ["shipped|refunded|compensation-retry"]
    );
    // What it used is somebody else's to use.
    assert_eq!(shop.rows("select count(*) from promotion_use where state = 'used'"), ["0"]);
    assert!(shop.events().last().unwrap().contains("\"version\""), "{:?}", shop.events().last());
}

#[test]
fn what_was_handed_over_at_the_door_is_handed_back() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.pays_at_the_door(&shop, CUPS_AND_TEA);
    shop.does(&sql::ORDER_COLLECT, &ann.changes(1, &["confirmed"]));
    let by_hand = json!({"to_status": null, "owed": null, "by_hand": {"amount_minor": 600, "state": "partially_refunded"}});
    shop.does(&sql::ORDER_REFUND, &with(refund(&ann, 2, "one", 600), by_hand));
    assert_eq!(money(&shop), ["partially_refunded|3000|600|0"]);
    assert_eq!(shop.rows("select count(*) from compensation"), ["0"]);
}

#[test]
fn a_cancel_gives_back_what_no_refund_has() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.pays(&shop, CUPS_AND_TEA);
    shop.does(&sql::ORDER_REFUND, &with(refund(&ann, 1, "one", 600), json!({"to_status": null})));
    let too_much = with(ann.cancel(), json!({"order_version": 2}));
    shop.refuses(&sql::ORDER_CANCEL, &too_much, Refusal::RefundExceeded);
    let rest = with(ann.compensation("refund_payment"), json!({"amount_minor": 2400}));
    shop.does(&sql::ORDER_CANCEL, &with(too_much, json!({"compensation": rest})));
    assert_eq!(money(&shop), ["captured|3000|0|3000"]);
    shop.stock_adds_up();
}

/// One piece of the first line is cancelled, for so much.
fn cancelled(ann: &Shopper, order_version: i64, id: &str, amount_minor: i64) -> Value {
    let pieces = json!([{"line_no": 1, "quantity": 1}]);
    let detail = json!({"reason": "cancelled", "note": null, "cancelled": pieces});
    let over = json!({"legal_from": ["confirmed", "partially_shipped"], "to_status": null, "cancelled": pieces,
        "refund": {"refund_id": id, "amount_minor": amount_minor, "detail": detail}});
    with(refund(ann, order_version, id, amount_minor), over)
}

fn on_hand(shop: &Database) -> i64 {
    let cups = "select on_hand from stock where sku = 'TILL-0001' and warehouse_id = 'wh-hanoi'";
    shop.one(cups).as_i64().unwrap()
}

/// What is on hand, and how many of the first line are cancelled.
fn pieces(shop: &Database) -> Vec<String> {
    shop.rows("select k.on_hand, l.quantity, l.cancelled_quantity, l.refunded_quantity from order_line as l join stock as k
        on k.sku = l.sku and k.warehouse_id = l.warehouse_id where l.line_no = 1")
}

#[test]
fn what_is_cancelled_is_stock_again_and_leaves_no_more() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.pays(&shop, CUPS_AND_TEA);
    let before = on_hand(&shop);
    let receipt = shop.does(&sql::ORDER_REFUND, &cancelled(&ann, 1, "one", 600));
    assert_eq!(receipt["version"], 2);
    assert_eq!(pieces(&shop), [format!("{}|2|1|1", before + 1)]);
    assert_eq!(money(&shop), ["captured|3000|0|600"]);
    shop.stock_adds_up();
    shop.does(&sql::ORDER_MOVE, &ann.moves(2, "confirmed", "processing"));
    let both = ann.ships(3, "one", &[(1, 2), (2, 1)]);
    shop.refuses(&sql::ORDER_SHIP, &both, Refusal::PiecesExceeded);
    let in_part = json!({"to_status": "partially_shipped"});
    shop.does(&sql::ORDER_SHIP, &with(ann.ships(3, "one", &[(1, 1)]), in_part));
    // What has left is not cancelled.
    let more = cancelled(&ann, 4, "two", 600);
    shop.refuses(&sql::ORDER_REFUND, &more, Refusal::PiecesExceeded);
    shop.stock_adds_up();
}

#[test]
fn a_cancel_of_the_rest_restocks_the_rest() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.pays(&shop, CUPS_AND_TEA);
    let before = on_hand(&shop);
    shop.does(&sql::ORDER_REFUND, &cancelled(&ann, 1, "one", 600));
    let rest = with(ann.compensation("refund_payment"), json!({"amount_minor": 2400}));
    shop.does(
        &sql::ORDER_CANCEL,
        &with(ann.cancel(), json!({"order_version": 2, "compensation": rest})),
    );
    assert_eq!(pieces(&shop), [format!("{}|2|1|1", before + 2)]);
    shop.stock_adds_up();
}

#[test]
fn of_money_that_is_held_so_much_is_not_asked_for_any_more() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.orders_for_later(&shop, CUPS_AND_TEA);
    let waived =
        json!({"payment_state": "authorized", "owed": null, "waived": {"amount_minor": 600}});
    shop.does(&sql::ORDER_REFUND, &with(cancelled(&ann, 1, "one", 600), waived));
    assert_eq!(
        shop.rows("select state, amount_minor, waived_minor, captured_minor from payment"),
        ["authorized|2400|600|0"]
    );
    assert_eq!(shop.rows("select count(*) from compensation"), ["0"]);
    shop.stock_adds_up();
}

#[test]
fn with_the_last_that_was_to_leave_an_order_is_complete_whose_rest_has_arrived() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.pays(&shop, CUPS_AND_TEA);
    shop.does(&sql::ORDER_MOVE, &ann.moves(1, "confirmed", "processing"));
    shop.does(
        &sql::ORDER_SHIP,
        &with(ann.ships(2, "one", &[(1, 1), (2, 1)]), json!({"to_status": "partially_shipped"})),
    );
    let over = json!({"to_status": "delivered", "completed": true});
    shop.does(&sql::ORDER_REFUND, &with(cancelled(&ann, 3, "one", 600), over));
    assert_eq!(
        shop.rows(
            "select seq, from_status, to_status from order_history where seq > 3 order by seq"
        ),
        ["4|partially_shipped|shipped", "5|shipped|delivered"]
    );
    assert_eq!(
        shop.rows("select status, version, completed_at_ms = updated_at_ms from orders"),
        ["delivered|5|1"]
    );
}
