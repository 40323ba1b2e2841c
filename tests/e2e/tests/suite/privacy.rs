//! What nobody can read (SEC-3): names, addresses, e-mails and tokens, in no row, key-value, event,
//! request, header, log or file.
//!
//! Two people with names that stand nowhere else do everything that could leave a trace; then every
//! place is searched for every value of theirs, in every form it could have been written in. That
//! the search finds what is there is proved in each place with something that may be read by
//! anybody.

use e2e::{
    Call, Claims, ClearText, CustomerClaims, Guest, Place, Reply, Session, Settings, Shop,
    SigningKey, Sink, eventually, needs_till, recorded, unique,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Longer than a saga's lease, its wait, a compensation's longest wait and an event's.
const LATER_MS: i64 = 10 * 60_000;

/// What the payment provider gets with a form, and nothing else (PAY-1).
const PROVIDER_GETS: [(&str, &str); 16] = [
    ("amount", "what is to be held, or given back"),
    ("amount_to_capture", "what is to be taken"),
    ("currency", "of those"),
    ("payment_method", "the provider's own token for the card"),
    ("payment_method_types[]", "card: no other method is expected"),
    ("automatic_payment_methods[enabled]", "true: its own element asks the buyer"),
    ("capture_method", "manual: holding and taking are two steps"),
    ("confirm", "true: one call holds the money"),
    ("return_url", "where the bank sends a buyer it has asked"),
    ("payment_intent", "the provider's own name for the payment"),
    ("metadata[saga_id]", "so that its books can be held against ours"),
    ("metadata[order_reference]", "so that people can"),
    ("metadata[idempotency_key]", "so that a payment is found whose answer was lost"),
    ("metadata[reference]", "so that a refund is; and a name without a meaning for a customer"),
    ("customer", "its own name for whoever has saved a card"),
    ("setup_future_usage", "on_session: the card is saved, for payments with its owner there"),
];

/// Somebody whose every word stands nowhere else.
struct Person {
    name: String,
    street: String,
    floor: String,
    city: String,
    postal_code: String,
    phone: String,
    email: String,
    notes: String,
}

impl Person {
    fn new() -> Self {
        let digits: String = unique("").bytes().map(|byte| char::from(b'0' + byte % 10)).collect();
        Self {
            name: unique("Đặng Thị \"Ngọc\" O'Hân-"),
            street: unique("Ngõ Huế/17 & Sông "),
            floor: unique("Tầng 9\\B "),
            city: unique("Thừa Thiên-"),
            postal_code: unique("P-"),
            phone: format!("+84 {digits}"),
            email: format!("{}+shop@{}.example", unique("Ngoc."), unique("Khach-")),
            notes: format!("Leave it\nwith {}", unique("Bà Tám ")),
        }
    }

    fn address(&self) -> Value {
        json!({
            "name": self.name, "line1": self.street, "line2": self.floor, "city": self.city,
            "postal_code": self.postal_code,
            "country": "VN", "phone": self.phone,
        })
    }

    /// Every value, and of each the part that no escaping changes.
    fn values(&self) -> Vec<(String, String)> {
        let whole = [
            ("name", &self.name),
            ("street", &self.street),
            ("floor", &self.floor),
            ("city", &self.city),
            ("postal code", &self.postal_code),
            ("phone", &self.phone),
            ("e-mail", &self.email),
            ("notes", &self.notes),
        ];
        let mut values = Vec::new();
        for (what, value) in whole {
            values.push((what.to_owned(), value.clone()));
            for word in value
                .split(|letter: char| !letter.is_ascii_alphanumeric())
                .filter(|word| word.len() >= 16)
            {
                values.push((format!("part of the {what}"), word.to_owned()));
            }
        }
        values
    }

    fn basket(&self, payment_method: &str) -> Value {
        json!({
            "email": self.email, "shipping_address": self.address(),
            "billing_address": self.address(), "notes": self.notes,
            "shipping_method": "standard", "payment_method": payment_method,
        })
    }

    fn begins<'s>(&self, guest: &Guest<'s>, payment_method: &str) -> Session<'s> {
        let mut basket = guest.basket();
        basket.body = self.basket(payment_method);
        basket.begin()
    }
}

