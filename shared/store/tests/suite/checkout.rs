//! Checkout sessions and the claim of a confirm (CHK).

use serde_json::{Value, json};
use store::{Refusal, sql};

use super::{
    shopper::{LEASE_MS, Line, Shopper, TEN_MINUTES_MS, event_with, shopper, with},
    support::{Database, shop},
};

const TWO_CUPS: &[Line] = &[("TILL-0001", "wh-hanoi", 2)];
const SESSIONS: &str = "select session_id, status, cart_version, country, region, shipping_method, payment_method, contact, totals, expires_at_ms - created_at_ms from checkout_session order by 1";

#[test]
fn a_session_is_opened_on_the_cart_as_it_was_seen() {
    let (shop, ann) = (shop(), shopper("ann"));
    let version = ann.fills_a_cart(&shop, TWO_CUPS);
    let events = [event_with("e1", "cart-ann", "checkout.begun", &["session_id"])];
    let said = json!({"reply": {"status": "open", "totals": {"total_minor": 3000}, "warnings": []}, "events": events});
    let receipt = shop.does(&sql::CHECKOUT_BEGIN, &with(ann.checkout(version), said));
    let (from, until) = (&receipt["created_at_ms"], &receipt["expires_at_ms"]);
    assert_eq!(
        receipt,
        json!({"status": "open", "totals": {"total_minor": 3000}, "warnings": [], "session_id": "session-ann", "created_at_ms": from,
        "prices_validated_at_ms": from, "expires_at_ms": until})
    );
    // The event says what it names of the receipt, and nothing else.
    assert_eq!(
        shop.events(),
        [r#"checkout.begun|cart-ann|{"said":"checkout.begun","session_id":"session-ann"}"#]
    );
    assert_eq!(
        receipt["expires_at_ms"].as_i64().unwrap() - receipt["created_at_ms"].as_i64().unwrap(),
        3 * TEN_MINUTES_MS
    );
    assert_eq!(
        shop.rows(SESSIONS),
        [
            r#"session-ann|open|2|VN||standard|pm_card|v2.data-key-ann.sealed|{"total_minor":3000}|1800000"#
        ]
    );
    assert_eq!(shop.rows("select status, version from cart"), ["checkout|2"]);
}

#[test]
fn a_session_is_refused_on_any_other_cart() {
    let (shop, ann) = (shop(), shopper("ann"));
    let version = ann.fills_a_cart(&shop, TWO_CUPS);
    shop.refuses(&sql::CHECKOUT_BEGIN, &ann.checkout(version - 1), Refusal::CartChanged);
    shop.refuses(
        &sql::CHECKOUT_BEGIN,
        &with(ann.checkout(version), json!({"owner": "eve"})),
        Refusal::CartNotFound,
    );
    shop.does(&sql::CHECKOUT_BEGIN, &ann.checkout(version));
    shop.does(&sql::CONFIRM_BEGIN, &ann.confirm(version, TWO_CUPS));
    shop.refuses(
        &sql::CHECKOUT_BEGIN,
        &with(ann.checkout(version), json!({"session_id": "s2"})),
        Refusal::CartLocked,
    );
}

#[test]
fn a_second_session_replaces_the_first_and_takes_its_holds_over() {
    let (shop, ann) = (shop(), shopper("ann"));
    let all = &[("TILL-0100", "wh-hanoi", 10)][..];
    ann.confirms(&shop, all);
    shopper("bob").confirms(&shop, TWO_CUPS);
    // A decline frees the cart and keeps the hold (CHK-9).
    shop.does(&sql::SAGA_SETTLE, &with(ann.settle("declined"), json!({"free_cart": true})));
    let until = shop.one("select expires_at_ms from reservation where session_id = 'session-ann'");
    shop.does(&sql::CHECKOUT_BEGIN, &with(ann.checkout(2), json!({"session_id": "session-ann-2"})));
    assert_eq!(
        shop.rows("select session_id, status from checkout_session order by 1"),
        ["session-ann|replaced", "session-ann-2|open", "session-bob|open"]
    );
    assert_eq!(
        shop.rows("select session_id, status from reservation order by 1"),
        ["session-ann-2|active", "session-bob|active"]
    );
    assert_eq!(
        shop.one("select expires_at_ms from reservation where session_id = 'session-ann-2'"),
        until,
        "and not for longer"
    );
    let moved = "select kind from stock_movement where sku = 'TILL-0100' and reserved_delta <> 0 order by movement_id";
    assert_eq!(shop.rows(moved), ["reserve"], "it was never free");
    // The next confirm has all of it.
    shop.does(
        &sql::CONFIRM_BEGIN,
        &with(ann.confirm_anew(2, all), json!({"session_id": "session-ann-2"})),
    );
    assert_eq!(shop.rows(moved), ["reserve", "release", "reserve"]);
    shop.stock_adds_up();
}

#[test]
fn who_begins_anew_gives_up_the_attempt_that_waits_for_them() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.is_at_the_bank(&shop, TWO_CUPS);
    let anew = with(ann.checkout(2), json!({"session_id": "session-2", "cancel_id": "cancel-1"}));
    // Without a word of that the cart is held.
    shop.refuses(
        &sql::CHECKOUT_BEGIN,
        &with(anew.clone(), json!({"cancel_id": null})),
        Refusal::CartLocked,
    );
    shop.refuses(
        &sql::CHECKOUT_BEGIN,
        &with(anew.clone(), json!({"cart_version": 1})),
        Refusal::CartChanged,
    );
    shop.does(&sql::CHECKOUT_BEGIN, &anew);
    assert_eq!(shop.rows(GIVEN_UP), ["saga-ann|superseded|-|cancel_intent|payment-ann"]);
    assert_eq!(shop.rows("select session_id, status from reservation"), ["session-2|active"]);
    shop.refuses(&sql::ORDER_CREATE, &ann.order_create(), Refusal::SagaMovedOn);
    shop.stock_adds_up();
    // Who is being asked at this moment is waited for.
    let (shop, ann) = (crate::suite::support::shop(), shopper("ann"));
    ann.confirms(&shop, TWO_CUPS);
    shop.refuses(&sql::CHECKOUT_BEGIN, &anew, Refusal::CartLocked);
}

