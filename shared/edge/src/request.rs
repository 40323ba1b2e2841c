//! The request, and the strict reading of everything in it.
//!
//! Nothing here trusts `spin-*` headers: a client can send them too. Path parameters come from the
//! path and the declared pattern, and where a header is read once, its last value counts, which is
//! the host's.

use crate::{Code, Precondition, Problem, idempotency, precondition};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use std::fmt::Display;
use terms::{CloudEvent, EventAttributes, Form, Sheet, Signed};

/// HTTP methods as far as they are told apart here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// HEAD, answered as GET without the body.
    Head,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
    /// OPTIONS, answered with `Allow`.
    Options,
    /// Anything else: allowed nowhere.
    Other,
}

impl Method {
    /// The method with this name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            "OPTIONS" => Self::Options,
            _ => Self::Other,
        }
    }

    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Other => "OTHER",
        }
    }
}

/// One request. Not printable as a whole: headers and body hold credentials and personal data.
#[derive(Clone)]
pub struct Request {
    method: Method,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    params: Vec<(&'static str, String)>,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").field("method", &self.method).finish_non_exhaustive()
    }
}

impl Request {
    /// A request without headers and body. `target` is the path with its query.
    #[must_use]
    pub fn new(method: Method, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            params: Vec::new(),
        }
    }

    /// Adds a header after those of the same name.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// With this body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn with_params(mut self, params: Vec<(&'static str, String)>) -> Self {
        self.params = params;
        self
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// The path as it was sent, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The body's bytes: for fingerprints and signatures. Content is read with [`Request::json`].
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The last value of a header, `name` in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.values(name).last()
    }

    fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a header that must not be sent twice, for what is too serious to choose.
    pub(crate) fn single(&self, name: &str) -> Result<Option<&str>, Repeated> {
        let mut values = self.values(name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Repeated),
            (value, None) => Ok(value),
        }
    }

    /// The header `name`, in lower case, as `T`, if it is sent.
    ///
    /// # Errors
    /// `invalid_field`, which names it: it is sent twice, or is none.
    pub fn optional<T: for<'a> TryFrom<&'a str, Error: Display>>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, Problem> {
        let value = self
            .single(name)
            .map_err(|Repeated| Problem::invalid_field(name, "must be sent once"))?;
        value
            .map(|value| T::try_from(value.trim()))
            .transpose()
            .map_err(|error| Problem::invalid_field(name, error.to_string()))
    }

    /// W3C trace context as the client sent it.
    #[must_use]
    pub fn traceparent(&self) -> Option<&str> {
        self.header("traceparent")
    }

    /// The path parameter `name` of the matched pattern, percent-decoded; empty when the pattern
    /// has none.
    #[must_use]
    pub fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// The body as `T`, strictly: JSON by content type, nothing after it, no field that `T` does
    /// not know.
    ///
    /// # Errors
    /// `unsupported_media_type`, `malformed_json`, `unknown_field`, `invalid_field`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        self.media_type(&["application/json"], || Problem::new(Code::UnsupportedMediaType))?;
        json::read_strictly(&self.body).map_err(|error| Problem::unreadable(&error))
    }

    /// The body as it came, and the header that signs it.
    ///
    /// # Errors
    /// `unsupported_media_type`.
    pub fn signed(&self, header: &str) -> Result<Signed, Problem> {
        self.media_type(&["application/json"], || Problem::new(Code::UnsupportedMediaType))?;
        Ok(Signed { signature: self.header(header).map(str::to_owned), bytes: self.body.clone() })
    }

    /// The body as a CloudEvent, in structured mode or, with its attributes in the headers `ce-…`, in
    /// binary mode (the HTTP binding of CloudEvents 1.0, §3).
    ///
    /// # Errors
    /// `unsupported_media_type`, `malformed_json`; `invalid_field`, naming the attribute.
    pub fn cloud_event(&self) -> Result<CloudEvent, Problem> {
        let forms = CloudEvent::MEDIA;
        let place = self.media_type(&forms, || {
            Problem::new(Code::UnsupportedMediaType)
                .accepting(CloudEvent::ACCEPT)
                .field("content-type")
                .detail(format!("must be {}, in UTF-8", json::listed(&forms)))
        })?;
        if place == 0 {
            return CloudEvent::structured(self.body.clone());
        }
        let attribute = |name: &'static str| -> Result<Option<String>, Problem> {
            let value = self
                .single(name)
                .map_err(|Repeated| Problem::invalid_field(name, "must be sent once"))?;
            value.map(|value| decode(name, value.trim())).transpose()
        };
        let needed = |name: &'static str| {
            attribute(name)?.ok_or_else(|| Problem::invalid_field(name, "must be given"))
        };
        let attributes = EventAttributes {
            specversion: needed("ce-specversion")?,
            id: needed("ce-id")?,
            source: needed("ce-source")?,
            r#type: needed("ce-type")?,
            time: attribute("ce-time")?,
            // The body's own, which is JSON.
            datacontenttype: None,
        };
        CloudEvent::binary(attributes, self.body.clone())
    }

    /// As [`Request::json`], where an empty body means the default.
    ///
    /// # Errors
    /// As [`Request::json`].
    pub fn json_or_default<T: DeserializeOwned + Default>(&self) -> Result<T, Problem> {
        if self.body.is_empty() { Ok(T::default()) } else { self.json() }
    }

    /// The body as a file of rows, in the form that its content type names. What stands in it is not
    /// looked at.
    ///
    /// # Errors
    /// `unsupported_media_type`.
    pub fn sheet(&self) -> Result<Sheet, Problem> {
        let forms = Form::ALL.map(Form::media_type);
        let place = self.media_type(&forms, || {
            Problem::new(Code::UnsupportedMediaType)
                .accepting(Form::ACCEPT)
                .field("content-type")
                .detail(format!("must be {}, in UTF-8", json::listed(&forms)))
        })?;
        let form = Form::ALL.into_iter().nth(place).unwrap_or(Form::JsonLines);
        Ok(Sheet { form, bytes: self.body.clone() })
    }

    /// Which of these the body is called, in UTF-8.
    fn media_type(&self, among: &[&str], refusal: impl Fn() -> Problem) -> Result<usize, Problem> {
        if let Some(coding) = self
            .values("content-encoding")
            .find(|coding| !coding.trim().eq_ignore_ascii_case("identity"))
        {
            let detail =
                format!("the body is sent with Content-Encoding {coding}; send it as it is");
            return Err(refusal().field("content-encoding").detail(detail));
        }
        let value = self.header("content-type").ok_or_else(&refusal)?;
        let mut parts = value.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default();
        let utf8 = parts.filter(|part| !part.is_empty()).all(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            !name.eq_ignore_ascii_case("charset")
                || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        });
        let place = among.iter().position(|known| media_type.eq_ignore_ascii_case(known));
        place.filter(|_| utf8).ok_or_else(refusal)
    }

    /// The query as `T`, whose fields are `Option`s or required, and which denies unknown ones.
    ///
    /// # Errors
    /// `unknown_field`, `invalid_field`.
    pub fn query<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let pairs = form_urlencoded::parse(self.query.as_bytes()).into_owned();
        json::read_pairs(pairs)
            .map_err(|error| Problem::mismatch(&error, error.pointer().trim_start_matches('/'), ""))
    }

    /// Refuses any query parameter.
    ///
    /// # Errors
    /// `unknown_field`, naming the first.
    pub fn no_query(&self) -> Result<(), Problem> {
        match form_urlencoded::parse(self.query.as_bytes()).next() {
            None => Ok(()),
            Some((name, _)) => Err(Problem::new(Code::UnknownField)
                .field(name)
                .detail("this endpoint takes no query parameters")),
        }
    }

    /// The `Idempotency-Key`, the same for its quoted and its bare form.
    ///
    /// # Errors
    /// `invalid_idempotency_key` when malformed or sent twice.
    pub fn idempotency_key(&self) -> Result<Option<String>, Problem> {
        let repeated = |Repeated| {
            Problem::new(Code::InvalidIdempotencyKey)
                .field("idempotency-key")
                .detail("must be sent once")
        };
        self.single("idempotency-key").map_err(repeated)?.map(idempotency::parse).transpose()
    }

    /// `If-Match`: the versions the client is willing to change.
    ///
    /// # Errors
    /// `invalid_field` when malformed.
    pub fn if_match(&self) -> Result<Option<Precondition>, Problem> {
        let lines: Vec<&str> = self.values("if-match").collect();
        if lines.is_empty() {
            return Ok(None);
        }
        // A list header may be split over several lines and means the same.
        precondition::parse("if-match", &lines.join(",")).map(Some)
    }

    /// Whether `If-Match` admits the representation `tag`: any that there is, or just this one.
    /// Comparison is strong there, so a weak tag matches none, and nothing matches where there is
    /// no tag (RFC 9110, 13.1.1).
    #[must_use]
    pub fn wants(&self, tag: Option<&str>) -> bool {
        let mut wanted =
            self.values("if-match").flat_map(|line| line.split(',')).map(str::trim).peekable();
        wanted.peek().is_none() || wanted.any(|wanted| wanted == "*" || Some(wanted) == tag)
    }

    /// Whether `If-None-Match` names the representation `tag`: comparison is weak there (RFC 9110,
    /// 13.1.2), and what cannot be read names nothing, since then the client is sent the whole.
    #[must_use]
    pub fn has_seen(&self, tag: &str) -> bool {
        self.values("if-none-match")
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .any(|seen| seen == "*" || seen.strip_prefix("W/").unwrap_or(seen) == tag)
    }
}

