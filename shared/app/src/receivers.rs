//! `/api/v1/receivers…`: who is sent events beside the sink (EVT-7), each with its filter of types
//! and its own secrets.
//!
//! A receiver is reached only at one of the hosts that the variables `receiver_host1` to
//! `receiver_host8` name, and a redirect is followed nowhere. Its secrets are sealed; each is told
//! once, when it is made.

use crate::{
    Change, KeyedChange,
    catalog::tables::Deleted,
    change::Apply as _,
    contact::{internal, keyring, random, unwrap},
    events::{Event, ReceiverTested, TYPES},
    members::Maximum,
    operations::already,
    page::PageSize,
    problem::refused,
    shop::Shop,
};
use callers::Service;
use config::{
    EVENT_SINK_URL, EVENT_SOURCE, EVENT_TIMEOUT_MS, Keys, RECEIVER_HOST1, RECEIVER_HOST2,
    RECEIVER_HOST3, RECEIVER_HOST4, RECEIVER_HOST5, RECEIVER_HOST6, RECEIVER_HOST7, RECEIVER_HOST8,
    Setting, variable,
};
use domain::ids::{EventId, ReceiverId};
use json::{Value, json};
use ports::Ports;
use providers::{SinkError, SinkSettings, signature};
use seal::{DataKey, KEY_BYTES, WrappedKey};
use serde::{Deserialize, Serialize};
use store::{Refusal, sql};
use terms::{Code, Done, Problem, Rendered};

const PAGE: PageSize = PageSize { default: 50, max: 100 };
const DELIVERIES: PageSize = PageSize { default: 50, max: 200 };
/// How many a shop may have: each event is held against the filter of each.
const RECEIVERS_MAX: i64 = 32;
/// How many types a filter may name.
const TYPES_MAX: usize = 50;
/// How long a URL may be.
const URL_MAX: usize = 1_000;
/// How many secrets sign at once: one, and those it replaced while they are valid.
const SECRETS_MAX: usize = 4;
/// How long an old secret stays valid if nobody says how long: a day.
const OLD_VALID_SECONDS: i64 = 86_400;
/// And at most: thirty days.
const OLD_VALID_SECONDS_MAX: i64 = 2_592_000;
/// Deliveries that are retried or resolved at once.
const ACT_MAX: i64 = 1_000;
/// What the sink of the variables is called, among receivers.
const SINK: &str = "sink";
/// Where a receiver may be.
const HOSTS: [&Setting<String>; 8] = [
    &RECEIVER_HOST1,
    &RECEIVER_HOST2,
    &RECEIVER_HOST3,
    &RECEIVER_HOST4,
    &RECEIVER_HOST5,
    &RECEIVER_HOST6,
    &RECEIVER_HOST7,
    &RECEIVER_HOST8,
];

/// A receiver to be.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReceiverFacts {
    /// Where events are posted to: one of the hosts of the variables `receiver_host1` to
    /// `receiver_host8`, and a path. `{type}` in it becomes the event's type.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 1_000)))]
    url: String,
    /// Which events: types (`cart.converted`) and beginnings of types (`orders.*`); none for all.
    #[cfg_attr(feature = "schema", schemars(length(max = 50)))]
    types: Vec<String>,
    /// Whether it is sent anything; while it is `false`, nothing new is kept for it, and what waits
    /// goes on waiting.
    active: bool,
}

/// A receiver of events.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Receiver {
    /// The receiver.
    pub receiver_id: ReceiverId,
    /// Where events are posted to.
    pub url: String,
    /// Which events; all, if there is none.
    pub types: Vec<String>,
    /// Whether it is sent anything.
    pub active: bool,
}

/// A receiver that was put.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReceiverPut {
    /// The receiver.
    receiver: Rendered<Receiver>,
    /// What its events are signed with, as Standard Webhooks writes it, if the receiver is new. It is
    /// told nowhere else, and never again.
    secret: Option<String>,
}

