//! A guest that does what it is told: the request's body is a JSON list of steps, the response a
//! JSON list of what each step gave. `dev/host/tests/quirks.rs` tells it to do the things in which
//! hosts differ.
//!
//! Steps: `open`, `sql` (with `on` and `with`), `changes`, `pg_open`, `pg` (with `on` and `with`),
//! `pg_run`, `redis_open`, `redis` (command and arguments, with `on`), `kv_open`, `kv_get`,
//! `kv_set`, `kv_delete`, `kv_exists`, `kv_keys`, `variable`, `headers`, `send` (with
//! `timeout_ms`), `call` (the same by `spin_shell`), `sleep_ms`, `print`, `respond`, `trap`,
//! `return`.

#![expect(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a guest that is told to do wrong; no shop has it"
)]

use std::io::{Read, Write};
use std::time::Duration;

use serde_json::{Value, json};
use spin_sdk::key_value::Store;
use spin_sdk::pg4;
use spin_sdk::redis::{Connection as Redis, RedisParameter, RedisResult};
use spin_sdk::sqlite3::{Connection, Value as SqlValue};
use wasi::exports::http::incoming_handler::Guest;
use wasi::http::outgoing_handler;
use wasi::http::types::{
    Fields, IncomingBody, IncomingRequest, OutgoingBody, OutgoingRequest, OutgoingResponse,
    RequestOptions, ResponseOutparam, Scheme,
};

#[expect(unsafe_code, reason = "the macro writes it")]
mod cron {
    wit_bindgen::generate!({ path: "../../wit/spin-cron.wit", world: "spin-cron" });
    #[cfg(target_arch = "wasm32")]
    export!(Tick);

    /// Keeps a row per tick; a row in `tick_order` says how the next one has to end.
    pub struct Tick;

    impl Guest for Tick {
        fn handle_cron_event(metadata: Metadata) -> Result<(), Error> {
            super::tick(metadata.timestamp).map_err(Error::Other)
        }
    }
}

fn tick(timestamp: u64) -> Result<(), String> {
    let text = |error: spin_sdk::sqlite3::Error| error.to_string();
    let database = Connection::open_default().map_err(text)?;
    database.execute("create table if not exists tick (timestamp integer)", &[]).map_err(text)?;
    database
        .execute("insert into tick values (?)", &[SqlValue::Integer(timestamp as i64)])
        .map_err(text)?;
    match timestamp % 3 {
        0 => Ok(()),
        1 => Err("asked to fail".to_owned()),
        _ => panic!("asked to trap"),
    }
}

struct Probe;

#[cfg(target_arch = "wasm32")]
wasi::http::proxy::export!(Probe);

impl Guest for Probe {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let headers = request.headers().entries();
        let steps =
            match request.consume().and_then(|body| body.stream().map(|stream| (body, stream))) {
                Ok((_body, mut stream)) => {
                    let mut text = String::new();
                    stream.read_to_string(&mut text).expect("a body in UTF-8");
                    text
                }
                Err(()) => String::new(),
            };
        let steps: Vec<Value> = if steps.is_empty() {
            Vec::new()
        } else {
            serde_json::from_str(&steps).expect("steps")
        };
        let mut run = Run {
            out: Some(out),
            headers,
            results: Vec::new(),
            databases: Vec::new(),
            servers: Vec::new(),
            redis: Vec::new(),
            stores: Vec::new(),
        };
        for step in &steps {
            if step.get("return").is_some() {
                return;
            }
            let result = run.step(step);
            run.results.push(result);
        }
        run.respond();
    }
}

struct Run {
    out: Option<ResponseOutparam>,
    headers: Vec<(String, Vec<u8>)>,
    results: Vec<Value>,
    databases: Vec<Connection>,
    servers: Vec<pg4::Connection>,
    redis: Vec<Redis>,
    stores: Vec<Store>,
}

