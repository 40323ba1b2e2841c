//! A problem as a client gets it: what all have, and the members that only some have, from the tables they are written by.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;
use std::borrow::Cow;

/// A problem (RFC 9457). `code` is stable; the members after `field` come with the codes they are described for.
#[expect(dead_code, reason = "read as a schema alone")]
#[derive(Debug, JsonSchema)]
struct Standard {
    /// The code as a URI.
    #[schemars(extend("format" = "uri"))]
    #[schemars(rename = "type")]
    problem_type: String,
    /// The same for every occurrence.
    title: String,
    /// The HTTP status.
    #[schemars(range(min = 400, max = 599))]
    status: u16,
    /// What kind of problem it is.
    code: String,
    /// What happened this time, for the client's developer.
    #[schemars(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The value it is about: a JSON pointer, or the name of a header, query or path parameter.
    #[schemars(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

/// A problem with all that it may carry.
#[derive(Debug)]
pub(super) enum Problem {}

impl JsonSchema for Problem {
    fn schema_name() -> Cow<'static, str> {
        "Problem".into()
    }

    fn json_schema(schemas: &mut SchemaGenerator) -> Schema {
        let mut schema = Standard::json_schema(schemas);
        let members = terms::member::declared(schemas).into_iter().chain(app::members::declared(schemas));
        if let Some(Value::Object(properties)) = schema.get_mut("properties") {
            for (name, about, mut member) in members {
                member.insert("description".to_owned(), about.into());
                properties.insert(name.to_owned(), member.to_value());
            }
        }
        schema
    }
}
