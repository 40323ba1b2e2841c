//! Rewards (PROMO-10, PROMO-11): rules with their history, what is given once for an order whoever
//! looks, and what is taken back when the order is cancelled after all.

use serde_json::{Value, json};
use store::{Refusal, StoreError, sql};

use super::{
    shopper::{Line, event_with, keyed, shopper, with},
    support::{Database, SharedShop, shop},
};

const CUPS: &[Line] = &[("TILL-0001", "wh-hanoi", 2)];
const LIMIT: i64 = 100_000_000_000;
const DAY_MS: i64 = 86_400_000;
const GIVEN: &str = "select grant_id, order_id, customer_id, state, points, account_id, code, badge, taken_points from reward order by 1";
const BALANCES: &str = "select account_id, customer_id, balance_minor from account order by 1";

/// A rule that has looked at nothing.
pub fn rule(reward_id: &str, over: Value) -> Value {
    let put = json!({"subject": format!("reward/{reward_id}"), "actor": "service:desk", "reward_id": reward_id, "active": true,
        "rule": {"name": "Points", "when": "each_order", "gives": {"fixed_points": {"points": 5}}}, "wait_ms": DAY_MS, "walked_to": "", "promotions": [], "currency": null});
    with(put, over)
}

/// Points for an order, which open the account.
pub fn points(reward_id: &str, order: &str, customer_id: &str, over: Value) -> Value {
    let give = json!({"grant_id": format!("grant-{order}"), "reward_id": reward_id, "version": 1, "walked_from": "", "order_id": format!("order-{order}"),
        "customer_id": customer_id, "points": 5, "account_id": format!("points-{customer_id}"), "opens": true, "code": null, "promotion_id": null,
        "badge": null, "limit_minor": LIMIT, "actor": "worker:reward-grant", "events": []});
    with(give, over)
}

/// What is no points.
fn other(order: &str, customer_id: &str, over: Value) -> Value {
    let none = json!({"points": null, "account_id": null, "opens": null});
    with(points("p", order, customer_id, none), over)
}

fn promotion(id: &str, over: Value) -> Value {
    let put = json!({"subject": format!("promotion/{id}"), "actor": "service:desk", "promotion_id": id, "rule": {"name": id, "currency": "USD"}, "active": true,
        "by_code": true, "only_currency": "", "starts_at_ms": 0, "ends_at_ms": i64::MAX >> 10, "uses_limit": null, "person_limit": null, "budget_minor": null});
    with(put, over)
}

pub fn take_back(order: &str, there: Option<i64>) -> Value {
    json!({"grant_id": format!("grant-{order}"), "taken_points": there, "actor": "worker:reward-grant", "events": []})
}

fn walked(shop: &Database) -> String {
    shop.rows("select walked_to from reward_rule where reward_id = 'p'").remove(0)
}

fn ledger(shop: &Database, account_id: &str) -> Vec<String> {
    shop.rows(&format!("select seq, kind, amount_minor, reason from ledger where account_id = '{account_id}' order by seq"))
}

/// Orders of these, all the customer `ann`'s.
fn orders_of_ann(shop: &Database, names: &[&str]) {
    for name in names {
        shopper(name).pays(shop, CUPS);
        shop.exec(&format!(
            "update orders set owner = 'customer:ann' where order_id = 'order-{name}'"
        ));
    }
}

