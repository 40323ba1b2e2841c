//! Stored value over HTTP (PROMO-13): what programs do to accounts, what customers see of theirs, and
//! codes of gift cards, which nobody guesses.

use e2e::{Call, Claims, Reply, Settings, Shop, unique};
use serde_json::{Value, json};
use std::{thread, time::Duration};

const ACCOUNTS: &str = "/api/v1/accounts";

fn staff(shop: &Shop, method: &str, path: &str) -> Call {
    let call = shop.call(method, path).bearer(&shop.token("money:write customers:read"));
    if method == "POST" { call.keyed(&unique("money-")) } else { call }
}

fn opening(shop: &Shop, customer_id: &str, kind: &str, amount: i64) -> Call {
    let currency = if kind == "points" { Value::Null } else { json!("USD") };
    let body = json!({ "customer_id": customer_id, "kind": kind, "currency": currency, "amount_minor": amount, "reason": "welcome" });
    staff(shop, "POST", ACCOUNTS).json(&body)
}

/// A new account of this customer.
fn open(shop: &Shop, customer_id: &str, kind: &str, amount: i64) -> String {
    text(&opening(shop, customer_id, kind, amount).send().expect(201)["account_id"])
}

fn moving(shop: &Shop, account_id: &str, how: &str, amount: i64) -> Call {
    let body = json!({ "amount_minor": amount, "reason": "because" });
    staff(shop, "POST", &format!("{ACCOUNTS}/{account_id}/{how}")).json(&body)
}

fn issuing(shop: &Shop, amount: i64) -> Call {
    let body = json!({ "currency": "USD", "amount_minor": amount, "reason": "bought at the desk" });
    staff(shop, "POST", "/api/v1/gift-cards").json(&body)
}

/// A gift card: its account, and its code.
fn issue(shop: &Shop, amount: i64) -> (String, String) {
    let issued = issuing(shop, amount).send().expect(201);
    (text(&issued["account"]["account_id"]), text(&issued["code"]))
}

fn assigning(shop: &Shop, token: &str, code: &str) -> Call {
    let call = shop.call("POST", "/api/v1/gift-cards/assign").bearer(token);
    call.keyed(&unique("assign-")).json(&json!({ "code": code }))
}

