//! `wasi:http/outgoing-handler`: Spin's checks, self requests and service chaining, then one pooled
//! client per application. No retries, no redirects, 600 s unless the guest asked for less.

use std::error::Error as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::Sleep;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::p2::HttpError;
use wasmtime_wasi_http::p2::bindings::http::outgoing_handler::Host as _;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, HostResponseOutparam as _};
use wasmtime_wasi_http::p2::types::{
    HostFutureIncomingResponse, HostOutgoingRequest, HostOutgoingResponse, HostResponseOutparam,
};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks, WasiHttpView};

use crate::allowed_hosts::chaining_target;
use crate::app::{App, Component};
use crate::faults::{Failing, Failure, Fault};
use crate::guest::Guest;
use crate::http_in;
use crate::instruments::{Kind, Struck};
use crate::router::Matched;

/// What wasi:http allows when the guest asks for nothing, and Spin too.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(600);

/// What a connection that breaks is called.
const BROKEN: Error = Error::HttpProtocolError;

/// The authority that stands for the application itself. A URL without any does not, although
/// Spin's text says so: wasmtime refuses it first.
const SELF: &str = "self.alt";

/// What a guest's outbound requests go through.
pub struct Outbound {
    app: Arc<App>,
    component: Arc<Component>,
    by_http: bool,
    /// What is to become of the next request.
    fate: Option<Fate>,
}

/// What a fault has in store for a request.
#[derive(Default)]
struct Fate {
    /// It is not sent.
    failure: Option<Error>,
    /// It is answered, and nobody learns of it.
    lost: bool,
    /// Dropped when it has been answered.
    answered: Option<oneshot::Sender<()>>,
}

/// The failures of a request come with its answer; the calls themselves have none to give.
impl<T> Failing for Result<T, HttpError> {
    fn failing(_: Failure) -> Option<Self> {
        None
    }
}

impl Failing for wasmtime::Result<()> {
    fn failing(_: Failure) -> Option<Self> {
        None
    }
}

impl Outbound {
    /// For one run.
    pub fn new(app: &Arc<App>, component: &Arc<Component>, by_http: bool) -> Self {
        Self { app: app.clone(), component: component.clone(), by_http, fate: None }
    }
}

