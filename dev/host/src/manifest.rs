//! Spin manifest v2, the part this project uses. A trigger type till does not know is an error, so
//! that a manifest never loses a trigger silently.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::Deserialize;

/// A whole application: what `spin.toml` says.
#[derive(Debug, Deserialize)]
pub struct Manifest {
    /// Always 2.
    pub spin_manifest_version: u32,
    /// Name and version.
    pub application: Application,
    /// Application variables by name.
    #[serde(default)]
    pub variables: BTreeMap<String, Variable>,
    /// What starts components.
    #[serde(rename = "trigger", default)]
    raw_triggers: BTreeMap<String, Vec<toml::Value>>,
    /// HTTP triggers in manifest order.
    #[serde(skip)]
    pub http: Vec<HttpTrigger>,
    /// Cron triggers in manifest order.
    #[serde(skip)]
    pub cron: Vec<CronTrigger>,
    /// Components by id.
    #[serde(rename = "component", default)]
    pub components: BTreeMap<String, Component>,
    /// The folder the manifest stands in; sources are relative to it.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// `[application]`.
#[derive(Debug, Deserialize)]
pub struct Application {
    /// The application's name.
    pub name: String,
}

/// One entry of `[variables]`.
#[derive(Debug, Default, Deserialize)]
pub struct Variable {
    /// The value when no provider has one.
    pub default: Option<String>,
    /// Whether a start without a value is refused.
    #[serde(default)]
    pub required: bool,
    /// Marks what must not be printed.
    #[serde(default)]
    pub secret: bool,
}

/// One `[[trigger.http]]`.
#[derive(Debug, Deserialize)]
pub struct HttpTrigger {
    /// A path pattern, or private.
    pub route: Route,
    /// The component's id.
    pub component: String,
}

/// The `route` of an HTTP trigger.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Route {
    /// `/exact`, `/:one/segment` or `/prefix/...`.
    Path(String),
    /// `{ private = true }`: reached by service chaining only.
    Private {
        /// Has to be true.
        private: bool,
    },
}

/// One `[[trigger.cron]]`.
#[derive(Debug, Deserialize)]
pub struct CronTrigger {
    /// Six fields, seconds first.
    pub cron_expression: String,
    /// The component's id.
    pub component: String,
}

/// One `[component.<id>]`.
#[derive(Debug, Deserialize)]
pub struct Component {
    /// The wasm file, relative to the manifest.
    pub source: PathBuf,
    /// Where it may send requests; templates allowed.
    #[serde(default)]
    pub allowed_outbound_hosts: Vec<String>,
    /// Key-value labels it may open.
    #[serde(default)]
    pub key_value_stores: Vec<String>,
    /// SQLite labels it may open.
    #[serde(default)]
    pub sqlite_databases: Vec<String>,
    /// What `variables.get` answers; templates over the application's variables.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Plain environment variables.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
}

impl Manifest {
    /// Reads and checks a manifest file.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Self::parse(&text, folder).with_context(|| format!("in {}", path.display()))
    }

    /// Reads a manifest's text, as if it stood in `folder`.
    pub fn parse(text: &str, folder: PathBuf) -> Result<Self> {
        let mut manifest: Self = toml::from_str(text)?;
        manifest.folder = folder;
        ensure!(
            manifest.spin_manifest_version == 2,
            "spin_manifest_version is {}, only 2 is known",
            manifest.spin_manifest_version
        );
        let of_components = manifest.components.values().flat_map(|it| it.variables.keys());
        for name in manifest.variables.keys().chain(of_components) {
            check_id(name, '_').map_err(|right| anyhow!("variable {name:?}: {right}"))?;
        }
        for id in manifest.components.keys() {
            check_id(id, '-').map_err(|right| anyhow!("component {id:?}: {right}"))?;
        }
        for (kind, entries) in std::mem::take(&mut manifest.raw_triggers) {
            for entry in entries {
                match kind.as_str() {
                    "http" => manifest.http.push(entry.try_into().context("in [[trigger.http]]")?),
                    "cron" => manifest.cron.push(entry.try_into().context("in [[trigger.cron]]")?),
                    _ => bail!("trigger type {kind:?} is not one till can run (http, cron)"),
                }
            }
        }
        let used = manifest.http.iter().map(|trigger| &trigger.component);
        for id in used.chain(manifest.cron.iter().map(|trigger| &trigger.component)) {
            ensure!(
                manifest.components.contains_key(id),
                "a trigger names component {id:?}, which does not exist"
            );
        }
        Ok(manifest)
    }

    /// Takes each component from the quick profile's folder instead of the release profile's.
    pub fn use_quick_builds(&mut self) {
        for component in self.components.values_mut() {
            let quick = |part: &std::ffi::OsStr| {
                if part == "release" { "quick".into() } else { part.to_owned() }
            };
            component.source = component.source.iter().map(quick).collect();
        }
    }

    /// Where a component's wasm file is.
    pub fn source(&self, component: &Component) -> PathBuf {
        self.folder.join(&component.source)
    }
}

