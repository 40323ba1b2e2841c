//! What stands between a cart and its order, all at once, and by the same function when a checkout
//! does not begin (CART-18).

use e2e::{Call, Guest, Shop, eventually, unique};
use serde_json::{Value, json};
use std::time::Duration;

/// A card whose bank asks.
const ASKS: &str = "pm_card_authenticationRequired";

fn validating(guest: &Guest<'_>, body: &Value) -> Call {
    guest.call("POST", "/api/v1/cart/validate").json(body)
}

/// To Vietnam, as a basket goes.
fn validated(guest: &Guest<'_>) -> Value {
    validating(guest, &json!({ "country": "VN", "shipping_method": "standard" })).send().expect(200)
}

/// Code and line of each problem of this severity.
fn of(severity: &str, list: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let problems = list["problems"].as_array().unwrap_or_else(|| panic!("no problems: {list}"));
    problems
        .iter()
        .filter(|problem| problem["severity"] == severity)
        .map(|problem| (text(&problem["code"]), text(&problem["line_id"])))
        .collect()
}

fn one<'a>(list: &'a Value, code: &str) -> &'a Value {
    let mut of_code =
        list["problems"].as_array().unwrap().iter().filter(|problem| problem["code"] == code);
    let found = of_code.next().unwrap_or_else(|| panic!("no {code}: {list}"));
    assert!(of_code.next().is_none(), "{code} twice: {list}");
    found
}

fn named(code: &str, line: &str) -> (String, String) {
    (code.to_owned(), line.to_owned())
}

/// A checkout begins exactly if the list says so; else it is refused by the first error of the very
/// same list.
fn begins_as_the_list_says(guest: &Guest<'_>) {
    let list = validated(guest);
    let begun = guest.basket().try_begin();
    if list["valid"] == true {
        begun.expect(201);
        return;
    }
    let refused = begun.json();
    assert_eq!(refused["code"], list["problems"][0]["code"], "{refused} {list}");
    let mut problems = list["problems"].clone();
    // The address has the country under a name of its own.
    for problem in problems.as_array_mut().unwrap() {
        if problem["pointer"] == "/country" {
            problem["pointer"] = json!("/shipping_address/country");
        }
    }
    assert_eq!(refused["problems"], problems);
}

#[test]
fn a_sound_cart_has_no_problem_and_begins() {
    let shop = Shop::open();
    let guest = shop.guest();
    guest.add(&shop.sku().create(), 2).expect(200);
    let version = guest.cart()["version"].clone();
    let list = validated(&guest);
    assert_eq!(
        list,
        json!({ "cart_id": guest.cart_id, "version": version, "valid": true, "problems": [], "reservations": [] })
    );
    // Without a body: to the cart's own country, by no method yet.
    let bare = guest.call("POST", "/api/v1/cart/validate").send().expect(200);
    assert_eq!(bare, list);
    begins_as_the_list_says(&guest);
    // What the session holds nothing of yet changes nothing of that.
    assert_eq!(validated(&guest)["valid"], true);
}

#[test]
fn an_empty_cart_is_told_to_be_empty() {
    let shop = Shop::open();
    let guest = shop.guest();
    let list = validated(&guest);
    assert_eq!(of("error", &list), [named("cart_empty", "")]);
    assert_eq!(list["valid"], false);
    begins_as_the_list_says(&guest);
}

