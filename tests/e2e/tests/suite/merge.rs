//! A guest logs in (CART-5, TestCartMerging): one cart is left, nothing is lost unsaid, and the
//! guest's token is dead.

use e2e::{CustomerClaims, Guest, Reply, Shop, SigningKey, eventually, together, unique};
use serde_json::{Value, json};

/// A session for the customer, with the guest's cart.
fn log_in(shop: &Shop, customer_id: &str, guest: &Guest<'_>) -> Reply {
    let token = CustomerClaims::of(customer_id).signed(SigningKey::Ec1);
    shop.call("POST", "/api/v1/session")
        .bearer(&token)
        .json(&json!({ "guest_token": guest.token }))
        .send()
}

/// The customer with the session of that reply.
fn customer<'s>(shop: &'s Shop, opened: &Value) -> Guest<'s> {
    let text = |value: &Value| {
        value.as_str().unwrap_or_else(|| panic!("no text where one is due: {opened}")).to_owned()
    };
    Guest { shop, token: text(&opened["session_token"]), cart_id: text(&opened["cart"]["cart_id"]) }
}

fn is_dead(guest: &Guest<'_>, sku: &str) {
    guest.call("GET", "/api/v1/cart").send().problem(404, "cart_not_found");
    guest.add(sku, 1).problem(404, "cart_not_found");
    guest.call("POST", "/api/v1/cart").json(&json!({})).send().problem(404, "cart_not_found");
    guest.basket().try_begin().problem(404, "cart_not_found");
}

#[test]
fn a_guests_cart_becomes_the_customers_and_the_same_login_again_changes_nothing() {
    let shop = Shop::open();
    let (cup, plate) = (shop.sku().create(), shop.sku().create());
    let id = unique("customer-");
    let guest = shop.guest();
    guest.add(&cup, 2).expect(200);
    let opened = log_in(&shop, &id, &guest).expect(200);
    assert_eq!(
        opened["merge"]["lines"][0],
        json!({
            "sku": cup, "guest_quantity": 2, "quantity_before": 0, "quantity": 2, "reason": null,
        })
    );
    assert_eq!(opened["cart"]["lines"][0]["quantity"], 2);
    let customer = customer(&shop, &opened);
    assert_ne!(customer.cart_id, guest.cart_id);
    is_dead(&guest, &cup);

    // On another device: the same SKU adds up, another is added, and no line is there twice.
    let phone = shop.guest();
    phone.add(&cup, 3).expect(200);
    phone.add(&plate, 1).expect(200);
    let first = log_in(&shop, &id, &phone).expect(200);
    assert_eq!((customer.quantity_of(&cup), customer.quantity_of(&plate)), (5, 1));
    assert_eq!(customer.cart()["lines"].as_array().unwrap().len(), 2);
    customer.setting(&plate, 4).send().expect(200);
    let again = log_in(&shop, &id, &phone).expect(200);
    assert_eq!(again["merge"], first["merge"], "the same reply");
    assert_eq!(customer.quantity_of(&plate), 4, "and nothing done twice");

    // It is nobody else's to take.
    let other = log_in(&shop, &unique("customer-"), &phone).expect(200);
    assert_eq!((&other["merge"], &other["cart"]), (&Value::Null, &Value::Null));
    let merged: Vec<Value> = shop
        .rows("outbox", "aggregate", &format!("cart/{}", customer.cart_id))
        .into_iter()
        .filter(|row| row["type"] == "cart.merged")
        .collect();
    assert_eq!(merged.len(), 2, "{merged:#?}");
    assert_eq!(shop.rows("cart", "cart_id", &phone.cart_id)[0]["status"], "merged");

    // And it can be bought.
    customer.check_out().confirm().expect(201);
    assert!(customer.has_one_paid_order_or_nothing());
}

