//! What till adds to Spin: things going wrong on demand. Each fault does what it says, and a plan
//! that does not fit is an error.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use cluster::RedisServer;
use serde_json::{Value, json};

use crate::host::{Host, Setup, on_spin};
use crate::wire::Reply;
use crate::{error_of, eventually, run, sql};

/// A host that hears of faults; `None` on Spin.
fn host(test: &str) -> Option<Host> {
    let more =
        "[[trigger.cron]]\ncomponent = \"probe\"\ncron_expression = \"0 0 0 1 1 *\"\n".to_owned();
    (!on_spin(test)).then(|| Host::start(Setup { faults: true, more, ..Setup::default() }))
}

/// The same, without a cron trigger, so that it may reach other hosts.
fn reaching_host(test: &str) -> Option<Host> {
    (!on_spin(test)).then(|| Host::start(Setup { faults: true, ..Setup::default() }))
}

fn struck(host: &Host, plan: &Value, steps: &Value) -> Reply {
    host.request("POST", "/", &[("till-fault", &plan.to_string())], &steps.to_string())
}

fn found(host: &Host, plan: &Value, steps: &Value) -> Value {
    let reply = struck(host, plan, steps);
    assert_eq!(reply.status, 200, "{plan} {steps} {reply:?}");
    reply.json()
}

fn count(host: &Host) -> Value {
    sql(host, &["select count(*) from t"])[0][0][0].clone()
}

#[test]
fn a_guest_stops_before_or_after_a_call_and_sqlite_says_what_spin_would() {
    let Some(host) = host("a_guest_stops_before_or_after_a_call_and_sqlite_says_what_spin_would")
    else {
        return;
    };
    sql(&host, &["create table t (a)"]);
    let steps = json!([
        { "open": "default" }, { "sql": "pragma foreign_keys" },
        { "sql": "insert into t values (1)" },
    ]);
    let at = |fault: Value| json!({ "call": 2, "fault": fault });
    let stopped = struck(&host, &at(json!("stop_before")), &steps);
    assert_eq!((stopped.status, stopped.body.as_str(), count(&host)), (500, "", json!(0)));
    assert_eq!(
        (struck(&host, &at(json!("stop_after")), &steps).status, count(&host)),
        (500, json!(1))
    );
    let lost = found(&host, &at(json!("lose_answer")), &steps);
    assert!(error_of(&lost[2]).contains("disk I/O error"), "{lost}");
    assert_eq!(count(&host), 2, "the effect came about");
    for (failure, text) in [("busy", "database is locked"), ("connection_lost", "disk I/O error")] {
        let failed = found(&host, &at(json!({ "fail": failure })), &steps);
        assert!(error_of(&failed[2]).contains(text), "{failed}");
    }
    assert_eq!(count(&host), 2, "the effect did not come about");
    let begun = Instant::now();
    found(&host, &at(json!({ "delay_ms": 300 })), &steps);
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert_eq!(count(&host), 3);
}

#[test]
fn a_call_is_found_by_kind_and_label_and_several_plans_go_together() {
    let Some(host) = host("a_call_is_found_by_kind_and_label_and_several_plans_go_together") else {
        return;
    };
    let steps = json!([
        { "kv_open": "default" }, { "kv_set": "a", "with": "1" }, { "kv_set": "b", "with": "2" },
        { "kv_get": "a" }, { "kv_get": "b" },
    ]);
    let plans = json!([
        { "kind": "kv_set", "label": ": b", "fault": "lose_answer" },
        { "call": 1, "kind": "kv_get", "fault": { "fail": "busy" } },
    ]);
    let answered = found(&host, &plans, &steps);
    assert!(error_of(&answered[2]).contains("broken pipe"), "{answered}");
    assert!(error_of(&answered[3]).contains("database is locked"), "{answered}");
    assert_eq!(answered[4], "2", "the value whose writing seemed to fail is there");
}

