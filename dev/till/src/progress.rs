//! Saying what takes long, while it does.

use std::time::{Duration, Instant};

use anyhow::Result;

/// Runs one named part of the work and says how long it took.
pub fn part<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    eprintln!("==> {name}");
    let begun = Instant::now();
    let value = work()?;
    let took = begun.elapsed();
    eprintln!("    {name}: {}", seconds(took));
    Ok((value, took))
}

/// A duration for people.
pub fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        0..60 => format!("{:.1} s", duration.as_secs_f64()),
        whole => format!("{} min {} s", whole / 60, whole % 60),
    }
}
