//! Checkout sessions: what was agreed to, and how long it stands.

use e2e::{Shop, address, together, unique};
use serde_json::{Value, json};

/// A session's life, by `checkout_session_seconds`.
const SESSION_MS: i64 = 30 * 60_000;

// CHK-15, CART-6: what was previewed is what is agreed to.
#[test]
fn a_session_holds_the_totals_that_were_previewed() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 2).expect(200);
    let preview = guest.totals("country=US&region=CA&shipping_method=express").expect(200);
    let before_ms = shop.now_ms();
    let begun = guest.basket().to("US", Some("CA")).shipping_by("express").try_begin();
    let session = begun.expect(201);
    let id = session["session_id"].as_str().unwrap();
    assert_eq!(begun.header("location"), Some(format!("/api/v1/checkout/{id}").as_str()));
    assert_eq!(session["cart_id"], guest.cart_id.as_str());
    assert_eq!(session["cart_version"], 2);
    assert_eq!(session["status"], "open");
    for part in ["total", "subtotal", "tax", "shipping", "shipping_tax", "lines", "adjustments"] {
        assert_eq!(session["totals"][part], preview[part], "{part}");
    }
    let validated = session["prices_validated_at_ms"].as_i64().unwrap();
    assert!(validated >= before_ms);
    assert_eq!(session["expires_at_ms"].as_i64().unwrap() - validated, SESSION_MS);

    let shown = guest.call("GET", &format!("/api/v1/checkout/{id}")).send().expect(200);
    assert_eq!(shown["totals"]["total"], preview["total"]);
    assert_eq!(shown["status"], "open");
    assert_eq!(guest.cart()["status"], "checkout");
}

// CHK-10
#[test]
fn an_empty_cart_cannot_be_checked_out() {
    let shop = Shop::open();
    let guest = shop.guest();
    guest.basket().try_begin().problem(422, "cart_empty");
    assert_eq!(guest.payment_rows(), [Value::Null; 0]);
}

// CHK-10: each has its own error before any payment call.
#[test]
fn a_total_above_the_ceiling_of_its_currency_is_refused_before_anybody_is_charged() {
    let shop = Shop::open();
    for (currency, ceiling) in
        [("USD", 500_000), ("EUR", 500_000), ("GBP", 400_000), ("VND", 100_000_000)]
    {
        let dear = shop.sku().price(currency, ceiling).create();
        // Standard is free at this subtotal, so the ceiling itself is reached and not passed.
        let at = shop.guest_in("VN", currency);
        at.add(&dear, 1).expect(200);
        assert_eq!(at.check_out().total_minor(), ceiling);
        at.add(&dear, 1).expect(200);
        let refused = at.basket().try_begin();
        let refused = if refused.is_success() { at.check_out().confirm() } else { refused };
        refused.problem(422, "amount_above_ceiling");
        assert_eq!(at.payment_rows(), [Value::Null; 0]);
    }
}

// Strict parsing, by the pointer of what is wrong.
#[test]
fn what_is_missing_or_malformed_is_named() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    for member in ["email", "shipping_address", "shipping_method"] {
        let problem = guest.basket().without(member).try_begin().problem(400, "invalid_field");
        assert_eq!(problem["field"], format!("/{member}"));
    }
    let mut nowhere = address("VN", None);
    nowhere["country"] = json!("Vietnam");
    let mut unnamed = address("VN", None);
    unnamed["name"] = json!("");
    let mut coded = address("VN", None);
    coded["door_code"] = json!("1234");
    let malformed = [
        (guest.basket().with("email", json!("not-an-address")), "invalid_field"),
        (guest.basket().with("email", json!(7)), "invalid_field"),
        (guest.basket().with("shipping_address", nowhere), "invalid_field"),
        (guest.basket().with("shipping_address", unnamed), "invalid_field"),
        (guest.basket().with("shipping_address", coded), "unknown_field"),
        (guest.basket().with("metadata", json!({})), "unknown_field"),
        (guest.basket().with("notes", json!("n".repeat(1_001))), "invalid_field"),
        (guest.basket().with("billing_address", json!("the same")), "invalid_field"),
    ];
    for (basket, code) in malformed {
        let problem = basket.try_begin().problem(400, code);
        assert!(problem["field"].as_str().is_some_and(|field| field.starts_with('/')), "{problem}");
        assert!(
            !problem.to_string().contains("Nguyen"),
            "a refusal repeats nothing personal: {problem}"
        );
    }
    guest.basket().shipping_by("balloon").try_begin().problem(422, "shipping_method_unavailable");
    guest.basket().to("JP", None).try_begin().problem(422, "country_unsupported");
}

