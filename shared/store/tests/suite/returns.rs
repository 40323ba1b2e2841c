//! Goods that come back (ORD-5): asked for, decided, received, and on the shelf again.

use super::{
    shopper::{Line, Shopper, shopper, with},
    support::{Database, shop},
};
use serde_json::{Value, json};
use store::{Refusal, sql};

const CUPS_AND_TEA: &[Line] = &[("TILL-0001", "wh-hanoi", 2), ("TILL-0002", "wh-hanoi", 1)];
const DAY_MS: i64 = 86_400_000;

/// A paid order that has arrived.
fn delivered() -> (Database, Shopper) {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.pays(&shop, CUPS_AND_TEA);
    shop.does(&sql::ORDER_MOVE, &ann.moves(1, "confirmed", "processing"));
    shop.does(&sql::ORDER_SHIP, &ann.ships(2, "one", &[(1, 2), (2, 1)]));
    shop.does(&sql::ORDER_DELIVER, &ann.receives(3, &["one"], &[(1, 2), (2, 1)]));
    (shop, ann)
}

fn entry(ann: &Shopper, order_version: i64, status: &str) -> Value {
    with(
        ann.changes(order_version, &["delivered"]),
        json!({"entry": {"return_id": "back", "status": status, "detail": {"note": null, "lines": []}}, "window_ms": null, "lines": null,
            "reply": {"return_status": status}}),
    )
}

#[test]
fn what_is_back_is_counted_and_what_is_fit_is_on_the_shelf() {
    let (shop, ann) = delivered();
    let on_hand = || {
        shop.one("select on_hand from stock where sku = 'TILL-0001' and warehouse_id = 'wh-hanoi'")
            .as_i64()
            .unwrap()
    };
    let before = on_hand();
    let receipt = shop.does(&sql::ORDER_RETURN, &entry(&ann, 4, "requested"));
    assert_eq!((&receipt["version"], &receipt["return_status"]), (&json!(5), &json!("requested")));
    shop.does(&sql::ORDER_RETURN, &entry(&ann, 5, "approved"));
    assert_eq!(on_hand(), before);
    let lines = json!([{"line_no": 1, "quantity": 2, "restocked_quantity": 1}, {"line_no": 2, "quantity": 1, "restocked_quantity": 0}]);
    shop.does(&sql::ORDER_RETURN, &with(entry(&ann, 6, "received"), json!({"lines": lines})));
    assert_eq!(on_hand(), before + 1);
    assert_eq!(
        shop.rows(
            "select kind, on_hand_delta, reference from stock_movement where kind = 'return'"
        ),
        ["return|1|back"]
    );
    assert_eq!(shop.rows("select returned_quantity from order_line order by line_no"), ["2", "1"]);
    assert_eq!(shop.rows("select return_id, status from order_return"), ["back|received"]);
    let order = shop
        .list(
            &sql::ORDER_VIEW,
            &json!({"order_id": "order-ann", "order_number": null, "owner": null}),
        )
        .remove(0);
    assert_eq!(
        (&order["returns"][0]["status"], &order["returns"][0]["note"]),
        (&json!("received"), &Value::Null)
    );
    shop.stock_adds_up();
}

#[test]
fn no_more_comes_back_than_has_arrived_nor_too_late_nor_as_it_was_not_read() {
    let (shop, ann) = delivered();
    let lines = json!([{"line_no": 1, "quantity": 3, "restocked_quantity": 3}]);
    shop.refuses(
        &sql::ORDER_RETURN,
        &with(entry(&ann, 4, "received"), json!({"lines": lines})),
        Refusal::PiecesExceeded,
    );
    let asks = with(entry(&ann, 4, "requested"), json!({"window_ms": DAY_MS}));
    shop.refuses(
        &sql::ORDER_RETURN,
        &with(asks.clone(), json!({"order_version": 3})),
        Refusal::OrderChanged,
    );
    shop.refuses(
        &sql::ORDER_RETURN,
        &with(asks.clone(), json!({"if_versions": [3]})),
        Refusal::VersionConflict,
    );
    shop.advance(DAY_MS);
    shop.refuses(&sql::ORDER_RETURN, &asks, Refusal::ReturnTooLate);
    shop.does(&sql::ORDER_RETURN, &entry(&ann, 4, "requested"));
}

#[test]
fn a_refund_of_a_return_ends_it() {
    let (shop, ann) = delivered();
    shop.does(&sql::ORDER_RETURN, &entry(&ann, 4, "received"));
    let refund = with(
        ann.changes(5, &["delivered"]),
        json!({"to_status": null, "payment_state": "captured", "lines": [{"line_no": 1, "quantity": 1, "amount_minor": 600}],
            "refund": {"refund_id": "r", "amount_minor": 600, "detail": {}}, "returned": {"return_id": "back", "status": "refunded"},
            "owed": {"compensation_id": "r", "kind": "refund_payment", "payment_id": "payment-ann", "saga_id": "saga-ann", "amount_minor": 600, "reason": "refund"}}),
    );
    shop.does(&sql::ORDER_REFUND, &refund);
    assert_eq!(shop.rows("select status from order_return"), ["refunded"]);
}
