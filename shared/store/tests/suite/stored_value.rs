//! Stored value (PROMO-13): accounts, their ledgers, gift cards and their codes, and what many at once
//! make of one balance.

use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use store::{Refusal, StoreError, sql};

use super::{
    shopper::{Line, Shopper, event_with, shopper, with},
    support::{Database, SharedShop, shop},
};

const BALANCES: &str = "select account_id, kind, customer_id, currency, balance_minor, held_minor from account order by 1";
const LIMIT: i64 = 100_000_000_000;
const HOUR_MS: i64 = 3_600_000;

/// A customer's points.
pub fn points(customer_id: &str, amount: i64) -> Value {
    json!({"account_id": format!("points-{customer_id}"), "kind": "points", "customer_id": customer_id, "code_hash": null, "currency": "", "amount_minor": amount,
        "ttl_ms": null, "sealed": null, "actor": "service:desk", "reason": "welcome", "idempotency_key": null, "events": []})
}

pub fn credit(customer_id: &str, currency: &str, amount: i64) -> Value {
    let own = json!({"account_id": format!("{currency}-{customer_id}"), "kind": "credit", "currency": currency});
    with(points(customer_id, amount), own)
}

fn card(name: &str, amount: i64) -> Value {
    let own = json!({"account_id": name, "kind": "gift_card", "customer_id": null, "code_hash": format!("hash of {name}"), "currency": "USD", "ttl_ms": HOUR_MS,
        "sealed": {"code": "sealed"}});
    with(points("nobody", amount), own)
}

/// A correction, or with a kind over it something else.
pub fn entry(account_id: &str, amount: i64) -> Value {
    json!({"account_id": account_id, "kind": "corrected", "amount_minor": amount, "limit_minor": LIMIT, "actor": "service:desk", "reason": "a mistake",
        "idempotency_key": null, "events": []})
}

fn top_up(account_id: &str, amount: i64) -> Value {
    with(entry(account_id, amount), json!({"kind": "topped_up"}))
}

fn assign(customer_id: &str, code: &str) -> Value {
    json!({"customer_id": customer_id, "code_hash": format!("hash of {code}"), "actor": format!("customer:{customer_id}"), "idempotency_key": null, "events": []})
}

fn ledger(shop: &Database, account_id: &str) -> Vec<String> {
    shop.rows(&format!("select seq, kind, amount_minor, actor, reason from ledger where account_id = '{account_id}' order by seq"))
}

/// Every balance is the sum of its entries, and they are numbered from 1.
fn adds_up(shop: &Database) {
    let wrong = "select account_id from account as a where balance_minor <> (select sum(amount_minor) from ledger as l where l.account_id = a.account_id)
      or (select max(seq) from ledger as l where l.account_id = a.account_id) <> (select count(*) from ledger as l where l.account_id = a.account_id)";
    assert_eq!(shop.rows(wrong), [""; 0]);
}

#[test]
fn an_account_is_opened_with_its_first_entry_once_of_a_kind_and_currency() {
    let shop = shop();
    let opened =
        json!({"events": [event_with("e1", "points-ann", "accounts.account.opened", &[])]});
    let receipt = shop.does(&sql::ACCOUNT_OPEN, &with(points("ann", 500), opened));
    let at = &receipt["account"]["created_at_ms"];
    let account = json!({"account_id": "points-ann", "kind": "points", "customer_id": "ann", "currency": null, "balance_minor": 500, "held_minor": 0, "created_at_ms": at, "expires_at_ms": null});
    assert_eq!(receipt, json!({"account": account, "sealed": null}));
    assert_eq!(ledger(&shop, "points-ann"), ["1|opened|500|service:desk|welcome"]);
    assert_eq!(shop.events().len(), 1);
    shop.does(&sql::ACCOUNT_OPEN, &credit("ann", "USD", 0));
    shop.does(&sql::ACCOUNT_OPEN, &credit("ann", "EUR", 1));
    shop.does(&sql::ACCOUNT_OPEN, &points("bob", 1));
    for again in [points("ann", 1), credit("ann", "USD", 1)] {
        let again = with(again, json!({"account_id": "another"}));
        shop.refuses(&sql::ACCOUNT_OPEN, &again, Refusal::AccountExists);
    }
    shop.refuses(&sql::ACCOUNT_OPEN, &credit("bob", "CHF", 1), Refusal::CurrencyUnsupported);
    let view = |customer_id: Value| {
        shop.list(
            &sql::ACCOUNT_VIEW,
            &json!({"account_id": "points-ann", "customer_id": customer_id}),
        )
    };
    assert_eq!(view(Value::Null), std::slice::from_ref(&account));
    assert_eq!(view(json!("ann")), [account]);
    assert!(view(json!("bob")).is_empty(), "somebody else's");
    assert!(view(json!("")).is_empty(), "a guest's");
    adds_up(&shop);
}

