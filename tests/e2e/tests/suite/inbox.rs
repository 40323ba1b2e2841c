//! What other programs tell the shop (EVT-3): CloudEvents by POST and by Dapr, each once, in any order,
//! and what becomes of those that cannot be worked.

use e2e::{Call, Guest, Reply, Shop, eventually, together, unique};
use serde_json::{Value, json};

const SOURCE: &str = "https://wms.example/hanoi";
const INBOX: &str = "/api/v1/operations/inbox";

/// An event of this type.
fn event(event_type: &str, data: &Value) -> Value {
    json!({
        "specversion": "1.0", "id": unique("told-"), "source": SOURCE, "type": event_type, "time": "2026-12-01T09:30:00Z", "data": data,
    })
}

/// It is told, in structured mode.
fn telling(shop: &Shop, event: &Value) -> Call {
    let call = shop.call("POST", "/api/v1/events").bearer(&shop.token("events:publish"));
    call.header("content-type", "application/cloudevents+json").body(event.to_string())
}

fn tells(shop: &Shop, event_type: &str, data: &Value) -> Value {
    let event = event(event_type, data);
    let taken = telling(shop, &event).send().expect(202);
    let id = &event["id"];
    assert_eq!(taken, json!({ "event_id": id, "source": SOURCE, "repeated": false }));
    event
}

fn works(shop: &Shop) {
    while shop.run("inbox-work")["taken"] != 0 {}
}

/// What is kept of an event.
fn kept(shop: &Shop, event: &Value) -> Value {
    let rows = shop.rows("inbox", "event_id", event["id"].as_str().unwrap());
    assert_eq!(rows.len(), 1, "{event}");
    rows[0].clone()
}

/// It is worked: by whoever runs the worker.
#[track_caller]
fn is_worked(shop: &Shop, event: &Value) {
    eventually("an event is worked", || {
        shop.run("inbox-work");
        let row = kept(shop, event);
        assert_ne!(row["state"], "dead", "{row}");
        (row["state"] == "done").then_some(())
    });
}

/// A paid order of so many of something.
fn bought(shop: &Shop, quantity: i64) -> (Guest<'_>, String) {
    let sku = shop.sku().stock(20).create();
    let guest = shop.guest();
    guest.add(&sku, quantity).expect(200);
    let order = guest.check_out().confirm().expect(201);
    (guest, order["order_id"].as_str().unwrap().to_owned())
}

fn status(guest: &Guest<'_>, order_id: &str) -> Value {
    guest.order(order_id).expect(200)["status"].clone()
}

fn moved(shop: &Shop, data: &Value) -> Value {
    tells(shop, "fulfillments.fulfillment.status_changed", data)
}

