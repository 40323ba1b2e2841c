//! Who may do what (SEC-1, CART-2): every method of every endpoint against every kind of caller.
//!
//! Complete by construction: it walks the declaration, and what is expected follows from the declared access. An endpoint
//! that [`body`] has no row for fails the test. Whoever is refused has changed nothing.

use api::{Access, ENDPOINTS, Endpoint};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use e2e::{Call, Claims, CustomerClaims, Guest, Reply, Settings, Share, Shop, SigningKey, eventually, unique};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// What an owner has: a cart in checkout with one line, and an order.
struct Fixture<'s> {
    owner: Guest<'s>,
    sku: String,
    import: Value,
    session_id: String,
    order_id: String,
    order_number: String,
    share: Share<'s>,
}

impl<'s> Fixture<'s> {
    fn of(shop: &'s Shop, mut owner: Guest<'s>) -> Self {
        let goods = shop.sku();
        let sku = goods.create();
        let order = owner.buy(&sku, 1);
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let opened = owner.call("POST", "/api/v1/cart").json(&json!({ "currency": "USD", "country": "VN" })).send().expect(201);
        owner.cart_id = text(&opened["cart"]["cart_id"]);
        owner.add(&sku, 1).expect(200);
        let session_id = owner.check_out().session_id;
        Self {
            share: owner.share(),
            session_id,
            order_id: text(&order["order_id"]),
            order_number: text(&order["order_number"]),
            import: goods.import_line(),
            sku,
            owner,
        }
    }

    /// The path with this fixture's names, or with names that nothing has.
    fn path(&self, endpoint: &Endpoint, invented: bool) -> String {
        let named = |segment: &str| match (segment, invented) {
            (":line_id" | ":sku", false) => self.sku.clone(),
            (":session_id", false) => self.session_id.clone(),
            (":share_id", false) => self.share.share_id.clone(),
            (":order_id", false) => self.order_id.clone(),
            (":order_number", false) => self.order_number.clone(),
            // Of these the fixture has none: beyond the door there is nothing.
            (":compensation_id" | ":event_id", _) => "0193d5a0-0000-7000-8000-000000000000".to_owned(),
            (":order_number", true) => "ORD-20200101-000001".to_owned(),
            (parameter, true) if parameter.starts_with(':') => "0193d5a0-0000-7000-8000-000000000000".to_owned(),
            (parameter, false) if parameter.starts_with(':') => panic!("{parameter} has no value in the fixture"),
            (segment, _) => segment.to_owned(),
        };
        endpoint.path.split('/').map(named).collect::<Vec<_>>().join("/")
    }

    /// Everything of it that a call could change.
    fn rows(&self) -> Vec<Value> {
        let shop = self.owner.shop;
        let looks = [
            ("cart", "cart_id", &self.owner.cart_id),
            ("cart_line", "cart_id", &self.owner.cart_id),
            ("cart_share", "share_id", &self.share.share_id),
            ("checkout_session", "session_id", &self.session_id),
            ("reservation", "session_id", &self.session_id),
            ("saga", "cart_id", &self.owner.cart_id),
            ("orders", "order_id", &self.order_id),
            ("order_history", "order_id", &self.order_id),
            ("stock", "sku", &self.sku),
        ];
        looks.iter().flat_map(|(table, column, value)| shop.rows(table, column, value)).collect()
    }
}

