//! The tables an operator fills before anything is sold (CAT-2): where goods lie, what is taxed and
//! how, how goods are sent and for how much, and in which currencies.
//!
//! All are changed alike: an entry is put, or deleted while nothing refers to it, and each change
//! that changes something is history (SEC-4) in the same statement. What differs is the row: its
//! type, its rule and its statements, below.

use crate::{Change, change::Apply as _, page::Limit, problem::refused, shop::Shop};
use callers::Service;
use domain::{
    exchange::{ExchangeRate, Factor},
    ids::{Country, FeeId, Region, Segment, ShippingMethodId, Sku, TaxClass, WarehouseId, ZoneId},
    money::{Currency, Rounding},
    tax::TaxRate,
    totals::FeeKind,
};
use json::{Value, json};
use ports::Ports;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::marker::PhantomData;
use store::{Command, Refusal, Statement, sql};
use terms::{Code, Done, Problem, Rendered};

/// Rates one method may have in a zone and a currency.
const RATES_MAX: usize = 500;
/// As the highest price of the catalog.
pub(crate) const AMOUNT_MINOR_MAX: i64 = 100_000_000_000;
/// Special prices a SKU may have in a currency.
const SPECIAL_PRICES_MAX: usize = 100;
/// As many as a line may have.
const QUANTITY_MAX: i64 = 10_000;
/// A thousand tons.
const WEIGHT_G_MAX: i64 = 1_000_000_000;
const PRIORITY_MAX: i64 = 1_000_000;
/// What ISO 4217 has at most.
const MINOR_DIGITS_MAX: i64 = 4;
/// The last moment that a number of JSON holds exactly.
const TIME_MS_MAX: i64 = 9_007_199_254_740_991;
const NAME_MAX: usize = 200;
const ENTRY_NAME_MAX: usize = 300;

/// A table, by what history calls an entry of it: `warehouse`.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HistoryOf(
    #[cfg_attr(
        feature = "schema",
        schemars(regex(
            pattern = "^(warehouse|zone|tax|shipping-method|shipping-rates|currency|sku|special-prices|exchange-rate|fee|promotion|reward|fraud-rule|receiver)$"
        ))
    )]
    String,
);

/// What [`HistoryOf`] may be.
const SUBJECTS: [&str; 14] = [
    "warehouse",
    "zone",
    "tax",
    "shipping-method",
    "shipping-rates",
    "currency",
    "sku",
    "special-prices",
    "exchange-rate",
    "fee",
    "fraud-rule",
    "receiver",
    "promotion",
    "reward",
];

impl TryFrom<&str> for HistoryOf {
    type Error = &'static str;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        if SUBJECTS.contains(&text) { Ok(Self(text.to_owned())) } else { Err("must be a table") }
    }
}

/// An entry of a table, by the parts of its name with commas between: `wh-hanoi`, `US,CA`,
/// `us,USD,standard`.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EntryName(
    #[cfg_attr(
        feature = "schema",
        schemars(length(min = 1, max = 300), regex(pattern = "^[A-Za-z0-9._,-]+$"))
    )]
    String,
);

impl TryFrom<&str> for EntryName {
    type Error = &'static str;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._,-".contains(&b);
        let fits = (1..=ENTRY_NAME_MAX).contains(&text.len()) && text.bytes().all(plain);
        if fits { Ok(Self(text.to_owned())) } else { Err("must be the name of an entry") }
    }
}

/// Which page of a table.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListEntries {
    /// Where the page before ended (`next_cursor`).
    cursor: Option<String>,
    /// Entries a page has, 1 to 500.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 500)))]
    limit: Option<i64>,
}

/// Which taxes.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListTaxes {
    /// Those of this zone only.
    zone: Option<ZoneId>,
    /// Where the page before ended (`next_cursor`).
    cursor: Option<String>,
    /// Entries a page has, 1 to 500.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 500)))]
    limit: Option<i64>,
}

/// Which rates.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListRates {
    /// Those of this zone only.
    zone: Option<ZoneId>,
    /// Those in this currency only.
    currency: Option<Currency>,
    /// Where the page before ended (`next_cursor`).
    cursor: Option<String>,
    /// Entries a page has, 1 to 500.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 500)))]
    limit: Option<i64>,
}

/// Which special prices.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListSpecialPrices {
    /// Those of this SKU only.
    sku: Option<Sku>,
    /// Those in this currency only.
    currency: Option<Currency>,
    /// Where the page before ended (`next_cursor`).
    cursor: Option<String>,
    /// Entries a page has, 1 to 500.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 500)))]
    limit: Option<i64>,
}

/// When a rate was quoted, in milliseconds, as a path has it.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct QuotedAt(
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^(0|[1-9][0-9]{0,14})$")))] String,
);

impl TryFrom<&str> for QuotedAt {
    type Error = &'static str;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        let number = text.len() <= 15 && text.bytes().all(|b| b.is_ascii_digit());
        let written = text == "0" || (number && !text.is_empty() && !text.starts_with('0'));
        if written { Ok(Self(text.to_owned())) } else { Err("must be a time in milliseconds") }
    }
}

/// Which exchange rates.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListExchangeRates {
    /// Those from this currency only.
    from: Option<Currency>,
    /// Those to this currency only.
    to: Option<Currency>,
    /// Where the page before ended (`next_cursor`).
    cursor: Option<String>,
    /// Entries a page has, 1 to 500.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 500)))]
    limit: Option<i64>,
}

/// Which fees.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListFees {
    /// Those in this currency only.
    currency: Option<Currency>,
    /// Where the page before ended (`next_cursor`).
    cursor: Option<String>,
    /// Entries a page has, 1 to 500.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 500)))]
    limit: Option<i64>,
}

/// Which page of a history.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListHistory {
    /// Where the page before ended (`next_cursor`).
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    cursor: Option<i64>,
    /// Changes a page has, 1 to 500.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 500)))]
    limit: Option<i64>,
}

