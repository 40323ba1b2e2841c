//! The HTTP trigger: Spin's treatment of a request, and a fresh guest for each, which nothing stops
//! before its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use http::header::{CONNECTION, HOST};
use http::uri::{Authority, Scheme};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use wasmtime::Store;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme as WasiScheme;
use wasmtime_wasi_http::{Error, WasiBody, WasiHttpView};

use crate::app::{App, Component};
use crate::faults::{Armed, Plan};
use crate::guest::Guest;
use crate::instruments::{Counts, Instruments};
use crate::logs::RunLine;
use crate::router::Matched;

/// Paths the host answers itself.
const WELL_KNOWN: &str = "/.well-known/spin/";

/// A request that carries this header with the value 1 gets [`CALLS`] on its response.
const COUNT: HeaderName = HeaderName::from_static("till-count");

/// The host calls made before the response's head was set. What the guest does after that
/// (finishing a long body, work behind the response) is not in it; the line of `--log requests` has
/// everything.
const CALLS: HeaderName = HeaderName::from_static("till-host-calls");

/// A plan of faults in JSON, or a list of them ([`crate::faults`]). Without `--faults` it is
/// refused.
const FAULT: HeaderName = HeaderName::from_static("till-fault");

/// `before 3` or `after 3`, short for a plan: the guest dies at that host call.
const STOP: HeaderName = HeaderName::from_static("till-stop");

/// The name under which the control port tells of the run.
const RUN: HeaderName = HeaderName::from_static("till-run");

/// Marks a response whose client is to hear nothing.
#[derive(Clone, Copy)]
struct Lost;

/// Accepts connections for ever.
pub async fn serve(app: Arc<App>, listener: TcpListener) -> Result<()> {
    loop {
        // No TCP_NODELAY: Spin's listener does not set it either, and guests have to live with
        // that.
        let (stream, client) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                eprintln!("till: a connection could not be accepted: {error}");
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                continue;
            }
        };
        let app = app.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let app = app.clone();
                async move { handle(&app, request, client).await }
            });
            // An error here is the client's going away or a refused request, and of no interest.
            drop(
                auto::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await,
            );
        });
    }
}

/// One request from outside. An error drops the connection without an answer, as Spin does.
async fn handle(
    app: &Arc<App>,
    request: Request<Incoming>,
    client: SocketAddr,
) -> Result<Response<WasiBody>> {
    let mut request = request.map(|body| body.map_err(Error::from).boxed_unsync());
    if request.headers().get(HOST).is_some_and(|host| host.as_bytes().ends_with(b".spin.internal"))
    {
        request.headers_mut().remove(HOST);
    }
    request.headers_mut().remove(CONNECTION);
    let path = request.uri().path().to_owned();
    if let Some(name) = path.strip_prefix(WELL_KNOWN) {
        return Ok(match name {
            "health" => plain(StatusCode::OK, "OK"),
            _ => plain(StatusCode::NOT_FOUND, ""),
        });
    }
    match app.router.find(&path) {
        Some(matched) => {
            settle_uri(&mut request)?;
            let response = answer(app, matched, request, client).await;
            if response.extensions().get::<Lost>().is_some() {
                bail!("the reply is lost, as planned");
            }
            Ok(response)
        }
        None => Ok(plain(StatusCode::NOT_FOUND, "")),
    }
}

/// One request from a sibling component: no network, no routing. An unknown sibling is a failure of
/// the call.
pub async fn chain(
    app: &Arc<App>,
    matched: Matched,
    request: Request<WasiBody>,
) -> Result<Response<WasiBody>, Error> {
    if app.components.get(&matched.component).is_none_or(|component| component.http.is_none()) {
        return Err(Error::InternalError(Some(format!(
            "there is no component {:?} to chain to",
            matched.component
        ))));
    }
    let client = SocketAddr::from(([0, 0, 0, 0], 0));
    // Boxed, because a chained component may chain on.
    let answer: std::pin::Pin<Box<dyn Future<Output = Response<WasiBody>> + Send>> =
        Box::pin(answer(app, matched, request, client));
    Ok(answer.await)
}

/// Runs the component; whatever goes wrong before its response is a bare 500.
async fn answer(
    app: &Arc<App>,
    matched: Matched,
    request: Request<WasiBody>,
    client: SocketAddr,
) -> Response<WasiBody> {
    let asked = match Asked::of(app, &request) {
        Ok(asked) => asked,
        Err(error) => return told(StatusCode::BAD_REQUEST, format!("till: {error:#}")),
    };
    match run(app, &matched, request, client, asked).await {
        Ok(response) => response,
        Err(error) => {
            eprintln!("till: {}: {}", matched.component, error.root_cause());
            plain(StatusCode::INTERNAL_SERVER_ERROR, "")
        }
    }
}

/// What a request asks of the host.
struct Asked {
    counted: bool,
    plans: Vec<Plan>,
    name: Option<String>,
}

impl Asked {
    /// Refuses what cannot be carried out: a test that thinks it has broken something must not
    /// pass.
    fn of(app: &App, request: &Request<WasiBody>) -> Result<Self> {
        let headers = request.headers();
        let mut plans = Vec::new();
        if let Some(plan) = headers.get(FAULT) {
            plans.extend(Plan::read(plan.to_str()?).with_context(|| format!("{FAULT}"))?);
        }
        if let Some(stop) = headers.get(STOP) {
            plans.push(Plan::of_stop(stop.to_str()?).with_context(|| format!("{STOP}"))?);
        }
        ensure!(plans.is_empty() || app.faults, "faults are heard with --faults only");
        let name = headers.get(RUN).map(|name| name.to_str().map(str::to_owned)).transpose()?;
        ensure!(name.is_none() || app.control.is_some(), "{RUN} is of use with --control only");
        Ok(Self {
            counted: headers.get(COUNT).is_some_and(|value| value.as_bytes() == b"1"),
            plans,
            name,
        })
    }
}

