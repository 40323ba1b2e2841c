//! The Stripe client and the webhook sink of the shop against the simulator, in one process.
//!
//! Method: `World` is the ports over an in-memory SQLite; its HTTP port calls the simulator's
//! routes. So the client's bytes are judged by the simulator's strict reading, and each end is told
//! apart by the ledger.

#![cfg(test)]

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use edge::{Method, Request};
use pollster::block_on;
use ports::{
    Clock, Config, ConfigError, Dialect, Http, HttpFuture, HttpRequest, HttpResponse, Kv, KvError,
    Ports, Random, Redis, RedisError, Sql, SqlError,
};
use providers::{
    Authorization, AuthorizeRequest, Breaker, BreakerPolicy, Capture, EventSink, OutboxEvent,
    PaymentProvider, PaymentState, ProviderError, Refund, SinkError, SinkSettings, Stripe,
    StripeSettings, UnknownReason, Void, Wallets,
};
use serde_json::{Value, json};
use simulator::routes;

const SINK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The simulator's sink is a webhook: nothing is to reach for a stream.
struct NoRedis;

impl Redis for NoRedis {
    fn execute(&self, address: &str, _: &str, _: &[&[u8]]) -> Result<Vec<Vec<u8>>, RedisError> {
        panic!("nobody has a Redis at {address}");
    }
}

struct World {
    database: rusqlite::Connection,
    drawn: Cell<u64>,
    now_ms: Cell<i64>,
    webhook_url: RefCell<String>,
    webhooks: RefCell<Vec<HttpRequest>>,
}

impl World {
    fn new() -> Self {
        Self {
            database: rusqlite::Connection::open_in_memory().unwrap(),
            drawn: Cell::new(0),
            now_ms: Cell::new(1_700_000_000_000),
            webhook_url: RefCell::default(),
            webhooks: RefCell::default(),
        }
    }

    fn ports(&self) -> Ports<'_> {
        Ports { sql: self, kv: self, http: self, clock: self, random: self, config: self }
    }

    fn stripe(&self) -> Stripe<'_> {
        let settings = StripeSettings {
            base_url: "http://sim".to_owned(),
            secret_key: "sk_test_1".to_owned(),
            timeout_ms: 1_000,
        };
        let policy = BreakerPolicy { failures_max: 1_000, ..BreakerPolicy::default() };
        Stripe::new(settings, self, Breaker::new("payment", policy, self, self))
    }

    fn call(&self, request: Request) -> (u16, Value) {
        let reply = block_on(edge::serve(&routes(), &self.ports(), request));
        (reply.status, serde_json::from_slice(&reply.body).unwrap_or(Value::Null))
    }

    fn get(&self, target: &str) -> Value {
        let (status, body) = self.call(Request::new(Method::Get, target));
        assert_eq!(status, 200, "{target}: {body}");
        body
    }

    fn post(&self, target: &str, body: &Value) -> (u16, Value) {
        let request = Request::new(Method::Post, target)
            .with_header("content-type", "application/json")
            .with_body(body.to_string());
        self.call(request)
    }

    fn set(&self, standing: &Value) {
        let request = Request::new(Method::Put, "/provider")
            .with_header("content-type", "application/json")
            .with_body(standing.to_string());
        assert_eq!(self.call(request).0, 204, "{standing}");
    }

    /// The ledger of a saga as `kind amount currency` lines.
    fn ledger(&self, saga: &str) -> Vec<String> {
        let body = self.get(&format!("/ledger?metadata_saga={saga}"));
        let line = |entry: &Value| {
            format!("{} {} {}", entry["kind"], entry["amount_minor"], entry["currency"])
                .replace('"', "")
        };
        body["entries"].as_array().unwrap().iter().map(line).collect()
    }

    fn authorize(&self, saga: &str, payment_method: &str) -> Result<Authorization, ProviderError> {
        block_on(self.stripe().authorize(&order(saga, payment_method)))
    }

    fn held(&self, saga: &str, payment_method: &str) -> String {
        reference(self.authorize(saga, payment_method).unwrap())
    }
}

fn order(saga: &str, payment_method: &str) -> AuthorizeRequest {
    AuthorizeRequest {
        idempotency_key: format!("{saga}/authorize"),
        amount_minor: 1999,
        currency: "USD".to_owned(),
        payment_method: Some(payment_method.to_owned()),
        saga_id: saga.to_owned(),
        order_reference: format!("ord-{saga}"),
        return_url: None,
        customer: None,
        saves_method: false,
    }
}

fn reference(authorization: Authorization) -> String {
    match authorization {
        Authorization::Authorized { reference }
        | Authorization::ActionRequired { reference, .. } => reference,
        Authorization::Declined { .. } => panic!("{authorization:?}"),
    }
}