/// A header came more than once.
#[derive(Debug)]
pub(crate) struct Repeated;

/// A path segment, percent-decoded.
pub(crate) fn decode(name: &str, segment: &str) -> Result<String, Problem> {
    let text = percent_decode_str(segment)
        .decode_utf8()
        .map_err(|_| Problem::invalid_field(name, "must be percent-encoded UTF-8"))?;
    if text.contains(json::NUL) {
        Err(Problem::invalid_field(name, json::WITHOUT_NUL))
    } else {
        Ok(text.into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        lines: Vec<Line>,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Line {
        sku: String,
        quantity: u32,
        kind: Option<Kind>,
        code: Option<Short>,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Receive,
        Adjust,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(try_from = "String")]
    struct Short(String);
    impl TryFrom<&str> for Short {
        type Error = &'static str;
        fn try_from(text: &str) -> Result<Self, Self::Error> {
            Self::try_from(text.to_owned())
        }
    }
    impl TryFrom<String> for Short {
        type Error = &'static str;
        fn try_from(text: String) -> Result<Self, Self::Error> {
            if text.len() < 3 { Ok(Self(text)) } else { Err("must be at most 2 characters") }
        }
    }
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Query {
        country: String,
        limit: Option<u32>,
    }

    fn post(body: &str) -> Request {
        Request::new(Method::Post, "/x")
            .with_header("Content-Type", "application/json")
            .with_body(body)
    }

    fn shown(problem: Problem) -> String {
        let reply = crate::Reply::from(problem);
        let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        let member = |name: &str| body[name].as_str().unwrap_or("-").to_owned();
        format!("{} {} | {}", member("code"), member("field"), member("detail"))
    }

    #[test]
    fn what_is_wrong_in_a_body_is_named_by_its_json_pointer() {
        let cases = [
            (
                r#"{"lines":[{"sku":"a","quantity":1,"extra":2}]}"#,
                "unknown_field /lines/0/extra | known here: `sku`, `quantity`, `kind`, `code`",
            ),
            (r#"{"lines":[],"a/b":1}"#, "unknown_field /a~1b | known here: `lines`"),
            (
                r#"{"lines":[{"sku":"a","quantity":"3"}]}"#,
                "invalid_field /lines/0/quantity | must be a whole number of at least 0, in range",
            ),
            (
                r#"{"lines":[{"sku":"a","quantity":-3}]}"#,
                "invalid_field /lines/0/quantity | must be a whole number of at least 0, in range",
            ),
            (
                r#"{"lines":[{"sku":7,"quantity":1}]}"#,
                "invalid_field /lines/0/sku | must be a string",
            ),
            (r#"{"lines":[{"sku":"a"}]}"#, "invalid_field /lines/0/quantity | must be given"),
            (
                r#"{"lines":[{"sku":"a","sku":"b","quantity":1}]}"#,
                "invalid_field /lines/0/sku | must be given once",
            ),
            (
                r#"{"lines":[{"sku":"a","quantity":1,"kind":"lose"}]}"#,
                "invalid_field /lines/0/kind | must be `receive` or `adjust`",
            ),
            (
                r#"{"lines":[{"sku":"a","quantity":1,"code":"long"}]}"#,
                "invalid_field /lines/0/code | must be at most 2 characters",
            ),
            (
                r#"{"lines":[{"sku":"a\u0000","quantity":1}]}"#,
                "invalid_field /lines/0/sku | must not hold the character U+0000",
            ),
            (r#"{"lines":{}}"#, "invalid_field /lines | must be an array"),
            ("[]", "invalid_field  | must be an object"),
            ("3", "invalid_field  | must be an object"),
        ];
        for (body, expected) in cases {
            assert_eq!(shown(post(body).json::<Outer>().unwrap_err()), expected, "{body}");
        }
    }

    #[test]
    fn what_is_not_json_is_malformed() {
        let deep = "[".repeat(2_000);
        for body in ["", "{", "{\"lines\":[]} x", "{'lines':[]}", "\u{feff}{\"lines\":[]}", &deep] {
            let problem = post(body).json::<serde_json::Value>().unwrap_err();
            assert_eq!(problem.code(), Code::MalformedJson, "{body}");
        }
        assert_eq!(post("").json_or_default::<Outer>().unwrap(), Outer::default());
    }

    #[test]
    fn only_json_in_utf8_is_read() {
        let read = |content_type: Option<&str>| {
            let request = Request::new(Method::Post, "/x").with_body(r#"{"lines":[]}"#);
            match content_type {
                Some(value) => request.with_header("content-type", value),
                None => request,
            }
            .json::<Outer>()
        };
        for accepted in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
        ] {
            assert!(read(Some(accepted)).is_ok(), "{accepted}");
        }
        for refused in [
            None,
            Some("text/plain"),
            Some("application/json; charset=latin1"),
            Some("application/jsonp"),
        ] {
            assert_eq!(
                read(refused).unwrap_err().code(),
                Code::UnsupportedMediaType,
                "{refused:?}"
            );
        }
    }

    #[test]
    fn a_query_is_read_as_strictly_as_a_body() {
        let read = |query: &str| Request::new(Method::Get, &format!("/x?{query}")).query::<Query>();
        assert_eq!(
            read("country=VN&limit=5").unwrap(),
            Query { country: "VN".into(), limit: Some(5) }
        );
        assert_eq!(read("country=C%C3%B4te+d%27Ivoire").unwrap().country, "Côte d'Ivoire");
        let cases = [
            ("country=VN&region=x", "unknown_field region | known here: `country` or `limit`"),
            ("limit=5", "invalid_field country | must be given"),
            ("country=VN&country=US", "invalid_field country | must be given once"),
            ("country=V%00", "invalid_field country | must not hold the character U+0000"),
            (
                "country=VN&limit=x",
                "invalid_field limit | must be a whole number of at least 0, in range",
            ),
            (
                "country=VN&limit=-1",
                "invalid_field limit | must be a whole number of at least 0, in range",
            ),
            (
                "country=VN&limit=99999999999",
                "invalid_field limit | must be a whole number of at least 0, in range",
            ),
        ];
        for (query, expected) in cases {
            assert_eq!(shown(read(query).unwrap_err()), expected, "{query}");
        }
        let none = Request::new(Method::Get, "/x?debug=1").no_query().unwrap_err();
        assert_eq!(shown(none), "unknown_field debug | this endpoint takes no query parameters");
        assert!(Request::new(Method::Get, "/x").no_query().is_ok());
    }

    #[test]
    fn the_last_header_counts_and_keys_are_sent_once() {
        let request = Request::new(Method::Get, "/x")
            .with_header("Spin-Client-Addr", "6.6.6.6:1")
            .with_header("spin-client-addr", "127.0.0.1:9")
            .with_header("If-Match", "\"1\"")
            .with_header("If-Match", "\"2\"")
            .with_header("Idempotency-Key", "a")
            .with_header("Idempotency-Key", "a");
        assert_eq!(request.header("spin-client-addr"), Some("127.0.0.1:9"));
        assert_eq!(request.if_match().unwrap(), Some(Precondition::Versions(vec![1, 2])));
        assert!(!request.has_seen("\"1\""));
        let request = request.with_header("If-None-Match", "\"1\", W/\"2-ab\"");
        assert!(request.has_seen("\"2-ab\"") && !request.has_seen("\"2\""));
        assert_eq!(request.idempotency_key().unwrap_err().code(), Code::InvalidIdempotencyKey);
    }

    // CHK-1
    #[test]
    fn a_header_is_read_as_what_it_should_be() {
        let sent = |values: &[&str]| {
            let request = Request::new(Method::Get, "/x");
            let sent = |request: Request, value: &&str| request.with_header("X-Wish", value);
            values.iter().fold(request, sent).optional::<Short>("x-wish")
        };
        assert_eq!(sent(&[]).unwrap(), None);
        assert_eq!(sent(&[" a "]).unwrap(), Some(Short("a".to_owned())));
        let cases: [(&[&str], &str); 2] = [
            (&["abc"], "invalid_field x-wish | must be at most 2 characters"),
            (&["a", "a"], "invalid_field x-wish | must be sent once"),
        ];
        for (values, expected) in cases {
            assert_eq!(shown(sent(values).unwrap_err()), expected, "{values:?}");
        }
    }

    #[test]
    fn a_request_does_not_print_what_it_carries() {
        let request = post("secret").with_header("authorization", "Bearer secret");
        assert!(!format!("{request:?}").contains("secret"));
    }
}
