//! Events on their way out, and signatures. What is sent is a CloudEvent with what the event holds,
//! signed so that its receiver can tell; no signature fits another body, id or time; an answer
//! other than 2xx is never taken for a delivery.
#![no_main]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a target says by a panic that something does not hold"
)]

use arbitrary::Arbitrary;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use config::Keys;
use fuzz::{NOW_MS, World};
use ports::HttpResponse;
use providers::{
    Breaker, BreakerPolicy, EventSink, OutboxEvent, SinkError, SinkSettings, signature,
};
use serde_json::Value;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    event_id: &'a str,
    event_type: &'a str,
    subject: &'a str,
    occurred_at_ms: i64,
    sequence: u32,
    data: &'a str,
    url: Url<'a>,
    secret: Secret<'a>,
    status: u16,
    retry_after: &'a str,
    record: Option<&'a [u8]>,
    header: &'a str,
    other: (&'a str, i64),
}

#[derive(Arbitrary, Debug)]
enum Url<'a> {
    Webhook,
    Redis,
    Any(&'a str),
}

#[derive(Arbitrary, Debug)]
enum Secret<'a> {
    Key(&'a [u8]),
    Text(&'a str),
}

libfuzzer_sys::fuzz_target!(|input: Input<'_>| {
    let secret = match input.secret {
        Secret::Key(key) => format!("whsec_{}", STANDARD.encode(key)),
        Secret::Text(text) => text.to_owned(),
    };
    let Ok(secrets) = secret.parse::<Keys>() else { return };
    signatures(&secrets, &input);
    let event = OutboxEvent {
        event_id: input.event_id.to_owned(),
        event_type: input.event_type.to_owned(),
        subject: input.subject.to_owned(),
        occurred_at_ms: input.occurred_at_ms,
        sequence: input.sequence.into(),
        data: serde_json::from_str(input.data).unwrap_or(Value::Null),
    };
    let url = match input.url {
        Url::Webhook => "https://sink.example/{type}",
        Url::Redis => "redis://sink.example:6379",
        Url::Any(text) => text,
    };
    let settings = SinkSettings {
        url: url.to_owned(),
        stream: "events:{type}".to_owned(),
        stream_limit: 0,
        secrets: secrets.clone(),
        source: "https://shop.example".to_owned(),
        timeout_ms: 1,
    };
    let world = World::default();
    let headers = vec![("retry-after".to_owned(), input.retry_after.to_owned())];
    world.answers.borrow_mut().push_back(Ok(HttpResponse {
        status: input.status,
        headers,
        body: Vec::new(),
    }));
    if let Some(record) = input.record {
        world.values.borrow_mut().insert("breaker/sink".to_owned(), record.to_vec());
    }
    let sink = EventSink::new(
        settings,
        &world,
        &world,
        &world,
        Breaker::new("sink", BreakerPolicy::default(), &world, &world),
    );
    let outcome = pollster::block_on(sink.deliver(&event));
    let sent = world.sent.borrow();
    match (&outcome, sent.as_slice()) {
        (Ok(()), []) => {
            assert!(url.starts_with("redis://") || url.starts_with("rediss://"), "nothing was sent")
        }
        (Ok(()) | Err(SinkError::Refused { .. }), [request]) => {
            assert_eq!(outcome.is_ok(), (200..300).contains(&input.status));
            let body: Value = serde_json::from_slice(&request.body).expect("JSON");
            let text = |name: &str| body[name].as_str().expect("an attribute");
            assert_eq!(
                (text("id"), text("type"), text("subject")),
                (input.event_id, input.event_type, input.subject)
            );
            assert!(text("specversion") == "1.0" && text("sequence").parse() == Ok(event.sequence));
            // As text: a number with a fraction may be read as its neighbour.
            assert!(
                fuzz::text(&request.body).contains(&format!("\"data\":{}", event.data)),
                "{body}"
            );
            let header = |name: &str| {
                request
                    .headers
                    .iter()
                    .find(|(known, _)| known == name)
                    .map(|(_, value)| value.as_str())
                    .expect("a header")
            };
            let at_s: i64 = header("webhook-timestamp").parse().expect("a time");
            assert_eq!((header("webhook-id"), at_s), (input.event_id, NOW_MS / 1_000));
            assert_eq!(
                signature::verify_standard_webhooks(
                    &secrets,
                    input.event_id,
                    at_s,
                    &request.body,
                    header("webhook-signature")
                ),
                Ok(true)
            );
        }
        (Err(SinkError::Unsendable { .. } | SinkError::CircuitOpen { .. }), []) => {}
        other => panic!("{other:?}"),
    }
    if let Err(SinkError::Refused { retry_after_ms, .. }) = &outcome {
        assert_eq!(
            *retry_after_ms,
            input
                .retry_after
                .trim()
                .parse::<u64>()
                .ok()
                .map(|seconds| seconds.saturating_mul(1_000))
        );
    }
});

fn signatures(secrets: &Keys, input: &Input<'_>) {
    let (id, at_s, body) = (input.event_id, i64::from(input.sequence), input.data.as_bytes());
    let Ok(header) = signature::standard_webhooks(secrets, id, at_s, body) else {
        assert!(
            signature::verify_standard_webhooks(secrets, id, at_s, body, input.header).is_err(),
            "a bad secret verifies"
        );
        return;
    };
    let verify = |id: &str, at_s: i64, body: &[u8], header: &str| {
        signature::verify_standard_webhooks(secrets, id, at_s, body, header) == Ok(true)
    };
    assert!(
        verify(id, at_s, body, &header)
            && verify(id, at_s, body, &format!("v1,eA== v2,x {header}"))
    );
    // Only what is the same text when signed is the same: an id may not hold a dot, and none of
    // ours does.
    let (other_id, other_s) = input.other;
    let same = format!("{id}.{at_s}.") == format!("{other_id}.{other_s}.");
    assert!(
        same || other_id.contains('.')
            || id.contains('.')
            || !verify(other_id, other_s, body, &header),
        "{id:?} {other_id:?}"
    );
    assert!(!verify(id, at_s, &[body, b"x"].concat(), &header));
    let has_ours = input
        .header
        .split(' ')
        .filter_map(|one| one.strip_prefix("v1,"))
        .any(|tag| header.split(' ').any(|ours| ours == format!("v1,{tag}")));
    assert!(has_ours || !verify(id, at_s, body, input.header), "{:?}", input.header);
    let stripe = signature::stripe(secrets.first(), at_s, body);
    assert!(
        stripe.starts_with(&format!("t={at_s},v1="))
            && stripe.len() == format!("t={at_s},v1=").len() + 64
    );
}
