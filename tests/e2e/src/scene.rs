//! Something of everything, so that every operation of the table can be called well: what the
//! suites that walk the table know beyond it. An operation that is added is held to all of them; a
//! path parameter of a new name fails them until it stands here.

use crate::{Call, CustomerClaims, Guest, Reply, Share, Shop, SigningKey, contract, unique};
use api::{Access, ENDPOINTS, Endpoint, Presence, Row};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What nothing has for an id.
const NOTHING: &str = "0193d5a0-0000-7000-8000-000000000000";

/// What the tables of an operator have once a suite has put it: another name than that which nothing
/// has.
const TO_BE_PUT: &str = "of-a-scene";

/// What most bodies are.
const JSON: &str = "application/json";

/// The demo shop's code, which is on the cart.
const CODE: &str = "WELCOME";

/// Of whom nothing is kept.
const NOBODY: &str = "customer:of-whom-nothing-is-kept";

/// Somebody with a cart in checkout with one line, a share of it, and an order.
pub struct Scene<'s> {
    /// Whose it is.
    pub owner: Guest<'s>,
    /// What is in the cart.
    pub sku: String,
    /// The share.
    pub share: Share<'s>,
    /// The checkout session.
    pub session_id: String,
    /// The order.
    pub order_id: String,
    parameters: BTreeMap<&'static str, String>,
}

/// Every operation there is, with its endpoint.
pub fn operations() -> impl Iterator<Item = (&'static Endpoint, &'static Row)> {
    ENDPOINTS.iter().flat_map(|endpoint| endpoint.operations.iter().map(move |row| (endpoint, row)))
}

/// The operation of this name.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn operation(id: &str) -> (&'static Endpoint, &'static Row) {
    operations()
        .find(|(_, row)| row.id == id)
        .unwrap_or_else(|| panic!("no operation is called {id}"))
}

impl<'s> Scene<'s> {
    /// Of `owner`, who has an empty cart.
    ///
    /// # Panics
    /// When something cannot be had.
    #[must_use]
    pub fn of(mut owner: Guest<'s>) -> Self {
        let sku = owner.shop.sku().create();
        let order = owner.buy(&sku, 2);
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let opened = owner
            .call("POST", "/api/v1/cart")
            .json(&json!({ "currency": "USD", "country": "VN" }))
            .send()
            .expect(201);
        owner.cart_id = text(&opened["cart"]["cart_id"]);
        owner.add(&sku, 1).expect(200);
        let code = json!({ "code": CODE });
        owner.call("POST", "/api/v1/cart/codes").json(&code).send().expect(200);
        let session_id = owner.check_out().session_id;
        let share = owner.share();
        let order_id = text(&order["order_id"]);
        let parameters = BTreeMap::from([
            ("line_id", sku.clone()),
            ("sku", sku.clone()),
            ("topic", "customer-created".to_owned()),
            ("session_id", session_id.clone()),
            ("share_id", share.share_id.clone()),
            ("order_id", order_id.clone()),
            ("order_number", text(&order["order_number"])),
            ("shipment_id", NOTHING.to_owned()),
            ("return_id", NOTHING.to_owned()),
            // Of these there are none, unless a test makes one.
            ("warehouse_id", TO_BE_PUT.to_owned()),
            ("country", "QZ".to_owned()),
            ("region", "QZ".to_owned()),
            ("zone", TO_BE_PUT.to_owned()),
            ("tax_class", TO_BE_PUT.to_owned()),
            ("method_id", TO_BE_PUT.to_owned()),
            ("currency", "QZX".to_owned()),
            ("fee_id", TO_BE_PUT.to_owned()),
            ("from", "VND".to_owned()),
            ("to", "EUR".to_owned()),
            ("quoted_at_ms", "1".to_owned()),
            ("table", "warehouse".to_owned()),
            ("entry", TO_BE_PUT.to_owned()),
            ("list", "skus".to_owned()),
            ("compensation_id", NOTHING.to_owned()),
            ("event_id", NOTHING.to_owned()),
            ("owner", NOBODY.to_owned()),
            ("customer_id", TO_BE_PUT.to_owned()),
            ("account_id", NOTHING.to_owned()),
            ("payment_method_id", "pm_of_a_scene".to_owned()),
            ("reward_id", TO_BE_PUT.to_owned()),
            ("receiver_id", TO_BE_PUT.to_owned()),
            ("rule_id", TO_BE_PUT.to_owned()),
            ("promotion_id", TO_BE_PUT.to_owned()),
            ("promotion_code", TO_BE_PUT.to_ascii_uppercase()),
            ("code", CODE.to_owned()),
        ]);
        Self { owner, sku, share, session_id, order_id, parameters }
    }

    /// With another value for a path parameter.
    #[must_use]
    pub fn with(mut self, parameter: &'static str, value: String) -> Self {
        self.parameters.insert(parameter, value);
        self
    }

