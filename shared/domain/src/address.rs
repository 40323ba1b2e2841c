//! Who an order is for and where it goes.
//!
//! All of this is personal data: the values never show in `Debug`, in an error or in `Display`, so
//! they cannot reach a log by accident. They are written out only by serde, on the way to be sealed
//! or to their owner.

use crate::ids::{Country, Region};
use crate::text::{TextError, TextProblem};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// A piece of personal text: not empty, at most `MAX` characters, no control characters (line
/// breaks excepted, if it may have `LINES`). White space around it is taken off.
#[derive(Clone, PartialEq, Eq)]
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

/// Reads a text of at most `max` characters: one copy of the code for all such types, for a
/// component has a dozen members of them.
fn personal(text: &str, max: usize, has_lines: bool) -> Result<String, TextError> {
    const ALLOWED: &str = "characters that can be printed";
    let text = text.trim();
    let is_allowed =
        |c: char| is_shown(c) || is_joiner(c) || (has_lines && matches!(c, '\n' | '\r'));
    // A character that may be personal is not repeated.
    let checked = match crate::text::check(text, max, ALLOWED, is_allowed) {
        Err(TextProblem::Character { .. }) => Err(TextProblem::Characters { allowed: ALLOWED }),
        Ok(()) if !text.chars().any(|c| is_shown(c) && !c.is_whitespace()) => {
            Err(TextProblem::Empty)
        }
        checked => checked,
    };
    checked.map(|()| text.to_owned()).map_err(|problem| TextError { what: "this text", problem })
}

impl<const MAX: usize, const LINES: bool> FromStr for PersonalText<MAX, LINES> {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        personal(text, MAX, LINES).map(Self)
    }
}

impl<const MAX: usize, const LINES: bool> Serialize for PersonalText<MAX, LINES> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, const MAX: usize, const LINES: bool> Deserialize<'de> for PersonalText<MAX, LINES> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_text(deserializer, |text| personal(text, MAX, LINES)).map(Self)
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

/// Whether a reader sees a character, or at least its width: neither a control character nor one
/// that only steers how others are shown (Unicode's category Cf). Of those a name of nothing can be
/// made, and with some a text reads otherwise than it is written.
fn is_shown(c: char) -> bool {
    !c.is_control() && !is_format(c) && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// The two joiners, without which names in Persian and in many languages of India cannot be
/// spelled.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Unicode's category Cf.
fn is_format(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}' | '\u{e0020}'..='\u{e007f}')
}

/// An e-mail address, as far as a shape can tell: something, `@`, something with a dot inside; at
/// most 254 characters. Whether anybody reads it, only a letter to it can tell.
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
        let shape = || {
            wrong(TextProblem::Shape { expected: "of the form name@example.com, without spaces" })
        };
        let given = text.chars().count();
        if given > 254 {
            return Err(wrong(TextProblem::TooLong { max: 254, given }));
        }
        if text.chars().any(|c| c.is_whitespace() || !is_shown(c)) {
            return Err(shape());
        }
        let (local, host) = text.rsplit_once('@').ok_or_else(shape)?;
        let host_is_dotted =
            host.split('.').count() > 1 && host.split('.').all(|label| !label.is_empty());
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

/// A postal address. Which countries the shop serves, and where a region decides the tax, are
/// tables of the shop; where mail needs a postal code is a table here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Who lives there.
    pub name: PersonalText<200>,
    /// Street and number, as it is written there.
    pub line1: PersonalText<200>,
    /// More of it: a floor, a company. An empty text is none, here as in every member that may be
    /// left out.
    #[serde(default, deserialize_with = "optional", skip_serializing_if = "Option::is_none")]
    pub line2: Option<PersonalText<200>>,
    /// The town.
    pub city: PersonalText<200>,
    /// The part of the country, where tax or post ask for it.
    #[serde(default, deserialize_with = "optional", skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The postal code, where mail needs one.
    #[serde(default, deserialize_with = "optional", skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<PersonalText<20>>,
    /// The country.
    #[serde(deserialize_with = "unrepeated")]
    pub country: Country,
    /// A number for the driver.
    #[serde(default, deserialize_with = "optional", skip_serializing_if = "Option::is_none")]
    pub phone: Option<PersonalText<32>>,
}

