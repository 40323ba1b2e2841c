//! What is sold and what there is of it, by whoever administers it: each refusal by its name and
//! its field, and nothing changed by it.

use app::catalog;
use edge::{Method, Request, Service};
use serde_json::{Value, from_value, json};
use world::{Answer, World};

fn facts() -> Value {
    json!({ "product_id": "bowl", "name": "A bowl", "category": "tableware", "tax_class": "standard", "weight_g": 400, "active": true,
        "prices": { "USD": 1_200, "VND": 300_000 } })
}

fn with(mut value: Value, field: &str, other: Value) -> Value {
    value[field] = other;
    value
}

fn desk() -> Service {
    Service { subject: "desk".to_owned(), scopes: vec!["catalog:write".to_owned()] }
}

fn put(world: &World, sku: &str, facts: Value) -> Answer {
    Answer::of::<api::put_sku>(catalog::put_sku(
        &world.ports(),
        &desk(),
        sku.parse().unwrap(),
        from_value(facts).unwrap(),
    ))
}

fn import(world: &World, skus: Vec<Value>) -> Answer {
    Answer::of::<api::import_skus>(catalog::import(
        &world.ports(),
        &desk(),
        &from_value(json!({ "skus": skus })).unwrap(),
    ))
}

fn list(world: &World, query: Value) -> Answer {
    Answer::of::<api::list_skus>(catalog::list(&world.ports(), &from_value(query).unwrap()))
}

fn stock(world: &World, sku: &str) -> Answer {
    Answer::of::<api::view_stock>(catalog::stock(&world.ports(), sku.parse().unwrap()))
}

fn moves(
    world: &World,
    sku: &str,
    kind: &str,
    quantity: i64,
    warehouse: &str,
    key: &str,
) -> Answer {
    let body = json!({ "warehouse_id": warehouse, "kind": kind, "quantity": quantity });
    let request = Request::new(Method::Post, &format!("/api/v1/catalog/skus/{sku}/stock"))
        .with_header("content-type", "application/json")
        .with_header("idempotency-key", key)
        .with_body(body.to_string());
    let (body, change) = (request.json().unwrap(), request.keyed_change().unwrap());
    Answer::of::<api::move_stock>(catalog::move_stock(
        &world.ports(),
        &desk(),
        &sku.parse().unwrap(),
        &body,
        &change,
    ))
}

#[test]
fn a_sku_is_put_replaced_and_seen() {
    let world = World::new();
    assert_eq!(put(&world, "BOWL-1", facts()).expect(200)["sku"], "BOWL-1");
    put(&world, "BOWL-1", with(facts(), "prices", json!({ "USD": 1_300 }))).expect(200);
    let seen =
        Answer::of::<api::view_sku>(catalog::sku(&world.ports(), &"BOWL-1".parse().unwrap()))
            .expect(200);
    assert_eq!((&seen["name"], &seen["prices"]), (&json!("A bowl"), &json!({ "USD": 1_300 })));
    Answer::of::<api::view_sku>(catalog::sku(&world.ports(), &"BOWL-2".parse().unwrap()))
        .expect_problem(404, "sku_not_found");
}

#[test]
fn what_will_not_do_is_refused_by_its_field() {
    let world = World::new();
    let cases = [
        ("product_id", json!(" "), "/product_id"),
        ("name", json!("two\nlines"), "/name"),
        ("category", json!("x".repeat(201)), "/category"),
        ("weight_g", json!(-1), "/weight_g"),
        ("weight_g", json!(1_000_001), "/weight_g"),
        ("prices", json!({ "USD": 0 }), "/prices"),
        ("prices", json!({ "USD": 100_000_000_001_i64 }), "/prices"),
    ];
    for (field, value, pointer) in cases {
        let problem =
            put(&world, "BOWL-1", with(facts(), field, value)).expect_problem(400, "invalid_field");
        assert!(problem.to_string().contains(pointer), "{problem}");
    }
    let unsold = put(&world, "BOWL-1", with(facts(), "prices", json!({ "USD": 1, "SEK": 1 })))
        .expect_problem(422, "currency_unsupported");
    assert!(unsold.to_string().contains("/prices/SEK"), "{unsold}");
    assert!(world.rows("select sku from sku where sku = 'BOWL-1'").is_empty());
}

