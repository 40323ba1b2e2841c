//! Health, and what is in force.

use e2e::{Settings, Shop};
use serde_json::Value;

// OPS-3
#[test]
fn a_running_shop_is_alive_ready_and_healthy() {
    let shop = Shop::open();
    for path in ["/health/live", "/health/ready", "/health"] {
        let reply = shop.call("GET", path).send();
        reply.expect(200);
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
        assert!(
            reply.header("content-type").is_some_and(|kind| kind.starts_with("application/json")),
            "{path}"
        );
        assert_eq!(shop.call("HEAD", path).send().status, 200, "{path}");
    }
}

// OPS-3: database, KV, provider, sink; each timed.
#[test]
fn dependencies_are_named_and_timed() {
    let shop = Shop::open();
    shop.call("GET", "/health/dependencies").send().problem(401, "credential_missing");
    let reply =
        shop.call("GET", "/health/dependencies").bearer(&shop.token("operations:read")).send();
    let health = reply.expect(200);
    let dependencies = &health["dependencies"];
    let named: Vec<(String, &Value)> = match dependencies {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), value)).collect()
        }
        Value::Array(list) => list
            .iter()
            .map(|value| (value["name"].as_str().unwrap_or_default().to_owned(), value))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            panic!("no dependencies: {health}")
        }
    };
    for (wanted, spellings) in [
        ("database", ["database", "sql"]),
        ("kv", ["kv", "key_value"]),
        ("provider", ["provider", "payment"]),
        ("sink", ["sink", "event_sink"]),
    ] {
        let Some((_, found)) =
            named.iter().find(|(name, _)| spellings.iter().any(|spelling| name.contains(spelling)))
        else {
            panic!("{wanted} is missing: {health}");
        };
        let members = found.as_object().unwrap_or_else(|| panic!("{wanted}: {found}"));
        assert!(
            members.iter().any(|(name, value)| (name.ends_with("_ms") || name.ends_with("_us"))
                && value.is_number()),
            "{wanted} is not timed: {found}"
        );
    }
    let text = health.to_string();
    assert!(
        Settings::keys("event_sink_secret").iter().all(|secret| !text.contains(secret)),
        "{text}"
    );
}

// CFG-1
#[test]
fn the_configuration_is_shown_with_its_secrets_masked() {
    let shop = Shop::open();
    let shown = shop.call("GET", "/api/v1/config").bearer(&shop.token("config:read")).send();
    let text = shown.expect(200).to_string();
    for name in [
        "default_country",
        "default_currency",
        "cart_line_limit",
        "cart_quantity_limit",
        "checkout_session_seconds",
        "reservation_seconds",
        "idempotency_seconds",
        "outbox_batch",
        "compensation_void_attempts",
        "compensation_attempts",
        "payment_timeout_ms",
        "service_token_secret",
        "event_sink_secret",
        "pii_key",
        "payment_api_key",
    ] {
        assert!(text.contains(name), "{name} is missing: {text}");
    }
    // Each with what is to be known of it, and of a secret that it is set.
    let row = |name: &str| {
        let table =
            shown.json()["table"].as_array().cloned().unwrap_or_else(|| panic!("no table: {text}"));
        table
            .into_iter()
            .find(|row| row["name"] == name)
            .unwrap_or_else(|| panic!("{name} is missing: {text}"))
    };
    for variable in config::VARIABLES.iter().filter(|variable| variable.form != config::Form::Host)
    {
        let row = row(variable.name);
        assert_eq!(
            (&row["default"], &row["about"]),
            (&variable.default.into(), &variable.about.into()),
            "{row}"
        );
        assert!(!variable.secret || ["set", ""].contains(&row["value"].as_str().unwrap()), "{row}");
    }
    let limit = row("cart_share_limit");
    assert_eq!(
        (&limit["minimum"], &limit["maximum"], &limit["value"]),
        (&1.into(), &1_000.into(), &"20".into()),
        "{limit}"
    );
    assert_eq!(row("pii_key")["value"], "set");
    assert_eq!(row("saga_lease_seconds")["unit"], "seconds");
    assert_eq!(
        shown.json()["invalid"],
        serde_json::json!({}),
        "a bad value is named, and there is none"
    );
    for name in
        ["service_token_secret", "session_token_secret", "customer_jwt_secret", "event_sink_secret"]
    {
        assert!(
            Settings::keys(name).iter().all(|secret| !text.contains(secret)),
            "a secret is shown"
        );
    }
    assert!(!text.contains("sk_test"), "a secret is shown: {text}");

    shop.call("GET", "/api/v1/config").send().problem(401, "credential_missing");
    shop.call("GET", "/api/v1/config")
        .bearer(&shop.token("catalog:read"))
        .send()
        .problem(403, "scope_missing");
    shop.guest().call("GET", "/api/v1/config").send().problem(401, "credential_invalid");
}
