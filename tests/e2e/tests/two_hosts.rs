//! Two hosts of one shop, on one PostgreSQL that takes as many connections as it does by default,
//! with the role and the connection string that `deploy/` hands out, and key-values of their own.
//! `cargo till test` starts them; only HTTP is spoken, so that they can as well be two Spins.
//!
//! What is to be seen: a burst on one function is served or told to come again, and starves no
//! other; and nothing depends on key-values that the other host does not see.

#![cfg(test)]

use e2e::{Guest, Hosts, Reply, together, unique};
use serde_json::json;
use std::{
    io::{self, Write as _},
    thread,
    time::{Duration, Instant},
};

/// Says it past the test harness, which keeps to itself what a test that passes prints.
fn say(what: &str) {
    writeln!(io::stdout(), "two hosts: {what}").expect("standard output can be written");
}

fn statuses(replies: &[Reply]) -> Vec<u16> {
    replies.iter().map(|reply| reply.status).collect()
}

/// The one order there is of a cart, and that it is paid once.
#[track_caller]
fn has_one_paid_order(guest: &Guest<'_>) {
    assert!(guest.has_one_paid_order_or_nothing(), "no order");
}

#[test]
fn after_a_burst_on_one_function_every_function_answers() {
    let hosts = Hosts::alone();
    let sku = hosts.shop.sku().stock(1_000).create();
    let guest = hosts.shop.guest();
    let questions: Vec<_> = hosts.urls().into_iter().flat_map(|url| hosts.questions(url)).collect();
    let begun = Instant::now();
    let replies =
        together(300, |number| hosts.by_turns(number, guest.adding(&sku, 1)).send_until_heard());
    let burst = begun.elapsed();
    let last_answer = hosts.all_answer(&questions);
    let (kept, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    for reply in &refused {
        reply.problem(503, "database_busy");
        assert!(reply.retry_after_s() >= 1, "{reply:?}");
    }
    say(&format!(
        "300 adds in {} ms, {} told to come again; {} questions to other functions, the last \
         answered {} ms after the burst",
        burst.as_millis(),
        refused.len(),
        questions.len(),
        last_answer.as_millis()
    ));
    assert_eq!(guest.quantity_of(&sku), i64::try_from(kept.len()).unwrap());
    assert!(
        refused.len() < 30,
        "a burst of 300 is served, not refused: {} of them were",
        refused.len()
    );
}

#[test]
fn more_buyers_at_a_slow_provider_than_there_are_connections_starve_nobody() {
    let hosts = Hosts::alone();
    let sku = hosts.shop.sku().stock(1_000).create();
    // The role may have 80.
    let buyers = hosts.buyers(90, &sku, "pm_sim_slow_5000");
    let questions: Vec<_> = hosts.urls().into_iter().flat_map(|url| hosts.questions(url)).collect();
    let begun = Instant::now();
    let (replies, (in_use, last_answer)) = thread::scope(|scope| {
        let confirms = scope.spawn(|| {
            together(buyers.len(), |number| {
                hosts.by_turns(number, buyers[number].1.confirming()).send()
            })
        });
        let asking = scope.spawn(|| {
            // All have claimed, and wait for the provider.
            thread::sleep(Duration::from_secs(3));
            let in_use = hosts.connections_in_use();
            (in_use, hosts.all_answer(&questions))
        });
        (confirms.join().unwrap(), asking.join().unwrap())
    });
    assert!(begun.elapsed() > Duration::from_secs(5), "the provider was not slow");
    say(&format!(
        "90 buyers at a slow provider hold {} connections; {} questions meanwhile, the last \
         answered after {} ms",
        in_use.map_or("unknown".to_owned(), |count| count.to_string()),
        questions.len(),
        last_answer.as_millis()
    ));
    assert_eq!(statuses(&replies), vec![201; buyers.len()]);
    assert!(
        in_use.is_none_or(|count| count < 20),
        "{in_use:?} connections are held while the provider thinks"
    );
    buyers.iter().for_each(|(guest, _)| has_one_paid_order(guest));
}

#[test]
fn the_last_unit_is_sold_once_through_two_hosts() {
    let hosts = Hosts::alone();
    let sku = hosts.shop.sku().stock(1).create();
    let buyers = hosts.buyers(20, &sku, "pm_card_visa");
    let confirming = |number: usize| {
        buyers[number].1.confirming().header("idempotency-key", &unique("confirm-"))
    };
    let replies = together(buyers.len(), |number| {
        hosts.by_turns(number, confirming(number)).send_patiently()
    });
    assert_eq!(
        replies.iter().filter(|reply| reply.status == 201).count(),
        1,
        "{:?}",
        statuses(&replies)
    );
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        reply.problem(422, "insufficient_stock");
    }
    assert_eq!(hosts.shop.stock_of(&sku), (0, 0));
    let orders = buyers.iter().filter(|(guest, _)| guest.has_one_paid_order_or_nothing()).count();
    assert_eq!(orders, 1);
}

#[test]
fn one_cart_confirmed_through_both_hosts_is_one_order() {
    let hosts = Hosts::alone();
    let sku = hosts.shop.sku().stock(100).create();
    // One key, of which each host's key-values know for themselves.
    let (guest, session) = hosts.buyer(&sku, "pm_card_visa");
    let key = unique("confirm-");
    let settled = |number: usize| {
        e2e::eventually("the confirm's end", || {
            let reply = hosts
                .by_turns(number, session.confirming().header("idempotency-key", &key))
                .send_patiently();
            (reply.status != 409).then_some(reply)
        })
    };
    let replies = together(12, settled);
    assert_eq!(statuses(&replies), [201; 12]);
    assert!(
        replies.iter().all(|reply| reply.body == replies[0].body),
        "one key, several answers: {replies:?}"
    );
    has_one_paid_order(&guest);
    // As many keys as there are tabs.
    let (guest, session) = hosts.buyer(&sku, "pm_card_visa");
    let replies = together(12, |number| {
        let confirming = session.confirming().header("idempotency-key", &unique("confirm-"));
        hosts.by_turns(number, confirming).send_patiently()
    });
    assert!(replies.iter().any(|reply| reply.status == 201), "{:?}", statuses(&replies));
    assert!(replies.iter().all(|reply| matches!(reply.status, 201 | 409)), "{replies:?}");
    has_one_paid_order(&guest);
}