fn balance(shop: &Shop, account_id: &str) -> i64 {
    let shown = staff(shop, "GET", &format!("{ACCOUNTS}/{account_id}")).send().expect(200);
    shown["balance_minor"].as_i64().unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

#[test]
fn an_account_is_opened_topped_up_corrected_and_each_is_an_entry() {
    let shop = Shop::open();
    let customer_id = unique("customer-");
    let opening_one = opening(&shop, &customer_id, "credit", 2_500);
    let opened = opening_one.clone().send();
    let account_id = text(&opened.json()["account_id"]);
    assert_eq!(
        opened.header("location"),
        Some(format!("{ACCOUNTS}/{account_id}").as_str()),
        "{opened:?}"
    );
    let account = opened.expect(201);
    let at = &account["created_at_ms"];
    assert_eq!(
        account,
        json!({ "account_id": account_id, "kind": "credit", "customer_id": customer_id, "currency": "USD", "balance_minor": 2_500,
            "held_minor": 0, "created_at_ms": at, "expires_at_ms": null })
    );
    assert_eq!(opening_one.send().expect(201), account, "a replay");
    opening(&shop, &customer_id, "credit", 0).send().problem(409, "account_exists");
    open(&shop, &customer_id, "points", 0);

    let top_up = moving(&shop, &account_id, "top-ups", 1_000);
    let more = top_up.clone().send();
    assert_eq!(top_up.send().body, more.body, "a replay");
    let more = more.expect(200);
    assert_eq!((&more["balance_minor"], &more["seq"]), (&json!(3_500), &json!(2)));
    moving(&shop, &account_id, "corrections", -3_501).send().problem(422, "balance_too_low");
    let less = moving(&shop, &account_id, "corrections", -3_000).send().expect(200);
    assert_eq!((&less["balance_minor"], &less["seq"]), (&json!(500), &json!(3)));
    let most = 100_000_000_000;
    moving(&shop, &account_id, "top-ups", most).send().problem(422, "balance_too_high");

    let entries = |query: &str| {
        let path = format!("{ACCOUNTS}/{account_id}/entries{query}");
        staff(&shop, "GET", &path).send().expect(200)
    };
    let statement = entries("");
    let shown: Vec<_> = statement["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["seq"].as_i64(), text(&it["kind"]), it["amount_minor"].as_i64()))
        .collect();
    let of = |seq, kind: &str, amount| (Some(seq), kind.to_owned(), Some(amount));
    assert_eq!(
        shown,
        [of(3, "corrected", -3_000), of(2, "topped_up", 1_000), of(1, "opened", 2_500)],
        "{statement}"
    );
    assert_eq!(statement["account"]["balance_minor"], 500);
    for entry in statement["entries"].as_array().unwrap() {
        assert!(text(&entry["actor"]).starts_with("service:"), "{entry}");
        assert!((entry["at_ms"].as_i64().unwrap() - shop.now_ms()).abs() < 60_000, "{entry}");
    }
    assert_eq!(statement["entries"][2]["reason"], "welcome");
    let page = entries("?limit=2");
    assert_eq!((&page["entries"][1]["seq"], &page["next_cursor"]), (&json!(2), &json!(2)));
    let rest = entries("?limit=2&cursor=2");
    assert_eq!((&rest["entries"][0]["seq"], &rest["next_cursor"]), (&json!(1), &Value::Null));
}

#[test]
fn a_customer_sees_their_accounts_and_nobody_elses() {
    let shop = Shop::open();
    let (ann, bob) = (unique("customer-"), unique("customer-"));
    let points = open(&shop, &ann, "points", 700);
    let credit = open(&shop, &ann, "credit", 1);
    let (ann_token, bob_token) = (shop.session_of(&ann), shop.session_of(&bob));
    let guest = shop.guest();
    let asks = |token: &str, path: &str| shop.call("GET", path).bearer(token).send();
    let list = |token: &str, query: &str| asks(token, &format!("{ACCOUNTS}{query}")).expect(200);
    let ids = |page: &Value| -> Vec<String> {
        page["accounts"].as_array().unwrap().iter().map(|it| text(&it["account_id"])).collect()
    };
    assert_eq!(ids(&list(&ann_token, "")), [points.clone(), credit.clone()]);
    let first = list(&ann_token, "?limit=1");
    assert_eq!((ids(&first), &first["next_cursor"]), (vec![points.clone()], &json!(points)));
    let second = ids(&list(&ann_token, &format!("?limit=1&cursor={points}")));
    assert_eq!(second, std::slice::from_ref(&credit));
    for token in [&bob_token, &guest.token] {
        assert_eq!(ids(&list(token, "")), [""; 0]);
        for path in [format!("{ACCOUNTS}/{points}"), format!("{ACCOUNTS}/{points}/entries")] {
            let hidden = asks(token, &path);
            hidden.problem(404, "account_not_found");
            let nothing = asks(token, &path.replace(&points, "no-account"));
            assert_eq!(hidden.body, nothing.body, "as if it were not there");
        }
    }
    let shown = asks(&ann_token, &format!("{ACCOUNTS}/{points}")).expect(200);
    assert_eq!((&shown["balance_minor"], &shown["currency"]), (&json!(700), &Value::Null));
    let statement = asks(&ann_token, &format!("{ACCOUNTS}/{points}/entries")).expect(200);
    assert_eq!(statement["entries"][0]["kind"], "opened");
    // A program sees all, or one customer's; a customer asks for nobody's.
    let of_ann = format!("{ACCOUNTS}?customer_id={ann}");
    assert_eq!(ids(&staff(&shop, "GET", &of_ann).send().expect(200)).len(), 2);
    let refused = asks(&ann_token, &format!("{ACCOUNTS}?customer_id={ann}"));
    assert_eq!(refused.problem(400, "invalid_field")["field"], "customer_id");
    assert!(
        !ids(&staff(&shop, "GET", &format!("{ACCOUNTS}?limit=1")).send().expect(200)).is_empty()
    );
    // Nobody changes their own.
    let top_up = json!({ "amount_minor": 1, "reason": "please" });
    for token in [&ann_token, &guest.token] {
        let call = shop.call("POST", &format!("{ACCOUNTS}/{points}/top-ups")).bearer(token);
        let refused = call.keyed(&unique("k")).json(&top_up).send();
        assert!([401, 403].contains(&refused.status), "{refused:?}");
    }
    let reader = Claims::with_scope("customers:read").signed(&Settings::get().service_token_secret);
    let call = shop.call("POST", &format!("{ACCOUNTS}/{points}/top-ups")).bearer(&reader);
    call.keyed(&unique("k")).json(&top_up).send().problem(403, "scope_missing");
    let writer = Claims::with_scope("money:write").signed(&Settings::get().service_token_secret);
    asks(&writer, &format!("{ACCOUNTS}/{points}")).problem(403, "scope_missing");
    assert_eq!(balance(&shop, &points), 700);
    // SEC-6
    let export = format!("/api/v1/customers/customer:{ann}/export");
    let exported =
        shop.call("GET", &export).bearer(&shop.token("customers:read")).send().expect(200);
    assert_eq!(ids(&exported), [points, credit]);
}

#[test]
fn a_gift_card_is_whose_who_brings_its_code() {
    let shop = Shop::open();
    let (ann, bob) = (unique("customer-"), unique("customer-"));
    let (ann_token, bob_token) = (shop.session_of(&ann), shop.session_of(&bob));
    let issuing = issuing(&shop, 5_000);
    let issued = issuing.clone().send();
    assert_eq!(issuing.send().body, issued.body, "the code too");
    let issued = issued.expect(201);
    let (account_id, code) = (text(&issued["account"]["account_id"]), text(&issued["code"]));
    assert_eq!(code.len(), 32, "{code}");
    assert_eq!(issued["account"]["customer_id"], Value::Null);
    // It is kept hashed, and for replays sealed.
    for (table, column) in [("account", "account_id"), ("ledger", "account_id")] {
        let rows = json!(shop.rows(table, column, &account_id)).to_string();
        assert!(!rows.contains(&code) && !rows.contains(&code.replace('-', "")), "{rows}");
    }
    let row = &shop.rows("account", "account_id", &account_id)[0];
    assert_eq!(row["code_hash"].as_str().map(str::len), Some(64), "{row}");

    let guest = shop.guest();
    assigning(&shop, &guest.token, &code).send().problem(403, "scope_missing");
    // As somebody typed it.
    let typed = code.to_lowercase().replace('-', " ").replace('0', "o");
    let assigning_it = assigning(&shop, &ann_token, &typed);
    let mine = assigning_it.clone().send();
    assert_eq!(assigning_it.send().body, mine.body, "a replay");
    let mine = mine.expect(200);
    assert_eq!(
        (&mine["customer_id"], &mine["balance_minor"], &mine["account_id"]),
        (&json!(ann), &json!(5_000), &json!(account_id))
    );
    assigning(&shop, &ann_token, &code).send().problem(409, "gift_card_assigned");
    let taken = assigning(&shop, &bob_token, &code).send();
    taken.problem(404, "gift_card_not_found");
    let unknown = assigning(&shop, &bob_token, "0000-0000-0000-0000-0000-0000-00").send();
    unknown.problem(404, "gift_card_not_found");
    assert_eq!(taken.body, unknown.body, "as if it were not there");
    let entries = format!("{ACCOUNTS}/{account_id}/entries");
    let statement = shop.call("GET", &entries).bearer(&ann_token).send().expect(200);
    assert_eq!(
        (&statement["entries"][0]["kind"], &statement["entries"][0]["actor"]),
        (&json!("assigned"), &json!(format!("customer:{ann}")))
    );
    // Credit of hers does not stand in the way of a second card.
    let (_, another) = issue(&shop, 1);
    assigning(&shop, &ann_token, &another).send().expect(200);
}

#[test]
fn a_customer_who_guesses_codes_waits_and_others_do_not() {
    let shop = Shop::open();
    let (ann, bob) = (shop.session_of(&unique("customer-")), shop.session_of(&unique("customer-")));
    let (_, code) = issue(&shop, 100);
    let code_of = |number: i64| format!("0000-0000-0000-0000-0000-0000-{number:02}");
    // The hour may end between two tries: ten more are let through then, once.
    let mut refused = None;
    for number in 0..21 {
        let reply = assigning(&shop, &ann, &code_of(number)).send();
        if reply.status == 429 {
            refused = Some((number, reply));
            break;
        }
        reply.problem(404, "gift_card_not_found");
    }
    let (number, reply) = refused.expect("somebody who guesses is stopped");
    assert!((10..=20).contains(&number), "{number}");
    reply.problem(429, "too_many_requests");
    let wait: i64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=3_600).contains(&wait), "{wait}");
    // What is no code is told apart, and costs nothing; others go on.
    assigning(&shop, &bob, "not a code").send().problem(400, "invalid_field");
    assigning(&shop, &bob, &code_of(1)).send().problem(404, "gift_card_not_found");
    assigning(&shop, &bob, &code).send().expect(200);
}

