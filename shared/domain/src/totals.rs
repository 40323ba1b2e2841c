//! THE totals engine: what an order costs, and why.
//!
//! A preview and a confirm call the one function [`compute`]; there is no second way to a total. It
//! never answers with a silent zero: a price, a tax rule, a rate or a sum that is missing is a
//! [`TotalsError`] naming the part.
//!
//! How the money is made, in order:
//!
//! 1. a line's `subtotal` is its unit price times its quantity;
//! 2. discounts come off the line (or the shipping) they are for, and can never exceed it;
//! 3. shipping is rated per parcel ([`crate::shipping`]);
//! 4. tax is computed on what is left **after discount**: lines with the same rate, the same
//!    inclusiveness and the same rounding form a group, the group's tax is rounded once (a half
//!    away from zero, unless the tax's row says to the even neighbour), and is divided among its
//!    lines by largest remainder. So a hundred lines of one cent carry the tax of one dollar, not a
//!    hundred times the rounded tax of one cent. Shipping is a group of its own, so that choosing
//!    another method never moves the tax of a line;
//! 5. for every line and for the shipping `tax_base + tax == total`; and `total` is the sum of
//!    theirs.
//!
//! Lines are computed and answered in the order of their ids: the answer does not depend on the
//! order of the input.

mod payable;

pub use payable::{Payable, PayableError, check_payable, total_moved};

use crate::ids::{LineId, ShippingMethodId, Sku, TaxClass, WarehouseId};
use crate::money::{Currency, Money, MoneyError, allocate};
use crate::quantity::Quantity;
use crate::shipping::{self, Goods, Origins, Parcel, ShippingError, ShippingQuote, ShippingRate};
use crate::sorted::sorted_by;
use crate::stock::StockVerdict;
use crate::tax::{TaxRate, TaxRule, tax_on};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What an adjustment to the shipping names as its target.
const SHIPPING: &str = "shipping";

/// A line as the cart and the catalog know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineInput {
    /// The line.
    pub line_id: LineId,
    /// What is bought.
    pub sku: Sku,
    /// Its name as the buyer reads it.
    pub name: String,
    /// How many.
    pub quantity: Quantity,
    /// What one costs now; `None` if it has no price in this currency.
    pub unit_price_minor: Option<i64>,
    /// What one cost when it was added.
    pub added_price_minor: i64,
    /// The class it is taxed in.
    pub tax_class: TaxClass,
    /// What one weighs.
    pub weight_g: i64,
    /// What is known of its stock; carried into the answer, no part of the money.
    pub stock: StockVerdict,
}

/// What a discount comes off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiscountTarget {
    /// One line.
    Line(LineId),
    /// The shipping.
    Shipping,
}

/// A discount that has been decided, as promotions will hand it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discount {
    /// What it comes off.
    pub target: DiscountTarget,
    /// Why, as the buyer reads it.
    pub label: String,
    /// How much; zero or more.
    pub amount_minor: i64,
}

/// Everything a total depends on. Two equal inputs give two equal answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotalsInput<'a> {
    /// The currency all amounts are in.
    pub currency: Currency,
    /// What is bought.
    pub lines: &'a [LineInput],
    /// Where it comes from.
    pub origins: &'a Origins,
    /// The tax rules of the destination, one per class.
    pub tax_rules: &'a [TaxRule],
    /// The method chosen, if one has been.
    pub shipping_method: Option<&'a ShippingMethodId>,
    /// The rates of the destination.
    pub shipping_rates: &'a [ShippingRate],
    /// The discounts; those for lines and those for shipping explain themselves in this order.
    pub discounts: &'a [Discount],
}

/// A line with its money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LineTotals {
    /// The line.
    pub line_id: LineId,
    /// What is bought.
    pub sku: Sku,
    /// Its name as the buyer reads it.
    pub name: String,
    /// How many.
    pub quantity: Quantity,
    /// What one costs now.
    pub unit_price: Money,
    /// What one cost when it was added.
    pub added_price: Money,
    /// Whether those two differ.
    pub price_changed: bool,
    /// Unit price times quantity.
    pub subtotal: Money,
    /// What comes off; zero or more.
    pub discount: Money,
    /// The tax on it.
    pub tax: Money,
    /// The rate of that tax.
    pub tax_rate: TaxRate,
    /// What the tax is on: the price without it.
    pub tax_base: Money,
    /// Whether the unit price already holds the tax.
    pub tax_inclusive: bool,
    /// What is paid for the line: tax base plus tax.
    pub total: Money,
    /// What is known of its stock.
    #[serde(flatten)]
    pub stock: StockVerdict,
}

