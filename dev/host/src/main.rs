//! The `host` command. People type `cargo till`, which builds this and starts it.

use clap::{Parser, Subcommand};
use host::serve::{ServeArgs, serve};
use host::sql::{SqlArgs, sql};

/// A small host for Spin components, for development and tests.
#[derive(Debug, Parser)]
#[command(name = "host")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a built application, as `spin up` would.
    #[command(override_usage = "cargo till serve [OPTIONS]")]
    Serve(ServeArgs),
    /// Run SQL on a database, and print the first column of what it answers.
    Sql(SqlArgs),
}

fn main() -> std::process::ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("till: no runtime: {error}");
            return std::process::ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(async {
        match Cli::parse().command {
            Command::Serve(arguments) => serve(&arguments).await,
            Command::Sql(arguments) => sql(&arguments).await,
        }
    });
    // Runs under way are cut, as Spin cuts them; a thread inside SQLite is not waited for.
    runtime.shutdown_background();
    match ended {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("till: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