#[test]
fn an_import_is_all_or_nothing() {
    let world = World::new();
    let record = |sku: &str| with(facts(), "sku", json!(sku));
    assert_eq!(import(&world, vec![record("BOWL-1"), record("BOWL-2")]).expect(200)["count"], 2);
    let refused = [
        (vec![], 400, "/skus"),
        (vec![record("BOWL-3"), record("BOWL-3")], 400, "/skus/1/sku"),
        (
            vec![record("BOWL-3"), with(record("BOWL-4"), "weight_g", json!(-1))],
            400,
            "/skus/1/weight_g",
        ),
        (
            vec![record("BOWL-3"), with(record("BOWL-4"), "prices", json!({ "SEK": 1 }))],
            422,
            "/skus/1/prices/SEK",
        ),
    ];
    for (skus, status, pointer) in refused {
        let problem = import(&world, skus).expect(status);
        assert!(problem.to_string().contains(pointer), "{problem}");
    }
    import(&world, (0..501).map(|number| record(&format!("MANY-{number}"))).collect())
        .expect_problem(400, "invalid_field");
    assert_eq!(
        world.rows("select count(*) from sku where sku like 'BOWL-%' or sku like 'MANY-%'"),
        ["2"]
    );
}

#[test]
fn the_catalog_is_read_page_by_page() {
    let world = World::new();
    let (mut seen, mut query) = (Vec::new(), json!({ "limit": 40 }));
    loop {
        let page = list(&world, query).expect(200);
        seen.extend(
            page["skus"]
                .as_array()
                .unwrap()
                .iter()
                .map(|sku| sku["sku"].as_str().unwrap().to_owned()),
        );
        if page["next_cursor"].is_null() {
            break;
        }
        query = json!({ "limit": 40, "cursor": page["next_cursor"] });
    }
    assert!(seen.is_sorted() && seen.len() == 100, "{}", seen.len());
    for limit in [0, 501] {
        list(&world, json!({ "limit": limit })).expect_problem(400, "invalid_field");
    }
}

#[test]
fn stock_comes_in_and_is_corrected_by_movements() {
    let world = World::new();
    put(&world, "BOWL-1", facts()).expect(200);
    assert_eq!(
        moves(&world, "BOWL-1", "receive", 20, "wh-hanoi", "first").expect(200)["on_hand"],
        20
    );
    assert_eq!(
        moves(&world, "BOWL-1", "receive", 20, "wh-hanoi", "first").expect(200)["on_hand"],
        20,
        "the same delivery"
    );
    assert_eq!(
        moves(&world, "BOWL-1", "adjust", -3, "wh-hanoi", "count").expect(200)["on_hand"],
        17
    );
    let there = stock(&world, "BOWL-1").expect(200);
    assert_eq!(
        (&there["warehouses"][0]["on_hand"], &there["warehouses"][0]["available"]),
        (&json!(17), &json!(17))
    );
    let refused = [
        ("BOWL-1", "receive", 0, "wh-hanoi", 400, "invalid_field"),
        ("BOWL-1", "receive", -1, "wh-hanoi", 400, "invalid_field"),
        ("BOWL-1", "adjust", 0, "wh-hanoi", 400, "invalid_field"),
        ("BOWL-1", "adjust", -18, "wh-hanoi", 422, "stock_negative"),
        ("BOWL-1", "receive", 1, "wh-nowhere", 422, "warehouse_unknown"),
        ("BOWL-2", "receive", 1, "wh-hanoi", 404, "sku_not_found"),
    ];
    for (number, (sku, kind, quantity, warehouse, status, code)) in refused.into_iter().enumerate()
    {
        moves(&world, sku, kind, quantity, warehouse, &format!("refused-{number}"))
            .expect_problem(status, code);
    }
    stock(&world, "BOWL-2").expect_problem(404, "sku_not_found");
    assert_eq!(world.rows("select count(*) from stock_movement where sku = 'BOWL-1'"), ["2"]);
    world.is_consistent();
}