#[test]
fn a_rule_is_put_in_versions_with_its_history_and_listed() {
    let shop = shop();
    let put = |over: Value| shop.does(&sql::REWARD_PUT, &rule("p", over));
    let of = |rule: Value, version: i64, active: bool| json!({"reward_id": "p", "version": version, "active": active, "rule": rule});
    let first =
        json!({"name": "Points", "when": "each_order", "gives": {"fixed_points": {"points": 5}}});
    assert_eq!(put(json!({"walked_to": "1"})), of(first.clone(), 1, true));
    assert_eq!(put(json!({"walked_to": "2"})), of(first.clone(), 1, true));
    assert_eq!(walked(&shop), "1", "it goes on where it was");
    assert_eq!(put(json!({"active": false, "walked_to": "3"})), of(first.clone(), 1, false));
    assert_eq!(walked(&shop), "1");
    let second = json!({"name": "More points"});
    assert_eq!(
        put(json!({"rule": second, "walked_to": "4", "wait_ms": 7})),
        of(second.clone(), 2, true)
    );
    assert_eq!(walked(&shop), "4", "what was ordered while it did not run is not for it");
    assert_eq!(shop.rows("select wait_ms from reward_rule"), ["7"]);
    let asked = json!({"subject": "reward/p", "above": 0, "limit": 9});
    let history = shop.list(&sql::HISTORY_LIST, &asked);
    assert_eq!(history.len(), 3, "{history:?}");
    assert_eq!(history[2]["before"], json!({"rule": first, "active": false}));
    assert_eq!(history[2]["after"], json!({"rule": second, "active": true}));

    shop.does(&sql::REWARD_PUT, &rule("q", json!({"active": false})));
    let ids = |cursor: &str| -> Vec<String> {
        let page = shop.list(&sql::REWARD_LIST, &json!({"cursor": cursor, "limit": 5}));
        page.iter().map(|row| row["reward_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((ids(""), ids("p")), (vec!["p".to_owned(), "q".into()], vec!["q".into()]));
    let due = shop.list(&sql::REWARD_RULES_DUE, &json!({"limit": 5}));
    assert_eq!(due, [json!({"reward_id": "p", "version": 2, "rule": second, "walked_to": "4"})]);
    let delete = |id: &str| with(rule(id, json!({})), with(keyed("a key"), json!({"events": []})));
    shop.does(&sql::REWARD_DELETE, &delete("q"));
    shop.refuses(&sql::REWARD_DELETE, &with(delete("q"), keyed("another")), Refusal::EntryUnknown);
    assert_eq!(ids(""), ["p"]);
}

#[test]
fn a_rule_names_promotions_and_currencies_that_there_are_and_keeps_them() {
    let shop = shop();
    let named = json!({"promotions": ["refer", "thanks"], "rule": {"when": {"friend": {"promotion_id": "refer"}}, "gives": {"code": {"promotion_id": "thanks"}}}});
    shop.does(&sql::PROMOTION_PUT, &promotion("refer", json!({})));
    shop.refuses(&sql::REWARD_PUT, &rule("p", named.clone()), Refusal::PromotionUnknown);
    shop.does(&sql::PROMOTION_PUT, &promotion("thanks", json!({})));
    shop.does(&sql::REWARD_PUT, &rule("p", named));
    shop.refuses(
        &sql::REWARD_PUT,
        &rule("q", json!({"currency": "XXX"})),
        Refusal::CurrencyUnsupported,
    );
    shop.does(&sql::REWARD_PUT, &rule("q", json!({"currency": "EUR"})));
    for id in ["refer", "thanks"] {
        let delete = with(promotion(id, json!({})), with(keyed(id), json!({"events": []})));
        shop.refuses(&sql::PROMOTION_DELETE, &delete, Refusal::NamedByRewards);
    }
}

#[test]
fn points_are_given_once_for_an_order_with_their_entry() {
    let shop = shop();
    orders_of_ann(&shop, &["a", "b", "c"]);
    shop.does(&sql::REWARD_PUT, &rule("p", json!({})));
    let receipt = shop.does(&sql::REWARD_GIVE, &points("p", "a", "ann", json!({"events": [event_with("e1", "reward/grant-a", "rewards.reward.granted", &["seq"])]})));
    assert_eq!(receipt, json!({"walked_to": "order-a", "seq": 2, "balance_minor": 5}));
    assert_eq!(
        shop.events().iter().filter(|event| event.contains("rewards.reward.granted")).count(),
        1
    );
    // As it was read, by whoever else has read it.
    shop.refuses(
        &sql::REWARD_GIVE,
        &points("p", "a", "ann", json!({"opens": null})),
        Refusal::RewardMovedOn,
    );
    let next = |order: &str, from: &str, over: Value| {
        points("p", order, "ann", with(json!({"opens": null, "walked_from": from}), over))
    };
    for moved in [json!({"version": 2}), json!({"order_id": "order-none"})] {
        shop.refuses(&sql::REWARD_GIVE, &next("b", "order-a", moved), Refusal::RewardMovedOn);
    }
    // Their account was opened, or closed, since it was looked for.
    shop.refuses(
        &sql::REWARD_GIVE,
        &next("b", "order-a", json!({"opens": true, "account_id": "another"})),
        Refusal::AccountExists,
    );
    shop.refuses(
        &sql::REWARD_GIVE,
        &next("b", "order-a", json!({"account_id": "another"})),
        Refusal::AccountNotFound,
    );
    shop.refuses(
        &sql::REWARD_GIVE,
        &next("b", "order-a", json!({"limit_minor": 9})),
        Refusal::BalanceTooHigh,
    );
    shop.does(&sql::REWARD_GIVE, &next("b", "order-a", json!({"limit_minor": 10})));
    assert_eq!(
        ledger(&shop, "points-ann"),
        ["1|opened|0|grant-a", "2|earned|5|grant-a", "3|earned|5|grant-b"]
    );
    assert_eq!(shop.rows(BALANCES), ["points-ann|ann|10"]);
    assert_eq!(walked(&shop), "order-b");
    // A rule that has ended gives nothing, nor does an order that was cancelled.
    shop.does(&sql::ORDER_CANCEL, &shopper("c").cancel());
    shop.refuses(&sql::REWARD_GIVE, &next("c", "order-b", json!({})), Refusal::RewardMovedOn);
    shop.does(
        &sql::REWARD_WALK,
        &json!({"reward_id": "p", "version": 1, "walked_from": "order-b", "walked_to": "order-c"}),
    );
    assert_eq!(walked(&shop), "order-c");
    shop.refuses(
        &sql::REWARD_WALK,
        &json!({"reward_id": "p", "version": 1, "walked_from": "order-b", "walked_to": "order-z"}),
        Refusal::RewardMovedOn,
    );
    shop.does(&sql::REWARD_PUT, &rule("p", json!({"active": false})));
    shop.refuses(&sql::REWARD_GIVE, &next("b", "order-c", json!({})), Refusal::RewardMovedOn);
    let view = shop.list(&sql::REWARD_VIEW, &json!({"reward_id": "p"})).remove(0);
    assert_eq!((&view["given"], &view["taken_back"]), (&json!(2), &json!(0)));
    let delete = with(rule("p", json!({})), with(keyed("k"), json!({"events": []})));
    shop.refuses(&sql::REWARD_DELETE, &delete, Refusal::GaveRewards);
    assert_eq!(
        shop.list(&sql::POINTS_ACCOUNT, &json!({"customer_id": "ann"})),
        [json!({"account_id": "points-ann"})]
    );
    assert!(shop.list(&sql::POINTS_ACCOUNT, &json!({"customer_id": "bob"})).is_empty());
}

#[test]
fn of_many_who_give_for_one_order_one_does() {
    let shared = SharedShop::new();
    let shop = shared.open();
    orders_of_ann(&shop, &["a"]);
    shop.does(&sql::REWARD_PUT, &rule("p", json!({})));
    let won = shared.at_once(|shop, turn| {
        let own = json!({"grant_id": format!("grant-{turn}")});
        match shop.apply(&sql::REWARD_GIVE, &points("p", "a", "ann", own)) {
            Ok(_) => 1,
            Err(StoreError::Refused(Refusal::RewardMovedOn)) => 0,
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(won.iter().sum::<i32>(), 1);
    assert_eq!(shop.rows(BALANCES), ["points-ann|ann|5"]);
}

#[test]
fn what_is_given_for_a_cancelled_order_is_taken_back_as_far_as_it_is_there() {
    let shop = shop();
    orders_of_ann(&shop, &["a", "b"]);
    shop.does(&sql::REWARD_PUT, &rule("p", json!({})));
    shop.does(&sql::REWARD_GIVE, &points("p", "a", "ann", json!({})));
    let second = json!({"opens": null, "walked_from": "order-a", "points": 50});
    shop.does(&sql::REWARD_GIVE, &points("p", "b", "ann", second));
    // 55 points, of which 40 are spent.
    shop.does(&sql::ACCOUNT_ENTER, &super::stored_value::entry("points-ann", -40));
    let owed = || shop.list(&sql::REWARDS_OWED, &json!({"limit": 9}));
    assert!(owed().is_empty());
    shop.refuses(&sql::REWARD_TAKE_BACK, &take_back("b", Some(15)), Refusal::RewardMovedOn);
    shop.does(&sql::ORDER_CANCEL, &shopper("b").cancel());
    assert_eq!(
        owed(),
        [
            json!({"grant_id": "grant-b", "reward_id": "p", "order_id": "order-b", "customer_id": "ann", "account_id": "points-ann", "there": 15})
        ]
    );
    // As much as is there, and not as was.
    for there in [Some(14), Some(16), None] {
        shop.refuses(&sql::REWARD_TAKE_BACK, &take_back("b", there), Refusal::RewardMovedOn);
    }
    let taken = shop.does(&sql::REWARD_TAKE_BACK, &take_back("b", Some(15)));
    assert_eq!(
        taken,
        json!({"grant_id": "grant-b", "seq": 5, "balance_minor": 0, "code_ended": null})
    );
    assert_eq!(shop.rows(BALANCES), ["points-ann|ann|0"]);
    assert_eq!(ledger(&shop, "points-ann").last().unwrap(), "5|taken_back|-15|grant-b");
    shop.refuses(&sql::REWARD_TAKE_BACK, &take_back("b", Some(0)), Refusal::RewardMovedOn);
    // And of nothing there is nothing to take, nor an entry.
    shop.does(&sql::ORDER_CANCEL, &shopper("a").cancel());
    assert_eq!(owed()[0]["there"], 0);
    shop.does(&sql::REWARD_TAKE_BACK, &take_back("a", Some(0)));
    assert_eq!(
        shop.rows("select grant_id, taken_points from reward order by 1"),
        ["grant-a|0", "grant-b|15"]
    );
    assert_eq!(ledger(&shop, "points-ann").len(), 5);
    assert!(owed().is_empty());
    let states = shop.rows("select state from reward order by grant_id");
    assert_eq!(states, ["taken_back", "taken_back"]);
}

#[test]
fn a_code_is_for_its_customer_once_and_ends_with_its_order_unless_it_was_used() {
    let shop = shop();
    orders_of_ann(&shop, &["a", "b", "c"]);
    shop.does(&sql::PROMOTION_PUT, &promotion("thanks", json!({"ends_at_ms": 1})));
    shop.does(&sql::REWARD_PUT, &rule("p", json!({})));
    let code = |order: &str, from: &str| {
        other(
            order,
            "ann",
            json!({"code": format!("CODE-{order}"), "promotion_id": "thanks", "walked_from": from}),
        )
    };
    shop.refuses(&sql::REWARD_GIVE, &code("a", ""), Refusal::PromotionEnded);
    shop.does(&sql::PROMOTION_PUT, &promotion("thanks", json!({})));
    shop.does(&sql::REWARD_GIVE, &code("a", ""));
    shop.does(&sql::REWARD_GIVE, &code("b", "order-a"));
    shop.does(
        &sql::REWARD_GIVE,
        &other("c", "ann", json!({"badge": "Regular", "walked_from": "order-b"})),
    );
    let codes = "select code, customer_id, uses_limit, uses, active from promotion_code where promotion_id = 'thanks' order by 1";
    assert_eq!(shop.rows(codes), ["CODE-a|ann|1|0|1", "CODE-b|ann|1|0|1"]);
    shop.exec("update promotion_code set uses = 1 where code = 'CODE-b'");
    for (order, ended) in [("a", json!(true)), ("b", json!(false)), ("c", Value::Null)] {
        shop.does(&sql::ORDER_CANCEL, &shopper(order).cancel());
        let taken = shop.does(&sql::REWARD_TAKE_BACK, &take_back(order, None));
        assert_eq!((&taken["seq"], &taken["code_ended"]), (&Value::Null, &ended));
    }
    assert_eq!(shop.rows(codes), ["CODE-a|ann|1|0|0", "CODE-b|ann|1|1|1"]);
    assert_eq!(shop.rows(GIVEN).last().unwrap(), "grant-c|order-c|ann|taken_back|-|-|-|Regular|-");
}

#[test]
fn a_rule_is_told_what_it_has_to_know_of_each_order() {
    let shop = shop();
    shopper("g").pays(&shop, CUPS);
    orders_of_ann(&shop, &["h", "i", "j"]);
    shop.does(&sql::ORDER_CANCEL, &shopper("h").cancel());
    shop.exec("update orders set created_at_ms = created_at_ms - 5000 where order_id = 'order-i'");
    shop.exec("update order_line set discount_minor = 8 where order_id = 'order-j'");
    shop.does(&sql::REWARD_PUT, &rule("p", json!({})));
    let told = |over: Value| {
        let asked = json!({"reward_id": "p", "after": "", "wait_ms": 2000, "count": null, "window_ms": null, "shared": null, "limit": 9});
        shop.list(&sql::REWARD_ORDERS, &with(asked, over))
    };
    let column = |rows: &[Value], name: &str| -> Vec<Value> {
        rows.iter().map(|row| row[name].clone()).collect()
    };
    let all = told(json!({}));
    assert_eq!(column(&all, "order_id"), ["order-g", "order-h", "order-i", "order-j"]);
    assert_eq!(
        column(&all, "customer_id"),
        [Value::Null, json!("ann"), json!("ann"), json!("ann")]
    );
    assert_eq!(column(&all, "stands"), [true, false, true, true]);
    assert_eq!(column(&all, "is_due"), [false, false, true, false]);
    assert_eq!(column(&all, "goods_minor"), [2500, 2500, 2500, 2492]);
    assert_eq!(column(&all, "orders"), [0, 0, 0, 0]);
    let counted = told(json!({"count": 5, "window_ms": DAY_MS}));
    assert_eq!(column(&counted, "orders")[2..], [1, 2], "what was cancelled is none");
    assert_eq!(column(&told(json!({"count": 5, "window_ms": 3000})), "orders")[2..], [1, 1]);
    assert_eq!(
        column(&told(json!({"count": 1, "window_ms": DAY_MS})), "orders")[2..],
        [1, 1],
        "no further than it counts"
    );
    assert_eq!(column(&counted, "had"), [false, false, false, false]);
    shop.does(&sql::REWARD_GIVE, &other("i", "ann", json!({"badge": "B"})));
    assert_eq!(column(&told(json!({"count": 5, "window_ms": DAY_MS})), "had")[2..], [true, true]);
    assert_eq!(
        column(&told(json!({"count": 5, "window_ms": 3000})), "had")[2..],
        [true, false],
        "a streak of its own"
    );
    assert_eq!(column(&told(json!({"after": "order-h", "limit": 1})), "order_id"), ["order-i"]);
    // An attempt under way may be made an order that comes before.
    shopper("i2").confirms(&shop, CUPS);
    assert_eq!(column(&told(json!({})), "order_id"), ["order-g", "order-h", "order-i"]);
}

/// An order by a share code of `refer`.
fn by_code_of_ann(shop: &Database, name: &str, owner: &str, email: &str) {
    shopper(name).pays(shop, CUPS);
    shop.exec(&format!("update orders set owner = '{owner}', email_hash = '{email}' where order_id = 'order-{name}'"));
    shop.exec(&format!(
        "insert into promotion_use (saga_id, promotion_id, version, code, owner, email_hash, order_id, currency, amount_minor, spent_minor, state, at_ms)
          values ('saga-{name}', 'refer', 1, 'ANNS', '{owner}', '', 'order-{name}', 'USD', 0, 0, 'used', 1)"
    ));
}

#[test]
fn a_share_code_is_one_for_a_customer_and_tells_friends_who_are_new() {
    let shop = shop();
    let ask = |promotion: &str, code: &str| json!({"promotion_id": promotion, "customer_id": "ann", "code": code});
    shop.does(&sql::PROMOTION_PUT, &promotion("refer", json!({})));
    shop.refuses(&sql::SHARE_CODE_PUT, &ask("refer", "ANNS"), Refusal::NotShared);
    let friends = json!({"promotions": ["refer"], "rule": {"name": "Friends", "when": {"friend": {"promotion_id": "refer"}}}});
    shop.does(&sql::REWARD_PUT, &rule("p", friends));
    let made = shop.does(&sql::SHARE_CODE_PUT, &ask("refer", "ANNS"));
    assert_eq!(
        (&made["code"], &made["uses"], &made["active"]),
        (&json!("ANNS"), &json!(0), &json!(true))
    );
    assert_eq!(shop.does(&sql::SHARE_CODE_PUT, &ask("refer", "OTHER")), made, "it stays the same");
    shop.refuses(&sql::SHARE_CODE_PUT, &ask("welcome", "W"), Refusal::NotShared);
    shop.does(&sql::PROMOTION_PUT, &promotion("refer", json!({"active": false})));
    shop.refuses(&sql::SHARE_CODE_PUT, &ask("refer", "ANNS"), Refusal::NotShared);

    // The sharer's own orders are nobody's but theirs, the first of them too.
    by_code_of_ann(&shop, "l", "customer:ann", "");
    orders_of_ann(&shop, &["m"]);
    shop.exec("update orders set email_hash = 'mail of ann' where order_id = 'order-m'");
    by_code_of_ann(&shop, "n", "customer:ann", "mail of ann");
    by_code_of_ann(&shop, "o", "guest:1", "mail of ann");
    by_code_of_ann(&shop, "p", "guest:2", "mail of bob");
    by_code_of_ann(&shop, "q", "guest:3", "mail of bob");
    by_code_of_ann(&shop, "r", "customer:cat", "mail of cat");
    by_code_of_ann(&shop, "s", "customer:cat", "another of cat");
    shopper("t").pays(&shop, CUPS);
    let asked = json!({"reward_id": "p", "after": "", "wait_ms": 1, "count": null, "window_ms": null, "shared": "refer", "limit": 99});
    let told = shop.list(&sql::REWARD_ORDERS, &asked);
    let sharers: Vec<(&str, Option<&str>)> = told
        .iter()
        .map(|row| (row["order_id"].as_str().unwrap(), row["sharer"].as_str()))
        .collect();
    assert_eq!(
        sharers,
        [
            ("order-l", None),
            ("order-m", None),
            ("order-n", None),
            ("order-o", None),
            ("order-p", Some("ann")),
            ("order-q", None),
            ("order-r", Some("ann")),
            ("order-s", None),
            ("order-t", None)
        ]
    );
    // Who is erased shares no more.
    shop.list(&sql::CUSTOMER_ADD, &json!({"customer_id": "ann"}));
    let erase = json!({"owner": "customer:ann", "customer_id": "ann", "cancel_id": "c", "actor": "service:desk", "reason": "they asked", "idempotency_key": null, "events": []});
    shop.does(&sql::PERSON_ERASE, &erase);
    assert!(shop.list(&sql::REWARD_ORDERS, &asked).iter().all(|row| row["sharer"].is_null()));
    assert_eq!(shop.rows("select active from promotion_code where code = 'ANNS'"), ["0"]);
}

#[test]
fn a_customer_sees_what_they_were_given_and_what_waits() {
    let shop = shop();
    orders_of_ann(&shop, &["a", "b", "c"]);
    shop.does(&sql::ORDER_CANCEL, &shopper("c").cancel());
    shop.does(&sql::REWARD_PUT, &rule("p", json!({})));
    let euros = json!({"name": "Euros", "when": "each_order", "gives": {"points_per_amount": {"per_amount_minor": 1, "currency": "EUR"}}});
    shop.does(&sql::REWARD_PUT, &rule("q", json!({"rule": euros})));
    shop.does(
        &sql::REWARD_PUT,
        &rule("r", json!({"rule": {"name": "Third", "when": {"orders": {"count": 3}}}})),
    );
    shop.does(&sql::REWARD_PUT, &rule("s", json!({"active": false})));
    shop.does(&sql::REWARD_GIVE, &points("p", "a", "ann", json!({})));
    let seen = |customer_id: &str, cursor: Value, limit: i64| {
        let asked = json!({"customer_id": customer_id, "cursor": cursor, "limit": limit});
        shop.list(&sql::REWARDS_OF_CUSTOMER, &asked).remove(0)
    };
    let all = seen("ann", Value::Null, 9);
    let given_at = &all["rewards"][0]["given_at_ms"];
    assert_eq!(
        all["rewards"],
        json!([{"grant_id": "grant-a", "reward_id": "p", "name": "Points", "version": 1, "order_id": "order-a", "state": "given", "points": 5,
            "code": null, "badge": null, "taken_points": null, "given_at_ms": given_at, "taken_at_ms": null}])
    );
    let ordered =
        shop.one("select created_at_ms from orders where order_id = 'order-b'").as_i64().unwrap();
    assert_eq!(
        all["waiting"],
        json!([{"reward_id": "p", "name": "Points", "order_id": "order-b", "due_at_ms": ordered + DAY_MS}])
    );
    assert_eq!(all["share_codes"], json!([]));
    shop.does(
        &sql::REWARD_GIVE,
        &points("p", "b", "ann", json!({"opens": null, "walked_from": "order-a"})),
    );
    let ids = |page: &Value| -> Vec<String> {
        page["rewards"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["grant_id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&seen("ann", Value::Null, 9)), ["grant-b", "grant-a"]);
    assert_eq!(ids(&seen("ann", json!("grant-b"), 9)), ["grant-a"]);
    assert_eq!(ids(&seen("ann", Value::Null, 1)), ["grant-b"]);
    assert_eq!(seen("", Value::Null, 9), json!({"rewards": [], "waiting": [], "share_codes": []}));
    let asked = json!({"owner": "customer:ann", "customer_id": "ann", "cursor": null, "limit": 1});
    let exported = shop.list(&sql::PERSON_EXPORT, &asked).remove(0);
    assert_eq!(ids(&exported), ["grant-a", "grant-b"]);
    assert_eq!(exported["share_codes"], json!([]));
}
