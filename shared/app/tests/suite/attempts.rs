//! Attempts at a payment are the buyer's to replace (CHK-4, CHK-9).

use edge::{Method, Request};
use serde_json::{Value, json};
use world::{ALWAYS, Answer, Call, Fault, PROVIDER, Shopper, World, block_on, hours, minutes};

/// A card whose bank asks.
const ASKS: &str = "pm_card_authenticationRequired";
const ATTEMPTS: &str = "select g.state, p.state, coalesce(k.kind || ' ' || k.state, '-') from saga as g join payment as p using (saga_id)
    left join compensation as k on k.saga_id = g.saga_id order by g.created_at_ms, g.saga_id";

/// A buyer whose bank asks them, under the key `first`.
fn at_the_bank(world: &World) -> (Shopper<'_>, String) {
    let (ann, session) = world.at_checkout(ASKS);
    ann.confirm_with(&session, &json!({}), Some("first"))
        .expect_problem(402, "payment_action_required");
    (ann, session)
}

fn visa(ann: &Shopper<'_>, session: &str, key: &str) -> Answer {
    ann.confirm_with(session, &json!({ "payment_method": "pm_card_visa" }), Some(key))
}

fn first(ann: &Shopper<'_>, session: &str) -> Answer {
    ann.confirm_with(session, &json!({}), Some("first"))
}

fn abandon(world: &World, ann: &Shopper<'_>, session: &str) -> Answer {
    Answer::of::<api::abandon_checkout>(app::checkout::abandon(
        &world.ports(),
        &ann.owner,
        &session.parse().unwrap(),
    ))
}

fn look(world: &World, ann: &Shopper<'_>, session: &str) -> Value {
    Answer::of::<api::view_checkout>(app::checkout::view(
        &world.ports(),
        &ann.owner,
        &session.parse().unwrap(),
    ))
    .expect(200)
}

fn orders(world: &World) -> Vec<String> {
    world.rows("select owner from orders")
}

/// F7: another card instead of the one whose bank asks.
#[test]
fn another_card_takes_the_place_of_one_that_waits_for_its_bank() {
    let world = World::new();
    let (ann, session) = at_the_bank(&world);
    let order = visa(&ann, &session, "second").expect(201);
    // Cancelled at once, before the new card was asked.
    assert_eq!(world.calls(), [Call::Authorize, Call::Void, Call::Authorize, Call::Capture]);
    assert_eq!(
        world.rows(ATTEMPTS),
        ["superseded|voided|cancel_intent done", "completed|captured|-"]
    );
    assert_eq!(world.ledger(), ["authorized 1509", "captured 1509"]);
    let late = first(&ann, &session).expect_problem(409, "payment_superseded");
    assert_eq!(late["order_id"], order["order_id"]);
    assert_eq!(visa(&ann, &session, "second").expect(201), order);
    world.is_consistent();
}

/// F7b: a yes of the first bank that nobody has heard of.
#[test]
fn a_yes_of_a_bank_whose_card_was_replaced_takes_nothing() {
    let world = World::new();
    let (ann, session) = at_the_bank(&world);
    ann.authenticates(true);
    visa(&ann, &session, "second").expect(201);
    assert_eq!(
        world.ledger(),
        ["authorized 1509", "voided 1509", "authorized 1509", "captured 1509"]
    );
    world.is_consistent();
    // The provider is away when the card is replaced: what is owed waits, and a yes that comes
    // meanwhile is given back.
    let world = World::new();
    let (ann, session) = at_the_bank(&world);
    world.fault(&[Call::Void], Fault::Status(503), 3);
    visa(&ann, &session, "second").expect(201);
    let reference =
        world.rows("select reference from payment where state = 'requires_action'").remove(0);
    world.simulator(
        "POST",
        "/authenticate",
        &json!({ "payment_intent": reference, "succeeds": true }),
    );
    world.lives(hours(1));
    assert_eq!(world.rows(ATTEMPTS)[0], "superseded|voided|cancel_intent done");
    assert_eq!(
        world.ledger(),
        ["authorized 1509", "captured 1509", "authorized 1509", "voided 1509"]
    );
    assert_eq!(orders(&world).len(), 1);
    world.is_consistent();
}

/// F7c: the bank has said no.
#[test]
fn a_no_of_the_first_bank_does_not_stand_in_the_way_of_another_card() {
    let world = World::new();
    let (ann, session) = at_the_bank(&world);
    ann.authenticates(false);
    visa(&ann, &session, "second").expect(201);
    world.is_consistent();
    // Who asks with the same card hears the no; what the provider made of it is cancelled, and the
    // key is free.
    let world = World::new();
    let (ann, session) = at_the_bank(&world);
    ann.authenticates(false);
    first(&ann, &session).expect_problem(402, "payment_declined");
    world.lives(minutes(2));
    assert_eq!(world.rows(ATTEMPTS), ["declined|voided|cancel_intent done"]);
    visa(&ann, &session, "first").expect(201);
    assert_eq!(world.ledger(), ["authorized 1509", "captured 1509"]);
    world.is_consistent();
}