fn server_error(result: Result<Authorization, ProviderError>) -> u16 {
    match result {
        Err(ProviderError::Unknown { reason: UnknownReason::ServerError(status), .. }) => status,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_payment_is_held_captured_and_given_back_in_parts() {
    let world = World::new();
    let stripe = world.stripe();
    let id = world.held("s1", "pm_card_visa");
    let captured = Ok(Capture::Captured { reference: id.clone(), amount_minor: 1999 });
    assert_eq!(block_on(stripe.capture(&id, 1999, "USD", "s1/capture/1")), captured);
    assert_eq!(block_on(stripe.capture(&id, 1999, "USD", "s1/capture/2")), captured);
    assert_eq!(block_on(stripe.void(&id, "s1/void")), Ok(Void::Captured { reference: id.clone() }));
    for (key, amount) in [("s1/refund/a", 500), ("s1/refund/a", 500), ("s1/refund/b", 1499)] {
        let refund = block_on(stripe.refund(&id, amount, "USD", key, key)).unwrap();
        assert!(matches!(refund, Refund::Succeeded { .. }), "{refund:?}");
    }
    assert_eq!(
        block_on(stripe.refund(&id, 1, "USD", "c", "s1/refund/c")),
        Ok(Refund::AlreadyRefunded { reference: id.clone() })
    );
    assert_eq!(block_on(stripe.retrieve(&id)).unwrap().state, PaymentState::Captured);
    assert_eq!(
        world.ledger("s1"),
        ["authorized 1999 USD", "captured 1999 USD", "refunded 500 USD", "refunded 1499 USD"]
    );
    assert_eq!(
        world.get(&format!("/ledger?payment_intent={id}"))["totals"],
        json!([{
            "currency": "USD", "authorized": 1999, "captured": 1999, "voided": 0, "refunded": 1999,
        }])
    );
}

#[test]
fn payments_and_refunds_are_found_by_our_references() {
    let world = World::new();
    let stripe = world.stripe();
    assert_eq!(block_on(stripe.find(&order("s1", "pm_card_visa"))), Ok(None));
    let id = world.held("s1", "pm_card_visa");
    let found = block_on(stripe.find(&order("s1", "pm_card_visa"))).unwrap().unwrap();
    assert_eq!((found.reference, found.state), (id.clone(), PaymentState::Authorized));
    assert_eq!(block_on(stripe.find(&order("s2", "pm_card_visa"))), Ok(None));

    block_on(stripe.capture(&id, 1999, "USD", "s1/capture")).unwrap();
    assert_eq!(block_on(stripe.find_refund(&id, "c_1")), Ok(None));
    // More than one page of them.
    for part in 1..=120 {
        block_on(stripe.refund(
            &id,
            part.min(9),
            "USD",
            &format!("c_{part}"),
            &format!("k/{part}"),
        ))
        .unwrap();
    }
    for part in [1, 2, 20, 21, 120] {
        let refund = block_on(stripe.find_refund(&id, &format!("c_{part}"))).unwrap().unwrap();
        let Refund::Succeeded { refund_reference, amount_minor } = refund.clone() else {
            panic!("{refund:?}")
        };
        assert_eq!(amount_minor, part.min(9));
        assert_eq!(block_on(stripe.refund_state(&refund_reference)), Ok(refund));
    }
    assert_eq!(block_on(stripe.find_refund(&id, "c_121")), Ok(None));
    let error = block_on(stripe.refund_state("re_unheard_of")).unwrap_err();
    assert!(matches!(&error, ProviderError::Rejected { status: 404, .. }), "{error}");
}

#[test]
fn a_hold_is_released_once() {
    let world = World::new();
    let stripe = world.stripe();
    let id = world.held("s1", "pm_card_mastercard");
    for key in ["s1/void/1", "s1/void/1", "s1/void/2"] {
        assert_eq!(block_on(stripe.void(&id, key)), Ok(Void::Voided { reference: id.clone() }));
    }
    let capture = block_on(stripe.capture(&id, 1999, "USD", "s1/capture")).unwrap();
    assert!(matches!(capture, Capture::NotCapturable { .. }), "{capture:?}");
    assert_eq!(world.ledger("s1"), ["authorized 1999 USD", "voided 1999 USD"]);
}

#[test]
fn refusals_move_no_money() {
    let world = World::new();
    let decline = |saga, payment_method| match world.authorize(saga, payment_method) {
        Ok(Authorization::Declined { reference: Some(_), decline_code, .. }) => decline_code,
        other => panic!("{other:?}"),
    };
    assert_eq!(decline("s1", "pm_card_chargeDeclined"), "generic_decline");
    assert_eq!(decline("s1", "pm_card_chargeDeclined"), "generic_decline");
    assert_eq!(decline("s2", "pm_card_chargeDeclinedInsufficientFunds"), "insufficient_funds");
    assert_eq!(decline("s3", "pm_card_chargeDeclinedExpiredCard"), "expired_card");
    assert_eq!(decline("s4", "pm_sim_declined_lost_card"), "lost_card");
    for (saga, token) in [("s5", "pm_card_unheard_of"), ("s6", "pm_sim_void_fals_2")] {
        let error = world.authorize(saga, token).unwrap_err();
        assert!(
            matches!(&error, ProviderError::Rejected { code, .. } if code == "resource_missing"),
            "{error}"
        );
    }
    assert_eq!(world.get("/ledger")["entries"], json!([]));
}

#[test]
fn a_customer_may_have_to_authenticate() {
    let world = World::new();
    let answer = world.authorize("s1", "pm_card_authenticationRequired").unwrap();
    assert!(
        matches!(answer, Authorization::ActionRequired { client_secret: Some(_), .. }),
        "{answer:?}"
    );
    assert_eq!(world.ledger("s1"), Vec::<String>::new());
    let id = reference(answer);
    let (status, _) = world.post("/authenticate", &json!({"payment_intent": id}));
    assert_eq!(status, 200);
    assert_eq!(world.ledger("s1"), ["authorized 1999 USD"]);
    assert_eq!(block_on(world.stripe().retrieve(&id)).unwrap().state, PaymentState::Authorized);
}

// What Stripe's own element does in a browser.
#[test]
fn a_browser_pays_by_the_client_secret_and_can_nothing_else() {
    let world = World::new();
    let asked = AuthorizeRequest { payment_method: None, ..order("s1", "") };
    let answer = block_on(world.stripe().authorize(&asked)).unwrap();
    let Authorization::ActionRequired { reference, client_secret: Some(secret), .. } = answer
    else {
        panic!("{answer:?}")
    };
    let browser = |method, path: &str, form: &str| {
        let request = Request::new(method, path).with_header("authorization", "Bearer pk_test_1");
        let (status, body) = world.call(request.with_body(form));
        let code = body["error"]["code"].as_str().or(body["error"]["param"].as_str());
        (status, code.or(body["status"].as_str()).unwrap_or_default().to_owned())
    };
    let said = |status, what: &str| (status, what.to_owned());
    let path = format!("/v1/payment_intents/{reference}");
    let pay = format!("{path}/confirm");
    let with =
        |card: &str| format!("payment_method={card}&client_secret={secret}&return_url=https://s/");
    // Without its secret, with another's, and what a browser may not do at all.
    let nothing = "payment_method=pm_card_visa";
    assert_eq!(browser(Method::Post, &pay, nothing), said(400, "parameter_missing"));
    let wrong = format!("{nothing}&client_secret=pi_x_secret_y");
    assert_eq!(browser(Method::Post, &pay, &wrong), said(400, "client_secret"));
    assert_eq!(browser(Method::Get, &path, ""), said(400, "parameter_missing"));
    for (method, closed) in [
        (Method::Post, format!("{path}/cancel")),
        (Method::Post, format!("{path}/capture")),
        (Method::Post, "/v1/payment_intents".to_owned()),
        (Method::Post, "/v1/refunds".to_owned()),
        (Method::Get, "/v1/payment_intents".to_owned()),
    ] {
        assert_eq!(browser(method, &closed, ""), said(403, "secret_key_required"), "{closed}");
    }
    // A card is refused, and another pays.
    let refused = browser(Method::Post, &pay, &with("pm_card_chargeDeclined"));
    assert_eq!(refused, said(402, "card_declined"));
    let seen = browser(Method::Get, &format!("{path}?client_secret={secret}"), "");
    assert_eq!(seen, said(200, "requires_payment_method"));
    let waits = block_on(world.stripe().retrieve(&reference)).unwrap();
    assert_eq!(waits.state, PaymentState::RequiresAction);
    let paid = browser(Method::Post, &pay, &with("pm_card_visa"));
    assert_eq!(paid, said(200, "requires_capture"));
    assert_eq!(world.ledger("s1"), ["authorized 1999 USD"]);
}

#[test]
fn a_lost_answer_is_found_by_looking_up_and_held_once() {
    let world = World::new();
    assert_eq!(server_error(world.authorize("s1", "pm_sim_lost_answer")), 500);
    let found = block_on(world.stripe().look_up(&order("s1", "pm_sim_lost_answer"))).unwrap();
    assert!(matches!(found, Authorization::Authorized { .. }));
    // Lost for ever: then the search by metadata finds it.
    assert_eq!(server_error(world.authorize("s2", "pm_sim_lost_answer_always")), 500);
    let found =
        block_on(world.stripe().look_up(&order("s2", "pm_sim_lost_answer_always"))).unwrap();
    assert!(matches!(found, Authorization::Authorized { .. }));
    assert_eq!(world.ledger("s1"), ["authorized 1999 USD"]);
    assert_eq!(world.ledger("s2"), ["authorized 1999 USD"]);
}

#[test]
fn a_refused_status_processes_nothing_and_keeps_the_key_free() {
    let world = World::new();
    assert_eq!(server_error(world.authorize("s1", "pm_sim_status_503_2")), 503);
    assert_eq!(server_error(world.authorize("s1", "pm_sim_status_503_2")), 503);
    assert_eq!(world.ledger("s1"), Vec::<String>::new());
    world.held("s1", "pm_sim_status_503_2");
    assert_eq!(world.ledger("s1"), ["authorized 1999 USD"]);
}

#[test]
fn captures_voids_and_refunds_fail_as_their_token_says() {
    let world = World::new();
    let stripe = world.stripe();
    let id = world.held("s1", "pm_sim_void_fails_2");
    for key in ["v/1", "v/2"] {
        assert!(block_on(stripe.void(&id, key)).unwrap_err().may_have_happened());
    }
    assert!(block_on(stripe.void(&id, "v/3")).is_ok());
    assert_eq!(world.ledger("s1"), ["authorized 1999 USD", "voided 1999 USD"]);

    let id = world.held("s2", "pm_sim_capture_fails");
    for key in ["c/1", "c/2", "c/3"] {
        assert!(block_on(stripe.capture(&id, 1999, "USD", key)).is_err());
    }
    assert!(block_on(stripe.void(&id, "s2/void")).is_ok());

    let id = world.held("s3", "pm_sim_capture_declined");
    let capture = block_on(stripe.capture(&id, 1999, "USD", "s3/capture")).unwrap();
    assert!(
        matches!(&capture, Capture::NotCapturable { code, .. } if code == "card_declined"),
        "{capture:?}"
    );

    let id = world.held("s4", "pm_sim_refund_fails_always");
    assert!(block_on(stripe.capture(&id, 1999, "USD", "s4/capture")).is_ok());
    assert!(block_on(stripe.refund(&id, 1999, "USD", "c4", "s4/refund")).is_err());
    assert_eq!(world.ledger("s4"), ["authorized 1999 USD", "captured 1999 USD"]);
}

#[test]
fn a_wrong_amount_is_noticed_and_can_be_taken_back() {
    let world = World::new();
    let error = world.authorize("s1", "pm_sim_wrong_amount").unwrap_err();
    let ProviderError::Mismatch { reference, .. } = error else { panic!("{error}") };
    assert!(block_on(world.stripe().void(&reference, "s1/void")).is_ok());
    assert_eq!(world.ledger("s1"), ["authorized 2000 USD", "voided 2000 USD"]);
}

#[test]
fn a_key_belongs_to_one_request() {
    let world = World::new();
    let stripe = world.stripe();
    world.held("s1", "pm_card_visa");
    let other = AuthorizeRequest { amount_minor: 1, ..order("s1", "pm_card_visa") };
    let error = block_on(stripe.authorize(&other)).unwrap_err();
    assert!(
        matches!(error, ProviderError::Unknown { reason: UnknownReason::KeyConflict, .. }),
        "{error}"
    );
    assert_eq!(world.ledger("s1"), ["authorized 1999 USD"]);

    // A first request that is still running, or died: 409 until its claim counts as dead.
    let running = order("s2", "pm_card_visa");
    world.held("s3", "pm_card_visa");
    world
        .database
        .execute(
            "insert into answer (idempotency_key, fingerprint, started_ms, at_ms)
             select 's2/authorize', replace(replace(fingerprint, 's3', 's2'), 'ord-s3', 'ord-s2'), ?1, ?1
             from answer where idempotency_key = 's3/authorize'",
            [world.now_ms.get()],
        )
        .unwrap();
    let error = block_on(stripe.authorize(&running)).unwrap_err();
    assert!(
        matches!(error, ProviderError::Unknown { reason: UnknownReason::InProgress, .. }),
        "{error}"
    );
    world.now_ms.set(world.now_ms.get() + 30_001);
    assert!(block_on(stripe.authorize(&running)).is_ok());
    assert_eq!(world.ledger("s2"), ["authorized 1999 USD"]);
}

#[test]
fn a_replay_is_the_same_bytes() {
    let world = World::new();
    let send = || {
        let form = "amount=5&currency=usd&payment_method=pm_card_visa&payment_method_types[]=card\
                    &capture_method=manual&confirm=true";
        let request = Request::new(Method::Post, "/v1/payment_intents")
            .with_header("authorization", "Bearer sk_test_1")
            .with_header("idempotency-key", "k1")
            .with_body(form);
        block_on(edge::serve(&routes(), &world.ports(), request))
    };
    let (first, second) = (send(), send());
    assert_eq!(first.status, 200);
    assert_eq!(first.body, second.body);
    assert_eq!(first.get("idempotent-replayed"), None);
    assert_eq!(second.get("idempotent-replayed"), Some("true"));
}

// As Stripe's own libraries write a form.
#[test]
fn the_items_of_a_list_may_have_their_numbers() {
    let world = World::new();
    let form = "amount=5&currency=usd&payment_method=pm_card_visa&payment_method_types[0]=card&capture_method=manual&confirm=true&metadata[saga]=s1";
    let request = Request::new(Method::Post, "/v1/payment_intents")
        .with_header("authorization", "Bearer sk_test_1")
        .with_body(form);
    let (status, body) = world.call(request);
    assert_eq!((status, body["status"].as_str()), (200, Some("requires_capture")));
}

#[test]
fn credentials_and_unknown_parameters_are_refused_in_stripes_shape() {
    let world = World::new();
    let check = |key: &str, form: &str, expect: (u16, &str)| {
        let request = Request::new(Method::Post, "/v1/payment_intents")
            .with_header("authorization", key)
            .with_body(form);
        let (status, body) = world.call(request);
        let error = &body["error"];
        assert_eq!(
            (status, error["code"].as_str().unwrap_or("-"), error["type"].as_str()),
            (expect.0, expect.1, Some("invalid_request_error"))
        );
    };
    check("", "", (401, "-"));
    check("Bearer pk_live_1", "", (401, "-"));
    check("Basic !", "", (401, "-"));
    for key in ["Bearer sk_test_1", "bearer  sk_test_1", "BASIC c2tfdGVzdF8xOg=="] {
        check(key, "amout=5", (400, "parameter_unknown"));
    }
    check("Bearer sk_test_1", "currency=usd", (400, "parameter_missing"));
    check("Bearer sk_test_1", "amount=5.00", (400, "parameter_invalid_integer"));
    check("Bearer sk_test_1", "amount=0", (400, "parameter_invalid_integer"));
    check("Bearer sk_test_1", "amount=100000000", (400, "amount_too_large"));
    check("Bearer sk_test_1", "amount=5&currency=usd&capture_method=later", (400, "-"));
    check("Bearer sk_test_1", "amount=5&currency=usd&confirm=true", (400, "-"));
    check(
        "Bearer sk_test_1",
        "amount=5&currency=usd&payment_method_types[]=card&confirm=true",
        (400, "payment_intent_unexpected_state"),
    );
    check(
        "Bearer sk_test_1",
        "amount=5&currency=usd&payment_method=pm_nobodys",
        (400, "resource_missing"),
    );
    check("Bearer sk_test_1", "amount=5&currency=usd&expand[]=everything", (400, "-"));
}

fn v1(world: &World, method: Method, path: &str, form: &str) -> (u16, Value) {
    let target = if method == Method::Get && !form.is_empty() {
        format!("/v1/{path}?{form}")
    } else {
        format!("/v1/{path}")
    };
    let request = Request::new(method, &target).with_header("authorization", "Bearer sk_test_1");
    world.call(if method == Method::Get { request } else { request.with_body(form) })
}

#[test]
fn a_payment_may_be_confirmed_later_and_taken_at_once() {
    let world = World::new();
    let (status, made) = v1(
        &world,
        Method::Post,
        "payment_intents",
        "amount=500&currency=EUR&metadata[saga_id]=s1&description=a+bowl",
    );
    assert_eq!(
        (status, &made["status"], &made["currency"]),
        (200, &json!("requires_payment_method"), &json!("eur"))
    );
    assert_eq!(
        (&made["capture_method"], &made["description"]),
        (&json!("automatic_async"), &json!("a bowl"))
    );
    assert_eq!(
        made["automatic_payment_methods"],
        json!({"enabled": true, "allow_redirects": "always"})
    );
    let path = format!("payment_intents/{}/confirm", made["id"].as_str().unwrap());
    let (status, refused) = v1(&world, Method::Post, &path, "");
    assert_eq!(
        (status, &refused["error"]["code"]),
        (400, &json!("payment_intent_unexpected_state"))
    );
    let (status, refused) =
        v1(&world, Method::Post, &path, "payment_method=pm_card_visa_chargeDeclinedStolenCard");
    let error = &refused["error"];
    assert_eq!(
        (status, &error["type"], &error["decline_code"]),
        (402, &json!("card_error"), &json!("stolen_card"))
    );
    assert_eq!(
        (&error["payment_intent"]["status"], &error["payment_intent"]["payment_method"]),
        (&json!("requires_payment_method"), &json!(null))
    );
    let (status, paid) = v1(
        &world,
        Method::Post,
        &path,
        "payment_method=pm_card_amex&expand[]=latest_charge&expand[1]=payment_method",
    );
    assert_eq!(
        (status, &paid["status"], &paid["amount_received"]),
        (200, &json!("succeeded"), &json!(500))
    );
    assert_eq!(
        (&paid["latest_charge"]["object"], &paid["payment_method"]["type"]),
        (&json!("charge"), &json!("card"))
    );
    assert_eq!(world.ledger("s1"), ["authorized 500 EUR", "captured 500 EUR"]);
    let (status, refused) = v1(&world, Method::Post, &path, "");
    assert_eq!(
        (status, &refused["error"]["code"]),
        (400, &json!("payment_intent_unexpected_state"))
    );
    // By its charge, too.
    let charge = paid["latest_charge"]["id"].as_str().unwrap();
    let (status, back) = v1(
        &world,
        Method::Post,
        "refunds",
        &format!("charge={charge}&reason=duplicate&metadata[n]=1&expand[]=charge"),
    );
    assert_eq!(
        (status, &back["reason"], &back["charge"]["refunded"]),
        (200, &json!("duplicate"), &json!(true))
    );
    assert_eq!(world.ledger("s1"), ["authorized 500 EUR", "captured 500 EUR", "refunded 500 EUR"]);
}

#[test]
fn a_failed_challenge_is_no_fault_of_the_card() {
    let world = World::new();
    let id = reference(world.authorize("s1", "pm_card_threeDSecure2Required").unwrap());
    let (status, _) =
        world.post("/authenticate", &json!({"payment_intent": id, "succeeds": false}));
    assert_eq!(status, 402);
    let (_, failed) = v1(&world, Method::Get, &format!("payment_intents/{id}"), "");
    let error = &failed["last_payment_error"];
    assert_eq!(
        (&error["type"], &error["decline_code"]),
        (&json!("invalid_request_error"), &json!(null))
    );
    assert_eq!(error["code"], "payment_intent_authentication_failure");
}

#[test]
fn a_capture_takes_metadata_and_a_cancel_a_reason() {
    let world = World::new();
    let id = world.held("s1", "pm_card_visa");
    let path = format!("payment_intents/{id}");
    let (_, taken) = v1(&world, Method::Post, &format!("{path}/capture"), "metadata[parcel]=7");
    assert_eq!(
        (&taken["metadata"]["parcel"], &taken["metadata"]["saga_id"]),
        (&json!("7"), &json!("s1"))
    );
    let other = world.held("s2", "pm_card_visa");
    let path = format!("payment_intents/{other}");
    assert_eq!(
        v1(&world, Method::Post, &format!("{path}/cancel"), "cancellation_reason=bored").0,
        400
    );
    let (_, ended) =
        v1(&world, Method::Post, &format!("{path}/cancel"), "cancellation_reason=abandoned");
    assert_eq!(
        (&ended["status"], &ended["cancellation_reason"]),
        (&json!("canceled"), &json!("abandoned"))
    );
    assert_eq!(ended["canceled_at"], 1_700_000_000);
}

#[test]
fn payments_and_refunds_are_listed_the_newest_first() {
    let world = World::new();
    let ids: Vec<String> =
        ["s1", "s2", "s3"].iter().map(|saga| world.held(saga, "pm_card_visa")).collect();
    let listed = |form: &str| {
        let (status, page) = v1(&world, Method::Get, "payment_intents", form);
        assert_eq!((status, &page["object"]), (200, &json!("list")), "{page}");
        let data = page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|intent| intent["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>();
        (data, page["has_more"] == true)
    };
    assert_eq!(listed("limit=2"), (vec![ids[2].clone(), ids[1].clone()], true));
    assert_eq!(
        listed(&format!("limit=2&starting_after={}&expand[]=data.latest_charge", ids[1])),
        (vec![ids[0].clone()], false)
    );
    assert_eq!(v1(&world, Method::Get, "payment_intents", "limit=0").0, 400);
    assert_eq!(
        v1(&world, Method::Get, "payment_intents", "page=2").1["error"]["code"],
        "parameter_unknown"
    );
    assert_eq!(v1(&world, Method::Get, "refunds", "").1["data"], json!([]));
}

#[test]
fn the_order_of_parameters_means_nothing_and_every_reply_has_a_number() {
    let world = World::new();
    let send = |form: &str| {
        let request = Request::new(Method::Post, "/v1/payment_intents")
            .with_header("authorization", "Bearer sk_test_1")
            .with_header("idempotency-key", "k1")
            .with_body(form);
        block_on(edge::serve(&routes(), &world.ports(), request))
    };
    let (first, second) = (send("amount=5&currency=usd"), send("currency=usd&amount=5"));
    assert_eq!((first.status, second.get("idempotent-replayed")), (200, Some("true")));
    assert_eq!(first.body, second.body);
    assert!(first.get("request-id").is_some_and(|id| id.starts_with("req_")));
    assert_ne!(first.get("request-id"), second.get("request-id"));
}

#[test]
fn a_set_fault_matches_its_calls_a_number_of_times() {
    let world = World::new();
    let (status, set) =
        world.post("/faults", &json!({"match": {"operation": "authorize", "saga": "s1"}, "fault": "processed_no_answer", "times": 1}));
    assert_eq!(status, 201);
    world.held("s2", "pm_card_visa");
    assert_eq!(server_error(world.authorize("s1", "pm_card_visa")), 500);
    world.held("s1", "pm_card_visa");
    assert_eq!(world.ledger("s1"), ["authorized 1999 USD"]);

    let (status, _) = world
        .post("/faults", &json!({"match": {"operation": "void"}, "fault": "status", "times": 9}));
    assert_eq!(status, 201);
    let faults = world.get("/faults")["faults"].clone();
    assert_eq!(faults.as_array().unwrap().len(), 1);
    assert_ne!(faults[0]["fault_id"], set["fault_id"]);
    assert_eq!(faults[0]["fault"]["match"]["operation"], "cancel");
    let (status, _) = world.call(Request::new(Method::Delete, "/faults"));
    assert_eq!(status, 204);
    assert_eq!(world.get("/faults")["faults"], json!([]));
}

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

#[test]
fn a_key_is_forgotten_after_a_day_and_the_payment_is_not() {
    let world = World::new();
    let stripe = world.stripe();
    let first = world.held("s1", "pm_card_visa");
    let advance = |advance_ms: i64| world.post("/clock", &json!({"advance_ms": advance_ms})).0;
    assert_eq!(advance(DAY_MS), 200);
    assert_eq!(world.held("s1", "pm_card_visa"), first, "a day is not over");
    assert_eq!(advance(1), 200);
    // What goes wrong when nobody asks first.
    assert_eq!(
        block_on(stripe.find(&order("s1", "pm_card_visa"))).unwrap().unwrap().reference,
        first
    );
    assert_ne!(world.held("s1", "pm_card_visa"), first);
    assert_eq!(world.ledger("s1"), ["authorized 1999 USD", "authorized 1999 USD"]);
    // The key is as good as new, for other parameters too; and it is remembered again.
    let other = AuthorizeRequest { amount_minor: 5, ..order("s1", "pm_card_visa") };
    assert!(block_on(stripe.authorize(&other)).is_err(), "remembered again");
    assert_eq!(advance(DAY_MS + 1), 200);
    assert!(block_on(stripe.authorize(&other)).is_ok());
    assert_eq!(advance(-1), 400);
}

#[test]
fn a_rotated_key_is_refused_until_it_is_told_otherwise() {
    let world = World::new();
    let stripe = world.stripe();
    let id = world.held("s1", "pm_card_visa");
    world.set(&json!({"api_key": "sk_test_2"}));
    let refused = |result: Result<(), ProviderError>| {
        assert!(
            matches!(&result, Err(ProviderError::Unauthorized { status: 401, code, .. }) if code == "api_key_expired"),
            "{result:?}"
        );
    };
    refused(block_on(stripe.authorize(&order("s2", "pm_card_visa"))).map(drop));
    refused(block_on(stripe.capture(&id, 1999, "USD", "k")).map(drop));
    refused(block_on(stripe.retrieve(&id)).map(drop));
    refused(block_on(stripe.find(&order("s1", "pm_card_visa"))).map(drop));
    refused(block_on(stripe.find_refund(&id, "c_1")).map(drop));
    world.set(&json!({"api_key": "sk_test_1"}));
    block_on(stripe.capture(&id, 1999, "USD", "k")).unwrap();
    world.set(&json!({}));
    assert_eq!(world.ledger("s1"), ["authorized 1999 USD", "captured 1999 USD"]);
}

#[test]
fn a_provider_that_is_away_does_nothing_and_forgets_nothing() {
    let world = World::new();
    let id = world.held("s1", "pm_card_visa");
    world.set(&json!({"away": {}}));
    assert_eq!(server_error(world.authorize("s2", "pm_card_visa")), 503);
    assert!(block_on(world.stripe().retrieve(&id)).unwrap_err().may_have_happened());
    assert!(block_on(world.stripe().capture(&id, 1999, "USD", "k")).is_err());
    world.set(&json!({"away": {"status": 502}}));
    assert_eq!(server_error(world.authorize("s2", "pm_card_visa")), 502);
    assert_eq!(world.get("/provider")["standing"]["away"]["status"], 502);
    world.set(&json!({}));
    world.held("s2", "pm_card_visa");
    assert_eq!(world.ledger("s1"), ["authorized 1999 USD"]);
    assert_eq!(world.ledger("s2"), ["authorized 1999 USD"]);
}

#[test]
fn a_pending_refund_succeeds_or_fails_later() {
    let world = World::new();
    let stripe = world.stripe();
    let refund = |saga: &str| {
        let id = world.held(saga, "pm_sim_refund_pending");
        block_on(stripe.capture(&id, 1999, "USD", &format!("{saga}/capture"))).unwrap();
        let refund =
            block_on(stripe.refund(&id, 1999, "USD", saga, &format!("{saga}/refund"))).unwrap();
        let Refund::Pending { refund_reference, amount_minor: 1999 } = refund else {
            panic!("{refund:?}")
        };
        (id, refund_reference)
    };
    let ((first, good), (second, bad)) = (refund("s1"), refund("s2"));
    assert_eq!(
        world.ledger("s1"),
        ["authorized 1999 USD", "captured 1999 USD"],
        "nothing has come back yet"
    );
    // And yet no other refund may have it.
    assert!(matches!(
        block_on(stripe.refund(&first, 1, "USD", "x", "x")),
        Ok(Refund::AlreadyRefunded { .. })
    ));
    assert_eq!(world.get("/refunds")["pending"].as_array().unwrap().len(), 2);

    let settle = |body: Value| world.post("/refunds", &body);
    assert_eq!(
        settle(json!({"status": "succeeded", "refund": good})),
        (200, json!({"settled": [good]}))
    );
    assert_eq!(settle(json!({"status": "failed", "refund": good})).0, 404, "an end is an end");
    assert_eq!(
        settle(json!({"status": "failed", "failure_reason": "lost_or_stolen_card"})),
        (200, json!({"settled": [bad]}))
    );
    assert_eq!(settle(json!({"status": "pending"})).0, 400);

    let succeeded = Refund::Succeeded { refund_reference: good.clone(), amount_minor: 1999 };
    assert_eq!(block_on(stripe.refund_state(&good)), Ok(succeeded.clone()));
    assert_eq!(block_on(stripe.find_refund(&first, "s1")), Ok(Some(succeeded)));
    let code = "lost_or_stolen_card".to_owned();
    let failed = Refund::Failed { refund_reference: bad.clone(), amount_minor: 1999, code };
    assert_eq!(block_on(stripe.find_refund(&second, "s2")), Ok(Some(failed)));
    assert_eq!(
        world.ledger("s1"),
        ["authorized 1999 USD", "captured 1999 USD", "refunded 1999 USD"]
    );
    assert_eq!(world.ledger("s2"), ["authorized 1999 USD", "captured 1999 USD"]);
    // What failed can be asked for again.
    assert!(matches!(
        block_on(stripe.refund(&second, 1999, "USD", "s2", "s2/again")),
        Ok(Refund::Pending { .. })
    ));
}

#[test]
fn a_server_error_is_kept_under_the_key_whatever_was_done() {
    let world = World::new();
    let stripe = world.stripe();
    for _ in 0..2 {
        assert_eq!(server_error(world.authorize("s1", "pm_sim_server_error")), 500);
        assert_eq!(server_error(world.authorize("s2", "pm_sim_server_error_after")), 500);
    }
    assert_eq!(world.ledger("s1"), Vec::<String>::new());
    assert_eq!(world.ledger("s2"), ["authorized 1999 USD"]);
    // The look-up asks the search when the key says nothing.
    assert!(block_on(stripe.look_up(&order("s1", "pm_sim_server_error"))).is_err());
    assert!(block_on(stripe.look_up(&order("s2", "pm_sim_server_error_after"))).is_ok());
    let id = world.held("s3", "pm_sim_capture_server_error_after");
    assert!(block_on(stripe.capture(&id, 1999, "USD", "c/1")).is_err());
    assert!(block_on(stripe.capture(&id, 1999, "USD", "c/1")).is_err());
    assert_eq!(block_on(stripe.retrieve(&id)).unwrap().state, PaymentState::Captured);
}

#[test]
fn search_may_lag_as_stripes_does() {
    let world = World::new();
    world.set(&json!({"search_lag_ms": 60_000}));
    world.held("s1", "pm_card_visa");
    assert_eq!(block_on(world.stripe().find(&order("s1", "pm_card_visa"))), Ok(None));
    assert_eq!(world.post("/clock", &json!({"advance_ms": 60_000})).0, 200);
    assert!(block_on(world.stripe().find(&order("s1", "pm_card_visa"))).unwrap().is_some());
}

#[test]
fn whatever_chance_does_a_payment_is_held_captured_and_given_back_once() {
    let world = World::new();
    world.set(&json!({"chaos": {"percent": 30, "seed": 11, "ms": 1}}));
    let stripe = world.stripe();
    // The discipline of a client: the same key, and the state of the payment when the key says
    // nothing.
    let until = |what: &mut dyn FnMut(u32) -> bool| {
        let tries = (0..200).position(&mut *what);
        assert!(tries.is_some(), "never");
    };
    for number in 0..40 {
        let saga = format!("s{number}");
        let mut id = String::new();
        until(&mut |_| match block_on(stripe.look_up(&order(&saga, "pm_card_visa"))) {
            Ok(held) => {
                id = reference(held);
                true
            }
            // A stored 500 without an effect stays one for a day.
            Err(_) => {
                world.post("/clock", &json!({"advance_ms": DAY_MS + 1}));
                match block_on(stripe.find(&order(&saga, "pm_card_visa"))) {
                    Ok(Some(payment)) => {
                        id = payment.reference;
                        true
                    }
                    Ok(None) => false,
                    Err(_) => {
                        // Not known: the key must not be sent again before it is.
                        until(&mut |_| {
                            block_on(stripe.find(&order(&saga, "pm_card_visa")))
                                .inspect(|found| {
                                    id = found
                                        .as_ref()
                                        .map(|payment| payment.reference.clone())
                                        .unwrap_or_default();
                                })
                                .is_ok()
                        });
                        !id.is_empty()
                    }
                }
            }
        });
        until(&mut |number| {
            block_on(stripe.capture(&id, 1999, "USD", &format!("{saga}/c/{number}"))).is_ok()
        });
        until(&mut |number| {
            world.post("/refunds", &json!({"status": "succeeded"}));
            let known = block_on(stripe.find_refund(&id, &saga));
            match known {
                Ok(Some(refund)) => matches!(refund, Refund::Succeeded { .. }),
                Ok(None) => {
                    block_on(stripe.refund(&id, 1999, "USD", &saga, &format!("{saga}/r/{number}")))
                        .is_ok_and(|r| matches!(r, Refund::Succeeded { .. }))
                }
                Err(_) => false,
            }
        });
        assert_eq!(
            world.ledger(&saga),
            ["authorized 1999 USD", "captured 1999 USD", "refunded 1999 USD"],
            "{saga}"
        );
    }
    assert!(world.get("/refunds")["pending"].as_array().unwrap().is_empty());
}

#[test]
fn a_cancelled_payment_stays_cancelled() {
    let world = World::new();
    let id = reference(world.authorize("s1", "pm_card_authenticationRequired").unwrap());
    assert!(block_on(world.stripe().void(&id, "v")).is_ok());
    let (status, _) = world.post("/authenticate", &json!({"payment_intent": id}));
    assert_eq!(status, 400);
    assert_eq!(block_on(world.stripe().retrieve(&id)).unwrap().state, PaymentState::Voided);
    assert_eq!(world.ledger("s1"), Vec::<String>::new());
}

#[test]
fn a_return_url_makes_the_action_a_redirect() {
    let world = World::new();
    let request = AuthorizeRequest {
        return_url: Some("https://shop.example/back".to_owned()),
        ..order("s1", "pm_card_authenticationRequired")
    };
    let answer = block_on(world.stripe().authorize(&request)).unwrap();
    let Authorization::ActionRequired { reference, client_secret, next_action_url: Some(url) } =
        answer
    else {
        panic!("{answer:?}")
    };
    let payment = block_on(world.stripe().retrieve(&reference)).unwrap();
    assert_eq!((payment.client_secret, payment.next_action_url), (client_secret, Some(url)));
}

#[test]
fn webhooks_are_signed_doubled_and_reordered() {
    let world = World::new();
    "http://shop/webhooks".clone_into(&mut world.webhook_url.borrow_mut());
    let sent = || {
        let types = |request: &HttpRequest| {
            let event: Value = serde_json::from_slice(&request.body).unwrap();
            event["type"].as_str().unwrap().to_owned()
        };
        world.webhooks.take().iter().map(types).collect::<Vec<_>>()
    };
    let fault = |fault: &str| {
        world.post("/faults", &json!({"match": {"operation": "authorize"}, "fault": fault}));
    };
    fault("webhook_duplicate");
    world.held("s1", "pm_card_visa");
    let signature = world.webhooks.borrow()[0].headers[1].1.clone();
    let body = world.webhooks.borrow()[0].body.clone();
    assert_eq!(signature, providers::signature::stripe("whsec_hooks", 1_700_000_000, &body));
    assert_eq!(
        sent(),
        ["payment_intent.amount_capturable_updated", "payment_intent.amount_capturable_updated"]
    );
    fault("webhook_reorder");
    let id = world.held("s2", "pm_card_visa");
    assert_eq!(sent(), Vec::<String>::new());
    assert!(block_on(world.stripe().capture(&id, 1999, "USD", "s2/capture")).is_ok());
    assert_eq!(sent(), ["payment_intent.succeeded", "payment_intent.amount_capturable_updated"]);
}

#[test]
fn events_are_recorded_in_the_order_they_arrived() {
    let world = World::new();
    let deliver = |sequence: i64, secret: &str| {
        let settings = SinkSettings {
            url: "http://sim/sink".to_owned(),
            stream: String::new(),
            stream_limit: 0,
            secrets: secret.parse().unwrap(),
            source: "https://shop.example".to_owned(),
            timeout_ms: 1_000,
        };
        let breaker = Breaker::new("sink", BreakerPolicy::default(), &world, &world);
        let event = OutboxEvent {
            event_id: format!("0193f1d0-7b1c-7f3e-9a55-00000000000{sequence}"),
            event_type: "dev.edgetill.order.placed.v1".to_owned(),
            subject: "order/1".to_owned(),
            occurred_at_ms: world.now_ms.get(),
            sequence,
            data: json!({"n": sequence}),
        };
        block_on(EventSink::new(settings, &world, &NoRedis, &world, breaker).deliver(&event))
    };
    let refused = |status| Err(SinkError::Refused { status, retry_after_ms: None });
    deliver(1, SINK_SECRET).unwrap();
    assert_eq!(deliver(2, "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"), refused(401));
    world.post("/faults", &json!({"match": {"subject": "order/1"}, "fault": "sink_fail"}));
    assert_eq!(deliver(2, SINK_SECRET), refused(503));
    world.post("/faults", &json!({"match": {"operation": "sink", "subject": "order/1"}, "fault": "processed_no_answer"}));
    assert_eq!(deliver(2, SINK_SECRET), refused(500));
    deliver(2, SINK_SECRET).unwrap();
    let arrivals = world.get("/sink?subject=order/1")["arrivals"].clone();
    let numbers: Vec<_> =
        arrivals.as_array().unwrap().iter().map(|a| a["event"]["data"]["n"].clone()).collect();
    assert_eq!(numbers, [1, 2, 2]);
    let later = world.get("/sink?since=2")["arrivals"].clone();
    assert_eq!(later.as_array().unwrap().len(), 1);
}

impl Sql for World {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn query(&self, sql: &str, doc: &str) -> Result<Vec<String>, SqlError> {
        let mut statement = self.database.prepare_cached(sql).map_err(failed)?;
        let rows = statement.query_map([doc], |row| row.get(0)).map_err(failed)?;
        rows.collect::<Result<_, _>>().map_err(failed)
    }

    fn run(&self, sql: &str) -> Result<(), SqlError> {
        let mut statement = self.database.prepare(sql).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        while rows.next().map_err(failed)?.is_some() {}
        Ok(())
    }
}

fn failed(error: rusqlite::Error) -> SqlError {
    SqlError { code: String::new(), constraint: None, text: error.to_string() }
}

impl Kv for World {
    fn get(&self, _: &str) -> Result<Option<Vec<u8>>, KvError> {
        Ok(None)
    }

    fn set(&self, _: &str, _: &[u8]) -> Result<(), KvError> {
        Ok(())
    }

    fn delete(&self, _: &str) -> Result<(), KvError> {
        Ok(())
    }
}

impl Http for World {
    fn send<'a>(&'a self, request: HttpRequest) -> HttpFuture<'a> {
        Box::pin(async move {
            let Some(target) = request.url.strip_prefix("http://sim") else {
                self.webhooks.borrow_mut().push(request);
                return Ok(HttpResponse { status: 200, headers: Vec::new(), body: Vec::new() });
            };
            let method = Method::named(request.method);
            let start = Request::new(method, target).with_body(request.body.clone());
            let inbound = request
                .headers
                .iter()
                .fold(start, |inbound, (name, value)| inbound.with_header(name, value));
            let reply = edge::serve(&routes(), &self.ports(), inbound).await;
            Ok(HttpResponse { status: reply.status, headers: reply.headers, body: reply.body })
        })
    }
}

impl Clock for World {
    fn wall_ms(&self) -> i64 {
        self.now_ms.get()
    }
}

impl Random for World {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }

    fn id(&self) -> String {
        self.drawn.set(self.drawn.get() + 1);
        format!("0193f1d0-7b1c-7f3e-9a55-{:012}", self.drawn.get())
    }
}

