//! What the shop's busiest requests ask of the host, without the shop: no tokens, no JSON that is
//! parsed, no prices, no problems. `cargo till bench` sends the same load to both, so that the
//! share that one reaches of the other is what the shop costs.
//!
//! - `/bare/add?N`, `/bare/get-cart?N`, `/bare/confirm?N`: the same host calls in the same order
//!   (PRAGMA, statements, key-values, requests to the payment provider), and statements that read
//!   and write as many rows of tables with the same keys and indexes, said as plainly as SQL
//!   allows. They guard nothing. Their databases hold nothing else (`sql/cart.sql`,
//!   `sql/confirm.sql`).
//! - `/bare/provider?N`: the two requests of a confirm to the payment provider, and nothing else: what
//!   the simulator, on the same machine, takes of a confirm's time.
//! - `/bare/same-add?N`, `/bare/same-get-cart?N`: the shop's very statements, on a schema of only
//!   the tables they name.
//!
//! What goes wrong is a trap: the host answers 500, and the load counts an error.

#![expect(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what goes wrong is a trap, and the load counts it"
)]

mod confirm;
mod provider;

use spin_sdk::sqlite3::{Connection, Value};
use store::{Statement, sql};
use wasi::exports::http::incoming_handler::Guest;
use wasi::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use wasi::random::random::get_random_u64;

struct Bare;

#[cfg(target_arch = "wasm32")]
wasi::http::proxy::export!(Bare);

impl Guest for Bare {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().expect("a path");
        let (path, query) = target.split_once('?').expect("a number");
        let (number, turn) = query.split_once('.').unwrap_or((query, "0"));
        let number = number.parse::<u32>().expect("a number") % 1_000;
        let sku = |line: u32| {
            format!("TILL-{:04}", (number + turn.parse::<u32>().expect("a turn") + line) % 99 + 1)
        };
        let (body, after) = match path.rsplit('/').next() {
            Some("add") => (add(number, &sku(0)), None),
            Some("get-cart") => {
                (read("bare", include_str!("../sql/get_cart.sql"), &owner(number)), None)
            }
            Some("same-add") => (same_add(number, &sku(0)), None),
            Some("same-get-cart") => (read("same", shop(&sql::CART_VIEW), &owner(number)), None),
            Some("provider") => (provider::held_and_taken(), None),
            Some("confirm") => confirm::confirm(number, [sku(0), sku(1), sku(2)]),
            other => panic!("no {other:?}"),
        };
        respond(out, &body);
        if let Some(after) = after {
            after();
        }
    }
}

/// What remains to be done once the response has been set.
type After = Box<dyn FnOnce()>;

fn owner(number: u32) -> String {
    format!("{{\"owner\":\"owner-{number}\"}}")
}

fn add(number: u32, sku: &str) -> String {
    let database = open("bare");
    run(&database, "pragma synchronous = normal");
    let facts = one(
        &database,
        include_str!("../sql/add_read.sql"),
        &format!("{{\"owner\":\"owner-{number}\",\"sku\":\"{sku}\"}}"),
    );
    assert!(facts.contains("price_minor"), "{facts}");
    run(&database, include_str!("../sql/add_effects.sql"));
    let doc = format!(
        "{{\"cart_id\":\"cart-{number}\",\"sku\":\"{sku}\",\"price_minor\":1009,\"event_id\":\"{}\"}}",
        id()
    );
    one(&database, include_str!("../sql/add_fire.sql"), &doc)
}

/// The two statements of the shop's add, with what it would give them.
fn same_add(number: u32, sku: &str) -> String {
    let database = open("same");
    run(&database, "pragma synchronous = normal");
    let facts = one(
        &database,
        shop(&sql::CART_FOR_ADD),
        &format!("{{\"owner\":\"owner-{number}\",\"sku\":\"{sku}\"}}"),
    );
    assert!(facts.contains("price_minor"), "{facts}");
    let doc = format!(
        "{{\"cart_id\":\"cart-{number}\",\"owner\":\"owner-{number}\",\"sku\":\"{sku}\",\"quantity\":1,\"currency\":\"USD\",\"price_minor\":1009,\
         \"line_limit\":1000,\"quantity_limit\":10000,\"cart_idle_ms\":3600000,\"reply\":{{\"line_id\":\"{sku}\",\"sku\":\"{sku}\",\
         \"unit_price\":{{\"amount_minor\":1009,\"currency\":\"USD\"}},\"warnings\":[]}},\"events\":[{{\"event_id\":\"{}\",\"aggregate\":\"cart/cart-{number}\",\"type\":\"cart.item_added\",\
         \"data\":{{\"cart_id\":\"cart-{number}\",\"owner\":\"owner-{number}\",\"sku\":\"{sku}\",\"added\":1}}}}]}}",
        id()
    );
    let (create, fire) = sql::CART_ADD_LINE.travelling(&doc);
    run(&database, &create);
    one(&database, &fire, &doc)
}

fn shop(statement: &Statement) -> &'static str {
    statement.texts(ports::Dialect::Sqlite)[0]
}

fn read(label: &str, statement: &str, doc: &str) -> String {
    one(&open(label), statement, doc)
}

fn open(label: &str) -> Connection {
    Connection::open(label).expect("a database")
}

fn run(database: &Connection, statement: &str) {
    database.execute(statement, &[]).expect("a statement that runs");
}

/// The one text that a statement answers.
fn one(database: &Connection, statement: &str, doc: &str) -> String {
    let found =
        database.execute(statement, &[Value::Text(doc.to_owned())]).expect("a statement that runs");
    match found.rows.into_iter().next().and_then(|row| row.values.into_iter().next()) {
        Some(Value::Text(text)) => text,
        other => panic!("{statement} answered {other:?}"),
    }
}

/// As unique as the shop's.
fn id() -> String {
    format!("{:016x}{:016x}", get_random_u64(), get_random_u64())
}

/// The body first, then the head, as the shop does.
fn respond(out: ResponseOutparam, text: &str) {
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("content-length", text.len().to_string()),
    ];
    let headers =
        Fields::from_list(&headers.map(|(name, value)| (name.to_owned(), value.into_bytes())))
            .expect("headers");
    let response = OutgoingResponse::new(headers);
    let body = response.body().expect("a body");
    let stream = body.write().expect("a stream");
    let room = stream.check_write().expect("room");
    assert!(room >= text.len() as u64, "room for the body");
    stream.write(text.as_bytes()).expect("room for the body");
    drop(stream);
    OutgoingBody::finish(body, None).expect("a finished body");
    ResponseOutparam::set(out, Ok(response));
}
