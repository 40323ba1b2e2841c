//! Carts and their lines (CART).

use serde_json::{Value, json};
use store::{Refusal, sql};

use super::{
    shopper::{CART_IDLE_MS, RECOVERY_MS, TEN_MINUTES_MS, event, event_with, shopper, with},
    support::{Database, shop},
};

const CARTS: &str =
    "select cart_id, owner, status, currency, country, version, saga_id from cart order by 1";
const LINES: &str = "select sku, quantity, added_price_minor from cart_line order by 1";

#[test]
fn a_cart_is_opened_with_its_event() {
    let (shop, ann) = (shop(), shopper("ann"));
    let receipt = shop.does(
        &sql::CART_CREATE,
        &with(
            ann.cart_create(),
            json!({"events": [event_with("e1", "cart-ann", "cart.created", &["version"])]}),
        ),
    );
    assert_eq!(receipt, json!({"cart_id": "cart-ann", "version": 1}));
    assert_eq!(shop.rows(CARTS), ["cart-ann|ann|active|USD|VN|1|-"]);
    assert_eq!(shop.events(), [r#"cart.created|cart-ann|{"said":"cart.created","version":1}"#]);
}

#[test]
fn a_cart_is_opened_with_its_lines_at_todays_prices() {
    let (shop, ann) = (shop(), shopper("ann"));
    let with_lines = |lines: serde_json::Value| with(ann.cart_create(), json!({"lines": lines}));
    let missing = json!([{"sku": "TILL-0001", "quantity": 1}, {"sku": "nothing", "quantity": 1}]);
    shop.refuses(&sql::CART_CREATE, &with_lines(missing.clone()), Refusal::SkuUnknown);
    shop.refuses(
        &sql::CART_CREATE,
        &with(with_lines(missing), json!({"currency": "XXX"})),
        Refusal::SkuUnknown,
    );
    shop.refuses(
        &sql::CART_CREATE,
        &with_lines(json!([{"sku": "TILL-0001", "quantity": 0}])),
        Refusal::QuantityOutOfRange,
    );
    let twice =
        json!([{"sku": "TILL-0001", "quantity": 6000}, {"sku": "TILL-0001", "quantity": 6000}]);
    shop.refuses(&sql::CART_CREATE, &with_lines(twice), Refusal::QuantityOutOfRange);
    let lines = json!([{"sku": "TILL-0002", "quantity": 1}, {"sku": "TILL-0001", "quantity": 2}, {"sku": "TILL-0002", "quantity": 4}]);
    shop.does(&sql::CART_CREATE, &with_lines(lines));
    assert_eq!(shop.rows(LINES), ["TILL-0001|2|1009", "TILL-0002|5|1019"]);
    assert_eq!(shop.rows(CARTS), ["cart-ann|ann|active|USD|VN|1|-"]);
}

#[test]
fn an_owner_has_one_live_cart() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, &[]);
    let second = with(
        ann.cart_create(),
        json!({"cart_id": "cart-two", "events": [event("e2", "cart-two", "cart.created")]}),
    );
    shop.refuses(&sql::CART_CREATE, &second, Refusal::CartExists);
    shop.exec("update cart set status = 'checkout'");
    shop.refuses(&sql::CART_CREATE, &second, Refusal::CartExists);
    shop.exec("update cart set status = 'completed'");
    shop.does(&sql::CART_CREATE, &second);
}

#[test]
fn adding_the_same_sku_adds_up_and_keeps_the_first_price() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, &[]);
    assert_eq!(
        shop.does(&sql::CART_ADD_LINE, &ann.add("TILL-0001", 2)),
        json!({"cart_id": "cart-ann", "version": 2, "quantity": 2})
    );
    let more = with(
        ann.add("TILL-0001", 3),
        json!({"price_minor": 5, "events": [event_with("e1", "cart-ann", "cart.item_added", &["version", "quantity"])]}),
    );
    assert_eq!(
        shop.does(&sql::CART_ADD_LINE, &more),
        json!({"cart_id": "cart-ann", "version": 3, "quantity": 5})
    );
    assert_eq!(shop.rows(LINES), ["TILL-0001|5|1009"]);
    assert_eq!(
        shop.events(),
        [r#"cart.item_added|cart-ann|{"quantity":5,"said":"cart.item_added","version":3}"#]
    );
}

#[test]
fn what_was_known_of_the_reply_is_kept_with_what_was_assigned() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, &[]);
    let said = json!({"reply": {"sku": "TILL-0001", "warnings": [{"code": "stock_unknown"}]}, "events": [event("e1", "cart-ann", "cart.item_added")]});
    let receipt = shop.does(&sql::CART_ADD_LINE, &with(ann.add("TILL-0001", 2), said));
    assert_eq!(
        receipt,
        json!({"sku": "TILL-0001", "warnings": [{"code": "stock_unknown"}], "cart_id": "cart-ann", "version": 2, "quantity": 2})
    );
    assert_eq!(shop.events(), [r#"cart.item_added|cart-ann|{"said":"cart.item_added"}"#]);
}

#[test]
fn several_events_of_one_command_keep_their_order() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, &[]);
    let events: Vec<_> =
        (0..5).map(|at| event(&format!("e{at}"), "cart-ann", &format!("step.{at}"))).collect();
    shop.does(&sql::CART_ADD_LINE, &with(ann.add("TILL-0001", 1), json!({"events": events})));
    assert_eq!(
        shop.rows("select type from outbox order by outbox_id"),
        ["step.0", "step.1", "step.2", "step.3", "step.4"]
    );
}

#[test]
fn adding_is_refused_beyond_its_limits() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, &[("TILL-0001", "", 9_999)]);
    shop.refuses(&sql::CART_ADD_LINE, &ann.add("TILL-0001", 2), Refusal::QuantityOutOfRange);
    shop.refuses(&sql::CART_ADD_LINE, &ann.add("TILL-0002", 0), Refusal::QuantityOutOfRange);
    shop.refuses(&sql::CART_ADD_LINE, &ann.add("TILL-0002", 10_001), Refusal::QuantityOutOfRange);
    shop.refuses(&sql::CART_ADD_LINE, &ann.add("TILL-0002", i64::MAX), Refusal::QuantityOutOfRange);
    shop.refuses(&sql::CART_ADD_LINE, &ann.add("TILL-0001", i64::MAX), Refusal::QuantityOutOfRange);
    shop.refuses(
        &sql::CART_ADD_LINE,
        &with(ann.add("TILL-0002", 6), json!({"quantity_limit": 5})),
        Refusal::QuantityOutOfRange,
    );
    shop.refuses(
        &sql::CART_ADD_LINE,
        &with(ann.add("TILL-0002", 1), json!({"line_limit": 1})),
        Refusal::TooManyLines,
    );
    shop.does(&sql::CART_ADD_LINE, &with(ann.add("TILL-0001", 1), json!({"line_limit": 1})));
}

