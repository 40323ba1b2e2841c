//! Orders: looked at, listed, cancelled, created by a colleague.

use e2e::{Reply, Shop, address, eventually, together, unique};
use serde_json::{Value, json};
use std::collections::BTreeSet;

// ORD-1, ORD-12
#[test]
fn an_order_keeps_everything_it_was_made_of() {
    let shop = Shop::open();
    let sku = shop.sku();
    sku.create();
    let guest = shop.guest();
    guest.add(&sku.sku, 2).expect(200);
    let basket = guest
        .basket()
        .to("US", Some("CA"))
        .shipping_by("express")
        .with("billing_address", address("DE", None))
        .with("notes", json!("Ring twice.\nSecond floor."));
    let session = basket.begin();
    let placed = session.confirm().expect(201);
    let order_id = placed["order_id"].as_str().unwrap();
    let reply = guest.order(order_id);
    let order = reply.expect(200);
    let by_number = guest
        .call("GET", &format!("/api/v1/orders/number/{}", placed["order_number"].as_str().unwrap()))
        .send();
    assert_eq!(by_number.expect(200), order);
    assert_eq!(reply.etag_version(), order["version"].as_i64().unwrap());

    for part in ["order_id", "order_number", "status", "total", "cart_id"] {
        assert_eq!(order[part], placed[part], "{part}");
    }
    for part in ["subtotal", "tax", "shipping", "shipping_tax", "total", "adjustments"] {
        assert_eq!(order[part], session.view["totals"][part], "{part}");
    }
    assert_eq!(order["email"], basket.body["email"]);
    for (member, expected) in basket.body["shipping_address"].as_object().unwrap() {
        assert_eq!(&order["shipping_address"][member], expected, "{member}");
    }
    assert_eq!(order["billing_address"]["country"], "DE");
    assert_eq!(order["notes"], basket.body["notes"]);
    assert_eq!(order["session_id"], session.session_id.as_str());
    assert_eq!(order["payment"]["method"], "pm_card_visa");
    assert!(order["shipping_method"].to_string().contains("express"), "{order}");
    let line = &order["lines"][0];
    assert_eq!(line["sku"], sku.sku.as_str());
    assert_eq!(line["product_id"], format!("product-of-{}", sku.sku));
    assert_eq!(line["name"], format!("Goods {}", sku.sku));
    assert_eq!(line["quantity"], 2);
    assert_eq!(line["unit_price"]["amount_minor"], 1_999);
    assert_eq!(line["tax_rate"], "0.0725");
    assert!(line["reservation_id"].is_string() && line["warehouse_id"].is_string());
    let history = order["status_history"].as_array().unwrap();
    assert_eq!(history.len(), 1);
    assert_eq!(history[0]["to_status"], "confirmed");
    assert!(order["created_at_ms"].as_i64().unwrap() <= shop.now_ms());

    // Frozen: what the catalog says later does not reach back.
    let renamed = sku.clone().price("USD", 5_000).inactive().tax_class("reduced");
    renamed.put();
    assert_eq!(guest.order(order_id).expect(200), order);
}

