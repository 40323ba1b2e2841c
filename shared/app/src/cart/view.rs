//! `GET /api/v1/cart`: the cart as it stands now, in one statement of any size (CART-4).

use super::not_found;
use crate::shop::Shop;
use callers::Viewer;
use domain::{
    attributes::{Attributes, ClientReference},
    cart::CartStatus,
    ids::{CartId, Country, LineId, Sku},
    money::{Currency, Money},
    promotion::Code,
    quantity::Quantity,
    stock::StockVerdict,
    totals::{Warning, WarningCode},
};
use json::json;
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::sql;
use terms::{Done, Problem, Rendered};

/// A cart as the database tells it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct CartRow {
    pub(crate) cart_id: CartId,
    pub(crate) status: CartStatus,
    pub(crate) currency: Currency,
    pub(crate) country: Country,
    pub(crate) version: i64,
    pub(crate) updated_at_ms: i64,
    pub(crate) expires_at_ms: i64,
    attributes: Rendered<Attributes>,
    client_reference: Option<Rendered<ClientReference>>,
    pub(crate) codes: Vec<Code>,
    pub(crate) lines: Vec<LineRow>,
}

/// A line with the catalog's, price list's and stock's word on it. Missing words are `None`, never
/// a default.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct LineRow {
    pub(crate) sku: Sku,
    pub(crate) quantity: Quantity,
    pub(crate) added_price_minor: i64,
    attributes: Rendered<Attributes>,
    pub(crate) name: Option<String>,
    pub(crate) active: bool,
    pub(crate) price_minor: Option<i64>,
    pub(crate) available: Option<i64>,
}

/// A cart as the storefront sees it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Cart {
    /// The cart.
    cart_id: CartId,
    /// Where it is in its life.
    status: CartStatus,
    /// The currency of its prices.
    currency: Currency,
    /// Where it is expected to go.
    country: Country,
    /// What `If-Match` is compared with.
    pub(crate) version: i64,
    /// Its lines, oldest first.
    lines: Vec<Line>,
    /// The codes given for it, in the order of the alphabet; what they do is the totals' affair.
    #[cfg_attr(feature = "schema", schemars(length(max = 5)))]
    codes: Vec<Code>,
    /// The sum of the lines that have a price; tax, shipping and discounts are the totals' affair.
    subtotal: Money,
    /// What the client keeps with it; absent for who holds a share, as in its lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<Rendered<Attributes>>,
    /// What the client calls it, if it has said so; never for who holds a share.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_reference: Option<Rendered<ClientReference>>,
    /// When it was changed last.
    updated_at_ms: i64,
    /// When it ends unless it is touched; for who holds a share, when that ends.
    expires_at_ms: i64,
    /// What the buyer should know.
    warnings: Vec<Warning>,
}

/// A line as the storefront sees it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CartLine"))]
pub struct Line {
    /// The line.
    line_id: LineId,
    /// What is bought.
    sku: Sku,
    /// Its name; null if the catalog has lost it.
    name: Option<String>,
    /// How many.
    quantity: Quantity,
    /// What one costs now; null if it is not sold.
    unit_price: Option<Money>,
    /// What one cost when it was added.
    added_price: Money,
    /// Whether those two differ.
    price_changed: bool,
    /// Unit price times quantity.
    line_total: Option<Money>,
    /// What the client keeps with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<Rendered<Attributes>>,
    /// What stock says of it.
    #[serde(flatten)]
    stock: StockVerdict,
}

/// A cart that a share opens, and until when it does.
#[derive(Deserialize)]
struct SharedRow {
    cart: CartRow,
    expires_at_ms: i64,
}

/// The caller's cart, or the one they hold a share of. Its tag is of the whole reply: prices and
/// stock change without a new version, and a client that revalidates must see that (PRICE-3).
///
/// # Errors
/// `cart_not_found`.
pub fn view(ports: &Ports<'_>, viewer: &Viewer) -> Result<Done<Cart>, Problem> {
    let shop = Shop::new(ports);
    let cart = match viewer {
        Viewer::Owner(owner) => read(&shop, owner)?,
        Viewer::Share(token_hash) => {
            let shared = shop.read(&sql::CART_VIEW_SHARED, &json!({ "token_hash": token_hash }))?;
            let SharedRow { cart, expires_at_ms } = shared.ok_or_else(not_found)?;
            let mut shown = render(cart, expires_at_ms)?;
            // What the client keeps may be what its owner wrote.
            shown.attributes = None;
            shown.client_reference = None;
            shown.lines.iter_mut().for_each(|line| line.attributes = None);
            shown
        }
    };
    let version = cart.version;
    Ok(Done::new(cart).representation(version))
}