/// F8: two tabs of one checkout.
#[test]
fn another_key_for_the_same_is_of_the_same_attempt() {
    let world = World::new();
    let (ann, session) = at_the_bank(&world);
    let asked = first(&ann, &session).expect_problem(402, "payment_action_required");
    // However it is said: the session's own card, the total that was shown.
    let total = json!({ "amount_minor": 1_509, "currency": "USD" });
    let bodies = [json!({}), json!({ "payment_method": ASKS }), json!({ "accept_total": total })];
    for (at, body) in bodies.iter().enumerate() {
        let told = ann
            .confirm_with(&session, body, Some(&format!("tab-{at}")))
            .expect_problem(402, "payment_action_required");
        assert_eq!(told["client_secret"], asked["client_secret"]);
        assert!(told["client_secret"].is_string(), "{told}");
    }
    ann.authenticates(true);
    let order = ann.confirm_with(&session, &bodies[2], Some("tab-2"));
    assert_eq!(order.status, 201, "{}", order.body);
    for _ in 0..2 {
        assert_eq!(first(&ann, &session).bytes, order.bytes);
        for (at, body) in bodies.iter().enumerate() {
            assert_eq!(
                ann.confirm_with(&session, body, Some(&format!("tab-{at}"))).bytes,
                order.bytes
            );
        }
    }
    ann.confirm_with(&session, &bodies[1], Some("tab-2"))
        .expect_problem(422, "idempotency_key_reused");
    ann.confirm_with(&session, &bodies[0], Some("later-tab")).expect_problem(409, "cart_completed");
    assert_eq!(world.count(Call::Authorize), 1);
    world.is_consistent();
}

/// A confirm without a key is one too.
#[test]
fn a_confirm_without_a_key_joins_and_is_superseded_like_any_other() {
    let world = World::new();
    let (ann, session) = world.at_checkout(ASKS);
    ann.confirm(&session).expect_problem(402, "payment_action_required");
    first(&ann, &session).expect_problem(402, "payment_action_required");
    assert_eq!(world.count(Call::Authorize), 1);
    let order = visa(&ann, &session, "second").expect(201);
    for late in [ann.confirm(&session), first(&ann, &session)] {
        assert_eq!(late.expect_problem(409, "payment_superseded")["order_id"], order["order_id"]);
    }
    world.is_consistent();
}

/// F7: nobody lives any more, so the first card may be tried again.
#[test]
fn a_superseded_key_begins_anew_when_nothing_lives_any_more() {
    let world = World::new();
    let (ann, session) = at_the_bank(&world);
    let declined = json!({ "payment_method": "pm_card_chargeDeclined" });
    ann.confirm_with(&session, &declined, Some("second")).expect_problem(402, "payment_declined");
    first(&ann, &session).expect_problem(402, "payment_action_required");
    // And while it lives, it is not pushed aside by the key it was pushed aside by, for that one is
    // free.
    visa(&ann, &session, "third").expect(201);
    first(&ann, &session).expect_problem(409, "payment_superseded");
    world.lives(hours(1));
    assert_eq!(world.ledger(), ["authorized 1509", "captured 1509"]);
    world.is_consistent();
}

/// F7: who is being asked at this moment may say yes, so it is waited for and then driven on by
/// whoever comes.
#[test]
fn a_card_that_is_being_asked_is_not_replaced_before_its_answer_is_known() {
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_card_visa");
    world.fault(&[Call::Authorize], Fault::Lost, 1);
    first(&ann, &session).expect_problem(503, "provider_unavailable");
    world.exec("update saga set lease_until_ms = next_attempt_at_ms + 50000");
    let other = || {
        ann.confirm_with(
            &session,
            &json!({ "payment_method": "pm_card_mastercard" }),
            Some("second"),
        )
    };
    let wait = other();
    assert!(wait.retry_after.is_some_and(|seconds| seconds > 30), "{:?}", wait.retry_after);
    wait.expect_problem(409, "idempotency_in_progress");
    assert_eq!(world.count(Call::Authorize), 1);
    world.passes(120);
    // It had the money: the order is there, and the other card is not charged.
    other().expect_problem(409, "cart_completed");
    assert_eq!(world.ledger(), ["authorized 1509", "captured 1509"]);
    world.is_consistent();
}

