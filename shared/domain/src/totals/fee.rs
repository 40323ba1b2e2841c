//! Fees: what an order costs besides its goods and its shipping (PRICE-13). Each is a line of its own
//! with its own tax, and no promotion touches it.

use super::{
    Adjustment, AdjustmentKind, Choices, TotalsError, TotalsInput, adjustment, base_and_total,
    explain_tax, rule_for,
};
use crate::{
    ids::{FeeId, TaxClass},
    money::Money,
    payment::OfflineMethod,
    sorted::sorted_by,
    tax::{TaxRate, tax_on},
};
use serde::{Deserialize, Serialize};

named_enum! {
    /// What a fee is for, and so which orders have it.
    pub enum FeeKind("a fee") {
        /// The work of sending it: every order has it.
        Handling = "handling",
        /// A wrapping: an order has it whose buyer has chosen it.
        GiftWrap = "gift_wrap",
        /// Paying at the door: an order has it that is paid so, and none can be paid so without one.
        CashOnDelivery = "cash_on_delivery",
        /// Paying elsewhere: the same.
        External = "external",
    }
}

impl FeeKind {
    /// The way to pay that orders have it for.
    #[must_use]
    pub const fn is_for(self) -> Option<OfflineMethod> {
        match self {
            Self::CashOnDelivery => Some(OfflineMethod::CashOnDelivery),
            Self::External => Some(OfflineMethod::External),
            Self::Handling | Self::GiftWrap => None,
        }
    }
}

/// A fee of the shop in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Fee {
    /// The fee.
    pub fee_id: FeeId,
    /// What it is for.
    pub kind: FeeKind,
    /// Its name as the buyer reads it.
    pub name: String,
    /// What it costs; zero or more.
    pub amount_minor: i64,
    /// An order whose goods are worth so much before any discount, or more, has it for nothing.
    pub free_from_minor: Option<i64>,
    /// An order whose goods are worth more before any discount cannot have it.
    pub up_to_minor: Option<i64>,
    /// The class it is taxed in.
    pub tax_class: TaxClass,
}

impl Fee {
    /// Whether it is this gift wrap.
    #[must_use]
    pub fn is_wrap(&self, fee_id: &FeeId) -> bool {
        self.kind == FeeKind::GiftWrap && self.fee_id == *fee_id
    }

    /// What it costs an order whose goods are worth `subtotal` and whose buyer has chosen so; `None`
    /// where the order does not have it, and needs no tax for it. What somebody has to do it has for
    /// nothing too: to wrap, and to take the money. Of the fees for a way to pay, `among` all, it has
    /// one.
    #[must_use]
    pub fn amount(&self, among: &[Self], choices: Choices<'_>, subtotal: Money) -> Option<Money> {
        let is_free = self.free_from_minor.is_some_and(|from| subtotal.amount_minor() >= from);
        let is_asked = match self.kind {
            FeeKind::Handling => !is_free,
            FeeKind::GiftWrap => choices.gift_wrap == Some(&self.fee_id),
            FeeKind::CashOnDelivery | FeeKind::External => {
                let chosen = choices.offline.filter(|method| self.kind.is_for() == Some(*method));
                let first = chosen.and_then(|method| offline(among, method, subtotal));
                first.is_some_and(|fee| fee.fee_id == self.fee_id)
            }
        };
        let amount_minor = if is_free { 0 } else { self.amount_minor };
        is_asked.then(|| Money::new(amount_minor, subtotal.currency()))
    }
}

/// A fee with its money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FeeTotals {
    /// The fee.
    pub fee_id: FeeId,
    /// What it is for.
    pub kind: FeeKind,
    /// Its name as the buyer reads it.
    pub name: String,
    /// What it costs, with or without the tax, as its class has it.
    pub amount: Money,
    /// The tax on it.
    pub tax: Money,
    /// The rate of that tax.
    pub tax_rate: TaxRate,
    /// What the tax is on: the fee without it.
    pub tax_base: Money,
    /// Whether the amount already holds the tax.
    pub tax_inclusive: bool,
    /// What is paid for it: tax base plus tax.
    pub total: Money,
}

/// The fees of an order whose goods are worth `subtotal`, in the order of their ids, each taxed by
/// itself.
pub(super) fn price(
    input: &TotalsInput<'_>,
    subtotal: Money,
    adjustments: &mut Vec<Adjustment>,
) -> Result<Vec<FeeTotals>, TotalsError> {
    is_there(input, subtotal)?;
    // Nothing is sent of an empty cart, and nothing wrapped.
    if input.lines.is_empty() {
        return Ok(Vec::new());
    }
    let mut before = None;
    let mut fees: Vec<FeeTotals> = Vec::new();
    for fee in sorted_by(input.fees, |a, b| a.fee_id.cmp(&b.fee_id)) {
        if before.replace(&fee.fee_id) == Some(&fee.fee_id) {
            return Err(TotalsError::FeeRepeated { fee_id: fee.fee_id.clone() });
        }
        if fee.amount_minor < 0 {
            return Err(TotalsError::FeeNegative { fee_id: fee.fee_id.clone() });
        }
        let Some(amount) = fee.amount(input.fees, input.choices, subtotal) else { continue };
        let rule = rule_for(&fee.tax_class, input.tax_rules)?;
        let tax = tax_on(amount, rule.rate, rule.inclusive, rule.rounding)?;
        let (tax_base, total) = base_and_total(amount, tax, rule.inclusive)?;
        let target = Some(fee.fee_id.as_str());
        adjustments.push(adjustment(AdjustmentKind::Fee, &fee.name, amount, target));
        fees.push(FeeTotals {
            fee_id: fee.fee_id.clone(),
            kind: fee.kind,
            name: fee.name.clone(),
            amount,
            tax,
            tax_rate: rule.rate,
            tax_base,
            tax_inclusive: rule.inclusive,
            total,
        });
    }
    Ok(fees)
}

/// That what is chosen is to be had: the gift wrap, and the way to pay.
fn is_there(input: &TotalsInput<'_>, subtotal: Money) -> Result<(), TotalsError> {
    if let Some(chosen) = input.choices.gift_wrap
        && !input.fees.iter().any(|fee| fee.is_wrap(chosen))
    {
        return Err(TotalsError::GiftWrapUnavailable { fee_id: chosen.clone() });
    }
    match input.choices.offline {
        Some(method) if offline(input.fees, method, subtotal).is_none() => {
            Err(TotalsError::OfflineUnavailable { method })
        }
        Some(_) | None => Ok(()),
    }
}

/// The fee by which an order whose goods are worth `subtotal` can be paid so: of several the first by
/// its id.
#[must_use]
pub fn offline(fees: &[Fee], method: OfflineMethod, subtotal: Money) -> Option<&Fee> {
    let serves = |fee: &&Fee| {
        fee.kind.is_for() == Some(method)
            && fee.up_to_minor.is_none_or(|up_to| subtotal.amount_minor() <= up_to)
    };
    fees.iter().filter(serves).min_by(|a, b| a.fee_id.cmp(&b.fee_id))
}

/// The tax of each fee, as a step.
pub(super) fn explain_taxes(fees: &[FeeTotals], adjustments: &mut Vec<Adjustment>) {
    let taxes = fees.iter().map(|fee| {
        explain_tax(fee.tax_rate, fee.tax_inclusive, fee.tax, Some(fee.fee_id.as_str()))
    });
    adjustments.extend(taxes);
}