/// A page of a table, by the entries' names.
#[derive(Debug, Serialize)]
#[serde(bound(serialize = ""))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "PageOf{T}"))]
pub struct Page<T> {
    /// The entries.
    entries: Vec<Rendered<T>>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// What was done to an entry, oldest first.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HistoryPage {
    /// What was done; nothing, of an entry that never was.
    history: Vec<Rendered<EntryChanged>>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<i64>,
}

/// What somebody made of an entry.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EntryChanged {
    /// Its number, from 1.
    pub seq: i64,
    /// `put` or `deleted`; of a promotion `codes_put` and `code_refused` too.
    pub kind: String,
    /// Who: `service:` and the `sub` of their token.
    pub actor: String,
    /// When.
    pub at_ms: i64,
    /// As it was, as its table lists it; null of one that was not.
    #[cfg_attr(feature = "schema", schemars(schema_with = "entry_schema"))]
    pub before: Option<Value>,
    /// As it was from then on; null of one that was deleted.
    #[cfg_attr(feature = "schema", schemars(schema_with = "entry_schema"))]
    pub after: Option<Value>,
}

/// What keeps an entry, in words.
const USED_BY: [(Refusal, &str); 5] = [
    (Refusal::UsedByStock, "stock is, or was, in it"),
    (Refusal::UsedByRates, "shipping rates name it"),
    (Refusal::UsedByPrices, "SKUs have prices in it"),
    (Refusal::UsedByFees, "fees are in it"),
    (Refusal::UsedByCarts, "live carts are in it"),
];

/// An entry that is no more.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Deleted {
    /// What its history is found by.
    pub subject: String,
}

/// What is known of a warehouse.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WarehouseFacts {
    /// Its name as people read it.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    name: String,
    /// Where it stands.
    country: Country,
    /// Of two that have the goods the one with the lower number sends them.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1_000_000)))]
    priority: i64,
}

/// A warehouse.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(!deny_unknown_fields)
)]
#[serde(deny_unknown_fields)]
pub struct Warehouse {
    /// The warehouse.
    pub warehouse_id: WarehouseId,
    /// Its name as people read it.
    pub name: String,
    /// Where it stands.
    pub country: Country,
    /// Of two that have the goods the one with the lower number sends them.
    pub priority: i64,
}

/// Which zone a place is in.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ZoneFacts {
    /// The zone.
    zone: ZoneId,
}

/// A place and its zone.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(!deny_unknown_fields)
)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// The country.
    pub country: Country,
    /// Its region; null for the rest of the country.
    pub region: Option<Region>,
    /// The zone.
    pub zone: ZoneId,
}

/// How a class is taxed.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TaxFacts {
    /// The rate as a fraction in a text: `0.081`.
    #[cfg_attr(feature = "schema", schemars(with = "TaxRate"))]
    rate: String,
    /// Whether prices have the tax in them already.
    inclusive: bool,
    /// Where half a minor unit goes.
    rounding: Rounding,
}

/// How a class is taxed in a zone.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(!deny_unknown_fields)
)]
#[serde(deny_unknown_fields)]
pub struct Tax {
    /// The zone.
    pub zone: ZoneId,
    /// The class.
    pub tax_class: TaxClass,
    /// The rate as a fraction in a text: `0.081`.
    pub rate: String,
    /// Whether prices have the tax in them already.
    pub inclusive: bool,
    /// Where half a minor unit goes.
    pub rounding: Rounding,
}

/// What is known of a shipping method.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MethodFacts {
    /// Its name as the buyer reads it.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    name: String,
    /// Whether it is offered.
    active: bool,
}

/// A shipping method.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(!deny_unknown_fields)
)]
#[serde(deny_unknown_fields)]
pub struct Method {
    /// The method.
    pub method_id: ShippingMethodId,
    /// Its name as the buyer reads it.
    pub name: String,
    /// Whether it is offered.
    pub active: bool,
}

/// What a method costs: all its rates in a zone and a currency.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RatesFacts {
    /// The rates. Of those that apply the most particular one counts.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 500)))]
    rates: Vec<RateFacts>,
}

/// A rate to be.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RateFacts {
    /// For parcels of this warehouse; of any, when it is left out.
    warehouse_id: Option<WarehouseId>,
    /// For parcels of at least this weight, in grams.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1_000_000_000)))]
    min_weight_g: i64,
    /// For orders whose goods are worth at least this, in minor units.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 100_000_000_000_i64)))]
    min_subtotal_minor: i64,
    /// What a parcel costs, in minor units.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 100_000_000_000_i64)))]
    amount_minor: i64,
}

/// A rate.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rate {
    /// For parcels of this warehouse; null for those of any.
    pub warehouse_id: Option<WarehouseId>,
    /// For parcels of at least this weight, in grams.
    pub min_weight_g: i64,
    /// For orders whose goods are worth at least this, in minor units.
    pub min_subtotal_minor: i64,
    /// What a parcel costs, in minor units.
    pub amount_minor: i64,
}

/// What a method costs in a zone and a currency.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rates {
    /// The zone.
    pub zone: ZoneId,
    /// The currency.
    pub currency: Currency,
    /// The method.
    pub method_id: ShippingMethodId,
    /// The rates.
    pub rates: Vec<Rate>,
}

/// What a method costs in a zone and a currency, as a file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RatesEntry {
    zone: ZoneId,
    currency: Currency,
    method_id: ShippingMethodId,
    rates: Vec<RateFacts>,
}

/// What a SKU costs in a currency besides its plain price: all such prices of it.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SpecialPricesFacts {
    /// The prices. Of those that apply to a line, and the plain price, the lowest is charged.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 100)))]
    prices: Vec<SpecialPriceFacts>,
}