/// What the tests know of a person by the end.
struct Story<'s> {
    shop: &'s Shop,
    person: Person,
    sku: String,
    /// Tokens shown on the way, by what they are.
    tokens: Vec<(String, String)>,
    /// What may be read by anybody, and is in the key-values, at the provider, in the logs.
    order_id: String,
    saga_id: String,
    correlation_id: String,
}

impl<'s> Story<'s> {
    fn new(shop: &'s Shop) -> Self {
        let sku = shop.sku().stock(1_000).create();
        let nothing = String::new;
        Self {
            shop,
            person: Person::new(),
            sku,
            tokens: Vec::new(),
            order_id: nothing(),
            saga_id: nothing(),
            correlation_id: nothing(),
        }
    }

    /// A guest with something in the cart, whose token is one more to look for.
    fn guest(&mut self) -> Guest<'s> {
        let guest = self.shop.guest();
        self.tokens.push(("guest token".to_owned(), guest.token.clone()));
        guest.add(&self.sku, 1).expect(200);
        let code = json!({ "code": "WELCOME" });
        guest.call("POST", "/api/v1/cart/codes").json(&code).send().expect(200);
        guest
    }

    /// Logs in by a token that says more of the person than the shop asks, and takes a guest's cart
    /// along.
    fn customer(&mut self) -> Guest<'s> {
        let guest = self.guest();
        let person = &self.person;
        let claims = CustomerClaims::of(&unique("customer-"))
            .with("name", json!(person.name))
            .with("email", json!(person.email))
            .with("address", person.address());
        let (token, late) = (
            claims.signed(SigningKey::Ec1),
            claims.clone().ending_in(-600).signed(SigningKey::Rsa1),
        );
        let log_in = |token: &str, guest_token: &str| {
            self.shop
                .call("POST", "/api/v1/session")
                .bearer(token)
                .json(&json!({ "guest_token": guest_token }))
                .send()
        };
        log_in(&late, &guest.token).problem(401, "credential_invalid");
        log_in(&token, &person.email).problem(400, "invalid_field");
        let opened = log_in(&token, &guest.token).expect(200);
        log_in(&token, &guest.token).expect(200);
        let text = |value: &Value| {
            value
                .as_str()
                .unwrap_or_else(|| panic!("no text where one is due: {opened}"))
                .to_owned()
        };
        let customer = Guest {
            shop: self.shop,
            token: text(&opened["session_token"]),
            cart_id: text(&opened["cart"]["cart_id"]),
        };
        self.tokens.push(("session token".to_owned(), customer.token.clone()));
        self.tokens.push(("customer's token".to_owned(), token));
        self.tokens.push(("customer's old token".to_owned(), late));
        customer
    }

    /// From the cart to a cancelled order, everything under keys that are personal too, and
    /// everything twice.
    fn buys_and_cancels(&mut self, guest: &Guest<'_>) {
        let key = |what: &str| format!("{what} {}", self.person.email).replace(' ', "/");
        let begin = guest
            .call("POST", "/api/v1/checkout")
            .json(&self.person.basket("pm_card_visa"))
            .header("idempotency-key", &key("begin"));
        let begun = begin.clone().send().expect(201);
        begin.send().expect(201);
        let session_id = begun["session_id"].as_str().unwrap();
        guest.call("GET", &format!("/api/v1/checkout/{session_id}")).send().expect(200);
        let confirm = guest
            .call("POST", &format!("/api/v1/checkout/{session_id}/confirm"))
            .json(&json!({}))
            .header("idempotency-key", &key("confirm"));
        let order = confirm.clone().send().expect(201);
        confirm.send().expect(201);
        let order_id = order["order_id"].as_str().unwrap();
        let shown = guest.order(order_id).expect(200);
        assert_eq!(
            (&shown["email"], &shown["notes"]),
            (&json!(self.person.email), &json!(self.person.notes)),
            "the owner reads it"
        );
        assert_eq!(shown["shipping_address"], self.person.address());
        let cancel = guest.cancelling(order_id).keyed(&key("cancel"));
        cancel.clone().send().expect(200);
        cancel.send().expect(200);
        let row = &self.shop.rows("orders", "order_id", order_id)[0];
        assert!(row["contact"].as_str().unwrap().starts_with("v2."), "{row}");
        self.saga_id =
            self.shop.rows("saga", "cart_id", row["cart_id"].as_str().unwrap())[0]["saga_id"]
                .as_str()
                .unwrap()
                .to_owned();
        self.order_id = order_id.to_owned();
    }

    /// A provider that says no, asks back, fails, is silent, or holds another amount.
    fn is_refused(&mut self) {
        let ends = [
            ("pm_card_chargeDeclined", 402),
            ("pm_card_authenticationRequired", 402),
            ("pm_sim_status_503", 503),
            ("pm_sim_lost_answer", 503),
            ("pm_sim_wrong_amount", 503),
            ("pm_sim_slow_12000", 504),
        ];
        for (payment_method, status) in ends {
            self.shop.until_the_provider_is_used_again();
            let guest = self.guest();
            let refused = self.person.begins(&guest, payment_method).confirm_as(&unique("k"));
            assert_eq!(refused.status, status, "{payment_method}: {refused:?}");
            if let Some(logged) = refused.json()["correlation_id"].as_str() {
                self.correlation_id = logged.to_owned();
            }
        }
    }

    /// Shares a cart, and gets wrong everything a form can, with something personal in it.
    fn mistypes(&mut self) {
        let guest = self.guest();
        let share = guest.share();
        share.look().expect(200);
        share.call("DELETE", "/api/v1/cart").send().problem(403, "scope_missing");
        self.tokens.push(("share token".to_owned(), share.token));
        let person = &self.person;
        let begin = |body: &Value| guest.call("POST", "/api/v1/checkout").json(body);
        let good = person.basket("pm_card_visa");
        let with = |pointer: &str, value: Value| {
            let mut body = good.clone();
            match pointer.rsplit_once('/') {
                Some((parent, member)) => {
                    body.pointer_mut(parent).expect("a place in the body")[member] = value
                }
                None => panic!("{pointer} is no pointer"),
            }
            body
        };
        let mut calls: Vec<Call> = Vec::new();
        for pointer in [
            "/shipping_address/name",
            "/billing_address/line1",
            "/shipping_address/phone",
            "/notes",
            "/email",
        ] {
            for value in [
                json!(format!("{}\u{0}", person.name)),
                json!(person.name.repeat(60)),
                json!([person.name]),
                json!({ "is": person.name }),
            ] {
                calls.push(begin(&with(pointer, value)));
            }
        }
        for email in [
            format!("{} @x.example", person.email),
            person.email.replace('@', ""),
            person.name.clone(),
        ] {
            calls.push(begin(&with("/email", json!(email))));
        }
        for pointer in [
            "/shipping_address/country",
            "/shipping_address/region",
            "/shipping_method",
            "/payment_method",
        ] {
            calls.push(begin(&with(pointer, json!(person.street))));
        }
        calls.push(begin(&with("/shipping_address/street", json!(person.street))));
        calls.push(begin(&with("/customer", person.address())));
        let text = good.to_string();
        let raw = |body: &[u8]| {
            guest
                .call("POST", "/api/v1/checkout")
                .header("content-type", "application/json")
                .body(body)
        };
        calls.push(raw(&text.as_bytes()[..text.len() - 2]));
        calls.push(raw(text
            .replacen('{', &format!("{{\"email\":{},", json!(person.email)), 1)
            .as_bytes()));
        calls.push(raw(format!("{text}{text}").as_bytes()));
        calls.push(raw(&[text.as_bytes(), &vec![b' '; 70_000]].concat()));
        calls.push(
            guest
                .call("POST", "/api/v1/checkout")
                .header("content-type", "text/plain")
                .body(text.as_bytes()),
        );
        calls
            .push(begin(&good).header("idempotency-key", &format!("{} and a space", person.email)));
        calls.push(guest.adding(&self.sku, 1).header("if-match", &format!("\"{}\"", person.email)));
        calls.push(guest.adding(&person.email, 1));
        calls.push(
            guest
                .call("POST", "/api/v1/cart/items")
                .json(&json!({ "sku": self.sku, "quantity": person.name })),
        );
        calls.push(
            guest.call("GET", &format!("/api/v1/cart/totals?country={}", person.postal_code)),
        );
        calls.push(guest.call("GET", &format!("/api/v1/cart?email={}", person.email)));
        calls.push(guest.call("GET", &format!("/api/v1/orders/number/{}", person.email)));
        calls.push(guest.call("GET", &format!("/api/v1/orders/{}", person.postal_code)));
        calls.push(self.shop.call("GET", "/api/v1/cart").bearer(&person.email));
        calls.push(
            self.shop
                .call("GET", "/api/v1/cart")
                .header("authorization", &format!("Basic {}", person.postal_code)),
        );
        for call in calls {
            let refused = call.send();
            assert!((400..500).contains(&refused.status), "{refused:?}");
        }
    }

    /// A program orders for somebody, and workers are run by a token in the query.
    fn is_served_by_a_program(&mut self) {
        let service = self.shop.token("orders:write orders:read workers:run");
        let mut body = self.person.basket("pm_card_visa");
        body["currency"] = json!("USD");
        body["lines"] = json!([{ "sku": self.sku, "quantity": 1 }]);
        body["expected_total"] = json!({ "amount_minor": 1, "currency": "USD" });
        let order = |body: &Value, key: &str| {
            self.shop
                .call("POST", "/api/v1/orders")
                .bearer(&service)
                .header("idempotency-key", key)
                .json(body)
                .send()
        };
        let key = unique(&self.person.email);
        let mismatch = order(&body, &key).problem(409, "total_mismatch");
        body["expected_total"] = mismatch["current_total"].clone();
        assert!(body["expected_total"].is_object(), "{mismatch}");
        let key = unique(&self.person.email);
        for _ in 0..2 {
            order(&body, &key).expect(201);
        }
        let looked_for = |email: &str| {
            let email = email.replace('+', "%2B");
            let path = format!("/api/v1/orders?email={email}");
            self.shop.call("GET", &path).bearer(&service).send()
        };
        let found = looked_for(&self.person.email).expect(200);
        assert!(found["orders"].as_array().is_some_and(|orders| !orders.is_empty()), "{found}");
        looked_for(&format!("{0}@{0}", self.person.email)).problem(400, "invalid_field");
        body["email"] = json!(self.person.name);
        order(&body, &unique("k")).problem(400, "invalid_field");
        self.shop
            .call("GET", &format!("/internal/workers/outbox-relay?token={service}"))
            .send()
            .expect(200);
        let (late, other) =
            (Claims::with_scope("orders:read").expired(), Claims::with_scope("orders:read"));
        let refused = [
            late.signed(&Settings::get().service_token_secret),
            other.signed(&self.person.name.repeat(3)),
        ];
        for token in refused {
            self.shop
                .call("GET", "/api/v1/orders")
                .bearer(&token)
                .send()
                .problem(401, "credential_invalid");
            self.tokens.push(("refused service token".to_owned(), token));
        }
        self.tokens.push(("service token".to_owned(), service));
    }

    /// Dies at every host call of a begin and of a confirm, as far as it lives to make them.
    fn dies(&mut self) {
        if !needs_till(
            "part of nothing_personal_and_no_token_is_anywhere_in_clear: guests that die",
        ) {
            return;
        }
        for number in 1..=14 {
            for when in ["before", "after"] {
                let guest = self.guest();
                guest
                    .call("POST", "/api/v1/checkout")
                    .json(&self.person.basket("pm_card_visa"))
                    .send_to_die(when, number);
                self.person.begins(&guest, "pm_card_visa").confirming().send_to_die(when, number);
            }
        }
    }

    /// Money of a card and of a gift card; that of the card was given back only when an operator had it tried again.
    fn is_helped_by_an_operator(&mut self) {
        let guest = self.guest();
        let code = self.is_issued_a_card();
        self.shop.until_the_provider_is_used_again();
        let paid = json!({ "stored_value": [{ "code": code, "amount_minor": 100 }] });
        let session = self.person.begins(&guest, "pm_card_visa");
        let order = session.confirming_with(&paid).send().expect(201);
        let id = guest.cancels_and_is_owed(order["order_id"].as_str().unwrap(), 400);
        let operator = self.shop.token("operations:write");
        self.shop
            .call("POST", &format!("/api/v1/operations/compensations/{id}/retry"))
            .bearer(&operator)
            .keyed(&unique(&self.person.email))
            .json(&json!({ "reason": "the provider has mended it" }))
            .send()
            .expect(200);
        self.tokens.push(("operator's token".to_owned(), operator));
    }

    /// Money that cannot be given back, and an event nobody takes: a dead letter and an alert of
    /// each.
    fn is_given_up(&mut self) {
        let guest = self.guest();
        self.shop.until_the_provider_is_used_again();
        let order = self.person.begins(&guest, "pm_sim_refund_fails").confirm().expect(201);
        let aggregate = format!("order/{}", order["order_id"].as_str().unwrap());
        if Settings::get().sink == Sink::Webhook {
            self.shop.sink_refuses(&aggregate, 100);
        }
        guest.cancelling(order["order_id"].as_str().unwrap()).send().expect(200);
        self.shop.until_it_is_dead(|| {
            self.shop.run_workers_until_quiet();
            // What other tests have left to send comes first.
            while self.shop.run("outbox-relay")["done"].as_i64() > Some(0) {}
            let is_dead = |rows: Vec<Value>| rows.iter().any(|row| row["state"] == "dead");
            let saga = &self.shop.rows("saga", "cart_id", &guest.cart_id)[0];
            let all = is_dead(self.shop.rows(
                "compensation",
                "saga_id",
                saga["saga_id"].as_str().unwrap(),
            )) && (Settings::get().sink != Sink::Webhook
                || is_dead(self.shop.rows("outbox", "aggregate", &aggregate)));
            all.then_some(())
        });
        // What comes behind the dead is delivered.
        assert!(self.shop.simulator("DELETE", "/faults").send().is_success());
    }

    /// A gift card, whose code is tried with a letter wrong first.
    fn is_given_a_card(&mut self, customer: &Guest<'_>) {
        let code = self.is_issued_a_card();
        let assign = |code: &str| {
            let call = customer.call("POST", "/api/v1/gift-cards/assign");
            call.keyed(&unique(&self.person.email)).json(&json!({ "code": code }))
        };
        let wrong = format!("3333{}", &code[4..]);
        assign(&wrong).send().problem(404, "gift_card_not_found");
        assign(&format!("{code}U")).send().problem(400, "invalid_field");
        assign(&code).send().expect(200);
    }

    /// Orders that earn points, while the rule runs.
    fn orders_are_rewarded(&self, active: bool) {
        let rule = json!({ "name": "Points", "when": "each_order", "gives": { "fixed_points": { "points": 1 } }, "after_days": 0 });
        let call = self.shop.call("PUT", "/api/v1/rewards/of-the-story");
        let call = call.bearer(&self.shop.token("promotions:write"));
        call.json(&json!({ "active": active, "rule": rule })).send().expect(200);
    }

    /// Somebody else's program hears of all of it, and its secret is looked for too.
    fn is_told_of(&mut self) {
        let url = format!("{}/sink/of-the-story", Settings::get().simulator_url);
        let call = self.shop.call("PUT", "/api/v1/receivers/of-the-story");
        let call = call.bearer(&self.shop.token("events:write"));
        let told = call.json(&json!({ "url": url, "types": [], "active": true })).send();
        let secret = told.expect(200)["secret"].as_str().unwrap().to_owned();
        self.tokens.push(("receiver's secret".to_owned(), secret));
    }

    /// What a rule of fraud says of a card from another country than the goods go to.
    fn cards_from_abroad(&self, score: i64, active: bool) {
        let rule = json!({ "name": "From abroad", "signal": "card_country", "score": score, "active": active });
        let call = self.shop.call("PUT", "/api/v1/fraud/rules/of-the-story");
        call.bearer(&self.shop.token("fraud:write")).json(&rule).send().expect(200);
    }

    /// Rules of fraud have an order of theirs wait, and deny another, for the country of the card.
    fn is_looked_at(&mut self) {
        self.cards_from_abroad(60, true);
        let someone = self.customer();
        self.person.begins(&someone, "pm_card_visa").confirm().expect(201);
        self.cards_from_abroad(100, true);
        let someone = self.customer();
        self.person.begins(&someone, "pm_card_visa").confirm().problem(422, "order_denied");
        self.cards_from_abroad(100, false);
    }

    /// An order of theirs leaves and arrives, and a piece of it comes back and is paid back.
    fn gets_it_and_sends_some_back(&self, order: &Value) {
        let path = format!("/api/v1/orders/{}", order["order_id"].as_str().unwrap());
        let call = |method: &str, what: &str, scope: &str, body: &Value| {
            let call = self.shop.call(method, &format!("{path}/{what}"));
            let call = call.bearer(&self.shop.token(scope)).keyed(&unique("story-"));
            call.json(body).send_patiently().expect(200)
        };
        let to = |status: &str| call("PUT", "status", "orders:write", &json!({ "status": status }));
        to("processing");
        call(
            "POST",
            "shipments",
            "orders:write",
            &json!({ "carrier": "DHL", "tracking_number": "JD1" }),
        );
        to("delivered");
        let piece = json!({ "lines": [{ "line_no": 1, "quantity": 1, "reason": "damaged" }] });
        let asked = call("POST", "returns", "orders:write", &piece);
        let return_id = asked["return_id"].as_str().unwrap();
        call("POST", &format!("returns/{return_id}/receive"), "orders:write", &json!({}));
        let paid_back = json!({ "return_id": return_id, "reason": "returned" });
        call("POST", "refunds", "money:write", &paid_back);
    }

    /// What is sold for less, what money is worth, at times that are long gone, a wrapping that is no
    /// more; and what the provider has told of others.
    fn finds_the_catalog_full(&self) {
        super::webhooks::of_nobody(self.shop);
        let specials = format!("/api/v1/catalog/special-prices/{}/USD", self.sku);
        let prices = json!([{ "min_quantity": 9_000, "amount_minor": 1 }]);
        let put = self.shop.admin("PUT", &specials).json(&json!({ "prices": prices }));
        put.send().expect(200);
        let rate = self.shop.admin("PUT", "/api/v1/catalog/exchange-rates/VND/EUR/1");
        rate.json(&json!({ "factor": "0.00004" })).send().expect(200);
        let wrap = self.shop.admin("PUT", "/api/v1/catalog/fees/USD/e2e-ended");
        wrap.json(&json!({ "kind": "gift_wrap", "name": "Red paper", "amount_minor": 350, "tax_class": "standard", "active": false }))
            .send()
            .expect(200);
    }

    /// The code of a new gift card.
    fn is_issued_a_card(&mut self) -> String {
        let service = self.shop.token("money:write");
        let body = json!({ "currency": "USD", "amount_minor": 100, "reason": "a present" });
        let issue = self.shop.call("POST", "/api/v1/gift-cards").bearer(&service).json(&body);
        let issue = issue.keyed(&unique(&self.person.email));
        let issued = issue.clone().send().expect(201);
        assert_eq!(issue.send().expect(201), issued, "a replay");
        let code = issued["code"].as_str().unwrap().to_owned();
        self.tokens.push(("gift card's code".to_owned(), code.replace('-', "")));
        self.tokens.push(("gift card's code as it is shown".to_owned(), code.clone()));
        self.tokens.push(("cashier's token".to_owned(), service));
        code
    }

    /// What is kept of them is shown whole, and erased; nothing of it is left but the order and its
    /// money (SEC-6).
    fn is_erased(&mut self, guest: &Guest<'_>) {
        let rows = |table: &str, column: &str, value: &str| self.shop.rows(table, column, value);
        let order = rows("orders", "order_id", &self.order_id).remove(0);
        let owner = order["owner"].as_str().unwrap();
        let sealed = order["contact"].as_str().unwrap();
        let wrapped = rows("data_key", "owner", owner)[0]["wrapped_key"].clone();
        let service = self.shop.token("customers:read customers:write orders:read");
        let path = |what: &str| format!("/api/v1/customers/{owner}/{what}");
        let exported = self.shop.call("GET", &path("export")).bearer(&service).send().expect(200);
        let of_order = exported["orders"].as_array().unwrap().iter();
        let shown = of_order.clone().find(|order| order["order_id"] == json!(self.order_id));
        let shown = shown.unwrap_or_else(|| panic!("no order in {exported}"));
        assert_eq!(shown["shipping_address"], self.person.address());
        assert_eq!(
            (&shown["email"], &shown["notes"]),
            (&json!(self.person.email), &json!(self.person.notes))
        );

        let erase = self
            .shop
            .call("POST", &path("erase"))
            .bearer(&service)
            .header("idempotency-key", &unique("erase"))
            .json(&json!({ "reason": "they asked for it" }));
        let erased = erase.clone().send().expect(200);
        assert_eq!((&erased["owner"], &erased["orders"]), (&json!(owner), &json!(1)));
        assert_eq!(erase.send().expect(200), erased, "a replay");
        let again = self.shop.call("POST", &path("erase")).bearer(&service);
        let again = again.header("idempotency-key", &unique("erase"));
        again.json(&json!({ "reason": "again" })).send().problem(404, "customer_not_found");

        assert!(rows("data_key", "owner", owner).is_empty());
        let search = ClearText::of([
            ("the sealed contact", sealed),
            ("the wrapped key", wrapped.as_str().unwrap()),
        ]);
        for place in self.shop.every_table() {
            assert_eq!(search.found_in(&place.content), BTreeSet::new(), "{}", place.name);
        }
        let left = guest.order(&self.order_id).expect(200);
        for gone in ["email", "shipping_address", "billing_address", "notes"] {
            assert_eq!(left[gone], Value::Null, "{gone}: {left}");
        }
        assert_eq!((&left["total"], &left["lines"]), (&shown["total"], &shown["lines"]));
        let exported = self.shop.call("GET", &path("export")).bearer(&service).send().expect(200);
        assert_eq!(exported["erasures"][0]["reason"], "they asked for it");
        assert_eq!(exported["checkouts"], json!([]));
        self.tokens.push(("operator's token".to_owned(), service));
    }

    fn secrets(&self) -> Vec<(String, String)> {
        let mut secrets = self.person.values();
        for (what, token) in &self.tokens {
            secrets.push((what.clone(), token.clone()));
            // Of a JWT each part that is its own: what it says, and what proves it.
            secrets.extend(
                token
                    .split('.')
                    .skip(1)
                    .filter(|part| part.len() >= 16)
                    .map(|part| (format!("part of a {what}"), part.to_owned())),
            );
        }
        secrets
    }
}

