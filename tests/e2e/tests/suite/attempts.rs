//! Attempts at a payment are the buyer's to replace: another card, another cart, another tab, or
//! none at all.

use e2e::{Guest, Reply, Session, Shop, needs_till, together, unique};
use serde_json::{Value, json};

/// A card whose bank asks.
const ASKS: &str = "pm_card_authenticationRequired";
const VISA: &str = "pm_card_visa";

/// A buyer of the last unit of something, whose bank asks them: the SKU, the session, and the 402
/// of the key `first`.
fn at_the_bank<'s>(shop: &'s Shop) -> (Guest<'s>, String, Session<'s>, Reply) {
    let sku = shop.sku().stock(1).create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let session = guest.check_out_with(ASKS);
    let asked = session.confirm_as("first");
    asked.problem(402, "payment_action_required");
    (guest, sku, session, asked)
}

fn bank_says(guest: &Guest<'_>, payment: usize, succeeds: bool) -> Reply {
    let reference = guest.payment_rows()[payment]["reference"].clone();
    guest
        .shop
        .simulator("POST", "/authenticate")
        .json(&json!({ "payment_intent": reference, "succeeds": succeeds }))
        .send()
}

fn with_card(session: &Session<'_>, key: &str, card: &str) -> Reply {
    session
        .confirming_with(&json!({ "payment_method": card }))
        .header("idempotency-key", key)
        .send()
}

/// Nobody else is to have the unit.
fn others_are_refused(shop: &Shop, sku: &str) {
    let other = shop.guest();
    other.add(sku, 1).expect(200);
    other.basket().try_begin().problem(422, "insufficient_stock");
}

/// One order of one unit; charged once, nothing else held by anybody; the stock sold.
fn is_paid_once(guest: &Guest<'_>, sku: &str) {
    guest.shop.run_workers_until_quiet();
    assert!(guest.has_one_paid_order_or_nothing());
    let total = guest.order_rows()[0]["total_minor"].as_i64().unwrap();
    assert_eq!((guest.provider_payments().held(), guest.shop.stock_of(sku)), (total, (0, 0)));
}

fn states(guest: &Guest<'_>) -> Vec<Value> {
    guest
        .shop
        .rows("saga", "cart_id", &guest.cart_id)
        .iter()
        .map(|saga| saga["state"].clone())
        .collect()
}

/// F7. CHK-9: another card instead of the one whose bank asks.
#[test]
fn another_card_takes_the_place_of_one_that_waits_for_its_bank() {
    let shop = Shop::open();
    let (guest, sku, session, _) = at_the_bank(&shop);
    others_are_refused(&shop, &sku);
    let order = with_card(&session, "second", VISA);
    order.expect(201);
    // The first is cancelled at the provider: a yes of its bank is nobody's any more.
    shop.run_workers_until_quiet();
    let owed =
        shop.rows("compensation", "saga_id", guest.payment_rows()[0]["saga_id"].as_str().unwrap());
    assert_eq!(
        (owed.len(), &owed[0]["kind"], &owed[0]["state"]),
        (1, &json!("cancel_intent"), &json!("done")),
        "{owed:?}"
    );
    assert_eq!(guest.payment_rows()[0]["state"], "voided");
    assert!(!bank_says(&guest, 0, true).is_success());
    is_paid_once(&guest, &sku);
    // An old tab that asks on is told, and each answer that was given is given again.
    let late = session.confirm_as("first");
    late.problem(409, "payment_superseded");
    assert_eq!(late.json()["order_id"], order.json()["order_id"]);
    assert_eq!(with_card(&session, "second", VISA).body, order.body);
}

/// F7: the checkout is begun anew, with another card.
#[test]
fn who_begins_anew_at_the_bank_pays_as_they_say_now() {
    let shop = Shop::open();
    let (guest, sku, old, _) = at_the_bank(&shop);
    let session = guest.check_out_with(VISA);
    others_are_refused(&shop, &sku);
    old.confirm_as("first").problem(409, "session_expired");
    session.confirm_as("second").expect(201);
    assert_eq!(states(&guest), ["superseded", "completed"]);
    is_paid_once(&guest, &sku);
    old.confirm_as("first").problem(409, "payment_superseded");
}

