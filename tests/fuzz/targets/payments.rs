//! Every answer of a payment provider to every question. Money is believed to be held, taken or
//! given back only on an answer of 2xx that names the amount and currency asked for (or Stripe's
//! own word that it was given back before); what may have happened is never called not sent; a
//! state nobody knows is never an end.
#![no_main]
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a target says by a panic that something does not hold"
)]

use arbitrary::Arbitrary;
use fuzz::World;
use ports::{HttpError, HttpResponse};
use providers::{
    Breaker, BreakerPolicy,
    payment::*,
    stripe::{Stripe, StripeSettings},
};
use serde_json::Value;
use std::num::NonZeroU16;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    asked: Asked,
    amount_minor: NonZeroU16,
    reference: &'a str,
    answers: Vec<Answer<'a>>,
    record: Option<&'a [u8]>,
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
enum Asked {
    Authorize,
    LookUp,
    Retrieve,
    Capture,
    Void,
    Refund,
}

#[derive(Arbitrary, Debug)]
enum Answer<'a> {
    Intent { ok: bool, status: Status, amount: Option<u16>, received: u16, dong: bool },
    Refund { status: Status, amount: Option<u16>, dong: bool },
    Refused { status: u8, code: Word, decline: bool, intent: Option<Status> },
    Any { status: u16, retry_after: &'a str, body: &'a [u8] },
    NotSent,
    Timeout,
    Lost,
}

