//! A shopper's inputs, one function per command. What matters to a test is laid over them by
//! `with`.

use serde_json::{Value, json};
use store::sql;

use super::support::Database;

/// What a line of a test's order is: SKU, warehouse, quantity.
pub type Line = (&'static str, &'static str, i64);

/// Ten minutes, as reservations and sessions live here.
pub const TEN_MINUTES_MS: i64 = 600_000;
/// How long a cart waits for its next change here: longer than most tests go on.
pub const CART_IDLE_MS: i64 = 2 * 86_400_000;
/// How long its lines wait for its owner.
pub const RECOVERY_MS: i64 = 30 * 86_400_000;
/// How long a claim is believed.
pub const LEASE_MS: i64 = 30_000;

/// `over`'s fields in place of `base`'s.
pub fn with(mut base: Value, over: Value) -> Value {
    base.as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
    base
}

/// One event as a command takes it.
pub fn event(id: &str, aggregate: &str, kind: &str) -> Value {
    event_with(id, aggregate, kind, &[])
}

/// One event that the database completes with these members of the receipt.
pub fn event_with(id: &str, aggregate: &str, kind: &str, assigned: &[&str]) -> Value {
    json!({"event_id": id, "aggregate": aggregate, "type": kind, "data": {"said": kind}, "assigned": assigned})
}

/// An idempotency key with its fields.
pub fn keyed(key: &str) -> Value {
    json!({"idempotency_key": key, "request_hash": format!("hash of {key}"), "idempotency_ttl_ms": 86_400_000})
}

/// The demo price of `TILL-nnnn` in USD.
pub fn price_minor(sku: &str) -> i64 {
    999 + 10 * sku.trim_start_matches("TILL-").parse::<i64>().unwrap()
}

/// A shopper; every id of theirs is made of the name.
#[derive(Clone)]
pub struct Shopper(pub String);

/// A shopper by name.
pub fn shopper(name: &str) -> Shopper {
    Shopper(name.to_owned())
}

/// Pieces of lines of an order.
fn parts(lines: &[(i64, i64)]) -> Value {
    lines
        .iter()
        .map(|(line_no, quantity)| json!({"line_no": line_no, "quantity": quantity}))
        .collect()
}

impl Shopper {
    pub fn own(&self, noun: &str) -> String {
        format!("{noun}-{}", self.0)
    }

    pub fn cart_create(&self) -> Value {
        json!({"cart_id": self.own("cart"), "owner": self.0, "currency": "USD", "country": "VN",
            "cart_idle_ms": CART_IDLE_MS, "events": []})
    }

    pub fn add(&self, sku: &str, quantity: i64) -> Value {
        json!({"cart_id": self.own("cart"), "owner": self.0, "sku": sku, "quantity": quantity, "currency": "USD", "price_minor": price_minor(sku),
            "line_limit": 1000, "quantity_limit": 10000, "cart_idle_ms": CART_IDLE_MS, "if_versions": null, "idempotency_key": null, "events": []})
    }

    pub fn set(&self, sku: &str, quantity: i64) -> Value {
        with(self.clear(), json!({"sku": sku, "quantity": quantity, "quantity_limit": 10000}))
    }

    pub fn remove(&self, sku: &str) -> Value {
        with(self.clear(), json!({"sku": sku}))
    }

    pub fn clear(&self) -> Value {
        json!({"cart_id": self.own("cart"), "owner": self.0, "cart_idle_ms": CART_IDLE_MS, "if_versions": null, "idempotency_key": null, "events": []})
    }

    pub fn checkout(&self, cart_version: i64) -> Value {
        json!({"session_id": self.own("session"), "cart_id": self.own("cart"), "owner": self.0, "cart_version": cart_version, "country": "VN",
            "region": "", "shipping_method": "standard", "payment_method": "pm_card", "contact": self.contact(), "email_hashes": [self.own("email")], "address_hash": self.own("address"), "billing_country": "", "data_key_id": self.own("data-key"), "data_key": self.data_key(), "totals": {"total_minor": 3000},
            "session_ttl_ms": 3 * TEN_MINUTES_MS, "cart_idle_ms": CART_IDLE_MS, "idempotency_key": null})
    }

    /// As if it were sealed.
    pub fn contact(&self) -> String {
        format!("v2.{}.sealed", self.own("data-key"))
    }

    pub fn data_key(&self) -> Value {
        json!({"data_key_id": self.own("data-key"), "wrapped_by": "shop-key-1", "wrapped_key": format!("wrapped for {}", self.0)})
    }

