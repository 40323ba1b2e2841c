//! `cargo till check`: what can be known in minutes. Format, lints, and the native tests, with the
//! store on SQLite.

use anyhow::Result;
use clap::Args;

use crate::cargo::{TARGET, cargo, ensure_target, run};
use crate::coverage::coverage;
use crate::manifest::Manifest;
use crate::native::native_on_sqlite;
use crate::progress::Times;
use crate::project::Project;

/// Components that no manifest of the shop names.
const OTHER_COMPONENTS: [&str; 2] = ["probe", "bare"];

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Only format and lints.
    #[arg(long)]
    lints: bool,
    /// Only how much of the lines of domain, app, edge and store their tests come by: fails where
    /// it is too little. Installs cargo-llvm-cov.
    #[arg(long, conflicts_with = "lints")]
    coverage: bool,
}

/// Checks, and prints how long each part took. Ends at the first that fails.
pub fn check(arguments: &CheckArgs) -> Result<()> {
    let project = Project::find()?;
    if arguments.coverage {
        return coverage(&project);
    }
    let mut times = Times::default();
    times.of("format", || {
        let mut format = cargo(&project);
        format.args(["fmt", "--all", "--check"]);
        run(format, "the format is not rustfmt's: cargo fmt --all")
    })?;
    lints(&project, &mut times)?;
    if !arguments.lints {
        times.of("native tests, on SQLite", || native_on_sqlite(&project))?;
    }
    println!("\nAll is well.");
    times.print();
    Ok(())
}

/// Clippy: of what runs here with its tests, of components for what they run on.
fn lints(project: &Project, times: &mut Times) -> Result<()> {
    let functions = Manifest::load(&project.path("spin.toml"))?;
    times.of("clippy, native", || {
        let mut clippy = cargo(project);
        clippy.args(["clippy", "--profile", "host", "--workspace", "--all-targets"]);
        for component in functions.components.keys().map(String::as_str).chain(OTHER_COMPONENTS) {
            clippy.args(["--exclude", component]);
        }
        clippy.args(["--", "--deny", "warnings"]);
        run(clippy, "clippy complains")
    })?;
    let all = Manifest::of_development(project)?;
    times.of("clippy, components", || {
        ensure_target()?;
        let mut clippy = cargo(project);
        clippy.args(["clippy", "--release", "--target", TARGET]);
        let others = ["simulator"].into_iter().chain(OTHER_COMPONENTS);
        for component in all.components.keys().map(String::as_str).chain(others) {
            clippy.args(["--package", component]);
        }
        clippy.args(["--", "--deny", "warnings"]);
        run(clippy, "clippy complains")
    })
}
