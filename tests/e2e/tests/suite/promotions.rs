//! Promotions and codes: what the buyer was shown is what they pay, no limit is passed however many
//! confirm at once, and what does not become an order is given back (PROMO-1 … PROMO-9).

use e2e::{
    Call, CustomerClaims, Guest, Reply, Session, Shop, SigningKey, eventually, together, unique,
};
use serde_json::{Value, json};

/// A promotion that asks for a code of its own.
struct Coupon<'s> {
    shop: &'s Shop,
    promotion_id: String,
    code: String,
}

impl<'s> Coupon<'s> {
    /// With this rule, and what else is said of the code.
    fn new(shop: &'s Shop, rule: Value, of_code: Value) -> Self {
        let coupon =
            Self { shop, promotion_id: unique("promotion-"), code: unique("E2E-").to_uppercase() };
        coupon.put(rule, true).expect(200);
        let mut body = json!({ "active": true });
        body.as_object_mut().unwrap().extend(of_code.as_object().unwrap().clone());
        coupon.admin("PUT", &format!("/codes/{}", coupon.code)).json(&body).send().expect(200);
        coupon
    }

    fn admin(&self, method: &str, rest: &str) -> Call {
        let token = self.shop.token("promotions:read promotions:write");
        self.shop
            .call(method, &format!("/api/v1/promotions/{}{rest}", self.promotion_id))
            .bearer(&token)
    }

    fn putting(&self, mut rule: Value, active: bool) -> Call {
        let terms = rule.as_object_mut().unwrap();
        terms.entry("name").or_insert("A promotion".into());
        terms.entry("target").or_insert("goods".into());
        terms.entry("currency").or_insert("USD".into());
        terms
            .entry("conditions")
            .or_insert(json!({}))
            .as_object_mut()
            .unwrap()
            .entry("code")
            .or_insert(true.into());
        self.admin("PUT", "").json(&json!({ "rule": rule, "active": active }))
    }

    fn put(&self, rule: Value, active: bool) -> Reply {
        self.putting(rule, active).send()
    }

    fn uses(&self) -> i64 {
        self.admin("GET", "").send().expect(200)["promotion"]["uses"].as_i64().unwrap()
    }
}

fn percent(basis_points: i64) -> Value {
    json!({ "kind": { "percent": { "basis_points": basis_points } } })
}

fn amount(amount_minor: i64) -> Value {
    json!({ "kind": { "fixed_amount": { "amount_minor": amount_minor } } })
}

fn with(mut rule: Value, more: Value) -> Value {
    rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    rule
}

fn giving(buyer: &Guest<'_>, code: &str) -> Call {
    buyer.call("POST", "/api/v1/cart/codes").json(&json!({ "code": code }))
}

fn minor(money: &Value) -> i64 {
    money["amount_minor"].as_i64().unwrap_or_else(|| panic!("no amount: {money}"))
}

/// Somebody with one of these in the cart.
fn buyer_of<'s>(shop: &'s Shop, sku: &str) -> Guest<'s> {
    let buyer = shop.guest();
    buyer.add(sku, 1).expect(200);
    buyer
}

