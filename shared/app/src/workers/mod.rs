//! The scheduled workers. Each takes no input, does a bounded batch, oldest first, and says what it
//! did (WRK-3).
//!
//! A lease in the key-value store keeps a second run out cheaply; for correctness nothing needs it,
//! since every row is claimed and fenced in SQL (WRK-2). None marks anything done that it has not
//! done (WRK-4).

mod cart_cleanup;
mod compensation_retry;
mod consistency_audit;
mod data_key_rewrap;
mod inbox_work;
mod lease;
mod outbox_relay;
mod record_cleanup;
mod reservation_cleanup;
mod reward_grant;
mod saga_recovery;
mod unpaid_orders;

pub use cart_cleanup::cart_cleanup;
pub use compensation_retry::compensation_retry;
pub use consistency_audit::{Audited, consistency_audit};
pub use data_key_rewrap::data_key_rewrap;
pub use inbox_work::inbox_work;
pub use outbox_relay::outbox_relay;
pub use record_cleanup::record_cleanup;
pub use reservation_cleanup::reservation_cleanup;
pub use reward_grant::reward_grant;
pub use saga_recovery::saga_recovery;
pub use unpaid_orders::unpaid_orders;

use crate::shop::Shop;
use config::{WORKER_BATCH, WORKER_BUDGET_MS};
use serde::Serialize;
use terms::Problem;

/// What one run did.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// What the audit saw; of other workers nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit: Option<Audited>,
}

/// One row's part in a report.
#[derive(Clone, Copy)]
enum Turn {
    Done,
    Retried,
    Dead,
    /// Given back as it was: the other side is not to be called now, for this row or another.
    Untried,
    Overtaken,
}

/// When a run takes up nothing more: its leases must outlast what it has begun, or a second run
/// does it too.
struct Deadline<'a> {
    shop: &'a Shop<'a>,
    at_ms: i64,
}

impl<'a> Deadline<'a> {
    /// That of a run which begins now.
    fn from_now(shop: &'a Shop<'a>) -> Result<Self, Problem> {
        let at_ms = shop.ports.clock.wall_ms().saturating_add(shop.setting(&WORKER_BUDGET_MS)?);
        Ok(Self { shop, at_ms })
    }

    fn has_passed(&self) -> bool {
        self.shop.ports.clock.wall_ms() >= self.at_ms
    }
}

/// Takes one row after the other, oldest first, until none is due, the batch is full, or the run
/// has had its time: so no row is leased longer than its own work takes.
async fn one_by_one<F>(shop: &Shop<'_>, mut next: F) -> Result<Report, Problem>
where
    F: AsyncFnMut() -> Result<Option<Turn>, Problem>,
{
    let deadline = Deadline::from_now(shop)?;
    let mut report = Report::default();
    for _ in 0..shop.setting(&WORKER_BATCH)? {
        if deadline.has_passed() {
            break;
        }
        let Some(turn) = next().await? else { break };
        let count = match turn {
            Turn::Done => &mut report.done,
            Turn::Retried | Turn::Untried => &mut report.retried,
            Turn::Dead => &mut report.dead,
            Turn::Overtaken => continue,
        };
        *count = count.saturating_add(1);
        report.taken = report.taken.saturating_add(1);
        if matches!(turn, Turn::Untried) {
            break;
        }
    }
    Ok(report)
}
