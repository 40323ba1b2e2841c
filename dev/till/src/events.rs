//! `cargo till events listen`: a receiver of events on this machine, for who builds one: registered
//! at the shop that `up` runs, its signatures verified, each event a line.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::project::Project;
use crate::secrets;
use crate::shop::Ask;
use crate::token::mint;

/// Where the shop that `up` runs may reach a receiver beside its simulator.
pub const LISTEN: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 3002));
/// How long a body may be.
const BODY_BYTES_MAX: usize = 1 << 20;
/// How long the token lives that registers the receiver, and takes it away again: a day.
const TOKEN_SECONDS: u64 = 86_400;

/// What can be done with events.
#[derive(Debug, Subcommand)]
pub enum Events {
    /// Register a receiver on this machine, print what it is sent, and answer as told, until Ctrl-C
    /// takes it away again.
    Listen(ListenArgs),
}

/// Arguments of `events listen`.
#[derive(Debug, Args)]
pub struct ListenArgs {
    /// The shop.
    #[arg(long, default_value = "127.0.0.1:3000", value_name = "ADDRESS")]
    shop: SocketAddr,
    /// What the receiver is called.
    #[arg(long, default_value = "listener")]
    name: String,
    /// Types, or how types begin (`orders.*`); all, when left out. May be given several times.
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// The status that each event is answered with: what does the shop do with a receiver that is
    /// broken?
    #[arg(long, default_value_t = 204)]
    status: u16,
}

/// Does it.
pub fn events(events: &Events) -> Result<()> {
    match events {
        Events::Listen(arguments) => listen(arguments),
    }
}

fn listen(arguments: &ListenArgs) -> Result<()> {
    let file = Project::find()?.state().join("secrets.toml");
    let kept = secrets::load(&file).context("there is no shop yet: run `cargo till up`")?;
    let signs = kept.get("service_token_secret").context("the shop has no service_token_secret")?;
    let token = mint(secrets::first(signs), "listener", "events:read events:write", TOKEN_SECONDS)?;
    let listener =
        TcpListener::bind(LISTEN).with_context(|| format!("cannot listen on {LISTEN}"))?;
    let path = format!("/api/v1/receivers/{}", arguments.name);
    let ask = |method: &str, body: &str| {
        let media_type = if body.is_empty() { "" } else { "application/json" };
        Ask { token: &token, media_type, body, ..Ask::default() }
            .ask(arguments.shop, method, &path)
            .with_context(|| format!("{method} {path}: does `cargo till up` run?"))
    };
    // One that was left is not known here: its secret was told to somebody else.
    ask("DELETE", "")?;
    let url = format!("http://{LISTEN}/{}", arguments.name);
    let facts = json!({ "url": url, "types": arguments.types, "active": true });
    let (status, told) = ask("PUT", &facts.to_string())?;
    ensure!(status == 200, "{path} answers {status}: {told}");
    let body = told.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let made: Value = serde_json::from_str(body).context("the shop answers with JSON")?;
    let secret = made
        .get("secret")
        .and_then(Value::as_str)
        .context("the receiver has no secret")?
        .to_owned();
    eprintln!("==> {url} is the receiver `{}`; Ctrl-C takes it away", arguments.name);

    let told = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, told.clone()).context("signals cannot be heard")?;
    }
    listener.set_nonblocking(true)?;
    while !told.load(Ordering::Acquire) {
        match listener.accept() {
            Ok((stream, _)) => {
                let (secret, status) = (secret.clone(), arguments.status);
                std::thread::spawn(move || {
                    if let Err(error) = serve(stream, &secret, status) {
                        eprintln!("    a connection ended: {error:#}");
                    }
                });
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(error) => return Err(error.into()),
        }
    }
    ask("DELETE", "")?;
    Ok(())
}