// CART-9, CART-17, PROMO-2, PRICE-9
#[test]
fn what_a_code_takes_off_is_the_same_in_preview_checkout_and_order() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 9_000).create();
    let coupon = Coupon::new(&shop, percent(1_500), json!({}));
    let buyer = buyer_of(&shop, &sku);
    let version = buyer.cart()["version"].as_i64().unwrap();
    // However it is typed.
    let typed = format!(" {} ", coupon.code.to_lowercase());
    let given = giving(&buyer, &typed).send();
    assert_eq!(
        given.expect(200),
        json!({ "cart_id": buyer.cart_id, "codes": [coupon.code], "version": version + 1 })
    );
    assert_eq!(given.etag_version(), version + 1);
    assert_eq!(buyer.cart()["codes"], json!([coupon.code]));
    let preview = buyer.totals("shipping_method=standard").expect(200);
    assert_eq!((minor(&preview["subtotal"]), minor(&preview["discount"])), (9_000, 1_350));
    assert_eq!(minor(&preview["total"]), 7_650 + 500);
    let used = &preview["promotions"][0];
    assert_eq!(
        (&used["promotion_id"], &used["version"], &used["code"]),
        (&json!(coupon.promotion_id), &json!(1), &json!(coupon.code))
    );

    let session = buyer.check_out();
    assert_eq!(session.total_minor(), 8_150);
    let placed = session.confirm().expect(201);
    assert_eq!(minor(&placed["total"]), 8_150);
    assert_eq!(buyer.provider_payments().held(), 8_150);
    let order = buyer.order(placed["order_id"].as_str().unwrap()).expect(200);
    assert_eq!((minor(&order["discount"]), minor(&order["total"])), (1_350, 8_150));
    let off: Vec<&Value> = order["adjustments"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|step| step["kind"] == "discount")
        .collect();
    assert_eq!(off.len(), 1);
    assert_eq!(minor(&off[0]["amount"]), -1_350);
    assert_eq!(
        off[0]["promotion"],
        json!({ "promotion_id": coupon.promotion_id, "version": 1, "code": coupon.code })
    );
    // The rule's version stays on the order, whatever becomes of the rule.
    assert_eq!(coupon.put(percent(2_000), true).expect(200)["version"], 2);
    assert_eq!(
        buyer.order(placed["order_id"].as_str().unwrap()).expect(200)["adjustments"],
        order["adjustments"]
    );
    let view = coupon.admin("GET", "").send().expect(200);
    assert_eq!(
        view["figures"],
        json!([{ "currency": "USD", "held": 0, "orders": 1, "discount_minor": 1_350, "revenue_minor": 8_150 }])
    );
    assert_eq!(
        (&view["promotion"]["uses"], &view["promotion"]["spent_minor"]),
        (&json!(1), &json!(1_350))
    );
    let told = shop.rows("outbox", "aggregate", &format!("promotion/{}", coupon.promotion_id));
    let applied = told.iter().find(|row| row["type"] == "promotions.promotion.applied");
    let data = applied.unwrap_or_else(|| panic!("nobody is told: {told:?}"))["data"].to_string();
    assert!(data.contains("1350") && data.contains(placed["order_id"].as_str().unwrap()), "{data}");
}

// F16
#[test]
fn twenty_percent_and_fifteen_off_are_the_same_whichever_was_typed_first() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 10_000).create();
    let twenty = Coupon::new(&shop, percent(2_000), json!({}));
    let fifteen = Coupon::new(&shop, amount(1_500), json!({}));
    for codes in [[&twenty.code, &fifteen.code], [&fifteen.code, &twenty.code]] {
        let buyer = buyer_of(&shop, &sku);
        for code in codes {
            giving(&buyer, code).send().expect(200);
        }
        let totals = buyer.totals("").expect(200);
        assert_eq!(minor(&totals["total"]), 6_500, "{codes:?}");
        let off: Vec<i64> = totals["promotions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|used| minor(&used["amount"]))
            .collect();
        assert_eq!(off, [2_000, 1_500]);
    }
}

// medusa#15360: parallel applications doubled the discount
#[test]
fn twenty_who_give_one_code_at_once_have_one_discount() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 9_000).create();
    let coupon = Coupon::new(&shop, amount(1_000), json!({}));
    let buyer = buyer_of(&shop, &sku);
    let given = together(20, |_| giving(&buyer, &coupon.code).send_patiently());
    for reply in &given {
        assert_eq!(reply.expect(200)["codes"], json!([coupon.code]));
    }
    let totals = buyer.totals("").expect(200);
    assert_eq!((minor(&totals["discount"]), minor(&totals["total"])), (1_000, 8_000));
    assert_eq!(totals["promotions"].as_array().unwrap().len(), 1);
}

