//! The document as a file. `UPDATE_OPENAPI=1 cargo test -p api` writes it.

use api::document::{document, page, text};
use edge::Code;
use std::{env, fs, path::Path};

#[test]
fn the_files_are_what_the_declaration_makes() {
    let document = document().unwrap();
    for (name, made) in [("openapi.json", text(&document)), ("openapi.html", page(&document))] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
        if env::var_os("UPDATE_OPENAPI").is_some() {
            fs::write(&path, made).unwrap();
            continue;
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == made, "docs/{name} is not what shared/api declares; run UPDATE_OPENAPI=1 cargo test --profile host -p api");
    }
}

#[test]
fn the_table_of_problems_is_that_of_the_codes() {
    let pages = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api.md")).unwrap();
    let section = pages.split("## All problems").nth(1).unwrap().split("\n## ").next().unwrap();
    let listed: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
    let codes: Vec<String> = Code::ALL.iter().map(|code| format!("| `{}` | {} | {} |", code.slug(), code.status(), code.title())).collect();
    assert_eq!(listed, codes, "docs/api.md and shared/edge/src/code.rs");
}
