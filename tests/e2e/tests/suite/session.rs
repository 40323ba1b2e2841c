//! Customers and their sessions (SEC-1): whose tokens are taken, and what becomes of it when the
//! provider rotates or is down.

use e2e::{CustomerClaims, KeySet, Settings, Shop, SigningKey, eventually, together, unique};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use std::{
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

// SEC-1: HS256 by the shared secret, RS256, ES256 and EdDSA by the published keys.
#[test]
fn a_customer_of_each_algorithm_opens_a_session_and_shops() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    for key in [SigningKey::Shared, SigningKey::Rsa1, SigningKey::Ec1, SigningKey::Ed1] {
        let id = unique("auth0|");
        let opened = shop.open_session(&CustomerClaims::of(&id).signed(key));
        assert_eq!(opened.header("cache-control"), Some("no-store"));
        let opened = opened.expect(200);
        assert_eq!(
            (&opened["customer_id"], &opened["cart"]),
            (&json!(id), &Value::Null),
            "{key:?}"
        );
        let token = opened["session_token"].as_str().unwrap();
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let lives_ms = opened["expires_at_ms"].as_u64().map(u128::from).unwrap() - now_ms;
        assert!((880_000..=900_000).contains(&lives_ms), "{lives_ms}");

        let cart =
            shop.call("POST", "/api/v1/cart").bearer(token).json(&json!({})).send().expect(201);
        let lives_ms = cart["cart"]["expires_at_ms"].as_i64().unwrap()
            - cart["cart"]["updated_at_ms"].as_i64().unwrap();
        assert_eq!(lives_ms, 86_400_000, "a customer's cart waits a day");
        let add = json!({ "sku": sku, "quantity": 2 });
        shop.call("POST", "/api/v1/cart/items").bearer(token).json(&add).send().expect(200);
        let rows = shop.rows("cart", "cart_id", cart["cart"]["cart_id"].as_str().unwrap());
        assert_eq!(rows[0]["owner"], format!("customer:{id}"));

        // From another device the same cart is there.
        let again = shop.open_session(&CustomerClaims::of(&id).signed(key)).expect(200);
        assert_eq!(again["cart"]["lines"][0]["quantity"], 2, "{again}");
    }
}

// The whole way, and nobody else's.
#[test]
fn a_customer_buys_and_only_they_see_it() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let (customer, other, guest) = (shop.customer(), shop.customer(), shop.guest());
    let order = customer.buy(&sku, 2);
    let order_id = order["order_id"].as_str().unwrap();
    assert_eq!(customer.order(order_id).expect(200)["lines"][0]["quantity"], 2);
    assert!(customer.has_one_paid_order_or_nothing());
    for stranger in [&other, &guest] {
        let hidden = stranger.order(order_id);
        hidden.problem(404, "order_not_found");
        assert_eq!(hidden.body, stranger.order("no-such-order").body);
        stranger.cancelling(order_id).send().problem(404, "order_not_found");
    }
    shop.call("GET", "/api/v1/catalog/skus")
        .bearer(&customer.token)
        .send()
        .problem(401, "credential_invalid");
    customer.cancelling(order_id).send().expect(200);
}

