//! `cargo till test`: the native crates, then the whole shop over HTTP, on till or on a real Spin, first on SQLite and
//! then on a PostgreSQL and a Redis of its own.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;
use cluster::{Cluster, RedisServer};

use crate::bench;
use crate::cargo::{Profile, build_components, build_host, cargo, run};
use crate::child::{HostProcess, Serving};
use crate::database;
use crate::fuzz::fuzz;
use crate::manifest::Manifest;
use crate::progress::{part, seconds};
use crate::project::Project;
use crate::proofs::{Database, Extent, Proof};
use crate::shop::{Shop, free_address};
use crate::token::{mint, mint_customer};
use crate::two_hosts::two_hosts;

/// What a token must allow that is to succeed everywhere.
const EVERY_SCOPE: &str =
    "catalog:read catalog:write config:read operations:read operations:write orders:read orders:write schema:migrate workers:run";
/// What the suite prints for a test that needs till's instruments.
const SKIPPED: &str = "skipped on spin: ";
/// What it prints for a test that needs the other event sink.
const SKIPPED_BY_SINK: &str = "skipped with this sink: ";
/// How many mutated requests a whole run sends to each database, and their seed: the same for all, so that a run fails for what
/// has changed. Long runs take another.
const MUTATIONS: u32 = 1_000;
const MUTATIONS_SEED: u64 = 1;
/// How many one shop gets: they look at every row there is, again and again, so a long run would become ever slower.
const MUTATIONS_OF_A_SHOP: u32 = 5_000;
/// The database of the throw-away Redis with the key-values, and the one with the stream: they share no keys.
const KEY_VALUES: u8 = 0;
const STREAM: u8 = 1;

/// Arguments of `test`.
#[derive(Clone, Debug, Args)]
pub struct TestArgs {
    /// Run the HTTP suite on this Spin instead of till.
    #[arg(long, value_name = "PATH")]
    pub spin: Option<PathBuf>,
    /// Only tests of the HTTP suite whose names contain this; native crates are left out.
    #[arg(long)]
    filter: Option<String>,
    /// Run the HTTP suite on this database only.
    #[arg(long, value_name = "DATABASE", value_parser = ["sqlite", "postgres"])]
    only: Option<String>,
    /// Keep key-values in a file and send events to a webhook, or do both with a throw-away Redis. Without this, the run on
    /// SQLite does the first and the one on PostgreSQL the second.
    #[arg(long, value_name = "STORE", value_parser = ["file", "redis"])]
    kv: Option<String>,
    /// Build the components quickly rather than small.
    #[arg(long)]
    pub quick: bool,
    /// Only the suite over two hosts on one PostgreSQL; with --filter, those of its tests.
    #[arg(long, conflicts_with_all = ["contract", "crash", "kill", "mutations", "only", "kv"])]
    two_hosts: bool,
    /// Only the contract: generated requests against docs/openapi.json, on till with SQLite. Needs Python.
    #[arg(long, conflicts_with_all = ["spin", "filter"])]
    contract: bool,
    /// Only the crash proof: every host call of every use case and worker stopped, lost and failed. Takes
    /// EDGETILL_CRASH_EVERY, EDGETILL_CRASH_BUYERS, EDGETILL_CRASH_PAIRS and EDGETILL_CRASH_SEED from the environment, and --filter as a part of a case's name.
    #[arg(long, conflicts_with_all = ["spin", "contract"])]
    crash: bool,
    /// Only the kill proof: the host killed under load, EDGETILL_KILLS times.
    #[arg(long, conflicts_with_all = ["spin", "contract", "crash", "filter"])]
    kill: bool,
    /// Only the chaos proof: sixteen buyers, a provider that fails, is away and changes its key, a moved clock, guests and connections that
    /// break, for EDGETILL_CHAOS_SECONDS (600); then both books are compared. EDGETILL_CRASH_SEED repeats its weather.
    #[arg(long, conflicts_with_all = ["spin", "contract", "crash", "kill", "filter"])]
    chaos: bool,
    /// Only so many mutated requests, on each database: none may be answered with a 5xx, and none that is refused may change
    /// anything. EDGETILL_SEED repeats a run.
    #[arg(long, value_name = "COUNT", conflicts_with_all = ["filter", "contract", "crash", "kill", "chaos"])]
    mutations: Option<u32>,
    /// Only fuzzing (tests/fuzz): every target for so many seconds, or with --filter those whose names contain it. Needs cargo-fuzz.
    #[arg(long, value_name = "SECONDS", conflicts_with_all = ["spin", "contract", "crash", "kill", "chaos", "mutations"])]
    fuzz: Option<u32>,
    /// From EDGETILL_SEED; without it each shop's is another, which is printed.
    #[arg(skip)]
    seed: Option<u64>,
}