// PROMO-4: 200 confirms with one single-use code
#[test]
fn of_two_hundred_who_confirm_with_one_code_the_first_has_it() {
    const BUYERS: usize = 200;
    const AT_ONCE: usize = 16;
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 9_000).stock(1_000).create();
    let coupon = Coupon::new(&shop, amount(4_000), json!({ "uses_limit": 1 }));
    let ready = together(AT_ONCE, |thread| {
        (thread..BUYERS)
            .step_by(AT_ONCE)
            .map(|_| {
                let buyer = shop.guest();
                buyer.adding(&sku, 1).send_patiently().expect(200);
                giving(&buyer, &coupon.code).send_patiently().expect(200);
                let session = buyer.basket().begin();
                assert_eq!(session.total_minor(), 5_500);
                (buyer, session)
            })
            .collect::<Vec<_>>()
    });
    let answers: Vec<(u16, Value)> = together(AT_ONCE, |thread| {
        ready[thread]
            .iter()
            .map(|(_, session)| {
                let reply = session.confirming().keyed(&unique("one-code-")).send_patiently();
                (reply.status, reply.json())
            })
            .collect::<Vec<_>>()
    })
    .into_iter()
    .flatten()
    .collect();
    let placed: Vec<&Value> =
        answers.iter().filter(|(status, _)| *status == 201).map(|(_, order)| order).collect();
    assert_eq!(placed.len(), 1, "{answers:?}");
    assert_eq!(minor(&placed[0]["total"]), 5_500);
    for (status, problem) in answers.iter().filter(|(status, _)| *status != 201) {
        assert_eq!((*status, &problem["code"]), (409, &json!("promotion_expired")), "{problem}");
        assert_eq!(
            (minor(&problem["agreed_total"]), minor(&problem["current_total"])),
            (5_500, 9_500)
        );
        assert_eq!(problem["totals"]["refused_codes"][0]["reason"], "used_up");
    }
    assert_eq!(coupon.uses(), 1);
    // Who agrees to the new total buys without it.
    let (loser, session) =
        ready.iter().flatten().find(|(buyer, _)| buyer.order_rows().is_empty()).unwrap();
    let accepts = json!({ "accept_total": { "amount_minor": 9_500, "currency": "USD" } });
    let order = session.confirming_with(&accepts).send_patiently().expect(201);
    assert_eq!((minor(&order["total"]), loser.provider_payments().held()), (9_500, 9_500));
    assert_eq!(coupon.uses(), 1);
}

/// How a shop ends a promotion.
type End = fn(&Coupon<'_>);

// PROMO-5, T12
#[test]
fn a_promotion_that_ends_meanwhile_stops_the_confirm_with_the_new_total() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 9_000).create();
    let ends: [(&str, End); 3] = [
        ("its time is over", |coupon| {
            let over = json!({ "conditions": { "code": true, "ends_at_ms": 1 } });
            coupon.put(with(amount(1_000), over), true).expect(200);
        }),
        ("it was switched off", |coupon| {
            coupon.put(amount(1_000), false).expect(200);
        }),
        ("its code was called back", |coupon| {
            let path = format!("/codes/{}", coupon.code);
            coupon.admin("PUT", &path).json(&json!({ "active": false })).send().expect(200);
        }),
    ];
    for (why, end) in ends {
        let coupon = Coupon::new(&shop, amount(1_000), json!({}));
        let buyer = buyer_of(&shop, &sku);
        giving(&buyer, &coupon.code).send().expect(200);
        let session = buyer.check_out();
        end(&coupon);
        let problem = session.confirm().problem(409, "promotion_expired");
        assert_eq!(
            (minor(&problem["agreed_total"]), minor(&problem["current_total"])),
            (8_500, 9_500),
            "{why}"
        );
        assert!(problem["totals"].get("promotions").is_none(), "{why}");
        assert!(
            buyer.order_rows().is_empty() && buyer.provider_payments().times_authorized == 0,
            "{why}"
        );
        let accepts = json!({ "accept_total": problem["current_total"] });
        assert_eq!(
            minor(&session.confirming_with(&accepts).send().expect(201)["total"]),
            9_500,
            "{why}"
        );
    }
    // A rule that gives less is a new total, and one that gives a little more is welcome.
    for (rule, status) in [(amount(500), 409), (amount(1_200), 201)] {
        let coupon = Coupon::new(&shop, amount(1_000), json!({}));
        let buyer = buyer_of(&shop, &sku);
        giving(&buyer, &coupon.code).send().expect(200);
        let session = buyer.check_out();
        coupon.put(rule, true).expect(200);
        let reply = session.confirm();
        if status == 409 {
            assert_eq!(minor(&reply.problem(409, "price_changed")["current_total"]), 9_000);
        } else {
            assert_eq!(minor(&reply.expect(201)["total"]), 8_300);
        }
    }
}

/// At the checkout with one of these, the code and that e-mail.
fn begins<'s>(buyer: &Guest<'s>, sku: &str, code: &str, email: &str) -> Session<'s> {
    buyer.add(sku, 1).expect(200);
    giving(buyer, code).send().expect(200);
    buyer.basket().with("email", email.into()).begin()
}