/// Answers the requests of one connection.
fn serve(stream: TcpStream, secret: &str, status: u16) -> Result<()> {
    stream.set_nonblocking(false)?;
    let mut answers = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    while let Some((headers, body)) = request(&mut reader)? {
        let text = String::from_utf8_lossy(&body);
        let event: Value = serde_json::from_str(&text).unwrap_or_default();
        let said = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
        let genuine = if is_genuine(&headers, &body, secret) { "signed" } else { "NOT SIGNED" };
        println!(
            "{} {} {} {genuine} {}",
            said("sequence").trim_start_matches('0'),
            said("type"),
            said("subject"),
            event.get("data").unwrap_or(&Value::Null)
        );
        write!(answers, "HTTP/1.1 {status} Told\r\ncontent-length: 0\r\n\r\n")?;
    }
    Ok(())
}

/// Headers by their names in small letters, and a body.
type Request = (BTreeMap<String, String>, Vec<u8>);

/// The next request of a connection.
fn request(reader: &mut impl std::io::BufRead) -> Result<Option<Request>> {
    let line = |reader: &mut dyn std::io::BufRead| -> Result<String> {
        let mut line = String::new();
        reader.take(16_384).read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    };
    if line(reader)?.is_empty() {
        return Ok(None);
    }
    let mut headers = BTreeMap::new();
    loop {
        let header = line(reader)?;
        let Some((name, value)) = header.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut body = Vec::new();
    let mut take = |reader: &mut dyn std::io::BufRead, bytes: usize| -> Result<()> {
        ensure!(body.len().saturating_add(bytes) <= BODY_BYTES_MAX, "a body is too long");
        let mut part = vec![0; bytes];
        reader.read_exact(&mut part)?;
        body.extend(part);
        Ok(())
    };
    if headers.get("transfer-encoding").is_some_and(|how| how == "chunked") {
        loop {
            let bytes = usize::from_str_radix(line(reader)?.as_str(), 16)?;
            take(reader, bytes)?;
            line(reader)?;
            if bytes == 0 {
                break;
            }
        }
    } else if let Some(bytes) = headers.get("content-length") {
        take(reader, bytes.parse()?)?;
    }
    Ok(Some((headers, body)))
}

/// Whether one of the signatures is by `secret`, as Standard Webhooks writes them.
fn is_genuine(headers: &BTreeMap<String, String>, body: &[u8], secret: &str) -> bool {
    let header = |name: &str| headers.get(name).map_or("", String::as_str);
    let key = secret.strip_prefix("whsec_").and_then(|key| STANDARD.decode(key).ok());
    let Some(Ok(mut mac)) = key.map(|key| Hmac::<Sha256>::new_from_slice(&key)) else {
        return false;
    };
    mac.update(format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes());
    mac.update(body);
    header("webhook-signature")
        .split(' ')
        .filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok())
        .any(|tag| mac.clone().verify_slice(&tag).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification's libraries.
    #[test]
    fn a_signature_is_known_and_a_body_read_however_it_comes() {
        let body = "{\"test\": 2432232314}";
        let head = "POST / HTTP/1.1\r\nWebhook-Id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\n\
            webhook-timestamp: 1614265330\r\n\
            webhook-signature: v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\r\n";
        let whole = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        let chunked = format!(
            "{head}transfer-encoding: chunked\r\n\r\n8\r\n{}\r\nc\r\n{}\r\n0\r\n\r\n",
            &body[..8],
            &body[8..]
        );
        for text in [whole, chunked] {
            let twice = text.repeat(2);
            let mut reader = twice.as_bytes();
            for _ in 0..2 {
                let (headers, read) = request(&mut reader).unwrap().unwrap();
                assert_eq!(String::from_utf8_lossy(&read), body);
                assert!(is_genuine(&headers, &read, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
                assert!(!is_genuine(&headers, &read, "whsec_AAAQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
                assert!(!is_genuine(&headers, b"{}", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
            }
            assert!(request(&mut reader).unwrap().is_none());
        }
    }
}
