//! `POST /api/v1/cart`: a new guest's cart, or the caller's own.

use super::{not_found, view};
use crate::{
    event::Event,
    settings::{DEFAULT_COUNTRY, DEFAULT_CURRENCY},
    shop::Shop,
};
use domain::{ids::Country, money::Currency};
use edge::{Code, GuestToken, Problem, Reply};
use json::{Value, json};
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::{Refusal, sql};

/// What a cart may be opened with.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateCart {
    /// The currency its prices are in; the shop's default when missing.
    currency: Option<Currency>,
    /// The country it is expected to go to; the shop's default when missing.
    country: Option<Country>,
}

/// A cart, and for a new guest the secret it is theirs by.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Created {
    /// The cart.
    cart: view::Cart,
    /// The guest's secret, this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    guest_token: Option<String>,
}

/// Opens a cart: for nobody, as a new guest whose token is shown this once; for an owner without one, theirs.
/// An owner who has a live cart gets that one, so that parallel first requests end in one cart.
///
/// # Errors
/// `currency_unsupported`; what the database refuses.
pub fn create(ports: &Ports<'_>, owner: Option<String>, body: &CreateCart) -> Result<Reply, Problem> {
    let shop = Shop::relaxed(ports)?;
    let token = owner.is_none().then(|| GuestToken::generate(ports.random));
    let owner = owner.unwrap_or_else(|| token.as_ref().map(GuestToken::owner).unwrap_or_default());
    let currency = match body.currency {
        Some(currency) => currency,
        None => shop.setting(&DEFAULT_CURRENCY)?,
    };
    if !shop.sells_in(&currency)? {
        return Err(Problem::new(Code::CurrencyUnsupported).field("/currency").detail(format!("{currency} is not sold in here")));
    }
    let country = match &body.country {
        Some(country) => country.clone(),
        None => shop.setting(&DEFAULT_COUNTRY)?,
    };
    let cart_id = shop.id();
    let events = [Event::new(&shop, "cart.created", "cart", &cart_id, json!({ "owner": owner, "currency": currency, "country": country }))];
    let input = json!({ "cart_id": cart_id, "owner": owner, "currency": currency, "country": country, "events": events });
    let status = match shop.apply::<Value>(&sql::CART_CREATE, &input)? {
        Ok(_) => 201,
        Err(Refusal::CartExists) => 200,
        // The token is dead: its cart was merged into a customer's (CART-5).
        Err(Refusal::CartNotFound) => return Err(not_found(&shop)),
        Err(refusal) => return Err(crate::problem::refused(refusal)),
    };
    let cart = view::read(&shop, &owner)?;
    let version = cart.version;
    let created = Created { cart, guest_token: token.map(|token| token.reveal().to_owned()) };
    Ok(Reply::json(status, &created).etag(version).location("/api/v1/cart"))
}
