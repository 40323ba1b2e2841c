//! Payment methods that customers save (CHK-12): whose they are, who may pay with them, and that
//! nothing of a person stays at the provider who was erased here.

use app::{customers, payment_methods};
use edge::{Method, Request, Service};
use serde_json::{Value, json};
use world::{ALWAYS, Answer, Call, Fault, PROVIDER, Shopper, World, block_on, hours, minutes};

const ASKS: &str = "pm_card_authenticationRequired";
const PAYERS: &str =
    "select coalesce(customer_id, '-'), reference is not null, attempts from payer order by 1";

/// A customer with one `TILL-0001` in their cart, who has bought nothing of late.
fn customer<'w>(world: &'w World, name: &str) -> Shopper<'w> {
    let ann = world.tab_of(String::new(), format!("customer:{name}"));
    world.passes(60);
    let opened = ann.opens(&json!({ "currency": "USD", "country": "VN" }));
    assert!(matches!(opened.status, 200 | 201), "{opened:?}");
    ann.add("TILL-0001", 1).expect(200);
    ann
}

fn saving(ann: &Shopper<'_>, method: &str) -> Answer {
    let session = ann.begins(method);
    ann.confirm_with(&session, &json!({ "save_payment_method": true }), None)
}

fn paying(ann: &Shopper<'_>, method: &str) -> Answer {
    let session = ann.begins(method);
    ann.confirm(&session)
}

fn list(world: &World, ann: &Shopper<'_>) -> Answer {
    Answer::of::<api::list_payment_methods>(block_on(payment_methods::list(
        &world.ports(),
        &ann.owner,
    )))
}

/// Their cards' ids.
fn saved(world: &World, ann: &Shopper<'_>) -> Vec<String> {
    let listed = list(world, ann).expect(200);
    let ids = listed["payment_methods"].as_array().unwrap().iter();
    ids.map(|card| card["payment_method_id"].as_str().unwrap().to_owned()).collect()
}

fn remove(world: &World, ann: &Shopper<'_>, id: &str) -> Answer {
    Answer::of::<api::remove_payment_method>(block_on(payment_methods::remove(
        &world.ports(),
        &ann.owner,
        &id.parse().unwrap(),
    )))
}

fn erase(world: &World, ann: &Shopper<'_>) -> Answer {
    let request = Request::new(Method::Post, "/api/v1/customers/x/erase")
        .with_header("content-type", "application/json")
        .with_header("idempotency-key", "once")
        .with_body(json!({ "reason": "they asked" }).to_string());
    let service =
        Service { subject: "desk".to_owned(), scopes: vec!["customers:write".to_owned()] };
    Answer::of::<api::erase_customer>(customers::erase(
        &world.ports(),
        &service,
        &ann.owner.parse().unwrap(),
        &request.json().unwrap(),
        &request.keyed_change().unwrap(),
    ))
}

/// What the provider has of customers: who is left, by name, and how many.
fn customers_there(world: &World) -> Vec<String> {
    let known = world.rows("select reference from payer where reference is not null order by 1");
    known.iter().map(|reference| shows(world, reference)["id"].to_string()).collect()
}

fn shows(world: &World, reference: &str) -> Value {
    world.desk(Method::Get, &format!("/v1/customers/{reference}")).1
}

/// Nothing is held for them: no stock, no cart, no money.
fn nothing_is_held(world: &World, ann: &Shopper<'_>) {
    let held = "select count(*) from reservation where status = 'active' union all select count(*) from cart where saga_id is not null and status in ('active', 'checkout')";
    assert_eq!(world.rows(held), ["0", "0"], "{}", ann.owner);
    assert_eq!(ann.cart().expect(200)["status"], "checkout");
}

