//! What the targets share: a world that answers as it is told, and what must hold of every refusal.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a target says by a panic that something does not hold"
)]

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use edge::{Code, Problem, Reply};
use hmac::{Hmac, Mac as _};
use ports::{
    Clock, Config, ConfigError, Dialect, Http, HttpError, HttpFuture, HttpRequest, HttpResponse,
    Kv, KvError, Ports, Random, Redis, RedisError, Sql, SqlError,
};
use serde_json::Value;
use sha2::Sha256;
use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
};

/// Now, in every target.
pub const NOW_MS: i64 = 1_800_000_000_000;

/// Ports that answer as they were told.
pub struct World {
    /// Which database it has.
    pub dialect: Dialect,
    /// The variables that are bound.
    pub variables: BTreeMap<&'static str, String>,
    /// What other services answer, one after the other; then there is no connection.
    pub answers: RefCell<VecDeque<Result<HttpResponse, HttpError>>>,
    /// What was sent to them.
    pub sent: RefCell<Vec<HttpRequest>>,
    /// What the database answers to every statement.
    pub rows: Result<Vec<String>, SqlError>,
    /// The documents it was given.
    pub documents: RefCell<Vec<String>>,
    /// The key-value store.
    pub values: RefCell<BTreeMap<String, Vec<u8>>>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            dialect: Dialect::Postgres,
            variables: BTreeMap::new(),
            answers: RefCell::default(),
            sent: RefCell::default(),
            rows: Ok(Vec::new()),
            documents: RefCell::default(),
            values: RefCell::default(),
        }
    }
}

impl World {
    /// With these variables.
    #[must_use]
    pub fn bound<const N: usize>(variables: [(&'static str, &str); N]) -> Self {
        Self {
            variables: variables.map(|(name, value)| (name, value.to_owned())).into(),
            ..Self::default()
        }
    }

    /// As a use case has it.
    #[must_use]
    pub fn ports(&self) -> Ports<'_> {
        Ports { sql: self, kv: self, http: self, clock: self, random: self, config: self }
    }
}

impl Sql for World {
    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn query(&self, _: &str, document: &str) -> Result<Vec<String>, SqlError> {
        self.documents.borrow_mut().push(document.to_owned());
        self.rows.clone()
    }

    fn run(&self, _: &str) -> Result<(), SqlError> {
        self.rows.clone().map(drop)
    }
}

impl Kv for World {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        Ok(self.values.borrow().get(key).cloned())
    }

    fn set(&self, key: &str, value: &[u8]) -> Result<(), KvError> {
        self.values.borrow_mut().insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    fn delete(&self, key: &str) -> Result<(), KvError> {
        self.values.borrow_mut().remove(key);
        Ok(())
    }
}

impl Http for World {
    fn send<'a>(&'a self, request: HttpRequest) -> HttpFuture<'a> {
        self.sent.borrow_mut().push(request);
        let answer = self.answers.borrow_mut().pop_front();
        Box::pin(async move {
            answer.unwrap_or_else(|| Err(HttpError::NotSent("nobody listens".to_owned())))
        })
    }
}

impl Redis for World {
    fn execute(&self, _: &str, _: &str, _: &[&[u8]]) -> Result<Vec<Vec<u8>>, RedisError> {
        Ok(Vec::new())
    }
}

impl Clock for World {
    fn wall_ms(&self) -> i64 {
        NOW_MS
    }
}

impl Random for World {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }

    fn id(&self) -> String {
        "0190b0a2-7c1e-7000-8000-000000000000".to_owned()
    }
}

impl Config for World {
    fn get(&self, name: &str) -> Result<String, ConfigError> {
        let unbound = || ConfigError::Undefined { name: name.to_owned() };
        self.variables.get(name).cloned().ok_or_else(unbound)
    }
}

/// A refusal as the client gets it: one of these, whole, and no header that could end early.
///
/// # Panics
/// When it is not.
pub fn refused(problem: Problem, with: &[Code]) -> Value {
    let code = problem.code();
    assert!(with.contains(&code), "refused with {problem}");
    let reply = Reply::from(problem);
    assert_eq!(reply.status, code.status());
    for (name, value) in &reply.headers {
        assert!(!value.contains(['\r', '\n', '\0']), "{name}: {value:?}");
    }
    let body: Value = serde_json::from_slice(&reply.body).expect("a problem is JSON");
    assert_eq!(body["code"], code.slug());
    assert!(
        code != Code::InvalidField || body["detail"].is_string() && body["field"].is_string(),
        "{body}"
    );
    body
}

/// The signature of a token by HS256.
#[must_use]
pub fn signature(secret: &[u8], signed: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of any length");
    mac.update(signed.as_bytes());
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

/// The text of some bytes, as far as they are one.
#[must_use]
pub fn text(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => bytes
            .get(..error.valid_up_to())
            .and_then(|valid| std::str::from_utf8(valid).ok())
            .unwrap_or_default(),
    }
}

/// The first byte and the rest: the byte chooses, the rest is the input.
#[must_use]
pub fn chosen(data: &[u8]) -> (u8, &[u8]) {
    data.split_first().map_or((0, data), |(first, rest)| (*first, rest))
}
