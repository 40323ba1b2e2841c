//! The catalog as files: every row judged by itself, what is exported taken again, and what a price
//! has come down from.

use app::catalog::{
    self,
    files::{self, List},
};
use edge::{Form, Service, Sheet};
use serde_json::{Value, from_value, json};
use std::{env, fs, path::Path};
use world::{Answer, World};

const HEADER: &str = "sku,product_id,name,category,tax_class,weight_g,active,prices.USD,prices.VND";
const DAY_SECONDS: i64 = 86_400;

fn desk() -> Service {
    Service { subject: "desk".to_owned(), scopes: vec!["catalog:write".to_owned()] }
}

fn import(world: &World, list: &str, form: Form, text: impl Into<Vec<u8>>) -> Answer {
    let sheet = Sheet { form, bytes: text.into() };
    let list = List::try_from(list).unwrap();
    Answer::of::<api::import_catalog>(files::import(&world.ports(), &desk(), list, &sheet))
}

fn lines(world: &World, list: &str, text: &str) -> Answer {
    import(world, list, Form::JsonLines, text)
}

fn csv(world: &World, text: &str) -> Answer {
    import(world, "skus", Form::Csv, text)
}

fn export(world: &World, list: &str, page: Value) -> Answer {
    let list = List::try_from(list).unwrap();
    let page = from_value(page).unwrap();
    Answer::of::<api::export_catalog>(files::export(&world.ports(), list, &page))
}

fn text(answer: Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    String::from_utf8(answer.bytes).unwrap()
}

fn mug(sku: &str) -> Value {
    json!({ "sku": sku, "product_id": "mug", "name": "Enamel mug, 350 ml", "category": "tableware", "tax_class": "standard",
        "weight_g": 350, "active": true, "prices": { "USD": 1_200, "VND": 300_000 } })
}

fn with(mut value: Value, member: &str, other: Value) -> Value {
    value[member] = other;
    value
}

fn assert_same(now: &[Vec<String>], before: &[Vec<String>]) {
    for (now, before) in now.iter().zip(before) {
        assert_eq!(now.len(), before.len());
        let other = now.iter().zip(before).find(|(now, before)| now != before);
        assert!(other.is_none(), "{other:?}");
    }
}

/// Each row that was refused: its line, code and field.
fn refused(report: &Value) -> Vec<String> {
    let rows = report["refused"].as_array().unwrap();
    let row = |row: &Value| {
        let text = |member: &str| row[member].as_str().unwrap_or("-").to_owned();
        assert!(!text("detail").is_empty());
        format!("{} {} {}", row["line"], text("code"), text("field"))
    };
    rows.iter().map(row).collect()
}

#[test]
fn a_bad_row_of_json_lines_is_named_by_its_line_and_the_others_are_put() {
    let world = World::new();
    let bad = [
        "{\"sku\":".to_owned(),
        "[]".to_owned(),
        with(mug("B-1"), "colour", json!("blue")).to_string(),
        with(mug("B-2"), "weight_g", json!("heavy")).to_string(),
        with(mug("B-3"), "weight_g", json!(-1)).to_string(),
        with(mug("B-4"), "name", json!(" ")).to_string(),
        with(mug("B-5"), "prices", json!({ "USD": 0 })).to_string(),
        with(mug("B-6"), "prices", json!({ "SEK": 100 })).to_string(),
        with(mug("B-7"), "sku", json!("no sku")).to_string(),
        mug("A-1").to_string(),
    ];
    let file = format!("\u{feff}{}\r\n\n{}\n{}\n", mug("A-1"), bad.join("\n"), mug("A-2"));
    let report = lines(&world, "skus", &file).expect(207);
    assert_eq!((&report["rows"], &report["applied"]), (&json!(12), &json!(2)), "{report}");
    assert_eq!(
        refused(&report),
        [
            "3 malformed_json -",
            "4 invalid_field -",
            "5 unknown_field /colour",
            "6 invalid_field /weight_g",
            "7 invalid_field /weight_g",
            "8 invalid_field /name",
            "9 invalid_field /prices/USD",
            "10 currency_unsupported /prices/SEK",
            "11 invalid_field /sku",
            "12 invalid_field /sku",
        ],
        "{report}"
    );
    let detail = |row: usize| report["refused"][row]["detail"].as_str().unwrap().to_owned();
    assert!(detail(0).contains("at column 7 of the line"), "{report}");
    assert!(detail(9).contains("line 1"), "{report}");
    assert_eq!(world.rows("select sku from sku where sku not like 'TILL-%'"), ["A-1", "A-2"]);
    // Corrected and sent again: what is as it was has no other history.
    let report = lines(&world, "skus", &format!("{}\n{}", mug("A-1"), mug("B-1"))).expect(200);
    assert_eq!(report, json!({ "rows": 2, "applied": 2, "refused": [] }));
    assert_eq!(world.rows("select count(*), max(actor) from history"), ["3|service:desk"]);
}

