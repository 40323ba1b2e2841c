//! `/api/v1/operations/inbox…`: what other programs have told, and could not be worked (EVT-3).

use super::{Open, Reason, already, being_tried, page};
use crate::{KeyedChange, change::Apply as _, inbox::stored_source, problem::refused, shop::Shop};
use callers::Service;
use json::{Value, json};
use ports::Ports;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{Refusal, sql};
use terms::{Code, Done, Problem, Rendered};

/// What to list.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListInbox {
    /// Those in this state; `dead` when left out.
    state: Option<Open>,
    /// Where the page before ended (`next_cursor`).
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    cursor: Option<Cursor>,
    /// Events a page has, 1 to 200.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 200)))]
    limit: Option<i64>,
}

/// When the last of a page was due, its source, which holds no space, and its id.
#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "String")]
struct Cursor {
    at_ms: i64,
    source: String,
    event_id: String,
}

impl TryFrom<String> for Cursor {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const NO_CURSOR: &str = "must be the next_cursor of a page";
        let mut parts = text.splitn(3, ' ');
        let (Some(at_ms), Some(source), Some(event_id)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(NO_CURSOR);
        };
        let at_ms = at_ms.parse().map_err(|_| NO_CURSOR)?;
        Ok(Self { at_ms, source: source.to_owned(), event_id: event_id.to_owned() })
    }
}

/// A page of what was told, by when it is due, or has been since.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InboxPage {
    /// The events.
    events: Vec<Rendered<ToldEvent>>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// An event that a program has told.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ToldEvent {
    /// Who tells it.
    pub source: String,
    /// Its id there.
    pub event_id: String,
    /// What has happened.
    #[cfg_attr(feature = "schema", schemars(rename = "type"))]
    pub event_type: String,
    /// What it is about: an order, a SKU and a currency, or a customer; null of what could not be
    /// read.
    pub reference: Option<String>,
    /// Where it is.
    pub state: Open,
    /// The service that has sent it.
    pub actor: String,
    /// What of it was read; null of what could not be.
    pub data: Option<BTreeMap<String, Value>>,
    /// Tries since it came, or since an operator had it tried anew.
    pub attempts: i64,
    /// When the first of those tries failed.
    pub failing_since_ms: Option<i64>,
    /// When it came.
    pub received_at_ms: i64,
    /// When it is tried next, while it is `pending`; else since when it is so.
    pub next_attempt_at_ms: i64,
    /// What the last try came to.
    pub last_error: Option<String>,
}

/// Which event, and why.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ActOnTold {
    /// Who tells it.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 255)))]
    source: String,
    /// Its id there.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 255)))]
    event_id: String,
    /// In one line, kept in the open: no personal data.
    #[cfg_attr(feature = "schema", schemars(with = "String", length(min = 1, max = 200)))]
    reason: Reason,
}

/// An event that is tried anew, or given up for good.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ToldActedOn {
    /// Who tells it.
    pub source: String,
    /// Its id there.
    pub event_id: String,
    /// `pending` of one that is tried anew, `resolved` of one that is given up.
    pub state: Open,
    /// Its tries.
    pub attempts: i64,
}

/// What a decision is fenced by.
#[derive(Debug, Deserialize)]
struct Seen {
    attempts: i64,
    state: String,
}

/// What was told and is in one state.
///
/// # Errors
/// `invalid_field` for a limit out of range, and for a cursor that is none.
pub fn inbox(ports: &Ports<'_>, query: ListInbox) -> Result<Done<InboxPage>, Problem> {
    let Cursor { at_ms, source, event_id } = query.cursor.unwrap_or_default();
    let (events, last) = page(ports, &sql::INBOX_LIST, query.limit, |limit| {
        json!({
            "state": query.state.unwrap_or_default(), "at_ms": at_ms, "source": stored_source(&source), "event_id": event_id, "limit": limit,
        })
    })?;
    let next_cursor = last.and_then(|last: Rendered<ToldEvent>| {
        let (at_ms, source) = (last.number("next_attempt_at_ms")?, last.text("source")?);
        Some(format!("{at_ms} {source} {}", last.text("event_id")?))
    });
    Ok(Done::new(InboxPage { events, next_cursor }))
}

/// Has one tried anew that is dead, or one that waits now.
///
/// # Errors
/// `event_not_found`; `already_settled` of one that is done or given up for good, `being_tried`.
pub fn retry_told(
    ports: &Ports<'_>,
    service: &Service,
    body: &ActOnTold,
    change: &KeyedChange,
) -> Result<Done<Rendered<ToldActedOn>>, Problem> {
    act(ports, service, body, change, ("pending", "retried"))
}

/// Gives one up for good: nobody works it any more.
///
/// # Errors
/// As [`retry_told`].
pub fn resolve_told(
    ports: &Ports<'_>,
    service: &Service,
    body: &ActOnTold,
    change: &KeyedChange,
) -> Result<Done<Rendered<ToldActedOn>>, Problem> {
    act(ports, service, body, change, ("resolved", "resolved"))
}

fn act(
    ports: &Ports<'_>,
    service: &Service,
    body: &ActOnTold,
    change: &KeyedChange,
    (to_state, kind): (&str, &str),
) -> Result<Done<Rendered<ToldActedOn>>, Problem> {
    const OPEN: [&str; 2] = ["pending", "dead"];
    let shop = Shop::new(ports);
    let ActOnTold { source, event_id, reason } = body;
    let named = json!({ "source": stored_source(source), "event_id": event_id });
    let seen: Option<Seen> = shop.read(&sql::INBOX_VIEW, &named)?;
    let seen = seen.ok_or_else(|| Problem::new(Code::EventNotFound))?;
    let actor = service.actor();
    let input = json!({
        "source": stored_source(source), "event_id": event_id, "legal_from": OPEN, "attempts": seen.attempts, "to_state": to_state, "kind": kind,
        "actor": actor, "reason": reason.0,
    });
    change.apply(&shop, &actor, &sql::INBOX_ACT, input)?.done(|refusal| {
        if refusal != Refusal::EventMovedOn {
            return refused(refusal);
        }
        if OPEN.contains(&seen.state.as_str()) {
            being_tried()
        } else {
            already("it is done, or given up for good")
        }
    })
}
