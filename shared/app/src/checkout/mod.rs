//! Checkout: begin a session, look at it, confirm it.

mod begin;
mod confirm;
mod gate;
mod plan;
mod tenders;
mod view;
mod webhook;

pub use crate::pricing::ASKED_WAREHOUSE;
pub use begin::{BeginCheckout, PaymentMethod, SessionBegun, SessionStatus, begin};
pub(crate) use begin::{begin_unless_locked, email_hashes, hash_keys};
pub(crate) use confirm::confirm_of_service;
pub use confirm::{Confirm, OrderPlaced, confirm};
pub(crate) use gate::gate_of;
pub use view::{
    Reservation, ReservationStatus, SessionClosed, SessionPayment, SessionPaymentStatus,
    SessionView, abandon, view,
};

pub use webhook::{WebhookReceived, receive_webhook};

use terms::{Code, Problem};

/// No such session of this caller's: the same answer whether it is missing or somebody else's, and
/// a line of the log (CART-2). No row counts them: strangers would choose how often it is written.
fn not_found() -> Problem {
    terms::log("info", "checkout session not found", &[]);
    Problem::new(Code::SessionNotFound)
}
