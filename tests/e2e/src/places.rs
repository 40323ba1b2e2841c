//! Every place in which the shop leaves something: for a test that proves what is not there.

use crate::{Call, Settings, Shop, Sink};
use serde_json::Value;
use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// The most rows that one look at a table shows.
const ROWS_MAX: usize = 5_000;
/// The most entries that one look at the simulator's books shows.
const ENTRIES_MAX: usize = 1_000;

/// A place and everything in it, byte by byte.
#[derive(Debug)]
pub struct Place {
    /// What it is: `table orders`, `logs`.
    pub name: String,
    /// What is there.
    pub content: Vec<u8>,
}

impl Shop {
    /// Every table of the database, by the database's own catalog, each with all of its rows.
    #[must_use]
    pub fn every_table(&self) -> Vec<Place> {
        let listed = self.call("GET", "/test/tables").send().expect(200);
        let tables: Vec<&str> =
            listed["tables"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert!(tables.contains(&"orders"), "{listed}");
        let rows = |table: &str| {
            paged(
                |page| {
                    self.call("GET", &format!("/test/rows?table={table}&from={}", page * ROWS_MAX))
                },
                "rows",
                ROWS_MAX,
            )
        };
        tables
            .into_iter()
            .map(|table| Place { name: format!("table {table}"), content: rows(table) })
            .collect()
    }

    /// Every key-value, with its key.
    #[must_use]
    pub fn every_key_value(&self) -> Place {
        Place {
            name: "key-values".to_owned(),
            content: self.call("GET", "/test/key-values").send().body,
        }
    }

    /// Every event that arrived at the sink, as it arrived.
    #[must_use]
    pub fn every_arrival(&self) -> Place {
        let content = match Settings::get().sink {
            Sink::Webhook => paged(
                |page| self.simulator("GET", &format!("/sink?since={}", page * ENTRIES_MAX)),
                "arrivals",
                ENTRIES_MAX,
            ),
            Sink::Redis => self.call("GET", "/test/stream").send().body,
        };
        Place { name: "events".to_owned(), content }
    }

    /// Everything the payment provider was sent under an idempotency key: path and form.
    #[must_use]
    pub fn every_provider_request(&self) -> Vec<Value> {
        let mut requests = Vec::new();
        let mut since = 0;
        loop {
            let page =
                self.simulator("GET", &format!("/requests?since={since}")).send().expect(200);
            let entries = page["requests"].as_array().unwrap_or_else(|| panic!("no list: {page}"));
            requests.extend(entries.iter().cloned());
            match entries.last() {
                Some(last) if entries.len() == ENTRIES_MAX => {
                    since = last["position"].as_i64().expect("a position")
                }
                Some(_) | None => return requests,
            }
        }
    }

    /// What the components and the database's server printed, and the files the host keeps:
    /// databases, key-values. Without `EDGETILL_STATE`, says by `name` that nobody looked at them.
    #[must_use]
    pub fn logs_and_files(&self, name: &str) -> Option<Vec<Place>> {
        let Some(state) = &Settings::get().state else {
            writeln!(
                io::stdout(),
                "{name}: LOGS AND FILES WERE NOT LOOKED AT, because \
                EDGETILL_STATE does not say where they are"
            )
            .expect("standard output can be written");
            return None;
        };
        let mut files = Vec::new();
        gather(state, &mut files);
        let logs = state.join("logs");
        let read = |path: &PathBuf| {
            fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        let (mut printed, kept): (Vec<PathBuf>, Vec<PathBuf>) =
            files.into_iter().partition(|path| path.starts_with(&logs));
        printed.extend(Settings::get().database_log.clone());
        let mut places = vec![Place {
            name: "logs".to_owned(),
            content: printed.iter().flat_map(read).collect(),
        }];
        places.extend(
            kept.iter().map(|path| Place {
                name: format!("file {}", path.display()),
                content: read(path),
            }),
        );
        Some(places)
    }
}

/// All pages of a list, one after another.
fn paged(page_of: impl Fn(usize) -> Call, list: &str, entries_max: usize) -> Vec<u8> {
    let mut content = Vec::new();
    for page in 0.. {
        let reply = page_of(page).send();
        let entries = reply.expect(200)[list].as_array().map_or(0, Vec::len);
        content.extend(reply.body);
        if entries < entries_max {
            break;
        }
    }
    content
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() { gather(&path, files) } else { files.push(path) }
    }
}
