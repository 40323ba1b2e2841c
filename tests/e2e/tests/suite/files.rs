//! The catalog as files (CAT-1, CAT-2): each row judged by itself, and what is exported taken again;
//! and what a price has come down from (PRICE-11).

use e2e::{Reply, Shop, unique};
use serde_json::{Value, json};
use std::{env, time::Instant};

const JSON_LINES: &str = "application/x-ndjson";
const CSV: &str = "text/csv";
const IMPORT: &str = "/api/v1/catalog/import";
const EXPORT: &str = "/api/v1/catalog/export";
/// All lists, in an order in which an empty shop can be filled.
const LISTS: [&str; 10] = [
    "currencies",
    "warehouses",
    "zones",
    "taxes",
    "shipping-methods",
    "shipping-rates",
    "skus",
    "special-prices",
    "exchange-rates",
    "fees",
];

fn import(shop: &Shop, list: &str, media_type: &str, file: impl Into<Vec<u8>>) -> Reply {
    let call = shop.admin("POST", &format!("{IMPORT}/{list}"));
    call.header("content-type", media_type).body(file).send()
}

fn text(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{reply:?}");
    String::from_utf8(reply.body.clone()).expect("it is UTF-8")
}

/// All files of an export, as its links lead from one to the next.
fn exported(shop: &Shop, list: &str, query: &str) -> Vec<String> {
    let path = format!("{EXPORT}/{list}");
    let (mut files, mut query) = (Vec::new(), query.to_owned());
    loop {
        let reply = shop.admin("GET", &format!("{path}{query}")).send();
        files.push(text(&reply));
        let Some(link) = reply.header("link") else { return files };
        let next = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\""));
        query = next.unwrap_or_else(|| panic!("{link}")).to_owned();
    }
}

fn shown(shop: &Shop, sku: &str) -> Value {
    shop.admin("GET", &format!("/api/v1/catalog/skus/{sku}")).send().expect(200)
}

/// Each row that was refused: its line, code and field.
fn refused(report: &Value) -> Vec<String> {
    let row = |row: &Value| {
        let text = |member: &str| row[member].as_str().unwrap_or("-").to_owned();
        assert!(text("detail").len() > 5, "{row}");
        format!("{} {} {}", row["line"], text("code"), text("field"))
    };
    report["refused"].as_array().expect("a list").iter().map(row).collect()
}

// CAT-1
#[test]
fn good_rows_of_json_lines_are_put_and_bad_ones_named() {
    let shop = Shop::open();
    let (first, second, third) = (shop.sku(), shop.sku(), shop.sku().price("USD", 1_500));
    third.create();
    let guest = shop.guest();
    guest.add(&third.sku, 1).expect(200);
    let cheaper = third.clone().price("USD", 1_200);
    let bad = |member: &str, value: Value| {
        let mut line = shop.sku().import_line();
        line[member] = value;
        line.to_string()
    };
    let rows = [
        first.import_line().to_string(),
        "{\"sku\": \"A-1\", ".to_owned(),
        bad("prices", json!({ "USD": -5 })),
        bad("prices", json!({ "USD": 9.99 })),
        bad("prices", json!({ "XXX": 100 })),
        bad("name", json!("a\u{0}b")),
        bad("sku", json!("not a sku")),
        bad("surprise", json!(1)),
        first.import_line().to_string(),
        second.import_line().to_string(),
        cheaper.import_line().to_string(),
    ];
    let report = import(&shop, "skus", JSON_LINES, rows.join("\n")).expect(207);
    assert_eq!((&report["rows"], &report["applied"]), (&json!(11), &json!(3)), "{report}");
    assert_eq!(
        refused(&report),
        [
            "2 malformed_json -",
            "3 invalid_field /prices/USD",
            "4 invalid_field /prices/USD",
            "5 currency_unsupported /prices/XXX",
            "6 invalid_field /name",
            "7 invalid_field /sku",
            "8 unknown_field /surprise",
            "9 invalid_field /sku",
        ],
        "{report}"
    );
    assert_eq!(shown(&shop, &first.sku)["prices"]["USD"], 1_999);
    assert_eq!(shown(&shop, &second.sku)["prices"]["USD"], 1_999);
    // PRICE-3: the next read sees it.
    let totals = guest.totals("country=VN&shipping_method=standard").expect(200);
    assert_eq!(totals["subtotal"]["amount_minor"], 1_200, "{totals}");
    // PRICE-4
    let history = format!("/api/v1/catalog/history/sku/{}", third.sku);
    let history = shop.admin("GET", &history).send().expect(200)["history"].clone();
    assert_eq!(history[1]["before"]["prices"]["USD"], 1_500, "{history}");
    assert_eq!(history[1]["after"]["prices"]["USD"], 1_200, "{history}");
    let again = [first.import_line().to_string(), second.import_line().to_string()].join("\r\n");
    let report = import(&shop, "skus", JSON_LINES, again).expect(200);
    assert_eq!(report, json!({ "rows": 2, "applied": 2, "refused": [] }));
}

