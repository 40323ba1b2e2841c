//! Orders and their money: one order of a cart, one charge, one refund, whoever asks and however
//! often at once.

use super::{at_once, buyer, order_id};
use e2e::{Guest, Reply, Shop, address, eventually, together, unique};
use serde_json::json;
use std::{iter, thread, time::Duration};

/// Everything is back, and once.
fn is_given_back_once(guest: &Guest<'_>) {
    eventually("the money is back", || (guest.provider_payments().held() == 0).then_some(()));
    let provider = guest.provider_payments();
    assert_eq!(provider.voided + provider.refunded, provider.authorized, "{provider:?}");
    assert_eq!(guest.compensation_rows().len(), 1, "one is owed");
}

// ORD-4.
#[test]
fn fifty_parallel_cancels_restock_and_refund_once() {
    let shop = Shop::open();
    let sku = shop.sku().stock(10).create();
    let guest = shop.guest();
    let order = guest.buy(&sku, 3);
    let replies = together(at_once(50), |_| guest.cancelling(order_id(&order)).send());
    assert_eq!(replies.iter().filter(|reply| reply.is_success()).count(), 1, "{replies:?}");
    assert!(replies.iter().all(|reply| [200, 409].contains(&reply.status)), "{replies:?}");
    assert_eq!(shop.stock_of(&sku), (10, 0));
    is_given_back_once(&guest);
}

// CHK-4: single use of a key, on an order. Each gets the first one's bytes.
#[test]
fn parallel_cancels_under_one_key_get_one_reply() {
    let shop = Shop::open();
    let sku = shop.sku().stock(10).create();
    let guest = shop.guest();
    let order = guest.buy(&sku, 1);
    let cancel = guest.cancelling(order_id(&order));
    let replies = together(at_once(20), |_| cancel.clone().send());
    assert!(
        replies.iter().all(|reply| reply.status == 200 && reply.body == replies[0].body),
        "{replies:?}"
    );
    is_given_back_once(&guest);
}

// CHK-4, ORD-1: a program that sends its order many times at once has one.
#[test]
fn parallel_orders_of_a_program_under_one_key_are_one() {
    let shop = Shop::open();
    let sku = shop.sku().stock(100).create();
    let body = json!({
        "currency": "USD", "lines": [{ "sku": sku, "quantity": 1 }],
        "email": "desk@customer.example",
        "shipping_address": address("VN", None), "shipping_method": "standard",
        "payment_method": "pm_card_visa",
        "expected_total": { "amount_minor": 1_999 + 500, "currency": "USD" },
    });
    let create = shop
        .call("POST", "/api/v1/orders")
        .bearer(&shop.token("orders:write"))
        .json(&body)
        .keyed(&unique("order-"));
    let replies = together(at_once(20), |_| create.clone().send());
    let done: Vec<&Reply> = replies.iter().filter(|reply| reply.is_success()).collect();
    assert!(!done.is_empty(), "{replies:?}");
    assert!(done.iter().all(|reply| reply.body == done[0].body), "{done:?}");
    replies
        .iter()
        .filter(|reply| !reply.is_success())
        .for_each(|reply| assert_eq!(reply.status, 409, "{reply:?}"));
    assert_eq!(create.send().body, done[0].body);
    assert_eq!(shop.stock_of(&sku), (99, 0));
}

// The buyer cancels while the confirm's replays are still coming in.
#[test]
fn a_cancel_among_confirms_cancels_the_one_order() {
    let shop = Shop::open();
    let sku = shop.sku().stock(10).create();
    let (guest, session) = buyer(&shop, &sku, 2, "pm_card_visa");
    let key = unique("confirm-");
    let first = session.confirm_as(&key);
    let order = first.expect(201);
    let replies = together(at_once(20).max(4), |number| {
        if number % 2 == 0 {
            session.confirming().header("idempotency-key", &key).send()
        } else {
            guest.cancelling(order_id(&order)).send()
        }
    });
    for (number, reply) in replies.iter().enumerate() {
        match (number % 2, reply.status) {
            (0, 201) => assert_eq!(reply.body, first.body),
            (0, _) => drop(reply.problem(409, "idempotency_in_progress")),
            (_, 200) => {}
            (_, _) => assert_eq!(reply.status, 409, "{reply:?}"),
        }
    }
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1, "{replies:?}");
    assert_eq!((guest.order_rows().len(), shop.stock_of(&sku)), (1, (10, 0)));
    is_given_back_once(&guest);
}

/// Many that meet at the claim, and one that meets at the provider.
fn ways_to_pay() -> impl Iterator<Item = &'static str> {
    iter::repeat_n("pm_card_visa", at_once(24)).chain(["pm_sim_slow_700"])
}

