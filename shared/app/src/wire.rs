//! The replies that are written without a type of their own, as types for the API document alone.
//!
//! A receipt is rendered by SQL, an order from its row: a struct between them and the wire would cost every component its
//! bytes. What these types say is held against the running functions by the end-to-end suite, which refuses every reply
//! that they do not describe, down to the last field.

use crate::{checkout::PaymentToken, operations::EventState, ops::Dependency};
use domain::{
    address::{Address, Email, Notes},
    compensation::{CompensationKind, CompensationStatus, Outcome},
    ids::{
        CartId, CompensationId, Country, EventId, LineId, OrderId, OrderNumber, PaymentId, Region, ReservationId, SagaId, SessionId,
        ShareId, ShippingMethodId, Sku, WarehouseId,
    },
    money::{Currency, Money},
    order::OrderStatus,
    payment::PaymentState,
    quantity::Quantity,
    shipping::ShippingQuote,
    stock::Shortage,
    tax::TaxRate,
    totals::{Adjustment, ShippingTotals, Totals, Warning},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::collections::BTreeMap;

pub use crate::catalog::SkuRecord;

/// Minor units by currency.
pub(crate) fn prices(generator: &mut SchemaGenerator) -> Schema {
    let currency = generator.subschema_for::<Currency>();
    json_schema!({
        "type": "object", "propertyNames": currency,
        "additionalProperties": { "type": "integer", "format": "int64", "minimum": 1, "maximum": 100_000_000_000_i64 },
    })
}

/// What a change of one line has made of it.
#[derive(Debug, JsonSchema)]
pub struct LineChanged {
    /// The cart.
    pub cart_id: CartId,
    /// The cart's version now.
    pub version: i64,
    /// The line.
    pub line_id: LineId,
    /// What is bought.
    pub sku: Sku,
    /// How many there are now; 0 once the line is removed.
    #[schemars(range(min = 0, max = 10_000))]
    pub quantity: i64,
    /// What one costs now; absent if it is not sold, or removed.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Money>,
    /// What the buyer should know; absent for a removed line.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<Warning>>,
}

/// An emptied cart.
#[derive(Debug, JsonSchema)]
pub struct Cleared {
    /// The cart.
    pub cart_id: CartId,
    /// Its version now.
    pub version: i64,
    /// Its lines: 0.
    #[schemars(range(min = 0, max = 0))]
    pub lines: i64,
}

/// The shares that open a cart.
#[derive(Debug, JsonSchema)]
pub struct Shares {
    /// Oldest first; not their tokens, which are kept nowhere.
    pub shares: Vec<Share>,
}

/// A share of a cart.
#[derive(Debug, JsonSchema)]
pub struct Share {
    /// The share.
    pub share_id: ShareId,
    /// When it was made.
    pub created_at_ms: i64,
    /// When it ends.
    pub expires_at_ms: i64,
}

/// A share that is no more.
#[derive(Debug, JsonSchema)]
pub struct ShareRevoked {
    /// The cart.
    pub cart_id: CartId,
    /// The share.
    pub share_id: ShareId,
}

/// The methods that would carry a cart.
#[derive(Debug, JsonSchema)]
pub struct ShippingMethods {
    /// Each with what it costs, all parcels together.
    pub methods: Vec<ShippingQuote>,
}

/// Where a checkout session is in its life.
#[derive(Debug, JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum SessionStatus {
    /// May be confirmed.
    Open,
    /// Past its time.
    Expired,
    /// The checkout was begun anew.
    Replaced,
    /// There is an order.
    Completed,
    /// The buyer closed it.
    Abandoned,
}

/// A checkout session that has begun.
#[derive(Debug, JsonSchema)]
pub struct SessionBegun {
    /// The session.
    pub session_id: SessionId,
    /// The cart it is of.
    pub cart_id: CartId,
    /// The version of the cart it is of.
    pub cart_version: i64,
    /// `open`.
    pub status: SessionStatus,
    /// How it goes.
    pub shipping_method: ShippingMethodId,
    /// Equal hashes, equal money.
    pub quote_hash: String,
    /// What is agreed to.
    pub totals: Totals,
    /// What the buyer should know.
    pub warnings: Vec<Warning>,
    /// When it began.
    pub created_at_ms: i64,
    /// When its prices were read.
    pub prices_validated_at_ms: i64,
    /// When it ends.
    pub expires_at_ms: i64,
}

