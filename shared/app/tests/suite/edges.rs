//! Totals at the edges: nothing to pay, nothing that can be paid, a rise nobody has agreed to; and
//! orders that are refused.

use serde_json::{Value, json};
use world::{Answer, Call, Fault, World, hours, minutes};

/// Of what waits for its driver nothing is to be paid, as if discounts had covered it all.
const COVERED: &str = "update payment set amount_minor = 0, provider = 'none', method = 'none' where state = 'pending';
    update saga set plan = json_set(plan, '$.total_minor', 0, '$.payable_minor', 0, '$.discount_minor', plan ->> 'total_minor', '$.lines[0].total_minor', 0,
        '$.detail.shipping.total.amount_minor', 0) where state = 'authorizing';
    insert into promotion (promotion_id, version, rule, active, by_code, only_currency, starts_at_ms, ends_at_ms, uses, spent_minor)
      select 'all-off', 1, '{}', 0, 1, '', 0, 1, 1, plan ->> 'discount_minor' from saga;
    insert into promotion_use (saga_id, promotion_id, version, owner, email_hash, currency, amount_minor, spent_minor, state, at_ms)
      select saga_id, 'all-off', 1, owner, '', 'USD', plan ->> 'discount_minor', plan ->> 'discount_minor', 'held', 1 from saga";

/// Somebody whose confirm has claimed a total of nothing, and whose driver has gone.
fn with_nothing_to_pay(world: &World) -> (world::Shopper<'_>, String) {
    let (ann, session) = world.at_checkout("pm_card_visa");
    world.fault(&[Call::Authorize], Fault::Timeout, 1);
    ann.confirm(&session).expect(504);
    world.exec(COVERED);
    (ann, session)
}

fn order_of(world: &World) -> String {
    world.rows("select order_id from orders").remove(0)
}

#[test]
fn of_a_total_of_nothing_an_order_is_made_and_nobody_is_asked() {
    let world = World::new();
    let (ann, session) = with_nothing_to_pay(&world);
    let waits = Answer::of::<api::view_checkout>(app::checkout::view(
        &world.ports(),
        &ann.owner,
        &session.parse().unwrap(),
    ))
    .expect(200);
    assert_eq!(
        (&waits["payment"]["status"], &waits["payment"]["payment_method"]),
        (&json!("processing"), &json!("none"))
    );
    let placed = ann.confirm(&session).expect(201);
    assert_eq!(
        (&placed["payment_status"], &placed["total"]["amount_minor"]),
        (&json!("captured"), &json!(0))
    );
    assert_eq!(ann.confirm(&session).expect(201), placed, "and replays");
    assert!(world.ledger().is_empty());
    assert_eq!(
        world.calls(),
        [Call::Authorize],
        "the one that was lost before it was known that nothing is to be paid"
    );
    let order = ann.order(&order_of(&world)).expect(200);
    assert_eq!(
        (&order["payment_status"], &order["payment"]["provider"]),
        (&json!("captured"), &json!("none"))
    );
    assert!(!world.events().contains(&"orders.payment.capture_requested".to_owned()));
    let cancelled = ann.cancel(&order_of(&world)).expect(200);
    assert_eq!(cancelled["compensation"], "none");
    world.lives(hours(1));
    assert!(world.ledger().is_empty() && world.rows("select * from compensation").is_empty());
    world.is_consistent();
}

#[test]
fn recovery_makes_the_order_of_a_total_of_nothing() {
    let world = World::new();
    let (ann, _) = with_nothing_to_pay(&world);
    world.lives(minutes(3));
    assert_eq!(ann.order(&order_of(&world)).expect(200)["payment_status"], "captured");
    assert_eq!(world.calls().iter().filter(|call| world::PROVIDER.contains(call)).count(), 1);
    world.is_consistent();
}

#[test]
fn a_total_of_nothing_whose_stock_is_gone_owes_nothing() {
    let world = World::new();
    let (ann, session) = with_nothing_to_pay(&world);
    world.exec("update reservation set expires_at_ms = 1");
    ann.confirm(&session).expect_problem(409, "reservation_expired");
    assert!(world.rows("select * from compensation").is_empty() && world.ledger().is_empty());
    assert_eq!(world.rows("select state, reason from saga"), ["failed|reservation_expired"]);
}

#[test]
fn goods_without_a_price_are_refused_by_name_and_told_once() {
    let world = World::new();
    let ann = world.shopper();
    ann.add("TILL-0001", 1).expect(200);
    world.exec("pragma ignore_check_constraints = on; update price set amount_minor = 0 where sku = 'TILL-0001'");
    for _ in 0..2 {
        ann.begin("pm_card_visa").expect_problem(422, "amount_zero_unpriced");
    }
    assert_eq!(world.alerts(), ["amount_zero_unpriced:TILL-0001"]);
}

