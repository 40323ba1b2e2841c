//! The catalog and its tables as files (CAT-1, CAT-2): JSON lines, and SKUs as CSV too.
//!
//! An import judges each row by itself: a good one is put as PUT would put it, one by one or many at
//! once, and of a bad one nothing is changed. So a file can be sent again as it is, corrected or
//! not. What an export shows is a file that an import takes, and that changes nothing.

use super::{
    SkuRecord, check, put,
    tables::{self, Entry},
    unsold_in,
};
use crate::{page::PageSize, problem::refused, shop::Shop};
use callers::Service;
use domain::{
    ids::Sku,
    money::{Currency, CurrencyRules},
};
use json::{Mismatch, ReadError, Value, json};
use ports::Ports;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::{BTreeMap, BTreeSet};
use store::{Refusal, sql};
use terms::{Code, Done, Form, Problem, Rendered, Sheet, SheetPage, Told};

/// Rows that a file may have, and that a page of an export has: what one page shows, one import
/// takes.
const ROWS: PageSize = PageSize { default: 10_000, max: 10_000 };
const ROWS_MAX: usize = 10_000;
/// SKUs that are put by one statement.
const BATCH: usize = 500;
/// Columns that a file of SKUs has, and one for the prices in each currency beside them.
const COLUMNS: [&str; 7] =
    ["sku", "product_id", "name", "category", "tax_class", "weight_g", "active"];
/// What the names of the others begin with.
const PRICES: &str = "prices.";
/// What some programs begin a file of UTF-8 with.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A list of the catalog, as its path names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// What is sold.
    Skus,
    /// Where goods lie.
    Warehouses,
    /// Which zone a place is in.
    Zones,
    /// What is taxed how.
    Taxes,
    /// How goods are sent.
    ShippingMethods,
    /// What that costs.
    ShippingRates,
    /// What it costs besides its plain price.
    SpecialPrices,
    /// What currencies are worth in others.
    ExchangeRates,
    /// What orders cost besides.
    Fees,
    /// What is sold in.
    Currencies,
}

/// All of them, in an order in which an empty shop can be filled.
const LISTS: [(&str, List); 10] = [
    ("currencies", List::Currencies),
    ("warehouses", List::Warehouses),
    ("zones", List::Zones),
    ("taxes", List::Taxes),
    ("shipping-methods", List::ShippingMethods),
    ("shipping-rates", List::ShippingRates),
    ("skus", List::Skus),
    ("special-prices", List::SpecialPrices),
    ("exchange-rates", List::ExchangeRates),
    ("fees", List::Fees),
];

impl TryFrom<&str> for List {
    type Error = &'static str;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        let found = LISTS.iter().find(|(name, _)| *name == text);
        found.map(|(_, list)| *list).ok_or("must be a list of the catalog")
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for List {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CatalogList".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "enum": LISTS.map(|(name, _)| name),
            "description": "A list of the catalog, as its path names it.",
        })
    }
}

/// Which page of an export, and how it is written.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExportPage {
    /// How the rows are written: `json_lines`, if nothing is said, or, SKUs alone, `csv`.
    format: Option<Form>,
    /// Where the page before ended: it stands in that page's `Link`.
    cursor: Option<String>,
    /// Rows a page has, 1 to 10,000: at most as many as an import takes.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 10_000)))]
    limit: Option<i64>,
}

/// What an import did.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FileImported {
    /// Rows that the file has.
    rows: u64,
    /// Rows that the catalog now has as the file has them: added, replaced, or there already.
    applied: u64,
    /// The others, in the order of the file. Nothing was changed for them.
    refused: Vec<RowRefused>,
}

/// A row of a file that was refused.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RowRefused {
    /// The line of the file, from 1. In a CSV the line with the columns' names is the first.
    line: u64,
    /// Why: a code of the problems.
    code: &'static str,
    /// Which value: a JSON pointer, or the name of a column; left out where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// What would be right.
    detail: String,
}

/// A row as it was read.
struct Row<T> {
    line: u64,
    read: Result<T, Problem>,
}

