//! Carts that nobody touches, and who comes back to them (CART-10).

use app::{order, session};
use domain::ids::CustomerId;
use edge::{Customer, Method, Request, Service};
use serde_json::{Value, json};
use world::{Answer, Call, Fault, Shopper, World, block_on, hours};

/// How long a guest's cart waits.
const GUEST_IDLE_S: i64 = 3_600;

fn lines(cart: &Value) -> Vec<String> {
    cart["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| format!("{} {}", line["sku"].as_str().unwrap(), line["quantity"]))
        .collect()
}

fn count(world: &World, kind: &str) -> usize {
    world.events().iter().filter(|event| *event == kind).count()
}

/// Once the workers have been here, who were away, the audit finds nothing.
fn is_sound(world: &World) {
    world.works();
    world.is_consistent();
}

#[test]
fn an_idle_cart_is_gone_to_the_second_and_its_lines_come_back_once() {
    for swept in [false, true] {
        let world = World::new();
        let ann = world.shopper();
        ann.add("TILL-0001", 2).expect(200);
        let first = ann.cart().expect(200);
        world.passes(GUEST_IDLE_S - 1);
        assert_eq!(ann.cart().expect(200)["cart_id"], first["cart_id"]);
        world.passes(1);
        ann.cart().expect_problem(404, "cart_not_found");
        ann.add("TILL-0001", 1).expect_problem(404, "cart_not_found");
        ann.begin("pm_card_visa").expect_problem(404, "cart_not_found");
        if swept {
            assert_eq!(world.sweeps().unwrap().done, 1);
        }
        let opened = ann.opens(&json!({})).expect(201);
        assert_ne!(opened["cart"]["cart_id"], first["cart_id"]);
        assert_eq!(lines(&opened["cart"]), ["TILL-0001 2"]);
        assert_eq!(world.sweeps().unwrap().done, 0, "nothing is left to do");
        assert_eq!(count(&world, "cart.abandoned"), 1);
        let session = ann.begins("pm_card_visa");
        ann.confirm(&session).expect(201);
        assert!(
            lines(&ann.opens(&json!({})).expect(201)["cart"]).is_empty(),
            "what was bought does not come back"
        );
        is_sound(&world);
    }
}

#[test]
fn after_the_time_to_come_back_nothing_is_left() {
    let world = World::new();
    let (ann, bob) = (world.shopper(), world.shopper());
    for guest in [&ann, &bob] {
        guest.add("TILL-0001", 2).expect(200);
    }
    world.passes(GUEST_IDLE_S + hours(30 * 24));
    // By the clock, although no worker has ever been here.
    assert!(lines(&ann.opens(&json!({})).expect(201)["cart"]).is_empty());
    world.sweeps().unwrap();
    world.sweeps().unwrap();
    assert_eq!(world.rows("select count(*) from cart"), ["1"]);
    assert_eq!(world.rows("select count(*) from cart_line"), ["0"]);
    assert!(lines(&bob.opens(&json!({})).expect(201)["cart"]).is_empty());
    is_sound(&world);
}

#[test]
fn what_a_decline_had_left_held_goes_back_with_the_cart() {
    for swept in [false, true] {
        let world = World::new();
        // Held for as long as the cart lives, and no worker gives back what is held: only the
        // cart's end does.
        world.set("reservation_seconds", "3600");
        world.set("checkout_session_seconds", "3600");
        let (ann, session) = world.at_checkout("pm_card_chargeDeclined");
        ann.confirm(&session).expect_problem(402, "payment_declined");
        let held = || world.rows("select sum(reserved) from stock where sku = 'TILL-0001'");
        assert_eq!(held(), ["1"]);
        world.passes(GUEST_IDLE_S);
        ann.confirm(&session).expect_problem(409, "session_expired");
        if swept {
            world.sweeps().unwrap();
        } else {
            ann.opens(&json!({})).expect(201);
        }
        assert_eq!(held(), ["0"]);
        assert_eq!(world.rows("select status from checkout_session"), ["expired"]);
        is_sound(&world);
    }
}

#[test]
fn a_cart_is_not_given_up_while_its_buyers_bank_asks_them() {
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_card_authenticationRequired");
    ann.confirm(&session).expect_problem(402, "payment_action_required");
    // Nobody drives the attempt on, and the cart's time is long over.
    world.passes(hours(2));
    assert_eq!(world.sweeps().unwrap().done, 0);
    assert_eq!(ann.cart().expect(200)["status"], "checkout");
    assert_eq!(ann.opens(&json!({})).expect(200)["cart"]["status"], "checkout");
    assert_eq!(count(&world, "cart.abandoned"), 0);
    // Once recovery has ended it, the cart is gone.
    world.lives(hours(1));
    ann.cart().expect_problem(404, "cart_not_found");
    assert_eq!(count(&world, "cart.abandoned"), 1);
    is_sound(&world);
}

/// The customer `an`, who has no token here.
fn customer(world: &World) -> Shopper<'_> {
    world.tab_of(String::new(), Customer { id: "an".to_owned() }.owner())
}

