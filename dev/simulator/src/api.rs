//! The part of Stripe's API the shop uses, with Stripe's words, shapes and idempotency.
//!
//! Every call goes the same way: whether the provider is there and the key opens it, form, the
//! payment it is about, a fault if one is due, the claim on the idempotency key, a pure decision
//! (`decide`), one statement that applies it and stores the answer, the webhook. Errors here have
//! Stripe's shape; only the simulator's own failures are problem documents.

pub mod customers;
mod decide;

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use base64::Engine as _;
use decide::{Asked, Change, Decision};
use edge::{Code, Method, Problem, Reply, Request};
use ports::Ports;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    faults::{self, Fault, Operation, Subject, bounded},
    ledger::{Books, Claim, Effect, Record, Refund},
    objects::{self, Expand},
    provider::Now,
    webhooks,
};

/// A payment changed by others between reading and applying is decided on again this often.
const DECISIONS_MAX: u32 = 10;

/// `POST /v1/payment_intents`: makes a payment, and confirms it with `confirm=true`.
///
/// # Errors
/// When the simulator itself fails; likewise below.
pub async fn create(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    run(ports, request, Operation::Authorize, None).await
}

/// `POST /v1/payment_intents/:intent_id/confirm`.
///
/// # Errors
/// As [`create`].
pub async fn confirm(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    run(ports, request, Operation::Authorize, Some(request.param("intent_id"))).await
}

/// `POST /v1/payment_intents/:intent_id/capture`.
///
/// # Errors
/// As [`create`].
pub async fn capture(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    run(ports, request, Operation::Capture, Some(request.param("intent_id"))).await
}

/// `POST /v1/payment_intents/:intent_id/cancel`.
///
/// # Errors
/// As [`create`].
pub async fn cancel(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    run(ports, request, Operation::Cancel, Some(request.param("intent_id"))).await
}

/// `POST /v1/refunds`, of a payment or of its charge.
///
/// # Errors
/// As [`create`].
pub async fn refund(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let form = form(request);
    let of_charge = form
        .get("charge")
        .map(|charge| format!("pi_{}", charge.strip_prefix("ch_").unwrap_or(charge)));
    let intent_id = form.get("payment_intent").cloned().or(of_charge);
    run(ports, request, Operation::Refund, Some(&intent_id.unwrap_or_default())).await
}

/// `GET /v1/payment_intents/:intent_id`.
///
/// # Errors
/// As [`create`].
pub async fn retrieve(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    asked(ports, request, &["client_secret"], |books, _, parameters| {
        let intent_id = request.param("intent_id");
        let expand = Expand::of(parameters);
        if let Some(name) = expand.unknown("payment_intent") {
            return Ok(Answer::not_expandable(name));
        }
        Ok(match books.intent(intent_id)? {
            Some((_, record)) => {
                let secret = parameters.get("client_secret").map(String::as_str);
                match opened(request, secret, &record) {
                    Ok(()) => {
                        Answer::json(200, &expand.apply(objects::payment_intent(&record), &record))
                    }
                    Err(closed) => closed,
                }
            }
            None => Answer::missing(404, "payment_intent", "intent", intent_id),
        })
    })
}

/// `GET /v1/payment_intents?limit=&starting_after=`: the newest first.
///
/// # Errors
/// As [`create`].
pub async fn list(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    asked(ports, request, &["limit", "starting_after"], |books, _, parameters| {
        let Some(limit) = limit(parameters) else { return Ok(Answer::invalid_limit()) };
        let expand = Expand::of(parameters);
        if let Some(name) = expand.unknown("payment_intent") {
            return Ok(Answer::not_expandable(name));
        }
        let records = books.intents(
            parameters.get("starting_after").map(String::as_str),
            limit.saturating_add(1),
        )?;
        let shown = records
            .iter()
            .map(|record| expand.apply(objects::payment_intent(record), record))
            .collect();
        Ok(page("/v1/payment_intents", shown, limit))
    })
}

