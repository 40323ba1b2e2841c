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
    let worker = worker.name;
    let key = format!("lease/{worker}");
    let now_ms = ports.clock.wall_ms();
    let lease_ms = shop.setting(&WORKER_LEASE_MS)?;
    // An unreadable lease is no lease, and neither is one longer than any that is written here: the
    // work is safe without it.
    let held_until_ms = ports
        .kv
        .get(&key)
        .ok()
        .flatten()
        .and_then(|value| String::from_utf8(value).ok()?.parse::<i64>().ok());
    if held_until_ms.is_some_and(|until_ms| ports::lasts(until_ms, now_ms, lease_ms)) {
        return Ok(Report { worker, skipped: true, ..Report::default() });
    }
    write(ports, &key, now_ms.saturating_add(lease_ms));
    let report = work(&shop).await;
    write(ports, &key, 0);
    let report = Report { worker, ..report? };
    let told = serde_json::to_string(&report).unwrap_or_default();
    shop.read::<Value>(&sql::WORKER_RAN, &json!({ "worker": worker, "report": told }))?;
    Ok(report)
}

fn write(ports: &Ports<'_>, key: &str, until_ms: i64) {
    if let Err(error) = ports.kv.set(key, until_ms.to_string().as_bytes()) {
        terms::log(
            "warning",
            "a worker's lease could not be written",
            &[("key", key), ("error", &error.to_string())],
        );
    }
}
