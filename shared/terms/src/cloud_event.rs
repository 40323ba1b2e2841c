//! An event as another program tells it: a CloudEvent 1.0, in either of HTTP's modes.

use crate::Problem;
use serde::{Deserialize, de::DeserializeOwned};

/// Characters of an id, a source or a type: what is longer is none of a program that we know.
const NAME_MAX: usize = 255;

/// A CloudEvent 1.0 (its specification, version 1.0.2) whose attributes are what they should be.
/// Attributes that are not named here are not read.
#[derive(Clone, Debug)]
pub struct CloudEvent {
    /// Unique at its source.
    pub id: String,
    /// Who tells it: a URI reference.
    pub source: String,
    /// What has happened.
    pub event_type: String,
    /// When, as it was written (RFC 3339).
    pub time: Option<String>,
    data: Data,
}

/// Where what it says is found.
#[derive(Clone, Debug)]
enum Data {
    /// In the member `data` of this JSON text: structured mode.
    Within(Vec<u8>),
    /// It is this JSON text: binary mode.
    Whole(Vec<u8>),
}

/// The attributes, as structured mode has them.
#[derive(Debug, Default, Deserialize)]
pub struct Attributes {
    /// `1.0`.
    pub specversion: String,
    /// Unique at its source.
    pub id: String,
    /// Who tells it.
    pub source: String,
    /// What has happened.
    pub r#type: String,
    /// When.
    pub time: Option<String>,
    /// What `data` is; JSON when left out.
    pub datacontenttype: Option<String>,
}

#[derive(Deserialize)]
struct Within<T> {
    data: T,
}

impl CloudEvent {
    /// What it is sent as: structured mode's first, then binary mode's.
    pub const MEDIA: [&'static str; 2] = ["application/cloudevents+json", "application/json"];
    /// The same as a header.
    pub const ACCEPT: &'static str = "application/cloudevents+json, application/json";

    /// One that is a JSON text as a whole (structured mode).
    ///
    /// # Errors
    /// `malformed_json`, `invalid_field` that names the attribute.
    pub fn structured(bytes: Vec<u8>) -> Result<Self, Problem> {
        let attributes = json::read(&bytes).map_err(|error| Problem::unreadable(&error))?;
        Self::of(attributes, Data::Within(bytes), structured_place)
    }

    /// One whose attributes stand in headers, and whose data is the body (binary mode).
    ///
    /// # Errors
    /// `invalid_field` that names the header.
    pub fn binary(attributes: Attributes, bytes: Vec<u8>) -> Result<Self, Problem> {
        Self::of(attributes, Data::Whole(bytes), binary_place)
    }

    fn of(attributes: Attributes, data: Data, place: fn(&str) -> String) -> Result<Self, Problem> {
        let Attributes { specversion, id, source, r#type, time, datacontenttype } = attributes;
        if specversion != "1.0" {
            return Err(Problem::invalid_field(place("specversion"), "must be 1.0"));
        }
        for (name, text) in [("id", &id), ("source", &source), ("type", &r#type)] {
            if text.is_empty() || text.len() > NAME_MAX || text.chars().any(char::is_control) {
                return Err(Problem::invalid_field(
                    place(name),
                    "must be one line of 1 to 255 bytes",
                ));
            }
        }
        // A URI reference has none (RFC 3986), and so it can stand before another word.
        if source.contains(char::is_whitespace) {
            return Err(Problem::invalid_field(place("source"), "must be a URI reference"));
        }
        if datacontenttype.is_some_and(|it| !is_json(&it)) {
            let right = "must be application/json, or left out";
            return Err(Problem::invalid_field(place("datacontenttype"), right));
        }
        Ok(Self { id, source, event_type: r#type, time, data })
    }

    /// What it says, as far as `T` knows it.
    ///
    /// # Errors
    /// `malformed_json`, `invalid_field` that names the member.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let read = match &self.data {
            Data::Within(text) => json::read(text).map(|Within { data }| data),
            Data::Whole(text) => json::read(text),
        };
        read.map_err(|error| Problem::unreadable(&error))
    }

    /// Where an attribute stands, for whoever is told of it.
    #[must_use]
    pub fn place_of(&self, attribute: &str) -> String {
        match self.data {
            Data::Within(_) => structured_place(attribute),
            Data::Whole(_) => binary_place(attribute),
        }
    }
}

fn structured_place(attribute: &str) -> String {
    format!("/{attribute}")
}

fn binary_place(attribute: &str) -> String {
    format!("ce-{attribute}")
}

fn is_json(media_type: &str) -> bool {
    let name = media_type.split(';').next().unwrap_or_default().trim();
    name.eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Said {
        order_id: String,
    }

    fn structured(text: &str) -> Result<CloudEvent, Problem> {
        CloudEvent::structured(text.as_bytes().to_vec())
    }

    #[test]
    fn both_modes_say_the_same_and_name_what_is_wrong_where_it_stands() {
        let text = r#"{"specversion":"1.0","id":"e-1","source":"/erp","type":"a.b","time":"2026-12-01T09:30:00Z",
            "more":1,"data":{"order_id":"7","note":"x"}}"#;
        let one = structured(text).unwrap();
        assert_eq!(
            (one.id.as_str(), one.source.as_str(), one.event_type.as_str()),
            ("e-1", "/erp", "a.b")
        );
        assert_eq!(one.data::<Said>().unwrap(), Said { order_id: "7".to_owned() });
        let attributes = || Attributes {
            specversion: "1.0".to_owned(),
            id: "e-1".to_owned(),
            source: "/erp".to_owned(),
            r#type: "a.b".to_owned(),
            ..Attributes::default()
        };
        let other = CloudEvent::binary(attributes(), br#"{"order_id":"7"}"#.to_vec()).unwrap();
        assert_eq!(other.data::<Said>().unwrap(), Said { order_id: "7".to_owned() });

        let field = |problem: Problem| problem.into_told().field.unwrap_or_default();
        let whole = CloudEvent::binary(attributes(), b"{}".to_vec()).unwrap();
        assert_eq!(field(whole.data::<Said>().unwrap_err()), "/order_id");
        let within = structured(&text.replace("\"order_id\":\"7\"", "\"order_id\":7")).unwrap();
        assert_eq!(field(within.data::<Said>().unwrap_err()), "/data/order_id");
        for (from, to, at) in [
            ("\"1.0\"", "\"0.3\"", "/specversion"),
            ("\"e-1\"", "\"\"", "/id"),
            ("/erp", "/e rp", "/source"),
            ("a.b", "a\\u0007b", "/type"),
            ("\"more\":1", "\"datacontenttype\":\"text/xml\"", "/datacontenttype"),
        ] {
            assert_eq!(field(structured(&text.replace(from, to)).unwrap_err()), at);
        }
        let old = Attributes { specversion: "0.2".to_owned(), ..attributes() };
        assert_eq!(field(CloudEvent::binary(old, Vec::new()).unwrap_err()), "ce-specversion");
    }
}
