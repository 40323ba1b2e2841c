//! `POST /api/v1/cart/items`: add to a line, as a delta that cannot conflict (CART-1).

use super::{
    LineChanged, ROUNDS_MAX,
    change_line::{Foreseen, Sold},
    conflict, idle_ms, not_found, quantity, view,
};
use crate::{
    Change,
    change::{Applied, apply_over_attempt},
    events::{CartItemAdded, Event},
    shop::Shop,
};
use config::{CART_LINE_LIMIT, CART_QUANTITY_LIMIT};
use domain::{
    ids::{CartId, Sku},
    money::{Currency, Money},
    quantity::Quantity,
};
use json::json;
use ports::Ports;
use serde::Deserialize;
use store::{Refusal, sql};
use terms::{Code, Done, Problem, Rendered};

/// What to add.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AddLine {
    /// What.
    sku: Sku,
    /// How many more.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 10_000)))]
    quantity: i64,
}

#[derive(Deserialize)]
struct Facts {
    cart_id: CartId,
    currency: Currency,
    known: bool,
    active: bool,
    price_minor: Option<i64>,
    available: Option<i64>,
    in_cart: Option<i64>,
}

/// Adds `body.quantity` of a SKU. Stock is looked at and not reserved: short stock is a warning,
/// never a refusal (CART-3).
///
/// # Errors
/// `cart_not_found`, `sku_unknown`, `sku_not_sold_in_currency`, `quantity_out_of_range`,
/// `too_many_lines`, `cart_locked`, `version_conflict`.
pub fn add_line(
    ports: &Ports<'_>,
    owner: &str,
    body: &AddLine,
    change: &Change,
) -> Result<Done<Rendered<LineChanged>>, Problem> {
    let shop = Shop::relaxed(ports)?;
    let limit = shop.setting(&CART_QUANTITY_LIMIT)?;
    let quantity = quantity(body.quantity, limit)?;
    for _ in 0..ROUNDS_MAX {
        let added = attempt(&shop, owner, body.sku.clone(), quantity, limit, change)?;
        // The cart was put into another currency meanwhile: what it costs there is looked up.
        if added.refusal() != Some(Refusal::CartChanged) {
            return added.done(|refusal| conflict(&shop, owner, refusal));
        }
    }
    Err(Problem::new(Code::CartLocked).retry_after(1))
}

/// One round: what came of it.
fn attempt(
    shop: &Shop<'_>,
    owner: &str,
    sku: Sku,
    quantity: Quantity,
    limit: i64,
    change: &Change,
) -> Result<Applied, Problem> {
    let facts: Facts = shop
        .read(&sql::CART_FOR_ADD, &json!({ "owner": owner, "sku": sku, "quantity": quantity }))?
        .ok_or_else(not_found)?;
    if !facts.known || !facts.active {
        return Err(Problem::new(Code::SkuUnknown)
            .field("/sku")
            .detail(format!("{sku} is not sold here")));
    }
    let price_minor = facts.price_minor.ok_or_else(|| {
        Problem::new(Code::SkuNotSoldInCurrency)
            .field("/sku")
            .detail(format!("{sku} has no price in {}", facts.currency))
    })?;

    let line_id = view::line_id(&sku)?;
    let wanted = facts.in_cart.unwrap_or(0).saturating_add(quantity.get());
    let warnings = view::warn(&line_id, &sku, true, view::verdict(wanted, facts.available));
    let unit_price = Money::new(price_minor, facts.currency);
    let sold = Some(Sold { unit_price: Some(unit_price), warnings });
    let added = CartItemAdded {
        cart_id: &facts.cart_id,
        owner,
        line_id: &line_id,
        sku: &sku,
        added: quantity,
        unit_price,
    };
    let events = [Event::of(shop, &added)];
    let input = json!({
        "cart_id": facts.cart_id, "owner": owner, "sku": sku, "quantity": quantity,
        "currency": facts.currency, "price_minor": price_minor,
        "cart_idle_ms": idle_ms(shop, owner)?, "line_limit": shop.setting(&CART_LINE_LIMIT)?, "quantity_limit": limit,
        "reply": Foreseen { line_id, sku: sku.clone(), sold },
        "events": events,
    });
    apply_over_attempt(shop, owner, change, &sql::CART_ADD_LINE, input)
}
