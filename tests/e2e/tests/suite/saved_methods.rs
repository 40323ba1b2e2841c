//! Payment methods that customers save (CHK-12): listed, used again and removed by whose they are;
//! that nobody else pays with one; and that the provider has nothing of who was erased.

use e2e::{Guest, Reply, Session, Shop, eventually, together, unique};
use serde_json::{Value, json};

const PATH: &str = "/api/v1/payment-methods";

fn sku(shop: &Shop) -> String {
    shop.sku().price("USD", 1_000).stock(1_000).create()
}

/// Their next checkout, which pays in this way; in the provider's element without a method.
fn at_checkout<'s>(ann: &Guest<'s>, sku: &str, method: Option<&str>) -> Session<'s> {
    ann.call("POST", "/api/v1/cart").json(&json!({ "currency": "USD", "country": "VN" })).send();
    ann.adding(sku, 1).send_patiently().expect(200);
    match method {
        Some(method) => ann.basket().paying_with(method).begin(),
        None => ann.basket().without("payment_method").begin(),
    }
}

fn saving() -> Value {
    json!({ "save_payment_method": true })
}

/// Buys, and has the card saved.
fn saves(ann: &Guest<'_>, sku: &str, method: &str) -> Reply {
    at_checkout(ann, sku, Some(method)).confirming_with(&saving()).keyed(&unique("saves-")).send()
}

fn listed(ann: &Guest<'_>) -> Vec<Value> {
    let shown = ann.call("GET", PATH).send().expect(200);
    shown["payment_methods"].as_array().unwrap_or_else(|| panic!("no list: {shown}")).clone()
}

fn ids(ann: &Guest<'_>) -> Vec<String> {
    listed(ann).iter().map(|card| card["payment_method_id"].as_str().unwrap().to_owned()).collect()
}

fn remove(ann: &Guest<'_>, id: &str) -> Reply {
    ann.call("DELETE", &format!("{PATH}/{id}")).send()
}

/// Refused, and nothing is held for it.
fn is_refused(shop: &Shop, sku: &str, session: &Session<'_>) {
    let before = shop.stock_of(sku);
    session.confirm().problem(422, "payment_method_invalid");
    assert_eq!(shop.stock_of(sku), before);
    let shown = session.show().expect(200);
    assert_eq!((&shown["reservations"], &shown["status"]), (&json!([]), &json!("open")), "{shown}");
}

/// What the provider says of a customer of its own.
fn there(shop: &Shop, customer_id: &str) -> (String, Value) {
    let payer = shop.rows("payer", "customer_id", customer_id).remove(0);
    let reference = payer["reference"].as_str().unwrap_or_else(|| panic!("{payer}")).to_owned();
    let shown = at_the_provider(shop, &reference);
    (reference, shown)
}

fn at_the_provider(shop: &Shop, reference: &str) -> Value {
    shop.simulator("GET", &format!("/v1/customers/{reference}"))
        .header("authorization", "Bearer sk_test_1")
        .send()
        .expect(200)
}

#[test]
fn a_customer_saves_a_card_sees_it_pays_with_it_and_removes_it() {
    let shop = Shop::open();
    let sku = sku(&shop);
    let ann = shop.customer();
    assert_eq!(listed(&ann), [Value::Null; 0]);
    saves(&ann, &sku, "pm_card_mastercard").expect(201);
    let cards = listed(&ann);
    let [card] = cards.as_slice() else { panic!("{cards:?}") };
    let id = card["payment_method_id"].as_str().unwrap();
    assert_eq!(
        *card,
        json!({ "payment_method_id": id, "brand": "mastercard", "last4": "4444", "expiry_month": 4,
            "expiry_year": 2044, "created_at_ms": card["created_at_ms"] })
    );

    let session = at_checkout(&ann, &sku, Some(id));
    let order = session.confirm().expect(201);
    let shown = ann.order(order["order_id"].as_str().unwrap()).expect(200);
    assert_eq!(shown["payment_method"], "card");
    saves(&ann, &sku, "pm_card_visa").expect(201);
    let both = ids(&ann);
    assert_eq!((both.len(), both[1].as_str()), (2, id), "newest first");

    assert_eq!(remove(&ann, id).expect(200), json!({ "payment_method_id": id }));
    assert_eq!(ids(&ann), both[..1]);
    remove(&ann, id).problem(404, "payment_method_not_found");
    is_refused(&shop, &sku, &at_checkout(&ann, &sku, Some(id)));
    shop.run_workers_until_quiet();
}

