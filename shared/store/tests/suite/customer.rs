//! Customers' groups and segments: put with their history (SEC-4), made at a first session, exported
//! and erased with the person (SEC-6).

use serde_json::{Value, json};
use store::{Refusal, StoreError, sql};

use super::support::{Database, SharedShop, shop};

const ROWS: &str = "select customer_id, customer_group, segments from customer order by 1";

fn put(customer_id: &str, group: &str, segments: &[&str]) -> Value {
    json!({"subject": format!("customer/{customer_id}"), "actor": "service:desk", "customer_id": customer_id, "customer_group": group, "segments": segments})
}

fn history(shop: &Database, customer_id: &str) -> Vec<(String, Value, Value)> {
    let asked = json!({"subject": format!("customer/{customer_id}"), "above": 0, "limit": 99});
    let shown = shop.list(&sql::HISTORY_LIST, &asked).into_iter();
    shown
        .map(|it| {
            assert_eq!(it["actor"], "service:desk", "{it}");
            (it["kind"].as_str().unwrap().to_owned(), it["before"].clone(), it["after"].clone())
        })
        .collect()
}

fn session(shop: &Database, customer_id: &str) -> Value {
    let asked = json!({"owner": format!("customer:{customer_id}"), "customer_id": customer_id});
    shop.list(&sql::SESSION_FACTS, &asked).remove(0)
}

fn erase(customer_id: &str) -> Value {
    json!({"owner": format!("customer:{customer_id}"), "customer_id": customer_id, "cancel_id": "cancel", "actor": "service:desk", "reason": "they asked", "idempotency_key": null, "events": []})
}

#[test]
fn a_customer_is_put_with_what_they_were_before() {
    let shop = shop();
    let made = shop.does(&sql::CUSTOMER_PUT, &put("ann", "wholesale", &["students"]));
    let at = &made["created_at_ms"];
    assert_eq!(
        made,
        json!({"customer_id": "ann", "customer_group": "wholesale", "segments": ["students"], "created_at_ms": at, "updated_at_ms": at})
    );
    shop.advance(1_000);
    assert_eq!(shop.does(&sql::CUSTOMER_PUT, &put("ann", "wholesale", &["students"])), made);
    let changed = shop.does(&sql::CUSTOMER_PUT, &put("ann", "", &["a", "b"]));
    assert_eq!((&changed["customer_group"], &changed["created_at_ms"]), (&Value::Null, at));
    assert!(changed["updated_at_ms"].as_i64() >= at.as_i64().map(|at| at + 1_000), "{changed}");
    shop.does(&sql::CUSTOMER_PUT, &put("bob", "", &[]));
    let (first, second) = (
        json!({"customer_group": "wholesale", "segments": ["students"]}),
        json!({"customer_group": null, "segments": ["a", "b"]}),
    );
    assert_eq!(
        history(&shop, "ann"),
        [("put".to_owned(), Value::Null, first.clone()), ("put".to_owned(), first, second)],
        "twice the same is one change"
    );
    let page =
        |cursor: &str| shop.list(&sql::CUSTOMER_LIST, &json!({"cursor": cursor, "limit": 1}));
    assert_eq!(page(""), std::slice::from_ref(&changed));
    assert_eq!(page("ann")[0]["customer_id"], "bob");
    assert!(page("bob").is_empty());
    let view =
        |customer_id: &str| shop.list(&sql::CUSTOMER_VIEW, &json!({"customer_id": customer_id}));
    assert_eq!(view("ann"), [changed]);
    assert!(view("eve").is_empty());
}

#[test]
fn a_first_session_makes_a_row_and_the_next_leaves_it() {
    let shop = shop();
    assert_eq!(session(&shop, "ann"), json!({"is_known": false, "cart": null}));
    let add = || shop.list(&sql::CUSTOMER_ADD, &json!({"customer_id": "ann"}));
    assert_eq!(add(), [json!({"customer_id": "ann"})]);
    assert_eq!(shop.rows(ROWS), ["ann||[]"]);
    assert_eq!(session(&shop, "ann"), json!({"is_known": true, "cart": null}));
    shop.does(&sql::CUSTOMER_PUT, &put("ann", "wholesale", &["vip"]));
    let before = shop.everything();
    assert!(add().is_empty(), "of two first sessions at once the second");
    assert_eq!(shop.everything(), before);
    assert_eq!(history(&shop, "ann").len(), 1);
}

#[test]
fn a_session_shows_the_cart_that_is_looked_at() {
    let shop = shop();
    let ann = super::shopper::shopper("ann");
    ann.fills_a_cart(&shop, &[("TILL-0001", "wh-hanoi", 2)]);
    let cart = shop.list(&sql::CART_VIEW, &json!({"owner": "ann"})).remove(0);
    let asked = json!({"owner": "ann", "customer_id": "ann"});
    assert_eq!(shop.list(&sql::SESSION_FACTS, &asked), [json!({"is_known": false, "cart": cart})]);
}