/// A receiver, and how it is doing.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReceiverView {
    /// The receiver.
    receiver: Rendered<Receiver>,
    /// How many of its events wait, counted to 1,000.
    pending: i64,
    /// How many were given up, counted to 1,000.
    dead: i64,
    /// How many secrets its events are signed with now.
    secrets: usize,
    /// When the last of its old secrets stops; null if it has none.
    old_secrets_until_ms: Option<i64>,
}

/// Which page of the receivers.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListReceivers {
    /// Where the page before ended (`next_cursor`).
    cursor: Option<ReceiverId>,
    /// Entries a page has, 1 to 100.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100)))]
    limit: Option<i64>,
}

/// A page of receivers.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReceiverPage {
    /// The URL of the sink, the receiver that the variables name, without its password; null if there
    /// is none. It is sent every event, and its deliveries are at `/api/v1/operations/events`.
    sink: Option<String>,
    /// Where a receiver may be.
    hosts: Vec<String>,
    /// The receivers, by their ids.
    receivers: Vec<Rendered<Receiver>>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<ReceiverId>,
}

/// A receiver's answer to a test.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReceiverTest {
    /// The event it was sent: of the type `receivers.receiver.tested`, to it alone and only once.
    event_id: String,
    /// Whether it has taken it: its status was 2xx.
    delivered: bool,
    /// Its status; null if it gave none.
    status: Option<u16>,
    /// What went wrong.
    error: Option<String>,
    /// How long it took.
    duration_ms: i64,
}

/// How a secret is changed.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rotate {
    /// How long those that are valid now sign beside the new one, 0 to 2,592,000; a day when left out.
    /// With 0 they end at once.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 2_592_000)))]
    old_valid_seconds: Option<i64>,
}

/// A secret that was made.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rotated {
    /// The receiver.
    receiver_id: ReceiverId,
    /// What its events are signed with from now on. It is told nowhere else, and never again.
    secret: String,
    /// Until when its old ones sign beside it; null if they have ended.
    old_secrets_until_ms: Option<i64>,
}

/// Where an event is on its way to one receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It waits for its turn, or is being sent.
    Pending,
    /// The receiver has it.
    Published,
    /// It was given up, with an alert.
    #[default]
    Dead,
    /// An operator has given it up for good.
    Resolved,
}

/// Which page of what a receiver was sent.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListDeliveries {
    /// Those in this state; `dead` when left out.
    state: Option<DeliveryState>,
    /// Where the page before ended (`next_cursor`).
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    cursor: Option<u64>,
    /// Deliveries a page has, 1 to 200.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 200)))]
    limit: Option<i64>,
}

/// An event on its way to one receiver.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Delivery {
    /// The event: the `id` of its CloudEvent.
    pub event_id: EventId,
    /// Its number among all events: the `sequence` of its CloudEvent.
    pub sequence: i64,
    /// What happened.
    #[cfg_attr(feature = "schema", schemars(rename = "type"))]
    pub event_type: String,
    /// What it happened to; events of one subject go to a receiver in order.
    pub subject: String,
    /// Where it is.
    pub state: DeliveryState,
    /// Tries since it was made, or since an operator had it sent again.
    pub attempts: i64,
    /// When the first of those tries failed.
    pub failing_since_ms: Option<i64>,
    /// When it is sent next, while it is `pending`; else since when it is so.
    pub at_ms: i64,
    /// What the last try came to, if it failed.
    pub last_error: Option<String>,
    /// When it happened.
    pub created_at_ms: i64,
}

/// A page of what a receiver was or is to be sent, newest first.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeliveryPage {
    /// The deliveries.
    deliveries: Vec<Rendered<Delivery>>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<i64>,
}

/// What an operator does to deliveries that were given up.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ActOnDeliveries {
    /// The event of one of them, or of one that waits for its next try; all that were given up when
    /// left out, the oldest first, 1,000 at most.
    event_id: Option<EventId>,
    /// In one line, kept in the open: no personal data.
    #[cfg_attr(feature = "schema", schemars(with = "String", length(min = 1, max = 200)))]
    reason: crate::operations::Reason,
}

/// What was done to deliveries.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ActedOn {
    /// The receiver.
    pub receiver_id: ReceiverId,
    /// To how many.
    pub deliveries: i64,
    /// Whether more are left that were given up.
    pub more: bool,
}