#[test]
fn nobody_else_pays_with_a_saved_card_sees_it_or_removes_it() {
    let shop = Shop::open();
    let sku = sku(&shop);
    let ann = shop.customer();
    saves(&ann, &sku, "pm_card_visa").expect(201);
    let card = ids(&ann).remove(0);
    let (bob, guest) = (shop.customer(), shop.guest_in("VN", "USD"));
    // A customer whom the provider knows, too.
    let carol = shop.customer();
    saves(&carol, &sku, "pm_card_visa").expect(201);
    for other in [&bob, &guest, &carol] {
        let session = at_checkout(other, &sku, Some(&card));
        is_refused(&shop, &sku, &session);
        remove(other, &card).problem(404, "payment_method_not_found");
        assert!(!ids(other).contains(&card));
        // With one of their own it goes on from there.
        let other = json!({ "payment_method": "pm_card_visa" });
        session.confirming_with(&other).send().expect(201);
    }
    assert_eq!(ids(&ann), [card]);
    // A guest who becomes a customer has saved nothing.
    assert_eq!(ids(&guest), [""; 0]);
}

#[test]
fn what_cannot_be_saved_or_removed_is_refused_by_its_field() {
    let shop = Shop::open();
    let sku = sku(&shop);
    let guest = shop.guest_in("VN", "USD");
    let session = at_checkout(&guest, &sku, Some("pm_card_visa"));
    let refused = session.confirming_with(&saving()).send().problem(400, "invalid_field");
    assert_eq!(refused["field"], "/save_payment_method");
    assert_eq!(shop.stock_of(&sku), (1_000, 0));
    session.confirming_with(&json!({ "save_payment_method": false })).send().expect(201);

    let ann = shop.customer();
    let session = at_checkout(&ann, &sku, Some("pm_card_visa"));
    for wrong in [json!("yes"), json!(1), Value::Null, json!([])] {
        let body = json!({ "save_payment_method": wrong });
        let refused = session.confirming_with(&body).send().problem(400, "invalid_field");
        assert_eq!(refused["field"], "/save_payment_method", "{body}");
    }
    for path in ["pm_nobodys", "pm_", "card_1", "cus_1", &format!("pm_{}", "x".repeat(253))] {
        remove(&ann, path).problem(404, "payment_method_not_found");
    }
    assert_eq!(ann.call("GET", &format!("{PATH}?limit=1")).send().status, 400);
    assert_eq!(shop.call("GET", PATH).send().status, 401);
    assert!(shop.rows("saga", "cart_id", &ann.cart_id).is_empty());
}

#[test]
fn what_pays_in_the_providers_element_is_saved_too() {
    let shop = Shop::open();
    let sku = sku(&shop);
    let ann = shop.customer();
    let session = at_checkout(&ann, &sku, None);
    let confirm = || session.confirming_with(&saving()).keyed("element").send();
    let asked = confirm();
    asked.problem(402, "payment_action_required");
    assert_eq!(ids(&ann), [""; 0]);
    shop.pays_in_the_element(&asked.json(), "pm_card_visa").expect(200);
    confirm().expect(201);
    assert_eq!(ids(&ann).len(), 1);
}

#[test]
fn a_card_is_saved_once_its_bank_has_its_yes() {
    let shop = Shop::open();
    let sku = sku(&shop);
    let ann = shop.customer();
    let session = at_checkout(&ann, &sku, Some("pm_card_authenticationRequired"));
    let confirm = || session.confirming_with(&saving()).keyed("bank").send();
    confirm().problem(402, "payment_action_required");
    assert_eq!(ids(&ann), [""; 0]);
    let payment = ann.payment_rows().remove(0)["reference"].as_str().unwrap().to_owned();
    let body = json!({ "payment_intent": payment, "succeeds": true });
    shop.simulator("POST", "/authenticate").json(&body).send().expect(200);
    confirm().expect(201);
    assert_eq!(ids(&ann).len(), 1);
}