#[test]
fn a_warehouse_moves_an_order_by_what_it_tells_however_often() {
    let shop = Shop::open();
    let (guest, order_id) = bought(&shop, 3);
    let told = moved(&shop, &json!({ "order_id": order_id, "status": "picking", "bin": "A-7" }));
    is_worked(&shop, &told);
    assert_eq!(status(&guest, &order_id), "processing");

    // Twice at once, and later again: it is one event.
    let parts = json!({
        "order_id": order_id, "status": "shipped", "lines": [{ "line_no": 1, "quantity": 2 }], "carrier": "DHL", "tracking_number": "JD 7",
    });
    let part = event("fulfillments.fulfillment.status_changed", &parts);
    let answers: Vec<Reply> = together(4, |_| telling(&shop, &part).send());
    assert!(answers.iter().all(|it| [200, 202].contains(&it.status)), "{answers:?}");
    is_worked(&shop, &part);
    let again = telling(&shop, &part).send().expect(200);
    assert_eq!(again["repeated"], true);
    works(&shop);
    let order = guest.order(&order_id).expect(200);
    let line = &order["lines"][0];
    assert_eq!(
        (&order["status"], &line["shipped_quantity"]),
        (&json!("partially_shipped"), &json!(2))
    );
    assert_eq!(order["shipments"].as_array().unwrap().len(), 1);
    assert_eq!(order["shipments"][0]["carrier"], "DHL");
    // The same parcel told under another id is the same parcel.
    is_worked(&shop, &moved(&shop, &parts));
    assert_eq!(guest.order(&order_id).expect(200)["shipments"].as_array().unwrap().len(), 1);

    is_worked(&shop, &moved(&shop, &json!({ "order_id": order_id, "status": "shipped" })));
    assert_eq!(status(&guest, &order_id), "shipped");
    // A carrier tells of one parcel by its number, and then of all.
    let by_number = json!({ "order_id": order_id, "tracking_number": "JD 7" });
    is_worked(&shop, &tells(&shop, "shipping.shipment.delivered", &by_number));
    let delivered =
        |at: usize| guest.order(&order_id).expect(200)["shipments"][at]["delivered_at_ms"].clone();
    assert!(delivered(0).is_i64() && delivered(1).is_null());
    is_worked(
        &shop,
        &tells(&shop, "shipping.shipment.delivered", &json!({ "order_id": order_id })),
    );
    assert_eq!(status(&guest, &order_id), "delivered");
    // What the order is past already changes nothing.
    for late in ["picked", "shipped", "delivered"] {
        is_worked(&shop, &moved(&shop, &json!({ "order_id": order_id, "status": late })));
    }
    let order = guest.order(&order_id).expect(200);
    assert_eq!(order["status"], "delivered");
    assert!(order["completed_at_ms"].is_i64(), "{order}");
    let actors: Vec<&Value> =
        order["status_history"].as_array().unwrap().iter().skip(1).map(|it| &it["actor"]).collect();
    assert!(
        actors.iter().all(|actor| actor.as_str().unwrap().starts_with("service:")),
        "{actors:?}"
    );
}

#[test]
fn what_comes_too_early_waits_and_what_has_left_was_worked_on() {
    let shop = Shop::open();
    let (guest, order_id) = bought(&shop, 1);
    let arrived = tells(&shop, "shipping.shipment.delivered", &json!({ "order_id": order_id }));
    shop.run("inbox-work");
    let row = eventually("it was tried", || {
        shop.run("inbox-work");
        Some(kept(&shop, &arrived)).filter(|row| row["attempts"].as_i64() > Some(0))
    });
    assert_eq!(row["state"], "pending");
    assert!(row["last_error"].as_str().unwrap().contains("shipment_not_found"), "{row}");
    let waits = shop.call("GET", &format!("{INBOX}?state=pending&limit=200"));
    let waits = waits.bearer(&shop.token("operations:read")).send().expect(200);
    let shown =
        waits["events"].as_array().unwrap().iter().find(|it| it["event_id"] == arrived["id"]);
    let shown = shown.unwrap_or_else(|| panic!("{waits}"));
    assert_eq!((&shown["source"], &shown["reference"]), (&json!(SOURCE), &json!(order_id)));
    // No warehouse has told that it has the order in hands.
    is_worked(&shop, &moved(&shop, &json!({ "order_id": order_id, "status": "shipped" })));
    assert_eq!(status(&guest, &order_id), "shipped");
    is_worked(&shop, &arrived);
    assert_eq!(status(&guest, &order_id), "delivered");
}

#[test]
fn money_is_asked_for_and_looked_after_when_others_tell_of_it() {
    let shop = Shop::open();
    let (guest, order_id) = bought(&shop, 1);
    let of_order = json!({ "order_id": order_id });
    // Taken with the order: nothing is left to take, and nobody is believed about money.
    for told in [
        "orders.payment.capture_requested",
        "payments.payment.failed",
        "payments.payment.confirmed",
        "payments.refund.completed",
    ] {
        is_worked(&shop, &tells(&shop, told, &of_order));
    }
    let order = guest.order(&order_id).expect(200);
    assert_eq!(
        (&order["status"], &order["payment_status"]),
        (&json!("confirmed"), &json!("captured"))
    );
    // Goods that are sold are not reserved any more: nothing of them can expire.
    is_worked(&shop, &tells(&shop, "warehouse.inventory.reservation_expired", &of_order));
    assert_eq!(status(&guest, &order_id), "confirmed");
    // A warehouse that cannot ends the order, and its money goes back.
    is_worked(&shop, &moved(&shop, &json!({ "order_id": order_id, "status": "cancelled" })));
    is_worked(&shop, &moved(&shop, &json!({ "order_id": order_id, "status": "cancelled" })));
    assert!(["cancelled", "refunded"].map(|it| json!(it)).contains(&status(&guest, &order_id)));
    // One that has failed waits for a person, with an alert.
    let (guest, order_id) = bought(&shop, 1);
    is_worked(&shop, &moved(&shop, &json!({ "order_id": order_id, "status": "failed" })));
    assert_eq!(status(&guest, &order_id), "on_hold");
    assert_eq!(shop.rows("alert", "alert_id", &format!("fulfilment_failed:{order_id}")).len(), 1);
}

