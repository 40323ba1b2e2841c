//! The way out: what is sent, what goes wrong on it.

use crate::{World, take};
use edge::{Method, Request};
use pollster::block_on;
use ports::{Http, HttpError, HttpFuture, HttpRequest, HttpResponse};
use serde_json::Value;

/// As often as it is asked for.
pub const ALWAYS: u32 = u32::MAX;

/// What is asked of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// To hold money.
    Authorize,
    /// To take what is held.
    Capture,
    /// To give a hold back.
    Void,
    /// To give back what was taken.
    Refund,
    /// How a payment stands.
    Retrieve,
    /// Which payment was made under a reference of ours.
    Search,
    /// How a refund stands.
    RefundState,
    /// Which refunds a payment has.
    Refunds,
    /// To make a customer.
    MakeCustomer,
    /// To delete one.
    DeleteCustomer,
    /// What a customer has saved, or whether a method is theirs.
    Saved,
    /// To save a method no more.
    Detach,
    /// An event to the sink.
    Event,
    /// An event to a receiver.
    Receiver,
    /// Anything else.
    Other,
}

/// All that is asked of the payment provider.
pub const PROVIDER: &[Call] = &[
    Call::Authorize,
    Call::Capture,
    Call::Void,
    Call::Refund,
    Call::Retrieve,
    Call::Search,
    Call::RefundState,
    Call::Refunds,
    Call::MakeCustomer,
    Call::DeleteCustomer,
    Call::Saved,
    Call::Detach,
];

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No connection: nothing arrives, and the caller knows it.
    NotSent,
    /// Nothing arrives, and the caller waits until its time is over.
    Timeout,
    /// It arrives and is done, and the answer is lost.
    Lost,
    /// It arrives and is done, and the caller has stopped waiting before the answer.
    TooLate,
    /// Answered with this status in front of the other side: nothing is done.
    Status(u16),
    /// Answered so in front of the other side: nothing is done.
    Answer(u16, Value),
}

impl Fault {
    /// Stripe's answer to a key it does not know.
    #[must_use]
    pub fn key_refused() -> Self {
        let error = serde_json::json!({ "error": { "type": "invalid_request_error", "code": "api_key_invalid", "message": "Invalid API Key" } });
        Self::Answer(401, error)
    }
}

/// What was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// What was asked.
    pub call: Call,
    /// When.
    pub at_ms: i64,
    /// The request.
    pub request: HttpRequest,
}

impl Sent {
    /// The idempotency key it was sent under.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.request
            .headers
            .iter()
            .find(|(name, _)| name == "idempotency-key")
            .map(|(_, value)| value.as_str())
    }
}

pub(crate) struct Rule {
    calls: Vec<Call>,
    fault: Fault,
    left: u32,
}

impl World {
    /// The next `times` of these calls go wrong in this way. Of two faults for one call the earlier
    /// comes first.
    pub fn fault(&self, calls: &[Call], fault: Fault, times: u32) {
        self.rules.borrow_mut().push(Rule { calls: calls.to_vec(), fault, left: times });
    }

    /// Nothing goes wrong any more: no faults, and the database answers.
    pub fn heals(&self) {
        self.rules.borrow_mut().clear();
        self.shop.answers.set(None);
        self.loses_key_values(false);
    }

    /// Does this, once, when the next call of this kind is under way and has not arrived.
    pub fn meanwhile(&self, call: Call, happening: impl FnOnce(&Self) + 'static) {
        self.happenings.borrow_mut().push((call, Box::new(happening)));
    }

