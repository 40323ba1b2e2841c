//! Where things are in the repository.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The repository this command works on.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its root folder.
    pub root: PathBuf,
}

impl Project {
    /// The repository the current directory is in.
    pub fn find() -> Result<Self> {
        let here = std::env::current_dir().context("no current directory")?;
        let root = here
            .ancestors()
            .find(|folder| folder.join("spin.toml").exists() && folder.join("dev/host").exists());
        let root =
            root.with_context(|| format!("{} is not inside the repository", here.display()))?;
        Ok(Self { root: root.to_path_buf() })
    }

    /// A path inside the repository.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// A program of this workspace, as cargo builds it in the host's profile.
    pub fn built(&self, program: &str) -> PathBuf {
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| self.path("target"), |folder| self.root.join(folder));
        target.join("host").join(program)
    }

    /// What `up` keeps: databases, logs, secrets, compiled code. Not in git.
    pub fn state(&self) -> PathBuf {
        self.path(".till")
    }

    /// The development manifest: `spin.toml` and the test hooks. [`Self::make_manifests`] writes
    /// it.
    pub fn manifest(&self) -> PathBuf {
        self.path("target/development/spin.toml")
    }

    /// The same of `deploy/spin.http.toml`, for a Spin without the cron plugin.
    pub fn http_manifest(&self) -> PathBuf {
        self.path("target/development/spin.http.toml")
    }

    /// The simulator's manifest: an application of its own.
    pub fn simulator_manifest(&self) -> PathBuf {
        self.path("dev/simulator/spin.toml")
    }

    /// Writes both development manifests: production's, and behind them the hooks. They stand two
    /// folders below the root.
    pub fn make_manifests(&self) -> Result<()> {
        let read = |file: &str| {
            std::fs::read_to_string(self.path(file)).with_context(|| format!("cannot read {file}"))
        };
        let hooks = read("dev/hooks/spin.fragment.toml")?.replace("\"target/", "\"../../target/");
        let whole = read("spin.toml")?
            .replace("\"target/", "\"../../target/")
            .replace(".build]\n", ".build]\nworkdir = \"../..\"\n");
        let http = read("deploy/spin.http.toml")?
            .replace("\"../target/", "\"../../target/")
            .replace("workdir = \"..\"", "workdir = \"../..\"");
        std::fs::create_dir_all(self.path("target/development"))
            .context("cannot make target/development")?;
        for (file, production) in [(self.manifest(), whole), (self.http_manifest(), http)] {
            let text = format!("# Development only: never to be deployed.\n{production}\n{hooks}");
            std::fs::write(&file, text)
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(())
    }

    /// The SQL a shop starts with, as `--sqlite` arguments: schema, then demo goods. Both can run
    /// again.
    pub fn sql(&self) -> Vec<String> {
        let files = ["baseline.sql", "demo.sql"]
            .map(|file| self.path("shared/store/migrations/sqlite").join(file));
        files.iter().map(|file| format!("@{}", file.display())).collect()
    }
}