// RFC 8725: what must not be taken.
#[test]
fn a_customers_token_that_is_not_right_in_every_point_opens_nothing() {
    let shop = Shop::open();
    let id = unique("customer-");
    let good = CustomerClaims::of(&id);
    let public_key = SigningKey::Rsa1.published().to_string();
    let mut named = Header::new(Algorithm::HS256);
    named.kid = Some("rsa-1".to_owned());
    let as_es256 = json!({ "alg": "ES256", "kid": "rsa-1" });
    let mut as_ec_1 = Header::new(Algorithm::EdDSA);
    as_ec_1.kid = Some("ec-1".to_owned());
    let signed = good.signed(SigningKey::Rsa1);
    let signature = signed.rsplit('.').next().unwrap();
    let refused = [
        (
            "the public key as an HMAC secret",
            good.signed_as(&named, &EncodingKey::from_secret(public_key.as_bytes())),
        ),
        (
            "another secret",
            good.signed_as(&Header::new(Algorithm::HS256), &EncodingKey::from_secret(&[7; 32])),
        ),
        ("HS512 by the right secret", good.signed_as(&Header::new(Algorithm::HS512), &shared())),
        ("none", good.forged(&json!({ "alg": "none" }), "")),
        (
            "none with a signature",
            good.forged(&json!({ "alg": "none", "kid": "rsa-1" }), signature),
        ),
        ("another algorithm than the key's", good.forged(&as_es256, signature)),
        (
            "the Ed25519 key's signature under the name of a P-256 key",
            good.signed_as(&as_ec_1, &SigningKey::Ed1.encoding()),
        ),
        (
            "RS512 under the same key",
            good.forged(&json!({ "alg": "RS512", "kid": "rsa-1" }), signature),
        ),
        (
            "a critical extension",
            good.forged(
                &json!({ "alg": "RS256", "kid": "rsa-1", "crit": ["b64"], "b64": false }),
                signature,
            ),
        ),
        ("a key nobody has published", good.signed(SigningKey::Rsa2)),
        ("one of two keys, not named", good.signed_namelessly(SigningKey::Rsa1)),
        (
            "a signature of other claims",
            good.clone()
                .with("sub", json!("somebody"))
                .forged(&json!({ "alg": "RS256", "kid": "rsa-1" }), signature),
        ),
        (
            "another issuer",
            good.clone().with("iss", json!("https://elsewhere.example/")).signed(SigningKey::Rsa1),
        ),
        ("no issuer", good.clone().without("iss").signed(SigningKey::Ec1)),
        (
            "another audience",
            good.clone().with("aud", json!("another-shop")).signed(SigningKey::Rsa1),
        ),
        ("other audiences", good.clone().with("aud", json!(["a", "b"])).signed(SigningKey::Ec1)),
        ("no audience", good.clone().without("aud").signed(SigningKey::Shared)),
        ("expired", good.clone().ending_in(-61).signed(SigningKey::Ec1)),
        ("without an end", good.clone().without("exp").signed(SigningKey::Ec1)),
        (
            "not valid yet",
            good.clone().with("nbf", json!(4_000_000_000_i64)).signed(SigningKey::Ec1),
        ),
        (
            "issued in the future",
            good.clone().with("iat", json!(4_000_000_000_i64)).signed(SigningKey::Ec1),
        ),
        ("nobody's", good.clone().without("sub").signed(SigningKey::Ec1)),
        ("an empty name", good.clone().with("sub", json!("")).signed(SigningKey::Ec1)),
        (
            "an e-mail address as the name",
            good.clone().with("sub", json!("an@customer.example")).signed(SigningKey::Ec1),
        ),
        ("cut", signed.split('.').take(2).collect::<Vec<_>>().join(".")),
        ("garbage", "garbage".to_owned()),
        ("a guest's", shop.guest().token),
        ("a session's", shop.session_of(&id)),
        ("a service's", shop.token("orders:read")),
    ];
    for (what, token) in refused {
        let reply = shop.open_session(&token);
        let problem = reply.problem(401, "credential_invalid");
        assert!(
            !problem.to_string().contains("customer.example")
                && !problem.to_string().contains("kid"),
            "{what}: {problem}"
        );
        assert!(reply.header("www-authenticate").is_some(), "{what}");
    }
    shop.call("POST", "/api/v1/session").json(&json!({})).send().problem(401, "credential_missing");
    // And what must.
    for claims in [
        good.clone().with("aud", json!(["another", "edgetill-storefront"])),
        good.clone().ending_in(-30),
    ] {
        shop.open_session(&claims.signed(SigningKey::Rsa1)).expect(200);
    }
    let unknown = shop
        .call("POST", "/api/v1/session")
        .bearer(&good.signed(SigningKey::Ec1))
        .json(&json!({ "admin": true }))
        .send();
    unknown.problem(400, "unknown_field");
}

fn shared() -> EncodingKey {
    EncodingKey::from_secret(Settings::get().customer_jwt_secret.as_bytes())
}

// A provider's token is for the session function alone, and a session's for all others.
#[test]
fn the_providers_own_token_opens_nothing_else() {
    let shop = Shop::open();
    let token = CustomerClaims::of("customer-1").signed(SigningKey::Shared);
    shop.call("GET", "/api/v1/cart").bearer(&token).send().problem(401, "credential_invalid");
    shop.call("GET", "/api/v1/orders").bearer(&token).send().problem(401, "credential_invalid");
}

