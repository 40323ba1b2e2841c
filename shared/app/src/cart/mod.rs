//! The cart: open, look, change.

mod add_line;
mod change_line;
mod create;
mod merge;
mod share;
mod totals;
mod view;

pub use add_line::{AddLine, add_line};
pub use change_line::{SetQuantity, clear, remove_line, set_quantity};
pub use create::{CreateCart, create};
pub use share::{ShareCart, list_shares, revoke_share, share};
pub use totals::{Destination, shipping_methods, totals};
pub use view::{Cart, view};
#[cfg(feature = "schema")]
pub use {create::Created, merge::Merge, share::Shared, totals::Preview};

pub(crate) use merge::take_over;
pub(crate) use view::{CartRow, find, line_id};

use crate::{problem::refused, settings::CART_QUANTITY_LIMIT, shop::Shop};
use domain::quantity::Quantity;
use edge::{Code, Problem};
use store::Refusal;

/// No live cart of this caller's: the same answer whether the cart is missing or somebody else's, and counted (CART-2).
pub(crate) fn not_found(shop: &Shop<'_>) -> Problem {
    shop.count("cart_not_found_total");
    Problem::new(Code::CartNotFound)
}

/// A refused change. A stale version is counted and answered with the cart as it is (CART-1).
fn conflict(shop: &Shop<'_>, owner: &str, refusal: Refusal) -> Problem {
    if refusal == Refusal::CartNotFound {
        return not_found(shop);
    }
    if refusal == Refusal::VersionConflict {
        shop.count("cart_optimistic_lock_failures_total");
        return match view::read(shop, owner) {
            Ok(cart) => Problem::new(Code::VersionConflict).etag(cart.version).with("current", &cart),
            Err(problem) => problem,
        };
    }
    if refusal == Refusal::QuantityOutOfRange {
        let limit = shop.setting(&CART_QUANTITY_LIMIT).unwrap_or(Quantity::HARD_MAX);
        return out_of_range(limit);
    }
    refused(refusal)
}

/// A quantity as a line may have it (CART-13).
fn quantity(given: i64, limit: i64) -> Result<Quantity, Problem> {
    Quantity::within(given, limit).map_err(|error| out_of_range(limit).detail(error.to_string()))
}

fn out_of_range(limit: i64) -> Problem {
    Problem::new(Code::QuantityOutOfRange).field("/quantity").with("minimum", 1).with("maximum", limit)
}
