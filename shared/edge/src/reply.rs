//! The reply, whole: status, headers, body, and what is to be written after it has been sent.

use crate::{Code, Problem, Request, outcome::unwritable, precondition::REPRESENTATION_DIGITS};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use terms::hex;

/// What the client gets. Everything here is somebody's own, so it is `no-store` until
/// [`Reply::cache`] says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body, finished before the head is set.
    pub body: Vec<u8>,
    /// Key-value writes made after the response was set: the client does not wait for them, and
    /// they may be lost.
    pub kv_after: Vec<(String, Vec<u8>)>,
}

impl Reply {
    /// No body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), kv_after: Vec::new() }
            .header("cache-control", "no-store")
    }

    /// A body of any type.
    pub fn text(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut reply = Self::empty(status).header("content-type", content_type);
        reply.body = body.into();
        reply
    }

    /// A JSON body from `value`. A value that cannot be written is an error of ours: `internal`.
    pub fn json<T: Serialize + ?Sized>(status: u16, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self::stored(status, body),
            Err(error) => unwritable(&error),
        }
    }

    /// A JSON body as it was stored or rendered: the bytes go out unchanged.
    pub fn stored(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::text(status, "application/json", body)
    }

    /// What was read, as the request's preconditions have it: 304 and no body for a client that has
    /// seen just this representation, with what a cache would have learned of it.
    ///
    /// # Errors
    /// `version_conflict` for a client that wants another representation, which there is not (RFC
    /// 9110, 13.1.1).
    pub(crate) fn if_wanted(self, request: &Request) -> Result<Self, Problem> {
        let tag = self.get("etag");
        if !request.wants(tag) {
            return Err(Problem::new(Code::VersionConflict));
        }
        Ok(match (tag, self.get("cache-control")) {
            (Some(tag), Some(rule)) if request.has_seen(tag) => {
                Self::empty(304).header("etag", tag).cache(rule)
            }
            _ => self,
        })
    }

    /// Sets a header, replacing one of the same name.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The version and the representation, as a strong entity tag: for a reply that also shows what
    /// changes without a new version, as a cart shows prices and stock. `If-Match` reads the
    /// version of it.
    pub fn etag_of_body(self, version: i64) -> Self {
        let hash = hex(&Sha256::digest(&self.body));
        let short = hash.get(..REPRESENTATION_DIGITS).unwrap_or(&hash);
        self.header("etag", format!("\"{version}-{short}\""))
    }

    /// The version, as a strong entity tag.
    pub fn etag(self, version: i64) -> Self {
        self.header("etag", format!("\"{version}\""))
    }

    /// Where the new thing is.
    pub fn location(self, path: impl Into<String>) -> Self {
        self.header("location", path)
    }

    /// When to come again.
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header("retry-after", seconds.to_string())
    }

    /// Another caching rule than `no-store`, for what is nobody's own.
    pub fn cache(self, rule: &str) -> Self {
        self.header("cache-control", rule)
    }

    /// The value of a header.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
