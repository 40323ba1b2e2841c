//! Rules of fraud (CHK-16): what they say of a confirm, what a person makes of an order that waits,
//! and that money and goods follow.
//!
//! They are about orders of more than 4,500 dollars, which no other test has.

use e2e::{Call, Guest, Reply, Session, Shop, eventually, together, unique};
use serde_json::{Value, json};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What the goods here cost.
const DEAR: i64 = 460_000;
/// What no other test's orders come to.
const ABOVE: i64 = 450_000;

/// A rule is for everyone: one test at a time has some.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The rules of a test, gone with it.
struct Rules<'s> {
    shop: &'s Shop,
    ids: Vec<String>,
    _alone: MutexGuard<'static, ()>,
}

impl<'s> Rules<'s> {
    fn none(shop: &'s Shop) -> Self {
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        Self { shop, ids: Vec::new(), _alone: alone }
    }

    /// With one more, about dear orders; its id.
    fn put(&mut self, facts: &Value, score: i64) -> String {
        let id = unique("rule-");
        let mut rule = json!({ "name": "A rule", "score": score, "active": true, "currency": "USD", "above_minor": ABOVE });
        rule.as_object_mut().unwrap().extend(facts.as_object().unwrap().clone());
        putting(self.shop, &id, &rule).send().expect(200);
        self.ids.push(id.clone());
        id
    }
}

impl Drop for Rules<'_> {
    fn drop(&mut self) {
        for id in &self.ids {
            fraud(self.shop, "DELETE", &format!("rules/{id}")).keyed(&unique("gone-")).send();
        }
    }
}

fn fraud(shop: &Shop, method: &str, path: &str) -> Call {
    fraud_with(shop, "fraud:read fraud:write", method, path)
}

fn fraud_with(shop: &Shop, scopes: &str, method: &str, path: &str) -> Call {
    shop.call(method, &format!("/api/v1/fraud/{path}")).bearer(&shop.token(scopes))
}

fn putting(shop: &Shop, id: &str, rule: &Value) -> Call {
    fraud(shop, "PUT", &format!("rules/{id}")).json(rule)
}

fn desk(shop: &Shop, order_id: &str, what: &str) -> Call {
    desk_with(shop, "orders:write", order_id, what)
}

fn desk_with(shop: &Shop, scopes: &str, order_id: &str, what: &str) -> Call {
    shop.call("POST", &format!("/api/v1/orders/{order_id}/{what}"))
        .bearer(&shop.token(scopes))
        .json(&json!({ "reason": "called the buyer" }))
}

fn seen_by_a_service(shop: &Shop, order_id: &str) -> Value {
    let path = format!("/api/v1/orders/{order_id}");
    shop.call("GET", &path).bearer(&shop.token("orders:read")).send().expect(200)
}

/// Somebody with one dear thing at the checkout; and the thing.
fn with_one<'s>(shop: &'s Shop, card: &str) -> (Guest<'s>, Session<'s>, String) {
    let sku = shop.sku().price("USD", DEAR).stock(9).create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let session = guest.basket().paying_with(card).begin();
    (guest, session, sku)
}

fn order_of(reply: Reply) -> (String, Value) {
    let placed = reply.expect(201);
    (placed["order_id"].as_str().expect("an order").to_owned(), placed)
}

/// An order that waits for a person.
fn waiting<'s>(shop: &'s Shop, rules: &mut Rules<'_>) -> (Guest<'s>, String, String) {
    rules.put(&json!({ "signal": "amount" }), 60);
    let (guest, session, sku) = with_one(shop, "pm_card_visa");
    let (order_id, placed) = order_of(session.confirm());
    assert_eq!(
        (&placed["status"], &placed["payment_status"]),
        (&json!("on_hold"), &json!("authorized"))
    );
    (guest, order_id, sku)
}

