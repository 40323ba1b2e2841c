//! Promotions: what is written down of them, the codes of carts, and what a claim uses, an order
//! keeps and every other end gives back (PROMO-4).

use serde_json::{Value, json};
use store::{Refusal, sql};

use super::{
    shopper::{Line, Shopper, shopper, with},
    support::{Database, shop},
};

const TWO_CUPS: &[Line] = &[("TILL-0001", "wh-hanoi", 2)];
const NEVER_MS: i64 = 9_007_199_254_740_991;

/// What is counted of promotions and codes, and every use.
const COUNTED: &str =
    "select promotion_id, uses, spent_minor from promotion where promotion_id = 'ten'";
const OF_CODES: &str = "select code, uses from promotion_code where promotion_id = 'ten'";
const USES: &str = "select saga_id, promotion_id, version, code, owner, order_id, amount_minor, state from promotion_use order by 1, 2";

fn promotion(id: &str, over: Value) -> Value {
    let put = json!({"subject": format!("promotion/{id}"), "actor": "service:desk", "promotion_id": id,
        "rule": {"name": "Ten off", "currency": "USD"}, "active": true, "by_code": true, "only_currency": "USD", "starts_at_ms": 0, "ends_at_ms": NEVER_MS,
        "uses_limit": null, "person_limit": null, "budget_minor": null});
    with(put, over)
}

fn codes(id: &str, codes: &[&str], over: Value) -> Value {
    let put = json!({"subject": format!("promotion/{id}"), "actor": "service:desk", "promotion_id": id, "codes": codes,
        "customer_id": null, "uses_limit": null, "active": true});
    with(put, over)
}

/// A shop with the promotion `ten` and its code `TEN`.
fn shop_with(over: Value, of_code: Value) -> Database {
    let shop = shop();
    shop.does(&sql::PROMOTION_PUT, &promotion("ten", over));
    shop.does(&sql::CODES_PUT, &codes("ten", &["TEN"], of_code));
    shop
}

fn uses(version: i64, amount_minor: i64) -> Value {
    json!({"uses": [{"promotion_id": "ten", "version": version, "code": "TEN", "amount_minor": amount_minor, "spent_minor": amount_minor}]})
}

/// A confirm of `buyer`, who is at the checkout, by the code.
fn by_code(buyer: &Shopper, amount_minor: i64) -> Value {
    with(buyer.confirm(2, TWO_CUPS), uses(1, amount_minor))
}

fn gives(shop: &Database, buyer: &Shopper, code: &str, over: Value) -> Value {
    let given = with(buyer.clear(), json!({"code": code, "codes_limit": 5, "reply": {}}));
    shop.does(&sql::CART_CODE_ADD, &with(given, over))
}

