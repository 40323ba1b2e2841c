//! One call and its reply.

use crate::settings::Settings;
use serde_json::Value;
use std::{cell::RefCell, fmt, sync::OnceLock, time::Duration};

/// The longest any reply may take: longer than every provider timeout of the development manifest.
const REPLY_SECONDS_MAX: u64 = 60;

/// The longest body that every host reads to its end, whatever the component says of it.
const BODY_READ_WHOLE: usize = 16 << 10;

fn agent() -> &'static ureq::Agent {
    static AGENT: OnceLock<ureq::Agent> = OnceLock::new();
    AGENT.get_or_init(|| {
        ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(256)
            .max_idle_connections_per_host(256)
            .max_idle_age(Duration::from_secs(2))
            .allow_non_standard_methods(true)
            .build()
            .into()
    })
}

thread_local! {
    static RECORD: RefCell<Option<Vec<Reply>>> = const { RefCell::new(None) };
}

/// Does `work`, and gives with its result every reply that came on this thread meanwhile.
pub fn recorded<T>(work: impl FnOnce() -> T) -> (T, Vec<Reply>) {
    RECORD.with_borrow_mut(|record| *record = Some(Vec::new()));
    let result = work();
    (result, RECORD.take().unwrap_or_default())
}

/// A request on its way to being sent.
#[must_use = "a call does nothing until it is sent"]
#[derive(Clone, Debug)]
pub struct Call {
    method: String,
    origin: Option<String>,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Call {
    /// A call of `path`, which starts with a slash and may have a query.
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            origin: None,
            path: path.to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// Sent to the host at this base URL, not to the one that all tests know.
    pub fn at(mut self, origin: &str) -> Self {
        self.origin = Some(origin.to_owned());
        self
    }

    /// With a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a header if there is a value.
    pub fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    /// Under this `Idempotency-Key`, whatever it had before.
    pub fn keyed(mut self, key: &str) -> Self {
        self.headers.retain(|(name, _)| name != "idempotency-key");
        self.header("idempotency-key", key)
    }

    /// With a credential.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// With a JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    /// With these bytes as the body, and no content type.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sends it and waits for the whole reply.
    ///
    /// # Panics
    /// When there is no reply at all.
    pub fn send(self) -> Reply {
        self.try_send()
            .unwrap_or_else(|error| panic!("{} {}: no reply: {error}", self.method, self.path))
    }

    /// Sends it until there is a reply, as a client does whose connection was reset: a crowd that
    /// connects in one moment can be more than a host's queue of connections holds. Only for a call
    /// with an idempotency key, or one that changes nothing.
    ///
    /// # Panics
    /// When there is no reply after half a minute.
    pub fn send_until_heard(&self) -> Reply {
        crate::eventually("a reply", || self.try_send().ok())
    }

    /// Sends it as a patient client does: again when the database was busy, a little later each
    /// time than it was told to, and again when there was no reply at all. Only for a call with an
    /// idempotency key, or one that changes nothing.
    ///
    /// # Panics
    /// When there is no other reply after half a minute.
    pub fn send_patiently(&self) -> Reply {
        crate::eventually("a reply other than `database_busy`", || {
            let reply = self.try_send().ok()?;
            if reply.status == 503 && reply.json()["code"] == "database_busy" {
                std::thread::sleep(Duration::from_secs(reply.retry_after_s()));
                return None;
            }
            Some(reply)
        })
    }

    /// Sends it until it is answered with this status, and gives the body: to somebody whose guests
    /// die, for what may be done twice.
    ///
    /// # Panics
    /// When it is not within half a minute.
    pub fn send_until(&self, status: u16) -> Value {
        crate::eventually("an answer", || {
            self.send_broken()
                .filter(|reply| reply.status == status)
                .map(|reply| reply.expect(status))
        })
    }

    /// Sends it to a guest that dies at its host call of this number, `before` or `after` the
    /// effect, and gives the status. For till ([`crate::needs_till`]); the empty 500 of a dead
    /// guest is the host's and in no document.
    ///
    /// # Panics
    /// When there is no reply at all.
    pub fn send_to_die(self, when: &str, number: usize) -> u16 {
        let call = self.header("till-stop", &format!("{when} {number}"));
        match call.exchange(Duration::from_secs(REPLY_SECONDS_MAX)) {
            Ok(reply) => reply.status,
            Err(error) => panic!("{} {}: no reply: {error}", call.method, call.path),
        }
    }

    /// Sends it to a guest that something is done to; `None` when the connection closed without a
    /// reply. A reply that the guest gave is what the API document says, also now; the empty 500 of
    /// a dead guest is the host's and in no document.
    ///
    /// # Panics
    /// When the plan of what is to be done could not be carried out, or the reply is in no
    /// document.
    #[must_use]
    pub fn send_broken(&self) -> Option<Reply> {
        let reply = self.exchange(Duration::from_secs(REPLY_SECONDS_MAX)).ok()?;
        assert!(!reply.body.starts_with(b"till: "), "{reply:?}");
        if (reply.status, reply.body.is_empty()) != (500, true) {
            crate::contract::check(&self.method, &self.path, &reply);
        }
        Some(reply)
    }

    /// Sends it and goes away before the reply can have come: what a phone in a tunnel does.
    ///
    /// # Panics
    /// When the reply was there sooner.
    pub fn send_and_leave(self, after: Duration) {
        if let Ok(reply) = self.try_send_within(after) {
            panic!("the reply was there before the client had gone: {reply:?}");
        }
    }

    /// Sends it once; `None` when nobody answered.
    #[must_use]
    pub fn try_once(&self) -> Option<Reply> {
        self.try_send().ok()
    }

    fn try_send(&self) -> Result<Reply, ureq::Error> {
        self.try_send_within(Duration::from_secs(REPLY_SECONDS_MAX))
    }

    fn try_send_within(&self, limit: Duration) -> Result<Reply, ureq::Error> {
        let reply = self.exchange(limit)?;
        crate::contract::check(&self.method, &self.path, &reply);
        Ok(reply)
    }

    fn exchange(&self, limit: Duration) -> Result<Reply, ureq::Error> {
        let origin = self.origin.as_deref().unwrap_or(&Settings::get().url);
        let mut request = ::http::Request::builder()
            .method(self.method.as_str())
            .uri(format!("{origin}{}", self.path));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        // A host that does not read a body to its end closes the connection behind its reply, and
        // Spin does not always say so: nobody else may be given that connection.
        if self.body.as_ref().is_some_and(|body| body.len() > BODY_READ_WHOLE) {
            request = request.header("connection", "close");
        }
        // A body of no bytes still announces its length, as a POST must.
        let body = self
            .body
            .clone()
            .or_else(|| matches!(self.method.as_str(), "POST" | "PUT" | "PATCH").then(Vec::new));
        let response = match body {
            Some(body) => agent().run(limited(request.body(body)?, limit))?,
            None => agent().run(limited(request.body(())?, limit))?,
        };
        let (head, mut body) = response.into_parts();
        let reply = Reply {
            call: format!("{} {}", self.method, self.path),
            status: head.status.as_u16(),
            headers: head
                .headers
                .iter()
                .map(|(name, value)| {
                    (
                        name.as_str().to_owned(),
                        String::from_utf8_lossy(value.as_bytes()).into_owned(),
                    )
                })
                .collect(),
            body: body.with_config().limit(256 << 20).read_to_vec()?,
        };
        RECORD.with_borrow_mut(|record| {
            record.iter_mut().for_each(|record| record.push(reply.clone()))
        });
        Ok(reply)
    }
}

fn limited<B: ureq::AsSendBody>(
    request: ::http::Request<B>,
    limit: Duration,
) -> ::http::Request<B> {
    agent().configure_request(request).timeout_global(Some(limit)).build()
}

/// A whole reply.
#[derive(Clone)]
pub struct Reply {
    call: String,
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.call, self.status)?;
        for (name, value) in &self.headers {
            write!(f, "\n  {name}: {value}")?;
        }
        write!(f, "\n  {}", String::from_utf8_lossy(&self.body))
    }
}

