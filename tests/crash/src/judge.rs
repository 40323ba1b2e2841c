//! The ends that are allowed, and how each is told from everything that is none.

use std::fmt;

use e2e::Shop;
use serde_json::Value;

use crate::case::{DRAWN, QUANTITY, STOCK, Stage};

/// What a case may come to. Anything between two of these is a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// One order, charged once to the minor unit; its stock sold; its cart completed; its events
    /// out, in order.
    Paid,
    /// The same, its money held and not taken, with an alert.
    Authorized,
    /// A paid order of which a part has gone back, once.
    Refunded,
    /// No order; nothing held, nothing charged; all stock free; the cart as it was, and it can be
    /// bought.
    NothingHeld,
    /// One cancelled order; its money back; its stock back.
    Cancelled,
    /// The same, its money still taken: the refund is dead, which an operator sees.
    Owed,
    /// One open session.
    Begun,
    /// No session.
    NotBegun,
    /// The line is there, once.
    Added,
    /// The cart is empty.
    NotAdded,
    /// The guest's cart is merged and its lines are the customer's, once.
    Merged,
    /// Both carts are as they were.
    NotMerged,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Paid => "paid order",
            Self::Authorized => "order, money held",
            Self::Refunded => "paid, a part back",
            Self::NothingHeld => "nothing held",
            Self::Cancelled => "cancelled, money back",
            Self::Owed => "cancelled, refund dead",
            Self::Begun => "begun",
            Self::NotBegun => "not begun",
            Self::Added => "added once",
            Self::NotAdded => "not added",
            Self::Merged => "merged once",
            Self::NotMerged => "not merged",
        })
    }
}

/// An order and its money, or none of either.
pub(crate) fn judge_order(stage: &Stage<'_>) -> End {
    let buyer = &stage.buyer;
    let (orders, money) = (buyer.order_rows(), buyer.provider_payments());
    let (on_hand, reserved) = buyer.shop.stock_of(&stage.sku);
    let cart = stage.of_cart("cart").first().cloned().unwrap_or_default();
    let stock = if stage.case == crate::Case::ConfirmSoldOut { 1 } else { STOCK };
    assert_eq!(reserved, 0, "stock is still held");
    let drawn = drawn(stage);
    let [order] = orders.as_slice() else {
        assert!(orders.is_empty(), "{} orders of one cart", orders.len());
        assert_eq!(
            (money.held(), on_hand),
            (0, stock),
            "no order, and yet {money:?} (held, on hand)"
        );
        assert_eq!(drawn, 0, "no order, and yet the card has paid");
        // A cart whose session is open can be changed and bought, as any other.
        assert!(
            matches!(cart["status"].as_str(), Some("active" | "checkout"))
                && cart["saga_id"].is_null(),
            "{cart}"
        );
        return End::NothingHeld;
    };
    assert_eq!(cart["status"], "completed", "{cart}");
    events_are_in_order(
        buyer.shop,
        &format!("order/{}", order["order_id"].as_str().unwrap_or_default()),
    );
    events_are_in_order(buyer.shop, &format!("cart/{}", buyer.cart_id));
    let stands = ["confirmed", "on_hold", "processing", "shipped"]
        .contains(&order["status"].as_str().unwrap_or_default());
    let order_id = order["order_id"].as_str().unwrap_or_default();
    let shipped = buyer.shop.rows("shipment", "order_id", order_id).len();
    assert_eq!(shipped, usize::from(order["status"] == "shipped"), "{order}");
    let refunds = buyer.shop.rows("refund", "order_id", order_id);
    assert!(refunds.len() <= 1, "one refund, and not {refunds:?}");
    let lines = buyer.shop.rows("order_line", "order_id", order_id);
    let cancelled: i64 = lines.iter().filter_map(|line| line["cancelled_quantity"].as_i64()).sum();
    let asked_back: i64 = refunds.iter().filter_map(|row| row["amount_minor"].as_i64()).sum();
    let draws = buyer.shop.rows("draw", "order_id", order_id);
    let sum = |name: &str| draws.iter().filter_map(|row| row[name].as_i64()).sum::<i64>();
    let (of_order, given_back) = (sum("amount_minor"), sum("returned_units"));
    assert_eq!(drawn, of_order - given_back, "{order}");
    if !stands {
        assert_eq!(drawn, 0, "{order}");
    }
    let asked_back = asked_back - if stands { given_back } else { 0 };
    // What the payment method has to pay.
    let total = order["total_minor"].as_i64().unwrap_or_default() - of_order;
    let payments: Vec<Value> = buyer
        .payment_rows()
        .into_iter()
        .filter(|row| row["order_id"] == order["order_id"])
        .collect();
    let [payment] = payments.as_slice() else {
        panic!("an order has one payment and not {payments:?}")
    };
    let says = (
        payment["state"].as_str().unwrap_or_default(),
        payment["captured_minor"].as_i64().unwrap_or_default(),
    );
    match order["status"].as_str().unwrap_or_default() {
        "confirmed" | "on_hold" | "processing" | "shipped" => {
            assert_eq!(
                (money.held(), on_hand),
                (total - asked_back, stock - QUANTITY + cancelled),
                "{money:?} for an order of {total} (held, on hand)"
            );
            match says {
                ("captured", captured) => {
                    assert_eq!(
                        (captured, money.captured, money.refunded),
                        (total, total, 0),
                        "{money:?}"
                    );
                    End::Paid
                }
                ("partially_refunded", captured) => {
                    assert_eq!(
                        (captured, money.captured, money.refunded),
                        (total, total, asked_back),
                        "{money:?}"
                    );
                    End::Refunded
                }
                ("authorized" | "capture_failed", captured) => {
                    assert_eq!((captured, money.captured, shipped), (0, 0, 0), "{money:?}");
                    End::Authorized
                }
                other => panic!("a payment that is nothing for good: {other:?}"),
            }
        }
        "cancelled" => {
            let owed = buyer.shop.rows(
                "compensation",
                "payment_id",
                payment["payment_id"].as_str().unwrap_or_default(),
            );
            if owed.iter().any(|row| row["kind"] == "refund_payment" && row["state"] == "dead") {
                assert_eq!(
                    (money.held(), on_hand, says.0),
                    (total, stock, "captured"),
                    "{money:?} for an order whose refund is dead"
                );
                return End::Owed;
            }
            assert_eq!(
                (money.held(), on_hand),
                (0, stock),
                "{money:?} for a cancelled order (held, on hand)"
            );
            assert!(matches!(says.0, "voided" | "refunded"), "{payment}");
            End::Cancelled
        }
        other => panic!("an order that is {other}"),
    }
}