/// The shipping with its money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ShippingTotals {
    /// The method.
    pub method_id: ShippingMethodId,
    /// Its name as the buyer reads it.
    pub name: String,
    /// What comes off; zero or more.
    pub discount: Money,
    /// The rate of the tax on it.
    pub tax_rate: TaxRate,
    /// What the tax is on: the price after discount, without the tax.
    pub tax_base: Money,
    /// Whether the price already holds the tax.
    pub tax_inclusive: bool,
    /// What is paid for shipping: tax base plus tax.
    pub total: Money,
}

named_enum! {
    /// What an adjustment is.
    pub enum AdjustmentKind("an adjustment") {
        /// The goods, before anything else.
        Goods = "goods",
        /// A discount; its amount is negative.
        Discount = "discount",
        /// The shipping of one parcel.
        Shipping = "shipping",
        /// Tax that comes on top of prices.
        Tax = "tax",
        /// Tax that prices already hold. It explains, and adds nothing to the total.
        TaxIncluded = "tax_included",
    }
}

impl AdjustmentKind {
    /// Whether an adjustment of this kind is part of the sum that makes the total.
    #[must_use]
    pub const fn adds_to_total(self) -> bool {
        match self {
            Self::Goods | Self::Discount | Self::Shipping | Self::Tax => true,
            Self::TaxIncluded => false,
        }
    }
}

/// One step on the way to the total.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Adjustment {
    /// What it is.
    pub kind: AdjustmentKind,
    /// Why, as the buyer reads it.
    pub label: String,
    /// By how much; negative if it lowers the total.
    pub amount: Money,
    /// What it applies to: a line, a warehouse, or `shipping`. Absent if it applies to the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

/// What an order costs, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Totals {
    /// The currency of every amount below.
    pub currency: Currency,
    /// The lines, ordered by id.
    pub lines: Vec<LineTotals>,
    /// All lines before discount.
    pub subtotal: Money,
    /// All that comes off, lines and shipping; zero or more.
    pub discount: Money,
    /// The shipping before discount; absent until a method is chosen, for it is not known to be
    /// nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping: Option<Money>,
    /// The tax on shipping; absent until a method is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping_tax: Option<Money>,
    /// The rest of what there is to know about shipping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping_method: Option<ShippingTotals>,
    /// All tax, on lines and on shipping, whether prices held it or not: `shipping_tax` is part of
    /// it.
    pub tax: Money,
    /// What is to be paid.
    pub total: Money,
    /// The steps that lead to the total, in order. All but those of kind `tax_included` sum to it.
    pub adjustments: Vec<Adjustment>,
}