// Rotation without a stampede.
#[test]
fn a_rotated_key_is_fetched_once_and_a_made_up_one_brings_no_stampede() {
    let shop = Shop::alone();
    let claims = CustomerClaims::of(&unique("customer-"));
    shop.open_session(&claims.signed(SigningKey::Rsa1)).expect(200);
    let _rotated = KeySet::of(&shop, &[SigningKey::Rsa2]);
    // Within two seconds the old keys are all the shop knows; the new one makes it look, once.
    let fetched = eventually("the new key is known", || {
        let reply = shop.open_session(&claims.signed(SigningKey::Rsa2));
        (reply.status == 200).then(|| shop.key_fetches())
    });
    // The provider has taken the first key back.
    shop.open_session(&claims.signed(SigningKey::Rsa1)).problem(401, "credential_invalid");
    let before = shop.key_fetches();
    assert!(before - fetched <= 1, "{fetched} {before}");
    thread::sleep(Duration::from_millis(1_100));
    let replies = together(20, |_| shop.open_session(&claims.signed(SigningKey::Ec1)).status);
    assert!(replies.iter().all(|status| matches!(status, 401 | 503)), "{replies:?}");
    // Those that looked at the same instant may each have asked: key-values have no lock. Those
    // after them ask once a second.
    let (asked, begun) = (shop.key_fetches(), Instant::now());
    assert!(asked - before <= 20, "{} fetches for 20 made-up keys at once", asked - before);
    for _ in 0..20 {
        shop.open_session(&claims.signed(SigningKey::Ec1));
    }
    let allowed = begun.elapsed().as_secs() + 2;
    assert!(
        shop.key_fetches() - asked <= allowed,
        "{} fetches, {allowed} allowed",
        shop.key_fetches() - asked
    );
}

// CHK-13 for identity: an outage of the provider.
#[test]
fn an_outage_of_the_provider_is_survived_for_a_while_and_then_told() {
    let shop = Shop::alone();
    let token = |key| CustomerClaims::of("customer-outage").signed(key);
    // Another test's keys may still be the ones that are known.
    eventually("the provider's own keys are known", || {
        (shop.open_session(&token(SigningKey::Ec1)).status == 200).then_some(())
    });
    let fault = json!({
        "match": { "operation": "identity" }, "fault": "status", "code": 503, "times": 1000,
    });
    let fault = shop.simulator("POST", "/faults").json(&fault).send().expect(201);
    // Past the time the keys are good for, and within the time they are good enough.
    thread::sleep(Duration::from_millis(2_100));
    shop.open_session(&token(SigningKey::Ec1)).expect(200);
    let unknown = shop.open_session(&token(SigningKey::Rsa2));
    unknown.problem(503, "identity_unavailable");
    assert!(unknown.header("retry-after").is_some(), "{unknown:?}");
    thread::sleep(Duration::from_millis(4_500));
    let old = shop.open_session(&token(SigningKey::Ec1));
    old.problem(503, "identity_unavailable");
    assert!(old.header("retry-after").is_some(), "{old:?}");
    // Nobody else noticed, and the shared secret needs nobody.
    shop.open_session(&token(SigningKey::Shared)).expect(200);
    let id = fault["fault_id"].as_str().unwrap();
    shop.simulator("DELETE", &format!("/faults/{id}")).send().expect(204);
    eventually("the provider is back", || {
        (shop.open_session(&token(SigningKey::Ec1)).status == 200).then_some(())
    });
}

// RFC 7517: a set may hold what others need, and may be broken.
#[test]
fn only_keys_that_are_for_this_are_taken_from_a_set() {
    let shop = Shop::alone();
    let spoiled = |key: SigningKey, member: &str, value: Value| {
        let mut published = key.published();
        published[member] = value;
        published
    };
    let set = KeySet::of(&shop, &[SigningKey::Rsa2]);
    eventually("the set has been fetched", || {
        (shop.open_session(&CustomerClaims::of("c").signed(SigningKey::Rsa2)).status == 200)
            .then_some(())
    });
    let useless = [
        ("for encryption", spoiled(SigningKey::Ec1, "use", json!("enc"))),
        ("for signing only", spoiled(SigningKey::Ec1, "key_ops", json!(["sign"]))),
        ("for another algorithm", spoiled(SigningKey::Ec1, "alg", json!("ES384"))),
        ("on another curve", spoiled(SigningKey::Ec1, "crv", json!("P-384"))),
        ("of another kind", spoiled(SigningKey::Ec1, "kty", json!("OKP"))),
        ("not on the curve", spoiled(SigningKey::Ec1, "x", json!("AAAA"))),
        ("no object", json!("ec-1")),
    ];
    let mut keys: Vec<Value> = useless.iter().map(|(_, key)| key.clone()).collect();
    keys.push(SigningKey::Rsa2.published());
    set.publish(&json!({ "keys": keys }));
    thread::sleep(Duration::from_millis(2_100));
    shop.open_session(&CustomerClaims::of("c").signed(SigningKey::Rsa2)).expect(200);
    shop.open_session(&CustomerClaims::of("c").signed(SigningKey::Ec1))
        .problem(401, "credential_invalid");
    // A set with nothing in it does not take the place of a good one.
    set.publish(&json!({ "keys": [] }));
    thread::sleep(Duration::from_millis(2_100));
    shop.open_session(&CustomerClaims::of("c").signed(SigningKey::Rsa2)).expect(200);
}
