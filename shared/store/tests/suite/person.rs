//! What is kept of a person: their data key, the contacts sealed with it, and their erasure
//! (SEC-6).

use serde_json::{Value, json};
use store::{Refusal, sql};

use super::{
    shopper::{event_with, shopper, with},
    support::{Database, SharedShop, shop, timeless},
};

const CUPS: &[(&str, &str, i64)] = &[("TILL-0001", "wh-hanoi", 2)];
const KEYS: &str = "select owner, data_key_id, wrapped_by, wrapped_key from data_key order by 1";

fn export(shop: &Database, owner: &str, cursor: Option<&str>, limit: i64) -> Value {
    let asked = json!({"owner": owner, "customer_id": owner.strip_prefix("customer:"), "cursor": cursor, "limit": limit});
    shop.list(&sql::PERSON_EXPORT, &asked).remove(0)
}

fn erase(owner: &str) -> Value {
    json!({"owner": owner, "customer_id": owner.strip_prefix("customer:"), "cancel_id": format!("cancel-{owner}"), "actor": "service:desk", "reason": "they asked", "idempotency_key": null,
        "events": [event_with("erased", owner, "customers.customer.erased", &["orders", "erased_at_ms"])]})
}

#[test]
fn an_owner_has_one_data_key_and_seals_with_no_other() {
    let (shop, ann) = (shop(), shopper("ann"));
    let version = ann.fills_a_cart(&shop, CUPS);
    let keyless = with(ann.checkout(version), json!({"data_key": null}));
    shop.refuses(&sql::CHECKOUT_BEGIN, &keyless, Refusal::DataKeyReplaced);
    shop.does(&sql::CHECKOUT_BEGIN, &ann.checkout(version));
    let one = ["ann|data-key-ann|shop-key-1|wrapped for ann"];
    assert_eq!(shop.rows(KEYS), one);
    // Another tab had made one too, a moment later.
    let other = json!({"session_id": "s2", "data_key_id": "other", "data_key": {"data_key_id": "other", "wrapped_by": "shop-key-1", "wrapped_key": "other"}});
    shop.refuses(
        &sql::CHECKOUT_BEGIN,
        &with(ann.checkout(version), other),
        Refusal::DataKeyReplaced,
    );
    let used = shop.one("select used_at_ms from data_key").as_i64().unwrap();
    shop.advance(60_000);
    shop.does(&sql::CHECKOUT_BEGIN, &with(keyless, json!({"session_id": "s2"})));
    assert_eq!(shop.rows(KEYS), one);
    assert!(shop.one("select used_at_ms from data_key").as_i64().unwrap() >= used + 60_000);
    assert_eq!(
        shop.rows("select status, contact from checkout_session order by 1"),
        ["open|v2.data-key-ann.sealed", "replaced|"],
        "a contact is kept once"
    );
}

#[test]
fn of_two_first_checkouts_at_once_both_seal_with_one_key() {
    let shared = SharedShop::new();
    let ann = shopper("ann");
    let version = ann.fills_a_cart(&shared.open(), CUPS);
    shared.at_once(|shop, turn| {
        let key = json!({"data_key_id": format!("key-{turn}"), "wrapped_by": "k", "wrapped_key": "w"});
        let said = json!({"session_id": format!("s-{turn}"), "data_key_id": format!("key-{turn}"), "contact": format!("v2.key-{turn}.x"), "data_key": key});
        let begun = shop.apply(&sql::CHECKOUT_BEGIN, &with(ann.checkout(version), said));
        assert!(
            matches!(begun, Ok(_) | Err(store::StoreError::Refused(Refusal::DataKeyReplaced))),
            "{begun:?}"
        );
    });
    let shop = shared.open();
    assert_eq!(shop.rows("select count(*) from data_key"), ["1"]);
    assert_eq!(
        shop.rows("select k.data_key_id from data_key as k join checkout_session as s on s.contact = 'v2.' || k.data_key_id || '.x' where s.status = 'open'").len(),
        1
    );
}

