//! How statements find their rows (ORD-13). A function's plans cannot be read from outside, so what
//! is held is their effect: over tables full of what is settled, little is read of any.

use ports::{Dialect, Sql as _};
use serde_json::json;
use store::{Command, Statement, sql};

use crate::suite::{
    shopper::{event, keyed, shopper, with},
    support::{Database, SharedShop},
};

/// Tables that grow with trade, and what makes a copy of a row another row, settled.
const GROWING: &[(&str, &[(&str, &str)])] = &[
    ("cart", &[("cart_id", "n"), ("owner", "n"), ("status", "'completed'")]),
    ("cart_line", &[("cart_id", "n")]),
    ("checkout_session", &[("session_id", "n"), ("cart_id", "n"), ("status", "'replaced'")]),
    ("saga", &[("saga_id", "n"), ("state", "'declined'")]),
    ("confirm_key", &[("idempotency_key", "n")]),
    ("payment", &[("payment_id", "n"), ("saga_id", "n"), ("reference", "n")]),
    ("compensation", &[("compensation_id", "n"), ("state", "'done'")]),
    ("reservation", &[("reservation_id", "n"), ("session_id", "n"), ("status", "'released'")]),
    ("orders", &[("order_id", "n"), ("order_number", "n"), ("cart_id", "n")]),
    ("order_line", &[("order_id", "n")]),
    ("order_history", &[("order_id", "n")]),
    ("idempotency", &[("idempotency_key", "n")]),
    ("outbox", &[("outbox_id", "n"), ("state", "'published'")]),
    ("delivery", &[("outbox_id", "n"), ("state", "'published'")]),
    ("stock_movement", &[("movement_id", "n")]),
];

/// Three thousand copies of one row of each growing table.
fn grow(shop: &Database) {
    for (table, changes) in GROWING {
        let changes: Vec<String> =
            changes.iter().map(|(column, value)| format!("'{column}', {value}")).collect();
        shop.exec(&format!(
            "insert into {table} overriding system value select (jsonb_populate_record(null::{table}, to_jsonb(one) || jsonb_build_object({}))).*
             from (select * from {table} limit 1) as one, generate_series(1000000, 1003000) as n",
            changes.join(", ")
        ));
    }
    shop.exec("analyze");
}

/// The growing tables `call` reads a large part of, with or without an index; its changes are
/// undone. On a connection of its own, which is what the counts are of.
fn walked(shared: &SharedShop, name: &str, call: impl FnOnce(&Database)) -> Vec<String> {
    let shop = shared.open();
    let tables: Vec<String> = GROWING.iter().map(|(table, _)| format!("'{table}'")).collect();
    shop.exec("begin");
    call(&shop);
    let walked = shop.rows(&format!(
        "select relname, seq_tup_read, idx_tup_fetch from pg_stat_xact_user_tables
        where seq_tup_read + idx_tup_fetch > 1000 and relname in ({})",
        tables.join(", ")
    ));
    walked.into_iter().map(|table| format!("{name}: {table}")).collect()
}