/// F10, and where the buyer comes back to.
#[test]
fn what_the_buyer_is_to_do_is_said_again() {
    let world = World::new();
    let (ann, session) = world.at_checkout(ASKS);
    assert_eq!(look(&world, &ann, &session)["payment"], Value::Null);
    let body = json!({ "return_url": "https://shop.example/done?step=3" });
    let confirm = || {
        ann.confirm_with(&session, &body, Some("first"))
            .expect_problem(402, "payment_action_required")
    };
    // The first answer is lost, and asked for again under its key: the same bytes go out.
    world.fault(&[Call::Authorize], Fault::Lost, 1);
    ann.confirm_with(&session, &body, Some("first")).expect_problem(503, "provider_unavailable");
    world.passes(120);
    let asked = confirm();
    let sent: Vec<Vec<u8>> = world
        .sent()
        .into_iter()
        .filter(|sent| sent.call == Call::Authorize)
        .map(|sent| sent.request.body)
        .collect();
    assert_eq!((sent.len(), &sent[0]), (2, &sent[1]));
    assert!(
        asked["next_action_url"].as_str().is_some_and(|url| url.starts_with("https://")),
        "{asked}"
    );
    let again = confirm();
    assert_eq!(
        (&again["client_secret"], &again["next_action_url"]),
        (&asked["client_secret"], &asked["next_action_url"])
    );
    let waits = look(&world, &ann, &session)["payment"].clone();
    assert_eq!(
        (&waits["status"], &waits["payment_method"]),
        (&json!("requires_action"), &json!(ASKS))
    );
    assert!(waits["expires_at_ms"].as_i64().is_some_and(|until| until > world.now_ms()), "{waits}");
    world.is_consistent();
}

#[test]
fn a_return_url_leads_to_a_shop_or_to_this_machine() {
    let takes = |url: &str| {
        let body = json!({ "return_url": url }).to_string();
        let request = Request::new(Method::named("POST"), "/")
            .with_header("content-type", "application/json")
            .with_body(body);
        request.json::<app::checkout::Confirm>().is_ok()
    };
    let long = format!("https://shop.example/{}", "a".repeat(2_048));
    for good in [
        "https://shop.example",
        "https://shop.example:8443/a?b=c#d",
        "http://localhost:3000/",
        "http://127.0.0.1/x",
        "http://[::1]:80/",
    ] {
        assert!(takes(good), "{good}");
    }
    let bad = [
        "",
        "/done",
        "https://",
        "https:///a",
        "https://:1/",
        "http://shop.example/",
        "http://localhost.example/",
        "javascript:alert(1)",
    ];
    for bad in bad.iter().copied().chain([
        "https://ann@shop.example/",
        "https://shop.example/a b",
        "https://shop.example/ă",
        "https://a\\b",
        &long,
    ]) {
        assert!(!takes(bad), "{bad}");
    }
}

/// W5: the bank has said yes, and the buyer never comes back.
#[test]
fn a_buyer_who_never_comes_back_from_the_bank_has_the_order_within_a_minute() {
    for waited in [0, 5, 100, 400, 800] {
        let world = World::new();
        let (ann, _) = at_the_bank(&world);
        let work = |seconds: i64| {
            for _ in 0..seconds / 10 {
                world.passes(10);
                world.works();
            }
        };
        work(waited);
        ann.authenticates(true);
        work(60);
        assert_eq!(orders(&world), [ann.owner.as_str()], "after {waited} s");
        assert!(
            world.count(Call::Retrieve) <= 30,
            "the provider is not asked without end: {}",
            world.count(Call::Retrieve)
        );
        world.is_consistent();
    }
}

/// The buyer neither acts nor comes back: nothing is held for them beyond its time.
#[test]
fn an_attempt_that_nobody_answers_ends_with_what_it_holds() {
    let world = World::new();
    let _left = at_the_bank(&world);
    world.lives(minutes(17));
    assert_eq!(world.rows("select state from saga"), ["failed"]);
    assert_eq!(world.rows("select sum(reserved) from stock"), ["0"]);
    assert!(world.ledger().is_empty(), "{:?}", world.ledger());
    world.is_consistent();
}