/// `GET /v1/payment_intents/search?query=metadata['name']:'value'`. Without Stripe's lag, unless it
/// is told to have one.
///
/// # Errors
/// As [`create`].
pub async fn search(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    asked(ports, request, &["query", "limit"], |books, now, parameters| {
        let query = parameters.get("query").map(String::as_str).unwrap_or_default();
        let clause = query
            .strip_prefix("metadata['")
            .and_then(|rest| rest.strip_suffix('\''))
            .and_then(|rest| rest.split_once("']:'"));
        let Some((name, value)) = clause else {
            return Ok(Answer::invalid(
                "query",
                "The simulator searches metadata['name']:'value' only.",
            ));
        };
        let value = value.replace("\\'", "'").replace("\\\\", "\\");
        let until_ms = now.now_ms.saturating_sub(now.standing.search_lag_ms);
        let data: Vec<Value> = books
            .search(name, &value, until_ms.div_euclid(1_000))?
            .iter()
            .map(objects::payment_intent)
            .collect();
        let found = json!({
            "object": "search_result", "url": "/v1/payment_intents/search", "has_more": false,
            "next_page": null, "data": data,
        });
        Ok(Answer::json(200, &found))
    })
}

/// `GET /v1/refunds/:refund_id`.
///
/// # Errors
/// As [`create`].
pub async fn retrieve_refund(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    asked(ports, request, &[], |books, _, parameters| {
        let refund_id = request.param("refund_id");
        let Some(refund) = books.refund(refund_id)? else {
            return Ok(Answer::missing(404, "refund", "refund", refund_id));
        };
        Ok(Answer::json(200, &shown_refund(books, &refund, &Expand::of(parameters))?))
    })
}

/// `GET /v1/refunds?payment_intent=&limit=&starting_after=`: the newest first.
///
/// # Errors
/// As [`create`].
pub async fn list_refunds(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    asked(ports, request, &["payment_intent", "limit", "starting_after"], |books, _, parameters| {
        let Some(limit) = limit(parameters) else { return Ok(Answer::invalid_limit()) };
        let of = parameters.get("payment_intent").map(String::as_str);
        if let Some(intent_id) = of
            && books.intent(intent_id)?.is_none()
        {
            return Ok(Answer::missing(400, "payment_intent", "payment_intent", intent_id));
        }
        let refunds = books.refunds(
            of,
            parameters.get("starting_after").map(String::as_str),
            limit.saturating_add(1),
        )?;
        let expand = Expand::of(parameters);
        let shown = refunds
            .iter()
            .map(|refund| shown_refund(books, refund, &expand))
            .collect::<Result<_, _>>()?;
        Ok(page("/v1/refunds", shown, limit))
    })
}

fn shown_refund(books: &Books<'_>, refund: &Refund, expand: &Expand) -> Result<Value, Problem> {
    let shown = objects::refund(refund);
    Ok(match books.intent(&refund.payment_intent)? {
        Some((_, record)) => expand.apply(shown, &record),
        None => shown,
    })
}

/// How many a page has; nothing for a number that is none.
fn limit(parameters: &BTreeMap<String, String>) -> Option<u32> {
    parameters
        .get("limit")
        .map_or(Some(10), |text| text.parse().ok())
        .filter(|limit| (1..=100).contains(limit))
}

/// A page, of objects of which one more than asked for was read.
fn page(url: &str, mut data: Vec<Value>, limit: u32) -> Answer {
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = data.len() > shown;
    data.truncate(shown);
    Answer::json(200, &objects::list(url, data, has_more))
}

/// `POST /authenticate {payment_intent, succeeds?}`: the customer at the issuer's page.
///
/// # Errors
/// 404 for an unknown payment; as [`create`].
pub async fn authenticate(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Authenticate {
        payment_intent: String,
        succeeds: Option<bool>,
    }
    let body: Authenticate = request.json()?;
    let books = Books::open(ports)?;
    let context = Context {
        ports,
        books: &books,
        now_ms: Now::read(ports, &books)?.now_ms,
        key: None,
        fault: None,
    };
    let answer = context
        .settle(Some(&body.payment_intent), |found, now_s| match found {
            Some(record) => {
                let new_id = ports.random.id().replace('-', "");
                decide::authenticate(record, body.succeeds.unwrap_or(true), &new_id, now_s)
            }
            None => Decision::refused(Answer::missing(
                404,
                "payment_intent",
                "intent",
                &body.payment_intent,
            )),
        })
        .await?;
    Ok(answer.reply())
}