#[test]
fn a_card_that_is_saved_is_listed_used_again_and_removed() {
    let world = World::new();
    let ann = customer(&world, "ann");
    assert_eq!(list(&world, &ann).expect(200), json!({ "payment_methods": [] }));
    assert_eq!(world.calls(), [], "of whom it does not know the provider is not asked");
    saving(&ann, "pm_card_mastercard").expect(201);
    assert_eq!(world.calls(), [Call::MakeCustomer, Call::Authorize, Call::Capture]);
    assert_eq!(world.rows(PAYERS), ["ann|1|0"]);

    let listed = list(&world, &ann).expect(200)["payment_methods"].clone();
    let card = &listed[0];
    assert_eq!(
        *card,
        json!({ "payment_method_id": card["payment_method_id"], "brand": "mastercard", "last4": "4444", "expiry_month": 4, "expiry_year": 2044,
            "created_at_ms": card["created_at_ms"] })
    );
    let id = card["payment_method_id"].as_str().unwrap();
    assert!(id.starts_with("pm_") && listed.as_array().unwrap().len() == 1, "{listed}");
    assert!((card["created_at_ms"].as_i64().unwrap() - world.now_ms()).abs() < 2_000, "{card}");

    // Used again, and nothing new is saved by it.
    let ann = customer(&world, "ann");
    paying(&ann, id).expect(201);
    let ann = customer(&world, "ann");
    saving(&ann, id).expect(201);
    assert_eq!(saved(&world, &ann), [id]);
    // Another card beside it.
    let ann = customer(&world, "ann");
    paying(&ann, "pm_card_visa").expect(201);
    assert_eq!(saved(&world, &ann), [id], "what was not to be saved is not");
    assert_eq!(world.count(Call::MakeCustomer), 1);

    assert_eq!(remove(&world, &ann, id).expect(200), json!({ "payment_method_id": id }));
    assert_eq!(saved(&world, &ann), [""; 0]);
    remove(&world, &ann, id).expect_problem(404, "payment_method_not_found");
    let ann = customer(&world, "ann");
    paying(&ann, id).expect_problem(422, "payment_method_invalid");
    nothing_is_held(&world, &ann);
    assert_eq!(world.rows("select count(*) from orders"), ["4"]);
    world.is_consistent();
}

#[test]
fn nobody_pays_with_what_another_has_saved_or_removes_it() {
    let world = World::new();
    let ann = customer(&world, "ann");
    saving(&ann, "pm_card_visa").expect(201);
    let card = saved(&world, &ann).remove(0);
    let ledger = world.ledger();

    let bob = customer(&world, "bob");
    paying(&bob, &card).expect_problem(422, "payment_method_invalid");
    nothing_is_held(&world, &bob);
    remove(&world, &bob, &card).expect_problem(404, "payment_method_not_found");
    // Nor when he is known to the provider himself.
    world.passes(60);
    let session = bob.begins("pm_card_visa");
    bob.confirm_with(&session, &json!({ "save_payment_method": true }), None).expect(201);
    let bob = customer(&world, "bob");
    paying(&bob, &card).expect_problem(422, "payment_method_invalid");
    nothing_is_held(&world, &bob);
    remove(&world, &bob, &card).expect_problem(404, "payment_method_not_found");

    let (guest, session) = world.at_checkout(&card);
    guest.confirm(&session).expect_problem(422, "payment_method_invalid");
    nothing_is_held(&world, &guest);
    assert_eq!(list(&world, &guest).expect(200), json!({ "payment_methods": [] }));
    remove(&world, &guest, &card).expect_problem(404, "payment_method_not_found");
    // The guest takes another card, in the same session.
    world.passes(60);
    guest.confirm_with(&session, &json!({ "payment_method": "pm_card_visa" }), None).expect(201);

    assert_eq!(saved(&world, &ann), [card]);
    assert_eq!(world.ledger()[..ledger.len()], ledger);
    assert_eq!(world.rows("select count(*) from orders"), ["3"]);
    world.is_consistent();
}

#[test]
fn a_guest_saves_nothing() {
    let world = World::new();
    let (guest, session) = world.at_checkout("pm_card_visa");
    let refused = guest
        .confirm_with(&session, &json!({ "save_payment_method": true }), Some("k"))
        .expect_problem(400, "invalid_field");
    assert_eq!(refused["field"], "/save_payment_method");
    assert_eq!(world.calls(), []);
    let not_said = json!({ "save_payment_method": false });
    guest.confirm_with(&session, &not_said, Some("k")).expect(201);
    assert_eq!(world.rows("select count(*) from payer"), ["0"]);
}

#[test]
fn where_no_card_is_asked_for_nobody_is_made() {
    let world = World::new();
    world.exec("update price set amount_minor = 1 where sku = 'TILL-0001'");
    let ann = customer(&world, "ann");
    let session = ann.begins("pm_card_visa");
    let refused = json!({ "save_payment_method": true, "accept_total": { "amount_minor": 1, "currency": "USD" } });
    ann.confirm_with(&session, &refused, None).expect_problem(409, "price_changed");
    assert_eq!(
        (world.calls().len(), world.rows("select count(*) from payer")),
        (0, vec!["0".to_owned()])
    );
}