impl TestArgs {
    /// Whether no part of it was asked for.
    fn is_all(&self) -> bool {
        self.spin.is_none() && self.filter.is_none() && self.mutations.is_none() && !self.two_hosts
    }

    /// What each shop on a database is for, one after the other. Mutated requests have theirs to themselves, and many have several.
    fn shops(&self) -> Result<Vec<Self>> {
        if self.is_all() {
            return Ok(vec![self.clone(), Self { mutations: Some(MUTATIONS), seed: Some(MUTATIONS_SEED), ..self.clone() }]);
        }
        let Some(count) = self.mutations else {
            return Ok(vec![self.clone()]);
        };
        let seed = std::env::var("EDGETILL_SEED").ok().map(|seed| seed.parse::<u64>()).transpose().context("EDGETILL_SEED is no number")?;
        let shop = |number: u32| Self {
            mutations: Some((count - number * MUTATIONS_OF_A_SHOP).min(MUTATIONS_OF_A_SHOP)),
            seed: seed.map(|seed| seed.wrapping_add(number.into())),
            ..self.clone()
        };
        Ok((0..count.div_ceil(MUTATIONS_OF_A_SHOP)).map(shop).collect())
    }
}

/// Runs what was asked for and prints how long each part took. Fails when any part fails.
pub fn test(arguments: TestArgs) -> Result<()> {
    ensure!(!(arguments.quick && arguments.spin.is_some()), "Spin runs what the manifest names: --quick is for till");
    let project = Project::find()?;
    if let Some(seconds) = arguments.fuzz {
        return fuzz(&project, seconds, arguments.filter.as_deref());
    }
    let manifest = Manifest::of_development(&project)?;
    let mut times = Vec::new();
    let (_, took) = part(&format!("building {} components", manifest.components.len()), || {
        build_components(&project, &manifest, Profile::quick(arguments.quick))
    })?;
    times.push(("components", took));
    let (_, took) = part("building the host", || build_host(&project))?;
    times.push(("host", took));
    if arguments.contract {
        return contract(&project, &manifest, &arguments);
    }
    let databases: Vec<Database> =
        Database::BOTH.into_iter().filter(|database| arguments.only.as_deref().is_none_or(|only| only == database.name())).collect();
    if arguments.two_hosts {
        let (_, took) = part("compiling the HTTP suite", || run(suite(&project, &["--tests", "--no-run"]), "the suite does not build"))?;
        times.push(("suite, compiling", took));
        let begun = Instant::now();
        ensure!(two_hosts(&project, &manifest, &arguments)?, "no PostgreSQL server is installed");
        times.push(("suite over two hosts", begun.elapsed()));
        times.iter().for_each(|(name, took)| println!("  {name:<32} {}", seconds(*took)));
        return Ok(());
    }
    if arguments.kill {
        return Proof::Kill.run_on(&project, &manifest, &databases, arguments.quick, Extent::Whole(None));
    }
    if arguments.chaos {
        return Proof::Chaos.run_on(&project, &manifest, &databases, arguments.quick, Extent::Whole(None));
    }
    if arguments.crash {
        let extent = Extent::Whole(arguments.filter.as_deref());
        return Proof::Crash.run_on(&project, &manifest, &databases, arguments.quick, extent);
    }
    if arguments.is_all() {
        let (_, took) = part("native tests", || native(&project))?;
        times.push(("native tests", took));
        eprintln!("==> bench, briefly");
        let begun = Instant::now();
        bench::brief(&project, arguments.quick)?;
        times.push(("bench, briefly", begun.elapsed()));
    }
    let (_, took) = part("compiling the HTTP suite", || run(suite(&project, &["--tests", "--no-run"]), "the suite does not build"))?;
    times.push(("suite, compiling", took));

    let mut missing: BTreeSet<&str> = BTreeSet::new();
    let mut skipped: Vec<BTreeSet<String>> = Vec::new();
    for database in &databases {
        let begun = Instant::now();
        let on_postgres = *database == Database::Postgres;
        let on_redis = arguments.kv.as_deref().map_or(on_postgres, |store| store == "redis");
        for arguments in arguments.shops()? {
            // Servers are dropped with their shop: they stop, and what they held is gone.
            let cluster = if on_postgres { Cluster::start()? } else { None };
            if on_postgres && cluster.is_none() {
                missing.insert("PostgreSQL");
                break;
            }
            let redis = if on_redis { RedisServer::start()? } else { None };
            missing.extend((on_redis && redis.is_none()).then_some("Redis"));
            let postgres = match cluster {
                Some(cluster) => Some((database::on(&cluster, &project)?, cluster)),
                None => None,
            };
            skipped.extend(whole_suite(&project, &manifest, &arguments, postgres, redis.as_ref())?);
        }
        let name = match (on_postgres, on_redis) {
            (false, false) => "HTTP suite on SQLite",
            (false, true) => "HTTP suite on SQLite, Redis",
            (true, false) => "HTTP suite on PostgreSQL",
            (true, true) => "HTTP suite on PostgreSQL, Redis",
        };
        times.push((name, begun.elapsed()));
    }
    if arguments.filter.is_none() && arguments.mutations.is_none() && databases.contains(&Database::Postgres) {
        let begun = Instant::now();
        if two_hosts(&project, &manifest, &arguments)? {
            times.push(("HTTP suite over two hosts", begun.elapsed()));
        }
    }
    if arguments.is_all() {
        let begun = Instant::now();
        Proof::Crash.run_on(&project, &manifest, &databases, arguments.quick, Extent::Sample)?;
        times.push(("crash proof", begun.elapsed()));
        let begun = Instant::now();
        Proof::Kill.run_on(&project, &manifest, &databases, arguments.quick, Extent::Sample)?;
        times.push(("kill proof", begun.elapsed()));
    }
    // What one run skipped and another did has been tested.
    let skipped = skipped.into_iter().reduce(|all, some| &all & &some).unwrap_or_default();

    println!("\nAll passed.");
    for (name, took) in &times {
        println!("  {name:<32} {}", seconds(*took));
    }
    for server in missing {
        println!("  SKIPPED: {server}, because no server is installed here");
    }
    if !skipped.is_empty() {
        println!("  skipped, because they need till's instruments or the other event sink:");
        for name in &skipped {
            println!("    {name}");
        }
    }
    Ok(())
}

