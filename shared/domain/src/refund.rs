//! What of an order's money goes back, and to whom (ORD-6, ORD-17).
//!
//! Money is divided by running shares: what the n-th refund of a line gives is the rounded share of
//! all pieces so far, less what went before. So the parts end at the whole, whatever their order
//! and whatever their sizes, and no part is below nothing.

use crate::money::{Currency, Money, MoneyError, allocate_over};
use thiserror::Error;

named_enum! {
    /// Why money goes back.
    pub enum RefundReason("a reason of a refund") {
        /// Something arrived broken, or broke too soon.
        Damaged = "damaged",
        /// Something never arrived.
        NotReceived = "not_received",
        /// It was cancelled before it left.
        Cancelled = "cancelled",
        /// Something else than was ordered arrived.
        WrongItem = "wrong_item",
        /// The buyer sent something back.
        Returned = "returned",
        /// The shop is sorry for something else.
        Goodwill = "goodwill",
        /// What the note says.
        Other = "other",
    }
}

/// A part of an order's total: a line, the shipping, the fees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// What was paid for it.
    pub total_minor: i64,
    /// The tax in that.
    pub tax_minor: i64,
    /// What of it has gone back, or is on its way.
    pub refunded_minor: i64,
}

/// A line of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number.
    pub line_no: i64,
    /// How many were ordered.
    pub quantity: i64,
    /// For how many of those money has gone back, or is on its way.
    pub refunded_quantity: i64,
    /// Its money.
    pub part: Part,
}

/// What an order has cost, by its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Costs {
    /// In which currency.
    pub currency: Currency,
    /// The lines.
    pub lines: Vec<Line>,
    /// The shipping.
    pub shipping: Part,
    /// All fees.
    pub fees: Part,
}

/// What is asked to go back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Pieces of lines, and what is left of the shipping and of the fees.
    Parts {
        /// Line and pieces, each line once.
        lines: Vec<(i64, i64)>,
        /// Whether the shipping goes back.
        shipping: bool,
        /// Whether the fees go back.
        fees: bool,
    },
    /// So much, of whatever is left.
    Amount(i64),
    /// All that is left.
    Everything,
}

/// What of a part goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Back {
    /// How much.
    pub amount_minor: i64,
    /// The tax in that.
    pub tax_minor: i64,
}

/// What of a line goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineBack {
    /// The line.
    pub line_no: i64,
    /// For how many pieces; none where it is a share of an amount.
    pub quantity: i64,
    /// How much.
    pub back: Back,
}

/// What goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Of which lines; none of which nothing goes back.
    pub lines: Vec<LineBack>,
    /// Of the shipping.
    pub shipping: Back,
    /// Of the fees.
    pub fees: Back,
    /// All of it.
    pub amount_minor: i64,
    /// The tax in that.
    pub tax_minor: i64,
}

/// Why nothing can go back as it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RefundError {
    /// No such line.
    #[error("must be a line of the order")]
    NoSuchLine {
        /// Which of those that were asked.
        index: usize,
    },
    /// A line twice.
    #[error("must be named once")]
    LineTwice {
        /// Which of those that were asked.
        index: usize,
    },
    /// None, or more pieces than are left.
    #[error("must be from 1 to {left}, which are left")]
    Quantity {
        /// Which of those that were asked.
        index: usize,
        /// How many are left.
        left: i64,
    },
    /// Nothing, or more than is left.
    #[error("must be from 1 to {left_minor}, which are left")]
    Amount {
        /// What is left.
        left_minor: i64,
    },
    /// There is nothing left of what was asked.
    #[error("there is nothing left of it")]
    Nothing,
    /// More money than there is.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Part {
    const fn left_minor(self) -> i64 {
        self.total_minor.saturating_sub(self.refunded_minor)
    }

    /// So much of it, with the running share of its tax.
    fn back(self, amount_minor: i64) -> Back {
        let tax_of = |gone_minor: i64| share(self.tax_minor, gone_minor, self.total_minor);
        let before = tax_of(self.refunded_minor);
        let after = tax_of(self.refunded_minor.saturating_add(amount_minor));
        Back { amount_minor, tax_minor: after.saturating_sub(before) }
    }
}

