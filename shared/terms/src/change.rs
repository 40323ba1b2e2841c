//! How a client wants a change applied: against which version, and under which idempotency key.

use crate::fingerprint;

/// What the client says it has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// Any version at all.
    Any,
    /// One of these.
    Versions(Vec<i64>),
}

impl Precondition {
    /// Whether `version` is among what the client named.
    #[must_use]
    pub fn admits(&self, version: i64) -> bool {
        match self {
            Self::Any => true,
            Self::Versions(versions) => versions.contains(&version),
        }
    }
}

/// The precondition and the key of one change, and what was asked for.
#[derive(Clone, Debug, Default)]
pub struct Change {
    seen: Option<Precondition>,
    key: Option<String>,
    fingerprint: String,
}

/// A change by which money or stock moves: it has a key, so that a program whose reply was lost can
/// ask again.
#[derive(Clone, Debug)]
pub struct KeyedChange {
    change: Change,
    key: String,
}

impl KeyedChange {
    /// One that no client asks for, under a key of its own, by which alone it is known.
    #[must_use]
    pub fn under(key: String) -> Self {
        Self { change: Change::new(Some(key.clone()), key.clone()), key }
    }

    /// For a client that has seen this, and wants no other changed.
    #[must_use]
    pub fn against(self, seen: Option<Precondition>) -> Self {
        Self { change: self.change.against(seen), ..self }
    }

    /// The client's key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl std::ops::Deref for KeyedChange {
    type Target = Change;

    fn deref(&self) -> &Change {
        &self.change
    }
}

impl Change {
    /// A change under `key`, if there is one. The fingerprint is of all that was asked: the same
    /// key with another is a mistake of the client's.
    #[must_use]
    pub fn new(key: Option<String>, fingerprint: String) -> Self {
        Self { seen: None, key, fingerprint }
    }

    /// For a client that has seen this, and wants no other changed.
    #[must_use]
    pub fn against(self, seen: Option<Precondition>) -> Self {
        Self { seen, ..self }
    }

    /// As one that has its key; nothing if it has none.
    #[must_use]
    pub fn keyed(self) -> Option<KeyedChange> {
        let key = self.key.clone()?;
        Some(KeyedChange { change: self, key })
    }

    /// The versions that will do; none when any will.
    #[must_use]
    pub fn versions(&self) -> Option<&[i64]> {
        match &self.seen {
            Some(Precondition::Versions(versions)) => Some(versions),
            Some(Precondition::Any) | None => None,
        }
    }

    /// What the key is kept as: a client may put anything into it, a name or an e-mail too (SEC-3).
    #[must_use]
    pub fn kept_key(&self, owner: &str) -> Option<String> {
        self.key.as_deref().map(|key| fingerprint(&[owner, key]))
    }

    /// The fingerprint of what was asked.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}
