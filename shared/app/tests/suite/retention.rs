//! What nothing needs any more goes, and what happened stays (EVT-5).

use world::{World, hours};

/// `record_retention_seconds`, as it is by default.
const RETENTION_S: i64 = 30 * hours(24);

fn count(world: &World, table: &str) -> String {
    world.rows(&format!("select count(*) from {table}")).remove(0)
}

#[test]
fn a_purchase_leaves_its_order_and_none_of_what_was_needed_on_the_way() {
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_card_visa");
    let order = ann.confirm(&session).expect(201);
    let order_id = order["order_id"].as_str().unwrap();
    // She came to the checkout twice before she paid; of that session nobody needs anything.
    world.exec("insert into checkout_session select 'earlier', cart_id, owner, 'replaced', cart_version, country, region, shipping_method, payment_method, contact, email_hashes, address_hash, billing_country, totals, created_at_ms, expires_at_ms from checkout_session");
    world.relays().unwrap();
    assert_eq!(world.prunes().unwrap().taken, 0, "all of it is young");
    assert_eq!(ann.confirm(&session).expect(201), order);
    assert_eq!(world.keys_of_key_values("confirm/").len(), 1);

    world.passes(RETENTION_S + hours(1));
    let report = world.prunes().unwrap();
    assert!(report.done > 0 && report.done + 1 == report.taken, "her data key stays: {report:?}");
    assert_eq!(
        [count(&world, "outbox"), count(&world, "confirm_key"), count(&world, "idempotency")],
        ["0", "0", "0"]
    );
    assert_eq!(world.rows("select status from checkout_session"), ["completed"]);
    assert!(world.keys_of_key_values("confirm/").is_empty());
    assert_eq!(ann.order(order_id).expect(200)["payment"]["state"], "captured");
    // The key is forgotten, and still there is one order and one charge.
    ann.confirm(&session).expect_problem(409, "cart_completed");
    assert_eq!(world.ledger(), ["authorized 1509", "captured 1509"]);
    assert_eq!(world.prunes().unwrap().taken, 0, "nothing is left to do");
    world.is_consistent();
}

// SEC-5
#[test]
fn a_confirms_reply_that_somebody_else_has_kept_is_passed_over() {
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_card_visa");
    let order = ann.confirm(&session).expect(201);
    let name = world.keys_of_key_values("confirm/").remove(0);
    let ours = world.key_value(&name);
    let order_id = order["order_id"].as_str().unwrap();
    let text = String::from_utf8(ours[32..].to_vec()).unwrap();
    let forged = text.replace(order_id, "01900000-0000-7000-8000-00000000dead");
    assert_ne!(forged, text);
    for record in
        [forged.clone().into_bytes(), [&ours[..32], forged.as_bytes()].concat(), Vec::new()]
    {
        world.set_key_value(&name, record);
        assert_eq!(ann.confirm(&session).expect(201), order, "SQL is asked");
    }
    // Another's reply does not fit here either.
    let (bob, his) = world.at_checkout("pm_card_visa");
    bob.confirm(&his).expect(201);
    let of_bob = world.keys_of_key_values("confirm/").into_iter().find(|key| *key != name).unwrap();
    world.set_key_value(&name, world.key_value(&of_bob));
    assert_eq!(ann.confirm(&session).expect(201), order);
    world.is_consistent();
}

#[test]
fn an_event_that_was_never_taken_waits_however_long() {
    let world = World::new();
    world.set("event_sink_url", "");
    let (ann, session) = world.at_checkout("pm_card_visa");
    ann.confirm(&session).expect(201);
    world.passes(2 * RETENTION_S);
    let told = world.events().len();
    world.prunes().unwrap();
    assert_eq!(world.events().len(), told);
}

#[test]
fn without_key_values_the_rows_go_all_the_same() {
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_card_visa");
    ann.confirm(&session).expect(201);
    world.passes(RETENTION_S + hours(1));
    world.loses_key_values(true);
    world.prunes().unwrap();
    assert_eq!(count(&world, "confirm_key"), "0");
}
