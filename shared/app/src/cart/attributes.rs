//! `PUT /api/v1/cart/attributes`: what a client keeps with the cart and its lines (CART-22).

use super::{conflict, idle_ms, not_found, view::CartRow};
use crate::{Change, change::apply_over_attempt, members::Maximum, shop::Shop};
use domain::{
    attributes::{Attributes, ClientReference},
    ids::{CartId, LineId},
};
use json::json;
use ports::Ports;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{Refusal, sql};
use terms::{Done, Problem, Rendered};

/// Characters that the attributes of all lines of a cart may have together, as JSON: a cart is one
/// reply, and so is its order.
const LINES_CHARS_MAX: i64 = 100_000;

/// What is to be kept.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SetAttributes {
    /// The cart's attributes, all of them: what is not here is gone.
    attributes: Attributes,
    /// What the client calls the cart in its own books; without it there is none.
    client_reference: Option<ClientReference>,
    /// The attributes of lines, by line: of each that is named all of them; others stay as they are.
    #[serde(default)]
    lines: BTreeMap<LineId, Attributes>,
}

/// A cart whose attributes were set. They are in the cart, and not repeated: a receipt holds nothing
/// that a person may have written.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AttributesSet {
    /// The cart.
    pub cart_id: CartId,
    /// Its version now.
    pub version: i64,
}

/// A line as the command takes it: its id is its SKU.
#[derive(Serialize)]
struct Kept<'a> {
    sku: &'a LineId,
    attributes: &'a Attributes,
}

/// Replaces what is kept with the caller's cart, and with each line that is named. All of it, or
/// nothing.
///
/// # Errors
/// `cart_not_found`, `line_not_found`, `too_many_attributes`, `cart_locked`, `version_conflict`.
pub fn set_attributes(
    ports: &Ports<'_>,
    owner: &str,
    body: &SetAttributes,
    change: &Change,
) -> Result<Done<Rendered<AttributesSet>>, Problem> {
    let shop = Shop::relaxed(ports)?;
    let cart: CartRow =
        shop.read(&sql::CART_VIEW, &json!({ "owner": owner }))?.ok_or_else(not_found)?;
    let is_there = |line: &LineId| cart.lines.iter().any(|row| row.sku.as_str() == line.as_str());
    let missing = body.lines.keys().find(|line| !is_there(line));
    let lines: Vec<Kept<'_>> =
        body.lines.iter().map(|(sku, attributes)| Kept { sku, attributes }).collect();
    let input = json!({
        "cart_id": cart.cart_id, "owner": owner, "attributes": body.attributes, "client_reference": body.client_reference,
        "lines": lines, "chars_limit": LINES_CHARS_MAX, "cart_idle_ms": idle_ms(&shop, owner)?, "events": [],
    });
    let set = apply_over_attempt(&shop, owner, change, &sql::CART_ATTRIBUTES_SET, input)?;
    set.done(|refusal| {
        let problem = conflict(&shop, owner, refusal);
        match (refusal == Refusal::LineNotFound, missing) {
            (true, Some(line)) => problem.field(format!("/lines/{line}")),
            (true, None) => problem.field("/lines"),
            (false, _) if refusal == Refusal::TooManyAttributes => {
                problem.field("/lines").with(Maximum, &LINES_CHARS_MAX)
            }
            (false, _) => problem,
        }
    })
}