/// A secret, and until when it signs; the first has no end.
#[derive(Serialize, Deserialize)]
struct Secret {
    secret: String,
    until_ms: Option<i64>,
}

/// A receiver with what opens its secrets.
#[derive(Deserialize)]
struct Kept {
    receiver: Value,
    secrets: String,
    data_key: Option<WrappedKey>,
    pending: i64,
    dead: i64,
}

/// A receiver as the relay finds it.
#[derive(Debug, Deserialize)]
pub(crate) struct Due {
    pub(crate) receiver_id: ReceiverId,
    url: String,
    secrets: String,
    data_key: Option<WrappedKey>,
    /// Whether anything waits for it.
    pub(crate) waits: bool,
}

impl Due {
    /// How it is reached, and signed for.
    pub(crate) fn settings(&self, shop: &Shop<'_>) -> Result<SinkSettings, Problem> {
        let secrets = open(shop, &self.receiver_id, self.data_key.as_ref(), &self.secrets)?.1;
        settings(shop, self.url.clone(), &secrets)
    }
}

fn subject(receiver_id: &ReceiverId) -> String {
    format!("receiver/{receiver_id}")
}

fn settings(shop: &Shop<'_>, url: String, secrets: &[Secret]) -> Result<SinkSettings, Problem> {
    let valid: Vec<&str> = valid(shop, secrets).map(|secret| secret.secret.as_str()).collect();
    let secrets: Keys =
        valid.join(" ").parse().map_err(|_| Problem::internal("a receiver without a secret"))?;
    Ok(SinkSettings {
        url,
        stream: String::new(),
        stream_limit: 0,
        secrets,
        source: shop.setting(&EVENT_SOURCE)?,
        timeout_ms: shop.setting(&EVENT_TIMEOUT_MS)?,
    })
}

/// Those that sign now.
fn valid<'s>(shop: &Shop<'_>, secrets: &'s [Secret]) -> impl Iterator<Item = &'s Secret> {
    let now_ms = shop.ports.clock.wall_ms();
    secrets.iter().filter(move |secret| secret.until_ms.is_none_or(|until_ms| until_ms > now_ms))
}

fn old_until_ms<'s>(secrets: impl Iterator<Item = &'s Secret>) -> Option<i64> {
    secrets.filter_map(|secret| secret.until_ms).max()
}

fn made(shop: &Shop<'_>) -> Secret {
    Secret { secret: signature::standard_webhooks_secret(&random(shop)), until_ms: None }
}

/// Seals a receiver's secrets: in the row of another they do not open.
fn seal(
    shop: &Shop<'_>,
    receiver_id: &ReceiverId,
    key: &DataKey,
    secrets: &[Secret],
) -> Result<String, Problem> {
    let plain = serde_json::to_vec(secrets)
        .map_err(|error| Problem::internal(format!("secrets: {error}")))?;
    key.seal(random(shop), &subject(receiver_id), &plain).map_err(internal)
}

fn open(
    shop: &Shop<'_>,
    receiver_id: &ReceiverId,
    wrapped: Option<&WrappedKey>,
    sealed: &str,
) -> Result<(DataKey, Vec<Secret>), Problem> {
    let wrapped = wrapped.ok_or_else(|| Problem::internal("a receiver without its key"))?;
    let key = unwrap(&keyring(shop)?, wrapped)?;
    let plain = key.open(&subject(receiver_id), sealed).map_err(internal)?;
    let secrets =
        json::read(&plain).map_err(|_| Problem::internal("the sealed secrets are none"))?;
    Ok((key, secrets))
}

fn unknown() -> Problem {
    Problem::new(Code::EntryNotFound)
}

fn kept(shop: &Shop<'_>, receiver_id: &ReceiverId) -> Result<Kept, Problem> {
    shop.read(&sql::RECEIVER_VIEW, &json!({ "receiver_id": receiver_id }))?.ok_or_else(unknown)
}