/// What became of the rows of a file.
struct Import {
    form: Form,
    rows: u64,
    applied: u64,
    refused: Vec<RowRefused>,
}

impl Import {
    fn of(form: Form, rows: usize) -> Self {
        let rows = u64::try_from(rows).unwrap_or(u64::MAX);
        Self { form, rows, applied: 0, refused: Vec::new() }
    }

    /// A row was put.
    fn apply(&mut self, rows: usize) {
        self.applied = self.applied.saturating_add(u64::try_from(rows).unwrap_or(u64::MAX));
    }

    /// A row was not put: for what is wrong with it, or else nothing more can be.
    ///
    /// # Errors
    /// `problem`, when it is none of the row's.
    fn refuse(&mut self, line: u64, problem: Problem) -> Result<(), Problem> {
        if problem.code().status() >= 500 {
            return Err(self.interrupted(problem));
        }
        let Told { code, detail, field, .. } = problem.into_told();
        let field = match self.form {
            Form::JsonLines => field,
            Form::Csv => field.map(|pointer| column(&pointer)),
        };
        self.refused.push(RowRefused {
            line,
            code: code.slug(),
            field: field.filter(|field| !field.is_empty()),
            detail: detail.unwrap_or_else(|| code.title().to_owned()),
        });
        Ok(())
    }

    /// What ended the import before its end.
    fn interrupted(&self, problem: Problem) -> Problem {
        if self.applied == 0 {
            return problem;
        }
        let done = self.applied;
        problem.detail(format!("{done} rows had been applied: send the file again, it is safe"))
    }

    fn done(mut self) -> Done<FileImported> {
        self.refused.sort_by_key(|row| row.line);
        let Self { rows, applied, refused, .. } = self;
        let some = !refused.is_empty();
        Done::new(FileImported { rows, applied, refused }).other(some)
    }
}

/// The column of a JSON pointer.
fn column(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".")
}

/// Puts the rows of a file, each by itself.
///
/// # Errors
/// `invalid_field` or `unknown_field` for a file that is none: too many rows, or other columns.
pub fn import(
    ports: &Ports<'_>,
    service: &Service,
    list: List,
    sheet: &Sheet,
) -> Result<Done<FileImported>, Problem> {
    match list {
        List::Skus => skus(ports, service, sheet),
        List::Warehouses => entries::<tables::Warehouse>(ports, service, sheet),
        List::Zones => entries::<tables::Zone>(ports, service, sheet),
        List::Taxes => entries::<tables::Tax>(ports, service, sheet),
        List::ShippingMethods => entries::<tables::Method>(ports, service, sheet),
        List::ShippingRates => entries::<tables::RatesEntry>(ports, service, sheet),
        List::SpecialPrices => entries::<tables::SpecialPricesEntry>(ports, service, sheet),
        List::ExchangeRates => entries::<tables::ExchangeRateEntry>(ports, service, sheet),
        List::Fees => entries::<tables::ShopFee>(ports, service, sheet),
        List::Currencies => entries::<tables::CurrencySold>(ports, service, sheet),
    }
}

fn skus(
    ports: &Ports<'_>,
    service: &Service,
    sheet: &Sheet,
) -> Result<Done<FileImported>, Problem> {
    let shop = Shop::new(ports);
    let sold: BTreeSet<Currency> = currencies(&shop)?.into_iter().collect();
    let rows: Vec<Row<SkuRecord>> = match sheet.form {
        Form::JsonLines => json_lines(&sheet.bytes)?,
        Form::Csv => csv_rows(&sheet.bytes)?,
    };
    let mut import = Import::of(sheet.form, rows.len());
    let mut lines: BTreeMap<Sku, u64> = BTreeMap::new();
    let mut good = Vec::new();
    for Row { line, read } in rows {
        match read.and_then(|record| judged(record, line, &mut lines, &sold)) {
            Ok(record) => good.push((line, record)),
            Err(problem) => import.refuse(line, problem)?,
        }
    }
    for batch in good.chunks(BATCH) {
        let records: Vec<&SkuRecord> = batch.iter().map(|(_, record)| record).collect();
        let input = json!({ "skus": records, "actor": service.actor() });
        match shop.apply::<Value>(&sql::SKU_PUT, &input) {
            Ok(Ok(_)) => import.apply(batch.len()),
            Err(problem) => return Err(import.interrupted(problem)),
            // A currency has gone meanwhile: which rows have it is found one by one.
            Ok(Err(Refusal::CurrencyUnsupported)) => {
                for (line, record) in batch {
                    let one = std::slice::from_ref(record);
                    match put(ports, service, one, |_, field| format!("/{field}")) {
                        Ok(()) => import.apply(1),
                        Err(problem) => import.refuse(*line, problem)?,
                    }
                }
            }
            Ok(Err(refusal)) => return Err(import.interrupted(refused(refusal))),
        }
    }
    Ok(import.done())
}