/// A good body for each method of each endpoint that takes one: the rows of this table.
fn body(endpoint: &Endpoint, method: &str, fixture: &Fixture<'_>) -> Option<Value> {
    let address = || e2e::address("VN", None);
    let sku = &fixture.sku;
    match (endpoint.name, method) {
        ("CART", "POST") => Some(json!({ "currency": "USD" })),
        ("CART_ITEMS", "POST") => Some(json!({ "sku": sku, "quantity": 1 })),
        ("CART_ITEM", "PUT") => Some(json!({ "quantity": 2 })),
        ("CART_SHARES", "POST") => Some(json!({ "expires_in_seconds": 60 })),
        ("CHECKOUT", "POST") => Some(fixture.owner.basket().body),
        ("ORDERS", "POST") => Some(json!({
            "currency": "USD", "lines": [{ "sku": sku, "quantity": 1 }], "email": "desk@customer.example", "shipping_address": address(),
            "shipping_method": "standard", "payment_method": "pm_card_visa", "expected_total": { "amount_minor": 1, "currency": "USD" },
        })),
        ("SKUS", "POST") => Some(json!({ "skus": [fixture.import] })),
        ("SKU", "PUT") => {
            let mut facts = fixture.import.clone();
            facts.as_object_mut().expect("an object").remove("sku");
            Some(facts)
        }
        ("STOCK", "POST") => Some(json!({ "warehouse_id": "wh-hanoi", "kind": "receive", "quantity": 1 })),
        ("CHECKOUT_CONFIRM" | "ORDER_CANCEL" | "SESSION", "POST") => Some(json!({})),
        ("RETRY_COMPENSATION" | "RETRY_EVENT" | "RESOLVE_EVENT", "POST") => Some(json!({ "reason": "why" })),
        ("RESOLVE_COMPENSATION", "POST") => Some(json!({ "reason": "why", "outcome": "written_off" })),
        (
            "OUTBOX_RELAY"
            | "CART_CLEANUP"
            | "RESERVATION_CLEANUP"
            | "SAGA_RECOVERY"
            | "COMPENSATION_RETRY"
            | "CONSISTENCY_AUDIT"
            | "MIGRATE",
            "POST",
        ) => None,
        (
            "CART"
            | "CART_SHARES"
            | "CART_TOTALS"
            | "CART_SHIPPING_METHODS"
            | "CHECKOUT_SESSION"
            | "ORDERS"
            | "ORDER"
            | "ORDER_BY_NUMBER"
            | "SKUS"
            | "SKU"
            | "STOCK"
            | "COMPENSATIONS"
            | "COMPENSATION"
            | "EVENTS"
            | "EVENT"
            | "ALERTS"
            | "HEALTH_LIVE"
            | "HEALTH_READY"
            | "HEALTH"
            | "HEALTH_DEPENDENCIES"
            | "OPENAPI"
            | "DOCS"
            | "CONFIG"
            | "MIGRATE"
            | "OUTBOX_RELAY"
            | "CART_CLEANUP"
            | "RESERVATION_CLEANUP"
            | "SAGA_RECOVERY"
            | "COMPENSATION_RETRY"
            | "CONSISTENCY_AUDIT",
            "GET",
        )
        | ("CART" | "CART_ITEM" | "CART_SHARE" | "CHECKOUT_SESSION", "DELETE") => None,
        (name, method) => panic!("{method} of {name} has no row here: say how it is called"),
    }
}

fn call(endpoint: &Endpoint, method: &str, fixture: &Fixture<'_>, token: Option<&str>, invented: bool) -> Reply {
    let call: Call = fixture.owner.shop.call(method, &fixture.path(endpoint, invented)).keyed(&unique("matrix-"));
    let call = match body(endpoint, method, fixture) {
        Some(body) => call.json(&body),
        None => call,
    };
    match token {
        Some(token) => call.bearer(token).send(),
        None => call.send(),
    }
}

/// Tokens that are none: of services, of sessions, and of nobody.
fn invalid() -> Vec<(String, String)> {
    let settings = Settings::get();
    let everything = "catalog:read catalog:write config:read operations:read operations:write orders:read orders:write workers:run";
    let service = || json!({ "iss": "edgetill", "aud": "edgetill-service", "sub": "matrix", "scope": everything });
    let session = || json!({ "iss": "edgetill", "aud": "edgetill-session", "sub": "customer-matrix" });
    let mut all = Vec::new();
    for (kind, claims, own, others) in [
        ("service", service(), &settings.service_token_secret, &settings.session_token_secret),
        ("session", session(), &settings.session_token_secret, &settings.service_token_secret),
    ] {
        let good = CustomerClaims(claims).ending_in(300);
        let sign = |claims: &CustomerClaims, algorithm, secret: &str| {
            claims.signed_as(&Header::new(algorithm), &EncodingKey::from_secret(secret.as_bytes()))
        };
        let whole = sign(&good, Algorithm::HS256, own);
        let signature = whole.rsplit('.').next().expect("a signature").to_owned();
        for (what, token) in [
            ("expired", sign(&good.clone().ending_in(-61), Algorithm::HS256, own)),
            ("without an end", sign(&good.clone().without("exp"), Algorithm::HS256, own)),
            ("of another issuer", sign(&good.clone().with("iss", json!("somebody")), Algorithm::HS256, own)),
            ("for another audience", sign(&good.clone().with("aud", json!("edgetill-customer")), Algorithm::HS256, own)),
            ("by another algorithm", sign(&good, Algorithm::HS512, own)),
            ("by a customer's key", good.signed(SigningKey::Rsa1)),
            ("by the other kind's key", sign(&good, Algorithm::HS256, others)),
            ("by another key", sign(&good, Algorithm::HS256, "another-secret-of-at-least-thirty-two-bytes")),
            ("by none", good.forged(&json!({ "alg": "none" }), "")),
            ("by none, with a signature", good.forged(&json!({ "alg": "none" }), &signature)),
        ] {
            all.push((format!("a {kind} token {what}"), token));
        }
    }
    all.push(("garbage".to_owned(), "garbage".to_owned()));
    all.push(("half a guest's token".to_owned(), "gst_half".to_owned()));
    all.push(("half a share's token".to_owned(), "shr_half".to_owned()));
    all
}

