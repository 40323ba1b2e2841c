//! One name, everywhere: folder = crate = component = wasm file = manifest entry = declared endpoint.
//!
//! Reads the tree as text; nothing is built or run. A failure says which of the places disagree.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};
use toml::{Table, Value};

/// Release bytes a component may have. The largest, order-orders, both lists and creates, since Spin routes by path alone: so it
/// carries the whole checkout and the saga.
const COMPONENT_BYTES_MAX: u64 = 800_000;
/// All of them together: a first start compiles about two seconds per million bytes on two slow cores.
const COMPONENTS_BYTES_MAX: u64 = 30_000_000;
/// And half of them at most this.
const COMPONENT_BYTES_MEDIAN_MAX: u64 = 450_000;
/// What only development has, in `dev/`; it is never deployed, and has no budget.
const DEVELOPMENT_ONLY: [&str; 2] = ["simulator", "hooks"];
/// Variables that only `allowed_outbound_hosts` reads.
const HOST_VARIABLES: [&str; 4] = ["payment_host", "event_sink_host", "customer_jwks_host", "database_host"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn manifest(path: &str) -> Table {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}")).parse().unwrap()
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
    table.iter().map(|(id, component)| (id.clone(), component.as_table().unwrap().clone())).collect()
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
    let development = components(&manifest("deploy/development.toml"));
    let mut named = BTreeSet::new();
    for folder in folders() {
        let id = folder.replace('/', "-");
        let cargo = manifest(&format!("functions/{folder}/Cargo.toml"));
        assert_eq!(text(&cargo["package"]["name"]), id, "the crate in functions/{folder}");
        let component = production.get(&id).unwrap_or_else(|| panic!("spin.toml has no component {id}"));
        let wasm = format!("target/wasm32-wasip2/release/{}.wasm", id.replace('-', "_"));
        assert_eq!(text(&component["source"]), wasm, "source of {id}");
        named.insert(id);
    }
    assert_eq!(named, production.into_keys().collect(), "components without a folder, or folders without a component");
    assert_eq!(development.into_keys().collect::<BTreeSet<_>>(), DEVELOPMENT_ONLY.map(str::to_owned).into());
    for id in DEVELOPMENT_ONLY {
        assert_eq!(text(&manifest(&format!("dev/{id}/Cargo.toml"))["package"]["name"]), id, "the crate in dev/{id}");
    }
}

#[test]
fn component_crates_differ_only_in_name_and_dependencies() {
    for folder in folders() {
        let source = fs::read_to_string(root().join("functions").join(&folder).join("Cargo.toml")).unwrap();
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
        let source = fs::read_to_string(root().join("functions").join(&folder).join("src/lib.rs")).unwrap();
        // Administration is one component for an area, so it has room for each of its methods.
        let id = folder.replace('/', "-");
        let methods: usize = api::ENDPOINTS.iter().filter(|endpoint| endpoint.component == id).map(|endpoint| endpoint.methods.len()).sum();
        assert!(source.lines().count() <= 40.max(9 * methods), "functions/{folder} does too much");
        assert!(source.starts_with("//! `"), "functions/{folder} begins with what it is");
    }
}

#[test]
fn the_manifest_routes_are_the_declared_endpoints() {
    let declared: BTreeSet<(String, String)> =
        api::ENDPOINTS.iter().map(|endpoint| (endpoint.component.to_owned(), endpoint.path.to_owned())).collect();
    assert_eq!(declared.len(), api::ENDPOINTS.len(), "an endpoint is declared twice");
    assert_eq!(routes(&manifest("spin.toml")), declared);
}

#[test]
fn functions_serve_the_methods_that_are_declared() {
    for folder in folders() {
        let id = folder.replace('/', "-");
        let source = fs::read_to_string(root().join("functions").join(&folder).join("src/lib.rs")).unwrap();
        if let Some(worker) = id.strip_prefix("workers-") {
            assert!(source.contains(&format!("worker!(\"{worker}\"")), "{id}");
            continue;
        }
        for endpoint in api::ENDPOINTS.iter().filter(|endpoint| endpoint.component == id) {
            let constant = format!("{:?}", endpoint.path);
            let served = source
                .split("Route::at(")
                .skip(1)
                .find(|route| binds(route, endpoint))
                .unwrap_or_else(|| panic!("{id} does not bind {constant}"));
            let chain = served.split([';', ',']).next().unwrap();
            for (method, _) in endpoint.methods {
                assert!(chain.contains(&format!(".{}(", method.to_lowercase())), "{id} does not serve {method} {constant}");
            }
            assert_eq!(chain.matches(").").count(), endpoint.methods.len(), "{id} serves more than is declared");
        }
    }
}

