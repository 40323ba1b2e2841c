//! What the API document shows as replies: a story in the scripted world, whose ids and clock are
//! the same each time. `UPDATE_OPENAPI=1 cargo test --profile host -p app` writes the file; the
//! HTTP suite holds each example to its schema.

use app::{cart, checkout, order};
use edge::{Method, OwnerOrService, Request, Viewer};
use serde_json::{Map, Value, from_value, json};
use std::{env, fs, path::Path};
use world::{Answer, World};

fn made() -> Map<String, Value> {
    let world = World::new();
    let ports = world.ports();
    let mut replies = Map::new();
    let mut tell = |operation: &str, status: u16, answer: Answer| -> Value {
        let body = answer.expect(status);
        replies.insert(operation.to_owned(), body.clone());
        body
    };
    let created = cart::create(&ports, None, &Default::default());
    tell("open_cart", 201, Answer::of::<api::open_cart>(created));
    let ann = world.shopper();
    let viewer = Viewer::Owner(ann.owner.clone());
    tell("add_to_cart", 200, ann.add("TILL-0001", 2));
    tell("view_cart", 200, ann.cart());
    let destination = json!({ "country": "US", "region": "CA", "shipping_method": "standard" });
    let totals = cart::totals(&ports, &viewer, None, &from_value(destination).unwrap());
    tell("preview_totals", 200, Answer::of::<api::preview_totals>(totals));
    let methods = cart::shipping_methods(&ports, &viewer, None, &Default::default());
    tell("list_shipping_methods", 200, Answer::of::<api::list_shipping_methods>(methods));
    let change = Request::new(Method::Put, "/").change().unwrap();
    let line = "TILL-0001".parse().unwrap();
    let one = from_value(json!({ "quantity": 1 })).unwrap();
    let set = cart::set_quantity(&ports, &ann.owner, line, &one, &change);
    tell("set_quantity", 200, Answer::of::<api::set_quantity>(set));
    let share = cart::share(&ports, &ann.owner, &Default::default());
    tell("share_cart", 201, Answer::of::<api::share_cart>(share));

    let begun = tell("begin_checkout", 201, ann.begin("pm_card_visa"));
    let session_id = begun["session_id"].as_str().unwrap();
    let view = checkout::view(&ports, &ann.owner, &session_id.parse().unwrap());
    tell("view_checkout", 200, Answer::of::<api::view_checkout>(view));
    let placed = tell("confirm_checkout", 201, ann.confirm(session_id));
    let order_id = placed["order_id"].as_str().unwrap();
    tell("view_order", 200, ann.order(order_id));
    let owner = ann.request("GET", "/", &Value::Null, None);
    let owner = edge::caller(&ports, edge::Takes::Both, &owner).unwrap();
    let owner = OwnerOrService::Owner(owner.require_owner().unwrap());
    let orders = order::list(&ports, &owner, &Default::default());
    tell("list_orders", 200, Answer::of::<api::list_orders>(orders));
    tell("cancel_order", 200, ann.cancel(order_id));
    let history = order::status_history(&ports, &owner, &order_id.parse().unwrap());
    tell("view_order_status_history", 200, Answer::of::<api::view_order_status_history>(history));
    replies
}

#[test]
fn the_replies_that_the_document_shows_are_those_that_are_given() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/src/document/replies.json");
    let mut text = serde_json::to_string_pretty(&Value::Object(made())).unwrap();
    text.push('\n');
    if env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(&file, &text).unwrap();
        return;
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == text,
        "the document's replies are others; run UPDATE_OPENAPI=1 cargo test --profile host -p app"
    );
}
