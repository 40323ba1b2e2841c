//! Orders: look, list, cancel, and create for a service.

mod cancel;
mod create;
mod list;
mod view;

pub use cancel::{CancelOrder, cancel};
pub use create::{CreateOrder, create};
pub use list::{ListOrders, list};
pub use view::{by_id, by_number};

use crate::shop::Shop;
use edge::{Caller, Code, Problem};

/// Whose orders a caller may read: everybody's (`None`) with the scope, else their own.
fn readable_by(caller: &Caller) -> Result<Option<String>, Problem> {
    if caller.has_scope("orders:read") { Ok(None) } else { caller.require_owner().map(Some) }
}

/// No such order of this caller's: the same answer whether it is missing or somebody else's, and counted (CART-2).
fn not_found(shop: &Shop<'_>) -> Problem {
    shop.count("order_not_found_total");
    Problem::new(Code::OrderNotFound)
}
