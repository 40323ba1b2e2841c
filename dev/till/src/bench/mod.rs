//! `cargo till bench`: how fast the shop is, on a shop of its own, and what it costs in host calls,
//! bytes and memory.
//!
//! `tests/load` sends the requests, from another process; the shop is served by another one still.
//! What is timed here says something about this machine at this moment, so it is printed and never
//! judged; what is counted (statements, errors, bytes of schema) is the same everywhere, and makes
//! the command fail.

#![expect(clippy::float_arithmetic, reason = "times and rates are measured here, and never money")]

mod bare;
mod machine;
mod plan;
mod process;
mod report;
mod targets;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;
use cluster::Cluster;

use crate::cargo::{Profile, build_components, build_host, cargo, run};
use crate::child::{HostProcess, Serving};
use crate::database;
use crate::manifest::Manifest;
use crate::progress::{part, seconds};
use crate::project::Project;
use crate::shop::{Shop, free_address};
use machine::Machine;
use process::Memory;
use report::{Measured, Results, Row, Sizes};

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// Measure on this Spin instead of till.
    #[arg(long, value_name = "PATH")]
    spin: Option<PathBuf>,
    /// Measure on this database only.
    #[arg(long, value_name = "DATABASE", value_parser = ["sqlite", "postgres"])]
    only: Option<String>,
    /// How long each row takes.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// These rows instead of all, as `tests/load` has them: `add@16` for connections, `add@200/s`
    /// for a rate.
    #[arg(long, value_name = "ROW", num_args = 1..)]
    rows: Vec<String>,
    /// Measure a shop with so many goods more.
    #[arg(long, value_name = "SKUS")]
    grow: Option<usize>,
    /// Whether it runs at all: one connection, half a second a row. Its times mean nothing.
    #[arg(long)]
    quick: bool,
    /// Measure what was built quickly rather than small.
    #[arg(skip)]
    quick_components: bool,
    /// Words to stand beside the figures, such as "machine shared".
    #[arg(long, default_value = "")]
    note: String,
}

/// Builds, serves, measures, prints, and leaves the results in `target/bench`.
pub fn bench(arguments: BenchArgs) -> Result<()> {
    let project = Project::find()?;
    let results = measure(&project, &arguments)?;
    let (json, markdown) = results.write(&project.path("target/bench"))?;
    println!("{}", results.markdown());
    println!("\nwritten: {}, {}", json.display(), markdown.display());
    let broken = results.broken();
    ensure!(broken.is_empty(), "{}", broken.join("; "));
    Ok(())
}

/// A quick run, for `cargo till test`: the command works, nothing errs, and nothing counted is over
/// its budget.
pub(super) fn brief(project: &Project, quick_components: bool) -> Result<()> {
    let only = Some("sqlite".to_owned());
    let (rows, note) = (Vec::new(), String::new());
    let quick = BenchArgs {
        spin: None,
        only,
        seconds: plan::QUICK_SECONDS,
        rows,
        grow: None,
        quick: true,
        quick_components,
        note,
    };
    let broken = measure(project, &quick)?.broken();
    ensure!(broken.is_empty(), "{}", broken.join("; "));
    Ok(())
}

/// All of it, without a word on the outcome.
fn measure(project: &Project, arguments: &BenchArgs) -> Result<Results> {
    let machine = Machine::look(project, arguments.spin.as_deref())?;
    let file = bare::manifest(project)?;
    let manifest = Manifest::load(&file)?;
    let profile = Profile::quick(arguments.quick_components);
    part(&format!("building {} components", manifest.components.len()), || {
        build_components(project, &manifest, profile)
    })?;
    part("building the host", || build_host(project))?;
    part("building the load", || {
        let mut command = cargo(project);
        command.args(["build", "--profile", "host", "--package", "load"]);
        run(command, "the load does not build")
    })?;
    let wanted = |database: &str| arguments.only.as_deref().is_none_or(|only| only == database);
    let mut databases = Vec::new();
    if wanted("sqlite") {
        databases.push(on(project, &manifest, &file, arguments, "SQLite", None)?);
    }
    if wanted("postgres") {
        match Cluster::start_durable()? {
            None => ensure!(arguments.only.is_none(), "there is no PostgreSQL to measure on"),
            Some(cluster) => {
                let url = database::on(&cluster, project)?;
                databases.push(on(project, &manifest, &file, arguments, "PostgreSQL", Some(&url))?);
            }
        }
    }
    Ok(Results {
        machine,
        note: arguments.note.clone(),
        quick: arguments.quick,
        seconds: if arguments.quick { plan::QUICK_SECONDS } else { arguments.seconds },
        databases,
        sizes: Sizes::look(project, arguments.quick_components)?,
    })
}

