//! `GET /api/v1/orders/:order_id`, `/api/v1/orders/:order_id/status-history` and
//! `/api/v1/orders/number/:order_number`.

use super::{not_found, refund::Refund, returns::Return, ship::LinePart};
use crate::{contact, shop::Shop};
use callers::OwnerOrService;
use domain::{
    address::{Address, Contact, Email, Notes},
    attributes::{Attributes, ClientReference},
    ids::{
        AccountId, CartId, Country, FraudRuleId, OrderId, OrderNumber, PaymentId, ReservationId,
        SessionId, ShipmentId, ShippingMethodId, Sku, WarehouseId,
    },
    money::{Currency, Money},
    order::OrderStatus,
    payment::PaymentState,
    shipment::{Carrier, TrackingNumber, TrackingUrl},
    stored_value::{AccountKind, DrawState},
    tax::TaxRate,
    totals::{Adjustment, FeeTotals, ShippingTotals, UsedPromotion},
};
use json::json;
use ports::Ports;
use seal::WrappedKey;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use store::sql;
use terms::{Done, Problem, Rendered};

/// An order, whole.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Order {
    /// The order.
    order_id: OrderId,
    /// The number people use for it.
    order_number: OrderNumber,
    /// The cart it was.
    cart_id: CartId,
    /// The checkout session it was.
    session_id: SessionId,
    /// Where it is in its life.
    status: OrderStatus,
    /// Its version, the entity tag.
    version: i64,
    /// The currency of all its money.
    currency: Currency,
    /// All lines before discount.
    subtotal: Money,
    /// All that came off.
    discount: Money,
    /// The shipping before discount.
    shipping: Money,
    /// The tax on shipping.
    shipping_tax: Option<Money>,
    /// All tax.
    tax: Money,
    /// What is paid.
    total: Money,
    /// The steps that led to the total.
    adjustments: Option<Rendered<Vec<Adjustment>>>,
    /// The promotions that took something off, with the rate where their amounts are in another
    /// currency.
    promotions: Option<Rendered<Vec<UsedPromotion>>>,
    /// The fees, ordered by id.
    fees: Option<Rendered<Vec<FeeTotals>>>,
    /// The shipping as it was rated.
    shipping_method: Option<Rendered<ShippingTotals>>,
    /// What it was rated for.
    destination: Option<Rendered<RatedFor>>,
    /// The kind of payment: `card`, `online` (what the buyer chose in the provider's element),
    /// `cash_on_delivery`, `external` or `none`.
    payment_method: Option<String>,
    /// The payment's state.
    payment_status: Option<PaymentState>,
    /// The payment.
    payment: Option<Payment>,
    /// What accounts of stored value have paid of it.
    stored_value: Vec<Drawn>,
    /// Why it waits for a person, or waited; null but for services, and for an order that did not.
    hold: Option<Held>,
    /// Whose it is; null but for services.
    owner: Option<String>,
    /// Where to write to; null of a person who was erased, as are the three below.
    email: Option<Email>,
    /// Where it goes.
    shipping_address: Option<Address>,
    /// Whom to bill, if not there.
    billing_address: Option<Address>,
    /// What the buyer wanted to say.
    notes: Option<Notes>,
    /// What the client kept with the cart; empty of a person who was erased.
    attributes: Option<Rendered<Attributes>>,
    /// What the client called it.
    client_reference: Option<Rendered<ClientReference>>,
    /// What was bought; a SKU from two warehouses is two lines.
    lines: Vec<OrderLine>,
    /// What has left, oldest first.
    shipments: Vec<Rendered<Shipment>>,
    /// What of it comes back, or has, oldest first.
    returns: Vec<Rendered<Return>>,
    /// What of its money has gone back, or is on its way, oldest first.
    refunds: Vec<Rendered<Refund>>,
    /// Every state it has been in.
    status_history: Vec<Rendered<StatusChange>>,
    /// When it was made.
    created_at_ms: i64,
    /// When it was changed last.
    updated_at_ms: i64,
    /// When it ends unpaid.
    expires_at_ms: Option<i64>,
    /// When it was cancelled.
    cancelled_at_ms: Option<i64>,
    /// When it was completed.
    completed_at_ms: Option<i64>,
}

/// Why an order waits for a person.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "OrderHold"))]
pub struct Held {
    /// What the rules of fraud added up to.
    score: i64,
    /// Which they were.
    rules: Vec<FraudRuleId>,
}

