//! Every application variable, once: its name and what it must be, alone and beside others. Its one default stands in `spin.toml`
//! (CFG-1); `docs/configuration.md` is this table as a page.

use crate::problem::configuration;
use domain::{ids::Country, money::Currency};
use edge::Problem;
use ports::Ports;

/// A variable and how its text is read.
pub struct Setting<T> {
    /// The variable's name in `spin.toml`.
    pub name: &'static str,
    /// Reads the text, or says what would be right.
    pub parse: fn(&str) -> Result<T, &'static str>,
}

impl<T> std::fmt::Debug for Setting<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl<T> Setting<T> {
    /// Its value, parsed, and within its relations to the variables that this component has too.
    ///
    /// # Errors
    /// `configuration_invalid`, by name.
    pub fn read(&self, ports: &Ports<'_>) -> Result<T, Problem> {
        let text = ports.config.get(self.name).map_err(|error| configuration(self.name, &error.to_string()))?;
        let value = (self.parse)(&text).map_err(|right| configuration(self.name, right))?;
        match broken_relation(self.name, |name| ports.config.get(name).ok()) {
            Some(relation) => Err(configuration(self.name, relation.right)),
            None => Ok(value),
        }
    }
}

/// One line per variable; [`NAMES`] and [`SECRETS`] come of it.
macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $constant:ident: $type:ty = $name:literal, $parse:expr;)+) => {
        $($(#[doc = $doc])+ pub const $constant: Setting<$type> = Setting { name: $name, parse: $parse };)+

        /// Every variable's name.
        pub const NAMES: &[&str] = &[$($name),+];

        /// Whether `text` would do as the value of the variable `name`.
        ///
        /// # Errors
        /// What would be right. An unknown name is an error too.
        pub fn check(name: &str, text: &str) -> Result<(), &'static str> {
            match name {
                $($name => ($constant.parse)(text).map(|_| ()),)+
                _ => Err("must be a variable of this application"),
            }
        }
    };
}

/// Reads seconds, which are milliseconds within.
macro_rules! seconds {
    ($low:literal to $high:literal) => {
        |text| {
            let seconds: Option<i64> = whole(text, $low, $high);
            seconds.and_then(|seconds| seconds.checked_mul(1_000)).ok_or(concat!(
                "must be a whole number of seconds from ",
                $low,
                " to ",
                $high
            ))
        }
    };
}

/// Reads milliseconds.
macro_rules! milliseconds {
    ($low:literal to $high:literal) => {
        |text| whole(text, $low, $high).ok_or(concat!("must be a whole number of milliseconds from ", $low, " to ", $high))
    };
}

/// Reads a number of things.
macro_rules! number {
    ($low:literal to $high:literal) => {
        |text| whole(text, $low, $high).ok_or(concat!("must be a whole number from ", $low, " to ", $high))
    };
}

