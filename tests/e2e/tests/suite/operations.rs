//! A way back for operators: what was given up is found, looked at, tried again, or settled with a
//! reason. CHK-8, EVT-5

use e2e::{Call, Guest, Shop, Sink, needs_sink, unique};
use serde_json::{Value, json};

fn reads(shop: &Shop, path: &str) -> Value {
    shop.call("GET", &format!("/api/v1/operations/{path}"))
        .bearer(&shop.token("operations:read"))
        .send()
        .expect(200)
}

/// A call by the desk, under a key of its own.
fn acts(shop: &Shop, path: &str, body: &Value) -> Call {
    shop.call("POST", &format!("/api/v1/operations/{path}"))
        .bearer(&shop.token("operations:write"))
        .keyed(&unique("desk-"))
        .json(body)
}

/// Whose order is cancelled, while the provider answers what is owed for it with `code` once; the
/// compensation.
fn cancels<'s>(shop: &'s Shop, code: u16) -> (Guest<'s>, String) {
    let guest = shop.guest();
    let order = guest.buy(&shop.sku().create(), 1);
    let id = guest.cancels_and_is_owed(order["order_id"].as_str().unwrap(), code);
    (guest, id)
}

fn alerts_of(shop: &Shop, id: &str) -> Vec<Value> {
    shop.rows("alert", "alert_id", &format!("compensation_dead:{id}"))
}

/// Every row of a list, page by page of two.
fn all(shop: &Shop, path: &str, member: &str) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = reads(shop, &format!("{path}&limit=2{cursor}"));
        found.extend(page[member].as_array().unwrap().clone());
        let next = &page["next_cursor"];
        if next.is_null() {
            return found;
        }
        let next = next.as_str().map_or_else(|| next.to_string(), str::to_owned);
        cursor = format!("&cursor={}", encoded(&next));
    }
}

/// As a value in an address.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[test]
fn a_dead_refund_is_found_tried_again_and_given_back() {
    let shop = Shop::alone();
    let (guest, id) = cancels(&shop, 400);
    let listed = all(&shop, "compensations?state=dead", "compensations");
    let row = listed
        .iter()
        .find(|row| row["compensation_id"] == id.as_str())
        .unwrap_or_else(|| panic!("{id} is not in {listed:?}"));
    assert!(row["last_error"].as_str().is_some_and(|error| !error.is_empty()), "{row}");
    assert!(
        reads(&shop, "compensations?state=pending&kind=capture_payment")["compensations"]
            .is_array()
    );
    let alerts = all(&shop, "alerts?", "alerts");
    assert!(
        alerts.iter().any(|alert| alert["alert_id"] == format!("compensation_dead:{id}")),
        "{alerts:?}"
    );
    let seen = reads(&shop, &format!("compensations/{id}"));
    assert_eq!(
        (&seen["state"], &seen["order"]["status"], &seen["history"]),
        (&json!("dead"), &json!("cancelled"), &json!([])),
        "{seen}"
    );
    assert_eq!(
        seen["payment"]["amount"],
        guest.order(seen["order_id"].as_str().unwrap()).expect(200)["total"]
    );
    assert!(seen["payment"]["reference"].is_string());
    // Tried again; the same key has the same answer, and another comes too late.
    let path = format!("compensations/{id}/retry");
    let again = acts(&shop, &path, &json!({ "reason": "the provider has mended it" }));
    let first = again.clone().send();
    assert_eq!(
        (&first.expect(200)["state"], &first.expect(200)["retries"]),
        (&json!("pending"), &json!(1))
    );
    assert_eq!(alerts_of(&shop, &id), [Value::Null; 0]);
    let replayed = again.clone().send();
    assert_eq!(
        (replayed.status, &replayed.body, replayed.header("idempotency-replayed")),
        (200, &first.body, Some("true"))
    );
    let late = acts(&shop, &path, &json!({ "reason": "me too" })).send();
    assert!(
        late.status == 409
            && ["being_tried", "already_settled"].contains(&late.json()["code"].as_str().unwrap()),
        "{late:?}"
    );
    shop.run_workers_until_quiet();
    let seen = reads(&shop, &format!("compensations/{id}"));
    assert_eq!((&seen["state"], guest.provider_payments().held()), (&json!("done"), 0), "{seen}");
    assert_eq!(seen["history"].as_array().unwrap().len(), 1);
    let acted = &seen["history"][0];
    assert_eq!(
        (&acted["kind"], &acted["reason"]),
        (&json!("retried"), &json!("the provider has mended it")),
        "{acted}"
    );
    assert!(acted["actor"].as_str().unwrap().starts_with("service:"), "{acted}");
    assert_eq!(again.send().body, first.body, "also when all is over");
    acts(&shop, &path, &json!({ "reason": "once more" })).send().problem(409, "already_settled");
}

