//! Orders: seen, listed, cancelled (ORD).

use serde_json::{Value, json};
use store::{Refusal, Statement, sql};

use super::{
    shopper::{Line, event_with, shopper, with},
    support::{Database, shop},
};

const CUPS_AND_TEA: &[Line] =
    &[("TILL-0001", "wh-hanoi", 2), ("TILL-0001", "wh-hanoi", 3), ("TILL-0003", "wh-newark", 1)];

#[test]
fn an_order_is_seen_whole_by_its_owner_or_a_service() {
    let (shop, ann) = (shop(), shopper("ann"));
    let number = ann.pays(&shop, CUPS_AND_TEA)["order_number"].clone();
    let view = |id: Value, number: Value, owner: Value| {
        shop.list(
            &sql::ORDER_VIEW,
            &json!({"order_id": id, "order_number": number, "owner": owner}),
        )
    };
    let order = view(json!("order-ann"), json!(null), json!("ann")).remove(0);
    assert_eq!(
        (&order["order_number"], &order["status"], &order["contact"]),
        (&number, &json!("confirmed"), &json!(ann.contact()))
    );
    assert_eq!(
        order["detail"],
        json!({"shipping_method": "standard", "saga_id": "saga-ann", "attributes": {}, "client_reference": null, "hold": null})
    );
    let lines: Vec<_> = order["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["line_no"].as_i64().unwrap(), line["quantity"].as_i64().unwrap()))
        .collect();
    assert_eq!(lines, [(1, 2), (2, 3), (3, 1)]);
    assert_eq!(order["lines"][0]["detail"], json!({"tax_rate": "0.10", "attributes": {}}));
    assert_eq!(order["history"][0]["to_status"], "confirmed");
    assert_eq!(
        order["payment"],
        json!({"payment_id": "payment-ann", "saga_id": "saga-ann", "provider": "stripe", "method": "pm_card", "state": "captured",
        "amount_minor": 3000, "captured_minor": 3000, "refunded_minor": 0, "refunding_minor": 0, "dispute": null, "saga_state": "completed"})
    );
    let receipt = shop.list(&sql::ORDER_RECEIPT, &json!({"order_id": "order-ann"}));
    assert_eq!(
        receipt,
        [
            json!({"order_id": "order-ann", "order_number": number, "created_at_ms": order["created_at_ms"], "status": "confirmed"})
        ]
    );
    assert_eq!(view(json!(null), number.clone(), json!(null)), [order]);
    assert!(view(json!("order-ann"), json!(null), json!("eve")).is_empty());
    assert!(view(json!(null), number, json!("eve")).is_empty());
    assert!(view(json!("nothing"), json!(null), json!(null)).is_empty());
}

#[test]
fn an_order_for_nothing_is_paid_when_it_is_made() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.gets_for_nothing(&shop, CUPS_AND_TEA);
    let rows = |shop: &super::support::Database| {
        shop.rows("select state, reference, amount_minor, captured_minor, order_id from payment")
    };
    assert_eq!(rows(&shop), ["captured|-|0|0|order-ann"]);
    assert_eq!(shop.rows("select state from saga"), ["completed"]);
    // Another one: no reference is not a reference that is taken.
    shopper("bob").gets_for_nothing(&shop, CUPS_AND_TEA);
    shop.does(&sql::ORDER_CANCEL, &with(ann.cancel(), json!({"compensation": null})));
    assert_eq!(rows(&shop)[0], "captured|-|0|0|order-ann");
    assert_eq!(shop.rows("select count(*) from compensation"), ["0"]);
    shop.stock_adds_up();
}

/// What a page of `statement` shows: each order's name, those in brackets that were only looked at.
fn page(shop: &Database, statement: &Statement, asked: Value) -> Vec<String> {
    let nothing = json!({"all": false, "by_owner": null, "by_status": null, "by_emails": null, "by_number": null, "by_sku": null,
        "owner": null, "status": null, "order_number": null, "sku": null, "payment": null, "from": "", "below": "~", "looked_at": 9, "limit": 9});
    let rows = shop.list(statement, &with(nothing, asked));
    let name = |row: &Value| {
        let name = row["order_id"].as_str().unwrap().trim_start_matches("order-").to_owned();
        if row["fits"] == true { name } else { format!("({name} {})", row["place"]) }
    };
    rows.iter().map(name).collect()
}