/// The HTTP suite on a shop of its own: on SQLite, or on the PostgreSQL behind a connection string, which is stopped at the end;
/// with a Redis or without.
fn whole_suite(
    project: &Project,
    manifest: &Manifest,
    arguments: &TestArgs,
    postgres: Option<(String, Cluster)>,
    redis: Option<&RedisServer>,
) -> Result<Option<BTreeSet<String>>> {
    let database = if postgres.is_some() { "postgres" } else { "sqlite" };
    eprintln!("==> HTTP suite on {database}{}", if redis.is_some() { " and redis" } else { "" });
    let folder = project.path("target/till-test").join(format!("{}-{database}", std::process::id()));
    let (url, cluster) = postgres.unzip();
    let mut shop = Shop::prepare(project, manifest, &folder, free_address()?, url.as_deref())?;
    if let Some(redis) = redis {
        shop.keep_key_values_in(&redis.url(KEY_VALUES))?;
        shop.send_events_to(redis, STREAM);
    }
    let skipped = on_a_host(project, &shop, arguments, cluster);
    let skipped = skipped.with_context(|| format!("on {database}; the shop's data and logs are kept in {}", folder.display()))?;
    std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    Ok(skipped)
}

/// `cargo test` of everything that is not a component and not the HTTP suite. In the host's own profile, and the host by
/// itself: together with other packages its dependencies would get other features, and the engine be compiled again.
fn native(project: &Project) -> Result<()> {
    let mut host = cargo(project);
    host.args(["test", "--profile", "host", "--package", "host"]);
    run(host, "the host's own tests failed")?;
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
    run(command, "native tests failed")
}

