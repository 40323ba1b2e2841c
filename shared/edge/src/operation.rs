//! An operation of the table of endpoints, as a type: who may call it, what it takes and what it
//! answers. What it takes is checked here, in one order, before its handler runs, and the handler
//! is given what was found, by type; what the handler gives back is what the table says it answers,
//! or it does not compile.

use crate::{
    Access, Code, Handler, HandlerFuture, Method, Outcome, Problem, Request, access::Admit,
};
use config::{BODY_LIMIT_BYTES, IMPORT_BODY_LIMIT_BYTES, Setting};
use ports::Ports;
use serde::{Serialize, de::DeserializeOwned};
use std::{future::Future, marker::PhantomData};
use terms::{Change, CloudEvent, Done, Form, KeyedChange, Sheet, Signed};

/// One method of one path.
pub trait Operation: 'static {
    /// What it is called in the API document.
    const ID: &'static str;
    /// Its method.
    const METHOD: Method;
    /// Who may call it.
    type Access: Admit;
    /// The parameters of its path.
    type Path: Path;
    /// Whether it makes what its path names: a name that can be none is then a field that is wrong,
    /// and otherwise names nothing.
    const MAKES: bool = false;
    /// What its query may say.
    type Query: Query;
    /// The header that it reads besides those that are every operation's.
    type Header: Header;
    /// What its body may be.
    type Body: Body;
    /// Which of `If-Match` and `Idempotency-Key` it reads.
    type Change: Conditions;
    /// What it answers when it refuses nothing.
    type Outcome: Outcome;
    /// The status of that.
    const STATUS: u16;
    /// The status of its other outcome ([`Done::other`]); where it has but one, the same.
    const OTHER: u16 = Self::STATUS;

    /// All of it, as data.
    const ROW: Row = Row {
        id: Self::ID,
        method: Self::METHOD,
        access: <Self::Access as Admit>::ACCESS,
        takes_query: <Self::Query as Query>::IS_TAKEN,
        header: <Self::Header as Header>::NAME,
        body: <Self::Body as Body>::PRESENCE,
        media: <Self::Body as Body>::MEDIA,
        body_limit: <Self::Body as Body>::LIMIT.name,
        is_versioned: <Self::Change as Conditions>::IS_VERSIONED,
        key: <Self::Change as Conditions>::KEY,
        status: Self::STATUS,
        other: Self::OTHER,
    };
}

/// One path of one component, for whoever reads the table.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    /// The component, which is also the crate and the wasm file.
    pub component: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// The path, with `:name` for a segment.
    pub path: &'static str,
    /// Its operations.
    pub operations: &'static [Row],
}

impl Endpoint {
    /// The worker it runs; nothing when it runs none.
    #[must_use]
    pub const fn worker(&self) -> &'static str {
        match self.operations {
            [Row { access: crate::Access::Worker(name), .. }, ..] => name,
            _ => "",
        }
    }
}

/// One operation, for whoever reads the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What it is called in the API document.
    pub id: &'static str,
    /// Its method.
    pub method: Method,
    /// Who may call it.
    pub access: crate::Access,
    /// Whether it takes any query parameter.
    pub takes_query: bool,
    /// The header of its own that it reads, if one, in lower case.
    pub header: Option<&'static str>,
    /// Its body.
    pub body: Presence,
    /// The media types its body may have; any, where it is not looked at.
    pub media: &'static [&'static str],
    /// The variable with the bytes its body may have.
    pub body_limit: &'static str,
    /// Whether it reads `If-Match`.
    pub is_versioned: bool,
    /// `Idempotency-Key`.
    pub key: Presence,
    /// The status it answers with when it refuses nothing.
    pub status: u16,
    /// And the status of its other outcome; where it has but one, the same.
    pub other: u16,
}

/// Whether a part of a request is read, and has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is not looked at.
    Unread,
    /// It may be there.
    Optional,
    /// It has to be there.
    Required,
}