/// Five orders, of two buyers, two of which are on their way.
fn five_orders(shop: &Database) {
    for (name, owner, lines) in [
        ("a", "ann", &[("TILL-0001", "wh-hanoi", 1)][..]),
        ("b", "bob", CUPS_AND_TEA),
        ("c", "ann", &[("TILL-0001", "wh-hanoi", 1)]),
        ("d", "bob", CUPS_AND_TEA),
        ("e", "ann", &[("TILL-0001", "wh-hanoi", 1)]),
    ] {
        shopper(name).pays(shop, lines);
        shop.exec(&format!("update orders set owner = '{owner}' where order_id = 'order-{name}'"));
    }
    shop.exec("update orders set status = 'shipped' where order_id in ('order-b', 'order-c')");
}

#[test]
fn orders_are_listed_newest_first_by_one_index() {
    let shop = shop();
    five_orders(&shop);
    let list = |asked: Value| page(&shop, &sql::ORDER_LIST, asked);
    assert_eq!(list(json!({"all": true})), ["e", "d", "c", "b", "a"]);
    assert_eq!(list(json!({"all": true, "limit": 2, "looked_at": 2})), ["e", "d"]);
    assert_eq!(list(json!({"all": true, "below": "order-d", "limit": 2})), ["c", "b"]);
    assert_eq!(list(json!({"all": true, "below": "order-d", "from": "order-b"})), ["c", "b"]);
    assert_eq!(list(json!({"by_owner": "ann"})), ["e", "c", "a"]);
    assert_eq!(list(json!({"by_owner": "ann", "below": "order-e", "limit": 1})), ["c"]);
    assert_eq!(list(json!({"by_owner": "ann", "from": "order-b"})), ["e", "c"]);
    assert_eq!(list(json!({"by_status": "shipped"})), ["c", "b"]);
    assert_eq!(list(json!({"by_status": "shipped", "below": "order-c"})), ["b"]);
    assert_eq!(list(json!({"by_status": "shipped", "from": "order-c"})), ["c"]);
    assert!(list(json!({"by_owner": "eve"})).is_empty());
    assert!(list(json!({})).is_empty());
    let one = shop.list(&sql::ORDER_LATEST, &json!({"owner": "ann"}));
    assert_eq!(one, [json!({"session_id": "session-e"})]);
    assert!(shop.list(&sql::ORDER_LATEST, &json!({"owner": "eve"})).is_empty());
    let asked = json!({"all": true, "by_owner": null, "by_status": null, "owner": null, "status": null, "order_number": null, "sku": null,
        "payment": null, "from": "", "below": "~", "looked_at": 1, "limit": 1});
    let one = shop.list(&sql::ORDER_LIST, &asked).remove(0);
    assert_eq!(
        one.as_object().unwrap().keys().collect::<Vec<_>>(),
        [
            "created_at_ms",
            "currency",
            "fits",
            "order_id",
            "order_number",
            "payment_status",
            "place",
            "status",
            "total_minor"
        ]
    );
    assert_eq!(
        (&one["payment_status"], &one["place"], &one["fits"]),
        (&json!("captured"), &json!(1), &json!(true))
    );
}

