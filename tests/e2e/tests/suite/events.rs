//! Events: written with the change, delivered in order, signed, and telling nobody's name.

use e2e::{Guest, Settings, Shop, Sink, needs_sink, together};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Relays until every event of `aggregate` is out. Others sell meanwhile, so the outbox as a whole
/// is never empty.
fn relay(shop: &Shop, aggregate: &str) -> Vec<Value> {
    let deadline = Instant::now() + Duration::from_secs(90);
    loop {
        let rows = shop.rows("outbox", "aggregate", aggregate);
        if rows.iter().all(|row| row["state"] == "published") {
            return rows;
        }
        assert!(Instant::now() < deadline, "not relayed: {rows:?}");
        shop.run("outbox-relay");
    }
}

/// A cart with a line, all of whose events are out: whose it is, and its aggregate.
fn relayed_cart(shop: &Shop) -> (Guest<'_>, String) {
    let guest = shop.guest();
    guest.add(&shop.sku().create(), 1).expect(200);
    let aggregate = format!("cart/{}", guest.cart_id);
    relay(shop, &aggregate);
    (guest, aggregate)
}

// EVT-1, CHK-14, and what EVT-2 asks of this slice.
#[test]
fn every_event_of_a_purchase_arrives_once_and_in_order() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 3).expect(200);
    guest.setting(&sku, 2).send().expect(200);
    guest.removing(&sku).send().expect(200);
    let order = guest.buy(&sku, 1);
    let order_id = order["order_id"].as_str().unwrap();
    guest.cancelling(order_id).send().expect(200);
    let expected: [(String, &[&str]); 2] = [
        (
            format!("cart/{}", guest.cart_id),
            &[
                "cart.created",
                "cart.item_added",
                "cart.quantity_changed",
                "cart.item_removed",
                "cart.item_added",
                "cart.converted",
            ],
        ),
        (
            format!("order/{order_id}"),
            &[
                "orders.order.created",
                "inventory.stock.committed",
                "orders.order.status_changed",
                "orders.order.cancelled",
            ],
        ),
    ];
    for (aggregate, kinds) in expected {
        let rows = relay(&shop, &aggregate);
        let arrivals = shop.arrivals(&aggregate);
        let written: Vec<&Value> = rows.iter().map(|row| &row["event_id"]).collect();
        let arrived: Vec<&Value> = arrivals.iter().map(|arrival| &arrival["event"]["id"]).collect();
        assert_eq!(arrived, written, "each once, in the order of its aggregate");
        let mut told = arrivals.iter().map(|arrival| arrival["event"]["type"].as_str().unwrap());
        for kind in kinds {
            assert!(
                told.any(|told| told.contains(kind)),
                "{kind} is missing or out of order in {arrivals:#?}"
            );
        }
    }
}

// EVT-4
#[test]
fn an_event_is_a_signed_cloud_event() {
    if !needs_sink(Sink::Webhook, "an_event_is_a_signed_cloud_event") {
        return;
    }
    let shop = Shop::open();
    let (guest, aggregate) = relayed_cart(&shop);
    // SEC-5: signed with each, so that a receiver may know either.
    let verifiers: Vec<_> = Settings::keys("event_sink_secret")
        .iter()
        .map(|secret| standardwebhooks::Webhook::new(secret).unwrap())
        .collect();
    let arrivals = shop.arrivals(&aggregate);
    assert!(!arrivals.is_empty());
    let mut sequence = 0;
    for arrival in &arrivals {
        let header = |name: &str| {
            arrival[name]
                .as_str()
                .unwrap_or_else(|| panic!("no {name}: {arrival}"))
                .parse()
                .unwrap()
        };
        let mut headers = http::HeaderMap::new();
        headers.insert("webhook-id", header("webhook_id"));
        headers.insert("webhook-timestamp", header("webhook_timestamp"));
        headers.insert("webhook-signature", header("webhook_signature"));
        let body = arrival["body"].as_str().unwrap();
        for verifier in &verifiers {
            verifier.verify(body.as_bytes(), &headers).unwrap();
            assert!(verifier.verify(format!("{body} ").as_bytes(), &headers).is_err());
        }

        assert!(
            arrival["content_type"].as_str().unwrap().starts_with("application/cloudevents+json"),
            "{arrival}"
        );
        let event: Value = serde_json::from_str(body).unwrap();
        assert_eq!(event["specversion"], "1.0");
        assert_eq!(event["id"], arrival["webhook_id"]);
        let id = event["id"].as_str().unwrap();
        let groups: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12], "a UUID: {id}");
        assert_eq!(event["subject"], aggregate.as_str());
        assert!(event["source"].as_str().is_some_and(|source| !source.is_empty()));
        assert!(event["type"].as_str().is_some_and(|kind| kind.contains("cart.")));
        assert_eq!(event["datacontenttype"], "application/json");
        let time = event["time"].as_str().unwrap();
        assert!(time.contains('T') && time.ends_with('Z'), "{time}");
        assert_eq!(event["data"]["cart_id"], guest.cart_id.as_str());
        let next: i64 = event["sequence"]
            .as_str()
            .map_or_else(|| event["sequence"].as_i64(), |text| text.parse().ok())
            .unwrap();
        assert!(next > sequence, "the sequence rises");
        sequence = next;
    }
}