// PROMO-14, 1:P2-001
#[test]
fn who_has_had_it_as_a_customer_does_not_get_it_again_as_a_guest() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 9_000).create();
    let once = with(amount(1_000), json!({ "limits": { "uses_per_person": 1 } }));
    let coupon = Coupon::new(&shop, once, json!({}));
    let email = format!("{}@example.com", unique("Once."));
    let first = shop.guest();
    let session = begins(&first, &sku, &coupon.code, &email);
    // Two at once, before there is an order.
    let second = shop.guest();
    let other = begins(&second, &sku, &coupon.code, &email.to_uppercase());
    assert_eq!((session.total_minor(), other.total_minor()), (8_500, 8_500));
    assert_eq!(minor(&session.confirm().expect(201)["total"]), 8_500);
    let problem = other.confirm().problem(409, "promotion_expired");
    assert_eq!(problem["totals"]["refused_codes"][0]["reason"], "used_up_for_person");
    // And who comes later is told at the checkout.
    let third = shop.guest();
    let late = begins(&third, &sku, &coupon.code, &email);
    assert_eq!(late.total_minor(), 9_500);
    assert_eq!(
        late.show().expect(200)["totals"]["refused_codes"][0]["reason"],
        "used_up_for_person"
    );
    let another =
        begins(&shop.guest(), &sku, &coupon.code, &format!("{}@example.com", unique("other.")));
    assert_eq!(another.total_minor(), 8_500);
}

// PROMO-3
#[test]
fn a_first_order_is_known_by_the_email() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 9_000).create();
    let first_only =
        with(amount(1_000), json!({ "conditions": { "code": true, "first_order": true } }));
    let coupon = Coupon::new(&shop, first_only, json!({}));
    let email = format!("{}@example.com", unique("first."));
    let bought = buyer_of(&shop, &sku);
    bought.basket().with("email", email.as_str().into()).begin().confirm().expect(201);
    let again = buyer_of(&shop, &sku);
    giving(&again, &coupon.code).send().expect(200);
    let session = again.basket().with("email", email.as_str().into()).begin();
    assert_eq!(
        session.show().expect(200)["totals"]["refused_codes"][0]["reason"],
        "first_order_only"
    );
    let new = buyer_of(&shop, &sku);
    giving(&new, &coupon.code).send().expect(200);
    let fresh =
        new.basket().with("email", format!("{}@example.com", unique("new.")).into()).begin();
    assert_eq!(fresh.total_minor(), 8_500);
}

// PROMO-3, PROMO-7
#[test]
fn a_code_that_does_nothing_is_refused_with_why() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 9_000).create();
    let other = shop.sku().create();
    let conditions =
        |conditions: Value| json!({ "conditions": with(json!({ "code": true }), conditions) });
    let cases = [
        ("expired", conditions(json!({ "ends_at_ms": 1 })), json!({})),
        ("not_started", conditions(json!({ "starts_at_ms": 9_000_000_000_000_i64 })), json!({})),
        ("minimum_not_reached", conditions(json!({ "minimum_subtotal_minor": 11_000 })), json!({})),
        (
            "not_for_these_goods",
            json!({ "target": { "selected": { "skus": [other] } } }),
            json!({}),
        ),
        (
            "not_for_this_customer",
            conditions(json!({ "audience": { "segments": ["wholesale"] } })),
            json!({}),
        ),
        ("not_for_this_customer", json!({}), json!({ "customer_id": "somebody-else" })),
        ("wrong_currency", json!({ "currency": "EUR" }), json!({})),
    ];
    let buyer = buyer_of(&shop, &sku);
    let version = buyer.cart()["version"].clone();
    for (reason, rule, of_code) in cases {
        let coupon = Coupon::new(&shop, with(amount(1_000), rule), of_code);
        let refused =
            giving(&buyer, &coupon.code).send().problem(422, "code_refused")["refused_code"]
                .clone();
        assert_eq!((&refused["reason"], &refused["code"]), (&json!(reason), &json!(coupon.code)));
        assert_eq!(refused["promotion_id"], coupon.promotion_id.as_str());
        let missing = (reason == "minimum_not_reached")
            .then(|| json!({ "amount": { "amount_minor": 2_000, "currency": "USD" } }));
        assert_eq!(refused.get("missing"), missing.as_ref(), "{reason}");
        // A look says the same, and writes nothing.
        let tried = buyer.totals(&format!("try_code={}", coupon.code)).expect(200);
        assert_eq!(tried["refused_codes"][0]["reason"], reason);
        // Who was refused is written down once: by the one that was to be put on the cart.
        let history = shop
            .admin("GET", &format!("/api/v1/catalog/history/promotion/{}", coupon.promotion_id))
            .send()
            .expect(200);
        let refusals: Vec<&Value> = history["history"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["kind"] == "code_refused")
            .collect();
        assert_eq!(refusals.len(), 1, "{history}");
    }
    let unknown = unique("none-").to_uppercase();
    let refused = giving(&buyer, &unknown).send().problem(422, "code_refused");
    assert_eq!(refused["refused_code"], json!({ "code": unknown, "reason": "unknown" }));
    assert_eq!((&buyer.cart()["version"], &buyer.cart()["codes"]), (&version, &json!([])));

    // What can be no code is no code.
    for (body, pointer) in [
        (json!({ "code": "A B" }), "/code"),
        (json!({ "code": "" }), "/code"),
        (json!({ "code": 7 }), "/code"),
        (json!({}), "/code"),
    ] {
        let problem = buyer
            .call("POST", "/api/v1/cart/codes")
            .json(&body)
            .send()
            .problem(400, "invalid_field");
        assert_eq!(problem["field"], pointer, "{problem}");
    }
    buyer
        .call("POST", "/api/v1/cart/codes")
        .json(&json!({ "code": "A", "codes": [] }))
        .send()
        .problem(400, "unknown_field");
    buyer.totals("try_code=A%20B").problem(400, "invalid_field");
}