#[test]
fn whoever_begins_while_they_are_erased_is_sealed_with_the_key_there_is_or_with_none() {
    let shared = SharedShop::new();
    let ann = shopper("ann");
    ann.fills_a_cart(&shared.open(), CUPS);
    let sealed = std::sync::atomic::AtomicUsize::new(0);
    let lost = "select s.session_id from checkout_session as s where s.contact > '' and not exists (select 1 from data_key as k where k.owner = s.owner and s.contact = 'v2.' || k.data_key_id || '.x')";
    shared.at_once(|shop, turn| {
        for round in 0..12 {
            if (turn + round) % 3 == 0 {
                match shop.apply(&sql::PERSON_ERASE, &with(erase("ann"), json!({"events": []}))) {
                    Ok(_) | Err(store::StoreError::Refused(Refusal::NothingPersonal)) => continue,
                    other => panic!("{other:?}"),
                }
            }
            // As the use case does it: read, seal with what is there, or bring a key in.
            let read = json!({"owner": "ann", "country": "VN", "region": ""});
            let facts = shop.list(&sql::BEGIN_FACTS, &read).remove(0);
            let id = format!("key-{turn}-{round}");
            let made = json!({"data_key_id": id, "wrapped_by": "k", "wrapped_key": "w"});
            let (id, new) = match facts["data_key"]["data_key_id"].as_str() {
                Some(there) => (there.to_owned(), Value::Null),
                None => (id, made),
            };
            let said = json!({"session_id": format!("s-{turn}-{round}"), "data_key_id": id, "data_key": new, "contact": format!("v2.{id}.x")});
            match shop.apply(&sql::CHECKOUT_BEGIN, &with(ann.checkout(2), said)) {
                Ok(_) => sealed.fetch_add(1, std::sync::atomic::Ordering::Relaxed),
                Err(store::StoreError::Refused(Refusal::DataKeyReplaced)) => continue,
                other => panic!("{other:?}"),
            };
            // At whatever moment: the next begin or erasure would hide it.
            assert_eq!(shop.rows(lost), [""; 0], "sealed with a key that is gone");
        }
    });
    let shop = shared.open();
    assert!(sealed.into_inner() > 0);
    assert!(
        shop.one("select count(*) from history where subject = 'person/ann'").as_i64() > Some(0)
    );
}