#[test]
fn a_card_is_saved_once_its_bank_has_its_yes() {
    let world = World::new();
    let ann = customer(&world, "ann");
    let session = ann.begins(ASKS);
    let saves = json!({ "save_payment_method": true });
    let confirm = || ann.confirm_with(&session, &saves, Some("k"));
    confirm().expect_problem(402, "payment_action_required");
    assert_eq!(saved(&world, &ann), [""; 0], "not before");
    ann.authenticates(true);
    assert_eq!(saved(&world, &ann).len(), 1);
    confirm().expect(201);
    // A no saves nothing.
    let ann = customer(&world, "ann");
    saving(&ann, "pm_card_chargeDeclined").expect_problem(402, "payment_declined");
    assert_eq!(saved(&world, &ann).len(), 1);
    world.is_consistent();
}

/// Whether it is saved is part of what was agreed to.
#[test]
fn another_wish_is_another_attempt() {
    let world = World::new();
    let ann = customer(&world, "ann");
    let session = ann.begins(ASKS);
    let asks = |body: &Value, key: &str| {
        ann.confirm_with(&session, body, Some(key)).expect_problem(402, "payment_action_required")
    };
    let saves = json!({ "save_payment_method": true });
    let first = asks(&json!({}), "one")["client_secret"].clone();
    assert_eq!(asks(&json!({}), "two")["client_secret"], first);
    let second = asks(&saves, "three")["client_secret"].clone();
    assert_ne!(second, first);
    assert_eq!(asks(&saves, "four")["client_secret"], second);
    ann.confirm_with(&session, &json!({}), Some("three"))
        .expect_problem(422, "idempotency_key_reused");
    ann.authenticates(true);
    let order = ann.confirm_with(&session, &saves, Some("four")).expect(201);
    assert_eq!(ann.confirm_with(&session, &saves, Some("three")).expect(201), order);
    assert_eq!(saved(&world, &ann).len(), 1);
    world.is_consistent();
}

/// Two tabs at once: the one is asking the provider for the customer when the other comes.
#[test]
fn two_tabs_that_save_at_once_make_one_customer_and_one_order() {
    let world = World::new();
    let ann = customer(&world, "ann");
    let session = ann.begins("pm_card_visa");
    let other = session.clone();
    world.meanwhile(Call::MakeCustomer, move |world| {
        let tab = world.tab_of(String::new(), "customer:ann".to_owned());
        tab.confirm_with(&other, &json!({ "save_payment_method": true }), Some("b")).expect(201);
    });
    let saves = json!({ "save_payment_method": true });
    ann.confirm_with(&session, &saves, Some("a")).expect_problem(409, "cart_completed");
    let made: Vec<_> =
        world.sent().into_iter().filter(|sent| sent.call == Call::MakeCustomer).collect();
    assert_eq!(made.len(), 2);
    assert!(made[0].key().is_some() && made[0].key() == made[1].key());
    assert_eq!((saved(&world, &ann).len(), customers_there(&world).len()), (1, 1));
    assert_eq!(world.ledger(), ["authorized 1509", "captured 1509"]);
    world.is_consistent();
}

#[test]
fn a_provider_that_is_away_holds_nothing_and_makes_the_customer_once() {
    let world = World::new();
    let ann = customer(&world, "ann");
    let session = ann.begins("pm_card_visa");
    let saves = json!({ "save_payment_method": true });
    let confirm = || ann.confirm_with(&session, &saves, Some("k"));
    let away = [
        (Fault::NotSent, 503, "provider_unavailable"),
        (Fault::Status(503), 503, "provider_unavailable"),
        (Fault::Timeout, 504, "provider_timeout"),
        (Fault::Status(409), 409, "idempotency_in_progress"),
        (Fault::key_refused(), 503, "provider_unavailable"),
        (Fault::Lost, 503, "provider_unavailable"),
        (Fault::TooLate, 504, "provider_timeout"),
    ];
    for (fault, status, code) in away {
        world.fault(&[Call::MakeCustomer], fault.clone(), 1);
        let told = confirm();
        assert!(told.retry_after.is_some(), "{fault:?}");
        told.expect_problem(status, code);
        nothing_is_held(&world, &ann);
        world.passes(60);
    }
    assert_eq!(world.rows("select count(*) from saga"), ["0"]);
    assert!(world.alerts().iter().any(|alert| alert.starts_with("configuration:payment_api_key")));
    confirm().expect(201);
    // What was done and not heard of is what the same key answers with.
    assert_eq!(world.rows(PAYERS), ["ann|1|0"]);
    let keys: Vec<_> = world
        .sent()
        .iter()
        .filter(|sent| sent.call == Call::MakeCustomer)
        .map(|sent| sent.key().unwrap().to_owned())
        .collect();
    assert_eq!(keys[5..].iter().collect::<std::collections::BTreeSet<_>>().len(), 1, "{keys:?}");
    assert_eq!(saved(&world, &ann).len(), 1);
    world.is_consistent();
}

