//! What goes out, made of the table of events: `docs/events.md` for people, `docs/asyncapi.json`
//! (AsyncAPI 3) for programs.

use super::published;
use app::events::{Declared, Presence, declared};
use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

const HEAD: &str = "# Events

What the shop tells, as CloudEvents 1.0. Made of `shared/app/src/events.rs` by `UPDATE_OPENAPI=1 cargo test --profile host -p api`;
[asyncapi.json](asyncapi.json) is the same for programs, with a JSON Schema of each event. [Receiving events](receiving.md) says how they are delivered.

- `id` is the event's own and the same over all tries: delivery is at least once, so a reader skips an id it has seen.
- `subject` is `aggregate/id`. Events of one subject come in order, and `sequence` rises with them.
- `data` has the fields below. A reader ignores fields it does not know: fields are added without a new version. Whatever else changes is a
  new version of the type.
- A field without a value is left out; none is ever null. None holds a name or an address: who needs one reads the order, with `orders:read`.
- Money is in minor units with its currency, times are epoch milliseconds.
";

/// The page.
#[must_use]
pub fn events() -> String {
    let events = declared(&mut generator());
    let mut page =
        format!("{HEAD}\n| type | version | subject | what it means |\n|---|---|---|---|\n");
    for event in &events {
        let Declared { event_type, version, meaning, .. } = event;
        page.push_str(&format!(
            "| [`{event_type}`](#{}) | {version} | `{}` | {meaning} |\n",
            anchor(event_type),
            subject(event)
        ));
    }
    for event in &events {
        page.push_str(&format!(
            "\n## {}\n\n{}\n\n| field | type | what |\n|---|---|---|\n",
            event.event_type, event.meaning
        ));
        for field in &event.fields {
            let (mark, by) = match field.presence {
                Presence::Always => ("", ""),
                Presence::Maybe => ("?", ""),
                Presence::Assigned => ("", " Assigned by the database."),
            };
            page.push_str(&format!(
                "| `{}{mark}` | {} | {}{by} |\n",
                field.name,
                kind(field.schema.as_value()),
                field.about
            ));
        }
    }
    page
}

/// The document.
#[must_use]
pub fn asyncapi() -> Value {
    let mut generator = generator();
    let events = declared(&mut generator);
    let reference = |path: &str, name: &str| json!({ "$ref": format!("#/{path}/{name}") });
    let mut messages = Map::new();
    let mut schemas = generator.take_definitions(true);
    for event in &events {
        schemas.insert(event.name.to_owned(), data(event));
        messages.insert(event.event_type.to_owned(), message(event));
    }
    schemas.values_mut().for_each(published);
    let of_channel: Map<String, Value> = events
        .iter()
        .map(|event| {
            (event.event_type.to_owned(), reference("components/messages", event.event_type))
        })
        .collect();
    let of_operation: Vec<Value> = events
        .iter()
        .map(|event| reference("channels/events/messages", event.event_type))
        .collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "edgetill events", "version": env!("CARGO_PKG_VERSION"),
            "description": "What the shop tells, as CloudEvents 1.0. At least once, in order per `subject`.",
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            "events": {
                "title": "The event sink",
                "description": "A webhook signed as Standard Webhooks says, a pub/sub behind Dapr, or a Redis stream: the variable `event_sink_url` says which.",
                "messages": of_channel,
            },
        },
        "operations": {
            "tell": { "action": "send", "channel": { "$ref": "#/channels/events" }, "summary": "Every event, once it has happened.", "messages": of_operation },
        },
        "components": { "messages": messages, "schemas": schemas },
    })
}