/// F7: a cart that is at the bank can be changed; nobody else gets what it holds, and a late yes
/// takes nothing.
#[test]
fn a_cart_that_is_at_the_bank_can_be_changed() {
    let shop = Shop::open();
    let more = shop.sku().create();
    type Change = fn(&Guest<'_>, &str, &str) -> Reply;
    let changes: [Change; 3] = [
        |guest, _, more| guest.add(more, 2),
        |guest, sku, _| guest.setting(sku, 1).send(),
        |guest, sku, _| guest.removing(sku).send(),
    ];
    together(changes.len(), |number| {
        let (guest, sku, old, _) = at_the_bank(&shop);
        changes[number](&guest, &sku, &more).expect(200);
        assert_eq!(states(&guest), ["superseded"]);
        others_are_refused(&shop, &sku);
        let late = bank_says(&guest, 0, true);
        // Of a cart without lines no total is made, and so none is compared.
        let (status, code) =
            if number == 2 { (422, "shipping_method_unavailable") } else { (409, "session_stale") };
        old.confirm_as("first").problem(status, code);
        shop.run_workers_until_quiet();
        assert_eq!(
            (guest.order_rows().len(), guest.provider_payments().held()),
            (0, 0),
            "{late:?}"
        );
        if number == 2 {
            guest.add(&sku, 1).expect(200);
        }
        guest.check_out_with(VISA).confirm().expect(201);
        assert!(guest.has_one_paid_order_or_nothing());
        assert_eq!(shop.stock_of(&sku), (0, 0));
    });
}

/// F7b: the bank has said yes, and nobody has heard of it, when the buyer takes another card.
#[test]
fn a_yes_of_the_first_bank_is_given_back_when_the_buyer_has_taken_another_card() {
    let shop = Shop::open();
    let (guest, sku, session, _) = at_the_bank(&shop);
    bank_says(&guest, 0, true).expect(200);
    with_card(&session, "second", VISA).expect(201);
    is_paid_once(&guest, &sku);
    assert_eq!(
        (guest.provider_payments().times_authorized, guest.payment_rows()[0]["state"].clone()),
        (2, json!("voided"))
    );
}

/// F7c: the bank has said no.
#[test]
fn a_no_of_the_first_bank_does_not_stand_in_the_way_of_another_card() {
    let shop = Shop::open();
    let (guest, sku, session, _) = at_the_bank(&shop);
    let _said = bank_says(&guest, 0, false);
    with_card(&session, "second", VISA).expect(201);
    is_paid_once(&guest, &sku);
    // And who asks with the same card is told no, what the provider made of it is cancelled, and
    // another card pays.
    let (guest, sku, session, _) = at_the_bank(&shop);
    let _said = bank_says(&guest, 0, false);
    session.confirm_as("first").problem(402, "payment_declined");
    shop.run_workers_until_quiet();
    let owed =
        shop.rows("compensation", "saga_id", guest.payment_rows()[0]["saga_id"].as_str().unwrap());
    assert_eq!(
        (&owed[0]["kind"], &owed[0]["state"]),
        (&json!("cancel_intent"), &json!("done")),
        "{owed:?}"
    );
    with_card(&session, "first", VISA).expect(201);
    is_paid_once(&guest, &sku);
}

/// F8. CHK-4: two tabs of one checkout.
#[test]
fn two_tabs_can_both_act_and_each_is_answered_the_same_again() {
    let shop = Shop::open();
    let (guest, sku, session, asked) = at_the_bank(&shop);
    let second = session.confirm_as("second");
    second.problem(402, "payment_action_required");
    for member in ["client_secret", "next_action_url"] {
        assert_eq!(second.json()[member], asked.json()[member], "{member}");
    }
    assert!(second.json()["client_secret"].is_string());
    bank_says(&guest, 0, true).expect(200);
    let order = session.confirm_as("second");
    order.expect(201);
    for key in ["first", "second", "first", "second"] {
        assert_eq!(session.confirm_as(key).body, order.body, "{key}");
    }
    is_paid_once(&guest, &sku);
    assert_eq!(guest.provider_payments().times_authorized, 1);
}

/// F10: the answer was lost.
#[test]
fn what_the_buyer_is_to_do_is_said_again_and_where_they_come_back_to_is_kept() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let session = guest.check_out_with(ASKS);
    assert_eq!(session.show().expect(200)["payment"], Value::Null);
    let confirm = || {
        session
            .confirming_with(&json!({ "return_url": "https://shop.example/checkout/done?step=3" }))
            .header("idempotency-key", "first")
            .send()
    };
    let (asked, again) = (confirm(), confirm());
    for reply in [&asked, &again] {
        reply.problem(402, "payment_action_required");
        assert!(
            reply.json()["next_action_url"].as_str().is_some_and(|url| url.starts_with("https://")),
            "{reply:?}"
        );
    }
    assert_eq!(
        (&again.json()["client_secret"], &again.json()["next_action_url"]),
        (&asked.json()["client_secret"], &asked.json()["next_action_url"])
    );
    let waits = session.show().expect(200)["payment"].clone();
    assert_eq!(
        (&waits["status"], &waits["payment_method"]),
        (&json!("requires_action"), &json!(ASKS))
    );
    assert!(waits["expires_at_ms"].as_i64().is_some_and(|until| until > shop.now_ms()), "{waits}");
    assert!(!waits.to_string().contains("secret"));
    for bad in [
        "http://shop.example/",
        "javascript:alert(1)",
        "https://",
        "https://user@shop.example/",
        "https://shop.example/a b",
        "/done",
    ] {
        session.confirming_with(&json!({ "return_url": bad })).send().problem(400, "invalid_field");
    }
}

