//! Nothing is lost whatever stops.
//!
//! The **crash proof** (`src/bin/crash.rs`) runs each use case once and counts its host calls, then
//! once for every call and fault: the guest stopped before and after it, its answer lost, the call
//! failed. Then the workers run until nothing is left to do, and three judges look: the audit of
//! the shop's rows, the payment provider's own ledger, and the list of ends that are allowed
//! ([`End`]). The buyer asks again with the same key, before the workers or after them. Workers are
//! broken in the same way while they mend what a broken request left, and pairs of both are drawn
//! by a seed that is printed. Breakers open after few failures; and some cases, and some of the
//! pairs, run while the provider refuses our key ([`Weather`]).
//!
//! The **kill proof** (`src/bin/kill.rs`) kills the whole host under load and starts it again. The
//! **chaos proof** (`src/bin/chaos.rs`) lets everything go wrong at once under sixteen buyers, and
//! then asks both books.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a proof says by a panic that something does not hold"
)]

mod case;
mod control;
mod judge;
mod proof;
mod settle;
mod table;
mod worker;

pub use case::Case;
pub use control::{Fault, Run, control};
pub use judge::{End, events_are_in_order};
pub use proof::{Proof, Weather, caught, requests};
pub use settle::{WORKERS, in_parallel, run_workers, settle_until_quiet, workers_in_the_storm};
pub use table::{Seed, size};
pub use worker::{WORKS, pairs, workers};