/// A refund that was pending comes to its end; its id, unless it was no longer pending.
///
/// # Errors
/// As [`create`].
pub(crate) async fn settle_refund(
    ports: &Ports<'_>,
    books: &Books<'_>,
    refund: Refund,
    status: &str,
    failure_reason: Option<&str>,
) -> Result<Option<String>, Problem> {
    let refund_id = refund.id.clone();
    let context =
        Context { ports, books, now_ms: Now::read(ports, books)?.now_ms, key: None, fault: None };
    let answer = context
        .settle(Some(&refund.payment_intent), |found, _| {
            match (found, books.pending_refunds(Some(&refund_id))) {
                (Some(record), Ok(pending)) if !pending.is_empty() => {
                    decide::settle_refund(record, refund.clone(), status, failure_reason)
                }
                (_, _) => Decision::refused(Answer::missing(404, "refund", "refund", &refund_id)),
            }
        })
        .await?;
    Ok((answer.status == 200).then_some(refund_id))
}

/// An answer as it will be stored and sent.
pub struct Answer {
    status: u16,
    body: String,
}

impl Answer {
    fn json(status: u16, body: &Value) -> Self {
        Self { status, body: body.to_string() }
    }

    /// An error in Stripe's shape, without a code where Stripe has none; `more` adds members to it.
    fn error(status: u16, kind: &str, code: &str, message: &str, more: Value) -> Self {
        let mut error = json!({"type": kind, "message": message});
        if let (Some(error), Value::Object(more)) = (error.as_object_mut(), more) {
            if !code.is_empty() {
                error.insert("code".to_owned(), json!(code));
            }
            error.extend(more);
        }
        Self::json(status, &json!({"error": error}))
    }

    fn missing(status: u16, what: &str, parameter: &str, id: &str) -> Self {
        let message = format!("No such {what}: '{id}'");
        Self::error(
            status,
            "invalid_request_error",
            "resource_missing",
            &message,
            json!({"param": parameter}),
        )
    }

    fn required(parameter: &str) -> Self {
        let message = format!("Missing required param: {parameter}.");
        Self::error(
            400,
            "invalid_request_error",
            "parameter_missing",
            &message,
            json!({"param": parameter}),
        )
    }

    fn invalid(parameter: &str, message: &str) -> Self {
        Self::error(400, "invalid_request_error", "", message, json!({"param": parameter}))
    }

    fn invalid_limit() -> Self {
        let message = "The limit must be a whole number from 1 to 100.";
        Self::error(
            400,
            "invalid_request_error",
            "parameter_invalid_integer",
            message,
            json!({"param": "limit"}),
        )
    }

    fn unknown_parameter(name: &str) -> Self {
        let message = format!("Received unknown parameter: {name}");
        Self::error(
            400,
            "invalid_request_error",
            "parameter_unknown",
            &message,
            json!({"param": name}),
        )
    }

    fn not_expandable(name: &str) -> Self {
        Self::error(
            400,
            "invalid_request_error",
            "",
            &format!("This property cannot be expanded ({name})."),
            json!({}),
        )
    }

    fn reply(self) -> Reply {
        Reply::stored(self.status, self.body)
    }
}