/// A SKU that can be put, and stands in the file once.
fn judged(
    record: SkuRecord,
    line: u64,
    lines: &mut BTreeMap<Sku, u64>,
    sold: &BTreeSet<Currency>,
) -> Result<SkuRecord, Problem> {
    check(&record).map_err(|(field, right)| Problem::invalid_field(format!("/{field}"), right))?;
    if let Some(currency) = record.prices.keys().find(|currency| !sold.contains(currency)) {
        return Err(unsold_in(currency, format!("/prices/{currency}")));
    }
    if let Some(first) = lines.get(&record.sku) {
        let detail = format!("must stand in the file once: it is in line {first}");
        return Err(Problem::invalid_field("/sku", detail));
    }
    lines.insert(record.sku.clone(), line);
    Ok(record)
}

fn entries<E: Entry>(
    ports: &Ports<'_>,
    service: &Service,
    sheet: &Sheet,
) -> Result<Done<FileImported>, Problem> {
    if sheet.form == Form::Csv {
        return Err(only_skus("content-type", Form::JSON_LINES));
    }
    let rows: Vec<Row<E>> = json_lines(&sheet.bytes)?;
    let mut import = Import::of(sheet.form, rows.len());
    for Row { line, read } in rows {
        match read.and_then(|entry| entry.put(ports, service)) {
            Ok(()) => import.apply(1),
            Err(problem) => import.refuse(line, problem)?,
        }
    }
    Ok(import.done())
}

/// A table was asked for as CSV, or sent so.
fn only_skus(field: &str, right: &str) -> Problem {
    Problem::invalid_field(field, format!("must be {right}: SKUs alone are written as CSV"))
}

fn too_many() -> Problem {
    Problem::invalid_field("", format!("must have {ROWS_MAX} rows at most: send it in parts"))
}

/// The rows of JSON lines. A line in which nothing stands is none.
fn json_lines<T: DeserializeOwned>(bytes: &[u8]) -> Result<Vec<Row<T>>, Problem> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let lines = (1..).zip(bytes.split(|byte| *byte == b'\n'));
    let rows = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    if rows.clone().nth(ROWS_MAX).is_some() {
        return Err(too_many());
    }
    Ok(rows
        .map(|(line, text)| Row { line, read: json::read_strictly(text).map_err(of_line) })
        .collect())
}

/// What is wrong with a line, of which serde says that it is the first.
fn of_line(error: ReadError) -> Problem {
    match error {
        ReadError::Malformed(error) => {
            let text = error.to_string();
            let what = text.split(" at line ").next().unwrap_or_default();
            Problem::new(Code::MalformedJson)
                .detail(format!("{what}, at column {} of the line", error.column()))
        }
        ReadError::Mismatch(_) => Problem::unreadable(&error),
    }
}

/// The rows of a CSV, below the one with the columns' names.
fn csv_rows(bytes: &[u8]) -> Result<Vec<Row<SkuRecord>>, Problem> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut record = csv::StringRecord::new();
    let no_text = |_| Problem::invalid_field("", "must be UTF-8");
    if !reader.read_record(&mut record).map_err(no_text)? {
        return Err(Problem::invalid_field("", "must begin with a row of the columns' names"));
    }
    let columns = columns(&record)?;
    let mut rows = Vec::new();
    let mut lines = Lines { bytes, at: 0, line: 1 };
    loop {
        let read = match reader.read_record(&mut record) {
            Ok(false) => return Ok(rows),
            Ok(true) if record.len() == columns.len() => row(&columns, &record),
            Ok(true) => {
                let detail = format!("must have {} cells, and has {}", columns.len(), record.len());
                Err(Problem::invalid_field("", detail))
            }
            Err(error) => Err(no_text(error)),
        };
        if rows.len() >= ROWS_MAX {
            return Err(too_many());
        }
        let begins = record.position().map_or(0, csv::Position::byte);
        rows.push(Row { line: lines.of(begins), read });
    }
}