/// W5: the bank has said yes, and the buyer never comes back.
#[test]
fn a_buyer_who_never_comes_back_from_the_bank_has_the_order_within_a_minute() {
    let shop = Shop::alone();
    let (guest, sku, _, _) = at_the_bank(&shop);
    // However late they are.
    for _ in 0..10 {
        shop.advance_ms(45_000);
        shop.run("saga-recovery");
    }
    bank_says(&guest, 0, true).expect(200);
    for _ in 0..5 {
        shop.advance_ms(10_000);
        shop.run("saga-recovery");
    }
    is_paid_once(&guest, &sku);
}

/// W7: what the cart holds itself is there for it, whoever is asked.
#[test]
fn what_a_cart_holds_is_available_to_it_everywhere() {
    let shop = Shop::open();
    let (guest, sku, ..) = at_the_bank(&shop);
    let cart = guest.cart();
    assert_eq!(
        (&cart["lines"][0]["stock"], &cart["warnings"]),
        (&json!("available"), &json!([])),
        "{cart}"
    );
    let totals = guest.totals("country=VN&shipping_method=standard").expect(200);
    assert_eq!(
        (&totals["lines"][0]["stock"], &totals["warnings"]),
        (&json!("available"), &json!([])),
        "{totals}"
    );
    assert_eq!(guest.setting(&sku, 1).send().expect(200)["warnings"], json!([]));
    let other = shop.guest();
    other.add(&sku, 1).expect(200);
    assert_eq!(other.cart()["lines"][0]["stock"], "short");
}

/// A checkout that is given up holds nothing and waits for nobody.
#[test]
fn a_checkout_can_be_abandoned() {
    let shop = Shop::open();
    let (guest, sku, session, _) = at_the_bank(&shop);
    let abandon =
        || guest.call("DELETE", &format!("/api/v1/checkout/{}", session.session_id)).send();
    let first = abandon();
    assert_eq!(first.expect(200)["status"], "abandoned");
    assert_eq!(abandon().body, first.body);
    assert_eq!((shop.stock_of(&sku), states(&guest)), ((1, 0), vec![json!("superseded")]));
    session.confirm_as("first").problem(409, "session_expired");
    shop.run_workers_until_quiet();
    assert!(!bank_says(&guest, 0, true).is_success(), "the provider has cancelled it");
    assert_eq!(guest.provider_payments().held(), 0);
    assert_eq!(session.show().expect(200)["status"], "abandoned");
    guest.call("DELETE", "/api/v1/checkout/nothing").send().problem(404, "session_not_found");
    let session = guest.check_out_with(VISA);
    session.confirm().expect(201);
    guest
        .call("DELETE", &format!("/api/v1/checkout/{}", session.session_id))
        .send()
        .problem(409, "cart_completed");
    is_paid_once(&guest, &sku);
}

/// Of many that would take the place of one at once, the bank's yes and recovery among them, one
/// makes the order.
#[test]
fn many_who_replace_an_attempt_at_once_pay_once() {
    let shop = Shop::open();
    for _ in 0..3 {
        let (guest, sku, session, _) = at_the_bank(&shop);
        let replies = together(6, |number| match number {
            0 => session.confirm_as("first"),
            1 => bank_says(&guest, 0, true),
            2 => shop.worker_without_lease("saga-recovery").send(),
            3 => with_card(&session, "second", "pm_card_mastercard"),
            _ => with_card(&session, &unique("visa-"), VISA),
        });
        assert!(replies.iter().all(|reply| reply.status != 500), "{replies:?}");
        for number in 0..20 {
            if !guest.order_rows().is_empty() {
                break;
            }
            let _one = with_card(&session, &format!("again-{number}"), VISA);
        }
        is_paid_once(&guest, &sku);
        assert_eq!(states(&guest).iter().filter(|state| *state == "completed").count(), 1);
    }
}

/// A driver that has heard the bank's yes comes too late for its order when the buyer has taken
/// another card meanwhile.
#[test]
fn a_yes_that_comes_while_another_card_takes_its_place_takes_nothing() {
    if !needs_till("a_yes_that_comes_while_another_card_takes_its_place_takes_nothing") {
        return;
    }
    let shop = Shop::open();
    let (guest, sku, session, _) = at_the_bank(&shop);
    bank_says(&guest, 0, true).expect(200);
    let held =
        json!({ "kind": "statement", "label": "order_create", "fault": { "delay_ms": 1_500 } });
    let first = session
        .confirming()
        .header("idempotency-key", "first")
        .header("till-fault", &held.to_string());
    let late = std::thread::scope(|scope| {
        let late = scope.spawn(|| first.send());
        std::thread::sleep(std::time::Duration::from_millis(400));
        with_card(&session, "second", VISA).expect(201);
        late.join().expect("the late one has an answer")
    });
    late.problem(409, "idempotency_in_progress");
    session.confirm_as("first").problem(409, "payment_superseded");
    is_paid_once(&guest, &sku);
}
