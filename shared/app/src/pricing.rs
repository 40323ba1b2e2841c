//! From what the database knows to what it costs: the one way to totals, for preview, begin and
//! confirm alike.

mod check;

pub use check::{CartProblem, Held, Severity};

pub(crate) use check::Asked;

use crate::{
    members::{Maximum, NotSold, OfLine},
    problem::{payable, short, totals as totals_problem},
    shop::Shop,
};
use config::{MULTI_WAREHOUSE_ENABLED, PRICE_STALE_MS, PROMOTIONS_ENABLED};
use domain::{
    ids::{CartId, Category, FeeId, PromotionId, Sku, TaxClass, WarehouseId},
    money::{Currency, CurrencyRules, Money},
    payment::OfflineMethod,
    promotion::{self, PromotionFacts, Suggestion},
    quantity::Quantity,
    shipping::{Origins, ShippingQuote, ShippingRate},
    stock::{self, Allocation, Available, StockLevel},
    tax::TaxRule,
    totals::{
        self, Choices, Fee, FeeKind, LineInput, Payable, PayableError, Quote, Reduced, Totals,
        TotalsError, TotalsInput, Warning, WarningCode, check_payable,
    },
};
use json::{Value, json};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use store::sql;
use terms::{Code, Problem, fingerprint};

/// All that totals are made of, read in one statement.
#[derive(Debug, Deserialize)]
pub(crate) struct PricingFacts {
    pub(crate) cart: PricedCart,
    pub(crate) currency: Option<CurrencyRules>,
    zone: Option<String>,
    taxes: Vec<TaxRule>,
    rates: Vec<ShippingRate>,
    levels: Vec<StockLevel>,
    fees: Vec<Fee>,
    /// Of the lines those whose plain price came down last.
    reduced: Vec<ReducedPrice>,
    promotions: Readable<PromotionFacts>,
    /// Where it all comes from, if that is more than the policy's to say.
    #[serde(skip)]
    origins: Vec<Allocation>,
}

/// The header that names the warehouse which is asked for.
pub const ASKED_WAREHOUSE: &str = "x-warehouse-id";

/// What a row says, or why it cannot be read: one that cannot does not take the others with it.
#[derive(Debug)]
struct Readable<T>(Result<T, String>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Readable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(T::deserialize(deserializer).map_err(|error| error.to_string())))
    }
}

/// A cart, as far as its price goes.
#[derive(Debug, Deserialize)]
pub(crate) struct PricedCart {
    pub(crate) cart_id: CartId,
    pub(crate) version: i64,
    currency: Currency,
    pub(crate) lines: Vec<PricedLine>,
}

/// A line with the catalog's and the price list's word on it. Missing words are `None`, never a
/// default.
#[derive(Debug, Deserialize)]
pub(crate) struct PricedLine {
    pub(crate) sku: Sku,
    quantity: Quantity,
    added_price_minor: i64,
    pub(crate) product_id: Option<String>,
    name: Option<String>,
    pub(crate) category: Option<Category>,
    tax_class: Option<TaxClass>,
    weight_g: Option<i64>,
    active: bool,
    price_minor: Option<i64>,
}

/// That a plain price came down.
#[derive(Debug, Deserialize)]
struct ReducedPrice {
    sku: Sku,
    reduced_at_ms: i64,
    lowest_30_days_minor: i64,
}

/// Whether an answer may say "unknown" or "short" (a preview), or must hold (STOCK-6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    /// A look: short stock is a flag on the line.
    Preview,
    /// A promise: short stock is a refusal.
    Binding,
}

/// A cart with its money and, where the stock is there, the warehouses it comes from (STOCK-5).
#[derive(Debug)]
pub(crate) struct Priced {
    pub(crate) totals: Totals,
    pub(crate) allocations: Vec<Allocation>,
    /// What the buyer should know.
    pub(crate) warnings: Vec<Warning>,
}

/// A fee that a buyer may choose.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OfferedFee {
    /// The fee; a wrapping is chosen by it, as `gift_wrap`.
    fee_id: FeeId,
    /// Its name as the buyer reads it.
    name: String,
    /// What it costs, with or without the tax, as its class has it.
    amount: Money,
}

