//! The saga: settled, leased, resumed, and turned into an order (CHK-6, CHK-7).

use serde_json::{Value, json};
use store::{Refusal, StoreError, sql};

use super::{
    shopper::{LEASE_MS, Line, TEN_MINUTES_MS, event, shopper, with},
    support::{Database, shop},
};

const CUP_AND_TEA: &[Line] = &[("TILL-0001", "wh-hanoi", 2), ("TILL-0003", "wh-newark", 1)];
/// 2030-01-02T12:00:00Z.
const NOON_MS: i64 = 1_893_585_600_000;
const SAGA: &str = "select state, reason, attempts, lease_token from saga order by saga_id";
const PAYMENT: &str = "select order_id, reference, state, amount_minor, captured_minor from payment order by payment_id";

#[test]
fn an_authorized_saga_becomes_an_order_in_one_step() {
    let (shop, ann) = (shop(), shopper("ann"));
    shop.now_is(NOON_MS);
    let lines =
        [("TILL-0001", "wh-hanoi", 2), ("TILL-0001", "wh-hanoi", 3), ("TILL-0003", "wh-newark", 1)];
    ann.confirms(&shop, &lines);
    let receipt = shop.does(&sql::ORDER_CREATE, &ann.order_create());
    let at = receipt["created_at_ms"].clone();
    assert_eq!(
        receipt,
        json!({"order_id": "order-ann", "order_number": "ORD-20300102-000001", "created_at_ms": at,
            "attributes": {}, "client_reference": null, "status": "confirmed"})
    );
    assert_eq!(shop.rows("select cart_id, session_id, owner, status, version, currency, subtotal_minor, shipping_minor, total_minor, contact, due_at_ms from orders"),
        ["cart-ann|session-ann|ann|confirmed|1|USD|2500|500|3000|v2.data-key-ann.sealed|-"]);
    assert_eq!(
        shop.rows("select detail from orders"),
        [
            r#"{"attributes":{},"client_reference":null,"hold":null,"saga_id":"saga-ann","shipping_method":"standard"}"#
        ]
    );
    assert_eq!(shop.rows("select line_no, sku, name, quantity, unit_price_minor, total_minor, detail, warehouse_id, reservation_id from order_line order by line_no"), [
        r#"1|TILL-0001|name of TILL-0001|2|1009|2018|{"attributes":{},"tax_rate":"0.10"}|wh-hanoi|hold-ann-1"#,
        r#"2|TILL-0001|name of TILL-0001|3|1009|3027|{"attributes":{},"tax_rate":"0.10"}|wh-hanoi|hold-ann-2"#,
        r#"3|TILL-0003|name of TILL-0003|1|1029|1029|{"attributes":{},"tax_rate":"0.10"}|wh-newark|hold-ann-3"#,
    ]);
    assert_eq!(
        shop.rows("select sku, warehouse_id, on_hand, reserved from stock where on_hand = 995 or on_hand = 999 order by sku"),
        ["TILL-0001|wh-hanoi|995|0", "TILL-0003|wh-newark|999|0"]
    );
    assert_eq!(
        shop.rows("select on_hand_delta, reserved_delta, reference from stock_movement where kind = 'commit' order by movement_id"),
        ["-2|-2|hold-ann-1", "-3|-3|hold-ann-2", "-1|-1|hold-ann-3"]
    );
    assert_eq!(
        shop.rows("select status, expires_at_ms, order_id from reservation"),
        ["committed|-|order-ann"; 3]
    );
    assert_eq!(shop.rows(PAYMENT), ["order-ann|pi-ann|capture_pending|3000|0"]);
    assert_eq!(shop.rows(SAGA), ["capturing|-|0|lease-ann"]);
    assert_eq!(shop.rows("select status, version from cart"), ["completed|5"]);
    assert_eq!(shop.rows("select status from checkout_session"), ["completed"]);
    assert_eq!(
        shop.rows("select order_id, seq, from_status, to_status, actor, reason from order_history"),
        ["order-ann|1|-|confirmed|ann|checkout"]
    );
    assert_eq!(
        shop.events(),
        [format!(
            r#"orders.order.created|order-ann|{{"created_at_ms":{at},"order_number":"ORD-20300102-000001","said":"orders.order.created"}}"#
        )]
    );
    shop.stock_adds_up();
    // The cart is free for the next one, and this one is no one's live cart any more.
    shop.refuses(&sql::ORDER_CREATE, &ann.order_create(), Refusal::SagaMovedOn);
    assert!(shop.list(&sql::CART_VIEW, &json!({"owner": "ann"})).is_empty());
    shop.does(&sql::CART_CREATE, &with(ann.cart_create(), json!({"cart_id": "cart-2"})));
}

