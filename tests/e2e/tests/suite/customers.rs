//! Customers by programs: groups and segments, with who put them there (SEC-4).

use e2e::{Call, CustomerClaims, Shop, SigningKey, unique};
use serde_json::{Value, json};

const CUSTOMERS: &str = "/api/v1/customers";

fn calling(shop: &Shop, method: &str, path: &str) -> Call {
    let token = shop.token("customers:read customers:write");
    shop.call(method, &format!("{CUSTOMERS}{path}")).bearer(&token)
}

fn put(shop: &Shop, customer_id: &str, group: &Value, segments: &Value) -> Value {
    let facts = json!({ "customer_group": group, "segments": segments });
    calling(shop, "PUT", &format!("/{customer_id}")).json(&facts).send().expect(200)
}

fn view(shop: &Shop, customer_id: &str) -> e2e::Reply {
    calling(shop, "GET", &format!("/{customer_id}")).send()
}

fn history(shop: &Shop, customer_id: &str, query: &str) -> Value {
    calling(shop, "GET", &format!("/{customer_id}/history{query}")).send().expect(200)
}

#[test]
fn a_customer_is_known_from_their_first_session_on() {
    let shop = Shop::open();
    let customer_id = unique("auth0|");
    let in_path = customer_id.replace('|', "%7C");
    view(&shop, &in_path).problem(404, "customer_not_found");
    let of_nobody = calling(&shop, "GET", &format!("/{in_path}/history")).send();
    of_nobody.problem(404, "customer_not_found");

    let open = || {
        let token = CustomerClaims::of(&customer_id).signed(SigningKey::Ec1);
        shop.open_session(&token).expect(200)
    };
    open();
    let first = view(&shop, &in_path).expect(200);
    let at = &first["created_at_ms"];
    assert_eq!(
        first,
        json!({ "customer_id": customer_id, "customer_group": null, "segments": [], "created_at_ms": at, "updated_at_ms": at })
    );
    assert!((at.as_i64().unwrap() - shop.now_ms()).abs() < 60_000, "{first}");
    assert_eq!(history(&shop, &in_path, ""), json!({ "history": [], "next_cursor": null }));

    let changed = put(&shop, &in_path, &json!("wholesale"), &json!(["vip", "students"]));
    assert_eq!(changed["segments"], json!(["students", "vip"]), "in order of their names");
    open();
    assert_eq!(view(&shop, &in_path).expect(200), changed, "a session leaves them as they are");
}