#[test]
fn a_promotion_is_put_with_a_version_for_each_rule_and_its_history() {
    let shop = shop();
    let put = |over| shop.does(&sql::PROMOTION_PUT, &promotion("ten", over));
    let first = json!({"promotion_id": "ten", "version": 1, "active": true, "rule": {"name": "Ten off", "currency": "USD"}, "uses": 0, "spent_minor": 0});
    assert_eq!(put(json!({})), first);
    assert_eq!(put(json!({})), first, "the same rule is no new version");
    assert_eq!(put(json!({"active": false}))["version"], 1, "nor is another switch");
    let second = put(
        json!({"rule": {"name": "Eleven off", "currency": "USD"}, "uses_limit": 3, "person_limit": 1, "budget_minor": 500, "ends_at_ms": 9}),
    );
    assert_eq!((&second["version"], &second["active"]), (&json!(2), &json!(true)));
    assert_eq!(
        shop.rows("select active, by_code, starts_at_ms, ends_at_ms, uses_limit, person_limit, budget_minor from promotion where promotion_id = 'ten'"),
        ["1|1|0|9|3|1|500"]
    );
    let history =
        shop.list(&sql::HISTORY_LIST, &json!({"subject": "promotion/ten", "above": 0, "limit": 9}));
    let kinds: Vec<_> = history.iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["put", "put", "put"], "what changes nothing is none");
    assert_eq!(history[1]["after"]["active"], false);
    assert_eq!(history[2]["before"], history[1]["after"]);

    shop.does(&sql::PROMOTION_PUT, &promotion("eleven", json!({"subject": "promotion/eleven"})));
    let ids = |cursor: &str| -> Vec<String> {
        let page = shop.list(&sql::PROMOTION_LIST, &json!({"cursor": cursor, "limit": 5}));
        page.iter().map(|row| row["promotion_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        (ids(""), ids("eleven")),
        (
            vec!["eleven".to_owned(), "ten".into(), "welcome".into()],
            vec!["ten".into(), "welcome".into()]
        )
    );
}

#[test]
fn codes_are_given_out_changed_and_listed_and_are_of_one_promotion() {
    let shop = shop_with(json!({}), json!({"uses_limit": 2}));
    let of =
        json!({"code": "TEN", "customer_id": null, "uses_limit": 2, "uses": 0, "active": true});
    let again = shop.does(
        &sql::CODES_PUT,
        &codes("ten", &["TEN", "TENNER"], json!({"customer_id": "ann", "active": false})),
    );
    let made = |code: &str| {
        with(
            of.clone(),
            json!({"code": code, "customer_id": "ann", "uses_limit": null, "active": false}),
        )
    };
    let without_time = |row: &Value| {
        let mut row = row.clone();
        assert!(row.as_object_mut().unwrap().remove("created_at_ms").unwrap().is_i64());
        row
    };
    let given: Vec<Value> = again["codes"].as_array().unwrap().iter().map(without_time).collect();
    assert_eq!(given, [made("TEN"), made("TENNER")]);
    let page = |cursor: &str, limit: i64| -> Vec<Value> {
        let page = shop.list(
            &sql::CODE_LIST,
            &json!({"promotion_id": "ten", "cursor": cursor, "limit": limit}),
        );
        page.iter().map(without_time).collect()
    };
    assert_eq!(page("", 1), [made("TEN")]);
    assert_eq!(page("TEN", 9), [made("TENNER")]);
    shop.does(&sql::PROMOTION_PUT, &promotion("other", json!({"subject": "promotion/other"})));
    shop.refuses(
        &sql::CODES_PUT,
        &codes("other", &["NEW", "TEN"], json!({})),
        Refusal::CodeOfAnother,
    );
    shop.refuses(&sql::CODES_PUT, &codes("nothing", &["NEW"], json!({})), Refusal::EntryUnknown);
}

#[test]
fn what_is_used_or_has_codes_is_not_deleted() {
    let shop = shop_with(json!({}), json!({}));
    let delete = |id: &str| json!({"subject": format!("promotion/{id}"), "actor": "service:desk", "promotion_id": id, "idempotency_key": null, "events": []});
    shop.refuses(&sql::PROMOTION_DELETE, &delete("nothing"), Refusal::EntryUnknown);
    shop.refuses(&sql::PROMOTION_DELETE, &delete("ten"), Refusal::UsedByCodes);
    let ann = shopper("ann");
    ann.goes_to_checkout(&shop, TWO_CUPS);
    shop.does(&sql::CONFIRM_BEGIN, &by_code(&ann, 100));
    shop.refuses(&sql::PROMOTION_DELETE, &delete("ten"), Refusal::UsedByOrders);
    shop.does(&sql::PROMOTION_PUT, &promotion("other", json!({"subject": "promotion/other"})));
    assert_eq!(
        shop.does(&sql::PROMOTION_DELETE, &delete("other")),
        json!({"subject": "promotion/other"})
    );
    assert_eq!(shop.rows("select promotion_id from promotion order by 1"), ["ten", "welcome"]);
}

#[test]
fn a_cart_has_codes_up_to_its_limit_and_each_is_a_version() {
    let (shop, ann) = (shop(), shopper("ann"));
    let version = ann.fills_a_cart(&shop, TWO_CUPS);
    let receipt = |codes: &[&str], version: i64| json!({"cart_id": "cart-ann", "codes": codes, "version": version});
    assert_eq!(gives(&shop, &ann, "TEN", json!({})), receipt(&["TEN"], version + 1));
    assert_eq!(gives(&shop, &ann, "ABC", json!({})), receipt(&["ABC", "TEN"], version + 2));
    let another = with(ann.clear(), json!({"code": "X", "codes_limit": 2, "reply": {}}));
    shop.refuses(&sql::CART_CODE_ADD, &another, Refusal::TooManyCodes);
    assert_eq!(
        gives(&shop, &ann, "TEN", json!({"codes_limit": 2}))["codes"],
        json!(["ABC", "TEN"]),
        "it is there"
    );
    shop.refuses(
        &sql::CART_CODE_ADD,
        &with(another.clone(), json!({"owner": "eve"})),
        Refusal::CartNotFound,
    );
    shop.refuses(
        &sql::CART_CODE_ADD,
        &with(another, json!({"if_versions": [1]})),
        Refusal::VersionConflict,
    );

    let take = with(ann.clear(), json!({"code": "TEN", "reply": {}}));
    shop.refuses(
        &sql::CART_CODE_REMOVE,
        &with(take.clone(), json!({"owner": "eve"})),
        Refusal::CartNotFound,
    );
    shop.refuses(
        &sql::CART_CODE_REMOVE,
        &with(take.clone(), json!({"if_versions": [1]})),
        Refusal::VersionConflict,
    );
    assert_eq!(shop.does(&sql::CART_CODE_REMOVE, &take)["codes"], json!(["ABC"]));
    shop.refuses(&sql::CART_CODE_REMOVE, &take, Refusal::CodeNotOnCart);
    let view = shop.list(&sql::CART_VIEW, &json!({"owner": "ann"}));
    assert_eq!(view[0]["codes"], json!(["ABC"]));
}

#[test]
fn a_cart_that_is_being_paid_keeps_its_codes() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, TWO_CUPS);
    gives(&shop, &ann, "TEN", json!({}));
    shop.does(&sql::CHECKOUT_BEGIN, &ann.checkout(3));
    shop.does(&sql::CONFIRM_BEGIN, &ann.confirm(3, TWO_CUPS));
    let (add, take) = (
        with(ann.clear(), json!({"code": "ABC", "codes_limit": 5, "reply": {}})),
        with(ann.clear(), json!({"code": "TEN", "reply": {}})),
    );
    shop.refuses(&sql::CART_CODE_ADD, &add, Refusal::CartLocked);
    shop.refuses(&sql::CART_CODE_REMOVE, &take, Refusal::CartLocked);
}

