//! Who may do what (SEC-1, CART-2): every method of every endpoint against every kind of caller.
//!
//! Complete by construction: it walks the table, and what is expected follows from the declared
//! access. Whoever is refused has changed nothing.

use api::{Access, Row};
use e2e::{
    Claims, CustomerClaims, Guest, Reply, Scene, Settings, Shop, SigningKey, eventually,
    scene::{operation, operations},
    unique,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

/// Tokens that are none: of services, of sessions, and of nobody.
fn invalid() -> Vec<(String, String)> {
    let settings = Settings::get();
    let everything = "catalog:read catalog:write config:read operations:read operations:write \
        orders:read orders:write workers:run";
    let service = || {
        json!({
            "iss": "edgetill", "aud": "edgetill-service", "sub": "matrix", "scope": everything,
        })
    };
    let session =
        || json!({ "iss": "edgetill", "aud": "edgetill-session", "sub": "customer-matrix" });
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
            (
                "of another issuer",
                sign(&good.clone().with("iss", json!("somebody")), Algorithm::HS256, own),
            ),
            (
                "for another audience",
                sign(&good.clone().with("aud", json!("edgetill-customer")), Algorithm::HS256, own),
            ),
            ("by another algorithm", sign(&good, Algorithm::HS512, own)),
            ("by a customer's key", good.signed(SigningKey::Rsa1)),
            ("by the other kind's key", sign(&good, Algorithm::HS256, others)),
            (
                "by another key",
                sign(&good, Algorithm::HS256, "another-secret-of-at-least-thirty-two-bytes"),
            ),
            ("by none", good.forged(&json!({ "alg": "none" }), "")),
            ("by none, with a signature", good.forged(&json!({ "alg": "none" }), &signature)),
        ] {
            all.push((format!("a {kind} token {what}"), token));
        }
    }
    all.push(("garbage".to_owned(), "garbage".to_owned()));
    all.push(("half a guest's token".to_owned(), "gst_half".to_owned()));
    all.push(("half a share's token".to_owned(), "shr_half".to_owned()));
    // W19: it has the form, and a check that only we can make it has not.
    for prefix in ["gst_", "shr_"] {
        all.push((
            format!("a {prefix} token that somebody made up"),
            e2e::never_given(prefix, "a-key-of-somebody-elses-32-bytes-long"),
        ));
        all.push((
            format!("a {prefix} token without a check"),
            format!("{prefix}{}", "A".repeat(43)),
        ));
    }
    all
}

/// A guest nobody has met.
fn stranger() -> String {
    Shop::stranger()
}

/// Shares that do not open the scene's cart, and why.
fn dead_shares(scene: &Scene<'_>) -> Vec<(&'static str, String)> {
    let (revoked, expired) = (scene.owner.share(), scene.owner.share_for(1));
    scene.owner.revoking(&revoked.share_id).send().expect(200);
    eventually("a share has expired", || {
        (scene.owner.shop.now_ms() > expired.expires_at_ms).then_some(())
    });
    vec![
        ("revoked", revoked.token),
        ("expired", expired.token),
        ("never given", Shop::unknown_share()),
    ]
}

fn named(path: &str, row: &Row) -> String {
    format!("{} {path}", row.method.name())
}

fn refused(reply: &Reply, status: u16, code: &str, what: &str) {
    assert_eq!(reply.status, status, "{what}: {reply:?}");
    assert_eq!(reply.json()["code"], code, "{what}: {reply:?}");
}

/// Neither a shopper nor a service without the scope; who they are, what they show, and what they
/// are told. Where services' tokens are taken the shoppers' key is not known (SEC-5).
fn without_scope(
    shop: &Shop,
    scene: &Scene<'_>,
) -> Vec<(&'static str, String, (u16, &'static str))> {
    let (nobody_here, lacks) = ((401, "credential_invalid"), (403, "scope_missing"));
    let other = Claims::with_scope("something:else workers:nothing")
        .signed(&Settings::get().service_token_secret);
    vec![
        ("a guest", stranger(), nobody_here),
        ("the owner", scene.owner.token.clone(), nobody_here),
        ("a customer", shop.session_of(&unique("customer-")), nobody_here),
        ("a share", scene.share.token.clone(), nobody_here),
        ("a service of another scope", other, lacks),
    ]
}

