//! What an order costs besides its goods and its shipping (PRICE-13).

use e2e::{Guest, Reply, Shop, unique};
use serde_json::{Value, json};

const CATALOG: &str = "/api/v1/catalog";
const TO_NEW_YORK: &str = "country=US&region=NY&shipping_method=standard";

fn putting(shop: &Shop, path: &str, fee: &Value) -> Reply {
    shop.admin("PUT", &format!("{CATALOG}/fees/{path}")).json(fee).send()
}

fn deleting(shop: &Shop, path: &str) -> Reply {
    shop.admin("DELETE", &format!("{CATALOG}/fees/{path}")).send()
}

fn minor(amount: &Value) -> i64 {
    amount["amount_minor"].as_i64().unwrap_or_else(|| panic!("no amount: {amount}"))
}

fn ids(fees: &Value) -> Vec<&str> {
    fees.as_array().map_or(vec![], |fees| {
        fees.iter().map(|fee| fee["fee_id"].as_str().expect("an id")).collect()
    })
}

fn wrap(name: &str, amount_minor: i64) -> Value {
    json!({ "kind": "gift_wrap", "name": name, "amount_minor": amount_minor, "tax_class": "standard", "active": true })
}

/// What the steps of totals or of an order sum to.
fn sum_of_steps(totals: &Value) -> i64 {
    let steps = totals["adjustments"].as_array().expect("steps");
    steps
        .iter()
        .filter(|step| step["kind"] != "tax_included")
        .map(|step| minor(&step["amount"]))
        .sum()
}

/// Takes the fees of a test away, whatever becomes of it.
struct Swept<'s>(&'s Shop, Vec<String>);

impl Drop for Swept<'_> {
    fn drop(&mut self) {
        for path in &self.1 {
            deleting(self.0, path);
        }
    }
}

fn buyer<'s>(shop: &'s Shop, sku: &str, quantity: i64) -> Guest<'s> {
    let guest = shop.guest();
    guest.add(sku, quantity).expect(200);
    guest
}

