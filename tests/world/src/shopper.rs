//! A guest, from the cart to the order.

use crate::{Answer, World};
use edge::{Method, OwnerOrService, Request, Viewer};
use pollster::block_on;
use serde_json::{Value, json};

/// Somebody with a cart and a guest token.
pub struct Shopper<'w> {
    world: &'w World,
    /// What they show.
    pub token: String,
    /// Their key in rows.
    pub owner: String,
}

impl World {
    /// A new guest with an empty cart.
    pub fn shopper(&self) -> Shopper<'_> {
        let created = Answer::of::<api::open_cart>(app::cart::create(
            &self.ports(),
            None,
            &Default::default(),
        ))
        .expect(201);
        let token =
            created["guest_token"].as_str().expect("a new guest is given a token").to_owned();
        let mut shopper = Shopper { world: self, token, owner: String::new() };
        let request = shopper.request("GET", "/api/v1/cart", &Value::Null, None);
        let caller = edge::caller(&self.ports(), edge::Takes::Shoppers, &request)
            .expect("the token is good");
        shopper.owner = caller.require_owner().expect("a guest is an owner").into();
        shopper
    }

    /// A guest who is known, in another tab: for what happens meanwhile.
    pub fn tab_of(&self, token: String, owner: String) -> Shopper<'_> {
        Shopper { world: self, token, owner }
    }

    /// A guest who has begun a checkout of one `TILL-0001`, 15.09 USD with shipping; the session's
    /// id.
    #[track_caller]
    pub fn at_checkout(&self, payment_method: &str) -> (Shopper<'_>, String) {
        let shopper = self.shopper();
        shopper.add("TILL-0001", 1).expect(200);
        let session = shopper.begins(payment_method);
        (shopper, session)
    }
}

impl<'w> Shopper<'w> {
    /// A request with their token, for use cases that have no helper here.
    #[must_use]
    pub fn request(&self, method: &str, path: &str, body: &Value, key: Option<&str>) -> Request {
        let request = Request::new(Method::named(method), path)
            .with_header("authorization", &format!("Bearer {}", self.token));
        let request = match key {
            Some(key) => request.with_header("idempotency-key", &format!("\"{key}\"")),
            None => request,
        };
        if body.is_null() {
            request
        } else {
            request.with_header("content-type", "application/json").with_body(body.to_string())
        }
    }

    /// Opens a cart, or is given the one they have.
    pub fn opens(&self, body: &Value) -> Answer {
        match self.request("POST", "/api/v1/cart", body, None).json_or_default() {
            Ok(body) => Answer::of::<api::open_cart>(app::cart::create(
                &self.world.ports(),
                Some(self.owner.clone()),
                &body,
            )),
            Err(problem) => Answer::of::<api::open_cart>(Err(problem)),
        }
    }

    /// The cart.
    pub fn cart(&self) -> Answer {
        Answer::of::<api::view_cart>(app::cart::view(
            &self.world.ports(),
            &Viewer::Owner(self.owner.clone()),
        ))
    }

    /// Adds to the cart.
    pub fn add(&self, sku: &str, quantity: i64) -> Answer {
        let request = self.request(
            "POST",
            "/api/v1/cart/items",
            &json!({ "sku": sku, "quantity": quantity }),
            None,
        );
        let body = request.json().expect("a line");
        let change = request.change().expect("headers");
        Answer::of::<api::add_to_cart>(app::cart::add_line(
            &self.world.ports(),
            &self.owner,
            &body,
            &change,
        ))
    }

    /// Begins a checkout to Vietnam with this payment method.
    pub fn begin(&self, payment_method: &str) -> Answer {
        self.begin_from(None, payment_method)
    }

    /// Begins one that asks for a warehouse.
    pub fn begin_from(&self, warehouse: Option<&str>, payment_method: &str) -> Answer {
        let asked = warehouse.map(|id| id.parse().expect("an id"));
        let address = json!({ "name": "Nguyen Thi Minh Khai", "line1": "17 Hang Bac", "city": "Old Quarter", "postal_code": "100000",
            "country": "VN", "phone": "+84 24 3825 0000" });
        let body = json!({ "email": "minh.khai@customer.example", "shipping_address": address, "shipping_method": "standard",
            "payment_method": payment_method });
        let request = self.request("POST", "/api/v1/checkout", &body, None);
        let change = request.change().expect("headers");
        match request.json() {
            Ok(body) => Answer::of::<api::begin_checkout>(app::checkout::begin(
                &self.world.ports(),
                &self.owner,
                asked.as_ref(),
                body,
                &change,
            )),
            Err(problem) => Answer::of::<api::begin_checkout>(Err(problem)),
        }
    }