#[test]
fn a_lines_quantity_is_replaced() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, &[("TILL-0001", "", 2)]);
    let set = with(
        ann.set("TILL-0001", 7),
        json!({"if_versions": [1, 2], "events": [event("e1", "cart-ann", "cart.quantity_changed")]}),
    );
    assert_eq!(
        shop.does(&sql::CART_SET_QUANTITY, &set),
        json!({"cart_id": "cart-ann", "version": 3, "quantity": 7})
    );
    assert_eq!(shop.rows(LINES), ["TILL-0001|7|1009"]);
    assert_eq!(shop.events().len(), 1);
    shop.refuses(&sql::CART_SET_QUANTITY, &ann.set("TILL-0002", 1), Refusal::LineNotFound);
    shop.refuses(
        &sql::CART_SET_QUANTITY,
        &ann.set("TILL-0001", 10_001),
        Refusal::QuantityOutOfRange,
    );
    shop.refuses(&sql::CART_SET_QUANTITY, &ann.set("TILL-0001", 0), Refusal::QuantityOutOfRange);
    shop.refuses(
        &sql::CART_SET_QUANTITY,
        &with(ann.set("TILL-0001", 6), json!({"quantity_limit": 5})),
        Refusal::QuantityOutOfRange,
    );
}

#[test]
fn a_line_is_removed() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, &[("TILL-0001", "", 2), ("TILL-0002", "", 1)]);
    let remove = with(
        ann.remove("TILL-0001"),
        json!({"events": [event("e1", "cart-ann", "cart.item_removed")]}),
    );
    assert_eq!(
        shop.does(&sql::CART_REMOVE_LINE, &remove),
        json!({"cart_id": "cart-ann", "version": 4, "quantity": 0})
    );
    assert_eq!(shop.rows(LINES), ["TILL-0002|1|1019"]);
    assert_eq!(shop.events().len(), 1);
    shop.refuses(
        &sql::CART_REMOVE_LINE,
        &with(remove, json!({"events": []})),
        Refusal::LineNotFound,
    );
}

#[test]
fn a_cart_is_cleared_and_stays() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, &[("TILL-0001", "", 2), ("TILL-0002", "", 1)]);
    shopper("bob").fills_a_cart(&shop, &[("TILL-0003", "", 1)]);
    assert_eq!(
        shop.does(&sql::CART_CLEAR, &ann.clear()),
        json!({"cart_id": "cart-ann", "version": 4, "lines": 0})
    );
    assert_eq!(shop.rows(LINES), ["TILL-0003|1|1029"]);
    assert_eq!(
        shop.rows(CARTS),
        ["cart-ann|ann|active|USD|VN|4|-", "cart-bob|bob|active|USD|VN|2|-"]
    );
}

#[test]
fn only_the_owner_changes_a_cart() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, &[("TILL-0001", "", 2)]);
    let eve = json!({"owner": "eve"});
    shop.refuses(
        &sql::CART_ADD_LINE,
        &with(ann.add("TILL-0001", 1), eve.clone()),
        Refusal::CartNotFound,
    );
    shop.refuses(
        &sql::CART_SET_QUANTITY,
        &with(ann.set("TILL-0001", 1), eve.clone()),
        Refusal::CartNotFound,
    );
    shop.refuses(
        &sql::CART_REMOVE_LINE,
        &with(ann.remove("TILL-0001"), eve.clone()),
        Refusal::CartNotFound,
    );
    shop.refuses(&sql::CART_CLEAR, &with(ann.clear(), eve), Refusal::CartNotFound);
    shop.exec("update cart set status = 'completed'");
    shop.refuses(&sql::CART_ADD_LINE, &ann.add("TILL-0001", 1), Refusal::CartNotFound);
}

#[test]
fn a_cart_held_by_a_confirm_does_not_change() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.confirms(&shop, &[("TILL-0001", "wh-hanoi", 2)]);
    shop.refuses(&sql::CART_ADD_LINE, &ann.add("TILL-0001", 1), Refusal::CartLocked);
    shop.refuses(&sql::CART_SET_QUANTITY, &ann.set("TILL-0001", 1), Refusal::CartLocked);
    shop.refuses(&sql::CART_REMOVE_LINE, &ann.remove("TILL-0001"), Refusal::CartLocked);
    shop.refuses(&sql::CART_CLEAR, &ann.clear(), Refusal::CartLocked);
    assert_eq!(shop.rows("select saga_id from cart where owner = 'ann'"), ["saga-ann"]);
}

#[test]
fn a_stale_version_is_refused() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, &[("TILL-0001", "", 2)]);
    let (stale, none) = (json!({"if_versions": [1]}), json!({"if_versions": []}));
    shop.refuses(
        &sql::CART_ADD_LINE,
        &with(ann.add("TILL-0001", 1), stale.clone()),
        Refusal::VersionConflict,
    );
    shop.refuses(
        &sql::CART_SET_QUANTITY,
        &with(ann.set("TILL-0001", 1), stale.clone()),
        Refusal::VersionConflict,
    );
    shop.refuses(
        &sql::CART_SET_QUANTITY,
        &with(ann.set("TILL-0001", 1), none),
        Refusal::VersionConflict,
    );
    shop.refuses(
        &sql::CART_REMOVE_LINE,
        &with(ann.remove("TILL-0001"), stale.clone()),
        Refusal::VersionConflict,
    );
    shop.refuses(&sql::CART_CLEAR, &with(ann.clear(), stale), Refusal::VersionConflict);
    shop.does(&sql::CART_CLEAR, &with(ann.clear(), json!({"if_versions": [1, 2]})));
}

