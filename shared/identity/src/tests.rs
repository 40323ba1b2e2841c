//! Goal: the customer of every good token and of no other, with as few questions to the provider as
//! can be. Method: real requests with ports that hold variables, a clock, a key-value store and a
//! provider that counts; tokens signed by another library.

use super::*;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use edge::{
    Method, Request,
    access::{Admit as _, Customer},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ports::{
    Clock, Config, ConfigError, Dialect, Http, HttpError, HttpFuture, HttpRequest, HttpResponse,
    Kv, KvError, Random, Sql, SqlError,
};
use serde_json::{Value, json};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

const NOW_MS: i64 = 1_800_000_000_000;
const SECRET: &str = "0123456789abcdef0123456789abcdef";
const RSA: &[u8] = include_bytes!("../../../tests/e2e/keys/test-only-rsa-1.pem");
const EC: &[u8] = include_bytes!("../../../tests/e2e/keys/test-only-ec-1.pem");
const ED: &[u8] = include_bytes!("../../../tests/e2e/keys/test-only-ed25519-1.pem");
const RSA_PUBLIC: &str = include_str!("../../../tests/e2e/keys/test-only-rsa-1.public.json");
const RSA_WEAK_PUBLIC: &str =
    include_str!("../../../tests/e2e/keys/test-only-rsa-weak.public.json");
const EC_PUBLIC: &str = include_str!("../../../tests/e2e/keys/test-only-ec-1.public.json");
const ED_PUBLIC: &str = include_str!("../../../tests/e2e/keys/test-only-ed25519-1.public.json");

const SESSIONS: &str = "fedcba9876543210fedcba9876543210";

struct World {
    /// Whether the key-value store takes nothing.
    forgets: Cell<bool>,
    sessions: &'static str,
    now_ms: Cell<i64>,
    kv: RefCell<BTreeMap<String, Vec<u8>>>,
    /// What the provider answers; nothing while it is down.
    published: RefCell<Option<String>>,
    fetches: Cell<u32>,
    secret: &'static str,
    url: &'static str,
}

impl World {
    fn new() -> Self {
        let published = format!(r#"{{"keys":[{RSA_PUBLIC},{EC_PUBLIC},{ED_PUBLIC}]}}"#);
        Self {
            forgets: Cell::new(false),
            sessions: SESSIONS,
            now_ms: Cell::new(NOW_MS),
            kv: RefCell::default(),
            published: RefCell::new(Some(published)),
            fetches: Cell::new(0),
            secret: SECRET,
            url: "https://identity.example/keys",
        }
    }

    /// The customer, or the problem's code.
    fn ask(&self, token: &str) -> String {
        let ports =
            Ports { sql: self, kv: self, http: self, clock: self, random: self, config: self };
        let request = Request::new(Method::Post, "/api/v1/session")
            .with_header("authorization", &format!("Bearer {token}"));
        let asked = Customer::admit(&ports, &request)
            .and_then(|token| pollster::block_on(customer(&ports, &token)));
        match asked {
            Ok(customer) => customer.as_str().to_owned(),
            Err(problem) => problem.code().slug().to_owned(),
        }
    }

    fn publish(&self, keys: &[Value]) {
        *self.published.borrow_mut() = Some(json!({ "keys": keys }).to_string());
    }

    fn wait(&self, seconds: i64) {
        self.now_ms.set(self.now_ms.get() + seconds * 1_000);
    }
}

impl Sql for World {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }
    fn query(&self, _: &str, _: &str) -> Result<Vec<String>, SqlError> {
        Err(SqlError { code: String::new(), constraint: None, text: "no database here".into() })
    }
    fn run(&self, sql: &str) -> Result<(), SqlError> {
        self.query(sql, "").map(drop)
    }
}
impl Kv for World {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        // As Spin's own over Redis when that is gone: a read may still be answered from a cache.
        Ok(self.kv.borrow().get(key).cloned())
    }
    fn set(&self, key: &str, value: &[u8]) -> Result<(), KvError> {
        if self.forgets.get() {
            return Err(KvError("away".to_owned()));
        }
        self.kv.borrow_mut().insert(key.to_owned(), value.to_vec());
        Ok(())
    }
    fn delete(&self, key: &str) -> Result<(), KvError> {
        self.kv.borrow_mut().remove(key);
        Ok(())
    }
}
impl Http for World {
    fn send<'a>(&'a self, request: HttpRequest) -> HttpFuture<'a> {
        assert_eq!((request.method, request.url.as_str()), ("GET", self.url));
        self.fetches.set(self.fetches.get() + 1);
        let answer = match &*self.published.borrow() {
            Some(body) => Ok(HttpResponse {
                status: 200,
                headers: Vec::new(),
                body: body.clone().into_bytes(),
            }),
            None => Err(HttpError::Timeout("nobody there".to_owned())),
        };
        Box::pin(async { answer })
    }
}
impl Clock for World {
    fn wall_ms(&self) -> i64 {
        self.now_ms.get()
    }
}
impl Random for World {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
    fn id(&self) -> String {
        "01890000-0000-7000-8000-000000000001".into()
    }
}
impl Config for World {
    fn get(&self, name: &str) -> Result<String, ConfigError> {
        Ok(match name {
            "customer_issuer" => "https://identity.example/",
            "customer_audience" => "shop",
            "customer_jwt_secret" => self.secret,
            "session_token_secret" => self.sessions,
            "customer_jwks_url" => self.url,
            "customer_jwks_cache_seconds" => "300",
            "customer_jwks_stale_seconds" => "3600",
            "customer_jwks_refetch_seconds" => "30",
            "customer_jwks_timeout_ms" => "3000",
            "breaker_failures" => "3",
            "breaker_window_seconds" => "30",
            "breaker_open_seconds" => "10",
            other => panic!("{other} is not read here"),
        }
        .to_owned())
    }
}

