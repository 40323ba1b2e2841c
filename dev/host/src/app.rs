//! An application ready to run: every component compiled and linked, every label tied to a file.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result, ensure};
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use crate::allowed_hosts::AllowedHosts;
use crate::bindings::cron::SpinCronPre;
use crate::control::Control;
use crate::engine::Compiler;
use crate::guest::Guest;
use crate::http_out::HttpClient;
use crate::kv::Stores;
use crate::logs::{GuestOutput, RunLine};
use crate::manifest::{self, Manifest};
use crate::postgres::{Bound, Pools};
use crate::router::Router;
use crate::runtime_config::RuntimeConfig;
use crate::sqlite::Databases;
use crate::variables::Variables;

/// A loaded application.
pub struct App {
    /// Which path goes to which component.
    pub router: Router,
    /// Components by id.
    pub components: BTreeMap<String, Arc<Component>>,
    /// SQLite files.
    pub databases: Databases,
    /// Key-value stores.
    pub stores: Stores,
    /// How many PostgreSQL connections all components together may hold.
    pub postgres: Bound,
    /// The outbound client all components share.
    pub client: HttpClient,
    /// Where the server listens, once it does: the origin of self requests.
    pub address: OnceLock<SocketAddr>,
    /// Whether each run prints its line.
    pub log_requests: bool,
    /// Whether requests may ask for faults.
    pub faults: bool,
    /// What the control port knows, where there is one.
    pub control: Option<Control>,
}

/// A loaded component.
pub struct Component {
    /// Its id.
    pub id: String,
    /// Its HTTP handler, when an HTTP trigger names it.
    pub http: Option<ProxyPre<Guest>>,
    /// Its cron handler, when a cron trigger names it.
    pub cron: Option<SpinCronPre<Guest>>,
    /// Where it may send requests.
    pub allowed_hosts: AllowedHosts,
    /// Its variables, or why one has no value.
    pub variables: BTreeMap<String, Result<String, String>>,
    /// Its environment.
    pub environment: Vec<(String, String)>,
    /// SQLite labels it may open.
    pub sqlite_databases: BTreeSet<String>,
    /// Key-value labels it may open.
    pub key_value_stores: BTreeSet<String>,
    /// Its PostgreSQL connections: Spin 4 pools them per component.
    pub postgres: Pools,
    /// Its standard output.
    pub stdout: GuestOutput,
    /// Its standard error.
    pub stderr: GuestOutput,
}

/// What an application is loaded with.
pub struct Settings<'a> {
    /// Values for variables.
    pub variables: &'a BTreeMap<String, String>,
    /// What stands behind which labels.
    pub runtime_config: RuntimeConfig,
    /// Where logs go.
    pub log_dir: &'a Path,
    /// Where compiled code goes.
    pub code_cache: &'a Path,
    /// Whether cron triggers are left out.
    pub no_cron: bool,
    /// Whether guests' output is not echoed.
    pub quiet: bool,
    /// Whether each run prints its line.
    pub log_requests: bool,
    /// Whether requests may ask for faults.
    pub faults: bool,
    /// Whether there is a control port.
    pub control: bool,
}

impl App {
    /// Loads what the manifest's triggers name.
    pub fn load(manifest: &Manifest, settings: Settings<'_>) -> Result<Self> {
        std::fs::create_dir_all(settings.log_dir)
            .with_context(|| format!("cannot make {}", settings.log_dir.display()))?;
        let variables = Variables::settle(manifest, settings.variables)?;
        let compiler = Compiler::new(settings.code_cache)?;
        let by_http: BTreeSet<&String> =
            manifest.http.iter().map(|trigger| &trigger.component).collect();
        // The control port starts ticks itself.
        let by_cron: BTreeSet<&String> = match settings.no_cron && !settings.control {
            true => BTreeSet::new(),
            false => manifest.cron.iter().map(|trigger| &trigger.component).collect(),
        };
        let mut components = BTreeMap::new();
        for (id, declared) in &manifest.components {
            let (http, cron) = (by_http.contains(id), by_cron.contains(id));
            if !(http || cron) {
                continue;
            }
            let mut component = Component::declared(id, declared, &variables, &settings)
                .with_context(|| format!("component {id}"))?;
            ensure!(
                !(cron && component.allowed_hosts.ask_for_chaining()),
                "component {id} has a cron trigger and a *.spin.internal host; the cron trigger \
                 cannot chain and Spin refuses to start it"
            );
            let linked = compiler.load(&manifest.source(declared))?;
            if http {
                let handler = ProxyPre::new(linked.clone()).map_err(anyhow::Error::from);
                component.http =
                    Some(handler.with_context(|| format!("component {id} has no HTTP handler"))?);
            }
            if cron {
                let handler = SpinCronPre::new(linked).map_err(anyhow::Error::from);
                component.cron =
                    Some(handler.with_context(|| format!("component {id} has no cron handler"))?);
            }
            components.insert(id.clone(), Arc::new(component));
        }
        Ok(Self {
            router: Router::new(&manifest.http)?,
            components,
            databases: Databases::new(settings.runtime_config.sqlite)?,
            stores: Stores::new(settings.runtime_config.kv)?,
            postgres: Bound::of(settings.runtime_config.postgres_connections),
            client: HttpClient::new(),
            address: OnceLock::new(),
            log_requests: settings.log_requests,
            faults: settings.faults,
            control: settings.control.then(Control::default),
        })
    }

    /// Tells of a run that has ended to whoever wants to know.
    pub fn ended<'a>(&self, name: Option<String>, line: impl FnOnce() -> RunLine<'a>) {
        if !self.log_requests && self.control.is_none() {
            return;
        }
        let line = line();
        if self.log_requests {
            line.print();
        }
        if let Some(control) = &self.control {
            control.ended(name, &line);
        }
    }
}

impl Component {
    fn declared(
        id: &str,
        declared: &manifest::Component,
        variables: &Variables,
        settings: &Settings<'_>,
    ) -> Result<Self> {
        let hosts: Vec<String> = declared
            .allowed_outbound_hosts
            .iter()
            .map(|entry| variables.resolve(entry))
            .collect::<Result<_>>()?;
        let output = |stream| GuestOutput::open(settings.log_dir, id, stream, !settings.quiet);
        Ok(Self {
            id: id.to_owned(),
            http: None,
            cron: None,
            allowed_hosts: AllowedHosts::parse(&hosts)?,
            variables: variables.of_component(declared),
            environment: declared.environment.clone().into_iter().collect(),
            sqlite_databases: declared.sqlite_databases.iter().cloned().collect(),
            key_value_stores: declared.key_value_stores.iter().cloned().collect(),
            postgres: Pools::default(),
            stdout: output("stdout")?,
            stderr: output("stderr")?,
        })
    }
}
