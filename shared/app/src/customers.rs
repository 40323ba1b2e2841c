//! `/api/v1/customers`: which group and segments each customer is in, for promotions and prices; and
//! what is kept of any person, shown whole and erased (SEC-6).
//!
//! A customer has a row from their first session on, or from the first time a program puts one.

use crate::{
    KeyedChange,
    catalog::tables::{self, HistoryPage, ListHistory},
    change::Apply as _,
    contact,
    cursor::Cursor,
    events::{CustomerErased, Event},
    operations::Act,
    order::{Order, OrderRow, render},
    page::PageSize,
    problem::refused,
    rewards::{EarnedReward, ShareCode},
    shop::Shop,
    stored_value::Account,
};
use callers::{Customer as Holder, Service};
use domain::{
    address::Contact,
    attributes::{Attributes, ClientReference},
    cart::CartStatus,
    ids::{
        CartId, Country, CustomerId, OrderId, OwnerId, Segment, SessionId, ShippingMethodId, Sku,
    },
    money::Currency,
};
use json::{Value, json};
use ports::Ports;
use seal::WrappedKey;
use serde::{Deserialize, Serialize};
use store::sql;
use terms::{Code, Done, Problem, Rendered};

/// Orders of an export.
const PAGE: PageSize = PageSize { default: 20, max: 100 };
const CUSTOMERS: PageSize = PageSize { default: 50, max: 500 };
/// Segments one customer may be in.
const SEGMENTS_MAX: usize = 50;

/// Which page of the customers.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListCustomers {
    /// Where the page before ended (`next_cursor`).
    cursor: Option<CustomerId>,
    /// Customers a page has, 1 to 500.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 500)))]
    limit: Option<i64>,
}

/// A page of the customers, by their ids.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CustomerPage {
    /// The customers.
    customers: Vec<Rendered<Customer>>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<CustomerId>,
}

/// What a customer belongs to: all of it, so what is left out they are in no more.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CustomerFacts {
    /// Their group, `wholesale`; null for none.
    customer_group: Option<Segment>,
    /// Their segments, each once.
    #[cfg_attr(feature = "schema", schemars(length(max = 50)))]
    segments: Vec<Segment>,
}

/// A customer.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Customer {
    /// Who: the `sub` of their provider's token.
    pub customer_id: CustomerId,
    /// Their group; null for none.
    pub customer_group: Option<Segment>,
    /// Their segments, in order of their names.
    pub segments: Vec<Segment>,
    /// When they were first seen.
    pub created_at_ms: i64,
    /// When their group or a segment was changed last.
    pub updated_at_ms: i64,
}

/// Which orders to show.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExportPage {
    /// Where the page before ended (`next_cursor`).
    #[cfg_attr(feature = "schema", schemars(with = "Option<OrderId>"))]
    cursor: Option<Cursor>,
    /// Orders a page has, 1 to 100.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100)))]
    limit: Option<i64>,
}

/// What is kept of a person.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Export {
    /// Who: `customer:…`, `guest:…` or `service:…`.
    owner: OwnerId,
    /// A customer's group and segments; null for a guest, and for who has had no session.
    customer: Option<Rendered<Customer>>,
    /// What the payment provider calls a customer who has saved a card there: it knows their cards
    /// by that, and the shop does not.
    provider_customer: Option<String>,
    /// A customer's points, credit and gift cards.
    accounts: Vec<Rendered<Account>>,
    /// What a customer was given for orders, oldest first.
    rewards: Vec<Rendered<EarnedReward>>,
    /// The codes a customer shares.
    share_codes: Vec<Rendered<ShareCode>>,
    /// Their carts that have not become orders.
    carts: Vec<Rendered<ExportedCart>>,
    /// What they gave at checkouts without an order; it goes by itself, 30 days after their time.
    checkouts: Vec<ExportedCheckout>,
    /// Their orders, oldest first.
    orders: Vec<Order>,
    /// When they were erased, each time.
    erasures: Vec<Rendered<Erasure>>,
    /// Where the next page of orders begins; null on the last.
    next_cursor: Option<OrderId>,
}

/// A cart of theirs.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExportedCart {
    /// The cart.
    pub cart_id: CartId,
    /// Where it is in its life.
    pub status: CartStatus,
    /// The currency of its prices.
    pub currency: Currency,
    /// Where it is expected to go.
    pub country: Country,
    /// When it was opened.
    pub created_at_ms: i64,
    /// When it was changed last.
    pub updated_at_ms: i64,
    /// What a client kept with it.
    pub attributes: Attributes,
    /// What the client called it.
    pub client_reference: Option<ClientReference>,
    /// Its lines.
    pub lines: Vec<ExportedLine>,
}

/// A line of a cart of theirs.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExportedLine {
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: i64,
    /// When it was added.
    pub added_at_ms: i64,
    /// What a client kept with it.
    pub attributes: Attributes,
}