/// One database: start it cold, start it again, load it, look at what it takes.
fn on(
    project: &Project,
    manifest: &Manifest,
    file: &Path,
    arguments: &BenchArgs,
    database: &'static str,
    postgres: Option<&str>,
) -> Result<Measured> {
    let folder = project.path("target/bench").join(format!(
        "{}-{}",
        std::process::id(),
        database.to_lowercase()
    ));
    let measured = on_shop(project, manifest, file, arguments, database, postgres, &folder);
    let measured = measured.with_context(|| {
        format!("on {database}; data and logs are kept in {}", folder.display())
    })?;
    std::fs::remove_dir_all(&folder)
        .with_context(|| format!("cannot remove {}", folder.display()))?;
    Ok(measured)
}

fn on_shop(
    project: &Project,
    manifest: &Manifest,
    file: &Path,
    arguments: &BenchArgs,
    database: &'static str,
    postgres: Option<&str>,
    folder: &Path,
) -> Result<Measured> {
    let mut shop = Shop::prepare(project, manifest, folder, free_address()?, postgres)?;
    shop.wait_as_by_default();
    bare::prepare(project, &shop)?;
    // What was compiled before would hide what compiling costs.
    let code =
        if arguments.quick { project.path("target/till-test/code") } else { folder.join("code") };
    let quick = arguments.quick_components;
    let serving = Serving {
        manifest: file.to_path_buf(),
        code: code.clone(),
        ..Serving::of_a_test(project, quick)
    };
    let start = || match &arguments.spin {
        Some(spin) => HostProcess::spin(project, &shop, spin, file, Some(&code)),
        None => HostProcess::till(project, &shop, &serving),
    };
    let _simulator =
        HostProcess::simulator(project, &shop, arguments.spin.as_deref(), &code, quick)?;
    let mut starts_ms = Vec::new();
    if !arguments.quick {
        eprintln!("==> {database}: cold start");
        starts_ms.push(ready(&shop, start()?)?.1);
    }
    eprintln!("==> {database}: warm start");
    let (mut host, warm_ms) = ready(&shop, start()?)?;
    starts_ms.push(warm_ms);
    let idle = Memory::of(host.id())?;
    let begun = Instant::now();
    let rows = host.once_ready(&shop, || load(project, arguments, &shop, postgres.is_some()))?;
    eprintln!("    {database}: {}", seconds(begun.elapsed()));
    let loaded = Memory::of(host.id())?;
    Ok(Measured { database, starts_ms, idle, loaded, rows })
}

/// A host once it is ready, and how long that took.
fn ready(shop: &Shop, host: HostProcess) -> Result<(HostProcess, u64)> {
    let begun = Instant::now();
    let mut host = host;
    host.wait_until_ready(shop)?;
    Ok((host, u64::try_from(begun.elapsed().as_millis())?))
}

/// Runs `tests/load` and reads its rows as they come.
fn load(project: &Project, arguments: &BenchArgs, shop: &Shop, postgres: bool) -> Result<Vec<Row>> {
    let mut command = Command::new(project.built("load"));
    let rows = if arguments.rows.is_empty() {
        plan::rows(arguments.quick, postgres)
    } else {
        arguments.rows.clone()
    };
    let seconds = if arguments.quick { plan::QUICK_SECONDS } else { arguments.seconds };
    command.args(["--json", "--restock", "--url", &shop.url(), "--seconds", &seconds.to_string()]);
    if let Some(skus) = arguments.grow {
        command.args(["--grow", &skus.to_string()]);
    }
    command.args(&rows);
    for (name, value) in &shop.secrets {
        command.env(format!("EDGETILL_{}", name.to_uppercase()), value);
    }
    let mut child = command.stdout(Stdio::piped()).spawn().context("the load cannot be run")?;
    let output = child.stdout.take().context("the load has no output")?;
    let mut measured = Vec::with_capacity(rows.len());
    for line in BufReader::new(output).lines() {
        let row: Row = serde_json::from_str(&line?).context("not a row")?;
        eprintln!("    [{}/{}] {}", measured.len() + 1, rows.len(), row.line());
        measured.push(row);
    }
    let status = child.wait()?;
    ensure!(status.success(), "the load failed ({status})");
    Ok(measured)
}
