//! Every endpoint, declared once: which component serves it, where, by which methods, and for whom.
//!
//! The functions take their path from here, and a test (`tests/tidy`) holds this table, the manifests, the
//! folders and the crates together: an endpoint that is missing in one of them does not pass.

/// Who may call a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Open,
    /// The owner of what is asked for: everybody else gets 404 (CART-2).
    Owner,
    /// The owner, or a service with this scope.
    OwnerOr(&'static str),
    /// A service with this scope.
    Scope(&'static str),
    /// A service with `workers:run`, or with a scope for this one worker.
    Worker(&'static str),
}

/// One path of one component.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    /// The component, which is also the crate and the wasm file.
    pub component: &'static str,
    /// The path, with `:name` for a segment.
    pub path: &'static str,
    /// The methods and who may call each.
    pub methods: &'static [(&'static str, Access)],
}

/// Declares the endpoints and the list of them all.
macro_rules! endpoints {
    ($($(#[doc = $doc:literal])+ $name:ident: $component:literal $path:literal [$($method:literal $access:expr),+];)+) => {
        $($(#[doc = $doc])+ pub const $name: Endpoint = Endpoint { component: $component, path: $path, methods: &[$(($method, $access)),+] };)+

        /// All of them.
        pub const ENDPOINTS: &[Endpoint] = &[$($name),+];
    };
}

use Access::{Open, Owner, OwnerOr, Scope, Worker};

endpoints! {
    /// The caller's cart: open it, look at it, clear it. Opening needs no credential: it makes a guest.
    CART: "cart-current" "/api/v1/cart" ["GET" Owner, "POST" Open, "DELETE" Owner];
    /// Add to the cart.
    CART_ITEMS: "cart-items" "/api/v1/cart/items" ["POST" Owner];
    /// One line of the cart.
    CART_ITEM: "cart-item" "/api/v1/cart/items/:line_id" ["PUT" Owner, "DELETE" Owner];
    /// What the cart would cost.
    CART_TOTALS: "cart-totals" "/api/v1/cart/totals" ["GET" Owner];
    /// How the cart could be sent.
    CART_SHIPPING_METHODS: "cart-shipping-methods" "/api/v1/cart/shipping-methods" ["GET" Owner];
    /// Begin a checkout.
    CHECKOUT: "checkout-sessions" "/api/v1/checkout" ["POST" Owner];
    /// A checkout session.
    CHECKOUT_SESSION: "checkout-session" "/api/v1/checkout/:session_id" ["GET" Owner];
    /// From a session to one paid order.
    CHECKOUT_CONFIRM: "checkout-confirm" "/api/v1/checkout/:session_id/confirm" ["POST" Owner];
    /// The caller's orders; a service creates one.
    ORDERS: "order-orders" "/api/v1/orders" ["GET" OwnerOr("orders:read"), "POST" Scope("orders:write")];
    /// One order by its id.
    ORDER: "order-by-id" "/api/v1/orders/:order_id" ["GET" OwnerOr("orders:read")];
    /// One order by its number.
    ORDER_BY_NUMBER: "order-by-number" "/api/v1/orders/number/:order_number" ["GET" OwnerOr("orders:read")];
    /// Cancel a whole order.
    ORDER_CANCEL: "order-cancel" "/api/v1/orders/:order_id/cancel" ["POST" OwnerOr("orders:write")];
    /// The catalog, page by page; bulk import.
    SKUS: "catalog-skus" "/api/v1/catalog/skus" ["GET" Scope("catalog:read"), "POST" Scope("catalog:write")];
    /// One SKU with its prices.
    SKU: "catalog-sku" "/api/v1/catalog/skus/:sku" ["GET" Scope("catalog:read"), "PUT" Scope("catalog:write")];
    /// What there is of a SKU, and its changes.
    STOCK: "catalog-stock" "/api/v1/catalog/skus/:sku/stock" ["GET" Scope("catalog:read"), "POST" Scope("catalog:write")];
    /// Does the component run?
    HEALTH_LIVE: "ops-health" "/health/live" ["GET" Open];
    /// Can requests be served?
    HEALTH_READY: "ops-health" "/health/ready" ["GET" Open];
    /// As ready.
    HEALTH: "ops-health" "/health" ["GET" Open];
    /// Everything we call, each timed.
    HEALTH_DEPENDENCIES: "ops-health" "/health/dependencies" ["GET" Open];
    /// The variables in force, secrets masked.
    CONFIG: "ops-config" "/api/v1/config" ["GET" Scope("config:read")];
    /// Sends waiting events to the sink.
    OUTBOX_RELAY: "workers-outbox-relay" "/internal/workers/outbox-relay" ["GET" Worker("outbox-relay"), "POST" Worker("outbox-relay")];
    /// Gives expired reservations back to stock.
    RESERVATION_CLEANUP: "workers-reservation-cleanup" "/internal/workers/reservation-cleanup" ["GET" Worker("reservation-cleanup"), "POST" Worker("reservation-cleanup")];
    /// Drives on the sagas whose driver has gone.
    SAGA_RECOVERY: "workers-saga-recovery" "/internal/workers/saga-recovery" ["GET" Worker("saga-recovery"), "POST" Worker("saga-recovery")];
    /// Tries again what is owed to the payment provider.
    COMPENSATION_RETRY: "workers-compensation-retry" "/internal/workers/compensation-retry" ["GET" Worker("compensation-retry"), "POST" Worker("compensation-retry")];
}
