//! A quote: the money in totals, part by part, without names, labels or stock. Two quotes are equal
//! exactly if they charge the same money for the same things by the same promotions; what differs
//! between two is a list that a program can read (CHK-18).

use super::Totals;
use crate::money::{Currency, Money};
use serde::{Deserialize, Serialize};
use std::fmt;

named_enum! {
    /// What a part of a quote is.
    pub enum QuotePart("a part of a quote") {
        /// A line; its id is the line's.
        Line = "line",
        /// A fee; its id is the fee's.
        Fee = "fee",
        /// The shipping; its id is the method's.
        Shipping = "shipping",
        /// What a promotion takes off lines and shipping; its id is the promotion's.
        Promotion = "promotion",
    }
}

/// The figures of one part, in minor units of the quote's currency; absent where its kind has none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Figures {
    /// How many, of a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<i64>,
    /// Which of its rules, of a promotion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// What one costs, of a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_price_minor: Option<i64>,
    /// What comes off; of a promotion all that it takes off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount_minor: Option<i64>,
    /// The tax on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_minor: Option<i64>,
    /// What is paid for it, with the tax.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_minor: Option<i64>,
}

/// One part of a quote.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Charge {
    part: QuotePart,
    id: String,
    figures: Figures,
}

/// The money in totals. Its text is canonical: equal texts, equal quotes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Quote {
    currency: Currency,
    charges: Vec<Charge>,
    total_minor: i64,
}

/// A part of an order that costs something else now: before, and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Difference {
    /// What it is.
    pub part: QuotePart,
    /// Which.
    pub id: String,
    /// As it was; null if it is new.
    pub before: Option<Figures>,
    /// As it is; null if it is gone.
    pub after: Option<Figures>,
}

/// The first words of a quote's text: the second form that quotes have had.
const FORM: &str = "quote-2";

impl Quote {
    /// The money in these totals.
    #[must_use]
    pub fn of(totals: &Totals) -> Self {
        let minor = |money: Money| Some(money.amount_minor());
        let lines = totals.lines.iter().map(|line| Charge {
            part: QuotePart::Line,
            id: line.line_id.to_string(),
            figures: Figures {
                quantity: Some(line.quantity.get()),
                version: None,
                unit_price_minor: minor(line.unit_price),
                discount_minor: minor(line.discount),
                tax_minor: minor(line.tax),
                total_minor: minor(line.total),
            },
        });
        let fees = totals.fees.iter().map(|fee| Charge {
            part: QuotePart::Fee,
            id: fee.fee_id.to_string(),
            figures: Figures {
                tax_minor: minor(fee.tax),
                total_minor: minor(fee.total),
                ..Figures::default()
            },
        });
        let shipping = totals.shipping_method.iter().map(|shipping| Charge {
            part: QuotePart::Shipping,
            id: shipping.method_id.to_string(),
            figures: Figures {
                discount_minor: minor(shipping.discount),
                tax_minor: totals.shipping_tax.and_then(minor),
                total_minor: minor(shipping.total),
                ..Figures::default()
            },
        });
        let promotions = totals.promotions.iter().map(|used| Charge {
            part: QuotePart::Promotion,
            id: used.promotion_id.to_string(),
            figures: Figures {
                version: Some(used.version),
                discount_minor: minor(used.amount),
                ..Figures::default()
            },
        });
        Self {
            currency: totals.currency,
            charges: lines.chain(fees).chain(shipping).chain(promotions).collect(),
            total_minor: totals.total.amount_minor(),
        }
    }

    /// The quote that a text is of; `None` if it is of none, or of another form.
    fn read(text: &str) -> Option<Self> {
        let mut rows = text.lines();
        let mut head = rows.next()?.split(' ');
        if head.next()? != FORM {
            return None;
        }
        let currency = head.next()?.parse().ok()?;
        let total_minor = head.next()?.parse().ok()?;
        let charges = rows.map(Charge::read).collect::<Option<_>>()?;
        Some(Self { currency, charges, total_minor })
    }

    /// What is other in `now`: the parts of this quote in its order, then those that are new.
    #[must_use]
    pub fn differences(&self, now: &Self) -> Vec<Difference> {
        let figures_of = |quote: &Self, charge: &Charge| {
            let same = |other: &&Charge| other.part == charge.part && other.id == charge.id;
            quote.charges.iter().find(same).map(|found| found.figures)
        };
        let changed = self.charges.iter().map(|was| Difference {
            part: was.part,
            id: was.id.clone(),
            before: Some(was.figures),
            after: figures_of(now, was),
        });
        let new = now.charges.iter().filter(|is| figures_of(self, is).is_none());
        let new = new.map(|is| Difference {
            part: is.part,
            id: is.id.clone(),
            before: None,
            after: Some(is.figures),
        });
        changed.filter(|found| found.before != found.after).chain(new).collect()
    }
}

/// One row for the whole, and one for each part. No id holds a space or a line break, so no text can
/// be read in two ways.
impl fmt::Display for Quote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FORM} {} {}", self.currency, self.total_minor)?;
        self.charges.iter().try_for_each(|Charge { part, id, figures }| {
            write!(f, "\n{part} {id}")?;
            figures.columns().into_iter().try_for_each(|figure| match figure {
                Some(figure) => write!(f, " {figure}"),
                None => f.write_str(" -"),
            })
        })
    }
}

impl From<Quote> for String {
    fn from(quote: Quote) -> Self {
        quote.to_string()
    }
}

impl TryFrom<String> for Quote {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::read(&text).ok_or("must be a quote's text")
    }
}

impl Charge {
    fn read(row: &str) -> Option<Self> {
        let mut words = row.split(' ');
        let part = words.next()?.parse().ok()?;
        let id = words.next()?.to_owned();
        let mut figure = || match words.next()? {
            "-" => Some(None),
            digits => digits.parse().ok().map(Some),
        };
        let figures = Figures {
            quantity: figure()?,
            version: figure()?,
            unit_price_minor: figure()?,
            discount_minor: figure()?,
            tax_minor: figure()?,
            total_minor: figure()?,
        };
        Some(Self { part, id, figures })
    }
}

impl Figures {
    /// In the order in which they are written and read.
    const fn columns(self) -> [Option<i64>; 6] {
        let Self { quantity, version, unit_price_minor, discount_minor, tax_minor, total_minor } =
            self;
        [quantity, version, unit_price_minor, discount_minor, tax_minor, total_minor]
    }
}