impl Config for World {
    fn get(&self, name: &str) -> Result<String, ConfigError> {
        let known: BTreeMap<&str, String> = BTreeMap::from([
            ("webhook_url", self.webhook_url.borrow().clone()),
            ("webhook_secret", "whsec_hooks".to_owned()),
            ("event_sink_secret", SINK_SECRET.to_owned()),
        ]);
        known.get(name).cloned().ok_or_else(|| ConfigError::Undefined { name: name.to_owned() })
    }
}

#[test]
fn a_card_is_saved_for_its_customer_by_the_payment_that_says_so() {
    let world = World::new();
    let stripe = world.stripe();
    let made = || block_on(stripe.make_customer("k1")).unwrap();
    let ann = made();
    assert_eq!(made(), ann, "one key is one customer");
    let bob = block_on(stripe.make_customer("k2")).unwrap();
    assert_ne!(ann, bob);
    let pays = |saga: &str, method: &str, customer: Option<&str>, saves_method| {
        let asked = AuthorizeRequest {
            customer: customer.map(str::to_owned),
            saves_method,
            ..order(saga, method)
        };
        block_on(stripe.authorize(&asked))
    };
    let cards = |customer: &str| block_on(stripe.saved_cards(customer)).unwrap().unwrap();
    pays("s1", "pm_card_visa", Some(&ann), false).unwrap();
    pays("s2", "pm_card_visa_chargeDeclined", Some(&ann), true).unwrap();
    assert_eq!(cards(&ann), [], "what is not to be saved, and what was refused");
    pays("s3", "pm_card_mastercard", Some(&ann), true).unwrap();
    let saved = cards(&ann).remove(0);
    assert_eq!((saved.brand.as_str(), saved.last4.as_str()), ("mastercard", "4444"));
    let card = saved.payment_method.as_str();
    pays("s4", card, Some(&ann), true).unwrap();
    assert_eq!((cards(&ann).len(), cards(&bob).len()), (1, 0));
    let has = |customer: &str| block_on(stripe.has_saved(customer, card)).unwrap();
    assert_eq!((has(&ann), has(&bob), has("cus_nobody")), (true, false, false));

    // Whose it is not is told so, in Stripe's words.
    let refused = |saga: &str, customer: Option<&str>, words: &str| {
        let error = pays(saga, card, customer, false).unwrap_err();
        assert!(error.is_of_the_method() && error.to_string().contains(words), "{error}");
    };
    refused("s5", Some(&bob), "does not have a payment method with the ID");
    refused("s6", None, "Please include the Customer in the `customer` parameter");
    let error = pays("s7", "pm_card_visa", Some("cus_nobody"), false).unwrap_err();
    assert!(error.is_of_no_customer(), "{error}");
    assert_eq!(world.ledger("s5").len() + world.ledger("s6").len() + world.ledger("s7").len(), 0);

    block_on(stripe.detach(card, "d1")).unwrap();
    assert_eq!((cards(&ann), has(&ann)), (vec![], false));
    refused("s8", Some(&ann), "It may not be used again");
    let error = block_on(stripe.detach(card, "d2")).unwrap_err();
    assert!(error.to_string().contains("detachment is impossible"), "{error}");

    // Whoever is deleted leaves nothing behind.
    pays("s9", "pm_card_visa", Some(&ann), true).unwrap();
    let left = cards(&ann).remove(0).payment_method;
    for _ in 0..2 {
        block_on(stripe.delete_customer(&ann)).unwrap();
    }
    assert_eq!(block_on(stripe.saved_cards(&ann)), Ok(None));
    assert_eq!(v1(&world, Method::Get, &format!("customers/{ann}"), "").1["deleted"], true);
    let error = pays("s10", &left, Some(&bob), false).unwrap_err();
    assert!(error.is_of_the_method(), "{error}");
    assert!(pays("s11", "pm_card_visa", Some(&ann), false).unwrap_err().is_of_no_customer());
}

