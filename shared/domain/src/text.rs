//! The two shapes most types here have: a short text with a rule, and an enum with a name per
//! variant.

use serde::{Deserialize, Deserializer, de};
use thiserror::Error;

/// A text was not what its type asks for: which type, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what} {problem}")]
pub struct TextError {
    /// What was being read, in words: "a SKU", "a country".
    pub what: &'static str,
    /// Which rule it broke.
    pub problem: TextProblem,
}

/// The rule a text broke. The text itself is never repeated: it may be personal data.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TextProblem {
    /// Nothing, or only white space, was given.
    #[error("must not be empty")]
    Empty,
    /// It was longer than allowed.
    #[error("must be at most {max} characters long, this has {given}")]
    TooLong {
        /// The most characters allowed.
        max: usize,
        /// How many were given.
        given: usize,
    },
    /// It held a character that is not allowed.
    #[error("may hold only {allowed}, not {character:?}")]
    Character {
        /// The characters allowed, in words.
        allowed: &'static str,
        /// The first one that is not.
        character: char,
    },
    /// The same, where the character may be personal and is not repeated.
    #[error("may hold only {allowed}")]
    Characters {
        /// The characters allowed, in words.
        allowed: &'static str,
    },
    /// It did not have the one shape allowed.
    #[error("must be {expected}")]
    Shape {
        /// The shape, in words, with an example.
        expected: &'static str,
    },
}

/// A name that is not one of a fixed list.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what} must be one of {}", .expected.join(", "))]
pub struct UnknownName {
    /// What was being read, in words: "an order status".
    pub what: &'static str,
    /// Every name that would be right.
    pub expected: &'static [&'static str],
}

/// Not empty, at most `max` characters, and each of them allowed.
pub(crate) fn check(
    text: &str,
    max: usize,
    allowed: &'static str,
    is_allowed: impl Fn(char) -> bool,
) -> Result<(), TextProblem> {
    if text.trim().is_empty() {
        return Err(TextProblem::Empty);
    }
    let given = text.chars().count();
    if given > max {
        return Err(TextProblem::TooLong { max, given });
    }
    match text.chars().find(|&character| !is_allowed(character)) {
        Some(character) => Err(TextProblem::Character { allowed, character }),
        None => Ok(()),
    }
}

/// Reads a text that keeps to `rule`: one copy of the code for all types of text, for a component
/// has a dozen of them.
pub(crate) fn read<'de, D: Deserializer<'de>>(
    deserializer: D,
    what: &'static str,
    rule: fn(&str) -> Result<(), TextProblem>,
) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match rule(&text) {
        Ok(()) => Ok(text),
        Err(problem) => Err(de::Error::custom(TextError { what, problem })),
    }
}

/// Declares a text with a rule: the struct, its one way in, and its way out.
///
/// `$rule` is a function `&str -> Result<(), TextProblem>`.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::text::read(deserializer, $what, $rule).map(Self)
            }
        }

        impl $name {
            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::TextError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                match $rule(&text) {
                    Ok(()) => Ok(Self(text)),
                    Err(problem) => Err($crate::TextError { what: $what, problem }),
                }
            }
        }

        impl TryFrom<&str> for $name {
            type Error = $crate::TextError;

            fn try_from(text: &str) -> Result<Self, Self::Error> {
                Self::try_from(text.to_owned())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::TextError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::try_from(text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// Declares an enum whose variants have one name each, the same on the wire, in SQL and in a log.
macro_rules! named_enum {
    (
        $(#[$doc:meta])*
        pub enum $name:ident ($what:literal) {
            $( $(#[$variant_doc:meta])* $variant:ident = $text:literal, )+
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "&'static str")]
        pub enum $name {
            $( $(#[$variant_doc])* $variant, )+
        }

        impl $name {
            /// Every one of them, in the order they are declared.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )+];

            /// Every name, in the same order.
            pub const NAMES: &'static [&'static str] = &[$( $text, )+];

            /// Its one name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $( Self::$variant => $text, )+
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $( $text => Ok(Self::$variant), )+
                    _ => Err($crate::UnknownName { what: $what, expected: Self::NAMES }),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::UnknownName;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for &'static str {
            fn from(value: $name) -> Self {
                value.as_str()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "enum": Self::NAMES })
            }
        }
    };
}

/// A machine as a picture: a row per state, a column per state, `x` where the move is legal.
#[cfg(test)]
pub(crate) fn matrix<T: Copy + std::fmt::Display>(
    states: &[T],
    is_legal: impl Fn(T, T) -> bool,
) -> String {
    let name = |state: &T| state.to_string();
    let width = states.iter().map(|state| name(state).len()).max().unwrap_or_default();
    let row = |first: &str, cells: Vec<String>| {
        let text = format!("{first:width$} | {}", cells.join(" "));
        format!("{}\n", text.trim_end())
    };
    let cell = |from: T, to: &T| {
        format!("{:1$}", if is_legal(from, *to) { "x" } else { "." }, name(to).len())
    };
    let header = row("from", states.iter().map(name).collect());
    let rows = states
        .iter()
        .map(|&from| row(&name(&from), states.iter().map(|to| cell(from, to)).collect()));
    std::iter::once(header).chain(rows).collect()
}

/// A machine as a list: every state, and under it every event that can happen there and what it
/// makes of it. An event that is not under a state cannot happen to it.
#[cfg(test)]
pub(crate) fn table<S: Copy + std::fmt::Display, E: Copy + std::fmt::Debug>(
    states: &[S],
    events: &[E],
    next: impl Fn(S, E) -> Option<S>,
) -> String {
    let mut table = String::new();
    for &state in states {
        table.push_str(&format!("{state}\n"));
        for &event in events {
            if let Some(after) = next(state, event) {
                table.push_str(&format!("  {event:?}: {after}\n"));
            }
        }
    }
    table
}
