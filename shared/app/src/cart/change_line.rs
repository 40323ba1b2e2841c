//! `PUT` and `DELETE /api/v1/cart/items/:line_id`, `DELETE /api/v1/cart`: replace a quantity,
//! remove a line, clear.

use super::{
    conflict, idle_ms, not_found, quantity,
    view::{self, CartRow},
};
use crate::{
    Change,
    change::apply_over_attempt,
    events::{CartCleared, CartItemRemoved, CartQuantityChanged, Event},
    shop::Shop,
};
use config::CART_QUANTITY_LIMIT;
use domain::{
    ids::{CartId, LineId, Sku},
    money::Money,
    quantity::Quantity,
    totals::Warning,
};
use json::json;
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::sql;
use terms::{Code, Done, Problem, Rendered};

/// The quantity a line is to have.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SetQuantity {
    /// How many there are to be.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 10_000)))]
    quantity: i64,
}

/// What a change of one line has made of it.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LineChanged {
    /// The cart.
    pub cart_id: CartId,
    /// The cart's version now.
    pub version: i64,
    /// How many there are now; 0 once the line is removed.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 10_000)))]
    pub quantity: i64,
    /// What was known of it before.
    #[cfg_attr(feature = "schema", schemars(flatten))]
    pub foreseen: Foreseen,
}

/// What is known of a line before its change.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Foreseen {
    /// The line.
    pub(super) line_id: LineId,
    /// What is bought.
    pub(super) sku: Sku,
    /// What a removed line has not.
    #[serde(flatten)]
    pub(super) sold: Option<Sold>,
}

/// How a line is sold.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sold {
    /// What one costs now; null if it is not sold, absent if it is removed.
    pub(super) unit_price: Option<Money>,
    /// What the buyer should know; absent for a removed line.
    pub(super) warnings: Vec<Warning>,
}

/// An emptied cart.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Cleared {
    /// The cart.
    pub cart_id: CartId,
    /// Its version now.
    pub version: i64,
    /// Its lines: 0.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 0)))]
    pub lines: i64,
}

/// Replaces a line's quantity.
///
/// # Errors
/// `cart_not_found`, `line_not_found`, `quantity_out_of_range`, `cart_locked`, `version_conflict`.
pub fn set_quantity(
    ports: &Ports<'_>,
    owner: &str,
    line_id: LineId,
    body: &SetQuantity,
    change: &Change,
) -> Result<Done<Rendered<LineChanged>>, Problem> {
    let shop = Shop::relaxed(ports)?;
    let limit = shop.setting(&CART_QUANTITY_LIMIT)?;
    let quantity = quantity(body.quantity, limit)?;
    let (cart, sku) = line(&shop, owner, &line_id)?;
    let unit_price = unit_price(&cart, &sku);
    let changed = CartQuantityChanged {
        cart_id: &cart.cart_id,
        owner,
        line_id: &line_id,
        sku: &sku,
        unit_price,
    };
    let events = [Event::of(&shop, &changed)];
    let input = json!({
        "cart_id": cart.cart_id, "owner": owner, "sku": sku, "quantity": quantity, "quantity_limit": limit,
        "cart_idle_ms": idle_ms(&shop, owner)?,
        "reply": foreseen(&cart, line_id, sku.clone(), quantity, unit_price),
        "events": events,
    });
    apply_over_attempt(&shop, owner, change, &sql::CART_SET_QUANTITY, input)?
        .done(|refusal| conflict(&shop, owner, refusal))
}

/// Removes a line.
///
/// # Errors
/// `cart_not_found`, `line_not_found`, `cart_locked`, `version_conflict`.
pub fn remove_line(
    ports: &Ports<'_>,
    owner: &str,
    line_id: LineId,
    change: &Change,
) -> Result<Done<Rendered<LineChanged>>, Problem> {
    let shop = Shop::relaxed(ports)?;
    let (cart, sku) = line(&shop, owner, &line_id)?;
    let removed = CartItemRemoved { cart_id: &cart.cart_id, owner, line_id: &line_id, sku: &sku };
    let events = [Event::of(&shop, &removed)];
    let input = json!({
        "cart_id": cart.cart_id, "owner": owner, "sku": sku, "reply": Foreseen { line_id, sku: sku.clone(), sold: None },
        "cart_idle_ms": idle_ms(&shop, owner)?,
        "events": events,
    });
    apply_over_attempt(&shop, owner, change, &sql::CART_REMOVE_LINE, input)?
        .done(|refusal| conflict(&shop, owner, refusal))
}

/// Removes every line.
///
/// # Errors
/// `cart_not_found`, `cart_locked`, `version_conflict`.
pub fn clear(
    ports: &Ports<'_>,
    owner: &str,
    change: &Change,
) -> Result<Done<Rendered<Cleared>>, Problem> {
    let shop = Shop::relaxed(ports)?;
    let cart = cart(&shop, owner)?;
    let cleared = CartCleared { cart_id: &cart.cart_id, owner };
    let input = json!({
        "cart_id": cart.cart_id, "owner": owner, "cart_idle_ms": idle_ms(&shop, owner)?,
        "events": [Event::of(&shop, &cleared)],
    });
    apply_over_attempt(&shop, owner, change, &sql::CART_CLEAR, input)?
        .done(|refusal| conflict(&shop, owner, refusal))
}

/// The caller's cart, and the SKU its line is named by. Whether the line is there is the command's
/// to say.
fn line(shop: &Shop<'_>, owner: &str, line_id: &LineId) -> Result<(CartRow, Sku), Problem> {
    let sku = Sku::try_from(line_id.as_str()).map_err(|_| Problem::new(Code::LineNotFound))?;
    Ok((cart(shop, owner)?, sku))
}

fn cart(shop: &Shop<'_>, owner: &str) -> Result<CartRow, Problem> {
    shop.read(&sql::CART_VIEW, &json!({ "owner": owner }))?.ok_or_else(not_found)
}

/// What one of the line costs, if it is there and sold. One that was not there a moment ago may be
/// there when the command comes: its price is what the next look tells.
fn unit_price(cart: &CartRow, sku: &Sku) -> Option<Money> {
    let line = cart.lines.iter().find(|line| line.sku == *sku)?;
    line.price_minor.filter(|_| line.active).map(|minor| Money::new(minor, cart.currency))
}

/// What is known of the line before the change: its price, and what stock says of the quantity.
fn foreseen(
    cart: &CartRow,
    line_id: LineId,
    sku: Sku,
    quantity: Quantity,
    unit_price: Option<Money>,
) -> Foreseen {
    let warnings = match cart.lines.iter().find(|line| line.sku == sku) {
        Some(line) => view::warn(
            &line_id,
            &sku,
            unit_price.is_some(),
            view::verdict(quantity.get(), line.available),
        ),
        None => Vec::new(),
    };
    Foreseen { line_id, sku, sold: Some(Sold { unit_price, warnings }) }
}