impl Run {
    fn step(&mut self, step: &Value) -> Value {
        let (name, argument) = step
            .as_object()
            .and_then(|step| {
                step.iter().find(|(name, _)| !matches!(name.as_str(), "on" | "with" | "timeout_ms"))
            })
            .expect("a step has a name");
        let text = argument.as_str().unwrap_or_default();
        let on = step.get("on").and_then(Value::as_u64).unwrap_or(0) as usize;
        match name.as_str() {
            "open" => match Connection::open(text) {
                Ok(connection) => {
                    self.databases.push(connection);
                    json!("ok")
                }
                Err(error) => failed(error),
            },
            "sql" => match self.databases[on].execute(text, &parameters(step.get("with"))) {
                Ok(result) => result
                    .rows
                    .iter()
                    .map(|row| row.values.iter().map(to_json).collect::<Value>())
                    .collect(),
                Err(error) => failed(error),
            },
            "changes" => json!(self.databases[on].changes()),
            "pg_open" => match pg4::Connection::open(text) {
                Ok(connection) => {
                    self.servers.push(connection);
                    json!("ok")
                }
                Err(error) => failed(error),
            },
            "redis_open" => match Redis::open(text) {
                Ok(connection) => {
                    self.redis.push(connection);
                    json!("ok")
                }
                Err(error) => failed(error),
            },
            "pg" => {
                let one = |value: &Value| {
                    value.as_str().map_or(pg4::ParameterValue::DbNull, |text| {
                        pg4::ParameterValue::Str(text.to_owned())
                    })
                };
                let with: Vec<_> = step
                    .get("with")
                    .and_then(Value::as_array)
                    .map(|with| with.iter().map(one).collect())
                    .unwrap_or_default();
                match self.servers[on].query(text, &with) {
                    Ok(found) => found
                        .rows
                        .iter()
                        .map(|row| {
                            row.iter().map(|value| json!(format!("{value:?}"))).collect::<Value>()
                        })
                        .collect(),
                    Err(error) => failed(error),
                }
            }
            "pg_run" => match self.servers[on].execute(text, &[]) {
                Ok(rows) => json!(rows),
                Err(error) => failed(error),
            },
            "redis" => {
                let words = argument.as_array().expect("a list of words");
                let parameter = |word: &Value| match word.as_i64() {
                    Some(number) => RedisParameter::Int64(number),
                    None => RedisParameter::Binary(
                        word.as_str().unwrap_or_default().as_bytes().to_vec(),
                    ),
                };
                let with: Vec<RedisParameter> = words[1..].iter().map(parameter).collect();
                let answered = |result: &RedisResult| match result {
                    RedisResult::Nil => Value::Null,
                    RedisResult::Status(text) => json!(text),
                    RedisResult::Int64(number) => json!(number),
                    RedisResult::Binary(bytes) => json!(String::from_utf8_lossy(bytes)),
                };
                match self.redis[on].execute(words[0].as_str().unwrap_or_default(), &with) {
                    Ok(results) => results.iter().map(answered).collect(),
                    Err(error) => failed(error),
                }
            }
            "kv_open" => match Store::open(text) {
                Ok(store) => {
                    self.stores.push(store);
                    json!("ok")
                }
                Err(error) => failed(error),
            },
            "kv_get" => match self.stores[on].get(text) {
                Ok(value) => json!(value.map(|value| String::from_utf8_lossy(&value).into_owned())),
                Err(error) => failed(error),
            },
            "kv_set" => {
                let value = step.get("with").and_then(Value::as_str).unwrap_or_default();
                self.stores[on].set(text, value.as_bytes()).map_or_else(failed, |()| json!("ok"))
            }
            "kv_delete" => self.stores[on].delete(text).map_or_else(failed, |()| json!("ok")),
            "kv_exists" => self.stores[on].exists(text).map_or_else(failed, |exists| json!(exists)),
            "kv_keys" => self.stores[on].get_keys().map_or_else(failed, |keys| json!(keys)),
            "variable" => spin_sdk::variables::get(text).map_or_else(failed, |value| json!(value)),
            "headers" => {
                let entry = |(name, value): &(String, Vec<u8>)| {
                    json!([name, String::from_utf8_lossy(value)])
                };
                self.headers.iter().map(entry).collect()
            }
            "send" => send(text, step.get("timeout_ms").and_then(Value::as_u64)),
            "call" => call(text, step.get("timeout_ms").and_then(Value::as_u64).unwrap_or(1_000)),
            "sleep_ms" => {
                std::thread::sleep(Duration::from_millis(argument.as_u64().unwrap_or(0)));
                json!("ok")
            }
            "print" => {
                println!("{text}");
                json!("ok")
            }
            "respond" => {
                self.respond();
                json!("ok")
            }
            "trap" => panic!("asked to trap"),
            _ => json!({ "error": format!("no step {name:?}") }),
        }
    }

