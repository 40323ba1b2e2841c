//! The table of variables: name, default, form, readers, and what each must be beside others.

use crate::{
    components::Group::{
        self, Agreements, Audit, Bodies, Browsers, Buyers, Cancels, CartLines, CartQuantities,
        CartRecovery, CartShares, CartTimes, Checkouts, Database, Deliveries, Health, Identity,
        Imports, NewCarts, Payment, Personal, Promotions, Quotes, Receivers, Replays, Retention,
        Returns, Runs, Saga, Services, Shoppers, Sink, Told, Webhooks, Worker,
    },
    form::{
        Form, Keys, Origins, form, not_empty, or_empty, origin, origins, parsed, postgres_url,
        sealing_keys, signing_keys, signing_keys_if_any, sink_url, url,
    },
    setting::{Rule, Setting, broken},
};
use domain::{ids::Country, money::Currency};

/// A row of the table.
#[derive(Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// What it is unless it is set; without one it must be set, or the application does not start.
    pub default: Option<&'static str>,
    /// Whether its value is shown to nobody.
    pub secret: bool,
    /// The form of its text.
    pub form: Form,
    /// Who reads it; of a host, who may reach it. Beside them, whoever shows all variables.
    pub readers: &'static [Group],
    /// What it must be beside others.
    pub rules: &'static [Rule],
    /// Reads a text as its reader would.
    check: fn(&str) -> Result<(), &'static str>,
}

impl Variable {
    /// Whether `text` would do, and would do beside the others whose texts `value_of` knows.
    ///
    /// # Errors
    /// What would be right.
    pub fn check(
        &self,
        text: &str,
        value_of: impl Fn(&str) -> Option<String>,
    ) -> Result<(), &'static str> {
        (self.check)(text)?;
        let value_of =
            |name: &str| if name == self.name { Some(text.to_owned()) } else { value_of(name) };
        broken(self.name, self.rules, value_of).map_or(Ok(()), |rule| Err(rule.right))
    }

    /// What its text must be; nothing where any will do.
    #[must_use]
    pub fn right(&self) -> Option<&'static str> {
        match self.form {
            // No number is two dashes.
            Form::Number { .. } => (self.check)("--").err(),
            Form::Text(right) | Form::KnownHost(right) => Some(right),
            Form::Any | Form::Host => None,
        }
    }

    /// Its value as it may be shown: of a secret nothing, of a URL not its user and its password.
    #[must_use]
    pub fn shown(&self, value: String) -> String {
        if self.secret {
            return "***".to_owned();
        }
        let authority_at = value.find("://").map_or(0, |at| at.saturating_add(3));
        let (scheme, rest) = value.split_at_checked(authority_at).unwrap_or(("", &value));
        let (authority, path) =
            rest.find('/').and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
        match authority.rsplit_once('@') {
            Some((_, host)) if !scheme.is_empty() => format!("{scheme}***@{host}{path}"),
            Some(_) | None => value,
        }
    }
}

/// The row of the variable `name`.
#[must_use]
pub fn variable(name: &str) -> Option<&'static Variable> {
    VARIABLES.iter().find(|variable| variable.name == name)
}

