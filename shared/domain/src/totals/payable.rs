//! Whether a total may be paid, and whether it is still the one that was agreed to: asked before
//! any payment call.

use super::Totals;
use crate::money::{Currency, CurrencyRules, Money};
use thiserror::Error;

/// What is to be done about a total that may be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payable {
    /// Charge this much; it is above zero.
    Charge(Money),
    /// Discounts have covered everything: there is nothing to authorize.
    Nothing,
}

/// Why a total may not be paid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PayableError {
    /// Nothing is bought.
    #[error("the cart is empty; add something first")]
    EmptyCart,
    /// It is more than one payment may be.
    #[error("{} is above the ceiling of {} for one payment", .rules.written(*.total), .rules.written(*.ceiling))]
    AboveCeiling {
        /// What would be paid.
        total: Money,
        /// The most that would be right.
        ceiling: Money,
        /// How its currency is written.
        rules: CurrencyRules,
    },
    /// It is less than a payment may be.
    #[error("{} is below the minimum of {} for a payment", .rules.written(*.total), .rules.written(*.minimum))]
    BelowMinimum {
        /// What would be paid.
        total: Money,
        /// The least that would be right.
        minimum: Money,
        /// How its currency is written.
        rules: CurrencyRules,
    },
    /// It is less than nothing.
    #[error("a total must not be negative, this is {}", .rules.written(*.total))]
    Negative {
        /// What would be paid.
        total: Money,
        /// How its currency is written.
        rules: CurrencyRules,
    },
    /// Nothing is to be paid, because the goods have no price. This is our mistake, and worth an
    /// alert.
    #[error("the goods have no price; a total of zero may only come from discounts")]
    ZeroFromUnpriced,
    /// The rules are those of another currency.
    #[error("the shop's rules for {expected} are needed, these are for {given}")]
    CurrencyUnsupported {
        /// The currency of the total.
        expected: Currency,
        /// The currency of the rules.
        given: Currency,
    },
}

/// Whether a total may be paid, asked before any payment call.
///
/// # Errors
/// [`PayableError`], naming the bound that was missed.
pub fn check_payable(totals: &Totals, rules: &CurrencyRules) -> Result<Payable, PayableError> {
    let total = totals.total;
    let bound = |amount_minor| Money::new(amount_minor, rules.currency);
    if totals.lines.is_empty() {
        return Err(PayableError::EmptyCart);
    }
    if total.currency() != rules.currency {
        return Err(PayableError::CurrencyUnsupported {
            expected: total.currency(),
            given: rules.currency,
        });
    }
    if total.is_negative() {
        return Err(PayableError::Negative { total, rules: *rules });
    }
    if totals.lines.iter().any(|line| !line.unit_price.is_positive()) {
        return Err(PayableError::ZeroFromUnpriced);
    }
    if total.is_zero() {
        return Ok(Payable::Nothing);
    }
    if total.amount_minor() < rules.minimum_minor {
        return Err(PayableError::BelowMinimum {
            total,
            minimum: bound(rules.minimum_minor),
            rules: *rules,
        });
    }
    if total.amount_minor() > rules.ceiling_minor {
        return Err(PayableError::AboveCeiling {
            total,
            ceiling: bound(rules.ceiling_minor),
            rules: *rules,
        });
    }
    Ok(Payable::Charge(total))
}

/// Whether a total has moved so far from what was agreed to that the buyer must be asked again: by
/// more than `max_basis_points` (hundredths of a percent of what was agreed) either way or, if so
/// set, by any increase. Another currency is always a move.
#[must_use]
pub fn total_moved(
    agreed: Money,
    current: Money,
    max_basis_points: u32,
    any_increase: bool,
) -> bool {
    if agreed.currency() != current.currency() {
        return true;
    }
    let agreed = i128::from(agreed.amount_minor());
    let current = i128::from(current.amount_minor());
    let difference = (current - agreed).abs();
    difference * 10_000 > agreed.abs() * i128::from(max_basis_points)
        || (any_increase && current > agreed)
}
