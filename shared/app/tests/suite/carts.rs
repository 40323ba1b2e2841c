//! A cart by its owner and by who holds a share of it: lines, totals, ways to send it, shares, and
//! the orders it became.

use app::{cart, order};
use edge::{Request, Viewer};
use serde_json::{Value, from_value, json};
use world::{Answer, Shopper, World, hours};

fn sets(world: &World, ann: &Shopper<'_>, line: &str, quantity: i64) -> Answer {
    let body = from_value(json!({ "quantity": quantity })).unwrap();
    Answer::of::<api::set_quantity>(cart::set_quantity(
        &world.ports(),
        &ann.owner,
        line.parse().unwrap(),
        &body,
        &plain(ann),
    ))
}

fn removes(world: &World, ann: &Shopper<'_>, line: &str) -> Answer {
    Answer::of::<api::remove_line>(cart::remove_line(
        &world.ports(),
        &ann.owner,
        line.parse().unwrap(),
        &plain(ann),
    ))
}

/// A change without a key and without a version.
fn plain(ann: &Shopper<'_>) -> app::Change {
    ann.request("PUT", "/api/v1/cart", &Value::Null, None).change().unwrap()
}

fn shares(world: &World, ann: &Shopper<'_>, body: Value) -> Answer {
    Answer::of::<api::share_cart>(cart::share(
        &world.ports(),
        &ann.owner,
        &from_value(body).unwrap(),
    ))
}

/// Who shows this token.
fn viewer(world: &World, token: &str) -> Viewer {
    let request = Request::new(edge::Method::Get, "/api/v1/cart")
        .with_header("authorization", &format!("Bearer {token}"));
    edge::caller(&world.ports(), edge::Takes::Shoppers, &request).unwrap().require_viewer().unwrap()
}

fn totals(world: &World, viewer: &Viewer, query: Value) -> Answer {
    Answer::of::<api::preview_totals>(cart::totals(
        &world.ports(),
        viewer,
        None,
        &from_value(query).unwrap(),
    ))
}

#[test]
fn lines_are_changed_removed_and_cleared() {
    let world = World::new();
    let ann = world.shopper();
    ann.add("TILL-0001", 1).expect(200);
    ann.add("TILL-0002", 1).expect(200);
    let set = sets(&world, &ann, "TILL-0001", 3).expect(200);
    assert_eq!((&set["quantity"], &set["unit_price"]["amount_minor"]), (&json!(3), &json!(1_009)));
    for quantity in [0, -1, 100_000] {
        sets(&world, &ann, "TILL-0001", quantity).expect_problem(422, "quantity_out_of_range");
    }
    sets(&world, &ann, "TILL-0003", 1).expect_problem(404, "line_not_found");
    removes(&world, &ann, "TILL-0003").expect_problem(404, "line_not_found");
    assert_eq!(removes(&world, &ann, "TILL-0002").expect(200)["quantity"], 0);
    assert_eq!(ann.cart().expect(200)["lines"].as_array().unwrap().len(), 1);
    let clear =
        || Answer::of::<api::clear_cart>(cart::clear(&world.ports(), &ann.owner, &plain(&ann)));
    assert_eq!(clear().expect(200)["lines"], 0);
    assert_eq!(ann.cart().expect(200)["lines"], json!([]));
    let told = world.events();
    for event in ["orders.cart.quantity_changed", "orders.cart.item_removed", "orders.cart.cleared"]
    {
        assert!(
            told.iter().any(|told| told.ends_with(event.rsplit('.').next().unwrap())),
            "{event}: {told:?}"
        );
    }
    world.is_consistent();
}

#[test]
fn a_change_of_a_cart_that_is_not_there_is_refused() {
    let world = World::new();
    let ann = world.shopper();
    world.exec("delete from cart");
    sets(&world, &ann, "TILL-0001", 1).expect_problem(404, "cart_not_found");
    removes(&world, &ann, "TILL-0001").expect_problem(404, "cart_not_found");
    Answer::of::<api::clear_cart>(cart::clear(&world.ports(), &ann.owner, &plain(&ann)))
        .expect_problem(404, "cart_not_found");
    Answer::of::<api::list_shares>(cart::list_shares(&world.ports(), &ann.owner))
        .expect_problem(404, "cart_not_found");
    shares(&world, &ann, json!({})).expect_problem(404, "cart_not_found");
    totals(&world, &Viewer::Owner(ann.owner.clone()), json!({ "country": "VN" }))
        .expect_problem(404, "cart_not_found");
}

