//! The outside world's own word: what the payment provider did with money, and which events
//! arrived.

use crate::{Guest, Settings, Shop, Sink, eventually};
use serde_json::{Value, json};

/// What the provider did for one saga, by its own books.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Payment {
    /// How often money was held.
    pub times_authorized: usize,
    /// Minor units held.
    pub authorized: i64,
    /// Minor units taken.
    pub captured: i64,
    /// Minor units let go.
    pub voided: i64,
    /// Minor units given back.
    pub refunded: i64,
}

impl Payment {
    /// What the customer is out of, or cannot spend.
    #[must_use]
    pub fn held(&self) -> i64 {
        // A capture takes what was held; a void lets it go; a refund gives back what was taken.
        self.authorized - self.voided - self.refunded
    }
}

impl Shop {
    /// Until the provider, which was made to fail, is asked again: its circuit breaker closes after
    /// seconds of the wall clock, and the next test is not to meet what this one did on purpose.
    ///
    /// # Panics
    /// When it is not within half a minute.
    pub fn until_the_provider_is_used_again(&self) {
        let sku = self.sku().create();
        eventually("the provider is used again", || {
            let guest = self.guest();
            guest.add(&sku, 1).expect(200);
            guest.check_out().confirm().is_success().then_some(())
        });
    }

    /// What the provider did for one saga.
    #[must_use]
    pub fn provider_payment(&self, saga_id: &str) -> Payment {
        let ledger =
            self.simulator("GET", &format!("/ledger?metadata_saga={saga_id}")).send().expect(200);
        let mut payment = Payment::default();
        for entry in ledger["entries"].as_array().into_iter().flatten() {
            let amount =
                entry["amount_minor"].as_i64().unwrap_or_else(|| panic!("no amount: {entry}"));
            match entry["kind"].as_str() {
                Some("authorized") => {
                    payment.times_authorized += 1;
                    payment.authorized += amount;
                }
                Some("captured") => payment.captured += amount,
                Some("voided") => payment.voided += amount,
                Some("refunded") => payment.refunded += amount,
                _ => panic!("an entry of no known kind: {entry}"),
            }
        }
        payment
    }

    /// The events that arrived about a subject (`cart/…`, `order/…`), in the order of their
    /// arrival.
    #[must_use]
    pub fn arrivals(&self, subject: &str) -> Vec<Value> {
        let arrived = match Settings::get().sink {
            Sink::Webhook => self.simulator("GET", &format!("/sink?subject={subject}")),
            Sink::Redis => self.call("GET", &format!("/test/stream?subject={subject}")),
        };
        let arrived = arrived.send().expect(200);
        arrived["arrivals"]
            .as_array()
            .cloned()
            .unwrap_or_else(|| panic!("no list of arrivals: {arrived}"))
    }

    /// The events about a subject, once `last` of them has arrived.
    ///
    /// # Panics
    /// When it has not within half a minute.
    pub fn told_until(&self, subject: &str, last: impl Fn(&Value) -> bool) -> Vec<Value> {
        eventually("it is told", || {
            self.run("outbox-relay");
            let arrivals = self.arrivals(subject);
            let events: Vec<Value> = arrivals.iter().map(|it| it["event"].clone()).collect();
            events.iter().any(&last).then_some(events)
        })
    }

    /// Makes the receiver of events refuse those about `subject`, so many times.
    pub fn sink_refuses(&self, subject: &str, times: u32) {
        let fault = json!({
            "match": { "operation": "sink", "subject": subject }, "fault": "sink_fail",
            "times": times,
        });
        self.simulator("POST", "/faults").json(&fault).send().expect(201);
    }
}

impl Guest<'_> {
    /// Cancels an order, while the provider answers what is owed for it with `code`, once; the
    /// compensation's id.
    ///
    /// # Panics
    /// When the order is not cancelled.
    #[must_use]
    pub fn cancels_and_is_owed(&self, order_id: &str, code: u16) -> String {
        let saga = self.shop.rows("saga", "cart_id", &self.cart_id)[0]["saga_id"].clone();
        for operation in ["refund", "cancel"] {
            let fault = json!({
                "match": { "operation": operation, "saga": saga }, "fault": "status", "code": code,
                "times": 1,
            });
            self.shop.simulator("POST", "/faults").json(&fault).send().expect(201);
        }
        self.cancelling(order_id).send().expect(200);
        let owed = self.shop.rows("compensation", "saga_id", saga.as_str().expect("a saga"));
        owed[0]["compensation_id"].as_str().expect("an id").to_owned()
    }

    /// What the provider did for all confirms of their first cart together.
    #[must_use]
    pub fn provider_payments(&self) -> Payment {
        let mut sum = Payment::default();
        for saga in self.shop.rows("saga", "cart_id", &self.cart_id) {
            let one = self.shop.provider_payment(saga["saga_id"].as_str().unwrap_or_default());
            sum.times_authorized += one.times_authorized;
            sum.authorized += one.authorized;
            sum.captured += one.captured;
            sum.voided += one.voided;
            sum.refunded += one.refunded;
        }
        sum
    }

    /// The whole truth about their first cart, whatever was answered on the way: one order that is
    /// charged once, or no order and nothing held. Returns whether there is an order.
    ///
    /// # Panics
    /// When it is neither.
    #[track_caller]
    pub fn has_one_paid_order_or_nothing(&self) -> bool {
        let orders = self.order_rows();
        let payments = self.provider_payments();
        match orders.as_slice() {
            [] => {
                assert_eq!(payments.held(), 0, "no order, and yet {payments:?}");
                false
            }
            [order] => {
                let total = order["total_minor"].as_i64();
                assert_eq!(
                    Some(payments.held()),
                    total,
                    "the order costs {total:?}, and {payments:?}"
                );
                true
            }
            several => panic!("{} orders of one cart", several.len()),
        }
    }
}