/// Spin's rule for a name in a manifest (`spin_serde::id::Id`): words of lower-case ASCII and digits,
/// each beginning with a letter, with one `between` them. It is stricter than the one for a name that
/// a component asks for: `host_1` may be asked for, and no manifest may declare it.
pub fn check_id(id: &str, between: char) -> Result<(), &'static str> {
    for word in id.split(between) {
        if !word.starts_with(|first: char| first.is_ascii_lowercase()) {
            return Err("each word must start with a lower-case ASCII letter");
        }
        if !word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
            return Err("words must be lower-case ASCII letters and digits");
        }
    }
    Ok(())
}

/// Spin's rule for names of variables: lower-case ASCII, digits and single underscores, beginning
/// with a letter.
pub fn check_name(name: &str) -> Result<(), &'static str> {
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Err("must start with a lower-case ASCII letter");
    }
    if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    {
        return Err("must be lower-case ASCII letters, digits and underscores");
    }
    if name.ends_with('_') || name.contains("__") {
        return Err("must not end with an underscore or repeat it");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "spin_manifest_version = 2\n[application]\nname = \"a\"\n[component.c]\nsource = \"c.wasm\"\n";

    #[test]
    fn triggers_are_sorted_by_kind() {
        let text = format!(
            "{HEAD}[[trigger.http]]\nroute = \"/a\"\ncomponent = \"c\"\n[[trigger.http]]\nroute = {{ private = true }}\n\
             component = \"c\"\n[[trigger.cron]]\ncomponent = \"c\"\ncron_expression = \"* * * * * *\"\n"
        );
        let manifest = Manifest::parse(&text, PathBuf::new()).unwrap();
        assert_eq!((manifest.http.len(), manifest.cron.len()), (2, 1));
        assert!(matches!(manifest.http[1].route, Route::Private { private: true }));
    }

    #[test]
    fn an_unknown_trigger_type_is_refused() {
        let text = format!("{HEAD}[[trigger.redis]]\nchannel = \"x\"\ncomponent = \"c\"\n");
        assert!(Manifest::parse(&text, PathBuf::new()).unwrap_err().to_string().contains("redis"));
    }

    #[test]
    fn what_spin_would_not_start_till_does_not_either() {
        let with = |variable: &str, component: &str| {
            let text = format!(
                "{HEAD}[variables]\n{variable} = {{ default = \"\" }}\n[component.{component}]\nsource = \"d.wasm\"\n"
            );
            Manifest::parse(&text, PathBuf::new())
        };
        assert!(with("host1", "d-e2").is_ok());
        for (variable, component) in [
            ("host_1", "d"),
            ("host__a", "d"),
            ("host_", "d"),
            ("Host", "d"),
            ("host", "d-1"),
            ("host", "d_e"),
        ] {
            assert!(with(variable, component).is_err(), "{variable} {component}");
        }
    }

    #[test]
    fn a_trigger_of_an_unknown_component_is_refused() {
        let text = format!("{HEAD}[[trigger.http]]\nroute = \"/a\"\ncomponent = \"d\"\n");
        Manifest::parse(&text, PathBuf::new()).unwrap_err();
    }
}