#[test]
fn what_cannot_be_taken_is_said_line_by_line() {
    let shop = Shop::open();
    let scarce = shop.sku().stock(5).create();
    let gone = shop.sku().stock(1).create();
    shop.move_stock(&gone, "wh-hanoi", "adjust", -1).expect(200);
    let dollars = shop.sku().without_price("EUR").create();
    let many = shop.sku().stock(20_000).create();
    let id = unique("customer-");
    let customer = shop.customer_called(&id, "EUR");
    customer.add(&scarce, 2).expect(200);
    customer.add(&many, 9_000).expect(200);
    let guest = shop.guest();
    for (sku, quantity) in [(&scarce, 4), (&gone, 1), (&dollars, 1), (&many, 2_000)] {
        guest.add(sku, quantity).expect(200);
    }
    let opened = log_in(&shop, &id, &guest).expect(200);
    let line = |sku: &str| {
        let lines = opened["merge"]["lines"].as_array().unwrap();
        let line = lines
            .iter()
            .find(|line| line["sku"] == sku)
            .unwrap_or_else(|| panic!("no {sku}: {opened}"));
        (
            line["quantity_before"].as_i64().unwrap(),
            line["quantity"].as_i64().unwrap(),
            line["reason"].as_str().unwrap_or("").to_owned(),
        )
    };
    assert_eq!(line(&scarce), (2, 5, "stock".to_owned()));
    assert_eq!(line(&gone), (0, 0, "stock".to_owned()));
    assert_eq!(line(&dollars), (0, 0, "not_sold".to_owned()));
    assert_eq!(line(&many), (9_000, 10_000, "quantity_limit".to_owned()));
    let cart = customer.cart();
    assert_eq!(
        (&cart["currency"], cart["lines"].as_array().unwrap().len()),
        (&json!("EUR"), 2),
        "{cart}"
    );
}

#[test]
fn a_token_that_is_none_is_refused_and_one_that_has_nothing_merges_nothing() {
    let shop = Shop::open();
    let token = CustomerClaims::of(&unique("customer-")).signed(SigningKey::Ec1);
    let ask = |guest_token: Value| {
        shop.call("POST", "/api/v1/session")
            .bearer(&token)
            .json(&json!({ "guest_token": guest_token }))
            .send()
    };
    for wrong in
        [json!("gst_short"), json!(format!("gst_{}", "A".repeat(64))), json!("garbage"), json!(7)]
    {
        let problem = ask(wrong.clone()).problem(400, "invalid_field");
        assert_eq!(problem["field"], "/guest_token");
        assert!(!problem.to_string().contains("gst_short"), "{problem}");
    }
    let opened = ask(json!(Shop::stranger())).expect(200);
    assert_eq!((&opened["merge"], &opened["cart"]), (&Value::Null, &Value::Null));
    assert_eq!(ask(Value::Null).expect(200)["merge"], Value::Null);
}

#[test]
fn an_order_placed_as_a_guest_stays_with_the_guests_token() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    let order = guest.buy(&sku, 1);
    let order_id = order["order_id"].as_str().unwrap();
    // Shopping went on, and then came the login.
    let reopened = guest.call("POST", "/api/v1/cart").json(&json!({})).send();
    assert!(reopened.is_success(), "{reopened:?}");
    guest.add(&sku, 1).expect(200);
    let opened = log_in(&shop, &unique("customer-"), &guest).expect(200);
    assert_eq!(opened["cart"]["lines"][0]["quantity"], 1);
    is_dead(&guest, &sku);
    guest.order(order_id).expect(200);
    customer(&shop, &opened).order(order_id).problem(404, "order_not_found");
}

#[test]
fn an_idle_checkout_is_closed_by_a_login_and_its_holds_go_back() {
    let shop = Shop::open();
    let sku = shop.sku().stock(3).create();
    let guest = shop.guest();
    guest.add(&sku, 3).expect(200);
    let session = guest.check_out_with("pm_card_chargeDeclined");
    session.confirm().problem(402, "payment_declined");
    assert_eq!(shop.stock_of(&sku), (3, 3), "held for another try");
    let opened = log_in(&shop, &unique("customer-"), &guest).expect(200);
    assert_eq!(shop.stock_of(&sku), (3, 0));
    let late = session.confirming_with(&json!({ "payment_method": "pm_card_visa" })).send();
    assert!(matches!(late.status, 404 | 409), "{late:?}");
    customer(&shop, &opened).check_out().confirm().expect(201);
    assert!(!guest.has_one_paid_order_or_nothing());
    assert_eq!(shop.stock_of(&sku), (0, 0));
}