settings! {
    /// The currency of a cart that names none.
    DEFAULT_CURRENCY: Currency = "default_currency", |text| text.parse().map_err(|_| "must be three capital letters");
    /// The country of a cart that names none.
    DEFAULT_COUNTRY: Country = "default_country", |text| text.parse().map_err(|_| "must be two capital letters");
    /// Lines a cart may have (CART-13).
    CART_LINE_LIMIT: i64 = "cart_line_limit", number!(1 to 1_000);
    /// Units a line may have, at most 10,000 (CART-13).
    CART_QUANTITY_LIMIT: i64 = "cart_quantity_limit", number!(1 to 10_000);
    /// How long a guest's cart lives untouched (CART-10).
    CART_GUEST_IDLE_MS: i64 = "cart_guest_idle_seconds", seconds!(60 to 31_536_000);
    /// How long a customer's cart lives untouched (CART-10).
    CART_CUSTOMER_IDLE_MS: i64 = "cart_customer_idle_seconds", seconds!(60 to 31_536_000);
    /// How long after its time a cart's lines are kept for an owner who comes back (CART-10).
    CART_RECOVERY_MS: i64 = "cart_recovery_seconds", seconds!(60 to 31_536_000);
    /// How long a share of a cart lives that does not say (CART-14).
    CART_SHARE_MS: i64 = "cart_share_seconds", seconds!(60 to 31_536_000);
    /// How long a share of a cart may live at most.
    CART_SHARE_MAX_MS: i64 = "cart_share_max_seconds", seconds!(60 to 31_536_000);
    /// Live shares a cart may have.
    CART_SHARE_LIMIT: i64 = "cart_share_limit", number!(1 to 1_000);
    /// How long a checkout session lives (CHK-17).
    CHECKOUT_SESSION_MS: i64 = "checkout_session_seconds", seconds!(60 to 86_400);
    /// How long stock is held for a confirm (STOCK-3).
    RESERVATION_MS: i64 = "reservation_seconds", seconds!(30 to 86_400);
    /// After how long a session's prices are called old (CHK-2).
    PRICE_STALE_MS: i64 = "price_stale_seconds", seconds!(1 to 86_400);
    /// How far a total, its shipping included, may move, in hundredths of a percent, before the buyer is asked again (CHK-2).
    PRICE_TOLERANCE_BASIS_POINTS: u32 = "price_tolerance_basis_points", number!(0 to 10_000);
    /// Whether any increase of it asks the buyer again (CHK-2).
    PRICE_REFUSE_ANY_INCREASE: bool = "price_refuse_any_increase", switch;
    /// How long a receipt answers replays (CHK-4).
    IDEMPOTENCY_MS: i64 = "idempotency_seconds", seconds!(60 to 31_536_000);
    /// How long one driver has a saga to itself.
    SAGA_LEASE_MS: i64 = "saga_lease_seconds", seconds!(2 to 3_600);
    /// How long recovery waits between two looks at a saga.
    SAGA_RETRY_MS: i64 = "saga_retry_seconds", seconds!(1 to 3_600);
    /// First wait before it is asked whether a buyer has answered their bank; it grows by itself each time.
    ACTION_POLL_MS: i64 = "action_poll_seconds", seconds!(1 to 3_600);
    /// Longest of these waits: with the worker, how late the order of a buyer who never comes back may be.
    ACTION_POLL_LIMIT_MS: i64 = "action_poll_limit_seconds", seconds!(1 to 3_600);
    /// Whether money is taken with the order (`true`) or later (`false`: it stays authorized).
    PAYMENT_CAPTURE: bool = "payment_capture_at_order", switch;
    /// Failed tries of a capture after which an alert is raised (PAY-3).
    PAYMENT_CAPTURE_ATTEMPTS: u32 = "payment_capture_attempts", number!(1 to 1_000);
    /// The payment provider's base URL, without `/v1`.
    PAYMENT_BASE_URL: String = "payment_base_url", url;
    /// The payment provider's secret key.
    PAYMENT_API_KEY: String = "payment_api_key", text;
    /// How long the provider may take for one call (CHK-13).
    PAYMENT_TIMEOUT_MS: u64 = "payment_timeout_ms", milliseconds!(100 to 60_000);
    /// Failures within the window that open a circuit breaker (PAY-2).
    BREAKER_FAILURES: u32 = "breaker_failures", number!(1 to 1_000);
    /// The window those failures are counted in.
    BREAKER_WINDOW_MS: i64 = "breaker_window_seconds", seconds!(1 to 3_600);
    /// How long an open breaker refuses before one call may try.
    BREAKER_OPEN_MS: i64 = "breaker_open_seconds", seconds!(1 to 3_600);
    /// Failed tries of a void after which an alert is raised (CHK-8).
    COMPENSATION_VOID_ATTEMPTS: u32 = "compensation_void_attempts", number!(1 to 1_000);
    /// Failed tries of every other compensation after which an alert is raised (CHK-8).
    COMPENSATION_ATTEMPTS: u32 = "compensation_attempts", number!(1 to 1_000);
    /// First wait after a failed capture or compensation; it grows by itself each time.
    COMPENSATION_WAIT_MS: i64 = "compensation_wait_seconds", seconds!(1 to 3_600);
    /// Where that growth ends; from there the wait doubles, up to an hour.
    COMPENSATION_WAIT_LIMIT_MS: i64 = "compensation_wait_limit_seconds", seconds!(1 to 86_400);
    /// How long a capture, a compensation and an event are tried from the first failure on, before they are dead (CHK-8): not so short that
    /// an outage of an hour loses anything, nor so long that nobody ever looks.
    GIVE_UP_MS: i64 = "give_up_seconds", seconds!(3_600 to 2_592_000);
    /// Where events go; empty while there is no sink: they wait.
    EVENT_SINK_URL: String = "event_sink_url", sink_url;
    /// The key of the sink's Redis stream.
    EVENT_SINK_STREAM: String = "event_sink_stream", text;
    /// About how many entries that stream keeps; 0 for all.
    EVENT_SINK_STREAM_LIMIT: u64 = "event_sink_stream_limit", number!(0 to 1_000_000_000);
    /// The sink's Standard Webhooks secret (`whsec_…`).
    EVENT_SINK_SECRET: String = "event_sink_secret", text;
    /// The `source` of our CloudEvents.
    EVENT_SOURCE: String = "event_source", text;
    /// How long the sink may take for one event.
    EVENT_TIMEOUT_MS: u64 = "event_timeout_ms", milliseconds!(100 to 60_000);
    /// Failed tries of a delivery after which an alert is raised (EVT-5).
    OUTBOX_ATTEMPTS: u32 = "outbox_attempts", number!(1 to 1_000);
    /// Events one run of the relay takes (WRK-3).
    OUTBOX_BATCH: i64 = "outbox_batch", number!(1 to 1_000);
    /// Rows one run of any other worker takes (WRK-3).
    WORKER_BATCH: i64 = "worker_batch", number!(1 to 1_000);
    /// How long a run goes on taking rows (WRK-3).
    WORKER_BUDGET_MS: i64 = "worker_budget_seconds", seconds!(1 to 600);
    /// How long a run has its rows to itself.
    WORKER_LEASE_MS: i64 = "worker_lease_seconds", seconds!(2 to 3_600);
    /// Rows of each table that one run of the audit looks at (WRK-5).
    AUDIT_BATCH: i64 = "audit_batch", number!(1 to 10_000);
    /// How long after its time a saga, a compensation or a reservation may be left lying (WRK-5).
    AUDIT_OVERDUE_MS: i64 = "audit_overdue_seconds", seconds!(60 to 604_800);
    /// How long an event may wait for its sink (WRK-5).
    AUDIT_EVENT_AGE_MS: i64 = "audit_event_age_seconds", seconds!(60 to 604_800);
    /// Base64 of the 32 bytes that seal personal data (SEC-3).
    PII_KEY: String = "pii_key", text;
    /// What service tokens are signed with, at least 32 bytes (SEC-1).
    SERVICE_TOKEN_SECRET: String = "service_token_secret", |text| if text.len() >= 32 { Ok(text.to_owned()) } else { Err("must be at least 32 bytes") };
    /// PostgreSQL's connection string, with the session's limits in it; empty for SQLite. `spin-shell` opens it.
    DATABASE_URL: String = "database_url", |text| if text.is_empty() || text.starts_with("postgres://") { Ok(text.to_owned()) } else { Err("must be empty or begin with postgres://") };
    /// What session tokens are signed with, at least 32 bytes (SEC-1).
    SESSION_TOKEN_SECRET: String = "session_token_secret", |text| if text.len() >= 32 { Ok(text.to_owned()) } else { Err("must be at least 32 bytes") };
    /// How long a customer's session token lives (SEC-1).
    SESSION_MS: i64 = "session_seconds", seconds!(60 to 86_400);
    /// The `iss` of customers' tokens; empty while there are none.
    CUSTOMER_ISSUER: String = "customer_issuer", |text| Ok(text.to_owned());
    /// An `aud` of customers' tokens; empty while there are none.
    CUSTOMER_AUDIENCE: String = "customer_audience", |text| Ok(text.to_owned());
    /// The secret shared with the customers' identity provider (HS256); empty for none.
    CUSTOMER_JWT_SECRET: String = "customer_jwt_secret", |text| if text.is_empty() || text.len() >= 32 { Ok(text.to_owned()) } else { Err("must be empty or at least 32 bytes") };
    /// Where the customers' identity provider publishes its keys (RS256, ES256); empty for none.
    CUSTOMER_JWKS_URL: String = "customer_jwks_url", |text| if text.is_empty() { Ok(String::new()) } else { url(text) };
    /// How long those keys are used without asking again.
    CUSTOMER_JWKS_CACHE_MS: i64 = "customer_jwks_cache_seconds", seconds!(1 to 86_400);
    /// How long they are used while the provider does not answer.
    CUSTOMER_JWKS_STALE_MS: i64 = "customer_jwks_stale_seconds", seconds!(1 to 2_592_000);
    /// How long nobody asks again after somebody has.
    CUSTOMER_JWKS_REFETCH_MS: i64 = "customer_jwks_refetch_seconds", seconds!(1 to 3_600);
    /// How long the provider may take for its keys.
    CUSTOMER_JWKS_TIMEOUT_MS: u64 = "customer_jwks_timeout_ms", milliseconds!(100 to 60_000);
    /// Bytes a request's body may have (SEC-2).
    BODY_LIMIT_BYTES: i64 = "body_limit_bytes", number!(1_024 to 16_777_216);
    /// Bytes the body of a bulk import may have.
    IMPORT_BODY_LIMIT_BYTES: i64 = "import_body_limit_bytes", number!(1_024 to 67_108_864);
}