#[test]
fn a_bad_row_of_a_csv_is_named_by_its_line_and_its_column() {
    let world = World::new();
    let row =
        |sku: &str| format!("{sku},mug,\"Mug, \"\"blue\"\"\",tableware,standard,350,TRUE,1200,");
    let rows = [
        row("A-1"),
        row("A-2").replace("TRUE", "yes"),
        row("A-3").replace("1200", "12.00"),
        row("A-4").replace("350", ""),
        row("A-5").replace("350,", ""),
        row("A-6").replace("1200,", "1200,-5"),
        row("A 7"),
        row("A-1"),
        "A-8,\"mug\nof two lines\",Mug,tableware,standard,350,false,,".to_owned(),
        row("A-9"),
    ];
    let report = csv(&world, &format!("\u{feff}{HEADER}\r\n{}\r\n", rows.join("\r\n"))).expect(207);
    assert_eq!((&report["rows"], &report["applied"]), (&json!(10), &json!(2)), "{report}");
    assert_eq!(
        refused(&report),
        [
            "3 invalid_field active",
            "4 invalid_field prices.USD",
            "5 invalid_field weight_g",
            "6 invalid_field -",
            "7 invalid_field prices.VND",
            "8 invalid_field sku",
            "9 invalid_field sku",
            "10 invalid_field product_id",
        ],
        "{report}"
    );
    assert_eq!(
        world.rows("select sku, name, active from sku where sku like 'A-%' order by sku"),
        ["A-1|Mug, \"blue\"|1", "A-9|Mug, \"blue\"|1"]
    );
    // A cell in which nothing stands is a currency it is not sold in.
    assert_eq!(
        world.rows("select sku, currency, amount_minor from price where sku like 'A-%'"),
        ["A-1|USD|1200", "A-9|USD|1200"]
    );
    // Spreadsheets of old write other bytes than UTF-8.
    let latin =
        [HEADER.as_bytes(), b"\nA-3,mug,Caf\xe9,tableware,standard,350,true,1,1\n"].concat();
    let report = import(&world, "skus", Form::Csv, latin).expect(207);
    assert_eq!(refused(&report), ["2 invalid_field -"], "{report}");
}

#[test]
fn a_csv_of_other_columns_is_refused_whole() {
    let world = World::new();
    let cases = [
        ("", "invalid_field", ""),
        (&HEADER.replace("weight_g", "weight"), "unknown_field", "weight"),
        (&HEADER.replace("prices.USD", "prices.usd"), "invalid_field", "prices.usd"),
        (&HEADER.replace("prices.VND", "prices.USD"), "invalid_field", "prices.USD"),
        (&HEADER.replace("name,", ""), "invalid_field", "name"),
        (&HEADER.replace(",prices.USD,prices.VND", ""), "invalid_field", "prices.USD"),
    ];
    for (header, code, field) in cases {
        let file = format!("{header}\nA-1,mug,Mug,tableware,standard,350,true,1,1\n");
        let file = if header.is_empty() { String::new() } else { file };
        let problem = csv(&world, &file).expect_problem(400, code);
        assert_eq!(problem["field"], field, "{header}: {problem}");
    }
    assert!(world.rows("select sku from sku where sku = 'A-1'").is_empty());
    // Columns may stand in any order.
    let (first, rest) = HEADER.split_once(',').unwrap();
    let file = format!("{rest},{first}\nmug,Mug,tableware,standard,350,true,1,1,A-1\n");
    csv(&world, &file).expect(200);
}