/// The parameters of a path.
pub trait Path: Sized {
    /// Their names, in the order of the path.
    const NAMES: &'static [&'static str];

    /// Their values. `makes` is the operation's [`Operation::MAKES`].
    ///
    /// # Errors
    /// For a name that can be none: what is told of one that nothing has, or `invalid_field`.
    fn read(request: &Request, makes: bool) -> Result<Self, Problem>;
}

/// A path without parameters.
#[derive(Debug)]
pub struct NoParameters;

impl Path for NoParameters {
    const NAMES: &'static [&'static str] = &[];

    fn read(_: &Request, _: bool) -> Result<Self, Problem> {
        Ok(Self)
    }
}

/// What a query may say.
pub trait Query {
    /// What the handler gets.
    type Value;
    /// Whether it takes any parameter.
    const IS_TAKEN: bool;

    /// Reads it. Where none is taken it has been refused already.
    ///
    /// # Errors
    /// `unknown_field`, `invalid_field`.
    fn read(request: &Request) -> Result<Self::Value, Problem>;
}

/// No query: any parameter is refused.
#[derive(Debug)]
pub enum NoQuery {}

impl Query for NoQuery {
    type Value = ();
    const IS_TAKEN: bool = false;

    fn read(_: &Request) -> Result<(), Problem> {
        Ok(())
    }
}

/// The fields of `T`, and no others.
#[derive(Debug)]
pub struct Parameters<T>(PhantomData<T>);

impl<T: DeserializeOwned> Query for Parameters<T> {
    type Value = T;
    const IS_TAKEN: bool = true;

    fn read(request: &Request) -> Result<T, Problem> {
        request.query()
    }
}

/// A query that the operation's access has read: a worker's token.
#[derive(Debug)]
pub enum Credential {}

impl Query for Credential {
    type Value = ();
    const IS_TAKEN: bool = true;

    fn read(_: &Request) -> Result<(), Problem> {
        Ok(())
    }
}

/// A header that some operations read.
pub trait Header {
    /// What the handler gets.
    type Value;
    /// Its name in lower case; none where none is read.
    const NAME: Option<&'static str>;

    /// Reads it.
    ///
    /// # Errors
    /// `invalid_field`.
    fn read(request: &Request) -> Result<Self::Value, Problem>;
}

/// No header but those of every operation: what comes is not looked at.
#[derive(Debug)]
pub enum NoHeader {}

impl Header for NoHeader {
    type Value = ();
    const NAME: Option<&'static str> = None;

    fn read(_: &Request) -> Result<(), Problem> {
        Ok(())
    }
}

/// What a body may be.
pub trait Body {
    /// What the handler gets.
    type Value;
    /// Whether it has to be there.
    const PRESENCE: Presence;
    /// What it may be called.
    const MEDIA: &'static [&'static str] = &["application/json"];
    /// How many bytes it may have, read or not.
    const LIMIT: &'static Setting<usize> = &BODY_LIMIT_BYTES;

    /// Reads it.
    ///
    /// # Errors
    /// `unsupported_media_type`, `malformed_json`, `unknown_field`, `invalid_field`.
    fn read(request: &Request) -> Result<Self::Value, Problem>;
}

/// No body: what comes is not looked at.
#[derive(Debug)]
pub enum NoBody {}

impl Body for NoBody {
    type Value = ();
    const PRESENCE: Presence = Presence::Unread;
    const MEDIA: &'static [&'static str] = &[];

    fn read(_: &Request) -> Result<(), Problem> {
        Ok(())
    }
}

/// A JSON body.
#[derive(Debug)]
pub struct Json<T>(PhantomData<T>);

impl<T: DeserializeOwned> Body for Json<T> {
    type Value = T;
    const PRESENCE: Presence = Presence::Required;

    fn read(request: &Request) -> Result<T, Problem> {
        request.json()
    }
}

/// A JSON body of many things at once, which may be longer than others.
#[derive(Debug)]
pub struct BulkJson<T>(PhantomData<T>);