/// The two wasi:http calls that count as host calls, defined over the ones from wasmtime-wasi-http.
pub fn add_to_linker(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    linker.allow_shadowing(true);
    // The names are those of the library's own WIT; tests/quirks.rs notices if they stop matching.
    linker.instance("wasi:http/outgoing-handler@0.2.12")?.func_wrap_async(
        "handle",
        |mut store: StoreContextMut<'_, Guest>, (request, options): (Resource<HostOutgoingRequest>, Option<Resource<RequestOptions>>)| {
            Box::new(async move { Ok((handle(store.data_mut(), request, options).await?,)) })
        },
    )?;
    linker.instance("wasi:http/types@0.2.12")?.func_wrap_async(
        "[static]response-outparam.set",
        |mut store: StoreContextMut<'_, Guest>,
         (outparam, response): (
            Resource<HostResponseOutparam>,
            Result<Resource<HostOutgoingResponse>, ErrorCode>,
        )| {
            Box::new(async move {
                let guest = store.data_mut();
                let instruments = guest.instruments.clone();
                let effect = async { guest.http().set(outparam, response) };
                instruments.call(Kind::ResponseSet, String::new(), effect).await?
            })
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

async fn handle(
    guest: &mut Guest,
    request: Resource<HostOutgoingRequest>,
    options: Option<Resource<RequestOptions>>,
) -> wasmtime::Result<Result<Resource<HostFutureIncomingResponse>, ErrorCode>> {
    let outgoing = guest.table.get(&request)?;
    if let Some(target) =
        outgoing.authority.as_deref().and_then(unknown_sibling(&guest.app, &guest.component))
    {
        // Spin traps here as well, rather than telling the guest.
        wasmtime::bail!("no component {target:?} to chain to");
    }
    let path = outgoing.path_with_query.as_deref().unwrap_or("/");
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let method = outgoing.method.clone().try_into().unwrap_or(http::Method::GET);
    let label = format!("{method} {}{path}", outgoing.authority.as_deref().unwrap_or_default());
    let instruments = guest.instruments.clone();
    let struck = instruments.strike(Kind::Outbound, &label);
    let (struck, answered) =
        guest.outbound.decide(struck).map_err(|fault| instruments.misplanned(fault, &label))?;
    let effect = async {
        let sent = guest.http().handle(request, options);
        if let Some(answered) = answered {
            // Ends with an error, when the answer has come.
            drop(answered.await);
        }
        sent
    };
    match instruments.call_struck(struck, Kind::Outbound, label, effect).await? {
        Ok(future) => Ok(Ok(future)),
        Err(error) => Ok(Err(error.downcast()?)),
    }
}

impl Outbound {
    /// Prepares the next request for what strikes it; gives what to wait for where the effect has
    /// to have come about. A request is otherwise only on its way when the guest goes on.
    fn decide(&mut self, struck: Struck) -> Result<(Struck, Option<oneshot::Receiver<()>>), Fault> {
        let (Struck::By(fault) | Struck::Arranged(fault)) = struck else {
            return Ok((struck, None));
        };
        let (told, answered) = oneshot::channel();
        match fault {
            Fault::StopAfter | Fault::KillHostAfter => {
                self.fate = Some(Fate { answered: Some(told), ..Fate::default() });
                Ok((struck, Some(answered)))
            }
            Fault::LoseAnswer => {
                self.fate = Some(Fate { lost: true, ..Fate::default() });
                Ok((Struck::Arranged(fault), None))
            }
            Fault::Fail(failure) => {
                let failure = match failure {
                    Failure::ConnectionRefused => Error::ConnectionRefused,
                    Failure::ConnectionLost => BROKEN,
                    Failure::Timeout => Error::ConnectionReadTimeout,
                    Failure::Busy => return Err(fault),
                };
                self.fate = Some(Fate { failure: Some(failure), ..Fate::default() });
                Ok((Struck::Arranged(fault), None))
            }
            Fault::StopBefore | Fault::DelayMs(_) | Fault::KillHostBefore => Ok((struck, None)),
        }
    }
}

/// The sibling an authority names, if it may be called and is not there.
fn unknown_sibling<'a>(
    app: &'a App,
    component: &'a Component,
) -> impl Fn(&str) -> Option<String> + 'a {
    move |authority| {
        let uri: Uri = format!("http://{authority}/").parse().ok()?;
        let target = chaining_target(&uri)?;
        let there = app.components.get(target).is_some_and(|sibling| sibling.http.is_some());
        (component.allowed_hosts.allow(&uri) && !there).then(|| target.to_owned())
    }
}

/// What `send_request` has to give: the response, and work to go on with behind it (we have none).
type Sent = wasmtime_wasi_http::Result<(
    Response<WasiBody>,
    Box<dyn Future<Output = wasmtime_wasi_http::Result<()>> + Send>,
)>;

impl WasiHttpHooks for Outbound {
    fn set_host_header(&mut self) -> bool {
        false
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = wasmtime_wasi_http::Result<()>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let (app, component, by_http) = (self.app.clone(), self.component.clone(), self.by_http);
        let fate = self.fate.take();
        Box::new(async move {
            let Fate { failure, lost, answered } = fate.unwrap_or_default();
            if let Some(failure) = failure {
                return Err(failure);
            }
            let answer =
                send(&app, &component, by_http, request, options.unwrap_or_default()).await;
            drop(answered);
            let response = if lost { Err(BROKEN) } else { answer }?;
            let nothing: Box<dyn Future<Output = wasmtime_wasi_http::Result<()>> + Send> =
                Box::new(async { Ok(()) });
            Ok((response, nothing))
        })
    }
}

