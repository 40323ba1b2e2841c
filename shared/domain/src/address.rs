//! Who an order is for and where it goes.
//!
//! All of this is personal data: the values never show in `Debug`, in an error or in `Display`, so they cannot reach a
//! log by accident. They are written out only by serde, on the way to be sealed or to their owner.

use crate::ids::{Country, Region};
use crate::text::{TextError, TextProblem};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A piece of personal text: not empty, at most `MAX` characters, no control characters (line breaks excepted, if it
/// may have `LINES`). White space around it is taken off.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PersonalText<const MAX: usize, const LINES: bool = false>(String);

/// What a buyer wants us to know; the one text that may have several lines.
pub type Notes = PersonalText<1000, true>;

impl<const MAX: usize, const LINES: bool> PersonalText<MAX, LINES> {
    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize, const LINES: bool> TryFrom<String> for PersonalText<MAX, LINES> {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl<const MAX: usize, const LINES: bool> FromStr for PersonalText<MAX, LINES> {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let is_allowed = |c: char| !c.is_control() || (LINES && matches!(c, '\n' | '\r'));
        match crate::text::check(text, MAX, "characters that can be printed", is_allowed) {
            Ok(()) => Ok(Self(text.to_owned())),
            Err(problem) => Err(TextError { what: "this text", problem }),
        }
    }
}

impl<const MAX: usize, const LINES: bool> From<PersonalText<MAX, LINES>> for String {
    fn from(text: PersonalText<MAX, LINES>) -> Self {
        text.0
    }
}

impl<const MAX: usize, const LINES: bool> fmt::Debug for PersonalText<MAX, LINES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

const REDACTED: &str = "(redacted)";

/// An e-mail address, as far as a shape can tell: something, `@`, something with a dot inside; at most 254 characters.
/// Whether anybody reads it, only a letter to it can tell.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// The address itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Email {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for Email {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |problem| TextError { what: "an e-mail address", problem };
        let text = text.trim();
        // A message must not repeat any of it, so white space and the like are a matter of shape.
        let shape = || wrong(TextProblem::Shape { expected: "of the form name@example.com, without spaces" });
        let given = text.chars().count();
        if given > 254 {
            return Err(wrong(TextProblem::TooLong { max: 254, given }));
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(shape());
        }
        let (local, host) = text.rsplit_once('@').ok_or_else(shape)?;
        let host_is_dotted = host.split('.').count() > 1 && host.split('.').all(|label| !label.is_empty());
        if local.is_empty() || local.contains('@') || !host_is_dotted {
            return Err(shape());
        }
        Ok(Self(text.to_owned()))
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// A postal address. Which countries the shop serves, and which need a region or a postal code, are tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(!try_from, deny_unknown_fields))]
#[serde(try_from = "RawAddress")]
pub struct Address {
    /// Who lives there.
    pub name: PersonalText<200>,
    /// Street and number, as it is written there.
    pub line1: PersonalText<200>,
    /// More of it: a floor, a company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line2: Option<PersonalText<200>>,
    /// The town.
    pub city: PersonalText<200>,
    /// The part of the country, where tax or post ask for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The postal code; not every country has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<PersonalText<20>>,
    /// The country.
    pub country: Country,
    /// A number for the driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<PersonalText<32>>,
}

/// An address that breaks a rule: which field, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field} {problem}")]
pub struct AddressError {
    /// The field.
    pub field: &'static str,
    /// The rule it broke.
    pub problem: TextProblem,
}

/// An address before its rules are asked; it exists so that an error can name the field.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAddress {
    name: String,
    line1: String,
    line2: Option<String>,
    city: String,
    region: Option<String>,
    postal_code: Option<String>,
    country: String,
    phone: Option<String>,
}

impl TryFrom<RawAddress> for Address {
    type Error = AddressError;

    fn try_from(raw: RawAddress) -> Result<Self, Self::Error> {
        Ok(Self {
            name: field("name", &raw.name)?,
            line1: field("line1", &raw.line1)?,
            line2: optional("line2", raw.line2)?,
            city: field("city", &raw.city)?,
            region: optional("region", raw.region)?,
            postal_code: optional("postal_code", raw.postal_code)?,
            country: field("country", &raw.country)?,
            phone: optional("phone", raw.phone)?,
        })
    }
}

fn field<T: FromStr<Err = TextError>>(field: &'static str, text: &str) -> Result<T, AddressError> {
    text.parse().map_err(|error: TextError| AddressError { field, problem: without_text(error.problem) })
}

fn optional<T: FromStr<Err = TextError>>(name: &'static str, text: Option<String>) -> Result<Option<T>, AddressError> {
    text.map(|text| field(name, &text)).transpose()
}

/// A region or a country typed wrongly may hold anything, so the character at fault is not repeated either.
fn without_text(problem: TextProblem) -> TextProblem {
    match problem {
        TextProblem::Character { allowed, character: _ } => TextProblem::Characters { allowed },
        TextProblem::Empty | TextProblem::TooLong { .. } | TextProblem::Characters { .. } | TextProblem::Shape { .. } => problem,
    }
}

/// Everything personal about an order: what is sealed as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// Where letters about the order go.
    pub email: Email,
    /// Where the goods go.
    pub shipping_address: Address,
    /// Who pays, if it is somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_address: Option<Address>,
    /// What the buyer wants us to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<Notes>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn address() -> Value {
        json!({
            "name": "Nguyễn Thị Minh Khai", "line1": "1 Tràng Tiền", "city": "Hà Nội", "country": "VN",
            "postal_code": "10000", "region": "HN", "phone": "+84 24 3825 0000"
        })
    }

    fn with(field: &str, value: &str) -> Result<Address, String> {
        let mut address = address();
        address[field] = json!(value);
        serde_json::from_value(address).map_err(|error| error.to_string())
    }

    #[test]
    fn an_address_is_read_and_written_the_same() {
        let read: Address = serde_json::from_value(address()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), address());
    }

    #[test]
    fn a_refusal_names_the_field_and_repeats_nothing_of_it() {
        assert_eq!(with("name", " ").unwrap_err(), "name must not be empty");
        assert_eq!(with("city", &"x".repeat(201)).unwrap_err(), "city must be at most 200 characters long, this has 201");
        assert_eq!(with("line1", "a\u{0}b").unwrap_err(), "line1 may hold only characters that can be printed");
        assert_eq!(with("line1", "a\r\nBcc: b").unwrap_err(), "line1 may hold only characters that can be printed");
        assert_eq!(with("country", "Vietnam").unwrap_err(), "country must be two upper-case letters as in ISO 3166-1, such as VN");
        assert_eq!(with("region", "ny").unwrap_err(), "region may hold only upper-case letters and digits");
    }

    #[test]
    fn an_unknown_or_missing_field_is_refused() {
        assert!(with("card_number", "4242").unwrap_err().starts_with("unknown field `card_number`"));
        let mut incomplete = address();
        incomplete.as_object_mut().unwrap().remove("city");
        assert!(serde_json::from_value::<Address>(incomplete).is_err());
    }

    #[test]
    fn white_space_around_a_text_is_taken_off() {
        assert_eq!(with("name", "  Mai \n").unwrap().name.as_str(), "Mai");
    }

    #[test]
    fn an_email_has_a_name_and_a_host_and_no_spaces() {
        for text in ["a@example.com", "first.last+tag@sub.example.co.uk", "mai@bán.vn"] {
            assert_eq!(text.parse::<Email>().unwrap().as_str(), text);
        }
        let long = format!("{}@example.com", "x".repeat(250));
        for text in ["", "a", "a@", "@b.c", "a@b", "a@b.", "a@.c", "a b@c.d", "a@b@c.d", "a@b.c\r\nBcc: x@y.z", &long] {
            assert!(text.parse::<Email>().is_err(), "{text}");
        }
        let refusal = "mai\u{7}@personal.vn".parse::<Email>().unwrap_err().to_string();
        assert_eq!(refusal, "an e-mail address must be of the form name@example.com, without spaces");
    }

    #[test]
    fn nothing_personal_shows_in_a_log() {
        let contact: Contact = serde_json::from_value(json!({
            "email": "mai@example.com", "shipping_address": address(), "notes": "ring twice\nat the back"
        }))
        .unwrap();
        let logged = format!("{contact:?}");
        for personal in ["mai@", "Minh Khai", "Tràng", "Hà Nội", "10000", "3825", "ring"] {
            assert!(!logged.contains(personal), "{logged}");
        }
        assert!(logged.contains("VN"), "what is not personal stays readable: {logged}");
    }
}
