//! What a request may ask of the database. Statements are counted by till; setting up a connection
//! (PRAGMA, TEMP objects) is counted apart.

use e2e::{Call, CustomerClaims, Shop, SigningKey, needs_till, unique};

fn statements(call: Call) -> u32 {
    let reply = call.header("till-count", "1").send();
    assert!(reply.is_success(), "{reply:?}");
    let counts =
        reply.header("till-host-calls").unwrap_or_else(|| panic!("not counted: {reply:?}"));
    counts
        .split(' ')
        .find_map(|count| count.strip_prefix("statements=")?.parse().ok())
        .unwrap_or_else(|| panic!("no statements in {counts:?}"))
}

// CART-4
#[test]
fn requests_stay_within_their_statements() {
    if !needs_till("requests_stay_within_their_statements") {
        return;
    }
    let shop = Shop::open();
    let skus: Vec<String> = (0..3).map(|_| shop.sku().create()).collect();
    let guest = shop.guest();
    for sku in &skus {
        assert!(statements(guest.adding(sku, 1)) <= 3, "an add");
    }
    assert!(statements(guest.setting(&skus[0], 2)) <= 3, "a change");
    assert!(statements(guest.removing(&skus[2])) <= 3, "a removal");
    assert!(statements(guest.call("GET", "/api/v1/cart")) <= 2, "a look at the cart");
    assert!(
        statements(guest.call("GET", "/api/v1/cart/totals?country=VN&shipping_method=standard"))
            <= 4,
        "totals"
    );
    let validate = guest.call("POST", "/api/v1/cart/validate").json(&serde_json::json!({}));
    assert!(statements(validate) <= 1, "all that is wrong");
    assert!(statements(guest.sharing(&serde_json::json!({}))) <= 1, "sharing");
    let share = guest.share();
    assert!(statements(share.call("GET", "/api/v1/cart")) <= 1, "a look at a shared cart");
    assert!(
        statements(share.call("GET", "/api/v1/cart/totals?country=VN&shipping_method=standard"))
            <= 1,
        "its totals"
    );
    assert!(statements(guest.call("GET", "/api/v1/cart/shares")) <= 1, "the shares");
    assert!(statements(guest.revoking(&share.share_id)) <= 1, "a revoke");
    let session = guest.check_out();
    assert!(statements(session.confirming()) <= 8, "a confirm");
}

// A customer's row is made once; from then on a session is one read.
#[test]
fn a_session_is_one_statement_and_the_first_is_two() {
    if !needs_till("a_session_is_one_statement_and_the_first_is_two") {
        return;
    }
    let shop = Shop::open();
    let token = CustomerClaims::of(&unique("customer-")).signed(SigningKey::Ec1);
    let open = || shop.call("POST", "/api/v1/session").bearer(&token).json(&serde_json::json!({}));
    assert_eq!(statements(open()), 2);
    assert_eq!(statements(open()), 1);
}

// CART-4: the number of lines does not matter.
#[test]
fn a_cart_of_fifty_lines_costs_as_many_statements_as_one_of_two() {
    if !needs_till("a_cart_of_fifty_lines_costs_as_many_statements_as_one_of_two") {
        return;
    }
    let shop = Shop::open();
    let guest = shop.guest();
    let look = || {
        [
            statements(guest.call("GET", "/api/v1/cart")),
            statements(
                guest.call("GET", "/api/v1/cart/totals?country=VN&shipping_method=standard"),
            ),
            statements(guest.call("POST", "/api/v1/checkout").json(&guest.basket().body)),
        ]
    };
    for _ in 0..2 {
        guest.add(&shop.sku().price("USD", 100).create(), 1).expect(200);
    }
    let few = look();
    for _ in 0..48 {
        guest.add(&shop.sku().price("USD", 100).create(), 1).expect(200);
    }
    assert_eq!(look(), few);
    assert!(statements(guest.check_out().confirming()) <= 8, "a confirm of fifty lines");
}