fn logs_in(world: &World, guest: &Shopper<'_>) -> Value {
    let request =
        guest.request("POST", "/api/v1/session", &json!({ "guest_token": guest.token }), None);
    Answer::of::<api::open_session>(session::open(
        &world.ports(),
        CustomerId::try_from("an").unwrap(),
        &request.json().unwrap(),
    ))
    .expect(200)
}

#[test]
fn a_login_brings_what_the_guest_and_the_customer_left() {
    for swept in [false, true] {
        let world = World::new();
        let customer = customer(&world);
        customer.opens(&json!({})).expect(201);
        customer.add("TILL-0002", 3).expect(200);
        world.passes(1);
        let guest = world.shopper();
        guest.add("TILL-0001", 2).expect(200);
        world.passes(hours(25));
        if swept {
            assert_eq!(world.sweeps().unwrap().done, 2);
        }
        let opened = logs_in(&world, &guest);
        assert_eq!(lines(&opened["cart"]), ["TILL-0002 3", "TILL-0001 2"]);
        assert_eq!(logs_in(&world, &guest)["merge"], opened["merge"], "the same login again");
        guest.opens(&json!({})).expect_problem(404, "cart_not_found");
        assert_eq!(
            world.rows("select count(*) from cart where status in ('active', 'checkout')"),
            ["1"]
        );
        is_sound(&world);
    }
}

#[test]
fn a_service_that_comes_again_under_its_key_gets_its_order_however_late() {
    for later_s in [hours(2), hours(25)] {
        let world = World::new();
        let service =
            Service { subject: "desk".to_owned(), scopes: vec!["orders:write".to_owned()] };
        let body = json!({
            "currency": "USD", "lines": [{ "sku": "TILL-0001", "quantity": 1 }], "expected_total": { "amount_minor": 1_509, "currency": "USD" },
            "email": "desk@customer.example", "shipping_method": "standard", "payment_method": "pm_card_visa",
            "shipping_address": { "name": "An", "line1": "17 Hang Bac", "city": "Hanoi", "country": "VN" },
        });
        let request =
            Request::new(Method::Post, "/api/v1/orders").with_header("idempotency-key", "desk-1");
        let request =
            request.with_header("content-type", "application/json").with_body(body.to_string());
        let orders = || {
            let change = request.keyed_change().unwrap();
            Answer::of::<api::create_order>(block_on(order::create(
                &world.ports(),
                &service,
                request.json().unwrap(),
                &change,
            )))
        };
        world.fault(&[Call::Authorize], Fault::NotSent, 1);
        orders().expect_problem(503, "provider_unavailable");
        world.lives(later_s);
        orders().expect(201);
        assert_eq!(world.ledger(), ["authorized 1509", "captured 1509"]);
        is_sound(&world);
    }
}

#[test]
fn a_change_moves_the_moment_on_and_a_look_does_not() {
    let world = World::new();
    let (busy, idle) = (world.shopper(), world.shopper());
    for guest in [&busy, &idle] {
        guest.add("TILL-0001", 1).expect(200);
    }
    world.passes(GUEST_IDLE_S - 60);
    busy.add("TILL-0001", 1).expect(200);
    idle.cart().expect(200);
    world.passes(60);
    idle.cart().expect_problem(404, "cart_not_found");
    // A checkout that is begun can be confirmed to its end.
    world.set("cart_guest_idle_seconds", "1800");
    world.passes(GUEST_IDLE_S - 120);
    let session = busy.begins("pm_card_visa");
    world.passes(1_799);
    busy.confirm(&session).expect(201);
    is_sound(&world);
}
