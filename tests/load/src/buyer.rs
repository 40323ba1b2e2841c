//! One buyer: one kept-alive connection, one guest's credential.

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, client::conn::http1::SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// How many SKUs of the demo catalog are bought, in turn: all but the last, which is nearly sold out.
pub const SKUS: usize = 99;

/// A connection and who uses it.
pub struct Buyer {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    token: Option<String>,
}

/// An answer and how long it took.
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub took: Duration,
}

impl Buyer {
    /// Connects, as nobody yet.
    pub async fn connect(url: &str) -> Result<Self> {
        let host = url.strip_prefix("http://").context("an http:// URL is wanted")?.trim_end_matches('/').to_owned();
        let stream = TcpStream::connect(&host).await.with_context(|| format!("nobody listens at {host}"))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, host, token: None })
    }

    /// Becomes a new guest with an empty cart.
    pub async fn become_guest(&mut self) -> Result<Answer> {
        self.token = None;
        let answer = self.send("POST", "/api/v1/cart", None, None).await?;
        let token = answer.body["guest_token"].as_str().context("no guest token")?;
        self.token = Some(token.to_owned());
        Ok(answer)
    }

    /// Adds one of a SKU.
    pub async fn add(&mut self, number: usize) -> Result<Answer> {
        let sku = format!("TILL-{:04}", number % SKUS + 1);
        self.send("POST", "/api/v1/cart/items", Some(json!({ "sku": sku, "quantity": 1 })), None).await
    }

    /// Begins a checkout; the answer has the session.
    pub async fn begin(&mut self) -> Result<Answer> {
        let body = json!({
            "email": "load@example.com",
            "shipping_address": { "name": "Load", "line1": "1 Main St", "city": "Hanoi", "country": "VN" },
            "shipping_method": "standard", "payment_method": "pm_card_visa",
        });
        self.send("POST", "/api/v1/checkout", Some(body), None).await
    }

    /// Confirms a session under a key.
    pub async fn confirm(&mut self, session_id: &str, key: &str) -> Result<Answer> {
        self.send("POST", &format!("/api/v1/checkout/{session_id}/confirm"), None, Some(key)).await
    }

    /// Any request.
    pub async fn send(&mut self, method: &str, path: &str, body: Option<Value>, key: Option<&str>) -> Result<Answer> {
        let mut request = Request::builder().method(method).uri(path).header("host", &self.host);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let bytes = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        let begun = Instant::now();
        self.sender.ready().await?;
        let response = self.sender.send_request(request.body(Full::new(bytes))?).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        let took = begun.elapsed();
        Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or(Value::Null), took })
    }
}