/// Sagas with their cart's holder and what is owed for them.
const GIVEN_UP: &str = "select g.saga_id, g.state, c.saga_id, k.kind, k.payment_id from saga as g join cart as c on c.cart_id = g.cart_id
    left join compensation as k on k.saga_id = g.saga_id order by 1";

#[test]
fn a_change_of_the_cart_gives_up_the_attempt_that_waits_for_its_buyer() {
    let ann = shopper("ann");
    let changes = [
        (&sql::CART_ADD_LINE, ann.add("TILL-0002", 1)),
        (&sql::CART_SET_QUANTITY, ann.set("TILL-0001", 1)),
        (&sql::CART_REMOVE_LINE, ann.remove("TILL-0001")),
        (&sql::CART_CLEAR, ann.clear()),
    ];
    for (command, change) in changes {
        let shop = shop();
        let gives_up = with(change.clone(), json!({"cancel_id": "cancel-1"}));
        ann.confirms(&shop, TWO_CUPS);
        shop.refuses(command, &gives_up, Refusal::CartLocked);
        let asked = json!({"payment_state": "requires_action", "reference": "pi-ann"});
        shop.does(&sql::SAGA_SETTLE, &with(ann.settle("awaiting_action"), asked));
        shop.refuses(command, &change, Refusal::CartLocked);
        // A change that is refused gives nothing up.
        shop.refuses(
            command,
            &with(gives_up.clone(), json!({"if_versions": [9]})),
            Refusal::VersionConflict,
        );
        shop.does(command, &gives_up);
        assert_eq!(
            shop.rows(GIVEN_UP),
            ["saga-ann|superseded|-|cancel_intent|payment-ann"],
            "{}",
            command.name
        );
        assert_eq!(
            shop.rows("select session_id, status from reservation"),
            ["session-ann|active"],
            "what is held waits for the next confirm"
        );
        shop.stock_adds_up();
    }
}

// CHK-5: what another tab has ended since this one looked.
#[test]
fn a_claim_waits_until_the_last_one_of_its_buyer_has_cooled_down() {
    let half_a_minute = json!({"cool_down_ms": 30_000});
    type End = fn(&Database, &Shopper);
    let ends: [(End, bool); 5] = [
        (|shop, ann| drop(shop.does(&sql::ORDER_CREATE, &ann.order_create())), true),
        (|shop, ann| ends(shop, ann, "failed", "provider_silent"), true),
        (|shop, ann| ends(shop, ann, "voiding", "provider_silent"), true),
        (|shop, ann| ends(shop, ann, "voiding", "action_not_taken"), false),
        (|shop, ann| ends(shop, ann, "declined", "declined"), false),
    ];
    for (number, (end, waits)) in ends.into_iter().enumerate() {
        let (shop, ann) = (shop(), shopper("ann"));
        ann.confirms(&shop, TWO_CUPS);
        end(&shop, &ann);
        // Another cart of hers, as after a purchase.
        shop.exec("update cart set owner = 'was ann' where cart_id = 'cart-ann'");
        let other = json!({"cart_id": "cart-2", "session_id": "session-2"});
        shop.does(&sql::CART_CREATE, &with(ann.cart_create(), json!({"cart_id": "cart-2"})));
        shop.does(
            &sql::CART_ADD_LINE,
            &with(ann.add("TILL-0001", 2), json!({"cart_id": "cart-2"})),
        );
        shop.does(&sql::CHECKOUT_BEGIN, &with(ann.checkout(2), other.clone()));
        let claim = with(with(ann.confirm_anew(2, TWO_CUPS), other), half_a_minute.clone());
        if waits {
            shop.refuses(&sql::CONFIRM_BEGIN, &claim, Refusal::CoolingDown);
            shop.advance(29_000);
            shop.refuses(&sql::CONFIRM_BEGIN, &claim, Refusal::CoolingDown);
            shop.advance(1_000);
        }
        let saga = shop.does(&sql::CONFIRM_BEGIN, &claim);
        assert_eq!(saga["saga_id"], "saga-2", "{number}");
        shop.stock_adds_up();
    }
}

fn ends(shop: &Database, ann: &Shopper, state: &str, reason: &str) {
    let how = json!({"reason": reason, "free_cart": true, "release_stock": true});
    shop.does(&sql::SAGA_SETTLE, &with(ann.settle(state), how));
}

