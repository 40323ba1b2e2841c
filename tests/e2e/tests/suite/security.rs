//! Who may do what, and what nobody can read.

use e2e::{Call, Claims, Settings, Shop, unique};
use serde_json::{Value, json};

/// Every route of the administration: method, path, body, and the scope it needs.
fn admin_routes(shop: &Shop) -> Vec<(Call, &'static str)> {
    let sku = shop.sku();
    sku.create();
    let path = format!("/api/v1/catalog/skus/{}", sku.sku);
    let stock = json!({ "warehouse_id": "wh-hanoi", "kind": "receive", "quantity": 1 });
    vec![
        (shop.call("GET", "/api/v1/catalog/skus?limit=1"), "catalog:read"),
        (shop.call("POST", "/api/v1/catalog/skus").json(&json!({ "skus": [sku.import_line()] })), "catalog:write"),
        (shop.call("GET", &path), "catalog:read"),
        (shop.call("PUT", &path).json(&sku.body()), "catalog:write"),
        (shop.call("GET", &format!("{path}/stock")), "catalog:read"),
        (shop.call("POST", &format!("{path}/stock")).json(&stock), "catalog:write"),
        (shop.call("GET", "/api/v1/config"), "config:read"),
        (shop.call("POST", "/internal/workers/outbox-relay"), "workers:run"),
    ]
}

// SEC-1: the token matrix.
#[test]
fn the_administration_is_closed_to_everybody_without_its_scope() {
    let shop = Shop::open();
    let secret = &Settings::get().service_token_secret;
    let guest = shop.guest();
    for (call, scope) in admin_routes(&shop) {
        let good = Claims::with_scope(&format!("something:else {scope}"));
        call.clone().send().problem(401, "credential_missing");
        call.clone().bearer(&guest.token).send().problem(403, "scope_missing");
        let other = Claims::with_scope("something:else").signed(secret);
        let refused = call.clone().bearer(&other).send().problem(403, "scope_missing");
        assert!(refused["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{refused}");
        let invalid = [
            ("expired", good.clone().expired().signed(secret)),
            ("alg none", good.unsigned()),
            ("another key", good.signed("another-secret-of-at-least-thirty-two-bytes")),
            ("another algorithm", good.signed_as(jsonwebtoken::Algorithm::HS512, secret)),
            ("another issuer", Claims { iss: "somebody".to_owned(), ..good.clone() }.signed(secret)),
            ("another audience", Claims { aud: "edgetill-customer".to_owned(), ..good.clone() }.signed(secret)),
            ("cut", good.signed(secret).split('.').take(2).collect::<Vec<_>>().join(".")),
        ];
        for (what, token) in invalid {
            let refused = call.clone().bearer(&token).send();
            refused.problem(401, "credential_invalid");
            assert!(refused.header("www-authenticate").is_some(), "{what}: {refused:?}");
        }
        let accepted = call.bearer(&good.signed(secret)).send();
        assert!(accepted.is_success(), "{scope}: {accepted:?}");
    }
}

// Reading is not writing.
#[test]
fn a_scope_to_read_does_not_write() {
    let shop = Shop::open();
    let sku = shop.sku();
    sku.create();
    let path = format!("/api/v1/catalog/skus/{}", sku.sku);
    let reader = shop.token("catalog:read");
    shop.call("PUT", &path).bearer(&reader).json(&sku.body()).send().problem(403, "scope_missing");
    shop.call("POST", &format!("{path}/stock"))
        .bearer(&reader)
        .json(&json!({ "warehouse_id": "wh-hanoi", "kind": "receive", "quantity": 1 }))
        .send()
        .problem(403, "scope_missing");
    assert_eq!(shop.stock_of(&sku.sku), (100, 0));
}

// SEC-3
#[test]
fn names_addresses_and_emails_are_nowhere_in_the_database_in_clear() {
    let shop = Shop::open();
    let guest = shop.guest();
    let sku = shop.sku().create();
    guest.add(&sku, 1).expect(200);
    let (name, street, email) = (unique("Nguyen Van "), unique("Pho "), format!("{}@customer.example", unique("khach")));
    let mut home = e2e::address("VN", None);
    home["name"] = json!(name);
    home["line1"] = json!(street);
    let basket = guest
        .basket()
        .with("email", json!(email))
        .with("shipping_address", home.clone())
        .with("billing_address", home)
        .with("notes", json!(format!("for {name}")));
    // Under a key, so that a receipt is kept too.
    let begun = guest.call("POST", "/api/v1/checkout").json(&basket.body).header("idempotency-key", &unique("k")).send().expect(201);
    let session_id = begun["session_id"].as_str().unwrap();
    let confirmed = guest
        .call("POST", &format!("/api/v1/checkout/{session_id}/confirm"))
        .json(&json!({}))
        .header("idempotency-key", &unique("k"))
        .send();
    let order = confirmed.expect(201);
    let order_id = order["order_id"].as_str().unwrap();
    guest.cancelling(order_id).send().expect(200);

    let shown = guest.order(order_id).expect(200);
    assert_eq!(shown["email"], email.as_str(), "the owner reads it");
    assert_eq!(shown["shipping_address"]["name"], name.as_str());

    let saga = &shop.rows("saga", "cart_id", &guest.cart_id)[0];
    let saga_id = saga["saga_id"].as_str().unwrap();
    let looks = [
        ("checkout_session", "cart_id", guest.cart_id.as_str()),
        ("orders", "order_id", order_id),
        ("order_line", "order_id", order_id),
        ("order_history", "order_id", order_id),
        ("saga", "saga_id", saga_id),
        ("payment", "saga_id", saga_id),
        ("compensation", "saga_id", saga_id),
        ("cart", "cart_id", guest.cart_id.as_str()),
    ];
    let mut text = String::new();
    for (table, column, value) in looks {
        let rows = shop.rows(table, column, value);
        assert!(!rows.is_empty(), "{table}");
        text.push_str(&json!(rows).to_string());
    }
    for aggregate in [format!("cart/{}", guest.cart_id), format!("order/{order_id}")] {
        text.push_str(&json!(shop.rows("outbox", "aggregate", &aggregate)).to_string());
    }
    for table in ["idempotency", "alert"] {
        let all = shop.call("GET", &format!("/test/rows?table={table}")).send().expect(200);
        text.push_str(&all.to_string());
    }
    for secret in [name.as_str(), street.as_str(), email.as_str(), guest.token.as_str()] {
        assert!(!text.contains(secret), "{secret} lies in the database in clear");
    }
    let sealed: Vec<Value> = shop.rows("orders", "order_id", order_id);
    assert!(sealed[0]["contact"].as_str().unwrap().starts_with("v1."), "{sealed:?}");
}

// SEC-2: a client cannot speak for the host.
#[test]
fn headers_of_the_host_cannot_be_forged() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let (guest, other) = (shop.guest(), shop.guest());
    guest.add(&sku, 1).expect(200);
    other.add(&sku, 5).expect(200);
    let reply = guest
        .setting(&sku, 3)
        .header("spin-path-match-line_id", "OTHER")
        .header("spin-path-match-line-id", "OTHER")
        .header("spin-path-info", "/api/v1/cart/items/OTHER")
        .header("spin-full-url", "http://elsewhere.example/api/v1/cart/items/OTHER")
        .send();
    assert_eq!(reply.expect(200)["quantity"], 3);
    assert_eq!((guest.quantity_of(&sku), other.quantity_of(&sku)), (3, 5));
}
