//! What was measured, as a file for programs and a page for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::machine::Machine;
use super::process::Memory;
use super::targets::{Verdict, judge};
use crate::database;
use crate::manifest::Manifest;
use crate::project::Project;

/// Bytes of schema that each request on SQLite may have to parse.
const SCHEMA_BYTES_MAX: u64 = 20_000;
/// Bytes a component may have, and what half of them may have at most.
const COMPONENT_BYTES_MAX: u64 = 800_000;
/// Those that may have more (tests/tidy says why).
const LARGER: [(&str, u64); 2] = [("order-orders", 991_000), ("checkout-confirm", 849_000)];
const MEDIAN_BYTES_MAX: u64 = 450_000;

/// A row, as `tests/load` prints it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Row {
    pub scenario: String,
    pub name: String,
    pub connections: Option<u64>,
    pub rate: Option<f64>,
    pub seconds: f64,
    pub requests: u64,
    pub per_second: f64,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
    pub errors: u64,
    pub complaints: BTreeMap<String, u64>,
    pub calls: Option<Calls>,
}

/// The host calls of one request.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Calls {
    pub statements: u32,
    pub setup: u32,
    pub kv: u32,
    pub outbound: u32,
}

/// One database's part.
#[derive(Debug, Serialize)]
pub struct Measured {
    pub database: &'static str,
    /// From nothing compiled, and again with what that left; the second alone where the first was
    /// not asked for.
    pub starts_ms: Vec<u64>,
    /// The host before the load and after it.
    pub idle: Memory,
    pub loaded: Memory,
    pub rows: Vec<Row>,
}

/// A whole run.
#[derive(Debug, Serialize)]
pub struct Results {
    pub machine: Machine,
    pub note: String,
    pub quick: bool,
    /// How long each row took.
    pub seconds: f64,
    pub databases: Vec<Measured>,
    pub sizes: Sizes,
}

/// Bytes that every start or every request pays for.
#[derive(Debug, Serialize)]
pub struct Sizes {
    pub schema_bytes: u64,
    pub components: BTreeMap<String, u64>,
}

impl Sizes {
    /// Of production's components and of SQLite's schema.
    pub fn look(project: &Project, quick: bool) -> Result<Self> {
        let manifest = Manifest::load(&project.path("spin.toml"))?;
        let bytes = |id: &String| -> Result<u64> {
            let component =
                manifest.components.get(id).context("a component of its own manifest")?;
            Ok(std::fs::metadata(manifest.source(component, quick))
                .with_context(|| format!("{id} has not been built"))?
                .len())
        };
        let components = manifest
            .components
            .keys()
            .map(|id| Ok((id.clone(), bytes(id)?)))
            .collect::<Result<_>>()?;
        let baseline = database::file(&project.path("shared/store/migrations/sqlite/baseline.sql"));
        let schema = database::sql(
            project,
            ":memory:",
            &[baseline, "select sum(length(sql)) from sqlite_schema".to_owned()],
        )?;
        // What the schema's own pragmas answer stands before.
        let schema = schema.lines().last().context("the schema has no size")?;
        Ok(Self { schema_bytes: schema.parse()?, components })
    }

    fn median(&self) -> u64 {
        let mut bytes: Vec<u64> = self.components.values().copied().collect();
        bytes.sort_unstable();
        bytes.get(bytes.len() / 2).copied().unwrap_or_default()
    }
}

impl Row {
    /// For the terminal, while it runs.
    pub fn line(&self) -> String {
        let Self { per_second, p50_ms, p99_ms, errors, .. } = self;
        let complaints = if *errors > 0 {
            format!("  {errors} errors ({})", self.first_complaints())
        } else {
            String::new()
        };
        format!(
            "{:<28} {:>6} {per_second:>8.0}/s  p50 {p50_ms:>8.2} ms  p99 {p99_ms:>8.2} \
             ms{complaints}",
            self.name,
            self.pace()
        )
    }

    /// Connections, or the rate.
    pub fn pace(&self) -> String {
        match (self.connections, self.rate) {
            (Some(connections), _) => connections.to_string(),
            (None, Some(rate)) => format!("{rate}/s"),
            (None, None) => String::new(),
        }
    }

    fn first_complaints(&self) -> String {
        self.complaints
            .iter()
            .take(3)
            .map(|(complaint, times)| format!("{times} × {complaint}"))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

impl Measured {
    /// What a row reached of its bare component at the same pace, where there is one.
    fn of_bare(&self, row: &Row, bare: &str) -> Option<f64> {
        // Whatever the shop runs on, the bare component's databases are SQLite's.
        if self.database != "SQLite" {
            return None;
        }
        let wanted = format!("{bare}{}", row.scenario);
        let bare = self.rows.iter().find(|other| {
            other.scenario == wanted && other.pace() == row.pace() && row.rate.is_none()
        })?;
        Some(row.per_second / bare.per_second)
    }

    fn verdicts(&self, row: &Row) -> Vec<Verdict> {
        judge(self.database, row, self.of_bare(row, "bare-"))
    }
}

impl Results {
    /// What must hold on any machine and did not.
    pub fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for measured in &self.databases {
            for row in &measured.rows {
                for verdict in
                    measured.verdicts(row).iter().filter(|verdict| verdict.counted && !verdict.met)
                {
                    let saw = if row.errors > 0 {
                        row.first_complaints()
                    } else {
                        format!("{:?}", row.calls)
                    };
                    broken.push(format!(
                        "{} on {} at {}: not {}: {saw}",
                        row.name,
                        measured.database,
                        row.pace(),
                        verdict.wanted
                    ));
                }
            }
        }
        if self.sizes.schema_bytes > SCHEMA_BYTES_MAX {
            broken.push(format!(
                "the schema has {} bytes, {SCHEMA_BYTES_MAX} at most",
                self.sizes.schema_bytes
            ));
        }
        broken
    }

    /// Writes both forms; gives their files.
    pub fn write(&self, folder: &Path) -> Result<(PathBuf, PathBuf)> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let stem: String = self.machine.date.chars().filter(char::is_ascii_digit).collect();
        let host = if self.machine.host.starts_with("till") { "till" } else { "spin" };
        let file = |ending: &str| {
            folder.join(format!("{stem}-{host}{}.{ending}", if self.quick { "-quick" } else { "" }))
        };
        let (json, markdown) = (file("json"), file("md"));
        std::fs::write(&json, serde_json::to_string_pretty(self)?)
            .with_context(|| format!("cannot write {}", json.display()))?;
        std::fs::write(&markdown, self.markdown())
            .with_context(|| format!("cannot write {}", markdown.display()))?;
        Ok((json, markdown))
    }

