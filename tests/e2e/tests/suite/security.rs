//! Who may do what.

use e2e::{Call, Claims, Settings, Shop, unique};
use serde_json::json;

/// Every route of the administration: method, path, body, and the scope it needs.
fn admin_routes(shop: &Shop) -> Vec<(Call, &'static str)> {
    let sku = shop.sku();
    sku.create();
    let path = format!("/api/v1/catalog/skus/{}", sku.sku);
    let stock = json!({ "warehouse_id": "wh-hanoi", "kind": "receive", "quantity": 1 });
    vec![
        (shop.call("GET", "/api/v1/catalog/skus?limit=1"), "catalog:read"),
        (
            shop.call("POST", "/api/v1/catalog/skus").json(&json!({ "skus": [sku.import_line()] })),
            "catalog:write",
        ),
        (shop.call("GET", &path), "catalog:read"),
        (shop.call("PUT", &path).json(&sku.body()), "catalog:write"),
        (shop.call("GET", &format!("{path}/stock")), "catalog:read"),
        (
            shop.call("POST", &format!("{path}/stock")).keyed(&unique("stock-")).json(&stock),
            "catalog:write",
        ),
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
        call.clone().bearer(&guest.token).send().problem(401, "credential_invalid");
        let other = Claims::with_scope("something:else").signed(secret);
        let refused = call.clone().bearer(&other).send().problem(403, "scope_missing");
        assert!(refused["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{refused}");
        let invalid = [
            ("expired", good.clone().expired().signed(secret)),
            ("alg none", good.unsigned()),
            ("another key", good.signed("another-secret-of-at-least-thirty-two-bytes")),
            ("another algorithm", good.signed_as(jsonwebtoken::Algorithm::HS512, secret)),
            (
                "another issuer",
                Claims { iss: "somebody".to_owned(), ..good.clone() }.signed(secret),
            ),
            ("nobody's", Claims { sub: String::new(), ..good.clone() }.signed(secret)),
            (
                "another audience",
                Claims { aud: "edgetill-customer".to_owned(), ..good.clone() }.signed(secret),
            ),
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
