//! What the payment provider tells by itself (PAY-4): signed, in any order, any number of times, and
//! never believed.

use super::payment_sessions;
use e2e::{Call, Guest, Reply, Session, Settings, Shop, eventually, together, unique};
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use std::{
    env,
    io::{self, Write as _},
    time::{SystemTime, UNIX_EPOCH},
};

const PATH: &str = "/api/v1/webhooks/stripe";
const ASKS: &str = "pm_card_authenticationRequired";

/// Whether the shop knows who signs; says by `name` what is skipped where it does not.
fn needs_a_secret(name: &str) -> bool {
    let there = env::var("EDGETILL_PAYMENT_WEBHOOK_SECRET").is_ok_and(|keys| !keys.is_empty());
    if !there {
        writeln!(io::stdout(), "skipped without payment_webhook_secret: {name}")
            .expect("it is written");
    }
    there
}

fn now_s() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(now.as_secs()).expect("before the sun goes out")
}

/// As docs.stripe.com/webhooks#verify-manually has it.
fn signature(secret: &str, at_s: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key length");
    mac.update(format!("{at_s}.{body}").as_bytes());
    let tag: String =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at_s},v1={tag}")
}

fn calling(shop: &Shop, body: &str) -> Call {
    shop.call("POST", PATH).header("content-type", "application/json; charset=utf-8").body(body)
}

fn telling(shop: &Shop, event: &Value) -> Call {
    let (body, secret) = (event.to_string(), &Settings::keys("payment_webhook_secret")[0]);
    calling(shop, &body).header("stripe-signature", &signature(secret, now_s(), &body))
}

fn tell(shop: &Shop, event: &Value) -> Reply {
    telling(shop, event).send()
}

fn event(kind: &str, object: Value) -> Value {
    json!({
        "id": unique("evt_").replace('-', ""), "object": "event", "api_version": "2020-01-01", "livemode": false,
        "created": now_s(), "type": kind, "data": { "object": object },
    })
}

/// That something happened to a payment: what that was is not said.
fn of_payment(reference: &Value) -> Value {
    event(
        "payment_intent.amount_capturable_updated",
        json!({ "id": reference, "object": "payment_intent" }),
    )
}

/// Tells of a payment that is none of the shop's.
pub(super) fn of_nobody(shop: &Shop) {
    tell(shop, &of_payment(&json!("pi_of_nobody"))).expect(200);
}

/// Somebody whose bank asks them, and the payment.
fn asked<'s>(shop: &'s Shop, sku: &str) -> (Guest<'s>, Session<'s>, Value) {
    let guest = shop.guest();
    guest.add(sku, 1).expect(200);
    let session = guest.check_out_with(ASKS);
    session.confirm().problem(402, "payment_action_required");
    let reference = guest.payment_rows()[0]["reference"].clone();
    (guest, session, reference)
}

fn bank_says(shop: &Shop, reference: &Value, succeeds: bool) {
    let body = json!({ "payment_intent": reference, "succeeds": succeeds });
    let said = shop.simulator("POST", "/authenticate").json(&body).send();
    assert_eq!(said.is_success(), succeeds, "{said:?}");
}

/// Tells of a payment, and waits for who asks the provider already: a worker that another test runs.
fn tell_until<T>(shop: &Shop, event: &Value, done: impl Fn() -> Option<T>) -> Reply {
    let reply = tell(shop, event);
    eventually("what was told is done", || {
        done().or_else(|| {
            shop.run("saga-recovery");
            None
        })
    });
    reply
}

fn has_an_order(guest: &Guest<'_>) -> Option<()> {
    (!guest.order_rows().is_empty()).then_some(())
}

// PAY-4, PAY-7; the seeds' W5: the buyer approves at their bank and never comes back.
#[test]
fn who_approves_at_the_bank_and_never_comes_back_has_their_order_at_once() {
    if !needs_a_secret("who_approves_at_the_bank_and_never_comes_back_has_their_order_at_once") {
        return;
    }
    let shop = Shop::open();
    let sku = shop.sku().stock(5).create();
    let (guest, session, reference) = asked(&shop, &sku);
    // It is told before anything has happened: then nothing does.
    let early = tell(&shop, &of_payment(&reference)).expect(200);
    assert_eq!((&early["known"], &early["repeated"]), (&json!(true), &json!(false)), "{early}");
    assert!(guest.order_rows().is_empty());

    bank_says(&shop, &reference, true);
    let told = of_payment(&reference);
    let first = tell_until(&shop, &told, || has_an_order(&guest)).expect(200);
    assert_eq!(first, json!({ "event_id": told["id"], "known": true, "repeated": false }));
    assert_eq!(guest.order_rows().len(), 1);
    assert!(guest.has_one_paid_order_or_nothing());
    let again = tell(&shop, &told).expect(200);
    assert_eq!(again, json!({ "event_id": told["id"], "known": true, "repeated": true }));
    // Who comes back after all gets that order.
    let order = session.confirm().expect(201);
    assert_eq!(order["order_id"], guest.order_rows()[0]["order_id"]);
    assert_eq!(guest.order_rows().len(), 1);
}

