//! From what a use case has done to the reply.

use crate::{Code, Problem, Reply};
use serde::Serialize;
use std::marker::PhantomData;
use terms::{Done, SheetPage, Tag};

/// What an operation answers when it refuses nothing.
pub trait Outcome {
    /// The reply: under `status`, or `other` for the second of two outcomes.
    fn reply(self, status: u16, other: u16) -> Reply;
}

impl<T: Serialize> Outcome for Done<T> {
    fn reply(self, status: u16, other: u16) -> Reply {
        let Self { body, tag, is_replay, is_other, location, retry_after_seconds, kv_after } = self;
        let beside =
            Done { body: (), tag, is_replay, is_other, location, retry_after_seconds, kv_after };
        // All that is no serialising is the same code for every type.
        render(serde_json::to_vec(&body), beside, if is_other { other } else { status })
    }
}

fn render(body: Result<Vec<u8>, serde_json::Error>, beside: Done<()>, status: u16) -> Reply {
    let body = match body {
        Ok(body) => body,
        Err(error) => return unwritable(&error),
    };
    let mut reply = Reply::stored(status, body);
    match beside.tag {
        None => {}
        Some(Tag::Version(version)) => reply = reply.etag(version),
        Some(Tag::Representation(version)) => reply = reply.etag_of_body(version),
    }
    if let Some(path) = beside.location {
        reply = reply.location(path);
    }
    if let Some(seconds) = beside.retry_after_seconds {
        reply = reply.retry_after(seconds);
    }
    if beside.is_replay {
        reply = reply.header("idempotency-replayed", "true");
    }
    Reply { kv_after: beside.kv_after, ..reply }
}

/// A value that cannot be written is an error of ours.
pub(crate) fn unwritable(error: &serde_json::Error) -> Reply {
    terms::log("error", "a reply cannot be written as JSON", &[("reason", &error.to_string())]);
    Problem::new(Code::Internal).into()
}

/// What a [`File`] is.
pub trait Media {
    /// Its media type.
    const TYPE: &'static str;
}

/// A file that a component carries, sent as it is.
#[derive(Debug)]
pub struct File<M> {
    reply: Reply,
    media: PhantomData<fn() -> M>,
}

impl<M: Media> File<M> {
    /// A file with this content.
    #[must_use]
    pub fn of(content: impl Into<Vec<u8>>) -> Self {
        // Caches keep it, and pages of other origins are told more of it than others.
        Self {
            reply: Reply::text(200, M::TYPE, content).etag_of_body(1).header("vary", "origin"),
            media: PhantomData,
        }
    }

    /// Another caching rule than `no-store`, for what is nobody's own.
    #[must_use]
    pub fn cache(self, rule: &str) -> Self {
        self.header("cache-control", rule)
    }

    /// With a header.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        Self { reply: self.reply.header(name, value), ..self }
    }
}

impl<M> Outcome for File<M> {
    fn reply(self, status: u16, _: u16) -> Reply {
        Reply { status, ..self.reply }
    }
}

/// A file of rows, and where the next page of them is (RFC 8288).
impl Outcome for SheetPage {
    fn reply(self, status: u16, _: u16) -> Reply {
        let Self { sheet, next } = self;
        let reply = Reply::text(status, sheet.form.media_type(), sheet.bytes);
        match next {
            None => reply,
            Some(query) => {
                let query =
                    form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
                reply.header("link", format!("<?{query}>; rel=\"next\""))
            }
        }
    }
}