    /// Begins a checkout; the session's id.
    #[track_caller]
    pub fn begins(&self, payment_method: &str) -> String {
        text(&self.begin(payment_method).expect(201), "session_id")
    }

    /// Confirms without a key.
    pub fn confirm(&self, session_id: &str) -> Answer {
        self.confirm_with(session_id, &json!({}), None)
    }

    /// Confirms with a body, under a key.
    pub fn confirm_with(&self, session_id: &str, body: &Value, key: Option<&str>) -> Answer {
        let request =
            self.request("POST", &format!("/api/v1/checkout/{session_id}/confirm"), body, key);
        let change = request.change().expect("headers");
        let body = match request.json() {
            Ok(body) => body,
            Err(problem) => return Answer::of::<api::confirm_checkout>(Err(problem)),
        };
        let confirmed = block_on(app::checkout::confirm(
            &self.world.ports(),
            &self.owner,
            &session_id.parse().expect("an id"),
            &body,
            &change,
        ));
        self.kept(confirmed.as_ref().map(|done| done.kv_after.as_slice()).unwrap_or_default());
        Answer::of::<api::confirm_checkout>(confirmed)
    }

    /// Buys one `TILL-0001` of a fresh cart; the order's id.
    #[track_caller]
    pub fn buys(&self, payment_method: &str) -> String {
        self.add("TILL-0001", 1).expect(200);
        let session = self.begins(payment_method);
        text(&self.confirm(&session).expect(201), "order_id")
    }

    fn asks(&self, request: &Request, scope: &str) -> OwnerOrService {
        let caller = edge::caller(&self.world.ports(), edge::Takes::Both, request)
            .expect("the token is good");
        caller.require_owner_or_scope(scope).expect("an owner")
    }

    /// An order.
    pub fn order(&self, order_id: &str) -> Answer {
        let request = self.request("GET", "/api/v1/orders", &Value::Null, None);
        let caller = self.asks(&request, "orders:read");
        Answer::of::<api::view_order>(app::order::by_id(
            &self.world.ports(),
            &caller,
            &order_id.parse().expect("an id"),
        ))
    }

    /// Cancels an order, under a key of its own.
    pub fn cancel(&self, order_id: &str) -> Answer {
        let key = ports::Random::id(self.world);
        let body = json!({ "reason": "changed my mind" });
        let request =
            self.request("POST", &format!("/api/v1/orders/{order_id}/cancel"), &body, Some(&key));
        let caller = self.asks(&request, "orders:write");
        let (body, change) =
            (request.json().expect("a reason"), request.keyed_change().expect("a key"));
        Answer::of::<api::cancel_order>(block_on(app::order::cancel(
            &self.world.ports(),
            &caller,
            &order_id.parse().expect("an id"),
            &body,
            &change,
        )))
    }

    /// The buyer at the issuer's page, for the payment that waits for them.
    pub fn authenticates(&self, succeeds: bool) {
        let waiting = self.world.rows(&format!(
            "select reference from payment join saga using (saga_id) where owner = '{}' and payment.state = 'requires_action'
             order by created_at_ms desc limit 1",
            self.owner
        ));
        let reference = waiting.first().expect("no payment waits for the buyer");
        let (status, body) = self.world.simulator(
            "POST",
            "/authenticate",
            &json!({ "payment_intent": reference, "succeeds": succeeds }),
        );
        assert!(status == 200 || status == 402, "{body}");
    }

    /// What the shell writes once the reply is sent.
    fn kept(&self, key_values: &[(String, Vec<u8>)]) {
        for (key, value) in key_values {
            ports::Kv::set(self.world, key, value).ok();
        }
    }
}

/// A text member.
fn text(body: &Value, member: &str) -> String {
    body[member].as_str().unwrap_or_else(|| panic!("no {member} in {body}")).to_owned()
}
