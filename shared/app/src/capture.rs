//! Taking money that is held: the provider is asked before it is told again, and what it refuses is
//! judged by how the payment stands.

use crate::payment::PaymentRow;
use providers::{
    Capture, PaymentProvider as _, PaymentState, ProviderError, Stripe, UnknownReason,
};

/// What the provider is known to have done.
pub(crate) enum Taken {
    /// It took so much, now or earlier.
    Captured(i64),
    /// It will not, and says why.
    Refused(String),
}

/// Takes the amount of `payment`. `asked_before` is whether an earlier try may have been answered
/// without our hearing it: then the payment is looked at first.
///
/// # Errors
/// No answer to rely on: whether the money was taken is not known, or surely it was not yet.
pub(crate) async fn take(
    provider: &Stripe<'_>,
    payment: &PaymentRow,
    reference: &str,
    key: &str,
    asked_before: bool,
) -> Result<Taken, ProviderError> {
    if asked_before && let Some(taken) = stands(provider, reference).await? {
        return Ok(taken);
    }
    match provider.capture(reference, payment.amount_minor, payment.currency.as_str(), key).await {
        Ok(Capture::Captured { amount_minor, .. }) => Ok(Taken::Captured(amount_minor)),
        Ok(Capture::NotCapturable { code, .. }) => {
            Ok(stands(provider, reference).await?.unwrap_or(Taken::Refused(code)))
        }
        // Another amount than was asked for: what was taken is taken.
        Err(error @ ProviderError::Mismatch { .. }) => {
            stands(provider, reference).await?.ok_or(error)
        }
        Err(error) => Err(error),
    }
}

/// Whether the matter is settled, by how the payment stands: taken, or nothing held any more.
///
/// # Errors
/// No answer, or one that says the provider has not decided.
pub(crate) async fn stands(
    provider: &Stripe<'_>,
    reference: &str,
) -> Result<Option<Taken>, ProviderError> {
    let payment = provider.retrieve(reference).await?;
    match payment.state {
        PaymentState::Captured => Ok(Some(Taken::Captured(payment.amount_captured_minor))),
        PaymentState::Voided | PaymentState::Failed => {
            Ok(Some(Taken::Refused("nothing is held any more".to_owned())))
        }
        PaymentState::Authorized | PaymentState::RequiresAction => Ok(None),
        PaymentState::Processing => {
            let detail = format!("{reference} is being processed");
            Err(ProviderError::Unknown { reason: UnknownReason::Unreadable, detail })
        }
    }
}
