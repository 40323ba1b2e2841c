//! Goal: the table says what is right, and what it says is kept. Method: every row, its bounds and
//! its rules, against the readers.

use crate::{
    COMPONENTS, Component, Form, Rule, SAGA_LEASE_MS, SERVICE_TOKEN_SECRET, Unit, Unusable,
    VARIABLES, WORKERS, components::Group, variable,
};
use ports::{Config, ConfigError};
use std::collections::BTreeSet;

/// Variables that are bound; of a vault that is sealed, none can be told.
struct Bound(&'static [(&'static str, &'static str)], bool);

impl Config for Bound {
    fn get(&self, name: &str) -> Result<String, ConfigError> {
        if self.1 {
            return Err(ConfigError::Provider {
                name: name.to_owned(),
                reason: "the vault is sealed".to_owned(),
            });
        }
        let found =
            self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        found.ok_or_else(|| ConfigError::Undefined { name: name.to_owned() })
    }
}

/// A vault that tells one variable and is sealed for the next.
struct HalfTold;

impl Config for HalfTold {
    fn get(&self, name: &str) -> Result<String, ConfigError> {
        if name == SAGA_LEASE_MS.name {
            return Ok("60".to_owned());
        }
        Err(ConfigError::Provider {
            name: name.to_owned(),
            reason: "the vault is sealed".to_owned(),
        })
    }
}

fn check(name: &str, text: &str) -> Result<(), &'static str> {
    variable(name).unwrap().check(text, |_| None)
}

fn defaults(name: &str) -> Option<String> {
    variable(name)?.default.map(str::to_owned)
}

#[test]
fn names_are_said_once_and_sorted_by_nothing_else() {
    let names: BTreeSet<&str> = VARIABLES.iter().map(|variable| variable.name).collect();
    assert_eq!(names.len(), VARIABLES.len());
    for variable in VARIABLES {
        assert!(!variable.about.is_empty() && !variable.about.contains('\n'), "{}", variable.name);
    }
}

#[test]
fn every_default_will_do_alone_and_beside_the_others() {
    for variable in VARIABLES {
        let may_be = if variable.secret {
            variable.default.is_none_or(str::is_empty)
        } else {
            variable.default.is_some()
        };
        assert!(
            may_be,
            "{}: a secret has no default, or the empty one that turns it off; everything else has one",
            variable.name
        );
        if let Some(default) = variable.default {
            assert_eq!(variable.check(default, defaults), Ok(()), "{}", variable.name);
        }
        for Rule { holds, .. } in variable.rules {
            assert!(holds.iter().all(|(_, name)| defaults(name).is_some()), "{}", variable.name);
        }
    }
}

#[test]
fn numbers_have_bounds_and_both_ends_will_do() {
    for variable in VARIABLES {
        let Form::Number { low, high, unit } = variable.form else {
            assert!(
                variable.default.is_none_or(|text| text.parse::<i64>().is_err()),
                "{} is a number without bounds",
                variable.name
            );
            continue;
        };
        for good in [low, high] {
            assert_eq!(
                variable.check(&good.to_string(), |_| None),
                Ok(()),
                "{} {good}",
                variable.name
            );
        }
        for bad in [
            (low - 1).to_string(),
            (high + 1).to_string(),
            i64::MAX.to_string(),
            "1e3".to_owned(),
            String::new(),
        ] {
            let right = variable.check(&bad, |_| None).unwrap_err();
            assert_eq!(Some(right), variable.right(), "{} {bad:?}", variable.name);
            assert!(
                right.contains(&low.to_string()) && right.contains(&high.to_string()),
                "{right}"
            );
        }
        let named = |suffix| variable.name.ends_with(suffix);
        assert_eq!(unit == Unit::Seconds, named("_seconds"), "{}", variable.name);
        assert_eq!(unit == Unit::Milliseconds, named("_ms"), "{}", variable.name);
        assert_eq!(unit == Unit::Bytes, named("_bytes"), "{}", variable.name);
    }
    assert_eq!(
        check("saga_lease_seconds", "soon"),
        Err("must be a whole number of seconds from 2 to 3600")
    );
}

