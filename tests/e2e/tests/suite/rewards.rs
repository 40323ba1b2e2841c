//! Rewards over HTTP (PROMO-10, PROMO-11): what an order earns comes once its time has come, once,
//! and goes again when the order is cancelled after all.

use e2e::{Call, Guest, Reply, Shop, together, unique};
use serde_json::{Value, json};

const DAY_MS: i64 = 86_400_000;
const WORKER: &str = "reward-grant";

/// A rule that runs until the test is over.
struct Rule<'s> {
    shop: &'s Shop,
    reward_id: String,
    rule: Value,
}

impl<'s> Rule<'s> {
    fn new(shop: &'s Shop, when: Value, gives: Value, after_days: i64) -> Self {
        let rule =
            json!({ "name": "A reward", "when": when, "gives": gives, "after_days": after_days });
        let one = Self { shop, reward_id: unique("reward-"), rule };
        one.put(&one.rule, true).expect(200);
        one
    }

    fn admin(&self, method: &str) -> Call {
        let token = self.shop.token("promotions:read promotions:write");
        self.shop.call(method, &format!("/api/v1/rewards/{}", self.reward_id)).bearer(&token)
    }

    fn put(&self, rule: &Value, active: bool) -> Reply {
        self.admin("PUT").json(&json!({ "rule": rule, "active": active })).send()
    }

    fn ends(&self) {
        self.put(&self.rule, false).expect(200);
    }
}

impl Drop for Rule<'_> {
    /// So that no other test's orders earn anything by it.
    fn drop(&mut self) {
        self.put(&self.rule, false);
    }
}

/// A promotion that asks for a code, with so much off.
fn promotion(shop: &Shop, active: bool, promotion_id: &str) {
    let rule = json!({ "name": "By code", "kind": { "fixed_amount": { "amount_minor": 1_000 } }, "target": "goods", "currency": "USD",
        "conditions": { "code": true } });
    let token = shop.token("promotions:write");
    let call = shop.call("PUT", &format!("/api/v1/promotions/{promotion_id}")).bearer(&token);
    call.json(&json!({ "rule": rule, "active": active })).send().expect(200);
}

