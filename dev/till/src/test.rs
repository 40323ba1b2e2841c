//! `cargo till test`, which is what must be true of every commit: the native crates, then the whole
//! shop over HTTP, on till or on a real Spin, on SQLite and beside it on a PostgreSQL and a Redis
//! of its own, and a sample of the proofs.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::bench;
use crate::cargo::{Profile, build_components, build_host};
use crate::clients::{on_a_shop, receivers, stripe};
use crate::database::Database;
use crate::manifest::Manifest;
use crate::native::{host, native};
use crate::progress::Times;
use crate::project::Project;
use crate::proofs::Proof;
use crate::secrets::first;
use crate::sizes::{Extent, MUTATIONS};
use crate::suite::{Purpose, Suite};
use crate::token::{mint, mint_customer};
use crate::two_hosts::two_hosts;

/// What a token must allow that is to succeed everywhere.
const EVERY_SCOPE: &str = "catalog:read catalog:write config:read customers:read customers:write \
    events:publish events:read events:write fraud:read fraud:write \
    money:write operations:read operations:write orders:read orders:write promotions:read \
    promotions:write schema:migrate workers:run";
/// The seed of the spoiled requests: the same for all, so that a run fails for what has changed.
/// `cargo till prove` takes others.
const MUTATIONS_SEED: u64 = 1;

/// Arguments of `test`.
#[derive(Clone, Debug, Args)]
pub struct TestArgs {
    /// Run the HTTP suite on this Spin instead of till.
    #[arg(long, value_name = "PATH")]
    spin: Option<PathBuf>,
    /// Only tests of the HTTP suite whose names contain this; native crates are left out.
    #[arg(long)]
    filter: Option<String>,
    /// Run the HTTP suite on this database only.
    #[arg(long, visible_alias = "database", value_name = "DATABASE", value_enum)]
    only: Option<Database>,
    /// Keep key-values in a file and send events to a webhook, or do both with a throw-away Redis.
    /// Without this, the run on SQLite does the first and the one on PostgreSQL the second.
    #[arg(long, value_name = "STORE", value_parser = ["file", "redis"])]
    kv: Option<String>,
    /// Build the components quickly rather than small.
    #[arg(long)]
    quick: bool,
    /// Only the suite over two hosts on one PostgreSQL; with --filter, those of its tests.
    #[arg(long, conflicts_with_all = ["contract", "only", "kv"])]
    two_hosts: bool,
    /// Only the contracts: generated requests against docs/openapi.json, on till with SQLite;
    /// Stripe's own libraries against the simulator (tests/e2e/stripe); and those of Standard
    /// Webhooks, CloudEvents and AsyncAPI before events (tests/e2e/receivers). Needs Python.
    #[arg(long, conflicts_with_all = ["spin", "filter"])]
    contract: bool,
}

/// Runs what was asked for and prints how long each part took. Fails when any part fails.
pub fn test(arguments: TestArgs) -> Result<()> {
    ensure!(
        !(arguments.quick && arguments.spin.is_some()),
        "Spin runs what the manifest names: --quick is for till"
    );
    let project = Project::find()?;
    let manifest = Manifest::of_development(&project)?;
    let mut times = Times::default();
    times.of("components", || {
        build_components(&project, &manifest, Profile::quick(arguments.quick))
    })?;
    times.of("host", || build_host(&project))?;
    if arguments.contract {
        contract(&project, &manifest, &arguments)?;
        stripe(&project, &manifest, arguments.quick)?;
        return receivers(&project, &manifest, arguments.quick);
    }
    // Whether no part of it was asked for.
    let all = arguments.spin.is_none() && arguments.filter.is_none() && !arguments.two_hosts;
    if all {
        times.of("native tests", || {
            host(&project)?;
            native(&project)
        })?;
        times.of("bench, briefly", || bench::brief(&project, arguments.quick))?;
    }
    times.of("suite, compiling", || Suite::compile(&project))?;
    let databases = Database::wanted(arguments.only);
    let (quick, extent) = (arguments.quick, Extent::Sampled);
    let suite =
        Suite { spin: arguments.spin, quick, kv: arguments.kv, filter: arguments.filter, extent };
    if arguments.two_hosts {
        let begun = Instant::now();
        ensure!(two_hosts(&project, &manifest, &suite)?, "no PostgreSQL server is installed");
        times.add("suite over two hosts", begun.elapsed());
        times.print();
        return Ok(());
    }
    let mut purposes = vec![Purpose::Suite];
    if all {
        purposes.push(Purpose::Mutations(MUTATIONS.of(extent)?, Some(MUTATIONS_SEED)));
    }
    let outcome = suite.run(&project, &manifest, &databases, &purposes)?;
    outcome.times.iter().for_each(|(name, took)| times.add(name, *took));
    if suite.filter.is_none() && databases.contains(&Database::Postgres) {
        let begun = Instant::now();
        if two_hosts(&project, &manifest, &suite)? {
            times.add("HTTP suite over two hosts", begun.elapsed());
        }
    }
    if all {
        times.of("crash proof", || {
            Proof::Crash.run_on(&project, &manifest, &databases, quick, extent, None)
        })?;
        times.of("kill proof", || {
            Proof::Kill.run_on(&project, &manifest, &databases, quick, extent, None)
        })?;
    }

    println!("\nAll passed.");
    times.print();
    for server in outcome.missing {
        println!("  SKIPPED: {server}, because no server is installed here");
    }
    // What one run skipped and another did has been tested.
    let skipped: BTreeSet<String> =
        outcome.skipped.into_iter().reduce(|all, some| &all & &some).unwrap_or_default();
    if !skipped.is_empty() {
        println!("  skipped, because they need till's instruments or the other event sink:");
        for name in &skipped {
            println!("    {name}");
        }
    }
    Ok(())
}

/// Schemathesis against a shop of its own: `tests/e2e/contract/run` says what it asks for.
fn contract(project: &Project, manifest: &Manifest, arguments: &TestArgs) -> Result<()> {
    on_a_shop(project, manifest, arguments.quick, "contract", "the contract is broken", |shop| {
        let secret = |name: &'static str| {
            shop.secrets.get(name).with_context(|| format!("the shop has no {name}"))
        };
        let service = mint(first(secret("service_token_secret")?), "contract", EVERY_SCOPE, 3_600)?;
        let customer = mint_customer(first(secret("customer_jwt_secret")?), "contract", 3_600)?;
        let webhooks = first(secret("payment_webhook_secret")?).to_owned();
        let mut command = Command::new(project.path("tests/e2e/contract/run"));
        command.env("EDGETILL_PAYMENT_WEBHOOK_SECRET", webhooks);
        command.env("EDGETILL_URL", shop.url()).env("EDGETILL_SIMULATOR_URL", shop.simulator_url());
        command.env("EDGETILL_SERVICE_TOKEN", service).env("EDGETILL_CUSTOMER_TOKEN", customer);
        Ok(command)
    })
}
