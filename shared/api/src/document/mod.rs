//! The documents. The OpenAPI 3.1 document is built from the declaration and from the types that
//! are really read and written.
//!
//! schemars turns types into JSON Schema 2020-12, which is what OpenAPI 3.1 speaks; what is around
//! the schemas is small enough to be written as it stands on the wire. The end-to-end suite holds
//! every reply of the running functions against it.

mod events;
pub mod examples;
mod operation;
mod problem;
mod problems;

pub use events::{asyncapi, events};
pub use operation::{
    HeaderShown, Operation, Parameter, Shown, ShownHeader, ShownOutcome, ShownPath,
};
pub use problems::problems;

use crate::{Document, Page};
use edge::Code;
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde_json::{Map, Value, json};
use std::{borrow::Cow, collections::BTreeSet};

/// What every endpoint of a cart can refuse.
pub(crate) const OF_CART: &[Code] =
    &[Code::CartNotFound, Code::DatabaseBusy, Code::DatabaseUnavailable, Code::SchemaOutdated];
/// What every change of a cart can refuse.
pub(crate) const CHANGE: &[Code] = &[Code::CartLocked, Code::VersionConflict];
/// Why there may be no total.
pub(crate) const TOTALS: &[Code] = &[
    Code::CountryUnsupported,
    Code::PriceMissing,
    Code::TaxMissing,
    Code::ShippingMethodUnavailable,
    Code::GiftWrapUnavailable,
    Code::CashOnDeliveryUnavailable,
    Code::ExternalPaymentUnavailable,
    Code::SkuUnknown,
    Code::AmountZeroUnpriced,
    Code::AmountAboveCeiling,
    Code::DatabaseBusy,
    Code::DatabaseUnavailable,
    Code::SchemaOutdated,
];
/// Why a checkout may not begin.
pub(crate) const BEGIN: &[Code] = &[
    Code::CartLocked,
    Code::SessionStale,
    Code::CartEmpty,
    Code::InsufficientStock,
    Code::AmountBelowMinimum,
    Code::AmountNegative,
    Code::CurrencyUnsupported,
    Code::PromotionsUnavailable,
];
/// Why a confirm may end without an order.
pub(crate) const CONFIRM: &[Code] = &[
    Code::OrderDenied,
    Code::SessionExpired,
    Code::PriceChanged,
    Code::PromotionExpired,
    Code::CartCompleted,
    Code::PaymentSuperseded,
    Code::ReservationExpired,
    Code::PaymentReferenceTaken,
    Code::PaymentDeclined,
    Code::PaymentActionRequired,
    Code::PaymentMethodInvalid,
    Code::ProviderUnavailable,
    Code::ProviderTimeout,
];
/// Why accounts may not pay what a confirm draws on them.
pub(crate) const STORED_VALUE: &[Code] = &[
    Code::AccountNotFound,
    Code::GiftCardNotFound,
    Code::BalanceTooLow,
    Code::StoredValueAboveTotal,
    Code::TooManyRequests,
];

const TITLE: &str = "edgetill";
const VERSION: &str = env!("CARGO_PKG_VERSION");
const DESCRIPTION: &str = include_str!("description.md");
/// Areas, in the order of the page that `shared/page` makes.
const TAGS: [(&str, &str); 7] = [
    ("cart", "Open, look, change; what it would cost."),
    ("checkout", "From a cart to one paid order."),
    ("order", "Look, list, create, cancel."),
    ("catalog", "What is sold and what there is of it. Service tokens only."),
    (
        "promotion",
        "Rules by which orders cost less or are rewarded, their codes, and what they did. Service tokens only.",
    ),
    ("ops", "What was given up, alerts, health, configuration, and this document."),
    ("workers", "One bounded run of a scheduled worker each, by a service token."),
];

/// A page has none but text.
impl JsonSchema for Page {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Page".into()
    }

    fn json_schema(schemas: &mut SchemaGenerator) -> Schema {
        String::json_schema(schemas)
    }
}

impl JsonSchema for Document {
    fn schema_name() -> Cow<'static, str> {
        "Document".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object", "required": ["openapi", "info", "paths"], "description": "An OpenAPI 3.1 document.",
            "properties": { "openapi": { "type": "string" }, "info": { "type": "object" }, "paths": { "type": "object" } },
            "additionalProperties": true,
        })
    }
}