impl<T: DeserializeOwned> Body for BulkJson<T> {
    type Value = T;
    const PRESENCE: Presence = Presence::Required;
    const LIMIT: &'static Setting<usize> = &IMPORT_BODY_LIMIT_BYTES;

    fn read(request: &Request) -> Result<T, Problem> {
        request.json()
    }
}

/// A file of rows: JSON lines or CSV, which may be longer than other bodies. What is wrong with a row
/// is for the handler to say.
#[derive(Debug)]
pub enum Rows {}

impl Body for Rows {
    type Value = Sheet;
    const PRESENCE: Presence = Presence::Required;
    const MEDIA: &'static [&'static str] = &[Form::JSON_LINES, Form::CSV];
    const LIMIT: &'static Setting<usize> = &IMPORT_BODY_LIMIT_BYTES;

    fn read(request: &Request) -> Result<Sheet, Problem> {
        request.sheet()
    }
}

/// A JSON body that its sender signs as Stripe does, in the header `stripe-signature`: it is read only
/// once the handler knows who has sent it.
#[derive(Debug)]
pub enum StripeSigned {}

impl Body for StripeSigned {
    type Value = Signed;
    const PRESENCE: Presence = Presence::Required;

    fn read(request: &Request) -> Result<Signed, Problem> {
        request.signed("stripe-signature")
    }
}

/// An event of another program, in either of HTTP's modes. What it says is for the handler to read.
#[derive(Debug)]
pub enum CloudEventBody {}

impl Body for CloudEventBody {
    type Value = CloudEvent;
    const PRESENCE: Presence = Presence::Required;
    const MEDIA: &'static [&'static str] = &CloudEvent::MEDIA;

    fn read(request: &Request) -> Result<CloudEvent, Problem> {
        request.cloud_event()
    }
}

/// The same where the sender could not do anything about what is wrong with it: what to tell it is for
/// the handler.
#[derive(Debug)]
pub enum BroughtEvent {}

impl Body for BroughtEvent {
    type Value = Result<CloudEvent, Problem>;
    const PRESENCE: Presence = Presence::Required;
    const MEDIA: &'static [&'static str] = &CloudEvent::MEDIA;

    fn read(request: &Request) -> Result<Result<CloudEvent, Problem>, Problem> {
        Ok(request.cloud_event())
    }
}

/// A JSON body that may be missing: then it is the default.
#[derive(Debug)]
pub struct JsonOrDefault<T>(PhantomData<T>);

impl<T: DeserializeOwned + Default> Body for JsonOrDefault<T> {
    type Value = T;
    const PRESENCE: Presence = Presence::Optional;

    fn read(request: &Request) -> Result<T, Problem> {
        request.json_or_default()
    }
}

/// Which of `If-Match` and `Idempotency-Key` an operation reads.
pub trait Conditions {
    /// What the handler gets.
    type Value;
    /// Whether `If-Match` is read.
    const IS_VERSIONED: bool;
    /// Whether `Idempotency-Key` is read.
    const KEY: Presence;

    /// Reads them. The header `counted` is part of what the request was, if it is sent.
    ///
    /// # Errors
    /// `invalid_field`, `invalid_idempotency_key`, `idempotency_key_required`.
    fn read(request: &Request, counted: Option<&str>) -> Result<Self::Value, Problem>;
}

/// Neither.
#[derive(Debug)]
pub enum Unconditional {}

impl Conditions for Unconditional {
    type Value = ();
    const IS_VERSIONED: bool = false;
    const KEY: Presence = Presence::Unread;

    fn read(_: &Request, _: Option<&str>) -> Result<(), Problem> {
        Ok(())
    }
}

/// An `Idempotency-Key`, if one is sent.
#[derive(Debug)]
pub enum Keyed {}

impl Conditions for Keyed {
    type Value = Change;
    const IS_VERSIONED: bool = false;
    const KEY: Presence = Presence::Optional;

    fn read(request: &Request, counted: Option<&str>) -> Result<Change, Problem> {
        request.change_counting(counted)
    }
}

/// Both, if they are sent.
#[derive(Debug)]
pub enum Versioned {}

