//! `/api/v1/catalog/skus…`: what is sold and what there is of it is looked at, imported and
//! changed.

use app::catalog;
use edge::{Answered, Call};

spin_shell::http!(
    api::SKUS { list_skus: list, import_skus: import },
    api::SKU { view_sku: view, put_sku: put },
    api::STOCK { view_stock: stock, move_stock },
);

async fn list(call: Call<'_, api::list_skus>) -> Answered<api::list_skus> {
    catalog::list(call.ports, &call.query)
}

async fn import(call: Call<'_, api::import_skus>) -> Answered<api::import_skus> {
    catalog::import(call.ports, &call.caller, &call.body)
}

async fn view(call: Call<'_, api::view_sku>) -> Answered<api::view_sku> {
    catalog::sku(call.ports, &call.path.sku)
}

async fn put(call: Call<'_, api::put_sku>) -> Answered<api::put_sku> {
    catalog::put_sku(call.ports, &call.caller, call.path.sku, call.body)
}

async fn stock(call: Call<'_, api::view_stock>) -> Answered<api::view_stock> {
    catalog::stock(call.ports, call.path.sku)
}

async fn move_stock(call: Call<'_, api::move_stock>) -> Answered<api::move_stock> {
    catalog::move_stock(call.ports, &call.caller, &call.path.sku, &call.body, &call.change)
}
