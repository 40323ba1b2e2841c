//! THE totals engine: what an order costs, and why.
//!
//! A preview and a confirm call the one function [`compute`]; there is no second way to a total. It
//! never answers with a silent zero: a price, a tax rule, a rate or a sum that is missing is a
//! [`TotalsError`] naming the part.
//!
//! How the money is made, in order:
//!
//! 1. a line's `subtotal` is its unit price times its quantity;
//! 2. shipping is rated per parcel ([`crate::shipping`]), by the goods' value before any discount;
//! 3. promotions take off the lines and the shipping what their rules say ([`crate::promotion`]), and
//!    never more than is left. Fees are not theirs: a discount never touches one, and which fees an
//!    order has is decided by the goods' value before any discount;
//! 4. tax is computed on what is left **after discount**: lines with the same rate, the same
//!    inclusiveness and the same rounding form a group, the group's tax is rounded once (a half
//!    away from zero, unless the tax's row says to the even neighbour), and is divided among its
//!    lines by largest remainder. So a hundred lines of one cent carry the tax of one dollar, not a
//!    hundred times the rounded tax of one cent. Shipping is a group of its own, so that choosing
//!    another method never moves the tax of a line, and so is every fee;
//! 5. for every line, every fee and for the shipping `tax_base + tax == total`; and `total` is the sum
//!    of theirs.
//!
//! Lines are computed and answered in the order of their ids: the answer does not depend on the
//! order of the input.

mod fee;
mod payable;
mod quote;

pub use fee::{Fee, FeeKind, FeeTotals, offline};
pub use payable::{Payable, PayableError, check_payable, total_moved};
pub use quote::{Difference, Figures, Quote, QuotePart};

use crate::exchange::ExchangeRate;
use crate::ids::{
    Category, FeeId, LineId, PromotionId, ShippingMethodId, Sku, TaxClass, WarehouseId,
};
use crate::money::{Currency, Money, MoneyError, allocate_over};
use crate::payment::OfflineMethod;
use crate::promotion::{
    self, Applied, Code, Item, Order, PromotionFacts, PromotionName, RefusedCode, Suggestion, Thing,
};
use crate::quantity::Quantity;
use crate::shipping::{
    self, Goods, Origins, Parcel, RatedShipping, ShippingError, ShippingQuote, ShippingRate,
};
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
    /// The category it is in; `None` if that is not known.
    pub category: Option<Category>,
    /// The class it is taxed in.
    pub tax_class: TaxClass,
    /// What one weighs.
    pub weight_g: i64,
    /// What is known of its stock; carried into the answer, no part of the money.
    pub stock: StockVerdict,
    /// That its plain price came down; likewise.
    pub reduced: Option<Reduced>,
}

/// That a price came down, as whoever announces it has to say (PRICE-11; article 6a of directive
/// 98/6/EC of the European Union).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reduced {
    /// When it did.
    pub reduced_at_ms: i64,
    /// The lowest price of the thirty days before that.
    pub lowest_30_days: Money,
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
    /// What the buyer has chosen so far.
    pub choices: Choices<'a>,
    /// The rates of the destination.
    pub shipping_rates: &'a [ShippingRate],
    /// The promotions there are, the codes given, and what is known of the buyer.
    pub promotions: &'a PromotionFacts,
    /// The fees there are in this currency, each once: which of them an order has is decided here.
    pub fees: &'a [Fee],
}

/// What a buyer has chosen of what changes a total.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Choices<'a> {
    /// How it goes, if they have chosen that.
    pub shipping_method: Option<&'a ShippingMethodId>,
    /// The gift wrap, if they want one: a fee of that kind.
    pub gift_wrap: Option<&'a FeeId>,
    /// How it is paid where no provider is asked: a fee of that kind.
    pub offline: Option<OfflineMethod>,
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
    /// That the plain price of the goods came down last, and from what; absent where it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reduced: Option<Reduced>,
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
        /// A fee.
        Fee = "fee",
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
            Self::Goods | Self::Discount | Self::Fee | Self::Shipping | Self::Tax => true,
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
    /// What it applies to: a line, a fee, a warehouse, or `shipping`. Absent if it applies to the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The promotion that made it, if it is a discount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion: Option<PromotionRef>,
}

