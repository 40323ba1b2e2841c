//! `cargo till bench`: how fast the shop is, on a shop of its own, and what it costs in host calls, bytes and memory.
//!
//! `tests/load` sends the requests, from another process; the shop is served by another one still. What is timed here says
//! something about this machine at this moment, so it is printed and never judged; what is counted (statements, errors, bytes
//! of schema) is the same everywhere, and makes the command fail.

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

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use cluster::Cluster;

use crate::cli::cargo::{Profile, build_components, cargo, run};
use crate::cli::child::HostProcess;
use crate::cli::database;
use crate::cli::progress::part;
use crate::cli::project::Project;
use crate::cli::shop::{Shop, free_address};
use crate::manifest::Manifest;
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
    /// These rows instead of all, as `tests/load` has them: `add@16` for connections, `add@200/s` for a rate.
    #[arg(long, value_name = "ROW", num_args = 1..)]
    rows: Vec<String>,
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
pub async fn bench(arguments: BenchArgs) -> Result<()> {
    let project = Project::find()?;
    let results = measure(&project, &arguments).await?;
    let (json, markdown) = results.write(&project.path("target/bench"))?;
    println!("{}", results.markdown());
    println!("\nwritten: {}, {}", json.display(), markdown.display());
    let broken = results.broken();
    ensure!(broken.is_empty(), "{}", broken.join("; "));
    Ok(())
}

/// A quick run, for `cargo till test`: the command works, nothing errs, and nothing counted is over its budget.
pub(super) async fn brief(project: &Project, quick_components: bool) -> Result<()> {
    let only = Some("sqlite".to_owned());
    let (rows, note) = (Vec::new(), String::new());
    let quick = BenchArgs { spin: None, only, seconds: plan::QUICK_SECONDS, rows, quick: true, quick_components, note };
    let broken = measure(project, &quick).await?.broken();
    ensure!(broken.is_empty(), "{}", broken.join("; "));
    Ok(())
}

/// All of it, without a word on the outcome.
async fn measure(project: &Project, arguments: &BenchArgs) -> Result<Results> {
    let machine = Machine::look(project, arguments.spin.as_deref())?;
    let file = bare::manifest(project)?;
    let manifest = Manifest::load(&file)?;
    let profile = Profile::quick(arguments.quick_components);
    part(&format!("building {} components", manifest.components.len()), || build_components(project, &manifest, profile))?;
    part("building the load", || {
        let mut command = cargo(project);
        command.args(["build", "--profile", "host", "--package", "load"]);
        run(command, "the load does not build")
    })?;
    let wanted = |database: &str| arguments.only.as_deref().is_none_or(|only| only == database);
    let mut databases = Vec::new();
    if wanted("sqlite") {
        databases.push(on(project, &manifest, &file, arguments, "SQLite", None).await?);
    }
    if wanted("postgres") {
        match Cluster::start_durable()? {
            None => ensure!(arguments.only.is_none(), "there is no PostgreSQL to measure on"),
            Some(cluster) => {
                let url = database::on(&cluster, project).await?;
                databases.push(on(project, &manifest, &file, arguments, "PostgreSQL", Some(&url)).await?);
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
async fn on(
    project: &Project,
    manifest: &Manifest,
    file: &Path,
    arguments: &BenchArgs,
    database: &'static str,
    postgres: Option<&str>,
) -> Result<Measured> {
    let folder = project.path("target/bench").join(format!("{}-{}", std::process::id(), database.to_lowercase()));
    let measured = on_shop(project, manifest, file, arguments, database, postgres, &folder).await;
    let measured = measured.with_context(|| format!("on {database}; data and logs are kept in {}", folder.display()))?;
    std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    Ok(measured)
}

async fn on_shop(
    project: &Project,
    manifest: &Manifest,
    file: &Path,
    arguments: &BenchArgs,
    database: &'static str,
    postgres: Option<&str>,
    folder: &Path,
) -> Result<Measured> {
    let mut shop = Shop::prepare(project, manifest, folder, free_address()?, postgres)?;
    shop.keep_keys_as_by_default();
    bare::prepare(project, &shop)?;
    // What was compiled before would hide what compiling costs.
    let code = if arguments.quick { project.path("target/till-test/code") } else { folder.join("code") };
    let start = || match &arguments.spin {
        Some(spin) => HostProcess::spin(project, &shop, spin, file, Some(&code)),
        None => HostProcess::till(project, &shop, file, &code, arguments.quick_components),
    };
    let mut starts_ms = Vec::new();
    if !arguments.quick {
        eprintln!("==> {database}: cold start");
        starts_ms.push(ready(&shop, start()?).await?.1);
    }
    eprintln!("==> {database}: warm start");
    let (mut host, warm_ms) = ready(&shop, start()?).await?;
    starts_ms.push(warm_ms);
    let idle = Memory::of(host.id())?;
    let begun = Instant::now();
    let rows = tokio::select! {
        ended = host.ended() => bail!("the host ended before the load had: {}", ended?),
        rows = load(project, arguments, &shop, postgres.is_some()) => rows?,
    };
    eprintln!("    {database}: {}", crate::cli::progress::seconds(begun.elapsed()));
    let loaded = Memory::of(host.id())?;
    Ok(Measured { database, starts_ms, idle, loaded, rows })
}

/// A host once it is ready, and how long that took.
async fn ready(shop: &Shop, host: HostProcess) -> Result<(HostProcess, u64)> {
    let begun = Instant::now();
    let mut host = host;
    tokio::select! {
        ended = host.ended() => bail!("the host does not start: {}", ended?),
        ready = shop.wait_until_ready() => ready?,
    }
    Ok((host, u64::try_from(begun.elapsed().as_millis())?))
}

/// Runs `tests/load` and reads its rows as they come.
async fn load(project: &Project, arguments: &BenchArgs, shop: &Shop, postgres: bool) -> Result<Vec<Row>> {
    let mut command = Command::new(project.path("target/host/load"));
    let rows = if arguments.rows.is_empty() { plan::rows(arguments.quick, postgres) } else { arguments.rows.clone() };
    let seconds = if arguments.quick { plan::QUICK_SECONDS } else { arguments.seconds };
    command.args(["--json", "--restock", "--url", &shop.url(), "--seconds", &seconds.to_string()]);
    command.args(&rows);
    for (name, value) in &shop.secrets {
        command.env(format!("EDGETILL_{}", name.to_uppercase()), value);
    }
    let read = move || {
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
    };
    tokio::task::spawn_blocking(read).await?
}
