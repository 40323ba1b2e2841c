//! A shop served by another process: till, which is `dev/host`, or a Spin. Told to stop, not
//! killed: a Spin has children.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::project::Project;
use crate::shop::Shop;

/// How long a shop may take to become ready. A Spin compiles every component first.
const READY_WITHIN: Duration = Duration::from_secs(180);

/// How till serves a shop.
#[derive(Clone, Debug)]
pub struct Serving {
    /// The manifest.
    pub manifest: PathBuf,
    /// Where compiled code is kept.
    pub code: PathBuf,
    /// Whether it runs what the quick profile built.
    pub quick: bool,
    /// Whether workers run by their schedules.
    pub schedules: bool,
    /// Whether requests may ask for faults.
    pub faults: bool,
    /// Where the control port of tests is.
    pub control: Option<SocketAddr>,
    /// What it prints of each run (`--log`).
    pub log: Option<String>,
    /// Whether what it says of itself is shown.
    pub shown: bool,
}

impl Serving {
    /// For a test, which starts workers itself, when it wants them.
    pub fn of_a_test(project: &Project, quick: bool) -> Self {
        let code = project.path("target/till-test/code");
        Self {
            manifest: project.manifest(),
            code,
            quick,
            schedules: false,
            faults: false,
            control: None,
            log: None,
            shown: false,
        }
    }

    /// The command that serves this shop so. A host that is started by it ends when it is told to.
    pub fn command(&self, project: &Project, shop: &Shop) -> Command {
        let mut command = till_serving(project, &self.code, self.quick);
        let flags = [("--no-cron", !self.schedules), ("--faults", self.faults)];
        command.args(flags.into_iter().filter(|(_, set)| *set).map(|(flag, _)| flag));
        if let Some(control) = &self.control {
            command.args(["--control", &control.to_string()]);
        }
        if let Some(log) = &self.log {
            command.args(["--log", log]);
        }
        told_of(command, project, shop, &self.manifest)
    }
}

fn till_serving(project: &Project, code_cache: &Path, quick: bool) -> Command {
    let mut command = Command::new(project.built("host"));
    command.args(["serve", "--quiet", "--code-cache"]).arg(code_cache);
    command.args(quick.then_some("--quick"));
    command
}

fn spin_serving(spin: &Path) -> Command {
    let mut command = Command::new(spin);
    command.args(["up", "--quiet"]);
    command
}

/// It ends with this process, however that ends: it reads its input, whose other end is here.
fn until_this_ends(command: &mut Command) {
    command.arg("--until-input-ends").stdin(Stdio::piped());
}

/// Flags are two words: with several triggers Spin does not know `--flag=value`.
fn told_of(mut command: Command, project: &Project, shop: &Shop, manifest: &Path) -> Command {
    served(&mut command, project, manifest, shop.listen, &shop.state_dir, &shop.variables());
    for (name, secret) in shop.secret_variables() {
        told_secretly(&mut command, name, secret);
    }
    command.arg("--runtime-config-file").arg(&shop.runtime_config);
    for sql in shop.sql() {
        command.args(["--sqlite", sql]);
    }
    command
}

fn served(
    command: &mut Command,
    project: &Project,
    manifest: &Path,
    listen: SocketAddr,
    state_dir: &Path,
    variables: &[String],
) {
    command.current_dir(&project.root);
    command.arg("--from").arg(manifest);
    command.args(["--listen", &listen.to_string()]);
    command.arg("--state-dir").arg(state_dir);
    for variable in variables {
        command.args(["--variable", variable]);
    }
}

/// A secret, where every host looks for one: not on the command line, which others can see.
fn told_secretly(command: &mut Command, name: &str, secret: &str) {
    command.env(format!("SPIN_VARIABLE_{}", name.to_uppercase()), secret);
}

/// A running host; dropped, it is told to stop and waited for.
pub struct HostProcess(Child);

impl HostProcess {
    /// A Spin, on a manifest without schedules. `code_cache` is where it keeps compiled code, if
    /// not where it always does.
    pub fn spin(
        project: &Project,
        shop: &Shop,
        spin: &Path,
        manifest: &Path,
        code_cache: Option<&Path>,
    ) -> Result<Self> {
        let mut command = spin_serving(spin);
        if let Some(folder) = code_cache {
            command.env("XDG_CACHE_HOME", folder);
        }
        Self::spawn(told_of(command, project, shop, manifest).stdout(Stdio::null()))
    }

    /// till.
    pub fn till(project: &Project, shop: &Shop, serving: &Serving) -> Result<Self> {
        let mut command = serving.command(project, shop);
        until_this_ends(&mut command);
        Self::spawn(if serving.shown { &mut command } else { command.stdout(Stdio::null()) })
    }

    /// The simulator of a shop, on the same kind of host; once it listens.
    pub fn simulator(
        project: &Project,
        shop: &Shop,
        spin: Option<&Path>,
        code_cache: &Path,
        quick: bool,
    ) -> Result<Self> {
        let mut command = match spin {
            Some(spin) => spin_serving(spin),
            None => {
                let mut command = till_serving(project, code_cache, quick);
                until_this_ends(&mut command);
                command
            }
        };
        let secret =
            shop.secrets.get("event_sink_secret").context("the shop has no event_sink_secret")?;
        told_secretly(&mut command, "event_sink_secret", secret);
        served(
            &mut command,
            project,
            &project.simulator_manifest(),
            shop.simulator,
            &shop.simulator_state_dir,
            &shop.simulator_variables(),
        );
        let mut simulator = Self::spawn(command.stdout(Stdio::null()))?;
        let begun = Instant::now();
        while TcpStream::connect_timeout(&shop.simulator, Duration::from_secs(1)).is_err() {
            ensure!(
                simulator.ended()?.is_none() && begun.elapsed() < READY_WITHIN,
                "the simulator does not listen on {}",
                shop.simulator
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(simulator)
    }

    fn spawn(command: &mut Command) -> Result<Self> {
        let started = command.spawn();
        Ok(Self(started.with_context(|| format!("{:?} cannot be run", command.get_program()))?))
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.0.try_wait()?)
    }

    /// Waits until the shop says it is ready. Why a host ended that did so before, it has said
    /// itself.
    pub fn wait_until_ready(&mut self, shop: &Shop) -> Result<()> {
        let begun = Instant::now();
        let mut last = String::new();
        while begun.elapsed() < READY_WITHIN {
            if let Some(status) = self.ended()? {
                bail!("the host ended before the shop was ready ({status})");
            }
            match shop.is_ready() {
                Ok(()) => return Ok(()),
                Err(error) => last = error.to_string(),
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        bail!(
            "the shop at {} is not ready after {} s: {last}; its log is in {}",
            shop.url(),
            READY_WITHIN.as_secs(),
            shop.state_dir.join("logs").display()
        )
    }

    /// Does the work once the shop is ready, and says of work that failed whether its host was gone
    /// by then.
    pub fn once_ready<T>(&mut self, shop: &Shop, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.wait_until_ready(shop)?;
        let done = work();
        match self.ended()? {
            Some(status) if done.is_err() => {
                done.with_context(|| format!("the host ended before its work did ({status})"))
            }
            Some(_) | None => done,
        }
    }
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(Some(_))) {
            return;
        }
        let told = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        if let Err(error) = told.and_then(|_| self.0.wait()) {
            eprintln!("till: the host (process {}) could not be stopped: {error}", self.0.id());
        }
    }
}
