//! An event as an entry of a Redis stream: its CloudEvents attributes as fields, so that a reader
//! can choose by them, and `event` with the whole CloudEvent as JSON.
//!
//! The stream gives entries its own ids, in the order of their arrival. One event may be there
//! twice, as a webhook may come twice; its field `id` tells.

use crate::sink::CloudEvent;

/// The arguments of one `XADD`.
pub(crate) struct Append(Vec<String>);

impl Append {
    /// `limit` entries are kept, or some more: Redis forgets whole blocks of the oldest. 0 keeps
    /// all.
    pub(crate) fn new(key: String, limit: u64, event: &CloudEvent<'_>) -> Self {
        let mut arguments = vec![key];
        if limit > 0 {
            arguments.extend(["MAXLEN".to_owned(), "~".to_owned(), limit.to_string()]);
        }
        arguments.push("*".to_owned());
        let fields = [
            ("specversion", "1.0"),
            ("id", event.id),
            ("source", event.source),
            ("type", event.event_type),
            ("subject", event.subject),
            ("time", &event.time),
            ("event", &event.body),
        ];
        arguments.extend(
            fields.into_iter().flat_map(|(name, value)| [name.to_owned(), value.to_owned()]),
        );
        Self(arguments)
    }

    pub(crate) fn arguments(&self) -> Vec<&[u8]> {
        self.0.iter().map(|argument| argument.as_bytes()).collect()
    }
}

#[cfg(test)]
mod tests {
    use cloudevents::{AttributesReader as _, Event};
    use pollster::block_on;
    use ports::RedisError;

    use crate::{
        Breaker, BreakerPolicy, EventSink, SinkError, SinkSettings,
        testing::{FakeClock, FakeHttp, FakeKv, FakeRedis, event},
    };

    fn settings(stream: &str, stream_limit: u64) -> SinkSettings {
        SinkSettings {
            url: "redis://127.0.0.1:6379/1".to_owned(),
            stream: stream.to_owned(),
            stream_limit,
            // Not even read: a stream is not signed.
            secrets: "not a secret".parse().unwrap(),
            source: "https://shop.example/edgetill".to_owned(),
            timeout_ms: 2_000,
        }
    }

    fn deliver(
        redis: &FakeRedis,
        settings: SinkSettings,
        times: u32,
    ) -> Vec<Result<(), SinkError>> {
        let (http, kv, clock) =
            (FakeHttp::default(), FakeKv::default(), FakeClock::at(1_700_000_060_999));
        let breaker = Breaker::new(
            "sink",
            BreakerPolicy { failures_max: 2, ..BreakerPolicy::default() },
            &kv,
            &clock,
        );
        let sink = EventSink::new(settings, &http, redis, &clock, breaker);
        (0..times).map(|_| block_on(sink.deliver(&event()))).collect()
    }

    #[test]
    fn an_event_is_one_entry_with_its_attributes_and_the_whole_cloud_event() {
        let redis = FakeRedis::default();
        assert_eq!(deliver(&redis, settings("edgetill:events", 0), 1), [Ok(())]);
        let command = redis.commands().remove(0);
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let [address, "XADD", "edgetill:events", "*", fields @ ..] = words.as_slice() else {
            panic!("{words:?}")
        };
        assert_eq!(*address, "redis://127.0.0.1:6379/1");
        let (body, attributes) = fields.split_last().unwrap();
        assert_eq!(
            attributes.join(" "),
            "specversion 1.0 id 0193f1d0-7b1c-7f3e-9a55-0d5c2f1e8a77 source \
             https://shop.example/edgetill type dev.edgetill.order.placed.v1 subject order/ord_1 \
             time 2023-11-14T22:13:20.123Z event"
        );
        let read: Event = serde_json::from_str(body).unwrap();
        assert_eq!(
            (read.id(), read.subject()),
            ("0193f1d0-7b1c-7f3e-9a55-0d5c2f1e8a77", Some("order/ord_1"))
        );
    }

    #[test]
    fn a_stream_may_have_a_limit_and_be_one_per_type() {
        let redis = FakeRedis::default();
        assert_eq!(deliver(&redis, settings("shop:{type}", 10_000), 1), [Ok(())]);
        let command = redis.commands().remove(0);
        assert_eq!(
            command.get(2..7).unwrap(),
            ["shop:dev.edgetill.order.placed.v1", "MAXLEN", "~", "10000", "*"]
        );
    }

    #[test]
    fn a_redis_that_fails_is_tried_again_until_its_breaker_opens() {
        let away = RedisError::NotSent("connection refused".to_owned());
        let broken = RedisError::Failed("broken pipe".to_owned());
        let redis = FakeRedis::answering([Err(away), Err(broken)]);
        let results = deliver(&redis, settings("edgetill:events", 0), 3);
        let errors: Vec<&SinkError> =
            results.iter().map(|result| result.as_ref().unwrap_err()).collect();
        assert!(matches!(
            errors.as_slice(),
            [
                SinkError::NotSent { .. },
                SinkError::Unanswered { .. },
                SinkError::CircuitOpen { .. }
            ]
        ));
        assert!(errors.iter().all(|error| error.is_retryable()));
        assert_eq!(redis.commands().len(), 2);
    }
}