#[test]
fn guesses_at_once_are_no_more_than_one_after_another() {
    let shop = Shop::open();
    let token = shop.session_of(&unique("customer-"));
    let code = "3333-3333-3333-3333-3333-3333-33";
    let replies = e2e::together(24, |_| assigning(&shop, &token, code).send());
    let tried = replies.iter().filter(|reply| reply.status == 404).count();
    assert!(replies.iter().all(|reply| [404, 429, 503].contains(&reply.status)), "{replies:?}");
    assert!((1..=20).contains(&tried), "{tried} of 24 were let through");
}

// PROMO-13: of many that together exceed the balance exactly those win that fit.
#[test]
fn of_corrections_at_once_those_win_that_fit() {
    let shop = Shop::open();
    let account_id = open(&shop, &unique("customer-"), "points", 1_000);
    let replies = e2e::together(20, |_| {
        let correcting = moving(&shop, &account_id, "corrections", -130);
        loop {
            let reply = correcting.clone().send();
            if reply.status != 503 {
                return reply;
            }
            thread::sleep(Duration::from_millis(100));
        }
    });
    let won = replies.iter().filter(|reply| reply.status == 200).count();
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.problem(422, "balance_too_low");
    }
    assert_eq!((won, balance(&shop, &account_id)), (7, 90));
    // The same key at once is one correction.
    let correcting = moving(&shop, &account_id, "corrections", -20);
    let replies: Vec<Reply> = e2e::together(6, |_| correcting.clone().send());
    assert!(replies.iter().any(|reply| reply.status == 200), "{replies:?}");
    assert_eq!(balance(&shop, &account_id), 70);
}