/// Which line a row begins in. The reader's own count is one behind after each `\r\n`.
struct Lines<'b> {
    bytes: &'b [u8],
    at: u64,
    line: u64,
}

impl Lines<'_> {
    /// The line of the row that was read from `begins` on, above which empty lines may stand.
    fn of(&mut self, begins: u64) -> u64 {
        while let Some((byte, rest)) = self.bytes.split_first() {
            if self.at >= begins && !b"\r\n".contains(byte) {
                break;
            }
            self.at = self.at.saturating_add(1);
            self.line = self.line.saturating_add(u64::from(*byte == b'\n'));
            self.bytes = rest;
        }
        self.line
    }
}

fn row(columns: &[String], record: &csv::StringRecord) -> Result<SkuRecord, Problem> {
    // Spreadsheets shout what is true.
    let cells: Vec<(&str, String)> = columns
        .iter()
        .zip(record)
        .map(|(name, cell)| match name.as_str() {
            "active" => ("active", cell.to_ascii_lowercase()),
            other => (other, cell.to_owned()),
        })
        .collect();
    let read = json::read_cells(cells.iter().map(|(name, cell)| (*name, cell.as_str())));
    read.map_err(|wrong: Mismatch| Problem::unreadable(&ReadError::Mismatch(wrong)))
}

/// The columns of a file: all that there have to be, none twice, and no others.
fn columns(names: &csv::StringRecord) -> Result<Vec<String>, Problem> {
    let names: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
    for (place, name) in names.iter().enumerate() {
        let price = name.strip_prefix(PRICES).map(str::parse::<Currency>);
        match price {
            Some(Err(error)) => return Err(Problem::invalid_field(name, error.to_string())),
            None if !COLUMNS.contains(&name.as_str()) => {
                let known = json::listed(&COLUMNS);
                return Err(Problem::new(Code::UnknownField)
                    .field(name)
                    .detail(format!("known here: {known}, and `prices.USD` for each currency")));
            }
            Some(Ok(_)) | None => {}
        }
        if names.iter().take(place).any(|earlier| earlier == name) {
            return Err(Problem::invalid_field(name, "must be a column once"));
        }
    }
    let missing = COLUMNS.iter().find(|column| !names.iter().any(|name| name == *column));
    if let Some(column) = missing {
        return Err(Problem::invalid_field(*column, "must be a column"));
    }
    if !names.iter().any(|name| name.starts_with(PRICES)) {
        let right = "there must be a column for the prices in each currency that is sold in";
        return Err(Problem::invalid_field("prices.USD", right));
    }
    Ok(names)
}

fn currencies(shop: &Shop<'_>) -> Result<Vec<Currency>, Problem> {
    let rules: Vec<CurrencyRules> = shop.list(&sql::CURRENCY_LIST, &json!({ "above": "" }))?;
    Ok(rules.into_iter().map(|rules| rules.currency).collect())
}

