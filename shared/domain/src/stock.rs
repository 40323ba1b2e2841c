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
// There is no default: a thing without a warehouse is not allocated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Allocation {
    /// The SKU.
    pub sku: Sku,
    /// The warehouse that serves it.
    pub warehouse_id: WarehouseId,
    /// How many; at least one.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
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

/// The same where a warehouse is asked for: what it can serve comes from there, and the policy
/// decides of the rest.
///
/// # Errors
/// As [`allocate_stock`]: a wish makes nothing scarce.
pub fn allocate_from(
    asked: &WarehouseId,
    demand: &[(Sku, i64)],
    levels: &[StockLevel],
) -> Result<Vec<Allocation>, Vec<Shortage>> {
    // What is short is told of the whole demand, not of the rest.
    allocate_stock(demand, levels)?;
    let (there, elsewhere): (Vec<StockLevel>, Vec<StockLevel>) =
        levels.iter().cloned().partition(|level| level.warehouse_id == *asked);
    let mut rest = Vec::new();
    let mut allocations = Vec::new();
    for (sku, requested) in demand_per_sku(demand) {
        let served = Available::of(&there).get(sku).min(requested);
        if served > 0 {
            let (sku, warehouse_id) = (sku.clone(), asked.clone());
            allocations.push(Allocation { sku, warehouse_id, quantity: served });
        }
        rest.push((sku.clone(), requested.saturating_sub(served)));
    }
    allocations.extend(allocate_stock(&rest, &elsewhere)?);
    Ok(sorted_by(allocations, Ord::cmp))
}

/// Whether what was allocated before still serves a demand: it is neither more nor less, and each
/// warehouse can still promise its part. It names each SKU and warehouse at most once, as
/// [`allocate_stock`] does.
#[must_use]
pub fn still_serves(
    allocated: &[Allocation],
    demand: &[(Sku, i64)],
    levels: &[StockLevel],
) -> bool {
    let mut rest = demand_per_sku(demand);
    let can_be_had = |part: &Allocation| {
        levels.iter().any(|level| {
            level.sku == part.sku
                && level.warehouse_id == part.warehouse_id
                && level.available() >= part.quantity
        })
    };
    allocated.iter().all(|part| match rest.get_mut(&part.sku) {
        Some(rest) => {
            *rest = rest.saturating_sub(part.quantity);
            can_be_had(part)
        }
        None => false,
    }) && rest.values().all(|rest| *rest == 0)
}

/// The largest number stands for a sum that is too large to hold, so not even as much stock covers
/// it.
const fn covers(available: i64, requested: i64) -> bool {
    available >= requested && requested < i64::MAX
}