/// A token of the customer `c-1`, good for a day.
fn token(algorithm: Algorithm, kid: Option<&str>, key: &EncodingKey) -> String {
    let claims = json!({
        "iss": "https://identity.example/", "aud": ["shop"], "sub": "c-1",
        "exp": NOW_MS / 1_000 + 86_400,
    });
    let mut header = Header::new(algorithm);
    header.kid = kid.map(str::to_owned);
    jsonwebtoken::encode(&header, &claims, key).unwrap()
}

fn rsa(kid: Option<&str>) -> String {
    token(Algorithm::RS256, kid, &EncodingKey::from_rsa_pem(RSA).unwrap())
}

fn ec(kid: Option<&str>) -> String {
    token(Algorithm::ES256, kid, &EncodingKey::from_ec_pem(EC).unwrap())
}

fn ed(kid: Option<&str>) -> String {
    token(Algorithm::EdDSA, kid, &EncodingKey::from_ed_pem(ED).unwrap())
}

/// A token by the Ed25519 key whose header has this `alg`: what the signing library has no name
/// for.
fn ed_called(alg: &str) -> String {
    let good = ed(None);
    let claims = good.split('.').nth(1).unwrap();
    let header = json!({ "alg": alg, "kid": "ed25519-1" }).to_string();
    let signed = format!("{}.{claims}", URL_SAFE_NO_PAD.encode(header));
    let key = EncodingKey::from_ed_pem(ED).unwrap();
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::EdDSA).unwrap();
    format!("{signed}.{signature}")
}

fn shared() -> String {
    token(Algorithm::HS256, None, &EncodingKey::from_secret(SECRET.as_bytes()))
}

