//! `/api/v1/cart/shares`: links by which others may look at the caller's cart, until they expire or
//! are revoked (CART-14).

use super::not_found;
use crate::{Change, change::Apply as _, members::Maximum, problem::refused, shop::Shop};
use callers::ShareToken;
use config::{CART_SHARE_LIMIT, CART_SHARE_MAX_MS, CART_SHARE_MS, SESSION_TOKEN_SECRET};
use domain::ids::{CartId, ShareId};
use json::json;
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::{Refusal, sql};
use terms::{Done, Problem, Rendered};

/// How many dead shares, whosever they were, go with a new one.
const PRUNE_LIMIT: i64 = 20;

/// What a share may be asked for with.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ShareCart {
    /// How long it lives, up to the shop's limit (`cart_share_max_seconds`); the shop's default
    /// when missing.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 31_536_000)))]
    expires_in_seconds: Option<i64>,
}

/// A new share, with the secret of the link.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Shared {
    /// The share, to revoke it by.
    share_id: ShareId,
    /// The secret, this once: a bearer token that reads the cart, its totals and its shipping
    /// methods.
    share_token: String,
    /// When it was made.
    created_at_ms: i64,
    /// When it ends.
    expires_at_ms: i64,
}

/// The shares that open a cart.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Shares {
    /// Oldest first; not their tokens, which are kept nowhere.
    pub shares: Vec<Share>,
}

/// A share of a cart.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Share {
    /// The share.
    pub share_id: ShareId,
    /// When it was made.
    pub created_at_ms: i64,
    /// When it ends.
    pub expires_at_ms: i64,
}

/// A share that is no more.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ShareRevoked {
    /// The cart.
    pub cart_id: CartId,
    /// The share.
    pub share_id: ShareId,
}

#[derive(Deserialize)]
struct Receipt {
    share_id: ShareId,
    created_at_ms: i64,
    expires_at_ms: i64,
}

/// Makes a share. There is no idempotency key to it: the token is not kept, so nobody could be told
/// it again. A share whose reply was lost stands in the list, and can be revoked.
///
/// # Errors
/// `cart_not_found`, `too_many_shares`, `invalid_field`.
pub fn share(ports: &Ports<'_>, owner: &str, body: &ShareCart) -> Result<Done<Shared>, Problem> {
    let shop = Shop::new(ports);
    let ttl_ms = lifetime_ms(&shop, body.expires_in_seconds)?;
    let limit = shop.setting(&CART_SHARE_LIMIT)?;
    let token = ShareToken::generate(&shop.setting(&SESSION_TOKEN_SECRET)?, ports.random);
    let input = json!({
        "share_id": shop.id(), "token_hash": token.hash(), "owner": owner, "ttl_ms": ttl_ms, "share_limit": limit, "prune_limit": PRUNE_LIMIT,
    });
    let Receipt { share_id, created_at_ms, expires_at_ms } =
        shop.apply(&sql::SHARE_CREATE, &input)?.map_err(|refusal| {
            let problem = problem(refusal);
            if refusal == Refusal::TooManyShares { problem.with(Maximum, &limit) } else { problem }
        })?;
    let location = format!("/api/v1/cart/shares/{share_id}");
    let shared =
        Shared { share_id, share_token: token.reveal().to_owned(), created_at_ms, expires_at_ms };
    Ok(Done::new(shared).location(location))
}

fn lifetime_ms(shop: &Shop<'_>, asked_seconds: Option<i64>) -> Result<i64, Problem> {
    let limit_ms = shop.setting(&CART_SHARE_MAX_MS)?;
    let Some(seconds) = asked_seconds else {
        return Ok(shop.setting(&CART_SHARE_MS)?.min(limit_ms));
    };
    let limit = limit_ms.div_euclid(1_000);
    let out_of_range =
        || Problem::invalid_field("/expires_in_seconds", format!("must be 1 to {limit}"));
    seconds.checked_mul(1_000).filter(|ms| (1..=limit_ms).contains(ms)).ok_or_else(out_of_range)
}

/// The shares that open the caller's cart, oldest first.
///
/// # Errors
/// `cart_not_found`.
pub fn list_shares(ports: &Ports<'_>, owner: &str) -> Result<Done<Rendered<Shares>>, Problem> {
    let shop = Shop::new(ports);
    let shares = shop.read(&sql::SHARE_LIST, &json!({ "owner": owner }))?.ok_or_else(not_found)?;
    Ok(Done::new(shares))
}

/// Ends a share: its token is as if it had never been.
///
/// # Errors
/// `cart_not_found`, `share_not_found`.
pub fn revoke_share(
    ports: &Ports<'_>,
    owner: &str,
    share_id: &ShareId,
    change: &Change,
) -> Result<Done<Rendered<ShareRevoked>>, Problem> {
    let shop = Shop::new(ports);
    let input = json!({ "share_id": share_id, "owner": owner });
    change.apply(&shop, owner, &sql::SHARE_REVOKE, input)?.done(problem)
}

/// What a client is told of a refusal; who asks for what is not theirs is a line of the log
/// (CART-2).
fn problem(refusal: Refusal) -> Problem {
    if refusal == Refusal::CartNotFound {
        return not_found();
    }
    if refusal == Refusal::ShareNotFound {
        terms::log("info", "share not found", &[]);
    }
    refused(refusal)
}
