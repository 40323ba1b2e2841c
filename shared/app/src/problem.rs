//! What a client is told of a refusal: one table.

use domain::{
    order::OrderStatus,
    shipping::ShippingError,
    stock::Shortage,
    totals::{PayableError, TotalsError},
};
use edge::{Code, Problem};
use store::{Refusal, StoreError};

/// Seconds after which a client may try again what a busy database refused.
const BUSY_RETRY_SECONDS: u64 = 1;

/// And what a database could not be asked at all.
const UNAVAILABLE_RETRY_SECONDS: u64 = 5;

/// A failed statement.
pub(crate) fn database(error: StoreError) -> Problem {
    match error {
        StoreError::Refused(refusal) => refused(refusal),
        StoreError::Busy { .. } => Problem::new(Code::DatabaseBusy).retry_after(BUSY_RETRY_SECONDS).because(error.to_string()),
        StoreError::Unavailable { .. } => {
            Problem::new(Code::DatabaseUnavailable).retry_after(UNAVAILABLE_RETRY_SECONDS).because(error.to_string())
        }
        StoreError::SchemaOutdated { .. } => Problem::new(Code::SchemaOutdated).retry_after(30).because(error.to_string()),
        StoreError::Failed { .. } => Problem::internal(error.to_string()),
    }
}

/// A variable that cannot be used: the request stops, and says which.
pub(crate) fn configuration(name: &str, right: &str) -> Problem {
    Problem::new(Code::ConfigurationInvalid)
        .detail(format!("the variable {name} is not usable"))
        .because(format!("variable {name}: {right}"))
}

/// A command's refusal where the use case has nothing better to say.
pub(crate) fn refused(refusal: Refusal) -> Problem {
    let code = match refusal {
        Refusal::CartNotFound => Code::CartNotFound,
        Refusal::CartLocked => Code::CartLocked,
        Refusal::CartConverted => Code::CartCompleted,
        Refusal::CartChanged => Code::SessionStale,
        Refusal::VersionConflict => Code::VersionConflict,
        Refusal::LineNotFound => Code::LineNotFound,
        Refusal::TooManyLines => Code::TooManyLines,
        Refusal::QuantityOutOfRange => Code::QuantityOutOfRange,
        Refusal::ShareNotFound => Code::ShareNotFound,
        Refusal::TooManyShares => Code::TooManyShares,
        Refusal::SessionClosed => Code::SessionExpired,
        Refusal::ConfirmInProgress => Code::IdempotencyInProgress,
        Refusal::PricesMoved => Code::PriceChanged,
        Refusal::InsufficientStock => Code::InsufficientStock,
        Refusal::ReservationExpired => Code::ReservationExpired,
        Refusal::OrderChanged | Refusal::OrderBusy => Code::OrderBusy,
        Refusal::CurrencyUnsupported => Code::CurrencyUnsupported,
        Refusal::SkuUnknown => Code::SkuNotFound,
        Refusal::WarehouseUnknown => Code::WarehouseUnknown,
        Refusal::StockWouldBeNegative => Code::StockNegative,
        Refusal::PriceNotPositive | Refusal::WeightNegative => Code::InvalidField,
        // These are answered where they arise; here they would be our own mistake.
        Refusal::CartExists
        | Refusal::IdempotencyKeySeen
        | Refusal::SagaMovedOn
        | Refusal::CompensationMovedOn
        | Refusal::CompensationReplaced
        | Refusal::EventMovedOn
        | Refusal::PaymentReferenceTaken => return Problem::internal(format!("unexpected refusal {refusal:?}")),
    };
    let problem = Problem::new(code);
    match code.status() {
        409 if matches!(code, Code::CartLocked | Code::IdempotencyInProgress | Code::OrderBusy) => problem.retry_after(BUSY_RETRY_SECONDS),
        _ => problem,
    }
}

/// A total that cannot be made; it names the part that failed (CART-6).
pub(crate) fn totals(error: &TotalsError) -> Problem {
    let code = match error {
        TotalsError::PriceMissing { .. } => Code::PriceMissing,
        TotalsError::Shipping(ShippingError::MethodUnavailable { .. }) => Code::ShippingMethodUnavailable,
        TotalsError::TaxMissing { .. } => Code::TaxMissing,
        TotalsError::Money(_) => Code::AmountAboveCeiling,
        TotalsError::PriceNotPositive { .. } => Code::AmountZeroUnpriced,
        TotalsError::TaxAmbiguous { .. }
        | TotalsError::Shipping(ShippingError::RateNegative { .. } | ShippingError::NotAllocated { .. } | ShippingError::Money(_))
        | TotalsError::DiscountOutOfRange { .. }
        | TotalsError::DiscountWithoutTarget { .. }
        | TotalsError::LineRepeated { .. } => return Problem::internal(format!("totals: {error}")),
    };
    Problem::new(code).detail(error.to_string())
}

/// A total that may not be charged (CHK-10).
pub(crate) fn payable(error: &PayableError) -> Problem {
    let code = match error {
        PayableError::EmptyCart => Code::CartEmpty,
        PayableError::AboveCeiling { .. } => Code::AmountAboveCeiling,
        PayableError::BelowMinimum { .. } => Code::AmountBelowMinimum,
        PayableError::Negative { .. } => Code::AmountNegative,
        PayableError::ZeroFromUnpriced => Code::AmountZeroUnpriced,
        PayableError::CurrencyUnsupported { .. } => Code::CurrencyUnsupported,
    };
    Problem::new(code).detail(error.to_string())
}

/// Less stock than the cart asks for, line by line.
pub(crate) fn short(shortages: &[Shortage]) -> Problem {
    Problem::new(Code::InsufficientStock).with("lines", shortages)
}

/// A move the order's state does not allow; it names those that are (ORD-3).
pub(crate) fn illegal(from: OrderStatus) -> Problem {
    Problem::new(Code::IllegalTransition).detail(format!("the order is {from}")).with("order_status", from).with("legal", from.legal_next())
}
