//! What people read of the tables, and the variables of a deployment as a file.

use anyhow::{Context, Result};
use config::{Form, VARIABLES, Variable, WORKERS};

/// Where the made part of the page for operators begins and ends.
const BEGIN: &str = "<!-- made by `cargo till generate` from shared/config -->\n";
const END: &str = "<!-- end of what is made -->\n";

/// `deploy/variables.json`: every variable with its default, to be filled in.
pub fn deployment() -> Result<String> {
    let rows: Result<Vec<String>> = VARIABLES
        .iter()
        .map(|variable| {
            Ok(format!(
                "  {}: {}",
                json(variable.name)?,
                json(variable.default.unwrap_or_default())?
            ))
        })
        .collect();
    Ok(format!("{{\n{}\n}}\n", rows?.join(",\n")))
}

fn json(text: &str) -> Result<String> {
    serde_json::to_string(text).context("a text is JSON")
}

/// `docs/configuration.md`.
pub fn variables() -> String {
    let mut page = "# Variables\n\n<!-- made by `cargo till generate` from shared/config -->\n\n\
        Each with its one default, which stands in `spin.toml` too; [`deploy/variables.json`](../deploy/variables.json) is the same list for a file. \
        `GET /api/v1/config` shows what is in force, and what is wrong with it. A value that will not do, alone or beside another, stops the requests \
        that need it with 503 `configuration_invalid`. Without what is required the application does not start; what is secret is shown to nobody.\n\n\
        ## Alone\n\n| variable | default | what will do | what it is for |\n|---|---|---|---|\n"
        .to_owned();
    for variable in VARIABLES {
        let right = match variable.form {
            Form::Host => "a host, as `allowed_outbound_hosts` takes it",
            Form::Number { .. } | Form::Text(_) | Form::KnownHost(_) | Form::Any => {
                variable.right().unwrap_or("any text")
            }
        };
        page += &format!(
            "| `{}` | {} | {right} | {} |\n",
            variable.name,
            default(variable),
            variable.about
        );
    }
    page += "\n## Beside others\n\nRules between two variables. A component checks those of its own variables; \
        `GET /api/v1/config` checks all of them.\n\n| variable | what | or else |\n|---|---|---|\n";
    for variable in VARIABLES {
        for rule in variable.rules {
            page += &format!("| `{}` | {} | {} |\n", variable.name, rule.right, rule.otherwise);
        }
    }
    page
}

fn default(variable: &Variable) -> String {
    let given = match variable.default {
        None => "required".to_owned(),
        Some("") => "empty".to_owned(),
        Some(text) => format!("`{text}`"),
    };
    if variable.secret { format!("{given}, secret") } else { given }
}

/// The page for operators with its table of workers made anew.
pub fn with_workers(page: &str) -> Result<String> {
    let (before, rest) =
        page.split_once(BEGIN).context("the page says where the workers' table begins")?;
    let (_, after) = rest.split_once(END).context("the page says where the workers' table ends")?;
    let mut table = "| worker | schedule | what it does |\n|---|---|---|\n".to_owned();
    for worker in WORKERS {
        let about = worker.about.trim_start().trim_end_matches('.');
        table += &format!("| `{}` | {} | {about} |\n", worker.name, when(worker.schedule));
    }
    Ok(format!("{before}{BEGIN}{table}{END}{after}"))
}

/// A schedule in words, where there are short ones.
fn when(schedule: &str) -> String {
    match schedule.strip_suffix(" * * * * *") {
        Some("*") => "every second".to_owned(),
        Some("0") => "every minute".to_owned(),
        Some(seconds) if seconds.starts_with("*/") => {
            format!("every {} seconds", seconds.trim_start_matches("*/"))
        }
        Some(_) | None => format!("`{schedule}`"),
    }
}
