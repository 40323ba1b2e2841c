//! `POST /api/v1/session`: from a verified customer to the token every other function takes (SEC-1).

use crate::{
    cart,
    settings::{SESSION_MS, SESSION_TOKEN_SECRET},
    shop::Shop,
};
use domain::ids::CustomerId;
use edge::{Customer, Problem, Reply, session_token};
use ports::Ports;
use serde::{Deserialize, Serialize};

/// What a session may be opened with.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OpenSession {}

/// A session, and the cart the customer has.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Opened<'a> {
    /// What every other endpoint takes as the customer's credential.
    session_token: String,
    /// When it ends.
    expires_at_ms: i64,
    /// The `sub` of the provider's token.
    customer_id: &'a CustomerId,
    /// The customer's cart, if they have one.
    cart: Option<cart::Cart>,
}

/// Opens a session for `customer`, whose own token has been verified.
///
/// # Errors
/// What the database refuses.
pub fn open(ports: &Ports<'_>, customer: &CustomerId, _: &OpenSession) -> Result<Reply, Problem> {
    let shop = Shop::new(ports);
    let holder = Customer { id: customer.as_str().to_owned() };
    let secret = shop.setting(&SESSION_TOKEN_SECRET)?;
    let now_ms = ports.clock.wall_ms();
    let expires_at_ms = now_ms.saturating_add(shop.setting(&SESSION_MS)?);
    let session_token =
        session_token::sign(secret.as_bytes(), &holder, now_ms, expires_at_ms).map_err(|error| Problem::internal(error.to_string()))?;
    let cart = cart::find(&shop, &holder.owner())?;
    Ok(Reply::json(200, &Opened { session_token, expires_at_ms, customer_id: customer, cart }))
}