impl PricingFacts {
    /// As the shop is switched just now: of a shop whose orders each come from one warehouse, the
    /// others do not count (CFG-2). `asked` is that one if no other lacks less.
    fn switched(mut self, shop: &Shop<'_>, asked: Option<&WarehouseId>) -> Result<Self, Problem> {
        if !shop.setting(&MULTI_WAREHOUSE_ENABLED)? {
            self.levels = stock::levels_of_one(asked, &self.demand(), &self.levels);
        }
        Ok(self)
    }

    /// As the shop is switched just now, with what the warehouse that is asked for can serve from
    /// there (CHK-1). It need not have anything of it, but has to be one of the shop's.
    pub(crate) fn asking(
        self,
        shop: &Shop<'_>,
        asked: Option<&WarehouseId>,
    ) -> Result<Self, Problem> {
        let Some(asked) = asked else { return self.switched(shop, None) };
        let known = || {
            let input = json!({ "warehouse_id": asked });
            Ok::<_, Problem>(shop.read::<Value>(&sql::WAREHOUSE_VIEW, &input)?.is_some())
        };
        if !self.levels.iter().any(|level| level.warehouse_id == *asked) && !known()? {
            return Err(Problem::new(Code::WarehouseUnknown).field(ASKED_WAREHOUSE));
        }
        let mut facts = self.switched(shop, Some(asked))?;
        // What there is too little of is told where it is priced.
        facts.origins =
            stock::allocate_from(asked, &facts.demand(), &facts.levels).unwrap_or_default();
        Ok(facts)
    }

    /// As the shop is switched just now, from where it was to come while that still serves (CHK-1).
    pub(crate) fn keeping(
        self,
        shop: &Shop<'_>,
        origins: Vec<Allocation>,
    ) -> Result<Self, Problem> {
        let asked = origins.first().map(|part| &part.warehouse_id);
        let mut facts = self.switched(shop, asked)?;
        if stock::still_serves(&origins, &facts.demand(), &facts.levels) {
            facts.origins = origins;
        }
        Ok(facts)
    }

    /// What it costs now.
    pub(crate) fn price(
        &self,
        shop: &Shop<'_>,
        choices: Choices<'_>,
        binding: Binding,
    ) -> Result<Priced, Problem> {
        let lines = self.lines()?;
        let promotions = self.promotions(shop, binding)?;
        let (origins, allocations) = match self.allocate() {
            Ok(allocations) => (Origins::Allocated(allocations.clone()), allocations),
            Err(shortages) if binding == Binding::Binding => return Err(short(&shortages)),
            Err(_) => (Origins::Unknown, Vec::new()),
        };
        let totals = totals::compute(&self.input(&lines, &origins, choices, &promotions.facts))
            .map_err(|error| {
                // Goods without a price are the shop's mistake, not the buyer's: somebody has to
                // hear of it.
                if let TotalsError::PriceNotPositive { sku } = &error {
                    shop.alert(
                        &format!("{}:{sku}", Code::AmountZeroUnpriced.slug()),
                        &error.to_string(),
                    );
                }
                totals_problem(&error)
            })?;
        let mut warnings = totals::warnings(&totals);
        warnings.extend(promotions.warning());
        Ok(Priced { totals, allocations, warnings })
    }

    /// Whether that total may be charged, asked before any payment call (CHK-10).
    pub(crate) fn payable(&self, shop: &Shop<'_>, totals: &Totals) -> Result<Payable, Problem> {
        check_payable(totals, self.rules()?).map_err(|error| {
            let problem = payable(&error);
            if matches!(error, PayableError::Negative { .. } | PayableError::ZeroFromUnpriced) {
                shop.alert(
                    &format!("{}:{}", problem.code().slug(), self.cart.cart_id),
                    &error.to_string(),
                );
            }
            problem
        })
    }

    /// The shipping methods there are for it.
    pub(crate) fn shipping_methods(&self, shop: &Shop<'_>) -> Result<Vec<ShippingQuote>, Problem> {
        let lines = self.lines()?;
        let promotions = self.promotions(shop, Binding::Preview)?;
        let origins = self.allocate().map_or(Origins::Unknown, Origins::Allocated);
        totals::list_shipping_methods(&self.input(
            &lines,
            &origins,
            Choices::default(),
            &promotions.facts,
        ))
        .map_err(|error| totals_problem(&error))
    }

