//! What stands around a body: target, path parameters, query, `Idempotency-Key`, `If-Match`,
//! `If-None-Match`, `Content-Length`, cursors. What was written is read back as it was, each key
//! has one meaning in both spellings, and a route takes the path it declares.
#![no_main]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a target says by a panic that something does not hold"
)]

use arbitrary::Arbitrary;
use edge::{BodyBudget, Code, Method, Precondition, Problem, Reply, Request, Route};
use fuzz::{World, refused};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ports::Ports;
use serde_json::Value;
use std::collections::BTreeMap;

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    /// The path of one of the endpoints with something for its parameters, to every endpoint.
    Endpoint {
        method: u8,
        number: u8,
        values: [&'a str; 2],
        query: &'a str,
    },
    /// Any target at all to every endpoint there is.
    Target {
        method: u8,
        target: &'a str,
    },
    /// A path parameter, percent-encoded or as it is.
    Parameter {
        value: &'a str,
        raw: bool,
    },
    Query {
        pairs: Vec<(&'a str, &'a str)>,
    },
    Asked {
        query: &'a str,
    },
    IdempotencyKey {
        values: Vec<&'a str>,
    },
    IfMatch {
        value: &'a str,
        versions: Vec<(i64, bool)>,
    },
    IfNoneMatch {
        value: &'a str,
        version: i64,
    },
    Body {
        content_type: &'a str,
        content_length: Option<&'a str>,
        limit: &'a str,
        pieces: Vec<&'a [u8]>,
    },
}

libfuzzer_sys::fuzz_target!(|input: Input<'_>| {
    match input {
        Input::Endpoint { method, number, values, query } => {
            let path = api::ENDPOINTS[usize::from(number) % api::ENDPOINTS.len()].path;
            let mut values = values.iter();
            let filled = path.split('/').map(|part| {
                if part.starts_with(':') { values.next().unwrap_or(&"") } else { part }
            });
            let target = format!("{}?{query}", filled.collect::<Vec<_>>().join("/"));
            every_endpoint(METHODS[usize::from(method) % METHODS.len()], &target);
        }
        Input::Target { method, target } => {
            every_endpoint(METHODS[usize::from(method) % METHODS.len()], target)
        }
        Input::Parameter { value, raw } => parameter(value, raw),
        Input::Query { pairs } => pairs_are_read_back(&pairs),
        Input::Asked { query } => asked(query),
        Input::IdempotencyKey { values } => idempotency_key(&values),
        Input::IfMatch { value, versions } => if_match(value, &versions),
        Input::IfNoneMatch { value, version } => if_none_match(value, version),
        Input::Body { content_type, content_length, limit, pieces } => {
            body(content_type, content_length, limit, &pieces)
        }
    }
});

async fn echo(_: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    Ok(Reply::json(200, request.param("it")))
}

async fn ok(_: &Ports<'_>, _: &Request) -> Result<Reply, Problem> {
    Ok(Reply::empty(200))
}

fn get(target: &str) -> Request {
    Request::new(Method::Get, target)
}

fn serve(route: Route, request: Request) -> Reply {
    pollster::block_on(edge::serve(&[route], &World::default().ports(), request))
}

fn every_endpoint(method: &str, target: &str) {
    let path = target.split('?').next().unwrap_or_default();
    for endpoint in api::ENDPOINTS {
        let declared = endpoint.operations.iter().fold(Route::at(endpoint.path), |route, row| {
            match row.method {
                Method::Get => route.get(ok),
                Method::Post => route.post(ok),
                Method::Put => route.put(ok),
                Method::Patch => route.patch(ok),
                Method::Delete => route.delete(ok),
                other @ (Method::Head | Method::Options | Method::Other) => {
                    panic!("{other:?} is declared")
                }
            }
        });
        let reply = serve(declared, Request::new(Method::named(method), target));
        let segments: Vec<&str> = path.split('/').collect();
        let fits = segments.len() == endpoint.path.split('/').count()
            && endpoint.path.split('/').zip(&segments).all(|(known, segment)| {
                known == *segment || (known.starts_with(':') && !segment.is_empty())
            });
        let serves = endpoint.operations.iter().any(|row| {
            row.method.name() == method || (row.method == Method::Get && method == "HEAD")
        });
        match reply.status {
            404 => assert!(!fits, "{target} is not {}", endpoint.path),
            405 => assert!(fits && !serves && reply.get("allow").is_some(), "{method} {target}"),
            204 => assert!(fits && method == "OPTIONS"),
            // A parameter that is no text.
            400 => assert!(fits && serves && (path.contains('%') || path.contains('\0'))),
            200 => assert!(fits && serves, "{method} {target} is {}", endpoint.path),
            other => panic!("{method} {target}: {other}"),
        }
        assert!(method != "HEAD" || reply.body.is_empty());
    }
}

