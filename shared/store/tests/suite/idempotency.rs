//! Replays: the receipt commits with the effect.

use ports::Sql as _;
use serde_json::{Value, json};
use store::{Command, Refusal, sql};

use super::{
    shopper::{event, keyed, shopper, with},
    support::{Database, shop},
};

/// Applied once; a second time nothing happens and the first receipt is there to answer with.
pub fn replays(shop: &Database, command: &Command, input: &Value) {
    let input = with(input.clone(), keyed(command.name));
    let receipt = shop.does(command, &input);
    shop.refuses(command, &input, Refusal::IdempotencyKeySeen);
    let stored = shop.list(&sql::RECEIPT, &json!({"idempotency_key": command.name}));
    assert_eq!(
        stored,
        [json!({"request_hash": format!("hash of {}", command.name), "receipt": receipt})]
    );
}

#[test]
fn every_change_of_a_shopper_is_applied_once_per_key() {
    let (shop, ann) = (shop(), shopper("ann"));
    let line = [("TILL-0001", "wh-hanoi", 2)];
    replays(&shop, &sql::CART_CREATE, &ann.cart_create());
    replays(
        &shop,
        &sql::CART_ADD_LINE,
        &with(
            ann.add("TILL-0001", 2),
            json!({"events": [event("e1", "cart-ann", "cart.item_added")]}),
        ),
    );
    replays(&shop, &sql::CART_SET_QUANTITY, &ann.set("TILL-0001", 1));
    replays(&shop, &sql::CART_REMOVE_LINE, &ann.remove("TILL-0001"));
    replays(&shop, &sql::CART_CLEAR, &ann.clear());
    shop.does(&sql::CART_ADD_LINE, &ann.add("TILL-0001", 2));
    replays(&shop, &sql::CHECKOUT_BEGIN, &ann.checkout(6));
    shop.does(&sql::CONFIRM_BEGIN, &ann.confirm(6, &line));
    shop.does(&sql::ORDER_CREATE, &ann.order_create());
    shop.does(&sql::PAYMENT_CAPTURE, &ann.capture());
    replays(&shop, &sql::ORDER_CANCEL, &ann.cancel());
    let guest = shopper("guest");
    let guests = guest.fills_a_cart(&shop, &line);
    shop.does(
        &sql::SHARE_CREATE,
        &json!({"share_id": "s", "token_hash": "h", "owner": "guest", "ttl_ms": 1000, "share_limit": 1, "prune_limit": 1}),
    );
    replays(&shop, &sql::SHARE_REVOKE, &json!({"share_id": "s", "owner": "guest"}));
    replays(
        &shop,
        &sql::CART_MERGE,
        &shopper("bob").merge(&guest, guests, None, &[("TILL-0001", 2)]),
    );
    shop.stock_adds_up();
}

#[test]
fn an_operators_action_is_applied_once_per_key() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.pays(&shop, &[("TILL-0001", "wh-hanoi", 1)]);
    shop.does(
        &sql::ORDER_CANCEL,
        &with(
            ann.cancel(),
            json!({"events": [event("e1", "order/order-ann", "orders.order.cancelled")]}),
        ),
    );
    shop.exec("update compensation set state = 'dead'");
    shop.exec("update outbox set state = 'dead' where event_id = 'e1'");
    let seen = json!({"compensation_id": "compensation-ann", "event_id": "e1", "state": "dead", "attempts": 0, "retries": 0, "legal_from": ["dead", "pending"],
        "payment_state": "captured", "payment_refunded_minor": 0, "captured_minor": 0, "refunded_minor": 0, "saga_state": "failed",
        "outcome": "written_off", "actor": "service:desk", "reason": "why", "events": []});
    let now = |retries: i64| with(seen.clone(), json!({"state": "pending", "retries": retries}));
    replays(&shop, &sql::COMPENSATION_RETRY, &seen);
    replays(&shop, &sql::COMPENSATION_RESOLVE, &now(1));
    replays(&shop, &sql::OUTBOX_RETRY, &seen);
    replays(&shop, &sql::OUTBOX_RESOLVE, &now(0));
    let told = json!({"source": "event:/erp", "event_id": "a", "type": "customer.created", "reference": "ann", "actor": "erp", "data": {}, "error": null});
    shop.does(&sql::INBOX_ACCEPT, &told);
    let act = json!({"source": "event:/erp", "event_id": "a", "legal_from": ["pending"], "attempts": 0, "to_state": "resolved", "kind": "resolved",
        "actor": "service:desk", "reason": "known"});
    replays(&shop, &sql::INBOX_ACT, &act);
}

