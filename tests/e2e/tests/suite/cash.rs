//! Paying at the door (CHK-11): offered by the fee for it, agreed to like any total, and paid when
//! somebody says so; no provider is asked.

use e2e::{Basket, Call, Guest, Reply, Session, Shop, together, unique};
use serde_json::{Value, json};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// To where the fees of these tests are for, which no other test looks at.
const TO_GERMANY: &str = "country=DE&shipping_method=standard";
const AT_THE_DOOR: &str = "country=DE&shipping_method=standard&payment_method=cash_on_delivery";

/// What is offered is for everyone on that way: one test at a time has an offer.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A fee of a test, gone with it.
pub(crate) struct Offer<'s> {
    shop: &'s Shop,
    kind: &'static str,
    path: String,
    _alone: MutexGuard<'static, ()>,
}

impl<'s> Offer<'s> {
    /// For goods of at most so much, in US dollars, in a zone.
    fn put(shop: &'s Shop, zone: &str, amount_minor: i64, up_to_minor: i64) -> Self {
        Self::put_for(shop, None, zone, amount_minor, up_to_minor)
    }

    /// To pay elsewhere, on the way to Germany.
    pub(crate) fn elsewhere(shop: &'s Shop, amount_minor: i64, up_to_minor: i64) -> Self {
        let offer = Self::of(shop, "external");
        offer.is(None, "de", amount_minor, up_to_minor);
        offer
    }

    fn of(shop: &'s Shop, kind: &'static str) -> Self {
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let path = format!("/api/v1/catalog/fees/USD/{}", unique("paid-so-"));
        Self { shop, kind, path, _alone: alone }
    }

    /// … and for customers of this group.
    fn put_for(
        shop: &'s Shop,
        group: Option<&str>,
        zone: &str,
        amount_minor: i64,
        up_to_minor: i64,
    ) -> Self {
        let offer = Self::of(shop, "cash_on_delivery");
        offer.is(group, zone, amount_minor, up_to_minor);
        offer
    }

    /// It is this now.
    fn is(&self, group: Option<&str>, zone: &str, amount_minor: i64, up_to_minor: i64) {
        let fee = json!({
            "kind": self.kind, "name": "For this way to pay", "amount_minor": amount_minor,
            "up_to_minor": up_to_minor, "zone": zone, "customer_group": group, "tax_class": "standard", "active": true,
        });
        self.shop.admin("PUT", &self.path).json(&fee).send().expect(200);
    }

    /// It is none, and nobody else has one.
    pub(crate) fn ends(&self) {
        self.shop.admin("DELETE", &self.path).send().expect(200);
    }
}

impl Drop for Offer<'_> {
    fn drop(&mut self) {
        self.shop.admin("DELETE", &self.path).send();
    }
}

pub(crate) fn minor(amount: &Value) -> i64 {
    amount["amount_minor"].as_i64().unwrap_or_else(|| panic!("no amount: {amount}"))
}

/// One of these, at so many cents, on the way to Germany.
pub(crate) fn with_one<'s>(shop: &'s Shop, price: i64) -> (Guest<'s>, Basket<'s>, String) {
    let sku = shop.sku().price("USD", price).stock(9).create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let basket = guest.basket().to("DE", None);
    (guest, basket, sku)
}

pub(crate) fn collecting(shop: &Shop, order_id: &str, amount: &Value) -> Call {
    collecting_with(shop, "money:write", order_id, amount).keyed(&unique("collect-"))
}

fn collecting_with(shop: &Shop, scopes: &str, order_id: &str, amount: &Value) -> Call {
    shop.call("POST", &format!("/api/v1/orders/{order_id}/collect"))
        .bearer(&shop.token(scopes))
        .json(&json!({ "amount": amount }))
}

fn by_cash(session: &Session<'_>) -> Call {
    session.confirming_with(&json!({ "payment_method": "cash_on_delivery" }))
}

pub(crate) fn order_of(reply: Reply) -> (String, Value) {
    let order = reply.expect(201);
    (order["order_id"].as_str().expect("an order").to_owned(), order)
}

