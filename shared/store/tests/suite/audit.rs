//! The audit (WRK-5) over the rows that the commands make: of a sound shop it says nothing, and
//! each rule finds the one break that is made for it, looked at whole or in turns.

use std::collections::BTreeSet;

use audit::{WALKS, fold, fold_begin, rules, turn, unfolded, whole};
use ports::{Dialect, Sql as _};
use serde_json::{Value, json};
use store::{Store, sql};

use super::shopper::{Line, Shopper, keyed, shopper, with};
use super::support::{Database, shop};

const HOUR_MS: i64 = 3_600_000;
const OVERDUE_MS: i64 = 900_000;

/// A plan whose money adds up.
fn confirm(buyer: &Shopper, version: i64, lines: &[Line]) -> Value {
    let plan = buyer.plan(lines);
    let goods: i64 = plan["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["total_minor"].as_i64().unwrap())
        .sum();
    let money = json!({ "subtotal_minor": goods, "total_minor": goods + 500, "payable_minor": goods + 500,
        "detail": { "shipping": { "method_id": "standard", "total": { "amount_minor": 500, "currency": "USD" } } } });
    with(buyer.confirm(version, lines), json!({ "plan": with(plan, money) }))
}

fn confirms(shop: &Database, buyer: &Shopper, lines: &[Line]) -> i64 {
    let version = buyer.goes_to_checkout(shop, lines);
    let claim = confirm(buyer, version, lines);
    shop.does(&sql::CONFIRM_BEGIN, &claim);
    claim["plan"]["total_minor"].as_i64().unwrap()
}

fn pays(shop: &Database, buyer: &Shopper, lines: &[Line]) -> i64 {
    let total = confirms(shop, buyer, lines);
    shop.does(&sql::ORDER_CREATE, &buyer.order_create());
    shop.does(&sql::PAYMENT_CAPTURE, &with(buyer.capture(), json!({ "captured_minor": total })));
    total
}

/// What is owed is settled: what is said over a success.
fn settles(shop: &Database, buyer: &Shopper, over: Value) {
    let id = buyer.compensation("")["compensation_id"].clone();
    let lease = json!({ "lease_token": "w", "lease_ms": 1, "limit": 1, "compensation_id": id });
    assert_eq!(shop.list(&sql::COMPENSATION_LEASE, &lease).len(), 1);
    let done = json!({ "compensation_id": id, "lease_token": "w", "state": "done", "tried": true, "captured_minor": null, "refund_reference": null, "next": null, "retry_in_ms": 0, "error": null, "payment_state": null,
        "reference": null, "refunded_minor": 0, "payment_refunded_minor": 0, "saga_state": null, "alert": null, "events": [] });
    shop.does(&sql::COMPENSATION_SETTLE, &with(done, over));
}

/// Somebody in every state that a shop has between two commands.
fn sound() -> Database {
    let shop = shop();
    let lines: &[Line] = &[("TILL-0001", "wh-hanoi", 2), ("TILL-0002", "wh-newark", 1)];
    let named = |name: &str| shopper(name);
    pays(&shop, &named("ann"), lines);
    for (buyer, settled) in [("bob", false), ("ida", true)] {
        let total = pays(&shop, &named(buyer), lines);
        let owed =
            with(named(buyer).compensation("refund_payment"), json!({ "amount_minor": total }));
        shop.does(
            &sql::ORDER_CANCEL,
            &with(named(buyer).cancel(), json!({ "compensation": owed })),
        );
        if settled {
            settles(
                &shop,
                &named(buyer),
                json!({ "payment_state": "refunded", "refunded_minor": total }),
            );
        }
    }
    confirms(&shop, &named("cat"), lines);
    let told = json!({ "source": "event:/erp", "event_id": "told", "type": "customer.created", "reference": "ann", "actor": "erp", "data": {}, "error": null });
    shop.does(&sql::INBOX_ACCEPT, &told);
    let dan = named("dan");
    dan.goes_to_checkout(&shop, &[]);
    shop.does(&sql::CART_ADD_LINE, &with(dan.add("TILL-0003", 1), keyed("dan's key")));
    for (buyer, dead) in [("eve", false), ("kim", true)] {
        confirms(&shop, &named(buyer), lines);
        let back = json!({ "payment_state": "authorized", "reference": format!("pi-{buyer}"), "free_cart": true, "release_stock": true,
            "compensation": named(buyer).compensation("void_payment") });
        shop.does(&sql::SAGA_SETTLE, &with(named(buyer).settle("voiding"), back));
        if dead {
            settles(
                &shop,
                &named(buyer),
                json!({ "state": "dead", "error": "no", "saga_state": "failed", "alert": "no" }),
            );
        }
    }
    confirms(&shop, &named("fay"), lines);
    shop.does(
        &sql::SAGA_SETTLE,
        &with(
            named("fay").settle("declined"),
            json!({ "payment_state": "failed", "free_cart": true }),
        ),
    );
    for (buyer, cancelled) in [("leo", false), ("mia", true)] {
        named(buyer).gets_for_nothing(&shop, lines);
        if cancelled {
            shop.does(
                &sql::ORDER_CANCEL,
                &with(named(buyer).cancel(), json!({ "compensation": null })),
            );
        }
    }
    for (buyer, cancelled) in
        [("customer:ned", None), ("customer:nia", Some(false)), ("customer:noa", Some(true))]
    {
        let id = buyer.trim_start_matches("customer:");
        shop.does(&sql::ACCOUNT_OPEN, &super::stored_value::credit(id, "USD", 2_000));
        let version = named(buyer).goes_to_checkout(&shop, lines);
        let account_id = format!("USD-{id}");
        let claim = confirm(&named(buyer), version, lines);
        let draws = [(account_id.as_str(), 700)];
        shop.does(&sql::CONFIRM_BEGIN, &named(buyer).drawing(claim, &draws));
        if let Some(cancelled) = cancelled {
            let made = with(
                named(buyer).order_create(),
                json!({ "draws": true, "to_state": "completed", "capture": false }),
            );
            shop.does(&sql::ORDER_CREATE, &made);
            if cancelled {
                let void =
                    with(named(buyer).compensation("void_payment"), json!({ "amount_minor": 0 }));
                let cancel = json!({ "payment_state": "authorized", "compensation": void });
                shop.does(&sql::ORDER_CANCEL, &with(named(buyer).cancel(), cancel));
            }
        }
    }
    named("pam").confirms_for_nothing(&shop, lines);
    let (guest, hal) = (named("guest"), named("hal"));
    let version = guest.goes_to_checkout(&shop, lines);
    shop.does(&sql::CART_MERGE, &hal.merge(&guest, version, None, &[("TILL-0001", 2)]));
    let lou = named("lou");
    lou.goes_to_checkout(&shop, lines);
    let points = super::stored_value::points("ann", 500);
    shop.does(&sql::ACCOUNT_OPEN, &with(points, json!({ "account_id": "points" })));
    shop.does(&sql::ACCOUNT_ENTER, &super::stored_value::entry("points", -200));
    shop.does(&sql::REWARD_PUT, &super::rewards::rule("p", json!({})));
    for (order, customer, from) in [("ann", "ann", ""), ("ida", "zoe", "order-ann")] {
        // Ann has an account of points; nobody else's order had been cancelled yet.
        let over = match customer {
            "ann" => json!({ "opens": null, "account_id": "points" }),
            _ => json!({ "walked_from": from }),
        };
        let give = super::rewards::points("p", order, customer, over);
        shop.exec("update orders set status = 'confirmed' where order_id = 'order-ida'");
        shop.does(&sql::REWARD_GIVE, &give);
    }
    shop.exec("update orders set status = 'cancelled' where order_id = 'order-ida'");
    shop.exec("update reward set state = 'owed' where order_id = 'order-ida'");
    shop.does(&sql::REWARD_TAKE_BACK, &super::rewards::take_back("ida", Some(5)));
    shop.exec("update cart set expires_at_ms = 1 where cart_id = 'cart-lou'");
    shop.does(&sql::CART_ABANDON, &json!({ "owner": "lou" }));
    super::receivers::has_given_up(&shop, "desk");
    shop
}

fn limits() -> Value {
    json!({ "overdue_ms": OVERDUE_MS, "event_age_ms": HOUR_MS })
}

fn found(rows: Vec<Value>) -> BTreeSet<String> {
    rows.iter()
        .filter(|row| row.get("rule").is_some())
        .map(|row| {
            format!("{} {}", row["rule"].as_str().unwrap(), row["subject"].as_str().unwrap())
        })
        .collect()
}

fn seen_whole(shop: &Database) -> BTreeSet<String> {
    found(Store::new(shop).ask("whole", whole, &limits()).unwrap())
}

/// All walks to their ends, a few rows at a time.
fn seen_in_turns(shop: &Database) -> BTreeSet<String> {
    let store = Store::new(shop);
    let ask = |name, text: &dyn Fn(Dialect) -> String, input: &Value| -> Vec<Value> {
        store.ask(name, text, input).unwrap()
    };
    let piece = json!({ "limit": 3, "settle_ms": 0 });
    ask("fold_begin", &fold_begin, &piece);
    for _ in 0..5 {
        ask("fold", &fold, &piece);
    }
    assert!(
        ask("unfolded", &unfolded, &json!({ "limit": 1 }))[0]["left"].as_i64().unwrap() > 0,
        "some are left to be added by a look"
    );
    let mut all = BTreeSet::new();
    for walk in WALKS {
        // The demo shop alone has two hundred of these.
        let limit = if ["stock", "movements"].contains(&walk.name) { 60 } else { 3 };
        let mut after = String::new();
        loop {
            let mut rows = ask(
                walk.name,
                &|dialect| turn(walk, limit, dialect),
                &with(limits(), json!({ "after": after })),
            );
            let head =
                rows.remove(rows.iter().position(|row| row.get("looked").is_some()).unwrap());
            all.extend(found(rows));
            match head["last"].as_str().filter(|_| head["looked"].as_i64().unwrap() >= limit) {
                Some(last) => last.clone_into(&mut after),
                None => break,
            }
        }
    }
    all
}

#[test]
fn of_a_sound_shop_the_audit_says_nothing() {
    let shop = sound();
    assert_eq!(seen_whole(&shop), BTreeSet::new());
    let before = shop.rows("select * from stock order by 1, 2");
    assert_eq!(seen_in_turns(&shop), BTreeSet::new());
    assert_eq!(shop.rows("select * from stock order by 1, 2"), before);
}

/// What is done behind the commands' back, and the rule that finds it.
const BREAKS: &[(&str, &str)] = &[
    (
        "completed_cart_has_one_order",
        "update cart set status = 'completed' where cart_id = 'cart-hal'",
    ),
    (
        "cart_is_held_by_its_running_saga",
        "update cart set saga_id = 'saga-fay' where cart_id = 'cart-dan'",
    ),
    (
        "cart_in_checkout_has_an_open_session",
        "update checkout_session set status = 'replaced' where session_id = 'session-dan'",
    ),
    (
        "merged_cart_is_let_go",
        "update checkout_session set status = 'open' where session_id = 'session-guest'",
    ),
    (
        "abandoned_cart_is_let_go",
        "update checkout_session set status = 'open' where session_id = 'session-lou'",
    ),
    (
        "no_cart_is_half_abandoned",
        "update cart set status = 'abandoning' where cart_id = 'cart-lou'",
    ),
    (
        "open_session_ends_no_later_than_its_cart",
        "update cart set expires_at_ms = 1 where cart_id = 'cart-dan'",
    ),
    (
        "open_session_is_of_a_cart_in_checkout",
        "update cart set owner = 'somebody' where cart_id = 'cart-dan'",
    ),
    (
        "completed_session_has_its_order",
        "update checkout_session set status = 'completed' where session_id = 'session-fay'",
    ),
    ("contact_of_a_session_opens", "delete from data_key where owner = 'dan'"),
    ("contact_of_an_order_opens", "delete from data_key where owner = 'ann'"),
    (
        "order_is_the_sum_of_its_lines",
        "update order_line set total_minor = total_minor - 1 where order_id = 'order-ann' and line_no = 2",
    ),
    (
        "order_is_what_was_agreed",
        "update orders set tax_minor = tax_minor + 1 where order_id = 'order-ann'",
    ),
    (
        "order_has_the_lines_agreed",
        "update order_line set sku = 'TILL-0009' where order_id = 'order-ann' and line_no = 1",
    ),
    (
        "shipping_is_what_was_agreed",
        "update checkout_session set shipping_method = 'express' where session_id = 'session-ann'",
    ),
    (
        "cart_of_an_order_is_completed",
        "update cart set status = 'active', saga_id = null where cart_id = 'cart-ann'",
    ),
    (
        "order_has_its_saga_and_payment",
        "update payment set order_id = null where saga_id = 'saga-ann'",
    ),
    (
        "order_was_charged_what_it_costs",
        "update payment set amount_minor = amount_minor + 1 where saga_id = 'saga-ann'",
    ),
    (
        "order_that_stands_has_its_money",
        "update payment set state = 'voided' where saga_id = 'saga-ann'",
    ),
    (
        "pending_order_waits_for_its_money",
        "update orders set status = 'pending', due_at_ms = 9000000000000 where order_id = 'order-ann'; update order_history set to_status = 'pending' where order_id = 'order-ann'",
    ),
    ("due_order_is_not_late", "update orders set due_at_ms = 1 where order_id = 'order-ann'"),
    (
        "order_on_hold_is_not_captured",
        "update orders set status = 'on_hold' where order_id = 'order-ann'; update order_history set to_status = 'on_hold' where order_id = 'order-ann'",
    ),
    (
        "order_line_counts_its_shipments",
        "update order_line set shipped_quantity = 1 where order_id = 'order-ann' and line_no = 1",
    ),
    (
        "order_is_where_its_pieces_are",
        "update orders set status = 'shipped' where order_id = 'order-ann'; update order_history set to_status = 'shipped' where order_id = 'order-ann'",
    ),
    (
        "order_counts_its_refunds",
        "update order_line set refunded_minor = 1 where order_id = 'order-ann' and line_no = 1",
    ),
    (
        "order_line_counts_its_cancellations",
        "update order_line set cancelled_quantity = 1 where order_id = 'order-ann' and line_no = 1",
    ),
    (
        "order_waives_what_its_refunds_say",
        "update payment set waived_minor = 1 where saga_id = 'saga-ann'",
    ),
    (
        "order_line_counts_its_returns",
        "update order_line set shipped_quantity = 1, delivered_quantity = 1, returned_quantity = 1 where order_id = 'order-ann' and line_no = 1",
    ),
    (
        "refunded_order_has_its_money_back",
        "update orders set status = 'refunded' where order_id = 'order-ann'; update order_history set to_status = 'refunded' where order_id = 'order-ann'",
    ),
    (
        "money_on_its_way_back_is_owed",
        "update payment set refunding_minor = 1 where saga_id = 'saga-ann'",
    ),
    ("cancelled_order_gives_its_money_back", "delete from compensation where saga_id = 'saga-bob'"),
    (
        "order_line_has_its_reservation",
        "update reservation set quantity = quantity + 1 where order_id = 'order-ann' and sku = 'TILL-0001'",
    ),
    (
        "order_history_tells_its_status",
        "delete from order_history where order_id = 'order-bob' and seq = 2",
    ),
    ("order_line_has_an_order", "delete from orders where order_id = 'order-ann'"),
    ("saga_has_one_payment", "delete from payment where saga_id = 'saga-cat'"),
    ("running_saga_holds_its_cart", "update cart set saga_id = null where cart_id = 'cart-cat'"),
    ("saga_and_order_agree", "update saga set state = 'completed' where saga_id = 'saga-fay'"),
    (
        "saga_going_back_owes_a_void",
        "update compensation set state = 'done' where saga_id = 'saga-eve'",
    ),
    (
        "running_saga_has_a_driver",
        "update saga set lease_until_ms = 1, next_attempt_at_ms = 1 where saga_id = 'saga-cat'",
    ),
    (
        "refunded_is_within_captured",
        "update payment set refunded_minor = captured_minor + 1 where saga_id = 'saga-ann'",
    ),
    (
        "payment_state_tells_its_amounts",
        "update payment set captured_minor = 0 where saga_id = 'saga-ann'",
    ),
    ("money_has_a_purpose", "update payment set state = 'authorized' where saga_id = 'saga-fay'"),
    (
        "payment_belongs_to_its_saga_and_order",
        "update payment set order_id = 'order-bob' where saga_id = 'saga-cat'",
    ),
    (
        "done_compensation_gave_back",
        "update payment set state = 'captured', refunded_minor = 0 where saga_id = 'saga-ida'",
    ),
    ("dead_compensation_has_its_alert", "delete from alert"),
    (
        "owed_money_is_tried",
        "update compensation set next_attempt_at_ms = 1, lease_until_ms = 1 where saga_id = 'saga-eve'",
    ),
    (
        "balance_is_the_sum_of_its_entries",
        "update account set balance_minor = balance_minor - 1 where account_id = 'points'",
    ),
    (
        "held_is_the_sum_of_its_draws",
        "update account set held_minor = held_minor + 1 where account_id = 'USD-ned'",
    ),
    ("draw_is_held_or_spent", "update draw set state = 'returned' where account_id = 'USD-nia'"),
    (
        "promotion_counts_its_uses",
        "update promotion set spent_minor = spent_minor + 1 where promotion_id = 'all-off'",
    ),
    ("code_counts_its_uses", "update promotion_code set uses = 1 where promotion_id = 'all-off'"),
    (
        "use_is_held_or_ordered",
        "update promotion_use set state = 'held' where saga_id = 'saga-leo'",
    ),
    (
        "discount_is_what_promotions_took_off",
        "update promotion_use set amount_minor = amount_minor + 1 where saga_id = 'saga-leo'",
    ),
    (
        "reward_is_in_the_ledger",
        "update reward set points = points + 1 where grant_id = 'grant-ann'",
    ),
    (
        "reward_stands_with_its_order",
        "update reward set state = 'given' where grant_id = 'grant-ida'",
    ),
    (
        "stock_is_the_sum_of_its_movements",
        "update stock set on_hand = on_hand + 1 where sku = 'TILL-0001' and warehouse_id = 'wh-hanoi'",
    ),
    (
        "reserved_is_the_live_reservations",
        "update reservation set quantity = quantity - 1 where session_id = 'session-cat' and sku = 'TILL-0001'",
    ),
    ("movement_has_a_counter", "delete from stock where sku = 'TILL-0050'"),
    (
        "no_reservation_is_half_released",
        "update reservation set status = 'releasing' where session_id = 'session-cat'",
    ),
    (
        "committed_reservation_has_an_order",
        "update reservation set order_id = null where order_id = 'order-ann'",
    ),
    (
        "live_reservation_is_held_for_somebody",
        "update reservation set session_id = 'nobody' where session_id = 'session-cat'",
    ),
    (
        "expired_reservation_is_given_back",
        "update reservation set expires_at_ms = 1 where session_id = 'session-fay'",
    ),
    (
        "waiting_event_is_not_late",
        "update outbox set next_attempt_at_ms = 1 where outbox_id = (select min(outbox_id) from outbox)",
    ),
    (
        "dead_event_has_its_alert",
        "update outbox set state = 'dead' where outbox_id = (select min(outbox_id) from outbox)",
    ),
    ("told_event_is_not_late", "update inbox set next_attempt_at_ms = 1 where event_id = 'told'"),
    (
        "dead_told_event_has_its_alert",
        "update inbox set state = 'dead', next_attempt_at_ms = 1 where event_id = 'told'",
    ),
    (
        "settled_compensation_has_its_reason",
        "update compensation set state = 'resolved' where saga_id = 'saga-eve'",
    ),
    (
        "settled_event_has_its_reason",
        "update outbox set state = 'resolved' where outbox_id = (select min(outbox_id) from outbox)",
    ),
    ("dead_delivery_has_its_alert", "delete from alert where alert_id = 'receiver_dead:desk'"),
    (
        "delivery_has_its_receiver",
        "update delivery set receiver_id = 'nobody' where outbox_id = (select max(outbox_id) from outbox)",
    ),
    ("idempotency_record_has_its_receipt", "update idempotency set receipt = null"),
];

/// The constraint that says the same, out of the way.
fn without_checks(shop: &Database) {
    shop.exec(match shop.dialect() {
        Dialect::Sqlite => "pragma ignore_check_constraints = on",
        Dialect::Postgres => "alter table payment drop constraint refunded_is_within_captured",
    });
}

#[test]
fn each_break_is_found_by_its_rule_whole_and_in_turns() {
    for (code, breaks) in BREAKS {
        let shop = sound();
        without_checks(&shop);
        shop.exec(breaks);
        let whole = seen_whole(&shop);
        assert!(
            whole.iter().any(|found| found.starts_with(&format!("{code} "))),
            "{code}: {breaks}\n{whole:#?}"
        );
        assert_eq!(seen_in_turns(&shop), whole, "{code}: {breaks}");
    }
}

#[test]
fn no_rule_is_without_a_break_and_none_is_named_twice() {
    let codes: Vec<&str> = rules().map(|rule| rule.code).collect();
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
    assert_eq!(
        codes.into_iter().collect::<BTreeSet<_>>(),
        BREAKS.iter().map(|(code, _)| *code).collect()
    );
}

#[test]
fn time_alone_makes_late_what_no_worker_has_touched() {
    let shop = sound();
    shop.advance(2 * HOUR_MS);
    let late: BTreeSet<String> =
        seen_whole(&shop).iter().map(|found| found.split(' ').next().unwrap().to_owned()).collect();
    let expected = [
        "expired_reservation_is_given_back",
        "owed_money_is_tried",
        "running_saga_has_a_driver",
        "told_event_is_not_late",
        "waiting_event_is_not_late",
    ];
    assert_eq!(late.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    let without_a_sink = with(limits(), json!({ "event_age_ms": null }));
    let rows: Vec<Value> = Store::new(&shop).ask("whole", whole, &without_a_sink).unwrap();
    assert!(!found(rows).iter().any(|found| found.starts_with("waiting_event")));
}

#[test]
fn movements_are_added_up_once_however_many_add_them() {
    let shared = super::support::SharedShop::new();
    let shop = shared.open();
    let ask = |shop: &Database, text: fn(Dialect) -> String, settle_ms: i64| {
        let input = json!({ "limit": 7, "settle_ms": settle_ms });
        Store::new(shop).ask::<Value>("fold", text, &input).unwrap()
    };
    ask(&shop, fold_begin, 0);
    ask(&shop, fold, HOUR_MS);
    assert_eq!(shop.one("select count(*) from counter"), json!(1), "young ones wait");
    shared.at_once(|shop, _| (0..5).for_each(|_| drop(ask(shop, fold, 0))));
    let read =
        shop.one("select value from counter where name = 'audit/movement'").as_i64().unwrap();
    assert!(read > 7 * 5, "{read}");
    let summed = shop
        .one("select cast(sum(value) as bigint) from counter where name like 'audit/on_hand/%'");
    assert_eq!(summed, shop.one(&format!("select cast(sum(on_hand_delta) as bigint) from stock_movement where movement_id <= {read}")));
    assert_eq!(seen_whole(&shop), BTreeSet::new());
}

#[test]
fn a_violation_is_an_alert_and_a_count_once() {
    let shop = shop();
    let record = |run: &str, subjects: &[&str]| {
        let found = |subject: &&str| json!({ "alert_id": format!("audit:a_rule:{subject}"), "detail": { "rule": "a_rule", "subject": subject, "found": { "x": 1 } } });
        shop.does(
            &sql::AUDIT_RECORD,
            &json!({ "run_id": run, "violations": subjects.iter().map(found).collect::<Vec<_>>() }),
        )
    };
    assert_eq!(record("1", &["a"]), json!({ "raised": ["audit:a_rule:a"] }));
    shop.advance(1_000);
    assert_eq!(record("2", &["a", "b"]), json!({ "raised": ["audit:a_rule:b"] }));
    assert_eq!(record("3", &["a", "b"]), json!({ "raised": [] }));
    assert_eq!(shop.rows("select name, value from counter"), ["audit_violations_total|2"]);
    assert_eq!(
        shop.rows("select alert_id, detail from alert order by 1"),
        [
            r#"audit:a_rule:a|{"found":{"x":1},"rule":"a_rule","run_id":"1","subject":"a"}"#,
            r#"audit:a_rule:b|{"found":{"x":1},"rule":"a_rule","run_id":"2","subject":"b"}"#
        ]
    );
}
