//! What counts as a try, and what does not (CHK-8).
//!
//! A try is a call that was really made and that failed on the other side's account. An open
//! circuit breaker sent nothing. A key that is refused and a variable that cannot be used are ours
//! to mend, and every row would meet them: they stop a run, raise one alert, count nothing and kill
//! nothing.

use crate::shop::Shop;
use config::{
    COMPENSATION_WAIT_LIMIT_MS, COMPENSATION_WAIT_MS, GIVE_UP_MS, PAYMENT_API_KEY, Setting,
};
use domain::retry::{Growth, RetryPolicy, WAIT_LONGEST_MS};
use json::{Value, json};
use providers::ProviderError;
use store::sql;
use terms::{Code, Problem};

/// After how long the provider may have forgotten an idempotency key: it keeps one for a day, and
/// we are not that exact. From then on the same request is no question any more, but a second
/// payment or refund.
pub(crate) const KEY_LIFE_MS: i64 = 20 * 3_600_000;

/// What a call without an answer to rely on means for the row it was made for.
pub(crate) enum Failure {
    /// A failed try; not to be repeated before so long.
    Try {
        /// What the provider asked for; zero when it did not.
        wait_ms: i64,
    },
    /// Nothing was sent; it may be after so long.
    Untried {
        /// Until the circuit closes.
        wait_ms: i64,
    },
    /// Our configuration is wrong.
    Misconfigured,
}

impl Failure {
    pub(crate) fn of(error: &ProviderError) -> Self {
        let wait_ms = error
            .retry_after_ms()
            .and_then(|ms| i64::try_from(ms).ok())
            .unwrap_or_default()
            .min(WAIT_LONGEST_MS);
        match error {
            ProviderError::CircuitOpen { .. } => Self::Untried { wait_ms },
            ProviderError::Unauthorized { .. } => Self::Misconfigured,
            ProviderError::NotSent { .. }
            | ProviderError::Unknown { .. }
            | ProviderError::Rejected { .. }
            | ProviderError::Mismatch { .. } => Self::Try { wait_ms },
        }
    }
}

/// The policy of what is owed to the provider, with an alert after as many tries as `alert_after`
/// says.
pub(crate) fn policy(shop: &Shop<'_>, alert_after: &Setting<u32>) -> Result<RetryPolicy, Problem> {
    Ok(RetryPolicy {
        alert_after: shop.setting(alert_after)?,
        give_up_ms: shop.setting(&GIVE_UP_MS)?,
        wait_first_ms: shop.setting(&COMPENSATION_WAIT_MS)?,
        wait_max_ms: shop.setting(&COMPENSATION_WAIT_LIMIT_MS)?,
        growth: Growth::Linear,
    })
}

/// The provider refuses our key: one alert, and what the run is told.
pub(crate) fn key_refused(shop: &Shop<'_>, error: &str) -> Problem {
    alert(shop, PAYMENT_API_KEY.name, error);
    Problem::new(Code::ConfigurationInvalid)
        .detail("the payment provider refuses our key; nothing is lost, and what waits goes on once payment_api_key is right")
        .because(error)
}

/// A run that cannot begin, because a variable cannot be used: one alert, and the problem as it is.
pub(crate) fn misconfigured(shop: &Shop<'_>, about: &str, problem: Problem) -> Problem {
    alert(shop, about, &problem.to_string());
    problem
}

/// An alert of today about a variable. One that cannot be written is logged: what it is about is
/// logged anyway.
fn alert(shop: &Shop<'_>, about: &str, detail: &str) {
    let alert_id = format!("configuration:{about}");
    match shop.read::<Value>(&sql::ALERT_TODAY, &json!({ "alert_id": alert_id, "detail": detail }))
    {
        Ok(Some(_)) => terms::log(
            "error",
            "an alert was raised",
            &[("alert_id", &alert_id), ("error", detail)],
        ),
        Ok(None) => {}
        Err(problem) => terms::log(
            "error",
            "an alert could not be written",
            &[("alert_id", &alert_id), ("code", problem.code().slug())],
        ),
    }
}