#[test]
fn an_order_is_paid_at_the_door_with_a_fee_and_no_provider_is_asked() {
    let shop = Shop::open();
    let _offer = Offer::put(&shop, "de", 300, 100_000);
    let (guest, basket, sku) = with_one(&shop, 10_000);
    let offered = guest.totals(TO_GERMANY).expect(200);
    assert_eq!(offered["cash_on_delivery"]["amount"]["amount_minor"], 300);
    let priced = guest.totals(AT_THE_DOOR).expect(200);
    assert_eq!(minor(&priced["total"]), minor(&offered["total"]) + 300);
    assert_eq!(priced["fees"][0]["kind"], "cash_on_delivery");

    let session = basket.paying_with("cash_on_delivery").begin();
    assert_eq!(session.view["totals"]["total"], priced["total"]);
    let (order_id, placed) = order_of(session.confirm());
    assert_eq!(
        (&placed["total"], &placed["payment_status"]),
        (&priced["total"], &json!("pending"))
    );
    assert_eq!(guest.provider_payments().times_authorized, 0);
    assert_eq!(shop.stock_of(&sku), (8, 0));
    let order = guest.order(&order_id).expect(200);
    assert_eq!(
        (
            &order["status"],
            &order["payment_method"],
            &order["payment_status"],
            &order["fees"][0]["kind"]
        ),
        (
            &json!("confirmed"),
            &json!("cash_on_delivery"),
            &json!("pending"),
            &json!("cash_on_delivery")
        )
    );
    shop.run("saga-recovery");
    shop.run("compensation-retry");
    assert_eq!(guest.order(&order_id).expect(200)["payment_status"], "pending");

    // Only all of it, and only by who may.
    let less = json!({ "amount_minor": minor(&placed["total"]) - 1, "currency": "USD" });
    let refused = collecting(&shop, &order_id, &less).send().problem(400, "invalid_field");
    assert_eq!(refused["field"], "/amount");
    collecting_with(&shop, "orders:write", &order_id, &placed["total"])
        .keyed(&unique("collect-"))
        .send()
        .problem(403, "scope_missing");
    let key = unique("collect-");
    let collected =
        collecting_with(&shop, "money:write", &order_id, &placed["total"]).keyed(&key).send();
    assert_eq!(collected.clone().expect(200)["payment_status"], "captured");
    let again =
        collecting_with(&shop, "money:write", &order_id, &placed["total"]).keyed(&key).send();
    assert_eq!(again.body, collected.body);
    collecting(&shop, &order_id, &placed["total"]).send().problem(409, "payment_not_due");
    let order = guest.order(&order_id).expect(200);
    assert_eq!((&order["payment_status"], &order["version"]), (&json!("captured"), &json!(2)));
    assert_eq!(order["status_history"][1]["reason"], "paid on delivery");
    let told = shop.rows("outbox", "type", "orders.payment.captured");
    assert!(told.iter().any(|event| event["data"].to_string().contains(&order_id)), "{told:?}");
    guest.cancelling(&order_id).send().problem(409, "payment_collected");
}

// ORD-4
#[test]
fn what_is_cancelled_of_it_is_not_asked_for_at_the_door() {
    let shop = Shop::open();
    let _offer = Offer::put(&shop, "de", 0, 100_000);
    let sku = shop.sku().price("USD", 1_000).stock(9).create();
    let guest = shop.guest();
    guest.add(&sku, 3).expect(200);
    let session = guest.basket().to("DE", None).paying_with("cash_on_delivery").begin();
    let (order_id, placed) = order_of(session.confirm());
    let one = json!({ "lines": [{ "line_no": 1, "quantity": 1 }] });
    let path = format!("/api/v1/orders/{order_id}/cancel-items");
    let cancelled = guest.call("POST", &path).json(&one).keyed(&unique("one-")).send().expect(200);
    let waived = minor(&cancelled["waived"]);
    assert!(waived > 0 && waived == minor(&cancelled["amount"]), "{cancelled}");
    collecting(&shop, &order_id, &placed["total"]).send().problem(400, "invalid_field");
    let due = json!({ "amount_minor": minor(&placed["total"]) - waived, "currency": "USD" });
    collecting(&shop, &order_id, &due).send().expect(200);
    let order = guest.order(&order_id).expect(200);
    assert_eq!(order["payment"]["captured"], due);
    assert_eq!(shop.stock_of(&sku), (7, 0));
    // What was paid at the door is not given back by a buyer's word.
    let more = guest.call("POST", &path).json(&one).keyed(&unique("two-")).send();
    more.problem(409, "payment_collected");
}

