//! `GET /api/v1/cart/totals` and `/shipping-methods`: what it would cost, by the same engine as the
//! confirm (CART-9).

use super::not_found;
use crate::{
    checkout::PaymentMethod,
    guesses::read_trying,
    pricing::{Binding, OfferedFee, Priced, PricedCart, PricingFacts},
    shop::Shop,
};
use callers::Viewer;
use domain::{
    ids::{CartId, Country, FeeId, Region, ShippingMethodId, WarehouseId},
    payment::OfflineMethod,
    promotion::{self, Suggestion},
    shipping::ShippingQuote,
    totals::{Choices, Quote, Totals, Warning},
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
    pub(super) country: Option<Country>,
    /// The part of it, where tax or shipping differ.
    pub(super) region: Option<Region>,
    /// The shipping method, once one is chosen.
    pub(super) shipping_method: Option<ShippingMethodId>,
    /// The gift wrap, if one is wanted (`gift_wraps` of the totals).
    pub(super) gift_wrap: Option<FeeId>,
    /// How it would be paid: `cash_on_delivery` and `external` have a fee (of those names in the
    /// totals).
    pub(super) payment_method: Option<PaymentMethod>,
    /// A promotion's code to try, beside those of the cart (PROMO-7): nothing of the cart is changed,
    /// and one that is none counts as a guess.
    pub(super) try_code: Option<promotion::Code>,
}

impl Destination {
    /// What of it changes a total.
    pub(super) fn choices(&self) -> Choices<'_> {
        Choices {
            shipping_method: self.shipping_method.as_ref(),
            gift_wrap: self.gift_wrap.as_ref(),
            offline: self.payment_method.as_ref().and_then(PaymentMethod::offline),
        }
    }
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
    /// The wrappings that the buyer may choose.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gift_wraps: Vec<OfferedFee>,
    /// What it costs to pay on delivery; absent where it cannot be paid so.
    #[serde(skip_serializing_if = "Option::is_none")]
    cash_on_delivery: Option<OfferedFee>,
    /// What it costs to pay elsewhere, by bank transfer for instance; absent where it cannot be paid
    /// so.
    #[serde(skip_serializing_if = "Option::is_none")]
    external: Option<OfferedFee>,
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

/// What a cart nearly has.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Suggestions {
    /// Those that more goods would bring, and then those that more units would.
    suggestions: Vec<Suggestion>,
}

/// The caller's cart, or the one they hold a share of, with tax, shipping and stock as they are
/// now, from the warehouse that is asked for as far as it can serve (CHK-1). Nothing is silently
/// zero (CART-6).
///
/// # Errors
/// `cart_not_found`, `country_unsupported`, `price_missing`, `tax_missing`,
/// `shipping_method_unavailable`, `gift_wrap_unavailable`, `too_many_requests`,
/// `warehouse_unknown`.
pub fn totals(
    ports: &Ports<'_>,
    viewer: &Viewer,
    asked: Option<&WarehouseId>,
    destination: &Destination,
) -> Result<Done<Preview>, Problem> {
    let shop = Shop::new(ports);
    let facts = facts(&shop, viewer, asked, destination)?;
    let Priced { totals, warnings, .. } =
        facts.price(&shop, destination.choices(), Binding::Preview)?;
    let gift_wraps = facts.gift_wraps();
    let cash_on_delivery = facts.offline(OfflineMethod::CashOnDelivery, &totals);
    let external = facts.offline(OfflineMethod::External, &totals);
    let PricedCart { cart_id, version, .. } = facts.cart;
    let quote_hash = crate::pricing::quote_hash(&Quote::of(&totals));
    Ok(Done::new(Preview {
        cart_id,
        cart_version: version,
        totals,
        warnings,
        gift_wraps,
        cash_on_delivery,
        external,
        quote_hash,
    })
    .representation(version))
}

/// The methods that would carry that cart, each with what it costs: the function that quotes
/// (SHIP-1).
///
/// # Errors
/// `cart_not_found`, `country_unsupported`, `warehouse_unknown`.
pub fn shipping_methods(
    ports: &Ports<'_>,
    viewer: &Viewer,
    asked: Option<&WarehouseId>,
    destination: &Destination,
) -> Result<Done<ShippingMethods>, Problem> {
    let shop = Shop::new(ports);
    let facts = facts(&shop, viewer, asked, destination)?;
    Ok(Done::new(ShippingMethods { methods: facts.shipping_methods(&shop)? }))
}

/// The promotions that something more in that cart would bring, or bring more of.
///
/// # Errors
/// As for the totals.
pub fn suggestions(
    ports: &Ports<'_>,
    viewer: &Viewer,
    asked: Option<&WarehouseId>,
    destination: &Destination,
) -> Result<Done<Suggestions>, Problem> {
    let shop = Shop::new(ports);
    let facts = facts(&shop, viewer, asked, destination)?;
    let suggestions = facts.suggestions(&shop, destination.choices())?;
    Ok(Done::new(Suggestions { suggestions }))
}

fn facts(
    shop: &Shop<'_>,
    viewer: &Viewer,
    asked: Option<&WarehouseId>,
    destination: &Destination,
) -> Result<PricingFacts, Problem> {
    let (facts, owner, token_hash) = match viewer {
        Viewer::Owner(owner) => (&sql::PRICING_FACTS, Some(owner), None),
        Viewer::Share(token_hash) => (&sql::PRICING_FACTS_SHARED, None, Some(token_hash)),
    };
    let who = owner.or(token_hash).map_or("", String::as_str);
    let region = destination.region.as_ref().map_or("", Region::as_str);
    let input = json!({ "owner": owner, "token_hash": token_hash, "country": destination.country, "region": region, "try_code": destination.try_code });
    let code = destination.try_code.as_ref();
    let read = || shop.read(facts, &input)?.ok_or_else(not_found);
    let facts: PricingFacts = read_trying(shop, who, code, |facts| facts, read)?;
    let facts = facts.asking(shop, asked)?;
    facts.served("country")?;
    code.map_or(Ok(()), |code| facts.has_room_for(code))?;
    Ok(facts)
}
