//! The host calls of a confirm with capture, in its order: gate, facts, claim, gate, authorization,
//! order, capture, gate.

use super::{After, id, one, open, provider, run};
use spin_sdk::key_value::Store;

/// As long as a plan that is kept.
const KEPT_BYTES: usize = 1_500;
/// As long as what is kept of a line, or said of an order to the outside.
const LINE_BYTES: usize = 300;
/// As long as a stored reply.
const REPLY_BYTES: usize = 1_000;

pub(crate) fn confirm(number: u32, skus: [String; 3]) -> (String, Option<After>) {
    let (id, gate) = (id(), format!("bare/{number}"));
    let store = Store::open_default().expect("a store");
    store.get(&gate).expect("a gate");

    let database = open("bare_confirm");
    let facts = one(
        &database,
        include_str!("../sql/confirm_read.sql"),
        &format!("{{\"session_id\":\"session-{number}\"}}"),
    );
    assert!(facts.contains("lines"), "{facts}");
    let [a, b, c] = skus;
    let (kept, line) = ("k".repeat(KEPT_BYTES), "l".repeat(LINE_BYTES));
    let doc = |reference: &str| {
        format!(
            "{{\"id\":\"{id}\",\"cart_id\":\"cart-{number}\",\"session_id\":\"session-{number}\",\"reference\":\"{reference}\",\
             \"a\":\"{a}\",\"b\":\"{b}\",\"c\":\"{c}\",\"kept\":\"{kept}\",\"line\":\"{line}\"}}"
        )
    };
    let apply = |name: &str, effects: &str, doc: &str| {
        run(&database, effects);
        let fire = format!(
            "insert into command (name, doc) values ('{name}', ?1) returning (select doc from saga where saga_id = command.doc ->> 'id')"
        );
        let receipt = one(&database, &fire, doc);
        assert!(receipt.contains(&id), "{receipt}");
    };

    apply("claim", include_str!("../sql/confirm_claim.sql"), &doc(""));
    store.get("breaker/bare").expect("a breaker");
    let reference = provider::authorize(&id);
    apply("order", include_str!("../sql/confirm_order.sql"), &doc(&reference));
    store.get("breaker/bare").expect("a breaker");
    provider::capture(&id, &reference);
    apply("capture", include_str!("../sql/confirm_capture.sql"), &doc(&reference));

    let reply = format!("{{\"order_id\":\"{id}\",\"more\":\"{}\"}}", "r".repeat(REPLY_BYTES));
    let done = format!("done {id} {reply}");
    (reply, Some(Box::new(move || store.set(&gate, done.as_bytes()).expect("a gate"))))
}
