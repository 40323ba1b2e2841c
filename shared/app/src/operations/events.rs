//! `/api/v1/operations/events…`: events that nobody took.

use super::{Act, Open, actor, already, being_tried, limit, page};
use crate::{KeyedChange, change::Apply as _, problem::refused, shop::Shop};
use edge::{Code, Problem, Reply, Service};
use json::{Value, json};
use ports::Ports;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use store::{Command, Refusal, sql};

/// What to list.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListEvents {
    /// Those in this state; `dead` when left out.
    state: Option<Open>,
    /// Where the page before ended (`next_cursor`).
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    cursor: Option<u64>,
    /// Events a page has, 1 to 200.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 200)))]
    limit: Option<i64>,
}

/// Where an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EventState {
    /// It waits for its turn, or is being sent.
    Pending,
    /// The sink has it.
    Published,
    /// It was given up, with an alert.
    Dead,
    /// An operator has given it up for good.
    Resolved,
}

/// What a decision is fenced by.
#[derive(Debug, Deserialize)]
struct Seen {
    state: EventState,
    attempts: i64,
}

/// Events in one state that are not published, oldest first.
///
/// # Errors
/// `invalid_field` for a limit out of range.
pub fn events(ports: &Ports<'_>, query: &ListEvents) -> Result<Reply, Problem> {
    let limit = limit(query.limit)?;
    let cursor = query.cursor.map(|cursor| i64::try_from(cursor).unwrap_or(i64::MAX));
    let input = json!({ "state": query.state.unwrap_or_default(), "cursor": cursor, "limit": limit.saturating_add(1) });
    let rows = Shop::new(ports).list(&sql::OUTBOX_LIST, &input)?;
    Ok(page("events", rows, limit, |row| row.get("sequence").cloned()))
}

/// One, whole, in whatever state.
///
/// # Errors
/// `event_not_found`.
pub fn event(ports: &Ports<'_>, event_id: &str) -> Result<Reply, Problem> {
    read::<Value>(&Shop::new(ports), event_id).map(|row| Reply::json(200, &row))
}

/// Has one sent again: a dead one as if it were new, one that waits now. It goes before those of its subject that still wait, and
/// comes after those that went out while it was dead.
///
/// # Errors
/// `event_not_found`, `already_settled`, `being_tried`.
pub fn retry_event(ports: &Ports<'_>, service: &Service, event_id: &str, body: &Act, change: &KeyedChange) -> Result<Reply, Problem> {
    act(ports, service, event_id, body, change, &sql::OUTBOX_RETRY)
}

/// Gives one up for good: nobody sends it any more.
///
/// # Errors
/// As [`retry_event`].
pub fn resolve_event(ports: &Ports<'_>, service: &Service, event_id: &str, body: &Act, change: &KeyedChange) -> Result<Reply, Problem> {
    act(ports, service, event_id, body, change, &sql::OUTBOX_RESOLVE)
}

fn act(
    ports: &Ports<'_>,
    service: &Service,
    event_id: &str,
    body: &Act,
    change: &KeyedChange,
    command: &Command,
) -> Result<Reply, Problem> {
    let shop = Shop::new(ports);
    let seen: Seen = read(&shop, event_id)?;
    let actor = actor(service);
    let input = json!({
        "event_id": event_id, "legal_from": [EventState::Pending, EventState::Dead], "state": seen.state, "attempts": seen.attempts, "actor": actor,
        "reason": body.reason.0,
    });
    change.apply(&shop, &actor, command, input)?.reply(200, |refusal| {
        if refusal != Refusal::EventMovedOn {
            return refused(refusal);
        }
        match seen.state {
            EventState::Published | EventState::Resolved => already("it is published, or was settled"),
            EventState::Pending | EventState::Dead => being_tried(),
        }
    })
}

fn read<R: DeserializeOwned>(shop: &Shop<'_>, event_id: &str) -> Result<R, Problem> {
    shop.read(&sql::OUTBOX_VIEW, &json!({ "event_id": event_id }))?.ok_or_else(|| Problem::new(Code::EventNotFound))
}