#[test]
fn no_statement_walks_a_table_that_grows() {
    let shared = SharedShop::new();
    let shop = shared.open();
    let line = &[("TILL-0001", "wh-hanoi", 1)][..];
    let (ann, bob, cat, dan, eve) =
        (shopper("ann"), shopper("bob"), shopper("cat"), shopper("dan"), shopper("eve"));
    ann.pays(&shop, line);
    shop.does(
        &sql::ORDER_CANCEL,
        &with(with(ann.cancel(), keyed("old")), json!({"events": [event("e", "a", "t")]})),
    );
    bob.pays(&shop, line);
    cat.confirms(&shop, line);
    dan.goes_to_checkout(&shop, line);
    eve.orders(&shop, line);
    crate::suite::receivers::has_given_up(&shop, "desk");
    grow(&shop);
    let token = json!({"lease_token": "w", "lease_ms": 1000, "limit": 5, "compensation_id": null});
    let page = |asked| with(json!({"from": "", "below": "~", "looked_at": 5, "limit": 5}), asked);
    let commands: &[(&Command, serde_json::Value)] = &[
        (&sql::CART_CREATE, with(shopper("new").cart_create(), keyed("k"))),
        (&sql::CART_ADD_LINE, with(dan.add("TILL-0002", 1), keyed("k"))),
        (&sql::CHECKOUT_BEGIN, with(dan.checkout(2), json!({"session_id": "s2"}))),
        (&sql::CONFIRM_BEGIN, dan.confirm(2, line)),
        (&sql::CONFIRM_JOIN, cat.join("another")),
        (&sql::ORDER_CREATE, cat.order_create()),
        (
            &sql::SAGA_SETTLE,
            with(cat.settle("failed"), json!({"free_cart": true, "release_stock": true})),
        ),
        (&sql::PAYMENT_CAPTURE, eve.capture()),
        (&sql::ORDER_CANCEL, bob.cancel()),
        (&sql::RESERVATION_EXPIRE, json!({"limit": 5})),
        (&sql::DELIVERY_FAN, json!({"events": [1, 2], "has_sink": true})),
    ];
    let statements: &[(&Statement, serde_json::Value)] = &[
        (&sql::CART_VIEW, json!({"owner": "dan"})),
        (&sql::CART_FOR_ADD, json!({"owner": "dan", "sku": "TILL-0001", "quantity": 1})),
        (&sql::PRICING_FACTS, json!({"owner": "dan", "country": null, "region": null})),
        (&sql::CART_CHECK, json!({"owner": "dan", "country": null, "region": ""})),
        (
            &sql::CONFIRM_FACTS,
            json!({"owner": "dan", "session_id": "session-dan", "idempotency_key": "k"}),
        ),
        (&sql::ATTEMPT_LIVE, json!({"owner": "cat"})),
        (&sql::SESSION_VIEW, json!({"owner": "dan", "session_id": "session-dan"})),
        (&sql::RECEIPT, json!({"idempotency_key": "old"})),
        (&sql::ORDER_VIEW, json!({"order_id": "order-ann", "order_number": null, "owner": "ann"})),
        (&sql::ORDER_VIEW, json!({"order_id": null, "order_number": "ORD-1", "owner": null})),
        (&sql::ORDER_LIST, page(json!({"by_owner": "bob"}))),
        (&sql::ORDER_LIST, page(json!({"by_status": "cancelled"}))),
        (&sql::ORDER_LIST, page(json!({"all": true, "below": "order-z"}))),
        (&sql::ORDER_LIST, page(json!({"all": true, "payment": "failed"}))),
        (&sql::ORDER_FIND, page(json!({"by_emails": ["email-bob"]}))),
        (&sql::ORDER_FIND, page(json!({"by_number": "ORD-1"}))),
        (&sql::ORDER_FIND, page(json!({"by_sku": "TILL-0001"}))),
        (&sql::ORDER_LATEST, json!({"owner": "bob"})),
        (&sql::OUTBOX_LEASE, token.clone()),
        (&sql::DELIVERY_LEASE, with(token.clone(), json!({"receiver_id": "desk"}))),
        (&sql::RELAY_DUE, json!({"limit": 5})),
        (
            &sql::DELIVERY_LIST,
            json!({"receiver_id": "desk", "state": "published", "cursor": null, "limit": 5}),
        ),
        (&sql::SAGA_LEASE, token.clone()),
        (&sql::COMPENSATION_LEASE, token),
        (&sql::SAGA_RESUME, json!({"saga_id": "saga-cat", "lease_token": "w", "lease_ms": 1000})),
    ];
    let mut wrong = Vec::new();
    for (command, input) in commands {
        wrong.extend(walked(&shared, command.name, |shop| drop(shop.does(command, input))));
    }
    for (statement, input) in statements {
        wrong.extend(walked(&shared, statement.name, |shop| drop(shop.list(statement, input))));
    }
    // Stock is looked at once its movements are added up.
    for text in [audit::fold_begin(Dialect::Postgres), audit::fold(Dialect::Postgres)] {
        shop.query(&text, r#"{"limit": 1000000, "settle_ms": 0}"#).unwrap();
    }
    for walk in audit::WALKS {
        let input = json!({"after": "", "overdue_ms": 0, "event_age_ms": 0}).to_string();
        wrong.extend(walked(&shared, walk.name, |shop| {
            drop(shop.query(&audit::turn(walk, 5, Dialect::Postgres), &input).unwrap())
        }));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
