//! How much of each proof is done: what every commit can afford, and all of it. Every number is
//! here, and nowhere else.

use std::process::Command;

use anyhow::{Context, Result};

/// How much of every proof is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// `cargo till test`.
    Sampled,
    /// `cargo till prove`.
    Full,
}

/// One size. The proof reads it from a variable, whose own value in the environment stands above
/// both.
pub struct Size {
    variable: &'static str,
    sampled: u32,
    full: u32,
}

/// Spoiled requests, for each database.
pub const MUTATIONS: Size = Size { variable: "EDGETILL_MUTATIONS", sampled: 1_000, full: 50_000 };
/// Seconds of fuzzing, for each target. `cargo till test` does not fuzz.
pub const FUZZ_SECONDS: Size = Size { variable: "EDGETILL_FUZZ_SECONDS", sampled: 0, full: 60 };

const SIZES: [Size; 9] = [
    MUTATIONS,
    FUZZ_SECONDS,
    // How many race at once, in percent of what the requirements say.
    Size { variable: "EDGETILL_RACE_PERCENT", sampled: 50, full: 100 },
    // Every so-manieth of the faults there are at calls, four at each: 1 is all of them, 4 is one at
    // each call, and 7 is one at most calls, another at the next.
    Size { variable: "EDGETILL_CRASH_EVERY", sampled: 7, full: 1 },
    // 1: patient and impatient buyers take turns. 2: every fault meets one of each.
    Size { variable: "EDGETILL_CRASH_BUYERS", sampled: 1, full: 1 },
    // SKUs that one request imports.
    Size { variable: "EDGETILL_IMPORT_ROWS", sampled: 1_000, full: 10_000 },
    // Requests that break, and the workers after them.
    Size { variable: "EDGETILL_CRASH_PAIRS", sampled: 20, full: 60 },
    // How often the host is killed, on each database.
    Size { variable: "EDGETILL_KILLS", sampled: 6, full: 15 },
    // How long everything goes wrong, on each database. No part of `cargo till test`.
    Size { variable: "EDGETILL_CHAOS_SECONDS", sampled: 0, full: 600 },
];

impl Size {
    /// What the environment says, or the table.
    pub fn of(&self, extent: Extent) -> Result<u32> {
        match std::env::var(self.variable) {
            Ok(text) => text
                .parse()
                .with_context(|| format!("{} is {text:?}, which is no number", self.variable)),
            Err(_) => Ok(self.named(extent)),
        }
    }

    fn named(&self, extent: Extent) -> u32 {
        match extent {
            Extent::Sampled => self.sampled,
            Extent::Full => self.full,
        }
    }
}

impl Extent {
    /// Tells a program all sizes that the environment does not.
    pub fn tell(self, command: &mut Command) {
        let unset = SIZES.iter().filter(|size| std::env::var_os(size.variable).is_none());
        command.envs(unset.map(|size| (size.variable, size.named(self).to_string())));
    }
}
