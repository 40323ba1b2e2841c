//! The committed files are what the tables make, and the manifests among them say what the tables
//! say.

#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;

use toml::Table;

#[test]
fn what_is_made_from_the_tables_is_up_to_date() {
    for (file, text) in generate::files(&generate::root()).unwrap() {
        let there = fs::read_to_string(&file).unwrap_or_default();
        assert!(there == text, "{} is stale; run `cargo till generate`", file.display());
    }
}

fn manifest(path: &str) -> Table {
    fs::read_to_string(generate::root().join(path)).unwrap().parse().unwrap()
}

#[test]
fn every_row_of_the_tables_is_in_the_manifest() {
    let manifest = manifest("spin.toml");
    let names =
        |table: &str| manifest[table].as_table().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let components = config::COMPONENTS.iter().map(|component| component.id);
    let workers = config::WORKERS.iter().map(|worker| worker.component);
    assert_eq!(
        names("component"),
        components.chain(workers).map(str::to_owned).collect(),
        "a component without an endpoint"
    );
    assert_eq!(
        names("variables"),
        config::VARIABLES.iter().map(|variable| variable.name.to_owned()).collect()
    );
    for variable in config::VARIABLES {
        let declared = &manifest["variables"][variable.name];
        assert_eq!(
            declared.get("default").and_then(toml::Value::as_str),
            variable.default,
            "{}",
            variable.name
        );
        assert_eq!(
            declared.get("required").is_some(),
            variable.default.is_none(),
            "{}",
            variable.name
        );
        assert_eq!(declared.get("secret").is_some(), variable.secret, "{}", variable.name);
    }
}

// Where it is not bound its default would be taken, and what is set would mean nothing.
#[test]
fn every_endpoint_is_given_the_limits_of_its_bodies() {
    for endpoint in api::ENDPOINTS {
        let needs = config::Component::named(endpoint.component).unwrap().needs();
        for row in endpoint.operations.iter().filter(|row| row.body != api::Presence::Unread) {
            assert!(
                needs.variables.contains(&row.body_limit),
                "{} reads {} and is not given it",
                endpoint.component,
                row.body_limit
            );
        }
    }
}

#[test]
fn every_worker_is_run_at_its_path() {
    for worker in config::WORKERS {
        let served = |endpoint: &&api::Endpoint| {
            endpoint.component == worker.component && endpoint.path == worker.path
        };
        assert!(
            api::ENDPOINTS.iter().any(|endpoint| served(&endpoint)),
            "{} has no endpoint at {}",
            worker.component,
            worker.path
        );
    }
}

#[test]
fn manifests_differ_in_what_they_say_they_differ() {
    let (whole, http) = (manifest("spin.toml"), manifest("deploy/spin.http.toml"));
    assert!(whole["trigger"].get("cron").is_some() && http["trigger"].get("cron").is_none());
    for same in ["application", "variables"] {
        assert_eq!(whole[same], http[same]);
    }
    assert_eq!(whole["trigger"]["http"], http["trigger"]["http"]);
    for (manifest, up) in [(&whole, ""), (&http, "../")] {
        for (id, component) in manifest["component"].as_table().unwrap() {
            assert!(
                component["source"].as_str().unwrap().starts_with(&format!("{up}target/")),
                "{id}"
            );
        }
    }
}
