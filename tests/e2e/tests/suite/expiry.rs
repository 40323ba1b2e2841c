//! A cart that nobody touches is gone, and its lines wait for who comes back (CART-10).

use e2e::{CustomerClaims, Guest, Shop, SigningKey, together, unique};
use serde_json::{Value, json};

const GUEST_IDLE_MS: i64 = 3_600_000;
const CUSTOMER_IDLE_MS: i64 = 86_400_000;

fn is_gone(guest: &Guest<'_>, sku: &str) {
    guest.call("GET", "/api/v1/cart").send().problem(404, "cart_not_found");
    guest.totals("country=VN&shipping_method=standard").problem(404, "cart_not_found");
    guest.add(sku, 1).problem(404, "cart_not_found");
    guest.setting(sku, 1).send().problem(404, "cart_not_found");
    guest.removing(sku).send().problem(404, "cart_not_found");
    guest.basket().try_begin().problem(404, "cart_not_found");
}

/// Gives up every cart whose time is over: other tests have left many.
fn sweep(shop: &Shop) {
    while shop.run("cart-cleanup")["taken"] != 0 {}
}

/// The events of a cart that say it was given up.
fn abandoned(shop: &Shop, cart_id: &str) -> Vec<Value> {
    let events = shop.rows("outbox", "aggregate", &format!("cart/{cart_id}"));
    events.into_iter().filter(|event| event["type"] == "cart.abandoned").collect()
}

fn reopened<'s>(guest: &Guest<'s>, body: &Value) -> (Guest<'s>, Value) {
    let opened = guest.call("POST", "/api/v1/cart").json(body).send().expect(201);
    let cart_id = opened["cart"]["cart_id"].as_str().unwrap().to_owned();
    assert_ne!(cart_id, guest.cart_id);
    assert!(opened.get("guest_token").is_none(), "{opened}");
    (Guest { cart_id, ..guest.clone() }, opened["cart"].clone())
}

// S2
#[test]
fn a_guests_cart_is_gone_after_an_hour_and_a_customers_after_a_day() {
    let shop = Shop::alone();
    let sku = shop.sku().stock(10).create();
    let id = unique("customer-");
    let (guest, customer) = (shop.guest(), shop.customer_called(&id, "USD"));
    guest.add(&sku, 2).expect(200);
    customer.add(&sku, 1).expect(200);
    let share = guest.share_for(86_400);
    let session = guest.check_out_with("pm_card_chargeDeclined");
    session.confirm().problem(402, "payment_declined");
    assert_eq!(shop.stock_of(&sku), (10, 2));
    let cart = guest.cart();
    let idle_ms = cart["expires_at_ms"].as_i64().unwrap() - cart["updated_at_ms"].as_i64().unwrap();
    assert_eq!(idle_ms, GUEST_IDLE_MS);

    shop.advance_ms(GUEST_IDLE_MS + 1_000);
    is_gone(&guest, &sku);
    shop.call("GET", "/api/v1/cart").bearer(&share.token).send().problem(404, "cart_not_found");
    session.confirm().problem(409, "session_expired");
    assert_eq!(customer.quantity_of(&sku), 1, "a customer's waits longer");
    sweep(&shop);
    shop.run("cart-cleanup");
    assert_eq!(shop.stock_of(&sku), (10, 0), "its hold is released");
    let told = abandoned(&shop, &guest.cart_id);
    assert_eq!(told.len(), 1, "{told:#?}");
    // A text on SQLite, JSON on PostgreSQL.
    let data = told[0]["data"]
        .as_str()
        .map_or_else(|| told[0]["data"].clone(), |text| serde_json::from_str(text).unwrap());
    assert_eq!(
        (&data["cart_id"], &data["items_count"], &data["currency"]),
        (&json!(guest.cart_id), &json!(2), &json!("USD"))
    );

    shop.advance_ms(CUSTOMER_IDLE_MS - GUEST_IDLE_MS);
    is_gone(&customer, &sku);
    let (customer, cart) = reopened(&customer, &json!({}));
    assert_eq!(cart["lines"][0]["quantity"], 1);
    customer.check_out().confirm().expect(201);
}

// S2: idle counts from the last change.
#[test]
fn a_change_begins_the_time_anew_and_a_look_does_not() {
    let shop = Shop::alone();
    let sku = shop.sku().create();
    let (busy, idle) = (shop.guest(), shop.guest());
    busy.add(&sku, 1).expect(200);
    idle.add(&sku, 1).expect(200);
    shop.advance_ms(GUEST_IDLE_MS - 60_000);
    busy.setting(&sku, 2).send().expect(200);
    assert_eq!(idle.quantity_of(&sku), 1);
    let _share = idle.share();
    shop.advance_ms(61_000);
    is_gone(&idle, &sku);
    assert_eq!(busy.quantity_of(&sku), 2);
    // A checkout is a change: it can be confirmed to its end.
    shop.advance_ms(GUEST_IDLE_MS - 120_000);
    let session = busy.check_out();
    shop.advance_ms(25 * 60_000);
    session.confirm().expect(201);
}

