//! The scheduled workers. Each takes no input, does a bounded batch, oldest first, and says what it did (WRK-3).
//!
//! A lease in the key-value store keeps a second run out cheaply; for correctness nothing needs it, since every
//! row is claimed and fenced in SQL (WRK-2). None marks anything done that it has not done (WRK-4).

mod compensation_retry;
mod lease;
mod outbox_relay;
mod reservation_cleanup;
mod saga_recovery;

pub use compensation_retry::compensation_retry;
pub use outbox_relay::outbox_relay;
pub use reservation_cleanup::reservation_cleanup;
pub use saga_recovery::saga_recovery;

use serde::Serialize;

/// What one run did.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// The worker.
    pub worker: &'static str,
    /// Whether another run had the lease, so that this one did nothing.
    pub skipped: bool,
    /// Rows taken.
    pub taken: u64,
    /// Rows whose work is done.
    pub done: u64,
    /// Rows to be tried again.
    pub retried: u64,
    /// Rows given up, each with an alert.
    pub dead: u64,
}