#[test]
fn a_cart_is_read_whole_with_its_lines_oldest_first() {
    let (shop, ann) = (shop(), shopper("ann"));
    assert!(shop.list(&sql::CART_VIEW, &json!({"owner": "ann"})).is_empty());
    ann.fills_a_cart(&shop, &[]);
    for sku in ["TILL-0003", "TILL-0001", "TILL-0002"] {
        shop.does(&sql::CART_ADD_LINE, &ann.add(sku, 1));
        shop.advance(1_000);
    }
    shop.exec("update sku set active = 0 where sku = 'TILL-0002'; delete from price where sku = 'TILL-0002'");
    let cart = &shop.list(&sql::CART_VIEW, &json!({"owner": "ann"}))[0];
    assert_eq!(
        cart["lines"][0],
        json!({"sku": "TILL-0003", "quantity": 1, "added_price_minor": 1029, "name": "Sencha tea, 100 g", "active": true, "price_minor": 1029,
        "available": 2000, "attributes": {}})
    );
    assert_eq!(cart["lines"][1]["sku"], "TILL-0001");
    assert_eq!(cart["lines"][2]["price_minor"], json!(null));
    assert_eq!(cart["lines"][2]["active"], false);
    assert_eq!(
        (&cart["version"], &cart["status"], &cart["currency"]),
        (&json!(4), &json!("active"), &json!("USD"))
    );
}

#[test]
fn an_addition_is_decided_from_one_document() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, &[("TILL-0001", "", 2)]);
    let facts = |sku: &str| {
        shop.list(&sql::CART_FOR_ADD, &json!({"owner": "ann", "sku": sku, "quantity": 1})).remove(0)
    };
    assert_eq!(
        facts("TILL-0001"),
        json!({"cart_id": "cart-ann", "currency": "USD", "name": "Soup bowl, 500 ml, cream", "active": true, "known": true,
        "price_minor": 1009, "available": 2000, "in_cart": 2})
    );
    assert_eq!(facts("TILL-0100")["available"], 10);
    assert_eq!(
        facts("nothing"),
        json!({"cart_id": "cart-ann", "currency": "USD", "name": null, "active": false, "known": false,
        "price_minor": null, "available": null, "in_cart": null})
    );
    assert!(
        shop.list(&sql::CART_FOR_ADD, &json!({"owner": "eve", "sku": "TILL-0001", "quantity": 1}))
            .is_empty()
    );
}

// PRICE-5.
#[test]
fn each_read_of_a_line_says_what_one_of_so_many_costs_its_owner() {
    let (shop, ann) = (shop(), shopper("customer:ann"));
    let customer = json!({"subject": "customer/ann", "actor": "desk", "customer_id": "ann", "customer_group": "wholesale", "segments": []});
    shop.does(&sql::CUSTOMER_PUT, &customer);
    for (sku, group, min_quantity, amount_minor) in
        [("TILL-0001", None, 10, 900), ("TILL-0002", Some("wholesale"), 1, 800)]
    {
        for currency in ["USD", "EUR", "GBP"] {
            let price = json!({"customer_group": group, "min_quantity": min_quantity, "valid_from_ms": 0, "valid_until_ms": null, "amount_minor": amount_minor});
            let put = json!({"subject": format!("special-prices/{sku}/{currency}"), "actor": "desk", "sku": sku, "currency": currency, "prices": [price]});
            shop.does(&sql::SPECIAL_PRICES_PUT, &put);
        }
    }
    // Without a plain price it is not sold in a currency, whatever else there is.
    shop.exec("delete from price where sku = 'TILL-0001' and currency = 'GBP'");
    let price = |owner: &str, sku: &str, quantity: i64| {
        let asked = json!({"owner": owner, "sku": sku, "quantity": quantity});
        shop.list(&sql::CART_FOR_ADD, &asked).remove(0)["price_minor"].clone()
    };
    let bob = shopper("bob");
    for buyer in [&ann, &bob] {
        buyer.fills_a_cart(&shop, &[("TILL-0001", "", 2)]);
    }
    assert_eq!(price("customer:ann", "TILL-0001", 7), 1_009);
    assert_eq!(price("customer:ann", "TILL-0001", 8), 900, "with the two that are there");
    assert_eq!(price("customer:ann", "TILL-0002", 1), 800);
    assert_eq!(price("bob", "TILL-0002", 1), 1_019);

    shop.does(&sql::CART_ADD_LINE, &ann.add("TILL-0001", 8));
    shop.does(&sql::CART_ADD_LINE, &ann.add("TILL-0002", 1));
    let costs = |lines: &Value| {
        let lines = lines.as_array().unwrap();
        lines.iter().map(|line| line["price_minor"].as_i64()).collect::<Vec<_>>()
    };
    let read = shop.list(&sql::CART_VIEW, &json!({"owner": "customer:ann"})).remove(0);
    assert_eq!(costs(&read["lines"]), [Some(900), Some(800)]);
    let asked = json!({"owner": "customer:ann", "country": null, "region": "", "try_code": null});
    let read = shop.list(&sql::PRICING_FACTS, &asked).remove(0);
    assert_eq!(costs(&read["cart"]["lines"]), [Some(900), Some(800)]);

    // A cart that a service opens with its lines.
    let lines = json!([{"sku": "TILL-0001", "quantity": 4}, {"sku": "TILL-0002", "quantity": 1}, {"sku": "TILL-0001", "quantity": 6}]);
    let (cat, dan) = (shopper("customer:cat"), shopper("customer:dan"));
    shop.does(&sql::CART_CREATE, &with(cat.cart_create(), json!({"lines": lines})));
    let in_pounds = json!({"lines": lines, "currency": "GBP"});
    shop.refuses(&sql::CART_CREATE, &with(dan.cart_create(), in_pounds), Refusal::SkuUnknown);
    let added = |cart: &str| {
        shop.rows(&format!("select sku, quantity, added_price_minor from cart_line where cart_id = '{cart}' order by sku"))
    };
    assert_eq!(added("cart-customer:cat"), ["TILL-0001|10|900", "TILL-0002|1|1019"]);
    // Who comes back, in another currency.
    shop.exec("update cart set status = 'abandoned' where owner = 'customer:ann'");
    let back = json!({"cart_id": "cart-2", "currency": "EUR", "from_cart_id": "cart-customer:ann"});
    shop.does(&sql::CART_CREATE, &with(ann.cart_create(), back));
    assert_eq!(added("cart-2"), ["TILL-0001|10|900", "TILL-0002|1|800"]);
}