#[test]
fn orders_are_found_by_email_number_and_sku() {
    let shop = shop();
    five_orders(&shop);
    let find = |asked: Value| page(&shop, &sql::ORDER_FIND, asked);
    assert_eq!(find(json!({"by_emails": ["email-a"]})), ["a"]);
    // One who is known by an older key too, and whoever has none by nothing.
    assert_eq!(find(json!({"by_emails": ["email-a", "email-d", "none"]})), ["d", "a"]);
    assert_eq!(find(json!({"by_emails": ["email-a", "email-d"], "below": "order-d"})), ["a"]);
    assert_eq!(find(json!({"by_emails": ["email-a", "email-d"], "from": "order-b"})), ["d"]);
    shop.exec("update orders set email_hash = '' where order_id = 'order-a'");
    assert!(find(json!({"by_emails": [""]})).is_empty());
    let number = shop.one("select order_number from orders where order_id = 'order-c'");
    assert_eq!(find(json!({"by_number": number})), ["c"]);
    assert!(find(json!({"by_number": number, "below": "order-c"})).is_empty());
    assert!(find(json!({"by_number": "ORD-20000101-000001"})).is_empty());
    assert_eq!(find(json!({"by_sku": "TILL-0001"})), ["e", "d", "c", "b", "a"]);
    let tea = CUPS_AND_TEA[2].0;
    assert_eq!(find(json!({"by_sku": tea})), ["d", "b"]);
    assert_eq!(find(json!({"by_sku": tea, "below": "order-d", "limit": 1})), ["b"]);
    assert_eq!(find(json!({"by_sku": tea, "from": "order-c"})), ["d"]);
    // A SKU of two warehouses is two lines, and one order.
    shop.exec(&format!("update order_line set sku = '{tea}' where order_id = 'order-d'"));
    assert_eq!(find(json!({"by_sku": tea, "looked_at": 2, "limit": 2})), ["d", "b"]);
    assert!(find(json!({})).is_empty());
}

#[test]
fn what_an_index_finds_is_asked_the_rest_of_so_many_at_a_time() {
    let shop = shop();
    five_orders(&shop);
    shop.exec("update payment set state = 'refunded' where order_id in ('order-a', 'order-d')");
    let list = |asked: Value| page(&shop, &sql::ORDER_LIST, asked);
    let find = |asked: Value| page(&shop, &sql::ORDER_FIND, asked);
    assert_eq!(list(json!({"all": true, "payment": "refunded"})), ["d", "a"]);
    assert_eq!(list(json!({"by_owner": "ann", "payment": "refunded"})), ["a"]);
    assert_eq!(list(json!({"by_owner": "ann", "status": "shipped"})), ["c"]);
    assert_eq!(list(json!({"by_status": "shipped", "payment": "captured"})), ["c", "b"]);
    assert_eq!(list(json!({"by_owner": "bob", "sku": CUPS_AND_TEA[2].0})), ["d", "b"]);
    assert!(list(json!({"by_owner": "ann", "sku": CUPS_AND_TEA[2].0})).is_empty());
    assert_eq!(find(json!({"by_sku": "TILL-0001", "owner": "bob"})), ["d", "b"]);
    assert_eq!(find(json!({"by_emails": ["email-a"], "owner": "ann"})), ["a"]);
    assert!(find(json!({"by_emails": ["email-a"], "owner": "bob"})).is_empty());
    let number = shop.one("select order_number from orders where order_id = 'order-c'");
    assert!(find(json!({"by_emails": ["email-a"], "order_number": number})).is_empty());
    assert_eq!(find(json!({"by_emails": ["email-c"], "order_number": number})), ["c"]);
    // The last that was looked at says where to go on, whether it fits or not.
    let page = |below: &str| {
        list(json!({"all": true, "payment": "refunded", "looked_at": 2, "below": below}))
    };
    assert_eq!(page("~"), ["d"]);
    assert_eq!(page("order-d"), ["(b 2)"]);
    assert_eq!(page("order-b"), ["a"]);
}