// PROMO-7
#[test]
fn a_cart_has_five_codes_at_most_and_gives_them_back() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 9_000).create();
    let coupons: Vec<Coupon<'_>> =
        (0..6).map(|_| Coupon::new(&shop, amount(100), json!({}))).collect();
    let buyer = buyer_of(&shop, &sku);
    for coupon in &coupons[..5] {
        giving(&buyer, &coupon.code).send().expect(200);
    }
    let sixth = &coupons[5].code;
    assert_eq!(giving(&buyer, sixth).send().problem(422, "too_many_codes")["maximum"], 5);
    assert_eq!(
        buyer.totals(&format!("try_code={sixth}")).problem(422, "too_many_codes")["maximum"],
        5
    );
    assert_eq!(minor(&buyer.totals("").expect(200)["discount"]), 500);
    let first = &coupons[0].code;
    // One that is there may be given again, and stays once.
    assert_eq!(giving(&buyer, first).send().expect(200)["codes"].as_array().unwrap().len(), 5);
    let taking = |code: &str| buyer.call("DELETE", &format!("/api/v1/cart/codes/{code}"));
    taking(first).header("if-match", "\"1\"").send().problem(412, "version_conflict");
    let taken = taking(&first.to_lowercase()).send().expect(200);
    assert_eq!(taken["codes"].as_array().unwrap().len(), 4);
    taking(first).send().problem(404, "code_not_found");
    assert_eq!(minor(&buyer.totals("").expect(200)["discount"]), 400);
    let key = unique("code-");
    let once = giving(&buyer, sixth).keyed(&key).send();
    assert_eq!(giving(&buyer, sixth).keyed(&key).send().body, once.body, "the same bytes");
    // Each is of its cart alone.
    let eve = buyer_of(&shop, &sku);
    eve.call("DELETE", &format!("/api/v1/cart/codes/{sixth}"))
        .send()
        .problem(404, "code_not_found");
}

// PROMO-7: a preview writes nothing
#[test]
fn a_code_is_tried_without_a_trace() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 9_000).create();
    let coupon = Coupon::new(&shop, percent(1_000), json!({}));
    let buyer = buyer_of(&shop, &sku);
    let before = buyer.cart();
    let tried = buyer.totals(&format!("try_code={}", coupon.code)).expect(200);
    assert_eq!(minor(&tried["discount"]), 900);
    assert_eq!(buyer.cart()["version"], before["version"]);
    assert_eq!(minor(&buyer.totals("").expect(200)["discount"]), 0);
    assert_eq!(coupon.uses(), 0);
}

// PROMO-1, SHIP-2
#[test]
fn shipping_is_free_by_code_and_each_method_says_what_comes_off() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 9_000).create();
    let rule =
        json!({ "kind": { "free_shipping": { "methods": ["standard"] } }, "target": "shipping" });
    let coupon = Coupon::new(&shop, rule, json!({}));
    let buyer = buyer_of(&shop, &sku);
    // It is taken before a method is chosen.
    giving(&buyer, &coupon.code).send().expect(200);
    assert_eq!(buyer.totals("").expect(200)["refused_codes"][0]["reason"], "shipping_not_chosen");
    let methods = buyer.call("GET", "/api/v1/cart/shipping-methods").send().expect(200);
    for method in methods["methods"].as_array().unwrap() {
        let is_free = method["method_id"] == "standard";
        assert_eq!(
            method.get("discount").is_some_and(|off| *off == method["amount"]),
            is_free,
            "{method}"
        );
    }
    let session = buyer.check_out();
    assert_eq!(session.total_minor(), 9_000);
    assert_eq!(minor(&session.confirm().expect(201)["total"]), 9_000);
}

