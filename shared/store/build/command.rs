//! A command that is written once: SQLite's trigger and PostgreSQL's function, of one text.
//!
//! ```text
//! refuse 'code' where x;      select raise(abort, …) where x;       if x then raise exception …; end if;
//! lock t where x;             nothing: one writer at a time          perform 1 from t where x for update;
//! -- only with name           stays at home without that input       if doc ->> 'name' is not null then … end if;
//! @fragment                   sqlite/fragments/<name>.sql            what its `-- postgres:` says
//! returning x                 insert into command … returning x      return x, by way of `finish_command` after @finish
//! ```

use crate::spell::{Dialect, Fragments, Result, lines_of, spell};
use std::collections::BTreeMap;

/// What a command does, in order.
enum Step<'a> {
    Statement { text: String, needs: Option<&'a str> },
    Fragment { name: String, arguments: String, needs: Option<&'a str> },
}

/// The text as SQLite's trigger is made of, fragments still by name.
pub fn of_sqlite(source: &str) -> String {
    let lines = lines_of(source, Dialect::Sqlite);
    let (effects, receipt) = parts(&lines);
    let mut out = String::new();
    for step in steps(effects) {
        match step {
            Step::Fragment { name, arguments, needs } => {
                only_with(&mut out, needs);
                out.push_str(&format!("@{name}{arguments}\n"));
            }
            Step::Statement { text, .. } if text.starts_with("lock ") => {}
            Step::Statement { text, needs } => {
                only_with(&mut out, needs);
                match text.strip_prefix("refuse ").and_then(|rest| split_where(rest)) {
                    Some((code, condition)) => {
                        out.push_str(&format!("select raise(abort, {code}) where {condition}\n"))
                    }
                    None => out.push_str(&format!("{text}\n")),
                }
            }
        }
    }
    format!("{out}returning\n{receipt}")
}

/// PostgreSQL's function, whole.
pub fn of_postgres(
    name: &str,
    source: &str,
    shared: &Fragments,
    calls: &BTreeMap<String, String>,
    inputs: impl Fn(&str) -> Result<String>,
) -> Result<String> {
    let lines = lines_of(source, Dialect::Postgres);
    let (effects, receipt) = parts(&lines);
    // What both dialects share is a function of its own name.
    let call = |fragment: &str| {
        let own = shared.get_key_value(fragment).map(|(name, _)| name);
        own.or_else(|| calls.get(fragment))
            .ok_or_else(|| format!("{name}: fragment {fragment} has no line `-- postgres:`"))
    };
    let doc: Vec<&str> = source.lines().take_while(|line| line.starts_with("-- ")).collect();
    let (mut body, mut finishes) = (String::new(), false);
    for step in steps(effects) {
        let (text, needs) = match step {
            Step::Fragment { name, .. } if name == "finish" => {
                finishes = true;
                continue;
            }
            Step::Fragment { name, arguments, needs } => {
                (format!("perform {}{arguments};", call(&name)?), needs)
            }
            Step::Statement { text, needs } => (text, needs),
        };
        let text = spell(&text, Dialect::Postgres, shared)?;
        let text = match (
            text.strip_prefix("refuse ").and_then(|rest| split_where(rest)),
            text.strip_prefix("lock "),
        ) {
            (Some((code, condition)), _) => {
                format!(
                    "if {}\n  then raise exception {code}; end if;",
                    condition.trim_end_matches(';').trim()
                )
            }
            (None, Some(rows)) => {
                format!("perform 1 from {} for update;", rows.trim_end_matches(';'))
            }
            (None, None) => text,
        };
        let text = match needs {
            Some(field) => format!(
                "if doc ->> '{field}' is not null then\n    {}\n  end if;",
                text.replace('\n', "\n  ")
            ),
            None => text,
        };
        body.push_str(&format!("  {}\n", text.replace('\n', "\n  ")));
    }
    let receipt = match receipt.trim().strip_prefix('@').filter(|rest| !rest.contains('(')) {
        Some(fragment) => call(fragment)?.clone(),
        None => spell(receipt.trim(), Dialect::Postgres, shared)?,
    };
    let receipt = if finishes { format!("finish_command(doc, {receipt})") } else { receipt };
    body.push_str(&format!("  return {};\n", receipt.replace('\n', "\n  ")));
    let body = crate::inputs_as(&body, inputs)?;
    Ok(format!(
        "{}\ncreate or replace function {name}(doc jsonb) returns jsonb language plpgsql as $$\nbegin\n{body}end\n$$;\n",
        doc.join("\n")
    ))
}

fn only_with(out: &mut String, needs: Option<&str>) {
    if let Some(field) = needs {
        out.push_str(&format!("-- only with {field}\n"));
    }
}

/// The code of a refusal, and its condition.
fn split_where(rest: &str) -> Option<(&str, &str)> {
    let (code, condition) = rest.split_once("where ")?;
    Some((code.trim(), condition))
}

fn parts(text: &str) -> (&str, &str) {
    text.split_once("\nreturning\n").unwrap_or((text, "null"))
}

/// A statement ends with its line, and a fragment with its arguments.
fn steps(effects: &str) -> Vec<Step<'_>> {
    let (mut steps, mut text, mut needs) = (Vec::new(), String::new(), None);
    for line in effects.lines() {
        if let Some(field) = line.trim_start().strip_prefix("-- only with ") {
            needs = Some(field);
        } else if !line.trim().is_empty() && !line.trim_start().starts_with("--") {
            text.push_str(if text.is_empty() { "" } else { "\n" });
            text.push_str(line);
        }
        if let Some(fragment) = text.strip_prefix('@') {
            if fragment.matches('(').count() == fragment.matches(')').count() {
                let (name, arguments) =
                    fragment.split_at(fragment.find('(').unwrap_or(fragment.len()));
                steps.push(Step::Fragment {
                    name: name.to_owned(),
                    arguments: arguments.to_owned(),
                    needs: needs.take(),
                });
                text.clear();
            }
        } else if text.ends_with(';') {
            steps.push(Step::Statement { text: std::mem::take(&mut text), needs: needs.take() });
        }
    }
    steps
}