#[test]
fn a_change_of_a_customer_says_who_made_it_and_what_was_before() {
    let shop = Shop::open();
    let customer_id = unique("customer-");
    let first = put(&shop, &customer_id, &json!("wholesale"), &json!(["b", "a"]));
    assert_eq!(put(&shop, &customer_id, &json!("wholesale"), &json!(["a", "b"])), first);
    put(&shop, &customer_id, &Value::Null, &json!([]));
    let (one, two) = (
        json!({ "customer_group": "wholesale", "segments": ["a", "b"] }),
        json!({ "customer_group": null, "segments": [] }),
    );
    let seen = history(&shop, &customer_id, "");
    let changes: Vec<_> = seen["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["seq"].as_i64(), &it["kind"], &it["before"], &it["after"]))
        .collect();
    let kind = json!("put");
    assert_eq!(changes, [(Some(1), &kind, &Value::Null, &one), (Some(2), &kind, &one, &two)]);
    for change in seen["history"].as_array().unwrap() {
        assert!(change["actor"].as_str().unwrap().starts_with("service:"), "{change}");
        assert!((change["at_ms"].as_i64().unwrap() - shop.now_ms()).abs() < 60_000, "{change}");
    }
    let page = history(&shop, &customer_id, "?limit=1");
    assert_eq!((page["history"].as_array().unwrap().len(), &page["next_cursor"]), (1, &json!(1)));
    assert_eq!(history(&shop, &customer_id, "?cursor=1")["history"][0]["seq"], 2);
}

// SEC-6
#[test]
fn who_is_exported_shows_their_groups_and_who_is_erased_has_none() {
    let shop = Shop::open();
    let customer_id = unique("customer-");
    let owner = format!("customer:{customer_id}");
    let known = put(&shop, &customer_id, &json!("wholesale"), &json!(["vip"]));
    let exported = calling(&shop, "GET", &format!("/{owner}/export")).send().expect(200);
    assert_eq!(exported["customer"], known);
    let guest = format!("guest:{customer_id}");
    calling(&shop, "GET", &format!("/{guest}/export")).send().problem(404, "customer_not_found");

    let erase = calling(&shop, "POST", &format!("/{owner}/erase"))
        .keyed(&unique("erase-"))
        .json(&json!({ "reason": "they asked for it" }));
    let erased = erase.clone().send().expect(200);
    assert_eq!(erase.send().expect(200), erased, "a replay");
    view(&shop, &customer_id).problem(404, "customer_not_found");
    let last = history(&shop, &customer_id, "")["history"][1].clone();
    assert_eq!(
        (&last["kind"], &last["before"]["segments"], &last["after"]),
        (&json!("deleted"), &json!(["vip"]), &Value::Null)
    );
    let exported = calling(&shop, "GET", &format!("/{owner}/export")).send().expect(200);
    assert_eq!(
        (&exported["customer"], &exported["erasures"][0]["reason"]),
        (&Value::Null, &json!("they asked for it"))
    );
    let again = calling(&shop, "POST", &format!("/{owner}/erase"))
        .keyed(&unique("erase-"))
        .json(&json!({ "reason": "again" }));
    again.send().problem(404, "customer_not_found");
    // They may come back, as anybody.
    let _token = shop.session_of(&customer_id);
    assert_eq!(view(&shop, &customer_id).expect(200)["segments"], json!([]));
}

#[test]
fn customers_are_listed_in_pages() {
    let shop = Shop::open();
    let prefix = unique("page-");
    let ids: Vec<String> = (1..=3).map(|number| format!("{prefix}-{number}")).collect();
    for id in &ids {
        put(&shop, id, &Value::Null, &json!([]));
    }
    let page = |query: &str| calling(&shop, "GET", query).send().expect(200);
    let ids_of = |page: &Value| -> Vec<String> {
        let customers = page["customers"].as_array().unwrap().iter();
        customers.map(|it| it["customer_id"].as_str().unwrap().to_owned()).collect()
    };
    let first = page(&format!("?limit=2&cursor={prefix}"));
    assert_eq!((ids_of(&first), &first["next_cursor"]), (ids[..2].to_vec(), &json!(ids[1])));
    let second = page(&format!("?limit=1&cursor={}", ids[1]));
    assert_eq!(ids_of(&second), ids[2..]);
    assert!(page("?cursor=~~~~")["next_cursor"].is_null());
    for query in ["?limit=0", "?limit=501", "?limit=x", "?cursor=a%20b", "?group=x"] {
        let refused = calling(&shop, "GET", query).send();
        assert_eq!(refused.status, 400, "{query}: {refused:?}");
    }
}

#[test]
fn what_is_no_group_is_refused_by_its_field() {
    let shop = Shop::open();
    let customer_id = unique("customer-");
    let many: Vec<String> = (0..51).map(|number| format!("s{number}")).collect();
    let cases = [
        (json!({ "customer_group": "two words", "segments": [] }), "/customer_group"),
        (json!({ "customer_group": "", "segments": [] }), "/customer_group"),
        (json!({ "customer_group": 1, "segments": [] }), "/customer_group"),
        (json!({ "customer_group": null, "segments": ["a", ""] }), "/segments/1"),
        (json!({ "customer_group": null, "segments": ["a", "b", "a"] }), "/segments/2"),
        (json!({ "customer_group": null, "segments": many }), "/segments"),
        (json!({ "customer_group": null, "segments": "a" }), "/segments"),
        (json!({ "customer_group": null }), "/segments"),
    ];
    for (body, field) in cases {
        let refused = calling(&shop, "PUT", &format!("/{customer_id}")).json(&body).send();
        assert_eq!(refused.problem(400, "invalid_field")["field"], field, "{body}");
    }
    let good = json!({ "customer_group": null, "segments": many[..50] });
    calling(&shop, "PUT", "/jane@customer.example")
        .json(&good)
        .send()
        .problem(400, "invalid_field");
    view(&shop, &customer_id).problem(404, "customer_not_found");
    calling(&shop, "PUT", &format!("/{customer_id}")).json(&good).send().expect(200);
}
