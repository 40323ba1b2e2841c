//! `/api/v1/customers/:owner/…`: what is kept of a person is shown whole, and erased (SEC-6).

use crate::{
    KeyedChange,
    change::Apply as _,
    contact,
    cursor::Cursor,
    events::{CustomerErased, Event},
    operations::Act,
    order::{Order, OrderRow, render},
    page::PageSize,
    problem::refused,
    shop::Shop,
};
use callers::Service;
use domain::{
    address::Contact,
    cart::CartStatus,
    ids::{CartId, Country, OrderId, OwnerId, SessionId, ShippingMethodId, Sku},
    money::Currency,
};
use json::json;
use ports::Ports;
use seal::WrappedKey;
use serde::{Deserialize, Serialize};
use store::sql;
use terms::{Code, Done, Problem, Rendered};

const PAGE: PageSize = PageSize { default: 20, max: 100 };

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
    let input = json!({ "owner": owner, "cursor": page.cursor, "limit": limit.to_read() });
    let facts: Option<Facts> = shop.read(&sql::PERSON_EXPORT, &input)?;
    let Facts { data_key, carts, checkouts, mut orders, erasures } = facts
        .filter(|facts| page.cursor.is_some() || !facts.is_nobody())
        .ok_or_else(|| Problem::new(Code::CustomerNotFound))?;
    let checkouts = checkouts.into_iter().map(|row| row.opened(&shop, data_key.as_ref()));
    let next_cursor = limit.cut(&mut orders).map(|last| last.order_id.clone());
    let orders = orders.into_iter().map(|order| render(&shop, order, true));
    Ok(Done::new(Export {
        owner: owner.clone(),
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
        self.carts.is_empty()
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

/// Erases a person: their data key, and with it every contact of theirs.
///
/// # Errors
/// `customer_not_found` where nothing is sealed for them; `cart_locked` while a payment of theirs
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
        "owner": owner, "cancel_id": shop.id(), "actor": actor, "reason": body.reason.0,
        "events": [Event::of(&shop, &CustomerErased { owner })],
    });
    change.apply(&shop, &actor, &sql::PERSON_ERASE, input)?.done(refused)
}