/// Sleeps; a fresh instance serves each request, so nobody else waits with it.
pub(crate) fn wait(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

/// What stands before every call: whether the provider is there, and whether it takes this key. The
/// reply, if not.
fn admitted(
    ports: &Ports<'_>,
    books: &Books<'_>,
    request: &Request,
) -> Result<Result<Now, Reply>, Problem> {
    let now = Now::read(ports, books)?;
    if let Some(away) = now.standing.away {
        wait(bounded(away.ms));
        return Ok(Err(Answer::error(
            away.status,
            "api_error",
            "",
            "The provider is away.",
            json!({}),
        )
        .reply()));
    }
    let key = api_key(request.header("authorization").unwrap_or_default());
    if key.as_deref().is_some_and(is_publishable) {
        let is_open = match (request.method(), request.path().rsplit_once('/')) {
            (Method::Get, Some((of, _))) => of == "/v1/payment_intents",
            (Method::Post, Some((_, what))) => what == "confirm",
            (_, _) => false,
        };
        let message = "This API call cannot be made with a publishable API key. Please use a \
                       secret API key.";
        let kind = "invalid_request_error";
        return Ok(if is_open {
            Ok(now)
        } else {
            Err(Answer::error(403, kind, "secret_key_required", message, json!({})).reply())
        });
    }
    let refused = |code: &str, message: &str| {
        Answer::error(401, "invalid_request_error", code, message, json!({})).reply()
    };
    Ok(match (key.as_deref(), &now.standing.api_key) {
        (Some(key), Some(only)) if key == only => Ok(now),
        (Some(key), None) if key.starts_with("sk_test_") => Ok(now),
        (Some(_), Some(_)) => Err(refused("api_key_expired", "Expired API Key provided.")),
        (Some(_), None) => Err(refused(
            "",
            "Invalid API Key provided: the simulator takes keys that begin with sk_test_.",
        )),
        (None, _) => Err(refused(
            "",
            "You did not provide an API key. You need to provide your API key in the Authorization \
             header, using Bearer auth.",
        )),
    })
}

/// The key of a buyer's browser, which opens one payment alone: with its client secret.
fn is_publishable(key: &str) -> bool {
    key.starts_with("pk_test_")
}

/// Whether the client secret that came opens this payment: a browser must bring it.
fn opened(request: &Request, secret: Option<&str>, record: &Record) -> Result<(), Answer> {
    let key = api_key(request.header("authorization").unwrap_or_default());
    let needs_one = key.as_deref().is_some_and(is_publishable);
    match secret {
        Some(secret) if secret == record.intent.client_secret => Ok(()),
        None if !needs_one => Ok(()),
        None => Err(Answer::required("client_secret")),
        Some(_) => Err(Answer::invalid(
            "client_secret",
            "The client_secret provided does not match the client_secret associated with this \
             PaymentIntent.",
        )),
    }
}

/// The key of a header: as a bearer's token, or as a user's name without a password.
fn api_key(header: &str) -> Option<String> {
    let (scheme, credential) = header.trim().split_once(' ')?;
    let credential = credential.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(credential.to_owned());
    }
    let named = scheme
        .eq_ignore_ascii_case("basic")
        .then(|| base64::engine::general_purpose::STANDARD.decode(credential).ok())
        .flatten()?;
    Some(String::from_utf8(named).ok()?.split(':').next()?.to_owned())
}