#[test]
fn a_file_has_ten_thousand_rows_at_most() {
    let world = World::new();
    let method = |number: usize| {
        json!({ "method_id": format!("m-{number}"), "name": "Express", "active": false })
            .to_string()
    };
    let many: Vec<String> = (0..10_001).map(method).collect();
    let problem = lines(&world, "shipping-methods", &many.join("\n"));
    let problem = problem.expect_problem(400, "invalid_field");
    assert!(problem["detail"].as_str().unwrap().contains("10000 rows"), "{problem}");
    let many = (0..10_001).map(|number| format!("M-{number},m,Mug,t,standard,1,true,1,1\n"));
    csv(&world, &format!("{HEADER}\n{}", many.collect::<String>()))
        .expect_problem(400, "invalid_field");
    assert_eq!(world.rows("select count(*) from shipping_method"), ["2"]);
    let many = (0..10_000).map(|number| format!("M-{number},m,Mug,t,standard,1,true,1,1\n"));
    let file = format!("{HEADER}\n{}", many.collect::<String>());
    assert_eq!(csv(&world, &file).expect(200)["applied"], 10_000);
    assert_eq!(world.rows("select count(*) from price where sku like 'M-%'"), ["20000"]);
}

#[test]
fn an_import_that_breaks_off_says_how_far_it_came() {
    let world = World::new();
    let file = (0..1_200).map(|number| format!("{}\n", mug(&format!("M-{number}"))));
    let file: String = file.collect();
    // The currencies, and the first of three batches.
    world.loses_database(3);
    let problem = lines(&world, "skus", &file).expect(503);
    assert_eq!(problem["code"], "database_unavailable", "{problem}");
    assert!(problem["detail"].as_str().unwrap().starts_with("500 rows"), "{problem}");
    world.heals();
    assert_eq!(world.rows("select count(*) from sku where sku like 'M-%'"), ["500"]);
    lines(&world, "skus", &file).expect(200);
    assert_eq!(world.rows("select count(*) from history"), ["1200"], "none of them twice");
}

#[test]
fn what_is_exported_is_taken_again_and_changes_nothing() {
    let world = World::new();
    let everything = || {
        [
            "sku",
            "price",
            "special_price",
            "warehouse",
            "zone",
            "tax",
            "shipping_method",
            "shipping_rate",
            "currency",
            "exchange_rate",
            "fee",
        ]
        .map(|table| world.rows(&format!("select * from {table}")))
    };
    lines(&world, "skus", &with(mug("A-1"), "name", json!("Mug, \"blue\", Hà Nội")).to_string())
        .expect(200);
    let special = json!({ "sku": "A-1", "currency": "USD", "prices": [{ "customer_group": "wholesale", "amount_minor": 9 }, { "min_quantity": 9, "amount_minor": 8 }] });
    lines(&world, "special-prices", &special.to_string()).expect(200);
    let rate =
        |at: i64| json!({ "from": "EUR", "to": "GBP", "quoted_at_ms": at, "factor": "0.8425" });
    lines(&world, "exchange-rates", &format!("{}\n{}", rate(1), rate(2))).expect(200);
    let wrap = json!({ "currency": "USD", "fee_id": "red", "kind": "gift_wrap", "name": "Red paper", "amount_minor": 350, "free_from_minor": null, "up_to_minor": null, "zone": null, "tax_class": "standard", "active": true });
    lines(&world, "fees", &wrap.to_string()).expect(200);
    // What the demo shop writes `0.20` is kept as `0.2` when it is put.
    lines(&world, "taxes", &text(export(&world, "taxes", json!({})))).expect(200);
    let before = everything();
    let history = world.rows("select count(*) from history");
    let lists = [
        ("currencies", 4),
        ("warehouses", 2),
        ("zones", 7),
        ("taxes", 21),
        ("shipping-methods", 2),
        ("shipping-rates", 56),
        ("skus", 101),
        ("special-prices", 1),
        ("exchange-rates", 2),
        ("fees", 1),
    ];
    let mut kept = Vec::new();
    for (list, rows) in lists {
        let file = text(export(&world, list, json!({})));
        assert_eq!(file.lines().count(), rows, "{list}");
        let report = lines(&world, list, &file).expect(200);
        assert_eq!(report["applied"], rows, "{list}: {report}");
        kept.push((list, file));
    }
    let sheet = text(export(&world, "skus", json!({ "format": "csv" })));
    assert!(
        sheet.starts_with("sku,product_id,name,category,tax_class,weight_g,active,prices.EUR,")
    );
    assert_eq!(csv(&world, &sheet).expect(200)["applied"], 101);
    assert_same(&everything(), &before);
    assert_eq!(world.rows("select count(*) from history"), history);
    // An empty shop is filled by them, in this order.
    world.exec(
        "delete from price; delete from special_price; delete from exchange_rate; delete from fee; delete from sku; delete from tax; delete from zone; delete from shipping_rate; \
         delete from shipping_method; delete from stock; delete from warehouse; delete from currency",
    );
    for (list, file) in kept {
        lines(&world, list, &file).expect(200);
    }
    assert_same(&everything(), &before);
}

