//! Receivers of events (EVT-7) over days: who is sent what, with which secrets, and what becomes of
//! the others when one is away.

use app::receivers;
use edge::Service;
use pollster::block_on;
use serde_json::{Value, json};
use world::{ALWAYS, Answer, Call, Fault, World, hours, minutes};

fn desk() -> Service {
    Service { subject: "desk".to_owned(), scopes: vec!["events:write".to_owned()] }
}

/// A shop whose receivers may be at `https://erp`.
fn world() -> World {
    let world = World::new();
    world.set("receiver_host3", "https://erp");
    world
}

/// A receiver at a path of its own; its secret.
fn put(world: &World, id: &str, types: &[&str]) -> String {
    let body = json!({ "url": format!("https://erp/sink/{id}"), "types": types, "active": true });
    let put = Answer::of::<api::put_receiver>(receivers::put(
        &world.ports(),
        &desk(),
        &id.parse().unwrap(),
        &serde_json::from_value(body).unwrap(),
    ));
    put.expect(200)["secret"].as_str().unwrap().to_owned()
}

fn rotate(world: &World, id: &str, seconds: i64) -> Value {
    let body = serde_json::from_value(json!({ "old_valid_seconds": seconds })).unwrap();
    Answer::of::<api::rotate_receiver_secret>(receivers::rotate(
        &world.ports(),
        &desk(),
        &id.parse().unwrap(),
        &body,
    ))
    .expect(201)
}

/// The types of what arrived there.
fn arrived(world: &World, id: &str) -> Vec<String> {
    let (_, page) = world.simulator("GET", &format!("/sink/{id}"), &Value::Null);
    let arrivals = page["arrivals"].as_array().unwrap().clone();
    arrivals.iter().map(|it| it["event"]["type"].as_str().unwrap().to_owned()).collect()
}

/// Signatures of what was sent to receivers, the last first.
fn signatures(world: &World) -> Vec<usize> {
    let sent = world.sent().into_iter().rev().filter(|sent| sent.call == Call::Receiver);
    sent.map(|sent| {
        let headers = &sent.request.headers;
        let signature = headers.iter().find(|(name, _)| name == "webhook-signature").unwrap();
        signature.1.split(' ').count()
    })
    .collect()
}

const STATES: &str =
    "select receiver_id, state, count(*) from delivery group by 1, 2 order by 1, 2";

#[test]
fn without_a_sink_events_wait_for_the_first_receiver_and_are_for_receivers_alone() {
    let world = world();
    world.set("event_sink_url", "");
    world.shopper().buys("pm_card_visa");
    world.lives(minutes(2));
    assert_eq!(world.rows("select distinct state, fanned from outbox"), ["pending|0"]);
    put(&world, "erp", &["orders.*"]);
    world.lives(minutes(2));
    assert_eq!(world.rows("select distinct state, fanned from outbox"), ["fanned|1"]);
    let orders: Vec<String> =
        world.events().into_iter().filter(|kind| kind.starts_with("orders.")).collect();
    assert!(!orders.is_empty());
    assert_eq!(arrived(&world, "erp"), orders);
    assert_eq!(world.arrived(), Vec::<String>::new(), "no sink");
    world.is_consistent();
    // And are gone in time.
    world.lives(hours(24 * 31));
    assert_eq!(world.rows("select count(*) from delivery"), ["0"]);
    assert_eq!(
        world.rows("select owner from data_key where owner like 'receiver/%'"),
        ["receiver/erp"]
    );
    world.shopper().buys("pm_card_visa");
    world.lives(minutes(2));
    assert_eq!(arrived(&world, "erp").len(), 2 * orders.len(), "its secret is still there");
}

#[test]
fn a_receiver_away_for_days_is_told_of_once_and_nobody_else_hears_later() {
    let world = world();
    put(&world, "dead", &[]);
    world.fault(&[Call::Receiver], Fault::Status(503), ALWAYS);
    world.shopper().buys("pm_card_visa");
    world.lives(minutes(1));
    assert_eq!(world.arrived().len(), world.events().len(), "the sink has all of it");
    world.lives(hours(71));
    let told = world.alerts();
    assert_eq!(told, ["receiver_failing:dead"], "once, for all of its events");
    assert!(world.rows(STATES).iter().all(|row| row.starts_with("dead|pending|")));
    // Each that is given up lets the next of its subject go, which has its own days.
    for _ in 0..1_500 {
        world.passes(minutes(20));
        world.relays().unwrap();
    }
    assert_eq!(world.alerts(), ["receiver_failing:dead", "receiver_dead:dead"]);
    assert!(
        world.rows(STATES).iter().all(|row| row.starts_with("dead|dead|")),
        "{:?}",
        world.rows(STATES)
    );
    world.is_consistent();
    world.heals();
    world.shopper().buys("pm_card_visa");
    world.lives(minutes(2));
    assert!(!arrived(&world, "dead").is_empty(), "what happens now is sent");
}