    /// The wrappings that its buyer may choose.
    pub(crate) fn gift_wraps(&self) -> Vec<OfferedFee> {
        let wraps = self.fees.iter().filter(|fee| fee.kind == FeeKind::GiftWrap);
        wraps.map(|wrap| self.offered(wrap)).collect()
    }

    /// By which fee an order of these totals can be paid so, if it can be (CHK-11).
    pub(crate) fn offline(&self, method: OfflineMethod, totals: &Totals) -> Option<OfferedFee> {
        totals::offline(&self.fees, method, totals.subtotal).map(|fee| self.offered(fee))
    }

    fn offered(&self, fee: &Fee) -> OfferedFee {
        OfferedFee {
            fee_id: fee.fee_id.clone(),
            name: fee.name.clone(),
            amount: Money::new(fee.amount_minor, self.cart.currency),
        }
    }

    /// The promotions that more in it would bring (PROMO-12).
    pub(crate) fn suggestions(
        &self,
        shop: &Shop<'_>,
        choices: Choices<'_>,
    ) -> Result<Vec<Suggestion>, Problem> {
        let lines = self.lines()?;
        let promotions = self.promotions(shop, Binding::Preview)?;
        let origins = self.allocate().map_or(Origins::Unknown, Origins::Allocated);
        totals::suggestions(&self.input(&lines, &origins, choices, &promotions.facts))
            .map_err(|error| totals_problem(&error))
    }

    /// That the code which is tried is among those that count: a cart has so many at most.
    pub(crate) fn has_room_for(&self, code: &promotion::Code) -> Result<(), Problem> {
        match &self.promotions.0 {
            Ok(facts) if !facts.codes.as_slice().contains(code) => {
                Err(Problem::new(Code::TooManyCodes).with(Maximum, &CODES_MAX))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Whether the shop has this code; one that cannot be read is held for one.
    pub(crate) fn knows(&self, code: &promotion::Code) -> bool {
        match &self.promotions.0 {
            Ok(facts) => facts.known_codes.iter().any(|known| known.code == *code),
            Err(_) => true,
        }
    }

    /// The currency that the amounts of a promotion's rule are in, if it names one.
    pub(crate) fn currency_of(&self, promotion_id: &PromotionId) -> Option<Currency> {
        let facts = self.promotions.0.as_ref().ok()?;
        let of = facts.promotions.iter().find(|one| one.promotion_id == *promotion_id)?;
        of.rule.terms().currency
    }

    /// The promotions it is priced with. Without them a look goes on and says so; a promise does not
    /// (CART-6).
    fn promotions(&self, shop: &Shop<'_>, binding: Binding) -> Result<Promotions<'_>, Problem> {
        if !shop.setting(&PROMOTIONS_ENABLED)? {
            return Ok(Promotions::none(false));
        }
        match &self.promotions.0 {
            Ok(facts) => Ok(Promotions::read(facts)),
            Err(reason) => {
                shop.alert(Code::PromotionsUnavailable.slug(), reason);
                match binding {
                    Binding::Preview => Ok(Promotions::none(true)),
                    Binding::Binding => Err(promotions_unavailable()),
                }
            }
        }
    }

    /// The currency's rules; a currency without a row is not sold in (PRICE-1).
    pub(crate) fn rules(&self) -> Result<&CurrencyRules, Problem> {
        self.currency.as_ref().ok_or_else(|| Problem::new(Code::CurrencyUnsupported))
    }

    fn input<'a>(
        &'a self,
        lines: &'a [LineInput],
        origins: &'a Origins,
        choices: Choices<'a>,
        promotions: &'a PromotionFacts,
    ) -> TotalsInput<'a> {
        TotalsInput {
            currency: self.cart.currency,
            lines,
            origins,
            tax_rules: &self.taxes,
            choices,
            shipping_rates: &self.rates,
            promotions,
            fees: &self.fees,
        }
    }

    fn allocate(&self) -> Result<Vec<Allocation>, Vec<stock::Shortage>> {
        if !self.origins.is_empty() {
            return Ok(self.origins.clone());
        }
        stock::allocate_stock(&self.demand(), &self.levels)
    }

    fn demand(&self) -> Vec<(Sku, i64)> {
        self.cart.lines.iter().map(|line| (line.sku.clone(), line.quantity.get())).collect()
    }

    /// That the shop serves the country it is priced for; `field` is where whoever asks has named
    /// it.
    pub(crate) fn served(&self, field: &str) -> Result<(), Problem> {
        if self.zone.is_some() {
            Ok(())
        } else {
            Err(Problem::new(Code::CountryUnsupported).field(field))
        }
    }

    fn lines(&self) -> Result<Vec<LineInput>, Problem> {
        if self.zone.is_none() {
            return Err(Problem::new(Code::CountryUnsupported));
        }
        let available = Available::of(&self.levels);
        self.cart
            .lines
            .iter()
            .map(|line| {
                self.sold(line, &available)?.ok_or_else(|| {
                    Problem::new(Code::SkuUnknown)
                        .detail(line.gone())
                        .with(NotSold, &line.sku)
                        .with(OfLine, line.sku.as_str())
                })
            })
            .collect()
    }

    /// What totals are made of a line, if the catalog has it and it is sold.
    fn sold(
        &self,
        line: &PricedLine,
        available: &Available<'_>,
    ) -> Result<Option<LineInput>, Problem> {
        let (Some(name), Some(tax_class), Some(weight_g), true) =
            (&line.name, &line.tax_class, line.weight_g, line.active)
        else {
            return Ok(None);
        };
        let reduced = self.reduced.iter().find(|reduced| reduced.sku == line.sku);
        Ok(Some(LineInput {
            line_id: crate::cart::line_id(&line.sku)?,
            sku: line.sku.clone(),
            name: name.clone(),
            quantity: line.quantity,
            unit_price_minor: line.price_minor,
            added_price_minor: line.added_price_minor,
            category: line.category.clone(),
            tax_class: tax_class.clone(),
            weight_g,
            stock: available.check(&line.sku, line.quantity.get()),
            reduced: reduced.map(|reduced| Reduced {
                reduced_at_ms: reduced.reduced_at_ms,
                lowest_30_days: Money::new(reduced.lowest_30_days_minor, self.cart.currency),
            }),
        }))
    }
}

impl PricedLine {
    fn gone(&self) -> String {
        format!("{} is no longer sold; remove it from the cart", self.sku)
    }
}

/// The promotions that a cart is priced with.
struct Promotions<'a> {
    facts: Cow<'a, PromotionFacts>,
    /// Whether they are left out because they cannot be read.
    unreadable: bool,
}

impl<'a> Promotions<'a> {
    fn read(facts: &'a PromotionFacts) -> Self {
        Self { facts: Cow::Borrowed(facts), unreadable: false }
    }