#[test]
fn an_order_that_waits_is_held_until_somebody_releases_it() {
    let shop = Shop::open();
    let mut rules = Rules::none(&shop);
    let (guest, order_id, sku) = waiting(&shop, &mut rules);
    assert_eq!(shop.stock_of(&sku), (8, 0), "its goods are nobody else's");
    let shown = guest.order(&order_id).expect(200);
    assert_eq!((&shown["status"], &shown["hold"]), (&json!("on_hold"), &Value::Null));
    let shown = seen_by_a_service(&shop, &order_id);
    assert_eq!(shown["hold"], json!({ "score": 60, "rules": rules.ids }));
    let listed = shop
        .call("GET", "/api/v1/orders?status=on_hold")
        .bearer(&shop.token("orders:read"))
        .send()
        .expect(200);
    assert!(listed["orders"].as_array().unwrap().iter().any(|it| it["order_id"] == *order_id));

    // Nobody takes its money before.
    let capture = format!("/api/v1/orders/{order_id}/capture");
    let money = shop.token("money:write");
    shop.call("POST", &capture)
        .bearer(&money)
        .keyed(&unique("capture-"))
        .send()
        .problem(409, "payment_not_capturable");
    shop.run("saga-recovery");
    assert_eq!(guest.provider_payments().captured, 0);

    // Only who may, under a key, of what they have seen.
    desk_with(&shop, "money:write orders:read", &order_id, "release")
        .keyed(&unique("r-"))
        .send()
        .problem(403, "scope_missing");
    desk(&shop, &order_id, "release").send().problem(400, "idempotency_key_required");
    desk(&shop, &order_id, "release")
        .keyed(&unique("r-"))
        .header("if-match", "\"7\"")
        .send()
        .problem(412, "version_conflict");
    desk(&shop, &order_id, "release")
        .keyed(&unique("r-"))
        .json(&json!({ "reason": "" }))
        .send()
        .problem(400, "invalid_field");
    let key = unique("release-");
    let release = desk(&shop, &order_id, "release").keyed(&key);
    let released = release.clone().send().expect(200);
    assert_eq!(
        (&released["status"], &released["payment_status"]),
        (&json!("confirmed"), &json!("capture_pending"))
    );
    assert_eq!(release.send().expect(200), released);
    let order = eventually("its money is taken", || {
        let order = guest.order(&order_id).expect(200);
        (order["payment_status"] == "captured").then_some(order)
    });
    let history: Vec<_> = order["status_history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["to_status"].as_str().unwrap(), it["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(history, [("on_hold", "waits for a review"), ("confirmed", "called the buyer")]);
    desk(&shop, &order_id, "deny").keyed(&unique("d-")).send().problem(409, "illegal_transition");
    desk(&shop, "01900000-0000-7000-8000-000000000000", "release")
        .keyed(&unique("r-"))
        .send()
        .problem(404, "order_not_found");
}

#[test]
fn an_order_that_is_denied_gives_its_money_and_its_goods_back() {
    let shop = Shop::open();
    let mut rules = Rules::none(&shop);
    let (guest, order_id, sku) = waiting(&shop, &mut rules);
    let denied = desk(&shop, &order_id, "deny").keyed(&unique("deny-")).send().expect(200);
    assert_eq!(
        (&denied["status"], &denied["compensation"]),
        (&json!("cancelled"), &json!("void_payment"))
    );
    assert_eq!(shop.stock_of(&sku), (9, 0));
    eventually("nothing is held", || {
        (guest.order(&order_id).expect(200)["payment_status"] == "voided").then_some(())
    });
    assert_eq!((guest.provider_payments().held(), guest.provider_payments().captured), (0, 0));
}

#[test]
fn of_a_release_a_denial_and_a_cancel_at_once_one_happens() {
    let shop = Shop::open();
    let mut rules = Rules::none(&shop);
    let (guest, order_id, _) = waiting(&shop, &mut rules);
    let done: usize = together(6, |number| {
        let call = match number % 3 {
            0 => desk(&shop, &order_id, "release"),
            1 => desk(&shop, &order_id, "deny"),
            _ => guest.cancelling(&order_id),
        };
        usize::from(call.keyed(&unique("race-")).send().status == 200)
    })
    .into_iter()
    .sum();
    let order = eventually("its money is somewhere for good", || {
        let order = guest.order(&order_id).expect(200);
        ["captured", "voided", "refunded"]
            .contains(&order["payment_status"].as_str().unwrap())
            .then_some(order)
    });
    // A release may be followed by a cancel, and by nothing else.
    let changes = order["version"].as_i64().unwrap() - 1;
    assert_eq!(i64::try_from(done), Ok(changes), "{order}");
    assert!(changes == 1 || (changes == 2 && order["status"] == "cancelled"), "{order}");
    let is_paid = guest.provider_payments().held() > 0;
    assert_eq!(is_paid, order["status"] == "confirmed", "{order}");
}

#[test]
fn a_confirm_that_is_denied_holds_nothing_and_says_no_more_than_that() {
    let shop = Shop::open();
    let mut rules = Rules::none(&shop);
    let rule = rules.put(&json!({ "signal": "new_account", "within_seconds": 3600 }), 100);
    let (guest, session, sku) = with_one(&shop, "pm_card_visa");
    let told = session.confirm().problem(422, "order_denied");
    assert!(!told.to_string().contains("rule"), "{told}");
    assert_eq!((guest.provider_payments().times_authorized, shop.stock_of(&sku)), (0, (9, 0)));
    assert_eq!(session.show().expect(200)["status"], "abandoned");
    session.confirm().problem(409, "session_expired");
    let page = fraud(&shop, "GET", "denied?limit=1").send().expect(200);
    let last = &page["denied"][0];
    assert_eq!(
        (&last["session_id"], &last["rules"], &last["score"], &last["currency"]),
        (&json!(session.session_id), &json!([rule]), &json!(100), &json!("USD"))
    );
    assert_eq!(last["total_minor"], session.total_minor());
    fraud_with(&shop, "fraud:write", "GET", "denied").send().problem(403, "scope_missing");
    // A cheaper cart of the same buyer goes.
    let cheap = shop.sku().create();
    guest.removing(&sku).send().expect(200);
    assert_eq!(guest.buy(&cheap, 1)["status"], "confirmed");
}

#[test]
fn a_card_of_another_country_is_denied_after_it_was_asked_and_another_one_buys() {
    let shop = Shop::open();
    let mut rules = Rules::none(&shop);
    rules.put(&json!({ "signal": "card_country" }), 100);
    let sku = shop.sku().price("USD", DEAR).stock(9).create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let session = guest.basket().to("DE", None).paying_with("pm_card_fr").begin();
    session.confirm().problem(422, "order_denied");
    eventually("nothing is held", || (guest.provider_payments().held() == 0).then_some(()));
    assert_eq!(guest.provider_payments().times_authorized, 1);
    let other = session.confirming_with(&json!({ "payment_method": "pm_card_de" }));
    let (order_id, placed) = order_of(other.send_patiently());
    assert_eq!(placed["status"], "confirmed");
    assert_eq!(guest.order(&order_id).expect(200)["hold"], Value::Null);
}

#[test]
fn a_house_that_orders_again_is_known_whoever_orders() {
    let shop = Shop::open();
    let mut rules = Rules::none(&shop);
    let again = json!({ "at_least": 1, "within_seconds": 3600, "signal": "orders_to_email" });
    rules.put(&again, 30);
    rules.put(&json!({ "at_least": 1, "within_seconds": 3600, "signal": "orders_to_address" }), 30);
    let sku = shop.sku().price("USD", DEAR).stock(9).create();
    let house = unique("Street ");
    let email = format!("{}@house.example", unique("who-"));
    let buys = |email: &str, line1: &str| {
        let guest = shop.guest();
        guest.add(&sku, 1).expect(200);
        let mut address = guest.basket().body["shipping_address"].clone();
        address["line1"] = json!(line1);
        let basket = guest.basket().with("email", json!(email)).with("shipping_address", address);
        order_of(basket.begin().confirm()).1["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(buys(&email, &house), "confirmed");
    // One of both is not enough; an address is the same however it is written.
    assert_eq!(buys(&format!("other-{email}"), &house), "confirmed");
    assert_eq!(buys(&email.to_uppercase(), &house.to_uppercase().replace(' ', ", ")), "on_hold");
}

#[test]
fn rules_are_kept_by_who_may_and_say_what_is_wrong_with_them() {
    let shop = Shop::open();
    let mut rules = Rules::none(&shop);
    let id =
        rules.put(&json!({ "signal": "orders_of_card", "at_least": 3, "within_seconds": 60 }), -5);
    let page = fraud(&shop, "GET", "rules?limit=500").send().expect(200);
    let listed = page["rules"].as_array().unwrap();
    let kept = listed.iter().find(|rule| rule["rule_id"] == *id).unwrap();
    assert_eq!(
        *kept,
        json!({ "rule_id": id, "name": "A rule", "signal": "orders_of_card", "at_least": 3, "within_seconds": 60, "currency": "USD",
            "above_minor": ABOVE, "score": -5, "active": true })
    );
    let wrong = |facts: Value, field: &str| {
        let mut rule = json!({ "name": "A rule", "signal": "amount", "score": 5, "active": true });
        rule.as_object_mut().unwrap().extend(facts.as_object().unwrap().clone());
        let told = putting(&shop, &id, &rule).send().problem(400, "invalid_field");
        assert_eq!(told["field"], field, "{told}");
    };
    wrong(json!({ "name": "" }), "/name");
    wrong(json!({ "signal": "hunch" }), "/signal");
    wrong(json!({ "at_least": 1 }), "/at_least");
    wrong(json!({ "within_seconds": 1 }), "/within_seconds");
    wrong(json!({ "signal": "new_account" }), "/within_seconds");
    wrong(json!({ "signal": "wrong_codes" }), "/at_least");
    wrong(json!({ "signal": "wrong_codes", "at_least": 101 }), "/at_least");
    wrong(json!({ "currency": "USD" }), "/above_minor");
    wrong(json!({ "above_minor": 5 }), "/currency");
    wrong(json!({ "score": 1001 }), "/score");
    let rule = json!({ "name": "A", "signal": "amount", "score": 5, "active": true, "currency": "XTS", "above_minor": 1 });
    putting(&shop, &id, &rule).send().problem(422, "currency_unsupported");
    fraud_with(&shop, "fraud:read catalog:write", "PUT", &format!("rules/{id}"))
        .json(&rule)
        .send()
        .problem(403, "scope_missing");
    let gone = fraud(&shop, "DELETE", &format!("rules/{id}"));
    gone.clone().keyed(&unique("gone-")).send().expect(200);
    gone.keyed(&unique("gone-")).send().problem(404, "entry_not_found");
    // Who did it is told (SEC-4).
    let path = format!("/api/v1/catalog/history/fraud-rule/{id}");
    let history = shop.call("GET", &path).bearer(&shop.token("catalog:read")).send().expect(200);
    let kinds: Vec<_> =
        history["history"].as_array().unwrap().iter().map(|it| &it["kind"]).collect();
    assert_eq!(kinds, ["put", "deleted"]);
}
