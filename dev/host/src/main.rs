//! The `till` command.

use clap::Parser;

fn main() -> std::process::ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("till: no runtime: {error}");
            return std::process::ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(till::cli::Cli::parse().run());
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