/// Until the sink has every event.
fn relay_everything(shop: &Shop) {
    eventually("every event is relayed", || {
        let report = shop.run("outbox-relay");
        (report["taken"] == 0).then_some(())
    });
}

fn lived(shop: &Shop) -> Vec<Story<'_>> {
    let mut guest = Story::new(shop);
    guest.is_told_of();
    let someone = guest.guest();
    guest.finds_the_catalog_full();
    guest.buys_and_cancels(&someone);
    guest.mistypes();
    guest.is_refused();
    guest.dies();
    guest.is_helped_by_an_operator();
    guest.is_given_up();
    let mut customer = Story::new(shop);
    let someone = customer.customer();
    customer.buys_and_cancels(&someone);
    customer.mistypes();
    customer.is_served_by_a_program();
    customer.is_erased(&someone);
    // Another of the same name has a row.
    let back = customer.customer();
    customer.is_given_a_card(&back);
    customer.orders_are_rewarded(true);
    let saving = json!({ "save_payment_method": true });
    let session = customer.person.begins(&back, "pm_card_visa");
    let placed = session.confirming_with(&saving).send().expect(201);
    customer.gets_it_and_sends_some_back(&placed);
    customer.is_looked_at();
    for _ in 0..3 {
        shop.advance_ms(LATER_MS);
        shop.run_workers_until_quiet();
        shop.run("reward-grant");
    }
    customer.orders_are_rewarded(false);
    relay_everything(shop);
    vec![guest, customer]
}

