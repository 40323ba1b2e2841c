//! `POST /api/v1/cart`: a new guest's cart, or the caller's own.

use super::{ROUNDS_MAX, idle_ms, not_found, view};
use crate::{
    events::{CartCreated, Event},
    shop::Shop,
};
use callers::GuestToken;
use config::{CART_RECOVERY_MS, DEFAULT_COUNTRY, DEFAULT_CURRENCY, SESSION_TOKEN_SECRET};
use domain::{
    ids::{CartId, Country},
    money::Currency,
};
use json::{Value, json};
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::{Refusal, sql};
use terms::{Code, Done, Problem};

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

/// A cart that its owner can come back to.
#[derive(Deserialize)]
struct Left {
    cart_id: CartId,
    currency: Currency,
    country: Country,
    /// Whether it is written down as abandoned, and not only past its time.
    abandoned: bool,
}

/// What a new cart is opened with.
struct Opening {
    currency: Currency,
    country: Country,
    /// Whose lines it begins with.
    from: Option<Left>,
}

/// Opens a cart: for nobody, as a new guest whose token is shown this once; for an owner without
/// one, theirs. An owner who has a live cart gets that one, so that parallel first requests end in
/// one cart. One whose cart was given up, not too long ago, gets its lines back, and its currency
/// and country unless they ask for others (CART-10).
///
/// # Errors
/// `currency_unsupported`, `country_unsupported`; what the database refuses.
pub fn create(
    ports: &Ports<'_>,
    owner: Option<String>,
    body: &CreateCart,
) -> Result<Done<Created>, Problem> {
    let shop = Shop::relaxed(ports)?;
    let token = match owner {
        Some(_) => None,
        None => Some(GuestToken::generate(&shop.setting(&SESSION_TOKEN_SECRET)?, ports.random)),
    };
    let owner = owner.unwrap_or_else(|| token.as_ref().map(GuestToken::owner).unwrap_or_default());
    for _ in 0..ROUNDS_MAX {
        // Nobody has been a guest who is new.
        let from = if token.is_some() { None } else { left(&shop, &owner)? };
        let opening = Opening {
            currency: match (body.currency, &from) {
                (Some(currency), _) => currency,
                (None, Some(left)) => left.currency,
                (None, None) => shop.setting(&DEFAULT_CURRENCY)?,
            },
            country: match (&body.country, &from) {
                (Some(country), _) => country.clone(),
                (None, Some(left)) => left.country.clone(),
                (None, None) => shop.setting(&DEFAULT_COUNTRY)?,
            },
            from,
        };
        served(&shop, &opening)?;
        let is_new = open(&shop, &owner, &opening)?;
        if let Some(cart) = view::find(&shop, &owner)? {
            let version = cart.version;
            let created =
                Created { cart, guest_token: token.map(|token| token.reveal().to_owned()) };
            return Ok(Done::new(created).other(!is_new).version(version).location("/api/v1/cart"));
        }
    }
    Err(not_found())
}

/// What the shop serves.
#[derive(Deserialize)]
struct Served {
    currency: bool,
    country: bool,
}

/// That the cart can come to anything: its currency is sold in, and goods are sent to its country.
/// Who learned it from the totals alone would have filled a cart for nothing.
fn served(shop: &Shop<'_>, Opening { currency, country, .. }: &Opening) -> Result<(), Problem> {
    let served: Served = shop
        .read(&sql::CART_TERMS, &json!({ "currency": currency, "country": country }))?
        .ok_or_else(|| Problem::internal("the terms of a cart have no row"))?;
    if !served.currency {
        let detail = format!("{currency} is not sold in here");
        return Err(Problem::new(Code::CurrencyUnsupported).field("/currency").detail(detail));
    }
    if !served.country {
        let detail = format!("nothing is sent to {country}");
        return Err(Problem::new(Code::CountryUnsupported).field("/country").detail(detail));
    }
    Ok(())
}

/// Whether a new cart was opened: there may be a live one.
fn open(shop: &Shop<'_>, owner: &str, opening: &Opening) -> Result<bool, Problem> {
    let Opening { currency, country, from } = opening;
    let from = from.as_ref().map(|left| &left.cart_id);
    let cart_id: CartId = shop.new_id()?;
    let created = CartCreated {
        cart_id: &cart_id,
        owner,
        currency: *currency,
        country: country.clone(),
        recovered_cart_id: from.cloned(),
    };
    let input = json!({
        "cart_id": cart_id, "owner": owner, "currency": currency, "country": country, "cart_idle_ms": idle_ms(shop, owner)?, "from_cart_id": from,
        "events": [Event::of(shop, &created)],
    });
    match shop.apply::<Value>(&sql::CART_CREATE, &input)? {
        Ok(_) => Ok(true),
        Err(Refusal::CartExists) => Ok(false),
        // The token is dead: its cart was merged into a customer's (CART-5).
        Err(Refusal::CartNotFound) => Err(not_found()),
        Err(refusal) => Err(crate::problem::refused(refusal)),
    }
}

/// The cart whose lines `owner` gets back in the next one, once it is written down that it has
/// ended.
fn left(shop: &Shop<'_>, owner: &str) -> Result<Option<Left>, Problem> {
    let input = json!({ "owner": owner, "recovery_ms": shop.setting(&CART_RECOVERY_MS)? });
    let found: Option<Left> = shop.read(&sql::CART_TO_RETURN, &input)?;
    match found {
        Some(left) if !left.abandoned => {
            end_if_expired(shop, owner)?;
            Ok(shop.read::<Left>(&sql::CART_TO_RETURN, &input)?.filter(|left| left.abandoned))
        }
        found => Ok(found),
    }
}

/// Writes it down if the time of the owner's cart is over, so that they can have another.
pub(crate) fn end_if_expired(shop: &Shop<'_>, owner: &str) -> Result<(), Problem> {
    shop.apply::<Value>(&sql::CART_ABANDON, &json!({ "owner": owner }))?
        .map(drop)
        .map_err(crate::problem::refused)
}

/// Opens a cart with the lines that `owner` left, if they left any; whether it is there now.
pub(super) fn bring_back(shop: &Shop<'_>, owner: &str) -> Result<bool, Problem> {
    let Some(left) = left(shop, owner)? else { return Ok(false) };
    let opening =
        Opening { currency: left.currency, country: left.country.clone(), from: Some(left) };
    open(shop, owner, &opening).map(|_| true)
}
