//! What the command wants to know of a manifest. The host reads all of it, and is who refuses one
//! that is wrong.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::project::Project;

/// The components and the variables of an application.
#[derive(Debug, Deserialize)]
pub struct Manifest {
    /// Variables by name.
    #[serde(default)]
    pub variables: BTreeMap<String, Variable>,
    /// Components by id.
    #[serde(rename = "component", default)]
    pub components: BTreeMap<String, Component>,
    /// The folder the manifest stands in; sources are relative to it.
    #[serde(skip)]
    folder: PathBuf,
}

/// One entry of `[variables]`.
#[derive(Debug, Deserialize)]
pub struct Variable {
    /// Whether a start without a value is refused.
    #[serde(default)]
    pub required: bool,
    /// Marks what must not be printed.
    #[serde(default)]
    pub secret: bool,
}

/// One `[component.<id>]`.
#[derive(Debug, Deserialize)]
pub struct Component {
    source: PathBuf,
}

impl Manifest {
    /// The development manifest, made anew.
    pub fn of_development(project: &Project) -> Result<Self> {
        project.make_manifests()?;
        Self::load(&project.manifest())
    }

    /// Reads a manifest file.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let mut manifest: Self =
            toml::from_str(&text).with_context(|| format!("in {}", path.display()))?;
        manifest.folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(manifest)
    }

    /// Where a component's wasm file is: what the release profile has built, or the quick one.
    pub fn source(&self, component: &Component, quick: bool) -> PathBuf {
        let folder = |part: &std::ffi::OsStr| {
            if quick && part == "release" { "quick".into() } else { part.to_owned() }
        };
        let source: PathBuf = component.source.iter().map(folder).collect();
        self.folder.join(source)
    }
}