/// What one time must be beside others: at least so many times each of them, and some more.
#[derive(Debug)]
pub struct Relation {
    /// The time that must be long enough.
    pub name: &'static str,
    /// What it must hold: how many times which.
    pub holds: &'static [(i64, &'static str)],
    /// And so much more.
    pub spare_ms: i64,
    /// The same in words.
    pub right: &'static str,
    /// What would go wrong.
    pub otherwise: &'static str,
}

/// Every relation between variables.
pub const RELATIONS: &[Relation] = &[
    Relation {
        name: SAGA_LEASE_MS.name,
        holds: &[(5, PAYMENT_TIMEOUT_MS.name)],
        spare_ms: 5_000,
        right: "must be at least five times payment_timeout_ms and 5 seconds more",
        otherwise: "a driver that waits for its provider is overtaken while it still asks",
    },
    Relation {
        name: WORKER_LEASE_MS.name,
        holds: &[(1, WORKER_BUDGET_MS.name), (2, PAYMENT_TIMEOUT_MS.name)],
        spare_ms: 5_000,
        right: "must be at least worker_budget_seconds, twice payment_timeout_ms and 5 seconds more",
        otherwise: "two runs try one compensation",
    },
    Relation {
        name: WORKER_LEASE_MS.name,
        holds: &[(1, WORKER_BUDGET_MS.name), (1, EVENT_TIMEOUT_MS.name)],
        spare_ms: 5_000,
        right: "must be at least worker_budget_seconds, event_timeout_ms and 5 seconds more",
        otherwise: "two relays send one event",
    },
    Relation {
        name: RESERVATION_MS.name,
        holds: &[(1, SAGA_LEASE_MS.name)],
        spare_ms: 0,
        right: "must be at least saga_lease_seconds",
        otherwise: "the stock is gone before a driver that has its answer can make the order",
    },
    Relation {
        name: CHECKOUT_SESSION_MS.name,
        holds: &[(1, RESERVATION_MS.name)],
        spare_ms: 0,
        right: "must be at least reservation_seconds",
        otherwise: "stock is held for a session that is over",
    },
    Relation {
        name: CART_GUEST_IDLE_MS.name,
        holds: &[(1, CHECKOUT_SESSION_MS.name)],
        spare_ms: 0,
        right: "must be at least checkout_session_seconds",
        otherwise: "a cart ends while its buyer pays",
    },
    Relation {
        name: CART_CUSTOMER_IDLE_MS.name,
        holds: &[(1, CHECKOUT_SESSION_MS.name)],
        spare_ms: 0,
        right: "must be at least checkout_session_seconds",
        otherwise: "a cart ends while its buyer pays",
    },
    Relation {
        name: IDEMPOTENCY_MS.name,
        holds: &[(1, CHECKOUT_SESSION_MS.name)],
        spare_ms: 0,
        right: "must be at least checkout_session_seconds",
        otherwise: "a request of a checkout that is sent again is done again",
    },
    Relation {
        name: CART_SHARE_MAX_MS.name,
        holds: &[(1, CART_SHARE_MS.name)],
        spare_ms: 0,
        right: "must be at least cart_share_seconds",
        otherwise: "a share that does not say lives shorter than it is said to",
    },
    Relation {
        name: ACTION_POLL_LIMIT_MS.name,
        holds: &[(1, ACTION_POLL_MS.name)],
        spare_ms: 0,
        right: "must be at least action_poll_seconds",
        otherwise: "the first wait is longer than the longest",
    },
    Relation {
        name: COMPENSATION_WAIT_LIMIT_MS.name,
        holds: &[(1, COMPENSATION_WAIT_MS.name)],
        spare_ms: 0,
        right: "must be at least compensation_wait_seconds",
        otherwise: "the first wait is longer than the longest",
    },
    Relation {
        name: AUDIT_OVERDUE_MS.name,
        holds: &[(1, SAGA_LEASE_MS.name), (1, WORKER_LEASE_MS.name)],
        spare_ms: 0,
        right: "must be at least saga_lease_seconds and worker_lease_seconds together",
        otherwise: "what is being worked on is called forgotten",
    },
    Relation {
        name: CUSTOMER_JWKS_CACHE_MS.name,
        holds: &[(1, CUSTOMER_JWKS_REFETCH_MS.name)],
        spare_ms: 0,
        right: "must be at least customer_jwks_refetch_seconds",
        otherwise: "keys that are past their time may not be asked for",
    },
    Relation {
        name: CUSTOMER_JWKS_STALE_MS.name,
        holds: &[(1, CUSTOMER_JWKS_CACHE_MS.name)],
        spare_ms: 0,
        right: "must be at least customer_jwks_cache_seconds",
        otherwise: "keys are thrown away while they are still used",
    },
];

