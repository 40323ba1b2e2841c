//! The circuit breaker before everything outside, its state shared by all requests through the key-value store (PAY-2).

use crate::{
    settings::{BREAKER_FAILURES, BREAKER_OPEN_MS, BREAKER_WINDOW_MS},
    shop::Shop,
};
use edge::Problem;
use providers::{Breaker, BreakerPolicy};

/// The breaker before `name`.
pub(crate) fn breaker<'a>(shop: &Shop<'a>, name: &'static str) -> Result<Breaker<'a>, Problem> {
    let policy = BreakerPolicy {
        failures_max: shop.setting(&BREAKER_FAILURES)?,
        window_ms: shop.setting(&BREAKER_WINDOW_MS)?,
        cool_down_ms: shop.setting(&BREAKER_OPEN_MS)?,
        ..BreakerPolicy::default()
    };
    Ok(Breaker::new(name, policy, shop.ports.kv, shop.ports.clock))
}
