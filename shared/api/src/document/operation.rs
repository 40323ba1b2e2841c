//! One method of one path, as the declaration describes it and as OpenAPI writes it.

use super::{Schemas, examples, problem};
use crate::{Access, Endpoint, Presence, Row};
use edge::{
    BroughtEvent, BulkJson, CloudEventBody, Code, Credential, Done, File, Form, Json,
    JsonOrDefault, Media, Method, NoBody, NoHeader, NoParameters, NoQuery, Parameters, Rows,
    SheetPage, StripeSigned,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// A parameter of a path, and what it must be.
pub type Parameter = (&'static str, SchemaOf);

/// A media type, and what a body of it is.
pub type Content = (&'static str, SchemaOf);

/// A part of a row, as far as the document shows it.
pub trait Shown {
    /// Its schema; none where there is nothing to show.
    const SCHEMA: Option<SchemaOf>;
}

/// A path, as the document shows it.
pub trait ShownPath {
    /// Its parameters, in order.
    const PARAMETERS: &'static [Parameter];
}

impl ShownPath for NoParameters {
    const PARAMETERS: &'static [Parameter] = &[];
}

/// A header of an operation's own, as the document shows it.
pub trait ShownHeader {
    /// It; none where there is nothing to show.
    const SHOWN: Option<HeaderShown>;
}

/// What is shown of a header.
#[derive(Clone, Copy, Debug)]
pub struct HeaderShown {
    /// Its name as it is usually written.
    pub name: &'static str,
    /// A value that works.
    pub example: &'static str,
    /// What it says.
    pub about: &'static str,
    /// What it must be.
    pub schema: SchemaOf,
}

impl ShownHeader for NoHeader {
    const SHOWN: Option<HeaderShown> = None;
}

impl Shown for NoQuery {
    const SCHEMA: Option<SchemaOf> = None;
}

/// A token in the query is among the ways to be known.
impl Shown for Credential {
    const SCHEMA: Option<SchemaOf> = None;
}

impl<T: JsonSchema> Shown for Parameters<T> {
    const SCHEMA: Option<SchemaOf> = Some(|schemas| T::json_schema(schemas));
}

impl Shown for NoBody {
    const SCHEMA: Option<SchemaOf> = None;
}

impl<T: JsonSchema> Shown for Json<T> {
    const SCHEMA: Option<SchemaOf> = Some(|schemas| schemas.subschema_for::<T>());
}

impl<T: JsonSchema> Shown for BulkJson<T> {
    const SCHEMA: Option<SchemaOf> = Some(|schemas| schemas.subschema_for::<T>());
}

impl<T: JsonSchema> Shown for JsonOrDefault<T> {
    const SCHEMA: Option<SchemaOf> = Some(|schemas| schemas.subschema_for::<T>());
}

/// What stands in a file of rows is not said by a schema: a text is not.
impl Shown for Rows {
    const SCHEMA: Option<SchemaOf> = Some(text_schema);
}

/// An event is the provider's to describe: what of it is read is said here.
impl Shown for StripeSigned {
    const SCHEMA: Option<SchemaOf> = Some(|_| {
        json_schema!({
            "type": "object", "required": ["id", "type", "data"],
            "description": "An event of the payment provider, as it sends it.",
            "properties": {
                "id": { "type": "string", "minLength": 1, "maxLength": 255 }, "type": { "type": "string", "minLength": 1, "maxLength": 255 },
                "data": { "type": "object", "required": ["object"], "properties": { "object": { "type": "object", "required": ["id"], "properties": { "id": { "type": "string" } } } } },
            },
        })
    });
}

/// What the types say is in the guide (`docs/telling.md`); the schema is structured mode's.
impl Shown for CloudEventBody {
    const SCHEMA: Option<SchemaOf> = Some(|_| {
        json_schema!({
            "type": "object", "required": ["specversion", "id", "source", "type", "data"],
            "description": "A CloudEvent 1.0 of one of the types that are taken in.",
            "properties": {
                "specversion": { "type": "string", "const": "1.0" }, "id": { "type": "string", "minLength": 1, "maxLength": 255 },
                "source": { "type": "string", "format": "uri-reference", "minLength": 1, "maxLength": 255 }, "type": { "type": "string", "enum": app::inbox::TOPICS.map(|(event_type, _)| event_type) },
                "time": { "type": "string", "format": "date-time" }, "data": { "type": "object" },
            },
        })
    });
}

impl Shown for BroughtEvent {
    const SCHEMA: Option<SchemaOf> = <CloudEventBody as Shown>::SCHEMA;
}

/// What a row answers, as the document shows it.
pub trait ShownOutcome {
    /// Its media types, each with its schema.
    const CONTENT: &'static [Content];
}

impl<T: JsonSchema> ShownOutcome for Done<T> {
    const CONTENT: &'static [Content] =
        &[("application/json", |schemas| schemas.subschema_for::<T>())];
}

impl<M: Media + JsonSchema> ShownOutcome for File<M> {
    const CONTENT: &'static [Content] = &[(M::TYPE, |schemas| schemas.subschema_for::<M>())];
}

impl ShownOutcome for SheetPage {
    const CONTENT: &'static [Content] =
        &[(Form::JSON_LINES, text_schema), (Form::CSV, text_schema)];
}

fn text_schema(schemas: &mut SchemaGenerator) -> Schema {
    String::json_schema(schemas)
}

/// An operation being described. Each call says one thing more.
#[derive(Debug)]
#[must_use]
pub struct Operation {
    pub(crate) endpoint: Endpoint,
    row: Row,
    doc: String,
    parameters: &'static [Parameter],
    query: Option<SchemaOf>,
    header: Option<HeaderShown>,
    body: Option<SchemaOf>,
    /// Whether its second media type is a CloudEvent's data alone.
    takes_binary: bool,
    /// One for each media type that a body may have.
    examples: Vec<Value>,
    headers: Vec<Value>,
    replies: Vec<Reply>,
    codes: Vec<Code>,
}

#[derive(Debug)]
struct Reply {
    status: u16,
    content: &'static [Content],
    headers: Map<String, Value>,
    links: Map<String, Value>,
}

impl Operation {
    /// What the row of `O` says by itself.
    pub(crate) fn of<O>(endpoint: Endpoint, doc: impl Into<String>) -> Self
    where
        O: edge::Operation<
                Path: ShownPath,
                Query: Shown,
                Header: ShownHeader,
                Body: Shown,
                Outcome: ShownOutcome,
            >,
    {
        let content = <O::Outcome as ShownOutcome>::CONTENT;
        let operation = Self::new(
            endpoint,
            O::ROW,
            doc.into(),
            <O::Path as ShownPath>::PARAMETERS,
            <O::Query as Shown>::SCHEMA,
            <O::Body as Shown>::SCHEMA,
        )
        .answering(content);
        match <O::Header as ShownHeader>::SHOWN {
            Some(header) => {
                Self { header: Some(header), ..operation }.problems(&[Code::InvalidField])
            }
            None => operation,
        }
    }

    fn new(
        endpoint: Endpoint,
        row: Row,
        doc: String,
        parameters: &'static [Parameter],
        query: Option<SchemaOf>,
        body: Option<SchemaOf>,
    ) -> Self {
        let (examples, headers, replies, codes) = (
            Vec::new(),
            Vec::new(),
            Vec::new(),
            vec![
                Code::Internal,
                Code::ConfigurationInvalid,
                Code::UnknownField,
                Code::VersionConflict,
            ],
        );
        let mut operation = Self {
            endpoint,
            row,
            doc,
            parameters,
            query,
            header: None,
            body,
            takes_binary: false,
            examples,
            headers,
            replies,
            codes,
        };
        if row.method != Method::Get {
            // The body is read before anything else, whatever the method means by it.
            operation = operation.problems(&[Code::BodyTooLarge, Code::InvalidField]);
        }
        if row.takes_query || !parameters.is_empty() {
            operation = operation.problems(&[Code::InvalidField]);
        }
        operation = match row.access {
            Access::Open => operation,
            Access::Signed => operation
                .header("Stripe-Signature", "t=1893456000,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd", "The time, and the HMAC of time and body under the shop's secret, as Stripe writes them.")
                .problems(&[Code::SignatureInvalid]),
            Access::Newcomer => operation.problems(&[Code::CredentialInvalid, Code::ScopeMissing]),
            Access::Customer => {
                operation.problems(&[Code::CredentialMissing, Code::CredentialInvalid])
            }
            Access::Owner
            | Access::Viewer
            | Access::OwnerOr(_)
            | Access::Scope(_)
            | Access::Worker(_) => operation.problems(&[
                Code::CredentialMissing,
                Code::CredentialInvalid,
                Code::ScopeMissing,
            ]),
        };
        // A GET that changes something is there only where the shop allows it.
        if matches!(row.access, Access::Worker(_)) && row.method == Method::Get {
            operation = operation.problems(&[Code::MethodNotAllowed]);
        }
        if row.body != Presence::Unread {
            operation = operation.problems(&[Code::InvalidField, Code::UnsupportedMediaType]);
        }
        if row.media.contains(&"application/json") {
            operation = operation.problems(&[Code::MalformedJson]);
        }
        if row.is_versioned {
            operation = operation
                .header("If-Match", r#""3""#, "The version that was seen, in quotes, or `*`. A stale one is refused with 412.")
                .problems(&[Code::InvalidField]);
        }
        if row.key == Presence::Unread { operation } else { operation.keyed() }
    }

    fn keyed(self) -> Self {
        let is_required = self.row.key == Presence::Required;
        let about = "1 to 255 visible ASCII characters, quoted or bare. The same key with the same request gets the first reply's bytes.";
        let example = format!("\"{}-8e03978e\"", self.row.id.replace('_', "-"));
        let mut operation = self.header("Idempotency-Key", &example, about).problems(&[
            Code::InvalidIdempotencyKey,
            Code::IdempotencyKeyReused,
            Code::IdempotencyInProgress,
            Code::InvalidField,
        ]);
        if is_required {
            if let Some(key) = operation.headers.last_mut().and_then(Value::as_object_mut) {
                key.insert("required".to_owned(), true.into());
            }
            return operation.problems(&[Code::IdempotencyKeyRequired]);
        }
        operation
    }

    /// A body that works, in the next of its media types.
    pub(crate) fn example(mut self, example: Value) -> Self {
        self.examples.push(example);
        self
    }

    /// It takes CloudEvents in binary mode too: attributes in headers, and a body that is the data.
    pub(crate) fn binary(self) -> Self {
        let of_binary = "Of an event in binary mode, whose body is its data alone.";
        let operation = Self { takes_binary: true, ..self };
        [
            ("ce-specversion", "1.0"),
            ("ce-id", "5f0a0cbe-6a1c-4d6c-9c9a-3f6d0e9a7b11"),
            ("ce-source", "https://crm.example"),
            ("ce-type", "customer.created"),
            ("ce-time", "2026-12-01T09:30:00Z"),
        ]
        .iter()
        .fold(operation, |operation, (name, example)| operation.header(name, example, of_binary))
    }

    fn header(mut self, name: &str, example: &str, about: &str) -> Self {
        let schema = match name {
            "Idempotency-Key" => {
                json!({ "type": "string", "minLength": 1, "maxLength": KEY_LENGTH_MAX })
            }
            _ => json!({ "type": "string" }),
        };
        self.headers.push(json!({ "name": name, "in": "header", "description": about, "schema": schema, "example": example }));
        self
    }

    /// What the row answers. Under a key that may be the reply to an earlier request.
    fn answering(mut self, content: &'static [Content]) -> Self {
        let Row { status, other, key, .. } = self.row;
        let mut statuses = vec![status, other];
        statuses.dedup();
        for status in statuses {
            self.replies.push(Reply { status, content, headers: Map::new(), links: Map::new() });
        }
        if key == Presence::Unread {
            return self;
        }
        let about = "`true` when this is the stored reply to an earlier request with the same key.";
        self.reply_header(|_| true, "Idempotency-Replayed", false, about)
    }

    /// The reply has an `ETag`; so who reads is told when nothing has changed.
    pub(crate) fn tagged(self) -> Self {
        let mut operation = self.reply_header(|_| true, "ETag", true, TAG);
        if operation.row.method == Method::Get {
            let headers = Map::from_iter([("ETag".to_owned(), header(true, TAG))]);
            operation.replies.push(Reply { status: 304, content: &[], headers, links: Map::new() });
            return operation.header(
                "If-None-Match",
                r#""3""#,
                "The `ETag` that was seen: 304 when nothing has changed.",
            );
        }
        operation
    }

    /// The reply has a `Location`.
    pub(crate) fn located(self) -> Self {
        self.reply_header(|_| true, "Location", true, "Where the new thing is.")
    }

    /// The reply says where the next page is, while there is one.
    pub(crate) fn linked(self) -> Self {
        let about = "Where the next page is, `rel=\"next\"`, while there is one.";
        self.reply_header(|_| true, "Link", false, about)
    }

    /// The other of the two replies has a `Retry-After`.
    pub(crate) fn later(self) -> Self {
        let other = self.row.other;
        self.reply_header(|status| status == other, "Retry-After", true, RETRY_AFTER)
    }

    fn reply_header(
        mut self,
        has_it: impl Fn(u16) -> bool,
        name: &str,
        required: bool,
        about: &str,
    ) -> Self {
        for reply in self.replies.iter_mut().filter(|reply| has_it(reply.status)) {
            reply.headers.insert(name.to_owned(), header(required, about));
        }
        self
    }

    /// The reply has in `member` what `operation` takes as its path parameter `parameter`.
    pub(crate) fn link(
        mut self,
        operation: &'static str,
        parameter: &'static str,
        member: &'static str,
    ) -> Self {
        for reply in &mut self.replies {
            let link = json!({ "operationId": operation, "parameters": { parameter: format!("$response.body#/{member}") } });
            reply.links.insert(operation.to_owned(), link);
        }
        self
    }

    /// Needs the database.
    pub(crate) fn stored(self) -> Self {
        self.problems(&[Code::DatabaseBusy, Code::DatabaseUnavailable, Code::SchemaOutdated])
    }

    /// May refuse by these codes too.
    pub(crate) fn problems(mut self, codes: &[Code]) -> Self {
        for code in codes {
            if !self.codes.contains(code) {
                self.codes.push(*code);
            }
        }
        self
    }

    /// Its method, as OpenAPI writes it.
    pub(crate) fn method(&self) -> String {
        self.row.method.name().to_lowercase()
    }

    /// Whether whoever reads the document is shown a body that works, where one is read.
    pub(crate) fn is_complete(&self) -> bool {
        self.body.map_or(0, |_| self.row.media.len()) == self.examples.len()
    }

    /// As OpenAPI writes it.
    pub(crate) fn render(&self, schemas: &mut Schemas) -> Value {
        let (summary, description) =
            self.doc.trim().split_once("\n\n").unwrap_or((self.doc.trim(), ""));
        let mut operation = json!({
            "operationId": self.row.id,
            "tags": [self.tag()],
            "summary": line(summary).trim_end_matches('.'),
            "parameters": self.parameters(schemas),
            "responses": self.responses(schemas),
            "security": self.security(),
        });
        if let Some(members) = operation.as_object_mut() {
            if !description.is_empty() {
                members.insert("description".to_owned(), line(description).into());
            }
            if let Some(body) = self.body {
                let mut content = Map::new();
                for (media_type, example) in self.row.media.iter().zip(&self.examples) {
                    let schema = if self.takes_binary && *media_type == "application/json" {
                        json_schema!({ "type": "object", "description": "What the event says." })
                    } else {
                        body(&mut schemas.read)
                    };
                    let media = json!({ "schema": schema, "example": example });
                    content.insert((*media_type).to_owned(), media);
                }
                let is_required = self.row.body == Presence::Required;
                members.insert(
                    "requestBody".to_owned(),
                    json!({ "required": is_required, "content": content }),
                );
            }
        }
        operation
    }

    fn tag(&self) -> &'static str {
        self.endpoint.component.split('-').next().unwrap_or(self.endpoint.component)
    }

    fn security(&self) -> Value {
        match self.row.access {
            Access::Newcomer => json!([{}, { "guest": [] }, { "session": [] }]),
            Access::Open | Access::Signed => json!([]),
            Access::Customer => json!([{ "identity_provider": [] }]),
            Access::Owner => json!([{ "guest": [] }, { "session": [] }]),
            Access::Viewer => json!([{ "guest": [] }, { "session": [] }, { "share": [] }]),
            Access::OwnerOr(scope) => {
                json!([{ "guest": [] }, { "session": [] }, { "service": [scope] }])
            }
            Access::Scope(scope) => json!([{ "service": [scope] }]),
            Access::Worker(name) => {
                let own = format!("workers:{name}");
                let mut ways =
                    vec![json!({ "service": ["workers:run"] }), json!({ "service": [own] })];
                if self.row.method == Method::Get {
                    ways.extend([
                        json!({ "service_in_query": ["workers:run"] }),
                        json!({ "service_in_query": [own] }),
                    ]);
                }
                Value::Array(ways)
            }
        }
    }

    fn parameters(&self, schemas: &mut Schemas) -> Value {
        let mut parameters = Vec::new();
        for (name, schema) in self.parameters {
            let schema = schema(&mut schemas.read);
            let mut parameter =
                json!({ "name": name, "in": "path", "required": true, "schema": schema });
            if let (Some(members), Some(example)) =
                (parameter.as_object_mut(), examples::path_parameter(name))
            {
                members.insert("example".to_owned(), example);
            }
            parameters.push(parameter);
        }
        if let Some(query) = self.query {
            parameters.extend(query_parameters(&query(&mut schemas.read)));
        }
        if let Some(HeaderShown { name, example, about, schema }) = self.header {
            let schema = schema(&mut schemas.read);
            parameters.push(json!({ "name": name, "in": "header", "description": about, "schema": schema, "example": example }));
        }
        parameters.extend(self.headers.iter().cloned());
        Value::Array(parameters)
    }

    fn responses(&self, schemas: &mut Schemas) -> Value {
        let mut responses = BTreeMap::new();
        for reply in &self.replies {
            let mut response =
                json!({ "description": reason(reply.status), "headers": reply.headers });
            if let Some(members) = response.as_object_mut() {
                let mut content = Map::new();
                for (media_type, schema) in reply.content {
                    let mut media = json!({ "schema": schema(&mut schemas.written) });
                    let given =
                        examples::reply(self.row.id).filter(|_| reply.status == self.row.status);
                    if let (Some(media), Some(given)) = (media.as_object_mut(), given) {
                        media.insert("example".to_owned(), given);
                    }
                    content.insert((*media_type).to_owned(), media);
                }
                if !content.is_empty() {
                    members.insert("content".to_owned(), Value::Object(content));
                }
                if !reply.links.is_empty() {
                    members.insert("links".to_owned(), Value::Object(reply.links.clone()));
                }
            }
            responses.insert(reply.status.to_string(), response);
        }
        let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
        for code in Code::ALL.iter().filter(|code| self.codes.contains(code)) {
            by_status.entry(code.status()).or_default().push(*code);
        }
        for (status, codes) in by_status {
            let refused = refusal(schemas, status, &codes, self.row.media);
            let refused = if responses.contains_key(&status.to_string()) {
                refused
            } else {
                once(schemas, status, refused)
            };
            match responses.entry(status.to_string()) {
                // A status that is a reply and a refusal: two media types.
                std::collections::btree_map::Entry::Occupied(mut known) => {
                    merge(known.get_mut(), &refused)
                }
                std::collections::btree_map::Entry::Vacant(free) => {
                    free.insert(refused);
                }
            }
        }
        json!(responses)
    }
}

/// Characters of an idempotency key, and two quotes around them.
const KEY_LENGTH_MAX: usize = 257;
/// What 403 says of itself.
const INSUFFICIENT_SCOPE: &str =
    "`Bearer`, with `error=\"insufficient_scope\"` and the `scope` that would do, where one would.";
const RETRY_AFTER: &str = "Seconds after which to try again.";
const TAG: &str = "The version, in quotes.";

/// A status that is answered by these problems.
fn refusal(schemas: &mut Schemas, status: u16, codes: &[Code], accepted: &[&str]) -> Value {
    let about: Vec<String> =
        codes.iter().map(|code| format!("- `{}`: {}", code.slug(), code.title())).collect();
    let schema = problem::one_of(schemas, codes);
    let mut headers = Map::new();
    // Where one code says when to come again, all of its status may.
    if codes.iter().any(|code| says_when(*code)) {
        headers.insert("Retry-After".to_owned(), header(false, RETRY_AFTER));
    }
    match status {
        401 => headers.insert(
            "WWW-Authenticate".to_owned(),
            header(true, "`Bearer`, with `error=\"invalid_token\"` for one that does not verify."),
        ),
        403 => headers.insert("WWW-Authenticate".to_owned(), header(true, INSUFFICIENT_SCOPE)),
        412 => headers.insert(
            "ETag".to_owned(),
            header(false, "The version as it is, in quotes, where there is one."),
        ),
        415 => {
            let accepted: Vec<String> = accepted.iter().map(|one| format!("`{one}`")).collect();
            headers.insert("Accept".to_owned(), header(true, &format!("{}.", accepted.join(", "))))
        }
        _ => None,
    };
    json!({ "description": about.join("\n"), "headers": headers, "content": { "application/problem+json": { "schema": schema } } })
}

/// A refusal by reference: many operations refuse the same, which then stands once. Its name says
/// its status; which of several of one status it is means nothing to a program, which looks at
/// `code`.
fn once(schemas: &mut Schemas, status: u16, refused: Value) -> Value {
    let name = (1_u32..)
        .map(|number| {
            format!(
                "Status{status}{}",
                if number == 1 { String::new() } else { format!("No{number}") }
            )
        })
        .find(|name| schemas.refusals.get(name).is_none_or(|known| *known == refused))
        .unwrap_or_default();
    let target = format!("#/components/responses/{name}");
    schemas.refusals.insert(name, refused);
    json!({ "$ref": target })
}

/// Codes that carry a `Retry-After`, always or at times.
fn says_when(code: Code) -> bool {
    [
        Code::CartLocked,
        Code::IdempotencyInProgress,
        Code::OrderBusy,
        Code::BeingTried,
        Code::TooManyRequests,
        Code::DatabaseBusy,
        Code::DatabaseUnavailable,
        Code::SchemaOutdated,
        Code::ProviderUnavailable,
        Code::ProviderTimeout,
    ]
    .contains(&code)
}

fn merge(reply: &mut Value, refused: &Value) {
    let media = refused.pointer("/content").and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(content) = reply.pointer_mut("/content").and_then(Value::as_object_mut) {
        content.extend(media);
    }
    // A header that every reply has is not one that every refusal has.
    if let Some(headers) = reply.pointer_mut("/headers").and_then(Value::as_object_mut) {
        for header in headers.values_mut().filter_map(Value::as_object_mut) {
            header.remove("required");
        }
    }
    if let (Some(description), Some(more)) =
        (reply.pointer_mut("/description"), refused.get("description").and_then(Value::as_str))
    {
        *description = json!(format!("{}\n{more}", description.as_str().unwrap_or_default()));
    }
}

fn header(required: bool, about: &str) -> Value {
    let mut header = json!({ "description": about, "schema": { "type": "string" } });
    if let Some(members) = header.as_object_mut().filter(|_| required) {
        members.insert("required".to_owned(), true.into());
    }
    header
}

/// The parameters that a query of this schema has. `null` cannot be said in a query.
fn query_parameters(query: &Schema) -> Vec<Value> {
    let members = query.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    members
        .into_iter()
        .map(|(name, mut schema)| {
            let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            json!({ "name": name, "in": "query", "description": description, "schema": without_null(schema) })
        })
        .collect()
}

fn without_null(mut schema: Value) -> Value {
    if let Some(Value::Array(any)) = schema.get("anyOf") {
        return any
            .iter()
            .find(|one| one.get("type").is_none_or(|kind| kind != "null"))
            .cloned()
            .unwrap_or_default();
    }
    if let Some(Value::Array(types)) = schema.get("type") {
        let kind = types.iter().find(|kind| **kind != "null").cloned();
        if let (Some(members), Some(kind)) = (schema.as_object_mut(), kind) {
            members.insert("type".to_owned(), kind);
        }
    }
    schema
}

/// A paragraph on one line.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "Done.",
        201 => "Made.",
        207 => "Done in part.",
        304 => "Nothing has changed.",
        503 => "Not all is well.",
        _ => "",
    }
}
