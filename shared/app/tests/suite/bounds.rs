//! Bounds: of variables beside one another, of times that key-values claim.

use app::workers::Report;
use serde_json::json;
use world::{Answer, World};

#[test]
fn a_lease_shorter_than_its_calls_stops_what_needs_it_and_is_shown() {
    let world = World::new();
    let config = |world: &World| {
        Answer::of::<api::show_config>(Ok(app::ops::config(&world.ports()))).expect(200)["invalid"]
            .clone()
    };
    assert_eq!(config(&world), json!({}));
    let (ann, session) = world.at_checkout("pm_card_visa");
    world.set("payment_timeout_ms", "20000");
    ann.confirm(&session).expect_problem(503, "configuration_invalid");
    assert!(world.calls().is_empty() && world.rows("select * from saga").is_empty());
    let invalid = config(&world);
    assert_eq!(
        invalid["saga_lease_seconds"],
        "must be at least five times payment_timeout_ms and 5 seconds more",
        "{invalid}"
    );
    world.set("saga_lease_seconds", "105");
    world.set("worker_lease_seconds", "65");
    assert_eq!(config(&world), json!({}));
    ann.confirm(&session).expect(201);
}

#[test]
fn a_workers_lease_that_claims_more_than_there_is_keeps_nobody_out() {
    let world = World::new();
    let run = |held_until_ms: i64| -> Report {
        ports::Kv::set(&world, "lease/saga-recovery", held_until_ms.to_string().as_bytes())
            .unwrap();
        world.recovers().unwrap()
    };
    assert!(run(world.now_ms() + 60_000).skipped, "the longest there is");
    assert!(!run(world.now_ms() + 60_001).skipped);
    assert!(!run(i64::MAX).skipped);
}

#[test]
fn the_configuration_is_described_and_of_a_secret_only_that_it_is_set() {
    let world = World::new();
    let text = serde_json::to_string(&app::ops::config(&world.ports()).body).unwrap();
    let shown: serde_json::Value = serde_json::from_str(&text).unwrap();
    let row = |name: &str| {
        shown["table"].as_array().unwrap().iter().find(|row| row["name"] == name).unwrap().clone()
    };
    let limit = row("cart_share_limit");
    assert_eq!([&limit["value"], &limit["default"]], ["20", "20"], "{limit}");
    assert_eq!([&limit["minimum"], &limit["maximum"]], [1, 1_000], "{limit}");
    assert_eq!(
        (&row("pii_key")["value"], &row("database_url")["value"]),
        (&"set".into(), &"".into())
    );
    assert!(
        row("pii_key").get("default").is_none() && row("saga_lease_seconds")["unit"] == "seconds"
    );
    assert!(!text.contains(world::SINK_SECRET) && !text.contains("sk_test"), "{text}");
    assert_eq!(shown["invalid"], serde_json::json!({}));
}