/// What they gave at a checkout.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExportedCheckout {
    /// The session.
    session_id: SessionId,
    /// How it was to go.
    shipping_method: ShippingMethodId,
    /// The payment provider's token.
    payment_method: String,
    /// Whom to write to, where it goes, whom to bill.
    contact: Option<Contact>,
    /// When it began.
    created_at_ms: i64,
    /// When it ends.
    expires_at_ms: i64,
}

/// A person was erased.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Erasure {
    /// Who did it: `service:` and the `sub` of their token.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at_ms: i64,
}

/// A person is erased.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Erased {
    /// Who it was.
    pub owner: OwnerId,
    /// How many orders have lost their contact.
    pub orders: i64,
    /// When.
    pub erased_at_ms: i64,
}

#[derive(Deserialize)]
struct Facts {
    data_key: Option<WrappedKey>,
    customer: Option<Rendered<Customer>>,
    provider_customer: Option<String>,
    accounts: Vec<Rendered<Account>>,
    rewards: Vec<Rendered<EarnedReward>>,
    share_codes: Vec<Rendered<ShareCode>>,
    carts: Vec<Rendered<ExportedCart>>,
    checkouts: Vec<CheckoutRow>,
    orders: Vec<OrderRow>,
    erasures: Vec<Rendered<Erasure>>,
}

#[derive(Deserialize)]
struct CheckoutRow {
    session_id: SessionId,
    cart_id: CartId,
    shipping_method: ShippingMethodId,
    payment_method: String,
    contact: String,
    created_at_ms: i64,
    expires_at_ms: i64,
}

/// Customers, page by page in order of their ids.
///
/// # Errors
/// `invalid_field` for a limit out of range.
pub fn list(ports: &Ports<'_>, query: &ListCustomers) -> Result<Done<CustomerPage>, Problem> {
    let limit = CUSTOMERS.limit(query.limit)?;
    let cursor = query.cursor.as_ref().map_or("", CustomerId::as_str);
    let input = json!({ "cursor": cursor, "limit": limit.to_read() });
    let mut customers: Vec<Rendered<Customer>> =
        Shop::new(ports).list(&sql::CUSTOMER_LIST, &input)?;
    let next_cursor = limit
        .cut(&mut customers)
        .and_then(|last| CustomerId::try_from(last.text("customer_id")?).ok());
    Ok(Done::new(CustomerPage { customers, next_cursor }))
}

/// One customer.
///
/// # Errors
/// `customer_not_found`.
pub fn view(
    ports: &Ports<'_>,
    customer_id: &CustomerId,
) -> Result<Done<Rendered<Customer>>, Problem> {
    let input = json!({ "customer_id": customer_id });
    let found = Shop::new(ports).read(&sql::CUSTOMER_VIEW, &input)?;
    found.map(Done::new).ok_or_else(|| Problem::new(Code::CustomerNotFound))
}

/// Says which group and segments a customer is in, and no others. It counts from the next price on.
///
/// # Errors
/// `invalid_field` for too many segments, and for one that is named twice.
pub fn put(
    ports: &Ports<'_>,
    service: &Service,
    customer_id: &CustomerId,
    facts: CustomerFacts,
) -> Result<Done<Rendered<Customer>>, Problem> {
    let CustomerFacts { customer_group, segments } = facts;
    let segments = sorted(segments, "")?;
    let input = json!({
        "subject": subject(customer_id), "actor": service.actor(), "customer_id": customer_id,
        "customer_group": customer_group.as_ref().map_or("", Segment::as_str), "segments": segments,
    });
    match Shop::new(ports).apply::<Value>(&sql::CUSTOMER_PUT, &input)? {
        Ok(customer) => Ok(Done::new(Rendered::new(customer))),
        Err(refusal) => Err(refused(refusal)),
    }
}

/// Segments as they are read: so what changes nothing is no history.
fn sorted(mut segments: Vec<Segment>, at: &str) -> Result<Vec<Segment>, Problem> {
    if segments.len() > SEGMENTS_MAX {
        let right = format!("must have at most {SEGMENTS_MAX} entries");
        return Err(Problem::invalid_field(format!("{at}/segments"), right));
    }
    let repeated = segments
        .iter()
        .enumerate()
        .find(|(index, segment)| segments.iter().take(*index).any(|earlier| earlier == *segment));
    if let Some((index, _)) = repeated {
        return Err(Problem::invalid_field(format!("{at}/segments/{index}"), "must be named once"));
    }
    segments.sort();
    Ok(segments)
}

/// A customer whom another program has told of (EVT-3).
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CustomerTold {
    pub(crate) customer_id: CustomerId,
    customer_group: Option<Segment>,
    #[serde(default)]
    segments: Vec<Segment>,
    /// Since when they are one: the age of an account counts in reviews and promotions.
    #[serde(default)]
    pub(crate) created_at_ms: i64,
}

