//! `GET /api/v1/cart/totals` and `/shipping-methods`: what it would cost, by the same engine as the
//! confirm (CART-9).

use super::not_found;
use crate::{
    pricing::{Binding, Priced, PricedCart, PricingFacts},
    shop::Shop,
};
use callers::Viewer;
use domain::{
    ids::{CartId, Country, Region, ShippingMethodId},
    shipping::ShippingQuote,
    totals::{self, Totals, Warning},
};
use json::json;
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::sql;
use terms::{Done, Problem};

/// Where it would go, and how.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// The country; the cart's own when missing.
    country: Option<Country>,
    /// The part of it, where tax or shipping differ.
    region: Option<Region>,
    /// The shipping method, once one is chosen.
    shipping_method: Option<ShippingMethodId>,
}

/// What a cart would cost.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Preview {
    /// The cart.
    cart_id: CartId,
    /// The version that was priced.
    cart_version: i64,
    #[serde(flatten)]
    totals: Totals,
    /// What the buyer should know.
    warnings: Vec<Warning>,
    /// Equal hashes, equal money.
    quote_hash: String,
}

/// The methods that would carry a cart.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ShippingMethods {
    /// Each with what it costs, all parcels together.
    methods: Vec<ShippingQuote>,
}

/// The caller's cart, or the one they hold a share of, with tax, shipping and stock as they are
/// now. Nothing is silently zero (CART-6).
///
/// # Errors
/// `cart_not_found`, `country_unsupported`, `price_missing`, `tax_missing`,
/// `shipping_method_unavailable`.
pub fn totals(
    ports: &Ports<'_>,
    viewer: &Viewer,
    destination: &Destination,
) -> Result<Done<Preview>, Problem> {
    let shop = Shop::new(ports);
    let facts = facts(&shop, viewer, destination)?;
    let Priced { totals, .. } =
        facts.price(&shop, destination.shipping_method.as_ref(), Binding::Preview)?;
    let PricedCart { cart_id, version, .. } = facts.cart;
    let (warnings, quote_hash) = (totals::warnings(&totals), crate::pricing::quote_hash(&totals));
    Ok(Done::new(Preview { cart_id, cart_version: version, totals, warnings, quote_hash })
        .representation(version))
}

/// The methods that would carry that cart, each with what it costs: the function that quotes
/// (SHIP-1).
///
/// # Errors
/// `cart_not_found`, `country_unsupported`.
pub fn shipping_methods(
    ports: &Ports<'_>,
    viewer: &Viewer,
    destination: &Destination,
) -> Result<Done<ShippingMethods>, Problem> {
    let shop = Shop::new(ports);
    let facts = facts(&shop, viewer, destination)?;
    Ok(Done::new(ShippingMethods { methods: facts.shipping_methods()? }))
}

fn facts(
    shop: &Shop<'_>,
    viewer: &Viewer,
    destination: &Destination,
) -> Result<PricingFacts, Problem> {
    let (facts, owner, token_hash) = match viewer {
        Viewer::Owner(owner) => (&sql::PRICING_FACTS, Some(owner), None),
        Viewer::Share(token_hash) => (&sql::PRICING_FACTS_SHARED, None, Some(token_hash)),
    };
    let region = destination.region.as_ref().map_or("", Region::as_str);
    let input = json!({ "owner": owner, "token_hash": token_hash, "country": destination.country, "region": region });
    let facts: PricingFacts = shop.read(facts, &input)?.ok_or_else(not_found)?;
    facts.served("country")?;
    Ok(facts)
}
