//! `GET /api/v1/orders`: newest first, by cursor.

use super::find::{Row, Wanted};
use crate::{
    checkout::{email_hashes, hash_keys},
    cursor::Cursor,
    page::PageSize,
    shop::Shop,
};
use callers::OwnerOrService;
use domain::{
    address::Email,
    ids::{CustomerId, OrderId, OrderNumber, Sku},
    interval::{Moment, Zone},
    money::Money,
    order::OrderStatus,
    payment::PaymentState,
};
use ports::Ports;
use serde::{Deserialize, Serialize};
use terms::{Code, Done, Problem, member::Scope};

const PAGE: PageSize = PageSize { default: 20, max: 100 };

/// What to list.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListOrders {
    /// Orders in this state only.
    status: Option<OrderStatus>,
    /// Orders whose payment is in this state only.
    payment: Option<PaymentState>,
    /// Orders that were made from then on only: a day, or an instant.
    created_from: Option<Moment>,
    /// Orders that were made before only: a day, or an instant.
    created_before: Option<Moment>,
    /// Where those days are days: UTC, if nothing is said.
    zone: Option<Zone>,
    /// Orders of this customer only. For services.
    customer_id: Option<CustomerId>,
    /// Orders that were made with this e-mail only, in whatever case it is written. For services.
    email: Option<Email>,
    /// Orders with this SKU only.
    sku: Option<Sku>,
    /// The order of this number only.
    order_number: Option<OrderNumber>,
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
    pub(super) created_at_ms: i64,
    /// The order.
    pub(super) order_id: OrderId,
    /// The number people use for it.
    pub(super) order_number: OrderNumber,
    /// Where it is in its life.
    pub(super) status: OrderStatus,
    /// The payment's state; null where accounts of stored value paid all of it.
    pub(super) payment_status: Option<PaymentState>,
    /// What is paid.
    pub(super) total: Money,
}

/// An owner's orders, or for a service everybody's.
///
/// # Errors
/// `invalid_field` for a limit out of range, for a cursor that is none, and for an interval that ends
/// before it begins; `scope_missing` for an owner who looks for a person.
pub fn list(
    ports: &Ports<'_>,
    caller: &OwnerOrService,
    query: &ListOrders,
) -> Result<Done<OrderPage>, Problem> {
    let limit = PAGE.limit(query.limit)?;
    let shop = Shop::new(ports);
    let by_person =
        [("customer_id", query.customer_id.is_some()), ("email", query.email.is_some())];
    if let Some((name, _)) = by_person.iter().find(|(_, asked)| *asked && caller.owner().is_some())
    {
        return Err(Problem::new(Code::ScopeMissing)
            .field(*name)
            .detail("who a person is, only the scope orders:read may ask")
            .with(Scope, "orders:read"));
    }
    let emails = match &query.email {
        None => None,
        Some(email) => Some(email_hashes(&hash_keys(&shop)?, email)),
    };
    let customer = query.customer_id.as_ref().map(|id| format!("customer:{}", id.as_str()));
    let wanted = Wanted {
        owner: caller.owner().map(str::to_owned).or(customer),
        emails,
        order_number: query.order_number.as_ref(),
        sku: query.sku.as_ref(),
        status: query.status,
        payment: query.payment,
        created_from: query.created_from,
        created_before: query.created_before,
        zone: query.zone.unwrap_or_default(),
    };
    let (rows, next_cursor) =
        wanted.page(&shop, query.cursor.as_ref().map(Cursor::as_str), limit)?;
    Ok(Done::new(OrderPage {
        next_cursor,
        orders: rows.into_iter().map(OrderSummary::from).collect(),
    }))
}

impl From<Row> for OrderSummary {
    fn from(row: Row) -> Self {
        Self {
            created_at_ms: row.created_at_ms,
            order_id: row.order_id,
            order_number: row.order_number,
            status: row.status,
            payment_status: row.payment_status,
            total: Money::new(row.total_minor, row.currency),
        }
    }
}
