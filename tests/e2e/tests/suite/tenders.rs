//! Paying with stored value (PROMO-13, CHK-10): what accounts pay of a total, and that the card pays
//! the rest and no more; that an order has it or the account does, whatever comes between; and that
//! one balance is spent once.

use e2e::{Call, Guest, Reply, Session, Shop, eventually, together, unique};
use serde_json::{Value, json};

fn staff(shop: &Shop, method: &str, path: &str, body: &Value) -> Reply {
    let scopes = "money:write customers:read catalog:write catalog:read orders:read orders:write";
    let call = shop.call(method, path).bearer(&shop.token(scopes));
    match method {
        "GET" => call.send(),
        _ => call.keyed(&unique("tender-")).json(body).send(),
    }
}

fn open(shop: &Shop, customer_id: &str, kind: &str, amount: i64) -> String {
    let currency = if kind == "points" { Value::Null } else { json!("USD") };
    let body = json!({ "customer_id": customer_id, "kind": kind, "currency": currency, "amount_minor": amount, "reason": "welcome" });
    text(&staff(shop, "POST", "/api/v1/accounts", &body).expect(201)["account_id"])
}

/// A gift card: its account, and its code.
fn issue(shop: &Shop, currency: &str, amount: i64) -> (String, String) {
    let body = json!({ "currency": currency, "amount_minor": amount, "reason": "bought" });
    let issued = staff(shop, "POST", "/api/v1/gift-cards", &body).expect(201);
    (text(&issued["account"]["account_id"]), text(&issued["code"]))
}

/// What an account has, and what of it is held.
fn balance(shop: &Shop, account_id: &str) -> (i64, i64) {
    let path = format!("/api/v1/accounts/{account_id}");
    let shown = staff(shop, "GET", &path, &Value::Null).expect(200);
    (minor(&shown, "balance_minor"), minor(&shown, "held_minor"))
}

