//! `PUT /api/v1/cart/currency`: another currency, and every line priced anew in it (CART-21).

use super::{ROUNDS_MAX, conflict, idle_ms, line_id, not_found, not_sold, view::CartRow};
use crate::{
    Change,
    change::{Apply as _, apply_over_attempt},
    events::{CartCurrencyChanged, Event},
    members::Unsold,
    shop::Shop,
};
use domain::{
    ids::{CartId, LineId, Sku},
    money::Currency,
};
use json::json;
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::{Refusal, sql};
use terms::{Code, Done, Problem, Rendered};

/// The currency a cart is to be in.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SetCurrency {
    /// The currency.
    currency: Currency,
}

/// A cart in its currency.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CurrencyChanged {
    /// The cart.
    pub cart_id: CartId,
    /// Its version now.
    pub version: i64,
    /// The currency of its prices.
    pub currency: Currency,
}

/// A line that is not sold in a currency.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UnsoldLine {
    /// The line.
    line_id: LineId,
    /// What is bought there.
    sku: Sku,
}

/// Puts the caller's cart into a currency: each line is at what it costs there now, as if it were
/// added at this moment. All of them, or none: a line that is not sold in it refuses the change. The
/// currency it is in already is no change. Codes stay; whether they do anything is the totals' to
/// say.
///
/// # Errors
/// `cart_not_found`, `currency_unsupported`, `sku_not_sold_in_currency`, `cart_locked`,
/// `version_conflict`.
pub fn set_currency(
    ports: &Ports<'_>,
    owner: &str,
    body: &SetCurrency,
    change: &Change,
) -> Result<Done<Rendered<CurrencyChanged>>, Problem> {
    let shop = Shop::relaxed(ports)?;
    let to = body.currency;
    for _ in 0..ROUNDS_MAX {
        let cart: CartRow =
            shop.read(&sql::CART_VIEW, &json!({ "owner": owner }))?.ok_or_else(not_found)?;
        let changed = CartCurrencyChanged {
            cart_id: &cart.cart_id,
            owner,
            currency: to,
            from_currency: cart.currency,
        };
        let events = (cart.currency != to).then(|| Event::of(&shop, &changed));
        let input = json!({
            "cart_id": cart.cart_id, "owner": owner, "currency": to, "from_currency": cart.currency,
            "cart_idle_ms": idle_ms(&shop, owner)?, "events": Vec::from_iter(events),
        });
        let applied = if cart.currency == to {
            // A payment that waits for its buyer does not end for what changes nothing.
            change.apply(&shop, owner, &sql::CART_CURRENCY_SET, input)?
        } else {
            apply_over_attempt(&shop, owner, change, &sql::CART_CURRENCY_SET, input)?
        };
        if applied.refusal() == Some(Refusal::CartChanged) {
            // Another tab has put it into another currency meanwhile.
            continue;
        }
        if applied.refusal() == Some(Refusal::SkuNotSold) {
            match unsold(&shop, &cart, to)? {
                Some(problem) => return Err(problem),
                None => continue,
            }
        }
        return applied.done(|refusal| refused(&shop, owner, to, refusal));
    }
    // As often as it was looked at somebody had just changed what it depends on.
    Err(Problem::new(Code::CartLocked).retry_after(1))
}

/// Every line that is not sold in the currency, unless each has come to be since.
fn unsold(shop: &Shop<'_>, cart: &CartRow, to: Currency) -> Result<Option<Problem>, Problem> {
    let skus: Vec<&Sku> = cart.lines.iter().map(|line| &line.sku).collect();
    let unsold = not_sold(shop, &skus, to)?;
    if unsold.is_empty() {
        return Ok(None);
    }
    let mut lines = Vec::with_capacity(unsold.len());
    for sku in unsold {
        lines.push(UnsoldLine { line_id: line_id(&sku)?, sku });
    }
    let detail = format!("{} of the cart's lines are not sold in {to}", lines.len());
    Ok(Some(
        Problem::new(Code::SkuNotSoldInCurrency)
            .field("/currency")
            .detail(detail)
            .with(Unsold, &lines),
    ))
}

fn refused(shop: &Shop<'_>, owner: &str, to: Currency, refusal: Refusal) -> Problem {
    if refusal == Refusal::CurrencyUnsupported {
        let detail = format!("{to} is not sold in here");
        Problem::new(Code::CurrencyUnsupported).field("/currency").detail(detail)
    } else {
        conflict(shop, owner, refusal)
    }
}
