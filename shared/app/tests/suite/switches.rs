//! What a shop may switch off (CFG-2): guests at the checkout, and orders from several warehouses.

use app::cart;
use serde_json::{Value, from_value, json};
use world::{Answer, Shopper, World};

fn looks(world: &World, ann: &Shopper<'_>) -> Value {
    let viewer = edge::Viewer::Owner(ann.owner.clone());
    let query = from_value(json!({ "shipping_method": "standard" })).unwrap();
    Answer::of::<api::preview_totals>(cart::totals(&world.ports(), &viewer, None, &query))
        .expect(200)
}

#[test]
fn a_guest_checks_out_only_where_guests_may() {
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_card_visa");
    let bob = world.shopper();
    bob.add("TILL-0001", 1).expect(200);
    world.set("guest_checkout_enabled", "false");
    bob.begin("pm_card_visa").expect_problem(403, "guest_checkout_disabled");
    assert_eq!(bob.cart().expect(200)["lines"][0]["quantity"], 1, "the cart stays as it is");
    // Who has begun before finishes.
    ann.confirm(&session).expect(201);
    // A customer is no guest.
    let owner = "customer:eve".to_owned();
    world.exec(&format!("update cart set owner = '{owner}' where owner = '{}'", bob.owner));
    world.tab_of(bob.token.clone(), owner).begin("pm_card_visa").expect(201);
    world.set("guest_checkout_enabled", "true");
    let cat = world.shopper();
    cat.add("TILL-0001", 1).expect(200);
    cat.begin("pm_card_visa").expect(201);
}

#[test]
fn an_order_comes_from_several_warehouses_only_where_it_may() {
    let world = World::new();
    // Of one SKU four here and two there, of another two there alone.
    world.exec(
        "delete from stock where sku in ('TILL-0001', 'TILL-0002'); \
         delete from stock_movement where sku in ('TILL-0001', 'TILL-0002')",
    );
    for (sku, warehouse, quantity) in
        [("TILL-0001", "wh-hanoi", 4), ("TILL-0001", "wh-newark", 2), ("TILL-0002", "wh-newark", 2)]
    {
        world.exec(&format!(
            "insert into stock values ('{sku}', '{warehouse}', {quantity}, 0); \
             insert into stock_movement (sku, warehouse_id, kind, on_hand_delta, reserved_delta, reference, at_ms) \
             values ('{sku}', '{warehouse}', 'receive', {quantity}, 0, 'test', 1)"
        ));
    }
    let verdicts = |of: &Value| -> Vec<Value> {
        let lines = of["lines"].as_array().unwrap();
        lines.iter().map(|line| json!([line["stock"], line["available"]])).collect()
    };
    let ann = world.shopper();
    ann.add("TILL-0001", 3).expect(200);
    ann.add("TILL-0002", 2).expect(200);
    assert_eq!(
        verdicts(&looks(&world, &ann)),
        [json!(["available", null]), json!(["available", null])]
    );
    let session = ann.begins("pm_card_visa");
    world.set("multi_warehouse_enabled", "false");
    // Newark lacks one unit of five, Hanoi two.
    assert_eq!(verdicts(&looks(&world, &ann)), [json!(["short", 2]), json!(["available", null])]);
    let short = ann.confirm(&session).expect_problem(422, "insufficient_stock");
    let of = &short["lines"][0];
    assert_eq!(
        (&of["sku"], &of["requested"], &of["available"]),
        (&json!("TILL-0001"), &json!(3), &json!(2))
    );
    ann.begin("pm_card_visa").expect_problem(422, "insufficient_stock");
    world.set("multi_warehouse_enabled", "true");
    ann.confirm(&session).expect(201);
    let sent_from = world.rows("select sku || ' ' || warehouse_id from order_line order by 1");
    assert_eq!(sent_from, ["TILL-0001 wh-hanoi", "TILL-0002 wh-newark"]);

    // What one warehouse has comes from it, though another comes first.
    world.set("multi_warehouse_enabled", "false");
    world
        .exec("update stock set on_hand = 9, reserved = 0 where sku in ('TILL-0001', 'TILL-0002')");
    world.exec("insert into stock_movement (sku, warehouse_id, kind, on_hand_delta, reserved_delta, reference, at_ms) \
        select sku, warehouse_id, 'receive', 9 - (select sum(m.on_hand_delta) from stock_movement as m where m.sku = stock.sku and m.warehouse_id = stock.warehouse_id), 0, 'more', 2 \
        from stock where sku in ('TILL-0001', 'TILL-0002')");
    let bob = world.shopper();
    bob.add("TILL-0001", 1).expect(200);
    bob.add("TILL-0002", 1).expect(200);
    let session = bob.begins("pm_card_visa");
    bob.confirm(&session).expect(201);
    let sent_from = world.rows("select distinct warehouse_id from order_line as l join orders as o using (order_id) where o.owner like 'guest:%' and l.quantity = 1");
    assert_eq!(sent_from, ["wh-newark"]);
    world.is_consistent();
}

