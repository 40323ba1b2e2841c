//! The AsyncAPI document, held to what version 3 asks of one, and every schema in it compiled.

// Said for clippy, so that the helpers count as tests too and may unwrap.
#![cfg(test)]

use api::document::asyncapi;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The members that an object of this kind may have (AsyncAPI 3.0.0, "Fixed Fields"), and those it
/// must have.
fn is_a(kind: &str, value: &Value, may: &[&str], must: &[&str]) {
    let members = value.as_object().unwrap_or_else(|| panic!("{kind} is no object"));
    for name in members.keys() {
        assert!(may.contains(&name.as_str()) || name.starts_with("x-"), "{kind} has no {name}");
    }
    for name in must {
        assert!(members.contains_key(*name), "{kind} must have {name}");
    }
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

/// Every `$ref` below `value`.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            if let Some(target) = members.get("$ref") {
                assert_eq!(members.len(), 1, "nothing stands beside a $ref: {value}");
                found.push(target.as_str().unwrap());
            }
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

const MESSAGE: &[&str] = &[
    "headers",
    "payload",
    "correlationId",
    "contentType",
    "name",
    "title",
    "summary",
    "description",
    "tags",
    "externalDocs",
    "bindings",
    "examples",
    "traits",
];

#[test]
fn the_document_is_an_asyncapi_3_document() {
    let document = asyncapi();
    is_a(
        "the document",
        &document,
        &[
            "asyncapi",
            "id",
            "info",
            "servers",
            "defaultContentType",
            "channels",
            "operations",
            "components",
        ],
        &["asyncapi", "info"],
    );
    assert_eq!(document["asyncapi"], "3.0.0");
    let info = &document["info"];
    is_a(
        "info",
        info,
        &[
            "title",
            "version",
            "description",
            "termsOfService",
            "contact",
            "license",
            "tags",
            "externalDocs",
        ],
        &["title", "version"],
    );
    is_a("license", &info["license"], &["name", "url"], &["name"]);

    for (name, channel) in object(&document["channels"]) {
        let may = [
            "address",
            "messages",
            "title",
            "summary",
            "description",
            "servers",
            "parameters",
            "tags",
            "externalDocs",
            "bindings",
        ];
        is_a(name, channel, &may, &[]);
        for (message, reference) in object(&channel["messages"]) {
            assert_eq!(reference["$ref"], format!("#/components/messages/{message}"));
        }
    }
    for (name, operation) in object(&document["operations"]) {
        let may = [
            "action",
            "channel",
            "title",
            "summary",
            "description",
            "security",
            "tags",
            "externalDocs",
            "bindings",
            "traits",
            "messages",
            "reply",
        ];
        is_a(name, operation, &may, &["action", "channel"]);
        assert!(["send", "receive"].contains(&operation["action"].as_str().unwrap()), "{name}");
        let channel = operation["channel"]["$ref"].as_str().unwrap();
        assert!(
            channel.starts_with("#/channels/"),
            "an operation's channel is one of the document"
        );
        for message in operation["messages"].as_array().unwrap() {
            let target = message["$ref"].as_str().unwrap();
            assert!(
                target.starts_with(&format!("{channel}/messages/")),
                "an operation's messages are its channel's: {target}"
            );
        }
    }
    let kinds = [
        "schemas",
        "servers",
        "channels",
        "operations",
        "messages",
        "securitySchemes",
        "serverVariables",
        "parameters",
        "correlationIds",
        "replies",
        "replyAddresses",
        "externalDocs",
        "tags",
        "operationTraits",
        "messageTraits",
        "serverBindings",
        "channelBindings",
        "operationBindings",
        "messageBindings",
    ];
    is_a("components", &document["components"], &kinds, &[]);
    for (kind, things) in object(&document["components"]) {
        for name in object(things).keys() {
            let plain =
                name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
            assert!(plain && !name.is_empty(), "{kind}/{name}");
        }
    }
    let messages = object(&document["components"]["messages"]);
    for (name, message) in messages {
        is_a(name, message, MESSAGE, &["name", "payload"]);
        assert_eq!(message["name"], name.as_str());
        assert_eq!(message["payload"]["properties"]["type"]["const"], name.as_str());
        assert!(message["x-version"].as_u64().is_some_and(|version| version > 0), "{name}");
    }
    assert!(messages.len() >= 17, "{}", messages.len());
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_used() {
    let document = asyncapi();
    let mut found = Vec::new();
    references(&document, &mut found);
    for target in &found {
        let pointer = target.strip_prefix('#').expect("a place in the document");
        assert!(document.pointer(pointer).is_some(), "{target}");
    }
    let found: BTreeSet<&str> = found.into_iter().collect();
    for name in object(&document["components"]["schemas"]).keys() {
        assert!(
            found.contains(format!("#/components/schemas/{name}").as_str()),
            "{name} is nobody's"
        );
    }
    for name in object(&document["components"]["messages"]).keys() {
        assert!(
            found.contains(format!("#/components/messages/{name}").as_str()),
            "{name} is in no channel"
        );
    }
}

#[test]
fn every_schema_compiles_and_none_lets_null_in() {
    let document = asyncapi();
    let components = json!({ "schemas": document["components"]["schemas"] });
    let payloads = object(&document["components"]["messages"])
        .iter()
        .map(|(name, message)| (name, &message["payload"]));
    for (name, schema) in payloads.chain(object(&components["schemas"])) {
        let mut root = json!({ "allOf": [schema] });
        assert!(jsonschema::draft7::meta::is_valid(schema), "{name}");
        root["components"] = components.clone();
        let validator =
            jsonschema::draft7::new(&root).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!validator.is_valid(&Value::Null), "{name}");
    }
    let text = document.to_string();
    assert!(
        !text.contains("\"null\"") && !text.contains("nullable"),
        "a field without a value is left out"
    );
}