fn parameter(value: &str, raw: bool) {
    let written = if raw {
        value.to_owned()
    } else {
        utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
    };
    if written.is_empty() || written.contains(['/', '?']) {
        return;
    }
    let reply = serve(Route::at("/a/:it/b").get(echo), get(&format!("/a/{written}/b")));
    let known: Option<String> =
        (reply.status == 200).then(|| serde_json::from_slice(&reply.body).expect("JSON"));
    // PostgreSQL has no U+0000, so no text that comes in may hold one.
    if known.as_ref().is_some_and(|known| known.contains('\0')) {
        panic!("{written} brings a NUL in");
    }
    if raw {
        let bytes = percent_encoding::percent_decode_str(value).collect::<Vec<u8>>();
        assert_eq!(known, String::from_utf8(bytes).ok().filter(|known| !known.contains('\0')));
    } else {
        assert_eq!(known.as_deref(), Some(value).filter(|value| !value.contains('\0')));
    }
}

fn pairs_are_read_back(pairs: &[(&str, &str)]) {
    let written = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let request = get(&format!("/?{written}"));
    let expected: BTreeMap<String, String> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    match request.query::<BTreeMap<String, String>>() {
        Ok(read) => {
            assert_eq!(read, expected);
            assert!(!read.values().any(|value| value.contains('\0')), "{written} brings a NUL in");
        }
        Err(problem) => assert!(written.contains("%00"), "{written}: {problem}"),
    }
    assert_eq!(request.no_query().is_ok(), pairs.is_empty());
}

fn asked(query: &str) {
    let request = get(&format!("/?{query}"));
    let expected = [Code::UnknownField, Code::InvalidField];
    let pairs: Vec<(String, String)> =
        form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let refusal = [
        request.query::<app::order::ListOrders>().map(|list| {
            let shown = format!("{list:?}");
            for (name, value) in
                pairs.iter().filter(|(name, _)| name == "cursor" || name == "status")
            {
                assert!(shown.contains(value), "{name} {value:?}: {shown}");
                // A cursor is an id, and goes into SQL as JSON: nothing else gets through.
                assert!(
                    value
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)),
                    "{value:?}"
                );
            }
        }),
        request.query::<app::catalog::ListSkus>().map(drop),
        request.query::<app::cart::Destination>().map(drop),
    ];
    for problem in refusal.into_iter().filter_map(Result::err) {
        let told = refused(problem, &expected);
        let field = told["field"].as_str().unwrap_or_default();
        let unescaped = field.replace("~1", "/").replace("~0", "~");
        assert!(
            pairs
                .iter()
                .any(|(name, _)| name.trim_start_matches('/') == unescaped || *name == unescaped),
            "{field:?} is not in {query:?}"
        );
    }
    let known = [
        "status",
        "payment",
        "created_from",
        "created_before",
        "zone",
        "customer_id",
        "email",
        "sku",
        "order_number",
        "cursor",
        "limit",
    ];
    if pairs.iter().any(|(name, _)| !known.contains(&name.as_str())) {
        assert!(request.query::<app::order::ListOrders>().is_err(), "{query}");
    }
}

fn idempotency_key(values: &[&str]) {
    let read = |value: &str| get("/").with_header("Idempotency-Key", value).idempotency_key();
    let request = values
        .iter()
        .fold(get("/"), |request, value| request.with_header("idempotency-key", value));
    match request.idempotency_key() {
        Ok(None) => assert!(values.is_empty()),
        Ok(Some(key)) => {
            assert!(
                values.len() == 1
                    && (1..=255).contains(&key.len())
                    && key.bytes().all(|byte| byte.is_ascii_graphic())
            );
            let quoted = format!("\"{}\"", key.replace('\\', r"\\").replace('"', "\\\""));
            assert_eq!(read(&quoted).expect("the same key"), Some(key.clone()));
            if !key.contains(['"', '\\']) {
                assert_eq!(read(&key).expect("the same key"), Some(key));
            }
        }
        Err(problem) => {
            let plain = |value: &&str| {
                (1..=255).contains(&value.len())
                    && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
            };
            assert!(values.len() > 1 || !values.iter().all(plain), "{values:?}: {problem}");
            refused(problem, &[Code::InvalidIdempotencyKey]);
        }
    }
}