#[test]
fn a_guests_codes_come_into_the_customers_cart_as_far_as_there_is_room() {
    let (shop, ann, guest) = (shop(), shopper("ann"), shopper("guest"));
    let (own, left) = (ann.fills_a_cart(&shop, TWO_CUPS), guest.fills_a_cart(&shop, TWO_CUPS));
    for code in ["A", "B", "C"] {
        gives(&shop, &ann, code, json!({}));
    }
    for code in ["C", "Y", "X", "Z"] {
        gives(&shop, &guest, code, json!({}));
        shop.advance(1);
    }
    shop.does(&sql::CART_MERGE, &ann.merge(&guest, left + 4, Some(own + 3), &[("TILL-0001", 2)]));
    assert_eq!(
        shop.rows("select code from cart_code where cart_id = 'cart-ann' order by 1"),
        ["A", "B", "C", "X", "Y"],
        "the first that were given"
    );
}

#[test]
fn a_claim_uses_what_its_order_keeps() {
    let (shop, ann) = (shop_with(json!({}), json!({})), shopper("ann"));
    ann.goes_to_checkout(&shop, TWO_CUPS);
    shop.does(&sql::CONFIRM_BEGIN, &by_code(&ann, 100));
    assert_eq!(shop.rows(COUNTED), ["ten|1|100"]);
    assert_eq!(shop.rows(OF_CODES), ["TEN|1"]);
    assert_eq!(shop.rows(USES), ["saga-ann|ten|1|TEN|ann|-|100|held"]);
    shop.does(&sql::ORDER_CREATE, &ann.order_create());
    assert_eq!(shop.rows(USES), ["saga-ann|ten|1|TEN|ann|order-ann|100|used"]);
    assert_eq!(shop.rows("select email_hash from orders"), ["email-ann"]);
    let view = shop.list(&sql::PROMOTION_VIEW, &json!({"promotion_id": "ten"})).remove(0);
    assert_eq!((&view["codes"], &view["promotion"]["uses"]), (&json!(1), &json!(1)));
    assert_eq!(
        view["figures"],
        json!([{"currency": "USD", "held": 0, "orders": 1, "discount_minor": 100, "revenue_minor": 3000}])
    );
    // A cancelled order gives it back, once.
    shop.does(&sql::PAYMENT_CAPTURE, &ann.capture());
    shop.does(&sql::ORDER_CANCEL, &ann.cancel());
    assert_eq!(shop.rows(COUNTED), ["ten|0|0"]);
    assert_eq!(shop.rows(OF_CODES), ["TEN|0"]);
    assert_eq!(shop.rows(USES), ["saga-ann|ten|1|TEN|ann|order-ann|100|returned"]);
    shop.refuses(&sql::ORDER_CANCEL, &ann.cancel(), Refusal::OrderChanged);
}