/// F7: begun anew, changed, abandoned: what waits ends, and a late yes takes nothing.
#[test]
fn whatever_the_buyer_wants_instead_ends_what_waits_for_them() {
    type Act = fn(&World, &Shopper<'_>, &str);
    let acts: [(&str, Act, &str, i64); 3] = [
        ("begins anew", |_, ann, _| drop(ann.begins("pm_card_visa")), "session_expired", 1),
        ("adds", |_, ann, _| drop(ann.add("TILL-0001", 1).expect(200)), "session_stale", 1),
        (
            "abandons",
            |world, ann, session| {
                assert_eq!(abandon(world, ann, session).expect(200)["status"], "abandoned")
            },
            "session_expired",
            0,
        ),
    ];
    for (what, act, told, held) in acts {
        let world = World::new();
        let (ann, session) = at_the_bank(&world);
        ann.authenticates(true);
        act(&world, &ann, &session);
        assert_eq!(
            world.rows(ATTEMPTS),
            ["superseded|requires_action|cancel_intent pending"],
            "{what}"
        );
        assert_eq!(world.rows("select sum(reserved) from stock"), [held.to_string()], "{what}");
        world.is_consistent();
        first(&ann, &session).expect_problem(409, told);
        world.works();
        assert_eq!(world.ledger(), ["authorized 1509", "voided 1509"], "{what}");
        // And they can buy.
        let session = ann.begins("pm_card_visa");
        visa(&ann, &session, "second").expect(201);
        first(&ann, &session).expect_problem(422, "idempotency_key_reused");
        assert_eq!(orders(&world).len(), 1);
        world.is_consistent();
    }
}

/// An abandoned session stays so; one with an order, or whose card is being asked, cannot be.
#[test]
fn a_session_is_abandoned_once_and_only_before_its_order() {
    let world = World::new();
    let (ann, session) = at_the_bank(&world);
    let (once, again) = (abandon(&world, &ann, &session), abandon(&world, &ann, &session));
    assert_eq!((once.status, &once.bytes), (200, &again.bytes));
    assert_eq!(look(&world, &ann, &session)["status"], "abandoned");
    abandon(&world, &world.shopper(), &session).expect_problem(404, "session_not_found");
    let session = ann.begins("pm_card_visa");
    world.fault(PROVIDER, Fault::Timeout, ALWAYS);
    ann.confirm(&session).expect_problem(504, "provider_timeout");
    abandon(&world, &ann, &session).expect_problem(409, "cart_locked");
    ann.begin("pm_card_visa").expect_problem(409, "cart_locked");
    world.heals();
    world.lives(minutes(3));
    assert_eq!(orders(&world).len(), 1);
    abandon(&world, &ann, &session).expect_problem(409, "cart_completed");
    world.is_consistent();
}

/// A yes that is written down at the moment at which another card takes its place.
#[test]
fn of_a_yes_and_another_card_at_the_same_moment_one_makes_the_order() {
    let world = World::new();
    let (ann, session) = at_the_bank(&world);
    ann.authenticates(true);
    let (token, owner) = (ann.token.clone(), ann.owner.clone());
    let other = session.clone();
    // The first tab asks how its payment stands, and before it is told the second has paid.
    world.meanwhile(Call::Retrieve, move |world| {
        drop(visa(&world.tab_of(token, owner), &other, "second").expect(201))
    });
    first(&ann, &session).expect_problem(409, "idempotency_in_progress");
    first(&ann, &session).expect_problem(409, "payment_superseded");
    assert_eq!(
        world.ledger(),
        ["authorized 1509", "voided 1509", "authorized 1509", "captured 1509"]
    );
    assert_eq!(orders(&world).len(), 1);
    world.is_consistent();
}

/// A program's request is sent again while a bank asks: it is the same one, and not another
/// attempt.
#[test]
fn a_programs_order_that_is_sent_again_goes_on_with_its_attempt() {
    let world = World::new();
    let address = json!({ "name": "Nguyen Thi Minh Khai", "line1": "17 Hang Bac", "city": "Hanoi", "postal_code": "100000", "country": "VN" });
    let body = json!({ "currency": "USD", "lines": [{ "sku": "TILL-0001", "quantity": 1 }], "email": "desk@customer.example",
        "shipping_address": address, "shipping_method": "standard", "payment_method": ASKS,
        "expected_total": { "amount_minor": 1_509, "currency": "USD" } });
    let service =
        edge::Service { subject: "till".to_owned(), scopes: vec!["orders:write".to_owned()] };
    let orders_it = || {
        let request = Request::new(Method::named("POST"), "/api/v1/orders")
            .with_header("idempotency-key", "\"one\"")
            .with_header("content-type", "application/json")
            .with_body(body.to_string());
        let (body, change) = (request.json().unwrap(), request.keyed_change().unwrap());
        Answer::of::<api::create_order>(block_on(app::order::create(
            &world.ports(),
            &service,
            body,
            &change,
        )))
    };
    let asked = orders_it().expect_problem(402, "payment_action_required");
    let again = orders_it().expect_problem(402, "payment_action_required");
    assert_eq!(
        (&again["client_secret"], world.count(Call::Authorize)),
        (&asked["client_secret"], 1)
    );
    let reference = world.rows("select reference from payment").remove(0);
    world.simulator(
        "POST",
        "/authenticate",
        &json!({ "payment_intent": reference, "succeeds": true }),
    );
    let order = orders_it().expect(201);
    assert_eq!(orders_it().expect(201), order);
    assert_eq!(world.ledger(), ["authorized 1509", "captured 1509"]);
    world.is_consistent();
}