/// What a confirm is told whose order is refused because of what happened while its payment was
/// being authorized.
fn refused_because_of(happening: &'static str, status: u16, code: &str) -> World {
    let world = World::new();
    let (ann, session) = world.at_checkout("pm_card_visa");
    world.meanwhile(Call::Authorize, move |world| world.exec(happening));
    let problem: Value = ann.confirm(&session).expect_problem(status, code);
    assert!(problem["detail"].is_string(), "{problem}");
    world
}

#[test]
fn an_order_that_is_refused_is_told_by_its_reason() {
    let expired =
        refused_because_of("update reservation set expires_at_ms = 1", 409, "reservation_expired");
    assert_eq!(expired.ledger(), ["authorized 1509", "voided 1509"]);
    assert_eq!(expired.rows("select state, reason from saga"), ["failed|reservation_expired"]);

    let converted =
        "insert into orders select 'other', 'ORD-other', cart_id, session_id, owner, 'confirmed', 1, 'USD', 1, 0, 0, 0, 1, '{}', 'sealed', '', '',
        1, 1, null, null, null from checkout_session";
    let converted = refused_because_of(converted, 409, "cart_completed");
    assert_eq!(converted.ledger(), ["authorized 1509", "voided 1509"]);
    assert_eq!(converted.rows("select state, reason from saga"), ["failed|cart_converted"]);
}

#[test]
fn a_reference_that_is_another_payments_is_not_given_back_and_operators_are_told() {
    // As a unique index would say it.
    let taken = "create trigger taken before update of reference on payment when new.reference is not null begin
        select raise(abort, 'UNIQUE constraint failed: payment.provider, payment.reference'); end";
    let world = refused_because_of(taken, 503, "payment_reference_taken");
    assert_eq!(world.ledger(), ["authorized 1509"], "the hold is that of the other payment");
    assert_eq!(
        world.rows(
            "select s.state, s.reason, p.state from saga as s join payment as p using (saga_id)"
        ),
        ["failed|payment_reference_taken|failed"]
    );
    assert!(world.rows("select * from compensation").is_empty());
    let saga = world.rows("select saga_id from saga").remove(0);
    assert_eq!(world.alerts(), [format!("payment_reference_taken:{saga}")]);
}

/// Two of 48 dollars in one parcel, agreed to; then one each is left in two places, and a second
/// parcel is five dollars more.
fn with_a_second_parcel(world: &World) -> (world::Shopper<'_>, String) {
    world.exec("update price set amount_minor = 4800 where sku = 'TILL-0001' and currency = 'USD'");
    let ann = world.shopper();
    ann.add("TILL-0001", 2).expect(200);
    let session = ann.begins("pm_card_visa");
    world.exec("update stock set on_hand = 1 where sku = 'TILL-0001'");
    (ann, session)
}

#[test]
fn a_second_parcel_is_not_charged_unasked() {
    let world = World::new();
    let (ann, session) = with_a_second_parcel(&world);
    let problem = ann.confirm(&session).expect_problem(409, "price_changed");
    assert_eq!(
        (&problem["agreed_total"]["amount_minor"], &problem["current_total"]["amount_minor"]),
        (&json!(10_100), &json!(10_600))
    );
    assert!(world.calls().is_empty());
    ann.confirm_with(&session, &json!({ "accept_total": problem["current_total"] }), None)
        .expect(201);
    assert_eq!(world.ledger(), ["authorized 10600", "captured 10600"]);
}

#[test]
fn a_shop_may_take_a_rise_within_its_tolerance() {
    let world = World::new();
    world.set("price_refuse_any_increase", "false");
    let (ann, session) = with_a_second_parcel(&world);
    assert_eq!(ann.confirm(&session).expect(201)["total"]["amount_minor"], 10_600);
}

// CART-18
#[test]
fn a_fee_without_a_tax_is_in_the_way_of_those_alone_who_have_it() {
    let world = World::new();
    world.exec(
        "insert into fee (currency, fee_id, kind, name, amount_minor, free_from_minor, tax_class, active)
         values ('USD', 'small-order', 'handling', 'Small order', 150, 2000, 'nowhere', 1)",
    );
    let ann = world.shopper();
    let problems = || {
        let body = serde_json::from_value(json!({ "shipping_method": "standard" })).unwrap();
        let validated = app::cart::validate(&world.ports(), &ann.owner, None, &body);
        let found = Answer::of::<api::validate_cart>(validated).expect(200);
        let codes = found["problems"].as_array().unwrap().iter().map(|one| one["code"].clone());
        codes.collect::<Vec<Value>>()
    };
    ann.add("TILL-0001", 1).expect(200);
    assert_eq!(problems(), [json!("tax_missing")]);
    ann.begin("pm_card_visa").expect_problem(422, "tax_missing");
    // Two are worth enough to have it for nothing.
    ann.add("TILL-0001", 1).expect(200);
    assert_eq!(problems(), [Value::Null; 0]);
    ann.begin("pm_card_visa").expect(201);
}
