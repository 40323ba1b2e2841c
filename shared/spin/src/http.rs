//! HTTP out over `wasi:http`, with the limits spin-sdk's own `send` leaves at the host's 600
//! seconds.
//!
//! The split of errors matters more than their texts: [`HttpError::NotSent`] only when it is
//! certain that nothing reached the other side, because a payment may be tried again after it. In
//! doubt it is `Lost`.
//!
//! The host's limits are per phase: to connect, to the first byte, between two bytes. A body that
//! comes a byte at a time keeps to all of them and outlives every lease, so a call has an end of
//! its own, whatever arrives by then.

use crate::serve::{finish, write_at_once};
use ports::{Http, HttpError, HttpFuture, HttpRequest, HttpResponse, Sql};
use spin_executor::CancelOnDropToken;
use std::{future::poll_fn, rc::Rc, task::Poll};
use wasi::{
    clocks::monotonic_clock,
    http::{
        outgoing_handler,
        types::{
            ErrorCode, Fields, IncomingBody, IncomingResponse, Method, OutgoingRequest,
            RequestOptions, Scheme, http_error_code,
        },
    },
    io::{poll::Pollable, streams::StreamError},
};

const READ_BYTES: u64 = 16 * 1024;
/// More than any provider answers with.
const RESPONSE_BYTES_MAX: usize = 4 * 1024 * 1024;
const NANOSECONDS_PER_MS: u64 = 1_000_000;
/// So much later than the host's limits ends the whole call: a connection that was refused in time
/// is told as that, never as lost.
const GRACE_MS: u64 = 250;

/// Requests to elsewhere, which may take as long as they like: a connection to the database does
/// not wait for them.
pub(crate) struct Outgoing {
    database: Rc<dyn Sql>,
}

impl Outgoing {
    pub(crate) fn beside(database: Rc<dyn Sql>) -> Self {
        Self { database }
    }
}

impl Http for Outgoing {
    fn send<'a>(&'a self, request: HttpRequest) -> HttpFuture<'a> {
        Box::pin(async {
            // Now and not when the future was made: statements may have run since.
            self.database.give_back();
            send(request).await
        })
    }
}

/// Sends one request; the answer is whole within the request's time, or an error.
///
/// # Errors
/// [`HttpError`], by whether anything may have reached the other side.
pub async fn send(request: HttpRequest) -> Result<HttpResponse, HttpError> {
    let end = End::after_ms(request.timeout_ms.saturating_add(GRACE_MS));
    let outgoing = prepare(&request)?;
    let unusable = |()| HttpError::NotSent("the request cannot be prepared".to_owned());
    let options = RequestOptions::new();
    let limit = Some(request.timeout_ms.saturating_mul(NANOSECONDS_PER_MS));
    options.set_connect_timeout(limit).map_err(unusable)?;
    options.set_first_byte_timeout(limit).map_err(unusable)?;
    options.set_between_bytes_timeout(limit).map_err(unusable)?;
    let body = outgoing.body().map_err(unusable)?;
    let stream = body.write().map_err(unusable)?;

    // As for replies, a body that fits goes first and leaves with the head in one segment.
    let rest = write_at_once(&stream, &request.body);
    let pending = if rest.is_empty() {
        finish(stream, body);
        outgoing_handler::handle(outgoing, Some(options)).map_err(refused)?
    } else {
        let pending = outgoing_handler::handle(outgoing, Some(options)).map_err(refused)?;
        let mut rest = rest;
        while !rest.is_empty() {
            readiness(stream.subscribe(), end).await?;
            rest = write_at_once(&stream, rest);
        }
        finish(stream, body);
        pending
    };
    let response = loop {
        match pending.get() {
            Some(Ok(Ok(response))) => break response,
            Some(Ok(Err(code))) => return Err(classify(&code)),
            Some(Err(())) => return Err(HttpError::Lost("the answer was taken twice".to_owned())),
            None => readiness(pending.subscribe(), end).await?,
        }
    };
    receive(response, end).await
}

fn prepare(request: &HttpRequest) -> Result<OutgoingRequest, HttpError> {
    let malformed = || HttpError::NotSent("the URL or a header is malformed".to_owned());
    let (scheme, rest) = request.url.split_once("://").ok_or_else(malformed)?;
    let rest = rest.split('#').next().unwrap_or_default();
    let split = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(split);
    let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        _ => return Err(malformed()),
    };
    let method = match request.method {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        "HEAD" => Method::Head,
        other => Method::Other(other.to_owned()),
    };
    let mut headers: Vec<(String, Vec<u8>)> = request
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), value.clone().into_bytes()))
        .collect();
    if !request.body.is_empty() {
        headers.push(("content-length".to_owned(), request.body.len().to_string().into_bytes()));
    }
    let fields = Fields::from_list(&headers).map_err(|_| malformed())?;
    let outgoing = OutgoingRequest::new(fields);
    outgoing.set_method(&method).map_err(|()| malformed())?;
    outgoing.set_scheme(Some(&scheme)).map_err(|()| malformed())?;
    outgoing.set_authority(Some(authority)).map_err(|()| malformed())?;
    outgoing.set_path_with_query(Some(&target)).map_err(|()| malformed())?;
    Ok(outgoing)
}

