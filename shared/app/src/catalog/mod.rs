//! Administration of what is sold and what there is of it (CAT-1, STOCK-10).

pub mod files;
pub mod tables;

use crate::{KeyedChange, change::Apply as _, page::PageSize, problem::refused, shop::Shop};
use callers::Service;
use domain::{
    ids::{Sku, TaxClass, WarehouseId},
    money::{Currency, Money},
};
use json::{Value, json};
use ports::Ports;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use store::{Refusal, sql};
use terms::{Code, Done, Problem, Rendered};

/// SKUs one import may bring.
const IMPORT_LIMIT: usize = 500;
/// SKUs, and entries of the tables.
const PAGE: PageSize = PageSize { default: 50, max: 500 };
/// The highest price in minor units: 1,000 lines of 10,000 of these, with any tax, fit an i64.
const PRICE_MINOR_MAX: i64 = 100_000_000_000;
/// A ton.
const WEIGHT_G_MAX: i64 = 1_000_000;

/// What is known of a SKU. A currency that `prices` leaves out is one it is not sold in.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SkuFacts {
    /// The product it is a variant of.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    product_id: String,
    /// Its name as the buyer reads it.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    name: String,
    /// What it belongs to.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    category: String,
    /// The class it is taxed in.
    tax_class: TaxClass,
    /// What one weighs, in grams.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1_000_000)))]
    weight_g: i64,
    /// Whether it is sold.
    active: bool,
    /// Minor units by currency; one that is left out is one it is not sold in.
    #[cfg_attr(feature = "schema", schemars(schema_with = "prices_schema"))]
    prices: BTreeMap<Currency, i64>,
}

/// A SKU with its code, as an import brings it.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SkuRecord {
    sku: Sku,
    /// The product it is a variant of.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    product_id: String,
    /// Its name as the buyer reads it.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    name: String,
    /// What it belongs to.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    category: String,
    /// The class it is taxed in.
    tax_class: TaxClass,
    /// What one weighs, in grams.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1_000_000)))]
    weight_g: i64,
    /// Whether it is sold.
    active: bool,
    /// Minor units by currency; one that is left out is one it is not sold in.
    #[cfg_attr(feature = "schema", schemars(schema_with = "prices_schema"))]
    prices: BTreeMap<Currency, i64>,
}

/// A SKU as it is shown: with what its prices have come down from.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SkuShown {
    /// Its code.
    pub sku: Sku,
    /// The product it is a variant of.
    pub product_id: String,
    /// Its name as the buyer reads it.
    pub name: String,
    /// What it belongs to.
    pub category: String,
    /// The class it is taxed in.
    pub tax_class: TaxClass,
    /// What one weighs, in grams.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1_000_000)))]
    pub weight_g: i64,
    /// Whether it is sold.
    pub active: bool,
    /// Minor units by currency; one that is left out is one it is not sold in.
    #[cfg_attr(feature = "schema", schemars(schema_with = "prices_schema"))]
    pub prices: BTreeMap<Currency, i64>,
    /// The currencies whose price was last changed downwards, and from what (PRICE-11). One whose
    /// price was not, or has risen since, is left out.
    pub reduced: BTreeMap<Currency, Reduction>,
    /// What one costs everyone just now from a quantity on, besides `prices`, by currency
    /// (PRICE-5). Of those that a line is large enough for, the lowest is charged.
    pub special_prices: BTreeMap<Currency, Vec<RunningPrice>>,
}

/// A special price that everyone has just now.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunningPrice {
    /// For lines of at least so many.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub min_quantity: i64,
    /// What one costs, in minor units.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub amount_minor: i64,
    /// No longer from then on; null without an end.
    pub valid_until_ms: Option<i64>,
}

/// A price that was reduced.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reduction {
    /// The lowest price of the 30 days before the reduction, in minor units: what the directive
    /// 98/6/EC has a shop show beside a reduced price (article 6a).
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub lowest_30_days_minor: i64,
    /// When it was reduced.
    pub reduced_at_ms: i64,
}

/// Many SKUs at once.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Import {
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 500)))]
    skus: Vec<SkuRecord>,
}

/// What an import did.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Imported {
    /// SKUs added or replaced.
    count: u64,
}

/// A page of the catalog, by code.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SkuPage {
    /// Where the next page begins; null on the last.
    next_cursor: Option<Sku>,
    /// The SKUs.
    skus: Vec<Rendered<SkuShown>>,
}

/// A SKU's stock.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stock {
    /// The SKU.
    sku: Sku,
    /// Where there is any.
    warehouses: Vec<Rendered<WarehouseStock>>,
}

/// What one warehouse has.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WarehouseStock {
    /// The warehouse.
    pub warehouse_id: WarehouseId,
    /// What lies there.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub on_hand: i64,
    /// What of it is promised.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub reserved: i64,
    /// What is not.
    pub available: i64,
}

/// What a movement made of a SKU's stock in one warehouse.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StockMoved {
    /// The SKU.
    pub sku: Sku,
    /// The warehouse.
    pub warehouse_id: WarehouseId,
    /// What lies there now.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub on_hand: i64,
    /// What of it is promised.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub reserved: i64,
}