const OF_ANN: &[(&str, &str, i64)] = &[("TILL-0001", "wh-hanoi", 2), ("TILL-0002", "wh-hanoi", 1)];

#[test]
fn a_guests_cart_is_taken_into_a_customers_and_its_token_is_dead() {
    let (shop, ann, guest) = (shop(), shopper("ann"), shopper("guest"));
    let version = ann.fills_a_cart(&shop, OF_ANN);
    let guests =
        guest.fills_a_cart(&shop, &[("TILL-0002", "wh-hanoi", 3), ("TILL-0003", "wh-hanoi", 4)]);
    let facts = shop.list(
        &sql::CART_MERGE_FACTS,
        &json!({"guest_owner": "guest", "owner": "ann", "recovery_ms": RECOVERY_MS}),
    );
    assert_eq!(facts[0]["lines_in_cart"], 2);
    assert_eq!(
        (&facts[0]["guest_cart_id"], &facts[0]["cart_id"], &facts[0]["cart_version"]),
        (&json!("cart-guest"), &json!("cart-ann"), &json!(version))
    );
    let line = |at: usize| facts[0]["lines"][at].clone();
    assert_eq!(
        (&line(0)["sku"], &line(0)["quantity"], &line(0)["in_cart"], &line(0)["active"]),
        (&json!("TILL-0002"), &json!(3), &json!(1), &json!(true))
    );
    assert_eq!((&line(1)["in_cart"], &line(1)["price_minor"]), (&json!(null), &json!(1029)));

    let receipt = shop.does(
        &sql::CART_MERGE,
        &ann.merge(&guest, guests, Some(version), &[("TILL-0002", 4), ("TILL-0003", 4)]),
    );
    assert_eq!(
        (&receipt["cart_id"], &receipt["version"]),
        (&json!("cart-ann"), &json!(version + 1))
    );
    assert_eq!(
        shop.rows(CARTS),
        ["cart-ann|ann|active|USD|VN|4|-", "cart-guest|guest|merged|USD|VN|4|-"]
    );
    assert_eq!(
        shop.rows("select sku, quantity, added_price_minor from cart_line where cart_id = 'cart-ann' order by 1"),
        ["TILL-0001|2|1009", "TILL-0002|4|1019", "TILL-0003|4|1029"]
    );
    assert!(shop.events()[0].starts_with("cart.merged|cart-ann|"), "{:?}", shop.events());

    // Nobody comes in by the dead token, not even to a new cart.
    shop.refuses(&sql::CART_ADD_LINE, &guest.add("TILL-0001", 1), Refusal::CartNotFound);
    shop.refuses(
        &sql::CART_CREATE,
        &with(guest.cart_create(), json!({"cart_id": "cart-two"})),
        Refusal::CartNotFound,
    );
    shop.refuses(
        &sql::CART_MERGE,
        &ann.merge(&guest, guests + 1, Some(version + 1), &[]),
        Refusal::CartNotFound,
    );
    assert!(
        shop.list(
            &sql::CART_MERGE_FACTS,
            &json!({"guest_owner": "guest", "owner": "ann", "recovery_ms": RECOVERY_MS})
        )
        .is_empty()
    );
}

#[test]
fn a_customer_without_a_cart_gets_one_by_a_merge() {
    let (shop, ann, guest) = (shop(), shopper("ann"), shopper("guest"));
    let guests = guest.fills_a_cart(&shop, OF_ANN);
    let facts = shop.list(
        &sql::CART_MERGE_FACTS,
        &json!({"guest_owner": "guest", "owner": "ann", "recovery_ms": RECOVERY_MS}),
    );
    assert_eq!(
        (&facts[0]["cart_id"], &facts[0]["cart_version"], &facts[0]["currency"]),
        (&json!(null), &json!(null), &json!("USD"))
    );
    let receipt = shop.does(
        &sql::CART_MERGE,
        &ann.merge(&guest, guests, None, &[("TILL-0001", 2), ("TILL-0002", 1)]),
    );
    assert_eq!(receipt["version"], 1);
    assert_eq!(
        shop.rows(CARTS),
        ["cart-ann|ann|active|USD|VN|1|-", "cart-guest|guest|merged|USD|VN|4|-"]
    );
    assert_eq!(shop.one("select count(*) from cart_line where cart_id = 'cart-ann'"), json!(2));
}

#[test]
fn a_merge_needs_both_carts_as_they_were_and_free() {
    let (shop, ann, guest) = (shop(), shopper("ann"), shopper("guest"));
    let (version, guests) = (ann.fills_a_cart(&shop, OF_ANN), guest.fills_a_cart(&shop, OF_ANN));
    let merge = |guests, version| ann.merge(&guest, guests, version, &[("TILL-0001", 4)]);
    shop.refuses(&sql::CART_MERGE, &merge(guests - 1, Some(version)), Refusal::VersionConflict);
    shop.refuses(&sql::CART_MERGE, &merge(guests, Some(version - 1)), Refusal::VersionConflict);
    shop.refuses(
        &sql::CART_MERGE,
        &with(merge(guests, None), json!({"cart_id": "cart-new"})),
        Refusal::CartExists,
    );
    shop.refuses(
        &sql::CART_MERGE,
        &with(merge(guests, Some(version)), json!({"owner": "guest"})),
        Refusal::CartNotFound,
    );
    shop.refuses(
        &sql::CART_MERGE,
        &with(merge(guests, Some(version)), json!({"guest_owner": "ann"})),
        Refusal::CartNotFound,
    );
    for held in ["guest", "ann"] {
        shop.exec(&format!("update cart set saga_id = 'saga' where owner = '{held}'"));
        shop.refuses(&sql::CART_MERGE, &merge(guests, Some(version)), Refusal::CartLocked);
        shop.exec("update cart set saga_id = null");
    }
    shop.does(&sql::CART_MERGE, &merge(guests, Some(version)));
}

