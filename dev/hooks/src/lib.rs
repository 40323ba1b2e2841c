//! `/test/…`: what the end-to-end suite needs and no shop should have. Development only: the
//! manifest for production does not name this component.
//!
//! - `GET /test/clock`, `POST /test/clock {advance_ms}`: the database's clock, and moving it
//!   forward.
//! - `GET /test/tables`: every table of the database, from its own catalog.
//! - `GET /test/rows?table=&column=&value=&from=`: rows as they lie in the database, to prove what
//!   they do not hold; at most 5,000, `from` where the last look ended.
//! - `GET /test/key-values?prefix=`: everything in the key-value store, or what is under keys that
//!   begin so.
//! - `GET /test/fingerprint`: a hash of each table and of each key-value, to see whether anything
//!   has changed.
//! - `GET /test/transactions`: how many connections to the database are inside a transaction
//!   without doing anything.
//! - `GET /test/audit`: every broken invariant, as one consistent look at the whole database.
//! - `POST /test/schema {version}`: the database as the release before knew it, without what is
//!   newer.
//! - `GET /test/stream?subject=&after=`: the events in the sink's Redis stream, where the sink is
//!   one; without a subject all; `after` an entry, those behind it.
//!
//! The statements are this crate's own, and the audit's are `audit`'s, not `store`'s.

pub mod statements;
mod stream;

use edge::{Problem, Reply, Request, Route};
use ports::Ports;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    fmt::Display,
    hash::{DefaultHasher, Hash, Hasher as _},
};

spin_shell::http!(
    Route::at("/test/clock").get(show_clock).post(advance_clock),
    Route::at("/test/tables").get(show_tables),
    Route::at("/test/rows").get(show_rows),
    Route::at("/test/key-values").get(show_key_values),
    Route::at("/test/fingerprint").get(fingerprint),
    Route::at("/test/transactions").get(show_transactions),
    Route::at("/test/audit").get(audit_all),
    Route::at("/test/schema").post(set_schema_back),
    Route::at("/test/stream").get(stream::arrivals),
);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_ms: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Schema {
    version: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    table: String,
    column: Option<String>,
    value: Option<String>,
    #[serde(default)]
    from: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyValues {
    #[serde(default)]
    prefix: String,
}

async fn show_clock(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    documents(ports, statements::CLOCK, &json!({})).map(|rows| Reply::json(200, &rows.first()))
}

async fn advance_clock(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let Advance { advance_ms } = request.json()?;
    // Backwards is a thing no clock of ours does, so no test may ask for it.
    if advance_ms < 0 {
        return Err(Problem::invalid_field("/advance_ms", "must not be negative"));
    }
    let input = json!({ "advance_ms": advance_ms });
    documents(ports, statements::ADVANCE_CLOCK, &input).map(|rows| Reply::json(200, &rows.first()))
}

async fn show_tables(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    tables(ports).map(|tables| Reply::json(200, &json!({ "tables": tables })))
}

fn tables(ports: &Ports<'_>) -> Result<Vec<String>, Problem> {
    names(ports, statements::tables(ports.sql.dialect()), &json!({}))
}

fn columns(ports: &Ports<'_>, table: &str) -> Result<Vec<String>, Problem> {
    names(ports, statements::columns(ports.sql.dialect()), &json!({ "table": table }))
}

fn names(ports: &Ports<'_>, statement: &str, input: &Value) -> Result<Vec<String>, Problem> {
    Ok(documents(ports, statement, input)?
        .iter()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect())
}

async fn set_schema_back(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let Schema { version } = request.json()?;
    if version != statements::VERSION_BEFORE {
        return Err(Problem::invalid_field(
            "/version",
            format!("must be {}", statements::VERSION_BEFORE),
        ));
    }
    for statement in statements::BACK_TO_VERSION_BEFORE {
        ports.sql.run(statement).map_err(failed)?;
    }
    Ok(Reply::empty(204))
}

async fn show_rows(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let Rows { table, column, value, from } = request.query()?;
    let tables = tables(ports)?;
    if !tables.contains(&table) {
        return Err(Problem::invalid_field(
            "table",
            format!("must be one of {}", tables.join(", ")),
        ));
    }
    let columns = columns(ports, &table)?;
    if column.as_ref().is_some_and(|named| !columns.contains(named)) {
        return Err(Problem::invalid_field(
            "column",
            format!("must be one of {}", columns.join(", ")),
        ));
    }
    let statement = statements::rows_of(ports.sql.dialect(), &table, &columns, column.as_deref());
    documents(ports, &statement, &json!({ "value": value, "from": from }))
        .map(|rows| Reply::json(200, &json!({ "rows": rows })))
}

async fn show_key_values(_: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let KeyValues { prefix } = request.query()?;
    let entries: Vec<Value> = spin_shell::key_values(&prefix)
        .map_err(failed)?
        .iter()
        .map(|(key, value)| json!({ "key": key, "value": String::from_utf8_lossy(value) }))
        .collect();
    Ok(Reply::json(200, &json!({ "entries": entries })))
}

async fn fingerprint(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    let dialect = ports.sql.dialect();
    let mut prints = serde_json::Map::new();
    for table in tables(ports)? {
        let columns = columns(ports, &table)?;
        let mut rows: Vec<String> = Vec::new();
        loop {
            let page = documents(
                ports,
                &statements::rows_of(dialect, &table, &columns, None),
                &json!({ "from": rows.len() }),
            )?;
            rows.extend(page.iter().map(Value::to_string));
            if page.len() < statements::ROWS_MAX {
                break;
            }
        }
        // Rows whose first columns are equal come in any order.
        rows.sort_unstable();
        prints.insert(format!("table {table}"), json!(hash(&rows)));
    }
    for (key, value) in spin_shell::key_values("").map_err(failed)? {
        prints.insert(format!("key-value {key}"), json!(hash(&value)));
    }
    Ok(Reply::json(200, &json!({ "prints": prints })))
}

/// Enough to tell that something is another thing.
fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

async fn show_transactions(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    documents(ports, statements::idle_transactions(ports.sql.dialect()), &json!({}))
        .map(|rows| Reply::json(200, &rows.first()))
}

async fn audit_all(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    // PostgreSQL would compile all forty rules anew for each look, which takes many times as long
    // as the look.
    if ports.sql.dialect() == ports::Dialect::Postgres {
        ports.sql.run("set jit = off").map_err(failed)?;
    }
    // Events wait as long as a test likes: it relays them itself.
    let input = json!({ "overdue_ms": statements::OVERDUE_MS, "event_age_ms": null });
    answered(ports, &audit::whole(ports.sql.dialect()), &input)
        .map(|violations| Reply::json(200, &json!({ "violations": violations })))
}

fn documents(ports: &Ports<'_>, statement: &str, input: &Value) -> Result<Vec<Value>, Problem> {
    answered(ports, &audit::in_dialect(statement, ports.sql.dialect()), input)
}

fn failed(error: impl Display) -> Problem {
    Problem::internal(format!("test hook: {error}"))
}

fn answered(ports: &Ports<'_>, statement: &str, input: &Value) -> Result<Vec<Value>, Problem> {
    ports
        .sql
        .query(statement, &input.to_string())
        .map_err(failed)?
        .iter()
        .map(|row| serde_json::from_str(row).map_err(failed))
        .collect()
}
