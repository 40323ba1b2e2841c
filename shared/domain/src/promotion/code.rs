//! Codes: what a buyer types to be given a promotion.

use crate::ids::{CustomerId, PromotionId};
use crate::sorted::sorted_by;
use crate::text::{self, TextError, TextProblem};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use thiserror::Error;

const CODE_LENGTH_MAX: usize = 40;

/// A code as it is kept and compared: upper-case letters, digits, `-` and `_`, at most 40 of them.
/// However a buyer typed it, ` autumn-10 ` is `AUTUMN-10`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Code(String);

impl Code {
    /// The code itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Code {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const ALLOWED: &str = "letters, digits, '-' and '_'";
        let code = text.trim().to_ascii_uppercase();
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let checked = match text::check(&code, CODE_LENGTH_MAX, ALLOWED, is_allowed) {
            // What is typed into a field may be anything, an e-mail address too: it is not repeated.
            Err(TextProblem::Character { allowed, character: _ }) => {
                Err(TextProblem::Characters { allowed })
            }
            checked => checked,
        };
        checked.map_err(|problem| TextError { what: "a code", problem })?;
        Ok(Self(code))
    }
}

impl TryFrom<String> for Code {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl TryFrom<&str> for Code {
    type Error = TextError;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The codes of one order: each once, at most [`Codes::MAX`] (PROMO-7), in the order of the
/// alphabet, so that it does not matter in which they were given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Code>", into = "Vec<Code>")]
pub struct Codes(Vec<Code>);

/// More codes than an order may have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("an order may have at most {} codes, these are {given}", Codes::MAX)]
pub struct CodesError {
    /// How many different ones there were.
    pub given: usize,
}

impl Codes {
    /// The most that an order may have.
    pub const MAX: usize = 5;

    /// Each of them, in the order of the alphabet.
    #[must_use]
    pub fn as_slice(&self) -> &[Code] {
        &self.0
    }
}

impl TryFrom<Vec<Code>> for Codes {
    type Error = CodesError;

    fn try_from(codes: Vec<Code>) -> Result<Self, Self::Error> {
        let mut codes = sorted_by(codes, Ord::cmp);
        codes.dedup();
        if codes.len() > Self::MAX {
            return Err(CodesError { given: codes.len() });
        }
        Ok(Self(codes))
    }
}

impl From<Codes> for Vec<Code> {
    fn from(codes: Codes) -> Self {
        codes.0
    }
}

/// A code that the shop has given out, and what has been used of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownCode {
    /// The code.
    pub code: Code,
    /// The promotion it gives.
    pub promotion_id: PromotionId,
    /// The one customer it is for; for whoever has it, if absent.
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
    /// How many orders may have it, beside the promotion's own limits.
    #[serde(default)]
    pub uses: Option<NonZeroU32>,
    /// How many have.
    #[serde(default)]
    pub used: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Code {
        text.parse().unwrap()
    }

    #[test]
    fn a_code_is_one_however_it_is_typed() {
        assert_eq!(code(" autumn-10\n"), code("AUTUMN-10"));
        assert_eq!(serde_json::from_str::<Code>("\"autumn_10\"").unwrap().as_str(), "AUTUMN_10");
        for text in ["", "  ", "A B", "É", "A;B", &"X".repeat(41)] {
            assert!(text.parse::<Code>().is_err(), "{text:?}");
        }
        let refusal = "jane@customer.example".parse::<Code>().unwrap_err().to_string();
        assert!(!refusal.contains('@'), "{refusal}");
    }

    #[test]
    fn an_order_has_at_most_five_different_codes() {
        let codes =
            |texts: &[&str]| Codes::try_from(texts.iter().map(|t| code(t)).collect::<Vec<_>>());
        assert_eq!(codes(&["b", "A", "B "]), codes(&["a", "b"]));
        assert!(codes(&["A", "B", "C", "D", "E", "a"]).is_ok());
        assert_eq!(codes(&["A", "B", "C", "D", "E", "F"]), Err(CodesError { given: 6 }));
        assert!(serde_json::from_str::<Codes>(r#"["A","B","C","D","E","F"]"#).is_err());
    }
}