// PRICE-13, CART-9
#[test]
fn a_buyer_who_wants_it_wrapped_sees_pays_and_gets_back_what_that_costs() {
    let shop = Shop::alone();
    let (red, gold) = (unique("red-"), unique("gold-"));
    let paths = [format!("USD/{red}"), format!("USD/{gold}")];
    let _swept = Swept(&shop, paths.to_vec());
    let kept = putting(&shop, &paths[0], &wrap("Red paper", 350)).expect(200);
    assert_eq!(
        kept,
        json!({ "currency": "USD", "fee_id": red, "kind": "gift_wrap", "name": "Red paper", "amount_minor": 350,
            "free_from_minor": null, "up_to_minor": null, "zone": null, "customer_group": null, "tax_class": "standard", "active": true })
    );
    let mut free = wrap("Gold paper", 900);
    free["free_from_minor"] = json!(5_000);
    putting(&shop, &paths[1], &free).expect(200);

    let sku = shop.sku().price("USD", 2_000).weight_g(100).stock(20).create();
    let guest = buyer(&shop, &sku, 2);
    let bare = guest.totals(TO_NEW_YORK).expect(200);
    assert_eq!(bare["fees"], Value::Null, "{bare}");
    let offered: Vec<_> = bare["gift_wraps"].as_array().expect("wraps").iter().collect();
    let is = |id: &str| offered.iter().find(|one| one["fee_id"] == id).expect("it is offered");
    assert_eq!((&is(&red)["name"], minor(&is(&red)["amount"])), (&json!("Red paper"), 350));
    assert_eq!(minor(&is(&gold)["amount"]), 900);

    let wrapped = guest.totals(&format!("{TO_NEW_YORK}&gift_wrap={red}")).expect(200);
    let fee = wrapped["fees"][0].clone();
    assert_eq!(ids(&wrapped["fees"]), [red.as_str()]);
    assert_eq!(minor(&fee["amount"]), 350);
    assert!(minor(&fee["tax"]) > 0, "New York taxes it: {fee}");
    assert_eq!(minor(&fee["tax_base"]) + minor(&fee["tax"]), minor(&fee["total"]));
    assert_eq!(minor(&wrapped["total"]) - minor(&bare["total"]), minor(&fee["total"]));
    assert_eq!(minor(&wrapped["tax"]) - minor(&bare["tax"]), minor(&fee["tax"]));
    assert_eq!(wrapped["subtotal"], bare["subtotal"]);
    assert_eq!(sum_of_steps(&wrapped), minor(&wrapped["total"]), "{wrapped}");
    assert_ne!(wrapped["quote_hash"], bare["quote_hash"], "it is another quote");

    let to_new_york = || guest.basket().to("US", Some("NY"));
    to_new_york()
        .with("gift_wrap", json!("paper"))
        .try_begin()
        .problem(422, "gift_wrap_unavailable");
    let session = to_new_york().with("gift_wrap", json!(red)).begin();
    assert_eq!(session.view["totals"]["fees"], wrapped["fees"]);
    let placed = session.confirm().expect(201);
    assert_eq!(placed["total"], wrapped["total"]);
    let order_id = placed["order_id"].as_str().expect("an id");
    let order = guest.order(order_id).expect(200);
    assert_eq!((&order["fees"], &order["total"]), (&wrapped["fees"], &wrapped["total"]));
    assert_eq!(sum_of_steps(&order), minor(&order["total"]));
    assert_eq!(minor(&order["payment"]["amount"]), minor(&order["total"]));
    shop.run("consistency-audit");
    assert!(shop.violations().is_empty(), "an order is the sum of its lines and its fees");

    // It costs more from now on, and the order keeps what it has.
    putting(&shop, &paths[0], &wrap("Red paper", 400)).expect(200);
    assert_eq!(guest.order(order_id).expect(200)["fees"], wrapped["fees"]);
    guest.cancelling(order_id).send().expect(200);
    shop.run_workers_until_quiet();
    let refunded = &guest.order(order_id).expect(200)["payment"];
    let (taken, back) = (minor(&refunded["captured"]), minor(&refunded["refunded"]));
    assert!(taken == back, "all of it went back: {refunded}");

    // Worth enough, it is wrapped for nothing; and it is on the order that somebody has to.
    let rich = buyer(&shop, &sku, 3);
    let totals = rich.totals(&format!("{TO_NEW_YORK}&gift_wrap={gold}")).expect(200);
    assert_eq!(
        (ids(&totals["fees"]), minor(&totals["fees"][0]["total"])),
        (vec![gold.as_str()], 0)
    );
    let session = rich.basket().to("US", Some("NY")).with("gift_wrap", json!(gold)).begin();
    let order = session.confirm().expect(201);
    let order = rich.order(order["order_id"].as_str().expect("an id")).expect(200);
    assert_eq!(ids(&order["fees"]), [gold.as_str()]);
}

// PRICE-13, CHK-2
#[test]
fn every_order_pays_for_its_handling_and_a_fee_that_rises_is_asked_for_again() {
    let shop = Shop::alone();
    let path = format!("USD/{}", unique("small-"));
    let _swept = Swept(&shop, vec![path.clone()]);
    let sku = shop.sku().price("USD", 1_000).weight_g(100).stock(20).create();
    let guest = buyer(&shop, &sku, 1);
    let query = "country=VN&shipping_method=standard";
    let before = minor(&guest.totals(query).expect(200)["total"]);
    let small = |amount: i64, active: bool| {
        let fee = json!({ "kind": "handling", "name": "Small order", "amount_minor": amount, "free_from_minor": 2_000, "tax_class": "standard", "active": active });
        putting(&shop, &path, &fee).expect(200)
    };
    small(150, true);
    let totals = guest.totals(query).expect(200);
    let fee = minor(&totals["fees"][0]["total"]);
    assert!(fee >= 150, "{totals}");
    assert_eq!(minor(&totals["total"]), before + fee);
    assert_eq!(totals["gift_wraps"], Value::Null, "it is not the buyer's to choose");
    // Two are worth enough.
    let two = buyer(&shop, &sku, 2);
    assert_eq!(two.totals(query).expect(200)["fees"], Value::Null);
    // An empty cart costs nothing.
    assert_eq!(minor(&shop.guest().totals("country=VN").expect(200)["total"]), 0);
    // Who pays in another currency has no such fee.
    let vnd = shop.guest_in("VN", "VND");
    let dear = shop.sku().price("VND", 20_000).weight_g(100).stock(5).create();
    vnd.add(&dear, 1).expect(200);
    assert_eq!(vnd.totals(query).expect(200)["fees"], Value::Null);

    let session = guest.check_out();
    small(250, true);
    let problem = session.confirm().problem(409, "price_changed");
    let now = problem["current_total"].clone();
    assert!(minor(&now) > session.total_minor(), "{problem}");
    assert_eq!(minor(&problem["totals"]["fees"][0]["amount"]), 250);
    let placed = session.confirming_with(&json!({ "accept_total": now })).send().expect(201);
    assert_eq!(placed["total"], now);
    assert!(guest.has_one_paid_order_or_nothing());

    small(250, false);
    assert_eq!(buyer(&shop, &sku, 1).totals(query).expect(200)["fees"], Value::Null);
}

