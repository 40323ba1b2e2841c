//! A guest's cart taken into a customer's (CART-5): what becomes of each line.
//!
//! Quantities of one SKU add up, as far as the limits and the stock that is known let them. Nothing
//! the customer had is made less, and whatever could not be taken is said with its reason.

use crate::{ids::Sku, quantity::Quantity};

named_enum! {
    /// Why less of a line was taken than the guest had.
    pub enum MergeReason("a reason of a merge") {
        /// A line may have no more.
        QuantityLimit = "quantity_limit",
        /// There is no more.
        Stock = "stock",
        /// The cart may have no more lines.
        LineLimit = "line_limit",
        /// It is not sold, or not in the customer's currency.
        NotSold = "not_sold",
    }
}

/// A line of the guest's cart, beside what the customer and the shop have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// What.
    pub sku: Sku,
    /// How many the guest has.
    pub quantity: Quantity,
    /// How many the customer has; zero for no line.
    pub in_cart: i64,
    /// Whether it is sold in the customer's currency.
    pub sold: bool,
    /// How many there are, where that is known.
    pub available: Option<i64>,
}

/// What a cart may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Units of a line.
    pub quantity: i64,
    /// Lines.
    pub lines: i64,
}

/// What became of a line.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MergedLine {
    /// What.
    pub sku: Sku,
    /// How many the guest had.
    pub guest_quantity: Quantity,
    /// How many the customer had.
    pub quantity_before: i64,
    /// How many the customer has now; zero when the line was left out.
    pub quantity: i64,
    /// Why that is less than both together.
    pub reason: Option<MergeReason>,
}

/// Merges `offered`, in its order, into a cart that has `lines_in_cart` lines.
#[must_use]
pub fn merge(lines_in_cart: i64, offered: &[Offered], limits: Limits) -> Vec<MergedLine> {
    let mut lines = lines_in_cart;
    offered
        .iter()
        .map(|line| {
            let (quantity, reason) = merged(line, lines, limits);
            if line.in_cart == 0 && quantity > 0 {
                lines = lines.saturating_add(1);
            }
            MergedLine {
                sku: line.sku.clone(),
                guest_quantity: line.quantity,
                quantity_before: line.in_cart,
                quantity,
                reason,
            }
        })
        .collect()
}

fn merged(line: &Offered, lines: i64, limits: Limits) -> (i64, Option<MergeReason>) {
    let before = line.in_cart;
    if !line.sold {
        return (before, Some(MergeReason::NotSold));
    }
    if before == 0 && lines >= limits.lines {
        return (before, Some(MergeReason::LineLimit));
    }
    let wanted = before.saturating_add(line.quantity.get());
    let (within_limit, reason) = if wanted > limits.quantity {
        (limits.quantity, Some(MergeReason::QuantityLimit))
    } else {
        (wanted, None)
    };
    let (quantity, reason) = match line.available {
        Some(available) if within_limit > available => (available, Some(MergeReason::Stock)),
        Some(_) | None => (within_limit, reason),
    };
    (quantity.max(before), reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits { quantity: 10, lines: 3 };

    fn offered(
        sku: &str,
        quantity: i64,
        in_cart: i64,
        sold: bool,
        available: Option<i64>,
    ) -> Offered {
        Offered {
            sku: sku.parse().unwrap(),
            quantity: Quantity::try_from(quantity).unwrap(),
            in_cart,
            sold,
            available,
        }
    }

    #[test]
    fn quantities_add_up_as_far_as_limits_and_stock_let_them() {
        let check = |line: Offered, expected: (i64, Option<MergeReason>)| {
            assert_eq!(merged(&line, 1, LIMITS), expected, "{line:?}")
        };
        check(offered("a", 2, 3, true, Some(100)), (5, None));
        check(offered("a", 2, 3, true, None), (5, None));
        check(offered("a", 2, 0, true, Some(2)), (2, None));
        check(offered("a", 8, 3, true, Some(100)), (10, Some(MergeReason::QuantityLimit)));
        check(offered("a", 8, 3, true, Some(6)), (6, Some(MergeReason::Stock)));
        check(offered("a", 2, 5, true, Some(1)), (5, Some(MergeReason::Stock)));
        check(offered("a", 2, 12, true, None), (12, Some(MergeReason::QuantityLimit)));
        check(offered("a", 2, 0, true, Some(0)), (0, Some(MergeReason::Stock)));
        check(offered("a", 2, 0, false, Some(9)), (0, Some(MergeReason::NotSold)));
        check(offered("a", 2, 4, false, Some(9)), (4, Some(MergeReason::NotSold)));
    }

    #[test]
    fn a_full_cart_takes_no_new_lines_and_still_more_of_those_it_has() {
        let lines = [
            offered("new-1", 1, 0, true, None),
            offered("gone", 1, 0, true, Some(0)),
            offered("new-2", 1, 0, true, None),
            offered("new-3", 1, 0, true, None),
            offered("had", 1, 1, true, None),
        ];
        let reasons: Vec<_> =
            merge(1, &lines, LIMITS).into_iter().map(|line| (line.quantity, line.reason)).collect();
        let expected = [
            (1, None),
            (0, Some(MergeReason::Stock)),
            (1, None),
            (0, Some(MergeReason::LineLimit)),
            (2, None),
        ];
        assert_eq!(reasons, expected);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_unsaid_and_nothing_the_customer_had_becomes_less(
            lines in prop::collection::vec((1_i64..30, 0_i64..12, any::<bool>(), prop::option::of(0_i64..20)), 0..8),
            in_cart in 0_i64..4,
        ) {
            let offered: Vec<_> = lines.iter().enumerate().map(|(at, (q, had, sold, available))| offered(&format!("s{at}"), *q, *had, *sold, *available)).collect();
            let had = i64::try_from(offered.iter().filter(|line| line.in_cart > 0).count()).unwrap();
            let merged = merge(in_cart + had, &offered, LIMITS);
            let new = i64::try_from(merged.iter().filter(|line| line.quantity_before == 0 && line.quantity > 0).count()).unwrap();
            prop_assert!(new == 0 || in_cart + had + new <= LIMITS.lines);
            for line in &merged {
                let both = line.quantity_before + line.guest_quantity.get();
                prop_assert!((line.quantity_before..=both).contains(&line.quantity));
                prop_assert_eq!(line.reason.is_none(), line.quantity == both);
                prop_assert!(line.quantity <= LIMITS.quantity.max(line.quantity_before));
            }
        }
    }
}