#[test]
fn everything_that_is_wrong_is_told_at_once_by_line_and_nothing_is_changed() {
    let shop = Shop::open();
    let guest = shop.guest();
    let (gone, unpriced, moved) = (shop.sku(), shop.sku(), shop.sku().price("USD", 1_000));
    let short = shop.sku().stock(2).create();
    let untaxed = shop.sku().tax_class(&unique("class-")).create();
    for sku in [&gone.create(), &unpriced.create(), &moved.create()] {
        guest.add(sku, 1).expect(200);
    }
    guest.add(&short, 5).expect(200);
    guest.add(&untaxed, 1).expect(200);
    gone.clone().inactive().put();
    unpriced.clone().without_price("USD").put();
    moved.clone().price("USD", 1_250).put();
    let before = guest.cart();
    let rows = |table: &str| shop.rows(table, "cart_id", &guest.cart_id);
    let rows_before = (rows("cart"), rows("cart_line"));

    let list = validated(&guest);
    assert_eq!(
        of("error", &list),
        [
            named("sku_unknown", &gone.sku),
            named("insufficient_stock", &short),
            named("price_missing", &unpriced.sku),
            named("tax_missing", &untaxed),
        ]
    );
    assert_eq!(of("warning", &list), [named("price_changed", &moved.sku)]);
    assert_eq!((&list["valid"], &list["version"]), (&json!(false), &before["version"]));
    let stock = one(&list, "insufficient_stock");
    assert_eq!(
        (&stock["sku"], &stock["requested"], &stock["available"], &stock["reserved"]),
        (&json!(short), &json!(5), &json!(2), &json!(0))
    );
    assert!(stock.get("reserved_until_ms").is_none());
    assert!(one(&list, "price_changed")["detail"].as_str().unwrap().contains(&moved.sku));
    begins_as_the_list_says(&guest);

    let nowhere = json!({ "country": "JP", "shipping_method": "standard" });
    let list = validating(&guest, &nowhere).send().expect(200);
    assert_eq!(one(&list, "country_unsupported")["pointer"], "/country");
    // What depends on the country is said once, and the rest still is.
    assert_eq!(of("error", &list).len(), 4, "{list}");
    let balloon = json!({ "country": "VN", "shipping_method": "balloon" });
    let list = validating(&guest, &balloon).send().expect(200);
    let method = one(&list, "shipping_method_unavailable");
    assert_eq!(method["pointer"], "/shipping_method");
    assert!(method["detail"].as_str().unwrap().contains("standard"), "{method}");
    assert_eq!(of("error", &list).len(), 5, "{list}");
    assert_eq!((rows("cart"), rows("cart_line")), rows_before);
    assert_eq!(guest.cart(), before);

    // Mended one after the other, it begins with the last.
    for sku in [&gone.sku, &unpriced.sku, &untaxed] {
        begins_as_the_list_says(&guest);
        guest.removing(sku).send().expect(200);
    }
    begins_as_the_list_says(&guest);
    guest.setting(&short, 2).send().expect(200);
    let list = validated(&guest);
    assert_eq!((&list["valid"], of("error", &list)), (&json!(true), Vec::new()));
    assert_eq!(of("warning", &list), [named("price_changed", &moved.sku)]);
    begins_as_the_list_says(&guest);
}

#[test]
fn an_amount_that_may_not_be_charged_is_told_with_its_bound() {
    let shop = Shop::open();
    let guest = shop.guest();
    let dear = shop.sku().price("USD", 400_000).create();
    guest.add(&dear, 2).expect(200);
    let list = validated(&guest);
    let above = one(&list, "amount_above_ceiling");
    assert_eq!(
        (&above["total"]["amount_minor"], &above["maximum_total"]["amount_minor"]),
        (&json!(800_000), &json!(500_000))
    );
    begins_as_the_list_says(&guest);
    let small = shop.guest();
    small.add(&shop.sku().price("USD", 1).create(), 1).expect(200);
    let list = validating(&small, &json!({ "country": "VN" })).send().expect(200);
    let below = one(&list, "amount_below_minimum");
    assert_eq!(
        (&below["total"]["amount_minor"], &below["minimum_total"]["amount_minor"]),
        (&json!(1), &json!(50))
    );
}

#[test]
fn a_code_that_does_nothing_is_a_warning_with_why() {
    let shop = Shop::open();
    let guest = shop.guest();
    guest.add(&shop.sku().create(), 1).expect(200);
    let try_code =
        json!({ "country": "VN", "shipping_method": "standard", "try_code": "E2E-NO-SUCH-CODE" });
    let list = validating(&guest, &try_code).send().expect(200);
    let refused = &one(&list, "code_refused")["refused_code"];
    assert_eq!(
        (&refused["code"], &refused["reason"]),
        (&json!("E2E-NO-SUCH-CODE"), &json!("unknown"))
    );
    assert_eq!((&list["valid"], of("error", &list)), (&json!(true), Vec::new()));
    assert_eq!(guest.cart()["codes"], json!([]));
}

