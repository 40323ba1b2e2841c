//! Orders found by what is known of them, and as files (ORD-1, ORD-13).

use e2e::{Guest, Reply, Shop, unique};
use serde_json::{Value, json};

const ORDERS: &str = "/api/v1/orders";
const EXPORT: &str = "/api/v1/orders/export";
const DAY_MS: i64 = 86_400_000;

fn as_service(shop: &Shop, path: &str) -> Reply {
    shop.call("GET", path).bearer(&shop.token("orders:read")).send()
}

/// The orders that a service finds, newest first, all pages of them.
fn found(shop: &Shop, query: &str) -> Vec<String> {
    pages(query, |path| as_service(shop, path))
}

/// The orders that their owner finds.
fn found_by(guest: &Guest<'_>, query: &str) -> Vec<String> {
    pages(query, |path| guest.call("GET", path).send())
}

fn pages(query: &str, get: impl Fn(&str) -> Reply) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    for _ in 0..50 {
        let page = get(&format!("{ORDERS}?{query}{cursor}")).expect(200);
        let orders = page["orders"].as_array().unwrap();
        found.extend(orders.iter().map(|order| order["order_id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            None => return found,
            Some(next) => cursor = format!("&cursor={next}"),
        }
    }
    panic!("{query} has no end");
}

/// Buys with this e-mail, in a cart of its own.
fn buys(guest: &Guest<'_>, sku: &str, email: &str) -> String {
    guest.call("POST", "/api/v1/cart").json(&json!({ "currency": "USD" })).send();
    guest.add(sku, 1).expect(200);
    let placed = guest.basket().with("email", json!(email)).begin().confirm().expect(201);
    placed["order_id"].as_str().unwrap().to_owned()
}

/// When an id was given: a UUIDv7 begins with it.
fn time_of(order_id: &str) -> i64 {
    let digits: String = order_id.chars().filter(char::is_ascii_hexdigit).take(12).collect();
    i64::from_str_radix(&digits, 16).unwrap()
}

/// The day of a time by UTC, and what time of it is, counted year by year.
fn written(at_ms: i64) -> (String, String) {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let (mut days, mut year) = (at_ms.div_euclid(DAY_MS), 1970);
    while days >= 365 + i64::from(leap(year)) {
        days -= 365 + i64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    let day = format!("{year:04}-{:02}-{:02}", month + 1, days + 1);
    let ms = at_ms.rem_euclid(DAY_MS);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    let instant = format!("{day}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1_000);
    (day, instant)
}

// ORD-1
#[test]
fn orders_are_found_by_whose_they_are_what_is_in_them_and_how_they_are_paid() {
    let shop = Shop::open();
    let (cup, tea) = (shop.sku().create(), shop.sku().create());
    let (customer_id, email) = (unique("finder-"), format!("{}@customer.example", unique("Ann.")));
    let (customer, guest) = (shop.customer_called(&customer_id, "USD"), shop.guest());
    let first = buys(&customer, &cup, &email);
    let second = buys(&guest, &cup, &email.to_lowercase());
    let third = buys(&customer, &tea, &format!("other.{email}"));
    customer.cancelling(&third).send().expect(200);
    let number = customer.order(&first).expect(200)["order_number"].as_str().unwrap().to_owned();

    for (query, expected) in [
        (format!("customer_id={customer_id}"), vec![&third, &first]),
        (format!("customer_id={customer_id}&limit=1"), vec![&third, &first]),
        (format!("customer_id={customer_id}&status=cancelled"), vec![&third]),
        (format!("customer_id={customer_id}&sku={cup}"), vec![&first]),
        (format!("customer_id={}", unique("nobody-")), vec![]),
        // However it is written.
        (format!("email={email}"), vec![&second, &first]),
        (format!("email={}", email.to_uppercase()), vec![&second, &first]),
        (format!("email={email}&limit=1"), vec![&second, &first]),
        (format!("email={email}&customer_id={customer_id}"), vec![&first]),
        (format!("email={email}&order_number={number}"), vec![&first]),
        (format!("email=nobody.{email}"), vec![]),
        (format!("sku={cup}"), vec![&second, &first]),
        (format!("sku={cup}&limit=1"), vec![&second, &first]),
        (format!("sku={tea}&status=confirmed"), vec![]),
        (format!("sku={}", unique("none-")), vec![]),
        (format!("order_number={number}"), vec![&first]),
        (format!("order_number={number}&sku={tea}"), vec![]),
        (format!("sku={cup}&payment=failed"), vec![]),
    ] {
        assert_eq!(found(&shop, &query).iter().collect::<Vec<_>>(), expected, "{query}");
    }
    for order_id in [&first, &second] {
        let paid = guest_or(&shop, order_id)["payment_status"].as_str().unwrap().to_owned();
        let listed = found(&shop, &format!("sku={cup}&payment={paid}"));
        assert!(listed.contains(order_id), "{order_id} {paid}: {listed:?}");
    }
    let listed = as_service(&shop, &format!("{ORDERS}?order_number={number}")).expect(200);
    let order = &listed["orders"][0];
    assert_eq!(order["payment_status"], guest_or(&shop, &first)["payment_status"], "{listed}");
    assert_eq!(listed["orders"].as_array().unwrap().len(), 1);
    assert!(!listed.to_string().to_lowercase().contains(&email.to_lowercase()), "{listed}");

    // An owner finds what is theirs, and nothing else by any name.
    assert_eq!(found_by(&customer, ""), [third.clone(), first.clone()]);
    assert_eq!(found_by(&customer, &format!("sku={cup}")), std::slice::from_ref(&first));
    assert_eq!(found_by(&guest, &format!("sku={cup}")), std::slice::from_ref(&second));
    assert!(found_by(&guest, &format!("order_number={number}")).is_empty());
    assert!(found_by(&guest, &format!("sku={tea}")).is_empty());
    for (name, value) in [("customer_id", &customer_id), ("email", &email)] {
        for shopper in [&customer, &guest] {
            let path = format!("{ORDERS}?{name}={value}");
            let problem = shopper.call("GET", &path).send().problem(403, "scope_missing");
            assert_eq!(
                (&problem["field"], &problem["scope"]),
                (&json!(name), &json!("orders:read"))
            );
            assert!(!problem.to_string().contains(value.as_str()), "{problem}");
        }
    }
}

fn guest_or(shop: &Shop, order_id: &str) -> Value {
    as_service(shop, &format!("{ORDERS}/{order_id}")).expect(200)
}

// ORD-1
#[test]
fn orders_are_found_by_when_they_were_made() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    let email = format!("{}@customer.example", unique("when."));
    let orders: Vec<String> = (0..3).map(|_| buys(&guest, &sku, &email)).collect();
    let [first, second, third] = [0, 1, 2].map(|place| orders[place].clone());
    let instant = |order: &str| written(time_of(order)).1;
    let after = |order: &str| written(time_of(order) + 1).1;
    for (query, expected) in [
        (format!("created_from={}", instant(&second)), vec![&third, &second]),
        (format!("created_from={}", after(&second)), vec![&third]),
        (format!("created_before={}", instant(&second)), vec![&first]),
        (format!("created_before={}", after(&second)), vec![&second, &first]),
        (
            format!("created_from={}&created_before={}", instant(&second), after(&second)),
            vec![&second],
        ),
        (format!("created_from={}", after(&third)), vec![]),
        (format!("created_from={}&cursor={third}", instant(&first)), vec![&second, &first]),
        (format!("created_before={}&cursor={third}", instant(&second)), vec![&first]),
        (format!("created_from={}&limit=1", instant(&first)), vec![&third, &second, &first]),
    ] {
        let query = format!("{query}&sku={sku}");
        if !query.contains("cursor") {
            assert_eq!(found(&shop, &query).iter().collect::<Vec<_>>(), expected, "{query}");
        }
        let page = guest.call("GET", &format!("{ORDERS}?{query}")).send().expect(200);
        let shown = page["orders"][0]["order_id"].as_str();
        assert_eq!(shown, expected.first().map(|id| id.as_str()), "{query}");
    }
    // The day it is depends on where somebody is; a plus that is a space is one nevertheless.
    for (zone, minutes) in [
        ("Z", 0),
        ("%2B07:00", 420),
        ("+07:00", 420),
        ("-11:30", -690),
        ("%2B14:00", 840),
        ("-00:00", 0),
    ] {
        let day = |days: i64| written(time_of(&first) + minutes * 60_000 + days * DAY_MS).0;
        let of = |query: &str| found(&shop, &format!("{query}&zone={zone}&sku={sku}"));
        let (today, tomorrow) = (day(0), day(1));
        let shown = of(&format!("created_from={today}&created_before={tomorrow}"));
        assert!(shown.contains(&first), "{zone} {today}: {shown:?}");
        assert!(!of(&format!("created_before={today}")).contains(&first), "{zone} {today}");
        assert!(!of(&format!("created_from={tomorrow}")).contains(&first), "{zone} {today}");
    }
    assert_eq!(found(&shop, &format!("zone=-05:00&sku={sku}")).len(), 3);
}

// ORD-1, SEC-3
#[test]
fn what_cannot_be_looked_for_is_refused_by_name() {
    let shop = Shop::open();
    let guest = shop.guest();
    let shared = [
        ("status=lost", "status"),
        ("payment=lost", "payment"),
        ("payment=", "payment"),
        ("created_from=yesterday", "created_from"),
        ("created_from=2026-02-30", "created_from"),
        ("created_from=1969-12-31", "created_from"),
        ("created_from=2026-12-01T00:00:00", "created_from"),
        ("created_before=1764547200000", "created_before"),
        ("created_before=2026-12-01T25:00:00Z", "created_before"),
        ("created_from=2026-12-02&created_before=2026-12-01", "created_before"),
        ("created_from=2026-12-01&created_before=2026-12-01", "created_before"),
        (
            "created_from=2026-12-01&created_before=2026-11-30T17:00:00Z&zone=%2B07:00",
            "created_before",
        ),
        ("zone=Asia/Saigon", "zone"),
        ("zone=%2B14:01", "zone"),
        ("zone=7", "zone"),
        ("sku=a%20b", "sku"),
        ("cursor=newest", "cursor"),
        ("limit=0", "limit"),
        ("status=confirmed&status=shipped", "status"),
    ];
    let of_the_list = [
        ("order_number=%20", "order_number"),
        ("email=nobody", "email"),
        ("email=", "email"),
        ("customer_id=a%20b", "customer_id"),
        ("limit=101", "limit"),
    ];
    let of_the_file =
        [("format=xlsx", "format"), ("limit=1001", "limit"), ("customer_id=%40", "customer_id")];
    let refused = |reply: Reply, field: &str| {
        let problem = reply.problem(400, "invalid_field");
        assert_eq!(problem["field"], field, "{problem}");
    };
    for (query, field) in shared.iter().chain(&of_the_list) {
        refused(as_service(&shop, &format!("{ORDERS}?{query}")), field);
        refused(guest.call("GET", &format!("{ORDERS}?{query}")).send(), field);
    }
    for (query, field) in shared.iter().chain(&of_the_file) {
        refused(as_service(&shop, &format!("{EXPORT}?{query}")), field);
    }
    // What the list is asked of one person, or for one order, no file is made for.
    for name in ["email", "order_number", "owner", "channel"] {
        let reply = as_service(&shop, &format!("{EXPORT}?{name}=x"));
        assert_eq!(reply.problem(400, "unknown_field")["field"], name);
    }
    assert_eq!(
        as_service(&shop, &format!("{ORDERS}?channel=web")).problem(400, "unknown_field")["field"],
        "channel"
    );
}

// ORD-1, SEC-3
#[test]
fn orders_are_exported_page_by_page_and_without_a_person() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    let email = format!("{}@customer.example", unique("file."));
    let mut orders: Vec<String> = (0..3).map(|_| buys(&guest, &sku, &email)).collect();
    orders.reverse();
    let from = written(time_of(&orders[2])).0;
    let mut query =
        format!("?sku={sku}&limit=2&created_from={from}&zone=%2B00:00&status=confirmed");
    let mut rows: Vec<Vec<String>> = Vec::new();
    for page in 0.. {
        let reply = as_service(&shop, &format!("{EXPORT}{query}"));
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.header("content-type"), Some("text/csv"), "{reply:?}");
        let text = String::from_utf8(reply.body.clone()).unwrap();
        let (head, body) = text.split_once('\n').unwrap();
        assert_eq!(
            head.trim_end(),
            "order_id,order_number,created_at,status,payment_status,currency,total_minor"
        );
        rows.extend(body.lines().map(|line| line.split(',').map(str::to_owned).collect()));
        assert!(!text.to_lowercase().contains(&email), "{text}");
        let Some(link) = reply.header("link") else { break };
        let next = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\""));
        query = next.unwrap_or_else(|| panic!("{link}")).to_owned();
        assert!(page < 5, "{query}");
    }
    assert_eq!(rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>(), orders);
    for row in &rows {
        let order = guest_or(&shop, &row[0]);
        let created = written(order["created_at_ms"].as_i64().unwrap()).1;
        let total = order["total"]["amount_minor"].to_string();
        let told = |member: &str| order[member].as_str().unwrap().to_owned();
        let expected = [
            told("order_id"),
            told("order_number"),
            created,
            told("status"),
            told("payment_status"),
            told("currency"),
            total,
        ];
        assert_eq!(row, &expected);
    }
    // As JSON lines each is what the list shows.
    let reply = as_service(&shop, &format!("{EXPORT}?sku={sku}&format=json_lines"));
    assert_eq!(reply.header("content-type"), Some("application/x-ndjson"), "{reply:?}");
    let text = String::from_utf8(reply.body.clone()).unwrap();
    let lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect();
    let listed = as_service(&shop, &format!("{ORDERS}?sku={sku}")).expect(200);
    assert_eq!(json!(lines), listed["orders"]);

    // For those alone who may read everybody's: it does not even know shoppers.
    guest.call("GET", EXPORT).send().problem(401, "credential_invalid");
    shop.call("GET", EXPORT).send().problem(401, "credential_missing");
    let other = shop.call("GET", EXPORT).bearer(&shop.token("orders:write catalog:read")).send();
    assert_eq!(other.problem(403, "scope_missing")["scope"], "orders:read");
}

