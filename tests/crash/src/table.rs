//! What was tried and what came of it, as a table; and chance, as a seed.

use std::{collections::BTreeMap, env};

use crate::judge::End;

/// One line.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) calls: usize,
    pub(crate) points: usize,
    pub(crate) ends: BTreeMap<End, usize>,
}

/// A small generator (xorshift64*): what is drawn can be drawn again.
#[derive(Clone, Copy, Debug)]
pub struct Seed(u64);

impl Seed {
    /// The seed that `EDGETILL_CRASH_SEED` names, or a new one.
    ///
    /// # Panics
    /// When it is no number above 0.
    #[must_use]
    pub fn of_environment() -> Self {
        let seed = match env::var("EDGETILL_CRASH_SEED") {
            Ok(text) => text.parse().expect("EDGETILL_CRASH_SEED is a number"),
            Err(_) => u64::from_str_radix(&e2e::unique(""), 16).expect("hexadecimal") | 1,
        };
        assert!(seed > 0, "EDGETILL_CRASH_SEED is above 0");
        Self(seed)
    }

    /// The number it began with.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }

    /// Another one, for somebody who draws at the same time; the same for the same number.
    #[must_use]
    pub fn apart(self, number: usize) -> Self {
        let number = u64::try_from(number).unwrap_or_default().wrapping_add(1);
        Self(self.0.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(drawn).unwrap_or_default() % limit.max(1)
    }
}

/// A number from the environment.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn size(name: &str) -> usize {
    let text = env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set; run `cargo till prove`, which sets it"));
    text.parse().unwrap_or_else(|_| panic!("{name} is a number"))
}
