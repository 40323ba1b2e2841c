//! Two hosts of one shop: one database between them, and key-values of their own.

use crate::{Call, Guest, Reply, Session, Settings, Shop};
use serde_json::{Value, json};
use std::{
    thread,
    time::{Duration, Instant},
};

/// How soon after a burst every function has to answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// Both hosts, and the shop that they serve.
#[derive(Debug)]
pub struct Hosts {
    /// The shop, as its first host serves it.
    pub shop: Shop,
}

/// Something to ask a function, and its name.
#[derive(Clone, Debug)]
pub struct Question {
    /// What is asked.
    pub name: String,
    call: Call,
}

impl Hosts {
    /// Both, with no other test in the shop.
    ///
    /// # Panics
    /// When `cargo till test` has started one only.
    #[must_use]
    pub fn alone() -> Self {
        assert!(
            Settings::get().second.is_some(),
            "this suite needs two hosts. Run `cargo till test`, which starts them."
        );
        Self { shop: Shop::alone() }
    }

    /// Their base URLs.
    #[must_use]
    pub fn urls(&self) -> [&'static str; 2] {
        let settings = Settings::get();
        let second = settings.second.as_ref().map_or(settings.url.as_str(), |second| &second.url);
        [&settings.url, second]
    }

    /// The call to the one or the other host, by turns.
    pub fn by_turns(&self, number: usize, call: Call) -> Call {
        match self.urls() {
            [first, _] if number.is_multiple_of(2) => call.at(first),
            [_, second] => call.at(second),
        }
    }

    /// A buyer with one of `sku` in the cart, who is about to pay in this way.
    #[must_use]
    pub fn buyer(&self, sku: &str, pays: &str) -> (Guest<'_>, Session<'_>) {
        let guest = self.shop.guest();
        guest.add(sku, 1).expect(200);
        let session = guest.check_out_with(pays);
        (guest, session)
    }

    /// So many buyers, made a few at a time: that is no part of what they are for.
    #[must_use]
    pub fn buyers(&self, count: usize, sku: &str, pays: &str) -> Vec<(Guest<'_>, Session<'_>)> {
        let ready = |_| self.buyer(sku, pays);
        thread::scope(|scope| {
            let shares: Vec<_> = (0..6)
                .map(|share| {
                    scope.spawn(move || (share..count).step_by(6).map(ready).collect::<Vec<_>>())
                })
                .collect();
            shares
                .into_iter()
                .flat_map(|share| {
                    share.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                })
                .collect()
        })
    }

    /// One request for each function of the host at `url` that needs its database. What is asked
    /// for need not be there: that it is not is an answer too.
    #[must_use]
    pub fn questions(&self, url: &str) -> Vec<Question> {
        let everything = "catalog:read catalog:write config:read orders:read orders:write \
            schema:migrate workers:run";
        let staff = self.shop.token(everything);
        let guest = self.shop.guest();
        let nothing = "01890000-0000-7000-8000-000000000000";
        let by_guest = [
            ("GET", "/api/v1/cart".to_owned(), None),
            (
                "POST",
                "/api/v1/cart/items".to_owned(),
                Some(json!({ "sku": "TILL-0001", "quantity": 1 })),
            ),
            ("PUT", "/api/v1/cart/items/TILL-0001".to_owned(), Some(json!({ "quantity": 2 }))),
            ("GET", "/api/v1/cart/shares".to_owned(), None),
            ("DELETE", format!("/api/v1/cart/shares/{nothing}"), None),
            ("GET", "/api/v1/cart/totals?country=VN&shipping_method=standard".to_owned(), None),
            ("GET", "/api/v1/cart/shipping-methods?country=VN".to_owned(), None),
            ("POST", "/api/v1/checkout".to_owned(), Some(guest.basket().body)),
            ("GET", format!("/api/v1/checkout/{nothing}"), None),
            ("POST", format!("/api/v1/checkout/{nothing}/confirm"), Some(json!({}))),
        ];
        let by_staff = [
            ("GET", "/api/v1/orders".to_owned(), None),
            ("GET", format!("/api/v1/orders/{nothing}"), None),
            ("GET", "/api/v1/orders/number/ET-000000".to_owned(), None),
            (
                "POST",
                format!("/api/v1/orders/{nothing}/cancel"),
                Some(json!({ "reason": "changed my mind" })),
            ),
            ("GET", "/api/v1/catalog/skus".to_owned(), None),
            ("GET", "/api/v1/catalog/skus/TILL-0001".to_owned(), None),
            ("GET", "/api/v1/catalog/skus/TILL-0001/stock".to_owned(), None),
            ("GET", "/internal/migrate".to_owned(), None),
            ("GET", "/health/ready".to_owned(), None),
            ("POST", "/internal/workers/outbox-relay".to_owned(), None),
            ("POST", "/internal/workers/reservation-cleanup".to_owned(), None),
            ("POST", "/internal/workers/saga-recovery".to_owned(), None),
            ("POST", "/internal/workers/compensation-retry".to_owned(), None),
            ("POST", "/internal/workers/consistency-audit".to_owned(), None),
        ];
        let question = |token: &str, (method, path, body): (&str, String, Option<Value>)| {
            let call = Call::new(method, &path)
                .bearer(token)
                .header("idempotency-key", &crate::unique("asked-"))
                .at(url);
            let call =
                if method == "GET" { Call::new(method, &path).bearer(token).at(url) } else { call };
            Question {
                name: format!("{method} {path}"),
                call: body.map_or(call.clone(), |body| call.json(&body)),
            }
        };
        let asked = by_guest.map(|row| question(&guest.token, row)).into_iter();
        asked.chain(by_staff.map(|row| question(&staff, row))).collect()
    }

    /// Asks all of them at once, each until its function answers, and gives how long the last one
    /// took to.
    ///
    /// # Panics
    /// With the names of those that have not answered in time.
    #[track_caller]
    pub fn all_answer(&self, questions: &[Question]) -> Duration {
        let begun = Instant::now();
        let answered = crate::together(questions.len(), |number| {
            let mut last = None;
            while begun.elapsed() < ANSWERS_WITHIN {
                match questions[number].call.clone().send() {
                    reply if reply.status < 500 => return Ok(begun.elapsed()),
                    reply => last = Some(reply),
                }
                thread::sleep(Duration::from_millis(100));
            }
            Err(last)
        });
        let late: Vec<(&str, &Option<Reply>)> = questions
            .iter()
            .zip(&answered)
            .filter_map(|(question, answered)| {
                answered.as_ref().err().map(|last| (question.name.as_str(), last))
            })
            .collect();
        assert!(
            late.is_empty(),
            "{} of {} functions do not answer within 5 s: {late:#?}",
            late.len(),
            questions.len()
        );
        answered.into_iter().flatten().max().unwrap_or_default()
    }

    /// How many connections to the database guests hold now, over both hosts; `None` where no
    /// control port tells.
    #[must_use]
    pub fn connections_in_use(&self) -> Option<u64> {
        let controls = &Settings::get().second.as_ref()?.controls;
        let of_one = |control: &String| {
            let told = Call::new("GET", "/connections").at(control).send().expect(200);
            told["components"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|one| one["postgres"]["in_use"].as_u64())
                .sum::<u64>()
        };
        (!controls.is_empty()).then(|| controls.iter().map(of_one).sum())
    }
}
