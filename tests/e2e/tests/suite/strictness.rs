//! Every endpoint is strict in the same way (SEC-2): what it does not know it refuses, by name.

use e2e::{Call, Guest, Shop, together};
use serde_json::{Value, json};

struct Endpoint {
    path: String,
    methods: &'static [&'static str],
    /// The methods that take a body, each with a good one.
    bodies: Vec<(&'static str, Value)>,
    token: String,
}

fn endpoints(shop: &Shop, guest: &Guest<'_>) -> Vec<Endpoint> {
    let admin = shop.token(
        "catalog:read catalog:write config:read operations:read operations:write orders:read orders:write schema:migrate workers:run",
    );
    let customer = e2e::CustomerClaims::of("customer-strict").signed(e2e::SigningKey::Ec1);
    let sku = shop.sku();
    sku.create();
    let (owner, admin) = (guest.token.as_str(), admin.as_str());
    let endpoint = |path: &str, methods, token: &str, bodies: Vec<(&'static str, Value)>| Endpoint {
        path: path.to_owned(),
        methods,
        bodies,
        token: token.to_owned(),
    };
    let invented = "0193d5a0-0000-7000-8000-000000000000";
    let order = json!({
        "currency": "USD", "lines": [{ "sku": sku.sku, "quantity": 1 }], "email": "desk@customer.example", "shipping_address": e2e::address("VN", None),
        "shipping_method": "standard", "payment_method": "pm_card_visa", "expected_total": { "amount_minor": 1, "currency": "USD" },
    });
    let mut all = vec![
        endpoint("/api/v1/cart", &["GET", "POST", "DELETE"], owner, vec![("POST", json!({ "currency": "USD" }))]),
        endpoint("/api/v1/cart/items", &["POST"], owner, vec![("POST", json!({ "sku": sku.sku, "quantity": 1 }))]),
        endpoint(&format!("/api/v1/cart/items/{}", sku.sku), &["PUT", "DELETE"], owner, vec![("PUT", json!({ "quantity": 1 }))]),
        endpoint("/api/v1/cart/shares", &["GET", "POST"], owner, vec![("POST", json!({ "expires_in_seconds": 60 }))]),
        endpoint(&format!("/api/v1/cart/shares/{invented}"), &["DELETE"], owner, vec![]),
        endpoint("/api/v1/cart/shipping-methods", &["GET"], owner, vec![]),
        endpoint("/api/v1/cart/totals", &["GET"], owner, vec![]),
        endpoint("/api/v1/checkout", &["POST"], owner, vec![("POST", guest.basket().body)]),
        endpoint(&format!("/api/v1/checkout/{invented}"), &["GET", "DELETE"], owner, vec![]),
        endpoint(&format!("/api/v1/checkout/{invented}/confirm"), &["POST"], owner, vec![("POST", json!({}))]),
        endpoint("/api/v1/orders", &["GET", "POST"], admin, vec![("POST", order)]),
        endpoint(&format!("/api/v1/orders/{invented}"), &["GET"], owner, vec![]),
        endpoint("/api/v1/orders/number/ORD-20200101-000001", &["GET"], owner, vec![]),
        endpoint(&format!("/api/v1/orders/{invented}/cancel"), &["POST"], owner, vec![("POST", json!({ "reason": "why not" }))]),
        endpoint("/api/v1/catalog/skus", &["GET", "POST"], admin, vec![("POST", json!({ "skus": [sku.import_line()] }))]),
        endpoint(&format!("/api/v1/catalog/skus/{}", sku.sku), &["GET", "PUT"], admin, vec![("PUT", sku.body())]),
        endpoint(
            &format!("/api/v1/catalog/skus/{}/stock", sku.sku),
            &["GET", "POST"],
            admin,
            vec![("POST", json!({ "warehouse_id": "wh-hanoi", "kind": "receive", "quantity": 1 }))],
        ),
        endpoint("/api/v1/operations/compensations", &["GET"], admin, vec![]),
        endpoint(&format!("/api/v1/operations/compensations/{invented}"), &["GET"], admin, vec![]),
        endpoint(
            &format!("/api/v1/operations/compensations/{invented}/retry"),
            &["POST"],
            admin,
            vec![("POST", json!({ "reason": "why" }))],
        ),
        endpoint(
            &format!("/api/v1/operations/compensations/{invented}/resolve"),
            &["POST"],
            admin,
            vec![("POST", json!({ "reason": "why", "outcome": "written_off" }))],
        ),
        endpoint("/api/v1/operations/events", &["GET"], admin, vec![]),
        endpoint(&format!("/api/v1/operations/events/{invented}"), &["GET"], admin, vec![]),
        endpoint(&format!("/api/v1/operations/events/{invented}/retry"), &["POST"], admin, vec![("POST", json!({ "reason": "why" }))]),
        endpoint(&format!("/api/v1/operations/events/{invented}/resolve"), &["POST"], admin, vec![("POST", json!({ "reason": "why" }))]),
        endpoint("/api/v1/operations/alerts", &["GET"], admin, vec![]),
        endpoint("/api/v1/session", &["POST"], &customer, vec![("POST", json!({}))]),
        endpoint("/api/v1/config", &["GET"], admin, vec![]),
        endpoint("/internal/migrate", &["GET", "POST"], admin, vec![]),
    ];
    for path in ["/health/live", "/health/ready", "/health", "/health/dependencies", "/openapi.json", "/docs"] {
        all.push(endpoint(path, &["GET"], admin, vec![]));
    }
    for worker in config::WORKERS {
        all.push(endpoint(worker.path, &["GET", "POST"], admin, vec![]));
    }
    all
}