async fn send(
    app: &Arc<App>,
    component: &Component,
    by_http: bool,
    mut request: Request<WasiBody>,
    options: RequestOptions,
) -> wasmtime_wasi_http::Result<Response<WasiBody>> {
    let to_self = request.uri().host() == Some(SELF);
    let allowed = match to_self {
        true => component.allowed_hosts.allow_self(),
        false => component.allowed_hosts.allow(request.uri()),
    };
    if !allowed {
        eprintln!("till: {} may not send a request to {}", component.id, origin(request.uri()));
        return Err(Error::HttpRequestDenied);
    }
    request.headers_mut().remove(HOST);
    if to_self {
        let Some(address) = app.address.get().filter(|_| by_http) else {
            return Err(Error::HttpRequestUriInvalid);
        };
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let uri: Uri =
            format!("http://{address}{path}").parse().map_err(|_| Error::HttpRequestUriInvalid)?;
        *request.uri_mut() = uri;
    } else if let Some(target) = chaining_target(request.uri()) {
        if !by_http {
            return Err(Error::DnsError {
                rcode: Some("address not available".to_owned()),
                info_code: Some(0),
            });
        }
        let matched = Matched::chained(target, request.uri().path());
        return http_in::chain(app, matched, request).await;
    }
    let connect = options.connect_timeout.unwrap_or(TIMEOUT_DEFAULT);
    let first_byte = options.first_byte_timeout.unwrap_or(TIMEOUT_DEFAULT);
    let between_bytes = options.between_bytes_timeout.unwrap_or(TIMEOUT_DEFAULT);
    let answer = CONNECT_TIMEOUT.scope(connect, app.client.0.request(request));
    let response = match tokio::time::timeout(first_byte, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Err(classify(&error)),
        Err(_) => return Err(Error::ConnectionReadTimeout),
    };
    Ok(response.map(|body| TimedBody::new(body, between_bytes).boxed_unsync()))
}

fn origin(uri: &Uri) -> String {
    format!(
        "{}://{}",
        uri.scheme_str().unwrap_or_default(),
        uri.authority().map_or("", |authority| authority.as_str())
    )
}

/// The error code Spin would give for the same failure.
fn classify(error: &hyper_util::client::legacy::Error) -> Error {
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inside_io = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let connect = inner
            .downcast_ref::<ConnectError>()
            .or_else(|| inside_io.and_then(|inner| inner.downcast_ref::<ConnectError>()));
        match connect {
            Some(ConnectError::Dns) => {
                return Error::DnsError {
                    rcode: Some("address not available".to_owned()),
                    info_code: Some(0),
                };
            }
            Some(ConnectError::Refused) => return Error::ConnectionRefused,
            Some(ConnectError::Timeout) => return Error::ConnectionTimeout,
            None => cause = inner.source(),
        }
    }
    BROKEN
}

tokio::task_local! {
    /// The connect timeout of the request at hand: the client has no parameter for it.
    static CONNECT_TIMEOUT: Duration;
}

/// The application's client, with its pool of idle connections.
pub struct HttpClient(Client<HttpsConnector<TcpConnector>, WasiBody>);

impl HttpClient {
    /// A client that trusts the public roots.
    pub fn new() -> Self {
        let connector = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .wrap_connector(TcpConnector);
        Self(Client::builder(TokioExecutor::new()).build(connector))
    }
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new()
    }
}

/// Plain TCP with the request's own connect timeout.
#[derive(Clone)]
struct TcpConnector;

/// Why there is no connection.
#[derive(Debug)]
enum ConnectError {
    Dns,
    Refused,
    Timeout,
}

impl std::fmt::Display for ConnectError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Dns => "the name does not resolve",
            Self::Refused => "the connection was refused",
            Self::Timeout => "the connection took too long",
        })
    }
}

impl std::error::Error for ConnectError {}

impl tower_service::Service<Uri> for TcpConnector {
    type Response = TokioIo<TcpStream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        // Read now: the future may be polled by another task than the one that has the value.
        let timeout = CONNECT_TIMEOUT.try_with(|timeout| *timeout).unwrap_or(TIMEOUT_DEFAULT);
        Box::pin(async move {
            let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
            let port =
                uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
            let connect = async {
                let addresses =
                    tokio::net::lookup_host((host, port)).await.map_err(|_| ConnectError::Dns)?;
                for address in addresses {
                    if let Ok(stream) = TcpStream::connect(address).await {
                        return Ok(TokioIo::new(stream));
                    }
                }
                Err(ConnectError::Refused)
            };
            tokio::time::timeout(timeout, connect).await.unwrap_or(Err(ConnectError::Timeout))
        })
    }
}

/// A response body that fails when nothing comes for too long.
struct TimedBody {
    body: Incoming,
    limit: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl TimedBody {
    fn new(body: Incoming, limit: Duration) -> Self {
        Self { body, limit, sleep: Box::pin(tokio::time::sleep(limit)) }
    }
}

impl Body for TimedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            if let Some(deadline) = tokio::time::Instant::now().checked_add(self.limit) {
                self.sleep.as_mut().reset(deadline);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Error::from)));
        }
        ready!(self.sleep.as_mut().poll(context));
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
    }
}
