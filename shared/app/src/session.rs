//! `POST /api/v1/session`: from a verified customer to the token every other function takes
//! (SEC-1). Their first session makes their row.

use crate::{cart, shop::Shop};
use callers::{Customer, GuestToken, ShownToken, session_token};
use config::{SESSION_MS, SESSION_TOKEN_SECRET};
use domain::ids::CustomerId;
use json::{Value, json};
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::sql;
use terms::{Done, Problem, Rendered};

/// What a session may be opened with.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OpenSession {
    /// A guest's token: their cart is merged into the customer's, and the token dies.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    guest_token: Option<ShownToken>,
}

/// A session, and the cart the customer has.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Opened {
    /// What every other endpoint takes as the customer's credential.
    session_token: String,
    /// When it ends.
    expires_at_ms: i64,
    /// The `sub` of the provider's token.
    customer_id: CustomerId,
    /// The customer's cart, if they have one.
    cart: Option<cart::Cart>,
    /// What became of the guest's cart; null when there was none to merge.
    merge: Option<Rendered<cart::Merge>>,
}

/// What it opens with.
#[derive(Deserialize)]
struct Facts {
    is_known: bool,
    cart: Option<cart::CartRow>,
}

/// Opens a session for `customer`, whose own token has been verified, and takes a guest's cart over
/// (CART-5).
///
/// # Errors
/// `cart_locked` while a confirm is running on one of the carts: then nothing has changed; what the
/// database refuses.
pub fn open(
    ports: &Ports<'_>,
    customer: CustomerId,
    body: &OpenSession,
) -> Result<Done<Opened>, Problem> {
    let shop = Shop::new(ports);
    let holder = Customer { id: customer.as_str().to_owned() };
    let keys = shop.setting(&SESSION_TOKEN_SECRET)?;
    let now_ms = ports.clock.wall_ms();
    let expires_at_ms = now_ms.saturating_add(shop.setting(&SESSION_MS)?);
    let session_token = session_token::sign(&keys, &holder, now_ms, expires_at_ms)
        .map_err(|error| Problem::internal(error.to_string()))?;
    let owner = holder.owner();
    let merge = match &body.guest_token {
        Some(shown) => {
            let not_ours = || Problem::invalid_field("/guest_token", "must be a guest's token");
            let guest = GuestToken::parse(&keys, shown.reveal()).ok_or_else(not_ours)?;
            cart::take_over(&shop, &guest, &owner)?
        }
        None => None,
    };
    let facts = json!({ "owner": owner, "customer_id": customer });
    let Facts { is_known, cart } = shop
        .read(&sql::SESSION_FACTS, &facts)?
        .ok_or_else(|| Problem::internal("a session without facts"))?;
    if !is_known {
        shop.read::<Value>(&sql::CUSTOMER_ADD, &facts)?;
    }
    let cart = cart.map(cart::shown).transpose()?;
    Ok(Done::new(Opened { session_token, expires_at_ms, customer_id: customer, cart, merge }))
}
