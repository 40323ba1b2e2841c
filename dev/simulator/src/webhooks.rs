//! Webhooks as Stripe sends them: signed, without any promise about order or number.
//!
//! They go out before the answer to the call that caused them, which Stripe does not rule out
//! either and which is the harder case for a receiver: it hears of a payment it has no answer about
//! yet.

use edge::{Problem, log};
use ports::{HttpRequest, Ports};
use providers::signature;
use serde_json::{Value, json};

use crate::{faults::Fault, ledger::Books};

const TIMEOUT_MS: u64 = 3_000;

/// Tells the shop that `object` changed, if it wants to know (variable `webhook_url`). A receiver
/// that fails is logged and not tried again: a lost webhook is a case the shop must live with.
///
/// # Errors
/// When the simulator's own database fails.
pub async fn emit(
    ports: &Ports<'_>,
    books: &Books<'_>,
    intent_id: &str,
    event_type: &str,
    object: &Value,
    fault: Option<&Fault>,
) -> Result<(), Problem> {
    let url = ports.config.get("webhook_url").unwrap_or_default();
    if url.is_empty() {
        return Ok(());
    }
    let now_s = ports.clock.wall_ms().div_euclid(1_000);
    let event = json!({
        "id": format!("evt_{}", ports.random.id().replace('-', "")),
        "object": "event",
        "api_version": providers::stripe::API_VERSION,
        "created": now_s,
        "type": event_type,
        "livemode": false,
        "data": {"object": object},
    })
    .to_string();
    if fault == Some(&Fault::WebhookReorder) {
        books.query(
            "insert into held_webhook (intent_id, event) values (?1 ->> '$.intent_id', ?1 ->> '$.event')",
            &json!({"intent_id": intent_id, "event": event}),
        )?;
        return Ok(());
    }
    send(ports, &url, now_s, &event).await;
    if fault == Some(&Fault::WebhookDuplicate) {
        send(ports, &url, now_s, &event).await;
    }
    let overtaken = books.query(
        "delete from held_webhook where intent_id = ?1 ->> '$.intent_id' returning event",
        &json!({"intent_id": intent_id}),
    )?;
    for event in overtaken {
        send(ports, &url, now_s, &event).await;
    }
    Ok(())
}

async fn send(ports: &Ports<'_>, url: &str, now_s: i64, event: &str) {
    let secret = ports.config.get("webhook_secret").unwrap_or_default();
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let sent = ports.http.send(HttpRequest {
        method: "POST",
        url: url.to_owned(),
        headers: vec![
            header("content-type", "application/json; charset=utf-8"),
            header("stripe-signature", &signature::stripe(&secret, now_s, event.as_bytes())),
        ],
        body: event.as_bytes().to_vec(),
        timeout_ms: TIMEOUT_MS,
    });
    match sent.await {
        Ok(answer) if (200..300).contains(&answer.status) => {}
        Ok(answer) => {
            log("warning", "simulator webhook refused", &[("status", &answer.status.to_string())])
        }
        Err(error) => {
            log("warning", "simulator webhook not delivered", &[("reason", &error.to_string())])
        }
    }
}