/// The promotion that made an adjustment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PromotionRef {
    /// The promotion.
    pub promotion_id: PromotionId,
    /// Which of its rules.
    pub version: i64,
    /// The code by which it ran, if one was given for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
}

/// A promotion that took something off: what counts for its limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UsedPromotion {
    /// The promotion.
    pub promotion_id: PromotionId,
    /// Which of its rules.
    pub version: i64,
    /// What it is called where a buyer reads it.
    pub name: PromotionName,
    /// The code by which it ran, if one was given for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// All that it took off; above zero.
    pub amount: Money,
    /// The same in the rule's currency, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchanged: Option<Exchanged>,
}

/// An amount in another currency, and the rate that made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Exchanged {
    /// The amount in the rule's currency.
    pub amount: Money,
    /// The rate from that currency to the order's.
    pub rate: ExchangeRate,
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
    /// The fees, ordered by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fees: Vec<FeeTotals>,
    /// All tax, on lines, on fees and on shipping, whether prices held it or not: `shipping_tax` is part of
    /// it.
    pub tax: Money,
    /// What is to be paid.
    pub total: Money,
    /// The steps that lead to the total, in order. All but those of kind `tax_included` sum to it.
    pub adjustments: Vec<Adjustment>,
    /// The promotions that took something off, in the order in which they did. Their amounts sum to
    /// `discount`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub promotions: Vec<UsedPromotion>,
    /// The codes given that did nothing, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused_codes: Vec<RefusedCode>,
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
        "there is no tax rule for class {tax_class} at this destination; a rate of zero must be \
         stated too"
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
    /// Two lines have the same id.
    #[error("line {line_id} appears twice; every line needs its own id")]
    LineRepeated {
        /// The id.
        line_id: LineId,
    },
    /// Two fees have the same id.
    #[error("fee {fee_id} appears twice; every fee needs its own id")]
    FeeRepeated {
        /// The id.
        fee_id: FeeId,
    },
    /// A fee is below zero.
    #[error("fee {fee_id} is negative; a fee must be zero or more")]
    FeeNegative {
        /// The fee.
        fee_id: FeeId,
    },
    /// The gift wrap chosen is none of the shop's.
    #[error(
        "there is no gift wrap {fee_id} in this currency; the cart's totals list those there are"
    )]
    GiftWrapUnavailable {
        /// What was chosen.
        fee_id: FeeId,
    },
    /// It cannot be paid so.
    #[error("an order like this cannot be paid by {method}; the cart's totals say how one can")]
    OfflineUnavailable {
        /// How it was to be paid.
        method: OfflineMethod,
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
    let mut lines = price_lines(input)?;
    let subtotal = subtotal(input, &lines)?;
    let rated = rate_shipping(input, subtotal)?;
    let items = items(&lines, rated.as_ref().map(|rated| &rated.quote));
    let outcome =
        promotion::evaluate(input.promotions, &Order { currency, subtotal, items: &items })?;
    for (line, item) in lines.iter_mut().zip(&outcome.items) {
        line.discount = line.subtotal.checked_sub(item.left)?;
    }

    let mut adjustments = vec![adjustment(AdjustmentKind::Goods, "goods", subtotal, None)];
    explain_discounts(&outcome.applied, &items, Of::Goods, &mut adjustments)?;
    let fees = fee::price(input, subtotal, &mut adjustments)?;
    if let Some(rated) = &rated {
        explain_parcels(rated, &mut adjustments);
    }
    explain_discounts(&outcome.applied, &items, Of::Shipping, &mut adjustments)?;
    let lines = tax_lines(lines, input, &mut adjustments)?;
    fee::explain_taxes(&fees, &mut adjustments);
    let shipping = rated
        .as_ref()
        .zip(outcome.items.last())
        .map(|(rated, item)| tax_shipping(&rated.quote, item.left, input, &mut adjustments))
        .transpose()?;

    let shipping_amount = shipping.as_ref().map(|taxed| taxed.amount);
    let shipping_tax = shipping.as_ref().map(|taxed| taxed.tax);
    let shipping_method = shipping.map(|taxed| taxed.totals);
    let discounts =
        lines.iter().map(|line| line.discount).chain(shipping_method.iter().map(|s| s.discount));
    let taxes = lines.iter().map(|line| line.tax).chain(fees.iter().map(|fee| fee.tax));
    let payments = lines.iter().map(|line| line.total).chain(fees.iter().map(|fee| fee.total));
    Ok(Totals {
        currency,
        subtotal,
        discount: Money::sum(currency, discounts)?,
        tax: Money::sum(currency, taxes.chain(shipping_tax))?,
        total: Money::sum(currency, payments.chain(shipping_method.iter().map(|s| s.total)))?,
        shipping: shipping_amount,
        shipping_tax,
        shipping_method,
        lines,
        fees,
        adjustments,
        promotions: outcome.applied.iter().map(used).collect::<Result<_, _>>()?,
        refused_codes: outcome.refused,
    })
}

