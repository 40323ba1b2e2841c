//! Misbehaviour on demand.
//!
//! A fault is either part of the payment token (`pm_sim_void_fails_2`), so that tests running side
//! by side do not meet, or a row set through `/faults` that matches some calls a number of times.

use edge::{Code, Problem, Reply, Request};
use ports::Ports;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::ledger::{Books, CLAIM_MS_MAX, decode_all};

/// What can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Creating and confirming a payment.
    Authorize,
    /// Taking the money.
    Capture,
    /// Releasing the hold.
    #[serde(alias = "void")]
    Cancel,
    /// Giving money back.
    Refund,
    /// Making or deleting a customer, saving or removing what they pay with.
    Customer,
    /// Asking for a payment or a refund, for a customer or their cards.
    Question,
    /// Receiving an event.
    Sink,
    /// Receiving one at `/sink/<name>`, where the name is the `subject` of the fault.
    Receiver,
    /// Publishing an identity provider's keys.
    Identity,
}

impl Operation {
    /// Its name, in scopes of counted attempts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::Capture => "capture",
            Self::Cancel => "cancel",
            Self::Refund => "refund",
            Self::Customer => "customer",
            Self::Question => "question",
            Self::Sink => "sink",
            Self::Receiver => "receiver",
            Self::Identity => "identity",
        }
    }
}

/// One way to misbehave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The issuer refuses with this code.
    Decline(String),
    /// Nothing is processed; this status is answered.
    Status(u16),
    /// Waits, then processes.
    Slow(u64),
    /// Processes, then waits: the answer comes too late.
    Late(u64),
    /// Processes and stores the answer, which then is lost.
    LostAnswer,
    /// Answers 500 and stores that under the key, having processed the request or not, as Stripe
    /// does.
    ServerError {
        /// Whether it was processed.
        processed: bool,
    },
    /// Holds one minor unit more than was asked for.
    WrongAmount,
    /// A refund that is accepted but not finished.
    Pending,
    /// Sends the webhook twice.
    WebhookDuplicate,
    /// Sends the webhook after the payment's next one.
    WebhookReorder,
}

/// A fault and how often it happens; `None` is always.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Planned {
    fault: Fault,
    times: Option<u64>,
}

/// What a call is about, for matching.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Subject<'a> {
    /// The saga in the payment's metadata.
    pub saga: Option<&'a str>,
    /// The token.
    pub payment_method: Option<&'a str>,
    /// An event's subject.
    pub subject: Option<&'a str>,
    /// An event's type.
    #[serde(rename = "type")]
    pub event_type: Option<&'a str>,
}

/// The fault for this call, if any. A set fault goes before one in the token; `scope` names what
/// attempts are counted for.
///
/// # Errors
/// When the database fails.
pub fn pick(
    books: &Books<'_>,
    operation: Operation,
    subject: Subject<'_>,
    scope: &str,
) -> Result<Option<Fault>, Problem> {
    if let Some(fault) = pick_set(books, operation, subject)? {
        return Ok(Some(fault));
    }
    let planned = subject.payment_method.and_then(|token| in_token(operation, token));
    match planned {
        Some(Planned { fault, times: Some(times) }) => {
            let attempt = books.attempt(&format!("{}/{scope}", operation.name()))?;
            Ok((attempt <= times).then_some(fault))
        }
        Some(Planned { fault, times: None }) => Ok(Some(fault)),
        None => Ok(None),
    }
}

fn pick_set(
    books: &Books<'_>,
    operation: Operation,
    subject: Subject<'_>,
) -> Result<Option<Fault>, Problem> {
    const MATCHING: &str = "times_left > 0
        and coalesce(fault ->> '$.match.operation', ?1 ->> '$.operation') = ?1 ->> '$.operation'
        and (fault ->> '$.match.saga' is null or fault ->> '$.match.saga' is ?1 ->> '$.saga')
        and (fault ->> '$.match.payment_method' is null
             or fault ->> '$.match.payment_method' is ?1 ->> '$.payment_method')
        and (fault ->> '$.match.subject' is null or fault ->> '$.match.subject' is ?1 ->> '$.subject')
        and (fault ->> '$.match.type' is null or fault ->> '$.match.type' is ?1 ->> '$.type')";
    let mut doc = json!(subject);
    if let Some(members) = doc.as_object_mut() {
        members.insert("operation".to_owned(), json!(operation));
    }
    // Read first: without faults, which is nearly always, nobody takes the write lock.
    let found = books.query(&format!("select 'one' from fault where {MATCHING} limit 1"), &doc)?;
    if found.is_empty() {
        return Ok(None);
    }
    let taken = books.query(
        &format!(
            "update fault set times_left = times_left - 1 where fault_id =
               (select min(fault_id) from fault where {MATCHING}) returning fault"
        ),
        &doc,
    )?;
    let Some(taken) = taken.first() else {
        return Ok(None);
    };
    let setting: Setting =
        serde_json::from_str(taken).map_err(|e| Problem::internal(format!("fault row: {e}")))?;
    Ok(Some(setting.fault()))
}

