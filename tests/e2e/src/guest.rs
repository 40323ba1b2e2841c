//! A shopper and what they do.

use crate::{Call, Reply, Shop, eventually, unique};
use serde_json::{Value, json};

/// Somebody with a cart and a secret token.
#[derive(Clone, Debug)]
pub struct Guest<'s> {
    /// Where they shop.
    pub shop: &'s Shop,
    /// What they show.
    pub token: String,
    /// The cart they began with.
    pub cart_id: String,
}

/// What somebody wants to check out with: an address in Vietnam, standard shipping, a card that
/// works.
#[must_use = "a basket is checked out with `begin`"]
#[derive(Clone, Debug)]
pub struct Basket<'s> {
    guest: Guest<'s>,
    /// The body of the checkout.
    pub body: Value,
}

/// A checkout session.
#[derive(Clone, Debug)]
pub struct Session<'s> {
    guest: Guest<'s>,
    /// Its id.
    pub session_id: String,
    /// As it was answered.
    pub view: Value,
}

/// Where somebody lives.
#[must_use]
pub fn address(country: &str, region: Option<&str>) -> Value {
    let mut address = json!({
        "name": "Nguyen Thi Minh Khai", "line1": "17 Hang Bac", "city": "Old Quarter",
        "postal_code": "100000",
        "country": country, "phone": "+84 24 3825 0000",
    });
    if let Some(region) = region {
        address["region"] = json!(region);
    }
    address
}

impl<'s> Guest<'s> {
    pub(crate) fn new(shop: &'s Shop, token: String, cart_id: String) -> Self {
        Self { shop, token, cart_id }
    }

    /// A call with their token.
    pub fn call(&self, method: &str, path: &str) -> Call {
        self.shop.call(method, path).bearer(&self.token)
    }

    /// The cart.
    #[track_caller]
    #[must_use]
    pub fn cart(&self) -> Value {
        self.call("GET", "/api/v1/cart").send().expect(200)
    }

    /// How many of `sku` are in the cart.
    #[must_use]
    pub fn quantity_of(&self, sku: &str) -> i64 {
        let cart = self.cart();
        let line = cart["lines"].as_array().into_iter().flatten().find(|line| line["sku"] == sku);
        line.and_then(|line| line["quantity"].as_i64()).unwrap_or_default()
    }

    /// A call that adds to the cart.
    pub fn adding(&self, sku: &str, quantity: i64) -> Call {
        self.call("POST", "/api/v1/cart/items").json(&json!({ "sku": sku, "quantity": quantity }))
    }

    /// Adds to the cart.
    pub fn add(&self, sku: &str, quantity: i64) -> Reply {
        self.adding(sku, quantity).send()
    }

    /// A call that replaces a line's quantity.
    pub fn setting(&self, sku: &str, quantity: i64) -> Call {
        self.call("PUT", &format!("/api/v1/cart/items/{sku}"))
            .json(&json!({ "quantity": quantity }))
    }

    /// A call that removes a line.
    pub fn removing(&self, sku: &str) -> Call {
        self.call("DELETE", &format!("/api/v1/cart/items/{sku}"))
    }

    /// The totals for a destination, `country=VN&shipping_method=standard` and the like.
    pub fn totals(&self, query: &str) -> Reply {
        self.call("GET", &format!("/api/v1/cart/totals?{query}")).send()
    }