    /// All that was sent.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        self.sent.borrow().clone()
    }

    /// All that was asked of the provider.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.sent
            .borrow()
            .iter()
            .map(|sent| sent.call)
            .filter(|call| !matches!(call, Call::Event | Call::Receiver))
            .collect()
    }

    /// How often this was asked.
    #[must_use]
    pub fn count(&self, call: Call) -> usize {
        self.sent.borrow().iter().filter(|sent| sent.call == call).count()
    }

    /// Speaks with the simulator itself, past every fault.
    pub fn simulator(&self, method: &str, target: &str, body: &Value) -> (u16, Value) {
        let request = Request::new(Method::named(method), target)
            .with_header("content-type", "application/json");
        let request = if body.is_null() { request } else { request.with_body(body.to_string()) };
        let reply = block_on(edge::serve(&simulator::routes(), &self.simulators_ports(), request));
        (reply.status, serde_json::from_slice(&reply.body).unwrap_or(Value::Null))
    }

    /// Somebody takes what is held, past the shop.
    ///
    /// # Panics
    /// If it cannot be taken.
    pub fn captures_at_the_desk(&self, reference: &str) {
        let (status, body) =
            self.desk(Method::Post, &format!("/v1/payment_intents/{reference}/capture"));
        assert_eq!(status, 200, "{body}");
    }

    /// Somebody asks the provider past the shop.
    pub fn desk(&self, method: Method, target: &str) -> (u16, Value) {
        let request = Request::new(method, target).with_header("authorization", "Bearer sk_test_1");
        let reply = block_on(edge::serve(&simulator::routes(), &self.simulators_ports(), request));
        (reply.status, serde_json::from_slice(&reply.body).unwrap_or(Value::Null))
    }

    fn rule(&self, call: Call) -> Option<Fault> {
        let mut rules = self.rules.borrow_mut();
        let rule = rules.iter_mut().find(|rule| rule.left > 0 && rule.calls.contains(&call))?;
        if rule.left != ALWAYS {
            rule.left -= 1;
        }
        Some(rule.fault.clone())
    }

    async fn arrives(&self, sent: HttpRequest) -> HttpResponse {
        let target = sent.url.splitn(4, '/').nth(3).unwrap_or_default();
        let mut request =
            Request::new(Method::named(sent.method), &format!("/{target}")).with_body(sent.body);
        for (name, value) in &sent.headers {
            request = request.with_header(name, value);
        }
        let reply = edge::serve(&simulator::routes(), &self.simulators_ports(), request).await;
        HttpResponse { status: reply.status, headers: reply.headers, body: reply.body }
    }
}

impl Http for World {
    fn send<'a>(&'a self, request: HttpRequest) -> HttpFuture<'a> {
        Box::pin(async move {
            let call = call(&request);
            self.sent.borrow_mut().push(Sent {
                call,
                at_ms: self.now_ms(),
                request: request.clone(),
            });
            if let Some(happening) = take(&self.happenings, call) {
                happening(self);
            }
            let waits = |world: &Self| {
                world.passes_ms(i64::try_from(request.timeout_ms).unwrap_or(i64::MAX))
            };
            match self.rule(call) {
                None => Ok(self.arrives(request).await),
                Some(Fault::NotSent) => Err(HttpError::NotSent("connection refused".to_owned())),
                Some(Fault::Timeout) => {
                    waits(self);
                    Err(HttpError::Timeout("no answer".to_owned()))
                }
                Some(Fault::Lost) => {
                    self.arrives(request).await;
                    Err(HttpError::Lost("the connection broke".to_owned()))
                }
                Some(Fault::TooLate) => {
                    self.arrives(request.clone()).await;
                    waits(self);
                    Err(HttpError::Timeout("no answer in time".to_owned()))
                }
                Some(Fault::Status(status)) => {
                    Ok(HttpResponse { status, headers: Vec::new(), body: Vec::new() })
                }
                Some(Fault::Answer(status, body)) => Ok(HttpResponse {
                    status,
                    headers: Vec::new(),
                    body: body.to_string().into_bytes(),
                }),
            }
        })
    }
}

/// What a request asks.
fn call(request: &HttpRequest) -> Call {
    let path = request.url.split('?').next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').skip_while(|segment| *segment != "v1").collect();
    match (request.method, segments.as_slice()) {
        ("POST", ["v1", "payment_intents"]) => Call::Authorize,
        ("POST", ["v1", "payment_intents", _, "capture"]) => Call::Capture,
        ("POST", ["v1", "payment_intents", _, "cancel"]) => Call::Void,
        ("POST", ["v1", "refunds"]) => Call::Refund,
        ("GET", ["v1", "payment_intents", "search"]) => Call::Search,
        ("GET", ["v1", "payment_intents", _]) => Call::Retrieve,
        ("GET", ["v1", "refunds", _]) => Call::RefundState,
        ("GET", ["v1", "refunds"]) => Call::Refunds,
        ("POST", ["v1", "customers"]) => Call::MakeCustomer,
        ("DELETE", ["v1", "customers", _]) => Call::DeleteCustomer,
        ("GET", ["v1", "customers", ..]) => Call::Saved,
        ("POST", ["v1", "payment_methods", _, "detach"]) => Call::Detach,
        ("POST", []) if path.ends_with("/sink") => Call::Event,
        ("POST", []) if path.contains("/sink/") => Call::Receiver,
        _ => Call::Other,
    }
}
