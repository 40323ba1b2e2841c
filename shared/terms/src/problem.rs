//! Problems: every refusal and failure.
//!
//! A problem has two sides. What the client may know is what it is told ([`Told`]); what only the
//! log may know goes in by [`Problem::because`] and has no way into a reply: it is taken out,
//! logged with a fresh correlation id, and only the id is shown.

use crate::{Code, Member};
use config::Unusable;
use json::{Fault, Map, Mismatch, ReadError, Value};
use std::fmt;

/// One occurrence of a problem.
#[derive(Clone)]
#[must_use = "a problem does nothing until it is returned"]
pub struct Problem(Box<Inner>);

#[derive(Clone)]
struct Inner {
    told: Told,
    because: Option<String>,
}

/// What a client is told of a problem.
#[derive(Clone)]
pub struct Told {
    /// What kind of problem it is.
    pub code: Code,
    /// What happened this time.
    pub detail: Option<String>,
    /// Which value it is about.
    pub field: Option<String>,
    /// Members that only some problems have.
    pub members: Map<String, Value>,
    /// Seconds after which to ask again.
    pub retry_after_seconds: Option<u64>,
    /// The version of what was refused, as it is.
    pub version: Option<i64>,
    /// `unsupported_media_type`: the media types that would do, where that is not JSON.
    pub accept: Option<&'static str>,
}

// Deliberately without the internal text, so that no `{:?}` carries it to a client.
impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("code", &self.0.told.code.slug())
            .field("detail", &self.0.told.detail)
            .field("field", &self.0.told.field)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Told { code, field, detail, .. } = &self.0.told;
        write!(f, "{}", code.slug())?;
        if let Some(field) = field {
            write!(f, " {field}")?;
        }
        write!(f, ": {}", detail.as_deref().unwrap_or(code.title()))
    }
}

impl std::error::Error for Problem {}

/// Seconds after which a client may ask again whom the keeper of the variables has left waiting.
const UNREADABLE_RETRY_SECONDS: u64 = 5;

/// A variable that cannot be used, by name: nothing is wrong with the caller's credential or
/// request.
impl From<Unusable> for Problem {
    fn from(unusable: Unusable) -> Self {
        Self::misconfigured(&unusable)
            .detail(format!("the variable {} is not usable", unusable.name()))
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
        let told = Told {
            code,
            detail: None,
            field: None,
            members: Map::new(),
            retry_after_seconds: None,
            version: None,
            accept: None,
        };
        Self(Box::new(Inner { told, because: None }))
    }

    /// A fault of ours: the client sees `internal` and a correlation id, the log sees `text`.
    pub fn internal(text: impl Into<String>) -> Self {
        Self::new(Code::Internal).because(text)
    }

    /// A value of the wrong form. `field` is a JSON pointer (`/lines/0/sku`), or the name of a
    /// header, query or path parameter; `detail` says what would be right.
    pub fn invalid_field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Code::InvalidField).field(field).detail(detail)
    }

    /// A text that is not what it should be, by its JSON pointer.
    pub fn unreadable(error: &ReadError) -> Self {
        match error {
            ReadError::Malformed(error) => Self::new(Code::MalformedJson).detail(error.to_string()),
            ReadError::Mismatch(error) => Self::mismatch(error, error.pointer(), "/"),
        }
    }

    /// A value that is not what it should be. It stands at `at`, whose parts have `separator`
    /// between them.
    pub fn mismatch(error: &Mismatch, at: &str, separator: &str) -> Self {
        // The path of an unknown field already ends in it; a missing or repeated one is not in the
        // path.
        let member = |name: &str| format!("{at}{separator}{name}");
        match error.fault() {
            Fault::Unknown { known } => Self::new(Code::UnknownField)
                .field(at)
                .detail(format!("known here: {}", json::listed(known))),
            Fault::Missing { name } => Self::invalid_field(member(name), "must be given"),
            Fault::Duplicate { name } => Self::invalid_field(member(name), "must be given once"),
            Fault::Expected { what } => {
                Self::invalid_field(at, format!("must be {}", in_words(what)))
            }
            Fault::Said(text) => Self::invalid_field(at, text.as_str()),
        }
    }

    /// A variable that cannot be used; which one is for the log alone.
    pub fn misconfigured(unusable: &Unusable) -> Self {
        let problem = Self::new(Code::ConfigurationInvalid).because(unusable.to_string());
        match unusable {
            Unusable::Away { .. } => problem.retry_after(UNREADABLE_RETRY_SECONDS),
            Unusable::Unbound { .. } | Unusable::Wrong { .. } => problem,
        }
    }

    /// What happened this time, in words for the client's developer.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.told.detail = Some(detail.into());
        self
    }

    /// Which value it is about.
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.0.told.field = Some(field.into());
        self
    }

    /// Adds a member of its own. A value that cannot be written as JSON is an error of ours and is
    /// logged.
    pub fn with<M: Member>(self, _: M, value: &M::Value) -> Self {
        self.member(M::NAME, serde_json::to_value(value))
    }

    fn member(mut self, name: &str, value: Result<Value, serde_json::Error>) -> Self {
        match value {
            Ok(value) => {
                self.0.told.members.insert(name.to_owned(), value);
                self
            }
            Err(error) => self.because(format!("the member {name} cannot be written: {error}")),
        }
    }

    /// When the client may try again.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.told.retry_after_seconds = Some(seconds);
        self
    }

    /// The current version of what was refused, so that the client can go on from it.
    pub fn at_version(mut self, version: i64) -> Self {
        self.0.told.version = Some(version);
        self
    }

    /// Which media types would do.
    pub fn accepting(mut self, accept: &'static str) -> Self {
        self.0.told.accept = Some(accept);
        self
    }

    /// The reason, for the log alone.
    pub fn because(mut self, text: impl Into<String>) -> Self {
        self.0.because = Some(text.into());
        self
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.told.code
    }

    /// Takes the internal reason out, for the one place that logs it.
    #[must_use]
    pub fn take_reason(&mut self) -> Option<String> {
        self.0.because.take()
    }

    /// What the client is told; the reason is not.
    #[must_use]
    pub fn into_told(self) -> Told {
        self.0.told
    }
}

/// What a value must be, in other words than Rust's.
fn in_words(rust: &str) -> &str {
    match rust {
        "i8" | "i16" | "i32" | "i64" => "a whole number in range",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number of at least 0, in range",
        "a boolean" | "bool" => "true or false",
        other if other.starts_with("struct ") => "an object",
        "a map" => "an object",
        "a sequence" => "an array",
        other => other,
    }
}