#[test]
fn of_prices_the_one_that_was_told_last_stands_however_they_arrive() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 1_000).create();
    let priced = |amount_minor: i64, time: &str| {
        let price =
            json!({ "sku": sku, "price": { "amount_minor": amount_minor, "currency": "USD" } });
        let mut told = event("pricing.price.updated", &price);
        told["time"] = json!(time);
        telling(&shop, &told).send().expect(202);
        told
    };
    let (later, earlier) =
        (priced(1_500, "2026-12-01T10:00:00Z"), priced(900, "2026-12-01T09:00:00+00:00"));
    is_worked(&shop, &later);
    is_worked(&shop, &earlier);
    let facts = shop.admin("GET", &format!("/api/v1/catalog/skus/{sku}")).send().expect(200);
    assert_eq!(facts["prices"]["USD"], 1_500);
    // The price is in the SKU's history, with who told it; and a reduction is one.
    is_worked(&shop, &priced(800, "2026-12-01T11:00:00Z"));
    let facts = shop.admin("GET", &format!("/api/v1/catalog/skus/{sku}")).send().expect(200);
    assert_eq!(
        (&facts["prices"]["USD"], &facts["reduced"]["USD"]["lowest_30_days_minor"]),
        (&json!(800), &json!(1_000))
    );
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    assert_eq!(guest.totals("").expect(200)["subtotal"]["amount_minor"], 800);
    // One that no shop would charge is kept for a person.
    let wrong = priced(0, "2026-12-01T12:00:00Z");
    eventually("it is dead", || {
        shop.run("inbox-work");
        (kept(&shop, &wrong)["state"] == "dead").then_some(())
    });
    let facts = shop.admin("GET", &format!("/api/v1/catalog/skus/{sku}")).send().expect(200);
    assert_eq!(facts["prices"]["USD"], 800);
}

#[test]
fn a_customer_of_elsewhere_is_as_old_as_they_are_there() {
    let shop = Shop::open();
    let customer_id = unique("customer-");
    let path = format!("/api/v1/customers/{customer_id}");
    let seen = || shop.call("GET", &path).bearer(&shop.token("customers:read")).send().expect(200);
    let created = |data: &Value| is_worked(&shop, &tells(&shop, "customer.created", data));
    created(&json!({
        "customer_id": customer_id, "created_at_ms": 1_600_000_000_000_i64, "customer_group": "wholesale", "segments": ["b", "a"],
        "email": "ann@example.com",
    }));
    let told = seen();
    assert_eq!(
        (&told["created_at_ms"], &told["customer_group"]),
        (&json!(1_600_000_000_000_i64), &json!("wholesale"))
    );
    assert_eq!(told["segments"], json!(["a", "b"]));
    // Whom somebody has put here stays where they are; the age is the oldest that is known.
    created(
        &json!({ "customer_id": customer_id, "created_at_ms": 1_500_000_000_000_i64, "segments": ["c"] }),
    );
    let told = seen();
    assert_eq!(
        (&told["created_at_ms"], &told["segments"]),
        (&json!(1_500_000_000_000_i64), &json!(["a", "b"]))
    );
    let rows = shop.rows("inbox", "reference", &customer_id);
    assert_eq!(rows.len(), 2);
    assert!(!json!(rows).to_string().contains("ann@example.com"));
}