/// Whether a route of the source is bound to `endpoint`, by the name of its constant.
fn binds(route: &str, endpoint: &api::Endpoint) -> bool {
    route.strip_prefix("api::").and_then(|rest| rest.split('.').next()) == Some(endpoint.name)
}

#[test]
fn workers_have_a_schedule_and_nothing_else_has() {
    let manifest = manifest("spin.toml");
    let mut scheduled = BTreeSet::new();
    for trigger in manifest["trigger"]["cron"].as_array().unwrap() {
        let component = text(&trigger["component"]);
        let expression = text(&trigger["cron_expression"]);
        assert_eq!(expression.split_whitespace().count(), 6, "{component}: Spin takes six fields, seconds first");
        assert!(scheduled.insert(component.clone()), "{component} is scheduled twice");
        // The cron trigger refuses to start when a component of its own may chain.
        let hosts = manifest["component"][&component]["allowed_outbound_hosts"].to_string();
        assert!(!hosts.contains("spin.internal"), "{component}");
    }
    let workers: BTreeSet<String> = components(&manifest).into_keys().filter(|id| id.starts_with("workers-")).collect();
    assert_eq!(scheduled, workers);
}

#[test]
fn every_variable_is_declared_bound_and_has_a_default_that_will_do() {
    let manifest = manifest("spin.toml");
    let declared = manifest["variables"].as_table().unwrap();
    let expected: BTreeSet<&str> = app::settings::NAMES.iter().chain(&HOST_VARIABLES).copied().collect();
    assert_eq!(declared.keys().map(String::as_str).collect::<BTreeSet<_>>(), expected, "spin.toml and app::settings");
    for (name, variable) in declared {
        let variable = variable.as_table().unwrap();
        let secret = app::settings::SECRETS.contains(&name.as_str());
        assert_eq!(variable.get("secret").is_some(), secret, "{name}");
        let default = variable.get("default").and_then(Value::as_str);
        let may_be = if secret { default.is_none_or(str::is_empty) } else { default.is_some() };
        assert!(may_be, "{name}: a secret has no default, or the empty one that turns it off; everything else has one");
        if let Some(default) = variable.get("default").filter(|_| !HOST_VARIABLES.contains(&name.as_str())) {
            assert_eq!(app::settings::check(name, default.as_str().unwrap()), Ok(()), "the default of {name}");
        }
    }
    let mut used = BTreeSet::new();
    for (id, component) in components(&manifest) {
        for (name, template) in component["variables"].as_table().unwrap() {
            let source = template.as_str().unwrap().trim_start_matches("{{ ").trim_end_matches(" }}");
            assert!(declared.contains_key(source), "{id} binds {name} to {source}, which is not declared");
            used.insert(source.to_owned());
        }
        for name in HOST_VARIABLES {
            if component["allowed_outbound_hosts"].to_string().contains(name) {
                used.insert(name.to_owned());
            }
        }
    }
    assert_eq!(used, declared.keys().cloned().collect::<BTreeSet<_>>(), "variables that nothing reads");
}

/// The bounds of every variable and what holds between them, as a page.
fn page_of_variables(declared: &Table) -> String {
    let mut page = "# Variables\n\nWhat each must be; `GET /api/v1/config` says which is not. What they are for stands in the README. \
        Made by `UPDATE_DOCS=1 cargo test --profile host -p tidy` from `shared/app/src/settings.rs`.\n\n## Alone\n\n\
        | variable | default | what will do |\n|---|---|---|\n"
        .to_owned();
    for name in app::settings::NAMES {
        // Nothing that must be of a form is a line break, and what may be of any form may be empty or not.
        let right = ["\n", ""].iter().find_map(|text| app::settings::check(name, text).err()).unwrap_or("any text");
        let default = declared[*name].get("default").and_then(Value::as_str).filter(|text| !text.is_empty());
        let default = default.map_or_else(|| "-".to_owned(), |text| format!("`{text}`"));
        page += &format!("| `{name}` | {default} | {right} |\n");
    }
    page += "\n## Beside others\n\nSo that nothing is called dead that is at work, and nothing outlives what it belongs to. A component compares what it has; \
        `GET /api/v1/config` has all.\n\n| variable | what | or else |\n|---|---|---|\n";
    for relation in app::settings::RELATIONS {
        page += &format!("| `{}` | {} | {} |\n", relation.name, relation.right, relation.otherwise);
    }
    page
}

#[test]
fn the_page_of_variables_is_what_the_settings_say() {
    let path = root().join("docs/configuration.md");
    let page = page_of_variables(manifest("spin.toml")["variables"].as_table().unwrap());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap(), page, "UPDATE_DOCS=1 cargo test --profile host -p tidy");
}

