//! One HTTP request: head in, body under its limit, reply out with its body first.

use crate::ports_impl::Host;
use edge::{BodyBudget, Method, Problem, Reply, Request, Route};
use ports::Ports;
use wasi::{
    http::types::{
        Fields, IncomingBody, IncomingRequest, Method as WasiMethod, OutgoingBody,
        OutgoingResponse, ResponseOutparam,
    },
    io::streams::{OutputStream, StreamError},
};

const READ_BYTES: u64 = 16 * 1024;

/// Serves one request. Never fails and never traps: what cannot be answered is left unset, which
/// Spin answers with an empty 500, and logged.
pub fn serve(routes: &[Route], request: IncomingRequest, out: ResponseOutparam) {
    let host = Host::default();
    let ports = host.ports();
    spin_executor::run(async {
        let head = head(&request);
        let method = head.method();
        let reply = match body(routes, &ports, &head, &request) {
            Ok(bytes) => edge::serve(routes, &ports, head.with_body(bytes)).await,
            Err(problem) => edge::refuse_unread(&ports, &head, problem),
        };
        // Whatever is left to do needs no database: another request has the connection sooner.
        ports.sql.give_back();
        let after = send(method, reply, out);
        for (key, value) in after {
            if let Err(error) = ports.kv.set(&key, &value) {
                edge::log(
                    "warning",
                    "late key-value write failed",
                    &[("reason", &error.to_string())],
                );
            }
        }
    });
}

fn head(request: &IncomingRequest) -> Request {
    let method = match request.method() {
        WasiMethod::Get => Method::Get,
        WasiMethod::Head => Method::Head,
        WasiMethod::Post => Method::Post,
        WasiMethod::Put => Method::Put,
        WasiMethod::Patch => Method::Patch,
        WasiMethod::Delete => Method::Delete,
        WasiMethod::Options => Method::Options,
        WasiMethod::Connect | WasiMethod::Trace | WasiMethod::Other(_) => Method::Other,
    };
    let target = request.path_with_query().unwrap_or_else(|| "/".to_owned());
    request
        .headers()
        .entries()
        .into_iter()
        .fold(Request::new(method, &target), |head, (name, value)| {
            head.with_header(&name, &String::from_utf8_lossy(&value))
        })
}

fn body(
    routes: &[Route],
    ports: &Ports<'_>,
    head: &Request,
    request: &IncomingRequest,
) -> Result<Vec<u8>, Problem> {
    let announced = head.header("content-length");
    let takes_body =
        matches!(head.method(), Method::Post | Method::Put | Method::Patch | Method::Delete);
    if !takes_body || announced == Some("0") {
        return Ok(Vec::new());
    }
    let mut budget = BodyBudget::open(ports, edge::body_limit(routes, head), announced)?;
    let broken = || Problem::invalid_field("body", "must arrive whole");
    let body = request.consume().map_err(|()| broken())?;
    let stream = body.stream().map_err(|()| broken())?;
    loop {
        match stream.blocking_read(READ_BYTES) {
            Ok(piece) => budget.push(&piece)?,
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(_)) => return Err(broken()),
        }
    }
    drop(stream);
    drop(IncomingBody::finish(body));
    Ok(budget.into_bytes())
}

// Sends the reply and gives back what is to be written afterwards.
fn send(method: Method, reply: Reply, out: ResponseOutparam) -> Vec<(String, Vec<u8>)> {
    let Reply { status, mut headers, body, kv_after } = reply;
    // Without a body there is no length to tell: the host checks a told length against what was
    // written.
    if method != Method::Head && !matches!(status, 204 | 304) {
        headers.push(("content-length".to_owned(), body.len().to_string()));
    }
    let fields: Vec<(String, Vec<u8>)> =
        headers.into_iter().map(|(name, value)| (name, value.into_bytes())).collect();
    let prepared = Fields::from_list(&fields)
        .ok()
        .map(OutgoingResponse::new)
        .filter(|response| response.set_status_code(status).is_ok());
    let Some(response) = prepared else {
        edge::log("error", "the reply's head is not valid HTTP", &[]);
        return kv_after;
    };
    let Ok(outgoing) = response.body() else {
        return kv_after;
    };
    let Ok(stream) = outgoing.write() else {
        return kv_after;
    };
    let rest = write_at_once(&stream, &body);
    if rest.is_empty() {
        finish(stream, outgoing);
        ResponseOutparam::set(out, Ok(response));
    } else {
        ResponseOutparam::set(out, Ok(response));
        write_waiting(&stream, rest);
        finish(stream, outgoing);
    }
    kv_after
}

/// Writes what the stream takes without waiting; returns what it did not. An error counts as taken:
/// the reader has gone, and there is nobody left to tell.
pub(crate) fn write_at_once<'b>(stream: &OutputStream, bytes: &'b [u8]) -> &'b [u8] {
    let mut rest = bytes;
    while !rest.is_empty() {
        let room = match stream.check_write() {
            Ok(0) => return rest,
            Ok(room) => usize::try_from(room).unwrap_or(usize::MAX),
            Err(_) => return &[],
        };
        let (piece, later) = rest.split_at(room.min(rest.len()));
        if stream.write(piece).is_err() {
            return &[];
        }
        rest = later;
    }
    rest
}

fn write_waiting(stream: &OutputStream, bytes: &[u8]) {
    let mut rest = bytes;
    while !rest.is_empty() {
        stream.subscribe().block();
        rest = write_at_once(stream, rest);
    }
}

pub(crate) fn finish(stream: OutputStream, body: OutgoingBody) {
    drop(stream);
    if OutgoingBody::finish(body, None).is_err() {
        edge::log("warning", "a body could not be finished", &[]);
    }
}
