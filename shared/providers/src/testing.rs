//! Fakes for the native tests: a scripted other side that records what it was sent.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
};

use crate::OutboxEvent;
use json::json;
use ports::{
    Clock, Http, HttpError, HttpFuture, HttpRequest, HttpResponse, Kv, KvError, Redis, RedisError,
};

/// One of an order.
pub fn event() -> OutboxEvent {
    OutboxEvent {
        event_id: "0193f1d0-7b1c-7f3e-9a55-0d5c2f1e8a77".to_owned(),
        event_type: "dev.edgetill.order.placed.v1".to_owned(),
        subject: "order/ord_1".to_owned(),
        occurred_at_ms: 1_700_000_000_123,
        sequence: 42,
        data: json!({"order_id": "ord_1", "total": {"amount_minor": 1999, "currency": "USD"}}),
    }
}

pub struct FakeClock(Cell<i64>);

impl FakeClock {
    pub fn at(now_ms: i64) -> Self {
        Self(Cell::new(now_ms))
    }

    pub fn advance(&self, by_ms: i64) {
        self.0.set(self.0.get() + by_ms);
    }
}

impl Clock for FakeClock {
    fn wall_ms(&self) -> i64 {
        self.0.get()
    }
}

#[derive(Default)]
pub struct FakeKv {
    values: RefCell<BTreeMap<String, Vec<u8>>>,
    calls: RefCell<Vec<String>>,
    broken: Cell<bool>,
}

impl FakeKv {
    pub fn calls(&self) -> Vec<String> {
        self.calls.borrow().clone()
    }

    pub fn is_empty(&self) -> bool {
        self.values.borrow().is_empty()
    }

    pub fn put(&self, key: &str, value: &[u8]) {
        self.values.borrow_mut().insert(key.to_owned(), value.to_vec());
    }

    pub fn break_down(&self) {
        self.broken.set(true);
    }

    fn call(&self, name: &str, key: &str) -> Result<(), KvError> {
        self.calls.borrow_mut().push(format!("{name} {key}"));
        if self.broken.get() {
            return Err(KvError("database is locked".to_owned()));
        }
        Ok(())
    }
}

impl Kv for FakeKv {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        self.call("get", key)?;
        Ok(self.values.borrow().get(key).cloned())
    }

    fn set(&self, key: &str, value: &[u8]) -> Result<(), KvError> {
        self.call("set", key)?;
        self.put(key, value);
        Ok(())
    }

    fn delete(&self, key: &str) -> Result<(), KvError> {
        self.call("delete", key)?;
        self.values.borrow_mut().remove(key);
        Ok(())
    }
}

/// Answers each request with the next scripted answer and remembers the request.
#[derive(Default)]
pub struct FakeHttp {
    answers: RefCell<VecDeque<Result<HttpResponse, HttpError>>>,
    requests: RefCell<Vec<HttpRequest>>,
}

impl FakeHttp {
    pub fn answering(answers: impl IntoIterator<Item = Result<HttpResponse, HttpError>>) -> Self {
        Self { answers: RefCell::new(answers.into_iter().collect()), requests: RefCell::default() }
    }

    /// The requests as `METHOD URL body` lines.
    pub fn sent(&self) -> Vec<String> {
        self.requests
            .borrow()
            .iter()
            .map(|r| {
                let body = String::from_utf8(r.body.clone()).unwrap();
                format!("{} {} {body}", r.method, r.url).trim_end().to_owned()
            })
            .collect()
    }

    pub fn requests(&self) -> Vec<HttpRequest> {
        self.requests.borrow().clone()
    }
}

impl Http for FakeHttp {
    fn send<'a>(&'a self, request: HttpRequest) -> HttpFuture<'a> {
        self.requests.borrow_mut().push(request);
        let answer = self.answers.borrow_mut().pop_front().unwrap();
        Box::pin(async move { answer })
    }
}

pub fn answer(status: u16, body: &str) -> Result<HttpResponse, HttpError> {
    Ok(HttpResponse { status, headers: Vec::new(), body: body.as_bytes().to_vec() })
}

pub fn answer_with(
    status: u16,
    header: (&str, &str),
    body: &str,
) -> Result<HttpResponse, HttpError> {
    Ok(HttpResponse {
        status,
        headers: vec![(header.0.to_owned(), header.1.to_owned())],
        body: body.as_bytes().to_vec(),
    })
}

/// Answers each command with the next scripted answer, with success when there is none, and
/// remembers it.
#[derive(Default)]
pub struct FakeRedis {
    answers: RefCell<VecDeque<Result<(), RedisError>>>,
    commands: RefCell<Vec<Vec<String>>>,
}

impl FakeRedis {
    pub fn answering(answers: impl IntoIterator<Item = Result<(), RedisError>>) -> Self {
        Self { answers: RefCell::new(answers.into_iter().collect()), commands: RefCell::default() }
    }

    /// Each command's words behind its address.
    pub fn commands(&self) -> Vec<Vec<String>> {
        self.commands.borrow().clone()
    }
}

impl Redis for FakeRedis {
    fn execute(
        &self,
        address: &str,
        command: &str,
        arguments: &[&[u8]],
    ) -> Result<Vec<Vec<u8>>, RedisError> {
        let arguments =
            arguments.iter().map(|argument| String::from_utf8(argument.to_vec()).unwrap());
        self.commands
            .borrow_mut()
            .push([address.to_owned(), command.to_owned()].into_iter().chain(arguments).collect());
        self.answers.borrow_mut().pop_front().unwrap_or(Ok(())).map(|()| Vec::new())
    }
}