#[test]
fn a_credential_that_is_missing_or_invalid_opens_nothing_and_changes_nothing() {
    let shop = Shop::open();
    let scene = Scene::of(shop.guest());
    let before = scene.rows();
    for (endpoint, row) in operations() {
        let what = named(endpoint.path, row);
        // Open without any credential; where one may be shown it must be right.
        let needs = !matches!(row.access, Access::Open | Access::Signed | Access::Newcomer);
        let reads = !matches!(row.access, Access::Open | Access::Signed);
        if needs {
            refused(&scene.call((endpoint, row), None), 401, "credential_missing", &what);
        }
        for (kind, token) in invalid() {
            let reply = scene.call((endpoint, row), Some(&token));
            if reads {
                refused(&reply, 401, "credential_invalid", &format!("{what} with {kind}"));
                assert!(reply.header("www-authenticate").is_some(), "{what}: {reply:?}");
            } else if row.access == Access::Signed {
                refused(&reply, 400, "signature_invalid", &format!("{what} with {kind}"));
            } else {
                assert!(reply.status == 200 || reply.status == 503, "{what}: {reply:?}");
            }
        }
    }
    assert_eq!(scene.rows(), before);
}

#[test]
fn what_needs_a_scope_is_closed_without_it_and_open_with_it() {
    let shop = Shop::open();
    let scene = Scene::of(shop.guest());
    for (endpoint, row) in operations() {
        let what = named(endpoint.path, row);
        let scopes = match row.access {
            Access::Scope(scope) => vec![scope.to_owned()],
            Access::Worker(name) => vec!["workers:run".to_owned(), format!("workers:{name}")],
            Access::Open
            | Access::Signed
            | Access::Newcomer
            | Access::Customer
            | Access::Owner
            | Access::Viewer
            | Access::OwnerOr(_) => continue,
        };
        let before = scene.rows();
        for (who, token, (status, code)) in without_scope(&shop, &scene) {
            let reply = scene.call((endpoint, row), Some(&token));
            refused(&reply, status, code, &format!("{what} as {who}"));
            // RFC 6750 §3
            let challenge = reply.header("www-authenticate").unwrap_or_default();
            let named = format!("scope=\"{}\"", scopes.last().expect("a scope"));
            assert!(
                status == 401
                    || (challenge.contains("insufficient_scope") && challenge.contains(&named)),
                "{what}: {challenge}"
            );
        }
        assert_eq!(scene.rows(), before, "{what}");
        for scope in scopes {
            // A rate is of currencies that there are, and is put by itself.
            let is_rate = endpoint.path.contains("exchange-rates");
            if endpoint.component == "catalog-tables" && !is_rate {
                scene.fills_tables();
            }
            let reply = scene.call((endpoint, row), Some(&shop.token(&scope)));
            // An order made for a wrong total is refused after the door, and so is cash for one that
            // was paid by card, a capture of what was taken with the order, and a review
            // of one that waits for none.
            let nothing = [
                ":compensation_id",
                ":event_id",
                ":owner",
                ":customer_id",
                ":account_id",
                ":promotion_id",
                ":reward_id",
                ":rule_id",
                ":receiver_id",
                ":shipment_id",
                ":return_id",
            ]
            .iter()
            .any(|name| endpoint.path.contains(name));
            let beyond = ([
                "create_order",
                "collect_order",
                "capture_order",
                "release_order",
                "deny_order",
                "ship_order",
                "request_return",
            ]
            .contains(&row.id)
                && reply.status == 409)
                || (nothing && reply.status == 404)
                // No variable of this shop names the example's host.
                || (row.id == "put_receiver" && reply.status == 400)
                // No event of the example was ever told.
                || (["retry_told_event", "resolve_told_event"].contains(&row.id) && reply.status == 404)
                // The piece of the example has gone back already.
                || (row.id == "preview_refund" && reply.status == 400);
            assert!(reply.is_success() || beyond, "{what} with {scope}: {reply:?}");
        }
    }
}