#[test]
fn what_is_no_event_is_refused_and_changes_nothing() {
    let shop = Shop::open();
    let good = event("customer.created", &json!({ "customer_id": unique("customer-") }));
    let with = |name: &str, value: Value| {
        let mut event = good.clone();
        event[name] = value;
        event
    };
    let nowhere = json!({ "order_id": "a b" });
    for (wrong, field) in [
        (with("specversion", json!("0.3")), "/specversion"),
        (with("id", json!("")), "/id"),
        (with("id", Value::Null), "/id"),
        (with("source", json!("a b")), "/source"),
        (with("type", json!("customer.deleted")), "/type"),
        (with("time", json!("yesterday")), "/time"),
        (with("datacontenttype", json!("text/xml")), "/datacontenttype"),
        (with("data", json!({})), "/data/customer_id"),
        (with("data", json!({ "customer_id": "x", "segments": ["a b"] })), "/data/segments/0"),
        (event("shipping.shipment.delivered", &nowhere), "/data/order_id"),
        (
            event(
                "fulfillments.fulfillment.status_changed",
                &json!({ "order_id": "1", "status": "lost" }),
            ),
            "/data/status",
        ),
    ] {
        let told = telling(&shop, &wrong).send().problem(400, "invalid_field");
        assert_eq!(told["field"], field, "{wrong}");
    }
    let price = json!({ "sku": "TILL-0001", "price": { "amount_minor": 5, "currency": "USD" } });
    let mut undated = event("pricing.price.updated", &price);
    undated.as_object_mut().unwrap().remove("time");
    assert_eq!(telling(&shop, &undated).send().problem(400, "invalid_field")["field"], "/time");
    assert_eq!(shop.rows("inbox", "event_id", good["id"].as_str().unwrap()).len(), 0);
    telling(&shop, &good)
        .header("content-type", "text/plain")
        .send()
        .problem(415, "unsupported_media_type");
    let other = shop.call("POST", "/api/v1/events").bearer(&shop.token("events:write"));
    other.json(&good).send().problem(403, "scope_missing");

    // Binary mode: attributes in headers.
    let binary = |named: &[(&str, &str)]| {
        let call = shop.call("POST", "/api/v1/events").bearer(&shop.token("events:publish"));
        let call = named.iter().fold(call, |call, (name, value)| call.header(name, value));
        call.json(&good["data"]).send()
    };
    let id = unique("told-");
    let attributes = [
        ("ce-specversion", "1.0"),
        ("ce-id", id.as_str()),
        ("ce-source", "/crm"),
        ("ce-type", "customer.created"),
    ];
    for missing in 0..attributes.len() {
        let mut named = attributes.to_vec();
        let (name, _) = named.remove(missing);
        assert_eq!(binary(&named).problem(400, "invalid_field")["field"], name);
    }
    assert_eq!(binary(&attributes).expect(202)["source"], "/crm");
    assert_eq!(binary(&attributes).expect(200)["repeated"], true);
}

