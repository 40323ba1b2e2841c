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