/// Stripe keeps a failure of its own under the key, for a day.
#[test]
fn a_failure_that_the_provider_keeps_under_the_key_is_not_met_again() {
    let world = World::new();
    let ann = customer(&world, "ann");
    let fault =
        json!({ "match": { "operation": "customer" }, "fault": "server_error", "times": 1 });
    assert_eq!(world.simulator("POST", "/faults", &fault).0, 201);
    let session = ann.begins("pm_card_visa");
    let saves = json!({ "save_payment_method": true });
    ann.confirm_with(&session, &saves, None).expect_problem(503, "provider_unavailable");
    ann.confirm_with(&session, &saves, None).expect(201);
    assert_eq!((saved(&world, &ann).len(), world.rows(PAYERS)), (1, vec!["ann|1|0".to_owned()]));
}

#[test]
fn the_list_and_the_removal_say_when_the_provider_is_away_and_do_nothing() {
    let world = World::new();
    let ann = customer(&world, "ann");
    saving(&ann, "pm_card_visa").expect(201);
    let card = saved(&world, &ann).remove(0);
    let away = [
        (Fault::NotSent, 503, "provider_unavailable"),
        (Fault::Status(500), 503, "provider_unavailable"),
        (Fault::Timeout, 504, "provider_timeout"),
        (Fault::key_refused(), 503, "provider_unavailable"),
        (Fault::Status(429), 503, "provider_unavailable"),
    ];
    for (fault, status, code) in away {
        world.fault(&[Call::Saved], fault.clone(), 2);
        for told in [list(&world, &ann), remove(&world, &ann, &card)] {
            assert!(told.retry_after.is_some(), "{fault:?}");
            told.expect_problem(status, code);
        }
        world.passes(60);
    }
    world.fault(&[Call::Detach], Fault::Status(503), 1);
    remove(&world, &ann, &card).expect_problem(503, "provider_unavailable");
    assert_eq!(saved(&world, &ann), [card.as_str()]);
    // Done, and not heard of: whoever asks again hears that it is gone.
    world.fault(&[Call::Detach], Fault::Lost, 1);
    remove(&world, &ann, &card).expect_problem(503, "provider_unavailable");
    remove(&world, &ann, &card).expect_problem(404, "payment_method_not_found");
    // Another tab was faster.
    let ann = customer(&world, "ann");
    saving(&ann, "pm_card_visa").expect(201);
    let card = saved(&world, &ann).remove(0);
    let same = card.clone();
    world.meanwhile(Call::Detach, move |world| {
        let tab = world.tab_of(String::new(), "customer:ann".to_owned());
        remove(world, &tab, &same).expect(200);
    });
    remove(&world, &ann, &card).expect(200);
    // The circuit opens as for every other call.
    world.fault(PROVIDER, Fault::Status(503), ALWAYS);
    for _ in 0..5 {
        list(&world, &ann).expect_problem(503, "provider_unavailable");
    }
    let asked = world.calls().len();
    list(&world, &ann).expect_problem(503, "provider_unavailable");
    assert_eq!(world.calls().len(), asked, "nothing was sent");
}

#[test]
fn who_was_deleted_at_the_provider_is_forgotten_and_may_pay_and_save_again() {
    let world = World::new();
    let ann = customer(&world, "ann");
    saving(&ann, "pm_card_visa").expect(201);
    let delete = |world: &World| {
        let reference = world.rows("select reference from payer").remove(0);
        assert_eq!(world.desk(Method::Delete, &format!("/v1/customers/{reference}")).0, 200);
    };
    delete(&world);
    assert_eq!(saved(&world, &ann), [""; 0]);
    assert_eq!(world.rows(PAYERS), [""; 0]);
    let ann = customer(&world, "ann");
    saving(&ann, "pm_card_visa").expect(201);
    assert_eq!(saved(&world, &ann).len(), 1);
    // A payment hears of it first.
    delete(&world);
    let ann = customer(&world, "ann");
    let session = ann.begins("pm_card_visa");
    ann.confirm_with(&session, &json!({}), Some("k")).expect_problem(503, "provider_unavailable");
    nothing_is_held(&world, &ann);
    ann.confirm_with(&session, &json!({}), Some("k")).expect(201);
    assert_eq!(world.rows(PAYERS), [""; 0]);
    world.is_consistent();
}