// CHK-10: a total of nothing by discount on priced goods
#[test]
fn what_codes_make_free_is_ordered_without_a_payment() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 9_000).create();
    let goods = Coupon::new(&shop, percent(10_000), json!({}));
    let shipping = Coupon::new(
        &shop,
        json!({ "kind": { "free_shipping": {} }, "target": "shipping" }),
        json!({}),
    );
    let buyer = buyer_of(&shop, &sku);
    for coupon in [&goods, &shipping] {
        giving(&buyer, &coupon.code).send().expect(200);
    }
    let session = buyer.check_out();
    assert_eq!(session.total_minor(), 0);
    let placed = session.confirm().expect(201);
    assert_eq!((minor(&placed["total"]), &placed["payment_status"]), (0, &json!("captured")));
    assert_eq!(buyer.provider_payments().times_authorized, 0);
    assert_eq!((goods.uses(), shipping.uses()), (1, 1));
}

// PROMO-4: held at the claim, given back by every other end
#[test]
fn what_becomes_no_order_or_a_cancelled_one_is_given_back() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 9_000).create();
    let coupon = Coupon::new(&shop, amount(1_000), json!({ "uses_limit": 1 }));
    let buyer = buyer_of(&shop, &sku);
    giving(&buyer, &coupon.code).send().expect(200);
    let declined = buyer.check_out_with("pm_card_chargeDeclined");
    declined.confirm().problem(402, "payment_declined");
    assert_eq!(coupon.uses(), 0);
    // Who waits for their bank keeps it, and finds it there when they change their mind.
    let waits = buyer.check_out_with("pm_card_authenticationRequired");
    waits.confirm().problem(402, "payment_action_required");
    assert_eq!(coupon.uses(), 1);
    let eve = buyer_of(&shop, &sku);
    assert_eq!(
        giving(&eve, &coupon.code).send().problem(422, "code_refused")["refused_code"]["reason"],
        "used_up"
    );
    assert_eq!(minor(&buyer.totals("").expect(200)["discount"]), 1_000);
    let another = json!({ "payment_method": "pm_card_visa" });
    let placed = waits.confirming_with(&another).send().expect(201);
    assert_eq!((minor(&placed["total"]), coupon.uses()), (8_500, 1));
    // A cancelled order gives it back to who wants it.
    let order_id = placed["order_id"].as_str().unwrap();
    eventually("the order can be cancelled", || {
        (buyer.cancelling(order_id).send().status == 200).then_some(())
    });
    assert_eq!(coupon.uses(), 0);
    giving(&eve, &coupon.code).send().expect(200);
    assert_eq!(eve.check_out().total_minor(), 8_500);
}

// CART-5
#[test]
fn a_guests_codes_come_along_to_the_customers_cart() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 9_000).create();
    let coupon = Coupon::new(&shop, amount(1_000), json!({}));
    let guest = buyer_of(&shop, &sku);
    giving(&guest, &coupon.code).send().expect(200);
    let token = CustomerClaims::of(&unique("customer-")).signed(SigningKey::Shared);
    let opened = shop
        .call("POST", "/api/v1/session")
        .bearer(&token)
        .json(&json!({ "guest_token": guest.token }))
        .send()
        .expect(200);
    let session_token = opened["session_token"].as_str().unwrap();
    let cart = shop.call("GET", "/api/v1/cart").bearer(session_token).send().expect(200);
    assert_eq!(cart["codes"], json!([coupon.code]));
}