#[test]
fn an_attempt_is_given_up_while_it_waits_for_its_buyer() {
    let (shop, ann) = (shop(), shopper("ann"));
    let give_up = |owner: &str, cancel_id: &str| json!({"owner": owner, "cancel_id": cancel_id});
    assert_eq!(
        shop.does(&sql::ATTEMPT_GIVE_UP, &give_up("ann", "cancel-0")),
        json!({"given_up": 0})
    );
    ann.confirms(&shop, TWO_CUPS);
    shop.refuses(&sql::ATTEMPT_GIVE_UP, &give_up("ann", "cancel-1"), Refusal::CartLocked);
    shop.does(
        &sql::SAGA_SETTLE,
        &with(ann.settle("awaiting_action"), json!({"reference": "pi-ann"})),
    );
    assert_eq!(
        shop.does(&sql::ATTEMPT_GIVE_UP, &give_up("eve", "cancel-1")),
        json!({"given_up": 0})
    );
    assert_eq!(
        shop.does(&sql::ATTEMPT_GIVE_UP, &give_up("ann", "cancel-1")),
        json!({"given_up": 1})
    );
    assert_eq!(shop.rows(GIVEN_UP), ["saga-ann|superseded|-|cancel_intent|payment-ann"]);
    assert_eq!(
        shop.does(&sql::ATTEMPT_GIVE_UP, &give_up("ann", "cancel-2")),
        json!({"given_up": 0})
    );
    shop.stock_adds_up();
}

#[test]
fn a_session_that_is_abandoned_holds_nothing_and_waits_for_nobody() {
    let (shop, ann) = (shop(), shopper("ann"));
    let abandon = json!({"session_id": "session-ann", "owner": "ann", "cancel_id": "cancel-1"});
    ann.confirms(&shop, TWO_CUPS);
    shop.refuses(&sql::CHECKOUT_ABANDON, &abandon, Refusal::CartLocked);
    shop.does(
        &sql::SAGA_SETTLE,
        &with(ann.settle("awaiting_action"), json!({"reference": "pi-ann"})),
    );
    for over in [json!({"owner": "eve"}), json!({"session_id": "session-2"})] {
        shop.refuses(&sql::CHECKOUT_ABANDON, &with(abandon.clone(), over), Refusal::SessionClosed);
    }
    assert_eq!(
        shop.does(&sql::CHECKOUT_ABANDON, &abandon),
        json!({"session_id": "session-ann", "cart_id": "cart-ann", "status": "abandoned"})
    );
    assert_eq!(shop.rows(GIVEN_UP), ["saga-ann|superseded|-|cancel_intent|payment-ann"]);
    assert_eq!(shop.rows("select status, version from cart"), ["active|2"]);
    assert_eq!(shop.rows("select status from reservation"), ["released"]);
    shop.refuses(&sql::CHECKOUT_ABANDON, &abandon, Refusal::SessionClosed);
    shop.stock_adds_up();
    // The cart is hers to buy.
    shop.does(&sql::CHECKOUT_BEGIN, &with(ann.checkout(2), json!({"session_id": "session-2"})));
    shop.does(
        &sql::CONFIRM_BEGIN,
        &with(ann.confirm_anew(2, TWO_CUPS), json!({"session_id": "session-2"})),
    );
    // One that waits for nobody is closed as well, and owes nothing.
    let (shop, bob) = (crate::suite::support::shop(), shopper("bob"));
    bob.goes_to_checkout(&shop, TWO_CUPS);
    shop.does(
        &sql::CHECKOUT_ABANDON,
        &json!({"session_id": "session-bob", "owner": "bob", "cancel_id": "cancel-1"}),
    );
    assert_eq!(shop.rows("select status from cart"), ["active"]);
    assert!(shop.rows("select kind from compensation").is_empty());
}

#[test]
fn a_session_says_what_it_waits_for() {
    let (shop, ann) = (shop(), shopper("ann"));
    let payment = || {
        shop.list(&sql::SESSION_VIEW, &json!({"session_id": "session-ann", "owner": "ann"}))[0]["payment"].clone()
    };
    let live = || shop.list(&sql::ATTEMPT_LIVE, &json!({"owner": "ann"}));
    let version = ann.goes_to_checkout(&shop, TWO_CUPS);
    assert_eq!((payment(), live()), (json!(null), vec![]));
    shop.does(&sql::CONFIRM_BEGIN, &ann.confirm(version, TWO_CUPS));
    let until = shop.one("select expires_at_ms from reservation");
    assert_eq!(
        payment(),
        json!({"state": "authorizing", "payment_method": "pm_card", "expires_at_ms": until})
    );
    shop.does(
        &sql::SAGA_SETTLE,
        &with(ann.settle("awaiting_action"), json!({"reference": "pi-ann"})),
    );
    assert_eq!(payment()["state"], "awaiting_action");
    assert_eq!(live(), [json!({"session_id": "session-ann"})]);
    shop.does(&sql::ORDER_CREATE, &ann.order_create());
    assert_eq!((payment(), live()), (json!(null), vec![]));
}