/// Why there is no total. Each names the part that failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TotalsError {
    /// A line has no price in this currency.
    #[error("{sku} has no price in {currency}; every line needs one")]
    PriceMissing {
        /// What has no price.
        sku: Sku,
        /// The currency it has none in.
        currency: Currency,
    },
    /// A price is not above zero.
    #[error("{sku} has a price that is not above zero; a price must be")]
    PriceNotPositive {
        /// What is priced wrongly.
        sku: Sku,
    },
    /// A line, or shipping, is of a class that has no tax rule at this destination.
    #[error(
        "there is no tax rule for class {tax_class} at this destination; a rate of zero must be stated too"
    )]
    TaxMissing {
        /// The class without a rule.
        tax_class: TaxClass,
    },
    /// A class has two tax rules.
    #[error("there are two tax rules for class {tax_class} at this destination; there must be one")]
    TaxAmbiguous {
        /// The class with two rules.
        tax_class: TaxClass,
    },
    /// Shipping could not be rated.
    #[error(transparent)]
    Shipping(#[from] ShippingError),
    /// A discount is below zero, or above what it comes off.
    #[error("the discount {label:?} must be from zero to what is left to discount")]
    DiscountOutOfRange {
        /// The discount.
        label: String,
    },
    /// A discount is for a line that is not there, or for shipping that is not chosen.
    #[error("the discount {label:?} is for something that is not part of this order")]
    DiscountWithoutTarget {
        /// The discount.
        label: String,
    },
    /// Two lines have the same id.
    #[error("line {line_id} appears twice; every line needs its own id")]
    LineRepeated {
        /// The id.
        line_id: LineId,
    },
    /// A sum does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// What an order costs. The only way to a [`Totals`] that is shown, agreed to, or charged.
///
/// # Errors
/// [`TotalsError`], naming the part that failed; never a total with a part left out.
pub fn compute(input: &TotalsInput<'_>) -> Result<Totals, TotalsError> {
    let currency = input.currency;
    let mut adjustments = Vec::new();

    let mut lines = price_lines(input)?;
    let subtotal = Money::sum(currency, lines.iter().map(|line| line.subtotal))?;
    adjustments.push(adjustment(AdjustmentKind::Goods, "goods", subtotal, None));
    discount_lines(&mut lines, input.discounts, &mut adjustments)?;
    let shipping = price_shipping(input, subtotal, &mut adjustments)?;
    let lines = tax_lines(lines, input, &mut adjustments)?;
    let shipping = shipping
        .map(|priced| tax_shipping(priced, input.tax_rules, &mut adjustments))
        .transpose()?;

    let shipping_amount = shipping.as_ref().map(|taxed| taxed.amount);
    let shipping_tax = shipping.as_ref().map(|taxed| taxed.tax);
    let shipping_method = shipping.map(|taxed| taxed.totals);
    let discounts =
        lines.iter().map(|line| line.discount).chain(shipping_method.iter().map(|s| s.discount));
    let taxes = lines.iter().map(|line| line.tax).chain(shipping_tax);
    let payments =
        lines.iter().map(|line| line.total).chain(shipping_method.iter().map(|s| s.total));
    Ok(Totals {
        currency,
        subtotal,
        discount: Money::sum(currency, discounts)?,
        tax: Money::sum(currency, taxes)?,
        total: Money::sum(currency, payments)?,
        shipping: shipping_amount,
        shipping_tax,
        shipping_method,
        lines,
        adjustments,
    })
}

/// What one asks to list the methods of an order before one is chosen: its parcels and the value of
/// its goods are computed exactly as [`compute`] does it. The method chosen and the discounts in
/// `input` play no part.
///
/// # Errors
/// As [`compute`], where prices and rates are concerned.
pub fn list_shipping_methods(input: &TotalsInput<'_>) -> Result<Vec<ShippingQuote>, TotalsError> {
    let lines = price_lines(input)?;
    let subtotal = Money::sum(input.currency, lines.iter().map(|line| line.subtotal))?;
    let parcels = pack(input)?;
    let listed = shipping::list_methods(
        input.currency,
        &parcels,
        subtotal.amount_minor(),
        input.shipping_rates,
    )?;
    Ok(listed.into_iter().map(|rated| rated.quote).collect())
}

/// A line half-way through: priced and perhaps discounted, not yet taxed.
#[derive(Clone, Copy)]
struct Priced<'a> {
    input: &'a LineInput,
    unit_price: Money,
    subtotal: Money,
    discount: Money,
}

/// In the order of their ids, whatever the order of the input.
fn price_lines<'a>(input: &TotalsInput<'a>) -> Result<Vec<Priced<'a>>, TotalsError> {
    let by_id = sorted_by(input.lines, |a, b| a.line_id.cmp(&b.line_id));
    let mut before = None;
    by_id
        .into_iter()
        .map(|line| {
            if before.replace(&line.line_id) == Some(&line.line_id) {
                return Err(TotalsError::LineRepeated { line_id: line.line_id.clone() });
            }
            price_line(line, input.currency)
        })
        .collect()
}