/// A confirm, and changes of its cart beside it: either the order has the cart as it was agreed to,
/// or there is none.
fn changes_beside_a_confirm(change: impl Fn(&Guest<'_>, &str, usize) -> Reply + Sync) {
    let shop = Shop::open();
    for pays in ways_to_pay() {
        let sku = shop.sku().stock(100).create();
        let (guest, session) = buyer(&shop, &sku, 3, pays);
        let replies = together(9, |number| {
            if number == 0 {
                return session.confirm();
            }
            // At a slow provider nobody is early: the cart is claimed, and changed while it is
            // being paid.
            if pays != "pm_card_visa" {
                thread::sleep(Duration::from_millis(300));
            }
            change(&guest, &sku, number)
        });
        assert!(
            replies[1..].iter().all(|reply| [200, 404, 409].contains(&reply.status)),
            "{replies:?}"
        );
        let changed = replies[1..].iter().any(|reply| reply.status == 200);
        if guest.has_one_paid_order_or_nothing() {
            assert!(
                !changed,
                "a change that was made would have made the session stale: {replies:?}"
            );
            let order = guest.order(order_id(&replies[0].expect(201))).expect(200);
            assert_eq!((&order["lines"][0]["quantity"], shop.stock_of(&sku)), (&json!(3), (97, 0)));
        } else {
            assert!([409, 422].contains(&replies[0].status), "{:?}", replies[0]);
            assert_eq!(shop.stock_of(&sku), (100, 0));
        }
    }
}

// An add beside the payment is in no order and lost from none.
#[test]
fn an_add_beside_a_confirm_is_not_in_the_order() {
    changes_beside_a_confirm(|guest, sku, _| guest.add(sku, 1));
}

// The line is gone at the moment it is paid.
#[test]
fn a_line_removed_beside_a_confirm_is_sold_or_gone() {
    changes_beside_a_confirm(|guest, sku, _| guest.removing(sku).send());
}

// ACIDRain: a cheaper cart is paid than is shipped.
#[test]
fn a_quantity_changed_beside_a_confirm_is_not_in_the_order() {
    changes_beside_a_confirm(|guest, sku, number| {
        guest.setting(sku, 50 + i64::try_from(number).unwrap()).send()
    });
}

// CHK-1: a second tab begins the checkout anew while the first one pays.
#[test]
fn a_checkout_begun_beside_a_confirm_is_refused_or_replaces_it() {
    let shop = Shop::open();
    for pays in ways_to_pay() {
        let sku = shop.sku().stock(10).create();
        let (guest, session) = buyer(&shop, &sku, 1, pays);
        let replies =
            together(
                5,
                |number| if number == 0 { session.confirm() } else { guest.basket().try_begin() },
            );
        assert!(replies.iter().all(|reply| [201, 404, 409].contains(&reply.status)), "{replies:?}");
        let ordered = guest.has_one_paid_order_or_nothing();
        assert_eq!(ordered, replies[0].status == 201, "{replies:?}");
        assert_eq!(shop.stock_of(&sku), (10 - i64::from(ordered), 0));
    }
}

// Many recoveries and retries at once take, or give back, one order's money once.
#[test]
fn parallel_workers_move_an_orders_money_once() {
    let shop = Shop::alone();
    let workers = |name: &str| {
        drop(together(at_once(12), |_| shop.worker_without_lease(name).send().expect(200)))
    };
    // Asked for and not answered; taken by whoever recovers it, where this shop takes money with
    // the order.
    let guest = shop.guest();
    let order = guest.buy_with(&shop.sku().create(), 1, "pm_sim_capture_lost_answer_1");
    let total = order["total"]["amount_minor"].as_i64().unwrap();
    for _ in 0..3 {
        shop.advance_ms(10 * 60_000);
        workers("saga-recovery");
    }
    let provider = guest.provider_payments();
    assert!([0, total].contains(&provider.captured), "{provider:?}");
    assert_eq!((provider.times_authorized, provider.held()), (1, total));

    let given_back = if provider.captured > 0 { "refund" } else { "void" };
    for fault in ["fails_1", "lost_answer_1"] {
        let guest = shop.guest();
        let order =
            guest.buy_with(&shop.sku().create(), 1, &format!("pm_sim_{given_back}_{fault}"));
        guest.cancelling(order_id(&order)).send().expect(200);
        for _ in 0..3 {
            shop.advance_ms(5 * 60_000 + 1_000);
            workers("compensation-retry");
        }
        is_given_back_once(&guest);
        assert_eq!(guest.compensation_rows()[0]["state"], "done");
    }
}