/// Where a receiver may be.
fn hosts(shop: &Shop<'_>) -> Result<Vec<String>, Problem> {
    let all: Vec<String> = HOSTS.iter().map(|host| shop.setting(host)).collect::<Result<_, _>>()?;
    Ok(all.into_iter().filter(|host| !host.is_empty()).collect())
}

/// What is after one of the hosts: nothing, or a path. So a URL says no user, and means no other
/// host than it seems to.
fn check_url(shop: &Shop<'_>, url: &str) -> Result<(), Problem> {
    let wrong = |right: &str| Err(Problem::invalid_field("/url", right));
    if url.len() > URL_MAX || !url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') {
        return wrong("must be a URL of up to 1,000 characters, without spaces and `#`");
    }
    let begins = |host: &String| {
        url.strip_prefix(host.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    };
    if hosts(shop)?.iter().any(begins) {
        Ok(())
    } else {
        wrong("must begin with one of the hosts of the variables receiver_host1 to receiver_host8")
    }
}

fn check_types(types: &[String]) -> Result<(), Problem> {
    if types.len() > TYPES_MAX {
        return Err(Problem::invalid_field("/types", "must be at most 50"));
    }
    for (at, wanted) in types.iter().enumerate() {
        let known = match wanted.strip_suffix('*') {
            Some(beginning) => {
                beginning.ends_with('.') && TYPES.iter().any(|known| known.starts_with(beginning))
            }
            None => TYPES.contains(&wanted.as_str()),
        };
        if !known {
            return Err(Problem::invalid_field(
                format!("/types/{at}"),
                "must be the type of an event, or how types begin and `.*`: `orders.*`",
            ));
        }
    }
    Ok(())
}

/// Receivers, those too that are paused, page by page, with the sink and the hosts they may be at.
///
/// # Errors
/// `invalid_field` for a limit out of range.
pub fn list(ports: &Ports<'_>, query: &ListReceivers) -> Result<Done<ReceiverPage>, Problem> {
    let limit = PAGE.limit(query.limit)?;
    let shop = Shop::new(ports);
    let cursor = query.cursor.as_ref().map_or("", ReceiverId::as_str);
    let input = json!({ "cursor": cursor, "limit": limit.to_read() });
    let mut receivers: Vec<Rendered<Receiver>> = shop.list(&sql::RECEIVER_LIST, &input)?;
    let next_cursor = limit.cut(&mut receivers).map(|last| last.id("receiver_id")).transpose()?;
    let url = shop.setting(&EVENT_SINK_URL)?;
    let sink = variable(EVENT_SINK_URL.name)
        .filter(|_| !url.is_empty())
        .map(|variable| variable.shown(url));
    Ok(Done::new(ReceiverPage { sink, hosts: hosts(&shop)?, receivers, next_cursor }))
}

/// One receiver, and how it is doing.
///
/// # Errors
/// `entry_not_found`.
pub fn view(ports: &Ports<'_>, receiver_id: &ReceiverId) -> Result<Done<ReceiverView>, Problem> {
    let shop = Shop::new(ports);
    let kept = kept(&shop, receiver_id)?;
    let secrets = open(&shop, receiver_id, kept.data_key.as_ref(), &kept.secrets)?.1;
    Ok(Done::new(ReceiverView {
        receiver: Rendered::new(kept.receiver),
        pending: kept.pending,
        dead: kept.dead,
        secrets: valid(&shop, &secrets).count(),
        old_secrets_until_ms: old_until_ms(valid(&shop, &secrets)),
    }))
}

