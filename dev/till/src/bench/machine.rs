//! Where figures were taken.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::project::Project;

/// The machine, the sources and the host.
#[derive(Debug, Serialize)]
pub struct Machine {
    /// When, in UTC.
    pub date: String,
    /// The processor's name.
    pub cpu: String,
    /// How many of them.
    pub cores: usize,
    /// Memory, in MiB.
    pub memory_mib: u64,
    /// The operating system's kernel.
    pub kernel: String,
    /// How busy the machine was before: the load average of the last minute.
    pub load_before: String,
    /// The compiler.
    pub rustc: String,
    /// The commit.
    pub commit: String,
    /// Whether the sources are not that commit's.
    pub dirty: bool,
    /// Who served: till, or which Spin.
    pub host: String,
}

impl Machine {
    /// Asks the system and the tools.
    pub fn look(project: &Project, spin: Option<&Path>) -> Result<Self> {
        let git = |arguments: &[&str]| {
            said(Command::new("git").arg("-C").arg(&project.root).args(arguments))
        };
        let field = |file: &str, name: &str| -> Result<String> {
            let text =
                std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            Ok(line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default())
        };
        let memory = field("/proc/meminfo", "MemTotal")?;
        let kib: u64 = memory.trim_end_matches(" kB").parse().unwrap_or_default();
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Ok(Self {
            date: now(),
            cpu: field("/proc/cpuinfo", "model name")?,
            cores: std::thread::available_parallelism()?.get(),
            memory_mib: kib / 1_024,
            kernel: said(Command::new("uname").arg("-sr"))?,
            load_before: load.split(' ').next().unwrap_or_default().to_owned(),
            rustc: said(Command::new("rustc").arg("--version"))?,
            commit: git(&["rev-parse", "--short=12", "HEAD"])?,
            dirty: !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty(),
            host: match spin {
                Some(spin) => said(Command::new(spin).arg("--version"))?,
                None => "till, [profile.host]".to_owned(),
            },
        })
    }
}

/// To the minute.
fn now() -> String {
    let now = humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string();
    format!(
        "{} UTC",
        now.replace('T', " ").chars().take("2026-11-21 13:30".len()).collect::<String>()
    )
}

fn said(command: &mut Command) -> Result<String> {
    let output =
        command.output().with_context(|| format!("{:?} cannot be run", command.get_program()))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