// CART-6, ORD-12: what was previewed is what is charged, wherever it goes, also when a line comes
// from two warehouses. The audit at the end sums every order anew.
#[test]
fn an_order_to_each_zone_costs_what_its_preview_said() {
    let shop = Shop::open();
    let split = shop.sku().price("USD", 333).stock(2).and_in("wh-newark", 20).create();
    let reduced = shop.sku().price("USD", 777).tax_class("reduced").create();
    for (country, region) in [
        ("VN", None),
        ("US", Some("TX")),
        ("US", Some("CA")),
        ("US", Some("NY")),
        ("GB", None),
        ("DE", None),
        ("FR", None),
    ] {
        let guest = shop.guest();
        guest.add(&split, 3).expect(200);
        guest.add(&reduced, 1).expect(200);
        let region_query = region.map(|region| format!("&region={region}")).unwrap_or_default();
        let preview = guest
            .totals(&format!("country={country}{region_query}&shipping_method=standard"))
            .expect(200);
        let placed = guest.basket().to(country, region).begin().confirm().expect(201);
        assert_eq!(placed["total"], preview["total"], "{country} {region:?}");
        let order = guest.order(placed["order_id"].as_str().unwrap()).expect(200);
        for part in ["subtotal", "discount", "shipping", "tax", "total"] {
            assert_eq!(order[part], preview[part], "{country} {region:?} {part}");
        }
        let quantity: i64 = order["lines"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|line| line["sku"] == split.as_str())
            .filter_map(|line| line["quantity"].as_i64())
            .sum();
        assert_eq!(quantity, 3);
        assert_eq!(
            guest.provider_payments().held(),
            preview["total"]["amount_minor"].as_i64().unwrap()
        );
    }
}

// ORD-2
#[test]
fn order_numbers_are_unique_under_concurrency() {
    let shop = Shop::open();
    let sku = shop.sku().stock(100).create();
    let sessions: Vec<_> = (0..30)
        .map(|_| {
            let guest = shop.guest();
            guest.add(&sku, 1).expect(200);
            guest.check_out()
        })
        .collect();
    let numbers: BTreeSet<String> = together(sessions.len(), |number| {
        let placed = sessions[number].confirm().expect(201);
        placed["order_number"].as_str().unwrap().to_owned()
    })
    .into_iter()
    .collect();
    assert_eq!(numbers.len(), sessions.len(), "{numbers:?}");
    for number in &numbers {
        let parts: Vec<&str> = number.split('-').collect();
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        assert!(parts.len() == 3 && parts[0] == "ORD", "{number}");
        assert!(
            parts[1].len() == 8 && digits(parts[1]) && parts[2].len() >= 6 && digits(parts[2]),
            "{number}"
        );
    }
    assert_eq!(shop.stock_of(&sku), (70, 0));
}

// ORD-1
#[test]
fn orders_are_listed_newest_first_by_cursor() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    let mut placed = Vec::new();
    for round in 0..5 {
        if round > 0 {
            guest
                .call("POST", "/api/v1/cart")
                .json(&json!({ "currency": "USD" }))
                .send()
                .expect(201);
        }
        placed.insert(0, guest.buy(&sku, 1)["order_id"].clone());
    }
    guest.cancelling(placed[1].as_str().unwrap()).send().expect(200);
    let page =
        |query: &str| guest.call("GET", &format!("/api/v1/orders?{query}")).send().expect(200);
    let ids = |page: &Value| -> Vec<Value> {
        page["orders"].as_array().unwrap().iter().map(|order| order["order_id"].clone()).collect()
    };

    assert_eq!(ids(&page("")), placed);
    let first = page("limit=2");
    assert_eq!(ids(&first), placed[..2]);
    let second = page(&format!("limit=2&cursor={}", first["next_cursor"].as_str().unwrap()));
    assert_eq!(ids(&second), placed[2..4]);
    let third = page(&format!("limit=2&cursor={}", second["next_cursor"].as_str().unwrap()));
    assert_eq!(ids(&third), placed[4..]);
    assert_eq!(third["next_cursor"], Value::Null);
    assert_eq!(ids(&page("status=cancelled")), placed[1..2]);
    assert_eq!(page("status=shipped")["orders"], json!([]));

    for (query, code) in [
        ("limit=0", "invalid_field"),
        ("limit=101", "invalid_field"),
        ("status=lost", "invalid_field"),
        ("owner=me", "unknown_field"),
    ] {
        guest.call("GET", &format!("/api/v1/orders?{query}")).send().problem(400, code);
    }
    // A colleague who may read all sees them too, and one who may not, does not.
    let all = shop
        .call("GET", "/api/v1/orders?limit=100")
        .bearer(&shop.token("orders:read"))
        .send()
        .expect(200);
    assert_eq!(all["orders"].as_array().unwrap().len().min(5), 5);
    let seen = shop
        .call("GET", &format!("/api/v1/orders/{}", placed[0].as_str().unwrap()))
        .bearer(&shop.token("orders:read"))
        .send();
    assert_eq!(seen.expect(200)["order_id"], placed[0]);
    let refused = shop.call("GET", "/api/v1/orders").bearer(&shop.token("catalog:read")).send();
    refused.problem(403, "scope_missing");
}