#[test]
fn postgresql_loses_its_connection_for_good() {
    let Some(host) = reaching_host("postgresql_loses_its_connection_for_good") else { return };
    let Some(cluster) = cluster::Cluster::start().unwrap() else { return };
    let url = cluster.url("postgres");
    run(&host, json!([{ "pg_open": url }, { "pg_run": "create table t (a int)" }]));
    let insert = "insert into t values (1) returning a";
    let steps = json!([{ "pg_open": url }, { "pg": insert }, { "pg": insert }]);
    let rows = || {
        run(&host, json!([{ "pg_open": url }, { "pg": "select count(*) from t" }]))[1][0][0].clone()
    };
    let at = |fault: Value| json!({ "call": 1, "fault": fault });
    let lost = found(&host, &at(json!("lose_answer")), &steps);
    assert!(error_of(&lost[1]).contains("kind: Closed"), "{lost}");
    assert!(
        error_of(&lost[2]).contains("kind: Closed"),
        "the connection is gone, and not only the answer: {lost}"
    );
    assert_eq!(rows(), "DbValue::Int64(1)", "the effect came about");
    let dropped = found(&host, &at(json!({ "fail": "connection_lost" })), &steps);
    assert!(
        error_of(&dropped[1]).contains("kind: Closed")
            && error_of(&dropped[2]).contains("kind: Closed"),
        "{dropped}"
    );
    let busy = found(&host, &at(json!({ "fail": "busy" })), &steps);
    assert!(error_of(&busy[1]).contains("55P03"), "{busy}");
    assert_eq!(rows(), "DbValue::Int64(2)", "what came after the lock was there to be had");
    let run_now = json!([{ "pg_open": url }, { "pg_run": "delete from t" }]);
    let timed_out = found(&host, &at(json!({ "fail": "timeout" })), &run_now);
    assert!(error_of(&timed_out[1]).contains("57014"), "{timed_out}");
}

#[test]
fn postgresql_says_the_same_of_a_connection_that_somebody_else_has_ended() {
    let Some(host) =
        reaching_host("postgresql_says_the_same_of_a_connection_that_somebody_else_has_ended")
    else {
        return;
    };
    let Some(cluster) = cluster::Cluster::start().unwrap() else { return };
    let url = cluster.url("postgres");
    let end = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'";
    let steps = json!([
        { "pg_open": url }, { "pg": "select 1" }, { "pg_open": url }, { "pg": end, "on": 1 },
        { "sleep_ms": 200 }, { "pg": "select 1" }, { "pg": "select 1" },
    ]);
    let really = run(&host, steps);
    let planned = found(
        &host,
        &json!({ "call": 2, "fault": { "fail": "connection_lost" } }),
        &json!([{ "pg_open": url }, { "pg": "select 1" }, { "pg": "select 1" }, { "pg": "select 1" }]),
    );
    assert_eq!(
        (error_of(&really[5]), error_of(&really[6])),
        (error_of(&planned[2]), error_of(&planned[3]))
    );
}

