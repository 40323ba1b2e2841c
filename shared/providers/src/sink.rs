//! The event sink: CloudEvents 1.0 in structured JSON mode, posted and signed as Standard Webhooks
//! says, or appended to a Redis stream (EVT-4). The URL's scheme chooses.
//!
//! One call delivers one event once. The relay decides about order and retries; a receiver
//! recognises a repetition by the event's id, which is `webhook-id` too and stays the same over all
//! attempts.

use std::time::{Duration, UNIX_EPOCH};

use config::{Keys, is_redis};
use ports::{Clock, Http, HttpError, HttpRequest, Redis, RedisError};
use serde_json::{Value, json};

use crate::{breaker::Breaker, signature, stream::Append, stripe::retry_after_ms};

/// An event as the outbox holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxEvent {
    /// UUID; unique for ever.
    pub event_id: String,
    /// Its type, such as `orders.order.created`.
    pub event_type: String,
    /// The aggregate, such as `order/<order_id>`.
    pub subject: String,
    /// When it happened.
    pub occurred_at_ms: i64,
    /// Its place among the events of the outbox.
    pub sequence: i64,
    /// What happened.
    pub data: Value,
}

/// Where events go. Has no `Debug`: the secret must not reach a log.
#[derive(Clone)]
pub struct SinkSettings {
    /// The receiver; `{type}` in it stands for the event's type. So Dapr's publish API is a sink
    /// like any other: `http://127.0.0.1:3500/v1.0/publish/pubsub/{type}` takes a CloudEvent as it
    /// is. `redis://…` is a server with streams.
    pub url: String,
    /// The key of the Redis stream; `{type}` in it stands for the event's type.
    pub stream: String,
    /// About how many entries the stream keeps; 0 for all.
    pub stream_limit: u64,
    /// Each `whsec_` and the base64 of 24 to 64 bytes, shared with the receiver: an event is signed
    /// with all of them.
    pub secrets: Keys,
    /// The CloudEvents `source`: who we are, as a URI.
    pub source: String,
    /// Limit of each call over HTTP.
    pub timeout_ms: u64,
}

impl SinkSettings {
    /// Whether an event can be sent with these at all: to be asked before one is taken, since what
    /// is wrong here is no event's fault.
    ///
    /// # Errors
    /// The name of the variable that is wrong.
    pub fn check(&self) -> Result<(), &'static str> {
        if is_redis(&self.url) {
            return Ok(());
        }
        if !["http://", "https://"]
            .iter()
            .any(|scheme| self.url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()))
        {
            return Err("event_sink_url");
        }
        signature::standard_webhooks(&self.secrets, "", 0, &[])
            .map(|_| ())
            .map_err(|_| "event_sink_secret")
    }

    fn request(
        &self,
        clock: &dyn Clock,
        event: &OutboxEvent,
        body: String,
    ) -> Result<HttpRequest, SinkError> {
        let body = body.into_bytes();
        let timestamp_s = clock.wall_ms().div_euclid(1_000);
        let signature =
            signature::standard_webhooks(&self.secrets, &event.event_id, timestamp_s, &body)
                .map_err(|e| SinkError::Unsendable { detail: e.to_string() })?;
        let header = |name: &str, value: String| (name.to_owned(), value);
        Ok(HttpRequest {
            method: "POST",
            url: self.url.replace("{type}", &event.event_type),
            headers: vec![
                header("content-type", "application/cloudevents+json; charset=utf-8".to_owned()),
                header("webhook-id", event.event_id.clone()),
                header("webhook-timestamp", timestamp_s.to_string()),
                header("webhook-signature", signature),
            ],
            body,
            timeout_ms: self.timeout_ms,
        })
    }
}

/// Posts one event, once and whatever a breaker says; the status of a receiver that took it.
///
/// # Errors
/// [`SinkError`].
pub async fn post(
    http: &dyn Http,
    clock: &dyn Clock,
    settings: &SinkSettings,
    event: &OutboxEvent,
) -> Result<u16, SinkError> {
    let cloud_event = CloudEvent::of(event, &settings.source)?;
    send(http, settings.request(clock, event, cloud_event.body)?).await
}

