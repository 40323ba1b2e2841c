//! Makes of `docs/openapi.json` what is served: the document without white space, a fifth of it,
//! and the page.

mod render;

use miniz_oxide::deflate::compress_to_vec;
use std::{env, error::Error, fs, path::PathBuf};

/// The smallest: it is done once.
const DEFLATE_LEVEL: u8 = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let document = "../../docs/openapi.json";
    println!("cargo:rerun-if-changed={document}");
    println!("cargo:rerun-if-changed=build");
    let document: serde_json::Value = serde_json::from_slice(&fs::read(document)?)?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    let keep = |name: &str, text: &str| {
        fs::write(out.join(name), compress_to_vec(text.as_bytes(), DEFLATE_LEVEL))
    };
    keep("openapi.json.deflated", &document.to_string())?;
    Ok(keep("page.html.deflated", &render::page(&document))?)
}
