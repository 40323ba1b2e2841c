//! What a use case has done.

/// An outcome: the body its asker is shown, and what is known of it beside the body.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Done<T> {
    /// What the asker is shown.
    pub body: T,
    /// What the body is known again by.
    pub tag: Option<Tag>,
    /// Whether it is the outcome of an earlier request under the same key.
    pub is_replay: bool,
    /// Whether it is the second of the two outcomes that an operation may have: a thing was there
    /// already, or not all is well.
    pub is_other: bool,
    /// The path of what was made.
    pub location: Option<String>,
    /// Seconds after which to ask again.
    pub retry_after_seconds: Option<u64>,
    /// Key-values to be written once the asker has been answered: nobody waits for them, and they
    /// may be lost.
    pub kv_after: Vec<(String, Vec<u8>)>,
}

/// What a body is known again by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// Its version.
    Version(i64),
    /// Its version and what it looks like: it also shows what changes without a new version, as a
    /// cart shows prices and stock.
    Representation(i64),
}

impl<T> Done<T> {
    /// With this body, and nothing else to be known.
    pub fn new(body: T) -> Self {
        Self {
            body,
            tag: None,
            is_replay: false,
            is_other: false,
            location: None,
            retry_after_seconds: None,
            kv_after: Vec::new(),
        }
    }

    /// The body is this version of its thing.
    pub fn version(self, version: i64) -> Self {
        Self { tag: Some(Tag::Version(version)), ..self }
    }

    /// The body shows this version of its thing, and more.
    pub fn representation(self, version: i64) -> Self {
        Self { tag: Some(Tag::Representation(version)), ..self }
    }

    /// It was done by an earlier request under the same key, if `is_replay`.
    pub fn replay(self, is_replay: bool) -> Self {
        Self { is_replay, ..self }
    }

    /// It is the second of the operation's two outcomes, if `is_other`.
    pub fn other(self, is_other: bool) -> Self {
        Self { is_other, ..self }
    }

    /// Where the new thing is.
    pub fn location(self, path: impl Into<String>) -> Self {
        Self { location: Some(path.into()), ..self }
    }

    /// When to ask again.
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after_seconds: Some(seconds), ..self }
    }

    /// Writes `value` under `key` once the asker has been answered.
    pub fn kv_after(mut self, key: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.kv_after.push((key.into(), value.into()));
        self
    }
}
