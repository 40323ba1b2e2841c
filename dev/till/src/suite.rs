//! The HTTP suite (`tests/e2e`) on shops of its own, on till or on a real Spin.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use cluster::{Cluster, RedisServer};

use crate::cargo::{cargo, run};
use crate::child::{HostProcess, Serving};
use crate::database::{self, Database};
use crate::manifest::Manifest;
use crate::project::Project;
use crate::secrets;
use crate::shop::{Shop, free_address};
use crate::sizes::Extent;

/// What the suite prints for a test that needs till's instruments.
const SKIPPED: &str = "skipped on spin: ";
/// What it prints for a test that needs the other event sink.
const SKIPPED_BY_SINK: &str = "skipped with this sink: ";
/// The database of the throw-away Redis with the key-values, and the one with the stream: they
/// share no keys.
const KEY_VALUES: u8 = 0;
const STREAM: u8 = 1;

/// Modules of the suite about what is decided before a database is asked: who may call, what a call
/// may say, and what is served as it lies there. Of two databases that a sample runs on, the first is
/// enough for them.
const AT_THE_DOOR: [&str; 5] =
    ["authorization::", "browser::", "clients::", "openapi::", "strictness::"];

/// How the suite is run.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The Spin it runs on, if not till.
    pub spin: Option<PathBuf>,
    /// Whether the components are those that build quickly.
    pub quick: bool,
    /// Key-values and events: `file` or `redis`; without it as the database has it.
    pub kv: Option<String>,
    /// Only tests whose names contain this.
    pub filter: Option<String>,
    /// How much of what has a size.
    pub extent: Extent,
}

/// What one shop is for.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// The whole suite, or what the filter leaves of it.
    Suite,
    /// What of it comes to a database.
    BehindTheDoor,
    /// So many spoiled requests, drawn by this seed or one that is printed. They look at every row
    /// there is, and so have a shop to themselves.
    Mutations(u32, Option<u64>),
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How long each database took, by name.
    pub times: Vec<(&'static str, Duration)>,
    /// Servers that are not installed.
    pub missing: BTreeSet<&'static str>,
    /// What was skipped on each shop.
    pub skipped: Vec<BTreeSet<String>>,
}

impl Outcome {
    /// This, and what came of another database.
    fn and(mut self, other: Self) -> Self {
        self.times.extend(other.times);
        self.missing.extend(other.missing);
        self.skipped.extend(other.skipped);
        self
    }
}

impl Suite {
    /// Compiles it.
    pub fn compile(project: &Project) -> Result<()> {
        run(tests(project, &["--tests", "--no-run"]), "the suite does not build")
    }

    /// Runs it on each database, on a shop for each purpose, one after the other. The databases run
    /// side by side on till: what the suite waits for is seldom the processor.
    pub fn run(
        &self,
        project: &Project,
        manifest: &Manifest,
        databases: &[Database],
        purposes: &[Purpose],
    ) -> Result<Outcome> {
        let is_sample =
            self.extent == Extent::Sampled && self.filter.is_none() && self.spin.is_none();
        let of_each = on_each(databases, self.spin.is_none(), |database| {
            let seen_at_another = is_sample && databases.first() != Some(&database);
            let purposes = purposes.iter().map(|purpose| match purpose {
                Purpose::Suite if seen_at_another => Purpose::BehindTheDoor,
                Purpose::Suite | Purpose::BehindTheDoor | Purpose::Mutations(..) => *purpose,
            });
            self.on_a_database(project, manifest, database, purposes.collect())
        })?;
        Ok(of_each.into_iter().fold(Outcome::default(), Outcome::and))
    }