/// The same for who reads OpenAPI: each event is a request that the shop makes of a webhook, signed
/// as Standard Webhooks says.
pub(super) fn webhooks(schemas: &mut SchemaGenerator) -> Value {
    let header = |name: &str, about: &str| json!({ "name": name, "in": "header", "required": true, "description": about, "schema": { "type": "string" } });
    let headers = [
        header("webhook-id", "The event's `id`."),
        header("webhook-timestamp", "When this try was made, in seconds since 1970."),
        header(
            "webhook-signature",
            "`v1,` and the signature of `webhook-id.webhook-timestamp.body`; several with spaces between them while a secret is changed.",
        ),
    ];
    let mut webhooks = Map::new();
    for event in declared(schemas) {
        let data_name = format!("{}Data", event.name);
        schemas.definitions_mut().insert(data_name.clone(), data(&event));
        let mut message = payload(&event, &data_name);
        published(&mut message);
        let post = json!({
            "operationId": format!("tell_{}", event.event_type.replace('.', "_")),
            "summary": event.meaning.split_inclusive('.').next().unwrap_or_default().trim_end_matches('.'),
            "description": event.meaning,
            "parameters": headers,
            "security": [],
            "requestBody": { "required": true, "content": { "application/cloudevents+json": { "schema": message } } },
            "responses": {
                "2XX": { "description": "It has been received, and is not sent again." },
                "default": { "description": "It has not been received, and is sent again later." },
            },
        });
        webhooks.insert(event.event_type.to_owned(), json!({ "post": post }));
    }
    Value::Object(webhooks)
}

/// AsyncAPI's own schema language is JSON Schema draft 7.
fn generator() -> SchemaGenerator {
    let settings = SchemaSettings::draft07().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    settings.for_serialize().into_generator()
}

fn message(event: &Declared) -> Value {
    json!({
        "name": event.event_type,
        "title": event.meaning.split_inclusive('.').next(),
        "summary": event.meaning,
        "contentType": "application/cloudevents+json",
        "x-version": event.version,
        "payload": payload(event, event.name),
    })
}

/// The whole event, with the schema `data_name` as its data.
fn payload(event: &Declared, data_name: &str) -> Value {
    json!({
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "sequence", "data"],
        "properties": {
            "specversion": { "const": "1.0" },
            "id": { "type": "string", "minLength": 1, "description": "The event's own; the same over all tries." },
            "source": { "type": "string", "minLength": 1, "description": "The shop: the variable event_source." },
            "type": { "const": event.event_type },
            "subject": { "type": "string", "pattern": format!("^{}/.+$", event.aggregate), "description": format!("{}.", subject(event)) },
            "time": { "type": "string", "format": "date-time", "description": "When it happened." },
            "datacontenttype": { "const": "application/json" },
            "sequence": { "type": "string", "pattern": "^[0-9]{20}$", "description": "Rises with the events of a subject." },
            "data": { "$ref": format!("#/components/schemas/{data_name}") },
        },
    })
}

/// The schema of an event's data.
fn data(event: &Declared) -> Value {
    let properties: Map<String, Value> = event
        .fields
        .iter()
        .map(|field| (field.name.to_owned(), described(&field.schema, field.about)))
        .collect();
    let always = event.fields.iter().filter(|field| field.presence != Presence::Maybe);
    let required: Vec<&str> = always.map(|field| field.name).collect();
    json!({ "type": "object", "description": event.meaning, "required": required, "properties": properties })
}

/// In draft 7 nothing stands beside a `$ref`.
fn described(schema: &Schema, about: &str) -> Value {
    let schema = schema.as_value();
    let mut value =
        if schema.get("$ref").is_some() { json!({ "allOf": [schema] }) } else { schema.clone() };
    if let Some(members) = value.as_object_mut() {
        members.insert("description".to_owned(), about.into());
    }
    value
}

fn subject(event: &Declared) -> String {
    format!("{}/<{}>", event.aggregate, event.subject)
}

/// What a schema is, in a word.
fn kind(schema: &Value) -> String {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    if let Some(target) = text(schema.get("$ref")) {
        return target.rsplit('/').next().unwrap_or_default().to_owned();
    }
    match schema.get("items") {
        Some(items) => format!("list of {}", kind(items)),
        None => text(schema.get("type")).unwrap_or_default(),
    }
}

/// The anchor that renderers make of a heading.
fn anchor(heading: &str) -> String {
    heading.replace('.', "")
}
