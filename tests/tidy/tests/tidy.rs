//! One name, everywhere: folder = crate = component = wasm file = manifest entry = declared
//! endpoint.
//!
//! Reads the tree as text; nothing is built or run. A failure says which of the places disagree.

#![cfg(test)]

use config::VARIABLES;
use edge::Takes;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};
use toml::{Table, Value};

/// Release bytes a component may have.
const COMPONENT_BYTES_MAX: u64 = 800_000;
/// But two. The first lists and creates, since Spin routes by path alone, and to create is a whole
/// checkout and its confirm in one request: it carries all that two others have. The second is that
/// confirm: prices, promotions, stored value, the provider and the saga.
const LARGER: [(&str, u64); 2] = [("order-orders", 991_000), ("checkout-confirm", 849_000)];
/// All of them together: a first start compiles about two seconds per million bytes on two slow
/// cores.
const COMPONENTS_BYTES_MAX: u64 = 30_000_000;
/// And half of them at most this.
const COMPONENT_BYTES_MEDIAN_MAX: u64 = 450_000;
/// What only development has, in `dev/`, and where it is declared; it is never deployed, and has no
/// budget.
const DEVELOPMENT_ONLY: [(&str, &str); 2] =
    [("hooks", HOOKS), ("simulator", "dev/simulator/spin.toml")];
/// What development adds to the shop's manifests.
const HOOKS: &str = "dev/hooks/spin.fragment.toml";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn manifest(path: &str) -> Table {
    fs::read_to_string(root().join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
        .parse()
        .unwrap()
}

/// Every function's folder as `area/name`.
fn folders() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for area in fs::read_dir(root().join("functions")).unwrap() {
        let area = area.unwrap().path();
        for function in fs::read_dir(&area).unwrap() {
            let function = function.unwrap().path();
            let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
            found.insert(format!("{}/{}", name(&area), name(&function)));
        }
    }
    found
}

fn components(manifest: &Table) -> BTreeMap<String, Table> {
    let table = manifest["component"].as_table().unwrap();
    table
        .iter()
        .map(|(id, component)| (id.clone(), component.as_table().unwrap().clone()))
        .collect()
}