/// A page of a list, as a file.
///
/// # Errors
/// `invalid_field` for a limit out of range, a cursor that is none, or a table as CSV.
pub fn export(ports: &Ports<'_>, list: List, page: &ExportPage) -> Result<SheetPage, Problem> {
    let limit = ROWS.limit(page.limit)?;
    let form = page.format.unwrap_or(Form::JsonLines);
    if form == Form::Csv && list != List::Skus {
        return Err(only_skus("format", "json_lines"));
    }
    let cursor = page.cursor.as_deref();
    let (bytes, next) = match (list, form) {
        (List::Skus, form) => {
            let shop = Shop::new(ports);
            let above = cursor.map(Sku::try_from).transpose();
            let above =
                above.map_err(|error| Problem::invalid_field("cursor", error.to_string()))?;
            let input = json!({ "cursor": above.as_ref().map_or("", Sku::as_str), "limit": limit.to_read() });
            match form {
                Form::JsonLines => {
                    let mut skus: Vec<Rendered<SkuRecord>> = shop.list(&sql::SKU_LIST, &input)?;
                    let next = limit.cut(&mut skus).and_then(|last| last.text("sku"));
                    let next = next.map(str::to_owned);
                    (written(&skus)?, next)
                }
                Form::Csv => {
                    let mut skus: Vec<SkuRecord> = shop.list(&sql::SKU_LIST, &input)?;
                    let next = limit.cut(&mut skus).map(|last| last.sku.to_string());
                    (csv_of(&skus, &currencies(&shop)?)?, next)
                }
            }
        }
        (List::Warehouses, _) => {
            table(tables::WAREHOUSES.rows(ports, cursor, limit, json!({}))?)?
        }
        (List::Zones, _) => table(tables::ZONES.rows(ports, cursor, limit, json!({}))?)?,
        (List::Taxes, _) => table(tables::TAXES.rows(ports, cursor, limit, json!({}))?)?,
        (List::ShippingMethods, _) => {
            table(tables::METHODS.rows(ports, cursor, limit, json!({}))?)?
        }
        (List::ShippingRates, _) => table(tables::RATES.rows(ports, cursor, limit, json!({}))?)?,
        (List::SpecialPrices, _) => {
            table(tables::SPECIAL_PRICES.rows(ports, cursor, limit, json!({}))?)?
        }
        (List::ExchangeRates, _) => {
            table(tables::EXCHANGE_RATES.rows(ports, cursor, limit, json!({}))?)?
        }
        (List::Fees, _) => table(tables::FEES.rows(ports, cursor, limit, json!({}))?)?,
        (List::Currencies, _) => {
            table(tables::CURRENCIES.rows(ports, cursor, limit, json!({}))?)?
        }
    };
    let next = next.map(|cursor| {
        let format = match form {
            Form::JsonLines => "json_lines",
            Form::Csv => "csv",
        };
        let limit = page.limit.map(|limit| ("limit", limit.to_string()));
        [("format", format.to_owned()), ("cursor", cursor)].into_iter().chain(limit).collect()
    });
    Ok(SheetPage { sheet: Sheet { form, bytes }, next })
}

fn table<T>(
    (entries, next): (Vec<Rendered<T>>, Option<String>),
) -> Result<(Vec<u8>, Option<String>), Problem> {
    Ok((written(&entries)?, next))
}

/// A line each.
fn written<T>(rows: &[Rendered<T>]) -> Result<Vec<u8>, Problem> {
    let mut lines = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut lines, row)
            .map_err(|error| Problem::internal(format!("a row cannot be written: {error}")))?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// SKUs as CSV, with a column for each currency that is sold in.
fn csv_of(skus: &[SkuRecord], currencies: &[Currency]) -> Result<Vec<u8>, Problem> {
    let unwritable =
        |error: csv::Error| Problem::internal(format!("a row cannot be written: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let prices = currencies.iter().map(|currency| format!("{PRICES}{currency}"));
    writer
        .write_record(COLUMNS.iter().map(|name| (*name).to_owned()).chain(prices))
        .map_err(unwritable)?;
    for record in skus {
        let SkuRecord { sku, product_id, name, category, tax_class, weight_g, active, prices } =
            record;
        let (weight, active) = (weight_g.to_string(), active.to_string());
        let facts =
            [sku.as_str(), product_id, name, category, tax_class.as_str(), &weight, &active];
        let of_currency = |currency| prices.get(currency).map(i64::to_string).unwrap_or_default();
        let amounts = currencies.iter().map(of_currency);
        writer
            .write_record(facts.into_iter().map(str::to_owned).chain(amounts))
            .map_err(unwritable)?;
    }
    writer.into_inner().map_err(|error| Problem::internal(error.to_string()))
}
