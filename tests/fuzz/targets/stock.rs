//! Which warehouse serves what, and what becomes of a guest's cart in a customer's. Exactly what
//! was asked for is allocated, from what is there, or nothing and every shortage is named; a merge
//! makes nothing the customer had less, and keeps the limits.
#![no_main]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a target says by a panic that something does not hold"
)]

use arbitrary::Arbitrary;
use domain::{
    ids::{Sku, WarehouseId},
    merge::{Limits, Offered, merge},
    quantity::Quantity,
    stock::{StockLevel, StockVerdict, allocate_stock, check_lines},
};
use std::collections::BTreeMap;

#[derive(Arbitrary, Debug)]
struct Input {
    demand: Vec<(u8, Number)>,
    levels: Vec<(u8, u8, Number, Number, i8)>,
    offered: Vec<(u16, u16, bool, Option<Number>)>,
    in_cart: u8,
    limits: (u16, u8),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Number {
    Few(u8),
    Any(i64),
}

impl Number {
    fn get(self) -> i64 {
        match self {
            Self::Few(number) => number.into(),
            Self::Any(number) => number,
        }
    }
}

fn sku(number: u8) -> Sku {
    format!("s{}", number % 4).parse().expect("a SKU")
}

libfuzzer_sys::fuzz_target!(|input: Input| {
    let demand: Vec<(Sku, i64)> =
        input.demand.iter().map(|(number, quantity)| (sku(*number), quantity.get())).collect();
    let mut levels: BTreeMap<(Sku, WarehouseId), StockLevel> = BTreeMap::new();
    for (number, warehouse, on_hand, reserved, priority) in &input.levels {
        let (sku, warehouse_id): (Sku, WarehouseId) =
            (sku(*number), format!("w{}", warehouse % 4).parse().expect("a warehouse"));
        let level = StockLevel {
            sku: sku.clone(),
            warehouse_id: warehouse_id.clone(),
            on_hand: on_hand.get(),
            reserved: reserved.get(),
            priority: (*priority).into(),
        };
        levels.insert((sku, warehouse_id), level);
    }
    allocates(&demand, &levels.into_values().collect::<Vec<_>>());
    merges(&input);
});

fn allocates(demand: &[(Sku, i64)], levels: &[StockLevel]) {
    let mut wanted: BTreeMap<&Sku, i128> = BTreeMap::new();
    for (sku, quantity) in demand.iter().filter(|(_, quantity)| *quantity > 0) {
        *wanted.entry(sku).or_default() += i128::from(*quantity);
    }
    let there = |sku: &Sku| {
        levels
            .iter()
            .filter(|level| level.sku == *sku)
            .map(|level| i128::from(level.available()))
            .sum::<i128>()
    };
    let verdicts = check_lines(demand, Some(levels));
    match allocate_stock(demand, levels) {
        Ok(allocations) => {
            for allocation in &allocations {
                let level = levels
                    .iter()
                    .find(|level| {
                        level.sku == allocation.sku && level.warehouse_id == allocation.warehouse_id
                    })
                    .expect("stock");
                assert!(
                    (1..=level.available()).contains(&allocation.quantity),
                    "{allocation:?} of {level:?}"
                );
            }
            assert!(
                allocations
                    .is_sorted_by(|a, b| (&a.sku, &a.warehouse_id) < (&b.sku, &b.warehouse_id)),
                "{allocations:?}"
            );
            for (sku, quantity) in &wanted {
                let got: i128 = allocations
                    .iter()
                    .filter(|allocation| allocation.sku == **sku)
                    .map(|allocation| i128::from(allocation.quantity))
                    .sum();
                assert_eq!(got, *quantity, "{sku}");
                assert_eq!(verdicts[*sku], StockVerdict::Available, "{sku}");
            }
            assert!(allocations.iter().all(|allocation| wanted.contains_key(&allocation.sku)));
        }
        Err(shortages) => {
            assert!(!shortages.is_empty() && shortages.is_sorted_by(|a, b| a.sku < b.sku));
            for shortage in &shortages {
                // Sums too large for a number stay the largest one.
                assert!(
                    there(&shortage.sku).min(i64::MAX.into()) < wanted[&shortage.sku],
                    "{shortage}"
                );
                assert_ne!(verdicts[&shortage.sku], StockVerdict::Available);
            }
        }
    }
}

fn merges(input: &Input) {
    let limits = Limits { quantity: i64::from(input.limits.0), lines: i64::from(input.limits.1) };
    let offered: Vec<Offered> = input
        .offered
        .iter()
        .enumerate()
        .map(|(number, (quantity, in_cart, sold, available))| Offered {
            sku: format!("s{number}").parse().expect("a SKU"),
            quantity: Quantity::try_from(i64::from(*quantity) % 10_000 + 1).expect("a quantity"),
            in_cart: i64::from(*in_cart),
            sold: *sold,
            available: available.map(Number::get),
        })
        .collect();
    let before = i64::from(input.in_cart);
    let merged = merge(before, &offered, limits);
    assert_eq!(merged.len(), offered.len());
    for (line, offered) in merged.iter().zip(&offered) {
        let both = offered.in_cart + offered.quantity.get();
        assert!(
            line.sku == offered.sku && (offered.in_cart..=both).contains(&line.quantity),
            "{line:?}"
        );
        assert!(line.quantity == offered.in_cart || line.quantity <= limits.quantity, "{line:?}");
        assert!(line.quantity == offered.in_cart || offered.sold, "{line:?}");
        assert!(
            line.quantity == offered.in_cart
                || offered.available.is_none_or(|available| line.quantity <= available),
            "{line:?}"
        );
        assert_eq!(line.reason.is_none(), line.quantity == both, "{line:?}");
    }
    let new = offered
        .iter()
        .zip(&merged)
        .filter(|(offered, line)| offered.in_cart == 0 && line.quantity > 0)
        .count();
    assert!(new == 0 || before + i64::try_from(new).expect("few") <= limits.lines);
}