impl Address {
    /// The place, however it is written: letters and digits alone, in small letters, whoever lives
    /// there.
    #[must_use]
    pub fn place(&self) -> String {
        let parts = [
            Some(self.country.as_str()),
            self.postal_code.as_ref().map(PersonalText::as_str),
            Some(self.city.as_str()),
            Some(self.line1.as_str()),
            self.line2.as_ref().map(PersonalText::as_str),
        ];
        let written = parts.into_iter().flatten().flat_map(str::chars);
        written.filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    }

    /// Whether it lacks the postal code that mail to its country needs.
    #[must_use]
    pub fn lacks_postal_code(&self) -> bool {
        self.postal_code.is_none() && needs_postal_code(&self.country)
    }
}

/// Whether an address in this country needs a postal code: those for which the address data that
/// browsers fill forms by says so (libaddressinput, `require` with `Z`). Everywhere else a code may
/// be given.
#[must_use]
pub fn needs_postal_code(country: &Country) -> bool {
    const COUNTRIES: &[&str] = &[
        "AS", "AT", "AU", "AX", "BE", "BL", "BR", "CA", "CH", "CN", "DE", "DK", "ES", "FI", "FK",
        "FM", "FR", "GB", "GF", "GG", "GL", "GP", "GR", "GS", "GU", "IM", "IN", "IO", "IT", "JE",
        "JP", "KR", "LI", "LU", "MF", "MH", "MP", "MQ", "MX", "MY", "NC", "NL", "NO", "NZ", "PF",
        "PL", "PM", "PN", "PR", "PT", "PW", "RE", "RU", "SE", "SG", "SH", "SJ", "SM", "TC", "TR",
        "TW", "UA", "US", "VI", "WF", "YT", "ZA",
    ];
    COUNTRIES.binary_search(&country.as_str()).is_ok()
}

/// A member that may be left out: null and an empty text leave it out too, since forms send those
/// for a field nobody has filled.
fn optional<'de, D: Deserializer<'de>, T: FromStr<Err = TextError>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    given(deserializer)?.map(|text| text.parse().map_err(said)).transpose()
}

/// A member whose text may be personal whatever it should be: a region or a country typed wrongly
/// may hold anything.
fn unrepeated<'de, D: Deserializer<'de>, T: FromStr<Err = TextError>>(
    deserializer: D,
) -> Result<T, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(said)
}

// What is the same for every member is one piece of code: an address has eight, and is read in five
// places.
#[inline(never)]
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.trim().is_empty()))
}

#[inline(never)]
fn said<E: de::Error>(error: TextError) -> E {
    E::custom(unrepeated_error(error))
}

#[inline(never)]
fn read_text<'de, D: Deserializer<'de>>(
    deserializer: D,
    read: fn(&str) -> Result<String, TextError>,
) -> Result<String, D::Error> {
    read(&String::deserialize(deserializer)?).map_err(said)
}

/// The same without the character at fault.
fn unrepeated_error(TextError { what, problem }: TextError) -> TextError {
    match problem {
        TextProblem::Character { allowed, character: _ } => {
            TextError { what, problem: TextProblem::Characters { allowed } }
        }
        problem @ (TextProblem::Empty
        | TextProblem::TooLong { .. }
        | TextProblem::Characters { .. }
        | TextProblem::Shape { .. }) => TextError { what, problem },
    }
}

