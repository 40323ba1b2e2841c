//! The endpoint of a worker, made of its row in `shared/config`: a worker is added there, and here
//! by no hand.

#[cfg(feature = "document")]
use crate::document;
use app::workers::Report;
use edge::{
    Answer, Credential, Done, Endpoint, Method, NoBody, NoHeader, NoParameters, NoQuery, Operation,
    Route, Unconditional,
    access::{self, Named},
};
use std::marker::PhantomData;

/// A worker, as a type.
pub trait Worker: Sized + 'static {
    /// Its row.
    const ROW: config::Worker;
    /// What running it by GET is called.
    const RUN: &'static str;
    /// What running it by POST is called.
    const START: &'static str;
    /// Where both are.
    const ENDPOINT: Endpoint = Endpoint {
        component: Self::ROW.component,
        about: Self::ROW.about,
        path: Self::ROW.path,
        operations: &[Run::<Self>::ROW, Start::<Self>::ROW],
    };

    /// What serves it: one answer to both.
    fn route<A>(answer: A) -> Route
    where
        A: Clone + Answer<Run<Self>> + Answer<Start<Self>>,
    {
        Route::at(Self::ROW.path).answer::<Run<Self>>(answer.clone()).answer::<Start<Self>>(answer)
    }
}

/// A run of the worker `W` by GET, for schedulers that send no headers.
#[derive(Debug)]
pub struct Run<W>(PhantomData<W>);

impl<W: Worker> Operation for Run<W> {
    const ID: &'static str = W::RUN;
    const METHOD: Method = Method::Get;
    type Access = access::Worker<NameOf<W>>;
    type Path = NoParameters;
    type Query = Credential;
    type Header = NoHeader;
    type Body = NoBody;
    type Change = Unconditional;
    type Outcome = Done<Report>;
    const STATUS: u16 = 200;
}

/// A run of the worker `W`.
#[derive(Debug)]
pub struct Start<W>(PhantomData<W>);

impl<W: Worker> Operation for Start<W> {
    const ID: &'static str = W::START;
    const METHOD: Method = Method::Post;
    type Access = access::Worker<NameOf<W>>;
    type Path = NoParameters;
    type Query = NoQuery;
    type Header = NoHeader;
    type Body = NoBody;
    type Change = Unconditional;
    type Outcome = Done<Report>;
    const STATUS: u16 = 200;
}

/// What a scope for this one worker is about.
#[derive(Debug)]
pub struct NameOf<W>(PhantomData<W>);

impl<W: Worker> Named for NameOf<W> {
    const NAME: &'static str = W::ROW.name;
}

/// Both operations, for the document.
#[cfg(feature = "document")]
pub(crate) fn described<W: Worker>() -> [document::Operation; 2] {
    let config::Worker { name, about, .. } = W::ROW;
    let about = about.trim();
    let by_get = format!(
        "Run {name} with a GET.\n\n{about} For schedulers that send no headers the token may stand in the query."
    );
    [
        document::Operation::of::<Run<W>>(W::ENDPOINT, by_get).stored(),
        document::Operation::of::<Start<W>>(W::ENDPOINT, format!("Run {name}.\n\n{about}"))
            .stored(),
    ]
}

/// The bytes of `text`, of which there are `N`, with `a` for `A`.
pub(crate) const fn lower_case<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = match text.as_bytes().first_chunk::<N>() {
        Some(bytes) => *bytes,
        None => [b'_'; N],
    };
    bytes.make_ascii_lowercase();
    bytes
}