#[test]
fn an_order_without_capture_is_left_authorized() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.confirms(&shop, CUP_AND_TEA);
    shop.does(&sql::SAGA_SETTLE, &ann.settle("awaiting_action"));
    shop.does(
        &sql::ORDER_CREATE,
        &with(ann.order_create(), json!({"to_state": "completed", "capture": false})),
    );
    assert_eq!(shop.rows(SAGA), ["completed|-|0|lease-ann"]);
    assert_eq!(shop.rows(PAYMENT), ["order-ann|pi-ann|authorized|3000|0"]);
}

#[test]
fn order_numbers_count_from_one_each_day() {
    let shop = shop();
    shop.now_is(NOON_MS);
    let number = |name: &str| {
        shopper(name).orders(&shop, CUP_AND_TEA)["order_number"].as_str().unwrap().to_owned()
    };
    assert_eq!([number("ann"), number("bob")], ["ORD-20300102-000001", "ORD-20300102-000002"]);
    shop.advance(86_400_000);
    assert_eq!([number("cat"), number("dan")], ["ORD-20300103-000001", "ORD-20300103-000002"]);
}

#[test]
fn no_order_is_made_of_an_expired_reservation() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.confirms(&shop, CUP_AND_TEA);
    shop.advance(TEN_MINUTES_MS);
    // By the clock, whether or not the worker has been here.
    shop.refuses(&sql::ORDER_CREATE, &ann.order_create(), Refusal::ReservationExpired);
    shop.does(&sql::RESERVATION_EXPIRE, &json!({"limit": 10}));
    shop.refuses(&sql::ORDER_CREATE, &ann.order_create(), Refusal::ReservationExpired);
    shop.stock_adds_up();
}

#[test]
fn one_expired_line_is_enough_to_refuse_the_order() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.confirms(&shop, CUP_AND_TEA);
    shop.exec("update reservation set expires_at_ms = 0 where reservation_id = 'hold-ann-2'");
    shop.does(&sql::RESERVATION_EXPIRE, &json!({"limit": 10}));
    shop.refuses(&sql::ORDER_CREATE, &ann.order_create(), Refusal::ReservationExpired);
    shop.stock_adds_up();
}

#[test]
fn a_cart_makes_one_order() {
    let (shop, ann, bob) = (shop(), shopper("ann"), shopper("bob"));
    ann.pays(&shop, CUP_AND_TEA);
    bob.confirms(&shop, CUP_AND_TEA);
    shop.exec("update saga set cart_id = 'cart-ann' where owner = 'bob'");
    shop.refuses(&sql::ORDER_CREATE, &bob.order_create(), Refusal::CartConverted);
}

#[test]
fn a_providers_reference_belongs_to_one_payment() {
    let (shop, ann, bob) = (shop(), shopper("ann"), shopper("bob"));
    ann.pays(&shop, CUP_AND_TEA);
    bob.confirms(&shop, CUP_AND_TEA);
    let hers = json!({"reference": "pi-ann"});
    shop.refuses(
        &sql::ORDER_CREATE,
        &with(bob.order_create(), hers.clone()),
        Refusal::PaymentReferenceTaken,
    );
    shop.refuses(
        &sql::SAGA_SETTLE,
        &with(bob.settle("authorizing"), hers),
        Refusal::PaymentReferenceTaken,
    );
}

#[test]
fn a_decline_frees_the_cart_and_keeps_the_stock() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.confirms(&shop, CUP_AND_TEA);
    let declined = with(
        ann.settle("declined"),
        json!({"reason": "card_declined", "payment_state": "declined", "reference": "pi-1", "free_cart": true,
        "events": [event("e1", "cart-ann", "payments.payment.failed")]}),
    );
    let saga = shop.does(&sql::SAGA_SETTLE, &declined);
    assert_eq!(
        (&saga["state"], &saga["reason"], &saga["payment"]["state"]),
        (&json!("declined"), &json!("card_declined"), &json!("declined"))
    );
    assert_eq!(
        saga["reserved_until_ms"].as_i64().unwrap() - saga["created_at_ms"].as_i64().unwrap(),
        TEN_MINUTES_MS
    );
    assert_eq!(shop.rows("select status, saga_id, version from cart"), ["checkout|-|3"]);
    assert_eq!(shop.rows("select status from reservation"), ["active", "active"]);
    assert_eq!(shop.rows(PAYMENT), ["-|pi-1|declined|3000|0"]);
    assert_eq!(shop.events().len(), 1);
    shop.stock_adds_up();
}