/// The entries after the first, oldest first.
fn entries(shop: &Shop, account_id: &str) -> Vec<(String, i64, Value)> {
    let path = format!("/api/v1/accounts/{account_id}/entries");
    let shown = staff(shop, "GET", &path, &Value::Null).expect(200);
    let mut entries: Vec<_> = shown["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (text(&it["kind"]), minor(it, "amount_minor"), it["order_id"].clone()))
        .collect();
    entries.pop();
    entries.reverse();
    entries
}

fn minor(of: &Value, member: &str) -> i64 {
    of[member].as_i64().unwrap_or_else(|| panic!("no {member}: {of}"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn from_account(account_id: &str, amount: i64) -> Value {
    json!({ "account_id": account_id, "amount_minor": amount })
}

fn by_code(code: &str, amount: i64) -> Value {
    json!({ "code": code, "amount_minor": amount })
}

fn drawing(draws: &[Value]) -> Value {
    json!({ "stored_value": draws })
}

fn confirming(session: &Session<'_>, draws: &[Value]) -> Call {
    session.confirming_with(&drawing(draws))
}

/// Somebody at the checkout with one of `sku`, which costs 10.00 and 5.00 of shipping.
fn at_checkout<'s>(buyer: &Guest<'s>, sku: &str) -> Session<'s> {
    buyer.adding(sku, 1).send_patiently().expect(200);
    let session = buyer.basket().begin();
    assert_eq!(session.total_minor(), 1_500);
    session
}

fn sku(shop: &Shop) -> String {
    shop.sku().price("USD", 1_000).stock(1_000).create()
}

fn customer(shop: &Shop) -> (String, Guest<'_>) {
    let customer_id = unique("customer-");
    let buyer = shop.customer_called(&customer_id, "USD");
    (customer_id, buyer)
}

#[test]
fn accounts_and_the_card_pay_one_order_together_and_its_cancel_gives_each_its_own() {
    let shop = Shop::open();
    let (customer_id, buyer) = customer(&shop);
    // A point pays five cents.
    let usd = json!({ "minor_digits": 2, "minimum_minor": 50, "ceiling_minor": 500_000, "point_value_minor": 5 });
    staff(&shop, "PUT", "/api/v1/catalog/currencies/USD", &usd).expect(200);
    let credit = open(&shop, &customer_id, "credit", 700);
    let points = open(&shop, &customer_id, "points", 40);
    let (card, code) = issue(&shop, "USD", 300);
    let session = at_checkout(&buyer, &sku(&shop));
    let draws = [from_account(&credit, 600), from_account(&points, 100), by_code(&code, 300)];
    let key = unique("tenders-");
    let confirm = confirming(&session, &draws).keyed(&key);
    let placed = confirm.clone().send();
    let order = placed.expect(201);
    assert_eq!(
        (minor(&order["total"], "amount_minor"), &order["payment_status"]),
        (1_500, &json!("authorized"))
    );
    assert_eq!(buyer.provider_payments().held(), 500, "the card is asked for the rest");
    assert_eq!(confirm.send().body, placed.body, "a replay");
    let other = confirming(&session, &draws[..1]).keyed(&key).send();
    other.problem(422, "idempotency_key_reused");

    let order_id = text(&order["order_id"]);
    assert_eq!([&credit, &points, &card].map(|id| balance(&shop, id)), [(100, 0), (20, 0), (0, 0)]);
    let spent = ("spent".to_owned(), -20, json!(order_id));
    assert_eq!(entries(&shop, &points), std::slice::from_ref(&spent));
    let shown = buyer.order(&order_id).expect(200);
    assert_eq!(minor(&shown["payment"]["amount"], "amount_minor"), 500);
    let mut paid: Vec<_> = shown["stored_value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (
                text(&it["kind"]),
                minor(it, "units"),
                minor(&it["amount"], "amount_minor"),
                text(&it["state"]),
            )
        })
        .collect();
    paid.sort();
    let of = |kind: &str, units, amount| (kind.to_owned(), units, amount, "spent".to_owned());
    assert_eq!(paid, [of("credit", 600, 600), of("gift_card", 300, 300), of("points", 20, 100)]);
    // The customer reads what they have spent.
    let path = format!("/api/v1/accounts/{credit}/entries");
    let read = buyer.call("GET", &path).send().expect(200);
    assert_eq!(
        (&read["entries"][0]["kind"], &read["entries"][0]["order_id"]),
        (&json!("spent"), &json!(order_id))
    );

    buyer.cancelling(&order_id).send().expect(200);
    assert_eq!(
        [&credit, &points, &card].map(|id| balance(&shop, id)),
        [(700, 0), (40, 0), (300, 0)]
    );
    assert_eq!(entries(&shop, &points), [spent, ("returned".to_owned(), 20, json!(order_id))]);
    assert_eq!(buyer.order(&order_id).expect(200)["stored_value"][0]["state"], "returned");
    eventually("the card has its part back", || {
        (buyer.provider_payments().held() == 0).then_some(())
    });
    for account_id in [&credit, &points, &card] {
        let told = shop.rows("outbox", "aggregate", &format!("account/{account_id}"));
        let told: Vec<String> = told
            .iter()
            .filter(|row| row["type"] == "accounts.account.drawn")
            .map(|row| row["data"].to_string())
            .collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("spent") && told[1].contains("returned"), "{told:?}");
        assert!(told.iter().all(|data| data.contains(&order_id)), "{told:?}");
    }
}