// CART-18
#[test]
fn a_wrap_that_is_none_and_a_fee_that_cannot_be_taxed_are_said_with_everything_else() {
    let shop = Shop::alone();
    let path = format!("USD/{}", unique("untaxed-"));
    let _swept = Swept(&shop, vec![path.clone()]);
    let untaxed = json!({ "kind": "handling", "name": "Handling", "amount_minor": 1, "tax_class": "nowhere", "active": true });
    putting(&shop, &path, &untaxed).expect(200);
    let sku = shop.sku().price("USD", 1_000).weight_g(100).stock(1).create();
    let guest = buyer(&shop, &sku, 2);
    let body = json!({ "country": "VN", "shipping_method": "standard", "gift_wrap": "none" });
    let checked = guest.call("POST", "/api/v1/cart/validate").json(&body).send().expect(200);
    let problems = checked["problems"].as_array().expect("problems");
    let of = |code: &str| problems.iter().filter(|one| one["code"] == code).collect::<Vec<_>>();
    assert_eq!(of("gift_wrap_unavailable")[0]["pointer"], "/gift_wrap", "{checked}");
    assert!(of("tax_missing")[0]["detail"].as_str().unwrap().contains("nowhere"), "{checked}");
    assert_eq!(of("insufficient_stock").len(), 1, "{checked}");
    guest.totals("country=VN").problem(422, "tax_missing");
}

#[test]
fn a_fee_is_kept_with_who_said_it_or_refused_with_its_field() {
    let shop = Shop::open();
    let path = format!("GBP/{}", unique("odd-"));
    let of = |change: Value| {
        let mut fee = wrap("Odd", 100);
        fee["active"] = json!(false);
        for (member, value) in change.as_object().expect("members") {
            fee[member] = value.clone();
        }
        fee
    };
    for (change, field) in [
        (json!({ "amount_minor": -1 }), "/amount_minor"),
        (json!({ "amount_minor": 100_000_000_001_i64 }), "/amount_minor"),
        (json!({ "amount_minor": 1.5 }), "/amount_minor"),
        (json!({ "free_from_minor": 0 }), "/free_from_minor"),
        (json!({ "kind": "bribe" }), "/kind"),
        (json!({ "name": " " }), "/name"),
        (json!({ "tax_class": "no such class" }), "/tax_class"),
        (json!({ "active": "yes" }), "/active"),
    ] {
        let problem = putting(&shop, &path, &of(change.clone())).problem(400, "invalid_field");
        assert_eq!(problem["field"], field, "{change}: {problem}");
    }
    let unknown = putting(&shop, &path, &of(json!({ "percent": 3 })));
    assert_eq!(unknown.problem(400, "unknown_field")["field"], "/percent");
    let listed = || {
        let page = shop.admin("GET", &format!("{CATALOG}/fees?currency=GBP&limit=500")).send();
        page.expect(200)["entries"].as_array().expect("entries").clone()
    };
    let id = path.trim_start_matches("GBP/");
    assert!(!listed().iter().any(|fee| fee["fee_id"] == id), "nothing was kept");
    putting(&shop, "QZY/odd", &of(json!({}))).problem(422, "currency_unsupported");
    let problem = putting(&shop, "POUND/odd", &of(json!({}))).problem(400, "invalid_field");
    assert_eq!(problem["field"], "currency", "{problem}");

    let kept = putting(&shop, &path, &of(json!({}))).expect(200);
    assert!(listed().contains(&kept));
    deleting(&shop, &path).expect(200);
    deleting(&shop, &path).problem(404, "entry_not_found");
    let history = format!("{CATALOG}/history/fee/{}", path.replace('/', ","));
    let history = shop.admin("GET", &history).send().expect(200)["history"].clone();
    assert_eq!((&history[0]["kind"], &history[0]["after"]), (&json!("put"), &kept));
    assert_eq!((&history[1]["kind"], &history[1]["before"]), (&json!("deleted"), &kept));
}
