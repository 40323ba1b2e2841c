//! `GET /api/v1/orders/statistics`: what the orders of each day came to (ORD-11).
//!
//! A day is a range of ids, as an interval of the list is: so the orders of a day here are those that
//! the list shows for it. What they came to is as it stands now, and days sum to the totals.

use super::find::first_id;
use crate::shop::Shop;
use domain::{
    interval::{DAY_MS, Day, Moment, Zone},
    money::{Currency, Money},
};
use json::{Value, json};
use ports::Ports;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, iter};
use store::sql;
use terms::{Done, Problem};

/// Days that are shown, if nothing is said: today, and those before.
const DAYS: i64 = 30;
/// Days that are shown at most: a quarter of a year.
const DAYS_MAX: usize = 92;

/// Of which days.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AskStatistics {
    /// The first day; if nothing is said, 30 days before the end.
    created_from: Option<Moment>,
    /// The day after the last; if nothing is said, tomorrow.
    created_before: Option<Moment>,
    /// Where those days are days: UTC, if nothing is said.
    zone: Option<Zone>,
}

/// What the orders of some days came to, as they stand now.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderStatistics {
    /// The first day.
    created_from: String,
    /// The day after the last.
    created_before: String,
    /// Where those are days.
    zone: String,
    /// All of it, by currency: the sums of the days.
    totals: Vec<Figures>,
    /// What has become of all carts that were opened, and are known yet.
    carts: Carts,
    /// The days on which there was anything, the first one first.
    days: Vec<DayFigures>,
}

/// A day.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DayFigures {
    /// Which, such as 2026-12-01.
    day: String,
    /// What its orders came to, by currency.
    figures: Vec<Figures>,
    /// What has become of the carts that were opened on it.
    carts: Carts,
}

/// What orders of one currency came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Figures {
    /// How many were made.
    orders: i64,
    /// How many of those were cancelled.
    cancelled_orders: i64,
    /// What all of them were to cost.
    gross: Money,
    /// What the cancelled ones were.
    cancelled: Money,
    /// What of the others has gone back, is on its way, or is not asked for any more.
    refunded: Money,
    /// What is left.
    net: Money,
    /// What is left for each order that was not cancelled; nothing where there is none.
    average: Money,
}

