//! Every application variable, once: its name and what it must be. Its one default stands in `spin.toml` (CFG-1).

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
    /// Its value, parsed.
    ///
    /// # Errors
    /// `configuration_invalid`, by name.
    pub fn read(&self, ports: &Ports<'_>) -> Result<T, Problem> {
        let text = ports.config.get(self.name).map_err(|error| configuration(self.name, &error.to_string()))?;
        (self.parse)(&text).map_err(|right| configuration(self.name, right))
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

settings! {
    /// The currency of a cart that names none.
    DEFAULT_CURRENCY: Currency = "default_currency", |text| text.parse().map_err(|_| "must be three capital letters");
    /// The country of a cart that names none.
    DEFAULT_COUNTRY: Country = "default_country", |text| text.parse().map_err(|_| "must be two capital letters");
    /// Lines a cart may have (CART-13).
    CART_LINE_LIMIT: i64 = "cart_line_limit", count;
    /// Units a line may have, at most 10,000 (CART-13).
    CART_QUANTITY_LIMIT: i64 = "cart_quantity_limit", count;
    /// How long a guest's cart lives untouched (CART-10).
    CART_GUEST_IDLE_MS: i64 = "cart_guest_idle_seconds", seconds;
    /// How long a customer's cart lives untouched (CART-10).
    CART_CUSTOMER_IDLE_MS: i64 = "cart_customer_idle_seconds", seconds;
    /// How long after its time a cart's lines are kept for an owner who comes back (CART-10).
    CART_RECOVERY_MS: i64 = "cart_recovery_seconds", seconds;
    /// How long a share of a cart lives that does not say (CART-14).
    CART_SHARE_MS: i64 = "cart_share_seconds", seconds;
    /// How long a share of a cart may live at most.
    CART_SHARE_MAX_MS: i64 = "cart_share_max_seconds", seconds;
    /// Live shares a cart may have.
    CART_SHARE_LIMIT: i64 = "cart_share_limit", count;
    /// How long a checkout session lives (CHK-17).
    CHECKOUT_SESSION_MS: i64 = "checkout_session_seconds", seconds;
    /// How long stock is held for a confirm (STOCK-3).
    RESERVATION_MS: i64 = "reservation_seconds", seconds;
    /// After how long a session's prices are called old (CHK-2).
    PRICE_STALE_MS: i64 = "price_stale_seconds", seconds;
    /// How far a total, its shipping included, may move, in hundredths of a percent, before the buyer is asked again (CHK-2).
    PRICE_TOLERANCE_BASIS_POINTS: u32 = "price_tolerance_basis_points", |text| text.parse().map_err(|_| "must be a whole number from 0");
    /// Whether any increase of it asks the buyer again (CHK-2).
    PRICE_REFUSE_ANY_INCREASE: bool = "price_refuse_any_increase", switch;
    /// How long a receipt answers replays (CHK-4).
    IDEMPOTENCY_MS: i64 = "idempotency_seconds", seconds;
    /// How long one driver has a saga to itself; longer than all its provider calls together.
    SAGA_LEASE_MS: i64 = "saga_lease_seconds", seconds;
    /// How long recovery waits between two looks at a saga.
    SAGA_RETRY_MS: i64 = "saga_retry_seconds", seconds;
    /// First wait before it is asked whether a buyer has answered their bank; it grows by itself each time.
    ACTION_POLL_MS: i64 = "action_poll_seconds", seconds;
    /// Longest of these waits: with the worker, how late the order of a buyer who never comes back may be.
    ACTION_POLL_LIMIT_MS: i64 = "action_poll_limit_seconds", seconds;
    /// Whether money is taken with the order (`true`) or later (`false`: it stays authorized).
    PAYMENT_CAPTURE: bool = "payment_capture_at_order", switch;
    /// Tries of a capture before it is given up with an alert (PAY-3).
    PAYMENT_CAPTURE_ATTEMPTS: u32 = "payment_capture_attempts", attempts;
    /// The payment provider's base URL, without `/v1`.
    PAYMENT_BASE_URL: String = "payment_base_url", url;
    /// The payment provider's secret key.
    PAYMENT_API_KEY: String = "payment_api_key", text;
    /// How long the provider may take for one call (CHK-13).
    PAYMENT_TIMEOUT_MS: u64 = "payment_timeout_ms", |text| text.parse().ok().filter(|ms| (1..=120_000).contains(ms)).ok_or("must be 1 to 120000");
    /// Failures within the window that open a circuit breaker (PAY-2).
    BREAKER_FAILURES: u32 = "breaker_failures", attempts;
    /// The window those failures are counted in.
    BREAKER_WINDOW_MS: i64 = "breaker_window_seconds", seconds;
    /// How long an open breaker refuses before one call may try.
    BREAKER_OPEN_MS: i64 = "breaker_open_seconds", seconds;
    /// Tries of a void (CHK-8).
    COMPENSATION_VOID_ATTEMPTS: u32 = "compensation_void_attempts", attempts;
    /// Tries of every other compensation (CHK-8).
    COMPENSATION_ATTEMPTS: u32 = "compensation_attempts", attempts;
    /// First wait after a failed compensation; it grows by itself each time.
    COMPENSATION_WAIT_MS: i64 = "compensation_wait_seconds", seconds;
    /// Longest wait after a failed compensation.
    COMPENSATION_WAIT_LIMIT_MS: i64 = "compensation_wait_limit_seconds", seconds;
    /// Where events go; empty while there is no sink: they wait.
    EVENT_SINK_URL: String = "event_sink_url", sink_url;
    /// The key of the sink's Redis stream.
    EVENT_SINK_STREAM: String = "event_sink_stream", text;
    /// About how many entries that stream keeps; 0 for all.
    EVENT_SINK_STREAM_LIMIT: u64 = "event_sink_stream_limit", |text| text.parse().map_err(|_| "must be a whole number from 0");
    /// The sink's Standard Webhooks secret (`whsec_…`).
    EVENT_SINK_SECRET: String = "event_sink_secret", text;
    /// The `source` of our CloudEvents.
    EVENT_SOURCE: String = "event_source", text;
    /// How long the sink may take for one event.
    EVENT_TIMEOUT_MS: u64 = "event_timeout_ms", |text| text.parse().ok().filter(|ms| (1..=120_000).contains(ms)).ok_or("must be 1 to 120000");
    /// Tries of a delivery (EVT-5).
    OUTBOX_ATTEMPTS: u32 = "outbox_attempts", attempts;
    /// Events one run of the relay takes (WRK-3).
    OUTBOX_BATCH: i64 = "outbox_batch", count;
    /// Rows one run of any other worker takes (WRK-3).
    WORKER_BATCH: i64 = "worker_batch", count;
    /// How long a run goes on taking rows (WRK-3).
    WORKER_BUDGET_MS: i64 = "worker_budget_seconds", seconds;
    /// How long a run has its rows to itself; longer than the budget and one call more.
    WORKER_LEASE_MS: i64 = "worker_lease_seconds", seconds;
    /// Rows of each table that one run of the audit looks at (WRK-5).
    AUDIT_BATCH: i64 = "audit_batch", count;
    /// How long after its time a saga, a compensation or a reservation may be left lying (WRK-5).
    AUDIT_OVERDUE_MS: i64 = "audit_overdue_seconds", seconds;
    /// How long an event may wait for its sink (WRK-5).
    AUDIT_EVENT_AGE_MS: i64 = "audit_event_age_seconds", seconds;
    /// Base64 of the 32 bytes that seal personal data (SEC-3).
    PII_KEY: String = "pii_key", text;
    /// What service tokens are signed with, at least 32 bytes (SEC-1).
    SERVICE_TOKEN_SECRET: String = "service_token_secret", |text| if text.len() >= 32 { Ok(text.to_owned()) } else { Err("must be at least 32 bytes") };
    /// PostgreSQL's connection string, with the session's limits in it; empty for SQLite. `spin-shell` opens it.
    DATABASE_URL: String = "database_url", |text| if text.is_empty() || text.starts_with("postgres://") { Ok(text.to_owned()) } else { Err("must be empty or begin with postgres://") };
    /// What session tokens are signed with, at least 32 bytes (SEC-1).
    SESSION_TOKEN_SECRET: String = "session_token_secret", |text| if text.len() >= 32 { Ok(text.to_owned()) } else { Err("must be at least 32 bytes") };
    /// How long a customer's session token lives (SEC-1).
    SESSION_MS: i64 = "session_seconds", seconds;
    /// The `iss` of customers' tokens; empty while there are none.
    CUSTOMER_ISSUER: String = "customer_issuer", |text| Ok(text.to_owned());
    /// An `aud` of customers' tokens; empty while there are none.
    CUSTOMER_AUDIENCE: String = "customer_audience", |text| Ok(text.to_owned());
    /// The secret shared with the customers' identity provider (HS256); empty for none.
    CUSTOMER_JWT_SECRET: String = "customer_jwt_secret", |text| if text.is_empty() || text.len() >= 32 { Ok(text.to_owned()) } else { Err("must be empty or at least 32 bytes") };
    /// Where the customers' identity provider publishes its keys (RS256, ES256); empty for none.
    CUSTOMER_JWKS_URL: String = "customer_jwks_url", |text| if text.is_empty() { Ok(String::new()) } else { url(text) };
    /// How long those keys are used without asking again.
    CUSTOMER_JWKS_CACHE_MS: i64 = "customer_jwks_cache_seconds", seconds;
    /// How long they are used while the provider does not answer.
    CUSTOMER_JWKS_STALE_MS: i64 = "customer_jwks_stale_seconds", seconds;
    /// How long nobody asks again after somebody has.
    CUSTOMER_JWKS_REFETCH_MS: i64 = "customer_jwks_refetch_seconds", seconds;
    /// How long the provider may take for its keys.
    CUSTOMER_JWKS_TIMEOUT_MS: u64 = "customer_jwks_timeout_ms", |text| text.parse().ok().filter(|ms| (1..=120_000).contains(ms)).ok_or("must be 1 to 120000");
    /// Bytes a request's body may have (SEC-2).
    BODY_LIMIT_BYTES: i64 = "body_limit_bytes", count;
    /// Bytes the body of a bulk import may have.
    IMPORT_BODY_LIMIT_BYTES: i64 = "import_body_limit_bytes", count;
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

fn count(text: &str) -> Result<i64, &'static str> {
    text.parse().ok().filter(|number| *number > 0).ok_or("must be a whole number above 0")
}

fn attempts(text: &str) -> Result<u32, &'static str> {
    text.parse().ok().filter(|number| (1..=1_000).contains(number)).ok_or("must be 1 to 1000")
}

/// Seconds on the outside, milliseconds within.
fn seconds(text: &str) -> Result<i64, &'static str> {
    text.parse::<i64>()
        .ok()
        .filter(|seconds| *seconds > 0)
        .and_then(|seconds| seconds.checked_mul(1_000))
        .ok_or("must be a whole number of seconds above 0")
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
    fn a_sink_is_a_webhook_a_redis_or_nothing() {
        for good in ["", "https://a/b", "http://127.0.0.1:3500/v1.0/publish/pubsub/{type}", "redis://a:6379", "rediss://u:p@a:6379/1"] {
            assert_eq!(check("event_sink_url", good), Ok(()), "{good}");
        }
        for bad in ["a", "ftp://a", "https://"] {
            assert!(check("event_sink_url", bad).is_err(), "{bad}");
        }
    }
}
