//! The workers, each once: what runs it, when, what it is about, and what it reads.

use crate::components::Group::{
    self, Audit, CartRecovery, Database, Payment, Personal, Receivers, Replays, Retention, Runs,
    Saga, Services, Sink, Worker as Rows,
};

/// A worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worker {
    /// Its name: in its path, its scope `workers:<name>`, its lease and its report.
    pub name: &'static str,
    /// The component, which is also the crate and the wasm file.
    pub component: &'static str,
    /// Its path.
    pub path: &'static str,
    /// What it does.
    pub about: &'static str,
    /// When: six fields, seconds first, as the cron plugin takes it.
    pub schedule: &'static str,
    /// What it reads.
    pub groups: &'static [Group],
}

macro_rules! workers {
    (@each ($d:tt) $($constant:ident)+) => {
        /// Hands the constants of all workers, behind what is given, to the macro `then`:
        /// `each_worker!(then { … })`. What is made for each worker is made so, and a worker is
        /// added here alone.
        #[macro_export]
        macro_rules! each_worker {
            ($d then:ident { $d($d given:tt)* }) => {
                $d then! { { $d($d given)* } $($constant)+ }
            };
        }
    };
    ($($(#[doc = $about:literal])+ $constant:ident: $name:literal $schedule:literal [$($group:expr),+];)+) => {
        $($(#[doc = $about])+ pub const $constant: Worker = Worker {
            name: $name,
            component: concat!("workers-", $name),
            path: concat!("/internal/workers/", $name),
            about: concat!($($about),+),
            schedule: $schedule,
            groups: &[$($group),+],
        };)+

        /// All of them.
        pub const WORKERS: &[Worker] = &[$($constant),+];

        workers!(@each ($) $($constant)+);
    };
}

workers! {
    /// Sends waiting events to the sink and to each receiver.
    OUTBOX_RELAY: "outbox-relay" "* * * * * *" [Database, Services, Runs, Sink, Receivers, Personal];
    /// Gives up carts whose time is over, and forgets those nobody came back to.
    CART_CLEANUP: "cart-cleanup" "*/10 * * * * *" [Database, Services, Runs, Rows, CartRecovery];
    /// Gives expired reservations back to stock.
    RESERVATION_CLEANUP: "reservation-cleanup" "0 * * * * *" [Database, Services, Runs, Rows];
    /// Deletes idempotency records past their time, and settled events, confirm keys, ended sessions
    /// and data keys without a contact once they are old.
    RECORD_CLEANUP: "record-cleanup" "30 * * * * *" [Database, Services, Runs, Rows, Retention, CartRecovery];
    /// Wraps the keys of owners by the first of `pii_key`, so that an old one may go.
    DATA_KEY_REWRAP: "data-key-rewrap" "45 */10 * * * *" [Database, Services, Runs, Rows, Personal];
    /// Drives on the sagas whose driver has gone.
    SAGA_RECOVERY: "saga-recovery" "*/10 * * * * *" [Database, Services, Runs, Rows, Saga, Payment];
    /// Tries again what is owed to the payment provider.
    COMPENSATION_RETRY: "compensation-retry" "*/10 * * * * *" [Database, Services, Runs, Rows, Payment];
    /// Works what other programs have told.
    INBOX_WORK: "inbox-work" "*/2 * * * * *" [Database, Services, Runs, Rows, Replays, Saga, Payment];
    /// Cancels orders that nobody has paid in time, and takes to be paid what was to be at the door.
    UNPAID_ORDERS: "unpaid-orders" "*/15 * * * * *" [Database, Services, Runs, Rows];
    /// Gives what orders earn once their time has come, and takes back what cancelled ones gave.
    REWARD_GRANT: "reward-grant" "20 * * * * *" [Database, Services, Runs, Rows];
    /// Looks for what must not be in the database: the next rows of each table.
    CONSISTENCY_AUDIT: "consistency-audit" "*/15 * * * * *" [Database, Services, Runs, Audit];
}
