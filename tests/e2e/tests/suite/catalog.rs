//! The catalog: what is sold, for how much, and who may say so.

use e2e::{Shop, together};
use serde_json::{Value, json};

// CAT-1
#[test]
fn a_sku_is_put_looked_at_and_put_again() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 1_234).without_price("GBP").weight_g(77).tax_class("reduced");
    let path = format!("/api/v1/catalog/skus/{}", sku.sku);
    shop.admin("GET", &path).send().problem(404, "sku_not_found");
    sku.put();
    let shown = shop.admin("GET", &path).send().expect(200);
    assert_eq!(shown["sku"], sku.sku.as_str());
    for (member, expected) in sku.body().as_object().unwrap() {
        assert_eq!(&shown[member], expected, "{member}");
    }
    sku.clone().price("USD", 4_321).inactive().put();
    let shown = shop.admin("GET", &path).send().expect(200);
    assert_eq!((&shown["prices"]["USD"], &shown["active"]), (&json!(4_321), &json!(false)));
}

// CAT-1: bulk import, all or nothing.
#[test]
fn an_import_is_taken_whole_or_not_at_all() {
    let shop = Shop::open();
    let goods = [shop.sku(), shop.sku(), shop.sku()];
    let import = |lines: Vec<Value>| {
        shop.admin("POST", "/api/v1/catalog/skus").json(&json!({ "skus": lines })).send()
    };
    let exists = |number: usize| {
        shop.admin("GET", &format!("/api/v1/catalog/skus/{}", goods[number].sku)).send().status
            == 200
    };

    let bad = [
        ("prices", json!({ "XXX": 100 })),
        ("prices", json!({ "USD": 0 })),
        ("prices", json!({ "USD": -5 })),
        ("prices", json!({ "USD": 9.99 })),
        ("weight_g", json!(-1)),
        ("name", json!("")),
        ("colour", json!("blue")),
        ("sku", json!("not a sku")),
    ];
    for (member, value) in bad {
        let mut lines: Vec<Value> = goods.iter().map(|sku| sku.import_line()).collect();
        lines[2][member] = value.clone();
        let refused = import(lines);
        assert!([400, 422].contains(&refused.status), "{member} {value}: {refused:?}");
        let problem = refused.problem(refused.status, refused.json()["code"].as_str().unwrap());
        assert!(
            problem["field"]
                .as_str()
                .is_some_and(|at| at.starts_with(&format!("/skus/2/{member}"))),
            "{problem}"
        );
        assert!(!exists(0) && !exists(1), "{member} {value}");
    }
    let taken = import(goods.iter().map(|sku| sku.import_line()).collect());
    assert!(taken.is_success(), "{taken:?}");
    assert!((0..3).all(exists));

    let refused = import((0..501).map(|_| shop.sku().import_line()).collect());
    assert!([400, 413, 422].contains(&refused.status), "{refused:?}");
    let refused = import(Vec::new());
    assert!(refused.is_success() || [400, 422].contains(&refused.status), "{refused:?}");
}

// CAT-1
#[test]
fn the_catalog_is_listed_by_cursor() {
    let shop = Shop::open();
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = shop
            .admin("GET", &format!("/api/v1/catalog/skus?limit=100{cursor}"))
            .send()
            .expect(200);
        let skus = page["skus"].as_array().unwrap_or_else(|| panic!("no skus: {page}"));
        assert!(skus.len() <= 100);
        seen.extend(skus.iter().map(|sku| sku["sku"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) if seen.len() < 20_000 => cursor = format!("&cursor={next}"),
            _ => break,
        }
    }
    assert!(seen.is_sorted() && seen.windows(2).all(|pair| pair[0] != pair[1]));
    assert_eq!(seen.iter().filter(|sku| sku.starts_with("TILL-")).count(), 100, "the demo catalog");
}

// PRICE-1, and the demo catalog sells in all four.
#[test]
fn the_demo_goods_are_sold_in_four_currencies() {
    let shop = Shop::open();
    let shown = shop.admin("GET", "/api/v1/catalog/skus/TILL-0001").send().expect(200);
    let currencies: Vec<&String> = shown["prices"].as_object().unwrap().keys().collect();
    assert_eq!(currencies, ["EUR", "GBP", "USD", "VND"]);
    for currency in ["USD", "EUR", "GBP", "VND"] {
        let guest = shop.guest_in("VN", currency);
        guest.add("TILL-0001", 1).expect(200);
        assert_eq!(
            guest.totals("country=VN&shipping_method=standard").expect(200)["currency"],
            currency
        );
    }
}

// TestPriceUpdate_CacheConsistency under load: what is sold is what was agreed to or refused.
#[test]
fn prices_that_change_under_confirms_never_charge_an_unseen_price() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 20_000).stock(50);
    sku.create();
    let buyers: Vec<_> = (0..10)
        .map(|_| {
            let guest = shop.guest();
            guest.add(&sku.sku, 1).expect(200);
            let session = guest.check_out();
            (guest, session)
        })
        .collect();
    let replies = together(11, |number| match number.checked_sub(1) {
        Some(buyer) => Some(buyers[buyer].1.confirm()),
        None => {
            for price in [40_000, 20_000, 60_000, 20_000] {
                sku.clone().price("USD", price).put();
            }
            None
        }
    });
    for ((guest, _), reply) in buyers.iter().zip(replies.into_iter().flatten()) {
        if reply.is_success() {
            assert_eq!(reply.json()["total"]["amount_minor"], 20_000);
            assert!(guest.has_one_paid_order_or_nothing());
        } else {
            assert_eq!(reply.status, 409, "{reply:?}");
            assert!(
                ["price_changed", "idempotency_in_progress"]
                    .contains(&reply.json()["code"].as_str().unwrap()),
                "{reply:?}"
            );
            assert!(!guest.has_one_paid_order_or_nothing());
        }
    }
}
