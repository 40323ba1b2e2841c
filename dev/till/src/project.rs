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
        let root = here.ancestors().find(|folder| folder.join("spin.toml").exists() && folder.join("dev/host").exists());
        let root = root.with_context(|| format!("{} is not inside the repository", here.display()))?;
        Ok(Self { root: root.to_path_buf() })
    }

    /// A path inside the repository.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// A program of this workspace, as cargo builds it in the host's profile.
    pub fn built(&self, program: &str) -> PathBuf {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.path("target"), |folder| self.root.join(folder));
        target.join("host").join(program)
    }

    /// What `up` keeps: databases, logs, secrets, compiled code. Not in git.
    pub fn state(&self) -> PathBuf {
        self.path(".till")
    }

    /// The development manifest: every function and schedule, the simulator and the test hooks.
    pub fn manifest(&self) -> PathBuf {
        self.path("spin.dev.toml")
    }

    /// The same without schedules, for a Spin without the cron plugin.
    pub fn http_manifest(&self) -> PathBuf {
        self.path("deploy/spin.dev-http.toml")
    }

    /// The SQL a shop starts with, as `--sqlite` arguments: schema, then demo goods. Both can run again.
    pub fn sql(&self) -> Vec<String> {
        let files = ["baseline.sql", "demo.sql"].map(|file| self.path("shared/store/migrations/sqlite").join(file));
        files.iter().map(|file| format!("@{}", file.display())).collect()
    }
}