impl Line {
    fn left(self) -> i64 {
        self.quantity.saturating_sub(self.refunded_quantity)
    }

    /// The running share of so many pieces: of all so far, less what went before.
    fn of_pieces(self, quantity: i64) -> LineBack {
        let so_far = self.refunded_quantity.saturating_add(quantity);
        let due = share(self.part.total_minor, so_far, self.quantity);
        let amount_minor = due.saturating_sub(self.part.refunded_minor).max(0);
        LineBack { line_no: self.line_no, quantity, back: self.part.back(amount_minor) }
    }
}

impl Costs {
    /// What has not gone back yet.
    #[must_use]
    pub fn left_minor(&self) -> i64 {
        self.parts().fold(0, |sum: i64, part| sum.saturating_add(part.left_minor()))
    }

    fn parts(&self) -> impl Iterator<Item = Part> {
        self.lines.iter().map(|line| line.part).chain([self.shipping, self.fees])
    }

    /// What goes back when this is asked.
    ///
    /// # Errors
    /// [`RefundError`].
    pub fn refund(&self, asked: &Asked) -> Result<Refund, RefundError> {
        let refund = match asked {
            Asked::Parts { lines, shipping, fees } => {
                let whole = |part: Part, is_asked: bool| {
                    if is_asked { part.back(part.left_minor()) } else { Back::default() }
                };
                self.sum(
                    self.pieces(lines)?,
                    whole(self.shipping, *shipping),
                    whole(self.fees, *fees),
                )
            }
            Asked::Amount(amount_minor) => self.share_of(*amount_minor)?,
            Asked::Everything => {
                let rest = |line: &Line| LineBack {
                    line_no: line.line_no,
                    quantity: line.left(),
                    back: line.part.back(line.part.left_minor()),
                };
                let lines = self.lines.iter().map(rest).collect();
                self.sum(
                    lines,
                    self.shipping.back(self.shipping.left_minor()),
                    self.fees.back(self.fees.left_minor()),
                )
            }
        };
        if refund.amount_minor > 0 { Ok(refund) } else { Err(RefundError::Nothing) }
    }

    /// What goes back when pieces of lines, each line once, are cancelled: what was paid for them, but
    /// for those that have been paid back already. That may be nothing.
    #[must_use]
    pub fn cancelled(&self, pieces: &[(i64, i64)]) -> Refund {
        let back = pieces.iter().filter_map(|&(line_no, quantity)| {
            let line = self.lines.iter().find(|line| line.line_no == line_no)?;
            let quantity = quantity.min(line.left());
            (quantity > 0).then(|| line.of_pieces(quantity))
        });
        self.sum(back.collect(), Back::default(), Back::default())
    }

    fn pieces(&self, asked: &[(i64, i64)]) -> Result<Vec<LineBack>, RefundError> {
        let mut back = Vec::new();
        for (index, (line_no, quantity)) in asked.iter().copied().enumerate() {
            let line = self.lines.iter().find(|line| line.line_no == line_no);
            let line = line.ok_or(RefundError::NoSuchLine { index })?;
            if asked.iter().take(index).any(|(before, _)| *before == line_no) {
                return Err(RefundError::LineTwice { index });
            }
            if !(1..=line.left()).contains(&quantity) {
                return Err(RefundError::Quantity { index, left: line.left() });
            }
            back.push(line.of_pieces(quantity));
        }
        Ok(back)
    }

    /// An amount draws on goods, shipping and fees by what is left of each.
    fn share_of(&self, amount_minor: i64) -> Result<Refund, RefundError> {
        let left_minor = self.left_minor();
        if !(1..=left_minor).contains(&amount_minor) {
            return Err(RefundError::Amount { left_minor });
        }
        let money = |minor| Money::new(minor, self.currency);
        let left: Vec<Money> = self.parts().map(|part| money(part.left_minor())).collect();
        let shares = allocate_over(money(amount_minor), &left)?;
        let mut shares = shares.into_iter().map(Money::amount_minor);
        let mut next = |part: Part| part.back(shares.next().unwrap_or_default());
        let lines = self.lines.iter().map(|line| LineBack {
            line_no: line.line_no,
            quantity: 0,
            back: next(line.part),
        });
        let lines: Vec<LineBack> = lines.collect();
        let (shipping, fees) = (next(self.shipping), next(self.fees));
        Ok(self.sum(lines, shipping, fees))
    }

