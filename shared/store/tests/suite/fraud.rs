//! Rules of fraud, what they find, and what a person makes of it (CHK-16).

use serde_json::{Value, json};
use store::{Refusal, sql};

use super::{
    idempotency::replays,
    shopper::{Shopper, shopper, with},
    support::{Database, shop},
};

const CUP: &[(&str, &str, i64)] = &[("TILL-0001", "wh-hanoi", 1)];
/// A day.
const DAY_MS: i64 = 86_400_000;

/// A rule that speaks for every order in every currency.
fn rule(id: &str, signal: &str, score: i64) -> Value {
    json!({"subject": format!("fraud-rule/{id}"), "actor": "service:desk", "rule_id": id, "name": "A rule", "signal": signal, "at_least": 0,
        "within_ms": 0, "currency": "", "above_minor": 0, "score": score, "active": true})
}

fn put(shop: &Database, rule: &Value) {
    shop.does(&sql::FRAUD_RULE_PUT, rule);
}

fn counted(id: &str, signal: &str, at_least: i64) -> Value {
    with(rule(id, signal, 1), json!({"at_least": at_least, "within_ms": DAY_MS}))
}

/// What rules find in a confirm of `buyer`'s session, of 30 dollars.
fn found(shop: &Database, buyer: &Shopper, card: &Value) -> Value {
    let input = json!({"session_id": buyer.own("session"), "currency": "USD", "total_minor": 3000, "card": card});
    shop.list(&sql::FRAUD_FOUND, &input).remove(0)
}

fn rules(shop: &Database, buyer: &Shopper) -> Value {
    found(shop, buyer, &Value::Null)["rules"].clone()
}

fn deny(buyer: &Shopper) -> Value {
    json!({"session_id": buyer.own("session"), "owner": buyer.0, "currency": "USD", "total_minor": 3000, "found": {"score": 100, "rules": ["all"]},
        "closes": true})
}

fn release(buyer: &Shopper, order_version: i64) -> Value {
    with(buyer.moves(order_version, "on_hold", "confirmed"), json!({"reason": "released"}))
}

/// An order that waits for a person, its money held.
fn waits(shop: &Database, buyer: &Shopper) {
    buyer.confirms(shop, CUP);
    let held = json!({"to_state": "completed", "capture": false, "status": "on_hold", "reason": "waits for a review",
        "hold": {"score": 60, "rules": ["dear"], "captures": true}});
    shop.does(&sql::ORDER_CREATE, &with(buyer.order_create(), held));
}

#[test]
fn rules_are_put_listed_and_deleted_with_their_history() {
    let shop = shop();
    put(&shop, &rule("dear", "amount", 60));
    let facts = json!({"currency": "USD", "above_minor": 100_000, "score": 70});
    put(&shop, &with(rule("dear", "amount", 60), facts));
    put(&shop, &counted("often", "orders_of_buyer", 3));
    shop.refuses(
        &sql::FRAUD_RULE_PUT,
        &with(rule("euro", "amount", 1), json!({"currency": "XXX"})),
        Refusal::CurrencyUnsupported,
    );
    let all = shop.list(&sql::FRAUD_RULE_LIST, &json!({"cursor": "", "limit": 5}));
    assert_eq!(
        all,
        [
            json!({"rule_id": "dear", "name": "A rule", "signal": "amount", "at_least": null, "within_seconds": null, "currency": "USD", "above_minor": 100_000,
                "score": 70, "active": true}),
            json!({"rule_id": "often", "name": "A rule", "signal": "orders_of_buyer", "at_least": 3, "within_seconds": 86_400, "currency": null, "above_minor": null,
                "score": 1, "active": true}),
        ]
    );
    let gone = json!({"subject": "fraud-rule/dear", "actor": "service:desk", "rule_id": "dear", "idempotency_key": null, "events": []});
    shop.does(&sql::FRAUD_RULE_DELETE, &gone);
    shop.refuses(&sql::FRAUD_RULE_DELETE, &gone, Refusal::EntryUnknown);
    assert_eq!(
        shop.rows("select kind from history where subject = 'fraud-rule/dear' order by seq"),
        ["put", "put", "deleted"]
    );
}