/// What the gift card has paid, of which nothing is held any more.
fn drawn(stage: &Stage<'_>) -> i64 {
    let Some(account_id) = &stage.card else { return 0 };
    let account = &stage.buyer.shop.rows("account", "account_id", account_id)[0];
    assert_eq!(account["held_minor"], 0, "the card is still held: {account}");
    DRAWN - account["balance_minor"].as_i64().unwrap_or_default()
}

/// A cart before any order.
#[expect(clippy::wildcard_enum_match_arm, reason = "of the cases of a cart it is the last")]
pub(crate) fn judge_cart(stage: &Stage<'_>) -> End {
    let shop = stage.buyer.shop;
    let quantities: Vec<i64> =
        stage.of_cart("cart_line").iter().filter_map(|line| line["quantity"].as_i64()).collect();
    let cart = stage.of_cart("cart").first().cloned().unwrap_or_default();
    let events = shop.rows("outbox", "aggregate", &format!("cart/{}", stage.buyer.cart_id));
    let told = |kind: &str| {
        events
            .iter()
            .filter(|event| event["type"].as_str().is_some_and(|known| known.ends_with(kind)))
            .count()
    };
    assert_eq!(shop.stock_of(&stage.sku), (STOCK, 0), "no stock moves before a confirm");
    match stage.case {
        crate::Case::Add => {
            let end = if quantities.is_empty() { End::NotAdded } else { End::Added };
            let times = usize::from(end == End::Added);
            assert_eq!(
                (quantities.iter().sum::<i64>(), told("item_added")),
                (if times == 1 { QUANTITY } else { 0 }, times),
                "added more than once"
            );
            end
        }
        crate::Case::Begin => {
            assert_eq!(quantities, [QUANTITY], "{cart}");
            match (
                cart["status"].as_str().unwrap_or_default(),
                stage.of_cart("checkout_session").as_slice(),
            ) {
                ("active", []) => End::NotBegun,
                ("checkout", [session]) if session["status"] == "open" => End::Begun,
                other => panic!("sessions: {other:?}"),
            }
        }
        _ => {
            let of_customer = stage.customers_lines();
            match cart["status"].as_str().unwrap_or_default() {
                "merged" => {
                    assert_eq!(of_customer, QUANTITY + 1, "merged more or less than once");
                    End::Merged
                }
                "active" => {
                    assert_eq!(
                        (of_customer, quantities.as_slice()),
                        (1, [QUANTITY].as_slice()),
                        "half merged"
                    );
                    End::NotMerged
                }
                other => panic!("a guest's cart that is {other}"),
            }
        }
    }
}

/// The cart can be bought, by a card that works.
pub(crate) fn cart_is_usable(stage: &Stage<'_>) {
    let buyer = &stage.buyer;
    assert_eq!(buyer.quantity_of(&stage.sku), QUANTITY, "the cart is as it was");
    let bought = buyer.check_out().confirm();
    assert_eq!(bought.status, 201, "the cart cannot be bought: {bought:?}");
}

/// Every event of an aggregate has arrived, each at least once, none before an earlier one's first
/// arrival.
///
/// # Panics
/// When that is not so.
pub fn events_are_in_order(shop: &Shop, aggregate: &str) {
    let written: Vec<Value> = shop
        .rows("outbox", "aggregate", aggregate)
        .iter()
        .filter(|row| row["state"] == "published")
        .map(|row| row["event_id"].clone())
        .collect();
    let mut arrived: Vec<Value> = Vec::new();
    for arrival in shop.arrivals(aggregate) {
        let id = arrival["event"]["id"].clone();
        if !arrived.contains(&id) {
            arrived.push(id);
        }
    }
    // What is pending yet may have arrived, when the relay died before it could say so.
    assert!(
        !written.is_empty() && arrived.starts_with(&written),
        "the events of {aggregate}: {written:?} were written, {arrived:?} arrived"
    );
}
