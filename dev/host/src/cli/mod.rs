//! The command a person types: `cargo till up`, `test`, `bench`, `serve`, `token`, `generate`.

pub mod bench;
pub mod cargo;
pub mod child;
pub mod database;
pub mod fuzz;
pub mod generate;
pub mod progress;
pub mod project;
pub mod proofs;
pub mod redis_server;
pub mod secrets;
pub mod shop;
pub mod test;
pub mod token;
pub mod two_hosts;
pub mod up;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::serve::{ServeArgs, serve};

/// Runs this shop on your machine: builds it, serves it, tests it.
#[derive(Debug, Parser)]
#[command(name = "cargo till", bin_name = "cargo till")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build the shop, fill it with demo goods, serve it and say what to try.
    Up(up::UpArgs),
    /// Test everything: native crates, then the shop over HTTP.
    Test(test::TestArgs),
    /// Measure the shop: throughput, waiting times, host calls, sizes, start, memory; prints a table and writes a file.
    Bench(bench::BenchArgs),
    /// Serve a built application, as `spin up` would.
    Serve(ServeArgs),
    /// Mint a service token for the shop that `up` runs.
    Token(token::TokenArgs),
    /// Write everything that is made: manifests, pages, the API document, what the store makes of its SQL.
    Generate,
}

impl Cli {
    /// Does what was asked.
    pub async fn run(self) -> Result<()> {
        match self.command {
            Command::Up(arguments) => up::up(arguments).await,
            Command::Test(arguments) => test::test(arguments).await,
            Command::Bench(arguments) => bench::bench(arguments).await,
            Command::Serve(arguments) => serve(&arguments).await,
            Command::Token(arguments) => token::token(&arguments),
            Command::Generate => generate::generate(),
        }
    }
}
