//! What Spin does that a newcomer would not expect, one test each. They speak HTTP to `dev/probe`,
//! so the same file judges till and, with `PROBE_SPIN=/path/to/spin`, a real Spin; tests of what
//! only till has skip then.

#![cfg(test)]

mod faults;
mod host;
mod wire;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use cluster::RedisServer;
use host::{Host, Setup, on_spin};
use serde_json::{Value, json};

/// A request's steps on the probe, and what each gave.
fn run(host: &Host, steps: Value) -> Value {
    let reply = host.post("/", &steps);
    assert_eq!(reply.status, 200, "{steps}");
    reply.json()
}

/// Steps on one fresh connection; the `open` is left out of the answer.
fn sql(host: &Host, statements: &[&str]) -> Vec<Value> {
    let mut steps = vec![json!({ "open": "default" })];
    steps.extend(statements.iter().map(|statement| json!({ "sql": statement })));
    run(host, Value::Array(steps)).as_array().unwrap()[1..].to_vec()
}

fn error_of(value: &Value) -> &str {
    value["error"].as_str().unwrap_or_else(|| panic!("no error but {value}"))
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(10), "{what} has not come about");
        std::thread::sleep(Duration::from_millis(50));
    }
}

// ---- SQLite

#[test]
fn only_the_first_statement_of_a_text_runs() {
    let host = Host::start(Setup::default());
    let found = sql(
        &host,
        &["create table t (a); create table u (a)", "select a from t", "select a from u"],
    );
    assert_eq!(found[1], json!([]));
    assert!(error_of(&found[2]).contains("no such table: u"));
}

#[test]
fn foreign_keys_are_on_and_a_lock_is_waited_for_5_s() {
    let host = Host::start(Setup::default());
    assert_eq!(
        sql(&host, &["pragma foreign_keys", "pragma busy_timeout"]),
        [json!([[1]]), json!([[5000]])]
    );
}

#[test]
fn every_open_is_a_connection_of_its_own() {
    let host = Host::start(Setup::default());
    let found = run(
        &host,
        json!([
            { "open": "default" }, { "open": "default" },
            { "sql": "create temp table mine (a)", "on": 0 },
            { "sql": "select a from mine", "on": 1 },
            { "sql": "pragma busy_timeout = 1", "on": 0 },
            { "sql": "pragma busy_timeout", "on": 1 },
        ]),
    );
    assert!(error_of(&found[3]).contains("no such table: mine"));
    assert_eq!(found[5], json!([[5000]]));
}

#[test]
fn a_temporary_trigger_on_a_view_is_one_atomic_command() {
    let host = Host::start(Setup::default());
    let found = sql(
        &host,
        &[
            "create table stock (sku text primary key, quantity integer)",
            "create view command (doc) as select null",
            "create temp trigger receive instead of insert on command begin
                 insert into stock select value ->> 'sku', value ->> 'quantity' from json_each(new.doc);
                 select raise(abort, 'too_much') where exists (select 1 from stock where quantity > 10);
             end",
            r#"insert into command values ('[{"sku":"a","quantity":1}]') returning (select sum(quantity) from stock)"#,
            r#"insert into command values ('[{"sku":"b","quantity":2},{"sku":"c","quantity":11}]')"#,
            "select sku from stock",
        ],
    );
    assert_eq!(found[3], json!([[1]]));
    assert!(error_of(&found[4]).contains("too_much"));
    assert_eq!(found[5], json!([["a"]]), "the refused command left nothing behind");
}

#[test]
fn a_transaction_spans_calls_and_a_trap_rolls_it_back() {
    let host = Host::start(Setup::default());
    sql(&host, &["create table t (a)"]);
    let steps = json!([
        { "open": "default" }, { "sql": "begin immediate" }, { "sql": "insert into t values (1)" },
        { "trap": 1 }
    ]);
    let reply = host.post("/", &steps);
    assert_eq!((reply.status, reply.body.as_str()), (500, ""));
    let begun = Instant::now();
    assert_eq!(sql(&host, &["begin immediate", "select count(*) from t"])[1], json!([[0]]));
    assert!(begun.elapsed() < Duration::from_secs(2), "the lock went with the guest");
}

