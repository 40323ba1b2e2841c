//! Shipping: which methods serve an order, and what each costs.
//!
//! Listing the methods and quoting one of them are one function, [`list_methods`]; [`quote`] only
//! picks from its answer. So a method that was shown can be chosen, at the price shown.

use crate::ids::{ShippingMethodId, Sku, WarehouseId};
use crate::money::{Currency, Money, MoneyError};
use crate::sorted::sorted_by;
use crate::stock::Allocation;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use thiserror::Error;

/// One row of the rate table, already narrowed to the destination's zone and the cart's currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippingRate {
    /// The method.
    pub method_id: ShippingMethodId,
    /// The method's name as the buyer reads it.
    pub name: String,
    /// The warehouse this row is for; `None` is for any.
    pub warehouse_id: Option<WarehouseId>,
    /// It applies to parcels of at least this weight.
    pub min_weight_g: i64,
    /// It applies to orders whose goods are worth at least this.
    pub min_subtotal_minor: i64,
    /// What it costs.
    pub amount_minor: i64,
}

/// Where the goods come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origins {
    /// Stock has been allocated: one parcel per warehouse.
    Allocated(Vec<Allocation>),
    /// One warehouse, fixed beforehand.
    One(WarehouseId),
    /// Not known (stock is short or could not be read): one parcel, to which only rates for any
    /// warehouse apply.
    Unknown,
}

/// What leaves one warehouse together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// The warehouse it leaves, if known.
    pub warehouse_id: Option<WarehouseId>,
    /// What it weighs.
    pub weight_g: i64,
}

/// A method and what it costs for one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ShippingQuote {
    /// What it costs, all parcels together, before any discount.
    pub amount: Money,
    /// The method.
    pub method_id: ShippingMethodId,
    /// Its name as the buyer reads it.
    pub name: String,
    /// What promotions take off that, at the moment and with this method; absent if nothing. Rates
    /// know no promotions: totals say it where methods are listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<Money>,
}

/// A quote together with what each parcel costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RatedShipping {
    /// The whole.
    pub quote: ShippingQuote,
    /// Its parts, in the order of the parcels.
    pub parcels: Vec<(Parcel, Money)>,
}

/// Why there is no quote.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ShippingError {
    /// The method does not serve this order.
    #[error("shipping method {method_id} does not serve this order; {}", those_that_do(.available))]
    MethodUnavailable {
        /// The method asked for.
        method_id: ShippingMethodId,
        /// Those that do serve it.
        available: Vec<ShippingMethodId>,
    },
    /// The rate table holds a price below nothing.
    #[error("the rate of shipping method {method_id} is negative; a rate must be zero or more")]
    RateNegative {
        /// The method.
        method_id: ShippingMethodId,
    },
    /// The allocation does not cover exactly what is bought.
    #[error("{sku} is not allocated to warehouses in exactly the quantity bought")]
    NotAllocated {
        /// The SKU whose quantities differ.
        sku: Sku,
    },
    /// An amount or a weight does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

fn those_that_do(available: &[ShippingMethodId]) -> String {
    if available.is_empty() {
        return "none does".to_owned();
    }
    let names: Vec<&str> = available.iter().map(ShippingMethodId::as_str).collect();
    format!("these do: {}", names.join(", "))
}

/// A SKU, how many of it are bought, and what one weighs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goods {
    /// The SKU.
    pub sku: Sku,
    /// How many.
    pub quantity: i64,
    /// What one weighs.
    pub weight_g: i64,
}

/// Packs what is bought: one parcel per warehouse, ordered by warehouse.
///
/// # Errors
/// If an allocation does not cover exactly what is bought, or a weight does not fit.
pub fn pack(goods: &[Goods], origins: &Origins) -> Result<Vec<Parcel>, ShippingError> {
    match origins {
        Origins::Allocated(allocations) => pack_by_warehouse(goods, allocations),
        Origins::One(warehouse_id) => Ok(vec![Parcel {
            warehouse_id: Some(warehouse_id.clone()),
            weight_g: weight_of(goods)?,
        }]),
        Origins::Unknown => Ok(vec![Parcel { warehouse_id: None, weight_g: weight_of(goods)? }]),
    }
}

fn weight_of(goods: &[Goods]) -> Result<i64, MoneyError> {
    goods.iter().try_fold(0, |sum, item| add_weight(sum, item.quantity, item.weight_g))
}