#[test]
fn an_outbound_request_is_not_sent_or_sent_and_not_answered() {
    let Some(host) = reaching_host("an_outbound_request_is_not_sent_or_sent_and_not_answered")
    else {
        return;
    };
    let steps = json!([{ "send": "http://self.alt/items" }]);
    let arrived = || host.log().lines().filter(|line| line.contains(r#""path":"/items""#)).count();
    for (failure, code) in [
        ("connection_refused", "ConnectionRefused"),
        ("timeout", "ConnectionReadTimeout"),
        ("connection_lost", "HttpProtocolError"),
    ] {
        let failed =
            found(&host, &json!({ "kind": "outbound", "fault": { "fail": failure } }), &steps);
        assert!(error_of(&failed[0]).contains(code), "{failed}");
    }
    assert_eq!(
        struck(&host, &json!({ "kind": "outbound", "fault": "stop_before" }), &steps).status,
        500
    );
    assert_eq!(arrived(), 0, "nothing was sent");
    let lost = found(&host, &json!({ "kind": "outbound", "fault": "lose_answer" }), &steps);
    assert!(error_of(&lost[0]).contains("HttpProtocolError"), "{lost}");
    eventually("the request", || arrived() == 1);
    assert_eq!(
        struck(&host, &json!({ "kind": "outbound", "fault": "stop_after" }), &steps).status,
        500
    );
    eventually("the other one", || arrived() == 2);
}

#[test]
fn a_command_to_a_redis_is_lost() {
    let Some(host) = reaching_host("a_command_to_a_redis_is_lost") else { return };
    let Some(redis) = RedisServer::start().unwrap() else { return };
    let steps = json!([
        { "redis_open": redis.url(0) }, { "redis": ["INCR", "a"] }, { "redis": ["INCR", "a"] },
    ]);
    let lost =
        found(&host, &json!({ "call": 1, "label": "redis INCR", "fault": "lose_answer" }), &steps);
    assert!(error_of(&lost[1]).contains("broken pipe"), "{lost}");
    assert!(lost[2].to_string().contains('2'), "the first one came about: {lost}");
}

#[test]
fn a_reply_that_is_lost_closes_the_clients_connection_and_the_guest_goes_on() {
    let Some(host) =
        host("a_reply_that_is_lost_closes_the_clients_connection_and_the_guest_goes_on")
    else {
        return;
    };
    sql(&host, &["create table t (a)"]);
    let steps =
        json!([{ "open": "default" }, { "respond": 1 }, { "sql": "insert into t values (1)" }])
            .to_string();
    let length = steps.len();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: x\r\ntill-fault: {{\"kind\":\"response_set\",\"fault\":\"lose_answer\"}}\r\ncontent-length: {length}\r\n\r\n{steps}"
    );
    assert_eq!(crate::wire::raw(host.address, &request), "");
    eventually("the row", || count(&host) == 1);
}

#[test]
fn the_host_dies_on_the_spot() {
    for (fault, rows) in [("kill_host_before", 0), ("kill_host_after", 1)] {
        let Some(mut host) = host("the_host_dies_on_the_spot") else { return };
        sql(&host, &["pragma journal_mode = wal", "create table t (a)"]);
        let steps =
            json!([{ "open": "default" }, { "sql": "insert into t values (1)" }]).to_string();
        let mut stream = TcpStream::connect(host.address).unwrap();
        let head = format!(
            "POST / HTTP/1.1\r\nhost: x\r\ntill-fault: {{\"call\":1,\"fault\":\"{fault}\"}}\r\ncontent-length: {}",
            steps.len()
        );
        write!(stream, "{head}\r\n\r\n{steps}").unwrap();
        eventually("the end", || host.has_ended());
        assert_eq!(host.stop(), None, "by no exit of its own");
        let again = Host::start(Setup { folder: host.take_folder(), ..Setup::default() });
        assert_eq!(count(&again), rows, "{fault}");
    }
}

#[test]
fn what_cannot_be_carried_out_is_an_error() {
    let Some(host) = host("what_cannot_be_carried_out_is_an_error") else { return };
    let steps = json!([
        { "open": "default" }, { "sql": "select 1" }, { "kv_open": "default" }, { "kv_get": "a" },
    ]);
    for plan in [
        "",
        "stop",
        "{}",
        r#"{"call":0,"fault":"stop_before"}"#,
        r#"{"fault":"stop_before","more":1}"#,
        r#"{"fault":{"fail":"so"}}"#,
    ] {
        let refused = host.request("POST", "/", &[("till-fault", plan)], &steps.to_string());
        assert_eq!(refused.status, 400, "{plan}: {refused:?}");
    }
    assert_eq!(host.request("POST", "/", &[("till-stop", "during 3")], "[]").status, 400);
    for unknown in [
        json!({ "call": 1, "fault": { "fail": "timeout" } }),
        json!({ "kind": "kv_get", "fault": { "fail": "connection_refused" } }),
    ] {
        let refused = struck(&host, &unknown, &steps);
        assert!(
            refused.status == 400 && refused.body.contains("knows no such fault"),
            "{unknown}: {refused:?}"
        );
    }
    let deaf = Host::start(Setup::default());
    assert_eq!(deaf.request("POST", "/", &[("till-stop", "before 1")], "[]").status, 400);
    assert_eq!(
        deaf.request("POST", "/", &[("till-fault", r#"{"fault":"stop_before"}"#)], "[]").status,
        400
    );
    assert_eq!(deaf.request("POST", "/", &[("till-run", "one")], "[]").status, 400);
    for (body, why) in [
        (
            json!({ "component": "absent", "times": 1, "plan": { "fault": "stop_before" } }),
            "no component",
        ),
        (
            json!({ "component": "probe", "times": 0, "plan": { "fault": "stop_before" } }),
            "0 times",
        ),
        (
            json!({
                "component": "probe", "times": 1, "plan": { "call": 0, "fault": "stop_before" },
            }),
            "from 1",
        ),
        (
            json!({ "component": "probe", "times": 1, "plan": { "fault": "stop" } }),
            "unknown variant",
        ),
    ] {
        let refused = host.control("POST", "/faults", &body);
        assert!(refused.status == 400 && refused.body.contains(why), "{body}: {refused:?}");
    }
    assert_eq!(
        host.control("POST", "/cron", &json!({ "component": "private", "runs": 1 })).status,
        400
    );
    assert_eq!(host.control("DELETE", "/faults/9", &json!({})).status, 404);
    assert_eq!(host.control("GET", "/runs/never", &json!({})).status, 404);
}

#[test]
fn the_control_port_breaks_components_and_tells_of_runs() {
    let Some(host) = host("the_control_port_breaks_components_and_tells_of_runs") else { return };
    let listed = host.control("GET", "/components", &json!({})).json();
    assert_eq!(
        listed["components"],
        json!([
            { "id": "private", "http": true, "cron": false },
            { "id": "probe", "http": true, "cron": true },
        ])
    );
    let plan = json!({
        "component": "probe", "times": 2,
        "plan": { "kind": "statement", "fault": { "fail": "busy" } },
    });
    let id = host.control("POST", "/faults", &plan).json()["id"].clone();
    let steps = json!([
        { "open": "default" }, { "sql": "select 1" }, { "sql": "select 2" }, { "sql": "select 3" },
    ]);
    let broken = host.request("POST", "/", &[("till-run", "first")], &steps.to_string()).json();
    assert!(
        error_of(&broken[1]).contains("locked") && error_of(&broken[2]).contains("locked"),
        "{broken}"
    );
    assert_eq!(broken[3], json!([[3]]), "two strikes are two");
    let faults = host.control("GET", "/faults", &json!({})).json();
    assert_eq!(
        (&faults["faults"][0]["struck"], &faults["faults"][0]["left"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(host.control("DELETE", &format!("/faults/{id}"), &json!({})).status, 200);
    eventually("the run", || host.control("GET", "/runs/first", &json!({})).status == 200);
    let told = host.control("GET", "/runs/first", &json!({})).json();
    assert_eq!(told["calls"][1]["fault"], json!({ "fail": "busy" }), "{told}");
    assert_eq!(host.request("POST", "/", &[("till-run", "one")], &steps.to_string()).status, 200);
    eventually("the other run", || host.control("GET", "/runs/one", &json!({})).status == 200);
    let told = host.control("GET", "/runs/one", &json!({})).json();
    assert_eq!(
        (&told["counts"]["statements"], told["calls"].as_array().unwrap().len()),
        (&json!(3), 4)
    );
    assert_eq!(told, host.control("GET", "/components/probe/last-run", &json!({})).json());
}

#[test]
fn ticks_of_cron_overlap() {
    let Some(host) = host("ticks_of_cron_overlap") else { return };
    sql(&host, &["create table if not exists tick (timestamp integer)"]);
    let slow = json!({
        "component": "probe", "times": 5, "plan": { "call": 1, "fault": { "delay_ms": 400 } },
    });
    assert_eq!(host.control("POST", "/faults", &slow).status, 201);
    let begun = Instant::now();
    let ticks = host.control("POST", "/cron", &json!({ "component": "probe", "runs": 5 })).json();
    assert_eq!(ticks["runs"].as_array().unwrap().len(), 5);
    assert!(
        begun.elapsed() < Duration::from_millis(1_900),
        "at the same time, and not one after the other"
    );
    assert_eq!(sql(&host, &["select count(*) from tick"])[0], json!([[5]]));
}