#[test]
fn files_cannot_be_attached() {
    let host = Host::start(Setup::default());
    let found = sql(
        &host,
        &["attach database '/tmp/other.db' as other", "attach database ':memory:' as scratch"],
    );
    assert!(error_of(&found[0]).contains("not authorized"), "{}", found[0]);
    assert_eq!(found[1], json!([]));
}

#[test]
fn changes_and_parameters_pass() {
    let host = Host::start(Setup::default());
    let found = run(
        &host,
        json!([
            { "open": "default" }, { "sql": "create table t (a, b)" },
            { "sql": "insert into t values (?1, ?2), (?1, ?2) returning b", "with": [7, "x"] },
            { "changes": 1 },
        ]),
    );
    assert_eq!(found[2], json!([["x"], ["x"]]));
    assert_eq!(found[3], json!(2));
}

#[test]
fn a_label_that_is_not_declared_is_refused() {
    let host = Host::start(Setup::default());
    let found = run(&host, json!([{ "open": "other" }, { "kv_open": "other" }]));
    assert!(error_of(&found[0]).contains("AccessDenied"));
    assert!(error_of(&found[1]).contains("AccessDenied"));
}

#[test]
fn a_run_has_256_handles() {
    let host = Host::start(Setup::default());
    let found = run(&host, Value::Array(vec![json!({ "open": "default" }); 257]));
    assert_eq!(found[255], "ok");
    assert!(error_of(&found[256]).contains("too many connections opened"));
}

#[test]
fn a_file_given_at_the_start_runs_in_full_and_a_statement_as_far_as_its_first() {
    let setup = Setup::default();
    let file = setup.file("start.sql", "create table t (a); create table u (a);");
    let host = Host::start(
        setup.sqlite(&format!("@{file}")).sqlite("create table v (a); create table w (a)"),
    );
    let found = sql(&host, &["select name from sqlite_master order by name"]);
    assert_eq!(found[0], json!([["t"], ["u"], ["v"]]));
}

// ---- PostgreSQL

/// Runs with the connection string of a fresh server, unless none is installed.
fn on_postgres(test: impl FnOnce(&Host, &str)) {
    if let Some(cluster) = cluster::Cluster::start().unwrap() {
        test(&Host::start(Setup::default()), &cluster.url("postgres"));
    }
}

#[test]
fn a_transaction_left_open_by_a_trap_is_the_next_borrowers() {
    on_postgres(|host, url| {
        run(host, json!([{ "pg_open": url }, { "pg_run": "create table t (a text)" }]));
        let steps = json!([
            { "pg_open": url }, { "pg_run": "begin" },
            { "pg_run": "insert into t values ('half')" }, { "trap": 1 },
        ]);
        assert_eq!(host.post("/", &steps).status, 500);
        // The connection goes back when the guest's store is dropped, which may be after its 500.
        std::thread::sleep(Duration::from_millis(200));
        let seen = "select count(*) from t";
        let found = run(
            host,
            json!([
                { "pg_open": url }, { "pg_open": url },
                { "pg": seen, "on": 0 }, { "pg": seen, "on": 1 }, { "pg_run": "commit", "on": 0 },
                { "pg": seen, "on": 1 },
            ]),
        );
        assert_eq!(
            found[2],
            json!([["DbValue::Int64(1)"]]),
            "this connection is inside the dead guest's transaction"
        );
        assert_eq!(found[3], json!([["DbValue::Int64(0)"]]), "nobody else is");
        assert_eq!(found[5], json!([["DbValue::Int64(1)"]]), "a stranger's commit made it last");
    });
}

