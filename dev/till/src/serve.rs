//! `cargo till serve`: the host itself, with the arguments that were given.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;

use crate::cargo::build_host;
use crate::project::Project;

/// Arguments of `serve`: the host's.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// What `spin up` takes; `--help` says what.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    options: Vec<OsString>,
}

/// Builds the host and becomes it.
pub fn serve(arguments: &ServeArgs) -> Result<()> {
    let project = Project::find()?;
    build_host(&project)?;
    let host = project.built("host");
    let error = Command::new(&host).arg("serve").args(&arguments.options).exec();
    Err(error).with_context(|| format!("{} cannot be run", host.display()))
}