async fn send(http: &dyn Http, request: HttpRequest) -> Result<u16, SinkError> {
    match http.send(request).await {
        Ok(response) if (200..300).contains(&response.status) => Ok(response.status),
        Ok(response) => Err(SinkError::Refused {
            status: response.status,
            retry_after_ms: retry_after_ms(&response.headers),
        }),
        Err(HttpError::NotSent(detail)) => Err(SinkError::NotSent { detail }),
        Err(HttpError::Timeout(detail) | HttpError::Lost(detail)) => {
            Err(SinkError::Unanswered { detail })
        }
    }
}

/// A receiver of events.
pub struct EventSink<'a> {
    settings: SinkSettings,
    http: &'a dyn Http,
    redis: &'a dyn Redis,
    clock: &'a dyn Clock,
    breaker: Breaker<'a>,
}

/// An event that was not delivered, or not surely.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// Nothing was sent.
    #[error("event not sent: {detail}")]
    NotSent {
        /// For the log.
        detail: String,
    },
    /// It may have arrived; send it again, the receiver knows its id.
    #[error("no answer to the event: {detail}")]
    Unanswered {
        /// For the log.
        detail: String,
    },
    /// The receiver answered something else than 2xx.
    #[error("receiver answered {status}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// When the receiver wants to be asked again.
        retry_after_ms: Option<u64>,
    },
    /// The receiver failed too often of late; nothing was sent.
    #[error("receiver is cooling down for {retry_after_ms} ms")]
    CircuitOpen {
        /// When the next call may go through.
        retry_after_ms: u64,
    },
    /// The event or the configuration is wrong; sending it again cannot help.
    #[error("event cannot be sent: {detail}")]
    Unsendable {
        /// For the log.
        detail: String,
    },
}

impl SinkError {
    /// Whether another attempt can succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::NotSent { .. }
            | Self::Unanswered { .. }
            | Self::Refused { .. }
            | Self::CircuitOpen { .. } => true,
            Self::Unsendable { .. } => false,
        }
    }

    /// How long the receiver, or its circuit breaker, wants to be left alone.
    #[must_use]
    pub fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::Refused { retry_after_ms, .. } => *retry_after_ms,
            Self::CircuitOpen { retry_after_ms } => Some(*retry_after_ms),
            Self::NotSent { .. } | Self::Unanswered { .. } | Self::Unsendable { .. } => None,
        }
    }
}

/// One event on its way.
enum Outgoing {
    Post(HttpRequest),
    Append(Append),
}

impl<'a> EventSink<'a> {
    /// A sink over `http` or `redis`, guarded by `breaker`; `clock` dates each attempt.
    #[must_use]
    pub fn new(
        settings: SinkSettings,
        http: &'a dyn Http,
        redis: &'a dyn Redis,
        clock: &'a dyn Clock,
        breaker: Breaker<'a>,
    ) -> Self {
        Self { settings, http, redis, clock, breaker }
    }

    /// Delivers `event` once. `Ok` means that the receiver answered 2xx, or that the stream has it.
    ///
    /// # Errors
    /// [`SinkError`]; all but [`SinkError::Unsendable`] are worth another attempt later.
    pub async fn deliver(&self, event: &OutboxEvent) -> Result<(), SinkError> {
        let outgoing = self.outgoing(event)?;
        let pass = self
            .breaker
            .admit()
            .map_err(|blocked| SinkError::CircuitOpen { retry_after_ms: blocked.retry_after_ms })?;
        let result = match outgoing {
            Outgoing::Post(request) => send(self.http, request).await.map(|_| ()),
            Outgoing::Append(append) => self.append(&append),
        };
        match &result {
            // Who refuses one event is there, and may take the next.
            Ok(()) | Err(SinkError::Refused { status: ..500, .. }) => self.breaker.succeeded(pass),
            Err(_) => self.breaker.failed(pass),
        }
        result
    }

