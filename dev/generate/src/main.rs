//! Writes what is made from the tables; says which files have changed.

use std::fs;

use anyhow::{Context, Result};

fn main() -> Result<()> {
    for (file, text) in generate::files(&generate::root())? {
        if fs::read_to_string(&file).is_ok_and(|there| there == text) {
            continue;
        }
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        println!("wrote {}", file.display());
    }
    Ok(())
}