/// What has become of carts. Those that nobody came back to are forgotten with time, and so are not
/// counted for ever.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Carts {
    /// How many were opened; one that was taken into another is that other.
    opened: i64,
    /// In how many of them there is something.
    filled: i64,
    /// How many have become orders.
    ordered: i64,
    /// How many were given up.
    abandoned: i64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct OrderRow {
    day: i64,
    currency: Currency,
    orders: i64,
    gross_minor: i64,
    cancelled_orders: i64,
    cancelled_minor: i64,
    refunded_minor: i64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct CartRow {
    day: i64,
    #[serde(flatten)]
    carts: Carts,
}

/// What the orders of these days came to.
///
/// # Errors
/// `invalid_field` of what is no day, of an interval that ends before it begins, and of one that is
/// longer than 92 days.
pub fn statistics(
    ports: &Ports<'_>,
    query: &AskStatistics,
) -> Result<Done<OrderStatistics>, Problem> {
    let zone = query.zone.unwrap_or_default();
    let before = match day("created_before", query.created_before)? {
        Some(day) => day,
        None => Day::of(ports.clock.wall_ms(), zone).next(),
    };
    let from = match day("created_from", query.created_from)? {
        Some(day) => day,
        None => Day::of(before.begins_ms(zone).saturating_sub(DAYS.saturating_mul(DAY_MS)), zone),
    };
    if from >= before {
        return Err(Problem::invalid_field("created_before", "must be later than created_from"));
    }
    let days: Vec<Day> = iter::successors(Some(from), |day| Some(day.next()))
        .take_while(|day| *day < before)
        .take(DAYS_MAX.saturating_add(1))
        .collect();
    if days.len() > DAYS_MAX {
        let right = format!("must be at most {DAYS_MAX} days before created_before");
        return Err(Problem::invalid_field("created_from", right));
    }
    let ranges: Vec<Value> = (0_i64..)
        .zip(&days)
        .map(|(number, day)| {
            let (from, below) = (day.begins_ms(zone), day.next().begins_ms(zone));
            json!({ "day": number, "from": first_id(from), "below": first_id(below) })
        })
        .collect();
    let (shop, input) = (Shop::new(ports), json!({ "days": ranges }));
    let orders: Vec<OrderRow> = shop.list(&sql::ORDER_DAYS, &input)?;
    let carts: Vec<CartRow> = shop.list(&sql::CART_DAYS, &input)?;
    Ok(Done::new(OrderStatistics {
        created_from: from.to_string(),
        created_before: before.to_string(),
        zone: zone.to_string(),
        totals: totals(&orders),
        carts: carts.iter().fold(Carts::default(), |sum, row| sum.and(row.carts)),
        days: by_day(&days, &orders, &carts),
    }))
}

fn day(name: &'static str, asked: Option<Moment>) -> Result<Option<Day>, Problem> {
    match asked {
        None => Ok(None),
        Some(Moment::Day(day)) => Ok(Some(day)),
        Some(Moment::Instant(_)) => {
            Err(Problem::invalid_field(name, "must be a day, such as 2026-12-01"))
        }
    }
}

/// Those days on which there was anything.
fn by_day(days: &[Day], orders: &[OrderRow], carts: &[CartRow]) -> Vec<DayFigures> {
    let of_day = |(number, day): (i64, &Day)| {
        let figures: Vec<Figures> =
            orders.iter().filter(|row| row.day == number).copied().map(figures).collect();
        let carts = carts.iter().find(|row| row.day == number).map(|row| row.carts);
        let is_empty = figures.is_empty() && carts.is_none();
        (!is_empty).then(|| DayFigures {
            day: day.to_string(),
            figures,
            carts: carts.unwrap_or_default(),
        })
    };
    (0_i64..).zip(days).filter_map(of_day).collect()
}

/// The sums of all days, by currency.
fn totals(rows: &[OrderRow]) -> Vec<Figures> {
    let mut sums: BTreeMap<String, OrderRow> = BTreeMap::new();
    for row in rows {
        sums.entry(row.currency.to_string()).and_modify(|sum| *sum = sum.and(*row)).or_insert(*row);
    }
    sums.into_values().map(figures).collect()
}

impl OrderRow {
    /// This day and another.
    const fn and(self, other: Self) -> Self {
        Self {
            orders: self.orders.saturating_add(other.orders),
            gross_minor: self.gross_minor.saturating_add(other.gross_minor),
            cancelled_orders: self.cancelled_orders.saturating_add(other.cancelled_orders),
            cancelled_minor: self.cancelled_minor.saturating_add(other.cancelled_minor),
            refunded_minor: self.refunded_minor.saturating_add(other.refunded_minor),
            ..self
        }
    }
}

impl Carts {
    /// This day and another.
    const fn and(self, other: Self) -> Self {
        Self {
            opened: self.opened.saturating_add(other.opened),
            filled: self.filled.saturating_add(other.filled),
            ordered: self.ordered.saturating_add(other.ordered),
            abandoned: self.abandoned.saturating_add(other.abandoned),
        }
    }
}

fn figures(row: OrderRow) -> Figures {
    let OrderRow {
        currency,
        orders,
        gross_minor,
        cancelled_orders,
        cancelled_minor,
        refunded_minor,
        ..
    } = row;
    let money = |amount_minor| Money::new(amount_minor, currency);
    let net_minor = gross_minor.saturating_sub(cancelled_minor).saturating_sub(refunded_minor);
    let stand = orders.saturating_sub(cancelled_orders);
    // Half of a minor unit up; what is left is never below nothing.
    let average =
        net_minor.saturating_mul(2).saturating_add(stand).checked_div(stand.saturating_mul(2));
    Figures {
        orders,
        cancelled_orders,
        gross: money(gross_minor),
        cancelled: money(cancelled_minor),
        refunded: money(refunded_minor),
        net: money(net_minor),
        average: money(average.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(day: i64, currency: &str, orders: i64, gross_minor: i64) -> OrderRow {
        let currency = Currency::try_from(currency).unwrap();
        OrderRow {
            day,
            currency,
            orders,
            gross_minor,
            cancelled_orders: 1,
            cancelled_minor: 100,
            refunded_minor: 50,
        }
    }

    #[test]
    fn totals_are_the_sums_of_the_days_by_currency() {
        let rows = [row(1, "EUR", 2, 500), row(1, "USD", 3, 1_000), row(2, "USD", 4, 2_005)];
        let all = totals(&rows);
        assert_eq!(all.len(), 2);
        let usd = &all[1];
        assert_eq!((usd.orders, usd.cancelled_orders, usd.gross.amount_minor()), (7, 2, 3_005));
        assert_eq!((usd.net.amount_minor(), usd.average.amount_minor()), (2_705, 541));
        assert_eq!(totals(&[]), []);
        // Of nothing but cancelled orders there is no average.
        let none = figures(OrderRow { refunded_minor: 0, ..row(1, "USD", 1, 100) });
        assert_eq!((none.net.amount_minor(), none.average.amount_minor()), (0, 0));
    }

    #[test]
    fn a_day_without_anything_is_left_out() {
        let first = Day::of(0, Zone::default());
        let days = [first, first.next(), first.next().next()];
        let carts = CartRow { day: 2, carts: Carts { opened: 1, ..Carts::default() } };
        let shown = by_day(&days, &[row(0, "USD", 1, 100)], &[carts]);
        let named: Vec<&str> = shown.iter().map(|it| it.day.as_str()).collect();
        assert_eq!(named, ["1970-01-01", "1970-01-03"]);
        assert_eq!((shown[0].figures.len(), shown[0].carts), (1, Carts::default()));
        assert_eq!((shown[1].figures.len(), shown[1].carts.opened), (0, 1));
    }
}