#[test]
fn an_export_is_read_page_by_page() {
    let world = World::new();
    for (list, format) in
        [("skus", "csv"), ("skus", "json_lines"), ("shipping-rates", "json_lines")]
    {
        let form = if format == "csv" { Form::Csv } else { Form::JsonLines };
        let whole = text(export(&world, list, json!({ "format": format })));
        let (mut seen, mut page) = (Vec::new(), json!({ "format": format, "limit": 7 }));
        loop {
            let list = List::try_from(list).unwrap();
            let shown = files::export(&world.ports(), list, &from_value(page).unwrap()).unwrap();
            assert_eq!(shown.sheet.form, form);
            let rows = String::from_utf8(shown.sheet.bytes).unwrap();
            let rows = rows.lines().skip(usize::from(form == Form::Csv && !seen.is_empty()));
            seen.extend(rows.map(str::to_owned));
            let Some(next) = shown.next else { break };
            let cursor = next.iter().find(|(name, _)| *name == "cursor").unwrap().1.clone();
            page = json!({ "format": format, "limit": 7, "cursor": cursor });
        }
        assert!(seen == whole.lines().collect::<Vec<_>>(), "{list} {format}");
    }
    for (list, page, field) in [
        ("skus", json!({ "limit": 0 }), "limit"),
        ("skus", json!({ "limit": 10_001 }), "limit"),
        ("skus", json!({ "cursor": "no sku" }), "cursor"),
        ("taxes", json!({ "format": "csv" }), "format"),
    ] {
        let problem = export(&world, list, page).expect_problem(400, "invalid_field");
        assert_eq!(problem["field"], field, "{problem}");
    }
    assert!(List::try_from("orders").is_err());
}

#[test]
fn a_bad_entry_of_a_table_is_named_by_its_line_and_the_others_are_put() {
    let world = World::new();
    let cases = [
        (
            "warehouses",
            json!({ "warehouse_id": "wh-basel", "name": "Basel", "country": "CH", "priority": 3 }),
            "priority",
            json!(-1),
            "/priority",
        ),
        (
            "zones",
            json!({ "country": "CH", "region": null, "zone": "ch" }),
            "region",
            json!("too long a region to be one of any country at all, which nobody has"),
            "/region",
        ),
        (
            "taxes",
            json!({ "zone": "ch", "tax_class": "standard", "rate": "0.081", "inclusive": true, "rounding": "half_even" }),
            "rate",
            json!("8.1 %"),
            "/rate",
        ),
        (
            "shipping-methods",
            json!({ "method_id": "bicycle", "name": "By bicycle", "active": true }),
            "name",
            json!(""),
            "/name",
        ),
        (
            "shipping-rates",
            json!({ "zone": "us", "currency": "USD", "method_id": "standard", "rates": [{ "amount_minor": 5 }] }),
            "rates",
            json!([]),
            "/rates",
        ),
        (
            "currencies",
            json!({ "currency": "CHF", "minor_digits": 2, "minimum_minor": 50, "ceiling_minor": 500_000 }),
            "minor_digits",
            json!(5),
            "/minor_digits",
        ),
    ];
    for (list, good, member, wrong, field) in cases {
        let bad = with(good.clone(), member, wrong);
        let unknown = with(good.clone(), "surprise", json!(1));
        let report = lines(&world, list, &format!("{bad}\n{unknown}\n{good}\n")).expect(207);
        assert_eq!(report["applied"], 1, "{list}: {report}");
        let expected = [format!("1 invalid_field {field}"), "2 unknown_field /surprise".to_owned()];
        assert_eq!(refused(&report), expected, "{list}: {report}");
        let problem = import(&world, list, Form::Csv, "a,b\n").expect_problem(400, "invalid_field");
        assert_eq!(problem["field"], "content-type", "{problem}");
    }
    // What the database refuses is the row's too.
    let orphan = json!({ "zone": "us", "currency": "USD", "method_id": "balloon", "rates": [{ "amount_minor": 5 }] });
    let report = lines(&world, "shipping-rates", &orphan.to_string()).expect(207);
    assert_eq!(refused(&report), ["1 entry_not_found -"], "{report}");
}

