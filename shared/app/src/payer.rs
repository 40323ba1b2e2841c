//! Who a customer is at the payment provider, and what they have saved there (CHK-12).
//!
//! A customer is made there when they save their first card, and not before: whoever saves nothing
//! is nobody to it. It is told a name that we made up for them, and nothing else. From then on their
//! payments name that customer, and the provider sees to it that what was saved is used by whose it
//! is, and by nobody else.

use crate::{
    compensation::Tried,
    payment::provider,
    shop::Shop,
    tries::{Failure, key_refused, misconfigured, policy},
};
use callers::Customer;
use config::{COMPENSATION_ATTEMPTS, PAYMENT_API_KEY, WORKER_LEASE_MS};
use domain::compensation::CompensationStatus;
use json::{Value, json};
use providers::{ProviderError, UnknownReason, Wallets as _};
use serde::{Deserialize, Serialize};
use store::sql;
use terms::{Code, Problem};

/// Who pays, as the provider knows them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Payer {
    /// The provider's name for them.
    pub(crate) customer: String,
    /// Whether it is to save what they pay with.
    pub(crate) saves: bool,
}

#[derive(Deserialize)]
struct Taken {
    payer_id: String,
    reference: Option<String>,
}

/// Makes the provider know a customer of ours. Of two requests at once both ask under one key.
///
/// # Errors
/// `provider_unavailable`, `provider_timeout`; `idempotency_in_progress` while another tab asks,
/// and for who was erased meanwhile.
pub(crate) async fn introduce(shop: &Shop<'_>, customer_id: &str) -> Result<(), Problem> {
    let input = json!({ "payer_id": shop.id(), "customer_id": customer_id });
    let Taken { payer_id, reference } = shop
        .read(&sql::PAYER_TAKE, &input)?
        .ok_or_else(|| Problem::internal("a customer without a name for the provider"))?;
    if reference.is_some() {
        return Ok(());
    }
    let reference = match provider(shop)?.make_customer(&payer_id).await {
        Ok(reference) => reference,
        // Another tab of theirs is asking under the same key.
        Err(ProviderError::Unknown { reason: UnknownReason::InProgress, .. }) => {
            return Err(elsewhere());
        }
        Err(error) => {
            // It is kept under the key for a day: the next try needs another.
            if let ProviderError::Unknown { reason: UnknownReason::ServerError(_), .. } = error {
                forget_of(shop, customer_id, None)?;
            }
            return Err(told(shop, &error));
        }
    };
    let input = json!({ "payer_id": payer_id, "reference": reference });
    let known: Option<Value> = shop.read(&sql::PAYER_KNOWN, &input)?;
    if known.is_some_and(|known| known.get("is_theirs").and_then(Value::as_bool) == Some(true)) {
        return Ok(());
    }
    Err(elsewhere())
}

/// Somebody else is at it: the buyer asks again.
fn elsewhere() -> Problem {
    Problem::new(Code::IdempotencyInProgress).retry_after(1)
}

/// The provider has no such customer: the next card that the owner saves makes another.
pub(crate) fn forget(shop: &Shop<'_>, owner: &str, reference: Option<&str>) -> Result<(), Problem> {
    Customer::id_in(owner).map_or(Ok(()), |customer_id| forget_of(shop, customer_id, reference))
}

fn forget_of(shop: &Shop<'_>, customer_id: &str, reference: Option<&str>) -> Result<(), Problem> {
    let input = json!({ "customer_id": customer_id, "reference": reference });
    shop.read::<Value>(&sql::PAYER_FORGET, &input).map(drop)
}

/// Deletes the customer of the provider's that has waited longest for it, since the person was
/// erased (SEC-6). `None` when none is due. It is never given up: what is left of somebody who was
/// erased is nobody's to write off.
///
/// # Errors
/// Our configuration is wrong: it is given back as it was.
pub(crate) async fn delete_next(shop: &Shop<'_>) -> Result<Option<Tried>, Problem> {
    #[derive(Deserialize)]
    struct Owed {
        payer_id: String,
        reference: Option<String>,
        attempts: u32,
    }
    let provider =
        provider(shop).map_err(|problem| misconfigured(shop, PAYMENT_API_KEY.name, problem))?;
    let lease = json!({ "lease_ms": shop.setting(&WORKER_LEASE_MS)? });
    let Some(Owed { payer_id, reference, attempts }) = shop.read(&sql::PAYER_LEASE, &lease)? else {
        return Ok(None);
    };
    // Whose name nobody has heard was asked for by this key, or never.
    let deleted = match reference {
        Some(reference) => provider.delete_customer(&reference).await,
        None => match provider.make_customer(&payer_id).await {
            Ok(reference) => provider.delete_customer(&reference).await,
            Err(error) => Err(error),
        },
    };
    let Err(error) = deleted else {
        shop.read::<Value>(&sql::PAYER_GONE, &json!({ "payer_id": payer_id }))?;
        return Ok(Some(Tried::Settled(CompensationStatus::Done)));
    };
    let waits = |tried: bool, retry_in_ms: i64| {
        let input = json!({ "payer_id": payer_id, "tried": tried, "retry_in_ms": retry_in_ms });
        shop.read::<Value>(&sql::PAYER_WAITS, &input)
    };
    match Failure::of(&error) {
        Failure::Try { wait_ms } => {
            let (policy, attempt) =
                (policy(shop, &COMPENSATION_ATTEMPTS)?, attempts.saturating_add(1));
            waits(true, policy.wait_ms(attempt).max(wait_ms))?;
            if policy.alerts(attempt) {
                shop.alert(&format!("customer_not_deleted:{payer_id}"), &error.to_string());
            }
            Ok(Some(Tried::Settled(CompensationStatus::Pending)))
        }
        Failure::Untried { wait_ms } => {
            waits(false, wait_ms)?;
            Ok(Some(Tried::Untried))
        }
        Failure::Misconfigured => {
            waits(false, 0)?;
            Err(key_refused(shop, &error.to_string()))
        }
    }
}

/// What a customer is told of a provider that does not do it; of a key that it refuses there is an
/// alert.
pub(crate) fn told(shop: &Shop<'_>, error: &ProviderError) -> Problem {
    if matches!(Failure::of(error), Failure::Misconfigured) {
        drop(key_refused(shop, &error.to_string()));
    }
    told_of(error)
}

/// What a buyer is told of a provider that gave no answer (CHK-13), or that does not take what they
/// pay with.
pub(crate) fn told_of(error: &ProviderError) -> Problem {
    if error.is_of_the_method() {
        return Problem::new(Code::PaymentMethodInvalid).detail(
            "the provider does not take this payment method of this buyer; choose another",
        );
    }
    let code = if error.is_timeout() { Code::ProviderTimeout } else { Code::ProviderUnavailable };
    let seconds = error.retry_after_ms().map_or(5, |ms| ms.div_ceil(1_000).max(1));
    Problem::new(code).retry_after(seconds).because(format!("payment provider: {error}"))
}