/// The schemas of both directions, which share one list of names.
pub(crate) struct Schemas {
    read: SchemaGenerator,
    written: SchemaGenerator,
    /// Refusals, each once, by their names.
    refusals: Map<String, Value>,
}

impl Schemas {
    fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        Self {
            read: settings().for_deserialize().into_generator(),
            written: settings().for_serialize().into_generator(),
            refusals: Map::new(),
        }
    }

    /// All schemas by their names. What may be left out of a body stands in every reply, so of a type
    /// that is read and written there may be two: the one that is read is called `…Input`, and
    /// `paths` says so too.
    fn finish(mut self, paths: &mut Map<String, Value>) -> Result<Map<String, Value>, String> {
        let mut read = self.read.take_definitions(true);
        let mut all = self.written.take_definitions(true);
        let mut twice: BTreeSet<String> = BTreeSet::new();
        loop {
            let differs = |(name, schema): &(&String, &Value)| {
                all.get(*name).is_some_and(|written| written != *schema)
                    || (all.contains_key(*name) && twice.iter().any(|of| refers(schema, of)))
            };
            let found: BTreeSet<String> =
                read.iter().filter(differs).map(|(name, _)| name.clone()).collect();
            if found.len() == twice.len() {
                break;
            }
            twice = found;
        }
        read.values_mut().for_each(|schema| as_read(schema, &twice));
        let operations = paths.values_mut().filter_map(Value::as_object_mut).flatten();
        for (_, operation) in operations {
            for part in ["requestBody", "parameters"] {
                if let Some(part) = operation.get_mut(part) {
                    as_read(part, &twice);
                }
            }
        }
        for (name, schema) in read {
            let name = if twice.contains(&name) { format!("{name}{READ}") } else { name };
            if let Some(other) = all.insert(name.clone(), schema.clone())
                && other != schema
            {
                return Err(format!("there are two schemas of the name {name}"));
            }
        }
        all.values_mut().for_each(published);
        match all.iter().find(|(_, schema)| schema.to_string().contains("[`")) {
            Some((name, _)) => {
                Err(format!("{name} has a link of the source, which leads nowhere here"))
            }
            None => Ok(all),
        }
    }
}

/// What the name of a type ends with where it is read, if it is another when written.
const READ: &str = "Input";

const REFERENCE: &str = "#/components/schemas/";

