//! Goal: what a client can get wrong before any use case runs is answered with the right problem,
//! and nothing internal reaches it. Method: real requests through [`crate::serve`] with ports that
//! hold only variables, a clock and a counter for randomness. Cases are data.

use crate::{
    Access, Answered, BodyBudget, BulkJson, Call, Caller, Code, Credential, Customer, Done,
    Endpoint, GuestToken, Json, JsonOrDefault, Method, MustBeKeyed, NoBody, NoHeader, NoParameters,
    NoQuery, Operation, Outcome as _, Parameters, Path, Presence, Problem, Reply, Request, Route,
    Service, ShareToken, Tick, Unconditional, Versioned, Viewer,
    access::{Named, Newcomer, Owner, Scope, Worker},
    body_limit, has_parameters, serves_all, service_token, session_token,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use config::{BODY_LIMIT_BYTES, IMPORT_BODY_LIMIT_BYTES, Keys};
use ports::{
    Clock, Config, ConfigError, Dialect, Http, HttpError, HttpFuture, HttpRequest, Kv, KvError,
    Ports, Random, Sql, SqlError,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    cell::Cell,
    future::Future,
    pin::pin,
    sync::atomic::{AtomicU32, Ordering},
    task::{Context, Poll, Waker},
};
use terms::Member;

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const SESSIONS: &str = "fedcba9876543210fedcba9876543210";
const NOW_MS: i64 = 1_800_000_000_000;

fn keys(text: &str) -> Keys {
    text.parse().unwrap()
}

#[derive(Default)]
struct World {
    variables: Vec<(&'static str, &'static str)>,
    /// Who keeps the variables does not answer.
    is_locked: bool,
    drawn: Cell<u8>,
}

impl World {
    /// Of a component that takes services' and shoppers' tokens.
    fn with_secret() -> Self {
        Self {
            variables: vec![("service_token_secret", SECRET), ("session_token_secret", SESSIONS)],
            ..Self::default()
        }
    }

    /// Of one that takes services' alone.
    fn of_services() -> Self {
        Self { variables: vec![("service_token_secret", SECRET)], ..Self::default() }
    }

    /// Of one that takes shoppers' alone.
    fn of_shoppers() -> Self {
        Self { variables: vec![("session_token_secret", SESSIONS)], ..Self::default() }
    }

    fn guest(&self) -> GuestToken {
        GuestToken::generate(&keys(SESSIONS), self)
    }

    fn ports(&self) -> Ports<'_> {
        Ports { sql: self, kv: self, http: self, clock: self, random: self, config: self }
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
    fn get(&self, _: &str) -> Result<Option<Vec<u8>>, KvError> {
        Ok(None)
    }
    fn set(&self, _: &str, _: &[u8]) -> Result<(), KvError> {
        Ok(())
    }
    fn delete(&self, _: &str) -> Result<(), KvError> {
        Ok(())
    }
}
impl Http for World {
    fn send<'a>(&'a self, _: HttpRequest) -> HttpFuture<'a> {
        Box::pin(async { Err(HttpError::NotSent("no network here".into())) })
    }
}
impl Clock for World {
    fn wall_ms(&self) -> i64 {
        NOW_MS
    }
}
impl Random for World {
    fn fill(&self, bytes: &mut [u8]) {
        self.drawn.set(self.drawn.get() + 1);
        bytes.fill(self.drawn.get());
    }
    fn id(&self) -> String {
        "01890000-0000-7000-8000-000000000001".into()
    }
}
impl Config for World {
    fn get(&self, name: &str) -> Result<String, ConfigError> {
        if self.is_locked {
            return Err(ConfigError::Provider {
                name: name.into(),
                reason: "the vault is sealed".into(),
            });
        }
        let found = self.variables.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, value)| (*value).to_owned())
            .ok_or_else(|| ConfigError::Undefined { name: name.into() })
    }
}

// Nothing here waits, so one poll is enough.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a handler waited"),
    }
}

async fn show(_: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    Ok(Reply::json(200, &json!({ "sku": request.param("sku") })).etag(3))
}
async fn store(_: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let body: Value = request.json()?;
    let done = Done::new(body).version(2).location("/x/1").replay(true).kv_after("k", "v");
    Ok(done.reply(201, 200))
}
async fn fail(_: &Ports<'_>, _: &Request) -> Result<Reply, Problem> {
    Err(Problem::internal("no such table: cart, password hunter2"))
}
/// A table as `shared/api` has one.
macro_rules! operations {
    ($($id:ident: $method:ident $access:ty, $path:ty, $query:ty, $body:ty, $change:ty => $outcome:ty;)+) => {$(
        #[derive(Debug)]
        enum $id {}
        impl Operation for $id {
            const ID: &'static str = stringify!($id);
            const METHOD: Method = Method::$method;
            type Access = $access;
            type Path = $path;
            type Query = $query;
            type Header = NoHeader;
            type Body = $body;
            type Change = $change;
            type Outcome = Done<$outcome>;
            const STATUS: u16 = 200;
            const OTHER: u16 = 503;
        }
    )+};
}
enum CatalogWrite {}
impl Named for CatalogWrite {
    const NAME: &'static str = "catalog:write";
}
enum Relay {}
impl Named for Relay {
    const NAME: &'static str = "relay";
}
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    size: Option<u8>,
}
/// A thing, known by a number.
#[derive(Debug)]
struct Thing(u8);
impl Path for Thing {
    const NAMES: &'static [&'static str] = &["thing"];
    fn read(request: &Request, makes: bool) -> Result<Self, Problem> {
        assert!(!makes);
        request.param("thing").parse().map(Self).map_err(|_| Problem::new(Code::SkuNotFound))
    }
}
operations! {
    Admin: Post Scope<CatalogWrite>, NoParameters, NoQuery, NoBody, Unconditional => String;
    Own: Get Owner, NoParameters, NoQuery, NoBody, Unconditional => String;
    Look: Get Newcomer, NoParameters, Parameters<Wish>, NoBody, Unconditional => Wish;
    Wished: Put Scope<CatalogWrite>, NoParameters, NoQuery, Json<Wish>, MustBeKeyed => Value;
    Changed: Delete Owner, NoParameters, NoQuery, JsonOrDefault<Wish>, Versioned => Value;
    Imported: Post Scope<CatalogWrite>, Thing, NoQuery, BulkJson<Wish>, MustBeKeyed => Value;
    RunRelay: Get Worker<Relay>, NoParameters, Credential, NoBody, Unconditional => Value;
    StartRelay: Post Worker<Relay>, NoParameters, NoQuery, NoBody, Unconditional => Value;
}
async fn admin(call: Call<'_, Admin>) -> Answered<Admin> {
    Ok(Done::new(call.caller.subject))
}
async fn own(call: Call<'_, Own>) -> Answered<Own> {
    Ok(Done::new(call.caller.into()))
}
async fn look(call: Call<'_, Look>) -> Answered<Look> {
    let is_other = call.query.size == Some(9);
    let done = Done::new(call.query).version(4).other(is_other);
    Ok(if is_other { done.retry_after(3) } else { done })
}
async fn wished(call: Call<'_, Wished>) -> Answered<Wished> {
    Ok(Done::new(json!([call.body, call.change.key()])).representation(2))
}
async fn changed(call: Call<'_, Changed>) -> Answered<Changed> {
    Ok(Done::new(json!([call.body, call.change.versions()])))
}
async fn imported(call: Call<'_, Imported>) -> Answered<Imported> {
    Ok(Done::new(json!([call.path.0, call.body])))
}
async fn tick(_: &Ports<'_>) -> Result<Value, Problem> {
    Ok(json!({ "done": 2 }))
}

