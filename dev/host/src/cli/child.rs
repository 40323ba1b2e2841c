//! A shop served by another process: a Spin, or a till of its own. Told to stop, not killed: a Spin has children.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::cli::project::Project;
use crate::cli::shop::Shop;

/// A running host; dropped, it is told to stop and waited for.
pub struct HostProcess(Child);

impl HostProcess {
    /// A Spin, on a manifest without schedules. `code_cache` is where it keeps compiled code, if not where it always does.
    pub fn spin(project: &Project, shop: &Shop, spin: &Path, manifest: &Path, code_cache: Option<&Path>) -> Result<Self> {
        let mut command = Command::new(spin);
        command.args(["up", "--quiet"]);
        if let Some(folder) = code_cache {
            command.env("XDG_CACHE_HOME", folder);
        }
        Self::spawn(Self::told_of(command, project, shop, manifest))
    }

    /// Another till, without schedules. `quick` runs what the quick profile built.
    pub fn till(project: &Project, shop: &Shop, manifest: &Path, code_cache: &Path, quick: bool) -> Result<Self> {
        Self::spawn(Self::till_command(project, shop, manifest, code_cache, quick))
    }

    /// Another till, without schedules, with a control port.
    pub fn till_with_control(
        project: &Project,
        shop: &Shop,
        manifest: &Path,
        code_cache: &Path,
        quick: bool,
        control: SocketAddr,
    ) -> Result<Self> {
        let mut command = Self::till_command(project, shop, manifest, code_cache, quick);
        command.args(["--control", &control.to_string()]);
        Self::spawn(command)
    }

    /// What starts it.
    pub fn till_command(project: &Project, shop: &Shop, manifest: &Path, code_cache: &Path, quick: bool) -> Command {
        // Not this process's own file: the native tests may just have built till anew and put another in its place.
        let mut command = Command::new(project.path("target/host/till"));
        command.args(["serve", "--quiet", "--no-cron", "--code-cache"]).arg(code_cache);
        if quick {
            command.arg("--quick");
        }
        Self::told_of(command, project, shop, manifest)
    }

    /// Flags are two words: with several triggers Spin does not know `--flag=value`.
    fn told_of(mut command: Command, project: &Project, shop: &Shop, manifest: &Path) -> Command {
        command.current_dir(&project.root);
        command.arg("--from").arg(manifest);
        command.args(["--listen", &shop.listen.to_string()]);
        command.arg("--state-dir").arg(&shop.state_dir);
        command.arg("--runtime-config-file").arg(&shop.runtime_config);
        for sql in shop.sql() {
            command.args(["--sqlite", sql]);
        }
        for variable in shop.variables() {
            command.args(["--variable", &variable]);
        }
        command
    }

    fn spawn(mut command: Command) -> Result<Self> {
        let started = command.stdout(Stdio::null()).spawn();
        Ok(Self(started.with_context(|| format!("{:?} cannot be run", command.get_program()))?))
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Waits for its end, which nobody asked for.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
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