    fn append(&self, append: &Append) -> Result<(), SinkError> {
        match self.redis.execute(&self.settings.url, "XADD", &append.arguments()) {
            Ok(_) => Ok(()),
            Err(RedisError::NotSent(detail)) => Err(SinkError::NotSent { detail }),
            Err(RedisError::Failed(detail)) => Err(SinkError::Unanswered { detail }),
        }
    }

    fn outgoing(&self, event: &OutboxEvent) -> Result<Outgoing, SinkError> {
        let cloud_event = CloudEvent::of(event, &self.settings.source)?;
        if is_redis(&self.settings.url) {
            let key = self.settings.stream.replace("{type}", &event.event_type);
            Ok(Outgoing::Append(Append::new(key, self.settings.stream_limit, &cloud_event)))
        } else {
            self.settings.request(self.clock, event, cloud_event.body).map(Outgoing::Post)
        }
    }
}

/// An event in CloudEvents' JSON, with the attributes a receiver may sort by before it reads that.
pub(crate) struct CloudEvent<'a> {
    pub(crate) id: &'a str,
    pub(crate) source: &'a str,
    pub(crate) event_type: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) time: String,
    pub(crate) body: String,
}

impl<'a> CloudEvent<'a> {
    /// `sequence` is the extension of that name: a string that sorts as the numbers do, hence the
    /// zeros.
    fn of(event: &'a OutboxEvent, source: &'a str) -> Result<Self, SinkError> {
        let unsendable = |detail: &str| SinkError::Unsendable {
            detail: format!("event {}: {detail}", event.event_id),
        };
        let since_epoch_ms = u64::try_from(event.occurred_at_ms)
            .ok()
            // Year 9999, the last one RFC 3339 can write.
            .filter(|ms| *ms < 253_402_300_800_000)
            .ok_or_else(|| unsendable("its time is out of range"))?;
        let time =
            humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(since_epoch_ms))
                .to_string();
        let body = json!({
            "specversion": "1.0",
            "id": event.event_id,
            "source": source,
            "type": event.event_type,
            "subject": event.subject,
            "time": time,
            "datacontenttype": "application/json",
            "sequence": format!("{:020}", event.sequence),
            "data": event.data,
        });
        let body = body.to_string();
        Ok(Self {
            id: &event.event_id,
            source,
            event_type: &event.event_type,
            subject: &event.subject,
            time,
            body,
        })
    }
}

#[cfg(test)]
mod tests {
    use cloudevents::{AttributesReader as _, Data, Event};
    use pollster::block_on;

    use super::*;
    use crate::{
        BreakerPolicy,
        testing::{FakeClock, FakeHttp, FakeKv, FakeRedis, answer, answer_with, event},
    };

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn deliver(http: &FakeHttp, event: &OutboxEvent, secret: &str) -> Result<(), SinkError> {
        deliver_to("https://receiver.example/hook", http, event, secret)
    }

    fn deliver_to(
        url: &str,
        http: &FakeHttp,
        event: &OutboxEvent,
        secret: &str,
    ) -> Result<(), SinkError> {
        let (kv, clock) = (FakeKv::default(), FakeClock::at(1_700_000_060_999));
        let settings = SinkSettings {
            url: url.to_owned(),
            stream: "edgetill:events".to_owned(),
            stream_limit: 0,
            secrets: secret.parse().unwrap(),
            source: "https://shop.example/edgetill".to_owned(),
            timeout_ms: 2_000,
        };
        let breaker = Breaker::new("sink", BreakerPolicy::default(), &kv, &clock);
        let redis = FakeRedis::default();
        let result =
            block_on(EventSink::new(settings, http, &redis, &clock, breaker).deliver(event));
        assert!(redis.commands().is_empty(), "a webhook is no stream");
        result
    }

    #[test]
    fn the_cloudevents_library_reads_what_we_send() {
        let http = FakeHttp::answering([answer(204, "")]);
        deliver(&http, &event(), SECRET).unwrap();
        let request = http.requests().remove(0);
        let read: Event = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(read.id(), event().event_id);
        assert_eq!(read.source(), "https://shop.example/edgetill");
        assert_eq!(read.ty(), event().event_type);
        assert_eq!(read.subject(), Some("order/ord_1"));
        assert_eq!(read.time().unwrap().timestamp_millis(), 1_700_000_000_123);
        assert_eq!(read.datacontenttype(), Some("application/json"));
        assert_eq!(read.extension("sequence").unwrap().to_string(), "00000000000000000042");
        assert_eq!(read.data(), Some(&Data::Json(event().data)));
    }

