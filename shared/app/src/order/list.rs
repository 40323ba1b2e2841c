//! `GET /api/v1/orders`: newest first, by cursor.

use crate::shop::Shop;
use domain::{
    ids::OrderId,
    money::{Currency, Money},
    order::OrderStatus,
};
use edge::{OwnerOrService, Problem, Reply};
use json::{Value, json};
use ports::Ports;
use serde::Deserialize;
use store::sql;

const LIMIT_DEFAULT: i64 = 20;
const LIMIT_MAX: i64 = 100;

/// What to list.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListOrders {
    /// Orders in this state only.
    status: Option<OrderStatus>,
    /// Where the page before ended (`next_cursor`).
    cursor: Option<OrderId>,
    /// Orders a page has, 1 to 100.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100)))]
    limit: Option<i64>,
}

#[derive(Deserialize)]
struct Row {
    order_id: String,
    order_number: String,
    status: OrderStatus,
    currency: Currency,
    total_minor: i64,
    created_at_ms: i64,
}

/// An owner's orders, or for a service everybody's.
///
/// # Errors
/// `invalid_field` for a limit out of range.
pub fn list(ports: &Ports<'_>, caller: &OwnerOrService, query: &ListOrders) -> Result<Reply, Problem> {
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::invalid_field("limit", format!("must be 1 to {LIMIT_MAX}")));
    }
    // One more than asked for tells whether there is a next page.
    let input = json!({ "owner": caller.owner(), "status": query.status, "cursor": query.cursor, "limit": limit.saturating_add(1) });
    let rows: Vec<Row> = Shop::new(ports).list(&sql::ORDER_LIST, &input)?;
    let page: Vec<&Row> = rows.iter().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect();
    let next = (rows.len() > page.len()).then(|| page.last().map(|row| row.order_id.as_str())).flatten();
    let orders: Vec<Value> = page
        .iter()
        .map(|row| {
            json!({
                "order_id": row.order_id, "order_number": row.order_number, "status": row.status,
                "total": Money::new(row.total_minor, row.currency), "created_at_ms": row.created_at_ms,
            })
        })
        .collect();
    Ok(Reply::json(200, &json!({ "orders": orders, "next_cursor": next })))
}
