//! Programs that are no part of the project, against a shop of their own.

use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo::run;
use crate::child::{HostProcess, Serving};
use crate::manifest::Manifest;
use crate::project::Project;
use crate::secrets::first;
use crate::shop::{Shop, free_address};
use crate::token::mint;

/// What a token must allow that is to hear events, tell some, and have them sent.
const RECEIVER_SCOPE: &str = "events:publish events:read events:write workers:run";

/// Clients that generators make of the API document, each buying once: `tests/e2e/clients/run`
/// makes and runs them.
pub fn clients(project: &Project, manifest: &Manifest, quick: bool) -> Result<()> {
    on_a_shop(project, manifest, quick, "clients", "a generated client cannot buy", |shop| {
        let mut command = Command::new(project.path("tests/e2e/clients/run"));
        command.env("EDGETILL_URL", shop.url());
        Ok(command)
    })
}

/// Stripe's own libraries against the simulator, and its webhooks before them:
/// `tests/e2e/stripe/run`.
pub fn stripe(project: &Project, manifest: &Manifest, quick: bool) -> Result<()> {
    on_a_shop(
        project,
        manifest,
        quick,
        "stripe",
        "Stripe's own libraries do not know the simulator",
        |shop| {
            let receiver = free_address()?;
            shop.send_webhooks_to(receiver);
            let mut command = Command::new(project.path("tests/e2e/stripe/run"));
            command
                .env("EDGETILL_SIMULATOR_URL", shop.simulator_url())
                .env("EDGETILL_WEBHOOK_PORT", receiver.port().to_string());
            Ok(command)
        },
    )
}

/// The official libraries of Standard Webhooks, CloudEvents and AsyncAPI before what the shop sends:
/// `tests/e2e/receivers/run`.
pub fn receivers(project: &Project, manifest: &Manifest, quick: bool) -> Result<()> {
    on_a_shop(
        project,
        manifest,
        quick,
        "receivers",
        "what the shop sends is not what the standards say",
        |shop| {
            let secrets = shop.secrets.get("service_token_secret");
            let signs = first(secrets.context("the shop has no service_token_secret")?);
            let token = mint(signs, "receivers", RECEIVER_SCOPE, 3_600)?;
            let mut command = Command::new(project.path("tests/e2e/receivers/run"));
            command
                .env("EDGETILL_URL", shop.url())
                .env("EDGETILL_RECEIVER_PORT", shop.receiver.port().to_string())
                .env("EDGETILL_SERVICE_TOKEN", token);
            Ok(command)
        },
    )
}

/// Runs a program against a shop of its own on SQLite, which is removed if the program succeeds.
pub fn on_a_shop(
    project: &Project,
    manifest: &Manifest,
    quick: bool,
    name: &str,
    otherwise: &'static str,
    program: impl FnOnce(&mut Shop) -> Result<Command>,
) -> Result<()> {
    let folder = project.path("target/till-test").join(format!("{}-{name}", std::process::id()));
    let mut shop = Shop::prepare(project, manifest, &folder, free_address()?, None)?;
    let command = program(&mut shop)?;
    let serving = Serving::of_a_test(project, quick);
    let _simulator = HostProcess::simulator(project, &shop, None, &serving.code, serving.quick)?;
    let mut host = HostProcess::till(project, &shop, &serving)?;
    host.once_ready(&shop, || run(command, otherwise))?;
    drop(host);
    std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))
}