// ORD-7
#[test]
fn the_states_of_an_order_are_told_with_who_and_why() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    let placed = guest.buy(&sku, 1);
    let order_id = placed["order_id"].as_str().unwrap();
    let path = format!("/api/v1/orders/{order_id}/status-history");
    let first = guest.call("GET", &path).send();
    let seen = first.expect(200);
    assert_eq!(
        (&seen["order_id"], &seen["order_number"], &seen["status"]),
        (&placed["order_id"], &placed["order_number"], &json!("confirmed"))
    );
    assert_eq!(seen["status_history"].as_array().unwrap().len(), 1, "{seen}");

    let tag = first.header("etag").unwrap().to_owned();
    assert_eq!(guest.call("GET", &path).header("if-none-match", &tag).send().status, 304);
    let cancelled = shop
        .call("POST", &format!("/api/v1/orders/{order_id}/cancel"))
        .bearer(&shop.token("orders:write"));
    cancelled
        .json(&json!({ "reason": "never paid" }))
        .keyed(&unique("history-"))
        .send()
        .expect(200);

    let after = guest.call("GET", &path).header("if-none-match", &tag).send().expect(200);
    assert_eq!(after["status_history"], guest.order(order_id).expect(200)["status_history"]);
    let (made, ended) = (&after["status_history"][0], &after["status_history"][1]);
    assert_eq!(made, &seen["status_history"][0], "what happened stays as it was told");
    assert_eq!(
        (&ended["seq"], &ended["from_status"], &ended["to_status"]),
        (&json!(2), &json!("confirmed"), &json!("cancelled"))
    );
    assert_eq!(
        (&ended["actor"], &ended["reason"]),
        (&json!("service:e2e-suite"), &json!("never paid"))
    );
    assert!(
        made["at_ms"].as_i64().unwrap() <= ended["at_ms"].as_i64().unwrap()
            && after["status"] == "cancelled",
        "{after}"
    );

    // A colleague who may read orders reads this one's; whose it is not hears what they would hear
    // of none.
    assert_eq!(
        shop.call("GET", &path).bearer(&shop.token("orders:read")).send().expect(200),
        after
    );
    shop.call("GET", &path)
        .bearer(&shop.token("orders:write"))
        .send()
        .problem(403, "scope_missing");
    shop.guest().call("GET", &path).send().problem(404, "order_not_found");
}