fn refers(schema: &Value, name: &str) -> bool {
    match schema {
        Value::Object(members) => members.values().any(|value| refers(value, name)),
        Value::Array(items) => items.iter().any(|value| refers(value, name)),
        Value::String(text) => text.strip_prefix(REFERENCE) == Some(name),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Has what refers to one of `names` refer to the one that is read.
fn as_read(schema: &mut Value, names: &BTreeSet<String>) {
    match schema {
        Value::Object(members) => members.values_mut().for_each(|value| as_read(value, names)),
        Value::Array(items) => items.iter_mut().for_each(|value| as_read(value, names)),
        Value::String(text) => {
            if text.strip_prefix(REFERENCE).is_some_and(|name| names.contains(name)) {
                text.push_str(READ);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Comments of the source name requirements, ` (CHK-2)`; a reader of the document does not know
/// them.
fn published(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(published),
        Value::Array(items) => items.iter_mut().for_each(published),
        Value::String(text) => {
            while let Some((start, end)) = requirement(text) {
                text.replace_range(start..end, "");
            }
            *text = unbroken(text);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Where a comment is wrapped is the source's affair: paragraphs and lists keep their line ends, and
/// no other.
fn unbroken(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(|paragraph| {
        paragraph.lines().fold(String::new(), |mut whole, line| {
            if !whole.is_empty() {
                whole.push(if line.starts_with("- ") { '\n' } else { ' ' });
            }
            whole + line
        })
    });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

/// Where the first requirement stands in `text`.
fn requirement(text: &str) -> Option<(usize, usize)> {
    text.match_indices(" (").find_map(|(start, _)| {
        let inner = text.get(start..)?.strip_prefix(" (")?.split_once(')')?.0;
        let (area, number) = inner.split_once('-')?;
        let named = !area.is_empty()
            && area.bytes().all(|byte| byte.is_ascii_uppercase())
            && number.bytes().all(|byte| byte.is_ascii_digit());
        named.then(|| (start, start + inner.len() + 3))
    })
}

/// The document.
///
/// # Errors
/// Two types of one name; a body without an example.
pub fn document() -> Result<Value, String> {
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    for operation in crate::operations() {
        if !operation.is_complete() {
            return Err(format!(
                "{operation:?} has a body without an example, or an example without a body"
            ));
        }
        let path = template(operation.endpoint.path);
        let item = paths.entry(path).or_insert_with(
            || json!({ "summary": operation.endpoint.about.trim().trim_end_matches('.') }),
        );
        if let Some(item) = item.as_object_mut() {
            item.insert(operation.method(), operation.render(&mut schemas));
        }
    }
    let webhooks = events::webhooks(&mut schemas.written);
    let refusals = std::mem::take(&mut schemas.refusals);
    let tags: Vec<Value> =
        TAGS.iter().map(|(name, about)| json!({ "name": name, "description": about })).collect();
    let schemas = schemas.finish(&mut paths)?;
    Ok(json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": { "title": TITLE, "version": VERSION, "description": DESCRIPTION, "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" } },
        "servers": [{ "url": "/" }],
        "tags": tags,
        "paths": paths,
        "webhooks": webhooks,
        "components": { "schemas": schemas, "responses": refusals, "securitySchemes": security_schemes() },
    }))
}

fn security_schemes() -> Value {
    let bearer = |format: &str, about: &str| json!({ "type": "http", "scheme": "bearer", "bearerFormat": format, "description": about });
    json!({
        "guest": bearer(
            "gst_ and 64 characters",
            "A guest's secret, from `POST /api/v1/cart`, shown once. Somebody else's cart, session or order answers like one that does not exist.",
        ),
        "session": bearer("JWT", "A customer's session token, from `POST /api/v1/session`, good for 15 minutes."),
        "share": bearer(
            "shr_ and 64 characters",
            "The secret of a share, from `POST /api/v1/cart/shares`, shown once. It reads one cart. Expired, revoked and unknown are the same 404.",
        ),
        "identity_provider": bearer(
            "JWT",
            "A customer's token of their identity provider: HS256, RS256, ES256 or EdDSA, with the `iss` and `aud` the shop is set to, `sub` and `exp`.",
        ),
        "service": bearer(
            "JWT",
            "HS256 with `iss` = `edgetill`, `aud` = `edgetill-service`, `exp`, and `scope` (separated by spaces). The scopes named with an operation are needed.",
        ),
        "service_in_query": {
            "type": "apiKey", "in": "query", "name": "token",
            "description": "The same service token, for schedulers that send no headers. GET of a worker only.",
        },
    })
}

/// A path as OpenAPI writes it.
pub(crate) fn template(path: &str) -> String {
    let segments: Vec<String> = path
        .split('/')
        .map(|segment| {
            segment
                .strip_prefix(':')
                .map_or_else(|| segment.to_owned(), |name| format!("{{{name}}}"))
        })
        .collect();
    segments.join("/")
}

/// Columns a line of the file may have.
const COLUMNS: usize = 140;

/// A document as text: what fits a line is one, and keys have one order whatever serde_json was
/// built with, so that the file is the same everywhere.
#[must_use]
pub fn text(document: &Value) -> String {
    let mut text = String::new();
    write(&sorted(document), 0, 0, &mut text);
    text.push('\n');
    text
}

/// Writes `value` after `before` characters of a line that is `depth` deep.
fn write(value: &Value, depth: usize, before: usize, text: &mut String) {
    let whole = value.to_string();
    let parts: Vec<(String, &Value)> = match value {
        Value::Object(members) if before + whole.len() > COLUMNS => members
            .iter()
            .map(|(name, value)| (format!("{}: ", Value::from(name.as_str())), value))
            .collect(),
        Value::Array(items) if before + whole.len() > COLUMNS => {
            items.iter().map(|item| (String::new(), item)).collect()
        }
        Value::Object(_)
        | Value::Array(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_) => {
            return text.push_str(&whole);
        }
    };
    let (open, close) = if value.is_array() { ('[', ']') } else { ('{', '}') };
    let indent = "  ".repeat(depth + 1);
    text.push(open);
    for (number, (name, part)) in parts.iter().enumerate() {
        text.push_str(if number == 0 { "\n" } else { ",\n" });
        text.push_str(&indent);
        text.push_str(name);
        write(part, depth + 1, indent.len() + name.len(), text);
    }
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
    text.push(close);
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            names
                .into_iter()
                .filter_map(|name| Some((name.clone(), sorted(members.get(name)?))))
                .collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