/// What the guest's `response-outparam.set` hands over, with the calls made before it.
type Head =
    (Result<Response<WasiBody>, wasmtime_wasi_http::p2::bindings::http::types::ErrorCode>, Counts);

async fn run(
    app: &Arc<App>,
    matched: &Matched,
    mut request: Request<WasiBody>,
    client: SocketAddr,
    asked: Asked,
) -> Result<Response<WasiBody>> {
    let component = app.components.get(&matched.component).context("no such component")?;
    let handler = component.http.clone().context("no HTTP handler")?;
    append_headers(&mut request, matched, client)?;
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());

    let begun = Instant::now();
    let mut guest = Guest::new(app, component, true);
    guest.instruments.arm(asked.plans.into_iter().map(Armed::from));
    let instruments = guest.instruments.clone();
    let mut store = Store::new(handler.engine(), guest);
    let request = store.data_mut().http().new_incoming_request(WasiScheme::Http, request)?;
    let (sender, receiver) = oneshot::channel::<Head>();
    let at_head = instruments.clone();
    let outparam =
        store.data_mut().http().new_response_outparam_from_callback(move |response| {
            // The client may be gone; the guest is not told.
            drop(sender.send((response, at_head.counts())));
        })?;

    // A task of its own: it outlives the client's connection, and the response.
    let ends = RunEnd {
        app: app.clone(),
        component: component.clone(),
        instruments: instruments.clone(),
        method,
        path,
        begun,
        name: asked.name,
    };
    let task = tokio::spawn(async move {
        let outcome = async {
            let proxy = handler.instantiate_async(&mut store).await?;
            proxy.wasi_http_incoming_handler().call_handle(&mut store, request, outparam).await
        }
        .await;
        // Dropped before anyone hears of the end, so that what it held (locks, transactions) is
        // free by then.
        drop(store);
        ends.tell(outcome)
    });
    let Ok((response, counts)) = receiver.await else {
        let ended = task.await.context("the host's task failed")?;
        if let Some(why) = instruments.why_misplanned() {
            return Ok(told(StatusCode::BAD_REQUEST, why));
        }
        ended?;
        bail!("the guest set no response");
    };
    let mut response =
        response.map_err(|code| anyhow::anyhow!("the guest answered with {code:?}"))?;
    if asked.counted {
        response.headers_mut().insert(CALLS, HeaderValue::from_str(&counts.to_string())?);
    }
    if instruments.reply_is_lost() {
        response.extensions_mut().insert(Lost);
    }
    Ok(response)
}

/// What is told of a run at its end.
struct RunEnd {
    app: Arc<App>,
    component: Arc<Component>,
    instruments: Instruments,
    method: String,
    path: String,
    begun: Instant,
    name: Option<String>,
}

impl RunEnd {
    fn tell(self, outcome: wasmtime::Result<()>) -> Result<()> {
        self.app.ended(self.name.clone(), || RunLine {
            at_ms: chrono::Utc::now().timestamp_millis(),
            component: &self.component.id,
            trigger: "http",
            method: &self.method,
            path: &self.path,
            micros: u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX),
            outcome: outcome
                .as_ref()
                .map_or_else(|error| format!("{error:#}"), |()| "ok".to_owned()),
            counts: self.instruments.counts(),
            calls: self.instruments.calls(),
        });
        if let Err(error) = &outcome {
            // Of a guest that was stopped as planned there is nothing to find out.
            let why = if self.instruments.was_struck() {
                format!("{:#}", error.root_cause())
            } else {
                format!("{error:?}")
            };
            eprintln!(
                "till: {} {} {}: the guest trapped: {why}",
                self.component.id, self.method, self.path
            );
        }
        Ok(outcome?)
    }
}

/// Scheme and authority, from the Host header or the URI. A request with neither, or with two that
/// differ, is refused: without an answer, as Spin does it, where RFC 9112 §3.2 asks for 400.
fn settle_uri(request: &mut Request<WasiBody>) -> Result<()> {
    let mut parts = request.uri().clone().into_parts();
    let header: Option<Authority> = match request.headers().get(HOST) {
        Some(host) => Some(host.to_str()?.parse().context("the Host header is no authority")?),
        None => None,
    };
    let authority = match (header, parts.authority.take()) {
        (None, None) => bail!("no Host header"),
        (Some(header), Some(uri)) if header != uri => bail!("Host header and URI differ"),
        (Some(authority), _) | (None, Some(authority)) => authority,
    };
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority);
    *request.uri_mut() = Uri::from_parts(parts)?;
    Ok(())
}

/// Spin's own headers go behind what the client sent, also behind a client's headers of the same
/// names: a guest has to take the last one. A value that is not UTF-8 fails the request.
fn append_headers(
    request: &mut Request<WasiBody>,
    matched: &Matched,
    client: SocketAddr,
) -> Result<()> {
    for value in request.headers().values() {
        std::str::from_utf8(value.as_bytes()).context("a header is not UTF-8")?;
    }
    let host =
        request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let uri = request.uri();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let full_url = format!("{}://{host}{path}", uri.scheme_str().unwrap_or("http"));
    for (name, value) in matched.headers(full_url, client) {
        if let (Ok(name), Ok(value)) =
            (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes()))
        {
            request.headers_mut().append(name, value);
        }
    }
    Ok(())
}

fn plain(status: StatusCode, text: &'static str) -> Response<WasiBody> {
    told(status, text.to_owned())
}

fn told(status: StatusCode, text: String) -> Response<WasiBody> {
    let body = Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}