/// `(component, route)` of every HTTP trigger.
fn routes(manifest: &Table) -> BTreeSet<(String, String)> {
    let triggers = manifest["trigger"]["http"].as_array().unwrap();
    triggers.iter().map(|trigger| (text(&trigger["component"]), text(&trigger["route"]))).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn folders_crates_components_and_wasm_files_have_one_name() {
    let production = components(&manifest("spin.toml"));
    let mut named = BTreeSet::new();
    for folder in folders() {
        let id = folder.replace('/', "-");
        let cargo = manifest(&format!("functions/{folder}/Cargo.toml"));
        assert_eq!(text(&cargo["package"]["name"]), id, "the crate in functions/{folder}");
        let component =
            production.get(&id).unwrap_or_else(|| panic!("spin.toml has no component {id}"));
        let wasm = format!("target/wasm32-wasip2/release/{}.wasm", id.replace('-', "_"));
        assert_eq!(text(&component["source"]), wasm, "source of {id}");
        named.insert(id);
    }
    assert_eq!(
        named,
        production.into_keys().collect(),
        "components without a folder, or folders without a component"
    );
    for (id, declared) in DEVELOPMENT_ONLY {
        assert_eq!(
            components(&manifest(declared)).into_keys().collect::<Vec<_>>(),
            [id],
            "{declared}"
        );
        assert!(!named.contains(id), "{id} is of development only");
        assert_eq!(
            text(&manifest(&format!("dev/{id}/Cargo.toml"))["package"]["name"]),
            id,
            "the crate in dev/{id}"
        );
    }
}

#[test]
fn component_crates_differ_only_in_name_and_dependencies() {
    for folder in folders() {
        let source =
            fs::read_to_string(root().join("functions").join(&folder).join("Cargo.toml")).unwrap();
        let (head, dependencies) = source.split_once("[dependencies]\n").unwrap();
        let name = folder.replace('/', "-");
        let expected = format!(
            "[package]\nname = \"{name}\"\nversion.workspace = true\nedition.workspace = true\nrust-version.workspace = true\n\
             license.workspace = true\npublish.workspace = true\n\n[lib]\ncrate-type = [\"cdylib\"]\n\n[lints]\nworkspace = true\n\n"
        );
        assert_eq!(head, expected, "functions/{folder}/Cargo.toml");
        for line in dependencies.lines() {
            assert!(line.ends_with(".workspace = true"), "functions/{folder}: {line}");
        }
    }
}

#[test]
fn functions_are_small() {
    for folder in folders() {
        let source =
            fs::read_to_string(root().join("functions").join(&folder).join("src/lib.rs")).unwrap();
        // Administration is one component for an area, so it has room for each of its methods.
        let id = folder.replace('/', "-");
        let declared = api::ENDPOINTS.iter().filter(|endpoint| endpoint.component == id);
        let operations: usize = declared.map(|endpoint| endpoint.operations.len()).sum();
        assert!(
            source.lines().count() <= 30.max(9 * operations),
            "functions/{folder} does too much"
        );
        assert!(source.starts_with("//! `"), "functions/{folder} begins with what it is");
    }
}

#[test]
fn the_manifest_routes_are_the_declared_endpoints() {
    let declared: BTreeSet<(String, String)> = api::ENDPOINTS
        .iter()
        .map(|endpoint| (endpoint.component.to_owned(), endpoint.path.to_owned()))
        .collect();
    assert_eq!(declared.len(), api::ENDPOINTS.len(), "an endpoint is declared twice");
    assert_eq!(routes(&manifest("spin.toml")), declared);
}

#[test]
fn components_reach_only_what_they_name() {
    let hosts: Vec<&str> = VARIABLES
        .iter()
        .filter(|variable| variable.form.is_host())
        .map(|variable| variable.name)
        .collect();
    for (id, component) in components(&manifest("spin.toml")) {
        for host in component["allowed_outbound_hosts"].as_array().unwrap() {
            let host = host.as_str().unwrap();
            assert!(
                hosts.iter().any(|variable| host == format!("{{{{ {variable} }}}}")),
                "{id} may reach {host}"
            );
            assert!(
                host != "{{ customer_jwks_host }}" || id == "account-session",
                "only account-session may reach the identity provider, not {id}"
            );
        }
    }
}

/// Without the connection string a component would open an empty SQLite file beside the shop's
/// PostgreSQL.
#[test]
fn whoever_opens_the_shops_database_is_bound_to_both() {
    for source in ["spin.toml", HOOKS] {
        for (id, component) in components(&manifest(source)) {
            let list = |key: &str| component.get(key).map(Value::to_string).unwrap_or_default();
            let sqlite = list("sqlite_databases").contains("\"default\"");
            let host = list("allowed_outbound_hosts").contains("{{ database_host }}");
            let bound = component
                .get("variables")
                .and_then(|variables| variables.get("database_url"))
                .is_some();
            assert!(
                sqlite == bound && sqlite == host,
                "{id}: SQLite {sqlite}, database_url {bound}, database_host {host}"
            );
        }
    }
}

/// SEC-5. `ops-config` shows of every variable whether it will do, and so reads them all.
#[test]
fn a_component_is_given_the_keys_of_those_whose_tokens_its_endpoints_take() {
    for (id, component) in
        components(&manifest("spin.toml")).into_iter().filter(|(id, _)| id != "ops-config")
    {
        let rows = api::ENDPOINTS
            .iter()
            .filter(|endpoint| endpoint.component == id)
            .flat_map(|endpoint| endpoint.operations);
        let taken: Vec<Takes> = rows.filter_map(|row| row.access.takes()).collect();
        let takes = |kind| taken.iter().any(|takes| [kind, Takes::Both].contains(takes));
        let bound = |name: &str| {
            component.get("variables").and_then(|variables| variables.get(name)).is_some()
        };
        // Who gives sessions signs them.
        let shoppers = takes(Takes::Shoppers) || id == "account-session";
        assert_eq!(
            bound("session_token_secret"),
            shoppers,
            "{id} and session_token_secret: its rows take {taken:?}"
        );
        assert_eq!(
            bound("service_token_secret"),
            takes(Takes::Services),
            "{id} and service_token_secret: its rows take {taken:?}"
        );
    }
}

#[test]
fn only_the_session_function_has_the_customers_algorithms() {
    for folder in folders() {
        let cargo = manifest(&format!("functions/{folder}/Cargo.toml"));
        let has = cargo["dependencies"].as_table().unwrap().contains_key("identity");
        assert_eq!(has, folder == "account/session", "functions/{folder} and the crate identity");
    }
    for room in fs::read_dir(root().join("shared")).unwrap() {
        let path = room.unwrap().path().join("Cargo.toml");
        if path.exists() {
            assert!(
                !fs::read_to_string(&path).unwrap().contains("identity.workspace"),
                "{}",
                path.display()
            );
        }
    }
}

/// A use case takes typed input and gives back a typed outcome or a problem; what HTTP is made of
/// stands in `shared/edge`.
#[test]
fn use_cases_know_no_http() {
    for room in ["app", "domain", "store", "terms", "callers", "providers", "identity"] {
        let cargo = manifest(&format!("shared/{room}/Cargo.toml"));
        for name in cargo["dependencies"].as_table().unwrap().keys() {
            assert!(
                !["edge", "api", "spin-shell", "spin-sdk"].contains(&name.as_str()),
                "shared/{room} depends on {name}"
            );
        }
    }
}

#[test]
fn only_those_that_name_redis_import_it() {
    let naming: BTreeSet<String> = folders()
        .into_iter()
        .filter(|folder| {
            fs::read_to_string(root().join("functions").join(folder).join("src/lib.rs"))
                .unwrap()
                .contains("Redis")
        })
        .collect();
    assert_eq!(naming, ["ops/health", "workers/outbox-relay"].map(str::to_owned).into());
    for profile in ["release", "quick"] {
        for folder in folders() {
            let id = folder.replace('/', "-");
            let wasm = root()
                .join("target/wasm32-wasip2")
                .join(profile)
                .join(format!("{}.wasm", id.replace('-', "_")));
            let Ok(bytes) = fs::read(wasm) else { continue };
            let import: &[u8] = b"fermyon:spin/redis";
            let imports = bytes.windows(import.len()).any(|window| window == import);
            assert!(!imports || naming.contains(&folder), "{profile} {id} imports Redis");
        }
    }
}

#[test]
fn built_components_are_within_their_budget() {
    let folder = std::env::var_os("EDGETILL_COMPONENTS")
        .map(PathBuf::from)
        .unwrap_or_else(|| root().join("target/wasm32-wasip2/release"));
    let mut sizes = Vec::new();
    for folder_name in folders() {
        let id = folder_name.replace('/', "-");
        match fs::metadata(folder.join(format!("{}.wasm", id.replace('-', "_")))) {
            Ok(file) => sizes.push((file.len(), id)),
            Err(_) => {
                assert!(std::env::var_os("EDGETILL_COMPONENTS").is_none(), "{id} is not built");
                println!("skipped: {id} is not built; `cargo till test` builds first");
                return;
            }
        }
    }
    sizes.sort();
    for (bytes, id) in &sizes {
        println!("{bytes:>8} {id}");
    }
    let median = sizes[sizes.len() / 2].0;
    println!("{median:>8} median");
    assert!(median <= COMPONENT_BYTES_MEDIAN_MAX, "median {median}");
    for (bytes, id) in &sizes {
        let named = LARGER.iter().find(|(named, _)| named == id);
        let max = named.map_or(COMPONENT_BYTES_MAX, |(_, max)| *max);
        assert!(*bytes <= max, "{id} has {bytes} bytes of {max}");
    }
    let all: u64 = sizes.iter().map(|(bytes, _)| bytes).sum();
    assert!(all <= COMPONENTS_BYTES_MAX, "all together have {all} bytes of {COMPONENTS_BYTES_MAX}");
}

#[test]
fn every_fuzz_target_is_declared_and_told() {
    let folder = root().join("tests/fuzz");
    let names = |path: &str| -> BTreeSet<String> {
        let files = fs::read_dir(folder.join(path)).unwrap().map(|file| file.unwrap().path());
        files.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
    };
    let declared = manifest("tests/fuzz/Cargo.toml")["bin"].as_array().unwrap().clone();
    let mut known = BTreeSet::new();
    for target in &declared {
        let name = text(&target["name"]);
        assert_eq!(text(&target["path"]), format!("targets/{name}.rs"));
        known.insert(name);
    }
    assert_eq!(names("targets"), known, "tests/fuzz/targets and the [[bin]]s of its Cargo.toml");
    let readme = fs::read_to_string(folder.join("README.md")).unwrap();
    for name in &known {
        assert!(
            readme.contains(&format!("| `{name}` |")),
            "tests/fuzz/README.md says nothing of {name}"
        );
    }
    assert!(names("seeds").is_subset(&known), "seeds of no target");
}

/// Every page in Markdown, and its path from the root.
fn pages() -> Vec<(PathBuf, String)> {
    let mut pages = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.file_name().unwrap().to_str().unwrap();
            if entry.is_dir()
                && !name.starts_with('.')
                && name != "target"
                && name != "node_modules"
            {
                folders.push(entry);
            } else if name.ends_with(".md") {
                let text = fs::read_to_string(&entry).unwrap();
                pages.push((entry, text));
            }
        }
    }
    pages
}

