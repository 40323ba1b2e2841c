//! `GET /api/v1/orders`: newest first, by cursor.

use crate::{cursor::Cursor, page::PageSize, shop::Shop};
use callers::OwnerOrService;
use domain::{
    ids::{OrderId, OrderNumber},
    money::{Currency, Money},
    order::OrderStatus,
};
use json::json;
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::sql;
use terms::{Done, Problem};

const PAGE: PageSize = PageSize { default: 20, max: 100 };

/// What to list.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListOrders {
    /// Orders in this state only.
    status: Option<OrderStatus>,
    /// Where the page before ended (`next_cursor`).
    #[cfg_attr(feature = "schema", schemars(with = "Option<OrderId>"))]
    cursor: Option<Cursor>,
    /// Orders a page has, 1 to 100.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100)))]
    limit: Option<i64>,
}

/// A page of orders, newest first.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderPage {
    /// Where the next page begins; null on the last.
    next_cursor: Option<OrderId>,
    /// The orders.
    orders: Vec<OrderSummary>,
}

/// An order in a list.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderSummary {
    /// When it was made.
    created_at_ms: i64,
    /// The order.
    order_id: OrderId,
    /// The number people use for it.
    order_number: OrderNumber,
    /// Where it is in its life.
    status: OrderStatus,
    /// What is paid.
    total: Money,
}

#[derive(Deserialize)]
struct Row {
    order_id: OrderId,
    order_number: OrderNumber,
    status: OrderStatus,
    currency: Currency,
    total_minor: i64,
    created_at_ms: i64,
}

/// An owner's orders, or for a service everybody's.
///
/// # Errors
/// `invalid_field` for a limit out of range, and for a cursor that is none.
pub fn list(
    ports: &Ports<'_>,
    caller: &OwnerOrService,
    query: &ListOrders,
) -> Result<Done<OrderPage>, Problem> {
    let limit = PAGE.limit(query.limit)?;
    let input = json!({ "owner": caller.owner(), "status": query.status, "cursor": query.cursor, "limit": limit.to_read() });
    let mut rows: Vec<Row> = Shop::new(ports).list(&sql::ORDER_LIST, &input)?;
    let next_cursor = limit.cut(&mut rows).map(|last| last.order_id.clone());
    let orders = rows.into_iter().map(OrderSummary::from).collect();
    Ok(Done::new(OrderPage { next_cursor, orders }))
}

impl From<Row> for OrderSummary {
    fn from(row: Row) -> Self {
        let Row { order_id, order_number, status, currency, total_minor, created_at_ms } = row;
        Self {
            created_at_ms,
            order_id,
            order_number,
            status,
            total: Money::new(total_minor, currency),
        }
    }
}