fn if_match(value: &str, versions: &[(i64, bool)]) {
    let read = |value: &str| get("/").with_header("if-match", value).if_match();
    let written = |versions: &[i64]| {
        versions.iter().map(|version| format!("\"{version}\"")).collect::<Vec<_>>().join(", ")
    };
    match read(value) {
        Ok(Some(Precondition::Any)) => assert_eq!(value.trim(), "*"),
        Ok(Some(Precondition::Versions(known))) => {
            assert!(
                value.contains('"') && !value.contains("W/\"") || value.contains("\"W/"),
                "{value:?}"
            );
            for version in &known {
                assert!(value.contains(&version.to_string()), "{version} is not in {value:?}");
            }
            if !known.is_empty() {
                assert_eq!(
                    read(&written(&known)).expect("tags"),
                    Some(Precondition::Versions(known))
                );
            }
        }
        Ok(None) => panic!("the header is lost"),
        Err(problem) => drop(refused(problem, &[Code::InvalidField])),
    }
    // What replies carry is admitted, and nothing beside it; one header or several.
    let tags: Vec<String> =
        versions.iter().map(|(version, of_body)| tag(*version, *of_body)).collect();
    let request = tags.iter().fold(get("/"), |request, tag| request.with_header("if-match", tag));
    match request.if_match().expect("our own tags") {
        None => assert!(tags.is_empty()),
        Some(precondition) => {
            for (version, _) in versions {
                // A negative version is none of ours: its sign parts version and representation.
                assert!(*version < 0 || precondition.admits(*version), "{version} {tags:?}");
                let other = version.wrapping_add(1);
                assert_eq!(
                    precondition.admits(other),
                    versions.iter().any(|(known, _)| *known == other && other >= 0),
                    "{other} {tags:?}"
                );
            }
        }
    }
}

fn tag(version: i64, of_body: bool) -> String {
    let reply = Reply::json(200, &version);
    let reply = if of_body { reply.etag_of_body(version) } else { reply.etag(version) };
    reply.get("etag").expect("a tag").to_owned()
}

fn if_none_match(value: &str, version: i64) {
    let tag = tag(version, true);
    let seen = |value: &str| get("/").with_header("if-none-match", value).has_seen(&tag);
    assert!(!seen(value) || value.contains(&tag) || value.contains('*'), "{value:?}");
    for value in [tag.clone(), format!("W/{tag}"), format!("\"a\", {tag}"), "*".to_owned()] {
        assert!(seen(&value), "{value:?}");
    }
    assert!(!seen(&tag.replacen('"', "\"1", 1)));
}

fn body(content_type: &str, content_length: Option<&str>, limit: &str, pieces: &[&[u8]]) {
    let world = World::bound([("body_limit_bytes", limit)]);
    let taken = config::variable("body_limit_bytes").expect("it is there").check(limit, |_| None);
    let limit: Option<usize> = taken.ok().map(|()| limit.parse().expect("a number"));
    match BodyBudget::open(&world.ports(), &config::BODY_LIMIT_BYTES, content_length) {
        Ok(mut budget) => {
            let limit = limit.expect("a number");
            let announced =
                content_length.map(|length| length.trim().parse::<u64>().expect("a number"));
            assert!(announced.is_none_or(|announced| {
                usize::try_from(announced).is_ok_and(|announced| announced <= limit)
            }));
            let mut kept = Vec::new();
            for piece in pieces {
                match budget.push(piece) {
                    Ok(()) => kept.extend_from_slice(piece),
                    Err(problem) => {
                        assert!(kept.len() + piece.len() > limit);
                        refused(problem, &[Code::BodyTooLarge]);
                    }
                }
            }
            assert!(kept.len() <= limit);
            assert_eq!(budget.into_bytes(), kept);
        }
        Err(problem) => {
            let internal = limit.is_none();
            refused(
                problem,
                if internal {
                    &[Code::ConfigurationInvalid]
                } else {
                    &[Code::BodyTooLarge, Code::InvalidField]
                },
            );
        }
    }
    let typed = Request::new(Method::Post, "/")
        .with_header("content-type", content_type)
        .with_body("{}")
        .json::<Value>();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    assert!(
        typed.is_err() || media_type.eq_ignore_ascii_case("application/json"),
        "{content_type:?}"
    );
}