// TestOrderCancellation. ORD-3, STOCK-10
#[test]
fn a_cancelled_order_gives_everything_back() {
    let shop = Shop::open();
    let sku = shop.sku().stock(10).create();
    let guest = shop.guest();
    let placed = guest.buy(&sku, 4);
    let order_id = placed["order_id"].as_str().unwrap();
    assert_eq!(shop.stock_of(&sku), (6, 0));
    let cancelled = guest.cancelling(order_id).send().expect(200);
    assert_eq!(cancelled["order_id"], order_id);
    assert_eq!(cancelled["order_number"], placed["order_number"]);
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(cancelled["stock"], "restocked");
    assert_eq!(shop.stock_of(&sku), (10, 0));

    let order = eventually("the money is back", || {
        let order = guest.order(order_id).expect(200);
        ["voided", "refunded"].contains(&order["payment_status"].as_str().unwrap()).then_some(order)
    });
    assert_eq!(guest.provider_payments().held(), 0);
    assert_eq!(order["status"], "cancelled");
    assert!(order["cancelled_at_ms"].is_i64());
    let history = order["status_history"].as_array().unwrap();
    assert_eq!(history.len(), 2);
    assert_eq!(history[1]["from_status"], "confirmed");
    assert_eq!(history[1]["to_status"], "cancelled");
    assert_eq!(history[1]["reason"], "changed my mind");

    // ORD-3: an illegal move names the legal ones.
    let again = guest.cancelling(order_id).send().problem(409, "illegal_transition");
    assert_eq!(again["legal"], json!(["refunded"]), "{again}");
    assert_eq!(shop.stock_of(&sku), (10, 0));
    let kinds: Vec<Value> = shop
        .rows("outbox", "aggregate", &format!("order/{order_id}"))
        .iter()
        .map(|event| event["type"].clone())
        .collect();
    assert!(
        kinds.iter().any(|kind| kind.as_str().unwrap().contains("orders.order.cancelled")),
        "{kinds:?}"
    );
}

// ORD-4's "exactly once", for whole orders.
#[test]
fn parallel_cancels_restock_once() {
    let shop = Shop::open();
    let sku = shop.sku().stock(10).create();
    let guest = shop.guest();
    let placed = guest.buy(&sku, 3);
    let order_id = placed["order_id"].as_str().unwrap();
    let replies = together(10, |_| guest.cancelling(order_id).send());
    assert_eq!(replies.iter().filter(|reply| reply.is_success()).count(), 1, "{replies:?}");
    for reply in replies.iter().filter(|reply| !reply.is_success()) {
        assert_eq!(reply.status, 409, "{reply:?}");
    }
    assert_eq!(shop.stock_of(&sku), (10, 0));
    eventually("the money is back", || (guest.provider_payments().held() == 0).then_some(()));
    let provider = guest.provider_payments();
    assert_eq!(provider.voided + provider.refunded, provider.authorized, "once");
}

// CHK-4 for orders.
#[test]
fn one_key_cancels_once_and_answers_the_same_bytes() {
    let shop = Shop::open();
    let guest = shop.guest();
    let placed = guest.buy(&shop.sku().create(), 1);
    let order_id = placed["order_id"].as_str().unwrap();
    let cancel = guest.cancelling(order_id);
    let first = cancel.clone().send();
    first.expect(200);
    let again = cancel.send();
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    // Without a body at all.
    let other = shop.guest();
    let placed = other.buy(&shop.sku().create(), 1);
    let path = format!("/api/v1/orders/{}/cancel", placed["order_id"].as_str().unwrap());
    other.call("POST", &path).keyed(&unique("cancel-")).send().expect(200);
}

// CHK-4: what a program does twice by mistake would move money or stock twice.
#[test]
fn without_a_key_no_program_moves_money_or_stock() {
    let shop = Shop::open();
    let sku = shop.sku().stock(10).create();
    let guest = shop.guest();
    let placed = guest.buy(&sku, 1);
    let order_id = placed["order_id"].as_str().unwrap();
    let path = format!("/api/v1/orders/{order_id}/cancel");
    let service = shop.token("orders:write catalog:write");
    let delivery = json!({ "warehouse_id": "wh-hanoi", "kind": "receive", "quantity": 5 });
    let calls = [
        guest.call("POST", &path).json(&json!({})),
        shop.call("POST", &path).bearer(&service),
        shop.call("POST", "/api/v1/orders").bearer(&service).json(&direct(&sku, 1, 2_499)),
        shop.call("POST", &format!("/api/v1/catalog/skus/{sku}/stock"))
            .bearer(&service)
            .json(&delivery),
    ];
    for call in calls {
        let refused = call.send().problem(400, "idempotency_key_required");
        assert_eq!(refused["field"], "idempotency-key", "{refused}");
    }
    assert_eq!(shop.stock_of(&sku), (9, 0));
    assert_eq!(shop.rows("orders", "order_id", order_id)[0]["status"], "confirmed");
}