/// A checkout session, with what is reserved for it.
#[derive(Debug, JsonSchema)]
pub struct SessionView {
    /// The session as it was begun.
    #[schemars(flatten)]
    pub session: SessionBegun,
    /// What is held for it.
    pub reservations: Vec<Reservation>,
    /// The payment it waits for; null if there is none under way.
    pub payment: Option<SessionPayment>,
}

/// A payment that is under way.
#[derive(Debug, JsonSchema)]
pub struct SessionPayment {
    /// Whom it waits for.
    pub status: SessionPaymentStatus,
    /// The token it is paid with.
    pub payment_method: PaymentToken,
    /// Until when the stock is held for it.
    pub expires_at_ms: Option<i64>,
}

/// Whom a payment waits for.
#[derive(Debug, JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum SessionPaymentStatus {
    /// The provider.
    Processing,
    /// The buyer: confirm again with the same key for `client_secret` and `next_action_url`.
    RequiresAction,
}

/// A checkout session that is closed.
#[derive(Debug, JsonSchema)]
pub struct SessionClosed {
    /// The session.
    pub session_id: SessionId,
    /// The cart it was of.
    pub cart_id: CartId,
    /// `abandoned`; or `replaced`, if it was over already.
    pub status: SessionStatus,
}

/// Stock that is held.
#[derive(Debug, JsonSchema)]
pub struct Reservation {
    /// The reservation.
    pub reservation_id: ReservationId,
    /// What is held.
    pub sku: Sku,
    /// Where.
    pub warehouse_id: WarehouseId,
    /// How many.
    pub quantity: Quantity,
    /// Whether it ends by itself.
    pub status: ReservationStatus,
    /// When it ends; null once it is committed.
    pub expires_at_ms: Option<i64>,
    /// Whether that has come.
    pub is_expired: bool,
}

/// Whether held stock may go back.
#[derive(Debug, JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum ReservationStatus {
    /// Until its time.
    Active,
    /// For good: there is an order.
    Committed,
}

/// There is an order.
#[derive(Debug, JsonSchema)]
pub struct OrderPlaced {
    /// The order.
    pub order_id: OrderId,
    /// The number people use for it.
    pub order_number: OrderNumber,
    /// `confirmed`.
    pub status: OrderStatus,
    /// `authorized`; the order says what has become of it.
    pub payment_status: PaymentState,
    /// What was agreed to.
    pub total: Money,
    /// The cart it was.
    pub cart_id: CartId,
    /// When it was made.
    pub created_at_ms: i64,
}

/// An order, whole.
#[derive(Debug, JsonSchema)]
pub struct Order {
    /// The order.
    pub order_id: OrderId,
    /// The number people use for it.
    pub order_number: OrderNumber,
    /// The cart it was.
    pub cart_id: CartId,
    /// The checkout session it was.
    pub session_id: SessionId,
    /// Where it is in its life.
    pub status: OrderStatus,
    /// Its version, the entity tag.
    pub version: i64,
    /// The currency of all its money.
    pub currency: Currency,
    /// All lines before discount.
    pub subtotal: Money,
    /// All that came off.
    pub discount: Money,
    /// The shipping before discount.
    pub shipping: Money,
    /// The tax on shipping.
    pub shipping_tax: Option<Money>,
    /// All tax.
    pub tax: Money,
    /// What is paid.
    pub total: Money,
    /// The steps that led to the total.
    pub adjustments: Option<Vec<Adjustment>>,
    /// The shipping as it was rated.
    pub shipping_method: Option<ShippingTotals>,
    /// What it was rated for.
    pub destination: Option<RatedFor>,
    /// The kind of payment: `card`.
    pub payment_method: Option<String>,
    /// The payment's state.
    pub payment_status: Option<PaymentState>,
    /// The payment.
    pub payment: Option<Payment>,
    /// Where to write to.
    pub email: Email,
    /// Where it goes.
    pub shipping_address: Address,
    /// Whom to bill, if not there.
    pub billing_address: Option<Address>,
    /// What the buyer wanted to say.
    pub notes: Option<Notes>,
    /// What was bought; a SKU from two warehouses is two lines.
    pub lines: Vec<OrderLine>,
    /// Every state it has been in.
    pub status_history: Vec<StatusChange>,
    /// When it was made.
    pub created_at_ms: i64,
    /// When it was changed last.
    pub updated_at_ms: i64,
    /// When it ends unpaid.
    pub expires_at_ms: Option<i64>,
    /// When it was cancelled.
    pub cancelled_at_ms: Option<i64>,
    /// When it was completed.
    pub completed_at_ms: Option<i64>,
}