#[test]
fn a_person_is_erased_once_per_key() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.pays(&shop, &[("TILL-0001", "wh-hanoi", 1)]);
    let erase = json!({"owner": "ann", "cancel_id": "cancel-1", "actor": "service:desk", "reason": "they asked", "events": []});
    replays(&shop, &sql::PERSON_ERASE, &erase);
}

#[test]
fn stored_value_moves_once_per_key() {
    let shop = shop();
    let card = with(
        super::stored_value::points("ann", 500),
        json!({"account_id": "card", "kind": "gift_card", "customer_id": null, "code_hash": "h", "currency": "USD", "sealed": {"code": "sealed"}}),
    );
    replays(&shop, &sql::ACCOUNT_OPEN, &card);
    replays(&shop, &sql::ACCOUNT_ENTER, &super::stored_value::entry("card", -200));
    let assign =
        json!({"customer_id": "ann", "code_hash": "h", "actor": "customer:ann", "events": []});
    replays(&shop, &sql::GIFT_CARD_ASSIGN, &assign);
    assert_eq!(shop.rows("select balance_minor from account"), ["300"]);
}

#[test]
fn stock_is_received_once_per_key() {
    let shop = shop();
    let receive = json!({"sku": "TILL-0001", "warehouse_id": "wh-hanoi", "kind": "receive", "quantity": 5, "actor": "admin", "events": []});
    replays(&shop, &sql::STOCK_MOVE, &receive);
    shop.stock_adds_up();
}

#[test]
fn a_code_is_given_and_taken_once_per_key() {
    let (shop, ann) = (shop(), shopper("ann"));
    shop.does(&sql::CART_CREATE, &ann.cart_create());
    let code = with(ann.clear(), json!({"code": "TEN", "codes_limit": 5, "reply": {}}));
    replays(&shop, &sql::CART_CODE_ADD, &code);
    replays(&shop, &sql::CART_CODE_REMOVE, &code);
}

#[test]
fn attributes_are_set_once_per_key() {
    let (shop, ann) = (shop(), shopper("ann"));
    shop.does(&sql::CART_CREATE, &ann.cart_create());
    let kept =
        json!({"attributes": {"a": "1"}, "client_reference": null, "lines": [], "chars_limit": 9});
    replays(&shop, &sql::CART_ATTRIBUTES_SET, &with(ann.clear(), kept));
}

#[test]
fn a_currency_is_set_once_per_key() {
    let (shop, ann) = (shop(), shopper("ann"));
    shop.does(&sql::CART_CREATE, &ann.cart_create());
    let currency = with(ann.clear(), json!({"currency": "EUR", "from_currency": "USD"}));
    replays(&shop, &sql::CART_CURRENCY_SET, &currency);
}