// PROMO-12
#[test]
fn a_cart_is_told_what_little_more_would_bring() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 2_000).create();
    let token = shop.token("promotions:write");
    let promotion_id = unique("promotion-");
    let rule = json!({
        "name": "Free shipping from 50.00", "kind": { "free_shipping": {} }, "target": "shipping", "currency": "USD",
        "conditions": { "minimum_subtotal_minor": 5_000, "needs": { "skus": [sku] } },
    });
    let path = format!("/api/v1/promotions/{promotion_id}");
    shop.call("PUT", &path)
        .bearer(&token)
        .json(&json!({ "rule": rule, "active": true }))
        .send()
        .expect(200);
    let buyer = shop.guest();
    buyer.add(&sku, 2).expect(200);
    let mine = || -> Vec<Value> {
        let told = buyer
            .call("GET", "/api/v1/cart/suggestions?shipping_method=standard")
            .send()
            .expect(200);
        told["suggestions"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["promotion_id"] == promotion_id.as_str())
            .cloned()
            .collect()
    };
    assert_eq!(
        mine(),
        [json!({ "promotion_id": promotion_id, "version": 1, "name": "Free shipping from 50.00",
            "missing": { "amount": { "amount_minor": 1_000, "currency": "USD" } } })]
    );
    buyer.add(&sku, 1).expect(200);
    assert!(mine().is_empty());
    assert_eq!(
        minor(&buyer.totals("shipping_method=standard").expect(200)["discount"]),
        500,
        "it runs without a code"
    );
    shop.call("PUT", &path)
        .bearer(&token)
        .json(&json!({ "rule": rule, "active": false }))
        .send()
        .expect(200);
    assert_eq!(minor(&buyer.totals("shipping_method=standard").expect(200)["discount"]), 0);
}

// PROMO-1, SEC-4
#[test]
fn a_rule_that_does_not_hold_together_is_refused_by_name() {
    let shop = Shop::open();
    let coupon = Coupon::new(&shop, percent(1_000), json!({}));
    let cases = [
        (
            json!({ "kind": { "percent": { "basis_points": 0 } } }),
            "/rule/kind/percent/basis_points",
        ),
        (
            json!({ "kind": { "percent": { "basis_points": 10_001 } } }),
            "/rule/kind/percent/basis_points",
        ),
        (json!({ "kind": { "half_price": {} } }), "/rule/kind"),
        (json!({ "kind": "percent" }), "/rule/kind/percent"),
        (
            json!({ "kind": { "fixed_amount": { "amount_minor": "5" } } }),
            "/rule/kind/fixed_amount/amount_minor",
        ),
        (
            with(percent(1_000), json!({ "target": { "selected": { "skus": [] } } })),
            "/rule/target/selected/skus",
        ),
        (with(percent(1_000), json!({ "name": "" })), "/rule/name"),
        (with(percent(1_000), json!({ "limits": { "uses": 0 } })), "/rule/limits/uses"),
        (
            with(percent(1_000), json!({ "conditions": { "starts_at_ms": 2, "ends_at_ms": 2 } })),
            "/rule",
        ),
        (json!({ "kind": { "free_shipping": {} }, "target": "goods" }), "/rule"),
        // Units that get dearer the more are bought.
        (
            json!({ "kind": { "tiered": { "prices": [{ "from_quantity": 2, "unit_price_minor": 500 }, { "from_quantity": 4, "unit_price_minor": 600 }] } } }),
            "/rule",
        ),
    ];
    for (rule, pointer) in cases {
        let problem = coupon.put(rule.clone(), true).problem(400, "invalid_field");
        assert!(problem["field"].as_str().unwrap().starts_with(pointer), "{rule}: {problem}");
    }
    coupon.put(with(percent(1_000), json!({ "discount": 1 })), true).problem(400, "unknown_field");
    let view = coupon.admin("GET", "").send().expect(200);
    assert_eq!(
        (&view["promotion"]["version"], &view["codes"]),
        (&json!(1), &json!(1)),
        "nothing was changed"
    );
}