// CAT-1
#[test]
fn good_rows_of_a_csv_are_put_and_bad_ones_named() {
    let shop = Shop::open();
    let (first, second, third) = (unique("CSV-"), unique("CSV-"), unique("CSV-"));
    let file = format!(
        "prices.USD,sku,product_id,name,category,tax_class,weight_g,active,prices.VND\r\n\
         1999,{first},mug,\"Enamel mug, 350 ml\",tableware,standard,350,TRUE,\r\n\
         19.99,{second},mug,Mug,tableware,standard,350,true,250000\r\n\
         1999,{second},mug,Mug,tableware,standard,,true,250000\r\n\
         1999,{second},mug,Mug,tableware,standard,350,perhaps,250000\r\n\
         1999,{second},mug,Mug\r\n\
         1999,{third},mug,Mug,tableware,standard,350,false,250000\r\n"
    );
    let report = import(&shop, "skus", CSV, file).expect(207);
    assert_eq!(report["applied"], 2, "{report}");
    assert_eq!(
        refused(&report),
        [
            "3 invalid_field prices.USD",
            "4 invalid_field weight_g",
            "5 invalid_field active",
            "6 invalid_field -"
        ],
        "{report}"
    );
    let mug = shown(&shop, &first);
    assert_eq!((&mug["name"], &mug["active"]), (&json!("Enamel mug, 350 ml"), &json!(true)));
    assert_eq!(mug["prices"], json!({ "USD": 1_999 }));
    assert_eq!(shown(&shop, &third)["active"], false);
    shop.admin("GET", &format!("/api/v1/catalog/skus/{second}"))
        .send()
        .problem(404, "sku_not_found");
    for (header, code, field) in [
        ("sku,colour", "unknown_field", "colour"),
        ("sku,name,prices.USD", "invalid_field", "product_id"),
        ("sku,sku", "invalid_field", "sku"),
        ("sku,prices.dollars", "invalid_field", "prices.dollars"),
    ] {
        let problem = import(&shop, "skus", CSV, format!("{header}\n1,2,3\n")).problem(400, code);
        assert_eq!(problem["field"], field, "{problem}");
    }
}

// CAT-2
#[test]
fn a_table_comes_in_as_json_lines() {
    let shop = Shop::open();
    let (warehouse, method) = (unique("wh-"), unique("post-"));
    let filled = |list: &str, rows: &[Value]| {
        let rows: Vec<String> = rows.iter().map(Value::to_string).collect();
        import(&shop, list, JSON_LINES, rows.join("\n"))
    };
    let zone = unique("zone-");
    let basel =
        json!({ "warehouse_id": warehouse, "name": "Basel", "country": "CH", "priority": 3 });
    filled("warehouses", std::slice::from_ref(&basel)).expect(200);
    let at = format!("/api/v1/catalog/warehouses/{warehouse}");
    assert_eq!(shop.admin("GET", &at).send().expect(200), basel);
    let tax = json!({ "zone": zone, "tax_class": "standard", "rate": "0.081", "inclusive": true, "rounding": "half_away" });
    let bad_tax = json!({ "zone": zone, "tax_class": "food", "rate": "8.1 %", "inclusive": true, "rounding": "half_away" });
    let report = filled("taxes", &[bad_tax, tax]).expect(207);
    assert_eq!(refused(&report), ["1 invalid_field /rate"], "{report}");
    filled("shipping-methods", &[json!({ "method_id": method, "name": "Post", "active": true })])
        .expect(200);
    let rates = |method: &str| {
        json!({ "zone": zone, "currency": "USD", "method_id": method,
            "rates": [{ "amount_minor": 900 }, { "min_weight_g": 5_000, "amount_minor": 1_800, "warehouse_id": warehouse }] })
    };
    let report = filled("shipping-rates", &[rates("balloon"), rates(&method)]).expect(207);
    assert_eq!(refused(&report), ["1 entry_not_found -"], "{report}");
    let listed = format!("/api/v1/catalog/shipping-rates?zone={zone}");
    let listed = shop.admin("GET", &listed).send().expect(200);
    assert_eq!(listed["entries"].as_array().unwrap().len(), 1, "{listed}");
    // Who did it is history, as of a PUT.
    let history = format!("/api/v1/catalog/history/warehouse/{warehouse}");
    let history = shop.admin("GET", &history).send().expect(200);
    assert_eq!(history["history"][0]["after"], basel);
    let problem = import(&shop, "taxes", CSV, "zone,rate\n").problem(400, "invalid_field");
    assert_eq!(problem["field"], "content-type", "{problem}");
}