    /// The body first, then the head: what this project's components do.
    fn respond(&mut self) {
        let Some(out) = self.out.take() else {
            return;
        };
        let headers =
            Fields::from_list(&[("content-type".to_owned(), b"application/json".to_vec())]);
        let response = OutgoingResponse::new(headers.expect("headers"));
        let body = response.body().expect("a body");
        {
            let stream = body.write().expect("a stream");
            stream
                .write(Value::from(self.results.clone()).to_string().as_bytes())
                .expect("room for the body");
        }
        OutgoingBody::finish(body, None).expect("a finished body");
        ResponseOutparam::set(out, Ok(response));
    }
}

fn failed(error: impl std::fmt::Debug) -> Value {
    json!({ "error": format!("{error:?}") })
}

fn parameters(with: Option<&Value>) -> Vec<SqlValue> {
    let one = |value: &Value| match value {
        Value::Number(number) => number.as_i64().map_or(SqlValue::Null, SqlValue::Integer),
        Value::String(text) => SqlValue::Text(text.clone()),
        _ => SqlValue::Null,
    };
    with.and_then(Value::as_array)
        .map(|values| values.iter().map(one).collect())
        .unwrap_or_default()
}

fn to_json(value: &SqlValue) -> Value {
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Integer(integer) => json!(integer),
        SqlValue::Real(real) => json!(real),
        SqlValue::Text(text) => json!(text),
        SqlValue::Blob(blob) => json!(blob),
    }
}

/// A GET; a target without a scheme is sent without an authority too.
/// A request as this project's components make it.
fn call(url: &str, timeout_ms: u64) -> Value {
    let request = ports::HttpRequest {
        method: "GET",
        url: url.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        timeout_ms,
    };
    match spin_executor::run(spin_shell::send(request)) {
        Ok(response) => {
            json!({ "status": response.status, "body": String::from_utf8_lossy(&response.body) })
        }
        Err(error) => json!({ "error": format!("{error:?}") }),
    }
}

fn send(target: &str, timeout_ms: Option<u64>) -> Value {
    let request = OutgoingRequest::new(Fields::new());
    let path = match target.split_once("://") {
        Some((scheme, rest)) => {
            let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
            request.set_scheme(Some(&scheme)).expect("a scheme");
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            request.set_authority(Some(authority)).expect("an authority");
            path
        }
        None => target,
    };
    request.set_path_with_query(Some(if path.is_empty() { "/" } else { path })).expect("a path");
    let options = timeout_ms.map(|timeout_ms| {
        let options = RequestOptions::new();
        options.set_first_byte_timeout(Some(timeout_ms * 1_000_000)).expect("a timeout");
        options
    });
    let pending = match outgoing_handler::handle(request, options) {
        Ok(pending) => pending,
        Err(code) => return failed(code),
    };
    pending.subscribe().block();
    let response = match pending.get() {
        Some(Ok(Ok(response))) => response,
        Some(Ok(Err(code))) => return failed(code),
        Some(Err(())) | None => return json!({ "error": "no answer" }),
    };
    let mut text = String::new();
    let body = response.consume().expect("a body");
    {
        let mut stream = body.stream().expect("a stream");
        stream.read_to_string(&mut text).expect("a body in UTF-8");
    }
    drop(IncomingBody::finish(body));
    std::io::stdout().flush().expect("stdout");
    json!({ "status": response.status(), "body": text })
}