#[test]
fn what_a_cart_holds_itself_is_available_to_it_wherever_it_asks() {
    let (shop, ann, bob) = (shop(), shopper("ann"), shopper("bob"));
    let all = &[("TILL-0100", "wh-hanoi", 10)][..];
    ann.confirms(&shop, all);
    bob.goes_to_checkout(&shop, all);
    for (name, available) in [("ann", 10), ("bob", 0)] {
        let owner = json!({"owner": name});
        let to_nowhere = json!({"owner": name, "country": null, "region": ""});
        let check = shop.list(&sql::CART_CHECK, &to_nowhere).remove(0);
        let held: Vec<_> = check["held"].as_array().unwrap().iter().collect();
        assert_eq!(
            held.iter().map(|own| own["quantity"].as_i64().unwrap()).sum::<i64>(),
            available
        );
        assert!(held.iter().all(|own| own["reserved_until_ms"].is_i64()), "{check}");
        // Whose provider is being asked has a cart that is locked.
        assert_eq!(check["locked"], name == "ann");
        let cart = shop.list(&sql::CART_VIEW, &owner).remove(0);
        let add = shop
            .list(&sql::CART_FOR_ADD, &json!({"owner": name, "sku": "TILL-0100", "quantity": 1}))
            .remove(0);
        let level = shop
            .list(&sql::PRICING_FACTS, &json!({"owner": name, "country": null, "region": null}))
            .remove(0)["levels"][0]
            .clone();
        assert_eq!(
            (&cart["lines"][0]["available"], &add["available"]),
            (&json!(available), &json!(available)),
            "{name}"
        );
        assert_eq!(
            level["on_hand"].as_i64().unwrap() - level["reserved"].as_i64().unwrap(),
            available,
            "{name}"
        );
    }
    assert_eq!(
        shop.list(&sql::CART_FOR_ADD, &json!({"owner": "ann", "sku": "nothing", "quantity": 1}))[0]
            ["available"],
        json!(null)
    );
}

#[test]
fn a_session_is_seen_by_its_owner_with_its_reservations() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.confirms(&shop, TWO_CUPS);
    let view = |owner: &str| {
        shop.list(&sql::SESSION_VIEW, &json!({"session_id": "session-ann", "owner": owner}))
    };
    assert!(view("eve").is_empty());
    let session = view("ann").remove(0);
    assert_eq!(
        (&session["status"], &session.get("contact"), &session["totals"]),
        (&json!("open"), &None, &json!({"total_minor": 3000}))
    );
    assert_eq!(session["reservations"][0]["reservation_id"], "hold-ann-1");
    assert_eq!(session["reservations"][0]["is_expired"], false);
    shop.advance(TEN_MINUTES_MS);
    assert_eq!(view("ann")[0]["reservations"][0]["is_expired"], true);
    assert_eq!(view("ann")[0]["status"], "open");
    shop.advance(2 * TEN_MINUTES_MS);
    assert_eq!(view("ann")[0]["status"], "expired");
}

#[test]
fn a_confirm_claims_the_cart_the_stock_and_the_payment_at_once() {
    let (shop, ann) = (shop(), shopper("ann"));
    // The same SKU and warehouse on two lines: the demand is their sum.
    let lines =
        [("TILL-0001", "wh-hanoi", 2), ("TILL-0001", "wh-hanoi", 3), ("TILL-0002", "wh-newark", 1)];
    let saga = ann.confirms(&shop, &lines);
    assert_eq!(
        (&saga["state"], &saga["lease_token"], &saga["attempts"], &saga["reason"]),
        (&json!("authorizing"), &json!("lease-ann"), &json!(0), &json!(null))
    );
    assert_eq!(saga["plan"], ann.plan(&lines));
    assert_eq!(
        saga["lease_until_ms"].as_i64().unwrap() - saga["now_ms"].as_i64().unwrap(),
        LEASE_MS
    );
    assert_eq!(
        saga["reserved_until_ms"].as_i64().unwrap() - saga["now_ms"].as_i64().unwrap(),
        TEN_MINUTES_MS
    );
    assert_eq!(
        saga["payment"],
        json!({"payment_id": "payment-ann", "provider": "stripe", "reference": null, "method": "pm_card", "state": "pending", "currency": "USD",
        "amount_minor": 3000, "captured_minor": 0, "refunded_minor": 0})
    );
    assert_eq!(shop.rows("select status, version, saga_id from cart"), ["checkout|4|saga-ann"]);
    assert_eq!(
        shop.rows(
            "select sku, warehouse_id, on_hand, reserved from stock where reserved > 0 order by sku"
        ),
        ["TILL-0001|wh-hanoi|1000|5", "TILL-0002|wh-newark|1000|1"]
    );
    assert_eq!(shop.rows("select reservation_id, session_id, order_id, sku, warehouse_id, quantity, status, expires_at_ms - created_at_ms from reservation order by 1"), [
        "hold-ann-1|session-ann|-|TILL-0001|wh-hanoi|2|active|600000",
        "hold-ann-2|session-ann|-|TILL-0001|wh-hanoi|3|active|600000",
        "hold-ann-3|session-ann|-|TILL-0002|wh-newark|1|active|600000",
    ]);
    assert_eq!(
        shop.rows("select kind, on_hand_delta, reserved_delta, reference from stock_movement where kind = 'reserve' order by movement_id"),
        ["reserve|0|2|hold-ann-1", "reserve|0|3|hold-ann-2", "reserve|0|1|hold-ann-3"]
    );
    shop.stock_adds_up();
}

#[test]
fn a_confirm_needs_an_open_session_of_this_owner_and_cart() {
    let (shop, ann) = (shop(), shopper("ann"));
    let version = ann.goes_to_checkout(&shop, TWO_CUPS);
    let confirm = ann.confirm(version, TWO_CUPS);
    for over in
        [json!({"session_id": "nothing"}), json!({"owner": "eve"}), json!({"cart_id": "cart-bob"})]
    {
        shop.refuses(&sql::CONFIRM_BEGIN, &with(confirm.clone(), over), Refusal::SessionClosed);
    }
    shop.does(
        &sql::CHECKOUT_BEGIN,
        &with(ann.checkout(version), json!({"session_id": "session-2"})),
    );
    shop.refuses(&sql::CONFIRM_BEGIN, &confirm, Refusal::SessionClosed);
    shop.advance(3 * TEN_MINUTES_MS);
    shop.refuses(
        &sql::CONFIRM_BEGIN,
        &with(confirm, json!({"session_id": "session-2"})),
        Refusal::SessionClosed,
    );
}

