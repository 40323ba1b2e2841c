//! Stock: no more is sold than there is, and nobody is charged for what there was not.

use super::{at_once, buyer, buyers};
use e2e::{Shop, address, together, unique};
use serde_json::{Value, json};

/// What the provider holds of everybody's dollars, by its own books.
fn held_by_the_provider(shop: &Shop) -> i64 {
    let ledger = shop.simulator("GET", "/ledger").send().expect(200);
    let dollars = ledger["totals"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|total| total["currency"] == "USD")
        .cloned()
        .unwrap_or_default();
    let sum = |kind: &str| dollars[kind].as_i64().unwrap_or_default();
    sum("authorized") - sum("voided") - sum("refunded")
}

// STOCK-1: ten orders, and 490 who are told so and not charged, by the provider's own books.
#[test]
fn five_hundred_confirms_for_ten_units_make_ten_orders() {
    let shop = Shop::alone();
    let sku = shop.sku().stock(10).create();
    let buyers = buyers(&shop, at_once(500).max(20), &sku, 1);
    let before = held_by_the_provider(&shop);
    let keyed = |number: usize| {
        buyers[number].1.confirming().header("idempotency-key", &unique("confirm-"))
    };
    // On a slow machine one writer after the other is more than a statement waits for: then a buyer
    // is told to come again, and does.
    let replies = together(buyers.len(), |number| keyed(number).send_patiently());
    let (sold, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    assert_eq!(
        sold.len(),
        10,
        "{:?}",
        replies.iter().map(|reply| reply.status).collect::<Vec<_>>()
    );
    for reply in refused {
        assert_eq!(reply.problem(422, "insufficient_stock")["lines"][0]["sku"], sku.as_str());
    }
    assert_eq!(shop.stock_of(&sku), (0, 0));
    let total: i64 =
        sold.iter().map(|reply| reply.json()["total"]["amount_minor"].as_i64().unwrap()).sum();
    assert_eq!(held_by_the_provider(&shop) - before, total, "the ten and nobody else");
    let orders = buyers.iter().filter(|(guest, _)| !guest.order_rows().is_empty()).count();
    assert_eq!(orders, 10);
}

// Two lines of one order draw on one stock row; and so do the orders beside it.
#[test]
fn parallel_orders_whose_lines_share_a_stock_row_are_summed_first() {
    let shop = Shop::open();
    let sku = shop.sku().stock(10).create();
    let body = json!({
        "currency": "USD", "lines": [{ "sku": sku, "quantity": 2 }, { "sku": sku, "quantity": 2 }],
        "email": "desk@customer.example",
        "shipping_address": address("VN", None), "shipping_method": "standard",
        "payment_method": "pm_card_visa",
        "expected_total": { "amount_minor": 4 * 1_999 + 500, "currency": "USD" },
    });
    let order = || {
        shop.call("POST", "/api/v1/orders")
            .bearer(&shop.token("orders:write"))
            .keyed(&unique("order-"))
    };
    let replies = together(at_once(20).max(4), |_| order().json(&body).send());
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        reply.problem(422, "insufficient_stock");
    }
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 2);
    assert_eq!(shop.stock_of(&sku), (2, 0));
}

// ACIDRain, write skew: each takes some from either warehouse, and neither warehouse alone says
// that it is too much.
#[test]
fn parallel_orders_over_two_warehouses_sell_no_unit_twice() {
    let shop = Shop::open();
    let sku = shop.sku().stock(5).and_in("wh-newark", 5).create();
    let buyers = buyers(&shop, at_once(20), &sku, 6);
    let replies = together(buyers.len(), |number| buyers[number].1.confirm());
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1, "{replies:?}");
    replies
        .iter()
        .filter(|reply| reply.status != 201)
        .for_each(|reply| drop(reply.problem(422, "insufficient_stock")));
    assert_eq!(shop.stock_of(&sku), (4, 0));
    for (guest, _) in &buyers {
        guest.has_one_paid_order_or_nothing();
    }
}