fn add_weight(sum: i64, quantity: i64, weight_g: i64) -> Result<i64, MoneyError> {
    quantity
        .checked_mul(weight_g)
        .and_then(|weight| weight.checked_add(sum))
        .ok_or(MoneyError::Overflow)
}

fn pack_by_warehouse(
    goods: &[Goods],
    allocations: &[Allocation],
) -> Result<Vec<Parcel>, ShippingError> {
    let mut to_pack: BTreeMap<&Sku, i64> = BTreeMap::new();
    let mut weight_of_one: BTreeMap<&Sku, i64> = BTreeMap::new();
    for item in goods {
        let sum = to_pack.entry(&item.sku).or_default();
        *sum = sum.checked_add(item.quantity).ok_or(MoneyError::Overflow)?;
        weight_of_one.insert(&item.sku, item.weight_g);
    }
    let mut weights: BTreeMap<&WarehouseId, i64> = BTreeMap::new();
    for allocation in allocations {
        let not_allocated = || ShippingError::NotAllocated { sku: allocation.sku.clone() };
        if allocation.quantity < 1 {
            return Err(not_allocated());
        }
        let left = to_pack.get_mut(&allocation.sku).ok_or_else(not_allocated)?;
        *left = left.checked_sub(allocation.quantity).ok_or_else(not_allocated)?;
        let weight = weights.entry(&allocation.warehouse_id).or_default();
        let each = weight_of_one.get(&allocation.sku).copied().ok_or_else(not_allocated)?;
        *weight = add_weight(*weight, allocation.quantity, each)?;
    }
    if let Some((&sku, _)) = to_pack.iter().find(|(_, left)| **left != 0) {
        return Err(ShippingError::NotAllocated { sku: sku.clone() });
    }
    Ok(weights
        .into_iter()
        .map(|(warehouse_id, weight_g)| Parcel {
            warehouse_id: Some(warehouse_id.clone()),
            weight_g,
        })
        .collect())
}

/// Every method that serves all parcels, cheapest first, with its price.
///
/// Each parcel is rated by its own origin and weight, and the parcels are summed. The threshold on
/// the goods' value is held against the whole order: how we split it is not the buyer's doing, and
/// must not cost them a rate their order has earned.
///
/// # Errors
/// If a rate is negative or a sum does not fit.
pub fn list_methods(
    currency: Currency,
    parcels: &[Parcel],
    subtotal_minor: i64,
    rates: &[ShippingRate],
) -> Result<Vec<RatedShipping>, ShippingError> {
    let mut method_ids: Vec<&ShippingMethodId> = Vec::new();
    for rate in rates {
        if !method_ids.contains(&&rate.method_id) {
            method_ids.push(&rate.method_id);
        }
    }
    let mut rated = Vec::new();
    for method_id in method_ids {
        let of_this_method: Vec<&ShippingRate> =
            rates.iter().filter(|rate| rate.method_id == *method_id).collect();
        if let Some(shipping) = rate_parcels(currency, parcels, subtotal_minor, &of_this_method)? {
            rated.push(shipping);
        }
    }
    Ok(sorted_by(rated, |a: &RatedShipping, b| {
        let key = |shipping: &RatedShipping| shipping.quote.amount.amount_minor();
        key(a).cmp(&key(b)).then_with(|| a.quote.method_id.cmp(&b.quote.method_id))
    }))
}

/// The price of one method; the same answer [`list_methods`] gives for it.
///
/// # Errors
/// If the method does not serve all parcels, and as [`list_methods`].
pub fn quote(
    currency: Currency,
    method_id: &ShippingMethodId,
    parcels: &[Parcel],
    subtotal_minor: i64,
    rates: &[ShippingRate],
) -> Result<RatedShipping, ShippingError> {
    let listed = list_methods(currency, parcels, subtotal_minor, rates)?;
    let available = listed.iter().map(|shipping| shipping.quote.method_id.clone()).collect();
    listed
        .into_iter()
        .find(|shipping| shipping.quote.method_id == *method_id)
        .ok_or_else(|| ShippingError::MethodUnavailable { method_id: method_id.clone(), available })
}