fn calls_with_bodies<'e>(shop: &'e Shop, all: &'e [Endpoint]) -> impl Iterator<Item = (Call, &'e Value, String)> {
    all.iter().flat_map(move |endpoint| {
        endpoint.bodies.iter().map(move |(method, body)| {
            (shop.call(method, &endpoint.path).bearer(&endpoint.token), body, format!("{method} {}", endpoint.path))
        })
    })
}

// A ratchet: a route that is added to the manifest is held to all of this, or the suite fails.
#[test]
fn every_route_of_the_manifest_is_held_to_this() {
    let shop = Shop::open();
    let guest = shop.guest();
    let held: Vec<String> = endpoints(&shop, &guest).into_iter().map(|endpoint| endpoint.path).collect();
    let routes: Vec<&str> =
        include_str!("../../../../spin.toml").lines().filter_map(|line| line.strip_prefix("route = \"")?.strip_suffix('"')).collect();
    assert!(routes.len() >= 20, "{routes:?}");
    for route in &routes {
        let fits = |path: &&String| {
            let (route, path): (Vec<&str>, Vec<&str>) = (route.split('/').collect(), path.split('/').collect());
            route.len() == path.len() && route.iter().zip(&path).all(|(expected, found)| expected.starts_with(':') || expected == found)
        };
        assert!(held.iter().any(|path| fits(&path)), "{route} is not among the endpoints of this module");
    }
}

#[test]
fn a_method_that_is_not_there_is_405_and_says_which_are() {
    let shop = Shop::open();
    let guest = shop.guest();
    for endpoint in endpoints(&shop, &guest) {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"] {
            if endpoint.methods.contains(&method) {
                continue;
            }
            let refused = shop.call(method, &endpoint.path).bearer(&endpoint.token).send();
            assert_eq!(refused.status, 405, "{refused:?}");
            refused.problem(405, "method_not_allowed");
            let allow: Vec<&str> = refused.header("allow").unwrap().split(", ").collect();
            for method in endpoint.methods {
                assert!(allow.contains(method), "{refused:?}");
            }
            assert!(!allow.contains(&method));
        }
        let options = shop.call("OPTIONS", &endpoint.path).send();
        assert_eq!(options.status, 204, "{options:?}");
        assert!(options.header("allow").unwrap().contains(endpoint.methods[0]));
    }
}

#[test]
fn a_field_that_is_not_known_is_refused_by_name() {
    let shop = Shop::open();
    let guest = shop.guest();
    let all = endpoints(&shop, &guest);
    for (call, body, what) in calls_with_bodies(&shop, &all) {
        let mut more = body.clone();
        more["surprise"] = json!(1);
        let problem = call.json(&more).send().problem(400, "unknown_field");
        assert_eq!(problem["field"], "/surprise", "{what}: {problem}");
    }
    for endpoint in all.iter().filter(|endpoint| endpoint.methods.contains(&"GET") && !endpoint.path.starts_with("/health")) {
        let refused = shop.call("GET", &format!("{}?surprise=1", endpoint.path)).bearer(&endpoint.token).send();
        let problem = refused.problem(400, "unknown_field");
        assert_eq!(problem["field"], "surprise", "{problem}");
    }
}

#[test]
fn what_is_not_json_is_malformed() {
    let shop = Shop::open();
    let guest = shop.guest();
    let all = endpoints(&shop, &guest);
    for (call, body, what) in calls_with_bodies(&shop, &all) {
        let whole = body.to_string();
        for text in ["{", "not json", &format!("{whole} {{}}"), &whole[..whole.len() - 1]] {
            let refused = call.clone().header("content-type", "application/json").body(text).send();
            assert_eq!((refused.status, refused.json()["code"].as_str()), (400, Some("malformed_json")), "{what} {text}: {refused:?}");
        }
        for text in ["[]", "7", "\"text\"", "null"] {
            let refused = call.clone().header("content-type", "application/json").body(text).send();
            assert_eq!(refused.status, 400, "{what} {text}: {refused:?}");
            assert_eq!(refused.header("content-type"), Some("application/problem+json"));
        }
    }
}