/// F7, CART-5: who logs in while their bank asks them wants the one cart there is then.
#[test]
fn a_login_ends_what_waits_for_a_bank_on_either_cart() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let id = unique("customer-");
    let (guest, customer) = (shop.guest(), shop.customer_called(&id, "USD"));
    for buyer in [&guest, &customer] {
        buyer.add(&sku, 1).expect(200);
        buyer
            .check_out_with("pm_card_authenticationRequired")
            .confirm()
            .problem(402, "payment_action_required");
    }
    log_in(&shop, &id, &guest).expect(200);
    for buyer in [&guest, &customer] {
        assert_eq!(shop.rows("saga", "cart_id", &buyer.cart_id)[0]["state"], "superseded");
    }
    assert_eq!(customer.quantity_of(&sku), 2);
    customer.check_out().confirm().expect(201);
    shop.run_workers_until_quiet();
    assert!(customer.has_one_paid_order_or_nothing() && !guest.has_one_paid_order_or_nothing());
}

#[test]
fn a_running_confirm_refuses_the_login_and_nothing_has_changed() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let id = unique("customer-");
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let session = guest.check_out_with("pm_sim_slow_3000");
    std::thread::scope(|scope| {
        let confirm = scope.spawn(|| session.confirm());
        eventually("the confirm holds the cart", || {
            (!shop.rows("cart", "cart_id", &guest.cart_id)[0]["saga_id"].is_null()).then_some(())
        });
        let refused = log_in(&shop, &id, &guest);
        refused.problem(409, "cart_locked");
        assert!(refused.header("retry-after").is_some(), "{refused:?}");
        assert!(shop.rows("cart", "owner", &format!("customer:{id}")).is_empty());
        confirm.join().unwrap().expect(201);
    });
    assert!(guest.has_one_paid_order_or_nothing());
    // The cart has become the guest's order: there is nothing left to merge.
    assert_eq!(log_in(&shop, &id, &guest).expect(200)["merge"], Value::Null);
}

#[test]
fn logins_at_once_merge_once() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let id = unique("customer-");
    let guest = shop.guest();
    guest.add(&sku, 2).expect(200);
    let merges = together(8, |_| log_in(&shop, &id, &guest).expect(200)["merge"].clone());
    assert!(merges.iter().all(|merge| *merge == merges[0] && !merge.is_null()), "{merges:?}");
    let opened = log_in(&shop, &id, &guest).expect(200);
    assert_eq!(customer(&shop, &opened).quantity_of(&sku), 2);

    // Of different customers one has it.
    let guest = shop.guest();
    guest.add(&sku, 2).expect(200);
    let merges = together(8, |number| {
        log_in(&shop, &format!("{id}-{number}"), &guest).expect(200)["merge"].clone()
    });
    assert_eq!(merges.iter().filter(|merge| !merge.is_null()).count(), 1, "{merges:?}");
}

#[test]
fn adds_during_a_login_are_in_the_customers_cart_or_refused() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let id = unique("customer-");
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let added = together(9, |number| {
        if number == 0 {
            log_in(&shop, &id, &guest).expect(200);
            0
        } else {
            let reply = guest.add(&sku, 1);
            assert!(matches!(reply.status, 200 | 404), "{reply:?}");
            i64::from(reply.status == 200)
        }
    });
    let opened = log_in(&shop, &id, &guest).expect(200);
    assert_eq!(customer(&shop, &opened).quantity_of(&sku), 1 + added.iter().sum::<i64>());
    is_dead(&guest, &sku);
}

#[test]
fn a_login_and_a_confirm_at_once_leave_one_of_the_two() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    for _ in 0..6 {
        let id = unique("customer-");
        let guest = shop.guest();
        guest.add(&sku, 1).expect(200);
        let session = guest.check_out();
        let statuses = together(2, |number| {
            if number == 0 { session.confirm().status } else { log_in(&shop, &id, &guest).status }
        });
        assert!(
            matches!(statuses[0], 201 | 404 | 409) && matches!(statuses[1], 200 | 409),
            "{statuses:?}"
        );
        let ordered = guest.has_one_paid_order_or_nothing();
        let opened = log_in(&shop, &id, &guest).expect(200);
        assert_eq!(ordered, opened["merge"].is_null(), "{statuses:?} {opened}");
    }
}