/// One row per variable: `CONSTANT: type = "name" default("…") form(…) [readers]`, and then its
/// rules.
///
/// `default("…")` is what it is unless it is set; `secret("…")` the same for a secret, and
/// `secret()` one that must be set.
macro_rules! variables {
    ($(
        $(#[doc = $about:literal])+
        $constant:ident: $type:ty = $name:literal $given:ident($($default:literal)?) $form:ident($($bounds:tt)*) [$($reader:expr),*]
        $({ $holds:expr, $spare_ms:literal, $right:literal, $otherwise:literal })*;
    )+) => {
        $($(#[doc = $about])+ pub const $constant: Setting<$type> = Setting {
            name: $name,
            parse: form!(@read $form $($bounds)*),
            default: variables!(@default $($default)?),
            rules: &[$(Rule { holds: $holds, spare_ms: $spare_ms, right: $right, otherwise: $otherwise }),*],
        };)+

        /// All of them.
        pub const VARIABLES: &[Variable] = &[$(Variable {
            name: $name,
            about: concat!($($about),+).trim_ascii(),
            default: variables!(@default $($default)?),
            secret: variables!(@secret $given),
            form: form!(@form $form $($bounds)*),
            readers: &[$($reader),*],
            rules: $constant.rules,
            check: |text| ($constant.parse)(text).map(|_| ()),
        }),+];
    };
    (@default $default:literal) => { Some($default) };
    (@default) => { None };
    (@secret default) => { false };
    (@secret secret) => { true };
}

variables! {
    /// Currency of a cart that names none.
    DEFAULT_CURRENCY: Currency = "default_currency" default("USD")
        must("be three capital letters" parsed) [NewCarts];
    /// Country of a cart that names none.
    DEFAULT_COUNTRY: Country = "default_country" default("VN")
        must("be two capital letters" parsed) [NewCarts];
    /// Lines a cart may have.
    CART_LINE_LIMIT: i64 = "cart_line_limit" default("1000") number(1 to 1_000) [CartLines];
    /// Units a line may have.
    CART_QUANTITY_LIMIT: i64 = "cart_quantity_limit" default("10000")
        number(1 to 10_000) [CartLines, CartQuantities];
    /// How long a guest's cart lives untouched.
    CART_GUEST_IDLE_MS: i64 = "cart_guest_idle_seconds" default("3600")
        seconds(60 to 31_536_000) [CartTimes]
        {
            &[(1, CHECKOUT_SESSION_MS.name)], 0, "must be at least checkout_session_seconds",
            "a cart ends while its buyer pays"
        };
    /// How long a customer's cart lives untouched.
    CART_CUSTOMER_IDLE_MS: i64 = "cart_customer_idle_seconds" default("86400")
        seconds(60 to 31_536_000) [CartTimes]
        {
            &[(1, CHECKOUT_SESSION_MS.name)], 0, "must be at least checkout_session_seconds",
            "a cart ends while its buyer pays"
        };
    /// How long the lines of an expired cart are kept for its owner's return.
    CART_RECOVERY_MS: i64 = "cart_recovery_seconds" default("2592000")
        seconds(60 to 31_536_000) [CartRecovery];
    /// How long a share of a cart lives when the request names no time.
    CART_SHARE_MS: i64 = "cart_share_seconds" default("604800")
        seconds(60 to 31_536_000) [CartShares];
    /// How long a share of a cart may live at most.
    CART_SHARE_MAX_MS: i64 = "cart_share_max_seconds" default("2592000")
        seconds(60 to 31_536_000) [CartShares]
        {
            &[(1, CART_SHARE_MS.name)], 0, "must be at least cart_share_seconds",
            "the default life of a share is longer than the longest that is allowed"
        };
    /// Live shares a cart may have.
    CART_SHARE_LIMIT: i64 = "cart_share_limit" default("20") number(1 to 1_000) [CartShares];
    /// How long a checkout session lives.
    CHECKOUT_SESSION_MS: i64 = "checkout_session_seconds" default("1800")
        seconds(60 to 86_400) [Checkouts]
        {
            &[(1, RESERVATION_MS.name)], 0, "must be at least reservation_seconds",
            "stock is held for a session that is over"
        };
    /// How long stock is held for a confirm.
    RESERVATION_MS: i64 = "reservation_seconds" default("900") seconds(30 to 86_400) [Saga]
        {
            &[(1, SAGA_LEASE_MS.name)], 0, "must be at least saga_lease_seconds",
            "the stock is gone before a driver that has its answer can make the order"
        };
    /// The age from which a session's prices have the warning `prices_stale`.
    PRICE_STALE_MS: i64 = "price_stale_seconds" default("600") seconds(1 to 86_400) [Quotes, Agreements];
    /// How far a total, its shipping included, may move before the buyer is asked again, in
    /// hundredths of a percent: 500 is 5 %.
    PRICE_TOLERANCE_BASIS_POINTS: u32 = "price_tolerance_basis_points" default("500")
        basis_points(0 to 10_000) [Agreements];
    /// Whether any increase of a total asks the buyer again; `false`: one within the tolerance is
    /// charged.
    PRICE_REFUSE_ANY_INCREASE: bool = "price_refuse_any_increase" default("true")
        must("be true or false" parsed) [Agreements];
    /// How long a buyer whose confirm has become an order, or has failed, waits before the next one; a
    /// card that was refused and a total that moved are no failures, and the same key may be sent
    /// again at once. 0: nobody waits.
    CONFIRM_COOL_DOWN_MS: i64 = "confirm_cool_down_seconds" default("30")
        seconds(0 to 3_600) [Agreements];
    /// The score from which an order waits for a person, its money held (`docs/fraud.md`).
    FRAUD_REVIEW_SCORE: i64 = "fraud_review_score" default("50") number(1 to 1_000) [Saga];
    /// The score from which a confirm becomes no order.
    FRAUD_DENY_SCORE: i64 = "fraud_deny_score" default("100") number(1 to 1_000) [Saga]
        {
            &[(1, FRAUD_REVIEW_SCORE.name)], 0, "must be at least fraud_review_score",
            "what a person would look at is denied before"
        };
    /// How long an order waits for a person at most; then it is denied. A provider lets a hold go
    /// after 7 days.
    FRAUD_REVIEW_MS: i64 = "fraud_review_seconds" default("259200")
        seconds(60 to 518_400) [Saga];
    /// How long an order waits for a payment that is made elsewhere; then it is cancelled.
    PENDING_ORDER_MS: i64 = "pending_order_seconds" default("1800")
        seconds(60 to 31_536_000) [Saga];
    /// How long an order stands whose money could not be taken, before anything of it has left; then it
    /// is cancelled.
    UNPAID_ORDER_MS: i64 = "unpaid_order_seconds" default("86400")
        seconds(60 to 31_536_000) [Saga];
    /// How long after all of an order has arrived that was to be paid at the door it is taken to be
    /// paid; 0: somebody has to say so.
    CASH_COLLECT_MS: i64 = "cash_collect_seconds" default("604800")
        seconds(0 to 31_536_000) [Saga, Deliveries];
    /// Whether promotions and codes take anything off; `false` ends them all at once.
    PROMOTIONS_ENABLED: bool = "promotions_enabled" default("true")
        must("be true or false" parsed) [Promotions];
    /// Whether an order may come from several warehouses; `false`: it comes from one that has all of
    /// it, or there is not enough.
    MULTI_WAREHOUSE_ENABLED: bool = "multi_warehouse_enabled" default("true")
        must("be true or false" parsed) [Promotions];
    /// Whether guests may check out; `false`: only customers, whose session is signed in, begin one.
    GUEST_CHECKOUT_ENABLED: bool = "guest_checkout_enabled" default("true")
        must("be true or false" parsed) [Checkouts];
    /// Whether pieces of an order may be cancelled; `false`: only the whole of it.
    PARTIAL_CANCELLATION_ENABLED: bool = "partial_cancellation_enabled" default("true")
        must("be true or false" parsed) [Cancels];
    /// Whether buyers may ask to send goods back; `false`: nobody may, and what was asked for before
    /// goes on.
    RETURNS_ENABLED: bool = "returns_enabled" default("true")
        must("be true or false" parsed) [Returns];
    /// How long after all of an order has arrived a buyer may ask to send goods back. A service may
    /// ask at any time.
    RETURN_WINDOW_MS: i64 = "return_window_seconds" default("2592000")
        seconds(60 to 31_536_000) [Returns];
    /// How long a stored reply answers replays.
    IDEMPOTENCY_MS: i64 = "idempotency_seconds" default("86400") seconds(60 to 31_536_000) [Replays]
        {
            &[(1, CHECKOUT_SESSION_MS.name)], 0, "must be at least checkout_session_seconds",
            "a request of a checkout that is sent again is done again"
        };
    /// How long published and resolved events, the keys of confirms, and checkout sessions without
    /// an order are kept.
    RECORD_RETENTION_MS: i64 = "record_retention_seconds" default("2592000")
        seconds(3_600 to 315_360_000) [Retention]
        {
            &[(1, IDEMPOTENCY_MS.name)], 0, "must be at least idempotency_seconds",
            "a confirm whose reply was lost is not answered by it any more"
        };
    /// How long one driver has a saga to itself.
    SAGA_LEASE_MS: i64 = "saga_lease_seconds" default("60") seconds(2 to 3_600) [Saga]
        { &[(5, PAYMENT_TIMEOUT_MS.name)], 5_000,
          "must be at least five times payment_timeout_ms and 5 seconds more",
          "a driver that waits for its provider is overtaken while it still asks" };
    /// How long recovery waits between two looks at a saga.
    SAGA_RETRY_MS: i64 = "saga_retry_seconds" default("10") seconds(1 to 3_600) [Saga];
    /// The first wait before recovery asks the provider whether a buyer has answered their bank.
    /// Each later wait is longer by as much.
    ACTION_POLL_MS: i64 = "action_poll_seconds" default("15") seconds(1 to 3_600) [Saga];
    /// The longest of these waits. With the worker's schedule it says how late the order is of a
    /// buyer who pays and does not come back.
    ACTION_POLL_LIMIT_MS: i64 = "action_poll_limit_seconds" default("45") seconds(1 to 3_600) [Saga]
        {
            &[(1, ACTION_POLL_MS.name)], 0, "must be at least action_poll_seconds",
            "the first wait is longer than the longest"
        };
    /// Whether money is taken with the order; `false`: it stays authorized.
    PAYMENT_CAPTURE: bool = "payment_capture_at_order" default("true")
        must("be true or false" parsed) [Saga];
    /// How long money may stay held for an order. Then it is captured, with an alert, before the
    /// provider lets it go: a card's is held for 7 days at Stripe.
    CAPTURE_LATEST_MS: i64 = "capture_latest_seconds" default("518400")
        seconds(60 to 31_536_000) [Saga];
    /// Failed tries of a capture after which an alert is raised.
    PAYMENT_CAPTURE_ATTEMPTS: u32 = "payment_capture_attempts" default("10")
        number(1 to 1_000) [Saga];
    /// The payment provider, without /v1. Its host must stand in `payment_host` too.
    PAYMENT_BASE_URL: String = "payment_base_url" default("https://api.stripe.com")
        must("be an absolute https URL, or http on this machine" url) [Payment, Health];
    /// The host that components that pay may reach.
    PAYMENT_HOST: String = "payment_host" default("https://api.stripe.com")
        host() [Payment, Health];
    /// The payment provider's secret key.
    PAYMENT_API_KEY: String = "payment_api_key" secret() must("not be empty" not_empty) [Payment];
    /// How long the provider may take for one call.
    PAYMENT_TIMEOUT_MS: u64 = "payment_timeout_ms" default("10000")
        milliseconds(100 to 60_000) [Payment];
    /// Failures of a provider or sink within the window that open its circuit breaker.
    BREAKER_FAILURES: u32 = "breaker_failures" default("5")
        number(1 to 1_000) [Payment, Sink, Identity];
    /// The window those failures are counted in.
    BREAKER_WINDOW_MS: i64 = "breaker_window_seconds" default("30")
        seconds(1 to 3_600) [Payment, Sink, Identity];
    /// How long an open breaker refuses before one call may try.
    BREAKER_OPEN_MS: i64 = "breaker_open_seconds" default("10")
        seconds(1 to 3_600) [Payment, Sink, Identity];
    /// Failed tries of a void after which an alert is raised.
    COMPENSATION_VOID_ATTEMPTS: u32 = "compensation_void_attempts" default("5")
        number(1 to 1_000) [Payment];
    /// Failed tries of every other compensation after which an alert is raised.
    COMPENSATION_ATTEMPTS: u32 = "compensation_attempts" default("10") number(1 to 1_000) [Payment];
    /// First wait after a failed capture or compensation; it grows by itself each time.
    COMPENSATION_WAIT_MS: i64 = "compensation_wait_seconds" default("30")
        seconds(1 to 3_600) [Payment];
    /// Where that growth ends; from there the wait doubles, up to an hour.
    COMPENSATION_WAIT_LIMIT_MS: i64 = "compensation_wait_limit_seconds" default("300")
        seconds(1 to 86_400) [Payment]
        {
            &[(1, COMPENSATION_WAIT_MS.name)], 0, "must be at least compensation_wait_seconds",
            "the first wait is longer than the longest"
        };
    /// How long a capture, a compensation or an event is tried from its first failure on, before it
    /// is dead. It must be longer than an outage, and short enough that an operator hears of it.
    /// Nothing is dead before its tenth try.
    GIVE_UP_MS: i64 = "give_up_seconds" default("259200")
        seconds(3_600 to 2_592_000) [Payment, Sink];
    /// Where events go: a webhook, Dapr's publish API, or a server with Redis streams
    /// (redis://host:port); {type} in it becomes the event's type; empty while there is no sink:
    /// they wait. Its host must stand in `event_sink_host` too.
    EVENT_SINK_URL: String = "event_sink_url" default("")
        must("be an absolute https, redis or rediss URL, or http on this machine, or empty"
             |text| or_empty(text, sink_url)) [Sink, Receivers, Audit, Health];
    /// The host that the relay may reach: https://host, or redis://host:port.
    EVENT_SINK_HOST: String = "event_sink_host" default("") host() [Sink, Health];
    /// The key of the stream, on Redis; {type} in it becomes the event's type.
    EVENT_SINK_STREAM: String = "event_sink_stream" default("edgetill:events")
        must("not be empty" not_empty) [Sink];
    /// About how many entries the stream keeps, the newest; 0 keeps all.
    EVENT_SINK_STREAM_LIMIT: u64 = "event_sink_stream_limit" default("0")
        number(0 to 1_000_000_000) [Sink];
    /// The sink's Standard Webhooks secrets, each `whsec_` and the base64 of 24 to 64 bytes: an
    /// event is signed with all of them.
    EVENT_SINK_SECRET: Keys = "event_sink_secret" secret() must("not be empty" parsed) [Sink];
    /// A host that receivers of events may have: their URLs begin with it.
    RECEIVER_HOST1: String = "receiver_host1" default("")
        known_host("be https://host, with a port if it has one, or http on this machine, or empty"
                   |text| or_empty(text, origin)) [Receivers];
    /// Another.
    RECEIVER_HOST2: String = "receiver_host2" default("")
        known_host("be https://host, with a port if it has one, or http on this machine, or empty"
                   |text| or_empty(text, origin)) [Receivers];
    /// Another.
    RECEIVER_HOST3: String = "receiver_host3" default("")
        known_host("be https://host, with a port if it has one, or http on this machine, or empty"
                   |text| or_empty(text, origin)) [Receivers];
    /// Another.
    RECEIVER_HOST4: String = "receiver_host4" default("")
        known_host("be https://host, with a port if it has one, or http on this machine, or empty"
                   |text| or_empty(text, origin)) [Receivers];
    /// Another.
    RECEIVER_HOST5: String = "receiver_host5" default("")
        known_host("be https://host, with a port if it has one, or http on this machine, or empty"
                   |text| or_empty(text, origin)) [Receivers];
    /// Another.
    RECEIVER_HOST6: String = "receiver_host6" default("")
        known_host("be https://host, with a port if it has one, or http on this machine, or empty"
                   |text| or_empty(text, origin)) [Receivers];
    /// Another.
    RECEIVER_HOST7: String = "receiver_host7" default("")
        known_host("be https://host, with a port if it has one, or http on this machine, or empty"
                   |text| or_empty(text, origin)) [Receivers];
    /// Another.
    RECEIVER_HOST8: String = "receiver_host8" default("")
        known_host("be https://host, with a port if it has one, or http on this machine, or empty"
                   |text| or_empty(text, origin)) [Receivers];
    /// The source of our CloudEvents.
    EVENT_SOURCE: String = "event_source" default("https://shop.example/edgetill")
        must("not be empty" not_empty) [Sink, Receivers];
    /// How long the sink, or a receiver, may take for one event.
    EVENT_TIMEOUT_MS: u64 = "event_timeout_ms" default("5000")
        milliseconds(100 to 60_000) [Sink, Receivers];
    /// The component of Dapr's by which it brings the events of others: what `/dapr/subscribe` names.
    EVENT_PUBSUB: String = "event_pubsub" default("pubsub") must("not be empty" not_empty) [Told];
    /// Failed tries of an event, to the sink or a receiver, after which an alert is raised.
    OUTBOX_ATTEMPTS: u32 = "outbox_attempts" default("10") number(1 to 1_000) [Sink];
    /// Events the relay takes at once, for the sink or a receiver; it goes on as long as it has time.
    OUTBOX_BATCH: i64 = "outbox_batch" default("50") number(1 to 1_000) [Sink];
    /// Rows one run of any other worker takes.
    WORKER_BATCH: i64 = "worker_batch" default("50") number(1 to 1_000) [Worker];
    /// How long a run goes on taking rows.
    WORKER_BUDGET_MS: i64 = "worker_budget_seconds" default("20") seconds(1 to 600) [Worker, Sink];
    /// How long a run has its rows to itself.
    WORKER_LEASE_MS: i64 = "worker_lease_seconds" default("60")
        seconds(2 to 3_600) [Worker, Sink, Audit, Payment]
        { &[(1, WORKER_BUDGET_MS.name), (2, PAYMENT_TIMEOUT_MS.name)], 5_000,
          "must be at least worker_budget_seconds, twice payment_timeout_ms and 5 seconds more",
          "two runs try one compensation" }
        { &[(1, WORKER_BUDGET_MS.name), (1, EVENT_TIMEOUT_MS.name)], 5_000,
          "must be at least worker_budget_seconds, event_timeout_ms and 5 seconds more",
          "two relays send one event" };
    /// Whether GET runs a worker, with its token as ?token= for schedulers that send neither
    /// headers nor POST. POST and schedules always do.
    WORKER_GET_ENABLED: bool = "worker_get_enabled" default("false")
        must("be true or false" parsed) [Runs];
    /// Rows of each table that one run of the audit looks at.
    AUDIT_BATCH: i64 = "audit_batch" default("500") number(1 to 10_000) [Audit];
    /// How late a saga, a compensation or a reservation may be before the audit reports it.
    AUDIT_OVERDUE_MS: i64 = "audit_overdue_seconds" default("900") seconds(60 to 604_800) [Audit]
        { &[(1, SAGA_LEASE_MS.name), (1, WORKER_LEASE_MS.name)], 0,
          "must be at least saga_lease_seconds and worker_lease_seconds together",
          "the audit reports rows that a driver or a worker still has" };
    /// How long an event may wait for its sink before the audit reports it.
    AUDIT_EVENT_AGE_MS: i64 = "audit_event_age_seconds" default("3600")
        seconds(60 to 604_800) [Audit];
    /// How long a customer's session token lives.
    SESSION_MS: i64 = "session_seconds" default("900") seconds(60 to 86_400) [Identity];
    /// The iss of customers' tokens; empty while there are none.
    CUSTOMER_ISSUER: String = "customer_issuer" default("") any() [Identity];
    /// An aud of customers' tokens; empty while there are none.
    CUSTOMER_AUDIENCE: String = "customer_audience" default("") any() [Identity];
    /// Where the customers' identity provider publishes its keys (RS256, ES256, EdDSA); empty for
    /// none.
    /// Its host must stand in `customer_jwks_host` too.
    CUSTOMER_JWKS_URL: String = "customer_jwks_url" default("")
        must("be an absolute https URL, or http on this machine, or empty"
             |text| or_empty(text, url))
        [Identity];
    /// The host of those keys, which the sessions' component may reach.
    CUSTOMER_JWKS_HOST: String = "customer_jwks_host" default("") host() [Identity];
    /// How long those keys are used without asking again.
    CUSTOMER_JWKS_CACHE_MS: i64 = "customer_jwks_cache_seconds" default("300")
        seconds(1 to 86_400) [Identity]
        {
            &[(1, CUSTOMER_JWKS_REFETCH_MS.name)], 0,
            "must be at least customer_jwks_refetch_seconds",
            "keys that are past their time may not be asked for"
        };
    /// How long they are used while the provider does not answer.
    CUSTOMER_JWKS_STALE_MS: i64 = "customer_jwks_stale_seconds" default("86400")
        seconds(1 to 2_592_000) [Identity]
        {
            &[(1, CUSTOMER_JWKS_CACHE_MS.name)], 0, "must be at least customer_jwks_cache_seconds",
            "keys are thrown away while they are still used"
        };
    /// The shortest time between two requests for the keys.
    CUSTOMER_JWKS_REFETCH_MS: i64 = "customer_jwks_refetch_seconds" default("30")
        seconds(1 to 3_600) [Identity];
    /// How long the provider may take for its keys.
    CUSTOMER_JWKS_TIMEOUT_MS: u64 = "customer_jwks_timeout_ms" default("3000")
        milliseconds(100 to 60_000) [Identity];
    /// The secrets shared with the customers' identity provider (HS256), each at least 32 bytes;
    /// empty for none.
    CUSTOMER_JWT_SECRET: Option<Keys> = "customer_jwt_secret" secret("")
        must("be empty or secrets of at least 32 bytes each" signing_keys_if_any) [Identity];
    /// Bytes a request's body may have.
    BODY_LIMIT_BYTES: usize = "body_limit_bytes" default("65536")
        bytes(1_024 to 67_108_864) [Bodies];
    /// Bytes the body of a bulk import may have.
    IMPORT_BODY_LIMIT_BYTES: usize = "import_body_limit_bytes" default("4194304")
        bytes(1_024 to 67_108_864) [Imports];
    /// The origins whose pages may call from a browser, with commas between them, such as
    /// `https://shop.example`; `*` for all; empty for none but the API's own.
    CORS_ALLOWED_ORIGINS: Origins = "cors_allowed_origins" default("")
        must("be *, or origins such as https://shop.example, in lower case, without a path and \
              with commas between them" origins) [Browsers];
    /// How long a browser need not ask again whether a page may call; browsers keep it for two
    /// hours at most.
    CORS_MAX_AGE_MS: i64 = "cors_max_age_seconds" default("600") seconds(1 to 86_400) [Browsers];
    /// What e-mails are hashed with, each at least 32 bytes, so that a person is known again who
    /// has had a promotion: the first writes, all of them find. Empty: keys that are derived from
    /// those of pii_key.
    EMAIL_HASH_KEY: Option<Keys> = "email_hash_key" secret("")
        must("be empty or secrets of at least 32 bytes each" signing_keys_if_any) [Buyers];
    /// What the payment provider signs its webhooks with, each as the provider shows it: all of them
    /// verify. Empty: webhooks are refused, and nothing waits for them.
    PAYMENT_WEBHOOK_SECRET: Option<Keys> = "payment_webhook_secret" secret("")
        must("be empty or secrets of at least 32 bytes each" signing_keys_if_any) [Webhooks];
    /// What wraps the keys that personal data is sealed with, each the base64 of 32 bytes: the first
    /// wraps, all of them unwrap.
    PII_KEY: Keys = "pii_key" secret()
        must("be base64 of 32 bytes, or several of those" sealing_keys) [Personal];
    /// What service tokens are signed with, each at least 32 bytes: all of them verify.
    SERVICE_TOKEN_SECRET: Keys = "service_token_secret" secret()
        must("be secrets of at least 32 bytes each" signing_keys) [Services];
    /// What session tokens are signed with, each at least 32 bytes: the first signs, all of them
    /// verify.
    SESSION_TOKEN_SECRET: Keys = "session_token_secret" secret()
        must("be secrets of at least 32 bytes each" signing_keys) [Shoppers, Identity];
    /// PostgreSQL's connection string; empty with SQLite. The limits of a session belong in it,
    /// because nothing set later outlives the pool's cleaning; with them a guest that dies holds no
    /// lock for long:
    /// postgres://user:password@host:5432/shop?connect_timeout=5&options=-c%20lock_timeout%3D3s%20-c%20statement_timeout%3D10s%20-c%20idle_in_transaction_session_timeout%3D5s
    DATABASE_URL: String = "database_url" secret("")
        must("be empty or begin with postgres://" |text| or_empty(text, postgres_url)) [Database];
    /// PostgreSQL's host, as postgres://host:port; empty with SQLite.
    DATABASE_HOST: String = "database_host" default("") host() [Database];
}