    fn sum(&self, lines: Vec<LineBack>, shipping: Back, fees: Back) -> Refund {
        let backs = || lines.iter().map(|line| line.back).chain([shipping, fees]);
        let amount_minor = backs().fold(0, |sum: i64, back| sum.saturating_add(back.amount_minor));
        let tax_minor = backs().fold(0, |sum: i64, back| sum.saturating_add(back.tax_minor));
        let is_something = |line: &LineBack| line.quantity > 0 || line.back.amount_minor > 0;
        Refund {
            lines: lines.into_iter().filter(is_something).collect(),
            shipping,
            fees,
            amount_minor,
            tax_minor,
        }
    }
}

/// Who has paid for an order, and what of that can go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tender {
    /// What was taken.
    pub paid_minor: i64,
    /// What of it has gone back, or is on its way.
    pub returned_minor: i64,
}

/// What goes back to each of those who paid, by what is left of what they gave: never more to one
/// than it gave, and in the end all of it.
///
/// # Errors
/// [`RefundError::Amount`] of more than is left of all of them.
pub fn to_tenders(amount: Money, tenders: &[Tender]) -> Result<Vec<Money>, RefundError> {
    let left: Vec<Money> = tenders
        .iter()
        .map(|it| Money::new(it.paid_minor.saturating_sub(it.returned_minor), amount.currency()))
        .collect();
    let left_minor = left.iter().fold(0, |sum: i64, it| sum.saturating_add(it.amount_minor()));
    if amount.amount_minor() > left_minor {
        return Err(RefundError::Amount { left_minor });
    }
    Ok(allocate_over(amount, &left)?)
}

/// What of `units` goes back with the next part of what they paid: the running share, so that all
/// of them are back with the last.
#[must_use]
pub fn units_back(units: i64, paid_minor: i64, returned_minor: i64, amount_minor: i64) -> i64 {
    let of = |gone_minor| share(units, gone_minor, paid_minor);
    of(returned_minor.saturating_add(amount_minor)).saturating_sub(of(returned_minor))
}