fn package_name(manifest: &Path) -> Result<String> {
    let text = std::fs::read_to_string(manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
    let parsed: toml::Table = toml::from_str(&text).with_context(|| format!("in {}", manifest.display()))?;
    let name = parsed.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
    Ok(name.with_context(|| format!("{} names no package", manifest.display()))?.to_owned())
}

fn suite(project: &Project, arguments: &[&str]) -> Command {
    let mut command = cargo(project);
    command.args(["test", "--profile", "host", "--package", "e2e"]);
    command.args(arguments);
    command
}

/// Schemathesis against a shop of its own: `tests/e2e/contract/run` says what it asks for.
fn contract(project: &Project, manifest: &Manifest, arguments: &TestArgs) -> Result<()> {
    let folder = project.path("target/till-test").join(format!("{}-contract", std::process::id()));
    let shop = Shop::prepare(project, manifest, &folder, free_address()?, None)?;
    let secret = |name: &'static str| shop.secrets.get(name).with_context(|| format!("the shop has no {name}"));
    let service = mint(secret("service_token_secret")?, "contract", EVERY_SCOPE, 3_600)?;
    let customer = mint_customer(secret("customer_jwt_secret")?, "contract", 3_600)?;
    let mut command = Command::new(project.path("tests/e2e/contract/run"));
    command.env("EDGETILL_URL", shop.url()).env("EDGETILL_SIMULATOR_URL", shop.world_url());
    command.env("EDGETILL_SERVICE_TOKEN", service).env("EDGETILL_CUSTOMER_TOKEN", customer);
    let serving = Serving::of_a_test(project, arguments.quick);
    let _world = HostProcess::world(project, &shop, None, &serving.code, serving.quick)?;
    let mut host = HostProcess::till(project, &shop, &serving)?;
    host.once_ready(&shop, || run(command, "the contract is broken"))?;
    drop(host);
    std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))
}

/// On till, or on a Spin.
fn on_a_host(project: &Project, shop: &Shop, arguments: &TestArgs, cluster: Option<Cluster>) -> Result<Option<BTreeSet<String>>> {
    let code = Serving::of_a_test(project, arguments.quick).code;
    let _world = HostProcess::world(project, shop, arguments.spin.as_deref(), &code, arguments.quick)?;
    let (mut host, name) = match &arguments.spin {
        Some(spin) => (HostProcess::spin(project, shop, spin, &project.http_manifest(), None)?, "spin"),
        None => {
            let serving = Serving { faults: true, ..Serving::of_a_test(project, arguments.quick) };
            (HostProcess::till(project, shop, &serving)?, "till")
        }
    };
    host.once_ready(shop, || tested(project, shop, name, arguments, cluster))
}

/// The suite, and what it skipped; then what is left to say without its PostgreSQL, which is stopped under it. Or mutated requests.
fn tested(project: &Project, shop: &Shop, host: &str, arguments: &TestArgs, cluster: Option<Cluster>) -> Result<Option<BTreeSet<String>>> {
    if let Some(count) = arguments.mutations {
        let mut mutations = against(project, shop, host, arguments, "mutations");
        mutations.env("EDGETILL_MUTATIONS", count.to_string());
        mutations.envs(arguments.seed.map(|seed| ("EDGETILL_SEED", seed.to_string())));
        return watch(mutations).map(|_| None);
    }
    let mut suite = against(project, shop, host, arguments, "suite");
    if let Some(cluster) = &cluster {
        suite.env("EDGETILL_DATABASE_LOG", cluster.log());
    }
    let skipped = watch(suite)?;
    if let Some(cluster) = cluster {
        drop(cluster);
        watch(against(project, shop, host, arguments, "outage"))?;
    }
    Ok(Some(skipped))
}

/// A binary of the HTTP suite, told of a shop.
pub fn against(project: &Project, shop: &Shop, host: &str, arguments: &TestArgs, binary: &str) -> Command {
    let mut command = suite(project, &["--test", binary, "--", "--nocapture"]);
    command.args(&arguments.filter);
    command
        .env("EDGETILL_URL", shop.url())
        .env("EDGETILL_SIMULATOR_URL", shop.world_url())
        .env("EDGETILL_HOST", host)
        .env("EDGETILL_SINK", shop.sink_name());
    command.env("EDGETILL_STATE", &shop.state_dir);
    for (name, value) in &shop.secrets {
        command.env(format!("EDGETILL_{}", name.to_uppercase()), value);
    }
    command
}

/// Runs the suite, passes its output on, and gathers the names of what it skipped.
pub fn watch(mut command: Command) -> Result<BTreeSet<String>> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("cargo cannot be run")?;
    let output = child.stdout.take().context("the suite has no output")?;
    let mut skipped = BTreeSet::new();
    for line in BufReader::new(output).lines() {
        let line = line?;
        if let Some((_, name)) = line.split_once(SKIPPED).or_else(|| line.split_once(SKIPPED_BY_SINK)) {
            skipped.insert(name.trim().to_owned());
        }
        println!("{line}");
    }
    let status = child.wait()?;
    ensure!(status.success(), "the HTTP suite failed");
    Ok(skipped)
}