#[test]
fn every_number_has_a_lower_and_an_upper_bound() {
    let manifest = manifest("spin.toml");
    for (name, variable) in manifest["variables"].as_table().unwrap() {
        let Some(default) = variable.get("default").and_then(Value::as_str).and_then(|text| text.parse::<i64>().ok()) else { continue };
        assert_eq!(app::settings::check(name, &default.to_string()), Ok(()), "{name}");
        for bad in ["-1", "9223372036854775807", "1e3", ""] {
            assert!(app::settings::check(name, bad).is_err(), "{name} may be {bad:?}");
        }
    }
}

#[test]
fn the_defaults_keep_every_relation_between_variables() {
    let manifest = manifest("spin.toml");
    let default = |name: &str| Some(manifest["variables"].get(name)?.get("default")?.as_str()?.to_owned());
    for relation in app::settings::RELATIONS {
        assert!(app::settings::broken_relation(relation.name, default).is_none(), "{relation:?}");
        for (_, name) in relation.holds {
            assert!(default(name).is_some(), "{name}");
        }
    }
}

#[test]
fn the_deployment_file_lists_every_variable_with_its_default() {
    let listed: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&fs::read_to_string(root().join("deploy/variables.json")).unwrap()).unwrap();
    let manifest = manifest("spin.toml");
    let declared = manifest["variables"].as_table().unwrap();
    assert_eq!(listed.keys().collect::<BTreeSet<_>>(), declared.keys().collect::<BTreeSet<_>>());
    for (name, variable) in declared {
        let default = variable.get("default").and_then(Value::as_str).unwrap_or("");
        assert_eq!(listed[name], default, "{name}");
    }
}

#[test]
fn components_reach_only_what_they_name() {
    for (id, component) in components(&manifest("spin.toml")) {
        for host in component["allowed_outbound_hosts"].as_array().unwrap() {
            let host = host.as_str().unwrap();
            assert!(HOST_VARIABLES.iter().any(|variable| host == format!("{{{{ {variable} }}}}")), "{id} may reach {host}");
            assert!(
                host != "{{ customer_jwks_host }}" || id == "account-session",
                "only account-session may reach the identity provider, not {id}"
            );
        }
    }
}

/// Without the connection string a component would open an empty SQLite file beside the shop's PostgreSQL.
#[test]
fn whoever_opens_the_shops_database_is_bound_to_both() {
    for source in ["spin.toml", "deploy/development.toml"] {
        for (id, component) in components(&manifest(source)) {
            let list = |key: &str| component.get(key).map(Value::to_string).unwrap_or_default();
            let sqlite = list("sqlite_databases").contains("\"default\"");
            let host = list("allowed_outbound_hosts").contains("{{ database_host }}");
            let bound = component.get("variables").and_then(|variables| variables.get("database_url")).is_some();
            assert!(sqlite == bound && sqlite == host, "{id}: SQLite {sqlite}, database_url {bound}, database_host {host}");
        }
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
            assert!(!fs::read_to_string(&path).unwrap().contains("identity.workspace"), "{}", path.display());
        }
    }
}

#[test]
fn only_those_that_name_redis_import_it() {
    let naming: BTreeSet<String> = folders()
        .into_iter()
        .filter(|folder| fs::read_to_string(root().join("functions").join(folder).join("src/lib.rs")).unwrap().contains("Redis"))
        .collect();
    assert_eq!(naming, ["ops/health", "workers/outbox-relay"].map(str::to_owned).into());
    for profile in ["release", "quick"] {
        for folder in folders() {
            let id = folder.replace('/', "-");
            let wasm = root().join("target/wasm32-wasip2").join(profile).join(format!("{}.wasm", id.replace('-', "_")));
            let Ok(bytes) = fs::read(wasm) else { continue };
            let import: &[u8] = b"fermyon:spin/redis";
            let imports = bytes.windows(import.len()).any(|window| window == import);
            assert!(!imports || naming.contains(&folder), "{profile} {id} imports Redis");
        }
    }
}

#[test]
fn built_components_are_within_their_budget() {
    let folder = std::env::var_os("EDGETILL_COMPONENTS").map(PathBuf::from).unwrap_or_else(|| root().join("target/wasm32-wasip2/release"));
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
        assert!(*bytes <= COMPONENT_BYTES_MAX, "{id} has {bytes} bytes of {COMPONENT_BYTES_MAX}");
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
        assert!(readme.contains(&format!("| `{name}` |")), "tests/fuzz/README.md says nothing of {name}");
    }
    assert!(names("seeds").is_subset(&known), "seeds of no target");
}