/// A line of an order, frozen when it was made.
#[derive(Debug, JsonSchema)]
pub struct OrderLine {
    /// Its number in the order, from 1.
    pub line_no: i64,
    /// What was bought.
    pub sku: Sku,
    /// The product it is a variant of.
    pub product_id: String,
    /// Its name then.
    pub name: String,
    /// How many.
    pub quantity: i64,
    /// What one cost.
    pub unit_price: Money,
    /// Unit price times quantity.
    pub subtotal: Money,
    /// What came off.
    pub discount: Money,
    /// The tax on it.
    pub tax: Money,
    /// The rate of that tax.
    pub tax_rate: Option<TaxRate>,
    /// Whether the unit price held the tax.
    pub tax_inclusive: Option<bool>,
    /// What is paid for it.
    pub total: Money,
    /// Where it comes from.
    pub warehouse_id: WarehouseId,
    /// The stock held for it.
    pub reservation_id: ReservationId,
}

/// What shipping and tax were rated for.
#[derive(Debug, JsonSchema)]
pub struct RatedFor {
    /// The country.
    pub country: Country,
    /// The part of it; empty where none was named.
    #[schemars(schema_with = "region_or_empty")]
    pub region: Region,
    /// The method.
    pub shipping_method: ShippingMethodId,
}

fn region_or_empty(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[A-Z0-9]{0,10}$" })
}

/// A payment.
#[derive(Debug, JsonSchema)]
pub struct Payment {
    /// The payment.
    pub payment_id: PaymentId,
    /// Who takes it.
    pub provider: String,
    /// The provider's token that it is made with.
    pub method: String,
    /// Where it is in its life.
    pub state: PaymentState,
    /// What was agreed to.
    pub amount: Money,
    /// What was taken of it.
    pub captured: Money,
    /// What was given back.
    pub refunded: Money,
}

/// One step in an order's life.
#[derive(Debug, JsonSchema)]
pub struct StatusChange {
    /// Its number, from 1.
    pub seq: i64,
    /// Before; null for the first.
    pub from_status: Option<OrderStatus>,
    /// After.
    pub to_status: OrderStatus,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at_ms: i64,
}

/// A page of orders, newest first.
#[derive(Debug, JsonSchema)]
pub struct OrderPage {
    /// The orders.
    pub orders: Vec<OrderSummary>,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<OrderId>,
}

/// An order in a list.
#[derive(Debug, JsonSchema)]
pub struct OrderSummary {
    /// The order.
    pub order_id: OrderId,
    /// The number people use for it.
    pub order_number: OrderNumber,
    /// Where it is in its life.
    pub status: OrderStatus,
    /// What is paid.
    pub total: Money,
    /// When it was made.
    pub created_at_ms: i64,
}

/// A cancelled order.
#[derive(Debug, JsonSchema)]
pub struct OrderCancelled {
    /// The order.
    pub order_id: OrderId,
    /// The number people use for it.
    pub order_number: OrderNumber,
    /// `cancelled`.
    pub status: OrderStatus,
    /// Its version now.
    pub version: i64,
    /// When.
    pub cancelled_at_ms: i64,
    /// `restocked`: with the same statement.
    pub stock: String,
    /// The payment's state as it was found; absent without a payment.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub payment_status: Option<PaymentState>,
    /// What follows for the payment.
    #[schemars(schema_with = "compensation_or_none")]
    pub compensation: CompensationKind,
}

fn compensation_or_none(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<&str> = CompensationKind::NAMES.iter().copied().chain(["none"]).collect();
    json_schema!({ "type": "string", "enum": names })
}

/// A page of the catalog, by code.
#[derive(Debug, JsonSchema)]
pub struct SkuPage {
    /// The SKUs.
    pub skus: Vec<SkuRecord>,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<Sku>,
}

/// What an import did.
#[derive(Debug, JsonSchema)]
pub struct Imported {
    /// SKUs added or replaced.
    pub count: u64,
}

/// A SKU's stock.
#[derive(Debug, JsonSchema)]
pub struct Stock {
    /// The SKU.
    pub sku: Sku,
    /// Where there is any.
    pub warehouses: Vec<WarehouseStock>,
}