#[test]
fn where_tax_needs_a_region_that_is_told() {
    let shop = Shop::open();
    let guest = shop.guest();
    guest.add(&shop.sku().create(), 1).expect(200);
    let list = validating(&guest, &json!({ "country": "US" })).send().expect(200);
    let region = one(&list, "invalid_field");
    assert_eq!((&region["severity"], &region["pointer"]), (&json!("warning"), &json!("/region")));
    let list = validating(&guest, &json!({ "country": "US", "region": "CA" })).send().expect(200);
    assert_eq!(list["problems"], json!([]));
}

#[test]
fn what_the_carts_own_checkout_holds_is_told_and_counts_as_available() {
    let shop = Shop::open();
    let sku = shop.sku().stock(2).create();
    let (guest, other) = (shop.guest(), shop.guest());
    guest.add(&sku, 2).expect(200);
    other.add(&sku, 1).expect(200);
    assert_eq!(validated(&other)["valid"], true);
    let session = guest.check_out_with(ASKS);
    session.confirm_as("first").problem(402, "payment_action_required");
    let held = validated(&guest);
    assert_eq!(held["valid"], true, "{held}");
    let reservation = &held["reservations"][0];
    assert_eq!((&reservation["sku"], &reservation["quantity"]), (&json!(sku), &json!(2)));
    let until = reservation["reserved_until_ms"].as_i64().unwrap();
    assert!(until > shop.now_ms(), "{held}");
    // Nothing of that is the other's.
    let list = validated(&other);
    let short = one(&list, "insufficient_stock");
    assert_eq!((&short["available"], &short["reserved"]), (&json!(0), &json!(0)));
    assert_eq!(list["reservations"], json!([]));
    begins_as_the_list_says(&other);

    // Who wants more than they hold is told what they hold, and until when.
    guest.setting(&sku, 3).send().expect(200);
    let list = validated(&guest);
    let short = one(&list, "insufficient_stock");
    assert_eq!(
        (&short["requested"], &short["available"], &short["reserved"], &short["reserved_until_ms"]),
        (&json!(3), &json!(2), &json!(2), &json!(until)),
        "{list}"
    );
    begins_as_the_list_says(&guest);
}

#[test]
fn a_cart_whose_payment_is_being_asked_for_is_locked() {
    let shop = Shop::open();
    let guest = shop.guest();
    guest.add(&shop.sku().create(), 1).expect(200);
    let session = guest.check_out_with("pm_sim_slow_4000");
    session.confirming().send_and_leave(Duration::from_millis(200));
    let held = || !shop.rows("cart", "cart_id", &guest.cart_id)[0]["saga_id"].is_null();
    eventually("the confirm holds the cart", || held().then_some(()));
    let list = validated(&guest);
    assert_eq!(list["problems"][0]["code"], "cart_locked", "{list}");
    assert_eq!(list["valid"], false);
    guest.basket().try_begin().problem(409, "cart_locked");
    eventually("the order", || (guest.order_rows().len() == 1).then_some(()));
}

#[test]
fn a_destination_that_is_none_is_refused_by_its_field() {
    let shop = Shop::open();
    let guest = shop.guest();
    guest.add(&shop.sku().create(), 1).expect(200);
    let before = guest.cart();
    for (body, field) in [
        (json!({ "country": "Vietnam" }), "/country"),
        (json!({ "region": "no region has so long a name" }), "/region"),
        (json!({ "shipping_method": 7 }), "/shipping_method"),
        (json!({ "try_code": "a code with spaces" }), "/try_code"),
    ] {
        let problem = validating(&guest, &body).send().problem(400, "invalid_field");
        assert_eq!(problem["field"], field, "{problem}");
    }
    let unknown = validating(&guest, &json!({ "contry": "VN" })).send();
    assert_eq!(unknown.problem(400, "unknown_field")["field"], "/contry");
    assert_eq!(guest.cart(), before);
}