// PAY-7: likewise in the provider's own element, where a card that is refused ends nothing.
#[test]
fn who_pays_in_the_element_and_never_comes_back_has_their_order_at_once() {
    if !needs_a_secret("who_pays_in_the_element_and_never_comes_back_has_their_order_at_once") {
        return;
    }
    let shop = Shop::open();
    let (guest, _, _, asked) = payment_sessions::asked(&shop);
    let reference = guest.payment_rows()[0]["reference"].clone();
    assert_eq!(payment_sessions::pays(&shop, &asked, "pm_card_chargeDeclined").status, 402);
    let object = json!({ "id": reference, "object": "payment_intent" });
    tell(&shop, &event("payment_intent.payment_failed", object)).expect(200);
    let sagas = shop.rows("saga", "cart_id", &guest.cart_id);
    assert_eq!(sagas[0]["state"], "awaiting_action", "{sagas:?}");
    payment_sessions::pays(&shop, &asked, "pm_card_visa").expect(200);
    tell_until(&shop, &of_payment(&reference), || has_an_order(&guest)).expect(200);
    assert_eq!(guest.order_rows().len(), 1);
    assert!(guest.has_one_paid_order_or_nothing());
}

// The seeds' 23: the same told several times at once.
#[test]
fn what_is_told_many_times_at_once_makes_one_order() {
    if !needs_a_secret("what_is_told_many_times_at_once_makes_one_order") {
        return;
    }
    let shop = Shop::open();
    let sku = shop.sku().stock(5).create();
    let (guest, _, reference) = asked(&shop, &sku);
    bank_says(&shop, &reference, true);
    let told = [of_payment(&reference), of_payment(&reference)];
    let replies = together(12, |number| telling(&shop, &told[number % 2]).send_patiently());
    let known = replies.iter().filter(|reply| reply.expect(200)["known"] == true).count();
    assert_eq!(known, 12);
    shop.run_workers_until_quiet();
    assert!(guest.has_one_paid_order_or_nothing());
    assert_eq!((guest.order_rows().len(), shop.stock_of(&sku)), (1, (4, 0)));
}

#[test]
fn a_buyer_who_fails_at_the_bank_holds_nothing_once_the_provider_says_so() {
    if !needs_a_secret("a_buyer_who_fails_at_the_bank_holds_nothing_once_the_provider_says_so") {
        return;
    }
    let shop = Shop::open();
    let sku = shop.sku().stock(5).create();
    let (guest, session, reference) = asked(&shop, &sku);
    bank_says(&shop, &reference, false);
    let failed = event(
        "payment_intent.payment_failed",
        json!({ "id": reference, "object": "payment_intent" }),
    );
    let declined = || {
        let sagas = shop.rows("saga", "cart_id", &guest.cart_id);
        (sagas[0]["state"] == "declined").then_some(())
    };
    assert_eq!(tell_until(&shop, &failed, declined).expect(200)["known"], true);
    assert!(guest.order_rows().is_empty());
    let card = json!({ "payment_method": "pm_card_visa" });
    session.confirming_with(&card).send().expect(201);
    assert!(guest.has_one_paid_order_or_nothing());
}

#[test]
fn what_is_not_the_providers_is_refused_and_kept_nowhere() {
    if !needs_a_secret("what_is_not_the_providers_is_refused_and_kept_nowhere") {
        return;
    }
    let shop = Shop::open();
    let told = of_payment(&json!("pi_of_nobody"));
    let (body, secret) = (told.to_string(), Settings::keys("payment_webhook_secret")[0].clone());
    let good = signature(&secret, now_s(), &body);
    let other = format!("{body} ");
    for (what, body, signature) in [
        ("no signature", body.as_str(), None),
        ("an empty one", &body, Some(String::new())),
        (
            "another secret",
            &body,
            Some(signature("whsec_of-somebody-else-entirely-00000", now_s(), &body)),
        ),
        ("another body", &other, Some(good.clone())),
        ("ten minutes ago", &body, Some(signature(&secret, now_s() - 600, &body))),
        ("ten minutes from now", &body, Some(signature(&secret, now_s() + 600, &body))),
        ("another time than was signed", &body, Some(good.replace("t=", "t=1"))),
        ("a scheme of tests", &body, Some(good.replace("v1=", "v0="))),
    ] {
        let call = calling(&shop, body).maybe("stripe-signature", signature.as_deref()).send();
        call.problem(400, "signature_invalid");
        let kept = shop.rows("inbox", "event_id", told["id"].as_str().expect("an id"));
        assert!(kept.is_empty(), "{what}");
    }
    // Signed, and no event.
    for (body, code) in [("{", "malformed_json"), ("{}", "invalid_field"), ("[]", "invalid_field")]
    {
        let sign = signature(&secret, now_s(), body);
        calling(&shop, body).header("stripe-signature", &sign).send().problem(400, code);
    }
    let nameless = json!({ "id": "", "type": "x", "data": { "object": { "id": "pi" } } });
    assert_eq!(tell(&shop, &nameless).problem(400, "invalid_field")["field"], "/id");

    // Of a payment of somebody who shares the account nothing is done, and it is kept.
    assert_eq!(tell(&shop, &told).expect(200)["known"], false);
    assert_eq!(shop.rows("inbox", "event_id", told["id"].as_str().expect("an id")).len(), 1);
    let again = tell(&shop, &told).expect(200);
    assert_eq!(again, json!({ "event_id": told["id"], "known": false, "repeated": true }));
    // While the provider's secret is changed it signs with both.
    let told = of_payment(&json!("pi_of_nobody"));
    let body = told.to_string();
    let mine = signature(&secret, now_s(), &body);
    let both = format!("{mine},v1={}", "0".repeat(64));
    calling(&shop, &body).header("stripe-signature", &both).send().expect(200);
    // All of our own verify too.
    for secret in Settings::keys("payment_webhook_secret") {
        let body = of_payment(&json!("pi_of_nobody")).to_string();
        let sign = signature(&secret, now_s(), &body);
        calling(&shop, &body).header("stripe-signature", &sign).send().expect(200);
    }
}

