//! The generated manifests are what `spin.toml` makes of them.

use std::path::Path;

#[test]
fn generated_manifests_are_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (file, text) in till::cli::manifests::generate(&root).unwrap() {
        let there = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(there == text, "{} is stale; run `cargo till manifests`", file.display());
    }
}

#[test]
fn nothing_of_development_is_in_production() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for file in ["spin.toml", "deploy/spin.http.toml"] {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        assert!(!text.contains("simulator") && !text.contains("hooks"), "{file}");
    }
}