#[test]
fn a_failure_gives_everything_back_and_writes_down_what_is_owed() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.confirms(&shop, CUP_AND_TEA);
    shopper("bob").confirms(&shop, CUP_AND_TEA);
    let failed = with(
        ann.settle("failed"),
        json!({"free_cart": true, "release_stock": true, "compensation": ann.compensation("void")}),
    );
    let saga = shop.does(&sql::SAGA_SETTLE, &failed);
    assert_eq!(saga["reserved_until_ms"], json!(null));
    assert_eq!(shop.rows("select saga_id from cart order by cart_id"), ["-", "saga-bob"]);
    assert_eq!(
        shop.rows("select reservation_id, status from reservation order by 1"),
        ["hold-ann-1|released", "hold-ann-2|released", "hold-bob-1|active", "hold-bob-2|active"]
    );
    assert_eq!(
        shop.rows(
            "select compensation_id, kind, payment_id, saga_id, amount_minor, state, reason, attempts, lease_until_ms from compensation"
        ),
        ["compensation-ann|void|payment-ann|saga-ann|3000|pending|why|0|0"]
    );
    shop.stock_adds_up();
}

#[test]
fn a_retry_changes_only_when_the_saga_is_due() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.confirms(&shop, CUP_AND_TEA);
    shop.does(&sql::SAGA_SETTLE, &with(ann.settle("authorizing"), json!({"retry_in_ms": 5_000})));
    assert_eq!(shop.rows(SAGA), ["authorizing|-|0|lease-ann"]);
    assert_eq!(shop.rows(PAYMENT), ["-|-|pending|3000|0"]);
    assert_eq!(shop.rows("select saga_id from cart"), ["saga-ann"]);
    let lease = json!({"lease_token": "worker", "lease_ms": LEASE_MS, "limit": 10});
    assert!(shop.list(&sql::SAGA_LEASE, &lease).is_empty());
    shop.advance(5_000);
    assert_eq!(shop.list(&sql::SAGA_LEASE, &lease).len(), 1);
}

/// Whoever lost the saga can do nothing to it any more.
fn nobody_else_moves(shop: &Database, loser: &super::shopper::Shopper) {
    shop.refuses(&sql::ORDER_CREATE, &loser.order_create(), Refusal::SagaMovedOn);
    shop.refuses(&sql::SAGA_SETTLE, &loser.settle("failed"), Refusal::SagaMovedOn);
    shop.refuses(&sql::PAYMENT_CAPTURE, &loser.capture(), Refusal::SagaMovedOn);
}

#[test]
fn recovery_takes_due_sagas_oldest_first_and_fences_their_drivers() {
    let shop = shop();
    for name in ["bob", "ann", "cat"] {
        shopper(name).confirms(&shop, CUP_AND_TEA);
        shop.advance(1_000);
    }
    let lease = |token: &str, limit: i64| -> Vec<Value> {
        shop.list(
            &sql::SAGA_LEASE,
            &json!({"lease_token": token, "lease_ms": LEASE_MS, "limit": limit}),
        )
    };
    assert!(lease("w1", 9).is_empty());
    shop.advance(LEASE_MS);
    let mut taken: Vec<Value> = lease("w1", 2)
        .iter()
        .map(|saga| {
            json!([saga["owner"], saga["lease_token"], saga["attempts"], saga["plan"]["order_id"]])
        })
        .collect();
    taken.sort_by_key(Value::to_string);
    assert_eq!(taken, [json!(["ann", "w1", 1, "order-ann"]), json!(["bob", "w1", 1, "order-bob"])]);
    assert_eq!(lease("w2", 9).len(), 1);
    assert!(lease("w3", 9).is_empty());
    nobody_else_moves(&shop, &shopper("ann"));
    // A worker that died with its lease is followed by another.
    shop.advance(LEASE_MS);
    assert_eq!(lease("w4", 9).len(), 3);
    shop.does(
        &sql::SAGA_SETTLE,
        &with(
            shopper("ann").settle("failed"),
            json!({"lease_token": "w4", "free_cart": true, "release_stock": true}),
        ),
    );
    shop.advance(LEASE_MS);
    assert_eq!(lease("w5", 9).len(), 2);
    shop.stock_adds_up();
}

#[test]
fn a_buyers_retry_resumes_a_saga_that_nobody_holds() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.confirms(&shop, CUP_AND_TEA);
    let resume = |token: &str| {
        shop.list(
            &sql::SAGA_RESUME,
            &json!({"saga_id": "saga-ann", "lease_token": token, "lease_ms": LEASE_MS}),
        )
    };
    assert!(resume("t1").is_empty());
    shop.advance(LEASE_MS);
    assert_eq!(resume("t1")[0]["attempts"], 1);
    assert!(resume("t2").is_empty());
    nobody_else_moves(&shop, &ann);
    shop.does(
        &sql::ORDER_CREATE,
        &with(
            ann.order_create(),
            json!({"lease_token": "t1", "to_state": "completed", "capture": false}),
        ),
    );
    shop.advance(LEASE_MS);
    assert!(resume("t3").is_empty(), "a completed saga is not resumed");
}

