//! `cargo till prove --only fuzz`: every target of `tests/fuzz`, each for so long. A stable
//! compiler is enough.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::cargo::{cargo, run};
use crate::progress::part;
use crate::project::Project;

/// What fuzzes, and in which version.
const INSTALL: &str = "cargo install --locked cargo-fuzz --version 0.13.2";
/// A single input may take no longer.
const INPUT_SECONDS_MAX: u32 = 10;
/// How much of a log tells why.
const LOG_LINES: usize = 40;

/// Runs the targets, those whose names contain `only`, and prints what each did. Fails after the
/// last, when any failed.
pub fn fuzz(project: &Project, seconds: u32, only: Option<&str>) -> Result<()> {
    let installed =
        cargo(project).args(["fuzz", "--version"]).output().context("cargo cannot be run")?;
    ensure!(
        installed.status.success(),
        "cargo-fuzz is MISSING, and nothing was fuzzed. Install it:\n\n    {INSTALL}\n"
    );
    let folder = project.path("tests/fuzz");
    let targets: Vec<String> = targets(&folder)?
        .into_iter()
        .filter(|name| only.is_none_or(|only| name.contains(only)))
        .collect();
    ensure!(!targets.is_empty(), "no target has such a name");
    part("building the fuzz targets", || {
        run(cargo_fuzz(project, "build"), "the fuzz targets do not build")
    })?;
    let logs = project.path("target/fuzz");
    std::fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;

    println!("\n{:<14}{:>12}{:>10}", "target", "inputs", "branches");
    let mut failed = Vec::new();
    for target in &targets {
        let log = logs.join(format!("{target}.log"));
        let passed = fuzz_one(project, &folder, target, seconds, &log)?;
        let said = std::fs::read(&log).with_context(|| format!("cannot read {}", log.display()))?;
        let said = String::from_utf8_lossy(&said);
        println!(
            "{target:<14}{:>12}{:>10}",
            figure(&said, "stat::number_of_executed_units:"),
            figure(&said, " cov:")
        );
        if !passed {
            let lines: Vec<&str> = said.lines().collect();
            let last = lines.len().saturating_sub(LOG_LINES);
            eprintln!("{}", lines.get(last..).unwrap_or_default().join("\n"));
            failed.push(format!("{target} failed; its whole log is {}", log.display()));
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("{}", failed.join("\n")) }
}

/// One target: what it finds of interest it keeps in `corpus/`, what breaks it in `artifacts/`;
/// `seeds/` is where it begins.
fn fuzz_one(
    project: &Project,
    folder: &Path,
    target: &str,
    seconds: u32,
    log: &Path,
) -> Result<bool> {
    let corpus = folder.join("corpus").join(target);
    std::fs::create_dir_all(&corpus)
        .with_context(|| format!("cannot make {}", corpus.display()))?;
    let mut command = cargo_fuzz(project, "run");
    command.arg(target).arg(&corpus);
    let seeds = folder.join("seeds").join(target);
    if seeds.exists() {
        command.arg(seeds);
    }
    command.arg("--").args([
        "-print_final_stats=1",
        &format!("-max_total_time={seconds}"),
        &format!("-timeout={INPUT_SECONDS_MAX}"),
    ]);
    let dictionary = folder.join("seeds").join(format!("{target}.dict"));
    if dictionary.exists() {
        command.arg(format!("-dict={}", dictionary.display()));
    }
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let status =
        command.stdout(file.try_clone()?).stderr(file).status().context("cargo cannot be run")?;
    Ok(status.success())
}

/// In its own folder, where `.cargo/config.toml` says how it is built. Without a sanitizer, which
/// would ask for another compiler.
fn cargo_fuzz(project: &Project, what: &str) -> Command {
    let mut command = cargo(project);
    command.current_dir(project.path("tests/fuzz"));
    command.args(["fuzz", what, "--fuzz-dir", ".", "--sanitizer", "none", "--codegen-units", "16"]);
    command
}

fn targets(folder: &Path) -> Result<Vec<String>> {
    let file = folder.join("Cargo.toml");
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read {}", file.display()))?;
    let manifest: toml::Table =
        toml::from_str(&text).with_context(|| format!("in {}", file.display()))?;
    let bins = manifest
        .get("bin")
        .and_then(toml::Value::as_array)
        .with_context(|| format!("{} has no targets", file.display()))?;
    Ok(bins
        .iter()
        .filter_map(|bin| bin.get("name"))
        .filter_map(toml::Value::as_str)
        .map(str::to_owned)
        .collect())
}

/// The last number behind a word of libFuzzer's.
fn figure<'l>(said: &'l str, word: &str) -> &'l str {
    said.rsplit_once(word).and_then(|(_, rest)| rest.split_whitespace().next()).unwrap_or("?")
}
