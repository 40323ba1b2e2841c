//! Is it well, and what is in force?

use app::ops;
use pollster::block_on;
use ports::{Redis, RedisError};
use serde_json::{Value, json};
use world::{Answer, World};

/// A Redis that answers, or does not.
struct SomeRedis(bool);

impl Redis for SomeRedis {
    fn execute(&self, address: &str, _: &str, _: &[&[u8]]) -> Result<Vec<Vec<u8>>, RedisError> {
        if self.0 {
            Ok(Vec::new())
        } else {
            Err(RedisError::NotSent(format!("nobody has a Redis at {address}")))
        }
    }
}

fn dependencies(world: &World, redis: bool) -> Answer {
    Answer::of::<api::health_dependencies>(Ok(block_on(ops::dependencies(
        &world.ports(),
        &SomeRedis(redis),
    ))))
}

/// What a dependency is said to be.
fn status<'a>(health: &'a Value, name: &str) -> &'a Value {
    let all = health["dependencies"].as_array().unwrap();
    &all.iter().find(|dependency| dependency["name"] == name).unwrap()["status"]
}

#[test]
fn a_shop_with_its_database_is_ready_and_one_without_is_not() {
    let world = World::new();
    assert_eq!(Answer::of::<api::live>(Ok(ops::live())).expect(200), json!({ "status": "ok" }));
    let ready = || Answer::of::<api::health>(Ok(ops::ready(&world.ports())));
    assert_eq!(ready().expect(200)["status"], "ok");
    world.loses_database(0);
    let down = ready();
    assert_eq!(down.retry_after, Some(5));
    assert_eq!(down.expect(503)["status"], "down");
}

#[test]
fn everything_that_is_called_is_looked_at() {
    let world = World::new();
    let health = dependencies(&world, false).expect(200);
    for name in ["database", "key_value", "payment_provider", "event_sink"] {
        assert_eq!(status(&health, name), "ok", "{name}");
    }
    world.set("event_sink_url", "");
    assert_eq!(status(&dependencies(&world, false).expect(200), "event_sink"), "not_configured");
    world.set("event_sink_url", "redis://127.0.0.1:6379/1");
    assert_eq!(status(&dependencies(&world, true).expect(200), "event_sink"), "ok");
    assert_eq!(status(&dependencies(&world, false).expect(503), "event_sink"), "down");
    world.set("event_sink_url", "no address");
    assert_eq!(status(&dependencies(&world, true).expect(503), "event_sink"), "down");
    world.unset("payment_base_url");
    assert_eq!(status(&dependencies(&world, true).expect(503), "payment_provider"), "down");
    world.loses_key_values(true);
    assert_eq!(status(&dependencies(&world, true).expect(503), "key_value"), "down");
}

#[test]
fn what_is_in_force_is_shown_and_what_will_not_do_is_named() {
    let world = World::new();
    world.set("cart_share_limit", "many");
    world.unset("payment_timeout_ms");
    let shown = Answer::of::<api::show_config>(Ok(ops::config(&world.ports()))).expect(200);
    assert_eq!(shown["variables"]["cart_share_limit"], "many");
    let invalid = shown["invalid"].as_object().unwrap();
    for name in ["cart_share_limit", "payment_timeout_ms"] {
        assert!(invalid.contains_key(name), "{name}: {invalid:?}");
    }
    let secret =
        shown["table"].as_array().unwrap().iter().find(|row| row["name"] == "pii_key").unwrap();
    assert_eq!((&secret["secret"], &secret["value"]), (&json!(true), &json!("set")));
}

#[test]
fn a_schema_that_is_here_is_led_nowhere() {
    let world = World::new();
    let there = Answer::of::<api::show_schema>(ops::schema(&world.ports())).expect(200);
    assert_eq!(there["version"], there["needed"]);
    let migrated = Answer::of::<api::migrate>(ops::migrate(&world.ports())).expect(200);
    assert_eq!(migrated["from"], migrated["to"]);
}
