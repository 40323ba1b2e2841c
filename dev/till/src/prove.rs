//! `cargo till prove`: what cannot be had at every commit. Each proof at its full size (`sizes`),
//! on each database.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};

use crate::book::book;
use crate::cargo::{Profile, build_components, build_host};
use crate::clients::{clients, receivers, stripe};
use crate::database::Database;
use crate::fuzz::fuzz;
use crate::manifest::Manifest;
use crate::progress::{Times, part};
use crate::project::Project;
use crate::proofs::Proof;
use crate::sizes::{Extent, FUZZ_SECONDS, MUTATIONS};
use crate::suite::{Purpose, Suite};

/// How many spoiled requests one shop gets: they look at every row there is, again and again, so a
/// long run would become ever slower.
const MUTATIONS_OF_A_SHOP: u32 = 5_000;

/// What can be proved, the cheapest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    /// Every parser against inputs that libFuzzer makes (tests/fuzz), EDGETILL_FUZZ_SECONDS each;
    /// needs cargo-fuzz
    Fuzz,
    /// EDGETILL_MUTATIONS spoiled requests: none is answered with a 5xx, none that is refused
    /// changes anything; EDGETILL_SEED repeats a run
    Mutations,
    /// The races of the HTTP suite, EDGETILL_RACE_PERCENT of what the requirements say at once
    Races,
    /// Every host call of every use case and worker stopped, lost and failed; takes
    /// EDGETILL_CRASH_EVERY, _BUYERS, _PAIRS and _SEED
    Crash,
    /// The host killed under load, EDGETILL_KILLS times
    Kill,
    /// Clients that generators make of docs/openapi.json (tests/e2e/clients), each buying once;
    /// needs Python and Node
    Clients,
    /// Stripe's own libraries against the simulator (tests/e2e/stripe); needs Python, and Node for
    /// the second of them
    Stripe,
    /// The official libraries of Standard Webhooks, CloudEvents and AsyncAPI before what the shop
    /// sends (tests/e2e/receivers); needs Python, and Node for the second of each
    Receivers,
    /// The guide as mdBook makes it (it installs mdbook), without a warning and without a dead link
    Book,
    /// Everything going wrong at once, for EDGETILL_CHAOS_SECONDS, then both books are compared;
    /// EDGETILL_CRASH_SEED repeats its weather
    Chaos,
}

/// Arguments of `prove`.
#[derive(Debug, Args)]
pub struct ProveArgs {
    /// Only these proofs, separated by commas.
    #[arg(long, value_name = "PROOF", value_enum, value_delimiter = ',')]
    only: Vec<Which>,
    /// On this database only.
    #[arg(long, value_enum)]
    database: Option<Database>,
    /// Only cases of the crash proof, races and targets of the fuzzing whose names contain this.
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
    /// Spoiled requests and races on this Spin instead of till; the other proofs need till.
    #[arg(long, value_name = "PATH")]
    spin: Option<PathBuf>,
    /// Build the components quickly rather than small.
    #[arg(long)]
    quick: bool,
}

/// Proves what was asked for and prints how long each proof took. Ends at the first that fails.
pub fn prove(arguments: &ProveArgs) -> Result<()> {
    let all = Which::value_variants();
    let wanted: Vec<Which> = all
        .iter()
        .copied()
        .filter(|which| arguments.only.is_empty() || arguments.only.contains(which))
        .collect();
    if arguments.spin.is_some() {
        ensure!(!arguments.quick, "Spin runs what the manifest names: --quick is for till");
        let on_spin = wanted.iter().all(|which| matches!(which, Which::Mutations | Which::Races));
        ensure!(on_spin, "the other proofs need till: --spin is for --only mutations,races");
    }
    let project = Project::find()?;
    let manifest = Manifest::of_development(&project)?;
    let mut times = Times::default();
    if wanted.iter().any(|which| !matches!(which, Which::Fuzz | Which::Book)) {
        part(&format!("building {} components", manifest.components.len()), || {
            build_components(&project, &manifest, Profile::quick(arguments.quick))
        })?;
        part("building the host", || build_host(&project))?;
    }
    for which in wanted {
        let name = which.to_possible_value().context("a proof has a name")?;
        times.of(name.get_name(), || which.prove(&project, &manifest, arguments))?;
    }
    println!("\nAll proved.");
    times.print();
    Ok(())
}

impl Which {
    fn prove(self, project: &Project, manifest: &Manifest, arguments: &ProveArgs) -> Result<()> {
        let databases = Database::wanted(arguments.database);
        let filter = arguments.filter.as_deref();
        let suite = |filter: Option<&str>, purposes: &[Purpose]| {
            let (spin, quick, filter) =
                (arguments.spin.clone(), arguments.quick, filter.map(str::to_owned));
            let suite = Suite { spin, quick, kv: None, filter, extent: Extent::Full };
            suite.run(project, manifest, &databases, purposes).map(drop)
        };
        let broken = |proof: Proof, filter| {
            proof.run_on(project, manifest, &databases, arguments.quick, Extent::Full, filter)
        };
        match self {
            Self::Fuzz => fuzz(project, FUZZ_SECONDS.of(Extent::Full)?, filter),
            Self::Mutations => suite(None, &mutations()?),
            Self::Races => suite(Some(filter.unwrap_or("races::")), &[Purpose::Suite]),
            Self::Crash => broken(Proof::Crash, filter),
            Self::Kill => broken(Proof::Kill, None),
            Self::Chaos => broken(Proof::Chaos, None),
            Self::Clients => clients(project, manifest, arguments.quick),
            Self::Book => book(project),
            Self::Stripe => stripe(project, manifest, arguments.quick),
            Self::Receivers => receivers(project, manifest, arguments.quick),
        }
    }
}

/// As many shops as the spoiled requests need, each with a seed of its own.
fn mutations() -> Result<Vec<Purpose>> {
    let seed = std::env::var("EDGETILL_SEED")
        .ok()
        .map(|seed| seed.parse::<u64>())
        .transpose()
        .context("EDGETILL_SEED is no number")?;
    let count = MUTATIONS.of(Extent::Full)?;
    let shop = |number: u32| {
        let left = count.saturating_sub(number.saturating_mul(MUTATIONS_OF_A_SHOP));
        Purpose::Mutations(
            left.min(MUTATIONS_OF_A_SHOP),
            seed.map(|seed| seed.wrapping_add(number.into())),
        )
    };
    Ok((0..count.div_ceil(MUTATIONS_OF_A_SHOP)).map(shop).collect())
}
