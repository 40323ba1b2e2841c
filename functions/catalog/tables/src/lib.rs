//! `/api/v1/catalog/{warehouses,zones,taxes,shipping-methods,shipping-rates,special-prices,exchange-rates,fees,currencies,history}…`:
//! what an operator fills before anything is sold; and `/api/v1/catalog/{import,export}/:list`, all
//! of the catalog as files.

use app::catalog::{files, tables};
use edge::{Answered, Call};

spin_shell::http!(
    api::WAREHOUSES { list_warehouses: warehouses },
    api::WAREHOUSE { view_warehouse: warehouse, put_warehouse, delete_warehouse },
    api::ZONES { list_zones: zones },
    api::ZONE_OF_COUNTRY { put_zone_of_country, delete_zone_of_country },
    api::ZONE_OF_REGION { put_zone_of_region, delete_zone_of_region },
    api::TAXES { list_taxes: taxes },
    api::TAX { put_tax, delete_tax },
    api::SHIPPING_METHODS { list_methods: methods },
    api::SHIPPING_METHOD { put_method, delete_method },
    api::SHIPPING_RATES { list_rates: rates },
    api::SHIPPING_RATE { put_rates, delete_rates },
    api::SPECIAL_PRICES { list_special_prices: special_prices },
    api::SPECIAL_PRICES_OF_SKU { put_special_prices, delete_special_prices },
    api::EXCHANGE_RATES { list_exchange_rates: exchange_rates },
    api::EXCHANGE_RATE { put_exchange_rate, delete_exchange_rate },
    api::FEES { list_fees: fees },
    api::FEE { put_fee, delete_fee },
    api::CURRENCIES { list_currencies: currencies },
    api::CURRENCY { put_currency, delete_currency },
    api::CATALOG_HISTORY { list_catalog_history: history },
    api::CATALOG_IMPORT { import_catalog: import },
    api::CATALOG_EXPORT { export_catalog: export },
);

async fn warehouses(call: Call<'_, api::list_warehouses>) -> Answered<api::list_warehouses> {
    tables::warehouses(call.ports, &call.query)
}

async fn warehouse(call: Call<'_, api::view_warehouse>) -> Answered<api::view_warehouse> {
    tables::warehouse(call.ports, &call.path.warehouse_id)
}

async fn put_warehouse(call: Call<'_, api::put_warehouse>) -> Answered<api::put_warehouse> {
    tables::put_warehouse(call.ports, &call.caller, &call.path.warehouse_id, &call.body)
}

async fn delete_warehouse(
    call: Call<'_, api::delete_warehouse>,
) -> Answered<api::delete_warehouse> {
    tables::delete_warehouse(call.ports, &call.caller, &call.path.warehouse_id, &call.change)
}

async fn zones(call: Call<'_, api::list_zones>) -> Answered<api::list_zones> {
    tables::zones(call.ports, &call.query)
}

async fn put_zone_of_country(
    call: Call<'_, api::put_zone_of_country>,
) -> Answered<api::put_zone_of_country> {
    tables::put_zone(call.ports, &call.caller, &call.path.country, None, &call.body)
}

async fn delete_zone_of_country(
    call: Call<'_, api::delete_zone_of_country>,
) -> Answered<api::delete_zone_of_country> {
    tables::delete_zone(call.ports, &call.caller, &call.path.country, None, &call.change)
}

async fn put_zone_of_region(
    call: Call<'_, api::put_zone_of_region>,
) -> Answered<api::put_zone_of_region> {
    let region = Some(&call.path.region);
    tables::put_zone(call.ports, &call.caller, &call.path.country, region, &call.body)
}

async fn delete_zone_of_region(
    call: Call<'_, api::delete_zone_of_region>,
) -> Answered<api::delete_zone_of_region> {
    let region = Some(&call.path.region);
    tables::delete_zone(call.ports, &call.caller, &call.path.country, region, &call.change)
}

async fn taxes(call: Call<'_, api::list_taxes>) -> Answered<api::list_taxes> {
    tables::taxes(call.ports, &call.query)
}

async fn put_tax(call: Call<'_, api::put_tax>) -> Answered<api::put_tax> {
    let path = &call.path;
    tables::put_tax(call.ports, &call.caller, &path.zone, &path.tax_class, &call.body)
}

async fn delete_tax(call: Call<'_, api::delete_tax>) -> Answered<api::delete_tax> {
    let path = &call.path;
    tables::delete_tax(call.ports, &call.caller, &path.zone, &path.tax_class, &call.change)
}