#[test]
fn who_is_erased_is_in_no_group_any_more() {
    let shop = shop();
    shop.refuses(&sql::PERSON_ERASE, &erase("ann"), Refusal::NothingPersonal);
    shop.does(&sql::CUSTOMER_PUT, &put("ann", "wholesale", &["vip"]));
    shop.does(&sql::CUSTOMER_PUT, &put("anna", "", &["vip"]));
    let asked = json!({"owner": "customer:ann", "customer_id": "ann", "cursor": null, "limit": 1});
    let shown = shop.list(&sql::PERSON_EXPORT, &asked).remove(0);
    assert_eq!(shown["customer"]["segments"], json!(["vip"]), "{shown}");
    // Nothing was ever sealed for them.
    let erased = shop.does(&sql::PERSON_ERASE, &erase("ann"));
    assert_eq!(erased["orders"], 0);
    assert_eq!(shop.rows("select customer_id from customer"), ["anna"]);
    assert_eq!(
        history(&shop, "ann").pop(),
        Some((
            "deleted".to_owned(),
            json!({"customer_group": "wholesale", "segments": ["vip"]}),
            Value::Null
        ))
    );
    shop.refuses(&sql::PERSON_ERASE, &erase("ann"), Refusal::NothingPersonal);
    assert_eq!(shop.list(&sql::PERSON_EXPORT, &asked)[0]["customer"], Value::Null);
}

#[test]
fn changes_at_once_are_each_in_the_history_and_the_last_one_stands() {
    let shared = SharedShop::new();
    shared.at_once(|shop, turn| {
        for round in 0..6 {
            let body = put("ann", &format!("group-{turn}"), &[&format!("round-{round}")]);
            match (turn + round) % 4 {
                0 => match shop.apply(&sql::PERSON_ERASE, &erase("ann")) {
                    Ok(_) | Err(StoreError::Refused(Refusal::NothingPersonal)) => {}
                    other => panic!("{other:?}"),
                },
                1 => drop(shop.list(&sql::CUSTOMER_ADD, &json!({"customer_id": "ann"}))),
                _ => drop(shop.does(&sql::CUSTOMER_PUT, &body)),
            }
        }
    });
    let shop = shared.open();
    shop.does(&sql::CUSTOMER_PUT, &put("ann", "last", &[]));
    let history = history(&shop, "ann");
    assert_eq!(history.last().unwrap().2, json!({"customer_group": "last", "segments": []}));
    // A row that a session makes is no change of anybody's, and has nothing in it.
    let of_a_session = json!({"customer_group": null, "segments": []});
    for pair in history.windows(2) {
        let [(_, _, after), (_, before, _)] = pair else { panic!("{pair:?}") };
        assert!(
            after == before || (after.is_null() && *before == of_a_session),
            "{after} was followed by {before}"
        );
    }
}

const PAYERS: &str = "select payer_id, coalesce(customer_id, '-'), coalesce(reference, '-'), attempts from payer order by 1";

/// The one document of a statement.
fn tells(shop: &Database, statement: &store::Statement, asked: &Value) -> Vec<Value> {
    shop.list(statement, asked)
}

fn takes(shop: &Database, payer_id: &str, customer_id: &str) -> Value {
    let asked = json!({"payer_id": payer_id, "customer_id": customer_id});
    tells(shop, &sql::PAYER_TAKE, &asked).remove(0)
}

fn is_known(shop: &Database, payer_id: &str, reference: &str) -> Vec<Value> {
    tells(shop, &sql::PAYER_KNOWN, &json!({"payer_id": payer_id, "reference": reference}))
}