#[test]
fn a_saga_is_settled_from_the_states_that_were_read() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.confirms(&shop, CUP_AND_TEA);
    shop.refuses(
        &sql::SAGA_SETTLE,
        &with(ann.settle("failed"), json!({"from_states": ["awaiting_action", "voiding"]})),
        Refusal::SagaMovedOn,
    );
    shop.does(
        &sql::SAGA_SETTLE,
        &with(ann.settle("voiding"), json!({"from_states": ["awaiting_action", "authorizing"]})),
    );
    shop.refuses(&sql::ORDER_CREATE, &ann.order_create(), Refusal::SagaMovedOn);
}

#[test]
fn a_capture_is_written_down() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.confirms(&shop, CUP_AND_TEA);
    shop.refuses(&sql::PAYMENT_CAPTURE, &ann.capture(), Refusal::SagaMovedOn);
    shop.does(&sql::ORDER_CREATE, &ann.order_create());
    let retry = with(
        ann.capture(),
        json!({"to_state": "capturing", "payment_state": "capture_pending", "captured_minor": 0, "retry_in_ms": 5_000}),
    );
    shop.does(&sql::PAYMENT_CAPTURE, &retry);
    assert_eq!(
        shop.rows("select state, next_attempt_at_ms - updated_at_ms from saga"),
        ["capturing|5000"]
    );
    let saga = shop.does(
        &sql::PAYMENT_CAPTURE,
        &with(
            ann.capture(),
            json!({"events": [event("e9", "order-ann", "payments.payment.captured")]}),
        ),
    );
    assert_eq!(
        (&saga["state"], &saga["payment"]["captured_minor"]),
        (&json!("completed"), &json!(3000))
    );
    assert_eq!(shop.rows(PAYMENT), ["order-ann|pi-ann|captured|3000|3000"]);
    assert_eq!(shop.events().len(), 2);
    shop.refuses(&sql::PAYMENT_CAPTURE, &ann.capture(), Refusal::SagaMovedOn);
}

#[test]
fn a_capture_that_fails_counts_its_tries_and_tells_once() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.orders(&shop, CUP_AND_TEA);
    let failed = with(
        ann.capture(),
        json!({"to_state": "capturing", "payment_state": "capture_pending", "captured_minor": 0, "alert": "no answer"}),
    );
    shop.does(&sql::PAYMENT_CAPTURE, &with(failed.clone(), json!({"tried": false, "alert": null})));
    assert_eq!(shop.rows("select capture_attempts, failing_since_ms from saga"), ["0|-"]);
    shop.does(&sql::PAYMENT_CAPTURE, &failed);
    let since = shop.one("select failing_since_ms from saga");
    shop.advance(1_000);
    let saga = shop.does(&sql::PAYMENT_CAPTURE, &failed);
    assert_eq!((&saga["capture_attempts"], &saga["failing_since_ms"]), (&json!(2), &since));
    assert_eq!(
        shop.rows("select alert_id, detail from alert"),
        ["capture_failing:saga-ann|no answer"]
    );
}

#[test]
fn a_capture_given_up_is_a_dead_compensation_with_its_alert() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.orders(&shop, CUP_AND_TEA);
    let given_up = with(
        ann.capture(),
        json!({"payment_state": "capture_failed", "captured_minor": 0, "compensation": {"compensation_id": "k", "error": "no answer"}}),
    );
    shop.does(&sql::PAYMENT_CAPTURE, &given_up);
    assert_eq!(
        shop.rows("select compensation_id, kind, payment_id, saga_id, amount_minor, state, reason, attempts, last_error from compensation where failing_since_ms > 0"),
        ["k|capture_payment|payment-ann|saga-ann|3000|dead|capture_given_up|1|no answer"]
    );
    assert_eq!(shop.rows("select alert_id, detail from alert"), ["compensation_dead:k|no answer"]);
    assert_eq!(
        shop.rows("select saga.state, payment.state from saga join payment using (saga_id)"),
        ["completed|capture_failed"]
    );
}

#[test]
fn no_more_is_captured_than_was_authorized() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.orders(&shop, CUP_AND_TEA);
    let before = shop.everything();
    let refused =
        shop.apply(&sql::PAYMENT_CAPTURE, &with(ann.capture(), json!({"captured_minor": 3001})));
    assert!(
        matches!(&refused, Err(StoreError::Failed { text, .. }) if text.contains("captured_is_within_amount")),
        "{refused:?}"
    );
    assert_eq!(shop.everything(), before);
}
