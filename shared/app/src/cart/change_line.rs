//! `PUT` and `DELETE /api/v1/cart/items/:line_id`, `DELETE /api/v1/cart`: replace a quantity, remove a line, clear.

use super::{conflict, not_found, quantity, view::CartRow};
use crate::{Change, event::Event, settings::CART_QUANTITY_LIMIT, shop::Shop};
use domain::ids::Sku;
use edge::{Code, Problem, Reply};
use ports::Ports;
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Command, sql};

/// The quantity a line is to have.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetQuantity {
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
    let extra = json!({ "quantity": quantity, "quantity_limit": limit });
    change_line(&shop, owner, line_id, &sql::CART_SET_QUANTITY, "cart.quantity_changed", extra, change)
}

/// Removes a line.
///
/// # Errors
/// `cart_not_found`, `line_not_found`, `cart_locked`, `version_conflict`.
pub fn remove_line(ports: &Ports<'_>, owner: &str, line_id: &str, change: &Change) -> Result<Reply, Problem> {
    let shop = Shop::relaxed(ports)?;
    change_line(&shop, owner, line_id, &sql::CART_REMOVE_LINE, "cart.item_removed", json!({}), change)
}

/// Removes every line.
///
/// # Errors
/// `cart_not_found`, `cart_locked`, `version_conflict`.
pub fn clear(ports: &Ports<'_>, owner: &str, change: &Change) -> Result<Reply, Problem> {
    let shop = Shop::relaxed(ports)?;
    let cart: CartRow = cart(&shop, owner)?;
    let event = json!({ "cart_id": cart.cart_id, "owner": owner });
    let input = json!({
        "cart_id": cart.cart_id, "owner": owner,
        "events": [Event::new(&shop, "cart.cleared", "cart", cart.cart_id.as_str(), event)],
    });
    change.apply(&shop, owner, &sql::CART_CLEAR, &input)?.reply(200, |refusal| conflict(&shop, owner, refusal))
}

fn change_line(
    shop: &Shop<'_>,
    owner: &str,
    line_id: &str,
    command: &Command,
    event_type: &'static str,
    extra: Value,
    change: &Change,
) -> Result<Reply, Problem> {
    let Ok(sku) = Sku::try_from(line_id) else {
        return Err(Problem::new(Code::LineNotFound));
    };
    let cart = cart(shop, owner)?;
    let event = json!({ "cart_id": cart.cart_id, "owner": owner, "sku": sku });
    let mut input = json!({
        "cart_id": cart.cart_id, "owner": owner, "sku": sku,
        "reply": { "line_id": line_id, "sku": sku },
        "events": [Event::new(shop, event_type, "cart", cart.cart_id.as_str(), event)],
    });
    if let (Some(input), Value::Object(extra)) = (input.as_object_mut(), extra) {
        input.extend(extra);
    }
    change.apply(shop, owner, command, &input)?.reply(200, |refusal| conflict(shop, owner, refusal))
}

fn cart(shop: &Shop<'_>, owner: &str) -> Result<CartRow, Problem> {
    shop.read(&sql::CART_VIEW, &json!({ "owner": owner }))?.ok_or_else(|| not_found(shop))
}