/// What one asks to list the methods of an order before one is chosen: its parcels, the value of its
/// goods, and what promotions take off each method are computed exactly as [`compute`] does it. The
/// method chosen in `input` plays no part.
///
/// # Errors
/// As [`compute`], where prices and rates are concerned.
pub fn list_shipping_methods(input: &TotalsInput<'_>) -> Result<Vec<ShippingQuote>, TotalsError> {
    let lines = price_lines(input)?;
    let subtotal = subtotal(input, &lines)?;
    let parcels = pack(input)?;
    let listed = shipping::list_methods(
        input.currency,
        &parcels,
        subtotal.amount_minor(),
        input.shipping_rates,
    )?;
    let mut quotes = Vec::new();
    for RatedShipping { mut quote, .. } in listed {
        let items = items(&lines, Some(&quote));
        let order = Order { currency: input.currency, subtotal, items: &items };
        let outcome = promotion::evaluate(input.promotions, &order)?;
        let left = outcome.items.last().map_or(quote.amount, |item| item.left);
        let discount = quote.amount.checked_sub(left)?;
        quote.discount = Some(discount).filter(|discount| discount.is_positive());
        quotes.push(quote);
    }
    Ok(quotes)
}

/// The promotions that something more in the cart would bring (PROMO-12).
///
/// # Errors
/// As [`compute`], where prices and rates are concerned.
pub fn suggestions(input: &TotalsInput<'_>) -> Result<Vec<Suggestion>, TotalsError> {
    let lines = price_lines(input)?;
    let subtotal = subtotal(input, &lines)?;
    let rated = rate_shipping(input, subtotal)?;
    let items = items(&lines, rated.as_ref().map(|rated| &rated.quote));
    let order = Order { currency: input.currency, subtotal, items: &items };
    Ok(promotion::suggest(input.promotions, &order))
}

fn subtotal(input: &TotalsInput<'_>, lines: &[Priced<'_>]) -> Result<Money, MoneyError> {
    Money::sum(input.currency, lines.iter().map(|line| line.subtotal))
}

/// What promotions see of an order: its lines, and after them the shipping.
fn items<'a>(lines: &[Priced<'a>], shipping: Option<&'a ShippingQuote>) -> Vec<Item<'a>> {
    let of_line = |line: &Priced<'a>| Item {
        thing: Thing::Line(line.input),
        quantity: line.input.quantity.get(),
        unit_price: line.unit_price,
        left: line.subtotal,
    };
    let of_shipping = |quote: &'a ShippingQuote| Item {
        thing: Thing::Shipping(&quote.method_id),
        quantity: 1,
        unit_price: quote.amount,
        left: quote.amount,
    };
    lines.iter().map(of_line).chain(shipping.map(of_shipping)).collect()
}

/// Rates the method chosen, if one is.
fn rate_shipping(
    input: &TotalsInput<'_>,
    subtotal: Money,
) -> Result<Option<RatedShipping>, TotalsError> {
    let Some(method_id) = input.choices.shipping_method else {
        return Ok(None);
    };
    let parcels = pack(input)?;
    let rates = input.shipping_rates;
    let rated =
        shipping::quote(input.currency, method_id, &parcels, subtotal.amount_minor(), rates)?;
    Ok(Some(rated))
}

