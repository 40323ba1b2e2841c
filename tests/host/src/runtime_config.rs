//! Spin's `runtime-config.toml`, as far as it names files for SQLite databases and key-value stores.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// Which file stands behind which label.
#[derive(Debug, Default)]
pub struct RuntimeConfig {
    /// SQLite files by label.
    pub sqlite: BTreeMap<String, PathBuf>,
    /// Key-value files by label.
    pub kv: BTreeMap<String, PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    sqlite_database: BTreeMap<String, Entry>,
    #[serde(default)]
    key_value_store: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    path: Option<PathBuf>,
}

impl RuntimeConfig {
    /// The configuration with Spin's defaults under `state_dir`, overridden by `file` when there is one.
    ///
    /// As in Spin, a `sqlite_database` path is relative to the current directory but a `key_value_store` path is
    /// relative to the file it stands in.
    pub fn load(file: Option<&Path>, state_dir: &Path) -> Result<Self> {
        let mut config = Self::default();
        config.sqlite.insert("default".to_owned(), state_dir.join("sqlite_db.db"));
        config.kv.insert("default".to_owned(), state_dir.join("sqlite_key_value.db"));
        let Some(file) = file else {
            return Ok(config);
        };
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let parsed: File = toml::from_str(&text).with_context(|| format!("in {}", file.display()))?;
        for (label, entry) in parsed.sqlite_database {
            let path = entry.file("sqlite_database", &label, &state_dir.join("sqlite_db.db"))?;
            config.sqlite.insert(label, path);
        }
        let beside = file.parent().unwrap_or(Path::new(""));
        for (label, entry) in parsed.key_value_store {
            let path = entry.file("key_value_store", &label, &state_dir.join("sqlite_key_value.db"))?;
            config.kv.insert(label, beside.join(path));
        }
        Ok(config)
    }
}

impl Entry {
    fn file(&self, table: &str, label: &str, default: &Path) -> Result<PathBuf> {
        if self.kind != "spin" {
            bail!("[{table}.{label}] has type {:?}; till knows only \"spin\"", self.kind);
        }
        match &self.path {
            Some(path) => Ok(path.clone()),
            None => std::path::absolute(default).context("the state folder has no absolute path"),
        }
    }
}