#[test]
fn dapr_is_told_what_is_wanted_and_brings_it() {
    let shop = Shop::open();
    let wanted = shop.call("GET", "/dapr/subscribe").send().expect(200);
    let wanted = wanted.as_array().unwrap();
    assert_eq!(wanted.len(), 9);
    let of = |topic: &str| wanted.iter().find(|it| it["topic"] == topic).unwrap();
    assert_eq!(
        of("pricing.price.updated"),
        &json!({ "pubsubname": "pubsub", "topic": "pricing.price.updated", "route": "/events/price-updated" })
    );
    let token = shop.token("events:publish");
    let brings = |route: &str, body: &Value| {
        let call = shop.call("POST", route).header("dapr-api-token", &token);
        call.header("content-type", "application/cloudevents+json").body(body.to_string()).send()
    };
    // What was published without an envelope comes in Dapr's own.
    let customer_id = unique("customer-");
    let mut raw = event("com.dapr.event.sent", &json!({ "customer_id": customer_id }));
    for (name, value) in [
        ("topic", "customer.created"),
        ("pubsubname", "pubsub"),
        ("datacontenttype", "application/json"),
    ] {
        raw[name] = json!(value);
    }
    let route = of("customer.created")["route"].as_str().unwrap();
    for _ in 0..2 {
        assert_eq!(brings(route, &raw).expect(200), json!({ "status": "SUCCESS" }));
    }
    is_worked(&shop, &raw);
    let seen = shop.call("GET", &format!("/api/v1/customers/{customer_id}"));
    seen.bearer(&shop.token("customers:read")).send().expect(200);

    // Nobody listens to a refusal: what cannot be worked is kept for a person, what is none dropped.
    let wrong = event("customer.created", &json!({ "customer": customer_id }));
    assert_eq!(brings(route, &wrong).expect(200)["status"], "SUCCESS");
    let row = kept(&shop, &wrong);
    assert_eq!((&row["state"], &row["data"]), (&json!("dead"), &Value::Null));
    assert!(row["last_error"].as_str().unwrap().contains("/data/customer_id"), "{row}");
    assert_eq!(brings(route, &json!({ "no": "event" })).expect(200)["status"], "DROP");
    assert_eq!(shop.rows("alert", "alert_id", "inbox_dropped:customer.created").len(), 1);
    brings("/events/customer-deleted", &raw).problem(404, "entry_not_found");
    shop.call("POST", route).json(&raw).send().problem(401, "credential_missing");
    let other = shop.call("POST", route).header("dapr-api-token", &shop.token("events:read"));
    other.json(&raw).send().problem(403, "scope_missing");

    // An operator sees it, and decides.
    let dead =
        shop.call("GET", &format!("{INBOX}?limit=200")).bearer(&shop.token("operations:read"));
    let dead = dead.send().expect(200);
    assert!(dead["events"].as_array().unwrap().iter().any(|it| it["event_id"] == wrong["id"]));
    let act = |what: &str| {
        let body =
            json!({ "source": SOURCE, "event_id": wrong["id"], "reason": "sent again rightly" });
        let call =
            shop.call("POST", &format!("{INBOX}/{what}")).bearer(&shop.token("operations:write"));
        call.json(&body).keyed(&unique("act-"))
    };
    // What was never read is not read by trying it anew, and keeps nobody up.
    assert_eq!(act("retry").send().expect(200)["state"], "pending");
    let behind = unique("customer-");
    let other = tells(&shop, "customer.created", &json!({ "customer_id": behind }));
    is_worked(&shop, &other);
    assert_eq!(kept(&shop, &wrong)["state"], "dead");
    let resolving = act("resolve");
    let resolved = resolving.clone().send().expect(200);
    assert_eq!((&resolved["state"], &resolved["source"]), (&json!("resolved"), &json!(SOURCE)));
    assert_eq!(resolving.send().expect(200), resolved);
    act("retry").send().problem(409, "already_settled");
    act("resolve").send().problem(409, "already_settled");
}

#[test]
fn what_nobody_could_work_for_days_is_dead_until_somebody_has_it_tried_anew() {
    let shop = Shop::alone();
    let sku = unique("later-");
    let price = json!({ "sku": sku, "price": { "amount_minor": 700, "currency": "USD" } });
    let told = tells(&shop, "pricing.price.updated", &price);
    shop.until_it_is_dead(|| {
        shop.run("inbox-work");
        (kept(&shop, &told)["state"] == "dead").then_some(())
    });
    let alert_id = format!("inbox_dead:event:{SOURCE}%20{}", told["id"].as_str().unwrap());
    assert_eq!(shop.rows("alert", "alert_id", &alert_id).len(), 1);
    let facts = json!({
        "product_id": "p", "name": "Later", "category": "c", "tax_class": "standard", "weight_g": 1, "active": true, "prices": { "USD": 900 },
    });
    shop.admin("PUT", &format!("/api/v1/catalog/skus/{sku}")).json(&facts).send().expect(200);
    let act = json!({ "source": SOURCE, "event_id": told["id"], "reason": "the SKU is there now" });
    let retried =
        shop.call("POST", &format!("{INBOX}/retry")).bearer(&shop.token("operations:write"));
    let retried = retried.json(&act).keyed(&unique("act-")).send().expect(200);
    assert_eq!((&retried["state"], &retried["attempts"]), (&json!("pending"), &json!(0)));
    assert_eq!(shop.rows("alert", "alert_id", &alert_id).len(), 0);
    is_worked(&shop, &told);
    let facts = shop.admin("GET", &format!("/api/v1/catalog/skus/{sku}")).send().expect(200);
    assert_eq!(facts["prices"]["USD"], 700);
}