#[test]
fn tabs_that_save_a_first_card_at_once_make_one_customer_and_one_order() {
    let shop = Shop::open();
    let sku = sku(&shop);
    let customer_id = unique("customer-");
    let ann = shop.customer_called(&customer_id, "USD");
    let session = at_checkout(&ann, &sku, Some("pm_card_visa"));
    let told =
        together(8, |tab| session.confirming_with(&saving()).keyed(&format!("tab-{tab}")).send());
    for reply in &told {
        assert!(matches!(reply.status, 201 | 409), "{reply:?}");
    }
    eventually("the order is there", || {
        let reply = session.confirming_with(&saving()).keyed("tab-0").send();
        (reply.status == 201 || reply.json()["code"] == "cart_completed").then_some(())
    });
    assert_eq!((ids(&ann).len(), ann.order_rows().len()), (1, 1));
    assert_eq!(shop.rows("payer", "customer_id", &customer_id).len(), 1);
    assert!(ann.has_one_paid_order_or_nothing());
}

// SEC-6
#[test]
fn who_is_erased_is_nobody_at_the_provider_and_begins_anew() {
    let shop = Shop::alone();
    let sku = sku(&shop);
    let customer_id = unique("customer-");
    let ann = shop.customer_called(&customer_id, "USD");
    saves(&ann, &sku, "pm_card_visa").expect(201);
    let (card, (reference, known)) = (ids(&ann).remove(0), there(&shop, &customer_id));
    assert!(!known.to_string().contains(&customer_id), "{known}");
    let token = shop.token("customers:read customers:write");
    let path = |what: &str| format!("/api/v1/customers/customer:{customer_id}/{what}");
    let export = || shop.call("GET", &path("export")).bearer(&token).send().expect(200);
    assert_eq!(export()["provider_customer"], reference.as_str());

    // The provider is away: it is owed until it is done.
    shop.simulator("PUT", "/provider").json(&json!({ "away": {} })).send().expect(204);
    let erase = shop.call("POST", &path("erase")).bearer(&token).keyed(&unique("erase-"));
    erase.json(&json!({ "reason": "they asked for it" })).send().expect(200);
    assert_eq!((listed(&ann), export()["provider_customer"].clone()), (vec![], Value::Null));
    shop.run("compensation-retry");
    shop.simulator("PUT", "/provider").json(&json!({})).send().expect(204);
    assert_eq!(at_the_provider(&shop, &reference)["deleted"], Value::Null);
    eventually("it is deleted there", || {
        shop.advance_ms(60_000);
        shop.run("compensation-retry");
        (at_the_provider(&shop, &reference)["deleted"] == true).then_some(())
    });
    shop.until_the_provider_is_used_again();

    let back = shop.customer_called(&customer_id, "USD");
    assert_eq!(ids(&back), [""; 0]);
    is_refused(&shop, &sku, &at_checkout(&back, &sku, Some(&card)));
    saves(&back, &sku, "pm_card_visa").expect(201);
    assert_ne!(there(&shop, &customer_id).0, reference);
}

// CHK-13
#[test]
fn a_provider_that_is_away_is_told_and_holds_nothing() {
    let shop = Shop::alone();
    let sku = sku(&shop);
    let (ann, bob) = (shop.customer(), shop.customer());
    saves(&ann, &sku, "pm_card_visa").expect(201);
    let card = ids(&ann).remove(0);
    let session = at_checkout(&bob, &sku, Some("pm_card_visa"));
    let stock = shop.stock_of(&sku);
    shop.simulator("PUT", "/provider").json(&json!({ "away": {} })).send().expect(204);
    let away = [
        ann.call("GET", PATH).send(),
        remove(&ann, &card),
        session.confirming_with(&saving()).keyed("k").send(),
    ];
    shop.simulator("PUT", "/provider").json(&json!({})).send().expect(204);
    for told in &away {
        told.problem(503, "provider_unavailable");
        assert!(told.retry_after_s() > 0, "{told:?}");
    }
    assert_eq!(shop.stock_of(&sku), stock, "nothing is held");
    shop.until_the_provider_is_used_again();
    session.confirming_with(&saving()).keyed("k").send().expect(201);
    assert_eq!((ids(&ann), ids(&bob).len()), (vec![card], 1));
}