#[test]
fn a_cancel_restocks_once_and_writes_down_the_refund() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.pays(&shop, CUPS_AND_TEA);
    shopper("bob").pays(&shop, CUPS_AND_TEA);
    let cancel = with(
        ann.cancel(),
        json!({"events": [event_with("e1", "order-ann", "orders.order.cancelled", &["version"])]}),
    );
    let receipt = shop.does(&sql::ORDER_CANCEL, &cancel);
    assert_eq!((&receipt["order_id"], &receipt["version"]), (&json!("order-ann"), &json!(2)));
    assert_eq!(
        shop.rows(
            "select order_id, status, version, cancelled_at_ms is null from orders order by 1"
        ),
        ["order-ann|cancelled|2|0", "order-bob|confirmed|1|1"]
    );
    assert_eq!(
        shop.rows("select seq, from_status, to_status, actor, reason from order_history where order_id = 'order-ann' order by seq"),
        ["1|-|confirmed|ann|checkout", "2|confirmed|cancelled|ann|changed my mind"]
    );
    assert_eq!(
        shop.rows(
            "select sku, warehouse_id, on_hand, reserved from stock where sku in ('TILL-0001', 'TILL-0003') and on_hand < 1000 order by sku"
        ),
        ["TILL-0001|wh-hanoi|995|0", "TILL-0003|wh-newark|999|0"]
    );
    assert_eq!(
        shop.rows("select sku, on_hand_delta, reserved_delta, reference from stock_movement where kind = 'restock' order by movement_id"),
        ["TILL-0001|2|0|hold-ann-1", "TILL-0001|3|0|hold-ann-2", "TILL-0003|1|0|hold-ann-3"]
    );
    assert_eq!(
        shop.rows("select session_id, status, count(*) from reservation group by 1, 2 order by 1"),
        ["session-ann|released|3", "session-bob|committed|3"]
    );
    assert_eq!(
        shop.rows("select kind, payment_id, saga_id, amount_minor, state from compensation"),
        ["refund_payment|payment-ann|saga-ann|3000|pending"]
    );
    assert!(
        shop.events()
            .last()
            .unwrap()
            .ends_with(r#"|{"said":"orders.order.cancelled","version":2}"#)
    );
    shop.stock_adds_up();
    shop.refuses(&sql::ORDER_CANCEL, &cancel, Refusal::OrderChanged);
    shop.refuses(
        &sql::ORDER_CANCEL,
        &with(cancel, json!({"order_version": 2})),
        Refusal::OrderChanged,
    );
}

#[test]
fn a_cancel_may_owe_nothing() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.pays(&shop, CUPS_AND_TEA);
    shop.does(&sql::ORDER_CANCEL, &with(ann.cancel(), json!({"compensation": null})));
    assert_eq!(shop.one("select count(*) from compensation"), 0);
    shop.stock_adds_up();
}

#[test]
fn a_cancel_is_refused_when_the_order_moved() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.pays(&shop, CUPS_AND_TEA);
    shop.refuses(
        &sql::ORDER_CANCEL,
        &with(ann.cancel(), json!({"order_version": 0})),
        Refusal::OrderChanged,
    );
    shop.refuses(
        &sql::ORDER_CANCEL,
        &with(ann.cancel(), json!({"order_id": "nothing"})),
        Refusal::OrderChanged,
    );
    shop.refuses(
        &sql::ORDER_CANCEL,
        &with(ann.cancel(), json!({"legal_from": ["pending"]})),
        Refusal::OrderChanged,
    );
    shop.refuses(
        &sql::ORDER_CANCEL,
        &with(ann.cancel(), json!({"if_versions": [2]})),
        Refusal::VersionConflict,
    );
    shop.does(&sql::ORDER_CANCEL, &with(ann.cancel(), json!({"if_versions": [1]})));
}

#[test]
fn a_cancel_does_not_wait_for_a_capture_that_waits_for_its_next_try() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.orders(&shop, CUPS_AND_TEA);
    let failed = json!({"to_state": "capturing", "payment_state": "capture_pending", "captured_minor": 0, "retry_in_ms": 3_600_000});
    shop.does(&sql::PAYMENT_CAPTURE, &with(ann.capture(), failed));
    let owed = json!({"payment_state": "capture_pending", "compensation": ann.compensation("void_payment")});
    shop.does(&sql::ORDER_CANCEL, &with(ann.cancel(), owed));
    assert_eq!(
        shop.rows("select g.state, p.state from saga as g join payment as p using (saga_id)"),
        ["completed|capture_pending"]
    );
    // And nobody captures any more.
    shop.refuses(&sql::PAYMENT_CAPTURE, &ann.capture(), Refusal::SagaMovedOn);
    shop.advance(3_600_000);
    assert!(
        shop.list(&sql::SAGA_LEASE, &json!({"lease_token": "w", "lease_ms": 1, "limit": 9}))
            .is_empty()
    );
}

