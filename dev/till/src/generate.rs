//! `cargo till generate`: everything that is made. Each maker lives with its source and is held by
//! its own test; this calls them all.

use anyhow::Result;

use crate::cargo::{cargo, run};
use crate::project::Project;

/// Tests that write what they would compare when they are told to: variables, package.
const WRITERS: [(&[&str], &str); 3] =
    [(&["UPDATE_PLANS"], "store"), (&["UPDATE_OPENAPI"], "api"), (&["UPDATE_DOCS"], "audit")];

/// Manifests, variables and pages of the tables; plans of the store; the API's documents; the
/// audit's page.
pub fn generate() -> Result<()> {
    let project = Project::find()?;
    let mut tables = cargo(&project);
    tables.args(["run", "--quiet", "--profile", "host", "--package", "generate"]);
    run(tables, "the files of the tables were not made")?;
    for (variables, package) in WRITERS {
        let mut tests = cargo(&project);
        tests.args(["test", "--quiet", "--profile", "host", "--package", package]);
        tests.envs(variables.iter().map(|variable| (variable, "1")));
        run(tests, "what is made does not pass its tests")?;
    }
    Ok(())
}