/// Adds or replaces a receiver. A new one is given its secret.
///
/// # Errors
/// `invalid_field` for a URL at no host of the variables, a type that there is not, and the name
/// that is the sink's; `too_many_receivers`.
pub fn put(
    ports: &Ports<'_>,
    service: &Service,
    receiver_id: &ReceiverId,
    body: &ReceiverFacts,
) -> Result<Done<ReceiverPut>, Problem> {
    #[derive(Deserialize)]
    struct Put {
        receiver: Value,
        made: bool,
    }
    let shop = Shop::new(ports);
    if receiver_id.as_str() == SINK {
        return Err(Problem::invalid_field(
            "receiver_id",
            "must not be `sink`: that one is set by variables",
        ));
    }
    check_url(&shop, &body.url)?;
    check_types(&body.types)?;
    let secret = made(&shop);
    let (key, wrapped) = keyring(&shop)?
        .wrap(shop.id(), &random::<KEY_BYTES>(&shop), random(&shop))
        .map_err(internal)?;
    let sealed = seal(&shop, receiver_id, &key, std::slice::from_ref(&secret))?;
    let input = json!({
        "subject": subject(receiver_id), "actor": service.actor(), "receiver_id": receiver_id, "url": body.url, "types": body.types,
        "active": body.active, "secrets": sealed, "data_key": wrapped, "receiver_limit": RECEIVERS_MAX,
    });
    let put: Put = shop.apply(&sql::RECEIVER_PUT, &input)?.map_err(|refusal| {
        let problem = refused(refusal);
        if refusal == Refusal::TooManyReceivers {
            problem.with(Maximum, &RECEIVERS_MAX)
        } else {
            problem
        }
    })?;
    let secret = put.made.then_some(secret.secret);
    Ok(Done::new(ReceiverPut { receiver: Rendered::new(put.receiver), secret }))
}

/// Deletes a receiver with its secrets and all that waits for it.
///
/// # Errors
/// `entry_not_found`.
pub fn delete(
    ports: &Ports<'_>,
    service: &Service,
    receiver_id: &ReceiverId,
    change: &Change,
) -> Result<Done<Rendered<Deleted>>, Problem> {
    let actor = service.actor();
    let input = json!({
        "subject": subject(receiver_id), "actor": actor, "receiver_id": receiver_id, "events": [],
    });
    change.apply(&Shop::new(ports), &actor, &sql::RECEIVER_DELETE, input)?.done(refused)
}

/// Sends a receiver an event of its own, now, and tells what it answered.
///
/// # Errors
/// `entry_not_found`. What the receiver does wrong is an answer, and no error.
pub async fn test(
    ports: &Ports<'_>,
    receiver_id: &ReceiverId,
) -> Result<Done<ReceiverTest>, Problem> {
    let shop = Shop::new(ports);
    let kept = kept(&shop, receiver_id)?;
    let secrets = open(&shop, receiver_id, kept.data_key.as_ref(), &kept.secrets)?.1;
    let url = kept.receiver.get("url").and_then(Value::as_str).unwrap_or_default();
    let settings = settings(&shop, url.to_owned(), &secrets)?;
    let began_ms = ports.clock.wall_ms();
    let event = Event::of(&shop, &ReceiverTested { receiver_id }).outgoing(began_ms);
    let answered = providers::post(ports.http, ports.clock, &settings, &event).await;
    let (status, error) = match answered {
        Ok(status) => (Some(status), None),
        Err(SinkError::Refused { status, retry_after_ms: _ }) => {
            (Some(status), Some(format!("it answered {status}, and not 2xx")))
        }
        Err(error) => (None, Some(error.to_string())),
    };
    Ok(Done::new(ReceiverTest {
        event_id: event.event_id,
        delivered: error.is_none(),
        status,
        error,
        duration_ms: ports.clock.wall_ms().saturating_sub(began_ms),
    }))
}