fn email() -> String {
    format!("{}@customer.example", unique("reward."))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// In a cart of their own again.
fn opens_a_cart(buyer: &mut Guest<'_>) {
    let body = json!({ "currency": "USD", "country": "VN" });
    let opened = buyer.call("POST", "/api/v1/cart").json(&body).send();
    assert!(opened.is_success(), "{opened:?}");
    buyer.cart_id = text(&opened.json()["cart"]["cart_id"]);
}

/// Buys one; the order.
#[track_caller]
fn buys(buyer: &mut Guest<'_>, sku: &str, code: Option<&str>, email: &str) -> String {
    opens_a_cart(buyer);
    buyer.add(sku, 1).expect(200);
    if let Some(code) = code {
        giving(buyer, code).expect(200);
    }
    let session = buyer.basket().with("email", email.into()).begin();
    text(&session.confirm().expect(201)["order_id"])
}

fn giving(buyer: &Guest<'_>, code: &str) -> Reply {
    buyer.call("POST", "/api/v1/cart/codes").json(&json!({ "code": code })).send()
}

fn seen(buyer: &Guest<'_>) -> Value {
    buyer.call("GET", "/api/v1/earned-rewards").send().expect(200)
}

/// What a customer has of a rule: points, code or badge of each, oldest first.
fn earned(buyer: &Guest<'_>) -> Vec<Value> {
    let page = seen(buyer);
    let of = |one: &Value| {
        ["points", "code", "badge"]
            .into_iter()
            .map(|name| one[name].clone())
            .find(|it| !it.is_null())
    };
    page["rewards"].as_array().unwrap().iter().rev().map(|one| of(one).unwrap()).collect()
}

fn points(shop: &Shop, customer_id: &str) -> Option<i64> {
    let token = shop.token("customers:read");
    let page =
        shop.call("GET", &format!("/api/v1/accounts?customer_id={customer_id}")).bearer(&token);
    page.send().expect(200)["accounts"][0]["balance_minor"].as_i64()
}

/// JSON of a row: SQLite shows it as a text.
fn events_about(shop: &Shop, aggregate: &str) -> Vec<(String, Value)> {
    let rows = shop.rows("outbox", "aggregate", aggregate).into_iter();
    let data = |cell: &Value| match cell.as_str() {
        Some(text) => serde_json::from_str(text).expect("JSON"),
        None => cell.clone(),
    };
    rows.map(|row| (text(&row["type"]), data(&row["data"]))).collect()
}

fn per_dollar() -> Value {
    json!({ "points_per_amount": { "per_amount_minor": 100, "currency": "USD" } })
}

// PROMO-11, SEC-4
#[test]
fn rules_are_looked_after_by_services_and_refused_by_their_fields() {
    let shop = Shop::open();
    let promotion_id = unique("promotion-");
    promotion(&shop, true, &promotion_id);
    let rule = json!({ "name": "For friends", "when": { "friend": { "promotion_id": promotion_id } }, "gives": { "code": { "promotion_id": promotion_id } } });
    let one = Rule { shop: &shop, reward_id: unique("reward-"), rule };
    one.admin("GET").send().problem(404, "entry_not_found");
    let put = one.put(&one.rule, true).expect(200);
    let mut kept = one.rule.clone();
    kept["after_days"] = json!(14);
    assert_eq!(
        put,
        json!({ "reward_id": one.reward_id, "version": 1, "active": true, "rule": kept })
    );
    let over = |pointer: &str, value: Value| {
        let mut rule = kept.clone();
        *rule.pointer_mut(pointer).unwrap() = value;
        rule
    };
    for (pointer, value, field) in [
        ("/name", json!(""), "/rule/name"),
        ("/when", json!("each_day"), "/rule/when"),
        ("/when", json!({ "orders": { "count": 0 } }), "/rule/when/orders/count"),
        (
            "/when",
            json!({ "orders": { "count": 2, "within_days": 367 } }),
            "/rule/when/orders/within_days",
        ),
        ("/when", json!({ "friend": {} }), "/rule/when/friend"),
        ("/gives", json!({ "fixed_points": { "points": 0 } }), "/rule/gives/fixed_points/points"),
        (
            "/gives",
            json!({ "points_per_amount": { "per_amount_minor": 0, "currency": "USD" } }),
            "/rule/gives/points_per_amount/per_amount_minor",
        ),
        ("/gives", json!({ "badge": { "name": "" } }), "/rule/gives/badge/name"),
        ("/after_days", json!(91), "/rule/after_days"),
        ("/after_days", json!(-1), "/rule/after_days"),
        // What it names is there.
        ("/gives", json!({ "code": { "promotion_id": unique("no-") } }), "/rule"),
    ] {
        let problem = one.put(&over(pointer, value), true).problem(400, "invalid_field");
        assert!(text(&problem["field"]).starts_with(field), "{field}: {problem}");
    }
    let elsewhere = json!({ "points_per_amount": { "per_amount_minor": 1, "currency": "XXX" } });
    one.put(&over("/gives", elsewhere), true).problem(422, "currency_unsupported");
    let mut unknown = kept.clone();
    unknown["until"] = json!(1);
    one.put(&unknown, true).problem(400, "unknown_field");
    assert_eq!(one.admin("GET").send().expect(200)["reward"], put, "nothing was changed");

    // A promotion that it names stays.
    let writer = shop.token("promotions:read promotions:write");
    let deleting =
        shop.call("DELETE", &format!("/api/v1/promotions/{promotion_id}")).bearer(&writer);
    deleting.clone().send().problem(409, "in_use");
    let renamed = one.put(&over("/name", json!("Friends")), false).expect(200);
    assert_eq!((&renamed["version"], &renamed["active"]), (&json!(2), &json!(false)));
    let reader = shop.token("catalog:read");
    let history = shop
        .call("GET", &format!("/api/v1/catalog/history/reward/{}", one.reward_id))
        .bearer(&reader);
    let history = history.send().expect(200);
    let shown: Vec<&Value> = history["history"].as_array().unwrap().iter().collect();
    assert_eq!(shown.len(), 2, "{history}");
    assert_eq!(shown[1]["before"]["rule"]["name"], "For friends");
    let mut listed = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = shop
            .call("GET", &format!("/api/v1/rewards?limit=1{cursor}"))
            .bearer(&writer)
            .send()
            .expect(200);
        listed.extend(page["rewards"].as_array().unwrap().iter().map(|it| text(&it["reward_id"])));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert!(listed.contains(&one.reward_id) && listed.is_sorted(), "{listed:?}");
    one.admin("DELETE").send().expect(200);
    one.admin("DELETE").send().problem(404, "entry_not_found");
    deleting.send().expect(200);
    let stranger = shop.token("orders:read");
    shop.call("GET", "/api/v1/rewards").bearer(&stranger).send().problem(403, "scope_missing");
}

// PROMO-10: and of two runs at once, and the next, one gives.
#[test]
fn an_order_earns_points_once_its_time_has_come_and_not_before() {
    let shop = Shop::alone();
    let sku = shop.sku().price("USD", 9_050).create();
    let ann_id = unique("customer-");
    let (mut ann, mut guest) = (shop.customer_called(&ann_id, "USD"), shop.guest());
    let before = buys(&mut ann, &sku, None, &email());
    let rule = Rule::new(&shop, json!("each_order"), per_dollar(), 14);
    let _euros = Rule::new(
        &shop,
        json!("each_order"),
        json!({ "points_per_amount": { "per_amount_minor": 1, "currency": "EUR" } }),
        14,
    );
    let ended =
        Rule::new(&shop, json!("each_order"), json!({ "badge": { "name": "Too late" } }), 14);
    let order_id = buys(&mut ann, &sku, None, &email());
    let cancelled = buys(&mut ann, &sku, None, &email());
    let of_guest = buys(&mut guest, &sku, None, &email());
    ann.cancelling(&cancelled).keyed(&unique("k")).send().expect(200);
    let ordered_ms =
        shop.rows("orders", "order_id", &order_id)[0]["created_at_ms"].as_i64().unwrap();
    let page = seen(&ann);
    assert_eq!(page["rewards"], json!([]));
    let waits = |rule: &Rule<'_>| json!({ "reward_id": rule.reward_id, "name": "A reward", "order_id": order_id, "due_at_ms": ordered_ms + 14 * DAY_MS });
    let mut expected = [waits(&rule), waits(&ended)];
    expected.sort_by_key(|it| text(&it["reward_id"]));
    assert_eq!(
        page["waiting"],
        json!(expected),
        "not in another currency, and not what was cancelled"
    );
    shop.advance_ms(14 * DAY_MS - 60_000);
    shop.run(WORKER);
    assert_eq!((earned(&ann), points(&shop, &ann_id)), (vec![], None));
    // What is changed meanwhile counts as it is when it is given; what has ended gives nothing.
    let mut changed = rule.rule.clone();
    changed["gives"]["points_per_amount"]["per_amount_minor"] = json!(50);
    rule.put(&changed, true).expect(200);
    ended.ends();
    shop.advance_ms(61_000);
    together(4, |_| shop.worker_without_lease(WORKER).send().expect(200));
    shop.run(WORKER);
    assert_eq!((earned(&ann), points(&shop, &ann_id)), (vec![json!(181)], Some(181)));
    let page = seen(&ann);
    let one = &page["rewards"][0];
    assert_eq!(
        (&one["order_id"], &one["version"], &one["state"]),
        (&json!(order_id), &json!(2), &json!("given"))
    );
    assert_eq!(page["waiting"], json!([]));
    for nothing in [&before, &cancelled, &of_guest] {
        assert!(shop.rows("reward", "order_id", nothing).is_empty());
    }
    let grant_id = text(&one["grant_id"]);
    assert_eq!(
        events_about(&shop, &format!("reward/{grant_id}")),
        [(
            "rewards.reward.granted".to_owned(),
            json!({ "grant_id": grant_id, "reward_id": rule.reward_id, "order_id": order_id,
            "customer_id": ann_id, "version": 2, "points": 181 })
        )]
    );
    let account_id = text(&shop.rows("reward", "grant_id", &grant_id)[0]["account_id"]);
    let told: Vec<String> = events_about(&shop, &format!("account/{account_id}"))
        .into_iter()
        .map(|(kind, _)| kind)
        .collect();
    assert_eq!(told, ["accounts.account.opened", "accounts.account.changed"]);
    rule.admin("DELETE").send().problem(409, "in_use");
    let view = rule.admin("GET").send().expect(200);
    assert_eq!((&view["given"], &view["taken_back"]), (&json!(1), &json!(0)));
    // A guest sees nothing, and nobody sees another's.
    assert_eq!(seen(&guest)["rewards"], json!([]));
    assert_eq!(earned(&shop.customer_called(&unique("customer-"), "USD")), [Value::Null; 0]);

    // F19: what was spent meanwhile stays spent, and nothing is below zero.
    let correct = json!({ "amount_minor": -100, "reason": "spent elsewhere" });
    let path = format!("/api/v1/accounts/{account_id}/corrections");
    shop.call("POST", &path)
        .bearer(&shop.token("money:write"))
        .keyed(&unique("k"))
        .json(&correct)
        .send()
        .expect(200);
    ann.cancelling(&order_id).keyed(&unique("k")).send().expect(200);
    assert_eq!(seen(&ann)["rewards"][0]["state"], "owed");
    together(4, |_| shop.worker_without_lease(WORKER).send().expect(200));
    shop.run(WORKER);
    let taken = &seen(&ann)["rewards"][0];
    assert_eq!((&taken["state"], &taken["taken_points"]), (&json!("taken_back"), &json!(81)));
    assert_eq!(points(&shop, &ann_id), Some(0));
    let entries = shop
        .call("GET", &format!("/api/v1/accounts/{account_id}/entries"))
        .bearer(&ann.token)
        .send()
        .expect(200);
    let moved: Vec<(&str, i64)> = entries["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["kind"].as_str().unwrap(), it["amount_minor"].as_i64().unwrap()))
        .collect();
    assert_eq!(moved, [("taken_back", -81), ("corrected", -100), ("earned", 181), ("opened", 0)]);
    let (kind, data) = events_about(&shop, &format!("reward/{grant_id}")).remove(1);
    assert_eq!((kind.as_str(), &data["taken_points"]), ("rewards.reward.taken_back", &json!(81)));
}

// PROMO-11
#[test]
fn a_milestone_is_given_at_its_order_and_a_streak_within_its_days() {
    let shop = Shop::alone();
    let sku = shop.sku().create();
    let badge = |name: &str| json!({ "badge": { "name": name } });
    let mut ann = shop.customer_called(&unique("customer-"), "USD");
    let third = Rule::new(&shop, json!({ "orders": { "count": 3 } }), badge("Third"), 0);
    let streak = Rule::new(
        &shop,
        json!({ "orders": { "count": 2, "within_days": 10 } }),
        badge("Streak"),
        0,
    );
    let mut orders: Vec<String> = Vec::new();
    let mut buys_after = |days: i64| {
        shop.advance_ms(days * DAY_MS);
        orders.push(buys(&mut ann, &sku, None, &email()));
        shop.advance_ms(601_000);
        shop.run(WORKER);
        earned(&ann).iter().map(text).collect::<Vec<_>>()
    };
    assert_eq!(buys_after(0), [""; 0]);
    assert_eq!(buys_after(11), [""; 0], "the streak was too slow");
    assert_eq!(buys_after(9).len(), 2);
    assert_eq!(buys_after(1).len(), 2, "each order is of one streak, and a milestone is once");
    assert_eq!(buys_after(11).len(), 2, "and this begins another");
    assert_eq!(buys_after(1).len(), 3);
    let of = |rule: &Rule<'_>| -> Vec<String> {
        let rows = shop.rows("reward", "reward_id", &rule.reward_id);
        rows.iter().map(|row| text(&row["order_id"])).collect()
    };
    assert_eq!(of(&third), [orders[2].clone()]);
    let mut streaks = of(&streak);
    streaks.sort();
    assert_eq!(streaks, [orders[2].clone(), orders[5].clone()]);
}

// PROMO-11, PROMO-14
#[test]
fn who_shares_a_code_is_rewarded_for_who_is_new_and_nobody_for_themselves() {
    let shop = Shop::alone();
    let sku = shop.sku().price("USD", 9_000).create();
    let promotion_id = unique("promotion-");
    promotion(&shop, true, &promotion_id);
    let (ann_id, cat_id) = (unique("customer-"), unique("customer-"));
    let (mut ann, mut cat) =
        (shop.customer_called(&ann_id, "USD"), shop.customer_called(&cat_id, "USD"));
    let sharing = |buyer: &Guest<'_>| {
        buyer
            .call("POST", "/api/v1/share-codes")
            .json(&json!({ "promotion_id": promotion_id }))
            .send()
    };
    sharing(&ann).problem(404, "entry_not_found");
    let _rule = Rule::new(
        &shop,
        json!({ "friend": { "promotion_id": promotion_id } }),
        json!({ "fixed_points": { "points": 7 } }),
        0,
    );
    sharing(&shop.guest()).problem(403, "scope_missing");
    let shared = sharing(&ann).expect(200);
    let at_once = together(4, |_| sharing(&ann).expect(200));
    assert!(at_once.iter().all(|again| *again == shared), "{at_once:?}");
    let others = together(4, |_| sharing(&cat).expect(200)["code"].clone());
    assert!(others.iter().all(|code| *code == others[0] && *code != shared["code"]), "{others:?}");
    assert_eq!(seen(&ann)["share_codes"], json!([shared]));
    let code = text(&shared["code"]);

    let (of_ann, of_bob, of_cat) = (email(), email(), email());
    // Their own, as a customer and as a guest with the same e-mail, whichever comes first.
    buys(&mut shop.guest(), &sku, Some(&code), &of_ann);
    buys(&mut ann, &sku, Some(&code), &of_ann);
    // Somebody new; and the same person again, typed otherwise.
    let new = buys(&mut shop.guest(), &sku, Some(&code), &of_bob);
    buys(&mut shop.guest(), &sku, Some(&code), &of_bob.to_uppercase());
    // A customer who has ordered before.
    buys(&mut cat, &sku, None, &of_cat);
    buys(&mut cat, &sku, Some(&code), &email());
    // Somebody new who does without the code, and one who cancels.
    buys(&mut shop.guest(), &sku, None, &email());
    let mut regrets = shop.guest();
    let cancelled = buys(&mut regrets, &sku, Some(&code), &email());
    regrets.cancelling(&cancelled).keyed(&unique("k")).send().expect(200);
    shop.advance_ms(601_000);
    shop.run(WORKER);
    let page = seen(&ann);
    let for_orders: Vec<String> =
        page["rewards"].as_array().unwrap().iter().map(|one| text(&one["order_id"])).collect();
    assert_eq!(for_orders, [new], "{page}");
    assert_eq!((points(&shop, &ann_id), points(&shop, &cat_id)), (Some(7), None));
    // SEC-6: who is erased shares no more; what they were given stays, under their id.
    let owner = format!("customer:{ann_id}");
    let desk = shop.token("customers:read customers:write");
    let exported = shop
        .call("GET", &format!("/api/v1/customers/{owner}/export"))
        .bearer(&desk)
        .send()
        .expect(200);
    assert_eq!(
        (exported["rewards"].as_array().unwrap().len(), &exported["share_codes"][0]["code"]),
        (1, &json!(code))
    );
    let erase = shop
        .call("POST", &format!("/api/v1/customers/{owner}/erase"))
        .bearer(&desk)
        .keyed(&unique("k"));
    erase.json(&json!({ "reason": "they asked" })).send().expect(200);
    let mut late = shop.guest();
    opens_a_cart(&mut late);
    late.add(&sku, 1).expect(200);
    giving(&late, &code).problem(422, "code_refused");
    let exported = shop
        .call("GET", &format!("/api/v1/customers/{owner}/export"))
        .bearer(&desk)
        .send()
        .expect(200);
    assert_eq!(
        (exported["rewards"].as_array().unwrap().len(), &exported["share_codes"]),
        (1, &json!([]))
    );
}