/// The first relation that the variable `name` does not keep. What `value_of` does not know, or what is no number, is not compared:
/// a component has the variables it reads, and a value that will not do is named by itself.
pub fn broken_relation(name: &str, value_of: impl Fn(&str) -> Option<String>) -> Option<&'static Relation> {
    let ms = |name: &str| {
        let number: i64 = value_of(name)?.parse().ok()?;
        Some(if name.ends_with("_seconds") { number.saturating_mul(1_000) } else { number })
    };
    RELATIONS.iter().filter(|relation| relation.name == name).find(|relation| {
        let needed = relation
            .holds
            .iter()
            .try_fold(relation.spare_ms, |sum, (times, other)| ms(other).map(|value| sum.saturating_add(value.saturating_mul(*times))));
        matches!((ms(name), needed), (Some(value), Some(needed)) if value < needed)
    })
}

/// The variables whose values are shown to nobody.
pub const SECRETS: &[&str] = &[
    PAYMENT_API_KEY.name,
    EVENT_SINK_SECRET.name,
    PII_KEY.name,
    SERVICE_TOKEN_SECRET.name,
    SESSION_TOKEN_SECRET.name,
    CUSTOMER_JWT_SECRET.name,
    DATABASE_URL.name,
];

/// A whole number within bounds, both included.
fn whole<T: TryFrom<i64>>(text: &str, low: i64, high: i64) -> Option<T> {
    text.parse::<i64>().ok().filter(|number| (low..=high).contains(number))?.try_into().ok()
}

