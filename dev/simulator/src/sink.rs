//! The receiving end of the shop's events: checks the signature, writes every arrival down.
//!
//! Delivery is at least once, so one event may arrive twice; each arrival is a row, and the test
//! sees both.

use edge::{Code, Problem, Reply, Request};
use ports::Ports;
use providers::signature;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    faults::{Fault, Operation, Subject, pick},
    ledger::{Books, decode_all},
};

/// How far `webhook-timestamp` may be from now, as Standard Webhooks recommends.
const TOLERANCE_S: u64 = 300;

/// `POST /sink`: 204 for a well-signed CloudEvent.
///
/// # Errors
/// 401 for a wrong signature, 400 for what is no CloudEvent; a failing database.
pub async fn receive(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let webhook_id = verified(ports, request)?;
    let event: Value =
        serde_json::from_slice(request.body()).map_err(|_| Problem::new(Code::MalformedJson))?;
    let attribute = |name: &str| event.get(name).and_then(Value::as_str);
    if attribute("specversion") != Some("1.0") || attribute("id") != Some(webhook_id) {
        return Err(Problem::invalid_field(
            "body",
            "must be a CloudEvent 1.0 whose id is the webhook-id",
        ));
    }
    let books = Books::open(ports)?;
    let subject = Subject {
        subject: attribute("subject"),
        event_type: attribute("type"),
        ..Subject::default()
    };
    let fault = pick(&books, Operation::Sink, subject, webhook_id)?;
    match &fault {
        Some(Fault::Status(status)) => return Ok(Reply::empty(*status)),
        Some(Fault::Slow(ms)) => crate::api::wait(*ms),
        Some(_) | None => {}
    }
    books.query(
        "insert into arrival (subject, type, arrival)
         values (?1 ->> '$.event.subject', ?1 ->> '$.event.type', ?1)",
        &arrival(ports, request, &event),
    )?;
    let lost = fault == Some(Fault::LostAnswer);
    Ok(Reply::empty(if lost { 500 } else { 204 }))
}

/// An event as it came, for a verifier that shares no code with the sender.
fn arrival(ports: &Ports<'_>, request: &Request, event: &Value) -> Value {
    json!({
        "received_at_ms": ports.clock.wall_ms(), "event": event,
        "webhook_id": request.header("webhook-id"),
        "webhook_timestamp": request.header("webhook-timestamp"),
        "webhook_signature": request.header("webhook-signature"),
        "content_type": request.header("content-type"),
        "body": std::str::from_utf8(request.body()).unwrap_or_default(),
    })
}

/// `POST /sink/<receiver>`: 204 for whatever comes, as it came: who has the receiver's secret looks
/// at its signature.
///
/// # Errors
/// A failing database.
pub async fn receive_at(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let event: Value =
        serde_json::from_slice(request.body()).map_err(|_| Problem::new(Code::MalformedJson))?;
    let receiver = request.param("receiver");
    let books = Books::open(ports)?;
    let subject = Subject {
        subject: Some(receiver),
        event_type: event.get("type").and_then(Value::as_str),
        ..Subject::default()
    };
    let fault = pick(&books, Operation::Receiver, subject, receiver)?;
    match &fault {
        Some(Fault::Status(status)) => return Ok(Reply::empty(*status)),
        Some(Fault::Slow(ms)) => crate::api::wait(*ms),
        Some(_) | None => {}
    }
    books.query(
        "insert into receiver_arrival (receiver, arrival) values (?1 ->> '$.receiver', ?1 -> '$.arrival')",
        &json!({ "receiver": receiver, "arrival": arrival(ports, request, &event) }),
    )?;
    Ok(Reply::empty(204))
}

/// `GET /sink/<receiver>?since=`: what came there, in its order, at most 1,000.
///
/// # Errors
/// Unknown query parameters, or a failing database.
pub async fn list_at(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let filter: Filter = request.query()?;
    let rows = Books::open(ports)?.query(
        "select json_set(arrival, '$.position', position) from receiver_arrival
         where receiver = ?1 ->> '$.receiver' and position > coalesce(?1 ->> '$.since', 0)
         order by position limit 1000",
        &json!({ "receiver": request.param("receiver"), "since": filter.since }),
    )?;
    Ok(Reply::json(200, &json!({"arrivals": decode_all(&rows)?})))
}

fn verified<'r>(ports: &Ports<'_>, request: &'r Request) -> Result<&'r str, Problem> {
    let refused = || {
        Problem::new(Code::CredentialInvalid).detail("the webhook signature is missing or wrong")
    };
    let secrets = config::EVENT_SINK_SECRET.read(ports.config)?;
    let webhook_id = request.header("webhook-id").ok_or_else(refused)?;
    let timestamp_s: i64 = request
        .header("webhook-timestamp")
        .and_then(|text| text.parse().ok())
        .ok_or_else(refused)?;
    let header = request.header("webhook-signature").ok_or_else(refused)?;
    let now_s = ports.clock.wall_ms().div_euclid(1_000);
    let genuine = signature::verify_standard_webhooks(
        &secrets,
        webhook_id,
        timestamp_s,
        request.body(),
        header,
    )
    .map_err(|e| Problem::internal(format!("event_sink_secret: {e}")))?;
    if genuine && now_s.abs_diff(timestamp_s) <= TOLERANCE_S {
        Ok(webhook_id)
    } else {
        Err(refused())
    }
}

/// Which arrivals to list; all conditions given must hold.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    subject: Option<String>,
    #[serde(rename = "type")]
    event_type: Option<String>,
    /// Only those after this position.
    since: Option<i64>,
}

/// `GET /sink?subject=&type=&since=`: arrivals in their order, at most 1,000.
///
/// # Errors
/// Unknown query parameters, or a failing database.
pub async fn list(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let filter: Filter = request.query()?;
    let rows = Books::open(ports)?.query(
        "select json_set(arrival, '$.position', position) from arrival
         where (?1 ->> '$.subject' is null or subject = ?1 ->> '$.subject')
           and (?1 ->> '$.type' is null or type = ?1 ->> '$.type')
           and position > coalesce(?1 ->> '$.since', 0)
         order by position limit 1000",
        &json!(filter),
    )?;
    Ok(Reply::json(200, &json!({"arrivals": decode_all(&rows)?})))
}
