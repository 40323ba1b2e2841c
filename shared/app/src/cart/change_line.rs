//! `PUT` and `DELETE /api/v1/cart/items/:line_id`, `DELETE /api/v1/cart`: replace a quantity, remove a line, clear.

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
use domain::{ids::Sku, money::Money, quantity::Quantity};
use edge::{Code, Problem, Reply};
use json::{Value, json};
use ports::Ports;
use serde::Deserialize;
use store::sql;

/// The quantity a line is to have.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SetQuantity {
    /// How many there are to be.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 10_000)))]
    quantity: i64,
}

/// Replaces a line's quantity.
///
/// # Errors
/// `cart_not_found`, `line_not_found`, `quantity_out_of_range`, `cart_locked`, `version_conflict`.
pub fn set_quantity(ports: &Ports<'_>, owner: &str, line_id: &str, body: &SetQuantity, change: &Change) -> Result<Reply, Problem> {
    let shop = Shop::relaxed(ports)?;
    let limit = shop.setting(&CART_QUANTITY_LIMIT)?;
    let quantity = quantity(body.quantity, limit)?;
    let (cart, sku) = line(&shop, owner, line_id)?;
    let unit_price = unit_price(&cart, &sku);
    let changed = CartQuantityChanged { cart_id: cart.cart_id.as_str(), owner, line_id, sku: sku.as_str(), unit_price };
    let input = json!({
        "cart_id": cart.cart_id, "owner": owner, "sku": sku, "quantity": quantity, "quantity_limit": limit,
        "cart_idle_ms": idle_ms(&shop, owner)?,
        "reply": reply(&cart, &sku, line_id, quantity, unit_price)?,
        "events": [Event::of(&shop, &changed)],
    });
    apply_over_attempt(&shop, owner, change, &sql::CART_SET_QUANTITY, input)?.reply(200, |refusal| conflict(&shop, owner, refusal))
}

/// Removes a line.
///
/// # Errors
/// `cart_not_found`, `line_not_found`, `cart_locked`, `version_conflict`.
pub fn remove_line(ports: &Ports<'_>, owner: &str, line_id: &str, change: &Change) -> Result<Reply, Problem> {
    let shop = Shop::relaxed(ports)?;
    let (cart, sku) = line(&shop, owner, line_id)?;
    let removed = CartItemRemoved { cart_id: cart.cart_id.as_str(), owner, line_id, sku: sku.as_str() };
    let input = json!({
        "cart_id": cart.cart_id, "owner": owner, "sku": sku, "reply": { "line_id": line_id, "sku": sku },
        "cart_idle_ms": idle_ms(&shop, owner)?,
        "events": [Event::of(&shop, &removed)],
    });
    apply_over_attempt(&shop, owner, change, &sql::CART_REMOVE_LINE, input)?.reply(200, |refusal| conflict(&shop, owner, refusal))
}

/// Removes every line.
///
/// # Errors
/// `cart_not_found`, `cart_locked`, `version_conflict`.
pub fn clear(ports: &Ports<'_>, owner: &str, change: &Change) -> Result<Reply, Problem> {
    let shop = Shop::relaxed(ports)?;
    let cart = cart(&shop, owner)?;
    let cleared = CartCleared { cart_id: cart.cart_id.as_str(), owner };
    let input = json!({
        "cart_id": cart.cart_id, "owner": owner, "cart_idle_ms": idle_ms(&shop, owner)?,
        "events": [Event::of(&shop, &cleared)],
    });
    apply_over_attempt(&shop, owner, change, &sql::CART_CLEAR, input)?.reply(200, |refusal| conflict(&shop, owner, refusal))
}

/// The caller's cart, and the SKU its line is named by. Whether the line is there is the command's to say.
fn line(shop: &Shop<'_>, owner: &str, line_id: &str) -> Result<(CartRow, Sku), Problem> {
    let sku = Sku::try_from(line_id).map_err(|_| Problem::new(Code::LineNotFound))?;
    Ok((cart(shop, owner)?, sku))
}

fn cart(shop: &Shop<'_>, owner: &str) -> Result<CartRow, Problem> {
    shop.read(&sql::CART_VIEW, &json!({ "owner": owner }))?.ok_or_else(|| not_found(shop))
}

/// What one of the line costs, if it is there and sold. One that was not there a moment ago may be there when the command comes: its price
/// is what the next look tells.
fn unit_price(cart: &CartRow, sku: &Sku) -> Option<Money> {
    let line = cart.lines.iter().find(|line| line.sku == *sku)?;
    line.price_minor.filter(|_| line.active).map(|minor| Money::new(minor, cart.currency))
}

/// The part of the reply that is known before the change: the line's price, and what stock says of the quantity.
fn reply(cart: &CartRow, sku: &Sku, line_id: &str, quantity: Quantity, unit_price: Option<Money>) -> Result<Value, Problem> {
    let warnings = match cart.lines.iter().find(|line| line.sku == *sku) {
        Some(line) => view::warn(&view::line_id(sku)?, sku, unit_price.is_some(), view::verdict(quantity.get(), line.available)),
        None => Vec::new(),
    };
    Ok(json!({ "line_id": line_id, "sku": sku, "unit_price": unit_price, "warnings": warnings }))
}