/// `None` if some parcel has no rate: a method serves the whole order or is not offered.
fn rate_parcels(
    currency: Currency,
    parcels: &[Parcel],
    subtotal_minor: i64,
    rates: &[&ShippingRate],
) -> Result<Option<RatedShipping>, ShippingError> {
    let mut rated = Vec::new();
    let mut chosen = None;
    for parcel in parcels {
        let Some(rate) = most_specific(parcel, subtotal_minor, rates) else {
            return Ok(None);
        };
        if rate.amount_minor < 0 {
            return Err(ShippingError::RateNegative { method_id: rate.method_id.clone() });
        }
        rated.push((parcel.clone(), Money::new(rate.amount_minor, currency)));
        chosen = Some(rate);
    }
    let Some(rate) = chosen else {
        return Ok(None);
    };
    let amount = Money::sum(currency, rated.iter().map(|(_, amount)| *amount))?;
    let quote = ShippingQuote {
        method_id: rate.method_id.clone(),
        name: rate.name.clone(),
        amount,
        discount: None,
    };
    Ok(Some(RatedShipping { quote, parcels: rated }))
}

/// A row for this origin beats a general one; then the highest weight reached, then the highest
/// value reached; and should two rows still be equal, the cheaper one, so that the answer never
/// depends on the order of the rows.
fn most_specific<'a>(
    parcel: &Parcel,
    subtotal_minor: i64,
    rates: &[&'a ShippingRate],
) -> Option<&'a ShippingRate> {
    rates
        .iter()
        .copied()
        .filter(|rate| rate.warehouse_id.is_none() || rate.warehouse_id == parcel.warehouse_id)
        .filter(|rate| {
            rate.min_weight_g <= parcel.weight_g && rate.min_subtotal_minor <= subtotal_minor
        })
        .max_by_key(|rate| {
            (
                rate.warehouse_id.is_some(),
                rate.min_weight_g,
                rate.min_subtotal_minor,
                Reverse(rate.amount_minor),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd() -> Currency {
        "USD".parse().unwrap()
    }

    fn rate(
        method: &str,
        from: Option<&str>,
        min_weight_g: i64,
        min_subtotal_minor: i64,
        amount_minor: i64,
    ) -> ShippingRate {
        ShippingRate {
            method_id: method.parse().unwrap(),
            name: method.to_uppercase(),
            warehouse_id: from.map(|id| id.parse().unwrap()),
            min_weight_g,
            min_subtotal_minor,
            amount_minor,
        }
    }

    fn parcel(from: &str, weight_g: i64) -> Parcel {
        Parcel { warehouse_id: Some(from.parse().unwrap()), weight_g }
    }

    fn allocation(sku: &str, from: &str, quantity: i64) -> Allocation {
        Allocation { sku: sku.parse().unwrap(), warehouse_id: from.parse().unwrap(), quantity }
    }

    fn goods(sku: &str, quantity: i64, weight_g: i64) -> Goods {
        Goods { sku: sku.parse().unwrap(), quantity, weight_g }
    }

    fn listed(
        parcels: &[Parcel],
        subtotal_minor: i64,
        rates: &[ShippingRate],
    ) -> Vec<(String, i64)> {
        let methods = list_methods(usd(), parcels, subtotal_minor, rates).unwrap();
        methods
            .iter()
            .map(|m| (m.quote.method_id.to_string(), m.quote.amount.amount_minor()))
            .collect()
    }

    fn cost(parcels: &[Parcel], subtotal_minor: i64, rates: &[ShippingRate]) -> i64 {
        listed(parcels, subtotal_minor, rates)[0].1
    }

    #[test]
    fn the_most_specific_rate_wins() {
        let rates = [
            rate("post", None, 0, 0, 500),
            rate("post", None, 1_000, 0, 700),
            rate("post", None, 1_000, 5_000, 600),
            rate("post", Some("hanoi"), 0, 0, 400),
        ];
        assert_eq!(cost(&[parcel("newark", 999)], 9_999, &rates), 500);
        assert_eq!(
            cost(&[parcel("newark", 1_000)], 4_999, &rates),
            700,
            "a higher weight reached beats a lower one"
        );
        assert_eq!(
            cost(&[parcel("newark", 1_000)], 5_000, &rates),
            600,
            "then the higher value reached"
        );
        assert_eq!(
            cost(&[parcel("hanoi", 9_999)], 9_999, &rates),
            400,
            "an origin of its own beats everything"
        );
    }

    #[test]
    fn a_split_order_is_rated_per_origin_and_summed() {
        let rates = [rate("post", None, 0, 0, 500), rate("post", Some("hanoi"), 0, 0, 300)];
        assert_eq!(cost(&[parcel("hanoi", 100), parcel("newark", 100)], 0, &rates), 800);
    }

    #[test]
    fn a_threshold_on_value_is_held_against_the_whole_order_however_it_is_split() {
        let rates = [rate("post", None, 0, 0, 500), rate("post", None, 0, 5_000, 0)];
        assert_eq!(cost(&[parcel("hanoi", 100), parcel("newark", 100)], 5_000, &rates), 0);
    }

    #[test]
    fn a_method_that_cannot_serve_every_parcel_is_not_offered() {
        let rates = [rate("post", None, 0, 0, 500), rate("drone", Some("hanoi"), 0, 0, 100)];
        let split = [parcel("hanoi", 100), parcel("newark", 100)];
        assert_eq!(listed(&split, 0, &rates), [("post".to_owned(), 1_000)]);
        let refusal = quote(usd(), &"drone".parse().unwrap(), &split, 0, &rates).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "shipping method drone does not serve this order; these do: post"
        );
    }

    #[test]
    fn only_rates_for_any_origin_apply_where_the_origin_is_unknown() {
        let parcels = pack(&[goods("a", 1, 1)], &Origins::Unknown).unwrap();
        let rates = [rate("drone", Some("hanoi"), 0, 0, 100), rate("post", None, 0, 0, 500)];
        assert_eq!(listed(&parcels, 0, &rates), [("post".to_owned(), 500)]);
    }

    #[test]
    fn every_method_listed_is_quoted_at_the_same_price_cheapest_first() {
        let rates = [
            rate("express", None, 0, 0, 900),
            rate("b", None, 0, 0, 500),
            rate("a", None, 0, 0, 500),
        ];
        let parcels = [parcel("hanoi", 100)];
        let methods = list_methods(usd(), &parcels, 0, &rates).unwrap();
        assert_eq!(
            listed(&parcels, 0, &rates).iter().map(|m| m.0.as_str()).collect::<Vec<_>>(),
            ["a", "b", "express"]
        );
        for method in methods {
            assert_eq!(quote(usd(), &method.quote.method_id, &parcels, 0, &rates), Ok(method));
        }
    }

    #[test]
    fn nothing_to_send_has_no_method() {
        assert_eq!(listed(&[], 0, &[rate("post", None, 0, 0, 500)]), []);
    }

    #[test]
    fn a_negative_rate_is_an_error_not_a_gift() {
        let refusal =
            list_methods(usd(), &[parcel("hanoi", 1)], 0, &[rate("post", None, 0, 0, -1)])
                .unwrap_err();
        assert!(matches!(refusal, ShippingError::RateNegative { .. }), "{refusal}");
    }

    #[test]
    fn what_leaves_one_warehouse_is_one_parcel() {
        let bought = [goods("a", 3, 100), goods("b", 1, 50), goods("a", 1, 100)];
        let origins = Origins::Allocated(vec![
            allocation("a", "hanoi", 3),
            allocation("a", "newark", 1),
            allocation("b", "newark", 1),
        ]);
        assert_eq!(pack(&bought, &origins), Ok(vec![parcel("hanoi", 300), parcel("newark", 150)]));
        let one = Origins::One("hanoi".parse().unwrap());
        assert_eq!(pack(&bought, &one), Ok(vec![parcel("hanoi", 450)]));
    }

    #[test]
    fn an_allocation_covers_exactly_what_is_bought() {
        let wrong = [
            vec![],
            vec![allocation("a", "hanoi", 1)],
            vec![allocation("a", "hanoi", 3)],
            vec![allocation("a", "hanoi", 2), allocation("b", "hanoi", 1)],
            vec![allocation("a", "hanoi", 3), allocation("a", "newark", -1)],
        ];
        for allocations in wrong {
            let refusal = pack(&[goods("a", 2, 1)], &Origins::Allocated(allocations)).unwrap_err();
            assert!(matches!(refusal, ShippingError::NotAllocated { .. }), "{refusal}");
        }
    }

    #[test]
    fn a_weight_that_does_not_fit_is_an_error() {
        let refusal = pack(&[goods("a", 2, i64::MAX)], &Origins::Unknown).unwrap_err();
        assert_eq!(refusal, ShippingError::Money(MoneyError::Overflow));
    }
}
