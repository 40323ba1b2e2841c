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

use de::Node;
use serde::de::DeserializeOwned;
use std::{borrow::Cow, collections::BTreeMap, fmt};
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

/// Reads one JSON text of ours, or of a provider: members that `T` does not know are passed over.
///
/// # Errors
/// When it is no JSON, or not of the shape of `T`.
pub fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, ReadError> {
    read_as(text, false)
}

/// Reads one JSON text of a client: a member that `T` does not know is refused, however deep.
///
/// # Errors
/// When it is no JSON, or not of the shape of `T`.
pub fn read_strictly<T: DeserializeOwned>(text: &[u8]) -> Result<T, ReadError> {
    read_as(text, true)
}

fn read_as<T: DeserializeOwned>(text: &[u8], is_strict: bool) -> Result<T, ReadError> {
    let tree = tree::parse(text).map_err(ReadError::Malformed)?;
    T::deserialize(Node { tree, is_strict }).map_err(ReadError::Mismatch)
}

fn strictly<T: DeserializeOwned>(tree: Tree<'_>) -> Result<T, Mismatch> {
    T::deserialize(Node { tree, is_strict: true })
}

/// Reads name-value pairs strictly, as a query string has them: numbers and truth values are written
/// as text there.
///
/// # Errors
/// When they are not of the shape of `T`.
pub fn read_pairs<T: DeserializeOwned>(
    pairs: impl Iterator<Item = (String, String)>,
) -> Result<T, Mismatch> {
    strictly(Tree::Object(
        pairs.map(|(name, value)| (name.into(), Tree::Written(value.into()))).collect(),
    ))
}

/// Reads the cells of a row strictly, by their columns' names, in which numbers and truth values are written
/// as text. A name with a dot is a member of a member: `prices.USD`. A cell in which nothing stands
/// is a member that is not there.
///
/// # Errors
/// When they are not of the shape of `T`.
pub fn read_cells<'c, T: DeserializeOwned>(
    cells: impl Iterator<Item = (&'c str, &'c str)>,
) -> Result<T, Mismatch> {
    let mut row = Vec::new();
    let mut within: BTreeMap<&str, Vec<(Cow<'_, str>, Tree<'_>)>> = BTreeMap::new();
    for (name, cell) in cells {
        let (members, name) = match name.split_once('.') {
            Some((outer, inner)) => (within.entry(outer).or_default(), inner),
            None => (&mut row, name),
        };
        if !cell.is_empty() {
            members.push((name.into(), Tree::Written(cell.into())));
        }
    }
    row.extend(within.into_iter().map(|(name, members)| (name.into(), Tree::Object(members))));
    strictly(Tree::Object(row))
}

#[cfg(test)]
mod tests;