#[test]
fn customers_are_refused_as_stripe_refuses_them() {
    let world = World::new();
    let post = |path: &str, form: &str| v1(&world, Method::Post, path, form);
    let (_, ann) = post("customers", "description=d&metadata[a]=b");
    let ann = ann["id"].as_str().unwrap().to_owned();
    let shown = v1(&world, Method::Get, &format!("customers/{ann}"), "").1;
    assert_eq!((&shown["description"], &shown["metadata"]["a"]), (&json!("d"), &json!("b")));
    let check = |(status, body): (u16, Value), expect: (u16, &str, &str)| {
        let said = |name: &str| body["error"][name].as_str().unwrap_or("-").to_owned();
        let seen = (status, said("code"), said("param"));
        assert_eq!(seen, (expect.0, expect.1.to_owned(), expect.2.to_owned()), "{body}");
    };
    let missing = "resource_missing";
    check(post("customers", "nmae=x"), (400, "parameter_unknown", "nmae"));
    check(v1(&world, Method::Get, "customers/cus_x", ""), (404, missing, "id"));
    check(
        v1(&world, Method::Get, "customers/cus_x/payment_methods", ""),
        (404, missing, "customer"),
    );
    check(v1(&world, Method::Get, "payment_methods/pm_x", ""), (404, missing, "payment_method"));
    check(post("payment_methods/pm_x/detach", ""), (404, missing, "payment_method"));
    check(post("payment_methods/pm_card_visa/attach", ""), (400, "parameter_missing", "customer"));
    let attach = |card: &str, customer: &str| {
        post(&format!("payment_methods/{card}/attach"), &format!("customer={customer}"))
    };
    check(attach("pm_card_visa", "cus_x"), (400, missing, "customer"));
    check(attach("pm_x", &ann), (404, missing, "payment_method"));
    let (status, card) = attach("pm_card_visa", &ann);
    assert_eq!(
        (status, &card["customer"], &card["card"]["brand"]),
        (200, &json!(ann), &json!("visa"))
    );
    let card = card["id"].as_str().unwrap().to_owned();
    assert_eq!(attach(&card, &ann).0, 200, "it is theirs");
    let (_, bob) = post("customers", "");
    check(attach(&card, bob["id"].as_str().unwrap()), (400, "-", "payment_method"));
    let none = "payment_methods?type=sepa_debit";
    let listed = v1(&world, Method::Get, &format!("customers/{ann}/{none}"), "").1;
    assert_eq!(listed["data"], json!([]));
    let pages =
        |query: &str| v1(&world, Method::Get, &format!("customers/{ann}/payment_methods"), query);
    attach("pm_card_mastercard", &ann);
    let (_, first) = pages("limit=1");
    let after = first["data"][0]["id"].as_str().unwrap();
    let (_, second) = pages(&format!("limit=1&starting_after={after}"));
    assert_eq!((&first["has_more"], &second["data"][0]["id"]), (&json!(true), &json!(card)));
    check(pages("limit=0"), (400, "parameter_invalid_integer", "limit"));
    let form = "amount=5&currency=usd&customer=cus_x";
    check(post("payment_intents", form), (400, missing, "customer"));
    let form = format!("amount=5&currency=usd&customer={ann}&setup_future_usage=always");
    check(post("payment_intents", &form), (400, "-", "setup_future_usage"));
}

