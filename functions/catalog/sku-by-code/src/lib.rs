//! `/api/v1/catalog/skus/:sku`: one SKU with its prices.

use app::catalog;
use edge::{Call, Problem, Reply};

spin_shell::http!(api::SKU { view_sku: view, put_sku: put });

async fn view(call: Call<'_, api::view_sku>) -> Result<Reply, Problem> {
    catalog::sku(call.ports, &call.path.sku)
}

async fn put(call: Call<'_, api::put_sku>) -> Result<Reply, Problem> {
    catalog::put_sku(call.ports, &call.path.sku, call.body)
}