#[test]
fn an_answer_that_is_lost_or_a_database_that_goes_away_sends_an_event_again() {
    let world = world();
    put(&world, "erp", &["cart.*"]);
    world.shopper().add("TILL-0001", 1).expect(200);
    world.fault(&[Call::Receiver], Fault::Lost, 1);
    world.lives(minutes(3));
    assert_eq!(arrived(&world, "erp"), ["cart.created", "cart.created", "cart.item_added"]);
    world.shopper().add("TILL-0001", 1).expect(200);
    world.meanwhile(Call::Receiver, |world| world.loses_database(0));
    assert_eq!(world.relays().unwrap_err().code().slug(), "database_unavailable");
    world.heals();
    world.lives(minutes(3));
    assert_eq!(
        world.rows(STATES),
        ["erp|published|4"],
        "its claim has ended, and the next run took it up"
    );
    world.is_consistent();
}

#[test]
fn an_old_secret_signs_until_its_time_is_over() {
    let world = world();
    let first = put(&world, "erp", &["cart.created"]);
    let next = || {
        world.shopper().add("TILL-0001", 1).expect(200);
        world.relays().unwrap();
        signatures(&world)[0]
    };
    assert_eq!(next(), 1);
    let told = rotate(&world, "erp", 3_600);
    assert_ne!(told["secret"], first.as_str());
    assert_eq!(told["old_secrets_until_ms"], world.now_ms() + 3_600_000);
    assert_eq!(next(), 2);
    world.passes(3_599);
    assert_eq!(next(), 2);
    world.passes(1);
    assert_eq!(next(), 1);
    // However often it is asked for.
    for expected in [2, 3, 4, 4] {
        rotate(&world, "erp", 60);
        assert_eq!(next(), expected);
    }
    rotate(&world, "erp", 0);
    assert_eq!(next(), 1);
}

#[test]
fn a_key_that_does_not_open_secrets_stops_receivers_and_not_the_sink() {
    const OLD: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const NEW: &str = "ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A=";
    let world = world();
    put(&world, "erp", &[]);
    world.shopper().add("TILL-0001", 1).expect(200);
    world.set("pii_key", NEW);
    assert_eq!(world.relays().unwrap_err().code().slug(), "configuration_invalid");
    assert_eq!(world.arrived(), world.events(), "the sink has all of it");
    assert_eq!(world.rows(STATES), ["erp|pending|2"], "and nothing was tried");
    assert_eq!(world.rows("select distinct attempts from delivery"), ["0"]);
    // Put back behind the new one, it is wrapped anew, and may go.
    world.set("pii_key", &format!("{NEW} {OLD}"));
    world.rewraps().unwrap();
    world.set("pii_key", NEW);
    world.relays().unwrap();
    assert_eq!(arrived(&world, "erp"), world.events());
}

#[test]
fn a_test_is_one_call_that_counts_for_nothing() {
    let world = world();
    put(&world, "erp", &[]);
    let test = || {
        let told = block_on(receivers::test(&world.ports(), &"erp".parse().unwrap()));
        Answer::of::<api::test_receiver>(told).expect(200)
    };
    assert_eq!(test()["status"], 204);
    world.fault(&[Call::Receiver], Fault::NotSent, ALWAYS);
    for _ in 0..20 {
        let told = test();
        assert_eq!((&told["delivered"], &told["status"]), (&json!(false), &Value::Null));
        assert!(told["error"].as_str().unwrap().contains("connection refused"), "{told}");
    }
    world.heals();
    world.shopper().add("TILL-0001", 1).expect(200);
    world.relays().unwrap();
    assert_eq!(arrived(&world, "erp").len(), 3, "no breaker has opened");
    assert_eq!(world.rows("select count(*) from outbox where type like 'receivers.%'"), ["0"]);
}