/// A question, answered; with the parameters that it may have.
fn asked<F>(
    ports: &Ports<'_>,
    request: &Request,
    known: &[&str],
    answer: F,
) -> Result<Reply, Problem>
where
    F: FnOnce(&Books<'_>, &Now, &BTreeMap<String, String>) -> Result<Answer, Problem>,
{
    let books = Books::open(ports)?;
    let reply = match question(ports, &books, request)? {
        Err(refused) => refused,
        Ok(now) => {
            let parameters: BTreeMap<String, String> = request.query()?;
            match parameters
                .keys()
                .find(|name| !known.contains(&name.as_str()) && !objects::is_expand(name))
            {
                Some(name) => Answer::unknown_parameter(name).reply(),
                None => answer(&books, &now, &parameters)?.reply(),
            }
        }
    };
    Ok(numbered(ports, reply))
}

/// A reply with a number of its own, by which Stripe's support finds it.
fn numbered(ports: &Ports<'_>, reply: Reply) -> Reply {
    reply.header("request-id", format!("req_{}", ports.random.id().replace('-', "")))
}

/// As [`admitted`], with what may go wrong with a question.
fn question(
    ports: &Ports<'_>,
    books: &Books<'_>,
    request: &Request,
) -> Result<Result<Now, Reply>, Problem> {
    let now = match admitted(ports, books, request)? {
        Ok(now) => now,
        Err(refused) => return Ok(Err(refused)),
    };
    let fault = match faults::pick(books, Operation::Question, Subject::default(), request.path())?
    {
        Some(fault) => Some(fault),
        None => now.by_chance(books, Operation::Question)?,
    };
    match fault {
        Some(Fault::Status(status)) => return Ok(Err(refused_by_fault(status))),
        Some(Fault::ServerError { .. } | Fault::LostAnswer) => return Ok(Err(Reply::empty(500))),
        Some(Fault::Slow(ms) | Fault::Late(ms)) => wait(ms),
        Some(
            Fault::Decline(_)
            | Fault::WrongAmount
            | Fault::Pending
            | Fault::WebhookDuplicate
            | Fault::WebhookReorder,
        )
        | None => {}
    }
    Ok(Ok(now))
}

/// Nothing was processed, and the provider says so, or does not.
fn refused_by_fault(status: u16) -> Reply {
    let reply = Answer::error(status, "api_error", "", "A fault was set.", json!({})).reply();
    if status == 429 { reply.header("retry-after", "1") } else { reply }
}

fn form(request: &Request) -> BTreeMap<String, String> {
    // Stripe takes the items of a list with their numbers too, and its own libraries send them so.
    // No list here has two.
    let unnumbered = |name: &str| {
        name.strip_suffix("[0]").map_or_else(|| name.to_owned(), |list| format!("{list}[]"))
    };
    form_urlencoded::parse(request.body())
        .map(|(name, value)| (unnumbered(&name), value.into_owned()))
        .collect()
}

/// The one way of every call that changes something.
async fn run(
    ports: &Ports<'_>,
    request: &Request,
    operation: Operation,
    intent_id: Option<&str>,
) -> Result<Reply, Problem> {
    Ok(numbered(ports, ran(ports, request, operation, intent_id).await?))
}

async fn ran(
    ports: &Ports<'_>,
    request: &Request,
    operation: Operation,
    intent_id: Option<&str>,
) -> Result<Reply, Problem> {
    let books = Books::open(ports)?;
    let now = match admitted(ports, &books, request)? {
        Ok(now) => now,
        Err(refused) => return Ok(refused),
    };
    let form = form(request);
    if let Some(answer) = decide::unknown_parameter(operation, intent_id.is_none(), &form) {
        return Ok(answer.reply());
    }
    let found = intent_id.map(|id| books.intent(id)).transpose()?.flatten();
    if let Some((_, record)) = &found
        && let Err(closed) = opened(request, form.get("client_secret").map(String::as_str), record)
    {
        return Ok(closed.reply());
    }
    let (saga, payment_method) = match &found {
        Some((_, record)) => (
            record.intent.metadata.get("saga_id"),
            form.get("payment_method")
                .or(record.intent.payment_method.as_ref())
                .map(String::as_str),
        ),
        None => (form.get("metadata[saga_id]"), form.get("payment_method").map(String::as_str)),
    };
    let saved = payment_method.map(|method| books.card(method)).transpose()?.flatten();
    let customer = form.get("customer").map(|id| books.customer(id)).transpose()?.flatten();
    // What a saved card does is what its token said.
    let payment_method = saved.as_ref().map(|card| card.token.as_str()).or(payment_method);
    let subject = Subject { saga: saga.map(String::as_str), payment_method, ..Subject::default() };
    let key = request.header("idempotency-key");
    let scope = intent_id.or(key).map_or_else(|| Cow::Owned(ports.random.id()), Cow::Borrowed);

    let fault = match faults::pick(&books, operation, subject, &scope)? {
        Some(fault) => Some(fault),
        None => now.by_chance(&books, operation)?,
    };
    let is_lost = fault == Some(Fault::LostAnswer);
    if let Some(Fault::Status(status)) = &fault {
        // Before the claim: nothing began, so the key stays free.
        return Ok(refused_by_fault(*status));
    }
    if let Some(reply) = answered_before(ports, &books, request, &form, (&now, is_lost))? {
        return Ok(reply);
    }
    match &fault {
        Some(Fault::Slow(ms)) => wait(*ms),
        Some(Fault::ServerError { processed: false }) => {
            let answer = server_error();
            if let Some(key) = key {
                books.store_answer(key, answer.status, &answer.body)?;
            }
            return Ok(answer.reply());
        }
        Some(_) | None => {}
    }
    let context = Context { ports, books: &books, now_ms: now.now_ms, key, fault: fault.as_ref() };
    let new_id = || ports.random.id().replace('-', "");
    let answer = context
        .settle(intent_id, |found, now_s| {
            let asked = Asked {
                form: &form,
                new_id: new_id(),
                now_s,
                fault: fault.as_ref(),
                saved: saved.clone(),
                customer: customer.clone(),
            };
            match (operation, found) {
                (Operation::Authorize, None) if intent_id.is_none() => decide::create(&asked),
                (Operation::Authorize, Some(record)) => decide::confirm(record, &asked),
                (Operation::Capture, Some(record)) => decide::capture(record, &asked),
                (Operation::Cancel, Some(record)) => decide::cancel(record, &asked),
                (Operation::Refund, Some(record)) => decide::refund(record, &asked),
                (
                    Operation::Authorize
                    | Operation::Capture
                    | Operation::Cancel
                    | Operation::Refund
                    | Operation::Customer
                    | Operation::Question
                    | Operation::Sink
                    | Operation::Receiver
                    | Operation::Identity,
                    _,
                ) => {
                    // In a path it is what is missing, in a form it is a wrong value.
                    let (status, parameter) = if operation == Operation::Refund {
                        (400, "payment_intent")
                    } else {
                        (404, "intent")
                    };
                    Decision::refused(Answer::missing(
                        status,
                        "payment_intent",
                        parameter,
                        intent_id.unwrap_or_default(),
                    ))
                }
            }
        })
        .await?;
    if let Some(Fault::Late(ms)) = &fault {
        wait(*ms);
    }
    Ok(if is_lost { Reply::empty(500) } else { answer.reply() })
}

/// What Stripe says when it broke on the way, and keeps under the key.
fn server_error() -> Answer {
    Answer::error(500, "api_error", "", "An error occurred on our side.", json!({}))
}

/// What a decision is applied with.
struct Context<'a> {
    ports: &'a Ports<'a>,
    books: &'a Books<'a>,
    /// By the provider's clock.
    now_ms: i64,
    key: Option<&'a str>,
    fault: Option<&'a Fault>,
}