    /// Takes `guest`'s cart into this one's, each line as it is said.
    pub fn merge(
        &self,
        guest: &Shopper,
        guest_version: i64,
        cart_version: Option<i64>,
        lines: &[(&str, i64)],
    ) -> Value {
        let lines: Vec<Value> =
            lines.iter().map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity, "price_minor": price_minor(sku)})).collect();
        json!({"guest_cart_id": guest.own("cart"), "guest_owner": guest.0, "guest_version": guest_version, "cart_id": self.own("cart"), "owner": self.0,
            "cart_version": cart_version, "currency": "USD", "country": "VN", "cart_idle_ms": CART_IDLE_MS, "lines": lines, "reply": {"lines": lines}, "idempotency_key": null,
            "events": [event(&self.own("merged"), &self.own("cart"), "cart.merged")]})
    }

    pub fn plan(&self, lines: &[Line]) -> Value {
        let lines: Vec<Value> = lines
            .iter()
            .enumerate()
            .map(|(at, (sku, warehouse, quantity))| {
                let line_no = at + 1;
                let total = quantity * price_minor(sku);
                json!({"line_no": line_no, "sku": sku, "product_id": "product-001", "name": format!("name of {sku}"), "quantity": quantity,
                "unit_price_minor": price_minor(sku), "subtotal_minor": total, "discount_minor": 0, "tax_minor": 0, "total_minor": total,
                "detail": {"tax_rate": "0.10"}, "warehouse_id": warehouse, "reservation_id": format!("hold-{}-{line_no}", self.0)})
            })
            .collect();
        json!({"order_id": self.own("order"), "payment_id": self.own("payment"), "provider": "stripe", "payment_method": "pm_card", "currency": "USD",
            "subtotal_minor": 2500, "discount_minor": 0, "shipping_minor": 500, "tax_minor": 0, "total_minor": 3000, "payable_minor": 3000, "draws": [], "events": [],
            "detail": {"shipping_method": "standard"}, "lines": lines})
    }

    pub fn confirm(&self, cart_version: i64, lines: &[Line]) -> Value {
        json!({"cool_down_ms": 0, "saga_id": self.own("saga"), "session_id": self.own("session"), "cart_id": self.own("cart"), "owner": self.0, "cart_version": cart_version,
            "idempotency_key": self.own("key"), "request_hash": "hash", "lease_token": self.own("lease"), "lease_ms": LEASE_MS,
            "reservation_ttl_ms": TEN_MINUTES_MS, "plan": self.plan(lines)})
    }

    /// Another key for the confirm that is under way.
    pub fn join(&self, key: &str) -> Value {
        json!({"owner": self.0, "saga_id": self.own("saga"), "idempotency_key": key, "request_hash": "hash"})
    }

    /// The next try of a confirm, which takes the place of the first one where that waits for its
    /// buyer.
    pub fn confirm_anew(&self, cart_version: i64, lines: &[Line]) -> Value {
        let mut confirm = with(
            self.confirm(cart_version, lines),
            json!({"saga_id": "saga-2", "idempotency_key": "key-2", "lease_token": "lease-2"}),
        );
        confirm["plan"]["payment_id"] = json!("payment-2");
        confirm["plan"]["order_id"] = json!("order-2");
        for (at, line) in confirm["plan"]["lines"].as_array_mut().unwrap().iter_mut().enumerate() {
            line["reservation_id"] = json!(format!("hold-2-{}", at + 1));
        }
        confirm
    }

    /// … and says so.
    pub fn confirm_instead(&self, cart_version: i64, lines: &[Line]) -> Value {
        with(
            self.confirm_anew(cart_version, lines),
            json!({"supersedes": self.own("saga"), "cancel_id": "cancel-2"}),
        )
    }

    /// What a bank's question leaves: a saga that waits for its buyer.
    pub fn is_at_the_bank(&self, shop: &Database, lines: &[Line]) {
        self.confirms(shop, lines);
        let asked = json!({"payment_state": "requires_action", "reference": self.own("pi")});
        shop.does(&sql::SAGA_SETTLE, &with(self.settle("awaiting_action"), asked));
    }

    /// A claim of which nothing is to be paid: each line is as much off as it costs.
    pub fn confirm_for_nothing(&self, cart_version: i64, lines: &[Line]) -> Value {
        let mut plan = self.plan(lines);
        let mut goods = 0;
        for line in plan["lines"].as_array_mut().unwrap() {
            goods += line["total_minor"].as_i64().unwrap();
            line["discount_minor"] = line["total_minor"].clone();
            line["total_minor"] = json!(0);
        }
        let money = json!({"provider": "none", "payment_method": "none", "subtotal_minor": goods, "discount_minor": goods + 500, "total_minor": 0, "payable_minor": 0,
            "detail": {"shipping": {"method_id": "standard", "total": {"amount_minor": 0, "currency": "USD"}}}});
        let uses = json!([{"promotion_id": "all-off", "version": 1, "code": "ALL", "amount_minor": goods + 500, "spent_minor": goods + 500}]);
        with(self.confirm(cart_version, lines), json!({"plan": with(plan, money), "uses": uses}))
    }

    /// A claim of which each of these accounts pays so much.
    pub fn confirm_drawing(
        &self,
        cart_version: i64,
        lines: &[Line],
        draws: &[(&str, i64)],
    ) -> Value {
        self.drawing(self.confirm(cart_version, lines), draws)
    }

    /// … over a claim.
    pub fn drawing(&self, claim: Value, draws: &[(&str, i64)]) -> Value {
        let drawn: i64 = draws.iter().map(|(_, units)| units).sum();
        let draws: Vec<Value> = draws
            .iter()
            .map(|(account_id, units)| {
                json!({"account_id": account_id, "kind": "credit", "customer_id": null, "units": units, "amount_minor": units})
            })
            .collect();
        let payable = claim["plan"]["total_minor"].as_i64().unwrap() - drawn;
        let money = json!({"draws": draws, "payable_minor": payable});
        let plan = with(claim["plan"].clone(), money);
        with(claim, json!({"draws": draws, "plan": plan}))
    }

    /// Claims what a code makes free of charge.
    pub fn confirms_for_nothing(&self, shop: &Database, lines: &[Line]) {
        let promotion =
            json!({"subject": "promotion/all-off", "actor": "desk", "promotion_id": "all-off"});
        let rule = json!({"rule": {"currency": "USD"}, "active": true, "by_code": true, "only_currency": "USD", "starts_at_ms": 0, "ends_at_ms": i64::MAX >> 10});
        shop.does(&sql::PROMOTION_PUT, &with(promotion.clone(), rule));
        shop.does(&sql::CODES_PUT, &with(promotion, json!({"codes": ["ALL"], "active": true})));
        let version = self.goes_to_checkout(shop, lines);
        shop.does(&sql::CONFIRM_BEGIN, &self.confirm_for_nothing(version, lines));
    }

    pub fn order_create(&self) -> Value {
        json!({"saga_id": self.own("saga"), "lease_token": self.own("lease"), "to_state": "capturing", "reference": self.own("pi"), "capture": true, "status": "confirmed", "reason": "checkout", "hold": null, "card": null,
            "events": [event_with(&self.own("created"), &self.own("order"), "orders.order.created", &["order_number", "created_at_ms"])]})
    }

    pub fn capture(&self) -> Value {
        json!({"saga_id": self.own("saga"), "lease_token": self.own("lease"), "to_state": "completed", "payment_state": "captured",
            "captured_minor": 3000, "tried": true, "retry_in_ms": 0, "alert": null, "compensation": null, "events": []})
    }

    /// As a driver does who has heard nothing since.
    pub fn settle(&self, to_state: &str) -> Value {
        json!({"saga_id": self.own("saga"), "lease_token": self.own("lease"), "from_states": ["authorizing"], "to_state": to_state, "reason": null,
            "retry_in_ms": 0, "leased_at_ms": i64::MAX, "payment_state": null, "reference": null, "free_cart": false, "release_stock": false, "compensation": null, "events": []})
    }

    pub fn compensation(&self, kind: &str) -> Value {
        json!({"compensation_id": self.own("compensation"), "kind": kind, "payment_id": self.own("payment"), "saga_id": self.own("saga"),
            "amount_minor": 3000, "reason": "why"})
    }

    pub fn cancel(&self) -> Value {
        json!({"order_id": self.own("order"), "order_version": 1, "legal_from": ["pending", "on_hold", "confirmed", "processing"], "actor": self.0,
            "reason": "changed my mind", "payment_state": "captured", "compensation": self.compensation("refund_payment"), "idempotency_key": null, "events": []})
    }

    /// Fills a cart; its version.
    pub fn fills_a_cart(&self, shop: &Database, lines: &[Line]) -> i64 {
        let mut receipt = shop.does(&sql::CART_CREATE, &self.cart_create());
        for (sku, _, quantity) in lines {
            receipt = shop.does(&sql::CART_ADD_LINE, &self.add(sku, *quantity));
        }
        receipt["version"].as_i64().unwrap()
    }

    /// Fills a cart and opens a session; the cart's version.
    pub fn goes_to_checkout(&self, shop: &Database, lines: &[Line]) -> i64 {
        let version = self.fills_a_cart(shop, lines);
        shop.does(&sql::CHECKOUT_BEGIN, &self.checkout(version));
        version
    }

    /// … and claims the confirm; the saga.
    pub fn confirms(&self, shop: &Database, lines: &[Line]) -> Value {
        let version = self.goes_to_checkout(shop, lines);
        shop.does(&sql::CONFIRM_BEGIN, &self.confirm(version, lines))
    }

    /// … is authorized and has an order whose payment waits to be captured; the receipt.
    pub fn orders(&self, shop: &Database, lines: &[Line]) -> Value {
        self.confirms(shop, lines);
        shop.does(&sql::ORDER_CREATE, &self.order_create())
    }

    /// An order whose money stays held.
    pub fn orders_for_later(&self, shop: &Database, lines: &[Line]) {
        self.confirms(shop, lines);
        let held = json!({"to_state": "completed", "capture": false});
        shop.does(&sql::ORDER_CREATE, &with(self.order_create(), held));
    }

    /// … that is asked for.
    pub fn capture_order(&self, order_version: i64) -> Value {
        let asked =
            event(&self.own("asked"), &self.own("order"), "orders.payment.capture_requested");
        with(
            self.changes(order_version, &["confirmed"]),
            json!({"reason": "capture asked for", "events": [asked]}),
        )
    }

    /// What every change of its order names: the version that it was read at, and the states that
    /// allow it.
    pub fn changes(&self, order_version: i64, legal_from: &[&str]) -> Value {
        json!({"order_id": self.own("order"), "order_version": order_version, "legal_from": legal_from, "actor": "service:desk", "reason": "said so",
            "if_versions": null, "reply": {}, "idempotency_key": null, "events": []})
    }

    /// … that has come to another state.
    pub fn moves(&self, order_version: i64, from: &str, to: &str) -> Value {
        with(
            self.changes(order_version, &[from]),
            json!({"to_status": to, "reply": {"status": to}}),
        )
    }

    /// … of which pieces of lines leave, of a paid order in the warehouse.
    pub fn ships(&self, order_version: i64, shipment: &str, lines: &[(i64, i64)]) -> Value {
        with(
            self.changes(order_version, &["processing", "partially_shipped"]),
            json!({"to_status": "shipped", "payment_state": "captured", "reply": {"status": "shipped"},
                "shipment": {"shipment_id": shipment, "lines": parts(lines), "carrier": "DHL", "tracking_number": "JD1", "tracking_url": null}}),
        )
    }

    /// … and arrive.
    pub fn receives(&self, order_version: i64, shipments: &[&str], lines: &[(i64, i64)]) -> Value {
        with(
            self.changes(order_version, &["partially_shipped", "shipped"]),
            json!({"to_status": "delivered", "shipment_ids": shipments, "lines": parts(lines), "completed": true, "reply": {"status": "delivered"}}),
        )
    }

    /// An order that is paid at the door: no provider is asked.
    pub fn pays_at_the_door(&self, shop: &Database, lines: &[Line]) {
        let cart_version = self.goes_to_checkout(shop, lines);
        let door = json!({"provider": "none", "payment_method": "cash_on_delivery"});
        let claim =
            with(self.confirm(cart_version, lines), json!({"plan": with(self.plan(lines), door)}));
        shop.does(&sql::CONFIRM_BEGIN, &claim);
        let made = json!({"to_state": "completed", "reference": null, "capture": false});
        shop.does(&sql::ORDER_CREATE, &with(self.order_create(), made));
    }

    /// An order that waits for a payment which is made elsewhere, for so long.
    pub fn pays_elsewhere(&self, shop: &Database, lines: &[Line], due_in_ms: i64) {
        let cart_version = self.goes_to_checkout(shop, lines);
        let elsewhere = json!({"provider": "none", "payment_method": "external"});
        let plan = with(self.plan(lines), elsewhere);
        let claim = with(self.confirm(cart_version, lines), json!({"plan": plan}));
        shop.does(&sql::CONFIRM_BEGIN, &claim);
        let made = json!({"to_state": "completed", "reference": null, "capture": false, "status": "pending", "due_in_ms": due_in_ms});
        shop.does(&sql::ORDER_CREATE, &with(self.order_create(), made));
    }

    /// Has an order of which nothing was to be paid; the receipt.
    pub fn gets_for_nothing(&self, shop: &Database, lines: &[Line]) -> Value {
        self.confirms_for_nothing(shop, lines);
        shop.does(
            &sql::ORDER_CREATE,
            &with(
                self.order_create(),
                json!({"to_state": "completed", "reference": null, "capture": false}),
            ),
        )
    }

    /// … and has paid.
    pub fn pays(&self, shop: &Database, lines: &[Line]) -> Value {
        let receipt = self.orders(shop, lines);
        shop.does(&sql::PAYMENT_CAPTURE, &self.capture());
        receipt
    }
}
