//! SKUs, prices, currencies (CAT, PRICE).

use serde_json::{Value, json};
use store::{Refusal, sql};

use super::{
    shopper::{shopper, with},
    support::shop,
};

fn cup(sku: &str) -> Value {
    json!({"sku": sku, "product_id": "p1", "name": "Cup", "category": "tableware", "tax_class": "standard", "weight_g": 300, "active": true,
        "prices": {"USD": 500, "VND": 120_000}})
}

fn skus(skus: &[Value]) -> Value {
    json!({"skus": skus, "actor": "service:desk"})
}

#[test]
fn skus_are_added_and_replaced_with_their_prices() {
    let shop = shop();
    assert_eq!(shop.does(&sql::SKU_PUT, &skus(&[cup("A-1"), cup("A-2")])), json!({"count": 2}));
    assert_eq!(shop.list(&sql::SKU_VIEW, &json!({"sku": "A-2"})), [cup("A-2")]);
    let changed = with(cup("A-2"), json!({"name": "Mug", "active": false, "prices": {"EUR": 450}}));
    shop.does(&sql::SKU_PUT, &skus(std::slice::from_ref(&changed)));
    assert_eq!(shop.list(&sql::SKU_VIEW, &json!({"sku": "A-2"})), [changed]);
    assert_eq!(shop.list(&sql::SKU_VIEW, &json!({"sku": "A-1"})), [cup("A-1")]);
    assert!(shop.list(&sql::SKU_VIEW, &json!({"sku": "A-3"})).is_empty());
}

// PRICE-4, SEC-4
#[test]
fn each_change_of_a_sku_is_history_with_what_it_was_and_what_it_is() {
    let shop = shop();
    let told =
        || shop.rows("select subject, seq, kind, actor, reason from history order by subject, seq");
    let data = |sku: &str, seq: i64| -> Value {
        let text = shop
            .one(&format!("select data from history where subject = 'sku/{sku}' and seq = {seq}"));
        serde_json::from_str(text.as_str().unwrap()).unwrap()
    };
    shop.does(&sql::SKU_PUT, &skus(&[cup("A-1"), cup("A-2")]));
    let dearer = with(cup("A-2"), json!({"prices": {"USD": 600, "VND": 120_000}}));
    let by_tom = with(skus(&[cup("A-1"), dearer.clone()]), json!({"actor": "service:tom"}));
    shop.does(&sql::SKU_PUT, &by_tom);
    let as_it_was = ["sku/A-1|1|put|service:desk|-", "sku/A-2|1|put|service:desk|-"];
    assert_eq!(told(), [as_it_was[0], as_it_was[1], "sku/A-2|2|put|service:tom|-"]);
    assert_eq!(data("A-1", 1), json!({"before": null, "after": cup("A-1")}));
    assert_eq!(data("A-2", 2), json!({"before": cup("A-2"), "after": dearer}));
    // What is put again as it is has not changed; of two mentions the last is what changed.
    shop.does(&sql::SKU_PUT, &by_tom);
    let off = with(cup("A-1"), json!({"active": false}));
    shop.does(&sql::SKU_PUT, &skus(&[dearer, cup("A-1"), off.clone()]));
    assert_eq!(told().len(), 4);
    assert_eq!(data("A-1", 2), json!({"before": cup("A-1"), "after": off}));
}

#[test]
fn an_import_is_all_or_nothing() {
    let shop = shop();
    let bad = |over: Value| skus(&[cup("A-1"), with(cup("A-2"), over)]);
    shop.refuses(&sql::SKU_PUT, &bad(json!({"prices": {"XXX": 1}})), Refusal::CurrencyUnsupported);
    shop.refuses(&sql::SKU_PUT, &bad(json!({"prices": {"USD": 0}})), Refusal::PriceNotPositive);
    shop.refuses(&sql::SKU_PUT, &bad(json!({"weight_g": -1})), Refusal::WeightNegative);
}

#[test]
fn a_sku_named_twice_in_an_import_is_as_its_last_mention_says() {
    let shop = shop();
    shop.does(
        &sql::SKU_PUT,
        &skus(&[cup("A-1"), with(cup("A-1"), json!({"name": "Mug", "prices": {"USD": 700}}))]),
    );
    assert_eq!(
        shop.list(&sql::SKU_VIEW, &json!({"sku": "A-1"})),
        [with(cup("A-1"), json!({"name": "Mug", "prices": {"USD": 700}}))]
    );
}