/// Whether a `pm_sim_` token means something; a misspelt one must not pass for a good card.
#[must_use]
pub fn is_known_token(token: &str) -> bool {
    use Operation::{Authorize, Cancel, Capture, Refund};
    [Authorize, Capture, Cancel, Refund]
        .into_iter()
        .any(|operation| in_token(operation, token).is_some())
}

/// The fault a token carries for an operation: `pm_sim_[capture_|void_|refund_]<fault>[_<times>]`.
fn in_token(operation: Operation, token: &str) -> Option<Planned> {
    let spelled = token.strip_prefix("pm_sim_")?;
    let (meant, spelled) = [
        ("capture_", Operation::Capture),
        ("void_", Operation::Cancel),
        ("refund_", Operation::Refund),
    ]
    .into_iter()
    .find_map(|(prefix, operation)| Some((operation, spelled.strip_prefix(prefix)?)))
    .unwrap_or((Operation::Authorize, spelled));
    if meant != operation {
        return None;
    }
    let words: Vec<&str> = spelled.split('_').collect();
    let always = |fault| Some(Planned { fault, times: None });
    let counted = |fault, times: &str| {
        let times = match times {
            "once" => Some(1),
            "always" => None,
            number => Some(number.parse().ok()?),
        };
        Some(Planned { fault, times })
    };
    match words.as_slice() {
        ["fails"] => always(Fault::Status(503)),
        ["fails", times] => counted(Fault::Status(503), times),
        ["status", code] => always(Fault::Status(code.parse().ok()?)),
        ["status", code, times] => counted(Fault::Status(code.parse().ok()?), times),
        ["slow", ms] => always(Fault::Slow(bounded(ms.parse().ok()?))),
        ["lost", "answer"] => counted(Fault::LostAnswer, "once"),
        ["lost", "answer", times] => counted(Fault::LostAnswer, times),
        ["server", "error"] => always(Fault::ServerError { processed: false }),
        ["server", "error", "after"] => always(Fault::ServerError { processed: true }),
        ["wrong", "amount"] if operation == Operation::Authorize => always(Fault::WrongAmount),
        ["pending"] if operation == Operation::Refund => always(Fault::Pending),
        ["declined"] => always(Fault::Decline("generic_decline".to_owned())),
        ["declined", code @ ..] => always(Fault::Decline(code.join("_"))),
        _ => None,
    }
}

/// Below the age at which a claim counts as dead, or a slow request would be run twice.
#[must_use]
pub fn bounded(ms: u64) -> u64 {
    ms.min(CLAIM_MS_MAX.unsigned_abs().saturating_sub(5_000))
}

/// A fault as it is set.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    #[serde(default, rename = "match")]
    matches: Match,
    fault: Kind,
    /// Status for `status`; default 503.
    #[serde(default)]
    code: Option<u16>,
    /// For `decline`; default `generic_decline`.
    #[serde(default)]
    decline_code: Option<String>,
    /// For `slow` and `processed_late`; default 3,000.
    #[serde(default)]
    ms: Option<u64>,
    #[serde(default = "once")]
    times: u32,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Match {
    #[serde(default)]
    operation: Option<Operation>,
    #[serde(default)]
    saga: Option<String>,
    #[serde(default)]
    payment_method: Option<String>,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default, rename = "type")]
    event_type: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Decline,
    Status,
    Slow,
    ProcessedNoAnswer,
    ProcessedLate,
    ServerError,
    ProcessedServerError,
    RefundPending,
    WrongAmount,
    WebhookDuplicate,
    WebhookReorder,
    /// `status` for the operation `sink`.
    SinkFail,
}

