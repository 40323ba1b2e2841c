//! The documents as files. `UPDATE_OPENAPI=1 cargo test -p api` writes them.

use api::document::{asyncapi, document, events, problems, text};
use std::{env, fs, path::Path};

#[test]
fn the_files_are_what_the_declaration_makes() {
    let document = document().unwrap();
    let files = [
        ("openapi.json", text(&document)),
        ("problems.md", problems()),
        ("events.md", events()),
        ("asyncapi.json", text(&asyncapi())),
    ];
    for (name, made) in files {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
        if env::var_os("UPDATE_OPENAPI").is_some() {
            fs::write(&path, made).unwrap();
            continue;
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == made,
            "docs/{name} is not what the tables say; run UPDATE_OPENAPI=1 cargo test --profile host -p api"
        );
    }
}
