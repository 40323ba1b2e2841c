//! Bytes to a socket and what comes back: for requests that no HTTP library would send.

use crate::{Reply, Settings};
use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    time::Duration,
};

/// How long a whole answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// What a host made of some bytes.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A reply.
    Reply(Reply),
    /// The connection ended without one, or nobody spoke: the bytes were no whole request.
    Nothing,
}

/// Sends `request`, whole or not; `is_whole` says that nothing is missing, so that there must be an
/// answer while the connection is open both ways. `call` names it in failures.
///
/// # Panics
/// When the host cannot be reached.
#[must_use]
pub fn send_bytes(call: &str, request: &[u8], is_whole: bool) -> Answer {
    let host = Settings::get().url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap_or_else(|error| panic!("{host}: {error}"));
    stream.set_read_timeout(Some(ANSWER_WITHIN)).expect("a limit can be set");
    // Whoever refuses early may not read to the end.
    drop(stream.write_all(request));
    if !is_whole {
        drop(stream.shutdown(Shutdown::Write));
    }
    let mut bytes = Vec::new();
    let mut piece = [0; 16 * 1024];
    loop {
        if let Some(reply) = parsed(call, &bytes, false) {
            return Answer::Reply(reply);
        }
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    parsed(call, &bytes, true).map_or(Answer::Nothing, Answer::Reply)
}

/// The final reply in `bytes`, once all of it is there; at the end of the connection whatever there
/// is.
fn parsed(call: &str, bytes: &[u8], at_end: bool) -> Option<Reply> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let status: u16 = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    if (100..200).contains(&status) {
        return parsed(call, &bytes[end..], at_end);
    }
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned()))
        .collect();
    let value = |wanted: &str| {
        headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    };
    let body = &bytes[end..];
    let length = value("content-length").and_then(|length| length.parse::<usize>().ok());
    let body = if matches!(status, 204 | 304) || call.starts_with("HEAD ") {
        Vec::new()
    } else if value("transfer-encoding").is_some() {
        if !at_end && !body.ends_with(b"0\r\n\r\n") {
            return None;
        }
        unchunked(body)
    } else {
        match length {
            Some(length) if body.len() >= length => body[..length].to_vec(),
            Some(_) if !at_end => return None,
            None if !at_end => return None,
            Some(_) | None => body.to_vec(),
        }
    };
    Some(Reply::new(call.to_owned(), status, headers, body))
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&body[..end])
            .ok()
            .and_then(|size| usize::from_str_radix(size.trim(), 16).ok())
            .unwrap_or(0);
        let Some(chunk) = body.get(end + 2..end + 2 + size).filter(|chunk| !chunk.is_empty())
        else {
            break;
        };
        whole.extend_from_slice(chunk);
        body = body.get(end + 4 + size..).unwrap_or_default();
    }
    whole
}
