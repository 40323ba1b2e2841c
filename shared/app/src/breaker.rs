//! The circuit breaker before everything outside, its state shared by all requests through the key-value store (PAY-2).

use crate::{
    settings::{BREAKER_FAILURES, BREAKER_OPEN_MS, BREAKER_WINDOW_MS},
    shop::Shop,
};
use edge::Problem;
use providers::{Breaker, BreakerPolicy};

/// How much longer than its call a probe keeps others waiting.
const PROBE_SPARE_MS: i64 = 5_000;

/// The breaker before `name`, each call to which may take `timeout_ms`.
pub(crate) fn breaker<'a>(shop: &Shop<'a>, name: &'static str, timeout_ms: u64) -> Result<Breaker<'a>, Problem> {
    let policy = BreakerPolicy {
        failures_max: shop.setting(&BREAKER_FAILURES)?,
        window_ms: shop.setting(&BREAKER_WINDOW_MS)?,
        cool_down_ms: shop.setting(&BREAKER_OPEN_MS)?,
        probe_ms: i64::try_from(timeout_ms).unwrap_or(i64::MAX).saturating_add(PROBE_SPARE_MS),
    };
    Ok(Breaker::new(name, policy, shop.ports.kv, shop.ports.clock))
}
