//! Stock: what a warehouse can still promise, and which warehouse serves what.

use crate::ids::{Sku, WarehouseId};
use crate::sorted::sorted_by;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

/// What one warehouse holds of one SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockLevel {
    /// The SKU.
    pub sku: Sku,
    /// The warehouse.
    pub warehouse_id: WarehouseId,
    /// How many are on its shelves.
    pub on_hand: i64,
    /// How many of those are promised.
    pub reserved: i64,
    /// The place of this warehouse in the order of preference; the lowest number is asked first.
    pub priority: i64,
}

impl StockLevel {
    /// How many can still be promised; never less than none.
    #[must_use]
    pub fn available(&self) -> i64 {
        self.on_hand.saturating_sub(self.reserved).max(0)
    }
}

/// So many of a SKU from one warehouse.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Allocation {
    /// The SKU.
    pub sku: Sku,
    /// The warehouse that serves it. There is no default: a thing without a warehouse is not
    /// allocated.
    pub warehouse_id: WarehouseId,
    /// How many; at least one.
    pub quantity: i64,
}

/// A SKU of which all warehouses together have less than was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[error("{sku}: {requested} asked for, {available} available")]
pub struct Shortage {
    /// The SKU.
    pub sku: Sku,
    /// How many were asked for, over all lines.
    pub requested: i64,
    /// How many there are, over all warehouses.
    pub available: i64,
}

/// What can be said about a line's stock without reserving any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stock", rename_all = "snake_case")]
pub enum StockVerdict {
    /// There is enough.
    Available,
    /// There is less than asked for.
    Short {
        /// How many there are.
        available: i64,
    },
    /// Stock could not be read. Only a preview may go on from here; a confirm never does.
    Unknown,
}

/// What can still be promised of each SKU, over all warehouses.
#[derive(Debug)]
pub struct Available<'a>(BTreeMap<&'a Sku, i64>);

impl<'a> Available<'a> {
    /// Of these levels.
    #[must_use]
    pub fn of(levels: &'a [StockLevel]) -> Self {
        let mut per_sku = BTreeMap::new();
        for level in levels {
            let sum: &mut i64 = per_sku.entry(&level.sku).or_default();
            *sum = sum.saturating_add(level.available());
        }
        Self(per_sku)
    }

    /// How many there are.
    fn get(&self, sku: &Sku) -> i64 {
        self.0.get(sku).copied().unwrap_or_default()
    }

    /// Whether there is enough of a SKU, without reserving any.
    ///
    /// `requested` is what the whole cart asks of this SKU, not one line of it: two lines of three
    /// each do not both fit into four. [`check_lines`] does that sum.
    #[must_use]
    pub fn check(&self, sku: &Sku, requested: i64) -> StockVerdict {
        let available = self.get(sku);
        if covers(available, requested) {
            StockVerdict::Available
        } else {
            StockVerdict::Short { available }
        }
    }
}

/// The same for a whole cart at once: demand is summed per SKU, and each SKU has one verdict.
/// `levels` is `None` when stock could not be read.
#[must_use]
pub fn check_lines(
    demand: &[(Sku, i64)],
    levels: Option<&[StockLevel]>,
) -> BTreeMap<Sku, StockVerdict> {
    let available = levels.map(Available::of);
    let check = |sku, requested| {
        available.as_ref().map_or(StockVerdict::Unknown, |there| there.check(sku, requested))
    };
    demand_per_sku(demand)
        .into_iter()
        .map(|(sku, requested)| (sku.clone(), check(sku, requested)))
        .collect()
}

/// Decides which warehouse serves what.
///
/// Demand is summed per SKU first, so two lines of one SKU are one demand. The policy is fewest
/// shipments:
///
/// 1. the first warehouse, in order of preference, that can serve everything;
/// 2. else, for each SKU, the first warehouse that can serve all of it;
/// 3. else that SKU is split, taking from each warehouse in order of preference what it has.
///
/// `levels` name each SKU and warehouse at most once, as their table does. So does the answer,
/// ordered by SKU and then warehouse: the order in which they are reserved.
///
/// # Errors
/// Every SKU of which there is not enough, ordered by SKU; then nothing is allocated.
pub fn allocate_stock(
    demand: &[(Sku, i64)],
    levels: &[StockLevel],
) -> Result<Vec<Allocation>, Vec<Shortage>> {
    let demand = demand_per_sku(demand);
    let available = Available::of(levels);
    let shortages: Vec<Shortage> = demand
        .iter()
        .map(|(&sku, &requested)| Shortage {
            sku: sku.clone(),
            requested,
            available: available.get(sku),
        })
        .filter(|shortage| !covers(shortage.available, shortage.requested))
        .collect();
    if !shortages.is_empty() {
        return Err(shortages);
    }

    let preferred =
        sorted_by(levels.iter().filter(|level| demand.contains_key(&level.sku)), |a, b| {
            a.priority.cmp(&b.priority).then_with(|| a.warehouse_id.cmp(&b.warehouse_id))
        });

    let one_for_all = one_for_everything(&demand, &preferred);
    let allocations: Vec<Allocation> = match one_for_all {
        Some(warehouse_id) => demand
            .iter()
            .map(|(&sku, &quantity)| Allocation {
                sku: sku.clone(),
                warehouse_id: warehouse_id.clone(),
                quantity,
            })
            .collect(),
        None => demand
            .iter()
            .flat_map(|(&sku, &quantity)| {
                let of_sku = preferred.iter().copied().filter(|level| level.sku == *sku);
                allocate_sku(quantity, &of_sku.collect::<Vec<_>>())
            })
            .collect(),
    };
    Ok(sorted_by(allocations, Ord::cmp))
}

