//! Every endpoint is strict in the same way (SEC-2): what it does not know it refuses, by name.

use api::{Access, Presence, Row};
use e2e::{Call, Scene, Shop, scene::operations, together};
use serde_json::{Value, json};

/// A call of every operation that reads a body, a good one for it, and what it is.
fn calls_with_bodies<'s>(scene: &'s Scene<'_>) -> impl Iterator<Item = (Call, Value, String)> + 's {
    rows_with_bodies(scene).map(|(call, body, what, _)| (call, body, what))
}

fn rows_with_bodies<'s>(
    scene: &'s Scene<'_>,
) -> impl Iterator<Item = (Call, Value, String, &'static Row)> + 's {
    operations().filter_map(|(endpoint, row)| {
        // Whose signature is wrong is not read.
        if row.access == Access::Signed {
            return None;
        }
        let path = scene.path(endpoint);
        let call = scene.bare(row, &path).bearer(&scene.token(row));
        Some((call, scene.body(row)?, format!("{} {path}", row.method.name()), row))
    })
}

#[test]
fn a_method_that_is_not_there_is_405_and_says_which_are() {
    let shop = Shop::open();
    let scene = Scene::of(shop.guest());
    for endpoint in api::ENDPOINTS {
        let (path, token) = (scene.path(endpoint), scene.token(&endpoint.operations[0]));
        let methods: Vec<&str> = endpoint.operations.iter().map(|row| row.method.name()).collect();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"] {
            if methods.contains(&method) {
                continue;
            }
            let refused = shop.call(method, &path).bearer(&token).send();
            assert_eq!(refused.status, 405, "{refused:?}");
            refused.problem(405, "method_not_allowed");
            let allow: Vec<&str> = refused.header("allow").unwrap().split(", ").collect();
            for method in &methods {
                assert!(allow.contains(method), "{refused:?}");
            }
            assert!(!allow.contains(&method));
        }
        let options = shop.call("OPTIONS", &path).send();
        assert_eq!(options.status, 204, "{options:?}");
        assert!(options.header("allow").unwrap().contains(methods[0]));
    }
}

#[test]
fn a_field_that_is_not_known_is_refused_by_name() {
    let shop = Shop::open();
    let scene = Scene::of(shop.guest());
    for (call, mut body, what) in calls_with_bodies(&scene) {
        body["surprise"] = json!(1);
        let problem = call.json(&body).send().problem(400, "unknown_field");
        assert_eq!(problem["field"], "/surprise", "{what}: {problem}");
    }
}

// Whatever the method: one that is misspelled must not look as if it had been heard.
#[test]
fn a_query_parameter_that_is_not_known_is_refused_by_name_everywhere() {
    let shop = Shop::open();
    let scene = Scene::of(shop.guest());
    let before = scene.rows();
    for (endpoint, row) in operations() {
        let path = format!("{}?surprise=1", scene.path(endpoint));
        let problem =
            scene.calling(row, &path, Some(&scene.token(row))).send().problem(400, "unknown_field");
        assert_eq!(problem["field"], "surprise", "{path}: {problem}");
    }
    assert_eq!(scene.rows(), before);
}

#[test]
fn a_header_that_is_read_is_read_strictly_and_where_it_must_be_there_it_must() {
    let shop = Shop::open();
    let scene = Scene::of(shop.guest());
    let before = scene.rows();
    for (endpoint, row) in operations() {
        let path = scene.path(endpoint);
        let call = |name: &str, value: &str| {
            let call = shop
                .call(row.method.name(), &path)
                .bearer(&scene.token(row))
                .maybe(name, Some(value).filter(|it| !it.is_empty()));
            match scene.body(row) {
                Some(body) => call.json(&body).send(),
                None => call.send(),
            }
        };
        if row.is_versioned {
            for malformed in ["3", "W/3", "\"3"] {
                assert_eq!(
                    call("if-match", malformed).problem(400, "invalid_field")["field"],
                    "if-match",
                    "{path}"
                );
            }
        }
        if let Some(name) = row.header {
            for malformed in ["a b", "..", "a/b", "-".repeat(65).as_str()] {
                let problem = call(name, malformed).problem(400, "invalid_field");
                assert_eq!(problem["field"], name, "{path} {malformed}");
            }
        }
        if row.key != Presence::Unread {
            call("idempotency-key", "a b").problem(400, "invalid_idempotency_key");
        }
        if row.key == Presence::Required {
            call("idempotency-key", "").problem(400, "idempotency_key_required");
        }
    }
    assert_eq!(scene.rows(), before);
}