#[test]
fn what_changes_is_an_event() {
    let shop = Shop::open();
    let customer_id = unique("customer-");
    let points = open(&shop, &customer_id, "points", 5);
    moving(&shop, &points, "top-ups", 7).send().expect(200);
    moving(&shop, &points, "corrections", -2).send().expect(200);
    let (card, code) = issue(&shop, 100);
    assigning(&shop, &shop.session_of(&customer_id), &code).send().expect(200);
    let events = |aggregate: String| -> Vec<(String, Value)> {
        let rows = shop.rows("outbox", "aggregate", &aggregate).into_iter();
        rows.map(|row| (text(&row["type"]), data(&row["data"]))).collect()
    };
    let of_points = events(format!("account/{points}"));
    let types: Vec<&str> = of_points.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(
        types,
        ["accounts.account.opened", "accounts.account.changed", "accounts.account.changed"]
    );
    assert_eq!(
        of_points[1].1,
        json!({ "account_id": points, "kind": "points", "entry": "topped_up", "amount_minor": 7, "customer_id": customer_id, "seq": 2, "balance_minor": 12 })
    );
    assert_eq!(
        (&of_points[2].1["amount_minor"], &of_points[2].1["balance_minor"]),
        (&json!(-2), &json!(10))
    );
    assert_eq!(
        events(format!("account/{card}"))[0].1,
        json!({ "account_id": card, "kind": "gift_card", "balance_minor": 100, "currency": "USD" })
    );
    assert_eq!(
        events(format!("customer/customer:{customer_id}")),
        [(
            "accounts.gift_card.assigned".to_owned(),
            json!({ "owner": format!("customer:{customer_id}"), "account_id": card, "balance_minor": 100, "currency": "USD" })
        )]
    );
}

/// JSON of a row: SQLite shows it as a text.
fn data(cell: &Value) -> Value {
    match cell.as_str() {
        Some(text) => serde_json::from_str(text).expect("JSON"),
        None => cell.clone(),
    }
}