/// Everything personal about an order: what is sealed as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
            "name": "Nguyễn Thị Minh Khai", "line1": "1 Tràng Tiền", "city": "Hà Nội",
            "country": "VN",
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
    fn a_refusal_says_what_would_be_right_and_repeats_nothing() {
        assert_eq!(with("name", " ").unwrap_err(), "this text must not be empty");
        assert_eq!(
            with("city", &"x".repeat(201)).unwrap_err(),
            "this text must be at most 200 characters long, this has 201"
        );
        assert_eq!(
            with("line1", "a\u{0}b").unwrap_err(),
            "this text may hold only characters that can be printed"
        );
        assert_eq!(
            with("line1", "a\r\nBcc: b").unwrap_err(),
            "this text may hold only characters that can be printed"
        );
        assert_eq!(
            with("country", "Vietnam").unwrap_err(),
            "a country must be two upper-case letters as in ISO 3166-1, such as VN"
        );
        assert_eq!(
            with("region", "ny").unwrap_err(),
            "a region may hold only upper-case letters and digits"
        );
    }

    #[test]
    fn an_unknown_or_missing_field_is_refused() {
        assert!(
            with("card_number", "4242").unwrap_err().starts_with("unknown field `card_number`")
        );
        let mut incomplete = address();
        incomplete.as_object_mut().unwrap().remove("city");
        assert!(serde_json::from_value::<Address>(incomplete).is_err());
    }

    // A name of one zero-width space, or one that reads backwards, is no name; Persian and Hindi
    // need the joiners.
    #[test]
    fn what_nobody_sees_is_no_name_and_steers_no_text() {
        for text in [
            "\u{200b}",
            "\u{2060}\u{feff}",
            "\u{200d}",
            "\u{ad}",
            "Mai\u{202e}iaM",
            "\u{2066}Mai",
            "Mai\u{2028}Bcc",
            "Mai\u{e0041}",
        ] {
            assert!(with("name", text).is_err(), "{text:?}");
        }
        for text in ["مهسا می\u{200c}خواهد", "क्\u{200d}ष", "👩\u{200d}🚀 & co.", "Ḥ\u{323}"]
        {
            assert_eq!(with("name", text).unwrap().name.as_str(), text);
        }
        assert!("mai\u{200b}@example.com".parse::<Email>().is_err());
    }

    // libaddressinput's data as of 2026; the list is searched by halves, so it is in order.
    #[test]
    fn a_postal_code_is_needed_where_mail_needs_one() {
        let lacks = |country: &str, code: Value| {
            let mut address = address();
            (address["country"], address["postal_code"]) = (json!(country), code);
            serde_json::from_value::<Address>(address).unwrap().lacks_postal_code()
        };
        for country in ["AS", "DE", "GB", "US", "ZA"] {
            assert!(
                lacks(country, Value::Null)
                    && lacks(country, json!(" "))
                    && !lacks(country, json!("1")),
                "{country}"
            );
        }
        for country in ["VN", "HK", "IE", "AE", "ZZ"] {
            assert!(!lacks(country, Value::Null), "{country}");
        }
    }

    #[test]
    fn an_empty_text_leaves_out_what_may_be_left_out() {
        for field in ["line2", "region", "postal_code", "phone"] {
            assert_eq!(
                serde_json::to_value(with(field, " ").unwrap()).unwrap().get(field),
                None,
                "{field}"
            );
        }
        assert!(with("line1", "").is_err() && with("country", "").is_err());
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
        for text in [
            "",
            "a",
            "a@",
            "@b.c",
            "a@b",
            "a@b.",
            "a@.c",
            "a b@c.d",
            "a@b@c.d",
            "a@b.c\r\nBcc: x@y.z",
            &long,
        ] {
            assert!(text.parse::<Email>().is_err(), "{text}");
        }
        let refusal = "mai\u{7}@personal.vn".parse::<Email>().unwrap_err().to_string();
        assert_eq!(
            refusal,
            "an e-mail address must be of the form name@example.com, without spaces"
        );
    }

    #[test]
    fn nothing_personal_shows_in_a_log() {
        let contact: Contact = serde_json::from_value(json!({
            "email": "mai@example.com", "shipping_address": address(),
            "notes": "ring twice\nat the back"
        }))
        .unwrap();
        let logged = format!("{contact:?}");
        for personal in ["mai@", "Minh Khai", "Tràng", "Hà Nội", "10000", "3825", "ring"] {
            assert!(!logged.contains(personal), "{logged}");
        }
        assert!(logged.contains("VN"), "what is not personal stays readable: {logged}");
    }
}