/// The levels of one warehouse alone, for a shop whose orders each come from one: of the first, in
/// order of preference, of those that lack the fewest units of what is asked for. Of these `asked`
/// is the first, whatever the order.
#[must_use]
pub fn levels_of_one(
    asked: Option<&WarehouseId>,
    demand: &[(Sku, i64)],
    levels: &[StockLevel],
) -> Vec<StockLevel> {
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
        .map(|level| {
            let id = &level.warehouse_id;
            (lacking(level), asked != Some(id), level.priority, id)
        })
        .min()
        .map(|(.., warehouse_id)| warehouse_id);
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

    fn demand_of(demand: &[(&str, i64)]) -> Vec<(Sku, i64)> {
        demand.iter().map(|(name, quantity)| (sku(name), *quantity)).collect()
    }

    fn parts(allocations: &[Allocation]) -> Vec<(&str, &str, i64)> {
        let part = |a| {
            let Allocation { sku, warehouse_id, quantity }: &Allocation = a;
            (sku.as_str(), warehouse_id.as_str(), *quantity)
        };
        allocations.iter().map(part).collect()
    }

    fn check(demand: &[(&str, i64)], levels: &[StockLevel], expected: &[(&str, &str, i64)]) {
        let allocations = allocate_stock(&demand_of(demand), levels).unwrap();
        assert_eq!(parts(&allocations), expected);
    }

    fn allocated(parts: &[(&str, &str, i64)]) -> Vec<Allocation> {
        let part = |(name, warehouse, quantity): &(&str, &str, i64)| Allocation {
            sku: sku(name),
            warehouse_id: warehouse.parse().unwrap(),
            quantity: *quantity,
        };
        parts.iter().map(part).collect()
    }

    // CHK-1
    #[test]
    fn what_a_warehouse_that_is_asked_for_can_serve_comes_from_there() {
        let from = |asked: &str, demand: &[(&str, i64)], levels: &[StockLevel]| {
            allocate_from(&asked.parse().unwrap(), &demand_of(demand), levels)
        };
        let levels = [
            level("a", "near", 9, 1),
            level("b", "near", 9, 1),
            level("a", "far", 9, 2),
            level("b", "far", 2, 2),
            level("b", "farther", 9, 3),
        ];
        let check = |asked: &str, demand: &[(&str, i64)], expected: &[(&str, &str, i64)]| {
            assert_eq!(parts(&from(asked, demand, &levels).unwrap()), expected, "{asked}");
        };
        check("far", &[("b", 2), ("a", 5)], &[("a", "far", 5), ("b", "far", 2)]);
        // Of what it has too few of it sends what it has, and the policy decides of the rest.
        check("far", &[("b", 5), ("a", 5)], &[("a", "far", 5), ("b", "far", 2), ("b", "near", 3)]);
        check("far", &[("b", 20)], &[("b", "far", 2), ("b", "farther", 9), ("b", "near", 9)]);
        check("farther", &[("a", 1), ("b", 1)], &[("a", "near", 1), ("b", "farther", 1)]);
        check("nowhere", &[("a", 1), ("b", 1)], &[("a", "near", 1), ("b", "near", 1)]);
        check("far", &[], &[]);
        let short = Shortage { sku: sku("b"), requested: 21, available: 20 };
        assert_eq!(from("far", &[("a", 1), ("b", 21)], &levels), Err(vec![short]));
    }

    // CHK-1
    #[test]
    fn an_allocation_is_kept_while_it_is_the_demand_and_can_be_had() {
        let levels = [level("a", "near", 9, 1), level("a", "far", 2, 2), level("b", "far", 1, 2)];
        let serves = |kept: &[(&str, &str, i64)], demand: &[(&str, i64)]| {
            still_serves(&allocated(kept), &demand_of(demand), &levels)
        };
        assert!(serves(&[("a", "far", 2)], &[("a", 2)]), "though the policy would take the near");
        assert!(serves(&[("a", "far", 2), ("a", "near", 3)], &[("a", 2), ("a", 3)]));
        assert!(!serves(&[("a", "far", 3)], &[("a", 3)]), "there are two");
        assert!(!serves(&[("b", "near", 1)], &[("b", 1)]), "it never lay there");
        assert!(!serves(&[("a", "far", 1)], &[("a", 2)]), "more is asked for");
        assert!(!serves(&[("a", "far", 2)], &[("a", 1)]), "less is asked for");
        assert!(!serves(&[("a", "far", 1), ("b", "far", 1)], &[("a", 1)]), "nobody asks for b");
        assert!(!serves(&[("a", "far", 1)], &[("a", 1), ("b", 1)]), "b is asked for too");
        assert!(!serves(&[], &[("a", 1)]), "nothing was kept");
        assert!(serves(&[], &[]));
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
        let of_one_asked = |asked: &str, demand: &[(&str, i64)], levels: &[StockLevel]| {
            let asked = asked.parse().ok();
            let levels = levels_of_one(asked.as_ref(), &demand_of(demand), levels);
            let shown = |level: &StockLevel| format!("{} {}", level.sku, level.warehouse_id);
            levels.iter().map(shown).collect::<Vec<_>>()
        };
        let of_one =
            |demand: &[(&str, i64)], levels: &[StockLevel]| of_one_asked("", demand, levels);
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
        // The one that is asked for is the one if no other lacks less.
        assert_eq!(of_one_asked("far", &[("a", 5), ("b", 1)], &levels), ["a far", "b far"]);
        assert_eq!(of_one_asked("near", &[("a", 5), ("b", 2)], &levels), ["a far", "b far"]);
        assert_eq!(of_one_asked("nowhere", &[("a", 5), ("b", 1)], &levels), ["a near", "b near"]);
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

        // CHK-1
        #[test]
        fn a_wish_is_served_first_and_makes_nothing_scarce(
            demand in demands(),
            levels in warehouses(),
            asked in prop::sample::select(vec!["x", "y", "z", "elsewhere"]),
        ) {
            let asked_for: WarehouseId = asked.parse().unwrap();
            let found = allocate_from(&asked_for, &demand, &levels);
            let policys = allocate_stock(&demand, &levels);
            let Ok(allocations) = found else {
                prop_assert_eq!(found, policys);
                return Ok(());
            };
            prop_assert!(policys.is_ok());
            // It is the demand, each part can be had, and each is named once.
            prop_assert!(still_serves(&allocations, &demand, &levels));
            let keys: Vec<_> = allocations.iter().map(|a| (&a.sku, &a.warehouse_id)).collect();
            prop_assert!(keys.is_sorted_by(|a, b| a < b) && allocations.iter().all(|a| a.quantity > 0));
            for (sku, requested) in demand_per_sku(&demand) {
                let there = levels.iter().find(|l| l.sku == *sku && l.warehouse_id == asked_for);
                let from_there = allocations.iter().find(|a| a.sku == *sku && a.warehouse_id == asked_for);
                let can = there.map_or(0, StockLevel::available).min(requested);
                prop_assert_eq!(from_there.map_or(0, |a| a.quantity), can);
            }
        }

        // CHK-1
        #[test]
        fn what_the_policy_allocates_serves_until_stock_or_demand_moves(
            demand in demands(),
            levels in warehouses(),
            (at, taken) in (0..9_usize, 1..5_i64),
            more in demands(),
        ) {
            let Ok(kept) = allocate_stock(&demand, &levels) else { return Ok(()) };
            prop_assert!(still_serves(&kept, &demand, &levels));
            let mut moved = levels.clone();
            moved[at].reserved += taken;
            let part = kept.iter().find(|a| (&a.sku, &a.warehouse_id) == (&moved[at].sku, &moved[at].warehouse_id));
            let lacks = part.is_some_and(|a| a.quantity > moved[at].available());
            prop_assert_eq!(still_serves(&kept, &demand, &moved), !lacks);
            let changed: Vec<_> = demand.iter().chain(&more).cloned().collect();
            prop_assert_eq!(still_serves(&kept, &changed, &levels), more.is_empty());
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