/// A secret that nobody was ever given.
fn invented(prefix: &str) -> String {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).expect("randomness");
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(secret))
}

/// A guest nobody has met.
fn stranger() -> String {
    invented("gst_")
}

/// Shares that do not open the fixture's cart, and why.
fn dead_shares(fixture: &Fixture<'_>) -> Vec<(&'static str, String)> {
    let (revoked, expired) = (fixture.owner.share(), fixture.owner.share_for(1));
    fixture.owner.revoking(&revoked.share_id).send().expect(200);
    eventually("a share has expired", || (fixture.owner.shop.now_ms() > expired.expires_at_ms).then_some(()));
    vec![("revoked", revoked.token), ("expired", expired.token), ("invented", invented("shr_"))]
}

fn refused(reply: &Reply, status: u16, code: &str, what: &str) {
    assert_eq!(reply.status, status, "{what}: {reply:?}");
    assert_eq!(reply.json()["code"], code, "{what}: {reply:?}");
}

/// Neither a shopper nor a service without the scope; who they are, and what they show.
fn without_scope(shop: &Shop, fixture: &Fixture<'_>) -> Vec<(&'static str, String)> {
    vec![
        ("a guest", stranger()),
        ("the owner", fixture.owner.token.clone()),
        ("a customer", shop.session_of(&unique("customer-"))),
        ("a share", fixture.share.token.clone()),
        ("a service of another scope", Claims::with_scope("something:else workers:nothing").signed(&Settings::get().service_token_secret)),
    ]
}

fn every_method() -> impl Iterator<Item = (&'static Endpoint, &'static str, Access)> {
    ENDPOINTS.iter().flat_map(|endpoint| endpoint.methods.iter().map(move |(method, access)| (endpoint, *method, *access)))
}

#[test]
fn a_credential_that_is_missing_or_invalid_opens_nothing_and_changes_nothing() {
    let shop = Shop::open();
    let fixture = Fixture::of(&shop, shop.guest());
    let before = fixture.rows();
    for (endpoint, method, access) in every_method() {
        let what = format!("{method} {}", endpoint.path);
        // Open without any credential; a cart can be opened with one, and then it must be right.
        let (needs, reads) = (access != Access::Open, access != Access::Open || endpoint.name == "CART");
        if needs {
            refused(&call(endpoint, method, &fixture, None, false), 401, "credential_missing", &what);
        }
        for (kind, token) in invalid() {
            let reply = call(endpoint, method, &fixture, Some(&token), false);
            if reads {
                refused(&reply, 401, "credential_invalid", &format!("{what} with {kind}"));
                assert!(reply.header("www-authenticate").is_some(), "{what}: {reply:?}");
            } else {
                assert!(reply.status == 200 || reply.status == 503, "{what}: {reply:?}");
            }
        }
    }
    assert_eq!(fixture.rows(), before);
}

#[test]
fn what_needs_a_scope_is_closed_without_it_and_open_with_it() {
    let shop = Shop::open();
    let fixture = Fixture::of(&shop, shop.guest());
    for (endpoint, method, access) in every_method() {
        let what = format!("{method} {}", endpoint.path);
        let scopes = match access {
            Access::Scope(scope) => vec![scope.to_owned()],
            Access::Worker(name) => vec!["workers:run".to_owned(), format!("workers:{name}")],
            Access::Open | Access::Customer | Access::Owner | Access::Viewer | Access::OwnerOr(_) => continue,
        };
        let before = fixture.rows();
        for (who, token) in without_scope(&shop, &fixture) {
            refused(&call(endpoint, method, &fixture, Some(&token), false), 403, "scope_missing", &format!("{what} as {who}"));
        }
        assert_eq!(fixture.rows(), before, "{what}");
        for scope in scopes {
            let reply = call(endpoint, method, &fixture, Some(&shop.token(&scope)), false);
            // An order made for a wrong total is refused after the door.
            let nothing = endpoint.path.contains(":compensation_id") || endpoint.path.contains(":event_id");
            let beyond = (endpoint.name == "ORDERS" && reply.status == 409) || (nothing && reply.status == 404);
            assert!(reply.is_success() || beyond, "{what} with {scope}: {reply:?}");
        }
    }
}