#[test]
fn a_balance_moves_by_its_entries_and_never_below_what_is_held() {
    let shop = shop();
    shop.does(&sql::ACCOUNT_OPEN, &points("ann", 100));
    let changed = json!({"events": [event_with("e1", "points-ann", "accounts.account.changed", &["seq", "balance_minor"])]});
    let receipt = shop.does(&sql::ACCOUNT_ENTER, &with(top_up("points-ann", 50), changed));
    assert_eq!((&receipt["balance_minor"], &receipt["seq"]), (&json!(150), &json!(2)));
    assert_eq!(
        shop.events(),
        [
            r#"accounts.account.changed|points-ann|{"balance_minor":150,"said":"accounts.account.changed","seq":2}"#
        ]
    );
    shop.does(&sql::ACCOUNT_ENTER, &entry("points-ann", -30));
    shop.exec("update account set held_minor = 100");
    shop.refuses(&sql::ACCOUNT_ENTER, &entry("points-ann", -21), Refusal::BalanceTooLow);
    shop.does(&sql::ACCOUNT_ENTER, &entry("points-ann", -20));
    assert_eq!(shop.rows(BALANCES), ["points-ann|points|ann||100|100"]);
    shop.refuses(&sql::ACCOUNT_ENTER, &entry("points-ann", -1), Refusal::BalanceTooLow);
    shop.refuses(&sql::ACCOUNT_ENTER, &top_up("points-ann", LIMIT - 99), Refusal::BalanceTooHigh);
    shop.does(&sql::ACCOUNT_ENTER, &top_up("points-ann", LIMIT - 100));
    shop.refuses(&sql::ACCOUNT_ENTER, &entry("nobody", 1), Refusal::AccountNotFound);
    let page = |below: Value, limit: i64| -> Vec<i64> {
        let asked = json!({"account_id": "points-ann", "below": below, "limit": limit});
        shop.list(&sql::LEDGER_LIST, &asked).iter().map(|it| it["seq"].as_i64().unwrap()).collect()
    };
    assert_eq!((page(Value::Null, 2), page(json!(4), 9)), (vec![5, 4], vec![3, 2, 1]));
    adds_up(&shop);
}

// Whoever goes around the commands meets the constraint.
#[test]
fn no_balance_is_below_what_is_held_of_it() {
    let shop = shop();
    shop.does(&sql::ACCOUNT_OPEN, &points("ann", 100));
    for wrong in ["balance_minor = -1", "held_minor = 101", "held_minor = -1"] {
        assert!(shop.try_exec(&format!("update account set {wrong}")).is_err(), "{wrong}");
    }
}

#[test]
fn a_gift_card_is_whose_who_brings_its_code_first() {
    let shop = shop();
    let issued = shop.does(&sql::ACCOUNT_OPEN, &card("card", 5_000));
    assert_eq!(issued["sealed"], json!({"code": "sealed"}));
    assert_eq!(issued["account"]["customer_id"], Value::Null);
    shop.does(&sql::ACCOUNT_OPEN, &card("another", 1));
    let unknown = assign("ann", "no card");
    shop.refuses(&sql::GIFT_CARD_ASSIGN, &unknown, Refusal::GiftCardNotFound);
    let assigned = json!({"events": [event_with("e1", "ann", "accounts.gift_card.assigned", &["account_id", "balance_minor", "currency"])]});
    let receipt = shop.does(&sql::GIFT_CARD_ASSIGN, &with(assign("ann", "card"), assigned));
    assert_eq!(
        (&receipt["customer_id"], &receipt["balance_minor"]),
        (&json!("ann"), &json!(5_000))
    );
    assert_eq!(
        ledger(&shop, "card"),
        ["1|opened|5000|service:desk|welcome", "2|assigned|0|customer:ann|-"]
    );
    shop.refuses(&sql::GIFT_CARD_ASSIGN, &assign("ann", "card"), Refusal::GiftCardAssigned);
    shop.refuses(&sql::GIFT_CARD_ASSIGN, &assign("bob", "card"), Refusal::GiftCardNotFound);
    // A customer has as many as they are given.
    shop.does(&sql::GIFT_CARD_ASSIGN, &assign("ann", "another"));
    shop.does(&sql::ACCOUNT_OPEN, &card("late", 1));
    shop.advance(HOUR_MS);
    shop.refuses(&sql::GIFT_CARD_ASSIGN, &assign("ann", "late"), Refusal::GiftCardNotFound);
    shop.refuses(&sql::ACCOUNT_ENTER, &top_up("late", 1), Refusal::AccountExpired);
    shop.does(&sql::ACCOUNT_ENTER, &entry("late", -1));
    adds_up(&shop);
}