async fn methods(call: Call<'_, api::list_methods>) -> Answered<api::list_methods> {
    tables::methods(call.ports, &call.query)
}

async fn put_method(call: Call<'_, api::put_method>) -> Answered<api::put_method> {
    tables::put_method(call.ports, &call.caller, &call.path.method_id, &call.body)
}

async fn delete_method(call: Call<'_, api::delete_method>) -> Answered<api::delete_method> {
    tables::delete_method(call.ports, &call.caller, &call.path.method_id, &call.change)
}

async fn rates(call: Call<'_, api::list_rates>) -> Answered<api::list_rates> {
    tables::rates(call.ports, &call.query)
}

async fn put_rates(call: Call<'_, api::put_rates>) -> Answered<api::put_rates> {
    let path = &call.path;
    let (zone, currency, method_id) = (&path.zone, &path.currency, &path.method_id);
    tables::put_rates(call.ports, &call.caller, zone, currency, method_id, call.body)
}

async fn delete_rates(call: Call<'_, api::delete_rates>) -> Answered<api::delete_rates> {
    let path = &call.path;
    let (zone, currency, method_id) = (&path.zone, &path.currency, &path.method_id);
    tables::delete_rates(call.ports, &call.caller, zone, currency, method_id, &call.change)
}

async fn special_prices(
    call: Call<'_, api::list_special_prices>,
) -> Answered<api::list_special_prices> {
    tables::special_prices(call.ports, &call.query)
}

async fn put_special_prices(
    call: Call<'_, api::put_special_prices>,
) -> Answered<api::put_special_prices> {
    let path = &call.path;
    tables::put_special_prices(call.ports, &call.caller, &path.sku, &path.currency, call.body)
}

async fn delete_special_prices(
    call: Call<'_, api::delete_special_prices>,
) -> Answered<api::delete_special_prices> {
    let path = &call.path;
    tables::delete_special_prices(call.ports, &call.caller, &path.sku, &path.currency, &call.change)
}

async fn exchange_rates(
    call: Call<'_, api::list_exchange_rates>,
) -> Answered<api::list_exchange_rates> {
    tables::exchange_rates(call.ports, &call.query)
}

async fn put_exchange_rate(
    call: Call<'_, api::put_exchange_rate>,
) -> Answered<api::put_exchange_rate> {
    let path = &call.path;
    let pair = [&path.from, &path.to];
    tables::put_exchange_rate(call.ports, &call.caller, pair, &path.quoted_at_ms, call.body)
}

async fn delete_exchange_rate(
    call: Call<'_, api::delete_exchange_rate>,
) -> Answered<api::delete_exchange_rate> {
    let path = &call.path;
    let pair = [&path.from, &path.to];
    tables::delete_exchange_rate(call.ports, &call.caller, pair, &path.quoted_at_ms, &call.change)
}

async fn fees(call: Call<'_, api::list_fees>) -> Answered<api::list_fees> {
    tables::fees(call.ports, &call.query)
}

async fn put_fee(call: Call<'_, api::put_fee>) -> Answered<api::put_fee> {
    let path = &call.path;
    tables::put_fee(call.ports, &call.caller, &path.currency, &path.fee_id, &call.body)
}

async fn delete_fee(call: Call<'_, api::delete_fee>) -> Answered<api::delete_fee> {
    let path = &call.path;
    tables::delete_fee(call.ports, &call.caller, &path.currency, &path.fee_id, &call.change)
}

async fn currencies(call: Call<'_, api::list_currencies>) -> Answered<api::list_currencies> {
    tables::currencies(call.ports, &call.query)
}

async fn put_currency(call: Call<'_, api::put_currency>) -> Answered<api::put_currency> {
    tables::put_currency(call.ports, &call.caller, &call.path.currency, &call.body)
}

async fn delete_currency(call: Call<'_, api::delete_currency>) -> Answered<api::delete_currency> {
    tables::delete_currency(call.ports, &call.caller, &call.path.currency, &call.change)
}

async fn history(call: Call<'_, api::list_catalog_history>) -> Answered<api::list_catalog_history> {
    tables::history(call.ports, &call.path.table, &call.path.entry, &call.query)
}

async fn import(call: Call<'_, api::import_catalog>) -> Answered<api::import_catalog> {
    files::import(call.ports, &call.caller, call.path.list, &call.body)
}

async fn export(call: Call<'_, api::export_catalog>) -> Answered<api::export_catalog> {
    files::export(call.ports, call.path.list, &call.query)
}