    fn on_a_database(
        &self,
        project: &Project,
        manifest: &Manifest,
        database: Database,
        purposes: Vec<Purpose>,
    ) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let begun = Instant::now();
        let on_postgres = database == Database::Postgres;
        let on_redis = self.kv.as_deref().map_or(on_postgres, |store| store == "redis");
        for purpose in purposes {
            // Servers are dropped with their shop: they stop, and what they held is gone.
            let cluster = if on_postgres { Cluster::start()? } else { None };
            if on_postgres && cluster.is_none() {
                outcome.missing.insert("PostgreSQL");
                break;
            }
            let redis = if on_redis { RedisServer::start()? } else { None };
            outcome.missing.extend((on_redis && redis.is_none()).then_some("Redis"));
            let postgres = match cluster {
                Some(cluster) => Some((database::on(&cluster, project)?, cluster)),
                None => None,
            };
            outcome.skipped.extend(self.on_a_shop(
                project,
                manifest,
                purpose,
                postgres,
                redis.as_ref(),
            )?);
        }
        let name = match (on_postgres, on_redis) {
            (false, false) => "HTTP suite on SQLite",
            (false, true) => "HTTP suite on SQLite, Redis",
            (true, false) => "HTTP suite on PostgreSQL",
            (true, true) => "HTTP suite on PostgreSQL, Redis",
        };
        outcome.times.push((name, begun.elapsed()));
        Ok(outcome)
    }

    /// On a shop of its own: on SQLite, or on the PostgreSQL behind a connection string, which is
    /// stopped at the end; with a Redis or without.
    fn on_a_shop(
        &self,
        project: &Project,
        manifest: &Manifest,
        purpose: Purpose,
        postgres: Option<(String, Cluster)>,
        redis: Option<&RedisServer>,
    ) -> Result<Option<BTreeSet<String>>> {
        let database =
            if postgres.is_some() { Database::Postgres } else { Database::Sqlite }.name();
        eprintln!(
            "==> HTTP suite on {database}{}",
            if redis.is_some() { " and redis" } else { "" }
        );
        let folder =
            project.path("target/till-test").join(format!("{}-{database}", std::process::id()));
        let (url, cluster) = postgres.unzip();
        let mut shop = Shop::prepare(project, manifest, &folder, free_address()?, url.as_deref())?;
        secrets::rotate(&mut shop.secrets)?;
        if let Some(redis) = redis {
            shop.keep_key_values_in(&redis.url(KEY_VALUES))?;
            shop.send_events_to(redis, STREAM);
        }
        let skipped = self.on_a_host(project, &shop, purpose, cluster);
        let skipped = skipped.with_context(|| {
            format!("on {database}; the shop's data and logs are kept in {}", folder.display())
        })?;
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
        Ok(skipped)
    }

    fn on_a_host(
        &self,
        project: &Project,
        shop: &Shop,
        purpose: Purpose,
        cluster: Option<Cluster>,
    ) -> Result<Option<BTreeSet<String>>> {
        let code = Serving::of_a_test(project, self.quick).code;
        let _simulator =
            HostProcess::simulator(project, shop, self.spin.as_deref(), &code, self.quick)?;
        let mut host = match &self.spin {
            Some(spin) => HostProcess::spin(project, shop, spin, &project.http_manifest(), None)?,
            None => {
                let serving = Serving { faults: true, ..Serving::of_a_test(project, self.quick) };
                HostProcess::till(project, shop, &serving)?
            }
        };
        host.once_ready(shop, || self.asked(project, shop, purpose, cluster))
    }

    /// The suite, and what it skipped; then what is left to say without its PostgreSQL, which is
    /// stopped under it. Or spoiled requests.
    fn asked(
        &self,
        project: &Project,
        shop: &Shop,
        purpose: Purpose,
        cluster: Option<Cluster>,
    ) -> Result<Option<BTreeSet<String>>> {
        let database = if cluster.is_some() { Database::Postgres } else { Database::Sqlite }.name();
        if let Purpose::Mutations(count, seed) = purpose {
            let mut mutations = self.against(project, shop, "mutations");
            mutations.env("EDGETILL_MUTATIONS", count.to_string());
            mutations.envs(seed.map(|seed| ("EDGETILL_SEED", seed.to_string())));
            return watch(mutations, database).map(|_| None);
        }
        let mut suite = self.against(project, shop, "suite");
        if let Purpose::BehindTheDoor = purpose {
            println!("{database} | without {}, which ran on the other", AT_THE_DOOR.join(", "));
            suite.args(AT_THE_DOOR.iter().flat_map(|module| ["--skip", module]));
        }
        if let Some(cluster) = &cluster {
            suite.env("EDGETILL_DATABASE_LOG", cluster.log());
        }
        let skipped = watch(suite, database)?;
        if let Some(cluster) = cluster {
            drop(cluster);
            watch(self.against(project, shop, "outage"), database)?;
        }
        Ok(Some(skipped))
    }

    /// A binary of the suite, told of a shop.
    pub fn against(&self, project: &Project, shop: &Shop, binary: &str) -> Command {
        let mut command = tests(project, &["--test", binary, "--", "--nocapture"]);
        command.args(&self.filter);
        let host = if self.spin.is_some() { "spin" } else { "till" };
        command
            .env("EDGETILL_URL", shop.url())
            .env("EDGETILL_SIMULATOR_URL", shop.simulator_url())
            .env("EDGETILL_HOST", host)
            .env("EDGETILL_SINK", shop.sink_name());
        command.env("EDGETILL_STATE", &shop.state_dir);
        self.extent.tell(&mut command);
        for (name, value) in &shop.secrets {
            command.env(format!("EDGETILL_{}", name.to_uppercase()), value);
        }
        command
    }
}

fn tests(project: &Project, arguments: &[&str]) -> Command {
    let mut command = cargo(project);
    command.args(["test", "--profile", "host", "--package", "e2e"]);
    command.args(arguments);
    command
}

/// Does something on each database: side by side, or one after the other. All are brought to their
/// end; of several that fail the first one is told.
pub fn on_each<T: Send>(
    databases: &[Database],
    side_by_side: bool,
    on: impl Fn(Database) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    if !side_by_side {
        return databases.iter().map(|database| on(*database)).collect();
    }
    thread::scope(|scope| {
        let running: Vec<_> =
            databases.iter().map(|database| scope.spawn(|| on(*database))).collect();
        let ended: Vec<Result<T>> = running
            .into_iter()
            .map(|running| running.join().map_err(|_| anyhow!("a thread of till has panicked"))?)
            .collect();
        ended.into_iter().collect()
    })
}

/// Runs a binary of the suite, passes its output on with what it runs on and for how many seconds
/// before each line, and gathers the names of what it skipped.
pub fn watch(mut command: Command, on: &str) -> Result<BTreeSet<String>> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().context("cargo cannot be run")?;
    let output = child.stdout.take().context("the suite has no output")?;
    let complaints = child.stderr.take().context("the suite has no standard error")?;
    let (begun, mut skipped) = (Instant::now(), BTreeSet::new());
    thread::scope(|scope| {
        let complained = scope.spawn(|| {
            BufReader::new(complaints).lines().try_for_each(|line| {
                eprintln!("{on} {:>4} | {}", begun.elapsed().as_secs(), line?);
                Ok::<_, anyhow::Error>(())
            })
        });
        for line in BufReader::new(output).lines() {
            let line = line?;
            if let Some((_, name)) =
                line.split_once(SKIPPED).or_else(|| line.split_once(SKIPPED_BY_SINK))
            {
                skipped.insert(name.trim().to_owned());
            }
            println!("{on} {:>4} | {line}", begun.elapsed().as_secs());
        }
        complained.join().map_err(|_| anyhow!("a thread of till has panicked"))?
    })?;
    let status = child.wait()?;
    ensure!(status.success(), "the HTTP suite failed");
    Ok(skipped)
}