#[test]
fn accounts_are_listed_by_whose_they_are() {
    let shop = shop();
    for opened in [points("ann", 1), points("bob", 1), credit("ann", "USD", 1), card("card", 1)] {
        shop.does(&sql::ACCOUNT_OPEN, &opened);
    }
    let page = |customer_id: Value, cursor: Value, limit: i64| -> Vec<String> {
        let asked = json!({"customer_id": customer_id, "cursor": cursor, "limit": limit});
        let found = shop.list(&sql::ACCOUNT_LIST, &asked).into_iter();
        found.map(|it| it["account_id"].as_str().unwrap().to_owned()).collect()
    };
    let all = ["USD-ann", "card", "points-ann", "points-bob"];
    assert_eq!(page(Value::Null, Value::Null, 9), all);
    assert_eq!(page(Value::Null, json!("USD-ann"), 2), all[1..3]);
    assert_eq!(page(json!("ann"), Value::Null, 9), ["USD-ann", "points-ann"]);
    assert_eq!(page(json!("ann"), json!("USD-ann"), 1), ["points-ann"]);
    assert_eq!(page(json!(""), Value::Null, 9), [""; 0]);
    // All that is kept of her has them too, and an erasure leaves money where it is.
    let asked = json!({"owner": "customer:ann", "customer_id": "ann", "cursor": null, "limit": 1});
    let exported = shop.list(&sql::PERSON_EXPORT, &asked).remove(0);
    assert_eq!(exported["accounts"].as_array().unwrap().len(), 2, "{exported}");
    let balances = shop.rows(BALANCES);
    shop.list(&sql::CUSTOMER_ADD, &json!({"customer_id": "ann"}));
    for owner in ["customer:ann", "customer:bob"] {
        for of in ["gift-card", "promotion-code"] {
            let tried = json!({"subject": format!("{of}/{owner}"), "period_ms": 1, "most": 1});
            shop.list(&sql::ATTEMPT_TAKE, &tried);
        }
    }
    let erase = json!({"owner": "customer:ann", "customer_id": "ann", "cancel_id": "c", "actor": "service:desk", "reason": "they asked", "idempotency_key": null, "events": []});
    shop.does(&sql::PERSON_ERASE, &erase);
    assert_eq!(
        shop.rows("select subject from attempt_window order by subject"),
        ["gift-card/customer:bob", "promotion-code/customer:bob"]
    );
    assert_eq!(shop.rows(BALANCES), balances);
}

#[test]
fn tries_are_counted_by_subject_and_period() {
    let shop = shop();
    let take = |subject: &str| {
        let asked = json!({"subject": subject, "period_ms": HOUR_MS, "most": 3});
        let taken = shop.list(&sql::ATTEMPT_TAKE, &asked).remove(0);
        let wait_ms = taken["wait_ms"].as_i64().unwrap();
        assert!((1..=HOUR_MS).contains(&wait_ms), "{taken}");
        taken["attempts"].as_i64().unwrap()
    };
    let seen = || {
        let asked = json!({"subject": "ann", "period_ms": HOUR_MS});
        let rows = shop.list(&sql::ATTEMPT_SEEN, &asked);
        rows.first().map(|row| (row["attempts"].as_i64(), row["wait_ms"].as_i64()))
    };
    shop.now_is(1_000 * HOUR_MS);
    assert_eq!(seen(), None);
    assert_eq!([take("ann"), take("ann"), take("bob"), take("ann")], [1, 2, 1, 3]);
    // Beyond the most none is counted, and none that was right.
    assert_eq!([take("ann"), take("ann")], [4, 4]);
    shop.list(&sql::ATTEMPT_RETURN, &json!({"subject": "ann"}));
    assert_eq!(take("ann"), 4);
    assert!(shop.list(&sql::ATTEMPT_RETURN, &json!({"subject": "nobody"})).is_empty());
    assert_eq!(seen().unwrap().0, Some(4));
    assert!((1..=HOUR_MS).contains(&seen().unwrap().1.unwrap()));
    shop.advance(HOUR_MS);
    assert_eq!(seen(), None, "it is another period");
    assert_eq!([take("ann"), take("bob")], [1, 1]);
    shop.list(&sql::ATTEMPT_RETURN, &json!({"subject": "bob"}));
    assert_eq!(take("bob"), 1);
}

