//! `/api/v1/catalog/skus/:sku`: one SKU with its prices.

use app::catalog;
use edge::{Answered, Call};

spin_shell::http!(api::SKU { view_sku: view, put_sku: put });

async fn view(call: Call<'_, api::view_sku>) -> Answered<api::view_sku> {
    catalog::sku(call.ports, &call.path.sku)
}

async fn put(call: Call<'_, api::put_sku>) -> Answered<api::put_sku> {
    catalog::put_sku(call.ports, &call.path.sku, call.body)
}