fn routes() -> [Route; 7] {
    [
        Route::at("/skus/:sku").get(show).put(store),
        Route::at("/fail").get(fail),
        Route::at("/admin")
            .answer::<Admin>(admin)
            .answer::<Wished>(wished)
            .answer::<Changed>(changed),
        Route::at("/things/:thing").answer::<Imported>(imported).answer::<Changed>(changed),
        Route::at("/own").answer::<Own>(own),
        Route::at("/look").answer::<Look>(look),
        Route::at("/internal/workers/relay")
            .answer::<RunRelay>(Tick::new(tick))
            .answer::<StartRelay>(Tick::new(tick)),
    ]
}

fn answer(world: &World, request: Request) -> Reply {
    now(crate::serve(&routes(), &world.ports(), request))
}

fn text(reply: &Reply) -> String {
    String::from_utf8(reply.body.clone()).unwrap()
}

fn code(reply: &Reply) -> String {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    format!("{} {}", reply.status, body["code"].as_str().unwrap_or("-"))
}

fn token(scopes: &[&str], from_s: i64, to_s: i64) -> String {
    let service = Service {
        subject: "ci".into(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
    };
    let at = |seconds: i64| NOW_MS + seconds * 1_000;
    service_token::sign(&keys(SECRET), &service, at(from_s), at(to_s)).unwrap()
}

fn bearer(method: Method, path: &str, token: &str) -> Request {
    Request::new(method, path).with_header("authorization", &format!("Bearer {token}"))
}

#[test]
fn a_path_is_matched_by_segments_and_its_parameters_are_decoded() {
    let cases = [
        ("/skus/TILL-1", "200 -", r#"{"sku":"TILL-1"}"#),
        ("/skus/a%2Fb%20c", "200 -", r#"{"sku":"a/b c"}"#),
        ("/skus/%FF", "400 invalid_field", ""),
        ("/skus/", "404 not_found", ""),
        ("/skus/a/b", "404 not_found", ""),
        ("/skus", "404 not_found", ""),
        ("/skus/a?x=1", "400 unknown_field", ""),
    ];
    for (path, expected, body) in cases {
        let reply = answer(&World::default(), Request::new(Method::Get, path));
        assert_eq!(code(&reply), expected, "{path}");
        assert!(body.is_empty() || text(&reply) == body, "{path}: {}", text(&reply));
    }
}

#[test]
fn parameters_come_from_the_path_and_not_from_spin_headers() {
    let request = Request::new(Method::Get, "/skus/mine")
        .with_header("spin-path-match-sku", "spoofed")
        .with_header("spin-path-info", "/skus/spoofed");
    assert_eq!(text(&answer(&World::default(), request)), r#"{"sku":"mine"}"#);
}

#[test]
fn a_wrong_method_is_405_with_allow_and_options_tells_the_same() {
    for method in [Method::Post, Method::Delete, Method::Patch, Method::Other] {
        let reply = answer(&World::default(), Request::new(method, "/skus/a"));
        assert_eq!(code(&reply), "405 method_not_allowed");
        assert_eq!(reply.get("allow"), Some("GET, HEAD, PUT, OPTIONS"));
    }
    let reply = answer(&World::default(), Request::new(Method::Options, "/skus/a"));
    assert_eq!((reply.status, reply.get("allow")), (204, Some("GET, HEAD, PUT, OPTIONS")));
    assert_eq!(answer(&World::default(), Request::new(Method::Head, "/admin")).status, 405);
}

#[test]
fn head_is_get_without_the_body() {
    let reply = answer(&World::default(), Request::new(Method::Head, "/skus/a"));
    assert_eq!((reply.status, reply.get("etag"), reply.body.len()), (200, Some("\"3\""), 0));
}

#[test]
fn replies_are_not_stored_by_caches_and_carry_what_was_asked() {
    let request = Request::new(Method::Put, "/skus/a")
        .with_header("content-type", "application/json")
        .with_body("{}");
    let reply = answer(&World::default(), request);
    assert_eq!(reply.status, 201);
    assert_eq!(reply.get("cache-control"), Some("no-store"));
    assert_eq!(reply.get("content-type"), Some("application/json"));
    assert_eq!((reply.get("location"), reply.get("etag")), (Some("/x/1"), Some("\"2\"")));
    assert_eq!(reply.get("idempotency-replayed"), Some("true"));
    assert_eq!(reply.kv_after, vec![("k".to_owned(), b"v".to_vec())]);
}

#[test]
fn an_internal_reason_is_never_shown() {
    let reply = answer(&World::default(), Request::new(Method::Get, "/fail"));
    assert_eq!(code(&reply), "500 internal");
    assert_eq!(
        serde_json::from_slice::<Value>(&reply.body).unwrap(),
        json!({
            "type": "https://edgetill.dev/problems/internal",
            "title": "Something went wrong on our side",
            "status": 500,
            "code": "internal",
            "correlation_id": "01890000-0000-7000-8000-000000000001",
        })
    );
    assert_eq!(reply.get("content-type"), Some("application/problem+json"));
    assert_eq!(reply.get("cache-control"), Some("no-store"));
    let problem = Problem::internal("hunter2");
    assert!(!format!("{problem} {problem:?} {problem:#?}").contains("hunter2"));
    assert!(!text(&Reply::from(problem)).contains("hunter2"));
}

struct Current;
impl Member for Current {
    const NAME: &'static str = "current";
    type Value = Value;
}
struct Status;
impl Member for Status {
    const NAME: &'static str = "status";
    type Value = i64;
}
#[test]
fn a_problem_carries_its_members_and_an_extension_cannot_replace_a_standard_one() {
    let problem = Problem::new(Code::VersionConflict)
        .detail("version 3 is not 4")
        .with(Current, &json!({ "version": 4 }))
        .with(Status, &200)
        .at_version(4)
        .retry_after(5);
    let reply = Reply::from(problem);
    assert_eq!((reply.get("etag"), reply.get("retry-after")), (Some("\"4\""), Some("5")));
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(body["current"]["version"], 4);
    assert_eq!(body["status"], 412);
}

#[test]
fn a_body_is_refused_by_its_announced_length_and_again_while_it_arrives() {
    let small = World { variables: vec![("body_limit_bytes", "1024")], ..World::default() };
    let refused = |result: Result<BodyBudget, Problem>| result.err().map(|problem| problem.code());
    let open = |length| BodyBudget::open(&small.ports(), &BODY_LIMIT_BYTES, length);
    assert_eq!(refused(open(Some("1025"))), Some(Code::BodyTooLarge));
    assert_eq!(refused(open(Some("99999999999999999999"))), Some(Code::InvalidField));
    assert_eq!(refused(open(Some("-1"))), Some(Code::InvalidField));
    let mut budget = open(Some("1024")).unwrap();
    budget.push(&[b'1'; 24]).unwrap();
    budget.push(&[b'2'; 1_000]).unwrap();
    assert_eq!(budget.push(b"!").unwrap_err().code(), Code::BodyTooLarge);
    assert_eq!(budget.into_bytes(), [[b'1'; 24].as_slice(), &[b'2'; 1_000]].concat());

    let broken = World { variables: vec![("body_limit_bytes", "64 kB")], ..World::default() };
    assert_eq!(
        refused(BodyBudget::open(&broken.ports(), &BODY_LIMIT_BYTES, None)),
        Some(Code::ConfigurationInvalid)
    );
    let unbound = World::default();
    let mut budget = BodyBudget::open(&unbound.ports(), &BODY_LIMIT_BYTES, None).unwrap();
    budget.push(&vec![0; 65_536]).unwrap();
    assert!(budget.push(b"!").is_err());
}

#[test]
fn how_long_a_body_may_be_says_the_row_that_answers_it() {
    let limit = |method, target| body_limit(&routes(), &Request::new(method, target)).name;
    for (method, target, expected) in [
        (Method::Post, "/things/a?b=c", &IMPORT_BODY_LIMIT_BYTES),
        (Method::Delete, "/things/a", &BODY_LIMIT_BYTES),
        (Method::Put, "/things/a", &BODY_LIMIT_BYTES),
        (Method::Post, "/things", &BODY_LIMIT_BYTES),
        (Method::Put, "/admin", &BODY_LIMIT_BYTES),
        (Method::Post, "/admin", &BODY_LIMIT_BYTES),
        (Method::Put, "/skus/a", &BODY_LIMIT_BYTES),
    ] {
        assert_eq!(limit(method, target), expected.name, "{method:?} {target}");
    }
    assert_eq!(
        (Imported::ROW.body_limit, Changed::ROW.body_limit),
        ("import_body_limit_bytes", "body_limit_bytes")
    );

    let world = World {
        variables: vec![("body_limit_bytes", "1024"), ("import_body_limit_bytes", "2048")],
        ..World::default()
    };
    let open = |method, length| {
        let limit = body_limit(&routes(), &Request::new(method, "/things/a"));
        BodyBudget::open(&world.ports(), limit, Some(length)).err().map(|problem| problem.code())
    };
    assert_eq!(
        (open(Method::Post, "2048"), open(Method::Post, "2049")),
        (None, Some(Code::BodyTooLarge))
    );
    assert_eq!(
        (open(Method::Delete, "1024"), open(Method::Delete, "1025")),
        (None, Some(Code::BodyTooLarge))
    );
}

#[test]
fn a_guest_token_is_256_random_bits_and_only_its_hash_names_the_owner() {
    let world = World::of_shoppers();
    let guest = world.guest();
    assert_eq!(guest.reveal().len(), "gst_".len() + 64, "and a check of 128");
    assert_ne!(guest, world.guest());
    assert_eq!(format!("{guest:?}"), "GuestToken(redacted)");
    let owner = guest.owner();
    assert_eq!(owner.len(), "guest:".len() + 64);
    let reply = answer(&world, bearer(Method::Get, "/own", guest.reveal()));
    assert_eq!(text(&reply), format!("\"{owner}\""));
}

#[test]
fn a_key_in_rows_is_of_one_kind_of_owner() {
    let customer = Customer { id: "guest:service:ann".to_owned() };
    let service = Service { subject: "desk".to_owned(), scopes: Vec::new() };
    let kinds =
        |owner: &str| (GuestToken::owns(owner), Customer::owns(owner), Service::owns(owner));
    assert_eq!(kinds(&World::of_shoppers().guest().owner()), (true, false, false));
    assert_eq!(kinds(&customer.owner()), (false, true, false));
    assert_eq!(kinds(&service.owner_under("a")), (false, false, true));
    assert_eq!(service.owner_under("a"), service.owner_under("a"));
    assert_ne!(service.owner_under("a"), service.owner_under("b"));
}

// SEC-5
#[test]
fn a_guest_or_a_share_is_known_by_a_token_that_we_have_issued_and_no_other() {
    let world = World::of_shoppers();
    let ask = |world: &World, token: &str| code(&answer(world, bearer(Method::Get, "/own", token)));
    let (guest, share) = (world.guest(), ShareToken::generate(&keys(SESSIONS), &world));
    let made_up = |bytes: &[u8]| format!("gst_{}", URL_SAFE_NO_PAD.encode(bytes));
    let bytes = URL_SAFE_NO_PAD.decode(&guest.reveal()[4..]).unwrap();
    for (what, token) in [
        ("random bits without a check", made_up(&bytes[..32])),
        ("with a short check", made_up(&bytes[..47])),
        ("with a long one", made_up(&[&bytes[..], b"x"].concat())),
        ("with another's check", made_up(&[&[9; 32], &bytes[32..]].concat())),
        ("with a check of the other kind", guest.reveal().replace("gst_", "shr_")),
        ("of the other kind", share.reveal().replace("shr_", "gst_")),
        (
            "by a key that is none of ours",
            GuestToken::generate(&keys(SECRET), &world).reveal().to_owned(),
        ),
    ] {
        assert_eq!(ask(&world, &token), "401 credential_invalid", "{what}");
    }
    // A key that is being changed goes on verifying what it has made.
    let rotated = World {
        variables: vec![(
            "session_token_secret",
            "abcdef0123456789abcdef0123456789, fedcba9876543210fedcba9876543210",
        )],
        ..World::default()
    };
    assert_eq!(
        (ask(&rotated, guest.reveal()), ask(&rotated, share.reveal())),
        ("200 -".to_owned(), "403 scope_missing".to_owned())
    );
    // Who takes services alone needs no key for shoppers, and knows none.
    for token in [guest.reveal(), share.reveal()] {
        assert_eq!(
            code(&answer(&World::of_services(), bearer(Method::Post, "/admin", token))),
            "401 credential_invalid"
        );
    }
}

#[test]
fn get_runs_a_worker_only_where_the_shop_allows_it() {
    const PATH: &str = "/internal/workers/relay";
    let world = World {
        variables: vec![("service_token_secret", SECRET), ("worker_get_enabled", "false")],
        ..World::default()
    };
    let own = token(&["workers:relay"], 0, 600);
    for method in [Method::Get, Method::Head] {
        for request in [
            bearer(method, PATH, &own),
            Request::new(method, &format!("{PATH}?token={own}")),
            Request::new(method, PATH),
        ] {
            let reply = answer(&world, request);
            assert_eq!((reply.status, reply.get("allow")), (405, Some("POST, OPTIONS")));
        }
    }
    assert_eq!(answer(&world, bearer(Method::Post, PATH, &own)).status, 200);
}

// SEC-5
#[test]
fn every_key_of_a_list_verifies_and_the_first_signs() {
    let (new, old) = ("abcdef0123456789abcdef0123456789", SECRET);
    let service = Service { subject: "ci".to_owned(), scopes: vec!["catalog:write".to_owned()] };
    let by =
        |list: &str| service_token::sign(&keys(list), &service, NOW_MS, NOW_MS + 600_000).unwrap();
    let ask = |list: &'static str, token: &str| {
        let world = World { variables: vec![("service_token_secret", list)], ..World::default() };
        code(&answer(&world, bearer(Method::Post, "/admin", token)))
    };
    const BOTH: &str = "abcdef0123456789abcdef0123456789,0123456789abcdef0123456789abcdef";
    for token in [by(new), by(old), by(BOTH)] {
        assert_eq!(ask(BOTH, &token), "200 -");
    }
    assert_eq!(ask(SECRET, &by(BOTH)), "401 credential_invalid", "signed with the first");
    assert_eq!(ask(SECRET, &by(new)), "401 credential_invalid");
    assert_eq!(
        ask("0123456789abcdef0123456789abcdef,short", &by(old)),
        "503 configuration_invalid",
        "no weak key beside a good one"
    );
}

#[test]
fn nobody_is_told_that_a_credential_is_needed() {
    for (method, path) in [(Method::Get, "/own"), (Method::Post, "/admin")] {
        let reply = answer(&World::with_secret(), Request::new(method, path));
        assert_eq!(code(&reply), "401 credential_missing", "{path}");
        assert_eq!(reply.get("www-authenticate"), Some("Bearer realm=\"edgetill\""));
    }
}

#[test]
fn a_malformed_credential_is_refused_and_never_counts_as_nobody() {
    let world = World::with_secret();
    let good = world.guest();
    let headers = [
        "".to_owned(),
        "Bearer".to_owned(),
        "Basic dXNlcjpwYXNz".to_owned(),
        "Bearer gst_short".to_owned(),
        format!("Bearer {}A", good.reveal()),
        format!("Bearer {}", good.reveal().replacen("gst_", "GST_", 1)),
        format!("Bearer {}=", good.reveal()),
        "Bearer a.b.c".to_owned(),
    ];
    for header in headers {
        let reply =
            answer(&world, Request::new(Method::Get, "/own").with_header("authorization", &header));
        assert_eq!(code(&reply), "401 credential_invalid", "{header}");
        assert!(reply.get("www-authenticate").unwrap().contains("invalid_token"), "{header}");
    }
    let twice = bearer(Method::Get, "/own", good.reveal()).with_header("authorization", "Bearer x");
    assert_eq!(code(&answer(&world, twice)), "401 credential_invalid");
    let lower = Request::new(Method::Get, "/own")
        .with_header("authorization", &format!("bearer  {}", good.reveal()));
    assert_eq!(answer(&world, lower).status, 200);
}

#[test]
fn a_service_token_opens_what_its_scopes_name() {
    let world = World::with_secret();
    let cases = [
        (vec!["catalog:write"], "200 -"),
        (vec!["orders:read", "catalog:write"], "200 -"),
        (vec!["catalog:writer"], "403 scope_missing"),
        (vec![], "403 scope_missing"),
    ];
    for (scopes, expected) in cases {
        let reply = answer(&world, bearer(Method::Post, "/admin", &token(&scopes, 0, 600)));
        assert_eq!(code(&reply), expected, "{scopes:?}");
    }
    let reply = answer(&world, bearer(Method::Get, "/own", &token(&["catalog:write"], 0, 600)));
    assert_eq!(code(&reply), "401 credential_invalid", "a service owns nothing");
    let guest = world.guest();
    let reply = answer(&world, bearer(Method::Post, "/admin", guest.reveal()));
    assert_eq!(code(&reply), "401 credential_invalid", "a guest is no service");
}

// A token made by hand, so that what the issuer would never write can be tried.
fn forged(header: Value, claims: Value, secret: &str) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    signed_by_hand(&format!("{}.{}", part(header), part(claims)), secret)
}

fn signed_by_hand(signed: &str, secret: &str) -> String {
    use hmac::{Hmac, Mac as _};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

#[test]
fn a_token_of_another_kind_key_issuer_audience_or_time_is_refused() {
    let exp = NOW_MS / 1_000 + 600;
    let hs256 = || json!({ "alg": "HS256", "typ": "JWT" });
    let claims = |change: Value| {
        let mut claims = json!({
            "iss": "edgetill", "aud": "edgetill-service", "sub": "ci", "scope": "catalog:write",
            "exp": exp,
        });
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    };
    let ours = |change: Value| forged(hs256(), claims(change), SECRET);
    let none = format!(
        "{}.",
        forged(json!({ "alg": "none" }), claims(json!({})), SECRET).rsplit_once('.').unwrap().0
    );
    let mut tampered = ours(json!({}));
    tampered.pop();
    let refused = [
        ("alg none", none.clone()),
        ("alg none with a signature", forged(json!({ "alg": "none" }), claims(json!({})), SECRET)),
        ("alg HS512 in the header", forged(json!({ "alg": "HS512" }), claims(json!({})), SECRET)),
        ("alg RS256 in the header", forged(json!({ "alg": "RS256" }), claims(json!({})), SECRET)),
        ("another key", forged(hs256(), claims(json!({})), &SECRET.replace('0', "1"))),
        (
            "no signature",
            none.replacen(
                &none[..none.find('.').unwrap()],
                &URL_SAFE_NO_PAD.encode(hs256().to_string()),
                1,
            ),
        ),
        ("a cut signature", tampered),
        ("another issuer", ours(json!({ "iss": "someone" }))),
        ("another audience", ours(json!({ "aud": "edgetill-session" }))),
        ("no audience", ours(json!({ "aud": null }))),
        ("no expiry", ours(json!({ "exp": null }))),
        ("expired beyond the leeway", ours(json!({ "exp": exp - 600 - 60 }))),
        ("not valid yet", ours(json!({ "nbf": exp }))),
    ];
    let world = World::with_secret();
    for (what, token) in refused {
        let reply = answer(&world, bearer(Method::Post, "/admin", &token));
        assert_eq!(code(&reply), "401 credential_invalid", "{what}");
    }
    let accepted = [
        ("as issued elsewhere", ours(json!({}))),
        ("within the leeway", ours(json!({ "exp": exp - 600 - 59 }))),
        ("one audience of several", ours(json!({ "aud": ["other", "edgetill-service"] }))),
        ("scopes as a list", ours(json!({ "scope": ["orders:read", "catalog:write"] }))),
    ];
    for (what, token) in accepted {
        let reply = answer(&world, bearer(Method::Post, "/admin", &token));
        assert_eq!(reply.status, 200, "{what}: {}", text(&reply));
    }
}

#[test]
fn a_token_that_is_well_signed_is_told_which_claim_is_wrong() {
    let exp = NOW_MS / 1_000 + 600;
    let good = json!({
        "iss": "edgetill", "aud": "edgetill-service", "sub": "ci", "scope": "catalog:write",
        "exp": exp,
    });
    let changed = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        forged(json!({ "alg": "HS256" }), claims, SECRET)
    };
    let without = |name: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(name);
        forged(json!({ "alg": "HS256" }), claims, SECRET)
    };
    let under = |header: Value| forged(header, good.clone(), SECRET);
    let spelled = |claims: &str| {
        let signed = forged(json!({ "alg": "HS256" }), json!("CLAIMS"), SECRET);
        let header = signed.split('.').next().unwrap();
        signed_by_hand(&format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims)), SECRET)
    };
    let cases = [
        (changed("exp", json!(exp.to_string())), "the token's claim exp is malformed"),
        (changed("exp", Value::Null), "the token's claim exp is malformed"),
        (changed("nbf", json!("now")), "the token's claim nbf is malformed"),
        (changed("iat", json!({})), "the token's claim iat is malformed"),
        (changed("iss", json!(["edgetill"])), "the token's claim iss is malformed"),
        (changed("aud", json!(7)), "the token's claim aud is malformed"),
        (changed("sub", json!(7)), "the token's claim sub is malformed"),
        (changed("scope", json!([7])), "the token's claim scope is malformed"),
        (
            spelled(&format!(r#"{{"sub":"a",{}"#, &good.to_string()[1..])),
            "the token's claim sub is malformed",
        ),
        (spelled("[]"), "the token is malformed"),
        (without("exp"), "the token lacks the claim exp"),
        (without("iss"), "the token lacks the claim iss"),
        (without("aud"), "the token lacks the claim aud"),
        (without("sub"), "the token lacks the claim sub"),
        (changed("sub", json!("")), "the token lacks the claim sub"),
        (
            changed("exp", json!(exp - 700)),
            "the token has expired or is not valid yet by its claim exp",
        ),
        (changed("nbf", json!(exp)), "the token has expired or is not valid yet by its claim nbf"),
        (changed("iat", json!(exp)), "the token has expired or is not valid yet by its claim iat"),
        (changed("iss", json!("someone")), "the token is not for this service by its claim iss"),
        (changed("aud", json!("someone")), "the token is not for this service by its claim aud"),
        (
            under(json!({ "alg": "HS256", "crit": ["b64"] })),
            "the token's header is not understood: crit",
        ),
        (
            under(json!({ "alg": "HS256", "cty": "JWT" })),
            "the token's header is not understood: cty",
        ),
        (
            under(json!({ "alg": "HS256", "x5t": "65af6909b1b0758e06c6e048c46002b5c695e36b" })),
            "the token's header is not understood: x5t",
        ),
        // Of a token that is not signed nothing is told.
        (
            forged(json!({ "alg": "HS256" }), json!({ "exp": "soon" }), SESSIONS),
            "the token's signature is not valid",
        ),
    ];
    for (token, detail) in cases {
        let reply = answer(&World::of_services(), bearer(Method::Post, "/admin", &token));
        assert_eq!(
            (code(&reply), &serde_json::from_slice::<Value>(&reply.body).unwrap()["detail"]),
            ("401 credential_invalid".to_owned(), &json!(detail))
        );
    }
}

// RFC 6750 §3
#[test]
fn who_lacks_a_scope_is_told_which() {
    let reply = answer(
        &World::with_secret(),
        bearer(Method::Post, "/admin", &token(&["orders:read"], 0, 600)),
    );
    assert_eq!(code(&reply), "403 scope_missing");
    let challenge = r#"Bearer realm="edgetill", error="insufficient_scope", scope="catalog:write""#;
    assert_eq!(reply.get("www-authenticate"), Some(challenge));
    let service = Caller::Service(Service { subject: "ci".into(), scopes: Vec::new() });
    let refused = Reply::from(service.require_owner_or_scope("orders:read").unwrap_err());
    assert!(text(&refused).contains("the scope orders:read is needed"), "{}", text(&refused));
    assert!(refused.get("www-authenticate").unwrap().ends_with(r#"scope="orders:read""#));
    // No scope would help a share.
    let share = answer(
        &World::with_secret(),
        bearer(
            Method::Get,
            "/own",
            ShareToken::generate(&keys(SESSIONS), &World::default()).reveal(),
        ),
    );
    assert_eq!(
        share.get("www-authenticate"),
        Some(r#"Bearer realm="edgetill", error="insufficient_scope""#)
    );
}

#[test]
fn a_key_that_is_not_there_or_weak_is_our_fault() {
    let good = token(&["catalog:write"], 0, 600);
    let reply = answer(&World::default(), bearer(Method::Post, "/admin", &good));
    assert_eq!(code(&reply), "503 configuration_invalid");
    let weak = World { variables: vec![("service_token_secret", "short")], ..World::default() };
    let reply = answer(&weak, bearer(Method::Post, "/admin", &good));
    assert_eq!(code(&reply), "503 configuration_invalid");
    assert!(!text(&reply).contains("service_token_secret"));
}

#[test]
fn whose_keeper_of_secrets_is_away_calls_no_credential_bad() {
    let locked = World { is_locked: true, ..World::with_secret() };
    let reply = answer(&locked, bearer(Method::Post, "/admin", &token(&["catalog:write"], 0, 600)));
    assert_eq!(code(&reply), "503 configuration_invalid");
    assert!(
        reply.headers.iter().any(|(name, _)| name == "retry-after")
            && !text(&reply).contains("vault")
    );
    let refused = BodyBudget::open(&locked.ports(), &BODY_LIMIT_BYTES, None).unwrap_err();
    assert_eq!(refused.code(), Code::ConfigurationInvalid, "no limit is guessed");
}

#[test]
fn a_worker_runs_for_its_own_scope_by_header_and_on_get_by_query() {
    const PATH: &str = "/internal/workers/relay";
    let world = World {
        variables: vec![("service_token_secret", SECRET), ("worker_get_enabled", "true")],
        ..World::default()
    };
    let own = token(&["workers:relay"], 0, 600);
    let any = token(&["workers:run"], 0, 600);
    let other = token(&["workers:cleanup"], 0, 600);
    let in_query = |token: &str| format!("{PATH}?token={token}");
    let cases = [
        (bearer(Method::Post, PATH, &own), "200 -"),
        (bearer(Method::Get, PATH, &any), "200 -"),
        (Request::new(Method::Get, &in_query(&own)), "200 -"),
        (Request::new(Method::Get, &in_query(&other)), "403 scope_missing"),
        (bearer(Method::Post, PATH, &other), "403 scope_missing"),
        (Request::new(Method::Post, &in_query(&own)), "400 unknown_field"),
        (Request::new(Method::Post, PATH), "401 credential_missing"),
        (Request::new(Method::Get, &in_query("x")), "401 credential_invalid"),
        (Request::new(Method::Get, &in_query(world.guest().reveal())), "401 credential_invalid"),
    ];
    for (request, expected) in cases {
        let reply = answer(&world, request);
        assert_eq!(code(&reply), expected);
        assert!(reply.status != 200 || text(&reply) == r#"{"done":2}"#);
    }
}

#[test]
fn a_session_token_is_its_customer_and_nothing_a_service_has() {
    let world = World::with_secret();
    let of = |id: &str, ends_ms: i64, secret: &str| {
        session_token::sign(
            &keys(secret),
            &Customer { id: id.to_owned() },
            NOW_MS,
            NOW_MS + ends_ms,
        )
        .unwrap()
    };
    let ask = |method, path, token: &str| answer(&world, bearer(method, path, token));
    let good = of("auth0|1", 900_000, SESSIONS);
    assert_eq!(text(&ask(Method::Get, "/own", &good)), r#""customer:auth0|1""#);
    assert_eq!(code(&ask(Method::Post, "/admin", &good)), "401 credential_invalid");
    let refused = [
        ("expired", of("1", -61_000, SESSIONS)),
        ("nobody's", of("", 900_000, SESSIONS)),
        ("signed with the services' key", of("1", 900_000, SECRET)),
        ("a service's claims under the sessions' key", {
            let service =
                Service { subject: "ci".to_owned(), scopes: vec!["catalog:write".to_owned()] };
            service_token::sign(&keys(SESSIONS), &service, NOW_MS, NOW_MS + 900_000).unwrap()
        }),
        (
            "with a critical extension",
            forged(json!({ "alg": "HS256", "crit": ["x"] }), json!({}), SESSIONS),
        ),
    ];
    for (what, token) in refused {
        assert_eq!(code(&ask(Method::Get, "/own", &token)), "401 credential_invalid", "{what}");
        assert_eq!(code(&ask(Method::Post, "/admin", &token)), "401 credential_invalid", "{what}");
    }
    // The services' own still works beside it.
    assert_eq!(ask(Method::Post, "/admin", &token(&["catalog:write"], 0, 600)).status, 200);
}

#[test]
fn a_share_looks_at_a_cart_and_owns_nothing() {
    let world = World::with_secret();
    let share = ShareToken::generate(&keys(SESSIONS), &world);
    assert!(
        share.reveal().starts_with("shr_") && share.reveal().len() == 68,
        "{}",
        share.reveal().len()
    );
    assert_ne!(share, ShareToken::generate(&keys(SESSIONS), &world));
    assert_eq!(format!("{share:?}"), "ShareToken(redacted)");
    assert!(share.hash().len() == 64 && !share.hash().contains(&share.reveal()[4..]));
    let ask = |method, path, token: &str| code(&answer(&world, bearer(method, path, token)));
    assert_eq!(ask(Method::Get, "/own", share.reveal()), "403 scope_missing");
    assert_eq!(ask(Method::Post, "/admin", share.reveal()), "401 credential_invalid");
    for bad in [
        "shr_",
        "shr_half",
        &share.reveal()[..67],
        &format!("{}A", share.reveal()),
        &share.reveal().replace("shr_", "gst_shr_"),
    ] {
        assert_eq!(ask(Method::Get, "/own", bad), "401 credential_invalid", "{bad}");
    }
    let caller = Caller::Share(share.clone());
    assert_eq!(caller.require_viewer().unwrap(), Viewer::Share(share.hash()));
    assert!(caller.owner_or_new().is_err() && caller.require_scope("").is_err());
}

#[test]
fn who_opens_a_cart_may_be_new_and_who_looks_at_one_may_not() {
    let world = World::default();
    let (guest, service) = (world.guest(), Service { subject: "ci".into(), scopes: vec![] });
    assert_eq!(Caller::Nobody.owner_or_new().unwrap(), None);
    assert_eq!(Caller::Service(service.clone()).owner_or_new().unwrap(), None);
    assert_eq!(
        Caller::Guest(guest.clone()).owner_or_new().unwrap().as_deref(),
        Some(&*guest.owner())
    );
    assert_eq!(
        Caller::Guest(guest.clone()).require_viewer().unwrap(),
        Viewer::Owner(guest.owner())
    );
    assert!(
        Caller::Nobody.require_viewer().is_err()
            && Caller::Service(service).require_viewer().is_err()
    );
}

#[test]
fn nobody_owns_nothing_and_has_no_scope() {
    assert!(Caller::Nobody.require_owner().is_err());
    assert!(Caller::Nobody.require_scope("").is_err());
}

// What is refused first is refused whatever else is wrong: a table of requests, each with one
// mistake less.
#[test]
fn all_of_a_row_is_checked_in_one_order_before_its_handler_runs() {
    let world = World::with_secret();
    let good = || bearer(Method::Put, "/admin", &token(&["catalog:write"], 0, 600));
    let json = |request: Request, body: &str| {
        request.with_header("content-type", "application/json").with_body(body)
    };
    let keyed = |request: Request| request.with_header("idempotency-key", "k-1");
    let cases = [
        (Request::new(Method::Put, "/admin?x=1"), "400 unknown_field"),
        (Request::new(Method::Put, "/admin"), "401 credential_missing"),
        (bearer(Method::Put, "/admin", &token(&["orders:read"], 0, 600)), "403 scope_missing"),
        (good().with_body("{}"), "415 unsupported_media_type"),
        (json(good(), ""), "400 malformed_json"),
        (json(good(), r#"{"colour":1}"#), "400 unknown_field"),
        (json(good(), r#"{"size":1}"#), "400 idempotency_key_required"),
        (
            keyed(json(good(), r#"{"size":1}"#)).with_header("if-match", "nonsense"),
            "412 version_conflict",
        ),
        (keyed(json(good(), r#"{"size":1}"#)).with_header("if-match", "*"), "200 -"),
        (json(good(), "{}").with_header("content-encoding", "gzip"), "415 unsupported_media_type"),
        (keyed(json(good(), "{}")).with_header("content-encoding", "identity"), "200 -"),
    ];
    for (number, (request, expected)) in cases.into_iter().enumerate() {
        assert_eq!(code(&answer(&world, request)), expected, "{number}");
    }
    let reply = answer(&world, keyed(json(good(), r#"{"size":1}"#)));
    assert_eq!(text(&reply), r#"[{"size":1},"k-1"]"#);
    assert_eq!(reply.get("etag"), Some("\"2-29b80db4608b3ac9\""));
}

#[test]
fn what_a_path_names_is_given_by_type_and_asked_for_last() {
    let world = World::with_secret();
    let good = |path: &str| {
        bearer(Method::Post, path, &token(&["catalog:write"], 0, 600))
            .with_header("content-type", "application/json")
    };
    let keyed = |path: &str| good(path).with_header("idempotency-key", "k-1").with_body("{}");
    assert_eq!(text(&answer(&world, keyed("/things/%37"))), r#"[7,{"size":null}]"#);
    for (request, expected) in [
        (Request::new(Method::Post, "/things/a"), "401 credential_missing"),
        (good("/things/a").with_body("{"), "400 malformed_json"),
        (good("/things/a").with_body("{}"), "400 idempotency_key_required"),
        (keyed("/things/a"), "404 sku_not_found"),
        (keyed("/things/256"), "404 sku_not_found"),
    ] {
        assert_eq!(code(&answer(&world, request)), expected);
    }
}

#[test]
fn the_status_is_the_rows_and_an_operation_may_have_two() {
    let look = |target| answer(&World::default(), Request::new(Method::Get, target));
    assert_eq!(look("/look?size=8").status, 200);
    let other = look("/look?size=9");
    assert_eq!((other.status, other.get("retry-after")), (503, Some("3")));
    assert_eq!((Admin::ROW.status, Admin::ROW.other), (200, 503));
}

#[test]
fn a_handler_is_given_what_its_row_names() {
    let world = World::with_secret();
    let guest = world.guest();
    let delete = || bearer(Method::Delete, "/admin", guest.reveal());
    assert_eq!(
        text(&answer(&world, delete().with_header("if-match", "\"3\""))),
        r#"[{"size":null},[3]]"#
    );
    assert_eq!(
        code(&answer(&world, delete().with_header("if-match", "nonsense"))),
        "400 invalid_field"
    );
    assert_eq!(
        code(&answer(&world, delete().with_header("idempotency-key", "a b"))),
        "400 invalid_idempotency_key"
    );
    assert_eq!(text(&answer(&world, Request::new(Method::Get, "/look?size=3"))), r#"{"size":3}"#);
    assert_eq!(
        code(&answer(&world, Request::new(Method::Get, "/look?colour=3"))),
        "400 unknown_field"
    );
    let share = ShareToken::generate(&keys(SESSIONS), &world);
    assert_eq!(
        code(&answer(&world, bearer(Method::Get, "/look", share.reveal()))),
        "403 scope_missing"
    );
}

#[test]
fn who_has_seen_just_this_is_told_so_without_a_body() {
    let ask = |method, tag: &str| {
        answer(&World::default(), Request::new(method, "/look").with_header("if-none-match", tag))
    };
    for method in [Method::Get, Method::Head] {
        let seen = ask(method, "\"4\"");
        assert_eq!(
            (seen.status, seen.body.len(), seen.get("etag"), seen.get("cache-control")),
            (304, 0, Some("\"4\""), Some("no-store"))
        );
    }
    assert_eq!(ask(Method::Get, "\"3\"").status, 200);
}

// RFC 9110, 13.1.1: comparison is strong, and what has no entity tag matches none.
#[test]
fn what_is_read_is_the_representation_that_is_wanted_or_none() {
    let ask = |path: &str, tag: &str| {
        answer(&World::default(), Request::new(Method::Get, path).with_header("if-match", tag))
    };
    for tag in ["\"4\"", "*", "\"3\", \"4\""] {
        assert_eq!(ask("/look", tag).status, 200, "{tag}");
    }
    for tag in ["\"3\"", "W/\"4\"", "nonsense"] {
        assert_eq!(code(&ask("/look", tag)), "412 version_conflict", "{tag}");
    }
    let world = World::with_secret();
    let own = bearer(Method::Get, "/own", world.guest().reveal()).with_header("if-match", "\"4\"");
    assert_eq!(code(&answer(&world, own)), "412 version_conflict");
    // A worker is not run and then refused.
    static RAN: AtomicU32 = AtomicU32::new(0);
    let request = bearer(Method::Get, "/internal/workers/relay", &token(&["workers:run"], 0, 600))
        .with_header("if-match", "\"4\"");
    let world = World {
        variables: vec![("service_token_secret", SECRET), ("worker_get_enabled", "true")],
        ..World::default()
    };
    let routes = [Route::at("/internal/workers/relay").answer::<RunRelay>(
        async |_: Call<'_, RunRelay>| -> Answered<RunRelay> {
            RAN.fetch_add(1, Ordering::Relaxed);
            Ok(Done::new(json!({})))
        },
    )];
    let reply = now(crate::serve(&routes, &world.ports(), request));
    assert_eq!((code(&reply).as_str(), RAN.load(Ordering::Relaxed)), ("412 version_conflict", 0));
}

// SEC-7
#[test]
fn a_page_of_another_origin_is_let_in_where_it_is_named() {
    let shop =
        |origins| World { variables: vec![("cors_allowed_origins", origins)], ..World::default() };
    let ask = |world: &World, method, origin: &str| {
        answer(world, Request::new(method, "/look").with_header("origin", origin))
    };
    let cors = |reply: &Reply| -> Vec<String> {
        let names = reply
            .headers
            .iter()
            .filter(|(name, _)| name.starts_with("access-control-") || name == "vary");
        names.map(|(name, value)| format!("{name}: {value}")).collect()
    };
    let named = shop("https://shop.example, http://localhost:8080");
    let let_in = ask(&named, Method::Get, "http://localhost:8080");
    assert_eq!(
        cors(&let_in),
        [
            "access-control-allow-origin: http://localhost:8080",
            "vary: origin",
            "access-control-allow-credentials: true",
            "access-control-expose-headers: etag, idempotency-replayed, location, retry-after, \
             www-authenticate",
        ]
    );
    // Refusals too: a page has to read what was wrong.
    let refused = answer(
        &named,
        Request::new(Method::Get, "/nowhere").with_header("origin", "https://shop.example"),
    );
    assert_eq!(
        (refused.status, refused.get("access-control-allow-origin")),
        (404, Some("https://shop.example"))
    );
    for (origins, origin) in [
        ("", "https://shop.example"),
        ("https://shop.example", "https://shop.example.evil.example"),
        ("https://shop.example", "http://shop.example"),
        ("https://shop.example", "null"),
        ("https://shop.example/", "https://shop.example"),
    ] {
        let reply = ask(&shop(origins), Method::Get, origin);
        assert_eq!((reply.status, cors(&reply)), (200, vec![]), "{origins} {origin}");
    }
    let any = ask(&shop("*"), Method::Get, "https://anybody.example");
    assert_eq!(
        (any.get("access-control-allow-origin"), any.get("access-control-allow-credentials")),
        (Some("*"), None)
    );
    assert_eq!(
        cors(&answer(&named, Request::new(Method::Get, "/look"))),
        Vec::<String>::new(),
        "no page asks"
    );

    let preflight = |method: &str| {
        let asked =
            Request::new(Method::Options, "/admin").with_header("origin", "https://shop.example");
        answer(&named, asked.with_header("access-control-request-method", method))
    };
    let told = preflight("PUT");
    assert_eq!(told.status, 204);
    assert_eq!(told.get("access-control-allow-methods"), Some("POST, PUT, DELETE, OPTIONS"));
    assert_eq!(told.get("access-control-max-age"), Some("600"));
    assert!(told.get("access-control-allow-headers").is_some_and(|names| {
        ["authorization", "if-match", "x-warehouse-id"].iter().all(|name| names.contains(name))
    }));
}

#[test]
fn the_table_says_what_is_checked() {
    assert_eq!(Wished::ROW.access, Access::Scope("catalog:write"));
    assert_eq!(
        (Wished::ROW.takes_query, Wished::ROW.body, Wished::ROW.key),
        (false, Presence::Required, Presence::Required)
    );
    assert_eq!(
        (Changed::ROW.is_versioned, Changed::ROW.body, Changed::ROW.key),
        (true, Presence::Optional, Presence::Optional)
    );
    assert_eq!((RunRelay::ROW.access, RunRelay::ROW.takes_query), (Access::Worker("relay"), true));
    assert_eq!(
        (Own::ROW.body, Own::ROW.key, Own::ROW.method),
        (Presence::Unread, Presence::Unread, Method::Get)
    );
}

#[test]
fn what_the_compiler_is_asked_is_answered_rightly() {
    assert!(
        has_parameters("/a/:b/c/:d", &["b", "d"])
            && has_parameters("/a", &[])
            && has_parameters("/a/:b", &["b"])
    );
    for names in [&["b"][..], &["d", "b"], &["b", "dd"], &["b", ""], &["b", "d", "e"], &[]] {
        assert!(!has_parameters("/a/:b/c/:d", names), "{names:?}");
    }
    let at = |component, path| Endpoint { component, about: "", path, operations: &[] };
    let table = [at("one", "/a"), at("two", "/b"), at("one", "/c")];
    let serves = |component, served: &[&'static str]| {
        serves_all(
            &table,
            component,
            &served.iter().map(|path| at(component, path)).collect::<Vec<_>>(),
        )
    };
    assert!(serves("one", &["/c", "/a"]) && serves("two", &["/b"]));
    for served in [&["/a"][..], &["/a", "/b"], &["/a", "/c", "/b"], &["/a", "/a"], &[]] {
        assert!(!serves("one", served), "{served:?}");
    }
}