// PROMO-13: of many that together exceed the balance exactly those win that fit.
#[test]
fn of_corrections_at_once_those_win_that_fit() {
    let shared = SharedShop::new();
    let opened = 10_000;
    shared.open().does(&sql::ACCOUNT_OPEN, &points("ann", opened));
    shared.open().does(&sql::ACCOUNT_OPEN, &points("bob", 1_000));
    let taken = AtomicI64::new(0);
    let refused = shared.at_once(|shop, turn| {
        let mut refused = Vec::new();
        // Amounts that differ, so that a small one may fit where a large one does not: 8 threads
        // ask for some 27,000 of the 10,000.
        let mut seed = u64::try_from(turn).unwrap() + 1;
        for _ in 0..12 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let amount = i64::try_from((seed >> 33) % 560).unwrap() + 1;
            match shop.apply(&sql::ACCOUNT_ENTER, &entry("points-ann", -amount)) {
                Ok(_) => {
                    taken.fetch_add(amount, Ordering::Relaxed);
                }
                Err(StoreError::Refused(Refusal::BalanceTooLow)) => refused.push(amount),
                other => panic!("{other:?}"),
            }
        }
        // And of equal ones as many as there is room for.
        let won =
            (0..5).filter(|_| shop.apply(&sql::ACCOUNT_ENTER, &entry("points-bob", -70)).is_ok());
        (refused, won.count())
    });
    let shop = shared.open();
    let left = shop
        .one("select balance_minor from account where account_id = 'points-ann'")
        .as_i64()
        .unwrap();
    assert_eq!(left, opened - taken.into_inner());
    let losers: Vec<i64> = refused.iter().flat_map(|(losers, _)| losers.clone()).collect();
    assert!(!losers.is_empty());
    // A balance that only falls: who was refused would not fit at the end either.
    assert!(losers.iter().all(|amount| *amount > left), "{left} left, {losers:?} refused");
    assert_eq!(refused.iter().map(|(_, won)| won).sum::<usize>(), 14);
    assert_eq!(
        shop.rows("select balance_minor from account where account_id = 'points-bob'"),
        ["20"]
    );
    adds_up(&shop);
}

