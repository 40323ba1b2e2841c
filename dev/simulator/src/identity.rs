//! A customers' identity provider, as far as a shop meets one: the keys it publishes. What signs
//! tokens is with whoever tests.
//!
//! It publishes [`KEYS`] until it is told another document, of any kind: a rotated set, a broken
//! one, none at all. Faults are set through `/faults` with the operation `identity`.

use edge::{Problem, Reply, Request};
use ports::Ports;
use serde_json::{Value, json};

use crate::{
    faults::{Fault, Operation, Subject, pick},
    ledger::Books,
};

/// The public halves of keys that only tests have.
const KEYS: [&str; 3] = [
    include_str!("../../../tests/e2e/keys/test-only-rsa-1.public.json"),
    include_str!("../../../tests/e2e/keys/test-only-ec-1.public.json"),
    include_str!("../../../tests/e2e/keys/test-only-ed25519-1.public.json"),
];

/// What fetches are counted under.
const SCOPE: &str = "identity/keys";

/// `GET /identity/keys`: the key set.
///
/// # Errors
/// A failing database.
pub async fn keys(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    let books = Books::open(ports)?;
    books.attempt(SCOPE)?;
    match pick(&books, Operation::Identity, Subject::default(), SCOPE)? {
        Some(Fault::Status(status)) => return Ok(Reply::empty(status)),
        Some(Fault::Slow(ms)) => crate::api::wait(ms),
        Some(_) | None => {}
    }
    let told = books.query("select document from identity where ?1 is not null", &json!({}))?;
    let document =
        told.first().cloned().unwrap_or_else(|| format!(r#"{{"keys":[{}]}}"#, KEYS.join(",")));
    Ok(Reply::text(200, "application/jwk-set+json", document))
}

/// `PUT /identity/keys`: publishes this document instead, as it stands.
///
/// # Errors
/// A failing database.
pub async fn publish(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let document = String::from_utf8_lossy(request.body());
    Books::open(ports)?.query(
        "insert into identity (one, document) values (1, ?1 ->> '$.document') on conflict (one) do update set document = excluded.document",
        &json!({ "document": document }),
    )?;
    Ok(Reply::empty(204))
}

/// `DELETE /identity/keys`: publishes [`KEYS`] again.
///
/// # Errors
/// A failing database.
pub async fn restore(ports: &Ports<'_>, _: &Request) -> Result<Reply, Problem> {
    Books::open(ports)?.query("delete from identity where ?1 is not null", &json!({}))?;
    Ok(Reply::empty(204))
}

/// `GET /identity`: how often the keys have been fetched.
///
/// # Errors
/// A failing database.
pub async fn show(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    let rows = Books::open(ports)?.query(
        "select times from attempt where scope = ?1 ->> '$.scope'",
        &json!({ "scope": SCOPE }),
    )?;
    let fetches: Value =
        rows.first().and_then(|times| times.parse::<u64>().ok()).unwrap_or_default().into();
    Ok(Reply::json(200, &json!({ "fetches": fetches })))
}