    /// The page.
    pub fn markdown(&self) -> String {
        let mut page = String::new();
        // Writing to a String does not fail.
        match self.page(&mut page) {
            Ok(()) | Err(std::fmt::Error) => page,
        }
    }

    fn page(&self, page: &mut String) -> std::fmt::Result {
        let machine = &self.machine;
        writeln!(page, "# Measured on {}\n", machine.host)?;
        let dirty = if machine.dirty { ", with changes of its own" } else { "" };
        writeln!(
            page,
            "{}, commit {}{dirty}. {} × {}, {} MiB, {}, {}.",
            machine.date,
            machine.commit,
            machine.cores,
            machine.cpu,
            machine.memory_mib,
            machine.kernel,
            machine.rustc
        )?;
        writeln!(
            page,
            "Load average before: {}. {:.1} s a row, schedules off, load generator on the same \
             machine.",
            machine.load_before, self.seconds,
        )?;
        if !self.note.is_empty() {
            writeln!(page, "\n**{}**", self.note)?;
        }
        if self.quick {
            writeln!(page, "\n**A quick run: its times mean nothing.**")?;
        }
        for measured in &self.databases {
            measured.page(page)?;
        }
        self.sizes.page(page)
    }
}

impl Measured {
    fn page(&self, page: &mut String) -> std::fmt::Result {
        writeln!(page, "\n## {}\n", self.database)?;
        writeln!(
            page,
            "| row | connections or rate | requests/s | p50 ms | p95 ms | p99 ms | max ms | errors \
             | statements + setup, key-value, outbound | of bare | of the same statements | wanted |"
        )?;
        writeln!(page, "|---|---:|---:|---:|---:|---:|---:|---:|---|---:|---:|---|")?;
        for row in &self.rows {
            let said_calls = |Calls { statements, setup, kv, outbound }| {
                format!("{statements} + {setup}, {kv}, {outbound}")
            };
            let calls = row.calls.map_or_else(String::new, said_calls);
            let share = |share: Option<f64>| {
                share.map_or_else(String::new, |share| format!("{:.0} %", share * 100.0))
            };
            let verdicts = self.verdicts(row);
            let verdicts: Vec<String> = verdicts
                .iter()
                .map(|verdict| format!("{}: {}", verdict.wanted, said(verdict.met)))
                .collect();
            let mut errors = row.errors.to_string();
            if row.errors > 0 {
                write!(errors, " ({})", row.first_complaints())?;
            }
            let Row { name, per_second, p50_ms, p95_ms, p99_ms, max_ms, .. } = row;
            writeln!(
                page,
                "| {name} | {} | {per_second:.0} | {p50_ms:.2} | {p95_ms:.2} | {p99_ms:.2} | \
                 {max_ms:.1} | {errors} | {calls} | {} | {} | {} |",
                row.pace(),
                share(self.of_bare(row, "bare-")),
                share(self.of_bare(row, "same-")),
                verdicts.join("; ")
            )?;
        }
        match self.starts_ms.as_slice() {
            [cold, warm] => writeln!(
                page,
                "\nStart until ready: {cold} ms with everything to compile, {warm} ms with compiled code."
            )?,
            starts => writeln!(page, "\nStart until ready: {starts:?} ms.")?,
        }
        let (idle, Memory { now_mib, most_mib }) = (self.idle.now_mib, self.loaded);
        writeln!(
            page,
            "Resident memory of the host: {idle} MiB idle, {now_mib} MiB after the load, \
             {most_mib} MiB at most."
        )
    }
}

fn said(met: bool) -> &'static str {
    if met { "met" } else { "**missed**" }
}

impl Sizes {
    fn page(&self, page: &mut String) -> std::fmt::Result {
        writeln!(page, "\n## Bytes\n")?;
        writeln!(page, "| what | bytes | wanted |\n|---|---:|---|")?;
        writeln!(
            page,
            "| schema text, SQLite | {} | ≤ {SCHEMA_BYTES_MAX}: {} |",
            self.schema_bytes,
            said(self.schema_bytes <= SCHEMA_BYTES_MAX)
        )?;
        let median = self.median();
        writeln!(
            page,
            "| component, median | {median} | ≤ {MEDIAN_BYTES_MAX}: {} |",
            said(median <= MEDIAN_BYTES_MAX)
        )?;
        let mut components: Vec<(&String, &u64)> = self.components.iter().collect();
        components.sort_unstable_by_key(|(_, bytes)| std::cmp::Reverse(**bytes));
        for (id, bytes) in components {
            let named = LARGER.iter().find(|(named, _)| *named == id.as_str());
            let max = named.map_or(COMPONENT_BYTES_MAX, |(_, max)| *max);
            writeln!(page, "| {id} | {bytes} | ≤ {max}: {} |", said(*bytes <= max))?;
        }
        Ok(())
    }
}