#[test]
fn every_end_without_an_order_gives_back() {
    for ends in ["declined", "failed"] {
        let (shop, ann) = (shop_with(json!({}), json!({})), shopper("ann"));
        ann.goes_to_checkout(&shop, TWO_CUPS);
        shop.does(&sql::CONFIRM_BEGIN, &by_code(&ann, 100));
        let free = json!({"free_cart": true, "release_stock": ends == "failed"});
        shop.does(&sql::SAGA_SETTLE, &with(ann.settle(ends), free));
        assert_eq!(shop.rows(COUNTED), ["ten|0|0"], "{ends}");
        assert_eq!(shop.rows(OF_CODES), ["TEN|0"], "{ends}");
        assert_eq!(
            shop.rows("select state, email_hash from promotion_use"),
            ["returned|"],
            "{ends}"
        );
    }
    // Who asks their bank keeps it, and who begins anew gives it back.
    let (shop, ann) = (shop_with(json!({}), json!({})), shopper("ann"));
    ann.goes_to_checkout(&shop, TWO_CUPS);
    shop.does(&sql::CONFIRM_BEGIN, &by_code(&ann, 100));
    let asked = json!({"payment_state": "requires_action", "reference": "pi"});
    shop.does(&sql::SAGA_SETTLE, &with(ann.settle("awaiting_action"), asked));
    assert_eq!(shop.rows(COUNTED), ["ten|1|100"]);
    let anew = with(ann.checkout(2), json!({"session_id": "session-2", "cancel_id": "cancel-1"}));
    shop.does(&sql::CHECKOUT_BEGIN, &anew);
    assert_eq!(
        (shop.rows(COUNTED), shop.rows(OF_CODES)),
        (vec!["ten|0|0".to_owned()], vec!["TEN|0".to_owned()])
    );
}