#[test]
fn a_share_looks_until_it_is_revoked() {
    let world = World::new();
    let ann = world.shopper();
    ann.add("TILL-0001", 2).expect(200);
    let shared = shares(&world, &ann, json!({ "expires_in_seconds": 3_600 })).expect(201);
    let (id, bob) = (
        shared["share_id"].as_str().unwrap(),
        viewer(&world, shared["share_token"].as_str().unwrap()),
    );
    assert_eq!(
        shared["expires_at_ms"].as_i64().unwrap() - shared["created_at_ms"].as_i64().unwrap(),
        3_600_000
    );
    let query = json!({ "country": "VN", "shipping_method": "standard" });
    let seen = totals(&world, &bob, query.clone()).expect(200);
    assert_eq!(seen, totals(&world, &Viewer::Owner(ann.owner.clone()), query.clone()).expect(200));
    let ways = cart::shipping_methods(
        &world.ports(),
        &bob,
        None,
        &from_value(json!({ "country": "VN" })).unwrap(),
    );
    assert_eq!(
        Answer::of::<api::list_shipping_methods>(ways).expect(200)["methods"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    Answer::of::<api::view_cart>(cart::view(&world.ports(), &bob)).expect(200);

    let list = || {
        Answer::of::<api::list_shares>(cart::list_shares(&world.ports(), &ann.owner)).expect(200)
    };
    assert_eq!(list()["shares"][0]["share_id"], id);
    let revoke = || {
        Answer::of::<api::revoke_share>(cart::revoke_share(
            &world.ports(),
            &ann.owner,
            &id.parse().unwrap(),
            &plain(&ann),
        ))
    };
    assert_eq!(revoke().expect(200)["share_id"], id);
    revoke().expect_problem(404, "share_not_found");
    assert_eq!(list()["shares"], json!([]));
    totals(&world, &bob, query).expect_problem(404, "cart_not_found");
}

#[test]
fn shares_are_bounded_in_time_and_number() {
    let world = World::new();
    let ann = world.shopper();
    for seconds in [0, -1, i64::MAX] {
        shares(&world, &ann, json!({ "expires_in_seconds": seconds }))
            .expect_problem(400, "invalid_field");
    }
    world.set("cart_share_limit", "2");
    let first = shares(&world, &ann, json!({ "expires_in_seconds": 60 })).expect(201);
    let bob = viewer(&world, first["share_token"].as_str().unwrap());
    shares(&world, &ann, json!({})).expect(201);
    let problem = shares(&world, &ann, json!({})).expect_problem(422, "too_many_shares");
    assert!(problem.to_string().contains('2'), "{problem}");
    world.passes(hours(1));
    Answer::of::<api::view_cart>(cart::view(&world.ports(), &bob))
        .expect_problem(404, "cart_not_found");
}

#[test]
fn orders_are_listed_page_by_page_to_their_owner() {
    let world = World::new();
    let ann = world.shopper();
    let bought: Vec<String> = (0..3)
        .map(|_| {
            assert!(ann.opens(&Value::Null).status < 300);
            world.passes(1);
            ann.buys("pm_card_visa")
        })
        .collect();
    let request = ann.request("GET", "/api/v1/orders", &Value::Null, None);
    let caller = edge::caller(&world.ports(), edge::Takes::Both, &request)
        .unwrap()
        .require_owner_or_scope("orders:read")
        .unwrap();
    let list = |query: Value| {
        Answer::of::<api::list_orders>(order::list(
            &world.ports(),
            &caller,
            &from_value(query).unwrap(),
        ))
    };
    let first = list(json!({ "limit": 2 })).expect(200);
    assert_eq!(
        (first["orders"].as_array().unwrap().len(), &first["orders"][0]["order_id"]),
        (2, &json!(bought[2]))
    );
    let last = list(json!({ "limit": 2, "cursor": first["next_cursor"] })).expect(200);
    assert_eq!(
        (&last["orders"][0]["order_id"], &last["next_cursor"]),
        (&json!(bought[0]), &Value::Null)
    );
    assert_eq!(list(json!({ "status": "cancelled" })).expect(200)["orders"], json!([]));
    for limit in [0, 101] {
        list(json!({ "limit": limit })).expect_problem(400, "invalid_field");
    }
}