    /// The path of `endpoint` with this scene's names.
    ///
    /// # Panics
    /// When it has no value for a parameter.
    #[must_use]
    pub fn path(&self, endpoint: &Endpoint) -> String {
        filled(endpoint, |name| {
            self.parameters
                .get(name)
                .cloned()
                .unwrap_or_else(|| panic!("{name} has no value in tests/e2e/src/scene.rs"))
        })
    }

    /// The path of `endpoint` with names that nothing can have.
    #[must_use]
    pub fn path_of_no_name(&self, endpoint: &Endpoint) -> String {
        filled(endpoint, |_| "a%20b".to_owned())
    }

    /// The path of `endpoint` with names that nothing has.
    #[must_use]
    pub fn path_of_nothing(&self, endpoint: &Endpoint) -> String {
        filled(endpoint, |name| {
            match name {
                "currency" => "QZW",
                "order_number" => "ORD-20200101-000001",
                "owner" => NOBODY,
                _ => NOTHING,
            }
            .to_owned()
        })
    }

    /// A good body: the document's example, about this scene's goods.
    ///
    /// # Panics
    /// When the document has no example of a body that is read.
    #[must_use]
    pub fn body(&self, row: &Row) -> Option<Value> {
        if row.body == Presence::Unread || row.media != [JSON] {
            return None;
        }
        Some(self.example(row, JSON))
    }

    /// A good file of rows or CloudEvent, of an operation that takes one.
    ///
    /// # Panics
    /// When the document has no example of it.
    #[must_use]
    pub fn sheet(&self, row: &Row) -> Option<(&'static str, String)> {
        let media_type = *row.media.first().filter(|first| **first != JSON)?;
        let example = self.example(row, media_type);
        let text = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
        Some((media_type, text))
    }

    fn example(&self, row: &Row, media_type: &str) -> Value {
        let example = contract::example(row.id, media_type)
            .unwrap_or_else(|| panic!("docs/openapi.json has no example of a body for {}", row.id));
        let text = ["TILL-0001", "TEAPOT-1"]
            .iter()
            .fold(example.to_string(), |text, sku| text.replace(sku, &self.sku));
        serde_json::from_str(&text).expect("an example is JSON")
    }

    /// A token that opens `row`.
    #[must_use]
    pub fn token(&self, row: &Row) -> String {
        match row.access {
            Access::Open
            | Access::Signed
            | Access::Newcomer
            | Access::Owner
            | Access::Viewer
            | Access::OwnerOr(_) => self.owner.token.clone(),
            Access::Customer => CustomerClaims::of("customer-of-a-scene").signed(SigningKey::Ec1),
            Access::Scope(scope) => self.owner.shop.token(scope),
            Access::Worker(_) => self.owner.shop.token("workers:run"),
        }
    }

    /// A call of `row` at `path` with nothing but what every request of it has: no credential, no
    /// body.
    pub fn bare(&self, row: &Row, path: &str) -> Call {
        let call = self.owner.shop.call(row.method.name(), path);
        if row.key == Presence::Unread { call } else { call.keyed(&unique("scene-")) }
    }

    /// A good call of `row` at `path`, by who shows `token`, or nobody.
    pub fn calling(&self, row: &Row, path: &str, token: Option<&str>) -> Call {
        let call = self.bare(row, path);
        let call = match (self.body(row), self.sheet(row)) {
            (Some(body), _) => call.json(&body),
            (None, Some((media_type, text))) => call.header("content-type", media_type).body(text),
            (None, None) => call,
        };
        match token {
            Some(token) => call.bearer(token),
            None => call,
        }
    }

    /// Calls `row` of `endpoint` as who shows `token`, or nobody.
    pub fn call(&self, (endpoint, row): (&Endpoint, &Row), token: Option<&str>) -> Reply {
        self.calling(row, &self.path(endpoint), token).send()
    }

    /// Puts the entries of the catalog's tables that this scene's paths name and other entries need.
    pub fn fills_tables(&self) {
        for id in ["put_warehouse", "put_method", "put_currency"] {
            let (endpoint, row) = operation(id);
            self.call((endpoint, row), Some(&self.token(row))).expect(200);
        }
    }

    /// Everything of it that a call could change.
    #[must_use]
    pub fn rows(&self) -> Vec<Value> {
        let shop: &Shop = self.owner.shop;
        let looks = [
            ("cart", "cart_id", &self.owner.cart_id),
            ("cart_line", "cart_id", &self.owner.cart_id),
            ("cart_share", "share_id", &self.share.share_id),
            ("checkout_session", "session_id", &self.session_id),
            ("reservation", "session_id", &self.session_id),
            ("saga", "cart_id", &self.owner.cart_id),
            ("orders", "order_id", &self.order_id),
            ("order_history", "order_id", &self.order_id),
            ("stock", "sku", &self.sku),
        ];
        looks.iter().flat_map(|(table, column, value)| shop.rows(table, column, value)).collect()
    }
}

fn filled(endpoint: &Endpoint, value: impl Fn(&str) -> String) -> String {
    let segments = endpoint
        .path
        .split('/')
        .map(|segment| segment.strip_prefix(':').map_or_else(|| segment.to_owned(), &value));
    segments.collect::<Vec<_>>().join("/")
}