#[test]
fn a_rule_says_what_it_compares() {
    for variable in VARIABLES {
        for rule in variable.rules {
            for (_, other) in rule.holds {
                assert!(
                    crate::variable(other).is_some() && rule.right.contains(other),
                    "{}: {rule:?}",
                    variable.name
                );
            }
        }
    }
}

#[test]
fn a_rule_is_kept_at_its_edge_and_broken_below() {
    let lease = |lease: &str, timeout: Option<&'static str>| {
        let value_of = |name: &str| {
            if name == "payment_timeout_ms" { timeout.map(str::to_owned) } else { None }
        };
        variable("saga_lease_seconds").unwrap().check(lease, value_of).err()
    };
    let right = Some("must be at least five times payment_timeout_ms and 5 seconds more");
    assert_eq!(lease("55", Some("10000")), None);
    assert_eq!(lease("54", Some("10000")), right);
    assert_eq!(lease("60", Some("11001")), right);
    assert_eq!(lease("54", None), None, "a component without the other cannot compare");
    assert_eq!(lease("54", Some("soon")), None, "a value that will not do is named by itself");
}

#[test]
fn a_reader_tells_what_is_not_bound_from_what_is_not_told() {
    let name = SERVICE_TOKEN_SECRET.name;
    let nothing = Bound(&[], false);
    assert_eq!(SERVICE_TOKEN_SECRET.bound(&nothing), Ok(None));
    assert_eq!(SERVICE_TOKEN_SECRET.read(&nothing), Err(Unusable::Unbound { name }));
    assert_eq!(SERVICE_TOKEN_SECRET.or_default(&nothing), Err(Unusable::Unbound { name }));
    let sealed = Bound(&[("service_token_secret", "0123456789abcdef0123456789abcdef")], true);
    let away = Unusable::Away { name, reason: "the vault is sealed".to_owned() };
    assert_eq!(SERVICE_TOKEN_SECRET.read(&sealed), Err(away.clone()));
    assert_eq!(
        SERVICE_TOKEN_SECRET.bound(&sealed),
        Err(away),
        "it is not known whether there is one"
    );
    assert!(
        matches!(crate::BODY_LIMIT_BYTES.or_default(&sealed), Err(Unusable::Away { .. })),
        "no limit is guessed"
    );
    // Nor is a rule said to be kept that could not be looked at.
    let half = HalfTold;
    assert!(matches!(
        SAGA_LEASE_MS.read(&half),
        Err(Unusable::Away { name: "saga_lease_seconds", .. })
    ));
    let short = Bound(&[("service_token_secret", "short")], false);
    let wrong = SERVICE_TOKEN_SECRET.read(&short).unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "variable service_token_secret: must be secrets of at least 32 bytes each"
    );
}

// SEC-5
#[test]
fn a_key_is_a_list_and_none_of_it_is_weak() {
    let (old, new) = ("0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210");
    for list in [format!("{new},{old}"), format!("{new} {old}"), format!(" {new},\n  {old}, ")] {
        let keys = crate::form::signing_keys(&list).unwrap();
        assert_eq!(
            (keys.first(), keys.all().collect::<Vec<_>>()),
            (new, vec![new, old]),
            "{list:?}"
        );
        assert_eq!(format!("{keys:?}"), "Keys(redacted)");
    }
    let sealing = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    for name in ["service_token_secret", "session_token_secret", "customer_jwt_secret", "pii_key"] {
        let one = if name == "pii_key" { sealing } else { old };
        assert_eq!(check(name, &format!("{one}, {one}")), Ok(()), "{name}");
        for weak in [&one[..31], &format!("{one}, short"), ",", " "] {
            assert!(check(name, weak).is_err(), "{name} {weak:?}");
        }
    }
    for bad in [&sealing[..43], &format!("{sealing}="), &sealing.replace('A', "-")] {
        assert!(check("pii_key", bad).is_err(), "{bad}");
    }
    assert!(check("event_sink_secret", " , ").is_err());
}

