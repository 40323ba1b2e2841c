//! Problems: every refusal and failure, as RFC 9457 `application/problem+json`.
//!
//! A problem has two sides. What the client may know is in its public members; what only the log may know
//! goes in by [`Problem::because`] and has no way into a reply: it is taken out, logged with a fresh
//! correlation id, and only the id is shown.

use crate::{Code, Reply};
use config::Unusable;
use json::{Map, Value, json};
use serde::Serialize;
use std::fmt;

/// One occurrence of a problem.
#[derive(Clone)]
#[must_use = "a problem does nothing until it is returned"]
pub struct Problem(Box<Inner>);

#[derive(Clone)]
struct Inner {
    code: Code,
    detail: Option<String>,
    field: Option<String>,
    extensions: Map<String, Value>,
    headers: Vec<(String, String)>,
    because: Option<String>,
}

// Deliberately without the internal text, so that no `{:?}` carries it to a client.
impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("code", &self.0.code.slug())
            .field("detail", &self.0.detail)
            .field("field", &self.0.field)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.slug(), self.0.detail.as_deref().unwrap_or(self.0.code.title()))
    }
}

impl std::error::Error for Problem {}

/// Seconds after which a client may ask again whom the keeper of the variables has left waiting.
const UNREADABLE_RETRY_SECONDS: u64 = 5;

/// A variable that cannot be used, by name: nothing is wrong with the caller's credential or request.
impl From<Unusable> for Problem {
    fn from(unusable: Unusable) -> Self {
        Self::misconfigured(&unusable).detail(format!("the variable {} is not usable", unusable.name()))
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl Problem {
    /// A problem of this kind, with the table's status and title.
    pub fn new(code: Code) -> Self {
        Self(Box::new(Inner { code, detail: None, field: None, extensions: Map::new(), headers: Vec::new(), because: None }))
    }

    /// A fault of ours: the client sees `internal` and a correlation id, the log sees `text`.
    pub fn internal(text: impl Into<String>) -> Self {
        Self::new(Code::Internal).because(text)
    }

    /// A value of the wrong form. `field` is a JSON pointer (`/lines/0/sku`), or the name of a header, query
    /// or path parameter; `detail` says what would be right.
    pub fn invalid_field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Code::InvalidField).field(field).detail(detail)
    }

    /// A variable that cannot be used; which one is for the log alone.
    pub(crate) fn misconfigured(unusable: &Unusable) -> Self {
        let problem = Self::new(Code::ConfigurationInvalid).because(unusable.to_string());
        match unusable {
            Unusable::Away { .. } => problem.retry_after(UNREADABLE_RETRY_SECONDS),
            Unusable::Unbound { .. } | Unusable::Wrong { .. } => problem,
        }
    }

    /// What happened this time, in words for the client's developer.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Which value it is about.
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// Adds a member of its own. A value that cannot be written as JSON is an error of ours and is logged.
    pub fn with(mut self, key: &str, value: impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(value) => {
                self.0.extensions.insert(key.to_owned(), value);
                self
            }
            Err(error) => self.because(format!("extension {key} cannot be written: {error}")),
        }
    }

    /// Adds a header to the reply.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.headers.push((name.to_owned(), value.into()));
        self
    }

    /// When the client may try again.
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header("retry-after", seconds.to_string())
    }

    /// The current version of what was refused, so that the client can go on from it.
    pub fn etag(self, version: i64) -> Self {
        self.header("etag", format!("\"{version}\""))
    }

    /// The reason, for the log alone.
    pub fn because(mut self, text: impl Into<String>) -> Self {
        self.0.because = Some(text.into());
        self
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Takes the internal reason out, for the one place that logs it.
    pub(crate) fn take_reason(&mut self) -> Option<String> {
        self.0.because.take()
    }
}

impl From<Problem> for Reply {
    fn from(problem: Problem) -> Self {
        let Inner { code, detail, field, extensions, headers, because: _ } = *problem.0;
        // The standard members are written last: an extension cannot replace one.
        let mut body = extensions;
        body.insert("type".into(), code.type_uri().into());
        body.insert("title".into(), code.title().into());
        body.insert("status".into(), code.status().into());
        body.insert("code".into(), code.slug().into());
        if let Some(detail) = detail {
            body.insert("detail".into(), detail.into());
        }
        if let Some(field) = field {
            body.insert("field".into(), field.into());
        }
        let mut reply = Reply::text(code.status(), "application/problem+json", json::text(&Value::Object(body)));
        if code.status() == 401 {
            let challenge = if code == Code::CredentialInvalid {
                r#"Bearer realm="edgetill", error="invalid_token""#
            } else {
                r#"Bearer realm="edgetill""#
            };
            reply = reply.header("www-authenticate", challenge);
        }
        for (name, value) in headers {
            reply = reply.header(&name, value);
        }
        reply
    }
}

/// One log line: `level`, `message` and the given members, as JSON.
pub(crate) fn log_line(level: &str, message: &str, members: &[(&str, &str)]) -> String {
    let mut line = json!({ "level": level, "message": message });
    if let Some(object) = line.as_object_mut() {
        for (name, value) in members {
            object.insert((*name).to_owned(), (*value).into());
        }
    }
    json::text(&line) + "\n"
}