#[test]
fn the_only_use_passes_on_to_the_attempt_that_takes_the_place() {
    let (shop, ann) =
        (shop_with(json!({"uses_limit": 1}), json!({"uses_limit": 1})), shopper("ann"));
    ann.goes_to_checkout(&shop, TWO_CUPS);
    shop.does(&sql::CONFIRM_BEGIN, &by_code(&ann, 100));
    let asked = json!({"payment_state": "requires_action", "reference": "pi"});
    shop.does(&sql::SAGA_SETTLE, &with(ann.settle("awaiting_action"), asked));
    // What it holds itself counts as free.
    let facts = confirm_facts(&shop, &ann);
    assert_eq!(facts["promotions"], json!([]), "no code is on the cart");
    gives(&shop, &ann, "TEN", json!({"cancel_id": "cancel-1"}));
    shop.does(&sql::CHECKOUT_BEGIN, &with(ann.checkout(3), json!({"session_id": "session-2"})));
    let again = with(ann.confirm_anew(3, TWO_CUPS), json!({"session_id": "session-2"}));
    shop.does(&sql::CONFIRM_BEGIN, &with(again, uses(1, 100)));
    assert_eq!(
        (shop.rows(COUNTED), shop.rows(OF_CODES)),
        (vec!["ten|1|100".to_owned()], vec!["TEN|1".to_owned()])
    );
    let input = json!({"owner": "ann", "session_id": "session-2", "idempotency_key": "none"});
    let facts = shop.list(&sql::CONFIRM_FACTS, &input).remove(0)["pricing"]["promotions"].clone();
    assert_eq!(
        facts["promotions"][0]["used"],
        json!({"uses": 0, "uses_by_person": 0, "spent_minor": 0})
    );
    assert_eq!(
        facts["known_codes"],
        json!([{"code": "TEN", "promotion_id": "ten", "customer_id": null, "uses": 1, "used": 0}])
    );
    // An attempt that waits is superseded with its use passed on in one statement.
    shop.does(
        &sql::SAGA_SETTLE,
        &with(
            ann.settle("awaiting_action"),
            json!({"saga_id": "saga-2", "lease_token": "lease-2",
        "payment_state": "requires_action", "reference": "pi-2"}),
        ),
    );
    let mut third = with(
        ann.confirm(3, TWO_CUPS),
        json!({"saga_id": "saga-3", "session_id": "session-2", "idempotency_key": "key-3",
        "lease_token": "lease-3", "supersedes": "saga-2", "cancel_id": "cancel-3"}),
    );
    third["plan"]["payment_id"] = json!("payment-3");
    third["plan"]["order_id"] = json!("order-3");
    third["plan"]["lines"][0]["reservation_id"] = json!("hold-3");
    shop.does(&sql::CONFIRM_BEGIN, &with(third, uses(1, 100)));
    assert_eq!(
        (shop.rows(COUNTED), shop.rows(OF_CODES)),
        (vec!["ten|1|100".to_owned()], vec!["TEN|1".to_owned()])
    );
    assert_eq!(
        shop.rows("select saga_id, state from promotion_use order by 1"),
        ["saga-2|returned", "saga-3|held", "saga-ann|returned"]
    );
}

fn confirm_facts(shop: &Database, buyer: &Shopper) -> Value {
    let input = json!({"owner": buyer.0, "session_id": format!("session-{}", buyer.0), "idempotency_key": "none"});
    shop.list(&sql::CONFIRM_FACTS, &input).remove(0)["pricing"]["promotions"].clone()
}

#[test]
fn nothing_is_claimed_by_a_rule_that_is_not_as_it_was_read() {
    let changes = [
        json!({"rule": {"name": "Other", "currency": "USD"}}),
        json!({"active": false}),
        json!({"ends_at_ms": 1}),
        json!({"starts_at_ms": NEVER_MS - 1}),
    ];
    for change in changes {
        let (shop, ann) = (shop_with(json!({}), json!({})), shopper("ann"));
        ann.goes_to_checkout(&shop, TWO_CUPS);
        shop.does(&sql::PROMOTION_PUT, &promotion("ten", change));
        shop.refuses(&sql::CONFIRM_BEGIN, &by_code(&ann, 100), Refusal::PromotionsMoved);
    }
    let (shop, ann) = (shop_with(json!({}), json!({})), shopper("ann"));
    ann.goes_to_checkout(&shop, TWO_CUPS);
    let nothing = json!({"uses": [{"promotion_id": "nothing", "version": 1, "code": null, "amount_minor": 1, "spent_minor": 1}]});
    shop.refuses(
        &sql::CONFIRM_BEGIN,
        &with(ann.confirm(2, TWO_CUPS), nothing),
        Refusal::PromotionsMoved,
    );
    shop.does(&sql::CODES_PUT, &codes("ten", &["TEN"], json!({"active": false})));
    shop.refuses(&sql::CONFIRM_BEGIN, &by_code(&ann, 100), Refusal::PromotionsMoved);
}