#[test]
fn what_was_to_be_paid_at_the_door_is_cancelled_without_anyone_being_owed() {
    let shop = Shop::open();
    let _offer = Offer::put(&shop, "de", 0, 100_000);
    let (guest, basket, sku) = with_one(&shop, 10_000);
    let (order_id, placed) = order_of(basket.paying_with("cash_on_delivery").begin().confirm());
    let cancelled = guest.cancelling(&order_id).send().expect(200);
    assert_eq!(
        (&cancelled["compensation"], &cancelled["payment_status"]),
        (&json!("none"), &json!("pending"))
    );
    let order = guest.order(&order_id).expect(200);
    assert_eq!(
        (&order["status"], &order["payment_status"]),
        (&json!("cancelled"), &json!("voided"))
    );
    assert_eq!(shop.stock_of(&sku), (9, 0));
    collecting(&shop, &order_id, &placed["total"]).send().problem(409, "payment_not_due");
    // Nor is money waited for at the door of who pays by card, or of nobody.
    let (_, basket, _) = with_one(&shop, 1_000);
    let (by_card, paid) = order_of(basket.begin().confirm());
    collecting(&shop, &by_card, &paid["total"]).send().problem(409, "payment_not_due");
    collecting(&shop, "01900000-0000-7000-8000-000000000000", &paid["total"])
        .send()
        .problem(404, "order_not_found");
}

#[test]
fn it_is_offered_where_its_fee_is_and_for_so_much() {
    let shop = Shop::open();
    let _offer = Offer::put(&shop, "de", 300, 5_000);
    let (guest, basket, _) = with_one(&shop, 5_001);
    assert!(guest.totals(TO_GERMANY).expect(200)["cash_on_delivery"].is_null());
    guest.totals(AT_THE_DOOR).problem(422, "cash_on_delivery_unavailable");
    let cash = basket.paying_with("cash_on_delivery");
    cash.try_begin().problem(422, "cash_on_delivery_unavailable");
    let checked = guest
        .call("POST", "/api/v1/cart/validate")
        .json(&json!({ "country": "DE", "shipping_method": "standard", "payment_method": "cash_on_delivery" }))
        .send()
        .expect(200);
    let found = checked["problems"].as_array().unwrap();
    assert!(
        found
            .iter()
            .any(|it| it["code"] == "cash_on_delivery_unavailable"
                && it["pointer"] == "/payment_method"),
        "{checked}"
    );
    let (guest, basket, _) = with_one(&shop, 5_000);
    assert!(
        guest.totals("country=FR&shipping_method=standard").expect(200)["cash_on_delivery"]
            .is_null()
    );
    let cash = basket.paying_with("cash_on_delivery");
    cash.clone().to("FR", None).try_begin().problem(422, "cash_on_delivery_unavailable");
    assert_eq!(cash.begin().confirm().expect(201)["payment_status"], "pending");
}

// CHK-9, CHK-18: whoever changes their mind agrees to the fee, and to its end.
#[test]
fn a_buyer_who_changes_their_mind_is_told_of_the_fee() {
    let shop = Shop::open();
    let offer = Offer::put(&shop, "de", 300, 100_000);
    let (guest, basket, _) = with_one(&shop, 10_000);
    let session = basket.begin();
    let problem = by_cash(&session).send().problem(409, "price_changed");
    let fee = &problem["differences"][0];
    assert_eq!(
        (&fee["part"], &fee["before"], &fee["after"]["total_minor"]),
        (&json!("fee"), &Value::Null, &json!(300))
    );
    offer.ends();
    by_cash(&session).send().problem(422, "cash_on_delivery_unavailable");
    offer.is(None, "de", 400, 100_000);
    // A card that needs its buyer waits; they would rather pay at the door.
    let asks = json!({ "payment_method": "pm_card_authenticationRequired" });
    session.confirming_with(&asks).send().problem(402, "payment_action_required");
    let problem = by_cash(&session).send().problem(409, "price_changed");
    let agrees =
        json!({ "payment_method": "cash_on_delivery", "quote_hash": problem["quote_hash"] });
    let order = session.confirming_with(&agrees).send().expect(201);
    assert_eq!(
        (&order["payment_status"], &order["total"]),
        (&json!("pending"), &problem["current_total"])
    );
    assert_eq!(guest.order_rows().len(), 1);
    shop.run("compensation-retry");
    assert_eq!(guest.provider_payments().held(), 0, "the card is asked for nothing");
}