fn direct(sku: &str, quantity: i64, expected_minor: i64) -> Value {
    json!({
        "currency": "USD", "lines": [{ "sku": sku, "quantity": quantity }],
        "email": "desk@customer.example",
        "shipping_address": address("VN", None), "shipping_method": "standard",
        "payment_method": "pm_card_visa",
        "expected_total": { "amount_minor": expected_minor, "currency": "USD" },
    })
}

// PAY-3: the money of an order is taken when it is asked for, once.
#[test]
fn money_that_is_held_for_an_order_is_taken_when_it_is_asked_for() {
    let shop = Shop::open();
    let sku = shop.sku().stock(9).create();
    let service = shop.token("orders:write orders:read money:write");
    let total = 1_999 + 500;
    let create = |later: bool| {
        let mut body = direct(&sku, 1, total);
        body["capture_later"] = json!(later);
        let call = shop.call("POST", "/api/v1/orders").bearer(&service).keyed(&unique("direct-"));
        call.json(&body).send().expect(201)["order_id"].as_str().unwrap().to_owned()
    };
    let capture_by = |token: &str, order_id: &str, amount: &Value| {
        shop.call("POST", &format!("/api/v1/orders/{order_id}/capture"))
            .bearer(token)
            .keyed(&unique("capture-"))
            .json(&json!({ "amount": amount }))
    };
    let capture = |order_id: &str, amount: &Value| capture_by(&service, order_id, amount);
    let status = |order_id: &str| {
        let order = shop.call("GET", &format!("/api/v1/orders/{order_id}")).bearer(&service);
        order.send().expect(200)["payment_status"].clone()
    };
    let all = json!({ "amount_minor": total, "currency": "USD" });
    let later = create(true);
    assert_eq!(status(&later), "authorized");
    // Another amount takes nothing, and neither does who may not.
    for wrong in [
        json!({ "amount_minor": total - 1, "currency": "USD" }),
        json!({ "amount_minor": total, "currency": "EUR" }),
    ] {
        let refused = capture(&later, &wrong).send().problem(400, "invalid_field");
        assert_eq!(refused["field"], "/amount");
    }
    let seller = shop.token("orders:write");
    capture_by(&seller, &later, &all).send().problem(403, "scope_missing");
    capture(&later, &all).header("if-match", "\"7\"").send().problem(412, "version_conflict");
    capture("01a1fc02-ffc3-773a-b716-c37d79a372e2", &all).send().problem(404, "order_not_found");
    assert_eq!(status(&later), "authorized");

    let asking = capture(&later, &all);
    let asked = asking.clone().send();
    let told = asked.expect(200);
    let said = (&told["payment_status"], &told["amount"], &told["version"]);
    assert_eq!(said, (&json!("capture_pending"), &all, &json!(2)), "{told}");
    assert_eq!(status(&later), "captured");
    assert_eq!(asking.send().body, asked.body);
    capture(&later, &all).send().problem(409, "payment_not_capturable");
    let payments = shop.rows("payment", "order_id", &later);
    assert_eq!(payments[0]["captured_minor"], total, "{payments:?}");
    // One that was taken with the order, and one that is cancelled.
    capture(&create(false), &all).send().problem(409, "payment_not_capturable");
    let cancelled = create(true);
    shop.call("POST", &format!("/api/v1/orders/{cancelled}/cancel"))
        .bearer(&service)
        .keyed(&unique("cancel-"))
        .json(&json!({}))
        .send()
        .expect(200);
    capture(&cancelled, &all).send().problem(409, "payment_not_capturable");
    shop.run_workers_until_quiet();
    assert_eq!(status(&cancelled), "voided");
    // Many at once ask, and many cancel: it is taken once, or given back.
    let held = create(true);
    let replies = together(8, |number| match number % 2 {
        0 => capture(&held, &all).send_patiently(),
        _ => shop
            .call("POST", &format!("/api/v1/orders/{held}/cancel"))
            .bearer(&service)
            .keyed(&unique("cancel-"))
            .json(&json!({}))
            .send_patiently(),
    });
    assert!(replies.iter().any(Reply::is_success), "{replies:?}");
    shop.run_workers_until_quiet();
    let ended = status(&held);
    assert!(["captured", "voided", "refunded"].iter().any(|end| ended == *end), "{ended}");
}