/// A line of an order, frozen when it was made.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderLine {
    /// Its number in the order, from 1.
    line_no: i64,
    /// What was bought.
    sku: Sku,
    /// The product it is a variant of.
    product_id: String,
    /// Its name then.
    name: String,
    /// How many.
    quantity: i64,
    /// What one cost.
    unit_price: Money,
    /// Unit price times quantity.
    subtotal: Money,
    /// What came off.
    discount: Money,
    /// The tax on it.
    tax: Money,
    /// The rate of that tax.
    tax_rate: Option<Rendered<TaxRate>>,
    /// Whether the unit price held the tax.
    tax_inclusive: Option<bool>,
    /// What is paid for it.
    total: Money,
    /// What the client kept with the line.
    attributes: Option<Rendered<Attributes>>,
    /// Where it comes from.
    warehouse_id: WarehouseId,
    /// The stock held for it.
    reservation_id: ReservationId,
    /// How many were cancelled before they left.
    cancelled_quantity: i64,
    /// How many have left.
    shipped_quantity: i64,
    /// How many of those have arrived.
    delivered_quantity: i64,
    /// How many of those are back.
    returned_quantity: i64,
    /// For how many money has gone back, or is on its way.
    refunded_quantity: i64,
    /// What of its total has.
    refunded: Money,
}

/// What of an order left together.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Shipment {
    /// The shipment.
    shipment_id: ShipmentId,
    /// What left with it.
    lines: Vec<LinePart>,
    /// Who carries it.
    carrier: Option<Carrier>,
    /// The carrier's number for it.
    tracking_number: Option<TrackingNumber>,
    /// Where its way can be followed.
    tracking_url: Option<TrackingUrl>,
    /// When it left.
    shipped_at_ms: i64,
    /// When it arrived.
    delivered_at_ms: Option<i64>,
}

/// What shipping and tax were rated for.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RatedFor {
    /// The country.
    pub(crate) country: Country,
    /// The part of it; empty where none was named.
    #[cfg_attr(feature = "schema", schemars(schema_with = "region_or_empty"))]
    pub(crate) region: String,
    /// The method.
    pub(crate) shipping_method: ShippingMethodId,
}

/// A payment.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Payment {
    /// The payment.
    payment_id: PaymentId,
    /// Who takes it.
    provider: String,
    /// The provider's token that it is made with.
    method: String,
    /// Where it is in its life.
    state: PaymentState,
    /// What was agreed to.
    amount: Money,
    /// What was taken of it.
    captured: Money,
    /// What was given back.
    refunded: Money,
    /// How a dispute of its buyer stands at the provider: `open`, `won`, `lost` or `withdrawn`; null
    /// without one.
    dispute: Option<String>,
}

/// What an account of stored value has paid of an order.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "StoredValueTender")
)]
pub struct Drawn {
    /// The account.
    account_id: AccountId,
    /// What it holds.
    kind: AccountKind,
    /// What left it, in minor units or points.
    units: i64,
    /// What that paid.
    amount: Money,
    /// Whether the order has it, or has given it back.
    state: DrawState,
}

/// One step in an order's life.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// How an order's total was made, frozen when it was: part of the plan, and of the order.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct OrderDetail {
    pub(crate) adjustments: Option<Rendered<Vec<Adjustment>>>,
    pub(crate) destination: Option<Rendered<RatedFor>>,
    pub(crate) fees: Option<Rendered<Vec<FeeTotals>>>,
    pub(crate) payment_method: Option<String>,
    pub(crate) promotions: Option<Rendered<Vec<UsedPromotion>>>,
    pub(crate) shipping: Option<Rendered<ShippingTotals>>,
    pub(crate) shipping_tax: Option<Money>,
}

/// The same of a line.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LineDetail {
    /// Kept with the row, and shown by no reply.
    #[serde(skip_deserializing)]
    pub(crate) added_price: Option<Money>,
    /// Likewise.
    #[serde(skip_deserializing)]
    pub(crate) category: Option<String>,
    pub(crate) tax_inclusive: Option<bool>,
    pub(crate) tax_rate: Option<Rendered<TaxRate>>,
}