macro_rules! words {
    ($name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        #[derive(Arbitrary, Clone, Copy, Debug)]
        enum $name { $($variant),+ }
        impl $name {
            fn text(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

words!(Status {
    PaymentMethod = "requires_payment_method", Confirmation = "requires_confirmation", Action = "requires_action",
    Processing = "processing", Capture = "requires_capture", Canceled = "canceled", Succeeded = "succeeded", Pending = "pending",
    Failed = "failed", Unheard = "never_heard_of",
});
words!(Word {
    Unexpected = "payment_intent_unexpected_state", Expired = "charge_expired_for_capture", Refunded = "charge_already_refunded",
    Declined = "card_declined", Missing = "resource_missing",
});

impl Answer<'_> {
    fn of(&self, input: &Input<'_>) -> Result<HttpResponse, HttpError> {
        let money = |amount: Option<u16>| amount.unwrap_or(input.amount_minor.get());
        let currency = |dong: bool| if dong { "vnd" } else { "usd" };
        let answer = |status: u16, body: String| {
            Ok(HttpResponse { status, headers: Vec::new(), body: body.into_bytes() })
        };
        let intent = |status: Status, amount: u16, received: u16, currency: &str| {
            let status = status.text();
            format!(
                r#"{{"id":"pi_1","status":"{status}","amount":{amount},"amount_received":{received},"currency":"{currency}"}}"#
            )
        };
        match self {
            Self::Intent { ok, status, amount, received, dong } => answer(
                if *ok { 200 } else { 500 },
                intent(*status, money(*amount), *received, currency(*dong)),
            ),
            Self::Refund { status, amount, dong } => {
                let (status, amount, currency) = (status.text(), money(*amount), currency(*dong));
                answer(
                    200,
                    format!(
                        r#"{{"id":"re_1","status":"{status}","amount":{amount},"currency":"{currency}"}}"#
                    ),
                )
            }
            Self::Refused { status, code, decline, intent: left } => {
                let (code, decline) =
                    (code.text(), if *decline { r#""insufficient_funds""# } else { "null" });
                let left = left.map_or("null".to_owned(), |status| {
                    intent(status, money(None), money(None), "usd")
                });
                let error = format!(
                    r#"{{"type":"card_error","code":"{code}","decline_code":{decline},"payment_intent":{left}}}"#
                );
                answer(400 + u16::from(*status % 40), format!(r#"{{"error":{error}}}"#))
            }
            Self::Any { status, retry_after, body } => {
                let headers = vec![("retry-after".to_owned(), (*retry_after).to_owned())];
                Ok(HttpResponse { status: *status, headers, body: body.to_vec() })
            }
            Self::NotSent => Err(HttpError::NotSent(String::new())),
            Self::Timeout => Err(HttpError::Timeout(String::new())),
            Self::Lost => Err(HttpError::Lost(String::new())),
        }
    }
}

libfuzzer_sys::fuzz_target!(|input: Input<'_>| {
    let world = World::default();
    if let Some(record) = input.record {
        world.values.borrow_mut().insert("breaker/payment".to_owned(), record.to_vec());
    }
    let answers: Vec<_> = input.answers.iter().map(|answer| answer.of(&input)).collect();
    world.answers.borrow_mut().extend(answers.iter().cloned());
    let settings = StripeSettings {
        base_url: "https://pay.example".to_owned(),
        secret_key: "sk_test_1".to_owned(),
        timeout_ms: 1,
    };
    let breaker = Breaker::new("payment", BreakerPolicy::default(), &world, &world);
    let failed =
        pollster::block_on(ask(&input, &Stripe::new(settings, &world, breaker), &world, &answers))
            .err();
    let sent = world.sent.borrow();
    for request in sent.iter() {
        let path = request.url.strip_prefix("https://pay.example/v1/").expect("its own API");
        let plain =
            path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/?=&%+_-.*".contains(&byte));
        assert!(
            plain && path.split('?').next().is_some_and(|path| path.split('/').count() <= 3),
            "{}",
            request.url
        );
    }
    let Some(error) = failed else { return };
    // The last call decides, except where a search after a 5xx brought nothing: then the 5xx does.
    let decisive = if input.asked == Asked::LookUp {
        answers.first()
    } else {
        sent.len().checked_sub(1).and_then(|last| answers.get(last))
    };
    let maybe = match decisive {
        Some(Ok(answer)) => {
            answer.status >= 500 || answer.status == 408 || (200..300).contains(&answer.status)
        }
        Some(Err(HttpError::Timeout(_) | HttpError::Lost(_))) => true,
        Some(Err(HttpError::NotSent(_))) | None => false,
    };
    assert!(!maybe || sent.is_empty() || error.may_have_happened(), "{error:?} after {decisive:?}");
    assert!(!sent.is_empty() || matches!(error, ProviderError::CircuitOpen { .. }), "{error:?}");
});

async fn ask(
    input: &Input<'_>,
    stripe: &Stripe<'_>,
    world: &World,
    answers: &[Result<HttpResponse, HttpError>],
) -> Result<(), ProviderError> {
    let amount_minor = i64::from(input.amount_minor.get());
    let request = AuthorizeRequest {
        idempotency_key: format!("k{}", input.reference),
        amount_minor,
        currency: "USD".to_owned(),
        payment_method: Some("pm_1".to_owned()),
        saga_id: "s".to_owned(),
        order_reference: "o".to_owned(),
        return_url: None,
        customer: None,
        saves_method: false,
    };
    // Whether the answer that was read last proves `amount` in dollars, and one of these states.
    let proves = |amount: &str, states: &[&str]| {
        let last = world.sent.borrow().len() - 1;
        let Some(Ok(answer)) = answers.get(last) else { panic!("no answer, and an outcome") };
        let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
        let bodies = [Some(&body), body.pointer("/data/0"), body.pointer("/error/payment_intent")];
        assert!(
            bodies.into_iter().flatten().any(|it| it[amount] == amount_minor
                && it["currency"]
                    .as_str()
                    .is_some_and(|currency| currency.eq_ignore_ascii_case("usd"))
                && it["status"].as_str().is_some_and(|state| states.contains(&state))),
            "{answer:?} does not say so"
        );
        assert!((200..300).contains(&answer.status) || amount == "amount_received", "{answer:?}");
    };
    match input.asked {
        Asked::Authorize | Asked::LookUp => {
            let outcome = if input.asked == Asked::Authorize {
                stripe.authorize(&request).await?
            } else {
                stripe.look_up(&request).await?
            };
            match outcome {
                Authorization::Authorized { .. } => {
                    proves("amount", &["requires_capture", "succeeded"])
                }
                Authorization::ActionRequired { .. } => proves("amount", &["requires_action"]),
                Authorization::Declined { decline_code, .. } => {
                    assert!(!decline_code.is_empty() || !answers.is_empty())
                }
            }
        }
        Asked::Retrieve => {
            let payment = stripe.retrieve(input.reference).await?;
            assert!(!payment.currency.contains(|letter: char| letter.is_ascii_lowercase()));
        }
        Asked::Capture => {
            if let Capture::Captured { amount_minor: taken, .. } =
                stripe.capture(input.reference, amount_minor, "USD", "k").await?
            {
                assert_eq!(taken, amount_minor);
                proves("amount_received", &["succeeded"]);
            }
        }
        Asked::Void => {
            stripe.void(input.reference, "k").await?;
        }
        Asked::Refund => {
            let (given, states): (i64, &[&str]) =
                match stripe.refund(input.reference, amount_minor, "USD", "ours", "k").await? {
                    Refund::Succeeded { amount_minor, .. } => (amount_minor, &["succeeded"]),
                    Refund::Pending { amount_minor, .. } => {
                        (amount_minor, &["pending", "requires_action"])
                    }
                    Refund::Failed { amount_minor, .. } => (amount_minor, &["failed", "canceled"]),
                    Refund::AlreadyRefunded { .. } | Refund::Refused { .. } => return Ok(()),
                };
            assert_eq!(given, amount_minor);
            proves("amount", states);
        }
    }
    Ok(())
}