// CHK-8, PAY-8
#[test]
fn what_is_owed_is_tried_when_the_provider_tells_of_it_and_not_before() {
    if !needs_a_secret("what_is_owed_is_tried_when_the_provider_tells_of_it_and_not_before") {
        return;
    }
    let shop = Shop::alone();
    let guest = shop.guest();
    let order = guest.buy_with(&shop.sku().create(), 1, "pm_sim_refund_fails_1");
    guest.cancelling(order["order_id"].as_str().expect("an id")).send().expect(200);
    let owed = || guest.compensation_rows()[0].clone();
    if owed()["state"] == "done" {
        // This shop takes the money later: the hold was given back at once.
        return;
    }
    assert!(owed()["next_attempt_at_ms"].as_i64() > Some(shop.now_ms()), "{}", owed());
    let reference = guest.payment_rows()[0]["reference"].clone();
    let refund = json!({ "id": "re_1", "object": "refund", "payment_intent": reference, "status": "failed" });
    assert_eq!(tell(&shop, &event("refund.failed", refund)).expect(200)["known"], true);
    assert!(owed()["next_attempt_at_ms"].as_i64() <= Some(shop.now_ms()), "{}", owed());
    shop.run("compensation-retry");
    assert_eq!(owed()["state"], "done");
    assert_eq!(guest.provider_payments().held(), 0);
    shop.until_the_provider_is_used_again();
}

#[test]
fn a_dispute_is_a_mark_on_the_order_and_one_alert_and_what_is_over_stays_over() {
    if !needs_a_secret("a_dispute_is_a_mark_on_the_order_and_one_alert_and_what_is_over_stays_over")
    {
        return;
    }
    let shop = Shop::open();
    let guest = shop.guest();
    let order = guest.buy(&shop.sku().create(), 1);
    let order_id = order["order_id"].as_str().expect("an id");
    let payment = guest.payment_rows()[0].clone();
    let stands = || guest.order(order_id).expect(200)["payment"]["dispute"].clone();
    assert_eq!(stands(), Value::Null);
    let dispute = |kind: &str, status: &str| {
        let object = json!({ "id": "dp_1", "object": "dispute", "payment_intent": payment["reference"], "status": status, "reason": "fraudulent" });
        assert_eq!(tell(&shop, &event(kind, object)).expect(200)["known"], true);
    };
    dispute("charge.dispute.created", "needs_response");
    assert_eq!(stands(), "open");
    dispute("charge.dispute.updated", "under_review");
    let alert = format!("payment_disputed:{}", payment["payment_id"].as_str().expect("an id"));
    assert_eq!(shop.rows("alert", "alert_id", &alert).len(), 1);
    dispute("charge.dispute.closed", "lost");
    assert_eq!(stands(), "lost");
    // It was on its way when the other overtook it.
    dispute("charge.dispute.updated", "under_review");
    assert_eq!(stands(), "lost");
}

// PAY-4: before our own answer, what is told names the attempt.
#[test]
fn a_payment_without_a_reference_yet_is_known_by_the_name_we_gave_it() {
    if !needs_a_secret("a_payment_without_a_reference_yet_is_known_by_the_name_we_gave_it") {
        return;
    }
    let shop = Shop::open();
    let sku = shop.sku().stock(5).create();
    let (guest, _, reference) = asked(&shop, &sku);
    bank_says(&shop, &reference, true);
    let saga = shop.rows("saga", "cart_id", &guest.cart_id)[0].clone();
    let named = json!({ "id": unique("pi_"), "object": "payment_intent", "metadata": { "saga_id": saga["saga_id"], "order_reference": "x" } });
    let told = event("payment_intent.succeeded", named);
    assert_eq!(tell_until(&shop, &told, || has_an_order(&guest)).expect(200)["known"], true);
    assert!(guest.has_one_paid_order_or_nothing());
    assert_eq!(guest.order_rows().len(), 1);
}