#[test]
fn changes_of_one_cart_through_both_hosts_lose_nothing() {
    let hosts = Hosts::alone();
    let sku = hosts.shop.sku().stock(1_000).create();
    let guest = hosts.shop.guest();
    let keys: Vec<String> = (0..40).map(|_| unique("add-")).collect();
    // Each key twice, once through either host: one of them is the change, the other its echo.
    let replies = together(2 * keys.len(), |number| {
        let adding = guest.adding(&sku, 1).header("idempotency-key", &keys[number / 2]);
        e2e::eventually("an add", || {
            let reply = hosts.by_turns(number, adding.clone()).send_patiently();
            (reply.status != 409).then_some(reply)
        })
    });
    assert_eq!(statuses(&replies), vec![200; 2 * keys.len()]);
    assert_eq!(guest.quantity_of(&sku), 40);
    for pair in replies.chunks(2) {
        assert_eq!(pair[0].body, pair[1].body, "one key, two answers");
    }
}

#[test]
fn a_run_of_each_worker_on_both_hosts_does_no_harm() {
    let hosts = Hosts::alone();
    let sku = hosts.shop.sku().stock(1_000).create();
    let buyers = hosts.buyers(4, &sku, "pm_card_visa");
    let orders: Vec<String> = buyers
        .iter()
        .map(|(_, session)| session.confirm().expect(201)["order_id"].as_str().unwrap().to_owned())
        .collect();
    // A lease in the key-values of one host is no lease for the other.
    let token = hosts.shop.token("workers:run");
    together(8, |number| {
        let worker = ["outbox-relay", "saga-recovery", "compensation-retry", "reservation-cleanup"]
            [number / 2];
        let run = e2e::Call::new("POST", &format!("/internal/workers/{worker}")).bearer(&token);
        hosts.by_turns(number, run).send_patiently().expect(200)
    });
    for order in &orders {
        let aggregate = format!("order/{order}");
        // The events of other tests may stand before them.
        let begun = Instant::now();
        while hosts
            .shop
            .rows("outbox", "aggregate", &aggregate)
            .iter()
            .any(|row| row["state"] != "published")
        {
            assert!(begun.elapsed() < Duration::from_secs(90), "not relayed: {aggregate}");
            hosts.shop.run("outbox-relay");
        }
        let arrived = hosts.shop.arrivals(&aggregate);
        let mut ids: Vec<&str> =
            arrived.iter().filter_map(|event| event["event"]["id"].as_str()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert!(all > 0 && ids.len() == all, "of {order} arrived {ids:?}");
    }
    buyers.iter().for_each(|(guest, _)| has_one_paid_order(guest));
}

// CHK-5, and that neither host needs to have seen the order: this shop's buyers wait, as by default.
#[test]
fn who_has_just_bought_waits_on_the_other_host_too() {
    let hosts = Hosts::alone();
    let shop = &hosts.shop;
    let sku = shop.sku().stock(10).create();
    let [guest, other] = [shop.guest(), shop.guest()];
    guest.add(&sku, 1).expect(200);
    let first = guest.check_out();
    let bought = hosts.by_turns(0, first.confirming().header("idempotency-key", "first")).send();
    bought.expect(201);
    // Their next cart.
    guest.call("POST", "/api/v1/cart").json(&json!({})).send().expect(201);
    guest.add(&sku, 1).expect(200);
    let next = guest.check_out();
    let again = |number| {
        hosts.by_turns(number, next.confirming().header("idempotency-key", "second")).send()
    };
    for number in 0..4 {
        let refused = again(number);
        refused.problem(429, "too_many_requests");
        assert!((1..=30).contains(&refused.retry_after_s()), "{refused:?}");
        // Whose answer was lost has it at once.
        let lost = first.confirming().header("idempotency-key", "first");
        assert_eq!(hosts.by_turns(number, lost).send().body, bought.body);
    }
    other.add(&sku, 1).expect(200);
    other.check_out().confirm().expect(201);
    assert_eq!(shop.stock_of(&sku), (8, 0), "who waits holds nothing");
    shop.advance_ms(i64::try_from(again(0).retry_after_s()).unwrap() * 1_000);
    again(1).expect(201);

    // Who could not be served waits too, or sends the same again; a refused card makes nobody wait.
    let [unserved, declined] = [shop.guest(), shop.guest()];
    unserved.add(&sku, 1).expect(200);
    let session = unserved.check_out_with("pm_sim_status_429");
    let keyed = |key: &str| session.confirming().header("idempotency-key", key).send();
    keyed("one").problem(503, "provider_unavailable");
    let refused = keyed("two");
    refused.problem(429, "too_many_requests");
    keyed("one").problem(503, "provider_unavailable");
    declined.add(&sku, 1).expect(200);
    let session = declined.check_out_with("pm_card_chargeDeclined");
    session.confirm_as("one").problem(402, "payment_declined");
    let card = json!({ "payment_method": "pm_card_visa" });
    session.confirming_with(&card).header("idempotency-key", "two").send().expect(201);
}
