//! What a client keeps with a cart, its lines and the order it becomes (CART-22). Nothing of the
//! shop's reads it.

use crate::{
    address::PersonalText,
    text::{self, TextProblem},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

/// The value of an attribute. It may be what a person wrote, so it is in no `Debug` text.
pub type AttributeValue = PersonalText<500, true>;

/// What a client calls a cart in its own books.
pub type ClientReference = PersonalText<100>;

const KEY_LENGTH_MAX: usize = 40;

fn key_rule(text: &str) -> Result<(), TextProblem> {
    const ALLOWED: &str = "ASCII letters, digits, '-', '_', '.' and ':'";
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    text::check(text, KEY_LENGTH_MAX, ALLOWED, is_allowed)
}

text_type!(
    /// The name of an attribute, `gift_message`.
    AttributeKey, "an attribute's key", key_rule
);

/// The attributes of one cart, line or order, each key once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<AttributeKey, AttributeValue>")]
pub struct Attributes(BTreeMap<AttributeKey, AttributeValue>);

/// More attributes than one thing may have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("must have at most {} attributes, these are {given}", Attributes::MAX)]
pub struct AttributesError {
    /// How many there were.
    pub given: usize,
}

impl Attributes {
    /// The most that one cart, line or order may have.
    pub const MAX: usize = 20;
}

impl TryFrom<BTreeMap<AttributeKey, AttributeValue>> for Attributes {
    type Error = AttributesError;

    fn try_from(pairs: BTreeMap<AttributeKey, AttributeValue>) -> Result<Self, Self::Error> {
        match pairs.len() {
            given if given > Self::MAX => Err(AttributesError { given }),
            _ => Ok(Self(pairs)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(value: Value) -> Result<Attributes, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    fn pairs(count: usize) -> Value {
        (0..count).map(|number| (format!("key-{number}"), json!("value"))).collect()
    }

    #[test]
    fn twenty_pairs_of_forty_and_five_hundred_characters_are_kept() {
        let long = json!({ "k".repeat(40): "\u{1ec7}".repeat(500), "lines": "one\ntwo" });
        let kept = read(long.clone()).unwrap();
        assert_eq!(serde_json::to_value(&kept).unwrap(), long);
        assert!(read(pairs(20)).is_ok());
        assert_eq!(read(json!({})).unwrap(), Attributes::default());
    }

    #[test]
    fn what_is_more_or_other_is_refused_and_no_value_is_repeated() {
        assert!(read(pairs(21)).unwrap_err().contains("at most 20 attributes, these are 21"));
        for (value, why) in [
            (json!({ "k".repeat(41): "value" }), "at most 40"),
            (json!({ "two words": "value" }), "ASCII letters"),
            (json!({ "": "value" }), "empty"),
            (json!({ "key": "v".repeat(501) }), "at most 500"),
            (json!({ "key": "" }), "empty"),
            (json!({ "key": "secret\u{0}" }), "can be printed"),
            (json!({ "key": 7 }), "string"),
            (json!({ "key": null }), "string"),
            (json!(["key"]), "map"),
        ] {
            let told = read(value.clone()).unwrap_err();
            assert!(told.contains(why) && !told.contains("secret"), "{value}: {told}");
        }
        assert!(!format!("{:?}", read(json!({ "key": "secret" })).unwrap()).contains("secret"));
    }
}
