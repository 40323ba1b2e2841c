//! `cargo till`: the command a person types. It builds in seconds: whatever needs an engine or a
//! database's client is done by the host (`dev/host`), which it builds and starts as a process of
//! its own.
//!
//! The rooms: `up`, `check`, `test`, `prove`, `bench`, `serve`, `token`, `events` and `generate` are
//! what can
//! be typed. [`native`], [`coverage`], [`suite`], [`two_hosts`], [`proofs`], [`fuzz`] and [`book`]
//! are what is tested by them, as much of it as [`sizes`] says. [`shop`] prepares what [`child`]
//! serves, on what [`database`] makes, with [`secrets`]; [`project`] knows where things are,
//! [`manifest`] what they are called, [`cargo`] how they are built, and [`progress`] says what takes
//! long.

mod bench;
mod book;
mod cargo;
mod check;
mod child;
mod clients;
mod coverage;
mod database;
mod demo;
mod events;
mod fuzz;
mod generate;
mod manifest;
mod native;
mod progress;
mod project;
mod proofs;
mod prove;
mod secrets;
mod serve;
mod shop;
mod sizes;
mod suite;
mod test;
mod token;
mod two_hosts;
mod up;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Runs this shop on your machine: builds it, serves it, tests it.
#[derive(Debug, Parser)]
#[command(name = "cargo till", bin_name = "cargo till")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build the shop, fill it with demo goods, serve it and say what to try.
    Up(up::UpArgs),
    /// Check format, lints and the native tests, with the store on SQLite: minutes.
    Check(check::CheckArgs),
    /// Test what must be true of every commit: native crates, the shop over HTTP, a sample of the
    /// proofs.
    Test(test::TestArgs),
    /// Prove, at full size: fuzzing, spoiled requests, races, everything stopped, the host killed,
    /// everything at once. Hours.
    Prove(prove::ProveArgs),
    /// Measure the shop: throughput, waiting times, host calls, sizes, start, memory; prints a
    /// table and writes a file.
    Bench(bench::BenchArgs),
    /// Serve a built application, as `spin up` would.
    #[command(disable_help_flag = true)]
    Serve(serve::ServeArgs),
    /// Mint a service token for the shop that `up` runs.
    Token(token::TokenArgs),
    /// Receive events of the shop that `up` runs, for who builds a receiver.
    #[command(subcommand)]
    Events(events::Events),
    /// Write everything that is made: manifests, pages, the API document, what the store makes of
    /// its SQL.
    Generate,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("till: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Up(arguments) => up::up(arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::Test(arguments) => test::test(arguments),
        Command::Prove(arguments) => prove::prove(&arguments),
        Command::Bench(arguments) => bench::bench(arguments),
        Command::Serve(arguments) => serve::serve(&arguments),
        Command::Token(arguments) => token::token(&arguments),
        Command::Events(events) => events::events(&events),
        Command::Generate => generate::generate(),
    }
}