#[test]
fn a_confirm_needs_the_cart_and_the_prices_it_was_decided_from() {
    for change in [
        "update price set amount_minor = 1 where sku = 'TILL-0001'",
        "delete from price where sku = 'TILL-0001'",
        "update sku set active = 0 where sku = 'TILL-0001'",
        "delete from sku where sku = 'TILL-0001'",
    ] {
        let (shop, ann) = (shop(), shopper("ann"));
        let version = ann.goes_to_checkout(&shop, TWO_CUPS);
        shop.exec(change);
        shop.refuses(&sql::CONFIRM_BEGIN, &ann.confirm(version, TWO_CUPS), Refusal::PricesMoved);
    }
    let (shop, ann) = (shop(), shopper("ann"));
    let version = ann.goes_to_checkout(&shop, TWO_CUPS);
    shop.refuses(&sql::CONFIRM_BEGIN, &ann.confirm(version - 1, TWO_CUPS), Refusal::CartChanged);
    shop.does(&sql::CART_ADD_LINE, &ann.add("TILL-0002", 1));
    shop.refuses(&sql::CONFIRM_BEGIN, &ann.confirm(version, TWO_CUPS), Refusal::CartChanged);
}

// PRICE-5: what one costs goes by all of the SKU, by whoever buys, and by the clock.
#[test]
fn a_confirm_holds_each_price_against_the_whole_quantity_and_the_buyers_group() {
    let lines = &[("TILL-0001", "wh-hanoi", 6), ("TILL-0001", "wh-newark", 4)];
    let wholesale = json!({"subject": "customer/ann", "actor": "desk", "customer_id": "ann", "customer_group": "wholesale", "segments": []});
    let special = |over: Value| {
        with(
            json!({"customer_group": null, "min_quantity": 1, "valid_from_ms": 0, "valid_until_ms": null, "amount_minor": 900}),
            over,
        )
    };
    // A special price, and whether it is the one that ten of them cost a wholesaler.
    for (over, charged) in [
        (json!({}), true),
        (json!({"min_quantity": 10}), true),
        (json!({"min_quantity": 11}), false),
        (json!({"customer_group": "wholesale"}), true),
        (json!({"customer_group": "staff"}), false),
        (json!({"valid_from_ms": 9_000_000_000_000_i64}), false),
        (json!({"valid_until_ms": 9_000_000_000_000_i64}), true),
        (json!({"valid_until_ms": 1}), false),
        (json!({"amount_minor": 1_010}), false),
    ] {
        let (shop, ann) = (shop(), shopper("customer:ann"));
        shop.does(&sql::CUSTOMER_PUT, &wholesale);
        let version = ann.goes_to_checkout(&shop, lines);
        let read = shop.list(&sql::CART_VIEW, &json!({"owner": "customer:ann"})).remove(0);
        assert_eq!(read["lines"][0]["price_minor"], 1_009);
        let put = json!({"subject": "special-prices/TILL-0001/USD", "actor": "desk", "sku": "TILL-0001", "currency": "USD", "prices": [special(over.clone())]});
        shop.does(&sql::SPECIAL_PRICES_PUT, &put);
        let read = shop.list(&sql::CART_VIEW, &json!({"owner": "customer:ann"})).remove(0);
        let costs = if charged { 900 } else { 1_009 };
        assert_eq!(read["lines"][0]["price_minor"], costs, "{over}");
        let mut confirm = ann.confirm(version, lines);
        if charged {
            shop.refuses(&sql::CONFIRM_BEGIN, &confirm, Refusal::PricesMoved);
        }
        for line in confirm["plan"]["lines"].as_array_mut().unwrap() {
            line["unit_price_minor"] = json!(costs);
        }
        shop.does(&sql::CONFIRM_BEGIN, &confirm);
    }
}

#[test]
fn a_confirm_takes_all_its_stock_or_none() {
    let (shop, ann) = (shop(), shopper("ann"));
    let version = ann.goes_to_checkout(&shop, TWO_CUPS);
    for lines in [
        &[("TILL-0001", "wh-hanoi", 1), ("TILL-0100", "wh-hanoi", 11)][..],
        &[("TILL-0100", "wh-hanoi", 6), ("TILL-0001", "wh-hanoi", 1), ("TILL-0100", "wh-hanoi", 5)],
        &[("TILL-0100", "wh-newark", 1)],
        &[("TILL-0001", "nowhere", 1)],
    ] {
        shop.refuses(&sql::CONFIRM_BEGIN, &ann.confirm(version, lines), Refusal::InsufficientStock);
    }
    let mut nowhere = ann.confirm(version, TWO_CUPS);
    nowhere["plan"]["lines"][0]["warehouse_id"] = Value::Null;
    shop.refuses(&sql::CONFIRM_BEGIN, &nowhere, Refusal::InsufficientStock);
    shop.does(
        &sql::CONFIRM_BEGIN,
        &ann.confirm(version, &[("TILL-0100", "wh-hanoi", 6), ("TILL-0100", "wh-hanoi", 4)]),
    );
    shop.stock_adds_up();
}