// CHK-15: a guest pays all of it with what they were given, and has no card.
#[test]
fn a_gift_card_pays_all_of_it_and_no_provider_is_asked() {
    let shop = Shop::open();
    let (card, code) = issue(&shop, "USD", 2_000);
    let guest = shop.guest();
    guest.add(&sku(&shop), 1).expect(200);
    let session = guest.basket().without("payment_method").begin();
    // A rest is for the buyer to pay in the provider's own element (PAY-7); they take more of the
    // card instead.
    let rest = confirming(&session, &[by_code(&code, 1_000)]).send();
    rest.problem(402, "payment_action_required");
    assert_eq!(balance(&shop, &card), (2_000, 1_000));
    let order = confirming(&session, &[by_code(&code.to_lowercase(), 1_500)]).send().expect(201);
    assert_eq!(order["payment_status"], "captured");
    assert_eq!((guest.provider_payments().times_authorized, balance(&shop, &card)), (0, (500, 0)));
    let order_id = text(&order["order_id"]);
    let cancelled = guest.cancelling(&order_id).send().expect(200);
    assert_eq!((&cancelled["compensation"], balance(&shop, &card)), (&json!("none"), (2_000, 0)));
    guest.cancelling(&order_id).send().problem(409, "illegal_transition");
    assert_eq!(balance(&shop, &card), (2_000, 0));
}

#[test]
fn what_an_account_cannot_pay_is_refused_by_name_and_nothing_is_held() {
    let shop = Shop::open();
    let ((customer_id, buyer), (stranger, _)) = (customer(&shop), customer(&shop));
    let credit = open(&shop, &customer_id, "credit", 400);
    let points = open(&shop, &customer_id, "points", 4_000);
    let theirs = open(&shop, &stranger, "credit", 4_000);
    let (_, euros) = issue(&shop, "EUR", 4_000);
    let (card, code) = issue(&shop, "USD", 9_000);
    let session = at_checkout(&buyer, &sku(&shop));
    let none = "00000000-0000-7000-8000-000000000000";
    let says = |draws: &[Value], status, code: &str, pointer: &str| {
        let problem = confirming(&session, draws).send().problem(status, code);
        assert_eq!(problem["field"], pointer, "{problem}");
        problem
    };
    let too_low =
        says(&[from_account(&credit, 401)], 422, "balance_too_low", "/stored_value/0/amount_minor");
    assert_eq!(too_low["available"], 400);
    for id in [theirs.as_str(), none] {
        let draws = [by_code(&code, 1), from_account(id, 1)];
        says(&draws, 404, "account_not_found", "/stored_value/1/account_id");
    }
    let unknown = by_code("0000-0000-0000-0000-0000-0000-00", 1);
    says(&[unknown], 404, "gift_card_not_found", "/stored_value/0/code");
    says(&[by_code(&euros, 100)], 400, "invalid_field", "/stored_value/0/code");
    let twice = [from_account(&credit, 1), from_account(&credit, 1)];
    says(&twice, 400, "invalid_field", "/stored_value/1/account_id");
    let neither = json!({ "amount_minor": 1 });
    let both = json!({ "account_id": credit, "code": code, "amount_minor": 1 });
    for named in [neither, both] {
        says(&[named], 400, "invalid_field", "/stored_value/0");
    }
    for amount in [0, -1] {
        says(
            &[from_account(&credit, amount)],
            400,
            "invalid_field",
            "/stored_value/0/amount_minor",
        );
    }
    let six: Vec<Value> = (1..=6).map(|amount| by_code(&code, amount)).collect();
    says(&six, 400, "invalid_field", "/stored_value");
    let above = says(&[by_code(&code, 1_501)], 422, "stored_value_above_total", "/stored_value");
    assert_eq!(minor(&above["current_total"], "amount_minor"), 1_500);
    // Seven cents are left, and no card is charged with so little.
    let little = says(&[by_code(&code, 1_493)], 422, "amount_below_minimum", "/stored_value");
    assert_eq!(minor(&little["total"], "amount_minor"), 7);
    let pound = json!({ "account_id": points, "amount_minor": 100, "units": 20 });
    confirming(&session, &[pound]).send().problem(400, "unknown_field");

    assert_eq!(
        [&credit, &points, &card].map(|id| balance(&shop, id)),
        [(400, 0), (4_000, 0), (9_000, 0)]
    );
    assert!(buyer.order_rows().is_empty() && buyer.payment_rows().is_empty());
}