/// Which page of the catalog.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListSkus {
    /// Where the page before ended (`next_cursor`).
    cursor: Option<Sku>,
    /// SKUs a page has, 1 to 500.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 500)))]
    limit: Option<i64>,
}

/// A change of what there is: `receive` adds what came in, `adjust` corrects by a difference of
/// either sign.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MoveStock {
    /// Where.
    warehouse_id: WarehouseId,
    /// What happened.
    kind: MoveKind,
    /// By how many: above 0 to receive, of either sign and not 0 to adjust.
    #[cfg_attr(feature = "schema", schemars(range(min = -1_000_000_000, max = 1_000_000_000)))]
    quantity: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum MoveKind {
    /// It came in.
    Receive,
    /// A correction.
    Adjust,
}

/// Adds or replaces one SKU.
///
/// # Errors
/// `invalid_field`, `currency_unsupported`.
pub fn put_sku(
    ports: &Ports<'_>,
    service: &Service,
    sku: Sku,
    facts: SkuFacts,
) -> Result<Done<SkuRecord>, Problem> {
    let SkuFacts { product_id, name, category, tax_class, weight_g, active, prices } = facts;
    let record = SkuRecord { sku, product_id, name, category, tax_class, weight_g, active, prices };
    put(ports, service, std::slice::from_ref(&record), |_, field| format!("/{field}"))?;
    Ok(Done::new(record))
}

/// Adds or replaces many SKUs, all or none.
///
/// # Errors
/// As [`put_sku`], naming the record.
pub fn import(
    ports: &Ports<'_>,
    service: &Service,
    import: &Import,
) -> Result<Done<Imported>, Problem> {
    if !(1..=IMPORT_LIMIT).contains(&import.skus.len()) {
        return Err(Problem::invalid_field(
            "/skus",
            format!("must have 1 to {IMPORT_LIMIT} entries"),
        ));
    }
    put(ports, service, &import.skus, |index, field| format!("/skus/{index}/{field}"))?;
    Ok(Done::new(Imported { count: u64::try_from(import.skus.len()).unwrap_or(u64::MAX) }))
}

fn put(
    ports: &Ports<'_>,
    service: &Service,
    records: &[SkuRecord],
    pointer: impl Fn(usize, &str) -> String,
) -> Result<(), Problem> {
    for (index, record) in records.iter().enumerate() {
        check(record)
            .map_err(|(field, right)| Problem::invalid_field(pointer(index, &field), right))?;
        if records.iter().take(index).any(|earlier| earlier.sku == record.sku) {
            return Err(Problem::invalid_field(
                pointer(index, "sku"),
                "must stand in the import once",
            ));
        }
    }
    let shop = Shop::new(ports);
    let input = json!({ "skus": records, "actor": service.actor() });
    match shop.apply::<Value>(&sql::SKU_PUT, &input)? {
        Ok(_) => Ok(()),
        Err(Refusal::CurrencyUnsupported) => Err(unsold(&shop, records, pointer)?),
        Err(refusal) => Err(refused(refusal)),
    }
}

/// A price that another program has told (EVT-3).
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PriceTold {
    pub(crate) sku: Sku,
    price: Money,
    /// When it was so.
    #[serde(default)]
    pub(crate) at_ms: i64,
}

impl PriceTold {
    /// What the inbox finds later prices by.
    pub(crate) fn reference(&self) -> String {
        format!("{} {}", self.sku, self.price.currency())
    }
}

#[derive(Deserialize)]
struct SeenSku {
    facts: SkuRecord,
    seq: i64,
    is_overtaken: bool,
}

/// Takes a price that was told, as if the whole SKU were put again with it: with its history, and what
/// shows that it came down. One that was told later stands.
///
/// # Errors
/// `sku_not_found`, `currency_unsupported`, `invalid_field`; that somebody changed the SKU meanwhile.
pub(crate) fn price_told(shop: &Shop<'_>, actor: &str, told: &PriceTold) -> Result<(), Problem> {
    let PriceTold { sku, price, at_ms } = told;
    let input = json!({ "sku": sku, "reference": told.reference(), "at_ms": at_ms });
    let seen: Option<SeenSku> = shop.read(&sql::SKU_SEEN, &input)?;
    let SeenSku { mut facts, seq, is_overtaken } =
        seen.ok_or_else(|| Problem::new(Code::SkuNotFound))?;
    if is_overtaken {
        return Ok(());
    }
    let currency = price.currency();
    facts.prices.insert(currency, price.amount_minor());
    check(&facts).map_err(|(_, right)| Problem::invalid_field("/data/price", right))?;
    let input = json!({ "skus": [facts], "actor": actor, "seen_seq": seq });
    match shop.apply::<Value>(&sql::SKU_PUT, &input)? {
        Ok(_) => Ok(()),
        Err(Refusal::CurrencyUnsupported) => Err(unsold_in(&currency, "/data/price".to_owned())),
        Err(refusal) => Err(refused(refusal)),
    }
}