#[test]
fn calls_about_customers_go_wrong_like_all_others() {
    let world = World::new();
    let stripe = world.stripe();
    let fault = |fault: &Value| {
        let mut fault = fault.clone();
        fault["match"] = json!({ "operation": "customer" });
        assert_eq!(world.post("/faults", &fault).0, 201);
    };
    let make = |key: &str| block_on(stripe.make_customer(key));
    fault(&json!({ "fault": "status", "code": 429 }));
    assert!(!make("a").unwrap_err().may_have_happened());
    fault(&json!({ "fault": "processed_no_answer" }));
    assert!(make("a").unwrap_err().may_have_happened());
    let ann = make("a").unwrap();
    assert_eq!(make("a").unwrap(), ann, "what was done is what is answered");
    for kind in ["server_error", "processed_server_error"] {
        fault(&json!({ "fault": kind }));
        for _ in 0..2 {
            assert!(make(kind).unwrap_err().may_have_happened(), "kept under its key");
        }
    }
    world.set(&json!({ "away": { "status": 503 } }));
    assert!(block_on(stripe.saved_cards(&ann)).unwrap_err().may_have_happened());
    assert!(block_on(stripe.delete_customer(&ann)).is_err());
    world.set(&json!({}));
    assert_eq!(block_on(stripe.saved_cards(&ann)), Ok(Some(vec![])));
}
