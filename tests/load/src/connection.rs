//! One kept-alive connection.

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// A connection to the shop.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

/// What is sent.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: &'static str,
    pub path: String,
    pub token: Option<String>,
    pub body: Option<Value>,
    pub key: Option<String>,
    /// Whether till is to say which host calls it made.
    pub counted: bool,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Bytes,
    /// `statements=2 setup=2 kv=0 outbound=0`, from till when it was asked.
    pub calls: Option<String>,
}

impl Connection {
    /// Connects.
    pub async fn open(url: &str) -> Result<Self> {
        let host = url
            .strip_prefix("http://")
            .context("an http:// URL is wanted")?
            .trim_end_matches('/')
            .to_owned();
        let stream =
            TcpStream::connect(&host).await.with_context(|| format!("nobody listens at {host}"))?;
        stream.set_nodelay(true)?;
        let (sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, host })
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&mut self, request: &Request) -> Result<Answer> {
        let mut head = hyper::Request::builder()
            .method(request.method)
            .uri(&request.path)
            .header("host", &self.host);
        if let Some(token) = &request.token {
            head = head.header("authorization", format!("Bearer {token}"));
        }
        if let Some(key) = &request.key {
            head = head.header("idempotency-key", key);
        }
        if request.counted {
            head = head.header("till-count", "1");
        }
        let bytes = match &request.body {
            Some(body) => {
                head = head.header("content-type", "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        self.sender.ready().await?;
        let response = self.sender.send_request(head.body(Full::new(bytes))?).await?;
        let status = response.status().as_u16();
        let calls = response
            .headers()
            .get("till-host-calls")
            .and_then(|calls| calls.to_str().ok())
            .map(str::to_owned);
        let body = response.into_body().collect().await?.to_bytes();
        Ok(Answer { status, body, calls })
    }
}

impl Answer {
    /// The body as JSON; null for any other.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// A field that has to be a text.
    pub fn text(&self, field: &str) -> Result<String> {
        let found = self.json().get(field).and_then(Value::as_str).map(str::to_owned);
        found.with_context(|| format!("no {field} in the answer: {}", self.complaint()))
    }

    /// Status and problem code: `503 database_busy`.
    pub fn complaint(&self) -> String {
        let code = self.json().get("code").and_then(Value::as_str).map(str::to_owned);
        let code =
            code.unwrap_or_else(|| String::from_utf8_lossy(&self.body).chars().take(60).collect());
        format!("{} {code}", self.status).trim_end().to_owned()
    }
}