// PAY-5: tokens only.
#[test]
fn card_data_is_never_accepted() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    for number in
        ["4242424242424242", "4242 4242 4242 4242", "4242-4242-4242-4242", "pm_4242424242424242"]
    {
        let refused = guest.basket().paying_with(number).try_begin();
        assert!([400, 422].contains(&refused.status), "{number}: {refused:?}");
        assert!(
            !refused.json().to_string().contains("4242"),
            "the number is not repeated: {refused:?}"
        );
    }
    for member in ["card", "card_number", "cvc"] {
        guest
            .basket()
            .with(member, json!("4242424242424242"))
            .try_begin()
            .problem(400, "unknown_field");
    }
    assert_eq!(shop.rows("checkout_session", "cart_id", &guest.cart_id), [Value::Null; 0]);
}

// The total that was agreed to is that of a cart at a version.
#[test]
fn a_session_whose_cart_has_changed_is_stale() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let session = guest.check_out();
    guest.add(&sku, 1).expect(200);
    session.confirm().problem(409, "session_stale");
    assert_eq!(guest.payment_rows(), [Value::Null; 0]);
    assert_eq!(guest.check_out().confirm().expect(201)["total"]["amount_minor"], 2 * 1_999 + 500);
}

#[test]
fn a_new_session_replaces_the_open_one() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let old = guest.check_out();
    let new = guest.basket().shipping_by("express").begin();
    assert_ne!(old.session_id, new.session_id);
    let refused = old.confirm();
    assert_eq!(refused.status, 409, "{refused:?}");
    assert_eq!(new.confirm().expect(201)["total"]["amount_minor"], 1_999 + 1_500);
}

// Two tabs.
#[test]
fn of_parallel_checkouts_one_session_is_open() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let replies = together(10, |_| guest.basket().try_begin());
    for reply in &replies {
        assert!(reply.is_success() || reply.status == 409, "{reply:?}");
    }
    let sessions = shop.rows("checkout_session", "cart_id", &guest.cart_id);
    assert_eq!(
        sessions.iter().filter(|session| session["status"] == "open").count(),
        1,
        "{sessions:?}"
    );
}

// No unsealed personal data in the reply either; the same bytes for the same key.
#[test]
fn one_key_begins_one_session() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let begin = guest
        .call("POST", "/api/v1/checkout")
        .json(&guest.basket().body)
        .header("idempotency-key", &unique("begin-"));
    let first = begin.clone().send();
    let again = begin.send();
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body, again.body);
    assert_eq!(shop.rows("checkout_session", "cart_id", &guest.cart_id).len(), 1);
}

// CFG-1: thirty minutes, by the database's clock.
#[test]
fn a_session_past_its_time_cannot_be_confirmed() {
    let shop = Shop::alone();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let session = guest.check_out();
    shop.advance_ms(SESSION_MS + 1_000);
    assert_eq!(session.show().expect(200)["status"], "expired");
    session.confirm().problem(409, "session_expired");
    assert_eq!(guest.payment_rows(), [Value::Null; 0]);
    // CHK-17: its worker says so in the rows, and the cart is the buyer's to fill again.
    while shop.run("cart-cleanup")["taken"] != 0 {}
    let status = |table: &str| shop.rows(table, "cart_id", &guest.cart_id)[0]["status"].clone();
    assert_eq!((status("checkout_session"), status("cart")), (json!("expired"), json!("active")));
    assert_eq!(session.show().expect(200)["status"], "expired");
    guest.check_out().confirm().expect(201);
}