/// What one warehouse has.
#[derive(Debug, JsonSchema)]
pub struct WarehouseStock {
    /// The warehouse.
    pub warehouse_id: WarehouseId,
    /// What lies there.
    #[schemars(range(min = 0))]
    pub on_hand: i64,
    /// What of it is promised.
    #[schemars(range(min = 0))]
    pub reserved: i64,
    /// What is not.
    pub available: i64,
}

/// What a movement made of a SKU's stock in one warehouse.
#[derive(Debug, JsonSchema)]
pub struct StockMoved {
    /// The SKU.
    pub sku: Sku,
    /// The warehouse.
    pub warehouse_id: WarehouseId,
    /// What lies there now.
    #[schemars(range(min = 0))]
    pub on_hand: i64,
    /// What of it is promised.
    #[schemars(range(min = 0))]
    pub reserved: i64,
}

/// A page of what is owed to the payment provider, oldest first.
#[derive(Debug, JsonSchema)]
pub struct CompensationPage {
    /// What is owed.
    pub compensations: Vec<Compensation>,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<CompensationId>,
}

/// Something owed to the payment provider.
#[derive(Debug, JsonSchema)]
pub struct Compensation {
    /// The compensation.
    pub compensation_id: CompensationId,
    /// What is owed.
    pub kind: CompensationKind,
    /// How far it has come.
    pub state: CompensationStatus,
    /// What it came of.
    pub reason: String,
    /// The payment it is owed for.
    pub payment_id: PaymentId,
    /// The order; null where none was made.
    pub order_id: Option<OrderId>,
    /// How much. The void of an order's payment says 0: it is of all that is held.
    pub amount: Money,
    /// Tries since it was made, or since an operator had it begin anew.
    pub attempts: i64,
    /// How often an operator had it begin anew.
    pub retries: i64,
    /// When the first of those tries failed.
    pub failing_since_ms: Option<i64>,
    /// When it is tried next, while it is `pending`.
    pub next_attempt_at_ms: i64,
    /// What the last try came to.
    pub last_error: Option<String>,
    /// When it was made.
    pub created_at_ms: i64,
}

/// Something owed to the payment provider, whole.
#[derive(Debug, JsonSchema)]
pub struct CompensationView {
    /// As in a list.
    #[schemars(flatten)]
    pub compensation: Compensation,
    /// The confirm that the payment was made for.
    pub saga_id: SagaId,
    /// The provider's name for the refund, once there is one.
    pub refund_reference: Option<String>,
    /// Whether a worker has it at this moment.
    pub leased: bool,
    /// The payment.
    pub payment: OwedPayment,
    /// The order; null where none was made.
    pub order: Option<OwedOrder>,
    /// What operators did to it, oldest first.
    pub history: Vec<HistoryEntry>,
}

/// The payment that something is owed for.
#[derive(Debug, JsonSchema)]
pub struct OwedPayment {
    /// Who takes it.
    pub provider: String,
    /// The provider's name for it, to look for at its desk.
    pub reference: Option<String>,
    /// Where it is in its life.
    pub state: PaymentState,
    /// What was agreed to.
    pub amount: Money,
    /// What was taken of it.
    pub captured: Money,
    /// What was given back.
    pub refunded: Money,
}

/// The order that something is owed for.
#[derive(Debug, JsonSchema)]
pub struct OwedOrder {
    /// The order.
    pub order_id: OrderId,
    /// The number people use for it.
    pub order_number: OrderNumber,
    /// Where it is in its life.
    pub status: OrderStatus,
}

/// What an operator did.
#[derive(Debug, JsonSchema)]
pub struct HistoryEntry {
    /// Its number, from 1.
    pub seq: i64,
    /// `retried` or `resolved`.
    pub kind: String,
    /// Who: `service:` and the `sub` of their token.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at_ms: i64,
    /// As it was found.
    pub data: Found,
}