impl Reply {
    pub(crate) fn new(
        call: String,
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> Self {
        Self { call, status, headers, body }
    }

    /// What it answers: method and target.
    #[must_use]
    pub fn call(&self) -> &str {
        &self.call
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The version in the entity tag.
    ///
    /// # Panics
    /// Without a strong tag around a number.
    #[track_caller]
    #[must_use]
    pub fn etag_version(&self) -> i64 {
        self.header("etag")
            .and_then(|tag| {
                tag.strip_prefix('"')?.strip_suffix('"')?.split('-').next()?.parse().ok()
            })
            .unwrap_or_else(|| panic!("no version in the entity tag: {self:?}"))
    }

    /// Whether it was accepted.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }

    /// The body, after a reply of this status.
    ///
    /// # Panics
    /// After any other.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// The problem, after a refusal of this status and code. Every problem has the whole shape of
    /// RFC 9457.
    ///
    /// # Panics
    /// After any other reply.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{code} expected: {self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{self:?}");
        assert_eq!(problem["status"], status, "{self:?}");
        assert_eq!(problem["type"], format!("https://edgetill.dev/problems/{code}"), "{self:?}");
        assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{self:?}");
        problem
    }

    /// How long to wait, in seconds.
    ///
    /// # Panics
    /// When the reply does not say.
    #[track_caller]
    #[must_use]
    pub fn retry_after_s(&self) -> u64 {
        self.header("retry-after")
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(|| panic!("no Retry-After: {self:?}"))
    }
}