fn what_is_owned(kind: fn(&Shop) -> Guest<'_>) {
    let shop = Shop::open();
    for (endpoint, row) in operations() {
        let scope = match row.access {
            Access::Owner | Access::Viewer => None,
            Access::OwnerOr(scope) => Some(scope),
            Access::Open
            | Access::Signed
            | Access::Newcomer
            | Access::Customer
            | Access::Scope(_)
            | Access::Worker(_) => continue,
        };
        // Accounts, rewards and saved cards are customers' alone: their suites have who sees them.
        let of_customers = ["account-stored-value", "account-rewards", "account-payment-methods"];
        if of_customers.contains(&endpoint.component) {
            continue;
        }
        let what = named(endpoint.path, row);
        let scene = Scene::of(kind(&shop));
        let before = scene.rows();
        let wrong = Claims::with_scope("something:else catalog:read catalog:write")
            .signed(&Settings::get().service_token_secret);
        let (status, code) =
            if scope.is_some() { (403, "scope_missing") } else { (401, "credential_invalid") };
        let reply = scene.call((endpoint, row), Some(&wrong));
        refused(&reply, status, code, &what);
        let named = scope.map_or(String::new(), |scope| format!("scope=\"{scope}\""));
        assert!(
            reply.header("www-authenticate").is_some_and(|challenge| challenge.contains(&named)),
            "{what}: {reply:?}"
        );
        for (who, token) in [
            ("another guest", stranger()),
            ("another customer", shop.session_of(&unique("customer-"))),
        ] {
            let reply = scene.call((endpoint, row), Some(&token));
            if row.id == "list_orders" {
                assert_eq!(reply.expect(200)["orders"], json!([]), "{what} as {who}");
                continue;
            }
            assert_eq!(reply.status, 404, "{what} as {who}: {reply:?}");
            // Somebody else's is like what is not there, to the byte.
            let nothing = scene.calling(row, &scene.path_of_nothing(endpoint), Some(&token)).send();
            assert_eq!((nothing.status, &nothing.body), (404, &reply.body), "{what} as {who}");
        }
        assert_eq!(scene.rows(), before, "{what}");
        if let Some(scope) = scope.filter(|_| row.method.name() == "GET") {
            let reply = scene.call((endpoint, row), Some(&shop.token(scope)));
            assert!(reply.is_success(), "{what} with {scope}: {reply:?}");
        }
        let reply = scene.call((endpoint, row), Some(&scene.owner.token));
        // Nothing of it has arrived that could come back, and nothing does.
        let beyond = (row.id == "request_return" && reply.status == 409)
            || (row.id == "withdraw_return" && reply.status == 404);
        assert!(reply.is_success() || beyond, "{what} as the owner: {reply:?}");
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
    let scene = Scene::of(shop.customer());
    let reply = scene.call(operation("cancel_order"), Some(&shop.token("orders:write")));
    assert!(reply.is_success(), "{reply:?}");
}

/// CART-14, SEC-1: a share looks at its own cart; where it may not look it is refused unseen, with
/// the same bytes whether it is good or not, so that no route tells which tokens are.
#[test]
fn a_share_looks_at_its_cart_and_opens_nothing_else() {
    let shop = Shop::open();
    let scene = Scene::of(shop.guest());
    let other = Scene::of(shop.customer());
    let dead = dead_shares(&scene);
    let live =
        [("its own", scene.share.token.clone()), ("of another cart", other.share.token.clone())];
    let before = (scene.rows(), other.rows());
    let mut tried = 0;
    for (endpoint, row) in operations() {
        let mut refusals = Vec::new();
        for (kind, token) in live.iter().chain(&dead) {
            let what = format!("{} with a share, {kind}", named(endpoint.path, row));
            let reply = scene.call((endpoint, row), Some(token));
            tried += 1;
            match row.access {
                Access::Viewer if *kind == "its own" || *kind == "of another cart" => {
                    let own = if *kind == "its own" { &scene } else { &other };
                    let seen = reply.expect(200);
                    assert!(
                        ["list_shipping_methods", "list_suggestions"].contains(&row.id)
                            || seen["cart_id"] == own.owner.cart_id.as_str(),
                        "{what}: {seen}"
                    );
                    continue;
                }
                Access::Viewer => refused(&reply, 404, "cart_not_found", &what),
                Access::Customer => refused(&reply, 401, "credential_invalid", &what),
                // Nobody is asked who they are.
                Access::Open => {
                    assert!(reply.status == 200 || reply.status == 503, "{what}: {reply:?}");
                    continue;
                }
                Access::Signed => {
                    refused(&reply, 400, "signature_invalid", &what);
                    continue;
                }
                Access::Newcomer | Access::Owner | Access::OwnerOr(_) => {
                    refused(&reply, 403, "scope_missing", &what)
                }
                Access::Scope(_) | Access::Worker(_) => {
                    refused(&reply, 401, "credential_invalid", &what)
                }
            }
            refusals.push((what, reply.body));
        }
        for (what, body) in &refusals {
            assert_eq!(body, &refusals[0].1, "{what} is told apart from {}", refusals[0].0);
        }
    }
    assert_eq!(tried, 5 * operations().count());
    assert_eq!((scene.rows(), other.rows()), before);
}

#[test]
fn a_session_is_for_customers_of_the_provider() {
    let shop = Shop::open();
    let scene = Scene::of(shop.guest());
    for (endpoint, row) in operations().filter(|(_, row)| row.access == Access::Customer) {
        for token in
            [scene.owner.token.clone(), shop.session_of("customer-1"), shop.token("orders:read")]
        {
            refused(
                &scene.call((endpoint, row), Some(&token)),
                401,
                "credential_invalid",
                endpoint.path,
            );
        }
        let good = CustomerClaims::of(&unique("customer-")).signed(SigningKey::Rsa1);
        scene.call((endpoint, row), Some(&good)).expect(200);
    }
}

// SEC-5: a key is a list. The shop of this suite is in the middle of a rotation, where its host
// could be told so.
#[test]
fn every_key_of_a_list_is_taken() {
    let shop = Shop::open();
    for key in Settings::keys("service_token_secret") {
        let token = Claims::with_scope("config:read").signed(&key);
        shop.call("GET", "/api/v1/config").bearer(&token).send().expect(200);
    }
    for key in Settings::keys("session_token_secret") {
        let claims =
            json!({ "iss": "edgetill", "aud": "edgetill-session", "sub": "customer-rotation" });
        let key_of = EncodingKey::from_secret(key.as_bytes());
        let session = CustomerClaims(claims)
            .ending_in(300)
            .signed_as(&Header::new(Algorithm::HS256), &key_of);
        shop.call("GET", "/api/v1/orders").bearer(&session).send().expect(200);
        let guest = e2e::never_given("gst_", &key);
        shop.call("GET", "/api/v1/cart").bearer(&guest).send().problem(404, "cart_not_found");
    }
    for key in Settings::keys("customer_jwt_secret") {
        let claims = CustomerClaims::of(&unique("customer-"));
        let token = claims
            .signed_as(&Header::new(Algorithm::HS256), &EncodingKey::from_secret(key.as_bytes()));
        shop.open_session(&token).expect(200);
    }
}

// W19: somebody of ours who has no cart any more opens a new one.
#[test]
fn an_old_token_of_ours_without_a_cart_opens_a_new_one() {
    let shop = Shop::open();
    let token = Shop::stranger();
    let opened =
        shop.call("POST", "/api/v1/cart").bearer(&token).json(&json!({})).send().expect(201);
    assert!(opened["guest_token"].is_null(), "{opened}");
    shop.call("GET", "/api/v1/cart").bearer(&token).send().expect(200);
    let made_up = format!("gst_{}", "A".repeat(64));
    shop.call("POST", "/api/v1/cart")
        .bearer(&made_up)
        .json(&json!({}))
        .send()
        .problem(401, "credential_invalid");
}

// C1, C2: identity servers differ, and who wires one up is told what is wrong.
#[test]
fn a_customers_token_may_have_scopes_as_a_list_and_is_told_which_claim_is_wrong() {
    let shop = Shop::open();
    let good = CustomerClaims::of(&unique("customer-"));
    for key in [SigningKey::Rsa1, SigningKey::Ec1, SigningKey::Shared] {
        for scope in [json!(["openid", "profile"]), json!("openid profile")] {
            shop.open_session(&good.clone().with("scope", scope).signed(key)).expect(200);
        }
        let wrong = [
            ("exp", json!("soon")),
            ("exp", json!(null)),
            ("nbf", json!("now")),
            ("iss", json!(["x"])),
            ("sub", json!(7)),
        ];
        for (claim, value) in wrong {
            let refused = shop
                .open_session(&good.clone().with(claim, value.clone()).signed(key))
                .problem(401, "credential_invalid");
            let detail = refused["detail"].as_str().unwrap_or_default();
            assert_eq!(detail, format!("the token's claim {claim} is malformed"), "{value}");
        }
    }
}
