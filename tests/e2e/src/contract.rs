//! Every reply the suite receives is held against the API document: status, media type, headers,
//! and the body down to the last field. So the document cannot say less than the functions do, and
//! a test that never heard of it proves it.
//!
//! The published schemas let a reply have more fields, since clients must ignore those they do not
//! know; here they do not.

use crate::Reply;
use jsonschema::Validator;
use serde_json::{Value, json};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = serde_json::from_str(include_str!("../../../docs/openapi.json"))
        .expect("the document is JSON");
    for part in ["/components/schemas", "/components/responses", "/paths"] {
        close_all(part, &mut document);
    }
    document
});

/// Headers that are the protocol's or the host's and not the endpoint's.
const OF_THE_WIRE: [&str; 8] = [
    "cache-control",
    "connection",
    "content-length",
    "content-security-policy",
    "content-type",
    "date",
    "transfer-encoding",
    "vary",
];

/// What browsers are told, by one protocol for all endpoints.
const OF_BROWSERS: &str = "access-control-";

/// Fails the test when `reply`, the answer to `method` of `target`, is not what the document says.
pub(crate) fn check(method: &str, target: &str, reply: &Reply) {
    if let Err(wrong) = conforms(method, target, reply) {
        panic!("docs/openapi.json does not say so: {wrong}\n{reply:?}");
    }
}

/// Whether `reply`, the answer to `method` of `target`, is what the document says.
///
/// # Errors
/// What it does not say.
pub fn conforms(method: &str, target: &str, reply: &Reply) -> Result<(), String> {
    let path = target.split('?').next().unwrap_or(target);
    // What development adds, and what the host answers, is nobody's contract.
    let Some((template, item)) = item(path) else { return Ok(()) };
    of_path(method, template, item, reply).map_err(|wrong| format!("{method} {template}: {wrong}"))
}

fn operation(id: &str) -> &'static Value {
    let items = DOCUMENT["paths"].as_object().into_iter().flat_map(|paths| paths.values());
    let mut operations = items.filter_map(Value::as_object).flat_map(|item| item.values());
    operations
        .find(|operation| operation["operationId"] == id)
        .unwrap_or_else(|| panic!("docs/openapi.json does not know {id}"))
}

/// The body that the document gives as an example for the operation `id`, in this media type.
pub(crate) fn example(id: &str, media_type: &str) -> Option<Value> {
    operation(id)["requestBody"]["content"].get(media_type)?.get("example").cloned()
}

/// How many replies the document gives as examples, each of which is as its own schema says.
///
/// # Panics
/// When one is not.
#[must_use]
pub fn replies_that_conform() -> usize {
    let items = DOCUMENT["paths"].as_object().into_iter().flatten();
    let operations = items.flat_map(|(_, item)| item.as_object().into_iter().flatten());
    let mut shown = 0;
    for (_, operation) in operations {
        for (status, response) in operation["responses"].as_object().into_iter().flatten() {
            let media = &response["content"]["application/json"];
            let Some(example) = media.get("example") else { continue };
            let key = format!("example of {} {status}", operation["operationId"]);
            let wrong: Vec<String> = validator(&key, &media["schema"])
                .iter_errors(example)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(wrong.is_empty(), "{key}: {wrong:#?}");
            shown += 1;
        }
    }
    shown
}

/// The names of the query's parameters of the operation `id`.
///
/// # Panics
/// When the document does not know it.
#[must_use]
pub fn query_parameters(id: &str) -> Vec<String> {
    let parameters = operation(id)["parameters"].as_array().into_iter().flatten();
    parameters
        .filter(|it| it["in"] == "query")
        .filter_map(|it| it["name"].as_str().map(str::to_owned))
        .collect()
}

fn of_path(
    method: &str,
    template: &str,
    item: &'static Value,
    reply: &Reply,
) -> Result<(), String> {
    let declared = if method == "HEAD" { "get".to_owned() } else { method.to_lowercase() };
    let Some(operation) = item.get(&declared) else {
        return undeclared(method, reply);
    };
    let responses = &operation["responses"];
    let Some(response) = responses.get(reply.status.to_string()) else {
        return Err(format!("status {} is not documented", reply.status));
    };
    let response = response.get("$ref").and_then(Value::as_str).map_or(response, resolve);
    headers(response, reply)?;
    location(reply)?;
    let public = template == "/openapi.json" || template == "/docs";
    if reply.header("cache-control") != Some("no-store")
        && !(public && matches!(reply.status, 200 | 304))
    {
        return Err("what is somebody's own must not be stored".to_owned());
    }
    if method == "HEAD" { Ok(()) } else { body(template, &declared, response, reply) }
}

