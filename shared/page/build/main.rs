//! Makes of `docs/openapi.json` what is served: the document without white space, a fifth of it,
//! and the page.

mod render;

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let document = "../../docs/openapi.json";
    println!("cargo:rerun-if-changed={document}");
    println!("cargo:rerun-if-changed=build");
    let document: serde_json::Value = serde_json::from_slice(&fs::read(document)?)?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    fs::write(out.join("openapi.json"), document.to_string())?;
    Ok(fs::write(out.join("page.html"), render::page(&document))?)
}
