//! A problem as a client gets it.
//!
//! What a problem carries beside its code is set where it arises, a member at a time ([`edge::Problem::with`]), so there is no type that is
//! written: this is the one that stands for it, for the document alone. The end-to-end suite holds every problem against it.

use app::cart::Cart;
use domain::{
    ids::{OrderId, OrderNumber, Sku},
    money::Money,
    order::OrderStatus,
    stock::Shortage,
    totals::Totals,
};
use schemars::JsonSchema;

/// A problem (RFC 9457). `code` is stable; the members after `field` come with the codes they are described for.
#[expect(dead_code, reason = "read as a schema alone")]
#[derive(Debug, JsonSchema)]
pub struct Problem {
    /// The code as a URI.
    #[schemars(extend("format" = "uri"))]
    #[schemars(rename = "type")]
    pub problem_type: String,
    /// The same for every occurrence.
    pub title: String,
    /// The HTTP status.
    #[schemars(range(min = 400, max = 599))]
    pub status: u16,
    /// What kind of problem it is.
    pub code: String,
    /// What happened this time, for the client's developer.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The value it is about: a JSON pointer, or the name of a header, query or path parameter.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What the log has more under.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// `version_conflict`: the cart as it is.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub current: Option<Cart>,
    /// `quantity_out_of_range`: the least.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<i64>,
    /// `quantity_out_of_range`: the most.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<i64>,
    /// `body_too_large`: how many bytes would do.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub limit_bytes: Option<u64>,
    /// `scope_missing`: the scope that is needed.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// `sku_unknown` from the totals: the SKU that is no longer sold.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub sku: Option<Sku>,
    /// `insufficient_stock`: what is short.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<Shortage>>,
    /// `price_changed`, `session_stale`: what the buyer was shown.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub agreed_total: Option<Money>,
    /// `price_changed`, `session_stale`, `total_mismatch`: what it is now.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub current_total: Option<Money>,
    /// `price_changed`, `session_stale`: why.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub totals: Option<Totals>,
    /// `cart_completed`: the order.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// `cart_completed`: its number.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub order_number: Option<OrderNumber>,
    /// `illegal_transition`: where the order is.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub order_status: Option<OrderStatus>,
    /// `illegal_transition`: where it can go.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub legal: Option<Vec<OrderStatus>>,
    /// `payment_declined`: the provider's reason.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub decline_code: Option<String>,
    /// `payment_declined`: until when the stock is held for another try.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub reserved_until_ms: Option<i64>,
    /// `payment_action_required`: for the provider's own library.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// `payment_action_required`: where the buyer acts.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub next_action_url: Option<String>,
}