/// Everything that was said in headers, and what refusals say besides: an owner reads their own,
/// and a refusal is nobody's.
fn replies(heard: &[Reply]) -> Place {
    let mut content = String::new();
    for reply in heard
        .iter()
        .filter(|reply| reply.call().contains(" /api/") || reply.call().contains(" /internal/"))
    {
        content.push_str(&format!("{:?}\n", reply.headers));
        if !reply.is_success() {
            content.push_str(&String::from_utf8_lossy(&reply.body));
        }
    }
    Place { name: "replies".to_owned(), content: content.into_bytes() }
}

/// What the provider was sent; every member of it must be one it needs.
fn provider(shop: &Shop) -> Place {
    let requests = shop.every_provider_request();
    for request in &requests {
        let text = request["request"].as_str().unwrap_or_else(|| panic!("no text: {request}"));
        let form = text
            .split_once(' ')
            .map_or("", |(_, form)| form)
            .replace("%5B", "[")
            .replace("%5D", "]");
        for member in form.split('&').filter(|member| !member.is_empty()) {
            let name = member.split('=').next().unwrap_or_default();
            assert!(
                PROVIDER_GETS.iter().any(|(known, _)| *known == name),
                "the provider has no need of {name}: {text}"
            );
        }
    }
    Place { name: "payment provider".to_owned(), content: json!(requests).to_string().into_bytes() }
}