#[test]
fn skus_are_listed_by_code_above_a_cursor() {
    let shop = shop();
    let codes = |cursor: &str, limit: i64| -> Vec<String> {
        let page = shop.list(&sql::SKU_LIST, &json!({"cursor": cursor, "limit": limit}));
        page.iter().map(|sku| sku["sku"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(codes("", 2), ["TILL-0001", "TILL-0002"]);
    assert_eq!(codes("TILL-0098", 5), ["TILL-0099", "TILL-0100"]);
    assert_eq!(
        shop.list(&sql::SKU_LIST, &json!({"cursor": "", "limit": 1}))[0]["prices"],
        json!({"EUR": 1009, "GBP": 1009, "USD": 1009, "VND": 251_000})
    );
}

#[test]
fn a_currency_is_known_by_its_row() {
    let shop = shop();
    assert_eq!(
        shop.list(&sql::CURRENCY_KNOWN, &json!({"currency": "VND"})),
        [json!({"currency": "VND"})]
    );
    assert!(shop.list(&sql::CURRENCY_KNOWN, &json!({"currency": "XXX"})).is_empty());
    let terms = |currency: &str, country: &str| {
        shop.list(&sql::CART_TERMS, &json!({"currency": currency, "country": country}))
    };
    assert_eq!(terms("VND", "US"), [json!({"currency": true, "country": true})]);
    assert_eq!(terms("XXX", "JP"), [json!({"currency": false, "country": false})]);
    let all = shop.list(&sql::CURRENCY_LIST, &json!({"above": ""}));
    assert_eq!(
        all[1],
        json!({"currency": "GBP", "minor_digits": 2, "minimum_minor": 30, "ceiling_minor": 400_000, "point_value_minor": null})
    );
    assert_eq!(all.len(), 4);
}

#[test]
fn what_is_not_sold_in_a_currency_is_named() {
    let shop = shop();
    shop.does(&sql::SKU_PUT, &skus(&[cup("A-1")]));
    let unsold = |skus: &[&str], currency: &str| {
        shop.list(&sql::SKUS_NOT_SOLD, &json!({"skus": skus, "currency": currency}))
    };
    assert_eq!(unsold(&["TILL-0001", "A-1", "A-2"], "USD"), [json!({"sku": "A-2"})]);
    assert_eq!(unsold(&["A-1", "TILL-0001"], "EUR"), [json!({"sku": "A-1"})]);
    assert!(unsold(&[], "USD").is_empty());
}

// PRICE-11
#[test]
fn a_reduced_price_has_the_lowest_of_the_thirty_days_before() {
    let shop = shop();
    let costs = |usd: i64| {
        let cup = with(cup("A-1"), json!({"prices": {"USD": usd, "VND": 120_000}}));
        shop.does(&sql::SKU_PUT, &skus(&[cup]));
    };
    let reduced = || {
        let shown = shop.list(&sql::SKU_SHOWN, &json!({"sku": "A-1"}))[0].clone();
        let page = shop.list(&sql::SKU_PAGE, &json!({"cursor": "", "limit": 1}));
        assert_eq!((page.len(), &page[0], &shown["name"]), (1, &shown, &json!("Cup")));
        // A cart's totals have what the catalog shows.
        let asked = json!({"owner": "ann", "country": null, "region": "", "try_code": null});
        let priced = shop.list(&sql::PRICING_FACTS, &asked).remove(0);
        let of_lines: Vec<Value> = shown["reduced"]
            .get("USD")
            .map(|cut| with(cut.clone(), json!({"sku": "A-1"})))
            .into_iter()
            .collect();
        assert_eq!(priced["reduced"], json!(of_lines));
        shown["reduced"].clone()
    };
    let earlier = |days: i64| {
        let ms = days * 86_400_000;
        shop.exec(&format!("update history set at_ms = at_ms - {ms} where subject = 'sku/A-1'"));
    };
    costs(400);
    let ann = shopper("ann");
    shop.does(&sql::CART_CREATE, &ann.cart_create());
    let one = with(ann.add("TILL-0001", 1), json!({"sku": "A-1", "price_minor": 400}));
    shop.does(&sql::CART_ADD_LINE, &one);
    costs(500);
    assert_eq!(reduced(), json!({}));
    earlier(31);
    costs(600);
    costs(550);
    let at = shop.one("select at_ms from history where subject = 'sku/A-1' and seq = 4");
    let of_usd = json!({"lowest_30_days_minor": 500, "reduced_at_ms": at});
    assert_eq!(reduced(), json!({"USD": of_usd}), "400 ended before the thirty days");
    // What changes nothing is no change.
    costs(550);
    assert_eq!(reduced(), json!({"USD": of_usd}));
    costs(551);
    assert_eq!(reduced(), json!({}));
    // The last mention of an import counts, and a currency that is gone was not reduced.
    let at = |usd: i64| with(cup("A-1"), json!({"prices": {"USD": usd, "VND": 120_000}}));
    shop.does(&sql::SKU_PUT, &skus(&[at(9), at(700), at(540)]));
    assert_eq!(reduced()["USD"]["lowest_30_days_minor"], 500);
    shop.does(&sql::SKU_PUT, &skus(&[with(cup("A-1"), json!({"prices": {"VND": 110_000}}))]));
    assert_eq!(reduced().as_object().unwrap().keys().collect::<Vec<_>>(), ["VND"]);
    costs(530);
    assert_eq!(reduced(), json!({}), "it came back, and VND went up again");
    assert!(shop.list(&sql::SKU_SHOWN, &json!({"sku": "A-2"})).is_empty());
}
