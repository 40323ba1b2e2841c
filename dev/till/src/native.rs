//! The tests that need no shop: those of every crate that is no component and speaks no HTTP.

use std::path::Path;

use anyhow::{Context, Result};

use crate::cargo::{cargo, run};
use crate::project::Project;

/// The host's own tests. In its own profile and by itself: together with other packages its
/// dependencies would get other features, and the engine be compiled again.
pub fn host(project: &Project) -> Result<()> {
    let mut host = cargo(project);
    host.args(["test", "--profile", "host", "--package", "host"]);
    run(host, "the host's own tests failed")
}

/// Those of all others, with a PostgreSQL where one is installed.
pub fn native(project: &Project) -> Result<()> {
    run(tests(project)?, "native tests failed")
}

/// The same without any server.
pub fn native_on_sqlite(project: &Project) -> Result<()> {
    let mut command = tests(project)?;
    command.env("EDGETILL_POSTGRES", "none");
    run(command, "native tests failed")
}

fn tests(project: &Project) -> Result<std::process::Command> {
    let mut command = cargo(project);
    command.args(["test", "--profile", "host"]);
    for package in ["till", "cluster", "generate", "tidy", "simulator", "hooks"] {
        command.args(["--package", package]);
    }
    let shared = std::fs::read_dir(project.path("shared")).context("cannot list shared/")?;
    for folder in shared {
        let manifest = folder?.path().join("Cargo.toml");
        if manifest.exists() {
            command.arg("--package").arg(package_name(&manifest)?);
        }
    }
    Ok(command)
}

fn package_name(manifest: &Path) -> Result<String> {
    let text = std::fs::read_to_string(manifest)
        .with_context(|| format!("cannot read {}", manifest.display()))?;
    let parsed: toml::Table =
        toml::from_str(&text).with_context(|| format!("in {}", manifest.display()))?;
    let name =
        parsed.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
    Ok(name.with_context(|| format!("{} names no package", manifest.display()))?.to_owned())
}