#[test]
fn the_rules_that_a_confirm_meets_are_added_up() {
    let (shop, ann) = (shop(), shopper("ann"));
    put(&shop, &rule("every", "amount", 20));
    put(&shop, &with(rule("dear", "amount", 40), json!({"currency": "USD", "above_minor": 2999})));
    put(
        &shop,
        &with(rule("dearer", "amount", 80), json!({"currency": "USD", "above_minor": 3000})),
    );
    put(&shop, &with(rule("euros", "amount", 80), json!({"currency": "EUR", "above_minor": 0})));
    put(&shop, &with(rule("asleep", "amount", 80), json!({"active": false})));
    put(&shop, &rule("for", "new_account", -5));
    put(&shop, &rule("billed", "billing_country", 80));
    ann.goes_to_checkout(&shop, CUP);
    assert_eq!(
        found(&shop, &ann, &Value::Null),
        json!({"score": 55, "rules": ["dear", "every", "for"], "asks_card": false})
    );
    // A card is asked for where a rule about cards is about this order.
    let dear = json!({"currency": "USD", "above_minor": 3000});
    put(&shop, &with(rule("abroad", "card_country", 7), dear));
    assert_eq!(found(&shop, &ann, &Value::Null)["asks_card"], false);
    put(&shop, &rule("abroad", "card_country", 7));
    assert_eq!(found(&shop, &ann, &Value::Null)["asks_card"], true);
    let card = |country: &str| found(&shop, &ann, &json!({"fingerprint": "x", "country": country}));
    assert_eq!(card("FR"), json!({"score": 7, "rules": ["abroad"], "asks_card": true}));
    assert_eq!(card("VN"), json!({"score": 0, "rules": [], "asks_card": true}));
}

#[test]
fn a_confirm_that_is_denied_ends_its_session_and_says_why() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.goes_to_checkout(&shop, CUP);
    shop.does(&sql::FRAUD_DENY, &deny(&ann));
    assert_eq!(
        shop.rows("select s.status, c.status from checkout_session as s join cart as c on c.cart_id = s.cart_id"),
        ["abandoned|active"]
    );
    shop.refuses(&sql::FRAUD_DENY, &deny(&ann), Refusal::SessionClosed);
    let denied = shop.list(&sql::FRAUD_DENIED_LIST, &json!({"below": null, "limit": 5}));
    assert_eq!(denied.len(), 1);
    let at = denied[0]["at_ms"].clone();
    assert_eq!(
        denied[0],
        json!({"seq": 1, "owner": "ann", "session_id": "session-ann", "currency": "USD", "total_minor": 3000, "score": 100, "rules": ["all"], "at_ms": at})
    );
    assert_eq!(
        shop.list(&sql::FRAUD_DENIED_LIST, &json!({"below": 1, "limit": 5})),
        Vec::<Value>::new()
    );
    shop.stock_adds_up();
}

#[test]
fn a_session_that_a_confirm_holds_is_not_ended() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.confirms(&shop, CUP);
    shop.refuses(&sql::FRAUD_DENY, &deny(&ann), Refusal::CartLocked);
    // What was found in its card is written down beside it.
    let card = json!({"found": {"score": 120, "rules": ["stolen"]}, "closes": null});
    shop.does(&sql::FRAUD_DENY, &with(deny(&ann), card));
    assert_eq!(shop.rows("select status from checkout_session"), ["open"]);
    let denied = shop.list(&sql::FRAUD_DENIED_LIST, &json!({"below": null, "limit": 5}));
    assert_eq!((&denied[0]["score"], &denied[0]["rules"]), (&json!(120), &json!(["stolen"])));
    shop.stock_adds_up();
}