// PROMO-8, SEC-4
#[test]
fn promotions_and_codes_are_looked_after_by_services() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 9_000).create();
    let coupon = Coupon::new(&shop, amount(1_000), json!({}));
    let made = coupon
        .admin("POST", "/codes")
        .json(&json!({ "count": 1_000, "prefix": "MAY-" }))
        .send()
        .expect(201);
    let codes: std::collections::BTreeSet<&str> =
        made["codes"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(codes.len(), 1_000);
    assert!(codes.iter().all(|code| code.starts_with("MAY-") && code.len() == 16));
    assert_eq!(
        (&made["codes"][0]["uses_limit"], &made["codes"][0]["uses"]),
        (&json!(1), &json!(0))
    );
    // All of them are listed, page by page.
    let (mut listed, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = coupon.admin("GET", &format!("/codes?limit=400{cursor}")).send().expect(200);
        listed.extend(
            page["codes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["code"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(listed.len(), 1_001);
    for (body, pointer) in [
        (json!({ "count": 0 }), "/count"),
        (json!({ "count": 1_001 }), "/count"),
        (json!({ "count": 1, "prefix": "may" }), "/prefix"),
    ] {
        assert_eq!(
            coupon.admin("POST", "/codes").json(&body).send().problem(400, "invalid_field")["field"],
            pointer
        );
    }
    let buyer = buyer_of(&shop, &sku);
    giving(&buyer, codes.first().unwrap()).send().expect(200);
    buyer.check_out().confirm().expect(201);
    assert_eq!(coupon.uses(), 1);

    let limited =
        |limits: Value| coupon.put(with(amount(1_000), json!({ "limits": limits })), true);
    limited(json!({ "budget_minor": 999 })).problem(409, "limit_below_use");
    limited(json!({ "uses": 1, "budget_minor": 1_000 })).expect(200);
    let in_euros = coupon.put(with(amount(1_000), json!({ "currency": "EUR" })), true);
    in_euros.problem(409, "in_use");
    coupon.admin("DELETE", "").send().problem(409, "in_use");
    let another = Coupon::new(&shop, percent(500), json!({}));
    another
        .admin("PUT", &format!("/codes/{}", coupon.code))
        .json(&json!({ "active": true }))
        .send()
        .problem(409, "in_use");
    let nothing = unique("nothing-");
    let reader = shop.token("promotions:read");
    shop.call("GET", &format!("/api/v1/promotions/{nothing}"))
        .bearer(&reader)
        .send()
        .problem(404, "entry_not_found");
    let writer = shop.token("promotions:write");
    shop.call(
        "PUT",
        &format!("/api/v1/promotions/{nothing}/codes/X-{}", unique("").to_uppercase()),
    )
    .bearer(&writer)
    .json(&json!({ "active": true }))
    .send()
    .problem(404, "entry_not_found");
    let lone = format!("/api/v1/promotions/{nothing}");
    let rule = json!({ "name": "Alone", "kind": { "percent": { "basis_points": 1 } }, "target": "goods", "conditions": { "code": true } });
    shop.call("PUT", &lone)
        .bearer(&writer)
        .json(&json!({ "rule": rule, "active": true }))
        .send()
        .expect(200);
    shop.call("DELETE", &lone).bearer(&writer).send().expect(200);
    shop.call("GET", &lone).bearer(&reader).send().problem(404, "entry_not_found");
    let history = shop
        .admin("GET", &format!("/api/v1/catalog/history/promotion/{}", coupon.promotion_id))
        .send()
        .expect(200);
    let kinds: Vec<&str> = history["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["put", "codes_put", "codes_put", "put"]);
}

#[test]
fn who_guesses_codes_waits_whatever_they_type_and_wherever_and_others_do_not() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 5_000).weight_g(100).stock(20).create();
    let coupon = Coupon::new(&shop, with(percent(1_000), json!({})), json!({}));
    let (eve, ann) = (buyer_of(&shop, &sku), buyer_of(&shop, &sku));
    let totals = |buyer: &Guest<'_>, code: &str| {
        buyer.totals(&format!("country=VN&shipping_method=standard&try_code={code}"))
    };
    // The hour may end between two tries: twenty more are let through then, once.
    let mut stopped = None;
    for number in 0..41 {
        let code = format!("GUESS-{number}");
        let reply = match number % 3 {
            0 => giving(&eve, &code).send(),
            1 => totals(&eve, &code),
            _ => {
                let body = json!({ "try_code": code });
                eve.call("POST", "/api/v1/cart/validate").json(&body).send()
            }
        };
        if reply.status == 429 {
            stopped = Some((number, reply));
            break;
        }
        assert!([200, 422].contains(&reply.status), "{reply:?}");
    }
    let (number, reply) = stopped.expect("somebody who guesses is stopped");
    assert!((20..=40).contains(&number), "{number}");
    reply.problem(429, "too_many_requests");
    let wait: i64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=3_600).contains(&wait), "{wait}");
    // Nobody learns by it that a code is one.
    giving(&eve, &coupon.code).send().problem(429, "too_many_requests");
    totals(&eve, &coupon.code).problem(429, "too_many_requests");
    let methods = format!("/api/v1/cart/shipping-methods?country=VN&try_code={}", coupon.code);
    eve.call("GET", &methods).send().problem(429, "too_many_requests");
    // Without a code they go on, and so do others.
    eve.totals("country=VN&shipping_method=standard").expect(200);
    eve.check_out().confirm().expect(201);
    for _ in 0..30 {
        totals(&ann, &coupon.code).expect(200);
    }
    giving(&ann, &coupon.code).send().expect(200);
}
