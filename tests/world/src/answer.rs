//! What a caller is told.

use edge::{Answered, Operation, Outcome as _, Reply};
use serde_json::Value;

/// A reply as its caller sees it.
#[derive(Clone, Debug)]
#[must_use = "say what was expected of it"]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body; null when it is none.
    pub body: Value,
    /// The body's bytes.
    pub bytes: Vec<u8>,
    /// `Retry-After` in seconds.
    pub retry_after: Option<u64>,
}

impl Answer {
    /// What becomes of a use case's result where `O` is answered with it.
    pub fn of<O: Operation>(result: Answered<O>) -> Self {
        let reply = result.map_or_else(Reply::from, |outcome| outcome.reply(O::STATUS, O::OTHER));
        Self {
            status: reply.status,
            body: serde_json::from_slice(&reply.body).unwrap_or(Value::Null),
            retry_after: reply.get("retry-after").and_then(|seconds| seconds.parse().ok()),
            bytes: reply.body,
        }
    }

    /// The body, if the status is this one.
    ///
    /// # Panics
    /// If it is another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// The body, if this is the problem that was expected.
    ///
    /// # Panics
    /// If it is another.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status, self.body["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.body
        );
        self.body
    }
}
