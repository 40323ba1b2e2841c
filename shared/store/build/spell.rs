//! What is written once, as each dialect spells it.
//!
//! ```text
//! object(k, v, …)         a JSON object                      json_object            jsonb_build_object
//! list(x [order by …])    a JSON list, empty for no row      json_group_array       coalesce(jsonb_agg, '[]')
//! map(k, v)               a JSON object of rows              json_group_object      coalesce(jsonb_object_agg, '{}')
//! document(x)             JSON within JSON                   json(x), or x          x
//! flag(x)                 a JSON boolean, false for null     json(iif(x, …))        coalesce(x, false)
//! utc_day(ms)             2030-01-02                         strftime               to_char
//! each(x, 'path', row)    the items of a list, `row.value`   json_each              each_item
//! part(x, 'name')         JSON of JSON, to be stored         x ->> 'name'           x -> 'name'
//! scalar(x)               an item that is no object          x                      x #>> '{}'
//! integer(x)              text that is a number              x                      x::bigint
//! number(x)               1 for true, 0 for false            x                      x::integer
//! smaller(x, y), greater(x, y)                                min, max               least, greatest
//! laid_over(x, y)         y's members over those of x        json_patch             ||
//! padded(x)               six digits and more                printf                 lpad
//! with_member(x, k, v)    a JSON object and one member more  json_set               ||
//! :name                   the input of that name             doc ->> 'name'         (doc ->> 'name')::type of `-- in:`
//! @name(x, …)             what several statements share      its text, in place     a call of the function made of it
//! … -- only sqlite        a line that one dialect has
//! ```

use std::{collections::BTreeMap, error::Error};

/// What a build script can fail with.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// A text that several statements share, with the parameters it is given.
#[derive(Clone)]
pub struct Fragment {
    name: String,
    doc: String,
    /// `c cart, of_sku text`.
    parameters: Vec<(String, String)>,
    /// `void` when it is statements and no expression.
    returns: String,
    language: String,
    text: String,
}

impl Fragment {
    /// Reads `-- function: (c cart) returns jsonb language sql` and the expression below it, or the
    /// statements of what returns void.
    pub fn read(name: &str, source: &str) -> Result<Self> {
        let wrong = || {
            format!(
                "fragment {name}: no line `-- function: (name type, …) returns type language …`"
            )
        };
        let head =
            source.lines().find_map(|line| line.strip_prefix("-- function: ")).ok_or_else(wrong)?;
        let (parameters, rest) =
            head.trim_start_matches('(').split_once(") returns ").ok_or_else(wrong)?;
        let (returns, language) = rest.split_once(" language ").ok_or_else(wrong)?;
        let parameters = parameters
            .split(", ")
            .map(|one| one.split_once(' ').map(|(name, kind)| (name.to_owned(), kind.to_owned())));
        let doc = source
            .lines()
            .filter(|line| line.starts_with("-- ") && !line.starts_with("-- function: "))
            .collect::<Vec<_>>()
            .join("\n");
        Ok(Self {
            name: name.to_owned(),
            doc,
            parameters: parameters.collect::<Option<_>>().ok_or_else(wrong)?,
            returns: returns.to_owned(),
            language: language.to_owned(),
            text: crate::without_comments(source).trim().to_owned(),
        })
    }

    /// PostgreSQL's function.
    pub fn function(&self, fragments: &Fragments) -> Result<String> {
        let Self { name, doc, returns, language, .. } = self;
        let parameters = self
            .parameters
            .iter()
            .map(|(name, kind)| format!("{name} {kind}"))
            .collect::<Vec<_>>()
            .join(", ");
        let text = lines_of(&self.text, Dialect::Postgres);
        let text = spell(&text, Dialect::Postgres, fragments)?.replace('\n', "\n  ");
        let (body, reads_only) = match (returns.as_str(), language.as_str()) {
            ("void", _) => (format!("begin\n  {text}\nend\n"), ""),
            (_, "sql") => (format!("  select {text}\n"), " stable"),
            _ => (format!("begin\n  return {text};\nend\n"), " stable"),
        };
        Ok(format!(
            "{doc}\ncreate or replace function {name}({parameters}) returns {returns} language {language}{reads_only} as $$\n{body}$$;\n"
        ))
    }