/// An order's row with all that hangs on it.
#[derive(Debug, Deserialize)]
pub(crate) struct OrderRow {
    pub(crate) order_id: OrderId,
    owner: String,
    order_number: OrderNumber,
    cart_id: CartId,
    session_id: SessionId,
    status: OrderStatus,
    version: i64,
    currency: Currency,
    subtotal_minor: i64,
    discount_minor: i64,
    shipping_minor: i64,
    tax_minor: i64,
    total_minor: i64,
    detail: OrderDetail,
    contact: String,
    data_key: Option<WrappedKey>,
    created_at_ms: i64,
    updated_at_ms: i64,
    expires_at_ms: Option<i64>,
    cancelled_at_ms: Option<i64>,
    completed_at_ms: Option<i64>,
    attributes: Option<Rendered<Attributes>>,
    client_reference: Option<Rendered<ClientReference>>,
    hold: Option<Held>,
    lines: Vec<LineRow>,
    shipments: Vec<Rendered<Shipment>>,
    returns: Vec<Rendered<Return>>,
    refunds: Vec<Rendered<Refund>>,
    history: Vec<Rendered<StatusChange>>,
    payment: Option<OrderPayment>,
    draws: Vec<DrawRow>,
}

#[derive(Debug, Deserialize)]
struct LineRow {
    line_no: i64,
    sku: Sku,
    product_id: String,
    name: String,
    quantity: i64,
    unit_price_minor: i64,
    subtotal_minor: i64,
    discount_minor: i64,
    tax_minor: i64,
    total_minor: i64,
    detail: LineDetail,
    attributes: Option<Rendered<Attributes>>,
    warehouse_id: WarehouseId,
    reservation_id: ReservationId,
    cancelled_quantity: i64,
    shipped_quantity: i64,
    delivered_quantity: i64,
    returned_quantity: i64,
    refunded_quantity: i64,
    refunded_minor: i64,
}

/// A draw of an order.
#[derive(Debug, Deserialize)]
struct DrawRow {
    account_id: AccountId,
    kind: AccountKind,
    units: i64,
    amount_minor: i64,
    state: DrawState,
}

/// The payment of an order.
#[derive(Debug, Deserialize)]
struct OrderPayment {
    payment_id: PaymentId,
    state: PaymentState,
    provider: String,
    method: String,
    amount_minor: i64,
    captured_minor: i64,
    refunded_minor: i64,
    dispute: Option<String>,
}

/// An order by its id.
///
/// # Errors
/// `order_not_found`, for somebody else's too.
pub fn by_id(
    ports: &Ports<'_>,
    caller: &OwnerOrService,
    order_id: &OrderId,
) -> Result<Done<Rendered<Order>>, Problem> {
    view(ports, caller, Which::Id(order_id))
}

/// An order by its number (ORD-2).
///
/// # Errors
/// As [`by_id`].
pub fn by_number(
    ports: &Ports<'_>,
    caller: &OwnerOrService,
    order_number: &OrderNumber,
) -> Result<Done<Rendered<Order>>, Problem> {
    view(ports, caller, Which::Number(order_number))
}

fn view(
    ports: &Ports<'_>,
    caller: &OwnerOrService,
    which: Which<'_>,
) -> Result<Done<Rendered<Order>>, Problem> {
    let shop = Shop::new(ports);
    let order: OrderRow = read(&shop, caller.owner(), which)?;
    let version = order.version;
    let shown = render(&shop, order, caller.owner().is_none())?;
    Ok(Done::new(Rendered::of(&shown)).representation(version))
}

/// Where an order is, and every state it has been in: appended, and never changed.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StatusHistory {
    /// The order.
    order_id: OrderId,
    /// The number people use.
    order_number: OrderNumber,
    /// Where it is now.
    status: OrderStatus,
    /// Its version.
    version: i64,
    /// Oldest first.
    #[serde(rename(deserialize = "history"))]
    status_history: Vec<Rendered<StatusChange>>,
}

/// The states that an order has been in, with who and why (ORD-7).
///
/// # Errors
/// As [`by_id`].
pub fn status_history(
    ports: &Ports<'_>,
    caller: &OwnerOrService,
    order_id: &OrderId,
) -> Result<Done<StatusHistory>, Problem> {
    let shown: StatusHistory = read(&Shop::new(ports), caller.owner(), Which::Id(order_id))?;
    let version = shown.version;
    Ok(Done::new(shown).representation(version))
}