impl Setting {
    fn fault(&self) -> Fault {
        match self.fault {
            Kind::Decline => Fault::Decline(
                self.decline_code.clone().unwrap_or_else(|| "generic_decline".to_owned()),
            ),
            Kind::Status | Kind::SinkFail => Fault::Status(self.code.unwrap_or(503)),
            Kind::Slow => Fault::Slow(bounded(self.ms.unwrap_or(3_000))),
            Kind::ProcessedNoAnswer => Fault::LostAnswer,
            Kind::ProcessedLate => Fault::Late(bounded(self.ms.unwrap_or(3_000))),
            Kind::ServerError => Fault::ServerError { processed: false },
            Kind::ProcessedServerError => Fault::ServerError { processed: true },
            Kind::RefundPending => Fault::Pending,
            Kind::WrongAmount => Fault::WrongAmount,
            Kind::WebhookDuplicate => Fault::WebhookDuplicate,
            Kind::WebhookReorder => Fault::WebhookReorder,
        }
    }
}

fn once() -> u32 {
    1
}

/// `POST /faults`: sets a fault; answers its id.
///
/// # Errors
/// A malformed body, or a failing database.
pub async fn add(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let mut setting: Setting = request.json()?;
    if setting.code.is_some_and(|code| !(200..=599).contains(&code)) {
        return Err(Problem::invalid_field("/code", "must be a status from 200 to 599"));
    }
    if setting.fault == Kind::SinkFail {
        setting.matches.operation = Some(Operation::Sink);
    }
    let id = Books::open(ports)?
        .query("insert into fault (fault, times_left) values (?1, ?1 ->> '$.times') returning cast(fault_id as text)", &json!(setting))?;
    let id = id.first().cloned().unwrap_or_default();
    Ok(Reply::json(201, &json!({"fault_id": id})).location(format!("/faults/{id}")))
}

/// `GET /faults`: the faults that can still happen.
///
/// # Errors
/// When the database fails.
pub async fn list(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    let rows = Books::open(ports)?.query(
        "select json_object('fault_id', cast(fault_id as text), 'times_left', times_left, 'fault', json(fault))
         from fault where times_left > 0 and ?1 is not null order by fault_id",
        &json!({}),
    )?;
    Ok(Reply::json(200, &json!({"faults": decode_all(&rows)?})))
}

/// `DELETE /faults`: removes all. Tests side by side remove their own instead.
///
/// # Errors
/// When the database fails.
pub async fn clear(ports: &Ports<'_>, _: &Request) -> Result<Reply, Problem> {
    Books::open(ports)?.query("delete from fault where ?1 is not null", &json!({}))?;
    Ok(Reply::empty(204))
}

/// `DELETE /faults/:fault_id`: removes one.
///
/// # Errors
/// An unknown id, or a failing database.
pub async fn remove(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let gone = Books::open(ports)?.query(
        "delete from fault where cast(fault_id as text) = ?1 ->> '$.id' returning cast(fault_id as text)",
        &json!({"id": request.param("fault_id")}),
    )?;
    if gone.is_empty() { Err(Problem::new(Code::NotFound)) } else { Ok(Reply::empty(204)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_what_fails_and_how_often() {
        let check = |token: &str, operation, expect: Option<(Fault, Option<u64>)>| {
            let expect = expect.map(|(fault, times)| Planned { fault, times });
            assert_eq!(in_token(operation, token), expect, "{token}");
        };
        use Operation::{Authorize, Cancel, Capture, Refund};
        check("pm_card_visa", Authorize, None);
        check("pm_sim_status_503", Authorize, Some((Fault::Status(503), None)));
        check("pm_sim_status_500_2", Authorize, Some((Fault::Status(500), Some(2))));
        check("pm_sim_slow_3000", Authorize, Some((Fault::Slow(3_000), None)));
        check("pm_sim_slow_99000", Authorize, Some((Fault::Slow(25_000), None)));
        check("pm_sim_lost_answer", Authorize, Some((Fault::LostAnswer, Some(1))));
        check("pm_sim_lost_answer_once", Authorize, Some((Fault::LostAnswer, Some(1))));
        check("pm_sim_lost_answer_always", Authorize, Some((Fault::LostAnswer, None)));
        check("pm_sim_capture_fails", Capture, Some((Fault::Status(503), None)));
        check("pm_sim_capture_fails", Authorize, None);
        check("pm_sim_void_fails_2", Cancel, Some((Fault::Status(503), Some(2))));
        check("pm_sim_void_fails_always", Cancel, Some((Fault::Status(503), None)));
        check("pm_sim_refund_pending", Refund, Some((Fault::Pending, None)));
        check(
            "pm_sim_declined_lost_card",
            Authorize,
            Some((Fault::Decline("lost_card".to_owned()), None)),
        );
        assert!(is_known_token("pm_sim_void_fails_2"));
        assert!(!is_known_token("pm_sim_void_fals_2"));
    }
}