#[test]
fn limits_in_the_connection_string_outlive_the_pools_cleaning_and_end_a_leaked_transaction() {
    on_postgres(|host, url| {
        let url = format!("{url}&options=-c%20idle_in_transaction_session_timeout%3D200");
        run(
            host,
            json!([
                { "pg_open": url }, { "pg_run": "create table t (a text)" },
                { "pg_run": "set idle_in_transaction_session_timeout = 0" },
            ]),
        );
        let steps = json!([
            { "pg_open": url }, { "pg_run": "begin" },
            { "pg_run": "insert into t values ('half')" }, { "trap": 1 },
        ]);
        assert_eq!(host.post("/", &steps).status, 500);
        std::thread::sleep(Duration::from_millis(600));
        let found = run(host, json!([{ "pg_open": url }, { "pg": "select count(*) from t" }]));
        assert_eq!(found, json!(["ok", [["DbValue::Int64(0)"]]]));
    });
}

/// Spin 4.0.0 to 4.0.2 hangs where till traps; 3.5 and what comes after 4.0.2 answer nothing.
#[test]
fn a_query_without_rows_ends_the_guest() {
    if !on_spin("a_query_without_rows_ends_the_guest") {
        on_postgres(|host, url| {
            assert_eq!(
                host.post("/", &json!([{ "pg_open": url }, { "pg": "select 1 where false" }]))
                    .status,
                500
            );
            assert!(host.log().contains("a query without rows"), "{}", host.log());
        });
    }
}

#[test]
fn postgres_errors_name_code_and_constraint_and_a_time_with_a_zone_is_unreadable() {
    on_postgres(|host, url| {
        let found = run(
            host,
            json!([
                { "pg_open": url },
                { "pg_run": "create table t (a text constraint a_is_short check (length(a) < 3))" },
                { "pg": "insert into t values ($1) returning a", "with": ["long"] },
                { "pg": "select now()" },
                { "pg": "select now()::timestamp is null, 1::bigint, 2::int, 'x'::text, '{\"a\": 1}'::jsonb, null::text" },
                { "pg": "select upper($1::text::jsonb ->> 'a')", "with": ["{\"a\":\"b\"}"] },
                { "pg": "select 1; select 2" },
            ]),
        );
        let refused = error_of(&found[2]).replace('\\', "");
        assert!(
            refused.contains("code: \"23514\"")
                && refused.contains("(\"constraint\", \"a_is_short\")"),
            "{refused}"
        );
        // Spin 4.0 flattens what comes with the rows; 3.5 does not.
        assert!(
            refused
                .contains("QueryFailed(QueryError::Text(\"Error::QueryFailed(QueryError::DbError("),
            "{refused}"
        );
        assert!(error_of(&found[3]).contains("QueryFailed"), "{}", found[3]);
        let row: Vec<&str> =
            found[4][0].as_array().unwrap().iter().map(|value| value.as_str().unwrap()).collect();
        assert_eq!(
            row[..4],
            [
                "DbValue::Boolean(false)",
                "DbValue::Int64(1)",
                "DbValue::Int32(2)",
                "DbValue::Str(\"x\")"
            ]
        );
        assert!(row[4].starts_with("DbValue::Jsonb(") && row[5] == "DbValue::DbNull", "{row:?}");
        assert_eq!(found[5], json!([["DbValue::Str(\"B\")"]]));
        assert!(error_of(&found[6]).contains("42601"), "one statement per call: {}", found[6]);
    });
}

/// Runs with the connection string of a server that has no room for more than `limit` connections
/// of it.
fn on_full_postgres(setup: Setup, limit: usize, test: impl FnOnce(&Host, &str)) {
    let Some(cluster) = cluster::Cluster::start_small().unwrap() else { return };
    let host = Host::start(setup);
    let role = format!("create role narrow login password 'of-a-test' connection limit {limit}");
    run(&host, json!([{ "pg_open": cluster.url("postgres") }, { "pg_run": role }]));
    test(&host, &cluster.url_of("narrow", "of-a-test", "postgres"));
}

/// What a role's connections do, as somebody else sees them.
const SESSIONS: &str = "select count(*) from pg_stat_activity where usename = current_user";

