//! The document as a page to read: one file of HTML without a script, made of the document and
//! nothing else.

use serde_json::{Map, Value};
use std::fmt::Write as _;

const STYLE: &str = include_str!("page.css");
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The page of `document`.
pub fn page(document: &Value) -> String {
    let title = text_of(document, "/info/title");
    let mut body = format!(
        "<header><h1>{0}</h1>{1}<p><a href=\"/openapi.json\">openapi.json</a></p></header>",
        escape(&title),
        prose(&text_of(document, "/info/description"))
    );
    let mut contents = String::new();
    let mut sections = String::new();
    for tag in document.pointer("/tags").and_then(Value::as_array).into_iter().flatten() {
        let (tag, about) = (text_of(tag, "/name"), text_of(tag, "/description"));
        let mut section = String::new();
        for (path, item) in members(document, "/paths") {
            for method in METHODS {
                let Some(operation) = item
                    .get(method)
                    .filter(|operation| operation.pointer("/tags/0").is_some_and(|of| *of == *tag))
                else {
                    continue;
                };
                let id = text_of(operation, "/operationId");
                push(
                    &mut contents,
                    format_args!(
                        "<li><a href=\"#{id}\"><b class=\"{method}\">{method}</b> {}</a></li>",
                        escape(path)
                    ),
                );
                section.push_str(&operation_of(document, method, path, operation));
            }
        }
        push(
            &mut sections,
            format_args!("<section><h2>{tag}</h2><p>{}</p>{section}</section>", escape(&about)),
        );
    }
    push(
        &mut body,
        format_args!("<nav><ul>{contents}</ul></nav>{sections}<section><h2>types</h2>"),
    );
    for (name, schema) in members(document, "/components/schemas") {
        push(
            &mut body,
            format_args!(
                "<article id=\"type-{0}\"><h3>{0}</h3>{1}{2}</article>",
                escape(name),
                paragraph(schema),
                fields(schema)
            ),
        );
    }
    body.push_str("</section>");
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{}</title><style>{STYLE}</style><main>{body}</main></html>\n",
        escape(&title)
    )
}

fn operation_of(document: &Value, method: &str, path: &str, operation: &Value) -> String {
    let mut html = format!(
        "<article id=\"{0}\"><h3><b class=\"{method}\">{method}</b> <code>{1}</code></h3><p><strong>{2}.</strong> {3}</p><p>For {4}.</p>",
        text_of(operation, "/operationId"),
        escape(path),
        inline(&text_of(operation, "/summary")),
        inline(&text_of(operation, "/description")),
        access(operation),
    );
    let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let rows: String = parameters
        .map(|parameter| {
            let schema = parameter.get("schema").cloned().unwrap_or_default();
            row(
                &text_of(parameter, "/name"),
                &format!("{}, {}", text_of(parameter, "/in"), kind(&schema)),
                &text_of(parameter, "/description"),
            )
        })
        .collect();
    html.push_str(&table("Parameters", &rows));
    for (media_type, body) in members(operation, "/requestBody/content") {
        let example = match body.get("example") {
            Some(Value::String(text)) => text.clone(),
            Some(example) => serde_json::to_string_pretty(example).unwrap_or_default(),
            None => String::new(),
        };
        let needed = if operation.pointer("/requestBody/required") == Some(&Value::Bool(true)) {
            ""
        } else {
            ", may be missing"
        };
        let what = match media_type.as_str() {
            "application/json" => kind(&body.get("schema").cloned().unwrap_or_default()),
            other => escape(other),
        };
        push(
            &mut html,
            format_args!("<h4>Body: {what}{needed}</h4><pre>{}</pre>", escape(&example)),
        );
    }
    let replies: String = members(operation, "/responses")
        .map(|(status, reply)| reply_of(status, resolved(document, reply)))
        .collect();
    html.push_str(&table("Replies", &replies));
    html.push_str("</article>");
    html
}

/// What a reference refers to, or the value itself.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target =
        value.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    target.and_then(|target| document.pointer(target)).unwrap_or(value)
}

fn reply_of(status: &str, reply: &Value) -> String {
    let types: Vec<String> = members(reply, "/content")
        .filter(|(media, _)| *media != "application/problem+json")
        .map(|(media, content)| {
            if media.ends_with("json") {
                kind(&content.get("schema").cloned().unwrap_or_default())
            } else {
                escape(media)
            }
        })
        .collect();
    let headers: Vec<String> = members(reply, "/headers")
        .map(|(name, _)| format!("<code>{}</code>", escape(name)))
        .collect();
    let middle = types.into_iter().chain(headers).collect::<Vec<_>>().join("<br>");
    format!(
        "<tr><td>{status}</td><td>{middle}</td><td>{}</td></tr>",
        prose(&text_of(reply, "/description"))
    )
}

