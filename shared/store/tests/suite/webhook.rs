//! What the payment provider tells by itself (PAY-4).

use super::{
    shopper::{Line, shopper, with},
    support::{Database, shop},
};
use serde_json::{Value, json};
use store::{Refusal, sql};

const A_CUP: &[Line] = &[("TILL-0001", "wh-hanoi", 2)];
const HOUR_MS: i64 = 3_600_000;

fn told(event_id: &str, over: Value) -> Value {
    let of = json!({"source": "stripe", "event_id": event_id, "type": "payment_intent.succeeded", "reference": "pi-ann",
        "saga_id": null, "dispute": null, "alert": null});
    with(of, over)
}

fn tell(shop: &Database, event_id: &str, over: Value) -> (Value, Value) {
    let found = shop.does(&sql::WEBHOOK_RECEIVE, &told(event_id, over));
    (found["saga_id"].clone(), found["waits"].clone())
}

/// How many are due in this hour.
fn due(shop: &Database, table: &str) -> Value {
    let soon = HOUR_MS / 2;
    shop.one(&format!(
        "select count(*) from {table} where next_attempt_at_ms < created_at_ms + {soon}"
    ))
}

#[test]
fn what_is_told_of_an_attempt_is_kept_once_and_makes_it_due() {
    let (shop, ann, bob) = (shop(), shopper("ann"), shopper("bob"));
    ann.is_at_the_bank(&shop, A_CUP);
    bob.is_at_the_bank(&shop, A_CUP);
    shop.exec(&format!("update saga set next_attempt_at_ms = next_attempt_at_ms + {HOUR_MS}"));
    assert_eq!(due(&shop, "saga"), json!(0));
    assert_eq!(tell(&shop, "evt-1", json!({})), (json!("saga-ann"), json!(true)));
    assert_eq!(due(&shop, "saga"), json!(1), "hers, and not his");
    assert_eq!(
        shop.rows("select source, event_id, type, reference from inbox"),
        ["stripe|evt-1|payment_intent.succeeded|pi-ann"]
    );
    // Told again, it is answered as it was.
    let again = |event_id: &str| {
        let told = told(event_id, json!({}));
        shop.refuses(&sql::WEBHOOK_RECEIVE, &told, Refusal::WebhookSeen);
        shop.list(&sql::WEBHOOK_SEEN, &told)
    };
    assert_eq!(again("evt-1"), [json!({"known": true})]);
    // Another's event of the same id is another event.
    let from_elsewhere = json!({"source": "elsewhere"});
    assert_eq!(tell(&shop, "evt-1", from_elsewhere), (Value::Null, json!(false)));
    // What is known by the name that we gave it.
    let named = json!({"reference": "pi-nobody", "saga_id": "saga-bob"});
    assert_eq!(tell(&shop, "evt-2", named), (json!("saga-bob"), json!(true)));
    assert_eq!(due(&shop, "saga"), json!(2));
    let of_nobody = json!({"reference": "pi-nobody", "saga_id": "saga-nobody"});
    assert_eq!(tell(&shop, "evt-3", of_nobody), (Value::Null, json!(false)));
    assert_eq!(again("evt-3"), [json!({"known": false})]);
    assert_eq!(shop.one("select count(*) from inbox"), json!(4));
}

#[test]
fn what_is_told_while_the_provider_is_asked_is_asked_about_again() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.is_at_the_bank(&shop, A_CUP);
    let waits = |token: &str, told: bool| {
        let lease = json!({"saga_id": "saga-ann", "lease_token": token, "lease_ms": HOUR_MS});
        let saga = shop.list(&sql::SAGA_RESUME, &lease).remove(0);
        shop.advance(1);
        if told {
            assert_eq!(tell(&shop, token, json!({})), (json!("saga-ann"), json!(true)));
        }
        let over = json!({"lease_token": token, "from_states": ["awaiting_action"], "retry_in_ms": HOUR_MS, "leased_at_ms": saga["now_ms"]});
        shop.does(&sql::SAGA_SETTLE, &with(ann.settle("awaiting_action"), over));
        due(&shop, "saga")
    };
    assert_eq!(waits("w1", false), json!(0));
    assert_eq!(waits("w2", true), json!(1), "its driver may have asked before it happened");
    assert_eq!(waits("w3", false), json!(0));
}

#[test]
fn what_is_told_of_a_payment_makes_due_what_is_owed_of_it() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.pays(&shop, A_CUP);
    shop.does(&sql::ORDER_CANCEL, &ann.cancel());
    shop.exec(&format!(
        "update compensation set next_attempt_at_ms = next_attempt_at_ms + {HOUR_MS}"
    ));
    assert_eq!(due(&shop, "compensation"), json!(0));
    assert_eq!(
        tell(&shop, "evt-1", json!({"type": "refund.failed"})),
        (json!("saga-ann"), json!(false))
    );
    assert_eq!(due(&shop, "compensation"), json!(1));
    // What is done stays done.
    shop.exec(&format!("update compensation set state = 'done', next_attempt_at_ms = next_attempt_at_ms + {HOUR_MS}"));
    tell(&shop, "evt-2", json!({"type": "refund.updated"}));
    assert_eq!(due(&shop, "compensation"), json!(0));
}

#[test]
fn a_dispute_marks_its_payment_and_one_that_is_over_is_not_open_again() {
    let (shop, ann, bob) = (shop(), shopper("ann"), shopper("bob"));
    ann.pays(&shop, A_CUP);
    bob.pays(&shop, A_CUP);
    let stands = || shop.rows("select dispute from payment order by payment_id");
    assert_eq!(stands(), ["-", "-"]);
    let open =
        json!({"type": "charge.dispute.created", "dispute": "open", "alert": "a buyer disputes"});
    tell(&shop, "evt-1", open.clone());
    assert_eq!(stands(), ["open", "-"]);
    assert_eq!(
        shop.rows("select alert_id, detail from alert"),
        ["payment_disputed:payment-ann|a buyer disputes"]
    );
    tell(&shop, "evt-2", open.clone());
    tell(&shop, "evt-3", json!({"type": "charge.dispute.closed", "dispute": "won"}));
    tell(&shop, "evt-4", open.clone());
    assert_eq!(stands(), ["won", "-"]);
    assert_eq!(shop.one("select count(*) from alert"), json!(1));
    // Of nobody's payment there is no alert.
    tell(&shop, "evt-5", with(open, json!({"reference": "pi-nobody"})));
    assert_eq!(shop.one("select count(*) from alert"), json!(1));
}