#[test]
fn a_connection_that_was_given_back_stays_open_and_full_is_refused_at_once() {
    on_full_postgres(Setup::default(), 3, |host, url| {
        let opens = |count: usize| Value::Array(vec![json!({ "pg_open": url }); count]);
        let found = run(host, opens(4));
        assert_eq!(found[2], "ok");
        assert!(
            error_of(&found[3]).contains("ConnectionFailed")
                && error_of(&found[3]).contains("too many connections for role"),
            "{found}"
        );
        // They were given back with the guest, and idle in its component's pool for good.
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(
            run(host, json!([{ "pg_open": url }, { "pg": SESSIONS }]))[1],
            json!([["DbValue::Int64(3)"]])
        );
    });
}

#[test]
fn a_session_that_the_server_ends_for_idling_leaves_the_pool_with_the_next_who_wants_it() {
    on_full_postgres(Setup::default(), 3, |host, url| {
        let url = format!("{url}&options=-c%20idle_session_timeout%3D300");
        let opens = Value::Array(vec![json!({ "pg_open": url }); 3]);
        run(host, opens);
        std::thread::sleep(Duration::from_millis(800));
        let found = run(host, json!([{ "pg_open": url }, { "pg": SESSIONS }]));
        assert_eq!(
            found,
            json!(["ok", [["DbValue::Int64(1)"]]]),
            "one was made anew, and the dead ones are nobody's"
        );
    });
}

#[test]
fn the_connection_that_has_idled_longest_is_lent_first() {
    on_postgres(|host, url| {
        let who = json!({ "pg": "select pg_backend_pid()" });
        let both = run(
            host,
            json!([
                { "pg_open": url }, { "pg_open": url }, who,
                { "pg": "select pg_backend_pid()", "on": 1 },
            ]),
        );
        let one = || run(host, json!([{ "pg_open": url }, who]))[1].clone();
        let seen = [one(), one(), one()];
        assert_eq!(seen[0], seen[2], "by turns");
        assert_ne!(seen[0], seen[1], "by turns");
        assert!(
            seen.iter().all(|seen| *seen == both[2] || *seen == both[3]),
            "{seen:?}, and not {both}"
        );
    });
}

/// Older than what came after Spin 4.0.2 refuse the key.
#[test]
fn connections_in_use_may_be_bounded_over_all_components_and_are_waited_for() {
    let setup = || Setup {
        runtime_config: Some("[outbound_pg]\nmax_connections = 1\n".to_owned()),
        ..Setup::default()
    };
    on_full_postgres(setup(), 50, |host, url| {
        std::thread::scope(|scope| {
            let holding =
                scope.spawn(|| run(host, json!([{ "pg_open": url }, { "sleep_ms": 600 }])));
            std::thread::sleep(Duration::from_millis(200));
            let begun = Instant::now();
            assert_eq!(run(host, json!([{ "pg_open": url }])), json!(["ok"]));
            assert!(
                begun.elapsed() > Duration::from_millis(300),
                "it did not wait: {:?}",
                begun.elapsed()
            );
            holding.join().unwrap();
        });
    });
}

#[test]
fn a_server_that_is_not_allowed_or_not_there_is_a_failed_connection() {
    let host = Host::start(Setup::default());
    let closed = { TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap() };
    let found = run(
        &host,
        json!([
            { "pg_open": "postgres://db.example/x" },
            { "pg_open": format!("postgres://u@{closed}/x") },
        ]),
    );
    assert!(
        error_of(&found[0])
            .contains("ConnectionFailed(\"address postgres://db.example:5432 is not permitted\")"),
        "{}",
        found[0]
    );
    assert!(error_of(&found[1]).contains("ConnectionFailed"), "{}", found[1]);
}

// ---- key-value

#[test]
fn key_value_is_plain() {
    let host = Host::start(Setup::default());
    let found = run(
        &host,
        json!([
            { "kv_open": "default" }, { "kv_get": "a" }, { "kv_delete": "a" },
            { "kv_set": "a", "with": "1" },
            { "kv_set": "a", "with": "2" }, { "kv_get": "a" }, { "kv_exists": "a" },
            { "kv_keys": 1 },
            { "kv_delete": "a" }, { "kv_exists": "a" },
        ]),
    );
    assert_eq!(found, json!(["ok", null, "ok", "ok", "ok", "2", true, ["a"], "ok", false]));
}