    /// What they would check out with.
    pub fn basket(&self) -> Basket<'s> {
        Basket {
            guest: self.clone(),
            body: json!({
                "email": "minh.khai@customer.example", "shipping_address": address("VN", None),
                "shipping_method": "standard", "payment_method": "pm_card_visa",
            }),
        }
    }

    /// Begins a checkout that works.
    #[track_caller]
    #[must_use]
    pub fn check_out(&self) -> Session<'s> {
        self.basket().begin()
    }

    /// Begins a checkout that pays in this way.
    #[track_caller]
    #[must_use]
    pub fn check_out_with(&self, payment_method: &str) -> Session<'s> {
        self.basket().paying_with(payment_method).begin()
    }

    /// Buys, from the cart to the order.
    #[track_caller]
    #[must_use]
    pub fn buy(&self, sku: &str, quantity: i64) -> Value {
        self.add(sku, quantity).expect(200);
        self.check_out().confirm().expect(201)
    }

    /// Buys, paying in this way.
    #[track_caller]
    #[must_use]
    pub fn buy_with(&self, sku: &str, quantity: i64, payment_method: &str) -> Value {
        self.add(sku, quantity).expect(200);
        self.check_out_with(payment_method).confirm().expect(201)
    }

    /// An order, whole.
    pub fn order(&self, order_id: &str) -> Reply {
        self.call("GET", &format!("/api/v1/orders/{order_id}")).send()
    }

    /// An order once nothing of it is on its way back.
    ///
    /// # Panics
    /// When something still is after half a minute.
    #[must_use]
    pub fn order_once_paid_back(&self, order_id: &str) -> Value {
        eventually("what was paid is back", || {
            let order = self.order(order_id).expect(200);
            let refunds = order["refunds"].as_array()?;
            refunds.iter().all(|it| it["state"] == "done").then_some(order)
        })
    }

    /// A call that cancels an order, under a key of its own.
    pub fn cancelling(&self, order_id: &str) -> Call {
        self.call("POST", &format!("/api/v1/orders/{order_id}/cancel"))
            .json(&json!({ "reason": "changed my mind" }))
            .keyed(&unique("cancel-"))
    }

    /// The orders made of their first cart, as rows: none or one, whatever happened.
    #[must_use]
    pub fn order_rows(&self) -> Vec<Value> {
        self.shop.rows("orders", "cart_id", &self.cart_id)
    }

    /// The payments their first cart led to, as rows.
    #[must_use]
    pub fn payment_rows(&self) -> Vec<Value> {
        self.rows_of_sagas("payment")
    }

    /// What is owed, or was, to the provider for the confirms of their first cart, as rows.
    #[must_use]
    pub fn compensation_rows(&self) -> Vec<Value> {
        self.rows_of_sagas("compensation")
    }

    fn rows_of_sagas(&self, table: &str) -> Vec<Value> {
        let sagas = self.shop.rows("saga", "cart_id", &self.cart_id);
        sagas
            .iter()
            .flat_map(|saga| {
                self.shop.rows(table, "saga_id", saga["saga_id"].as_str().unwrap_or_default())
            })
            .collect()
    }
}

impl<'s> Basket<'s> {
    /// Pays with this token.
    pub fn paying_with(self, payment_method: &str) -> Self {
        self.with("payment_method", json!(payment_method))
    }

    /// Ships by this method.
    pub fn shipping_by(self, method: &str) -> Self {
        self.with("shipping_method", json!(method))
    }

    /// Ships to this country and region.
    pub fn to(self, country: &str, region: Option<&str>) -> Self {
        self.with("shipping_address", address(country, region))
    }

    /// With another member.
    pub fn with(mut self, member: &str, value: Value) -> Self {
        self.body[member] = value;
        self
    }

    /// Without a member.
    pub fn without(mut self, member: &str) -> Self {
        if let Some(members) = self.body.as_object_mut() {
            members.remove(member);
        }
        self
    }

    /// A call that begins the checkout.
    pub fn beginning(&self) -> Call {
        self.guest.call("POST", "/api/v1/checkout").json(&self.body)
    }

    /// Begins the checkout, whatever comes of it.
    pub fn try_begin(&self) -> Reply {
        self.beginning().send()
    }

    /// Begins one that asks for this warehouse.
    ///
    /// # Panics
    /// When it is refused.
    #[track_caller]
    #[must_use]
    pub fn begin_from(&self, warehouse: &str) -> Session<'s> {
        self.begun(self.beginning().header("x-warehouse-id", warehouse).send())
    }

    /// Begins the checkout.
    ///
    /// # Panics
    /// When it is refused.
    #[track_caller]
    #[must_use]
    pub fn begin(&self) -> Session<'s> {
        self.begun(self.try_begin())
    }

    #[track_caller]
    fn begun(&self, reply: Reply) -> Session<'s> {
        let view = reply.expect(201);
        let session_id = view["session_id"]
            .as_str()
            .unwrap_or_else(|| panic!("no session_id: {view}"))
            .to_owned();
        Session { guest: self.guest.clone(), session_id, view }
    }
}

impl Session<'_> {
    /// A call that confirms.
    pub fn confirming(&self) -> Call {
        self.confirming_with(&json!({}))
    }

    /// A call that confirms with this body.
    pub fn confirming_with(&self, body: &Value) -> Call {
        self.guest.call("POST", &format!("/api/v1/checkout/{}/confirm", self.session_id)).json(body)
    }

    /// Confirms.
    pub fn confirm(&self) -> Reply {
        self.confirming().send()
    }

    /// Confirms under a key.
    pub fn confirm_as(&self, key: &str) -> Reply {
        self.confirming().header("idempotency-key", key).send()
    }

    /// The session as it is now.
    pub fn show(&self) -> Reply {
        self.guest.call("GET", &format!("/api/v1/checkout/{}", self.session_id)).send()
    }

    /// The total that was shown.
    #[must_use]
    pub fn total_minor(&self) -> i64 {
        self.view["totals"]["total"]["amount_minor"]
            .as_i64()
            .unwrap_or_else(|| panic!("no total: {}", self.view))
    }
}
