//! Everything that stands between a cart and its order, all at once (CART-18): what the buyer has to
//! mend before a checkout can begin or be confirmed, and what they should know.

use super::{PricedLine, PricingFacts};
use crate::{
    cart::line_id,
    problem::{payable, totals as totals_problem},
};
use domain::{
    ids::{LineId, Sku, TaxClass},
    money::Money,
    promotion::RefusedCode,
    shipping::{Origins, ShippingError},
    stock::Available,
    totals::{self, Choices, LineInput, PayableError, Totals, TotalsError, check_payable},
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use terms::{Code, Problem};

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// No checkout begins, and none is confirmed, until it is mended.
    Error,
    /// The buyer should know it.
    Warning,
}

/// One thing that is wrong with a cart, or that its buyer should know.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CartProblem {
    /// What it is: a code of the table of problems.
    code: &'static str,
    /// How much it matters.
    severity: Severity,
    /// The same in words.
    detail: String,
    /// Where in the request the cause stands, as a JSON pointer, if it stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    /// The line it is about, if one.
    #[serde(skip_serializing_if = "Option::is_none")]
    line_id: Option<LineId>,
    /// What is bought there.
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<Sku>,
    /// `insufficient_stock`: how many are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    requested: Option<i64>,
    /// `insufficient_stock`: how many there are for this cart, those that it holds among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<i64>,
    /// `insufficient_stock`: how many this cart's own checkout holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    reserved: Option<i64>,
    /// `insufficient_stock`: until when it holds them.
    #[serde(skip_serializing_if = "Option::is_none")]
    reserved_until_ms: Option<i64>,
    /// `amount_above_ceiling`, `amount_below_minimum`: what would be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Money>,
    /// `amount_below_minimum`: the least that one payment may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_total: Option<Money>,
    /// `amount_above_ceiling`: the most that one payment may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_total: Option<Money>,
    /// `code_refused`: which, why, and what is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused_code: Option<RefusedCode>,
}

/// What a cart's own checkout holds of a SKU.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Held {
    /// What.
    sku: Sku,
    /// How many.
    quantity: i64,
    /// Until when.
    reserved_until_ms: Option<i64>,
}

/// Where a shipping method stands in a request.
const SHIPPING_METHOD_AT: &str = "/shipping_method";
/// Where a gift wrap stands in a request.
const GIFT_WRAP_AT: &str = "/gift_wrap";
/// Where a payment method stands in a request.
const PAYMENT_METHOD_AT: &str = "/payment_method";

/// What a cart is checked for.
pub(crate) struct Asked<'a> {
    /// What the buyer has chosen so far.
    pub(crate) choices: Choices<'a>,
    /// Where the destination stands in the request: before `/country`.
    pub(crate) destination_at: &'a str,
    /// What the cart's own checkout holds.
    pub(crate) held: &'a [Held],
    /// Whether promotions take anything off.
    pub(crate) promotions_enabled: bool,
}

impl CartProblem {
    pub(crate) fn new(severity: Severity, code: Code, detail: impl Into<String>) -> Self {
        Self {
            code: code.slug(),
            severity,
            detail: detail.into(),
            pointer: None,
            line_id: None,
            sku: None,
            requested: None,
            available: None,
            reserved: None,
            reserved_until_ms: None,
            total: None,
            minimum_total: None,
            maximum_total: None,
            refused_code: None,
        }
    }