impl Conditions for Versioned {
    type Value = Change;
    const IS_VERSIONED: bool = true;
    const KEY: Presence = Presence::Optional;

    fn read(request: &Request, counted: Option<&str>) -> Result<Change, Problem> {
        Ok(request.change_counting(counted)?.against(request.if_match()?))
    }
}

/// An `Idempotency-Key`, which has to be there since a program moves money or stock, and
/// `If-Match`, if it is sent.
#[derive(Debug)]
pub enum MustBeKeyedVersioned {}

impl Conditions for MustBeKeyedVersioned {
    type Value = KeyedChange;
    const IS_VERSIONED: bool = true;
    const KEY: Presence = Presence::Required;

    fn read(request: &Request, counted: Option<&str>) -> Result<KeyedChange, Problem> {
        let seen = request.if_match()?;
        Ok(request.keyed_counting(counted)?.against(seen))
    }
}

/// An `Idempotency-Key`, which has to be there: a program moves money or stock.
#[derive(Debug)]
pub enum MustBeKeyed {}

impl Conditions for MustBeKeyed {
    type Value = KeyedChange;
    const IS_VERSIONED: bool = false;
    const KEY: Presence = Presence::Required;

    fn read(request: &Request, counted: Option<&str>) -> Result<KeyedChange, Problem> {
        request.keyed_counting(counted)
    }
}

/// A call of `O` that was let in, and all that it says. Not printable: it holds personal data.
pub struct Call<'a, O: Operation> {
    /// The world.
    pub ports: &'a Ports<'a>,
    /// Who calls.
    pub caller: <O::Access as Admit>::Caller,
    /// The parameters of the path.
    pub path: O::Path,
    /// The query.
    pub query: <O::Query as Query>::Value,
    /// The header of its own.
    pub header: <O::Header as Header>::Value,
    /// The body.
    pub body: <O::Body as Body>::Value,
    /// The preconditions, and the key.
    pub change: <O::Change as Conditions>::Value,
}

impl<O: Operation> std::fmt::Debug for Call<'_, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("operation", &O::ID).finish_non_exhaustive()
    }
}

impl<'a, O: Operation> Call<'a, O> {
    // A parameter that nobody takes is refused before anybody is asked who they are: it tells
    // nothing.
    fn read(ports: &'a Ports<'a>, request: &Request) -> Result<Self, Problem> {
        if !<O::Query as Query>::IS_TAKEN {
            request.no_query()?;
        }
        // What hands out no entity tag has none that could match, and is not begun. What is only
        // read is compared with the tag that it is found under; a worker that GET runs is no
        // reading.
        let is_read = O::METHOD == Method::Get && !matches!(O::ROW.access, Access::Worker(_));
        let has_tags = is_read || <O::Change as Conditions>::IS_VERSIONED;
        if !has_tags && !request.wants(None) {
            return Err(Problem::new(Code::VersionConflict)
                .field("if-match")
                .detail("no version of anything is changed here"));
        }
        Ok(Self {
            ports,
            caller: O::Access::admit(ports, request)?,
            query: O::Query::read(request)?,
            header: O::Header::read(request)?,
            body: O::Body::read(request)?,
            change: O::Change::read(request, <O::Header as Header>::NAME)?,
            // Last: whether a thing is there is the use case's to say of a name that can be one, so
            // of every other it is said where that would be.
            path: O::Path::read(request, O::MAKES)?,
        })
    }
}

/// What a handler of `O` gives back: what the table says it answers, or a problem.
pub type Answered<O> = Result<<O as Operation>::Outcome, Problem>;

/// What answers `O`. Every `async fn(Call<'_, O>) -> Answered<O>` does.
pub trait Answer<O: Operation>: 'static {
    /// Answers a call that was let in.
    fn answer(&self, call: Call<'_, O>) -> impl Future<Output = Answered<O>>;
}