/// The largest number stands for a sum that is too large to hold, so not even as much stock covers
/// it.
const fn covers(available: i64, requested: i64) -> bool {
    available >= requested && requested < i64::MAX
}

/// The levels of one warehouse alone, for a shop whose orders each come from one: of the first, in
/// order of preference, of those that lack the fewest units of what is asked for.
#[must_use]
pub fn levels_of_one(demand: &[(Sku, i64)], levels: &[StockLevel]) -> Vec<StockLevel> {
    let demand = demand_per_sku(demand);
    let lacking = |at: &StockLevel| {
        demand.iter().fold(0, |sum: i64, (&sku, &requested)| {
            let level = levels
                .iter()
                .find(|level| level.sku == *sku && level.warehouse_id == at.warehouse_id);
            let there = level.map_or(0, StockLevel::available);
            sum.saturating_add(requested.saturating_sub(there).max(0))
        })
    };
    let best = levels
        .iter()
        .map(|level| (lacking(level), level.priority, &level.warehouse_id))
        .min()
        .map(|(_, _, warehouse_id)| warehouse_id);
    levels.iter().filter(|level| Some(&level.warehouse_id) == best).cloned().collect()
}

/// What is asked of each SKU over all lines. A sum too large to hold stays the largest number,
/// which no stock covers.
fn demand_per_sku(demand: &[(Sku, i64)]) -> BTreeMap<&Sku, i64> {
    let mut per_sku = BTreeMap::new();
    for (sku, quantity) in demand.iter().filter(|(_, quantity)| *quantity > 0) {
        let sum: &mut i64 = per_sku.entry(sku).or_default();
        *sum = sum.saturating_add(*quantity);
    }
    per_sku
}

fn one_for_everything<'a>(
    demand: &BTreeMap<&Sku, i64>,
    preferred: &[&'a StockLevel],
) -> Option<&'a WarehouseId> {
    // How many SKUs each warehouse can serve, in order of preference.
    let mut can_serve: Vec<(&WarehouseId, usize)> = Vec::new();
    for level in preferred {
        let enough =
            demand.get(&level.sku).is_some_and(|&requested| level.available() >= requested);
        let warehouse_id = &level.warehouse_id;
        match can_serve.iter_mut().find(|(known, _)| *known == warehouse_id) {
            Some((_, skus)) => *skus += usize::from(enough),
            None => can_serve.push((warehouse_id, usize::from(enough))),
        }
    }
    can_serve
        .into_iter()
        .find(|(_, skus)| *skus == demand.len())
        .map(|(warehouse_id, _)| warehouse_id)
}

