//! Orders: look, list, cancel, and create for a service.

mod cancel;
mod create;
mod list;
mod view;

pub use cancel::{CancelOrder, OrderCancelled, cancel};
pub use create::{CreateOrder, create};
pub use list::{ListOrders, OrderPage, OrderSummary, list};
pub use view::{Order, OrderLine, Payment, RatedFor, StatusChange, StatusHistory, by_id, by_number, status_history};

pub(crate) use view::{LineDetail, OrderDetail};

use crate::shop::Shop;
use terms::{Code, Problem};

/// No such order of this caller's: the same answer whether it is missing or somebody else's, and counted (CART-2).
fn not_found(shop: &Shop<'_>) -> Problem {
    shop.count("order_not_found_total");
    Problem::new(Code::OrderNotFound)
}