// CHK-12
#[test]
fn a_customer_has_one_name_at_the_provider() {
    let shop = shop();
    let view =
        |customer_id: &str| tells(&shop, &sql::PAYER_VIEW, &json!({"customer_id": customer_id}));
    assert_eq!(takes(&shop, "p1", "ann"), json!({"payer_id": "p1", "reference": null}));
    assert_eq!(takes(&shop, "p2", "ann"), json!({"payer_id": "p1", "reference": null}));
    assert_eq!(view("ann"), [Value::Null; 0], "the provider has not answered yet");
    assert_eq!(is_known(&shop, "p1", "cus_1"), [json!({"is_theirs": true})]);
    assert_eq!(is_known(&shop, "p9", "cus_9"), [Value::Null; 0]);
    assert_eq!(takes(&shop, "p3", "ann")["reference"], "cus_1");
    takes(&shop, "p4", "bob");
    assert_eq!(shop.rows(PAYERS), ["p1|ann|cus_1|0", "p4|bob|-|0"]);
    assert_eq!(view("ann"), [json!({"reference": "cus_1"})]);
    let asked = json!({"customer_id": "ann", "reference": null});
    assert_eq!(tells(&shop, &sql::PAYER_FORGET, &asked), [Value::Null; 0]);
    let asked = json!({"owner": "customer:ann", "customer_id": "ann", "cursor": null, "limit": 9});
    assert_eq!(shop.list(&sql::PERSON_EXPORT, &asked)[0]["provider_customer"], "cus_1");

    let forget = |reference: &str| {
        let asked = json!({"customer_id": "ann", "reference": reference});
        tells(&shop, &sql::PAYER_FORGET, &asked).len()
    };
    assert_eq!((forget("cus_2"), forget("cus_1"), forget("cus_1")), (0, 1, 0));
    let asked = json!({"customer_id": "bob", "reference": null});
    assert_eq!(tells(&shop, &sql::PAYER_FORGET, &asked).len(), 1, "who was never heard of");
    assert_eq!(takes(&shop, "p5", "ann"), json!({"payer_id": "p5", "reference": null}));
}

#[test]
fn of_two_who_save_their_first_card_at_once_both_ask_under_one_key() {
    let shared = SharedShop::new();
    let asked: Vec<String> = shared
        .at_once(|shop, turn| takes(shop, &format!("p-{turn}"), "ann")["payer_id"].to_string());
    assert!(asked.iter().all(|one| *one == asked[0]), "{asked:?}");
    assert_eq!(shared.open().rows("select count(*) from payer"), ["1"]);
}

// SEC-6
#[test]
fn who_is_erased_is_owed_to_be_deleted_at_the_provider_until_it_is_done() {
    let shop = shop();
    let lease = || tells(&shop, &sql::PAYER_LEASE, &json!({"lease_ms": 60_000}));
    for (payer_id, customer_id) in [("p1", "ann"), ("p2", "bob")] {
        takes(&shop, payer_id, customer_id);
    }
    is_known(&shop, "p1", "cus_1");
    assert_eq!(lease(), [Value::Null; 0]);
    // There is no other row of theirs.
    shop.does(&sql::PERSON_ERASE, &erase("ann"));
    assert_eq!(shop.rows(PAYERS), ["p1|-|cus_1|0", "p2|bob|-|0"]);
    shop.refuses(&sql::PERSON_ERASE, &erase("ann"), Refusal::NothingPersonal);
    let asked = json!({"owner": "customer:ann", "customer_id": "ann", "cursor": null, "limit": 9});
    assert_eq!(shop.list(&sql::PERSON_EXPORT, &asked)[0]["provider_customer"], Value::Null);

    let owed = json!({"payer_id": "p1", "reference": "cus_1", "attempts": 0});
    assert_eq!((lease(), lease()), (vec![owed], vec![]), "one has it");
    let waits = |payer_id: &str, tried: bool| {
        let asked = json!({"payer_id": payer_id, "tried": tried, "retry_in_ms": 30_000});
        tells(&shop, &sql::PAYER_WAITS, &asked)
    };
    assert_eq!(waits("p1", true), [json!({"attempts": 1})]);
    assert_eq!(waits("p1", false), [json!({"attempts": 1})]);
    assert_eq!(waits("p2", true), [Value::Null; 0], "whoever is not erased is not owed");
    assert_eq!(lease(), [Value::Null; 0]);
    shop.advance(30_001);
    assert_eq!(lease()[0]["attempts"], 1);
    // Whoever took it has died.
    shop.advance(60_001);
    assert_eq!(lease()[0]["attempts"], 1);

    // They come back, as anybody.
    assert_eq!(takes(&shop, "p3", "ann"), json!({"payer_id": "p3", "reference": null}));
    let gone =
        |payer_id: &str| tells(&shop, &sql::PAYER_GONE, &json!({"payer_id": payer_id})).len();
    assert_eq!((gone("p2"), gone("p3"), gone("p1"), gone("p1")), (0, 0, 1, 0));
    assert_eq!(shop.rows(PAYERS), ["p2|bob|-|0", "p3|ann|-|0"]);
}

#[test]
fn who_is_erased_while_the_provider_is_asked_is_deleted_there_too() {
    let shop = shop();
    takes(&shop, "p1", "ann");
    shop.does(&sql::PERSON_ERASE, &erase("ann"));
    assert_eq!(is_known(&shop, "p1", "cus_1"), [json!({"is_theirs": false})]);
    let owed = tells(&shop, &sql::PAYER_LEASE, &json!({"lease_ms": 60_000}));
    assert_eq!(owed, [json!({"payer_id": "p1", "reference": "cus_1", "attempts": 0})]);
}