#[test]
fn what_waits_for_its_time_is_tried_now() {
    let shop = Shop::alone();
    let (guest, id) = cancels(&shop, 503);
    let seen = reads(&shop, &format!("compensations/{id}"));
    assert_eq!((&seen["state"], &seen["attempts"]), (&json!("pending"), &json!(1)), "{seen}");
    shop.run_workers_until_quiet();
    assert!(guest.provider_payments().held() > 0, "its time has not come");
    let retried =
        acts(&shop, &format!("compensations/{id}/retry"), &json!({ "reason": "the buyer calls" }))
            .send()
            .expect(200);
    assert_eq!((&retried["attempts"], &retried["retries"]), (&json!(1), &json!(0)));
    shop.run_workers_until_quiet();
    assert_eq!(guest.provider_payments().held(), 0);
}

#[test]
fn what_was_done_by_hand_is_believed_and_what_is_written_off_is_left() {
    let shop = Shop::alone();
    for (outcome, code, before) in [("done_by_hand", 400, "dead"), ("written_off", 503, "pending")]
    {
        let (guest, id) = cancels(&shop, code);
        let seen = reads(&shop, &format!("compensations/{id}"));
        assert_eq!(seen["state"], before, "{seen}");
        let path = format!("compensations/{id}/resolve");
        let body = json!({ "reason": "settled at the provider's desk", "outcome": outcome });
        let resolve = acts(&shop, &path, &body);
        let resolved = resolve.clone().send();
        assert_eq!(
            (&resolved.expect(200)["state"], &resolved.expect(200)["outcome"]),
            (&json!("resolved"), &json!(outcome))
        );
        assert_eq!(resolve.send().body, resolved.body);
        acts(&shop, &path, &body).send().problem(409, "already_settled");
        acts(&shop, &format!("compensations/{id}/retry"), &json!({ "reason": "no" }))
            .send()
            .problem(409, "already_settled");
        assert_eq!(alerts_of(&shop, &id), [Value::Null; 0]);
        let order = guest.order(seen["order_id"].as_str().unwrap()).expect(200);
        let (status, captured) = (
            order["payment_status"].as_str().unwrap(),
            order["payment"]["captured"]["amount_minor"].as_i64().unwrap(),
        );
        let expected = match (outcome, captured > 0) {
            ("done_by_hand", true) => "refunded",
            ("done_by_hand", false) => "voided",
            _ => seen["payment"]["state"].as_str().unwrap(),
        };
        assert_eq!(status, expected, "{order}");
        // Nobody tries it any more, and the audit, which runs after each test, has nothing to say.
        shop.run_workers_until_quiet();
        assert!(guest.provider_payments().held() > 0, "nobody asked the provider");
        assert!(
            all(&shop, "compensations?state=resolved", "compensations")
                .iter()
                .any(|row| row["compensation_id"] == id.as_str())
        );
        assert_eq!(
            reads(&shop, &format!("compensations/{id}"))["history"][0]["data"]["outcome"],
            outcome
        );
    }
}

