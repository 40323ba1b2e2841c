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

/// What took how long, to be told in the end.
#[derive(Debug, Default)]
pub struct Times(Vec<(String, Duration)>);

impl Times {
    /// Runs one named part of the work, and remembers how long it took.
    pub fn of<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let (value, took) = part(name, work)?;
        self.add(name, took);
        Ok(value)
    }

    /// Remembers how long something took.
    pub fn add(&mut self, name: &str, took: Duration) {
        self.0.push((name.to_owned(), took));
    }

    /// Prints a line for each.
    pub fn print(&self) {
        for (name, took) in &self.0 {
            println!("  {name:<32} {}", seconds(*took));
        }
    }
}

/// A duration for people.
pub fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        0..60 => format!("{:.1} s", duration.as_secs_f64()),
        whole => format!("{} min {} s", whole / 60, whole % 60),
    }
}