#[test]
fn orders_are_counted_by_their_email_their_address_and_their_card() {
    let (shop, ann, bob) = (shop(), shopper("ann"), shopper("bob"));
    put(&shop, &counted("email", "orders_to_email", 1));
    put(&shop, &counted("address", "orders_to_address", 1));
    put(&shop, &counted("two", "orders_to_address", 2));
    put(&shop, &counted("card", "orders_of_card", 1));
    let card = |of: &Shopper, fingerprint: &str| {
        found(&shop, of, &json!({"fingerprint": fingerprint, "country": null}))["rules"].clone()
    };
    ann.confirms(&shop, CUP);
    assert_eq!((rules(&shop, &ann), card(&ann, "4242")), (json!([]), json!([])));
    shop.does(&sql::ORDER_CREATE, &with(ann.order_create(), json!({"card": "4242"})));
    // Another buyer, of the same house.
    let version = bob.fills_a_cart(&shop, CUP);
    let same = json!({"email_hashes": [ann.own("email")], "address_hash": ann.own("address")});
    shop.does(&sql::CHECKOUT_BEGIN, &with(bob.checkout(version), same));
    assert_eq!(rules(&shop, &bob), json!(["address", "email"]));
    assert_eq!((card(&bob, "4242"), card(&bob, "1881")), (json!(["card"]), json!([])));
    // Out of the time that is looked at, nothing is counted.
    shop.advance(DAY_MS);
    assert_eq!((rules(&shop, &bob), card(&bob, "4242")), (json!([]), json!([])));
}

#[test]
fn a_buyers_earlier_orders_and_refused_cards_are_counted() {
    let (shop, ann) = (shop(), shopper("ann"));
    put(&shop, &counted("orders", "orders_of_buyer", 1));
    put(&shop, &counted("declines", "declines_of_buyer", 1));
    ann.confirms(&shop, CUP);
    assert_eq!(rules(&shop, &ann), json!([]));
    shop.does(&sql::ORDER_CREATE, &ann.order_create());
    assert_eq!(rules(&shop, &ann), json!(["orders"]));
    shop.exec("update saga set state = 'declined'");
    assert_eq!(rules(&shop, &ann), json!(["declines", "orders"]));
    shop.advance(DAY_MS);
    assert_eq!(rules(&shop, &ann), json!([]));
}

#[test]
fn wrong_codes_a_busy_cart_and_a_new_account_are_found() {
    let (shop, ann) = (shop(), shopper("customer:ann"));
    put(&shop, &with(rule("codes", "wrong_codes", 1), json!({"at_least": 2})));
    put(&shop, &counted("busy", "cart_changes", 2));
    put(&shop, &with(rule("new", "new_account", 1), json!({"within_ms": DAY_MS})));
    put(&shop, &rule("billed", "billing_country", 1));
    let finds = || rules(&shop, &ann);
    ann.goes_to_checkout(&shop, CUP);
    assert_eq!(finds(), json!(["busy", "new"]));
    shop.list(&sql::CUSTOMER_ADD, &json!({"customer_id": "ann"}));
    assert_eq!(finds(), json!(["busy", "new"]));
    shop.advance(DAY_MS);
    assert_eq!(finds(), json!([]));
    for subject in ["gift-card/customer:ann", "promotion-code/customer:ann"] {
        let attempt = json!({"subject": subject, "period_ms": 3_600_000, "most": 5});
        shop.list(&sql::ATTEMPT_TAKE, &attempt);
    }
    shop.exec("update checkout_session set billing_country = 'FR'");
    assert_eq!(finds(), json!(["billed", "codes"]));
    shop.exec("update checkout_session set billing_country = country");
    assert_eq!(finds(), json!(["codes"]));
    shop.advance(3_600_000);
    assert_eq!(finds(), json!([]));
}