// PROMO-13: a gift card pays a part, and the rest is paid at the door.
#[test]
fn a_gift_card_pays_a_part_and_the_door_the_rest() {
    let shop = Shop::open();
    let _offer = Offer::put(&shop, "de", 300, 100_000);
    let (_, basket, _) = with_one(&shop, 10_000);
    let issued = shop
        .call("POST", "/api/v1/gift-cards")
        .bearer(&shop.token("money:write"))
        .keyed(&unique("gift-"))
        .json(&json!({ "currency": "USD", "amount_minor": 4_000, "reason": "bought" }))
        .send()
        .expect(201);
    let session = basket.paying_with("cash_on_delivery").begin();
    let pays = json!({ "stored_value": [{ "code": issued["code"], "amount_minor": 4_000 }] });
    let (order_id, placed) = order_of(session.confirming_with(&pays).send());
    let all = placed["total"].clone();
    collecting(&shop, &order_id, &all).send().problem(400, "invalid_field");
    let rest = json!({ "amount_minor": minor(&all) - 4_000, "currency": "USD" });
    collecting(&shop, &order_id, &rest).send().expect(200);
}

#[test]
fn an_offer_for_a_group_is_for_its_customers_alone() {
    let shop = Shop::open();
    let group = unique("dealers-");
    let _offer = Offer::put_for(&shop, Some(&group), "de", 300, 100_000);
    let sku = shop.sku().price("USD", 1_000).stock(9).create();
    let customer_id = unique("dealer-");
    let (guest, dealer) = (shop.guest(), shop.customer_called(&customer_id, "USD"));
    let offered = |buyer: &Guest<'_>| {
        buyer.totals(TO_GERMANY).expect(200)["cash_on_delivery"]["amount"]["amount_minor"].clone()
    };
    for buyer in [&guest, &dealer] {
        buyer.add(&sku, 1).expect(200);
        assert_eq!(offered(buyer), Value::Null);
    }
    let put = json!({ "customer_group": group, "segments": [] });
    shop.call("PUT", &format!("/api/v1/customers/{customer_id}"))
        .bearer(&shop.token("customers:write"))
        .json(&put)
        .send()
        .expect(200);
    assert_eq!((offered(&guest), offered(&dealer)), (Value::Null, json!(300)));
    let refused = guest.basket().to("DE", None).paying_with("cash_on_delivery").try_begin();
    refused.problem(422, "cash_on_delivery_unavailable");
    let session = dealer.basket().to("DE", None).paying_with("cash_on_delivery").begin();
    assert_eq!(order_of(session.confirm()).1["payment_status"], "pending");
}

// CHK-11
#[test]
fn what_has_arrived_is_taken_to_be_paid_a_week_later() {
    let shop = Shop::alone();
    let _offer = Offer::put(&shop, "de", 300, 100_000);
    let arrives = |goods: i64| {
        let (guest, basket, _) = with_one(&shop, goods);
        let (order_id, placed) = order_of(basket.paying_with("cash_on_delivery").begin().confirm());
        for status in ["processing", "shipped", "delivered"] {
            let path = format!("/api/v1/orders/{order_id}/status");
            let desk = shop.call("PUT", &path).bearer(&shop.token("orders:write"));
            desk.json(&json!({ "status": status })).keyed(&unique("desk-")).send().expect(200);
        }
        (guest, order_id, placed["total"].clone())
    };
    let (guest, order_id, _) = arrives(10_000);
    let (payer, paid_id, paid) = arrives(5_000);
    let (_, basket, _) = with_one(&shop, 1_000);
    let (waiting, _) = order_of(basket.paying_with("cash_on_delivery").begin().confirm());
    collecting(&shop, &paid_id, &paid).send().expect(200);
    let due = |order_id: &str| shop.rows("orders", "order_id", order_id)[0]["due_at_ms"].clone();
    assert!(due(&order_id).is_i64() && due(&paid_id).is_null() && due(&waiting).is_null());
    assert!(guest.order(&order_id).expect(200)["expires_at_ms"].is_null(), "it does not end");

    shop.advance_ms(7 * 24 * 3_600_000 - 60_000);
    shop.run("unpaid-orders");
    assert_eq!(guest.order(&order_id).expect(200)["payment_status"], "pending");
    shop.advance_ms(61_000);
    together(3, |_| shop.worker_without_lease("unpaid-orders").send().expect(200));
    let order = guest.order(&order_id).expect(200);
    assert_eq!(
        (&order["payment_status"], &order["status"]),
        (&json!("captured"), &json!("delivered"))
    );
    let last = order["status_history"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["actor"], &last["reason"]),
        (&json!("unpaid-orders"), &json!("taken to be paid on delivery"))
    );
    let told = shop.rows("outbox", "aggregate", &format!("order/{order_id}"));
    assert_eq!(told.iter().filter(|it| it["type"] == "orders.payment.captured").count(), 1);
    assert_eq!(payer.order(&paid_id).expect(200)["version"], 5);
    shop.run("unpaid-orders");
    assert_eq!(shop.rows("orders", "order_id", &waiting)[0]["status"], "confirmed");
}