/// The first price in a currency that nothing is sold in.
fn unsold(
    shop: &Shop<'_>,
    records: &[SkuRecord],
    pointer: impl Fn(usize, &str) -> String,
) -> Result<Problem, Problem> {
    let mut sold = BTreeSet::new();
    for (index, record) in records.iter().enumerate() {
        for currency in record.prices.keys() {
            if sold.insert(currency) && !shop.sells_in(currency)? {
                return Ok(unsold_in(currency, pointer(index, &format!("prices/{currency}"))));
            }
        }
    }
    // It is by now: sent again, this would be taken.
    Ok(refused(Refusal::CurrencyUnsupported))
}

fn unsold_in(currency: &Currency, pointer: String) -> Problem {
    let detail = format!("{currency} is not sold in here");
    Problem::new(Code::CurrencyUnsupported).field(pointer).detail(detail)
}

/// What is wrong with a SKU: a member, and what would be right.
fn check(record: &SkuRecord) -> Result<(), (String, String)> {
    for (field, text) in
        [("product_id", &record.product_id), ("name", &record.name), ("category", &record.category)]
    {
        let fits = !text.trim().is_empty()
            && text.chars().count() <= 200
            && !text.chars().any(char::is_control);
        if !fits {
            return Err((field.to_owned(), "must be one line of 1 to 200 characters".to_owned()));
        }
    }
    if !(0..=WEIGHT_G_MAX).contains(&record.weight_g) {
        return Err(("weight_g".to_owned(), format!("must be 0 to {WEIGHT_G_MAX} grams")));
    }
    let mut prices = record.prices.iter();
    if let Some((currency, _)) = prices.find(|(_, minor)| !(1..=PRICE_MINOR_MAX).contains(*minor)) {
        let right = format!("must be 1 to {PRICE_MINOR_MAX} minor units");
        return Err((format!("prices/{currency}"), right));
    }
    Ok(())
}

/// One SKU.
///
/// # Errors
/// `sku_not_found`.
pub fn sku(ports: &Ports<'_>, sku: &Sku) -> Result<Done<Rendered<SkuShown>>, Problem> {
    let found = Shop::new(ports).read(&sql::SKU_SHOWN, &json!({ "sku": sku }))?;
    found.map(Done::new).ok_or_else(|| Problem::new(Code::SkuNotFound))
}

/// The catalog, page by page in order of the codes.
///
/// # Errors
/// `invalid_field` for a limit out of range.
pub fn list(ports: &Ports<'_>, query: &ListSkus) -> Result<Done<SkuPage>, Problem> {
    let limit = PAGE.limit(query.limit)?;
    let cursor = query.cursor.as_ref().map_or("", Sku::as_str);
    let mut skus: Vec<Rendered<SkuShown>> = Shop::new(ports)
        .list(&sql::SKU_PAGE, &json!({ "cursor": cursor, "limit": limit.to_read() }))?;
    let next_cursor = limit.cut(&mut skus).and_then(|last| Sku::try_from(last.text("sku")?).ok());
    Ok(Done::new(SkuPage { next_cursor, skus }))
}

/// A SKU's stock, warehouse by warehouse.
///
/// # Errors
/// `sku_not_found`.
pub fn stock(ports: &Ports<'_>, sku: Sku) -> Result<Done<Stock>, Problem> {
    let shop = Shop::new(ports);
    let input = json!({ "sku": sku });
    shop.read::<Value>(&sql::SKU_VIEW, &input)?.ok_or_else(|| Problem::new(Code::SkuNotFound))?;
    let warehouses = shop.list(&sql::STOCK_VIEW, &input)?;
    Ok(Done::new(Stock { sku, warehouses }))
}

/// Receives or adjusts stock, with its movement.
///
/// # Errors
/// `sku_not_found`, `warehouse_unknown`, `stock_negative`, `invalid_field` for a quantity of zero
/// or of the wrong sign.
pub fn move_stock(
    ports: &Ports<'_>,
    service: &Service,
    sku: &Sku,
    body: &MoveStock,
    change: &KeyedChange,
) -> Result<Done<Rendered<StockMoved>>, Problem> {
    let bound = 1_000_000_000;
    let fits = match body.kind {
        MoveKind::Receive => (1..=bound).contains(&body.quantity),
        MoveKind::Adjust => {
            body.quantity != 0 && body.quantity.unsigned_abs() <= bound.unsigned_abs()
        }
    };
    if !fits {
        return Err(Problem::invalid_field(
            "/quantity",
            "must be above 0 to receive, and not 0 to adjust",
        ));
    }
    let input = json!({
        "sku": sku, "warehouse_id": body.warehouse_id, "kind": body.kind, "quantity": body.quantity, "actor": service.subject, "events": [],
    });
    change.apply(&Shop::new(ports), &service.actor(), &sql::STOCK_MOVE, input)?.done(refused)
}

/// Minor units by currency.
#[cfg(feature = "schema")]
fn prices_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let currency = generator.subschema_for::<Currency>();
    schemars::json_schema!({
        "type": "object", "propertyNames": currency,
        "additionalProperties": { "type": "integer", "format": "int64", "minimum": 1, "maximum": PRICE_MINOR_MAX },
    })
}