/// As an operator found it.
#[derive(Debug, JsonSchema)]
pub struct Found {
    /// The state it was in.
    pub state: String,
    /// The tries it had.
    pub attempts: i64,
    /// When the first of them failed.
    pub failing_since_ms: Option<i64>,
    /// What the last came to.
    pub last_error: Option<String>,
    /// What was said of the money, of one that was settled.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// A compensation that is tried again.
#[derive(Debug, JsonSchema)]
pub struct CompensationRetried {
    /// The compensation.
    pub compensation_id: CompensationId,
    /// `pending`.
    pub state: CompensationStatus,
    /// Its tries: 0 for one that was given up.
    pub attempts: i64,
    /// How often an operator had it begin anew.
    pub retries: i64,
    /// When it is due: now.
    pub next_attempt_at_ms: i64,
}

/// A compensation that is settled.
#[derive(Debug, JsonSchema)]
pub struct CompensationResolved {
    /// The compensation.
    pub compensation_id: CompensationId,
    /// `resolved`.
    pub state: CompensationStatus,
    /// What was said of the money.
    pub outcome: Outcome,
    /// Where the payment is now.
    pub payment_state: PaymentState,
}

/// A page of events that are not published, oldest first.
#[derive(Debug, JsonSchema)]
pub struct EventPage {
    /// The events.
    pub events: Vec<WaitingEvent>,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<i64>,
}

/// An event in the outbox.
#[derive(Debug, JsonSchema)]
pub struct WaitingEvent {
    /// The event: the `id` of its CloudEvent.
    pub event_id: EventId,
    /// Its number among all events: the `sequence` of its CloudEvent.
    pub sequence: i64,
    /// What happened.
    #[serde(rename = "type")]
    pub event_type: String,
    /// What it happened to; events of one subject go out in order.
    pub subject: String,
    /// Where it is.
    pub state: EventState,
    /// Tries since it was made, or since an operator had it sent again.
    pub attempts: i64,
    /// When the first of those tries failed.
    pub failing_since_ms: Option<i64>,
    /// When it is sent next, while it is `pending`.
    pub next_attempt_at_ms: i64,
    /// When it happened.
    pub created_at_ms: i64,
    /// Why it was given up.
    pub last_error: Option<String>,
}

/// An event, whole.
#[derive(Debug, JsonSchema)]
pub struct EventView {
    /// As in a list.
    #[schemars(flatten)]
    pub event: WaitingEvent,
    /// What it says.
    pub data: BTreeMap<String, serde_json::Value>,
    /// Whether a relay has it at this moment.
    pub leased: bool,
    /// What operators did to it, oldest first.
    pub history: Vec<HistoryEntry>,
}

/// An event that is sent again.
#[derive(Debug, JsonSchema)]
pub struct EventRetried {
    /// The event.
    pub event_id: EventId,
    /// `pending`.
    pub state: EventState,
    /// Its tries: 0 for one that was given up.
    pub attempts: i64,
    /// When it is due: now.
    pub next_attempt_at_ms: i64,
}

/// An event that is given up for good.
#[derive(Debug, JsonSchema)]
pub struct EventResolved {
    /// The event.
    pub event_id: EventId,
    /// `resolved`.
    pub state: EventState,
}

/// A page of alerts, oldest first.
#[derive(Debug, JsonSchema)]
pub struct AlertPage {
    /// The alerts.
    pub alerts: Vec<Alert>,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}

/// Something that somebody has to look at, raised once per cause.
#[derive(Debug, JsonSchema)]
pub struct Alert {
    /// Its cause: `compensation_dead:` and a compensation, `outbox_dead:` and an event, `audit:` and a broken rule …
    pub alert_id: String,
    /// What was found; of the audit's it is a document as text.
    pub detail: String,
    /// When it was raised.
    pub at_ms: i64,
}

/// The component runs.
#[derive(Debug, JsonSchema)]
pub struct Live {
    /// `ok`.
    pub status: String,
}

/// How the shop is.
#[derive(Debug, JsonSchema)]
pub struct Health {
    /// `ok`, or `down` when one of them is.
    pub status: String,
    /// What was looked at.
    pub dependencies: Vec<Dependency>,
}

/// The schema of the database.
#[derive(Debug, JsonSchema)]
pub struct SchemaVersion {
    /// The version that is there; 0 for an empty database.
    pub version: i64,
    /// The version that these functions need.
    pub needed: i64,
}

/// What a migration found and left.
#[derive(Debug, JsonSchema)]
pub struct Migrated {
    /// The version that was there; 0 for an empty database.
    pub from: i64,
    /// The version that is there now.
    pub to: i64,
}

/// A problem (RFC 9457). `code` is stable; the members after `field` come with the codes they are described for.
#[derive(Debug, JsonSchema)]
pub struct Problem {
    /// The code as a URI.
    #[schemars(extend("format" = "uri"))]
    #[serde(rename = "type")]
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
    pub current: Option<crate::cart::Cart>,
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
