//! Promotions where they are switched off or cannot be read (CFG-2, CART-6), and a claim that they
//! change under.

use app::cart;
use serde_json::{Value, from_value, json};
use world::{Answer, Call, Fault, Shopper, World};

fn gives(world: &World, ann: &Shopper<'_>, code: &str) -> Answer {
    let change = ann.request("POST", "/api/v1/cart/codes", &Value::Null, None).change().unwrap();
    let body = from_value(json!({ "code": code })).unwrap();
    Answer::of::<api::give_code>(cart::give_code(&world.ports(), &ann.owner, &body, &change))
}

fn looks(world: &World, ann: &Shopper<'_>) -> Value {
    let viewer = edge::Viewer::Owner(ann.owner.clone());
    let query = from_value(json!({ "shipping_method": "standard" })).unwrap();
    Answer::of::<api::preview_totals>(cart::totals(&world.ports(), &viewer, None, &query))
        .expect(200)
}

fn tries(world: &World, ann: &Shopper<'_>, code: &str) -> Answer {
    let viewer = edge::Viewer::Owner(ann.owner.clone());
    let query = from_value(json!({ "try_code": code })).unwrap();
    Answer::of::<api::preview_totals>(cart::totals(&world.ports(), &viewer, None, &query))
}

fn validates(world: &World, ann: &Shopper<'_>, body: Value) -> Answer {
    let body = from_value(body).unwrap();
    Answer::of::<api::validate_cart>(cart::validate(&world.ports(), &ann.owner, None, &body))
}

fn suggestions(world: &World, ann: &Shopper<'_>) -> Answer {
    let viewer = edge::Viewer::Owner(ann.owner.clone());
    let query = from_value(json!({})).unwrap();
    Answer::of::<api::list_suggestions>(cart::suggestions(&world.ports(), &viewer, None, &query))
}

fn discount(totals: &Value) -> i64 {
    totals["discount"]["amount_minor"].as_i64().unwrap()
}

/// Somebody with two of these and the demo's code.
fn with_the_code(world: &World) -> Shopper<'_> {
    let ann = world.shopper();
    ann.add("TILL-0001", 2).expect(200);
    assert_eq!(gives(world, &ann, "welcome").expect(200)["codes"], json!(["WELCOME"]));
    ann
}

// CFG-2
#[test]
fn what_is_switched_off_takes_nothing_off_and_comes_back() {
    let world = World::new();
    let ann = with_the_code(&world);
    assert_eq!(discount(&looks(&world, &ann)), 202);
    let session = ann.begins("pm_card_visa");
    world.set("promotions_enabled", "false");
    let without = looks(&world, &ann);
    assert_eq!((discount(&without), &without["warnings"]), (0, &json!([])));
    let bob = world.shopper();
    bob.add("TILL-0001", 1).expect(200);
    gives(&world, &bob, "WELCOME").expect_problem(503, "promotions_disabled");
    assert_eq!(suggestions(&world, &ann).expect(200), json!({ "suggestions": [] }));
    // Who was shown the discount is asked anew.
    ann.confirm(&session).expect_problem(409, "promotion_expired");
    world.set("promotions_enabled", "true");
    assert_eq!(discount(&looks(&world, &ann)), 202);
    ann.confirm(&session).expect(201);
}

// CART-6
#[test]
fn promotions_that_cannot_be_read_are_told_and_stop_a_purchase_alone() {
    let world = World::new();
    let ann = with_the_code(&world);
    let session = ann.begins("pm_card_visa");
    world.exec("update promotion set rule = json_set(rule, '$.kind', 'of no kind') where promotion_id = 'welcome'");
    let without = looks(&world, &ann);
    assert_eq!(
        (discount(&without), &without["warnings"][0]["code"]),
        (0, &json!("promotions_unavailable"))
    );
    assert_eq!(world.alerts(), ["promotions_unavailable"]);
    for refused in [ann.begin("pm_card_visa"), ann.confirm(&session)] {
        refused.expect_problem(503, "promotions_unavailable");
    }
    gives(&world, &ann, "WELCOME").expect_problem(503, "promotions_unavailable");
    assert!(world.calls().is_empty(), "nobody was asked for money");
    // Who has no code of it does not notice.
    let bob = world.shopper();
    bob.add("TILL-0001", 1).expect(200);
    assert_eq!(looks(&world, &bob)["warnings"], json!([]));
    bob.buys("pm_card_visa");
}

// PROMO-4: what a saga holds survives its driver, and is given back by whoever ends it
#[test]
fn a_use_is_kept_while_its_outcome_is_not_known_and_given_back_with_the_attempt() {
    let world = World::new();
    let ann = with_the_code(&world);
    let session = ann.begins("pm_card_visa");
    world.fault(&[Call::Authorize], Fault::Timeout, 1);
    ann.confirm(&session).expect(504);
    let counted = || {
        world.rows("select uses || '/' || (select uses from promotion_code) || '/' || (select state from promotion_use) from promotion where promotion_id = 'welcome'")
    };
    assert_eq!(counted(), ["1/1/held"]);
    world.passes(120);
    world.recovers().unwrap();
    assert_eq!(counted(), ["1/1/used"]);
    let order = world.rows("select order_id from orders").remove(0);
    ann.cancel(&order).expect(200);
    assert_eq!(counted(), ["0/0/returned"]);
}

// PROMO-7
#[test]
fn a_code_that_is_none_is_one_guess_wherever_it_is_tried() {
    let world = World::new();
    let ann = with_the_code(&world);
    let guesses = || world.rows("select attempts from attempt_window");
    tries(&world, &ann, "WELCOME").expect(200);
    validates(&world, &ann, json!({ "try_code": "WELCOME" })).expect(200);
    gives(&world, &ann, "WELCOME").expect(200);
    assert!(guesses().is_empty(), "what is one is no guess");
    gives(&world, &ann, "NONE-1").expect_problem(422, "code_refused");
    assert_eq!(guesses(), ["1"]);
    tries(&world, &ann, "NONE-2").expect(200);
    assert_eq!(guesses(), ["2"]);
    validates(&world, &ann, json!({ "try_code": "NONE-3" })).expect(200);
    assert_eq!(guesses(), ["3"]);
    // Of a cart that has no room for it too.
    world.exec("insert into cart_code (cart_id, code, added_at_ms) select cart_id, code || '-' || value, 0 from cart_code, json_each('[1,2,3,4]')");
    tries(&world, &ann, "NONE-4").expect_problem(422, "too_many_codes");
    gives(&world, &ann, "NONE-5").expect_problem(422, "too_many_codes");
    validates(&world, &ann, json!({ "try_code": "NONE-6" })).expect(200);
    assert_eq!(guesses(), ["6"]);
    world.exec("update attempt_window set attempts = 20");
    for answer in [
        tries(&world, &ann, "WELCOME"),
        gives(&world, &ann, "WELCOME"),
        validates(&world, &ann, json!({ "try_code": "WELCOME" })),
    ] {
        answer.expect_problem(429, "too_many_requests");
    }
}