fn price_line(line: &LineInput, currency: Currency) -> Result<Priced<'_>, TotalsError> {
    let price = line
        .unit_price_minor
        .ok_or_else(|| TotalsError::PriceMissing { sku: line.sku.clone(), currency })?;
    let unit_price = Money::new(price, currency);
    if !unit_price.is_positive() {
        return Err(TotalsError::PriceNotPositive { sku: line.sku.clone() });
    }
    let subtotal = unit_price.mul_quantity(line.quantity)?;
    Ok(Priced { input: line, unit_price, subtotal, discount: Money::zero(currency) })
}

fn pack(input: &TotalsInput<'_>) -> Result<Vec<Parcel>, ShippingError> {
    let goods: Vec<Goods> = input
        .lines
        .iter()
        .map(|line| Goods {
            sku: line.sku.clone(),
            quantity: line.quantity.get(),
            weight_g: line.weight_g,
        })
        .collect();
    shipping::pack(&goods, input.origins)
}

/// Takes the discounts that are for lines off them.
fn discount_lines(
    lines: &mut [Priced<'_>],
    discounts: &[Discount],
    adjustments: &mut Vec<Adjustment>,
) -> Result<(), TotalsError> {
    for discount in discounts {
        let DiscountTarget::Line(line_id) = &discount.target else {
            continue;
        };
        let found = lines.binary_search_by(|line| line.input.line_id.cmp(line_id)).ok();
        let line =
            found.and_then(|index| lines.get_mut(index)).ok_or_else(|| without_target(discount))?;
        line.discount = discounted(line.subtotal, line.discount, discount)?;
        adjustments.push(explain_discount(discount, line.subtotal.currency(), line_id.as_str())?);
    }
    Ok(())
}

/// What comes off in all when one more discount does; never more than there is.
fn discounted(price: Money, before: Money, discount: &Discount) -> Result<Money, TotalsError> {
    let after = before.checked_add(Money::new(discount.amount_minor, price.currency()))?;
    if discount.amount_minor < 0 || price.checked_sub(after)?.is_negative() {
        return Err(TotalsError::DiscountOutOfRange { label: discount.label.clone() });
    }
    Ok(after)
}

fn without_target(discount: &Discount) -> TotalsError {
    TotalsError::DiscountWithoutTarget { label: discount.label.clone() }
}

fn explain_discount(
    discount: &Discount,
    currency: Currency,
    target: &str,
) -> Result<Adjustment, MoneyError> {
    let off = Money::new(discount.amount_minor, currency).checked_neg()?;
    Ok(adjustment(AdjustmentKind::Discount, &discount.label, off, Some(target)))
}

/// The shipping half-way through: rated and perhaps discounted, not yet taxed.
struct PricedShipping {
    quote: ShippingQuote,
    discount: Money,
}

/// Rates the method chosen, if one is, and takes the discounts that are for shipping off it.
fn price_shipping(
    input: &TotalsInput<'_>,
    subtotal: Money,
    adjustments: &mut Vec<Adjustment>,
) -> Result<Option<PricedShipping>, TotalsError> {
    let mut discounts =
        input.discounts.iter().filter(|discount| discount.target == DiscountTarget::Shipping);
    let Some(method_id) = input.shipping_method else {
        return discounts.next().map_or(Ok(None), |discount| Err(without_target(discount)));
    };
    let parcels = pack(input)?;
    let rates = input.shipping_rates;
    let rated =
        shipping::quote(input.currency, method_id, &parcels, subtotal.amount_minor(), rates)?;
    for (parcel, amount) in &rated.parcels {
        let from = parcel.warehouse_id.as_ref().map(WarehouseId::as_str);
        adjustments.push(adjustment(AdjustmentKind::Shipping, &rated.quote.name, *amount, from));
    }
    let mut priced = PricedShipping { discount: Money::zero(input.currency), quote: rated.quote };
    for discount in discounts {
        priced.discount = discounted(priced.quote.amount, priced.discount, discount)?;
        adjustments.push(explain_discount(discount, input.currency, SHIPPING)?);
    }
    Ok(Some(priced))
}

fn rule_for<'a>(tax_class: &TaxClass, rules: &'a [TaxRule]) -> Result<&'a TaxRule, TotalsError> {
    let mut of_this_class = rules.iter().filter(|rule| rule.tax_class == *tax_class);
    let rule = of_this_class
        .next()
        .ok_or_else(|| TotalsError::TaxMissing { tax_class: tax_class.clone() })?;
    match of_this_class.next() {
        None => Ok(rule),
        Some(_) => Err(TotalsError::TaxAmbiguous { tax_class: tax_class.clone() }),
    }
}