#[test]
fn a_file_that_is_none_is_refused_whole() {
    let shop = Shop::open();
    let send = |media_type: Option<&str>, body: Vec<u8>| {
        let call = shop.admin("POST", &format!("{IMPORT}/skus"));
        call.maybe("content-type", media_type).body(body).send()
    };
    for media_type in [
        None,
        Some("application/json"),
        Some("text/plain"),
        Some("text/csv; charset=windows-1252"),
        Some("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ] {
        let refused = send(media_type, b"{}".to_vec());
        refused.problem(415, "unsupported_media_type");
        assert_eq!(refused.header("accept"), Some("application/x-ndjson, text/csv"));
    }
    send(Some("Text/CSV; header=present; charset=UTF-8"), b"sku".to_vec())
        .problem(400, "invalid_field");
    // It says so before it sends, and need not send: the announced length is enough.
    let call = shop.admin("POST", &format!("{IMPORT}/skus")).header("content-type", CSV);
    let refused = call.header("expect", "100-continue").body(vec![b' '; 5 << 20]).send();
    let refused = refused.problem(413, "body_too_large");
    assert_eq!(refused["limit_bytes"], 4_194_304);
    // As long as may be, and none of it a row.
    let report = send(Some(JSON_LINES), vec![b'\n'; 4 << 20]).expect(200);
    assert_eq!(report, json!({ "rows": 0, "applied": 0, "refused": [] }));
    let problem = send(Some(JSON_LINES), b"1\n".repeat(10_001)).problem(400, "invalid_field");
    assert!(problem["detail"].as_str().unwrap().contains("10000 rows"), "{problem}");
    let report = send(Some(JSON_LINES), b"1\n".repeat(10_000)).expect(207);
    assert_eq!(report["refused"].as_array().unwrap().len(), 10_000);

    for (method, path) in [("POST", IMPORT), ("GET", EXPORT)] {
        let nothing = shop.admin(method, &format!("{path}/orders"));
        nothing.header("content-type", JSON_LINES).send().problem(404, "entry_not_found");
    }
    for (query, field) in [
        ("skus?limit=0", "limit"),
        ("skus?limit=10001", "limit"),
        ("skus?format=xml", "format"),
        ("skus?cursor=not%20a%20sku", "cursor"),
        ("taxes?format=csv", "format"),
    ] {
        let refused = shop.admin("GET", &format!("{EXPORT}/{query}")).send();
        assert_eq!(refused.problem(400, "invalid_field")["field"], field, "{query}");
    }
}

// CAT-2: nobody else is here, or what they change meanwhile would be changed back.
#[test]
fn what_is_exported_is_taken_again_and_changes_nothing() {
    let shop = Shop::alone();
    let sku = shop.sku().without_price("GBP");
    sku.put();
    for (currency, amount_minor) in [("USD", 990), ("VND", 200_000)] {
        let path = format!("/api/v1/catalog/special-prices/{}/{currency}", sku.sku);
        let prices = json!([{ "customer_group": "wholesale", "amount_minor": amount_minor }, { "min_quantity": 9, "amount_minor": amount_minor }]);
        shop.admin("PUT", &path).json(&json!({ "prices": prices })).send().expect(200);
    }
    for quoted_at_ms in [1_000, 2_000] {
        let path = format!("/api/v1/catalog/exchange-rates/EUR/GBP/{quoted_at_ms}");
        shop.admin("PUT", &path).json(&json!({ "factor": "0.8425" })).send().expect(200);
    }
    let wrap = json!({ "kind": "gift_wrap", "name": "Red paper", "amount_minor": 350, "tax_class": "standard", "active": false });
    for currency in ["USD", "EUR"] {
        let path = format!("/api/v1/catalog/fees/{currency}/e2e-red");
        shop.admin("PUT", &path).json(&wrap).send().expect(200);
    }
    let count = |reply: Reply| reply.expect(200)["applied"].as_u64().expect("a number");
    // The demo's rates are as SQL spelled them: `0.20`, which is 0.2.
    for file in exported(&shop, "taxes", "") {
        count(import(&shop, "taxes", JSON_LINES, file));
    }
    let all = || LISTS.map(|list| exported(&shop, list, ""));
    let before = all();
    let rows = |files: &[String]| {
        files.iter().map(|file| u64::try_from(file.lines().count()).unwrap()).sum::<u64>()
    };
    for (list, files) in LISTS.iter().zip(&before) {
        let taken = files.iter().map(|file| count(import(&shop, list, JSON_LINES, file.as_str())));
        assert_eq!(taken.sum::<u64>(), rows(files), "{list}");
        assert!(rows(files) > 1, "{list}");
    }
    let sheets = exported(&shop, "skus", "?format=csv&limit=60");
    assert!(sheets.len() > 1);
    let taken = sheets.into_iter().map(|sheet| count(import(&shop, "skus", CSV, sheet)));
    assert_eq!(taken.sum::<u64>(), rows(&before[6]));
    for ((list, now), before) in LISTS.iter().zip(all()).zip(&before) {
        assert!(now == *before, "{list}");
    }
    let history = format!("/api/v1/catalog/history/sku/{}", sku.sku);
    let history = shop.admin("GET", &history).send().expect(200);
    assert_eq!(history["history"].as_array().unwrap().len(), 1, "{history}");
    // However many there are on a page.
    for (list, limit) in LISTS.iter().zip([1, 1, 3, 3, 1, 3, 60]) {
        let pages = exported(&shop, list, &format!("?limit={limit}"));
        assert!(pages.len() > 1, "{list}");
        assert!(pages.concat() == exported(&shop, list, "").concat(), "{list}");
    }
}

// CAT-1. `cargo till prove` imports as many as one request may bring.
#[test]
fn many_skus_come_in_by_one_request() {
    let shop = Shop::open();
    let rows = env::var("EDGETILL_IMPORT_ROWS").ok().and_then(|rows| rows.parse().ok());
    let rows: usize = rows.expect("EDGETILL_IMPORT_ROWS is no number; `cargo till test` sets it");
    let prefix = unique("BULK-");
    let line = |number: usize| {
        let mut line = shop.sku().import_line();
        line["sku"] = json!(format!("{prefix}-{number:05}"));
        line["name"] = json!(format!("Enamel mug, 350 ml, pattern {number}"));
        line.to_string()
    };
    let file = (0..rows).map(line).collect::<Vec<_>>().join("\n");
    let bytes = file.len();
    let began = Instant::now();
    let report = import(&shop, "skus", JSON_LINES, file).expect(200);
    println!("{rows} SKUs, {bytes} bytes: {:?}", began.elapsed());
    assert_eq!(report["applied"], rows);
    let last = format!("{prefix}-{:05}", rows - 1);
    assert_eq!(shown(&shop, &last)["name"], format!("Enamel mug, 350 ml, pattern {}", rows - 1));
    let began = Instant::now();
    let page = shop.admin("GET", &format!("{EXPORT}/skus?format=csv&cursor={prefix}&limit={rows}"));
    let page = text(&page.send());
    println!("exported as CSV: {:?}", began.elapsed());
    assert_eq!(page.lines().filter(|line| line.starts_with(&prefix)).count(), rows);
    let began = Instant::now();
    import(&shop, "skus", CSV, page).expect(200);
    println!("imported as they are, as CSV: {:?}", began.elapsed());
}

// PRICE-11
#[test]
fn a_reduced_price_is_shown_with_the_lowest_before_it() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 3_000);
    sku.put();
    assert_eq!(shown(&shop, &sku.sku)["reduced"], json!({}));
    for price in [2_500, 2_800] {
        sku.clone().price("USD", price).put();
    }
    assert_eq!(shown(&shop, &sku.sku)["reduced"], json!({}), "it has risen");
    let lowest = sku.price("USD", 2_000);
    lowest.put();
    let reduced = shown(&shop, &lowest.sku)["reduced"].clone();
    assert_eq!(reduced["USD"]["lowest_30_days_minor"], 2_500, "{reduced}");
    assert!(reduced["USD"]["reduced_at_ms"].as_i64().unwrap() > 0);
    assert_eq!(reduced.as_object().unwrap().len(), 1, "in no other currency: {reduced}");
    // Who has it in the cart sees it too.
    let guest = shop.guest();
    guest.add(&lowest.sku, 1).expect(200);
    let line = || guest.totals("country=VN").expect(200)["lines"][0]["reduced"].clone();
    let lowest_of_30 = json!({ "amount_minor": 2_500, "currency": "USD" });
    let told =
        json!({ "lowest_30_days": lowest_of_30, "reduced_at_ms": reduced["USD"]["reduced_at_ms"] });
    assert_eq!(line(), told);
    // Another fact of it is no other price.
    lowest.clone().weight_g(400).put();
    assert_eq!(shown(&shop, &lowest.sku)["reduced"], reduced);
    lowest.price("USD", 2_001).put();
    assert_eq!(line(), Value::Null);
}