fn switch(text: &str) -> Result<bool, &'static str> {
    text.parse().map_err(|_| "must be true or false")
}

fn url(text: &str) -> Result<String, &'static str> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(host) if !host.is_empty() => Ok(text.trim_end_matches('/').to_owned()),
        Some(_) | None => Err("must be an absolute http or https URL"),
    }
}

/// A sink may be a Redis too, and may be missing.
fn sink_url(text: &str) -> Result<String, &'static str> {
    if text.is_empty() || providers::stream::is_redis(text) {
        return Ok(text.to_owned());
    }
    url(text).map_err(|_| "must be an absolute http, https, redis or rediss URL, or empty")
}

/// A value as it may be shown: without what a URL says of a user and a password.
pub(crate) fn shown(name: &str, value: String) -> String {
    if SECRETS.contains(&name) {
        return "***".to_owned();
    }
    let authority_at = value.find("://").map_or(0, |at| at.saturating_add(3));
    let (scheme, rest) = value.split_at_checked(authority_at).unwrap_or(("", &value));
    let (authority, path) = rest.find('/').and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
    match authority.rsplit_once('@') {
        Some((_, host)) if !scheme.is_empty() => format!("{scheme}***@{host}{path}"),
        Some(_) | None => value,
    }
}

fn text(text: &str) -> Result<String, &'static str> {
    if text.is_empty() { Err("must not be empty") } else { Ok(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_is_not_shown() {
        let check = |value: &str, expect: &str| assert_eq!(shown("event_sink_url", value.to_owned()), expect);
        check("redis://user:pass@host:6379/1", "redis://***@host:6379/1");
        check("redis://:p@ss@host", "redis://***@host");
        check("https://host/a@b", "https://host/a@b");
        check("", "");
        check("an@example.com", "an@example.com");
        assert_eq!(shown("pii_key", "a".to_owned()), "***");
    }

    #[test]
    fn numbers_have_bounds_and_both_ends_will_do() {
        for (name, low, high) in [
            ("cart_line_limit", 1, 1_000),
            ("cart_quantity_limit", 1, 10_000),
            ("saga_lease_seconds", 2, 3_600),
            ("payment_timeout_ms", 100, 60_000),
            ("price_tolerance_basis_points", 0, 10_000),
        ] {
            for good in [low, high] {
                assert_eq!(check(name, &good.to_string()), Ok(()), "{name} {good}");
            }
            for bad in [low - 1, high + 1, i64::MAX] {
                assert!(check(name, &bad.to_string()).is_err(), "{name} {bad}");
            }
        }
        assert_eq!(check("saga_lease_seconds", "soon"), Err("must be a whole number of seconds from 2 to 3600"));
    }

    #[test]
    fn a_relation_is_kept_at_its_edge_and_broken_below() {
        let lease = |lease: &'static str, timeout: Option<&'static str>| {
            let value_of = |name: &str| match name {
                "saga_lease_seconds" => Some(lease.to_owned()),
                "payment_timeout_ms" => timeout.map(str::to_owned),
                _ => None,
            };
            broken_relation("saga_lease_seconds", value_of).map(|relation| relation.right)
        };
        assert_eq!(lease("55", Some("10000")), None);
        assert_eq!(lease("54", Some("10000")), Some("must be at least five times payment_timeout_ms and 5 seconds more"));
        assert_eq!(lease("60", Some("11001")), Some("must be at least five times payment_timeout_ms and 5 seconds more"));
        assert_eq!(lease("54", None), None, "a component without the other cannot compare");
        assert_eq!(lease("54", Some("soon")), None, "a value that will not do is named by itself");
    }

    #[test]
    fn a_relation_says_what_it_compares() {
        for relation in RELATIONS {
            assert!(NAMES.contains(&relation.name), "{relation:?}");
            for (_, other) in relation.holds {
                assert!(NAMES.contains(other) && relation.right.contains(other), "{relation:?}");
            }
        }
    }

    #[test]
    fn a_sink_is_a_webhook_a_redis_or_nothing() {
        for good in ["", "https://a/b", "http://127.0.0.1:3500/v1.0/publish/pubsub/{type}", "redis://a:6379", "rediss://u:p@a:6379/1"] {
            assert_eq!(check("event_sink_url", good), Ok(()), "{good}");
        }
        for bad in ["a", "ftp://a", "https://"] {
            assert!(check("event_sink_url", bad).is_err(), "{bad}");
        }
    }
}