fn explain_parcels(rated: &RatedShipping, adjustments: &mut Vec<Adjustment>) {
    for (parcel, amount) in &rated.parcels {
        let from = parcel.warehouse_id.as_ref().map(WarehouseId::as_str);
        adjustments.push(adjustment(AdjustmentKind::Shipping, &rated.quote.name, *amount, from));
    }
}

/// What a discount came off.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Goods,
    Shipping,
}

/// A step for each promotion and each line, or the shipping, that it took something off.
fn explain_discounts(
    applied: &[Applied<'_>],
    items: &[Item<'_>],
    of: Of,
    adjustments: &mut Vec<Adjustment>,
) -> Result<(), MoneyError> {
    for used in applied {
        for (item, off) in items.iter().zip(&used.off).filter(|(_, off)| !off.is_zero()) {
            let (is_of, target) = match item.thing {
                Thing::Line(line) => (Of::Goods, line.line_id.as_str()),
                Thing::Shipping(_) => (Of::Shipping, SHIPPING),
            };
            if is_of == of {
                adjustments.push(explain_discount(used, *off, target)?);
            }
        }
    }
    Ok(())
}

fn explain_discount(
    used: &Applied<'_>,
    off: Money,
    target: &str,
) -> Result<Adjustment, MoneyError> {
    let name = used.promotion.rule.terms().name.as_str();
    let by = PromotionRef {
        promotion_id: used.promotion.promotion_id.clone(),
        version: used.promotion.version,
        code: used.code.cloned(),
    };
    Ok(Adjustment {
        promotion: Some(by),
        ..adjustment(AdjustmentKind::Discount, name, off.checked_neg()?, Some(target))
    })
}

fn used(applied: &Applied<'_>) -> Result<UsedPromotion, MoneyError> {
    let exchange = |rate: &ExchangeRate| {
        let exact = rate.convert_back(applied.amount)?;
        // There and back again may be a unit more than the budget that was left.
        let most = applied.promotion.budget_left_minor().unwrap_or(i64::MAX);
        let amount = Money::new(exact.amount_minor().min(most), rate.from);
        Ok::<_, MoneyError>(Exchanged { amount, rate: *rate })
    };
    Ok(UsedPromotion {
        promotion_id: applied.promotion.promotion_id.clone(),
        version: applied.promotion.version,
        name: applied.promotion.rule.terms().name.clone(),
        code: applied.code.cloned(),
        amount: applied.amount,
        exchanged: applied.rate.map(exchange).transpose()?,
    })
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
            group.iter().zip(&amounts).zip(allocate_over(tax, &amounts)?)
        {
            taxed.push(finish_line(*line, *amount, tax, rate, inclusive)?);
        }
        adjustments.push(explain_tax(rate, inclusive, tax, None));
    }
    Ok(sorted_by(taxed, |a: &LineTotals, b| a.line_id.cmp(&b.line_id)))
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
        reduced: line.input.reduced,
    })
}

/// The shipping, finished.
struct TaxedShipping {
    amount: Money,
    tax: Money,
    totals: ShippingTotals,
}

fn tax_shipping(
    quote: &ShippingQuote,
    left: Money,
    input: &TotalsInput<'_>,
    adjustments: &mut Vec<Adjustment>,
) -> Result<TaxedShipping, TotalsError> {
    let rule = rule_for(&TaxClass::shipping(), input.tax_rules)?;
    let tax = tax_on(left, rule.rate, rule.inclusive, rule.rounding)?;
    let (tax_base, total) = base_and_total(left, tax, rule.inclusive)?;
    adjustments.push(explain_tax(rule.rate, rule.inclusive, tax, Some(SHIPPING)));
    let totals = ShippingTotals {
        method_id: quote.method_id.clone(),
        name: quote.name.clone(),
        discount: quote.amount.checked_sub(left)?,
        tax_rate: rule.rate,
        tax_base,
        tax_inclusive: rule.inclusive,
        total,
    };
    Ok(TaxedShipping { amount: quote.amount, tax, totals })
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
    let target = target.map(str::to_owned);
    Adjustment { kind, label: label.to_owned(), amount, target, promotion: None }
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
        /// The promotions could not be read: nothing is taken off.
        PromotionsUnavailable = "promotions_unavailable",
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

#[cfg(test)]
mod tests;