// PRICE-11
#[test]
fn a_reduced_price_is_shown_with_the_lowest_of_the_thirty_days_before() {
    let world = World::new();
    let costs = |usd: Value| {
        let mug = with(mug("A-1"), "prices", usd);
        lines(&world, "skus", &mug.to_string()).expect(200);
    };
    let shown = || {
        Answer::of::<api::view_sku>(catalog::sku(&world.ports(), &"A-1".parse().unwrap()))
            .expect(200)["reduced"]
            .clone()
    };
    let lowest = || shown()["USD"]["lowest_30_days_minor"].clone();
    costs(json!({ "USD": 800, "EUR": 900 }));
    assert_eq!(shown(), json!({}), "the first price is no reduction");
    world.passes(10 * DAY_SECONDS);
    costs(json!({ "USD": 1_000, "EUR": 900 }));
    assert_eq!(shown(), json!({}), "nor is a higher one");
    world.passes(35 * DAY_SECONDS);
    costs(json!({ "USD": 900, "EUR": 900 }));
    // 800 ended 35 days before: the lowest of the 30 days is 1,000, which it was all the time.
    assert_eq!(
        shown(),
        json!({ "USD": { "lowest_30_days_minor": 1_000, "reduced_at_ms": world.now_ms() } })
    );
    world.passes(5 * DAY_SECONDS);
    costs(json!({ "USD": 950, "EUR": 900 }));
    assert_eq!(shown(), json!({}), "it has risen since");
    world.passes(5 * DAY_SECONDS);
    costs(json!({ "USD": 850, "EUR": 900 }));
    assert_eq!(lowest(), 900, "what it was for five of the thirty days");
    // That stays so while the reduction does, whatever else is changed.
    world.passes(100 * DAY_SECONDS);
    costs(json!({ "USD": 850, "EUR": 950 }));
    assert_eq!(lowest(), 900);
    // Lower again: of the 30 days before, 850 was the price.
    costs(json!({ "USD": 700, "EUR": 950, "VND": 1_000 }));
    assert_eq!(lowest(), 850);
    costs(json!({ "USD": 700, "EUR": 940 }));
    assert_eq!(shown()["EUR"]["lowest_30_days_minor"], 900, "it was 900 within the 30 days");
    assert_eq!(shown().as_object().unwrap().len(), 2, "what is not sold any more has no price");
    let page = Answer::of::<api::list_skus>(catalog::list(
        &world.ports(),
        &from_value(json!({ "limit": 1 })).unwrap(),
    ));
    assert_eq!(page.expect(200)["skus"][0]["reduced"], shown());
    // What a list shows beside what was put is nothing an export has.
    assert!(!text(export(&world, "skus", json!({}))).contains("\"reduced\":"));
}

// CAT-2: `cargo till up` fills the demo shop over HTTP with these, the suites with SQL.
// `UPDATE_DEMO=1 cargo test --profile host -p app` writes them.
#[test]
fn the_files_of_the_demo_shop_are_what_its_sql_fills() {
    let world = World::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dev/till/demo");
    for (list, format, name) in [
        ("warehouses", "json_lines", "warehouses.ndjson"),
        ("zones", "json_lines", "zones.ndjson"),
        ("taxes", "json_lines", "taxes.ndjson"),
        ("shipping-methods", "json_lines", "shipping-methods.ndjson"),
        ("shipping-rates", "json_lines", "shipping-rates.ndjson"),
        ("skus", "csv", "skus.csv"),
    ] {
        let shown = text(export(&world, list, json!({ "format": format })));
        let file = folder.join(name);
        if env::var_os("UPDATE_DEMO").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&file, shown).unwrap();
            continue;
        }
        assert!(fs::read_to_string(&file).unwrap_or_default() == shown, "{name} is another");
    }
    assert_eq!(
        world.rows("select warehouse_id, on_hand, count(*) from stock group by 1, 2 order by 1, 2"),
        ["wh-hanoi|10|1", "wh-hanoi|1000|99", "wh-newark|0|1", "wh-newark|1000|99"]
    );
}
