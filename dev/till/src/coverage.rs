//! `cargo till check --coverage`: how many lines of a crate's own `src` the native tests come by,
//! those of its tests not counted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cargo::{cargo, run};
use crate::progress::part;
use crate::project::Project;

/// What is measured, and how many lines of a hundred must be come by, where that is asked.
const CRATES: [(&str, Option<usize>); 4] =
    [("domain", Some(90)), ("app", Some(85)), ("edge", None), ("store", None)];
/// What measures, and in which version.
const VERSION: &str = "0.9.1";

/// Lines of a crate that hold code, and those of them that ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Lines {
    all: usize,
    ran: usize,
}

impl Lines {
    /// In thousandths, rounded down: what falls short of a floor is never shown as if it did not.
    fn permille(self) -> usize {
        (self.ran * 1_000).checked_div(self.all).unwrap_or_default()
    }
}

/// Runs the tests, prints a line for each crate and what it has least of, and fails below a floor.
pub fn coverage(project: &Project) -> Result<()> {
    install(project)?;
    let report = project.path("target/coverage.lcov");
    part("native tests, measured", || {
        let mut command = cargo(project);
        command
            .args(["llvm-cov", "test", "--profile", "host", "--lcov", "--output-path"])
            .arg(&report);
        for (name, _) in CRATES {
            command.args(["--package", name]);
        }
        command.env("EDGETILL_POSTGRES", "none");
        run(command, "native tests failed")
    })?;
    let text = std::fs::read_to_string(&report)
        .with_context(|| format!("cannot read {}", report.display()))?;
    let mut wrong = Vec::new();
    println!("\n{:<10}{:>8}{:>8}{:>9}{:>9}", "crate", "lines", "ran", "of 100", "at least");
    for (name, floor) in CRATES {
        let files = of_crate(&text, &project.path("shared").join(name).join("src"))?;
        let all = files.values().fold(Lines::default(), |sum, lines| Lines {
            all: sum.all + lines.all,
            ran: sum.ran + lines.ran,
        });
        let least = floor.map_or_else(String::new, |floor| floor.to_string());
        println!(
            "{name:<10}{:>8}{:>8}{:>7}.{}{least:>9}",
            all.all,
            all.ran,
            all.permille() / 10,
            all.permille() % 10
        );
        for (file, lines) in furthest_behind(&files) {
            println!(
                "    {:>5} lines never ran in {}",
                lines.all - lines.ran,
                file.strip_prefix(&project.root).unwrap_or(file).display()
            );
        }
        if floor.is_some_and(|floor| all.permille() < floor * 10) {
            wrong.push(format!("{name} is below its floor"));
        }
    }
    ensure!(
        wrong.is_empty(),
        "{}; every line that was counted is in {}",
        wrong.join(", "),
        report.display()
    );
    Ok(())
}

/// What measures is no part of the toolchain.
fn install(project: &Project) -> Result<()> {
    let installed = Command::new("rustup")
        .args(["component", "list", "--installed"])
        .output()
        .context("rustup cannot be run")?;
    if !String::from_utf8_lossy(&installed.stdout)
        .lines()
        .any(|component| component.starts_with("llvm-tools"))
    {
        eprintln!("==> llvm-tools are missing: rustup component add llvm-tools");
        let mut add = Command::new("rustup");
        add.args(["component", "add", "llvm-tools"]);
        run(add, "llvm-tools could not be added")?;
    }
    let found =
        cargo(project).args(["llvm-cov", "--version"]).output().context("cargo cannot be run")?;
    if !found.status.success() {
        eprintln!(
            "==> cargo-llvm-cov is missing: cargo install --locked cargo-llvm-cov --version \
             {VERSION}"
        );
        let mut add = cargo(project);
        add.args(["install", "--locked", "cargo-llvm-cov", "--version", VERSION]);
        run(add, "cargo-llvm-cov could not be installed")?;
    }
    Ok(())
}

/// The files under a folder, by the report: each line that holds code, up to the tests that stand
/// at a file's end.
fn of_crate(report: &str, folder: &Path) -> Result<BTreeMap<PathBuf, Lines>> {
    let mut files = BTreeMap::new();
    for record in report.split("end_of_record") {
        let Some(file) =
            record.lines().find_map(|line| line.strip_prefix("SF:")).map(PathBuf::from)
        else {
            continue;
        };
        if !file.starts_with(folder) || file.file_name().is_some_and(|name| name == "tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        files.insert(file, count(record, &text));
    }
    ensure!(!files.is_empty(), "the report says nothing of {}", folder.display());
    Ok(files)
}

fn count(record: &str, text: &str) -> Lines {
    let tests = text.lines().position(|line| line == "#[cfg(test)]").unwrap_or(usize::MAX);
    let mut lines = Lines::default();
    for line in record.lines().filter_map(|line| line.strip_prefix("DA:")) {
        let mut fields = line.split(',').map(|field| field.parse::<usize>().unwrap_or_default());
        let (Some(number), Some(times)) = (fields.next(), fields.next()) else { continue };
        if number <= tests {
            lines.all += 1;
            lines.ran += usize::from(times > 0);
        }
    }
    lines
}

/// Where most is missing.
fn furthest_behind(files: &BTreeMap<PathBuf, Lines>) -> Vec<(&PathBuf, &Lines)> {
    let mut files: Vec<_> = files.iter().filter(|(_, lines)| lines.ran < lines.all).collect();
    files.sort_by_key(|(_, lines)| std::cmp::Reverse(lines.all - lines.ran));
    files.truncate(5);
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_up_to_a_files_tests() {
        let text = "fn a() {\n}\nfn b() {\n}\n#[cfg(test)]\nmod tests {\n}\n";
        let record = "SF:/x\nDA:1,3\nDA:2,3\nDA:3,0\nDA:6,1\nLF:4\n";
        let lines = count(record, text);
        assert_eq!(lines, Lines { all: 3, ran: 2 });
        assert_eq!(lines.permille(), 666);
    }
}
