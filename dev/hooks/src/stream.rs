//! A reader of the event sink's Redis stream, as a consumer would be one.

use edge::{Problem, Reply, Request};
use ports::{Ports, Redis as _};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What an entry has: its id, and seven fields with their values.
const PARTS: usize = 1 + 2 * 7;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    subject: Option<String>,
    /// Only entries after this one.
    after: Option<String>,
}

/// Every entry, every one about a subject, or every one after another, in the order of the stream.
pub async fn arrivals(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let Filter { subject, after } = request.query()?;
    let from = after.map_or_else(|| "-".to_owned(), |entry| format!("({entry}"));
    let variable =
        |name: &str| ports.config.get(name).map_err(|error| Problem::internal(error.to_string()));
    let (url, key) = (variable("event_sink_url")?, variable("event_sink_stream")?);
    let parts = spin_shell::Redis::beside(ports.sql)
        .execute(&url, "XRANGE", &[key.as_bytes(), from.as_bytes(), b"+"])
        .map_err(|error| Problem::internal(format!("test hook: {error}")))?;
    let is_wanted = |entry: &Value| {
        subject.is_none()
            || entry.pointer("/fields/subject").and_then(Value::as_str) == subject.as_deref()
    };
    let arrivals: Vec<Value> = parts.chunks(PARTS).map(entry).filter(is_wanted).collect();
    Ok(Reply::json(200, &json!({ "arrivals": arrivals })))
}

fn entry(parts: &[Vec<u8>]) -> Value {
    let mut texts = parts.iter().map(|part| String::from_utf8_lossy(part).into_owned());
    let id = texts.next();
    let mut fields = Map::new();
    while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
        fields.insert(name, Value::String(value));
    }
    let body = fields.get("event").and_then(Value::as_str).unwrap_or_default();
    json!({
        "entry_id": id, "event": serde_json::from_str::<Value>(body).unwrap_or_default(),
        "fields": fields,
    })
}
