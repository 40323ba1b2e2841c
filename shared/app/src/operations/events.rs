//! `/api/v1/operations/events…`: events that nobody took.

use super::{Act, HistoryEntry, Open, already, being_tried, page};
use crate::{
    KeyedChange, change::Apply as _, problem::refused, receivers::DeliveryState, shop::Shop,
};
use callers::Service;
use domain::ids::{EventId, ReceiverId};
use json::{Value, json};
use ports::Ports;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use store::{Command, Refusal, sql};
use terms::{Code, Done, Problem, Rendered};

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
    /// There was no sink: it is for its receivers alone.
    Fanned,
}

/// A page of events that are not published, oldest first.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventPage {
    /// The events.
    events: Vec<Rendered<WaitingEvent>>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<i64>,
}

/// An event in the outbox.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WaitingEvent {
    /// The event: the `id` of its CloudEvent.
    pub event_id: EventId,
    /// Its number among all events: the `sequence` of its CloudEvent.
    pub sequence: i64,
    /// What happened.
    #[cfg_attr(feature = "schema", schemars(rename = "type"))]
    pub event_type: String,
    /// What it happened to; events of one subject go out in order.
    pub subject: String,
    /// Where it is.
    pub state: EventState,
    /// Tries since it was made, or since an operator had it sent again.
    pub attempts: i64,
    /// When the first of those tries failed.
    pub failing_since_ms: Option<i64>,
    /// When it is sent next, while it is `pending`.
    pub next_attempt_at_ms: i64,
    /// When it happened.
    pub created_at_ms: i64,
    /// Why it was given up.
    pub last_error: Option<String>,
}

/// An event, whole.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventView {
    /// As in a list.
    #[cfg_attr(feature = "schema", schemars(flatten))]
    pub event: WaitingEvent,
    /// What it says.
    pub data: BTreeMap<String, Value>,
    /// Whether a relay has it at this moment.
    pub leased: bool,
    /// What became of it at each of its receivers.
    pub deliveries: Vec<AtReceiver>,
    /// What operators did to it, oldest first.
    pub history: Vec<HistoryEntry>,
}

/// An event at one receiver.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AtReceiver {
    /// The receiver.
    pub receiver_id: ReceiverId,
    /// Where it is.
    pub state: DeliveryState,
    /// Tries since it was made, or since an operator had it sent again.
    pub attempts: i64,
    /// What the last of them came to, if it failed.
    pub last_error: Option<String>,
    /// When it is sent next, while it is `pending`; else since when it is so.
    pub at_ms: i64,
}

/// An event that is sent again.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventRetried {
    /// The event.
    pub event_id: EventId,
    /// `pending`.
    pub state: EventState,
    /// Its tries: 0 for one that was given up.
    pub attempts: i64,
    /// When it is due: now.
    pub next_attempt_at_ms: i64,
}

/// An event that is given up for good.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventResolved {
    /// The event.
    pub event_id: EventId,
    /// `resolved`.
    pub state: EventState,
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
pub fn events(ports: &Ports<'_>, query: &ListEvents) -> Result<Done<EventPage>, Problem> {
    let cursor = query.cursor.map(|cursor| i64::try_from(cursor).unwrap_or(i64::MAX));
    let (events, last) = page(
        ports,
        &sql::OUTBOX_LIST,
        query.limit,
        |limit| json!({ "state": query.state.unwrap_or_default(), "cursor": cursor, "limit": limit }),
    )?;
    let next_cursor = last.and_then(|last| last.number("sequence"));
    Ok(Done::new(EventPage { events, next_cursor }))
}

/// One, whole, in whatever state.
///
/// # Errors
/// `event_not_found`.
pub fn event(ports: &Ports<'_>, event_id: &EventId) -> Result<Done<Rendered<EventView>>, Problem> {
    read(&Shop::new(ports), event_id).map(Done::new)
}

/// Has one sent again: a dead one as if it were new, one that waits now. It goes before those of
/// its subject that still wait, and comes after those that went out while it was dead.
///
/// # Errors
/// `event_not_found`, `already_settled`, `being_tried`.
pub fn retry_event(
    ports: &Ports<'_>,
    service: &Service,
    event_id: &EventId,
    body: &Act,
    change: &KeyedChange,
) -> Result<Done<Rendered<EventRetried>>, Problem> {
    act(ports, service, event_id, body, change, &sql::OUTBOX_RETRY)
}

/// Gives one up for good: nobody sends it any more.
///
/// # Errors
/// As [`retry_event`].
pub fn resolve_event(
    ports: &Ports<'_>,
    service: &Service,
    event_id: &EventId,
    body: &Act,
    change: &KeyedChange,
) -> Result<Done<Rendered<EventResolved>>, Problem> {
    act(ports, service, event_id, body, change, &sql::OUTBOX_RESOLVE)
}

fn act<T>(
    ports: &Ports<'_>,
    service: &Service,
    event_id: &EventId,
    body: &Act,
    change: &KeyedChange,
    command: &Command,
) -> Result<Done<Rendered<T>>, Problem> {
    let shop = Shop::new(ports);
    let seen: Seen = read(&shop, event_id)?;
    let actor = service.actor();
    let input = json!({
        "event_id": event_id, "legal_from": [EventState::Pending, EventState::Dead], "state": seen.state, "attempts": seen.attempts, "actor": actor,
        "reason": body.reason.0,
    });
    change.apply(&shop, &actor, command, input)?.done(|refusal| {
        if refusal != Refusal::EventMovedOn {
            return refused(refusal);
        }
        match seen.state {
            EventState::Published | EventState::Resolved | EventState::Fanned => {
                already("it is published or settled, or for its receivers alone")
            }
            EventState::Pending | EventState::Dead => being_tried(),
        }
    })
}

fn read<R: DeserializeOwned>(shop: &Shop<'_>, event_id: &EventId) -> Result<R, Problem> {
    shop.read(&sql::OUTBOX_VIEW, &json!({ "event_id": event_id }))?
        .ok_or_else(|| Problem::new(Code::EventNotFound))
}