async fn receive(response: IncomingResponse, end: End) -> Result<HttpResponse, HttpError> {
    let status = response.status();
    let headers = response
        .headers()
        .entries()
        .into_iter()
        .map(|(name, value)| {
            (name.to_ascii_lowercase(), String::from_utf8_lossy(&value).into_owned())
        })
        .collect();
    let broken = |()| HttpError::Lost("the answer has no readable body".to_owned());
    let body = response.consume().map_err(broken)?;
    let stream = body.stream().map_err(broken)?;
    let mut bytes = Vec::new();
    loop {
        match stream.read(READ_BYTES) {
            Ok(piece) if piece.is_empty() => readiness(stream.subscribe(), end).await?,
            Ok(piece) if bytes.len().saturating_add(piece.len()) > RESPONSE_BYTES_MAX => {
                return Err(HttpError::Lost("the answer is too large".to_owned()));
            }
            Ok(piece) => bytes.extend(piece),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => {
                return Err(match http_error_code(&error).map(|code| classify(&code)) {
                    Some(timeout @ HttpError::Timeout(_)) => timeout,
                    // There was a head, so there was a connection: never "not sent".
                    Some(HttpError::NotSent(text) | HttpError::Lost(text)) => HttpError::Lost(text),
                    // Some hosts append a backtrace of their own.
                    None => HttpError::Lost(first_line(&error.to_debug_string())),
                });
            }
        }
    }
    drop(stream);
    drop(IncomingBody::finish(body));
    Ok(HttpResponse { status, headers, body: bytes })
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// When a call is over, by a clock that nobody sets.
#[derive(Clone, Copy)]
struct End {
    instant_ns: u64,
}

impl End {
    fn after_ms(ms: u64) -> Self {
        Self {
            instant_ns: monotonic_clock::now()
                .saturating_add(ms.saturating_mul(NANOSECONDS_PER_MS)),
        }
    }

    fn has_come(self) -> bool {
        monotonic_clock::now() >= self.instant_ns
    }

    fn pollable(self) -> Pollable {
        monotonic_clock::subscribe_instant(self.instant_ns)
    }
}

// Waits until `pollable` may be ready, but not beyond `end`. It can come back early, when another
// future of the same request was woken, so callers look again; the tokens drop the pollables before
// the resource they belong to.
async fn readiness(pollable: Pollable, end: End) -> Result<(), HttpError> {
    let mut awaited = Some([pollable, end.pollable()]);
    let mut registered = None;
    poll_fn(|context| match awaited.take() {
        Some(pollables) => {
            registered = Some(pollables.map(|pollable| {
                let token =
                    spin_executor::push_waker_and_get_token(pollable, context.waker().clone());
                CancelOnDropToken::from(token)
            }));
            Poll::Pending
        }
        None => {
            registered = None;
            Poll::Ready(())
        }
    })
    .await;
    if end.has_come() {
        Err(HttpError::Timeout("the answer was not whole in time".to_owned()))
    } else {
        Ok(())
    }
}

// `handle` itself refuses only what it was not willing to start.
fn refused(code: ErrorCode) -> HttpError {
    let (HttpError::NotSent(text) | HttpError::Timeout(text) | HttpError::Lost(text)) =
        classify(&code);
    HttpError::NotSent(text)
}

/// What a host's error means for money, and words for the log. The words are few: `Debug` of all
/// thirty-nine cases is 8 kB.
fn classify(code: &ErrorCode) -> HttpError {
    let not_sent = |text: &str| HttpError::NotSent(text.to_owned());
    let lost = |text: &str| HttpError::Lost(text.to_owned());
    match code {
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => {
            not_sent("no such host")
        }
        ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionLimitReached => not_sent("no connection"),
        ErrorCode::DestinationIpProhibited | ErrorCode::HttpRequestDenied => {
            not_sent("not among the allowed outbound hosts")
        }
        ErrorCode::TlsCertificateError => not_sent("the certificate does not verify"),
        ErrorCode::HttpRequestLengthRequired
        | ErrorCode::HttpRequestMethodInvalid
        | ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestUriTooLong
        | ErrorCode::LoopDetected
        | ErrorCode::ConfigurationError => not_sent("the host takes no such request"),
        ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => HttpError::Timeout("no answer in time".to_owned()),
        ErrorCode::ConnectionTerminated | ErrorCode::HttpResponseIncomplete => {
            lost("the connection broke")
        }
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => lost("TLS failed"),
        ErrorCode::HttpRequestBodySize(_)
        | ErrorCode::HttpRequestHeaderSectionSize(_)
        | ErrorCode::HttpRequestHeaderSize(_)
        | ErrorCode::HttpRequestTrailerSectionSize(_)
        | ErrorCode::HttpRequestTrailerSize(_) => lost("the request is too large"),
        ErrorCode::HttpResponseHeaderSectionSize(_)
        | ErrorCode::HttpResponseHeaderSize(_)
        | ErrorCode::HttpResponseBodySize(_)
        | ErrorCode::HttpResponseTrailerSectionSize(_)
        | ErrorCode::HttpResponseTrailerSize(_)
        | ErrorCode::HttpResponseTransferCoding(_)
        | ErrorCode::HttpResponseContentCoding(_)
        | ErrorCode::HttpUpgradeFailed
        | ErrorCode::HttpProtocolError => lost("the answer is no HTTP that the host takes"),
        ErrorCode::InternalError(text) => HttpError::Lost(
            text.as_deref().map_or_else(|| "the host failed".to_owned(), first_line),
        ),
    }
}