fn access(operation: &Value) -> String {
    let ways = operation.get("security").and_then(Value::as_array).cloned().unwrap_or_default();
    if ways.is_empty() {
        return "everybody".to_owned();
    }
    let ways: Vec<String> = ways
        .iter()
        .map(|way| {
            let way = way.as_object().and_then(|way| way.iter().next());
            way.map_or_else(
                || "everybody".to_owned(),
                |(scheme, scopes)| {
                    let scopes: Vec<&str> =
                        scopes.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                    if scopes.is_empty() {
                        format!("a {scheme}")
                    } else {
                        format!(
                            "a {} with <code>{}</code>",
                            scheme.replace('_', " "),
                            scopes.join(" ")
                        )
                    }
                },
            )
        })
        .collect();
    ways.join(", or ")
}

/// The fields of an object, or what else it is.
fn fields(schema: &Value) -> String {
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut rows: String = members(schema, "/properties")
        .map(|(name, field)| {
            let mark = if required.contains(&name.as_str()) { "" } else { "?" };
            row(&format!("{name}{mark}"), &kind(field), &text_of(field, "/description"))
        })
        .collect();
    for one in schema.get("oneOf").and_then(Value::as_array).into_iter().flatten() {
        push(
            &mut rows,
            format_args!(
                "<tr><td colspan=\"2\">one of</td><td>{}{}</td></tr>",
                kind(one),
                fields(one)
            ),
        );
    }
    if rows.is_empty() {
        format!("<p>{}</p>", kind(schema))
    } else {
        format!("<table>{rows}</table>")
    }
}

/// A schema in a few words.
fn kind(schema: &Value) -> String {
    if let Some(name) =
        schema.get("$ref").and_then(Value::as_str).and_then(|target| target.rsplit('/').next())
    {
        return format!("<a href=\"#type-{0}\">{0}</a>", escape(name));
    }
    if let Some(value) = schema.get("const") {
        return format!("<code>{}</code>", escape(&value.to_string()));
    }
    if let Some(Value::Array(names)) = schema.get("enum") {
        let names: Vec<String> = names
            .iter()
            .filter_map(Value::as_str)
            .map(|name| format!("<code>{}</code>", escape(name)))
            .collect();
        return names.join(", ");
    }
    if let Some(Value::Array(any)) = schema.get("anyOf") {
        return any.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    let named = match schema.get("type") {
        Some(Value::String(one)) => escape(one),
        Some(Value::Array(many)) => {
            many.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ")
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {
            String::new()
        }
    };
    let of = schema.get("items").map(|items| format!(" of {}", kind(items))).unwrap_or_default();
    let pattern = schema
        .get("pattern")
        .and_then(Value::as_str)
        .map(|pattern| format!(" <code>{}</code>", escape(pattern)))
        .unwrap_or_default();
    let bound = |name| schema.get(name).map(ToString::to_string);
    let range = match (bound("minimum"), bound("maximum")) {
        (Some(least), Some(most)) => format!(" {least} to {most}"),
        (Some(least), None) => format!(" from {least}"),
        (None, Some(most)) => format!(" up to {most}"),
        (None, None) => String::new(),
    };
    format!("{named}{of}{range}{pattern}")
}

fn paragraph(schema: &Value) -> String {
    prose(&text_of(schema, "/description"))
}

fn row(name: &str, kind: &str, about: &str) -> String {
    format!(
        "<tr><td><code>{}</code></td><td>{kind}</td><td>{}</td></tr>",
        escape(name),
        inline(about)
    )
}

fn table(title: &str, rows: &str) -> String {
    if rows.is_empty() { String::new() } else { format!("<h4>{title}</h4><table>{rows}</table>") }
}

/// Paragraphs and lists of the little markdown that descriptions use.
fn prose(text: &str) -> String {
    let mut html = String::new();
    for block in text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
        let (items, words): (Vec<&str>, Vec<&str>) =
            block.lines().partition(|line| line.starts_with("- "));
        if !words.is_empty() {
            push(&mut html, format_args!("<p>{}</p>", inline(&words.join(" "))));
        }
        if !items.is_empty() {
            let items: String = items
                .iter()
                .map(|item| format!("<li>{}</li>", inline(item.trim_start_matches("- "))))
                .collect();
            push(&mut html, format_args!("<ul>{items}</ul>"));
        }
    }
    html
}

/// `code` and **bold**.
fn inline(text: &str) -> String {
    let marked = |text: &str, mark: &str, tag: &str| {
        let mut html = String::new();
        for (number, part) in text.split(mark).enumerate() {
            if number % 2 == 1 {
                push(&mut html, format_args!("<{tag}>{part}</{tag}>"))
            } else {
                html.push_str(part)
            }
        }
        html
    };
    marked(&marked(&escape(text), "`", "code"), "**", "b")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn text_of(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The members in the order of their names, whatever serde_json was built with.
fn members<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let object: Option<&Map<String, Value>> = value.pointer(pointer).and_then(Value::as_object);
    let mut members: Vec<(&String, &Value)> = object.into_iter().flatten().collect();
    members.sort_by_key(|(name, _)| *name);
    members.into_iter()
}

fn push(html: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    html.write_fmt(text).unwrap_or_default();
}