#[test]
fn no_limit_is_passed() {
    let limits = [
        (json!({"uses_limit": 1}), json!({})),
        (json!({"budget_minor": 150}), json!({})),
        (json!({}), json!({"uses_limit": 1})),
    ];
    for (of_promotion, of_code) in limits {
        let shop = shop_with(of_promotion.clone(), of_code);
        let (ann, bob) = (shopper("ann"), shopper("bob"));
        for buyer in [&ann, &bob] {
            buyer.goes_to_checkout(&shop, TWO_CUPS);
        }
        shop.does(&sql::CONFIRM_BEGIN, &by_code(&ann, 100));
        shop.refuses(&sql::CONFIRM_BEGIN, &by_code(&bob, 100), Refusal::PromotionUsedUp);
        shop.does(&sql::CONFIRM_BEGIN, &bob.confirm(2, TWO_CUPS));
        assert_eq!(shop.rows(COUNTED), ["ten|1|100"], "{of_promotion}");
    }
    // Nor is a limit put below what is used.
    let (shop, ann) = (shop_with(json!({}), json!({})), shopper("ann"));
    ann.goes_to_checkout(&shop, TWO_CUPS);
    shop.does(&sql::CONFIRM_BEGIN, &by_code(&ann, 100));
    shop.refuses(
        &sql::PROMOTION_PUT,
        &promotion("ten", json!({"uses_limit": 0})),
        Refusal::LimitBelowUse,
    );
    shop.refuses(
        &sql::PROMOTION_PUT,
        &promotion("ten", json!({"budget_minor": 99})),
        Refusal::LimitBelowUse,
    );
    shop.refuses(
        &sql::CODES_PUT,
        &codes("ten", &["TEN"], json!({"uses_limit": 0})),
        Refusal::LimitBelowUse,
    );
    let in_euros = json!({"rule": {"name": "Ten off", "currency": "EUR"}});
    shop.refuses(&sql::PROMOTION_PUT, &promotion("ten", in_euros), Refusal::SpentInOtherCurrency);
    shop.does(
        &sql::PROMOTION_PUT,
        &promotion("ten", json!({"uses_limit": 1, "budget_minor": 100})),
    );
}

#[test]
fn a_person_is_their_owner_and_whoever_has_their_email() {
    let shop = shop_with(json!({"person_limit": 1}), json!({}));
    let (ann, as_guest, bob) = (shopper("ann"), shopper("guest"), shopper("bob"));
    for buyer in [&ann, &as_guest, &bob] {
        let version = buyer.fills_a_cart(&shop, TWO_CUPS);
        let hashes = match buyer.0.as_str() {
            // By the key of before, too.
            "guest" => json!(["by-a-new-key", "email-ann"]),
            own => json!([format!("email-{own}")]),
        };
        shop.does(
            &sql::CHECKOUT_BEGIN,
            &with(buyer.checkout(version), json!({"email_hashes": hashes})),
        );
    }
    shop.does(&sql::CONFIRM_BEGIN, &by_code(&ann, 100));
    shop.refuses(&sql::CONFIRM_BEGIN, &by_code(&as_guest, 100), Refusal::PromotionsMoved);
    shop.does(&sql::CONFIRM_BEGIN, &by_code(&bob, 100));
    shop.does(&sql::ORDER_CREATE, &ann.order_create());
    shop.refuses(&sql::CONFIRM_BEGIN, &by_code(&as_guest, 100), Refusal::PromotionsMoved);
    // And is told so before they confirm.
    gives(&shop, &as_guest, "TEN", json!({}));
    let facts = confirm_facts(&shop, &as_guest);
    assert_eq!(facts["promotions"][0]["used"]["uses_by_person"], 1);
    assert_eq!(facts["buyer"], json!({"customer_id": null, "segments": [], "first_order": false}));
    assert_eq!(confirm_facts(&shop, &bob)["buyer"]["first_order"], true);
}