#[test]
fn an_owner_confirms_one_at_a_time() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.confirms(&shop, TWO_CUPS);
    let again =
        with(ann.confirm(2, TWO_CUPS), json!({"saga_id": "saga-2", "idempotency_key": "key-2"}));
    shop.refuses(&sql::CONFIRM_BEGIN, &again, Refusal::ConfirmInProgress);
    shop.exec("update saga set state = 'awaiting_action'");
    shop.refuses(&sql::CONFIRM_BEGIN, &again, Refusal::ConfirmInProgress);
    // Even with no saga on its way, a cart that says it is held is held.
    for state in ["capturing", "completed", "voiding", "declined", "superseded", "failed"] {
        shop.exec(&format!("update saga set state = '{state}'"));
        shop.refuses(&sql::CONFIRM_BEGIN, &again, Refusal::CartChanged);
    }
}

#[test]
fn a_key_claims_once_until_its_confirm_ends_without_an_order() {
    for ended in ["declined", "failed", "voiding", "superseded"] {
        let (shop, ann) = (shop(), shopper("ann"));
        ann.confirms(&shop, TWO_CUPS);
        let again = with(
            ann.confirm_anew(2, TWO_CUPS),
            json!({"idempotency_key": "key-ann", "request_hash": "another"}),
        );
        for state in ["authorizing", "awaiting_action", "capturing", "completed"] {
            shop.exec(&format!("update saga set state = '{state}'"));
            shop.refuses(&sql::CONFIRM_BEGIN, &again, Refusal::IdempotencyKeySeen);
        }
        shop.exec("update saga set state = 'authorizing'");
        shop.does(&sql::SAGA_SETTLE, &with(ann.settle(ended), json!({"free_cart": true})));
        shop.does(&sql::CONFIRM_BEGIN, &again);
        assert_eq!(
            shop.rows("select owner, idempotency_key, saga_id, request_hash from confirm_key"),
            ["ann|key-ann|saga-2|another"]
        );
        // The retry holds what the first confirm held, not twice of it.
        assert_eq!(
            shop.rows("select reservation_id, status from reservation order by 1"),
            ["hold-2-1|active", "hold-ann-1|released"]
        );
        assert_eq!(
            shop.rows(
                "select sku, warehouse_id, reserved from stock where reserved > 0 order by sku"
            ),
            ["TILL-0001|wh-hanoi|2"]
        );
        shop.stock_adds_up();
    }
}

#[test]
fn another_key_joins_an_attempt_that_may_have_its_order() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.confirms(&shop, TWO_CUPS);
    let keys = || {
        shop.rows(
            "select owner, idempotency_key, saga_id, request_hash from confirm_key order by 2",
        )
    };
    for (at, state) in
        ["authorizing", "awaiting_action", "capturing", "completed"].into_iter().enumerate()
    {
        shop.exec(&format!("update saga set state = '{state}'"));
        assert_eq!(
            shop.does(&sql::CONFIRM_JOIN, &ann.join(&format!("tab-{at}"))),
            json!({"saga_id": "saga-ann"})
        );
        shop.refuses(
            &sql::CONFIRM_JOIN,
            &ann.join(&format!("tab-{at}")),
            Refusal::IdempotencyKeySeen,
        );
    }
    assert_eq!((keys().len(), keys()[4].as_str()), (5, "ann|tab-3|saga-ann|hash"));
    shop.refuses(
        &sql::CONFIRM_JOIN,
        &with(ann.join("tab-9"), json!({"owner": "eve"})),
        Refusal::SagaMovedOn,
    );
    for state in ["declined", "failed", "voiding", "superseded"] {
        shop.exec(&format!("update saga set state = '{state}'"));
        shop.refuses(&sql::CONFIRM_JOIN, &ann.join("tab-9"), Refusal::SagaMovedOn);
    }
    // Every key of an attempt that has ended is free, each for itself.
    shop.exec("update cart set saga_id = null");
    shop.does(&sql::CONFIRM_BEGIN, &ann.confirm_anew(2, TWO_CUPS));
    shop.does(&sql::CONFIRM_JOIN, &with(ann.join("tab-0"), json!({"saga_id": "saga-2"})));
    assert_eq!(
        keys(),
        [
            "ann|key-2|saga-2|hash",
            "ann|key-ann|saga-ann|hash",
            "ann|tab-0|saga-2|hash",
            "ann|tab-1|saga-ann|hash",
            "ann|tab-2|saga-ann|hash",
            "ann|tab-3|saga-ann|hash"
        ]
    );
}