// STOCK-1, STOCK-10: the shelf is counted anew while it is being sold.
#[test]
fn confirms_and_adjustments_at_once_never_go_below_nothing() {
    let shop = Shop::open();
    let sku = shop.sku().stock(20).create();
    let buyers = buyers(&shop, at_once(20), &sku, 1);
    let half = buyers.len();
    let replies = together(2 * half, |number| match buyers.get(number) {
        Some((_, session)) => session.confirm(),
        None => shop.move_stock(&sku, "wh-hanoi", "adjust", -1),
    });
    let sold = replies[..half].iter().filter(|reply| reply.status == 201).count();
    let taken = replies[half..].iter().filter(|reply| reply.is_success()).count();
    for reply in replies.iter().filter(|reply| !reply.is_success()) {
        assert!([409, 422].contains(&reply.status), "{reply:?}");
    }
    let left = 20 - i64::try_from(sold + taken).unwrap();
    assert!(left >= 0);
    assert_eq!(shop.stock_of(&sku), (left, 0), "{sold} sold, {taken} taken away");
}

// STOCK-3, STOCK-4: the hold runs out at the moment the buyer has paid after all.
#[test]
fn a_hold_that_ends_while_its_buyer_pays_is_sold_once_or_given_back_with_the_money() {
    let shop = Shop::alone();
    for round in 0..at_once(6) {
        let sku = shop.sku().stock(1).create();
        let (guest, session) = buyer(&shop, &sku, 1, "pm_card_authenticationRequired");
        session.confirm_as("once").problem(402, "payment_action_required");
        let payment = guest.payment_rows()[0]["reference"].clone();
        shop.simulator("POST", "/authenticate")
            .json(&json!({ "payment_intent": payment, "succeeds": true }))
            .send()
            .expect(200);
        // In every second round it has run out just now.
        shop.advance_ms(if round % 2 == 0 { 15 * 60_000 + 1 } else { 14 * 60_000 });
        let worker = |name: &str| shop.worker_without_lease(name).send();
        let replies = together(6, |number| match number {
            0 | 1 => session.confirm_as("once"),
            2 => worker("reservation-cleanup"),
            3 | 4 => worker("saga-recovery"),
            _ => worker("compensation-retry"),
        });
        assert!(
            replies.iter().all(|reply| [200, 201, 402, 409].contains(&reply.status)),
            "{replies:?}"
        );
        for _ in 0..3 {
            shop.advance_ms(10 * 60_000);
            shop.run_workers_until_quiet();
        }
        let ordered = guest.has_one_paid_order_or_nothing();
        assert_eq!(shop.stock_of(&sku), (i64::from(!ordered), 0), "{replies:?}");
        assert!(guest.provider_payments().times_authorized <= 1);
    }
}

// CHK-17: the session ends at the moment it is confirmed.
#[test]
fn a_session_that_ends_while_it_is_confirmed_is_sold_or_holds_nothing() {
    let shop = Shop::alone();
    for _ in 0..at_once(6) {
        let sku = shop.sku().stock(5).create();
        let all = buyers(&shop, 8, &sku, 1);
        together(all.len() + 1, |number| match all.get(number) {
            Some((_, session)) => {
                let reply = session.confirm();
                assert!([201, 409, 422].contains(&reply.status), "{reply:?}");
            }
            None => shop.advance_ms(30 * 60_000 + 1),
        });
        let ordered = all.iter().filter(|(guest, _)| guest.has_one_paid_order_or_nothing()).count();
        shop.run_workers_until_quiet();
        assert_eq!(shop.stock_of(&sku), (5 - i64::try_from(ordered).unwrap(), 0));
        assert!(
            all.iter().all(|(guest, _)| ordered_or_free(
                &shop.rows("cart", "cart_id", &guest.cart_id)[0]
            ))
        );
    }
}

fn ordered_or_free(cart: &Value) -> bool {
    cart["status"] == "completed" || cart["saga_id"].is_null()
}