// ---- Redis

/// Runs with a fresh Redis, unless none is installed.
fn on_redis(test: impl FnOnce(&RedisServer)) {
    if let Some(redis) = RedisServer::start().unwrap() {
        test(&redis);
    }
}

#[test]
fn key_value_on_redis_ignores_labels_and_shares_its_keys_with_everybody() {
    on_redis(|redis| {
        let url = redis.url(0);
        let store =
            |label: &str| format!("[key_value_store.{label}]\ntype = \"redis\"\nurl = \"{url}\"\n");
        let setup = Setup {
            runtime_config: Some([store("default"), store("other")].concat()),
            stores: &["default", "other"],
            ..Setup::default()
        };
        let host = Host::start(setup);
        let found = run(
            &host,
            json!([
                { "kv_open": "default" }, { "kv_open": "other" }, { "kv_get": "a" },
                { "kv_delete": "a" }, { "kv_set": "a", "with": "1" },
                { "kv_get": "a", "on": 1 }, { "kv_set": "a", "with": "2", "on": 1 },
                { "kv_get": "a" }, { "kv_exists": "a" },
                // Somebody else's key in the same database is a key of the store.
                { "redis_open": url }, { "redis": ["set", "theirs", "3"] }, { "kv_get": "theirs" },
                { "kv_keys": 1, "on": 1 },
                { "kv_delete": "theirs" }, { "kv_delete": "a", "on": 1 }, { "kv_exists": "a" },
            ]),
        );
        let mut keys: Vec<&str> =
            found[12].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["a", "theirs"]);
        assert_eq!(
            found.as_array().unwrap()[..9],
            *json!(["ok", "ok", null, "ok", "ok", "1", "ok", "2", true]).as_array().unwrap()
        );
        assert_eq!(
            found.as_array().unwrap()[9..12],
            *json!(["ok", ["OK"], "3"]).as_array().unwrap()
        );
        assert_eq!(found[15], false);
    });
}

#[test]
fn key_value_on_a_redis_that_comes_back_works_again() {
    on_redis(|redis| {
        let config =
            format!("[key_value_store.default]\ntype = \"redis\"\nurl = \"{}\"\n", redis.url(0));
        let host = Host::start(Setup { runtime_config: Some(config), ..Setup::default() });
        run(&host, json!([{ "kv_open": "default" }, { "kv_set": "a", "with": "1" }]));
        redis.drop_its_clients().unwrap();
        eventually("a working store", || {
            run(&host, json!([{ "kv_open": "default" }, { "kv_get": "a" }])) == json!(["ok", "1"])
        });
    });
}

#[test]
fn a_redis_command_answers_a_flat_list_and_an_error_is_text() {
    on_redis(|redis| {
        let host = Host::start(Setup::default());
        let found = run(
            &host,
            json!([
                { "redis_open": redis.url(0) },
                { "redis": ["xadd", "events", "1-1", "id", "a", "type", "t"] },
                { "redis": ["xadd", "events", "MAXLEN", "~", 1000, "2-1", "id", "b"] },
                { "redis": ["xrange", "events", "-", "+"] },
                { "redis": ["get", "absent"] }, { "redis": ["incr", "n"] }, { "redis": ["ping"] },
                { "redis": ["get", "events"] }, { "redis": ["nonsense"] },
                // The next command finds the connection as it was.
                { "redis": ["xlen", "events"] },
            ]),
        );
        assert_eq!(found[1], json!(["1-1"]));
        assert_eq!(found[3], json!(["1-1", "id", "a", "type", "t", "2-1", "id", "b"]));
        assert_eq!(
            (&found[4], &found[5], &found[6]),
            (&json!([null]), &json!([1]), &json!(["PONG"]))
        );
        assert!(error_of(&found[7]).contains("WRONGTYPE"), "{}", found[7]);
        assert!(error_of(&found[8]).contains("unknown command"), "{}", found[8]);
        assert_eq!(found[9], json!([2]));
    });
}