/// `levels` are those of one SKU, in order of preference, and together hold at least `quantity`.
fn allocate_sku(quantity: i64, levels: &[&StockLevel]) -> Vec<Allocation> {
    let take = |level: &StockLevel, quantity| Allocation {
        sku: level.sku.clone(),
        warehouse_id: level.warehouse_id.clone(),
        quantity,
    };
    if let Some(level) = levels.iter().find(|level| level.available() >= quantity) {
        return vec![take(level, quantity)];
    }
    let mut missing = quantity;
    let mut allocations = Vec::new();
    for level in levels {
        let taken = level.available().min(missing);
        if taken > 0 {
            allocations.push(take(level, taken));
            missing -= taken;
        }
    }
    allocations
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sku(text: &str) -> Sku {
        text.parse().unwrap()
    }

    fn level(name: &str, warehouse: &str, available: i64, priority: i64) -> StockLevel {
        let warehouse_id = warehouse.parse().unwrap();
        StockLevel { sku: sku(name), warehouse_id, on_hand: available + 3, reserved: 3, priority }
    }

    fn check(demand: &[(&str, i64)], levels: &[StockLevel], expected: &[(&str, &str, i64)]) {
        let demand: Vec<(Sku, i64)> =
            demand.iter().map(|(name, quantity)| (sku(name), *quantity)).collect();
        let allocations = allocate_stock(&demand, levels).unwrap();
        let found: Vec<(&str, &str, i64)> = allocations
            .iter()
            .map(|a| (a.sku.as_str(), a.warehouse_id.as_str(), a.quantity))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn one_warehouse_that_can_serve_everything_does() {
        let levels = [
            level("a", "near", 9, 1),
            level("b", "near", 1, 1),
            level("a", "far", 9, 2),
            level("b", "far", 9, 2),
        ];
        check(&[("b", 1), ("a", 5)], &levels, &[("a", "near", 5), ("b", "near", 1)]);
        check(&[("b", 2), ("a", 5)], &levels, &[("a", "far", 5), ("b", "far", 2)]);
    }

    #[test]
    fn of_warehouses_that_must_serve_alone_the_one_that_lacks_least_counts() {
        let of_one = |demand: &[(&str, i64)], levels: &[StockLevel]| -> Vec<String> {
            let demand: Vec<(Sku, i64)> =
                demand.iter().map(|(name, quantity)| (sku(name), *quantity)).collect();
            let levels = levels_of_one(&demand, levels);
            levels.iter().map(|level| format!("{} {}", level.sku, level.warehouse_id)).collect()
        };
        let levels = [
            level("a", "far", 9, 2),
            level("b", "far", 9, 2),
            level("a", "near", 9, 1),
            level("b", "near", 1, 1),
        ];
        assert_eq!(of_one(&[("a", 5), ("b", 1)], &levels), ["a near", "b near"]);
        assert_eq!(of_one(&[("a", 5), ("b", 2)], &levels), ["a far", "b far"]);
        // A SKU that a warehouse has no row of is one that it lacks.
        assert_eq!(of_one(&[("a", 5), ("b", 1)], &levels[..3]), ["a far", "b far"]);
        // Of two that lack as much the preferred one, and of equals the first by its id.
        assert_eq!(of_one(&[("a", 20), ("b", 20)], &levels[..2]), ["a far", "b far"]);
        assert_eq!(of_one(&[("a", 10)], &levels), ["a near", "b near"]);
        let equal = [level("a", "two", 1, 1), level("a", "one", 1, 1)];
        assert_eq!(of_one(&[("a", 1)], &equal), ["a one"]);
        assert_eq!(of_one(&[("a", 1)], &[]), [""; 0]);
    }

    #[test]
    fn otherwise_each_sku_comes_whole_from_the_first_warehouse_that_has_it() {
        let levels = [
            level("a", "near", 9, 1),
            level("b", "near", 1, 1),
            level("a", "far", 1, 2),
            level("b", "far", 9, 2),
        ];
        check(&[("a", 5), ("b", 5)], &levels, &[("a", "near", 5), ("b", "far", 5)]);
    }

    #[test]
    fn a_sku_that_no_warehouse_has_enough_of_is_split_in_order_of_preference() {
        let levels = [level("a", "far", 4, 2), level("a", "near", 3, 1), level("a", "empty", 0, 0)];
        check(&[("a", 5)], &levels, &[("a", "far", 2), ("a", "near", 3)]);
    }

    #[test]
    fn between_equally_preferred_warehouses_the_name_decides() {
        check(&[("a", 1)], &[level("a", "y", 5, 1), level("a", "x", 5, 1)], &[("a", "x", 1)]);
    }

    #[test]
    fn two_lines_of_one_sku_are_one_demand() {
        let levels = [level("a", "near", 5, 1)];
        check(&[("a", 2), ("a", 3)], &levels, &[("a", "near", 5)]);
        let shortage = Shortage { sku: sku("a"), requested: 6, available: 5 };
        assert_eq!(allocate_stock(&[(sku("a"), 3), (sku("a"), 3)], &levels), Err(vec![shortage]));
    }

    #[test]
    fn every_shortage_is_named_and_nothing_is_allocated() {
        let demand = [(sku("c"), 1), (sku("a"), 9), (sku("b"), 1)];
        let levels = [level("a", "near", 5, 1), level("b", "near", 1, 1)];
        let shortages = allocate_stock(&demand, &levels).unwrap_err();
        let texts: Vec<String> = shortages.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["a: 9 asked for, 5 available", "c: 1 asked for, 0 available"]);
    }

    #[test]
    fn a_demand_too_large_to_add_up_is_a_shortage() {
        let demand = [(sku("a"), i64::MAX), (sku("a"), i64::MAX)];
        assert!(allocate_stock(&demand, &[level("a", "near", 5, 1)]).is_err());
    }

    #[test]
    fn a_promise_beyond_the_shelf_leaves_nothing_not_less_than_nothing() {
        let over = StockLevel { reserved: 9, on_hand: 1, ..level("a", "near", 0, 1) };
        assert_eq!(over.available(), 0);
    }

    #[test]
    fn a_line_is_available_short_or_unknown() {
        let levels = [level("a", "near", 2, 1), level("a", "far", 2, 2)];
        let there = Available::of(&levels);
        assert_eq!(there.check(&sku("a"), 4), StockVerdict::Available);
        assert_eq!(there.check(&sku("a"), 5), StockVerdict::Short { available: 4 });
        assert_eq!(there.check(&sku("b"), 1), StockVerdict::Short { available: 0 });
        let unread = check_lines(&[(sku("a"), 1)], None);
        assert_eq!(unread.get(&sku("a")), Some(&StockVerdict::Unknown));
        let both = check_lines(&[(sku("a"), 3), (sku("a"), 2)], Some(&levels));
        assert_eq!(both.get(&sku("a")), Some(&StockVerdict::Short { available: 4 }));
    }

    fn warehouses() -> impl Strategy<Value = Vec<StockLevel>> {
        let cell = (0..5_i64, 0..3_i64);
        prop::collection::vec(cell, 9).prop_map(|cells| {
            let names =
                ["a", "b", "c"].iter().flat_map(|s| ["x", "y", "z"].iter().map(move |w| (*s, *w)));
            names
                .zip(cells)
                .map(|((s, w), (available, priority))| level(s, w, available, priority))
                .collect()
        })
    }

    fn demands() -> impl Strategy<Value = Vec<(Sku, i64)>> {
        prop::collection::vec((prop::sample::select(vec!["a", "b", "c"]), 1..6_i64), 0..6).prop_map(
            |pairs| pairs.into_iter().map(|(name, quantity)| (sku(name), quantity)).collect(),
        )
    }

    proptest! {
        #[test]
        fn an_allocation_serves_exactly_the_demand_and_never_more_than_there_is(
            demand in demands(),
            levels in warehouses(),
        ) {
            let asked = demand_per_sku(&demand);
            let there_is = Available::of(&levels);
            match allocate_stock(&demand, &levels) {
                Ok(allocations) => {
                    let mut served: BTreeMap<&Sku, i64> = BTreeMap::new();
                    for a in &allocations {
                        *served.entry(&a.sku).or_default() += a.quantity;
                        let level = levels.iter().find(|l| l.sku == a.sku && l.warehouse_id == a.warehouse_id).unwrap();
                        prop_assert!(a.quantity >= 1 && a.quantity <= level.available());
                    }
                    prop_assert_eq!(served, asked);
                    let keys: Vec<_> = allocations.iter().map(|a| (&a.sku, &a.warehouse_id)).collect();
                    prop_assert!(keys.is_sorted_by(|a, b| a < b), "ordered, and each named once");
                }
                Err(shortages) => {
                    let short = asked.iter().filter(|(sku, n)| there_is.get(sku) < **n).count();
                    prop_assert!(short > 0 && shortages.len() == short);
                }
            }
        }

        #[test]
        fn the_order_of_lines_and_of_rows_does_not_matter(demand in demands(), levels in warehouses()) {
            let reversed = |demand: &[(Sku, i64)]| demand.iter().rev().cloned().collect::<Vec<_>>();
            let rows: Vec<StockLevel> = levels.iter().rev().cloned().collect();
            prop_assert_eq!(allocate_stock(&demand, &levels), allocate_stock(&reversed(&demand), &rows));
        }

        #[test]
        fn what_is_soft_checked_as_available_can_be_allocated(demand in demands(), levels in warehouses()) {
            let all_there = check_lines(&demand, Some(&levels)).values().all(|v| *v == StockVerdict::Available);
            prop_assert_eq!(all_there, allocate_stock(&demand, &levels).is_ok());
        }
    }

    #[test]
    fn no_stock_covers_a_demand_too_large_to_hold() {
        let levels = [StockLevel { on_hand: i64::MAX, reserved: 0, ..level("A", "w1", 0, 0) }];
        let demand = [(sku("A"), i64::MAX), (sku("A"), 1)];
        assert!(allocate_stock(&demand, &levels).is_err());
        assert_ne!(check_lines(&demand, Some(&levels))[&sku("A")], StockVerdict::Available);
    }
}