/// The name that a heading has in an address: as hosts of repositories and mdBook make it.
fn anchor(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    kept.map(|letter| if letter == ' ' { '-' } else { letter.to_ascii_lowercase() }).collect()
}

fn headings(text: &str) -> Vec<String> {
    let mut fenced = false;
    let outside = text.lines().filter(|line| {
        fenced ^= line.trim_start().starts_with("```");
        !fenced
    });
    outside
        .filter(|line| line.starts_with('#'))
        .map(|line| anchor(line.trim_start_matches('#').trim()))
        .collect()
}

/// What the links of a page lead to.
fn links(text: &str) -> Vec<String> {
    let mut fenced = false;
    let outside: Vec<&str> = text
        .lines()
        .filter(|line| {
            fenced ^= line.trim_start().starts_with("```");
            !fenced
        })
        .collect();
    let outside = outside.join("\n");
    let targets =
        outside.match_indices("](").filter_map(|(at, _)| outside[at + 2..].split_once(')'));
    targets
        .map(|(target, _)| target.to_owned())
        .filter(|target| !target.contains(['`', ' ']))
        .collect()
}

#[test]
fn no_page_has_a_dead_link() {
    let mut dead = Vec::new();
    let mut followed = 0;
    for (page, text) in pages() {
        for link in links(&text)
            .into_iter()
            .filter(|link| !link.contains("://") && !link.starts_with("mailto:"))
        {
            followed += 1;
            let (file, fragment) = link.split_once('#').unwrap_or((&link, ""));
            let target =
                if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let leads = match (fs::read_to_string(&target), fragment) {
                (Ok(_), "") => true,
                (Ok(there), fragment) => headings(&there).iter().any(|heading| heading == fragment),
                (Err(_), _) => target.is_dir(),
            };
            if !leads {
                dead.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
    assert!(followed > 50, "{followed}");
}

#[test]
fn the_guide_has_every_page_and_the_front_pages_are_short() {
    let summary = fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    let told: BTreeSet<String> = links(&summary).into_iter().collect();
    let there: BTreeSet<String> = pages()
        .into_iter()
        .filter(|(page, _)| page.parent().is_some_and(|folder| folder.ends_with("docs")))
        .map(|(page, _)| page.file_name().unwrap().to_str().unwrap().to_owned())
        .filter(|name| name != "SUMMARY.md")
        .collect();
    assert_eq!(told, there);
    for (page, most) in [("README.md", 150), ("ARCHITECTURE.md", 200)] {
        let lines = fs::read_to_string(root().join(page)).unwrap().lines().count();
        assert!(lines <= most, "{page} has {lines} lines, and may have {most}");
    }
}

/// Areas of the requirements; what looks like an id of one is one.
const AREAS: [&str; 18] = [
    "CART", "PRICE", "SHIP", "CAT", "STOCK", "PROMO", "CHK", "PAY", "ORD", "EVT", "WRK", "OPS",
    "SEC", "CFG", "UI", "AGENT", "PERF", "TEST",
];

/// `CART-10` of a text, each with the area and the number.
fn cited(text: &str) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for area in AREAS {
        for (at, found) in text.match_indices(&format!("{area}-")) {
            let stands_alone = !text[..at].ends_with(|before: char| {
                before.is_ascii_alphanumeric() || before == '_' || before == '-'
            });
            let number: String =
                text[at + found.len()..].chars().take_while(char::is_ascii_digit).collect();
            // More digits are an order's number or a day.
            if stands_alone && (1..=2).contains(&number.len()) {
                ids.insert(format!("{area}-{number}"));
            }
        }
    }
    ids
}

#[test]
fn every_requirement_that_is_cited_is_on_the_page() {
    let page = fs::read_to_string(root().join("docs/requirements.md")).unwrap();
    let known: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(' ').next().map(str::to_owned))
        .collect();
    let mut missing = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.file_name().unwrap().to_str().unwrap().to_owned();
            if entry.is_dir() {
                if !name.starts_with('.') && name != "target" {
                    folders.push(entry);
                }
            } else if name.ends_with(".rs")
                || name.ends_with(".sql")
                || name.ends_with(".md")
                || name.ends_with(".toml")
            {
                let text = fs::read_to_string(&entry).unwrap();
                missing.extend(
                    cited(&text).difference(&known).map(|id| format!("{}: {id}", entry.display())),
                );
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(known.len() > 100, "{}", known.len());
}