/// A special price to be.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SpecialPriceFacts {
    /// For customers of this group; for everyone, when it is left out.
    customer_group: Option<Segment>,
    /// For lines of at least so many.
    #[serde(default = "one")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 10_000)))]
    min_quantity: i64,
    /// From then on; since ever, when it is left out.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 9_007_199_254_740_991_i64)))]
    valid_from_ms: i64,
    /// No longer from then on; without an end, when it is left out.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 9_007_199_254_740_991_i64)))]
    valid_until_ms: Option<i64>,
    /// What one costs, in minor units.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100_000_000_000_i64)))]
    amount_minor: i64,
}

const fn one() -> i64 {
    1
}

/// A special price.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SpecialPrice {
    /// For customers of this group; null for everyone.
    pub customer_group: Option<Segment>,
    /// For lines of at least so many.
    pub min_quantity: i64,
    /// From then on.
    pub valid_from_ms: i64,
    /// No longer from then on; null without an end.
    pub valid_until_ms: Option<i64>,
    /// What one costs, in minor units.
    pub amount_minor: i64,
}

/// What a SKU costs in a currency besides its plain price.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SpecialPrices {
    /// The SKU.
    pub sku: Sku,
    /// The currency.
    pub currency: Currency,
    /// The prices.
    pub prices: Vec<SpecialPrice>,
}

/// What a SKU costs in a currency besides its plain price, as a file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpecialPricesEntry {
    sku: Sku,
    currency: Currency,
    prices: Vec<SpecialPriceFacts>,
}

/// What one currency was worth in another.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExchangeRateFacts {
    /// How many minor units of `to` a minor unit of `from` is, as a text: `0.8425`.
    #[cfg_attr(feature = "schema", schemars(with = "Factor"))]
    factor: String,
}

/// What one currency was worth in another at a time, as a file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExchangeRateEntry {
    from: Currency,
    to: Currency,
    quoted_at_ms: i64,
    factor: String,
}

/// What is known of a fee.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FeeFacts {
    /// What it is for, and so which orders have it.
    kind: FeeKind,
    /// Its name as the buyer reads it.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    name: String,
    /// What it costs, in minor units.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 100_000_000_000_i64)))]
    amount_minor: i64,
    /// Orders whose goods are worth so much before any discount, or more, have it for nothing; none
    /// has, when it is left out.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100_000_000_000_i64)))]
    free_from_minor: Option<i64>,
    /// Orders whose goods are worth more before any discount cannot have it; any can, when it is left
    /// out. It is for `cash_on_delivery` and `external` alone: those cannot be paid so.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100_000_000_000_i64)))]
    up_to_minor: Option<i64>,
    /// The zone whose orders have it; those of all zones, when it is left out.
    zone: Option<ZoneId>,
    /// The group of customers whose orders have it; those of everyone, when it is left out.
    customer_group: Option<Segment>,
    /// The class it is taxed in.
    tax_class: TaxClass,
    /// Whether orders have it.
    active: bool,
}

/// A fee.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(!deny_unknown_fields)
)]
#[serde(deny_unknown_fields)]
pub struct ShopFee {
    /// The currency it is asked in.
    pub currency: Currency,
    /// The fee.
    pub fee_id: FeeId,
    /// What it is for, and so which orders have it.
    pub kind: FeeKind,
    /// Its name as the buyer reads it.
    pub name: String,
    /// What it costs, in minor units.
    pub amount_minor: i64,
    /// Orders whose goods are worth so much before any discount, or more, have it for nothing; null
    /// where none has.
    pub free_from_minor: Option<i64>,
    /// Orders whose goods are worth more before any discount cannot have it; null where any can.
    pub up_to_minor: Option<i64>,
    /// The zone whose orders have it; null where those of all zones have.
    pub zone: Option<ZoneId>,
    /// The group of customers whose orders have it; null where those of everyone have.
    pub customer_group: Option<Segment>,
    /// The class it is taxed in.
    pub tax_class: TaxClass,
    /// Whether orders have it.
    pub active: bool,
}

/// What is known of a currency.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CurrencyFacts {
    /// How many decimals people write: 2 for USD, 0 for VND.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 4)))]
    minor_digits: i64,
    /// The least one payment may be, in minor units.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100_000_000_000_i64)))]
    minimum_minor: i64,
    /// The most one payment may be, in minor units.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100_000_000_000_i64)))]
    ceiling_minor: i64,
    /// What one loyalty point pays of an order, in minor units; left out where points pay nothing.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100_000_000_000_i64)))]
    point_value_minor: Option<i64>,
}

/// A currency that is sold in.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(!deny_unknown_fields)
)]
#[serde(deny_unknown_fields)]
pub struct CurrencySold {
    /// The currency.
    pub currency: Currency,
    /// How many decimals people write.
    pub minor_digits: i64,
    /// The least one payment may be, in minor units.
    pub minimum_minor: i64,
    /// The most one payment may be, in minor units.
    pub ceiling_minor: i64,
    /// What one loyalty point pays of an order, in minor units; null where points pay nothing.
    pub point_value_minor: Option<i64>,
}

/// One table: what its entries are called, and the statements that list, put and delete them.
pub(super) struct Table<T> {
    /// What the subject of an entry begins with.
    name: &'static str,
    list: &'static Statement,
    put: &'static Command,
    delete: &'static Command,
    /// The members that make an entry's name, in order.
    key: &'static [&'static str],
    of: PhantomData<fn() -> T>,
}