/// Gives a receiver another secret. Those it has sign beside it for a while, so that the receiver can
/// be changed without losing an event.
///
/// # Errors
/// `entry_not_found`; `invalid_field` for a time out of range; `database_busy` if somebody else did
/// the same at this moment.
pub fn rotate(
    ports: &Ports<'_>,
    service: &Service,
    receiver_id: &ReceiverId,
    body: &Rotate,
) -> Result<Done<Rotated>, Problem> {
    let seconds = body.old_valid_seconds.unwrap_or(OLD_VALID_SECONDS);
    if !(0..=OLD_VALID_SECONDS_MAX).contains(&seconds) {
        return Err(Problem::invalid_field("/old_valid_seconds", "must be 0 to 2,592,000"));
    }
    let shop = Shop::new(ports);
    let kept = kept(&shop, receiver_id)?;
    let (key, old) = open(&shop, receiver_id, kept.data_key.as_ref(), &kept.secrets)?;
    let until_ms = ports.clock.wall_ms().saturating_add(seconds.saturating_mul(1_000));
    let mut secrets = vec![made(&shop)];
    if seconds > 0 {
        secrets.extend(valid(&shop, &old).map(|old| Secret {
            secret: old.secret.clone(),
            // No old one lives longer for this.
            until_ms: Some(old.until_ms.map_or(until_ms, |ends_ms| ends_ms.min(until_ms))),
        }));
        secrets.truncate(SECRETS_MAX);
    }
    let old_secrets_until_ms = old_until_ms(secrets.iter());
    let input = json!({
        "subject": subject(receiver_id), "actor": service.actor(), "receiver_id": receiver_id, "was": kept.secrets,
        "secrets": seal(&shop, receiver_id, &key, &secrets)?, "old_until_ms": old_secrets_until_ms,
    });
    shop.apply::<Value>(&sql::RECEIVER_ROTATE, &input)?.map_err(refused)?;
    let secret = secrets.into_iter().next().map(|secret| secret.secret).unwrap_or_default();
    Ok(Done::new(Rotated { receiver_id: receiver_id.clone(), secret, old_secrets_until_ms }))
}

/// What a receiver was or is to be sent, in one state, newest first.
///
/// # Errors
/// `entry_not_found`; `invalid_field` for a limit out of range.
pub fn deliveries(
    ports: &Ports<'_>,
    receiver_id: &ReceiverId,
    query: &ListDeliveries,
) -> Result<Done<DeliveryPage>, Problem> {
    let limit = DELIVERIES.limit(query.limit)?;
    let shop = Shop::new(ports);
    let cursor = query.cursor.map(|cursor| i64::try_from(cursor).unwrap_or(i64::MAX));
    let input = json!({
        "receiver_id": receiver_id, "state": query.state.unwrap_or_default(), "cursor": cursor, "limit": limit.to_read(),
    });
    let mut deliveries: Vec<Rendered<Delivery>> = shop.list(&sql::DELIVERY_LIST, &input)?;
    if deliveries.is_empty() {
        kept(&shop, receiver_id)?;
    }
    let next_cursor = limit.cut(&mut deliveries).and_then(|last| last.number("sequence"));
    Ok(Done::new(DeliveryPage { deliveries, next_cursor }))
}

/// Has deliveries that were given up sent again.
///
/// # Errors
/// `entry_not_found`; `already_settled` for one event's that was not given up and waits for no try.
pub fn retry(
    ports: &Ports<'_>,
    service: &Service,
    receiver_id: &ReceiverId,
    body: &ActOnDeliveries,
    change: &KeyedChange,
) -> Result<Done<Rendered<ActedOn>>, Problem> {
    act(ports, service, receiver_id, body, change, DeliveryState::Pending)
}

/// Gives deliveries that were given up, up for good.
///
/// # Errors
/// As [`retry`].
pub fn resolve(
    ports: &Ports<'_>,
    service: &Service,
    receiver_id: &ReceiverId,
    body: &ActOnDeliveries,
    change: &KeyedChange,
) -> Result<Done<Rendered<ActedOn>>, Problem> {
    act(ports, service, receiver_id, body, change, DeliveryState::Resolved)
}

fn act(
    ports: &Ports<'_>,
    service: &Service,
    receiver_id: &ReceiverId,
    body: &ActOnDeliveries,
    change: &KeyedChange,
    to_state: DeliveryState,
) -> Result<Done<Rendered<ActedOn>>, Problem> {
    let actor = service.actor();
    let input = json!({
        "receiver_id": receiver_id, "event_id": body.event_id, "to_state": to_state, "actor": actor, "reason": body.reason.0,
        "limit": ACT_MAX,
    });
    change.apply(&Shop::new(ports), &actor, &sql::DELIVERY_ACT, input)?.done(|refusal| {
        if refusal == Refusal::EventMovedOn {
            already("it has arrived, is being sent, was settled, or was never for this receiver")
        } else {
            refused(refusal)
        }
    })
}