#[test]
fn a_redis_that_is_not_allowed_is_an_invalid_address_and_one_that_is_not_there_is_an_error_at_open()
{
    let host = Host::start(Setup::default());
    let closed = { TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap() };
    let found = run(
        &host,
        json!([
            { "redis_open": "redis://db.example:6379" }, { "redis_open": "rediss://127.0.0.1:1" },
            { "redis_open": format!("redis://{closed}") },
        ]),
    );
    assert!(error_of(&found[0]).contains("InvalidAddress"), "{}", found[0]);
    assert!(
        error_of(&found[1]).contains("InvalidAddress"),
        "another scheme is another host: {}",
        found[1]
    );
    assert!(
        error_of(&found[2]).contains("Other") && error_of(&found[2]).contains("refused"),
        "{}",
        found[2]
    );
}

// ---- variables

#[test]
fn variables_are_templates_over_the_applications() {
    let host = Host::start(Setup::default());
    let found = run(
        &host,
        json!([{ "variable": "greeting" }, { "variable": "absent" }, { "variable": "Bad" }]),
    );
    assert_eq!(found[0], "hello, given");
    assert!(error_of(&found[1]).contains("Undefined"));
    assert!(error_of(&found[2]).contains("InvalidName"));
}

#[test]
fn a_required_variable_without_a_value_refuses_the_start() {
    let refused = Host::refused(Setup { variables: Vec::new(), ..Setup::default() });
    assert!(refused.contains("name"), "{refused}");
}

// ---- HTTP in

#[test]
fn the_hosts_headers_stand_behind_a_clients() {
    let host = Host::start(Setup::default());
    let headers = host.headers(
        "/items/A-1",
        &[("spin-client-addr", "spoofed"), ("spin-path-match-id", "spoofed")],
    );
    let values = |name: &str| -> Vec<String> {
        let named = headers.iter().filter(|(header, _)| header == name);
        named.map(|(_, value)| value.clone()).collect()
    };
    assert_eq!(values("spin-path-match-id"), ["spoofed", "A-1"]);
    let addresses = values("spin-client-addr");
    assert_eq!(addresses[0], "spoofed");
    assert!(addresses[1].starts_with("127.0.0.1:"));
    assert_eq!(values("spin-matched-route"), ["/items/:id"]);
    assert_eq!(values("spin-full-url"), [format!("{}/items/A-1", host.url())]);
    assert!(values("connection").is_empty(), "Connection is between client and host");
}

#[test]
fn exact_beats_segment_beats_wildcard() {
    let host = Host::start(Setup::default());
    for (path, route) in [
        ("/items", "/items"),
        ("/items/A", "/items/:id"),
        ("/items/A/b", "/items/..."),
        ("/x/y", "/..."),
    ] {
        let headers = host.headers(path, &[]);
        assert!(
            headers.contains(&("spin-matched-route".to_owned(), route.to_owned())),
            "{path}: {headers:?}"
        );
    }
}

#[test]
fn the_host_answers_health_and_nothing_else_by_itself() {
    let host = Host::start(Setup { root: "/only/...", ..Setup::default() });
    let health = host.get("/.well-known/spin/health");
    assert_eq!((health.status, health.body.as_str()), (200, "OK"));
    let nothing = host.get("/nothing");
    assert_eq!((nothing.status, nothing.body.as_str()), (404, ""));
    assert_eq!(host.get("/.well-known/spin/other").status, 404);
}

// RFC 9112 §3.2 asks for 400; what no guest answers is answered.
#[test]
fn a_request_without_a_host_gets_no_answer_of_a_guest() {
    let host = Host::start(Setup { root: "/only/...", ..Setup::default() });
    let answer = |path: &str, host_lines: &str| {
        let head = format!("GET {path} HTTP/1.1\r\n{host_lines}connection: close\r\n\r\n");
        wire::raw(host.address, &head)
    };
    for host_lines in ["", "host: a b\r\n", "host: x.spin.internal\r\n"] {
        assert_eq!(answer("/only/this", host_lines), "", "{host_lines}");
    }
    assert!(answer("/only/this", "host: shop.example\r\n").starts_with("HTTP/1.1 "));
    assert!(answer("/.well-known/spin/health", "").starts_with("HTTP/1.1 200 "));
    assert!(answer("/nothing", "").starts_with("HTTP/1.1 404 "));
}