pub(super) const WAREHOUSES: Table<Warehouse> = Table {
    name: "warehouse",
    list: &sql::WAREHOUSE_LIST,
    put: &sql::WAREHOUSE_PUT,
    delete: &sql::WAREHOUSE_DELETE,
    key: &["warehouse_id"],
    of: PhantomData,
};
pub(super) const ZONES: Table<Zone> = Table {
    name: "zone",
    list: &sql::ZONE_LIST,
    put: &sql::ZONE_PUT,
    delete: &sql::ZONE_DELETE,
    key: &["country", "region"],
    of: PhantomData,
};
pub(super) const TAXES: Table<Tax> = Table {
    name: "tax",
    list: &sql::TAX_LIST,
    put: &sql::TAX_PUT,
    delete: &sql::TAX_DELETE,
    key: &["zone", "tax_class"],
    of: PhantomData,
};
pub(super) const METHODS: Table<Method> = Table {
    name: "shipping-method",
    list: &sql::METHOD_LIST,
    put: &sql::METHOD_PUT,
    delete: &sql::METHOD_DELETE,
    key: &["method_id"],
    of: PhantomData,
};
pub(super) const RATES: Table<Rates> = Table {
    name: "shipping-rates",
    list: &sql::RATES_LIST,
    put: &sql::RATES_PUT,
    delete: &sql::RATES_DELETE,
    key: &["zone", "currency", "method_id"],
    of: PhantomData,
};
pub(super) const SPECIAL_PRICES: Table<SpecialPrices> = Table {
    name: "special-prices",
    list: &sql::SPECIAL_PRICES_LIST,
    put: &sql::SPECIAL_PRICES_PUT,
    delete: &sql::SPECIAL_PRICES_DELETE,
    key: &["sku", "currency"],
    of: PhantomData,
};
pub(super) const EXCHANGE_RATES: Table<ExchangeRate> = Table {
    name: "exchange-rate",
    list: &sql::EXCHANGE_RATE_LIST,
    put: &sql::EXCHANGE_RATE_PUT,
    delete: &sql::EXCHANGE_RATE_DELETE,
    key: &["from", "to", "quoted_at_ms"],
    of: PhantomData,
};
pub(super) const FEES: Table<ShopFee> = Table {
    name: "fee",
    list: &sql::FEE_LIST,
    put: &sql::FEE_PUT,
    delete: &sql::FEE_DELETE,
    key: &["currency", "fee_id"],
    of: PhantomData,
};
pub(super) const CURRENCIES: Table<CurrencySold> = Table {
    name: "currency",
    list: &sql::CURRENCY_PAGE,
    put: &sql::CURRENCY_PUT,
    delete: &sql::CURRENCY_DELETE,
    key: &["currency"],
    of: PhantomData,
};

impl HistoryPage {
    /// Whether there is nothing on it.
    pub(crate) fn is_empty(&self) -> bool {
        self.history.is_empty()
    }
}

impl<T> Table<T> {
    /// A page. `input` is what else the list asks for.
    fn page(
        &self,
        ports: &Ports<'_>,
        cursor: Option<&str>,
        limit: Option<i64>,
        input: Value,
    ) -> Result<Done<Page<T>>, Problem> {
        let (entries, next_cursor) = self.rows(ports, cursor, super::PAGE.limit(limit)?, input)?;
        Ok(Done::new(Page { entries, next_cursor }))
    }

    /// The entries of a page, and where the next begins.
    pub(super) fn rows(
        &self,
        ports: &Ports<'_>,
        cursor: Option<&str>,
        limit: Limit,
        mut input: Value,
    ) -> Result<(Vec<Rendered<T>>, Option<String>), Problem> {
        if let Some(input) = input.as_object_mut() {
            json::member(input, "cursor", cursor.unwrap_or_default());
            json::member(input, "limit", &limit.to_read());
        }
        let mut entries: Vec<Rendered<T>> = Shop::new(ports).list(self.list, &input)?;
        let next_cursor = limit.cut(&mut entries).map(|last| {
            let part = |name: &&str| match (last.text(name), last.number(name)) {
                (Some(text), _) => text.to_owned(),
                (None, Some(number)) => number.to_string(),
                (None, None) => String::new(),
            };
            let parts: Vec<String> = self.key.iter().map(part).collect();
            parts.join("/")
        });
        Ok((entries, next_cursor))
    }

    /// Adds or replaces the entry of this key.
    fn put(
        &self,
        ports: &Ports<'_>,
        service: &Service,
        key: &[&str],
        facts: Value,
    ) -> Result<Done<Rendered<T>>, Problem> {
        let input = self.input(service, key, facts);
        match Shop::new(ports).apply(self.put, &input)? {
            Ok(entry) => Ok(Done::new(Rendered::new(entry))),
            Err(refusal) => Err(self.refused(refusal)),
        }
    }

    /// Deletes the entry of this key.
    fn delete(
        &self,
        ports: &Ports<'_>,
        service: &Service,
        key: &[&str],
        change: &Change,
    ) -> Result<Done<Rendered<Deleted>>, Problem> {
        let input = self.input(service, key, json!({}));
        change
            .apply(&Shop::new(ports), &service.actor(), self.delete, input)?
            .done(|refusal| self.refused(refusal))
    }

    fn input(&self, service: &Service, key: &[&str], mut facts: Value) -> Value {
        if let Some(input) = facts.as_object_mut() {
            // A country's zone is without a region.
            let named: Vec<&str> = key.iter().copied().filter(|part| !part.is_empty()).collect();
            json::member(input, "subject", &format!("{}/{}", self.name, named.join("/")));
            json::member(input, "actor", &service.actor());
            for (name, value) in self.key.iter().zip(key) {
                json::member(input, name, *value);
            }
        }
        facts
    }

    fn refused(&self, refusal: Refusal) -> Problem {
        let told = refused(refusal);
        match USED_BY.iter().find(|(used, _)| *used == refusal) {
            Some((_, by)) => told.detail(format!("this {} is in use: {by}", self.name)),
            None => told,
        }
    }
}