#[test]
fn what_is_kept_of_a_person_is_theirs_alone_and_whole() {
    let (shop, ann, bob) = (shop(), shopper("ann"), shopper("bob"));
    assert_eq!(
        export(&shop, "ann", None, 9),
        json!({"data_key": null, "customer": null, "provider_customer": null, "accounts": [], "rewards": [], "share_codes": [], "carts": [], "checkouts": [], "orders": [], "erasures": []}),
        "nobody"
    );
    ann.pays(&shop, CUPS);
    let version = bob.fills_a_cart(&shop, CUPS);
    assert_eq!(export(&shop, "bob", None, 9)["data_key"], Value::Null, "a cart alone");
    shop.does(&sql::CHECKOUT_BEGIN, &bob.checkout(version));

    let of_ann = export(&shop, "ann", None, 9);
    assert_eq!(of_ann["data_key"], ann.data_key());
    assert_eq!((&of_ann["carts"], &of_ann["checkouts"]), (&json!([]), &json!([])));
    assert_eq!(of_ann["orders"][0]["order_id"], "order-ann");
    assert_eq!(of_ann["orders"][0]["contact"], json!(ann.contact()));
    assert_eq!(of_ann["orders"][0]["data_key"], ann.data_key());
    let of_bob = export(&shop, "bob", None, 9);
    assert_eq!(of_bob["orders"], json!([]));
    assert_eq!(of_bob["carts"][0]["lines"][0]["sku"], "TILL-0001");
    assert_eq!(of_bob["checkouts"][0]["contact"], json!(bob.contact()));

    // Orders come in pages, oldest first.
    shop.exec("insert into orders (order_id, order_number, cart_id, session_id, owner, status, version, currency, subtotal_minor, discount_minor, shipping_minor, tax_minor, total_minor, detail, contact, email_hash, created_at_ms, updated_at_ms)
      select 'order-anna', 'n2', 'c2', session_id, owner, status, version, currency, subtotal_minor, discount_minor, shipping_minor, tax_minor, total_minor, detail, contact, email_hash, created_at_ms, updated_at_ms from orders");
    let ids = |page: &Value| {
        let orders = page["orders"].as_array().unwrap().iter();
        orders.map(|order| order["order_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&export(&shop, "ann", None, 1)), ["order-ann"]);
    assert_eq!(ids(&export(&shop, "ann", Some("order-ann"), 9)), ["order-anna"]);
}

#[test]
fn who_is_erased_leaves_orders_and_money_and_no_contact() {
    let (shop, ann, bob) = (shop(), shopper("ann"), shopper("bob"));
    ann.pays(&shop, CUPS);
    bob.pays(&shop, CUPS);
    let order = "select order_id, status, version, total_minor, owner from orders order by 1";
    let (orders, payments) = (shop.rows(order), shop.rows("select * from payment order by 1"));
    shop.exec("delete from outbox");
    let receipt = shop.does(&sql::PERSON_ERASE, &erase("ann"));
    let at = &receipt["erased_at_ms"];
    assert_eq!(receipt, json!({"owner": "ann", "orders": 1, "erased_at_ms": at}));
    assert!(at.as_i64().unwrap() > 0);
    assert_eq!(shop.rows("select owner from data_key"), ["bob"]);
    assert_eq!(
        shop.rows("select owner, contact from orders order by 1"),
        ["ann|", "bob|v2.data-key-bob.sealed"]
    );
    assert_eq!(shop.rows(order), orders);
    assert_eq!(shop.rows("select * from payment order by 1"), payments);
    assert_eq!(
        shop.rows("select subject, seq, kind, actor, reason, data from history"),
        [r#"person/ann|1|erased|service:desk|they asked|{"orders":1}"#]
    );
    assert_eq!(
        shop.events(),
        [format!(
            r#"customers.customer.erased|ann|{{"erased_at_ms":{at},"orders":1,"said":"customers.customer.erased"}}"#
        )]
    );
    // Once; and what is kept still is shown without a contact.
    shop.refuses(&sql::PERSON_ERASE, &erase("ann"), Refusal::NothingPersonal);
    let left = export(&shop, "ann", None, 9);
    assert_eq!((&left["data_key"], &left["orders"][0]["contact"]), (&Value::Null, &json!("")));
    assert_eq!(left["erasures"][0]["reason"], "they asked");
    shop.stock_adds_up();
}

#[test]
fn a_checkout_of_who_is_erased_ends_and_its_hold_goes_back() {
    let (shop, ann, bob) = (shop(), shopper("ann"), shopper("bob"));
    // She has come from a decline, with stock held; his bank has asked him something.
    ann.confirms(&shop, CUPS);
    shop.does(&sql::SAGA_SETTLE, &with(ann.settle("declined"), json!({"free_cart": true})));
    bob.confirms(&shop, CUPS);
    shop.refuses(&sql::PERSON_ERASE, &erase("bob"), Refusal::CartLocked);
    shop.exec("update saga set state = 'awaiting_action' where owner = 'bob'");
    for (name, left) in [("ann", 2), ("bob", 0)] {
        shop.does(&sql::PERSON_ERASE, &erase(name));
        let held = "select coalesce(sum(reserved), 0) from stock where sku = 'TILL-0001'";
        assert_eq!(shop.one(held), json!(left));
    }
    assert_eq!(
        shop.rows("select owner, status, contact from checkout_session order by 1"),
        ["ann|abandoned|", "bob|abandoned|"]
    );
    assert_eq!(
        shop.rows("select owner, status, saga_id from cart order by 1"),
        ["ann|active|-", "bob|active|-"]
    );
    assert_eq!(
        shop.rows("select compensation_id, kind, state from compensation"),
        ["cancel-bob|cancel_intent|pending"]
    );
    shop.stock_adds_up();
    // They may buy again, with a new key.
    let anew = json!({"session_id": "s2", "data_key_id": "new", "data_key": {"data_key_id": "new", "wrapped_by": "k", "wrapped_key": "w"}, "contact": "v2.new.x"});
    shop.does(&sql::CHECKOUT_BEGIN, &with(ann.checkout(2), anew));
    assert_eq!(shop.rows("select owner, data_key_id from data_key"), ["ann|new"]);
}

fn old(shop: &Database, others: &[&str], gaps: &[(&str, &str)], limit: i64) -> Value {
    let gaps: Vec<Value> =
        gaps.iter().map(|(low, high)| json!({"low": low, "high": high})).collect();
    shop.list(&sql::DATA_KEY_OLD, &json!({"others": others, "gaps": gaps, "limit": limit}))
        .remove(0)
}

#[test]
fn data_keys_are_found_by_what_wrapped_them() {
    let shop = shop();
    for (owner, by) in [("a", "k1"), ("b", "k2"), ("c", "k1"), ("d", "k0")] {
        shop.exec(&format!(
            "insert into data_key values ('{owner}', 'id-{owner}', '{by}', 'w', 1)"
        ));
    }
    let owners = |found: &Value| {
        let keys = found["keys"].as_array().unwrap().iter();
        let mut owners: Vec<_> =
            keys.map(|key| key["owner"].as_str().unwrap().to_owned()).collect();
        owners.sort();
        owners
    };
    // k2 is the first, k1 is going, and k0 is in no list.
    let gaps = [("", "k1"), ("k1", "k2"), ("k2", "~")];
    let found = old(&shop, &["k1"], &gaps, 9);
    assert_eq!((owners(&found), &found["lost"]), (vec!["a".to_owned(), "c".to_owned()], &json!(1)));
    assert_eq!(found["keys"][0]["wrapped_key"], "w");
    assert_eq!(owners(&old(&shop, &["k1"], &gaps, 1)).len(), 1);
    let found = old(&shop, &[], &[("", "k2"), ("k2", "~")], 2);
    assert_eq!((owners(&found), &found["lost"]), (vec![], &json!(2)), "counted to the limit");
}

#[test]
fn a_data_key_is_wrapped_anew_if_it_is_as_it_was_read() {
    let shop = shop();
    for owner in ["a", "b", "c"] {
        shop.exec(&format!("insert into data_key values ('{owner}', 'id-{owner}', 'k1', 'w', 1)"));
    }
    let anew = |owner: &str, id: &str, was: &str| json!({"owner": owner, "data_key_id": id, "was_wrapped_by": was, "wrapped_by": "k2", "wrapped_key": format!("new-{owner}")});
    // b's was replaced meanwhile, and c's was wrapped by another run.
    let keys = [
        anew("a", "id-a", "k1"),
        anew("b", "gone", "k1"),
        anew("c", "id-c", "k0"),
        anew("x", "id-x", "k1"),
    ];
    let receipt = shop.does(&sql::DATA_KEY_REWRAP, &json!({"keys": keys}));
    assert_eq!(receipt, json!({"rewrapped": 1}));
    assert_eq!(shop.rows(KEYS), ["a|id-a|k2|new-a", "b|id-b|k1|w", "c|id-c|k1|w"]);
}

#[test]
fn a_checkout_begins_with_its_owners_key_and_all_that_totals_are_made_of() {
    let (shop, ann) = (shop(), shopper("ann"));
    let version = ann.fills_a_cart(&shop, CUPS);
    let asked = json!({"owner": "ann", "country": "VN", "region": ""});
    let facts = || shop.list(&sql::BEGIN_FACTS, &asked).remove(0);
    let totals = timeless(shop.list(&sql::PRICING_FACTS, &asked).remove(0));
    let begun = facts();
    assert_eq!((timeless(begun["pricing"].clone()), &begun["data_key"]), (totals, &Value::Null));
    shop.does(&sql::CHECKOUT_BEGIN, &ann.checkout(version));
    assert_eq!(facts()["data_key"], ann.data_key());
    let nobody = with(asked.clone(), json!({"owner": "eve"}));
    assert!(shop.list(&sql::BEGIN_FACTS, &nobody).is_empty());
}
