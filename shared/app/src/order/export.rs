//! `GET /api/v1/orders/export`: what a list shows, as files for a spreadsheet or for books.

use super::{find::Wanted, list::OrderSummary};
use crate::{cursor::Cursor, page::PageSize, shop::Shop};
use domain::{
    ids::{CustomerId, Sku},
    interval::{Moment, Zone},
    order::OrderStatus,
    payment::PaymentState,
};
use ports::Ports;
use serde::Deserialize;
use std::fmt::Display;
use terms::{Form, Problem, Sheet, SheetPage};

const ROWS: PageSize = PageSize { default: 1_000, max: 1_000 };
/// Columns of the CSV. None has anything of a person.
const COLUMNS: [&str; 7] = [
    "order_id",
    "order_number",
    "created_at",
    "status",
    "payment_status",
    "currency",
    "total_minor",
];

/// What to export.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExportOrders {
    /// How the rows are written: `csv`, if nothing is said, or `json_lines`.
    format: Option<Form>,
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
    /// Orders of this customer only.
    customer_id: Option<CustomerId>,
    /// Orders with this SKU only.
    sku: Option<Sku>,
    /// Where the page before ended: it stands in that page's `Link`.
    #[cfg_attr(feature = "schema", schemars(with = "Option<domain::ids::OrderId>"))]
    cursor: Option<Cursor>,
    /// Rows a page has, 1 to 1,000.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1_000)))]
    limit: Option<i64>,
}

/// A page of everybody's orders, newest first, as a file.
///
/// # Errors
/// `invalid_field` for a limit out of range, for a cursor that is none, and for an interval that ends
/// before it begins.
pub fn export(ports: &Ports<'_>, query: &ExportOrders) -> Result<SheetPage, Problem> {
    let limit = ROWS.limit(query.limit)?;
    let form = query.format.unwrap_or(Form::Csv);
    let wanted = Wanted {
        owner: query.customer_id.as_ref().map(|id| format!("customer:{}", id.as_str())),
        sku: query.sku.as_ref(),
        status: query.status,
        payment: query.payment,
        created_from: query.created_from,
        created_before: query.created_before,
        zone: query.zone.unwrap_or_default(),
        ..Wanted::default()
    };
    let cursor = query.cursor.as_ref().map(Cursor::as_str);
    let (rows, next) = wanted.page(&Shop::new(ports), cursor, limit)?;
    let orders: Vec<OrderSummary> = rows.into_iter().map(OrderSummary::from).collect();
    let bytes = match form {
        Form::JsonLines => json_lines(&orders)?,
        Form::Csv => csv_of(&orders)?,
    };
    let next = next.map(|cursor| next_page(query, form, cursor.as_str()));
    Ok(SheetPage { sheet: Sheet { form, bytes }, next })
}

/// The same question, from there on.
fn next_page(query: &ExportOrders, form: Form, cursor: &str) -> Vec<(&'static str, String)> {
    fn text<T: Display>(value: Option<T>) -> Option<String> {
        value.map(|value| value.to_string())
    }
    let format = match form {
        Form::JsonLines => "json_lines",
        Form::Csv => "csv",
    };
    [
        ("format", Some(format.to_owned())),
        ("status", text(query.status)),
        ("payment", text(query.payment)),
        ("created_from", text(query.created_from)),
        ("created_before", text(query.created_before)),
        ("zone", text(query.zone)),
        ("customer_id", text(query.customer_id.as_ref())),
        ("sku", text(query.sku.as_ref())),
        ("cursor", Some(cursor.to_owned())),
        ("limit", text(query.limit)),
    ]
    .into_iter()
    .filter_map(|(name, value)| value.map(|value| (name, value)))
    .collect()
}

fn unwritable(error: impl Display) -> Problem {
    Problem::internal(format!("a row cannot be written: {error}"))
}

fn json_lines(orders: &[OrderSummary]) -> Result<Vec<u8>, Problem> {
    let mut lines = Vec::new();
    for order in orders {
        serde_json::to_writer(&mut lines, order).map_err(unwritable)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

fn csv_of(orders: &[OrderSummary]) -> Result<Vec<u8>, Problem> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(unwritable)?;
    for order in orders {
        let cells = [
            order.order_id.to_string(),
            order.order_number.to_string(),
            Moment::Instant(order.created_at_ms).to_string(),
            order.status.to_string(),
            order.payment_status.map(|state| state.to_string()).unwrap_or_default(),
            order.total.currency().to_string(),
            order.total.amount_minor().to_string(),
        ];
        writer.write_record(cells.map(shown)).map_err(unwritable)?;
    }
    writer.into_inner().map_err(unwritable)
}

/// A cell that no spreadsheet takes for a formula. None of ours begins so; a program's number may be
/// below nothing, and stays one.
fn shown(cell: String) -> String {
    let is_number = cell.parse::<i64>().is_ok();
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && !is_number {
        format!("'{cell}")
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("+1+1", "'+1+1"),
            ("-1+1", "'-1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("\n=1", "'\n=1"),
            ("-1299", "-1299"),
            ("ORD-20261201-000001", "ORD-20261201-000001"),
            ("", ""),
        ] {
            assert_eq!(shown(cell.to_owned()), expected, "{cell:?}");
        }
    }
}
