//! What a client is told of what went wrong. What of a refusal stands in its row
//! (`store::Refusal`).

use crate::members::{Legal, MaximumTotal, MinimumTotal, NotSold, OfLine, Short, Standing, Total};
use domain::{
    order::OrderStatus,
    payment::OfflineMethod,
    shipping::ShippingError,
    stock::Shortage,
    totals::{PayableError, TotalsError},
};
use store::{Refusal, StoreError, Told};
use terms::{Code, Problem};

/// Seconds after which a client may try again what a busy database refused.
const BUSY_RETRY_SECONDS: u64 = 1;

/// And what a database could not be asked at all.
const UNAVAILABLE_RETRY_SECONDS: u64 = 5;

/// A failed statement.
pub(crate) fn database(error: StoreError) -> Problem {
    match error {
        StoreError::Refused(refusal) => refused(refusal),
        StoreError::Busy { .. } => Problem::new(Code::DatabaseBusy)
            .retry_after(BUSY_RETRY_SECONDS)
            .because(error.to_string()),
        StoreError::Unavailable { .. } => Problem::new(Code::DatabaseUnavailable)
            .retry_after(UNAVAILABLE_RETRY_SECONDS)
            .because(error.to_string()),
        StoreError::SchemaOutdated { .. } => {
            Problem::new(Code::SchemaOutdated).retry_after(30).because(error.to_string())
        }
        StoreError::Failed { .. } => Problem::internal(error.to_string()),
    }
}

/// A command's refusal where the use case has nothing better to say.
pub(crate) fn refused(refusal: Refusal) -> Problem {
    match refusal.told() {
        Some(Told { code, retry_after_seconds: Some(seconds) }) => {
            Problem::new(code).retry_after(seconds)
        }
        Some(Told { code, retry_after_seconds: None }) => Problem::new(code),
        None => Problem::internal(format!("unexpected refusal {refusal:?}")),
    }
}

/// As [`refused`], of something that has versions: a stale one is told the one there is.
pub(crate) fn refused_at(refusal: Refusal, version: i64) -> Problem {
    let problem = refused(refusal);
    if refusal == Refusal::VersionConflict { problem.at_version(version) } else { problem }
}

/// A total that cannot be made; it names the part that failed (CART-6).
pub(crate) fn totals(error: &TotalsError) -> Problem {
    let code = match error {
        // A cart has one line of each SKU, and names it so.
        TotalsError::PriceMissing { sku, .. } => {
            return Problem::new(Code::PriceMissing)
                .detail(error.to_string())
                .with(NotSold, sku)
                .with(OfLine, sku.as_str());
        }
        TotalsError::Shipping(ShippingError::MethodUnavailable { .. }) => {
            Code::ShippingMethodUnavailable
        }
        TotalsError::GiftWrapUnavailable { .. } => Code::GiftWrapUnavailable,
        TotalsError::OfflineUnavailable { method: OfflineMethod::CashOnDelivery } => {
            Code::CashOnDeliveryUnavailable
        }
        TotalsError::OfflineUnavailable { method: OfflineMethod::External } => {
            Code::ExternalPaymentUnavailable
        }
        TotalsError::TaxMissing { .. } => Code::TaxMissing,
        TotalsError::Money(_) => Code::AmountAboveCeiling,
        TotalsError::PriceNotPositive { .. } => Code::AmountZeroUnpriced,
        TotalsError::TaxAmbiguous { .. }
        | TotalsError::Shipping(
            ShippingError::RateNegative { .. }
            | ShippingError::NotAllocated { .. }
            | ShippingError::Money(_),
        )
        | TotalsError::LineRepeated { .. }
        | TotalsError::FeeRepeated { .. }
        | TotalsError::FeeNegative { .. } => return Problem::internal(format!("totals: {error}")),
    };
    Problem::new(code).detail(error.to_string())
}

/// A total that may not be charged (CHK-10).
pub(crate) fn payable(error: &PayableError) -> Problem {
    let problem = match error {
        PayableError::EmptyCart => Problem::new(Code::CartEmpty),
        PayableError::AboveCeiling { total, ceiling, .. } => {
            Problem::new(Code::AmountAboveCeiling).with(Total, total).with(MaximumTotal, ceiling)
        }
        PayableError::BelowMinimum { total, minimum, .. } => {
            Problem::new(Code::AmountBelowMinimum).with(Total, total).with(MinimumTotal, minimum)
        }
        PayableError::Negative { .. } => Problem::new(Code::AmountNegative),
        PayableError::ZeroFromUnpriced => Problem::new(Code::AmountZeroUnpriced),
        PayableError::CurrencyUnsupported { .. } => Problem::new(Code::CurrencyUnsupported),
    };
    problem.detail(error.to_string())
}

/// Less stock than the cart asks for, line by line.
pub(crate) fn short(shortages: &[Shortage]) -> Problem {
    Problem::new(Code::InsufficientStock).with(Short, shortages)
}

/// A move the order's state does not allow; it names those that are (ORD-3).
pub(crate) fn illegal(from: OrderStatus) -> Problem {
    Problem::new(Code::IllegalTransition)
        .detail(format!("the order is {from}"))
        .with(Standing, &from)
        .with(Legal, from.legal_next())
}