// CHK-1
#[test]
fn an_order_from_one_warehouse_comes_from_the_one_that_is_asked_for_if_it_has_all() {
    let world = World::new();
    world.set("multi_warehouse_enabled", "false");
    let begins = |of: &Shopper<'_>, asked: Option<&str>| {
        let session = of.begin_from(asked, "pm_card_visa").expect(201);
        let from: Vec<String> = session["origins"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| {
                format!(
                    "{} {}",
                    part["sku"].as_str().unwrap(),
                    part["warehouse_id"].as_str().unwrap()
                )
            })
            .collect();
        (session["session_id"].as_str().unwrap().to_owned(), from)
    };
    let ann = world.shopper();
    ann.add("TILL-0001", 1).expect(200);
    ann.add("TILL-0002", 1).expect(200);
    let at_newark = ["TILL-0001 wh-newark", "TILL-0002 wh-newark"];
    let at_hanoi = ["TILL-0001 wh-hanoi", "TILL-0002 wh-hanoi"];
    assert_eq!(begins(&ann, None).1, at_hanoi);
    let (session, from) = begins(&ann, Some("wh-newark"));
    assert_eq!(from, at_newark);
    // The confirm is not asked, and keeps to it.
    ann.confirm(&session).expect(201);
    let sent_from = world.rows("select sku || ' ' || warehouse_id from order_line order by 1");
    assert_eq!(sent_from, at_newark);

    // What lacks something is no warehouse for all of it.
    let taken = "from stock as k where k.sku = 'TILL-0002' and k.warehouse_id = 'wh-newark'";
    world.exec(&format!("insert into stock_movement (sku, warehouse_id, kind, on_hand_delta, reserved_delta, reference, at_ms) \
        select k.sku, k.warehouse_id, 'adjust', -k.on_hand, 0, 'gone', 2 {taken}"));
    world.exec(
        "update stock set on_hand = 0 where sku = 'TILL-0002' and warehouse_id = 'wh-newark'",
    );
    let bob = world.shopper();
    bob.add("TILL-0001", 1).expect(200);
    bob.add("TILL-0002", 1).expect(200);
    let (session, from) = begins(&bob, Some("wh-newark"));
    assert_eq!(from, at_hanoi);
    bob.confirm(&session).expect(201);

    // Of a session from when several were allowed.
    let eve = world.shopper();
    eve.add("TILL-0001", 1).expect(200);
    eve.add("TILL-0002", 1).expect(200);
    world.set("multi_warehouse_enabled", "true");
    let (session, from) = begins(&eve, Some("wh-newark"));
    assert_eq!(from, ["TILL-0001 wh-newark", "TILL-0002 wh-hanoi"]);
    world.set("multi_warehouse_enabled", "false");
    eve.confirm(&session).expect_problem(409, "price_changed");
    world.is_consistent();
}