// SEC-1, SEC-3
#[test]
fn nothing_personal_and_no_token_is_anywhere_in_clear() {
    let shop = Shop::alone();
    let (stories, heard) = recorded(|| lived(&shop));
    let tables = shop.every_table();
    let (key_values, events) = (shop.every_key_value(), shop.every_arrival());
    let files = shop.logs_and_files("nothing_personal_and_no_token_is_anywhere_in_clear");

    // The search finds what may be read: an empty place does not pass for a clean one.
    let finds = |place: &Place, what: &str| {
        assert!(
            !ClearText::of([("it", what)]).found_in(&place.content).is_empty(),
            "{what} is not in {}",
            place.name
        )
    };
    let [guest, customer] = stories.as_slice() else { panic!("two people were here") };
    let provider = provider(&shop);
    for story in &stories {
        for table in ["cart_line", "order_line", "sku", "stock_movement", "outbox"] {
            let place = tables.iter().find(|place| place.name == format!("table {table}"));
            finds(place.unwrap_or_else(|| panic!("no table {table}")), &story.sku);
        }
        finds(&key_values, &story.order_id);
        finds(&events, &story.sku);
        finds(&provider, &story.saga_id);
    }
    if let Some(files) = &files {
        finds(&files[0], &guest.correlation_id);
        assert!(files[1..].iter().any(|file| {
            !ClearText::of([("it", customer.saga_id.as_str())]).found_in(&file.content).is_empty()
        }));
    }
    let empty: Vec<&str> = tables
        .iter()
        .filter(|place| place.content == br#"{"rows":[]}"#)
        .map(|place| place.name.as_str())
        .collect();
    assert_eq!(empty, [""; 0], "nobody has been here: let somebody of this story leave something");

    let secrets: Vec<(String, String)> =
        stories.iter().flat_map(Story::secrets).chain(of_the_shop()).collect();
    let search = ClearText::of(secrets.iter().map(|(what, value)| (what.as_str(), value.as_str())));
    let places = tables
        .into_iter()
        .chain([key_values, events, provider, replies(&heard)])
        .chain(files.into_iter().flatten());
    let found: Vec<String> = places
        .flat_map(|place| {
            search
                .found_in(&place.content)
                .into_iter()
                .map(|what| format!("{}: {what}", place.name))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(found.is_empty(), "in clear:\n{}", found.join("\n"));
}

/// What only the operator knows.
fn of_the_shop() -> Vec<(String, String)> {
    let names = [
        "service_token_secret",
        "session_token_secret",
        "customer_jwt_secret",
        "event_sink_secret",
        "payment_webhook_secret",
        "pii_key",
    ];
    names
        .into_iter()
        .flat_map(|name| Settings::keys(name).into_iter().map(move |key| (name.to_owned(), key)))
        .collect()
}

#[test]
fn a_value_is_found_in_every_form_it_can_be_written_in() {
    use base64::{
        Engine as _,
        engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
    };
    let value = "Đặng \"Ngọc\"\\/ O'Hân+9?>~é";
    let search = ClearText::of([("it", value)]);
    let in_json = json!({ "name": value }).to_string();
    let mut written = vec![
        value.to_owned(),
        value.to_lowercase(),
        value.to_uppercase(),
        in_json.clone(),
        json!({ "in": in_json }).to_string(),
        format!("{value:?}"),
        r#"{"name":"\u0110\u1eb7ng \"Ng\u1ecdc\"\\/ O'H\u00e2n+9?>~\u00e9"}"#.to_owned(),
        "q=%C4%90%E1%BA%B7ng%20%22Ng%E1%BB%8Dc%22%5C%2F%20O%27H%C3%A2n%2B9%3F%3E~%C3%A9".to_owned(),
        "q=%c4%90%e1%ba%b7ng+%22Ng%e1%bb%8dc%22%5c%2f+O%27H%c3%a2n%2b9%3f%3e~%c3%a9".to_owned(),
    ];
    for before in ["", "a", "ab", "abc"] {
        written.push(STANDARD.encode(format!("{before}{value}tail")));
        written.push(URL_SAFE_NO_PAD.encode(format!("{before}{value}")));
    }
    for text in written {
        assert!(!search.found_in(format!("before {text} behind").as_bytes()).is_empty(), "{text}");
    }
    assert_eq!(search.found_in("Đặng and Ngọc and O'Hân".as_bytes()), BTreeSet::new());
}