// PostgreSQL stores this character nowhere: past the edge it would be a failure of ours.
#[test]
fn a_text_with_a_nul_is_refused_by_name() {
    let shop = Shop::open();
    let guest = shop.guest();
    let all = endpoints(&shop, &guest);
    let mut tried = 0;
    for (call, body, what) in calls_with_bodies(&shop, &all) {
        for pointer in texts_of(body) {
            let mut spoiled = body.clone();
            let text = spoiled.pointer_mut(&pointer).unwrap();
            *text = json!(format!("{}\0", text.as_str().unwrap()));
            let refused = call.clone().json(&spoiled).send();
            assert_eq!((refused.status, refused.json()["field"].as_str()), (400, Some(pointer.as_str())), "{what}: {refused:?}");
            tried += 1;
        }
    }
    assert!(tried >= 30, "{tried}");
    let mut in_paths = 0;
    for endpoint in &all {
        let spoiled = format!("{}%00", endpoint.path);
        for method in endpoint.methods {
            // A fixed path is another path then; one with a parameter is this endpoint's to refuse.
            let refused = shop.call(method, &spoiled).bearer(&endpoint.token).send();
            if refused.status != 404 {
                refused.problem(400, "invalid_field");
                in_paths += 1;
            }
        }
    }
    assert!(in_paths >= 8, "{in_paths}");
    for path in ["/api/v1/cart/shipping-methods?country=V%00", "/api/v1/checkout/a%00b", "/api/v1/orders/%00", "/api/v1/orders/number/%00"]
    {
        guest.call("GET", path).send().problem(400, "invalid_field");
    }
}

/// Where the texts of a body stand, as JSON pointers.
fn texts_of(value: &Value) -> Vec<String> {
    let within =
        |segment: String, inner: &Value| texts_of(inner).into_iter().map(move |rest| format!("/{segment}{rest}")).collect::<Vec<_>>();
    match value {
        Value::String(_) => vec![String::new()],
        Value::Object(members) => members.iter().flat_map(|(name, inner)| within(name.clone(), inner)).collect(),
        Value::Array(items) => items.iter().enumerate().flat_map(|(index, inner)| within(index.to_string(), inner)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

#[test]
fn a_body_that_is_not_called_json_is_415() {
    let shop = Shop::open();
    let guest = shop.guest();
    let all = endpoints(&shop, &guest);
    for (call, body, what) in calls_with_bodies(&shop, &all) {
        for content_type in [Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/json; charset=latin-1"), None]
        {
            let refused = call.clone().maybe("content-type", content_type).body(body.to_string()).send();
            assert_eq!(refused.status, 415, "{what} {content_type:?}: {refused:?}");
            refused.problem(415, "unsupported_media_type");
        }
    }
    guest.adding("TILL-0001", 1).header("x-nothing", "1").send().expect(200);
    let spelled = guest.call("POST", "/api/v1/cart/items").header("content-type", "Application/JSON; charset=UTF-8");
    spelled.body(r#"{"sku":"TILL-0001","quantity":1}"#).send().expect(200);
}

#[test]
fn a_body_that_is_too_large_is_413() {
    let shop = Shop::open();
    let guest = shop.guest();
    let all = endpoints(&shop, &guest);
    for (call, _, what) in calls_with_bodies(&shop, &all) {
        // The import alone may be larger; nobody may be this large.
        // It says so before it sends, and need not send: the announced length is enough.
        let call = call.header("content-type", "application/json").header("expect", "100-continue");
        let refused = call.body(vec![b' '; 3 << 20]).send();
        assert_eq!(refused.status, 413, "{what}: {refused:?}");
        assert!(refused.problem(413, "body_too_large")["limit_bytes"].as_i64().unwrap() < 3 << 20);
    }
}

#[test]
fn a_path_nobody_serves_is_404() {
    let shop = Shop::open();
    let guest = shop.guest();
    for path in ["/api/v1/cart/items/a/b", "/api/v1/nothing", "/api/v2/cart", "/"] {
        assert_eq!(guest.call("GET", path).send().status, 404, "{path}");
    }
}

// Every reply is nobody else's business.
#[test]
fn no_reply_may_be_cached_by_others() {
    let shop = Shop::open();
    let guest = shop.guest();
    for path in ["/api/v1/cart", "/api/v1/orders", "/api/v1/orders/none", "/health"] {
        let reply = guest.call("GET", path).send();
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{reply:?}");
    }
}

// SCENARIOS 14, 15: nothing here gives way under load; the benchmark says how fast it is.
#[test]
fn a_hundred_guests_at_once_are_all_served() {
    let shop = Shop::open();
    let sku = shop.sku().stock(1_000).create();
    let served = together(100, |_| {
        let guest = shop.guest();
        guest.add(&sku, 1).expect(200);
        guest.quantity_of(&sku)
    });
    assert_eq!(served, vec![1; 100]);
}