// CART-10: before any worker; once.
#[test]
fn who_comes_back_gets_the_lines_in_a_new_cart_before_any_worker() {
    let shop = Shop::alone();
    let (cup, plate) = (shop.sku().stock(10).create(), shop.sku().without_price("EUR").create());
    let guest = shop.guest_in("US", "USD");
    guest.add(&cup, 2).expect(200);
    guest.add(&plate, 1).expect(200);
    guest
        .basket()
        .to("US", Some("CA"))
        .paying_with("pm_card_chargeDeclined")
        .begin()
        .confirm()
        .problem(402, "payment_declined");
    shop.advance_ms(GUEST_IDLE_MS + 1_000);
    let (back, cart) = reopened(&guest, &json!({}));
    assert_eq!(
        (&cart["currency"], &cart["country"]),
        (&json!("USD"), &json!("US")),
        "as it was, and not the shop's default"
    );
    assert_eq!((back.quantity_of(&cup), back.quantity_of(&plate)), (2, 1));
    assert_eq!(shop.stock_of(&cup), (10, 0), "what was held went back with it");
    assert_eq!(abandoned(&shop, &guest.cart_id).len(), 1);
    shop.run("cart-cleanup");
    assert_eq!(abandoned(&shop, &guest.cart_id).len(), 1);

    // Again, in another currency, after the worker has been here.
    shop.advance_ms(GUEST_IDLE_MS + 1_000);
    sweep(&shop);
    let (again, cart) = reopened(&back, &json!({ "currency": "EUR" }));
    assert_eq!((&cart["currency"], &cart["lines"].as_array().unwrap().len()), (&json!("EUR"), &1));
    assert_eq!(again.quantity_of(&cup), 2, "what is not sold in euros stays behind");
    assert_eq!(
        guest.call("POST", "/api/v1/cart").json(&json!({})).send().expect(200)["cart"]["cart_id"],
        json!(again.cart_id)
    );
    again.basket().to("US", Some("CA")).begin().confirm().expect(201);
    // The next cart is a new one, but for what had stayed behind.
    let (last, cart) = reopened(&again, &json!({}));
    assert_eq!(cart["lines"].as_array().unwrap().len(), 1);
    assert_eq!(last.quantity_of(&plate), 1);
}

// CART-5 with CART-10: a login brings both along.
#[test]
fn a_login_takes_what_the_guest_and_the_customer_left() {
    let shop = Shop::alone();
    let (cup, plate) = (shop.sku().create(), shop.sku().create());
    let id = unique("customer-");
    let customer = shop.customer_called(&id, "USD");
    customer.add(&plate, 3).expect(200);
    let guest = shop.guest();
    guest.add(&cup, 2).expect(200);
    shop.advance_ms(CUSTOMER_IDLE_MS + 1_000);
    sweep(&shop);
    let token = CustomerClaims::of(&id).signed(SigningKey::Ec1);
    let opened = shop
        .call("POST", "/api/v1/session")
        .bearer(&token)
        .json(&json!({ "guest_token": guest.token }))
        .send()
        .expect(200);
    assert_eq!(opened["merge"]["guest_cart_id"], json!(guest.cart_id), "{opened}");
    let lines: Vec<(&Value, &Value)> = opened["cart"]["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (&line["sku"], &line["quantity"]))
        .collect();
    assert_eq!(lines, [(&json!(plate), &json!(3)), (&json!(cup), &json!(2))]);
    guest.call("POST", "/api/v1/cart").json(&json!({})).send().problem(404, "cart_not_found");
}

// CART-10: the constraint decides.
#[test]
fn two_who_return_at_once_get_one_cart_with_the_lines_once() {
    let shop = Shop::alone();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 2).expect(200);
    shop.advance_ms(GUEST_IDLE_MS + 1_000);
    let replies = together(12, |number| match number % 4 {
        3 => shop.worker_without_lease("cart-cleanup").send(),
        _ => guest.call("POST", "/api/v1/cart").json(&json!({})).send(),
    });
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1, "{replies:#?}");
    assert!(replies.iter().all(|reply| [200, 201].contains(&reply.status)), "{replies:#?}");
    assert_eq!(guest.quantity_of(&sku), 2);
    assert_eq!(abandoned(&shop, &guest.cart_id).len(), 1);
}
