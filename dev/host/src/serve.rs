//! `till serve`: an application on a port until it is told to stop.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::app::{App, Settings};
use crate::control;
use crate::cron::Schedule;
use crate::http_in;
use crate::manifest::{Manifest, Route};
use crate::runtime_config::RuntimeConfig;

/// What an application is served with; the flags are Spin's where Spin has them.
#[derive(Clone, Debug, clap::Args)]
pub struct ServeArgs {
    /// The manifest.
    #[arg(short = 'f', long = "from", default_value = "spin.toml", value_name = "FILE")]
    pub from: PathBuf,
    /// Address and port; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:3000", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// Where databases and logs live.
    #[arg(long, default_value = ".till/state", value_name = "FOLDER")]
    pub state_dir: PathBuf,
    /// Where compiled code is kept; `<state-dir>/code` when not given.
    #[arg(long, value_name = "FOLDER")]
    pub code_cache: Option<PathBuf>,
    /// Spin's runtime configuration: files behind labels.
    #[arg(long, value_name = "FILE")]
    pub runtime_config_file: Option<PathBuf>,
    /// SQL to run at the start: a statement, or `@file[:label]` for a whole file.
    #[arg(long, value_name = "SQL")]
    pub sqlite: Vec<String>,
    /// A variable's value: name=value, or name=@file.
    #[arg(long, value_name = "NAME=VALUE")]
    pub variable: Vec<String>,
    /// `requests` prints one JSON line per run with its host calls.
    #[arg(long, value_name = "WHAT", value_parser = ["requests"])]
    pub log: Option<String>,
    /// Do not echo what guests print; the files in `<state-dir>/logs` have it.
    #[arg(short, long)]
    pub quiet: bool,
    /// Leave cron triggers out.
    #[arg(long)]
    pub no_cron: bool,
    /// Let requests ask for faults: the headers `till-fault` and `till-stop`.
    #[arg(long)]
    pub faults: bool,
    /// Open the control port of tests here; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS")]
    pub control: Option<SocketAddr>,
    /// Run what the quick profile built: target/…/quick instead of target/…/release.
    #[arg(long)]
    pub quick: bool,
    /// Stop when standard input ends, and so no later than the process that started this one and
    /// holds its other end.
    #[arg(long)]
    pub until_input_ends: bool,
}

/// Loads the application, runs its `--sqlite` arguments, listens, and returns when told to stop
/// (SIGINT, SIGTERM, or the end of its input).
///
/// Stopping is Spin's: nothing new is accepted and runs under way are cut, which SQLite rolls back.
pub async fn serve(arguments: &ServeArgs) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut manifest = Manifest::load(&arguments.from)?;
    if arguments.quick {
        manifest.use_quick_builds();
    }
    let runtime_config =
        RuntimeConfig::load(arguments.runtime_config_file.as_deref(), &arguments.state_dir)?;
    let code_cache =
        arguments.code_cache.clone().unwrap_or_else(|| arguments.state_dir.join("code"));
    std::fs::create_dir_all(&arguments.state_dir)
        .with_context(|| format!("cannot make {}", arguments.state_dir.display()))?;
    let app = App::load(
        &manifest,
        Settings {
            variables: &variables(&arguments.variable)?,
            runtime_config,
            log_dir: &arguments.state_dir.join("logs"),
            code_cache: &code_cache,
            no_cron: arguments.no_cron,
            quiet: arguments.quiet,
            log_requests: arguments.log.is_some(),
            faults: arguments.faults,
            control: arguments.control.is_some(),
        },
    )?;
    for argument in &arguments.sqlite {
        app.databases.run_at_start(argument)?;
    }
    let schedules: Vec<Schedule> = match arguments.no_cron {
        true => Vec::new(),
        false => manifest
            .cron
            .iter()
            .map(|trigger| Schedule::new(&app, trigger))
            .collect::<Result<_>>()?,
    };

    let listener = TcpListener::bind(arguments.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", arguments.listen))?;
    let address = listener.local_addr()?;
    // Set once, here: the application was loaded a moment ago.
    app.address.get_or_init(|| address);
    let app = Arc::new(app);
    for schedule in schedules {
        tokio::spawn(schedule.run(app.clone()));
    }
    if let Some(address) = arguments.control {
        let control = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}"))?;
        println!("Control http://{}", control.local_addr()?);
        tokio::spawn(control::serve(app.clone(), control));
    }
    announce(&manifest, address, arguments.no_cron);
    let input = async {
        match arguments.until_input_ends {
            true => input_has_ended().await,
            false => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = http_in::serve(app, listener) => ended,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
        () = input => Ok(()),
    }
}

/// Reads standard input to its end, on a thread of its own, which nothing waits for.
async fn input_has_ended() {
    let (ended, told) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        // What stands in it says nothing, and neither does an error: there is nothing more to read.
        drop(std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink()));
        drop(ended);
    });
    // Nothing is ever sent.
    drop(told.await);
}

/// `--variable` arguments as a table.
fn variables(arguments: &[String]) -> Result<BTreeMap<String, String>> {
    let mut values = BTreeMap::new();
    for argument in arguments {
        let (name, value) = argument
            .split_once('=')
            .with_context(|| format!("--variable {argument:?} has no '='"))?;
        let value = match value.strip_prefix('@') {
            Some(file) => {
                std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?
            }
            None => value.to_owned(),
        };
        values.insert(name.to_owned(), value);
    }
    Ok(values)
}

fn announce(manifest: &Manifest, address: SocketAddr, no_cron: bool) {
    println!("Serving http://{address}");
    println!("Routes of {}:", manifest.application.name);
    for trigger in &manifest.http {
        match &trigger.route {
            Route::Path(route) => println!("  {}: http://{address}{route}", trigger.component),
            Route::Private { .. } => println!("  {}: private", trigger.component),
        }
    }
    if !no_cron {
        for trigger in &manifest.cron {
            println!("  {}: {}", trigger.component, trigger.cron_expression);
        }
    }
}
