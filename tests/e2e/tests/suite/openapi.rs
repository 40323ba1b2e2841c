//! The API document is there, is the one in the repository, and says of every path which methods it has.

use e2e::Shop;
use serde_json::Value;
use std::collections::BTreeSet;

const FILE: &str = include_str!("../../../../docs/openapi.json");

// OPS-4
#[test]
fn the_document_and_its_page_are_served_and_can_be_cached() {
    let shop = Shop::open();
    for (path, content_type) in [("/openapi.json", "application/json"), ("/docs", "text/html; charset=utf-8")] {
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
    assert_eq!(shop.call("GET", "/openapi.json").send().body, FILE.as_bytes());
    let page = String::from_utf8(shop.call("GET", "/docs").send().body).unwrap();
    assert!(!page.contains("<script") && !page.contains("src="), "the page needs nothing from elsewhere");
}

// OPS-4: a function that serves another method than is declared, or misses one, is found here.
#[test]
fn every_path_allows_the_methods_that_are_declared() {
    let shop = Shop::open();
    let document: Value = serde_json::from_str(FILE).unwrap();
    for (template, item) in document["paths"].as_object().unwrap() {
        let path = template.replace('{', "").replace('}', "");
        let allow = shop.call("OPTIONS", &path).send();
        assert_eq!(allow.status, 204, "{path}");
        let allowed: BTreeSet<String> = allow.header("allow").unwrap().split(", ").map(str::to_lowercase).collect();
        let mut declared: BTreeSet<String> = item.as_object().unwrap().keys().filter(|name| *name != "summary").cloned().collect();
        declared.insert("options".to_owned());
        if declared.contains("get") {
            declared.insert("head".to_owned());
        }
        assert_eq!(allowed, declared, "{path}");
    }
}