#[test]
fn what_is_not_json_is_malformed() {
    let shop = Shop::open();
    let scene = Scene::of(shop.guest());
    for (call, body, what) in calls_with_bodies(&scene) {
        let whole = body.to_string();
        for text in ["{", "not json", &format!("{whole} {{}}"), &whole[..whole.len() - 1]] {
            let refused = call.clone().header("content-type", "application/json").body(text).send();
            assert_eq!(
                (refused.status, refused.json()["code"].as_str()),
                (400, Some("malformed_json")),
                "{what} {text}: {refused:?}"
            );
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
    let scene = Scene::of(shop.guest());
    let mut tried = 0;
    for (call, body, what) in calls_with_bodies(&scene) {
        for pointer in texts_of(&body) {
            let mut spoiled = body.clone();
            let text = spoiled.pointer_mut(&pointer).unwrap();
            *text = json!(format!("{}\0", text.as_str().unwrap()));
            let refused = call.clone().json(&spoiled).send();
            assert_eq!(
                (refused.status, refused.json()["field"].as_str()),
                (400, Some(pointer.as_str())),
                "{what}: {refused:?}"
            );
            tried += 1;
        }
    }
    assert!(tried >= 30, "{tried}");
    let mut in_paths = 0;
    for (endpoint, row) in operations() {
        // A fixed path is another path then; one with a parameter is this endpoint's to refuse.
        let spoiled = format!("{}%00", scene.path(endpoint));
        let refused = shop.call(row.method.name(), &spoiled).bearer(&scene.token(row)).send();
        if refused.status != 404 {
            refused.problem(400, "invalid_field");
            in_paths += 1;
        }
    }
    assert!(in_paths >= 8, "{in_paths}");
    for path in [
        "/api/v1/cart/shipping-methods?country=V%00",
        "/api/v1/checkout/a%00b",
        "/api/v1/orders/%00",
        "/api/v1/orders/number/%00",
    ] {
        scene.owner.call("GET", path).send().problem(400, "invalid_field");
    }
}

/// Where the texts of a body stand, as JSON pointers.
fn texts_of(value: &Value) -> Vec<String> {
    let within = |segment: String, inner: &Value| {
        texts_of(inner).into_iter().map(move |rest| format!("/{segment}{rest}")).collect::<Vec<_>>()
    };
    match value {
        Value::String(_) => vec![String::new()],
        Value::Object(members) => {
            members.iter().flat_map(|(name, inner)| within(name.clone(), inner)).collect()
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .flat_map(|(index, inner)| within(index.to_string(), inner))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

#[test]
fn a_body_that_is_not_called_json_is_415() {
    let shop = Shop::open();
    let scene = Scene::of(shop.guest());
    for (call, body, what) in calls_with_bodies(&scene) {
        for content_type in [
            Some("text/plain"),
            Some("application/x-www-form-urlencoded"),
            Some("application/json; charset=latin-1"),
            None,
        ] {
            let refused =
                call.clone().maybe("content-type", content_type).body(body.to_string()).send();
            assert_eq!(refused.status, 415, "{what} {content_type:?}: {refused:?}");
            refused.problem(415, "unsupported_media_type");
        }
    }
    let guest = shop.guest();
    guest.adding("TILL-0001", 1).header("x-nothing", "1").send().expect(200);
    let spelled = guest
        .call("POST", "/api/v1/cart/items")
        .header("content-type", "Application/JSON; charset=UTF-8");
    spelled.body(r#"{"sku":"TILL-0001","quantity":1}"#).send().expect(200);
}

#[test]
fn a_body_that_is_too_large_is_413() {
    let shop = Shop::open();
    let scene = Scene::of(shop.guest());
    for (call, _, what, row) in rows_with_bodies(&scene) {
        // Imports alone may be larger; nobody may be this large.
        // It says so before it sends, and need not send: the announced length is enough.
        let call = call.header("content-type", "application/json").header("expect", "100-continue");
        let refused = call.body(vec![b' '; 5 << 20]).send();
        assert_eq!(refused.status, 413, "{what}: {refused:?}");
        let is_import = row.body_limit == "import_body_limit_bytes";
        let limit = if is_import { 4_194_304 } else { 65_536 };
        assert_eq!(refused.problem(413, "body_too_large")["limit_bytes"], limit, "{what}");
    }
}

// Neighbours of one component: what an import may have is for the import alone.
#[test]
fn an_import_may_be_longer_than_what_stands_beside_it() {
    let shop = Shop::open();
    let padded = |body: Value| format!("{body}{}", " ".repeat(100_000));
    let send = |method: &str, path: &str, body: Value| {
        shop.admin(method, path)
            .header("content-type", "application/json")
            .body(padded(body))
            .send()
    };
    let sku = shop.sku();
    send("POST", "/api/v1/catalog/skus", json!({ "skus": [sku.import_line()] })).expect(200);
    let path = format!("/api/v1/catalog/skus/{}", sku.sku);
    let facts = shop.admin("GET", &path).send().expect(200);
    send("PUT", &path, facts).problem(413, "body_too_large");
    send("POST", &format!("{path}/stock"), json!({})).problem(413, "body_too_large");
}

// It costs no statement, and tells no more than one that nothing has.
#[test]
fn an_id_that_can_be_none_is_answered_as_one_that_nothing_has() {
    let shop = Shop::open();
    let scene = Scene::of(shop.guest());
    for (endpoint, row) in operations().filter(|(endpoint, _)| endpoint.path.contains(':')) {
        let token = scene.token(row);
        let call = |path: &str| scene.calling(row, path, Some(&token)).send();
        let path = scene.path_of_no_name(endpoint);
        scene.calling(row, &path, None).send().problem(401, "credential_missing");
        if row.id.starts_with("put_") {
            let field = call(&path).problem(400, "invalid_field")["field"].clone();
            let first = endpoint.path.split("/:").nth(1).and_then(|rest| rest.split('/').next());
            assert_eq!(field.as_str(), first, "{path} would be made");
            continue;
        }
        let nothing = call(&scene.path_of_nothing(endpoint));
        let unknown = nothing.json()["code"].as_str().map(str::to_owned);
        let unknown = unknown.unwrap_or_else(|| panic!("{}: {nothing:?}", row.id));
        call(&path).problem(404, &unknown);
    }
}

#[test]
fn a_path_nobody_serves_is_404() {
    let shop = Shop::open();
    let guest = shop.guest();
    for path in ["/api/v1/cart/items/a/b", "/api/v1/nothing", "/api/v2/cart", "/api"] {
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

// Nothing here gives way under load; the benchmark says how fast it is.
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