#[test]
fn a_dead_event_is_found_sent_again_and_arrives() {
    if !needs_sink(Sink::Webhook, "a_dead_event_is_found_sent_again_and_arrives") {
        return;
    }
    let shop = Shop::alone();
    let guest = shop.guest();
    let aggregate = format!("cart/{}", guest.cart_id);
    let drained = || while shop.run("outbox-relay")["done"].as_i64() > Some(0) {};
    drained();
    shop.sink_refuses(&aggregate, 1_000);
    guest.add(&shop.sku().create(), 1).expect(200);
    let dead = shop.until_it_is_dead(|| {
        drained();
        all(&shop, "events?state=dead", "events")
            .into_iter()
            .find(|event| event["subject"] == aggregate.as_str())
    });
    let id = dead["event_id"].as_str().unwrap();
    assert!(dead["last_error"].is_string(), "{dead}");
    assert!(shop.simulator("DELETE", "/faults").send().is_success());
    let arrived = || shop.arrivals(&aggregate).iter().any(|arrival| arrival["event"]["id"] == id);
    drained();
    assert!(!arrived(), "what is dead stays dead");
    let retried =
        acts(&shop, &format!("events/{id}/retry"), &json!({ "reason": "the receiver is back" }))
            .send()
            .expect(200);
    assert_eq!((&retried["state"], &retried["attempts"]), (&json!("pending"), &json!(0)));
    e2e::eventually("it arrives", || {
        drained();
        arrived().then_some(())
    });
    let seen = reads(&shop, &format!("events/{id}"));
    assert_eq!(
        (&seen["state"], &seen["history"][0]["kind"]),
        (&json!("published"), &json!("retried")),
        "{seen}"
    );
    acts(&shop, &format!("events/{id}/resolve"), &json!({ "reason": "too late" }))
        .send()
        .problem(409, "already_settled");
    assert_eq!(shop.rows("alert", "alert_id", &format!("outbox_dead:{id}")), [Value::Null; 0]);
    drained();
}

#[test]
fn nothing_is_done_without_a_key_a_reason_and_something_to_do_it_to() {
    let shop = Shop::open();
    let nobody = "0193d5a0-0000-7000-8000-000000000000";
    let write = shop.token("operations:write");
    for (path, body, code) in [
        (
            format!("compensations/{nobody}/retry"),
            json!({ "reason": "why" }),
            "compensation_not_found",
        ),
        (
            format!("compensations/{nobody}/resolve"),
            json!({ "reason": "why", "outcome": "written_off" }),
            "compensation_not_found",
        ),
        (format!("events/{nobody}/retry"), json!({ "reason": "why" }), "event_not_found"),
        (format!("events/{nobody}/resolve"), json!({ "reason": "why" }), "event_not_found"),
    ] {
        acts(&shop, &path, &body).send().problem(404, code);
        let keyless = shop
            .call("POST", &format!("/api/v1/operations/{path}"))
            .bearer(&write)
            .json(&body)
            .send();
        keyless.problem(400, "idempotency_key_required");
        for reason in [
            json!(""),
            json!("  "),
            json!("two\nlines"),
            json!("x".repeat(201)),
            json!(7),
            Value::Null,
        ] {
            let mut spoiled = body.clone();
            spoiled["reason"] = reason;
            let problem = acts(&shop, &path, &spoiled).send().problem(400, "invalid_field");
            assert_eq!(problem["field"], "/reason", "{problem}");
        }
    }
    let read = shop.token("operations:read");
    let look =
        |path: &str| shop.call("GET", &format!("/api/v1/operations/{path}")).bearer(&read).send();
    look(&format!("compensations/{nobody}")).problem(404, "compensation_not_found");
    look(&format!("events/{nobody}")).problem(404, "event_not_found");
    for query in [
        "compensations?state=done",
        "events?state=published",
        "compensations?limit=0",
        "events?limit=201",
        "events?cursor=x",
        "alerts?cursor=x",
    ] {
        look(query).problem(400, "invalid_field");
    }
    // Whoever may look may not act, and the other way round.
    let body = json!({ "reason": "why" });
    let path = format!("/api/v1/operations/events/{nobody}/retry");
    shop.call("POST", &path)
        .bearer(&read)
        .keyed(&unique("desk-"))
        .json(&body)
        .send()
        .problem(403, "scope_missing");
    shop.call("GET", "/api/v1/operations/alerts")
        .bearer(&write)
        .send()
        .problem(403, "scope_missing");
}
