//! Every answer Stripe can give to the calls we make, and the bytes we send.

use pollster::block_on;
use ports::HttpResponse;

use super::*;
use crate::{
    BreakerPolicy,
    testing::{FakeClock, FakeHttp, FakeKv, answer, answer_with},
};

type Answered = Result<HttpResponse, HttpError>;

fn with_stripe<T>(
    answers: impl IntoIterator<Item = Answered>,
    body: impl AsyncFnOnce(&Stripe<'_>) -> T,
) -> (T, FakeHttp) {
    let (kv, clock) = (FakeKv::default(), FakeClock::at(1_700_000_000_000));
    let http = FakeHttp::answering(answers);
    let settings = StripeSettings {
        base_url: "https://api.stripe.com".to_owned(),
        secret_key: "sk_test_1".to_owned(),
        timeout_ms: 4_000,
    };
    let breaker = Breaker::new("payment", BreakerPolicy::default(), &kv, &clock);
    let result = block_on(body(&Stripe::new(settings, &http, breaker)));
    (result, http)
}

fn order() -> AuthorizeRequest {
    AuthorizeRequest {
        idempotency_key: "saga_1/authorize".to_owned(),
        amount_minor: 1999,
        currency: "USD".to_owned(),
        payment_method: Some("pm_card_visa".to_owned()),
        saga_id: "saga_1".to_owned(),
        order_reference: "ord_1".to_owned(),
        return_url: None,
        customer: None,
        saves_method: false,
    }
}

fn intent(status: &str, amount: i64, currency: &str) -> String {
    format!(
        r#"{{"id":"pi_1","object":"payment_intent","status":"{status}","amount":{amount},"amount_received":{},"currency":"{currency}"}}"#,
        if status == "succeeded" { amount } else { 0 }
    )
}

fn error(kind: &str, code: &str, more: &str) -> String {
    format!(r#"{{"error":{{"type":"{kind}","code":"{code}","message":"m"{more}}}}}"#)
}

fn unexpected_state(status: &str) -> String {
    error(
        "invalid_request_error",
        "payment_intent_unexpected_state",
        &format!(r#","payment_intent":{}"#, intent(status, 1999, "usd")),
    )
}

fn held() -> Authorization {
    Authorization::Authorized { reference: "pi_1".to_owned() }
}

#[test]
fn an_authorization_is_one_form_under_one_key() {
    let (result, http) =
        with_stripe([answer(200, &intent("requires_capture", 1999, "usd"))], async |s| {
            s.authorize(&order()).await
        });
    assert_eq!(result, Ok(held()));
    assert_eq!(
        http.sent(),
        ["POST https://api.stripe.com/v1/payment_intents amount=1999&currency=usd\
          &capture_method=manual&metadata%5Bsaga_id%5D=saga_1\
          &metadata%5Border_reference%5D=ord_1&metadata%5Bidempotency_key%5D=saga_1%2Fauthorize\
          &payment_method=pm_card_visa&payment_method_types%5B%5D=card&confirm=true"]
    );
    let request = http.requests().remove(0);
    assert_eq!(request.timeout_ms, 4_000);
    let headers: Vec<_> =
        request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    assert_eq!(
        headers,
        [
            "authorization: Bearer sk_test_1",
            "stripe-version: 2025-03-31.basil",
            "content-type: application/x-www-form-urlencoded",
            "idempotency-key: saga_1/authorize",
        ]
    );
}

#[test]
fn a_look_up_sends_the_very_same_request() {
    let ok = || answer(200, &intent("requires_capture", 1999, "usd"));
    let (_, first) = with_stripe([ok()], async |s| s.authorize(&order()).await);
    let (found, second) = with_stripe([ok()], async |s| s.look_up(&order()).await);
    assert_eq!(found, Ok(held()));
    assert_eq!(first.requests(), second.requests());
}

#[test]
fn a_stored_server_error_is_resolved_by_search_and_stays_unknown_without_a_find() {
    let search =
        |data: &str| answer(200, &format!(r#"{{"object":"search_result","data":[{data}]}}"#));
    let (found, http) = with_stripe(
        [answer(500, ""), search(&intent("requires_capture", 1999, "usd"))],
        async |s| s.look_up(&order()).await,
    );
    assert_eq!(found, Ok(held()));
    assert_eq!(
        http.sent()[1],
        "GET https://api.stripe.com/v1/payment_intents/search?query=metadata%5B%27idempotency_key%27%5D%3A%27saga_1%2Fauthorize%27"
    );
    let (found, _) =
        with_stripe([answer(500, ""), search("")], async |s| s.look_up(&order()).await);
    assert!(found.unwrap_err().may_have_happened());
}

// PAY-7: the buyer says to the provider's own element how they pay, as often as it takes.
#[test]
fn a_payment_without_a_method_waits_for_its_buyer() {
    let asked = AuthorizeRequest {
        payment_method: None,
        return_url: Some("https://shop.example/back".to_owned()),
        ..order()
    };
    let waits = r#"{"id":"pi_1","status":"requires_payment_method","amount":1999,"currency":"usd","client_secret":"pi_1_secret",
                    "automatic_payment_methods":{"enabled":true}}"#;
    let (answered, http) = with_stripe([answer(200, waits)], async |s| s.authorize(&asked).await);
    assert_eq!(
        answered,
        Ok(Authorization::ActionRequired {
            reference: "pi_1".to_owned(),
            client_secret: Some("pi_1_secret".to_owned()),
            next_action_url: None,
        })
    );
    assert_eq!(
        http.sent(),
        ["POST https://api.stripe.com/v1/payment_intents amount=1999&currency=usd\
          &capture_method=manual&metadata%5Bsaga_id%5D=saga_1\
          &metadata%5Border_reference%5D=ord_1&metadata%5Bidempotency_key%5D=saga_1%2Fauthorize\
          &automatic_payment_methods%5Benabled%5D=true"]
    );
    // A card that was refused there is not the end of it; of a card of ours it is.
    let refused = waits.replace(
        r#""currency""#,
        r#""last_payment_error":{"type":"card_error","code":"card_declined"},"currency""#,
    );
    let state = |body: &str| {
        let (payment, _) = with_stripe([answer(200, body)], async |s| s.retrieve("pi_1").await);
        payment.unwrap().state
    };
    assert_eq!(state(&refused), PaymentState::RequiresAction);
    for ours in ["null", r#"{"enabled":false}"#] {
        let ours = refused.replace(r#"{"enabled":true}"#, ours);
        assert_eq!(state(&ours), PaymentState::Failed, "{ours}");
    }
}

#[test]
fn every_answer_to_an_authorization_has_its_own_value() {
    let check = |answered: Answered, expect: Result<Authorization, ProviderError>| {
        let (result, _) = with_stripe([answered], async |s| s.authorize(&order()).await);
        assert_eq!(result, expect);
    };
    check(
        answer(
            200,
            r#"{"id":"pi_1","status":"requires_action","amount":1999,"currency":"usd","client_secret":"pi_1_secret",
               "next_action":{"type":"redirect_to_url","redirect_to_url":{"url":"https://3ds.example/1"}}}"#,
        ),
        Ok(Authorization::ActionRequired {
            reference: "pi_1".to_owned(),
            client_secret: Some("pi_1_secret".to_owned()),
            next_action_url: Some("https://3ds.example/1".to_owned()),
        }),
    );
    let declined = |reference: Option<&str>, decline_code: &str| {
        Ok(Authorization::Declined {
            reference: reference.map(str::to_owned),
            decline_code: decline_code.to_owned(),
            message: "m".to_owned(),
        })
    };
    check(
        answer(
            402,
            &error(
                "card_error",
                "card_declined",
                &format!(
                    r#","decline_code":"insufficient_funds","payment_intent":{}"#,
                    intent("requires_payment_method", 1999, "usd")
                ),
            ),
        ),
        declined(Some("pi_1"), "insufficient_funds"),
    );
    check(answer(402, &error("card_error", "expired_card", "")), declined(None, "expired_card"));
    check(
        answer(400, &error("invalid_request_error", "resource_missing", "")),
        Err(ProviderError::Rejected {
            status: 400,
            code: "resource_missing".to_owned(),
            parameter: String::new(),
            message: "m".to_owned(),
        }),
    );
    check(
        answer_with(429, ("retry-after", "2"), ""),
        Err(ProviderError::NotSent {
            detail: "rate limited (429)".to_owned(),
            retry_after_ms: Some(2_000),
        }),
    );
    check(
        Err(HttpError::NotSent("refused".to_owned())),
        Err(ProviderError::NotSent { detail: "refused".to_owned(), retry_after_ms: None }),
    );
}

#[test]
fn whatever_may_have_been_processed_is_unknown() {
    let check = |answered: Answered, expect: UnknownReason| {
        let (result, _) = with_stripe([answered], async |s| s.authorize(&order()).await);
        let error = result.unwrap_err();
        assert!(error.may_have_happened());
        assert_eq!(error.is_timeout(), expect == UnknownReason::Timeout);
        let ProviderError::Unknown { reason, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(reason, expect);
    };
    check(Err(HttpError::Timeout(String::new())), UnknownReason::Timeout);
    check(Err(HttpError::Lost(String::new())), UnknownReason::Lost);
    check(answer(503, ""), UnknownReason::ServerError(503));
    check(answer(409, ""), UnknownReason::InProgress);
    check(answer(408, ""), UnknownReason::Unreadable);
    check(answer(302, ""), UnknownReason::Unreadable);
    check(answer(200, "<html>"), UnknownReason::Unreadable);
    check(answer(200, &intent("processing", 1999, "usd")), UnknownReason::Unreadable);
    check(
        answer(400, &error("idempotency_error", "idempotency_error", "")),
        UnknownReason::KeyConflict,
    );
}

#[test]
fn a_payment_over_other_money_is_a_mismatch_with_its_reference() {
    for (amount, currency) in [(1998, "usd"), (1999, "eur")] {
        let (result, _) =
            with_stripe([answer(200, &intent("requires_capture", amount, currency))], async |s| {
                s.authorize(&order()).await
            });
        let error = result.unwrap_err();
        assert!(
            matches!(&error, ProviderError::Mismatch { reference, .. } if reference == "pi_1"),
            "{error}"
        );
        assert!(error.may_have_happened());
    }
}

#[test]
fn capturing_twice_is_captured_and_capturing_a_void_is_final() {
    let check = |answered: Answered, expect: Result<Capture, &str>| {
        let (result, http) = with_stripe([answered], async |s| {
            s.capture("pi_1", 1999, "USD", "saga_1/capture").await
        });
        assert_eq!(
            http.sent(),
            ["POST https://api.stripe.com/v1/payment_intents/pi_1/capture amount_to_capture=1999"]
        );
        assert_eq!(result.map_err(|e| e.to_string()), expect.map_err(str::to_owned));
    };
    let captured = || Ok(Capture::Captured { reference: "pi_1".to_owned(), amount_minor: 1999 });
    check(answer(200, &intent("succeeded", 1999, "usd")), captured());
    check(answer(400, &unexpected_state("succeeded")), captured());
    check(
        answer(400, &unexpected_state("canceled")),
        Ok(Capture::NotCapturable {
            reference: "pi_1".to_owned(),
            code: "payment_intent_unexpected_state".to_owned(),
            message: "the payment is Voided".to_owned(),
        }),
    );
    check(
        answer(400, &error("invalid_request_error", "charge_expired_for_capture", "")),
        Ok(Capture::NotCapturable {
            reference: "pi_1".to_owned(),
            code: "charge_expired_for_capture".to_owned(),
            message: "m".to_owned(),
        }),
    );
    check(
        answer(200, &intent("succeeded", 500, "usd")),
        Err("payment pi_1 is not what was asked for: asked for 1999 USD, answered 500 usd"),
    );
}

#[test]
fn voiding_twice_is_voided_and_voiding_a_capture_says_so() {
    let check = |answers: Vec<Answered>, expect: Void| {
        let (result, http) = with_stripe(answers, async |s| s.void("pi_1", "saga_1/void").await);
        assert_eq!(result, Ok(expect));
        assert_eq!(http.sent()[0], "POST https://api.stripe.com/v1/payment_intents/pi_1/cancel");
    };
    let reference = || "pi_1".to_owned();
    let voided = || Void::Voided { reference: reference() };
    check(vec![answer(200, &intent("canceled", 1999, "usd"))], voided());
    check(vec![answer(400, &unexpected_state("canceled"))], voided());
    check(
        vec![answer(400, &unexpected_state("succeeded"))],
        Void::Captured { reference: reference() },
    );
    // An error without the intent: ask for it.
    check(
        vec![
            answer(400, &error("invalid_request_error", "payment_intent_unexpected_state", "")),
            answer(200, &intent("canceled", 1999, "usd")),
        ],
        voided(),
    );
}

fn refund(id: &str, status: &str, reference: &str) -> String {
    format!(
        r#"{{"id":"{id}","amount":500,"currency":"usd","status":"{status}","metadata":{{"reference":"{reference}"}}}}"#
    )
}

#[test]
fn every_answer_to_a_refund_has_its_own_value() {
    let check = |answered: Answered, expect: Refund| {
        let (result, http) = with_stripe([answered], async |s| {
            s.refund("pi_1", 500, "USD", "c_1", "saga_1/refund").await
        });
        assert_eq!(result, Ok(expect));
        assert_eq!(
            http.sent(),
            [
                "POST https://api.stripe.com/v1/refunds payment_intent=pi_1&amount=500&metadata%5Breference%5D=c_1"
            ]
        );
    };
    let refund = |status: &str| answer(200, &refund("re_1", status, "c_1"));
    let (reference, amount_minor) = (|| "pi_1".to_owned(), 500);
    let refund_reference = || "re_1".to_owned();
    check(
        refund("succeeded"),
        Refund::Succeeded { refund_reference: refund_reference(), amount_minor },
    );
    for status in ["pending", "requires_action"] {
        check(
            refund(status),
            Refund::Pending { refund_reference: refund_reference(), amount_minor },
        );
    }
    for status in ["failed", "canceled"] {
        let code = "refund_failed".to_owned();
        check(
            refund(status),
            Refund::Failed { refund_reference: refund_reference(), amount_minor, code },
        );
    }
    check(
        answer(400, &error("invalid_request_error", "charge_already_refunded", "")),
        Refund::AlreadyRefunded { reference: reference() },
    );
    check(
        answer(400, &error("invalid_request_error", "amount_too_large", "")),
        Refund::Refused {
            reference: reference(),
            code: "amount_too_large".to_owned(),
            message: "m".to_owned(),
        },
    );
}

#[test]
fn a_refund_over_other_money_or_in_a_state_nobody_knows_is_no_refund() {
    for body in [
        r#"{"id":"re_1","amount":499,"currency":"usd","status":"succeeded"}"#,
        r#"{"id":"re_1","amount":500,"currency":"eur","status":"succeeded","metadata":null}"#,
        r#"{"id":"re_1","amount":500,"currency":"usd","status":"never_heard_of"}"#,
    ] {
        let (result, _) = with_stripe([answer(200, body)], async |s| {
            s.refund("pi_1", 500, "USD", "c_1", "k").await
        });
        assert!(result.unwrap_err().may_have_happened(), "{body}");
    }
}

#[test]
fn a_refund_that_was_accepted_can_be_asked_for() {
    let failed = r#"{"id":"re_1","amount":500,"currency":"usd","status":"failed","failure_reason":"lost_or_stolen_card","metadata":null}"#;
    let (state, http) = with_stripe([answer(200, failed)], async |s| s.refund_state("re_1").await);
    let code = "lost_or_stolen_card".to_owned();
    assert_eq!(
        state,
        Ok(Refund::Failed { refund_reference: "re_1".to_owned(), amount_minor: 500, code })
    );
    assert_eq!(http.sent(), ["GET https://api.stripe.com/v1/refunds/re_1"]);
    let (state, _) = with_stripe(
        [answer(404, &error("invalid_request_error", "resource_missing", ""))],
        async |s| s.refund_state("re_1").await,
    );
    assert!(matches!(&state, Err(ProviderError::Rejected { status: 404, .. })), "{state:?}");
}

#[test]
fn a_refund_is_found_among_its_payments_by_our_reference() {
    let page = |has_more: bool, data: &[String]| {
        answer(
            200,
            &format!(r#"{{"object":"list","has_more":{has_more},"data":[{}]}}"#, data.join(",")),
        )
    };
    let find =
        |answers: Vec<Answered>| with_stripe(answers, async |s| s.find_refund("pi_1", "c_1").await);
    let found = |id: &str| {
        Ok(Some(Refund::Succeeded { refund_reference: id.to_owned(), amount_minor: 500 }))
    };

    let (result, http) = find(vec![page(
        false,
        &[refund("re_2", "succeeded", "c_2"), refund("re_1", "succeeded", "c_1")],
    )]);
    assert_eq!(result, found("re_1"));
    assert_eq!(
        http.sent(),
        ["GET https://api.stripe.com/v1/refunds?payment_intent=pi_1&limit=100"]
    );
    let (result, _) = find(vec![page(false, &[refund("re_2", "succeeded", "c_2")])]);
    assert_eq!(result, Ok(None));

    // Asked again after a failure: the one that gives money back is the answer, on whichever page
    // it is.
    let (result, http) = find(vec![
        page(true, &[refund("re_3", "failed", "c_1"), refund("re_2", "pending", "c_2")]),
        page(false, &[refund("re_1", "succeeded", "c_1")]),
    ]);
    assert_eq!(result, found("re_1"));
    assert_eq!(
        http.sent()[1],
        "GET https://api.stripe.com/v1/refunds?payment_intent=pi_1&limit=100&starting_after=re_2"
    );
    let (result, _) = find(vec![page(
        false,
        &[refund("re_3", "failed", "c_1"), refund("re_2", "failed", "c_1")],
    )]);
    assert!(
        matches!(&result, Ok(Some(Refund::Failed { refund_reference, .. })) if refund_reference == "re_3"),
        "{result:?}"
    );

    // A question without an answer is not "none".
    for unanswered in [answer(503, ""), answer(200, "<html>")] {
        assert!(find(vec![unanswered]).0.is_err());
    }
    let (result, http) = find(
        (0..10).map(|n| page(true, &[refund(&format!("re_{n}"), "succeeded", "c_2")])).collect(),
    );
    assert!(result.unwrap_err().may_have_happened());
    assert_eq!(http.sent().len(), 10);
}

#[test]
fn a_payment_is_found_by_our_own_reference_and_nothing_is_made() {
    let found = |data: &[String]| {
        answer(200, &format!(r#"{{"object":"search_result","data":[{}]}}"#, data.join(",")))
    };
    let find = |answered: Answered| with_stripe([answered], async |s| s.find(&order()).await);
    let (result, http) = find(found(&[]));
    assert_eq!(result, Ok(None));
    assert_eq!(
        http.sent(),
        [
            "GET https://api.stripe.com/v1/payment_intents/search?query=metadata%5B%27idempotency_key%27%5D%3A%27saga_1%2Fauthorize%27"
        ]
    );
    // Of two, which a forgotten key may have led to, the one that holds money.
    let (result, _) =
        find(found(&[intent("canceled", 1999, "usd"), intent("requires_capture", 1999, "usd")]));
    assert_eq!(result.unwrap().unwrap().state, PaymentState::Authorized);
    let (result, _) = find(found(&[intent("requires_capture", 1998, "usd")]));
    assert!(matches!(result, Err(ProviderError::Mismatch { .. })), "{result:?}");
    let (result, _) = find(answer(503, ""));
    assert!(result.is_err());
}

#[test]
fn a_refused_key_says_nothing_about_the_payment_and_leaves_the_circuit_closed() {
    for status in [401, 403] {
        let refused = || answer(status, &error("invalid_request_error", "api_key_expired", ""));
        let expect = ProviderError::Unauthorized {
            status,
            code: "api_key_expired".to_owned(),
            message: "m".to_owned(),
        };
        let answers = (0..9).map(|_| refused());
        let (results, http) = with_stripe(answers, async |s| {
            [
                s.authorize(&order()).await.map(drop),
                s.look_up(&order()).await.map(drop),
                s.find(&order()).await.map(drop),
                s.retrieve("pi_1").await.map(drop),
                s.capture("pi_1", 1999, "USD", "k").await.map(drop),
                s.void("pi_1", "k").await.map(drop),
                s.refund("pi_1", 500, "USD", "c_1", "k").await.map(drop),
                s.refund_state("re_1").await.map(drop),
                s.find_refund("pi_1", "c_1").await.map(drop),
            ]
        });
        assert!(results.iter().all(|result| *result == Err(expect.clone())), "{results:?}");
        assert!(!expect.may_have_happened());
        assert_eq!(http.sent().len(), 9, "nine refusals do not open the circuit");
    }
}

#[test]
fn a_payment_can_be_asked_for_by_reference() {
    let (payment, http) =
        with_stripe([answer(200, &intent("succeeded", 1999, "usd"))], async |s| {
            s.retrieve("pi_1/../x").await
        });
    assert_eq!(
        payment,
        Ok(Payment {
            reference: "pi_1".to_owned(),
            state: PaymentState::Captured,
            amount_minor: 1999,
            amount_captured_minor: 1999,
            currency: "USD".to_owned(),
            client_secret: None,
            next_action_url: None,
        })
    );
    assert_eq!(http.sent(), ["GET https://api.stripe.com/v1/payment_intents/pi_1%2F..%2Fx"]);

    let waits = r#"{"id":"pi_1","status":"requires_action","amount":1999,"currency":"usd","client_secret":"pi_1_secret",
                    "next_action":{"type":"redirect_to_url","redirect_to_url":{"url":"https://3ds.example/1"}}}"#;
    let (payment, _) = with_stripe([answer(200, waits)], async |s| s.retrieve("pi_1").await);
    let payment = payment.unwrap();
    assert_eq!(payment.state, PaymentState::RequiresAction);
    assert_eq!(payment.client_secret.as_deref(), Some("pi_1_secret"));
    assert_eq!(payment.next_action_url.as_deref(), Some("https://3ds.example/1"));
}

#[test]
fn after_five_failures_nothing_is_sent_and_declines_are_no_failures() {
    let declines = (0..9).map(|_| answer(402, &error("card_error", "card_declined", "")));
    let ((), http) = with_stripe(declines, async |s| {
        for _ in 0..9 {
            assert!(s.authorize(&order()).await.is_ok());
        }
    });
    assert_eq!(http.sent().len(), 9);

    let outages = (0..5).map(|_| answer(503, ""));
    let (error, http) = with_stripe(outages, async |s| {
        for _ in 0..5 {
            assert!(s.authorize(&order()).await.is_err());
        }
        s.authorize(&order()).await.unwrap_err()
    });
    assert_eq!(http.sent().len(), 5);
    assert_eq!(error, ProviderError::CircuitOpen { retry_after_ms: 10_000 });
    assert!(!error.may_have_happened());
}

// CHK-12
#[test]
fn a_payment_names_its_customer_and_saves_what_they_pay_with() {
    let saving =
        AuthorizeRequest { customer: Some("cus_1".to_owned()), saves_method: true, ..order() };
    let asks = |request: &AuthorizeRequest| {
        let ok = answer(200, &intent("requires_capture", 1999, "usd"));
        let (_, http) = with_stripe([ok], async |s| s.authorize(request).await);
        http.sent().remove(0)
    };
    let sent = asks(&saving);
    assert!(sent.contains("&customer=cus_1&setup_future_usage=on_session&"), "{sent}");
    let sent = asks(&AuthorizeRequest { saves_method: false, ..saving.clone() });
    assert!(sent.contains("&customer=cus_1&payment_method"), "{sent}");
    // To the element too.
    let sent = asks(&AuthorizeRequest { payment_method: None, ..saving });
    assert!(sent.contains("&customer=cus_1&setup_future_usage=on_session&automatic"), "{sent}");
}

#[test]
fn what_is_wrong_with_the_method_is_told_from_what_is_wrong_with_the_customer() {
    let check = |code: &str, param: &str, expect: (bool, bool)| {
        let body = format!(
            r#"{{"error":{{"type":"invalid_request_error","code":{code},"message":"m","param":{param}}}}}"#
        );
        let (refused, _) = with_stripe([answer(400, &body)], async |s| s.authorize(&order()).await);
        let error = refused.unwrap_err();
        assert!(!error.may_have_happened());
        assert_eq!((error.is_of_the_method(), error.is_of_no_customer()), expect, "{error}");
    };
    let missing = r#""resource_missing""#;
    check(missing, r#""payment_method""#, (true, false));
    check(missing, "null", (true, false));
    check(missing, r#""customer""#, (false, true));
    // Another customer's, or nobody's any more: Stripe has no code for it.
    check("null", r#""payment_method""#, (true, false));
    check("null", r#""amount""#, (false, false));
    check(r#""parameter_invalid""#, r#""customer""#, (false, false));
}

#[test]
fn a_customer_is_made_without_a_name_and_deleted() {
    let (made, http) =
        with_stripe([answer(200, r#"{"id":"cus_1","object":"customer"}"#)], async |s| {
            s.make_customer("0193").await
        });
    assert_eq!(made, Ok("cus_1".to_owned()));
    assert_eq!(
        http.sent(),
        ["POST https://api.stripe.com/v1/customers metadata%5Breference%5D=0193"]
    );
    let request = http.requests().remove(0);
    assert!(request.headers.contains(&("idempotency-key".to_owned(), "0193".to_owned())));

    let deletes = |answered: Answered| {
        let (deleted, http) = with_stripe([answered], async |s| s.delete_customer("cus_1").await);
        assert_eq!(http.sent(), ["DELETE https://api.stripe.com/v1/customers/cus_1"]);
        deleted
    };
    let gone = || error("invalid_request_error", "resource_missing", "");
    assert_eq!(deletes(answer(200, r#"{"id":"cus_1","deleted":true}"#)), Ok(()));
    assert_eq!(deletes(answer(404, &gone())), Ok(()), "it was deleted before");
    assert!(deletes(answer(400, &gone())).is_err());
    assert!(deletes(answer(503, "")).unwrap_err().may_have_happened());
    assert!(matches!(
        deletes(answer(401, "")),
        Err(ProviderError::Unauthorized { status: 401, .. })
    ));
}

#[test]
fn saved_cards_are_listed_looked_for_and_detached() {
    let listed = r#"{"object":"list","has_more":false,"data":[{"id":"pm_1","created":7,
        "card":{"brand":"visa","last4":"4242","exp_month":4,"exp_year":2034,"fingerprint":"f"}}]}"#;
    let (cards, http) = with_stripe([answer(200, listed)], async |s| s.saved_cards("cus_1").await);
    let card = SavedCard {
        payment_method: "pm_1".to_owned(),
        brand: "visa".to_owned(),
        last4: "4242".to_owned(),
        expiry_month: 4,
        expiry_year: 2034,
        created_at_ms: 7_000,
    };
    assert_eq!(cards, Ok(Some(vec![card])));
    assert_eq!(
        http.sent(),
        ["GET https://api.stripe.com/v1/customers/cus_1/payment_methods?type=card&limit=100"]
    );
    let gone = || answer(404, &error("invalid_request_error", "resource_missing", ""));
    let cards = |answered| with_stripe([answered], async |s| s.saved_cards("cus_1").await).0;
    assert_eq!(cards(gone()), Ok(None));
    assert!(cards(answer(200, r#"{"data":[{"id":"pm_1"}]}"#)).is_err());
    assert!(cards(answer(503, "")).is_err());

    let has = |answered| {
        let (has, http) = with_stripe([answered], async |s| s.has_saved("cus_1", "pm_1").await);
        assert_eq!(
            http.sent(),
            ["GET https://api.stripe.com/v1/customers/cus_1/payment_methods/pm_1"]
        );
        has
    };
    assert_eq!(has(answer(200, r#"{"id":"pm_1"}"#)), Ok(true));
    assert_eq!(has(gone()), Ok(false));
    assert!(has(answer(400, "")).is_err());

    let detach = |answered| {
        let (result, http) = with_stripe([answered], async |s| s.detach("pm_1", "k").await);
        assert_eq!(http.sent(), ["POST https://api.stripe.com/v1/payment_methods/pm_1/detach"]);
        result
    };
    assert_eq!(detach(answer(200, r#"{"id":"pm_1","customer":null}"#)), Ok(()));
    assert!(matches!(detach(answer(400, "")), Err(ProviderError::Rejected { .. })));
}