// ORD-1: prices are ours; a direct create recomputes totals exactly or refuses.
#[test]
fn a_colleague_creates_an_order_whose_total_is_computed_anew() {
    let shop = Shop::open();
    let sku = shop.sku().stock(2).create();
    let service = shop.token("orders:write orders:read");
    let create = |body: &Value| {
        shop.call("POST", "/api/v1/orders").bearer(&service).keyed(&unique("direct-")).json(body)
    };
    let total = 2 * 1_999 + 500;

    let refused = create(&direct(&sku, 2, total - 1)).send().problem(409, "total_mismatch");
    assert_eq!(refused["current_total"]["amount_minor"], total, "{refused}");
    assert_eq!(shop.stock_of(&sku), (2, 0));
    let mut priced = direct(&sku, 2, total);
    priced["lines"][0]["unit_price"] = json!({ "amount_minor": 1, "currency": "USD" });
    create(&priced).send().problem(400, "unknown_field");
    let mut empty = direct(&sku, 2, total);
    empty["lines"] = json!([]);
    let refused = create(&empty).send();
    assert!([400, 422].contains(&refused.status), "{refused:?}");
    create(&direct("NO-SUCH-THING", 1, total)).send().problem(422, "sku_unknown");

    let key = unique("direct-");
    let first = create(&direct(&sku, 2, total)).keyed(&key).send();
    let placed = first.expect(201);
    assert_eq!(placed["total"]["amount_minor"], total);
    assert_eq!(shop.stock_of(&sku), (0, 0));
    // A replay is answered although nothing is left.
    let again = create(&direct(&sku, 2, total)).keyed(&key).send();
    assert_eq!((again.status, again.body), (201, first.body));
    assert_eq!(shop.stock_of(&sku), (0, 0));
    let order = shop
        .call("GET", &format!("/api/v1/orders/{}", placed["order_id"].as_str().unwrap()))
        .bearer(&shop.token("orders:read"))
        .send();
    assert_eq!(order.expect(200)["lines"][0]["quantity"], 2);

    shop.call("POST", "/api/v1/orders")
        .json(&direct(&sku, 1, 2_499))
        .send()
        .problem(401, "credential_missing");
    shop.call("POST", "/api/v1/orders")
        .bearer(&shop.token("orders:read"))
        .json(&direct(&sku, 1, 2_499))
        .send()
        .problem(403, "scope_missing");
    let guest = shop.guest();
    guest
        .call("POST", "/api/v1/orders")
        .json(&direct(&sku, 1, 2_499))
        .send()
        .problem(401, "credential_invalid");
}

// Demand for one SKU is summed before it is checked.
#[test]
fn two_lines_of_one_sku_are_one_demand() {
    let shop = Shop::open();
    let sku = shop.sku().stock(3).create();
    let mut body = direct(&sku, 2, 4 * 1_999 + 500);
    body["lines"] = json!([{ "sku": sku, "quantity": 2 }, { "sku": sku, "quantity": 2 }]);
    let call = shop
        .call("POST", "/api/v1/orders")
        .bearer(&shop.token("orders:write"))
        .keyed(&unique("direct-"));
    let refused = call.json(&body).send();
    assert!([400, 409, 422].contains(&refused.status), "{refused:?}");
    assert_eq!(shop.stock_of(&sku), (3, 0));
}
