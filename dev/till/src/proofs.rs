//! The proofs of `tests/crash`, each on a shop of its own: no other test moves its clock or meets
//! what it breaks.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use cluster::{Cluster, RedisServer};

use crate::cargo::{cargo, run};
use crate::child::{HostProcess, Serving};
use crate::database::{self, Database};
use crate::manifest::Manifest;
use crate::project::Project;
use crate::shop::{Shop, free_address};
use crate::sizes::Extent;
use crate::suite::on_each;

/// A proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Every host call stopped, lost and failed.
    Crash,
    /// The host killed under load.
    Kill,
    /// Everything going wrong at once.
    Chaos,
}

/// A shop with what it stands on, which is gone when this is dropped.
struct Ground {
    shop: Shop,
    folder: PathBuf,
    _redis: Option<RedisServer>,
    _cluster: Option<Cluster>,
}

impl Ground {
    /// `None` where no PostgreSQL is installed.
    fn prepare(
        project: &Project,
        manifest: &Manifest,
        database: Database,
        proof: Proof,
    ) -> Result<Option<Self>> {
        let folder = project.path("target/till-test").join(format!(
            "{}-{}-{}",
            std::process::id(),
            proof.name(),
            database.name()
        ));
        let (mut cluster, mut redis, mut url) = (None, None, None);
        if database == Database::Postgres {
            let Some(started) = Cluster::start()? else { return Ok(None) };
            url = Some(database::on(&started, project)?);
            cluster = Some(started);
            redis = RedisServer::start()?;
        }
        let mut shop = Shop::prepare(project, manifest, &folder, free_address()?, url.as_deref())?;
        if let Some(redis) = &redis {
            shop.keep_key_values_in(&redis.url(0))?;
            shop.send_events_to(redis, 1);
        }
        shop.set("payment_capture_at_order", "true");
        if proof == Proof::Chaos {
            // With its breakers; and patience ends soon, so that answers come too late.
            shop.set("payment_timeout_ms", "1000");
            // Open for a moment: for as long as by default, most buyers of ten minutes would meet
            // nothing else.
            shop.set("breaker_open_seconds", "2");
            shop.set("breaker_failures", "8");
        } else {
            // A breaker opens soon, and is open for a moment: the shop's clock is moved, and the
            // breaker's is the wall's.
            shop.set("breaker_failures", "3");
            shop.set("breaker_open_seconds", "1");
            shop.set("payment_timeout_ms", "2000");
            // What no patience mends is given up soon, and no cart and no order ends while others are under
            // proof.
            shop.set("give_up_seconds", "3600");
            shop.set("cart_guest_idle_seconds", "2592000");
            shop.set("unpaid_order_seconds", "31536000");
        }
        Ok(Some(Self { shop, folder, _redis: redis, _cluster: cluster }))
    }
}

impl Proof {
    fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Kill => "kill",
            Self::Chaos => "chaos",
        }
    }

    /// The proof on each of these databases; of the crash proof, with a filter, the cases whose
    /// names contain it.
    pub fn run_on(
        self,
        project: &Project,
        manifest: &Manifest,
        databases: &[Database],
        quick: bool,
        extent: Extent,
        filter: Option<&str>,
    ) -> Result<()> {
        let mut build = cargo(project);
        build.args(["build", "--profile", "host", "--package", "crash"]);
        run(build, "the proofs do not build")?;
        // Side by side, as the suite's: faults are waited for more than they are worked on.
        on_each(databases, extent == Extent::Sampled, |database| {
            eprintln!("==> {} proof on {}", self.name(), database.name());
            let Some(ground) = Ground::prepare(project, manifest, database, self)? else {
                return Ok(());
            };
            let folder = ground.folder.clone();
            let proved = match self {
                Self::Crash | Self::Chaos => {
                    self.on_a_host(project, &ground, quick, extent, filter)
                }
                Self::Kill => kill(project, &ground, quick, extent),
            };
            proved.with_context(|| {
                format!(
                    "on {}; the shop's data and logs are kept in {}",
                    database.name(),
                    folder.display()
                )
            })?;
            drop(ground);
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot remove {}", folder.display()))
        })
        .map(drop)
    }

    /// On one host, which has a control port.
    fn on_a_host(
        self,
        project: &Project,
        ground: &Ground,
        quick: bool,
        extent: Extent,
        filter: Option<&str>,
    ) -> Result<()> {
        let shop = &ground.shop;
        let control = free_address()?;
        let serving =
            Serving { faults: true, control: Some(control), ..Serving::of_a_test(project, quick) };
        let failed =
            if self == Self::Chaos { "the chaos proof failed" } else { "the crash proof failed" };
        let mut program = self.program(project, shop, extent);
        program.env("EDGETILL_CONTROL", format!("http://{control}")).args(filter);
        let _simulator = HostProcess::simulator(project, shop, None, &serving.code, quick)?;
        HostProcess::till(project, shop, &serving)?.once_ready(shop, || run(program, failed))
    }

    /// The program that proves it, told of the shop and of how much is wanted.
    fn program(self, project: &Project, shop: &Shop, extent: Extent) -> Command {
        let mut command = Command::new(project.built(self.name()));
        command
            .env("EDGETILL_URL", shop.url())
            .env("EDGETILL_SIMULATOR_URL", shop.simulator_url())
            .env("EDGETILL_HOST", "till")
            .env("EDGETILL_SINK", shop.sink_name());
        for (name, value) in &shop.secrets {
            command.env(format!("EDGETILL_{}", name.to_uppercase()), value);
        }
        extent.tell(&mut command);
        command
    }
}

/// As a child of the proof's, which kills it; the simulator lives on.
fn kill(project: &Project, ground: &Ground, quick: bool, extent: Extent) -> Result<()> {
    let shop = &ground.shop;
    // The workers' leases are hidden by a fault.
    let serving = Serving { faults: true, ..Serving::of_a_test(project, quick) };
    let _simulator = HostProcess::simulator(project, shop, None, &serving.code, quick)?;
    let host = serving.command(project, shop);
    let words: Vec<_> = std::iter::once(host.get_program())
        .chain(host.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    let mut program = Proof::Kill.program(project, shop, extent);
    program.current_dir(&project.root).env("EDGETILL_SERVE", serde_json::to_string(&words)?);
    // Its secrets are in its environment, which it has from the proof.
    for (name, value) in host.get_envs() {
        program.env(name, value.unwrap_or_default());
    }
    run(program, "the kill proof failed")
}