impl Context<'_> {
    /// Decides on the payment as it is and applies the decision; again, if it changed meanwhile.
    async fn settle(
        &self,
        intent_id: Option<&str>,
        decide: impl Fn(Option<Record>, i64) -> Decision,
    ) -> Result<Answer, Problem> {
        for _ in 0..DECISIONS_MAX {
            let found = intent_id.map(|id| self.books.intent(id)).transpose()?.flatten();
            let (seen_version, record) =
                found.map_or((0, None), |(version, record)| (version, Some(record)));
            let Decision { answer, change, is_stored } =
                decide(record, self.now_ms.div_euclid(1_000));
            let broke =
                matches!(self.fault, Some(Fault::ServerError { processed: true })) && is_stored;
            let answer = if broke { server_error() } else { answer };
            let Some(change) = change else {
                match self.key {
                    Some(key) if is_stored => {
                        self.books.store_answer(key, answer.status, &answer.body)?
                    }
                    Some(key) => self.books.release(key)?,
                    None => {}
                }
                return Ok(answer);
            };
            let applied = self.books.apply(&Effect {
                intent_id: &change.record.intent.id,
                seen_version,
                record: &change.record,
                entries: &change.entries,
                refund: change.refund.as_ref(),
                card: change.card.as_ref(),
                idempotency_key: self.key,
                status: answer.status,
                body: &answer.body,
                at_ms: self.now_ms,
            })?;
            if applied {
                self.tell(&change).await?;
                return Ok(answer);
            }
        }
        Err(Problem::new(Code::DatabaseBusy).detail("the payment is changing all the time"))
    }

    async fn tell(&self, change: &Change) -> Result<(), Problem> {
        let record = &change.record;
        // An event carries what it is named after.
        let object = match (change.event_type.split('.').next(), &change.refund) {
            (Some("charge"), _) => objects::charge(record).unwrap_or_default(),
            (Some("refund"), Some(refund)) => objects::refund(refund),
            (_, _) => objects::payment_intent(record),
        };
        webhooks::emit(
            self.ports,
            self.books,
            &record.intent.id,
            change.event_type,
            &object,
            self.fault,
        )
        .await
    }
}

/// Claims the key that a request has, if it has one; the reply, if something stands under it already.
fn answered_before(
    ports: &Ports<'_>,
    books: &Books<'_>,
    request: &Request,
    form: &BTreeMap<String, String>,
    (now, is_lost): (&Now, bool),
) -> Result<Option<Reply>, Problem> {
    let Some(key) = request.header("idempotency-key") else { return Ok(None) };
    // The same parameters in another order are the same request.
    let parameters = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let fingerprint = format!("{} {parameters}", request.path());
    Ok(match books.claim(key, &fingerprint, ports.clock.wall_ms(), now)? {
        Claim::Ours => None,
        Claim::Running => Some(key_in_use().reply()),
        Claim::OtherRequest => Some(key_reused(key).reply()),
        Claim::Answered { .. } if is_lost => Some(Reply::empty(500)),
        Claim::Answered { status, body } => {
            Some(Reply::stored(status, body).header("idempotent-replayed", "true"))
        }
    })
}

fn key_in_use() -> Answer {
    let message = "Another request with this idempotency key is in progress.";
    Answer::error(409, "idempotency_error", "idempotency_key_in_use", message, json!({}))
}

fn key_reused(key: &str) -> Answer {
    let message = format!(
        "Keys for idempotent requests can only be used with the same parameters. Key: {key}"
    );
    Answer::error(400, "idempotency_error", "", &message, json!({}))
}