/// How an order is asked for.
pub(super) enum Which<'a> {
    /// By its id.
    Id(&'a OrderId),
    /// By the number people use.
    Number(&'a OrderNumber),
}

/// One order, of `owner` or of anybody, as far as `R` knows it.
pub(super) fn read<R: DeserializeOwned>(
    shop: &Shop<'_>,
    owner: Option<&str>,
    which: Which<'_>,
) -> Result<R, Problem> {
    let (order_id, order_number) = match which {
        Which::Id(id) => (Some(id), None),
        Which::Number(number) => (None, Some(number)),
    };
    let input = json!({ "order_id": order_id, "order_number": order_number, "owner": owner });
    shop.read(&sql::ORDER_VIEW, &input)?.ok_or_else(not_found)
}

/// An order as it is shown; whose it is to services alone.
pub(crate) fn render(
    shop: &Shop<'_>,
    order: OrderRow,
    names_owner: bool,
) -> Result<Order, Problem> {
    let currency = order.currency;
    let money = |minor| Money::new(minor, currency);
    let contact = contact::open(shop, order.data_key.as_ref(), &order.cart_id, &order.contact)?;
    let (email, shipping_address, billing_address, notes) = match contact {
        Some(Contact { email, shipping_address, billing_address, notes }) => {
            (Some(email), Some(shipping_address), billing_address, notes)
        }
        None => (None, None, None, None),
    };
    let OrderDetail {
        adjustments,
        destination,
        fees,
        payment_method,
        promotions,
        shipping,
        shipping_tax,
    } = order.detail;
    Ok(Order {
        order_id: order.order_id,
        order_number: order.order_number,
        cart_id: order.cart_id,
        session_id: order.session_id,
        status: order.status,
        version: order.version,
        currency,
        subtotal: money(order.subtotal_minor),
        discount: money(order.discount_minor),
        shipping: money(order.shipping_minor),
        shipping_tax,
        tax: money(order.tax_minor),
        total: money(order.total_minor),
        adjustments,
        promotions,
        fees,
        shipping_method: shipping,
        destination,
        payment_method,
        payment_status: order.payment.as_ref().map(|payment| payment.state),
        payment: order.payment.map(|payment| payment.render(currency)),
        stored_value: order.draws.into_iter().map(|draw| draw.render(currency)).collect(),
        hold: order.hold.filter(|_| names_owner),
        owner: names_owner.then_some(order.owner),
        email,
        shipping_address,
        billing_address,
        notes,
        attributes: order.attributes,
        client_reference: order.client_reference,
        lines: order.lines.into_iter().map(|line| line.render(currency)).collect(),
        shipments: order.shipments,
        returns: order.returns,
        refunds: order.refunds,
        status_history: order.history,
        created_at_ms: order.created_at_ms,
        updated_at_ms: order.updated_at_ms,
        expires_at_ms: order.expires_at_ms,
        cancelled_at_ms: order.cancelled_at_ms,
        completed_at_ms: order.completed_at_ms,
    })
}

impl LineRow {
    fn render(self, currency: Currency) -> OrderLine {
        let money = |minor| Money::new(minor, currency);
        OrderLine {
            line_no: self.line_no,
            sku: self.sku,
            product_id: self.product_id,
            name: self.name,
            quantity: self.quantity,
            unit_price: money(self.unit_price_minor),
            subtotal: money(self.subtotal_minor),
            discount: money(self.discount_minor),
            tax: money(self.tax_minor),
            tax_rate: self.detail.tax_rate,
            tax_inclusive: self.detail.tax_inclusive,
            total: money(self.total_minor),
            attributes: self.attributes,
            warehouse_id: self.warehouse_id,
            reservation_id: self.reservation_id,
            cancelled_quantity: self.cancelled_quantity,
            shipped_quantity: self.shipped_quantity,
            delivered_quantity: self.delivered_quantity,
            returned_quantity: self.returned_quantity,
            refunded_quantity: self.refunded_quantity,
            refunded: money(self.refunded_minor),
        }
    }
}

impl DrawRow {
    fn render(self, currency: Currency) -> Drawn {
        let Self { account_id, kind, units, amount_minor, state } = self;
        Drawn { account_id, kind, units, amount: Money::new(amount_minor, currency), state }
    }
}

impl OrderPayment {
    fn render(self, currency: Currency) -> Payment {
        let money = |minor| Money::new(minor, currency);
        Payment {
            payment_id: self.payment_id,
            provider: self.provider,
            method: self.method,
            state: self.state,
            amount: money(self.amount_minor),
            captured: money(self.captured_minor),
            refunded: money(self.refunded_minor),
            dispute: self.dispute,
        }
    }
}

#[cfg(feature = "schema")]
fn region_or_empty(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "string", "pattern": "^[A-Z0-9]{0,10}$" })
}
