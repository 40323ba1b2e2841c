//! Spin's `runtime-config.toml`, as far as it says what stands behind the labels of SQLite
//! databases and key-value stores, and how many connections to PostgreSQL guests may hold.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// What stands behind which label.
#[derive(Debug, Default)]
pub struct RuntimeConfig {
    /// SQLite files by label.
    pub sqlite: BTreeMap<String, PathBuf>,
    /// Key-value stores by label.
    pub kv: BTreeMap<String, KeyValueStore>,
    /// PostgreSQL connections that all guests together may hold: `[outbound_pg] max_connections`,
    /// which came after Spin 4.0.2.
    pub postgres_connections: Option<usize>,
}

/// What keeps a key-value store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyValueStore {
    /// A SQLite file.
    File(PathBuf),
    /// The Redis at a URL.
    Redis(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    sqlite_database: BTreeMap<String, Entry>,
    #[serde(default)]
    key_value_store: BTreeMap<String, StoreEntry>,
    #[serde(default)]
    outbound_pg: OutboundPg,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutboundPg {
    max_connections: Option<usize>,
}

/// Of Spin's key-value backends those that till knows; another type, or a key it does not have,
/// refuses the start.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum StoreEntry {
    Spin { path: Option<PathBuf> },
    Redis { url: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    path: Option<PathBuf>,
}

impl RuntimeConfig {
    /// The configuration with Spin's defaults under `state_dir`, overridden by `file` when there is
    /// one.
    ///
    /// As in Spin, a `sqlite_database` path is relative to the current directory but a
    /// `key_value_store` path is relative to the file it stands in.
    pub fn load(file: Option<&Path>, state_dir: &Path) -> Result<Self> {
        let mut config = Self::default();
        config.sqlite.insert("default".to_owned(), state_dir.join("sqlite_db.db"));
        config.kv.insert(
            "default".to_owned(),
            KeyValueStore::File(state_dir.join("sqlite_key_value.db")),
        );
        let Some(file) = file else {
            return Ok(config);
        };
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let parsed: File =
            toml::from_str(&text).with_context(|| format!("in {}", file.display()))?;
        for (label, entry) in parsed.sqlite_database {
            let path = entry.file(&label, &state_dir.join("sqlite_db.db"))?;
            config.sqlite.insert(label, path);
        }
        let beside = file.parent().unwrap_or(Path::new(""));
        for (label, entry) in parsed.key_value_store {
            let store = match entry {
                StoreEntry::Spin { path: Some(path) } => KeyValueStore::File(beside.join(path)),
                StoreEntry::Spin { path: None } => {
                    KeyValueStore::File(absolute(&state_dir.join("sqlite_key_value.db"))?)
                }
                StoreEntry::Redis { url } => KeyValueStore::Redis(url),
            };
            config.kv.insert(label, store);
        }
        config.postgres_connections = parsed.outbound_pg.max_connections;
        Ok(config)
    }
}

impl Entry {
    fn file(&self, label: &str, default: &Path) -> Result<PathBuf> {
        if self.kind != "spin" {
            bail!("[sqlite_database.{label}] has type {:?}; till knows only \"spin\"", self.kind);
        }
        match &self.path {
            Some(path) => Ok(path.clone()),
            None => absolute(default),
        }
    }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).context("the state folder has no absolute path")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<RuntimeConfig> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("runtime-config.toml");
        std::fs::write(&file, text).unwrap();
        RuntimeConfig::load(Some(&file), Path::new("/state"))
    }

    #[test]
    fn a_key_value_store_is_a_file_or_a_redis() {
        let config =
            load("[key_value_store.default]\ntype = \"redis\"\nurl = \"redis://a\"\n[key_value_store.b]\ntype = \"spin\"\n").unwrap();
        assert_eq!(config.kv["default"], KeyValueStore::Redis("redis://a".to_owned()));
        assert_eq!(config.kv["b"], KeyValueStore::File("/state/sqlite_key_value.db".into()));
    }

    #[test]
    fn connections_to_postgresql_are_bounded_where_that_is_said() {
        assert_eq!(load("").unwrap().postgres_connections, None);
        assert_eq!(
            load("[outbound_pg]\nmax_connections = 8\n").unwrap().postgres_connections,
            Some(8)
        );
        load("[outbound_pg]\nmax_idle = 8\n").unwrap_err();
    }

    #[test]
    fn what_no_backend_knows_refuses_the_start() {
        for bad in [
            "type = \"azure_cosmos\"",
            "type = \"redis\"",
            "type = \"redis\"\nurl = \"redis://a\"\npath = \"b\"",
        ] {
            load(&format!("[key_value_store.default]\n{bad}\n")).unwrap_err();
        }
    }
}