#[test]
fn a_merge_closes_the_guests_idle_session_and_gives_its_holds_back() {
    let (shop, ann, guest) = (shop(), shopper("ann"), shopper("guest"));
    let version = ann.goes_to_checkout(&shop, OF_ANN);
    guest.confirms(&shop, &[("TILL-0001", "wh-hanoi", 5)]);
    let guests = shop.one("select version from cart where owner = 'guest'").as_i64().unwrap();
    shop.refuses(
        &sql::CART_MERGE,
        &ann.merge(&guest, guests, Some(version), &[("TILL-0001", 7)]),
        Refusal::CartLocked,
    );
    // Declined: the stock is kept for another try, which will not come.
    shop.does(&sql::SAGA_SETTLE, &with(guest.settle("declined"), json!({"free_cart": true})));
    assert_eq!(
        shop.one(
            "select reserved from stock where sku = 'TILL-0001' and warehouse_id = 'wh-hanoi'"
        ),
        json!(5)
    );
    let facts = shop.list(
        &sql::CART_MERGE_FACTS,
        &json!({"guest_owner": "guest", "owner": "ann", "recovery_ms": RECOVERY_MS}),
    );
    let on_hand = shop.one("select sum(on_hand) from stock where sku = 'TILL-0001'");
    assert_eq!(
        facts[0]["lines"][0]["available"], on_hand,
        "the guest's own hold is not in the way"
    );
    shop.does(&sql::CART_MERGE, &ann.merge(&guest, guests, Some(version), &[("TILL-0001", 7)]));
    assert_eq!(
        shop.rows("select owner, status from checkout_session order by 1"),
        ["ann|open", "guest|replaced"]
    );
    assert_eq!(
        shop.one(
            "select reserved from stock where sku = 'TILL-0001' and warehouse_id = 'wh-hanoi'"
        ),
        json!(0)
    );
    shop.stock_adds_up();
    let again = with(
        guest.confirm(guests, &[("TILL-0001", "wh-hanoi", 5)]),
        json!({"saga_id": "saga-2", "idempotency_key": "key-2"}),
    );
    shop.refuses(&sql::CONFIRM_BEGIN, &again, Refusal::SessionClosed);
}

const ENDED: &str = "select cart_id, owner, status, currency from cart order by cart_id";

#[test]
fn every_change_begins_a_carts_time_anew_and_none_shortens_it() {
    let (shop, ann) = (shop(), shopper("ann"));
    let left = || {
        let cart = shop.list(&sql::CART_VIEW, &json!({"owner": "ann"})).remove(0);
        // What the clock went on by itself meanwhile is less than a second.
        (cart["expires_at_ms"].as_i64().unwrap() - cart["updated_at_ms"].as_i64().unwrap() + 999)
            / 1_000
            * 1_000
    };
    let idle = |ms: i64| json!({"cart_idle_ms": ms});
    shop.does(&sql::CART_CREATE, &with(ann.cart_create(), idle(60_000)));
    assert_eq!(left(), 60_000);
    shop.advance(50_000);
    shop.does(&sql::CART_ADD_LINE, &with(ann.add("TILL-0001", 2), idle(60_000)));
    assert_eq!(left(), 60_000);
    shop.advance(50_000);
    shop.does(&sql::CART_SET_QUANTITY, &with(ann.set("TILL-0001", 3), idle(60_000)));
    assert_eq!(left(), 60_000);
    shop.advance(50_000);
    shop.does(&sql::CHECKOUT_BEGIN, &with(ann.checkout(3), idle(60_000)));
    assert_eq!(left(), 3 * TEN_MINUTES_MS, "as long as the session");
    shop.does(&sql::CART_REMOVE_LINE, &with(ann.remove("TILL-0001"), idle(60_000)));
    assert_eq!(left(), 3 * TEN_MINUTES_MS, "the session is still open");
    shop.advance(3 * TEN_MINUTES_MS - 10_000);
    shop.does(&sql::CART_CLEAR, &with(ann.clear(), idle(60_000)));
    assert_eq!(left(), 60_000);
}

// CART-10: by the clock, at every read and every change, and before any worker.
#[test]
fn a_cart_whose_time_is_over_is_gone() {
    let (shop, ann, bob) = (shop(), shopper("ann"), shopper("bob"));
    let version = ann.goes_to_checkout(&shop, OF_ANN);
    let shared = json!({"token_hash": "h", "country": null, "region": null});
    let share = json!({"share_id": "s", "token_hash": "h", "owner": "ann", "ttl_ms": RECOVERY_MS, "share_limit": 5, "prune_limit": 1});
    shop.does(&sql::SHARE_CREATE, &share);
    let guests = bob.fills_a_cart(&shop, OF_ANN);
    shop.advance(CART_IDLE_MS - 2_000);
    shop.does(&sql::CART_SET_QUANTITY, &bob.set("TILL-0001", 1));
    assert_eq!(
        shop.list(&sql::CART_VIEW, &json!({"owner": "ann"})).len(),
        1,
        "not a moment too early"
    );
    shop.advance(2_000);
    let before = shop.everything();
    let asked = json!({"owner": "ann", "sku": "TILL-0001", "country": null, "region": null});
    for query in [&sql::CART_VIEW, &sql::CART_FOR_ADD, &sql::PRICING_FACTS, &sql::SHARE_LIST] {
        assert!(shop.list(query, &asked).is_empty(), "{}", query.name);
    }
    for query in [&sql::CART_VIEW_SHARED, &sql::PRICING_FACTS_SHARED] {
        assert!(shop.list(query, &shared).is_empty(), "{}", query.name);
    }
    shop.refuses(&sql::CART_ADD_LINE, &ann.add("TILL-0001", 1), Refusal::CartNotFound);
    shop.refuses(&sql::CART_SET_QUANTITY, &ann.set("TILL-0001", 1), Refusal::CartNotFound);
    shop.refuses(&sql::CART_REMOVE_LINE, &ann.remove("TILL-0001"), Refusal::CartNotFound);
    shop.refuses(&sql::CART_CLEAR, &ann.clear(), Refusal::CartNotFound);
    shop.refuses(
        &sql::CHECKOUT_BEGIN,
        &with(ann.checkout(version), json!({"session_id": "s2"})),
        Refusal::CartNotFound,
    );
    shop.refuses(&sql::CONFIRM_BEGIN, &ann.confirm(version, OF_ANN), Refusal::SessionClosed);
    shop.refuses(
        &sql::SHARE_CREATE,
        &with(share, json!({"token_hash": "h2"})),
        Refusal::CartNotFound,
    );
    shop.refuses(
        &sql::SHARE_REVOKE,
        &json!({"share_id": "s", "owner": "ann", "idempotency_key": null}),
        Refusal::CartNotFound,
    );
    shop.refuses(
        &sql::CART_MERGE,
        &ann.merge(&bob, guests + 1, Some(version), &[]),
        Refusal::CartNotFound,
    );
    assert_eq!(shop.everything(), before);
}

