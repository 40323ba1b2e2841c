//! A person's contact has a key of its own, which is wrapped anew and destroyed (SEC-5, SEC-6).

use app::customers;
use edge::{Method, Request, Service};
use serde_json::{Value, json};
use world::{Answer, World, minutes};

/// The key of the world, and another.
const OLD: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEW: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

fn export(world: &World, owner: &str, query: &str) -> Answer {
    let request = Request::new(Method::Get, &format!("/api/v1/customers/{owner}/export?{query}"));
    let page = request.query().unwrap();
    let exported = customers::export(&world.ports(), &owner.parse().unwrap(), &page);
    Answer::of::<api::export_customer>(exported)
}

fn erase(world: &World, owner: &str, key: &str) -> Answer {
    let request = Request::new(Method::Post, &format!("/api/v1/customers/{owner}/erase"))
        .with_header("content-type", "application/json")
        .with_header("idempotency-key", key)
        .with_body(json!({ "reason": "they asked" }).to_string());
    let service =
        Service { subject: "desk".to_owned(), scopes: vec!["customers:write".to_owned()] };
    Answer::of::<api::erase_customer>(customers::erase(
        &world.ports(),
        &service,
        &owner.parse().unwrap(),
        &request.json().unwrap(),
        &request.keyed_change().unwrap(),
    ))
}

fn owner_of(world: &World, order_id: &str) -> String {
    world.rows(&format!("select owner from orders where order_id = '{order_id}'")).remove(0)
}

#[test]
fn a_key_is_changed_without_a_stop_and_without_touching_a_contact() {
    let world = World::new();
    let ann = world.shopper();
    let order_id = ann.buys("pm_card_visa");
    let sealed = world.rows("select contact from orders");
    assert!(sealed[0].starts_with("v2."), "{sealed:?}");
    assert_eq!(world.rewraps().unwrap().taken, 0, "all are wrapped by the first");

    world.set("pii_key", &format!("{NEW},{OLD}"));
    ann.order(&order_id).expect(200);
    let report = world.rewraps().unwrap();
    assert_eq!((report.taken, report.done, report.dead), (1, 1, 0));
    assert_eq!(world.rewraps().unwrap().taken, 0, "once");
    assert_eq!(world.rows("select contact from orders"), sealed);
    // The old one may go.
    world.set("pii_key", NEW);
    assert_eq!(ann.order(&order_id).expect(200)["email"], "minh.khai@customer.example");
    assert!(world.alerts().is_empty(), "{:?}", world.alerts());
    world.is_consistent();
}

#[test]
fn a_key_that_was_taken_out_too_early_is_told_and_put_back() {
    let world = World::new();
    let ann = world.shopper();
    let order_id = ann.buys("pm_card_visa");
    world.set("pii_key", NEW);
    ann.order(&order_id).expect_problem(503, "configuration_invalid");
    // Who comes for the first time is not in its way.
    let bob = world.shopper();
    let his = bob.buys("pm_card_visa");
    bob.order(&his).expect(200);
    let report = world.rewraps().unwrap();
    assert_eq!((report.taken, report.done, report.dead), (0, 0, 1));
    assert!(world.alerts().iter().any(|alert| alert.contains("data_key_unknown")));
    world.set("pii_key", &format!("{NEW} {OLD}"));
    assert_eq!(world.rewraps().unwrap().done, 1);
    ann.order(&order_id).expect(200);
}

#[test]
fn a_person_is_shown_whole_and_erased_for_good() {
    let world = World::new();
    let ann = world.shopper();
    let order_id = ann.buys("pm_card_visa");
    let owner = owner_of(&world, &order_id);
    ann.opens(&Value::Null).expect(201);
    ann.add("TILL-0001", 2).expect(200);
    ann.begins("pm_card_visa");

    let shown = export(&world, &owner, "").expect(200);
    assert_eq!(shown["orders"][0]["email"], "minh.khai@customer.example");
    assert_eq!(shown["orders"][0]["owner"], json!(owner));
    assert_eq!(shown["checkouts"][0]["contact"]["shipping_address"]["line1"], "17 Hang Bac");
    assert_eq!(shown["carts"][0]["lines"][0]["quantity"], 2);
    assert_eq!((&shown["erasures"], &shown["next_cursor"]), (&json!([]), &Value::Null));
    export(&world, "guest:nobody", "").expect_problem(404, "customer_not_found");
    export(&world, &owner, "limit=101").expect_problem(400, "invalid_field");

    let erased = erase(&world, &owner, "k1").expect(200);
    assert_eq!(erase(&world, &owner, "k1").expect(200), erased);
    erase(&world, &owner, "k2").expect_problem(404, "customer_not_found");
    let order = ann.order(&order_id).expect(200);
    assert_eq!((&order["email"], &order["shipping_address"]), (&Value::Null, &Value::Null));
    assert_eq!(order["payment"]["state"], "captured");
    assert!(world.events().iter().any(|event| event.contains("customers.customer.erased")));
    let left = export(&world, &owner, "").expect(200);
    assert_eq!((&left["checkouts"], &left["orders"][0]["email"]), (&json!([]), &Value::Null));
    assert_eq!(left["erasures"][0]["actor"], "service:desk");
    // The checkout has ended, and they may come back as anybody may.
    let session = ann.begins("pm_card_visa");
    let anew = ann.confirm(&session).expect(201);
    let anew = anew["order_id"].as_str().unwrap();
    assert_eq!(ann.order(anew).expect(200)["email"], "minh.khai@customer.example");
    assert_eq!(ann.order(&order_id).expect(200)["email"], Value::Null, "the first stays erased");
    world.is_consistent();
}

#[test]
fn who_waits_for_their_bank_is_erased_and_what_was_asked_is_taken_back() {
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_card_authenticationRequired");
    ann.confirm(&session).expect_problem(402, "payment_action_required");
    let owner = world.rows("select owner from saga").remove(0);
    erase(&world, &owner, "k1").expect(200);
    ann.authenticates(true);
    ann.confirm(&session).expect_problem(409, "session_expired");
    world.lives(minutes(30));
    assert!(world.rows("select order_id from orders").is_empty());
    assert_eq!(world.rows("select sum(reserved) from stock"), ["0"]);
    assert_eq!(world.ledger().iter().filter(|line| line.starts_with("captured")).count(), 0);
    world.is_consistent();
}

#[test]
fn a_contact_goes_with_the_cart_that_nobody_came_back_to() {
    let world = World::new();
    let (_, _) = world.at_checkout("pm_card_visa");
    let contacts = "select count(*) from checkout_session where contact > ''";
    world.lives(minutes(60 * 24 * 8));
    assert_eq!(world.rows("select status from checkout_session"), ["expired"]);
    assert_eq!(world.rows(contacts), ["1"], "she may come back");
    world.passes(31 * 86_400);
    world.prunes().unwrap();
    assert_eq!(world.rows(contacts), ["0"]);
    assert_eq!(world.rows("select count(*) from data_key"), ["0"], "and its key");
}
