//! Every event that arrives at the sink is held against `docs/asyncapi.json`: its type is declared,
//! its attributes and its data are as the schema says, to the last field.
//!
//! The published schemas let data have more fields, since readers ignore those they do not know;
//! here they do not.

use crate::{Settings, Shop, Sink};
use jsonschema::Validator;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

static VALIDATORS: LazyLock<HashMap<String, Validator>> = LazyLock::new(|| {
    let mut document: Value = serde_json::from_str(include_str!("../../../docs/asyncapi.json"))
        .expect("the document is JSON");
    close(&mut document);
    let schemas = &document["components"]["schemas"];
    let messages = document["components"]["messages"].as_object().expect("messages");
    let validator = |message: &Value| {
        let root = json!({ "allOf": [message["payload"]], "components": { "schemas": schemas } });
        jsonschema::draft7::new(&root)
            .unwrap_or_else(|error| panic!("{}: {error}", message["name"]))
    };
    messages.iter().map(|(name, message)| (name.clone(), validator(message))).collect()
});

/// Where the last look at the sink ended.
static SEEN: Mutex<Value> = Mutex::new(Value::Null);

/// Whether `event` is what the document says.
///
/// # Errors
/// What it does not say.
pub fn is_declared(event: &Value) -> Result<(), String> {
    let name = event["type"].as_str().unwrap_or_default();
    let validator =
        VALIDATORS.get(name).ok_or_else(|| format!("no event of the type {name:?} is declared"))?;
    let wrong: Vec<String> = validator
        .iter_errors(event)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

impl Shop {
    /// Holds every event that has arrived since the last look against the document.
    ///
    /// # Panics
    /// When one is not what the document says.
    pub fn holds_its_events(&self) {
        let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
        let sink = Settings::get().sink;
        loop {
            let from = match seen.as_str() {
                Some(text) => text.to_owned(),
                None if seen.is_null() => "0".to_owned(),
                None => seen.to_string(),
            };
            let (arrived, position) = match sink {
                Sink::Webhook => {
                    (self.simulator("GET", &format!("/sink?since={from}")), "position")
                }
                Sink::Redis => {
                    (self.call("GET", &format!("/test/stream?after={from}")), "entry_id")
                }
            };
            let arrived = arrived.send().expect(200);
            let arrivals = arrived["arrivals"]
                .as_array()
                .unwrap_or_else(|| panic!("no list of arrivals: {arrived}"));
            let Some(last) = arrivals.last() else { break };
            for arrival in arrivals {
                let event = &arrival["event"];
                if let Err(wrong) = is_declared(event) {
                    panic!("docs/asyncapi.json does not say so: {wrong}\n{event:#}");
                }
            }
            *seen = last[position].clone();
        }
    }
}

/// Closes every object schema.
fn close(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            // CloudEvents may have attributes of others; ours has none.
            if members.get("properties").is_some_and(Value::is_object)
                && !members.contains_key("additionalProperties")
            {
                members.insert("additionalProperties".to_owned(), false.into());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleared() -> Value {
        json!({
            "specversion": "1.0", "id": "e", "source": "https://shop.example",
            "type": "cart.cleared", "subject": "cart/c",
            "time": "2026-01-31T10:00:00.000Z", "datacontenttype": "application/json",
            "sequence": "00000000000000000001",
            "data": { "cart_id": "c", "owner": "guest:g", "version": 2 },
        })
    }

    #[test]
    fn an_event_is_as_declared_or_is_told_what_is_wrong() {
        assert_eq!(is_declared(&cleared()), Ok(()));
        let wrong = [
            ("/type", json!("cart.emptied")),
            ("/subject", json!("order/c")),
            ("/data/version", json!(null)),
            ("/data/lines", json!(0)),
            ("/sequence", json!("1")),
            ("/shop", json!("another")),
        ];
        for (place, value) in wrong {
            let mut event = cleared();
            let (parent, name) = place.rsplit_once('/').unwrap();
            event.pointer_mut(parent).unwrap()[name] = value;
            assert!(is_declared(&event).is_err(), "{place}");
        }
        let mut short = cleared();
        short["data"].as_object_mut().unwrap().remove("version");
        assert!(is_declared(&short).unwrap_err().contains("version"));
    }
}