#[test]
fn a_cancel_waits_for_a_payment_in_motion() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.orders(&shop, CUPS_AND_TEA);
    // Being captured: neither voiding nor refunding would be right.
    shop.refuses(
        &sql::ORDER_CANCEL,
        &with(ann.cancel(), json!({"payment_state": "capture_pending"})),
        Refusal::OrderBusy,
    );
    shop.does(&sql::PAYMENT_CAPTURE, &ann.capture());
    assert_eq!(shop.rows("select state, lease_until_ms from saga"), ["completed|0"]);
    shop.refuses(
        &sql::ORDER_CANCEL,
        &with(ann.cancel(), json!({"payment_state": "authorized", "compensation": ann.compensation("void_payment")})),
        Refusal::OrderBusy,
    );
    shop.refuses(
        &sql::ORDER_CANCEL,
        &with(ann.cancel(), json!({"payment_state": null})),
        Refusal::OrderBusy,
    );
    shop.does(&sql::ORDER_CANCEL, &ann.cancel());
}

// CHK-11
#[test]
fn what_is_paid_at_the_door_is_collected_once_and_then_it_is_captured() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.pays_at_the_door(&shop, CUPS_AND_TEA);
    let payment = || {
        shop.rows(
            "select state, reference, captured_minor from payment where order_id = 'order-ann'",
        )
    };
    assert_eq!(payment(), ["pending|-|0"]);
    let collect = |order_version: i64| {
        with(
            ann.changes(order_version, &["confirmed"]),
            json!({"actor": "service:courier", "reason": "paid on delivery", "reply": {"payment_status": "captured"},
            "events": [event_with("e1", "order-ann", "orders.payment.captured", &[])]}),
        )
    };
    shop.refuses(&sql::ORDER_COLLECT, &collect(2), Refusal::OrderChanged);
    let seen = with(collect(1), json!({"if_versions": [2]}));
    shop.refuses(&sql::ORDER_COLLECT, &seen, Refusal::VersionConflict);
    let receipt = shop.does(&sql::ORDER_COLLECT, &collect(1));
    assert_eq!((&receipt["version"], &receipt["payment_status"]), (&json!(2), &json!("captured")));
    assert_eq!(payment(), ["captured|-|3000"]);
    assert_eq!(
        shop.rows(
            "select seq, from_status, to_status, actor, reason from order_history order by seq"
        ),
        ["1|-|confirmed|ann|checkout", "2|confirmed|confirmed|service:courier|paid on delivery"]
    );
    shop.refuses(&sql::ORDER_COLLECT, &collect(2), Refusal::PaymentNotDue);
    shop.stock_adds_up();
}