#[test]
fn a_cart_that_a_confirm_holds_is_not_gone_however_long_it_takes() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.confirms(&shop, OF_ANN);
    shop.advance(2 * CART_IDLE_MS);
    assert_eq!(shop.list(&sql::CART_VIEW, &json!({"owner": "ann"}))[0]["status"], "checkout");
    shop.refuses(&sql::CART_ADD_LINE, &ann.add("TILL-0001", 1), Refusal::CartLocked);
    shop.does(&sql::CART_ABANDON, &json!({"owner": "ann"}));
    assert_eq!(
        shop.does(&sql::CART_EXPIRE, &json!({"limit": 5, "recovery_ms": RECOVERY_MS})),
        json!({"abandoned": 0, "ended": 0, "forgotten": 0})
    );
    assert_eq!(shop.rows(ENDED), ["cart-ann|ann|checkout|USD"]);
}

// CHK-17
#[test]
fn a_checkout_whose_time_is_over_ends_and_its_cart_is_active_again() {
    let (shop, ann, bob) = (shop(), shopper("ann"), shopper("bob"));
    let version = ann.goes_to_checkout(&shop, OF_ANN);
    bob.confirms(&shop, OF_ANN);
    let run = || shop.does(&sql::CART_EXPIRE, &json!({"limit": 5, "recovery_ms": RECOVERY_MS}));
    let both = || {
        shop.rows("select c.status, s.status from cart as c join checkout_session as s using (cart_id) order by c.cart_id, s.session_id")
    };
    run();
    assert_eq!(both(), ["checkout|open", "checkout|open"]);
    shop.advance(ann.checkout(version)["session_ttl_ms"].as_i64().unwrap());
    run();
    assert_eq!(both(), ["active|expired", "checkout|open"], "a confirm holds the other");
    run();
    let again = with(ann.checkout(version), json!({"session_id": "session-ann-2"}));
    shop.does(&sql::CHECKOUT_BEGIN, &again);
    assert_eq!(both(), ["checkout|expired", "checkout|open", "checkout|open"]);
    shop.stock_adds_up();
}

/// Ann's cart with a hold that a decline has left, past its time.
fn declined_and_left(shop: &Database) {
    let ann = shopper("ann");
    ann.confirms(shop, OF_ANN);
    shop.does(&sql::SAGA_SETTLE, &with(ann.settle("declined"), json!({"free_cart": true})));
    shop.exec("update reservation set expires_at_ms = expires_at_ms * 2");
    shop.advance(CART_IDLE_MS);
}

const ABANDONED: &str = r#"cart.abandoned|cart/cart-ann|{"cart_id":"cart-ann","country":"VN","currency":"USD","expired_at_ms""#;