#[test]
fn an_order_that_waits_is_released_once_and_then_its_money_is_taken() {
    let (shop, ann) = (shop(), shopper("ann"));
    waits(&shop, &ann);
    let stands = || {
        shop.rows("select o.status, o.version, g.state, p.state from orders as o join payment as p on p.order_id = o.order_id join saga as g on g.saga_id = p.saga_id")
    };
    assert_eq!(stands(), ["on_hold|1|completed|authorized"]);
    let receipt = shop.list(&sql::ORDER_RECEIPT, &json!({"order_id": "order-ann"}));
    assert_eq!(receipt[0]["status"], "on_hold");
    shop.advance(1_000);
    // Nobody takes its money meanwhile.
    shop.refuses(&sql::ORDER_CAPTURE, &ann.capture_order(1), Refusal::OrderChanged);
    assert_eq!(shop.list(&sql::CAPTURE_DUE, &json!({"life_ms": 0})), Vec::<Value>::new());
    let due = |review_ms: i64| shop.list(&sql::REVIEW_DUE, &json!({"review_ms": review_ms}));
    assert_eq!(due(DAY_MS), Vec::<Value>::new());
    assert_eq!(due(1_000), [json!({"order_id": "order-ann"})]);
    let takes = with(release(&ann, 1), json!({"capture": true}));
    shop.refuses(
        &sql::ORDER_MOVE,
        &with(takes.clone(), json!({"if_versions": [2]})),
        Refusal::VersionConflict,
    );
    shop.does(&sql::ORDER_MOVE, &takes);
    assert_eq!(stands(), ["confirmed|2|capturing|capture_pending"]);
    assert_eq!(due(0), Vec::<Value>::new());
    shop.refuses(&sql::ORDER_MOVE, &release(&ann, 2), Refusal::OrderChanged);
    // The first answer of its confirm stays what it was.
    let receipt = shop.list(&sql::ORDER_RECEIPT, &json!({"order_id": "order-ann"}));
    assert_eq!(receipt[0]["status"], "on_hold");
    shop.stock_adds_up();
}

#[test]
fn what_is_held_no_more_is_not_taken_and_what_nobody_holds_needs_no_taking() {
    let (shop, ann) = (shop(), shopper("ann"));
    waits(&shop, &ann);
    shop.exec("update payment set state = 'voided'");
    let takes = with(release(&ann, 1), json!({"capture": true}));
    shop.refuses(&sql::ORDER_MOVE, &takes, Refusal::OrderChanged);
    shop.does(&sql::ORDER_MOVE, &release(&ann, 1));
    assert_eq!(shop.rows("select status from orders"), ["confirmed"]);
}

#[test]
fn an_order_that_waits_is_denied_with_its_stock_and_nothing_else_is() {
    let (shop, ann, bob) = (shop(), shopper("ann"), shopper("bob"));
    waits(&shop, &ann);
    bob.orders_for_later(&shop, CUP);
    let denied =
        json!({"legal_from": ["on_hold"], "payment_state": "authorized", "compensation": null});
    shop.refuses(&sql::ORDER_CANCEL, &with(bob.cancel(), denied.clone()), Refusal::OrderChanged);
    shop.does(&sql::ORDER_CANCEL, &with(ann.cancel(), denied));
    assert_eq!(
        shop.rows("select status from orders order by order_id"),
        ["cancelled", "confirmed"]
    );
    shop.stock_adds_up();
}

#[test]
fn a_release_and_a_deletion_replay_their_receipts() {
    let (shop, ann) = (shop(), shopper("ann"));
    waits(&shop, &ann);
    replays(&shop, &sql::ORDER_MOVE, &release(&ann, 1));
    put(&shop, &rule("dear", "amount", 60));
    replays(
        &shop,
        &sql::FRAUD_RULE_DELETE,
        &json!({"subject": "fraud-rule/dear", "actor": "service:desk", "rule_id": "dear", "events": []}),
    );
}