// ORD-9
#[test]
fn an_order_that_waits_for_its_money_is_due_until_it_is_paid_or_ends() {
    let shop = shop();
    let shoppers = [shopper("ann"), shopper("bob"), shopper("cat")];
    for (shopper, due_in_ms) in shoppers.iter().zip([1_000, 2_000, 90_000_000]) {
        shopper.pays_elsewhere(&shop, CUPS_AND_TEA, due_in_ms);
    }
    let due = |limit: i64| -> Vec<String> {
        let due = shop.list(&sql::ORDER_DUE, &json!({"limit": limit}));
        due.iter().map(|it| it["order_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(due(9), [""; 0]);
    shop.advance(60_000);
    assert_eq!(
        (due(9), due(1)),
        (vec!["order-ann".into(), "order-bob".into()], vec!["order-ann".into()])
    );
    let [ann, bob, cat] = &shoppers;
    let owes_nothing =
        json!({"payment_state": "pending", "compensation": null, "legal_from": ["pending"]});
    shop.does(&sql::ORDER_CANCEL, &with(ann.cancel(), owes_nothing));
    let goes_on = json!({"to_status": "confirmed"});
    let paid = with(bob.changes(1, &["pending"]), goes_on.clone());
    assert_eq!(shop.does(&sql::ORDER_COLLECT, &paid)["version"], 2);
    let held = with(cat.changes(1, &["pending"]), json!({"to_status": "on_hold"}));
    shop.does(&sql::ORDER_MOVE, &held);
    shop.advance(100_000_000);
    assert_eq!(due(9), [""; 0], "one is over, one is paid, and one waits for a person");
    let waits = json!({"to_status": "pending", "due_in_ms": 1_000});
    shop.does(&sql::ORDER_MOVE, &with(cat.changes(2, &["on_hold"]), waits));
    shop.advance(1_000);
    assert_eq!(due(9), ["order-cat"]);
    let paid = with(cat.changes(3, &["pending"]), goes_on);
    shop.does(&sql::ORDER_COLLECT, &paid);
    assert_eq!(due(9), [""; 0]);
    assert_eq!(
        shop.rows("select order_id, status, due_at_ms from orders order by order_id"),
        ["order-ann|cancelled|-", "order-bob|confirmed|-", "order-cat|confirmed|-"]
    );
    shop.stock_adds_up();
}

// ORD-9
#[test]
fn an_order_whose_money_was_not_taken_is_due_while_nobody_looks_after_it() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.orders(&shop, CUPS_AND_TEA);
    let given_up = json!({"to_state": "completed", "payment_state": "capture_failed", "captured_minor": 0, "tried": true, "unpaid_in_ms": 5_000,
        "compensation": {"compensation_id": "owed-ann", "error": "refused"}});
    shop.does(&sql::PAYMENT_CAPTURE, &with(ann.capture(), given_up));
    let due = || shop.list(&sql::ORDER_DUE, &json!({"limit": 9})).len();
    assert_eq!(due(), 0);
    shop.advance(5_000);
    assert_eq!(due(), 1);
    let again = json!({"compensation_id": "owed-ann", "legal_from": ["dead"], "state": "dead", "attempts": 1, "retries": 0,
        "payment_state": "capture_failed", "to_payment_state": null, "actor": "service:desk", "reason": "the bank says so"});
    shop.does(&sql::COMPENSATION_RETRY, &again);
    assert_eq!((due(), shop.rows("select due_at_ms from orders")), (0, vec!["-".to_owned()]));
}

// CHK-11
#[test]
fn a_cancel_ends_what_was_to_be_paid_at_the_door() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.pays_at_the_door(&shop, CUPS_AND_TEA);
    let owes_nothing = json!({"payment_state": "pending", "compensation": null});
    shop.does(&sql::ORDER_CANCEL, &with(ann.cancel(), owes_nothing));
    assert_eq!(shop.rows("select state, captured_minor from payment"), ["voided|0"]);
    shop.refuses(&sql::ORDER_COLLECT, &ann.changes(2, &["confirmed"]), Refusal::OrderChanged);
    shop.stock_adds_up();
}

// PAY-3
#[test]
fn money_that_is_held_for_an_order_is_asked_for_once() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.orders_for_later(&shop, CUPS_AND_TEA);
    let stands = || {
        shop.rows("select saga.state, payment.state, captured_minor, version from payment join saga using (saga_id) join orders on orders.order_id = payment.order_id")
    };
    let due = |life_ms: i64| shop.list(&sql::CAPTURE_DUE, &json!({"life_ms": life_ms}));
    assert_eq!(stands(), ["completed|authorized|0|1"]);
    shop.refuses(&sql::ORDER_CAPTURE, &ann.capture_order(2), Refusal::OrderChanged);
    let seen = with(ann.capture_order(1), json!({"if_versions": [2]}));
    shop.refuses(&sql::ORDER_CAPTURE, &seen, Refusal::VersionConflict);
    // Who waits for long enough is reminded of it.
    assert_eq!(due(1_000), Vec::<Value>::new());
    shop.advance(1_000);
    assert_eq!(due(1_000)[0]["order_id"], "order-ann");
    let receipt = shop.does(&sql::ORDER_CAPTURE, &ann.capture_order(1));
    assert_eq!(receipt["version"], 2);
    assert_eq!(stands(), ["capturing|capture_pending|0|2"]);
    assert_eq!(due(0), Vec::<Value>::new());
    shop.refuses(&sql::ORDER_CAPTURE, &ann.capture_order(2), Refusal::PaymentNotCapturable);
    // Its saga takes it as it would have with the order.
    let lease = json!({"saga_id": "saga-ann", "lease_token": "lease-ann", "lease_ms": 1_000});
    assert_eq!(shop.list(&sql::SAGA_RESUME, &lease)[0]["state"], "capturing");
    shop.does(&sql::PAYMENT_CAPTURE, &ann.capture());
    assert_eq!(stands(), ["completed|captured|3000|2"]);
    shop.refuses(&sql::ORDER_CAPTURE, &ann.capture_order(2), Refusal::PaymentNotCapturable);
    shop.stock_adds_up();
}

