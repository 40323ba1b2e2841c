//! Operations: what was given up is looked at, tried again, or settled with a reason. Each action is history.
//!
//! What an operator decides is fenced by what was read, so that of two who act at once, or of an operator and a worker, one
//! wins and the other is told to look again.

mod alerts;
mod compensations;
mod events;

pub use alerts::{ListAlerts, alerts};
pub use compensations::{ListCompensations, ResolveCompensation, compensation, compensations, resolve_compensation, retry_compensation};
pub use events::{EventState, ListEvents, event, events, resolve_event, retry_event};

use edge::{Code, Problem, Reply, Service};
use json::{Map, Value, json};
use serde::{Deserialize, Serialize};

/// Rows a page has.
const LIMIT_DEFAULT: i64 = 50;
const LIMIT_MAX: i64 = 200;
/// Seconds after which an operator looks again at what a worker has.
const BEING_TRIED_RETRY_SECONDS: u64 = 5;

/// What is not over, or not by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Open {
    /// It waits for its time, or is being tried.
    Pending,
    /// It was given up, with an alert.
    #[default]
    Dead,
    /// An operator has settled it.
    Resolved,
}

/// Why an operator does it.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// In one line, kept in the open: no personal data.
    #[cfg_attr(feature = "schema", schemars(with = "String", length(min = 1, max = 200)))]
    reason: Reason,
}

/// One line that can be printed.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Reason(String);

impl TryFrom<String> for Reason {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let fits = !text.trim().is_empty() && text.chars().count() <= 200 && !text.chars().any(char::is_control);
        if fits { Ok(Self(text)) } else { Err("must be one line of 1 to 200 characters") }
    }
}

/// Who acts, as history and the keys of their requests know them.
fn actor(service: &Service) -> String {
    format!("service:{}", service.subject)
}

fn limit(asked: Option<i64>) -> Result<i64, Problem> {
    let limit = asked.unwrap_or(LIMIT_DEFAULT);
    if (1..=LIMIT_MAX).contains(&limit) { Ok(limit) } else { Err(Problem::invalid_field("limit", format!("must be 1 to {LIMIT_MAX}"))) }
}

/// A page, of rows of which one more than asked for was read. `next` says where the next begins, after the last that is shown.
fn page(member: &str, mut rows: Vec<Value>, limit: i64, next: impl Fn(&Value) -> Option<Value>) -> Reply {
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > shown;
    rows.truncate(shown);
    let next = if more { rows.last().and_then(next) } else { None };
    let mut reply = Map::new();
    reply.insert(member.to_owned(), Value::Array(rows));
    reply.insert("next_cursor".to_owned(), json!(next));
    Reply::json(200, &Value::Object(reply))
}

/// Somebody was there first: another operator, or a worker.
fn being_tried() -> Problem {
    Problem::new(Code::BeingTried).retry_after(BEING_TRIED_RETRY_SECONDS)
}

fn already(detail: &str) -> Problem {
    Problem::new(Code::AlreadySettled).detail(detail)
}