#[test]
fn what_is_no_account_and_no_amount_is_refused_by_its_field() {
    let shop = Shop::open();
    let customer_id = unique("customer-");
    let account_id = open(&shop, &customer_id, "credit", 10);
    let over = |body: &Value, member: &str, value: Value| {
        let mut body = body.clone();
        body[member] = value;
        body
    };
    let credit = json!({ "customer_id": customer_id, "kind": "credit", "currency": "EUR", "amount_minor": 1, "reason": "why" });
    let card = json!({ "currency": "USD", "amount_minor": 1, "reason": "why" });
    let entry = json!({ "amount_minor": 1, "reason": "why" });
    let (accounts, cards) = (ACCOUNTS.to_owned(), "/api/v1/gift-cards".to_owned());
    let (top_ups, corrections) = (
        format!("{ACCOUNTS}/{account_id}/top-ups"),
        format!("{ACCOUNTS}/{account_id}/corrections"),
    );
    let too_much = json!(100_000_000_001_i64);
    let cases = [
        (&accounts, over(&credit, "customer_id", json!("jane@customer.example")), "/customer_id"),
        (&accounts, over(&credit, "kind", json!("gift_card")), "/kind"),
        (&accounts, over(&credit, "kind", json!("points")), "/currency"),
        (&accounts, over(&credit, "currency", Value::Null), "/currency"),
        (&accounts, over(&credit, "currency", json!("eur")), "/currency"),
        (&accounts, over(&credit, "amount_minor", json!(-1)), "/amount_minor"),
        (&accounts, over(&credit, "amount_minor", too_much.clone()), "/amount_minor"),
        (&accounts, over(&credit, "amount_minor", json!(1.5)), "/amount_minor"),
        (&accounts, over(&credit, "reason", json!(" ")), "/reason"),
        (&cards, over(&card, "amount_minor", json!(0)), "/amount_minor"),
        (&cards, over(&card, "expires_in_days", json!(0)), "/expires_in_days"),
        (&cards, over(&card, "expires_in_days", json!(3_651)), "/expires_in_days"),
        (&cards, over(&card, "reason", json!("two\nlines")), "/reason"),
        (&top_ups, over(&entry, "amount_minor", json!(0)), "/amount_minor"),
        (&top_ups, over(&entry, "amount_minor", json!(-1)), "/amount_minor"),
        (&top_ups, over(&entry, "amount_minor", too_much), "/amount_minor"),
        (&top_ups, over(&entry, "reason", json!("x".repeat(201))), "/reason"),
        (&corrections, over(&entry, "amount_minor", json!(0)), "/amount_minor"),
        (&corrections, over(&entry, "amount_minor", json!(-100_000_000_001_i64)), "/amount_minor"),
        (&corrections, json!({ "amount_minor": 1 }), "/reason"),
    ];
    for (path, body, field) in cases {
        let refused = staff(&shop, "POST", path).json(&body).send();
        assert_eq!(refused.problem(400, "invalid_field")["field"], field, "{path} {body}");
    }
    let unsold = over(&credit, "currency", json!("CHX"));
    staff(&shop, "POST", &accounts).json(&unsold).send().problem(422, "currency_unsupported");
    let unsold = over(&card, "currency", json!("CHX"));
    staff(&shop, "POST", &cards).json(&unsold).send().problem(422, "currency_unsupported");
    for how in ["top-ups", "corrections"] {
        moving(&shop, "no-account", how, 1).send().problem(404, "account_not_found");
    }
    // Money needs a key.
    let keyless = shop.call("POST", &top_ups).bearer(&shop.token("money:write")).json(&entry);
    keyless.send().problem(400, "idempotency_key_required");
    let token = shop.session_of(&customer_id);
    for code in ["", "0000", "U000-0000-0000-0000-0000-0000-00", "é000-0000-0000-0000-0000-0000-00"]
    {
        let refused = assigning(&shop, &token, code).send();
        let problem = refused.problem(400, "invalid_field");
        assert_eq!(problem["field"], "/code", "{problem}");
        assert!(
            code.is_empty() || !problem["detail"].as_str().unwrap().contains(code),
            "{problem}"
        );
    }
    assert_eq!(balance(&shop, &account_id), 10);
}