fn what_is_owned(kind: fn(&Shop) -> Guest<'_>) {
    let shop = Shop::open();
    for (endpoint, method, access) in every_method() {
        let scope = match access {
            Access::Owner | Access::Viewer => None,
            Access::OwnerOr(scope) => Some(scope),
            Access::Open | Access::Customer | Access::Scope(_) | Access::Worker(_) => continue,
        };
        let what = format!("{method} {}", endpoint.path);
        let fixture = Fixture::of(&shop, kind(&shop));
        let before = fixture.rows();
        let wrong = Claims::with_scope("something:else catalog:read catalog:write").signed(&Settings::get().service_token_secret);
        refused(&call(endpoint, method, &fixture, Some(&wrong), false), 403, "scope_missing", &what);
        for (who, token) in [("another guest", stranger()), ("another customer", shop.session_of(&unique("customer-")))] {
            let reply = call(endpoint, method, &fixture, Some(&token), false);
            if endpoint.name == "ORDERS" {
                assert_eq!(reply.expect(200)["orders"], json!([]), "{what} as {who}");
                continue;
            }
            assert_eq!(reply.status, 404, "{what} as {who}: {reply:?}");
            // Somebody else's is like what is not there, to the byte.
            let nothing = call(endpoint, method, &fixture, Some(&token), true);
            assert_eq!((nothing.status, &nothing.body), (404, &reply.body), "{what} as {who}");
        }
        assert_eq!(fixture.rows(), before, "{what}");
        if let Some(scope) = scope.filter(|_| method == "GET") {
            let reply = call(endpoint, method, &fixture, Some(&shop.token(scope)), false);
            assert!(reply.is_success(), "{what} with {scope}: {reply:?}");
        }
        let reply = call(endpoint, method, &fixture, Some(&fixture.owner.token), false);
        assert!(reply.is_success(), "{what} as the owner: {reply:?}");
    }
}

#[test]
fn what_a_guest_owns_is_theirs_alone() {
    what_is_owned(Shop::guest);
}

#[test]
fn what_a_customer_owns_is_theirs_alone() {
    what_is_owned(Shop::customer);
}

#[test]
fn a_service_with_the_scope_cancels_anybodys_order() {
    let shop = Shop::open();
    let fixture = Fixture::of(&shop, shop.customer());
    let reply = call(&api::ORDER_CANCEL, "POST", &fixture, Some(&shop.token("orders:write")), false);
    assert!(reply.is_success(), "{reply:?}");
}

/// CART-14, SEC-1: a share looks at its own cart; where it may not look it is refused unseen, with the same bytes whether it is good
/// or not, so that no route tells which tokens are.
#[test]
fn a_share_looks_at_its_cart_and_opens_nothing_else() {
    let shop = Shop::open();
    let fixture = Fixture::of(&shop, shop.guest());
    let other = Fixture::of(&shop, shop.customer());
    let dead = dead_shares(&fixture);
    let live = [("its own", fixture.share.token.clone()), ("of another cart", other.share.token.clone())];
    let before = (fixture.rows(), other.rows());
    let mut tried = 0;
    for (endpoint, method, access) in every_method() {
        let mut refusals = Vec::new();
        for (kind, token) in live.iter().chain(&dead) {
            let what = format!("{method} {} with a share, {kind}", endpoint.path);
            let reply = call(endpoint, method, &fixture, Some(token), false);
            tried += 1;
            match access {
                Access::Viewer if *kind == "its own" || *kind == "of another cart" => {
                    let own = if *kind == "its own" { &fixture } else { &other };
                    let seen = reply.expect(200);
                    assert!(endpoint.name == "CART_SHIPPING_METHODS" || seen["cart_id"] == own.owner.cart_id.as_str(), "{what}: {seen}");
                    continue;
                }
                Access::Viewer => refused(&reply, 404, "cart_not_found", &what),
                Access::Customer => refused(&reply, 401, "credential_invalid", &what),
                // Nobody is asked who they are; but whoever opens a cart is.
                Access::Open if endpoint.name != "CART" => {
                    assert!(reply.status == 200 || reply.status == 503, "{what}: {reply:?}");
                    continue;
                }
                Access::Open | Access::Owner | Access::OwnerOr(_) | Access::Scope(_) | Access::Worker(_) => {
                    refused(&reply, 403, "scope_missing", &what);
                }
            }
            refusals.push((what, reply.body));
        }
        for (what, body) in &refusals {
            assert_eq!(body, &refusals[0].1, "{what} is told apart from {}", refusals[0].0);
        }
    }
    assert_eq!(tried, 5 * every_method().count());
    assert_eq!((fixture.rows(), other.rows()), before);
}

#[test]
fn a_session_is_for_customers_of_the_provider() {
    let shop = Shop::open();
    let fixture = Fixture::of(&shop, shop.guest());
    for (endpoint, method, _) in every_method().filter(|(.., access)| *access == Access::Customer) {
        for token in [fixture.owner.token.clone(), shop.session_of("customer-1"), shop.token("orders:read")] {
            refused(&call(endpoint, method, &fixture, Some(&token), false), 401, "credential_invalid", endpoint.path);
        }
        let good = CustomerClaims::of(&unique("customer-")).signed(SigningKey::Rsa1);
        call(endpoint, method, &fixture, Some(&good), false).expect(200);
    }
}
