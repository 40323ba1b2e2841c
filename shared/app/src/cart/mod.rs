//! The cart: open, look, change.

mod add_line;
mod attributes;
mod change_line;
mod codes;
mod create;
mod currency;
mod merge;
mod share;
mod totals;
mod validate;
mod view;

pub use add_line::{AddLine, add_line};
pub use attributes::{AttributesSet, SetAttributes, set_attributes};
pub use change_line::{Cleared, LineChanged, SetQuantity, clear, remove_line, set_quantity};
pub use codes::{CodesChanged, GiveCode, give_code, take_code};
pub use create::{CreateCart, Created, create};
pub use currency::{CurrencyChanged, SetCurrency, UnsoldLine, set_currency};
pub use merge::Merge;
pub use share::{Share, ShareCart, ShareRevoked, Shared, Shares, list_shares, revoke_share, share};
pub use totals::{
    Destination, Preview, ShippingMethods, Suggestions, shipping_methods, suggestions, totals,
};
pub use validate::{Validated, validate};
pub use view::{Cart, view};

pub(crate) use create::end_if_expired;
pub(crate) use merge::take_over;
pub(crate) use view::{CartRow, line_id, shown};

use crate::{
    members::{Current, Maximum, Minimum},
    problem::refused,
    shop::Shop,
};
use callers::{Customer, Service};
use config::{CART_CUSTOMER_IDLE_MS, CART_GUEST_IDLE_MS, CART_QUANTITY_LIMIT, IDEMPOTENCY_MS};
use domain::{ids::Sku, money::Currency, quantity::Quantity};
use json::json;
use serde::Deserialize;
use store::{Refusal, sql};
use terms::{Code, Problem};

/// No live cart of this caller's: the same answer whether the cart is missing or somebody else's,
/// and a line of the log (CART-2). No row counts them: strangers would choose how often it is
/// written.
pub(crate) fn not_found() -> Problem {
    terms::log("info", "cart not found", &[]);
    Problem::new(Code::CartNotFound)
}

/// How long a cart of this owner's waits for its next change (CART-10). A customer can come back to
/// it from any device, so it waits longer than a guest's; a service's waits for as long as the key
/// of its order is remembered, since the next try under that key needs it.
pub(crate) fn idle_ms(shop: &Shop<'_>, owner: &str) -> Result<i64, Problem> {
    shop.setting(if Service::owns(owner) {
        &IDEMPOTENCY_MS
    } else if Customer::owns(owner) {
        &CART_CUSTOMER_IDLE_MS
    } else {
        &CART_GUEST_IDLE_MS
    })
}

/// A refused change. A stale version is counted and answered with the cart as it is (CART-1).
fn conflict(shop: &Shop<'_>, owner: &str, refusal: Refusal) -> Problem {
    if refusal == Refusal::CartNotFound {
        return not_found();
    }
    if refusal == Refusal::VersionConflict {
        shop.count("cart_optimistic_lock_failures_total");
        return match view::read(shop, owner) {
            Ok(cart) => {
                Problem::new(Code::VersionConflict).at_version(cart.version).with(Current, &cart)
            }
            Err(problem) => problem,
        };
    }
    if refusal == Refusal::QuantityOutOfRange {
        let limit = shop.setting(&CART_QUANTITY_LIMIT).unwrap_or(Quantity::HARD_MAX);
        return out_of_range(limit);
    }
    refused(refusal)
}

/// Which of these are not sold in a currency.
pub(crate) fn not_sold(
    shop: &Shop<'_>,
    skus: &[&Sku],
    currency: Currency,
) -> Result<Vec<Sku>, Problem> {
    #[derive(Deserialize)]
    struct OfSku {
        sku: Sku,
    }
    let unsold: Vec<OfSku> =
        shop.list(&sql::SKUS_NOT_SOLD, &json!({ "skus": skus, "currency": currency }))?;
    Ok(unsold.into_iter().map(|OfSku { sku }| sku).collect())
}

/// How often a change is decided anew that the cart has moved under.
const ROUNDS_MAX: usize = 3;

/// A quantity as a line may have it (CART-13).
fn quantity(given: i64, limit: i64) -> Result<Quantity, Problem> {
    Quantity::within(given, limit).map_err(|error| out_of_range(limit).detail(error.to_string()))
}

fn out_of_range(limit: i64) -> Problem {
    Problem::new(Code::QuantityOutOfRange)
        .field("/quantity")
        .with(Minimum, &1)
        .with(Maximum, &limit)
}