/// The driver dies before the provider has heard of it; the card is removed before anybody asks.
#[test]
fn an_attempt_that_is_taken_up_with_what_is_anothers_ends_at_once() {
    let world = World::new();
    let ann = customer(&world, "ann");
    saving(&ann, "pm_card_visa").expect(201);
    let card = saved(&world, &ann).remove(0);
    let (guest, session) = world.at_checkout(&card);
    world.fault(&[Call::Authorize], Fault::Timeout, 1);
    guest.confirm(&session).expect_problem(504, "provider_timeout");
    world.lives(minutes(5));
    nothing_is_held(&world, &guest);
    assert_eq!(
        world.rows("select state, reason from saga where owner like 'guest:%'"),
        ["failed|provider_refused"]
    );
    // Gone back before it was heard of: nothing is owed.
    world.is_consistent();
}

/// SEC-6
#[test]
fn who_is_erased_is_deleted_at_the_provider_until_it_is_done() {
    let world = World::new();
    let ann = customer(&world, "ann");
    saving(&ann, "pm_card_visa").expect(201);
    let card = saved(&world, &ann).remove(0);
    let reference = world.rows("select reference from payer").remove(0);
    let there = shows(&world, &reference);
    assert_eq!(there["metadata"]["reference"].as_str().map(str::len), Some(36), "{there}");
    assert!(!there.to_string().contains("ann"), "{there}");

    world.fault(&[Call::DeleteCustomer], Fault::Status(503), ALWAYS);
    erase(&world, &ann).expect(200);
    assert_eq!(list(&world, &ann).expect(200), json!({ "payment_methods": [] }));
    world.lives(hours(100));
    let alerts = world.alerts();
    assert!(alerts.iter().any(|alert| alert.starts_with("customer_not_deleted:")), "{alerts:?}");
    assert_eq!(world.rows("select count(*) from payer"), ["1"], "it is never given up");
    assert_eq!(shows(&world, &reference)["deleted"], Value::Null);
    // They are back, as anybody, before it is done.
    let ann = customer(&world, "ann");
    saving(&ann, "pm_card_mastercard").expect(201);
    world.heals();
    world.lives(hours(2));
    assert_eq!(shows(&world, &reference)["deleted"], true);
    assert_eq!(world.rows(PAYERS), ["ann|1|0"]);
    assert_eq!(saved(&world, &ann).len(), 1);
    let ann = customer(&world, "ann");
    paying(&ann, &card).expect_problem(422, "payment_method_invalid");
    world.is_consistent();
}

#[test]
fn who_is_erased_while_the_provider_makes_them_known_is_deleted_there_too() {
    for fault in [None, Some(Fault::Lost)] {
        let world = World::new();
        let ann = customer(&world, "ann");
        let session = ann.begins("pm_card_visa");
        world.meanwhile(Call::MakeCustomer, |world| {
            erase(world, &world.tab_of(String::new(), "customer:ann".to_owned())).expect(200);
        });
        if let Some(fault) = &fault {
            world.fault(&[Call::MakeCustomer], fault.clone(), 1);
        }
        let told = ann.confirm_with(&session, &json!({ "save_payment_method": true }), None);
        assert!(matches!(told.status, 409 | 503), "{told:?}");
        world.lives(minutes(2));
        assert_eq!(world.rows("select count(*) from payer"), ["0"]);
        assert_eq!(world.count(Call::DeleteCustomer), 1);
        assert_eq!(world.ledger(), [""; 0]);
        world.is_consistent();
    }
}

#[test]
fn a_key_that_is_refused_is_no_try_of_a_deletion() {
    let world = World::new();
    let ann = customer(&world, "ann");
    saving(&ann, "pm_card_visa").expect(201);
    erase(&world, &ann).expect(200);
    world.fault(PROVIDER, Fault::key_refused(), 3);
    assert!(world.compensates().is_err());
    assert_eq!(world.rows(PAYERS), ["-|1|0"]);
    world.heals();
    world.lives(minutes(2));
    assert_eq!(world.rows("select count(*) from payer"), ["0"]);
}
