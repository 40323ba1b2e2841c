//! Operations: what was given up is looked at, tried again, or settled with a reason. Each action
//! is history.
//!
//! What an operator decides is fenced by what was read, so that of two who act at once, or of an
//! operator and a worker, one wins and the other is told to look again.

mod alerts;
mod compensations;
mod events;
mod inbox;

pub use alerts::{Alert, AlertPage, ListAlerts, alerts};
pub use compensations::{
    Compensation, CompensationPage, CompensationResolved, CompensationRetried, CompensationView,
    ListCompensations, OwedOrder, OwedPayment, ResolveCompensation, compensation, compensations,
    resolve_compensation, retry_compensation,
};
pub use events::{
    AtReceiver, EventPage, EventResolved, EventRetried, EventState, EventView, ListEvents,
    WaitingEvent, event, events, resolve_event, retry_event,
};
pub use inbox::{
    ActOnTold, InboxPage, ListInbox, ToldActedOn, ToldEvent, inbox, resolve_told, retry_told,
};

use crate::{page::PageSize, shop::Shop};
use domain::compensation::Outcome;
use json::Value;
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::Statement;
use terms::{Code, Problem, Rendered};

/// Rows a page has.
const PAGE: PageSize = PageSize { default: 50, max: 200 };
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
    pub(crate) reason: Reason,
}

/// One line that can be printed.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Reason(pub(crate) String);

impl TryFrom<String> for Reason {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let fits = !text.trim().is_empty()
            && text.chars().count() <= 200
            && !text.chars().any(char::is_control);
        if fits { Ok(Self(text)) } else { Err("must be one line of 1 to 200 characters") }
    }
}

/// What an operator did.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HistoryEntry {
    /// Its number, from 1.
    pub seq: i64,
    /// `retried` or `resolved`.
    pub kind: String,
    /// Who: `service:` and the `sub` of their token.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at_ms: i64,
    /// As it was found.
    pub data: Found,
}

/// As an operator found it.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Found {
    /// The state it was in.
    pub state: String,
    /// The tries it had.
    pub attempts: i64,
    /// When the first of them failed.
    pub failing_since_ms: Option<i64>,
    /// What the last came to.
    pub last_error: Option<String>,
    /// What was said of the money, of one that was settled.
    #[cfg_attr(feature = "schema", schemars(skip_serializing_if = "Option::is_none"))]
    pub outcome: Option<Outcome>,
}

/// Rows that are shown, and the last of them if there are more.
type Page<T> = (Vec<Rendered<T>>, Option<Rendered<T>>);

/// A page of as many rows as are asked for. `input` is given how many to read: one more tells
/// whether there are more.
fn page<T>(
    ports: &Ports<'_>,
    list: &Statement,
    asked: Option<i64>,
    input: impl FnOnce(i64) -> Value,
) -> Result<Page<T>, Problem> {
    let limit = PAGE.limit(asked)?;
    let mut rows: Vec<Rendered<T>> = Shop::new(ports).list(list, &input(limit.to_read()))?;
    let last = limit.cut(&mut rows).cloned();
    Ok((rows, last))
}

/// Somebody was there first: another operator, or a worker.
fn being_tried() -> Problem {
    Problem::new(Code::BeingTried).retry_after(BEING_TRIED_RETRY_SECONDS)
}

pub(crate) fn already(detail: &str) -> Problem {
    Problem::new(Code::AlreadySettled).detail(detail)
}