/// Groups the lines by rate, inclusiveness and rounding, rounds each group's tax once, and divides
/// it among the group.
fn tax_lines(
    lines: Vec<Priced<'_>>,
    input: &TotalsInput<'_>,
    adjustments: &mut Vec<Adjustment>,
) -> Result<Vec<LineTotals>, TotalsError> {
    let by_rule = lines
        .into_iter()
        .map(|line| {
            let rule = rule_for(&line.input.tax_class, input.tax_rules)?;
            Ok(((rule.rate, rule.inclusive, rule.rounding), line))
        })
        .collect::<Result<Vec<_>, TotalsError>>()?;
    let by_rule = sorted_by(by_rule, |(a, _), (b, _)| a.cmp(b));
    let mut taxed = Vec::new();
    for group in by_rule.chunk_by(|(a, _), (b, _)| a == b) {
        let Some(&((rate, inclusive, rounding), _)) = group.first() else {
            continue;
        };
        let amounts = group
            .iter()
            .map(|(_, line)| line.subtotal.checked_sub(line.discount))
            .collect::<Result<Vec<Money>, _>>()?;
        let tax = tax_on(
            Money::sum(input.currency, amounts.iter().copied())?,
            rate,
            inclusive,
            rounding,
        )?;
        for (((_, line), amount), tax) in
            group.iter().zip(&amounts).zip(allocate(tax, &weights(&amounts)?)?)
        {
            taxed.push(finish_line(*line, *amount, tax, rate, inclusive)?);
        }
        adjustments.push(explain_tax(rate, inclusive, tax, None));
    }
    Ok(sorted_by(taxed, |a: &LineTotals, b| a.line_id.cmp(&b.line_id)))
}

/// Amounts after discount are never negative, so each can weigh.
fn weights(amounts: &[Money]) -> Result<Vec<u64>, MoneyError> {
    amounts
        .iter()
        .map(|amount| u64::try_from(amount.amount_minor()).map_err(|_| MoneyError::Overflow))
        .collect()
}

fn finish_line(
    line: Priced<'_>,
    amount: Money,
    tax: Money,
    tax_rate: TaxRate,
    tax_inclusive: bool,
) -> Result<LineTotals, MoneyError> {
    let (tax_base, total) = base_and_total(amount, tax, tax_inclusive)?;
    let added_price = Money::new(line.input.added_price_minor, line.unit_price.currency());
    Ok(LineTotals {
        line_id: line.input.line_id.clone(),
        sku: line.input.sku.clone(),
        name: line.input.name.clone(),
        quantity: line.input.quantity,
        unit_price: line.unit_price,
        added_price,
        price_changed: added_price != line.unit_price,
        subtotal: line.subtotal,
        discount: line.discount,
        tax,
        tax_rate,
        tax_base,
        tax_inclusive,
        total,
        stock: line.input.stock,
    })
}

/// The shipping, finished.
struct TaxedShipping {
    amount: Money,
    tax: Money,
    totals: ShippingTotals,
}

fn tax_shipping(
    priced: PricedShipping,
    rules: &[TaxRule],
    adjustments: &mut Vec<Adjustment>,
) -> Result<TaxedShipping, TotalsError> {
    let rule = rule_for(&TaxClass::shipping(), rules)?;
    let amount = priced.quote.amount.checked_sub(priced.discount)?;
    let tax = tax_on(amount, rule.rate, rule.inclusive, rule.rounding)?;
    let (tax_base, total) = base_and_total(amount, tax, rule.inclusive)?;
    adjustments.push(explain_tax(rule.rate, rule.inclusive, tax, Some(SHIPPING)));
    let totals = ShippingTotals {
        method_id: priced.quote.method_id,
        name: priced.quote.name,
        discount: priced.discount,
        tax_rate: rule.rate,
        tax_base,
        tax_inclusive: rule.inclusive,
        total,
    };
    Ok(TaxedShipping { amount: priced.quote.amount, tax, totals })
}