    #[test]
    fn a_url_may_name_the_topic_by_the_type_as_dapr_does() {
        let http = FakeHttp::answering([answer(204, "")]);
        deliver_to("http://127.0.0.1:3500/v1.0/publish/pubsub/{type}", &http, &event(), SECRET)
            .unwrap();
        let request = http.requests().remove(0);
        assert_eq!(
            request.url,
            "http://127.0.0.1:3500/v1.0/publish/pubsub/dev.edgetill.order.placed.v1"
        );
        let content_type = request.headers.iter().find(|(name, _)| name == "content-type").unwrap();
        assert!(content_type.1.starts_with("application/cloudevents+json"));
    }

    #[test]
    fn the_standard_webhooks_library_accepts_the_signature() {
        let http = FakeHttp::answering([answer(200, "")]);
        deliver(&http, &event(), SECRET).unwrap();
        let request = http.requests().remove(0);
        let header = |name: &str| {
            let found = request.headers.iter().find(|(n, _)| n == name);
            found.unwrap().1.clone()
        };
        assert_eq!(header("webhook-id"), event().event_id);
        assert_eq!(header("webhook-timestamp"), "1700000060");
        let theirs = standardwebhooks::Webhook::new(SECRET)
            .unwrap()
            .sign(&event().event_id, 1_700_000_060, &request.body)
            .unwrap();
        assert_eq!(header("webhook-signature"), theirs);
    }

    #[test]
    fn everything_but_2xx_is_a_typed_error_worth_another_attempt() {
        let check = |answer, expect: SinkError| {
            let error = deliver(&FakeHttp::answering([answer]), &event(), SECRET).unwrap_err();
            assert_eq!(error, expect);
            assert!(error.is_retryable());
        };
        check(
            answer_with(503, ("retry-after", "7"), ""),
            SinkError::Refused { status: 503, retry_after_ms: Some(7_000) },
        );
        check(answer(302, ""), SinkError::Refused { status: 302, retry_after_ms: None });
        check(
            Err(HttpError::NotSent("refused".to_owned())),
            SinkError::NotSent { detail: "refused".to_owned() },
        );
        check(
            Err(HttpError::Timeout("2 s".to_owned())),
            SinkError::Unanswered { detail: "2 s".to_owned() },
        );
    }

    #[test]
    fn settings_with_which_nothing_can_be_sent_are_told_by_the_variables_name() {
        let check = |url: &str, secret: &str| {
            let (stream, source) = ("s".to_owned(), "https://shop.example".to_owned());
            SinkSettings {
                url: url.to_owned(),
                stream,
                stream_limit: 0,
                secrets: secret.parse().unwrap(),
                source,
                timeout_ms: 1,
            }
            .check()
        };
        assert_eq!(check("https://a/hook", SECRET), Ok(()));
        for bad in [
            "whsec_short",
            "whsec_not base64 at all, but long enough",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ] {
            assert_eq!(check("https://a/hook", bad), Err("event_sink_secret"), "{bad}");
        }
        assert_eq!(check("ftp://a", SECRET), Err("event_sink_url"));
        // A stream is not signed.
        assert_eq!(check("redis://a:6379", "none"), Ok(()));
    }

    #[test]
    fn a_bad_secret_or_time_is_our_bug_and_nothing_is_sent() {
        let http = FakeHttp::default();
        let late = OutboxEvent { occurred_at_ms: i64::MAX, ..event() };
        for (event, secret) in [(event(), "whsec_short"), (late, SECRET)] {
            let error = deliver(&http, &event, secret).unwrap_err();
            assert!(matches!(error, SinkError::Unsendable { .. }), "{error}");
            assert!(!error.is_retryable());
        }
        assert!(http.requests().is_empty());
    }
}
