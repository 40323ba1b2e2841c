//! Several connections to one file, as several instances of a component are.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};
use store::{Command, Refusal, Statement, StoreError, sql};

use super::{
    shopper::{
        CART_IDLE_MS, LEASE_MS, Line, RECOVERY_MS, Shopper, TEN_MINUTES_MS, event, event_with,
        keyed, shopper, with,
    },
    support::{Database, SharedShop},
};

/// Whether it applied; any refusal but `expected`, and any other error, is a failure.
fn applied(shop: &Database, command: &Command, input: &Value, expected: Refusal) -> bool {
    match shop.apply(command, input) {
        Ok(_) => true,
        Err(StoreError::Refused(refusal)) if refusal == expected => false,
        Err(error) => panic!("{}: {error}", command.name),
    }
}

#[test]
fn twenty_parallel_adds_end_at_twenty() {
    let shared = SharedShop::new();
    let ann = shopper("ann");
    ann.fills_a_cart(&shared.open(), &[]);
    let left = AtomicUsize::new(20);
    shared.at_once(|shop, _| {
        while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            shop.does(
                &sql::CART_ADD_LINE,
                &with(ann.add("TILL-0001", 1), json!({"events": [event_with("e", "cart-ann", "cart.item_added", &["quantity"])]})),
            );
        }
    });
    let shop = shared.open();
    assert_eq!(
        shop.rows("select quantity, version from cart_line join cart using (cart_id)"),
        ["20|21"]
    );
    // Each event says the quantity it made, in the order they were made.
    let quantities: Vec<String> = (1..=20).map(|quantity| quantity.to_string()).collect();
    assert_eq!(shop.rows("select data ->> 'quantity' from outbox order by outbox_id"), quantities);
}

/// Whether it applied, or which of `expected` it was refused for.
fn outcome(
    shop: &Database,
    command: &Command,
    input: &Value,
    expected: &[Refusal],
) -> Option<Refusal> {
    match shop.apply(command, input) {
        Ok(_) => None,
        Err(StoreError::Refused(refusal)) if expected.contains(&refusal) => Some(refusal),
        Err(error) => panic!("{}: {error}", command.name),
    }
}