// PROMO-11
#[test]
fn a_code_that_was_earned_is_good_for_one_order_of_its_customer_alone() {
    let shop = Shop::alone();
    let sku = shop.sku().price("USD", 9_000).create();
    let promotion_id = unique("promotion-");
    promotion(&shop, true, &promotion_id);
    let mut ann = shop.customer_called(&unique("customer-"), "USD");
    let rule = Rule::new(
        &shop,
        json!("each_order"),
        json!({ "code": { "promotion_id": promotion_id } }),
        1,
    );
    let first = buys(&mut ann, &sku, None, &email());
    // While its promotion has ended none is given, and an alert says so.
    promotion(&shop, false, &promotion_id);
    shop.advance_ms(DAY_MS + 1_000);
    shop.run(WORKER);
    assert_eq!(earned(&ann), [Value::Null; 0]);
    let alert = format!("reward_promotion_ended:{}", rule.reward_id);
    assert_eq!(shop.rows("alert", "alert_id", &alert).len(), 1);
    promotion(&shop, true, &promotion_id);
    shop.run(WORKER);
    let code = text(&earned(&ann)[0]);

    let mut bob = shop.customer_called(&unique("customer-"), "USD");
    for other in [&mut bob, &mut shop.guest()] {
        opens_a_cart(other);
        other.add(&sku, 1).expect(200);
        giving(other, &code).problem(422, "code_refused");
    }
    let second = buys(&mut ann, &sku, Some(&code), &email());
    assert_eq!(ann.order(&second).expect(200)["discount"]["amount_minor"], 1_000);
    opens_a_cart(&mut ann);
    ann.add(&sku, 1).expect(200);
    giving(&ann, &code).problem(422, "code_refused");

    // One that was used stays used; one that was not ends with its order.
    shop.advance_ms(DAY_MS + 1_000);
    shop.run(WORKER);
    let unused = text(&earned(&ann)[1]);
    for order_id in [&first, &second] {
        ann.cancelling(order_id).keyed(&unique("k")).send().expect(200);
    }
    shop.run(WORKER);
    let states: Vec<Value> =
        seen(&ann)["rewards"].as_array().unwrap().iter().map(|one| one["state"].clone()).collect();
    assert_eq!(states, ["taken_back", "taken_back"]);
    opens_a_cart(&mut ann);
    ann.add(&sku, 1).expect(200);
    giving(&ann, &unused).problem(422, "code_refused");
}