#[test]
fn of_an_order_that_is_cancelled_no_money_is_asked_for() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.orders_for_later(&shop, CUPS_AND_TEA);
    shop.does(&sql::ORDER_CANCEL, &with(ann.cancel(), json!({"payment_state": "authorized", "compensation": ann.compensation("void_payment")})));
    shop.refuses(&sql::ORDER_CAPTURE, &ann.capture_order(2), Refusal::OrderChanged);
    shop.advance(1_000);
    assert_eq!(shop.list(&sql::CAPTURE_DUE, &json!({"life_ms": 0})), Vec::<Value>::new());
}

// CHK-11
#[test]
fn nothing_is_collected_of_who_pays_by_card() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.orders(&shop, CUPS_AND_TEA);
    shop.refuses(&sql::ORDER_COLLECT, &ann.changes(1, &["confirmed"]), Refusal::PaymentNotDue);
}

#[test]
fn a_day_is_a_range_of_ids_and_its_orders_come_to_what_they_stand_at() {
    let (shop, ann, bob) = (shop(), shopper("ann"), shopper("bob"));
    let lines: &[Line] = &[("TILL-0001", "wh-hanoi", 2)];
    ann.orders(&shop, lines);
    bob.orders(&shop, lines);
    let total = shop.one("select total_minor from orders where order_id = 'order-ann'").as_i64();
    let total = total.unwrap();
    shop.exec(
        "update orders set cancelled_at_ms = 1, status = 'refunded' where order_id = 'order-bob'",
    );
    shop.exec("insert into refund (order_id, refund_id, amount_minor, actor, detail, at_ms) values ('order-ann', 'r-1', 7, 'x', '{}', 1)");
    let day =
        |number: i64, from: &str, below: &str| json!({"day": number, "from": from, "below": below});
    let days =
        json!({"days": [day(0, "a", "b"), day(1, "order-", "order-b"), day(2, "order-b", "p")]});
    let row = |number: i64, cancelled: i64, refunded: i64| {
        json!({"day": number, "currency": "USD", "orders": 1, "gross_minor": total, "cancelled_orders": cancelled,
            "cancelled_minor": cancelled * total, "refunded_minor": refunded})
    };
    assert_eq!(shop.list(&sql::ORDER_DAYS, &days), [row(1, 0, 7), row(2, 1, 0)]);
    shop.does(&sql::CART_CREATE, &shopper("cat").cart_create());
    let days =
        json!({"days": [day(0, "cart-", "cart-c"), day(1, "cart-c", "cart-z"), day(2, "d", "e")]});
    let carts = |number: i64, opened: i64, filled: i64, ordered: i64| json!({"day": number, "opened": opened, "filled": filled, "ordered": ordered, "abandoned": 0});
    assert_eq!(shop.list(&sql::CART_DAYS, &days), [carts(0, 2, 2, 2), carts(1, 1, 0, 0)]);
}