#[test]
fn the_last_ten_units_make_ten_orders_with_ten_numbers() {
    let shared = SharedShop::new();
    let last = &[("TILL-0100", "wh-hanoi", 1)][..];
    let orders: usize = shared
        .at_once(|shop, thread| {
            (0..5)
                .filter(|round| {
                    let buyer = shopper(&format!("buyer-{thread}-{round}"));
                    let version = buyer.goes_to_checkout(shop, last);
                    let won = applied(
                        shop,
                        &sql::CONFIRM_BEGIN,
                        &buyer.confirm(version, last),
                        Refusal::InsufficientStock,
                    );
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
    let shop = shared.open();
    assert_eq!(orders, 10);
    assert_eq!(shop.rows("select count(*), count(distinct order_number) from orders"), ["10|10"]);
    assert_eq!(shop.rows("select on_hand, reserved from stock where sku = 'TILL-0100' and warehouse_id = 'wh-hanoi'"), ["0|0"]);
    assert_eq!(shop.one("select count(*) from saga where state <> 'completed'"), 0);
    shop.stock_adds_up();
}

#[test]
fn one_key_applies_once_however_many_send_it() {
    let shared = SharedShop::new();
    let ann = shopper("ann");
    ann.fills_a_cart(&shared.open(), &[]);
    let input = with(ann.add("TILL-0001", 1), keyed("k"));
    let times = shared
        .at_once(|shop, _| applied(shop, &sql::CART_ADD_LINE, &input, Refusal::IdempotencyKeySeen));
    assert_eq!(times.iter().filter(|applied| **applied).count(), 1);
    assert_eq!(
        shared.open().rows("select quantity, version from cart_line join cart using (cart_id)"),
        ["1|2"]
    );
}

#[test]
fn one_version_is_replaced_once() {
    let shared = SharedShop::new();
    let ann = shopper("ann");
    let version = ann.fills_a_cart(&shared.open(), &[("TILL-0001", "", 1)]);
    let times = shared.at_once(|shop, thread| {
        let set = with(
            ann.set("TILL-0001", 10 + i64::try_from(thread).unwrap()),
            json!({"if_versions": [version]}),
        );
        applied(shop, &sql::CART_SET_QUANTITY, &set, Refusal::VersionConflict)
    });
    assert_eq!(times.iter().filter(|applied| **applied).count(), 1);
}

#[test]
fn one_of_many_confirms_of_a_cart_wins() {
    let shared = SharedShop::new();
    let ann = shopper("ann");
    let lines = &[("TILL-0001", "wh-hanoi", 2)][..];
    let version = ann.goes_to_checkout(&shared.open(), lines);
    let times = shared.at_once(|shop, thread| {
        let confirm =
            with(ann.confirm(version, lines), json!({"saga_id": format!("saga-{thread}"), "idempotency_key": format!("key-{thread}")}));
        applied(shop, &sql::CONFIRM_BEGIN, &confirm, Refusal::ConfirmInProgress)
    });
    assert_eq!(times.iter().filter(|applied| **applied).count(), 1);
    let shop = shared.open();
    assert_eq!(shop.rows("select quantity from reservation"), ["2"]);
    shop.stock_adds_up();
}

#[test]
fn an_order_is_cancelled_once() {
    let shared = SharedShop::new();
    let ann = shopper("ann");
    ann.pays(&shared.open(), &[("TILL-0100", "wh-hanoi", 4)]);
    let times = shared
        .at_once(|shop, _| applied(shop, &sql::ORDER_CANCEL, &ann.cancel(), Refusal::OrderChanged));
    assert_eq!(times.iter().filter(|applied| **applied).count(), 1);
    let shop = shared.open();
    assert_eq!(
        shop.rows(
            "select on_hand from stock where sku = 'TILL-0100' and warehouse_id = 'wh-hanoi'"
        ),
        ["10"]
    );
    assert_eq!(shop.one("select count(*) from compensation"), 1);
    shop.stock_adds_up();
}

#[test]
fn no_two_workers_take_the_same_row() {
    let shared = SharedShop::new();
    let shop = shared.open();
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
    for (statement, id) in [
        (&sql::OUTBOX_LEASE, "outbox_id"),
        (&sql::SAGA_LEASE, "saga_id"),
        (&sql::COMPENSATION_LEASE, "compensation_id"),
    ] {
        let mut taken: Vec<String> = shared
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
    let shared = SharedShop::new();
    let shop = shared.open();
    for number in 0..20 {
        shopper(&format!("buyer-{number}")).confirms(&shop, &[("TILL-0001", "wh-hanoi", 3)]);
    }
    shop.advance(600_000);
    let done: i64 = shared
        .at_once(|shop, _| {
            (0..4)
                .map(|_| {
                    shop.does(&sql::RESERVATION_EXPIRE, &json!({"limit": 2}))["done"]
                        .as_i64()
                        .unwrap()
                })
                .sum::<i64>()
        })
        .into_iter()
        .sum();
    assert_eq!(done, 20);
    assert_eq!(shop.rows("select sum(reserved) from stock"), ["0"]);
    shop.stock_adds_up();
}

#[test]
fn one_key_confirms_once_however_many_send_it() {
    let shared = SharedShop::new();
    let ann = shopper("ann");
    let lines = &[("TILL-0001", "wh-hanoi", 2)][..];
    let version = ann.goes_to_checkout(&shared.open(), lines);
    let times = shared.at_once(|shop, thread| {
        let confirm =
            with(ann.confirm(version, lines), json!({"saga_id": format!("saga-{thread}")}));
        applied(shop, &sql::CONFIRM_BEGIN, &confirm, Refusal::IdempotencyKeySeen)
    });
    assert_eq!(times.iter().filter(|applied| **applied).count(), 1);
}

#[test]
fn an_owner_opens_one_cart_however_often_they_ask() {
    let shared = SharedShop::new();
    let times = shared.at_once(|shop, thread| {
        applied(
            shop,
            &sql::CART_CREATE,
            &with(shopper("ann").cart_create(), json!({"cart_id": format!("cart-{thread}")})),
            Refusal::CartExists,
        )
    });
    assert_eq!(times.iter().filter(|applied| **applied).count(), 1);
}

#[test]
fn a_cart_has_one_open_session_however_often_it_goes_to_checkout() {
    let shared = SharedShop::new();
    let (shop, ann) = (shared.open(), shopper("ann"));
    ann.confirms(&shop, &[("TILL-0001", "wh-hanoi", 2)]);
    shop.does(&sql::SAGA_SETTLE, &with(ann.settle("declined"), json!({"free_cart": true})));
    shared.at_once(|shop, thread| {
        shop.does(
            &sql::CHECKOUT_BEGIN,
            &with(ann.checkout(2), json!({"session_id": format!("session-{thread}")})),
        )
    });
    assert_eq!(
        shop.rows("select status, count(*) from checkout_session group by 1 order by 1"),
        ["open|1", "replaced|8"]
    );
    let held = "select r.status, s.status from reservation as r join checkout_session as s on s.session_id = r.session_id";
    assert_eq!(shop.rows(held), ["active|open"], "what the first held is the last one's");
    shop.stock_adds_up();
}

#[test]
fn of_an_order_and_many_who_would_supersede_its_attempt_one_comes_first() {
    let shared = SharedShop::new();
    let lines = &[("TILL-0001", "wh-hanoi", 2)][..];
    for round in 0..6 {
        let ann = shopper(&format!("ann-{round}"));
        ann.is_at_the_bank(&shared.open(), lines);
        let outcomes = shared.at_once(|shop, thread| {
            let cancel_id = json!({"cancel_id": format!("cancel-{round}-{thread}")});
            match thread {
                0 => outcome(shop, &sql::ORDER_CREATE, &ann.order_create(), &[Refusal::SagaMovedOn]),
                1 => outcome(
                    shop,
                    &sql::CART_ADD_LINE,
                    &with(ann.add("TILL-0002", 1), cancel_id),
                    &[Refusal::CartLocked, Refusal::CartNotFound],
                ),
                2 => outcome(
                    shop,
                    &sql::CHECKOUT_BEGIN,
                    &with(with(ann.checkout(2), cancel_id), json!({"session_id": format!("again-{round}")})),
                    &[Refusal::CartLocked, Refusal::CartNotFound, Refusal::CartChanged],
                ),
                _ => {
                    let mut instead = with(ann.confirm_instead(2, lines), cancel_id);
                    instead =
                        with(instead, json!({"saga_id": format!("saga-{round}-{thread}"), "idempotency_key": format!("key-{thread}")}));
                    instead["plan"]["payment_id"] = json!(format!("payment-{round}-{thread}"));
                    instead["plan"]["lines"][0]["reservation_id"] = json!(format!("hold-{round}-{thread}"));
                    outcome(
                        shop,
                        &sql::CONFIRM_BEGIN,
                        &instead,
                        &[Refusal::ConfirmInProgress, Refusal::CartConverted, Refusal::CartChanged, Refusal::SessionClosed],
                    )
                }
            }
        });
        let shop = shared.open();
        let applied =
            |from: usize| outcomes.iter().skip(from).filter(|refusal| refusal.is_none()).count();
        let cancels = shop
            .rows(&format!("select saga_id from compensation where saga_id = 'saga-ann-{round}'"));
        // The attempt ends once, in an order or in a cancel; and of those that would take its place
        // one does at most.
        assert_eq!(
            (usize::from(outcomes[0].is_none()) + cancels.len(), applied(3) <= 1),
            (1, true),
            "{outcomes:?}"
        );
        let live =
            shop.rows(&format!("select state from saga where owner = 'ann-{round}' and state in ('authorizing', 'awaiting_action')"));
        assert_eq!(live.len(), applied(3), "{outcomes:?}");
        shop.stock_adds_up();
    }
}

#[test]
fn a_line_is_added_before_the_claim_or_not_at_all() {
    let shared = SharedShop::new();
    let lines = &[("TILL-0001", "wh-hanoi", 2)][..];
    for round in 0..6 {
        let ann = shopper(&format!("ann-{round}"));
        let version = ann.goes_to_checkout(&shared.open(), lines);
        let outcomes = shared.at_once(|shop, thread| match thread {
            0 => outcome(
                shop,
                &sql::CONFIRM_BEGIN,
                &ann.confirm(version, lines),
                &[Refusal::CartChanged, Refusal::SessionClosed],
            ),
            1 => outcome(
                shop,
                &sql::CHECKOUT_BEGIN,
                &with(ann.checkout(version), json!({"session_id": format!("again-{round}")})),
                &[Refusal::CartChanged, Refusal::CartLocked],
            ),
            _ => {
                outcome(shop, &sql::CART_ADD_LINE, &ann.add("TILL-0002", 1), &[Refusal::CartLocked])
            }
        });
        // Whatever the order: a claimed cart is as it was when it was claimed.
        let claimed = outcomes[0].is_none();
        let changed = shared
            .open()
            .rows(&format!("select version from cart where cart_id = 'cart-ann-{round}'"))
            != [version.to_string()];
        assert_ne!(claimed, changed, "{outcomes:?}");
    }
    shared.open().stock_adds_up();
}

#[test]
fn claims_of_the_same_stock_in_any_order_never_wait_for_each_other() {
    let shared = SharedShop::new();
    let there: &[Line] = &[
        ("TILL-0001", "wh-hanoi", 1),
        ("TILL-0002", "wh-newark", 1),
        ("TILL-0003", "wh-hanoi", 1),
    ];
    let back: Vec<Line> = there.iter().rev().copied().collect();
    shared.at_once(|shop, thread| {
        for round in 0..6 {
            let (mine, theirs) = if (thread + round) % 2 == 0 { (there, &back[..]) } else { (&back[..], there) };
            let buyer = shopper(&format!("buyer-{thread}-{round}"));
            // Declined, and claimed again in another order: what is given back and what is taken
            // overlap.
            let version = buyer.goes_to_checkout(shop, mine);
            shop.does(&sql::CONFIRM_BEGIN, &buyer.confirm(version, mine));
            shop.does(&sql::SAGA_SETTLE, &with(buyer.settle("declined"), json!({"free_cart": true})));
            let mut retry =
                with(buyer.confirm(version, theirs), json!({"saga_id": format!("retry-{thread}-{round}"), "idempotency_key": "again"}));
            retry["plan"]["payment_id"] = json!(format!("payment-again-{thread}-{round}"));
            for (at, line) in retry["plan"]["lines"].as_array_mut().unwrap().iter_mut().enumerate() {
                line["reservation_id"] = json!(format!("again-{thread}-{round}-{at}"));
            }
            shop.does(&sql::CONFIRM_BEGIN, &retry);
            shop.does(
                &sql::ORDER_CREATE,
                &with(
                    buyer.order_create(),
                    json!({"saga_id": format!("retry-{thread}-{round}"), "to_state": "completed", "capture": false}),
                ),
            );
            shop.does(&sql::ORDER_CANCEL, &with(buyer.cancel(), json!({"payment_state": "authorized", "compensation": buyer.compensation("void_payment")})));
        }
    });
    let shop = shared.open();
    assert_eq!(shop.rows("select sum(on_hand), sum(reserved) from stock where sku in ('TILL-0001', 'TILL-0002', 'TILL-0003')"), ["6000|0"]);
    shop.stock_adds_up();
}

#[test]
fn a_reservation_becomes_an_order_or_goes_back_to_stock() {
    let shared = SharedShop::new();
    let shop = shared.open();
    for number in 0..16 {
        shopper(&format!("buyer-{number}"))
            .confirms(&shop, &[("TILL-0001", "wh-hanoi", 1), ("TILL-0002", "wh-hanoi", 1)]);
    }
    // A second before the end for those that order; the worker looks a second later.
    shop.advance(TEN_MINUTES_MS - 1_000);
    let orders: usize = shared
        .at_once(|shop, thread| {
            if thread == 0 {
                shop.advance(2_000);
            }
            (0..4)
                .filter(|round| {
                    if thread < 4 {
                        shop.does(&sql::RESERVATION_EXPIRE, &json!({"limit": 3}));
                        return false;
                    }
                    let buyer = shopper(&format!("buyer-{}", 4 * (thread - 4) + round));
                    applied(
                        shop,
                        &sql::ORDER_CREATE,
                        &buyer.order_create(),
                        Refusal::ReservationExpired,
                    )
                })
                .count()
        })
        .into_iter()
        .sum();
    while shop.does(&sql::RESERVATION_EXPIRE, &json!({"limit": 3}))["done"] != 0 {}
    assert_eq!(shop.one("select count(*) from orders"), orders);
    assert_eq!(shop.one("select count(*) from reservation where status = 'committed'"), 2 * orders);
    assert_eq!(shop.one("select count(*) from reservation where status = 'active'"), 0);
    assert_eq!(
        shop.one("select 2000 - sum(on_hand) from stock where sku in ('TILL-0001', 'TILL-0002') and warehouse_id = 'wh-hanoi'"),
        2 * orders
    );
    shop.stock_adds_up();
}

#[test]
fn an_order_is_cancelled_before_its_capture_or_after_it() {
    let shared = SharedShop::new();
    for round in 0..6 {
        let ann = shopper(&format!("ann-{round}"));
        ann.orders(&shared.open(), &[("TILL-0001", "wh-hanoi", 1)]);
        let outcomes = shared.at_once(|shop, thread| match thread {
            0 => outcome(shop, &sql::PAYMENT_CAPTURE, &ann.capture(), &[]),
            _ => outcome(
                shop,
                &sql::ORDER_CANCEL,
                &ann.cancel(),
                &[Refusal::OrderBusy, Refusal::OrderChanged],
            ),
        });
        // While it is being captured it is busy, and once captured one cancel wins.
        let cancelled = outcomes[1..].iter().filter(|outcome| outcome.is_none()).count();
        assert!(outcomes[0].is_none() && cancelled <= 1, "{outcomes:?}");
        let rows = shared.open().rows(&format!(
            "select o.status, p.state, count(c.compensation_id) from orders as o join payment as p on p.order_id = o.order_id
            left join compensation as c on c.payment_id = p.payment_id where o.order_id = 'order-ann-{round}' group by 1, 2"
        ));
        let expected = if cancelled == 1 { "cancelled|captured|1" } else { "confirmed|captured|0" };
        assert_eq!(rows, [expected]);
    }
    shared.open().stock_adds_up();
}

#[test]
fn of_two_drivers_of_a_saga_one_moves_it() {
    let shared = SharedShop::new();
    for round in 0..6 {
        let ann = shopper(&format!("ann-{round}"));
        ann.confirms(&shared.open(), &[("TILL-0001", "wh-hanoi", 1)]);
        let outcomes = shared.at_once(|shop, thread| {
            let moved_on = &[Refusal::SagaMovedOn];
            match thread % 2 {
                0 => outcome(
                    shop,
                    &sql::ORDER_CREATE,
                    &with(ann.order_create(), json!({"to_state": "completed", "capture": false})),
                    moved_on,
                ),
                _ => outcome(
                    shop,
                    &sql::SAGA_SETTLE,
                    &with(ann.settle("failed"), json!({"free_cart": true, "release_stock": true})),
                    moved_on,
                ),
            }
        });
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_none()).count(), 1, "{outcomes:?}");
    }
    shared.open().stock_adds_up();
}

#[test]
fn events_of_one_aggregate_go_out_in_order_through_many_relays() {
    let shared = SharedShop::new();
    let (shop, ann) = (shared.open(), shopper("ann"));
    let events: Vec<_> =
        (0..60).map(|at| event(&format!("e{at}"), ["a", "b"][at % 2], "t")).collect();
    shop.does(&sql::CART_CREATE, &with(ann.cart_create(), json!({"events": events})));
    let sent: Mutex<Vec<i64>> = Mutex::default();
    shared.at_once(|shop, thread| {
        let lease = json!({"lease_token": format!("r{thread}"), "lease_ms": LEASE_MS, "limit": 3});
        while shop.one("select count(*) from outbox where state = 'pending'") != 0 {
            let ids: Vec<i64> = shop.list(&sql::OUTBOX_LEASE, &lease).iter().map(|event| event["outbox_id"].as_i64().unwrap()).collect();
            sent.lock().unwrap().extend(&ids);
            let settle = json!({"lease_token": format!("r{thread}"), "published": ids, "retried": [], "dead": [], "untried": []});
            shop.does(&sql::OUTBOX_SETTLE, &settle);
        }
    });
    let sent = sent.into_inner().unwrap();
    assert_eq!(sent.len(), 60, "{sent:?}");
    for parity in 0..2 {
        assert!(sent.iter().filter(|id| **id % 2 == parity).is_sorted(), "{sent:?}");
    }
}

#[test]
fn imports_of_the_same_skus_in_any_order_never_wait_for_each_other() {
    let shared = SharedShop::new();
    shared.at_once(|shop, thread| {
        for round in 0..4 {
            let mut skus: Vec<Value> = (0..20)
                .map(|at| {
                    json!({"sku": format!("S-{at}"), "product_id": "p", "name": "n", "category": "c", "tax_class": "standard",
                "weight_g": thread, "active": true, "prices": {"USD": 100 + thread, "EUR": 100 + thread}})
                })
                .collect();
            if (thread + round) % 2 == 0 {
                skus.reverse();
            }
            shop.does(&sql::SKU_PUT, &json!({"skus": skus, "actor": "service:desk"}));
        }
    });
    // One import's rows, not two imports' halves.
    assert_eq!(
        shared.open().rows(
            "select count(distinct weight_g), count(distinct amount_minor), count(*) from sku join price using (sku) where sku like 'S-%'"
        ),
        ["1|1|40"]
    );
    // Each was made of what the one before it had left, and none is missing.
    let broken = "select count(*) from history as h left join history as p on p.subject = h.subject and p.seq = h.seq - 1
        where h.subject like 'sku/S-%' and (h.data -> 'before') is distinct from (p.data -> 'after') and h.seq > 1";
    assert_eq!(shared.open().one(broken), json!(0));
    let first = "select count(*) from history where subject like 'sku/S-%' and seq = 1 and data ->> 'before' is null";
    assert_eq!(shared.open().one(first), json!(20));
}

#[test]
fn stock_is_never_adjusted_below_what_is_claimed_meanwhile() {
    let shared = SharedShop::new();
    let outcomes = shared.at_once(|shop, thread| {
        if thread % 2 == 0 {
            let take = json!({"sku": "TILL-0100", "warehouse_id": "wh-hanoi", "kind": "adjust", "quantity": -4, "actor": "admin"});
            return outcome(shop, &sql::STOCK_MOVE, &take, &[Refusal::StockWouldBeNegative]);
        }
        let (buyer, line) = (shopper(&format!("buyer-{thread}")), [("TILL-0100", "wh-hanoi", 4)]);
        let version = buyer.goes_to_checkout(shop, &line);
        outcome(shop, &sql::CONFIRM_BEGIN, &buyer.confirm(version, &line), &[Refusal::InsufficientStock])
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_none()).count(), 2, "{outcomes:?}");
    shared.open().stock_adds_up();
}

/// Eight rows whose drivers are late: four workers take them over while four late drivers settle
/// two each. `moved` counts the rows that were settled although a worker (`w…`) had them.
fn taken_over_or_settled(
    prepare: impl Fn(&Database, &Shopper),
    lease: &Statement,
    command: &Command,
    settle: impl Fn(&Shopper) -> Value + Sync,
    refusal: Refusal,
    moved: &str,
) {
    let shared = SharedShop::new();
    let shop = shared.open();
    let buyers: Vec<Shopper> = (0..8).map(|number| shopper(&format!("buyer-{number}"))).collect();
    for buyer in &buyers {
        prepare(&shop, buyer);
    }
    shop.advance(LEASE_MS);
    let done: usize = shared
        .at_once(|shop, thread| {
            if thread >= 4 {
                return buyers[2 * (thread - 4)..][..2].iter().filter(|buyer| applied(shop, command, &settle(buyer), refusal)).count();
            }
            let take = json!({"lease_token": format!("w{thread}"), "lease_ms": LEASE_MS, "limit": 1, "compensation_id": null});
            std::iter::repeat_with(|| shop.list(lease, &take).len()).take_while(|taken| *taken > 0).sum()
        })
        .into_iter()
        .sum();
    assert_eq!(done, 8, "{}", command.name);
    assert_eq!(shop.one(moved), 0, "{}", command.name);
}

#[test]
fn a_late_driver_settles_or_is_taken_over() {
    let line = &[("TILL-0001", "wh-hanoi", 1)][..];
    for _ in 0..3 {
        taken_over_or_settled(
            |shop, buyer| drop(buyer.confirms(shop, line)),
            &sql::SAGA_LEASE,
            &sql::SAGA_SETTLE,
            |buyer| with(buyer.settle("declined"), json!({"free_cart": true})),
            Refusal::SagaMovedOn,
            "select count(*) from saga where state = 'declined' and lease_token like 'w%'",
        );
        taken_over_or_settled(
            |shop, buyer| drop(buyer.confirms(shop, line)),
            &sql::SAGA_LEASE,
            &sql::ORDER_CREATE,
            |buyer| with(buyer.order_create(), json!({"to_state": "completed", "capture": false})),
            Refusal::SagaMovedOn,
            "select count(*) from saga where state = 'completed' and lease_token like 'w%'",
        );
        taken_over_or_settled(
            |shop, buyer| drop(buyer.orders(shop, line)),
            &sql::SAGA_LEASE,
            &sql::PAYMENT_CAPTURE,
            Shopper::capture,
            Refusal::SagaMovedOn,
            "select count(*) from saga where state = 'completed' and lease_token like 'w%'",
        );
        taken_over_or_settled(
            |shop, buyer| {
                buyer.pays(shop, line);
                shop.does(&sql::ORDER_CANCEL, &buyer.cancel());
                shop.exec("update compensation set lease_token = 'late'");
            },
            &sql::COMPENSATION_LEASE,
            &sql::COMPENSATION_SETTLE,
            |buyer| {
                json!({"compensation_id": format!("compensation-{}", buyer.0), "lease_token": "late", "state": "done", "tried": true, "captured_minor": null,
                "refund_reference": null, "next": null, "retry_in_ms": 0, "error": null,
                "payment_state": "refunded", "reference": null, "refunded_minor": 3000, "payment_refunded_minor": 0, "saga_state": null, "alert": null, "events": []})
            },
            Refusal::CompensationMovedOn,
            "select count(*) from compensation where state = 'done' and lease_token like 'w%'",
        );
    }
}

#[test]
fn one_of_many_logins_merges_and_no_add_is_lost() {
    let shared = SharedShop::new();
    let guest = shopper("guest");
    guest.fills_a_cart(&shared.open(), &[]);
    // Half of them log in as customers of their own, half add to the guest's cart; each merge takes
    // what it has read.
    let outcomes = shared.at_once(|shop, thread| {
        let expected = [Refusal::CartNotFound, Refusal::CartExists, Refusal::VersionConflict];
        if thread % 2 == 0 {
            let customer = shopper(&format!("customer-{thread}"));
            (0..200).any(|_| {
                let Some(facts) = shop
                    .list(&sql::CART_MERGE_FACTS, &json!({"guest_owner": "guest", "owner": customer.0, "recovery_ms": RECOVERY_MS}))
                    .pop()
                else {
                    return false;
                };
                let taken = facts["lines"].as_array().unwrap().iter().map(|line| line["quantity"].as_i64().unwrap()).sum::<i64>();
                let lines: &[(&str, i64)] = if taken > 0 { &[("TILL-0001", taken)] } else { &[] };
                let merge = customer.merge(&guest, facts["guest_version"].as_i64().unwrap(), facts["cart_version"].as_i64(), lines);
                outcome(shop, &sql::CART_MERGE, &merge, &expected).is_none()
            })
        } else {
            (0..10).filter(|_| applied(shop, &sql::CART_ADD_LINE, &guest.add("TILL-0001", 1), Refusal::CartNotFound)).count() > 10
        }
    });
    assert_eq!(outcomes.iter().filter(|merged| **merged).count(), 1, "one login has the cart");
    let shop = shared.open();
    let lines = "select coalesce(sum(quantity), 0) from cart_line where cart_id = ";
    assert_eq!(
        shop.one(&format!("{lines}'cart-guest'")),
        shop.one("select coalesce(sum(quantity), 0) from cart_line where cart_id <> 'cart-guest'")
    );
    assert_eq!(shop.one("select count(*) from cart where status = 'merged'"), json!(1));
    assert_eq!(shop.one("select count(*) from outbox where type = 'cart.merged'"), json!(1));
}

#[test]
fn a_merge_and_a_confirm_of_the_same_cart_do_not_both_happen() {
    let shared = SharedShop::new();
    let line = &[("TILL-0001", "wh-hanoi", 1)][..];
    let rounds = 12;
    let versions: Vec<i64> = (0..rounds)
        .map(|round| shopper(&format!("guest-{round}")).goes_to_checkout(&shared.open(), line))
        .collect();
    let won: Vec<Vec<bool>> = shared.at_once(|shop, thread| {
        (0..rounds)
            .map(|round| {
                let guest = shopper(&format!("guest-{round}"));
                let version = versions[round];
                match thread {
                    0 => outcome(
                        shop,
                        &sql::CONFIRM_BEGIN,
                        &guest.confirm(version, line),
                        &[Refusal::CartChanged, Refusal::SessionClosed],
                    )
                    .is_none(),
                    1 => {
                        let merge = shopper(&format!("customer-{round}")).merge(
                            &guest,
                            version,
                            None,
                            &[("TILL-0001", 1)],
                        );
                        outcome(shop, &sql::CART_MERGE, &merge, &[Refusal::CartLocked]).is_none()
                    }
                    _ => false,
                }
            })
            .collect()
    });
    for (round, (confirmed, merged)) in won[0].iter().zip(&won[1]).enumerate() {
        assert_ne!(confirmed, merged, "round {round}: one of them");
    }
    shared.open().stock_adds_up();
}

#[test]
fn many_who_return_at_once_and_the_worker_give_up_a_cart_once() {
    let shared = SharedShop::new();
    let ann = shopper("ann");
    ann.goes_to_checkout(&shared.open(), &[("TILL-0001", "wh-hanoi", 2)]);
    shared.open().advance(CART_IDLE_MS);
    let opened = shared.at_once(|shop, thread| {
        if thread % 4 == 3 {
            shop.does(&sql::CART_EXPIRE, &json!({"limit": 5, "recovery_ms": RECOVERY_MS}));
            return false;
        }
        shop.does(&sql::CART_ABANDON, &json!({"owner": "ann"}));
        let again = json!({"cart_id": format!("cart-{thread}"), "from_cart_id": "cart-ann"});
        applied(shop, &sql::CART_CREATE, &with(ann.cart_create(), again), Refusal::CartExists)
    });
    assert_eq!(opened.iter().filter(|opened| **opened).count(), 1);
    let shop = shared.open();
    assert_eq!(
        shop.rows("select status, count(*) from cart group by status order by 1"),
        ["abandoned|1", "active|1"]
    );
    assert_eq!(
        shop.rows("select quantity, cart_id <> 'cart-ann' and cart_id is not null from cart_line")
            .len(),
        1
    );
    assert_eq!(shop.one("select count(*) from cart_line where cart_id = 'cart-ann'"), json!(0));
    assert_eq!(shop.one("select count(*) from outbox where type = 'cart.abandoned'"), json!(1));
}

#[test]
fn a_cart_is_given_up_or_changed_or_begun_with_or_claimed_and_never_both() {
    let shared = SharedShop::new();
    let line = &[("TILL-0001", "wh-hanoi", 1)][..];
    let rounds = 12;
    let buyer = |round: usize| shopper(&format!("buyer-{round}"));
    let versions: Vec<i64> =
        (0..rounds).map(|round| buyer(round).goes_to_checkout(&shared.open(), line)).collect();
    // Nothing but the clock stands between them: what one of them does, decides for the others.
    shared
        .open()
        .exec("update cart set expires_at_ms = expires_at_ms - 1800000, status = 'checkout'");
    shared.open().advance(CART_IDLE_MS - 1_800_000 - 1_500);
    let refused =
        [Refusal::CartNotFound, Refusal::CartChanged, Refusal::CartLocked, Refusal::SessionClosed];
    shared.at_once(|shop, thread| {
        for (round, version) in versions.iter().enumerate() {
            let buyer = buyer(round);
            let again =
                with(buyer.checkout(*version), json!({"session_id": format!("again-{round}")}));
            let (command, input) = match thread {
                0 => (&sql::CONFIRM_BEGIN, buyer.confirm(*version, line)),
                1 => (&sql::CART_ADD_LINE, buyer.add("TILL-0002", 1)),
                2 => (&sql::CHECKOUT_BEGIN, again),
                _ => (&sql::CART_EXPIRE, json!({"limit": 3, "recovery_ms": RECOVERY_MS})),
            };
            if thread == 3 {
                shop.advance(500);
            }
            assert!(outcome(shop, command, &input, &refused).is_none_or(|_| thread < 3));
        }
    });
    let shop = shared.open();
    shop.advance(1_000);
    for _ in 0..rounds {
        shop.does(&sql::CART_EXPIRE, &json!({"limit": 5, "recovery_ms": RECOVERY_MS}));
    }
    let wrong = shop.rows(
        "select cart_id, status from cart where status = 'abandoned' and (saga_id is not null or expires_at_ms > (select min(created_at_ms) from outbox where type = 'cart.abandoned') + 60000
           or exists (select 1 from checkout_session as s where s.cart_id = cart.cart_id and s.status = 'open'))",
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(
        shop.one("select count(*) from outbox where type = 'cart.abandoned'"),
        shop.one("select count(*) from cart where status = 'abandoned'")
    );
    shop.stock_adds_up();
}