impl<O, F> Answer<O> for F
where
    O: Operation,
    F: AsyncFn(Call<'_, O>) -> Answered<O> + 'static,
{
    async fn answer(&self, call: Call<'_, O>) -> Answered<O> {
        self(call).await
    }
}

/// One run of a worker, and its report: what answers both of a worker's operations.
#[derive(Debug)]
pub struct Tick<F, R> {
    tick: F,
    report: PhantomData<fn() -> R>,
}

impl<F, R> Tick<F, R>
where
    F: AsyncFn(&Ports<'_>) -> Result<R, Problem>,
{
    /// Of `tick`.
    pub const fn new(tick: F) -> Self {
        Self { tick, report: PhantomData }
    }
}

impl<F: Clone, R> Clone for Tick<F, R> {
    fn clone(&self) -> Self {
        Self { tick: self.tick.clone(), report: PhantomData }
    }
}

impl<O, F, R> Answer<O> for Tick<F, R>
where
    O: Operation<Outcome = Done<R>>,
    F: AsyncFn(&Ports<'_>) -> Result<R, Problem> + 'static,
    R: Serialize + 'static,
{
    async fn answer(&self, call: Call<'_, O>) -> Answered<O> {
        (self.tick)(call.ports).await.map(Done::new)
    }
}

/// An operation and what answers it: a handler that asks for nothing by itself.
pub(crate) struct Checked<O, A> {
    answer: A,
    operation: PhantomData<fn() -> O>,
}

impl<O, A> Checked<O, A> {
    pub(crate) const fn new(answer: A) -> Self {
        Self { answer, operation: PhantomData }
    }
}

impl<O: Operation, A: Answer<O>> Handler for Checked<O, A> {
    fn call<'a>(&'a self, ports: &'a Ports<'a>, request: &'a Request) -> HandlerFuture<'a> {
        Box::pin(async move {
            let outcome = self.answer.answer(Call::read(ports, request)?).await?;
            Ok(outcome.reply(O::STATUS, O::OTHER))
        })
    }

    fn body_limit(&self) -> &'static Setting<usize> {
        <O::Body as Body>::LIMIT
    }
}

/// Whether `served` are all the endpoints that `table` has of `component`, and no others: for the
/// compiler to judge.
#[must_use]
pub const fn serves_all(table: &[Endpoint], component: &str, served: &[Endpoint]) -> bool {
    let mut declared = 0;
    let mut rest = table;
    while let [endpoint, others @ ..] = rest {
        if same(endpoint.component.as_bytes(), component.as_bytes()) {
            if !is_among(served, endpoint.path) {
                return false;
            }
            declared += 1;
        }
        rest = others;
    }
    declared == served.len()
}

const fn is_among(served: &[Endpoint], path: &str) -> bool {
    let mut rest = served;
    while let [endpoint, others @ ..] = rest {
        if same(endpoint.path.as_bytes(), path.as_bytes()) {
            return true;
        }
        rest = others;
    }
    false
}

/// Whether `path` has the parameters `names`, in this order: for the compiler to judge.
#[must_use]
pub const fn has_parameters(path: &str, names: &[&str]) -> bool {
    let (mut path, mut names) = (path.as_bytes(), names);
    while let [byte, after @ ..] = path {
        path = after;
        if *byte == b':' {
            let [name, others @ ..] = names else { return false };
            let Some(after) = after_segment(path, name.as_bytes()) else { return false };
            path = after;
            names = others;
        }
    }
    names.is_empty()
}

/// What follows the segment `name`, if the path goes on with it.
const fn after_segment<'p>(path: &'p [u8], name: &[u8]) -> Option<&'p [u8]> {
    match (path, name) {
        ([] | [b'/', ..], []) => Some(path),
        ([byte, path @ ..], [expected, name @ ..]) if *byte == *expected => {
            after_segment(path, name)
        }
        _ => None,
    }
}

const fn same(left: &[u8], right: &[u8]) -> bool {
    match (left, right) {
        ([], []) => true,
        ([one, left @ ..], [other, right @ ..]) if *one == *other => same(left, right),
        _ => false,
    }
}