#[test]
fn an_entry_is_deleted_once_per_key() {
    let shop = shop();
    let of = |subject: &str, rest: Value| with(json!({"subject": subject, "actor": "desk"}), rest);
    shop.exec("insert into warehouse (warehouse_id, name, country, priority) values ('empty', 'Empty', 'CH', 1)");
    shop.exec("insert into shipping_method (method_id, name, active) values ('none', 'None', 1)");
    shop.exec("insert into currency (currency, minor_digits, minimum_minor, ceiling_minor) values ('CHF', 2, 1, 2)");
    replays(
        &shop,
        &sql::WAREHOUSE_DELETE,
        &of("warehouse/empty", json!({"warehouse_id": "empty"})),
    );
    replays(&shop, &sql::ZONE_DELETE, &of("zone/US/CA", json!({"country": "US", "region": "CA"})));
    replays(
        &shop,
        &sql::TAX_DELETE,
        &of("tax/us/standard", json!({"zone": "us", "tax_class": "standard"})),
    );
    shop.exec("insert into promotion (promotion_id, version, rule, active, by_code, only_currency, starts_at_ms, ends_at_ms, uses, spent_minor) values ('none', 1, '{}', 1, 0, '', 0, 1, 0, 0)");
    replays(
        &shop,
        &sql::PROMOTION_DELETE,
        &of("promotion/none", json!({"promotion_id": "none", "events": []})),
    );
    shop.does(&sql::REWARD_PUT, &super::rewards::rule("none", json!({})));
    replays(
        &shop,
        &sql::REWARD_DELETE,
        &of("reward/none", json!({"reward_id": "none", "events": []})),
    );
    replays(&shop, &sql::METHOD_DELETE, &of("shipping-method/none", json!({"method_id": "none"})));
    replays(
        &shop,
        &sql::RATES_DELETE,
        &of(
            "shipping-rates/us/USD/standard",
            json!({"zone": "us", "currency": "USD", "method_id": "standard"}),
        ),
    );
    shop.exec("insert into special_price (sku, currency, customer_group, min_quantity, valid_from_ms, amount_minor) values ('TILL-0001', 'USD', '', 10, 0, 900)");
    replays(
        &shop,
        &sql::SPECIAL_PRICES_DELETE,
        &of("special-prices/TILL-0001/USD", json!({"sku": "TILL-0001", "currency": "USD"})),
    );
    shop.exec("insert into fee values ('USD', 'red', 'handling', 'Red', 1, null, null, '', '', 'standard', 1)");
    shop.exec("insert into exchange_rate (to_currency, from_currency, quoted_at_ms, factor) values ('GBP', 'EUR', 7, '0.8')");
    replays(
        &shop,
        &sql::EXCHANGE_RATE_DELETE,
        &of("exchange-rate/EUR/GBP/7", json!({"from": "EUR", "to": "GBP", "quoted_at_ms": "7"})),
    );
    replays(
        &shop,
        &sql::FEE_DELETE,
        &of("fee/USD/red", json!({"currency": "USD", "fee_id": "red"})),
    );
    replays(&shop, &sql::CURRENCY_DELETE, &of("currency/CHF", json!({"currency": "CHF"})));
}

// CHK-11
#[test]
fn what_is_collected_at_the_door_replays_its_receipt() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.pays_at_the_door(&shop, &[("TILL-0001", "wh-hanoi", 1)]);
    let collect =
        with(ann.changes(1, &["confirmed"]), json!({"reply": {"payment_status": "captured"}}));
    replays(&shop, &sql::ORDER_COLLECT, &collect);
}

// ORD-15
#[test]
fn what_is_shipped_and_what_has_arrived_replay_their_receipts() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.pays(&shop, &[("TILL-0001", "wh-hanoi", 1)]);
    replays(&shop, &sql::ORDER_MOVE, &ann.moves(1, "confirmed", "processing"));
    replays(&shop, &sql::ORDER_SHIP, &ann.ships(2, "one", &[(1, 1)]));
    replays(&shop, &sql::ORDER_DELIVER, &ann.receives(3, &["one"], &[(1, 1)]));
    let asked = json!({"entry": {"return_id": "b", "status": "requested", "detail": {}}, "reply": {"return_id": "b"}});
    replays(&shop, &sql::ORDER_RETURN, &with(ann.changes(4, &["delivered"]), asked));
}

// ORD-6
#[test]
fn what_goes_back_replays_its_receipt() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.pays(&shop, &[("TILL-0001", "wh-hanoi", 1)]);
    let owed = with(ann.compensation("refund_payment"), json!({"amount_minor": 100}));
    let refund = with(
        ann.changes(1, &["confirmed"]),
        json!({"to_status": null, "payment_state": "captured", "lines": [], "refund": {"refund_id": "r", "amount_minor": 100, "detail": {}},
            "owed": owed, "reply": {"refund_id": "r"}}),
    );
    replays(&shop, &sql::ORDER_REFUND, &refund);
}

#[test]
fn what_is_asked_for_of_a_held_order_replays_its_receipt() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.orders_for_later(&shop, &[("TILL-0001", "wh-hanoi", 1)]);
    replays(
        &shop,
        &sql::ORDER_CAPTURE,
        &with(ann.capture_order(1), json!({"reply": {"payment_status": "capture_pending"}})),
    );
}