#[test]
fn who_comes_back_gets_the_lines_in_a_new_cart_once() {
    let (shop, ann) = (shop(), shopper("ann"));
    let to_return =
        || shop.list(&sql::CART_TO_RETURN, &json!({"owner": "ann", "recovery_ms": RECOVERY_MS}));
    assert!(to_return().is_empty());
    declined_and_left(&shop);
    assert_eq!(
        to_return(),
        [json!({"cart_id": "cart-ann", "currency": "USD", "country": "VN", "abandoned": false})]
    );
    let again = with(ann.cart_create(), json!({"cart_id": "cart-two", "from_cart_id": "cart-ann"}));
    // It is one at a time, by the constraint: first it is written down that the old one has ended.
    shop.refuses(&sql::CART_CREATE, &again, Refusal::CartExists);
    shop.does(&sql::CART_ABANDON, &json!({"owner": "ann"}));
    shop.does(&sql::CART_ABANDON, &json!({"owner": "ann"}));
    assert_eq!(shop.rows("select status from checkout_session"), ["expired"]);
    assert_eq!(shop.rows("select distinct status from reservation"), ["released"]);
    shop.stock_adds_up();
    let told = shop.events();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with(ABANDONED) && told[0].contains(r#""items_count":3"#), "{told:?}");
    assert_eq!(
        to_return(),
        [json!({"cart_id": "cart-ann", "currency": "USD", "country": "VN", "abandoned": true})]
    );

    let version = shop.one("select version from cart").as_i64().unwrap();
    shop.does(&sql::CART_CREATE, &again);
    assert_eq!(shop.rows(ENDED), ["cart-ann|ann|abandoned|USD", "cart-two|ann|active|USD"]);
    assert_eq!(
        shop.rows("select cart_id, sku, quantity, added_price_minor from cart_line order by sku"),
        ["cart-two|TILL-0001|2|1009", "cart-two|TILL-0002|1|1019"]
    );
    assert!(to_return().is_empty(), "once");
    let late = shopper("bob").merge(&ann, version, None, &[("TILL-0001", 2), ("TILL-0002", 1)]);
    shop.refuses(&sql::CART_MERGE, &late, Refusal::VersionConflict);
    // An order later nothing comes back that was bought.
    shop.exec("update cart set status = 'completed' where cart_id = 'cart-two'");
    shop.does(
        &sql::CART_CREATE,
        &with(ann.cart_create(), json!({"cart_id": "cart-three", "from_cart_id": "cart-ann"})),
    );
    assert_eq!(shop.one("select count(*) from cart_line where cart_id = 'cart-three'"), json!(0));
}

#[test]
fn only_what_was_ones_own_and_is_abandoned_comes_back() {
    let (shop, ann, bob) = (shop(), shopper("ann"), shopper("bob"));
    ann.fills_a_cart(&shop, OF_ANN);
    let from_ann = json!({"from_cart_id": "cart-ann"});
    shop.does(&sql::CART_CREATE, &with(bob.cart_create(), from_ann.clone()));
    shop.exec("update cart set status = 'completed' where cart_id = 'cart-ann'");
    shop.does(
        &sql::CART_CREATE,
        &with(ann.cart_create(), with(from_ann.clone(), json!({"cart_id": "cart-two"}))),
    );
    assert_eq!(shop.rows("select distinct cart_id from cart_line"), ["cart-ann"]);
    // In another currency at today's prices; what is not sold in it stays behind.
    shop.exec(
        "update cart set status = 'completed' where cart_id = 'cart-two'; update cart set status = 'abandoned' where cart_id = 'cart-ann'",
    );
    shop.exec("delete from price where sku = 'TILL-0002' and currency = 'EUR'");
    let euros =
        shop.one("select amount_minor from price where sku = 'TILL-0001' and currency = 'EUR'");
    shop.does(
        &sql::CART_CREATE,
        &with(
            ann.cart_create(),
            with(from_ann, json!({"cart_id": "cart-three", "currency": "EUR"})),
        ),
    );
    assert_eq!(
        shop.rows("select cart_id, sku, quantity, added_price_minor from cart_line order by sku"),
        [format!("cart-three|TILL-0001|2|{euros}"), "cart-ann|TILL-0002|1|1019".to_owned()]
    );
}

#[test]
fn the_worker_gives_up_the_oldest_first_and_forgets_in_the_end() {
    let shop = shop();
    for name in ["cat", "ann", "bob"] {
        shopper(name).fills_a_cart(&shop, OF_ANN);
        shop.advance(1_000);
    }
    shop.does(&sql::CHECKOUT_BEGIN, &shopper("bob").checkout(3));
    let run = |limit: i64| {
        shop.does(&sql::CART_EXPIRE, &json!({"limit": limit, "recovery_ms": RECOVERY_MS}))
    };
    assert_eq!(run(5), json!({"abandoned": 0, "ended": 0, "forgotten": 0}));
    shop.advance(CART_IDLE_MS);
    assert_eq!(run(1)["abandoned"], 2, "one that is being filled and one in checkout");
    assert_eq!(
        shop.rows(ENDED),
        ["cart-ann|ann|active|USD", "cart-bob|bob|abandoned|USD", "cart-cat|cat|abandoned|USD"]
    );
    assert_eq!(run(5), json!({"abandoned": 1, "ended": 0, "forgotten": 0}));
    assert_eq!(run(5), json!({"abandoned": 0, "ended": 0, "forgotten": 0}));
    assert_eq!(
        shop.one("select value from counter where name = 'carts_abandoned_total'"),
        json!(3)
    );
    let told =
        shop.rows("select event_id from outbox where type = 'cart.abandoned' order by outbox_id");
    assert_eq!(told, ["cart-cat", "cart-bob", "cart-ann"]);
    shop.stock_adds_up();

    let share = json!({"share_id": "s", "token_hash": "h", "owner": "dan", "ttl_ms": 2 * RECOVERY_MS, "share_limit": 5, "prune_limit": 1});
    shopper("dan").fills_a_cart(&shop, OF_ANN);
    shop.does(&sql::SHARE_CREATE, &share);
    shop.advance(RECOVERY_MS);
    assert!(
        shop.list(&sql::CART_TO_RETURN, &json!({"owner": "ann", "recovery_ms": RECOVERY_MS}))
            .is_empty(),
        "before the worker has been here"
    );
    assert_eq!(run(2), json!({"abandoned": 1, "ended": 0, "forgotten": 2}));
    assert_eq!(run(2)["forgotten"], 1);
    assert_eq!(shop.rows(ENDED), ["cart-dan|dan|abandoned|USD"]);
    assert_eq!(shop.rows("select distinct cart_id from cart_line"), ["cart-dan"]);
    shop.advance(RECOVERY_MS);
    assert_eq!(run(2), json!({"abandoned": 0, "ended": 0, "forgotten": 1}));
    assert_eq!(
        shop.one("select (select count(*) from cart) + (select count(*) from cart_line) + (select count(*) from cart_share)"),
        json!(0)
    );
}

#[test]
fn a_guest_whose_time_is_over_still_brings_the_lines_to_a_login() {
    let (shop, ann, guest) = (shop(), shopper("ann"), shopper("guest"));
    let facts = || {
        shop.list(
            &sql::CART_MERGE_FACTS,
            &json!({"guest_owner": "guest", "owner": "ann", "recovery_ms": RECOVERY_MS}),
        )
    };
    let guests = guest.goes_to_checkout(&shop, OF_ANN);
    shop.advance(CART_IDLE_MS);
    assert_eq!(facts()[0]["guest_cart_id"], "cart-guest", "past its time");
    shop.does(&sql::CART_ABANDON, &json!({"owner": "guest"}));
    assert_eq!(
        (&facts()[0]["guest_cart_id"], &facts()[0]["guest_version"]),
        (&json!("cart-guest"), &json!(guests + 1))
    );
    let merge = |guests| ann.merge(&guest, guests, None, &[("TILL-0001", 2)]);
    shop.refuses(&sql::CART_MERGE, &merge(guests), Refusal::VersionConflict);
    shop.does(&sql::CART_MERGE, &merge(guests + 1));
    assert_eq!(shop.rows(ENDED), ["cart-ann|ann|active|USD", "cart-guest|guest|merged|USD"]);
    assert!(facts().is_empty());
    // Nor is what was left too long ago.
    let late = shopper("late");
    late.fills_a_cart(&shop, OF_ANN);
    shop.advance(CART_IDLE_MS);
    shop.does(&sql::CART_ABANDON, &json!({"owner": "late"}));
    shop.advance(RECOVERY_MS);
    assert!(
        shop.list(
            &sql::CART_MERGE_FACTS,
            &json!({"guest_owner": "late", "owner": "ann", "recovery_ms": RECOVERY_MS})
        )
        .is_empty()
    );
}

const CURRENCIES: &str = "select currency, version from cart order by cart_id";

/// Puts `ann`'s cart, that is in dollars, into this currency.
fn currency(ann: &super::shopper::Shopper, to: &str) -> serde_json::Value {
    with(ann.clear(), json!({"currency": to, "from_currency": "USD"}))
}

// CART-21
#[test]
fn a_cart_in_another_currency_has_every_line_at_its_price_there_or_stays() {
    let (shop, ann) = (shop(), shopper("ann"));
    let version = ann.fills_a_cart(&shop, &[("TILL-0001", "", 2), ("TILL-0002", "", 1)]);
    shop.exec("delete from price where currency = 'EUR' and sku = 'TILL-0002'");
    let before = (shop.rows(LINES), shop.rows(CURRENCIES));
    shop.refuses(&sql::CART_CURRENCY_SET, &currency(&ann, "EUR"), Refusal::SkuNotSold);
    shop.refuses(&sql::CART_CURRENCY_SET, &currency(&ann, "XXX"), Refusal::CurrencyUnsupported);
    shop.refuses(
        &sql::CART_CURRENCY_SET,
        &with(currency(&ann, "GBP"), json!({"from_currency": "EUR"})),
        Refusal::CartChanged,
    );
    shop.refuses(
        &sql::CART_CURRENCY_SET,
        &with(currency(&ann, "GBP"), json!({"if_versions": [1]})),
        Refusal::VersionConflict,
    );
    shop.refuses(
        &sql::CART_CURRENCY_SET,
        &with(currency(&ann, "GBP"), json!({"owner": "bob"})),
        Refusal::CartNotFound,
    );
    let same = shop.does(&sql::CART_CURRENCY_SET, &currency(&ann, "USD"));
    assert_eq!(same, json!({"cart_id": "cart-ann", "version": version, "currency": "USD"}));
    assert_eq!((shop.rows(LINES), shop.rows(CURRENCIES)), before);

    shop.exec("delete from price where currency = 'EUR'");
    shop.exec("insert into price (sku, currency, amount_minor) values ('TILL-0001', 'EUR', 901), ('TILL-0002', 'EUR', 902)");
    let told =
        json!({"events": [event_with("e1", "cart-ann", "cart.currency_changed", &["version"])]});
    let changed = shop.does(&sql::CART_CURRENCY_SET, &with(currency(&ann, "EUR"), told));
    assert_eq!(changed, json!({"cart_id": "cart-ann", "version": version + 1, "currency": "EUR"}));
    assert_eq!(shop.rows(LINES), ["TILL-0001|2|901", "TILL-0002|1|902"]);
    assert_eq!(shop.rows(CURRENCIES), [format!("EUR|{}", version + 1)]);
    assert_eq!(
        shop.events(),
        [format!(
            r#"cart.currency_changed|cart-ann|{{"said":"cart.currency_changed","version":{}}}"#,
            version + 1
        )]
    );
    // What was priced in the other one is not added any more.
    shop.refuses(&sql::CART_ADD_LINE, &ann.add("TILL-0001", 1), Refusal::CartChanged);
    shop.exec("update cart set saga_id = 'saga'");
    let back = with(currency(&ann, "USD"), json!({"from_currency": "EUR"}));
    shop.refuses(&sql::CART_CURRENCY_SET, &back, Refusal::CartLocked);
}

const KEPT: &str = "select client_reference, attributes from cart order by cart_id";
const KEPT_WITH_LINES: &str = "select cart_id, sku, attributes from cart_line order by 1, 2";

/// Keeps this with `ann`'s cart and with one line.
fn kept(ann: &super::shopper::Shopper, sku: &str) -> serde_json::Value {
    with(
        ann.clear(),
        json!({"attributes": {"a": "1"}, "client_reference": "ref", "chars_limit": 50,
            "lines": [{"sku": sku, "attributes": {"b": "2"}}]}),
    )
}

// CART-22
#[test]
fn what_a_client_keeps_is_replaced_with_the_cart_and_with_the_lines_it_names() {
    let (shop, ann) = (shop(), shopper("ann"));
    let version = ann.fills_a_cart(&shop, &[("TILL-0001", "", 2), ("TILL-0002", "", 1)]);
    let set = shop.does(&sql::CART_ATTRIBUTES_SET, &kept(&ann, "TILL-0001"));
    assert_eq!(set, json!({"cart_id": "cart-ann", "version": version + 1}));
    let view = || shop.list(&sql::CART_VIEW, &json!({"owner": "ann"})).remove(0);
    let cart = view();
    assert_eq!(
        (&cart["attributes"], &cart["client_reference"]),
        (&json!({"a": "1"}), &json!("ref"))
    );
    let of_lines = |cart: &serde_json::Value| {
        [cart["lines"][0]["attributes"].clone(), cart["lines"][1]["attributes"].clone()]
    };
    assert_eq!(of_lines(&cart), [json!({"b": "2"}), json!({})]);
    let before = (shop.rows(KEPT), shop.rows(KEPT_WITH_LINES));
    let long = json!({"lines": [{"sku": "TILL-0002", "attributes": {"b": "x".repeat(50)}}]});
    shop.refuses(&sql::CART_ATTRIBUTES_SET, &kept(&ann, "TILL-0003"), Refusal::LineNotFound);
    shop.refuses(
        &sql::CART_ATTRIBUTES_SET,
        &with(kept(&ann, "TILL-0001"), long),
        Refusal::TooManyAttributes,
    );
    shop.refuses(
        &sql::CART_ATTRIBUTES_SET,
        &with(kept(&ann, "TILL-0001"), json!({"if_versions": [1]})),
        Refusal::VersionConflict,
    );
    shop.refuses(
        &sql::CART_ATTRIBUTES_SET,
        &with(kept(&ann, "TILL-0001"), json!({"owner": "bob"})),
        Refusal::CartNotFound,
    );
    assert_eq!((shop.rows(KEPT), shop.rows(KEPT_WITH_LINES)), before);
    let none = json!({"attributes": {}, "client_reference": null, "lines": []});
    shop.does(&sql::CART_ATTRIBUTES_SET, &with(kept(&ann, ""), none));
    let cart = view();
    assert_eq!((&cart["attributes"], &cart["client_reference"]), (&json!({}), &json!(null)));
    assert_eq!(of_lines(&cart), [json!({"b": "2"}), json!({})]);
    shop.exec("update cart set saga_id = 'saga'");
    shop.refuses(&sql::CART_ATTRIBUTES_SET, &kept(&ann, "TILL-0001"), Refusal::CartLocked);
}