#[test]
fn a_guest_that_traps_or_says_nothing_is_an_empty_500() {
    let host = Host::start(Setup::default());
    for steps in [json!([{ "trap": 1 }]), json!([{ "return": 1 }])] {
        let reply = host.post("/", &steps);
        assert_eq!((reply.status, reply.body.as_str()), (500, ""), "{steps}");
    }
}

#[test]
fn a_client_that_goes_away_does_not_stop_the_guest() {
    let host = Host::start(Setup::default());
    sql(&host, &["create table t (a)"]);
    let steps =
        json!([{ "open": "default" }, { "sleep_ms": 300 }, { "sql": "insert into t values (1)" }])
            .to_string();
    let mut stream = std::net::TcpStream::connect(host.address).unwrap();
    write!(stream, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{steps}", steps.len())
        .unwrap();
    std::thread::sleep(Duration::from_millis(100));
    drop(stream);
    eventually("the row", || sql(&host, &["select count(*) from t"])[0] == json!([[1]]));
}

#[test]
fn a_guest_goes_on_behind_its_response() {
    let host = Host::start(Setup::default());
    sql(&host, &["create table t (a)"]);
    let begun = Instant::now();
    run(
        &host,
        json!([
            { "open": "default" }, { "respond": 1 }, { "sleep_ms": 500 },
            { "sql": "insert into t values (1)" },
        ]),
    );
    assert!(begun.elapsed() < Duration::from_millis(450), "the response did not wait");
    assert_eq!(sql(&host, &["select count(*) from t"])[0], json!([[0]]));
    eventually("the row", || sql(&host, &["select count(*) from t"])[0] == json!([[1]]));
}

// ---- HTTP out

#[test]
fn a_host_that_is_not_allowed_is_denied() {
    let host = Host::start(Setup::default());
    let found =
        run(&host, json!([{ "send": "http://example.com/" }, { "send": "https://127.0.0.1:1/" }]));
    assert!(error_of(&found[0]).contains("HttpRequestDenied"));
    assert!(error_of(&found[1]).contains("HttpRequestDenied"), "another scheme is another host");
}

#[test]
fn the_application_and_its_components_can_be_called() {
    let host = Host::start(Setup::default());
    let found = run(
        &host,
        json!([
            { "send": "http://self.alt/x" }, { "send": "http://private.spin.internal/x" },
            { "send": "/relative" },
        ]),
    );
    let answered = json!({ "status": 200, "body": "[]" });
    assert_eq!((&found[0], &found[1]), (&answered, &answered));
    assert!(error_of(&found[2]).contains("HttpRequestUriInvalid"), "{}", found[2]);
}

#[test]
fn a_call_to_a_component_that_does_not_exist_traps_the_caller() {
    let host = Host::start(Setup::default());
    assert_eq!(host.post("/", &json!([{ "send": "http://absent.spin.internal/" }])).status, 500);
}

#[test]
fn a_guests_timeout_is_kept_and_a_closed_port_is_refused() {
    let host = Host::start(Setup::default());
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let closed =
        format!("http://{}/", { TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap() });
    let found = run(&host, json!([{ "send": url, "timeout_ms": 200 }, { "send": closed }]));
    assert!(error_of(&found[0]).contains("ConnectionReadTimeout"), "{}", found[0]);
    assert!(error_of(&found[1]).contains("ConnectionRefused"), "{}", found[1]);
}

/// Answers each caller with a head at once, and then with a byte every 50 ms for as long as anybody
/// listens.
fn dripping() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for caller in listener.incoming() {
            let mut caller = caller.unwrap();
            std::thread::spawn(move || {
                // An answer before its question is no HTTP.
                let asked = caller.read(&mut [0; 1024]);
                let mut told = asked.and_then(|_| {
                    caller.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
                });
                while told.is_ok() {
                    std::thread::sleep(Duration::from_millis(50));
                    told = caller.write_all(b"x");
                }
            });
        }
    });
    url
}