#[test]
fn of_customers_with_one_code_at_once_one_has_the_card() {
    let shared = SharedShop::new();
    shared.open().does(&sql::ACCOUNT_OPEN, &card("card", 5_000));
    let won = shared.at_once(|shop, turn| {
        match shop.apply(&sql::GIFT_CARD_ASSIGN, &assign(&format!("customer-{turn}"), "card")) {
            Ok(_) => true,
            Err(StoreError::Refused(Refusal::GiftCardNotFound)) => false,
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    let shop = shared.open();
    assert_eq!(ledger(&shop, "card").len(), 2);
    adds_up(&shop);
}

#[test]
fn of_tries_at_once_no_more_count_than_may() {
    let shared = SharedShop::new();
    let let_through = shared.at_once(|shop, _| {
        let asked = json!({"subject": "ann", "period_ms": i64::MAX, "most": 10});
        let tries = (0..5).map(|_| shop.list(&sql::ATTEMPT_TAKE, &asked).remove(0));
        tries.filter(|it| it["attempts"].as_i64().unwrap() <= 10).count()
    });
    assert_eq!(let_through.iter().sum::<usize>(), 10);
}

const TWO_CUPS: &[Line] = &[("TILL-0001", "wh-hanoi", 2)];
const DRAWS: &str =
    "select saga_id, account_id, units, amount_minor, state, order_id from draw order by 1, 2";

/// What is in each account, and what of it is held.
fn balances(shop: &Database) -> Vec<String> {
    shop.rows("select account_id, balance_minor, held_minor from account order by 1")
}

fn entries(shop: &Database, account_id: &str) -> Vec<String> {
    shop.rows(&format!("select kind, amount_minor, actor, order_id from ledger where account_id = '{account_id}' and seq > 1 order by seq"))
}

/// Ann with 2,000 of credit and a gift card of 500 that is nobody's, at the checkout with a total of
/// 3,000.
fn ann_with_two_accounts() -> (Database, Shopper) {
    let (shop, ann) = (shop(), shopper("customer:ann"));
    shop.does(&sql::ACCOUNT_OPEN, &credit("ann", "USD", 2_000));
    shop.does(&sql::ACCOUNT_OPEN, &card("card", 500));
    ann.goes_to_checkout(&shop, TWO_CUPS);
    (shop, ann)
}

const BOTH: &[(&str, i64)] = &[("USD-ann", 700), ("card", 500)];

#[test]
fn a_claim_holds_what_its_order_spends_and_its_cancel_gives_back() {
    let (shop, ann) = ann_with_two_accounts();
    shop.does(&sql::CONFIRM_BEGIN, &ann.confirm_drawing(2, TWO_CUPS, BOTH));
    assert_eq!(balances(&shop), ["USD-ann|2000|700", "card|500|500"]);
    assert_eq!(
        shop.rows("select amount_minor from payment"),
        ["1800"],
        "the card is asked for the rest"
    );
    assert_eq!(entries(&shop, "card"), [""; 0]);
    // Its own attempt counts what it holds as there.
    let asked = json!([{"account_id": "USD-ann"}, {"code_hash": "hash of card"}, {"account_id": "nobody's"}]);
    let input = json!({"owner": ann.0, "session_id": ann.own("session"), "idempotency_key": "none", "stored_value": asked});
    let facts = shop.list(&sql::CONFIRM_FACTS, &input).remove(0)["accounts"].clone();
    let seen: Vec<Value> = facts
        .as_array()
        .unwrap()
        .iter()
        .map(|a| json!([a["account_id"], a["available"]]))
        .collect();
    assert_eq!(seen, [json!(["USD-ann", 2000]), json!(["card", 500])]);

    shop.does(&sql::ORDER_CREATE, &with(ann.order_create(), json!({"draws": true})));
    assert_eq!(balances(&shop), ["USD-ann|1300|0", "card|0|0"]);
    assert_eq!(entries(&shop, "USD-ann"), ["spent|-700|customer:ann|order-customer:ann"]);
    assert_eq!(entries(&shop, "card"), ["spent|-500|customer:ann|order-customer:ann"]);
    let order = shop.list(&sql::ORDER_VIEW, &json!({"order_id": ann.own("order")})).remove(0);
    assert_eq!(
        order["draws"][0],
        json!({"account_id": "USD-ann", "kind": "credit", "customer_id": "ann", "units": 700, "amount_minor": 700, "state": "spent", "returned_units": 0})
    );
    shop.does(&sql::PAYMENT_CAPTURE, &with(ann.capture(), json!({"captured_minor": 1_800})));

    let refund = with(ann.compensation("refund_payment"), json!({"amount_minor": 1_800}));
    shop.does(
        &sql::ORDER_CANCEL,
        &with(ann.cancel(), json!({"compensation": refund, "actor": "service:desk"})),
    );
    assert_eq!(balances(&shop), ["USD-ann|2000|0", "card|500|0"]);
    let given_back = "returned|700|service:desk|order-customer:ann";
    assert_eq!(
        entries(&shop, "USD-ann"),
        ["spent|-700|customer:ann|order-customer:ann", given_back]
    );
    shop.refuses(&sql::ORDER_CANCEL, &ann.cancel(), Refusal::OrderChanged);
    assert_eq!(balances(&shop), ["USD-ann|2000|0", "card|500|0"]);
    adds_up(&shop);
}

#[test]
fn every_end_without_an_order_gives_back_what_was_held_of_accounts() {
    let free = json!({"payment_state": "failed", "free_cart": true});
    for (end, over) in [("declined", free.clone()), ("failed", free)] {
        let (shop, ann) = ann_with_two_accounts();
        shop.does(&sql::CONFIRM_BEGIN, &ann.confirm_drawing(2, TWO_CUPS, BOTH));
        shop.does(&sql::SAGA_SETTLE, &with(ann.settle(end), over));
        assert_eq!(balances(&shop), ["USD-ann|2000|0", "card|500|0"], "{end}");
        assert_eq!(entries(&shop, "card"), [""; 0], "{end}");
        // And the next try has it.
        shop.does(&sql::CONFIRM_BEGIN, &ann.drawing(ann.confirm_anew(2, TWO_CUPS), BOTH));
        assert_eq!(balances(&shop), ["USD-ann|2000|700", "card|500|500"], "{end}");
    }
    // What waits for the buyer passes on what it holds, in one statement, to who takes its place.
    let (shop, ann) = ann_with_two_accounts();
    shop.does(&sql::CONFIRM_BEGIN, &ann.confirm_drawing(2, TWO_CUPS, BOTH));
    let asked = json!({"payment_state": "requires_action", "reference": "pi-1"});
    shop.does(&sql::SAGA_SETTLE, &with(ann.settle("awaiting_action"), asked));
    shop.does(
        &sql::CONFIRM_BEGIN,
        &ann.drawing(ann.confirm_instead(2, TWO_CUPS), &[("card", 500)]),
    );
    assert_eq!(balances(&shop), ["USD-ann|2000|0", "card|500|500"]);
    assert_eq!(
        shop.rows(DRAWS),
        [
            "saga-2|card|500|500|held|-",
            "saga-customer:ann|USD-ann|700|700|returned|-",
            "saga-customer:ann|card|500|500|returned|-"
        ]
    );
    adds_up(&shop);
}

#[test]
fn nothing_is_claimed_that_an_account_does_not_have() {
    let draw = |ann: &Shopper, draws| ann.confirm_drawing(2, TWO_CUPS, draws);
    let changes: [(&str, &[(&str, i64)]); 5] = [
        ("select 1", &[("USD-ann", 2_001)]),
        ("select 1", &[("nobody", 1)]),
        ("update account set held_minor = 1400 where account_id = 'USD-ann'", &[("USD-ann", 700)]),
        ("update account set expires_at_ms = 1 where account_id = 'card'", BOTH),
        ("update account set customer_id = 'bob' where account_id = 'card'", BOTH),
    ];
    for (change, draws) in changes {
        let (shop, ann) = ann_with_two_accounts();
        shop.exec(change);
        let before = balances(&shop);
        shop.refuses(&sql::CONFIRM_BEGIN, &draw(&ann, draws), Refusal::BalanceTooLow);
        assert_eq!((balances(&shop), shop.rows(DRAWS)), (before, vec![]), "{change}");
    }
    // It is theirs who bring the code, until somebody has made it theirs; and then it is theirs.
    let (shop, ann) = ann_with_two_accounts();
    shop.does(&sql::GIFT_CARD_ASSIGN, &assign("ann", "card"));
    shop.does(&sql::CONFIRM_BEGIN, &draw(&ann, BOTH));
    // What is held cannot be taken out, and the account not be drawn on twice.
    shop.refuses(&sql::ACCOUNT_ENTER, &entry("USD-ann", -1_301), Refusal::BalanceTooLow);
    shop.does(&sql::ACCOUNT_ENTER, &entry("USD-ann", -1_300));
}

#[test]
fn of_claims_at_once_on_one_balance_those_win_that_fit() {
    const CUP: &[Line] = &[("TILL-0001", "wh-hanoi", 1)];
    let shared = SharedShop::new();
    let shop = shared.open();
    shop.does(&sql::ACCOUNT_OPEN, &card("card", 2_500));
    shop.does(&sql::ACCOUNT_OPEN, &card("other", 100_000));
    let won = shared.at_once(|shop, turn| {
        let buyer = shopper(&format!("b{turn}"));
        buyer.goes_to_checkout(shop, CUP);
        // In one order or the other.
        let mut draws = [("card", 500), ("other", 100)];
        if turn % 2 == 0 {
            draws.reverse();
        }
        match shop.apply(&sql::CONFIRM_BEGIN, &buyer.confirm_drawing(2, CUP, &draws)) {
            Ok(_) if turn % 3 == 0 => {
                shop.does(&sql::ORDER_CREATE, &with(buyer.order_create(), json!({"draws": true})));
                true
            }
            Ok(_) => true,
            Err(StoreError::Refused(Refusal::BalanceTooLow)) => false,
            Err(error) => panic!("{error}"),
        }
    });
    assert_eq!(won.into_iter().filter(|won| *won).count(), 5);
    let left = shop.rows("select account_id, balance_minor - held_minor from account order by 1");
    assert_eq!(left, ["card|0", "other|99500"]);
    adds_up(&shop);
}