// CHK-7, CHK-9: no end but an order keeps it.
#[test]
fn what_a_declined_or_abandoned_payment_held_is_free_again() {
    let shop = Shop::open();
    let (customer_id, buyer) = customer(&shop);
    let credit = open(&shop, &customer_id, "credit", 1_000);
    buyer.add(&sku(&shop), 1).expect(200);
    let declined = buyer.check_out_with("pm_card_chargeDeclined");
    confirming(&declined, &[from_account(&credit, 1_000)]).send().problem(402, "payment_declined");
    assert_eq!(balance(&shop, &credit), (1_000, 0));

    // 3-D Secure: held while the bank asks, passed on to what takes its place, free when it is closed.
    let asks = drawing(&[from_account(&credit, 1_000)]);
    let with = |method: &str, mut body: Value| {
        body["payment_method"] = json!(method);
        declined.confirming_with(&body)
    };
    with("pm_card_authenticationRequired", asks.clone())
        .send()
        .problem(402, "payment_action_required");
    assert_eq!(balance(&shop, &credit), (1_000, 1_000));
    let less = drawing(&[from_account(&credit, 300)]);
    with("pm_card_authenticationRequired", less).send().problem(402, "payment_action_required");
    assert_eq!(balance(&shop, &credit), (1_000, 300));
    let close = format!("/api/v1/checkout/{}", declined.session_id);
    buyer.call("DELETE", &close).send().expect(200);
    assert_eq!(balance(&shop, &credit), (1_000, 0));
    assert!(entries(&shop, &credit).is_empty(), "what was only held is no entry");

    let session = buyer.basket().begin();
    confirming(&session, &[from_account(&credit, 1_000)]).send().expect(201);
    assert_eq!((balance(&shop, &credit), buyer.provider_payments().held()), ((0, 0), 500));
}

// F19: two tabs, one balance.
#[test]
fn of_many_who_spend_one_balance_at_once_those_win_that_fit() {
    const BUYERS: usize = 16;
    const FIT: usize = 5;
    let shop = Shop::open();
    let sku = sku(&shop);
    let (card, code) = issue(&shop, "USD", 1_000 * i64::try_from(FIT).unwrap());
    let ready = together(BUYERS, |_| {
        let guest = shop.guest();
        let session = at_checkout(&guest, &sku);
        (guest, session)
    });
    let replies = together(BUYERS, |buyer| {
        let (_, session) = &ready[buyer];
        confirming(session, &[by_code(&code, 1_000)])
            .keyed(&unique("one-balance-"))
            .send_patiently()
    });
    let placed = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(placed, FIT, "{replies:?}");
    for (reply, (guest, _)) in replies.iter().zip(&ready) {
        let payment = guest.provider_payments();
        if reply.status == 201 {
            assert_eq!(payment.held(), 500);
        } else {
            reply.problem(422, "balance_too_low");
            assert_eq!(payment.times_authorized, 0, "the card of who came too late is not asked");
        }
    }
    assert_eq!(balance(&shop, &card), (0, 0));
    assert_eq!(entries(&shop, &card).len(), FIT);
}

// PROMO-13: who tries codes at the checkout is stopped as who assigns them is.
#[test]
fn codes_are_not_guessed_at_the_checkout() {
    let shop = Shop::open();
    let guest = shop.guest();
    let session = at_checkout(&guest, &sku(&shop));
    let (card, code) = issue(&shop, "USD", 2_000);
    let guess = |number: usize| {
        let wrong = format!("{number:026}");
        confirming(&session, &[by_code(&wrong, 100)]).send()
    };
    let mut stopped = None;
    // An hour of the clock may end in between.
    for number in 0..21 {
        let reply = guess(number);
        if reply.status == 429 {
            stopped = Some(reply);
            break;
        }
        reply.problem(404, "gift_card_not_found");
    }
    let stopped = stopped.expect("nobody was stopped");
    stopped.problem(429, "too_many_requests");
    assert!((1..=3_600).contains(&stopped.retry_after_s()));
    confirming(&session, &[by_code(&code, 100)]).send().problem(429, "too_many_requests");
    assert_eq!(balance(&shop, &card), (2_000, 0));
    // With their card they still buy.
    session.confirm().expect(201);
}