fn base_and_total(
    amount: Money,
    tax: Money,
    inclusive: bool,
) -> Result<(Money, Money), MoneyError> {
    if inclusive {
        Ok((amount.checked_sub(tax)?, amount))
    } else {
        Ok((amount, amount.checked_add(tax)?))
    }
}

fn explain_tax(rate: TaxRate, inclusive: bool, tax: Money, target: Option<&str>) -> Adjustment {
    if inclusive {
        adjustment(AdjustmentKind::TaxIncluded, &format!("tax {rate}, included"), tax, target)
    } else {
        adjustment(AdjustmentKind::Tax, &format!("tax {rate}"), tax, target)
    }
}

fn adjustment(
    kind: AdjustmentKind,
    label: &str,
    amount: Money,
    target: Option<&str>,
) -> Adjustment {
    Adjustment { kind, label: label.to_owned(), amount, target: target.map(str::to_owned) }
}

named_enum! {
    /// What a buyer should know.
    pub enum WarningCode ("a warning's code") {
        /// A line is not sold at the moment, or not in this currency.
        NotSold = "not_sold",
        /// There is less of a line's SKU than the line asks for.
        InsufficientStock = "insufficient_stock",
        /// Whether there is enough of a line's SKU is not known just now.
        StockUnknown = "stock_unknown",
        /// A line costs something else than when it was added.
        PriceChanged = "price_changed",
        /// The prices of a session are old.
        PricesStale = "prices_stale",
    }
}

/// Something the buyer should know that does not stop them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Warning {
    /// What it is.
    pub code: WarningCode,
    /// The same in words.
    pub detail: String,
    /// The line it is about, if one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_id: Option<LineId>,
}

/// What a preview must say beside its totals: a price that moved, stock that is short or unknown.
#[must_use]
pub fn warnings(totals: &Totals) -> Vec<Warning> {
    totals.lines.iter().flat_map(line_warnings).collect()
}

fn line_warnings(line: &LineTotals) -> Vec<Warning> {
    let warning = |code, detail| Warning { code, detail, line_id: Some(line.line_id.clone()) };
    let mut warnings = Vec::new();
    if line.price_changed {
        let detail = format!(
            "{} cost {} when it was added and costs {} now",
            line.sku, line.added_price, line.unit_price
        );
        warnings.push(warning(WarningCode::PriceChanged, detail));
    }
    match line.stock {
        StockVerdict::Available => {}
        StockVerdict::Short { available } => {
            let detail = format!(
                "{} is short: {} in the cart, {available} available",
                line.sku, line.quantity
            );
            warnings.push(warning(WarningCode::InsufficientStock, detail));
        }
        StockVerdict::Unknown => {
            let detail = format!("whether {} is in stock is not known just now", line.sku);
            warnings.push(warning(WarningCode::StockUnknown, detail));
        }
    }
    warnings
}

/// The canonical text of a quote, to be hashed elsewhere: two quotes have the same text exactly if
/// they charge the same money for the same things. Names, labels, stock and the price at adding are
/// no part of it.
#[must_use]
pub fn quote_fingerprint_input(totals: &Totals) -> String {
    // No id holds a space or a line break, so no text can be read in two ways.
    let mut rows = vec![format!("quote-1 {}", totals.currency)];
    rows.extend(totals.lines.iter().map(|line| {
        format!(
            "line {} {} {} {} {} {} {} {}",
            line.line_id,
            line.sku,
            line.quantity,
            line.unit_price.amount_minor(),
            line.discount.amount_minor(),
            line.tax_base.amount_minor(),
            line.tax.amount_minor(),
            line.total.amount_minor(),
        )
    }));
    rows.extend(totals.shipping_method.iter().map(|shipping| {
        format!(
            "shipping {} {} {} {}",
            shipping.method_id,
            shipping.discount.amount_minor(),
            shipping.tax_base.amount_minor(),
            shipping.total.amount_minor(),
        )
    }));
    rows.push(format!("total {}", totals.total.amount_minor()));
    rows.join("\n")
}

#[cfg(test)]
mod tests;
