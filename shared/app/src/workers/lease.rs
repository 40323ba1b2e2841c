//! The cheap gate before a worker, and its last success behind it (WRK-2, WRK-6).

use super::Report;
use crate::shop::Shop;
use config::{WORKER_LEASE_MS, Worker};
use json::{Value, json};
use ports::Ports;
use store::sql;
use terms::Problem;

/// Runs `work` unless another run of `worker` holds the lease, and writes its success down.
pub(super) async fn leased<F>(ports: &Ports<'_>, worker: Worker, work: F) -> Result<Report, Problem>
where
    F: AsyncFnOnce(&Shop<'_>) -> Result<Report, Problem>,
{
    let shop = Shop::new(ports);
    let Some(lease) = Lease::take(&shop, worker.name)? else {
        return Ok(Report { worker: worker.name, skipped: true, ..Report::default() });
    };
    let report = work(&shop).await;
    lease.give_back();
    ran(&shop, worker, report?)
}

/// Writes down that `worker` has run, and what it reports.
pub(super) fn ran(shop: &Shop<'_>, worker: Worker, report: Report) -> Result<Report, Problem> {
    let report = Report { worker: worker.name, ..report };
    let told = serde_json::to_string(&report).unwrap_or_default();
    shop.read::<Value>(&sql::WORKER_RAN, &json!({ "worker": worker.name, "report": told }))?;
    Ok(report)
}

/// What keeps a second run out, as long as it lasts.
pub(super) struct Lease<'a> {
    ports: &'a Ports<'a>,
    key: String,
}

impl<'a> Lease<'a> {
    /// That of `name`; none while another run has it.
    pub(super) fn take(shop: &Shop<'a>, name: &str) -> Result<Option<Self>, Problem> {
        let lease = Self { ports: shop.ports, key: format!("lease/{name}") };
        let now_ms = lease.ports.clock.wall_ms();
        let lease_ms = shop.setting(&WORKER_LEASE_MS)?;
        // An unreadable lease is no lease, and neither is one longer than any that is written here:
        // the work is safe without it.
        let held_until_ms = lease
            .ports
            .kv
            .get(&lease.key)
            .ok()
            .flatten()
            .and_then(|value| String::from_utf8(value).ok()?.parse::<i64>().ok());
        if held_until_ms.is_some_and(|until_ms| ports::lasts(until_ms, now_ms, lease_ms)) {
            return Ok(None);
        }
        lease.write(now_ms.saturating_add(lease_ms));
        Ok(Some(lease))
    }

    pub(super) fn give_back(self) {
        self.write(0);
    }

    fn write(&self, until_ms: i64) {
        if let Err(error) = self.ports.kv.set(&self.key, until_ms.to_string().as_bytes()) {
            terms::log(
                "warning",
                "a worker's lease could not be written",
                &[("key", &self.key), ("error", &error.to_string())],
            );
        }
    }
}
