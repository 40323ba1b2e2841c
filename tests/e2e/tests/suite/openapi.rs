//! The API document is there, is the one in the repository, and says of every path which methods it
//! has.

use e2e::{Reply, Shop, conforms, replies_that_conform, unique};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const FILE: &str = include_str!("../../../../docs/openapi.json");

// OPS-4
#[test]
fn the_document_and_its_page_are_served_and_can_be_cached() {
    let shop = Shop::open();
    for (path, content_type) in
        [("/openapi.json", "application/json"), ("/docs", "text/html; charset=utf-8")]
    {
        let reply = shop.call("GET", path).send();
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.header("content-type"), Some(content_type));
        assert_eq!(reply.header("cache-control"), Some("public, max-age=300"));
        let tag = reply.header("etag").expect("an entity tag").to_owned();
        let again = shop.call("GET", path).header("if-none-match", &tag).send();
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("etag"), Some(tag.as_str()));
        shop.call("GET", &format!("{path}?format=yaml")).send().problem(400, "unknown_field");
    }
    let served = shop.call("GET", "/openapi.json").send();
    assert_eq!(served.json(), serde_json::from_str::<Value>(FILE).unwrap());
    assert!(!served.body.contains(&b'\n'), "it is served without the white space of the file");
    let page = String::from_utf8(shop.call("GET", "/docs").send().body).unwrap();
    assert!(
        !page.contains("<script") && !page.contains("src="),
        "the page needs nothing from elsewhere"
    );
}

// OPS-4: a function that serves another method than is declared, or misses one, is found here.
#[test]
fn every_path_allows_the_methods_that_are_declared() {
    let shop = Shop::open();
    let document: Value = serde_json::from_str(FILE).unwrap();
    for (template, item) in document["paths"].as_object().unwrap() {
        let path = template.replace(['{', '}'], "");
        let allow = shop.call("OPTIONS", &path).send();
        assert_eq!(allow.status, 204, "{path}");
        let allowed: BTreeSet<String> =
            allow.header("allow").unwrap().split(", ").map(str::to_lowercase).collect();
        let mut declared: BTreeSet<String> =
            item.as_object().unwrap().keys().filter(|name| *name != "summary").cloned().collect();
        declared.insert("options".to_owned());
        if declared.contains("get") {
            declared.insert("head".to_owned());
        }
        assert_eq!(allowed, declared, "{path}");
    }
}

// OPS-4: what the document shows as a reply is one.
#[test]
fn every_reply_that_the_document_shows_is_as_it_says() {
    let shown = replies_that_conform();
    assert!(shown >= 12, "{shown}");
}

// OPS-4: the check that every reply of this suite goes through has teeth.
#[test]
fn a_reply_that_the_document_does_not_describe_is_noticed() {
    let shop = Shop::open();
    let guest = shop.guest();
    let sku = shop.sku().create();
    guest.add(&sku, 1).expect(200);
    let reply = guest.call("GET", "/api/v1/cart").send();
    let told = |change: &dyn Fn(&mut Reply)| {
        let mut changed = reply.clone();
        change(&mut changed);
        conforms("GET", "/api/v1/cart", &changed)
    };
    let edited = |edit: &dyn Fn(&mut Value)| {
        let mut body = reply.json();
        edit(&mut body);
        told(&|reply| reply.body = body.to_string().into_bytes())
    };
    assert_eq!(told(&|_| {}), Ok(()));
    assert!(told(&|reply| reply.status = 202).is_err(), "a status");
    assert!(
        told(&|reply| reply.headers.retain(|(name, _)| name != "etag")).is_err(),
        "a header that is missing"
    );
    assert!(
        told(&|reply| reply.headers.push(("x-debug".to_owned(), "1".to_owned()))).is_err(),
        "a header that is new"
    );
    assert!(edited(&|body| body["debug"] = json!(true)).is_err(), "a field");
    assert!(
        edited(&|body| body["lines"][0]["debug"] = json!(true)).is_err(),
        "a field of a line, whose stock is a choice of shapes"
    );
    assert!(edited(&|body| body["subtotal"]["debug"] = json!(true)).is_err(), "a field of money");
    assert!(edited(&|body| body["status"] = json!("open")).is_err(), "a name");
    assert!(
        edited(&|body| drop(body.as_object_mut().unwrap().remove("version"))).is_err(),
        "a field that is missing"
    );
    let problem = shop.call("GET", "/api/v1/cart").send();
    let mut other = problem.clone();
    other.body =
        problem.json().to_string().replace("credential_missing", "line_not_found").into_bytes();
    assert!(conforms("GET", "/api/v1/cart", &other).is_err(), "a code of another endpoint");
}

// OPS-4: who copies the examples out of the document gets an order.
#[test]
fn the_examples_of_the_document_sell() {
    let shop = Shop::open();
    let document: Value = serde_json::from_str(FILE).unwrap();
    let example = |path: &str, method: &str| {
        document["paths"][path][method]["requestBody"]["content"]["application/json"]["example"]
            .clone()
    };
    let of = |path: &str, session_id: &str| path.replace("{session_id}", session_id);
    let opened =
        shop.call("POST", "/api/v1/cart").json(&example("/api/v1/cart", "post")).send().expect(201);
    let token = opened["guest_token"].as_str().unwrap();
    let send = |path: &str, session_id: &str| {
        shop.call("POST", &of(path, session_id)).bearer(token).json(&example(path, "post")).send()
    };
    send("/api/v1/cart/items", "").expect(200);
    let session = send("/api/v1/checkout", "").expect(201);
    let order =
        send("/api/v1/checkout/{session_id}/confirm", session["session_id"].as_str().unwrap())
            .expect(201);
    let body = example("/api/v1/orders", "post");
    assert_eq!(order["total"], body["expected_total"], "the same goods to the same place");
    shop.call("POST", "/api/v1/orders")
        .bearer(&shop.token("orders:write"))
        .keyed(&unique("example-"))
        .json(&body)
        .send()
        .expect(201);
}