#[test]
fn a_reader_keeps_the_rules() {
    let bound = Bound(&[("saga_lease_seconds", "54"), ("payment_timeout_ms", "10000")], false);
    assert!(matches!(
        SAGA_LEASE_MS.read(&bound),
        Err(Unusable::Wrong { name: "saga_lease_seconds", .. })
    ));
    assert_eq!(crate::PAYMENT_TIMEOUT_MS.read(&bound), Ok(10_000));
    assert_eq!(SAGA_LEASE_MS.read(&Bound(&[("saga_lease_seconds", "54")], false)), Ok(54_000));
    assert_eq!(SAGA_LEASE_MS.or_default(&Bound(&[], false)), Ok(60_000));
}

#[test]
fn a_password_in_a_url_is_not_shown() {
    let shown = |name: &str, value: &str| variable(name).unwrap().shown(value.to_owned());
    for (value, expect) in [
        ("redis://user:pass@host:6379/1", "redis://***@host:6379/1"),
        ("redis://:p@ss@host", "redis://***@host"),
        ("https://host/a@b", "https://host/a@b"),
        ("", ""),
        ("an@example.com", "an@example.com"),
    ] {
        assert_eq!(shown("event_sink_url", value), expect);
    }
    assert_eq!(shown("pii_key", "a"), "***");
}

#[test]
fn a_sink_is_a_webhook_a_redis_or_nothing() {
    // In clear only on this machine, of whatever goes over HTTP.
    for name in ["payment_base_url", "customer_jwks_url", "event_sink_url"] {
        for good in [
            "https://a",
            "https://a:8443/b",
            "http://localhost",
            "http://localhost:3500/v1",
            "http://127.0.0.1:1/",
            "http://127.9.9.9",
            "http://[::1]:80/x",
        ] {
            assert_eq!(check(name, good), Ok(()), "{name} {good}");
        }
        for bad in [
            "http://a",
            "http://a.localhost",
            "http://localhost.example",
            "http://127.0.0.1.example",
            "http://user@127.0.0.1",
            "http://localhost:x@a/",
            "http://127.0.0.1@a",
            "http://[::2]",
            "http://10.0.0.1",
            "http://",
            "https:///x",
            "http:///127.0.0.1",
            "http://localhost:99999",
        ] {
            assert!(check(name, bad).is_err(), "{name} {bad}");
        }
    }
    for good in [
        "",
        "https://a/b",
        "http://127.0.0.1:3500/v1.0/publish/pubsub/{type}",
        "redis://a:6379",
        "rediss://u:p@a:6379/1",
    ] {
        assert_eq!(check("event_sink_url", good), Ok(()), "{good}");
    }
    for bad in ["a", "ftp://a", "https://"] {
        assert!(check("event_sink_url", bad).is_err(), "{bad}");
    }
}

#[test]
fn every_variable_has_a_reader_and_every_group_a_component() {
    let all: Vec<Component> = components().collect();
    for variable in VARIABLES {
        let read = all
            .iter()
            .filter(|component| !component.groups.contains(&Group::Everything))
            .any(|component| {
                let needs = component.needs();
                needs.hosts.contains(&variable.name) || needs.variables.contains(&variable.name)
            });
        assert!(read, "nothing reads {}", variable.name);
        assert!(
            variable
                .readers
                .iter()
                .all(|group| all.iter().any(|component| component.groups.contains(group))),
            "{}",
            variable.name
        );
    }
}

#[test]
fn schedules_have_six_fields_and_workers_one_name() {
    for worker in WORKERS {
        assert_eq!(
            worker.schedule.split_whitespace().count(),
            6,
            "{}: Spin takes six fields, seconds first",
            worker.name
        );
        assert_eq!(worker.component, format!("workers-{}", worker.name));
        assert_eq!(worker.path, format!("/internal/workers/{}", worker.name));
        assert!(
            COMPONENTS.iter().all(|component| component.id != worker.component),
            "{} is declared twice",
            worker.component
        );
    }
}

fn components() -> impl Iterator<Item = Component> {
    let workers = WORKERS.iter().map(|worker| Component::named(worker.component).unwrap());
    COMPONENTS.iter().copied().chain(workers)
}