/// The owner's live cart.
pub(super) fn read(shop: &Shop<'_>, owner: &str) -> Result<Cart, Problem> {
    find(shop, owner)?.ok_or_else(not_found)
}

/// The owner's live cart, if they have one.
pub(super) fn find(shop: &Shop<'_>, owner: &str) -> Result<Option<Cart>, Problem> {
    let row: Option<CartRow> = shop.read(&sql::CART_VIEW, &json!({ "owner": owner }))?;
    row.map(shown).transpose()
}

/// A cart as its owner sees it.
pub(crate) fn shown(row: CartRow) -> Result<Cart, Problem> {
    let expires_at_ms = row.expires_at_ms;
    render(row, expires_at_ms)
}

fn render(row: CartRow, expires_at_ms: i64) -> Result<Cart, Problem> {
    let currency = row.currency;
    let overflow = |error| Problem::internal(format!("cart {}: {error}", row.cart_id));
    let mut lines = Vec::with_capacity(row.lines.len());
    let mut warnings = Vec::new();
    let mut subtotal = Money::zero(currency);
    for line in row.lines {
        let line_id = line_id(&line.sku)?;
        let unit_price =
            line.price_minor.filter(|_| line.active).map(|minor| Money::new(minor, currency));
        let line_total = unit_price
            .map(|price| price.mul_quantity(line.quantity))
            .transpose()
            .map_err(overflow)?;
        if let Some(total) = line_total {
            subtotal = subtotal.checked_add(total).map_err(overflow)?;
        }
        let stock = verdict(line.quantity.get(), line.available);
        warnings.extend(warn(&line_id, &line.sku, unit_price.is_some(), stock));
        lines.push(Line {
            line_id,
            name: line.name,
            quantity: line.quantity,
            unit_price,
            added_price: Money::new(line.added_price_minor, currency),
            price_changed: line.price_minor != Some(line.added_price_minor),
            line_total,
            attributes: Some(line.attributes),
            stock,
            sku: line.sku,
        });
    }
    Ok(Cart {
        cart_id: row.cart_id,
        codes: row.codes,
        status: row.status,
        currency,
        country: row.country,
        version: row.version,
        lines,
        subtotal,
        attributes: Some(row.attributes),
        client_reference: row.client_reference,
        updated_at_ms: row.updated_at_ms,
        expires_at_ms,
        warnings,
    })
}

/// A line's id is its SKU: a cart has one line per SKU.
pub(crate) fn line_id(sku: &Sku) -> Result<LineId, Problem> {
    LineId::try_from(sku.as_str()).map_err(|error| Problem::internal(format!("line: {error}")))
}

/// What stock says of a quantity without reserving any; a missing word is "unknown" (CART-3).
pub(super) fn verdict(quantity: i64, available: Option<i64>) -> StockVerdict {
    match available {
        Some(available) if available >= quantity => StockVerdict::Available,
        Some(available) => StockVerdict::Short { available },
        None => StockVerdict::Unknown,
    }
}

/// What the buyer should know of a line before it fails them.
pub(super) fn warn(line_id: &LineId, sku: &Sku, priced: bool, stock: StockVerdict) -> Vec<Warning> {
    let warning = |code, detail| Warning { code, detail, line_id: Some(line_id.clone()) };
    let mut warnings = Vec::new();
    if !priced {
        warnings.push(warning(WarningCode::NotSold, format!("{sku} is not sold at the moment")));
    }
    match stock {
        StockVerdict::Available => {}
        StockVerdict::Short { available } => {
            warnings.push(warning(
                WarningCode::InsufficientStock,
                format!("{available} of {sku} are available"),
            ));
        }
        StockVerdict::Unknown => warnings
            .push(warning(WarningCode::StockUnknown, format!("the stock of {sku} is not known"))),
    }
    warnings
}
