//! One shop on two hosts: a PostgreSQL that takes as many connections as it does by default, the
//! role and the connection string that `deploy/` hands out, and key-values of their own.
//! `tests/e2e` says what has to hold.

use std::process::Command;

use anyhow::{Context, Result};
use cluster::Cluster;

use crate::child::{HostProcess, Serving};
use crate::database;
use crate::manifest::Manifest;
use crate::project::Project;
use crate::shop::{Shop, free_address};
use crate::suite::{Suite, watch};

/// What the output is labelled with.
const ON: &str = "two hosts";

/// Runs both suites, the one that ends a host last. `false` where no server is installed.
pub fn two_hosts(project: &Project, manifest: &Manifest, suite: &Suite) -> Result<bool> {
    eprintln!("==> HTTP suite over two hosts on one PostgreSQL");
    let Some(cluster) = Cluster::start_small()? else { return Ok(false) };
    let url = database::deployed_on(&cluster, project)?;
    let folder = project.path("target/till-test").join(format!("{}-two-hosts", std::process::id()));
    let prepare = |host: &str| -> Result<Shop> {
        let mut shop =
            Shop::prepare(project, manifest, &folder.join(host), free_address()?, Some(&url))?;
        shop.set("confirm_cool_down_seconds", "30");
        Ok(shop)
    };
    let first = prepare("first")?;
    let secrets = |host: &str| folder.join(host).join("secrets.toml");
    std::fs::create_dir_all(folder.join("second"))?;
    std::fs::copy(secrets("first"), secrets("second")).context("cannot copy the shop's secrets")?;
    let mut second = prepare("second")?;
    second.share_the_simulator_of(&first);
    let tested = on_both(project, &first, &second, suite);
    tested.with_context(|| {
        format!(
            "the hosts' data and logs, and the server's in {}, are kept in {}",
            cluster.log().display(),
            folder.display()
        )
    })?;
    std::fs::remove_dir_all(&folder)
        .with_context(|| format!("cannot remove {}", folder.display()))?;
    Ok(true)
}

fn on_both(project: &Project, first: &Shop, second: &Shop, suite: &Suite) -> Result<()> {
    let start = |shop: &Shop| -> Result<(HostProcess, Option<String>)> {
        if let Some(spin) = &suite.spin {
            return Ok((
                HostProcess::spin(project, shop, spin, &project.http_manifest(), None)?,
                None,
            ));
        }
        let control = free_address()?;
        let serving =
            Serving { control: Some(control), ..Serving::of_a_test(project, suite.quick) };
        Ok((HostProcess::till(project, shop, &serving)?, Some(format!("http://{control}"))))
    };
    let code = Serving::of_a_test(project, suite.quick).code;
    let _simulator =
        HostProcess::simulator(project, first, suite.spin.as_deref(), &code, suite.quick)?;
    // One after the other: the second finds what the first has compiled.
    let (mut host, control) = start(first)?;
    host.wait_until_ready(first)?;
    let (mut other, other_control) = start(second)?;
    other.wait_until_ready(second)?;
    let controls: Vec<String> = control.into_iter().chain(other_control).collect();
    let told = |binary: &str| -> Command {
        let mut command = suite.against(project, first, binary);
        command
            .env("EDGETILL_SECOND_URL", second.url())
            .env("EDGETILL_SECOND_PROCESS", other.id().to_string());
        if !controls.is_empty() {
            command.env("EDGETILL_CONTROLS", controls.join(","));
        }
        command
    };
    let (both, one) = (told("two_hosts"), told("one_host_killed"));
    host.once_ready(first, || {
        watch(both, ON)?;
        watch(one, ON).map(drop)
    })
}