fn published(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn spoiled(text: &str, member: &str, value: Value) -> Value {
    let mut key = published(text);
    key[member] = value;
    key
}

#[test]
fn every_kind_of_key_verifies_and_the_set_is_fetched_once() {
    let world = World::new();
    for token in
        [rsa(Some("rsa-1")), ec(Some("ec-1")), ed(Some("ed25519-1")), shared(), rsa(Some("rsa-1"))]
    {
        assert_eq!(world.ask(&token), "c-1");
    }
    assert_eq!(world.fetches.get(), 1);
}

#[test]
fn a_key_is_used_by_its_own_algorithm_only() {
    let world = World::new();
    let confused = EncodingKey::from_secret(RSA_PUBLIC.as_bytes());
    for token in [
        token(Algorithm::HS256, Some("rsa-1"), &confused),
        token(Algorithm::HS384, None, &EncodingKey::from_secret(SECRET.as_bytes())),
        token(Algorithm::RS384, Some("rsa-1"), &EncodingKey::from_rsa_pem(RSA).unwrap()),
        token(Algorithm::PS256, Some("rsa-1"), &EncodingKey::from_rsa_pem(RSA).unwrap()),
        token(Algorithm::HS256, Some("ed25519-1"), &EncodingKey::from_secret(ED_PUBLIC.as_bytes())),
        rsa(Some("ec-1")),
        ec(Some("rsa-1")),
        ec(Some("ed25519-1")),
        ed(Some("rsa-1")),
        ed(Some("ec-1")),
        // Of several keys none is the only one.
        rsa(None),
    ] {
        assert_eq!(world.ask(&token), "credential_invalid", "{token}");
    }
}

// RFC 8037 §3.1 and RFC 9864 §2.2: two names of one algorithm.
#[test]
fn an_ed25519_key_verifies_under_both_its_names_and_no_other() {
    let without_name = {
        let mut key = published(ED_PUBLIC);
        key.as_object_mut().unwrap().remove("alg");
        key
    };
    for key in [published(ED_PUBLIC), spoiled(ED_PUBLIC, "alg", json!("Ed25519")), without_name] {
        let world = World::new();
        world.publish(&[published(EC_PUBLIC), key]);
        for alg in ["EdDSA", "Ed25519"] {
            assert_eq!(world.ask(&ed_called(alg)), "c-1", "{alg}");
        }
        for alg in ["EDDSA", "ed25519", "Ed448", "ES256", "HS256", "none", ""] {
            assert_eq!(world.ask(&ed_called(alg)), "credential_invalid", "{alg}");
        }
    }
    let other = World::new();
    other.publish(&[json!({
        "kty": "OKP", "crv": "Ed25519", "kid": "ed25519-1", "x": RFC_8037_KEY,
    })]);
    assert_eq!(other.ask(&ed(Some("ed25519-1"))), "credential_invalid", "another's key");
}

/// RFC 8037 appendix A.2.
const RFC_8037_KEY: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

// RFC 8037 appendix A.4: its payload is a sentence and no claims, which is told of what is signed.
#[test]
fn the_signature_of_rfc_8037_verifies() {
    let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let expected = Expected { issuer: "i", audience: "a", now_ms: NOW_MS };
    let refusal = |key: &Value, text: &str| {
        let key = key::Key::of(key).unwrap();
        key.verify(&Untrusted::read(text).unwrap(), expected).unwrap_err()
    };
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": RFC_8037_KEY });
    assert_eq!(refusal(&key, signed), Refusal::Malformed, "it is signed");
    assert_eq!(refusal(&published(ED_PUBLIC), signed), Refusal::Signature, "by another");
    let changed = signed.replace("hgyY0il", "hgyY0im");
    assert_eq!(refusal(&key, &changed), Refusal::Signature, "another signature");
    let changed = signed.replace("RXhhbXBs", "RXhhbXBt");
    assert_eq!(refusal(&key, &changed), Refusal::Signature, "another payload");
}

#[test]
fn what_is_not_configured_verifies_nothing() {
    let without_secret = World { secret: "", ..World::new() };
    assert_eq!(without_secret.ask(&shared()), "credential_invalid");
    assert_eq!(without_secret.ask(&ec(Some("ec-1"))), "c-1");
    let without_set = World { url: "", ..World::new() };
    assert_eq!(without_set.ask(&ec(Some("ec-1"))), "credential_invalid");
    assert_eq!(without_set.ask(&shared()), "c-1");
    assert_eq!(without_set.fetches.get(), 0);
    let without_any = World { url: "", secret: "", ..World::new() };
    assert_eq!(without_any.ask(&shared()), "configuration_invalid");
}

#[test]
fn a_rotation_is_noticed_and_made_up_keys_bring_one_fetch_per_interval() {
    let world = World::new();
    world.publish(&[published(RSA_PUBLIC)]);
    assert_eq!(world.ask(&rsa(None)), "c-1", "the only key need not be named");
    world.publish(&[published(EC_PUBLIC)]);
    assert_eq!(
        world.ask(&ec(Some("ec-1"))),
        "credential_invalid",
        "somebody has asked a moment ago"
    );
    world.wait(30);
    assert_eq!(world.ask(&ec(Some("ec-1"))), "c-1");
    assert_eq!(world.ask(&rsa(Some("rsa-1"))), "credential_invalid", "the old key is gone");
    assert_eq!(world.fetches.get(), 2);
    for _ in 0..50 {
        assert_eq!(world.ask(&ec(Some("made-up"))), "credential_invalid");
    }
    assert_eq!(world.fetches.get(), 2);
    world.wait(30);
    for _ in 0..50 {
        assert_eq!(world.ask(&ec(Some("made-up"))), "credential_invalid");
    }
    assert_eq!(world.fetches.get(), 3);
}

#[test]
fn in_an_outage_old_keys_are_used_for_their_time_and_new_ones_are_not_called_wrong() {
    let world = World::new();
    assert_eq!(world.ask(&ec(Some("ec-1"))), "c-1");
    *world.published.borrow_mut() = None;
    world.wait(301);
    for _ in 0..10 {
        assert_eq!(world.ask(&ec(Some("ec-1"))), "c-1");
        assert_eq!(world.ask(&ec(Some("new"))), "identity_unavailable");
    }
    assert_eq!(world.fetches.get(), 2, "one question per interval");
    world.wait(3_300);
    for _ in 0..10 {
        assert_eq!(world.ask(&ec(Some("ec-1"))), "identity_unavailable", "too old");
    }
    assert_eq!(world.fetches.get(), 5, "then the breaker is open");
    assert_eq!(world.ask(&shared()), "c-1");
    world.publish(&[published(EC_PUBLIC)]);
    world.wait(10);
    assert_eq!(world.ask(&ec(Some("ec-1"))), "c-1");
}

#[test]
fn a_set_may_hold_what_others_need_and_useless_keys_are_none() {
    let useless = [
        published(RSA_WEAK_PUBLIC),
        spoiled(RSA_PUBLIC, "use", json!("enc")),
        spoiled(RSA_PUBLIC, "alg", json!("PS256")),
        spoiled(RSA_PUBLIC, "e", json!("AA")),
        spoiled(RSA_PUBLIC, "n", json!("not base64url!")),
        spoiled(EC_PUBLIC, "key_ops", json!(["sign"])),
        spoiled(EC_PUBLIC, "alg", json!("ES384")),
        spoiled(EC_PUBLIC, "crv", json!("P-384")),
        spoiled(EC_PUBLIC, "kty", json!("oct")),
        spoiled(EC_PUBLIC, "x", json!("AAAA")),
        spoiled(EC_PUBLIC, "y", json!(EC_PUBLIC.len())),
        spoiled(ED_PUBLIC, "use", json!("enc")),
        spoiled(ED_PUBLIC, "alg", json!("ES256")),
        spoiled(ED_PUBLIC, "alg", json!("Ed448")),
        spoiled(ED_PUBLIC, "crv", json!("X25519")),
        spoiled(ED_PUBLIC, "kty", json!("EC")),
        spoiled(ED_PUBLIC, "x", json!("AAAA")),
        spoiled(ED_PUBLIC, "x", json!(null)),
        // Not on the curve, and of order 1 and 4.
        spoiled(ED_PUBLIC, "x", json!(format!("Ag{}", "A".repeat(41)))),
        spoiled(ED_PUBLIC, "x", json!(format!("AQ{}", "A".repeat(41)))),
        spoiled(ED_PUBLIC, "x", json!("A".repeat(43))),
        json!("no object"),
        json!({}),
    ];
    for key in &useless {
        assert_eq!(key::Key::of(key), None, "{key}");
    }
    let plain = |text: &str| {
        let mut key = published(text);
        for member in ["use", "alg"] {
            key.as_object_mut().unwrap().remove(member);
        }
        key
    };
    let world = World::new();
    world.publish(
        &[&useless[..], &[plain(RSA_PUBLIC), plain(EC_PUBLIC), plain(ED_PUBLIC)]].concat(),
    );
    assert_eq!(
        [rsa(Some("rsa-1")), ec(Some("ec-1")), ed(Some("ed25519-1"))]
            .map(|token| world.ask(&token)),
        ["c-1", "c-1", "c-1"]
    );
    // A set of nothing but those is an outage, and does not take the place of a good one.
    world.publish(&useless);
    world.wait(301);
    assert_eq!(world.ask(&ec(Some("ec-1"))), "c-1");
}

#[test]
fn a_record_from_another_provider_from_the_future_or_of_another_shape_counts_as_none() {
    let world = World::new();
    world.ask(&ec(Some("ec-1")));
    let elsewhere =
        World { url: "https://other.example/keys", kv: world.kv.clone(), ..World::new() };
    elsewhere.ask(&ec(Some("ec-1")));
    assert_eq!(elsewhere.fetches.get(), 1);
    world.wait(-10);
    world.ask(&ec(Some("ec-1")));
    assert_eq!(world.fetches.get(), 2);
    world.kv.borrow_mut().insert("identity/keys".to_owned(), b"{}".to_vec());
    world.ask(&ec(Some("ec-1")));
    assert_eq!(world.fetches.get(), 3);
}

// SEC-5
#[test]
fn a_record_that_we_have_not_written_signs_nobody_in() {
    let world = World::new();
    assert_eq!(world.ask(&ec(Some("ec-1"))), "c-1");
    let ours = world.kv.borrow()["identity/keys"].clone();
    let text = std::str::from_utf8(&ours[32..]).unwrap().to_owned();
    // Their own key under the name of the provider's, by everybody who can write but not mark.
    let theirs = text.replace("\"ec-1\"", "\"theirs\"");
    assert_ne!(theirs, text);
    let by_another =
        callers::mark::marked(&SECRET.parse().unwrap(), "identity/keys", theirs.as_bytes());
    let for_another =
        callers::mark::marked(&SESSIONS.parse().unwrap(), "confirm/x", theirs.as_bytes());
    for forged in [
        theirs.clone().into_bytes(),
        [&ours[..32], theirs.as_bytes()].concat(),
        by_another,
        for_another,
        Vec::new(),
    ] {
        world.kv.borrow_mut().insert("identity/keys".to_owned(), forged);
        world.wait(31);
        assert_eq!(world.ask(&ec(Some("theirs"))), "credential_invalid");
        assert_eq!(world.ask(&ec(Some("ec-1"))), "c-1", "it is fetched anew");
    }
    // A key that is being changed goes on vouching for what it has marked.
    let fetches = world.fetches.get();
    let rotated = World {
        sessions: "abcdef0123456789abcdef0123456789 fedcba9876543210fedcba9876543210",
        ..world
    };
    assert_eq!(
        (rotated.ask(&ec(Some("ec-1"))), rotated.fetches.get()),
        ("c-1".to_owned(), fetches)
    );
}

#[test]
fn where_nothing_is_remembered_no_token_makes_a_fetch() {
    let world = World { forgets: Cell::new(true), ..World::new() };
    for _ in 0..50 {
        assert_eq!(world.ask(&ec(Some("made-up"))), "identity_unavailable");
    }
    assert_eq!(world.fetches.get(), 0);
    assert_eq!(world.ask(&shared()), "c-1", "what needs no keys goes on");
    world.forgets.set(false);
    assert_eq!(world.ask(&ec(Some("ec-1"))), "c-1");
}

#[test]
fn a_customers_scope_may_be_a_list_and_any_of_the_secrets_verifies() {
    let signed = |scope: Value, secret: &str| {
        let claims = json!({
            "iss": "https://identity.example/", "aud": "shop", "sub": "c-1",
            "exp": NOW_MS / 1_000 + 60, "scope": scope,
        });
        jsonwebtoken::encode(
            &Header::new(Algorithm::HS256),
            &claims,
            &EncodingKey::from_secret(secret.as_bytes()),
        )
        .unwrap()
    };
    let world = World {
        secret: "abcdef0123456789abcdef0123456789,0123456789abcdef0123456789abcdef",
        ..World::new()
    };
    for secret in [SECRET, "abcdef0123456789abcdef0123456789"] {
        assert_eq!(world.ask(&signed(json!(["openid", "profile"]), secret)), "c-1");
        assert_eq!(world.ask(&signed(json!("openid profile"), secret)), "c-1");
    }
    assert_eq!(world.ask(&signed(json!(""), SESSIONS)), "credential_invalid");
}