    fn none(unreadable: bool) -> Self {
        Self { facts: Cow::Owned(PromotionFacts::default()), unreadable }
    }

    fn warning(&self) -> Option<Warning> {
        self.unreadable.then(|| Warning {
            code: WarningCode::PromotionsUnavailable,
            detail: "what promotions take off is not known just now: this is without them"
                .to_owned(),
            line_id: None,
        })
    }
}

/// Codes a cart may have (PROMO-7).
pub(crate) const CODES_MAX: i64 = 5;
const _: () = assert!(promotion::Codes::MAX == 5, "a cart has as many codes as an order");

/// Seconds after which promotions that could not be read may be there again: somebody has to mend
/// them.
const PROMOTIONS_RETRY_SECONDS: u64 = 30;

/// What a promise without the promotions is refused with.
pub(crate) fn promotions_unavailable() -> Problem {
    Problem::new(Code::PromotionsUnavailable).retry_after(PROMOTIONS_RETRY_SECONDS)
}

/// What a buyer should know of prices that were read so long ago (CHK-2): nothing, or that they are
/// old.
pub(crate) fn stale(shop: &Shop<'_>, age_ms: i64) -> Result<Option<Warning>, Problem> {
    let is_stale = age_ms > shop.setting(&PRICE_STALE_MS)?;
    Ok(is_stale.then(|| Warning {
        code: WarningCode::PricesStale,
        detail: "the prices of this session are old; they are checked again at the confirm"
            .to_owned(),
        line_id: None,
    }))
}

/// A short name for exactly this quote: equal hashes, equal money.
pub(crate) fn quote_hash(quote: &Quote) -> String {
    fingerprint(&[&quote.to_string()])
}