    /// Its text on SQLite, with these arguments in place.
    fn with(&self, arguments: &[String]) -> Result<String> {
        if arguments.len() != self.parameters.len() {
            return Err(format!(
                "@{}: {} arguments for {} parameters",
                self.name,
                arguments.len(),
                self.parameters.len()
            )
            .into());
        }
        let given: BTreeMap<&str, &str> = self
            .parameters
            .iter()
            .zip(arguments)
            .map(|((name, _), argument)| (name.as_str(), argument.as_str()))
            .collect();
        let mut out = String::new();
        let text = lines_of(&self.text, Dialect::Sqlite);
        let mut rest = text.as_str();
        while let Some((before, word, after)) = next_word(rest) {
            out.push_str(before);
            let free = !out.ends_with(['.', ':', '@']);
            out.push_str(given.get(word).copied().filter(|_| free).unwrap_or(word));
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }
}

pub type Fragments = BTreeMap<String, Fragment>;

/// Keeps the lines that `dialect` has.
pub fn lines_of(text: &str, dialect: Dialect) -> String {
    let (mine, other) = match dialect {
        Dialect::Sqlite => (" -- only sqlite", " -- only postgres"),
        Dialect::Postgres => (" -- only postgres", " -- only sqlite"),
    };
    let lines = text
        .lines()
        .filter(|line| !line.ends_with(other))
        .map(|line| line.strip_suffix(mine).unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// The types that `-- in: name type, …` gives the inputs.
pub fn inputs(source: &str) -> BTreeMap<String, String> {
    let head = source.lines().find_map(|line| line.strip_prefix("-- in: ")).unwrap_or_default();
    let inputs = head.split(", ").filter_map(|one| one.split_once(' '));
    inputs
        .map(|(name, rest)| {
            (
                name.to_owned(),
                rest.split(' ').next().unwrap_or_default().trim_end_matches(['?', ':']).to_owned(),
            )
        })
        .collect()
}

/// How PostgreSQL reads an input of `source` from `document`.
pub fn typed(name: &str, source: &str, document: &str) -> impl Fn(&str) -> Result<String> {
    let (name, document, inputs) = (name.to_owned(), document.to_owned(), inputs(source));
    move |input| match inputs.get(input).map(String::as_str) {
        Some("text") => Ok(format!("({document} ->> '{input}')")),
        Some("jsonb") => Ok(format!("nullif({document} -> '{input}', 'null')")),
        // JSON that is handed over as a text.
        Some("json_text") => Ok(format!("({document} ->> '{input}')::jsonb")),
        Some(kind) => Ok(format!("({document} ->> '{input}')::{kind}")),
        None => Err(format!("{name}: :{input} is in no `-- in:`").into()),
    }
}

/// `text` in the words of `dialect`; what begins with `:` is left as it is.
pub fn spell(text: &str, dialect: Dialect, fragments: &Fragments) -> Result<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, word, after)) = next_word(rest) {
        out.push_str(before);
        let shared = out.ends_with('@');
        let inner =
            if after.starts_with('(') && (shared || is_ours(word)) && !out.ends_with(['.', ':']) {
                balanced(after)?
            } else {
                None
            };
        let Some((inner, after)) = inner else {
            out.push_str(word);
            rest = after;
            continue;
        };
        if shared {
            out.pop();
            let fragment = fragments.get(word).ok_or_else(|| format!("no fragment {word}"))?;
            let arguments = arguments(inner)
                .iter()
                .map(|one| spell(one, dialect, fragments))
                .collect::<Result<Vec<_>>>()?;
            match dialect {
                Dialect::Sqlite => {
                    let text = spell(&fragment.with(&arguments)?, dialect, fragments)?;
                    // A mark in front of it is one in front of each of its statements.
                    let line = out.trim_end().rsplit('\n').next().unwrap_or_default();
                    let text = match line.strip_prefix(crate::MARK) {
                        Some(field) => text.replace(";\n", &format!(";\n{}{field}\n", crate::MARK)),
                        None => text,
                    };
                    out.push_str(&text)
                }
                Dialect::Postgres => out.push_str(&format!("{word}({})", arguments.join(", "))),
            }
        } else {
            out.push_str(&ours(word, &spell(inner, dialect, fragments)?, dialect));
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

const OURS: [&str; 16] = [
    "number",
    "object",
    "list",
    "map",
    "document",
    "flag",
    "utc_day",
    "each",
    "part",
    "scalar",
    "integer",
    "smaller",
    "padded",
    "with_member",
    "greater",
    "laid_over",
];

fn is_ours(word: &str) -> bool {
    OURS.contains(&word)
}

fn ours(word: &str, inner: &str, dialect: Dialect) -> String {
    let given = arguments(inner);
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    match (word, dialect, given.as_slice()) {
        ("each", Dialect::Sqlite, [list, row]) => return format!("json_each({list}) as {row}"),
        ("each", Dialect::Postgres, [list, row]) => {
            return format!("each_item({list}) as {row} (value)");
        }
        ("each", Dialect::Sqlite, [of, path, row]) => {
            return format!("json_each({of}, '$.{}') as {row}", path.trim_matches('\''));
        }
        ("each", Dialect::Postgres, [of, path, row]) => {
            return format!("each_item({of} -> {path}) as {row} (value)");
        }
        ("part", Dialect::Sqlite, [of, name]) => return format!("({of} ->> {name})"),
        ("part", Dialect::Postgres, [of, name]) => return format!("({of} -> {name})"),
        ("laid_over", Dialect::Sqlite, [of, with]) => {
            return format!("json_patch(coalesce({of}, '{{}}'), {with})");
        }
        ("laid_over", Dialect::Postgres, [of, with]) => {
            return format!("coalesce({of}, '{{}}') || {with}");
        }
        ("with_member", Dialect::Sqlite, [of, name, value]) => {
            return format!("json_set({of}, '$.{}', {value})", name.trim_matches('\''));
        }
        ("with_member", Dialect::Postgres, [of, name, value]) => {
            return format!("({of}) || jsonb_build_object({name}, {value})");
        }
        _ => {}
    }
    match (word, dialect) {
        ("scalar" | "integer" | "number", Dialect::Sqlite) => format!("({inner})"),
        ("number", Dialect::Postgres) => format!("({inner})::integer"),
        ("scalar", Dialect::Postgres) => format!("({inner} #>> '{{}}')"),
        ("integer", Dialect::Postgres) => format!("({inner})::bigint"),
        ("greater", Dialect::Sqlite) => format!("max({inner})"),
        ("greater", Dialect::Postgres) => format!("greatest({inner})"),
        ("smaller", Dialect::Sqlite) => format!("min({inner})"),
        ("smaller", Dialect::Postgres) => format!("least({inner})"),
        ("padded", Dialect::Sqlite) => format!("printf('%06d', {inner})"),
        ("padded", Dialect::Postgres) => {
            format!("lpad(({inner})::text, greatest(6, length(({inner})::text)), '0')")
        }
        ("object", Dialect::Sqlite) => format!("json_object({inner})"),
        ("object", Dialect::Postgres) => format!("jsonb_build_object({inner})"),
        ("list", Dialect::Sqlite) => format!("json_group_array({inner})"),
        ("list", Dialect::Postgres) => format!("coalesce(jsonb_agg({inner}), '[]')"),
        ("map", Dialect::Sqlite) => format!("json_group_object({inner})"),
        ("map", Dialect::Postgres) => format!("coalesce(jsonb_object_agg({inner}), '{{}}')"),
        ("document", Dialect::Sqlite) if is_known_as_json(inner) => inner.to_owned(),
        ("document", Dialect::Sqlite) => format!("json({inner})"),
        ("document", Dialect::Postgres) => format!("({inner})"),
        ("flag", Dialect::Sqlite) => format!("json(iif({inner}, 'true', 'false'))"),
        ("flag", Dialect::Postgres) => format!("coalesce({inner}, false)"),
        ("utc_day", Dialect::Sqlite) => {
            format!("strftime('%Y-%m-%d', {inner} / 1000, 'unixepoch')")
        }
        ("utc_day", Dialect::Postgres) => {
            format!("to_char(to_timestamp({inner} / 1000) at time zone 'UTC', 'YYYY-MM-DD')")
        }
        _ => format!("{word}({inner})"),
    }
}

/// Whether SQLite knows by itself that `text` gives JSON: it is a call of a function that makes some,
/// or the sub-select of an aggregate that does. A sorter would forget it, but one row is not sorted.
/// To read it anew would take longer than to make it: what a large cart costs is 90 kB of facts.
fn is_known_as_json(text: &str) -> bool {
    const CALLS: [&str; 4] = ["json_object", "json_patch", "json_group_array", "json_group_object"];
    let after_call = |text: &str| {
        let of_call = CALLS.iter().find_map(|call| text.strip_prefix(call))?;
        let (_, after) = balanced(of_call).ok().flatten()?;
        Some(after.to_owned())
    };
    match balanced(text) {
        Ok(Some((selected, ""))) => selected
            .strip_prefix("select ")
            .filter(|of| of.starts_with("json_group_"))
            .and_then(after_call)
            .is_some_and(|after| after.trim_start().starts_with("from ")),
        _ => after_call(text).is_some_and(|after| after.is_empty()),
    }
}

/// What stands before the next word outside of quotes, the word, and what follows.
fn next_word(text: &str) -> Option<(&str, &str, &str)> {
    let mut quoted = false;
    let start = text.char_indices().find(|(_, c)| {
        quoted ^= *c == '\'';
        !quoted && (c.is_ascii_lowercase() || *c == '_')
    })?;
    let (before, from) = text.split_at(start.0);
    let end = from.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(from.len());
    let (word, after) = from.split_at(end);
    Some((before, word, after))
}

/// What stands between the `(` that `text` begins with and its `)`, and what follows.
fn balanced(text: &str) -> Result<Option<(&str, &str)>> {
    let (mut depth, mut quoted) = (0, false);
    for (at, c) in text.char_indices() {
        quoted ^= c == '\'';
        depth += match c {
            '(' if !quoted => 1,
            ')' if !quoted => -1,
            _ => 0,
        };
        if depth == 0 {
            let (inner, after) = text.split_at(at);
            return Ok(inner.strip_prefix('(').zip(after.strip_prefix(')')));
        }
    }
    Err(format!("a bracket that is never closed: {text}").into())
}

/// Split at the commas that stand in no bracket and no quotes.
fn arguments(text: &str) -> Vec<String> {
    let (mut depth, mut quoted) = (0, false);
    let parts = text.split(|c: char| {
        quoted ^= c == '\'';
        depth += match c {
            '(' if !quoted => 1,
            ')' if !quoted => -1,
            _ => 0,
        };
        c == ',' && depth == 0 && !quoted
    });
    parts.map(|part| part.trim().to_owned()).collect()
}