#[test]
fn what_runs_now_is_read_and_what_codes_give_whether_it_runs_or_not() {
    let (shop, ann) = (shop(), shopper("customer:ann"));
    let put = |id: &str, over: Value| {
        shop.does(
            &sql::PROMOTION_PUT,
            &with(promotion(id, json!({"subject": format!("promotion/{id}")})), over),
        );
    };
    put("runs", json!({"by_code": false}));
    put("off", json!({"by_code": false, "active": false}));
    put("over", json!({"by_code": false, "ends_at_ms": 1}));
    put("to-come", json!({"by_code": false, "starts_at_ms": NEVER_MS - 1}));
    put("asks", json!({}));
    put("given", json!({"ends_at_ms": 1}));
    put("given-off", json!({"active": false}));
    for (id, code) in [("asks", "ASKS"), ("given", "GIVEN"), ("given-off", "OFF")] {
        shop.does(
            &sql::CODES_PUT,
            &codes(id, &[code], json!({"subject": format!("promotion/{id}")})),
        );
    }
    ann.fills_a_cart(&shop, TWO_CUPS);
    for code in ["GIVEN", "OFF", "UNKNOWN"] {
        gives(&shop, &ann, code, json!({}));
    }
    let facts = |try_code: Value| {
        let input =
            json!({"owner": "customer:ann", "country": null, "region": "", "try_code": try_code});
        shop.list(&sql::PRICING_FACTS, &input).remove(0)["promotions"].clone()
    };
    let ids = |facts: &Value| -> Vec<String> {
        let read = facts["promotions"].as_array().unwrap().iter();
        read.map(|one| one["promotion_id"].as_str().unwrap().to_owned()).collect()
    };
    shop.does(
        &sql::CUSTOMER_PUT,
        &json!({"subject": "customer/ann", "actor": "service:desk", "customer_id": "ann",
        "customer_group": "wholesale", "segments": ["students", "b2b"]}),
    );
    let now = facts(Value::Null);
    assert_eq!(ids(&now), ["given", "runs"]);
    assert_eq!(now["codes"], json!(["GIVEN", "OFF", "UNKNOWN"]));
    assert_eq!(now["known_codes"].as_array().unwrap().len(), 1);
    assert_eq!(
        now["buyer"],
        json!({"customer_id": "ann", "segments": ["b2b", "students", "wholesale"], "first_order": true})
    );
    let tried = facts(json!("ASKS"));
    assert_eq!(ids(&tried), ["asks", "given", "runs"]);
    assert_eq!(tried["codes"].as_array().unwrap().len(), 4);
    // A sixth is not tried.
    for code in ["V", "W"] {
        gives(&shop, &ann, code, json!({}));
    }
    assert_eq!(facts(json!("ASKS"))["codes"].as_array().unwrap().len(), 5);
    assert_eq!(facts(json!("V"))["codes"].as_array().unwrap().len(), 5);
}

#[test]
fn a_refused_code_is_written_down() {
    let shop = shop();
    let refused = json!({"promotion_id": "ten", "actor": "ann", "reason": "expired", "code": "TEN", "cart_id": "cart-ann"});
    for _ in 0..2 {
        assert_eq!(shop.does(&sql::CODE_REFUSED, &refused), json!({"promotion_id": "ten"}));
    }
    assert_eq!(
        shop.rows("select subject, seq, kind, actor, reason, data from history order by seq"),
        [1, 2].map(|seq| format!(
            r#"promotion/ten|{seq}|code_refused|ann|expired|{{"cart_id":"cart-ann","code":"TEN"}}"#
        ))
    );
}

#[test]
fn of_what_runs_by_itself_only_that_of_the_carts_currency_is_read() {
    let (shop, ann) = (shop_with(json!({"only_currency": "EUR"}), json!({})), shopper("ann"));
    shop.does(&sql::CART_CREATE, &ann.cart_create());
    for (id, only) in [("any", ""), ("dollars", "USD"), ("euros", "EUR")] {
        let of =
            json!({"subject": format!("promotion/{id}"), "by_code": false, "only_currency": only});
        shop.does(&sql::PROMOTION_PUT, &promotion(id, of));
    }
    let read = |code: Option<&str>| -> Vec<String> {
        let asked = json!({"owner": "ann", "country": null, "region": "", "try_code": code});
        let facts = shop.list(&sql::PRICING_FACTS, &asked).remove(0);
        let read = facts["promotions"]["promotions"].as_array().unwrap();
        read.iter().map(|one| one["promotion_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(read(None), ["any", "dollars"]);
    // Who gives a code is told why it does nothing.
    assert_eq!(read(Some("TEN")), ["any", "dollars", "ten"]);
    let back = json!({"subject": "promotion/euros", "by_code": false, "only_currency": "USD"});
    shop.does(&sql::PROMOTION_PUT, &promotion("euros", back));
    assert_eq!(read(None), ["any", "dollars", "euros"]);
}
