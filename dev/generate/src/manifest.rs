//! The manifests: the whole application, and what differs for platforms without schedules.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Context, Result};
use api::ENDPOINTS;
use config::{Component, Needs, VARIABLES, Variable, WORKERS};

/// How wide a comment is.
const WIDTH: usize = 120;

/// `spin.toml`.
pub fn whole() -> Result<String> {
    Ok(head(
        "The whole application: every function, every schedule. The schedules need Spin's cron plugin;\n# deploy/spin.http.toml is the same without them.",
    ) + &body(&Place { up: "", schedules: true })?)
}

/// `deploy/spin.http.toml`.
pub fn http() -> Result<String> {
    Ok(head("spin.toml without its schedules, for platforms that take HTTP triggers only.")
        + &body(&BELOW)?)
}

/// Where a manifest stands, and whether it has schedules.
struct Place {
    /// The way from its folder to the root.
    up: &'static str,
    schedules: bool,
}

/// In `deploy/`.
const BELOW: Place = Place { up: "../", schedules: false };

fn head(what: &str) -> String {
    format!(
        "#:schema https://schemas.spinframework.dev/spin/manifest-v2/latest.json\n# Made by `cargo till generate` from shared/config \
         (variables, components, workers) and shared/api (endpoints); a test holds it.\n# {what}\n"
    )
}

fn body(place: &Place) -> Result<String> {
    let mut text = concat!(
        "spin_manifest_version = 2\n\n[application]\nname = \"edgetill\"\nversion = \"",
        env!("CARGO_PKG_VERSION"),
        "\"\n\
                    description = \"A shop's cart, checkout and order backend as functions\"\n\n\
                    # Every variable, once, with its one default. A component is given only what it needs.\n[variables]\n"
    )
    .to_owned();
    for variable in VARIABLES {
        text += &declared(variable);
    }
    let mut done = BTreeSet::new();
    let mut area = "";
    for endpoint in ENDPOINTS {
        if !done.insert(endpoint.component) {
            continue;
        }
        let (in_area, _) = endpoint
            .component
            .split_once('-')
            .with_context(|| format!("{} is in no area", endpoint.component))?;
        if in_area != area {
            area = in_area;
            write!(text, "\n# ---- {area}\n")?;
        }
        text += &component(endpoint.component, place)?;
    }
    Ok(text)
}

fn declared(variable: &Variable) -> String {
    let mut text = String::new();
    for line in wrapped(variable.about) {
        text += &format!("# {line}\n");
    }
    let given = variable.default.map_or_else(
        || "required = true".to_owned(),
        |default| format!("default = {}", quoted(default)),
    );
    let secret = if variable.secret { ", secret = true" } else { "" };
    text + &format!("{} = {{ {given}{secret} }}\n", variable.name)
}

fn component(id: &str, place: &Place) -> Result<String> {
    let row = Component::named(id)
        .with_context(|| format!("{id} serves an endpoint and is in no row of shared/config"))?;
    let Needs { variables, hosts, key_values, sqlite } = row.needs();
    let up = place.up;
    let mut text = String::new();
    for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.component == id) {
        write!(
            text,
            "\n[[trigger.http]]\nroute = {}\ncomponent = {}\n",
            quoted(endpoint.path),
            quoted(id)
        )?;
    }
    for worker in WORKERS.iter().filter(|worker| worker.component == id && place.schedules) {
        write!(
            text,
            "\n[[trigger.cron]]\ncomponent = {}\ncron_expression = {}\n",
            quoted(id),
            quoted(worker.schedule)
        )?;
    }
    let hosts: Vec<String> = hosts.iter().map(|host| format!("\"{{{{ {host} }}}}\"")).collect();
    write!(
        text,
        "\n[component.{id}]\nsource = \"{up}target/wasm32-wasip2/release/{}.wasm\"\nallowed_outbound_hosts = [{}]\n",
        id.replace('-', "_"),
        hosts.join(", ")
    )?;
    for (label, has) in [("key_value_stores", key_values), ("sqlite_databases", sqlite)] {
        if has {
            writeln!(text, "{label} = [\"default\"]")?;
        }
    }
    let folder = format!("functions/{}", id.replacen('-', "/", 1));
    let watched: Vec<String> =
        [folder.as_str(), "shared"].into_iter().chain(row.built_from).map(quoted).collect();
    write!(
        text,
        "\n[component.{id}.build]\ncommand = \"cargo build --release --target wasm32-wasip2 --package {id}\"\nwatch = [{}]\n",
        watched.join(", ")
    )?;
    if !up.is_empty() {
        writeln!(text, "workdir = {}", quoted(up.trim_end_matches('/')))?;
    }
    write!(text, "\n[component.{id}.variables]\n")?;
    for name in variables {
        writeln!(text, "{name} = \"{{{{ {name} }}}}\"")?;
    }
    Ok(text)
}

/// As a TOML string. What stands in the tables has neither quotes nor backslashes; a test reads
/// every manifest.
fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < WIDTH => *line += &format!(" {word}"),
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}