/// Takes in a customer of another program's. Whoever was put or told of before keeps group and
/// segments.
///
/// # Errors
/// `invalid_field` for too many segments, and for one that is named twice.
pub(crate) fn told(shop: &Shop<'_>, actor: &str, told: CustomerTold) -> Result<(), Problem> {
    let CustomerTold { customer_id, customer_group, segments, created_at_ms } = told;
    let segments = sorted(segments, "/data")?;
    let input = json!({
        "subject": subject(&customer_id), "actor": actor, "customer_id": customer_id, "segments": segments,
        "customer_group": customer_group.as_ref().map_or("", Segment::as_str), "created_at_ms": created_at_ms,
    });
    shop.apply::<Value>(&sql::CUSTOMER_TOLD, &input)?.map(drop).map_err(refused)
}

/// What was made of a customer, by whom and when, oldest first (SEC-4).
///
/// # Errors
/// `customer_not_found`; `invalid_field` for a limit out of range.
pub fn history(
    ports: &Ports<'_>,
    customer_id: &CustomerId,
    query: &ListHistory,
) -> Result<Done<HistoryPage>, Problem> {
    let page = tables::history_of(ports, &subject(customer_id), query)?;
    // Of whom nothing was made there is a row at least.
    if page.body.is_empty() {
        return view(ports, customer_id).map(|_| page);
    }
    Ok(page)
}

/// What a customer's history is found by.
fn subject(customer_id: &CustomerId) -> String {
    format!("customer/{customer_id}")
}

/// All that is kept of a person, contacts opened.
///
/// # Errors
/// `customer_not_found`; `invalid_field` for a limit out of range, and for a cursor that is none.
pub fn export(
    ports: &Ports<'_>,
    owner: &OwnerId,
    page: &ExportPage,
) -> Result<Done<Export>, Problem> {
    let limit = PAGE.limit(page.limit)?;
    let shop = Shop::new(ports);
    let input = json!({
        "owner": owner, "customer_id": Holder::id_in(owner.as_str()), "cursor": page.cursor, "limit": limit.to_read(),
    });
    let facts: Option<Facts> = shop.read(&sql::PERSON_EXPORT, &input)?;
    let Facts {
        data_key,
        customer,
        provider_customer,
        accounts,
        rewards,
        share_codes,
        carts,
        checkouts,
        mut orders,
        erasures,
    } = facts
        .filter(|facts| page.cursor.is_some() || !facts.is_nobody())
        .ok_or_else(|| Problem::new(Code::CustomerNotFound))?;
    let checkouts = checkouts.into_iter().map(|row| row.opened(&shop, data_key.as_ref()));
    let next_cursor = limit.cut(&mut orders).map(|last| last.order_id.clone());
    let orders = orders.into_iter().map(|order| render(&shop, order, true));
    Ok(Done::new(Export {
        owner: owner.clone(),
        customer,
        provider_customer,
        accounts,
        rewards,
        share_codes,
        carts,
        checkouts: checkouts.collect::<Result<_, _>>()?,
        orders: orders.collect::<Result<_, _>>()?,
        next_cursor,
        erasures,
    }))
}

impl Facts {
    /// Whether there is nothing of such a person.
    fn is_nobody(&self) -> bool {
        self.customer.is_none()
            && self.provider_customer.is_none()
            && self.accounts.is_empty()
            && self.rewards.is_empty()
            && self.share_codes.is_empty()
            && self.carts.is_empty()
            && self.checkouts.is_empty()
            && self.orders.is_empty()
            && self.erasures.is_empty()
    }
}

impl CheckoutRow {
    fn opened(
        self,
        shop: &Shop<'_>,
        data_key: Option<&WrappedKey>,
    ) -> Result<ExportedCheckout, Problem> {
        Ok(ExportedCheckout {
            contact: contact::open(shop, data_key, &self.cart_id, &self.contact)?,
            session_id: self.session_id,
            shipping_method: self.shipping_method,
            payment_method: self.payment_method,
            created_at_ms: self.created_at_ms,
            expires_at_ms: self.expires_at_ms,
        })
    }
}

/// Erases a person: their data key, and with it every contact of theirs; and a customer's row. What
/// the payment provider has of a customer, cards that were saved, is deleted there by the worker
/// `compensation-retry`.
///
/// # Errors
/// `customer_not_found` where there is neither; `cart_locked` while a payment of theirs
/// is asked for.
pub fn erase(
    ports: &Ports<'_>,
    service: &Service,
    owner: &OwnerId,
    body: &Act,
    change: &KeyedChange,
) -> Result<Done<Rendered<Erased>>, Problem> {
    let shop = Shop::new(ports);
    let actor = service.actor();
    let input = json!({
        "owner": owner, "customer_id": Holder::id_in(owner.as_str()), "cancel_id": shop.id(), "actor": actor, "reason": body.reason.0,
        "events": [Event::of(&shop, &CustomerErased { owner })],
    });
    change.apply(&shop, &actor, &sql::PERSON_ERASE, input)?.done(refused)
}
