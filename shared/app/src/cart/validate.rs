//! `POST /api/v1/cart/validate`: everything that stands between the cart and its order, at once
//! (CART-18).

use super::{not_found, totals::Destination};
use crate::{
    guesses::read_trying,
    pricing::{Asked, CartProblem, Held, PricedCart, PricingFacts, Severity},
    shop::Shop,
};
use config::PROMOTIONS_ENABLED;
use domain::ids::{CartId, Region, WarehouseId};
use json::json;
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::sql;
use terms::{Code, Done, Problem};

/// What is wrong with a cart, and what its buyer should know.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Validated {
    /// The cart.
    cart_id: CartId,
    /// The version that was looked at.
    version: i64,
    /// Whether a checkout of it would begin: none of the problems is an error.
    valid: bool,
    /// All of them, errors first.
    problems: Vec<CartProblem>,
    /// What the cart's own checkout holds in stock, in the order of the SKUs.
    reservations: Vec<Held>,
}

#[derive(Deserialize)]
struct Facts {
    pricing: PricingFacts,
    held: Vec<Held>,
    /// Whether the provider is being asked for its payment.
    locked: bool,
    /// Whether tax and shipping need a region that is not told.
    region_needed: bool,
}

/// All that would stop a checkout of the caller's cart to this destination now, from the warehouse
/// that is asked for, and all that they should know of it. Nothing is changed.
///
/// # Errors
/// `cart_not_found`, `too_many_requests`, `warehouse_unknown`.
pub fn validate(
    ports: &Ports<'_>,
    owner: &str,
    asked: Option<&WarehouseId>,
    destination: &Destination,
) -> Result<Done<Validated>, Problem> {
    let shop = Shop::new(ports);
    let Destination { country, region, try_code, .. } = destination;
    let region = region.as_ref().map_or("", Region::as_str);
    let input =
        json!({ "owner": owner, "country": country, "region": region, "try_code": try_code });
    let read = || shop.read(&sql::CART_CHECK, &input)?.ok_or_else(not_found);
    let Facts { pricing, held, locked, region_needed } =
        read_trying(&shop, owner, try_code.as_ref(), |facts: &Facts| &facts.pricing, read)?;
    let pricing = pricing.asking(&shop, asked)?;
    let mut problems = pricing.check(&Asked {
        choices: destination.choices(),
        destination_at: "",
        held: &held,
        promotions_enabled: shop.setting(&PROMOTIONS_ENABLED)?,
    })?;
    if locked {
        let code = Code::CartLocked;
        problems.insert(0, CartProblem::new(Severity::Error, code, code.title()));
    }
    if region_needed {
        let detail = "where in this country it goes decides the tax; a checkout needs the region";
        problems
            .push(CartProblem::new(Severity::Warning, Code::InvalidField, detail).at("/region"));
    }
    if let Some(Err(full)) = try_code.as_ref().map(|code| pricing.has_room_for(code)) {
        let code = full.code();
        problems.push(CartProblem::new(Severity::Warning, code, code.title()).at("/try_code"));
    }
    let valid = !problems.iter().any(CartProblem::stops);
    let PricedCart { cart_id, version, .. } = pricing.cart;
    Ok(Done::new(Validated { cart_id, version, valid, problems, reservations: held }))
}
