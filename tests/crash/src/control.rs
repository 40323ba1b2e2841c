//! till's control port, and the faults a request can ask for.

use std::{
    env, fmt,
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use e2e::{Call, Reply, unique};
use serde_json::{Value, json};

use crate::table::size;

/// What is done to one host call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The guest dies before it.
    StopBefore,
    /// The guest dies after it.
    StopAfter,
    /// It comes about, and its answer is lost.
    LoseAnswer,
    /// It fails as a connection that breaks.
    Fail,
}

impl Fault {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::StopBefore, Self::StopAfter, Self::LoseAnswer, Self::Fail];

    /// The plan that does this to host call `number`, which is of that kind when nothing goes
    /// wrong.
    #[must_use]
    pub fn at(self, number: usize) -> Value {
        let fault = match self {
            Self::StopBefore => json!("stop_before"),
            Self::StopAfter => json!("stop_after"),
            Self::LoseAnswer => json!("lose_answer"),
            Self::Fail => json!({ "fail": "connection_lost" }),
        };
        json!({ "call": number, "fault": fault })
    }

    /// The faults that a run tries at the call in this place: all of them; or with
    /// `EDGETILL_CRASH_EVERY=4` one of the four, another at each of four calls that follow one
    /// another, and another order in the next four; or with 7 one at most calls.
    pub fn tried_at(position: usize, kind: &str) -> impl Iterator<Item = Self> {
        let every = size("EDGETILL_CRASH_EVERY").max(1);
        let of_turn = move |(number, _): &(usize, Self)| {
            (position + position / Self::ALL.len() + number).is_multiple_of(every)
        };
        Self::ALL
            .into_iter()
            .enumerate()
            .filter(of_turn)
            .map(|(_, fault)| fault)
            .filter(|fault| fault.fits(kind))
    }

    /// Whether a call of this kind can be broken so.
    #[must_use]
    pub fn fits(self, kind: &str) -> bool {
        self != Self::Fail || kind != "response_set"
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StopBefore => "stopped before",
            Self::StopAfter => "stopped after",
            Self::LoseAnswer => "answer lost of",
            Self::Fail => "failed",
        })
    }
}

/// A run that has ended, as till tells of it.
#[derive(Clone, Debug)]
pub struct Run(Value);

impl Run {
    /// Sends `call` with these plans, waits until the guest has ended, and gives the reply, if
    /// there was one, and the run.
    ///
    /// # Panics
    /// When a reply is not what the API document says, or a plan could not be carried out.
    pub fn of(call: &Call, plans: &[Value]) -> (Option<Reply>, Self) {
        let name = unique("run-");
        let call = call.clone().header("till-run", &name);
        let call = if plans.is_empty() {
            call
        } else {
            call.header("till-fault", &Value::from(plans).to_string())
        };
        let reply = call.send_broken();
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(run) = control("GET", &format!("/runs/{name}"), None) {
                return (reply, Self(run));
            }
            assert!(
                Instant::now() < deadline,
                "the run does not end, or till does not know it: {reply:?}"
            );
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Kind and label of every host call, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.0["calls"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|call| (text(&call["kind"]), text(&call["label"])))
            .collect()
    }

    /// The first call that something was done to, counted from 1, and what it was.
    #[must_use]
    pub fn struck(&self) -> Option<String> {
        let calls = self.0["calls"].as_array()?;
        let (number, call) = calls.iter().enumerate().find(|(_, call)| {
            call.get("fault").is_some_and(|fault| !is_of_the_lease(call, fault))
        })?;
        Some(format!(
            "call {} ({} {})",
            number + 1,
            call["kind"].as_str()?,
            call["label"].as_str()?
        ))
    }
}

/// Whether it is the fault that keeps a worker from finding the lease of the one before it
/// ([`crate::worker`]).
fn is_of_the_lease(call: &Value, fault: &Value) -> bool {
    call["kind"] == "kv_get" && *fault == json!({ "fail": "busy" })
}

/// Asks the control port; `None` for what is not there.
///
/// # Panics
/// When it refuses, or is not there itself.
#[must_use]
pub fn control(method: &str, path: &str, body: Option<&Value>) -> Option<Value> {
    static AGENT: OnceLock<(String, ureq::Agent)> = OnceLock::new();
    let (url, agent) = AGENT.get_or_init(|| {
        let url = env::var("EDGETILL_CONTROL")
            .expect("EDGETILL_CONTROL is not set; run `cargo till test`, which sets it");
        (
            url,
            ureq::Agent::config_builder()
                .http_status_as_error(false)
                .max_idle_connections_per_host(64)
                .build()
                .into(),
        )
    });
    let request = ureq::http::Request::builder().method(method).uri(format!("{url}{path}"));
    let request = request.body(body.map(Value::to_string).unwrap_or_default()).expect("a request");
    let mut reply = agent
        .run(request)
        .unwrap_or_else(|error| panic!("the control port does not answer: {error}"));
    let text = reply.body_mut().read_to_string().expect("an answer");
    match reply.status().as_u16() {
        404 => None,
        200 | 201 => Some(serde_json::from_str(&text).expect("JSON")),
        status => panic!("the control port answers {status}: {text}"),
    }
}