#[test]
fn an_attempt_takes_the_place_of_one_that_waits_for_its_buyer() {
    let (shop, ann) = (shop(), shopper("ann"));
    // The last ten of it: what passes on to the new attempt is never to be had in between.
    let all = &[("TILL-0100", "wh-hanoi", 10)][..];
    ann.is_at_the_bank(&shop, all);
    let instead = ann.confirm_instead(2, all);
    assert_eq!(shop.does(&sql::CONFIRM_BEGIN, &instead)["saga_id"], "saga-2");
    assert_eq!(
        shop.rows("select saga_id, state, lease_until_ms > 0 from saga order by 1").len(),
        2
    );
    assert_eq!(
        shop.rows("select saga_id, state from saga order by 1"),
        ["saga-2|authorizing", "saga-ann|superseded"]
    );
    assert_eq!(shop.rows("select saga_id, status from cart"), ["saga-2|checkout"]);
    assert_eq!(
        shop.rows("select compensation_id, kind, payment_id, saga_id, amount_minor, state, reason, attempts from compensation"),
        ["cancel-2|cancel_intent|payment-ann|saga-ann|3000|pending|superseded|0"]
    );
    assert_eq!(
        shop.rows("select reservation_id, status from reservation order by 1"),
        ["hold-2-1|active", "hold-ann-1|released"]
    );
    // Whoever drives the first one comes too late, with a yes too.
    for call in [
        (&sql::ORDER_CREATE, ann.order_create()),
        (
            &sql::SAGA_SETTLE,
            with(ann.settle("declined"), json!({"from_states": ["awaiting_action"]})),
        ),
    ] {
        shop.refuses(call.0, &call.1, Refusal::SagaMovedOn);
    }
    shop.does(
        &sql::ORDER_CREATE,
        &with(
            ann.order_create(),
            json!({"saga_id": "saga-2", "lease_token": "lease-2", "reference": "pi-2"}),
        ),
    );
    shop.stock_adds_up();
}

#[test]
fn only_the_attempt_that_was_seen_is_superseded_and_only_while_it_waits() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.is_at_the_bank(&shop, TWO_CUPS);
    let instead = ann.confirm_instead(2, TWO_CUPS);
    shop.refuses(
        &sql::CONFIRM_BEGIN,
        &with(instead.clone(), json!({"supersedes": "saga-before"})),
        Refusal::ConfirmInProgress,
    );
    shop.refuses(&sql::CONFIRM_BEGIN, &ann.confirm_anew(2, TWO_CUPS), Refusal::ConfirmInProgress);
    for state in ["authorizing", "capturing", "declined", "superseded"] {
        shop.exec(&format!("update saga set state = '{state}'"));
        shop.refuses(&sql::CONFIRM_BEGIN, &instead, Refusal::ConfirmInProgress);
    }
    // A claim that is refused for another reason leaves the first one as it was.
    shop.exec("update saga set state = 'awaiting_action'");
    shop.refuses(
        &sql::CONFIRM_BEGIN,
        &with(instead.clone(), json!({"cart_version": 1})),
        Refusal::CartChanged,
    );
    shop.does(&sql::ORDER_CREATE, &ann.order_create());
    shop.refuses(&sql::CONFIRM_BEGIN, &instead, Refusal::CartConverted);
}

#[test]
fn stock_is_not_held_beyond_the_end_of_its_session() {
    let (shop, ann) = (shop(), shopper("ann"));
    let version = ann.goes_to_checkout(&shop, TWO_CUPS);
    shop.advance(2 * TEN_MINUTES_MS + 1_000);
    let saga = shop.does(&sql::CONFIRM_BEGIN, &ann.confirm(version, TWO_CUPS));
    assert_eq!(
        shop.one("select expires_at_ms from reservation"),
        shop.one("select expires_at_ms from checkout_session")
    );
    assert!(
        saga["reserved_until_ms"].as_i64().unwrap() - saga["now_ms"].as_i64().unwrap()
            < TEN_MINUTES_MS
    );
}

#[test]
fn a_retry_finds_the_last_units_it_holds_itself() {
    let (shop, ann) = (shop(), shopper("ann"));
    let all = &[("TILL-0100", "wh-hanoi", 10)][..];
    ann.confirms(&shop, all);
    shop.does(&sql::SAGA_SETTLE, &with(ann.settle("declined"), json!({"free_cart": true})));
    let facts = shop
        .list(
            &sql::CONFIRM_FACTS,
            &json!({"owner": "ann", "session_id": "session-ann", "idempotency_key": "key-ann"}),
        )
        .remove(0);
    assert_eq!(
        facts["pricing"]["levels"][0],
        json!({"sku": "TILL-0100", "warehouse_id": "wh-hanoi", "on_hand": 10, "reserved": 0, "priority": 1})
    );
    let mut retry = with(ann.confirm(2, all), json!({"saga_id": "saga-2"}));
    retry["plan"]["payment_id"] = json!("payment-2");
    retry["plan"]["lines"][0]["reservation_id"] = json!("hold-2");
    shop.does(&sql::CONFIRM_BEGIN, &retry);
    shop.stock_adds_up();
}

#[test]
fn a_cart_with_an_order_is_never_confirmed_again() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.pays(&shop, TWO_CUPS);
    shop.refuses(
        &sql::CONFIRM_BEGIN,
        &with(ann.confirm(2, TWO_CUPS), json!({"saga_id": "saga-2"})),
        Refusal::CartConverted,
    );
}

