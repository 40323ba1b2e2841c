//! A confirm that says nothing of how it is paid (PAY-7): the buyer pays in the provider's own
//! element, with whatever it offers them, and the shop sees a client secret alone.

use e2e::{Guest, Reply, Session, Shop};
use serde_json::{Value, json};

/// A buyer of the last unit of something who is asked by the element: the SKU, the session, and the
/// 402.
pub(super) fn asked(shop: &Shop) -> (Guest<'_>, String, Session<'_>, Reply) {
    let sku = shop.sku().stock(1).create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let session = guest.basket().without("payment_method").begin();
    let asked = session.confirm_as("first");
    asked.problem(402, "payment_action_required");
    (guest, sku, session, asked)
}

/// The buyer pays with this card, with what they were told.
pub(super) fn pays(shop: &Shop, asked: &Reply, card: &str) -> Reply {
    shop.pays_in_the_element(&asked.json(), card)
}

/// One order of the one unit; charged once, and nothing else held by anybody.
fn is_paid_once(guest: &Guest<'_>, sku: &str) {
    guest.shop.run_workers_until_quiet();
    assert!(guest.has_one_paid_order_or_nothing());
    let total = guest.order_rows()[0]["total_minor"].as_i64().unwrap();
    assert_eq!((guest.provider_payments().held(), guest.shop.stock_of(sku)), (total, (0, 0)));
}

fn is_nothing(guest: &Guest<'_>, sku: &str) {
    guest.shop.run_workers_until_quiet();
    assert_eq!((guest.order_rows().len(), guest.provider_payments().held()), (0, 0));
    assert_eq!(guest.shop.stock_of(sku), (1, 0));
}

#[test]
fn a_buyer_pays_in_the_element_and_confirms_again() {
    let shop = Shop::open();
    let (guest, sku, session, asked) = asked(&shop);
    // Nobody else gets what the buyer is about to pay, and they are told until when.
    let other = shop.guest();
    other.add(&sku, 1).expect(200);
    other.basket().try_begin().problem(422, "insufficient_stock");
    assert!(asked.json()["reserved_until_ms"].as_i64().is_some_and(|ms| ms > shop.now_ms()));
    assert_eq!(asked.json()["next_action_url"], Value::Null);
    // Asked again, by this tab or another, it is the same payment.
    for key in ["first", "second"] {
        let again = session.confirm_as(key);
        again.problem(402, "payment_action_required");
        assert_eq!(again.json()["client_secret"], asked.json()["client_secret"], "{key}");
    }
    let waits = session.show().expect(200)["payment"].clone();
    let seen = (&waits["status"], &waits["payment_method"]);
    assert_eq!(seen, (&json!("requires_action"), &json!("online")));

    pays(&shop, &asked, "pm_card_visa").expect(200);
    let order = session.confirm_as("first");
    let order_id = order.expect(201)["order_id"].as_str().unwrap().to_owned();
    assert_eq!(session.confirm_as("second").body, order.body);
    let shown = guest.order(&order_id).expect(200);
    assert_eq!(shown["payment_method"], "online");
    is_paid_once(&guest, &sku);
    assert_eq!(guest.provider_payments().times_authorized, 1);
}

#[test]
fn a_card_that_is_refused_in_the_element_is_not_the_end() {
    let shop = Shop::open();
    let (guest, sku, session, asked) = asked(&shop);
    let refused = pays(&shop, &asked, "pm_card_chargeDeclinedInsufficientFunds");
    assert_eq!(refused.status, 402);
    // The buyer is still in the element; who asks the shop meanwhile is told so.
    let waits = session.confirm_as("first");
    waits.problem(402, "payment_action_required");
    assert_eq!(waits.json()["client_secret"], asked.json()["client_secret"]);
    // The next card's bank asks them, and says yes.
    pays(&shop, &asked, "pm_card_authenticationRequired").expect(200);
    session.confirm_as("first").problem(402, "payment_action_required");
    let reference = guest.payment_rows()[0]["reference"].clone();
    let bank = shop.simulator("POST", "/authenticate");
    bank.json(&json!({ "payment_intent": reference })).send().expect(200);
    session.confirm_as("first").expect(201);
    is_paid_once(&guest, &sku);
}

#[test]
fn who_pays_in_the_element_and_never_comes_back_has_the_order() {
    let shop = Shop::alone();
    let (guest, sku, _, asked) = asked(&shop);
    pays(&shop, &asked, "pm_card_visa").expect(200);
    shop.advance_ms(60_000);
    is_paid_once(&guest, &sku);
}

#[test]
fn an_element_that_is_left_open_holds_nothing_for_ever_and_takes_nothing_late() {
    let shop = Shop::alone();
    let (guest, sku, session, asked) = asked(&shop);
    shop.advance_ms(16 * 60_000);
    is_nothing(&guest, &sku);
    let late = pays(&shop, &asked, "pm_card_visa");
    assert_eq!(late.json()["error"]["code"], "payment_intent_unexpected_state", "{late:?}");
    is_nothing(&guest, &sku);
    // Who comes back to the page is asked anew, for a payment of its own.
    let anew = session.confirm_as("second");
    anew.problem(402, "payment_action_required");
    assert_ne!(anew.json()["client_secret"], asked.json()["client_secret"]);
    pays(&shop, &anew, "pm_card_visa").expect(200);
    session.confirm_as("second").expect(201);
    is_paid_once(&guest, &sku);
}

#[test]
fn who_leaves_the_element_for_a_card_pays_with_that_alone() {
    let shop = Shop::open();
    let (guest, sku, session, asked) = asked(&shop);
    let card = json!({ "payment_method": "pm_card_visa" });
    session.confirming_with(&card).header("idempotency-key", "second").send().expect(201);
    shop.run_workers_until_quiet();
    assert!(!pays(&shop, &asked, "pm_card_mastercard").is_success());
    is_paid_once(&guest, &sku);

    // And the other way: from a bank that asks to the element.
    let (guest, session) = {
        let guest = shop.guest();
        let sku = shop.sku().stock(1).create();
        guest.add(&sku, 1).expect(200);
        let session = guest.check_out_with("pm_card_authenticationRequired");
        session.confirm_as("first").problem(402, "payment_action_required");
        (guest, session)
    };
    let begun = guest.basket().without("payment_method").begin();
    session.confirm_as("first").problem(409, "session_expired");
    let asked = begun.confirm_as("second");
    asked.problem(402, "payment_action_required");
    pays(&shop, &asked, "pm_card_visa").expect(200);
    begun.confirm_as("second").expect(201);
    assert!(guest.has_one_paid_order_or_nothing());
}

// The element's payment is accepted while its buyer takes a card after all: what it holds goes back.
#[test]
fn a_yes_in_the_element_is_given_back_to_who_has_paid_with_a_card() {
    let shop = Shop::open();
    let (guest, sku, session, asked) = asked(&shop);
    pays(&shop, &asked, "pm_card_visa").expect(200);
    let card = json!({ "payment_method": "pm_card_mastercard" });
    session.confirming_with(&card).header("idempotency-key", "second").send().expect(201);
    is_paid_once(&guest, &sku);
    let payments = guest.payment_rows();
    assert_eq!((payments.len(), &payments[0]["state"]), (2, &json!("voided")), "{payments:?}");
}
