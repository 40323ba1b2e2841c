//! Checkout: begin a session, look at it, confirm it.

mod begin;
mod confirm;
mod gate;
mod plan;
mod view;

pub(crate) use begin::begin_unless_locked;
pub use begin::{BeginCheckout, PaymentToken, SessionBegun, SessionStatus, begin};
pub use confirm::{Confirm, OrderPlaced, confirm};
pub(crate) use gate::gate_of;
pub use view::{Reservation, ReservationStatus, SessionClosed, SessionPayment, SessionPaymentStatus, SessionView, abandon, view};

use crate::shop::Shop;
use terms::{Code, Problem};

/// No such session of this caller's: the same answer whether it is missing or somebody else's, and counted (CART-2).
fn not_found(shop: &Shop<'_>) -> Problem {
    shop.count("checkout_session_not_found_total");
    Problem::new(Code::SessionNotFound)
}