// ORD-11
#[test]
fn what_the_orders_of_a_day_came_to_is_the_sum_of_them() {
    let shop = Shop::alone();
    let sku = shop.sku().stock(9).create();
    let guest = shop.guest();
    buys(&guest, &sku, "ann@example.com");
    let cancelled = buys(&guest, &sku, "ann@example.com");
    guest.cancelling(&cancelled).send().expect(200);
    let refunded = buys(&guest, &sku, "ann@example.com");
    let part = json!({ "lines": [{ "line_no": 1, "quantity": 1 }], "reason": "goodwill" });
    let refund = shop.call("POST", &format!("{ORDERS}/{refunded}/refunds"));
    refund.bearer(&shop.token("money:write")).json(&part).keyed(&unique("r-")).send().expect(200);

    let figures = as_service(&shop, &format!("{ORDERS}/statistics")).expect(200);
    let minor = |of: &Value, name: &str| of[name]["amount_minor"].as_i64().unwrap();
    let mut sums = (0, 0, 0, 0);
    for order in pages_of(&shop) {
        let total = minor(&order, "total");
        if order["total"]["currency"] == "USD" {
            sums.0 += 1;
            sums.1 += total;
            let id = order["order_id"].as_str().unwrap();
            if shop.rows("orders", "order_id", id)[0]["cancelled_at_ms"].is_i64() {
                sums.2 += total;
            } else {
                let rows = shop.rows("refund", "order_id", id);
                sums.3 += rows.iter().map(|row| row["amount_minor"].as_i64().unwrap()).sum::<i64>();
            }
        }
    }
    let usd = |of: &Value| {
        of.as_array().unwrap().iter().find(|it| it["gross"]["currency"] == "USD").cloned()
    };
    let total = usd(&figures["totals"]).unwrap();
    let counted = |of: &Value| {
        (
            of["orders"].as_i64().unwrap(),
            minor(of, "gross"),
            minor(of, "cancelled"),
            minor(of, "refunded"),
        )
    };
    assert_eq!(counted(&total), sums, "{figures}");
    assert_eq!(minor(&total, "net"), sums.1 - sums.2 - sums.3);
    let days: Vec<Value> =
        figures["days"].as_array().unwrap().iter().filter_map(|day| usd(&day["figures"])).collect();
    let of_days = days
        .iter()
        .map(counted)
        .fold((0, 0, 0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1, sum.2 + it.2, sum.3 + it.3));
    assert_eq!(of_days, sums);
    // One guest has opened one cart for each order, and their last is empty.
    let carts = &figures["carts"];
    assert!(
        carts["ordered"].as_i64() >= Some(3)
            && carts["opened"].as_i64() > carts["ordered"].as_i64(),
        "{carts}"
    );
    // Nobody else sees them, and what is asked is read strictly.
    guest.call("GET", &format!("{ORDERS}/statistics")).send().problem(401, "credential_invalid");
    for (query, field) in [
        ("created_from=2026-12-01T00:00:00Z", "created_from"),
        ("created_from=2026-12-02&created_before=2026-12-01", "created_before"),
        ("created_from=2026-01-01&created_before=2026-12-01", "created_from"),
        ("zone=Hanoi", "zone"),
    ] {
        let told = as_service(&shop, &format!("{ORDERS}/statistics?{query}"))
            .problem(400, "invalid_field");
        assert_eq!(told["field"], field, "{query}");
    }
    let none = as_service(
        &shop,
        &format!(
            "{ORDERS}/statistics?created_from=2001-01-01&created_before=2001-01-03&zone=-03:30"
        ),
    )
    .expect(200);
    assert_eq!(
        (&none["totals"], &none["days"], &none["zone"]),
        (&json!([]), &json!([]), &json!("-03:30"))
    );
    let nothing = json!({ "opened": 0, "filled": 0, "ordered": 0, "abandoned": 0 });
    assert_eq!(none["carts"], nothing);
}

/// All orders, as a service lists them.
fn pages_of(shop: &Shop) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = as_service(shop, &format!("{ORDERS}?limit=100{cursor}")).expect(200);
        found.extend(page["orders"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            None => return found,
            Some(next) => cursor = format!("&cursor={next}"),
        }
    }
}
