//! What is made from the tables of `shared/config` (variables, components, workers) and
//! `shared/api` (endpoints): the manifests, the variables of a deployment, the page of variables,
//! and the workers' table of the page for operators.
//!
//! Everything here is text and pure, so the same rows always make the same bytes, and a test holds
//! the committed files to them.

mod manifest;
mod pages;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The files and what has to be in each.
pub fn files(root: &Path) -> Result<Vec<(PathBuf, String)>> {
    let read = |file: &str| {
        std::fs::read_to_string(root.join(file)).with_context(|| format!("cannot read {file}"))
    };
    let made = [
        ("spin.toml", manifest::whole()?),
        ("deploy/spin.http.toml", manifest::http()?),
        ("deploy/variables.json", pages::deployment()?),
        ("docs/configuration.md", pages::variables()),
        ("docs/operating.md", pages::with_workers(&read("docs/operating.md")?)?),
    ];
    Ok(made.into_iter().map(|(file, text)| (root.join(file), text)).collect())
}

/// The repository's root.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