    fn error(code: Code, detail: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, detail)
    }

    fn warning(code: Code, detail: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, detail)
    }

    pub(crate) fn at(self, pointer: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), ..self }
    }

    fn of(self, line: &PricedLine) -> Result<Self, Problem> {
        Ok(Self { line_id: Some(line_id(&line.sku)?), sku: Some(line.sku.clone()), ..self })
    }

    /// Whether it stops a checkout.
    pub(crate) fn stops(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl PricingFacts {
    /// All that is wrong with the cart and all that its buyer should know: first what stops a
    /// checkout, in the order in which [`Self::price`] and [`Self::payable`] meet it. These two let a
    /// cart pass exactly if nothing here stops it. What it comes to, and what codes do, is looked at
    /// only if each line can be priced.
    ///
    /// # Errors
    /// `internal`, for a mistake in the shop's own tables.
    pub(crate) fn check(&self, asked: &Asked<'_>) -> Result<Vec<CartProblem>, Problem> {
        let mut found = Vec::new();
        if self.cart.lines.is_empty() {
            found.push(CartProblem::error(Code::CartEmpty, PayableError::EmptyCart.to_string()));
        }
        if self.zone.is_none() {
            let code = Code::CountryUnsupported;
            let pointer = format!("{}/country", asked.destination_at);
            found.push(CartProblem::error(code, code.title()).at(pointer));
        }
        let lines = self.sold_lines(&mut found)?;
        let promotions = match &self.promotions.0 {
            Ok(facts) if asked.promotions_enabled => Cow::Borrowed(facts),
            Err(_) if asked.promotions_enabled => {
                let code = Code::PromotionsUnavailable;
                found.push(CartProblem::error(code, code.title()));
                Cow::default()
            }
            Ok(_) | Err(_) => Cow::default(),
        };
        let is_whole = found.is_empty();
        let origins = self.origins(&lines, asked.held, &mut found)?;
        let short = found.len();
        self.check_prices(&lines, &mut found)?;
        self.check_rates(&lines, asked.choices, &mut found)?;
        let mut refused_codes = Vec::new();
        if is_whole && found.len() == short {
            let inputs: Vec<LineInput> = lines.iter().map(|(_, input)| input.clone()).collect();
            let input = self.input(&inputs, &origins, asked.choices, &promotions);
            match totals::compute(&input) {
                Ok(totals) => {
                    found.extend(self.not_payable(&totals));
                    refused_codes = totals.refused_codes;
                }
                Err(error) => {
                    let problem = totals_problem(&error);
                    if problem.code() == Code::Internal {
                        return Err(problem);
                    }
                    let code = problem.code();
                    let problem = CartProblem::error(code, error.to_string());
                    found.push(match error {
                        TotalsError::Shipping(_) => problem.at(SHIPPING_METHOD_AT),
                        TotalsError::OfflineUnavailable { .. } => problem.at(PAYMENT_METHOD_AT),
                        TotalsError::PriceMissing { .. }
                        | TotalsError::PriceNotPositive { .. }
                        | TotalsError::TaxMissing { .. }
                        | TotalsError::TaxAmbiguous { .. }
                        | TotalsError::LineRepeated { .. }
                        | TotalsError::FeeRepeated { .. }
                        | TotalsError::FeeNegative { .. }
                        | TotalsError::GiftWrapUnavailable { .. }
                        | TotalsError::Money(_) => problem,
                    });
                }
            }
        }
        found.extend(self.moved_prices(&lines)?);
        found.extend(refused_codes.into_iter().map(|refused| CartProblem {
            refused_code: Some(refused.clone()),
            ..CartProblem::warning(
                Code::CodeRefused,
                format!("the code {} does nothing: {}", refused.code, refused.reason),
            )
        }));
        Ok(found)
    }

    /// The lines that are sold, for the engine; of each of the others a problem.
    fn sold_lines(
        &self,
        found: &mut Vec<CartProblem>,
    ) -> Result<Vec<(&PricedLine, LineInput)>, Problem> {
        let available = Available::of(&self.levels);
        let mut lines = Vec::new();
        for line in &self.cart.lines {
            match self.sold(line, &available)? {
                Some(input) => lines.push((line, input)),
                None => found.push(CartProblem::error(Code::SkuUnknown, line.gone()).of(line)?),
            }
        }
        Ok(lines)
    }

    /// Where it would come from; of each line that is short a problem.
    fn origins(
        &self,
        lines: &[(&PricedLine, LineInput)],
        held: &[Held],
        found: &mut Vec<CartProblem>,
    ) -> Result<Origins, Problem> {
        let shortages = match self.allocate() {
            Ok(allocations) => return Ok(Origins::Allocated(allocations)),
            Err(shortages) => shortages,
        };
        for (line, _) in lines {
            let Some(short) = shortages.iter().find(|short| short.sku == line.sku) else {
                continue;
            };
            let held = held.iter().find(|held| held.sku == line.sku);
            found.push(CartProblem {
                requested: Some(short.requested),
                available: Some(short.available),
                reserved: Some(held.map_or(0, |held| held.quantity)),
                reserved_until_ms: held.and_then(|held| held.reserved_until_ms),
                ..CartProblem::error(Code::InsufficientStock, short.to_string()).of(line)?
            });
        }
        Ok(Origins::Unknown)
    }

    /// Of each line without a price in the cart's currency, or with one that is none, a problem.
    fn check_prices(
        &self,
        lines: &[(&PricedLine, LineInput)],
        found: &mut Vec<CartProblem>,
    ) -> Result<(), Problem> {
        for (line, input) in lines {
            let sku = line.sku.clone();
            let error = match input.unit_price_minor {
                Some(price) if price > 0 => continue,
                Some(_) => TotalsError::PriceNotPositive { sku },
                None => TotalsError::PriceMissing { sku, currency: self.cart.currency },
            };
            let code = totals_problem(&error).code();
            found.push(CartProblem::error(code, error.to_string()).of(line)?);
        }
        Ok(())
    }

    /// A problem if nothing goes by this method or is wrapped so, and of each line, the shipping and
    /// each fee without a tax where it goes.
    fn check_rates(
        &self,
        lines: &[(&PricedLine, LineInput)],
        choices: Choices<'_>,
        found: &mut Vec<CartProblem>,
    ) -> Result<(), Problem> {
        // Without a zone there are neither rates nor taxes, and that is said once.
        if self.zone.is_none() {
            return Ok(());
        }
        let is_taxed = |class: &TaxClass| self.taxes.iter().any(|rule| rule.tax_class == *class);
        let untaxed = |tax_class: TaxClass| {
            CartProblem::error(Code::TaxMissing, TotalsError::TaxMissing { tax_class }.to_string())
        };
        if let Some(method_id) = choices.shipping_method
            && !self.rates.iter().any(|rate| rate.method_id == *method_id)
        {
            let mut available = Vec::new();
            for rate in &self.rates {
                if !available.contains(&rate.method_id) {
                    available.push(rate.method_id.clone());
                }
            }
            let error =
                ShippingError::MethodUnavailable { method_id: method_id.clone(), available };
            let code = Code::ShippingMethodUnavailable;
            found.push(CartProblem::error(code, error.to_string()).at(SHIPPING_METHOD_AT));
        }
        for (line, input) in lines {
            if !is_taxed(&input.tax_class) {
                found.push(untaxed(input.tax_class.clone()).of(line)?);
            }
        }
        if choices.shipping_method.is_some() && !is_taxed(&TaxClass::shipping()) {
            found.push(untaxed(TaxClass::shipping()));
        }
        if let Some(fee_id) = choices.gift_wrap
            && !self.fees.iter().any(|fee| fee.is_wrap(fee_id))
        {
            let error = TotalsError::GiftWrapUnavailable { fee_id: fee_id.clone() };
            found.push(
                CartProblem::error(Code::GiftWrapUnavailable, error.to_string()).at(GIFT_WRAP_AT),
            );
        }
        // Of lines without a price it is said already; what does not add up is the engine's to say.
        let prices = lines.iter().filter_map(|(_, input)| {
            Money::new(input.unit_price_minor?, self.cart.currency)
                .mul_quantity(input.quantity)
                .ok()
        });
        let Ok(subtotal) = Money::sum(self.cart.currency, prices) else { return Ok(()) };
        for fee in &self.fees {
            if fee.amount(&self.fees, choices, subtotal).is_some() && !is_taxed(&fee.tax_class) {
                found.push(untaxed(fee.tax_class.clone()));
            }
        }
        Ok(())
    }

    /// Why that total may not be charged, if it may not (CHK-10).
    fn not_payable(&self, totals: &Totals) -> Option<CartProblem> {
        let Some(rules) = &self.currency else {
            let code = Code::CurrencyUnsupported;
            return Some(CartProblem::error(code, code.title()));
        };
        // Of an empty cart it is said already.
        if totals.lines.is_empty() {
            return None;
        }
        let error = check_payable(totals, rules).err()?;
        let problem = CartProblem::error(payable(&error).code(), error.to_string());
        Some(match error {
            PayableError::AboveCeiling { total, ceiling, .. } => {
                CartProblem { total: Some(total), maximum_total: Some(ceiling), ..problem }
            }
            PayableError::BelowMinimum { total, minimum, .. } => {
                CartProblem { total: Some(total), minimum_total: Some(minimum), ..problem }
            }
            PayableError::EmptyCart
            | PayableError::Negative { .. }
            | PayableError::ZeroFromUnpriced
            | PayableError::CurrencyUnsupported { .. } => problem,
        })
    }

    /// Of each line that costs something else than when it was added, a warning.
    fn moved_prices(
        &self,
        lines: &[(&PricedLine, LineInput)],
    ) -> Result<Vec<CartProblem>, Problem> {
        let mut moved = Vec::new();
        for (line, input) in lines {
            let Some(price) = input.unit_price_minor else { continue };
            if price == line.added_price_minor {
                continue;
            }
            let money = |minor| Money::new(minor, self.cart.currency);
            let (was, is) = (money(line.added_price_minor), money(price));
            let detail = format!("{} cost {was} when it was added and costs {is} now", line.sku);
            moved.push(CartProblem::warning(Code::PriceChanged, detail).of(line)?);
        }
        Ok(moved)
    }
}
