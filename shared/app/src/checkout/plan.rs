//! From totals and allocation to the order that is to be: everything recovery will need, decided
//! before anyone is called.

use crate::{
    checkout::tenders::Tenders,
    events::{Event, PromotionApplied},
    fraud::Found,
    order::{LineDetail, OrderDetail, RatedFor},
    payer::Payer,
    payment::{NO_PROVIDER, ONLINE, PROVIDER},
    pricing::{Priced, PricingFacts},
    saga::{Plan, PlanLine, PlannedUse},
    shop::Shop,
};
use domain::{
    ids::OrderId,
    money::{Money, MoneyError, allocate},
    payment::OfflineMethod,
    stock::Allocation,
    totals::{LineTotals, Totals, Warning},
};
use terms::{Problem, Rendered};

/// What the buyer has chosen.
pub(super) struct Chosen<'a> {
    pub(super) payment_method: &'a str,
    /// All of it that they agree to, as a hash.
    pub(super) agreement: &'a str,
    pub(super) return_url: Option<&'a str>,
    /// Who they are at the provider, if it knows them.
    pub(super) payer: Option<Payer>,
    /// Whether the money is taken when it is asked for, and not with the order.
    pub(super) capture_later: bool,
    /// What rules of fraud have found in them.
    pub(super) fraud: Found,
    pub(super) destination: &'a RatedFor,
    /// What they are told with the order.
    pub(super) warnings: Rendered<Vec<Warning>>,
}

/// The plan of a confirm. Order and payment get their ids now, so that a retry cannot give them
/// others.
pub(super) fn plan(
    shop: &Shop<'_>,
    facts: &PricingFacts,
    priced: &Priced,
    Tenders { draws, payable }: Tenders,
    Chosen {
        payment_method,
        agreement,
        return_url,
        payer,
        capture_later,
        fraud,
        destination,
        warnings,
    }: Chosen<'_>,
) -> Result<Plan, Problem> {
    let totals = &priced.totals;
    let broken = |error: MoneyError| Problem::internal(format!("plan: {error}"));
    let mut lines = Vec::new();
    for line in &totals.lines {
        let parts: Vec<&Allocation> =
            priced.allocations.iter().filter(|part| part.sku == line.sku).collect();
        let product_id = facts
            .cart
            .lines
            .iter()
            .find(|row| row.sku == line.sku)
            .and_then(|row| row.product_id.clone())
            .unwrap_or_default();
        let category = facts
            .cart
            .lines
            .iter()
            .find(|row| row.sku == line.sku)
            .and_then(|row| row.category.clone())
            .map(String::from);
        for (part, split) in parts.iter().zip(split(line, &parts).map_err(broken)?) {
            lines.push(PlanLine {
                line_no: i64::try_from(lines.len()).unwrap_or(i64::MAX).saturating_add(1),
                sku: line.sku.clone(),
                product_id: product_id.clone(),
                name: line.name.clone(),
                quantity: part.quantity,
                unit_price_minor: line.unit_price.amount_minor(),
                subtotal_minor: split.subtotal.amount_minor(),
                discount_minor: split.discount.amount_minor(),
                tax_minor: split.tax.amount_minor(),
                total_minor: split.total.amount_minor(),
                detail: LineDetail {
                    tax_rate: Some(Rendered::of(&line.tax_rate)),
                    tax_inclusive: Some(line.tax_inclusive),
                    added_price: Some(line.added_price),
                    category: category.clone(),
                },
                warehouse_id: part.warehouse_id.clone(),
                reservation_id: shop.new_id()?,
            });
        }
    }
    let minor = |money: Option<Money>| money.map_or(0, Money::amount_minor);
    // Of what is paid already nothing is left, however the buyer would have paid.
    let (provider, payment_method, kind) = if payable.is_zero() {
        (NO_PROVIDER, NO_PROVIDER, NO_PROVIDER)
    } else if payment_method.parse::<OfflineMethod>().is_ok() {
        (NO_PROVIDER, payment_method, payment_method)
    } else if payment_method.is_empty() {
        (PROVIDER, ONLINE, ONLINE)
    } else {
        (PROVIDER, payment_method, "card")
    };
    let order_id: OrderId = shop.new_id()?;
    let applied = totals.promotions.iter().map(|used| {
        let (promotion_id, version, code) = (&used.promotion_id, used.version, used.code.clone());
        let (order_id, amount) = (&order_id, used.amount);
        Event::of(shop, &PromotionApplied { promotion_id, order_id, version, amount, code })
    });
    let spent = draws.iter().map(|draw| draw.spent(shop, &order_id));
    let events = applied.chain(spent).collect();
    Ok(Plan {
        order_id,
        payment_id: shop.new_id()?,
        provider: provider.to_owned(),
        payment_method: payment_method.to_owned(),
        agreement: agreement.to_owned(),
        return_url: return_url.map(str::to_owned),
        payer,
        currency: totals.currency,
        subtotal_minor: totals.subtotal.amount_minor(),
        discount_minor: totals.discount.amount_minor(),
        shipping_minor: minor(totals.shipping),
        tax_minor: totals.tax.amount_minor(),
        total_minor: totals.total.amount_minor(),
        draws,
        payable_minor: payable.amount_minor(),
        capture_later,
        fraud,
        events,
        warnings,
        detail: OrderDetail {
            shipping: totals.shipping_method.as_ref().map(Rendered::of),
            shipping_tax: totals.shipping_tax,
            adjustments: Some(Rendered::of(&totals.adjustments)),
            destination: Some(Rendered::of(destination)),
            payment_method: Some(kind.to_owned()),
            promotions: Some(Rendered::of(&totals.promotions)),
            fees: Some(Rendered::of(&totals.fees)),
        },
        lines,
    })
}

/// What is used of promotions: a use each, of those that took something off (PROMO-4).
pub(super) fn uses(facts: &PricingFacts, totals: &Totals) -> Vec<PlannedUse> {
    totals
        .promotions
        .iter()
        .map(|used| PlannedUse {
            promotion_id: used.promotion_id.clone(),
            version: used.version,
            code: used.code.clone(),
            amount_minor: used.amount.amount_minor(),
            // Of a rule that names no currency the sum over orders in many would mean nothing.
            spent_minor: match (&used.exchanged, facts.currency_of(&used.promotion_id)) {
                (Some(exchanged), _) => exchanged.amount.amount_minor(),
                (None, Some(_)) => used.amount.amount_minor(),
                (None, None) => 0,
            },
        })
        .collect()
}

struct Split {
    subtotal: Money,
    discount: Money,
    tax: Money,
    total: Money,
}

/// A line's money over the warehouses it comes from: the parts sum to the line exactly (PRICE-2).
fn split(line: &LineTotals, parts: &[&Allocation]) -> Result<Vec<Split>, MoneyError> {
    let weights: Vec<u64> =
        parts.iter().map(|part| u64::try_from(part.quantity).unwrap_or(0)).collect();
    let subtotals = allocate(line.subtotal, &weights)?;
    let discounts = allocate(line.discount, &weights)?;
    let taxes = allocate(line.tax, &weights)?;
    subtotals
        .into_iter()
        .zip(discounts)
        .zip(taxes)
        .map(|((subtotal, discount), tax)| {
            let net = subtotal.checked_sub(discount)?;
            let total = if line.tax_inclusive { net } else { net.checked_add(tax)? };
            Ok(Split { subtotal, discount, tax, total })
        })
        .collect()
}
