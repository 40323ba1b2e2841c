//! What a host takes of the machine's memory.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

/// Resident memory of a process and its children, in MiB.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Memory {
    /// Now.
    pub now_mib: u64,
    /// At most so far.
    pub most_mib: u64,
}

impl Memory {
    /// Of a process and all below it: a Spin's triggers are its children.
    pub fn of(id: u32) -> Result<Self> {
        let mut parents = BTreeMap::new();
        for entry in std::fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(process) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            // It may have ended since.
            let status =
                std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
            parents.insert(process, status);
        }
        let field = |status: &str, name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default()
        };
        let below = |process: u32| {
            let mut at = process;
            while at != id && at > 1 {
                at = parents
                    .get(&at)
                    .map_or(0, |status| u32::try_from(field(status, "PPid:")).unwrap_or_default());
            }
            at == id
        };
        let ours = parents.iter().filter(|(process, _)| below(**process));
        let (now, most) = ours.fold((0, 0), |(now, most), (_, status)| {
            (now + field(status, "VmRSS:"), most + field(status, "VmHWM:"))
        });
        Ok(Self { now_mib: now / 1_024, most_mib: most / 1_024 })
    }
}
