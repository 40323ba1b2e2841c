//! `cargo till up`: from a fresh clone to a shop that sells.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::cargo::{Profile, build_components, build_host};
use crate::child::{HostProcess, Serving};
use crate::database;
use crate::demo;
use crate::events;
use crate::manifest::Manifest;
use crate::progress::part;
use crate::project::Project;
use crate::shop::Shop;

/// Arguments of `up`.
#[derive(Debug, Args)]
pub struct UpArgs {
    /// Forget the last shop: data, logs and secrets.
    #[arg(long)]
    fresh: bool,
    /// Address and port.
    #[arg(long, default_value = "127.0.0.1:3000", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Address and port of the simulator: the payment provider, the sink of events, the customers'
    /// identity provider.
    #[arg(long, default_value = "127.0.0.1:3001", value_name = "ADDRESS")]
    simulator: SocketAddr,
    /// Run on this PostgreSQL instead of SQLite: `postgres://user:password@host:port/database`. It
    /// is migrated, and filled with demo goods if it has none; `--fresh` does not empty it.
    #[arg(long, env = "EDGETILL_POSTGRES_URL", hide_env_values = true, value_name = "URL")]
    postgres: Option<String>,
    /// Keep key-values in this Redis instead of a file: `redis://host:port/database`. `--fresh`
    /// does not empty it.
    #[arg(long, env = "EDGETILL_KV_URL", hide_env_values = true, value_name = "URL")]
    kv: Option<String>,
    /// Build the components quickly rather than small.
    #[arg(long)]
    quick: bool,
    /// `requests` prints one JSON line per run with its host calls.
    #[arg(long, value_name = "WHAT", value_parser = ["requests"])]
    log: Option<String>,
}

/// Builds, prepares, serves, and says what to try once the shop is ready.
pub fn up(arguments: UpArgs) -> Result<()> {
    let project = Project::find()?;
    let manifest = Manifest::of_development(&project)?;
    let count = manifest.components.len();
    part(&format!("building {count} components"), || {
        build_components(&project, &manifest, Profile::quick(arguments.quick))
    })?;
    part("building the host (the first time its engine takes minutes)", || build_host(&project))?;
    // Now, and not by who is there already answering for the shop.
    for address in [arguments.listen, arguments.simulator] {
        drop(TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?);
    }
    let folder = project.state();
    if arguments.fresh {
        for entry in ["state", "secrets.toml", "runtime-config.toml"].map(|name| folder.join(name))
        {
            let gone = if entry.is_dir() {
                std::fs::remove_dir_all(&entry)
            } else {
                std::fs::remove_file(&entry)
            };
            match gone {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error)
                        .with_context(|| format!("cannot remove {}", entry.display()));
                }
                Ok(()) | Err(_) => {}
            }
        }
    }
    if let Some(url) = &arguments.postgres {
        database::migrate_empty(&project, url)?;
    }
    let mut shop = Shop::prepare(
        &project,
        &manifest,
        &folder,
        arguments.listen,
        arguments.postgres.as_deref(),
    )?;
    shop.begin_empty();
    shop.simulator = arguments.simulator;
    shop.receiver = events::LISTEN;
    if let Some(url) = &arguments.kv {
        shop.keep_key_values_in(url)?;
    }
    let serving = Serving {
        manifest: project.manifest(),
        code: folder.join("code"),
        quick: arguments.quick,
        schedules: true,
        faults: false,
        control: None,
        log: arguments.log,
        shown: true,
    };
    eprintln!(
        "==> serving (data in {}, logs in {}/logs)",
        folder.display(),
        shop.state_dir.display()
    );
    let mut simulator =
        HostProcess::simulator(&project, &shop, None, &serving.code, serving.quick)?;
    let mut host = HostProcess::till(&project, &shop, &serving)?;
    host.once_ready(&shop, || demo::fill(&project, &shop).context("the demo shop is not filled"))?;
    println!("{}", what_next(&shop.url(), &shop.simulator_url()));
    until_told([&mut host, &mut simulator])
}

/// Until somebody says so (SIGINT, SIGTERM), or a host ends: a terminal's Ctrl-C is for all.
fn until_told(mut hosts: [&mut HostProcess; 2]) -> Result<()> {
    let told = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, told.clone()).context("signals cannot be heard")?;
    }
    while !told.load(Ordering::Acquire) {
        for host in &mut hosts {
            if let Some(status) = host.ended()? {
                ensure!(status.success(), "a host ended ({status})");
                return Ok(());
            }
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// The first order, to be pasted into another terminal.
fn what_next(url: &str, simulator: &str) -> String {
    format!(
        r#"
The shop is open at {url}. A first order, in another terminal:

  SHOP={url}/api/v1
  TOKEN=$(curl -s -X POST $SHOP/cart -H 'content-type: application/json' -d '{{}}' | sed 's/.*"guest_token":"\([^"]*\)".*/\1/')
  curl -s -X POST $SHOP/cart/items -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '{{"sku":"TILL-0001","quantity":2}}'
  curl -s "$SHOP/cart/totals?country=VN&shipping_method=standard" -H "authorization: Bearer $TOKEN"
  SESSION=$(curl -s -X POST $SHOP/checkout -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '{{
    "email": "an@example.com",
    "shipping_address": {{"name": "An Nguyen", "line1": "1 Trang Tien", "city": "Hanoi", "postal_code": "10000", "country": "VN"}},
    "shipping_method": "standard", "payment_method": "pm_card_visa"}}' | sed 's/.*"session_id":"\([^"]*\)".*/\1/')
  curl -s -X POST $SHOP/checkout/$SESSION/confirm -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '{{}}'

What the simulator saw: curl -s {simulator}/ledger and {simulator}/sink

An operator's token: cargo till token --scope "catalog:write workers:run"      Stop: Ctrl-C      Start over: cargo till up --fresh
"#
    )
}
