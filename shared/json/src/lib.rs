//! JSON in and out, once for the whole workspace.
//!
//! A component is small when each type is decoded by one copy of its code. So whatever comes in — a
//! request's body or query, a row, a provider's answer, a record of the key-value store — is read
//! into one tree first, and every type is decoded from that tree by one deserializer. Members keep
//! their order and their repetitions, so a repeated one is refused, and an error knows its place as
//! a JSON pointer.
//!
//! [`json!`] is the other way: a value in JSON's own notation, each member of an object one call.

mod de;
mod object;
mod tree;

pub use de::{Fault, Mismatch, listed};
pub use object::{member, put, text, value};
pub use serde_json::{Map, Value};

use serde::de::DeserializeOwned;
use std::fmt;
use tree::Tree;

/// The one character that PostgreSQL stores nowhere: no text that is read here holds it.
pub const NUL: char = '\0';

/// What is said of a text that does.
pub const WITHOUT_NUL: &str = "must not hold the character U+0000";

/// Why a text is not the value it should be.
#[derive(Debug)]
pub enum ReadError {
    /// It is no JSON.
    Malformed(serde_json::Error),
    /// It is JSON of another shape.
    Mismatch(Mismatch),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::Mismatch(mismatch) => mismatch.fmt(f),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Malformed(error) => Some(error),
            Self::Mismatch(mismatch) => Some(mismatch),
        }
    }
}

/// Reads one JSON text.
///
/// # Errors
/// When it is no JSON, or not of the shape of `T`.
pub fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, ReadError> {
    let tree = tree::parse(text).map_err(ReadError::Malformed)?;
    T::deserialize(tree).map_err(ReadError::Mismatch)
}

/// Reads name-value pairs, as a query string has them: numbers and truth values are written as text
/// there.
///
/// # Errors
/// When they are not of the shape of `T`.
pub fn read_pairs<T: DeserializeOwned>(
    pairs: impl Iterator<Item = (String, String)>,
) -> Result<T, Mismatch> {
    T::deserialize(Tree::Object(pairs.map(|(name, value)| (name, Tree::Written(value))).collect()))
}

#[cfg(test)]
mod tests;