/// `part` of `parts` of a whole that is not negative, half of a minor unit up.
fn share(whole: i64, part: i64, parts: i64) -> i64 {
    if part >= parts {
        return whole;
    }
    let (whole, part, parts) = (i128::from(whole), i128::from(part.max(0)), i128::from(parts));
    let twice = whole.saturating_mul(part).saturating_mul(2).saturating_add(parts);
    twice
        .checked_div(parts.saturating_mul(2))
        .and_then(|it| i64::try_from(it).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn part(total_minor: i64, tax_minor: i64) -> Part {
        Part { total_minor, tax_minor, refunded_minor: 0 }
    }

    fn costs(lines: &[(i64, i64, i64)], shipping: Part, fees: Part) -> Costs {
        let line = |(index, (quantity, total, tax)): (usize, &(i64, i64, i64))| Line {
            line_no: i64::try_from(index).unwrap() + 1,
            quantity: *quantity,
            refunded_quantity: 0,
            part: part(*total, *tax),
        };
        Costs {
            currency: "USD".parse().unwrap(),
            lines: lines.iter().enumerate().map(line).collect(),
            shipping,
            fees,
        }
    }

    /// The order after this has gone back.
    fn after(costs: &Costs, refund: &Refund) -> Costs {
        let mut costs = costs.clone();
        for back in &refund.lines {
            let line = costs.lines.iter_mut().find(|line| line.line_no == back.line_no).unwrap();
            line.refunded_quantity += back.quantity;
            line.part.refunded_minor += back.back.amount_minor;
        }
        costs.shipping.refunded_minor += refund.shipping.amount_minor;
        costs.fees.refunded_minor += refund.fees.amount_minor;
        costs
    }

    fn of_lines(lines: &[(i64, i64)]) -> Asked {
        Asked::Parts { lines: lines.to_vec(), shipping: false, fees: false }
    }

    #[test]
    fn pieces_of_a_line_are_divided_by_running_shares() {
        let mut order = costs(&[(3, 1_000, 100)], part(500, 50), part(0, 0));
        let mut seen = Vec::new();
        for _ in 0..3 {
            let refund = order.refund(&of_lines(&[(1, 1)])).unwrap();
            seen.push((refund.amount_minor, refund.tax_minor));
            order = after(&order, &refund);
        }
        assert_eq!(seen, [(333, 33), (334, 34), (333, 33)]);
        assert_eq!(order.left_minor(), 500);
        assert_eq!(
            order.refund(&of_lines(&[(1, 1)])),
            Err(RefundError::Quantity { index: 0, left: 0 })
        );
    }

    #[test]
    fn what_is_cancelled_is_not_paid_back_twice() {
        let order = costs(&[(3, 1_000, 100), (1, 0, 0)], part(500, 50), part(0, 0));
        let first = order.cancelled(&[(1, 1), (2, 1)]);
        assert_eq!((first.amount_minor, first.lines.len()), (333, 2), "one of them was free");
        let order = after(&order, &order.refund(&of_lines(&[(1, 2)])).unwrap());
        let second = order.cancelled(&[(1, 2)]);
        assert_eq!((second.amount_minor, second.lines[0].quantity), (333, 1));
        assert_eq!(after(&order, &second).cancelled(&[(1, 1)]).amount_minor, 0);
    }

    // F13: a refund of one of two pieces is half of what the line cost, its tax too.
    #[test]
    fn f13_one_of_two_pieces_is_half_of_its_line() {
        let mut order = costs(&[(2, 19_800, 1_800)], part(0, 0), part(0, 0));
        for _ in 0..2 {
            let refund = order.refund(&of_lines(&[(1, 1)])).unwrap();
            assert_eq!((refund.amount_minor, refund.tax_minor), (9_900, 900));
            order = after(&order, &refund);
        }
    }

    // F14: ten pieces that do not divide evenly end at the whole, however they go back.
    #[test]
    fn f14_pieces_end_at_the_whole_however_they_go_back() {
        for steps in [&[10][..], &[1; 10], &[3, 7]] {
            let mut order = costs(&[(10, 17_925, 2_988)], part(0, 0), part(0, 0));
            let mut sum = (0, 0);
            for pieces in steps {
                let refund = order.refund(&of_lines(&[(1, *pieces)])).unwrap();
                sum = (sum.0 + refund.amount_minor, sum.1 + refund.tax_minor);
                order = after(&order, &refund);
            }
            assert_eq!(sum, (17_925, 2_988), "{steps:?}");
        }
    }

    #[test]
    fn an_amount_draws_on_all_parts_and_what_it_drew_is_not_given_twice() {
        let order = costs(&[(2, 10_000, 0)], part(0, 0), part(0, 0));
        let amount = order.refund(&Asked::Amount(500)).unwrap();
        assert_eq!((amount.lines[0].quantity, amount.amount_minor), (0, 500));
        let order = after(&order, &amount);
        let first = order.refund(&of_lines(&[(1, 1)])).unwrap();
        assert_eq!(first.amount_minor, 4_500);
        let order = after(&order, &first);
        assert_eq!(order.refund(&of_lines(&[(1, 1)])).unwrap().amount_minor, 5_000);
        let order = costs(&[(1, 600, 0)], part(300, 0), part(100, 0));
        let amount = order.refund(&Asked::Amount(100)).unwrap();
        assert_eq!(
            (
                amount.lines[0].back.amount_minor,
                amount.shipping.amount_minor,
                amount.fees.amount_minor
            ),
            (60, 30, 10)
        );
    }

    #[test]
    fn what_cannot_go_back_is_told_by_its_place() {
        let order = costs(&[(2, 100, 0), (1, 50, 0)], part(0, 0), part(7, 0));
        for (asked, error) in [
            (of_lines(&[(3, 1)]), RefundError::NoSuchLine { index: 0 }),
            (of_lines(&[(1, 1), (1, 1)]), RefundError::LineTwice { index: 1 }),
            (of_lines(&[(1, 1), (2, 2)]), RefundError::Quantity { index: 1, left: 1 }),
            (of_lines(&[(1, 0)]), RefundError::Quantity { index: 0, left: 2 }),
            (Asked::Amount(0), RefundError::Amount { left_minor: 157 }),
            (Asked::Amount(158), RefundError::Amount { left_minor: 157 }),
            (Asked::Parts { lines: vec![], shipping: true, fees: false }, RefundError::Nothing),
        ] {
            assert_eq!(order.refund(&asked), Err(error), "{asked:?}");
        }
        let all = order.refund(&Asked::Everything).unwrap();
        assert_eq!(all.amount_minor, 157);
        assert_eq!(after(&order, &all).refund(&Asked::Everything), Err(RefundError::Nothing));
    }

    #[test]
    fn points_go_back_with_what_they_paid() {
        // 1,000 points paid 10 dollars; it goes back in three parts.
        assert_eq!(units_back(1_000, 1_000, 0, 333), 333);
        let parts = [(0, 1), (1, 1), (2, 1)].map(|(gone, now)| units_back(100, 3, gone, now));
        assert_eq!(parts, [33, 34, 33]);
    }

    fn asked() -> impl Strategy<Value = Asked> {
        prop_oneof![
            (1..5_i64, 1..4_i64, any::<bool>(), any::<bool>()).prop_map(
                |(line_no, quantity, shipping, fees)| {
                    Asked::Parts { lines: vec![(line_no, quantity)], shipping, fees }
                }
            ),
            (1..5_000_i64).prop_map(Asked::Amount),
        ]
    }

    proptest! {
        /// Whatever goes back in whatever order, no part is below nothing or above what is left of
        /// it, and the last one ends at the whole: the money and the tax of every part alike.
        #[test]
        fn parts_end_at_the_whole(
            lines in prop::collection::vec((1..6_i64, 0..9_999_i64, 0..999_i64), 1..4),
            shipping in 0..999_i64,
            fees in 0..99_i64,
            steps in prop::collection::vec(asked(), 0..20),
        ) {
            let lines: Vec<_> = lines.into_iter().map(|(quantity, total, tax)| (quantity, total, tax.min(total))).collect();
            let whole = costs(&lines, part(shipping, shipping / 7), part(fees, fees / 7));
            let (mut order, mut gone, mut tax) = (whole.clone(), 0, 0);
            for asked in steps.iter().chain([&Asked::Everything]) {
                let Ok(refund) = order.refund(asked) else { continue };
                let backs = refund.lines.iter().map(|it| it.back).chain([refund.shipping, refund.fees]);
                for back in backs {
                    prop_assert!(back.amount_minor >= 0 && (0..=back.amount_minor).contains(&back.tax_minor), "{refund:?}");
                }
                gone += refund.amount_minor;
                tax += refund.tax_minor;
                order = after(&order, &refund);
                prop_assert!(order.parts().all(|it| it.refunded_minor <= it.total_minor));
            }
            prop_assert_eq!(order.left_minor(), 0);
            prop_assert_eq!(gone, whole.left_minor());
            prop_assert_eq!(tax, whole.parts().filter(|it| it.total_minor > 0).map(|it| it.tax_minor).sum::<i64>());
        }

        /// Who paid gets back what they gave, and no more on the way.
        #[test]
        fn tenders_get_back_what_they_gave(paid in prop::collection::vec(0..9_999_i64, 1..4), parts in prop::collection::vec(1..4_000_i64, 1..9)) {
            let usd = |minor| Money::new(minor, "USD".parse().unwrap());
            let mut tenders: Vec<Tender> = paid.iter().map(|paid| Tender { paid_minor: *paid, returned_minor: 0 }).collect();
            for amount in parts {
                let left: i64 = tenders.iter().map(|it| it.paid_minor - it.returned_minor).sum();
                let Ok(shares) = to_tenders(usd(amount.min(left)), &tenders) else { continue };
                for (tender, back) in tenders.iter_mut().zip(shares) {
                    tender.returned_minor += back.amount_minor();
                    prop_assert!(tender.returned_minor <= tender.paid_minor);
                }
            }
            let left: i64 = tenders.iter().map(|it| it.paid_minor - it.returned_minor).sum();
            prop_assert!(to_tenders(usd(left + 1), &tenders).is_err());
        }
    }
}