/// An entry as a file has it: what it is called, and what is known of it.
pub(super) trait Entry: DeserializeOwned {
    /// Adds or replaces it.
    fn put(self, ports: &Ports<'_>, service: &Service) -> Result<(), Problem>;
}

impl Entry for Warehouse {
    fn put(self, ports: &Ports<'_>, service: &Service) -> Result<(), Problem> {
        let Self { warehouse_id, name, country, priority } = self;
        let facts = WarehouseFacts { name, country, priority };
        put_warehouse(ports, service, &warehouse_id, &facts).map(drop)
    }
}

impl Entry for Zone {
    fn put(self, ports: &Ports<'_>, service: &Service) -> Result<(), Problem> {
        let Self { country, region, zone } = self;
        put_zone(ports, service, &country, region.as_ref(), &ZoneFacts { zone }).map(drop)
    }
}

impl Entry for Tax {
    fn put(self, ports: &Ports<'_>, service: &Service) -> Result<(), Problem> {
        let Self { zone, tax_class, rate, inclusive, rounding } = self;
        let facts = TaxFacts { rate, inclusive, rounding };
        put_tax(ports, service, &zone, &tax_class, &facts).map(drop)
    }
}

impl Entry for Method {
    fn put(self, ports: &Ports<'_>, service: &Service) -> Result<(), Problem> {
        let Self { method_id, name, active } = self;
        put_method(ports, service, &method_id, &MethodFacts { name, active }).map(drop)
    }
}

impl Entry for RatesEntry {
    fn put(self, ports: &Ports<'_>, service: &Service) -> Result<(), Problem> {
        let Self { zone, currency, method_id, rates } = self;
        put_rates(ports, service, &zone, &currency, &method_id, RatesFacts { rates }).map(drop)
    }
}

impl Entry for SpecialPricesEntry {
    fn put(self, ports: &Ports<'_>, service: &Service) -> Result<(), Problem> {
        let Self { sku, currency, prices } = self;
        let facts = SpecialPricesFacts { prices };
        put_special_prices(ports, service, &sku, &currency, facts).map(drop)
    }
}

impl Entry for ExchangeRateEntry {
    fn put(self, ports: &Ports<'_>, service: &Service) -> Result<(), Problem> {
        let Self { from, to, quoted_at_ms, factor } = self;
        let quoted_at = QuotedAt::try_from(quoted_at_ms.to_string().as_str())
            .map_err(|right| Problem::invalid_field("/quoted_at_ms", right))?;
        let facts = ExchangeRateFacts { factor };
        put_exchange_rate(ports, service, [&from, &to], &quoted_at, facts).map(drop)
    }
}

impl Entry for ShopFee {
    fn put(self, ports: &Ports<'_>, service: &Service) -> Result<(), Problem> {
        let Self { currency, fee_id, kind, name, amount_minor, .. } = self;
        let Self { free_from_minor, up_to_minor, zone, customer_group, tax_class, active, .. } =
            self;
        let facts = FeeFacts {
            kind,
            name,
            amount_minor,
            free_from_minor,
            up_to_minor,
            zone,
            customer_group,
            tax_class,
            active,
        };
        put_fee(ports, service, &currency, &fee_id, &facts).map(drop)
    }
}

impl Entry for CurrencySold {
    fn put(self, ports: &Ports<'_>, service: &Service) -> Result<(), Problem> {
        let Self { currency, minor_digits, minimum_minor, ceiling_minor, point_value_minor } = self;
        let facts = CurrencyFacts { minor_digits, minimum_minor, ceiling_minor, point_value_minor };
        put_currency(ports, service, &currency, &facts).map(drop)
    }
}

/// That a name is one line, of 1 to 200 characters.
pub(crate) fn one_line(pointer: &str, text: &str) -> Result<(), Problem> {
    let fits = !text.trim().is_empty()
        && text.chars().count() <= NAME_MAX
        && !text.chars().any(char::is_control);
    if fits {
        return Ok(());
    }
    Err(Problem::invalid_field(pointer, format!("must be one line of 1 to {NAME_MAX} characters")))
}

/// That a number is within its bounds.
pub(crate) fn in_range(pointer: &str, number: i64, least: i64, most: i64) -> Result<(), Problem> {
    if (least..=most).contains(&number) {
        return Ok(());
    }
    Err(Problem::invalid_field(pointer, format!("must be {least} to {most}")))
}

/// Warehouses, page by page.
///
/// # Errors
/// `invalid_field` for a limit out of range.
pub fn warehouses(
    ports: &Ports<'_>,
    query: &ListEntries,
) -> Result<Done<Page<Warehouse>>, Problem> {
    WAREHOUSES.page(ports, query.cursor.as_deref(), query.limit, json!({}))
}

/// One warehouse.
///
/// # Errors
/// `entry_not_found`.
pub fn warehouse(
    ports: &Ports<'_>,
    warehouse_id: &WarehouseId,
) -> Result<Done<Rendered<Warehouse>>, Problem> {
    let found =
        Shop::new(ports).read(&sql::WAREHOUSE_VIEW, &json!({ "warehouse_id": warehouse_id }))?;
    found.map(Done::new).ok_or_else(|| Problem::new(Code::EntryNotFound))
}

/// Adds or replaces a warehouse.
///
/// # Errors
/// `invalid_field`.
pub fn put_warehouse(
    ports: &Ports<'_>,
    service: &Service,
    warehouse_id: &WarehouseId,
    facts: &WarehouseFacts,
) -> Result<Done<Rendered<Warehouse>>, Problem> {
    let WarehouseFacts { name, country, priority } = facts;
    one_line("/name", name)?;
    in_range("/priority", *priority, 0, PRIORITY_MAX)?;
    let facts = json!({ "name": name, "country": country, "priority": priority });
    WAREHOUSES.put(ports, service, &[warehouse_id.as_str()], facts)
}

/// Deletes a warehouse that nothing names.
///
/// # Errors
/// `entry_not_found`, `in_use`.
pub fn delete_warehouse(
    ports: &Ports<'_>,
    service: &Service,
    warehouse_id: &WarehouseId,
    change: &Change,
) -> Result<Done<Rendered<Deleted>>, Problem> {
    WAREHOUSES.delete(ports, service, &[warehouse_id.as_str()], change)
}

/// Places and their zones, page by page.
///
/// # Errors
/// `invalid_field` for a limit out of range.
pub fn zones(ports: &Ports<'_>, query: &ListEntries) -> Result<Done<Page<Zone>>, Problem> {
    ZONES.page(ports, query.cursor.as_deref(), query.limit, json!({}))
}

/// Says which zone a region is in, or without one the rest of the country.
///
/// # Errors
/// None of its own.
pub fn put_zone(
    ports: &Ports<'_>,
    service: &Service,
    country: &Country,
    region: Option<&Region>,
    facts: &ZoneFacts,
) -> Result<Done<Rendered<Zone>>, Problem> {
    let key = [country.as_str(), region.map_or("", Region::as_str)];
    ZONES.put(ports, service, &key, json!({ "zone": facts.zone }))
}

/// Takes a region, or without one the rest of the country, out of its zone.
///
/// # Errors
/// `entry_not_found`.
pub fn delete_zone(
    ports: &Ports<'_>,
    service: &Service,
    country: &Country,
    region: Option<&Region>,
    change: &Change,
) -> Result<Done<Rendered<Deleted>>, Problem> {
    let key = [country.as_str(), region.map_or("", Region::as_str)];
    ZONES.delete(ports, service, &key, change)
}

/// Taxes, page by page.
///
/// # Errors
/// `invalid_field` for a limit out of range.
pub fn taxes(ports: &Ports<'_>, query: &ListTaxes) -> Result<Done<Page<Tax>>, Problem> {
    TAXES.page(ports, query.cursor.as_deref(), query.limit, json!({ "zone": query.zone }))
}

/// Says how a class is taxed in a zone.
///
/// # Errors
/// `invalid_field` for a rate that is none.
pub fn put_tax(
    ports: &Ports<'_>,
    service: &Service,
    zone: &ZoneId,
    tax_class: &TaxClass,
    facts: &TaxFacts,
) -> Result<Done<Rendered<Tax>>, Problem> {
    let TaxFacts { rate, inclusive, rounding } = facts;
    let rate: TaxRate = rate.parse().map_err(|error: domain::tax::TaxRateError| {
        Problem::invalid_field("/rate", error.to_string())
    })?;
    let facts = json!({
        "rate": rate.as_decimal().to_string(), "inclusive": inclusive, "rounding": rounding,
    });
    TAXES.put(ports, service, &[zone.as_str(), tax_class.as_str()], facts)
}

/// Takes the tax of a class in a zone away.
///
/// # Errors
/// `entry_not_found`.
pub fn delete_tax(
    ports: &Ports<'_>,
    service: &Service,
    zone: &ZoneId,
    tax_class: &TaxClass,
    change: &Change,
) -> Result<Done<Rendered<Deleted>>, Problem> {
    TAXES.delete(ports, service, &[zone.as_str(), tax_class.as_str()], change)
}

/// Shipping methods, page by page.
///
/// # Errors
/// `invalid_field` for a limit out of range.
pub fn methods(ports: &Ports<'_>, query: &ListEntries) -> Result<Done<Page<Method>>, Problem> {
    METHODS.page(ports, query.cursor.as_deref(), query.limit, json!({}))
}

/// Adds or replaces a shipping method.
///
/// # Errors
/// `invalid_field`.
pub fn put_method(
    ports: &Ports<'_>,
    service: &Service,
    method_id: &ShippingMethodId,
    facts: &MethodFacts,
) -> Result<Done<Rendered<Method>>, Problem> {
    one_line("/name", &facts.name)?;
    let facts = json!({ "name": facts.name, "active": facts.active });
    METHODS.put(ports, service, &[method_id.as_str()], facts)
}

/// Deletes a shipping method that has no rates.
///
/// # Errors
/// `entry_not_found`, `in_use`.
pub fn delete_method(
    ports: &Ports<'_>,
    service: &Service,
    method_id: &ShippingMethodId,
    change: &Change,
) -> Result<Done<Rendered<Deleted>>, Problem> {
    METHODS.delete(ports, service, &[method_id.as_str()], change)
}

/// What methods cost, page by page.
///
/// # Errors
/// `invalid_field` for a limit out of range.
pub fn rates(ports: &Ports<'_>, query: &ListRates) -> Result<Done<Page<Rates>>, Problem> {
    let narrowed = json!({ "zone": query.zone, "currency": query.currency });
    RATES.page(ports, query.cursor.as_deref(), query.limit, narrowed)
}

/// Says what a method costs in a zone and a currency: these rates and no others.
///
/// # Errors
/// `invalid_field`, `currency_unsupported`, `warehouse_unknown`; `entry_not_found` for a method
/// that is none.
pub fn put_rates(
    ports: &Ports<'_>,
    service: &Service,
    zone: &ZoneId,
    currency: &Currency,
    method_id: &ShippingMethodId,
    facts: RatesFacts,
) -> Result<Done<Rendered<Rates>>, Problem> {
    let mut rates = facts.rates;
    if !(1..=RATES_MAX).contains(&rates.len()) {
        return Err(Problem::invalid_field(
            "/rates",
            format!("must have 1 to {RATES_MAX} entries"),
        ));
    }
    for (index, rate) in rates.iter().enumerate() {
        let at = |member: &str| format!("/rates/{index}/{member}");
        in_range(&at("min_weight_g"), rate.min_weight_g, 0, WEIGHT_G_MAX)?;
        in_range(&at("min_subtotal_minor"), rate.min_subtotal_minor, 0, AMOUNT_MINOR_MAX)?;
        in_range(&at("amount_minor"), rate.amount_minor, 0, AMOUNT_MINOR_MAX)?;
        if rates.iter().take(index).any(|earlier| earlier.key() == rate.key()) {
            return Err(Problem::invalid_field(
                format!("/rates/{index}"),
                "must have another warehouse, weight or subtotal than those before it",
            ));
        }
    }
    // As the statement reads them: what changes nothing is no history.
    rates.sort();
    let key = [zone.as_str(), currency.as_str(), method_id.as_str()];
    RATES.put(ports, service, &key, json!({ "rates": rates }))
}

impl RateFacts {
    fn key(&self) -> (Option<&WarehouseId>, i64, i64) {
        (self.warehouse_id.as_ref(), self.min_weight_g, self.min_subtotal_minor)
    }
}

/// Takes a method's rates in a zone and a currency away.
///
/// # Errors
/// `entry_not_found`.
pub fn delete_rates(
    ports: &Ports<'_>,
    service: &Service,
    zone: &ZoneId,
    currency: &Currency,
    method_id: &ShippingMethodId,
    change: &Change,
) -> Result<Done<Rendered<Deleted>>, Problem> {
    let key = [zone.as_str(), currency.as_str(), method_id.as_str()];
    RATES.delete(ports, service, &key, change)
}

/// Special prices, page by page.
///
/// # Errors
/// `invalid_field` for a limit out of range.
pub fn special_prices(
    ports: &Ports<'_>,
    query: &ListSpecialPrices,
) -> Result<Done<Page<SpecialPrices>>, Problem> {
    let narrowed = json!({ "sku": query.sku, "currency": query.currency });
    SPECIAL_PRICES.page(ports, query.cursor.as_deref(), query.limit, narrowed)
}

/// Says what a SKU costs in a currency besides its plain price: these prices and no others
/// (PRICE-5).
///
/// # Errors
/// `invalid_field`, `currency_unsupported`, `sku_not_found`.
pub fn put_special_prices(
    ports: &Ports<'_>,
    service: &Service,
    sku: &Sku,
    currency: &Currency,
    facts: SpecialPricesFacts,
) -> Result<Done<Rendered<SpecialPrices>>, Problem> {
    let mut prices = facts.prices;
    if !(1..=SPECIAL_PRICES_MAX).contains(&prices.len()) {
        return Err(Problem::invalid_field(
            "/prices",
            format!("must have 1 to {SPECIAL_PRICES_MAX} entries"),
        ));
    }
    for (index, price) in prices.iter().enumerate() {
        let at = |member: &str| format!("/prices/{index}/{member}");
        in_range(&at("min_quantity"), price.min_quantity, 1, QUANTITY_MAX)?;
        in_range(&at("valid_from_ms"), price.valid_from_ms, 0, TIME_MS_MAX)?;
        if let Some(until) = price.valid_until_ms {
            in_range(
                &at("valid_until_ms"),
                until,
                price.valid_from_ms.saturating_add(1),
                TIME_MS_MAX,
            )?;
        }
        in_range(&at("amount_minor"), price.amount_minor, 1, AMOUNT_MINOR_MAX)?;
        if prices.iter().take(index).any(|earlier| earlier.key() == price.key()) {
            return Err(Problem::invalid_field(
                format!("/prices/{index}"),
                "must have another group, quantity or beginning than those before it",
            ));
        }
    }
    // As the statement reads them: what changes nothing is no history.
    prices.sort();
    let key = [sku.as_str(), currency.as_str()];
    SPECIAL_PRICES.put(ports, service, &key, json!({ "prices": prices }))
}

impl SpecialPriceFacts {
    fn key(&self) -> (Option<&Segment>, i64, i64) {
        (self.customer_group.as_ref(), self.min_quantity, self.valid_from_ms)
    }
}

/// Takes a SKU's special prices in a currency away.
///
/// # Errors
/// `sku_not_found`, `entry_not_found`.
pub fn delete_special_prices(
    ports: &Ports<'_>,
    service: &Service,
    sku: &Sku,
    currency: &Currency,
    change: &Change,
) -> Result<Done<Rendered<Deleted>>, Problem> {
    SPECIAL_PRICES.delete(ports, service, &[sku.as_str(), currency.as_str()], change)
}

/// Exchange rates, page by page.
///
/// # Errors
/// `invalid_field` for a limit out of range.
pub fn exchange_rates(
    ports: &Ports<'_>,
    query: &ListExchangeRates,
) -> Result<Done<Page<ExchangeRate>>, Problem> {
    let narrowed = json!({ "from": query.from, "to": query.to });
    EXCHANGE_RATES.page(ports, query.cursor.as_deref(), query.limit, narrowed)
}

/// Says what one currency was worth in another at a time; it counts until a later rate does
/// (PRICE-8).
///
/// # Errors
/// `invalid_field` for a factor that is none, or one currency twice; `currency_unsupported`.
pub fn put_exchange_rate(
    ports: &Ports<'_>,
    service: &Service,
    [from, to]: [&Currency; 2],
    quoted_at: &QuotedAt,
    facts: ExchangeRateFacts,
) -> Result<Done<Rendered<ExchangeRate>>, Problem> {
    if from == to {
        return Err(Problem::invalid_field("to", "must be another currency than `from`"));
    }
    let factor = Factor::try_from(facts.factor)
        .map_err(|error| Problem::invalid_field("/factor", error.to_string()))?;
    let key = [from.as_str(), to.as_str(), quoted_at.0.as_str()];
    EXCHANGE_RATES.put(ports, service, &key, json!({ "factor": factor }))
}

/// Takes an exchange rate away. What was exchanged at it has kept it.
///
/// # Errors
/// `entry_not_found`.
pub fn delete_exchange_rate(
    ports: &Ports<'_>,
    service: &Service,
    [from, to]: [&Currency; 2],
    quoted_at: &QuotedAt,
    change: &Change,
) -> Result<Done<Rendered<Deleted>>, Problem> {
    let key = [from.as_str(), to.as_str(), quoted_at.0.as_str()];
    EXCHANGE_RATES.delete(ports, service, &key, change)
}

/// Fees, page by page.
///
/// # Errors
/// `invalid_field` for a limit out of range.
pub fn fees(ports: &Ports<'_>, query: &ListFees) -> Result<Done<Page<ShopFee>>, Problem> {
    let narrowed = json!({ "currency": query.currency });
    FEES.page(ports, query.cursor.as_deref(), query.limit, narrowed)
}

/// Adds or replaces a fee in a currency (PRICE-13).
///
/// # Errors
/// `invalid_field`, `currency_unsupported`.
pub fn put_fee(
    ports: &Ports<'_>,
    service: &Service,
    currency: &Currency,
    fee_id: &FeeId,
    facts: &FeeFacts,
) -> Result<Done<Rendered<ShopFee>>, Problem> {
    let FeeFacts { kind, name, amount_minor, free_from_minor, up_to_minor, zone, .. } = facts;
    one_line("/name", name)?;
    in_range("/amount_minor", *amount_minor, 0, AMOUNT_MINOR_MAX)?;
    if let Some(from) = free_from_minor {
        in_range("/free_from_minor", *from, 1, AMOUNT_MINOR_MAX)?;
    }
    if let Some(up_to) = up_to_minor {
        in_range("/up_to_minor", *up_to, 1, AMOUNT_MINOR_MAX)?;
        if kind.is_for().is_none() {
            let right = "must be left out: it is for cash_on_delivery and external alone";
            return Err(Problem::invalid_field("/up_to_minor", right));
        }
    }
    let facts = json!({
        "kind": kind, "name": name, "amount_minor": amount_minor, "free_from_minor": free_from_minor,
        "up_to_minor": up_to_minor, "zone": zone.as_ref().map_or("", ZoneId::as_str),
        "customer_group": facts.customer_group.as_ref().map_or("", Segment::as_str), "tax_class": facts.tax_class, "active": facts.active,
    });
    FEES.put(ports, service, &[currency.as_str(), fee_id.as_str()], facts)
}

/// Deletes a fee. Orders that have it keep it.
///
/// # Errors
/// `entry_not_found`.
pub fn delete_fee(
    ports: &Ports<'_>,
    service: &Service,
    currency: &Currency,
    fee_id: &FeeId,
    change: &Change,
) -> Result<Done<Rendered<Deleted>>, Problem> {
    FEES.delete(ports, service, &[currency.as_str(), fee_id.as_str()], change)
}

/// Currencies that are sold in, page by page.
///
/// # Errors
/// `invalid_field` for a limit out of range.
pub fn currencies(
    ports: &Ports<'_>,
    query: &ListEntries,
) -> Result<Done<Page<CurrencySold>>, Problem> {
    CURRENCIES.page(ports, query.cursor.as_deref(), query.limit, json!({}))
}

/// Adds or replaces a currency that is sold in.
///
/// # Errors
/// `invalid_field`; `in_use` for other digits than those of its prices.
pub fn put_currency(
    ports: &Ports<'_>,
    service: &Service,
    currency: &Currency,
    facts: &CurrencyFacts,
) -> Result<Done<Rendered<CurrencySold>>, Problem> {
    let CurrencyFacts { minor_digits, minimum_minor, ceiling_minor, point_value_minor } = facts;
    in_range("/minor_digits", *minor_digits, 0, MINOR_DIGITS_MAX)?;
    in_range("/minimum_minor", *minimum_minor, 1, AMOUNT_MINOR_MAX)?;
    in_range("/ceiling_minor", *ceiling_minor, *minimum_minor, AMOUNT_MINOR_MAX)?;
    if let Some(value) = point_value_minor {
        in_range("/point_value_minor", *value, 1, AMOUNT_MINOR_MAX)?;
    }
    let facts = json!({
        "minor_digits": minor_digits, "minimum_minor": minimum_minor, "ceiling_minor": ceiling_minor,
        "point_value_minor": point_value_minor,
    });
    CURRENCIES.put(ports, service, &[currency.as_str()], facts)
}

/// Deletes a currency that nothing has a price in, and no live cart is in.
///
/// # Errors
/// `entry_not_found`, `in_use`.
pub fn delete_currency(
    ports: &Ports<'_>,
    service: &Service,
    currency: &Currency,
    change: &Change,
) -> Result<Done<Rendered<Deleted>>, Problem> {
    CURRENCIES.delete(ports, service, &[currency.as_str()], change)
}

/// What was made of an entry, by whom and when, oldest first (SEC-4).
///
/// # Errors
/// `invalid_field` for a limit out of range.
pub fn history(
    ports: &Ports<'_>,
    of: &HistoryOf,
    entry: &EntryName,
    query: &ListHistory,
) -> Result<Done<HistoryPage>, Problem> {
    history_of(ports, &format!("{}/{}", of.0, entry.0.replace(',', "/")), query)
}

/// What was made of `subject`, page by page.
pub(crate) fn history_of(
    ports: &Ports<'_>,
    subject: &str,
    query: &ListHistory,
) -> Result<Done<HistoryPage>, Problem> {
    let limit = super::PAGE.limit(query.limit)?;
    let above = query.cursor.unwrap_or_default();
    let input = json!({ "subject": subject, "above": above, "limit": limit.to_read() });
    let mut history: Vec<Rendered<EntryChanged>> =
        Shop::new(ports).list(&sql::HISTORY_LIST, &input)?;
    let next_cursor = limit.cut(&mut history).and_then(|last| last.number("seq"));
    Ok(Done::new(HistoryPage { history, next_cursor }))
}

/// An entry as its table lists it.
#[cfg(feature = "schema")]
fn entry_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": ["object", "null"] })
}
