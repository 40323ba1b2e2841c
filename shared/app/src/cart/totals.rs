//! `GET /api/v1/cart/totals` and `/shipping-methods`: what it would cost, by the same engine as the confirm (CART-9).

use super::not_found;
use crate::{
    pricing::{Binding, Priced, PricingFacts},
    shop::Shop,
};
use domain::{
    ids::{Country, Region, ShippingMethodId},
    totals::{self, Totals, Warning},
};
use edge::{Problem, Reply, Viewer};
use json::json;
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::sql;

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
pub struct Preview<'a> {
    /// The cart.
    cart_id: &'a str,
    /// The version that was priced.
    cart_version: i64,
    #[serde(flatten)]
    totals: &'a Totals,
    /// What the buyer should know.
    warnings: Vec<Warning>,
    /// Equal hashes, equal money.
    quote_hash: String,
}

/// The caller's cart, or the one they hold a share of, with tax, shipping and stock as they are now. Nothing is silently zero (CART-6).
///
/// # Errors
/// `cart_not_found`, `country_unsupported`, `price_missing`, `tax_missing`, `shipping_method_unavailable`.
pub fn totals(ports: &Ports<'_>, viewer: &Viewer, destination: &Destination) -> Result<Reply, Problem> {
    let shop = Shop::new(ports);
    let facts = facts(&shop, viewer, destination)?;
    let Priced { totals, .. } = facts.price(&shop, destination.shipping_method.as_ref(), Binding::Preview)?;
    let preview = Preview {
        cart_id: facts.cart.cart_id.as_str(),
        cart_version: facts.cart.version,
        warnings: totals::warnings(&totals),
        quote_hash: crate::pricing::quote_hash(&totals),
        totals: &totals,
    };
    Ok(Reply::json(200, &preview).etag_of_body(facts.cart.version))
}

/// The methods that would carry that cart, each with what it costs: the function that quotes (SHIP-1).
///
/// # Errors
/// `cart_not_found`, `country_unsupported`.
pub fn shipping_methods(ports: &Ports<'_>, viewer: &Viewer, destination: &Destination) -> Result<Reply, Problem> {
    let shop = Shop::new(ports);
    let facts = facts(&shop, viewer, destination)?;
    Ok(Reply::json(200, &json!({ "methods": facts.shipping_methods()? })))
}

fn facts(shop: &Shop<'_>, viewer: &Viewer, destination: &Destination) -> Result<PricingFacts, Problem> {
    let (facts, owner, token_hash) = match viewer {
        Viewer::Owner(owner) => (&sql::PRICING_FACTS, Some(owner), None),
        Viewer::Share(token_hash) => (&sql::PRICING_FACTS_SHARED, None, Some(token_hash)),
    };
    let region = destination.region.as_ref().map_or("", Region::as_str);
    let input = json!({ "owner": owner, "token_hash": token_hash, "country": destination.country, "region": region });
    shop.read(facts, &input)?.ok_or_else(|| not_found(shop))
}