/// A method that the path has not: 405 with what it has, or the answer to OPTIONS.
fn undeclared(method: &str, reply: &Reply) -> Result<(), String> {
    if reply.header("allow").is_none() {
        return Err("no Allow".to_owned());
    }
    match (method, reply.status) {
        ("OPTIONS", 204) => Ok(()),
        (_, 405) if reply.json()["code"] == "method_not_allowed" => Ok(()),
        _ => Err("the method is not documented".to_owned()),
    }
}

fn headers(response: &Value, reply: &Reply) -> Result<(), String> {
    let none = serde_json::Map::new();
    let documented = response.get("headers").and_then(Value::as_object).unwrap_or(&none);
    for (name, header) in documented {
        if header["required"] == true && reply.header(&name.to_lowercase()).is_none() {
            return Err(format!("no {name}"));
        }
    }
    let known: BTreeSet<String> = documented.keys().map(|name| name.to_lowercase()).collect();
    let stranger = |name: &&String| {
        !known.contains(*name)
            && !OF_THE_WIRE.contains(&name.as_str())
            && !name.starts_with("till-")
            && !name.starts_with(OF_BROWSERS)
    };
    match reply.headers.iter().map(|(name, _)| name).find(stranger) {
        Some(name) => Err(format!("the header {name} is not documented")),
        None => Ok(()),
    }
}

/// A `Location` names what the reply is about, also when it is the stored reply to an earlier
/// request.
fn location(reply: &Reply) -> Result<(), String> {
    let Some(location) = reply.header("location") else { return Ok(()) };
    let last = location.rsplit('/').next().unwrap_or_default();
    if String::from_utf8_lossy(&reply.body).contains(&format!("\"{last}\"")) {
        Ok(())
    } else {
        Err(format!("{location} is not what the body is about"))
    }
}

fn body(template: &str, method: &str, response: &Value, reply: &Reply) -> Result<(), String> {
    let Some(content) = response.get("content").and_then(Value::as_object) else {
        return if reply.body.is_empty() {
            Ok(())
        } else {
            Err("no body is documented".to_owned())
        };
    };
    let media_type = reply.header("content-type").unwrap_or_default();
    let Some(media) = content.get(media_type) else {
        return Err(format!("the media type {media_type:?} is not documented"));
    };
    if !media_type.ends_with("/json") && !media_type.ends_with("+json") {
        return Ok(());
    }
    let key = format!("{method} {template} {} {media_type}", reply.status);
    let json: Value =
        serde_json::from_slice(&reply.body).map_err(|error| format!("not JSON: {error}"))?;
    let wrong: Vec<String> = validator(&key, &media["schema"])
        .iter_errors(&json)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn validator(key: &str, schema: &Value) -> Arc<Validator> {
    static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> =
        LazyLock::new(Mutex::default);
    let mut validators = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
    let made = validators.entry(key.to_owned()).or_insert_with(|| {
        let root = json!({
            "allOf": [schema], "components": { "schemas": DOCUMENT["components"]["schemas"] },
        });
        Arc::new(
            jsonschema::draft202012::new(&root).unwrap_or_else(|error| panic!("{key}: {error}")),
        )
    });
    Arc::clone(made)
}

/// The path item whose template fits, the most literal first.
fn item(path: &str) -> Option<(&'static str, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object()?;
    let fitting = paths.iter().filter(|(template, _)| {
        let (wanted, given): (Vec<&str>, Vec<&str>) =
            (template.split('/').collect(), path.split('/').collect());
        wanted.len() == given.len()
            && wanted.iter().zip(&given).all(|(wanted, given)| {
                wanted == given || (wanted.starts_with('{') && !given.is_empty())
            })
    });
    fitting
        .min_by_key(|(template, _)| template.matches('{').count())
        .map(|(template, item)| (template.as_str(), item))
}

fn resolve(target: &str) -> &'static Value {
    DOCUMENT
        .pointer(target.trim_start_matches('#'))
        .unwrap_or_else(|| panic!("{target} leads nowhere"))
}

/// Closes every object schema under `pointer` that does not say itself whether it may have more.
fn close_all(pointer: &str, document: &mut Value) {
    if let Some(part) = document.pointer_mut(pointer) {
        close(part, false);
    }
}

/// `beside` a schema that describes the same object in part: that one closes it.
fn close(value: &mut Value, beside: bool) {
    match value {
        Value::Object(members) => {
            let is_object = members.get("properties").is_some_and(Value::is_object);
            let refers = members.contains_key("allOf");
            for (name, member) in members.iter_mut() {
                close(member, is_object && matches!(name.as_str(), "oneOf" | "anyOf" | "allOf"));
            }
            if is_object && !beside && !refers && !members.contains_key("additionalProperties") {
                members.insert("unevaluatedProperties".to_owned(), false.into());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| close(item, beside)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