#[test]
fn a_stored_receipt_is_the_first_one_byte_for_byte() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, &[]);
    let said = json!({"reply": {"sku": "TILL-0001", "unit_price": {"currency": "USD", "amount_minor": 1009}, "nothing": null, "warnings": ["ŏ \"x\""]}});
    let input = with(with(ann.add("TILL-0001", 2), said), keyed("k")).to_string();
    // The database's own bytes, before anything reads them.
    let mut texts = sql::CART_ADD_LINE.texts(shop.dialect());
    let fire = texts.pop().unwrap();
    texts.iter().for_each(|text| shop.exec(text));
    let first = shop.query(fire, &input).unwrap().remove(0);
    let stored = shop
        .query(sql::RECEIPT.texts(shop.dialect())[0], r#"{"idempotency_key": "k"}"#)
        .unwrap()
        .remove(0);
    assert!(stored.contains(&first), "{stored} {first}");
}

// On SQLite a statement that a document does not need stays at home; the next document on the same
// connection may need it.
#[test]
fn a_change_without_key_or_version_takes_neither_from_the_next() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, &[]);
    let add = ann.add("TILL-0001", 2);
    shop.does(&sql::CART_ADD_LINE, &add);
    replays(&shop, &sql::CART_ADD_LINE, &add);
    shop.does(&sql::CART_ADD_LINE, &add);
    shop.refuses(
        &sql::CART_ADD_LINE,
        &with(add.clone(), keyed("cart_add_line")),
        Refusal::IdempotencyKeySeen,
    );
    shop.refuses(
        &sql::CART_ADD_LINE,
        &with(add.clone(), json!({"if_versions": [1]})),
        Refusal::VersionConflict,
    );
    // An empty list accepts no version; null accepts any.
    shop.refuses(
        &sql::CART_ADD_LINE,
        &with(add.clone(), json!({"if_versions": []})),
        Refusal::VersionConflict,
    );
    shop.does(
        &sql::CART_ADD_LINE,
        &with(add, json!({"if_versions": null, "idempotency_key": null})),
    );
    assert_eq!(shop.one("select quantity from cart_line"), json!(8));
}

#[test]
fn the_key_is_judged_before_anything_else() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, &[("TILL-0001", "", 1), ("TILL-0002", "", 1)]);
    // After these the guards would refuse as well, but a replay must find its receipt.
    for (command, input, refusal) in [
        (
            &sql::CART_SET_QUANTITY,
            with(ann.set("TILL-0001", 2), json!({"if_versions": [3]})),
            Refusal::VersionConflict,
        ),
        (&sql::CART_REMOVE_LINE, ann.remove("TILL-0001"), Refusal::LineNotFound),
        (
            &sql::CART_CLEAR,
            with(ann.clear(), json!({"if_versions": [5]})),
            Refusal::VersionConflict,
        ),
    ] {
        replays(&shop, command, &input);
        shop.refuses(command, &input, refusal);
    }
}

#[test]
fn a_refusal_takes_no_key() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, &[]);
    let input = with(ann.remove("TILL-0001"), keyed("k"));
    shop.refuses(&sql::CART_REMOVE_LINE, &input, Refusal::LineNotFound);
    assert!(shop.list(&sql::RECEIPT, &json!({"idempotency_key": "k"})).is_empty());
    shop.does(&sql::CART_ADD_LINE, &with(ann.add("TILL-0001", 1), keyed("k")));
}

#[test]
fn an_expired_key_can_be_used_again() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, &[]);
    let input = with(ann.add("TILL-0001", 1), keyed("k"));
    shop.does(&sql::CART_ADD_LINE, &input);
    shop.advance(86_399_000);
    shop.refuses(&sql::CART_ADD_LINE, &input, Refusal::IdempotencyKeySeen);
    shop.advance(1_001);
    assert_eq!(shop.does(&sql::CART_ADD_LINE, &input)["quantity"], 2);
    assert_eq!(shop.one("select count(*) from idempotency"), 1);
    assert_eq!(
        shop.list(&sql::RECEIPT, &json!({"idempotency_key": "k"}))[0]["receipt"]["quantity"],
        2
    );
}

#[test]
fn without_a_key_nothing_is_stored() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, &[("TILL-0001", "", 1), ("TILL-0001", "", 1)]);
    assert_eq!(shop.one("select count(*) from idempotency"), 0);
}
