//! Cargo and rustup, called with their own output on the terminal.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::manifest::Manifest;
use crate::project::Project;

/// What components are compiled for.
pub const TARGET: &str = "wasm32-wasip2";

/// How components are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Small and fast components; slow to build.
    Release,
    /// Components that build quickly.
    Quick,
}

impl Profile {
    /// `--quick` or not.
    pub fn quick(quick: bool) -> Self {
        if quick { Self::Quick } else { Self::Release }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Quick => "quick",
        }
    }
}

/// Cargo, run from the repository's root.
pub fn cargo(project: &Project) -> Command {
    // `cargo run` says which cargo it is; a till started by its path asks the PATH.
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(&project.root);
    // What `cargo run` says of till's own package is nobody else's: some build scripts take it for
    // a change, and compile anew each time.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_MANIFEST_") || name.starts_with("CARGO_PKG_")
        }) {
            command.env_remove(name);
        }
    }
    command
}

/// Adds the compiler's target when it is missing.
pub fn ensure_target() -> Result<()> {
    let rustc =
        Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output();
    let printed = rustc.context("rustc cannot be run")?.stdout;
    if PathBuf::from(String::from_utf8_lossy(&printed).trim()).exists() {
        return Ok(());
    }
    let added = Command::new("rustup").args(["target", "add", TARGET]).status();
    let added = added.with_context(|| {
        format!("the target {TARGET} is missing and rustup cannot be run to add it")
    })?;
    ensure!(added.success(), "rustup could not add the target {TARGET}");
    Ok(())
}

/// Builds every component of a manifest, where the package has the component's name, and the
/// simulator.
///
/// Into `target/` whatever the environment says, because that is where the manifest looks.
pub fn build_components(project: &Project, manifest: &Manifest, profile: Profile) -> Result<()> {
    ensure_target()?;
    let mut command = cargo(project);
    command.args([
        "build",
        "--target",
        TARGET,
        "--profile",
        profile.name(),
        "--target-dir",
        "target",
    ]);
    for id in manifest.components.keys() {
        command.args(["--package", id]);
    }
    command.args(["--package", "simulator"]);
    run(command, "the components do not build")
}

/// Builds the host, which is a program of its own so that the command does without an engine.
pub fn build_host(project: &Project) -> Result<()> {
    let mut command = cargo(project);
    command.args(["build", "--quiet", "--profile", "host", "--package", "host"]);
    run(command, "the host does not build")
}

/// Runs a command that prints for itself.
pub fn run(mut command: Command, complaint: &str) -> Result<()> {
    let status =
        command.status().with_context(|| format!("{:?} cannot be run", command.get_program()))?;
    ensure!(status.success(), "{complaint} ({status})");
    Ok(())
}