// EVT-4
#[test]
fn an_event_is_an_entry_of_a_stream_with_its_attributes() {
    if !needs_sink(Sink::Redis, "an_event_is_an_entry_of_a_stream_with_its_attributes") {
        return;
    }
    let shop = Shop::open();
    let (guest, aggregate) = relayed_cart(&shop);
    let arrivals = shop.arrivals(&aggregate);
    assert!(arrivals.len() >= 2, "{arrivals:?}");
    for arrival in &arrivals {
        let (fields, event) = (&arrival["fields"], &arrival["event"]);
        for attribute in ["specversion", "id", "source", "type", "subject", "time"] {
            assert!(
                fields[attribute].as_str().is_some_and(|text| !text.is_empty()),
                "{attribute} in {fields}"
            );
            assert_eq!(fields[attribute], event[attribute], "{attribute}");
        }
        assert_eq!(event["specversion"], "1.0");
        assert_eq!(event["subject"], aggregate.as_str());
        assert_eq!(event["data"]["cart_id"], guest.cart_id.as_str());
    }
    let health = shop
        .call("GET", "/health/dependencies")
        .bearer(&shop.token("operations:read"))
        .send()
        .expect(200);
    let sink = health["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .find(|dependency| dependency["name"] == "event_sink")
        .unwrap();
    assert_eq!(sink["status"], "ok", "{health}");
}

// EVT-1: a receiver that refuses holds back its aggregate and no other. WRK-4
#[test]
fn an_event_that_was_refused_is_sent_again_before_the_later_ones() {
    // A stream takes what it is given.
    if !needs_sink(Sink::Webhook, "an_event_that_was_refused_is_sent_again_before_the_later_ones") {
        return;
    }
    let shop = Shop::alone();
    let sku = shop.sku().create();
    let (unlucky, lucky) = (shop.guest(), shop.guest());
    let aggregate = format!("cart/{}", unlucky.cart_id);
    shop.sink_refuses(&aggregate, 2);
    for guest in [&unlucky, &lucky] {
        guest.add(&sku, 1).expect(200);
        guest.add(&sku, 1).expect(200);
    }
    relay(&shop, &format!("cart/{}", lucky.cart_id));
    let rows = shop.rows("outbox", "aggregate", &aggregate);
    assert_eq!(rows[0]["state"], "pending", "what was refused is not called published");
    assert!(rows[0]["attempts"].as_i64().unwrap() >= 1);
    assert!(
        rows[1..].iter().all(|row| row["state"] == "pending" && row["attempts"] == 0),
        "{rows:?}"
    );
    for _ in 0..4 {
        shop.advance_ms(60_000);
        shop.run("outbox-relay");
    }
    let rows = relay(&shop, &aggregate);
    assert_eq!(rows[0]["attempts"], 3);
    let arrived: Vec<Value> =
        shop.arrivals(&aggregate).iter().map(|arrival| arrival["event"]["id"].clone()).collect();
    let written: Vec<Value> = rows.iter().map(|row| row["event_id"].clone()).collect();
    assert_eq!(arrived, written);
}

// EVT-1, WRK-2: two relays never publish one row at the same time.
#[test]
fn parallel_relays_deliver_nothing_twice() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guests: Vec<_> = (0..10).map(|_| shop.guest()).collect();
    for guest in &guests {
        guest.add(&sku, 1).expect(200);
    }
    together(6, |_| {
        for _ in 0..3 {
            shop.worker_without_lease("outbox-relay").send().expect(200);
        }
    });
    for guest in &guests {
        let aggregate = format!("cart/{}", guest.cart_id);
        relay(&shop, &aggregate);
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for arrival in shop.arrivals(&aggregate) {
            *times.entry(arrival["event"]["id"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        assert!(times.len() >= 2 && times.values().all(|times| *times == 1), "{times:?}");
    }
}

// SEC-3: ids and facts; whoever needs a name asks with a service token.
#[test]
fn events_tell_nobodys_name() {
    let shop = Shop::open();
    let guest = shop.guest();
    let order = guest.buy(&shop.sku().create(), 1);
    let mut events =
        shop.rows("outbox", "aggregate", &format!("order/{}", order["order_id"].as_str().unwrap()));
    events.extend(shop.rows("outbox", "aggregate", &format!("cart/{}", guest.cart_id)));
    assert!(events.len() >= 4);
    let text = json!(events).to_string();
    for personal in
        ["Minh Khai", "minh.khai", "Hang Bac", "3825 0000", "38250000", guest.token.as_str()]
    {
        assert!(!text.contains(personal), "{personal} in {text}");
    }
    // As a word of its own: ids and hashes have any digits in them.
    let postal_code =
        text.split(|letter: char| !letter.is_ascii_alphanumeric()).find(|word| *word == "100000");
    assert_eq!(postal_code, None, "{text}");
}