#[test]
fn the_limits_of_a_request_out_are_per_phase_and_ours_is_of_the_whole_call() {
    let host = Host::start(Setup::default());
    let url = dripping();
    let begun = Instant::now();
    let found = run(&host, json!([{ "call": url, "timeout_ms": 500 }]));
    let took = begun.elapsed();
    assert!(error_of(&found[0]).contains("Timeout"), "{}", found[0]);
    assert!((Duration::from_millis(500)..Duration::from_secs(5)).contains(&took), "{took:?}");
    // What refuses a connection is told as that, not as an answer that is late.
    let closed =
        format!("http://{}/", { TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap() });
    let found = run(&host, json!([{ "call": closed, "timeout_ms": 500 }]));
    assert!(error_of(&found[0]).contains("NotSent"), "{}", found[0]);
}

// ---- cron

/// A trigger for the probe, which keeps a row per tick and then returns, fails or traps by the
/// second.
fn cron(expression: &str) -> Setup {
    let trigger =
        format!("[[trigger.cron]]\ncomponent = \"probe\"\ncron_expression = \"{expression}\"\n");
    Setup { more: trigger, ..Setup::default() }
}

#[test]
fn every_second_is_a_tick_whatever_became_of_the_last() {
    if on_spin("every_second_is_a_tick_whatever_became_of_the_last") {
        return;
    }
    let host = Host::start(cron("* * * * * *"));
    let ticks = "select count(distinct timestamp) from tick";
    eventually("four ticks", || {
        sql(&host, &[ticks])[0][0][0].as_u64().is_some_and(|ticks| ticks >= 4)
    });
    assert!(host.log().contains("asked to fail"), "{}", host.log());
    assert!(host.log().contains("trapped"), "{}", host.log());
}

#[test]
fn five_fields_refuse_the_start() {
    if on_spin("five_fields_refuse_the_start") {
        return;
    }
    assert!(Host::refused(cron("* * * * *")).contains("six fields"));
}

// ---- start, stop, instruments

#[test]
fn told_to_stop_it_stops_with_success() {
    let mut host = Host::start(Setup::default());
    assert_eq!(host.stop(), Some(0));
}

#[test]
fn what_guests_print_is_in_their_log() {
    let host = Host::start(Setup::default());
    run(&host, json!([{ "print": "a line" }]));
    eventually("the line", || host.file("state/logs/probe_stdout.txt").contains("a line\n"));
}

#[test]
fn host_calls_are_counted_on_the_response_and_listed_in_the_log() {
    if on_spin("host_calls_are_counted_on_the_response_and_listed_in_the_log") {
        return;
    }
    let host = Host::start(Setup::default());
    let steps = json!([
        { "open": "default" }, { "sql": "pragma foreign_keys" }, { "sql": "create table t (a)" },
        { "sql": "create temp view v as select 1" }, { "kv_open": "default" },
        { "kv_set": "a", "with": "b" },
        { "send": "http://self.alt/self" }, { "respond": 1 }, { "kv_get": "a" },
    ]);
    let reply = host.request("POST", "/", &[("till-count", "1")], &steps.to_string());
    assert_eq!(reply.header("till-host-calls"), Some("statements=1 setup=2 kv=1 outbound=1"));
    assert_eq!(host.post("/", &json!([])).header("till-host-calls"), None);
    let listed = || {
        let log = host.log();
        let line = log.lines().find(|line| line.contains("create table t"))?;
        serde_json::from_str::<Value>(line).ok()
    };
    eventually("the line", || listed().is_some());
    let line = listed().unwrap();
    assert_eq!(line["counts"]["kv"], 2, "the call behind the response is listed too");
    assert_eq!(line["calls"][0]["label"], "default: pragma foreign_keys");
    assert_eq!(line["calls"][4]["label"], "GET self.alt/self");
    assert_eq!(line["calls"][5]["kind"], "response_set");
}