#[test]
fn a_confirm_is_decided_from_one_document() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.goes_to_checkout(&shop, TWO_CUPS);
    let facts = |owner: &str, key: &str| {
        shop.list(
            &sql::CONFIRM_FACTS,
            &json!({"owner": owner, "session_id": "session-ann", "idempotency_key": key}),
        )
    };
    assert!(facts("eve", "key-ann").is_empty());
    let before = facts("ann", "key-ann").remove(0);
    assert_eq!(before["session"]["totals"], json!({"total_minor": 3000}));
    assert_eq!(
        (&before["same_key"], &before["live"], &before["order"]),
        (&json!(null), &json!(null), &json!(null))
    );
    assert_eq!(before["pricing"]["cart"]["lines"][0]["sku"], "TILL-0001");
    shop.does(&sql::CONFIRM_BEGIN, &ann.confirm(2, TWO_CUPS));
    let running = facts("ann", "another key").remove(0);
    assert_eq!(
        (&running["same_key"], &running["live"]["saga_id"]),
        (&json!(null), &json!("saga-ann"))
    );
    let same_key = facts("ann", "key-ann").remove(0)["same_key"].clone();
    assert_eq!(
        (&same_key["request_hash"], &same_key["saga"]["saga_id"]),
        (&json!("hash"), &json!("saga-ann"))
    );
    shop.does(
        &sql::ORDER_CREATE,
        &with(ann.order_create(), json!({"to_state": "completed", "capture": false})),
    );
    let done = facts("ann", "key-ann").remove(0);
    assert_eq!(
        (&done["same_key"]["saga"]["state"], &done["live"], &done["order"]["order_id"]),
        (&json!("completed"), &json!(null), &json!("order-ann"))
    );
}

#[test]
fn totals_are_made_of_one_document() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, TWO_CUPS);
    let facts = |country: Value, region: Value| {
        shop.list(
            &sql::PRICING_FACTS,
            &json!({"owner": "ann", "country": country, "region": region}),
        )
        .remove(0)
    };
    let own = facts(json!(null), json!(null));
    assert_eq!(own["zone"], "vn");
    assert_eq!(
        own["currency"],
        json!({"currency": "USD", "minor_digits": 2, "minimum_minor": 50, "ceiling_minor": 500_000})
    );
    assert_eq!(own["taxes"].as_array().unwrap().len(), 3);
    assert!(own["taxes"].as_array().unwrap().contains(
        &json!({"tax_class": "reduced", "rate": "0.05", "inclusive": true, "rounding": "half_away"})
    ));
    assert_eq!(own["rates"].as_array().unwrap().len(), 6);
    assert!(
        own["rates"]
            .as_array()
            .unwrap()
            .contains(&json!({"method_id": "express", "name": "Express", "warehouse_id": null, "min_weight_g": 5000,
        "min_subtotal_minor": 0, "amount_minor": 3000}))
    );
    assert_eq!(
        own["levels"],
        json!([{"sku": "TILL-0001", "warehouse_id": "wh-hanoi", "on_hand": 1000, "reserved": 0, "priority": 1},
        {"sku": "TILL-0001", "warehouse_id": "wh-newark", "on_hand": 1000, "reserved": 0, "priority": 2}])
    );
    assert_eq!(own["cart"]["lines"][0]["price_minor"], 1009);
    assert_eq!(facts(json!("US"), json!("CA"))["zone"], "us-ca");
    assert_eq!(facts(json!("US"), json!("TX"))["zone"], "us");
    assert_eq!(facts(json!("US"), json!(null))["zone"], "us");
    shop.exec(
        "update tax set rounding = 'half_even' where zone = 'us-ca' and tax_class = 'standard'",
    );
    let taxed = json!({"tax_class": "standard", "rate": "0.0725", "inclusive": false, "rounding": "half_even"});
    assert!(facts(json!("US"), json!("CA"))["taxes"].as_array().unwrap().contains(&taxed));
    let nowhere = facts(json!("XX"), json!("CA"));
    assert_eq!(
        (&nowhere["zone"], &nowhere["taxes"], &nowhere["rates"]),
        (&json!(null), &json!([]), &json!([]))
    );
    shop.exec("update shipping_method set active = 0 where method_id = 'express'");
    assert_eq!(facts(json!("VN"), json!(""))["rates"].as_array().unwrap().len(), 4);
    assert!(
        shop.list(&sql::PRICING_FACTS, &json!({"owner": "eve", "country": null, "region": null}))
            .is_empty()
    );
}

#[test]
fn a_preview_counts_the_shoppers_own_holds_as_available_and_nobody_elses() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.confirms(&shop, TWO_CUPS);
    shopper("bob").confirms(&shop, &[("TILL-0001", "wh-hanoi", 5)]);
    let facts = shop
        .list(&sql::PRICING_FACTS, &json!({"owner": "ann", "country": null, "region": null}))
        .remove(0);
    assert_eq!(facts["levels"][0]["reserved"], 5);
}

// W20: where the regions of a country have taxes of their own, none at all would be taxed as if it
// were no region of theirs.
#[test]
fn a_checkout_needs_the_region_where_regions_have_taxes() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, TWO_CUPS);
    let to = |country: &str, region: &str| {
        with(ann.checkout(2), json!({"country": country, "region": region}))
    };
    shop.refuses(&sql::CHECKOUT_BEGIN, &to("US", ""), Refusal::RegionNeeded);
    for (country, region) in [("US", "TX"), ("US", "CA"), ("DE", "")] {
        shop.does(
            &sql::CHECKOUT_BEGIN,
            &with(to(country, region), json!({"session_id": format!("to-{country}-{region}")})),
        );
    }
}

// C4: what a session begins from is the cart that its buyer has seen, if they say which.
#[test]
fn a_checkout_begins_from_the_version_that_was_seen() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, TWO_CUPS);
    shop.refuses(
        &sql::CHECKOUT_BEGIN,
        &with(ann.checkout(2), json!({"if_versions": [1]})),
        Refusal::VersionConflict,
    );
    shop.does(&sql::CHECKOUT_BEGIN, &with(ann.checkout(2), json!({"if_versions": [1, 2]})));
}
